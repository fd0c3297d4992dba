/* The paths of the HTTP API, a line each, and the five functions behind every line. To add a path:
 * a line in ROUTE_TABLE, and a file way_NAME.c (or a folder) that defines its struct way; a file of
 * the configuration that it needs is a line in FILE_TABLE and a key in main.c. http.c keeps
 * threads, connections and times, call.c lengths, tokens and keys: a way says what is asked and
 * what is answered, and keeps what it must remember meanwhile in call->own. */
#ifndef HUYING_INTAKE_ROUTE_H
#define HUYING_INTAKE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include "services/intake/photo/photo.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/pure_directory.h"
#include "services/kernel/wire/envelope.h"

#define BODY_SIZE_MAX 65536 /* unless the line says more */
#define ROUTE_NAME_SIZE 128
#define ROUTE_ALLOW_SIZE 32
#define CALL_ASKS_MAX 64 /* of one call */

struct call;
struct call_answer;
struct http_backend;
struct local_command;

/* What a request goes through, in this order. All but `read` and `answer` may be NULL: nothing to
 * do. None of them may block; `take` runs in the thread of whoever was asked, the loop's, under
 * http's lock, the others in HTTP's own. call->files stay what they were at the header until the
 * call is freed. */
struct way {
    /* The header: sets call->problem when the body is not worth reading. */
    void (*check)(struct call *call);
    /* The whole body. True: the loop is asked what call->type, agg and payload say. False: `answer`
     * follows at once, or the problem when one is set. */
    bool (*read)(struct call *call);
    /* Asks somebody else than the loop: when this returns OK, the command's `done` is to be called
     * once, from any thread; `take` then gets no directory. NULL: the loop. A way that asks
     * both says by call->aside who is next; it is true at first. */
    enum err (*ask)(struct call *call,
            const struct http_backend *backend,
            const struct local_command *command);
    /* The loop's reply, which is gone afterwards: copies what `answer` needs. Its verdict and
     * payload are in call->verdict and call->reply already. `directory` may be NULL. */
    void (*take)(
            struct call *call, const struct envelope *reply, const struct directory *directory);
    /* Optional, in HTTP's thread, when the loop has answered: true: the loop is asked once more,
     * what call->type, agg and payload say now; at most CALL_ASKS_MAX times in all. */
    bool (*again)(struct call *call);
    /* Status, headers and body, or a problem. */
    void (*answer)(struct call *call,
            const char *language,
            struct call_answer *answer,
            struct buf *body);
    /* How call->problem is told; NULL: RFC 9457. */
    void (*problem)(struct call *call,
            const char *language,
            struct call_answer *answer,
            struct buf *body);
    /* Frees call->own. */
    void (*end)(struct call *call);
};

/* Method (GET takes HEAD as well), path ({} is one name without '/', call->name), most bytes of a
 * body, way. */
