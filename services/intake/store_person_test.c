/* Who calls, on a real PostgreSQL through the kernel's batches: nothing of it is in any table, in
 * no message and no page of the ledger but as sealed bytes; who may see it sees it, and leaves a
 * step; and when it is forgotten it is gone with its salts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <sodium.h>
#include "tests/kit/life.h"
#include "tests/kit/store.h"
#include "proto/hotline.pb-c.h"
#include "proto/intake.pb-c.h"
#include "services/intake/codec.h"
#include "services/intake/codec_person.h"
#include "services/intake/intake.h"
#include "services/intake/person.h"
#include "services/intake/store.h"
#include "services/kernel/bus/peers.h"

#define NAME "王小明"
#define PHONE "13812341234"
#define ADDRESS "幸福路7号3单元"
#define SAID "我叫王小明，电话13812341234，路灯坏了"
#define MATTER                                                                                     \
    "INSERT INTO directory.matter (id, code, category, name_zh, name_en, start_level,"             \
    " handler_kind, clock, accept_min, handle_min, step_up_min, verify_min, dup_m, dup_h) VALUES"  \
    " (8, 'LAMP', '', '', '', 4, 1, 'all', 0, 60, 0, 60, 0, 0);"
/* A district with its desk and two streets; in the first a desk, a squad, a village, two grids. */
#define FILL                                                                                       \
    MATTER                                                                                         \
    "INSERT INTO directory.unit (id, code, parent, depth, level, kind, name_zh, name_en) VALUES"   \
    " (1, 'D', NULL, 0, 4, 'district', '', ''), (2, 'S1', 1, 1, 3, 'street', '', ''),"             \
    " (3, 'V1', 2, 2, 2, 'village', '', ''), (4, 'G1', 3, 3, 1, 'grid', '', ''),"                  \
    " (5, 'S2', 1, 1, 3, 'street', '', ''), (6, 'D-DESK', 1, 1, 4, 'desk', '', ''),"               \
    " (7, 'S1-DESK', 2, 2, 3, 'desk', '', ''), (8, 'S1-SQ', 2, 2, 3, 'squad', '', ''),"            \
    " (9, 'G2', 3, 3, 1, 'grid', '', ''), (10, 'S2-DESK', 5, 2, 3, 'centre', '', ''),"             \
    " (11, 'D-DEP', 1, 1, 4, 'department', '', '');"                                               \
    "INSERT INTO directory.staff (id, code, name, unit, role) VALUES (1, 'd', '', 1, 'desk'),"     \
    " (2, 's1', '', 2, 'desk'), (3, 'v1', '', 3, 'desk'), (4, 'g1', '', 4, 'worker'),"             \
    " (5, 's2', '', 5, 'desk'), (6, 'd-desk', '', 6, 'desk'), (7, 's1-desk', '', 7, 'desk'),"      \
    " (8, 's1-sq', '', 8, 'squad'), (9, 'g2', '', 9, 'worker'), (10, 's2-desk', '', 10, 'desk'),"  \
    " (11, 'd-dep', '', 11, 'desk'), (12, 'd-machine', '', 1, 'machine'),"                         \
    " (13, 's1-sup', '', 2, 'supervisor'), (14, 's1-vol', '', 8, 'volunteer')"

static const struct seal_keys none = {0}, old = {1, {{1}}}, both = {2, {{2}, {1}}},
                              new = {1, {{2}}};
static struct arena arena;

static int group_setup(void **state)
{
    (void)state;
    arena_init(&arena, 8 << 20);
    kit_store_start(&intake_ops, FILL);
    return sodium_init() < 0;
}

static int group_teardown(void **state)
{
    (void)state;
    store_fini();
    kit_store_stop();
    arena_fini(&arena);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    kit_store_clear("person, delivery, ticket, report, outbox, history, counter_delta, "
                    "counter_kept, command");
    intake_persons_set(&old);
    return 0;
}

struct call_in {
    const char *ticket, *about, *text, *unit;
    bool nobody, confidential;
};

