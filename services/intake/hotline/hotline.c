/* See hotline.h. Every request carries an id of its own, so that the kernel's client may send it
 * again over another broker; the ticket is what makes the report itself safe to repeat. */
#include "services/intake/hotline/hotline.h"
#include <inttypes.h>
#include <string.h>
#include "services/intake/hotline/codec.h"
#include "services/intake/hotline/compare.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/bus/client.h"
#include "services/kernel/bus/keyfile.h"

#define TYPE_REPORT 1511
#define TYPE_WITHDRAW 1512
#define TYPE_OUTCOME_ACK 1513
#define TYPE_FOLLOW_UP 1514
#define TYPE_CORRECT 1515
#define TYPE_PROGRESS_ACK 1516
#define TYPE_OUTCOMES 1611
#define TYPE_RECONCILE 1612
#define TYPE_PROGRESS 1613
#define ARENA_SIZE ((size_t)64 << 20) /* replies of one call */
#define REQUEST_ID_SIZE 40

struct hotline {
    struct client *client;
    uint64_t session, serial; /* together: request ids that nobody else uses */
    struct arena arena;       /* of one call */
    struct buf payload;
    char source[PEER_SIZE]; /* whose name queries are asked in; "" = the key's */
};

static bool key_copy(char *to, const char *from)
{
    if (!from || strlen(from) != KEY_Z85_SIZE - 1)
        return false;
    memcpy(to, from, KEY_Z85_SIZE);
    return true;
}

static enum err keys_copy(struct bus_config *bus, const struct hotline_config *config)
{
    BUF_OWNED why = {0};
    struct keypair pair;
    if (!key_copy(bus->server_key, config->server_key))
        return ERR_FATAL;
    if (!config->key_file)
        return key_copy(bus->public_key, config->public_key) &&
                               key_copy(bus->secret_key, config->secret_key)
                       ? OK
                       : ERR_FATAL;
    enum err err = keyfile_load(config->key_file, &pair, &why);
    if (err)
        return err;
    memcpy(bus->public_key, pair.public_key, sizeof bus->public_key);
    memcpy(bus->secret_key, pair.secret_key, sizeof bus->secret_key);
    return OK;
}

enum err hotline_open(const struct hotline_config *config, struct hotline **ret)
{
    struct bus_config bus = {.service = SERVICE_CLIENT, .site = config->site};
    if (config->endpoint_count < 1 || config->endpoint_count > HOTLINE_ENDPOINTS_MAX)
        return ERR_FATAL;
    for (size_t i = 0; i < config->endpoint_count; i++)
        bus.endpoints[i] = config->endpoints[i];
    bus.endpoint_count = config->endpoint_count;
    enum err err = keys_copy(&bus, config);
    if (err)
        return err;
    struct client *client = NULL;
    err = client_new(&bus, &client);
    if (err)
        return err;
    struct hotline *hotline = must_memory(calloc(1, sizeof *hotline));
    struct rng rng;
    rng_seed_secure(&rng);
    hotline->session = rng_next(&rng);
    hotline->client = client;
    const char *source = config->source ? config->source : "";
    (void)text_copy(hotline->source, sizeof hotline->source, source, strlen(source));
    arena_init(&hotline->arena, ARENA_SIZE);
    *ret = hotline;
    return OK;
}

void hotline_close(struct hotline **hotline_)
{
    struct hotline *hotline = *hotline_;
    if (!hotline)
        return;
    *hotline_ = NULL;
    client_destroy(&hotline->client);
    arena_fini(&hotline->arena);
    buf_fini(&hotline->payload);
    free(hotline);
}

/* A request whose payload is what `hotline->payload` holds; everything lives in the arena. */
static struct client_request request_make(struct hotline *hotline, uint32_t type, int64_t at_ms)
{
    char *id = arena_get(&hotline->arena, REQUEST_ID_SIZE);
    (void)snprintf(
            id, REQUEST_ID_SIZE, "%016" PRIx64 "-%" PRIu64, hotline->session, ++hotline->serial);
    const struct buf *payload = &hotline->payload;
    return (struct client_request){.dest = SERVICE_INTAKE,
            .type = type,
            .at_ms = at_ms,
            .request_id = id,
            .actor = "",
            .payload = {payload->size ? arena_copy(&hotline->arena, payload->data, payload->size)
                                      : NULL,
                    payload->size}};
}

