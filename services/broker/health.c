/* Everything shared stands under one mutex; a request copies the text out under it. */
#include "services/broker/health.h"

#include <arpa/inet.h>
#include <glib.h>
#include <microhttpd.h>
#include <pthread.h>
#include <string.h>
#include "services/kernel/base/must.h"

#define CONNECTIONS_MAX 32u
#define TIMEOUT_S 10u

struct health {
    struct MHD_Daemon *daemon;
    struct clock clock;
    pthread_mutex_t lock;
    struct buf metrics;
    bool ready;
    int64_t published_ms;
};

struct answer {
    unsigned status;
    const char *type;
    struct buf text;
};

static void answer_make(struct health *health, const char *url, struct answer *ret)
{
    must(pthread_mutex_lock(&health->lock) == 0);
    int64_t age_ms = health->clock.monotonic_ms(health->clock.self) - health->published_ms;
    bool alive = age_ms <= HEALTH_STALL_MS;
    ret->type = "text/plain; charset=utf-8";
    if (strcmp(url, "/metrics") == 0) {
        ret->status = MHD_HTTP_OK;
        ret->type = "text/plain; version=0.0.4; charset=utf-8";
        buf_add(&ret->text, health->metrics.data, health->metrics.size);
    } else if (strcmp(url, "/livez") == 0) {
        ret->status = alive ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
        buf_add_text(&ret->text, alive ? "ok\n" : "the loop stands still\n");
    } else if (strcmp(url, "/readyz") == 0) {
        bool ready = alive && health->ready;
        ret->status = ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
        buf_add_text(&ret->text, ready ? "ok\n" : "not ready: starting or draining\n");
    } else {
        ret->status = MHD_HTTP_NOT_FOUND;
        buf_add_text(&ret->text, "expected /livez, /readyz or /metrics\n");
    }
    must(pthread_mutex_unlock(&health->lock) == 0);
}

static enum MHD_Result request_answer(void *self,
        struct MHD_Connection *connection,
        const char *url,
        const char *method,
        const char *version,
        const char *upload,
        size_t *upload_size,
        void **request)
{
    (void)version;
    (void)upload;
    (void)request;
    struct answer answer = {0};
    if (strcmp(method, "GET") != 0 || *upload_size != 0) {
        return MHD_NO;
    }
    answer_make(self, url, &answer);
    struct MHD_Response *response = MHD_create_response_from_buffer(
            answer.text.size, answer.text.data, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_NO;
    if (response) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer.type);
        result = MHD_queue_response(connection, answer.status, response);
        MHD_destroy_response(response);
    }
    buf_fini(&answer.text);
    return result;
}

enum err health_start(
        const char *host, uint16_t port, struct clock clock, struct health **ret, struct buf *why)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        buf_add_format(why, "[http] host: \"%s\": expected an IPv4 address\n", host);
        return ERR_FATAL;
    }
    struct health *health = g_new0(struct health, 1);
    health->clock = clock;
    health->published_ms = clock.monotonic_ms(clock.self);
    must(pthread_mutex_init(&health->lock, NULL) == 0);
    health->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, port, NULL, NULL,
            request_answer, health, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT,
            CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_S, MHD_OPTION_END);
    if (!health->daemon) {
        buf_add_format(why, "[http] %s:%u cannot be bound: expected a free port\n", host, port);
        health_stop(&health);
        return ERR_FATAL;
    }
    *ret = health;
    return OK;
}

void health_stop(struct health **health)
{
    if (!*health) {
        return;
    }
    if ((*health)->daemon) {
        MHD_stop_daemon((*health)->daemon);
    }
    buf_fini(&(*health)->metrics);
    (void)pthread_mutex_destroy(&(*health)->lock);
    g_free(*health);
    *health = NULL;
}

uint16_t health_port(const struct health *health)
{
    const union MHD_DaemonInfo *info =
            MHD_get_daemon_info(health->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

void health_publish(struct health *health, struct buf *metrics, bool ready)
{
    must(pthread_mutex_lock(&health->lock) == 0);
    struct buf old = health->metrics;
    health->metrics = *metrics;
    health->ready = ready;
    health->published_ms = health->clock.monotonic_ms(health->clock.self);
    must(pthread_mutex_unlock(&health->lock) == 0);
    *metrics = (struct buf){0};
    buf_fini(&old);
}
