/* Codes that people scan, over two instances of intake that are killed all the time: made by
 * huyingctl, then scanned by several at once. Who got no answer asks again with the same key. Each
 * key has one answer in the end, whichever instance gave it; all calls for help by one code are one
 * case; no report is there twice; the card opens with the helper's key, and each opening is on
 * record.
 *
 *   qr [--kills N] [--seed N] */
#include <arpa/inet.h>
#include <inttypes.h>
#include <libgen.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "services/kernel/base/rng.h"
#include "tests/kit/cluster.h"

#define INSTANCES 2
#define PERSONS 3
#define KEYS_EACH 16 /* of calls for help by one code: as many as have room on one case */
#define PLACE_KEYS 40
#define WORKERS 4
#define RACES 12 /* codes that all workers scan at the same instant */
#define PAUSE_MS_MAX 200
#define KEYS (PERSONS * KEYS_EACH + PLACE_KEYS)
#define TEXT_SIZE 4096
#define BASE "http://h/v1/qr/"
#define CARD "{\"name\":\"李秀兰\",\"phone\":\"13987654321\",\"helps\":\"药在床头柜\"}"
#define ROWS                                                                                       \
    "INSERT INTO directory.matter (id, code, category, name_zh, name_en, start_level,"             \
    " handler_kind, clock, accept_min, handle_min, step_up_min, verify_min, urgency) VALUES"       \
    " (2, 'HELP', 'c', '求助', 'Help', 3, 3, 'all', 5, 60, 60, 60, 'emergency');"                \
    "UPDATE directory.site SET version = version + 1"

static struct {
    struct kit_site site;
    char bin[KIT_PATH_SIZE];
    struct kit_process intake[INSTANCES];
    _Atomic int ports[INSTANCES]; /* 0 = away */
    struct rng rng;
    char tokens[PERSONS + 1 + RACES][64]; /* of persons, then of the place, then of races */
    pthread_barrier_t start;
    char helper_key[32];
    int64_t first_person;
    atomic_size_t next;
    atomic_bool killed;
} test;

/* One who scans: what he sends, and the number that he was told. */
static struct scan {
    const char *token, *what;
    char key[32], number[48];
    int status;
    size_t tries, answers;
    pthread_mutex_t lock;
} scans[KEYS];

static int port_of(struct kit_process *process)
{
    const char *line = strstr(kit_log(process), "INTAKE-HTTP-LISTENS");
    const char *port = line ? strstr(line, "port=") : NULL;
    return port ? (int)strtol(port + 5, NULL, 10) : 0;
}

static void intake_start(int i)
{
    int port = 0;
    kit_start(&test.site, "intake", i + 1, &test.intake[i]);
    kit_await(&test.intake[i], 200, "");
    KIT_UNTIL(&test.site, (port = port_of(&test.intake[i])) != 0);
    atomic_store(&test.ports[i], port);
}

static void text_write(const char *name, const char *text)
{
    char path[KIT_PATH_SIZE + 32];
    (void)snprintf(path, sizeof path, "%s/%s", test.site.dir, name);
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0 || chmod(path, 0600) != 0)
        kit_fail(&test.site, "%s: cannot be written", path);
}

static void site_start(char *self)
{
    struct keypair pair;
    char path[KIT_PATH_SIZE], more[2 * KIT_PATH_SIZE], conf[1024];
    (void)snprintf(path, sizeof path, "%.200s", self);
    (void)snprintf(test.bin, sizeof test.bin, "%s", dirname(path));
    kit_site_open(&test.site, test.bin, "intake");
    kit_pg_run(test.site.pg, ROWS);
    kit_redis(&test.site, true);
    kit_key(&test.site, "intake", "intake", "", &pair);
    kit_key(&test.site, "ctl", "client", "act;query;operate", &pair);
    text_write("persons.key", "0101010101010101010101010101010101010101010101010101010101010101\n");
    text_write("card.json", CARD);
    (void)snprintf(more, sizeof more,
            "persons=%s/persons.key\nqr_url=" BASE "\nrate_code=100000\nrate_code_burst=100000\n",
            test.site.dir);
    kit_conf(&test.site, "intake", "intake", more);
    (void)snprintf(path, sizeof path, "%.200s/conf", test.site.dir);
    (void)mkdir(path, 0700);
    (void)snprintf(conf, sizeof conf,
            "[store]\nconninfo=dbname=none\n[bus]\nbrokers=tcp://127.0.0.1:%d\nserver_key=%s\n"
            "key=%s/ctl.key\n[redis]\nsocket=none\n",
            test.site.ports[0], test.site.server.public_key, test.site.dir);
    text_write("conf/ctl.conf", conf);
    kit_broker(&test.site, 0, true);
    for (int i = 0; i < INSTANCES; i++)
        intake_start(i);
}

