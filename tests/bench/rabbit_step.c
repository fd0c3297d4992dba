/* R5: RabbitMQ between a publisher and four consumers that make R1's step for each message: a
 * quorum queue, one publisher with confirms (at most WINDOW unconfirmed) and at the same time four
 * consumers, each with a connection to RabbitMQ and one to PostgreSQL. A consumer takes what lies
 * ready, at most 256 messages, makes their steps in one transaction, and acknowledges them with one
 * frame after its commit. In C, since a client in a slower language would be measured instead.
 *
 *   huying-bench-rabbit --seconds S PORT CONNINFO DIRECTORY
 *
 * RabbitMQ is on that port of loopback, with its guest user. Ids walk through a permutation of all
 * cases, so that what is under way is distinct. The rate is of commits between two instants, both
 * while messages are published; afterwards the rows are counted against the steps. */
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tests/bench/case_step.h"
#include "tests/bench/reference.h"

#define QUEUE "huying-bench"
#define CHANNEL 1
#define MESSAGE_SIZE 200
#define WINDOW 2000
#define BACKLOG 20000 /* published and not done: beyond it the publisher waits */
#define PREFETCH (2 * CASE_STEP_BATCH)
#define STRIDE 76543 /* coprime to the number of cases: id after id, far apart */
#define WARM_S 1.0

struct rabbit {
    struct bench_cfg cfg;
    int port;
    atomic_bool stop;
    atomic_llong published, done;
};

static void reply_check(amqp_rpc_reply_t reply, const char *what)
{
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
        bench_fail("RabbitMQ, %s: %s", what, amqp_error_string2(reply.library_error));
    if (reply.reply_type != AMQP_RESPONSE_NORMAL)
        bench_fail("RabbitMQ, %s: refused by the server", what);
}

static void status_check(int status, const char *what)
{
    if (status < 0)
        bench_fail("RabbitMQ, %s: %s", what, amqp_error_string2(status));
}

static amqp_connection_state_t rabbit_connect(const struct rabbit *rabbit)
{
    amqp_connection_state_t conn = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(conn);
    if (socket == NULL)
        bench_fail("no socket");
    status_check(amqp_socket_open(socket, "127.0.0.1", rabbit->port), "connect");
    reply_check(amqp_login(conn, "/", 0, AMQP_DEFAULT_FRAME_SIZE, 0, AMQP_SASL_METHOD_PLAIN,
                        "guest", "guest"),
            "login");
    amqp_channel_open(conn, CHANNEL);
    reply_check(amqp_get_rpc_reply(conn), "channel");
    return conn;
}

static void rabbit_disconnect(amqp_connection_state_t conn)
{
    amqp_connection_close(conn, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(conn);
}

static void queue_make(amqp_connection_state_t conn)
{
    amqp_table_entry_t quorum = {.key = amqp_cstring_bytes("x-queue-type"),
            .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("quorum")}};
    amqp_table_t arguments = {.num_entries = 1, .entries = &quorum};
    amqp_queue_declare(conn, CHANNEL, amqp_cstring_bytes(QUEUE), 0, 1, 0, 0, arguments);
    reply_check(amqp_get_rpc_reply(conn), "quorum queue");
}

/* Takes one confirmation, waiting for it for `wait`: the tag up to which all are confirmed. */
static uint64_t confirm_take(amqp_connection_state_t conn, uint64_t confirmed, struct timeval wait)
{
    amqp_frame_t frame;
    int status = amqp_simple_wait_frame_noblock(conn, &frame, &wait);
    if (status == AMQP_STATUS_TIMEOUT)
        return confirmed;
    status_check(status, "confirmation");
    if (frame.frame_type != AMQP_FRAME_METHOD)
        bench_fail("RabbitMQ sent a frame that is no method");
    if (frame.payload.method.id != AMQP_BASIC_ACK_METHOD)
        bench_fail("RabbitMQ refused a message: method %08x", (unsigned)frame.payload.method.id);
    const amqp_basic_ack_t *ack = frame.payload.method.decoded;
    /* Those of single messages may overtake one another: they are counted. */
    if (!ack->multiple)
        return confirmed + 1;
    return ack->delivery_tag > confirmed ? ack->delivery_tag : confirmed;
}

static void message_publish(amqp_connection_state_t conn, uint64_t number)
{
    char body[MESSAGE_SIZE] = {0};
    int64_t id = (int64_t)(number * STRIDE % CASE_STEP_CASES) + 1;
    memcpy(body, &id, sizeof(id));
    amqp_basic_properties_t properties = {
            ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = AMQP_DELIVERY_PERSISTENT};
    status_check(amqp_basic_publish(conn, CHANNEL, amqp_empty_bytes, amqp_cstring_bytes(QUEUE), 0,
                         0, &properties, (amqp_bytes_t){sizeof(body), body}),
            "publish");
}

static bool publisher_full(struct rabbit *rabbit, uint64_t sent)
{
    return (long long)sent - atomic_load(&rabbit->done) >= BACKLOG;
}

