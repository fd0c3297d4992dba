/* A link is one broker: its DEALER and the monitor that tells of handshakes and lost
 * connections. It is up between the broker's WELCOME and its loss; READY is said again until the
 * WELCOME comes, so a broker that restarted, or forgot us, needs nothing special.
 *
 * ZMQ_IMMEDIATE keeps messages from queueing for a broker that is not there. What libzmq still
 * holds for a broker that dies is gone: bus_epoch says so.
 *
 * Silence is only judged by an owner that kept looking: after a long pause between two turns (a
 * stopped process, a long call) everybody gets a fresh span. */
#include "services/kernel/bus/bus.h"

#include <glib.h>
#include <string.h>
#include "services/kernel/base/fault.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/rng.h"

#define ENDPOINT_SIZE 256
#define MAX_MESSAGE ((int64_t)FRAME_PAYLOAD_MAX + 256) /* CURVE adds 33 bytes */
#define SEND_FRAMES_MAX 256
#define RECEIVE_FRAMES_MAX 1024
#define RECONNECT_MS 50
#define RECONNECT_MAX_MS 500
#define CONNECT_MS 2000
#define HANDSHAKE_MS 3000
#define LINGER_MS 200
#define KEEPALIVE_IDLE_S 10
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_COUNT 3
#define DENIED_PAUSE_MS 5000 /* until READY is tried again after it was refused */
#define OWN_FRAMES_MAX 1024  /* heartbeats and the like, taken in one bus_receive */
#define MONITOR_EVENTS_MAX 64

struct link {
    char endpoint[ENDPOINT_SIZE];
    void *socket, *monitor;
    bool connected;            /* the CURVE handshake is done */
    bool up;                   /* and the broker has said WELCOME */
    bool leaving;              /* and then BYE: it is only listened to */
    bool quiet, monitor_quiet; /* the last poll found nothing to read */
    int64_t heard_ms, ready_next_ms, beat_next_ms;
    uint64_t granted; /* not yet told to the broker */
};

struct bus {
    struct bus_config config;
    struct link links[BUS_BROKERS_MAX];
    size_t link_count, receive_next;
    int current; /* index of the broker that we send over; -1 = none */
    uint64_t epoch, seed;
    int64_t now_ms;
    bool draining;
};

static enum err link_send(
        const struct link *link, const struct frame *frame, const void *payload, size_t size)
{
    zmq_msg_t message;
    must(size <= FRAME_PAYLOAD_MAX);
    if (FAULT(bus_send_full)) {
        return ERR_AGAIN;
    }
    must(zmq_msg_init_size(&message, FRAME_HEADER_SIZE + size) == 0);
    uint8_t *bytes = zmq_msg_data(&message);
    frame_encode(frame, bytes);
    if (size > 0) {
        memcpy(bytes + FRAME_HEADER_SIZE, payload, size);
    }
    if (zmq_msg_send(&message, link->socket, ZMQ_DONTWAIT) < 0) {
        (void)zmq_msg_close(&message);
        return ERR_AGAIN;
    }
    return OK;
}

static enum err own_send(
        const struct bus *bus, const struct link *link, enum frame_kind kind, uint32_t credit)
{
    struct frame frame = {.kind = kind,
            .source = bus->config.service,
            .credit = credit,
            .serial = kind == FRAME_READY ? bus->seed : 0,
            .incarnation = bus->config.incarnation};
    return link_send(link, &frame, NULL, 0);
}

/* Keeps to the present broker while it is good; else the first that is, else one that is
 * leaving. */
static void broker_choose(struct bus *bus)
{
    if (bus->current >= 0 && bus->links[bus->current].up && !bus->links[bus->current].leaving) {
        return;
    }
    bus->current = -1;
    for (size_t i = 0; i < bus->link_count; i++) {
        const struct link *link = &bus->links[i];
        if (link->up && (bus->current < 0 || bus->links[bus->current].leaving)) {
            bus->current = (int)i;
        }
    }
}

static void link_lost(struct bus *bus, struct link *link)
{
    if (link->up) {
        link->up = false;
        bus->epoch++;
    }
    link->leaving = false;
    link->ready_next_ms = bus->now_ms;
    broker_choose(bus);
}

/* Life */

