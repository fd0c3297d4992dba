/* Lanes: connections that run batches. Each takes what is ready, runs it as one transaction, and
 * tells everybody after the commit. What could not be committed goes back to the head of the
 * inbox. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/log.h"
#include "services/kernel/base/must.h"
#include "services/kernel/run/loop.h"

/* Acknowledgements alone wait this long for company: a transaction of their own keeps a lane
 * from the next report. In a drill somebody waits for the outbox to be empty. */
#define ACKED_DELAY_MS 25
#define ACKED_DELAY_DRILL_MS 0

static void batch_done(void *self, struct batch *batch, enum batch_end end, const char *message);

static int64_t session_draw(struct loop *loop)
{
    return (int64_t)(rng_next(&loop->rng) >> 2) + 1;
}

enum err lanes_new(struct loop *loop)
{
    size_t count;
    loop->batch_statements = batch_statements(loop->ops, 3, &count);
    loop->batch_statements[count++] = SQL_SESSION;
    loop->batch_statements[count++] = SQL_ATTACH;
    loop->batch_statements[count++] = SQL_DURABLE;
    loop->lane_count = (size_t)loop->conf.lanes;
    for (size_t i = 0; i < loop->lane_count; i++) {
        struct lane *lane = &loop->lanes[i];
        lane->loop = loop;
        lane->pg = pg_new(loop->conf.conninfo, loop->ops->schema);
        pg_prepare(lane->pg, loop->batch_statements, count);
        lane->batch = batch_new(loop->ops, lane->pg, &loop->ids);
    }
    return OK;
}

void lanes_destroy(struct loop *loop)
{
    for (size_t i = 0; i < loop->lane_count; i++) {
        pg_destroy(&loop->lanes[i].pg);
        batch_destroy(&loop->lanes[i].batch);
    }
    free(loop->batch_statements);
}

bool lanes_busy(const struct loop *loop)
{
    for (size_t i = 0; i < loop->lane_count; i++)
        if (batch_busy(loop->lanes[i].batch))
            return true;
    return false;
}

static void attached(void *self, enum err err, const char *message)
{
    struct lane *lane = self;
    lane->attaching = false;
    if (err != OK) {
        log_warn("PG-ATTACH-FAILED", "why=%s", log_quote(message));
        lane->pause_until_ms = lane->loop->now_ms + 200;
        pg_reset(lane->pg);
        return;
    }
    if (!lane->site.durable) {
        log_error("PG-NOT-DURABLE", "what=%s",
                log_quote(
                        "fsync or full_page_writes is off, or synchronous_commit weaker than on"));
        lane->pause_until_ms = lane->loop->now_ms + 1000;
        pg_reset(lane->pg);
        return;
    }
    if (!lane->site.found) { /* no profile yet: look again later */
        lane->pause_until_ms = lane->loop->now_ms + 200;
        pg_reset(lane->pg);
        return;
    }
    if (!lane->site.replicated && pg_several(lane->pg))
        log_warn("PG-NOT-REPLICATED", "what=%s",
                log_quote("the conninfo names several hosts, but synchronous_standby_names is "
                          "empty: a fail-over may lose what was acknowledged"));
    lane->attached = true;
    lane->connects = pg_connects(lane->pg);
    lane->loop->ids.site = lane->site.number;
    incarnation_set(lane->loop, &lane->site);
}

static bool lane_ready(struct lane *lane)
{
    struct loop *loop = lane->loop;
    if (loop->now_ms < lane->pause_until_ms && pg_state(lane->pg) == PG_DOWN)
        return false;
    pg_turn(lane->pg, loop->now_ms);
    if (pg_state(lane->pg) != PG_READY) {
        lane->attached = false;
        return false;
    }
    if (lane->attached && lane->connects == pg_connects(lane->pg))
        return true;
    lane->attached = false;
    /* Not in the middle of a batch: its transaction is open on this connection. */
    if (!lane->attaching && !batch_busy(lane->batch)) {
        lane->attaching = true;
        lane->session = session_draw(loop);
        chores_attach(lane->pg, lane->session, loop->incarnation, &lane->site, attached, lane);
    }
    return false;
}

static bool acked_due(const struct loop *loop)
{
    return loop->acked_count && (loop->inbox.count == 0 || loop->acked_count > ACKED_MAX / 2) &&
           loop->now_ms - loop->acked_since_ms >=
                   (loop->site.drill ? ACKED_DELAY_DRILL_MS : ACKED_DELAY_MS);
}

/* What came in before the site became another incarnation is not applied to it (rule 9): the
 * sender's sweep sends what still is so. Commands may be: their answer is found or given anew; but
 * nobody waits any more for those whose span is over. */
static void stale_drop(struct lane *lane)
{
    size_t kept = 0;
    for (size_t i = 0; i < lane->work_count; i++) {
        struct job *job = (struct job *)lane->works[i];
        if (job->work.origin == WORK_EVENT && job->parcel->incarnation != lane->loop->incarnation)
            job_fail(lane->loop, job, ERR_TRANSIENT, "");
        else if (!job->parcel || !job_late(lane->loop, job))
            lane->works[kept++] = lane->works[i];
    }
    lane->work_count = kept;
}