/* What became of a request as a whole; OK when a decision came back. */
static enum err reply_err(const struct client_request *request)
{
    if (request->err)
        return request->err;
    if (request->reply.verdict >= REPLY_FAILED)
        return (enum err)(request->reply.verdict - REPLY_FAILED);
    return OK;
}

static void receipt_refuse(
        struct hotline_receipt *receipt, const char *ticket, const char *reason, const char *text)
{
    *receipt = (struct hotline_receipt){.result = HOTLINE_REFUSED};
    (void)text_copy(receipt->ticket, sizeof receipt->ticket, ticket, strlen(ticket));
    (void)text_copy(receipt->reason, sizeof receipt->reason, reason, strlen(reason));
    if (text)
        (void)text_copy(receipt->text, sizeof receipt->text, text, strlen(text));
}

/* Fills the receipt of one request. ERR_TRANSIENT: unanswered; ERR_DENIED. */
static enum err receipt_take(struct hotline *hotline,
        const struct client_request *request,
        const char *ticket,
        struct hotline_receipt *receipt)
{
    enum err err = reply_err(request);
    *receipt = (struct hotline_receipt){.result = HOTLINE_UNANSWERED};
    (void)text_copy(receipt->ticket, sizeof receipt->ticket, ticket, strlen(ticket));
    if (err == ERR_DENIED)
        return ERR_DENIED;
    if (err == ERR_MALFORMED) {
        receipt_refuse(receipt, ticket, "MALFORMED", request->reply.text);
        return OK;
    }
    if (err)
        return ERR_TRANSIENT;
    /* Decided by the kernel and not by intake: there is no receipt in it. */
    if (request->reply.payload.size == 0 && request->reply.verdict > VERDICT_DUPLICATE) {
        bool unknown = request->reply.verdict == VERDICT_NOT_FOUND;
        receipt_refuse(receipt, ticket, unknown ? "NOT_FOUND" : "CONFLICT", request->reply.text);
        return OK;
    }
    if (hotline_receipt_decode(request->reply.payload, &hotline->arena, receipt) != OK)
        return ERR_TRANSIENT;
    return OK;
}

/* The worse of two: a missing right outlasts every repetition. */
static enum err err_join(enum err left, enum err right)
{
    return left == ERR_DENIED || right == OK ? left : right;
}

static int64_t instant_of(const struct hotline_report *report)
{
    return report->at_ms ? report->at_ms : report->reported_ms;
}

enum err hotline_push(struct hotline *hotline,
        const struct hotline_report *reports,
        struct hotline_receipt *receipts,
        size_t count,
        int64_t timeout_ms)
{
    if (count > HOTLINE_PUSH_MAX)
        return ERR_LIMIT;
    if (!count)
        return OK;
    arena_reset(&hotline->arena);
    struct client_request *requests = arena_array(&hotline->arena, struct client_request, count);
    for (size_t i = 0; i < count; i++) {
        if (reports[i].unit_code_count > HOTLINE_UNIT_CODES_MAX ||
                reports[i].evidence_count > HOTLINE_EVIDENCE_MAX)
            return ERR_LIMIT;
        buf_reset(&hotline->payload);
        hotline_report_encode(&reports[i], &hotline->payload);
        requests[i] = request_make(hotline, TYPE_REPORT, instant_of(&reports[i]));
    }
    enum err all = client_call(
            hotline->client, FRAME_COMMANDS, requests, count, timeout_ms, &hotline->arena);
    for (size_t i = 0; i < count; i++)
        all = err_join(all, receipt_take(hotline, &requests[i], reports[i].ticket, &receipts[i]));
    return all;
}

