#include "services/kernel/run/outgoing.h"

#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/fault.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/wire/envelope.h"

#define ABSENT_MS 200
#define BACKOFF_MIN_MS 10
#define BACKOFF_MAX_MS 300
#define FLIGHT_TABLE 4096 /* lists of frames under way, by serial */

struct flight { /* one frame, until acknowledged */
    struct flight *next;
    struct frame head;
    struct buf payload;
    int64_t made_ms, due_ms; /* due_ms: when to send (again); 0 = sent, nothing to do */
    int64_t backoff_ms;
};

struct pack { /* a frame being filled */
    struct buf payload;
    uint16_t count;
    bool listed;
};

struct outgoing {
    struct bus *bus;
    struct metrics *metrics;
    enum service_id source;
    uint64_t serial, epoch;
    uint64_t oldest;                    /* no serial below it is under way */
    struct flight *table[FLIGHT_TABLE]; /* an ack or a NAK finds its frame at once, of thousands */
    size_t bytes, count;
    int64_t next_due_ms; /* smallest due time, INT64_MAX = none */
    int64_t absent_until_ms[SERVICE_COUNT];
    uint64_t incarnation;
    int64_t now_ms, strolled_ms;
    struct pack packs[SERVICE_COUNT][BUCKET_COUNT];
    struct pack *filled[SERVICE_COUNT * BUCKET_COUNT];
    size_t filled_count;
};

struct outgoing *outgoing_new(struct bus *bus, struct metrics *metrics, enum service_id source)
{
    struct outgoing *outgoing = calloc(1, sizeof *outgoing);
    must(outgoing);
    outgoing->bus = bus;
    outgoing->metrics = metrics;
    outgoing->source = source;
    outgoing->oldest = 1;
    outgoing->next_due_ms = INT64_MAX;
    outgoing->epoch = bus_epoch(bus);
    return outgoing;
}

static void flight_free(struct outgoing *outgoing, struct flight *flight)
{
    outgoing->bytes -= flight->payload.size;
    outgoing->count--;
    buf_fini(&flight->payload);
    free(flight);
}

void outgoing_clear(struct outgoing *outgoing)
{
    for (size_t i = 0; i < FLIGHT_TABLE && outgoing->count; i++)
        while (outgoing->table[i]) {
            struct flight *flight = outgoing->table[i];
            outgoing->table[i] = flight->next;
            flight_free(outgoing, flight);
        }
    for (size_t i = 0; i < outgoing->filled_count; i++)
        outgoing->filled[i]->count = outgoing->filled[i]->listed = 0;
    outgoing->filled_count = 0;
}

void outgoing_destroy(struct outgoing **pointer)
{
    struct outgoing *outgoing = *pointer;
    if (!outgoing)
        return;
    outgoing_clear(outgoing);
    for (int dest = 0; dest < SERVICE_COUNT; dest++)
        for (int bucket = 0; bucket < BUCKET_COUNT; bucket++)
            buf_fini(&outgoing->packs[dest][bucket].payload);
    free(outgoing);
    *pointer = NULL;
}

bool outgoing_full(const struct outgoing *outgoing)
{
    return outgoing->bytes >= OUTGOING_BYTES_MAX || FAULT(outgoing_full);
}

bool outgoing_absent(const struct outgoing *outgoing, enum service_id dest, int64_t monotonic_ms)
{
    return monotonic_ms < outgoing->absent_until_ms[dest];
}

static void flight_later(struct outgoing *outgoing, struct flight *flight, int64_t now_ms)
{
    flight->backoff_ms = flight->backoff_ms ? flight->backoff_ms * 2 : BACKOFF_MIN_MS;
    if (flight->backoff_ms > BACKOFF_MAX_MS)
        flight->backoff_ms = BACKOFF_MAX_MS;
    flight->due_ms = now_ms + flight->backoff_ms;
    if (flight->due_ms < outgoing->next_due_ms)
        outgoing->next_due_ms = flight->due_ms;
}

static void flight_send(struct outgoing *outgoing, struct flight *flight, int64_t now_ms)
{
    flight->due_ms = 0;
    if (bus_send(outgoing->bus, &flight->head, flight->payload.data, flight->payload.size) != OK)
        flight_later(outgoing, flight, now_ms);
}

static void pack_send(struct outgoing *outgoing, struct pack *pack, int64_t now_ms)
{
    size_t index = (size_t)(pack - &outgoing->packs[0][0]);
    struct flight *flight = calloc(1, sizeof *flight);
    must(flight);
    flight->head = (struct frame){.kind = FRAME_EVENTS,
            .dest = (enum service_id)(index / BUCKET_COUNT),
            .source = outgoing->source,
            .bucket = (uint8_t)(index % BUCKET_COUNT),
            .count = pack->count,
            .serial = ++outgoing->serial,
            .incarnation = outgoing->incarnation};
    buf_add(&flight->payload, pack->payload.data, pack->payload.size);
    flight->made_ms = now_ms;
    struct flight **list = &outgoing->table[flight->head.serial % FLIGHT_TABLE];
    flight->next = *list;
    *list = flight;
    outgoing->bytes += flight->payload.size;
    outgoing->count++;
    metric_add(outgoing->metrics, events_out, pack->count);
    pack->count = 0;
    flight_send(outgoing, flight, now_ms);
}

