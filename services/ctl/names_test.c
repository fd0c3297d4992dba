/* Every state, transition and counter of the services has a name in both languages: the services'
 * tables are read as text, since no service includes another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "services/ctl/names.h"

/* Calls `each` with number and word of every line X(NAME, number, "word" of that table. */
static int table_walk(const char *file,
        const char *table,
        void (*each)(enum service_id service, enum name_kind kind, int number, const char *word),
        enum service_id service,
        enum name_kind kind)
{
    g_autofree char *text = NULL;
    int rows = 0;
    if (!g_file_get_contents(file, &text, NULL, NULL))
        fail_msg("%s: cannot be read", file);
    g_autofree char *head = g_strdup_printf("#define %s(X)", table);
    const char *at = strstr(text, head);
    if (at == NULL)
        fail_msg("%s: has no %s", file, table);
    const char *end = strstr(at, "\n\n");
    g_autofree char *body = g_strndup(at + strlen(head), (size_t)(end - at) - strlen(head));
    g_autoptr(GRegex) row = g_regex_new("X\\(\\w+,\\s*(\\d+),[\\s\\\\]*\"(\\w+)\"", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    for (g_regex_match(row, body, 0, &match); g_match_info_matches(match);
            g_match_info_next(match, NULL)) {
        g_autofree char *number = g_match_info_fetch(match, 1);
        g_autofree char *word = g_match_info_fetch(match, 2);
        each(service, kind, (int)g_ascii_strtoll(number, NULL, 10), word);
        rows++;
    }
    return rows;
}

static void word_check(enum service_id service, enum name_kind kind, int number, const char *word)
{
    (void)number;
    if (!name_known(service, kind, word))
        fail_msg("%s: the word \"%s\" has no name", service_name(service), word);
}

static void metric_check(enum service_id service, enum name_kind kind, int number, const char *word)
{
    (void)kind;
    const struct metric_name *name = metric_find(service, number);
    if (name == NULL || strcmp(name->word, word) != 0)
        fail_msg("%s: counter %d is \"%s\", here \"%s\"", service_name(service), number, word,
                name != NULL ? name->word : "missing");
}

static void every_word_of_the_services_has_a_name(void **state)
{
    static const struct {
        enum service_id service;
        const char *file, *states, *steps, *metrics;
        int counts[3];
    } cases[] = {
            {SERVICE_INTAKE, "services/intake/intake.h", "REPORT_STATE_TABLE", "REPORT_STEP_TABLE",
                    "REPORT_METRIC_TABLE", {5, 5, 2}},
            {SERVICE_ROUTING, "services/routing/case_table.h", "CASE_STATE_TABLE", "STEP_TABLE",
                    "METRIC_TABLE", {9, 14, 10}},
            {SERVICE_ENFORCEMENT, "services/enforcement/enforcement.h", "MISSION_STATES",
                    "MISSION_KINDS", "MISSION_METRICS", {7, 8, 3}},
            {SERVICE_VOLUNTEER, "services/volunteer/volunteer.h", "NEED_STATES", "NEED_KINDS",
                    "NEED_METRICS", {6, 7, 3}},
    };
    size_t metrics = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum service_id service = cases[i].service;
        const char *file = cases[i].file;
        int states = table_walk(file, cases[i].states, word_check, service, NAME_STATE);
        int steps = table_walk(file, cases[i].steps, word_check, service, NAME_STEP);
        int counters = table_walk(file, cases[i].metrics, metric_check, service, NAME_STATE);
        assert_in_range(states, cases[i].counts[0], 100);
        assert_in_range(steps, cases[i].counts[1], 100);
        assert_in_range(counters, cases[i].counts[2], 100);
        metrics += (size_t)counters;
    }
    assert_int_equal(metrics, METRIC_NAME_COUNT);
}

static void unknown_word_is_shown_as_it_is(void **state)
{
    const struct ctl zh = {0}, en = {.english = true};
    (void)state;
    assert_string_equal(name_of(&zh, SERVICE_ROUTING, NAME_STEP, "teleported"), "teleported");
    assert_string_equal(name_of(&zh, SERVICE_ROUTING, NAME_STEP, "accept"), "接单");
    assert_string_equal(name_of(&en, SERVICE_INTAKE, NAME_STEP, "accept"), "report accepted");
    assert_string_equal(name_of(&en, SERVICE_AUDIT, NAME_STEP, "skipped"), "dead letter skipped");
    assert_string_equal(name_level(&zh, "village"), "村居");
    assert_string_equal(name_duty(&zh, "none"), "不在清单");
    assert_string_equal(name_duty(&en, "assist"), "assist");
    assert_string_equal(name_duty(&en, ""), "");
}

static void next_actions_follow_state_and_handler(void **state)
{
    static const struct {
        const char *state, *handler, *next;
    } cases[] = {{"dispatched", "worker", "accept, handle, return, dispatch, step up, refer"},
            {"accepted", "desk", "handle, return, dispatch, step up, ask for time, suspend, refer"},
            {"accepted", "squad", "the squad in its mission; dispatch, step up, refer"},
            {"dispatched", "volunteers", "a volunteer in the need; dispatch, step up, refer"},
            {"handled", "squad", "verify or reject (another person)"},
            {"returned", "desk", "dispatch, step up, refer"}, {"in_arbitration", "desk", "rule"},
            {"suspended", "desk", "resume, refer"}, {"closed", "worker", ""}};
    const struct ctl en = {.english = true};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(name_next(&en, cases[i].state, cases[i].handler), cases[i].next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_word_of_the_services_has_a_name),
            cmocka_unit_test(unknown_word_is_shown_as_it_is),
            cmocka_unit_test(next_actions_follow_state_and_handler)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
