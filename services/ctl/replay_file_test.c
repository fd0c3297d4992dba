/* Numbers of a replay's file that are no degrees are counted. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <glib.h>
#include <unistd.h>

#include "services/ctl/replay_file.h"

#define CITY                                                                                       \
    "SRNumber,CreatedDate,RequestType,Status,ServiceDate,ClosedDate,Latitude,Longitude,TBMPage,"   \
    "TBMColumn,TBMRow,CD,NC\n"

static enum err read_text(const char *text, struct replay_file *ret)
{
    const struct ctl ctl = {.english = true};
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("replay_file_test.XXXXXX", &path, NULL);
    assert_true(fd >= 0);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    enum err err = replay_file_read(&ctl, path, 0, ret);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(close(fd), 0);
    return err;
}

static void city_rows_without_finite_degrees_have_no_point(void **state)
{
    static const struct {
        const char *degrees;
        size_t no_point;
    } cases[] = {{"34.1,-118.2", 0}, {"nan,1", 1}, {"1,inf", 1}, {"1e999,1", 1}, {",", 1}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct replay_file file;
        g_autofree char *text = g_strdup_printf(
                CITY "1,01/06/2018 10:18:29 AM,M,Open,,,%s,,,,10,55\n", cases[i].degrees);
        assert_int_equal(read_text(text, &file), OK);
        assert_int_equal(file.count, 1);
        if (file.no_point != cases[i].no_point || !isfinite(file.rows[0].latitude))
            fail_msg("%s: %zu without a point", cases[i].degrees, file.no_point);
        replay_file_fini(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(city_rows_without_finite_degrees_have_no_point)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
