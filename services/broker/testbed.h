/* For tests only: brokers, buses and raw sockets in one process and one thread, turned step by
 * step. A test skips time by `skip_ms`, so that silence costs no waiting; BED_UNTIL waits for a
 * condition with a deadline, never for a span. */
#ifndef HUYING_BROKER_TESTBED_H
#define HUYING_BROKER_TESTBED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>
#include "services/broker/broker.h"
#include "services/kernel/base/must.h"
#include "services/kernel/bus/bus.h"

/* libzmq 4.3.4 now and then leaves the queue of a connection that ends while its context does (seen
 * in about one of ten runs under load: all frames inside libzmq). Read by LeakSanitizer; what leaks
 * in our own code is still reported. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libzmq.so";
}

#define BED_BROKERS_MAX 2
#define BED_BUSES_MAX 16
#define BED_WAIT_US (30 * G_USEC_PER_SEC) /* a deadline for a loaded machine, not a span */

struct bed_peer {
    const char *name, *service, *rights;
    struct keypair pair;
};

struct bed {
    void *context;
    struct zap *zap;
    char *dir, *peers_path;
    struct keypair server;
    struct broker *brokers[BED_BROKERS_MAX];
    char endpoints[BED_BROKERS_MAX][256];
    struct bus *buses[BED_BUSES_MAX];
    size_t bus_count, broker_count;
    int64_t now_ms, skip_ms; /* the bed's time: the machine's, plus what a test skipped */
    struct bed_peer *peers;
    size_t peer_count;
    uint64_t notices[NOTICE_REFUSED + 1];
};

static inline void bed_notice(void *self, enum broker_notice notice, const struct peer *peer)
{
    struct bed *bed = self;
    (void)peer;
    bed->notices[notice]++;
}

/* Writes peers.conf without the peer named `but` (NULL = all) and loads it. */
static inline struct peers *bed_peers(struct bed *bed, const char *but)
{
    BUF_OWNED text = {0};
    BUF_OWNED why = {0};
    struct peers *peers = NULL;
    for (size_t i = 0; i < bed->peer_count; i++) {
        const struct bed_peer *peer = &bed->peers[i];
        if (!but || strcmp(peer->name, but) != 0) {
            buf_add_format(&text, "[%s]\nkey = %s\nservice = %s\nsite = 1\nrights = %s\n",
                    peer->name, peer->pair.public_key, peer->service, peer->rights);
        }
    }
    assert_true(g_file_set_contents(bed->peers_path, text.data, (gssize)text.size, NULL));
    assert_int_equal(peers_load(bed->peers_path, &peers, &why), OK);
    return peers;
}

/* `endpoint` = where: a broker that comes back comes back there. */
static inline void bed_broker_start(struct bed *bed, size_t index, const char *endpoint)
{
    BUF_OWNED why = {0};
    struct broker_config config = {.bind = endpoint,
            .hotline = "tcp://127.0.0.1:*",
            .feed = "tcp://127.0.0.1:*",
            .key = bed->server,
            .notice = bed_notice,
            .self = bed};
    rng_seed(&config.rng, 7 + index);
    gint64 end = g_get_monotonic_time() + BED_WAIT_US;
    enum err err;
    do { /* the port of a broker that just died may be taken for a moment */
        err = broker_new(&config, bed->context, bed->zap, &bed->brokers[index], &why);
    } while (err && g_get_monotonic_time() < end);
    assert_int_equal(err, OK);
    memcpy(bed->endpoints[index], broker_endpoint(bed->brokers[index], PORT_MAIN), 256);
}

static inline void bed_open(struct bed *bed, struct bed_peer *peers, size_t count, size_t brokers)
{
    *bed = (struct bed){
            .peers = peers,
            .peer_count = count,
    };
    bed->context = zmq_ctx_new();
    bed->dir = g_dir_make_tmp("huying-XXXXXX", NULL);
    bed->peers_path = g_build_filename(bed->dir, "peers.conf", NULL);
    keypair_draw(&bed->server);
    for (size_t i = 0; i < count; i++) {
        keypair_draw(&peers[i].pair);
    }
    assert_int_equal(zap_start(bed->context, bed_peers(bed, NULL), &bed->zap), OK);
    bed->broker_count = brokers;
    for (size_t i = 0; i < brokers; i++) {
        bed_broker_start(bed, i, "tcp://127.0.0.1:*");
    }
}

static inline void bed_close(struct bed *bed)
{
    for (size_t i = 0; i < bed->bus_count; i++) {
        bus_destroy(&bed->buses[i]);
    }
    for (size_t i = 0; i < bed->broker_count; i++) {
        broker_destroy(&bed->brokers[i]);
    }
    zap_stop(&bed->zap);
    assert_int_equal(zmq_ctx_term(bed->context), 0);
    (void)unlink(bed->peers_path);
    (void)rmdir(bed->dir);
    g_free(bed->peers_path);
    g_free(bed->dir);
}

