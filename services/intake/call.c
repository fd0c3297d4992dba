/* See call.h. */
#include "services/intake/call.h"
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <string.h>
#include <strings.h>
#include "services/intake/form.h"
#include "services/intake/hotline/codec.h"
#include "services/intake/http.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define PATH "/v1/reports"
#define ARENA_SIZE (256 << 10) /* to read one reply */

struct call *call_new(struct http *http, struct MHD_Connection *connection, const char *method)
{
    struct call *call = must_memory(calloc(1, sizeof *call));
    call->http = http;
    call->connection = connection;
    call->users = 1;
    call->posts = strcmp(method, "POST") == 0;
    return call;
}

void call_free(struct call *call)
{
    must(call->users == 0);
    buf_fini(&call->body);
    buf_fini(&call->payload);
    buf_fini(&call->reply);
    free(call);
}

static const char *header_find(const struct call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name);
}

struct header_tally {
    size_t size;
    int lengths, keys, encodings;
};

static enum MHD_Result header_count(
        void *self, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct header_tally *tally = self;
    (void)kind;
    tally->size += strlen(name) + (value ? strlen(value) : 0) + 4;
    tally->lengths += strcasecmp(name, "Content-Length") == 0;
    tally->encodings += strcasecmp(name, "Transfer-Encoding") == 0;
    tally->keys += strcasecmp(name, "Idempotency-Key") == 0;
    return MHD_YES;
}

/* The body's length is said once, by a number or by chunks: two readings of one request are how
 * requests are smuggled past a proxy. */
static bool length_check(struct call *call, const struct header_tally *tally)
{
    const char *encoding = header_find(call, "Transfer-Encoding");
    const char *length = header_find(call, "Content-Length");
    if (tally->lengths > 1 || tally->encodings > 1 || (length && encoding) ||
            (encoding && strcasecmp(encoding, "chunked") != 0)) {
        problem_set(&call->problem, PROBLEM_LENGTH, "Content-Length", 1);
        return false;
    }
    if (!length)
        return true;
    char *end = NULL;
    errno = 0;
    unsigned long long size = strtoull(length, &end, 10);
    if (strspn(length, "0123456789") != strlen(length) || end == length) {
        problem_set(&call->problem, PROBLEM_LENGTH, "Content-Length", 1);
        return false;
    }
    if (errno || size > BODY_SIZE_MAX) {
        problem_set(&call->problem, PROBLEM_BODY_SIZE, "body", BODY_SIZE_MAX);
        return false;
    }
    return true;
}

static void path_check(struct call *call, const char *url, const char *method)
{
    size_t stem = strlen(PATH);
    if (strcmp(url, PATH) == 0) {
        call->allow = "POST";
        if (!call->posts)
            problem_set(&call->problem, PROBLEM_METHOD, "", -1);
        return;
    }
    const char *name = url + stem + 1;
    if (strncmp(url, PATH "/", stem + 1) != 0 || !*name || strchr(name, '/') ||
            strlen(name) >= sizeof call->name) {
        problem_set(&call->problem, PROBLEM_PATH, "", -1);
        return;
    }
    call->allow = "GET, HEAD";
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        problem_set(&call->problem, PROBLEM_METHOD, "", -1);
    (void)text_copy(call->name, sizeof call->name, name, strlen(name));
}

static bool address_is_loopback(const struct call *call)
{
    const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || info->client_addr->sa_family != AF_INET)
        return false;
    struct sockaddr_in address;
    memcpy(&address, info->client_addr, sizeof address);
    return (ntohl(address.sin_addr.s_addr) >> 24) == 127;
}

/* Without tokens only this machine may ask, and no proxy on it for others. */
static void access_check(struct call *call, const struct tokens *tokens)
{
    static const char scheme[] = "Bearer ";
    (void)text_copy(call->peer, sizeof call->peer, "http", 4);
    if (!tokens) {
        if (!address_is_loopback(call) || header_find(call, "X-Forwarded-For") ||
                header_find(call, "Forwarded"))
            problem_set(&call->problem, PROBLEM_LOOPBACK, "Authorization", -1);
        return;
    }
    const char *given = header_find(call, "Authorization");
    const char *name = NULL;
    if (given && strncasecmp(given, scheme, strlen(scheme)) == 0)
        name = tokens_find(tokens, given + strlen(scheme));
    if (!name) {
        problem_set(&call->problem, PROBLEM_TOKEN, "Authorization", TOKEN_SIZE_MAX);
        return;
    }
    call->has_token = true;
    (void)text_copy(call->peer, sizeof call->peer, name, strlen(name));
}

