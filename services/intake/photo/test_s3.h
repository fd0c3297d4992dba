/* A small S3 for tests: one bucket in memory, on libmicrohttpd. It checks each request's AWS
 * Signature Version 4 by itself, from the description of the algorithm and with libsodium's HMAC:
 * the hash of the body, the canonical request of the headers that were signed, the derived key; a
 * request that is more than a minute old is refused, too. For *_test.c only, one at a time. */
#ifndef HUYING_INTAKE_PHOTO_TEST_S3_H
#define HUYING_INTAKE_PHOTO_TEST_S3_H

#include <arpa/inet.h>
#include <microhttpd.h>
#include <sodium.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/testing.h"

#define TEST_S3_ACCESS "AKIDTEST"
#define TEST_S3_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TEST_S3_OBJECTS 8

struct test_object {
    char key[160];
    struct buf data;
};

static struct {
    struct MHD_Daemon *daemon;
    char bucket[64], endpoint[64];
    struct test_object objects[TEST_S3_OBJECTS];
    unsigned answer;           /* to everything; 0: as it should be */
    int refused, signed_count; /* signatures: wrong and right */
} test_s3;

struct test_hash {
    uint8_t bytes[32];
};

static inline struct test_hash test_hmac(const void *key, size_t key_size, const char *text)
{
    struct test_hash hash;
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_size);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)text, strlen(text));
    crypto_auth_hmacsha256_final(&state, hash.bytes);
    return hash;
}

static inline void test_hex(const void *data, size_t size, char ret[65])
{
    uint8_t hash[32];
    crypto_hash_sha256(hash, data, size);
    (void)sodium_bin2hex(ret, 65, hash, sizeof hash);
}

/* The value behind `name` in "…, Name=value, …". */
static inline void test_part(const char *text, const char *name, char *ret, size_t room)
{
    const char *at = text ? strstr(text, name) : NULL;
    ret[0] = 0;
    if (!at)
        return;
    at += strlen(name);
    (void)snprintf(ret, room, "%.*s", (int)strcspn(at, ", "), at);
}

static inline const char *test_header(struct MHD_Connection *connection, const char *name)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value ? value : "";
}

/* Method, path, no query, the signed headers in the order in which they are said to be signed. */
static inline void test_canonical(struct MHD_Connection *connection,
        const char *method,
        const char *url,
        const char *names,
        struct buf *out)
{
    buf_add_format(out, "%s\n%s\n\n", method, url);
    for (const char *at = names; *at;) {
        char name[64];
        size_t size = strcspn(at, ";");
        (void)snprintf(name, sizeof name, "%.*s", (int)size, at);
        buf_add_format(out, "%s:%s\n", name, test_header(connection, name));
        at += size + (at[size] == ';');
    }
    buf_add_format(out, "\n%s\n%s", names, test_header(connection, "x-amz-content-sha256"));
}

static inline bool test_is_young(const char *date)
{
    struct tm tm = {0};
    if (!strptime(date, "%Y%m%dT%H%M%SZ", &tm))
        return false;
    long long age = (long long)time(NULL) - timegm(&tm);
    return age >= -60 && age <= 60;
}

