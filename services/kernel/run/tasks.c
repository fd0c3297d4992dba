/* Chores on a clock: what the second connection does, and what comes of it; how often is in
 * pace.c. Each chore has one call under way at most. What is known to have come up is wanted and
 * does not wait for its time: work after a batch that says so, deadlines when a drill's clock was
 * moved (due_look). In a drill they are looked for more often besides, since that word may be lost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/log.h"
#include "services/kernel/base/must.h"
#include "services/kernel/run/loop.h"
#include "services/kernel/store/directory.h"
#include "services/kernel/store/replica.h"

#define DIRECTORY_AGAIN_MS 1000 /* after one that could not be used */
/* A claim looks back to the last that took everything, and by so much more: rows whose transaction
 * took its time. What came in later still is found once a minute. */
#define RESEND_MARGIN_MS 5000
#define RESEND_FULL_MS 60000

static void chore_done(void *self, enum err err, const char *message);

void incarnation_set(struct loop *loop, const struct site_attach *site)
{
    int64_t incarnation = site->incarnation;
    if (site->went_back) /* told to one connection: another may have set the incarnation before */
        log_error("SITE-WENT-BACK", "site=%d incarnation=%lld before=%lld what=%s", site->number,
                (long long)incarnation, (long long)loop->incarnation,
                log_quote("this server has not all that was acknowledged: an older primary, or "
                          "files put back; compare with the hotlines' own records"));
    if (loop->incarnation == incarnation)
        return;
    log_info("SITE-ATTACHED", "site=%d incarnation=%lld before=%lld", loop->ids.site,
            (long long)incarnation, (long long)loop->incarnation);
    loop->incarnation = incarnation;
    counters_incarnation_set(loop->counters, incarnation);
    ids_clear(&loop->ids);
    outgoing_clear(loop->outgoing);
    outgoing_flush(loop->outgoing, (uint64_t)incarnation, loop->now_ms);
    loop->acked_count = 0;
    for (int i = 0; i < CHORE_COUNT; i++)
        loop->chore_states[i].complete_ms = 0; /* what came due before is there again */
    bus_incarnation_set(loop->bus, (uint64_t)incarnation);
}

enum err tasks_new(struct loop *loop)
{
    size_t own, queries, chores, ends;
    loop->aux = pg_new(loop->conf.conninfo, loop->ops->schema);
    loop->chores = chores_new(loop->ops, loop->aux);
    const struct statement *chore_list = chores_statements(loop->chores, &chores);
    loop->life = life_new(loop->ops, loop->aux);
    const struct statement *life_list = life_statements(loop->life, &ends);
    const struct statement *query_list = query_statements(&queries);
    own = loop->ops->query_count;
    size_t count = 0;
    size_t room = chores + queries + own + ends + DIRECTORY_STATEMENT_COUNT + 1;
    loop->aux_statements = calloc(room, sizeof *loop->aux_statements);
    must(loop->aux_statements);
    for (size_t i = 0; i < chores; i++)
        loop->aux_statements[count++] = chore_list[i];
    for (size_t i = 0; i < ends; i++)
        loop->aux_statements[count++] = life_list[i];
    for (size_t i = 0; i < queries; i++)
        loop->aux_statements[count++] = query_list[i];
    for (size_t i = 0; i < own; i++)
        loop->aux_statements[count++] = *loop->ops->queries[i].statement;
    for (size_t i = 0; i < DIRECTORY_STATEMENT_COUNT; i++)
        loop->aux_statements[count++] = DIRECTORY_STATEMENTS[i];
    loop->aux_statements[count++] = SQL_POSITION;
    pg_prepare(loop->aux, loop->aux_statements, count);
    loop->counters = counters_new(loop->ops, loop->conf.redis);
    for (int i = 0; i < CHORE_COUNT; i++)
        loop->chore_states[i] = (struct chore_state){.loop = loop,
                .chore = (enum chore)i,
                .least_ms = pace_least(loop->ops, (enum chore)i)};
    return OK;
}

