/* Where photos are kept: under the hash of their content, in a directory or in any S3. What is kept
 * never changes, so the same photo may be put any number of times, and two instances that share
 * a place do not disturb each other. A store knows nothing of reports: which photos are used by
 * what is the database's (store_photo.c), and it is asked to remove those that nothing uses.
 *
 * Everything blocks, on a disk or a network, for some seconds at most: for a thread that may. One
 * store is used by several threads at once. */
#ifndef HUYING_INTAKE_PHOTO_PHOTO_STORE_H
#define HUYING_INTAKE_PHOTO_PHOTO_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/intake/photo/photo.h"

#define PHOTO_KEY_SIZE 80

struct photo_store;

/* The functions of one kind of store. Errors: ERR_NOT_FOUND, ERR_TRANSIENT, ERR_DENIED; `why` says
 * more, for the log: no secret is in it. */
struct photo_store_ops {
    /* Returns when it is kept for good: all of it or nothing. */
    enum err (*put)(struct photo_store *store,
            const char *key,
            const void *data,
            size_t size,
            struct buf *why) MUST_CHECK;
    /* Appends to `out`, not more than `size_max`. */
    enum err (*get)(struct photo_store *store,
            const char *key,
            size_t size_max,
            struct buf *out,
            struct buf *why) MUST_CHECK;
    /* What is not there is removed. */
    enum err (*remove)(struct photo_store *store, const char *key, struct buf *why) MUST_CHECK;
    void (*destroy)(struct photo_store *store);
};

/* The first member of every kind. */
struct photo_store {
    const struct photo_store_ops *ops;
};

/* A directory that exists and that this process may write to. What was left half written more than
 * an hour ago goes. ERR_FATAL with `why`. */
enum err photo_store_directory(
        const char *path, struct photo_store **ret, struct buf *why) MUST_CHECK;

struct photo_s3 {
    const char *bucket;
    const char *endpoint; /* "https://s3.cn-south-1.example", without a path */
    const char *region;
    const char *keys; /* a file of mode 0600: one line, ACCESS:SECRET */
};
/* A bucket, by path and AWS Signature Version 4. It is not asked yet. ERR_FATAL with `why`. */
enum err photo_store_s3(
        const struct photo_s3 *s3, struct photo_store **ret, struct buf *why) MUST_CHECK;

/* Both sizes of a photo; the small one first, so that whoever finds a photo finds that, too. */
enum err photo_put(
        struct photo_store *store, const struct photo *photo, struct buf *why) MUST_CHECK;
enum err photo_get(struct photo_store *store,
        const uint8_t hash[PHOTO_HASH_SIZE],
        bool thumb,
        struct buf *out,
        struct buf *why) MUST_CHECK;
enum err photo_remove(
        struct photo_store *store, const uint8_t hash[PHOTO_HASH_SIZE], struct buf *why) MUST_CHECK;
/* Accepts NULL. */
void photo_store_destroy(struct photo_store **store);

#endif
