/* How many envelopes a second go through one broker, there and acknowledged, under CURVE. The
 * broker is the real huying-broker, a process of its own; the load is two threads here.
 *
 *   broker_load [--envelopes 64] [--size 200] [--in-flight 4096] [--seconds 3] [--rounds 5]
 *               [--stopped]
 *
 * Prints one line per round and the median. Goal: with 64 envelopes a frame at least 2.5 times
 * the round trips of R4 under CURVE. With --stopped the receiver reads nothing and what counts
 * is the broker's memory: at most 64 MiB, whatever is sent. */
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>
#include "services/kernel/base/must.h"
#include "services/kernel/bus/bus.h"
#include "services/kernel/bus/keyfile.h"

#define ROUNDS_MAX 51
#define WARM_MS 500
#define PATH_SIZE 512
#define PORT 17400

struct options {
    int envelopes, size, in_flight, seconds, rounds, port;
    gboolean stopped;
};

static int64_t now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

static void child_stop(pid_t pid)
{
    int status;
    must(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
}

/* The broker */

struct home { /* a broker's files, in a directory of their own */
    char dir[PATH_SIZE], conf[PATH_SIZE], endpoint[64];
    struct keypair broker, routing, audit;
};

static void file_write(const struct home *home, const char *name, const char *text)
{
    char *path = g_build_filename(home->dir, name, NULL);
    must(g_file_set_contents(path, text, -1, NULL));
    g_free(path);
}

static void home_make(struct home *home, int port)
{
    char *dir = g_dir_make_tmp("huying-load-XXXXXX", NULL);
    char *key = g_build_filename(dir, "broker.key", NULL);
    (void)snprintf(home->dir, sizeof home->dir, "%s", dir);
    (void)snprintf(home->conf, sizeof home->conf, "%s/broker.conf", dir);
    (void)snprintf(home->endpoint, sizeof home->endpoint, "tcp://127.0.0.1:%d", port);
    keypair_draw(&home->broker);
    keypair_draw(&home->routing);
    keypair_draw(&home->audit);
    must(keyfile_write(key, &home->broker) == OK);
    BUF_OWNED peers = {0};
    BUF_OWNED conf = {0};
    buf_add_format(&peers,
            "[routing]\nkey=%s\nservice=routing\nsite=1\n[audit]\nkey=%s\nservice=audit\nsite=1\n",
            home->routing.public_key, home->audit.public_key);
    buf_add_format(&conf, "[broker]\nbind=%s\nkey=%s\npeers=%s/peers.conf\n[log]\nlevel=warn\n",
            home->endpoint, key, dir);
    file_write(home, "peers.conf", peers.data);
    file_write(home, "broker.conf", conf.data);
    g_free(key);
    g_free(dir);
}

static void home_remove(const struct home *home)
{
    static const char *const names[] = {"broker.key", "peers.conf", "broker.conf"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = g_build_filename(home->dir, names[i], NULL);
        (void)unlink(path);
        g_free(path);
    }
    (void)rmdir(home->dir);
}

/* The broker that was built beside this program. */
static pid_t broker_start(const struct home *home)
{
    char self[PATH_SIZE] = "", path[PATH_SIZE + 32];
    must(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    char *dir = g_path_get_dirname(self);
    (void)snprintf(path, sizeof path, "%s/huying-broker", dir);
    g_free(dir);
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)execl(path, path, "--conf", home->conf, (char *)NULL);
        (void)fprintf(stderr, "%s: %s\n", path, g_strerror(errno));
        _exit(127);
    }
    return pid;
}

/* Peak memory of a process, in KiB. */
static long memory_peak(pid_t pid)
{
    char path[64], line[256];
    long kib = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        if (g_str_has_prefix(line, "VmHWM:")) {
            kib = strtol(line + 6, NULL, 10);
        }
    }
    if (file) {
        (void)fclose(file);
    }
    return kib;
}

/* The load */

struct side {
    void *context;
    const struct home *home;
    const struct options *options;
    atomic_bool *stop;
    _Atomic uint64_t acked, naks;
};

