/* Hot counters in a real Redis that is killed, emptied and hung. */
#include "services/kernel/store/counter.h"

#include <hiredis/hiredis.h>

#include "services/kernel/base/clock.h"
#include "services/kernel/store/test_toy.h"
#include "tests/kit/redis.h"

static struct kit_redis *redis;
static struct counters *counters;
static struct directory *directory;
static int64_t now_ms; /* made up: only the pauses after a failure look at it */

static int setup(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* as the service does */
    redis = kit_redis_start();
    directory = toy_directory(1);
    counters = counters_new(&TOY_OPS, kit_redis_socket(redis));
    now_ms = 1000000;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    counters_destroy(&counters);
    directory_destroy(&directory);
    kit_redis_stop(&redis);
    return 0;
}

/* -1 when there is none. */
static long long value_of(const char *key, const char *field)
{
    redisContext *context = redisConnectUnix(kit_redis_socket(redis));
    assert_non_null(context);
    redisReply *reply = redisCommand(context, "HGET %s %s", key, field);
    assert_non_null(reply);
    long long value = reply->type == REDIS_REPLY_STRING ? strtoll(reply->str, NULL, 10) : -1;
    freeReplyObject(reply);
    redisFree(context);
    return value;
}

static void tell(const char *command)
{
    redisContext *context = redisConnectUnix(kit_redis_socket(redis));
    assert_non_null(context);
    freeReplyObject(redisCommand(context, command));
    redisFree(context);
}

#define TOTAL "huying:7:toy:total"
#define LIVE "huying:7:toy:live"

static void put(int64_t unit, int32_t matter, int64_t value, int64_t fold)
{
    struct effect_count count = {0, unit, value, matter, true};
    counters_add(counters, directory, &count, fold);
}

/* What the loop does after a loss: everything, then the marker. */
static enum err refill(int64_t value, int64_t fold)
{
    put(0, 0, value, fold);
    put(TOY_UNIT, 0, value, fold);
    return counters_flush(counters, true, now_ms);
}

static void empty_redis_is_filled_once(void **state)
{
    (void)state;
    assert_true(counters_lost(counters, 7, now_ms));
    assert_int_equal(refill(5, 1), OK);
    assert_false(counters_lost(counters, 7, now_ms));
    put(0, TOY_MATTER, 3, 1);
    put(999, 0, 3, 1); /* a unit that the directory does not know */
    assert_int_equal(counters_flush(counters, false, now_ms), OK);
    assert_int_equal(value_of(TOTAL, "all"), 5);
    assert_int_equal(value_of(TOTAL, "u:GRID"), 5);
    assert_int_equal(value_of(TOTAL, "m:LAMP"), 3);
    assert_false(counters_lost(counters, 7, now_ms));
}

static void older_fold_does_not_overwrite(void **state)
{
    static const struct {
        int64_t fold, value;
        long long after;
    } pushes[] = {{2, 20, 20}, {1, 10, 20}, {3, 30, 30}, {3, 31, 31}, {2, 20, 31}};
    (void)state;
    assert_true(counters_lost(counters, 7, now_ms));
    for (size_t i = 0; i < COUNT_OF(pushes); i++) {
        put(0, 0, pushes[i].value, pushes[i].fold);
        assert_int_equal(counters_flush(counters, false, now_ms), OK);
        assert_int_equal(value_of(TOTAL, "all"), pushes[i].after);
    }
}

static void loss_is_noticed_and_filled_again(void **state)
{
    (void)state;
    assert_true(counters_lost(counters, 7, now_ms));
    assert_int_equal(refill(5, 1), OK);
    kit_redis_crash(redis);
    put(0, 0, 6, 2);
    assert_int_equal(counters_flush(counters, false, now_ms), ERR_TRANSIENT);
    assert_false(counters_lost(counters, 7, now_ms)); /* nobody is there to be filled */
    now_ms += REDIS_RETRY_MS;
    assert_false(counters_lost(counters, 7, now_ms)); /* tried, in vain */
    kit_redis_restart(redis);
    assert_int_equal(counters_flush(counters, false, now_ms), ERR_TRANSIENT); /* not yet again */
    now_ms += REDIS_RETRY_MS;
    assert_true(counters_lost(counters, 7, now_ms));
    assert_int_equal(value_of(TOTAL, "all"), -1);
    assert_int_equal(refill(6, 2), OK);
    assert_int_equal(value_of(TOTAL, "all"), 6);
    assert_false(counters_lost(counters, 7, now_ms));
}

