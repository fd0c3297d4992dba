/* docs/case.md is CASE_RULE_TABLE as a picture and as tables. This test holds the page to the
 * table; HUYING_WRITE_PAGES=1 writes it anew. Run from the checkout's root. */
#include "services/routing/test_acts.h"

#include <stdio.h>
#include <stdlib.h>

#include "services/kernel/base/buf.h"

#define PAGE "docs/case.md"
#define PAGE_SIZE_MAX 65536

static const struct rule {
    enum case_state state;
    enum case_event event;
    enum case_who who;
    enum case_action action;
    enum case_state to;
    enum case_refusal refusal;
} rules[] = {
#define X(state, event, who, action, to, refusal)                                                  \
    {CASE_##state, EVENT_##event, WHO_##who, DO_##action, CASE_##to, REFUSAL_##refusal},
        CASE_RULE_TABLE(X)
#undef X
};
enum { RULES = sizeof rules / sizeof *rules };

static const char *state_text(enum case_state state)
{
    static const char *const texts[] = {
#define X(name, number, text, open) [number] = text,
            CASE_STATE_TABLE(X)
#undef X
    };
    return state == CASE_ANY ? "any" : state == CASE_OPEN ? "any open" : texts[state];
}

static const char *event_text(enum case_event event)
{
    static const char *const texts[] = {
#define X(name, number, text) [number] = text,
            EVENT_TABLE(X)
#undef X
    };
    return event == EVENT_ANY ? "anything else" : texts[event];
}

static const char *who_text(enum case_who who)
{
    static const char *const texts[] = {
#define X(name, text, meaning) text,
            WHO_TABLE(X)
#undef X
    };
    return texts[who];
}

static const char *refusal_text(enum case_refusal refusal)
{
    static const char *const texts[] = {
#define X(name, number, text, zh, en) [number] = text,
            REFUSAL_TABLE(X)
#undef X
    };
    return texts[refusal];
}

/* One arrow for all events that lead from one state to another. */
static void arrow_print(struct buf *page, int first)
{
    const struct rule *from = &rules[first];
    for (int i = 0; i < first; i++)
        if (rules[i].action != DO_REFUSE && rules[i].state == from->state &&
                rules[i].to == from->to)
            return;
    const char *state = from->state == CASE_NONE ? "[*]" : state_text(from->state);
    buf_add_format(page, "    %s --> %s: ", state, state_text(from->to));
    const char *before = "";
    for (int i = first; i < RULES; i++)
        if (rules[i].action != DO_REFUSE && rules[i].state == from->state &&
                rules[i].to == from->to) {
            buf_add_format(page, "%s%s", before, event_text(rules[i].event));
            before = ", ";
        }
    buf_add_text(page, "\n");
}

static void picture_print(struct buf *page)
{
    buf_add_text(page, "```mermaid\nstateDiagram-v2\n");
    for (int i = 0; i < RULES; i++)
        if (rules[i].action != DO_REFUSE && rules[i].state < CASE_OPEN)
            arrow_print(page, i);
    for (int s = CASE_CLOSED; s <= CASE_REFERRED_OUT; s++)
        buf_add_format(page, "    %s --> [*]\n", state_text((enum case_state)s));
    buf_add_text(page, "```\n");
}

static void rules_print(struct buf *page)
{
    buf_add_text(page, "\n| state | event | who | state after | refused because |\n"
                       "|---|---|---|---|---|\n");
    for (int i = 0; i < RULES; i++) {
        const struct rule *rule = &rules[i];
        bool refused = rule->action == DO_REFUSE;
        buf_add_format(page, "| %s | %s | %s | %s | %s |\n", state_text(rule->state),
                event_text(rule->event), rule->who == WHO_NOBODY ? "" : who_text(rule->who),
                refused                ? ""
                : rule->to == CASE_ANY ? "(the same)"
                                       : state_text(rule->to),
                refused ? refusal_text(rule->refusal) : "");
    }
}

static void page_print(struct buf *page)
{
    buf_add_text(page,
            "# A case's states\n\n"
            "Printed from `CASE_RULE_TABLE` in [routing.h](../services/routing/routing.h) by "
            "`case_page_test`; do not edit.\n"
            "How the rules are meant is in [routing's README](../services/routing/README.md).\n\n");
    picture_print(page);
    buf_add_text(page,
            "\nA message or a clock that has nothing to do any more changes nothing. The "
            "first row that fits decides.\n");
    rules_print(page);
    buf_add_text(page, "\n| who | |\n|---|---|\n");
#define X(name, text, meaning) buf_add_format(page, "| %s | %s |\n", text, meaning);
    WHO_TABLE(X)
#undef X
    buf_add_text(page, "\n| refused because | |\n|---|---|\n");
#define X(name, number, text, zh, en)                                                              \
    if (number != 0)                                                                               \
        buf_add_format(page, "| `%s` | %s<br>%s |\n", text, zh, en);
    REFUSAL_TABLE(X)
#undef X
}

static void page_is_what_the_table_says(void **state)
{
    (void)state;
    BUF_OWNED page = {0};
    page_print(&page);
    if (getenv("HUYING_WRITE_PAGES")) {
        FILE *out = fopen(PAGE, "w");
        assert_non_null(out);
        assert_int_equal(fwrite(page.data, 1, page.size, out), page.size);
        assert_int_equal(fclose(out), 0);
    }
    static char found[PAGE_SIZE_MAX];
    FILE *in = fopen(PAGE, "r");
    assert_non_null(in);
    size_t size = fread(found, 1, sizeof found - 1, in);
    (void)fclose(in);
    found[size] = 0;
    if (strcmp(found, page.data) != 0)
        fail_msg("%s is not what CASE_RULE_TABLE says: run this test with HUYING_WRITE_PAGES=1 "
                 "and commit the page",
                PAGE);
}

/* Every state can be reached, and left again unless it is an end. */
static void every_state_is_reached_and_left(void **state)
{
    (void)state;
    for (int s = CASE_DISPATCHED; s < CASE_STATE_COUNT; s++) {
        int in = 0, out = 0;
        for (int i = 0; i < RULES; i++) {
            in += rules[i].action != DO_REFUSE && (int)rules[i].to == s;
            out += rules[i].action != DO_REFUSE && (int)rules[i].state == s;
        }
        if (s == CASE_VERIFIED) /* passed through inside one decision */
            continue;
        print_message("state %d\n", s);
        assert_true(in > 0);
        assert_int_equal(out > 0, case_open((enum case_state)s) || s == CASE_CLOSED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(page_is_what_the_table_says),
            cmocka_unit_test(every_state_is_reached_and_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
