/* The broker's rules, over real CURVE sockets on loopback. */
#include "services/broker/testbed.h"

static struct bed_peer PEERS[] = {
        {.name = "routing-1", .service = "routing", .rights = ""},
        {.name = "routing-2", .service = "routing", .rights = ""},
        {.name = "audit-1", .service = "audit", .rights = ""},
        {.name = "intake-1", .service = "intake", .rights = "act"},
        {.name = "tool", .service = "client", .rights = "act;query"},
        {.name = "operator", .service = "client", .rights = "operate"},
        {.name = "nobody", .service = "client", .rights = ""},
        {.name = "viewer", .service = "client", .rights = "feed"},
        {.name = "hotline", .service = "client", .rights = "hotline"},
        {.name = "all", .service = "routing", .rights = "act;query;operate;hotline"},
};
#define PEER_COUNT (sizeof PEERS / sizeof PEERS[0])

static struct frame events_to(enum service_id dest, uint8_t bucket, uint64_t serial)
{
    return (struct frame){
            .kind = FRAME_EVENTS, .dest = dest, .bucket = bucket, .count = 1, .serial = serial};
}

/* Sends a frame with a payload of `size` bytes, whatever it takes. */
static void push(struct bed *bed, struct bus *bus, const struct frame *head, size_t size)
{
    static const char payload[1024];
    assert_in_range(size, 0, sizeof payload);
    assert_true(bed->now_ms > 0);
    assert_int_equal(bus_send(bus, head, payload, size), OK);
}

static void expect_nak(struct bed *bed, struct bus *bus, enum nak_reason reason, uint64_t serial)
{
    struct bus_frame frame;
    bed_next(bed, bus, &frame);
    assert_int_equal(frame.head.kind, FRAME_NAK);
    assert_int_equal(frame.head.reason, reason);
    assert_int_equal(frame.head.serial, serial);
    assert_int_equal(frame.payload_size, 0);
    bus_frame_fini(&frame);
}

static void expect_frame(struct bed *bed, struct bus *bus, enum frame_kind kind, uint64_t serial)
{
    struct bus_frame frame;
    bed_next(bed, bus, &frame);
    assert_int_equal(frame.head.kind, kind);
    assert_int_equal(frame.head.serial, serial);
    bus_frame_fini(&frame);
}

static void events_go_to_the_service_with_the_keys_name_on_them(void **state)
{
    struct bed *bed = *state;
    struct bus *routing = bed_bus(bed, "routing-1", 100), *audit = bed_bus(bed, "audit-1", 100);
    bed_connect(bed, routing);
    bed_connect(bed, audit);
    struct frame head = {.kind = FRAME_EVENTS,
            .dest = SERVICE_AUDIT,
            .source = SERVICE_INTAKE, /* a lie */
            .peer = "intake-1",       /* another one */
            .rights = 255,
            .token = 99,
            .bucket = 3,
            .count = 2,
            .serial = 77};
    assert_int_equal(bus_send(routing, &head, "payload", 7), OK);
    struct bus_frame frame;
    bed_next(bed, audit, &frame);
    assert_int_equal(frame.head.kind, FRAME_EVENTS);
    assert_int_equal(frame.head.source, SERVICE_ROUTING);
    assert_string_equal(frame.head.peer, "routing-1");
    assert_int_equal(frame.head.rights, 0);
    assert_int_not_equal(frame.head.token, 99);
    assert_int_equal(frame.head.serial, 77);
    assert_int_equal(frame.head.count, 2);
    assert_int_equal(frame.head.bucket, 3);
    assert_int_equal(frame.head.incarnation, 5);
    assert_int_equal(frame.payload_size, 7);
    assert_memory_equal(frame.payload, "payload", 7);
    bus_frame_fini(&frame);
}

static void nak_brings_the_header_back(void **state)
{
    struct bed *bed = *state;
    struct bus *routing = bed_bus(bed, "routing-1", 100);
    bed_connect(bed, routing);
    struct frame head = events_to(SERVICE_AUDIT, 7, 31);
    head.count = 9;
    push(bed, routing, &head, 100);
    struct bus_frame frame;
    bed_next(bed, routing, &frame);
    assert_int_equal(frame.head.kind, FRAME_NAK);
    assert_int_equal(frame.head.reason, NAK_NO_INSTANCE);
    assert_int_equal(frame.head.dest, SERVICE_AUDIT);
    assert_int_equal(frame.head.count, 9);
    assert_int_equal(frame.head.bucket, 7);
    assert_int_equal(frame.head.serial, 31);
    assert_int_equal(frame.payload_size, 0);
    bus_frame_fini(&frame);
}

