/* Photos in a directory, also when the disk is full and when a writer was killed in the middle, and
 * in a bucket of a small S3 that checks every signature by itself (test_s3.h). */
#include "services/intake/photo/photo_store.h"
#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "services/intake/photo/test_s3.h"
#include "services/kernel/base/testing.h"

static char folder[64];

static int setup(void **unused)
{
    (void)unused;
    (void)snprintf(folder, sizeof folder, "/tmp/huying-photos-XXXXXX");
    (void)setenv("no_proxy", "*", 1);
    return sodium_init() < 0 || !mkdtemp(folder);
}

static void folder_remove(const char *path)
{
    DIR *dir = opendir(path);
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
        char name[512];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (unlink(name) != 0) {
            DIR *sub = opendir(name);
            for (struct dirent *at = sub ? readdir(sub) : NULL; at; at = readdir(sub))
                (void)unlinkat(dirfd(sub), at->d_name, 0);
            if (sub)
                (void)closedir(sub);
            (void)rmdir(name);
        }
    }
    if (dir)
        (void)closedir(dir);
    (void)rmdir(path);
}

static int teardown(void **unused)
{
    (void)unused;
    folder_remove(folder);
    return 0;
}

static struct photo photo_of(const char *text)
{
    struct photo photo = {.type = PHOTO_JPEG, .width = 1, .height = 1};
    buf_add_text(&photo.image, text);
    buf_add_format(&photo.thumb, "small %s", text);
    (void)crypto_hash_sha256(photo.hash, (const uint8_t *)photo.image.data, photo.image.size);
    return photo;
}

static struct photo_store *directory_open(const char *path)
{
    struct photo_store *store = NULL;
    BUF_OWNED why = {0};
    if (photo_store_directory(path, &store, &why) != OK)
        fail_msg("%s", why.data);
    return store;
}

/* What every kind of store owes. */
static void store_is_exercised(struct photo_store *store)
{
    struct photo photo = photo_of("a photo");
    BUF_OWNED why = {0};
    BUF_OWNED out = {0};
    assert_int_equal(photo_get(store, photo.hash, false, &out, &why), ERR_NOT_FOUND);
    assert_int_equal(photo_remove(store, photo.hash, &why), OK);
    for (int time = 0; time < 2; time++)
        assert_int_equal(photo_put(store, &photo, &why), OK);
    buf_add_text(&out, "before ");
    assert_int_equal(photo_get(store, photo.hash, false, &out, &why), OK);
    assert_int_equal(photo_get(store, photo.hash, true, &out, &why), OK);
    assert_string_equal(out.data, "before a photosmall a photo");
    assert_int_equal(photo_remove(store, photo.hash, &why), OK);
    assert_int_equal(photo_get(store, photo.hash, true, &out, &why), ERR_NOT_FOUND);
    assert_int_equal(out.size, strlen("before a photosmall a photo"));
    photo_fini(&photo);
}

static void a_directory_keeps_photos(void **unused)
{
    (void)unused;
    struct photo_store *store = directory_open(folder);
    store_is_exercised(store);
    photo_store_destroy(&store);
    assert_null(store);
    photo_store_destroy(&store);
}

static int files_count(const char *path)
{
    int count = 0;
    DIR *dir = opendir(path);
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    if (dir)
        (void)closedir(dir);
    return count;
}

/* A writer is killed at a place in its writing that the limit of a file's size gives: what has a
 * name is whole, and what has none goes when it is old. */
static void a_killed_writer_leaves_no_half_photo(void **unused)
{
    struct photo photo = photo_of("");
    struct photo_store *store = directory_open(folder);
    char part[128];
    BUF_OWNED why = {0};
    BUF_OWNED out = {0};
    (void)unused;
    buf_reserve(&photo.image, 1 << 20);
    memset(photo.image.data, 'x', 1 << 20);
    photo.image.size = 1 << 20;
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit limit = {1 << 19, 1 << 19};
        (void)setrlimit(RLIMIT_FSIZE, &limit);
        _exit(photo_put(store, &photo, &why));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
    assert_int_equal(photo_get(store, photo.hash, false, &out, &why), ERR_NOT_FOUND);
    (void)snprintf(part, sizeof part, "%s/part", folder);
    assert_int_equal(files_count(part), 1);
    photo_store_destroy(&store);
    store = directory_open(folder);
    assert_int_equal(files_count(part), 1); /* young: somebody may be writing it */
    photo_store_destroy(&store);
    (void)snprintf(part, sizeof part, "%s/part/%d.1", folder, (int)child);
    const struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    assert_int_equal(utimensat(AT_FDCWD, part, old, 0), 0);
    store = directory_open(folder);
    (void)snprintf(part, sizeof part, "%s/part", folder);
    assert_int_equal(files_count(part), 0);
    photo_store_destroy(&store);
    photo_fini(&photo);
}

