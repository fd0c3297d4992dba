/* "Done" brings what the matter has to be shown with: the whole case's handler, and each of those
 * who handle it together; and a refusal says which of it, or whose part, is missing. */
#include "services/kernel/base/buf.h"
#include "services/routing/ops.h"
#include "services/routing/test_acts.h"

static struct directory *city;

/* The directory's own copy, which nobody else reads. */
static void require(int32_t matter, const char *text)
{
    struct matter *row = (struct matter *)(uintptr_t)matter_find(city, matter);
    assert_true(evidence_parse(text, row->evidence, &row->evidence_count));
}

static int setup(void **state)
{
    (void)state;
    city = city_build();
    require(M_LAMP, "photo2+record");
    require(M_JOINT, "signatures");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    directory_destroy(&city);
    return 0;
}

static enum verdict bring(
        struct story *story, enum routing_type type, const char *actor, const char *brought)
{
    struct act act = {.text = ""};
    assert_true(evidence_parse(brought, act.evidence, &act.evidence_count));
    return story_do(story, type, actor, &act, NOW + HOUR / 2);
}

static void handling_without_the_evidence_is_refused_and_says_what_is_missing(void **state)
{
    (void)state;
    static const struct {
        const char *actor, *brought;
        enum case_refusal refusal;
        struct evidence missing;
    } table[] = {
            {"w1", "", REFUSAL_EVIDENCE, {EVIDENCE_PHOTO, 2}},
            {"w1", "photo+record", REFUSAL_EVIDENCE, {EVIDENCE_PHOTO, 1}},
            {"w1", "photo3", REFUSAL_EVIDENCE, {EVIDENCE_RECORD, 1}},
            {"w2", "photo3", REFUSAL_ACTOR_NOT_HANDLER, {0, 0}},
            {"w1", "record+photo2", REFUSAL_NONE, {0, 0}},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct story story;
        story_begin(&story, city);
        (void)story_report(&story, M_LAMP, U_GRID, 0, NOW);
        (void)bring(&story, TYPE_HANDLE, table[i].actor, table[i].brought);
        uint16_t about = table[i].missing.count ? evidence_pack(table[i].missing) : 0;
        if (story.outcome.reason != table[i].refusal || story.outcome.refused_about != about)
            fail_msg("row %zu: reason %u about %#x", i, story.outcome.reason,
                    story.outcome.refused_about);
        assert_int_equal(story.state.state == CASE_HANDLED, table[i].refusal == REFUSAL_NONE);
    }
}

static void each_of_a_joint_case_brings_the_evidence_and_the_first_who_is_missing_is_named(
        void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, city);
    (void)story_report(&story, M_JOINT, U_GRID, 0, NOW);
    const struct act joint = {.units = {U_SQUAD, U_ROADS}, .unit_count = 2};
    assert_int_equal(story_do(&story, TYPE_JOINT, "sd", &joint, NOW), VERDICT_APPLIED);
    assert_int_equal(bring(&story, TYPE_FINISH_PART, "r1", ""), VERDICT_REFUSED);
    assert_int_equal(story.outcome.reason, REFUSAL_EVIDENCE);
    assert_int_equal(bring(&story, TYPE_FINISH_PART, "r1", "signatures"), VERDICT_APPLIED);
    assert_int_equal(bring(&story, TYPE_HANDLE, "sd", "signatures"), VERDICT_REFUSED);
    assert_int_equal(story.outcome.reason, REFUSAL_PARTS_OPEN);
    assert_int_equal(story.outcome.refused_about, U_SQUAD);
    assert_int_equal(bring(&story, TYPE_FINISH_PART, "sq1", "photo"), VERDICT_REFUSED);
    assert_int_equal(bring(&story, TYPE_FINISH_PART, "sq1", "signatures"), VERDICT_APPLIED);
    assert_int_equal(story.state.state, CASE_HANDLED);
}

static void refusals_name_what_they_are_about(void **state)
{
    (void)state;
    static const struct {
        enum case_refusal refusal;
        uint16_t about;
        const char *language, *text;
    } table[] = {
            {REFUSAL_EVIDENCE, EVIDENCE_RECORD << 8 | 1, "zh", "笔录 1 份"},
            {REFUSAL_EVIDENCE, EVIDENCE_RECORD << 8 | 1, "en", "record: 1"},
            {REFUSAL_PARTS_OPEN, U_ROADS, "zh", "首先是：D-ROADS（D-ROADS）。"},
            {REFUSAL_PARTS_OPEN, U_ROADS, "en", " First of all: D-ROADS (D-ROADS)."},
            {REFUSAL_PARTS_OPEN, 999, "en", ""},
            {REFUSAL_ENDED, U_ROADS, "en", ""},
    };
    const struct aggregate_ops ops = routing_ops();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        BUF_OWNED text = {0};
        ops.reason_about(table[i].refusal, table[i].about, city, table[i].language, &text);
        assert_string_equal(text.size ? text.data : "", table[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(handling_without_the_evidence_is_refused_and_says_what_is_missing),
            cmocka_unit_test(
                    each_of_a_joint_case_brings_the_evidence_and_the_first_who_is_missing_is_named),
            cmocka_unit_test(refusals_name_what_they_are_about),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