/* Runs huyingctl qr …; what it printed, in static memory. */
static const char *ctl(const char *arguments)
{
    static char text[TEXT_SIZE];
    char command[TEXT_SIZE];
    (void)snprintf(command, sizeof command, "%s/huyingctl --home %s --lang en -o json qr %s 2>&1",
            test.bin, test.site.dir, arguments);
    FILE *pipe = popen(command, "r");
    size_t size = pipe ? fread(text, 1, sizeof text - 1, pipe) : 0;
    text[size] = 0;
    if (!pipe || pclose(pipe) != 0)
        kit_fail(&test.site, "%s\n%s", arguments, text);
    return text;
}

/* The text behind "name":" in JSON; false: there is none. */
static bool member(const char *json, const char *name, char *ret, size_t room)
{
    char mark[64];
    (void)snprintf(mark, sizeof mark, "\"%s\":", name);
    const char *at = strstr(json, mark);
    if (!at)
        return false;
    at += strlen(mark);
    at += strspn(at, " \"");
    (void)snprintf(ret, room, "%.*s", (int)strcspn(at, "\""), at);
    return true;
}

static void code_make(int i, const char *arguments)
{
    char url[256] = "", id[32] = "";
    const char *json = ctl(arguments);
    if (!member(json, "url", url, sizeof url) || strncmp(url, BASE, strlen(BASE)) != 0)
        kit_fail(&test.site, "%s", json);
    (void)snprintf(test.tokens[i], sizeof test.tokens[i], "%.60s", url + strlen(BASE));
    if (i == 0 && (!member(json, "key", test.helper_key, sizeof test.helper_key) ||
                          !member(json, "id", id, sizeof id)))
        kit_fail(&test.site, "%s", json);
    if (i == 0)
        test.first_person = strtoll(id, NULL, 10);
}

static void codes_make(void)
{
    char arguments[KIT_PATH_SIZE * 2];
    for (int i = 0; i < PERSONS; i++) {
        (void)snprintf(arguments, sizeof arguments,
                "person C%d --matter HELP --helpers W --card %s/card.json", i, test.site.dir);
        code_make(i, arguments);
    }
    for (int i = 0; i < RACES; i++) {
        (void)snprintf(arguments, sizeof arguments,
                "person R%d --matter HELP --helpers W --card %s/card.json", i, test.site.dir);
        code_make(PERSONS + 1 + i, arguments);
    }
    code_make(PERSONS, "place P1 gate --matters M --unit S --at 113.25,23.125");
}

/* One request on a connection of its own; status, 0: no answer. */
static int post(int port,
        const char *token,
        const char *what,
        const char *headers,
        const char *body,
        char text[TEXT_SIZE])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const struct timeval limit = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t got = 0;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    int size = snprintf(text, TEXT_SIZE,
            "POST /v1/qr/%s/%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%s"
            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
            token, what, headers, strlen(body), body);
    bool sent = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                send(fd, text, (size_t)size, MSG_NOSIGNAL) == size;
    while (sent && got < TEXT_SIZE - 1) {
        ssize_t more = read(fd, text + got, TEXT_SIZE - 1 - got);
        if (more <= 0)
            break;
        got += (size_t)more;
    }
    text[got] = 0;
    (void)close(fd);
    return got > 13 ? (int)strtol(text + 9, NULL, 10) : 0;
}

