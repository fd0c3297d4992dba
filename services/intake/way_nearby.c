/* GET /v1/nearby: which open cases may be the same thing as what somebody is about to report, so
 * that he joins one instead. A case is shown by its number and how far and how old it is; what
 * was said of it, and by whom, is not. */
#include <jansson.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include "services/intake/call.h"
#include "services/intake/nearby.h"
#include "services/intake/open311/fields.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define ARENA_SIZE (256 << 10)

struct asked {
    struct arena arena;
    struct fields fields;
    const char *why; /* the address cannot be read */
};

static enum MHD_Result argument_take(
        void *self, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct asked *asked = self;
    (void)kind;
    if (!asked->why)
        (void)!fields_add_escaped(&asked->fields, name, value ? value : "", &asked->why);
    return MHD_YES;
}

/* A finite number of degrees; an empty one is not there. */
static struct fault degrees_read(const struct fields *fields, const char *name, double *ret)
{
    const char *text = field_value(fields, name);
    char *end = NULL;
    if (!*text)
        return (struct fault){FAULT_MISSING, name, 1};
    *ret = strtod(text, &end);
    if (*end || strspn(text, "+-.0123456789eE") != strlen(text))
        return (struct fault){FAULT_RANGE, name, *name == 'l' && name[1] == 'o' ? 180 : 90};
    return (struct fault){FAULT_NONE, "", 0};
}

static struct fault names_check(const struct fields *fields)
{
    static const char *const names[] = {"matter", "longitude", "latitude", "coordinates"};
    for (size_t i = 0; i < fields->count; i++) {
        size_t n = 0;
        while (n < sizeof names / sizeof *names && strcmp(names[n], fields->list[i].name) != 0)
            n++;
        if (n == sizeof names / sizeof *names)
            return (struct fault){FAULT_UNKNOWN_FIELD, fields->list[i].name, 0};
    }
    return (struct fault){FAULT_NONE, "", 0};
}

static struct fault query_read(const struct fields *fields, struct nearby_query *ret)
{
    const char *coordinates = field_value(fields, "coordinates");
    ret->matter = field_value(fields, "matter");
    ret->coordinates = *coordinates ? coordinates_find(coordinates) : COORDINATES_WGS84;
    struct fault fault = names_check(fields);
    if (!fault.kind)
        fault = degrees_read(fields, "longitude", &ret->longitude);
    if (!fault.kind)
        fault = degrees_read(fields, "latitude", &ret->latitude);
    if (!fault.kind)
        fault = nearby_check(ret);
    return fault;
}

static bool get_read(struct call *call)
{
    struct asked asked = {.why = NULL};
    struct nearby_query query;
    arena_init(&asked.arena, ARENA_SIZE);
    fields_init(&asked.fields, &asked.arena);
    (void)MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND, argument_take, &asked);
    struct fault fault =
            asked.why ? (struct fault){FAULT_UTF8, "?", 0} : query_read(&asked.fields, &query);
    if (fault.kind) {
        problem_set_fault(&call->problem, &fault);
    } else {
        call->type = INTAKE_NEARBY;
        nearby_query_encode(&query, &call->payload);
    }
    arena_fini(&asked.arena);
    return !call->problem.kind;
}

static json_t *case_json(const struct nearby_case *item, int utc_offset_s)
{
    char since[INSTANT_SIZE];
    instant_format(since, item->accepted_ms, utc_offset_s);
    return must_memory(json_pack("{s:s, s:s, s:I, s:s, s:I, s:b}", "number", item->number, "state",
            item->state, "distance_m", (json_int_t)item->distance_m, "accepted_at", since,
            "reported", (json_int_t)item->reported, "joinable", item->joinable));
}

/* What the loop could not bind is a matter that its catalogue has not. */
static void get_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    struct nearby_case list[NEARBY_MAX];
    struct arena arena;
    size_t count = 0;
    (void)language;
    if (call->verdict == (uint32_t)(REPLY_FAILED + ERR_MALFORMED)) {
        problem_set_reason(&call->problem, REASON_UNKNOWN_MATTER);
        return;
    }
    arena_init(&arena, ARENA_SIZE);
    if (call->verdict >= REPLY_FAILED ||
            nearby_decode(call_reply(call), &arena, list, &count) != OK) {
        problem_set(&call->problem, PROBLEM_BUSY, "", -1);
    } else {
        json_t *cases = must_memory(json_array());
        for (size_t i = 0; i < count; i++)
            must(json_array_append_new(cases, case_json(&list[i], call->utc_offset_s)) == 0);
        json_t *object = must_memory(json_pack("{s:o}", "cases", cases));
        char *text = must_memory(json_dumps(object, JSON_COMPACT));
        buf_add_text(body, text);
        free(text);
        json_decref(object);
        answer->status = MHD_HTTP_OK;
    }
    arena_fini(&arena);
}

const struct way way_nearby = {.check = call_access_check, .read = get_read, .answer = get_answer};
