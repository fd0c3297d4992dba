/* Every mistake that peers.conf can hold is found, named, and leaves no list. */
#include "services/kernel/bus/peers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <glib.h>
#include <string.h>

#define KEY_A "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define KEY_B "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define GOOD "[a]\nkey = " KEY_A "\nservice = routing\nsite = 1\n"

static enum err load(const char *text, struct peers **ret, struct buf *why)
{
    char *dir = g_dir_make_tmp("huying-XXXXXX", NULL);
    char *path = g_build_filename(dir, "peers.conf", NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    enum err err = peers_load(path, ret, why);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    g_free(path);
    g_free(dir);
    return err;
}

static void peers_good_file_finds_by_key_and_name(void **state)
{
    (void)state;
    struct peers *peers = NULL;
    BUF_OWNED why = {0};
    assert_int_equal(load("# people's tools\n" GOOD "rights =\n\n[tool.b]\nkey=" KEY_B
                          "\nservice=client\nsite=4095\nrights=act;query;hotline;operate;feed\n",
                             &peers, &why),
            OK);
    const struct peer *a = peers_find(peers, KEY_A), *b = peers_find_name(peers, "tool.b");
    assert_non_null(a);
    assert_string_equal(a->name, "a");
    assert_int_equal(a->service, SERVICE_ROUTING);
    assert_int_equal(a->rights, 0);
    assert_non_null(b);
    assert_string_equal(b->key, KEY_B);
    assert_int_equal(b->site, 4095);
    assert_int_equal(b->rights, 31);
    assert_null(peers_find(peers, ""));
    assert_null(peers_find_name(peers, "c"));
    peers_destroy(&peers);
    assert_null(peers);
    peers_destroy(&peers);
}

static void peers_empty_file_lets_nobody_in(void **state)
{
    (void)state;
    struct peers *peers = NULL;
    BUF_OWNED why = {0};
    assert_int_equal(load("", &peers, &why), OK);
    assert_null(peers_find(peers, KEY_A));
    peers_destroy(&peers);
}

static void peers_mistake_is_refused_and_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *named;
    } table[] = {
            {"[a]\nservice=routing\nsite=1\n", "[a] key"},
            {"[a]\nkey=short\nservice=routing\nsite=1\n", "[a] key"},
            {"[a]\nkey=" KEY_A "x\nservice=routing\nsite=1\n", "[a] key"},
            {"[a]\nkey=~q:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\nservice=routing\nsite=1\n",
                    "[a] key"},
            {"[a]\nkey=" KEY_A "\nsite=1\n", "[a] service"},
            {"[a]\nkey=" KEY_A "\nservice=router\nsite=1\n", "[a] service"},
            {"[a]\nkey=" KEY_A "\nservice=routing\n", "[a] site"},
            {"[a]\nkey=" KEY_A "\nservice=routing\nsite=4096\n", "[a] site"},
            {"[a]\nkey=" KEY_A "\nservice=routing\nsite=-1\n", "[a] site"},
            {"[a]\nkey=" KEY_A "\nservice=routing\nsite=one\n", "[a] site"},
            {GOOD "rights=act;root\n", "[a] rights"},
            {GOOD "right=act\n", "[a] right:"},
            {GOOD "[b]\nkey=" KEY_A "\nservice=audit\nsite=1\n", "[b] key"},
            {GOOD "[a]\nkey=" KEY_B "\nservice=audit\nsite=1\n", "twice"},
            {GOOD " [a]\nkey=" KEY_B "\nservice=audit\nsite=1\n", "twice"},
            {GOOD "\n\t[a]\nkey=" KEY_B "\nservice=audit\nsite=1\n", "twice"},
            {"[\xff]\nkey=" KEY_A "\nservice=routing\nsite=1\n", "name: expected"},
            {"[a b]\nkey=" KEY_A "\nservice=routing\nsite=1\n", "[a b] name"},
            {"[a123456789012345678901234567890x]\nkey=" KEY_A "\nservice=routing\nsite=1\n",
                    "name"},
            {"key=" KEY_A "\n", "peers.conf"},
            {"[a\nkey=" KEY_A "\n", "peers.conf"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct peers *peers = NULL;
        BUF_OWNED why = {0};
        enum err err = load(table[i].text, &peers, &why);
        if (err != ERR_MALFORMED || peers || !why.data || !strstr(why.data, table[i].named) ||
                !strstr(why.data, "expected") || !g_utf8_validate(why.data, -1, NULL)) {
            fail_msg("%zu: %s: %s", i, err_name(err), why.data ? why.data : "(nothing said)");
        }
    }
}

static void peers_missing_file_says_which(void **state)
{
    (void)state;
    struct peers *peers = NULL;
    BUF_OWNED why = {0};
    assert_int_equal(peers_load("/nowhere/peers.conf", &peers, &why), ERR_MALFORMED);
    assert_non_null(strstr(why.data, "/nowhere/peers.conf"));
    assert_null(peers);
}

static void peers_more_than_the_maximum_are_refused(void **state)
{
    (void)state;
    BUF_OWNED text = {0};
    BUF_OWNED why = {0};
    struct peers *peers = NULL;
    for (int i = 0; i <= PEERS_MAX; i++) {
        buf_add_format(&text, "[p%d]\n", i);
    }
    assert_int_equal(load(text.data, &peers, &why), ERR_MALFORMED);
    assert_non_null(strstr(why.data, "at most 4096"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(peers_good_file_finds_by_key_and_name),
            cmocka_unit_test(peers_empty_file_lets_nobody_in),
            cmocka_unit_test(peers_mistake_is_refused_and_named),
            cmocka_unit_test(peers_missing_file_says_which),
            cmocka_unit_test(peers_more_than_the_maximum_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