static inline bool test_signed(struct MHD_Connection *connection,
        const char *method,
        const char *url,
        const struct buf *body)
{
    char credential[128], names[128], signature[80], scope[96], hash[65], day[9];
    const char *authorization = test_header(connection, "Authorization");
    const char *date = test_header(connection, "x-amz-date");
    test_part(authorization, "Credential=", credential, sizeof credential);
    test_part(authorization, "SignedHeaders=", names, sizeof names);
    test_part(authorization, "Signature=", signature, sizeof signature);
    test_hex(body->data ? body->data : "", body->size, hash);
    if (strcmp(hash, test_header(connection, "x-amz-content-sha256")) != 0 || !test_is_young(date))
        return false;
    static const char *const owed[] = {"host", "x-amz-content-sha256", "x-amz-date"};
    for (size_t i = 0; i < COUNT_OF(owed); i++) {
        if (!strstr(names, owed[i]))
            return false;
    }
    (void)snprintf(day, sizeof day, "%.8s", date);
    (void)snprintf(scope, sizeof scope, "%s/cn-south-1/s3/aws4_request", day);
    BUF_OWNED request = {0};
    BUF_OWNED text = {0};
    test_canonical(connection, method, url, names, &request);
    test_hex(request.data, request.size, hash);
    buf_add_format(&text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", date, scope, hash);
    struct test_hash key = test_hmac("AWS4" TEST_S3_SECRET, strlen("AWS4" TEST_S3_SECRET), day);
    static const char *const steps[] = {"cn-south-1", "s3", "aws4_request"};
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        key = test_hmac(&key, sizeof key, steps[i]);
    key = test_hmac(&key, sizeof key, text.data);
    char expected[65], who[160];
    (void)sodium_bin2hex(expected, sizeof expected, key.bytes, sizeof key.bytes);
    (void)snprintf(who, sizeof who, TEST_S3_ACCESS "/%s", scope);
    return strcmp(expected, signature) == 0 && strcmp(who, credential) == 0;
}

static inline struct test_object *test_object_find(const char *key)
{
    for (size_t i = 0; i < TEST_S3_OBJECTS; i++) {
        if (strcmp(test_s3.objects[i].key, key) == 0)
            return &test_s3.objects[i];
    }
    return NULL;
}

static inline unsigned test_s3_do(
        const char *method, const char *key, struct buf *body, struct buf *out)
{
    struct test_object *object = test_object_find(key);
    if (strcmp(method, "PUT") == 0) {
        object = object ? object : test_object_find("");
        if (!object)
            return 507;
        (void)snprintf(object->key, sizeof object->key, "%s", key);
        buf_reset(&object->data);
        buf_add(&object->data, body->data, body->size);
        return 200;
    }
    if (strcmp(method, "DELETE") == 0) {
        if (object)
            object->key[0] = 0;
        return 204;
    }
    if (!object)
        return 404;
    buf_add(out, object->data.data, object->data.size);
    return 200;
}

static inline enum MHD_Result test_s3_handle(void *self,
        struct MHD_Connection *connection,
        const char *url,
        const char *method,
        const char *version,
        const char *upload,
        size_t *upload_size,
        void **context)
{
    (void)self;
    (void)version;
    struct buf *body = *context;
    if (!body) {
        *context = calloc(1, sizeof *body);
        return MHD_YES;
    }
    if (*upload_size) {
        buf_add(body, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    BUF_OWNED out = {0};
    size_t stem = strlen(test_s3.bucket);
    bool sound = test_signed(connection, method, url, body);
    bool here = strncmp(url + 1, test_s3.bucket, stem) == 0 && url[1 + stem] == '/';
    unsigned status = !sound ? 403 : here ? test_s3_do(method, url + 2 + stem, body, &out) : 404;
    test_s3.signed_count += sound;
    test_s3.refused += !sound;
    struct MHD_Response *response =
            MHD_create_response_from_buffer(out.size, out.data, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result =
            MHD_queue_response(connection, test_s3.answer ? test_s3.answer : status, response);
    MHD_destroy_response(response);
    return result;
}

static inline void test_s3_completed(void *self,
        struct MHD_Connection *connection,
        void **context,
        enum MHD_RequestTerminationCode code)
{
    (void)self;
    (void)connection;
    (void)code;
    if (*context)
        buf_fini(*context);
    free(*context);
}

/* Its endpoint. */
static inline const char *test_s3_start(const char *bucket)
{
    memset(&test_s3, 0, sizeof test_s3);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    test_s3.daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, test_s3_handle,
            NULL, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_NOTIFY_COMPLETED,
            test_s3_completed, NULL, MHD_OPTION_END);
    assert_non_null(test_s3.daemon);
    const union MHD_DaemonInfo *info =
            MHD_get_daemon_info(test_s3.daemon, MHD_DAEMON_INFO_BIND_PORT);
    (void)snprintf(test_s3.bucket, sizeof test_s3.bucket, "%s", bucket);
    (void)snprintf(test_s3.endpoint, sizeof test_s3.endpoint, "http://127.0.0.1:%u", info->port);
    return test_s3.endpoint;
}

static inline void test_s3_stop(void)
{
    if (test_s3.daemon)
        MHD_stop_daemon(test_s3.daemon);
    test_s3.daemon = NULL;
    for (size_t i = 0; i < TEST_S3_OBJECTS; i++)
        buf_fini(&test_s3.objects[i].data);
}

#endif
