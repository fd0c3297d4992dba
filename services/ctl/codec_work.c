#include "services/ctl/codec_work.h"

#include <string.h>

#include "proto/routing.pb-c.h"
#include "services/ctl/codec_story.h"
#include "services/kernel/wire/message.h"

_Static_assert((int)WORK_SEARCH == (int)HUYING__ROUTING__TYPE__SEARCH, "number of SEARCH");
_Static_assert((int)WORK_SIMILAR == (int)HUYING__ROUTING__TYPE__SIMILAR, "number of SIMILAR");
_Static_assert((int)WORK_LOAD == (int)HUYING__ROUTING__TYPE__LOAD, "number of LOAD");
_Static_assert((int)WORK_AGENDA == (int)HUYING__ROUTING__TYPE__AGENDA, "number of AGENDA");

struct bytes agenda_encode(struct arena *arena, const char *cursor, uint32_t limit)
{
    Huying__Routing__AgendaQuery query = HUYING__ROUTING__AGENDA_QUERY__INIT;
    query.cursor = text_lend(cursor);
    query.limit = limit;
    return message_bytes(&query.base, arena);
}

enum err agenda_decode(struct bytes payload, struct arena *arena, struct case_page *ret)
{
    const Huying__Routing__Worklist *in =
            message_open(&huying__routing__worklist__descriptor, payload, arena);
    if (in == NULL)
        return ERR_MALFORMED;
    *ret = (struct case_page){.cases = arena_array(arena, struct case_view, in->n_items + 1),
            .count = in->n_items,
            .cursor = in->cursor};
    for (size_t i = 0; i < in->n_items; i++)
        ret->cases[i] = item_view(in->items[i]);
    return OK;
}

struct bytes search_encode(struct arena *arena, const struct search_ask *ask)
{
    Huying__Routing__SearchQuery query = HUYING__ROUTING__SEARCH_QUERY__INIT;
    query.text = text_lend(ask->text);
    query.unit = ask->unit;
    query.state = text_lend(ask->state);
    query.matter = text_lend(ask->matter);
    query.from_ms = ask->from_ms;
    query.to_ms = ask->to_ms;
    query.source_ref = text_lend(ask->source_ref);
    query.limit = ask->limit;
    query.cursor = text_lend(ask->cursor);
    return message_bytes(&query.base, arena);
}

struct bytes similar_encode(struct arena *arena, const struct case_view *to, uint32_t limit)
{
    Huying__Routing__SimilarQuery query = HUYING__ROUTING__SIMILAR_QUERY__INIT;
    query.matter = text_lend(to->matter);
    query.unit = to->unit;
    query.except = to->id;
    query.limit = limit;
    return message_bytes(&query.base, arena);
}

enum err case_list_decode(struct bytes payload, struct arena *arena, struct case_page *ret)
{
    const Huying__Routing__CaseList *in =
            message_open(&huying__routing__case_list__descriptor, payload, arena);
    if (in == NULL)
        return ERR_MALFORMED;
    *ret = (struct case_page){.cases = arena_array(arena, struct case_view, in->n_cases + 1),
            .count = in->n_cases,
            .cursor = in->cursor};
    for (size_t i = 0; i < in->n_cases; i++)
        if (view_view(in->cases[i], &ret->cases[i]) != OK)
            return ERR_MALFORMED;
    return OK;
}

struct bytes load_encode(struct arena *arena, int64_t unit)
{
    Huying__Routing__LoadQuery query = HUYING__ROUTING__LOAD_QUERY__INIT;
    query.unit = unit;
    return message_bytes(&query.base, arena);
}

enum err load_decode(
        struct bytes payload, struct arena *arena, struct unit_load **ret, size_t *ret_count)
{
    const Huying__Routing__Load *in =
            message_open(&huying__routing__load__descriptor, payload, arena);
    if (in == NULL)
        return ERR_MALFORMED;
    *ret = arena_array(arena, struct unit_load, in->n_units + 1);
    *ret_count = in->n_units;
    for (size_t i = 0; i < in->n_units; i++)
        (*ret)[i] = (struct unit_load){.unit = in->units[i]->unit,
                .open = in->units[i]->open,
                .late = in->units[i]->late,
                .due_today = in->units[i]->due_today};
    return OK;
}