static struct bus *side_bus(const struct side *side, enum service_id service)
{
    const struct keypair *pair =
            service == SERVICE_ROUTING ? &side->home->routing : &side->home->audit;
    struct bus_config config = {.service = service,
            .site = 1,
            .endpoints = {side->home->endpoint},
            .endpoint_count = 1,
            .credit = (uint32_t)side->options->in_flight * 2};
    struct bus *bus;
    memcpy(config.server_key, side->home->broker.public_key, KEY_Z85_SIZE);
    memcpy(config.public_key, pair->public_key, KEY_Z85_SIZE);
    memcpy(config.secret_key, pair->secret_key, KEY_Z85_SIZE);
    must(bus_new(&config, side->context, &bus) == OK);
    return bus;
}

static void bus_wait(struct bus *bus, long wait_ms)
{
    zmq_pollitem_t items[BUS_POLL_ITEMS_MAX];
    size_t count = bus_poll_items(bus, items, BUS_POLL_ITEMS_MAX);
    (void)zmq_poll(items, (int)count, wait_ms);
    bus_turn(bus, now_ms());
}

/* Alive to the broker, and reads nothing. */
static void stopped_run(const struct side *side, struct bus *bus)
{
    while (!atomic_load(side->stop)) {
        g_usleep(BUS_HEARTBEAT_MS * 500);
        bus_turn(bus, now_ms());
    }
}

/* Takes events, acknowledges and grants them. */
static void *audit_run(void *self)
{
    const struct side *side = self;
    struct bus *bus = side_bus(side, SERVICE_AUDIT);
    for (int64_t end = now_ms() + WARM_MS; side->options->stopped && now_ms() < end;) {
        struct bus_frame frame; /* joins first */
        bus_wait(bus, 20);
        if (bus_receive(bus, &frame) == OK) {
            bus_frame_fini(&frame);
        }
    }
    if (side->options->stopped) {
        stopped_run(side, bus);
    }
    uint8_t ids[FRAME_COUNT_MAX * 9] = {0}; /* as large as the ids would be */
    while (!atomic_load(side->stop)) {
        struct bus_frame frame;
        bus_wait(bus, 20);
        while (bus_receive(bus, &frame) == OK) {
            struct frame acks = {.kind = FRAME_ACKS,
                    .dest = SERVICE_ROUTING,
                    .bucket = frame.head.bucket,
                    .count = frame.head.count};
            bool events = frame.head.kind == FRAME_EVENTS;
            int broker = frame.broker;
            bus_frame_fini(&frame);
            while (events && bus_send(bus, &acks, ids, 9u * acks.count) == ERR_AGAIN) {
                bus_wait(bus, 1);
            }
            if (events) {
                bus_grant(bus, broker, acks.count);
            }
        }
    }
    bus_destroy(&bus);
    return NULL;
}

static int64_t routing_take(struct side *side, struct bus *bus)
{
    int64_t done = 0;
    struct bus_frame frame;
    while (bus_receive(bus, &frame) == OK) {
        if (frame.head.kind == FRAME_ACKS) {
            atomic_fetch_add(&side->acked, frame.head.count);
        } else if (frame.head.kind == FRAME_NAK) {
            atomic_fetch_add(&side->naks, frame.head.count);
        }
        done += frame.head.count;
        bus_grant(bus, frame.broker, 0);
        bus_frame_fini(&frame);
    }
    return done;
}

/* Keeps `in_flight` envelopes under way. */
static void *routing_run(void *self)
{
    struct side *side = self;
    const struct options *options = side->options;
    struct bus *bus = side_bus(side, SERVICE_ROUTING);
    size_t size = (size_t)options->envelopes * (size_t)options->size;
    uint8_t *payload = g_malloc0(size);
    int64_t out = 0;
    uint8_t ids[FRAME_COUNT_MAX * 9] = {0};
    struct frame head = {
            .kind = FRAME_EVENTS, .dest = SERVICE_AUDIT, .count = (uint16_t)options->envelopes};
    while (!atomic_load(side->stop)) {
        bus_wait(bus, 20);
        out -= routing_take(side, bus);
        while (out + options->envelopes <= options->in_flight &&
                bus_send(bus, &head, payload, size) == OK) {
            out += options->envelopes;
            head.bucket = (uint8_t)((head.bucket + 1) % BUCKET_COUNT);
            head.serial++;
        }
        if (options->stopped) { /* acknowledgements need no credit */
            struct frame acks = {.kind = FRAME_ACKS, .dest = SERVICE_AUDIT, .count = 1024};
            (void)!bus_send(bus, &acks, ids, sizeof ids);
            out = 0;
        }
    }
    bus_destroy(&bus);
    g_free(payload);
    return NULL;
}