void outgoing_add(struct outgoing *outgoing, const struct effect_message *message)
{
    struct pack *pack = &outgoing->packs[message->service][id_hash(message->agg) % BUCKET_COUNT];
    if (pack->count && (pack->count == OUTGOING_ENVELOPES ||
                               pack->payload.size + message->payload.size > OUTGOING_FRAME_BYTES))
        pack_send(outgoing, pack, outgoing->now_ms);
    if (pack->count == 0)
        batch_begin(&pack->payload, outgoing->incarnation);
    if (!pack->listed) {
        pack->listed = true;
        outgoing->filled[outgoing->filled_count++] = pack;
    }
    struct envelope envelope = {.id = message->id,
            .agg = message->agg,
            .n = message->n,
            .type = message->type,
            .at_ms = message->at_ms,
            .payload = message->payload};
    batch_add(&pack->payload, &envelope);
    pack->count++;
}

void outgoing_flush(struct outgoing *outgoing, uint64_t incarnation, int64_t monotonic_ms)
{
    must(incarnation == outgoing->incarnation || outgoing->filled_count == 0);
    for (size_t i = 0; i < outgoing->filled_count; i++) {
        outgoing->filled[i]->listed = false;
        if (outgoing->filled[i]->count)
            pack_send(outgoing, outgoing->filled[i], monotonic_ms);
    }
    outgoing->filled_count = 0;
    outgoing->incarnation = incarnation;
    outgoing->now_ms = monotonic_ms;
}

static void list_due(struct outgoing *outgoing, struct flight **link, int64_t now_ms)
{
    while (*link) {
        struct flight *flight = *link;
        if (now_ms - flight->made_ms > RESEND_MS) {
            *link = flight->next;
            flight_free(outgoing, flight);
            continue;
        }
        if (flight->due_ms && flight->due_ms <= now_ms)
            flight_send(outgoing, flight, now_ms);
        else if (flight->due_ms && flight->due_ms < outgoing->next_due_ms)
            outgoing->next_due_ms = flight->due_ms;
        link = &flight->next;
    }
}

static struct flight **flight_link(struct outgoing *outgoing, uint64_t serial)
{
    struct flight **link = &outgoing->table[serial % FLIGHT_TABLE];
    while (*link && (*link)->head.serial != serial)
        link = &(*link)->next;
    return link;
}

static void flights_due(struct outgoing *outgoing, int64_t now_ms)
{
    outgoing->next_due_ms = INT64_MAX;
    while (outgoing->oldest <= outgoing->serial && !*flight_link(outgoing, outgoing->oldest))
        outgoing->oldest++;
    uint64_t end = outgoing->serial + 1;
    if (end - outgoing->oldest > FLIGHT_TABLE) /* every list is then looked at once */
        end = outgoing->oldest + FLIGHT_TABLE;
    for (uint64_t serial = outgoing->oldest; serial < end; serial++)
        list_due(outgoing, &outgoing->table[serial % FLIGHT_TABLE], now_ms);
}

void outgoing_turn(struct outgoing *outgoing, int64_t monotonic_ms)
{
    bool lost = bus_epoch(outgoing->bus) != outgoing->epoch;
    if (lost) {
        outgoing->epoch = bus_epoch(outgoing->bus);
        for (size_t i = 0; i < FLIGHT_TABLE && outgoing->count; i++)
            for (struct flight *flight = outgoing->table[i]; flight; flight = flight->next)
                flight->due_ms = monotonic_ms;
        outgoing->next_due_ms = monotonic_ms;
    }
    /* Old ones are looked for once in a while: the list may be long. */
    bool stroll = monotonic_ms - outgoing->strolled_ms > RESEND_MS / 4;
    outgoing->strolled_ms = stroll ? monotonic_ms : outgoing->strolled_ms;
    outgoing->now_ms = monotonic_ms;
    if (stroll || outgoing->next_due_ms <= monotonic_ms)
        flights_due(outgoing, monotonic_ms);
    metric_set(outgoing->metrics, flights, outgoing->count);
    metric_set(outgoing->metrics, flight_bytes, outgoing->bytes);
}

void outgoing_nak(struct outgoing *outgoing, const struct frame *frame, int64_t monotonic_ms)
{
    metric_add(outgoing->metrics, naks, 1);
    if (frame->reason == NAK_NO_INSTANCE && frame->dest < SERVICE_COUNT)
        outgoing->absent_until_ms[frame->dest] = monotonic_ms + ABSENT_MS;
    struct flight *flight = *flight_link(outgoing, frame->serial);
    if (flight)
        flight_later(outgoing, flight, monotonic_ms);
}

void outgoing_acked(struct outgoing *outgoing, uint64_t serial)
{
    struct flight **link = flight_link(outgoing, serial);
    struct flight *flight = *link;
    if (!flight)
        return;
    *link = flight->next;
    flight_free(outgoing, flight);
}
