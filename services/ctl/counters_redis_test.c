/* Reading counters from a real Redis, and from one that is gone, empty or hung. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "services/ctl/counters_redis.h"
#include "tests/kit/redis.h"

static struct kit_redis *server;

static int setup(void **state)
{
    (void)state;
    server = kit_redis_start();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_redis_stop(&server);
    return 0;
}

static void order(const char *line)
{
    redisContext *context = redisConnectUnix(kit_redis_socket(server));
    assert_non_null(context);
    redisReply *reply = redisCommand(context, line);
    assert_non_null(reply);
    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
    redisFree(context);
}

static void field_keep(void *self, const char *field, int64_t value)
{
    char *seen = self;
    size_t used = strlen(seen);
    snprintf(seen + used, 128 - used, "%s=%lld ", field, (long long)value);
}

static void counters_are_read(void **state)
{
    char seen[128] = "";
    bool live = true;
    (void)state;
    struct counters_redis *redis = counters_redis_new(kit_redis_socket(server));
    assert_non_null(redis);
    assert_int_equal(counters_redis_live(redis, 7, "routing", &live), OK);
    assert_false(live);
    order("SET huying:7:routing:live 1");
    order("HSET huying:7:routing:open all 3 u:V/G1 -2");
    assert_int_equal(counters_redis_live(redis, 7, "routing", &live), OK);
    assert_true(live);
    assert_int_equal(counters_redis_read(redis, 7, "routing", "open", field_keep, seen), OK);
    assert_string_equal(seen, "all=3 u:V/G1=-2 ");
    assert_int_equal(counters_redis_read(redis, 7, "routing", "closed", field_keep, seen), OK);
    assert_string_equal(seen, "all=3 u:V/G1=-2 ");
    counters_redis_destroy(&redis);
    assert_null(redis);
}

static void lost_connection_is_transient(void **state)
{
    char seen[128] = "";
    bool live = false;
    (void)state;
    struct counters_redis *redis = counters_redis_new(kit_redis_socket(server));
    assert_non_null(redis);
    kit_redis_crash(server);
    assert_int_equal(counters_redis_live(redis, 7, "routing", &live), ERR_TRANSIENT);
    assert_int_equal(
            counters_redis_read(redis, 7, "routing", "open", field_keep, seen), ERR_TRANSIENT);
    assert_string_equal(seen, "");
    counters_redis_destroy(&redis);
    assert_null(counters_redis_new(kit_redis_socket(server)));
    kit_redis_restart(server);
}

static void hung_server_is_none(void **state)
{
    (void)state;
    kit_redis_hang(server);
    assert_null(counters_redis_new(kit_redis_socket(server)));
    kit_redis_wake(server);
    assert_null(counters_redis_new(""));
    struct counters_redis *redis = counters_redis_new(kit_redis_socket(server));
    assert_non_null(redis);
    counters_redis_destroy(&redis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counters_are_read),
            cmocka_unit_test(lost_connection_is_transient), cmocka_unit_test(hung_server_is_none)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
