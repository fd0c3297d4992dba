/* A key file is taken only when it is whole, private and of one pair. */
#include "services/kernel/bus/keyfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char *dir, *path;
};

static int place_make(void **state)
{
    struct place *place = g_new0(struct place, 1);
    place->dir = g_dir_make_tmp("huying-XXXXXX", NULL);
    place->path = g_build_filename(place->dir, "a.key", NULL);
    *state = place;
    return 0;
}

static int place_remove(void **state)
{
    struct place *place = *state;
    (void)unlink(place->path);
    (void)rmdir(place->dir);
    g_free(place->path);
    g_free(place->dir);
    g_free(place);
    return 0;
}

static void keyfile_written_is_read_back(void **state)
{
    struct place *place = *state;
    struct keypair drawn, read;
    struct stat stat_of;
    BUF_OWNED why = {0};
    keypair_draw(&drawn);
    assert_int_equal(keyfile_write(place->path, &drawn), OK);
    assert_int_equal(stat(place->path, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0600);
    assert_int_equal(keyfile_load(place->path, &read, &why), OK);
    assert_string_equal(read.public_key, drawn.public_key);
    assert_string_equal(read.secret_key, drawn.secret_key);
    assert_int_equal(keyfile_write(place->path, &drawn), ERR_CONFLICT);
}

static void keyfile_that_others_may_read_is_refused(void **state)
{
    struct place *place = *state;
    struct keypair pair;
    BUF_OWNED why = {0};
    keypair_draw(&pair);
    assert_int_equal(keyfile_write(place->path, &pair), OK);
    assert_int_equal(chmod(place->path, 0640), 0);
    assert_int_equal(keyfile_load(place->path, &pair, &why), ERR_DENIED);
    assert_non_null(strstr(why.data, "0600"));
}

static void keyfile_broken_is_refused_without_showing_it(void **state)
{
    struct place *place = *state;
    struct keypair pair, other, read = {.public_key = "kept"};
    keypair_draw(&pair);
    keypair_draw(&other);
    char mixed[128], one[64], blank[128];
    (void)snprintf(mixed, sizeof mixed, "%s\n%s\n", pair.public_key, other.secret_key);
    (void)snprintf(one, sizeof one, "%s\n", pair.public_key);
    (void)snprintf(blank, sizeof blank, "%s\n%40s\n", pair.public_key, "");
    const char *const texts[] = {"", "x\ny\n", one, mixed, blank};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        BUF_OWNED why = {0};
        assert_true(g_file_set_contents(place->path, texts[i], -1, NULL));
        assert_int_equal(chmod(place->path, 0600), 0);
        if (keyfile_load(place->path, &read, &why) != ERR_MALFORMED) {
            fail_msg("text %zu was taken", i);
        }
        assert_string_equal(read.public_key, "kept");
        assert_null(strstr(why.data, other.secret_key));
    }
}

/* Nothing is left that would be taken for a key, or keep the next attempt from making one. */
static void keyfile_that_cannot_be_written_is_not_left_half(void **state)
{
    struct place *place = *state;
    struct keypair pair;
    struct rlimit kept, none;
    keypair_draw(&pair);
    assert_int_equal(keyfile_write("/nowhere/at/all/a.key", &pair), ERR_TRANSIENT);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &kept), 0);
    none = kept;
    none.rlim_cur = KEY_Z85_SIZE; /* as on a disk that has no room for the second line */
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    enum err err = keyfile_write(place->path, &pair);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &kept), 0);
    assert_int_equal(err, ERR_TRANSIENT);
    assert_int_equal(access(place->path, F_OK), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(keyfile_write(place->path, &pair), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(keyfile_written_is_read_back, place_make, place_remove),
            cmocka_unit_test_setup_teardown(
                    keyfile_that_others_may_read_is_refused, place_make, place_remove),
            cmocka_unit_test_setup_teardown(
                    keyfile_broken_is_refused_without_showing_it, place_make, place_remove),
            cmocka_unit_test_setup_teardown(
                    keyfile_that_cannot_be_written_is_not_left_half, place_make, place_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
