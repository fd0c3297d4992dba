/* What a bus does when brokers die, come back, stand still or drain. */
#include "services/broker/testbed.h"

static struct bed_peer PEERS[] = {
        {.name = "routing-1", .service = "routing", .rights = ""},
        {.name = "audit-1", .service = "audit", .rights = ""},
};
#define BURST 200
#define PAUSE_US 100000
#define PEER_COUNT (sizeof PEERS / sizeof PEERS[0])

static void dead_broker_raises_the_epoch_and_the_other_one_is_used(void **state)
{
    struct bed *bed = *state;
    struct bus *routing = bed_bus(bed, "routing-1", 100), *audit = bed_bus(bed, "audit-1", 100);
    BED_UNTIL((bed_step(bed), (void)bed_connected(bed, routing), (void)bed_connected(bed, audit),
            bed->notices[NOTICE_JOINED] == 4 && bus_connected(routing) && bus_connected(audit)));
    char first[256];
    (void)snprintf(first, sizeof first, "%s", bus_broker(routing));
    uint64_t epoch = bus_epoch(routing);
    size_t dead = strcmp(first, bed->endpoints[0]) == 0 ? 0 : 1;
    broker_destroy(&bed->brokers[dead]);
    BED_UNTIL(((void)bed_connected(bed, routing), bus_epoch(routing) > epoch));
    assert_string_equal(bus_broker(routing), bed->endpoints[1 - dead]);
    struct frame head = {.kind = FRAME_EVENTS, .dest = SERVICE_AUDIT, .count = 1, .serial = 5};
    assert_int_equal(bus_send(routing, &head, "", 0), OK);
    struct bus_frame frame;
    bed_next(bed, audit, &frame);
    assert_int_equal(frame.head.kind, FRAME_EVENTS);
    assert_int_equal(frame.head.serial, 5);
    bus_frame_fini(&frame);
    /* It comes back; everybody says READY to it again, but keeps to the one in use. */
    uint64_t joined = bed->notices[NOTICE_JOINED];
    bed_broker_start(bed, dead, first);
    BED_UNTIL(((void)bed_connected(bed, routing), (void)bed_connected(bed, audit),
            bed->notices[NOTICE_JOINED] == joined + 2));
    assert_string_equal(bus_broker(routing), bed->endpoints[1 - dead]);
}

/* Reads what there is without turning the bus; returns how many frames. */
static size_t frames_read(struct bus *bus, size_t max)
{
    struct bus_frame frame;
    size_t count = 0;
    for (; count < max && bus_receive(bus, &frame) == OK; count++)
        bus_frame_fini(&frame);
    return count;
}

/* libzmq looks at what happened to its connections at every hundredth message part: within a
 * message of several parts it would abort. */
static void broker_that_goes_while_a_burst_is_read_takes_nobody_with_it(void **state)
{
    struct bed *bed = *state;
    struct bus *routing = bed_bus(bed, "routing-1", 1000), *audit = bed_bus(bed, "audit-1", 1000);
    BED_UNTIL((bed_step(bed), (void)bed_connected(bed, routing), (void)bed_connected(bed, audit),
            bed->notices[NOTICE_JOINED] == 4 && bus_connected(routing) && bus_connected(audit)));
    size_t used = strcmp(bus_broker(routing), bed->endpoints[0]) == 0 ? 0 : 1;
    const struct broker_stats *stats = broker_stats(bed->brokers[used]);
    struct frame head = {.kind = FRAME_EVENTS, .dest = SERVICE_AUDIT, .count = 1};
    for (int i = 0; i < BURST; i++)
        assert_int_equal(bus_send(routing, &head, "x", 1), OK);
    BED_UNTIL((bed_step(bed), stats->forwarded == BURST));
    zmq_pollitem_t items[BUS_POLL_ITEMS_MAX];
    size_t count = bus_poll_items(audit, items, BUS_POLL_ITEMS_MAX);
    BED_UNTIL(((void)zmq_poll(items, (int)count, 10), frames_read(audit, 1) == 1));
    /* libzmq's own threads bring the frames first, then word of the loss. */
    g_usleep(PAUSE_US);
    broker_destroy(&bed->brokers[used]);
    g_usleep(PAUSE_US);
    assert_in_range(frames_read(audit, BURST), 0, BURST - 1);
    BED_UNTIL(((void)bed_connected(bed, audit), bus_connected(audit)));
    assert_string_equal(bus_broker(audit), bed->endpoints[1 - used]);
}

static void broker_that_stands_still_is_left_after_silence(void **state)
{
    struct bed *bed = *state;
    struct bus *routing = bed_bus(bed, "routing-1", 100);
    BED_UNTIL(((void)bed_connected(bed, routing),
            bed->notices[NOTICE_JOINED] == 2 && bus_connected(routing)));
    size_t place = strcmp(bus_broker(routing), bed->endpoints[0]) == 0 ? 0 : 1;
    struct broker *stopped = bed->brokers[place];
    bed->brokers[place] = NULL; /* nobody turns it */
    int64_t since_ms = bed->now_ms;
    uint64_t epoch = bus_epoch(routing);
    BED_UNTIL((bed->skip_ms += 9, (void)bed_connected(bed, routing), bus_epoch(routing) > epoch));
    assert_in_range(bed->now_ms - since_ms, BUS_SILENCE_MS - BUS_HEARTBEAT_MS, 2 * BUS_SILENCE_MS);
    assert_string_equal(bus_broker(routing), bed->endpoints[1 - place]);
    bed->brokers[place] = stopped;
}

static void draining_broker_is_left_without_an_epoch(void **state)
{
    struct bed *bed = *state;
    struct bus *routing = bed_bus(bed, "routing-1", 100);
    BED_UNTIL(((void)bed_connected(bed, routing),
            bed->notices[NOTICE_JOINED] == 2 && bus_connected(routing)));
    size_t place = strcmp(bus_broker(routing), bed->endpoints[0]) == 0 ? 0 : 1;
    uint64_t epoch = bus_epoch(routing);
    broker_drain(bed->brokers[place]);
    BED_UNTIL(((void)bed_connected(bed, routing),
            strcmp(bus_broker(routing), bed->endpoints[1 - place]) == 0));
    assert_int_equal(bus_epoch(routing), epoch);
}

static void send_without_a_broker_says_again(void **state)
{
    struct bed *bed = *state;
    struct bus *routing = bed_bus(bed, "routing-1", 100);
    struct frame head = {.kind = FRAME_EVENTS, .dest = SERVICE_AUDIT, .count = 1};
    assert_int_equal(bus_send(routing, &head, "", 0), ERR_AGAIN);
    assert_false(bus_connected(routing));
    assert_string_equal(bus_broker(routing), "");
}

static int two_brokers(void **state)
{
    struct bed *bed = g_new0(struct bed, 1);
    bed_open(bed, PEERS, PEER_COUNT, 2);
    *state = bed;
    return 0;
}

static int bed_teardown(void **state)
{
    bed_close(*state);
    g_free(*state);
    return 0;
}

#define WITH_TWO(test) cmocka_unit_test_setup_teardown(test, two_brokers, bed_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            WITH_TWO(dead_broker_raises_the_epoch_and_the_other_one_is_used),
            WITH_TWO(broker_that_goes_while_a_burst_is_read_takes_nobody_with_it),
            WITH_TWO(broker_that_stands_still_is_left_after_silence),
            WITH_TWO(draining_broker_is_left_without_an_epoch),
            WITH_TWO(send_without_a_broker_says_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
