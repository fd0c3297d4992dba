/* GET of service requests: by filters, by an id, by a token; and of updates, which are the stages
 * and ends of their cases. The loop answers as many rows as a message holds and is asked on until
 * there are as many as the page has. */
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include "services/intake/open311.h"
#include "services/intake/way_open311.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define DAY_MS INT64_C(86400000)
#define SPAN_DAYS 90
#define PAGE_MAX 1000000

struct asked {
    struct requests_query query;
    uint32_t wanted; /* rows of the page */
    struct request list[REQUESTS_MAX];
    size_t count;
    bool more, failed;
};

static struct asked *asked_of(const struct call *call)
{
    return open311_of(call)->more;
}

bool open311_instant(const char *text, int64_t *ret_ms)
{
    char whole[INSTANT_SIZE];
    if (strlen(text) != strlen("2010-01-01"))
        return instant_parse(text, ret_ms);
    (void)snprintf(whole, sizeof whole, "%sT00:00:00Z", text);
    return instant_parse(whole, ret_ms);
}

static bool instant_read(struct call *call, const char *name, int64_t *ret_ms)
{
    const char *text = open311_text(call, name, INSTANT_SIZE);
    *ret_ms = 0;
    if (*text && !open311_instant(text, ret_ms))
        open311_fail(call, OPEN311_TIME, name, 0);
    return *text != 0;
}

/* Nothing is older or newer than what intake takes at all. */
static int64_t instant_within(int64_t at_ms)
{
    if (at_ms < INSTANT_MIN_MS)
        return INSTANT_MIN_MS;
    return at_ms < INSTANT_MAX_MS ? at_ms : INSTANT_MAX_MS;
}

bool open311_span(struct call *call, int64_t now_ms, struct requests_query *query)
{
    int64_t from_ms, to_ms;
    bool from = instant_read(call, "start_date", &from_ms);
    bool to = instant_read(call, "end_date", &to_ms);
    if (!to)
        to_ms = from ? from_ms + SPAN_DAYS * DAY_MS : now_ms + DAY_MS;
    if (!from)
        from_ms = to_ms - SPAN_DAYS * DAY_MS;
    if (from && to && (from_ms > to_ms || to_ms - from_ms > SPAN_DAYS * DAY_MS))
        open311_fail(call, OPEN311_SPAN, "", SPAN_DAYS);
    query->from_ms = instant_within(from_ms);
    query->to_ms = instant_within(to_ms + (to ? 1000 : 0));
    return open311_of(call)->error_count == 0;
}

/* The entries of a list with commas between, of all fields of that name; empty ones are none. */
static size_t list_read(struct call *call, const char *name, size_t most, const char **list)
{
    struct open311 *own = open311_of(call);
    size_t count = 0;
    for (size_t i = 0; i < own->fields.count; i++) {
        if (strcmp(own->fields.list[i].name, name) != 0)
            continue;
        for (const char *at = own->fields.list[i].value; *at;) {
            size_t size = strcspn(at, ",");
            const char *next = at + size + (at[size] == ',');
            for (; size && *at == ' '; size--)
                at++;
            for (; size && at[size - 1] == ' '; size--)
                ;
            if (size && count == most) {
                open311_fail(call, OPEN311_MANY, name, (int64_t)most);
                return count;
            }
            if (size)
                list[count++] = arena_text(&own->arena, at, size);
            at = next;
        }
    }
    return count;
}

static void status_read(struct call *call, struct requests_query *query)
{
    const char *list[4];
    bool open = false, closed = false;
    size_t count = list_read(call, "status", 4, list);
    for (size_t i = 0; i < count; i++) {
        bool is_open = strcasecmp(list[i], "open") == 0;
        bool is_closed = strcasecmp(list[i], "closed") == 0;
        open |= is_open;
        closed |= is_closed;
        if (!is_open && !is_closed)
            open311_fail(call, OPEN311_STATUS, "status", 0);
    }
    query->status = open == closed ? REQUEST_ANY : open ? REQUEST_OPEN : REQUEST_CLOSED;
}

static uint32_t whole_read(struct call *call, const char *name, uint32_t most, uint32_t preset)
{
    const char *text = open311_text(call, name, 10);
    if (!*text)
        return preset;
    bool digits = strlen(text) <= 10 && strspn(text, "0123456789") == strlen(text);
    unsigned long long value = digits ? strtoull(text, NULL, 10) : 0;
    if (value >= 1 && value <= most)
        return (uint32_t)value;
    open311_fail(call, OPEN311_RANGE, name, most);
    return preset;
}

