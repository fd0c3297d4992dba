/* A source's jobs come out in the order in which they came, but for those that must wait or run
 * alone; sources take turns. */
#include "services/kernel/run/inbox.h"

#include <stdio.h>
#include <stdlib.h>
#include "services/kernel/base/testing.h"

#define JOBS 8

static struct job *jobs[JOBS];
static struct inbox inbox;

static int setup(void **state)
{
    (void)state;
    inbox_init(&inbox);
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = job_new(WORK_POKE);
        jobs[i]->index = (size_t)i;
        inbox_put(&inbox, jobs[i]);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < JOBS; i++)
        job_destroy(jobs[i]);
    inbox_fini(&inbox);
    return 0;
}

/* Takes and compares with digits: "012" are the jobs 0, 1 and 2. */
static void take(const char *expected, size_t max, int64_t now_ms)
{
    struct work *works[JOBS];
    char found[JOBS + 1] = "";
    size_t before = inbox.count, count = inbox_take(&inbox, works, max, now_ms);
    for (size_t i = 0; i < count; i++)
        found[i] = (char)('0' + ((struct job *)works[i])->index);
    assert_string_equal(found, expected);
    assert_int_equal(inbox.count, before - count);
}

static void first_in_first_out(void **state)
{
    (void)state;
    take("012", 3, 0);
    take("", 0, 0);
    inbox_put(&inbox, jobs[1]);
    take("345671", JOBS, 0);
    take("", JOBS, 0);
    inbox_put(&inbox, jobs[5]); /* the tail was taken: the list still holds together */
    inbox_put(&inbox, jobs[6]);
    take("56", JOBS, 0);
}

static void put_back_comes_first(void **state)
{
    (void)state;
    take("01", 2, 0);
    inbox_back(&inbox, jobs[1]);
    inbox_back(&inbox, jobs[0]);
    take("01234567", JOBS, 0);
    inbox_back(&inbox, jobs[3]); /* into an empty list */
    inbox_put(&inbox, jobs[4]);
    take("34", JOBS, 0);
}

static void later_ones_are_passed_over(void **state)
{
    (void)state;
    jobs[0]->not_before_ms = jobs[7]->not_before_ms = 100;
    take("12", 2, 99);
    take("3456", JOBS, 99);
    take("", JOBS, 99);
    inbox_put(&inbox, jobs[1]);
    take("071", JOBS, 100);
}

static void alone_comes_alone(void **state)
{
    (void)state;
    jobs[2]->work.alone = jobs[3]->work.alone = true;
    take("014567", JOBS, 0);
    take("2", JOBS, 0);
    take("3", JOBS, 0);
    inbox_put(&inbox, jobs[2]);
    inbox_put(&inbox, jobs[1]);
    jobs[2]->not_before_ms = 5;
    take("1", JOBS, 0);
    take("2", JOBS, 5);
}

#define FLOOD 4096 /* the credit of an instance */
#define BATCH 256

/* Jobs of sources: each has a parcel that names its peer; `index` counts a source's jobs. */
static struct {
    struct parcel *parcel;
    struct job *jobs;
    size_t put, taken;
} sources[JOBS];

static void source_open(int which, enum frame_kind kind, const char *peer, size_t room)
{
    sources[which].parcel = parcel_new();
    sources[which].parcel->local = true; /* no frame to let go */
    sources[which].parcel->frame.head.kind = kind;
    sources[which].parcel->frame.head.source =
            kind == FRAME_EVENTS ? SERVICE_ROUTING : SERVICE_CLIENT;
    (void)snprintf(sources[which].parcel->frame.head.peer, PEER_SIZE, "%s", peer);
    sources[which].jobs = calloc(room, sizeof *sources[which].jobs);
    assert_non_null(sources[which].jobs);
}

static void source_put(int which, size_t count)
{
    while (count--) {
        struct job *job = &sources[which].jobs[sources[which].put];
        job->parcel = sources[which].parcel;
        job->index = sources[which].put++;
        inbox_put(&inbox, job);
    }
}

/* One batch; how many of each source it holds, whose jobs come in their order. */
static void batch_take(size_t ret_counts[JOBS])
{
    struct work *works[BATCH];
    size_t count = inbox_take(&inbox, works, BATCH, 0);
    memset(ret_counts, 0, JOBS * sizeof *ret_counts);
    for (size_t i = 0; i < count; i++) {
        struct job *job = (struct job *)works[i];
        int which = 0;
        while (sources[which].parcel != job->parcel)
            which++;
        assert_int_equal(job->index, sources[which].taken++);
        ret_counts[which]++;
    }
}

static void sources_close(void)
{
    for (int i = 0; i < JOBS; i++) {
        if (sources[i].parcel)
            parcel_destroy(sources[i].parcel);
        free(sources[i].jobs);
    }
    memset(sources, 0, sizeof sources);
    inbox_fini(&inbox);
}

