/* One PostgreSQL connection, never blocking: statements are queued into libpq's pipeline,
 * results come back by callbacks from pg_turn(). The owner polls pg_fd() for pg_events().
 *
 * A *segment* is what stands between two pg_sync(): statements of one round trip. When one
 * fails, the server skips the rest of the segment; the segment's done function gets the class of
 * the first error. Every service's connection works in its own schema (search_path), READ
 * COMMITTED. */
#ifndef HUYING_STORE_PG_H
#define HUYING_STORE_PG_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/wire/envelope.h" /* struct bytes */

#define PARAMS_MAX 48

/* Parameters of one statement, in binary: scalars and arrays. Arrays are filled element by element;
 * arrays of one statement that go to one unnest must get the same number of elements. */
enum param_type {
    PARAM_INT2,
    PARAM_INT4,
    PARAM_INT8,
    PARAM_BOOL,
    PARAM_TEXT,
    PARAM_BYTEA,
    PARAM_TIME
};

struct param {
    enum param_type type;
    bool array;
    int count;      /* elements */
    bool has_null;
    struct buf data;
};
struct params {
    int count;
    struct param list[PARAMS_MAX];
};

void params_reset(struct params *params); /* keeps memory */
void params_fini(struct params *params);
/* Each adds the next parameter ($1, $2 …) and returns its index. */
int params_array(struct params *params, enum param_type type);
/* INT2 INT4 INT8 BOOL TIME */
int params_int(struct params *params, enum param_type type, int64_t value);
int params_bytes(struct params *params, enum param_type type, const void *data, size_t size);
int params_text(struct params *params, const char *text);
/* Append one element to array parameter `index`. TIME takes milliseconds since 1970; 0 = NULL. */
void param_add_int(struct params *params, int index, int64_t value);
void param_add_bytes(struct params *params, int index, const void *data, size_t size);
void param_add_text(struct params *params, int index, const char *text);
void param_add_null(struct params *params, int index);

/* Getters for binary results; a NULL gives 0, "" or empty. must() on a wrong column type size. */
int64_t row_int(const PGresult *result, int row, int col); /* int2 int4 int8 bool */
int64_t row_time(const PGresult *result, int row, int col); /* timestamptz → ms; 0 = NULL */
struct bytes row_bytes(const PGresult *result, int row, int col);
const char *row_text(const PGresult *result, int row, int col); /* valid while the result is */

struct statement {
    const char *name; /* unique per connection */
    const char *sql;
};

struct pg;
typedef void pg_rows_fn(void *self, const PGresult *result);
typedef void pg_done_fn(void *self, enum err err, const char *message);

/* Starts connecting. `schema` sets the search_path (with directory readable by qualified name). */
struct pg *pg_new(const char *conninfo, const char *schema);
void pg_destroy(struct pg **pg); /* closes; open segments get ERR_TRANSIENT */
/* Statements to prepare at each connect; the array must outlive the connection. */
void pg_prepare(struct pg *pg, const struct statement *list, size_t count);

enum pg_state { PG_DOWN, PG_CONNECTING, PG_READY };
enum pg_state pg_state(const struct pg *pg);
const char *pg_message(const struct pg *pg); /* last error; for logs */
int pg_fd(const struct pg *pg);              /* -1 while down */
short pg_events(const struct pg *pg);        /* POLLIN, POLLOUT */
/* Connects, reads, writes, calls back. Reconnects with back-off. Never blocks. */
void pg_turn(struct pg *pg, int64_t monotonic_ms);
/* Drops the connection now (unknown outcome, trial); open segments get ERR_TRANSIENT. */
void pg_reset(struct pg *pg);

/* The transaction's own statements; prepared on every connection. */
extern const struct statement PG_BEGIN, PG_COMMIT, PG_ROLLBACK;

/* Queue a prepared statement. `params` may be NULL, is consumed at once. `rows` may be NULL. */
void pg_queue(struct pg *pg, const struct statement *statement, const struct params *params,
        pg_rows_fn *rows, void *self);
/* Ends the segment and flushes. `done` is called exactly once. A WARNING received meanwhile makes
 * it ERR_TRANSIENT and drops the connection (unknown outcome of a commit). */
void pg_sync(struct pg *pg, pg_done_fn *done, void *self);
bool pg_several(const struct pg *pg); /* its string names several hosts: a fail-over is meant */
bool pg_idle(const struct pg *pg); /* no open segment */
/* Identity of the server process behind the connection: for rows of `attempt`. 0 while down. */
int pg_backend(const struct pg *pg);
/* Raised at each successful connect: the owner re-reads what it keeps per connection. */
uint64_t pg_connects(const struct pg *pg);

/* Blocking, for start-up, tools and tests only: runs one statement, returns a binary result to
 * PQclear, or NULL with pg_message set. Not while segments are open. */
PGresult *pg_exec(struct pg *pg, const char *sql, const struct params *params);
/* Blocking: connects within the time or ERR_TRANSIENT. */
enum err pg_wait(struct pg *pg, int64_t timeout_ms) MUST_CHECK;

/* Class of an SQLSTATE: transient, conflict, limit, fatal. */
enum err pg_class(const char *sqlstate);
/* In `done` with ERR_TRANSIENT: a row was locked by somebody else for longer than the time-out. */
bool pg_blocked(const struct pg *pg);

#endif