/* Who may send what: RULES, row by row. `to` is connected, so that only the right decides. */
static void rights_table(void **state)
{
    struct bed *bed = *state;
    static const struct {
        const char *from;
        enum frame_kind kind;
        enum service_id dest;
        bool allowed;
    } table[] = {
            {"routing-1", FRAME_EVENTS, SERVICE_INTAKE, true},
            {"routing-1", FRAME_ACKS, SERVICE_INTAKE, true},
            {"tool", FRAME_EVENTS, SERVICE_INTAKE, false},
            {"tool", FRAME_ACKS, SERVICE_INTAKE, false},
            {"tool", FRAME_FEED, SERVICE_NONE, false},
            {"tool", FRAME_REPLIES, SERVICE_NONE, false},
            {"tool", FRAME_COMMANDS, SERVICE_INTAKE, true},
            {"tool", FRAME_QUERIES, SERVICE_AUDIT, true},
            {"operator", FRAME_COMMANDS, SERVICE_AUDIT, true},
            {"operator", FRAME_QUERIES, SERVICE_AUDIT, true},
            {"nobody", FRAME_COMMANDS, SERVICE_INTAKE, false},
            {"nobody", FRAME_QUERIES, SERVICE_INTAKE, false},
            {"viewer", FRAME_QUERIES, SERVICE_INTAKE, false},
            {"hotline", FRAME_COMMANDS, SERVICE_INTAKE, true},
            {"hotline", FRAME_QUERIES, SERVICE_INTAKE, true},
            {"hotline", FRAME_COMMANDS, SERVICE_AUDIT, false},
            {"hotline", FRAME_QUERIES, SERVICE_AUDIT, false},
            {"routing-1", FRAME_COMMANDS, SERVICE_INTAKE, false},
    };
    struct bus *intake = bed_bus(bed, "intake-1", 100), *audit = bed_bus(bed, "audit-1", 100);
    bed_connect(bed, intake);
    bed_connect(bed, audit);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct bus *from = bed_bus(bed, table[i].from, 0);
        bed_connect(bed, from);
        struct frame head = {
                .kind = table[i].kind, .dest = table[i].dest, .count = 1, .serial = 100 + i};
        push(bed, from, &head, 1);
        if (table[i].allowed) {
            expect_frame(
                    bed, table[i].dest == SERVICE_AUDIT ? audit : intake, table[i].kind, 100 + i);
        } else {
            expect_nak(bed, from, NAK_DENIED, 100 + i);
        }
        bed->bus_count--;
        bus_destroy(&from);
    }
}

static void hotline_port_takes_only_requests_to_intake(void **state)
{
    struct bed *bed = *state;
    static const struct {
        enum frame_kind kind;
        enum service_id dest;
        bool allowed;
    } table[] = {
            {FRAME_COMMANDS, SERVICE_INTAKE, true},
            {FRAME_QUERIES, SERVICE_INTAKE, true},
            {FRAME_COMMANDS, SERVICE_AUDIT, false},
            {FRAME_EVENTS, SERVICE_INTAKE, false},
            {FRAME_ACKS, SERVICE_INTAKE, false},
            {FRAME_REPLIES, SERVICE_NONE, false},
            {FRAME_FEED, SERVICE_NONE, false},
    };
    struct bus *intake = bed_bus(bed, "intake-1", 100), *audit = bed_bus(bed, "audit-1", 100);
    struct bus *pusher = bed_bus_hotline(bed, "hotline");
    bed_connect(bed, intake);
    bed_connect(bed, audit);
    bed_connect(bed, pusher);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct frame head = {
                .kind = table[i].kind, .dest = table[i].dest, .count = 1, .serial = 50 + i};
        push(bed, pusher, &head, 1);
        if (table[i].allowed) {
            expect_frame(bed, intake, table[i].kind, 50 + i);
        } else {
            expect_nak(bed, pusher, NAK_DENIED, 50 + i);
        }
    }
}

