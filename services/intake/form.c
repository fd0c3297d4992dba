/* See form.h. jansson reads strictly (duplicate keys, NUL, lone surrogates, trailing bytes and a
 * BOM are its errors); what it says is turned into problems that name field and limit. */
#include "services/intake/form.h"
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include "services/intake/check.h"
#include "services/intake/form_caller.h"
#include "services/intake/clean.h"
#include "services/intake/hotline/codec.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define CLEAN_SIZE_MAX (1 << 20) /* of a body's cleaned texts, to see whether they fit */

struct form {
    struct hotline_report report;
    struct hotline_caller caller;
    struct submission submission; /* the same, for the check */
    int points;                   /* coordinates given */
};

/* Fields of a body that was sent with a code: of a place's, of a call for help. */
static const char *const code_fields[2][7] = {{"matter", "text", "photos", "caller", NULL},
        {"text", "photos", "caller", "longitude", "latitude", "coordinates", NULL}};

static void json_owned_free(json_t **json)
{
    json_decref(*json);
}

#define JSON_OWNED __attribute__((cleanup(json_owned_free))) json_t

static enum problem_kind problem_of(enum json_error_code code)
{
    switch (code) {
    case json_error_stack_overflow:
        return PROBLEM_JSON_DEEP;
    case json_error_duplicate_key:
        return PROBLEM_JSON_KEYS;
    case json_error_numeric_overflow:
        return PROBLEM_JSON_NUMBER;
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return PROBLEM_JSON_NUL;
    case json_error_invalid_utf8:
        return PROBLEM_JSON_UTF8;
    case json_error_unknown:
    case json_error_out_of_memory:
    case json_error_cannot_open_file:
    case json_error_invalid_argument:
    case json_error_premature_end_of_input:
    case json_error_end_of_input_expected:
    case json_error_invalid_syntax:
    case json_error_invalid_format:
    case json_error_wrong_type:
    case json_error_null_value:
    case json_error_item_not_found:
    case json_error_index_out_of_range:
        break;
    }
    return PROBLEM_JSON;
}

static void json_problem(const json_error_t *error, struct problem *ret)
{
    enum problem_kind kind = problem_of(json_error_code(error));
    int64_t limit = kind == PROBLEM_JSON_DEEP   ? JSON_PARSER_MAX_DEPTH
                    : kind == PROBLEM_JSON_KEYS ? 1
                    : kind == PROBLEM_JSON_NUL  ? 0
                                                : -1;
    problem_set(ret, kind, "body", limit);
    (void)snprintf(ret->extra, sizeof ret->extra, "line %d, column %d", error->line, error->column);
}

static struct fault text_read(const json_t *value, const char *field, const char **ret)
{
    if (!json_is_string(value))
        return (struct fault){FAULT_TYPE, field, 0};
    *ret = json_string_value(value);
    return (struct fault){FAULT_NONE, field, 0};
}

static struct fault number_read(const json_t *value, const char *field, double *ret)
{
    if (!json_is_number(value))
        return (struct fault){FAULT_TYPE, field, 0};
    *ret = json_number_value(value);
    return (struct fault){FAULT_NONE, field, 0};
}

static struct fault instant_read(const json_t *value, const char *field, int64_t *ret)
{
    if (!json_is_string(value))
        return (struct fault){FAULT_TYPE, field, 0};
    if (!instant_parse(json_string_value(value), ret))
        return (struct fault){FAULT_TIME_FORMAT, field, INSTANT_SIZE - 1};
    return (struct fault){FAULT_NONE, field, 0};
}

static struct fault codes_read(const json_t *value, struct form *form)
{
    const char *field = "unit_codes";
    if (!json_is_array(value))
        return (struct fault){FAULT_TYPE, field, 0};
    size_t count = json_array_size(value);
    if (count > UNIT_CODES_MAX)
        return (struct fault){FAULT_MANY, field, UNIT_CODES_MAX};
    for (size_t i = 0; i < count; i++) {
        struct fault fault =
                text_read(json_array_get(value, i), field, &form->report.unit_codes[i]);
        if (fault.kind)
            return fault;
    }
    form->report.unit_code_count = count;
    return (struct fault){FAULT_NONE, field, 0};
}

