/* Routing in the kernel's hands, without a database: one batch brings a case from its report to its
 * close through decoders, decisions, encoders and answers, and the numbering is what it must be. */
#include "services/routing/ops.h"
#include "services/routing/test_acts.h"

#include "proto/intake.pb-c.h"
#include "proto/routing.pb-c.h"
#include "services/kernel/store/core.h"

#define CASE_ID 4711

static struct directory *city;
static struct arena arena;
static struct buf page_bufs[4];
static int64_t drawn;

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
    for (int i = 0; i < 4; i++)
        buf_fini(&page_bufs[i]);
    return 0;
}

static int64_t draw(void *self)
{
    (void)self;
    return ++drawn;
}

static void no_salt(void *self, void *data, size_t size)
{
    (void)self;
    memset(data, 0, size);
}

static struct bytes pack(const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *data = arena_get(&arena, size + 1);
    protobuf_c_message_pack(message, data);
    return (struct bytes){data, size};
}

static struct bytes report_payload(void)
{
    static char matter[] = "dump", ref[] = "T-1";
    Huying__Intake__CaseReported in = HUYING__INTAKE__CASE_REPORTED__INIT;
    in.matter = matter;
    in.source_ref = ref;
    in.unit = U_DISTRICT; /* no street: the district's desk */
    return pack(&in.base);
}

static struct work command(uint32_t type, const char *actor, uint32_t serial)
{
    static char text[] = "gone";
    Huying__Routing__Act act = HUYING__ROUTING__ACT__INIT;
    act.text = text;
    struct work work = {.origin = WORK_COMMAND,
            .input = {.kind = INPUT_COMMAND, .type = type, .agg = CASE_ID},
            .payload = pack(&act.base),
            .request_id = "",
            .right_held = UINT32_MAX,
            .client_serial = serial};
    (void)snprintf(work.input.actor, sizeof work.input.actor, "%s", actor);
    struct aggregate_ops ops = routing_ops();
    const char *why = NULL;
    work.type = core_type(&ops, INPUT_COMMAND, SERVICE_NONE, type); /* the batch does this */
    assert_non_null(work.type);
    assert_int_equal(work.type->decode(work.payload, &arena, &work.input.body, &why), OK);
    return work;
}

static void item_shows(const struct work *work, const char *state, int32_t version)
{
    Huying__Routing__WorkItem *item =
            huying__routing__work_item__unpack(NULL, work->answer.size, work->answer.data);
    assert_non_null(item);
    assert_string_equal(item->state, state);
    assert_int_equal(item->version, version);
    assert_int_equal(item->id, CASE_ID);
    huying__routing__work_item__free_unpacked(item, NULL);
}

static void case_goes_from_report_to_close_in_one_batch(void **state)
{
    (void)state;
    struct aggregate_ops ops = routing_ops();
    struct work report = {.origin = WORK_EVENT,
            .input = {.kind = INPUT_MESSAGE,
                    .source = SERVICE_INTAKE,
                    .type = TYPE_CASE_REPORTED,
                    .agg = CASE_ID,
                    .n = 1,
                    .msg_id = 99},
            .payload = report_payload(),
            .request_id = ""};
    struct work handle = command(TYPE_HANDLE, "dd", 1), same = command(TYPE_VERIFY, "dd", 2),
                verify = command(TYPE_VERIFY, "r1", 3);
    struct work *works[] = {&verify, &same, &report, &handle};
    struct core core = {.ops = &ops,
            .arena = &arena,
            .world = {city, NULL},
            .now_ms = NOW,
            .draw = draw,
            .random = no_salt,
            .works = works,
            .work_count = 4,
            .page_bufs = page_bufs,
            .page_buf_count = 4};
    core_begin(&core);
    core.commands = arena_array(&arena, struct command_row, 8);
    struct routing_case *stub = core_slot(&core, CASE_ID)->state;
    stub->agg = (struct aggregate){.id = CASE_ID, .found = true};
    core_run(&core);

    assert_int_equal(report.end, END_ACK);
    assert_int_equal(handle.verdict, VERDICT_APPLIED);
    item_shows(&handle, "handled", 4);
    assert_int_equal(same.verdict, VERDICT_REFUSED);
    assert_int_equal(same.reason, REFUSAL_SAME_PERSON);
    item_shows(&same, "handled", 4);
    assert_int_equal(verify.verdict, VERDICT_APPLIED);
    item_shows(&verify, "closed", 6);
    static const enum case_step kinds[] = {
            STEP_REGISTER, STEP_DISPATCH, STEP_ACCEPT, STEP_HANDLE, STEP_VERIFY, STEP_CLOSE};
    assert_int_equal(core.steps.count, 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(core.steps.list[i].step.kind, kinds[i]);
        assert_int_equal(core.steps.list[i].ver, i + 1);
    }
    const struct routing_case *end = core_slot(&core, CASE_ID)->state;
    assert_int_equal(end->agg.ver, 6);
    assert_int_equal(end->agg.seen[SERVICE_INTAKE], 1);
    assert_int_equal(end->agg.sent[SERVICE_INTAKE], 1);
    assert_int_equal(end->agg.sent[SERVICE_ENFORCEMENT], 0);
    const struct effect_message *told = NULL;
    for (size_t i = 0; i < core.outbox.count; i++)
        if (core.outbox.list[i].service == SERVICE_INTAKE)
            told = &core.outbox.list[i];
    assert_non_null(told);
    assert_int_equal(told->type, TYPE_CASE_ENDED);
    assert_int_equal(told->n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(case_goes_from_report_to_close_in_one_batch),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
