/* See call.h. */
#include "services/intake/call.h"
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <strings.h>
#include "services/intake/address.h"
#include "services/intake/http.h"
#include "services/intake/tokens.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

struct call *call_new(struct http *http, struct MHD_Connection *connection)
{
    struct call *call = must_memory(calloc(1, sizeof *call));
    call->http = http;
    call->connection = connection;
    call->users = 1;
    return call;
}

void call_free(struct call *call)
{
    must(call->users == 0);
    if (call->route && call->route->way->end)
        call->route->way->end(call);
    buf_fini(&call->body);
    buf_fini(&call->payload);
    buf_fini(&call->reply);
    free(call);
}

const void *call_file(const struct call *call, enum file_kind kind)
{
    return call->files[kind] ? call->files[kind]->data : NULL;
}

size_t call_body_max(const struct call *call)
{
    return call->route ? call->route->body_max : BODY_SIZE_MAX;
}

const char *call_header(const struct call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name);
}

struct header_tally {
    const char *name; /* counted */
    int count;
    size_t size; /* of all fields */
};

static enum MHD_Result header_count(
        void *self, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct header_tally *tally = self;
    (void)kind;
    tally->size += strlen(name) + (value ? strlen(value) : 0) + 4;
    tally->count += strcasecmp(name, tally->name) == 0;
    return MHD_YES;
}

static struct header_tally header_tally(const struct call *call, const char *name)
{
    struct header_tally tally = {.name = name};
    (void)MHD_get_connection_values(call->connection, MHD_HEADER_KIND, header_count, &tally);
    return tally;
}

int call_header_count(const struct call *call, const char *name)
{
    return header_tally(call, name).count;
}

/* The body's length is said once, by a number or by chunks: two readings of one request are how
 * requests are smuggled past a proxy. */
