/* SQL of who sends deliveries (callback/sender.h): taking some for a while, writing down what came
 * of them, and letting the old ones go. Each statement is a transaction of its own; any number of
 * senders may run side by side. */
#ifndef HUYING_INTAKE_STORE_CALLBACK_H
#define HUYING_INTAKE_STORE_CALLBACK_H

#include "services/intake/intake.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/store/pg.h"

#define CALLBACK_PER_SUBSCRIBER 8 /* under way at once, of one sender */
#define CALLBACK_WHY_SIZE 200

enum callback_statement {
    CALLBACK_TAKE,
    CALLBACK_RECORD,
    CALLBACK_DISABLE,
    CALLBACK_PRUNE,
    CALLBACK_STATEMENTS
};
extern const struct statement callback_statements[CALLBACK_STATEMENTS];

enum callback_channel { CHANNEL_EVENTS = 1, CHANNEL_NOTICES = 2 };

/* Persistent: append only. */
enum callback_done {
    DELIVERY_PENDING,
    DELIVERY_DELIVERED,
    DELIVERY_GIVEN_UP,
    DELIVERY_NOT_WANTED /* a notice to a reporter who left no contact */
};

/* Which delivery: also what its webhook-id is made of. */
struct callback_key {
    int64_t agg;
    int32_t subscriber, ver;
};

/* A delivery that was taken. Texts are borrowed from the rows. */
struct callback {
    struct callback_key key;
    enum report_step kind;
    enum report_state state;
    enum callback_channel channel;
    int64_t lease;
    int tries; /* with this one */
    int32_t round;
    uint64_t told; /* of a notice: a bit for each contact that it has gone to */
    int64_t at_ms, accepted_ms, ended_ms;
    const char *source, *ref, *matter, *unit;
    const char *name, *url;            /* of the subscriber */
    struct bytes secret, secret_before; /* sealed; empty: none */
    const char *outcome;               /* for notices: what the reporter is told; "" = nothing */
    const char *letters;               /* of the site */
    int utc_offset_s;
};

/* What came of a try. */
struct callback_end {
    struct callback_key key;
    enum callback_done done;
    int64_t lease;
    int64_t next_ms; /* span until the next try, while it is pending */
    int status;
    uint64_t told;
    bool gone; /* the receiver answered 410: the subscriber wants no more */
    char why[CALLBACK_WHY_SIZE]; /* valid UTF-8 */
};

/* What a sender has room for. */
struct callback_wanted {
    int64_t lease, lease_ms;
    int limit;
    bool notices;        /* those, too */
    const int32_t *busy; /* the subscriber of each try that it has under way */
    size_t busy_count;
};
/* Takes some that are due; nobody else gets them before the lease is over. `rows` gets them by
 * callback_row(). */
void callbacks_take(
        struct pg *pg, const struct callback_wanted *wanted, pg_rows_fn *rows, void *self);
struct callback callback_row(const PGresult *rows, int row);
/* What another sender has taken meanwhile stays his, unless it was delivered. */
void callback_record(struct pg *pg, const struct callback_end *end);
/* Only who is not disabled already; `rows` gets a row with the name if so. */
void callbacks_disable(
        struct pg *pg, int32_t subscriber, const char *why, pg_rows_fn *rows, void *self);
/* Deletes some of those that were finished longer ago. */
void callbacks_prune(struct pg *pg, int64_t keep_ms);

#endif
