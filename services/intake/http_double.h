/* For the tests of HTTP: a stand-in for the loop and the store behind it (one report per ticket),
 * the server under test, and raw sockets. Included by one test program each. */
#ifndef HUYING_INTAKE_HTTP_DOUBLE_H
#define HUYING_INTAKE_HTTP_DOUBLE_H

#include "services/intake/http.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <sys/socket.h>
#include "services/intake/codec.h"
#include "services/intake/follow_keys.h"
#include "services/intake/intake.h"
#include "services/intake/open311.h"
#include "services/intake/person.h"
#include "services/intake/qr.h"
#include "services/intake/tokens.h"
#include "services/kernel/base/pure_id.h"

#define NOW INT64_C(1514764800000)
#define HELD_MAX 64
#define ANSWER_SIZE 200000
#define DEADLINE_MS 20000
#define GOOD "{\"matter\":\"LIGHT\",\"text\":\"dark\",\"unit_codes\":[\"D\",\"A\"]}"
#define HEAD "POST /v1/reports HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"

static const struct unit units[] = {
        {.id = 1,
                .code = "D",
                .name_zh = "",
                .name_en = "",
                .level = LEVEL_DISTRICT,
                .kind = "district",
                .capabilities = ""},
        {.id = 5,
                .parent = 1,
                .code = "A",
                .name_zh = "甲",
                .name_en = "Alpha",
                .level = LEVEL_STREET,
                .kind = "street",
                .capabilities = ""},
};
static const struct matter matters[] = {
        {.id = 7,
                .code = "LIGHT",
                .name_zh = "",
                .name_en = "",
                .category = "",
                .handler_code = {"", "", "", "", ""},
                .squad_capability = ""},
};

/* What has happened to every report. */
static const struct past_step past_double[] = {
        {STEP_ACCEPT, NOW}, {STEP_OUTCOME_TAKEN, NOW + 1}, {STEP_URGE, NOW + 1000}};

enum mode { ANSWER, HOLD, FAIL };

/* The stand-in for loop and store: one report per ticket. */
static struct {
    pthread_mutex_t lock;
    enum mode mode;
    struct report reports[HELD_MAX];
    size_t report_count;
    struct local_command held[HELD_MAX];
    size_t held_count;
    size_t asked, queried; /* by commands, by queries */
    /* What Open311 asked for last, in `words`, and what it is answered. */
    struct requests_query requests;
    struct arena words;
    const struct request *listed;
    size_t listed_count;
    char listed_text[600]; /* of the last report that is shown: what anybody may see of it */
    char handlers_text[2000];
    char caller_text[600]; /* of the last report: name, phone, email, device, account; "" = none */
    size_t codes_given, photos_given; /* with the last report */
    double longitude, latitude;
    bool wants_progress;
    char last_code[65];
    int64_t reported_ms;
    struct qr_code code;   /* the one that there is; id 0 = none */
    /* What a command is answered that is neither a report nor a withdrawal. NULL: as those. */
    enum verdict (*other)(const struct local_command *command, struct buf *out);
    uint32_t told;         /* type of the last command that was no submission */
    int64_t told_agg;
} loop_double = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct directory *directory;
static struct clock_manual manual = {NOW, 1000000};
static struct http *http;

static inline struct bytes bytes_of(const struct buf *buf)
{
    return (struct bytes){(const uint8_t *)buf->data, buf->size};
}

static inline enum verdict report_take(
        const struct submission *submission, const char *peer, struct report **ret)
{
    for (size_t i = 0; i < loop_double.report_count; i++) {
        struct report *report = &loop_double.reports[i];
        if (strcmp(report->ref, submission->ticket) != 0 || strcmp(report->source, peer) != 0)
            continue;
        *ret = report;
        return memcmp(report->digest, submission->digest, DIGEST_SIZE) ? VERDICT_REFUSED
                                                                       : VERDICT_DUPLICATE;
    }
    struct report *report = &loop_double.reports[loop_double.report_count++];
    *report = (struct report){
            .base = {.id = id_make(1, SERVICE_INTAKE, (int64_t)loop_double.report_count), .ver = 1},
            .state = REPORT_ACCEPTED,
            .placed = PLACED_CODES,
            .unit = 5,
            .matter = 7,
            .accepted_ms = NOW,
            .promised_ms = submission->promised_ms,
            .outcome_text = ""};
    memcpy(report->digest, submission->digest, DIGEST_SIZE);
    (void)snprintf(report->source, sizeof report->source, "%s", peer);
    (void)snprintf(report->ref, sizeof report->ref, "%s", submission->ticket);
    *ret = report;
    return VERDICT_APPLIED;
}

