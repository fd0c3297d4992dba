/* The proof passes with a handler that refuses, and fails when a stranger would get in. */
#include "services/broker/proof.h"

#include <pthread.h>
#include "services/broker/testbed.h"

static void proof_with_the_handler_passes(void **state)
{
    (void)state;
    struct bed bed;
    BUF_OWNED why = {0};
    bed_open(&bed, NULL, 0, 0);
    assert_int_equal(proof_refusals(bed.context, &bed.server, &why), OK);
    assert_int_equal(proof_refusals(bed.context, &bed.server, &why), OK);
    bed_close(&bed);
}

/* A handler that lets everybody in: what a mistake in ours would be. */
static void *open_door_run(void *handler)
{
    char part[256], id[256] = "";
    int more = 1, id_size = 0;
    for (int requests = 0; requests < 1; requests++) {
        size_t size = sizeof more;
        for (int i = 0; i == 0 || more; i++) {
            int got = zmq_recv(handler, part, sizeof part, 0);
            must(got >= 0 && zmq_getsockopt(handler, ZMQ_RCVMORE, &more, &size) == 0);
            if (i == 1) {
                id_size = got;
                memcpy(id, part, (size_t)got);
            }
        }
        must(zmq_send(handler, "1.0", 3, ZMQ_SNDMORE) >= 0);
        must(zmq_send(handler, id, (size_t)id_size, ZMQ_SNDMORE) >= 0);
        must(zmq_send(handler, "200", 3, ZMQ_SNDMORE) >= 0);
        must(zmq_send(handler, "", 0, ZMQ_SNDMORE) >= 0);
        must(zmq_send(handler, "", 0, ZMQ_SNDMORE) >= 0);
        must(zmq_send(handler, "", 0, 0) >= 0);
    }
    return NULL;
}

static void proof_with_an_open_door_fails_and_says_who_got_in(void **state)
{
    (void)state;
    void *context = zmq_ctx_new(), *handler = zmq_socket(context, ZMQ_REP);
    struct keypair key;
    pthread_t thread;
    BUF_OWNED why = {0};
    keypair_draw(&key);
    assert_int_equal(zmq_bind(handler, "inproc://zeromq.zap.01"), 0);
    assert_int_equal(pthread_create(&thread, NULL, open_door_run, handler), 0);
    assert_int_equal(proof_refusals(context, &key, &why), ERR_FATAL);
    assert_non_null(strstr(why.data, "unknown key"));
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)zmq_close(handler);
    (void)zmq_ctx_term(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(proof_with_the_handler_passes),
            cmocka_unit_test(proof_with_an_open_door_fails_and_says_who_got_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
