/* What is asked of routing's rows, against a real PostgreSQL: worklists list what they should,
 * people see what is theirs, in the order in which it is due, and nothing else. */
#include "services/routing/store_query.h"
#include "services/routing/test_store.h"

#include "proto/routing.pb-c.h"
#include "services/routing/codec.h"

struct listed {
    int64_t ids[WORKLIST_MAX];
    size_t count;
};

/* Every third one is a question. */
static enum intent lamp_intent(int64_t id)
{
    return id % 3 ? INTENT_REPORT : INTENT_INQUIRY;
}

static void list_take(void *self, const PGresult *rows)
{
    struct listed *listed = self;
    BUF_OWNED out = {0};
    worklist_encode(rows, city, &out);
    Huying__Routing__Worklist *got =
            huying__routing__worklist__unpack(NULL, out.size, (const uint8_t *)out.data);
    assert_non_null(got);
    listed->count = got->n_items;
    for (size_t i = 0; i < got->n_items; i++) {
        listed->ids[i] = got->items[i]->id;
        assert_string_equal(got->items[i]->matter, "lamp");
        assert_int_not_equal(got->items[i]->version, 0);
        assert_string_equal(got->items[i]->intent, intent_word(lamp_intent(got->items[i]->id)));
        assert_int_equal(got->items[i]->corrected, got->items[i]->id == 2 ? 3 : 0);
    }
    huying__routing__worklist__free_unpacked(got, NULL);
}

static enum err list_bind(
        const Huying__Routing__WorklistQuery *query, const char *actor, const char **ret_why)
{
    return query_bind(worklist_bind, &query->base, actor, ret_why);
}

/* Ten lamps on the grid: id i has ticket Ti; 1 to 4 dispatched, 5 and 6 accepted, 7 handled, 8
 * closed, 9 withdrawn, 10 lies in the other street. */
static void lamps_save(void)
{
    for (int i = 1; i <= 10; i++) {
        struct story story;
        static const enum case_state states[] = {CASE_NONE, CASE_DISPATCHED, CASE_DISPATCHED,
                CASE_DISPATCHED, CASE_DISPATCHED, CASE_ACCEPTED, CASE_ACCEPTED, CASE_HANDLED,
                CASE_CLOSED, CASE_WITHDRAWN};
        char ref[8];
        (void)snprintf(ref, sizeof ref, "T%d", i);
        if (i < 10) {
            story_reach(&story, city, M_LAMP, states[i]);
        } else {
            story_begin(&story, city);
            (void)story_report(&story, M_LAMP, U_GRID_3, 0, NOW);
        }
        story.state.agg.id = i;
        story.state.source_ref = ref;
        story.state.source = story.state.summary = "x";
        story.state.course.intent = lamp_intent(i);
        story.state.course.corrected = i == 2 ? 3 : 0;
        save(&story.state);
    }
    params_reset(&params);
    param_add_int(&params, params_array(&params, PARAM_INT8), 11);
    run(&CASES_STUB, NULL, NULL);
}

