/* What becomes of connections when the list of keys changes under them. */
#include "services/broker/testbed.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>

static struct bed_peer PEERS[] = {
        {.name = "routing-1", .service = "routing", .rights = ""},
        {.name = "audit-1", .service = "audit", .rights = ""},
};

static int setup(void **state)
{
    struct bed *bed = g_new0(struct bed, 1);
    PEERS[1].service = "audit";
    bed_open(bed, PEERS, sizeof PEERS / sizeof PEERS[0], 1);
    *state = bed;
    return 0;
}

static int teardown(void **state)
{
    bed_close(*state);
    g_free(*state);
    return 0;
}

/* Its connection was made when the key was audit's: nothing more goes there, though it is open. */
static void key_that_means_another_service_now_is_out(void **state)
{
    struct bed *bed = *state;
    struct bus *routing = bed_bus(bed, "routing-1", 100), *audit = bed_bus(bed, "audit-1", 100);
    bed_connect(bed, routing);
    bed_connect(bed, audit);
    PEERS[1].service = "volunteer";
    zap_peers_set(bed->zap, bed_peers(bed, NULL));
    broker_peers_changed(bed->brokers[0]);
    BED_UNTIL((bed_step(bed), bed->notices[NOTICE_REVOKED] > 0));
    struct frame head = {.kind = FRAME_EVENTS, .dest = SERVICE_AUDIT, .count = 1, .serial = 5};
    struct bus_frame frame;
    assert_int_equal(bus_send(routing, &head, "", 0), OK);
    bed_next(bed, routing, &frame);
    assert_int_equal(frame.head.kind, FRAME_NAK);
    assert_int_equal(frame.head.reason, NAK_NO_INSTANCE);
    bus_frame_fini(&frame);
    BED_UNTIL(((void)bed_connected(bed, audit), bed->notices[NOTICE_REFUSED] > 0));
    assert_false(bus_connected(audit));
}

static bool somebody_listens(const char *endpoint)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)strtol(strrchr(endpoint, ':') + 1, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool listens = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return listens;
}

/* Whoever subscribed has to prove itself again, at the same place. */
static void feed_is_opened_anew_where_it_was(void **state)
{
    struct bed *bed = *state;
    char before[256];
    (void)snprintf(before, sizeof before, "%s", broker_feed_endpoint(bed->brokers[0]));
    broker_peers_changed(bed->brokers[0]);
    BED_UNTIL((bed_step(bed), somebody_listens(before)));
    assert_string_equal(broker_feed_endpoint(bed->brokers[0]), before);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            WITH(key_that_means_another_service_now_is_out),
            WITH(feed_is_opened_anew_where_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
