/* A full queue in front of routing: what waits for it in intake's outbox is read into memory and
 * pushed over the brokers in intake's place, which is stopped meanwhile, so that routing waits for
 * nobody and shares the machine with nothing but the way there. The rows stay: intake sends them
 * once more when it is back, and routing has them already. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/arena.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/bus/bus.h"
#include "services/kernel/bus/keyfile.h"
#include "services/kernel/store/pg.h"
#include "services/kernel/wire/envelope.h"
#include "tests/bench/load.h"

#define FRAME_FILL 64
#define IN_FLIGHT 4096
#define CREDIT 1024
#define AGAIN_US 2000000 /* nothing came for so long: what is not acknowledged is sent again */

struct parcel {
    struct envelope envelope;
    bool acked;
};

struct feed {
    struct bus *bus;
    PGresult *rows;                                                        /* has the payloads */
    struct parcel *parcels;                                                /* by id */
    size_t *lines[BUCKET_COUNT], counts[BUCKET_COUNT], next[BUCKET_COUNT]; /* of parcels */
    size_t count, acked, out;
    uint64_t incarnation;
};

static void feed_read(struct feed *feed, const struct load *load)
{
    struct pg *pg = ctl_connect(load->ctl, NULL);
    if (!pg)
        load_fail("intake's outbox could not be read; is the site up?");
    PGresult *site = pg_exec(pg, "SELECT incarnation FROM directory.site", NULL);
    feed->rows = pg_exec(pg,
            "SELECT id, agg, n, type, at, payload FROM intake.outbox WHERE dest = 2 ORDER BY id",
            NULL);
    if (PQntuples(site) != 1 || PQntuples(feed->rows) == 0)
        load_fail("nothing waits for routing in intake's outbox; push reports while it is down");
    feed->incarnation = (uint64_t)row_int(site, 0, 0);
    feed->count = (size_t)PQntuples(feed->rows);
    feed->parcels = calloc(feed->count, sizeof *feed->parcels);
    must(feed->parcels);
    for (size_t i = 0; i < feed->count; i++) {
        int row = (int)i;
        feed->parcels[i].envelope = (struct envelope){.id = row_int(feed->rows, row, 0),
                .agg = row_int(feed->rows, row, 1),
                .n = (uint64_t)row_int(feed->rows, row, 2),
                .type = (uint32_t)row_int(feed->rows, row, 3),
                .at_ms = row_time(feed->rows, row, 4),
                .payload = row_bytes(feed->rows, row, 5)};
    }
    PQclear(site);
    pg_destroy(&pg);
}

static void feed_sort(struct feed *feed)
{
    for (int bucket = 0; bucket < BUCKET_COUNT; bucket++) {
        feed->lines[bucket] = calloc(feed->count, sizeof **feed->lines);
        must(feed->lines[bucket]);
    }
    for (size_t i = 0; i < feed->count; i++) {
        uint64_t bucket = id_hash(feed->parcels[i].envelope.agg) % BUCKET_COUNT;
        feed->lines[bucket][feed->counts[bucket]++] = i;
    }
}

static void feed_connect(struct feed *feed, const struct load *load, void *context)
{
    BUF_OWNED why = {0};
    struct keypair pair;
    char path[CTL_PATH_SIZE];
    ctl_path(load->ctl, path, "keys/intake.key");
    if (keyfile_load(path, &pair, &why) != OK)
        load_fail("%s", why.data);
    struct bus_config config = {.service = SERVICE_INTAKE,
            .site = (uint16_t)load->site,
            .credit = CREDIT,
            .incarnation = feed->incarnation};
    memcpy(config.server_key, load->ctl->conf.server_key, KEY_Z85_SIZE);
    memcpy(config.public_key, pair.public_key, KEY_Z85_SIZE);
    memcpy(config.secret_key, pair.secret_key, KEY_Z85_SIZE);
    gchar **brokers = g_strsplit(load->ctl->conf.brokers, ";", BUS_BROKERS_MAX);
    for (gchar **it = brokers; *it; it++)
        if (**it)
            config.endpoints[config.endpoint_count++] = *it;
    if (bus_new(&config, context, &feed->bus) != OK)
        load_fail("no bus at %s", load->ctl->conf.brokers);
    g_strfreev(brokers);
}

