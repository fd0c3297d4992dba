/* The order of a case's story, its places in the ledger, and what is read of a row's detail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "services/ctl/story.h"

#define ROW(of, number, name, at)                                                                  \
    {                                                                                              \
        .service = SERVICE_##of, .ver = number, .step = name, .at_ms = at, .from = "", .to = "",   \
        .actor = "", .detail = ""                                                                  \
    }

static void order_check(struct story_row *rows, size_t count, const char *expected)
{
    char order[256] = "";
    size_t used = 0;
    story_order(rows, count);
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(order + used, sizeof order - used, "%.1s%d ",
                service_name(rows[i].service), rows[i].ver);
    assert_string_equal(order, expected);
}

static void one_instant_is_told_by_cause(void **state)
{
    struct story_row rows[] = {ROW(INTAKE, 2, "end", 9), ROW(ENFORCEMENT, 1, "assigned", 9),
            ROW(ROUTING, 3, "assign", 9), ROW(ROUTING, 1, "register", 9),
            ROW(INTAKE, 1, "accept", 9), ROW(ROUTING, 2, "dispatch", 9)};
    (void)state;
    order_check(rows, 6, "i1 r1 r2 e1 r3 i2 ");
}

static void instants_come_first(void **state)
{
    struct story_row rows[] = {ROW(ROUTING, 2, "escalate", 30), ROW(INTAKE, 1, "accept", 10),
            ROW(VOLUNTEER, 1, "offered", 20), ROW(ROUTING, 1, "register", 10)};
    (void)state;
    order_check(rows, 4, "i1 r1 v1 r2 ");
}

static void versions_never_change_places(void **state)
{
    /* The third came with an older instant, the fourth is of a kind that ranks before it. */
    struct story_row rows[] = {ROW(ROUTING, 4, "dispatch", 20), ROW(ROUTING, 3, "handle", 5),
            ROW(ROUTING, 2, "to_desk", 20), ROW(ROUTING, 1, "register", 10),
            ROW(ENFORCEMENT, 1, "cancelled", 20)};
    (void)state;
    order_check(rows, 5, "r1 e1 r2 r3 r4 ");
}

static void rows_find_their_places(void **state)
{
    struct story_row rows[] = {ROW(INTAKE, 1, "accept", 1), ROW(ROUTING, 1, "register", 1),
            ROW(ROUTING, 2, "dispatch", 1), ROW(ROUTING, 3, "accept", 2)};
    const struct page_place places[] = {{100, 40}, {101, 0}, {102, -1}};
    static const int64_t pages[] = {100, 101, 102, 103}, expected[] = {42, 3, -1, -1};
    (void)state;
    for (int i = 0; i < 4; i++) {
        rows[i].page = pages[i];
        rows[i].idx = i + (i == 0 || i == 1 ? 2 : 0);
    }
    story_place(rows, 4, places, 3);
    for (int i = 0; i < 4; i++)
        assert_int_equal(rows[i].place, expected[i]);
}

static void detail_is_read_by_service(void **state)
{
    static const struct {
        enum service_id service;
        const char *detail, *text;
    } cases[] = {{SERVICE_INTAKE, "{\"ticket\":\"1\",\"text\":\"路灯不亮\"}", "路灯不亮"},
            {SERVICE_INTAKE, "{\"reason\":\"twice\"}", "twice"}, {SERVICE_INTAKE, "{}", ""},
            {SERVICE_INTAKE, "{\"text\":", "{\"text\":"}, {SERVICE_INTAKE, "", ""},
            {SERVICE_INTAKE, "{\"text\":7}", ""}, {SERVICE_ROUTING, "W-1: wet", "W-1: wet"},
            {SERVICE_ROUTING, "{\"text\":\"a\"}", "{\"text\":\"a\"}"}};
    struct arena arena;
    (void)state;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct story_row row = {.service = cases[i].service, .detail = cases[i].detail};
        assert_string_equal(story_text(&row, &arena), cases[i].text);
    }
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_instant_is_told_by_cause),
            cmocka_unit_test(instants_come_first), cmocka_unit_test(versions_never_change_places),
            cmocka_unit_test(rows_find_their_places), cmocka_unit_test(detail_is_read_by_service)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
