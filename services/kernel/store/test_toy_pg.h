/* The toy in a real PostgreSQL: its schema, and connections that run its batches and chores. */
#ifndef HUYING_STORE_TEST_TOY_PG_H
#define HUYING_STORE_TEST_TOY_PG_H

#include <poll.h>

#include "services/kernel/base/clock.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/store/batch_impl.h"
#include "services/kernel/store/chores.h"
#include "services/kernel/store/life.h"
#include "services/kernel/store/test_toy_db.h"

struct lane {
    struct pg *pg;
    struct batch *batch;
    struct chores *chores;
    struct life *life;
    struct statement *statements;
    struct ids ids;
    struct directory *directory;
    int64_t incarnation, session;
    struct work *works[BATCH_SIZE_MAX];
    int calls;
    enum batch_end end;
    char message[200];
    int chore_calls;
    enum err chore_err;
};

TOY void toy_attached(void *self, enum err err, const char *message)
{
    (void)self;
    (void)message;
    assert_int_equal(err, OK);
}

/* A connection with everything prepared; takes its session's lock when `session` is not 0. */
TOY void lane_open(struct lane *lane, int64_t session, int64_t ids_from)
{
    size_t count, more, last;
    *lane = (struct lane){.incarnation = 5, .session = session};
    lane->directory = toy_directory(1);
    lane->ids = (struct ids){7, SERVICE_ROUTING, ids_from, ids_from + 200000, 0, 0, 0};
    lane->pg = pg_new(kit_pg_conninfo(server, "postgres"), "toy");
    lane->chores = chores_new(toy_ops, lane->pg);
    const struct statement *list = chores_statements(lane->chores, &more);
    lane->life = life_new(toy_ops, lane->pg);
    const struct statement *end = life_statements(lane->life, &last);
    lane->statements = batch_statements(toy_ops, more + last, &count);
    memcpy(lane->statements + count, list, more * sizeof *list);
    memcpy(lane->statements + count + more, end, last * sizeof *end);
    pg_prepare(lane->pg, lane->statements, count + more + last);
    lane->batch = batch_new(toy_ops, lane->pg, &lane->ids);
    assert_int_equal(pg_wait(lane->pg, DEADLINE_MS), OK);
    struct site_attach site;
    if (!session)
        return;
    chores_attach(lane->pg, session, 0, &site, toy_attached, NULL);
    assert_int_equal(pg_wait(lane->pg, DEADLINE_MS), OK);
    assert_true(site.found);
    lane->incarnation = site.incarnation;
}

TOY void lane_close(struct lane *lane)
{
    pg_destroy(&lane->pg);
    batch_destroy(&lane->batch);
    chores_destroy(&lane->chores);
    life_destroy(&lane->life);
    directory_destroy(&lane->directory);
    free(lane->statements);
}

TOY void lane_done(void *self, struct batch *batch, enum batch_end end, const char *message)
{
    struct lane *lane = self;
    (void)batch;
    lane->calls++;
    lane->end = end;
    snprintf(lane->message, sizeof lane->message, "%s", message);
}

TOY void lane_start(struct lane *lane,
        struct work *works,
        size_t count,
        const struct acked *acked,
        size_t acked_count)
{
    for (size_t i = 0; i < count; i++)
        lane->works[i] = &works[i];
    lane->calls = 0;
    batch_start(lane->batch, &(struct batch_start){.works = lane->works,
                                     .work_count = count,
                                     .acked = acked,
                                     .acked_count = acked_count,
                                     .directory = lane->directory,
                                     .incarnation = lane->incarnation,
                                     .session = lane->session,
                                     .outbox_due_ms = 4000,
                                     .site_seen = toy_site_seen,
                                     .done = lane_done,
                                     .self = lane});
}

/* One round of the loop for one connection. */
TOY void lane_turn(struct lane *lane)
{
    struct pollfd item = {pg_fd(lane->pg), pg_events(lane->pg), 0};
    if (item.fd >= 0)
        (void)poll(&item, 1, 5);
    pg_turn(lane->pg, toy_now());
}

TOY enum batch_end lane_finish(struct lane *lane)
{
    for (int64_t until = toy_now() + DEADLINE_MS; lane->calls == 0 && toy_now() < until;)
        lane_turn(lane);
    assert_int_equal(lane->calls, 1);
    assert_false(batch_busy(lane->batch));
    return lane->end;
}

TOY enum batch_end lane_run(struct lane *lane, struct work *works, size_t count)
{
    assert_int_equal(pg_wait(lane->pg, DEADLINE_MS), OK);
    lane_start(lane, works, count, NULL, 0);
    return lane_finish(lane);
}

#endif