/* One frame of the next in that line that have no acknowledgement. False: the way is full. */
static bool line_send(struct feed *feed, int bucket)
{
    BUF_OWNED payload = {0};
    size_t at = feed->next[bucket];
    struct frame head = {.kind = FRAME_EVENTS,
            .dest = SERVICE_ROUTING,
            .bucket = (uint8_t)bucket,
            .incarnation = feed->incarnation};
    batch_begin(&payload, feed->incarnation);
    for (; at < feed->counts[bucket] && head.count < FRAME_FILL; at++) {
        const struct parcel *parcel = &feed->parcels[feed->lines[bucket][at]];
        if (parcel->acked)
            continue;
        batch_add(&payload, &parcel->envelope);
        head.count++;
    }
    if (head.count && bus_send(feed->bus, &head, payload.data, payload.size) != OK)
        return false;
    feed->next[bucket] = at;
    feed->out += head.count;
    return true;
}

static void feed_send(struct feed *feed)
{
    for (int bucket = 0; bucket < BUCKET_COUNT && feed->out < IN_FLIGHT; bucket++)
        if (feed->next[bucket] < feed->counts[bucket] && !line_send(feed, bucket))
            return;
}

static int id_compare(const void *id_, const void *parcel_)
{
    const int64_t *id = id_;
    const struct parcel *parcel = parcel_;
    return (*id > parcel->envelope.id) - (*id < parcel->envelope.id);
}

static size_t acks_take(struct feed *feed, const struct bus_frame *frame)
{
    struct arena arena;
    uint64_t incarnation;
    int64_t *ids;
    size_t count = 0, fresh = 0;
    arena_init(&arena, (size_t)1 << 20);
    if (acks_decode(frame->payload, frame->payload_size, &arena, &incarnation, &ids, &count) != OK)
        load_fail("routing's acknowledgement could not be read");
    for (size_t i = 0; i < count; i++) {
        struct parcel *parcel =
                bsearch(&ids[i], feed->parcels, feed->count, sizeof *feed->parcels, id_compare);
        if (!parcel || parcel->acked)
            continue;
        parcel->acked = true;
        fresh++;
    }
    arena_fini(&arena);
    return fresh;
}

/* True when something was acknowledged. What routing or a broker had no room for comes again. */
static bool feed_take(struct feed *feed)
{
    struct bus_frame frame;
    size_t before = feed->acked;
    while (bus_receive(feed->bus, &frame) == OK) {
        if (frame.head.kind == FRAME_ACKS) {
            size_t fresh = acks_take(feed, &frame);
            feed->acked += fresh;
            feed->out -= fresh < feed->out ? fresh : feed->out;
        }
        if (frame.head.kind == FRAME_NAK) {
            feed->next[frame.head.bucket] = 0;
            feed->out -= frame.head.count < feed->out ? frame.head.count : feed->out;
        }
        bus_grant(feed->bus, frame.broker, frame.head.count);
        bus_frame_fini(&frame);
    }
    return feed->acked > before;
}

static void feed_run(struct feed *feed)
{
    int64_t last_us = load_now_us(), end_us = last_us + LOAD_ANSWER_MS * INT64_C(1000);
    while (feed->acked < feed->count) {
        zmq_pollitem_t items[BUS_POLL_ITEMS_MAX];
        size_t count = bus_poll_items(feed->bus, items, BUS_POLL_ITEMS_MAX);
        (void)zmq_poll(items, (int)count, 20);
        int64_t now_us = load_now_us();
        bus_turn(feed->bus, now_us / 1000);
        if (feed_take(feed))
            last_us = now_us;
        if (now_us - last_us > AGAIN_US) {
            memset(feed->next, 0, sizeof feed->next);
            feed->out = 0;
            last_us = now_us;
        }
        if (bus_connected(feed->bus))
            feed_send(feed);
        if (now_us > end_us)
            load_fail("routing acknowledged %zu of %zu messages", feed->acked, feed->count);
    }
}

void load_feed(const struct load *load)
{
    struct feed feed = {0};
    void *context = zmq_ctx_new();
    feed_read(&feed, load);
    feed_sort(&feed);
    feed_connect(&feed, load, context);
    feed_run(&feed);
    bus_destroy(&feed.bus);
    zmq_ctx_term(context);
    for (int bucket = 0; bucket < BUCKET_COUNT; bucket++)
        free(feed.lines[bucket]);
    free(feed.parcels);
    PQclear(feed.rows);
}
