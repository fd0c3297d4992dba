#include "tests/sim/net.h"

#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"
#include "tests/sim/monitor.h"
#include "tests/sim/people.h"
#include "tests/sim/sim.h"

#define ENDS_MAX 24
#define CLIENT_TOKEN 1000000

struct packet { /* a frame under way, or in an instance's hands */
    struct packet *next;
    struct frame head;
    uint8_t *payload;
    size_t size;
    int broker;
    uint64_t from; /* token of the sender's connection */
};

struct bus { /* an instance's connections */
    struct node *node;
    enum service_id service;
    uint64_t token, epoch;
    int broker;
    struct packet *first, **last;
    bool used;
};

static struct bus ends[ENDS_MAX];
static struct {
    bool up;
    uint64_t lives; /* raised when it dies: what is under way then is lost */
} brokers[BROKERS_MAX];
static int broker_count;
static uint64_t token_serial;
static struct packet *flying;

static void packet_arrive(void *self, int64_t lives);

static void packet_free(struct packet *packet)
{
    free(packet->payload);
    free(packet);
}

void net_begin(int count)
{
    memset(ends, 0, sizeof ends);
    memset(brokers, 0, sizeof brokers);
    broker_count = count;
    token_serial = 0;
    flying = NULL;
    for (int i = 0; i < count; i++)
        brokers[i].up = true;
}

void net_end(void)
{
    while (flying) {
        struct packet *packet = flying;
        flying = packet->next;
        packet_free(packet);
    }
    for (size_t i = 0; i < ENDS_MAX; i++)
        if (ends[i].used)
            net_leave(&ends[i]);
}

struct bus *net_join(struct node *node, enum service_id service)
{
    struct bus *bus = ends;
    while (bus->used)
        must(++bus < ends + ENDS_MAX);
    *bus = (struct bus){.node = node,
            .service = service,
            .token = ++token_serial,
            .broker = (int)rng_below(&sim.net_rng, (uint64_t)broker_count),
            .used = true};
    bus->last = &bus->first;
    return bus;
}

void net_leave(struct bus *bus)
{
    while (bus->first) {
        struct packet *packet = bus->first;
        bus->first = packet->next;
        packet_free(packet);
    }
    bus->used = false;
}

bool net_quiet(void)
{
    return !flying;
}

/* Keeps to its broker while that one is up. */
static bool broker_choose(struct bus *bus)
{
    for (int i = 0; i < broker_count; i++) {
        int at = (bus->broker + i) % broker_count;
        if (brokers[at].up) {
            bus->epoch += at != bus->broker;
            bus->broker = at;
            return true;
        }
    }
    return false;
}

static int64_t delay(void)
{
    if (sim_fault(FAULT_LOSS) && sim_chance(&sim.net_rng, 20))
        return sim_between(&sim.net_rng, 50, 3000);
    return sim_between(&sim.net_rng, 0, 4);
}

static void packet_send(struct packet *packet)
{
    packet->next = flying;
    flying = packet;
    sim_stats[STAT_FRAMES]++;
    sim_at(delay(), packet_arrive, packet, (int64_t)brokers[packet->broker].lives);
}

static struct packet *packet_copy(
        const struct frame *head, const void *payload, size_t size, int broker, uint64_t from)
{
    struct packet *packet = calloc(1, sizeof *packet);
    must(packet);
    packet->head = *head;
    packet->payload = malloc(size + 1);
    must(packet->payload);
    if (size)
        memcpy(packet->payload, payload, size);
    packet->size = size;
    packet->broker = broker;
    packet->from = from;
    return packet;
}

static struct bus *end_of(uint64_t token)
{
    for (size_t i = 0; i < ENDS_MAX; i++)
        if (ends[i].used && ends[i].token == token)
            return &ends[i];
    return NULL;
}

/* By rendezvous over the bucket, as the broker does; now and then any other. */
static struct bus *instance_of(enum service_id service, uint8_t bucket)
{
    struct bus *best = NULL;
    uint64_t most = 0, salt = sim_chance(&sim.net_rng, 8) ? rng_next(&sim.net_rng) : 0;
    for (size_t i = 0; i < ENDS_MAX; i++) {
        uint64_t weight = id_hash((int64_t)(ends[i].token * 64 + bucket) ^ (int64_t)salt);
        if (ends[i].used && ends[i].service == service && (!best || weight > most)) {
            best = &ends[i];
            most = weight;
        }
    }
    return best;
}

static void packet_give(struct bus *bus, struct packet *packet)
{
    sim_trace(
            "frame", packet->head.kind, packet->head.source, packet->head.dest, packet->head.count);
    packet->next = NULL;
    *bus->last = packet;
    bus->last = &packet->next;
    node_wake(bus->node, 0);
    if (packet->head.kind == FRAME_EVENTS)
        monitor_events_in(bus, &packet->head, packet->payload, packet->size);
}

static void packet_nak(struct packet *packet, uint32_t reason)
{
    struct bus *sender = end_of(packet->from);
    if (sender && (packet->head.kind == FRAME_EVENTS)) {
        packet->head.kind = FRAME_NAK;
        packet->head.reason = reason;
        packet_give(sender, packet);
        return;
    }
    packet_free(packet);
}

static struct bus *receiver_of(const struct packet *packet)
{
    if (packet->head.kind == FRAME_ACKS) {
        struct bus *sender = end_of(packet->head.token);
        if (sender && sender->service == packet->head.dest)
            return sender;
    }
    return instance_of(packet->head.dest, packet->head.bucket);
}

