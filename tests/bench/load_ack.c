/* Intake's acknowledgement of one report at a time: what a caller at the hotline, or somebody
 * with a phone, waits for when nobody else does. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "services/kernel/base/must.h"
#include "tests/bench/load.h"

#define WARM 20 /* receipts that do not count: connections and caches */
#define REQUEST_SIZE 2048
/* Between two reports, so that the cluster is idle when the next one comes: what follows from a
 * report in the other services is four commits more. */
#define PAUSE_MS 30

typedef void ack_fn(void *self, const struct load *load, size_t index);

static void hotline_ask(void *self, const struct load *load, size_t index)
{
    struct hotline_report report;
    struct hotline_receipt receipt;
    char ticket[HOTLINE_TICKET_SIZE];
    load_report(load, index, ticket, &report);
    enum err err = hotline_push(self, &report, &receipt, 1, LOAD_ANSWER_MS);
    if (err != OK || receipt.result != HOTLINE_ACCEPTED)
        load_fail("no receipt for one report: %s %s", err_name(err), receipt.reason);
}

static int http_connect(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
            .sin_port = htons((uint16_t)port),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        load_fail("no connection to intake's HTTP on port %d", port);
    return fd;
}

/* Reads an answer with a Content-Length, and leaves the connection open. */
static void http_answer_read(int fd)
{
    char text[REQUEST_SIZE * 4];
    size_t size = 0;
    for (;;) {
        ssize_t got = read(fd, text + size, sizeof text - 1 - size);
        if (got <= 0)
            load_fail("intake's HTTP closed the connection");
        size += (size_t)got;
        text[size] = '\0';
        const char *body = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "Content-Length:");
        if (body && length && size - (size_t)(body + 4 - text) >= strtoul(length + 15, NULL, 10))
            break;
        must(size < sizeof text - 1);
    }
    if (strncmp(text, "HTTP/1.1 201", 12) != 0)
        load_fail("intake's HTTP answered %.200s", text);
}

static void http_ask(void *self, const struct load *load, size_t index)
{
    int fd = *(int *)self;
    struct hotline_report report;
    char ticket[HOTLINE_TICKET_SIZE], body[REQUEST_SIZE / 2], text[REQUEST_SIZE];
    load_report(load, index, ticket, &report);
    int size = snprintf(body, sizeof body, "{\"matter\":\"%s\",\"unit_codes\":[\"%s\"]}",
            report.matter, report.unit_code_count ? report.unit_codes[0] : "");
    must(size > 0 && (size_t)size < sizeof body);
    size = snprintf(text, sizeof text,
            "POST /v1/reports HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            "Idempotency-Key: h%s\r\nContent-Length: %zu\r\n\r\n%s",
            ticket, strlen(body), body);
    must(size > 0 && (size_t)size < sizeof text);
    if (write(fd, text, (size_t)size) != size)
        load_fail("intake's HTTP does not read");
    http_answer_read(fd);
}

static int double_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void ack_measure(const struct load *load, const char *name, ack_fn *ask, void *self)
{
    size_t count = (size_t)load->count;
    double *us = calloc(count, sizeof *us);
    must(us);
    for (size_t i = 0; i < WARM + count; i++) {
        poll(NULL, 0, PAUSE_MS);
        int64_t began_us = load_now_us();
        ask(self, load, i);
        if (i >= WARM)
            us[i - WARM] = (double)(load_now_us() - began_us);
    }
    qsort(us, count, sizeof *us, double_compare);
    printf("{\"reference\":\"%s\",\"figures\":{\"p50_us\":%.0f,\"p99_us\":%.0f}}\n", name,
            us[count / 2], us[count * 99 / 100]);
    fflush(stdout);
    free(us);
}

void load_acks(const struct load *load)
{
    struct hotline *hotline = load_hotline(load);
    ack_measure(load, "ack_hotline", hotline_ask, hotline);
    hotline_close(&hotline);
    if (!load->http_port)
        return;
    int fd = http_connect(load->http_port);
    ack_measure(load, "ack_http", http_ask, &fd);
    close(fd);
}