static void a_full_disk_is_told_and_leaves_nothing(void **unused)
{
    char disk[96], part[112];
    struct photo photo = photo_of("");
    BUF_OWNED why = {0};
    BUF_OWNED out = {0};
    (void)unused;
    (void)snprintf(disk, sizeof disk, "%s/disk", folder);
    assert_int_equal(mkdir(disk, 0700), 0);
    if (mount("none", disk, "tmpfs", 0, "size=256k") != 0) {
        print_message("skipped: no file system of its own can be mounted: %s\n", strerror(errno));
        (void)rmdir(disk);
        photo_fini(&photo);
        skip();
    }
    struct photo_store *store = directory_open(disk);
    buf_reserve(&photo.image, 1 << 20);
    memset(photo.image.data, 'x', 1 << 20);
    photo.image.size = 1 << 20;
    enum err err = photo_put(store, &photo, &why);
    enum err found = photo_get(store, photo.hash, false, &out, &why);
    (void)snprintf(part, sizeof part, "%s/part", disk);
    int left = files_count(part);
    photo_store_destroy(&store);
    assert_int_equal(umount(disk), 0);
    assert_int_equal(err, ERR_TRANSIENT);
    assert_non_null(strstr(why.data, "No space left"));
    assert_int_equal(found, ERR_NOT_FOUND);
    assert_int_equal(left, 0);
    photo_fini(&photo);
}

static void a_directory_that_is_none_is_refused(void **unused)
{
    struct photo_store *store = NULL;
    BUF_OWNED why = {0};
    (void)unused;
    assert_int_equal(photo_store_directory("/nowhere/at/all", &store, &why), ERR_FATAL);
    assert_non_null(strstr(why.data, "/nowhere/at/all: No such file"));
    assert_int_equal(photo_store_directory("/etc/passwd", &store, &why), ERR_FATAL);
    assert_int_equal(photo_store_directory("/proc/self/task", &store, &why), ERR_FATAL);
    assert_null(store);
}

static void keys_write(const char *path, const char *keys, mode_t mode)
{
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, keys, strlen(keys)), strlen(keys));
    assert_int_equal(close(fd), 0);
}

static struct photo_store *bucket_open(const char *keys)
{
    char path[96];
    struct photo_store *store = NULL;
    BUF_OWNED why = {0};
    (void)snprintf(path, sizeof path, "%s/keys", folder);
    keys_write(path, keys, 0600);
    const struct photo_s3 s3 = {"photos.test", test_s3_start("photos.test"), "cn-south-1", path};
    if (photo_store_s3(&s3, &store, &why) != OK)
        fail_msg("%s", why.data);
    return store;
}

static void a_bucket_keeps_photos_and_every_request_is_signed(void **unused)
{
    (void)unused;
    struct photo_store *store = bucket_open(TEST_S3_ACCESS ":" TEST_S3_SECRET "\n");
    store_is_exercised(store);
    photo_store_destroy(&store);
    test_s3_stop();
    assert_int_equal(test_s3.refused, 0);
    assert_int_equal(test_s3.signed_count, 12);
}

static void a_large_photo_goes_into_a_bucket(void **unused)
{
    struct photo photo = photo_of("");
    BUF_OWNED why = {0};
    BUF_OWNED out = {0};
    (void)unused;
    struct photo_store *store = bucket_open(TEST_S3_ACCESS ":" TEST_S3_SECRET "\n");
    buf_reserve(&photo.image, PHOTO_SIZE_MAX);
    randombytes_buf(photo.image.data, PHOTO_SIZE_MAX);
    photo.image.size = PHOTO_SIZE_MAX;
    assert_int_equal(photo_put(store, &photo, &why), OK);
    assert_int_equal(photo_get(store, photo.hash, false, &out, &why), OK);
    assert_int_equal(out.size, PHOTO_SIZE_MAX);
    assert_memory_equal(out.data, photo.image.data, PHOTO_SIZE_MAX);
    photo_store_destroy(&store);
    test_s3_stop();
    photo_fini(&photo);
}