static bool options_set(void *socket)
{
    const struct {
        int option, value;
    } options[] = {
            {ZMQ_LINGER, LINGER_MS},
            {ZMQ_IMMEDIATE, 1},
            {ZMQ_SNDHWM, SEND_FRAMES_MAX},
            {ZMQ_RCVHWM, RECEIVE_FRAMES_MAX},
            {ZMQ_RECONNECT_IVL, RECONNECT_MS},
            {ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS},
            {ZMQ_CONNECT_TIMEOUT, CONNECT_MS},
            {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
            {ZMQ_TCP_KEEPALIVE, 1},
            {ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S},
            {ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_INTERVAL_S},
            {ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_COUNT},
    };
    int64_t max = MAX_MESSAGE;
    bool done = zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max, sizeof max) == 0;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        done = done &&
               zmq_setsockopt(socket, options[i].option, &options[i].value, sizeof(int)) == 0;
    }
    return done;
}

/* libzmq takes a key that is too short for one that nobody has. */
static bool curve_set(void *socket, const struct bus_config *config)
{
    return strlen(config->server_key) == KEY_Z85_SIZE - 1 &&
           zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, config->server_key, KEY_Z85_SIZE) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, config->public_key, KEY_Z85_SIZE) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, config->secret_key, KEY_Z85_SIZE) == 0;
}

/* The name is never used again in the context: libzmq frees one some time after the socket
 * closed. */
static bool monitor_open(const struct bus *bus, struct link *link, void *context)
{
    char name[ENDPOINT_SIZE];
    (void)snprintf(name, sizeof name, "inproc://huying-bus-%llx-%zu", (unsigned long long)bus->seed,
            (size_t)(link - bus->links));
    int none = 0;
    link->monitor = zmq_socket(context, ZMQ_PAIR);
    return link->monitor && zmq_setsockopt(link->monitor, ZMQ_LINGER, &none, sizeof none) == 0 &&
           zmq_socket_monitor(link->socket, name,
                   ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) == 0 &&
           zmq_connect(link->monitor, name) == 0;
}

static bool link_open(struct bus *bus, struct link *link, const char *endpoint, void *context)
{
    if (strlen(endpoint) >= ENDPOINT_SIZE) {
        return false;
    }
    memcpy(link->endpoint, endpoint, strlen(endpoint) + 1);
    link->socket = zmq_socket(context, ZMQ_DEALER);
    return !FAULT(bus_open) && link->socket && options_set(link->socket) &&
           curve_set(link->socket, &bus->config) && monitor_open(bus, link, context) &&
           zmq_connect(link->socket, endpoint) == 0;
}

enum err bus_new(const struct bus_config *config, void *context, struct bus **ret)
{
    must(config->endpoint_count <= BUS_BROKERS_MAX);
    struct bus *bus = g_new0(struct bus, 1);
    struct rng rng;
    rng_seed_secure(&rng);
    bus->seed = rng_next(&rng) | 1; /* 0 means "none" */
    bus->config = *config;
    bus->current = -1;
    for (size_t i = 0; i < config->endpoint_count; i++) {
        struct link *link = &bus->links[bus->link_count++];
        if (!link_open(bus, link, config->endpoints[i], context)) {
            bus_destroy(&bus);
            return ERR_FATAL;
        }
    }
    *ret = bus;
    return OK;
}

static void link_close(struct link *link)
{
    if (link->socket) {
        (void)zmq_socket_monitor(link->socket, NULL, 0);
        (void)zmq_close(link->socket);
    }
    if (link->monitor) {
        (void)zmq_close(link->monitor);
    }
}

void bus_destroy(struct bus **bus)
{
    if (!*bus) {
        return;
    }
    bus_drain(*bus);
    for (size_t i = 0; i < (*bus)->link_count; i++) {
        link_close(&(*bus)->links[i]);
    }
    g_free(*bus);
    *bus = NULL;
}

/* Turning */

size_t bus_poll_items(struct bus *bus, zmq_pollitem_t *items, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < bus->link_count; i++) {
        struct link *link = &bus->links[i];
        link->quiet = link->monitor_quiet = false;
        if (count + 2 > max) {
            continue;
        }
        items[count++] = (zmq_pollitem_t){.socket = link->socket, .events = ZMQ_POLLIN};
        items[count++] = (zmq_pollitem_t){.socket = link->monitor, .events = ZMQ_POLLIN};
    }
    return count;
}

void bus_polled(struct bus *bus, const zmq_pollitem_t *items, size_t count)
{
    for (size_t i = 0; i + 1 < count && i / 2 < bus->link_count; i += 2) {
        struct link *link = &bus->links[i / 2];
        must(items[i].socket == link->socket && items[i + 1].socket == link->monitor);
        link->quiet = !(items[i].revents & ZMQ_POLLIN);
        link->monitor_quiet = !(items[i + 1].revents & ZMQ_POLLIN);
    }
}

