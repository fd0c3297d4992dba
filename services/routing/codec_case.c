/* Questions that are answered with whole cases: one case, and what somebody has to do. Requests are
 * decoded and bound to the statements of store_query.c; rows become answers here, with what the
 * asker may do next. A case that he may not see is answered like one that is not there. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/routing.pb-c.h"
#include "services/kernel/base/must.h"
#include "services/kernel/wire/message.h"
#include "services/routing/codec.h"
#include "services/routing/codec_item.h"

#define ROW_MEMORY_MAX (1u << 20) /* source references of one answer's cases */
#define CURSOR_SIZE 64

enum err case_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    const Huying__Routing__CaseQuery *in =
            message_open(&huying__routing__case_query__descriptor, payload, arena);
    if (!in)
        return query_refuse(ret_why, "payload is no routing.CaseQuery");
    if (in->id <= 0)
        return query_refuse(ret_why, "id: the id of a case expected");
    (void)params_text(params, actor);
    enum err err = scope_bind(directory, actor, params, ret_why);
    (void)params_int(params, PARAM_INT8, in->id);
    return err;
}

/* Empty when there is no such case. */
void case_encode(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    if (case_row_count(rows) == 0)
        return;
    struct arena arena;
    struct case_found found;
    struct item_actions actions;
    char number[CASE_NUMBER_SIZE];
    arena_init(&arena, ROW_MEMORY_MAX);
    case_found_row(rows, 0, 0, &arena, &found);
    Huying__Routing__WorkItem item = HUYING__ROUTING__WORK_ITEM__INIT;
    Huying__Routing__CaseView view = HUYING__ROUTING__CASE_VIEW__INIT;
    view.item = &item;
    view_fill(&found, directory, number, &view);
    item_actions_fill(&found.state, directory, found.actor, found.now_ms, &actions, &item);
    message_add(&view.base, out);
    arena_fini(&arena);
}

/* Where the page before ended: rank, instant, id. It means nothing to those who carry it. */
struct agenda_cursor {
    int64_t rank, next_ms, id;
};

static bool agenda_cursor_parse(const char *text, struct agenda_cursor *ret)
{
    *ret = (struct agenda_cursor){.rank = -1};
    if (!text[0])
        return true;
    if (*text++ != 'a')
        return false;
    return number_take(&text, '.', &ret->rank) && number_take(&text, '.', &ret->next_ms) &&
           number_take(&text, 0, &ret->id) && ret->rank <= 1 && ret->next_ms < NEVER_MS;
}

/* His own unit, and the area in whose name he decides; then, where he may look whether the work is
 * done: there too, and from a village down in all of it. */
static void agenda_units_bind(
        const struct directory *directory, const struct scope *scope, struct params *params)
{
    int own = params_array(params, PARAM_INT8);
    int looks = params_array(params, PARAM_INT8);
    if (!scope->top)
        return;
    param_add_int(params, own, scope->unit->id);
    if (scope->top != scope->unit)
        param_add_int(params, own, scope->top->id);
    if (scope->top->level <= LEVEL_VILLAGE)
        units_add(directory, scope->top, params, looks);
    else
        param_add_int(params, looks, scope->top->id);
}

enum err agenda_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    const Huying__Routing__AgendaQuery *in =
            message_open(&huying__routing__agenda_query__descriptor, payload, arena);
    struct scope scope = scope_of(directory, actor);
    struct agenda_cursor cursor;
    if (!in)
        return query_refuse(ret_why, "payload is no routing.AgendaQuery");
    if (!scope.known)
        return query_refuse(ret_why, "actor: the code of a member of staff expected");
    if (in->limit == 0 || in->limit > WORKLIST_MAX)
        return query_refuse(ret_why, "limit: 1 to 500 expected");
    if (!agenda_cursor_parse(in->cursor, &cursor))
        return query_refuse(ret_why, "cursor: nothing, or that of the answer before, expected");
    (void)params_text(params, actor);
    agenda_units_bind(directory, &scope, params);
    (void)params_int(params, PARAM_INT4, cursor.rank);
    (void)params_int(params, PARAM_TIME, cursor.next_ms ? cursor.next_ms : NEVER_MS);
    (void)params_int(params, PARAM_INT8, cursor.id);
    (void)params_int(params, PARAM_INT4, in->limit);
    return OK;
}

/* One item with what it lends its texts from. */
struct agenda_item {
    Huying__Routing__WorkItem item;
    struct case_found found;
    struct item_actions actions;
};

void agenda_encode(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    Huying__Routing__Worklist message = HUYING__ROUTING__WORKLIST__INIT;
    struct arena arena;
    char cursor[CURSOR_SIZE] = "";
    int count = case_row_count(rows);
    must(count <= WORKLIST_MAX); /* the statement's limit */
    arena_init(&arena, ROW_MEMORY_MAX + WORKLIST_MAX * sizeof(struct agenda_item));
    Huying__Routing__WorkItem **list =
            arena_array(&arena, Huying__Routing__WorkItem *, (size_t)count + 1);
    for (int i = 0; i < count; i++) {
        struct agenda_item *here = arena_get(&arena, sizeof *here);
        const struct case_found *found = &here->found;
        case_found_row(rows, i, 0, &arena, &here->found);
        huying__routing__work_item__init(&here->item);
        item_fill(&found->state, directory, &here->item);
        item_actions_fill(
                &found->state, directory, found->actor, found->now_ms, &here->actions, &here->item);
        here->item.urged = found->rank == 0;
        here->item.next_ms = found->next_ms;
        list[i] = &here->item;
        (void)snprintf(cursor, sizeof cursor, "a%d.%" PRId64 ".%" PRId64, found->rank,
                found->next_ms, found->state.agg.id);
    }
    message.n_items = (size_t)count;
    message.items = list;
    message.cursor = cursor;
    message_add(&message.base, out);
    arena_fini(&arena);
}
