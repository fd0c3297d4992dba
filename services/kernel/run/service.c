/* A service's process from its first line to its last: options, configuration, sockets, the
 * loop, and draining on SIGTERM (what was taken is finished; correctness does not need it:
 * DESIGN §2). */
#include "services/kernel/run/service.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "services/kernel/base/fault.h"
#include "services/kernel/base/log.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/version.h"
#include "services/kernel/bus/keyfile.h"
#include "services/kernel/run/loop.h"

#define DRAIN_MS 5000
#define POLL_ITEMS_MAX (BUS_POLL_ITEMS_MAX + LANES_MAX + 5)
#define SERVICE_KEYS_MAX 64
#define KEEP_DAYS_MAX 36500

#define FIELD(name) offsetof(struct kernel_conf, name), sizeof((struct kernel_conf *)0)->name
const struct conf_key KERNEL_CONF_KEYS[] = {
        {"bus", "brokers", CONF_TEXT, FIELD(brokers), 0, 0, NULL,
                "endpoints of all brokers of the site, separated by ';'"},
        {"bus", "server_key", CONF_TEXT, FIELD(server_key), 0, 0, NULL,
                "the brokers' public key, 40 characters of Z85"},
        {"bus", "key", CONF_TEXT, FIELD(key), 0, 0, NULL, "this service's key file"},
        {"bus", "credit", CONF_INT, FIELD(credit), 64, 65536, "4096",
                "messages that may be under way to this process per broker"},
        {"bus", "language", CONF_TEXT, FIELD(language), 0, 0, "zh",
                "language of refusals: zh or en"},
        {"store", "conninfo", CONF_TEXT, FIELD(conninfo), 0, 0, NULL,
                "libpq connection string of this service's role"},
        {"store", "replica", CONF_TEXT, FIELD(replica), 0, 0, "",
                "connection string of a replica for queries; empty: they go to the primary"},
        {"store", "replica_lag_s", CONF_INT, offsetof(struct kernel_conf, replica_lag_s), 0, 1,
                3600, "5", "seconds that a replica may be behind and still be asked"},
        {"redis", "socket", CONF_TEXT, FIELD(redis), 0, 0, "", "unix socket; empty: no counters"},
        {"http", "host", CONF_TEXT, FIELD(http_host), 0, 0, "127.0.0.1",
                "address of health and metrics"},
        {"http", "port", CONF_INT, FIELD(http_port), 0, 65535, "0",
                "port of health and metrics; 0: any"},
        {"log", "level", CONF_TEXT, FIELD(log_level), 0, 0, "info", "debug info warn error"},
        {"batch", "size", CONF_INT, FIELD(batch_size), 1, BATCH_SIZE_MAX, "256",
                "works in one transaction at most"},
        {"batch", "lanes", CONF_INT, FIELD(lanes), 1, LANES_MAX, "1",
                "connections that run transactions side by side"},
        {"keep", "data_days", CONF_INT, FIELD(data_days), 0, KEEP_DAYS_MAX, "0",
                "days that the data of what is over is kept; 0: for ever"},
        {"keep", "stream_days", CONF_INT, FIELD(stream_days), 0, KEEP_DAYS_MAX, "0",
                "days that its row is kept; 0: for ever, else more than data_days"},
        {"keep", "command_days", CONF_INT, FIELD(command_days), 1, KEEP_DAYS_MAX, "30",
                "days that the same request id gets the same answer, at most data_days"},
};
const size_t KERNEL_CONF_KEY_COUNT = sizeof KERNEL_CONF_KEYS / sizeof *KERNEL_CONF_KEYS;

void *loop_conf(struct loop *loop)
{
    return loop->service->conf;
}

const struct directory *loop_directory(struct loop *loop)
{
    return loop->directory;
}

const char *loop_conninfo(const struct loop *loop)
{
    return loop->conf.conninfo;
}