static struct fault intent_read(const json_t *value, struct form *form)
{
    const char *text = json_string_value(value);
    if (!text)
        return (struct fault){FAULT_TYPE, "intent", 0};
    enum intent intent = intent_find(text);
    if (intent == INTENT_COUNT)
        return (struct fault){FAULT_INTENT, "intent", 0};
    form->report.intent = (enum hotline_intent)intent;
    return (struct fault){FAULT_NONE, "intent", 0};
}

static struct fault flag_read(const json_t *value, const char *field, bool *ret)
{
    if (!json_is_boolean(value))
        return (struct fault){FAULT_TYPE, field, 0};
    *ret = json_is_true(value);
    return (struct fault){FAULT_NONE, field, 0};
}

/* As the catalogue writes it. */
static struct fault evidence_read(const json_t *value, struct form *form)
{
    struct evidence list[EVIDENCE_MAX];
    int count = 0;
    const char *text = json_string_value(value);
    if (!text)
        return (struct fault){FAULT_TYPE, "evidence", 0};
    if (!evidence_parse(text, list, &count))
        return (struct fault){FAULT_EVIDENCE, "evidence", EVIDENCE_TIMES_MAX};
    for (int i = 0; i < count; i++)
        form->report.evidence[i] =
                (struct hotline_evidence){EVIDENCE_WORDS[list[i].kind], list[i].count};
    form->report.evidence_count = (size_t)count;
    return (struct fault){FAULT_NONE, "evidence", 0};
}

static struct fault coordinates_read(const json_t *value, struct form *form)
{
    const char *text = json_string_value(value);
    if (!text)
        return (struct fault){FAULT_TYPE, "coordinates", 0};
    enum coordinates coordinates = coordinates_find(text);
    if (coordinates == COORDINATES_COUNT)
        return (struct fault){FAULT_COORDINATES, "coordinates", 0};
    form->report.coordinates = (enum hotline_coordinates)coordinates;
    return (struct fault){FAULT_NONE, "coordinates", 0};
}

static struct fault photos_read(const json_t *value, struct form *form)
{
    const char *field = "photos";
    if (!json_is_array(value))
        return (struct fault){FAULT_TYPE, field, 0};
    size_t count = json_array_size(value);
    if (count > PHOTOS_MAX)
        return (struct fault){FAULT_MANY, field, PHOTOS_MAX};
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(value, i));
        if (!name || !photo_name_read(name, form->report.photos[i]))
            return (struct fault){FAULT_PHOTO, field, PHOTO_HASH_SIZE};
    }
    form->report.photo_count = count;
    return (struct fault){FAULT_NONE, field, 0};
}

/* What came to a report later: who asks, and what a grid worker has done. */
static struct fault wish_read(const char *name, const json_t *value, struct form *form)
{
    if (strcmp(name, "intent") == 0)
        return intent_read(value, form);
    if (strcmp(name, "about") == 0)
        return text_read(value, "about", &form->report.about);
    if (strcmp(name, "to") == 0)
        return text_read(value, "to", &form->report.to);
    if (strcmp(name, "settled") == 0)
        return flag_read(value, "settled", &form->report.settled);
    if (strcmp(name, "wants_progress") == 0)
        return flag_read(value, "wants_progress", &form->report.wants_progress);
    if (strcmp(name, "evidence") == 0)
        return evidence_read(value, form);
    if (strcmp(name, "join") == 0)
        return text_read(value, "join", &form->report.join);
    if (strcmp(name, "coordinates") == 0)
        return coordinates_read(value, form);
    if (strcmp(name, "photos") == 0)
        return photos_read(value, form);
    if (strcmp(name, "caller") == 0) {
        form->report.caller = &form->caller;
        return caller_read(value, &form->caller);
    }
    return (struct fault){FAULT_UNKNOWN_FIELD, name, 0};
}

static struct fault member_read(const char *name, const json_t *value, struct form *form)
{
    if (strcmp(name, "matter") == 0)
        return text_read(value, "matter", &form->report.matter);
    if (strcmp(name, "text") == 0)
        return text_read(value, "text", &form->report.text);
    if (strcmp(name, "unit_codes") == 0)
        return codes_read(value, form);
    if (strcmp(name, "reported_at") == 0)
        return instant_read(value, "reported_at", &form->report.reported_ms);
    if (strcmp(name, "promised_at") == 0)
        return instant_read(value, "promised_at", &form->report.promised_ms);
    if (strcmp(name, "reporter") == 0)
        return text_read(value, "reporter", &form->submission.reporter);
    bool longitude = strcmp(name, "longitude") == 0;
    if (!longitude && strcmp(name, "latitude") != 0)
        return wish_read(name, value, form);
    form->points++;
    return number_read(value, longitude ? "longitude" : "latitude",
            longitude ? &form->report.longitude : &form->report.latitude);
}