/* On that port rights that a key has elsewhere are worth nothing. */
static void hotline_port_gives_a_strong_key_no_more(void **state)
{
    struct bed *bed = *state;
    static const struct frame table[] = {
            {.kind = FRAME_COMMANDS, .dest = SERVICE_AUDIT, .count = 1, .serial = 1},
            {.kind = FRAME_QUERIES, .dest = SERVICE_AUDIT, .count = 1, .serial = 2},
            {.kind = FRAME_EVENTS, .dest = SERVICE_AUDIT, .count = 1, .serial = 3},
            {.kind = FRAME_ACKS, .dest = SERVICE_AUDIT, .count = 1, .serial = 4},
            {.kind = FRAME_REPLIES, .count = 1, .serial = 5},
            {.kind = FRAME_FEED, .count = 1, .serial = 6},
    };
    struct bus *audit = bed_bus(bed, "audit-1", 100), *strong = bed_bus_hotline(bed, "all");
    bed_connect(bed, audit);
    bed_connect(bed, strong);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        push(bed, strong, &table[i], 1);
        expect_nak(bed, strong, NAK_DENIED, table[i].serial);
    }
}

/* A service's key, too, has no business at the hotline's port: its handshake fails. */
static void hotline_port_refuses_keys_without_the_right(void **state)
{
    struct bed *bed = *state;
    struct bus *tool = bed_bus_hotline(bed, "tool");
    uint64_t before = zap_refused(bed->zap);
    BED_UNTIL((bed_step(bed), zap_refused(bed->zap) > before));
    assert_false(bed_connected(bed, tool));
}

static void replies_go_to_the_connection_that_asked(void **state)
{
    struct bed *bed = *state;
    struct bus *intake = bed_bus(bed, "intake-1", 100);
    struct bus *one = bed_bus(bed, "tool", 0), *two = bed_bus(bed, "tool", 0);
    bed_connect(bed, intake);
    bed_connect(bed, one);
    bed_connect(bed, two);
    struct frame head = {.kind = FRAME_QUERIES, .dest = SERVICE_INTAKE, .count = 1, .serial = 8};
    push(bed, two, &head, 3);
    struct bus_frame asked;
    bed_next(bed, intake, &asked);
    assert_int_not_equal(asked.head.token, 0);
    assert_string_equal(asked.head.peer, "tool");
    assert_int_equal(asked.head.rights, RIGHT_ACT | RIGHT_QUERY);
    struct frame reply = {
            .kind = FRAME_REPLIES, .count = 1, .token = asked.head.token, .serial = 8};
    assert_int_equal(bus_send_to(intake, asked.broker, &reply, "answer", 6), OK);
    bus_frame_fini(&asked);
    struct bus_frame answer;
    bed_next(bed, two, &answer);
    assert_int_equal(answer.head.kind, FRAME_REPLIES);
    assert_int_equal(answer.head.source, SERVICE_INTAKE);
    assert_memory_equal(answer.payload, "answer", 6);
    bus_frame_fini(&answer);
    assert_false(bed_receive(bed, one, &answer));
    /* The asker goes; its token is nobody's from now on. */
    bed->bus_count--;
    bus_destroy(&two);
    BED_UNTIL((bed->skip_ms += 50, (void)bed_connected(bed, intake),
            conns_count(broker_conns(bed->brokers[0])) == 2));
    assert_int_equal(bus_send(intake, &reply, "answer", 6), OK);
    expect_nak(bed, intake, NAK_GONE, 8);
}

/* Whatever the bucket: who sent can forget the rows then; when it left, any other deletes them. */
static void acks_go_to_who_sent_the_messages_or_to_its_like(void **state)
{
    struct bed *bed = *state;
    struct bus *audit = bed_bus(bed, "audit-1", 100);
    struct bus *one = bed_bus(bed, "routing-1", 100), *two = bed_bus(bed, "routing-2", 100);
    struct bus_frame frame;
    bed_connect(bed, audit);
    bed_connect(bed, one);
    bed_connect(bed, two);
    struct frame head = events_to(SERVICE_AUDIT, 0, 1);
    push(bed, two, &head, 1);
    bed_next(bed, audit, &frame);
    struct frame acks = {
            .kind = FRAME_ACKS, .dest = SERVICE_ROUTING, .count = 1, .token = frame.head.token};
    bus_frame_fini(&frame);
    for (acks.bucket = 0; acks.bucket < BUCKET_COUNT; acks.bucket++) {
        acks.serial = acks.bucket;
        push(bed, audit, &acks, 1);
        expect_frame(bed, two, FRAME_ACKS, acks.serial);
    }
    bus_drain(two);
    BED_UNTIL((bed_step(bed), bed->notices[NOTICE_LEFT] == 1));
    acks.bucket = 3;
    push(bed, audit, &acks, 1);
    expect_frame(bed, one, FRAME_ACKS, acks.serial);
}