/* Until there is an answer; then it is kept, or compared with the one that was kept. */
static void scan_run(struct scan *scan)
{
    char headers[80], body[80], text[TEXT_SIZE], number[48];
    (void)snprintf(headers, sizeof headers, "Idempotency-Key: %s\r\n", scan->key);
    (void)snprintf(body, sizeof body, "{\"text\":\"%s\"}", scan->key);
    for (int64_t until = kit_now_ms() + 4 * (int64_t)KIT_WAIT_MS; kit_now_ms() < until;) {
        int port = atomic_load(&test.ports[scan->tries++ % INSTANCES]);
        int status = port ? post(port, scan->token, scan->what, headers, body, text) : 0;
        if (status != 200 && status != 201) {
            if (status && status != 503)
                printf("%s: %d %s\n", scan->key, status, text);
            (void)poll(NULL, 0, 5);
            continue;
        }
        if (!member(text, "number", number, sizeof number))
            (void)snprintf(number, sizeof number, "none");
        if (!*scan->number)
            memcpy(scan->number, number, sizeof number);
        scan->answers++;
        if (scan->status >= 0)
            scan->status = strcmp(scan->number, number) == 0 ? status : -1;
        return;
    }
}

static void *worker_run(void *self)
{
    (void)self;
    /* Every round repeats the first, as long as there are kills. */
    for (size_t i;
            (i = atomic_fetch_add(&test.next, 1)) < 2 * KEYS || !atomic_load(&test.killed);) {
        struct scan *scan = &scans[i % KEYS];
        (void)poll(NULL, 0, (int)(i * 13 % PAUSE_MS_MAX));
        (void)pthread_mutex_lock(&scan->lock);
        scan_run(scan);
        (void)pthread_mutex_unlock(&scan->lock);
    }
    return NULL;
}

static int failures;

static void check(int64_t got, int64_t wanted, const char *what)
{
    if (got == wanted)
        return;
    printf("FAIL %s: %" PRId64 ", expected %" PRId64 "\n", what, got, wanted);
    failures++;
}

static int64_t count(const char *sql)
{
    return kit_pg_int(test.site.pg, sql);
}

/* Calls by each code in turn, together with the other workers. */
static void *racer_run(void *self)
{
    const int worker = (int)(intptr_t)self;
    char headers[80], text[TEXT_SIZE];
    (void)snprintf(headers, sizeof headers, "Idempotency-Key: race-%d\r\n", worker);
    for (int i = 0; i < RACES; i++) {
        (void)pthread_barrier_wait(&test.start);
        int status = post(atomic_load(&test.ports[worker % INSTANCES]),
                test.tokens[PERSONS + 1 + i], "help", headers, "{}", text);
        if (status != 200 && status != 201)
            printf("race %d: %d %s\n", i, status, text);
    }
    return NULL;
}

static void races_run(void)
{
    pthread_t workers[WORKERS];
    (void)pthread_barrier_init(&test.start, NULL, WORKERS);
    for (size_t i = 0; i < WORKERS; i++)
        if (pthread_create(&workers[i], NULL, racer_run, (void *)(intptr_t)i) != 0)
            kit_fail(&test.site, "no thread");
    for (size_t i = 0; i < WORKERS; i++)
        (void)pthread_join(workers[i], NULL);
    check(count("SELECT count(*) FROM intake.report WHERE state = 1 AND matter = 2"), RACES,
            "cases of calls at the same instant");
    check(count("SELECT count(*) FROM intake.history WHERE kind = 7"), RACES * (WORKERS - 1),
            "calls that joined at the same instant");
}

static void scans_prepare(void)
{
    for (size_t i = 0; i < KEYS; i++) {
        size_t code = i < PERSONS * KEYS_EACH ? i % PERSONS : PERSONS;
        scans[i] = (struct scan){.token = test.tokens[code],
                .what = code < PERSONS ? "help" : "reports",
                .tries = i,
                .lock = PTHREAD_MUTEX_INITIALIZER};
        (void)snprintf(scans[i].key, sizeof scans[i].key, "key-%zu", i);
    }
}