/* A wrong secret, a bucket's own trouble, nobody there: by class, and the keys are not said. */
static void a_buckets_trouble_is_told(void **unused)
{
    static const struct {
        unsigned status;
        enum err err;
    } table[] = {{500, ERR_TRANSIENT}, {503, ERR_TRANSIENT}, {403, ERR_DENIED}, {401, ERR_DENIED},
            {301, ERR_TRANSIENT}, {0, ERR_TRANSIENT}};
    struct photo photo = photo_of("a photo");
    BUF_OWNED why = {0};
    (void)unused;
    struct photo_store *store = bucket_open(TEST_S3_ACCESS ":wrong\n");
    assert_int_equal(photo_put(store, &photo, &why), ERR_DENIED);
    assert_int_equal(test_s3.refused, 1);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        test_s3.answer = table[i].status;
        if (!table[i].status)
            test_s3_stop();
        assert_int_equal(photo_put(store, &photo, &why), table[i].err);
    }
    assert_null(strstr(why.data, "wrong"));
    photo_store_destroy(&store);
    photo_fini(&photo);
}

static void what_is_no_bucket_is_refused(void **unused)
{
    char path[96];
    (void)unused;
    (void)snprintf(path, sizeof path, "%s/keys", folder);
    const struct {
        const char *bucket, *endpoint, *region, *keys, *said;
        mode_t mode;
    } table[] = {{"ab", "https://h", "r", "a:s", "found bucket \"ab\"", 0600},
            {"a/b", "https://h", "r", "a:s", "found bucket", 0600},
            {"abc", "ftp://h", "r", "a:s", "photos_endpoint", 0600},
            {"abc", "https://h/x", "r", "a:s", "photos_endpoint", 0600},
            {"abc", "https://", "r", "a:s", "photos_endpoint", 0600},
            {"abc", "https://h", "", "a:s", "photos_region", 0600},
            {"abc", "https://h", "r:s3", "a:s", "photos_region", 0600},
            {"abc", "https://h", "r", "a:s", "mode 0600", 0644},
            {"abc", "https://h", "r", "a", "ACCESS:SECRET", 0600},
            {"abc", "https://h", "r", ":s", "ACCESS:SECRET", 0600},
            {"abc", "https://h", "r", "", "ACCESS:SECRET", 0600}};
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct photo_store *store = NULL;
        BUF_OWNED why = {0};
        keys_write(path, table[i].keys, table[i].mode);
        const struct photo_s3 s3 = {table[i].bucket, table[i].endpoint, table[i].region, path};
        assert_int_equal(photo_store_s3(&s3, &store, &why), ERR_FATAL);
        if (!strstr(why.data, table[i].said))
            fail_msg("%s: expected %s", why.data, table[i].said);
    }
    struct photo_store *store = NULL;
    BUF_OWNED why = {0};
    const struct photo_s3 s3 = {"abc", "https://h", "r", "/nowhere/at/all"};
    assert_int_equal(photo_store_s3(&s3, &store, &why), ERR_FATAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(a_directory_keeps_photos, setup, teardown),
            cmocka_unit_test_setup_teardown(a_killed_writer_leaves_no_half_photo, setup, teardown),
            cmocka_unit_test_setup_teardown(
                    a_full_disk_is_told_and_leaves_nothing, setup, teardown),
            cmocka_unit_test_setup_teardown(a_directory_that_is_none_is_refused, setup, teardown),
            cmocka_unit_test_setup_teardown(
                    a_bucket_keeps_photos_and_every_request_is_signed, setup, teardown),
            cmocka_unit_test_setup_teardown(a_large_photo_goes_into_a_bucket, setup, teardown),
            cmocka_unit_test_setup_teardown(a_buckets_trouble_is_told, setup, teardown),
            cmocka_unit_test_setup_teardown(what_is_no_bucket_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