static void worklist_lists_by_unit_state_and_ticket(void **state)
{
    (void)state;
    static char t2[] = "T2", t8[] = "T8", t99[] = "T99", none[] = "", accepted[] = "accepted",
                closed[] = "closed";
    static char *tickets[] = {t8, t2, t99};
    const struct {
        int64_t unit;
        char *state;
        int64_t after;
        uint32_t limit;
        size_t tickets;
        const char *expected, *actor;
    } table[] = {
            {0, none, 0, 500, 0, "1 2 3 4 5 6 7 10 ", ""},
            {0, none, 0, 3, 0, "1 2 3 ", ""},
            {0, none, 3, 2, 0, "4 5 ", ""},
            {0, accepted, 0, 9, 0, "5 6 ", ""},
            {0, closed, 0, 9, 0, "8 ", ""},
            {U_GRID, none, 0, 9, 0, "1 2 3 4 5 6 7 ", ""},
            {U_STREET, none, 5, 9, 0, "6 7 ", ""},
            {U_STREET_2, none, 0, 9, 0, "10 ", ""},
            {U_GRID_2, none, 0, 9, 0, "", ""},
            {U_STREET, closed, 0, 9, 0, "8 ", ""},
            {U_STREET_2, closed, 0, 9, 0, "", ""},
            {0, none, 0, 0, 3, "2 8 ", ""},
            {0, closed, 0, 0, 3, "8 ", ""},
            {U_STREET_2, none, 0, 0, 3, "", ""},
            {0, none, 0, 500, 0, "1 2 3 4 5 6 7 10 ", "dd"},
            {0, none, 0, 500, 0, "1 2 3 4 5 6 7 ", "sd"},
            {0, none, 0, 500, 0, "1 2 3 4 5 6 7 ", "w1"},
            {0, none, 0, 500, 0, "10 ", "w3"},
            {0, none, 0, 500, 0, "", "w2"},
            {0, none, 0, 500, 0, "", "vol"},
            {U_STREET, none, 0, 500, 0, "1 2 3 4 5 6 7 ", "w1"},
            {U_STREET, none, 0, 500, 0, "", "w3"},
            {U_STREET_2, none, 0, 500, 0, "", "sd"},
            {U_STREET_2, none, 0, 500, 0, "10 ", "dd"},
            {0, closed, 0, 9, 0, "8 ", "w1"},
            {0, closed, 0, 9, 0, "", "w3"},
            {0, none, 0, 0, 3, "2 8 ", "w1"},
            {0, none, 0, 0, 3, "", "w3"},
    };
    lamps_save();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        Huying__Routing__WorklistQuery query = HUYING__ROUTING__WORKLIST_QUERY__INIT;
        const char *why = NULL;
        struct listed listed = {.count = 99};
        BUF_OWNED shown = {0};
        query.unit = table[i].unit;
        query.state = table[i].state;
        query.after = table[i].after;
        query.limit = table[i].limit;
        query.n_source_refs = table[i].tickets;
        query.source_refs = tickets;
        assert_int_equal(list_bind(&query, table[i].actor, &why), OK);
        run(&WORKLIST, list_take, &listed);
        buf_add_text(&shown, "");
        for (size_t k = 0; k < listed.count; k++)
            buf_add_format(&shown, "%d ", (int)listed.ids[k]);
        print_message("row %zu\n", i);
        assert_string_equal(shown.data, table[i].expected);
    }
}

static void listed_by_ticket(char *ticket, size_t expected)
{
    Huying__Routing__WorklistQuery query = HUYING__ROUTING__WORKLIST_QUERY__INIT;
    const char *why = NULL;
    struct listed listed = {.count = 99};
    query.n_source_refs = 1;
    query.source_refs = &ticket;
    assert_int_equal(list_bind(&query, "", &why), OK);
    run(&WORKLIST, list_take, &listed);
    assert_int_equal(listed.count, expected);
}

/* How often this connection has gone by the key and not yet reported it. */
static int64_t key_scans(void)
{
    PGresult *scans =
            pg_exec(pg, "SELECT pg_stat_get_xact_numscans('routing.cases_pkey'::regclass)", NULL);
    assert_non_null(scans);
    int64_t count = row_int(scans, 0, 0);
    PQclear(scans);
    return count;
}

/* The plan is made when there are many cases and no statistics of them, as on a new site. */
static void worklist_by_ticket_does_not_go_by_the_key(void **state)
{
    (void)state;
    static char ticket[] = "T2";
    kit_pg_run(server, "INSERT INTO routing.cases (id) SELECT generate_series(100, 20100)");
    lamps_save();
    PQclear(pg_exec(pg, "BEGIN", NULL)); /* nothing is reported in between */
    int64_t before = key_scans();
    listed_by_ticket(ticket, 1);
    int64_t scans = key_scans() - before;
    PQclear(pg_exec(pg, "COMMIT", NULL));
    assert_int_equal(scans, 0);
}

