#include "services/ctl/codec_story.h"

#include <string.h>

#include "proto/audit.pb-c.h"
#include "proto/ops.pb-c.h"
#include "proto/routing.pb-c.h"
#include "services/kernel/base/must.h"
#include "services/kernel/wire/message.h"

_Static_assert((int)STORY_WORKLIST == (int)HUYING__ROUTING__TYPE__WORKLIST, "number of WORKLIST");
_Static_assert((int)STORY_CASE == (int)HUYING__ROUTING__TYPE__CASE, "number of CASE");
_Static_assert((int)STORY_LOCATE == (int)HUYING__AUDIT__TYPE__LOCATE, "number of LOCATE");
_Static_assert((int)STORY_HISTORY == (int)HUYING__OPS__TYPE__HISTORY, "number of HISTORY");

struct bytes history_query_encode(struct arena *arena, int64_t id)
{
    Huying__Ops__HistoryQuery query = HUYING__OPS__HISTORY_QUERY__INIT;
    query.agg = id;
    return message_bytes(&query.base, arena);
}

enum err history_decode(struct bytes payload,
        enum service_id service,
        struct arena *arena,
        struct story_row **ret,
        size_t *ret_count)
{
    const Huying__Ops__History *in =
            message_open(&huying__ops__history__descriptor, payload, arena);
    if (in == NULL)
        return ERR_MALFORMED;
    struct story_row *rows = arena_array(arena, struct story_row, in->n_rows + 1);
    for (size_t i = 0; i < in->n_rows; i++) {
        const Huying__Ops__HistoryRow *row = in->rows[i];
        rows[i] = (struct story_row){.service = service,
                .ver = row->ver,
                .step = row->kind_name,
                .from = row->from_state,
                .to = row->to_state,
                .at_ms = row->at_ms,
                .due_ms = row->due_ms,
                .unit = row->unit,
                .page = row->page,
                .idx = row->idx,
                .actor = row->actor,
                .detail = arena_text(arena, (const char *)row->detail.data, row->detail.len),
                .place = PLACE_UNKNOWN};
    }
    *ret = rows;
    *ret_count = in->n_rows;
    return OK;
}

struct bytes case_query_encode(struct arena *arena, int64_t id)
{
    Huying__Routing__CaseQuery query = HUYING__ROUTING__CASE_QUERY__INIT;
    query.id = id;
    return message_bytes(&query.base, arena);
}

struct case_view item_view(const Huying__Routing__WorkItem *item)
{
    return (struct case_view){.id = item->id,
            .unit = item->unit,
            .handler = item->handler,
            .version = item->version,
            .code = item->code,
            .due_ms = item->due_ms,
            .number = "",
            .source = "",
            .source_ref = item->source_ref,
            .matter = item->matter,
            .state = item->state,
            .level = item->level,
            .handler_kind = item->handler_kind,
            .duty = item->duty,
            .intent = item->intent,
            .corrected = item->corrected,
            .summary = "",
            .actions = item->actions,
            .action_count = item->n_actions,
            .urged = item->urged,
            .next_ms = item->next_ms};
}

static void evidence_fill(
        Huying__Routing__Act *out, struct arena *arena, const struct case_act *act)
{
    out->n_evidence = (size_t)act->evidence_count;
    out->evidence = arena_get(arena, EVIDENCE_MAX * sizeof *out->evidence);
    for (int i = 0; i < act->evidence_count; i++) {
        out->evidence[i] = arena_get(arena, sizeof *out->evidence[i]);
        huying__routing__evidence__init(out->evidence[i]);
        const char *kind = EVIDENCE_WORDS[act->evidence[i].kind];
        out->evidence[i]->kind = arena_text(arena, kind, strlen(kind));
        out->evidence[i]->count = act->evidence[i].count;
    }
}

