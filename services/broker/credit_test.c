/* Pushers that do not play by the rules, on one broker: one sends on whatever it is told, one goes
 * away with its requests under way. Each uses up its own share of the instance's credit, by count,
 * and nobody else's. */
#include "services/broker/testbed.h"

#define CREDIT 64
#define FLOOD 500

static struct bed_peer PEERS[] = {{.name = "intake-1", .service = "intake", .rights = ""},
        {.name = "flooder", .service = "client", .rights = "hotline"},
        {.name = "quiet", .service = "client", .rights = "hotline"}};

static struct {
    struct bed bed;
    struct bus *intake;
    struct bus_frame held[FLOOD]; /* what intake has and has not answered */
    size_t held_count;
} stage;

static int setup(void **state)
{
    (void)state;
    stage.held_count = 0;
    bed_open(&stage.bed, PEERS, sizeof PEERS / sizeof *PEERS, 1);
    stage.intake = bed_bus(&stage.bed, "intake-1", CREDIT);
    bed_connect(&stage.bed, stage.intake);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    while (stage.held_count > 0)
        bus_frame_fini(&stage.held[--stage.held_count]);
    bed_close(&stage.bed);
    return 0;
}

static const struct broker_stats *stats(void)
{
    return broker_stats(stage.bed.brokers[0]);
}

/* One request each; false: the socket is full. */
static bool request_send(struct bus *bus, uint64_t serial)
{
    struct frame head = {
            .kind = FRAME_COMMANDS, .dest = SERVICE_INTAKE, .count = 1, .serial = serial};
    return bus_send(bus, &head, "x", 1) == OK;
}

/* Intake takes what has come, and keeps it; the others take what they are told, and go on. */
static bool held(size_t count)
{
    struct bus_frame told;
    bed_step(&stage.bed);
    for (size_t i = 0; i < stage.bed.bus_count; i++)
        while (stage.bed.buses[i] != stage.intake && bus_receive(stage.bed.buses[i], &told) == OK)
            bus_frame_fini(&told);
    while (stage.held_count < FLOOD &&
            bus_receive(stage.intake, &stage.held[stage.held_count]) == OK) {
        if (stage.held[stage.held_count].head.kind == FRAME_COMMANDS)
            stage.held_count++;
        else /* a NAK of an answer to nobody */
            bus_frame_fini(&stage.held[stage.held_count]);
    }
    return stage.held_count >= count;
}

static uint64_t received(void)
{
    return stats()->frames[FRAME_COMMANDS];
}

static bool came(uint64_t count)
{
    (void)held(0);
    return received() >= count;
}

/* Sends so many, whatever it is told, and waits until the broker has had them all. */
static void flood(struct bus *bus, size_t count)
{
    uint64_t wanted = received() + count;
    for (size_t i = 0; i < count; i++)
        BED_UNTIL(request_send(bus, i + 1) || (held(0), false));
    BED_UNTIL(came(wanted));
}

/* Answers and gives back all that it has. */
static void intake_answer(void)
{
    while (stage.held_count > 0) {
        struct bus_frame *frame = &stage.held[--stage.held_count];
        struct frame head = {.kind = FRAME_REPLIES,
                .count = 1,
                .token = frame->head.token,
                .serial = frame->head.serial};
        while (bus_send_to(stage.intake, 0, &head, "y", 1) != OK)
            bed_step(&stage.bed);
        bus_grant(stage.intake, 0, 1);
        bus_frame_fini(frame);
    }
}

static uint32_t under_way(void)
{
    return broker_roster(stage.bed.brokers[0])->instances[SERVICE_INTAKE][0]->out;
}

static bool granted(void)
{
    bed_step(&stage.bed);
    return under_way() == 0;
}

/* So much is under way to intake, and comes there. */
static void expect_held(size_t count)
{
    assert_int_equal(under_way(), count);
    BED_UNTIL(held(count));
    assert_int_equal(stage.held_count, count);
}

static void who_ignores_naks_has_his_share_and_no_more(void **unused)
{
    (void)unused;
    struct bus *flooder = bed_bus_hotline(&stage.bed, "flooder");
    struct bus *second = bed_bus_hotline(&stage.bed, "flooder"); /* another connection of his */
    struct bus *quiet = bed_bus_hotline(&stage.bed, "quiet");
    bed_connect(&stage.bed, flooder);
    bed_connect(&stage.bed, second);
    bed_connect(&stage.bed, quiet);
    flood(flooder, FLOOD / 2);
    expect_held(CREDIT / 2);
    assert_int_equal(stats()->naks[NAK_NO_CREDIT], FLOOD / 2 - CREDIT / 2);
    flood(second, FLOOD / 4); /* which gets him nothing */
    expect_held(CREDIT / 2);
    uint64_t naks = stats()->naks[NAK_NO_CREDIT];
    flood(quiet, CREDIT / 4);
    expect_held(CREDIT / 2 + CREDIT / 4);
    assert_int_equal(stats()->naks[NAK_NO_CREDIT], naks); /* none of the other one's */
    intake_answer();
    BED_UNTIL(granted());
    flood(flooder, CREDIT); /* what was answered is his again */
    expect_held(CREDIT / 2);
}

static void who_goes_away_with_credit_out_leaves_none_behind(void **unused)
{
    (void)unused;
    struct bus *flooder = bed_bus_hotline(&stage.bed, "flooder");
    bed_connect(&stage.bed, flooder);
    flood(flooder, CREDIT);
    expect_held(CREDIT / 2);
    bus_destroy(&stage.bed.buses[stage.bed.bus_count - 1]);
    stage.bed.bus_count--;
    BED_UNTIL((bed_step(&stage.bed), conns_count(broker_conns(stage.bed.brokers[0])) == 1));
    struct bus *again = bed_bus_hotline(&stage.bed, "flooder");
    bed_connect(&stage.bed, again);
    flood(again, CREDIT); /* as long as it is under way it is still his */
    expect_held(CREDIT / 2);
    intake_answer(); /* to nobody */
    BED_UNTIL(granted());
    assert_int_equal(stats()->naks[NAK_GONE], CREDIT / 2);
    flood(again, CREDIT);
    expect_held(CREDIT / 2);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(who_ignores_naks_has_his_share_and_no_more),
            CASE(who_goes_away_with_credit_out_leaves_none_behind)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
