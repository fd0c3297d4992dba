#include "services/ctl/codec_field.h"

#include <stdio.h>
#include <string.h>

#include "proto/audit.pb-c.h"
#include "proto/enforcement.pb-c.h"
#include "proto/routing.pb-c.h"
#include "proto/volunteer.pb-c.h"
#include "services/kernel/base/must.h"
#include "services/kernel/wire/message.h"

/* WorklistQuery, MissionsQuery and NeedsQuery have the same fields with the same numbers. */
struct bytes field_refs_encode(struct arena *arena, const char *const *refs, size_t count)
{
    Huying__Routing__WorklistQuery query = HUYING__ROUTING__WORKLIST_QUERY__INIT;
    must(count <= FIELD_REFS_MAX);
    query.n_source_refs = count;
    query.source_refs = arena_array(arena, char *, count + 1);
    for (size_t i = 0; i < count; i++)
        query.source_refs[i] = arena_text(arena, refs[i], strlen(refs[i]));
    query.limit = FIELD_REFS_MAX;
    return message_bytes(&query.base, arena);
}

static enum err cases_decode(
        struct bytes payload, struct arena *arena, struct field_item **ret, size_t *ret_count)
{
    const Huying__Routing__Worklist *list =
            message_open(&huying__routing__worklist__descriptor, payload, arena);
    if (!list)
        return ERR_MALFORMED;
    *ret = arena_array(arena, struct field_item, list->n_items + 1);
    *ret_count = list->n_items;
    for (size_t i = 0; i < list->n_items; i++)
        (*ret)[i] = (struct field_item){list->items[i]->id, list->items[i]->unit,
                list->items[i]->handler, list->items[i]->source_ref, list->items[i]->state,
                list->items[i]->handler_kind, "", list->items[i]->version, list->items[i]->matter};
    return OK;
}

static enum err missions_decode(
        struct bytes payload, struct arena *arena, struct field_item **ret, size_t *ret_count)
{
    const Huying__Enforcement__Missions *list =
            message_open(&huying__enforcement__missions__descriptor, payload, arena);
    if (!list)
        return ERR_MALFORMED;
    *ret = arena_array(arena, struct field_item, list->n_items + 1);
    *ret_count = list->n_items;
    for (size_t i = 0; i < list->n_items; i++)
        (*ret)[i] = (struct field_item){list->items[i]->id, list->items[i]->unit,
                list->items[i]->squad, list->items[i]->source_ref, list->items[i]->state, "squad",
                "", list->items[i]->version, list->items[i]->matter};
    return OK;
}

static enum err needs_decode(
        struct bytes payload, struct arena *arena, struct field_item **ret, size_t *ret_count)
{
    const Huying__Volunteer__Needs *list =
            message_open(&huying__volunteer__needs__descriptor, payload, arena);
    if (!list)
        return ERR_MALFORMED;
    *ret = arena_array(arena, struct field_item, list->n_items + 1);
    *ret_count = list->n_items;
    for (size_t i = 0; i < list->n_items; i++)
        (*ret)[i] = (struct field_item){list->items[i]->id, list->items[i]->unit, 0,
                list->items[i]->source_ref, list->items[i]->state, "volunteers",
                list->items[i]->volunteer, list->items[i]->version, list->items[i]->matter};
    return OK;
}

enum err field_items_decode(uint32_t type,
        struct bytes payload,
        struct arena *arena,
        struct field_item **ret,
        size_t *ret_count)
{
    if (type == FIELD_WORKLIST)
        return cases_decode(payload, arena, ret, ret_count);
    if (type == FIELD_MISSIONS)
        return missions_decode(payload, arena, ret, ret_count);
    return needs_decode(payload, arena, ret, ret_count);
}

/* The Act of the three services and volunteer's Done agree in version and text. */
struct bytes field_act_encode(struct arena *arena, const char *text)
{
    Huying__Routing__Act act = HUYING__ROUTING__ACT__INIT;
    act.text = arena_text(arena, text, strlen(text));
    return message_bytes(&act.base, arena);
}

static struct bytes mission_done_encode(
        struct arena *arena, const char *text, const struct matter *matter)
{
    Huying__Enforcement__Act act = HUYING__ENFORCEMENT__ACT__INIT;
    Huying__Enforcement__Evidence items[EVIDENCE_MAX];
    Huying__Enforcement__Evidence *pointers[EVIDENCE_MAX];
    must(matter->evidence_count <= EVIDENCE_MAX);
    for (int i = 0; i < matter->evidence_count; i++) {
        huying__enforcement__evidence__init(&items[i]);
        items[i].kind = text_lend(EVIDENCE_WORDS[matter->evidence[i].kind]);
        items[i].count = matter->evidence[i].count;
        pointers[i] = &items[i];
    }
    act.text = text_lend(text);
    act.evidence = pointers;
    act.n_evidence = (size_t)matter->evidence_count;
    return message_bytes(&act.base, arena);
}

static struct bytes case_handle_encode(
        struct arena *arena, const char *text, const struct matter *matter)
{
    Huying__Routing__Act act = HUYING__ROUTING__ACT__INIT;
    Huying__Routing__Evidence items[EVIDENCE_MAX];
    Huying__Routing__Evidence *pointers[EVIDENCE_MAX];
    must(matter->evidence_count <= EVIDENCE_MAX);
    for (int i = 0; i < matter->evidence_count; i++) {
        huying__routing__evidence__init(&items[i]);
        items[i].kind = text_lend(EVIDENCE_WORDS[matter->evidence[i].kind]);
        items[i].count = matter->evidence[i].count;
        pointers[i] = &items[i];
    }
    act.text = text_lend(text);
    act.evidence = pointers;
    act.n_evidence = (size_t)matter->evidence_count;
    return message_bytes(&act.base, arena);
}

struct bytes field_done_encode(
        struct arena *arena, uint32_t type, const char *text, const struct matter *matter)
{
    if (matter && type == FIELD_MISSION_DONE)
        return mission_done_encode(arena, text, matter);
    if (matter && type == FIELD_CASE_HANDLE)
        return case_handle_encode(arena, text, matter);
    return field_act_encode(arena, text);
}

struct bytes field_offers_query_encode(struct arena *arena, int64_t need)
{
    Huying__Volunteer__OffersQuery query = HUYING__VOLUNTEER__OFFERS_QUERY__INIT;
    query.need = need;
    return message_bytes(&query.base, arena);
}

enum err field_offers_decode(struct bytes payload, struct arena *arena, const char ***ret)
{
    const Huying__Volunteer__Offers *offers =
            message_open(&huying__volunteer__offers__descriptor, payload, arena);
    if (!offers)
        return ERR_MALFORMED;
    *ret = arena_array(arena, const char *, offers->n_items + 1);
    for (size_t i = 0; i < offers->n_items; i++)
        (*ret)[i] = offers->items[i]->volunteer;
    return OK;
}

enum err field_root_decode(struct bytes payload, struct arena *arena, char ret[FIELD_ROOT_SIZE])
{
    const Huying__Audit__Checkpoint *checkpoint =
            message_open(&huying__audit__checkpoint__descriptor, payload, arena);
    if (!checkpoint || checkpoint->root.len != 32)
        return ERR_MALFORMED;
    for (size_t i = 0; i < 32; i++)
        snprintf(ret + 2 * i, 3, "%02x", checkpoint->root.data[i]);
    return OK;
}
