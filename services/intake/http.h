/* The HTTP API: the paths of route.h, on a port of its own.
 *
 * libmicrohttpd's one thread reads requests and checks all that can be checked without state; a
 * good request's connection is then suspended and the request handed to the loop, so that many
 * share one commit; the answer resumes it. TLS is a proxy's in front. docs:
 * services/intake/README.md. */
#ifndef HUYING_INTAKE_HTTP_H
#define HUYING_INTAKE_HTTP_H

#include <stdint.h>
#include "services/intake/address.h"
#include "services/intake/rate.h"
#include "services/intake/route.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/pure_directory.h"
#include "services/kernel/run/service.h"

#define HTTP_HEADERS_SIZE_MAX 16384 /* names and values of a request's header fields */
#define HTTP_CONNECTIONS_MAX 1000
#define HTTP_RECEIVE_MS_MAX                                                                        \
    10000                        /* from the first byte, or the last answer, to the request's end */
#define HTTP_ANSWER_MS_MAX 15000 /* from there to the loop's answer */
#define HTTP_RECEIVE_LARGE_MS_MAX 60000 /* where the route takes more than BODY_SIZE_MAX */

struct photo_desk;

/* Where requests go: the loop (or a test's stand-in). All may be called from HTTP's thread. When a
 * function returns OK, `done` is called exactly once, from any thread. */
struct http_backend {
    void *self;
    enum err (*command)(void *self, const struct local_command *command);
    enum err (*query)(void *self, const struct local_command *query);
    /* Called within `done` only: the snapshot in force, for names of units. */
    const struct directory *(*directory)(void *self);
    struct photo_desk *photos; /* NULL: the site takes none */
    /* Takes a name that may be used once, as nonce_take() does (nonce.h); NULL: nothing signed
     * is taken. */
    enum err (*once)(void *self,
            const char *name,
            void (*done)(void *done_self, enum err err),
            void *done_self);
};

struct http_config {
    const char *host;     /* an IPv4 address */
    uint16_t port;        /* 0 = any that is free */
    const char *language; /* "zh" "en": where the request does not say; static */
    struct http_backend backend;
    struct clock clock;
    struct rate *rate;      /* borrowed; NULL: nothing is limited */
    struct proxies proxies; /* whose X-Forwarded-For is believed */
    void *files[FILE_COUNT]; /* taken over by http_new(); NULL: none. Without tokens only this
                                machine may ask, without follow keys no report has a code */
};

struct http;

/* Listens. ERR_FATAL with `why`; the files are freed then, too. */
enum err http_new(
        const struct http_config *config, struct http **ret, struct buf *why) MUST_CHECK;
/* Stops listening, ends what is under way (its sender tries again: the key makes that safe), frees.
 * Accepts NULL. A `done` that comes later finds its call and does nothing. */
void http_destroy(struct http **http);
uint16_t http_port(const struct http *http);
/* Ends connections that send too slowly and requests without an answer. A few times a second. */
void http_turn(struct http *http);
/* Takes another version of a file in force; the old one is freed when no call has it any more. */
void http_file_set(struct http *http, enum file_kind kind, void *data);

#endif