static void page_read(struct call *call, struct asked *asked)
{
    uint32_t page = whole_read(call, "page", PAGE_MAX, 1);
    asked->wanted = whole_read(call, "page_size", REQUESTS_MAX, REQUESTS_MAX);
    asked->query.offset = (page - 1) * asked->wanted;
}

static void ids_check(struct call *call, const struct requests_query *query)
{
    for (size_t i = 0; i < query->id_count; i++)
        if (strlen(query->ids[i]) > LISTED_NAME_MAX)
            open311_fail(call, OPEN311_LENGTH, "service_request_id", LISTED_NAME_MAX);
}

static void services_check(struct call *call, const struct requests_query *query)
{
    const struct jurisdiction *jurisdiction = open311_of(call)->jurisdiction;
    for (size_t i = 0; i < query->service_count; i++)
        if (!offered_service_find(jurisdiction, query->services[i]))
            open311_fail(call, OPEN311_SERVICE, query->services[i], 0);
}

/* NULL, with an error: there is nothing to ask. */
static struct asked *asked_begin(struct call *call)
{
    struct open311 *own = open311_of(call);
    if (own->error_count || !open311_jurisdiction(call))
        return NULL;
    struct asked *asked = arena_get(&own->arena, sizeof *asked);
    asked->query.jurisdiction = own->jurisdiction->id;
    asked->wanted = REQUESTS_MAX;
    own->more = asked;
    return asked;
}

static bool asked_send(struct call *call)
{
    struct asked *asked = asked_of(call);
    if (open311_of(call)->error_count)
        return false;
    asked->query.limit = asked->wanted - (uint32_t)asked->count;
    call->type = INTAKE_REQUESTS;
    buf_reset(&call->payload);
    requests_query_encode(&asked->query, &call->payload);
    return true;
}

static bool requests_read(struct call *call)
{
    struct asked *asked = asked_begin(call);
    if (!asked)
        return false;
    struct requests_query *query = &asked->query;
    query->id_count = list_read(call, "service_request_id", REQUESTS_MAX, query->ids);
    ids_check(call, query);
    if (query->id_count)
        return asked_send(call);
    query->service_count = list_read(call, "service_code", REQUEST_SERVICES_MAX, query->services);
    services_check(call, query);
    status_read(call, query);
    page_read(call, asked);
    return open311_span(call, call->began_wall_ms, query) && asked_send(call);
}

static bool request_read(struct call *call)
{
    struct asked *asked = asked_begin(call);
    if (!asked)
        return false;
    asked->query.ids[asked->query.id_count++] = open311_of(call)->name;
    ids_check(call, &asked->query);
    return asked_send(call);
}

/* A token is the prefix and the case's id. */
static bool token_read(struct call *call)
{
    const size_t prefix = strlen(OPEN311_TOKEN_PREFIX);
    const char *name = open311_of(call)->name;
    const char *id = name + prefix;
    bool good = strncmp(name, OPEN311_TOKEN_PREFIX, prefix) == 0 && *id &&
                strspn(id, "0123456789") == strlen(id);
    if (!open311_of(call)->error_count && !good)
        open311_fail(call, OPEN311_TOKEN, name, 0);
    struct asked *asked = asked_begin(call);
    if (!asked)
        return false;
    asked->query.ids[asked->query.id_count++] = id;
    ids_check(call, &asked->query);
    return asked_send(call);
}

static bool updates_read(struct call *call)
{
    struct asked *asked = asked_begin(call);
    if (!asked)
        return false;
    asked->query.ended = true;
    page_read(call, asked);
    return open311_span(call, call->began_wall_ms, &asked->query) && asked_send(call);
}

/* Keeps the rows that came, and asks for those behind them. */
static bool requests_again(struct call *call)
{
    struct asked *asked = asked_of(call);
    struct requests got;
    if (call->verdict >= REPLY_FAILED ||
            requests_decode(call_reply(call), &open311_of(call)->arena, &got) != OK ||
            got.count > asked->wanted - asked->count) {
        asked->failed = true;
        return false;
    }
    for (size_t i = 0; i < got.count; i++)
        asked->list[asked->count++] = got.list[i];
    asked->query.offset += (uint32_t)got.count;
    return got.more && got.count && asked->count < asked->wanted && asked_send(call);
}

static void instant_write(struct call *call, struct doc *doc, const char *name, int64_t at_ms)
{
    char text[INSTANT_SIZE] = "";
    if (at_ms)
        instant_format(text, at_ms / 1000 * 1000, call->utc_offset_s);
    doc_text(doc, name, text);
}

static void place_write(struct doc *doc, const struct request *request)
{
    doc_text(doc, "address", request->address);
    doc_text(doc, "address_id", request->address_id);
    doc_text(doc, "zipcode", "");
    if (request->has_point) {
        doc_degrees(doc, "lat", request->latitude);
        doc_degrees(doc, "long", request->longitude);
    } else {
        doc_text(doc, "lat", "");
        doc_text(doc, "long", "");
    }
}

