/* Codes that people scan, without a token of theirs and from anywhere: the sticker's own token is
 * authority enough. GET /v1/qr/TOKEN says what the code is for. POST …/reports files a report at a
 * place, …/help calls for help for a person, as urgent and to the helper's unit; …/card shows the
 * person's card to a helper who gives his key. Each asks the loop first what the code is, so that
 * neither place nor matter is the sender's to say. */
#include "services/intake/way_qr.h"
#include <inttypes.h>
#include <jansson.h>
#include <microhttpd.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "services/intake/codec_person.h"
#include "services/intake/form.h"
#include "services/intake/hotline/codec.h"
#include "services/intake/person.h"
#include "services/intake/way_report.h"
#include "services/kernel/base/log.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define HELPER_HEADER "Huying-Helper" /* no part of the address: those are in logs */
#define MILLION 1e6
#define PATH_SIZE (ROUTE_NAME_SIZE + 32)

struct qr_call {
    int64_t id;
    bool told; /* the loop has said what the code is */
    struct follow_code key;
    char staff[ACTOR_SIZE];
};

/* Of the site, not of the browser: handlers read it, with the number by which they know whom. */
static const char *const help_words[] = {
        "有人扫码求助（%s）。", "Somebody scanned the code %s for help. "};
static const char *const person_words[] = {
        "这里可能有人需要帮助。呼叫后会立即通知帮扶人；危及生命时请同时拨打 120、110 或 119。",
        "Somebody here may need help. Whoever helps is told at once; in danger of life call 120, "
        "110 or 119 as well."};
static const char *const called_words[] = {
        "已通知帮扶人，请尽量留在附近。危及生命时请同时拨打 120、110 或 119。",
        "Help has been called. Stay near if you can; in danger of life call 120, 110 or 119 as "
        "well."};

static const char *word(const char *const words[2], const char *language)
{
    return words[strcmp(language, "en") == 0];
}

int64_t qr_check(struct call *call)
{
    const struct follow_keys *keys = call_file(call, FILE_FOLLOW);
    int64_t id = keys ? qr_token_read(keys, call->name) : 0;
    if (id)
        (void)snprintf(call->peer, sizeof call->peer, QR_SOURCE "%" PRId64, id);
    else
        problem_set(&call->problem, PROBLEM_QR, "token", -1);
    return id;
}

void qr_ask(struct call *call, int64_t id)
{
    call->type = INTAKE_QR_CODES;
    qr_query_encode(id, 1, &call->payload);
}

const struct qr_code *qr_told(struct call *call, int64_t id, enum qr_kind kind, struct arena *arena)
{
    struct qr_code *list = arena_array(arena, struct qr_code, QR_CODES_MAX);
    size_t count = 0;
    if (call->verdict >= REPLY_FAILED ||
            qr_codes_decode(call_reply(call), arena, list, &count) != OK)
        problem_set(&call->problem, PROBLEM_BUSY, "", -1);
    else if (!count || list[0].id != id)
        problem_set(&call->problem, PROBLEM_QR, "token", -1);
    else if (list[0].withdrawn || !list[0].matter_count)
        problem_set(&call->problem, PROBLEM_QR_GONE, "token", -1);
    else if (kind && list[0].kind != kind)
        problem_set(&call->problem, PROBLEM_QR_KIND, "token", -1);
    return call->problem.kind ? NULL : &list[0];
}

int64_t qr_begin(struct call *call)
{
    struct qr_call *own = must_memory(calloc(1, sizeof *own));
    own->id = qr_check(call);
    call->own = own;
    return own->id;
}

static void get_check(struct call *call)
{
    (void)qr_begin(call);
}

static bool code_read(struct call *call)
{
    qr_ask(call, ((const struct qr_call *)call->own)->id);
    return true;
}

static void own_end(struct call *call)
{
    if (call->own)
        sodium_memzero(call->own, sizeof(struct qr_call));
    if (call->reply.size)
        sodium_memzero(call->reply.data, call->reply.size); /* it may be a card */
    free(call->own);
}

static void object_write(json_t *object, struct buf *out)
{
    char *text = must_memory(json_dumps(must_memory(object), JSON_COMPACT));
    buf_add_text(out, text);
    free(text);
    json_decref(object);
}

static json_t *matters_json(const struct qr_code *code)
{
    json_t *list = must_memory(json_array());
    for (size_t i = 0; i < code->matter_count; i++)
        must(json_array_append_new(list,
                     json_pack("{s:s, s:s, s:s}", "code", code->matters[i].code, "name_zh",
                             code->matters[i].name_zh, "name_en", code->matters[i].name_en)) == 0);
    return list;
}