static struct work *call_add(struct call_in call)
{
    Huying__Hotline__Report message = HUYING__HOTLINE__REPORT__INIT;
    Huying__Hotline__Reporter caller = HUYING__HOTLINE__REPORTER__INIT;
    char name[] = NAME, phone[] = PHONE, address[] = ADDRESS, matter[] = "LAMP", ticket[16];
    char about[16], text[100], street[] = "S1", village[] = "V1", unit[16];
    char *codes[] = {street, village, unit};
    (void)snprintf(ticket, sizeof ticket, "%s", call.ticket);
    (void)snprintf(about, sizeof about, "%s", call.about ? call.about : "");
    (void)snprintf(text, sizeof text, "%s", call.text ? call.text : "");
    (void)snprintf(unit, sizeof unit, "%s", call.unit ? call.unit : "G1");
    caller.name = name;
    caller.phone = phone;
    caller.address = address;
    caller.confidential = call.confidential;
    message.ticket = ticket;
    message.matter = matter;
    message.text = text;
    message.about = about;
    message.unit_codes = codes;
    message.n_unit_codes = 3;
    message.caller = call.nobody ? NULL : &caller;
    message.intent =
            *about ? HUYING__HOTLINE__INTENT__INTENT_URGE : HUYING__HOTLINE__INTENT__INTENT_REPORT;
    struct work *work = kit_command(0, HOTLINE_REPORT, &message.base, "");
    work->right_held = RIGHT_HOTLINE;
    return work;
}

static struct work *call_in(struct call_in call)
{
    struct work *work = call_add(call);
    kit_batch_run();
    return work;
}

static int64_t count(const char *sql)
{
    return kit_pg_int(kit_store.server, sql);
}

/* Rows of the schema in which the text stands, as it is or as bytes. */
static int64_t rows_with(const char *text)
{
    char sql[700], hex[200];
    int64_t found = 0;
    (void)sodium_bin2hex(hex, sizeof hex, (const uint8_t *)text, strlen(text));
    PGresult *tables = kit_pg_sql(kit_store.server,
            "SELECT tablename FROM pg_tables WHERE schemaname = 'intake' ORDER BY 1");
    assert_true(PQntuples(tables) > 10);
    for (int row = 0; row < PQntuples(tables); row++) {
        (void)snprintf(sql, sizeof sql,
                "SELECT count(*) FROM intake.%s AS t WHERE strpos(t::text, '%s') > 0 "
                "OR strpos(t::text, '%s') > 0",
                PQgetvalue(tables, row, 0), text, hex);
        found += count(sql);
    }
    PQclear(tables);
    return found;
}

static void follow_up(int64_t id, const char *text)
{
    Huying__Hotline__FollowUp message = HUYING__HOTLINE__FOLLOW_UP__INIT;
    char said[100];
    (void)snprintf(said, sizeof said, "%s", text);
    message.unsolved = 1;
    message.text = said;
    struct work *work = kit_command(id, INTAKE_FOLLOW_UP, &message.base, "d");
    work->request_id = "f1";
    kit_batch_run();
    assert_int_equal(work->verdict, VERDICT_APPLIED);
}