static bool length_check(struct call *call)
{
    const char *encoding = call_header(call, "Transfer-Encoding");
    const char *length = call_header(call, "Content-Length");
    if (call_header_count(call, "Content-Length") > 1 ||
            call_header_count(call, "Transfer-Encoding") > 1 || (length && encoding) ||
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
    if (errno || size > call_body_max(call)) {
        problem_set(&call->problem, PROBLEM_BODY_SIZE, "body", (int64_t)call_body_max(call));
        return false;
    }
    return true;
}

static struct in6_addr peer_address(const struct call *call)
{
    const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (info && info->client_addr->sa_family == AF_INET)
        memcpy(&address, info->client_addr, sizeof address);
    return address_of_ipv4(address.sin_addr);
}

static enum MHD_Result forwarded_add(
        void *self, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct buf *list = self;
    (void)kind;
    if (strcasecmp(name, "X-Forwarded-For") == 0)
        buf_add_format(list, "%s%s", list->size ? "," : "", value ? value : "");
    return MHD_YES;
}

/* Some proxies add to the field, others add another field: all of them are one list. */
static struct in6_addr client_address(const struct call *call)
{
    BUF_OWNED list = {0};
    const struct in6_addr peer = peer_address(call);
    if (!call->proxies)
        return peer;
    (void)MHD_get_connection_values(call->connection, MHD_HEADER_KIND, forwarded_add, &list);
    return address_of_client(call->proxies, &peer, list.data);
}

static void rate_check(struct call *call, enum rate_kind kind, const char *name)
{
    /* A call without a server, in the fuzz targets, is not counted. */
    int64_t wait_ms = call->rate ? rate_take(call->rate, kind, name, call->begun_ms) : 0;
    if (!wait_ms)
        return;
    call->wait_s = (wait_ms + 999) / 1000;
    static const char *const names[] = {
            [RATE_SOURCE] = "source", [RATE_ADDRESS] = "address", [RATE_CODE] = "code"};
    problem_set(&call->problem, PROBLEM_RATE, names[kind], call->wait_s);
}

void call_code_check(struct call *call, bool opens)
{
    char address[INET6_ADDRSTRLEN] = "", name[PEER_SIZE + INET6_ADDRSTRLEN + 1];
    const struct in6_addr client = client_address(call);
    if (opens)
        address_name(&client, address);
    (void)snprintf(name, sizeof name, "%s %s", call->peer, address);
    rate_check(call, RATE_CODE, name);
}

/* This machine itself, asking for nobody else, is not limited. */
static void address_check(struct call *call)
{
    char name[INET6_ADDRSTRLEN];
    const struct in6_addr address = client_address(call);
    if (address_is_loopback(&address))
        return;
    address_name(&address, name);
    rate_check(call, RATE_ADDRESS, name);
}

void call_source_check(struct call *call)
{
    rate_check(call, RATE_SOURCE, call->peer);
}

bool call_admit(struct call *call, const char *token)
{
    const struct tokens *tokens = call_file(call, FILE_TOKENS);
    (void)text_copy(call->peer, sizeof call->peer, "http", 4);
    if (!tokens) {
        const struct in6_addr peer = peer_address(call);
        return address_is_loopback(&peer) && !call_header(call, "X-Forwarded-For") &&
               !call_header(call, "Forwarded");
    }
    const char *name = token ? tokens_find(tokens, token) : NULL;
    if (!name)
        return false;
    call->has_token = true;
    (void)text_copy(call->peer, sizeof call->peer, name, strlen(name));
    return true;
}

void call_access_check(struct call *call)
{
    static const char scheme[] = "Bearer ";
    const char *given = call_header(call, "Authorization");
    bool bears = given && strncasecmp(given, scheme, strlen(scheme)) == 0;
    if (call_admit(call, bears ? given + strlen(scheme) : NULL))
        return;
    if (call_file(call, FILE_TOKENS))
        problem_set(&call->problem, PROBLEM_TOKEN, "Authorization", TOKEN_SIZE_MAX);
    else
        problem_set(&call->problem, PROBLEM_LOOPBACK, "Authorization", -1);
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

void call_json_check(struct call *call)
{
    if (!media_is_json(call_header(call, "Content-Type")) || call_header(call, "Content-Encoding"))
        problem_set(&call->problem, PROBLEM_MEDIA_TYPE, "Content-Type", -1);
}

void call_key_check(struct call *call)
{
    const char *key = call_header(call, "Idempotency-Key");
    size_t size = key ? strlen(key) : 0;
    bool visible =
            size >= 1 && size < TICKET_SIZE && call_header_count(call, "Idempotency-Key") == 1;
    for (size_t i = 0; visible && i < size; i++)
        visible = key[i] > 0x20 && key[i] < 0x7f;
    if (!visible) {
        problem_set(&call->problem, PROBLEM_KEY, "Idempotency-Key", TICKET_SIZE - 1);
        return;
    }
    memcpy(call->key, key, size + 1);
}

void call_check(struct call *call, const char *url, const char *method)
{
    call->route = route_find(method, url, call->name, call->allow);
    call->aside = call->route && call->route->way->ask;
    if (!length_check(call))
        return;
    if (header_tally(call, "").size > HTTP_HEADERS_SIZE_MAX)
        problem_set(&call->problem, PROBLEM_HEADERS, "", HTTP_HEADERS_SIZE_MAX);
    else
        address_check(call);
    if (call->problem.kind)
        return;
    if (!call->route)
        problem_set(&call->problem, call->allow[0] ? PROBLEM_METHOD : PROBLEM_PATH, "", -1);
    else if (call->route->way->check)
        call->route->way->check(call);
    if (!call->problem.kind && call->has_token)
        call_source_check(call);
}

bool call_read(struct call *call)
{
    return call->route->way->read(call);
}

bool call_again(struct call *call)
{
    const struct way *way = call->route ? call->route->way : NULL;
    if (call->problem.kind || !way || !way->again || call->asks == CALL_ASKS_MAX)
        return false;
    return way->again(call);
}

void call_take_reply(
        struct call *call, const struct envelope *reply, const struct directory *directory)
{
    call->verdict = reply->verdict;
    buf_reset(&call->reply);
    if (reply->payload.size)
        buf_add(&call->reply, reply->payload.data, reply->payload.size);
    call->utc_offset_s = directory ? directory_utc_offset_s(directory) : 0;
    if (call->route->way->take)
        call->route->way->take(call, reply, directory);
}

struct bytes call_reply(const struct call *call)
{
    return (struct bytes){(const uint8_t *)call->reply.data, call->reply.size};
}

const char *call_language(const struct call *call, const char *preset)
{
    const char *wish = call_header(call, "Accept-Language");
    if (wish && strncasecmp(wish, "en", 2) == 0)
        return "en";
    if (wish && strncasecmp(wish, "zh", 2) == 0)
        return "zh";
    return preset;
}

void call_header_add(struct call_answer *answer, const char *name, const char *value)
{
    must(answer->header_count < CALL_HEADERS_MAX);
    answer->headers[answer->header_count].name = name;
    (void)text_copy(answer->headers[answer->header_count].value, sizeof answer->headers[0].value,
            value, strlen(value));
    answer->header_count++;
}

void call_problem_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    answer->status = problem_status(&call->problem);
    answer->type = "application/problem+json";
    if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        call_header_add(answer, "Allow", call->allow);
    if (answer->status == MHD_HTTP_UNAUTHORIZED)
        call_header_add(answer, "WWW-Authenticate", "Bearer");
    if (answer->status == MHD_HTTP_TOO_MANY_REQUESTS) {
        char seconds[24];
        (void)snprintf(seconds, sizeof seconds, "%lld", (long long)call->wait_s);
        call_header_add(answer, "Retry-After", seconds);
    }
    if (answer->status == MHD_HTTP_SERVICE_UNAVAILABLE)
        call_header_add(answer, "Retry-After", "1");
    if (call->problem.kind == PROBLEM_LENGTH || call->problem.kind == PROBLEM_BODY_SIZE)
        call_header_add(answer, "Connection", "close");
    problem_format(&call->problem, language, body);
}

void call_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    const struct way *way = call->route ? call->route->way : NULL;
    if (!call->problem.kind)
        way->answer(call, language, answer, body);
    if (!call->problem.kind)
        return;
    if (way && way->problem)
        way->problem(call, language, answer, body);
    else
        call_problem_answer(call, language, answer, body);
}
