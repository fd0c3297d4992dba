/* The wire format's end: every limit with a value that is just within and one that is just beyond
 * it, random bytes, and what goes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "proto/routing.pb-c.h"
#include "proto/volunteer.pb-c.h"
#include "services/volunteer/codec.h"
#include "tests/kit/ops.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 16 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static void opening_is_checked_field_by_field(void **state)
{
    static const struct {
        int64_t unit, until_ms, due_ms;
        size_t skill, matter, summary, source_ref;
        const char *tail, *why; /* NULL = accepted; else how the reason begins */
    } rows[] = {
            {1, 0, 0, 0, 0, 0, 0, "", NULL},
            {1, 2, 3, 63, 0, 0, 0, "", NULL},
            {1, 2, 3, 0, 64, 0, 0, "", NULL},
            {1, 2, 3, 0, 0, 8192, 0, "", NULL},
            {1, 2, 3, 0, 0, 0, 128, "", NULL},
            {0, 2, 3, 0, 0, 0, 0, "", "unit:"},
            {-1, 2, 3, 0, 0, 0, 0, "", "unit:"},
            {1, -2, 3, 0, 0, 0, 0, "", "due_ms, offer_until_ms:"},
            {1, 2, -3, 0, 0, 0, 0, "", "due_ms, offer_until_ms:"},
            {1, 2, 3, 64, 0, 0, 0, "", "skill:"},
            {1, 2, 3, 0, 65, 0, 0, "", "matter:"},
            {1, 2, 3, 0, 0, 8193, 0, "", "summary:"},
            {1, 2, 3, 0, 0, 0, 129, "", "source_ref:"},
            {1, 2, 3, 1, 0, 0, 0, "\xc3", "skill:"},
            {1, 2, 3, 0, 0, 1, 0, "\xed\xa0\x80", "summary:"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        Huying__Routing__NeedOpened message = HUYING__ROUTING__NEED_OPENED__INIT;
        const void *body;
        const char *why;
        message.unit = rows[i].unit;
        message.offer_until_ms = rows[i].until_ms;
        message.due_ms = rows[i].due_ms;
        if (rows[i].skill > 0)
            message.skill = kit_text(rows[i].skill, rows[i].tail);
        if (rows[i].matter > 0)
            message.matter = kit_text(rows[i].matter, rows[i].tail);
        if (rows[i].summary > 0)
            message.summary = kit_text(rows[i].summary, rows[i].tail);
        if (rows[i].source_ref > 0)
            message.source_ref = kit_text(rows[i].source_ref, rows[i].tail);
        enum err err = kit_decode(opened_decode, &message.base, &body, &why);
        assert_int_equal(err, rows[i].why == NULL ? OK : ERR_MALFORMED);
        if (rows[i].why != NULL) {
            assert_memory_equal(why, rows[i].why, strlen(rows[i].why));
            continue;
        }
        const struct need_opened *opened = body;
        assert_int_equal(opened->unit, rows[i].unit);
        assert_int_equal(opened->until_ms, rows[i].until_ms);
        assert_int_equal(opened->due_ms, rows[i].due_ms);
        assert_int_equal(strlen(opened->skill), rows[i].skill);
        assert_int_equal(strlen(opened->matter), rows[i].matter);
        assert_int_equal(strlen(opened->summary), rows[i].summary);
        assert_int_equal(strlen(opened->source_ref), rows[i].source_ref);
    }
}