void tasks_destroy(struct loop *loop)
{
    pg_destroy(&loop->aux);
    chores_destroy(&loop->chores);
    life_destroy(&loop->life);
    counters_destroy(&loop->counters);
    free(loop->aux_statements);
    directory_destroy(&loop->directory);
    directory_destroy(&loop->directory_next);
}

static void timer_found(void *self, const struct chore_row *row)
{
    struct chore_state *state = self;
    struct loop *loop = state->loop;
    struct job *job = job_new(WORK_TIMER);
    job->work.input = (struct input){.kind = INPUT_TIMER,
            .type = row->kind,
            .agg = row->agg,
            .n = (uint64_t)row->gen,
            .now_ms = row->at_ms};
    loop->timers_out++;
    state->rows++;
    inbox_put(&loop->inbox, job);
}

static void work_found(void *self, const struct chore_row *row)
{
    struct chore_state *state = self;
    struct loop *loop = state->loop;
    struct job *job = job_new(WORK_FOUND);
    job->work.input = (struct input){
            .kind = INPUT_WORK, .type = row->kind, .agg = row->agg, .now_ms = row->at_ms};
    loop->found_out++;
    state->rows++;
    inbox_put(&loop->inbox, job);
}

static void held_found(void *self, const struct chore_row *row)
{
    struct chore_state *state = self;
    struct job *job = job_new(WORK_POKE);
    job->work.input = (struct input){.kind = INPUT_WORK, .agg = row->agg, .msg_id = row->gen};
    state->loop->held_out++;
    state->rows++;
    inbox_put(&state->loop->inbox, job);
}

static void message_claimed(void *self, const struct effect_message *message)
{
    struct chore_state *state = self;
    state->rows++;
    /* Claimed in the database that this connection is attached to, which another one may have found
     * to be over: then it is not sent under the new incarnation's name. */
    if (state->loop->aux_site.incarnation != state->loop->incarnation)
        return;
    metric_add(&state->loop->metrics, resent, 1);
    outgoing_add(state->loop->outgoing, message);
}

static void message_put_off(void *self, const struct chore_row *row)
{
    (void)row;
    ((struct chore_state *)self)->rows++;
}

static void resend_after(struct loop *loop, struct chore_state *state)
{
    outgoing_flush(loop->outgoing, (uint64_t)loop->incarnation, loop->now_ms);
    if (state->rows == CHORE_ROWS_MAX) {
        state->wanted = true;
        return;
    }
    state->complete_ms = state->started_ms;
    if (state->full)
        state->full_ms = state->started_ms;
}

static int64_t resend_span(const struct loop *loop, struct chore_state *state)
{
    state->full = !state->complete_ms || loop->now_ms - state->full_ms > RESEND_FULL_MS;
    return state->full ? 0 : loop->now_ms - state->complete_ms + RESEND_MARGIN_MS;
}

static void counter_found(void *self, const struct effect_count *count, int64_t fold)
{
    struct chore_state *state = self;
    if (state->loop->directory)
        counters_add(state->loop->counters, state->loop->directory, count, fold);
}

static void directory_loaded(
        void *self, enum err err, struct directory *directory, const char *message)
{
    struct loop *loop = self;
    loop->directory_loading = false;
    if (err != OK) {
        log_warn("DIRECTORY-NOT-LOADED", "why=%s", log_quote(message));
        loop->directory_again_ms = loop->now_ms + DIRECTORY_AGAIN_MS;
        return;
    }
    loop->directory_wanted = false;
    directory_destroy(&loop->directory_next);
    loop->directory_next = directory;
}

/* Nobody looks at the old directory: the new one takes its place. */
static void directory_turn(struct loop *loop)
{
    if (loop->directory_next && !lanes_busy(loop) && loop->queries_out == 0) {
        directory_destroy(&loop->directory);
        loop->directory = loop->directory_next;
        loop->directory_next = NULL;
        metric_set(&loop->metrics, directory_version, directory_version(loop->directory));
        log_info("DIRECTORY-LOADED", "version=%lld units=%zu",
                (long long)directory_version(loop->directory),
                directory_unit_count(loop->directory));
    }
    if (loop->directory_wanted && !loop->directory_loading &&
            loop->now_ms >= loop->directory_again_ms) {
        loop->directory_loading = true;
        directory_load_start(loop->aux, directory_loaded, loop);
    }
}

