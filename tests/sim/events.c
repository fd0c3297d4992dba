/* A ring of milliseconds, each with its events in the order of asking, and a bit for each that has
 * some. What is further away waits in a list and comes into the ring as soon as that reaches so
 * far: before anything else can be asked for the same millisecond. */
#include "tests/sim/events.h"

#include <string.h>

#include "services/kernel/base/must.h"

#define RING 4096 /* milliseconds */
#define WORD 64
#define WORDS (RING / WORD)

static struct {
    struct {
        struct event *first, *last; /* when its bit is set */
    } ring[RING];
    uint64_t bits[WORDS];
    int64_t now_ms;     /* the ring begins there */
    struct event *far;  /* by time */
    struct event *free; /* to be used again */
    struct event *taken;
} events;

void events_begin(void)
{
    memset(events.bits, 0, sizeof events.bits);
    events.now_ms = 0;
    events.far = events.free = events.taken = NULL;
}

static void ring_put(struct event *event)
{
    size_t at = (size_t)event->at_ms % RING;
    uint64_t *word = &events.bits[at / WORD], bit = UINT64_C(1) << at % WORD;
    event->next = NULL;
    if (*word & bit)
        events.ring[at].last->next = event;
    else
        events.ring[at].first = event;
    events.ring[at].last = event;
    *word |= bit;
}

static void far_put(struct event *event)
{
    struct event **link = &events.far;
    while (*link && (*link)->at_ms <= event->at_ms)
        link = &(*link)->next;
    event->next = *link;
    *link = event;
}

void events_add(int64_t at_ms, sim_act *act, void *self, int64_t arg)
{
    struct event *event = events.free;
    must(at_ms >= events.now_ms);
    if (event)
        events.free = event->next;
    else
        event = arena_array(&sim.arena, struct event, 1);
    *event = (struct event){.at_ms = at_ms, .act = act, .self = self, .arg = arg};
    if (at_ms - events.now_ms < RING)
        ring_put(event);
    else
        far_put(event);
}

/* Milliseconds until the first that has events; RING = none has. */
static int64_t ring_wait(void)
{
    size_t start = (size_t)events.now_ms % RING, at = start;
    for (size_t words = 0; words <= WORDS; words++) {
        uint64_t bits = events.bits[at / WORD] >> at % WORD;
        if (bits)
            return (int64_t)((at + (size_t)__builtin_ctzll(bits) + RING - start) % RING);
        at = (at / WORD + 1) % WORDS * WORD;
    }
    return RING;
}

static void now_move(int64_t now_ms)
{
    events.now_ms = now_ms;
    while (events.far && events.far->at_ms - now_ms < RING) {
        struct event *event = events.far;
        events.far = event->next;
        ring_put(event);
    }
}

const struct event *events_take(int64_t until_ms)
{
    int64_t wait = ring_wait(), at_ms = events.now_ms + wait;
    if (wait == RING && events.far)
        at_ms = events.far->at_ms;
    if ((wait == RING && !events.far) || at_ms > until_ms)
        return NULL;
    now_move(at_ms);
    if (events.taken) {
        events.taken->next = events.free;
        events.free = events.taken;
    }
    size_t at = (size_t)at_ms % RING;
    struct event *event = events.ring[at].first;
    events.ring[at].first = event->next;
    if (!event->next)
        events.bits[at / WORD] &= ~(UINT64_C(1) << at % WORD);
    events.taken = event;
    return event;
}
