/* Hotlines over HTTP: POST /hotline/v1/VENDOR/report and the like, GET …/outcomes, progress and
 * reconcile. Signed (vendor/sign.h), in the vendor's own JSON (vendor/mapping.h), each request once
 * (nonce.h): its nonce is taken before the loop is asked. What is sent goes the way of the
 * hotline's port, under the vendor's source. docs/vendors.md leads through it. */
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <string.h>
#include "services/intake/call.h"
#include "services/intake/hotline/codec.h"
#include "services/intake/http.h"
#include "services/intake/vendor/body.h"
#include "services/intake/nonce.h"
#include "services/kernel/base/arena.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define ARENA_SIZE ((size_t)16 << 20) /* to read one reply: 500 outcomes */
#define LIST_DEFAULT 100
#define ARGUMENT_SIZE 200

enum list { LIST_OUTCOMES, LIST_PROGRESS, LIST_RECONCILE };
static const char *const list_words[] = {"outcomes", "progress", "reconcile", NULL};
static const uint32_t list_types[] = {HOTLINE_OUTCOMES, HOTLINE_PROGRESS, HOTLINE_RECONCILE};
static const uint32_t verb_types[VERB_COUNT] = {HOTLINE_REPORT, HOTLINE_WITHDRAW, HOTLINE_CORRECT,
        HOTLINE_FOLLOW_UP, HOTLINE_OUTCOME_ACK, HOTLINE_PROGRESS_ACK};

struct vendor_call {
    const struct vendor *vendor; /* in a file that the call keeps */
    struct buf target;           /* path with query */
    int what;                    /* enum verb, or enum list */
    uint32_t room;               /* of a list */
    struct http_backend backend;
    struct local_command command; /* what the loop is asked once the nonce is taken */
    bool replayed;
    int utc_offset_s;
    uint32_t reason;               /* of an acknowledgement that was refused */
    char text[PROBLEM_EXTRA_SIZE]; /* what was malformed */
};

static struct signed_request request_of(const struct call *call)
{
    const struct vendor_call *own = call->own;
    return (struct signed_request){.method = call->route->method,
            .target = own->target.data,
            .key = call_header(call, "Huying-Key"),
            .timestamp = call_header(call, "Huying-Timestamp"),
            .nonce = call_header(call, "Huying-Nonce"),
            .signature = call_header(call, "Huying-Signature")};
}

static int word_index(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    must(!"the route's last word is in the table");
    return -1;
}

static enum MHD_Result argument_add(
        void *self, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct buf *target = self;
    size_t from = target->size;
    (void)kind;
    buf_add_text(target, strchr(target->data, '?') ? "&" : "?");
    buf_add_text(target, name);
    if (value)
        buf_add_format(target, "=%s", value);
    for (size_t i = from; i < target->size; i++)
        if (target->data[i] == ' ') /* libmicrohttpd makes one of '+', which alone can be meant */
            target->data[i] = '+';
    return MHD_YES;
}

/* As it stood on the request line: libmicrohttpd keeps arguments in their order, and the server
 * does not take %-escapes apart. */
static void target_set(struct call *call, struct buf *target)
{
    const char *path = call->route->path, *hole = strstr(path, "{}");
    buf_add(target, path, (size_t)(hole - path));
    buf_add_text(target, call->name);
    buf_add_text(target, hole + 2);
    (void)MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND, argument_add, target);
}

/* Which step failed; of keys and signatures no more than that they do not fit. */
static void sign_problem(struct call *call, enum sign_fault fault)
{
    static const struct {
        enum problem_kind kind;
        const char *field;
        int64_t limit;
    } problems[] = {
            [SIGN_KEY] = {PROBLEM_UNSIGNED, "Huying-Key", SIGN_NAME_SIZE - 1},
            [SIGN_TIMESTAMP] = {PROBLEM_UNSIGNED, "Huying-Timestamp", 11},
            [SIGN_NONCE] = {PROBLEM_UNSIGNED, "Huying-Nonce", SIGN_NAME_SIZE - 1},
            [SIGN_SIGNATURE] = {PROBLEM_UNSIGNED, "Huying-Signature", SIGN_SIGNATURE_MAX},
            [SIGN_STALE] = {PROBLEM_STALE, "Huying-Timestamp", SIGN_WINDOW_S},
            [SIGN_WRONG] = {PROBLEM_SIGNATURE, "Huying-Signature", -1},
    };
    if (fault != SIGN_FINE)
        problem_set(
                &call->problem, problems[fault].kind, problems[fault].field, problems[fault].limit);
}

