/* The blocking client against brokers and a service that answers in a thread of their own. */
#include "services/broker/testbed.h"

#include <pthread.h>
#include <stdatomic.h>
#include "services/kernel/bus/client.h"

#define WAIT_MS 10000
#define SEEN_MAX 4096

enum manner {
    ANSWER,
    FAIL_FIRST, /* every request's first attempt fails transiently */
    LATE_FIRST, /* every request's first attempt waited for too long */
    KILL_BROKER /* the broker that brought the first frame dies instead of an answer */
};

static struct bed_peer PEERS[] = {
        {.name = "intake-1", .service = "intake", .rights = ""},
        {.name = "tool", .service = "client", .rights = "act;query"},
        {.name = "nobody", .service = "client", .rights = ""},
};
#define PEER_COUNT (sizeof PEERS / sizeof PEERS[0])

struct stage {
    struct bed bed;
    struct bus *intake;
    enum manner manner;
    pthread_t thread;
    atomic_bool stop;
    GHashTable *attempts; /* request id -> number of attempts */
    struct arena arena;
    bool killed;
};

static void answer(struct stage *stage, const struct bus_frame *frame)
{
    uint64_t incarnation;
    struct envelope *requests;
    size_t count;
    const char *why;
    BUF_OWNED out = {0};
    must(batch_decode(frame->payload, frame->payload_size, &stage->arena, &incarnation, &requests,
                 &count, &why) == OK);
    must(count == frame->head.count);
    batch_begin(&out, 1);
    for (size_t i = 0; i < count; i++) {
        char *id = g_strdup(requests[i].request_id);
        must(requests[i].deadline_ms > 0 && requests[i].deadline_ms <= WAIT_MS);
        size_t before = GPOINTER_TO_SIZE(g_hash_table_lookup(stage->attempts, id));
        (void)g_hash_table_insert(stage->attempts, id, GSIZE_TO_POINTER(before + 1));
        struct envelope reply = {.id = requests[i].id,
                .agg = requests[i].agg + 1,
                .type = requests[i].type,
                .payload = requests[i].payload,
                .request_id = requests[i].request_id,
                .actor = "",
                .text = requests[i].actor};
        if (stage->manner == FAIL_FIRST && before == 0) {
            reply.verdict = REPLY_FAILED + ERR_TRANSIENT;
        }
        if (stage->manner == LATE_FIRST && before == 0) {
            reply.verdict = REPLY_FAILED + ERR_LATE;
        }
        batch_add(&out, &reply);
    }
    struct frame head = {.kind = FRAME_REPLIES,
            .count = (uint16_t)count,
            .token = frame->head.token,
            .serial = frame->head.serial};
    enum err err = bus_send_to(stage->intake, frame->broker, &head, out.data, out.size);
    must(err == OK || err == ERR_AGAIN); /* the broker may just have died */
    arena_reset(&stage->arena);
}

static void frame_take(struct stage *stage, const struct bus_frame *frame)
{
    if (frame->head.kind != FRAME_COMMANDS && frame->head.kind != FRAME_QUERIES) {
        return;
    }
    if (stage->manner == KILL_BROKER && !stage->killed) {
        stage->killed = true;
        broker_destroy(&stage->bed.brokers[frame->broker]);
        return;
    }
    answer(stage, frame);
    bus_grant(stage->intake, frame->broker, frame->head.count);
}

static void *stage_run(void *self)
{
    struct stage *stage = self;
    while (!atomic_load(&stage->stop)) {
        struct bus_frame frame;
        bed_step(&stage->bed);
        while (bus_receive(stage->intake, &frame) == OK) {
            frame_take(stage, &frame);
            bus_frame_fini(&frame);
        }
    }
    return NULL;
}

static void stage_open(struct stage *stage, enum manner manner, uint32_t credit)
{
    *stage = (struct stage){.manner = manner};
    stage->attempts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    arena_init(&stage->arena, 64 << 20);
    bed_open(&stage->bed, PEERS, PEER_COUNT, 2);
    stage->intake = bed_bus(&stage->bed, "intake-1", credit);
    must(pthread_create(&stage->thread, NULL, stage_run, stage) == 0);
}

