/* huying-broker: forwards frames between services, tools and hotlines; owns nothing. This file
 * is the story of the process: read configuration, start the ZAP handler, prove that strangers
 * are refused, bind, then turn until SIGTERM. Signals are read from a descriptor in the one
 * loop; threads of libzmq, of the ZAP handler and of HTTP never see them. */
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include "services/broker/broker.h"
#include "services/broker/health.h"
#include "services/broker/metrics.h"
#include "services/broker/port.h"
#include "services/broker/proof.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/conf.h"
#include "services/kernel/base/fault.h"
#include "services/kernel/base/log.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/version.h"
#include "services/kernel/bus/bus.h"

#define PATH_SIZE 1024
#define POLL_MS (BUS_HEARTBEAT_MS / 4)
#define IO_THREADS 2       /* CURVE is done there: it is most of the broker's work */
#define DRAIN_MS 1000      /* at most, from SIGTERM to the end */
#define DRAIN_QUIET_MS 200 /* nothing came for so long: everybody went elsewhere */
#define INSTANCE_MAX 1000

struct conf {
    char bind[ENDPOINT_SIZE], feed[ENDPOINT_SIZE], hotline[ENDPOINT_SIZE];
    char key[PATH_SIZE], peers[PATH_SIZE];
    char http_host[64];
    int64_t http_port;
    char log_level[16];
};

#define TEXT(section, name, field, preset, help)                                                   \
    {                                                                                              \
        section, name, CONF_TEXT, offsetof(struct conf, field),                                    \
                sizeof(((struct conf *)NULL)->field), 0, 0, preset, help                           \
    }

static const struct conf_key KEYS[] = {
        TEXT("broker", "bind", bind, NULL, "Endpoint for services and tools: tcp://HOST:PORT."),
        TEXT("broker", "feed", feed, "", "Endpoint of the live feed; empty = none."),
        TEXT("broker", "hotline", hotline, "", "Endpoint for outside pushers; empty = none."),
        TEXT("broker", "key", key, NULL, "File with the broker's key pair, mode 0600."),
        TEXT("broker", "peers", peers, NULL, "peers.conf: which key may do what."),
        TEXT("http", "host", http_host, "127.0.0.1", "Address of health and metrics."),
        {"http", "port", CONF_INT, offsetof(struct conf, http_port), 0, 0, 65535, "0",
                "Port of health and metrics; 0 = any."},
        TEXT("log", "level", log_level, "info", "debug, info, warn or error."),
};
#define KEY_COUNT (sizeof KEYS / sizeof KEYS[0])

struct process {
    const char *conf_path;
    struct conf conf;
    struct clock clock;
    void *context;
    struct zap *zap;
    struct broker *broker;
    struct health *health;
    int signals;
    bool draining;
    int64_t drain_start_ms, last_frame_ms, publish_next_ms;
};

static void notice_log(void *self, enum broker_notice notice, const struct peer *peer)
{
    static const char *const events[] = {
            [NOTICE_JOINED] = "BROKER-INSTANCE-JOINED",
            [NOTICE_LEFT] = "BROKER-INSTANCE-LEFT",
            [NOTICE_SILENT] = "BROKER-INSTANCE-SILENT",
            [NOTICE_REVOKED] = "BROKER-KEY-REVOKED",
            [NOTICE_REFUSED] = "BROKER-READY-REFUSED",
    };
    (void)self;
    log_write(notice <= NOTICE_LEFT ? LOG_INFO : LOG_WARN, events[notice], "peer=%s service=%s",
            log_quote(peer->name), service_name(peer->service));
}

static int why_log(const char *event, const struct buf *why)
{
    log_error(event, "why=%s", log_quote(why->data ? why->data : ""));
    return 1;
}

static int conf_read(struct process *process, struct buf *why)
{
    enum log_level level;
    if (conf_load(KEYS, KEY_COUNT, process->conf_path, &process->conf, sizeof process->conf, why)) {
        return why_log("BROKER-CONFIG-WRONG", why);
    }
    if (!log_level_parse(process->conf.log_level, &level)) {
        buf_add_text(why, "[log] level: expected debug, info, warn or error");
        return why_log("BROKER-CONFIG-WRONG", why);
    }
    log_level_set(level);
    return 0;
}

/* SIGHUP: a mistake leaves the old list in force. */
static void peers_reload(struct process *process)
{
    struct peers *peers;
    BUF_OWNED why = {0};
    if (peers_load(process->conf.peers, &peers, &why)) {
        (void)why_log("BROKER-PEERS-WRONG", &why);
        return;
    }
    zap_peers_set(process->zap, peers);
    broker_peers_changed(process->broker);
    log_info("BROKER-PEERS-LOADED", "path=%s", log_quote(process->conf.peers));
}

