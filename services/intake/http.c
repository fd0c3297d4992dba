/* See http.h. A request is a struct call: made at its header, fed its body, asked of the loop,
 * answered, freed when its connection is done with it and the loop too. Stages change under http's
 * lock; MHD's suspend and resume are called once each per call, by whoever changed the stage. */
#include "services/intake/http.h"
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include "services/intake/call.h"
#include "services/kernel/base/must.h"

#define CONNECTION_MEMORY (96 << 10) /* of one connection, libmicrohttpd's: headers and upload */
#define DISCARD_SIZE_MAX (1 << 20)   /* of a body that was refused already; then the line is cut */

/* An open connection, and since when it owes us a whole request; 0 while we owe it an answer. */
struct line {
    int socket;
    int64_t since_ms;
    struct line *previous, *next;
};

struct http {
    struct http_config config;
    struct MHD_Daemon *daemon;
    pthread_mutex_t lock;           /* for all below, and the stages of calls */
    struct file *files[FILE_COUNT]; /* in force */
    struct line *lines;
    struct call *asked; /* suspended, oldest last */
    bool closing;
    int users; /* the owner, and calls that the loop still has */
};

static int64_t http_now(const struct http *http)
{
    return http->config.clock.monotonic_ms(http->config.clock.self);
}

static struct file *file_new(enum file_kind kind, void *data)
{
    if (!data)
        return NULL;
    struct file *file = must_memory(calloc(1, sizeof *file));
    *file = (struct file){.users = 1, .kind = kind, .data = data};
    return file;
}

/* Takes hold of what is in force, for a call. With the lock. */
static void files_take(struct http *http, struct file *files[FILE_COUNT])
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        files[i] = http->files[i];
        if (files[i])
            files[i]->users++;
    }
}

static void files_release(struct http *http, struct file *files[FILE_COUNT])
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        (void)pthread_mutex_lock(&http->lock);
        bool last = files[i] && --files[i]->users == 0;
        (void)pthread_mutex_unlock(&http->lock);
        if (last)
            file_destroy(files[i]);
        files[i] = NULL;
    }
}

static void http_release(struct http *http)
{
    (void)pthread_mutex_lock(&http->lock);
    int users = --http->users;
    (void)pthread_mutex_unlock(&http->lock);
    if (users)
        return;
    files_release(http, http->files);
    (void)pthread_mutex_destroy(&http->lock);
    free(http);
}

static void call_unlink(struct http *http, struct call *call)
{
    if (call->previous)
        call->previous->next = call->next;
    else
        http->asked = call->next;
    if (call->next)
        call->next->previous = call->previous;
    call->previous = call->next = NULL;
}

/* The connection or the loop has no more use for the call. */
static void call_release(struct http *http, struct call *call)
{
    (void)pthread_mutex_lock(&http->lock);
    bool last = --call->users == 0;
    (void)pthread_mutex_unlock(&http->lock);
    if (!last)
        return;
    files_release(http, call->files);
    call_free(call);
}

/* From ASKED to ANSWERED; false when somebody else did it. The caller then resumes, without the
 * lock. */
static bool call_settle(struct http *http, struct call *call)
{
    if (call->stage != CALL_ASKED)
        return false;
    call->stage = CALL_ANSWERED;
    call_unlink(http, call);
    return true;
}

/* The answer of the loop, in the loop's thread, or of whoever else was asked. */
static void call_done(void *self, const struct envelope *reply)
{
    struct call *call = self;
    struct http *http = call->http;
    const struct http_backend *backend = &http->config.backend;
    const bool loop = !call->aside;
    const struct directory *directory = loop ? backend->directory(backend->self) : NULL;
    (void)pthread_mutex_lock(&http->lock);
    bool resume = call_settle(http, call);
    if (resume)
        call_take_reply(call, reply, directory);
    (void)pthread_mutex_unlock(&http->lock);
    if (resume)
        MHD_resume_connection(call->connection);
    call_release(http, call);
    http_release(http);
}

/* What names its aggregate needs an id of its own: it is done once. */
static void request_id_make(struct call *call)
{
    unsigned char bytes[REQUEST_ID_SIZE / 2];
    call->request_id[0] = 0;
    if (!call->commands || !call->agg)
        return;
    randombytes_buf(bytes, sizeof bytes);
    (void)sodium_bin2hex(call->request_id, sizeof call->request_id, bytes, sizeof bytes);
}

static enum err call_hand_over(struct call *call)
{
    request_id_make(call);
    const struct http_backend *backend = &call->http->config.backend;
    struct local_command command = {.type = call->type,
            .agg = call->agg,
            .at_ms = call->at_ms,
            .request_id = call->request_id,
            .actor = *call->actor      ? call->actor
                     : call->has_token ? call->peer /* a grid worker's token has his code */
                                       : "",
            .peer = call->peer,
            .payload = {(const uint8_t *)call->payload.data, call->payload.size},
            .span_ms = HTTP_ANSWER_MS_MAX,
            .done = call_done,
            .self = call};
    if (call->aside)
        return call->route->way->ask(call, backend, &command);
    return call->commands ? backend->command(backend->self, &command)
                          : backend->query(backend->self, &command);
}