static bool site_seen(void *self, const struct site_row *site)
{
    struct lane *lane = self;
    return site_clock_read(lane->loop, site, lane->started_ms);
}

static void lane_start(struct lane *lane)
{
    struct loop *loop = lane->loop;
    size_t max = (size_t)loop->conf.batch_size;
    if (ids_left(&loop->ids) < batch_ids_max(max))
        return;
    lane->work_count = inbox_take(&loop->inbox, lane->works, max, loop->now_ms);
    stale_drop(lane);
    if (!lane->work_count && !acked_due(loop))
        return;
    lane->acked_count = loop->acked_count;
    memcpy(lane->acked, loop->acked, loop->acked_count * sizeof *loop->acked);
    loop->acked_count = 0;
    lane->spilled = outgoing_full(loop->outgoing);
    lane->incarnation = loop->incarnation;
    lane->started_ms = loop->now_ms;
    struct batch_start start = {.works = lane->works,
            .work_count = lane->work_count,
            .acked = lane->acked,
            .acked_count = lane->acked_count,
            .directory = loop->directory,
            .incarnation = loop->incarnation,
            .session = lane->session,
            .outbox_due_ms = lane->spilled ? 0 : RESEND_MS,
            .site_seen = site_seen,
            .done = batch_done,
            .self = lane};
    batch_start(lane->batch, &start);
}

void lanes_turn(struct loop *loop)
{
    for (size_t i = 0; i < loop->lane_count; i++) {
        struct lane *lane = &loop->lanes[i];
        if (!lane_ready(lane) || batch_busy(lane->batch))
            continue;
        /* A new directory waits until nobody looks at the old one. */
        if (loop->directory && !loop->directory_next && !loop->directory_wanted)
            lane_start(lane);
    }
}

/* The batch's works from `first` on, back to the head of the inbox in their order. */
static void works_back(struct lane *lane, size_t first, int64_t delay_ms)
{
    struct loop *loop = lane->loop;
    for (size_t i = lane->work_count; i-- > first;) {
        struct job *job = (struct job *)lane->works[i];
        job->not_before_ms = loop->now_ms + delay_ms;
        job->work.end = END_OPEN;
        inbox_back(&loop->inbox, job);
    }
}

/* Acknowledgements name an incarnation as well: those of one that is over are dropped. */
static void acked_back(struct lane *lane)
{
    struct loop *loop = lane->loop;
    if (lane->incarnation != loop->incarnation)
        return;
    for (size_t i = 0; i < lane->acked_count && loop->acked_count < ACKED_MAX; i++)
        loop->acked[loop->acked_count++] = lane->acked[i];
    loop->acked_since_ms = loop->now_ms;
}

static void letters_log(const struct core *core)
{
    for (size_t i = 0; i < core->dead.count; i++)
        log_error("DEAD-LETTER", "agg=%lld source=%s n=%llu type=%u reason=%s",
                (long long)core->dead.list[i].agg, service_name(core->dead.list[i].service),
                (unsigned long long)core->dead.list[i].n, core->dead.list[i].type,
                log_quote(core->dead.list[i].reason));
}

static void count_done(struct loop *loop, const struct lane *lane, const struct core *core)
{
    metric_add(&loop->metrics, batches, 1);
    metric_add(&loop->metrics, works, core->work_count);
    metric_add(&loop->metrics, steps, core->steps.count);
    metric_add(&loop->metrics, duplicates, core->duplicates);
    metric_add(&loop->metrics, early, core->held_new);
    metric_add(&loop->metrics, alarms, core->alarms);
    metric_add(&loop->metrics, letters, core->dead.count);
    for (size_t i = 0; i < core->work_count; i++)
        if (lane->works[i]->origin == WORK_TIMER && !core->timers_held)
            metric_add(&loop->metrics, timers_fired, 1);
}

/* Works whose rows somebody else holds come again a little later, by themselves if need be, and
 * hold up nobody. Timers and the like were only hints: their chores find them again. */
static void left_back(struct lane *lane, size_t left)
{
    size_t done = lane->work_count - left, kept = done;
    for (size_t i = done; i < lane->work_count; i++) {
        struct job *job = (struct job *)lane->works[i];
        if (job->parcel)
            lane->works[kept++] = lane->works[i];
        else
            job_fail(lane->loop, job, ERR_TRANSIENT, "");
    }
    lane->work_count = kept;
    metric_add(&lane->loop->metrics, batch_left, left);
    works_back(lane, done, BLOCKED_MS + (int64_t)rng_below(&lane->loop->rng, BLOCKED_MS));
}

/* For screens; whoever misses it asks (DESIGN §5). */
static void feed_send(struct loop *loop, const struct core *core)
{
    for (size_t i = 0; i < core->pages.count; i++) {
        struct frame head = {.kind = FRAME_FEED,
                .source = loop->ops->service,
                .incarnation = (uint64_t)loop->incarnation};
        const struct buf *page = core->pages.list[i].payload;
        if (bus_send(loop->bus, &head, page->data, page->size) != OK)
            return;
    }
}