static void site_known(struct loop *loop)
{
    if (loop->site_read.now_ms == 0)
        return; /* no profile yet */
    site_clock_found(loop, loop->chore_states[CHORE_SITE].started_ms);
    loop->site = loop->site_read;
    if (loop->site.drill && loop->site.now_ms != loop->clock_seen_ms)
        loop->active_ms = loop->now_ms;
    loop->clock_seen_ms = loop->site.now_ms;
    if (loop->site.incarnation && loop->site.incarnation != loop->incarnation)
        for (size_t i = 0; i < loop->lane_count; i++)
            loop->lanes[i].attached = false;
    /* This connection too: what it claims belongs to the incarnation that it is attached to. */
    if (loop->site.incarnation && loop->site.incarnation != loop->aux_site.incarnation)
        loop->aux_attached = false;
    int64_t have = loop->directory_next ? directory_version(loop->directory_next)
                   : loop->directory    ? directory_version(loop->directory)
                                        : -1;
    if (loop->site.incarnation && loop->site.version != have)
        loop->directory_wanted = true;
}

/* What follows when a chore's transaction has committed. */
static void chore_after(struct loop *loop, struct chore_state *state)
{
    bool all = state->chore == CHORE_REFILL || state->chore == CHORE_RECOUNT;
    switch (state->chore) { /* the others need nothing */
    case CHORE_SITE:
        site_known(loop);
        break;
    case CHORE_GAUGES:
        metric_set(&loop->metrics, outbox_rows, loop->gauges.outbox);
        metric_set(&loop->metrics, waiting_rows, loop->gauges.waiting);
        metric_set(&loop->metrics, dead_letters, loop->gauges.dead);
        metric_set(&loop->metrics, timer_rows, loop->gauges.timers);
        break;
    case CHORE_FOLD:
    case CHORE_REFILL:
    case CHORE_RECOUNT:
        metric_set(
                &loop->metrics, redis_up, counters_flush(loop->counters, all, loop->now_ms) == OK);
        break;
    case CHORE_SHRINK:
    case CHORE_RAISE:
    case CHORE_REMOVE:
    case CHORE_ANSWERS:
        keep_after(loop, state);
        break;
    case CHORE_ANCHOR:
    case CHORE_IDS:
    case CHORE_TIMERS:
    case CHORE_WORK:
    case CHORE_HELD:
    case CHORE_ATTEMPTS:
    case CHORE_SUSPECT:
    case CHORE_RESEND:
    case CHORE_COUNT:
    default:
        if (state->chore >= CHORE_RESEND)
            resend_after(loop, state);
        if ((state->chore == CHORE_TIMERS && state->rows == CHORE_ROWS_MAX) ||
                (state->chore == CHORE_HELD && state->rows))
            state->wanted = true;
    }
}

void recount_ask(struct loop *loop, struct job *job)
{
    if (!loop->ops->metric_names || !loop->ops->metric_names[0]) { /* nothing is counted here */
        job->work.end = END_REPLY;
        job_end(loop, job);
        return;
    }
    job->next = loop->recount_asked;
    loop->recount_asked = job;
    loop->chore_states[CHORE_RECOUNT].wanted = true;
}

/* Who asked before it began is told how it ended; who asked since then waits for the next. */
static void recount_end(struct loop *loop, enum err err)
{
    while (loop->recount_running) {
        struct job *job = loop->recount_running;
        loop->recount_running = job->next;
        job->work.end = END_REPLY;
        if (err == OK)
            job_end(loop, job);
        else
            job_fail(loop, job, err, "it was not counted again; ask again");
    }
    if (loop->recount_asked)
        loop->chore_states[CHORE_RECOUNT].wanted = true;
}

