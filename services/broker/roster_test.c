/* Spreading and credit, by tables and counts. */
#include "services/broker/roster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>
#include "services/kernel/base/rng.h"
#include "services/kernel/wire/frame.h"

#define SEED 20180101
#define MB (1u << 20)

static void instances_make(struct instance *instances, size_t count, uint64_t seed)
{
    struct rng rng;
    rng_seed(&rng, seed);
    for (size_t i = 0; i < count; i++) {
        instances[i] = (struct instance){
                .service = SERVICE_ROUTING, .site = 1, .seed = rng_next(&rng), .limit = 10};
    }
}

static void choose_without_instances_finds_nobody(void **state)
{
    (void)state;
    struct roster roster = {0};
    struct instance one = {.service = SERVICE_ROUTING, .site = 1, .limit = 1};
    assert_null(roster_choose(&roster, SERVICE_ROUTING, 1, 0));
    assert_int_equal(roster_join(&roster, &one), OK);
    assert_ptr_equal(roster_choose(&roster, SERVICE_ROUTING, 1, 0), &one);
    assert_null(roster_choose(&roster, SERVICE_AUDIT, 1, 0));
    assert_null(roster_choose(&roster, SERVICE_ROUTING, 2, 0));
    roster_leave(&roster, &one);
    roster_leave(&roster, &one);
    assert_null(roster_choose(&roster, SERVICE_ROUTING, 1, 0));
}

/* When one leaves, exactly its buckets move; when it comes back, exactly those come back. */
static void leave_moves_only_the_buckets_of_who_left(void **state)
{
    (void)state;
    for (uint64_t seed = SEED; seed < SEED + 100; seed++) {
        struct roster roster = {0};
        struct instance instances[5], *before[BUCKET_COUNT];
        instances_make(instances, 5, seed);
        for (size_t i = 0; i < 5; i++) {
            assert_int_equal(roster_join(&roster, &instances[i]), OK);
        }
        for (uint8_t b = 0; b < BUCKET_COUNT; b++) {
            before[b] = roster_choose(&roster, SERVICE_ROUTING, 1, b);
        }
        roster_leave(&roster, &instances[2]);
        for (uint8_t b = 0; b < BUCKET_COUNT; b++) {
            struct instance *now = roster_choose(&roster, SERVICE_ROUTING, 1, b);
            if (before[b] == &instances[2] ? now == before[b] : now != before[b]) {
                fail_msg("seed %llu bucket %u", (unsigned long long)seed, b);
            }
        }
        assert_int_equal(roster_join(&roster, &instances[2]), OK);
        for (uint8_t b = 0; b < BUCKET_COUNT; b++) {
            assert_ptr_equal(roster_choose(&roster, SERVICE_ROUTING, 1, b), before[b]);
        }
    }
}

/* Two brokers that met the instances in another order choose the same ones. */
static void choose_is_the_same_whatever_the_order(void **state)
{
    (void)state;
    struct roster forth = {0}, back = {0};
    struct instance instances[7];
    instances_make(instances, 7, SEED);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(roster_join(&forth, &instances[i]), OK);
        assert_int_equal(roster_join(&back, &instances[6 - i]), OK);
    }
    for (uint8_t b = 0; b < BUCKET_COUNT; b++) {
        assert_ptr_equal(roster_choose(&forth, SERVICE_ROUTING, 1, b),
                roster_choose(&back, SERVICE_ROUTING, 1, b));
    }
}

/* 16 buckets over 4 instances, 1,000 times: every instance gets a quarter within 3 %. */
static void choose_spreads_evenly(void **state)
{
    (void)state;
    size_t got[4] = {0};
    for (uint64_t seed = SEED; seed < SEED + 1000; seed++) {
        struct roster roster = {0};
        struct instance instances[4];
        instances_make(instances, 4, seed);
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(roster_join(&roster, &instances[i]), OK);
        }
        for (uint8_t b = 0; b < BUCKET_COUNT; b++) {
            got[roster_choose(&roster, SERVICE_ROUTING, 1, b) - instances]++;
        }
    }
    for (size_t i = 0; i < 4; i++) {
        assert_in_range(got[i], 3880, 4120);
    }
}

static void join_more_than_the_maximum_is_refused(void **state)
{
    (void)state;
    struct roster roster = {0};
    struct instance instances[ROSTER_INSTANCES_MAX + 1];
    instances_make(instances, ROSTER_INSTANCES_MAX + 1, SEED);
    for (size_t i = 0; i < ROSTER_INSTANCES_MAX; i++) {
        assert_int_equal(roster_join(&roster, &instances[i]), OK);
    }
    assert_int_equal(roster_join(&roster, &instances[ROSTER_INSTANCES_MAX]), ERR_LIMIT);
    assert_false(roster_has(&roster, &instances[ROSTER_INSTANCES_MAX]));
}