const char *loop_redis(const struct loop *loop)
{
    return loop->conf.redis;
}

int64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

uint64_t loop_batches(const struct loop *loop)
{
    return metric_get(&loop->metrics, batches);
}

bool loop_drill(const struct loop *loop)
{
    return loop->site.drill;
}

void loop_watch(struct loop *loop, const struct pg *pg)
{
    loop->watched = pg;
}

const char *loop_text(const struct loop *loop, const char *zh, const char *en)
{
    return strcmp(loop->conf.language, "en") == 0 ? en : zh;
}

/* One file, one table: the kernel's keys and the service's stand side by side in one struct. */
static enum err conf_read(struct loop *loop, struct kernel_conf *kernel, void *own)
{
    const struct service *service = loop->service;
    struct conf_key keys[SERVICE_KEYS_MAX];
    size_t count = KERNEL_CONF_KEY_COUNT, own_at = sizeof(struct kernel_conf);
    must(count + service->conf_key_count <= SERVICE_KEYS_MAX);
    memcpy(keys, KERNEL_CONF_KEYS, sizeof KERNEL_CONF_KEYS);
    own_at = (own_at + 15) & ~(size_t)15;
    for (size_t i = 0; i < service->conf_key_count; i++) {
        keys[count] = service->conf_keys[i];
        keys[count++].offset += own_at;
    }
    char *all = calloc(1, own_at + service->conf_size);
    must(all);
    BUF_OWNED why = {0};
    enum err err = conf_load(keys, count, loop->conf_path, all, own_at + service->conf_size, &why);
    const struct kernel_conf *read = (const struct kernel_conf *)(const void *)all;
    if (err == OK && !keep_check(read, loop->conf_path, &why))
        err = ERR_MALFORMED;
    if (err == OK) {
        memcpy(kernel, all, sizeof *kernel);
        if (service->conf_size)
            memcpy(own, all + own_at, service->conf_size);
    } else {
        log_error("CONF-REFUSED", "why=%s", log_quote(why.data ? why.data : ""));
        fprintf(stderr, "%s\n", why.data ? why.data : "");
    }
    free(all);
    return err;
}

static enum err bus_start(struct loop *loop)
{
    BUF_OWNED why = {0};
    struct keypair pair;
    if (keyfile_load(loop->conf.key, &pair, &why) != OK) {
        log_error("KEY-REFUSED", "why=%s", log_quote(why.data));
        return ERR_FATAL;
    }
    struct bus_config config = {
            .service = loop->ops->service, .credit = (uint32_t)loop->conf.credit};
    gchar **endpoints = g_strsplit(loop->conf.brokers, ";", BUS_BROKERS_MAX);
    for (gchar **it = endpoints; *it; it++)
        if (**it)
            config.endpoints[config.endpoint_count++] = *it;
    memcpy(config.server_key, loop->conf.server_key, sizeof config.server_key);
    memcpy(config.public_key, pair.public_key, sizeof config.public_key);
    memcpy(config.secret_key, pair.secret_key, sizeof config.secret_key);
    enum err err = bus_new(&config, loop->zmq, &loop->bus);
    if (err != OK)
        log_error("BUS-REFUSED", "brokers=%s what=%s", log_quote(loop->conf.brokers),
                log_quote("check [bus] brokers, server_key and key"));
    sodium_memzero(&pair, sizeof pair);
    sodium_memzero(&config, sizeof config);
    g_strfreev(endpoints);
    return err;
}