static void stage_close(struct stage *stage)
{
    if (!atomic_exchange(&stage->stop, true)) {
        must(pthread_join(stage->thread, NULL) == 0);
    }
    bed_close(&stage->bed);
    g_hash_table_unref(stage->attempts);
    arena_fini(&stage->arena);
}

static struct client *client_open(struct stage *stage, const char *name)
{
    const struct bed_peer *peer = bed_peer(&stage->bed, name);
    struct bus_config config = {.service = SERVICE_CLIENT,
            .site = 1,
            .endpoints = {stage->bed.endpoints[0], stage->bed.endpoints[1]},
            .endpoint_count = 2};
    struct client *client = NULL;
    memcpy(config.server_key, stage->bed.server.public_key, KEY_Z85_SIZE);
    memcpy(config.public_key, peer->pair.public_key, KEY_Z85_SIZE);
    memcpy(config.secret_key, peer->pair.secret_key, KEY_Z85_SIZE);
    assert_int_equal(client_new(&config, &client), OK);
    assert_int_equal(client_wait(client, WAIT_MS), OK);
    return client;
}

static char IDS[CLIENT_REQUESTS_MAX][32];

static void requests_make(struct client_request *requests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(IDS[i], sizeof IDS[i], "request-%zu", i);
        requests[i] = (struct client_request){.dest = SERVICE_INTAKE,
                .type = 7,
                .agg = (int64_t)i * 3,
                .request_id = IDS[i],
                .actor = "worker-1",
                .payload = {(const uint8_t *)IDS[i], strlen(IDS[i])}};
    }
}

static void requests_check(const struct client_request *requests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct client_request *request = &requests[i];
        if (request->err || request->reply.verdict != 0) {
            fail_msg("%zu: %s, verdict %u", i, err_name(request->err), request->reply.verdict);
        }
        assert_int_equal(request->reply.agg, (int64_t)i * 3 + 1);
        assert_string_equal(request->reply.request_id, IDS[i]);
        assert_string_equal(request->reply.text, "worker-1");
        assert_int_equal(request->reply.payload.size, strlen(IDS[i]));
        assert_memory_equal(request->reply.payload.data, IDS[i], strlen(IDS[i]));
    }
}

/* Calls with `count` requests twice over, so that old answers cannot pass for new ones. */
static void call_and_check(enum manner manner, uint32_t credit, size_t count, size_t attempts)
{
    struct stage *stage = g_new0(struct stage, 1);
    struct client_request *requests = g_new0(struct client_request, count);
    struct arena arena;
    arena_init(&arena, 16 << 20);
    stage_open(stage, manner, credit);
    struct client *client = client_open(stage, "tool");
    gint64 start_us = g_get_monotonic_time();
    for (int round = 0; round < 2; round++) {
        requests_make(requests, count);
        enum frame_kind kind = round == 0 ? FRAME_COMMANDS : FRAME_QUERIES;
        assert_int_equal(client_call(client, kind, requests, count, WAIT_MS, &arena), OK);
        requests_check(requests, count);
        arena_reset(&arena);
    }
    /* A loss is noticed as such, not only by the time-out for an answer. */
    assert_in_range(g_get_monotonic_time() - start_us, 0, CLIENT_RETRY_MS * 1000);
    client_destroy(&client);
    atomic_store(&stage->stop, true);
    must(pthread_join(stage->thread, NULL) == 0);
    assert_int_equal(g_hash_table_size(stage->attempts), count);
    for (size_t i = 0; i < count; i++) { /* the two calls', and what was tried again */
        size_t seen = GPOINTER_TO_SIZE(g_hash_table_lookup(stage->attempts, IDS[i]));
        assert_in_range(seen, attempts, manner == KILL_BROKER ? attempts + 1 : attempts);
    }
    stage_close(stage);
    arena_fini(&arena);
    g_free(requests);
    g_free(stage);
}

