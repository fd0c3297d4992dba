/* Routing's rows in a real PostgreSQL, for the tests of its SQL: the small district is the
 * directory there too, and cases are written as the kernel writes them. */
#ifndef HUYING_ROUTING_TEST_STORE_H
#define HUYING_ROUTING_TEST_STORE_H

#include <protobuf-c/protobuf-c.h>
#include <stdio.h>

#include "services/routing/ops.h"
#include "services/routing/store.h"
#include "services/routing/test_acts.h"
#include "tests/kit/pg.h"

#define WAIT_MS 20000
#define FIRST_OWN 8 /* after id, ver, three seen, three sent */

#define SITE                                                                                       \
    "INSERT INTO directory.site (number, letters, name_zh, name_en, utc_offset_s, drill, clock,"   \
    " version, incarnation) VALUES (1, 'LA', '市', 'City', 0, true, '2018-01-01Z', 5, 1)"

static struct directory *city;
static struct kit_pg *server;
static struct pg *pg;
static struct arena arena;
static struct params params;
static struct statement statements[16];

TEST_TOOL void city_store(void)
{
    for (size_t i = 0; i < directory_unit_count(city); i++) {
        const struct unit *unit = directory_unit(city, i);
        char sql[400], parent[24] = "NULL";
        if (unit->parent)
            (void)snprintf(parent, sizeof parent, "%d", (int)unit->parent);
        (void)snprintf(sql, sizeof sql,
                "INSERT INTO directory.unit (id, code, parent, depth, level, kind, name_zh, "
                "name_en) "
                "VALUES (%d, '%s', %s, %d, %d, '%s', '', '')",
                (int)unit->id, unit->code, parent, (int)unit->depth, (int)unit->level, unit->kind);
        kit_pg_run(server, sql);
    }
}

TEST_TOOL int setup(void **state)
{
    (void)state;
    city = city_build();
    arena_init(&arena, 64 << 20);
    server = kit_pg_start(NULL);
    kit_pg_service(server, "routing");
    city_store();
    kit_pg_run(server, SITE);
    pg = pg_new(kit_pg_conninfo(server, "huying_routing"), "routing");
    size_t count = 0;
    struct aggregate_ops ops = routing_ops();
    statements[count++] = CASES_STUB;
    statements[count++] = CASES_LOAD;
    statements[count++] = CASES_UPDATE;
    for (size_t i = 0; i < ops.query_count; i++)
        statements[count++] = *ops.queries[i].statement;
    for (size_t i = 0; i < ops.statement_count; i++)
        statements[count++] = ops.statements[i];
    pg_prepare(pg, statements, count);
    if (pg_wait(pg, WAIT_MS) != OK)
        fail_msg("%s", pg_message(pg));
    return 0;
}

TEST_TOOL int teardown(void **state)
{
    (void)state;
    pg_destroy(&pg);
    kit_pg_stop(&server);
    params_fini(&params);
    arena_fini(&arena);
    directory_destroy(&city);
    return 0;
}

TEST_TOOL int empty(void **state)
{
    (void)state;
    kit_pg_run(server, "TRUNCATE routing.cases, routing.counter_kept");
    return 0;
}

TEST_TOOL void done(void *self, enum err err, const char *message)
{
    (void)self;
    if (err != OK)
        print_message("%s\n", message);
    assert_int_equal(err, OK);
}

TEST_TOOL void run(const struct statement *statement, pg_rows_fn *rows, void *self)
{
    pg_queue(pg, statement, &params, rows, self);
    pg_sync(pg, done, NULL);
    assert_int_equal(pg_wait(pg, WAIT_MS), OK);
    assert_true(pg_idle(pg));
}

/* Stubs and one update of the cases, as the kernel does it. */
TEST_TOOL void save_all(const struct routing_case *list, size_t count)
{
    params_reset(&params);
    int ids = params_array(&params, PARAM_INT8);
    for (size_t i = 0; i < count; i++)
        param_add_int(&params, ids, list[i].agg.id);
    run(&CASES_STUB, NULL, NULL);
    params_reset(&params);
    (void)params_array(&params, PARAM_INT8);
    (void)params_array(&params, PARAM_INT4);
    for (int k = 0; k < 6; k++)
        (void)params_array(&params, PARAM_INT8);
    case_save_begin(&params);
    for (size_t i = 0; i < count; i++) {
        param_add_int(&params, 0, list[i].agg.id);
        param_add_int(&params, 1, list[i].agg.ver);
        for (int k = 0; k < 6; k++)
            param_add_int(&params, 2 + k, 100 + k);
        case_save_row(&list[i], &params, FIRST_OWN);
    }
    run(&CASES_UPDATE, NULL, NULL);
}

TEST_TOOL void save(const struct routing_case *this)
{
    save_all(this, 1);
}

/* All fields different from each other and from zero. */
static const struct routing_case sample = {.agg = {.id = 77, .ver = 9},
        .state = CASE_CLOSED,
        .level = LEVEL_STREET,
        .kind = HANDLER_SQUAD,
        .work = WORK_NEED,
        .escalated = 1 << LEVEL_VILLAGE | 1 << LEVEL_STREET,
        .on_scene = true,
        .late = true,
        .overdue = true,
        .overdue_by_catalogue = true,
        .drill = true,
        .matter = M_DUMP,
        .unit = U_GRID,
        .area = U_STREET,
        .handler = U_SQUAD,
        .accepted_at_ms = NOW + 1,
        .promised_at_ms = NOW + 2,
        .first_due_ms = NOW + 3,
        .due_ms = NOW + 4,
        .handled_at_ms = NOW + 5,
        .ended_at_ms = NOW + 6,
        .handled_unit = U_SQUAD_2,
        .handled_by = "sq2",
        .source_ref = "T-77",
        .source = "hotline",
        .summary = "沙发在路边"};

/* With its padding, so that whole structs can be compared. */
TEST_TOOL void case_sample(struct routing_case *ret)
{
    memcpy(ret, &sample, sizeof sample);
}

typedef enum err bind_fn(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why);

/* As the kernel does it: the request is packed, decoded and bound. */
TEST_TOOL enum err query_bind(
        bind_fn *bind, const ProtobufCMessage *query, const char *actor, const char **ret_why)
{
    BUF_OWNED bytes = {0};
    size_t size = protobuf_c_message_get_packed_size(query);
    buf_reserve(&bytes, size + 1);
    protobuf_c_message_pack(query, (uint8_t *)bytes.data);
    params_reset(&params);
    return bind((struct bytes){(const uint8_t *)bytes.data, size}, city, actor, &arena, &params,
            ret_why);
}

#endif