static void monitor_event(struct bus *bus, struct link *link, uint16_t event)
{
    link_lost(bus, link);
    link->connected = event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    link->granted = 0; /* a new connection starts with full credit */
}

/* An event is two parts: the number and a value, then the endpoint. */
static void monitor_read(struct bus *bus, struct link *link)
{
    for (size_t i = 0; i < MONITOR_EVENTS_MAX && !link->monitor_quiet; i++) {
        uint8_t head[6], endpoint[ENDPOINT_SIZE];
        uint16_t event;
        if (zmq_recv(link->monitor, head, sizeof head, ZMQ_DONTWAIT) < (int)sizeof event) {
            return;
        }
        (void)zmq_recv(link->monitor, endpoint, sizeof endpoint, ZMQ_DONTWAIT);
        memcpy(&event, head, sizeof event);
        monitor_event(bus, link, event);
    }
}

static void grants_send(struct bus *bus, struct link *link)
{
    uint32_t credit = link->granted < UINT32_MAX ? (uint32_t)link->granted : UINT32_MAX;
    if (credit > 0 && link->up && own_send(bus, link, FRAME_GRANT, credit) == OK) {
        link->granted = 0;
    }
}

/* A connection that is made anew: libzmq drops what it held, the broker meets a stranger. */
static void link_fault(struct bus *bus, struct link *link)
{
    if (FAULT(bus_silent)) {
        link_lost(bus, link);
    }
    if (FAULT(bus_broker_gone)) {
        (void)zmq_disconnect(link->socket, link->endpoint);
        (void)zmq_connect(link->socket, link->endpoint);
        monitor_event(bus, link, ZMQ_EVENT_DISCONNECTED);
    }
}

static void link_turn(struct bus *bus, struct link *link)
{
    monitor_read(bus, link);
    if (link->up && bus->now_ms - link->heard_ms > BUS_SILENCE_MS) {
        link_lost(bus, link);
    }
    bool ready_due = link->connected && bus->now_ms >= link->ready_next_ms;
    if (ready_due &&
            own_send(bus, link, FRAME_READY, bus->draining ? 0 : bus->config.credit) == OK) {
        link->ready_next_ms = bus->now_ms + BUS_HEARTBEAT_MS;
    }
    if (link->up && bus->now_ms >= link->beat_next_ms) {
        (void)own_send(bus, link, FRAME_HEARTBEAT, 0);
        link->beat_next_ms = bus->now_ms + BUS_HEARTBEAT_MS;
        link_fault(bus, link);
    }
    grants_send(bus, link);
}

void bus_turn(struct bus *bus, int64_t monotonic_ms)
{
    must(monotonic_ms >= bus->now_ms);
    bool away = monotonic_ms - bus->now_ms > BUS_SILENCE_MS / 2;
    bus->now_ms = monotonic_ms;
    for (size_t i = 0; i < bus->link_count; i++) {
        if (away) {
            bus->links[i].heard_ms = monotonic_ms;
        }
        link_turn(bus, &bus->links[i]);
    }
}

uint64_t bus_epoch(const struct bus *bus)
{
    return bus->epoch;
}

bool bus_connected(const struct bus *bus)
{
    return bus->current >= 0;
}

const char *bus_broker(const struct bus *bus)
{
    return bus->current < 0 ? "" : bus->links[bus->current].endpoint;
}

/* Receiving */

/* One message off a link (initialised) and its header. ERR_MALFORMED: it was none of ours. */
static enum err link_receive(struct link *link, struct frame *ret, zmq_msg_t *message)
{
    if (zmq_msg_recv(message, link->socket, ZMQ_DONTWAIT) < 0) {
        return ERR_AGAIN;
    }
    bool parts = zmq_msg_more(message);
    while (zmq_msg_more(message) && zmq_msg_recv(message, link->socket, ZMQ_DONTWAIT) >= 0) {
    }
    return !parts && frame_decode(zmq_msg_data(message), zmq_msg_size(message), ret) == OK
                   ? OK
                   : ERR_MALFORMED;
}

static void welcome_take(struct bus *bus, struct link *link)
{
    link->up = true;
    link->leaving = false;
    link->ready_next_ms = INT64_MAX;
    link->beat_next_ms = bus->now_ms;
    broker_choose(bus);
}