static void vendor_check(struct call *call)
{
    static const char *const fields[] = {
            "Huying-Key", "Huying-Timestamp", "Huying-Nonce", "Huying-Signature"};
    const struct vendors *vendors = call_file(call, FILE_VENDORS);
    const struct vendor *vendor = vendors ? vendors_find(vendors, call->name) : NULL;
    struct vendor_call *own = must_memory(calloc(1, sizeof *own));
    call->own = own;
    own->vendor = vendor;
    target_set(call, &own->target);
    if (!vendor) {
        problem_set(&call->problem, PROBLEM_VENDOR, "", -1);
        return;
    }
    const struct signed_request request = request_of(call);
    sign_problem(call, sign_head_check(&request, call->began_wall_ms));
    for (size_t i = 0; i < sizeof fields / sizeof *fields && !call->problem.kind; i++)
        if (call_header_count(call, fields[i]) > 1)
            problem_set(&call->problem, PROBLEM_UNSIGNED, fields[i], 1);
}

static void post_check(struct call *call)
{
    vendor_check(call);
    if (!call->problem.kind)
        call_json_check(call);
}

/* Only then is it the vendor's: whoever cannot sign must not use up his share. */
static bool signature_check(struct call *call)
{
    const struct vendor_call *own = call->own;
    const char *source = own->vendor->source;
    const struct bytes body = {(const uint8_t *)call->body.data, call->body.size};
    const struct signed_request request = request_of(call);
    sign_problem(call, sign_verify(&request, body, &own->vendor->keys));
    (void)text_copy(call->peer, sizeof call->peer, source, strlen(source));
    if (!call->problem.kind)
        call_source_check(call);
    return !call->problem.kind;
}

static void body_problem(struct call *call, const struct body_fault *fault)
{
    static const enum problem_kind kinds[] = {[BODY_JSON] = PROBLEM_JSON,
            [BODY_MISSING] = PROBLEM_UNSENT,
            [BODY_VALUE] = PROBLEM_UNMAPPED};
    problem_set(&call->problem, kinds[fault->kind], fault->kind == BODY_JSON ? "body" : fault->path,
            -1);
    (void)text_copy(
            call->problem.extra, sizeof call->problem.extra, fault->extra, strlen(fault->extra));
}

static bool post_read(struct call *call)
{
    struct vendor_call *own = call->own;
    struct body_fault fault;
    own->what = word_index(VERB_WORDS, strrchr(call->route->path, '/') + 1);
    if (!signature_check(call))
        return false;
    if (!body_read(own->vendor, (enum verb)own->what, call->body.data, call->body.size,
                &call->payload, &call->at_ms, &fault)) {
        body_problem(call, &fault);
        return false;
    }
    call->commands = true;
    call->type = verb_types[own->what];
    return true;
}

static int hex_digit(char digit)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF", *at = strchr(digits, digit);
    return digit && at ? (int)((at - digits) % 16) : -1;
}

/* An argument of the query with its %-escapes taken apart, "" without it. False: too long, or an
 * escape that is none. */
static bool argument_read(const struct call *call, const char *name, char ret[ARGUMENT_SIZE])
{
    const char *at = MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, name);
    size_t size = 0;
    for (; at && *at; at++) {
        int high = *at == '%' ? hex_digit(at[1]) : 0;
        int low = *at == '%' && high >= 0 ? hex_digit(at[2]) : 0;
        if (size + 1 == ARGUMENT_SIZE || high < 0 || low < 0 || (*at == '%' && high + low == 0))
            return false;
        ret[size++] = *at == '%' ? (char)(high * 16 + low) : *at == ' ' ? '+' : *at;
        at += *at == '%' ? 2 : 0;
    }
    ret[size] = 0;
    return true;
}

static void argument_problem(struct call *call, const char *name, const char *expected)
{
    problem_set(&call->problem, PROBLEM_UNMAPPED, name, -1);
    (void)text_copy(call->problem.extra, sizeof call->problem.extra, expected, strlen(expected));
}

static int64_t number_argument(struct call *call, const char *name, int64_t preset, int64_t most)
{
    char text[ARGUMENT_SIZE];
    bool read = argument_read(call, name, text);
    errno = 0;
    if (read && !*text)
        return preset;
    bool digits = read && strspn(text, "0123456789") == strlen(text);
    int64_t value = digits ? strtoll(text, NULL, 10) : 0;
    if (!digits || errno || value > most)
        argument_problem(call, name, "a number expected");
    return value;
}

