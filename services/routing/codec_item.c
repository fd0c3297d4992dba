/* A case as answers show it, with what the asker may do next, and the limits of what he sees. */
#include "services/routing/codec_item.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/routing.pb-c.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_tree.h"
#include "services/kernel/wire/message.h"
#include "services/routing/codec.h"

/* "" when either is not in the directory. */
static const char *item_duty(
        const struct directory *directory, int64_t handler, const struct matter *matter)
{
    static const char *const words[] = {
#define X(name, text) [name] = text,
            DUTY_TABLE(X)
#undef X
    };
    const struct unit *unit = unit_find(directory, handler);
    return unit && matter ? words[unit_duty(unit, matter)] : "";
}

void item_fill(const struct routing_case *this,
        const struct directory *directory,
        Huying__Routing__WorkItem *item)
{
    const struct matter *matter = matter_find(directory, this->matter);
    item->id = this->agg.id;
    item->source_ref = text_lend(this->source_ref);
    item->state = text_lend(case_state_name((enum case_state)this->state));
    item->handler = this->handler;
    item->handler_kind = text_lend(case_kind_name((enum handler_kind)this->kind));
    item->due_ms = this->due_ms;
    item->version = this->agg.ver;
    item->matter = text_lend(matter ? matter->code : "");
    item->unit = this->unit;
    item->step_due_ms = this->step_due_ms;
    item->level = text_lend(case_level_name((enum level)this->level));
    item->corrected = (uint32_t)this->course.corrected;
    item->intent = text_lend(intent_word(this->course.intent));
    item->duty = text_lend(item_duty(directory, this->handler, matter));
}

static int escalations(const struct routing_case *this)
{
    int count = 0;
    for (unsigned bits = this->escalated & ~1u; bits; bits &= bits - 1)
        count++;
    return count;
}

void view_fill(const struct case_found *found,
        const struct directory *directory,
        char number[CASE_NUMBER_SIZE],
        struct Huying__Routing__CaseView *view)
{
    const struct routing_case *this = &found->state;
    case_number_format(number, directory_site_letters(directory), this->agg.id,
            this->accepted_at_ms, directory_utc_offset_s(directory));
    item_fill(this, directory, view->item);
    view->number = number;
    view->source = text_lend(this->source);
    view->accepted_at_ms = this->accepted_at_ms;
    view->promised_at_ms = this->promised_at_ms;
    view->handled_at_ms = this->handled_at_ms;
    view->closed_at_ms = this->ended_at_ms;
    view->escalations = escalations(this);
    view->overdue = this->overdue || this->overdue_by_catalogue;
    view->summary = text_lend(this->summary);
}

void item_actions_fill(const struct routing_case *this,
        const struct directory *directory,
        const char *actor,
        int64_t now_ms,
        struct item_actions *room,
        Huying__Routing__WorkItem *item)
{
    uint32_t types[LEGAL_MAX];
    size_t count = legal_acts(directory, this, actor, now_ms, types);
    for (size_t i = 0; i < count; i++)
        room->list[i] = text_lend(legal_name(directory, types[i]));
    item->n_actions = count;
    item->actions = room->list;
}

void units_add(
        const struct directory *directory, const struct unit *top, struct params *params, int index)
{
    struct unit_walk walk;
    must(top);
    param_add_int(params, index, top->id);
    unit_walk_begin(&walk, directory, top);
    for (const struct unit *unit = unit_walk_next(&walk); unit; unit = unit_walk_next(&walk))
        param_add_int(params, index, unit->id);
}

enum err scope_bind(const struct directory *directory,
        const char *actor,
        struct params *params,
        const char **ret_why)
{
    int index = params_array(params, PARAM_INT8);
    struct scope scope = scope_of(directory, actor);
    if (!actor[0])
        return OK;
    if (!scope.known) {
        *ret_why = "actor: the code of a member of staff, or nobody, expected";
        return ERR_DENIED;
    }
    if (!scope.top)
        param_add_int(params, index, NO_UNIT);
    else if (scope.top != unit_root(directory)) /* the root's people see everything */
        units_add(directory, scope.top, params, index);
    return OK;
}

bool number_take(const char **text, char end, int64_t *ret)
{
    char *rest = NULL;
    errno = 0;
    *ret = **text >= '0' && **text <= '9' ? strtoll(*text, &rest, 10) : -1;
    if (*ret < 0 || errno != 0 || *rest != end)
        return false;
    *text = rest + (end != 0);
    return true;
}

enum err query_refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return ERR_MALFORMED;
}
