/* POST /v1/reports and GET /v1/reports/ID: a report as JSON, its receipt, and what has become of
 * it; with a code instead of a token, what a resident may see. */
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <string.h>
#include "services/intake/call.h"
#include "services/intake/codec.h"
#include "services/intake/form.h"
#include "services/intake/hotline/codec.h"
#include "services/intake/way_report.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define PATH "/v1/reports"
#define CODE_HEADER "Huying-Code" /* no part of the address: those are in logs */
#define ARENA_SIZE (256 << 10)    /* to read one reply */

/* One answer for a wrong number, a wrong code and what is neither. */
static void missing_set(struct call *call)
{
    if (call->follows)
        problem_set(&call->problem, PROBLEM_FOLLOW, CODE_HEADER, -1);
    else
        problem_set(&call->problem, PROBLEM_REPORT, "id", -1);
}

/* The code is authority enough, wherever it comes from: whoever has it is a resident with a phone,
 * who has no token and is not on this machine. It opens one report, to be read, masked. A code that
 * cannot be read is asked about like another, so that it is not told apart by its time. */
static void follow_check(struct call *call, int codes)
{
    call->follows = true;
    if (codes == 1)
        call->code = follow_code_read(call_header(call, CODE_HEADER));
    if (!call_file(call, FILE_FOLLOW))
        missing_set(call);
}

static void post_check(struct call *call)
{
    call_access_check(call);
    if (!call->problem.kind)
        call_json_check(call);
    if (!call->problem.kind)
        call_key_check(call);
}

static void get_check(struct call *call)
{
    int codes = call_header_count(call, CODE_HEADER);
    if (codes)
        follow_check(call, codes);
    else
        call_access_check(call);
}

static bool post_read(struct call *call)
{
    call->commands = true;
    call->type = INTAKE_SUBMIT;
    return form_read(call->body.data, call->body.size, call->key, &call->payload, &call->problem);
}

static bool get_read(struct call *call)
{
    errno = 0;
    bool digits = strspn(call->name, "0123456789") == strlen(call->name);
    long long id = digits ? strtoll(call->name, NULL, 10) : 0;
    if (digits && (errno || id <= 0)) {
        missing_set(call);
        return false;
    }
    call->type = call->follows ? INTAKE_FOLLOW : INTAKE_REPORT;
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
    const struct unit *unit = unit_find(directory, unit_id);
    if (!unit)
        return;
    const char *level = level_name(unit->level);
    (void)text_copy(call->unit_code, sizeof call->unit_code, unit->code, strlen(unit->code));
    (void)text_copy(call->level, sizeof call->level, level, strlen(level));
    const char *const names[] = {unit->name_zh, unit->name_en};
    for (size_t i = 0; i < 2; i++)
        (void)text_copy(
                call->unit_names[i], sizeof call->unit_names[i], names[i], strlen(names[i]));
}

void receipt_take(
        struct call *call, const struct envelope *reply, const struct directory *directory)
{
    const struct follow_keys *follow = call_file(call, FILE_FOLLOW);
    struct hotline_receipt receipt;
    struct arena arena;
    (void)directory;
    arena_init(&arena, ARENA_SIZE);
    if (follow && hotline_receipt_decode(reply->payload, &arena, &receipt) == OK &&
            receipt.result != HOTLINE_REFUSED && receipt.case_id > 0)
        follow_code_make(follow, receipt.case_id, call->made_code);
    arena_fini(&arena);
}

/* Of a report that is not there the code is counted all the same. */
static void get_take(
        struct call *call, const struct envelope *reply, const struct directory *directory)
{
    const struct follow_keys *follow = call_file(call, FILE_FOLLOW);
    struct report_view view = {0};
    struct arena arena;
    arena_init(&arena, ARENA_SIZE);
    bool found = report_view_decode(reply->payload, &arena, &view) == OK;
    if (found)
        place_take(call, view.unit, directory);
    if (call->follows && follow)
        call->fits = follow_code_fits(follow, view.id, &call->code) && found;
    arena_fini(&arena);
}

/* The sentence of the rule is made again in the caller's language; what the receipt says behind it,
 * which evidence is missing, is kept. */
static void refused_answer(struct call *call, const struct hotline_receipt *receipt)
{
    uint32_t reason = report_reason_find(receipt->reason);
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

bool receipt_read(struct call *call, struct arena *arena, struct hotline_receipt *ret)
{
    if (call->verdict == VERDICT_NOT_FOUND) { /* the kernel's: its data has gone */
        problem_set_reason(&call->problem, REASON_GONE);
        return false;
    }
    if (call->verdict >= REPLY_FAILED || hotline_receipt_decode(call_reply(call), arena, ret)) {
        problem_set(&call->problem, PROBLEM_BUSY, "", -1);
        return false;
    }
    if (ret->result == HOTLINE_REFUSED)
        refused_answer(call, ret);
    return ret->result != HOTLINE_REFUSED;
}

void receipt_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    struct hotline_receipt receipt;
    struct arena arena;
    char location[64];
    (void)language;
    arena_init(&arena, ARENA_SIZE);
    if (receipt_read(call, &arena, &receipt)) {
        (void)snprintf(location, sizeof location, PATH "/%" PRId64, receipt.case_id);
        call_header_add(answer, "Location", location);
        answer->status = receipt.result == HOTLINE_ACCEPTED ? MHD_HTTP_CREATED : MHD_HTTP_OK;
        form_receipt(&receipt, call->utc_offset_s, call->made_code, body);
    }
    arena_fini(&arena);
}

/* A token sees its own reports, a code its one; to them, others do not exist. */
static void view_answer(struct call *call,
        const char *language,
        struct arena *arena,
        struct call_answer *answer,
        struct buf *body)
{
    struct report_view view;
    enum err err = call->verdict >= REPLY_FAILED
                           ? ERR_TRANSIENT
                           : report_view_decode(call_reply(call), arena, &view);
    if (err == OK && call->has_token && !report_view_own(&view, call->peer))
        err = ERR_NOT_FOUND;
    if (err == OK && call->follows && !call->fits)
        err = ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND || (err == OK && view.id == 0)) {
        missing_set(call);
        return;
    }
    if (err) {
        problem_set(&call->problem, PROBLEM_BUSY, "", -1);
        return;
    }
    const char *name = call->unit_names[strcmp(language, "en") == 0];
    const struct form_place place = {call->unit_code, name, call->level, call->utc_offset_s};
    answer->status = MHD_HTTP_OK;
    if (call->follows)
        form_follow(&view, &place, body);
    else
        form_view(&view, &place, body);
}

static void get_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    struct arena arena;
    arena_init(&arena, ARENA_SIZE);
    view_answer(call, language, &arena, answer, body);
    arena_fini(&arena);
}

const struct way way_report_post = {
        .check = post_check, .read = post_read, .take = receipt_take, .answer = receipt_answer};
const struct way way_report_get = {
        .check = get_check, .read = get_read, .take = get_take, .answer = get_answer};
