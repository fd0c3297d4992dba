/* Nonces against a real PostgreSQL: each name once, whoever asks, also when it was asked for by a
 * keeper that is gone; two of one name at once: one has it; without a database nothing is known. */
#include "services/intake/nonce.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include "services/kernel/base/must.h"
#include "tests/kit/store.h"

extern const struct aggregate_ops intake_ops;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int done, fine, used, away;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static void nonce_seen(void *self, enum err err)
{
    (void)self;
    (void)pthread_mutex_lock(&seen.lock);
    seen.done++;
    seen.fine += err == OK;
    seen.used += err == ERR_CONFLICT;
    seen.away += err == ERR_TRANSIENT;
    (void)pthread_cond_signal(&seen.wake);
    (void)pthread_mutex_unlock(&seen.lock);
}

/* Until so many were answered. */
static void seen_wait(int count)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    (void)pthread_mutex_lock(&seen.lock);
    while (seen.done < count)
        assert_int_equal(pthread_cond_timedwait(&seen.wake, &seen.lock, &until), 0);
    (void)pthread_mutex_unlock(&seen.lock);
}

static int group_setup(void **state)
{
    (void)state;
    kit_store_start(&intake_ops, NULL);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    kit_store_stop();
    return 0;
}

static void a_name_is_given_once_whoever_asks(void **state)
{
    (void)state;
    const char *conninfo = kit_pg_conninfo(kit_store.server, "huying_intake");
    struct nonce_keeper *one = nonce_keeper_new(conninfo), *two = nonce_keeper_new(conninfo);
    for (int i = 0; i < 20; i++)
        assert_int_equal(
                nonce_take(i % 2 ? one : two, "acme/a/nonce-12345678", nonce_seen, NULL), OK);
    assert_int_equal(nonce_take(one, "acme/b/nonce-12345678", nonce_seen, NULL), OK);
    seen_wait(21);
    assert_int_equal(seen.fine, 2);
    assert_int_equal(seen.used, 19);
    nonce_keeper_destroy(&one);
    nonce_keeper_destroy(&two);
    one = nonce_keeper_new(conninfo);
    assert_int_equal(nonce_take(one, "acme/a/nonce-12345678", nonce_seen, NULL), OK);
    seen_wait(22);
    assert_int_equal(seen.used, 20);
    nonce_keeper_destroy(&one);
}

/* Taking it did not wait for the disk: the effect's commit does, and all before it is there too. */
static void after_a_crash_what_an_effect_rests_on_is_used(void **state)
{
    (void)state;
    const char *conninfo = kit_pg_conninfo(kit_store.server, "huying_intake");
    struct nonce_keeper *keeper = nonce_keeper_new(conninfo);
    int fine = seen.fine, used = seen.used, done = seen.done;
    assert_int_equal(nonce_take(keeper, "acme/a/before-a-crash", nonce_seen, NULL), OK);
    seen_wait(done + 1);
    assert_int_equal(seen.fine, fine + 1);
    PGresult *effect = pg_exec(kit_store.pg, "INSERT INTO nonce (name) VALUES ('effect')", NULL);
    assert_non_null(effect);
    PQclear(effect);
    kit_pg_crash(kit_store.server);
    kit_pg_restart(kit_store.server);
    /* The keeper's connection is gone, which it may learn by this one. */
    assert_int_equal(nonce_take(keeper, "acme/a/after-a-crash", nonce_seen, NULL), OK);
    seen_wait(done + 2);
    assert_int_equal(nonce_take(keeper, "acme/a/before-a-crash", nonce_seen, NULL), OK);
    seen_wait(done + 3);
    assert_int_equal(seen.used, used + 1);
    nonce_keeper_destroy(&keeper);
}

static void without_a_database_nothing_is_known(void **state)
{
    (void)state;
    struct nonce_keeper *keeper = nonce_keeper_new("host=127.0.0.1 port=1 user=nobody dbname=none");
    int before = seen.away, done = seen.done;
    assert_int_equal(nonce_take(keeper, "acme/a/another-nonce", nonce_seen, NULL), OK);
    seen_wait(done + 1);
    assert_int_equal(seen.away, before + 1);
    nonce_keeper_destroy(&keeper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_name_is_given_once_whoever_asks),
            cmocka_unit_test(after_a_crash_what_an_effect_rests_on_is_used),
            cmocka_unit_test(without_a_database_nothing_is_known),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
