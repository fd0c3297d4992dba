/* Subscribers and their deliveries in intake's schema, for huyingctl callback. Blocking; an error
 * is the database's, and pg_message() says which. */
#ifndef HUYING_CTL_STORE_CALLBACK_H
#define HUYING_CTL_STORE_CALLBACK_H

#include <stdbool.h>
#include <stdint.h>
#include "services/kernel/base/err.h"
#include "services/kernel/store/pg.h"

#define CALLBACK_LIST_MAX 500

/* Numbers of intake's: append only. */
enum { SUBSCRIBER_ACTIVE = 1, SUBSCRIBER_PAUSED, SUBSCRIBER_DISABLED };
enum { CALLBACK_PENDING, CALLBACK_DELIVERED, CALLBACK_GIVEN_UP, CALLBACK_NOT_WANTED };

struct subscriber {
    const char *name, *url, *why;
    const char *kinds, *sources; /* "{1,3}"; "a b", "" = all */
    int64_t state, pending, given_up;
};

struct callback_delivery {
    const char *id, *why;
    int64_t kind, at_ms, due_ms, done, tries, status;
};

/* Texts hold until the function returns. */
typedef void subscriber_fn(void *self, const struct subscriber *subscriber);
typedef void callback_delivery_fn(void *self, const struct callback_delivery *delivery);

/* A subscriber to be; arrays end with NULL or 0. ERR_CONFLICT: the name is taken. */
struct subscriber_new {
    const char *name, *url;
    const void *secret; /* sealed */
    size_t secret_size;
    const int16_t *kinds;
    char *const *sources; /* NULL = all */
};
enum err store_callback_add(struct pg *pg, const struct subscriber_new *of) MUST_CHECK;
/* At most CALLBACK_LIST_MAX, by name. */
enum err store_callback_list(struct pg *pg, subscriber_fn *each, void *self) MUST_CHECK;
/* ERR_NOT_FOUND, here and below: no subscriber has that name. What waits of one that goes on is due
 * at once. */
enum err store_callback_state(
        struct pg *pg, const char *name, int state, const char *why) MUST_CHECK;
enum err store_callback_remove(struct pg *pg, const char *name) MUST_CHECK;
/* Notices to reporters are a subscriber, too: CALLBACK_REPORTER. Off: what waits is not told. */
#define CALLBACK_REPORTER "reporter"
enum err store_callback_notices(struct pg *pg, bool on) MUST_CHECK;
/* The secret before stays good for a day. */
enum err store_callback_secret(
        struct pg *pg, const char *name, const void *sealed, size_t size) MUST_CHECK;
/* The newest CALLBACK_LIST_MAX; `done` -1 = all. */
enum err store_callback_deliveries(struct pg *pg,
        const char *name,
        int done,
        callback_delivery_fn *each,
        void *self) MUST_CHECK;

/* What is to be sent once more, of what is delivered or given up: the listed ones, or those of
 * steps from one instant to before another. */
struct callback_span {
    const char *ids; /* "msg_3_…_2 msg_…"; "" = by instants */
    int64_t from_ms, to_ms;
};
enum err store_callback_replay(struct pg *pg,
        const char *name,
        const struct callback_span *span,
        int64_t *ret_count) MUST_CHECK;

#endif