static void worklist_limits_are_named(void **state)
{
    (void)state;
    static char bad[] = "sleeping", none[] = "", ref[] = "T1", empty_ref[] = "";
    static char *tickets[WORKLIST_MAX + 1], *blank[] = {empty_ref};
    for (size_t i = 0; i <= WORKLIST_MAX; i++)
        tickets[i] = ref;
    const struct {
        Huying__Routing__WorklistQuery query;
        const char *field;
    } table[] = {
            {{.state = none, .limit = 0}, "limit"},
            {{.state = none, .limit = WORKLIST_MAX + 1}, "limit"},
            {{.state = none, .limit = 1, .after = -1}, "after"},
            {{.state = none, .limit = 1, .unit = 4711}, "unit"},
            {{.state = bad, .limit = 1}, "state"},
            {{.state = none, .n_source_refs = WORKLIST_MAX + 1, .source_refs = tickets},
                    "source_refs"},
            {{.state = none, .n_source_refs = 1, .source_refs = blank}, "source_refs"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        Huying__Routing__WorklistQuery blank_query = HUYING__ROUTING__WORKLIST_QUERY__INIT;
        Huying__Routing__WorklistQuery query = table[i].query;
        query.base = blank_query.base;
        const char *why = NULL;
        assert_int_equal(list_bind(&query, "", &why), ERR_MALFORMED);
        assert_memory_equal(why, table[i].field, strlen(table[i].field));
    }
}

static void view_take(void *self, const PGresult *rows)
{
    case_encode(rows, city, self);
}

/* NULL: there is no such case, or not for him. */
static Huying__Routing__CaseView *view_ask(int64_t id, const char *actor)
{
    Huying__Routing__CaseQuery query = HUYING__ROUTING__CASE_QUERY__INIT;
    const char *why = NULL;
    BUF_OWNED out = {0};
    query.id = id;
    assert_int_equal(query_bind(case_bind, &query.base, actor, &why), OK);
    run(&CASE_VIEW, view_take, &out);
    if (out.size == 0)
        return NULL;
    Huying__Routing__CaseView *got =
            huying__routing__case_view__unpack(NULL, out.size, (const uint8_t *)out.data);
    assert_non_null(got);
    return got;
}

/* The blank-separated words of `has` are all among the actions, those of `lacks` are not. */
static void actions_are(const Huying__Routing__WorkItem *item, const char *has, const char *lacks)
{
    const char *lists[] = {has, lacks};
    BUF_OWNED shown = {0};
    buf_add_text(&shown, " ");
    for (size_t i = 0; i < item->n_actions; i++)
        buf_add_format(&shown, "%s ", item->actions[i]);
    print_message("may:%s\n", shown.data);
    for (int k = 0; k < 2; k++) {
        for (const char *at = lists[k]; *at; at += strspn(at, " ")) {
            char word[40];
            (void)snprintf(word, sizeof word, " %.*s ", (int)strcspn(at, " "), at);
            if ((strstr(shown.data, word) != NULL) != (k == 0))
                fail_msg("%s", word);
            at += strcspn(at, " ");
        }
    }
}

static void case_view_shows_number_times_and_escalations(void **state)
{
    (void)state;
    struct routing_case in;
    case_sample(&in);
    save(&in);
    Huying__Routing__CaseView *got = view_ask(77, "");
    assert_non_null(got);
    assert_int_equal(got->item->id, 77);
    assert_string_equal(got->item->state, "closed");
    assert_string_equal(got->item->handler_kind, "squad");
    assert_memory_equal(got->number, "LA-20180101-", 12);
    assert_string_equal(got->source, "hotline");
    assert_string_equal(got->summary, "沙发在路边");
    assert_int_equal(got->accepted_at_ms, NOW + 1);
    assert_int_equal(got->promised_at_ms, NOW + 2);
    assert_int_equal(got->handled_at_ms, NOW + 5);
    assert_int_equal(got->closed_at_ms, NOW + 6);
    assert_int_equal(got->escalations, 2);
    assert_true(got->overdue);
    assert_int_equal(got->item->n_actions, 0);
    huying__routing__case_view__free_unpacked(got, NULL);
    assert_null(view_ask(78, ""));
}

/* The lamp lies on a grid of the first street, and its worker handles it. A road of the other
 * street is the district's department's. */
static void case_is_shown_to_its_own_people_with_what_they_may_do(void **state)
{
    (void)state;
    static const struct {
        int64_t id;
        const char *actor, *has, *lacks; /* has NULL: not shown */
    } table[] = {
            {1, "w1", "accept handle refer step_up", "verify reject return rule"},
            {1, "w2", NULL, NULL},
            {1, "v", "refer dispatch step_up", "accept handle verify"},
            {1, "sd", "refer dispatch step_up", "accept handle verify"},
            {1, "dd", "refer dispatch step_up", "accept handle verify"},
            {1, "r1", NULL, NULL},
            {1, "w3", NULL, NULL},
            {1, "vol", NULL, NULL},
            {2, "w1", NULL, NULL},
            {2, "sd", NULL, NULL},
            {2, "w3", "", "accept handle dispatch verify"},
            {2, "r1", "accept handle refer return", "dispatch"},
            {2, "dd", "accept handle refer dispatch", "return"},
    };
    struct story lamp, road;
    story_reach(&lamp, city, M_LAMP, CASE_DISPATCHED);
    story_begin(&road, city);
    (void)story_report(&road, M_ROAD, U_GRID_3, 0, NOW);
    lamp.state.agg.id = 1;
    road.state.agg.id = 2;
    save(&lamp.state);
    save(&road.state);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        print_message("case %d, %s\n", (int)table[i].id, table[i].actor);
        Huying__Routing__CaseView *got = view_ask(table[i].id, table[i].actor);
        assert_int_equal(got != NULL, table[i].has != NULL);
        if (!got)
            continue;
        actions_are(got->item, table[i].has, table[i].lacks);
        huying__routing__case_view__free_unpacked(got, NULL);
    }
}

