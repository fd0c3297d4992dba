#include "services/intake/callback/contact.h"
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include "services/kernel/base/must.h"

struct mailbox {
    pthread_mutex_t lock;
    int users; /* its owner, and askings */
    bool closed;
    struct asking *answered;
    void (*wake)(void *self);
    void *self;
};

struct mailbox *mailbox_new(void (*wake)(void *self), void *self)
{
    struct mailbox *box = must_memory(calloc(1, sizeof *box));
    must(pthread_mutex_init(&box->lock, NULL) == 0);
    box->users = 1;
    box->wake = wake;
    box->self = self;
    return box;
}

static void mailbox_release(struct mailbox *box)
{
    (void)pthread_mutex_lock(&box->lock);
    int users = --box->users;
    (void)pthread_mutex_unlock(&box->lock);
    if (users)
        return;
    (void)pthread_mutex_destroy(&box->lock);
    free(box);
}

struct asking *asking_new(struct mailbox *box, const struct notice *notice, uint64_t told)
{
    struct asking *asking = must_memory(calloc(1, sizeof *asking));
    asking->box = box;
    asking->notice = *notice;
    asking->told = told;
    (void)pthread_mutex_lock(&box->lock);
    box->users++;
    (void)pthread_mutex_unlock(&box->lock);
    return asking;
}

void asking_destroy(struct asking **asking_)
{
    struct asking *asking = *asking_;
    *asking_ = NULL;
    if (!asking)
        return;
    struct mailbox *box = asking->box;
    sodium_memzero(asking, sizeof *asking);
    free(asking);
    mailbox_release(box);
}

void asking_answer(
        struct asking *asking, enum err err, const struct contact *contacts, size_t count)
{
    struct mailbox *box = asking->box;
    asking->err = err;
    asking->count = count < CONTACTS_MAX ? count : CONTACTS_MAX;
    if (asking->count)
        memcpy(asking->contacts, contacts, asking->count * sizeof *contacts);
    (void)pthread_mutex_lock(&box->lock);
    bool closed = box->closed;
    if (!closed) {
        asking->next = box->answered;
        box->answered = asking;
        box->wake(box->self);
    }
    (void)pthread_mutex_unlock(&box->lock);
    if (closed)
        asking_destroy(&asking);
}

struct asking *mailbox_take(struct mailbox *box)
{
    (void)pthread_mutex_lock(&box->lock);
    struct asking *list = box->answered;
    box->answered = NULL;
    (void)pthread_mutex_unlock(&box->lock);
    return list;
}

void mailbox_close(struct mailbox **box_)
{
    struct mailbox *box = *box_;
    *box_ = NULL;
    if (!box)
        return;
    (void)pthread_mutex_lock(&box->lock);
    box->closed = true;
    struct asking *list = box->answered;
    box->answered = NULL;
    (void)pthread_mutex_unlock(&box->lock);
    while (list) {
        struct asking *asking = list;
        list = asking->next;
        asking_destroy(&asking);
    }
    mailbox_release(box);
}
