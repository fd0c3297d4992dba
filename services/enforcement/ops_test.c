/* The service's table: every number has a name, every refusal a sentence in both languages, and no
 * type is listed twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "services/enforcement/ops.h"
#include "services/enforcement/enforcement.h"

#define ONE(...) +1

/* The list has exactly `count` names, all different, and a NULL behind them. */
static void names_are_complete(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_non_null(names[i]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(names[i], names[k]);
    }
    assert_null(names[count]);
}

static void every_number_has_a_name(void **state)
{
    (void)state;
    names_are_complete(enforcement_ops.state_names, MISSION_STATES(ONE));
    names_are_complete(enforcement_ops.kind_names, MISSION_KINDS(ONE));
    names_are_complete(enforcement_ops.reason_names, MISSION_REASONS(ONE));
    names_are_complete(enforcement_ops.metric_names, MISSION_METRICS(ONE));
}

static void every_refusal_has_its_sentences(void **state)
{
    uint32_t count = MISSION_REASONS(ONE);
    (void)state;
    for (uint32_t reason = 0; reason < count; reason++) {
        const char *zh = enforcement_ops.reason_text(reason, "zh");
        const char *en = enforcement_ops.reason_text(reason, "en");
        assert_true(strlen(zh) > 0 && (zh[0] & 0x80) != 0);
        assert_true(strlen(en) > 0 && (en[0] & 0x80) == 0);
    }
    assert_string_equal(enforcement_ops.reason_text(count, "en"), "");
}

static void inputs_are_listed_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < enforcement_ops.input_count; i++) {
        const struct input_type *one = &enforcement_ops.inputs[i];
        assert_int_equal(one->kind == INPUT_COMMAND, one->right != 0);
        for (size_t k = 0; k < i; k++) {
            const struct input_type *other = &enforcement_ops.inputs[k];
            assert_false(one->kind == other->kind && one->type == other->type);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_number_has_a_name),
            cmocka_unit_test(every_refusal_has_its_sentences),
            cmocka_unit_test(inputs_are_listed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
