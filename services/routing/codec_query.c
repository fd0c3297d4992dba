/* Routing's two questions: the worklist of a unit (or of given tickets), and one case. Requests
 * are decoded and bound to the statements of store.c; rows become answers here. */
#include <string.h>

#include "proto/routing.pb-c.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/base/pure_tree.h"
#include "services/kernel/wire/message.h"
#include "services/routing/codec.h"
#include "services/routing/store.h"

static enum err refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return ERR_MALFORMED;
}

static enum err worklist_check(const Huying__Routing__WorklistQuery *in, const char **ret_why)
{
    if (in->n_source_refs > WORKLIST_MAX)
        return refuse(ret_why, "source_refs: at most 500 expected; ask for the others separately");
    for (size_t i = 0; i < in->n_source_refs; i++) {
        size_t size = strlen(in->source_refs[i]);
        if (size == 0 || size > SOURCE_REF_SIZE_MAX || !text_valid(in->source_refs[i], size))
            return refuse(ret_why, "source_refs: UTF-8 of 1 to 128 bytes each expected");
    }
    if (in->limit > WORKLIST_MAX)
        return refuse(ret_why, "limit: 1 to 500 expected");
    if (in->limit == 0 && in->n_source_refs == 0)
        return refuse(ret_why, "limit: 1 to 500 expected");
    if (in->after < 0)
        return refuse(ret_why, "after: the id of the last item that was seen, or 0, expected");
    if (in->state[0] && case_state_find(in->state) == CASE_STATE_COUNT)
        return refuse(ret_why, "state: the name of a state (dispatched accepted handled closed "
                               "withdrawn referred_out) or nothing expected");
    return OK;
}

/* The unit and all below it; the first parameter after source_refs. */
static enum err units_bind(
        const struct directory *directory, int64_t top, struct params *params, const char **ret_why)
{
    int index = params_array(params, PARAM_INT8);
    if (top == 0)
        return OK;
    const struct unit *unit = unit_find(directory, top);
    if (!unit)
        return refuse(ret_why, "unit: the id of a unit of the directory, or 0 for all, expected");
    param_add_int(params, index, unit->id);
    struct unit_walk walk;
    unit_walk_begin(&walk, directory, unit);
    for (unit = unit_walk_next(&walk); unit; unit = unit_walk_next(&walk))
        param_add_int(params, index, unit->id);
    return OK;
}

/* The states asked for; tickets are found in any state. True when only open cases are meant. */
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
        if (name[0] ? state == (int)one : any || open[state]) {
            param_add_int(params, index, state);
            all_open = all_open && open[state];
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
    (void)actor; /* who may ask is the key's right */
    const Huying__Routing__WorklistQuery *in =
            message_open(&huying__routing__worklist_query__descriptor, payload, arena);
    if (!in)
        return refuse(ret_why, "payload is no routing.WorklistQuery");
    enum err err = worklist_check(in, ret_why);
    if (err != OK)
        return err;
    int refs = params_array(params, PARAM_TEXT);
    for (size_t i = 0; i < in->n_source_refs; i++)
        param_add_text(params, refs, in->source_refs[i]);
    err = units_bind(directory, in->unit, params, ret_why);
    if (err != OK)
        return err;
    bool open = states_bind(in->state, in->n_source_refs > 0, params);
    (void)params_int(params, PARAM_BOOL, open);
    (void)params_int(params, PARAM_INT8, in->after);
    (void)params_int(params, PARAM_INT4, in->limit ? in->limit : WORKLIST_MAX);
    return OK;
}

static void item_fill(const struct case_row *row,
        const struct directory *directory,
        Huying__Routing__WorkItem *item)
{
    const struct matter *matter = matter_find(directory, row->matter);
    item->id = row->id;
    item->source_ref = text_lend(row->source_ref);
    item->state = text_lend(case_state_name(row->state));
    item->handler = row->handler;
    item->handler_kind = text_lend(case_kind_name(row->kind));
    item->due_ms = row->due_ms;
    item->version = row->ver;
    item->matter = text_lend(matter ? matter->code : "");
    item->unit = row->unit;
    item->level = text_lend(case_level_name(row->level));
}

void worklist_encode(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    Huying__Routing__WorkItem items[WORKLIST_MAX], *list[WORKLIST_MAX];
    Huying__Routing__Worklist message = HUYING__ROUTING__WORKLIST__INIT;
    int count = case_row_count(rows);
    must(count <= WORKLIST_MAX); /* the statement's limit */
    for (int i = 0; i < count; i++) {
        struct case_row row;
        worklist_row(rows, i, &row);
        huying__routing__work_item__init(&items[i]);
        item_fill(&row, directory, &items[i]);
        list[i] = &items[i];
    }
    message.n_items = (size_t)count;
    message.items = list;
    message_add(&message.base, out);
}

enum err case_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    (void)directory;
    (void)actor;
    const Huying__Routing__CaseQuery *in =
            message_open(&huying__routing__case_query__descriptor, payload, arena);
    if (!in)
        return refuse(ret_why, "payload is no routing.CaseQuery");
    if (in->id <= 0)
        return refuse(ret_why, "id: the id of a case expected");
    (void)params_int(params, PARAM_INT8, in->id);
    return OK;
}

/* Empty when there is no such case. */
void case_encode(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    if (case_row_count(rows) == 0)
        return;
    struct case_row row;
    case_view_row(rows, 0, &row);
    Huying__Routing__WorkItem item = HUYING__ROUTING__WORK_ITEM__INIT;
    Huying__Routing__CaseView view = HUYING__ROUTING__CASE_VIEW__INIT;
    char number[CASE_NUMBER_SIZE];
    case_number_format(number, directory_site_letters(directory), row.id, row.accepted_at_ms,
            directory_utc_offset_s(directory));
    item_fill(&row, directory, &item);
    view.item = &item;
    view.number = number;
    view.source = text_lend(row.source);
    view.accepted_at_ms = row.accepted_at_ms;
    view.promised_at_ms = row.promised_at_ms;
    view.handled_at_ms = row.handled_at_ms;
    view.closed_at_ms = row.ended_at_ms;
    view.escalations = row.escalations;
    view.overdue = row.overdue;
    view.summary = text_lend(row.summary);
    message_add(&view.base, out);
}