enum err loop_start(struct loop *loop)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    must(pthread_sigmask(SIG_BLOCK, &signals, NULL) == 0);
    signal(SIGPIPE, SIG_IGN);
    loop->signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    must(loop->signal_fd >= 0 && loop->wake_fd >= 0 && sodium_init() >= 0);
    rng_seed_secure(&loop->rng);
    pthread_mutex_init(&loop->local_lock, NULL);
    loop->local_last = &loop->local_first;
    inbox_init(&loop->inbox);
    loop->ids.service = loop->ops->service;
    loop->now_ms = loop->clock.monotonic_ms(loop->clock.self);
    site_clock_new(loop);
    metric_set(&loop->metrics, turned_ms, loop->now_ms);
    loop->zmq = zmq_ctx_new();
    must(loop->zmq);
    enum err err = bus_start(loop);
    if (err != OK)
        return err;
    loop->outgoing = outgoing_new(loop->bus, &loop->metrics, loop->ops->service);
    err = lanes_new(loop);
    if (err == OK)
        err = tasks_new(loop);
    if (err == OK)
        replica_new(loop);
    if (err == OK)
        err = web_start(loop);
    if (err == OK && loop->service->start)
        err = loop->service->start(loop, loop->service->conf);
    return err;
}

void loop_end(struct loop *loop)
{
    if (loop->service->stop)
        loop->service->stop(loop);
    web_stop(loop);
    lanes_destroy(loop);
    tasks_destroy(loop);
    replica_destroy(loop);
    outgoing_destroy(&loop->outgoing);
    inbox_fini(&loop->inbox);
    bus_destroy(&loop->bus);
    zmq_ctx_term(loop->zmq);
    close(loop->signal_fd);
    close(loop->wake_fd);
}

static void reload(struct loop *loop)
{
    enum log_level level;
    struct kernel_conf kernel;
    void *own = calloc(1, loop->service->conf_size + 1);
    must(own);
    if (conf_read(loop, &kernel, own) != OK) {
        log_warn("CONF-KEPT", "what=%s", log_quote("the old configuration stays in force"));
    } else {
        if (log_level_parse(kernel.log_level, &level))
            log_level_set(level);
        memcpy(loop->conf.language, kernel.language, sizeof kernel.language);
        loop->conf.batch_size = kernel.batch_size;
        loop->conf.data_days = kernel.data_days;
        loop->conf.stream_days = kernel.stream_days;
        loop->conf.command_days = kernel.command_days;
        if (loop->service->reload)
            loop->service->reload(loop, own);
        log_info("CONF-RELOADED", "file=%s", log_quote(loop->conf_path));
    }
    free(own);
}

static void signals_read(struct loop *loop)
{
    struct signalfd_siginfo info;
    while (read(loop->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            reload(loop);
        } else if (!loop->draining) {
            log_info("SERVICE-DRAINS", "signal=%u", info.ssi_signo);
            loop->draining = true;
            loop->drain_until_ms = loop->now_ms + DRAIN_MS;
            bus_drain(loop->bus);
        }
    }
}

static size_t pg_item(zmq_pollitem_t *item, const struct pg *pg)
{
    if (pg_fd(pg) < 0)
        return 0;
    *item = (zmq_pollitem_t){.fd = pg_fd(pg)};
    if (pg_events(pg) & POLLIN)
        item->events = ZMQ_POLLIN;
    if (pg_events(pg) & POLLOUT)
        item->events = (short)(item->events | ZMQ_POLLOUT);
    return 1;
}

static void loop_wait(struct loop *loop)
{
    zmq_pollitem_t items[POLL_ITEMS_MAX];
    const size_t bus_count = bus_poll_items(loop->bus, items, BUS_POLL_ITEMS_MAX);
    size_t count = bus_count;
    for (size_t i = 0; i < loop->lane_count; i++)
        count += pg_item(&items[count], loop->lanes[i].pg);
    count += pg_item(&items[count], loop->aux);
    if (replica_watched(loop))
        count += pg_item(&items[count], replica_watched(loop));
    if (loop->watched)
        count += pg_item(&items[count], loop->watched);
    items[count++] = (zmq_pollitem_t){.fd = loop->signal_fd, .events = ZMQ_POLLIN};
    items[count++] = (zmq_pollitem_t){.fd = loop->wake_fd, .events = ZMQ_POLLIN};
    if (zmq_poll(items, (int)count, loop_patience_ms(loop)) >= 0)
        bus_polled(loop->bus, items, bus_count);
    else if (errno != EINTR)
        must(!"zmq_poll on our own descriptors");
}

