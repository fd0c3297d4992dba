/* Places, identities and tokens. */
#include "services/broker/conns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

static struct conns *conns_make(void)
{
    struct conns *conns = NULL;
    struct rng rng;
    rng_seed(&rng, 11);
    conns_new(rng, &conns);
    return conns;
}

static void identity_make(uint8_t ret[IDENTITY_SIZE], uint32_t number)
{
    ret[0] = 0;
    memcpy(ret + 1, &number, sizeof number);
}

static void added_connection_is_found_by_identity_and_token(void **state)
{
    (void)state;
    struct conns *conns = conns_make();
    struct conn *main_conn = NULL, *hotline = NULL;
    uint8_t id[IDENTITY_SIZE], other[IDENTITY_SIZE];
    identity_make(id, 0);
    identity_make(other, UINT32_MAX);
    assert_int_equal(conns_add(conns, PORT_MAIN, id, "name", &main_conn), OK);
    /* The two sockets draw their identities apart: the same one is another connection. */
    assert_null(conns_find(conns, PORT_HOTLINE, id));
    assert_int_equal(conns_add(conns, PORT_HOTLINE, id, "name", &hotline), OK);
    assert_ptr_equal(conns_find(conns, PORT_MAIN, id), main_conn);
    assert_ptr_equal(conns_find(conns, PORT_HOTLINE, id), hotline);
    assert_null(conns_find(conns, PORT_MAIN, other));
    assert_ptr_equal(conns_find_token(conns, hotline->token), hotline);
    assert_null(conns_find_token(conns, 0));
    assert_null(conns_find_token(conns, hotline->token ^ ((uint64_t)1 << 40)));
    assert_ptr_equal(conn_of_instance(&hotline->instance), hotline);
    assert_int_equal(conns_count(conns), 2);
    conns_destroy(&conns);
    conns_destroy(&conns);
}

static void token_of_who_left_is_never_somebody_elses(void **state)
{
    (void)state;
    struct conns *conns = conns_make();
    GHashTable *seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    uint8_t id[IDENTITY_SIZE];
    for (uint32_t i = 0; i < 20000; i++) {
        struct conn *conn = NULL;
        identity_make(id, i);
        assert_int_equal(conns_add(conns, PORT_MAIN, id, "name", &conn), OK);
        uint64_t *token = g_memdup2(&conn->token, sizeof conn->token);
        conns_remove(conns, conn);
        assert_null(conns_find_token(conns, *token));
        assert_null(conns_find(conns, PORT_MAIN, id));
        assert_true(g_hash_table_add(seen, token));
    }
    g_hash_table_unref(seen);
    conns_destroy(&conns);
}

static void connections_beyond_the_maximum_are_refused_until_one_leaves(void **state)
{
    (void)state;
    struct conns *conns = conns_make();
    struct conn *conn = NULL, *extra = NULL;
    uint8_t id[IDENTITY_SIZE];
    for (uint32_t i = 0; i < CONNS_MAX; i++) {
        identity_make(id, i);
        assert_int_equal(conns_add(conns, PORT_MAIN, id, "name", &conn), OK);
    }
    identity_make(id, CONNS_MAX);
    assert_int_equal(conns_add(conns, PORT_MAIN, id, "name", &extra), ERR_LIMIT);
    assert_null(extra);
    assert_int_equal(conns_count(conns), CONNS_MAX);
    conns_remove(conns, conn);
    assert_int_equal(conns_add(conns, PORT_MAIN, id, "name", &extra), OK);
    for (size_t i = 0; i < CONNS_MAX; i++) {
        assert_non_null(conns_at(conns, i));
    }
    conns_destroy(&conns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(added_connection_is_found_by_identity_and_token),
            cmocka_unit_test(token_of_who_left_is_never_somebody_elses),
            cmocka_unit_test(connections_beyond_the_maximum_are_refused_until_one_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