static void credit_used_up_is_nak_and_granted_again_is_not(void **state)
{
    struct bed *bed = *state;
    struct bus *routing = bed_bus(bed, "routing-1", 100), *audit = bed_bus(bed, "audit-1", 10);
    bed_connect(bed, routing);
    bed_connect(bed, audit);
    struct frame head = events_to(SERVICE_AUDIT, 0, 1);
    head.count = 6;
    push(bed, routing, &head, 1);
    expect_frame(bed, audit, FRAME_EVENTS, 1);
    head.serial = 2;
    push(bed, routing, &head, 1);
    expect_nak(bed, routing, NAK_NO_CREDIT, 2);
    struct frame acks = {.kind = FRAME_ACKS, .dest = SERVICE_AUDIT, .count = 100, .serial = 3};
    push(bed, routing, &acks, 1); /* acknowledgements need no credit */
    expect_frame(bed, audit, FRAME_ACKS, 3);
    bus_grant(audit, 0, 6);
    BED_UNTIL((bed_step(bed), broker_stats(bed->brokers[0])->frames[FRAME_GRANT] > 0));
    head.serial = 4;
    push(bed, routing, &head, 1);
    expect_frame(bed, audit, FRAME_EVENTS, 4);
}

static void many_send(struct bus *bus, const struct frame *head, const uint8_t *payload)
{
    for (int i = 0; i < 64; i++) {
        if (bus_send(bus, head, payload, BROKER_ACKS_SIZE_MAX / 4) != OK)
            return; /* the broker has to read first */
    }
}

/* Acknowledgements take no credit: what bounds them is their size and the connection's queue. */
static void acks_to_who_does_not_read_are_bounded(void **state)
{
    struct bed *bed = *state;
    const struct broker_stats *stats = broker_stats(bed->brokers[0]);
    static uint8_t ids[BROKER_ACKS_SIZE_MAX + 1];
    struct bus *routing = bed_bus(bed, "routing-1", 100), *audit = bed_bus(bed, "audit-1", 100);
    bed_connect(bed, routing);
    bed_connect(bed, audit);
    struct frame acks = {.kind = FRAME_ACKS, .dest = SERVICE_AUDIT, .count = 1024, .serial = 1};
    assert_int_equal(bus_send(routing, &acks, ids, sizeof ids), OK);
    expect_nak(bed, routing, NAK_MALFORMED, 1);
    struct bus_frame nak;
    BED_UNTIL((many_send(routing, &acks, ids), bed_step(bed), bus_receive(routing, &nak) == OK));
    assert_int_equal(nak.head.kind, FRAME_NAK);
    assert_int_equal(nak.head.reason, NAK_NO_CREDIT);
    assert_in_range(stats->forwarded, BROKER_SEND_FRAMES_MAX, 50000);
    bus_frame_fini(&nak);
}

/* No credit at the chosen instance: not another one's turn, that would mix up the spread. */
static void no_credit_does_not_go_to_another_instance(void **state)
{
    struct bed *bed = *state;
    struct bus *audit = bed_bus(bed, "audit-1", 100);
    struct bus *one = bed_bus(bed, "routing-1", 1), *two = bed_bus(bed, "routing-2", 1);
    bed_connect(bed, audit);
    bed_connect(bed, one);
    bed_connect(bed, two);
    struct frame head = events_to(SERVICE_ROUTING, 4, 1);
    push(bed, audit, &head, 1);
    struct bus_frame frame;
    BED_UNTIL(bed_receive(bed, one, &frame) || bus_receive(two, &frame) == OK);
    bus_frame_fini(&frame);
    head.serial = 2;
    push(bed, audit, &head, 1);
    expect_nak(bed, audit, NAK_NO_CREDIT, 2);
}