static void chore_done(void *self, enum err err, const char *message)
{
    struct chore_state *state = self;
    struct loop *loop = state->loop;
    state->running = false;
    state->took_ms = loop->now_ms - state->started_ms;
    if (state->chore == CHORE_RECOUNT)
        recount_end(loop, err);
    if (err != OK) { /* rows of a claim whose outcome is unknown were not given to us */
        log_debug("CHORE-FAILED", "chore=%d why=%s", (int)state->chore, log_quote(message));
        return;
    }
    chore_after(loop, state);
}

static bool chore_may(struct loop *loop, enum chore chore)
{
    if (chore >= CHORE_RESEND) {
        enum service_id dest = (enum service_id)(chore - CHORE_RESEND);
        return bus_connected(loop->bus) && !outgoing_full(loop->outgoing) &&
               !outgoing_absent(loop->outgoing, dest, loop->now_ms);
    }
    switch (chore) {
    case CHORE_ANCHOR:
        return !loop->site.drill && site_clock_trusted(loop);
    case CHORE_IDS:
        return ids_want(&loop->ids) && loop->incarnation;
    case CHORE_TIMERS:
        return loop->timers_out == 0 && loop->directory && site_clock_trusted(loop);
    case CHORE_WORK:
        return loop->ops->has_work && loop->found_out == 0 && loop->directory;
    case CHORE_HELD:
        return loop->ops->hears[0] && loop->held_out == 0 && loop->directory;
    case CHORE_FOLD:
        return loop->directory && loop->ops->metric_names && loop->ops->metric_names[0];
    case CHORE_REFILL:
    case CHORE_RECOUNT:
        return loop->directory != NULL;
    case CHORE_SHRINK:
    case CHORE_RAISE:
    case CHORE_REMOVE:
    case CHORE_ANSWERS:
        return keep_may(loop, chore);
    case CHORE_SUSPECT:
    case CHORE_COUNT:
        return false;
    case CHORE_SITE:
    case CHORE_ATTEMPTS:
    case CHORE_GAUGES:
    case CHORE_RESEND:
        return true;
    }
    return false;
}

static void chore_start(struct loop *loop, struct chore_state *state)
{
    struct chores *chores = loop->chores;
    struct clock_anchor anchor = site_clock_anchor(loop);
    struct chores_listener listener = {.done = chore_done, .self = state};
    state->running = true;
    state->rows = 0;
    state->wanted = false;
    if (state->chore >= CHORE_RESEND) {
        listener.message = message_claimed;
        listener.row = message_put_off;
        chores_resend(chores, (enum service_id)(state->chore - CHORE_RESEND), RESEND_MS,
                resend_span(loop, state), &listener);
        return;
    }
    switch (state->chore) {
    case CHORE_SITE:
        loop->site_read = (struct site_row){0};
        chores_site(chores, loop->boot, &loop->site_read, &loop->anchor, &listener);
        break;
    case CHORE_ANCHOR:
        chores_anchor(chores, loop->boot, &anchor, &listener);
        break;
    case CHORE_IDS:
        chores_ids(chores, &loop->ids, loop->incarnation, &listener);
        break;
    case CHORE_TIMERS:
        listener.row = timer_found;
        chores_timers(chores, &listener);
        break;
    case CHORE_WORK:
        listener.row = work_found;
        chores_work(chores, &listener);
        break;
    case CHORE_HELD:
        listener.row = held_found;
        chores_held(chores, &listener);
        break;
    case CHORE_ATTEMPTS:
        chores_attempts(chores, &listener);
        break;
    case CHORE_FOLD:
        listener.counter = counter_found;
        chores_fold(chores, &listener);
        break;
    case CHORE_REFILL:
        listener.counter = counter_found;
        chores_counters(chores, &listener);
        break;
    case CHORE_RECOUNT:
        loop->recount_running = loop->recount_asked;
        loop->recount_asked = NULL;
        listener.counter = counter_found;
        chores_recount(chores, &listener);
        break;
    case CHORE_GAUGES:
        chores_gauges(chores, &loop->gauges, &listener);
        break;
    case CHORE_SHRINK:
    case CHORE_RAISE:
    case CHORE_REMOVE:
    case CHORE_ANSWERS:
        keep_start(loop, state, chore_done);
        break;
    case CHORE_SUSPECT:
    case CHORE_RESEND:
    case CHORE_COUNT:
        must(!"not on the clock");
    }
}

