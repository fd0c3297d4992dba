/* Health and metrics over HTTP, on a thread of libmicrohttpd's: /livez (the loop turns), /readyz
 * (the database, a broker and the directory are there), /metrics (Prometheus). Reads atomics,
 * nothing else. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/fault.h"
#include "services/kernel/base/log.h"
#include "services/kernel/base/must.h"
#include "services/kernel/run/loop.h"

#define LIVE_MS 5000
#define CONNECTIONS_MAX 64

struct web {
    struct MHD_Daemon *daemon;
    struct loop *loop;
};

static enum MHD_Result
answer(struct MHD_Connection *connection, unsigned status, const char *type, const struct buf *body)
{
    struct MHD_Response *response =
            MHD_create_response_from_buffer(body->size, body->data, MHD_RESPMEM_MUST_COPY);
    must(response);
    MHD_add_response_header(response, "Content-Type", type);
    enum MHD_Result result =
            FAULT(http_answer) ? MHD_NO : MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static bool live(struct loop *loop)
{
    int64_t now = loop->clock.monotonic_ms(loop->clock.self);
    return now - (int64_t)metric_get(&loop->metrics, turned_ms) < LIVE_MS;
}

static unsigned ready(struct loop *loop, struct buf *body)
{
    bool postgres = metric_get(&loop->metrics, postgres_up) != 0;
    bool bus = metric_get(&loop->metrics, bus_up) != 0;
    bool directory = metric_get(&loop->metrics, directory_version) != 0;
    buf_add_format(body, "postgres=%s bus=%s directory=%s redis=%s\n", postgres ? "up" : "away",
            bus ? "up" : "away", directory ? "loaded" : "missing",
            metric_get(&loop->metrics, redis_up) ? "up" : "away (not needed)");
    return postgres && bus && directory ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static enum MHD_Result handle(void *self,
        struct MHD_Connection *connection,
        const char *url,
        const char *method,
        const char *version,
        const char *upload,
        size_t *upload_size,
        void **state)
{
    struct loop *loop = ((struct web *)self)->loop;
    (void)version;
    (void)upload;
    (void)state;
    BUF_OWNED body = {0};
    unsigned status = MHD_HTTP_NOT_FOUND;
    const char *type = "text/plain; charset=utf-8";
    *upload_size = 0;
    if (strcmp(method, "GET") != 0) {
        status = MHD_HTTP_METHOD_NOT_ALLOWED;
        buf_add_text(&body, "only GET\n");
    } else if (strcmp(url, "/livez") == 0) {
        status = live(loop) ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
        buf_add_text(&body, status == MHD_HTTP_OK ? "ok\n" : "the loop does not turn\n");
    } else if (strcmp(url, "/readyz") == 0) {
        status = ready(loop, &body);
    } else if (strcmp(url, "/metrics") == 0) {
        char labels[80];
        snprintf(labels, sizeof labels, "service=\"%s\",instance=\"%d\"", loop->ops->schema,
                loop->instance);
        metrics_print(&loop->metrics, labels, &body);
        if (loop->service && loop->service->metrics)
            loop->service->metrics(labels, &body);
        fault_print(labels, &body);
        status = MHD_HTTP_OK;
        type = "text/plain; version=0.0.4; charset=utf-8";
    } else {
        buf_add_text(&body, "there are /livez, /readyz and /metrics\n");
    }
    return answer(connection, status, type, &body);
}

enum err web_start(struct loop *loop)
{
    struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_port = htons((uint16_t)loop->conf.http_port)};
    if (inet_pton(AF_INET, loop->conf.http_host, &address.sin_addr) != 1) {
        log_error("HTTP-BAD-HOST", "host=%s expected=%s", log_quote(loop->conf.http_host),
                log_quote("an IPv4 address, e.g. 127.0.0.1"));
        return ERR_FATAL;
    }
    struct web *web = calloc(1, sizeof *web);
    must(web);
    web->loop = loop;
    if (!FAULT(http_start))
        web->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handle, web,
                MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT,
                CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, 10u, MHD_OPTION_END);
    if (!web->daemon) {
        log_error("HTTP-NOT-STARTED", "host=%s port=%lld what=%s", loop->conf.http_host,
                (long long)loop->conf.http_port,
                log_quote("the port is taken or may not be bound; set [http] port"));
        free(web);
        return ERR_FATAL;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(web->daemon, MHD_DAEMON_INFO_BIND_PORT);
    log_info("HTTP-LISTENS", "host=%s port=%u", loop->conf.http_host, info ? info->port : 0u);
    loop->web = web;
    return OK;
}

void web_stop(struct loop *loop)
{
    if (!loop->web)
        return;
    MHD_stop_daemon(loop->web->daemon);
    free(loop->web);
    loop->web = NULL;
}