static struct fault form_check(struct form *form)
{
    struct submission *submission = &form->submission;
    const struct hotline_report *report = &form->report;
    if (form->points == 1)
        return (struct fault){FAULT_PAIR, "longitude", 2};
    if (*submission->reporter) /* the contract's encoder has no such field, so it is refused here */
        return (struct fault){FAULT_UNKNOWN_FIELD, "reporter", 0};
    submission->ticket = report->ticket;
    submission->matter = report->matter;
    submission->text = report->text;
    submission->has_point = form->points == 2;
    submission->longitude = report->longitude;
    submission->latitude = report->latitude;
    submission->coordinates = (enum coordinates)report->coordinates;
    submission->unit_code_count = report->unit_code_count;
    memcpy(submission->unit_codes, report->unit_codes, sizeof submission->unit_codes);
    submission->reported_ms = report->reported_ms;
    submission->promised_ms = report->promised_ms;
    submission->intent = (enum intent)report->intent;
    submission->about = report->about;
    submission->to = report->to;
    submission->join = report->join;
    submission->settled = report->settled;
    struct arena arena;
    arena_init(&arena, CLEAN_SIZE_MAX);
    struct fault fault = submission_tidy(submission, &arena);
    if (!fault.kind)
        fault = submission_check(submission, "Idempotency-Key");
    arena_fini(&arena);
    return fault;
}

/* What the code says, and what only together with it is a report; `words` outlives the form. */
static struct fault code_apply(const struct form_code *code, struct form *form, struct buf *words)
{
    struct hotline_report *report = &form->report;
    size_t at = 0;
    must(code->matter_count > 0);
    while (*report->matter && at < code->matter_count &&
            strcmp(code->matters[at].code, report->matter) != 0)
        at++;
    if (at == code->matter_count)
        return (struct fault){FAULT_MATTERS, "matter", (int64_t)code->matter_count};
    report->matter = code->matters[at].code;
    if (*code->text) {
        buf_add_text(words, code->text);
        buf_add_text(words, report->text);
        report->text = words->data;
    }
    if (*code->unit_code)
        report->unit_codes[report->unit_code_count++] = code->unit_code;
    if (code->has_point) {
        report->longitude = code->longitude;
        report->latitude = code->latitude;
        form->points = 2;
    }
    return (struct fault){FAULT_NONE, "", 0};
}

static bool code_leaves(const struct form_code *code, const char *name)
{
    const char *const *fields = code_fields[code->help];
    while (*fields && strcmp(*fields, name) != 0)
        fields++;
    return *fields;
}

json_t *form_object(const char *body, size_t size, struct problem *ret_problem)
{
    json_error_t error;
    json_t *object = json_loadb(size ? body : "", size, JSON_REJECT_DUPLICATES, &error);
    if (!object) {
        json_problem(&error, ret_problem);
    } else if (!json_is_object(object)) {
        problem_set(ret_problem, PROBLEM_JSON, "body", -1);
        json_decref(object);
        object = NULL;
    }
    return object;
}

bool form_read_code(const char *body,
        size_t size,
        const char *key,
        const struct form_code *code,
        struct buf *out,
        struct problem *ret_problem)
{
    JSON_OWNED *object = form_object(body, size, ret_problem);
    if (!object)
        return false;
    struct form form = {.report = {.ticket = key, .matter = "", .text = "", .about = "", .to = ""},
            .submission = {.reporter = ""}};
    BUF_OWNED words = {0};
    const char *name;
    json_t *value;
    struct fault fault = {FAULT_NONE, "", 0};
    json_object_foreach(object, name, value)
    {
        fault = member_read(name, value, &form);
        if (!fault.kind && code && !code_leaves(code, name))
            fault = (struct fault){FAULT_FIXED, name, 0};
        if (fault.kind)
            break;
    }
    if (!fault.kind && code)
        fault = code_apply(code, &form, &words);
    if (!fault.kind)
        fault = form_check(&form);
    if (fault.kind) {
        problem_set_fault(ret_problem, &fault);
        if (*form.submission.reporter && strcmp(fault.field, "reporter") == 0)
            problem_set_reason(ret_problem, REASON_REPORTER_NOT_YET);
        return false;
    }
    hotline_report_encode(&form.report, out);
    return true;
}