static void credit_table(void **state)
{
    (void)state;
    static const struct {
        uint32_t limit, out;
        size_t out_bytes;
        uint32_t count;
        size_t size;
        bool fits;
    } table[] = {
            {10, 0, 0, 10, 100, true},
            {10, 0, 0, 64, 100, true}, /* more than all credit, but nothing is under way */
            {10, 1, 0, 64, 100, false},
            {10, 4, 400, 6, 100, true},
            {10, 4, 400, 7, 100, false},
            {10, 10, 1000, 1, 1, false},
            {0, 0, 0, 1, 1, false},
            {1000, 1, 5 * MB, 1, MB, true},
            {1000, 1, 5 * MB, 1, MB + 1, false},
            {1000, 0, 0, 1, 100 * (size_t)MB, true},
            {UINT32_MAX, INSTANCE_CREDIT_MAX, 0, 1024, 1, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct instance instance = {
                .limit = table[i].limit, .out = table[i].out, .out_bytes = table[i].out_bytes};
        if (instance_fits(&instance, table[i].count, table[i].size) != table[i].fits) {
            fail_msg("row %zu", i);
        }
    }
}

static void grant_gives_back_what_was_taken_and_no_more(void **state)
{
    (void)state;
    struct instance instance = {.limit = 100};
    instance_take(&instance, 40, 4000);
    instance_take(&instance, 60, 2000);
    assert_false(instance_fits(&instance, 1, 1));
    instance_grant(&instance, 50);
    assert_int_equal(instance.out, 50);
    assert_int_equal(instance.out_bytes, 3000);
    assert_true(instance_fits(&instance, 50, 1));
    instance_grant(&instance, 50);
    assert_int_equal(instance.out, 0);
    assert_int_equal(instance.out_bytes, 0);
    instance_grant(&instance, UINT32_MAX); /* a peer that claims too much gains nothing */
    assert_int_equal(instance.out, 0);
    instance_take(&instance, 100, 1);
    assert_false(instance_fits(&instance, 1, 1));
}

/* Alone a source gets half; of two that flood each a third; there is always room for the next. */
static void shares_leave_as_much_as_they_have(void **state)
{
    (void)state;
    struct instance instance = {.limit = 120};
    size_t taken[4] = {0};
    for (uint8_t source = 0; source < 4; source++) { /* one after the other, as much as it gets */
        while (instance_fits(&instance, 1, 1) && share_fits(&instance, source, 1, 1)) {
            instance_take(&instance, 1, 1);
            share_take(&instance, source, 1, 1);
            taken[source]++;
        }
    }
    assert_int_equal(taken[0], 60);
    assert_int_equal(taken[1], 30);
    assert_int_equal(taken[2], 15);
    assert_int_equal(taken[3], 8);
    assert_int_equal(instance.shared, 113);
    for (int i = 0; i < 1000; i++) { /* answered in turn, asked in turn: it becomes even */
        for (uint8_t source = 0; source < 3; source++) {
            share_release(&instance, source, 1);
            instance_grant(&instance, 1);
        }
        for (uint8_t source = 0; source < 3; source++) {
            while (share_fits(&instance, source, 1, 1)) {
                instance_take(&instance, 1, 1);
                share_take(&instance, source, 1, 1);
            }
        }
    }
    assert_in_range(instance.shares[0].out, 24, 32);
    assert_in_range(instance.shares[1].out, 24, 32);
    assert_in_range(instance.shares[2].out, 24, 32);
}

static void shares_bound_bytes_too(void **state)
{
    (void)state;
    struct instance instance = {.limit = 1000};
    assert_true(share_fits(&instance, 9, 1, 4 * MB)); /* who has nothing there may always */
    instance_take(&instance, 1, 2 * MB);
    share_take(&instance, 9, 1, 2 * MB);
    assert_true(share_fits(&instance, 9, 1, 2 * MB));
    assert_false(share_fits(&instance, 9, 1, 2 * MB + 1));
    assert_true(share_fits(&instance, 8, 1, 4 * MB));
    share_release(&instance, 9, 1);
    assert_int_equal(instance.shares[9].out_bytes, 0);
}

/* Shares are never more than what is under way: whose answer is lost is not shut out for ever. */
static void lost_answers_are_forgotten(void **state)
{
    (void)state;
    struct instance instance = {.limit = 100};
    instance_take(&instance, 40, 40);
    share_take(&instance, 3, 40, 40);
    share_release(&instance, 3, 10);
    instance_take(&instance, 10, 10); /* a service's messages: no share */
    instance_grant(&instance, 20);
    assert_int_equal(instance.shares[3].out, 30);
    instance_grant(&instance, 1); /* 29 under way, of which 30 cannot be */
    assert_int_equal(instance.shares[3].out, 0);
    assert_int_equal(instance.shared, 0);
    share_release(&instance, 3, 5); /* an answer after all */
    assert_int_equal(instance.shared, 0);
    assert_int_equal(instance.shares[3].out_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(choose_without_instances_finds_nobody),
            cmocka_unit_test(leave_moves_only_the_buckets_of_who_left),
            cmocka_unit_test(choose_is_the_same_whatever_the_order),
            cmocka_unit_test(choose_spreads_evenly),
            cmocka_unit_test(join_more_than_the_maximum_is_refused),
            cmocka_unit_test(credit_table),
            cmocka_unit_test(grant_gives_back_what_was_taken_and_no_more),
            cmocka_unit_test(shares_leave_as_much_as_they_have),
            cmocka_unit_test(shares_bound_bytes_too),
            cmocka_unit_test(lost_answers_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
