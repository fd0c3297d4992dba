/* The broker's rules, over real CURVE sockets on loopback. */
#include "services/broker/testbed.h"

static struct bed_peer PEERS[] = {
        {.name = "routing-1", .service = "routing", .rights = ""},
        {.name = "routing-2", .service = "routing", .rights = ""},
        {.name = "audit-1", .service = "audit", .rights = ""},
        {.name = "intake-1", .service = "intake", .rights = "act"},
        {.name = "tool", .service = "client", .rights = "act;query"},
        {.name = "nobody", .service = "client", .rights = ""},
        {.name = "viewer", .service = "client", .rights = "feed"},
        {.name = "hotline", .service = "client", .rights = "hotline"},
};
#define PEER_COUNT (sizeof PEERS / sizeof PEERS[0])

static void events_go_to_the_service_with_the_keys_name_on_them(void **state)
{
    (void)state;
    struct bed bed;
    bed_open(&bed, PEERS, PEER_COUNT, 1);
    struct bus *routing = bed_bus(&bed, "routing-1", 100);
    struct bus *audit = bed_bus(&bed, "audit-1", 100);
    bed_connect(&bed, routing);
    bed_connect(&bed, audit);
    struct frame head = {.kind = FRAME_EVENTS,
            .dest = SERVICE_AUDIT,
            .source = SERVICE_INTAKE, /* a lie */
            .peer = "intake-1",       /* another one */
            .rights = 255,
            .bucket = 3,
            .count = 2,
            .serial = 77};
    assert_int_equal(bus_send(routing, &head, "payload", 7), OK);
    struct bus_frame frame;
    bed_next(&bed, audit, &frame);
    assert_int_equal(frame.head.kind, FRAME_EVENTS);
    assert_int_equal(frame.head.source, SERVICE_ROUTING);
    assert_string_equal(frame.head.peer, "routing-1");
    assert_int_equal(frame.head.rights, 0);
    assert_int_equal(frame.head.serial, 77);
    assert_int_equal(frame.head.incarnation, 5);
    assert_int_equal(frame.payload_size, 7);
    assert_memory_equal(frame.payload, "payload", 7);
    bus_frame_fini(&frame);
    bed_close(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(events_go_to_the_service_with_the_keys_name_on_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