static inline struct bed_peer *bed_peer(struct bed *bed, const char *name)
{
    for (size_t i = 0; i < bed->peer_count; i++) {
        if (strcmp(bed->peers[i].name, name) == 0) {
            return &bed->peers[i];
        }
    }
    fail_msg("no peer %s", name);
    return NULL;
}

/* A bus with the key of `name`, claiming to be `claims`; turned by bed_step from now on. */
static inline struct bus *bed_bus_as(
        struct bed *bed, const char *name, enum service_id claims, uint32_t credit)
{
    const struct bed_peer *peer = bed_peer(bed, name);
    struct bus_config config = {.service = claims,
            .site = 1,
            .endpoint_count = bed->broker_count,
            .credit = credit,
            .incarnation = 5};
    for (size_t i = 0; i < bed->broker_count; i++) {
        config.endpoints[i] = bed->endpoints[i];
    }
    memcpy(config.server_key, bed->server.public_key, KEY_Z85_SIZE);
    memcpy(config.public_key, peer->pair.public_key, KEY_Z85_SIZE);
    memcpy(config.secret_key, peer->pair.secret_key, KEY_Z85_SIZE);
    must(bed->bus_count < BED_BUSES_MAX);
    assert_int_equal(bus_new(&config, bed->context, &bed->buses[bed->bus_count]), OK);
    return bed->buses[bed->bus_count++];
}

static inline struct bus *bed_bus(struct bed *bed, const char *name, uint32_t credit)
{
    return bed_bus_as(bed, name, service_find(bed_peer(bed, name)->service), credit);
}

/* A service's bus over hotline's port instead of the main one. */
static inline struct bus *bed_bus_hotline(struct bed *bed, const char *name)
{
    char kept[256];
    memcpy(kept, bed->endpoints[0], sizeof kept);
    memcpy(bed->endpoints[0], broker_endpoint(bed->brokers[0], PORT_HOTLINE), 256);
    struct bus *bus = bed_bus(bed, name, 0);
    memcpy(bed->endpoints[0], kept, sizeof kept);
    return bus;
}

/* One round of everything. */
static inline void bed_step(struct bed *bed)
{
    zmq_pollitem_t items[PORT_COUNT * BED_BROKERS_MAX + 2 * BED_BROKERS_MAX * BED_BUSES_MAX];
    size_t count = 0, max = sizeof items / sizeof items[0];
    bed->now_ms = g_get_monotonic_time() / 1000 + bed->skip_ms;
    for (size_t i = 0; i < bed->broker_count; i++) {
        if (bed->brokers[i]) {
            (void)broker_turn(bed->brokers[i], bed->now_ms);
            count += broker_poll_items(bed->brokers[i], items + count, max - count);
        }
    }
    for (size_t i = 0; i < bed->bus_count; i++) {
        if (bed->buses[i]) {
            bus_turn(bed->buses[i], bed->now_ms);
            count += bus_poll_items(bed->buses[i], items + count, max - count);
        }
    }
    assert_true(zmq_poll(items, (int)count, 1) >= 0);
}

/* Receives into `frame` from `bus` after a step; false when nothing was there. */
static inline bool bed_receive(struct bed *bed, struct bus *bus, struct bus_frame *frame)
{
    bed_step(bed);
    for (size_t i = 0; i < bed->bus_count; i++) { /* heartbeats of all others are taken too */
        struct bus_frame other;
        if (bed->buses[i] && bed->buses[i] != bus && !bus_connected(bed->buses[i]) &&
                bus_receive(bed->buses[i], &other) == OK) {
            bus_frame_fini(&other);
        }
    }
    return bus_receive(bus, frame) == OK;
}

#define BED_UNTIL(condition)                                                                       \
    do {                                                                                           \
        gint64 bed_end = g_get_monotonic_time() + BED_WAIT_US;                                     \
        while (!(condition) && g_get_monotonic_time() < bed_end) {                                 \
        }                                                                                          \
        if (g_get_monotonic_time() >= bed_end) {                                                   \
            fail_msg("waited in vain for: %s", #condition);                                        \
        }                                                                                          \
    } while (0)

/* Steps, and takes what is the bus's own; frames for callers of any bus are a mistake here. */
static inline bool bed_connected(struct bed *bed, struct bus *bus)
{
    struct bus_frame frame;
    assert_false(bed_receive(bed, bus, &frame));
    return bus_connected(bus);
}

static inline void bed_connect(struct bed *bed, struct bus *bus)
{
    BED_UNTIL(bed_connected(bed, bus));
}

static inline struct bus_frame *bed_next(struct bed *bed, struct bus *bus, struct bus_frame *frame)
{
    BED_UNTIL(bed_receive(bed, bus, frame));
    return frame;
}

#endif