static bool media_is_json(const char *type)
{
    static const char json[] = "application/json";
    if (!type || strncasecmp(type, json, strlen(json)) != 0)
        return false;
    const char *rest = type + strlen(json);
    rest += strspn(rest, " \t");
    if (!*rest)
        return true;
    if (*rest != ';')
        return false;
    rest += 1 + strspn(rest + 1, " \t");
    return strcasecmp(rest, "charset=utf-8") == 0 || strcasecmp(rest, "charset=\"utf-8\"") == 0;
}

static void key_check(struct call *call, const struct header_tally *tally)
{
    const char *key = header_find(call, "Idempotency-Key");
    size_t size = key ? strlen(key) : 0;
    bool visible = size >= 1 && size < TICKET_SIZE && tally->keys == 1;
    for (size_t i = 0; visible && i < size; i++)
        visible = key[i] > 0x20 && key[i] < 0x7f;
    if (!visible) {
        problem_set(&call->problem, PROBLEM_KEY, "Idempotency-Key", TICKET_SIZE - 1);
        return;
    }
    memcpy(call->key, key, size + 1);
}

void call_check(struct call *call, const char *url, const char *method, const struct tokens *tokens)
{
    struct header_tally tally = {0};
    (void)MHD_get_connection_values(call->connection, MHD_HEADER_KIND, header_count, &tally);
    if (!length_check(call, &tally))
        return;
    if (tally.size > HTTP_HEADERS_SIZE_MAX) {
        problem_set(&call->problem, PROBLEM_HEADERS, "", HTTP_HEADERS_SIZE_MAX);
        return;
    }
    path_check(call, url, method);
    if (!call->problem.kind)
        access_check(call, tokens);
    if (call->problem.kind || !call->posts)
        return;
    if (!media_is_json(header_find(call, "Content-Type")) || header_find(call, "Content-Encoding"))
        problem_set(&call->problem, PROBLEM_MEDIA_TYPE, "Content-Type", -1);
    else
        key_check(call, &tally);
}

bool call_read(struct call *call)
{
    if (call->posts)
        return form_read(
                call->body.data, call->body.size, call->key, &call->payload, &call->problem);
    errno = 0;
    bool digits = strspn(call->name, "0123456789") == strlen(call->name);
    long long id = digits ? strtoll(call->name, NULL, 10) : 0;
    if (digits && (errno || id <= 0)) {
        problem_set(&call->problem, PROBLEM_REPORT, "id", INT64_MAX);
        return false;
    }
    report_query_encode(id, digits ? "" : call->name, &call->payload);
    return true;
}

static const char *level_name(enum level level)
{
    static const char *const names[] = {
#define X(name, number, text) [number] = text,
            LEVEL_TABLE(X)
#undef X
    };
    return (size_t)level < sizeof names / sizeof *names ? names[level] : "";
}

static void place_take(struct call *call, int64_t unit_id, const struct directory *directory)
{
    if (!directory)
        return;
    call->utc_offset_s = directory_utc_offset_s(directory);
    const struct unit *unit = unit_find(directory, unit_id);
    if (!unit)
        return;
    const char *level = level_name(unit->level);
    (void)text_copy(call->unit_code, sizeof call->unit_code, unit->code, strlen(unit->code));
    (void)text_copy(call->level, sizeof call->level, level, strlen(level));
}

void call_take_reply(
        struct call *call, const struct envelope *reply, const struct directory *directory)
{
    call->verdict = reply->verdict;
    if (reply->payload.size)
        buf_add(&call->reply, reply->payload.data, reply->payload.size);
    if (call->posts)
        return;
    struct arena arena;
    struct report_view view;
    arena_init(&arena, ARENA_SIZE);
    if (report_view_decode(reply->payload, &arena, &view) == OK)
        place_take(call, view.unit, directory);
    arena_fini(&arena);
}

const char *call_language(const struct call *call, const char *preset)
{
    const char *wish = header_find(call, "Accept-Language");
    if (wish && strncasecmp(wish, "en", 2) == 0)
        return "en";
    if (wish && strncasecmp(wish, "zh", 2) == 0)
        return "zh";
    return preset;
}

