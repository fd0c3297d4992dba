/* Health and figures of the site's processes: which there are (run/ports), and what each answers on
 * /readyz and /metrics (Prometheus text). Blocking, on loopback, each answer within SCRAPE_MS. */
#ifndef HUYING_CTL_SCRAPE_H
#define HUYING_CTL_SCRAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"

#define SCRAPE_MS 2000
#define SCRAPE_SIZE_MAX (1u << 20) /* of one answer */
#define PROCESSES_MAX 128

struct process_port {
    char name[24]; /* "routing" */
    int instance, port;
};

/* The processes that run/ports lists: lines "http-NAME-INSTANCE PORT"; others are passed over.
 * Returns how many, at most `room`. */
size_t ports_read(const char *text, struct process_port *ret, size_t room);

/* The port that run/ports gives to that name, like "reports-1"; 0 = none. */
int port_find(const char *text, const char *name);

/* Sends a whole request to 127.0.0.1, one of HTTP/1.0, whose answer ends with the connection, and
 * small enough for a socket's buffer. Errors as below. */
enum err scrape_ask(int port,
        const struct buf *request,
        int64_t within_ms,
        int *ret_status,
        struct buf *ret_body) MUST_CHECK;
/* GET from 127.0.0.1. ERR_TRANSIENT: nobody listens or answers in time; ERR_LIMIT: too long;
 * ERR_MALFORMED: no HTTP. */
enum err scrape_get(int port, const char *path, int *ret_status, struct buf *ret_body) MUST_CHECK;

/* Sum of the samples of that name over all its label sets that contain `label` ("" = any), such as
 * kind="EVENTS". False when there is none. */
bool scrape_value(const char *metrics, const char *name, const char *label, int64_t *ret);

#endif
