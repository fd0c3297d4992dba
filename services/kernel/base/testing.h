/* What tests share: cmocka with the headers it needs, and a way to see that something ends the
 * process by must(). For files *_test.c only. */
#ifndef HUYING_BASE_TESTING_H
#define HUYING_BASE_TESTING_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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

#endif