/* All credit is used by one key, over three connections of it; then others come. */
static void whoever_floods_waits_behind_himself(void **state)
{
    (void)state;
    size_t counts[JOBS];
    inbox_init(&inbox);
    source_open(0, FRAME_COMMANDS, "flooder", FLOOD);
    source_open(1, FRAME_COMMANDS, "quiet", FLOOD);
    source_open(2, FRAME_COMMANDS, "busy", FLOOD);
    source_open(3, FRAME_EVENTS, "routing-1", FLOOD);
    source_put(0, FLOOD);
    batch_take(counts);
    assert_int_equal(counts[0], BATCH); /* alone it has everything */
    source_put(1, 3);
    batch_take(counts);
    assert_int_equal(counts[1], 3); /* none of them waits for another batch */
    assert_int_equal(counts[0], BATCH - 3);
    source_put(1, 100);
    source_put(2, 1000);
    batch_take(counts);
    assert_in_range(counts[0], 85, 86);
    assert_in_range(counts[1], 85, 86);
    assert_in_range(counts[2], 85, 86);
    source_put(3, 1000); /* the site's own has half, however many ask */
    batch_take(counts);
    assert_int_equal(counts[3], BATCH / 2);
    assert_int_equal(sources[1].taken, 103);
    assert_true(counts[0] >= 56 && counts[2] >= 56);
    sources_close();
}

/* Two peers and a service of one name, and names of which many share a chain. */
static void sources_are_told_apart_by_all_of_their_name(void **state)
{
    (void)state;
    size_t counts[JOBS];
    char name[PEER_SIZE];
    inbox_init(&inbox);
    source_open(0, FRAME_COMMANDS, "routing", BATCH);
    source_open(1, FRAME_EVENTS, "x", BATCH); /* of the service routing */
    source_put(0, BATCH);
    source_put(1, BATCH);
    batch_take(counts);
    assert_int_equal(counts[0], BATCH / 2);
    sources_close();
    for (int round = 0; round < 500; round++) { /* queues come and go */
        for (int i = 0; i < JOBS; i++) {
            (void)snprintf(name, sizeof name, "key %d", JOBS * round + i);
            source_open(i, FRAME_COMMANDS, name, BATCH);
            source_put(i, i == 0 ? BATCH : 10);
        }
        batch_take(counts);
        for (int i = 1; i < JOBS; i++)
            assert_int_equal(counts[i], 10);
        sources_close();
    }
}

/* Jobs that run alone come though others never end. */
static void alone_is_not_passed_over_for_ever(void **state)
{
    (void)state;
    struct work *works[BATCH];
    bool came = false;
    inbox_init(&inbox);
    source_open(0, FRAME_COMMANDS, "flooder", 100 * BATCH);
    source_open(1, FRAME_COMMANDS, "quiet", 2);
    source_put(0, 1);
    source_put(1, 1);
    sources[1].jobs[0].work.alone = true;
    for (int batch = 0; batch < 3 && !came; batch++) {
        source_put(0, BATCH);
        size_t count = inbox_take(&inbox, works, BATCH, 0);
        came = count == 1 && works[0] == &sources[1].jobs[0].work;
    }
    assert_true(came);
    sources_close();
}

static void what_is_put_back_comes_before_its_sources_others(void **state)
{
    (void)state;
    struct work *works[BATCH];
    inbox_init(&inbox);
    source_open(0, FRAME_COMMANDS, "flooder", FLOOD);
    source_open(1, FRAME_COMMANDS, "quiet", FLOOD);
    source_put(0, 2 * BATCH);
    source_put(1, 1);
    size_t count = inbox_take(&inbox, works, BATCH, 0);
    assert_int_equal(count, BATCH);
    while (count-- > 0)
        inbox_back(&inbox, (struct job *)works[count]);
    size_t counts[JOBS];
    batch_take(counts); /* asserts the order */
    assert_int_equal(counts[1], 1);
    batch_take(counts);
    assert_int_equal(counts[0], BATCH);
    sources_close();
}

static void parcels_are_let_go_with_what_they_hold(void **state)
{
    (void)state;
    struct parcel *parcel = parcel_new();
    parcel->local = true;
    parcel->count = 2;
    parcel->answers = arena_array(&parcel->arena, struct buf, 3);
    buf_add_text(&parcel->answers[1], "answer"); /* leaks under the sanitizer if forgotten */
    parcel_destroy(parcel);
}

static void job_of_a_parcel(void *self)
{
    ((struct job *)self)->parcel = parcel_new();
    job_destroy(self);
}

static void job_of_a_parcel_is_not_destroyed(void **state)
{
    (void)state;
    assert_true(process_aborts(job_of_a_parcel, jobs[0]));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(first_in_first_out), CASE(put_back_comes_first),
            CASE(later_ones_are_passed_over), CASE(alone_comes_alone),
            cmocka_unit_test(whoever_floods_waits_behind_himself),
            cmocka_unit_test(sources_are_told_apart_by_all_of_their_name),
            cmocka_unit_test(alone_is_not_passed_over_for_ever),
            cmocka_unit_test(what_is_put_back_comes_before_its_sources_others),
            CASE(parcels_are_let_go_with_what_they_hold), CASE(job_of_a_parcel_is_not_destroyed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
