/* must(): an assertion that stays in release builds. For bugs only: never for anything that came
 * from outside (bus, database, Redis, file, person). The process ends and is restarted; nothing is
 * lost. */
#ifndef HUYING_BASE_MUST_H
#define HUYING_BASE_MUST_H

void must_fail(const char *expr, const char *file, int line, const char *func)
        __attribute__((noreturn));

/* The one place where a process without memory ends: returns `pointer` when it is not NULL. */
void *must_memory(void *pointer);

#define must(expr) ((expr) ? (void)0 : must_fail(#expr, __FILE__, __LINE__, __func__))

#endif
