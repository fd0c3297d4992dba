/* The wire format's end: every limit with a value that is just within and one that is just beyond
 * it, random bytes, and what goes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "proto/enforcement.pb-c.h"
#include "proto/routing.pb-c.h"
#include "services/enforcement/codec.h"
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

static void request_is_checked_field_by_field(void **state)
{
    static const struct {
        int64_t unit, street, due_ms;
        size_t capability, matter, summary, source_ref;
        const char *tail, *why; /* NULL = accepted; else how the reason begins */
    } rows[] = {
            {1, 0, 0, 0, 0, 0, 0, "", NULL},
            {1, 2, 3, 63, 0, 0, 0, "", NULL},
            {1, 2, 3, 0, 64, 0, 0, "", NULL},
            {1, 2, 3, 0, 0, 8192, 0, "", NULL},
            {1, 2, 3, 0, 0, 0, 128, "", NULL},
            {0, 2, 3, 0, 0, 0, 0, "", "unit:"},
            {-1, 2, 3, 0, 0, 0, 0, "", "unit:"},
            {1, -2, 3, 0, 0, 0, 0, "", "street"},
            {1, 2, -3, 0, 0, 0, 0, "", "street"},
            {1, 2, 3, 64, 0, 0, 0, "", "capability:"},
            {1, 2, 3, 0, 65, 0, 0, "", "matter:"},
            {1, 2, 3, 0, 0, 8193, 0, "", "summary:"},
            {1, 2, 3, 0, 0, 0, 129, "", "source_ref:"},
            {1, 2, 3, 1, 0, 0, 0, "\xc3", "capability:"},
            {1, 2, 3, 0, 0, 1, 0, "\xed\xa0\x80", "summary:"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        Huying__Routing__MissionRequested message = HUYING__ROUTING__MISSION_REQUESTED__INIT;
        const void *body;
        const char *why;
        message.unit = rows[i].unit;
        message.street = rows[i].street;
        message.due_ms = rows[i].due_ms;
        if (rows[i].capability > 0)
            message.capability = kit_text(rows[i].capability, rows[i].tail);
        if (rows[i].matter > 0)
            message.matter = kit_text(rows[i].matter, rows[i].tail);
        if (rows[i].summary > 0)
            message.summary = kit_text(rows[i].summary, rows[i].tail);
        if (rows[i].source_ref > 0)
            message.source_ref = kit_text(rows[i].source_ref, rows[i].tail);
        enum err err = kit_decode(request_decode, &message.base, &body, &why);
        assert_int_equal(err, rows[i].why == NULL ? OK : ERR_MALFORMED);
        if (rows[i].why != NULL) {
            assert_memory_equal(why, rows[i].why, strlen(rows[i].why));
            continue;
        }
        const struct mission_request *request = body;
        assert_int_equal(request->unit, rows[i].unit);
        assert_int_equal(request->street, rows[i].street);
        assert_int_equal(request->due_ms, rows[i].due_ms);
        assert_int_equal(strlen(request->capability), rows[i].capability);
        assert_int_equal(strlen(request->matter), rows[i].matter);
        assert_int_equal(strlen(request->summary), rows[i].summary);
        assert_int_equal(strlen(request->source_ref), rows[i].source_ref);
    }
}