struct bytes case_act_encode(struct arena *arena, const struct case_act *act)
{
    Huying__Routing__Act out = HUYING__ROUTING__ACT__INIT;
    out.text = arena_text(arena, act->text, strlen(act->text));
    out.unit = act->unit;
    out.minutes = act->minutes;
    out.n_units = (size_t)act->unit_count;
    out.units = arena_get(arena, sizeof act->units);
    memcpy(out.units, act->units, sizeof act->units);
    out.part = act->part;
    out.score = act->score;
    out.code = act->code;
    out.unsolved = act->unsolved;
    out.other = act->other;
    out.longitude = act->longitude;
    out.latitude = act->latitude;
    evidence_fill(&out, arena, act);
    return message_bytes(&out.base, arena);
}

enum err case_item_decode(struct bytes payload, struct arena *arena, struct case_view *ret)
{
    const Huying__Routing__WorkItem *item =
            message_open(&huying__routing__work_item__descriptor, payload, arena);
    if (item == NULL || item->id == 0)
        return ERR_MALFORMED;
    *ret = item_view(item);
    return OK;
}

enum err view_view(const Huying__Routing__CaseView *in, struct case_view *ret)
{
    if (in->item == NULL)
        return ERR_NOT_FOUND;
    *ret = item_view(in->item);
    ret->number = in->number;
    ret->source = in->source;
    ret->summary = in->summary;
    ret->accepted_ms = in->accepted_at_ms;
    ret->promised_ms = in->promised_at_ms;
    ret->handled_ms = in->handled_at_ms;
    ret->closed_ms = in->closed_at_ms;
    ret->escalations = in->escalations;
    ret->overdue = in->overdue;
    return OK;
}

enum err case_view_decode(struct bytes payload, struct arena *arena, struct case_view *ret)
{
    const Huying__Routing__CaseView *in =
            message_open(&huying__routing__case_view__descriptor, payload, arena);
    return in == NULL ? ERR_MALFORMED : view_view(in, ret);
}

struct bytes locate_query_encode(struct arena *arena, const int64_t *pages, size_t count)
{
    Huying__Audit__LocateQuery query = HUYING__AUDIT__LOCATE_QUERY__INIT;
    must(count > 0 && count <= LOCATE_PAGES_MAX);
    query.n_pages = count;
    query.pages = arena_copy(arena, pages, count * sizeof *pages);
    return message_bytes(&query.base, arena);
}

enum err places_decode(
        struct bytes payload, struct arena *arena, struct page_place **ret, size_t *ret_count)
{
    const Huying__Audit__Places *in =
            message_open(&huying__audit__places__descriptor, payload, arena);
    if (in == NULL)
        return ERR_MALFORMED;
    *ret = arena_array(arena, struct page_place, in->n_items + 1);
    *ret_count = in->n_items;
    for (size_t i = 0; i < in->n_items; i++)
        (*ret)[i] = (struct page_place){in->items[i]->page, in->items[i]->first};
    return OK;
}

struct bytes worklist_ticket_encode(struct arena *arena, const char *ticket)
{
    Huying__Routing__WorklistQuery query = HUYING__ROUTING__WORKLIST_QUERY__INIT;
    char *refs[] = {arena_text(arena, ticket, strlen(ticket))};
    query.n_source_refs = 1;
    query.source_refs = refs;
    query.limit = WORKLIST_LIMIT_MAX;
    return message_bytes(&query.base, arena);
}

struct bytes worklist_unit_encode(struct arena *arena, int64_t unit, int64_t after)
{
    Huying__Routing__WorklistQuery query = HUYING__ROUTING__WORKLIST_QUERY__INIT;
    query.unit = unit;
    query.after = after;
    query.limit = WORKLIST_LIMIT_MAX;
    return message_bytes(&query.base, arena);
}

enum err worklist_decode(
        struct bytes payload, struct arena *arena, struct case_view **ret, size_t *ret_count)
{
    const Huying__Routing__Worklist *in =
            message_open(&huying__routing__worklist__descriptor, payload, arena);
    if (in == NULL)
        return ERR_MALFORMED;
    *ret = arena_array(arena, struct case_view, in->n_items + 1);
    *ret_count = in->n_items;
    for (size_t i = 0; i < in->n_items; i++)
        (*ret)[i] = item_view(in->items[i]);
    return OK;
}