#define ROUTE_TABLE(X)                                                                             \
    X("POST", "/v1/reports", BODY_SIZE_MAX, way_report_post)                                       \
    X("GET", "/v1/reports/{}", BODY_SIZE_MAX, way_report_get)                                      \
    X("GET", "/open311/discovery.{}", BODY_SIZE_MAX, way_open311_discovery)                        \
    X("GET", "/open311/v2/services.{}", BODY_SIZE_MAX, way_open311_services)                       \
    X("GET", "/open311/v2/services/{}", BODY_SIZE_MAX, way_open311_definition)                     \
    X("GET", "/open311/test/v2/services.{}", BODY_SIZE_MAX, way_open311_services)                  \
    X("GET", "/open311/test/v2/services/{}", BODY_SIZE_MAX, way_open311_definition)                \
    X("POST", "/v1/photos", PHOTO_SIZE_MAX, way_photo_post)                                        \
    X("GET", "/v1/photos/{}", BODY_SIZE_MAX, way_photo_get)                                        \
    X("GET", "/v1/photos/{}/thumb", BODY_SIZE_MAX, way_photo_thumb)                                \
    X("GET", "/v1/nearby", BODY_SIZE_MAX, way_nearby)                                              \
    X("GET", "/v1/qr/{}", BODY_SIZE_MAX, way_qr_get)                                               \
    X("POST", "/v1/qr/{}/reports", BODY_SIZE_MAX, way_qr_report)                                   \
    X("POST", "/v1/qr/{}/photos", PHOTO_SIZE_MAX, way_qr_photo)                                    \
    X("POST", "/v1/qr/{}/help", BODY_SIZE_MAX, way_qr_help)                                        \
    X("POST", "/v1/qr/{}/card", BODY_SIZE_MAX, way_qr_card)                                        \
    X("POST", "/open311/v2/requests.{}", PHOTO_SIZE_MAX + BODY_SIZE_MAX, way_open311_post)         \
    X("POST", "/open311/test/v2/requests.{}", PHOTO_SIZE_MAX + BODY_SIZE_MAX, way_open311_post)    \
    X("GET", "/open311/v2/requests.{}", BODY_SIZE_MAX, way_open311_requests)                       \
    X("GET", "/open311/v2/requests/{}", BODY_SIZE_MAX, way_open311_request)                        \
    X("GET", "/open311/v2/tokens/{}", BODY_SIZE_MAX, way_open311_token)                            \
    X("GET", "/open311/v2/servicerequestupdates.{}", BODY_SIZE_MAX, way_open311_updates)           \
    X("POST", "/open311/v2/servicerequestupdates.{}", PHOTO_SIZE_MAX + BODY_SIZE_MAX,              \
            way_open311_update)                                                                    \
    X("GET", "/open311/test/v2/requests.{}", BODY_SIZE_MAX, way_open311_requests)                  \
    X("GET", "/open311/test/v2/requests/{}", BODY_SIZE_MAX, way_open311_request)                   \
    X("GET", "/open311/test/v2/tokens/{}", BODY_SIZE_MAX, way_open311_token)                       \
    X("POST", "/hotline/v1/{}/report", BODY_SIZE_MAX, way_vendor_post)                             \
    X("POST", "/hotline/v1/{}/withdraw", BODY_SIZE_MAX, way_vendor_post)                           \
    X("POST", "/hotline/v1/{}/correct", BODY_SIZE_MAX, way_vendor_post)                            \
    X("POST", "/hotline/v1/{}/follow-up", BODY_SIZE_MAX, way_vendor_post)                          \
    X("POST", "/hotline/v1/{}/outcome-ack", BODY_SIZE_MAX, way_vendor_post)                        \
    X("POST", "/hotline/v1/{}/progress-ack", BODY_SIZE_MAX, way_vendor_post)                       \
    X("GET", "/hotline/v1/{}/outcomes", BODY_SIZE_MAX, way_vendor_get)                             \
    X("GET", "/hotline/v1/{}/progress", BODY_SIZE_MAX, way_vendor_get)                             \
    X("GET", "/hotline/v1/{}/reconcile", BODY_SIZE_MAX, way_vendor_get)

/* Files that are read again while it runs: name, type, the function that frees one. */
#define FILE_TABLE(X)                                                                              \
    X(FILE_TOKENS, struct tokens, tokens_destroy)                                                  \
    X(FILE_FOLLOW, struct follow_keys, follow_keys_destroy)                                        \
    X(FILE_OPEN311, struct jurisdictions, jurisdictions_destroy)                                   \
    X(FILE_VENDORS, struct vendors, vendors_destroy)

#define X(method, path, body_max, name) extern const struct way name;
ROUTE_TABLE(X)
#undef X

enum file_kind {
#define X(name, type, destroy) name,
    FILE_TABLE(X)
#undef X
    FILE_COUNT
};

/* One version of a file, kept until no call has it; `users` changes under http's lock. */
struct file {
    int users;
    enum file_kind kind;
    void *data;
};

struct route {
    const char *method, *path;
    size_t body_max;
    const struct way *way;
};

/* The line for this request, with the name in its path. NULL: there is none; `ret_allow` then lists
 * the methods that the path knows, "" when there is no such path. */
const struct route *route_find(const char *method,
        const char *url,
        char ret_name[ROUTE_NAME_SIZE],
        char ret_allow[ROUTE_ALLOW_SIZE]);
void file_destroy(struct file *file);

#endif
