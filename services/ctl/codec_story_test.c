/* Answers of the services as huyingctl reads them, and bytes that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "proto/audit.pb-c.h"
#include "proto/ops.pb-c.h"
#include "proto/routing.pb-c.h"
#include "services/ctl/codec_ops.h"
#include "services/ctl/codec_story.h"

static struct arena arena;
static uint8_t room[4096];

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static struct bytes packed(const ProtobufCMessage *message)
{
    assert_in_range(protobuf_c_message_get_packed_size(message), 0, sizeof room);
    return (struct bytes){room, protobuf_c_message_pack(message, room)};
}

static void history_is_read_with_detail(void **state)
{
    char step[] = "accept", to[] = "accepted", actor[] = "W-1";
    uint8_t detail[] = {'a', 'b'};
    Huying__Ops__HistoryRow row = HUYING__OPS__HISTORY_ROW__INIT, *rows[] = {&row, &row};
    Huying__Ops__History history = HUYING__OPS__HISTORY__INIT;
    struct story_row *read = NULL;
    size_t count = 0;
    (void)state;
    row.ver = 3;
    row.kind_name = step;
    row.to_state = to;
    row.at_ms = INT64_C(1514764800000);
    row.page = INT64_C(1) << 60;
    row.idx = 7;
    row.actor = actor;
    row.detail = (ProtobufCBinaryData){sizeof detail, detail};
    history.n_rows = 2;
    history.rows = rows;
    assert_int_equal(
            history_decode(packed(&history.base), SERVICE_ROUTING, &arena, &read, &count), OK);
    assert_int_equal(count, 2);
    assert_int_equal(read[1].service, SERVICE_ROUTING);
    assert_string_equal(read[1].step, "accept");
    assert_string_equal(read[1].from, "");
    assert_string_equal(read[1].detail, "ab");
    assert_true(read[1].page == INT64_C(1) << 60 && read[1].ver == 3 && read[1].idx == 7);
    assert_int_equal(read[1].place, PLACE_UNKNOWN);
}

static void empty_case_view_is_not_found(void **state)
{
    struct case_view view;
    Huying__Routing__WorkItem item = HUYING__ROUTING__WORK_ITEM__INIT;
    Huying__Routing__CaseView in = HUYING__ROUTING__CASE_VIEW__INIT;
    char number[] = "PY-20260930-0000001-3";
    (void)state;
    assert_int_equal(case_view_decode((struct bytes){0}, &arena, &view), ERR_NOT_FOUND);
    item.id = 12;
    in.item = &item;
    in.number = number;
    in.overdue = 1;
    assert_int_equal(case_view_decode(packed(&in.base), &arena, &view), OK);
    assert_int_equal(view.id, 12);
    assert_string_equal(view.number, number);
    assert_true(view.overdue);
    assert_string_equal(view.summary, "");
}

static void worklist_question_has_ticket_or_unit(void **state)
{
    struct bytes bytes = worklist_ticket_encode(&arena, "1-870699501");
    Huying__Routing__WorklistQuery *query =
            huying__routing__worklist_query__unpack(NULL, bytes.size, bytes.data);
    (void)state;
    assert_non_null(query);
    assert_int_equal(query->n_source_refs, 1);
    assert_string_equal(query->source_refs[0], "1-870699501");
    huying__routing__worklist_query__free_unpacked(query, NULL);
    bytes = worklist_unit_encode(&arena, 5, 77);
    query = huying__routing__worklist_query__unpack(NULL, bytes.size, bytes.data);
    assert_non_null(query);
    assert_true(query->unit == 5 && query->after == 77 && query->limit == WORKLIST_LIMIT_MAX);
    huying__routing__worklist_query__free_unpacked(query, NULL);
}

static void letters_are_read_and_named(void **state)
{
    char reason[] = "five attempts";
    Huying__Ops__DeadLetter item = HUYING__OPS__DEAD_LETTER__INIT, *items[] = {&item};
    Huying__Ops__DeadLetters in = HUYING__OPS__DEAD_LETTERS__INIT;
    struct letter *letters = NULL;
    size_t count = 0;
    (void)state;
    item.agg = 9;
    item.source = SERVICE_INTAKE;
    item.n = 2;
    item.reason = reason;
    item.waiting_behind = 4;
    in.n_items = 1;
    in.items = items;
    assert_int_equal(
            letters_decode(packed(&in.base), SERVICE_ROUTING, &arena, &letters, &count), OK);
    assert_int_equal(count, 1);
    assert_true(letters[0].service == SERVICE_ROUTING && letters[0].waiting == 4);
    struct bytes bytes = letter_ref_encode(&arena, &letters[0], "why not");
    Huying__Ops__LetterRef *ref = huying__ops__letter_ref__unpack(NULL, bytes.size, bytes.data);
    assert_non_null(ref);
    assert_true(ref->agg == 9 && ref->source == SERVICE_INTAKE && ref->n == 2);
    assert_string_equal(ref->why, "why not");
    huying__ops__letter_ref__free_unpacked(ref, NULL);
}

static void other_bytes_are_malformed(void **state)
{
    static const uint8_t torn[] = {0x0a, 0x7f, 0x01};
    const struct bytes bytes = {torn, sizeof torn};
    struct story_row *rows = NULL;
    struct case_view view, *views = NULL;
    struct page_place *places = NULL;
    struct letter *letters = NULL;
    size_t count = 99;
    (void)state;
    assert_int_equal(history_decode(bytes, SERVICE_INTAKE, &arena, &rows, &count), ERR_MALFORMED);
    assert_int_equal(case_view_decode(bytes, &arena, &view), ERR_MALFORMED);
    assert_int_equal(places_decode(bytes, &arena, &places, &count), ERR_MALFORMED);
    assert_int_equal(worklist_decode(bytes, &arena, &views, &count), ERR_MALFORMED);
    assert_int_equal(
            letters_decode(bytes, SERVICE_INTAKE, &arena, &letters, &count), ERR_MALFORMED);
    assert_int_equal(count, 99);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(history_is_read_with_detail),
            TEST(empty_case_view_is_not_found), TEST(worklist_question_has_ticket_or_unit),
            TEST(letters_are_read_and_named), TEST(other_bytes_are_malformed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
