/* The server's side: sessions run statements one by one, hold and wait for locks, commit, and may
 * outlive their clients. */
#include "tests/sim/session_impl.h"

#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"
#include "tests/sim/check.h"
#include "tests/sim/node.h"
#include "tests/sim/result.h"
#include "tests/sim/sim.h"

#define LOCK_TIMEOUT_MS 2000

static struct session *sessions;
static int session_serial;

void sessions_begin(void)
{
    sessions = NULL;
    session_serial = 0;
    ops_begin();
}

void segment_clear(struct segment *segment)
{
    for (struct op *op = segment->first; op; op = op->next) {
        PQclear(op->result);
        op->result = NULL;
    }
}

void sessions_end(void)
{
    for (struct session *it = sessions; it; it = it->next) {
        free(it->txn.rows);
        for (struct segment *segment = it->first; segment; segment = segment->server_next)
            segment_clear(segment);
    }
    sessions = NULL;
}

bool session_holds_key(int64_t key)
{
    for (const struct session *it = sessions; it; it = it->next)
        for (int i = 0; i < SESSION_KEYS_MAX && !it->ended; i++)
            if (it->keys[i] == key)
                return true;
    return false;
}

void session_key_set(struct session *session, int64_t key)
{
    session->keys[session->keys[0] != 0] = key;
}

void session_begin(struct session *session)
{
    session->begun = true;
}

void session_async(struct session *session)
{
    session->txn.async = true;
}

enum service_id session_service(const struct session *session)
{
    return session->service;
}

static void session_work(void *self, int64_t arg);

void session_wake(struct session *session, int64_t delay_ms)
{
    if (session->scheduled || session->ended)
        return;
    session->scheduled = true;
    sim_at(delay_ms, session_work, session, 0);
}

static void session_close(struct session *session)
{
    txn_rollback(&session->txn);
    session->ended = true;
    session->client = NULL;
    for (struct segment *segment = session->first; segment; segment = segment->server_next)
        segment_clear(segment);
    session->first = NULL;
}

void session_detach(struct session *session, bool late)
{
    struct pg *client = session->client;
    sim_trace("connection ends", session->serial, late, 0, 0);
    if (client) {
        client->session = NULL;
        client->broken = true;
        node_wake(client->node, 0);
    }
    session->client = NULL;
    if (!late) {
        session_close(session);
        return;
    }
    session->scheduled = true; /* nothing happens before that */
    sim_at(sim_between(&sim.db_rng, 1, 4000), session_work, session, 0);
}

bool session_late(void)
{
    return sim_fault(FAULT_SLOW) && sim_chance(&sim.fault_rng, 2);
}

void sessions_cut(bool late)
{
    for (struct session *it = sessions; it; it = it->next)
        if (!it->ended)
            session_detach(it, late && it->client && session_late());
}

void sessions_confirm(void)
{
    db.standby = true;
    db.confirmed = db.lsn;
    for (struct session *it = sessions; it; it = it->next)
        if (it->hung) {
            it->hung = false;
            session_wake(it, sim_between(&sim.db_rng, 0, 3));
        }
}

bool sessions_busy(void)
{
    for (const struct session *it = sessions; it; it = it->next)
        if (!it->ended && (!it->client || it->hung))
            return true;
    return false;
}

static void commit(struct session *session)
{
    size_t from = db.log_count;
    txn_commit(&session->txn);
    session->begun = false;
    if (db.log_count > from && session->service != SERVICE_NONE) /* the toy hears of nobody */
        check_step(from);
}

/* Around COMMIT the connection may end before, or after it. Returns true when it did. */
static bool commit_trouble(struct session *session)
{
    if (!session->client || !session->txn.wrote || !sim_fault(FAULT_UNKNOWN) ||
            !sim_chance(&sim.fault_rng, 25))
        return false;
    bool done = sim_chance(&sim.fault_rng, 2);
    sim_trace("outcome unknown", session->serial, done, 0, 0);
    if (done) {
        commit(session);
        session_detach(session, false);
    } else {
        session_detach(session, session_late());
    }
    return true;
}

