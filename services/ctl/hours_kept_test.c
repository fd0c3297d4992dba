/* Working time as it is kept: what is none is refused, whatever stands there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "services/ctl/hours_kept.h"

static void reads_what_is_one(void **state)
{
    (void)state;
    struct hours_kept kept;
    int64_t due_ms = 0;
    assert_int_equal(
            hours_kept_read("{\"utc_offset_s\": 28800, \"hours\": \"08:30-12:00;14:00-17:30\","
                            " \"units\": {\"22:00-06:00\": [4, 9007199254740995]},"
                            " \"days\": {\"2026-10-01\": false, \"2026-10-10\": true}}",
                    12, &kept),
            OK);
    assert_int_equal(kept.version, 12);
    assert_int_equal(hours_kept_of(&kept, 3)->count, 2);
    assert_int_equal(hours_kept_of(&kept, 4)->shifts[0].from, 22 * 60);
    assert_int_equal(hours_kept_of(&kept, INT64_C(9007199254740995))->shifts[0].to, 30 * 60);
    /* Wednesday 2026-09-30 17:00 and an hour: half of it, then over the holiday to Friday. */
    assert_int_equal(hours_add(&kept.calendar, hours_kept_of(&kept, 3), INT64_C(1790758800000),
                             3600000, &due_ms),
            0);
    assert_int_equal(due_ms, INT64_C(1790902800000));
    hours_kept_fini(&kept);
}

static void refuses_what_is_none(void **state)
{
    static const char *const texts[] = {"", "[]", "{}",
            "{\"utc_offset_s\": 0, \"hours\": \"work\", \"units\": {}, \"days\": {}}",
            "{\"utc_offset_s\": 99999, \"hours\": \"08:00-12:00\", \"units\": {}, \"days\": {}}",
            "{\"utc_offset_s\": 0, \"hours\": \"08:00-12:00\", \"days\": {}}",
            "{\"utc_offset_s\": 0, \"hours\": \"08:00-12:00\", \"units\": {}}",
            "{\"utc_offset_s\": 0, \"hours\": \"08:00-12:00\", \"units\": {\"x\": [1]},"
            " \"days\": {}}",
            "{\"utc_offset_s\": 0, \"hours\": \"08:00-12:00\", \"units\": {\"08:00-09:00\": "
            "[\"1\"]},"
            " \"days\": {}}",
            "{\"utc_offset_s\": 0, \"hours\": \"08:00-12:00\", \"units\": {\"08:00-09:00\": 1},"
            " \"days\": {}}",
            "{\"utc_offset_s\": 0, \"hours\": \"08:00-12:00\", \"units\": {},"
            " \"days\": {\"2026-02-30\": true}}",
            "{\"utc_offset_s\": 0, \"hours\": \"08:00-12:00\", \"units\": {},"
            " \"days\": {\"2026-02-03x\": true}}",
            "{\"utc_offset_s\": 0, \"hours\": \"08:00-12:00\", \"units\": {},"
            " \"days\": {\"2026-02-03\": 1}}",
            "{\"utc_offset_s\": 0, \"hours\": \"08:00-12:00\", \"units\": {},"
            " \"days\": {\"1900-01-01\": true, \"2026-01-01\": true}}"};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        struct hours_kept kept;
        if (hours_kept_read(texts[i], 1, &kept) != ERR_MALFORMED)
            fail_msg("found OK, expected a refusal: %s", texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(reads_what_is_one),
            cmocka_unit_test(refuses_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
