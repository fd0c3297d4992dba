/* What waits to be sent, over a bus without a broker: nothing goes out, everything is kept, bounded
 * in number and in time. */
#include "services/kernel/run/outgoing.h"

#include <string.h>

#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/testing.h"
#include "services/kernel/wire/envelope.h"

static void *context;
static struct bus *bus;
static struct metrics metrics;
static struct outgoing *outgoing;

static int setup(void **state)
{
    struct bus_config config = {.service = SERVICE_ROUTING,
            .site = 7,
            .endpoints = {"tcp://127.0.0.1:1"},
            .endpoint_count = 1,
            .credit = 64};
    (void)state;
    memset(&metrics, 0, sizeof metrics);
    context = zmq_ctx_new();
    assert_int_equal(zmq_curve_keypair(config.server_key, config.secret_key), 0);
    assert_int_equal(zmq_curve_keypair(config.public_key, config.secret_key), 0);
    assert_int_equal(bus_new(&config, context, &bus), OK);
    outgoing = outgoing_new(bus, &metrics, SERVICE_ROUTING);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    outgoing_destroy(&outgoing);
    bus_destroy(&bus);
    zmq_ctx_term(context);
    return 0;
}

static void add(enum service_id dest, int64_t agg, size_t size)
{
    static uint8_t payload[FRAME_PAYLOAD_MAX / 8];
    static int64_t id;
    struct effect_message message = {.id = ++id,
            .agg = agg,
            .at_ms = 1000,
            .service = dest,
            .n = 1,
            .type = 1,
            .payload = {payload, size}};
    assert_true(size <= sizeof payload);
    outgoing_add(outgoing, &message);
}

static uint64_t flights(int64_t now_ms)
{
    outgoing_turn(outgoing, now_ms);
    return metric_get(&metrics, flights);
}

/* An aggregate of another bucket than `agg`. */
static int64_t elsewhere(int64_t agg)
{
    int64_t other = agg + 1;
    while (id_hash(other) % BUCKET_COUNT == id_hash(agg) % BUCKET_COUNT)
        other++;
    return other;
}

static void frames_are_packed_by_destination_and_bucket(void **state)
{
    (void)state;
    outgoing_flush(outgoing, 5, 1000);
    for (int i = 0; i < OUTGOING_ENVELOPES; i++)
        add(SERVICE_AUDIT, 100, 10);
    outgoing_flush(outgoing, 5, 1000);
    assert_int_equal(flights(1000), 1);
    for (int i = 0; i < OUTGOING_ENVELOPES + 1; i++)
        add(SERVICE_AUDIT, 100, 10);
    outgoing_flush(outgoing, 5, 1000);
    assert_int_equal(flights(1000), 3);
    add(SERVICE_AUDIT, 100, 10);
    add(SERVICE_INTAKE, 100, 10);
    add(SERVICE_AUDIT, elsewhere(100), 10);
    outgoing_flush(outgoing, 5, 1000);
    assert_int_equal(flights(1000), 6);
    outgoing_flush(outgoing, 5, 1000);
    assert_int_equal(flights(1000), 6);
    assert_int_equal(metric_get(&metrics, events_out), 2 * OUTGOING_ENVELOPES + 4);
    for (int i = 0; i < 3; i++) /* frames are bounded in bytes as well */
        add(SERVICE_AUDIT, 100, OUTGOING_FRAME_BYTES / 2 + 1);
    outgoing_flush(outgoing, 5, 1000);
    assert_int_equal(flights(1000), 9);
}

static void frames_are_kept_until_acknowledged_or_old(void **state)
{
    (void)state;
    outgoing_flush(outgoing, 5, 1000);
    for (int i = 0; i < 5; i++) {
        add(SERVICE_AUDIT, 100, 10);
        outgoing_flush(outgoing, 5, 1000);
    }
    for (int64_t now = 1000; now < 1000 + RESEND_MS; now += 37)
        assert_int_equal(flights(now), 5); /* tried again and again, never lost */
    outgoing_acked(outgoing, 3);
    outgoing_acked(outgoing, 3);
    outgoing_acked(outgoing, 4711);
    assert_int_equal(flights(1000 + RESEND_MS), 4);
    assert_int_equal(flights(1000 + 2 * RESEND_MS), 0); /* the sweep has them now */
    assert_int_equal(metric_get(&metrics, flight_bytes), 0);
}

