#include "tests/cluster/asker.h"

#include <string.h>

#include "services/kernel/base/pure_id.h"

static void *context;

void asker_open(struct asker *asker,
        struct kit_site *site,
        enum service_id as,
        const struct keypair *key,
        bool wait)
{
    char endpoints[KIT_BROKERS_MAX][64];
    struct bus_config config = {.service = as, .site = 1, .endpoint_count = KIT_BROKERS_MAX};
    if (!context)
        context = zmq_ctx_new();
    for (size_t i = 0; i < KIT_BROKERS_MAX; i++) {
        snprintf(endpoints[i], sizeof endpoints[i], "tcp://127.0.0.1:%d", site->ports[i]);
        config.endpoints[i] = endpoints[i];
    }
    *asker = (struct asker){.site = site, .as = as};
    if (as != SERVICE_CLIENT) {
        asker->incarnation =
                (uint64_t)kit_pg_int(site->pg, "SELECT incarnation FROM directory.site");
        config.credit = 1024;
        config.incarnation = asker->incarnation;
    }
    memcpy(config.server_key, site->server.public_key, KEY_Z85_SIZE);
    memcpy(config.public_key, key->public_key, KEY_Z85_SIZE);
    memcpy(config.secret_key, key->secret_key, KEY_Z85_SIZE);
    if (bus_new(&config, context, &asker->bus) != OK)
        kit_fail(site, "no bus for a test's peer");
    if (wait)
        KIT_UNTIL(site, (asker_turn(asker), bus_connected(asker->bus)));
}

void asker_close(struct asker *asker)
{
    bus_destroy(&asker->bus);
    buf_fini(&asker->payload);
}

void asker_end(void)
{
    if (context)
        zmq_ctx_term(context);
    context = NULL;
}

static bool frame_next(struct asker *asker, struct bus_frame *frame)
{
    zmq_pollitem_t items[2 * BUS_BROKERS_MAX + 2];
    size_t count = bus_poll_items(asker->bus, items, sizeof items / sizeof *items);
    (void)zmq_poll(items, (int)count, 10);
    bus_turn(asker->bus, kit_now_ms());
    return bus_receive(asker->bus, frame) == OK;
}

static void send_again(struct asker *asker)
{
    int64_t now_ms = kit_now_ms();
    if (!asker->waits || now_ms < asker->again_ms ||
            bus_send(asker->bus, &asker->head, asker->payload.data, asker->payload.size) != OK)
        return;
    asker->posts++;
    asker->again_ms = now_ms + ASKER_AGAIN_MS;
}

static void frame_drop(struct asker *asker)
{
    struct bus_frame frame;
    if (frame_next(asker, &frame))
        bus_frame_fini(&frame);
}

void asker_turn(struct asker *asker)
{
    send_again(asker);
    frame_drop(asker);
}

static void answer_read(const struct bus_frame *frame, struct answer *ret)
{
    struct arena arena;
    struct envelope *replies;
    uint64_t incarnation;
    size_t count;
    const char *why;
    int64_t *ids;
    arena_init(&arena, (size_t)1 << 20);
    ret->kind = frame->head.kind;
    ret->reason = frame->head.reason;
    if (ret->kind == FRAME_REPLIES &&
            batch_decode(frame->payload, frame->payload_size, &arena, &incarnation, &replies,
                    &count, &why) == OK &&
            count > 0) {
        ret->verdict = replies[0].verdict;
        snprintf(ret->text, sizeof ret->text, "%s", replies[0].text);
    }
    if (ret->kind == FRAME_ACKS && acks_decode(frame->payload, frame->payload_size, &arena,
                                           &incarnation, &ids, &count) == OK)
        ret->acked = count;
    arena_fini(&arena);
}

static bool is_later(const struct bus_frame *frame)
{
    return frame->head.kind == FRAME_NAK &&
           (frame->head.reason == NAK_NO_INSTANCE || frame->head.reason == NAK_NO_CREDIT);
}

void asker_post(struct asker *asker,
        enum frame_kind kind,
        enum service_id dest,
        int64_t agg,
        const struct buf *payload)
{
    static uint64_t serial;
    asker->head = (struct frame){.kind = kind,
            .dest = dest,
            .bucket = (uint8_t)(id_hash(agg) % BUCKET_COUNT),
            .count = 1,
            .serial = ++serial,
            .incarnation = asker->incarnation};
    buf_reset(&asker->payload);
    buf_add(&asker->payload, payload->data, payload->size);
    asker->waits = true;
    asker->posts = 0;
    asker->again_ms = 0;
    KIT_UNTIL(asker->site, (send_again(asker), asker->posts > 0) || (frame_drop(asker), false));
}

void asker_take(struct asker *asker, int64_t within_ms, struct answer *ret)
{
    int64_t end = kit_now_ms() + within_ms;
    *ret = (struct answer){0};
    while (kit_now_ms() < end) {
        struct bus_frame frame;
        send_again(asker);
        if (!frame_next(asker, &frame))
            continue;
        bool mine = frame.head.serial == asker->head.serial, later = is_later(&frame);
        if (mine)
            answer_read(&frame, ret);
        if (mine && later)
            asker->again_ms = 0;
        if (frame.head.count && asker->as != SERVICE_CLIENT)
            bus_grant(asker->bus, frame.broker, frame.head.count);
        bus_frame_fini(&frame);
        asker->waits = !mine || later;
        if (!asker->waits)
            return;
    }
}

void asker_ask(struct asker *asker,
        enum frame_kind kind,
        enum service_id dest,
        const struct envelope *envelope,
        int64_t within_ms,
        struct answer *ret)
{
    BUF_OWNED payload = {0};
    batch_begin(&payload, asker->incarnation);
    batch_add(&payload, envelope);
    asker_post(asker, kind, dest, envelope->agg, &payload);
    asker_take(asker, within_ms, ret);
}