static void buckets_spread_over_instances_and_move_when_one_goes(void **state)
{
    struct bed *bed = *state;
    struct bus *audit = bed_bus(bed, "audit-1", 100);
    struct bus *two[2] = {bed_bus(bed, "routing-1", 1000), bed_bus(bed, "routing-2", 1000)};
    size_t got[2] = {0};
    bed_connect(bed, audit);
    bed_connect(bed, two[0]);
    bed_connect(bed, two[1]);
    for (uint8_t b = 0; b < BUCKET_COUNT; b++) {
        struct frame head = events_to(SERVICE_ROUTING, b, b);
        struct bus_frame frame;
        push(bed, audit, &head, 1);
        bool first = false;
        BED_UNTIL((first = bed_receive(bed, two[0], &frame)) || bus_receive(two[1], &frame) == OK);
        got[first ? 0 : 1]++;
        bus_frame_fini(&frame);
    }
    assert_int_equal(got[0] + got[1], BUCKET_COUNT);
    bus_drain(two[1]); /* BYE: the other one gets all from now on */
    BED_UNTIL((bed_step(bed), bed->notices[NOTICE_LEFT] == 1));
    for (uint8_t b = 0; b < BUCKET_COUNT; b++) {
        struct frame head = events_to(SERVICE_ROUTING, b, b);
        push(bed, audit, &head, 1);
        expect_frame(bed, two[0], FRAME_EVENTS, b);
    }
}

static void ready_for_another_service_is_denied(void **state)
{
    struct bed *bed = *state;
    struct bus *audit = bed_bus(bed, "audit-1", 100);
    struct bus *liar = bed_bus_as(bed, "routing-1", SERVICE_INTAKE, 100);
    bed_connect(bed, audit);
    BED_UNTIL(((void)bed_connected(bed, liar), bed->notices[NOTICE_REFUSED] > 0));
    assert_false(bus_connected(liar));
    struct frame head = events_to(SERVICE_INTAKE, 0, 5);
    push(bed, audit, &head, 1);
    expect_nak(bed, audit, NAK_NO_INSTANCE, 5);
}

static void silent_instance_gets_nothing_until_it_is_heard_again(void **state)
{
    struct bed *bed = *state;
    struct bus *routing = bed_bus(bed, "routing-1", 100), *audit = bed_bus(bed, "audit-1", 100);
    bed_connect(bed, routing);
    bed_connect(bed, audit);
    size_t place = 0;
    while (bed->buses[place] != audit) {
        place++;
    }
    bed->buses[place] = NULL; /* as if stopped: nobody turns it */
    BED_UNTIL((bed->skip_ms += 20, (void)bed_connected(bed, routing),
            bed->notices[NOTICE_SILENT] == 1));
    struct frame head = events_to(SERVICE_AUDIT, 0, 5);
    push(bed, routing, &head, 1);
    expect_nak(bed, routing, NAK_NO_INSTANCE, 5);
    bed->buses[place] = audit;
    BED_UNTIL((
            bed->skip_ms += 20, (void)bed_connected(bed, audit), bed->notices[NOTICE_JOINED] == 3));
    head.serial = 6;
    push(bed, routing, &head, 1);
    expect_frame(bed, audit, FRAME_EVENTS, 6);
}

/* A revoked key stays connected in libzmq: its frames are refused and it gets none. */
static void revoked_key_is_out_though_connected(void **state)
{
    struct bed *bed = *state;
    struct bus *routing = bed_bus(bed, "routing-1", 100), *audit = bed_bus(bed, "audit-1", 100);
    bed_connect(bed, routing);
    bed_connect(bed, audit);
    zap_peers_set(bed->zap, bed_peers(bed, "audit-1"));
    struct frame head = events_to(SERVICE_ROUTING, 0, 5);
    push(bed, audit, &head, 1);
    BED_UNTIL((bed_step(bed), broker_stats(bed->brokers[0])->strangers > 0));
    struct bus_frame frame;
    assert_false(bed_receive(bed, routing, &frame));
    head = events_to(SERVICE_AUDIT, 0, 6);
    push(bed, routing, &head, 1);
    expect_nak(bed, routing, NAK_NO_INSTANCE, 6);
    assert_true(bed->notices[NOTICE_REVOKED] >= 1);
}

