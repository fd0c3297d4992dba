/* Messages there and back: what decoders take and refuse (each limit by name), that no truncated
 * or garbled payload does harm, and what encoders write, read by protobuf's own code. */
#include "services/routing/codec.h"
#include "services/routing/test_acts.h"

#include <inttypes.h>

#include "proto/enforcement.pb-c.h"
#include "proto/intake.pb-c.h"
#include "proto/routing.pb-c.h"
#include "proto/volunteer.pb-c.h"
#include "services/kernel/base/rng.h"
#include "services/routing/codec_item.h"
#include "services/routing/ops.h"

#define GARBLED_COUNT 3000

typedef enum err decode_fn(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why);

static struct directory *city;
static struct arena arena;
static struct buf packed;

static int setup(void **state)
{
    (void)state;
    city = city_build();
    arena_init(&arena, 64 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    directory_destroy(&city);
    arena_fini(&arena);
    buf_fini(&packed);
    return 0;
}

static struct bytes pack(const ProtobufCMessage *message)
{
    buf_reset(&packed);
    size_t size = protobuf_c_message_get_packed_size(message);
    buf_reserve(&packed, size + 1);
    protobuf_c_message_pack(message, (uint8_t *)packed.data);
    packed.size = size;
    return (struct bytes){(const uint8_t *)packed.data, size};
}

static char *text_of(struct buf *buf, const char *piece, size_t times)
{
    buf_reset(buf);
    for (size_t i = 0; i < times; i++)
        buf_add_text(buf, piece);
    return buf->data;
}

static Huying__Intake__CaseReported reported_sample(void)
{
    static char source[] = "hotline", ref[] = "T-1", matter[] = "lamp", summary[] = "路灯不亮";
    Huying__Intake__CaseReported in = HUYING__INTAKE__CASE_REPORTED__INIT;
    in.source = source;
    in.source_ref = ref;
    in.matter = matter;
    in.summary = summary;
    in.unit = U_GRID;
    in.promised_at_ms = NOW;
    in.drill = true;
    return in;
}

static void case_reported_is_decoded(void **state)
{
    (void)state;
    Huying__Intake__CaseReported in = reported_sample();
    const struct case_reported *body = NULL;
    const char *why = NULL;
    assert_int_equal(case_reported_decode(pack(&in.base), &arena, (const void **)&body, &why), OK);
    assert_string_equal(body->source, "hotline");
    assert_string_equal(body->source_ref, "T-1");
    assert_string_equal(body->matter, "lamp");
    assert_string_equal(body->summary, "路灯不亮");
    assert_int_equal(body->unit, U_GRID);
    assert_int_equal(body->promised_at_ms, NOW);
    assert_true(body->drill);
}

static void reported_refused(Huying__Intake__CaseReported *in, const char *field)
{
    const void *body = NULL;
    const char *why = NULL;
    assert_int_equal(case_reported_decode(pack(&in->base), &arena, &body, &why), ERR_MALFORMED);
    assert_null(body);
    print_message("%s\n", why);
    assert_memory_equal(why, field, strlen(field));
}

static void case_reported_limits_are_named(void **state)
{
    (void)state;
    BUF_OWNED text = {0};
    const void *body = NULL;
    const char *why = NULL;
    Huying__Intake__CaseReported in = reported_sample();
    in.summary = text_of(&text, "路", SUMMARY_LENGTH_MAX);
    assert_int_equal(case_reported_decode(pack(&in.base), &arena, &body, &why), OK);
    body = NULL;
    in.summary = text_of(&text, "路", SUMMARY_LENGTH_MAX + 1);
    reported_refused(&in, "summary");
    in.summary = text_of(&text, "\xff", 1);
    reported_refused(&in, "summary");
    in = reported_sample();
    in.source_ref = text_of(&text, "x", SOURCE_REF_SIZE_MAX + 1);
    reported_refused(&in, "source_ref");
    in = reported_sample();
    in.source = text_of(&text, "x", SOURCE_SIZE_MAX + 1);
    reported_refused(&in, "source");
    in = reported_sample();
    in.matter = text_of(&text, "x", MATTER_CODE_SIZE_MAX * 4 + 1);
    reported_refused(&in, "matter");
    in = reported_sample();
    in.unit = -1;
    reported_refused(&in, "unit");
    in = reported_sample();
    in.promised_at_ms = -1;
    reported_refused(&in, "promised_at_ms");
}

static void act_limits_are_named(void **state)
{
    (void)state;
    BUF_OWNED text = {0};
    Huying__Routing__Act in = HUYING__ROUTING__ACT__INIT;
    const struct act *act = NULL;
    const char *why = NULL;
    in.version = 3;
    in.text = text_of(&text, "好", ACT_LENGTH_MAX);
    assert_int_equal(act_decode(pack(&in.base), &arena, (const void **)&act, &why), OK);
    assert_int_equal(act->version, 3);
    assert_string_equal(act->text, text.data);
    in.text = text_of(&text, "好", ACT_LENGTH_MAX + 1);
    assert_int_equal(act_decode(pack(&in.base), &arena, (const void **)&act, &why), ERR_MALFORMED);
    assert_memory_equal(why, "text", 4);
    in.text = text_of(&text, "ok", 1);
    in.version = -1;
    assert_int_equal(act_decode(pack(&in.base), &arena, (const void **)&act, &why), ERR_MALFORMED);
    assert_memory_equal(why, "version", 7);
    in.version = 0;
    in.text = text_of(&text, "", 1);
    assert_int_equal(act_decode(pack(&in.base), &arena, (const void **)&act, &why), OK);
    assert_int_equal(
            reason_decode(pack(&in.base), &arena, (const void **)&act, &why), ERR_MALFORMED);
    assert_memory_equal(why, "text", 4);
}

static void act_fields_beside_text_are_named(void **state)
{
    (void)state;
    static char reason[] = "not ours";
    static const struct {
        enum err (*decode)(struct bytes, struct arena *, const void **, const char **);
        int64_t unit;
        uint32_t minutes;
        const char *named; /* NULL = decoded */
    } table[] = {
            {reason_decode, 0, 0, NULL},
            {act_decode, -1, 0, "unit"},
            {unit_decode, 0, 0, "unit"},
            {unit_decode, 7, 0, NULL},
            {span_decode, 0, 0, "minutes"},
            {span_decode, 0, 1, NULL},
            {span_decode, 0, MINUTES_MAX, NULL},
            {span_decode, 0, MINUTES_MAX + 1, "minutes"},
            {span_decode, 0, UINT32_MAX, "minutes"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        Huying__Routing__Act in = HUYING__ROUTING__ACT__INIT;
        const struct act *act = NULL;
        const char *why = "";
        in.text = reason;
        in.unit = table[i].unit;
        in.minutes = table[i].minutes;
        enum err err = table[i].decode(pack(&in.base), &arena, (const void **)&act, &why);
        print_message("row %zu\n", i);
        assert_int_equal(err, table[i].named ? ERR_MALFORMED : OK);
        if (table[i].named) {
            assert_memory_equal(why, table[i].named, strlen(table[i].named));
        } else {
            assert_int_equal(act->unit, table[i].unit);
            assert_int_equal(act->span_ms, (int64_t)table[i].minutes * 60000);
        }
    }
}

static void every_stage_is_an_event(void **state)
{
    (void)state;
    static const enum case_event missions[] = {EVENT_NONE, EVENT_NEWS, EVENT_SQUAD_ASSIGNED,
            EVENT_SQUAD_ACCEPTED, EVENT_SQUAD_ON_SCENE, EVENT_SQUAD_FINISHED, EVENT_NEWS,
            EVENT_NONE};
    static const enum case_event needs[] = {EVENT_NONE, EVENT_NEWS, EVENT_NEED_CLAIMED,
            EVENT_NEED_FINISHED, EVENT_NEED_UNCLAIMED, EVENT_NEWS, EVENT_NONE, EVENT_NONE};
    static char actor[] = "sq1";
    for (int stage = 0; stage < 8; stage++) {
        const struct progress *body = NULL;
        const char *why = NULL;
        Huying__Enforcement__MissionProgress mission = HUYING__ENFORCEMENT__MISSION_PROGRESS__INIT;
        mission.stage = (Huying__Enforcement__Stage)stage;
        mission.squad = U_SQUAD;
        mission.actor = actor;
        enum err err =
                mission_progress_decode(pack(&mission.base), &arena, (const void **)&body, &why);
        assert_int_equal(err, missions[stage] ? OK : ERR_MALFORMED);
        assert_int_equal(body->event, missions[stage]);
        assert_string_equal(body->actor, "sq1");
        assert_int_equal(body->squad, U_SQUAD);
        Huying__Volunteer__NeedProgress need = HUYING__VOLUNTEER__NEED_PROGRESS__INIT;
        need.stage = (Huying__Volunteer__Stage)stage;
        need.volunteer = actor;
        err = need_progress_decode(pack(&need.base), &arena, (const void **)&body, &why);
        assert_int_equal(err, needs[stage] ? OK : ERR_MALFORMED);
        assert_int_equal(body->event, needs[stage]);
    }
    BUF_OWNED text = {0};
    const void *body = NULL;
    const char *why = NULL;
    Huying__Enforcement__MissionProgress mission = HUYING__ENFORCEMENT__MISSION_PROGRESS__INIT;
    mission.stage = HUYING__ENFORCEMENT__STAGE__FINISHED;
    mission.actor = text_of(&text, "x", ACTOR_SIZE);
    assert_int_equal(
            mission_progress_decode(pack(&mission.base), &arena, &body, &why), ERR_MALFORMED);
    assert_memory_equal(why, "actor", 5);
}

/* Every prefix, and thousands of payloads with bytes changed: an answer each time, under the
 * sanitizers. */
static void damaged_payloads_do_no_harm(void **state)
{
    (void)state;
    static decode_fn *const decoders[] = {case_reported_decode, case_withdrawn_decode,
            mission_progress_decode, need_progress_decode, act_decode, reason_decode, unit_decode,
            span_decode};
    Huying__Intake__CaseReported in = reported_sample();
    struct bytes whole = pack(&in.base);
    struct rng rng;
    rng_seed(&rng, 7);
    for (int i = 0; i < GARBLED_COUNT; i++) {
        size_t size = (size_t)i < whole.size ? (size_t)i : whole.size;
        uint8_t *copy = test_malloc(size + 1); /* exactly as long: reading on is seen */
        memcpy(copy, whole.data, size);
        for (int flips = (size_t)i < whole.size ? 0 : 1 + i % 5; flips > 0; flips--)
            copy[rng_below(&rng, size)] = (uint8_t)rng_next(&rng);
        for (size_t d = 0; d < sizeof decoders / sizeof *decoders; d++) {
            const void *body = NULL;
            const char *why = NULL;
            enum err err = decoders[d]((struct bytes){copy, size}, &arena, &body, &why);
            assert_true(err == OK ? body != NULL : err == ERR_MALFORMED && why != NULL);
        }
        test_free(copy);
        arena_reset(&arena);
    }
}

static struct buf encode(const struct story *story, const struct input *input, int which)
{
    struct world world = {.directory = city};
    struct buf out = {0};
    routing_encode(&story->state, input, &world, &story->outcome.sends[which], &out);
    return out;
}

static struct input reported_input(struct case_reported *body, const char *matter, int64_t unit)
{
    *body = (struct case_reported){.source = "hotline",
            .reporter = "",
            .source_ref = "T-9",
            .matter = matter,
            .summary = "沙发",
            .unit = unit};
    return (struct input){.kind = INPUT_MESSAGE,
            .source = SERVICE_INTAKE,
            .type = TYPE_CASE_REPORTED,
            .now_ms = NOW,
            .body = body};
}

static void mission_says_street_capability_and_deadline(void **state)
{
    (void)state;
    struct story story;
    struct case_reported body;
    struct input input = reported_input(&body, "dump", U_GRID);
    story_begin(&story, city);
    (void)story_apply(&story, &input);
    BUF_OWNED out = encode(&story, &input, 0);
    Huying__Routing__MissionRequested *got =
            huying__routing__mission_requested__unpack(NULL, out.size, (const uint8_t *)out.data);
    assert_non_null(got);
    assert_int_equal(got->unit, U_GRID);
    assert_int_equal(got->street, U_STREET);
    assert_string_equal(got->matter, "dump");
    assert_string_equal(got->capability, "haul");
    assert_int_equal(got->due_ms, NOW + 6 * HOUR);
    assert_string_equal(got->summary, "沙发");
    assert_string_equal(got->source_ref, "T-9");
    huying__routing__mission_requested__free_unpacked(got, NULL);
}

static void need_says_skill_and_offer(void **state)
{
    (void)state;
    struct story story;
    struct case_reported body;
    struct input input = reported_input(&body, "graffiti", U_GRID);
    story_begin(&story, city);
    (void)story_apply(&story, &input);
    BUF_OWNED out = encode(&story, &input, 0);
    Huying__Routing__NeedOpened *got =
            huying__routing__need_opened__unpack(NULL, out.size, (const uint8_t *)out.data);
    assert_non_null(got);
    assert_int_equal(got->unit, U_GRID);
    assert_string_equal(got->skill, "paint");
    assert_int_equal(got->due_ms, NOW + 48 * HOUR);
    assert_int_equal(got->offer_until_ms, NOW + 3 * HOUR);
    assert_string_equal(got->source_ref, "T-9");
    huying__routing__need_opened__free_unpacked(got, NULL);
}

static void end_says_outcome_to_the_reporter(void **state)
{
    (void)state;
    static const struct {
        enum case_state state;
        const char *outcome;
    } table[] = {{CASE_CLOSED, "closed"}, {CASE_WITHDRAWN, "withdrawn"},
            {CASE_REFERRED_OUT, "referred_out"}};
    static const struct act act = {.text = "请联系区公路局"};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct story story;
        story_reach(&story, city, M_LAMP, table[i].state);
        struct input input = {.kind = INPUT_COMMAND, .body = &act};
        BUF_OWNED out = encode(&story, &input, 0);
        Huying__Routing__CaseEnded *got =
                huying__routing__case_ended__unpack(NULL, out.size, (const uint8_t *)out.data);
        assert_non_null(got);
        assert_string_equal(got->outcome, table[i].outcome);
        assert_int_equal(got->at_ms, NOW + 4);
        assert_true(strlen(got->text) > 0);
        assert_int_equal(strstr(got->text, act.text) != NULL, table[i].state == CASE_REFERRED_OUT);
        huying__routing__case_ended__free_unpacked(got, NULL);
    }
}

/* Of a case that ends with another one nobody has said anything. */
static void end_along_says_so(void **state)
{
    (void)state;
    for (int closed = 0; closed < 2; closed++) {
        struct story story;
        story_reach(&story, city, M_LAMP, closed ? CASE_CLOSED : CASE_REFERRED_OUT);
        struct input input = {.kind = INPUT_WORK};
        BUF_OWNED out = encode(&story, &input, 0);
        Huying__Routing__CaseEnded *got =
                huying__routing__case_ended__unpack(NULL, out.size, (const uint8_t *)out.data);
        assert_non_null(got);
        assert_int_equal(strstr(got->text, "合并") != NULL, closed);
        huying__routing__case_ended__free_unpacked(got, NULL);
    }
}

static void answer_shows_the_case_also_when_refused(void **state)
{
    (void)state;
    struct world world = {.directory = city};
    struct story story;
    story_reach(&story, city, M_LAMP, CASE_ACCEPTED);
    (void)story_command(&story, TYPE_VERIFY, "sd", NOW + 9);
    BUF_OWNED out = {0};
    struct input input = {.kind = INPUT_COMMAND, .type = TYPE_VERIFY};
    routing_answer(&story.state, &input, &story.outcome, &world, &out);
    Huying__Routing__WorkItem *got =
            huying__routing__work_item__unpack(NULL, out.size, (const uint8_t *)out.data);
    assert_non_null(got);
    assert_int_equal(got->id, 77);
    assert_string_equal(got->state, "accepted");
    assert_string_equal(got->handler_kind, "worker");
    assert_string_equal(got->matter, "lamp");
    assert_string_equal(got->level, "grid");
    assert_string_equal(got->source_ref, "T-1");
    assert_int_equal(got->handler, U_GRID);
    assert_int_equal(got->unit, U_GRID);
    assert_int_equal(got->version, 3);
    assert_int_equal(got->due_ms, NOW + 24 * HOUR);
    assert_int_equal(got->n_actions, 0);
    huying__routing__work_item__free_unpacked(got, NULL);
}

/* By the handling unit's own list, whatever it has to do with the case. */
static void item_says_whose_list_has_the_matter(void **state)
{
    (void)state;
    static const struct {
        int matter;
        int64_t handler;
        const char *duty;
    } table[] = {{M_NOISE, U_VILLAGE, "main"}, {M_NOISE, U_VILLAGE_DESK, "none"},
            {M_NOISE, U_STREET, "assist"}, {0, U_VILLAGE, ""}, {M_NOISE, 4711, ""}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct routing_case this = {.source_ref = "",
                .state = CASE_DISPATCHED,
                .matter = table[i].matter,
                .handler = table[i].handler};
        Huying__Routing__WorkItem item = HUYING__ROUTING__WORK_ITEM__INIT;
        item_fill(&this, city, &item);
        assert_string_equal(item.duty, table[i].duty);
    }
}

/* Who is refused reads what he may do instead; who is not reads the case alone. */
static void refusal_says_what_would_be_legal(void **state)
{
    (void)state;
    static const struct {
        const char *actor, *first; /* NULL: nothing */
        bool suspend;
    } table[] = {{"sd", "refer", true}, {"w1", "handle", false}, {"w3", NULL, false}};
    struct world world = {.directory = city};
    struct story story;
    story_reach(&story, city, M_LAMP, CASE_ACCEPTED);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct input input = {.kind = INPUT_COMMAND, .type = TYPE_VERIFY, .now_ms = NOW + 9};
        BUF_OWNED out = {0};
        (void)snprintf(input.actor, sizeof input.actor, "%s", table[i].actor);
        assert_int_equal(
                story_command(&story, TYPE_VERIFY, table[i].actor, NOW + 9), VERDICT_REFUSED);
        routing_answer(&story.state, &input, &story.outcome, &world, &out);
        Huying__Routing__WorkItem *got =
                huying__routing__work_item__unpack(NULL, out.size, (const uint8_t *)out.data);
        assert_non_null(got);
        print_message("%s\n", table[i].actor);
        assert_int_equal(got->n_actions > 0, table[i].first != NULL);
        if (table[i].first)
            assert_string_equal(got->actions[0], table[i].first);
        bool suspend = false;
        for (size_t k = 0; k < got->n_actions; k++)
            suspend = suspend || strcmp(got->actions[k], "suspend") == 0;
        assert_int_equal(suspend, table[i].suspend);
        huying__routing__work_item__free_unpacked(got, NULL);
    }
}

