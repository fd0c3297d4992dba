/* Commands and queries from a program that is no service: huyingctl, the replay, a hotline.
 * Blocking, one thread. Handles retries: a request without an answer is sent again under the
 * same request id (over another broker when one died), until its deadline. */
#ifndef HUYING_BUS_CLIENT_H
#define HUYING_BUS_CLIENT_H

#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/arena.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/bus/bus.h"
#include "services/kernel/wire/envelope.h"

#define CLIENT_REQUESTS_MAX 1024 /* in one call */
#define CLIENT_WINDOW 512         /* requests under way at once */
#define CLIENT_RETRY_MS 3000      /* without an answer: sent again */

struct client;

/* Makes the process's one ZeroMQ context; `config` as for bus_new, its credit does not count. */
enum err client_new(const struct bus_config *config, struct client **ret) MUST_CHECK;
void client_destroy(struct client **client);

struct client_request {
    enum service_id dest;
    uint32_t type;
    int64_t agg;
    int64_t at_ms;          /* 0 = none: the service takes its own now */
    const char *request_id; /* commands */
    const char *actor;
    struct bytes payload;
    /* answer, in the arena given to the call: */
    struct envelope reply;  /* reply.verdict, .reason, .text, .payload */
    enum err err;           /* OK when an answer came; ERR_TRANSIENT when the deadline passed */
};

/* Sends all `count` requests (kind FRAME_COMMANDS or FRAME_QUERIES), grouped into frames by
 * service and bucket, at most CLIENT_WINDOW unanswered at once, and waits for every answer.
 * Each carries what is left of the time as its span: a service does not begin it later.
 * Requests that fail with REPLY_FAILED + ERR_TRANSIENT or ERR_LATE are tried again. A command
 * without a request id is never sent twice, except after a NAK. Returns OK when all were answered,
 * else ERR_TRANSIENT; each request has its own err: ERR_DENIED when the key may not send it,
 * ERR_MALFORMED when the broker refused the frame, ERR_LIMIT when request or answer is too
 * large. */
enum err client_call(struct client *client, enum frame_kind kind, struct client_request *requests,
        size_t count, int64_t timeout_ms, struct arena *arena) MUST_CHECK;

/* Waits until a broker has welcomed us. ERR_TRANSIENT after timeout_ms. */
enum err client_wait(struct client *client, int64_t timeout_ms) MUST_CHECK;

#endif
