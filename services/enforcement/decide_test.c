/* Decisions about missions: by tables (state × event, choice of squads), and by random histories in
 * which after every decision each squad's load is compared with the missions that it has, and the
 * counters with what they have to be. HUYING_SEED repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "services/enforcement/decide.h"
#include "services/kernel/base/rng.h"

#define HISTORIES 10000
#define HISTORY_STEPS 40
#define MISSIONS 6
#define NOW 1514764800000

#define UNIT(i, up, text, at, of_kind, can, room)                                                  \
    {                                                                                              \
        .id = (i), .parent = (up), .code = (text), .name_zh = (text), .name_en = (text),           \
        .level = (at), .kind = (of_kind), .capabilities = (can), .capacity = (room)                \
    }

static const struct unit units[] = {
        UNIT(1, 0, "D", LEVEL_DISTRICT, "district", "", 0),
        UNIT(2, 1, "A", LEVEL_STREET, "street", "", 0),
        UNIT(3, 1, "B", LEVEL_STREET, "street", "", 0),
        UNIT(4, 2, "A-1", LEVEL_VILLAGE, "village", "", 0),
        UNIT(5, 4, "A-1-g", LEVEL_GRID, "grid", "", 0),
        UNIT(6, 1, "C", LEVEL_STREET, "street", "", 0),
        UNIT(11, 2, "A-S1", LEVEL_STREET, "squad", "gas;fire", 2),
        UNIT(12, 2, "A-S2", LEVEL_STREET, "squad", "gas;noise", 1),
        UNIT(13, 2, "A-S3", LEVEL_STREET, "squad", "noise", 4),
        UNIT(14, 3, "B-S1", LEVEL_STREET, "squad", "fire", 1),
        UNIT(21, 1, "D-DEP", LEVEL_DISTRICT, "department", "light;gas", 2),
        UNIT(22, 1, "D-SQ", LEVEL_DISTRICT, "squad", "light", 1),
        UNIT(23, 1, "D-DESK", LEVEL_DISTRICT, "desk", "light;gas", 9),
        UNIT(24, 6, "C-S1", LEVEL_STREET, "squad", "", 0),
        {.id = 25,
                .parent = 2,
                .code = "A-OLD",
                .name_zh = "",
                .name_en = "",
                .level = LEVEL_STREET,
                .kind = "squad",
                .capabilities = "gas",
                .capacity = 9,
                .retired = true},
};
static const int64_t squad_ids[] = {11, 12, 13, 14, 21, 22, 24};
#define SQUADS ((int)(sizeof(squad_ids) / sizeof(squad_ids[0])))

static const struct staff people[] = {
        {.id = 1, .code = "a1", .name = "", .unit = 11, .role = "squad", .skills = ""},
        {.id = 2, .code = "a2", .name = "", .unit = 12, .role = "squad", .skills = ""},
        {.id = 3, .code = "a3", .name = "", .unit = 13, .role = "squad", .skills = ""},
        {.id = 4, .code = "b1", .name = "", .unit = 14, .role = "squad", .skills = ""},
        {.id = 5, .code = "dep", .name = "", .unit = 21, .role = "desk", .skills = ""},
        {.id = 6, .code = "sq", .name = "", .unit = 22, .role = "squad", .skills = ""},
        {.id = 7, .code = "c1", .name = "", .unit = 24, .role = "squad", .skills = ""},
};
#define MATTER(i, text, ...)                                                                       \
    {                                                                                              \
        .id = (i), .code = (text), .name_zh = "", .name_en = "", .category = "",                   \
        .handler_code = {"", "", "", "", ""}, .squad_capability = "gas", __VA_ARGS__               \
    }
static const struct matter matters[] = {MATTER(7, "GAS", .evidence_count = 0),
        MATTER(8,
                "PETROL",
                .evidence_count = 2,
                .evidence = {{EVIDENCE_PHOTO, 4}, {EVIDENCE_SEIZURE_LIST, 1}})};

static struct directory *directory;

static struct directory *directory_make(int64_t version)
{
    return directory_build(&(struct directory_rows){.version = version,
            .site = 1,
            .site_letters = "TT",
            .units = units,
            .unit_count = sizeof(units) / sizeof(units[0]),
            .matters = matters,
            .matter_count = sizeof(matters) / sizeof(matters[0]),
            .staff = people,
            .staff_count = sizeof(people) / sizeof(people[0])});
}

static int setup(void **state)
{
    (void)state;
    directory = directory_make(3);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    directory_destroy(&directory);
    return 0;
}

/* All squads as stored, and the part of them that a batch has locked. */
struct field {
    struct squad all[SQUADS], locked[SQUADS];
    struct queue queues[8];
    struct squad_set set;
};

