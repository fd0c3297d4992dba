/* huyingctl config check, as it is called: what is wrong in a vendor's mapping is told with its
 * line, beside all else; what is right is not spoken of. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>
#include "services/ctl/testing.h"

/* What the built tool prints about a state directory; it stands beside this test. */
static char *said(const char *home)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = g_path_get_dirname(self);
    g_autofree char *tool = g_build_filename(folder, "huyingctl", NULL);
    char *out = NULL;
    char home_option[] = "--home", lang_option[] = "--lang", en[] = "en", config[] = "config",
         check[] = "check";
    char *argv[] = {
            tool, config, check, home_option, (char *)(uintptr_t)home, lang_option, en, NULL};
    assert_true(
            g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, NULL, NULL, NULL));
    return out;
}

static void a_mapping_s_mistakes_are_told_with_their_lines(void **state)
{
    static const struct {
        const char *mapping, *told; /* NULL: nothing of it */
    } table[] = {
            {"[vendor]\nkeys=k\n[report]\nticket=a\nmatter=b\n", NULL},
            {"[vendor]\nkeys=k\n[report]\nticket=a\n",
                    "acme.conf:3: [report]: found \"no such field\", expected matter\n"},
            {"[vendor]\nkeys=none\n[report]\nticket=a\nmatter=b\n", "none: No such file"},
    };
    (void)state;
    g_autofree char *home = g_dir_make_tmp("huying-config-XXXXXX", NULL);
    g_autofree char *conf = g_build_filename(home, "conf", NULL);
    g_autofree char *vendors = g_build_filename(home, "vendors", NULL);
    g_autofree char *keys = g_build_filename(vendors, "k", NULL);
    g_autofree char *intake = g_strdup_printf("[intake]\nvendors=%s\n", vendors);
    assert_int_equal(g_mkdir(conf, 0700) + g_mkdir(vendors, 0700), 0);
    file_put(conf, "intake.conf", intake);
    file_put(vendors, "k", "a hmac-sm3 000102030405060708090a0b0c0d0e0f\n");
    assert_int_equal(g_chmod(keys, 0600), 0);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        file_put(vendors, "acme.conf", table[i].mapping);
        g_autofree char *text = said(home);
        if (table[i].told ? !strstr(text, table[i].told) : strstr(text, vendors) != NULL)
            fail_msg("row %zu: %s", i, text);
    }
    dir_remove(vendors);
    dir_remove(conf);
    dir_remove(home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_mapping_s_mistakes_are_told_with_their_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