/* Before any thread is started, so that all of them inherit the mask. */
static int signals_open(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    must(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void signals_take(struct process *process, int64_t now_ms)
{
    struct signalfd_siginfo info;
    while (read(process->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            peers_reload(process);
        } else if (!process->draining) {
            process->draining = true;
            process->drain_start_ms = now_ms;
            process->publish_next_ms = now_ms;
            broker_drain(process->broker);
            log_info("BROKER-DRAINING", "connections=%zu",
                    conns_count(broker_conns(process->broker)));
        }
    }
}

static void figures_publish(struct process *process, int64_t now_ms)
{
    if (now_ms >= process->publish_next_ms) {
        struct buf metrics = {0};
        metrics_write(&metrics, process->broker, process->zap);
        health_publish(process->health, &metrics, !process->draining);
        process->publish_next_ms = now_ms + BUS_HEARTBEAT_MS;
    }
}

static bool drained(const struct process *process, int64_t now_ms)
{
    return process->draining && (now_ms - process->drain_start_ms >= DRAIN_MS ||
                                        (now_ms - process->drain_start_ms >= DRAIN_QUIET_MS &&
                                                now_ms - process->last_frame_ms >= DRAIN_QUIET_MS));
}

static void process_loop(struct process *process)
{
    for (;;) {
        zmq_pollitem_t items[PORT_COUNT + 1];
        size_t count = broker_poll_items(process->broker, items, PORT_COUNT);
        items[count++] = (zmq_pollitem_t){.fd = process->signals, .events = ZMQ_POLLIN};
        if (zmq_poll(items, (int)count, POLL_MS) < 0 && zmq_errno() != EINTR) {
            must(!"zmq_poll on our own descriptors");
        }
        int64_t now_ms = process->clock.monotonic_ms(process->clock.self);
        signals_take(process, now_ms);
        uint64_t before = broker_stats(process->broker)->forwarded;
        (void)broker_turn(process->broker, now_ms);
        if (broker_stats(process->broker)->forwarded != before) {
            process->last_frame_ms = now_ms;
        }
        figures_publish(process, now_ms);
        if (drained(process, now_ms)) {
            log_info("BROKER-STOPPED", "after_ms=%lld",
                    (long long)(now_ms - process->drain_start_ms));
            return;
        }
    }
}

static enum err zap_open(struct process *process, struct buf *why)
{
    struct peers *peers;
    process->context = zmq_ctx_new();
    must(process->context && zmq_ctx_set(process->context, ZMQ_IO_THREADS, IO_THREADS) == 0);
    enum err err = peers_load(process->conf.peers, &peers, why);
    if (err) {
        return err;
    }
    err = zap_start(process->context, peers, &process->zap);
    if (err) {
        buf_add_text(why, "the handler that decides who may connect did not start: expected room "
                          "for its sockets and a thread; raise the limits of this process\n");
    }
    return err;
}

static enum err process_open(struct process *process, struct buf *why)
{
    struct broker_config config = {.bind = process->conf.bind,
            .hotline = process->conf.hotline,
            .feed = process->conf.feed,
            .notice = notice_log};
    rng_seed_secure(&config.rng);
    enum err err = keyfile_load(process->conf.key, &config.key, why);
    if (!err) {
        err = zap_open(process, why);
    }
    if (!err) {
        err = proof_refusals(process->context, &config.key, why);
    }
    if (!err) {
        err = broker_new(&config, process->context, process->zap, &process->broker, why);
    }
    if (!err) {
        err = health_start(process->conf.http_host, (uint16_t)process->conf.http_port,
                process->clock, &process->health, why);
    }
    return err;
}

static void process_close(struct process *process)
{
    health_stop(&process->health);
    broker_destroy(&process->broker);
    zap_stop(&process->zap);
    if (process->context) {
        (void)zmq_ctx_term(process->context);
    }
}

static int process_run(struct process *process)
{
    BUF_OWNED why = {0};
    if (conf_read(process, &why)) {
        return 1;
    }
    if (process_open(process, &why)) {
        return why_log("BROKER-START-FAILED", &why);
    }
    log_info("BROKER-STARTED", "bind=%s hotline=%s feed=%s http_port=%u",
            log_quote(broker_endpoint(process->broker, PORT_MAIN)),
            log_quote(broker_endpoint(process->broker, PORT_HOTLINE)),
            log_quote(broker_feed_endpoint(process->broker)), health_port(process->health));
    process_loop(process);
    return 0;
}

/* False when the arguments are wrong; it has said so then. */
static bool arguments_read(
        int argc, char **argv, char **ret_conf, int *ret_instance, gboolean *ret_version)
{
    GError *error = NULL;
    GOptionEntry entries[] = {
            {"conf", 'c', 0, G_OPTION_ARG_FILENAME, ret_conf, "Configuration file", "FILE"},
            {"instance", 'i', 0, G_OPTION_ARG_INT, ret_instance, "Number of this process", "N"},
            {"version", 0, 0, G_OPTION_ARG_NONE, ret_version, "Print the version", NULL}, {0}};
    GOptionContext *options = g_option_context_new("- forwards messages between services");
    g_option_context_add_main_entries(options, entries, NULL);
    bool done = g_option_context_parse(options, &argc, &argv, &error) && argc == 1 &&
                *ret_instance >= 1 && *ret_instance <= INSTANCE_MAX;
    g_option_context_free(options);
    if (!done) {
        (void)fprintf(stderr,
                "huying-broker: %s: expected --conf FILE --instance N, N from 1 to %d\n",
                error ? error->message : "wrong arguments", INSTANCE_MAX);
        g_clear_error(&error);
    }
    return done;
}

int main(int argc, char **argv)
{
    char *conf_path = NULL;
    int instance = 1;
    gboolean version = FALSE;
    if (!arguments_read(argc, argv, &conf_path, &instance, &version)) {
        return 2;
    }
    if (version) {
        version_print("huying-broker");
        return 0;
    }
    char name[32];
    (void)snprintf(name, sizeof name, "broker-%d", instance);
    log_init(name, LOG_INFO);
    BUF_OWNED why = {0};
    if (fault_init(name, &why)) {
        (void)fputs(why.data, stderr);
        return 1;
    }
    struct process process = {.conf_path = conf_path, .clock = clock_system()};
    process.signals = signals_open();
    must(process.signals >= 0);
    int status = process_run(&process);
    process_close(&process);
    (void)close(process.signals);
    g_free(conf_path);
    return status;
}