/* Withdrawals and follow-ups are taken. */
static inline void told_answer(const struct local_command *command)
{
    BUF_OWNED out = {0};
    const struct withdrawal body = {.ticket = "", .reason = ""};
    const struct input input = {
            .kind = INPUT_COMMAND, .type = INTAKE_WITHDRAW, .body = &body};
    loop_double.told = command->type;
    assert_true(command->agg == 0 || *command->request_id); /* the kernel wants one */
    loop_double.told_agg = command->agg;
    report_answer(&loop_double.reports[0], &input, &(struct outcome){0},
            &(struct world){.directory = directory}, &out);
    struct envelope reply = {.payload = bytes_of(&out), .text = ""};
    command->done(command->self, &reply);
}

static inline void listed_keep(const struct submission *submission)
{
    const struct listed *listed = submission->listed;
    loop_double.reported_ms = submission->reported_ms;
    loop_double.codes_given = submission->unit_code_count;
    loop_double.photos_given = submission->photo_count;
    loop_double.longitude = submission->longitude;
    loop_double.latitude = submission->latitude;
    loop_double.wants_progress = submission->wants_progress;
    (void)snprintf(loop_double.last_code, sizeof loop_double.last_code, "%s",
            submission->unit_code_count
                    ? submission->unit_codes[submission->unit_code_count - 1]
                    : "");
    (void)snprintf(loop_double.handlers_text, sizeof loop_double.handlers_text, "%s",
            submission->text);
    const struct person *caller = submission->caller;
    loop_double.caller_text[0] = 0;
    if (caller)
        (void)snprintf(loop_double.caller_text, sizeof loop_double.caller_text, "%s|%s|%s|%s|%s",
                caller->name, caller->phone, caller->email, caller->device_id, caller->account_id);
    if (listed)
        (void)snprintf(loop_double.listed_text, sizeof loop_double.listed_text,
                "%s|%s|%s|%s|%s|%s|%d %d", listed->jurisdiction, listed->service,
                listed->description, listed->address, listed->address_id, listed->media_url,
                listed->spot.north, listed->spot.east);
}

static inline void other_answer(const struct local_command *command)
{
    BUF_OWNED out = {0};
    enum verdict verdict = loop_double.other(command, &out);
    struct envelope reply = {.verdict = verdict, .payload = bytes_of(&out), .text = ""};
    command->done(command->self, &reply);
}

static inline void command_answer(const struct local_command *command)
{
    struct arena arena;
    const void *body = NULL;
    const char *why = NULL;
    struct report *report = NULL;
    BUF_OWNED out = {0};
    arena_init(&arena, 1 << 20);
    assert_int_equal(submission_decode(command->payload, &arena, &body, &why), OK);
    const struct submission *submission = body;
    struct outcome outcome = {0};
    listed_keep(submission);
    if (submission->settled && !command->actor[0]) {
        outcome_refuse(&outcome, REASON_NOT_WORKER);
    } else if (submission->settled && !submission->evidence_count) {
        outcome_refuse_about(
                &outcome, REASON_EVIDENCE, evidence_pack((struct evidence){EVIDENCE_PHOTO, 2}));
    } else if (strcmp(submission->matter, "LIGHT") == 0) {
        outcome.verdict = report_take(submission, command->peer, &report);
        outcome.reason = outcome.verdict == VERDICT_REFUSED ? REASON_TICKET_REUSED : 0;
    } else {
        report = &loop_double.reports[HELD_MAX - 1];
        outcome = (struct outcome){.verdict = VERDICT_REFUSED, .reason = REASON_UNKNOWN_MATTER};
    }
    struct input input = {.kind = INPUT_COMMAND, .type = INTAKE_SUBMIT, .body = body};
    (void)snprintf(input.peer, sizeof input.peer, "%s", command->peer);
    if (strcmp(submission->ticket, "gone") == 0) /* the kernel answers for what has lost its data */
        outcome.verdict = VERDICT_NOT_FOUND;
    else
        report_answer(report, &input, &outcome, &(struct world){.directory = directory}, &out);
    struct envelope reply = {.verdict = outcome.verdict, .payload = bytes_of(&out), .text = ""};
    command->done(command->self, &reply);
    arena_fini(&arena);
}

