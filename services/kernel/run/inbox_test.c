/* Jobs come out in the order in which they came, but for those that must wait or run alone. */
#include "services/kernel/run/inbox.h"

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
            CASE(parcels_are_let_go_with_what_they_hold), CASE(job_of_a_parcel_is_not_destroyed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