/* True when the frame was between the broker and us. */
static bool own_take(struct bus *bus, struct link *link, const struct frame *frame)
{
    bool refused = frame->kind == FRAME_NAK && frame->serial == bus->seed;
    if (frame->kind == FRAME_WELCOME) {
        welcome_take(bus, link);
    } else if (frame->kind == FRAME_BYE) {
        link->leaving = true;
        broker_choose(bus);
    } else if (frame->kind == FRAME_READY) { /* it does not know us */
        link_lost(bus, link);
    } else if (refused) { /* our READY */
        link_lost(bus, link);
        link->ready_next_ms = bus->now_ms + DENIED_PAUSE_MS;
    }
    return refused || frame->kind == FRAME_WELCOME || frame->kind == FRAME_BYE ||
           frame->kind == FRAME_READY || frame->kind == FRAME_HEARTBEAT;
}

/* The next frame of one link that is for the caller. */
static enum err link_take(struct bus *bus, size_t index, struct bus_frame *ret)
{
    struct link *link = &bus->links[index];
    for (size_t i = 0; i < OWN_FRAMES_MAX && !link->quiet; i++) {
        zmq_msg_t message;
        struct frame head;
        must(zmq_msg_init(&message) == 0);
        enum err err = link_receive(link, &head, &message);
        if (!err && !own_take(bus, link, &head)) {
            link->heard_ms = bus->now_ms;
            ret->head = head;
            must(zmq_msg_init(&ret->message) == 0 && zmq_msg_move(&ret->message, &message) == 0);
            ret->payload = (const uint8_t *)zmq_msg_data(&ret->message) + FRAME_HEADER_SIZE;
            ret->payload_size = zmq_msg_size(&ret->message) - FRAME_HEADER_SIZE;
            ret->broker = (int)index;
            return OK;
        }
        (void)zmq_msg_close(&message);
        if (err == ERR_AGAIN) {
            return err;
        }
        link->heard_ms = bus->now_ms;
    }
    return ERR_AGAIN;
}

enum err bus_receive(struct bus *bus, struct bus_frame *ret)
{
    for (size_t i = 0; i < bus->link_count; i++) {
        size_t index = (bus->receive_next + i) % bus->link_count;
        if (link_take(bus, index, ret) == OK) {
            bus->receive_next = index + 1;
            return OK;
        }
    }
    return ERR_AGAIN;
}

void bus_frame_fini(struct bus_frame *frame)
{
    (void)zmq_msg_close(&frame->message);
}

/* Sending */

enum err bus_send(struct bus *bus, const struct frame *head, const void *payload, size_t size)
{
    return bus_send_to(bus, bus->current, head, payload, size);
}

enum err bus_send_to(
        struct bus *bus, int broker, const struct frame *head, const void *payload, size_t size)
{
    must(broker < (int)bus->link_count);
    if (broker < 0 || !bus->links[broker].up) {
        return ERR_AGAIN;
    }
    struct frame frame = *head;
    if (frame.incarnation == 0) {
        frame.incarnation = bus->config.incarnation;
    }
    if (frame.kind == FRAME_EVENTS && FAULT(bus_nak)) {
        frame.dest = SERVICE_NONE; /* which no broker forwards */
    }
    if (FAULT(bus_frame_lost)) {
        return OK;
    }
    if (FAULT(bus_frame_twice)) {
        (void)link_send(&bus->links[broker], &frame, payload, size);
    }
    return link_send(&bus->links[broker], &frame, payload, size);
}

void bus_grant(struct bus *bus, int broker, uint32_t count)
{
    must(broker >= 0 && broker < (int)bus->link_count);
    struct link *link = &bus->links[broker];
    link->granted += count; /* may pass the credit: a frame larger than it comes when all is done */
    if (link->granted * 4 >= bus->config.credit) {
        grants_send(bus, link);
    }
}

void bus_incarnation_set(struct bus *bus, uint64_t incarnation)
{
    bus->config.incarnation = incarnation;
    for (size_t i = 0; i < bus->link_count; i++) {
        bus->links[i].ready_next_ms = bus->now_ms;
    }
}

void bus_drain(struct bus *bus)
{
    for (size_t i = 0; i < bus->link_count; i++) {
        if (bus->links[i].up && !bus->draining) {
            (void)own_send(bus, &bus->links[i], FRAME_BYE, 0);
        }
    }
    bus->draining = true;
}