static void packet_forward(struct packet *packet)
{
    if (packet->head.kind == FRAME_REPLIES) {
        if (packet->head.token >= CLIENT_TOKEN)
            people_reply(&packet->head, packet->payload, packet->size);
        packet_free(packet);
        return;
    }
    struct bus *to = receiver_of(packet);
    if (!to || (sim_fault(FAULT_NAK) && sim_chance(&sim.net_rng, 12))) {
        packet_nak(packet, to ? NAK_NO_CREDIT : NAK_NO_INSTANCE);
        return;
    }
    if (packet->head.kind != FRAME_ACKS)
        packet->head.token = packet->from;
    packet_give(to, packet);
}

static void packet_arrive(void *self, int64_t lives)
{
    struct packet *packet = self;
    struct packet **link = &flying;
    while (*link != packet)
        link = &(*link)->next;
    *link = packet->next;
    bool lost = !brokers[packet->broker].up || brokers[packet->broker].lives != (uint64_t)lives;
    if (!lost && sim_fault(FAULT_LOSS) && sim_chance(&sim.net_rng, 15))
        lost = true;
    if (lost) {
        sim_trace("frame lost", packet->head.kind, packet->head.source, packet->head.dest, 0);
        packet_free(packet);
        return;
    }
    if (sim_fault(FAULT_LOSS) && sim_chance(&sim.net_rng, 15))
        packet_send(packet_copy(
                &packet->head, packet->payload, packet->size, packet->broker, packet->from));
    packet_forward(packet);
}

void net_request(const struct frame *head, const uint8_t *payload, size_t size)
{
    struct bus client = {.broker = (int)rng_below(&sim.net_rng, (uint64_t)broker_count)};
    if (!broker_choose(&client))
        return;
    packet_send(packet_copy(head, payload, size, client.broker, CLIENT_TOKEN + head->serial));
}

static void broker_back(void *self, int64_t broker)
{
    (void)self;
    brokers[broker].up = true;
}

void net_broker_die(int broker, int64_t span_ms)
{
    if (broker >= broker_count || !brokers[broker].up)
        return;
    sim_trace("broker dies", broker, span_ms, 0, 0);
    brokers[broker].up = false;
    brokers[broker].lives++;
    for (size_t i = 0; i < ENDS_MAX; i++)
        ends[i].epoch += ends[i].used && ends[i].broker == broker;
    sim_at(span_ms, broker_back, NULL, broker);
}

void net_heal(void)
{
    for (int i = 0; i < broker_count; i++)
        brokers[i].up = true;
}

void net_publish(enum service_id from, const struct frame *head, const void *payload, size_t size)
{
    struct bus client = {.service = from};
    if (broker_choose(&client))
        packet_send(packet_copy(head, payload, size, client.broker, 0));
}

/* The instances' side. */

struct node *node_of_bus(struct bus *bus)
{
    return bus->node;
}

bool net_arrived(const struct bus *bus)
{
    return bus->first;
}

void bus_turn(struct bus *bus, int64_t monotonic_ms)
{
    (void)monotonic_ms;
    (void)broker_choose(bus);
}

uint64_t bus_epoch(const struct bus *bus)
{
    return bus->epoch;
}

bool bus_connected(const struct bus *bus)
{
    return brokers[bus->broker].up;
}

enum err bus_receive(struct bus *bus, struct bus_frame *ret)
{
    struct packet *packet = bus->first;
    if (!packet)
        return ERR_AGAIN;
    bus->first = packet->next;
    if (!bus->first)
        bus->last = &bus->first;
    memset(ret, 0, sizeof *ret);
    ret->head = packet->head;
    ret->payload = packet->payload;
    ret->payload_size = packet->size;
    ret->broker = packet->broker;
    free(packet);
    return OK;
}

void bus_frame_fini(struct bus_frame *frame)
{
    free((void *)(uintptr_t)frame->payload);
    frame->payload = NULL;
}

enum err bus_send_to(
        struct bus *bus, int broker, const struct frame *head, const void *payload, size_t size)
{
    if (head->kind == FRAME_FEED)
        return OK;
    if (!brokers[broker].up)
        return ERR_AGAIN;
    if (node_effect(bus->node))
        return OK;
    struct packet *packet = packet_copy(head, payload, size, broker, bus->token);
    packet->head.source = bus->service;
    monitor_frame_out(bus->service, &packet->head, packet->payload, size);
    packet_send(packet);
    return OK;
}

enum err bus_send(struct bus *bus, const struct frame *head, const void *payload, size_t size)
{
    if (!broker_choose(bus))
        return ERR_AGAIN;
    return bus_send_to(bus, bus->broker, head, payload, size);
}

void bus_grant(struct bus *bus, int broker, uint32_t count)
{
    (void)bus;
    (void)broker;
    (void)count;
}

void bus_incarnation_set(struct bus *bus, uint64_t incarnation)
{
    (void)bus;
    (void)incarnation;
}

/* What only run/service.c and run/web.c call, whose processes are not simulated. */

enum err bus_new(const struct bus_config *config, void *context, struct bus **ret)
{
    (void)config;
    (void)context;
    (void)ret;
    return ERR_FATAL;
}

void bus_destroy(struct bus **bus)
{
    *bus = NULL;
}

size_t bus_poll_items(struct bus *bus, zmq_pollitem_t *items, size_t max)
{
    (void)bus;
    (void)items;
    (void)max;
    return 0;
}

void bus_polled(struct bus *bus, const zmq_pollitem_t *items, size_t count)
{
    (void)bus;
    (void)items;
    (void)count;
}

const char *bus_broker(const struct bus *bus)
{
    (void)bus;
    return "";
}

void bus_drain(struct bus *bus)
{
    (void)bus;
}
