/* One pusher floods an instance with more than it takes, another asks now and then: what is over is
 * slowed by NAKs, nothing is lost, and whoever asks seldom is answered in a small part of the time
 * that he has. */
#include "services/broker/testbed.h"

#include <pthread.h>
#include <stdatomic.h>
#include "services/kernel/bus/client.h"

#define WAIT_MS 10000
#define CREDIT 16
#define FRAME_MS 4 /* for each frame */
#define FLOOD 48   /* requests in one call of the flooder's */
#define FLOODERS 8 /* calls of his at once: many times the credit */
#define QUIET_CALLS 6
#define QUIET_MS_MAX 3000 /* of one call, on a busy machine; starved, it would be WAIT_MS */

static struct bed_peer PEERS[] = {{.name = "intake-1", .service = "intake", .rights = ""},
        {.name = "flooder", .service = "client", .rights = "act"},
        {.name = "quiet", .service = "client", .rights = "act"}};

static struct {
    struct bed bed;
    struct bus *intake;
    pthread_t server, flooders[FLOODERS];
    atomic_bool stop, flooded;
    uint64_t answered, naks; /* the server's until it has stopped */
    atomic_ullong flood_calls;
} stage;

static void answer(const struct bus_frame *frame, struct arena *arena)
{
    uint64_t incarnation;
    struct envelope *requests;
    size_t count;
    const char *why;
    BUF_OWNED out = {0};
    must(batch_decode(frame->payload, frame->payload_size, arena, &incarnation, &requests, &count,
                 &why) == OK);
    batch_begin(&out, 1);
    for (size_t i = 0; i < count; i++) {
        struct envelope reply = {.id = requests[i].id,
                .agg = requests[i].agg,
                .type = requests[i].type,
                .request_id = requests[i].request_id,
                .actor = "",
                .text = ""};
        batch_add(&out, &reply);
    }
    struct frame head = {.kind = FRAME_REPLIES,
            .count = (uint16_t)count,
            .token = frame->head.token,
            .serial = frame->head.serial};
    must(bus_send_to(stage.intake, frame->broker, &head, out.data, out.size) == OK);
    stage.answered += count;
    arena_reset(arena);
}

/* Takes its time for each frame, in the order in which they came: less than the flooder asks for,
 * so that credit is always short. */
static void *serve(void *self)
{
    static struct bus_frame waiting[CREDIT + 1];
    size_t count = 0;
    int64_t next_ms = 0;
    struct arena arena;
    (void)self;
    arena_init(&arena, 64 << 20);
    while (!atomic_load(&stage.stop)) {
        bed_step(&stage.bed);
        while (count <= CREDIT && bus_receive(stage.intake, &waiting[count]) == OK)
            count++;
        if (count == 0 || stage.bed.now_ms < next_ms)
            continue;
        next_ms = stage.bed.now_ms + FRAME_MS;
        if (waiting[0].head.kind == FRAME_COMMANDS) {
            answer(&waiting[0], &arena);
            bus_grant(stage.intake, waiting[0].broker, waiting[0].head.count);
        }
        bus_frame_fini(&waiting[0]);
        memmove(waiting, waiting + 1, --count * sizeof *waiting);
    }
    while (count > 0)
        bus_frame_fini(&waiting[--count]);
    stage.naks = broker_stats(stage.bed.brokers[0])->naks[NAK_NO_CREDIT];
    arena_fini(&arena);
    return NULL;
}

static struct client *client_open(const char *name)
{
    const struct bed_peer *peer = bed_peer(&stage.bed, name);
    struct bus_config config = {.service = SERVICE_CLIENT,
            .site = 1,
            .endpoints = {stage.bed.endpoints[0]},
            .endpoint_count = 1};
    struct client *client = NULL;
    memcpy(config.server_key, stage.bed.server.public_key, KEY_Z85_SIZE);
    memcpy(config.public_key, peer->pair.public_key, KEY_Z85_SIZE);
    memcpy(config.secret_key, peer->pair.secret_key, KEY_Z85_SIZE);
    must(client_new(&config, &client) == OK);
    must(client_wait(client, WAIT_MS) == OK);
    return client;
}

static enum err call(struct client *client, size_t count, const char *name, int round)
{
    static _Thread_local struct client_request requests[FLOOD];
    static _Thread_local char ids[FLOOD][40];
    struct arena arena;
    arena_init(&arena, 16 << 20);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "%s-%d-%zu", name, round, i);
        requests[i] = (struct client_request){
                .dest = SERVICE_INTAKE, .type = 7, .request_id = ids[i], .actor = ""};
    }
    enum err err = client_call(client, FRAME_COMMANDS, requests, count, WAIT_MS, &arena);
    arena_fini(&arena);
    return err;
}

static void *flood(void *self)
{
    struct client *client = client_open("flooder");
    const char *name = self;
    for (int round = 0; !atomic_load(&stage.flooded); round++) {
        must(call(client, FLOOD, name, round) == OK);
        (void)atomic_fetch_add(&stage.flood_calls, 1);
    }
    client_destroy(&client);
    return NULL;
}

static void whoever_asks_seldom_is_answered_beside_a_flood(void **state)
{
    (void)state;
    bed_open(&stage.bed, PEERS, sizeof PEERS / sizeof *PEERS, 1);
    stage.intake = bed_bus(&stage.bed, "intake-1", CREDIT);
    must(pthread_create(&stage.server, NULL, serve, NULL) == 0);
    struct client *quiet = client_open("quiet");
    static char names[FLOODERS][16];
    for (int i = 0; i < FLOODERS; i++) {
        (void)snprintf(names[i], sizeof names[i], "flood-%d", i);
        must(pthread_create(&stage.flooders[i], NULL, flood, names[i]) == 0);
    }
    while (atomic_load(&stage.flood_calls) < FLOODERS) /* the flood is on */
        (void)g_thread_yield();
    for (int round = 0; round < QUIET_CALLS; round++) {
        gint64 from_us = g_get_monotonic_time();
        assert_int_equal(call(quiet, 1, "quiet", round), OK);
        assert_in_range(g_get_monotonic_time() - from_us, 0, QUIET_MS_MAX * 1000);
    }
    atomic_store(&stage.flooded, true);
    for (int i = 0; i < FLOODERS; i++)
        must(pthread_join(stage.flooders[i], NULL) == 0);
    client_destroy(&quiet);
    atomic_store(&stage.stop, true);
    must(pthread_join(stage.server, NULL) == 0);
    uint64_t asked = atomic_load(&stage.flood_calls) * FLOOD + QUIET_CALLS;
    assert_in_range(stage.answered, asked, asked + asked / 10); /* some twice, none not at all */
    assert_true(stage.naks > 0);                                /* it was a flood */
    bed_close(&stage.bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(whoever_asks_seldom_is_answered_beside_a_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
