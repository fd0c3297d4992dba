/* The connection: a ring of what was queued, in the order in which results come back. Each entry
 * is a statement or a sync; libpq gives results entry by entry, and after an error "aborted" for
 * each entry until the next sync. Nothing here blocks but pg_exec and pg_wait.
 *
 * Plans: the hot path only ever looks rows up by key, and a plan made while a table was small
 * must not turn into a scan when it has grown; so scans, hash and merge joins are priced out for
 * services, and plans are generic from the first use. */
#include "services/kernel/store/pg.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "services/kernel/base/clock.h"
#include "services/kernel/base/fault.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/store/pg_hosts.h"
#include "services/kernel/store/pg_impl.h"

#define RING_SIZE 512
#define RETRY_MIN_MS 50
#define RETRY_MAX_MS 1000
#define CONNECT_TIMEOUT_MS 5000
#define LOCK_NOT_AVAILABLE "55P03"

const struct statement PG_BEGIN = {"pg_begin", "BEGIN"};
const struct statement PG_COMMIT = {"pg_commit", "COMMIT"};
const struct statement PG_ROLLBACK = {"pg_rollback", "ROLLBACK"};
/* Sent in the place of a statement by the fault points that stand for an error of the server's. */
#define RAISE "DO $$ BEGIN RAISE EXCEPTION 'a fault point' USING ERRCODE = '%s'; END $$"

struct entry {
    bool sync, answered, prepare;
    pg_rows_fn *rows;
    pg_done_fn *done;
    void *self;
};

struct pg {
    PGconn *conn;
    enum pg_state state;
    char *conninfo, *schema;
    struct pg_hosts *hosts;
    int64_t heard_ms; /* the server's last word, or when it owed none */
    const struct statement *statements;
    size_t statement_count;
    struct entry ring[RING_SIZE];
    unsigned head, tail;
    enum err segment_err; /* first error of the segment whose results are being read */
    bool unknown;         /* a warning came while a COMMIT was out */
    bool blocked;         /* the last error was a lock time-out */
    bool committing;      /* the segment that is being queued has a COMMIT */
    bool want_write;
    PostgresPollingStatusType polling;
    int64_t retry_at_ms, retry_ms, connect_until_ms;
    uint64_t connects;
    char message[400];
};

struct pg *pg_new(const char *conninfo, const char *schema)
{
    struct pg *pg = calloc(1, sizeof *pg);
    must(pg);
    pg->conninfo = strdup(conninfo);
    pg->schema = strdup(schema);
    must(pg->conninfo && pg->schema);
    pg->hosts = pg_hosts_new(conninfo);
    pg->retry_ms = RETRY_MIN_MS;
    return pg;
}

void pg_prepare(struct pg *pg, const struct statement *list, size_t count)
{
    pg->statements = list;
    pg->statement_count = count;
}

static unsigned ring_count(const struct pg *pg)
{
    return pg->tail - pg->head;
}

static struct entry *ring_push(struct pg *pg)
{
    must(ring_count(pg) < RING_SIZE);
    struct entry *entry = &pg->ring[pg->tail++ % RING_SIZE];
    memset(entry, 0, sizeof *entry);
    return entry;
}

static void message_set(struct pg *pg, const char *text)
{
    size_t size = text_copy(pg->message, sizeof pg->message, text, strlen(text));
    while (size > 0 && (pg->message[size - 1] == '\n' || pg->message[size - 1] == ' '))
        pg->message[--size] = 0;
    for (size_t i = 0; i < size; i++)
        if (pg->message[i] == '\n')
            pg->message[i] = ' ';
}

/* Gives every open segment its end; afterwards the ring is empty and the connection closed. */
void pg_reset(struct pg *pg)
{
    if (pg->conn)
        PQfinish(pg->conn);
    pg->conn = NULL;
    pg->state = PG_DOWN;
    while (ring_count(pg)) {
        struct entry entry = pg->ring[pg->head++ % RING_SIZE];
        if (entry.sync && entry.done)
            entry.done(entry.self, ERR_TRANSIENT, pg->message);
    }
    /* Last: the end of the segment that prepares says "unknown", and the next connection must
     * not. */
    pg->unknown = pg->committing = false;
    pg->segment_err = OK;
}

void pg_destroy(struct pg **pointer)
{
    struct pg *pg = *pointer;
    if (!pg)
        return;
    pg_reset(pg);
    pg_hosts_destroy(&pg->hosts);
    free(pg->conninfo);
    free(pg->schema);
    free(pg);
    *pointer = NULL;
}

enum pg_state pg_state(const struct pg *pg)
{
    return pg->state;
}

const char *pg_message(const struct pg *pg)
{
    return pg->message;
}

int pg_fd(const struct pg *pg)
{
    return pg->conn ? PQsocket(pg->conn) : -1;
}

