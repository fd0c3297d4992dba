/* For tests only: a whole loop with the toy service in this process, on a real PostgreSQL, and in
 * front of it a broker that the test plays: a ROUTER with CURVE, over which frames of any kind are
 * posted and on which everything that comes out is kept. One thread, turned round by round; a test
 * skips time by `skip_ms` and waits for conditions, never for spans. */
#ifndef HUYING_RUN_TEST_LOOP_H
#define HUYING_RUN_TEST_LOOP_H

#include <glib.h>
#include <unistd.h>
#include <zmq.h>

#include "services/kernel/base/log.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/bus/keyfile.h"
#include "services/kernel/bus/zap.h"
#include "services/kernel/run/loop.h"
#include "services/kernel/store/test_toy_db.h"

#define GOT_MAX 256
#define STAGE_TOKEN 77 /* of the asking connection, as a broker would have numbered it */
#define STAGE_MS 30000 /* a deadline for a loaded machine, not a span */

struct got { /* a frame that the loop sent, or an answer to a local request */
    struct frame head;
    struct buf payload;
};

struct stage {
    struct loop loop;
    struct service service;
    struct clock machine;
    int64_t skip_ms;
    void *context, *router;
    struct zap *zap;
    char *dir, *peers, *key;
    uint8_t identity[256];
    int identity_size; /* 0 = has not been heard of */
    struct got got[GOT_MAX];
    size_t got_count;
    uint64_t granted, serial;
    struct log_watch told;
};

/* What came of a request. */
struct reply {
    bool found;
    uint32_t verdict, reason;
    char text[256], payload[256];
    size_t payload_size;
};

TOY int64_t stage_wall_ms(void *self)
{
    struct stage *stage = self;
    return stage->machine.wall_ms(stage->machine.self) + stage->skip_ms;
}

TOY int64_t stage_monotonic_ms(void *self)
{
    struct stage *stage = self;
    return stage->machine.monotonic_ms(stage->machine.self) + stage->skip_ms;
}

TOY void stage_keys(struct stage *stage, struct keypair *broker)
{
    BUF_OWNED text = {0};
    BUF_OWNED why = {0};
    struct keypair own;
    struct peers *peers = NULL;
    stage->dir = g_dir_make_tmp("huying-loop-XXXXXX", NULL);
    stage->peers = g_build_filename(stage->dir, "peers.conf", NULL);
    stage->key = g_build_filename(stage->dir, "toy.key", NULL);
    keypair_draw(broker);
    keypair_draw(&own);
    assert_int_equal(keyfile_write(stage->key, &own), OK);
    buf_add_format(&text, "[toy-1]\nkey = %s\nservice = routing\nsite = 7\n", own.public_key);
    assert_true(g_file_set_contents(stage->peers, text.data, (gssize)text.size, NULL));
    assert_int_equal(peers_load(stage->peers, &peers, &why), OK);
    assert_int_equal(zap_start(stage->context, peers, &stage->zap), OK);
}