static void *publisher_run(void *self)
{
    struct rabbit *rabbit = self;
    amqp_connection_state_t conn = rabbit_connect(rabbit);
    uint64_t sent = 0, confirmed = 0;
    amqp_confirm_select(conn, CHANNEL);
    reply_check(amqp_get_rpc_reply(conn), "confirms");
    while (!atomic_load(&rabbit->stop)) {
        bool full = publisher_full(rabbit, sent);
        if (!full && sent - confirmed < WINDOW)
            message_publish(conn, sent++);
        atomic_store(&rabbit->published, (long long)sent);
        if (full || sent - confirmed >= WINDOW || sent % 64 == 0)
            confirmed = confirm_take(conn, confirmed,
                    (struct timeval){.tv_usec = full || sent - confirmed >= WINDOW ? 1000 : 0});
        amqp_maybe_release_buffers(conn);
    }
    rabbit_disconnect(conn);
    return NULL;
}

/* What lies ready, at most a batch; waits 50 ms for the first. Returns how many. */
static int deliveries_take(amqp_connection_state_t conn, int64_t *ids, uint64_t *ret_tag)
{
    int count = 0;
    while (count < CASE_STEP_BATCH) {
        amqp_envelope_t envelope;
        struct timeval wait = {.tv_usec = count == 0 ? 50000 : 0};
        amqp_maybe_release_buffers(conn);
        amqp_rpc_reply_t reply = amqp_consume_message(conn, &envelope, &wait, 0);
        if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
                reply.library_error == AMQP_STATUS_TIMEOUT)
            break;
        reply_check(reply, "delivery");
        if (envelope.message.body.len != MESSAGE_SIZE)
            bench_fail("a message of %zu bytes", envelope.message.body.len);
        memcpy(&ids[count++], envelope.message.body.bytes, sizeof(*ids));
        *ret_tag = envelope.delivery_tag;
        amqp_destroy_envelope(&envelope);
    }
    return count;
}

static void *consumer_run(void *self)
{
    struct rabbit *rabbit = self;
    struct case_step *step = case_step_new(rabbit->cfg.conninfo);
    amqp_connection_state_t conn = rabbit_connect(rabbit);
    int64_t ids[CASE_STEP_BATCH];
    uint64_t tag = 0;
    amqp_basic_qos(conn, CHANNEL, 0, PREFETCH, 0);
    reply_check(amqp_get_rpc_reply(conn), "prefetch");
    amqp_basic_consume(
            conn, CHANNEL, amqp_cstring_bytes(QUEUE), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
    reply_check(amqp_get_rpc_reply(conn), "consume");
    while (!atomic_load(&rabbit->stop)) {
        int count = deliveries_take(conn, ids, &tag);
        if (count == 0)
            continue;
        case_step_run(step, ids, count);
        status_check(amqp_basic_ack(conn, CHANNEL, tag, 1), "acknowledge");
        atomic_fetch_add(&rabbit->done, count);
    }
    rabbit_disconnect(conn);
    case_step_destroy(&step);
    return NULL;
}

static void seconds_pass(double seconds)
{
    struct timespec wait = {.tv_sec = (time_t)seconds,
            .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&wait, NULL);
}

/* Steps a second, and how many messages waited at the end. */
static void rabbit_measure(struct rabbit *rabbit)
{
    pthread_t threads[CASE_STEP_CONNECTIONS + 1];
    for (int i = 0; i <= CASE_STEP_CONNECTIONS; i++)
        if (pthread_create(&threads[i], NULL, i == 0 ? publisher_run : consumer_run, rabbit) != 0)
            bench_fail("no thread could be started");
    seconds_pass(WARM_S);
    double begin = bench_now();
    long long before = atomic_load(&rabbit->done);
    seconds_pass(rabbit->cfg.seconds);
    double rate = (double)(atomic_load(&rabbit->done) - before) / (bench_now() - begin);
    long long waiting = atomic_load(&rabbit->published) - atomic_load(&rabbit->done);
    atomic_store(&rabbit->stop, true);
    for (int i = 0; i <= CASE_STEP_CONNECTIONS; i++)
        pthread_join(threads[i], NULL);
    case_step_check(&rabbit->cfg, atomic_load(&rabbit->done));
    printf("{\"reference\":\"R5\",\"figures\":{\"steps_per_s\":%.0f,\"waiting\":%lld}}\n", rate,
            waiting);
}

int main(int argc, char **argv)
{
    static struct rabbit rabbit;
    if (argc != 6 || strcmp(argv[1], "--seconds") != 0 || !(strtod(argv[2], NULL) > 0)) {
        fputs("usage: huying-bench-rabbit --seconds S PORT CONNINFO DIRECTORY\n", stderr);
        return 2;
    }
    rabbit.cfg = (struct bench_cfg){
            .seconds = strtod(argv[2], NULL), .conninfo = argv[4], .directory = argv[5]};
    rabbit.port = (int)strtol(argv[3], NULL, 10);
    case_step_tables(&rabbit.cfg);
    amqp_connection_state_t conn = rabbit_connect(&rabbit);
    queue_make(conn);
    rabbit_measure(&rabbit);
    amqp_queue_delete(conn, CHANNEL, amqp_cstring_bytes(QUEUE), 0, 0);
    reply_check(amqp_get_rpc_reply(conn), "queue's end");
    rabbit_disconnect(conn);
    return 0;
}
