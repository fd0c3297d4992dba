/* Queries: read-only, any instance, each in a segment of its own. They see what is committed at
 * that moment and promise nothing about what comes after.
 *
 * From the primary, on the second connection: an answer that was read is kept until a *mark* is
 * confirmed, a commit of our own that wrote WAL after the reading (PROTOCOL rule 4), so that a
 * primary that was deposed, or whose standby does not have what it shows, tells nobody. One mark is
 * under way at a time. The server works off a connection in order: a mark comes after all that was
 * sent before it, and so does its end.
 *
 * From a replica, where one is configured and recent: without a mark, since nothing can be written
 * there; docs/decisions/0010-queries-from-a-replica.md says what that means. */
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/log.h"
#include "services/kernel/base/must.h"
#include "services/kernel/bus/peers.h"
#include "services/kernel/run/loop.h"
#include "services/kernel/store/ops_codec.h"

#define QUERIES_MAX 128 /* under way at once; more are told to come again */

struct query { /* one question until its answer */
    struct loop *loop;
    struct parcel *parcel;
    size_t index;
    uint32_t type;
    bool marked;                  /* its answer waits for a mark */
    const struct query_type *own; /* NULL: the kernel's */
    struct query *next;           /* of those read */
};

const struct statement *query_statements(size_t *ret_count)
{
    *ret_count = OPS_STATEMENT_COUNT;
    return OPS_STATEMENTS;
}

static void query_end(struct query *query, uint32_t verdict, const char *text)
{
    struct loop *loop = query->loop;
    struct parcel *parcel = query->parcel;
    struct envelope *reply = &parcel->replies[query->index];
    const struct buf *answer = &parcel->answers[query->index];
    if (verdict == VERDICT_APPLIED && answer->size > ANSWER_SIZE_MAX) {
        verdict = REPLY_FAILED + ERR_LIMIT;
        text = loop_text(
                loop, "答复过大，请一次少查一些", "the answer is too large; ask for fewer at once");
    }
    reply->verdict = verdict;
    reply->text = arena_text(&parcel->arena, text, strlen(text));
    if (verdict == VERDICT_APPLIED)
        reply->payload = (struct bytes){(const uint8_t *)answer->data, answer->size};
    if (--parcel->open == 0)
        parcel_finish(loop, parcel);
}

static void rows_answer(void *self, const PGresult *result)
{
    struct query *query = self;
    struct buf *out = &query->parcel->answers[query->index];
    buf_reset(out);
    if (query->own)
        query->own->encode(result, query->loop->directory, out);
    else
        ops_query_encode(query->type, result, query->loop->ops, &query->parcel->arena, out);
}

static const char *again_text(const struct loop *loop)
{
    return loop_text(loop, "数据库没有应答，请重试", "the database did not answer; ask again");
}

static void query_answer(struct query *query, enum err err)
{
    struct loop *loop = query->loop;
    loop->queries_out--;
    query_end(query, err == OK ? VERDICT_APPLIED : (uint32_t)(REPLY_FAILED + err),
            err == OK ? "" : again_text(loop));
    free(query);
}

static void query_keep(struct query *query)
{
    struct loop *loop = query->loop;
    if (!loop->queries_read)
        loop->queries_read_last = &loop->queries_read;
    *loop->queries_read_last = query;
    loop->queries_read_last = &query->next;
}

static void query_done(void *self, enum err err, const char *message)
{
    struct query *query = self;
    if (err != OK)
        log_warn("QUERY-FAILED", "type=%u why=%s", query->type, log_quote(message));
    if (err == OK && query->marked)
        query_keep(query);
    else
        query_answer(query, err);
}

/* All that was read until now was sent before the mark. */
static void mark_done(void *self, enum err err, const char *message)
{
    struct loop *loop = self;
    struct query *query = loop->queries_read;
    if (err != OK)
        log_warn("QUERY-FAILED", "type=0 what=commit why=%s", log_quote(message));
    loop->queries_read = NULL;
    loop->mark_out = false;
    while (query) {
        struct query *next = query->next;
        query_answer(query, err == OK ? OK : ERR_TRANSIENT);
        query = next;
    }
    query_turn(loop);
}

void query_turn(struct loop *loop)
{
    struct chores_listener listener = {.done = mark_done, .self = loop};
    if (loop->mark_out || !loop->queries_unmarked || pg_state(loop->aux) != PG_READY)
        return;
    loop->mark_out = true;
    loop->queries_unmarked = 0;
    metric_add(&loop->metrics, marks, 1);
    chores_mark(loop->chores, &listener);
}

