/* What tests share: cmocka with the headers it needs, a way to see that something ends the process
 * by must(), and a way to see what the log says. For files *_test.c only. */
#ifndef HUYING_BASE_TESTING_H
#define HUYING_BASE_TESTING_H

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Runs `act` in a child process; true when it was ended by abort(). Its standard error is
 * closed. */
static inline bool process_aborts(void (*act)(void *self), void *self)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL);
        act(self);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

/* Standard error goes into a file from log_watch until log_unwatch: what an operator would see. */
struct log_watch {
    int kept, file;
};

static inline void log_watch(struct log_watch *watch)
{
    watch->kept = dup(STDERR_FILENO);
    watch->file = memfd_create("log", MFD_CLOEXEC);
    assert_true(watch->kept >= 0 && watch->file >= 0);
    /* A memory file's position is not locked: threads would write over each other's lines. */
    assert_int_equal(fcntl(watch->file, F_SETFL, O_APPEND), 0);
    assert_true(dup2(watch->file, STDERR_FILENO) >= 0);
}

/* All that was written since then, its end if it is long; in static memory. */
static inline const char *log_seen(const struct log_watch *watch)
{
    static char text[1 << 17];
    off_t end = lseek(watch->file, 0, SEEK_END);
    off_t from = end < (off_t)sizeof text ? 0 : end - (off_t)sizeof text + 1;
    ssize_t size = pread(watch->file, text, sizeof text - 1, from);
    text[size > 0 ? size : 0] = '\0';
    return text;
}

/* Idempotent. What log_seen gave stays. */
static inline void log_unwatch(struct log_watch *watch)
{
    if (watch->file <= 0)
        return;
    (void)dup2(watch->kept, STDERR_FILENO);
    (void)close(watch->kept);
    (void)close(watch->file);
    *watch = (struct log_watch){0};
}

#endif