/* The loop's configuration is there and may be changed; nothing is started. */
TOY void stage_prepare(struct stage *stage)
{
    struct keypair broker;
    struct kernel_conf *conf = &stage->loop.conf;
    size_t size = sizeof conf->brokers;
    memset(stage, 0, sizeof *stage);
    stage->machine = clock_system();
    stage->context = zmq_ctx_new();
    stage_keys(stage, &broker);
    stage->router = zmq_socket(stage->context, ZMQ_ROUTER);
    assert_int_equal(zap_server_socket(stage->router, broker.secret_key), OK);
    assert_int_equal(zmq_bind(stage->router, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(stage->router, ZMQ_LAST_ENDPOINT, conf->brokers, &size), 0);
    memcpy(conf->server_key, broker.public_key, sizeof conf->server_key);
    snprintf(conf->key, sizeof conf->key, "%s", stage->key);
    snprintf(conf->conninfo, sizeof conf->conninfo, "%s", kit_pg_conninfo(server, "postgres"));
    snprintf(conf->http_host, sizeof conf->http_host, "127.0.0.1");
    snprintf(conf->language, sizeof conf->language, "en");
    conf->credit = 4096;
    conf->batch_size = 256;
    conf->lanes = 1;
    conf->replica_lag_s = 1;
    stage->service.ops = toy_ops;
    stage->loop.service = &stage->service;
    stage->loop.ops = toy_ops;
    stage->loop.instance = 1;
    stage->loop.clock = (struct clock){stage_wall_ms, stage_monotonic_ms, stage};
    log_init("toy-1", LOG_ERROR);
}

TOY void stage_send(struct stage *stage, const struct frame *head, const struct buf *payload)
{
    uint8_t bytes[FRAME_HEADER_SIZE];
    BUF_OWNED frame = {0};
    frame_encode(head, bytes);
    buf_add(&frame, bytes, sizeof bytes);
    if (payload)
        buf_add(&frame, payload->data, payload->size);
    assert_true(zmq_send(stage->router, stage->identity, (size_t)stage->identity_size,
                        ZMQ_SNDMORE) >= 0);
    assert_true(zmq_send(stage->router, frame.data, frame.size, 0) >= 0);
}

TOY void stage_take(struct stage *stage, const struct frame *head, const void *data, size_t size)
{
    struct frame back = {.kind = FRAME_WELCOME, .credit = 800};
    if (head->kind == FRAME_READY || head->kind == FRAME_HEARTBEAT) {
        back.kind = head->kind == FRAME_READY ? FRAME_WELCOME : FRAME_HEARTBEAT;
        stage_send(stage, &back, NULL);
    } else if (head->kind == FRAME_GRANT) {
        stage->granted += head->credit;
    } else if (head->kind != FRAME_BYE) {
        assert_true(stage->got_count < GOT_MAX);
        struct got *got = &stage->got[stage->got_count++];
        got->head = *head;
        buf_reset(&got->payload);
        buf_add(&got->payload, data, size);
    }
}

TOY void stage_hear(struct stage *stage)
{
    for (;;) {
        struct frame head;
        zmq_msg_t frame;
        int size = zmq_recv(stage->router, stage->identity, sizeof stage->identity, ZMQ_DONTWAIT);
        if (size < 0)
            return;
        stage->identity_size = size;
        assert_int_equal(zmq_msg_init(&frame), 0);
        assert_true(zmq_msg_recv(&frame, stage->router, 0) >= 0);
        const uint8_t *data = zmq_msg_data(&frame);
        size_t frame_size = zmq_msg_size(&frame);
        assert_int_equal(frame_decode(data, frame_size, &head), OK);
        stage_take(stage, &head, data + FRAME_HEADER_SIZE, frame_size - FRAME_HEADER_SIZE);
        zmq_msg_close(&frame);
    }
}

TOY bool stage_turn(struct stage *stage)
{
    loop_round(&stage->loop);
    stage_hear(stage);
    return true;
}

/* Turns until the condition holds. */
#define STAGE_UNTIL(stage, condition)                                                              \
    do {                                                                                           \
        int64_t stage_end = toy_now() + STAGE_MS;                                                  \
        while (!(condition) && toy_now() < stage_end)                                              \
            stage_turn(stage);                                                                     \
        if (!(condition))                                                                          \
            fail_msg("waited in vain for: %s", #condition);                                        \
    } while (0)

#define STAGE_METRIC(stage, name) ((long long)metric_get(&(stage)->loop.metrics, name))

/* Starts what was prepared and waits until it is ready for work. */
TOY void stage_start(struct stage *stage)
{
    sigset_t mask;
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    assert_int_equal(loop_start(&stage->loop), OK);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &mask, NULL), 0); /* the test's own */
    STAGE_UNTIL(stage, stage->loop.directory && stage->loop.lanes[0].attached &&
                               stage->loop.aux_attached && stage->identity_size &&
                               stage->loop.site.incarnation && !ids_want(&stage->loop.ids) &&
                               bus_connected(stage->loop.bus));
}

TOY void stage_open(struct stage *stage)
{
    stage_prepare(stage);
    stage_start(stage);
}

TOY void stage_close(struct stage *stage)
{
    int zero = 0;
    log_unwatch(&stage->told);
    loop_end(&stage->loop);
    zmq_setsockopt(stage->router, ZMQ_LINGER, &zero, sizeof zero);
    assert_int_equal(zmq_close(stage->router), 0);
    zap_stop(&stage->zap);
    assert_int_equal(zmq_ctx_term(stage->context), 0);
    for (size_t i = 0; i < GOT_MAX; i++)
        buf_fini(&stage->got[i].payload);
    (void)unlink(stage->peers);
    (void)unlink(stage->key);
    (void)rmdir(stage->dir);
    g_free(stage->peers);
    g_free(stage->key);
    g_free(stage->dir);
}

/* From now on what the loop warns of is kept, for stage_told. */
TOY void stage_listen(struct stage *stage)
{
    log_level_set(LOG_WARN);
    log_watch(&stage->told);
}

/* True when an operator would have seen this part of a line, e.g. "WARN  QUERY-FAILED". */
TOY bool stage_told(const struct stage *stage, const char *part)
{
    return strstr(log_seen(&stage->told), part) != NULL;
}

/* The header of a request from a tool's key, or of messages from intake. */
TOY struct frame stage_head(struct stage *stage, enum frame_kind kind, size_t count)
{
    bool events = kind == FRAME_EVENTS;
    return (struct frame){.kind = kind,
            .dest = SERVICE_ROUTING,
            .source = events ? SERVICE_INTAKE : SERVICE_CLIENT,
            .count = (uint16_t)count,
            .rights = events ? 0 : RIGHT_ACT | RIGHT_QUERY,
            .token = STAGE_TOKEN,
            .serial = ++stage->serial,
            .incarnation = events ? (uint64_t)stage->loop.incarnation : 0,
            .peer = "desk"};
}

