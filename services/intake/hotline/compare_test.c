/* Two sides' tickets compared, over a stand-in for the site: what differs is found, each once and
 * in order, with few questions; and a site that answers nonsense does not go on for ever. */
#include "services/intake/hotline/compare.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include "services/kernel/base/rng.h"

#define ROWS_MAX 6000

struct side {
    struct hotline_record rows[ROWS_MAX];
    size_t count;
};

static struct side site, own;
static struct hotline_difference found[ROWS_MAX];
static size_t found_count, asked;
static uint64_t over; /* more than so many are too many */
static enum err answer;
static bool stuck; /* the site lists the same page for ever */

static void row_add(struct side *side, const char *ticket, int number)
{
    struct hotline_record *row = &side->rows[side->count++];
    *row = (struct hotline_record){.accepted_ms = number};
    (void)snprintf(row->ticket, sizeof row->ticket, "%s", ticket);
    (void)snprintf(row->number, sizeof row->number, "TT-%d", number);
}

static void rows_add(struct side *side, int from, int to)
{
    char ticket[16];
    for (int i = from; i < to; i++) {
        (void)snprintf(ticket, sizeof ticket, "T%05d", i);
        row_add(side, ticket, i);
    }
}

static bool row_is_in(const struct hotline_record *row, const struct hotline_span *span)
{
    return strcmp(row->ticket, span->first) >= 0 &&
           (!*span->last || strcmp(row->ticket, span->last) <= 0);
}

static enum err site_ask(
        void *self, const struct hotline_span *span, struct hotline_reconciliation *ret)
{
    assert_ptr_equal(self, &site);
    asked++;
    assert_true(asked < 2 * ROWS_MAX);
    size_t first = 0, count = 0;
    while (first < site.count && !row_is_in(&site.rows[first], span))
        first++;
    while (first + count < site.count && row_is_in(&site.rows[first + count], span))
        count++;
    const struct hotline_list list = {site.rows + first, count};
    *ret = (struct hotline_reconciliation){.over = over && count > over};
    if (ret->over || answer != OK)
        return answer;
    ret->tickets = count;
    hotline_digest(&list, ret->digest);
    for (size_t i = 0; i < count && ret->item_count < HOTLINE_RECORDED_MAX; i++)
        if (stuck || strcmp(list.records[i].ticket, span->after) > 0)
            ret->items[ret->item_count++] = list.records[i];
    return OK;
}

static void difference_take(void *self, const struct hotline_difference *difference)
{
    assert_ptr_equal(self, &own);
    assert_true(found_count < ROWS_MAX);
    found[found_count++] = *difference;
}

static enum err compare(const char *first, const char *last)
{
    const struct comparison comparison = {site_ask, &site, difference_take, &own};
    const struct hotline_span span = {.first = first, .last = last};
    const struct hotline_list list = {own.rows, own.count};
    found_count = asked = 0;
    return hotline_compare(&comparison, &span, &list);
}

static int setup(void **state)
{
    (void)state;
    site.count = own.count = 0;
    over = 0;
    stuck = false;
    answer = OK;
    return 0;
}

static void equal_sides_are_one_question(void **unused)
{
    (void)unused;
    assert_int_equal(compare("", NULL), OK);
    rows_add(&site, 0, 5000);
    rows_add(&own, 0, 5000);
    assert_int_equal(compare("", ""), OK);
    assert_int_equal(asked, 1);
    assert_int_equal(found_count, 0);
}

static void one_of_5000_is_found_with_few_questions(void **unused)
{
    (void)unused;
    rows_add(&site, 0, 5000);
    rows_add(&own, 0, 3333);
    rows_add(&own, 3334, 5000);
    assert_int_equal(compare(NULL, NULL), OK);
    assert_int_equal(found_count, 1);
    assert_int_equal(found[0].kind, HOTLINE_MISSING_HERE);
    assert_string_equal(found[0].ticket, "T03333");
    assert_string_equal(found[0].here, "");
    assert_string_equal(found[0].there, "TT-3333");
    assert_int_equal(found[0].accepted_ms, 3333);
    assert_true(asked <= 10);
}

/* What stands between the last ticket of one half and the first of the other belongs to one of
 * them: found once. Also behind a ticket that is as long as tickets get. */