static inline enum err command_double(void *self, const struct local_command *command)
{
    (void)self;
    enum err err = OK;
    (void)pthread_mutex_lock(&loop_double.lock);
    loop_double.asked++;
    if (loop_double.mode == ANSWER && command->type != INTAKE_SUBMIT && loop_double.other)
        other_answer(command);
    else if (loop_double.mode == ANSWER && command->type != INTAKE_SUBMIT)
        told_answer(command);
    else if (loop_double.mode == ANSWER)
        command_answer(command);
    else if (loop_double.mode == HOLD)
        loop_double.held[loop_double.held_count++] = *command;
    else
        err = ERR_LIMIT;
    (void)pthread_mutex_unlock(&loop_double.lock);
    return err;
}

/* Of the rows so many as were asked for, from there on, as many as a message holds. */
static inline enum err requests_double(const struct local_command *query)
{
    const char *why = NULL;
    BUF_OWNED out = {0};
    struct requests_query *asked = &loop_double.requests;
    (void)pthread_mutex_lock(&loop_double.lock);
    loop_double.queried++;
    assert_int_equal(requests_query_decode(query->payload, &loop_double.words, asked, &why), OK);
    size_t from = asked->offset < loop_double.listed_count ? asked->offset
                                                           : loop_double.listed_count;
    size_t count = loop_double.listed_count - from;
    requests_encode(loop_double.listed + from, count < asked->limit ? count : asked->limit, &out);
    (void)pthread_mutex_unlock(&loop_double.lock);
    struct envelope reply = {.payload = bytes_of(&out), .text = ""};
    query->done(query->self, &reply);
    return OK;
}

static inline enum err codes_double(const struct local_command *query)
{
    const char *why = NULL;
    struct qr_query asked;
    struct arena arena;
    BUF_OWNED out = {0};
    arena_init(&arena, 1 << 20);
    (void)pthread_mutex_lock(&loop_double.lock);
    loop_double.queried++;
    assert_int_equal(qr_query_decode(query->payload, &arena, &asked, &why), OK);
    qr_codes_encode(&loop_double.code, loop_double.code.id >= asked.from, &out);
    (void)pthread_mutex_unlock(&loop_double.lock);
    struct envelope reply = {.payload = bytes_of(&out), .text = ""};
    query->done(query->self, &reply);
    arena_fini(&arena);
    return OK;
}

static inline enum err query_double(void *self, const struct local_command *query)
{
    (void)self;
    if (query->type == INTAKE_REQUESTS)
        return requests_double(query);
    if (query->type == INTAKE_QR_CODES)
        return codes_double(query);
    struct arena arena;
    int64_t id = 0;
    const char *why = NULL;
    BUF_OWNED out = {0};
    arena_init(&arena, 1 << 20);
    assert_int_equal(report_query_decode(query->payload, directory, &arena, &id, &why), OK);
    (void)pthread_mutex_lock(&loop_double.lock);
    loop_double.queried++;
    for (size_t i = 0; i < loop_double.report_count; i++) {
        if (loop_double.reports[i].base.id == id && query->type == INTAKE_FOLLOW)
            report_follow_encode(&loop_double.reports[i], past_double, 3, directory, &out);
        else if (loop_double.reports[i].base.id == id)
            report_view_encode(&loop_double.reports[i], NULL, 0, directory, &out);
    }
    (void)pthread_mutex_unlock(&loop_double.lock);
    struct envelope reply = {.payload = bytes_of(&out), .text = ""};
    query->done(query->self, &reply);
    arena_fini(&arena);
    return OK;
}

static const struct directory *directory_double(void *self)
{
    (void)self;
    return directory;
}

static inline void server_start(struct follow_keys *follow)
{
    BUF_OWNED why = {0};
    const struct http_config config = {.host = "127.0.0.1",
            .language = "zh",
            .backend = {NULL, command_double, query_double, directory_double},
            .clock = clock_manual(&manual),
            .files = {[FILE_FOLLOW] = follow}};
    loop_double.mode = ANSWER;
    loop_double.report_count = loop_double.held_count = loop_double.asked = 0;
    loop_double.queried = loop_double.listed_count = 0;
    loop_double.told = 0;
    loop_double.code.id = 0;
    loop_double.other = NULL;
    arena_init(&loop_double.words, 1 << 20);
    assert_int_equal(http_new(&config, &http, &why), OK);
}

