/* The limits of HTTP while Redis is emptied, killed and stopped, over two instances of intake. One
 * source asks half as often as it may, alternately of both, and is never refused; another one asks
 * as often as it can, of both at once, and gets at most what two instances that count alone would
 * let through. After each fault the counters of reports in Redis are right again within five
 * seconds; after the last one both instances count together. No report is lost or there twice.
 *
 *   limits [--faults N] [--seed N]
 *
 * A hundred faults unless told; prints a line for each kind, and the sources'. */
#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <libgen.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "services/kernel/base/rng.h"
#include "tests/kit/cluster.h"

#define INSTANCES 2
#define PER_S 40
#define BURST 80
#define STEADY_MS 50       /* half of what it may */
#define RIGHT_MS_MAX 5000  /* GOALS: counters right again */
#define REFUSED_PAUSE_MS 5 /* of who floods */
#define BODY "{\"matter\":\"M\",\"text\":\"路灯不亮\",\"unit_codes\":[\"D\",\"S\"]}"

#define FAULT_TABLE(X) X(EMPTY, "emptied") X(KILL, "killed") X(STOP, "stopped")
enum fault {
#define X(name, word) name,
    FAULT_TABLE(X)
#undef X
            FAULTS
};
static const char *const words[] = {
#define X(name, word) word,
        FAULT_TABLE(X)
#undef X
};

static struct {
    struct kit_site site;
    struct kit_process intake[INSTANCES];
    int ports[INSTANCES];
    struct rng rng;
    size_t counts[FAULTS];
    int64_t longest_ms[FAULTS]; /* until the counters were right again */
    atomic_bool stop;
} test;

/* One pusher: its token and what it was answered. */
static struct source {
    const char *name;
    int instance; /* -1: both in turn */
    int pause_ms;
    pthread_t thread;
    size_t asked, created, limited, others;
} sources[] = {{.name = "steady", .instance = -1, .pause_ms = STEADY_MS},
        {.name = "flood", .instance = 0}, {.name = "flood", .instance = 1}};
#define SOURCES (sizeof sources / sizeof *sources)

static void tokens_write(const char *const names[], size_t count, const char *path)
{
    FILE *file = fopen(path, "w");
    for (size_t i = 0; file && i < count; i++) {
        unsigned char hash[crypto_hash_sha256_BYTES];
        char hex[2 * sizeof hash + 1];
        (void)crypto_hash_sha256(hash, (const unsigned char *)names[i], strlen(names[i]));
        (void)sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
        (void)fprintf(file, "%s:%s\n", names[i], hex);
    }
    if (!file || fclose(file) != 0)
        kit_fail(&test.site, "%s: cannot be written", path);
}

static int port_of(struct kit_process *process)
{
    const char *line = strstr(kit_log(process), "INTAKE-HTTP-LISTENS"), *port = NULL;
    if (line)
        port = strstr(line, "port=");
    return port ? (int)strtol(port + 5, NULL, 10) : 0;
}

static void site_start(char *self)
{
    static const char *const names[] = {"steady", "flood", "pair"};
    struct keypair pair;
    char path[KIT_PATH_SIZE], more[KIT_PATH_SIZE + 200];
    (void)snprintf(path, sizeof path, "%.200s", self);
    kit_site_open(&test.site, dirname(path), "intake");
    kit_redis(&test.site, true);
    kit_key(&test.site, "intake", "intake", "", &pair);
    (void)snprintf(path, sizeof path, "%.200s/tokens", test.site.dir);
    tokens_write(names, sizeof names / sizeof *names, path);
    (void)snprintf(more, sizeof more, "[intake]\ntokens=%s\nrate_source=%d\nrate_source_burst=%d\n",
            path, PER_S, BURST);
    kit_conf(&test.site, "intake", "intake", more);
    kit_broker(&test.site, 0, true);
    kit_broker(&test.site, 1, true);
    for (int i = 0; i < INSTANCES; i++)
        kit_start(&test.site, "intake", i + 1, &test.intake[i]);
    for (int i = 0; i < INSTANCES; i++) {
        kit_await(&test.intake[i], 200, "");
        KIT_UNTIL(&test.site, (test.ports[i] = port_of(&test.intake[i])) != 0);
        KIT_UNTIL(&test.site, kit_metric(&test.intake[i], "http_rate_shared") == 1);
    }
}