/* Posts a frame; returns its serial. */
TOY uint64_t stage_post(struct stage *stage,
        const struct frame *head,
        const struct envelope *envelopes,
        size_t count)
{
    BUF_OWNED payload = {0};
    batch_begin(&payload, head->incarnation);
    for (size_t i = 0; i < count; i++)
        batch_add(&payload, &envelopes[i]);
    stage_send(stage, head, &payload);
    return head->serial;
}

TOY struct got *stage_find(struct stage *stage, enum frame_kind kind, uint64_t serial)
{
    for (size_t i = 0; i < stage->got_count; i++)
        if (stage->got[i].head.kind == kind && stage->got[i].head.serial == serial)
            return &stage->got[i];
    return NULL;
}

/* The answer to envelope `id` of the frame with that serial. */
TOY struct reply stage_reply(struct stage *stage, uint64_t serial, int64_t id)
{
    struct reply reply = {0};
    for (size_t i = 0; i < stage->got_count; i++) {
        struct got *got = &stage->got[i];
        struct arena arena;
        struct envelope *list;
        uint64_t incarnation;
        size_t count;
        const char *why;
        if (got->head.kind != FRAME_REPLIES || got->head.serial != serial)
            continue;
        assert_int_equal(got->head.token, STAGE_TOKEN);
        arena_init(&arena, 64 << 20);
        assert_int_equal(batch_decode((const uint8_t *)got->payload.data, got->payload.size, &arena,
                                 &incarnation, &list, &count, &why),
                OK);
        assert_int_equal(count, got->head.count);
        for (size_t k = 0; k < count; k++)
            if (list[k].id == id) {
                assert_false(reply.found); /* once */
                reply = (struct reply){.found = true,
                        .verdict = list[k].verdict,
                        .reason = list[k].reason,
                        .payload_size = list[k].payload.size};
                snprintf(reply.text, sizeof reply.text, "%s", list[k].text);
                snprintf(reply.payload, sizeof reply.payload, "%.*s", (int)list[k].payload.size,
                        list[k].payload.data ? (const char *)list[k].payload.data : "");
            }
        arena_fini(&arena);
    }
    return reply;
}

TOY size_t stage_replies(struct stage *stage, uint64_t serial)
{
    size_t count = 0;
    for (size_t i = 0; i < stage->got_count; i++)
        if (stage->got[i].head.kind == FRAME_REPLIES && stage->got[i].head.serial == serial)
            count += stage->got[i].head.count;
    return count;
}

/* One request, posted. */
TOY uint64_t stage_post_one(
        struct stage *stage, enum frame_kind kind, const struct envelope *envelope)
{
    struct frame head = stage_head(stage, kind, 1);
    return stage_post(stage, &head, envelope, 1);
}

/* … and answered. */
TOY struct reply stage_ask(
        struct stage *stage, enum frame_kind kind, const struct envelope *envelope)
{
    uint64_t serial = stage_post_one(stage, kind, envelope);
    STAGE_UNTIL(stage, stage_replies(stage, serial) == 1);
    return stage_reply(stage, serial, envelope->id);
}

TOY int64_t stage_agg(void)
{
    static int64_t counter;
    return id_make(7, SERVICE_INTAKE, ++counter);
}

/* Texts stay until the next sixteen were made. */
TOY struct bytes stage_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

TOY struct bytes stage_text(const char *format, ...)
{
    static char texts[16][64];
    static size_t next;
    char *text = texts[next++ % 16];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof texts[0], format, args);
    va_end(args);
    return toy_bytes(text);
}

TOY struct envelope stage_look(int64_t id, int64_t agg)
{
    return (struct envelope){
            .id = id, .type = TOY_LOOK, .payload = stage_text("%lld", (long long)agg)};
}

TOY struct envelope stage_sub(int64_t id, int64_t agg, const char *request_id, const char *payload)
{
    return (struct envelope){.id = id,
            .agg = agg,
            .type = TOY_SUB,
            .request_id = request_id,
            .payload = toy_bytes(payload)};
}

/* A row with that total, as if it had always been there. */
TOY int64_t stage_toy(int64_t total)
{
    int64_t agg = stage_agg();
    toy_insert(agg, total);
    return agg;
}

/* The server as services want it, with the toy's schema and site. */
TOY int stage_server_start(void **state)
{
    (void)state;
    server = kit_pg_start("fsync=on full_page_writes=on");
    toy_schema();
    toy_directory_fill();
    return 0;
}

TOY int stage_server_stop(void **state)
{
    (void)state;
    kit_pg_stop(&server);
    return 0;
}

#define ASSERT_REPLY(given, wanted, part)                                                          \
    do {                                                                                           \
        struct reply asserted = (given);                                                           \
        if (!asserted.found || asserted.verdict != (uint32_t)(wanted) ||                           \
                !strstr(asserted.text[0] ? asserted.text : asserted.payload, part))                \
            fail_msg("found %d verdict %u \"%s\" \"%s\", expected %d and \"%s\"", asserted.found,  \
                    asserted.verdict, asserted.text, asserted.payload, (int)(wanted), part);       \
    } while (0)

#endif