static inline int server_setup(void **state)
{
    (void)state;
    server_start(NULL);
    return 0;
}

static inline int server_teardown(void **state)
{
    (void)state;
    http_destroy(&http);
    arena_fini(&loop_double.words);
    return 0;
}

static inline int group_setup(void **state)
{
    (void)state;
    directory = directory_build(&(struct directory_rows){.version = 9,
            .site = 1,
            .utc_offset_s = 28800,
            .site_letters = "TT",
            .units = units,
            .unit_count = 2,
            .matters = matters,
            .matter_count = 1});
    return sodium_init() < 0;
}

static inline int group_teardown(void **state)
{
    (void)state;
    directory_destroy(&directory);
    return 0;
}

static inline int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
            .sin_port = htons(http_port(http)),
            .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval limit = {.tv_sec = DEADLINE_MS / 1000};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static inline void say(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size) {
        ssize_t sent = TEMP_FAILURE_RETRY(send(fd, at, size, MSG_NOSIGNAL));
        if (sent <= 0)
            return; /* refused and closed before all was read: the answer is what counts */
        at += sent;
        size -= (size_t)sent;
    }
}

/* A whole response, by its Content-Length; what is there when the connection ends. */
static inline size_t hear(int fd, char *answer)
{
    size_t size = 0;
    for (;;) {
        ssize_t got =
                TEMP_FAILURE_RETRY(recv(fd, answer + size, ANSWER_SIZE - 1 - size, 0));
        if (got <= 0) /* a child of the test's may have ended: its signal is no end of the answer */
            break;
        size += (size_t)got;
        answer[size] = 0;
        const char *end = strstr(answer, "\r\n\r\n");
        const char *length = strstr(answer, "Content-Length: ");
        if (end && length && size >= (size_t)(end + 4 - answer) + strtoul(length + 16, NULL, 10))
            break;
    }
    answer[size] = 0;
    return size;
}

static char answer[ANSWER_SIZE];

static inline int status_of(const char *text)
{
    return strncmp(text, "HTTP/1.1 ", 9) == 0 ? (int)strtol(text + 9, NULL, 10) : 0;
}

static inline int exchange(const void *request, size_t size)
{
    int fd = dial();
    say(fd, request, size);
    (void)hear(fd, answer);
    (void)close(fd);
    return status_of(answer);
}

/* POST with further header lines and a body of `size` bytes. */
static inline int post(const char *headers, const char *body, size_t size)
{
    BUF_OWNED request = {0};
    buf_add_format(&request, HEAD "%sContent-Length: %zu\r\n\r\n", headers, size);
    buf_add(&request, body, size);
    return exchange(request.data, request.size);
}

static inline int get(const char *path, const char *headers)
{
    BUF_OWNED request = {0};
    buf_add_format(&request, "GET %s HTTP/1.1\r\nHost: h\r\n%s\r\n", path, headers);
    return exchange(request.data, request.size);
}

static inline void expect(const char *what, int status, int expected, const char *part)
{
    if (status != expected || (part && !strstr(answer, part)))
        fail_msg("%s: %d, expected %d with %s\n%s", what, status, expected, part ? part : "",
                answer);
}

#define KEY(key) "Idempotency-Key: " key "\r\n"
#define BEARER(token) "Authorization: Bearer " token "\r\n"

/* A file with the tokens "secret-a" and "secret-b". */
static inline struct tokens *tokens_make(void)
{
    char path[] = "/tmp/huying-tokens-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    const char *names[] = {"a", "b"};
    for (int i = 0; i < 2; i++) {
        unsigned char hash[32];
        char text[16], hex[65];
        int size = snprintf(text, sizeof text, "secret-%s", names[i]);
        crypto_hash_sha256(hash, (const unsigned char *)text, (unsigned long long)size);
        fprintf(file, "%s:%s\n", names[i], sodium_bin2hex(hex, sizeof hex, hash, sizeof hash));
    }
    assert_int_equal(fclose(file), 0);
    struct tokens *tokens = NULL;
    BUF_OWNED why = {0};
    assert_int_equal(tokens_load(path, &tokens, &why), OK);
    (void)unlink(path);
    return tokens;
}

#endif