static void whatever_differs_is_found_once(void **unused)
{
    (void)unused;
    char ticket[HOTLINE_TICKET_SIZE] = "", longer[HOTLINE_TICKET_SIZE];
    struct rng rng;
    rng_seed(&rng, 7);
    for (int i = 0; i < 4000; i++) {
        uint64_t dice = rng_below(&rng, 40);
        (void)snprintf(longer, sizeof longer, "T%05d%.*s", i, dice == 1 ? 58 : 0,
                "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!");
        (void)snprintf(ticket, sizeof ticket, "%s", longer);
        if (dice != 2)
            row_add(&site, ticket, i);
        if (dice != 3)
            row_add(&own, ticket, dice == 4 ? -i : i);
    }
    assert_int_equal(compare("", ""), OK);
    size_t at = 0, s = 0, o = 0;
    while (s < site.count || o < own.count) {
        int order = s == site.count  ? 1
                    : o == own.count ? -1
                                     : strcmp(site.rows[s].ticket, own.rows[o].ticket);
        bool differs = order != 0 || strcmp(site.rows[s].number, own.rows[o].number) != 0;
        if (differs) {
            assert_true(at < found_count);
            assert_int_equal(found[at].kind, order < 0   ? HOTLINE_MISSING_HERE
                                             : order > 0 ? HOTLINE_MISSING_THERE
                                                         : HOTLINE_OTHER_NUMBER);
            assert_string_equal(
                    found[at++].ticket, order < 0 ? site.rows[s].ticket : own.rows[o].ticket);
        }
        s += order <= 0;
        o += order >= 0;
    }
    assert_true(at > 100);
    assert_int_equal(at, found_count);
}

static void side_that_has_nothing_lacks_all(void **unused)
{
    (void)unused;
    rows_add(&site, 0, 1700);
    assert_int_equal(compare("", ""), OK);
    assert_int_equal(found_count, 1700);
    assert_int_equal(asked, 4); /* pages of 500 */
    assert_string_equal(found[1699].ticket, "T01699");
    (void)setup(NULL);
    rows_add(&own, 0, 1700);
    assert_int_equal(compare("", ""), OK);
    assert_int_equal(found_count, 1700);
    assert_int_equal(found[0].kind, HOTLINE_MISSING_THERE);
    assert_string_equal(found[0].here, "TT-0");
    assert_string_equal(found[0].there, "");
}

static void bounds_leave_out_the_rest_of_the_list(void **unused)
{
    (void)unused;
    rows_add(&site, 0, 100);
    rows_add(&own, 0, 100);
    own.rows[4].number[0] = own.rows[50].number[0] = own.rows[95].number[0] = 'X';
    assert_int_equal(compare("T00005", "T00094"), OK);
    assert_int_equal(found_count, 1);
    assert_string_equal(found[0].ticket, "T00050");
    assert_int_equal(compare("T00095", "T00095"), OK);
    assert_int_equal(found_count, 1);
    assert_int_equal(compare("T00096", "T00094"), OK);
    assert_int_equal(found_count, 0);
}

static void too_many_are_asked_for_in_parts(void **unused)
{
    (void)unused;
    rows_add(&site, 0, 5000);
    rows_add(&own, 0, 4000);
    rows_add(&own, 4001, 5000);
    over = 1000;
    assert_int_equal(compare("", ""), OK);
    assert_int_equal(found_count, 1);
    assert_string_equal(found[0].ticket, "T04000");
    own.count = 1; /* nothing to halve */
    assert_int_equal(compare("", ""), ERR_LIMIT);
}

static void what_cannot_be_compared_is_refused(void **unused)
{
    (void)unused;
    rows_add(&site, 0, 10);
    row_add(&own, "B", 1);
    row_add(&own, "A", 2);
    assert_int_equal(compare("", ""), ERR_MALFORMED);
    own.count = 1;
    row_add(&own, "B", 2);
    assert_int_equal(compare("", ""), ERR_MALFORMED);
    assert_int_equal(asked, 0);
    own.count = 1;
    char bound[80];
    memset(bound, 'x', sizeof bound - 1);
    bound[sizeof bound - 1] = 0;
    assert_int_equal(compare(bound, ""), ERR_MALFORMED);
    assert_int_equal(compare("", bound), ERR_MALFORMED);
    answer = ERR_TRANSIENT;
    assert_int_equal(compare("", ""), ERR_TRANSIENT);
    assert_int_equal(found_count, 0);
}

static void site_that_lists_one_page_for_ever_is_left(void **unused)
{
    (void)unused;
    rows_add(&site, 0, 600);
    stuck = true;
    assert_int_equal(compare("", ""), ERR_MALFORMED);
    assert_int_equal(asked, 2);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(equal_sides_are_one_question),
            TEST(one_of_5000_is_found_with_few_questions),
            TEST(whatever_differs_is_found_once),
            TEST(side_that_has_nothing_lacks_all),
            TEST(bounds_leave_out_the_rest_of_the_list),
            TEST(too_many_are_asked_for_in_parts),
            TEST(what_cannot_be_compared_is_refused),
            TEST(site_that_lists_one_page_for_ever_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