static struct bytes reply_of(const struct call *call)
{
    return (struct bytes){(const uint8_t *)call->reply.data, call->reply.size};
}

static uint32_t reason_find(const char *name)
{
    for (uint32_t i = 0; report_reason_names[i]; i++) {
        if (strcmp(report_reason_names[i], name) == 0)
            return i;
    }
    return REASON_MALFORMED;
}

static void header_add(struct call_answer *answer, const char *name, const char *value)
{
    must(answer->header_count < CALL_HEADERS_MAX);
    answer->headers[answer->header_count].name = name;
    (void)text_copy(answer->headers[answer->header_count].value, sizeof answer->headers[0].value,
            value, strlen(value));
    answer->header_count++;
}

/* The sentence of the rule is made again in the caller's language; what the receipt says behind it,
 * which evidence is missing, is kept. */
static void refused_answer(struct call *call, const struct hotline_receipt *receipt)
{
    uint32_t reason = reason_find(receipt->reason);
    problem_set_reason(&call->problem, reason);
    if (reason != REASON_EVIDENCE)
        return;
    static const char *const languages[] = {"zh", "en"};
    for (size_t i = 0; i < 2; i++) {
        const char *sentence = report_reason_text(reason, languages[i]);
        size_t size = strlen(sentence);
        if (strncmp(receipt->text, sentence, size) == 0)
            (void)text_copy(call->problem.extra, sizeof call->problem.extra, receipt->text + size,
                    strlen(receipt->text + size));
    }
}

/* A receipt is 201 the first time and 200 when it is repeated, with the same body. */
static void receipt_answer(
        struct call *call, struct arena *arena, struct call_answer *answer, struct buf *body)
{
    struct hotline_receipt receipt;
    char location[64];
    if (call->verdict == VERDICT_NOT_FOUND) { /* the kernel's: its data has gone */
        problem_set_reason(&call->problem, REASON_GONE);
        return;
    }
    if (call->verdict >= REPLY_FAILED || hotline_receipt_decode(reply_of(call), arena, &receipt)) {
        problem_set(&call->problem, PROBLEM_BUSY, "", -1);
        return;
    }
    if (receipt.result == HOTLINE_REFUSED) {
        refused_answer(call, &receipt);
        return;
    }
    (void)snprintf(location, sizeof location, PATH "/%" PRId64, receipt.case_id);
    header_add(answer, "Location", location);
    answer->status = receipt.result == HOTLINE_ACCEPTED ? MHD_HTTP_CREATED : MHD_HTTP_OK;
    form_receipt(&receipt, body);
}

/* A token sees its own reports; to it, others do not exist. */
static void view_answer(
        struct call *call, struct arena *arena, struct call_answer *answer, struct buf *body)
{
    struct report_view view;
    enum err err = call->verdict >= REPLY_FAILED ? ERR_TRANSIENT
                                                 : report_view_decode(reply_of(call), arena, &view);
    if (err == OK && call->has_token && strcmp(view.source, call->peer) != 0)
        err = ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND || (err == OK && view.id == 0)) {
        problem_set(&call->problem, PROBLEM_REPORT, "id", -1);
        return;
    }
    if (err) {
        problem_set(&call->problem, PROBLEM_BUSY, "", -1);
        return;
    }
    const struct form_place place = {call->unit_code, call->level, call->utc_offset_s};
    answer->status = MHD_HTTP_OK;
    form_view(&view, &place, body);
}

static void problem_answer(
        const struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    answer->status = problem_status(&call->problem);
    answer->type = "application/problem+json";
    if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        header_add(answer, "Allow", call->allow);
    if (answer->status == MHD_HTTP_UNAUTHORIZED)
        header_add(answer, "WWW-Authenticate", "Bearer");
    if (answer->status == MHD_HTTP_SERVICE_UNAVAILABLE)
        header_add(answer, "Retry-After", "1");
    if (call->problem.kind == PROBLEM_LENGTH || call->problem.kind == PROBLEM_BODY_SIZE)
        header_add(answer, "Connection", "close");
    problem_format(&call->problem, language, body);
}

void call_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    struct arena arena;
    arena_init(&arena, ARENA_SIZE);
    if (!call->problem.kind && call->posts)
        receipt_answer(call, &arena, answer, body);
    else if (!call->problem.kind)
        view_answer(call, &arena, answer, body);
    if (call->problem.kind)
        problem_answer(call, language, answer, body);
    arena_fini(&arena);
}
