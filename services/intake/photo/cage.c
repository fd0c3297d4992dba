/* See cage.h. */
#include "services/intake/photo/cage.h"
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include "services/intake/photo/answer.h"

/* 40 megapixels, twice (before and after they are turned, or a progressive file's coefficients),
 * and the file. */
#define MEMORY_MAX ((rlim_t)640 << 20)
#define PROCESSOR_S_MAX ((rlim_t)(PHOTO_MS_MAX / 1000))

static bool limit_set(__rlimit_resource_t what, rlim_t value)
{
    const struct rlimit limit = {value, value};
    return setrlimit(what, &limit) == 0;
}

/* The sanitizers' own memory and system calls have no place in the cage: with them, it is open. */
#ifdef __SANITIZE_ADDRESS__
static bool calls_close(void)
{
    return true;
}
#else
static bool calls_allow(scmp_filter_ctx filter)
{
    static const int calls[] = {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(munmap), SCMP_SYS(mremap),
            SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(getrandom), SCMP_SYS(exit_group),
            SCMP_SYS(rt_sigreturn)};
    bool done = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                        SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
    for (size_t i = 0; done && i < sizeof calls / sizeof *calls; i++)
        done = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0) == 0;
    return done;
}

static bool calls_close(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter)
        return false;
    bool done =
            limit_set(RLIMIT_AS, MEMORY_MAX) && calls_allow(filter) && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return done;
}
#endif

bool cage_close(void)
{
    return limit_set(RLIMIT_CORE, 0) && limit_set(RLIMIT_CPU, PROCESSOR_S_MAX) &&
           limit_set(RLIMIT_FSIZE, ANSWER_SIZE_MAX) && calls_close();
}