enum err hotline_withdraw(struct hotline *hotline,
        const char *ticket,
        const char *reason,
        int64_t at_ms,
        struct hotline_receipt *ret,
        int64_t timeout_ms)
{
    arena_reset(&hotline->arena);
    buf_reset(&hotline->payload);
    hotline_withdraw_encode(ticket, reason, at_ms, &hotline->payload);
    struct client_request request = request_make(hotline, TYPE_WITHDRAW, at_ms);
    enum err err =
            client_call(hotline->client, FRAME_COMMANDS, &request, 1, timeout_ms, &hotline->arena);
    return err_join(err, receipt_take(hotline, &request, ticket, ret));
}

enum err hotline_follow_up(struct hotline *hotline,
        const struct hotline_follow_up *follow_up,
        struct hotline_receipt *ret,
        int64_t timeout_ms)
{
    arena_reset(&hotline->arena);
    buf_reset(&hotline->payload);
    hotline_follow_up_encode(follow_up, &hotline->payload);
    struct client_request request = request_make(hotline, TYPE_FOLLOW_UP, follow_up->at_ms);
    enum err err =
            client_call(hotline->client, FRAME_COMMANDS, &request, 1, timeout_ms, &hotline->arena);
    return err_join(err, receipt_take(hotline, &request, follow_up->ticket, ret));
}

enum err hotline_correct(struct hotline *hotline,
        const struct hotline_correction *correction,
        struct hotline_receipt *ret,
        int64_t timeout_ms)
{
    if (correction->unit_code_count > HOTLINE_UNIT_CODES_MAX)
        return ERR_LIMIT;
    arena_reset(&hotline->arena);
    buf_reset(&hotline->payload);
    hotline_correction_encode(correction, &hotline->payload);
    struct client_request request = request_make(hotline, TYPE_CORRECT, correction->at_ms);
    enum err err =
            client_call(hotline->client, FRAME_COMMANDS, &request, 1, timeout_ms, &hotline->arena);
    return err_join(err, receipt_take(hotline, &request, correction->ticket, ret));
}

/* Asks what `hotline->payload` holds. ERR_TRANSIENT, ERR_DENIED, ERR_MALFORMED. */
static enum err query_run(
        struct hotline *hotline, uint32_t type, int64_t timeout_ms, struct bytes *ret)
{
    struct client_request request = request_make(hotline, type, 0);
    request.actor = hotline->source;
    enum err err =
            client_call(hotline->client, FRAME_QUERIES, &request, 1, timeout_ms, &hotline->arena);
    if (!err)
        err = reply_err(&request);
    if (err)
        return err == ERR_DENIED || err == ERR_MALFORMED ? err : ERR_TRANSIENT;
    *ret = request.reply.payload;
    return OK;
}

enum err hotline_outcomes(struct hotline *hotline,
        int64_t after,
        struct hotline_outcome *ret,
        size_t room,
        size_t *ret_count,
        int64_t timeout_ms)
{
    if (room < 1 || room > HOTLINE_OUTCOMES_MAX)
        return ERR_LIMIT;
    arena_reset(&hotline->arena);
    buf_reset(&hotline->payload);
    hotline_outcomes_query_encode(after, (uint32_t)room, &hotline->payload);
    struct bytes answer;
    enum err err = query_run(hotline, TYPE_OUTCOMES, timeout_ms, &answer);
    if (err)
        return err == ERR_DENIED ? ERR_DENIED : ERR_TRANSIENT;
    return hotline_outcomes_decode(answer, &hotline->arena, ret, room, ret_count);
}

enum err hotline_reconcile(struct hotline *hotline,
        const struct hotline_span *span,
        uint32_t limit,
        struct hotline_reconciliation *ret,
        int64_t timeout_ms)
{
    if (limit > HOTLINE_RECORDED_MAX)
        return ERR_LIMIT;
    arena_reset(&hotline->arena);
    buf_reset(&hotline->payload);
    hotline_reconcile_encode(span, limit, &hotline->payload);
    struct bytes answer;
    enum err err = query_run(hotline, TYPE_RECONCILE, timeout_ms, &answer);
    return err ? err : hotline_reconciliation_decode(answer, &hotline->arena, ret);
}