/* POST of one report on a connection of its own; the status, 0: no answer. */
static int report_post(int port, const char *token, const char *key)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    char text[1024] = "";
    int status = 0, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int size = snprintf(text, sizeof text,
            "POST /v1/reports HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer "
            "%s\r\nIdempotency-Key: %s\r\nContent-Type: application/json\r\nContent-Length: "
            "%zu\r\n\r\n%s",
            token, key, strlen(BODY), BODY);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
            write(fd, text, (size_t)size) == size && read(fd, text, 13) == 13)
        status = (int)strtol(text + 9, NULL, 10);
    while (read(fd, text, sizeof text) > 0)
        continue;
    (void)close(fd);
    return status;
}

/* Where its own `index` goes, and what came back. */
static int source_ask(struct source *source)
{
    char key[64];
    int instance = source->instance < 0 ? (int)(source->asked % INSTANCES) : source->instance;
    (void)snprintf(key, sizeof key, "%s-%d-%zu", source->name, source->instance, source->asked++);
    int status = report_post(test.ports[instance], source->name, key);
    source->created += status == 201;
    source->limited += status == 429;
    source->others += status != 201 && status != 429;
    return status;
}

static void *source_run(void *self)
{
    struct source *source = self;
    while (!atomic_load(&test.stop)) {
        int status = source_ask(source), pause_ms = source->pause_ms;
        if (!pause_ms && status == 429)
            pause_ms = REFUSED_PAUSE_MS;
        if (pause_ms)
            (void)poll(NULL, 0, pause_ms);
    }
    return NULL;
}

/* A number that Redis has, -1: it is away, or has none. */
static int64_t redis_number(const char *command)
{
    char path[KIT_PATH_SIZE + 16];
    const struct timeval timeout = {1, 0};
    int64_t number = -1;
    (void)snprintf(path, sizeof path, "%s/redis.sock", test.site.dir);
    redisContext *redis = redisConnectUnixWithTimeout(path, timeout);
    if (redis && !redis->err && redisSetTimeout(redis, timeout) == REDIS_OK) {
        redisReply *reply = redisCommand(redis, command);
        if (reply && reply->type == REDIS_REPLY_STRING)
            number = strtoll(reply->str, NULL, 10);
        else if (reply && reply->type == REDIS_REPLY_STATUS)
            number = 0;
        freeReplyObject(reply);
    }
    if (redis)
        redisFree(redis);
    return number;
}

static void fault_make(enum fault fault)
{
    int away_ms = 50 + (int)rng_below(&test.rng, 400);
    if (fault == EMPTY) {
        if (redis_number("FLUSHALL") != 0)
            kit_fail(&test.site, "Redis cannot be emptied");
    } else if (fault == KILL) {
        kit_redis(&test.site, false);
        (void)poll(NULL, 0, away_ms);
        kit_redis(&test.site, true);
    } else {
        (void)kill(test.site.redis, SIGSTOP);
        (void)poll(NULL, 0, away_ms);
        (void)kill(test.site.redis, SIGCONT);
    }
}

/* All that was accepted until now is counted in Redis; how long that took. */
static int64_t counters_await(void)
{
    int64_t from_ms = kit_now_ms();
    int64_t wanted = kit_pg_int(test.site.pg, "SELECT count(*) FROM intake.report");
    while (redis_number("HGET huying:1:intake:reports_accepted all") < wanted) {
        if (kit_now_ms() - from_ms > RIGHT_MS_MAX)
            kit_fail(&test.site, "counters not right again within %d ms", RIGHT_MS_MAX);
        (void)poll(NULL, 0, 20);
    }
    return kit_now_ms() - from_ms;
}

static void faults_make(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum fault fault = (enum fault)(i % FAULTS);
        fault_make(fault);
        int64_t took_ms = counters_await();
        test.counts[fault]++;
        if (took_ms > test.longest_ms[fault])
            test.longest_ms[fault] = took_ms;
        (void)poll(NULL, 0, (int)rng_below(&test.rng, 300));
    }
}

static int failures;