static const struct query_type *query_find(const struct aggregate_ops *ops, uint32_t type)
{
    for (size_t i = 0; i < ops->query_count; i++)
        if (ops->queries[i].type == type)
            return &ops->queries[i];
    return NULL;
}

static const char *bind(struct query *query,
        const struct envelope *envelope,
        struct params *params,
        const struct statement **ret_statement,
        enum err *ret_err)
{
    struct loop *loop = query->loop;
    const char *why = "";
    *ret_statement = ops_query_bind(
            envelope->type, envelope->payload, &query->parcel->arena, params, ret_err);
    if (*ret_statement)
        return *ret_err == OK ? NULL : format_text(loop);
    query->own = query_find(loop->ops, envelope->type);
    *ret_err = ERR_UNKNOWN;
    if (!query->own)
        return loop_text(loop, "本服务没有该类型的查询，见 proto/README.md",
                "no query of this service has that type; see proto/README.md");
    bool by_key = query->own->by_key && !envelope->actor[0];
    const char *actor = by_key ? query->parcel->frame.head.peer : envelope->actor;
    *ret_statement = query->own->statement;
    *ret_err = query->own->bind(
            envelope->payload, loop->directory, actor, &query->parcel->arena, params, &why);
    if (*ret_err == OK)
        return NULL;
    return why && why[0] ? why : format_text(loop);
}

static const char *may(const struct query *query, const struct envelope *envelope)
{
    const struct loop *loop = query->loop;
    const struct frame *head = &query->parcel->frame.head;
    if (query->parcel->local)
        return NULL;
    if (!(head->rights & (RIGHT_QUERY | RIGHT_OPERATE | RIGHT_HOTLINE)))
        return loop_text(loop, "该密钥无权查询，见 peers.conf",
                "the key has no right to queries; see peers.conf");
    if (envelope->actor[0] && !(head->rights & (RIGHT_ACT | RIGHT_OPERATE)))
        return loop_text(loop, "该密钥无权以他人名义查询，请将 actor 留空",
                "the key has no right to ask in somebody's name; leave `actor` empty");
    return NULL;
}

/* Where it is read; NULL = nowhere at the moment. A new directory takes its place when no query
 * looks at the old one: let them end. */
static struct pg *source_find(const struct loop *loop)
{
    if (!loop->directory || loop->directory_next || loop->queries_out >= QUERIES_MAX)
        return NULL;
    struct pg *replica = replica_pg(loop);
    if (replica)
        return replica;
    return loop->aux_attached && pg_state(loop->aux) == PG_READY ? loop->aux : NULL;
}

static void query_send(struct query *query,
        struct pg *pg,
        const struct statement *statement,
        const struct params *params)
{
    struct loop *loop = query->loop;
    query->marked = pg == loop->aux;
    if (query->marked)
        loop->queries_unmarked++;
    else
        metric_add(&loop->metrics, replica_queries, 1);
    loop->queries_out++;
    pg_queue(pg, statement, params, rows_answer, query);
    pg_sync(pg, query_done, query);
}

/* Why it is not run; NULL: it can be. */
static const char *query_check(struct query *query,
        const struct envelope *envelope,
        struct params *params,
        const struct statement **ret_statement,
        enum err *ret_err)
{
    struct loop *loop = query->loop;
    *ret_err = ERR_LATE;
    if (span_over(query->parcel->received_ms, envelope->deadline_ms, loop->now_ms)) {
        metric_add(&loop->metrics, late, 1);
        return late_text(loop);
    }
    *ret_err = ERR_DENIED;
    const char *why = may(query, envelope);
    return why ? why : bind(query, envelope, params, ret_statement, ret_err);
}

void query_start(
        struct loop *loop, struct parcel *parcel, size_t index, const struct envelope *envelope)
{
    static struct params params;
    struct query *query = calloc(1, sizeof *query);
    must(query);
    *query = (struct query){.loop = loop, .parcel = parcel, .index = index, .type = envelope->type};
    parcel->replies[index] = (struct envelope){.id = envelope->id,
            .agg = envelope->agg,
            .type = envelope->type,
            .request_id = envelope->request_id,
            .actor = "",
            .text = ""};
    const struct statement *statement = NULL;
    enum err err = ERR_TRANSIENT;
    const char *why = loop_text(loop, "数据库或目录暂不可用，请重试",
            "the database or the directory is away; ask again");
    struct pg *pg = source_find(loop);
    params_reset(&params);
    if (pg)
        why = query_check(query, envelope, &params, &statement, &err);
    if (!why) {
        query_send(query, pg, statement, &params);
        return;
    }
    query_end(query, (uint32_t)(REPLY_FAILED + err), why);
    free(query);
}