static void kills_make(size_t count)
{
    pthread_t workers[WORKERS];
    for (size_t i = 0; i < WORKERS; i++)
        if (pthread_create(&workers[i], NULL, worker_run, NULL) != 0)
            kit_fail(&test.site, "no thread");
    for (size_t i = 0; i < count; i++) {
        int at = (int)(i % INSTANCES);
        (void)poll(NULL, 0, (int)rng_below(&test.rng, 120));
        atomic_store(&test.ports[at], 0);
        kit_kill(&test.intake[at]);
        intake_start(at);
    }
    atomic_store(&test.killed, true);
    for (size_t i = 0; i < WORKERS; i++)
        (void)pthread_join(workers[i], NULL);
}

static void scans_check(void)
{
    size_t tries = 0, answers = 0;
    for (size_t i = 0; i < KEYS; i++) {
        tries += scans[i].tries - i;
        answers += scans[i].answers;
        check(scans[i].status, 200, scans[i].key); /* of the repetition */
        if (i < PERSONS * KEYS_EACH)
            check(strcmp(scans[i].number, scans[i % PERSONS].number), 0, "one case for a code");
    }
    printf("%d keys, %zu requests, %zu answers\n", (int)KEYS, tries, answers);
    check(tries > answers, 1, "requests that lost their instance");
    check(count("SELECT count(*) FROM intake.report WHERE state = 1 AND matter = 2"),
            PERSONS + RACES, "cases of calls for help");
    check(count("SELECT count(*) FROM intake.report WHERE state = 1 AND matter = 1"), PLACE_KEYS,
            "reports at the place");
    check(count("SELECT count(*) FROM intake.ticket WHERE source LIKE 'qr:%'"),
            KEYS + RACES * WORKERS, "tickets");
    check(count("SELECT count(*) FROM intake.history WHERE kind = 7"),
            PERSONS * (KEYS_EACH - 1) + RACES * (WORKERS - 1), "calls that joined");
}

static void card_check(void)
{
    char headers[80], text[TEXT_SIZE], sql[128];
    (void)snprintf(headers, sizeof headers, "Huying-Helper: W %s\r\n", test.helper_key);
    for (int i = 0; i < INSTANCES; i++) {
        int status =
                post(test.ports[i], test.tokens[0], "card", headers, "{\"why\":\"a visit\"}", text);
        check(status, 200, "card");
        check(strstr(text, "李秀兰") && strstr(text, "床头柜"), 1, "what is on it");
    }
    check(post(test.ports[0], test.tokens[1], "card", headers, "{\"why\":\"a visit\"}", text), 403,
            "another's card");
    (void)snprintf(sql, sizeof sql,
            "SELECT count(*) FROM intake.history WHERE kind = 8 AND agg = %" PRId64
            " AND actor = 'W'",
            test.first_person);
    check(count(sql), INSTANCES, "openings on record");
}

static void ctl_check(void)
{
    char arguments[KIT_PATH_SIZE * 2], path[KIT_PATH_SIZE + 16], id[32], text[TEXT_SIZE];
    struct stat sticker;
    (void)snprintf(id, sizeof id, "%" PRId64, test.first_person);
    (void)snprintf(path, sizeof path, "%s/s.svg", test.site.dir);
    (void)snprintf(arguments, sizeof arguments, "print %s --to %s", id, path);
    check(strstr(ctl(arguments), test.tokens[0]) != NULL, 1, "printed");
    check(stat(path, &sticker) == 0 && sticker.st_size > 1000, 1, "sticker");
    check(strstr(ctl("list"), test.tokens[PERSONS]) != NULL, 1, "listed");
    (void)snprintf(arguments, sizeof arguments, "withdraw %s", id);
    (void)ctl(arguments);
    check(post(test.ports[1], test.tokens[0], "help", "Idempotency-Key: late\r\n", "{}", text), 410,
            "withdrawn");
    check(strstr(ctl("list"), id) == NULL, 1, "no longer listed");
    check(strstr(ctl("list --all"), id) != NULL, 1, "listed with all");
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
    codes_make();
    races_run();
    scans_prepare();
    kills_make(option(argc, argv, "--kills", 20));
    scans_check();
    card_check();
    ctl_check();
    kit_site_close(&test.site, failures > 0);
    printf("%s (seed %zu)\n", failures ? "FAILED" : "passed", seed);
    return failures > 0;
}
