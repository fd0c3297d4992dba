/* The service's table: every number has a name, every refusal a sentence in both languages, and no
 * type is listed twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "services/volunteer/ops.h"
#include "services/volunteer/volunteer.h"
#include "tests/kit/ops.h"

#define ONE(...) +1

static void every_number_has_a_name(void **state)
{
    (void)state;
    kit_names_are_complete(volunteer_ops.state_names, NEED_STATES(ONE));
    kit_names_are_complete(volunteer_ops.kind_names, NEED_KINDS(ONE));
    kit_names_are_complete(volunteer_ops.reason_names, NEED_REASONS(ONE));
    kit_names_are_complete(volunteer_ops.metric_names, NEED_METRICS(ONE));
}

static void every_refusal_has_its_sentences(void **state)
{
    (void)state;
    kit_refusals_have_sentences(&volunteer_ops, NEED_REASONS(ONE));
}

static void inputs_are_listed_once(void **state)
{
    (void)state;
    kit_inputs_are_listed_once(&volunteer_ops);
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
