/* Photos in a bucket of any S3, by libcurl, which signs. One handle for each request: two threads
 * ask now and then, and a connection that is a minute old is of no use. Nothing is followed
 * elsewhere, since a signature is for one host. */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include "services/intake/photo/photo_store.h"
#include "services/kernel/base/must.h"

#define S3_MS_MAX 10000L /* for one request */
#define S3_CONNECT_MS_MAX 3000L
#define S3_KEYS_SIZE_MAX 256
#define S3_URL_SIZE_MAX 1024
#define S3_REGION_SIZE_MAX 64

struct s3_store {
    struct photo_store base;
    char place[S3_URL_SIZE_MAX]; /* endpoint and bucket */
    char signature[S3_REGION_SIZE_MAX + 16];
    char keys[S3_KEYS_SIZE_MAX]; /* ACCESS:SECRET */
};

struct s3_answer {
    struct buf *out; /* NULL: what is said is not of interest */
    size_t size, size_max;
};

static size_t answer_write(char *data, size_t one, size_t size, void *self)
{
    struct s3_answer *answer = self;
    (void)one;
    answer->size += size;
    if (answer->size > answer->size_max)
        return 0; /* curl ends the request */
    if (answer->out)
        buf_add(answer->out, data, size);
    return size;
}

static enum err status_report(long status, const char *key, struct buf *why)
{
    if (status >= 200 && status < 300)
        return OK;
    buf_add_format(why, "photo %s: the store answers %ld", key, status);
    if (status == 404)
        return ERR_NOT_FOUND;
    return status == 401 || status == 403 ? ERR_DENIED : ERR_TRANSIENT;
}

static bool options_set(
        CURL *curl, const struct s3_store *store, const char *url, struct s3_answer *answer)
{
    return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, S3_MS_MAX) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, S3_CONNECT_MS_MAX) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, store->signature) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERPWD, store->keys) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, answer_write) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer) == CURLE_OK;
}

static enum err request_perform(
        CURL *curl, const char *key, struct curl_slist *headers, struct buf *why)
{
    long status = 0;
    if (curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK)
        return ERR_TRANSIENT;
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) {
        buf_add_format(
                why, "photo %s: the store cannot be asked: %s", key, curl_easy_strerror(code));
        return ERR_TRANSIENT;
    }
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status_report(status, key, why);
}

/* S3 wants the body's hash in a header of its own, signed like the others; libcurl 7.88 hashes the
 * body for the signature, but does not say so. */
static struct curl_slist *headers_make(const struct buf *data)
{
    static const uint8_t nothing[1];
    uint8_t hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof hash + 1], line[128];
    (void)crypto_hash_sha256(
            hash, data ? (const uint8_t *)data->data : nothing, data ? data->size : 0);
    (void)snprintf(line, sizeof line, "x-amz-content-sha256: %s",
            sodium_bin2hex(hex, sizeof hex, hash, sizeof hash));
    struct curl_slist *headers = must_memory(curl_slist_append(NULL, line));
    if (data)
        headers = must_memory(curl_slist_append(headers, "Content-Type: image/jpeg"));
    return headers;
}

/* `data` NULL: nothing is sent. */
static enum err s3_ask(const struct s3_store *store,
        const char *method,
        const char *key,
        const struct buf *data,
        struct s3_answer *answer,
        struct buf *why)
{
    char url[S3_URL_SIZE_MAX + PHOTO_KEY_SIZE];
    struct curl_slist *headers = headers_make(data);
    CURL *curl = must_memory(curl_easy_init());
    (void)snprintf(url, sizeof url, "%s/%s", store->place, key);
    bool set = options_set(curl, store, url, answer);
    if (set && data)
        set = curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)data->size) ==
                      CURLE_OK &&
              curl_easy_setopt(curl, CURLOPT_POSTFIELDS, data->data) == CURLE_OK;
    set = set && curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
    enum err err = ERR_TRANSIENT;
    if (set)
        err = request_perform(curl, key, headers, why);
    else
        buf_add_format(why, "photo %s: libcurl does not take the request", key);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return err;
}

static enum err s3_put(
        struct photo_store *base, const char *key, const void *data, size_t size, struct buf *why)
{
    BUF_OWNED body = {0};
    struct s3_answer answer = {.size_max = 65536};
    buf_add(&body, data, size);
    return s3_ask((struct s3_store *)base, "PUT", key, &body, &answer, why);
}

