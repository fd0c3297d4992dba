#include "tests/fault/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static FILE *file;
static char name[24];
static unsigned ops;

int64_t history_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void history_open(const char *dir, const char *client)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s.history", dir, client);
    snprintf(name, sizeof name, "%s", client);
    file = fopen(path, "w");
    if (!file) {
        perror(path);
        exit(1);
    }
    (void)setvbuf(file, NULL, _IOLBF, 0); /* a client that is killed has written what it did */
}

void history_op(char ret[OP_SIZE])
{
    snprintf(ret, OP_SIZE, "%s-%u", name, ++ops);
}

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

void history_add(const struct event *event)
{
    int put = fprintf(file,
            "%" PRId64 "\t%s\t%s\t%s\t%s\t%s\t%" PRId64 "\t%s\t%" PRId32 "\t%" PRId64 "\t%s\n",
            history_now_us(), name, event->phase, event->op, event->what,
            text_or_empty(event->ticket), event->agg, text_or_empty(event->result), event->ver,
            event->since_us, text_or_empty(event->detail));
    if (put < 0) {
        perror("history");
        exit(1);
    }
}