static void old_frames_are_forgotten_under_load_too(void **state)
{
    (void)state;
    outgoing_flush(outgoing, 5, 0);
    for (int64_t now = 0; now < 3 * RESEND_MS; now += 100) {
        add(SERVICE_AUDIT, 100, 10);
        outgoing_flush(outgoing, 5, now);
        uint64_t count = flights(now);
        if (count > (uint64_t)(RESEND_MS + RESEND_MS / 4) / 100 + 2)
            fail_msg("%llu frames at %lld ms", (unsigned long long)count, (long long)now);
    }
}

static void full_until_something_is_let_go(void **state)
{
    uint64_t count = 0;
    (void)state;
    outgoing_flush(outgoing, 5, 1000);
    for (; !outgoing_full(outgoing); count++) {
        assert_true(count < 1000);
        add(SERVICE_AUDIT, 100, 100 << 10);
        outgoing_flush(outgoing, 5, 1000);
    }
    assert_true(count * (100 << 10) <= OUTGOING_BYTES_MAX + (100 << 10));
    outgoing_acked(outgoing, 1);
    assert_false(outgoing_full(outgoing));
}

static void refused_service_is_absent_for_a_while(void **state)
{
    struct frame nak = {.kind = FRAME_NAK, .dest = SERVICE_AUDIT, .serial = 1};
    (void)state;
    outgoing_flush(outgoing, 5, 1000);
    add(SERVICE_AUDIT, 100, 10);
    outgoing_flush(outgoing, 5, 1000);
    nak.reason = NAK_NO_CREDIT;
    outgoing_nak(outgoing, &nak, 1000);
    assert_false(outgoing_absent(outgoing, SERVICE_AUDIT, 1000));
    nak.reason = NAK_NO_INSTANCE;
    outgoing_nak(outgoing, &nak, 1000);
    assert_true(outgoing_absent(outgoing, SERVICE_AUDIT, 1001));
    assert_false(outgoing_absent(outgoing, SERVICE_INTAKE, 1001));
    assert_false(outgoing_absent(outgoing, SERVICE_AUDIT, 2000));
    nak.serial = 99; /* of a frame that is not known any more */
    outgoing_nak(outgoing, &nak, 1000);
    assert_int_equal(metric_get(&metrics, naks), 3);
    assert_int_equal(flights(1000), 1);
}

static void another_incarnation_lets_everything_go(void **state)
{
    (void)state;
    outgoing_flush(outgoing, 5, 1000);
    add(SERVICE_AUDIT, 100, 10);
    outgoing_flush(outgoing, 5, 1000);
    add(SERVICE_AUDIT, 100, 10); /* not yet a frame */
    outgoing_clear(outgoing);
    outgoing_flush(outgoing, 6, 1000);
    assert_int_equal(flights(1000), 0);
    add(SERVICE_AUDIT, 100, 10);
    outgoing_flush(outgoing, 6, 1000);
    assert_int_equal(flights(1000), 1);
}

static void mix_incarnations(void *self)
{
    (void)self;
    add(SERVICE_AUDIT, 100, 10);
    outgoing_flush(outgoing, 7, 1000);
}

static void frames_of_two_incarnations_are_a_bug(void **state)
{
    (void)state;
    outgoing_flush(outgoing, 6, 1000);
    assert_true(process_aborts(mix_incarnations, NULL));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(frames_are_packed_by_destination_and_bucket),
            CASE(frames_are_kept_until_acknowledged_or_old),
            CASE(old_frames_are_forgotten_under_load_too), CASE(full_until_something_is_let_go),
            CASE(refused_service_is_absent_for_a_while),
            CASE(another_incarnation_lets_everything_go),
            CASE(frames_of_two_incarnations_are_a_bug)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