static void nothing_of_a_caller_is_in_any_table(void **state)
{
    (void)state;
    int64_t id = call_in((struct call_in){.ticket = "T1", .text = SAID})->input.agg;
    (void)call_in((struct call_in){.ticket = "T2", .about = "T1", .text = SAID});
    kit_pg_run(kit_store.server, "UPDATE intake.report SET state = 2, ended = now()");
    follow_up(id, SAID);
    assert_int_equal(count("SELECT count(*) FROM intake.person"), 3);
    static const char *const secrets[] = {NAME, PHONE, ADDRESS, "小明", "1234123"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if (rows_with(secrets[i]))
            fail_msg("%s stands in %d rows", secrets[i], (int)rows_with(secrets[i]));
    assert_true(rows_with("路灯坏了") >= 3); /* what was searched has the words beside it */
}

static void without_a_key_no_caller_is_taken(void **state)
{
    (void)state;
    intake_persons_set(&none);
    struct work *work = call_in((struct call_in){.ticket = "T1"});
    assert_int_equal(work->verdict, VERDICT_REFUSED);
    assert_int_equal(work->reason & REASON_MASK, REASON_REPORTER_NOT_YET);
    work = call_in((struct call_in){.ticket = "T1", .nobody = true, .text = SAID});
    assert_int_equal(work->verdict, VERDICT_APPLIED);
    assert_int_equal(rows_with(PHONE), 0);
    work = call_in((struct call_in){.ticket = "T2", .about = "T1"});
    assert_int_equal(work->reason & REASON_MASK, REASON_REPORTER_NOT_YET);
    assert_int_equal(count("SELECT count(*) FROM intake.person"), 0);
}

static struct work *ask_add(uint32_t type, int64_t id, const char *actor)
{
    Huying__Intake__PersonRequest message = HUYING__INTAKE__PERSON_REQUEST__INIT;
    char why[] = "call back";
    message.id = id;
    message.why = why;
    struct work *work = kit_command(0, type, &message.base, actor);
    work->request_id = "r1";
    if (type == INTAKE_FORGET_PERSON)
        work->right_held = RIGHT_OPERATE;
    return work;
}

static struct work *see(int64_t id, const char *actor)
{
    struct work *work = ask_add(INTAKE_SEE_PERSON, id, actor);
    kit_batch_run();
    return work;
}

static struct kept_person *callers_of(const struct work *work, size_t *ret_count)
{
    struct kept_person *list;
    assert_int_equal(work->verdict, VERDICT_APPLIED);
    assert_int_equal(callers_decode(work->answer, &arena, &list, ret_count), OK);
    return list;
}

static void all_callers_of_a_case_are_shown_and_a_step_is_left(void **state)
{
    (void)state;
    int64_t id = call_in((struct call_in){.ticket = "T1", .text = SAID})->input.agg;
    (void)call_in((struct call_in){.ticket = "T2", .about = "T1"});
    size_t shown;
    const struct kept_person *list = callers_of(see(id, "s1"), &shown);
    assert_int_equal(shown, 2);
    assert_string_equal(list[0].ref, "T1");
    assert_string_equal(list[0].person.name, NAME);
    assert_string_equal(list[0].person.phone, PHONE);
    assert_string_equal(list[0].person.address, ADDRESS);
    assert_string_equal(list[0].text, SAID);
    assert_string_equal(list[1].ref, "T2");
    assert_string_equal(list[1].text, "");
    assert_int_equal(count("SELECT count(*) FROM intake.history WHERE kind = 8 AND actor = 's1' "
                           "AND convert_from(detail, 'UTF8') = '{\"why\":\"call back\"}'"),
            1);
    assert_int_equal(count("SELECT count(*) FROM intake.command"), 0);
    (void)see(id, "s1"); /* the same request: seen twice */
    assert_int_equal(count("SELECT count(*) FROM intake.history WHERE kind = 8"), 2);
    assert_int_equal(rows_with(PHONE), 0);
}

/* Who may see the callers of a case in G1, of S1's village V1; and the confidential ones. */
static void access_goes_by_the_tree(void **state)
{
    static const struct {
        const char *actor;
        uint32_t open, confidential; /* the refusals */
    } table[] = {{"g1", 0, REASON_CALLER_DENIED}, {"v1", 0, REASON_CALLER_DENIED},
            {"s1", 0, REASON_CALLER_DENIED}, {"s1-sup", 0, REASON_CALLER_DENIED},
            {"s1-desk", 0, REASON_CALLER_DENIED}, {"d", 0, 0}, {"d-desk", 0, 0},
            {"g2", REASON_CALLER_DENIED, REASON_CALLER_DENIED},
            {"s2", REASON_CALLER_DENIED, REASON_CALLER_DENIED},
            {"s2-desk", REASON_CALLER_DENIED, REASON_CALLER_DENIED},
            {"s1-sq", REASON_CALLER_DENIED, REASON_CALLER_DENIED},
            {"s1-vol", REASON_CALLER_DENIED, REASON_CALLER_DENIED},
            {"d-dep", REASON_CALLER_DENIED, REASON_CALLER_DENIED},
            {"d-machine", REASON_CALLER_ACTOR, REASON_CALLER_ACTOR},
            {"nobody", REASON_CALLER_ACTOR, REASON_CALLER_ACTOR},
            {"", REASON_CALLER_ACTOR, REASON_CALLER_ACTOR},
            {"system:notice", REASON_CALLER_ACTOR, REASON_CALLER_ACTOR}};
    (void)state;
    int64_t open = call_in((struct call_in){.ticket = "T1"})->input.agg;
    int64_t closed = call_in((struct call_in){.ticket = "T2", .confidential = true})->input.agg;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct work *work = see(open, table[i].actor);
        uint32_t first = work->reason & REASON_MASK;
        bool leaks = table[i].open && memmem(work->answer.data, work->answer.size, PHONE, 11);
        work = see(closed, table[i].actor);
        uint32_t second = work->reason & REASON_MASK;
        leaks |= table[i].confidential && memmem(work->answer.data, work->answer.size, PHONE, 11);
        if (first != table[i].open || second != table[i].confidential || leaks)
            fail_msg("%s: %u and %u%s; expected %u and %u", table[i].actor, first, second,
                    leaks ? ", and it leaks" : "", table[i].open, table[i].confidential);
    }
    /* A case placed at the street is not for those below it. */
    int64_t above = call_in((struct call_in){.ticket = "T3", .unit = "X"})->input.agg;
    kit_pg_run(kit_store.server, "UPDATE intake.report SET unit = 2 WHERE ref = 'T3'");
    assert_int_equal(see(above, "g1")->reason & REASON_MASK, REASON_CALLER_DENIED);
    assert_int_equal(see(above, "s1")->verdict, VERDICT_APPLIED);
}

