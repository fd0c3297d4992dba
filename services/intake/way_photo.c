/* POST /v1/photos: a photo as it is, in the body; the answer has the name by which reports name it.
 * POST /v1/qr/TOKEN/photos: the same for whoever has scanned a code.
 * GET /v1/photos/NAME and …/thumb: for tokens, and, with ?report=NUMBER and that report's code, for
 * whoever follows it. The loop has no part in it: photo_desk.h. */
#include <inttypes.h>
#include <jansson.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <string.h>
#include "services/intake/call.h"
#include "services/intake/http.h"
#include "services/intake/photo_desk.h"
#include "services/intake/way_qr.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define PATH "/v1/photos"
#define CODE_HEADER "Huying-Code"
#define REPORT_SIZE 64
#define UPLOADS_MAX 8 /* bodies of photos at once, which is what bounds their memory */

struct photo_call {
    bool uploads; /* counted below */
    int64_t code; /* that was scanned, and lets him send photos; 0 = a token does */
    uint8_t hash[PHOTO_HASH_SIZE];
    char report[REPORT_SIZE];
};

static atomic_int uploads;

static struct photo_call *own_make(struct call *call)
{
    call->own = must_memory(calloc(1, sizeof(struct photo_call)));
    return call->own;
}

static void upload_begin(struct call *call)
{
    struct photo_call *own = own_make(call);
    own->uploads = atomic_fetch_add(&uploads, 1) < UPLOADS_MAX;
    if (own->uploads)
        return;
    (void)atomic_fetch_sub(&uploads, 1);
    problem_set_photo(&call->problem, PHOTO_AWAY);
}

static void post_check(struct call *call)
{
    call_access_check(call);
    if (!call->problem.kind)
        upload_begin(call);
}

/* Whoever stands before a place's code, or a person's, may send photos with it. */
static void code_check(struct call *call)
{
    int64_t code = qr_check(call);
    call_code_check(call, false);
    if (call->problem.kind)
        return;
    upload_begin(call);
    ((struct photo_call *)call->own)->code = code;
}

static void photo_end(struct call *call)
{
    const struct photo_call *own = call->own;
    if (own && own->uploads)
        must(atomic_fetch_sub(&uploads, 1) > 0);
    free(call->own);
}

static bool post_read(struct call *call)
{
    if (call->body.size)
        return true;
    problem_set_photo(&call->problem, PHOTO_EMPTY);
    return false;
}

/* First the loop is asked whether the code is in force. */
static bool code_read(struct call *call)
{
    const struct photo_call *own = call->own;
    call->aside = false;
    qr_ask(call, own->code);
    return post_read(call);
}

static bool code_again(struct call *call)
{
    const struct photo_call *own = call->own;
    struct arena arena;
    if (call->aside)
        return false;
    arena_init(&arena, QR_ARENA_SIZE);
    call->aside = qr_told(call, own->code, QR_NONE, &arena) != NULL;
    arena_fini(&arena);
    return call->aside;
}

/* A site without a desk answers at once. */
static enum err desk_ask(const struct http_backend *backend, const struct desk_errand *errand)
{
    static const struct envelope none = {.verdict = DESK_NONE, .text = ""};
    if (backend->photos)
        return photo_desk_ask(backend->photos, errand);
    errand->done(errand->self, &none);
    return OK;
}

static enum err post_ask(
        struct call *call, const struct http_backend *backend, const struct local_command *command)
{
    const struct desk_errand errand = {.photo = {(const uint8_t *)call->body.data, call->body.size},
            .done = command->done,
            .self = command->self};
    return desk_ask(backend, &errand);
}