static void push_that_was_dropped_is_made_good(void **state)
{
    (void)state;
    assert_true(counters_lost(counters, 7, now_ms));
    assert_int_equal(refill(5, 1), OK);
    kit_redis_hang(redis);
    put(0, 0, 6, 2);
    assert_int_equal(counters_flush(counters, false, now_ms), ERR_TRANSIENT);
    kit_redis_wake(redis);
    now_ms += REDIS_RETRY_MS;
    assert_true(counters_lost(counters, 7, now_ms)); /* the marker is there, a value is old */
    assert_int_equal(refill(6, 2), OK);
    assert_false(counters_lost(counters, 7, now_ms));
}

static void hung_redis_costs_one_time_out(void **state)
{
    struct clock clock = clock_system();
    (void)state;
    assert_true(counters_lost(counters, 7, now_ms));
    assert_int_equal(refill(5, 1), OK);
    kit_redis_hang(redis);
    int64_t before = clock.monotonic_ms(clock.self);
    for (int i = 0; i < 500; i++)
        put(0, 0, 6, 2);
    assert_int_equal(counters_flush(counters, false, now_ms), ERR_TRANSIENT);
    for (int i = 0; i < 100; i++) { /* within the pause nothing is tried */
        put(0, 0, 6, 2);
        assert_int_equal(counters_flush(counters, false, now_ms + 1), ERR_TRANSIENT);
        assert_false(counters_lost(counters, 7, now_ms + 1));
    }
    int64_t cost = clock.monotonic_ms(clock.self) - before;
    if (cost >= 20 * REDIS_TIMEOUT_MS) /* 100 time-outs would be 5000 ms; the machine may be busy */
        fail_msg("%lld ms", (long long)cost);
    before = clock.monotonic_ms(clock.self);
    assert_false(counters_lost(counters, 7, now_ms + REDIS_RETRY_MS));
    assert_true(clock.monotonic_ms(clock.self) - before < 20 * REDIS_TIMEOUT_MS);
    kit_redis_wake(redis);
}

/* Somebody wrote what is ours: Redis answers, and with errors. It is asked again after a pause, and
 * filled when the keys are free again. */
static void errors_of_redis_are_made_good(void **state)
{
    struct effect_count strange = {9, 0, 1, 0, true}; /* no metric of this service */
    (void)state;
    assert_true(counters_lost(counters, 7, now_ms));
    assert_int_equal(refill(5, 1), OK);
    tell("SET " TOTAL " spoilt");
    put(0, 0, 6, 2);
    counters_add(counters, directory, &strange, 2);
    assert_int_equal(counters_flush(counters, false, now_ms), ERR_TRANSIENT);
    now_ms += REDIS_RETRY_MS;
    assert_true(counters_lost(counters, 7, now_ms));
    assert_int_equal(refill(6, 2), ERR_TRANSIENT);
    tell("DEL " TOTAL " " LIVE);
    tell("HSET " LIVE " a b");
    now_ms += REDIS_RETRY_MS;
    assert_false(counters_lost(counters, 7, now_ms)); /* it does not say */
    assert_int_equal(value_of(TOTAL, "all"), -1);
    tell("DEL " LIVE);
    now_ms += REDIS_RETRY_MS;
    assert_true(counters_lost(counters, 7, now_ms));
    assert_int_equal(refill(6, 2), OK);
    assert_int_equal(value_of(TOTAL, "all"), 6);
    assert_false(counters_lost(counters, 7, now_ms));
}

/* After a restore of the database folds count from lower numbers. */
static void another_incarnation_starts_anew(void **state)
{
    (void)state;
    counters_incarnation_set(counters, 5);
    assert_true(counters_lost(counters, 7, now_ms));
    assert_int_equal(refill(50, 1000), OK);
    assert_false(counters_lost(counters, 7, now_ms));
    counters_incarnation_set(counters, 6);
    assert_true(counters_lost(counters, 7, now_ms));
    assert_int_equal(refill(40, 900), OK);
    assert_int_equal(value_of(TOTAL, "all"), 40);
    assert_false(counters_lost(counters, 7, now_ms));
}

static void no_socket_is_no_redis(void **state)
{
    (void)state;
    struct counters *none = counters_new(&TOY_OPS, "");
    assert_false(counters_lost(none, 7, now_ms));
    assert_int_equal(counters_flush(none, true, now_ms), ERR_TRANSIENT);
    counters_destroy(&none);
    counters_destroy(&none);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(empty_redis_is_filled_once),
            CASE(older_fold_does_not_overwrite), CASE(loss_is_noticed_and_filled_again),
            CASE(push_that_was_dropped_is_made_good), CASE(hung_redis_costs_one_time_out),
            CASE(errors_of_redis_are_made_good), CASE(another_incarnation_starts_anew),
            CASE(no_socket_is_no_redis)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