struct asker {
    struct hotline *hotline;
    int64_t timeout_ms;
};

static enum err site_ask(
        void *self, const struct hotline_span *span, struct hotline_reconciliation *ret)
{
    struct asker *asker = self;
    return hotline_reconcile(asker->hotline, span, HOTLINE_RECORDED_MAX, ret, asker->timeout_ms);
}

enum err hotline_differences(struct hotline *hotline,
        const struct hotline_span *span,
        const struct hotline_list *list,
        hotline_difference_fn *found,
        void *self,
        int64_t timeout_ms)
{
    struct asker asker = {hotline, timeout_ms};
    const struct comparison comparison = {site_ask, &asker, found, self};
    return hotline_compare(&comparison, span, list);
}

enum err hotline_progress(struct hotline *hotline,
        int64_t after,
        struct hotline_progress *ret,
        size_t room,
        size_t *ret_count,
        int64_t timeout_ms)
{
    if (room < 1 || room > HOTLINE_OUTCOMES_MAX)
        return ERR_LIMIT;
    arena_reset(&hotline->arena);
    buf_reset(&hotline->payload);
    hotline_progress_query_encode(after, (uint32_t)room, &hotline->payload);
    struct bytes answer;
    enum err err = query_run(hotline, TYPE_PROGRESS, timeout_ms, &answer);
    if (err)
        return err == ERR_DENIED ? ERR_DENIED : ERR_TRANSIENT;
    return hotline_progress_decode(answer, &hotline->arena, ret, room, ret_count);
}

/* Sends what acknowledges `count` things, and puts the answers together. */
static enum err acks_run(
        struct hotline *hotline, struct client_request *requests, size_t count, int64_t timeout_ms)
{
    enum err all = client_call(
            hotline->client, FRAME_COMMANDS, requests, count, timeout_ms, &hotline->arena);
    bool unknown = false;
    for (size_t i = 0; i < count; i++) {
        enum err err = reply_err(&requests[i]);
        if (err == ERR_MALFORMED || (!err && requests[i].reply.verdict > VERDICT_DUPLICATE))
            unknown = true;
        else if (err)
            all = err_join(all, err == ERR_DENIED ? ERR_DENIED : ERR_TRANSIENT);
    }
    return !all && unknown ? ERR_NOT_FOUND : all;
}

enum err hotline_progress_ack(struct hotline *hotline,
        const struct hotline_progress *list,
        size_t count,
        int64_t timeout_ms)
{
    if (count > HOTLINE_PUSH_MAX)
        return ERR_LIMIT;
    if (!count)
        return OK;
    arena_reset(&hotline->arena);
    struct client_request *requests = arena_array(&hotline->arena, struct client_request, count);
    for (size_t i = 0; i < count; i++) {
        size_t last = list[i].stage_count;
        buf_reset(&hotline->payload);
        hotline_progress_ack_encode(
                list[i].case_id, last ? list[i].stages[last - 1].version : 0, &hotline->payload);
        requests[i] = request_make(hotline, TYPE_PROGRESS_ACK, 0);
    }
    return acks_run(hotline, requests, count, timeout_ms);
}

enum err hotline_ack(struct hotline *hotline,
        const struct hotline_outcome *outcomes,
        size_t count,
        int64_t at_ms,
        int64_t timeout_ms)
{
    if (count > HOTLINE_PUSH_MAX)
        return ERR_LIMIT;
    if (!count)
        return OK;
    arena_reset(&hotline->arena);
    struct client_request *requests = arena_array(&hotline->arena, struct client_request, count);
    for (size_t i = 0; i < count; i++) {
        buf_reset(&hotline->payload);
        hotline_ack_encode(outcomes[i].case_id, outcomes[i].round, &hotline->payload);
        requests[i] = request_make(hotline, TYPE_OUTCOME_ACK, at_ms);
    }
    return acks_run(hotline, requests, count, timeout_ms);
}