static enum err
s3_get(struct photo_store *base, const char *key, size_t size_max, struct buf *out, struct buf *why)
{
    size_t before = out->size;
    struct s3_answer answer = {.out = out, .size_max = size_max};
    enum err err = s3_ask((struct s3_store *)base, "GET", key, NULL, &answer, why);
    if (err && out->data) {
        out->size = before;
        out->data[before] = 0;
    }
    return err;
}

static enum err s3_remove(struct photo_store *base, const char *key, struct buf *why)
{
    struct s3_answer answer = {.size_max = 65536};
    enum err err = s3_ask((struct s3_store *)base, "DELETE", key, NULL, &answer, why);
    return err == ERR_NOT_FOUND ? OK : err;
}

static void s3_destroy(struct photo_store *base)
{
    struct s3_store *store = (struct s3_store *)base;
    sodium_memzero(store->keys, sizeof store->keys);
    free(store);
}

/* The first line, ACCESS:SECRET. */
static enum err keys_read(const char *path, char ret[S3_KEYS_SIZE_MAX], struct buf *why)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &stat) != 0) {
        buf_add_format(why, "[intake] photos_keys: %s: %s; expected a line ACCESS:SECRET", path,
                strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return ERR_FATAL;
    }
    ssize_t size = read(fd, ret, S3_KEYS_SIZE_MAX - 1);
    (void)close(fd);
    if (stat.st_mode & (S_IRWXG | S_IRWXO)) {
        buf_add_format(why,
                "[intake] photos_keys: %s: others may read it: expected mode 0600; chmod it", path);
        return ERR_FATAL;
    }
    ret[size > 0 ? size : 0] = 0;
    ret[strcspn(ret, "\r\n")] = 0;
    const char *colon = strchr(ret, ':');
    if (!colon || colon == ret || !colon[1]) {
        buf_add_format(why,
                "[intake] photos_keys: %s: expected a line ACCESS:SECRET of at most %d bytes", path,
                S3_KEYS_SIZE_MAX - 2);
        return ERR_FATAL;
    }
    return OK;
}

static bool names_check(const struct photo_s3 *s3, struct buf *why)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
    size_t bucket = strlen(s3->bucket), region = strlen(s3->region);
    bool secure = strncmp(s3->endpoint, "https://", 8) == 0;
    const char *host = s3->endpoint + (secure ? 8 : 7);
    if (bucket < 3 || bucket > 63 || strspn(s3->bucket, letters) != bucket)
        buf_add_format(why, "[intake] photos: found bucket \"%s\", expected 3 to 63 of a-z 0-9 . -",
                s3->bucket);
    else if ((!secure && strncmp(s3->endpoint, "http://", 7) != 0) || !*host ||
             strpbrk(host, "/?#@ ") || strlen(s3->endpoint) > S3_URL_SIZE_MAX / 2)
        buf_add_format(
                why, "[intake] photos_endpoint: found \"%s\", expected https://HOST", s3->endpoint);
    else if (region < 1 || region > S3_REGION_SIZE_MAX || strspn(s3->region, letters) != region)
        buf_add_format(why, "[intake] photos_region: found \"%s\", expected a name as us-east-1",
                s3->region);
    else
        return true;
    return false;
}

enum err photo_store_s3(const struct photo_s3 *s3, struct photo_store **ret, struct buf *why)
{
    static const struct photo_store_ops ops = {s3_put, s3_get, s3_remove, s3_destroy};
    if (!names_check(s3, why))
        return ERR_FATAL;
    struct s3_store *store = must_memory(calloc(1, sizeof *store));
    store->base.ops = &ops;
    (void)snprintf(store->place, sizeof store->place, "%s/%s", s3->endpoint, s3->bucket);
    (void)snprintf(store->signature, sizeof store->signature, "aws:amz:%s:s3", s3->region);
    enum err err = keys_read(s3->keys, store->keys, why);
    if (!err && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        buf_add_text(why, "[intake] photos: libcurl does not start");
        err = ERR_FATAL;
    }
    if (err)
        s3_destroy(&store->base);
    else
        *ret = &store->base;
    return err;
}