static json_t *degrees_json(const struct qr_code *code, int32_t millionths)
{
    return code->has_point ? json_real(millionths / MILLION) : json_null();
}

/* Of a person nothing but that there is one: whoever scans is anybody. */
static json_t *code_json(const struct qr_code *code, const char *token, const char *language)
{
    static const char *const posts[] = {[QR_PLACE] = "reports", [QR_PERSON] = "help"};
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "/v1/qr/%s/%s", token, posts[code->kind]);
    if (code->kind == QR_PERSON)
        return json_pack("{s:s, s:s, s:s, s:[s, s, s, s, s, s]}", "kind", "person", "text",
                word(person_words, language), "post", path, "fields", "text", "longitude",
                "latitude", "coordinates", "caller", "photos");
    const char *unit = strcmp(language, "en") == 0 ? code->unit_en : code->unit_zh;
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:[s, s, s, s]}", "kind", "place",
            "name", code->name, "unit", code->unit_code, "unit_name", unit, "longitude",
            degrees_json(code, code->spot.east), "latitude", degrees_json(code, code->spot.north),
            "matters", matters_json(code), "post", path, "fields", "matter", "text", "caller",
            "photos");
}

static void get_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    const struct qr_call *own = call->own;
    struct arena arena;
    arena_init(&arena, QR_ARENA_SIZE);
    const struct qr_code *code = qr_told(call, own->id, QR_NONE, &arena);
    if (code) {
        answer->status = MHD_HTTP_OK;
        object_write(code_json(code, call->name, language), body);
    }
    arena_fini(&arena);
}

static void post_check(struct call *call)
{
    (void)qr_begin(call);
    if (!call->problem.kind)
        call_code_check(call, false);
    if (!call->problem.kind)
        call_json_check(call);
    if (!call->problem.kind)
        call_key_check(call);
}

static void help_lead(const char *ref, struct buf *out)
{
    const char *words = word(help_words, intake_language()), *hole = strstr(words, "%s");
    buf_add(out, words, (size_t)(hole - words));
    buf_add_text(out, ref);
    buf_add_text(out, hole + 2);
}

/* The report, as the code and whoever scanned it say. */
static bool code_again(struct call *call, enum qr_kind kind, uint32_t type)
{
    struct qr_call *own = call->own;
    struct arena arena;
    BUF_OWNED lead = {0};
    if (own->told)
        return false;
    arena_init(&arena, QR_ARENA_SIZE);
    const struct qr_code *told = qr_told(call, own->id, kind, &arena);
    own->told = true;
    if (told && kind == QR_PERSON)
        help_lead(told->ref, &lead);
    if (told) {
        const struct form_code code = {.help = kind == QR_PERSON,
                .matters = told->matters,
                .matter_count = told->matter_count,
                .has_point = told->has_point,
                .longitude = told->spot.east / MILLION,
                .latitude = told->spot.north / MILLION,
                .unit_code = told->unit_code,
                .text = lead.size ? lead.data : ""};
        buf_reset(&call->payload);
        call->commands = true;
        call->type = type;
        (void)form_read_code(
                call->body.data, call->body.size, call->key, &code, &call->payload, &call->problem);
    }
    arena_fini(&arena);
    return !call->problem.kind;
}

static bool report_again(struct call *call)
{
    return code_again(call, QR_PLACE, INTAKE_SUBMIT);
}

static bool help_again(struct call *call)
{
    return code_again(call, QR_PERSON, INTAKE_QR_HELP);
}

static void code_take(
        struct call *call, const struct envelope *reply, const struct directory *directory)
{
    if (call->commands)
        receipt_take(call, reply, directory);
}

/* Whoever calls when as many have called as can be kept is told that help comes: so it does. Nobody
 * gets the code by which a case is followed: what became of a person is not for passers-by. */
static void help_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    struct hotline_receipt receipt = {.number = ""};
    struct arena arena;
    arena_init(&arena, QR_ARENA_SIZE);
    bool called = receipt_read(call, &arena, &receipt);
    bool often =
            call->problem.kind == PROBLEM_REFUSED && call->problem.reason == REASON_URGED_OFTEN;
    arena_fini(&arena);
    if (!called && !often)
        return;
    call->problem = (struct problem){.kind = PROBLEM_NONE};
    bool first = called && receipt.result == HOTLINE_ACCEPTED;
    answer->status = first ? MHD_HTTP_CREATED : MHD_HTTP_OK;
    object_write(json_pack("{s:b, s:b, s:s*, s:s}", "called", 1, "again", !first, "number",
                         called ? receipt.number : NULL, "text", word(called_words, language)),
            body);
}

