#include "services/ctl/codec_caller.h"

#include <string.h>

#include "proto/intake.pb-c.h"
#include "services/kernel/base/must.h"
#include "services/kernel/wire/message.h"

_Static_assert((int)CALLER_SEE == (int)HUYING__INTAKE__TYPE__SEE_PERSON, "SEE_PERSON");
_Static_assert((int)CALLER_FORGET == (int)HUYING__INTAKE__TYPE__FORGET_PERSON, "FORGET_PERSON");
_Static_assert((int)CALLER_RESEAL == (int)HUYING__INTAKE__TYPE__RESEAL_PERSON, "RESEAL_PERSON");
_Static_assert((int)CALLER_REPORT == (int)HUYING__INTAKE__TYPE__REPORT, "number of REPORT");
_Static_assert((int)CALLER_READS == (int)HUYING__INTAKE__TYPE__PERSON_READS, "PERSON_READS");
_Static_assert((int)CALLER_KEYS == (int)HUYING__INTAKE__TYPE__PERSON_KEYS, "PERSON_KEYS");
_Static_assert((int)CALLER_SEALED == (int)HUYING__INTAKE__TYPE__PERSON_SEALED, "PERSON_SEALED");

struct bytes caller_request_encode(struct arena *arena, int64_t id, const char *why)
{
    Huying__Intake__PersonRequest message = HUYING__INTAKE__PERSON_REQUEST__INIT;
    message.id = id;
    message.why = text_lend(why);
    return message_bytes(&message.base, arena);
}

struct bytes caller_query_encode(struct arena *arena, int64_t id)
{
    Huying__Intake__ReportQuery message = HUYING__INTAKE__REPORT_QUERY__INIT;
    message.id = id;
    return message_bytes(&message.base, arena);
}

struct bytes caller_reseal_encode(struct arena *arena, int64_t id)
{
    Huying__Intake__PersonReseal message = HUYING__INTAKE__PERSON_RESEAL__INIT;
    message.id = id;
    return message_bytes(&message.base, arena);
}

struct bytes caller_sealed_encode(struct arena *arena, int64_t key, int64_t after)
{
    Huying__Intake__PersonSealedQuery message = HUYING__INTAKE__PERSON_SEALED_QUERY__INIT;
    message.key = key;
    message.after = after;
    message.limit = CALLER_SEALED_MAX;
    return message_bytes(&message.base, arena);
}

enum err callers_shown_decode(struct bytes payload, struct arena *arena, struct callers_shown *ret)
{
    const Huying__Intake__Callers *in =
            message_open(&huying__intake__callers__descriptor, payload, arena);
    if (in == NULL)
        return ERR_MALFORMED;
    *ret = (struct callers_shown){.list = arena_array(arena, struct caller_shown, in->n_items + 1),
            .count = in->n_items,
            .withheld = in->withheld,
            .broken = in->broken};
    for (size_t i = 0; i < in->n_items; i++) {
        const Huying__Intake__Caller *item = in->items[i];
        ret->list[i] = (struct caller_shown){.ticket = item->ticket,
                .name = item->name,
                .phone = item->phone,
                .email = item->email,
                .address = item->address,
                .id_number = item->id_number,
                .device_id = item->device_id,
                .account_id = item->account_id,
                .text = item->text,
                .contact = item->contact,
                .confidential = item->confidential};
    }
    return OK;
}

enum err callers_seen_decode(
        struct bytes payload, struct arena *arena, struct caller_seen **ret, size_t *ret_count)
{
    const Huying__Intake__PersonReads *in =
            message_open(&huying__intake__person_reads__descriptor, payload, arena);
    if (in == NULL)
        return ERR_MALFORMED;
    *ret = arena_array(arena, struct caller_seen, in->n_items + 1);
    *ret_count = in->n_items;
    for (size_t i = 0; i < in->n_items; i++) {
        const Huying__Intake__PersonRead *item = in->items[i];
        (*ret)[i] = (struct caller_seen){.at_ms = item->at_ms,
                .page = item->page,
                .idx = item->idx,
                .actor = item->actor,
                .why = item->why,
                .deleted = item->deleted};
    }
    return OK;
}

enum err sealed_keys_decode(struct bytes payload, struct arena *arena, struct sealed_keys *ret)
{
    const Huying__Intake__PersonKeys *in =
            message_open(&huying__intake__person_keys__descriptor, payload, arena);
    if (in == NULL)
        return ERR_MALFORMED;
    *ret = (struct sealed_keys){.first = in->first,
            .list = arena_array(arena, struct sealed_by, in->n_items + 1),
            .count = in->n_items};
    for (size_t i = 0; i < in->n_items; i++)
        ret->list[i] = (struct sealed_by){
                .key = in->items[i]->key, .rows = in->items[i]->rows, .known = in->items[i]->known};
    return OK;
}

enum err sealed_ids_decode(
        struct bytes payload, struct arena *arena, int64_t **ret, size_t *ret_count)
{
    const Huying__Intake__PersonSealed *in =
            message_open(&huying__intake__person_sealed__descriptor, payload, arena);
    if (in == NULL || in->n_ids > CALLER_SEALED_MAX)
        return ERR_MALFORMED;
    *ret = arena_copy(arena, in->ids, in->n_ids * sizeof *in->ids);
    *ret_count = in->n_ids;
    return OK;
}

enum err resealed_decode(struct bytes payload, struct arena *arena, struct resealed *ret)
{
    const Huying__Intake__PersonResealed *in =
            message_open(&huying__intake__person_resealed__descriptor, payload, arena);
    if (in == NULL)
        return ERR_MALFORMED;
    *ret = (struct resealed){in->key, in->rows, in->broken};
    return OK;
}