/* Was the site restored or failed over since, then what is still so is sent by the sweep, under the
 * new incarnation's name. */
static void outbox_tell(struct lane *lane, const struct core *core)
{
    struct loop *loop = lane->loop;
    if (lane->incarnation != loop->incarnation)
        return;
    if (!lane->spilled) {
        for (size_t i = 0; i < core->outbox.count; i++)
            outgoing_add(loop->outgoing, &core->outbox.list[i]);
        outgoing_flush(loop->outgoing, (uint64_t)loop->incarnation, loop->now_ms);
    } else if (core->outbox.count) {
        for (int dest = 0; dest < SERVICE_COUNT; dest++)
            loop->chore_states[CHORE_RESEND + dest].wanted = true;
    }
}

static void committed(struct lane *lane)
{
    struct loop *loop = lane->loop;
    const struct core *core = batch_core(lane->batch);
    count_done(loop, lane, core);
    letters_log(core);
    if (core->count_used)
        loop->chore_states[CHORE_FOLD].wanted = true;
    if (core->work_count && loop->ops->has_work)
        loop->chore_states[CHORE_WORK].wanted = true;
    loop->site = *batch_site(lane->batch);
    if (lane->work_count)
        loop->active_ms = loop->now_ms;
    left_back(lane, batch_left(lane->batch));
    /* First those who wait: what is told to other services lies in the batch's own memory. */
    for (size_t i = 0; i < core->work_count; i++)
        job_end(loop, (struct job *)lane->works[i]);
    outbox_tell(lane, core);
    feed_send(loop, core);
}

/* A single work that cannot be stored: a bug or poison. A message gets five attempts and is then
 * buried; a request is told at once. */
static void work_failed(struct lane *lane, const char *message)
{
    struct loop *loop = lane->loop;
    struct job *job = (struct job *)lane->works[0];
    struct work *work = &job->work;
    log_error("BATCH-FAILED", "agg=%lld origin=%d type=%u attempt=%d why=%s",
            (long long)work->input.agg, (int)work->origin, work->input.type, work->attempts + 1,
            log_quote(message));
    if (!work->alone) { /* it may have met another batch, say with the same request id: once more */
        work->alone = true;
        works_back(lane, 0, RETRY_MS);
        return;
    }
    if (work->origin != WORK_EVENT && !(work->origin == WORK_POKE && work->input.msg_id)) {
        job_fail(loop, job, ERR_FATAL,
                "it could not be stored; the service's log has the reason (BATCH-FAILED)");
        return;
    }
    work->attempts++;
    work->poison = work->attempts >= ATTEMPTS_MAX;
    if (work->poison && job->parcel)
        work->text = arena_text(&job->parcel->arena, message, strlen(message));
    else if (work->poison)
        work->text = "failed too often; the service's log has the reason (BATCH-FAILED)";
    works_back(lane, 0, RETRY_MS * work->attempts);
}

static void split(struct lane *lane)
{
    for (size_t i = 0; i < lane->work_count; i++)
        lane->works[i]->alone = true;
    works_back(lane, 0, 0);
}

static void works_lost(struct lane *lane)
{
    for (size_t i = 0; i < lane->work_count; i++) {
        struct job *job = (struct job *)lane->works[i];
        job_fail(lane->loop, job, ERR_TRANSIENT, "the database was restored; ask again");
    }
}

static void batch_done(void *self, struct batch *batch, enum batch_end end, const char *message)
{
    struct lane *lane = self;
    struct loop *loop = lane->loop;
    (void)batch;
    if (end == BATCH_DONE) {
        committed(lane);
        return;
    }
    acked_back(lane);
    log_debug("BATCH-AGAIN", "end=%d why=%s", (int)end, log_quote(message));
    if (end == BATCH_RETRY && loop->now_ms - lane->told_ms > TOLD_MS) {
        lane->told_ms = loop->now_ms; /* once is usual; a schema that is behind says it for ever */
        log_warn("BATCH-RETRY", "why=%s", log_quote(message));
    }
    switch (end) {
    case BATCH_RETRY:
        metric_add(&loop->metrics, batch_retries, 1);
        for (size_t i = 0; i < lane->work_count; i++)
            ((struct job *)lane->works[i])->begun = true;
        works_back(lane, 0, RETRY_MS + (int64_t)rng_below(&loop->rng, RETRY_MS));
        break;
    case BATCH_BLOCKED:
        metric_add(&loop->metrics, batch_retries, 1);
        works_back(lane, 0, 0);
        break;
    case BATCH_SPLIT:
        works_back(lane, 0, 0);
        break;
    case BATCH_DIRECTORY:
        loop->directory_wanted = true;
        works_back(lane, 0, 0);
        break;
    case BATCH_INCARNATION:
        lane->attached = false;
        works_lost(lane);
        break;
    case BATCH_FAILED:
        metric_add(&loop->metrics, batch_failures, 1);
        if (lane->work_count == 1)
            work_failed(lane, message);
        else
            split(lane);
        break;
    case BATCH_DONE:
        break;
    }
}
