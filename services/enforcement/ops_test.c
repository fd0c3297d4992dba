/* The service's table: every number has a name, every refusal a sentence in both languages, and no
 * type is listed twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "services/enforcement/ops.h"
#include "services/enforcement/enforcement.h"
#include "tests/kit/ops.h"

#define ONE(...) +1

static void every_number_has_a_name(void **state)
{
    (void)state;
    kit_names_are_complete(enforcement_ops.state_names, MISSION_STATES(ONE));
    kit_names_are_complete(enforcement_ops.kind_names, MISSION_KINDS(ONE));
    kit_names_are_complete(enforcement_ops.reason_names, MISSION_REASONS(ONE));
    kit_names_are_complete(enforcement_ops.metric_names, MISSION_METRICS(ONE));
}

static void every_refusal_has_its_sentences(void **state)
{
    (void)state;
    kit_refusals_have_sentences(&enforcement_ops, MISSION_REASONS(ONE));
}

static void refusal_names_the_evidence_that_is_missing(void **state)
{
    BUF_OWNED text = {0};
    (void)state;
    uint16_t about = evidence_pack((struct evidence){EVIDENCE_SEIZURE_LIST, 1});
    enforcement_ops.reason_about(REASON_EVIDENCE, about, NULL, "zh", &text);
    assert_string_equal(text.data, "扣押清单 1 份");
    buf_reset(&text);
    enforcement_ops.reason_about(REASON_OVER, about, NULL, "zh", &text);
    assert_int_equal(text.size, 0);
}

static void inputs_are_listed_once(void **state)
{
    (void)state;
    kit_inputs_are_listed_once(&enforcement_ops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_number_has_a_name),
            cmocka_unit_test(every_refusal_has_its_sentences),
            cmocka_unit_test(refusal_names_the_evidence_that_is_missing),
            cmocka_unit_test(inputs_are_listed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