static void field_init(struct field *field)
{
    memset(field, 0, sizeof(*field));
    for (int i = 0; i < SQUADS; i++) {
        const struct unit *unit = unit_find(directory, squad_ids[i]);
        field->all[i] = (struct squad){.id = unit->id,
                .version = 3,
                .capacity = unit->capacity,
                .pool = squad_pool(directory, unit)};
    }
    field->set =
            (struct squad_set){.squads = field->locked, .queues = field->queues, .queue_room = 8};
}

static struct squad *field_squad(struct field *field, int64_t id)
{
    struct squad_set all = {.squads = field->all, .count = SQUADS};
    return squad_find(&all, id);
}

static void field_lock(struct field *field, const int64_t *ids, int count)
{
    field->set.count = count;
    field->set.queue_count = 0;
    for (int i = 0; i < count; i++) {
        const struct squad *squad = field_squad(field, ids[i]);
        assert_non_null(squad);
        field->locked[i] = *squad;
    }
}

static void field_unlock(struct field *field)
{
    for (int i = 0; i < field->set.count; i++)
        *field_squad(field, field->locked[i].id) = field->locked[i];
}

/* Decides as the kernel does: locks, decides, moves state and version on when something changed. */
static struct outcome run(struct field *field, struct mission *mission, const struct input *input)
{
    int64_t ids[SQUADS_NEEDED_MAX];
    struct outcome outcome = {0};
    struct mission next = *mission;
    field_lock(field, ids, squads_needed(directory, mission, input, ids, SQUADS_NEEDED_MAX));
    struct world world = {directory, field->set.count > 0 ? &field->set : NULL};
    mission_decide(mission, input, &world, &next, &outcome);
    if (outcome.step_count > 0 || outcome.keep) {
        assert_int_equal(outcome.verdict, VERDICT_APPLIED);
        next.agg.ver += outcome.step_count;
        *mission = next;
    }
    field_unlock(field);
    return outcome;
}

static struct input message(uint32_t type, const void *body)
{
    return (struct input){.kind = INPUT_MESSAGE,
            .source = SERVICE_ROUTING,
            .type = type,
            .agg = 100,
            .now_ms = NOW,
            .body = body};
}

static struct input command(uint32_t type, const char *actor, const struct mission_act *act)
{
    struct input input = {
            .kind = INPUT_COMMAND, .type = type, .agg = 100, .now_ms = NOW, .body = act};
    snprintf(input.actor, sizeof(input.actor), "%s", actor);
    return input;
}

static struct mission_request request(int64_t street, const char *capability)
{
    return (struct mission_request){.unit = 5,
            .street = street,
            .due_ms = NOW + 1000,
            .matter = "GAS",
            .capability = capability,
            .summary = "",
            .source_ref = "r"};
}

static const struct mission_cancel cancel_body = {""};
static const struct mission_act act_any = {.text = ""};

static struct mission ask(struct field *field, int64_t street, const char *capability)
{
    struct mission mission = {.agg = {.id = 100}};
    struct mission_request body = request(street, capability);
    struct input input = message(MESSAGE_REQUESTED, &body);
    run(field, &mission, &input);
    return mission;
}