void due_look(struct loop *loop)
{
    loop->active_ms = loop->now_ms;
    loop->chore_states[CHORE_TIMERS].wanted = true;
    loop->chore_states[CHORE_WORK].wanted = loop->ops->has_work;
}

static void aux_attached(void *self, enum err err, const char *message)
{
    struct loop *loop = self;
    loop->aux_attaching = false;
    if (err != OK || !loop->aux_site.found) {
        log_debug("PG-ATTACH-FAILED", "why=%s", log_quote(message));
        return;
    }
    if (!loop->aux_site.durable) { /* the lanes say so; a setting of the role needs a new session */
        pg_reset(loop->aux);
        return;
    }
    loop->aux_attached = true;
    loop->aux_connects = pg_connects(loop->aux);
    loop->ids.site = loop->aux_site.number;
    incarnation_set(loop, &loop->aux_site);
}

/* Why the database does not answer, and that it does again: once each, and now and then. */
static void aux_tell(struct loop *loop, bool up)
{
    const char *why = pg_message(loop->aux);
    if (up == loop->aux_up && (up || !why[0] || loop->now_ms - loop->aux_told_ms < TOLD_MS))
        return;
    loop->aux_up = up;
    loop->aux_told_ms = loop->now_ms;
    if (up)
        log_info("PG-UP", "backend=%d", pg_backend(loop->aux));
    else
        log_warn("PG-AWAY", "why=%s", log_quote(why));
}

static bool aux_ready(struct loop *loop)
{
    pg_turn(loop->aux, loop->now_ms);
    bool up = pg_state(loop->aux) == PG_READY;
    metric_set(&loop->metrics, postgres_up, up);
    aux_tell(loop, up);
    if (!up) {
        loop->aux_attached = false;
        return false;
    }
    if (loop->aux_attached && loop->aux_connects == pg_connects(loop->aux))
        return true;
    loop->aux_attached = false;
    if (!loop->aux_attaching && loop->now_ms >= loop->aux_attach_ms) {
        loop->aux_attach_ms = loop->now_ms + 200;
        loop->aux_attaching = true;
        loop->aux_session = (int64_t)(rng_next(&loop->rng) >> 2) + 1;
        chores_attach(loop->aux, loop->aux_session, loop->incarnation, &loop->aux_site,
                aux_attached, loop);
    }
    return false;
}

static void redis_turn(struct loop *loop)
{
    struct chore_state *refill = &loop->chore_states[CHORE_REFILL];
    if (!loop->directory || !loop->ops->metric_names || !loop->ops->metric_names[0] ||
            refill->running || loop->now_ms < loop->redis_look_ms)
        return;
    loop->redis_look_ms = loop->now_ms + 1000;
    if (counters_lost(loop->counters, loop->ids.site, loop->now_ms))
        refill->wanted = true;
}

void tasks_turn(struct loop *loop)
{
    if (!aux_ready(loop))
        return;
    directory_turn(loop);
    redis_turn(loop);
    keep_turn(loop);
    for (int i = 0; i < CHORE_COUNT; i++) {
        struct chore_state *state = &loop->chore_states[i];
        /* Said twice, since nearly always nothing is due, and rounds are many. */
        bool soon = state->wanted || loop->now_ms - state->started_ms >= state->least_ms;
        if (state->running || !soon || !chore_due(state) || !chore_may(loop, state->chore))
            continue;
        state->started_ms = loop->now_ms;
        chore_start(loop, state);
    }
}
