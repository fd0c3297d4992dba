/* The growing buffer: contents, the NUL behind them, the maximum. */
#include "services/kernel/base/buf.h"

#include <string.h>
#include "services/kernel/base/testing.h"

static void buf_add_grows_and_keeps_contents_and_nul(void **state)
{
    (void)state;
    BUF_OWNED buf = {0};
    for (size_t i = 0; i < 10000; i++) {
        unsigned char byte = (unsigned char)(i * 7);
        buf_add(&buf, &byte, 1);
        assert_int_equal(buf.data[buf.size], 0);
    }
    assert_int_equal(buf.size, 10000);
    for (size_t i = 0; i < 10000; i++) {
        assert_int_equal((unsigned char)buf.data[i], (unsigned char)(i * 7));
    }
}

static void buf_add_format_fits_short_and_long(void **state)
{
    (void)state;
    BUF_OWNED buf = {0};
    buf_add_format(&buf, "%s=%d ", "n", 5);
    buf_add_format(&buf, "%0*d", 3000, 7);
    assert_int_equal(buf.size, 3004);
    assert_memory_equal(buf.data, "n=5 0", 5);
    assert_string_equal(buf.data + 3002, "07");
    buf_reset(&buf);
    assert_int_equal(buf.size, 0);
    assert_string_equal(buf.data, "");
    buf_add_text(&buf, "街道");
    assert_string_equal(buf.data, "街道");
}

static void buf_fini_can_be_followed_by_use(void **state)
{
    (void)state;
    struct buf buf = {0};
    buf_fini(&buf);
    buf_reset(&buf);
    buf_add(&buf, NULL, 0);
    assert_string_equal(buf.data, "");
    buf_fini(&buf);
    assert_null(buf.data);
    buf_add_text(&buf, "x");
    assert_string_equal(buf.data, "x");
    buf_fini(&buf);
}

static void reserve_too_much(void *self)
{
    buf_reserve(self, BUF_SIZE_MAX);
}

static void reserve_overflow(void *self)
{
    buf_reserve(self, SIZE_MAX - 1);
}

static void buf_past_the_maximum_ends_the_process(void **state)
{
    (void)state;
    BUF_OWNED buf = {0};
    buf_add_text(&buf, "x");
    assert_true(process_aborts(reserve_too_much, &buf));
    assert_true(process_aborts(reserve_overflow, &buf));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(buf_add_grows_and_keeps_contents_and_nul),
            cmocka_unit_test(buf_add_format_fits_short_and_long),
            cmocka_unit_test(buf_fini_can_be_followed_by_use),
            cmocka_unit_test(buf_past_the_maximum_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