short pg_events(const struct pg *pg)
{
    if (pg->state == PG_CONNECTING)
        return pg->polling == PGRES_POLLING_WRITING ? POLLOUT : POLLIN;
    return (short)(POLLIN | (pg->want_write ? POLLOUT : 0));
}

bool pg_several(const struct pg *pg)
{
    return pg_hosts_several(pg->hosts);
}

bool pg_idle(const struct pg *pg)
{
    return ring_count(pg) == 0;
}

bool pg_blocked(const struct pg *pg)
{
    return pg->state == PG_READY && pg->blocked && !pg->unknown;
}

int pg_backend(const struct pg *pg)
{
    return pg->state == PG_READY ? PQbackendPID(pg->conn) : 0;
}

uint64_t pg_connects(const struct pg *pg)
{
    return pg->connects;
}

/* A commit that waits for a standby ends with a warning when somebody cancels the waiting: it is
 * not known whether the standby has it (rule 5). Segments commit at their end also without the
 * word, so any warning counts. */
static void notice_receive(void *self, const PGresult *result)
{
    struct pg *pg = self;
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (!state || strncmp(state, "01", 2) != 0)
        return;
    message_set(pg, PQresultErrorMessage(result));
    if (pg->state == PG_READY && ring_count(pg))
        pg->unknown = true;
}

static void connect_start(struct pg *pg, int64_t monotonic_ms)
{
    char options[600];
    snprintf(options, sizeof options,
            "-c search_path=%s,pg_temp -c default_transaction_isolation=read\\ committed "
            "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off "
            "-c plan_cache_mode=force_generic_plan -c max_parallel_workers_per_gather=0 "
            "-c lock_timeout=2s -c timezone=UTC "
            "-c idle_in_transaction_session_timeout=5s -c client_connection_check_interval=2s",
            pg->schema);
    /* A server whose machine is gone after it took a statement is noticed by keepalives alone:
     * nothing of ours is unacknowledged then, and the system's own are sent after two hours. */
    const char *keys[] = {"dbname", "options", "client_encoding", "application_name",
            "tcp_user_timeout", "connect_timeout", "keepalives", "keepalives_idle",
            "keepalives_interval", "keepalives_count", "host", "hostaddr", "port", NULL};
    const char *values[] = {pg->conninfo, options, "UTF8", pg->schema, "5000", "5", "1", "3", "2",
            "3", pg_hosts_names(pg->hosts), pg_hosts_addresses(pg->hosts),
            pg_hosts_ports(pg->hosts), NULL};
    pg->conn = PQconnectStartParams(keys, values, 1);
    must(pg->conn);
    pg->state = PG_CONNECTING;
    pg->polling = PGRES_POLLING_WRITING;
    pg->connect_until_ms = monotonic_ms + CONNECT_TIMEOUT_MS;
    PQsetNoticeReceiver(pg->conn, notice_receive, pg);
    if (PQstatus(pg->conn) == CONNECTION_BAD || FAULT(pg_connect))
        pg->polling = PGRES_POLLING_FAILED;
}

static void connect_failed(struct pg *pg, int64_t monotonic_ms)
{
    message_set(pg, PQerrorMessage(pg->conn));
    pg_reset(pg);
    pg_hosts_next(pg->hosts);
    pg->retry_at_ms = monotonic_ms + pg->retry_ms;
    pg->retry_ms = pg->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : pg->retry_ms * 2;
}

/* What libpq did not take is missing between what went before and what follows, and there will be a
 * result less than entries: nothing more may reach the server, above all no COMMIT. The pump finds
 * the connection lost, and all open segments end with ERR_TRANSIENT. */
static void cut(struct pg *pg)
{
    pg->unknown = true;
    shutdown(PQsocket(pg->conn), SHUT_RDWR);
}

static void prepare_one(struct pg *pg, const struct statement *statement)
{
    if (FAULT(pg_prepare) || PQsendPrepare(pg->conn, statement->name, statement->sql, 0, NULL) != 1)
        cut(pg);
    struct entry *entry = ring_push(pg);
    entry->prepare = true;
}

static void prepared(void *self, enum err err, const char *message)
{
    struct pg *pg = self;
    if (err == OK) {
        pg->state = PG_READY;
        pg->connects++;
        pg->retry_ms = RETRY_MIN_MS;
        return;
    }
    (void)message;      /* it is pg->message already */
    pg->unknown = true; /* makes the pump drop the connection */
}

static void connect_done(struct pg *pg)
{
    /* Neither can fail on a connection that has just been made: nothing is under way on it. */
    must(PQsetnonblocking(pg->conn, 1) == 0 && PQenterPipelineMode(pg->conn) == 1);
    pg->polling = PGRES_POLLING_OK;
    prepare_one(pg, &PG_BEGIN);
    prepare_one(pg, &PG_COMMIT);
    prepare_one(pg, &PG_ROLLBACK);
    for (size_t i = 0; i < pg->statement_count; i++)
        prepare_one(pg, &pg->statements[i]);
    pg_sync(pg, prepared, pg);
}

