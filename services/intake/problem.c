/* See problem.h. */
#include "services/intake/problem.h"
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

struct problem_text {
    unsigned status;
    const char *name, *en, *zh;
};

static const struct problem_text texts[] = {
#define X(name, status, text, en, zh) [name] = {status, text, en, zh},
        PROBLEM_TABLE(X)
#undef X
};

void problem_set(struct problem *problem, enum problem_kind kind, const char *field, int64_t limit)
{
    *problem = (struct problem){.kind = kind, .limit = limit, .has_limit = limit >= 0};
    (void)text_copy(problem->field, sizeof problem->field, field, strlen(field));
}

void problem_set_fault(struct problem *problem, const struct fault *fault)
{
    must(fault->kind != FAULT_NONE);
    problem_set(problem, PROBLEM_FIELD, fault->field, fault->limit);
    problem->fault = *fault;
    problem->fault.field = NULL; /* may be the sender's own text, which goes; `field` is the copy */
}

void problem_set_reason(struct problem *problem, uint32_t reason)
{
    const char *field = "";
    if (reason == REASON_UNKNOWN_MATTER)
        field = "matter";
    else if (reason == REASON_REPORTER_NOT_YET)
        field = "reporter";
    else if (reason == REASON_TICKET_REUSED || reason == REASON_GONE)
        field = "Idempotency-Key";
    else if (reason == REASON_URGED_LATE || reason == REASON_URGED_OFTEN)
        field = "about";
    else if (reason == REASON_NOT_WORKER || reason == REASON_NOT_ON_THE_SPOT)
        field = "settled";
    else if (reason == REASON_NO_PHOTO)
        field = "photos";
    else if (reason == REASON_EVIDENCE)
        field = "evidence";
    else if (reason == REASON_NOT_STAFF || reason == REASON_UNKNOWN_UNIT)
        field = "to";
    problem_set(problem, PROBLEM_REFUSED, field, -1);
    problem->reason = reason;
}

void problem_set_photo(struct problem *problem, enum photo_fault fault)
{
    problem_set(problem, PROBLEM_PHOTO, "body", photo_fault_limit(fault));
    problem->photo = fault;
}

unsigned problem_status(const struct problem *problem)
{
    must((size_t)problem->kind < sizeof texts / sizeof *texts);
    if (problem->kind == PROBLEM_REFUSED && problem->reason == REASON_NO_DIRECTORY)
        return texts[PROBLEM_BUSY].status;
    if (problem->kind == PROBLEM_PHOTO && problem->photo == PHOTO_LARGE)
        return texts[PROBLEM_BODY_SIZE].status;
    if (problem->kind == PROBLEM_PHOTO && problem->photo == PHOTO_AWAY)
        return texts[PROBLEM_BUSY].status;
    return texts[problem->kind].status;
}

static void sentence_add(struct buf *out, const char *text, int64_t limit)
{
    for (; *text; text++) {
        if (*text == '#')
            buf_add_format(out, "%" PRId64, limit);
        else
            buf_add(out, text, 1);
    }
}

void problem_sentence(const struct problem *problem, const char *language, struct buf *out)
{
    const struct problem_text *text = &texts[problem->kind];
    struct fault fault = problem->fault;
    fault.field = problem->field;
    if (problem->kind == PROBLEM_FIELD)
        fault_text(out, &fault, language);
    else if (problem->kind == PROBLEM_REFUSED)
        buf_add_text(out, report_reason_text(problem->reason, language));
    else if (problem->kind == PROBLEM_PHOTO)
        photo_fault_text(problem->photo, language, out);
    else
        sentence_add(out, strcmp(language, "en") == 0 ? text->en : text->zh, problem->limit);
    if (problem->extra[0])
        buf_add_format(out, " (%s)", problem->extra);
}

static const char *name_of(const struct problem *problem)
{
    if (problem->kind == PROBLEM_FIELD)
        return fault_name(problem->fault.kind);
    if (problem->kind == PROBLEM_REFUSED)
        return report_reason_names[problem->reason];
    if (problem->kind == PROBLEM_PHOTO)
        return photo_fault_name(problem->photo);
    return texts[problem->kind].name;
}

void problem_format(const struct problem *problem, const char *language, struct buf *out)
{
    BUF_OWNED detail = {0};
    BUF_OWNED type = {0};
    problem_sentence(problem, language, &detail);
    buf_add_format(&type, "urn:huying:problem:%s", name_of(problem));
    json_t *object = json_pack("{s:s, s:s, s:i, s:s}", "type", type.data, "title", name_of(problem),
            "status", (int)problem_status(problem), "detail", detail.data);
    must(object);
    if (problem->field[0])
        (void)json_object_set_new(object, "field", json_string(problem->field));
    if (problem->has_limit)
        (void)json_object_set_new(object, "limit", json_integer(problem->limit));
    char *text = must_memory(json_dumps(object, JSON_COMPACT));
    buf_add_text(out, text);
    free(text);
    json_decref(object);
}