static bool drained(const struct loop *loop)
{
    return loop->draining &&
           ((loop->inbox.count == 0 && !lanes_busy(loop) && loop->queries_out == 0) ||
                   loop->now_ms >= loop->drain_until_ms);
}

static void loop_turn(struct loop *loop)
{
    loop->now_ms = loop->clock.monotonic_ms(loop->clock.self);
    metric_set(&loop->metrics, turned_ms, loop->now_ms);
    metric_set(&loop->metrics, bus_up, bus_connected(loop->bus));
    metric_set(&loop->metrics, inbox, loop->inbox.count);
    signals_read(loop);
    bus_turn(loop->bus, loop->now_ms);
    loop_receive(loop);
    loop_local(loop);
    query_turn(loop);
    replica_turn(loop);
    lanes_turn(loop);
    size_t left = loop->inbox.count;
    if (!loop->draining)
        tasks_turn(loop);
    else
        pg_turn(loop->aux, loop->now_ms);
    if (loop->inbox.count > left) /* what the chores found does not wait for the next round */
        lanes_turn(loop);
    outgoing_turn(loop->outgoing, loop->now_ms);
    if (loop->service->turn)
        loop->service->turn(loop);
}

void loop_round(struct loop *loop)
{
    loop_wait(loop);
    loop_turn(loop);
}

static void loop_run(struct loop *loop)
{
    log_info("SERVICE-STARTED", "service=%s instance=%d", loop->ops->schema, loop->instance);
    while (!drained(loop))
        loop_round(loop);
    log_info("SERVICE-ENDED", "left=%zu", loop->inbox.count);
}

int service_main(int argc, char **argv, const struct service *service)
{
    static struct loop loop;
    gchar *conf = NULL;
    gint instance = 1;
    gboolean version = FALSE;
    GOptionEntry entries[] = {
            {"conf", 'c', 0, G_OPTION_ARG_FILENAME, &conf, "configuration file", "FILE"},
            {"instance", 'i', 0, G_OPTION_ARG_INT, &instance, "number of this instance", "N"},
            {"version", 0, 0, G_OPTION_ARG_NONE, &version, "print the version", NULL},
            {NULL, 0, 0, 0, NULL, NULL, NULL}};
    GOptionContext *context = g_option_context_new("- a service of Huying");
    GError *error = NULL;
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc > 1 || instance < 1) {
        fprintf(stderr, "%s\n",
                error ? error->message : "usage: huying-NAME --conf FILE [--instance N from 1]");
        return 2;
    }
    g_option_context_free(context);
    char name[64];
    if (version) {
        snprintf(name, sizeof name, "huying-%s", service->ops->schema);
        version_print(name);
        return 0;
    }
    snprintf(name, sizeof name, "%s-%d", service->ops->schema, instance);
    log_init(name, LOG_INFO);
    loop.service = service;
    loop.ops = service->ops;
    loop.conf_path = conf;
    loop.instance = instance;
    loop.clock = clock_system();
    enum log_level level;
    BUF_OWNED why = {0};
    if (fault_init(name, &why) != OK) {
        fputs(why.data, stderr);
        return 1;
    }
    if (conf_read(&loop, &loop.conf, service->conf) != OK)
        return 1;
    if (!log_level_parse(loop.conf.log_level, &level)) {
        fprintf(stderr, "[log] level: found \"%s\", expected debug, info, warn or error\n",
                loop.conf.log_level);
        return 1;
    }
    log_level_set(level);
    if (loop_start(&loop) != OK)
        return 1;
    loop_run(&loop);
    loop_end(&loop);
    return 0;
}