static void the_service_itself_sees_under_a_name_no_key_has(void **state)
{
    (void)state;
    int64_t id = call_in((struct call_in){.ticket = "T1", .confidential = true})->input.agg;
    struct work *work = ask_add(INTAKE_SEE_PERSON, id, "system:notice");
    (void)snprintf(work->input.peer, sizeof work->input.peer, "system:notice");
    kit_batch_run();
    assert_int_equal(work->verdict, VERDICT_APPLIED);
    assert_non_null(memmem(work->answer.data, work->answer.size, PHONE, 11));
}

/* With an aggregate in its envelope the answer would be kept for the next asking, plain. */
static void a_request_that_names_an_aggregate_gets_nothing(void **state)
{
    (void)state;
    int64_t id = call_in((struct call_in){.ticket = "T1"})->input.agg;
    struct work *work = ask_add(INTAKE_SEE_PERSON, id, "d");
    work->input.agg = id;
    kit_batch_run();
    assert_int_equal(work->verdict, VERDICT_NOT_FOUND);
    assert_null(memmem(work->answer.data, work->answer.size, PHONE, 11));
    assert_int_equal(see(id + 5000, "d")->verdict, VERDICT_NOT_FOUND);
}

static void what_does_not_open_is_said_to_be_so(void **state)
{
    (void)state;
    int64_t id = call_in((struct call_in){.ticket = "T1"})->input.agg;
    int64_t nobody = call_in((struct call_in){.ticket = "T2", .nobody = true})->input.agg;
    assert_int_equal(see(nobody, "d")->reason & REASON_MASK, REASON_CALLER_NONE);
    intake_persons_set(&new);
    assert_int_equal(see(id, "d")->reason & REASON_MASK, REASON_CALLER_SEALED);
    intake_persons_set(&both);
    assert_int_equal(see(id, "d")->verdict, VERDICT_APPLIED);
    kit_pg_run(kit_store.server, "UPDATE intake.person SET sealed = set_byte(sealed, 45, "
                                 "get_byte(sealed, 45) # 1)");
    assert_int_equal(see(id, "d")->reason & REASON_MASK, REASON_CALLER_SEALED);
}

/* Bytes of another row do not open in this one. */
static void a_row_moved_to_another_case_does_not_open(void **state)
{
    (void)state;
    int64_t one = call_in((struct call_in){.ticket = "T1"})->input.agg;
    (void)call_in((struct call_in){.ticket = "T2"});
    assert_int_equal(see(one, "d")->verdict, VERDICT_APPLIED);
    kit_pg_run(kit_store.server,
            "UPDATE intake.person AS a SET sealed = b.sealed FROM intake.person AS b "
            "WHERE a.report <> b.report");
    assert_int_equal(see(one, "d")->reason & REASON_MASK, REASON_CALLER_SEALED);
}

