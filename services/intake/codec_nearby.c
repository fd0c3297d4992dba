/* See nearby.h. */
#include <protobuf-c/protobuf-c.h>
#include <string.h>
#include "proto/intake.pb-c.h"
#include "services/intake/clean.h"
#include "services/intake/codec_open.h"
#include "services/intake/decide.h"
#include "services/intake/nearby.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/wire/message.h"

/* The question as a report that says no more: its limits and its matter's rules are a report's. */
static struct submission probe_make(const struct nearby_query *query)
{
    return (struct submission){.ticket = "nearby",
            .matter = query->matter,
            .text = "",
            .reporter = "",
            .about = "",
            .to = "",
            .has_point = true,
            .longitude = query->longitude,
            .latitude = query->latitude,
            .coordinates = query->coordinates};
}

struct fault nearby_check(const struct nearby_query *query)
{
    const struct submission probe = probe_make(query);
    return submission_check(&probe, "ticket");
}

void nearby_query_encode(const struct nearby_query *query, struct buf *out)
{
    Huying__Intake__NearbyQuery message = HUYING__INTAKE__NEARBY_QUERY__INIT;
    message.matter = text_lend(query->matter);
    message.longitude = query->longitude;
    message.latitude = query->latitude;
    message.coordinates = query->coordinates;
    message_add(&message.base, out);
}

enum err nearby_query_decode(struct bytes payload,
        const struct directory *directory,
        struct arena *arena,
        struct nearby_search *ret,
        const char **ret_why)
{
    const Huying__Intake__NearbyQuery *message =
            request_open(&huying__intake__nearby_query__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    const struct nearby_query query = {message->matter, message->longitude, message->latitude,
            (enum coordinates)message->coordinates};
    struct submission probe = probe_make(&query);
    struct fault fault = submission_tidy(&probe, arena);
    if (!fault.kind)
        fault = submission_check(&probe, "ticket");
    if (fault.kind)
        return fault_report(&fault, arena, ret_why);
    const struct matter *matter = directory ? report_matter(directory, probe.matter) : NULL;
    *ret = (struct nearby_search){.thing = 0};
    if (directory && !matter) {
        *ret_why = report_reason_text(REASON_UNKNOWN_MATTER, intake_language());
        return ERR_MALFORMED;
    }
    struct degrees at = coordinates_resolve(
            (struct degrees){probe.longitude, probe.latitude}, probe.coordinates);
    probe.longitude = at.longitude;
    probe.latitude = at.latitude;
    ret->thing = thing_find(&probe, matter, &ret->spot);
    if (!ret->thing)
        return OK;
    ret->hours = matter->dup_h;
    ret->reach = spot_reach(ret->spot, matter->dup_m);
    return OK;
}

void nearby_encode(const struct nearby_case *list,
        size_t count,
        const struct directory *directory,
        struct buf *out)
{
    Huying__Intake__NearbyCase items[NEARBY_MAX], *pointers[NEARBY_MAX];
    char numbers[NEARBY_MAX][CASE_NUMBER_SIZE];
    Huying__Intake__Nearby message = HUYING__INTAKE__NEARBY__INIT;
    must(count <= NEARBY_MAX);
    for (size_t i = 0; i < count; i++) {
        case_number_format(numbers[i], directory_site_letters(directory), list[i].id,
                list[i].accepted_ms, directory_utc_offset_s(directory));
        huying__intake__nearby_case__init(&items[i]);
        items[i].number = numbers[i];
        items[i].state = text_lend(report_state_names[REPORT_ACCEPTED]);
        items[i].distance_m = list[i].distance_m;
        items[i].accepted_at_ms = list[i].accepted_ms;
        items[i].reported = list[i].reported;
        items[i].joinable = list[i].joinable;
        pointers[i] = &items[i];
    }
    message.items = pointers;
    message.n_items = count;
    message_add(&message.base, out);
}

enum err nearby_decode(
        struct bytes payload, struct arena *arena, struct nearby_case *ret, size_t *ret_count)
{
    const char *why;
    const Huying__Intake__Nearby *message =
            request_open(&huying__intake__nearby__descriptor, payload, arena, &why);
    if (!message || message->n_items > NEARBY_MAX)
        return ERR_MALFORMED;
    for (size_t i = 0; i < message->n_items; i++) {
        const Huying__Intake__NearbyCase *item = message->items[i];
        if (!text_valid(item->number, strlen(item->number)) ||
                !text_valid(item->state, strlen(item->state)))
            return ERR_MALFORMED;
        ret[i] = (struct nearby_case){.number = item->number,
                .state = item->state,
                .accepted_ms = item->accepted_at_ms,
                .distance_m = item->distance_m,
                .reported = item->reported,
                .joinable = item->joinable};
    }
    *ret_count = message->n_items;
    return OK;
}
