#include "services/kernel/run/inbox.h"

#include <stdlib.h>

#include "services/kernel/base/must.h"

#define PARCEL_ARENA_LIMIT ((size_t)32 << 20)

void inbox_init(struct inbox *inbox)
{
    *inbox = (struct inbox){.last = &inbox->first};
}

void inbox_put(struct inbox *inbox, struct job *job)
{
    job->next = NULL;
    *inbox->last = job;
    inbox->last = &job->next;
    inbox->count++;
}

void inbox_back(struct inbox *inbox, struct job *job)
{
    job->next = inbox->first;
    inbox->first = job;
    if (!job->next)
        inbox->last = &job->next;
    inbox->count++;
}

static void unlink_job(struct inbox *inbox, struct job **link)
{
    struct job *job = *link;
    *link = job->next;
    if (!*link)
        inbox->last = link;
    inbox->count--;
}

static bool runs_alone(const struct work *work)
{
    return work->alone || work->crowded;
}

size_t inbox_take(struct inbox *inbox, struct work **works, size_t max, int64_t now_ms)
{
    size_t count = 0;
    for (struct job **link = &inbox->first; *link && count < max;) {
        struct job *job = *link;
        if (job->not_before_ms > now_ms || (runs_alone(&job->work) && count > 0)) {
            link = &job->next;
            continue;
        }
        unlink_job(inbox, link);
        works[count++] = &job->work;
        if (runs_alone(&job->work))
            break;
    }
    return count;
}

bool span_over(int64_t received_ms, int64_t span_ms, int64_t now_ms)
{
    return span_ms > 0 && now_ms - received_ms > span_ms;
}

struct parcel *parcel_new(void)
{
    struct parcel *parcel = calloc(1, sizeof *parcel);
    must(parcel);
    arena_init(&parcel->arena, PARCEL_ARENA_LIMIT);
    return parcel;
}

void parcel_destroy(struct parcel *parcel)
{
    if (!parcel->local)
        bus_frame_fini(&parcel->frame);
    for (size_t i = 0; parcel->answers && i < parcel->count; i++)
        buf_fini(&parcel->answers[i]);
    arena_fini(&parcel->arena);
    free(parcel);
}

struct job *job_new(enum work_origin origin)
{
    struct job *job = calloc(1, sizeof *job);
    must(job);
    job->work.origin = origin;
    job->work.request_id = "";
    return job;
}

void job_destroy(struct job *job)
{
    must(!job->parcel);
    free(job);
}