static void check(bool holds, const char *what, int64_t got, int64_t wanted)
{
    if (holds)
        return;
    printf("FAIL %s: %" PRId64 ", expected %" PRId64 "\n", what, got, wanted);
    failures++;
}

/* A source that was not there before: half of its burst from one instance, then all that the other
 * one lets through. */
static void together_check(void)
{
    struct source pair = {.name = "pair"};
    int64_t from_ms = kit_now_ms();
    for (int i = 0; i < INSTANCES; i++)
        KIT_UNTIL(&test.site, kit_metric(&test.intake[i], "http_rate_shared") == 1);
    for (int i = 0; i < BURST / 2; i++)
        (void)source_ask(&pair);
    pair.instance = 1;
    while (pair.limited == 0 && pair.others == 0)
        (void)source_ask(&pair);
    int64_t most = BURST + (kit_now_ms() - from_ms) * PER_S / 1000 + 2;
    check((int64_t)pair.created <= most && pair.created >= BURST, "both instances together",
            (int64_t)pair.created, most);
    check(pair.others == 0, "answers of another kind", (int64_t)pair.others, 0);
    sources[0].created += pair.created;
}

static void sources_check(int64_t took_ms)
{
    const struct source *steady = &sources[0];
    int64_t flood = (int64_t)(sources[1].created + sources[2].created);
    int64_t most = INSTANCES * (BURST + took_ms * PER_S / 1000) + 2 * INSTANCES;
    printf("steady: %zu reports, %zu refused; flood: %" PRId64 " taken of %zu, at most %" PRId64
           " by two alone\n",
            steady->asked, steady->limited, flood, sources[1].asked + sources[2].asked, most);
    check(steady->limited == 0, "refused within the limit", (int64_t)steady->limited, 0);
    check(flood <= most, "let through", flood, most);
    check(sources[1].limited + sources[2].limited > 0, "refused beyond the limit", 0, 1);
    for (size_t i = 0; i < SOURCES; i++)
        check(sources[i].others == 0, "answers of another kind", (int64_t)sources[i].others, 0);
}

static void tables_check(void)
{
    int64_t created = 0;
    for (size_t i = 0; i < SOURCES; i++)
        created += (int64_t)sources[i].created;
    int64_t reports = kit_pg_int(test.site.pg, "SELECT count(*) FROM intake.report WHERE ver > 0");
    check(reports == created, "reports", reports, created);
    (void)counters_await();
    int64_t counted = redis_number("HGET huying:1:intake:reports_accepted all");
    check(counted == reports, "counted in Redis", counted, reports);
}

static void log_check(void)
{
    for (int i = 0; i < INSTANCES; i++) {
        const char *log = kit_log(&test.intake[i]);
        check(strstr(log, "WARN  INTAKE-RATE-ALONE") != NULL, "INTAKE-RATE-ALONE", 0, 1);
        check(strstr(log, "INFO  INTAKE-RATE-SHARED") != NULL, "INTAKE-RATE-SHARED", 0, 1);
    }
}

static size_t option(int argc, char **argv, const char *name, size_t preset)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return strtoul(argv[i + 1], NULL, 10);
    return preset;
}

int main(int argc, char **argv)
{
    size_t seed = option(argc, argv, "--seed", 1);
    rng_seed(&test.rng, seed);
    site_start(argv[0]);
    int64_t began_ms = kit_now_ms();
    for (size_t i = 0; i < SOURCES; i++)
        if (pthread_create(&sources[i].thread, NULL, source_run, &sources[i]) != 0)
            kit_fail(&test.site, "no thread");
    faults_make(option(argc, argv, "--faults", 100));
    atomic_store(&test.stop, true);
    for (size_t i = 0; i < SOURCES; i++)
        (void)pthread_join(sources[i].thread, NULL);
    for (int i = 0; i < FAULTS; i++)
        printf("%s %zu times, counters right again after %" PRId64 " ms at most\n", words[i],
                test.counts[i], test.longest_ms[i]);
    sources_check(kit_now_ms() - began_ms);
    together_check();
    tables_check();
    log_check();
    kit_site_close(&test.site, failures > 0);
    printf("%s (seed %zu)\n", failures ? "FAILED" : "passed", seed);
    return failures > 0;
}
