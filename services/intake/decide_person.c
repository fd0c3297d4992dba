/* See decide_person.h. Rows of persons are opened by the store before anything is decided, and
 * leave the process only behind the commit of the step that says who saw them. */
#include "services/intake/decide_person.h"
#include <string.h>
#include "services/intake/decide.h"
#include "services/intake/decide_qr.h"
#include "services/intake/person.h"
#include "services/intake/qr.h"
#include "services/kernel/base/must.h"

bool caller_check(const struct submission *submission, struct outcome *outcome)
{
    if (!*submission->reporter && (!submission->caller || submission->note))
        return true;
    outcome_refuse(outcome, REASON_REPORTER_NOT_YET);
    return false;
}

void note_add(struct report *next, struct person_note *note, const struct outcome *outcome)
{
    if (!note)
        return;
    must(outcome->step_count > 0);
    note->ver = next->base.ver + outcome->step_count;
    note->next = next->notes;
    next->notes = note;
}

/* A name with a colon, which no key and no token can have. */
static bool actor_is_system(const struct input *input)
{
    return strncmp(input->actor, SYSTEM_ACTOR, strlen(SYSTEM_ACTOR)) == 0 &&
           strcmp(input->actor, input->peer) == 0;
}

const struct unit *staff_area(const struct directory *directory, const struct staff *staff)
{
    const struct unit *unit = unit_find(directory, staff->unit);
    bool desk = unit && (strcmp(unit->kind, "desk") == 0 || strcmp(unit->kind, "centre") == 0);
    const struct unit *parent = desk ? unit_parent(directory, unit) : NULL;
    return parent ? parent : unit;
}

bool person_may_see(const struct report *report,
        const struct input *input,
        const struct directory *directory,
        bool confidential)
{
    if (actor_is_system(input))
        return true;
    if (report->state == REPORT_CODE &&
            qr_helper_find(
                    report->course.helpers, (size_t)report->course.helper_count, input->actor) >= 0)
        return true;
    if (!report_by_staff(directory, input))
        return false;
    const struct unit *area = staff_area(directory, staff_find(directory, input->actor));
    const struct unit *place = unit_find(directory, report->unit);
    if (!area || !place)
        return false;
    if (confidential)
        return area == unit_root(directory);
    return unit_within(directory, place, area->id);
}

struct tally {
    size_t rows, shown, broken;
};

static struct tally persons_tally(
        const struct report *report, const struct input *input, const struct world *world)
{
    const struct kept_persons *kept = world->related;
    struct tally tally = {0, 0, 0};
    for (size_t i = 0; kept && i < kept->count; i++) {
        const struct kept_person *row = &kept->list[i];
        if (row->report != report->base.id)
            continue;
        tally.rows++;
        tally.broken += !row->open;
        tally.shown += row->open &&
                       person_may_see(report, input, world->directory, row->person.confidential);
    }
    return tally;
}

static uint32_t see_refusal(
        const struct report *report, const struct input *input, const struct world *world)
{
    if (!actor_is_system(input) && !report_by_staff(world->directory, input))
        return REASON_CALLER_ACTOR;
    if (!person_may_see(report, input, world->directory, false))
        return REASON_CALLER_DENIED;
    struct tally tally = persons_tally(report, input, world);
    if (!tally.rows)
        return REASON_CALLER_NONE;
    if (tally.shown)
        return REASON_NONE;
    return tally.broken == tally.rows ? REASON_CALLER_SEALED : REASON_CALLER_DENIED;
}

void person_see(const struct input *input,
        const struct world *world,
        struct report *next,
        struct outcome *outcome)
{
    uint32_t refusal = see_refusal(next, input, world);
    if (refusal) {
        outcome_refuse(outcome, refusal);
        return;
    }
    struct step *step = step_add(
            outcome, input, STEP_PERSON_SEEN, (uint16_t)next->state, (uint16_t)next->state);
    step->unit = next->unit;
}

/* Also what this very batch was about to seal. */
void person_forget(const struct input *input, struct report *next, struct outcome *outcome)
{
    struct step *step = step_add(
            outcome, input, STEP_PERSON_DELETED, (uint16_t)next->state, (uint16_t)next->state);
    step->unit = next->unit;
    if (next->state == REPORT_CODE) {
        qr_end(input, next);
        step->to = REPORT_CODE_GONE;
    }
    next->notes = NULL;
    next->forget_ver = next->base.ver + outcome->step_count;
}

size_t persons_anew(const struct report *report, const struct world *world, size_t *ret_broken)
{
    const struct kept_persons *kept = world->related;
    size_t rows = 0;
    *ret_broken = 0;
    for (size_t i = 0; kept && i < kept->anew_count; i++) {
        if (kept->anew[i].report != report->base.id)
            continue;
        rows++;
        *ret_broken += kept->anew[i].size == 0;
    }
    return rows;
}

void person_reseal(const struct world *world, struct report *next, struct outcome *outcome)
{
    size_t broken;
    size_t rows = persons_anew(next, world, &broken);
    must(broken <= rows);
    if (rows == broken) {
        outcome->verdict = VERDICT_DUPLICATE;
        return;
    }
    next->reseal = true;
    outcome->keep = true;
}