/* The loop, or whoever else was asked, takes no more just now. */
static void call_give_up(struct call *call)
{
    struct http *http = call->http;
    (void)pthread_mutex_lock(&http->lock);
    bool resume = call_settle(http, call);
    if (resume)
        problem_set(&call->problem, PROBLEM_BUSY, "", -1);
    (void)pthread_mutex_unlock(&http->lock);
    if (resume)
        MHD_resume_connection(call->connection);
    call_release(http, call);
    http_release(http);
}

/* Suspends the connection and asks the loop; MHD calls again when it is resumed. False: nothing was
 * asked, the problem says why. After a success the call's stage is not to be read without the
 * lock. */
static bool call_ask(struct call *call)
{
    struct http *http = call->http;
    (void)pthread_mutex_lock(&http->lock);
    bool closing = http->closing;
    if (!closing) {
        call->stage = CALL_ASKED;
        call->asked_ms = http_now(http);
        call->asks++;
        call->next = http->asked;
        if (call->next)
            call->next->previous = call;
        http->asked = call;
        call->users++;
        http->users++;
        MHD_suspend_connection(call->connection);
    }
    (void)pthread_mutex_unlock(&http->lock);
    if (closing) {
        problem_set(&call->problem, PROBLEM_BUSY, "", -1);
        return false;
    }
    if (call_hand_over(call) != OK)
        call_give_up(call);
    return true;
}

static struct line *line_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void line_expect(struct http *http, struct MHD_Connection *connection, int64_t since_ms)
{
    struct line *line = line_of(connection);
    (void)pthread_mutex_lock(&http->lock);
    if (line)
        line->since_ms = since_ms;
    (void)pthread_mutex_unlock(&http->lock);
}

static void line_open(struct http *http, struct MHD_Connection *connection, void **ret)
{
    const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct line *line = must_memory(calloc(1, sizeof *line));
    line->socket = info ? info->connect_fd : -1;
    line->since_ms = http_now(http);
    (void)pthread_mutex_lock(&http->lock);
    line->next = http->lines;
    if (line->next)
        line->next->previous = line;
    http->lines = line;
    (void)pthread_mutex_unlock(&http->lock);
    *ret = line;
}

static void line_close(struct http *http, struct line *line)
{
    (void)pthread_mutex_lock(&http->lock);
    if (line->previous)
        line->previous->next = line->next;
    else
        http->lines = line->next;
    if (line->next)
        line->next->previous = line->previous;
    (void)pthread_mutex_unlock(&http->lock);
    free(line);
}

/* libmicrohttpd: a connection opened or is about to be closed (its descriptor is still ours). */
static void connection_notify(void *self,
        struct MHD_Connection *connection,
        void **context,
        enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        line_open(self, connection, context);
    else if (*context)
        line_close(self, *context);
}

/* libmicrohttpd: the connection has no more use for the call. */
static void request_completed(void *self,
        struct MHD_Connection *connection,
        void **context,
        enum MHD_RequestTerminationCode code)
{
    struct http *http = self;
    struct call *call = *context;
    (void)code;
    *context = NULL;
    line_expect(http, connection, http_now(http));
    if (call)
        call_release(http, call);
}