/* A raw DEALER with a good key, for messages that no bus would send. */
static void *raw_connect(struct bed *bed, const char *name)
{
    const struct bed_peer *peer = bed_peer(bed, name);
    void *raw = zmq_socket(bed->context, ZMQ_DEALER);
    int none = 0;
    assert_int_equal(zmq_setsockopt(raw, ZMQ_LINGER, &none, sizeof none), 0);
    assert_int_equal(
            zmq_setsockopt(raw, ZMQ_CURVE_SERVERKEY, bed->server.public_key, KEY_Z85_SIZE), 0);
    assert_int_equal(
            zmq_setsockopt(raw, ZMQ_CURVE_PUBLICKEY, peer->pair.public_key, KEY_Z85_SIZE), 0);
    assert_int_equal(
            zmq_setsockopt(raw, ZMQ_CURVE_SECRETKEY, peer->pair.secret_key, KEY_Z85_SIZE), 0);
    assert_int_equal(zmq_connect(raw, bed->endpoints[0]), 0);
    return raw;
}

static void raw_send(void *raw, size_t parts, const void *part, size_t size)
{
    for (size_t i = 0; i < parts; i++) {
        assert_true(zmq_send(raw, part, size, i + 1 < parts ? ZMQ_SNDMORE : 0) >= 0);
    }
}

static void malformed_messages_are_counted_and_the_rest_goes_on(void **state)
{
    struct bed *bed = *state;
    const struct broker_stats *stats = broker_stats(bed->brokers[0]);
    struct frame frames[] = {{.kind = FRAME_WELCOME}, {.kind = FRAME_NAK},
            {.kind = FRAME_EVENTS, .dest = SERVICE_AUDIT, .count = 0},
            {.kind = FRAME_EVENTS, .dest = SERVICE_NONE, .count = 1},
            {.kind = FRAME_EVENTS, .dest = SERVICE_CLIENT, .count = 1}};
    void *raw = raw_connect(bed, "routing-1");
    uint8_t head[FRAME_HEADER_SIZE], zeros[FRAME_HEADER_SIZE] = {0};
    raw_send(raw, 1, "", 0);
    raw_send(raw, 1, zeros, sizeof zeros);
    raw_send(raw, 1, zeros, 1);
    raw_send(raw, 2, zeros, sizeof zeros);
    raw_send(raw, 3, zeros, sizeof zeros);
    raw_send(raw, 1000, zeros, sizeof zeros);
    frame_encode(&(struct frame){.kind = FRAME_READY}, head);
    raw_send(raw, 2, head, sizeof head); /* which is good in one part */
    uint64_t expected = 7;
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++, expected++) {
        frame_encode(&frames[i], head);
        raw_send(raw, 1, head, sizeof head);
    }
    BED_UNTIL((bed_step(bed), stats->malformed >= expected));
    assert_int_equal(stats->malformed, expected);
    assert_int_equal(stats->naks[NAK_MALFORMED], expected);
    /* A connection that never said READY is told so. */
    frame_encode(&(struct frame){.kind = FRAME_HEARTBEAT}, head);
    raw_send(raw, 1, head, sizeof head);
    BED_UNTIL((bed_step(bed), stats->unannounced == 1));
    (void)zmq_close(raw);
    struct bus *audit = bed_bus(bed, "audit-1", 10);
    bed_connect(bed, audit);
}

/* Bytes that are no ZMTP at all: the port stays open for others. */
static void noise_on_the_port_disturbs_nobody(void **state)
{
    struct bed *bed = *state;
    struct bus *routing = bed_bus(bed, "routing-1", 100), *audit = bed_bus(bed, "audit-1", 100);
    bed_connect(bed, routing);
    bed_connect(bed, audit);
    void *noise = zmq_socket(bed->context, ZMQ_STREAM);
    int none = 0;
    uint8_t id[256], bytes[4096];
    struct rng rng;
    assert_int_equal(zmq_setsockopt(noise, ZMQ_LINGER, &none, sizeof none), 0);
    rng_seed(&rng, 4);
    for (uint64_t i = 0; i < 20; i++) {
        assert_int_equal(zmq_connect(noise, bed->endpoints[0]), 0);
        size_t size = sizeof id;
        assert_int_equal(zmq_getsockopt(noise, ZMQ_ROUTING_ID, id, &size), 0);
        rng_fill(&rng, bytes, sizeof bytes);
        if (zmq_send(noise, id, size, ZMQ_SNDMORE) >= 0) { /* it may be closed already */
            (void)zmq_send(noise, bytes, sizeof bytes, 0);
        }
        struct frame head = events_to(SERVICE_AUDIT, 0, i);
        push(bed, routing, &head, 1);
        expect_frame(bed, audit, FRAME_EVENTS, i);
    }
    (void)zmq_close(noise);
}

