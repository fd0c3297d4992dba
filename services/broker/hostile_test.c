/* What nobody sends in good faith, at each of the broker's ports: bytes that are no ZMTP,
 * messages of 0, 1 and 1,000 parts, kinds of frames that the port does not take, talk where only
 * listening is meant, requests whose answers are never taken. Each time the next request of
 * somebody else comes through. */
#include "services/broker/testbed.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define ROUNDS 10

static struct bed_peer PEERS[] = {{.name = "intake-1", .service = "intake", .rights = ""},
        {.name = "hostile", .service = "client", .rights = "hotline"},
        {.name = "listener", .service = "client", .rights = "feed"},
        {.name = "quiet", .service = "client", .rights = "hotline"}};

static struct {
    struct bed bed;
    struct bus *intake, *quiet;
    uint64_t serial;
} stage;

static int setup(void **state)
{
    (void)state;
    bed_open(&stage.bed, PEERS, sizeof PEERS / sizeof *PEERS, 1);
    stage.intake = bed_bus(&stage.bed, "intake-1", 1000);
    stage.quiet = bed_bus_hotline(&stage.bed, "quiet");
    bed_connect(&stage.bed, stage.intake);
    bed_connect(&stage.bed, stage.quiet);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bed_close(&stage.bed);
    return 0;
}

/* The quiet one's next request comes to intake, under its name. */
static void expect_next(void)
{
    struct bus_frame frame;
    struct frame head = {
            .kind = FRAME_COMMANDS, .dest = SERVICE_INTAKE, .count = 1, .serial = ++stage.serial};
    assert_int_equal(bus_send(stage.quiet, &head, "x", 1), OK);
    bed_next(&stage.bed, stage.intake, &frame);
    assert_int_equal(frame.head.serial, stage.serial);
    assert_string_equal(frame.head.peer, "quiet");
    bus_grant(stage.intake, frame.broker, 1);
    bus_frame_fini(&frame);
}

static const char *endpoint_of(size_t port)
{
    struct broker *broker = stage.bed.brokers[0];
    return port < PORT_COUNT ? broker_endpoint(broker, (enum port)port)
                             : broker_feed_endpoint(broker);
}

static int dial(const char *endpoint)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
            .sin_port = htons((uint16_t)strtol(strrchr(endpoint, ':') + 1, NULL, 10)),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Also such as begin like ZMTP, and such as say nothing and stay. */
static void bytes_that_are_no_zmtp_disturb_nobody(void **unused)
{
    (void)unused;
    static const uint8_t greeting[] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0};
    uint8_t bytes[4096];
    int fds[(PORT_COUNT + 1) * ROUNDS];
    size_t count = 0;
    struct rng rng;
    rng_seed(&rng, 5);
    for (size_t port = 0; port <= PORT_COUNT; port++) {
        for (size_t i = 0; i < ROUNDS; i++) {
            int fd = fds[count++] = dial(endpoint_of(port));
            rng_fill(&rng, bytes, sizeof bytes);
            if (i % 3 == 1)
                memcpy(bytes, greeting, sizeof greeting);
            if (i % 3 != 2)
                assert_true(send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) > 0);
            expect_next();
        }
    }
    while (count > 0)
        (void)close(fds[--count]);
    expect_next();
}

static void *raw_connect(const char *name, int type, const char *endpoint)
{
    const struct bed_peer *peer = bed_peer(&stage.bed, name);
    void *raw = zmq_socket(stage.bed.context, type);
    int none = 0;
    must(zmq_setsockopt(raw, ZMQ_LINGER, &none, sizeof none) == 0);
    must(zmq_setsockopt(raw, ZMQ_CURVE_SERVERKEY, stage.bed.server.public_key, KEY_Z85_SIZE) == 0);
    must(zmq_setsockopt(raw, ZMQ_CURVE_PUBLICKEY, peer->pair.public_key, KEY_Z85_SIZE) == 0);
    must(zmq_setsockopt(raw, ZMQ_CURVE_SECRETKEY, peer->pair.secret_key, KEY_Z85_SIZE) == 0);
    must(zmq_connect(raw, endpoint) == 0);
    return raw;
}

static void raw_send(void *raw, size_t parts, const void *part, size_t size)
{
    for (size_t i = 0; i < parts; i++)
        assert_true(zmq_send(raw, part, size, i + 1 < parts ? ZMQ_SNDMORE : 0) >= 0);
}