/* True when the commit is confirmed; else the session hangs until a standby has it. */
static bool commit_run(struct session *session)
{
    bool waits = session->txn.wrote && !session->txn.async && !db.standby;
    commit(session);
    sim_stats[STAT_COMMITS]++;
    if (!waits || sim_planted(PLANT_CONFIRM_EARLY))
        return true;
    session->hung = true;
    session->hung_lsn = db.lsn;
    return false;
}

static void segment_fail(struct session *session, struct segment *segment, enum err err, bool lock)
{
    segment->err = err;
    segment->blocked = lock;
    session->op = NULL;
    if (!session->begun)
        txn_rollback(&session->txn);
}

static enum exec op_run(struct session *session, struct op *op, enum err *ret_err)
{
    struct call call = {.session = session,
            .txn = &session->txn,
            .service = session->service,
            .statement = op->statement,
            .args = op->args,
            .arg_count = op->arg_count};
    enum exec exec = op->twin(&call);
    if (exec == EXEC_DONE)
        op->result = call.result ? call.result : result_new("");
    else
        PQclear(call.result);
    *ret_err = call.err;
    return exec;
}

/* Runs the statement; false when the session stops here for now (or for ever). */
static bool statement_run(struct session *session, struct segment *segment)
{
    struct op *op = session->op;
    if (op->statement == &PG_COMMIT) {
        if (commit_trouble(session))
            return false;
        session->op = op->next;
        return commit_run(session);
    }
    if (op->statement == &PG_ROLLBACK) {
        txn_rollback(&session->txn);
        session->begun = false;
        session->op = op->next;
        return true;
    }
    enum err err = OK;
    enum exec exec = op_run(session, op, &err);
    if (exec == EXEC_WAIT) {
        if (!session->waits_since_ms)
            session->waits_since_ms = sim.now_ms + 1;
        if (sim.now_ms + 1 - session->waits_since_ms < LOCK_TIMEOUT_MS) {
            session_wake(session, sim_between(&sim.db_rng, 1, 40));
            return false;
        }
        sim_trace("lock time-out", session->serial, 0, 0, 0);
        segment_fail(session, segment, ERR_TRANSIENT, true);
    } else if (exec == EXEC_ERROR) {
        sim_trace("statement refused", session->serial, (int64_t)err, 0, 0);
        segment_fail(session, segment, err, false);
    } else {
        session->op = op->next;
    }
    session->waits_since_ms = 0;
    return true;
}

/* Everything until the sync was one transaction, if nobody began another. */
static bool segment_close(struct session *session, struct segment *segment)
{
    if (session->begun || segment->err != OK)
        return true;
    if (commit_trouble(session))
        return false;
    return commit_run(session);
}

static void segment_finish(struct session *session, struct segment *segment)
{
    segment->finished = true;
    session->first = segment->server_next;
    if (!session->first)
        session->last = &session->first;
    session->started = false;
    if (session->client)
        node_wake(session->client->node, sim_between(&sim.db_rng, 0, 1));
    else
        segment_clear(segment);
}

static void session_work(void *self, int64_t arg)
{
    struct session *session = self;
    struct segment *segment = session->first;
    (void)arg;
    session->scheduled = false;
    if (session->ended || session->hung)
        return;
    if (!segment) {
        if (!session->client)
            session_close(session);
        return;
    }
    if (!session->started) {
        session->started = true;
        session->op = segment->first;
        must(segment->err == OK);
    }
    while (session->op) {
        if (!statement_run(session, segment))
            return;
        if (session->op && sim_chance(&sim.db_rng, 16)) {
            session_wake(session, sim_between(&sim.db_rng, 0, 3));
            return;
        }
    }
    if (session->txn.count && !session->begun && !session->hung) {
        if (!segment_close(session, segment))
            return;
    }
    segment_finish(session, segment);
    if (session->first || !session->client)
        session_wake(session, sim_between(&sim.db_rng, 0, 1));
}

struct session *session_open(struct pg *client)
{
    struct session *session = arena_array(&sim.arena, struct session, 1);
    session->client = client;
    session->service = client->service;
    session->last = &session->first;
    session->txn.session = session;
    session->serial = ++session_serial;
    session->next = sessions;
    sessions = session;
    return session;
}
