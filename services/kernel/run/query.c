/* Queries: read-only, any instance, on the second connection, each in a segment of its own. They
 * see what is committed at that moment and promise nothing about what comes after. */
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
    const struct query_type *own; /* NULL: the kernel's */
};

const struct statement *query_statements(size_t *ret_count)
{
    *ret_count = OPS_STATEMENT_COUNT;
    return OPS_STATEMENTS;
}

static void query_end(struct query *query, uint32_t verdict, const char *text)
{
    struct parcel *parcel = query->parcel;
    struct envelope *reply = &parcel->replies[query->index];
    const struct buf *answer = &parcel->answers[query->index];
    if (verdict == VERDICT_APPLIED && answer->size > ANSWER_SIZE_MAX) {
        verdict = REPLY_FAILED + ERR_LIMIT;
        text = "the answer is too large; ask for fewer at once";
    }
    reply->verdict = verdict;
    reply->text = arena_text(&parcel->arena, text, strlen(text));
    if (verdict == VERDICT_APPLIED)
        reply->payload = (struct bytes){(const uint8_t *)answer->data, answer->size};
    if (--parcel->open == 0)
        parcel_finish(query->loop, parcel);
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

static void query_done(void *self, enum err err, const char *message)
{
    struct query *query = self;
    query->loop->queries_out--;
    if (err != OK)
        log_warn("QUERY-FAILED", "type=%u why=%s", query->type, log_quote(message));
    query_end(query, err == OK ? VERDICT_APPLIED : (uint32_t)(REPLY_FAILED + err),
            err == OK ? "" : "the database did not answer; ask again");
    free(query);
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
        return *ret_err == OK ? NULL : "the payload does not have the format of its type";
    query->own = query_find(loop->ops, envelope->type);
    *ret_err = ERR_UNKNOWN;
    if (!query->own)
        return "no query of this service has that type; see proto/README.md";
    const char *actor = envelope->actor[0] ? envelope->actor : query->parcel->frame.head.peer;
    *ret_statement = query->own->statement;
    *ret_err = query->own->bind(
            envelope->payload, loop->directory, actor, &query->parcel->arena, params, &why);
    if (*ret_err == OK)
        return NULL;
    return why && why[0] ? why : "the payload does not have the format of its type";
}

static const char *may(const struct query *query, const struct envelope *envelope)
{
    const struct frame *head = &query->parcel->frame.head;
    if (query->parcel->local)
        return NULL;
    if (!(head->rights & (RIGHT_QUERY | RIGHT_OPERATE | RIGHT_HOTLINE)))
        return "the key has no right to queries; see peers.conf";
    if (envelope->actor[0] && !(head->rights & (RIGHT_ACT | RIGHT_OPERATE)))
        return "the key has no right to ask in somebody's name; leave `actor` empty";
    return NULL;
}

void query_start(
        struct loop *loop, struct parcel *parcel, size_t index, const struct envelope *envelope)
{
    static struct params params;
    struct query *query = calloc(1, sizeof *query);
    must(query);
    *query = (struct query){loop, parcel, index, envelope->type, NULL};
    parcel->replies[index] = (struct envelope){.id = envelope->id,
            .agg = envelope->agg,
            .type = envelope->type,
            .request_id = envelope->request_id,
            .actor = "",
            .text = ""};
    const struct statement *statement = NULL;
    enum err err = ERR_TRANSIENT;
    const char *why = "the database or the directory is away; ask again";
    params_reset(&params);
    /* A new directory takes its place when no query looks at the old one: let them end. */
    if (loop->aux_attached && loop->directory && !loop->directory_next &&
            loop->queries_out < QUERIES_MAX && pg_state(loop->aux) == PG_READY) {
        err = ERR_DENIED;
        why = may(query, envelope);
        if (!why)
            why = bind(query, envelope, &params, &statement, &err);
    }
    if (why) {
        query_end(query, (uint32_t)(REPLY_FAILED + err), why);
        free(query);
        return;
    }
    loop->queries_out++;
    pg_queue(loop->aux, statement, &params, rows_answer, query);
    pg_sync(loop->aux, query_done, query);
}