static double rate_measure(
        const _Atomic uint64_t *counter, const _Atomic uint64_t *other, int seconds)
{
    g_usleep(WARM_MS * 1000);
    while (atomic_load(counter) == 0 && atomic_load(other) == 0) {
        g_usleep(1000);
    }
    uint64_t first = atomic_load(counter);
    int64_t start = g_get_monotonic_time();
    g_usleep((gulong)seconds * G_USEC_PER_SEC);
    double span_s = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    return (double)(atomic_load(counter) - first) / span_s;
}

static double broker_measure(const struct options *options)
{
    struct home home;
    atomic_bool stop = false;
    home_make(&home, options->port);
    pid_t broker = broker_start(&home);
    struct side side = {.context = zmq_ctx_new(), .home = &home, .options = options, .stop = &stop};
    pthread_t audit, routing;
    must(zmq_ctx_set(side.context, ZMQ_IO_THREADS, 2) == 0);
    must(pthread_create(&audit, NULL, audit_run, &side) == 0);
    must(pthread_create(&routing, NULL, routing_run, &side) == 0);
    double rate = rate_measure(&side.acked, &side.naks, options->seconds);
    atomic_store(&stop, true);
    must(pthread_join(audit, NULL) == 0 && pthread_join(routing, NULL) == 0);
    (void)printf("broker: %.0f envelopes/s (%d a frame), %llu NAKs, broker's peak memory %ld KiB\n",
            rate, options->envelopes, (unsigned long long)side.naks, memory_peak(broker));
    (void)zmq_ctx_term(side.context);
    child_stop(broker);
    home_remove(&home);
    return rate;
}

static int rate_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool options_read(int argc, char **argv, struct options *ret)
{
    GError *error = NULL;
    GOptionEntry entries[] = {
            {"envelopes", 0, 0, G_OPTION_ARG_INT, &ret->envelopes, "Envelopes in a frame", "N"},
            {"size", 0, 0, G_OPTION_ARG_INT, &ret->size, "Bytes of an envelope", "N"},
            {"in-flight", 0, 0, G_OPTION_ARG_INT, &ret->in_flight, "Envelopes under way", "N"},
            {"seconds", 0, 0, G_OPTION_ARG_INT, &ret->seconds, "Length of a round", "N"},
            {"rounds", 0, 0, G_OPTION_ARG_INT, &ret->rounds, "Rounds of each", "N"},
            {"port", 0, 0, G_OPTION_ARG_INT, &ret->port, "Port to use", "N"},
            {"stopped", 0, 0, G_OPTION_ARG_NONE, &ret->stopped, "The receiver stops reading", NULL},
            {0}};
    GOptionContext *context = g_option_context_new("- envelopes a second through a broker");
    g_option_context_add_main_entries(context, entries, NULL);
    bool done = g_option_context_parse(context, &argc, &argv, &error) && argc == 1;
    g_option_context_free(context);
    g_clear_error(&error);
    return done && ret->envelopes >= 1 && ret->envelopes <= FRAME_COUNT_MAX && ret->size >= 1 &&
           (int64_t)ret->envelopes * ret->size <= FRAME_PAYLOAD_MAX &&
           ret->in_flight >= ret->envelopes && ret->seconds >= 1 && ret->rounds >= 1 &&
           ret->rounds <= ROUNDS_MAX;
}

int main(int argc, char **argv)
{
    struct options options = {64, 200, 4096, 3, 5, PORT, FALSE};
    double rates[ROUNDS_MAX];
    if (!options_read(argc, argv, &options)) {
        (void)fprintf(stderr, "broker_load: wrong arguments: see --help for what is expected\n");
        return 2;
    }
    size_t count = (size_t)options.rounds;
    for (size_t i = 0; i < count; i++) {
        rates[i] = broker_measure(&options);
        (void)fflush(stdout);
    }
    qsort(rates, count, sizeof rates[0], rate_compare);
    (void)printf("median of %zu: %.0f envelopes/s, from %.0f to %.0f\n", count, rates[count / 2],
            rates[0], rates[count - 1]);
    return 0;
}
