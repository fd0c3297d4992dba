/* Who gets in: the server's monitor says how each handshake ended. */
#include "services/kernel/bus/zap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <glib.h>
#include <string.h>
#include <zmq.h>
#include "services/kernel/bus/keyfile.h"

#define FAILED                                                                                     \
    (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |                  \
            ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
#define WAIT_MS 10000

static struct keypair SERVER, LISTED, OTHER;

/* A list with LISTED (rights as given), or with OTHER only. */
static struct peers *list(const struct keypair *pair, const char *rights)
{
    char *dir = g_dir_make_tmp("huying-XXXXXX", NULL);
    char *path = g_build_filename(dir, "peers.conf", NULL);
    struct peers *peers = NULL;
    BUF_OWNED text = {0};
    BUF_OWNED why = {0};
    buf_add_format(
            &text, "[one]\nkey=%s\nservice=client\nsite=1\nrights=%s\n", pair->public_key, rights);
    assert_true(g_file_set_contents(path, text.data, -1, NULL));
    assert_int_equal(peers_load(path, &peers, &why), OK);
    (void)unlink(path);
    (void)rmdir(dir);
    g_free(path);
    g_free(dir);
    return peers;
}

struct attempt {
    const char *domain, *rights;
    const struct keypair *pair; /* NULL: without CURVE */
    bool plain;
    int expected;
};

static void client_dress(void *client, const struct attempt *attempt)
{
    int none = 0;
    assert_int_equal(zmq_setsockopt(client, ZMQ_LINGER, &none, sizeof none), 0);
    if (attempt->plain) {
        assert_int_equal(zmq_setsockopt(client, ZMQ_PLAIN_USERNAME, "one", 3), 0);
        assert_int_equal(zmq_setsockopt(client, ZMQ_PLAIN_PASSWORD, "one", 3), 0);
    }
    if (attempt->pair) {
        const struct keypair *pair = attempt->pair;
        assert_int_equal(
                zmq_setsockopt(client, ZMQ_CURVE_SERVERKEY, SERVER.public_key, KEY_Z85_SIZE), 0);
        assert_int_equal(
                zmq_setsockopt(client, ZMQ_CURVE_PUBLICKEY, pair->public_key, KEY_Z85_SIZE), 0);
        assert_int_equal(
                zmq_setsockopt(client, ZMQ_CURVE_SECRETKEY, pair->secret_key, KEY_Z85_SIZE), 0);
    }
}

static int event_next(void *monitor)
{
    uint8_t head[6] = {0}, rest[256];
    uint16_t event = 0;
    assert_int_equal(zmq_recv(monitor, head, sizeof head, 0), sizeof head);
    assert_true(zmq_recv(monitor, rest, sizeof rest, 0) >= 0);
    memcpy(&event, head, sizeof event);
    return event;
}

/* How the handshake ended, on a fresh context. */
static int attempt_run(const struct attempt *attempt, uint64_t *ret_refused)
{
    void *context = zmq_ctx_new();
    struct zap *zap = NULL;
    assert_int_equal(zap_start(context, list(&LISTED, attempt->rights), &zap), OK);
    void *server = zmq_socket(context, ZMQ_ROUTER), *monitor = zmq_socket(context, ZMQ_PAIR);
    char endpoint[256];
    size_t size = sizeof endpoint;
    int wait_ms = WAIT_MS;
    assert_int_equal(zap_server_socket_in(server, attempt->domain, SERVER.secret_key), OK);
    assert_int_equal(zmq_setsockopt(monitor, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms), 0);
    assert_int_equal(
            zmq_socket_monitor(server, "inproc://m", FAILED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED), 0);
    assert_int_equal(zmq_connect(monitor, "inproc://m"), 0);
    assert_int_equal(zmq_bind(server, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(server, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    void *client = zmq_socket(context, ZMQ_DEALER);
    client_dress(client, attempt);
    assert_int_equal(zmq_connect(client, endpoint), 0);
    int event = event_next(monitor);
    *ret_refused = zap_refused(zap);
    (void)zmq_close(client);
    (void)zmq_close(server);
    (void)zmq_close(monitor);
    zap_stop(&zap);
    assert_int_equal(zmq_ctx_term(context), 0);
    return event;
}

static void zap_lets_in_whom_the_list_and_the_domain_allow(void **state)
{
    (void)state;
    enum { NO = FAILED, YES = ZMQ_EVENT_HANDSHAKE_SUCCEEDED };
    const struct attempt table[] = {
            {ZAP_DOMAIN, "", &LISTED, false, YES},
            {ZAP_DOMAIN, "", &OTHER, false, NO},
            {ZAP_DOMAIN, "", NULL, false, NO},
            {ZAP_DOMAIN, "", NULL, true, NO},
            {ZAP_DOMAIN_FEED, "feed", &LISTED, false, YES},
            {ZAP_DOMAIN_FEED, "act;query;hotline", &LISTED, false, NO},
            {ZAP_DOMAIN_HOTLINE, "hotline", &LISTED, false, YES},
            {ZAP_DOMAIN_HOTLINE, "act;query;feed", &LISTED, false, NO},
            {"another domain", "act", &LISTED, false, NO},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint64_t refused = 0;
        int event = attempt_run(&table[i], &refused);
        if ((event & table[i].expected) == 0) {
            fail_msg("%zu: event 0x%x, expected one of 0x%x", i, event, table[i].expected);
        }
        /* Who speaks no CURVE is refused by libzmq and never comes before the handler. */
        assert_int_equal(refused, table[i].expected == NO && table[i].pair ? 1 : 0);
    }
}

static void zap_revoked_key_is_gone_at_once(void **state)
{
    (void)state;
    void *context = zmq_ctx_new();
    struct zap *zap = NULL;
    struct peer peer = {.name = "kept"};
    assert_int_equal(zap_start(context, list(&LISTED, "act"), &zap), OK);
    assert_int_equal(zap_peer(zap, OTHER.public_key, &peer), ERR_NOT_FOUND);
    assert_string_equal(peer.name, "kept");
    assert_int_equal(zap_peer(zap, LISTED.public_key, &peer), OK);
    assert_int_equal(peer.rights, RIGHT_ACT);
    zap_peers_set(zap, list(&OTHER, "query"));
    assert_int_equal(zap_peer(zap, LISTED.public_key, &peer), ERR_NOT_FOUND);
    assert_int_equal(zap_peer(zap, OTHER.public_key, &peer), OK);
    zap_stop(&zap);
    zap_stop(&zap);
    assert_int_equal(zmq_ctx_term(context), 0);
}

static void zap_second_handler_in_a_context_is_refused(void **state)
{
    (void)state;
    void *context = zmq_ctx_new();
    struct zap *zap = NULL, *second = NULL;
    assert_int_equal(zap_start(context, list(&LISTED, ""), &zap), OK);
    assert_int_equal(zap_start(context, list(&LISTED, ""), &second), ERR_FATAL);
    assert_null(second);
    zap_stop(&zap);
    assert_int_equal(zmq_ctx_term(context), 0);
}

/* What no libzmq sends is answered, too, and the handler goes on. */
static void zap_malformed_request_is_refused_and_the_next_one_served(void **state)
{
    (void)state;
    void *context = zmq_ctx_new();
    struct zap *zap = NULL;
    int wait_ms = WAIT_MS;
    assert_int_equal(zap_start(context, list(&LISTED, ""), &zap), OK);
    void *asker = zmq_socket(context, ZMQ_REQ);
    assert_int_equal(zmq_setsockopt(asker, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms), 0);
    assert_int_equal(zmq_connect(asker, "inproc://zeromq.zap.01"), 0);
    for (int parts = 1; parts <= 40; parts += 13) {
        char answer[3][64] = {{0}};
        char big[1000] = {0};
        for (int i = 0; i < parts; i++) {
            assert_true(zmq_send(asker, big, sizeof big, i + 1 < parts ? ZMQ_SNDMORE : 0) >= 0);
        }
        int count = 0, more = 1;
        size_t size = sizeof more;
        for (; more && count < 10; count++) {
            assert_true(zmq_recv(asker, answer[count < 3 ? count : 0], 64, 0) >= 0);
            assert_int_equal(zmq_getsockopt(asker, ZMQ_RCVMORE, &more, &size), 0);
        }
        assert_int_equal(count, 6);
        assert_string_equal(answer[2], "400");
    }
    (void)zmq_close(asker);
    zap_stop(&zap);
    assert_int_equal(zmq_ctx_term(context), 0);
}

int main(void)
{
    keypair_draw(&SERVER);
    keypair_draw(&LISTED);
    keypair_draw(&OTHER);
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(zap_lets_in_whom_the_list_and_the_domain_allow),
            cmocka_unit_test(zap_revoked_key_is_gone_at_once),
            cmocka_unit_test(zap_second_handler_in_a_context_is_refused),
            cmocka_unit_test(zap_malformed_request_is_refused_and_the_next_one_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