static void act_and_cancel_limits(void **state)
{
    static const struct {
        int32_t version;
        size_t text;
        const char *why;
    } rows[] = {
            {0, 0, NULL},
            {7, 2000, NULL},
            {-1, 0, "version:"},
            {0, 2001, "text:"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        Huying__Enforcement__Act act = HUYING__ENFORCEMENT__ACT__INIT;
        Huying__Routing__MissionCancelled cancel = HUYING__ROUTING__MISSION_CANCELLED__INIT;
        const void *body;
        const char *why;
        act.version = rows[i].version;
        cancel.reason = act.text = kit_text(rows[i].text, "");
        enum err err = kit_decode(act_decode, &act.base, &body, &why);
        assert_int_equal(err, rows[i].why == NULL ? OK : ERR_MALFORMED);
        if (err == OK)
            assert_int_equal(((const struct mission_act *)body)->version, rows[i].version);
        else
            assert_memory_equal(why, rows[i].why, strlen(rows[i].why));
        err = kit_decode(cancel_decode, &cancel.base, &body, &why);
        assert_int_equal(err, rows[i].text > 2000 ? ERR_MALFORMED : OK);
    }
}

static void evidence_is_known_and_each_kind_once(void **state)
{
    static const struct {
        const char *kinds[2];
        uint32_t counts[2];
        bool good;
    } rows[] = {
            {{"photo", "seizure_list"}, {4, 1}, true},
            {{"photo", "photo"}, {1, 1}, false},
            {{"photo", "selfie"}, {1, 1}, false},
            {{"photo", "form"}, {1, 0}, false},
            {{"photo", "form"}, {100, 1}, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        Huying__Enforcement__Act act = HUYING__ENFORCEMENT__ACT__INIT;
        Huying__Enforcement__Evidence items[2];
        Huying__Enforcement__Evidence *pointers[2] = {&items[0], &items[1]};
        char kinds[2][16];
        const void *body;
        const char *why;
        for (size_t k = 0; k < 2; k++) {
            huying__enforcement__evidence__init(&items[k]);
            snprintf(kinds[k], sizeof(kinds[k]), "%s", rows[i].kinds[k]);
            items[k].kind = kinds[k];
            items[k].count = rows[i].counts[k];
        }
        act.evidence = pointers;
        act.n_evidence = 2;
        enum err err = kit_decode(act_decode, &act.base, &body, &why);
        assert_int_equal(err, rows[i].good ? OK : ERR_MALFORMED);
        if (err != OK) {
            assert_memory_equal(why, "evidence:", 9);
            continue;
        }
        const struct mission_act *given = body;
        assert_int_equal(given->evidence_count, 2);
        assert_int_equal(given->evidence[0].kind, EVIDENCE_PHOTO);
        assert_int_equal(given->evidence[0].count, 4);
    }
}

static void query_limits(void **state)
{
    static const struct {
        int64_t squad, after;
        uint32_t limit;
        const char *state, *why;
        int32_t parsed, limited;
    } rows[] = {
            {0, 0, 0, "", NULL, MISSION_NONE, 100},
            {4, 5, 500, "on_scene", NULL, MISSION_ON_SCENE, 500},
            {0, 0, 1, "cancelled", NULL, MISSION_CANCELLED, 1},
            {-1, 0, 1, "", "squad", 0, 0},
            {0, -1, 1, "", "squad", 0, 0},
            {0, 0, 501, "", "limit:", 0, 0},
            {0, 0, 1, "sleeping", "state:", 0, 0},
            {0, 0, 1, "none", "state:", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        Huying__Enforcement__MissionsQuery message = HUYING__ENFORCEMENT__MISSIONS_QUERY__INIT;
        uint8_t payload[256];
        struct missions_query query;
        const char *why = NULL;
        char name[32];
        snprintf(name, sizeof(name), "%s", rows[i].state);
        message.squad = rows[i].squad;
        message.after = rows[i].after;
        message.limit = rows[i].limit;
        message.state = name;
        size_t size = huying__enforcement__missions_query__pack(&message, payload);
        enum err err = missions_query_decode((struct bytes){payload, size}, &arena, &query, &why);
        assert_int_equal(err, rows[i].why == NULL ? OK : ERR_MALFORMED);
        if (err != OK) {
            assert_memory_equal(why, rows[i].why, strlen(rows[i].why));
            continue;
        }
        assert_int_equal(query.state, rows[i].parsed);
        assert_int_equal(query.limit, rows[i].limited);
        assert_int_equal(query.squad, rows[i].squad);
        assert_int_equal(query.after, rows[i].after);
    }
}

static void random_bytes_are_refused_or_fit(void **state)
{
    static kit_decode_fn *const decoders[] = {request_decode, cancel_decode, act_decode};
    (void)state;
    kit_decoders_take_noise(decoders, sizeof(decoders) / sizeof(decoders[0]));
}

static void progress_says_stage_squad_and_actor(void **state)
{
    const struct mission mission = {.state = MISSION_DONE, .squad = 11};
    const struct mission_act act = {.text = "封存",
            .evidence = {{EVIDENCE_PHOTO, 4}, {EVIDENCE_SEIZURE_LIST, 1}},
            .evidence_count = 2};
    struct input input = {
            .kind = INPUT_COMMAND, .type = COMMAND_DONE, .now_ms = 77, .body = &act, .actor = "a1"};
    const struct send send = {SERVICE_ROUTING, MESSAGE_PROGRESS, MISSION_DONE};
    BUF_OWNED out = {0};
    (void)state;
    progress_encode(&mission, &input, NULL, &send, &out);
    Huying__Enforcement__MissionProgress *message = huying__enforcement__mission_progress__unpack(
            NULL, out.size, (const uint8_t *)out.data);
    assert_non_null(message);
    assert_int_equal(message->stage, HUYING__ENFORCEMENT__STAGE__FINISHED);
    assert_int_equal(message->squad, 11);
    assert_int_equal(message->at_ms, 77);
    assert_string_equal(message->actor, "a1");
    assert_string_equal(message->text, "封存");
    huying__enforcement__mission_progress__free_unpacked(message, NULL);
    buf_reset(&out);
    mission_detail(&mission, &input, NULL, &out);
    assert_string_equal(out.data, "封存 [photo4+seizure_list]");
    buf_reset(&out);
    input.type = COMMAND_ARRIVE;
    mission_detail(&mission, &input, NULL, &out);
    assert_string_equal(out.data, "封存");
}

static void answer_is_for_the_squad_only(void **state)
{
    static const struct {
        enum verdict verdict;
        uint32_t reason;
        bool empty;
    } rows[] = {
            {VERDICT_APPLIED, 0, false},
            {VERDICT_CONFLICT, REASON_VERSION, false},
            {VERDICT_REFUSED, REASON_ARRIVE_FIRST, false},
            {VERDICT_REFUSED, REASON_NOT_YOUR_SQUAD, true},
            {VERDICT_NOT_FOUND, 0, true},
    };
    const struct mission mission = {.agg = {.id = 100, .ver = 3},
            .state = MISSION_ACCEPTED,
            .source_ref = "R",
            .summary = "S"};
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
        mission_answer(&mission, NULL, &outcome, &world, &out);
        assert_int_equal(out.size == 0, rows[i].empty);
        if (rows[i].empty)
            continue;
        Huying__Enforcement__Mission *item =
                huying__enforcement__mission__unpack(NULL, out.size, (const uint8_t *)out.data);
        assert_non_null(item);
        assert_int_equal(item->id, 100);
        assert_int_equal(item->version, 3);
        assert_string_equal(item->state, "accepted");
        huying__enforcement__mission__free_unpacked(item, NULL);
    }
    directory_destroy(&directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(request_is_checked_field_by_field),
            cmocka_unit_test(act_and_cancel_limits),
            cmocka_unit_test(evidence_is_known_and_each_kind_once),
            cmocka_unit_test(query_limits),
            cmocka_unit_test(random_bytes_are_refused_or_fit),
            cmocka_unit_test(progress_says_stage_squad_and_actor),
            cmocka_unit_test(answer_is_for_the_squad_only),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
