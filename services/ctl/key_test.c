/* Keys as the brokers and services will read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>

#include "services/ctl/commands.h"
#include "services/ctl/testing.h"
#include "services/kernel/base/seal.h"
#include "services/kernel/bus/keyfile.h"

static char *home;

static int setup(void **state)
{
    (void)state;
    home = g_dir_make_tmp("huying-key-XXXXXX", NULL);
    return home == NULL || !g_setenv("HUYING_HOME", home, TRUE);
}

static int teardown(void **state)
{
    (void)state;
    dir_remove(home);
    g_free(home);
    return 0;
}

static struct peers *peers_now(void)
{
    g_autofree char *path = g_build_filename(home, "conf/peers.conf", NULL);
    struct peers *peers = NULL;
    BUF_OWNED why = {0};
    if (peers_load(path, &peers, &why) != OK)
        fail_msg("%s", why.data);
    return peers;
}

static struct keypair pair_now(const char *name)
{
    g_autofree char *path = g_strdup_printf("%s/keys/%s.key", home, name);
    struct keypair pair = {0};
    struct stat stat_now;
    BUF_OWNED why = {0};
    if (keyfile_load(path, &pair, &why) != OK)
        fail_msg("%s", why.data);
    assert_int_equal(stat(path, &stat_now), 0);
    assert_int_equal(stat_now.st_mode & 0777, 0600);
    return pair;
}

static void new_pair_is_on_the_list(void **state)
{
    (void)state;
    assert_int_equal(command_run(command_key, "key new routing --service routing --site 7"), 0);
    assert_int_equal(
            command_run(command_key, "key new phones --service client --rights act;query"), 0);
    struct peers *peers = peers_now();
    const struct peer *peer = peers_find_name(peers, "routing");
    assert_non_null(peer);
    assert_int_equal(peer->service, SERVICE_ROUTING);
    assert_int_equal(peer->site, 7);
    assert_int_equal(peer->rights, 0);
    assert_string_equal(peer->key, pair_now("routing").public_key);
    peer = peers_find_name(peers, "phones");
    assert_non_null(peer);
    assert_int_equal(peer->service, SERVICE_CLIENT);
    assert_int_equal(peer->rights, RIGHT_ACT | RIGHT_QUERY);
    peers_destroy(&peers);
    g_autofree char *path = g_strdup_printf("%s/keys/routing.pub", home), *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    assert_string_equal(g_strchomp(text), pair_now("routing").public_key);
}

static void existing_pair_stays_without_replace(void **state)
{
    (void)state;
    assert_int_equal(command_run(command_key, "key new one --service client"), 0);
    struct keypair first = pair_now("one");
    assert_int_equal(command_run(command_key, "key new one --service client"), EXIT_FAILED);
    assert_string_equal(pair_now("one").secret_key, first.secret_key);
    assert_int_equal(
            command_run(command_key, "key new one --service client --replace --rights query"), 0);
    assert_string_not_equal(pair_now("one").secret_key, first.secret_key);
    struct peers *peers = peers_now();
    assert_null(peers_find(peers, first.public_key));
    assert_int_equal(peers_find_name(peers, "one")->rights, RIGHT_QUERY);
    peers_destroy(&peers);
}

static void broker_pair_is_not_on_the_list(void **state)
{
    (void)state;
    assert_int_equal(command_run(command_key, "key new broker --service none"), 0);
    struct keypair pair = pair_now("broker");
    struct peers *peers = peers_now();
    assert_null(peers_find(peers, pair.public_key));
    peers_destroy(&peers);
}

/* Its lines; the caller's to g_strfreev. */
static char **follow_now(void)
{
    g_autofree char *path = g_build_filename(home, "keys/follow.key", NULL), *text = NULL;
    struct stat stat_now;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    assert_int_equal(stat(path, &stat_now), 0);
    assert_int_equal(stat_now.st_mode & 0777, 0600);
    return g_strsplit(g_strchomp(text), "\n", -1);
}

static void new_follow_key_stands_before_those_that_stay(void **state)
{
    (void)state;
    assert_int_equal(command_run(command_key, "key follow"), 0);
    g_auto(GStrv) first = follow_now();
    assert_int_equal(g_strv_length(first), 1);
    assert_int_equal(strspn(first[0], "0123456789abcdef"), 64);
    assert_int_equal(strlen(first[0]), 64);
    assert_int_equal(command_run(command_key, "key follow"), EXIT_FAILED);
    assert_int_equal(command_run(command_key, "key follow --replace"), 0);
    g_auto(GStrv) second = follow_now();
    assert_int_equal(g_strv_length(second), 2);
    assert_string_not_equal(second[0], first[0]);
    assert_string_equal(second[1], first[0]);
    for (size_t i = 2; i < 8; i++)
        assert_int_equal(command_run(command_key, "key follow --replace"), 0);
    assert_int_equal(command_run(command_key, "key follow --replace"), EXIT_FAILED);
    g_auto(GStrv) last = follow_now();
    assert_int_equal(g_strv_length(last), 8);
    assert_string_equal(last[7], first[0]);
}

/* What intake reads: the new key seals, and the one before it is still there. */
static void new_persons_key_seals_and_the_old_one_stays(void **state)
{
    g_autofree char *path = g_build_filename(home, "keys/persons.key", NULL);
    struct seal_keys first = {0}, second = {0};
    BUF_OWNED why = {0};
    (void)state;
    assert_int_equal(command_run(command_key, "key persons"), 0);
    assert_int_equal(seal_keys_load(path, &first, &why), OK);
    assert_int_equal(command_run(command_key, "key persons"), EXIT_FAILED);
    assert_int_equal(command_run(command_key, "key persons --replace"), 0);
    assert_int_equal(seal_keys_load(path, &second, &why), OK);
    assert_int_equal(first.count, 1);
    assert_int_equal(second.count, 2);
    assert_memory_equal(second.list[1], first.list[0], SEAL_KEY_SIZE);
    assert_memory_not_equal(second.list[0], first.list[0], SEAL_KEY_SIZE);
}

static void wrong_usage_table(void **state)
{
    static const char *const lines[] = {"key", "key new", "key new a b", "key new x",
            "key list more", "key follow more", "key new x --service lane",
            "key new x --service client --rights fly", "key new x --service client --site 0",
            "key new x --service client --site 4096", "key new a/b --service client",
            "key new x --service client --colour",
            "key new 12345678901234567890123456789012 --service client",
            "key new x --service client --lang fr", "key new x --service client -o xml"};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        print_message("%s\n", lines[i]);
        assert_int_equal(command_run(command_key, lines[i]), EXIT_USAGE);
    }
    g_autofree char *path = g_build_filename(home, "keys/x.key", NULL);
    assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

/* A list that cannot be read is never replaced. */
static void broken_list_is_left_alone(void **state)
{
    g_autofree char *text = NULL, *path = g_build_filename(home, "conf/peers.conf", NULL);
    (void)state;
    file_put(home, "conf/peers.conf", "no group\n");
    assert_int_equal(command_run(command_key, "key new late --service client"), EXIT_FAILED);
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    assert_string_equal(text, "no group\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(new_pair_is_on_the_list),
            cmocka_unit_test(existing_pair_stays_without_replace),
            cmocka_unit_test(broker_pair_is_not_on_the_list),
            cmocka_unit_test(new_follow_key_stands_before_those_that_stay),
            cmocka_unit_test(new_persons_key_seals_and_the_old_one_stays),
            cmocka_unit_test(wrong_usage_table),
            cmocka_unit_test(broken_list_is_left_alone),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
