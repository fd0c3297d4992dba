/* Two instances' limits in a real Redis that is emptied, killed and stopped: they count together;
 * nobody waits for Redis; nobody who is within his limit is refused, whatever happens to it; and
 * what was lost there is made good by the next request. */
#include "services/intake/counters_rate.h"
#include <hiredis/hiredis.h>
#include <sodium.h>
#include <stdlib.h>
#include "services/kernel/base/testing.h"
#include "tests/kit/redis.h"

#define INSTANCES 2
#define BURST 100
#define SITE 7
#define AWAIT_MS 20000
#define ASK_MS_MAX 20 /* of one decision, on a busy machine; a time-out of Redis' is 50 */

static const struct rate_limit limits[RATE_KINDS] = {
        [RATE_SOURCE] = {.per_s = 1, .burst = BURST}, [RATE_ADDRESS] = {.per_s = 1, .burst = 1}};

static struct {
    struct kit_redis *redis;
    struct clock clock;
    struct rate_counts counts[INSTANCES];
    struct rate *rates[INSTANCES];
    struct rate_sharer *sharers[INSTANCES];
} test;

static int64_t now_ms(void)
{
    return test.clock.monotonic_ms(test.clock.self);
}

static bool await_shared(uint64_t shared)
{
    int64_t until_ms = now_ms() + AWAIT_MS;
    for (int i = 0; i < INSTANCES; i++)
        while (atomic_load(&test.counts[i].shared) != shared)
            if (now_ms() > until_ms)
                return false;
    return true;
}

static int setup(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN); /* as the service does */
    test.clock = clock_system();
    test.redis = kit_redis_start();
    for (int i = 0; i < INSTANCES; i++) {
        test.counts[i] = (struct rate_counts){0};
        test.rates[i] = rate_new(limits, &test.counts[i]);
        test.sharers[i] =
                rate_sharer_new(test.rates[i], test.clock, kit_redis_socket(test.redis), SITE);
    }
    return await_shared(1) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < INSTANCES; i++) {
        rate_sharer_destroy(&test.sharers[i]);
        rate_destroy(&test.rates[i]);
    }
    kit_redis_stop(&test.redis);
    return 0;
}

/* So many requests of it that are taken, and the word of each has been heard. */
static void take(int instance, const char *name, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(rate_take(test.rates[instance], RATE_SOURCE, name, now_ms()), 0);
    rate_sharer_settle(test.sharers[instance]);
}

/* How many of it are taken until one is not. One comes back each second; and where readings of two
 * clocks differ by a millisecond, the very last one of a burst is refused for that long. */
static int taken_until_refused(int instance, const char *name)
{
    int taken = 0;
    while (taken <= 2 * BURST && rate_take(test.rates[instance], RATE_SOURCE, name, now_ms()) == 0)
        taken++;
    return taken;
}

static redisReply *redis_ask(const char *command)
{
    redisContext *context = redisConnectUnix(kit_redis_socket(test.redis));
    assert_non_null(context);
    redisReply *reply = redisCommand(context, command);
    assert_non_null(reply);
    redisFree(context);
    return reply;
}

static void instances_count_together(void **unused)
{
    (void)unused;
    take(0, "hotline", 60);
    take(1, "hotline", 1); /* whose answer says what the other one took */
    assert_in_range(taken_until_refused(1, "hotline"), 38, 42);
    rate_sharer_settle(test.sharers[1]);
    take(0, "somebody", 1);
    (void)rate_take(test.rates[0], RATE_SOURCE, "hotline", now_ms());
    assert_int_equal(atomic_load(&test.counts[0].alone) + atomic_load(&test.counts[1].alone), 0);
    assert_in_range(atomic_load(&test.counts[0].passed), 61, 62);
    assert_int_equal(atomic_load(&test.counts[1].limited), 1);
    take(1, "other", BURST - 1); /* each has his own */
}

static void kinds_are_apart_and_no_name_stands_in_redis(void **unused)
{
    (void)unused;
    take(0, "10.20.30.40", 1);
    assert_int_equal(rate_take(test.rates[0], RATE_ADDRESS, "10.20.30.40", now_ms()), 0);
    rate_sharer_settle(test.sharers[0]);
    redisReply *keys = redis_ask("KEYS *");
    assert_int_equal(keys->elements, 3); /* and the salt */
    for (size_t i = 0; i < keys->elements; i++) {
        const char *key = keys->element[i]->str;
        assert_int_equal(strncmp(key, "huying:7:intake:rate:", 21), 0);
        assert_null(strstr(key, "10.20"));
    }
    freeReplyObject(keys);
    redisReply *left = redis_ask("TTL huying:7:intake:rate:salt");
    assert_in_range(left->integer, 86000, 86400);
    freeReplyObject(left);
}

