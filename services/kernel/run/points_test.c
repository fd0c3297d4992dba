/* The fault points (base/fault.h) that keep a process from starting, or that cannot fire in a
 * drill: what the caller of each gets; and what a whole loop does with those that make it take or
 * send nothing for a while. The connection's are in store/pg_points_test.c; all others fire in
 * tests/cluster/faults_test. */
#include <glib.h>
#include <string.h>

#include "proto/ops.pb-c.h"
#include "services/kernel/base/fault.h"
#include "services/kernel/base/log.h"
#include "services/kernel/base/testing.h"
#include "services/kernel/bus/client.h"
#include "services/kernel/bus/keyfile.h"
#include "services/kernel/bus/zap.h"
#include "services/kernel/run/test_loop.h"
#include "services/kernel/wire/message.h"

static struct loop loop;
static struct stage stage;

static void fault_switch(const char *point)
{
    BUF_OWNED list = {0}, why = {0};
    if (point)
        buf_add_format(&list, "%s=1", point);
    assert_int_equal(fault_set(list.data, 1, "test-1", &why), OK);
}

static int setup(void **state)
{
    (void)state;
    loop = (struct loop){.clock = clock_system()};
    loop.local_last = &loop.local_first;
    pthread_mutex_init(&loop.local_lock, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fault_switch(NULL);
    return 0;
}

/* A file of text that is right, in a directory of its own. */
static char *file_make(const char *text)
{
    char *dir = g_dir_make_tmp("huying-XXXXXX", NULL);
    char *path = g_build_filename(dir, "file", NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    g_free(dir);
    return path;
}

static void file_remove(char *path)
{
    char *dir = g_path_get_dirname(path);
    (void)unlink(path);
    (void)rmdir(dir);
    g_free(dir);
    g_free(path);
}

static void configuration_that_cannot_be_read_is_refused(void **state)
{
    static const struct conf_key keys[] = {
            {"a", "n", CONF_INT, 0, 0, 0, 9, "1", "a number"},
    };
    int64_t number = 5;
    char *path = file_make("[a]\nn=7\n");
    BUF_OWNED why = {0};
    (void)state;
    fault_switch("conf_unreadable");
    assert_int_equal(conf_load(keys, 1, path, &number, sizeof number, &why), ERR_FATAL);
    assert_int_equal(number, 5);
    assert_non_null(strstr(why.data, path));
    fault_switch(NULL);
    assert_int_equal(conf_load(keys, 1, path, &number, sizeof number, &why), OK);
    assert_int_equal(number, 7);
    file_remove(path);
}

static void key_and_list_that_cannot_be_read_are_refused(void **state)
{
    struct keypair pair;
    struct peers *peers = NULL;
    BUF_OWNED why = {0};
    char *path = file_make("");
    (void)state;
    unlink(path);
    keypair_draw(&pair);
    assert_int_equal(keyfile_write(path, &pair), OK);
    fault_switch("key_unreadable");
    assert_int_equal(keyfile_load(path, &pair, &why), ERR_MALFORMED);
    assert_non_null(strstr(why.data, "cannot be read"));
    buf_reset(&why);
    fault_switch("peers_unreadable");
    assert_int_equal(peers_load(path, &peers, &why), ERR_MALFORMED);
    assert_non_null(strstr(why.data, "cannot be read"));
    assert_null(peers);
    file_remove(path);
}

static void sockets_that_cannot_be_opened_are_fatal(void **state)
{
    struct bus_config config = {.endpoints = {"tcp://127.0.0.1:1"}, .endpoint_count = 1};
    void *context = zmq_ctx_new();
    struct keypair pair;
    struct peers *peers = NULL;
    struct zap *zap = NULL;
    struct bus *bus = NULL;
    struct client *client = NULL;
    BUF_OWNED why = {0};
    char *path = file_make(""), endpoint[300] = "";
    (void)state;
    keypair_draw(&pair);
    memcpy(config.server_key, pair.public_key, sizeof config.server_key);
    memcpy(config.public_key, pair.public_key, sizeof config.public_key);
    memcpy(config.secret_key, pair.secret_key, sizeof config.secret_key);
    fault_switch("bus_open");
    assert_int_equal(bus_new(&config, context, &bus), ERR_FATAL);
    assert_null(bus);
    assert_int_equal(client_new(&config, &client), ERR_FATAL);
    assert_null(client);
    fault_switch(NULL);
    memset(endpoint, 'x', sizeof endpoint - 1); /* longer than an endpoint may be */
    config.endpoints[0] = endpoint;
    assert_int_equal(bus_new(&config, context, &bus), ERR_FATAL);
    assert_null(bus);
    assert_int_equal(peers_load(path, &peers, &why), OK);
    fault_switch("zap_open");
    assert_int_equal(zap_start(context, peers, &zap), ERR_FATAL);
    assert_null(zap);
    file_remove(path);
    zmq_ctx_term(context); /* waits for ever if a socket was left */
}

static void port_that_is_taken_is_fatal(void **state)
{
    (void)state;
    snprintf(loop.conf.http_host, sizeof loop.conf.http_host, "127.0.0.1");
    fault_switch("http_start");
    log_watch(&stage.told);
    assert_int_equal(web_start(&loop), ERR_FATAL);
    assert_null(loop.web);
    assert_true(stage_told(&stage, "ERROR HTTP-NOT-STARTED"));
    log_unwatch(&stage.told);
    fault_switch(NULL);
    assert_int_equal(web_start(&loop), OK);
    web_stop(&loop);
}

static void host_that_is_no_address_is_fatal(void **state)
{
    (void)state;
    snprintf(loop.conf.http_host, sizeof loop.conf.http_host, "localhost");
    assert_int_equal(web_start(&loop), ERR_FATAL);
    assert_null(loop.web);
}

static void message_without_room_is_none(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena, 1 << 20);
    fault_switch("body_limit");
    assert_null(
            message_open(&huying__ops__letter_ref__descriptor, (struct bytes){NULL, 0}, &arena));
    fault_switch(NULL);
    assert_non_null(
            message_open(&huying__ops__letter_ref__descriptor, (struct bytes){NULL, 0}, &arena));
    arena_fini(&arena);
}

static void request_of_the_process_itself_is_refused_and_not_counted(void **state)
{
    struct local_command command = {.peer = "test", .request_id = "", .actor = ""};
    (void)state;
    fault_switch("local_full");
    assert_int_equal(loop_command(&loop, &command), ERR_LIMIT);
    assert_int_equal(loop.local_count, 0);
    assert_null(loop.local_first);
}

static void clock_that_jumps_once_holds_deadlines_until_it_is_back(void **state)
{
    struct clock_manual manual = {.wall_ms = 1000000, .monotonic_ms = 5000};
    struct site_row site = {.version = 1, .incarnation = 1, .now_ms = 1000000};
    (void)state;
    loop.clock = clock_manual(&manual);
    clock_watch_begin(&loop.watch, 995000, 995000, 0, 5000);
    assert_true(site_clock_read(&loop, &site, 5000));
    fault_switch("clock_jump");
    assert_false(site_clock_read(&loop, &site, 5000));
    assert_false(site_clock_trusted(&loop));
    assert_int_equal(metric_get(&loop.metrics, timers_held), 1);
    fault_switch(NULL);
    assert_true(site_clock_read(&loop, &site, 5000));
    assert_int_equal(metric_get(&loop.metrics, timers_held), 0);
}

static void machine_without_a_name_of_its_run_gets_one_that_nobody_has(void **state)
{
    char real[BOOT_SIZE], drawn[BOOT_SIZE];
    (void)state;
    rng_seed(&loop.rng, 1);
    site_clock_new(&loop);
    memcpy(real, loop.boot, sizeof real);
    site_clock_new(&loop);
    assert_string_equal(loop.boot, real); /* the same for all processes of this run */
    fault_switch("boot_unreadable");
    site_clock_new(&loop);
    assert_int_equal(strspn(loop.boot, "0123456789abcdef"), 16);
    memcpy(drawn, loop.boot, sizeof drawn);
    site_clock_new(&loop);
    assert_string_not_equal(loop.boot, drawn);
    assert_string_not_equal(loop.boot, real);
}

static int stage_setup(void **state)
{
    (void)state;
    toy_reset();
    stage_open(&stage);
    return 0;
}

static int stage_teardown(void **state)
{
    (void)state;
    fault_switch(NULL);
    stage_close(&stage);
    return 0;
}

static uint64_t event_post(int64_t agg)
{
    struct envelope event = {.id = id_make(7, SERVICE_INTAKE, 500001),
            .agg = agg,
            .n = 1,
            .type = TOY_ADD,
            .at_ms = 1000,
            .payload = toy_bytes("A1")};
    return stage_post_one(&stage, FRAME_EVENTS, &event);
}

static void frames_wait_while_the_inbox_is_full(void **state)
{
    int64_t agg = stage_agg();
    (void)state;
    fault_switch("inbox_full");
    uint64_t serial = event_post(agg);
    for (int i = 0; i < 10; i++) /* rounds of the loop, each up to 20 ms */
        stage_turn(&stage);
    assert_int_equal(STAGE_METRIC(&stage, events_in), 0);
    assert_null(stage_find(&stage, FRAME_ACKS, serial));
    fault_switch(NULL);
    STAGE_UNTIL(&stage, stage_find(&stage, FRAME_ACKS, serial));
    assert_int_equal(toy_total(agg), 1);
}

static bool event_left(enum service_id dest)
{
    for (size_t i = 0; i < stage.got_count; i++)
        if (stage.got[i].head.kind == FRAME_EVENTS && stage.got[i].head.dest == dest)
            return true;
    return false;
}

static void committed_while_too_much_is_under_way_is_sent_by_the_sweep(void **state)
{
    int64_t agg = stage_agg();
    (void)state;
    fault_switch("outgoing_full");
    uint64_t serial = event_post(agg);
    STAGE_UNTIL(&stage, stage_find(&stage, FRAME_ACKS, serial));
    for (int i = 0; i < 10; i++)
        stage_turn(&stage);
    assert_int_equal(STAGE_METRIC(&stage, events_out), 0);
    assert_int_equal(kit_pg_int(server, "SELECT count(*) FROM toy.outbox WHERE dest = 3"), 1);
    fault_switch(NULL);
    STAGE_UNTIL(&stage, event_left(SERVICE_ENFORCEMENT));
    assert_true(STAGE_METRIC(&stage, resent) > 0);
    assert_int_equal(toy_total(agg), 1);
}

int main(void)
{
#define STAGED(name) cmocka_unit_test_setup_teardown(name, stage_setup, stage_teardown)
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
            CASE(configuration_that_cannot_be_read_is_refused),
            CASE(key_and_list_that_cannot_be_read_are_refused),
            CASE(sockets_that_cannot_be_opened_are_fatal),
            CASE(port_that_is_taken_is_fatal),
            CASE(host_that_is_no_address_is_fatal),
            CASE(message_without_room_is_none),
            CASE(request_of_the_process_itself_is_refused_and_not_counted),
            CASE(clock_that_jumps_once_holds_deadlines_until_it_is_back),
            CASE(machine_without_a_name_of_its_run_gets_one_that_nobody_has),
            STAGED(frames_wait_while_the_inbox_is_full),
            STAGED(committed_while_too_much_is_under_way_is_sent_by_the_sweep),
    };
    return cmocka_run_group_tests(tests, stage_server_start, stage_server_stop);
}
