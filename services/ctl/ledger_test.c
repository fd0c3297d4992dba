/* The ledger's check against a real PostgreSQL: leaves of two services made by the kernel's own
 * writer, placed as audit places them; then one thing is changed at a time, and the check has to
 * name it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <sodium.h>
#include "services/ctl/ledger.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/store/page.h"
#include "tests/kit/pg.h"

#define DEADLINE_MS 20000
#define NOW INT64_C(1514764800000)
#define PAGE_COUNT 40
#define LEAVES_OF_PAGE 3
#define LEAVES (PAGE_COUNT * LEAVES_OF_PAGE)
#define FIRST_PAGE 5000
#define EMPTY                                                                                      \
    "TRUNCATE audit.head, audit.pages, routing.history, intake.history, routing.outbox,"           \
    " routing.cases, routing.horizon"

static struct kit_pg *server;
static struct pg *pg;
static struct params params;
static struct merkle tree;
static struct arena arena;

static void run(const char *sql)
{
    PGresult *result = pg_exec(pg, sql, &params);
    if (result == NULL)
        fail_msg("%s: %s", sql, pg_message(pg));
    PQclear(result);
    params_reset(&params);
}

static int setup(void **state)
{
    (void)state;
    static const char *const names[] = {"intake", "routing", "enforcement", "volunteer", "audit"};
    server = kit_pg_start(NULL);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        kit_pg_service(server, names[i]);
    pg = pg_new(kit_pg_conninfo(server, "postgres"), "directory");
    assert_int_equal(pg_wait(pg, DEADLINE_MS), OK);
    arena_init(&arena, 16 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pg_destroy(&pg);
    params_fini(&params);
    arena_fini(&arena);
    kit_pg_stop(&server);
    return 0;
}

static int64_t page_draw(void *self)
{
    int64_t *id = self;
    return *id;
}

static void history_add(const struct effect_step *effect, const char *schema)
{
    char sql[300];
    const struct step *step = &effect->step;
    (void)params_int(&params, PARAM_INT8, effect->agg);
    (void)params_int(&params, PARAM_INT4, effect->ver);
    (void)params_int(&params, PARAM_INT2, step->kind);
    (void)params_int(&params, PARAM_INT2, step->from);
    (void)params_int(&params, PARAM_INT2, step->to);
    (void)params_int(&params, PARAM_TIME, step->at_ms);
    (void)params_int(&params, PARAM_INT8, step->unit);
    (void)params_int(&params, PARAM_TIME, step->due_ms);
    (void)params_int(&params, PARAM_INT8, step->rule_ver);
    (void)params_int(&params, PARAM_INT8, effect->page);
    (void)params_int(&params, PARAM_INT4, effect->idx);
    (void)params_bytes(&params, PARAM_BYTEA, effect->salt, SALT_SIZE);
    (void)params_text(&params, effect->actor);
    (void)params_bytes(&params, PARAM_BYTEA, effect->detail.data, effect->detail.size);
    (void)snprintf(sql, sizeof(sql),
            "INSERT INTO %s.history VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
            " $13, $14)",
            schema);
    run(sql);
}

/* One page of one aggregate's versions; pages of even number are routing's, the others intake's. */
static void page_make(int number, int64_t id, struct buf *bufs)
{
    struct aggregate_ops ops = {.service = number % 2 ? SERVICE_INTAKE : SERVICE_ROUTING};
    struct core core = {.ops = &ops,
            .arena = &arena,
            .draw = page_draw,
            .draw_self = &id,
            .page_bufs = bufs,
            .page_buf_count = 1};
    uint8_t hashes[LEAVES_OF_PAGE * MERKLE_HASH_SIZE];
    for (int i = 0; i < LEAVES_OF_PAGE; i++) {
        struct effect_step effect = {.agg = 100 + number,
                .ver = i + 1,
                .step = {.kind = 4,
                        .from = 2,
                        .to = 3,
                        .unit = 9,
                        .at_ms = NOW + number,
                        .rule_ver = 8},
                .actor = "w1",
                .detail = {(const uint8_t *)"done", 4},
                .salt = {(uint8_t)number, (uint8_t)i}};
        effect.step.due_ms = i == 0 ? NOW + 1000 : 0;
        page_add(&core, &effect);
        history_add(&effect, number % 2 ? "intake" : "routing");
    }
    struct bytes page = {(const uint8_t *)bufs->data, bufs->size}, rest = page, leaf;
    int64_t first = tree.size;
    for (int i = 0; page_leaf_next(&rest, &leaf) == OK; i++) {
        merkle_leaf(leaf.data, leaf.size, hashes + i * MERKLE_HASH_SIZE);
        merkle_add(&tree, hashes + i * MERKLE_HASH_SIZE);
    }
    (void)params_int(&params, PARAM_INT8, id);
    (void)params_int(&params, PARAM_INT8, first);
    (void)params_int(&params, PARAM_INT4, LEAVES_OF_PAGE);
    (void)params_int(&params, PARAM_INT2, ops.service);
    (void)params_bytes(&params, PARAM_BYTEA, page.data, page.size);
    (void)params_bytes(&params, PARAM_BYTEA, hashes, sizeof(hashes));
    run("INSERT INTO audit.pages (id, first_place, count, source, leaves, hashes, ver)"
        " VALUES ($1, $2, $3, $4, $5, $6, 1)");
}

