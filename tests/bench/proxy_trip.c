/* R4: round trips through zmq_proxy over TCP on loopback: a client (DEALER) keeps 1,000 messages
 * of 200 bytes under way, the proxy (ROUTER, DEALER) passes them to an echo (DEALER) and back.
 * Three threads and ZeroMQ's own; one context for both runs, each with a steering name of its own,
 * since a closed socket gives its inproc name back only later. The CURVE run has keys on both
 * links and no ZAP handler. */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>
#include "services/kernel/base/must.h"
#include "tests/bench/reference.h"

#define PAYLOAD_SIZE 200
#define IN_FLIGHT 1000
#define HIGH_WATER (4 * IN_FLIGHT)
#define ENDPOINT_SIZE 64
#define TIMEOUT_MS 10000
#define KEY_TEXT_SIZE 41

struct keys {
    char server_public[KEY_TEXT_SIZE], server_secret[KEY_TEXT_SIZE];
    char client_public[KEY_TEXT_SIZE], client_secret[KEY_TEXT_SIZE];
};

struct trip {
    void *context;
    const struct keys *keys; /* NULL: plain */
    void *frontend, *backend, *control;
    void *echo;
};

static void checked(int result, const char *what)
{
    if (result < 0)
        bench_fail("%s: %s", what, zmq_strerror(errno));
}

static void option_int(void *socket, int option, int value)
{
    checked(zmq_setsockopt(socket, option, &value, sizeof(value)), "zmq_setsockopt");
}

static void option_text(void *socket, int option, const char *value)
{
    checked(zmq_setsockopt(socket, option, value, strlen(value) + 1), "zmq_setsockopt");
}

static void *socket_open(const struct trip *trip, int type)
{
    void *socket = zmq_socket(trip->context, type);
    if (socket == NULL)
        bench_fail("zmq_socket: %s", zmq_strerror(errno));
    option_int(socket, ZMQ_SNDHWM, HIGH_WATER);
    option_int(socket, ZMQ_RCVHWM, HIGH_WATER);
    option_int(socket, ZMQ_LINGER, 0);
    return socket;
}

static void *server_open(const struct trip *trip, int type, char ret_endpoint[ENDPOINT_SIZE])
{
    size_t size = ENDPOINT_SIZE;
    void *socket = socket_open(trip, type);
    if (trip->keys != NULL) {
        option_int(socket, ZMQ_CURVE_SERVER, 1);
        option_text(socket, ZMQ_CURVE_SECRETKEY, trip->keys->server_secret);
    }
    checked(zmq_bind(socket, "tcp://127.0.0.1:*"), "zmq_bind");
    checked(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, ret_endpoint, &size), "zmq_getsockopt");
    return socket;
}

static void *client_open(const struct trip *trip, const char *endpoint)
{
    void *socket = socket_open(trip, ZMQ_DEALER);
    option_int(socket, ZMQ_RCVTIMEO, TIMEOUT_MS);
    option_int(socket, ZMQ_SNDTIMEO, TIMEOUT_MS);
    if (trip->keys != NULL) {
        option_text(socket, ZMQ_CURVE_SERVERKEY, trip->keys->server_public);
        option_text(socket, ZMQ_CURVE_PUBLICKEY, trip->keys->client_public);
        option_text(socket, ZMQ_CURVE_SECRETKEY, trip->keys->client_secret);
    }
    checked(zmq_connect(socket, endpoint), "zmq_connect");
    return socket;
}

static void *proxy_run(void *self)
{
    struct trip *trip = self;
    zmq_proxy_steerable(trip->frontend, trip->backend, NULL, trip->control);
    zmq_close(trip->frontend);
    zmq_close(trip->backend);
    zmq_close(trip->control);
    return NULL;
}

/* Sends every frame back; an empty message ends it. */
static void *echo_run(void *self)
{
    struct trip *trip = self;
    zmq_msg_t frame;
    for (;;) {
        bool more;
        bool over = false;
        do {
            zmq_msg_init(&frame);
            checked(zmq_msg_recv(&frame, trip->echo, 0), "echo");
            more = zmq_msg_more(&frame);
            over = zmq_msg_size(&frame) == 0;
            checked(zmq_msg_send(&frame, trip->echo, more ? ZMQ_SNDMORE : 0), "echo");
        } while (more);
        if (over)
            break;
    }
    return NULL;
}