static void acts_and_cancel_limits(void **state)
{
    static const struct {
        int32_t version, minutes;
        size_t text;
        const char *why;
    } rows[] = {
            {0, 0, 0, NULL},
            {7, 1440, 2000, NULL},
            {-1, 0, 0, "version:"},
            {0, 0, 2001, "text:"},
            {0, 1441, 0, "minutes:"},
            {0, -1, 0, "minutes:"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        Huying__Volunteer__Act claim = HUYING__VOLUNTEER__ACT__INIT;
        Huying__Volunteer__Done done = HUYING__VOLUNTEER__DONE__INIT;
        Huying__Routing__NeedCancelled cancel = HUYING__ROUTING__NEED_CANCELLED__INIT;
        bool fits = rows[i].version >= 0 && rows[i].text <= 2000;
        const void *body;
        const char *why;
        claim.version = done.version = rows[i].version;
        done.minutes = rows[i].minutes;
        cancel.reason = claim.text = done.text = kit_text(rows[i].text, "");
        enum err err = kit_decode(done_decode, &done.base, &body, &why);
        assert_int_equal(err, rows[i].why == NULL ? OK : ERR_MALFORMED);
        if (err == OK)
            assert_int_equal(((const struct need_act *)body)->minutes, rows[i].minutes);
        else
            assert_memory_equal(why, rows[i].why, strlen(rows[i].why));
        err = kit_decode(claim_decode, &claim.base, &body, &why);
        assert_int_equal(err, fits ? OK : ERR_MALFORMED);
        err = kit_decode(cancel_decode, &cancel.base, &body, &why);
        assert_int_equal(err, rows[i].text > 2000 ? ERR_MALFORMED : OK);
    }
}

static void query_limits(void **state)
{
    static const struct {
        int64_t unit, after;
        uint32_t limit;
        const char *state, *why;
        int32_t parsed, limited;
    } rows[] = {
            {0, 0, 0, "", NULL, NEED_NONE, 100},
            {4, 5, 500, "claimed", NULL, NEED_CLAIMED, 500},
            {0, 0, 1, "cancelled", NULL, NEED_CANCELLED, 1},
            {-1, 0, 1, "", "unit, after:", 0, 0},
            {0, -1, 1, "", "unit, after:", 0, 0},
            {0, 0, 501, "", "limit:", 0, 0},
            {0, 0, 1, "sleeping", "state:", 0, 0},
            {0, 0, 1, "none", "state:", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        Huying__Volunteer__NeedsQuery message = HUYING__VOLUNTEER__NEEDS_QUERY__INIT;
        uint8_t payload[256];
        struct needs_query query;
        const char *why = NULL;
        char name[32];
        snprintf(name, sizeof(name), "%s", rows[i].state);
        message.unit = rows[i].unit;
        message.after = rows[i].after;
        message.limit = rows[i].limit;
        message.state = name;
        size_t size = huying__volunteer__needs_query__pack(&message, payload);
        enum err err = needs_query_decode((struct bytes){payload, size}, &arena, &query, &why);
        assert_int_equal(err, rows[i].why == NULL ? OK : ERR_MALFORMED);
        if (err != OK) {
            assert_memory_equal(why, rows[i].why, strlen(rows[i].why));
            continue;
        }
        assert_int_equal(query.state, rows[i].parsed);
        assert_int_equal(query.limit, rows[i].limited);
        assert_int_equal(query.unit, rows[i].unit);
        assert_int_equal(query.after, rows[i].after);
    }
}

static void random_bytes_are_refused_or_fit(void **state)
{
    static kit_decode_fn *const decoders[] = {
            opened_decode, cancel_decode, claim_decode, done_decode};
    (void)state;
    kit_decoders_take_noise(decoders, sizeof(decoders) / sizeof(decoders[0]));
}

static void progress_says_stage_volunteer_and_minutes(void **state)
{
    const struct need need = {.state = NEED_DONE, .volunteer = "v1", .minutes = 30};
    const struct need_act act = {0, 30, "刷好了"};
    struct input input = {.kind = INPUT_COMMAND, .type = COMMAND_DONE, .now_ms = 77, .body = &act};
    const struct send send = {SERVICE_ROUTING, MESSAGE_PROGRESS, NEED_DONE};
    BUF_OWNED out = {0};
    (void)state;
    progress_encode(&need, &input, NULL, &send, &out);
    Huying__Volunteer__NeedProgress *message =
            huying__volunteer__need_progress__unpack(NULL, out.size, (const uint8_t *)out.data);
    assert_non_null(message);
    assert_int_equal(message->stage, HUYING__VOLUNTEER__STAGE__FINISHED);
    assert_int_equal(message->minutes, 30);
    assert_int_equal(message->at_ms, 77);
    assert_string_equal(message->volunteer, "v1");
    assert_string_equal(message->text, "刷好了");
    huying__volunteer__need_progress__free_unpacked(message, NULL);
    buf_reset(&out);
    need_detail(&need, &input, NULL, &out);
    assert_string_equal(out.data, "刷好了");
}

static void answer_is_for_volunteers_only(void **state)
{
    static const struct {
        enum verdict verdict;
        uint32_t reason;
        bool empty;
    } rows[] = {
            {VERDICT_APPLIED, 0, false},
            {VERDICT_CONFLICT, REASON_VERSION, false},
            {VERDICT_REFUSED, REASON_TAKEN, false},
            {VERDICT_REFUSED, REASON_NOT_A_VOLUNTEER, true},
            {VERDICT_NOT_FOUND, 0, true},
    };
    const struct need need = {
            .agg = {.id = 100, .ver = 3}, .state = NEED_CLAIMED, .source_ref = "R", .summary = "S"};
    const struct unit root = {.id = 1,
            .code = "D",
            .name_zh = "",
            .name_en = "",
            .level = LEVEL_DISTRICT,
            .kind = "district",
            .capabilities = ""};
    struct directory *directory = directory_build(&(struct directory_rows){
            .version = 1, .site = 1, .site_letters = "TT", .units = &root, .unit_count = 1});
    struct world world = {directory, NULL};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct outcome outcome = {.verdict = rows[i].verdict, .reason = rows[i].reason};
        BUF_OWNED out = {0};
        need_answer(&need, NULL, &outcome, &world, &out);
        assert_int_equal(out.size == 0, rows[i].empty);
        if (rows[i].empty)
            continue;
        Huying__Volunteer__Need *item =
                huying__volunteer__need__unpack(NULL, out.size, (const uint8_t *)out.data);
        assert_non_null(item);
        assert_int_equal(item->id, 100);
        assert_int_equal(item->version, 3);
        assert_string_equal(item->state, "claimed");
        huying__volunteer__need__free_unpacked(item, NULL);
    }
    directory_destroy(&directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(opening_is_checked_field_by_field),
            cmocka_unit_test(acts_and_cancel_limits),
            cmocka_unit_test(query_limits),
            cmocka_unit_test(random_bytes_are_refused_or_fit),
            cmocka_unit_test(progress_says_stage_volunteer_and_minutes),
            cmocka_unit_test(answer_is_for_volunteers_only),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