/* Each test begins with a ledger that is right. */
static int fill(void **state)
{
    (void)state;
    BUF_OWNED buf = {0};
    size_t size;
    merkle_init(&tree);
    arena_reset(&arena);
    run(EMPTY);
    for (int i = 0; i < PAGE_COUNT; i++)
        page_make(i, FIRST_PAGE + i, &buf);
    const uint8_t *frontier = merkle_frontier(&tree, &size);
    (void)params_int(&params, PARAM_INT8, tree.size);
    (void)params_bytes(&params, PARAM_BYTEA, frontier, size);
    run("INSERT INTO audit.head (size, frontier) VALUES ($1, $2)");
    return 0;
}

static struct ledger_report verify(void)
{
    struct ledger_report report;
    assert_int_equal(ledger_verify(pg, NULL, NULL, &report), OK);
    return report;
}

static void wrong_is(const char *change, const struct ledger_wrong *expected)
{
    run(change);
    struct ledger_report report = verify();
    const struct ledger_wrong *found = &report.first;
    if (found->kind != expected->kind || found->place != expected->place ||
            found->agg != expected->agg || found->ver != expected->ver ||
            found->service != expected->service ||
            strcmp(found->field, expected->field ? expected->field : "") != 0)
        fail_msg("%s: expected %s at %d (%d %d.%d %s), found %s at %d (%d %d.%d %s)", change,
                wrong_word(expected->kind), (int)expected->place, expected->service,
                (int)expected->agg, expected->ver, expected->field, wrong_word(found->kind),
                (int)found->place, found->service, (int)found->agg, found->ver, found->field);
    assert_true(report.wrongs > 0);
}

static void right_ledger_has_nothing_wrong(void **state)
{
    (void)state;
    uint8_t root[MERKLE_HASH_SIZE];
    struct ledger_report report = verify();
    assert_int_equal(report.first.kind, WRONG_NONE);
    assert_int_equal(report.wrongs, 0);
    assert_int_equal(report.size, LEAVES);
    assert_int_equal(report.rows, LEAVES);
    assert_int_equal(report.head_size, LEAVES);
    merkle_root(&tree, root);
    assert_memory_equal(report.root, root, sizeof(root));
}

static void forgotten_row_is_no_fault(void **state)
{
    (void)state;
    run("UPDATE routing.history SET salt = NULL, actor = NULL, detail = NULL WHERE agg = 104");
    assert_int_equal(verify().wrongs, 0);
}

static void history_that_went_by_age_is_no_fault(void **state)
{
    (void)state;
    run("DELETE FROM routing.history WHERE agg IN (104, 106)");
    run("INSERT INTO routing.cases (id, ver) VALUES (104, -3)");
    run("INSERT INTO routing.horizon (minter, below, removed, leaves) VALUES (1, 107, 1, 3)");
    struct ledger_report report = verify();
    assert_int_equal(report.wrongs, 0);
    assert_int_equal(report.gone, 6);
    assert_int_equal(report.rows, LEAVES - 6);
    /* A version beyond the row's last, and an id that is not below the horizon, should be there. */
    run("DELETE FROM routing.history WHERE agg = 108");
    wrong_is("INSERT INTO routing.cases (id, ver) VALUES (108, -2)",
            &(struct ledger_wrong){WRONG_NO_ROW, 26, SERVICE_ROUTING, 108, 3, NULL});
    (void)fill(state);
    run("INSERT INTO routing.horizon (minter, below, removed, leaves) VALUES (1, 107, 1, 3)");
    wrong_is("DELETE FROM routing.history WHERE agg = 108",
            &(struct ledger_wrong){WRONG_NO_ROW, 24, SERVICE_ROUTING, 108, 1, NULL});
}