static void request_write(struct call *call, struct doc *doc, const struct request *request)
{
    const struct offered_service *service =
            offered_service_find(open311_of(call)->jurisdiction, request->service);
    int64_t updated_ms = request->ended_ms ? request->ended_ms : request->requested_ms;
    doc_item(doc);
    doc_text(doc, "service_request_id", request->number);
    doc_text(doc, "status", request->open ? "open" : "closed");
    doc_text(doc, "status_notes", request->open ? "" : request->notes); /* opened again: none */
    doc_text(doc, "service_name", service ? service->name : request->service);
    doc_text(doc, "service_code", request->service);
    doc_text(doc, "description", request->description);
    doc_text(doc, "agency_responsible", request->agency);
    doc_text(doc, "service_notice", "");
    instant_write(call, doc, "requested_datetime", request->requested_ms);
    instant_write(call, doc, "updated_datetime", updated_ms);
    instant_write(call, doc, "expected_datetime", request->promised_ms);
    place_write(doc, request);
    doc_text(doc, "media_url", request->media_url);
    doc_end(doc);
}

/* True: nothing more is to be said. */
static bool trouble_answer(struct call *call, struct call_answer *answer, struct buf *body)
{
    const struct asked *asked = asked_of(call);
    if (asked && asked->failed)
        open311_fail(call, OPEN311_BUSY, "", 0);
    return open311_errors_answer(call, answer, body);
}

static void requests_write(struct call *call, struct call_answer *answer, struct buf *body)
{
    const struct asked *asked = asked_of(call);
    struct doc *doc = open311_answer(call, answer);
    doc_list(doc, "service_requests", "request");
    for (size_t i = 0; i < asked->count; i++)
        request_write(call, doc, &asked->list[i]);
    doc_end(doc);
    doc_finish(&doc, body);
}

static void requests_list_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    (void)language;
    if (!trouble_answer(call, answer, body))
        requests_write(call, answer, body);
}

static void request_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    (void)language;
    if (!open311_of(call)->error_count && !asked_of(call)->failed && !asked_of(call)->count)
        open311_fail(call, OPEN311_REQUEST, open311_of(call)->name, 0);
    if (!trouble_answer(call, answer, body))
        requests_write(call, answer, body);
}

static void token_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    const struct asked *asked = asked_of(call);
    (void)language;
    if (!open311_of(call)->error_count && !asked->failed && !asked->count)
        open311_fail(call, OPEN311_TOKEN, open311_of(call)->name, 0);
    if (trouble_answer(call, answer, body))
        return;
    struct doc *doc = open311_answer(call, answer);
    doc_list(doc, "service_requests", "request");
    doc_item(doc);
    doc_text(doc, "service_request_id", asked->list[0].number);
    doc_text(doc, "token", open311_of(call)->name);
    doc_end(doc);
    doc_end(doc);
    doc_finish(&doc, body);
}

/* An update's id is the case's number and how often it has ended, or p and the stage's version. */
static void update_write(struct call *call, struct doc *doc, const struct request *request)
{
    BUF_OWNED id = {0};
    bool end = request->stage == 0;
    buf_add_format(
            &id, "%s-%s%u", request->number, end ? "" : "p", end ? request->round : request->stage);
    doc_item(doc);
    doc_text(doc, "update_id", id.data);
    doc_text(doc, "service_request_id", request->number);
    doc_text(doc, "status", end ? "closed" : "open");
    instant_write(call, doc, "updated_datetime", end ? request->ended_ms : request->stage_ms);
    doc_text(doc, "description", request->notes);
    doc_text(doc, "media_url", "");
    doc_end(doc);
}

static void updates_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    const struct asked *asked = asked_of(call);
    (void)language;
    if (trouble_answer(call, answer, body))
        return;
    struct doc *doc = open311_answer(call, answer);
    doc_list(doc, "service_request_updates", "request_update");
    for (size_t i = 0; i < asked->count; i++)
        update_write(call, doc, &asked->list[i]);
    doc_end(doc);
    doc_finish(&doc, body);
}

#define WAY(name, reader, writer)                                                                  \
    const struct way name = {.check = open311_check,                                               \
            .read = reader,                                                                        \
            .again = requests_again,                                                               \
            .answer = writer,                                                                      \
            .problem = open311_problem,                                                            \
            .end = open311_end}

WAY(way_open311_requests, requests_read, requests_list_answer);
WAY(way_open311_request, request_read, request_answer);
WAY(way_open311_token, token_read, token_answer);
WAY(way_open311_updates, updates_read, updates_answer);
