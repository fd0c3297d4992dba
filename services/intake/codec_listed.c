/* See open311.h. What of a report is public is one message in the report's; the questions and rows
 * are intake.proto's. */
#include <math.h>
#include <string.h>
#include "proto/hotline.pb-c.h"
#include "proto/intake.pb-c.h"
#include "services/intake/check.h"
#include "services/intake/codec_open.h"
#include "services/intake/open311.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_mask.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/wire/message.h"

void listed_encode(const struct listed *listed, struct buf *out)
{
    Huying__Hotline__Report report = HUYING__HOTLINE__REPORT__INIT;
    Huying__Hotline__Listed message = HUYING__HOTLINE__LISTED__INIT;
    message.jurisdiction = text_lend(listed->jurisdiction);
    message.service = text_lend(listed->service);
    message.description = text_lend(listed->description);
    message.address = text_lend(listed->address);
    message.address_id = text_lend(listed->address_id);
    message.media_url = text_lend(listed->media_url);
    report.listed = &message;
    message_add(&report.base, out); /* protobuf: what follows a message is merged into it */
}

void requests_query_encode(const struct requests_query *query, struct buf *out)
{
    char *ids[REQUESTS_MAX], *services[REQUEST_SERVICES_MAX];
    Huying__Intake__RequestsQuery message = HUYING__INTAKE__REQUESTS_QUERY__INIT;
    must(query->id_count <= REQUESTS_MAX && query->service_count <= REQUEST_SERVICES_MAX);
    for (size_t i = 0; i < query->id_count; i++)
        ids[i] = text_lend(query->ids[i]);
    for (size_t i = 0; i < query->service_count; i++)
        services[i] = text_lend(query->services[i]);
    message.jurisdiction = text_lend(query->jurisdiction);
    message.ids = ids;
    message.n_ids = query->id_count;
    message.ended = query->ended;
    message.from_ms = query->from_ms;
    message.to_ms = query->to_ms;
    message.services = services;
    message.n_services = query->service_count;
    message.status = (uint32_t)query->status;
    message.offset = query->offset;
    message.limit = query->limit;
    message_add(&message.base, out);
}

#define MILLION 1000000

struct listed_limit {
    const char *text, *field;
    size_t chars_max;
};

static struct fault listed_check(const struct listed_limit *limit)
{
    size_t size = strlen(limit->text);
    if (!text_valid(limit->text, size))
        return (struct fault){FAULT_UTF8, limit->field, 0};
    if (text_length(limit->text, size) > limit->chars_max)
        return (struct fault){FAULT_LONG, limit->field, (int64_t)limit->chars_max};
    return (struct fault){FAULT_NONE, limit->field, 0};
}

struct fault listed_read(
        const Huying__Hotline__Listed *message, struct arena *arena, const struct listed **ret)
{
    struct fault fault = {FAULT_NONE, "listed", 0};
    *ret = NULL;
    if (!message)
        return fault;
    const struct listed_limit limits[] = {
            {message->jurisdiction, "jurisdiction", LISTED_NAME_MAX},
            {message->service, "service", LISTED_NAME_MAX},
            {message->description, "description", TEXT_CHARS_MAX},
            {message->address, "address", LISTED_ADDRESS_MAX},
            {message->address_id, "address_id", LISTED_NAME_MAX},
            {message->media_url, "media_url", LISTED_URL_MAX},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits && !fault.kind; i++)
        fault = listed_check(&limits[i]);
    if (fault.kind)
        return fault;
    struct listed *listed = arena_get(arena, sizeof *listed);
    *listed = (struct listed){.jurisdiction = message->jurisdiction,
            .service = message->service,
            .description = message->description,
            .address = message->address,
            .address_id = message->address_id,
            .media_url = message->media_url};
    *ret = listed;
    return fault;
}

static const char *text_masked(const char *text, struct arena *arena)
{
    BUF_OWNED masked = {0};
    text_mask(text, strlen(text), &masked);
    return arena_text(arena, masked.data ? masked.data : "", masked.size);
}

const struct listed *listed_mask(
        const struct listed *listed, const struct submission *submission, struct arena *arena)
{
    if (!listed)
        return NULL;
    struct listed *shown = arena_get(arena, sizeof *shown);
    *shown = *listed;
    shown->description = text_masked(listed->description, arena);
    shown->address = text_masked(listed->address, arena);
    shown->has_point = submission->has_point;
    if (submission->has_point)
        shown->spot = (struct spot){.east = (int32_t)llround(submission->longitude * MILLION),
                .north = (int32_t)llround(submission->latitude * MILLION)};
    return shown;
}

static struct fault name_check(const char *text, const char *field)
{
    size_t size = strlen(text);
    if (!text_valid(text, size))
        return (struct fault){FAULT_UTF8, field, 0};
    if (size > LISTED_NAME_MAX)
        return (struct fault){FAULT_LONG, field, LISTED_NAME_MAX};
    return (struct fault){FAULT_NONE, field, 0};
}

static struct fault names_check(char **list, size_t count, size_t most, const char *field)
{
    struct fault fault = {FAULT_NONE, field, 0};
    if (count > most)
        return (struct fault){FAULT_MANY, field, (int64_t)most};
    for (size_t i = 0; i < count && !fault.kind; i++)
        fault = name_check(list[i], field);
    return fault;
}