static void leaves_under_way_are_no_fault(void **state)
{
    (void)state;
    run("UPDATE audit.head SET (size, frontier) = (0, '')");
    run("UPDATE audit.pages SET first_place = NULL");
    run("INSERT INTO routing.outbox (id, dest, agg, n, type, at, due, payload)"
        " SELECT id, 5, id, 1, 5001, now(), now(), '' FROM audit.pages WHERE id = 5000");
    run("DELETE FROM audit.pages WHERE id = 5000");
    struct ledger_report report = verify();
    assert_int_equal(report.wrongs, 0);
    assert_int_equal(report.size, 0);
    assert_int_equal(report.under_way, LEAVES);
    wrong_is("DELETE FROM routing.outbox", &(struct ledger_wrong){.kind = WRONG_NO_LEAF,
                                                   .place = -1,
                                                   .service = SERVICE_ROUTING,
                                                   .agg = 100,
                                                   .ver = 1});
}

#define PAGE_OF(number) "WHERE id = 50" #number
/* Page 10 (routing, aggregate 110) has the places 30 to 32. Its leaves have one length, so the
 * second begins at (octet_length / 3). */
static void changed_pages_are_named_by_place(void **state)
{
    (void)state;
    static const struct {
        const char *change;
        struct ledger_wrong wrong;
    } table[] = {
            {"UPDATE audit.pages SET leaves = set_byte(leaves, octet_length(leaves) - 1,"
             " get_byte(leaves, octet_length(leaves) - 1) # 1) " PAGE_OF(10),
                    {WRONG_HASH, 32, SERVICE_ROUTING, 110, 3, NULL}},
            {"UPDATE audit.pages SET hashes = set_byte(hashes, 33, get_byte(hashes, 33) # "
             "8) " PAGE_OF(10),
                    {WRONG_HASH, 31, SERVICE_ROUTING, 110, 2, NULL}},
            {"DELETE FROM audit.pages " PAGE_OF(10), {WRONG_PAGE_MISSING, 30, 0, 0, 0, NULL}},
            {"DELETE FROM audit.pages " PAGE_OF(39), {WRONG_PAGE_MISSING, 117, 0, 0, 0, NULL}},
            {"UPDATE audit.pages SET count = 0 " PAGE_OF(10),
                    {WRONG_PAGE_MISSING, 30, 0, 0, 0, NULL}},
            {"UPDATE audit.pages SET count = 2 " PAGE_OF(10), {WRONG_COUNT, 32, 0, 0, 0, NULL}},
            {"UPDATE audit.pages SET first_place = 31 " PAGE_OF(10),
                    {WRONG_PAGE_MISSING, 30, 0, 0, 0, NULL}},
            {"UPDATE audit.pages SET first_place = 29 " PAGE_OF(10),
                    {WRONG_PLACE_TWICE, 29, 0, 0, 0, NULL}},
            {"UPDATE audit.pages SET leaves = '\\x0a' " PAGE_OF(10),
                    {WRONG_LEAF, 30, 0, 0, 0, NULL}},
            {"UPDATE audit.pages SET source = 3 " PAGE_OF(10),
                    {WRONG_SERVICE, 30, SERVICE_ROUTING, 110, 1, NULL}},
            {"UPDATE audit.head SET size = 116", {WRONG_BEYOND_HEAD, 116, 0, 0, 0, NULL}},
            {"UPDATE audit.head SET size = 119", {WRONG_HEAD, -1, 0, 0, 0, NULL}},
            {"UPDATE audit.head SET frontier = set_byte(frontier, 40, get_byte(frontier, 40) # 1)",
                    {WRONG_ROOT, 64, 0, 0, 0, NULL}},
            {"DELETE FROM audit.head", {WRONG_HEAD, -1, 0, 0, 0, NULL}},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        (void)fill(state);
        wrong_is(table[i].change, &table[i].wrong);
    }
}

