/* What is legal is not told a second time here: each command is put to routing_decide() itself, on
 * a copy, and what it says is what the list says. So a new command or rule is in the list by
 * itself. Only one thing is to be added when a rule is: a refusal that comes from what the
 * command's body names goes into `refused_for_body`, since with another body the command may pass.
 *
 * A command is decided in well under a microsecond, a case's list in about ten. */
#include "services/routing/decide_legal.h"

#include <string.h>

#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"
#include "services/routing/decide.h"
#include "services/routing/decide_actor.h"

#define TRY_SPAN_MS 60000
#define TRY_UNIT                                                                                   \
    (-1) /* no unit: what is wrong with it comes up, and nothing that follows from it */

static bool refused_for_body(uint32_t reason)
{
    static const enum case_refusal list[] = {REFUSAL_UNIT_UNKNOWN, REFUSAL_UNIT_OUTSIDE,
            REFUSAL_SAME_HANDLER, REFUSAL_NOT_THERE, REFUSAL_MERGE_UNLIKE, REFUSAL_NO_ANSWER};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (reason == (uint32_t)list[i])
            return true;
    return false;
}

static bool try_passes(
        const struct routing_case *this, const struct input *input, const struct world *world)
{
    struct routing_case next = *this;
    struct outcome outcome = {0};
    routing_decide(this, input, world, &next, &outcome);
    return outcome.verdict == VERDICT_APPLIED ||
           (outcome.verdict == VERDICT_REFUSED && refused_for_body(outcome.reason));
}

/* With one of the case's parts, or with the one that the person's unit has. */
static bool act_is_legal(
        const struct routing_case *this, struct input *input, const struct world *world)
{
    struct act body = {.text = "",
            .unit = TRY_UNIT,
            .span_ms = TRY_SPAN_MS,
            .units = {TRY_UNIT},
            .unit_count = 1,
            .score = 1};
    input->body = &body;
    if (routing_event(this, world->directory, input) == EVENT_NONE)
        return false;
    for (body.part = 0; body.part <= this->course.part_count; body.part++)
        if (try_passes(this, input, world))
            return true;
    return false;
}

size_t legal_acts(const struct directory *directory,
        const struct routing_case *this,
        const char *actor,
        int64_t now_ms,
        uint32_t ret[LEGAL_MAX])
{
    struct world world = {.directory = directory};
    struct input input = {.kind = INPUT_COMMAND, .agg = this->agg.id, .now_ms = now_ms};
    size_t count = 0;
    if (this->state == CASE_NONE || !staff_find(directory, actor))
        return 0;
    text_copy(input.actor, sizeof input.actor, actor, strlen(actor));
    for (uint32_t type = TYPE_ACCEPT; type < TYPE_COMMANDS_END; type++) {
        input.type = type;
        if (act_is_legal(this, &input, &world))
            ret[count++] = type;
    }
    must(count <= LEGAL_MAX);
    return count;
}

/* A command is called what it means to a case to which nothing has happened yet. */
const char *legal_name(const struct directory *directory, uint32_t type)
{
    static const char *const names[] = {[EVENT_NONE] = "",
#define X(name, number, text) [number] = text,
            EVENT_TABLE(X)
#undef X
    };
    static const struct routing_case blank;
    static const struct act body = {.text = ""};
    struct input input = {.kind = INPUT_COMMAND, .type = type, .body = &body};
    if (type < TYPE_ACCEPT || type >= TYPE_COMMANDS_END)
        return "";
    return names[routing_event(&blank, directory, &input)];
}

struct scope scope_of(const struct directory *directory, const char *actor)
{
    const struct staff *staff = staff_find(directory, actor);
    struct scope scope = {.known = staff != NULL};
    if (!staff)
        return scope;
    scope.unit = unit_find(directory, staff->unit);
    if (!scope.unit || strcmp(staff->role, "volunteer") == 0)
        return scope;
    const struct unit *area = unit_find(directory, unit_desk_of(directory, scope.unit));
    scope.top = area ? area : scope.unit;
    return scope;
}
