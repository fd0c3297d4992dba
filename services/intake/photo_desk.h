/* Photos taken in and shown, beside the loop: two threads that may wait, for the process that
 * decodes, the store and the database. A photo that came in is on record first, then in the store,
 * then on record as kept; only a photo that is kept may be named by a report. So what a crash
 * leaves is either not on record, and the sender tries again, or known, to be removed.
 *
 * Photos that no report names go when they are a day old, as those go whose reports have lost their
 * data: at the start, and when there is nothing else to do for ten minutes. */
#ifndef HUYING_INTAKE_PHOTO_DESK_H
#define HUYING_INTAKE_PHOTO_DESK_H

#include <stdbool.h>
#include <stdint.h>
#include "services/intake/follow.h"
#include "services/intake/photo/photo_store.h"
#include "services/kernel/base/err.h"
#include "services/kernel/wire/envelope.h"

#define DESK_THREADS 2
#define DESK_QUEUE_MAX 32 /* errands that wait */
#define DESK_SWEEP_MS 600000

/* What the reply's verdict says; from DESK_FAULT on an enum photo_fault is added. */
enum desk_verdict {
    DESK_DONE = 0,
    DESK_MISSING = 1,
    DESK_AWAY = 2,
    DESK_NONE = 3, /* the site has no desk */
    DESK_FAULT = 100
};

/* The reply's payload when a photo was taken; when one is shown, its bytes. */
struct desk_receipt {
    uint8_t hash[PHOTO_HASH_SIZE];
    uint32_t width, height, size;
};

/* Everything is borrowed until `done`, which is called once, in one of the desk's threads. */
struct desk_errand {
    struct bytes photo; /* to be taken in; empty: one is to be shown */
    uint8_t hash[PHOTO_HASH_SIZE];
    bool thumb;
    const char *report; /* for whoever has its code: number or id; NULL: no code is needed */
    struct follow_code code;
    const struct follow_keys *keys;
    void (*done)(void *self, const struct envelope *reply);
    void *self;
};

struct photo_desk;
/* Takes the store over. The database is connected to when it is needed. */
struct photo_desk *photo_desk_new(struct photo_store *store, const char *conninfo);
/* Ends what waits as DESK_AWAY, and waits for what is under way. Accepts NULL. */
void photo_desk_destroy(struct photo_desk **desk);
/* From any thread. ERR_LIMIT: too much waits; `done` is not called then. */
enum err photo_desk_ask(struct photo_desk *desk, const struct desk_errand *errand) MUST_CHECK;

#endif
