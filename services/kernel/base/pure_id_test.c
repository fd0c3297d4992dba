/* Ids and case numbers: both ways, at the edges, and with every kind of wrong text. */
#include "services/kernel/base/pure_id.h"

#include <string.h>
#include "services/kernel/base/rng.h"
#include "services/kernel/base/testing.h"

static const struct {
    int site;
    enum service_id minter;
    int64_t counter;
} parts[] = {
        {1, SERVICE_INTAKE, 1},
        {0, SERVICE_CLIENT, 0},
        {ID_SITE_MAX, SERVICE_CLIENT, ID_COUNTER_MAX},
        {ID_SITE_MAX, SERVICE_INTAKE, 0},
        {0, SERVICE_AUDIT, ID_COUNTER_MAX},
};

static void id_parts_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        int64_t id = id_make(parts[i].site, parts[i].minter, parts[i].counter);
        assert_true(id > 0);
        assert_int_equal(id_site(id), parts[i].site);
        assert_int_equal(id_minter(id), parts[i].minter);
        assert_int_equal(id_counter(id), parts[i].counter);
        assert_true(id_valid(id, parts[i].site));
        assert_false(id_valid(id, (parts[i].site + 1) & ID_SITE_MAX));
    }
}

static void id_valid_refuses_what_is_no_id(void **state)
{
    (void)state;
    assert_false(id_valid(0, 0));
    assert_false(id_valid(-1, ID_SITE_MAX));
    assert_false(id_valid(INT64_MIN, 0));
    assert_false(id_valid(77, 0)); /* minter none */
}

static void make_wide(void *self)
{
    (void)id_make(1, SERVICE_INTAKE, *(int64_t *)self);
}

static void id_make_out_of_range_ends_the_process(void **state)
{
    (void)state;
    int64_t wide = ID_COUNTER_MAX + 1, negative = -1;
    assert_true(process_aborts(make_wide, &wide));
    assert_true(process_aborts(make_wide, &negative));
}

static void id_hash_spreads_consecutive_ids_evenly(void **state)
{
    (void)state;
    int buckets[16] = {0};
    for (int64_t i = 0; i < 16000; i++) {
        buckets[id_hash(id_make(1, SERVICE_INTAKE, i)) % 16]++;
    }
    for (size_t i = 0; i < COUNT_OF(buckets); i++) {
        assert_in_range(buckets[i], 880, 1120);
    }
    /* Persistent: buckets in brokers of versions N and N-1 have to agree. */
    assert_int_equal(id_hash(0), UINT64_C(0xe220a8397b1dcdaf));
}

static void case_number_is_as_documented(void **state)
{
    (void)state;
    char text[CASE_NUMBER_SIZE];
    int64_t id = id_make(7, SERVICE_INTAKE, 123);
    case_number_format(text, "LA", id, INT64_C(1514793609000), -8 * 3600);
    assert_memory_equal(text, "LA-20180101-0000123-", 20);
    assert_int_equal(strlen(text), 21);
    assert_int_equal(case_number_parse(text, "LA", 7), id);
    case_number_format(text, "LA", id, INT64_C(1514793609000) - 86400000, -8 * 3600);
    assert_memory_equal(text, "LA-20171231-", 12);
}

/* Check digits worked out apart, by the recursive form of ISO 7064 MOD 11,10 that python-stdnum
 * has. */
static void case_number_check_digit_is_mod_11_10(void **state)
{
    (void)state;
    static const struct {
        int64_t counter;
        const char *number;
    } cases[] = {
            {123, "PY-20180101-0000123-7"},
            {9999999, "PY-20180101-9999999-0"},
            {ID_COUNTER_MAX, "PY-20180101-281474976710655-5"},
    };
    char text[CASE_NUMBER_SIZE];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t id = id_make(1, SERVICE_INTAKE, cases[i].counter);
        case_number_format(text, "PY", id, INT64_C(1514793609000), 0);
        assert_string_equal(text, cases[i].number);
    }
}

static void case_number_comes_back_at_all_sizes(void **state)
{
    (void)state;
    static const int64_t counters[] = {
            0, 1, 9999999, 10000000, INT64_C(99999999999), ID_COUNTER_MAX};
    char text[CASE_NUMBER_SIZE];
    for (size_t i = 0; i < COUNT_OF(counters); i++) {
        int64_t id = id_make(ID_SITE_MAX, SERVICE_INTAKE, counters[i]);
        case_number_format(text, "WXYZ", id, INT64_C(1790000000000), 8 * 3600);
        assert_true(strlen(text) < CASE_NUMBER_SIZE);
        assert_int_equal(case_number_parse(text, "WXYZ", ID_SITE_MAX), id);
    }
}

static void case_number_with_any_one_digit_wrong_is_refused(void **state)
{
    (void)state;
    char text[CASE_NUMBER_SIZE];
    case_number_format(text, "LA", id_make(1, SERVICE_INTAKE, 90817263), INT64_C(1514793609000), 0);
    size_t size = strlen(text);
    for (size_t at = 3; at < size; at++) {
        char right = text[at];
        for (char wrong = '0'; right != '-' && wrong <= '9'; wrong++) {
            text[at] = wrong;
            bool same = wrong == right;
            assert_int_equal(case_number_parse(text, "LA", 1) != 0, same);
        }
        text[at] = right;
    }
}

static void case_number_parse_refuses_other_text(void **state)
{
    (void)state;
    char good[CASE_NUMBER_SIZE], text[CASE_NUMBER_SIZE * 2];
    case_number_format(good, "LA", id_make(1, SERVICE_INTAKE, 5), INT64_C(1514793609000), 0);
    assert_true(case_number_parse(good, "LA", 1) != 0);
    assert_int_equal(case_number_parse(good, "PY", 1), 0);
    assert_int_equal(case_number_parse(good, "L", 1), 0);
    for (size_t size = 0; size < strlen(good); size++) {
        memcpy(text, good, size);
        text[size] = 0;
        assert_int_equal(case_number_parse(text, "LA", 1), 0);
    }
    (void)snprintf(text, sizeof text, "%s0", good);
    assert_int_equal(case_number_parse(text, "LA", 1), 0);
    (void)snprintf(text, sizeof text, " %s", good);
    assert_int_equal(case_number_parse(text, "LA", 1), 0);
    static const char *const others[] = {"", "LA-", "LA-20180101-000000000005-1",
            "LA-20180101-999999999999999-1", "LA-20180101-281474976710656-3", /* 2^48 */
            "LA-20180101-999999999999999-4", "LA-20180101-99999999999999999999999999999-1",
            "la-20180101-0000005-1", "LA_20180101_0000005_1"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_int_equal(case_number_parse(others[i], "LA", 1), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(id_parts_come_back),
            cmocka_unit_test(id_valid_refuses_what_is_no_id),
            cmocka_unit_test(id_make_out_of_range_ends_the_process),
            cmocka_unit_test(id_hash_spreads_consecutive_ids_evenly),
            cmocka_unit_test(case_number_is_as_documented),
            cmocka_unit_test(case_number_check_digit_is_mod_11_10),
            cmocka_unit_test(case_number_comes_back_at_all_sizes),
            cmocka_unit_test(case_number_with_any_one_digit_wrong_is_refused),
            cmocka_unit_test(case_number_parse_refuses_other_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
