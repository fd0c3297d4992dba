/* Sentences for reporters: by ending and by what they wanted, in both languages; whatever a member
 * of staff has written, the sentence keeps the limits of who takes it. */
#include "services/routing/say.h"

#include <string.h>

#include "services/kernel/base/pure_text.h"
#include "services/kernel/base/testing.h"

static void endings_are_said_by_what_was_wanted(void **state)
{
    (void)state;
    static const struct {
        enum intent intent;
        enum ending ending;
        const char *said, *zh, *en;
    } table[] = {
            {INTENT_REPORT, ENDING_CHECKED, "note", "您反映的事项已处理完毕，结果已经专人核实。",
                    "What you reported has been dealt with, and somebody else has checked it."},
            {INTENT_COMPLAINT, ENDING_CHECKED, "", "您投诉的事项已处理完毕，结果已经专人核实。",
                    "What you complained about has been dealt with, and somebody else has checked "
                    "it."},
            {INTENT_REPORT, ENDING_ALONG, "",
                    "您反映的事项已与他人反映的同一问题合并办理，现已处理完毕。",
                    "What you reported was handled together with what somebody else reported of "
                    "it, and has been dealt with."},
            {INTENT_PRAISE, ENDING_WITHDRAWN, "x", "您的表扬已按您的要求撤回。",
                    "Your praise has been withdrawn, as you wished."},
            {INTENT_REPORT, ENDING_REFERRED, "请联系市水务局。",
                    "您反映的事项不属于本区办理范围，已转交有权处理的单位。请联系市水务局。",
                    "What you reported is not for this district to handle and has been passed on "
                    "to who is responsible. "
                    "请联系市水务局。"},
            {INTENT_INQUIRY, ENDING_ANSWERED, "工作日九点到十七点。",
                    "您咨询的事项，现答复如下：工作日九点到十七点。",
                    "What you asked about: this is the answer. 工作日九点到十七点。"},
            {INTENT_SUGGESTION, ENDING_ANSWERED, "Good.", "您提出的建议已经收到，现答复如下：Good.",
                    "What you suggested has been received, and this is the answer. Good."},
            {INTENT_PRAISE, ENDING_ANSWERED, "Thanks.",
                    "您的表扬已经转达，谢谢您。现回复如下：Thanks.",
                    "Your praise has been passed on; thank you. This is the reply. Thanks."},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        BUF_OWNED zh = {0};
        BUF_OWNED en = {0};
        ending_say(table[i].intent, table[i].ending, table[i].said, &zh, &en);
        assert_string_equal(zh.data, table[i].zh);
        assert_string_equal(en.data, table[i].en);
    }
}

static void what_is_too_long_is_cut_between_characters(void **state)
{
    (void)state;
    BUF_OWNED said = {0};
    BUF_OWNED zh = {0};
    BUF_OWNED en = {0};
    for (int i = 0; i < ACT_LENGTH_MAX; i++)
        buf_add_text(&said, "答");
    ending_say(INTENT_INQUIRY, ENDING_ANSWERED, said.data, &zh, &en);
    assert_true(text_valid(zh.data, zh.size) && text_valid(en.data, en.size));
    assert_int_equal(text_length(zh.data, zh.size), SAY_LENGTH_MAX);
    assert_int_equal(text_length(en.data, en.size), SAY_LENGTH_MAX);
}

static void control_characters_are_left_out(void **state)
{
    (void)state;
    BUF_OWNED zh = {0};
    BUF_OWNED en = {0};
    ending_say(INTENT_PRAISE, ENDING_ANSWERED,
            "a\001b\x7f"
            "c\xc2\x85"
            "d\ne\u00e9",
            &zh, &en);
    assert_non_null(strstr(zh.data, "：abcd\ne\u00e9"));
    assert_non_null(strstr(en.data, ". abcd\ne\u00e9"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(endings_are_said_by_what_was_wanted),
            cmocka_unit_test(what_is_too_long_is_cut_between_characters),
            cmocka_unit_test(control_characters_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
