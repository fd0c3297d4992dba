/* Search, similar cases and load, from the packed request to the unpacked answer, against a real
 * PostgreSQL: who asks finds what fits and what he sees, page by page, each once. */
#include "services/routing/store_query.h"
#include "services/routing/test_store.h"

#include "proto/routing.pb-c.h"
#include "services/routing/codec.h"

#define MINUTE INT64_C(60000)

static char none[] = "";

/* Case i is accepted i minutes after NOW. 1 to 4 are lamps of the first grid: dispatched, accepted,
 * handled, closed; 5 lies in the grid beside it, 6 is a noise, 7 a lamp in the other street. */
static void cases_save(void)
{
    static const struct {
        enum case_state state;
        int matter;
        int64_t unit;
        const char *summary;
    } table[] = {{CASE_DISPATCHED, M_LAMP, U_GRID, "路灯不亮,在桥边"},
            {CASE_ACCEPTED, M_LAMP, U_GRID, "桥上的灯坏了"},
            {CASE_HANDLED, M_LAMP, U_GRID, "路灯闪"},
            {CASE_CLOSED, M_LAMP, U_GRID, "路灯杆歪了,100% 要倒"},
            {CASE_DISPATCHED, M_LAMP, U_GRID_2, "巷口路灯"},
            {CASE_DISPATCHED, M_NOISE, U_GRID, "半夜施工"},
            {CASE_DISPATCHED, M_LAMP, U_GRID_3, "路灯不亮"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct story story;
        char ref[8];
        (void)snprintf(ref, sizeof ref, "T%d", (int)i + 1);
        if (table[i].unit == U_GRID) {
            story_reach(&story, city, table[i].matter, table[i].state);
        } else {
            story_begin(&story, city);
            (void)story_report(&story, table[i].matter, table[i].unit, 0, NOW);
        }
        story.state.agg.id = (int64_t)i + 1;
        story.state.accepted_at_ms = NOW + ((int64_t)i + 1) * MINUTE;
        story.state.source_ref = ref;
        story.state.source = "x";
        story.state.summary = table[i].summary;
        save(&story.state);
    }
}

static int fill(void **state)
{
    (void)empty(state);
    kit_pg_run(server, "UPDATE directory.site SET clock = '2018-01-01Z'");
    cases_save();
    return 0;
}

static void search_take(void *self, const PGresult *rows)
{
    BUF_OWNED out = {0};
    search_encode(rows, city, &out);
    *(Huying__Routing__CaseList **)self =
            huying__routing__case_list__unpack(NULL, out.size, (const uint8_t *)out.data);
}

static void similar_take(void *self, const PGresult *rows)
{
    BUF_OWNED out = {0};
    similar_encode(rows, city, &out);
    *(Huying__Routing__CaseList **)self =
            huying__routing__case_list__unpack(NULL, out.size, (const uint8_t *)out.data);
}

static Huying__Routing__CaseList *search(
        const Huying__Routing__SearchQuery *query, const char *actor)
{
    Huying__Routing__CaseList *got = NULL;
    const char *why = "";
    enum err err = query_bind(search_bind, &query->base, actor, &why);
    print_message("%s\n", why);
    assert_int_equal(err, OK);
    run(&SEARCH, search_take, &got);
    assert_non_null(got);
    return got;
}

static void ids_are(Huying__Routing__CaseList *got, const char *expected)
{
    BUF_OWNED shown = {0};
    buf_add_text(&shown, "");
    for (size_t i = 0; i < got->n_cases; i++)
        buf_add_format(&shown, "%d ", (int)got->cases[i]->item->id);
    huying__routing__case_list__free_unpacked(got, NULL);
    assert_string_equal(shown.data, expected);
}

static void search_finds_what_fits_and_is_seen(void **state)
{
    (void)state;
    static char lamp[] = "路灯", one[] = "灯", bridge[] = "桥边", percent[] = "0% ", no[] = "%",
                noise[] = "noise", closed[] = "closed", t4[] = "T4", t9[] = "T9", lamps[] = "lamp";
    static const struct {
        const char *actor;
        char *text, *state, *matter, *ref;
        int64_t unit, from, to; /* minutes after NOW */
        const char *expected;
    } table[] = {
            {"", none, none, none, none, 0, 0, 0, "7 6 5 4 3 2 1 "},
            {"", lamp, none, none, none, 0, 0, 0, "7 5 4 3 1 "},
            {"", one, none, none, none, 0, 0, 0, "7 5 4 3 2 1 "},
            {"", bridge, none, none, none, 0, 0, 0, "1 "},
            {"", percent, none, none, none, 0, 0, 0, "4 "},
            {"", no, none, none, none, 0, 0, 0, "4 "},
            {"", lamp, closed, none, none, 0, 0, 0, "4 "},
            {"", none, none, noise, none, 0, 0, 0, "6 "},
            {"", none, none, lamps, none, U_STREET, 0, 0, "5 4 3 2 1 "},
            {"", none, none, none, none, U_GRID_2, 0, 0, "5 "},
            {"", none, none, none, none, 0, 3, 6, "5 4 3 "},
            {"", none, none, none, t4, 0, 0, 0, "4 "},
            {"", bridge, none, none, t4, 0, 0, 0, ""},
            {"", none, none, none, t9, 0, 0, 0, ""},
            {"dd", lamp, none, none, none, 0, 0, 0, "7 5 4 3 1 "},
            {"sd", lamp, none, none, none, 0, 0, 0, "5 4 3 1 "},
            {"w1", lamp, none, none, none, 0, 0, 0, "4 3 1 "},
            {"w3", none, none, none, none, 0, 0, 0, "7 "},
            {"w3", none, none, none, none, U_STREET, 0, 0, ""},
            {"w3", none, none, none, t4, 0, 0, 0, ""},
            {"vol", none, none, none, none, 0, 0, 0, ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        Huying__Routing__SearchQuery query = HUYING__ROUTING__SEARCH_QUERY__INIT;
        query.text = table[i].text;
        query.state = table[i].state;
        query.matter = table[i].matter;
        query.source_ref = table[i].ref;
        query.unit = table[i].unit;
        query.from_ms = table[i].from ? NOW + table[i].from * MINUTE : 0;
        query.to_ms = table[i].to ? NOW + table[i].to * MINUTE : 0;
        query.limit = 500;
        print_message("row %zu\n", i);
        ids_are(search(&query, table[i].actor), table[i].expected);
    }
}

/* The whole list in pages of so many. */
static void search_pages(Huying__Routing__SearchQuery *query, uint32_t limit, const char *expected)
{
    BUF_OWNED shown = {0};
    char cursor[64] = "";
    buf_add_text(&shown, "");
    query->limit = limit;
    query->cursor = cursor;
    do {
        Huying__Routing__CaseList *got = search(query, "");
        for (size_t i = 0; i < got->n_cases; i++)
            buf_add_format(&shown, "%d ", (int)got->cases[i]->item->id);
        (void)snprintf(cursor, sizeof cursor, "%s", got->cursor);
        huying__routing__case_list__free_unpacked(got, NULL);
    } while (cursor[0]);
    assert_string_equal(shown.data, expected);
}

static void search_goes_on_where_it_ended(void **state)
{
    (void)state;
    static char lamp[] = "路灯";
    Huying__Routing__SearchQuery query = HUYING__ROUTING__SEARCH_QUERY__INIT;
    query.text = lamp;
    for (uint32_t limit = 1; limit < 8; limit++)
        search_pages(&query, limit, "7 5 4 3 1 ");
    query.from_ms = NOW + 3 * MINUTE;
    query.to_ms = NOW + 6 * MINUTE;
    search_pages(&query, 1, "5 4 3 ");
}

/* More lie in between than one answer looks at: it says where to go on, though it found nothing. */
static void search_looks_at_so_many_and_goes_on(void **state)
{
    (void)state;
    static char lamp[] = "路灯";
    Huying__Routing__SearchQuery query = HUYING__ROUTING__SEARCH_QUERY__INIT;
    kit_pg_run(server,
            "INSERT INTO routing.cases (id, ver, state, accepted_at, summary) SELECT g, 1, "
            "6, '2018-01-02Z', 'x' FROM generate_series(100, 12099) AS g");
    query.text = lamp;
    query.limit = 10;
    Huying__Routing__CaseList *got = search(&query, "");
    assert_int_equal(got->n_cases, 0);
    assert_string_equal(got->cursor, "s1514851200000.7100");
    huying__routing__case_list__free_unpacked(got, NULL);
    search_pages(&query, 10, "7 5 4 3 1 ");
}

static void search_limits_are_named(void **state)
{
    (void)state;
    static char bad[] = "sleeping", cursor[] = "a1.2", over[] = "s1.2.3";
    char *long_text = test_malloc(3 * 65 + 1);
    for (int i = 0; i < 65; i++)
        memcpy(long_text + 3 * i, "灯", 4);
    const struct {
        Huying__Routing__SearchQuery query;
        const char *field;
    } table[] = {
            {{.text = long_text, .limit = 1}, "text"},
            {{.state = bad, .limit = 1}, "state"},
            {{.matter = bad, .limit = 1}, "matter"},
            {{.unit = 4711, .limit = 1}, "unit"},
            {{.from_ms = -1, .limit = 1}, "from_ms"},
            {{.to_ms = INT64_MAX, .limit = 1}, "from_ms"},
            {{.limit = 0}, "limit"},
            {{.limit = 501}, "limit"},
            {{.limit = 1, .cursor = cursor}, "cursor"},
            {{.limit = 1, .cursor = over}, "cursor"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        Huying__Routing__SearchQuery blank = HUYING__ROUTING__SEARCH_QUERY__INIT;
        Huying__Routing__SearchQuery query = table[i].query;
        const char *why = NULL;
        query.base = blank.base;
        query.text = query.text ? query.text : none;
        query.state = query.state ? query.state : none;
        query.matter = query.matter ? query.matter : none;
        query.source_ref = none;
        query.cursor = query.cursor ? query.cursor : none;
        assert_int_equal(query_bind(search_bind, &query.base, "", &why), ERR_MALFORMED);
        assert_memory_equal(why, table[i].field, strlen(table[i].field));
        query = blank;
        query.limit = 1;
        assert_int_equal(query_bind(search_bind, &query.base, "stranger", &why), ERR_DENIED);
    }
    test_free(long_text);
}

/* Of the same matter in the same village: open, or ended within the matter's time. */
static void similar_are_of_the_village_and_not_long_ago(void **state)
{
    (void)state;
    static char lamp[] = "lamp", noise[] = "noise";
    static const struct {
        char *matter;
        int64_t unit, except;
        const char *actor, *expected;
    } table[] = {
            {lamp, U_GRID, 1, "", "5 4 3 2 "},
            {lamp, U_GRID_2, 0, "", "5 4 3 2 1 "},
            {lamp, U_VILLAGE, 5, "", "4 3 2 1 "},
            {lamp, U_GRID_3, 0, "", "7 "},
            {lamp, U_GRID_3, 7, "", ""},
            {noise, U_GRID, 0, "", "6 "},
            {lamp, U_GRID, 0, "w2", "5 "},
            {lamp, U_GRID, 0, "w3", ""},
    };
    kit_pg_run(server, "UPDATE directory.site SET clock = '2018-01-01 04:00Z'");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        Huying__Routing__SimilarQuery query = HUYING__ROUTING__SIMILAR_QUERY__INIT;
        Huying__Routing__CaseList *got = NULL;
        const char *why = NULL;
        query.matter = table[i].matter;
        query.unit = table[i].unit;
        query.except = table[i].except;
        query.limit = 100;
        assert_int_equal(query_bind(similar_bind, &query.base, table[i].actor, &why), OK);
        run(&SIMILAR, similar_take, &got);
        print_message("row %zu\n", i);
        ids_are(got, table[i].expected);
    }
    kit_pg_run(server, "UPDATE directory.site SET clock = '2018-01-01 05:01Z'"); /* dup_h over */
    Huying__Routing__SimilarQuery query = HUYING__ROUTING__SIMILAR_QUERY__INIT;
    Huying__Routing__CaseList *got = NULL;
    const char *why = NULL;
    query.matter = lamp;
    query.unit = U_GRID;
    query.limit = 100;
    assert_int_equal(query_bind(similar_bind, &query.base, "", &why), OK);
    run(&SIMILAR, similar_take, &got);
    ids_are(got, "5 3 2 1 ");
    query.limit = 2;
    assert_int_equal(query_bind(similar_bind, &query.base, "", &why), OK);
    run(&SIMILAR, similar_take, &got);
    ids_are(got, "5 3 ");
    query.unit = 4711;
    assert_int_equal(query_bind(similar_bind, &query.base, "", &why), ERR_MALFORMED);
}

static void load_take(void *self, const PGresult *rows)
{
    struct buf *shown = self;
    BUF_OWNED out = {0};
    load_encode(rows, city, &out);
    Huying__Routing__Load *got =
            huying__routing__load__unpack(NULL, out.size, (const uint8_t *)out.data);
    assert_non_null(got);
    for (size_t i = 0; i < got->n_units; i++)
        buf_add_format(shown, "%s %d/%d/%d, ", unit_find(city, got->units[i]->unit)->code,
                (int)got->units[i]->open, (int)got->units[i]->late, (int)got->units[i]->due_today);
    huying__routing__load__free_unpacked(got, NULL);
}

static void load_is_counted_for_each_unit_below(void **state)
{
    (void)state;
    static const struct {
        const char *actor;
        int64_t unit;
        const char *expected; /* NULL: refused */
    } table[] = {
            {"", U_VILLAGE, "V1 0/0/0, G1 3/1/1, G2 1/0/0, V1-DESK 1/0/1, V1-TEAM 0/0/0, "},
            {"", U_DISTRICT, "D 0/0/0, D-DESK 0/0/0, D-ROADS 0/0/0, S1 5/1/2, S2 1/0/0, "},
            {"sd", U_STREET_2, NULL},
            {"sd", U_DISTRICT, NULL},
            {"sd", U_GRID_2, "G2 1/0/0, "},
            {"vol", U_GRID_2, NULL},
            {"stranger", U_GRID_2, NULL},
            {"", 4711, NULL},
    };
    /* 1 is late, 2 is due in the last minute of the local day, 3 in the first of the next */
    kit_pg_run(server, "UPDATE routing.cases SET due_at = '2018-01-03Z';"
                       "UPDATE routing.cases SET due_at = '2017-12-31 23:59Z' WHERE id = 1;"
                       "UPDATE routing.cases SET due_at = '2018-01-01 23:59Z' WHERE id = 2;"
                       "UPDATE routing.cases SET due_at = '2018-01-02Z' WHERE id = 3;"
                       "UPDATE routing.cases SET due_at = '2018-01-01Z' WHERE id = 6");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        Huying__Routing__LoadQuery query = HUYING__ROUTING__LOAD_QUERY__INIT;
        BUF_OWNED shown = {0};
        const char *why = NULL;
        query.unit = table[i].unit;
        enum err err = query_bind(load_bind, &query.base, table[i].actor, &why);
        print_message("row %zu\n", i);
        assert_int_equal(err, table[i].expected ? OK : ERR_MALFORMED);
        if (!table[i].expected)
            continue;
        run(&LOAD, load_take, &shown);
        assert_string_equal(shown.data, table[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(search_finds_what_fits_and_is_seen, fill),
            cmocka_unit_test_setup(search_goes_on_where_it_ended, fill),
            cmocka_unit_test_setup(search_looks_at_so_many_and_goes_on, fill),
            cmocka_unit_test_setup(search_limits_are_named, fill),
            cmocka_unit_test_setup(similar_are_of_the_village_and_not_long_ago, fill),
            cmocka_unit_test_setup(load_is_counted_for_each_unit_below, fill),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