/* "STAFF KEY": one field, which nobody logs. */
static void helper_check(struct call *call)
{
    (void)qr_begin(call);
    struct qr_call *own = call->own;
    const char *given = call_header(call, HELPER_HEADER);
    const char *space = given ? strchr(given, ' ') : NULL;
    if (!call->problem.kind)
        call_code_check(call, true);
    if (!call->problem.kind)
        call_json_check(call);
    if (call->problem.kind)
        return;
    if (call_header_count(call, HELPER_HEADER) == 1 && space && space - given < ACTOR_SIZE) {
        (void)text_copy(own->staff, sizeof own->staff, given, (size_t)(space - given));
        own->key = follow_code_read(space + 1);
    }
}

/* {"why": "…"} as the loop wants it; false: the problem says what is wrong. */
static bool why_read(struct call *call, int64_t id)
{
    json_t *object = form_object(call->body.data, call->body.size, &call->problem);
    if (!object)
        return false;
    const json_t *value = json_object_get(object, "why");
    const char *why = json_string_value(value);
    const struct person_request request = {.id = id, .number = "", .why = why ? why : ""};
    struct fault fault = person_request_check(&request);
    if (value && !why)
        fault = (struct fault){FAULT_TYPE, "why", 0};
    if (json_object_size(object) > (value ? 1 : 0))
        fault = (struct fault){FAULT_UNKNOWN_FIELD, "body", 0};
    if (fault.kind)
        problem_set_fault(&call->problem, &fault);
    else
        person_request_encode(id, "", why, &call->payload);
    json_decref(object);
    return !call->problem.kind;
}

/* The helper of that name as the code has him now, or nobody: either takes as long. */
static bool helper_fits(const struct call *call, const struct qr_code *code)
{
    const struct qr_call *own = call->own;
    int at = qr_helper_find(code->helpers, code->helper_count, own->staff);
    return qr_helper_key_fits(
            call_file(call, FILE_FOLLOW), own->id, at >= 0 ? &code->helpers[at] : NULL, &own->key);
}

static bool card_again(struct call *call)
{
    struct qr_call *own = call->own;
    struct arena arena;
    if (own->told)
        return false;
    arena_init(&arena, QR_ARENA_SIZE);
    const struct qr_code *code = qr_told(call, own->id, QR_PERSON, &arena);
    own->told = true;
    if (code && !helper_fits(call, code)) {
        problem_set(&call->problem, PROBLEM_HELPER, HELPER_HEADER, -1);
        log_warn("INTAKE-QR-HELPER-REFUSED",
                "code=%" PRId64 " what=\"somebody tried to open a card with a wrong key\"",
                own->id);
    }
    arena_fini(&arena);
    buf_reset(&call->payload);
    if (call->problem.kind || !why_read(call, own->id))
        return false;
    call->commands = true;
    call->type = INTAKE_SEE_PERSON;
    memcpy(call->actor, own->staff, sizeof call->actor);
    return true;
}

static void card_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    struct hotline_receipt refusal;
    struct kept_person *list = NULL;
    size_t count = 0;
    struct arena arena;
    (void)language;
    arena_init(&arena, QR_ARENA_SIZE);
    if (call->verdict != VERDICT_APPLIED) {
        (void)receipt_read(call, &arena, &refusal);
    } else if (callers_decode(call_reply(call), &arena, &list, &count) != OK || !count) {
        problem_set(&call->problem, PROBLEM_BUSY, "", -1);
    } else {
        const struct kept_person *card = &list[0];
        answer->status = MHD_HTTP_OK;
        object_write(json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", card->person.name, "address",
                             card->person.address, "contact", card->contact, "phone",
                             card->person.phone, "helps", card->text),
                body);
    }
    arena_fini(&arena);
}

const struct way way_qr_get = {
        .check = get_check, .read = code_read, .answer = get_answer, .end = own_end};
const struct way way_qr_report = {.check = post_check,
        .read = code_read,
        .take = code_take,
        .again = report_again,
        .answer = receipt_answer,
        .end = own_end};
const struct way way_qr_help = {.check = post_check,
        .read = code_read,
        .again = help_again,
        .answer = help_answer,
        .end = own_end};
const struct way way_qr_card = {.check = helper_check,
        .read = code_read,
        .again = card_again,
        .answer = card_answer,
        .end = own_end};