static void agenda_take(void *self, const PGresult *rows)
{
    BUF_OWNED out = {0};
    agenda_encode(rows, city, &out);
    *(Huying__Routing__Worklist **)self =
            huying__routing__worklist__unpack(NULL, out.size, (const uint8_t *)out.data);
}

static Huying__Routing__Worklist *agenda_ask(const char *actor, uint32_t limit, char *cursor)
{
    static char none[] = "";
    Huying__Routing__AgendaQuery query = HUYING__ROUTING__AGENDA_QUERY__INIT;
    Huying__Routing__Worklist *got = NULL;
    const char *why = NULL;
    query.limit = limit;
    query.cursor = cursor ? cursor : none;
    assert_int_equal(query_bind(agenda_bind, &query.base, actor, &why), OK);
    run(&AGENDA, agenda_take, &got);
    assert_non_null(got);
    return got;
}

static void agenda_is(const char *actor, const char *expected)
{
    Huying__Routing__Worklist *got = agenda_ask(actor, 500, NULL);
    BUF_OWNED shown = {0};
    buf_add_text(&shown, "");
    for (size_t i = 0; i < got->n_items; i++)
        buf_add_format(&shown, "%d%s ", (int)got->items[i]->id, got->items[i]->urged ? "!" : "");
    huying__routing__worklist__free_unpacked(got, NULL);
    assert_string_equal(shown.data, expected);
}

static size_t agenda_count(const char *actor)
{
    Huying__Routing__Worklist *got = agenda_ask(actor, 500, NULL);
    size_t count = got->n_items;
    huying__routing__worklist__free_unpacked(got, NULL);
    return count;
}

/* Case 10 + i, a lamp on the first grid, due so late; -1: never. */
static void lamps_due(const int *due, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct story lamp;
        story_reach(&lamp, city, M_LAMP, CASE_DISPATCHED);
        lamp.state.agg.id = 10 + (int64_t)i;
        lamp.state.due_ms = due[i] < 0 ? 0 : NOW + due[i];
        save(&lamp.state);
    }
}

