/* Asking who reported: the sender needs the contacts of a report, another thread has them. An
 * asking is made by the sender, answered once by whoever was asked, from any thread and also after
 * the sender has gone, and comes back by its mailbox. Contacts are wiped when they are freed. */
#ifndef HUYING_INTAKE_CALLBACK_CONTACT_H
#define HUYING_INTAKE_CALLBACK_CONTACT_H

#include "services/intake/callback/notice.h"
#include "services/kernel/base/err.h"

#define CONTACTS_MAX 60 /* of one report: bits of delivery.told */

struct mailbox;

struct asking {
    struct mailbox *box;
    struct notice notice;
    enum err err;
    struct contact contacts[CONTACTS_MAX];
    size_t count, at;   /* at: the sender's, whom it tells now */
    uint64_t told;      /* likewise: bits of contacts */
    int64_t until_ms;   /* likewise: its lease has room for a try until then */
    bool failed;        /* likewise: one could not be told … */
    struct callback_end end; /* … for this reason */
    struct asking *next;
};

/* Who knows. OK: asking_answer() is or was called for it, once; else it is not. */
struct contact_source {
    enum err (*ask)(void *self, struct asking *asking);
    void *self;
};

/* `wake` is called with each answer, under the mailbox's lock. */
struct mailbox *mailbox_new(void (*wake)(void *self), void *self);
/* Nobody is woken any more; it goes with its last asking. Accepts NULL in *box. */
void mailbox_close(struct mailbox **box);
struct asking *asking_new(struct mailbox *box, const struct notice *notice, uint64_t told);
/* ERR_NOT_FOUND: nobody left a contact. More than CONTACTS_MAX are left out. */
void asking_answer(
        struct asking *asking, enum err err, const struct contact *contacts, size_t count);
/* Takes the answered ones, a list by `next`. */
struct asking *mailbox_take(struct mailbox *box);
void asking_destroy(struct asking **asking);

#endif