bool form_read(const char *body,
        size_t size,
        const char *key,
        struct buf *out,
        struct problem *ret_problem)
{
    return form_read_code(body, size, key, NULL, out, ret_problem);
}

static void object_write(json_t *object, struct buf *out)
{
    char *text = must_memory(json_dumps(must_memory(object), JSON_COMPACT));
    buf_add_text(out, text);
    free(text);
    json_decref(object);
}

/* Who called, masked; NULL when nobody is kept. */
static json_t *cards_json(const struct report_view *view)
{
    json_t *cards = view->card_count ? must_memory(json_array()) : NULL;
    for (size_t i = 0; i < view->card_count; i++)
        must(json_array_append_new(cards, json_string(view->cards[i])) == 0);
    return cards;
}

/* An instant or, where there is none, null. */
static json_t *instant_json(int64_t at_ms, int utc_offset_s)
{
    char text[INSTANT_SIZE];
    if (!at_ms)
        return json_null();
    instant_format(text, at_ms, utc_offset_s);
    return json_string(text);
}

void form_receipt(
        const struct hotline_receipt *receipt, int utc_offset_s, const char *code, struct buf *out)
{
    char id[24];
    (void)snprintf(id, sizeof id, "%" PRId64, receipt->case_id);
    object_write(
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s*}", "id", id, "number",
                    receipt->number, "state", report_state_names[REPORT_ACCEPTED], "unit",
                    receipt->unit_code, "level", receipt->level, "placed",
                    placed_name((enum placed)receipt->placed), "accepted_at",
                    instant_json(receipt->accepted_ms, utc_offset_s), "code", *code ? code : NULL),
            out);
}

/* Whether something can be said of the outcome; after "given" it may still be thought better of. */
static const char *follow_up_word(const struct report_view *view)
{
    bool ended = report_state_find(view->state) > REPORT_ACCEPTED;
    return !ended ? "not_yet" : view->followed_up ? "given" : "open";
}

/* What he wanted, when it was something else than that something be done. */
static const char *intent_said(const struct report_view *view)
{
    return strcmp(view->intent, intent_word(INTENT_REPORT)) == 0 ? NULL : view->intent;
}

static json_t *steps_json(const struct report_view *view, int utc_offset_s)
{
    json_t *steps = must_memory(json_array());
    for (size_t i = 0; i < view->step_count; i++)
        must(json_array_append_new(
                     steps, json_pack("{s:s, s:o}", "step", view->steps[i].step, "at",
                                    instant_json(view->steps[i].at_ms, utc_offset_s))) == 0);
    return steps;
}

void form_follow(const struct report_view *view, const struct form_place *place, struct buf *out)
{
    int offset = place->utc_offset_s;
    object_write(
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:I, s:I, s:I, s:s, s:o, "
                      "s:s*}",
                    "number", view->number, "state", view->state, "unit", place->unit_code,
                    "unit_name", place->unit_name, "level", place->level, "placed",
                    placed_name(view->placed), "accepted_at",
                    instant_json(view->accepted_ms, offset), "promised_at",
                    instant_json(view->promised_ms, offset), "ended_at",
                    instant_json(view->ended_ms, offset), "outcome", view->outcome, "round",
                    (json_int_t)view->round, "reported", (json_int_t)view->reported, "urged",
                    (json_int_t)view->urged, "follow_up", follow_up_word(view), "steps",
                    steps_json(view, offset), "intent", intent_said(view)),
            out);
}

void form_view(const struct report_view *view, const struct form_place *place, struct buf *out)
{
    char id[24];
    (void)snprintf(id, sizeof id, "%" PRId64, view->id);
    int offset = place->utc_offset_s;
    object_write(
            json_pack(
                    "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:I, s:s*, "
                    "s:o*}",
                    "id", id, "number", view->number, "state", view->state, "source", view->source,
                    "source_ref", view->source_ref, "matter", view->matter, "unit",
                    place->unit_code, "level", place->level, "placed", placed_name(view->placed),
                    "accepted_at", instant_json(view->accepted_ms, offset), "promised_at",
                    instant_json(view->promised_ms, offset), "ended_at",
                    instant_json(view->ended_ms, offset), "outcome", view->outcome, "reported",
                    (json_int_t)view->reported, "intent", intent_said(view), "callers",
                    cards_json(view)),
            out);
}
