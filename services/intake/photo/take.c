/* photo_take: the bytes go to huying-photo in a memory file, its answer comes back in another. So
 * neither side waits for the other to read, an answer that is cut off is one that is too short, and
 * what the process may write is limited by RLIMIT_FSIZE. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "services/intake/photo/answer.h"
#include "services/intake/photo/photo.h"

#define HELPER "huying-photo"

static void fd_close(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

#define FD_OWNED __attribute__((cleanup(fd_close))) int

/* Beside the executable of this process. */
static bool helper_find(char ret[PATH_MAX])
{
    ssize_t size = readlink("/proc/self/exe", ret, PATH_MAX - sizeof HELPER);
    if (size <= 0)
        return false;
    ret[size] = 0;
    char *name = strrchr(ret, '/');
    if (!name)
        return false;
    memcpy(name + 1, HELPER, sizeof HELPER);
    return true;
}

static bool file_write(int fd, const uint8_t *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t wrote = pwrite(fd, data + done, size - done, (off_t)done);
        if (wrote <= 0)
            return false;
        done += (size_t)wrote;
    }
    return true;
}

/* With default signals, none of them blocked, and no descriptors but 0 to 2: all others of this
 * process are closed on exec. */
static bool helper_spawn(int in, int out, pid_t *ret)
{
    static char name[] = HELPER;
    char *const arguments[] = {name, NULL};
    char *const environment[] = {NULL};
    char path[PATH_MAX];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    if (!helper_find(path))
        return false;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return false;
    }
    bool done = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO) == 0 &&
                posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO) == 0 &&
                posix_spawnattr_setsigmask(&attributes, &none) == 0 &&
                posix_spawnattr_setsigdefault(&attributes, &all) == 0 &&
                posix_spawnattr_setflags(
                        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) == 0 &&
                posix_spawn(ret, path, &actions, &attributes, arguments, environment) == 0;
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return done;
}

/* PHOTO_FINE: it has ended by itself, and well. */
static enum photo_fault helper_wait(pid_t child)
{
    int status = 0;
    FD_OWNED fd = pidfd_open(child, 0);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int ended = 0;
    do
        ended = fd < 0 ? 0 : poll(&wait, 1, PHOTO_WAIT_MS_MAX);
    while (ended < 0 && errno == EINTR);
    if (ended != 1)
        (void)kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (ended != 1)
        return fd < 0 ? PHOTO_AWAY : PHOTO_SLOW;
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
        return PHOTO_SLOW;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? PHOTO_FINE : PHOTO_BROKEN;
}

static bool head_is_sound(const struct answer_head *head, size_t size)
{
    return head->magic == ANSWER_MAGIC && head->fault == PHOTO_FINE && head->type >= PHOTO_JPEG &&
           head->type <= PHOTO_WEBP && head->width >= 1 && head->width <= PHOTO_SIDE_MAX &&
           head->height >= 1 && head->height <= PHOTO_SIDE_MAX &&
           (uint64_t)head->width * head->height <= PHOTO_PIXELS_MAX && head->image_size >= 4 &&
           head->image_size <= PHOTO_SIZE_MAX && head->thumb_size >= 4 &&
           head->thumb_size <= PHOTO_THUMB_SIZE_MAX &&
           size == sizeof *head + head->image_size + head->thumb_size;
}

static bool jpeg_begins(const uint8_t *data)
{
    return data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff;
}

static enum photo_fault answer_take(const uint8_t *data, size_t size, struct photo *ret)
{
    struct answer_head head;
    if (size < sizeof head)
        return PHOTO_BROKEN;
    memcpy(&head, data, sizeof head);
    if (head.magic == ANSWER_MAGIC && head.fault > PHOTO_FINE && head.fault < PHOTO_FAULTS)
        return (enum photo_fault)head.fault;
    const uint8_t *image = data + sizeof head;
    if (!head_is_sound(&head, size) || !jpeg_begins(image) || !jpeg_begins(image + head.image_size))
        return PHOTO_BROKEN;
    *ret = (struct photo){
            .type = (enum photo_type)head.type, .width = head.width, .height = head.height};
    buf_add(&ret->image, image, head.image_size);
    buf_add(&ret->thumb, image + head.image_size, head.thumb_size);
    (void)crypto_hash_sha256(ret->hash, image, head.image_size);
    return PHOTO_FINE;
}

static enum photo_fault answer_read(int fd, struct photo *ret)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0 || stat.st_size > ANSWER_SIZE_MAX)
        return PHOTO_BROKEN;
    size_t size = (size_t)stat.st_size;
    if (size < sizeof(struct answer_head))
        return PHOTO_BROKEN;
    void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return PHOTO_AWAY;
    enum photo_fault fault = answer_take(data, size, ret);
    (void)munmap(data, size);
    return fault;
}

enum photo_fault photo_take(const void *data, size_t size, struct photo *ret)
{
    pid_t child = 0;
    if (size == 0)
        return PHOTO_EMPTY;
    if (size > PHOTO_SIZE_MAX)
        return PHOTO_LARGE;
    FD_OWNED in = memfd_create("photo", MFD_CLOEXEC);
    FD_OWNED out = memfd_create("answer", MFD_CLOEXEC);
    if (in < 0 || out < 0 || !file_write(in, data, size) || !helper_spawn(in, out, &child))
        return PHOTO_AWAY;
    enum photo_fault fault = helper_wait(child);
    return fault ? fault : answer_read(out, ret);
}