static void detail_stands_behind_one_step_of_a_decision(void **state)
{
    (void)state;
    static const struct act act = {.text = "lamp changed"};
    static const struct act hours = {.text = "no parts", .span_ms = 90 * HOUR / 60};
    static const struct act wordless = {.text = "", .span_ms = 24 * HOUR};
    static const struct progress progress = {.actor = "sq1", .text = "hauled"};
    static const struct progress mute = {.actor = "sq1", .text = ""};
    static const struct progress nobody = {.actor = "", .text = "hauled"};
    static const struct progress nothing = {.actor = "", .text = ""};
    static const struct case_reported report = {.summary = "dark street"};
    static const struct {
        enum input_kind kind;
        enum routing_type type;
        const void *body;
        enum case_step step;
        const char *detail;
    } table[] = {
            {INPUT_MESSAGE, TYPE_CASE_REPORTED, &report, STEP_REGISTER, "dark street"},
            {INPUT_MESSAGE, TYPE_CASE_REPORTED, &report, STEP_DISPATCH, ""},
            {INPUT_COMMAND, TYPE_ACCEPT, &act, STEP_ACCEPT, "lamp changed"},
            {INPUT_COMMAND, TYPE_HANDLE, &act, STEP_ACCEPT, ""},
            {INPUT_COMMAND, TYPE_HANDLE, &act, STEP_HANDLE, "lamp changed"},
            {INPUT_COMMAND, TYPE_VERIFY, &act, STEP_VERIFY, "lamp changed"},
            {INPUT_COMMAND, TYPE_VERIFY, &act, STEP_CLOSE, ""},
            {INPUT_MESSAGE, TYPE_MISSION_PROGRESS, &progress, STEP_HANDLE, "sq1: hauled"},
            {INPUT_MESSAGE, TYPE_MISSION_PROGRESS, &mute, STEP_HANDLE, "sq1"},
            {INPUT_MESSAGE, TYPE_MISSION_PROGRESS, &nobody, STEP_HANDLE, "hauled"},
            {INPUT_MESSAGE, TYPE_MISSION_PROGRESS, &nothing, STEP_HANDLE, ""},
            {INPUT_COMMAND, TYPE_ASK_TIME, &hours, STEP_ASK_TIME, "no parts (90 min)"},
            {INPUT_COMMAND, TYPE_SUSPEND, &wordless, STEP_SUSPEND, "(1440 min)"},
            {INPUT_COMMAND, TYPE_RESOLVE, &hours, STEP_ORDER, "no parts (90 min)"},
            {INPUT_COMMAND, TYPE_RESOLVE, &hours, STEP_RESOLVE, "no parts"},
            {INPUT_TIMER, 0, NULL, STEP_ESCALATE, ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct story story;
        story_begin(&story, city);
        struct input input = {.kind = table[i].kind, .type = table[i].type, .body = table[i].body};
        struct step step = {.kind = (uint16_t)table[i].step};
        BUF_OWNED out = {0};
        routing_detail(&story.state, &input, &step, &out);
        print_message("row %zu\n", i);
        assert_string_equal(out.data ? out.data : "", table[i].detail);
    }
}

static void course_goes_into_json_and_back(void **state)
{
    (void)state;
    struct case_course course = {0}, back = {.returns = 9};
    BUF_OWNED out = {0};
    assert_false(course_format(&course, &out));
    assert_int_equal(out.size, 0);
    course = (struct case_course){.returns = 2, .arbiter = INT64_MAX, .started_ms = NOW};
    assert_true(course_format(&course, &out));
    assert_string_equal(out.data,
            "{\"arbiter\": 9223372036854775807, \"returns\": 2, \"started_ms\": 1514764800000}");
    assert_int_equal(course_parse((struct bytes){(const uint8_t *)out.data, out.size}, &back), OK);
    assert_memory_equal(&back, &course, sizeof course);
    static const struct {
        const char *text;
        enum err err;
        int64_t returns;
    } table[] = {{"{}", OK, 0}, {"{\"returns\": 1, \"later\": [2]}", OK, 1}, {"", ERR_MALFORMED, 0},
            {"[1]", ERR_MALFORMED, 0}, {"{\"returns\": 1", ERR_MALFORMED, 0}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct bytes text = {(const uint8_t *)table[i].text, strlen(table[i].text)};
        assert_int_equal(course_parse(text, &back), table[i].err);
        assert_int_equal(back.returns, table[i].returns);
    }
}

static void every_refusal_has_a_name_and_a_sentence_in_both_languages(void **state)
{
    (void)state;
    struct aggregate_ops ops = routing_ops();
    for (uint32_t reason = 1; reason < REFUSAL_COUNT; reason++) {
        assert_true(strlen(ops.reason_names[reason]) > 3);
        assert_true(strlen(routing_reason_text(reason, "zh")) > 20);
        assert_true(strlen(routing_reason_text(reason, "en")) > 40);
    }
    assert_null(ops.reason_names[REFUSAL_COUNT]);
    assert_string_equal(routing_reason_text(999, "en"), "");
    assert_string_equal(ops.metric_names[METRIC_LATE], "late");
    assert_string_equal(ops.kind_names[STEP_REFER], "refer");
    assert_string_equal(ops.state_names[CASE_REFERRED_OUT], "referred_out");
}

static void evidence_is_read_and_written_down(void **state)
{
    (void)state;
    static char photo[] = "photo", selfie[] = "selfie";
    Huying__Routing__Evidence item = HUYING__ROUTING__EVIDENCE__INIT;
    Huying__Routing__Evidence *items[] = {&item};
    Huying__Routing__Act in = HUYING__ROUTING__ACT__INIT;
    const struct act *body = NULL;
    const char *why = NULL;
    BUF_OWNED out = {0};
    item.kind = photo;
    item.count = 2;
    in.evidence = items;
    in.n_evidence = 1;
    assert_int_equal(act_decode(pack(&in.base), &arena, (const void **)&body, &why), OK);
    assert_int_equal(body->evidence_count, 1);
    const struct step step = {.kind = STEP_HANDLE};
    const struct input input = {.kind = INPUT_COMMAND, .type = TYPE_HANDLE, .body = body};
    routing_detail(NULL, &input, &step, &out);
    assert_string_equal(out.data, "[photo2]");
    item.kind = selfie;
    assert_int_equal(act_decode(pack(&in.base), &arena, (const void **)&body, &why), ERR_MALFORMED);
    assert_memory_equal(why, "evidence:", 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(case_reported_is_decoded),
            cmocka_unit_test(evidence_is_read_and_written_down),
            cmocka_unit_test(case_reported_limits_are_named),
            cmocka_unit_test(act_limits_are_named),
            cmocka_unit_test(act_fields_beside_text_are_named),
            cmocka_unit_test(every_stage_is_an_event),
            cmocka_unit_test(damaged_payloads_do_no_harm),
            cmocka_unit_test(mission_says_street_capability_and_deadline),
            cmocka_unit_test(need_says_skill_and_offer),
            cmocka_unit_test(end_says_outcome_to_the_reporter),
            cmocka_unit_test(end_along_says_so),
            cmocka_unit_test(answer_shows_the_case_also_when_refused),
            cmocka_unit_test(item_says_whose_list_has_the_matter),
            cmocka_unit_test(refusal_says_what_would_be_legal),
            cmocka_unit_test(detail_stands_behind_one_step_of_a_decision),
            cmocka_unit_test(course_goes_into_json_and_back),
            cmocka_unit_test(every_refusal_has_a_name_and_a_sentence_in_both_languages),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
