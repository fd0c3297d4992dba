/* How often chores run: by the clock, when they are wanted, and how long the loop may wait. In a
 * drill much is looked for more often, since whoever moved its clock waits for what comes of it. */
#include "services/kernel/run/loop.h"

#define WANTED_MS 5 /* a wanted chore does not run more often */
/* Each fold of the counters rewrites a row for every unit that changed, here and in Redis. Under
 * load many batches should share one: it may take a fiftieth of the time, and is at most four
 * seconds behind, since figures are promised within five. When there is little to do, its commit
 * should not stand between a report and its receipt; in a drill somebody waits for the figures. */
#define FOLD_SHARE 50
#define FOLD_MS_MIN 250
#define FOLD_MS_MAX 4000

static const struct {
    int64_t every_ms, drill_ms; /* 0: only when it is wanted */
} PACE[CHORE_COUNT] = {
        [CHORE_SITE] = {1000, 50},
        [CHORE_ANCHOR] = {5000, 5000},
        [CHORE_IDS] = {20, 20},
        [CHORE_TIMERS] = {200, 25},
        [CHORE_WORK] = {200, 25},
        [CHORE_HELD] = {1000, 200},
        [CHORE_ATTEMPTS] = {2000, 2000},
        [CHORE_FOLD] = {FOLD_MS_MAX, FOLD_MS_MAX},
        [CHORE_RECOUNT] = {0, 0},
        [CHORE_REFILL] = {0, 0},
        [CHORE_GAUGES] = {5000, 5000},
        [CHORE_SUSPECT] = {0, 0},
        [CHORE_SHRINK] = {60000, 60000},
        [CHORE_RAISE] = {3600000, 3600000},
        [CHORE_REMOVE] = {60000, 60000},
        [CHORE_ANSWERS] = {60000, 60000},
};
/* Gauges count rows one by one, over all that went while somebody holds a snapshot: they may take a
 * hundredth of the time. */
#define GAUGES_SHARE 100
#define GAUGES_MS_MAX 60000
#define RESEND_EVERY_MS 500
#define BRISK_MS                                                                                   \
    2000 /* a drill without events and with a standing clock for so long is left in peace */
#define SOON_MS 2
#define BRISK_PATIENCE_MS 10
#define PATIENCE_MS 20
#define REST_MS 100 /* how soon a resting drill notices that its clock was moved */

bool loop_brisk(const struct loop *loop)
{
    return loop->site.drill && loop->now_ms - loop->active_ms < BRISK_MS;
}

int64_t pace_least(const struct aggregate_ops *ops, enum chore chore)
{
    if (chore < CHORE_RESEND)
        return PACE[chore].drill_ms ? PACE[chore].drill_ms : INT64_MAX;
    enum service_id dest = (enum service_id)(chore - CHORE_RESEND);
    bool told = dest == SERVICE_AUDIT && ops->service != SERVICE_AUDIT;
    for (const enum service_id *it = ops->tells; *it; it++)
        told = told || *it == dest;
    return told ? RESEND_EVERY_MS : INT64_MAX;
}

static int64_t gauges_pace(const struct loop *loop)
{
    int64_t least = PACE[CHORE_GAUGES].every_ms;
    int64_t rest = loop->chore_states[CHORE_GAUGES].took_ms * GAUGES_SHARE;
    if (rest < least)
        return least;
    return rest < GAUGES_MS_MAX ? rest : GAUGES_MS_MAX;
}

static int64_t pace(const struct loop *loop, enum chore chore)
{
    if (chore >= CHORE_RESEND)
        return RESEND_EVERY_MS;
    if (chore == CHORE_GAUGES)
        return gauges_pace(loop);
    if (loop_brisk(loop))
        return PACE[chore].drill_ms;
    bool rests = loop->site.drill && PACE[chore].drill_ms < REST_MS;
    return rests && PACE[chore].every_ms > REST_MS ? REST_MS : PACE[chore].every_ms;
}

/* How long after its last start a chore that is wanted starts again. */
static int64_t wanted_pause(const struct chore_state *state)
{
    if (state->chore == CHORE_TIMERS)
        return 0;
    if (state->chore != CHORE_FOLD)
        return WANTED_MS;
    int64_t least = loop_brisk(state->loop) ? WANTED_MS : FOLD_MS_MIN;
    return state->took_ms * FOLD_SHARE > least ? state->took_ms * FOLD_SHARE : least;
}

bool chore_due(const struct chore_state *state)
{
    const struct loop *loop = state->loop;
    int64_t since = loop->now_ms - state->started_ms;
    if (state->wanted && since >= wanted_pause(state))
        return true;
    return since >= state->least_ms && since >= pace(loop, state->chore);
}

/* Descriptors wake the loop for what comes from outside; this is for what only time brings. Folding
 * may be late. */
long loop_patience_ms(const struct loop *loop)
{
    bool soon = loop->inbox.count > 0;
    for (int i = 0; i < CHORE_COUNT; i++) {
        const struct chore_state *state = &loop->chore_states[i];
        bool held = i == CHORE_TIMERS && !site_clock_trusted(loop);
        soon = soon || (state->wanted && !state->running && i != CHORE_FOLD && !held);
    }
    if (soon)
        return SOON_MS;
    return loop_brisk(loop) ? BRISK_PATIENCE_MS : PATIENCE_MS;
}