static void flush(struct pg *pg)
{
    pg->want_write = PQflush(pg->conn) == 1;
}

static void connect_turn(struct pg *pg, int64_t monotonic_ms)
{
    if (pg->polling == PGRES_POLLING_OK)
        return; /* preparing: the pump reads */
    struct pollfd item = {PQsocket(pg->conn), pg_events(pg), 0};
    if (pg->polling != PGRES_POLLING_FAILED && item.fd >= 0 && poll(&item, 1, 0) > 0)
        pg->polling = PQconnectPoll(pg->conn);
    if (pg->polling == PGRES_POLLING_OK)
        connect_done(pg);
    if (pg->polling == PGRES_POLLING_FAILED || monotonic_ms > pg->connect_until_ms)
        connect_failed(pg, monotonic_ms);
}

enum err pg_class(const char *sqlstate)
{
    static const struct {
        const char *prefix;
        enum err err;
    } classes[] = {{"08", ERR_TRANSIENT}, {"40", ERR_TRANSIENT}, {"53", ERR_TRANSIENT},
            {"57", ERR_TRANSIENT}, {"58", ERR_TRANSIENT}, {LOCK_NOT_AVAILABLE, ERR_TRANSIENT},
            {"25006", ERR_TRANSIENT}, {"25P03", ERR_TRANSIENT}, {"25P02", ERR_TRANSIENT},
            {"42", ERR_TRANSIENT}, {"3F", ERR_TRANSIENT}, {"28", ERR_TRANSIENT},
            {"26", ERR_TRANSIENT}, {"23", ERR_CONFLICT}, {"22", ERR_MALFORMED}, {"54", ERR_LIMIT}};
    for (size_t i = 0; sqlstate && i < sizeof classes / sizeof *classes; i++)
        if (strncmp(sqlstate, classes[i].prefix, strlen(classes[i].prefix)) == 0)
            return classes[i].err;
    return sqlstate ? ERR_FATAL : ERR_TRANSIENT;
}

static void result_take(struct pg *pg, struct entry *entry, const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        if (entry->rows && pg->segment_err == OK)
            entry->rows(entry->self, result);
    } else if (status != PGRES_PIPELINE_ABORTED && pg->segment_err == OK) {
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        pg->segment_err = pg_class(state);
        pg->blocked = state && strcmp(state, LOCK_NOT_AVAILABLE) == 0;
        /* Not the detail: it quotes values, and the message goes into logs. */
        const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        message_set(pg, primary ? primary : PQresultErrorMessage(result));
    }
    entry->answered = true;
}

static void segment_end(struct pg *pg)
{
    struct entry entry = pg->ring[pg->head++ % RING_SIZE];
    if (FAULT(pg_warning))
        pg->unknown = true;
    enum err err = pg->unknown ? ERR_TRANSIENT : pg->segment_err;
    pg->segment_err = OK;
    if (entry.done)
        entry.done(entry.self, err, err == OK ? "" : pg->message);
    pg->blocked = false;
}

/* Reads what is there. Returns false when the connection has to be dropped. */
static bool pump(struct pg *pg)
{
    if (PQconsumeInput(pg->conn) != 1)
        return false;
    while (ring_count(pg) && !PQisBusy(pg->conn)) {
        struct entry *entry = &pg->ring[pg->head % RING_SIZE];
        PGresult *result = PQgetResult(pg->conn);
        pg->heard_ms = 0; /* now, as the caller will see */
        if (!result) {
            if (!entry->answered)
                return PQstatus(pg->conn) == CONNECTION_OK;
            if (entry->sync) /* a farewell in the place of the end: pg_reset() ends the segment */
                return false;
            pg->head++;
            continue;
        }
        bool sync = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        if (!sync)
            result_take(pg, entry, result);
        PQclear(result);
        if (sync)
            segment_end(pg);
        if (pg->unknown || !pg->conn)
            return false;
    }
    return PQstatus(pg->conn) == CONNECTION_OK;
}

/* Its commit will not be confirmed any more: as with a lost connection, the outcome is unknown. */
static bool deposed(struct pg *pg, int64_t monotonic_ms)
{
    static const char why[] = "another server is the primary now";
    if (!ring_count(pg) || !pg->heard_ms)
        pg->heard_ms = monotonic_ms;
    if (!pg_hosts_deposed(pg->hosts, pg->conn, pg->heard_ms, monotonic_ms))
        return false;
    message_set(pg, why);
    return true;
}