/* Urged ones first, then by the first clock to run out, those without one last, equals by id. */
static void agenda_is_in_the_order_of_what_is_due(void **state)
{
    (void)state;
    static const int due[] = {50, -1, 20, 70, 20, 90, -1};
    lamps_due(due, sizeof due / sizeof *due);
    agenda_is("w1", "12 14 10 13 15 11 16 ");
    kit_pg_run(server, "UPDATE routing.cases SET course = '{\"urged\": 1}' WHERE id IN (11, 13)");
    agenda_is("w1", "13! 11! 12 14 10 15 16 ");
    kit_pg_run(server, "UPDATE routing.cases SET step_due_at = '2018-01-01 00:00:00.01Z' "
                       "WHERE id = 15");
    agenda_is("w1", "13! 11! 15 12 14 10 16 ");
    agenda_is("w2", "");
    agenda_is("sd", "");
    agenda_is("vol", "");
    Huying__Routing__Worklist *got = agenda_ask("w1", 3, NULL);
    assert_int_equal(got->n_items, 3);
    assert_int_equal(got->items[0]->next_ms, NOW + 70);
    assert_int_equal(got->items[1]->next_ms, 0);
    assert_int_equal(got->items[2]->next_ms, NOW + 10);
    assert_int_equal(got->items[2]->due_ms, NOW + 90);
    actions_are(got->items[0], "accept handle", "verify");
    huying__routing__worklist__free_unpacked(got, NULL);
}

static void agenda_goes_on_where_it_ended(void **state)
{
    (void)state;
    static const int due[] = {50, -1, 20, 70, 20, 90, -1};
    static const int expected[] = {12, 14, 10, 13, 15, 11, 16};
    lamps_due(due, sizeof due / sizeof *due);
    for (uint32_t limit = 1; limit <= 8; limit++) {
        char cursor[64] = "";
        size_t seen = 0;
        for (;;) {
            Huying__Routing__Worklist *got = agenda_ask("w1", limit, cursor);
            size_t count = got->n_items;
            assert_true(count <= limit);
            for (size_t i = 0; i < count; i++)
                assert_int_equal(got->items[i]->id, expected[seen++]);
            (void)snprintf(cursor, sizeof cursor, "%s", got->cursor);
            huying__routing__worklist__free_unpacked(got, NULL);
            if (!cursor[0])
                break;
            if (seen == 2) /* what ended meanwhile is left out, and nothing comes twice */
                kit_pg_run(server, "UPDATE routing.cases SET state = 6 WHERE id = 12");
        }
        assert_int_equal(seen, 7);
        kit_pg_run(server, "UPDATE routing.cases SET state = 2 WHERE id = 12");
    }
}

/* Handled by a worker of the grid: another one there looks, or the village's desk; not those of
 * another village, and the street's desk only when it answers for the case. */
static void agenda_has_what_waits_to_be_looked_at(void **state)
{
    (void)state;
    struct story lamp;
    story_reach(&lamp, city, M_LAMP, CASE_HANDLED);
    lamp.state.agg.id = 10;
    save(&lamp.state);
    agenda_is("w1b", "10 ");
    agenda_is("vd", "10 ");
    agenda_is("v", "10 ");
    agenda_is("w2", "");
    agenda_is("w3", "");
    agenda_is("sd", "");
    Huying__Routing__Worklist *got = agenda_ask("w1b", 3, NULL);
    actions_are(got->items[0], "verify reject", "accept handle");
    huying__routing__worklist__free_unpacked(got, NULL);
    got = agenda_ask("w1", 3, NULL); /* who handled it */
    actions_are(got->items[0], "", "verify reject handle");
    huying__routing__worklist__free_unpacked(got, NULL);
    kit_pg_run(server, "UPDATE routing.cases SET area = 2");
    agenda_is("sd", "10 ");
}

static void agenda_limits_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *actor, *cursor, *field;
        uint32_t limit;
    } table[] = {{"w1", "", "limit", 0}, {"w1", "", "limit", 501}, {"", "", "actor", 1},
            {"stranger", "", "actor", 1}, {"w1", "b", "cursor", 1}, {"w1", "a0.1", "cursor", 1},
            {"w1", "a0.1.2x", "cursor", 1}, {"w1", "a-1.1.2", "cursor", 1},
            {"w1", "a0.1.99999999999999999999", "cursor", 1}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char cursor[64];
        const char *why = NULL;
        Huying__Routing__AgendaQuery query = HUYING__ROUTING__AGENDA_QUERY__INIT;
        (void)snprintf(cursor, sizeof cursor, "%s", table[i].cursor);
        query.limit = table[i].limit;
        query.cursor = cursor;
        assert_int_equal(query_bind(agenda_bind, &query.base, table[i].actor, &why), ERR_MALFORMED);
        assert_memory_equal(why, table[i].field, strlen(table[i].field));
    }
}

