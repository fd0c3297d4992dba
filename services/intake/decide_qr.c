/* See decide_qr.h. A code is made once, under a ticket, and stays where it is: another place is
 * another code. What changes is the card, who helps, and that it is withdrawn. */
#include "services/intake/decide_qr.h"
#include <string.h>
#include "services/intake/decide.h"
#include "services/intake/decide_person.h"
#include "services/intake/qr.h"
#include "services/kernel/base/must.h"

int qr_helper_find(const struct helper *list, size_t count, const char *staff)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].staff, staff) == 0)
            return (int)i;
    return -1;
}

/* All in the catalogue; whoever is called for by a person's code comes at once. */
static bool matters_fit(const struct qr_make *make, const struct directory *directory)
{
    for (size_t i = 0; i < make->matter_count; i++) {
        const struct matter *matter = report_matter(directory, make->matters[i]);
        if (!matter)
            return false;
        if (make->kind == QR_PERSON && matter->urgency == URGENCY_NORMAL)
            return false;
    }
    return true;
}

/* False: he is no member of staff, or there is no room. A key that he had goes. */
static bool helper_set(
        struct report_course *course, const struct directory *directory, const char *code)
{
    const struct staff *staff = staff_find(directory, code);
    int at = qr_helper_find(course->helpers, (size_t)course->helper_count, code);
    if (!staff || strcmp(staff->role, "machine") == 0)
        return false;
    if (at < 0 && course->helper_count == HELPERS_MAX)
        return false;
    if (at < 0)
        at = course->helper_count++;
    struct helper *helper = &course->helpers[at];
    size_t size = strlen(code) + 1;
    must(size <= sizeof helper->staff);
    memcpy(helper->staff, code, size);
    helper->issue = ++course->issued;
    return true;
}

static bool helpers_set(
        const struct qr_make *make, const struct directory *directory, struct report_course *course)
{
    for (size_t i = 0; i < make->helper_count; i++) {
        if (qr_helper_find(course->helpers, (size_t)course->helper_count, make->helpers[i]) >= 0)
            return false;
        if (!helper_set(course, directory, make->helpers[i]))
            return false;
    }
    return true;
}

/* By point or unit; a person's is by default the first helper's. */
static struct place place_of(const struct qr_make *make, const struct directory *directory)
{
    struct place place = report_place(directory, &make->as_report);
    if (!place.unit || make->kind != QR_PERSON || make->as_report.unit_code_count)
        return place;
    const struct staff *staff = staff_find(directory, make->helpers[0]);
    const struct unit *area = staff ? staff_area(directory, staff) : NULL;
    return area ? (struct place){area, PLACED_CODES} : place;
}

static uint32_t make_refusal(
        const struct qr_make *make, const struct directory *directory, struct place place)
{
    if (!place.unit)
        return REASON_NO_DIRECTORY;
    if (make->kind == QR_PERSON && !make->as_report.note)
        return REASON_REPORTER_NOT_YET;
    if (make->as_report.unit_code_count && place.placed != PLACED_POINT &&
            place.placed != PLACED_CODES)
        return REASON_UNKNOWN_UNIT;
    if (!matters_fit(make, directory))
        return REASON_QR_MATTER;
    return REASON_NONE;
}

static void qr_make(const struct input *input,
        const struct world *world,
        struct report *next,
        struct outcome *outcome)
{
    const struct qr_make *make = input->body;
    const struct directory *directory = world->directory;
    struct place place = place_of(make, directory);
    uint32_t refusal = make_refusal(make, directory, place);
    if (!refusal && !helpers_set(make, directory, &next->course))
        refusal = REASON_QR_HELPER;
    if (refusal) {
        outcome_refuse(outcome, refusal);
        return;
    }
    must(next->course.helper_count == (int32_t)make->helper_count);
    report_fill(next, &make->as_report, input);
    next->state = REPORT_CODE;
    next->matter = report_matter(directory, make->matters[0])->id;
    next->unit = place.unit->id;
    next->placed = place.placed;
    next->made = make;
    struct step *step = step_add(outcome, input, STEP_QR_MADE, REPORT_NONE, REPORT_CODE);
    step->at_ms = next->accepted_ms;
    step->unit = next->unit;
    step->rule_ver = directory_version(directory);
    note_add(next, make->as_report.note, outcome);
}

void qr_end(const struct input *input, struct report *next)
{
    next->state = REPORT_CODE_GONE;
    next->ended_ms = input->now_ms;
    next->course.helper_count = 0;
    memset(next->course.helpers, 0, sizeof next->course.helpers);
}

static void qr_withdraw(const struct input *input, struct report *next, struct outcome *outcome)
{
    qr_end(input, next);
    struct step *step = step_add(outcome, input, STEP_QR_WITHDRAWN, REPORT_CODE, REPORT_CODE_GONE);
    step->unit = next->unit;
}

/* The last of them stays in his place. False: he is none. */
static bool helper_drop(struct report_course *course, const char *code)
{
    int at = qr_helper_find(course->helpers, (size_t)course->helper_count, code);
    if (at < 0)
        return false;
    course->helpers[at] = course->helpers[--course->helper_count];
    memset(&course->helpers[course->helper_count], 0, sizeof *course->helpers);
    return true;
}

static void qr_helper_change(const struct input *input,
        const struct world *world,
        struct report *next,
        struct outcome *outcome)
{
    const struct qr_change *change = input->body;
    struct report_course *course = &next->course;
    bool person = course->issued > 0; /* a place has no helpers, ever */
    bool done = person && (change->ends ? helper_drop(course, change->staff)
                                        : helper_set(course, world->directory, change->staff));
    if (!done) {
        outcome_refuse(outcome, REASON_QR_HELPER);
        return;
    }
    struct step *step = step_add(outcome, input, STEP_QR_HELPER, REPORT_CODE, REPORT_CODE);
    step->unit = next->unit;
}

/* The store deletes the card before it. */
static void qr_card_change(const struct input *input, struct report *next, struct outcome *outcome)
{
    const struct qr_change *change = input->body;
    if (!next->course.issued) { /* a place has no card */
        outcome->verdict = VERDICT_NOT_FOUND;
        return;
    }
    if (!change->note) {
        outcome_refuse(outcome, REASON_REPORTER_NOT_YET);
        return;
    }
    struct step *step = step_add(outcome, input, STEP_QR_CARD, REPORT_CODE, REPORT_CODE);
    step->unit = next->unit;
    note_add(next, change->note, outcome);
}

void qr_decide(const struct input *input,
        const struct world *world,
        struct report *next,
        struct outcome *outcome)
{
    const enum report_state state = next->state;
    const bool code = state == REPORT_CODE, gone = state == REPORT_CODE_GONE;
    if (input->type == INTAKE_QR_MAKE && state == REPORT_NONE)
        qr_make(input, world, next, outcome);
    else if (input->type == INTAKE_QR_MAKE)
        report_repeat(next, input, outcome);
    else if (!code && !gone)
        outcome->verdict = VERDICT_NOT_FOUND;
    else if (input->type == INTAKE_QR_HELPER && code)
        qr_helper_change(input, world, next, outcome);
    else if (input->type == INTAKE_QR_CARD && code)
        qr_card_change(input, next, outcome);
    else if (input->type != INTAKE_QR_WITHDRAW)
        outcome_refuse(outcome, REASON_QR_WITHDRAWN);
    else if (code)
        qr_withdraw(input, next, outcome);
    else
        outcome->verdict = VERDICT_DUPLICATE;
}