void pg_turn(struct pg *pg, int64_t monotonic_ms)
{
    if (pg->state == PG_DOWN) {
        if (monotonic_ms < pg->retry_at_ms)
            return;
        connect_start(pg, monotonic_ms);
    }
    if (pg->state == PG_CONNECTING)
        connect_turn(pg, monotonic_ms);
    if (pg->state == PG_DOWN || pg->polling != PGRES_POLLING_OK)
        return;
    flush(pg);
    if (!pump(pg) || deposed(pg, monotonic_ms)) {
        if (pg->conn && !pg->unknown && PQstatus(pg->conn) != CONNECTION_OK)
            message_set(pg, PQerrorMessage(pg->conn));
        pg_reset(pg);
        pg->retry_at_ms = monotonic_ms + pg->retry_ms;
        pg->retry_ms = pg->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : pg->retry_ms * 2;
        return;
    }
    flush(pg);
}

/* The state that the server is to fail with in the place of a statement; NULL = none. */
static const char *fault_state(void)
{
    return FAULT(pg_locked)     ? LOCK_NOT_AVAILABLE
           : FAULT(pg_deadlock) ? "40P01"
           : FAULT(pg_full)     ? "53100"
           : FAULT(pg_refused)  ? "23514"
                                : NULL;
}

static bool statement_send(
        struct pg *pg, const struct statement *statement, const struct params_wire *wire)
{
    const char *state = fault_state();
    if (FAULT(pg_unsent))
        return false;
    if (state) {
        char sql[sizeof RAISE + 8];
        snprintf(sql, sizeof sql, RAISE, state);
        return PQsendQueryParams(pg->conn, sql, 0, NULL, NULL, NULL, NULL, 1) == 1;
    }
    return PQsendQueryPrepared(pg->conn, statement->name, wire->count, wire->values, wire->sizes,
                   wire->formats, 1) == 1;
}

void pg_queue(struct pg *pg,
        const struct statement *statement,
        const struct params *params,
        pg_rows_fn *rows,
        void *self)
{
    struct params_wire wire;
    params_seal(params, &wire);
    must(pg->state == PG_READY);
    if (!statement_send(pg, statement, &wire))
        cut(pg);
    bool commit = statement == &PG_COMMIT;
    pg->committing = pg->committing || commit;
    if (commit ? FAULT(pg_commit_lost_before) : FAULT(pg_lost_before))
        shutdown(PQsocket(pg->conn), SHUT_RDWR);
    struct entry *entry = ring_push(pg);
    entry->rows = rows;
    entry->self = self;
}

/* The server has all that was sent, works it off and has nobody to tell. */
static void hear_no_more(const struct pg *pg)
{
    char lost[4096];
    shutdown(PQsocket(pg->conn), SHUT_RD);
    while (recv(PQsocket(pg->conn), lost, sizeof lost, MSG_DONTWAIT) > 0)
        continue;
}

void pg_sync(struct pg *pg, pg_done_fn *done, void *self)
{
    if (FAULT(pg_unsynced) || PQpipelineSync(pg->conn) != 1)
        cut(pg);
    struct entry *entry = ring_push(pg);
    entry->sync = true;
    entry->done = done;
    entry->self = self;
    flush(pg);
    bool committing = pg->committing;
    pg->committing = false;
    if (!pg->want_write && (committing ? FAULT(pg_commit_lost_after) : FAULT(pg_lost_after)))
        hear_no_more(pg);
}

enum err pg_wait(struct pg *pg, int64_t timeout_ms)
{
    struct clock clock = clock_system();
    int64_t until = clock.monotonic_ms(clock.self) + timeout_ms;
    for (;;) {
        int64_t now = clock.monotonic_ms(clock.self);
        pg_turn(pg, now);
        if (pg->state == PG_READY && pg_idle(pg))
            return OK;
        if (now >= until)
            return ERR_TRANSIENT;
        struct pollfd item = {pg_fd(pg), pg_events(pg), 0};
        poll(&item, item.fd >= 0 ? 1 : 0, 20);
    }
}

/* Leaves the pipeline for the time of the call. */
PGresult *pg_exec(struct pg *pg, const char *sql, const struct params *params)
{
    struct params_wire wire;
    params_seal(params, &wire);
    must(pg_idle(pg));
    if (pg->state != PG_READY || PQexitPipelineMode(pg->conn) != 1)
        return NULL;
    PQsetnonblocking(pg->conn, 0);
    PGresult *result = PQexecParams(
            pg->conn, sql, wire.count, wire.types, wire.values, wire.sizes, wire.formats, 1);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        message_set(pg, PQresultErrorMessage(result));
        PQclear(result);
        result = NULL;
    }
    if (PQstatus(pg->conn) != CONNECTION_OK || PQsetnonblocking(pg->conn, 1) != 0 ||
            PQenterPipelineMode(pg->conn) != 1)
        pg_reset(pg);
    return result;
}