static void a_body_is_a_repeat_also_under_a_newer_key(void **state)
{
    (void)state;
    const struct call_in call = {.ticket = "T1", .text = SAID};
    assert_int_equal(call_in(call)->verdict, VERDICT_APPLIED);
    assert_int_equal(call_in(call)->verdict, VERDICT_DUPLICATE);
    intake_persons_set(&both);
    assert_int_equal(call_in(call)->verdict, VERDICT_DUPLICATE);
    intake_persons_set(&new);
    assert_int_equal(call_in(call)->reason & REASON_MASK, REASON_TICKET_REUSED);
    intake_persons_set(&both);
    struct call_in other = call;
    other.confidential = true;
    assert_int_equal(call_in(other)->reason & REASON_MASK, REASON_TICKET_REUSED);
    assert_int_equal(count("SELECT count(*) FROM intake.person"), 1);
}

/* What was accepted before there was a key is a repeat with it, when its words hide something. */
static void a_body_of_before_there_was_a_key_is_a_repeat(void **state)
{
    (void)state;
    const struct call_in call = {.ticket = "T1", .text = SAID, .nobody = true};
    intake_persons_set(&none);
    assert_int_equal(call_in(call)->verdict, VERDICT_APPLIED);
    intake_persons_set(&old);
    assert_int_equal(call_in(call)->verdict, VERDICT_DUPLICATE);
}

static void cards_are_shown_masked(void **state)
{
    (void)state;
    int64_t id = call_in((struct call_in){.ticket = "T1", .text = SAID})->input.agg;
    (void)call_in((struct call_in){.ticket = "T2", .about = "T1", .confidential = true});
    (void)call_in((struct call_in){.ticket = "T3", .about = "T1", .nobody = true, .text = SAID});
    Huying__Intake__ReportQuery query = HUYING__INTAKE__REPORT_QUERY__INIT;
    query.id = id;
    struct report_view view;
    assert_int_equal(report_view_decode(kit_query(INTAKE_REPORT, &query.base), &arena, &view), OK);
    assert_int_equal(view.card_count, 2);
    assert_string_equal(view.cards[0], "王** 138****1234");
    assert_string_equal(view.cards[1], "***");
    intake_persons_set(&none);
    assert_int_equal(report_view_decode(kit_query(INTAKE_REPORT, &query.base), &arena, &view), OK);
    assert_int_equal(view.card_count, 0);
}

static void forgetting_takes_rows_words_and_salts(void **state)
{
    (void)state;
    int64_t id = call_in((struct call_in){.ticket = "T1", .text = SAID})->input.agg;
    (void)call_in((struct call_in){.ticket = "T2", .about = "T1"});
    int64_t other = call_in((struct call_in){.ticket = "T3"})->input.agg;
    (void)see(id, "d");
    assert_int_equal(ask_add(INTAKE_FORGET_PERSON, id, "")->verdict, 0);
    kit_batch_run();
    assert_int_equal(count("SELECT count(*) FROM intake.person"), 1);
    assert_int_equal(count("SELECT count(*) FROM intake.history WHERE salt IS NULL AND actor IS "
                           "NULL AND detail IS NULL AND kind IN (1, 5)"),
            2);
    assert_int_equal(count("SELECT count(*) FROM intake.history WHERE salt IS NOT NULL AND detail "
                           "IS NOT NULL AND kind IN (8, 9)"),
            2);
    assert_int_equal(see(id, "d")->reason & REASON_MASK, REASON_CALLER_NONE);
    assert_int_equal(see(other, "d")->verdict, VERDICT_APPLIED);
    /* In one batch: what came before it goes, what comes after it stays. */
    (void)call_add((struct call_in){.ticket = "T4", .about = "T1"});
    kit_batch_run();
    assert_int_equal(see(id, "d")->verdict, VERDICT_APPLIED);
}

static void who_has_seen_is_asked(void **state)
{
    (void)state;
    int64_t id = call_in((struct call_in){.ticket = "T1"})->input.agg;
    (void)see(id, "d");
    (void)see(id, "s1");
    (void)ask_add(INTAKE_FORGET_PERSON, id, "");
    kit_batch_run();
    Huying__Intake__ReportQuery query = HUYING__INTAKE__REPORT_QUERY__INIT;
    query.id = id;
    struct bytes answer = kit_query(INTAKE_PERSON_READS, &query.base);
    Huying__Intake__PersonReads *reads =
            huying__intake__person_reads__unpack(NULL, answer.size, answer.data);
    assert_non_null(reads);
    assert_int_equal(reads->n_items, 3);
    assert_string_equal(reads->items[0]->actor, "d");
    assert_string_equal(reads->items[0]->why, "call back");
    assert_string_equal(reads->items[1]->actor, "s1");
    assert_false(reads->items[1]->deleted);
    assert_true(reads->items[2]->deleted);
    assert_string_equal(reads->items[2]->actor, "test");
    huying__intake__person_reads__free_unpacked(reads, NULL);
}