static void request_chooses_lowest_ratio_then_smallest_id(void **state)
{
    static const struct {
        int64_t street;
        const char *capability;
        int loads[SQUADS]; /* in the order of squad_ids */
        int64_t squad;     /* 0 = waits */
        int64_t pool;
    } rows[] = {
            {2, "gas", {0, 0, 0, 0, 0, 0, 0}, 11, 2}, {2, "gas", {1, 0, 0, 0, 0, 0, 0}, 12, 2},
            {2, "gas", {1, 1, 0, 0, 0, 0, 0}, 11, 2},
            {2, "gas", {2, 1, 0, 0, 0, 0, 0}, 0, 2}, /* the district's gas squads are not asked */
            {2, "", {1, 0, 1, 0, 0, 0, 0}, 12, 2},
            {2, "", {1, 1, 1, 0, 0, 0, 0}, 13, 2}, /* 1/4 before 1/2 */
            {2, "fire", {0, 0, 0, 0, 0, 0, 0}, 11, 2}, {3, "fire", {0, 0, 0, 1, 0, 0, 0}, 0, 3},
            {3, "gas", {0, 0, 0, 0, 1, 0, 0}, 21, 0}, /* nobody in the street can: the district */
            {3, "light", {0, 0, 0, 0, 1, 0, 0}, 22, 0}, {3, "light", {0, 0, 0, 0, 2, 1, 0}, 0, 0},
            {0, "gas", {0, 0, 0, 0, 0, 0, 0}, 21, 0},
            {5, "gas", {0, 0, 0, 0, 0, 0, 0}, 11, 2}, /* a grid: its street's */
            {2, "diving", {0, 0, 0, 0, 0, 0, 0}, 0, 0}, {99, "gas", {0, 0, 0, 0, 0, 0, 0}, 21, 0},
            {6, "", {0, 0, 0, 0, 0, 0, 700}, 24, 6}, /* no limit */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct field field;
        field_init(&field);
        for (int s = 0; s < SQUADS; s++)
            field.all[s].load = rows[i].loads[s];
        struct mission mission = ask(&field, rows[i].street, rows[i].capability);
        print_message("row %zu\n", i);
        assert_int_equal(mission.squad, rows[i].squad);
        assert_int_equal(mission.pool, rows[i].pool);
        assert_int_equal(mission.state, rows[i].squad == 0 ? MISSION_WAITING : MISSION_ASSIGNED);
        assert_int_equal(mission.agg.ver, 1);
        assert_int_equal(mission.matter, 7);
    }
}

static void request_waits_behind_those_who_wait(void **state)
{
    struct field field;
    struct mission mission = {.agg = {.id = 100}}, next = mission;
    struct mission_request body = request(2, "gas");
    struct input input = message(MESSAGE_REQUESTED, &body);
    struct outcome outcome = {0};
    int64_t ids[SQUADS_NEEDED_MAX];
    (void)state;
    field_init(&field);
    field_lock(&field, ids, squads_needed(directory, &mission, &input, ids, SQUADS_NEEDED_MAX));
    field.set.queue_count = 1;
    field.queues[0] = (struct queue){.pool = 2, .capability = "gas"};
    struct world world = {directory, &field.set};
    mission_decide(&mission, &input, &world, &next, &outcome);
    assert_int_equal(next.state, MISSION_WAITING);
    next = mission;
    outcome = (struct outcome){0};
    field.queues[0].pool = 3; /* somebody else's queue */
    mission_decide(&mission, &input, &world, &next, &outcome);
    assert_int_equal(next.state, MISSION_ASSIGNED);
}

static void batch_sees_its_own_loads(void **state)
{
    struct field field;
    (void)state;
    field_init(&field);
    int64_t expected[] = {11, 12, 11, 0};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(ask(&field, 2, "gas").squad, expected[i]);
    assert_int_equal(field_squad(&field, 11)->load, 2);
    assert_int_equal(field_squad(&field, 12)->load, 1);
}

/* Refused with what is missing: only DONE, only when it could be done, and not before those who may
 * not do it are told that. Verdicts are as everywhere: see states_times_events. */