/* A code opens the photos of its report, wherever it comes from. */
static void get_check(struct call *call)
{
    struct photo_call *own = own_make(call);
    const char *report =
            MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, "report");
    int codes = call_header_count(call, CODE_HEADER);
    if (codes && report) {
        call->follows = true;
        call->code = follow_code_read(codes == 1 ? call_header(call, CODE_HEADER) : "");
        if (!call_file(call, FILE_FOLLOW) ||
                !text_copy(own->report, sizeof own->report, report, strlen(report)))
            problem_set(&call->problem, PROBLEM_NO_PHOTO, "name", -1);
    } else {
        call_access_check(call);
    }
    if (!call->problem.kind && !photo_name_read(call->name, own->hash))
        problem_set(&call->problem, PROBLEM_NO_PHOTO, "name", -1);
}

static bool get_read(struct call *call)
{
    (void)call;
    return true;
}

static enum err show_ask(struct call *call,
        const struct http_backend *backend,
        const struct local_command *command,
        bool thumb)
{
    const struct photo_call *own = call->own;
    struct desk_errand errand = {.thumb = thumb,
            .report = call->follows ? own->report : NULL,
            .code = call->code,
            .keys = call_file(call, FILE_FOLLOW),
            .done = command->done,
            .self = command->self};
    memcpy(errand.hash, own->hash, sizeof errand.hash);
    return desk_ask(backend, &errand);
}

static enum err get_ask(
        struct call *call, const struct http_backend *backend, const struct local_command *command)
{
    return show_ask(call, backend, command, false);
}

static enum err thumb_ask(
        struct call *call, const struct http_backend *backend, const struct local_command *command)
{
    return show_ask(call, backend, command, true);
}

/* True when the desk has done it. */
static bool verdict_read(struct call *call)
{
    if (call->verdict >= DESK_FAULT && call->verdict < DESK_FAULT + PHOTO_FAULTS)
        problem_set_photo(&call->problem, (enum photo_fault)(call->verdict - DESK_FAULT));
    else if (call->verdict == DESK_NONE)
        problem_set(&call->problem, PROBLEM_NO_PHOTOS, "", -1);
    else if (call->verdict == DESK_MISSING)
        problem_set(&call->problem, PROBLEM_NO_PHOTO, "name", -1);
    else if (call->verdict != DESK_DONE)
        problem_set_photo(&call->problem, PHOTO_AWAY);
    return !call->problem.kind;
}

static void post_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    struct desk_receipt receipt;
    char name[PHOTO_NAME_SIZE], location[sizeof PATH + PHOTO_NAME_SIZE];
    (void)language;
    if (!verdict_read(call))
        return;
    must(call->reply.size == sizeof receipt);
    memcpy(&receipt, call->reply.data, sizeof receipt);
    photo_name(receipt.hash, name);
    (void)snprintf(location, sizeof location, PATH "/%s", name);
    call_header_add(answer, "Location", location);
    answer->status = MHD_HTTP_CREATED;
    buf_add_format(body,
            "{\"photo\":\"%s\",\"width\":%" PRIu32 ",\"height\":%" PRIu32 ",\"bytes\":%" PRIu32 "}",
            name, receipt.width, receipt.height, receipt.size);
}

/* It is a stranger's picture: nothing in it may run, should a browser take it for a page. */
static void get_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    (void)language;
    if (!verdict_read(call))
        return;
    answer->status = MHD_HTTP_OK;
    answer->type = "image/jpeg";
    call_header_add(answer, "Content-Security-Policy", "default-src 'none'; sandbox");
    buf_add(body, call->reply.data, call->reply.size);
}

const struct way way_photo_post = {.check = post_check,
        .read = post_read,
        .ask = post_ask,
        .answer = post_answer,
        .end = photo_end};
const struct way way_qr_photo = {.check = code_check,
        .read = code_read,
        .ask = post_ask,
        .again = code_again,
        .answer = post_answer,
        .end = photo_end};
const struct way way_photo_get = {.check = get_check,
        .read = get_read,
        .ask = get_ask,
        .answer = get_answer,
        .end = photo_end};
const struct way way_photo_thumb = {.check = get_check,
        .read = get_read,
        .ask = thumb_ask,
        .answer = get_answer,
        .end = photo_end};