static int64_t instant_argument(struct call *call, const char *name)
{
    char text[ARGUMENT_SIZE];
    int64_t at_ms = 0;
    bool read = argument_read(call, name, text);
    if (read && !*text)
        return 0;
    if (!read || !instant_parse(text, &at_ms))
        argument_problem(call, name, "an instant as 2026-01-31T09:00:00+08:00 expected");
    return at_ms;
}

static void reconcile_encode(struct call *call, uint32_t limit)
{
    char first[ARGUMENT_SIZE], last[ARGUMENT_SIZE], after[ARGUMENT_SIZE];
    static const char *const names[] = {"first", "last", "after"};
    char *const texts[] = {first, last, after};
    for (size_t i = 0; i < 3; i++)
        if (!argument_read(call, names[i], texts[i]))
            argument_problem(call, names[i], "a ticket expected");
    const struct hotline_span span = {.from_ms = instant_argument(call, "from"),
            .to_ms = instant_argument(call, "to"),
            .first = first,
            .last = last,
            .after = after};
    if (!call->problem.kind)
        hotline_reconcile_encode(&span, limit, &call->payload);
}

static bool get_read(struct call *call)
{
    struct vendor_call *own = call->own;
    own->what = word_index(list_words, strrchr(call->route->path, '/') + 1);
    if (!signature_check(call))
        return false;
    int64_t limit = number_argument(call, "limit", LIST_DEFAULT, HOTLINE_OUTCOMES_MAX);
    own->room = (uint32_t)limit;
    call->type = list_types[own->what];
    if (own->what == LIST_RECONCILE) {
        reconcile_encode(call, own->room);
        return !call->problem.kind;
    }
    int64_t after = number_argument(call, "after", 0, INT64_MAX);
    if (own->what == LIST_OUTCOMES)
        hotline_outcomes_query_encode(after, own->room, &call->payload);
    else
        hotline_progress_query_encode(after, own->room, &call->payload);
    return !call->problem.kind;
}

static void call_finish(struct vendor_call *own, uint32_t verdict)
{
    const struct envelope none = {.verdict = verdict, .text = ""};
    own->command.done(own->command.self, &none);
}

/* In the loop's thread: the site's offset is the directory's, which only that thread may read. */
static void loop_done(void *self, const struct envelope *reply)
{
    struct vendor_call *own = self;
    const struct directory *directory = own->backend.directory(own->backend.self);
    own->utc_offset_s = directory ? directory_utc_offset_s(directory) : 0;
    own->command.done(own->command.self, reply);
}

/* In the keeper's thread. */
static void nonce_done(void *self, enum err err)
{
    struct call *call = self;
    struct vendor_call *own = call->own;
    struct local_command command = own->command;
    command.done = loop_done;
    command.self = own;
    own->replayed = err == ERR_CONFLICT;
    if (!err)
        err = call->commands ? own->backend.command(own->backend.self, &command)
                             : own->backend.query(own->backend.self, &command);
    if (err)
        call_finish(own, REPLY_FAILED + ERR_TRANSIENT);
}

static enum err vendor_ask(
        struct call *call, const struct http_backend *backend, const struct local_command *command)
{
    struct vendor_call *own = call->own;
    char name[NONCE_NAME_SIZE];
    own->backend = *backend;
    own->command = *command;
    (void)snprintf(name, sizeof name, "%s/%s/%s", own->vendor->name,
            call_header(call, "Huying-Key"), call_header(call, "Huying-Nonce"));
    return backend->once ? backend->once(backend->self, name, nonce_done, call) : ERR_TRANSIENT;
}

static void vendor_take(
        struct call *call, const struct envelope *reply, const struct directory *directory)
{
    struct vendor_call *own = call->own;
    (void)directory;
    own->reason = reply->reason;
    (void)text_copy(own->text, sizeof own->text, reply->text, strlen(reply->text));
}