static void done_without_the_evidence_is_refused_and_says_what_is_missing(void **state)
{
    static const struct {
        uint32_t type;
        enum mission_state from;
        int32_t matter;
        const char *actor, *brought;
        enum mission_reason reason;
        struct evidence missing;
    } rows[] = {
            {COMMAND_DONE, MISSION_ON_SCENE, 8, "a1", "photo4", REASON_EVIDENCE, {4, 1}},
            {COMMAND_DONE, MISSION_ON_SCENE, 8, "a1", "photo+seizure_list", REASON_EVIDENCE,
                    {0, 3}},
            {COMMAND_DONE, MISSION_ON_SCENE, 8, "a1", "seizure_list+photo5", REASON_NONE, {0}},
            {COMMAND_DONE, MISSION_ON_SCENE, 7, "a1", "", REASON_NONE, {0}},
            {COMMAND_DONE, MISSION_ON_SCENE, 99, "a1", "", REASON_NONE, {0}},
            {COMMAND_ARRIVE, MISSION_ACCEPTED, 8, "a1", "", REASON_NONE, {0}},
            {COMMAND_DONE, MISSION_ACCEPTED, 8, "a1", "", REASON_ARRIVE_FIRST, {0}},
            {COMMAND_DONE, MISSION_ON_SCENE, 8, "a2", "", REASON_NOT_YOUR_SQUAD, {0}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mission_act act = {.text = ""};
        struct input input = command(rows[i].type, rows[i].actor, &act);
        struct mission mission = {.agg = {.id = 100, .ver = 4},
                .state = rows[i].from,
                .squad = 11,
                .matter = rows[i].matter};
        struct field field;
        assert_true(evidence_parse(rows[i].brought, act.evidence, &act.evidence_count));
        field_init(&field);
        field_squad(&field, 11)->load = mission_held(mission.state);
        struct outcome outcome = run(&field, &mission, &input);
        uint16_t about = rows[i].missing.count != 0 ? evidence_pack(rows[i].missing) : 0;
        if (outcome.reason != rows[i].reason || outcome.refused_about != about)
            fail_msg("row %zu: reason %u about %#x", i, outcome.reason, outcome.refused_about);
    }
}

/* Every state against every event. `end` MISSION_NONE: nothing changes. */
static void states_times_events(void **state)
{
    enum { REQUEST, CANCEL, ASSIGN, ACCEPT, ARRIVE, DONE, EVENTS };
#define NO(reason)                                                                                 \
    {                                                                                              \
        MISSION_NONE, VERDICT_REFUSED, REASON_##reason                                             \
    }
#define TWICE                                                                                      \
    {                                                                                              \
        MISSION_NONE, VERDICT_DUPLICATE, REASON_NONE                                               \
    }
#define TO(end)                                                                                    \
    {                                                                                              \
        MISSION_##end, VERDICT_APPLIED, REASON_NONE                                                \
    }
    static const struct {
        enum mission_state end;
        enum verdict verdict;
        enum mission_reason reason;
    } table[MISSION_STATE_COUNT][EVENTS] = {
            [MISSION_WAITING] = {NO(OPEN), TO(CANCELLED), TO(ASSIGNED), NO(NO_SQUAD), NO(NO_SQUAD),
                    NO(NO_SQUAD)},
            [MISSION_ASSIGNED] = {NO(OPEN), TO(CANCELLED), NO(NOT_NOW), TO(ACCEPTED),
                    NO(ACCEPT_FIRST), NO(ACCEPT_FIRST)},
            [MISSION_ACCEPTED] = {NO(OPEN), TO(CANCELLED), NO(NOT_NOW), TWICE, TO(ON_SCENE),
                    NO(ARRIVE_FIRST)},
            [MISSION_ON_SCENE] = {NO(OPEN), TO(CANCELLED), NO(NOT_NOW), TWICE, TWICE, TO(DONE)},
            [MISSION_DONE] = {TO(ASSIGNED), NO(OVER), NO(OVER), NO(OVER), NO(OVER), TWICE},
            [MISSION_CANCELLED] = {TO(ASSIGNED), NO(OVER), NO(OVER), NO(OVER), NO(OVER), NO(OVER)},
    };
    const struct mission_request body = request(2, "gas");
    (void)state;
    for (int from = MISSION_WAITING; from < MISSION_STATE_COUNT; from++) {
        for (int event = 0; event < EVENTS; event++) {
            const struct input inputs[EVENTS] = {message(MESSAGE_REQUESTED, &body),
                    message(MESSAGE_CANCELLED, &cancel_body),
                    {.kind = INPUT_WORK, .type = WORK_ASSIGN, .now_ms = NOW},
                    command(COMMAND_ACCEPT, "a1", &act_any),
                    command(COMMAND_ARRIVE, "a1", &act_any), command(COMMAND_DONE, "a1", &act_any)};
            struct field field;
            struct mission mission = {.agg = {.id = 100, .ver = 4},
                    .state = (enum mission_state)from,
                    .unit = 5,
                    .street = 2,
                    .pool = 2,
                    .squad = from == MISSION_WAITING ? 0 : 11,
                    .capability = "gas",
                    .rule_ver = 3};
            field_init(&field);
            field_squad(&field, 11)->load = mission_held(mission.state);
            struct outcome outcome = run(&field, &mission, &inputs[event]);
            print_message("state %d event %d\n", from, event);
            assert_int_equal(outcome.verdict, table[from][event].verdict);
            assert_int_equal(outcome.reason, table[from][event].reason);
            enum mission_state end = table[from][event].end;
            assert_int_equal(mission.state, end == MISSION_NONE ? from : (int)end);
            assert_int_equal(mission.agg.ver, end == MISSION_NONE ? 4 : 5);
            assert_int_equal(outcome.send_count, end != MISSION_NONE);
            if (end != MISSION_NONE)
                assert_int_equal(outcome.sends[0].arg, end);
        }
    }
}

static void commands_of_strangers_and_old_versions_are_refused(void **state)
{
    static const struct {
        const char *actor;
        int32_t version;
        enum verdict verdict;
        enum mission_reason reason;
    } rows[] = {
            {"a1", 0, VERDICT_APPLIED, REASON_NONE},
            {"a1", 1, VERDICT_APPLIED, REASON_NONE},
            {"a1", 2, VERDICT_CONFLICT, REASON_VERSION},
            {"a2", 0, VERDICT_REFUSED, REASON_NOT_YOUR_SQUAD},
            {"", 0, VERDICT_REFUSED, REASON_NOT_YOUR_SQUAD},
            {"nobody", 0, VERDICT_REFUSED, REASON_NOT_YOUR_SQUAD},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct field field;
        field_init(&field);
        struct mission mission = ask(&field, 2, "gas");
        struct mission_act act = {.version = rows[i].version, .text = ""};
        struct input input = command(COMMAND_ACCEPT, rows[i].actor, &act);
        struct outcome outcome = run(&field, &mission, &input);
        assert_int_equal(outcome.verdict, rows[i].verdict);
        assert_int_equal(outcome.reason, rows[i].reason);
    }
}

static void stub_is_not_found_and_not_cancelled(void **state)
{
    struct field field;
    struct mission mission = {.agg = {.id = 100}};
    struct input accept = command(COMMAND_ACCEPT, "a1", &act_any);
    struct input cancel = message(MESSAGE_CANCELLED, &cancel_body);
    (void)state;
    field_init(&field);
    assert_int_equal(run(&field, &mission, &accept).verdict, VERDICT_NOT_FOUND);
    struct outcome outcome = run(&field, &mission, &cancel);
    assert_int_equal(outcome.verdict, VERDICT_REFUSED);
    assert_int_equal(outcome.reason, REASON_NOT_NOW);
    assert_int_equal(mission.agg.ver, 0);
}

static void newer_directory_is_looked_at_once(void **state)
{
    struct field field;
    struct input work = {.kind = INPUT_WORK, .type = WORK_ASSIGN, .now_ms = NOW};
    (void)state;
    field_init(&field);
    field_squad(&field, 14)->load = 1;
    struct mission mission = ask(&field, 3, "fire");
    assert_int_equal(mission.state, MISSION_WAITING);
    assert_int_equal(run(&field, &mission, &work).step_count, 0);
    struct directory *old = directory;
    directory = directory_make(4);
    struct outcome outcome = run(&field, &mission, &work);
    assert_int_equal(outcome.step_count, 1);
    assert_int_equal(outcome.steps[0].kind, MOVE_LOOKED_AGAIN);
    assert_int_equal(outcome.send_count, 0);
    assert_int_equal(outcome.count_count, 0);
    assert_int_equal(mission.rule_ver, 4);
    assert_int_equal(run(&field, &mission, &work).step_count, 0);
    directory_destroy(&directory);
    directory = old;
}

/* A cancellation that came due behind another input finds no lock: the load stays until the work.
 */
static void release_without_lock_is_owed_and_paid_by_work(void **state)
{
    struct field field;
    struct input cancel = message(MESSAGE_CANCELLED, &cancel_body);
    struct input work = {.kind = INPUT_WORK, .type = WORK_RELEASE, .now_ms = NOW + 5};
    struct outcome outcome = {0};
    struct world blind = {directory, NULL};
    (void)state;
    field_init(&field);
    struct mission mission = ask(&field, 2, "gas"), next = mission;
    mission_decide(&mission, &cancel, &blind, &next, &outcome);
    next.agg.ver++;
    assert_int_equal(next.state, MISSION_CANCELLED);
    assert_int_equal(next.owed, 11);
    assert_int_equal(field_squad(&field, 11)->load, 1);
    outcome = run(&field, &next, &work);
    assert_true(outcome.keep);
    assert_int_equal(outcome.step_count, 0);
    assert_int_equal(next.owed, 0);
    assert_int_equal(field_squad(&field, 11)->load, 0);
    assert_int_equal(field_squad(&field, 11)->freed_ms, NOW + 5);
    assert_false(run(&field, &next, &work).keep);
}

static void request_not_decoded_locks_nothing_and_waits(void **state)
{
    struct input input = message(MESSAGE_REQUESTED, NULL);
    const struct mission mission = {.agg = {.id = 100}};
    int64_t ids[SQUADS_NEEDED_MAX];
    (void)state;
    assert_int_equal(squads_needed(directory, &mission, &input, ids, SQUADS_NEEDED_MAX), 0);
}

/* What the counters have to be, counted from the missions. */
static int64_t truth(const struct mission *missions, int metric, int64_t unit)
{
    int64_t sum = 0;
    for (int i = 0; i < MISSIONS; i++) {
        const struct mission *m = &missions[i];
        bool squad = m->state >= MISSION_ASSIGNED && m->state <= MISSION_DONE;
        bool counts = metric == METRIC_OPEN      ? mission_open(m->state)
                      : metric == METRIC_WAITING ? m->state == MISSION_WAITING
                                                 : m->state == MISSION_DONE;
        sum += counts && (squad ? m->squad : m->street != 0 ? m->street : m->unit) == unit;
    }
    return sum;
}

static void history_check(
        struct field *field, const struct mission *missions, int64_t counted[3][32])
{
    for (int s = 0; s < SQUADS; s++) {
        const struct squad *squad = &field->all[s];
        int load = 0;
        for (int i = 0; i < MISSIONS; i++)
            load += (mission_held(missions[i].state) && missions[i].squad == squad->id) +
                    (missions[i].owed == squad->id);
        assert_int_equal(squad->load, load);
        assert_true(squad->load >= 0);
        assert_true(squad->capacity == 0 || squad->load <= squad->capacity);
    }
    for (int metric = 0; metric < 3; metric++) {
        for (int unit = 0; unit < 32; unit++)
            assert_int_equal(counted[metric][unit], truth(missions, metric, unit));
    }
}

static struct outcome history_step(struct rng *rng, struct field *field, struct mission *mission)
{
    static const char *const wants[] = {"gas", "fire", "noise", "light", "", "diving"};
    static const int64_t streets[] = {0, 2, 3, 6};
    struct mission_request body = request(streets[rng_below(rng, 4)], wants[rng_below(rng, 6)]);
    struct mission_act act = {
            .version = rng_below(rng, 4) == 0 ? (int32_t)rng_below(rng, 4) : 0, .text = ""};
    const struct staff *member = staff_of_unit(directory, mission->squad, 0);
    const char *actor = member == NULL || rng_below(rng, 8) == 0 ? "a1" : member->code;
    const struct input inputs[] = {message(MESSAGE_REQUESTED, &body),
            message(MESSAGE_CANCELLED, &cancel_body),
            {.kind = INPUT_WORK, .type = WORK_ASSIGN, .now_ms = NOW},
            {.kind = INPUT_WORK, .type = WORK_RELEASE, .now_ms = NOW},
            command(COMMAND_ACCEPT, actor, &act), command(COMMAND_ARRIVE, actor, &act),
            command(COMMAND_DONE, actor, &act)};
    static const int usual[MISSION_STATE_COUNT] = {0, 2, 4, 5, 6, 0, 0}; /* what brings it on */
    uint64_t pick = rng_below(rng, 14);
    const struct input *input = &inputs[pick < 7 ? (int)pick : usual[mission->state]];
    struct outcome outcome = {0};
    if (input->kind == INPUT_COMMAND || rng_below(rng, 8) != 0)
        return run(field, mission, input);
    struct world blind = {directory, NULL}; /* as when it came due behind another input */
    struct mission next = *mission;
    mission_decide(mission, input, &blind, &next, &outcome);
    if (outcome.step_count > 0 || outcome.keep) {
        next.agg.ver += outcome.step_count;
        *mission = next;
    }
    return outcome;
}

static void random_histories_keep_loads_and_counters(void **state)
{
    const char *text = getenv("HUYING_SEED");
    uint64_t seed = text == NULL ? 20260930 : strtoull(text, NULL, 10);
    int done = 0, waited = 0;
    struct rng rng;
    (void)state;
    print_message("HUYING_SEED=%llu\n", (unsigned long long)seed);
    rng_seed(&rng, seed);
    for (int h = 0; h < HISTORIES; h++) {
        struct field field;
        struct mission missions[MISSIONS] = {0};
        int64_t counted[3][32] = {0};
        field_init(&field);
        for (int i = 0; i < HISTORY_STEPS; i++) {
            struct mission *mission = &missions[rng_below(&rng, MISSIONS)];
            enum mission_state before = mission->state;
            struct outcome outcome = history_step(&rng, &field, mission);
            for (int c = 0; c < outcome.count_count; c++)
                counted[outcome.counts[c].metric][outcome.counts[c].unit] +=
                        outcome.counts[c].amount;
            assert_int_equal(outcome.send_count, before != mission->state);
            done += mission->state == MISSION_DONE && before != MISSION_DONE;
            waited += before == MISSION_WAITING && mission->state == MISSION_ASSIGNED;
            history_check(&field, missions, counted);
        }
    }
    print_message("done %d, out of the queue %d\n", done, waited);
    assert_true(done > 10000); /* the histories get that far */
    assert_true(waited > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(request_chooses_lowest_ratio_then_smallest_id),
            cmocka_unit_test(request_waits_behind_those_who_wait),
            cmocka_unit_test(batch_sees_its_own_loads),
            cmocka_unit_test(done_without_the_evidence_is_refused_and_says_what_is_missing),
            cmocka_unit_test(states_times_events),
            cmocka_unit_test(commands_of_strangers_and_old_versions_are_refused),
            cmocka_unit_test(stub_is_not_found_and_not_cancelled),
            cmocka_unit_test(newer_directory_is_looked_at_once),
            cmocka_unit_test(release_without_lock_is_owed_and_paid_by_work),
            cmocka_unit_test(request_not_decoded_locks_nothing_and_waits),
            cmocka_unit_test(random_histories_keep_loads_and_counters),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
