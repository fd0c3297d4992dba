#include "services/ctl/codec_field.h"

#include <stdio.h>
#include <string.h>

#include "proto/audit.pb-c.h"
#include "proto/enforcement.pb-c.h"
#include "proto/routing.pb-c.h"
#include "proto/volunteer.pb-c.h"
#include "services/kernel/base/must.h"

static ProtobufCAllocator arena_memory(struct arena *arena)
{
    struct arena_allocator memory = arena_allocator(arena);
    return (ProtobufCAllocator){memory.alloc, memory.free, memory.self};
}

static struct bytes packed(struct arena *arena, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *data = arena_get(arena, size + 1);
    protobuf_c_message_pack(message, data);
    return (struct bytes){data, size};
}

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
    return packed(arena, &query.base);
}

static enum err cases_decode(ProtobufCAllocator *memory,
        struct bytes payload,
        struct arena *arena,
        struct field_item **ret,
        size_t *ret_count)
{
    Huying__Routing__Worklist *list =
            huying__routing__worklist__unpack(memory, payload.size, payload.data);
    if (!list)
        return ERR_MALFORMED;
    *ret = arena_array(arena, struct field_item, list->n_items + 1);
    *ret_count = list->n_items;
    for (size_t i = 0; i < list->n_items; i++)
        (*ret)[i] = (struct field_item){list->items[i]->id, list->items[i]->unit,
                list->items[i]->handler, list->items[i]->source_ref, list->items[i]->state,
                list->items[i]->handler_kind, ""};
    return OK;
}

static enum err missions_decode(ProtobufCAllocator *memory,
        struct bytes payload,
        struct arena *arena,
        struct field_item **ret,
        size_t *ret_count)
{
    Huying__Enforcement__Missions *list =
            huying__enforcement__missions__unpack(memory, payload.size, payload.data);
    if (!list)
        return ERR_MALFORMED;
    *ret = arena_array(arena, struct field_item, list->n_items + 1);
    *ret_count = list->n_items;
    for (size_t i = 0; i < list->n_items; i++)
        (*ret)[i] =
                (struct field_item){list->items[i]->id, list->items[i]->unit, list->items[i]->squad,
                        list->items[i]->source_ref, list->items[i]->state, "squad", ""};
    return OK;
}

static enum err needs_decode(ProtobufCAllocator *memory,
        struct bytes payload,
        struct arena *arena,
        struct field_item **ret,
        size_t *ret_count)
{
    Huying__Volunteer__Needs *list =
            huying__volunteer__needs__unpack(memory, payload.size, payload.data);
    if (!list)
        return ERR_MALFORMED;
    *ret = arena_array(arena, struct field_item, list->n_items + 1);
    *ret_count = list->n_items;
    for (size_t i = 0; i < list->n_items; i++)
        (*ret)[i] = (struct field_item){list->items[i]->id, list->items[i]->unit, 0,
                list->items[i]->source_ref, list->items[i]->state, "volunteers",
                list->items[i]->volunteer};
    return OK;
}

enum err field_items_decode(uint32_t type,
        struct bytes payload,
        struct arena *arena,
        struct field_item **ret,
        size_t *ret_count)
{
    ProtobufCAllocator memory = arena_memory(arena);
    if (type == FIELD_WORKLIST)
        return cases_decode(&memory, payload, arena, ret, ret_count);
    if (type == FIELD_MISSIONS)
        return missions_decode(&memory, payload, arena, ret, ret_count);
    return needs_decode(&memory, payload, arena, ret, ret_count);
}

/* The Act of the three services and volunteer's Done agree in version and text. */
struct bytes field_act_encode(struct arena *arena, const char *text)
{
    Huying__Routing__Act act = HUYING__ROUTING__ACT__INIT;
    act.text = arena_text(arena, text, strlen(text));
    return packed(arena, &act.base);
}

struct bytes field_offers_query_encode(struct arena *arena, int64_t need)
{
    Huying__Volunteer__OffersQuery query = HUYING__VOLUNTEER__OFFERS_QUERY__INIT;
    query.need = need;
    return packed(arena, &query.base);
}

enum err field_offers_decode(struct bytes payload, struct arena *arena, const char ***ret)
{
    ProtobufCAllocator memory = arena_memory(arena);
    Huying__Volunteer__Offers *offers =
            huying__volunteer__offers__unpack(&memory, payload.size, payload.data);
    if (!offers)
        return ERR_MALFORMED;
    *ret = arena_array(arena, const char *, offers->n_items + 1);
    for (size_t i = 0; i < offers->n_items; i++)
        (*ret)[i] = offers->items[i]->volunteer;
    return OK;
}

enum err field_root_decode(struct bytes payload, struct arena *arena, char ret[FIELD_ROOT_SIZE])
{
    ProtobufCAllocator memory = arena_memory(arena);
    Huying__Audit__Checkpoint *checkpoint =
            huying__audit__checkpoint__unpack(&memory, payload.size, payload.data);
    if (!checkpoint || checkpoint->root.len != 32)
        return ERR_MALFORMED;
    for (size_t i = 0; i < 32; i++)
        snprintf(ret + 2 * i, 3, "%02x", checkpoint->root.data[i]);
    return OK;
}