static void call_answers_every_request(void **state)
{
    (void)state;
    call_and_check(ANSWER, 4096, CLIENT_REQUESTS_MAX, 2);
    call_and_check(ANSWER, 4096, 1, 2);
    call_and_check(ANSWER, 4096, 0, 2);
}

static void call_is_tried_again_after_a_transient_failure(void **state)
{
    (void)state;
    call_and_check(FAIL_FIRST, 4096, 100, 3);
    call_and_check(LATE_FIRST, 4096, 100, 3);
}

/* Without any time left a request would have to be sent with no span, that is, for ever. */
static void call_without_time_sends_nothing(void **state)
{
    (void)state;
    struct stage *stage = g_new0(struct stage, 1);
    struct client_request requests[3];
    struct arena arena;
    arena_init(&arena, 1 << 20);
    stage_open(stage, ANSWER, 100);
    struct client *client = client_open(stage, "tool");
    requests_make(requests, 3);
    assert_int_equal(client_call(client, FRAME_COMMANDS, requests, 3, 0, &arena), ERR_TRANSIENT);
    requests_make(requests, 1); /* comes after them, had they been sent */
    assert_int_equal(client_call(client, FRAME_COMMANDS, requests, 1, WAIT_MS, &arena), OK);
    client_destroy(&client);
    atomic_store(&stage->stop, true);
    must(pthread_join(stage->thread, NULL) == 0);
    assert_int_equal(g_hash_table_size(stage->attempts), 1);
    stage_close(stage);
    arena_fini(&arena);
    g_free(stage);
}

static void call_goes_over_another_broker_when_one_dies(void **state)
{
    (void)state;
    call_and_check(KILL_BROKER, 4096, 100, 2);
}

/* Less credit than requests: NAKs, and all are answered in the end. */
static void call_waits_for_credit(void **state)
{
    (void)state;
    call_and_check(ANSWER, 8, 300, 2);
}

static void call_without_the_right_is_denied_at_once(void **state)
{
    (void)state;
    struct stage *stage = g_new0(struct stage, 1);
    struct client_request requests[3];
    struct arena arena;
    arena_init(&arena, 1 << 20);
    stage_open(stage, ANSWER, 100);
    struct client *client = client_open(stage, "nobody");
    requests_make(requests, 3);
    assert_int_equal(
            client_call(client, FRAME_COMMANDS, requests, 3, WAIT_MS, &arena), ERR_TRANSIENT);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(requests[i].err, ERR_DENIED);
    }
    client_destroy(&client);
    stage_close(stage);
    arena_fini(&arena);
    g_free(stage);
}

static void call_ends_at_its_deadline(void **state)
{
    (void)state;
    struct stage *stage = g_new0(struct stage, 1);
    struct client_request requests[2];
    struct arena arena;
    arena_init(&arena, 1 << 20);
    stage_open(stage, ANSWER, 100);
    struct client *client = client_open(stage, "tool");
    requests_make(requests, 2);
    requests[0].dest = SERVICE_AUDIT; /* nobody is there */
    char long_id[REQUEST_ID_MAX + 2] = {0};
    memset(long_id, 'x', REQUEST_ID_MAX + 1);
    requests[1].request_id = long_id;
    assert_int_equal(client_call(client, FRAME_COMMANDS, requests, 2, 200, &arena), ERR_TRANSIENT);
    assert_int_equal(requests[0].err, ERR_TRANSIENT);
    assert_int_equal(requests[1].err, ERR_LIMIT);
    client_destroy(&client);
    client_destroy(&client);
    stage_close(stage);
    arena_fini(&arena);
    g_free(stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(call_answers_every_request),
            cmocka_unit_test(call_is_tried_again_after_a_transient_failure),
            cmocka_unit_test(call_without_time_sends_nothing),
            cmocka_unit_test(call_goes_over_another_broker_when_one_dies),
            cmocka_unit_test(call_waits_for_credit),
            cmocka_unit_test(call_without_the_right_is_denied_at_once),
            cmocka_unit_test(call_ends_at_its_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