static void persons_go_with_the_reports_data(void **state)
{
    (void)state;
    int64_t id = call_in((struct call_in){.ticket = "T1"})->input.agg;
    kit_pg_run(kit_store.server, "DELETE FROM intake.outbox; UPDATE intake.report SET state = 2, "
                                 "ended = accepted");
    kit_row_ends(kit_store.server, &intake_ops, id);
    assert_int_equal(count("SELECT count(*) FROM intake.person"), 0);
}

static struct work *reseal_add(int64_t id)
{
    Huying__Intake__PersonReseal message = HUYING__INTAKE__PERSON_RESEAL__INIT;
    message.id = id;
    struct work *work = kit_command(0, INTAKE_RESEAL_PERSON, &message.base, "");
    work->request_id = "n1";
    work->right_held = RIGHT_OPERATE;
    return work;
}

/* So many rows were sealed anew, so many do not open. */
static void expect_resealed(const struct work *work, uint32_t rows, uint32_t broken)
{
    Huying__Intake__PersonResealed *answer =
            huying__intake__person_resealed__unpack(NULL, work->answer.size, work->answer.data);
    assert_non_null(answer);
    assert_int_equal(work->verdict, rows ? VERDICT_APPLIED : VERDICT_DUPLICATE);
    assert_int_equal(answer->rows, rows);
    assert_int_equal(answer->broken, broken);
    assert_int_equal(answer->key, seal_key_id(intake_persons(), 0));
    huying__intake__person_resealed__free_unpacked(answer, NULL);
}

static int64_t rows_by(const struct seal_keys *keys)
{
    char sql[100];
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM intake.person WHERE key = %lld",
            (long long)seal_key_id(keys, 0));
    return count(sql);
}

/* Reports that have rows by that key, behind `after`, two at most. */
static size_t sealed_by(const struct seal_keys *keys, int64_t after, int64_t ret[2])
{
    Huying__Intake__PersonSealedQuery query = HUYING__INTAKE__PERSON_SEALED_QUERY__INIT;
    query.key = seal_key_id(keys, 0);
    query.after = after;
    query.limit = 2;
    struct bytes answer = kit_query(INTAKE_PERSON_SEALED, &query.base);
    Huying__Intake__PersonSealed *list =
            huying__intake__person_sealed__unpack(NULL, answer.size, answer.data);
    assert_non_null(list);
    size_t found = list->n_ids;
    if (found)
        memcpy(ret, list->ids, found * sizeof *ret);
    huying__intake__person_sealed__free_unpacked(list, NULL);
    return found;
}

/* What huyingctl does, broken off in the middle and begun anew. Then the old key's line goes. */
static void what_an_old_key_sealed_is_sealed_by_the_new_one(void **state)
{
    int64_t ids[3], found[2];
    (void)state;
    ids[0] = call_in((struct call_in){.ticket = "T1", .text = SAID})->input.agg;
    (void)call_in((struct call_in){.ticket = "T2", .about = "T1"});
    ids[1] = call_in((struct call_in){.ticket = "T3"})->input.agg;
    ids[2] = call_in((struct call_in){.ticket = "T4", .confidential = true})->input.agg;
    int64_t steps = count("SELECT count(*) FROM intake.history");
    intake_persons_set(&both);
    assert_int_equal(sealed_by(&old, 0, found), 2);
    assert_int_equal(found[0], ids[0]);
    assert_int_equal(found[1], ids[1]);
    struct work *first = reseal_add(ids[0]), *again = reseal_add(ids[0]);
    kit_batch_run();
    expect_resealed(first, 2, 0);
    expect_resealed(again, 2, 0); /* of the same batch: once is enough */
    first = reseal_add(ids[0]);
    kit_batch_run();
    expect_resealed(first, 0, 0);
    assert_int_equal(sealed_by(&old, 0, found), 2);
    assert_int_equal(found[0], ids[1]);
    (void)reseal_add(ids[1]);
    (void)reseal_add(ids[2]);
    kit_batch_run();
    assert_int_equal(sealed_by(&old, 0, found), 0);
    assert_int_equal(rows_by(&old), 0);
    assert_int_equal(rows_by(&new), 4);
    assert_int_equal(count("SELECT count(*) FROM intake.history"), steps);
    assert_int_equal(count("SELECT count(*) FROM intake.command WHERE request_id = 'n1'"), 0);
    intake_persons_set(&new);
    size_t shown;
    const struct kept_person *list = callers_of(see(ids[0], "d"), &shown);
    assert_int_equal(shown, 2);
    assert_string_equal(list[0].person.phone, PHONE);
    assert_string_equal(list[0].text, SAID);
    (void)callers_of(see(ids[2], "d"), &shown);
    assert_int_equal(shown, 1);
}