/* With the hashes changed to fit, the leaves' own rows, or the root, tell. */
static void swapped_leaves_are_named(void **state)
{
    (void)state;
    wrong_is(
            "UPDATE audit.pages SET leaves = CASE id WHEN 5010 THEN (SELECT leaves FROM audit.pages"
            " WHERE id = 5012) ELSE (SELECT leaves FROM audit.pages WHERE id = 5010) END,"
            " hashes = CASE id WHEN 5010 THEN (SELECT hashes FROM audit.pages WHERE id = 5012)"
            " ELSE (SELECT hashes FROM audit.pages WHERE id = 5010) END WHERE id IN (5010, 5012)",
            &(struct ledger_wrong){WRONG_FIELD, 30, SERVICE_ROUTING, 112, 1, "page"});
    (void)fill(state);
    run("UPDATE audit.pages SET first_place = 1000 WHERE id = 5030");
    run("UPDATE audit.pages SET first_place = 90 WHERE id = 5032");
    wrong_is("UPDATE audit.pages SET first_place = 96 WHERE id = 5030",
            &(struct ledger_wrong){.kind = WRONG_ROOT, .place = 64});
}

static void changed_history_is_named_with_its_field(void **state)
{
    (void)state;
    static const char *const table[][2] = {
            {"kind = 5", "kind"},
            {"from_state = 0", "from_state"},
            {"to_state = 6", "to_state"},
            {"at = at + interval '1 ms'", "at"},
            {"unit = 10", "unit"},
            {"due = NULL", "due"},
            {"due = due - interval '1 hour'", "due"},
            {"rule_ver = 7", "rule_ver"},
            {"page = 5011", "page"},
            {"idx = 1", "idx"},
            {"actor = 'w2'", "salt, actor or detail"},
            {"actor = NULL", "salt, actor or detail"},
            {"detail = 'Done'", "salt, actor or detail"},
            {"salt = sha256('x')", "salt, actor or detail"},
            {"salt = NULL", "salt"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char sql[200];
        (void)fill(state);
        (void)snprintf(sql, sizeof(sql),
                "UPDATE routing.history SET %s WHERE agg = 110 AND ver = 1", table[i][0]);
        wrong_is(
                sql, &(struct ledger_wrong){WRONG_FIELD, 30, SERVICE_ROUTING, 110, 1, table[i][1]});
    }
}

static void missing_and_added_history_is_named(void **state)
{
    (void)state;
    wrong_is("DELETE FROM intake.history WHERE agg = 111 AND ver = 2",
            &(struct ledger_wrong){WRONG_NO_ROW, 34, SERVICE_INTAKE, 111, 2, NULL});
    (void)fill(state);
    wrong_is("INSERT INTO routing.history SELECT 110, 4, kind, from_state, to_state, at, unit, due,"
             " rule_ver, 77, 0, salt, actor, detail FROM routing.history WHERE agg = 110 AND ver = "
             "3",
            &(struct ledger_wrong){WRONG_NO_LEAF, -1, SERVICE_ROUTING, 110, 4, NULL});
    (void)fill(state);
    run("INSERT INTO routing.outbox (id, dest, agg, n, type, at, due, payload)"
        " VALUES (1, 5, 77, 1, 5001, now(), now(), '')");
    wrong_is("INSERT INTO routing.history SELECT 110, 5, kind, from_state, to_state, at, unit, due,"
             " rule_ver, 77, 0, salt, actor, detail FROM routing.history WHERE agg = 110 AND ver = "
             "3",
            &(struct ledger_wrong){WRONG_GAP, -1, SERVICE_ROUTING, 110, 4, NULL});
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fill)
    const struct CMUnitTest tests[] = {
            TEST(right_ledger_has_nothing_wrong),
            TEST(forgotten_row_is_no_fault),
            TEST(history_that_went_by_age_is_no_fault),
            TEST(leaves_under_way_are_no_fault),
            TEST(changed_pages_are_named_by_place),
            TEST(swapped_leaves_are_named),
            TEST(changed_history_is_named_with_its_field),
            TEST(missing_and_added_history_is_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
