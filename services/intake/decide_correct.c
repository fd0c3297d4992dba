/* See decide_correct.h. */
#include "services/intake/decide_correct.h"
#include <string.h>
#include "services/intake/decide_person.h"
#include "services/intake/near.h"

#define MILLION 1000000.0

/* What the next report of the same thing is compared with. A report that could not be joined before
 * cannot be joined now. */
static void thing_correct(const struct submission *to_be,
        const struct matter *matter,
        const struct directory *directory,
        struct report *next)
{
    if (!next->thing)
        return;
    struct submission probe = *to_be;
    probe.intent = INTENT_REPORT;
    if (!probe.has_point) {
        probe.has_point = true;
        probe.longitude = next->spot.east / MILLION;
        probe.latitude = next->spot.north / MILLION;
    }
    next->thing =
            thing_find(&probe, matter ? matter : matter_find(directory, next->matter), &next->spot);
}

void report_correct(const struct input *input,
        const struct world *world,
        struct report *next,
        struct outcome *outcome)
{
    const struct correction *body = input->body;
    const struct submission *to_be = &body->to_be;
    struct report_course *course = &next->course;
    const struct matter *matter =
            *to_be->matter ? report_matter(world->directory, to_be->matter) : NULL;
    if (memcmp(course->corrected, to_be->digest, DIGEST_SIZE) == 0) {
        outcome->verdict = VERDICT_DUPLICATE;
    } else if (*to_be->ticket &&
               (strcmp(to_be->ticket, next->ref) != 0 || strcmp(input->peer, next->source) != 0)) {
        outcome_refuse(outcome, REASON_NOT_FIRST);
    } else if (!report_under_way(next)) {
        outcome_refuse(outcome, REASON_CORRECTED_LATE);
    } else if (*to_be->matter && !matter) {
        outcome_refuse(outcome, REASON_UNKNOWN_MATTER);
    } else {
        memcpy(course->corrected, to_be->digest, DIGEST_SIZE);
        thing_correct(to_be, matter, world->directory, next);
        struct step *step = step_add(
                outcome, input, STEP_CORRECT, (uint16_t)next->state, (uint16_t)next->state);
        step->unit = next->unit;
        note_add(next, to_be->note, outcome);
        send_add(outcome, SERVICE_ROUTING, INTAKE_CASE_CORRECTED, 0);
    }
}
