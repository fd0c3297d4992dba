/* For the tests of callbacks: a receiver on loopback that keeps what it is sent and answers what
 * the path says, /STATUS or one of the words below. Included by one test program each. */
#ifndef HUYING_INTAKE_CALLBACK_TEST_RECEIVER_H
#define HUYING_INTAKE_CALLBACK_TEST_RECEIVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HEARD_MAX 2000
#define HEARD_BODY_SIZE 1200
#define BIG_SIZE (1 << 20)

struct heard {
    char path[64], id[80], at[24], signature[120], type[80];
    char body[HEARD_BODY_SIZE];
    size_t size;
};

static struct {
    struct MHD_Daemon *daemon;
    uint16_t port;
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool shut; /* /slow waits */
    struct heard list[HEARD_MAX];
    size_t count;
    size_t waiting;
} receiver = {.lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER};

static inline void header_copy(
        struct MHD_Connection *connection, const char *name, char *ret, size_t size)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    (void)snprintf(ret, size, "%s", value ? value : "");
}

static inline enum MHD_Result answer_queue(
        struct MHD_Connection *connection, unsigned status, const char *path)
{
    static char big[BIG_SIZE], small[] = "ok";
    bool is_big = strcmp(path, "/big") == 0;
    struct MHD_Response *response = MHD_create_response_from_buffer(
            is_big ? sizeof big : 2, is_big ? big : small, MHD_RESPMEM_PERSISTENT);
    if (status == 503 || status == 429 || status == 500)
        (void)MHD_add_response_header(response, "Retry-After", "600");
    if (status == 302)
        (void)MHD_add_response_header(response, "Location", "/200");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static inline void heard_keep(
        struct MHD_Connection *connection, const char *url, const struct heard *of)
{
    (void)pthread_mutex_lock(&receiver.lock);
    assert_true(receiver.count < HEARD_MAX);
    struct heard *heard = &receiver.list[receiver.count++];
    *heard = *of;
    (void)snprintf(heard->path, sizeof heard->path, "%s", url);
    header_copy(connection, "webhook-id", heard->id, sizeof heard->id);
    header_copy(connection, "webhook-timestamp", heard->at, sizeof heard->at);
    header_copy(connection, "webhook-signature", heard->signature, sizeof heard->signature);
    header_copy(connection, "Content-Type", heard->type, sizeof heard->type);
    receiver.waiting++;
    while (strcmp(url, "/slow") == 0 && receiver.shut)
        (void)pthread_cond_wait(&receiver.opened, &receiver.lock);
    receiver.waiting--;
    (void)pthread_mutex_unlock(&receiver.lock);
}

static inline enum MHD_Result receive(void *self,
        struct MHD_Connection *connection,
        const char *url,
        const char *method,
        const char *version,
        const char *upload,
        size_t *upload_size,
        void **context)
{
    struct heard *heard = *context;
    (void)self;
    (void)version;
    (void)method;
    if (!heard) {
        *context = calloc(1, sizeof *heard);
        return *context ? MHD_YES : MHD_NO;
    }
    if (*upload_size) {
        if (heard->size + *upload_size >= sizeof heard->body)
            return MHD_NO;
        memcpy(heard->body + heard->size, upload, *upload_size);
        heard->size += *upload_size;
        *upload_size = 0;
        return MHD_YES;
    }
    heard_keep(connection, url, heard);
    unsigned status = (unsigned)strtoul(url + 1, NULL, 10);
    return answer_queue(connection, status ? status : 200, url);
}

static inline void receive_end(void *self,
        struct MHD_Connection *connection,
        void **context,
        enum MHD_RequestTerminationCode code)
{
    (void)self;
    (void)connection;
    (void)code;
    free(*context);
    *context = NULL;
}

static inline void receiver_start(void)
{
    receiver.daemon = MHD_start_daemon(
            MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0, NULL, NULL, receive,
            NULL, MHD_OPTION_NOTIFY_COMPLETED, receive_end, NULL, MHD_OPTION_END);
    assert_non_null(receiver.daemon);
    receiver.port = MHD_get_daemon_info(receiver.daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static inline void receiver_shut(bool shut)
{
    (void)pthread_mutex_lock(&receiver.lock);
    receiver.shut = shut;
    (void)pthread_cond_broadcast(&receiver.opened);
    (void)pthread_mutex_unlock(&receiver.lock);
}

static inline void receiver_stop(void)
{
    receiver_shut(false);
    MHD_stop_daemon(receiver.daemon);
}

static inline void receiver_forget(void)
{
    (void)pthread_mutex_lock(&receiver.lock);
    receiver.count = 0;
    (void)pthread_mutex_unlock(&receiver.lock);
}

/* How often something came to that path; NULL = to any. */
static inline size_t receiver_count(const char *path)
{
    size_t count = 0;
    (void)pthread_mutex_lock(&receiver.lock);
    for (size_t i = 0; i < receiver.count; i++)
        count += !path || strcmp(receiver.list[i].path, path) == 0;
    (void)pthread_mutex_unlock(&receiver.lock);
    return count;
}

#endif