/* What has no answer of intake's in it. False: a problem is set. */
static bool decided_check(struct call *call)
{
    const struct vendor_call *own = call->own;
    if (own->replayed) {
        problem_set(&call->problem, PROBLEM_REPLAYED, "Huying-Nonce", -1);
    } else if (call->verdict == REPLY_FAILED + ERR_MALFORMED) {
        problem_set_reason(&call->problem, REASON_MALFORMED);
        (void)text_copy(
                call->problem.extra, sizeof call->problem.extra, own->text, strlen(own->text));
    } else if (call->verdict >= REPLY_FAILED) {
        problem_set(&call->problem, PROBLEM_BUSY, "", -1);
    } else if (call->verdict == VERDICT_NOT_FOUND) {
        problem_set_reason(&call->problem, REASON_NOT_FOUND);
    }
    return !call->problem.kind;
}

static void receipt_answer(
        struct call *call, struct arena *arena, struct call_answer *answer, struct buf *body)
{
    const struct vendor_call *own = call->own;
    struct hotline_receipt receipt;
    if (hotline_receipt_decode(call_reply(call), arena, &receipt) != OK) {
        problem_set(&call->problem, PROBLEM_BUSY, "", -1);
    } else if (receipt.result == HOTLINE_REFUSED) {
        problem_set_reason(&call->problem, report_reason_find(receipt.reason));
        (void)text_copy(call->problem.extra, sizeof call->problem.extra, receipt.ticket,
                strlen(receipt.ticket));
    } else {
        answer->status = receipt.result == HOTLINE_ACCEPTED ? MHD_HTTP_CREATED : MHD_HTTP_OK;
        body_receipt(&receipt, own->utc_offset_s, body);
    }
}

static void ack_answer(struct call *call, struct call_answer *answer, struct buf *body)
{
    const struct vendor_call *own = call->own;
    if (call->verdict == VERDICT_REFUSED) {
        problem_set_reason(&call->problem, own->reason);
        return;
    }
    answer->status = MHD_HTTP_OK;
    buf_add_text(body, call->verdict == VERDICT_APPLIED ? "{\"result\":\"taken\"}"
                                                        : "{\"result\":\"duplicate\"}");
}

static void post_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    const struct vendor_call *own = call->own;
    struct arena arena;
    (void)language;
    if (!decided_check(call))
        return;
    if (own->what == VERB_OUTCOME_ACK || own->what == VERB_PROGRESS_ACK) {
        ack_answer(call, answer, body);
        return;
    }
    arena_init(&arena, ARENA_SIZE);
    receipt_answer(call, &arena, answer, body);
    arena_fini(&arena);
}

/* OK, and the answer's body. The lists are large: on the heap. */
static enum err list_answer(const struct call *call, struct arena *arena, struct buf *body)
{
    const struct vendor_call *own = call->own;
    size_t count = 0, room = own->room + 1;
    enum err err = OK;
    if (own->what == LIST_RECONCILE) {
        struct hotline_reconciliation *answer = must_memory(calloc(1, sizeof *answer));
        err = hotline_reconciliation_decode(call_reply(call), arena, answer);
        if (!err)
            body_reconciliation(answer, own->utc_offset_s, body);
        free(answer);
    } else if (own->what == LIST_OUTCOMES) {
        struct hotline_outcome *list = must_memory(calloc(room, sizeof *list));
        err = hotline_outcomes_decode(call_reply(call), arena, list, own->room, &count);
        if (!err)
            body_outcomes(list, count, own->utc_offset_s, body);
        free(list);
    } else {
        struct hotline_progress *list = must_memory(calloc(room, sizeof *list));
        err = hotline_progress_decode(call_reply(call), arena, list, own->room, &count);
        if (!err)
            body_progress(list, count, own->utc_offset_s, body);
        free(list);
    }
    return err;
}

static void get_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    struct arena arena;
    (void)language;
    if (!decided_check(call))
        return;
    arena_init(&arena, ARENA_SIZE);
    answer->status = MHD_HTTP_OK;
    if (list_answer(call, &arena, body) != OK)
        problem_set(&call->problem, PROBLEM_BUSY, "", -1);
    arena_fini(&arena);
}

static void vendor_end(struct call *call)
{
    struct vendor_call *own = call->own;
    if (own)
        buf_fini(&own->target);
    free(own);
}

const struct way way_vendor_post = {.check = post_check,
        .read = post_read,
        .ask = vendor_ask,
        .take = vendor_take,
        .answer = post_answer,
        .end = vendor_end};
const struct way way_vendor_get = {.check = vendor_check,
        .read = get_read,
        .ask = vendor_ask,
        .take = vendor_take,
        .answer = get_answer,
        .end = vendor_end};