/* Called to a case of the other street: seen by those units' people, while they have to come in
 * their agenda too, and afterwards still seen. */
static void case_is_shown_to_who_was_called_to_it(void **state)
{
    (void)state;
    struct story lamp;
    story_reach(&lamp, city, M_LAMP, CASE_DISPATCHED);
    lamp.state.agg.id = 1;
    save(&lamp.state);
    assert_null(view_ask(1, "w3"));
    kit_pg_run(server, "UPDATE routing.cases SET course = '{\"parts\": ["
                       "{\"kind\": 1, \"unit\": 15, \"state\": 1}, "
                       "{\"kind\": 1, \"unit\": 9, \"state\": 2}]}'");
    Huying__Routing__CaseView *got = view_ask(1, "w3");
    assert_non_null(got);
    huying__routing__case_view__free_unpacked(got, NULL);
    got = view_ask(1, "r1");
    assert_non_null(got);
    huying__routing__case_view__free_unpacked(got, NULL);
    assert_int_equal(agenda_count("w3"), 1);
    assert_int_equal(agenda_count("r1"), 0);
}

/* That somebody did not come stands on the list of those above him while the case is open and the
 * fault is not denied; they see the case, wherever it lies. */
static void agenda_has_what_somebody_is_told_of(void **state)
{
    (void)state;
    static const struct {
        int told, part, state;
        const char *actor, *expected;
        bool seen;
    } table[] = {{U_DISTRICT, PART_MISSED, CASE_ACCEPTED, "dd", "1 ", true},
            {U_STREET_2, PART_MISSED, CASE_ACCEPTED, "dd", "", true},
            {U_DISTRICT, PART_DISMISSED, CASE_ACCEPTED, "dd", "", true},
            {U_DISTRICT, PART_MISSED, CASE_CLOSED, "dd", "", true},
            {U_GRID_3, PART_MISSED, CASE_ACCEPTED, "w3", "1 ", true},
            {U_GRID_3, PART_DISMISSED, CASE_ACCEPTED, "w3", "", true},
            {U_DISTRICT, PART_MISSED, CASE_ACCEPTED, "w3", "", false}};
    struct story lamp;
    story_reach(&lamp, city, M_LAMP, CASE_DISPATCHED);
    lamp.state.agg.id = 1;
    save(&lamp.state);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char sql[200];
        (void)snprintf(sql, sizeof sql,
                "UPDATE routing.cases SET state = %d, course = '{\"parts\": [{\"kind\": 1, "
                "\"told\": %d, \"unit\": 7, \"state\": %d}]}'",
                table[i].state, table[i].told, table[i].part);
        kit_pg_run(server, sql);
        print_message("row %zu\n", i);
        agenda_is(table[i].actor, table[i].expected);
        Huying__Routing__CaseView *got = view_ask(1, table[i].actor);
        assert_int_equal(got != NULL, table[i].seen);
        if (got)
            huying__routing__case_view__free_unpacked(got, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(worklist_lists_by_unit_state_and_ticket, empty),
            cmocka_unit_test_setup(worklist_by_ticket_does_not_go_by_the_key, empty),
            cmocka_unit_test_setup(worklist_limits_are_named, empty),
            cmocka_unit_test_setup(case_view_shows_number_times_and_escalations, empty),
            cmocka_unit_test_setup(case_is_shown_to_its_own_people_with_what_they_may_do, empty),
            cmocka_unit_test_setup(case_is_shown_to_who_was_called_to_it, empty),
            cmocka_unit_test_setup(agenda_has_what_somebody_is_told_of, empty),
            cmocka_unit_test_setup(agenda_is_in_the_order_of_what_is_due, empty),
            cmocka_unit_test_setup(agenda_goes_on_where_it_ended, empty),
            cmocka_unit_test_setup(agenda_has_what_waits_to_be_looked_at, empty),
            cmocka_unit_test_setup(agenda_limits_are_named, empty),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