static void client_send(void *client, size_t size)
{
    char payload[PAYLOAD_SIZE];
    memset(payload, 'x', sizeof(payload));
    checked(zmq_send(client, payload, size, 0), "client");
}

/* Waits for one answer, takes what else is there, and sends as many again. */
static int client_turn(void *client)
{
    char answer[PAYLOAD_SIZE];
    int answers = 0;
    int flags = 0;
    while (answers < IN_FLIGHT) {
        int size = zmq_recv(client, answer, sizeof(answer), flags);
        if (size < 0 && errno == EAGAIN && flags != 0)
            break;
        checked(size, "client");
        must(size == PAYLOAD_SIZE);
        answers++;
        flags = ZMQ_DONTWAIT;
    }
    for (int i = 0; i < answers; i++)
        client_send(client, PAYLOAD_SIZE);
    return answers;
}

/* Round trips a second. The first thousand are not counted: they open the connections. */
static double client_run(void *client, double seconds)
{
    int64_t trips = 0;
    double elapsed = 0;
    for (int i = 0; i < IN_FLIGHT; i++)
        client_send(client, PAYLOAD_SIZE);
    for (int warm = 0; warm < IN_FLIGHT;)
        warm += client_turn(client);
    double begin = bench_now();
    while (elapsed < seconds) {
        trips += client_turn(client);
        elapsed = bench_now() - begin;
    }
    client_send(client, 0);
    char answer[PAYLOAD_SIZE];
    while (zmq_recv(client, answer, sizeof(answer), 0) > 0)
        continue;
    return (double)trips / elapsed;
}

static double trips_measure(void *context, const struct keys *keys, double seconds)
{
    struct trip trip = {.context = context, .keys = keys};
    char front[ENDPOINT_SIZE];
    char back[ENDPOINT_SIZE];
    pthread_t proxy;
    pthread_t echo;
    void *steering = socket_open(&trip, ZMQ_PAIR);
    trip.control = socket_open(&trip, ZMQ_PAIR);
    const char *inproc = keys == NULL ? "inproc://steering-plain" : "inproc://steering-curve";
    checked(zmq_bind(steering, inproc), "zmq_bind");
    checked(zmq_connect(trip.control, inproc), "zmq_connect");
    trip.frontend = server_open(&trip, ZMQ_ROUTER, front);
    trip.backend = server_open(&trip, ZMQ_DEALER, back);
    trip.echo = client_open(&trip, back);
    void *client = client_open(&trip, front);
    if (pthread_create(&proxy, NULL, proxy_run, &trip) != 0 ||
            pthread_create(&echo, NULL, echo_run, &trip) != 0)
        bench_fail("no thread could be started");
    double rate = client_run(client, seconds);
    pthread_join(echo, NULL);
    checked(zmq_send(steering, "TERMINATE", 9, 0), "steering");
    pthread_join(proxy, NULL);
    zmq_close(trip.echo);
    zmq_close(client);
    zmq_close(steering);
    return rate;
}

void proxy_trip_measure(const struct bench_cfg *cfg)
{
    struct keys keys;
    void *context = zmq_ctx_new();
    if (context == NULL)
        bench_fail("zmq_ctx_new: %s", zmq_strerror(errno));
    checked(zmq_curve_keypair(keys.server_public, keys.server_secret), "zmq_curve_keypair");
    checked(zmq_curve_keypair(keys.client_public, keys.client_secret), "zmq_curve_keypair");
    double plain = trips_measure(context, NULL, cfg->seconds);
    double curve = trips_measure(context, &keys, cfg->seconds);
    zmq_ctx_term(context);
    printf("{\"reference\":\"R4\",\"figures\":{\"trips_per_s\":%.0f,"
           "\"trips_per_s_curve\":%.0f}}\n",
            plain, curve);
}