/* A hotline's key is on the list, so all of this reaches the broker's core. */
static void messages_of_no_form_are_counted_at_the_hotlines_port(void **unused)
{
    (void)unused;
    const struct broker_stats *stats = broker_stats(stage.bed.brokers[0]);
    uint8_t head[FRAME_HEADER_SIZE], noise[FRAME_HEADER_SIZE];
    struct rng rng;
    void *raw = raw_connect("hostile", ZMQ_DEALER, endpoint_of(PORT_HOTLINE));
    rng_seed(&rng, 6);
    rng_fill(&rng, noise, sizeof noise);
    raw_send(raw, 1, "", 0);
    raw_send(raw, 1, noise, 1);
    raw_send(raw, 1, noise, sizeof noise);
    raw_send(raw, 2, noise, sizeof noise);
    raw_send(raw, 3, noise, sizeof noise);
    raw_send(raw, 1000, noise, sizeof noise);
    frame_encode(&(struct frame){.kind = FRAME_COMMANDS, .dest = SERVICE_INTAKE, .count = 0}, head);
    raw_send(raw, 1, head, sizeof head);
    BED_UNTIL((bed_step(&stage.bed), stats->malformed >= 7));
    assert_int_equal(stats->malformed, 7);
    expect_next();
    (void)zmq_close(raw);
}

static void frames_that_are_not_for_hotlines_are_denied(void **unused)
{
    (void)unused;
    static const struct frame frames[] = {
            {.kind = FRAME_READY, .source = SERVICE_ROUTING, .credit = 100},
            {.kind = FRAME_EVENTS, .dest = SERVICE_INTAKE, .count = 1},
            {.kind = FRAME_ACKS, .dest = SERVICE_INTAKE, .count = 1, .token = 1},
            {.kind = FRAME_REPLIES, .dest = SERVICE_CLIENT, .count = 1, .token = 1},
            {.kind = FRAME_FEED, .source = SERVICE_INTAKE},
            {.kind = FRAME_COMMANDS, .dest = SERVICE_ROUTING, .count = 1}};
    const struct broker_stats *stats = broker_stats(stage.bed.brokers[0]);
    uint8_t head[FRAME_HEADER_SIZE];
    void *raw = raw_connect("hostile", ZMQ_DEALER, endpoint_of(PORT_HOTLINE));
    frame_encode(&(struct frame){.kind = FRAME_READY}, head);
    raw_send(raw, 1, head, sizeof head);
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        frame_encode(&frames[i], head);
        raw_send(raw, 1, head, sizeof head);
        BED_UNTIL((bed_step(&stage.bed), stats->naks[NAK_DENIED] > i));
    }
    assert_int_equal(stats->naks[NAK_DENIED], sizeof frames / sizeof *frames);
    expect_next();
    (void)zmq_close(raw);
}

/* A subscriber who talks is not heard, and others go on. */
static void talk_at_the_feed_is_not_heard(void **unused)
{
    (void)unused;
    uint8_t noise[4096];
    struct rng rng;
    void *raw = raw_connect("listener", ZMQ_XSUB, endpoint_of(PORT_COUNT));
    rng_seed(&rng, 7);
    for (size_t i = 0; i < 1000; i++) {
        rng_fill(&rng, noise, sizeof noise);
        raw_send(raw, 1 + i % 3, noise, sizeof noise);
        bed_step(&stage.bed);
    }
    expect_next();
    (void)zmq_close(raw);
    expect_next();
}

/* Intake answers what it has, and has its credit back, though nobody takes the answers. */
static void answers_that_are_never_taken_hold_up_nobody(void **unused)
{
    (void)unused;
    uint8_t head[FRAME_HEADER_SIZE];
    struct bus_frame frame;
    void *raw = raw_connect("hostile", ZMQ_DEALER, endpoint_of(PORT_HOTLINE));
    frame_encode(&(struct frame){.kind = FRAME_READY}, head);
    raw_send(raw, 1, head, sizeof head);
    frame_encode(&(struct frame){.kind = FRAME_COMMANDS, .dest = SERVICE_INTAKE, .count = 1}, head);
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 32; i++)
            raw_send(raw, 1, head, sizeof head);
        for (int i = 0; i < 32; i++) {
            bed_next(&stage.bed, stage.intake, &frame);
            struct frame reply = {.kind = FRAME_REPLIES, .count = 1, .token = frame.head.token};
            assert_int_equal(bus_send_to(stage.intake, frame.broker, &reply, "y", 1), OK);
            bus_grant(stage.intake, frame.broker, 1);
            bus_frame_fini(&frame);
        }
        expect_next();
    }
    (void)zmq_close(raw);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(bytes_that_are_no_zmtp_disturb_nobody),
            CASE(messages_of_no_form_are_counted_at_the_hotlines_port),
            CASE(frames_that_are_not_for_hotlines_are_denied), CASE(talk_at_the_feed_is_not_heard),
            CASE(answers_that_are_never_taken_hold_up_nobody)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
