/* Photos in a directory: PATH/ab/abcdef….jpg. Written under PATH/part first, brought to the disk,
 * and only then given its name; the name is brought to the disk, too, before anybody is told. So a
 * file with a name is whole, whenever the machine stops. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include "services/intake/photo/photo_store.h"
#include "services/kernel/base/must.h"

#define PART "part"
#define PART_AGE_S 3600 /* what is still being written is younger */

struct directory_store {
    struct photo_store base;
    int root;          /* the directory */
    atomic_uint parts; /* makes names of parts; with the process's id they are its own */
};

static enum err errno_report(const char *what, const char *key, struct buf *why)
{
    buf_add_format(why, "photo %s: cannot %s: %s", key, what, strerror(errno));
    if (errno == ENOENT)
        return ERR_NOT_FOUND;
    return errno == EACCES || errno == EPERM || errno == EROFS ? ERR_DENIED : ERR_TRANSIENT;
}

static bool all_write(int fd, const uint8_t *data, size_t size)
{
    while (size) {
        ssize_t wrote = write(fd, data, size);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        data += wrote;
        size -= (size_t)wrote;
    }
    return true;
}

/* To the disk; the descriptor is closed. */
static bool file_finish(int fd, bool written)
{
    bool done = written && fsync(fd) == 0;
    int kept = errno;
    done = close(fd) == 0 && done;
    errno = kept ? kept : errno;
    return done;
}

static bool folder_sync(int root, const char *name)
{
    int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool done = fsync(fd) == 0;
    (void)close(fd);
    return done;
}

/* The first two letters of the key; a new folder's own name is brought to the disk at once. */
static bool folder_make(int root, const char *key)
{
    const char name[3] = {key[0], key[1], 0};
    if (mkdirat(root, name, 0700) == 0)
        return fsync(root) == 0;
    return errno == EEXIST;
}

static enum err part_name(int root, const char *part, const char *key, struct buf *why)
{
    const char folder[3] = {key[0], key[1], 0};
    if (!folder_make(root, key))
        return errno_report("make its folder", key, why);
    if (renameat(root, part, root, key) != 0 || !folder_sync(root, folder))
        return errno_report("name it", key, why);
    return OK;
}

static enum err directory_put(
        struct photo_store *base, const char *key, const void *data, size_t size, struct buf *why)
{
    struct directory_store *store = (struct directory_store *)base;
    char part[64];
    (void)snprintf(
            part, sizeof part, PART "/%d.%u", (int)getpid(), atomic_fetch_add(&store->parts, 1));
    int fd = openat(store->root, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno_report("begin to write", key, why);
    errno = 0;
    enum err err = OK;
    if (!file_finish(fd, all_write(fd, data, size)))
        err = errno_report("write", key, why);
    if (!err)
        err = part_name(store->root, part, key, why);
    if (err)
        (void)unlinkat(store->root, part, 0);
    return err == ERR_NOT_FOUND ? ERR_TRANSIENT : err;
}

static enum err directory_get(struct photo_store *base,
        const char *key,
        size_t size_max,
        struct buf *out,
        struct buf *why)
{
    const struct directory_store *store = (const struct directory_store *)base;
    size_t before = out->size;
    int fd = openat(store->root, key, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno_report("open it", key, why);
    ssize_t got = 0;
    while (out->size - before <= size_max) {
        buf_reserve(out, 65536);
        got = read(fd, out->data + out->size, 65536);
        if (got <= 0)
            break;
        out->size += (size_t)got;
        out->data[out->size] = 0;
    }
    enum err err = OK;
    if (got < 0)
        err = errno_report("read it", key, why);
    if (!err && out->size - before > size_max) {
        buf_add_format(why, "photo %s: larger than %zu bytes", key, size_max);
        err = ERR_TRANSIENT;
    }
    (void)close(fd);
    if (err) {
        out->size = before;
        out->data[before] = 0;
    }
    return err;
}

static enum err directory_remove(struct photo_store *base, const char *key, struct buf *why)
{
    const struct directory_store *store = (const struct directory_store *)base;
    if (unlinkat(store->root, key, 0) == 0 || errno == ENOENT)
        return OK;
    return errno_report("remove it", key, why);
}

static void directory_destroy(struct photo_store *base)
{
    struct directory_store *store = (struct directory_store *)base;
    (void)close(store->root);
    free(store);
}

/* What a process left there that was killed while it wrote. */
static void parts_clear(int root)
{
    int fd = openat(root, PART, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *parts = fd < 0 ? NULL : fdopendir(fd);
    struct timespec now;
    if (!parts) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    for (struct dirent *entry = readdir(parts); entry; entry = readdir(parts)) {
        struct stat stat;
        if (fstatat(fd, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(stat.st_mode) &&
                now.tv_sec - stat.st_mtim.tv_sec > PART_AGE_S)
            (void)unlinkat(fd, entry->d_name, 0);
    }
    (void)closedir(parts);
}

enum err photo_store_directory(const char *path, struct photo_store **ret, struct buf *why)
{
    static const struct photo_store_ops ops = {
            directory_put, directory_get, directory_remove, directory_destroy};
    int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        buf_add_format(why, "[intake] photos: %s: %s; expected a directory of this process's own",
                path, strerror(errno));
        return ERR_FATAL;
    }
    if ((mkdirat(root, PART, 0700) != 0 && errno != EEXIST) ||
            faccessat(root, PART, W_OK | X_OK, 0) != 0) {
        buf_add_format(why, "[intake] photos: %s: cannot be written to: %s", path, strerror(errno));
        (void)close(root);
        return ERR_FATAL;
    }
    parts_clear(root);
    struct directory_store *store = must_memory(calloc(1, sizeof *store));
    store->base.ops = &ops;
    store->root = root;
    *ret = &store->base;
    return OK;
}