static enum MHD_Result call_respond(struct call *call)
{
    BUF_OWNED body = {0};
    struct call_answer answer = {.type = "application/json"};
    call_answer(call, call_language(call, call->http->config.language), &answer, &body);
    struct MHD_Response *response =
            MHD_create_response_from_buffer(body.size, body.data, MHD_RESPMEM_MUST_COPY);
    must_memory(response);
    (void)MHD_add_response_header(response, "Content-Type", answer.type);
    (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    for (size_t i = 0; i < answer.header_count; i++)
        (void)MHD_add_response_header(response, answer.headers[i].name, answer.headers[i].value);
    enum MHD_Result result = MHD_queue_response(call->connection, answer.status, response);
    MHD_destroy_response(response);
    return result;
}

/* A problem in the header is told at once when the body is not worth reading, else after it, since
 * an answer before the body's end may be lost with the connection. */
static enum MHD_Result call_begin(struct http *http,
        struct MHD_Connection *connection,
        const char *url,
        const char *method,
        void **context)
{
    struct call *call = call_new(http, connection);
    *context = call;
    call->began_wall_ms = http->config.clock.wall_ms(http->config.clock.self);
    (void)pthread_mutex_lock(&http->lock);
    files_take(http, call->files);
    (void)pthread_mutex_unlock(&http->lock);
    call->rate = http->config.rate;
    call->proxies = &http->config.proxies;
    call->begun_ms = http_now(http);
    call_check(call, url, method);
    if (call_body_max(call) > BODY_SIZE_MAX)
        line_expect(
                http, connection, http_now(http) + HTTP_RECEIVE_LARGE_MS_MAX - HTTP_RECEIVE_MS_MAX);
    if (call->problem.kind == PROBLEM_BODY_SIZE || call->problem.kind == PROBLEM_LENGTH)
        return call_respond(call);
    return MHD_YES;
}

static enum MHD_Result call_feed(struct call *call, const char *data, size_t *size)
{
    size_t most = call_body_max(call);
    call->received += *size;
    if (!call->problem.kind && call->received > most)
        problem_set(&call->problem, PROBLEM_BODY_SIZE, "body", (int64_t)most);
    if (!call->problem.kind)
        buf_add(&call->body, data, *size);
    *size = 0;
    return call->received > most + DISCARD_SIZE_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result request_handle(void *self,
        struct MHD_Connection *connection,
        const char *url,
        const char *method,
        const char *version,
        const char *upload,
        size_t *upload_size,
        void **context)
{
    struct http *http = self;
    struct call *call = *context;
    (void)version;
    if (!call)
        return call_begin(http, connection, url, method, context);
    if (*upload_size)
        return call_feed(call, upload, upload_size);
    if (call->stage == CALL_READING) {
        line_expect(http, connection, 0);
        if (!call->problem.kind && call_read(call) && call_ask(call))
            return MHD_YES;
    } else if (call_again(call) && call_ask(call)) {
        return MHD_YES;
    }
    return call_respond(call);
}

static size_t url_keep(void *self, struct MHD_Connection *connection, char *text)
{
    (void)self;
    (void)connection;
    return strlen(text); /* nothing in our paths needs %-escapes: "%2e%2e" stays what it is */
}

static struct MHD_Daemon *daemon_start(struct http *http, const struct sockaddr_in *address)
{
    return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC,
            0, NULL, NULL, request_handle, http, MHD_OPTION_SOCK_ADDR,
            (const struct sockaddr *)address, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
            MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_MAX,
            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(HTTP_RECEIVE_MS_MAX / 1000),
            MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK, url_keep, NULL,
            MHD_OPTION_NOTIFY_CONNECTION, connection_notify, http, MHD_OPTION_NOTIFY_COMPLETED,
            request_completed, http, MHD_OPTION_END);
}

enum err http_new(const struct http_config *config, struct http **ret, struct buf *why)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(config->port)};
    struct http *http = must_memory(calloc(1, sizeof *http));
    http->config = *config;
    http->users = 1;
    must(pthread_mutex_init(&http->lock, NULL) == 0);
    for (size_t i = 0; i < FILE_COUNT; i++)
        http->files[i] = file_new((enum file_kind)i, config->files[i]);
    if (inet_pton(AF_INET, config->host, &address.sin_addr) != 1) {
        buf_add_format(why, "[intake] host: found \"%s\", expected an IPv4 address", config->host);
        http_release(http);
        return ERR_FATAL;
    }
    errno = 0;
    http->daemon = daemon_start(http, &address);
    if (!http->daemon) {
        buf_add_format(why, "[intake] port: cannot listen on %s:%d: %s", config->host, config->port,
                errno ? strerror(errno) : "libmicrohttpd did not start");
        http_release(http);
        return ERR_FATAL;
    }
    *ret = http;
    return OK;
}

static void calls_end(struct http *http, int64_t asked_before_ms, enum problem_kind kind)
{
    for (;;) {
        (void)pthread_mutex_lock(&http->lock);
        struct call *call = http->asked;
        while (call && call->asked_ms > asked_before_ms)
            call = call->next;
        struct MHD_Connection *connection = call ? call->connection : NULL;
        if (call) {
            must(call_settle(http, call));
            problem_set(&call->problem, kind, "", kind == PROBLEM_LATE ? HTTP_ANSWER_MS_MAX : -1);
        }
        (void)pthread_mutex_unlock(&http->lock);
        if (!connection)
            return;
        MHD_resume_connection(connection);
    }
}

void http_turn(struct http *http)
{
    int64_t now_ms = http_now(http);
    (void)pthread_mutex_lock(&http->lock);
    for (struct line *line = http->lines; line; line = line->next) {
        if (line->since_ms && now_ms - line->since_ms > HTTP_RECEIVE_MS_MAX) {
            (void)shutdown(line->socket, SHUT_RDWR);
            line->since_ms = 0;
        }
    }
    (void)pthread_mutex_unlock(&http->lock);
    calls_end(http, now_ms - HTTP_ANSWER_MS_MAX, PROBLEM_LATE);
}

void http_destroy(struct http **http_)
{
    struct http *http = *http_;
    if (!http)
        return;
    *http_ = NULL;
    (void)pthread_mutex_lock(&http->lock);
    http->closing = true;
    (void)pthread_mutex_unlock(&http->lock);
    calls_end(http, INT64_MAX, PROBLEM_BUSY);
    MHD_stop_daemon(http->daemon);
    http_release(http);
}

uint16_t http_port(const struct http *http)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT);
    must(info);
    return info->port;
}

void http_file_set(struct http *http, enum file_kind kind, void *data)
{
    struct file *file = file_new(kind, data);
    (void)pthread_mutex_lock(&http->lock);
    struct file *old = http->files[kind];
    http->files[kind] = file;
    bool last = old && --old->users == 0;
    (void)pthread_mutex_unlock(&http->lock);
    if (last)
        file_destroy(old);
}
