#include "services/kernel/run/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define PARCEL_ARENA_LIMIT ((size_t)32 << 20)

/* Made for its first job, freed with its last. */
struct inbox_queue {
    enum inbox_side side;
    char name[PEER_SIZE];
    struct inbox_queue *chained;        /* in its slot */
    struct inbox_queue *before, *after; /* in the ring */
    struct job *first, **last;
    uint64_t taking;   /* the call that `link` is of */
    struct job **link; /* those before it are not to be taken in this call */
};

void inbox_init(struct inbox *inbox)
{
    *inbox = (struct inbox){0};
}

static enum inbox_side side_of(const struct job *job)
{
    bool asked = job->parcel && job->parcel->frame.head.kind != FRAME_EVENTS;
    return asked ? SIDE_ASKED : SIDE_SITE;
}

static const char *source_of(const struct job *job)
{
    if (!job->parcel)
        return "";
    return side_of(job) == SIDE_ASKED ? job->parcel->frame.head.peer
                                      : service_name(job->parcel->frame.head.source);
}

static struct inbox_queue **queue_slot(struct inbox *inbox, enum inbox_side side, const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a; names are those of keys and tokens that we gave */
    for (const char *at = name; *at; at++)
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    return &inbox->sides[side].slots[hash % INBOX_SLOTS];
}

/* Before whose turn it is: a new one comes last. */
static void ring_join(struct inbox_side_queues *side, struct inbox_queue *queue)
{
    struct inbox_queue *turn = side->count++ ? side->turn : queue;
    queue->after = turn;
    queue->before = turn == queue ? queue : turn->before;
    queue->before->after = queue;
    turn->before = queue;
    side->turn = turn;
}

static void queue_destroy(struct inbox *inbox, struct inbox_queue *queue)
{
    struct inbox_side_queues *side = &inbox->sides[queue->side];
    struct inbox_queue **link = queue_slot(inbox, queue->side, queue->name);
    while (*link != queue)
        link = &(*link)->chained;
    *link = queue->chained;
    queue->before->after = queue->after;
    queue->after->before = queue->before;
    if (side->turn == queue)
        side->turn = queue->after;
    if (--side->count == 0)
        side->turn = NULL;
    free(queue);
}

static struct inbox_queue *queue_of(struct inbox *inbox, const struct job *job)
{
    enum inbox_side side = side_of(job);
    const char *name = source_of(job);
    struct inbox_queue **slot = queue_slot(inbox, side, name);
    for (struct inbox_queue *queue = *slot; queue; queue = queue->chained)
        if (strcmp(queue->name, name) == 0)
            return queue;
    struct inbox_queue *queue = must_memory(calloc(1, sizeof *queue));
    queue->side = side;
    (void)text_copy(queue->name, sizeof queue->name, name, strlen(name));
    queue->last = &queue->first;
    queue->chained = *slot;
    *slot = queue;
    ring_join(&inbox->sides[side], queue);
    return queue;
}

void inbox_fini(struct inbox *inbox)
{
    for (int side = 0; side < SIDES; side++)
        while (inbox->sides[side].count)
            queue_destroy(inbox, inbox->sides[side].turn);
    inbox_init(inbox);
}

void inbox_put(struct inbox *inbox, struct job *job)
{
    struct inbox_queue *queue = queue_of(inbox, job);
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
    inbox->count++;
}

void inbox_back(struct inbox *inbox, struct job *job)
{
    struct inbox_queue *queue = queue_of(inbox, job);
    job->next = queue->first;
    queue->first = job;
    if (!job->next)
        queue->last = &job->next;
    inbox->count++;
}

static bool runs_alone(const struct work *work)
{
    return work->alone || work->crowded;
}

static void job_unlink(struct inbox *inbox, struct inbox_queue *queue, struct job **link)
{
    struct job *job = *link;
    *link = job->next;
    if (!*link)
        queue->last = link;
    inbox->count--;
    if (!queue->first)
        queue_destroy(inbox, queue);
}

/* The queue's next job that is ready; with `some` in the batch already none that runs alone. Its
 * next one's place is remembered until the end of the call. */
static struct job *queue_take(
        struct inbox *inbox, struct inbox_queue *queue, bool some, int64_t now_ms)
{
    if (queue->taking != inbox->taking)
        queue->link = &queue->first;
    queue->taking = inbox->taking;
    for (; *queue->link; queue->link = &(*queue->link)->next) {
        struct job *job = *queue->link;
        if (job->not_before_ms > now_ms)
            continue;
        if (some && runs_alone(&job->work)) {
            inbox->owed = queue;
            continue;
        }
        job_unlink(inbox, queue, queue->link);
        return job;
    }
    return NULL;
}

static struct job *side_take(struct inbox *inbox, enum inbox_side which, bool some, int64_t now_ms)
{
    struct inbox_side_queues *side = &inbox->sides[which];
    for (size_t left = side->count; left > 0; left--) {
        struct inbox_queue *queue = side->turn;
        side->turn = queue->after;
        struct job *job = queue_take(inbox, queue, some, now_ms);
        if (job)
            return job;
    }
    return NULL;
}

static struct job *job_take(struct inbox *inbox, bool some, int64_t now_ms)
{
    struct job *job = NULL;
    for (int tries = 0; tries < SIDES && !job; tries++) {
        job = side_take(inbox, inbox->side, some, now_ms);
        inbox->side = (enum inbox_side)((inbox->side + 1) % SIDES);
    }
    return job;
}

/* Begins where a job that runs alone was passed over, or others would be before it for ever. */
size_t inbox_take(struct inbox *inbox, struct work **works, size_t max, int64_t now_ms)
{
    size_t count = 0;
    inbox->taking++;
    if (inbox->owed) {
        inbox->side = inbox->owed->side;
        inbox->sides[inbox->side].turn = inbox->owed;
    }
    inbox->owed = NULL;
    while (count < max) {
        struct job *job = job_take(inbox, count > 0, now_ms);
        if (!job)
            break;
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
