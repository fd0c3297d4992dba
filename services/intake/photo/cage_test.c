/* The cage, from inside: a process closes it behind itself and tries what an intruder would. */
#include "services/intake/photo/cage.h"
#include <errno.h>
#include <sys/socket.h>
#include "services/intake/photo/photo.h"
#include "services/kernel/base/testing.h"

#define FREE 0

static void file_open(void)
{
    (void)open("/etc/passwd", O_RDONLY);
}

static void network_open(void)
{
    (void)socket(AF_INET, SOCK_STREAM, 0);
}

static void process_make(void)
{
    (void)fork();
}

static void program_start(void)
{
    (void)execl("/bin/true", "true", (char *)NULL);
}

static void signal_send(void)
{
    (void)kill(getppid(), 0);
}

static void code_map(void)
{
    (void)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void code_protect(void *page)
{
    (void)mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static void page_execute(void)
{
    code_protect(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static void work(void)
{
    char *memory = malloc(64 << 20);
    if (!memory)
        _exit(1);
    memset(memory, 1, 64 << 20);
    free(memory);
    if (write(STDOUT_FILENO, "", 0) != 0)
        _exit(2);
}

static void memory_waste(void)
{
    if (malloc((size_t)1 << 30))
        _exit(1);
}

static void file_waste(void)
{
    static char block[1 << 20];
    int room = (PHOTO_SIZE_MAX >> 20) + 2;
    for (int i = 0; i < room; i++)
        (void)!write(STDOUT_FILENO, block, sizeof block);
}

static int child_status(void (*act)(void))
{
    int file = memfd_create("out", MFD_CLOEXEC);
    pid_t child = fork();
    assert_true(child >= 0 && file >= 0);
    if (child == 0) {
        (void)dup2(file, STDOUT_FILENO);
        if (!cage_close())
            _exit(99);
        act();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    (void)close(file);
    return status;
}

static void nothing_but_work_is_possible(void **unused)
{
    static const struct {
        const char *what;
        void (*act)(void);
        int signal; /* that ends it; FREE: none does */
    } table[] = {{"work", work, FREE}, {"memory beyond its limit", memory_waste, FREE},
            {"write more than an answer", file_waste, SIGXFSZ}, {"open a file", file_open, SIGSYS},
            {"open a socket", network_open, SIGSYS}, {"make a process", process_make, SIGSYS},
            {"start a program", program_start, SIGSYS}, {"send a signal", signal_send, SIGSYS},
            {"map code", code_map, SIGSYS}, {"make a page code", page_execute, SIGSYS}};
    (void)unused;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* the cage stays open */
#endif
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        int status = child_status(table[i].act);
        if (table[i].signal == FREE ? status != 0
                                    : !WIFSIGNALED(status) || WTERMSIG(status) != table[i].signal)
            fail_msg("%s: status %x, expected signal %d", table[i].what, (unsigned)status,
                    table[i].signal);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_but_work_is_possible)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
