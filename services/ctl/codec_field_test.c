/* What the field staff says: "done" brings what the matter requires, in the words of the service
 * that hears it. */
#include "services/ctl/codec_field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "proto/enforcement.pb-c.h"
#include "proto/routing.pb-c.h"
#include "services/kernel/wire/message.h"

static const struct matter petrol = {.code = "PETROL",
        .evidence = {{EVIDENCE_PHOTO, 4}, {EVIDENCE_SEIZURE_LIST, 1}},
        .evidence_count = 2};

static void mission_is_done_with_all_that_is_required(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena, 1 << 20);
    struct bytes payload = field_done_encode(&arena, FIELD_MISSION_DONE, "1,500 L", &petrol);
    const Huying__Enforcement__Act *act =
            message_open(&huying__enforcement__act__descriptor, payload, &arena);
    assert_non_null(act);
    assert_string_equal(act->text, "1,500 L");
    assert_int_equal(act->n_evidence, 2);
    assert_string_equal(act->evidence[0]->kind, "photo");
    assert_int_equal(act->evidence[0]->count, 4);
    assert_string_equal(act->evidence[1]->kind, "seizure_list");
    assert_int_equal(act->evidence[1]->count, 1);
    arena_fini(&arena);
}

static void case_is_handled_with_all_that_is_required(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena, 1 << 20);
    struct bytes payload = field_done_encode(&arena, FIELD_CASE_HANDLE, "swept", &petrol);
    const Huying__Routing__Act *act =
            message_open(&huying__routing__act__descriptor, payload, &arena);
    assert_non_null(act);
    assert_string_equal(act->text, "swept");
    assert_int_equal(act->n_evidence, 2);
    assert_string_equal(act->evidence[1]->kind, "seizure_list");
    assert_int_equal(act->evidence[0]->count, 4);
    arena_fini(&arena);
}

static void other_acts_bring_none(void **state)
{
    static const struct {
        uint32_t type;
        const struct matter *matter;
    } cases[] = {{FIELD_MISSION_ARRIVE, &petrol}, {FIELD_MISSION_DONE, NULL}};
    struct arena arena;
    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes payload = field_done_encode(&arena, cases[i].type, "x", cases[i].matter);
        const Huying__Enforcement__Act *act =
                message_open(&huying__enforcement__act__descriptor, payload, &arena);
        assert_non_null(act);
        assert_int_equal(act->n_evidence, 0);
    }
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(mission_is_done_with_all_that_is_required),
            cmocka_unit_test(case_is_handled_with_all_that_is_required),
            cmocka_unit_test(other_acts_bring_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
