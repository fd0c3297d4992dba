/* The worklist of a unit, or of given tickets. The request is decoded and bound to the statement of
 * store_query.c; rows become the answer here. The other questions are in codec_case.c. */
#include <string.h>

#include "proto/routing.pb-c.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/wire/message.h"
#include "services/routing/codec.h"
#include "services/routing/codec_item.h"

static enum err worklist_check(const Huying__Routing__WorklistQuery *in, const char **ret_why)
{
    if (in->n_source_refs > WORKLIST_MAX)
        return query_refuse(
                ret_why, "source_refs: at most 500 expected; ask for the others separately");
    for (size_t i = 0; i < in->n_source_refs; i++) {
        size_t size = strlen(in->source_refs[i]);
        if (size == 0 || size > SOURCE_REF_SIZE_MAX || !text_valid(in->source_refs[i], size))
            return query_refuse(ret_why, "source_refs: UTF-8 of 1 to 128 bytes each expected");
    }
    if (in->limit > WORKLIST_MAX)
        return query_refuse(ret_why, "limit: 1 to 500 expected");
    if (in->limit == 0 && in->n_source_refs == 0)
        return query_refuse(ret_why, "limit: 1 to 500 expected");
    if (in->after < 0)
        return query_refuse(
                ret_why, "after: the id of the last item that was seen, or 0, expected");
    if (in->state[0] && case_state_find(in->state) == CASE_STATE_COUNT)
        return query_refuse(ret_why,
                "state: the name of a state (dispatched accepted handled closed "
                "withdrawn referred_out) or nothing expected");
    return OK;
}

/* The handlers' units: the one that is asked for and all below it, as far as the asker sees them.
 * Tickets are found by who sees the case (scope_bind), not only by who handles it. */
static enum err units_bind(const struct directory *directory,
        const Huying__Routing__WorklistQuery *in,
        const char *actor,
        struct params *params,
        const char **ret_why)
{
    int index = params_array(params, PARAM_INT8);
    const struct unit *unit = unit_find(directory, in->unit);
    const struct unit *top = scope_of(directory, actor).top;
    if (in->unit != 0 && !unit)
        return query_refuse(
                ret_why, "unit: the id of a unit of the directory, or 0 for all, expected");
    if (!actor[0])
        top = unit;
    else if (top && unit && unit_within(directory, unit, top->id))
        top = unit;
    else if (!top || (unit && !unit_within(directory, top, unit->id)))
        param_add_int(params, index, NO_UNIT);
    else if (!unit && in->n_source_refs > 0)
        top = NULL;
    if (top && params->list[index].count == 0)
        units_add(directory, top, params, index);
    return OK;
}

/* The states asked for; tickets are found in any state. True when only cases are meant that stand
 * in somebody's list: those that are open, and not merged. */
static bool states_bind(const char *name, bool any, struct params *params)
{
    static const bool open[CASE_STATE_COUNT] = {
#define X(state, number, text, is_open) [state] = is_open,
            CASE_STATE_TABLE(X)
#undef X
    };
    int index = params_array(params, PARAM_INT2);
    enum case_state one = case_state_find(name);
    bool all_open = true;
    for (int state = CASE_REGISTERED; state < CASE_STATE_COUNT; state++) {
        bool listed = open[state] && state != CASE_MERGED;
        if (name[0] ? state == (int)one : any || listed) {
            param_add_int(params, index, state);
            all_open = all_open && listed;
        }
    }
    return all_open;
}

enum err worklist_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    const Huying__Routing__WorklistQuery *in =
            message_open(&huying__routing__worklist_query__descriptor, payload, arena);
    if (!in)
        return query_refuse(ret_why, "payload is no routing.WorklistQuery");
    enum err err = worklist_check(in, ret_why);
    if (err != OK)
        return err;
    int refs = params_array(params, PARAM_TEXT);
    for (size_t i = 0; i < in->n_source_refs; i++)
        param_add_text(params, refs, in->source_refs[i]);
    err = scope_bind(directory, actor, params, ret_why);
    if (err == OK)
        err = units_bind(directory, in, actor, params, ret_why);
    if (err != OK)
        return err;
    bool open = states_bind(in->state, in->n_source_refs > 0, params);
    (void)params_int(params, PARAM_BOOL, open);
    (void)params_int(params, PARAM_INT8, in->after);
    (void)params_int(params, PARAM_INT4, in->limit ? in->limit : WORKLIST_MAX);
    return OK;
}

void worklist_encode(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    Huying__Routing__WorkItem items[WORKLIST_MAX], *list[WORKLIST_MAX];
    Huying__Routing__Worklist message = HUYING__ROUTING__WORKLIST__INIT;
    int count = case_row_count(rows);
    must(count <= WORKLIST_MAX); /* the statement's limit */
    for (int i = 0; i < count; i++) {
        struct routing_case row;
        worklist_row(rows, i, &row);
        huying__routing__work_item__init(&items[i]);
        item_fill(&row, directory, &items[i]);
        list[i] = &items[i];
    }
    message.n_items = (size_t)count;
    message.items = list;
    message_add(&message.base, out);
}