static struct fault query_check(const Huying__Intake__RequestsQuery *message)
{
    struct fault fault = name_check(message->jurisdiction, "jurisdiction");
    if (!fault.kind)
        fault = names_check(message->ids, message->n_ids, REQUESTS_MAX, "ids");
    if (!fault.kind)
        fault = names_check(
                message->services, message->n_services, REQUEST_SERVICES_MAX, "services");
    if (fault.kind)
        return fault;
    if (message->from_ms < INSTANT_MIN_MS || message->to_ms > INSTANT_MAX_MS)
        return (struct fault){FAULT_INSTANT, "from_ms", INSTANT_MAX_MS};
    if (message->from_ms > message->to_ms)
        return (struct fault){FAULT_SPAN, "to_ms", 0};
    if (message->limit < 1 || message->limit > REQUESTS_MAX)
        return (struct fault){FAULT_COUNT, "limit", REQUESTS_MAX};
    if (message->status > REQUEST_CLOSED)
        return (struct fault){FAULT_LIMIT, "status", REQUEST_CLOSED};
    if (message->offset > INT32_MAX)
        return (struct fault){FAULT_LIMIT, "offset", INT32_MAX};
    return fault;
}

enum err requests_query_decode(
        struct bytes payload, struct arena *arena, struct requests_query *ret, const char **ret_why)
{
    const Huying__Intake__RequestsQuery *message =
            request_open(&huying__intake__requests_query__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    struct fault fault = query_check(message);
    if (fault.kind)
        return fault_report(&fault, arena, ret_why);
    *ret = (struct requests_query){.jurisdiction = message->jurisdiction,
            .id_count = message->n_ids,
            .ended = message->ended,
            .from_ms = message->from_ms,
            .to_ms = message->to_ms,
            .service_count = message->n_services,
            .status = (enum request_status)message->status,
            .offset = message->offset,
            .limit = message->limit};
    for (size_t i = 0; i < message->n_ids; i++)
        ret->ids[i] = message->ids[i];
    for (size_t i = 0; i < message->n_services; i++)
        ret->services[i] = message->services[i];
    return OK;
}

static void request_fill(const struct request *request, Huying__Intake__Request *message)
{
    huying__intake__request__init(message);
    message->id = request->id;
    message->number = text_lend(request->number);
    message->service = text_lend(request->service);
    message->description = text_lend(request->description);
    message->address = text_lend(request->address);
    message->address_id = text_lend(request->address_id);
    message->media_url = text_lend(request->media_url);
    message->requested_at_ms = request->requested_ms;
    message->ended_at_ms = request->ended_ms;
    message->promised_at_ms = request->promised_ms;
    message->open = request->open;
    message->notes = text_lend(request->notes);
    message->round = request->round;
    message->stage = request->stage;
    message->stage_at_ms = request->stage_ms;
    message->agency = text_lend(request->agency);
    message->has_point = request->has_point;
    message->longitude = request->longitude;
    message->latitude = request->latitude;
}

/* Message by message, each a Requests of one row: together they are one of all rows. */
void requests_encode(const struct request *list, size_t count, struct buf *out)
{
    Huying__Intake__Request item;
    Huying__Intake__Request *pointer = &item;
    Huying__Intake__Requests message = HUYING__INTAKE__REQUESTS__INIT;
    message.items = &pointer;
    message.n_items = 1;
    size_t begun = out->size;
    for (size_t i = 0; i < count; i++) {
        if (out->size - begun > REQUESTS_SIZE_MAX) {
            message.n_items = 0;
            message.more = 1;
            message_add(&message.base, out);
            return;
        }
        request_fill(&list[i], &item);
        message_add(&message.base, out);
    }
}

static bool request_read(const Huying__Intake__Request *message, struct request *ret)
{
    const char *const texts[] = {message->number, message->service, message->description,
            message->address, message->address_id, message->media_url, message->notes,
            message->agency};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!text_valid(texts[i], strlen(texts[i])))
            return false;
    *ret = (struct request){.id = message->id,
            .number = message->number,
            .service = message->service,
            .description = message->description,
            .address = message->address,
            .address_id = message->address_id,
            .media_url = message->media_url,
            .requested_ms = message->requested_at_ms,
            .ended_ms = message->ended_at_ms,
            .promised_ms = message->promised_at_ms,
            .open = message->open,
            .notes = message->notes,
            .round = message->round,
            .stage = message->stage,
            .stage_ms = message->stage_at_ms,
            .agency = message->agency,
            .has_point = message->has_point,
            .longitude = message->longitude,
            .latitude = message->latitude};
    return true;
}

enum err requests_decode(struct bytes payload, struct arena *arena, struct requests *ret)
{
    const char *why;
    const Huying__Intake__Requests *message =
            request_open(&huying__intake__requests__descriptor, payload, arena, &why);
    if (!message || message->n_items > REQUESTS_MAX)
        return ERR_MALFORMED;
    struct request *list = arena_array(arena, struct request, message->n_items + 1);
    for (size_t i = 0; i < message->n_items; i++)
        if (!request_read(message->items[i], &list[i]))
            return ERR_MALFORMED;
    *ret = (struct requests){list, message->n_items, message->more};
    return OK;
}