static void what_redis_lost_is_made_good(void **unused)
{
    (void)unused;
    take(0, "hotline", 30);
    take(1, "hotline", 30); /* has heard of all sixty */
    freeReplyObject(redis_ask("FLUSHALL"));
    take(1, "hotline", 1); /* finds no salt, makes another one and says all that it knows */
    take(0, "hotline", 3); /* finds it, too, and hears */
    assert_in_range(taken_until_refused(0, "hotline"), 35, 39);
}

/* Both go on alone with what they knew, at once, and count together when it is there again. */
static void killed_and_there_again(void **unused)
{
    (void)unused;
    take(0, "hotline", 30);
    take(1, "hotline", 30);
    kit_redis_crash(test.redis);
    take(0, "hotline", 5);
    take(1, "hotline", 5);
    assert_true(await_shared(0));
    take(0, "hotline", 1);
    assert_true(atomic_load(&test.counts[0].alone) > 0);
    kit_redis_restart(test.redis);
    assert_true(await_shared(1));
    take(0, "hotline", 1);
    take(1, "hotline", 1);
    int left = taken_until_refused(1, "hotline"); /* of 73 the loss of the six is not noticed */
    assert_in_range(left, 25, 37);
}

/* Decisions are made while Redis takes connections and answers nothing; what was said to it then is
 * done when it goes on, as of when it was said, so nobody is refused for it. */
static void stopped_and_going_on(void **unused)
{
    (void)unused;
    take(0, "hotline", 10);
    kit_redis_hang(test.redis);
    for (int i = 0; i < 40; i++) {
        int64_t from_ms = now_ms();
        assert_int_equal(rate_take(test.rates[0], RATE_SOURCE, "hotline", from_ms), 0);
        assert_in_range(now_ms() - from_ms, 0, ASK_MS_MAX);
    }
    assert_true(await_shared(0));
    kit_redis_wake(test.redis);
    assert_true(await_shared(1));
    take(1, "hotline", 1);
    take(0, "hotline", 1);
    take(1, "hotline", 1);
    assert_in_range(taken_until_refused(1, "hotline"), 40, 60);
}

/* The clock of Redis' machine was set back by an hour: what stands there lies far ahead. */
static void instants_far_ahead_are_not_believed(void **unused)
{
    (void)unused;
    take(0, "hotline", 1);
    redisReply *keys = redis_ask("KEYS huying:7:intake:rate:0:*");
    assert_int_equal(keys->elements, 1);
    char command[256];
    (void)snprintf(command, sizeof command, "SET %s 4102444800000000", keys->element[0]->str);
    freeReplyObject(keys);
    freeReplyObject(redis_ask(command));
    take(1, "hotline", BURST / 2);
    take(0, "hotline", 1);
}

/* More words than there is room for are left out, and nobody waits for room. */
static void more_than_redis_takes(void **unused)
{
    (void)unused;
    char name[32];
    kit_redis_hang(test.redis);
    for (int i = 0; i < 3 * RATE_WAITING_MAX; i++) {
        (void)snprintf(name, sizeof name, "source %d", i);
        assert_int_equal(rate_take(test.rates[0], RATE_SOURCE, name, now_ms()), 0);
    }
    assert_true(await_shared(0));
    kit_redis_wake(test.redis);
    assert_true(await_shared(1));
    take(0, "hotline", 10);
    take(1, "hotline", 1);
    assert_in_range(taken_until_refused(1, "hotline"), 88, 92);
}

static int group_setup(void **unused)
{
    (void)unused;
    return sodium_init() < 0;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            CASE(instances_count_together),
            CASE(kinds_are_apart_and_no_name_stands_in_redis),
            CASE(what_redis_lost_is_made_good),
            CASE(killed_and_there_again),
            CASE(stopped_and_going_on),
            CASE(instants_far_ahead_are_not_believed),
            CASE(more_than_redis_takes),
    };
    return cmocka_run_group_tests(tests, group_setup, NULL);
}
