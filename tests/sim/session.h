/* A connection from both its sides. The client's is kernel/store/pg.h, carried out here instead of
 * by libpq: statements are queued, results come back in pg_turn. The server's side, a session, runs
 * them one by one at times of its own, waits for locks, and may outlive its client. What a
 * statement does is its *twin*, found by the statement's name (twins.c). */
#ifndef HUYING_TESTS_SIM_SESSION_H
#define HUYING_TESTS_SIM_SESSION_H

#include "services/kernel/store/pg.h"
#include "tests/sim/db.h"

struct arg {
    int count; /* 1, or an array's */
    struct cell *cells;
};

enum exec { EXEC_DONE, EXEC_WAIT, EXEC_ERROR };

/* One statement being carried out. After EXEC_WAIT it is carried out again from its beginning. */
struct call {
    struct session *session;
    struct txn *txn;
    enum service_id service;
    const struct statement *statement;
    const struct arg *args;
    int arg_count;
    PGresult *result;
    enum err err; /* EXEC_ERROR */
};

typedef enum exec twin_fn(struct call *call);
/* For a statement that nobody has written a twin for: one that always fails as if the schema were
 * behind. twin_missing() names the first such of this process; NULL = none. */
twin_fn *twin_find(const char *name);
const char *twin_missing(void);

/* Columns by their letters: result.h. */
void result_begin(struct call *call, const char *types);
void result_add(struct call *call, const struct cell *cells);
static inline int64_t arg_at(const struct call *call, int index, int at)
{
    const struct cell *cell = &call->args[index].cells[at];
    return cell->null ? 0 : cell->value;
}
static inline int64_t arg_int(const struct call *call, int index)
{
    return arg_at(call, index, 0);
}

bool session_holds_key(int64_t key); /* an advisory lock, of any live session */
void session_key_set(struct session *session, int64_t key);
void session_begin(struct session *session);
void session_async(struct session *session);
enum service_id session_service(const struct session *session);

/* Sessions of a dead process: what was sent may still be carried out, late. */
void pg_abandon(struct pg *pg);
/* All connections end; what is open is rolled back (`late`: some of it later). */
void sessions_cut(bool late);
/* A standby has everything now: who waits for that is told. */
void sessions_confirm(void);
/* Open transactions of clients that are gone, or statements under way. */
bool sessions_busy(void);
void sessions_begin(void);
void sessions_end(void);

#endif