static void keys_and_their_rows_are_told(void **state)
{
    (void)state;
    (void)call_in((struct call_in){.ticket = "T1"});
    (void)call_in((struct call_in){.ticket = "T2"});
    intake_persons_set(&new);
    (void)call_in((struct call_in){.ticket = "T3"});
    struct bytes answer = kit_query(INTAKE_PERSON_KEYS, NULL);
    Huying__Intake__PersonKeys *keys =
            huying__intake__person_keys__unpack(NULL, answer.size, answer.data);
    assert_non_null(keys);
    assert_int_equal(keys->first, seal_key_id(&new, 0));
    assert_int_equal(keys->n_items, 2);
    for (size_t i = 0; i < 2; i++) {
        bool is_new = keys->items[i]->key == seal_key_id(&new, 0);
        assert_int_equal(keys->items[i]->rows, is_new ? 1 : 2);
        assert_int_equal(keys->items[i]->known, is_new);
    }
    huying__intake__person_keys__free_unpacked(keys, NULL);
}

static void what_does_not_open_stays_as_it_is(void **state)
{
    (void)state;
    int64_t id = call_in((struct call_in){.ticket = "T1"})->input.agg;
    intake_persons_set(&new);
    struct work *work = reseal_add(id);
    kit_batch_run();
    expect_resealed(work, 0, 1);
    assert_int_equal(rows_by(&old), 1);
    work = reseal_add(id + 5000);
    kit_batch_run();
    assert_int_equal(work->verdict, VERDICT_NOT_FOUND);
    intake_persons_set(&both);
    work = reseal_add(id);
    kit_batch_run();
    expect_resealed(work, 1, 0);
}

/* Both in one batch, in either order: the rows that were opened do not come back. */
static void what_is_forgotten_is_not_sealed_anew(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        int64_t id = call_in((struct call_in){.ticket = order ? "T2" : "T1"})->input.agg;
        intake_persons_set(&both);
        if (order)
            (void)reseal_add(id);
        (void)ask_add(INTAKE_FORGET_PERSON, id, "");
        if (!order)
            (void)reseal_add(id);
        kit_batch_run();
        assert_int_equal(count("SELECT count(*) FROM intake.person"), 0);
        intake_persons_set(&old);
    }
}

#define CASE(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(nothing_of_a_caller_is_in_any_table),
            CASE(without_a_key_no_caller_is_taken),
            CASE(all_callers_of_a_case_are_shown_and_a_step_is_left), CASE(access_goes_by_the_tree),
            CASE(the_service_itself_sees_under_a_name_no_key_has),
            CASE(a_request_that_names_an_aggregate_gets_nothing),
            CASE(what_does_not_open_is_said_to_be_so),
            CASE(a_row_moved_to_another_case_does_not_open),
            CASE(a_body_is_a_repeat_also_under_a_newer_key),
            CASE(a_body_of_before_there_was_a_key_is_a_repeat), CASE(cards_are_shown_masked),
            CASE(forgetting_takes_rows_words_and_salts), CASE(who_has_seen_is_asked),
            CASE(persons_go_with_the_reports_data),
            CASE(what_an_old_key_sealed_is_sealed_by_the_new_one),
            CASE(keys_and_their_rows_are_told), CASE(what_does_not_open_stays_as_it_is),
            CASE(what_is_forgotten_is_not_sealed_anew)};
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