static void feed_goes_to_subscribers_by_service(void **state)
{
    struct bed *bed = *state;
    struct bus *routing = bed_bus(bed, "routing-1", 100);
    const struct bed_peer *peer = bed_peer(bed, "viewer");
    bed_connect(bed, routing);
    void *viewer = zmq_socket(bed->context, ZMQ_SUB);
    assert_int_equal(
            zmq_setsockopt(viewer, ZMQ_CURVE_SERVERKEY, bed->server.public_key, KEY_Z85_SIZE), 0);
    assert_int_equal(
            zmq_setsockopt(viewer, ZMQ_CURVE_PUBLICKEY, peer->pair.public_key, KEY_Z85_SIZE), 0);
    assert_int_equal(
            zmq_setsockopt(viewer, ZMQ_CURVE_SECRETKEY, peer->pair.secret_key, KEY_Z85_SIZE), 0);
    assert_int_equal(zmq_setsockopt(viewer, ZMQ_SUBSCRIBE, "routing", 7), 0);
    assert_int_equal(zmq_connect(viewer, broker_feed_endpoint(bed->brokers[0])), 0);
    struct frame head = {.kind = FRAME_FEED, .count = 1}, seen;
    uint8_t message[8 + FRAME_HEADER_SIZE + 4 + 1];
    int size = -1;
    /* Lossy: what is sent before the subscription is there is missed, so it is sent again. */
    BED_UNTIL((push(bed, routing, &head, 4), bed_step(bed),
            size = zmq_recv(viewer, message, sizeof message, ZMQ_DONTWAIT), size >= 0));
    assert_int_equal(size, sizeof message - 1);
    assert_memory_equal(message, "routing", 8);
    assert_int_equal(frame_decode(message + 8, (size_t)size - 8, &seen), OK);
    assert_int_equal(seen.source, SERVICE_ROUTING);
    assert_memory_equal(message + 8 + FRAME_HEADER_SIZE, "\0\0\0\0", 4);
    (void)zmq_close(viewer);
}

static int one_broker(void **state)
{
    struct bed *bed = g_new0(struct bed, 1);
    bed_open(bed, PEERS, PEER_COUNT, 1);
    *state = bed;
    return 0;
}

static int bed_teardown(void **state)
{
    bed_close(*state);
    g_free(*state);
    return 0;
}

#define WITH_ONE(test) cmocka_unit_test_setup_teardown(test, one_broker, bed_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            WITH_ONE(events_go_to_the_service_with_the_keys_name_on_them),
            WITH_ONE(nak_brings_the_header_back),
            WITH_ONE(rights_table),
            WITH_ONE(hotline_port_takes_only_requests_to_intake),
            WITH_ONE(hotline_port_gives_a_strong_key_no_more),
            WITH_ONE(hotline_port_refuses_keys_without_the_right),
            WITH_ONE(replies_go_to_the_connection_that_asked),
            WITH_ONE(acks_go_to_who_sent_the_messages_or_to_its_like),
            WITH_ONE(credit_used_up_is_nak_and_granted_again_is_not),
            WITH_ONE(acks_to_who_does_not_read_are_bounded),
            WITH_ONE(no_credit_does_not_go_to_another_instance),
            WITH_ONE(buckets_spread_over_instances_and_move_when_one_goes),
            WITH_ONE(ready_for_another_service_is_denied),
            WITH_ONE(silent_instance_gets_nothing_until_it_is_heard_again),
            WITH_ONE(revoked_key_is_out_though_connected),
            WITH_ONE(malformed_messages_are_counted_and_the_rest_goes_on),
            WITH_ONE(noise_on_the_port_disturbs_nobody),
            WITH_ONE(feed_goes_to_subscribers_by_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
