/* Codes on a real PostgreSQL through the kernel's batches: made once under a ticket, nothing of the
 * card in any table but sealed, opened by helpers with a step for each, calls for help that become
 * one case, withdrawn, forgotten, and no report of anybody's. */
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
#include "services/intake/hotline/codec.h"
#include "services/intake/qr.h"
#include "services/intake/store.h"
#include "services/kernel/bus/peers.h"

#define NAME "李秀兰"
#define PHONE "13987654321"
#define ADDRESS "幸福路7号3单元"
#define HELPS "心脏病，药在床头柜\n不要搬动"
#define FILL                                                                                       \
    "INSERT INTO directory.matter (id, code, category, name_zh, name_en, start_level,"             \
    " handler_kind, clock, accept_min, handle_min, step_up_min, verify_min, dup_m, dup_h, "        \
    "urgency)"                                                                                     \
    " VALUES (8, 'LAMP', '', '路灯', 'Lamp', 4, 1, 'all', 0, 60, 0, 60, 0, 0, 'normal'),"        \
    " (9, 'HELP', '', '求助', 'Help', 4, 1, 'all', 0, 60, 0, 60, 0, 0, 'emergency');"            \
    "INSERT INTO directory.unit (id, code, parent, depth, level, kind, name_zh, name_en) VALUES"   \
    " (1, 'D', NULL, 0, 4, 'district', '区', 'District'), (2, 'S1', 1, 1, 3, 'street', '', ''),"  \
    " (3, 'V1', 2, 2, 2, 'village', '', ''), (4, 'G1', 3, 3, 1, 'grid', '一格', 'Grid 1'),"      \
    " (7, 'S1-DESK', 2, 2, 3, 'desk', '', '');"                                                    \
    "INSERT INTO directory.staff (id, code, name, unit, role) VALUES (1, 'd', '', 1, 'desk'),"     \
    " (2, 's1', '', 7, 'desk'), (4, 'g1', '', 4, 'worker'), (5, 'v1', '', 3, 'desk'),"             \
    " (12, 'm', '', 1, 'machine')"

static const struct seal_keys none = {0}, persons = {1, {{1}}};
static const struct follow_keys follow = {1, {{7}}};
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
    kit_store_clear("qr, person, delivery, ticket, report, outbox, history, counter_delta, "
                    "counter_kept, command");
    intake_persons_set(&persons);
    intake_qr_set(&follow, "https://h/q/");
    return 0;
}

static int64_t count(const char *sql)
{
    return kit_pg_int(kit_store.server, sql);
}

static uint32_t reason(const struct work *work)
{
    return work->verdict == VERDICT_REFUSED ? work->reason & REASON_MASK : 0;
}

struct make {
    const char *ticket, *name, *matter, *unit, *helpers[3], *phone;
    bool person, point;
};
static const struct make place = {.ticket = "P1", .name = "东门", .matter = "LAMP", .unit = "G1"};
static const struct make person = {
        .ticket = "C1", .matter = "HELP", .helpers = {"g1", "s1"}, .phone = PHONE, .person = true};

static struct work *make_add(const struct make *make)
{
    Huying__Intake__QrMake message = HUYING__INTAKE__QR_MAKE__INIT;
    Huying__Intake__QrCard card = HUYING__INTAKE__QR_CARD__INIT;
    char texts[10][64] = {{0}}, *helpers[3], *matters[] = {texts[2]};
    char name[] = NAME, address[] = ADDRESS, helps[] = HELPS, contact[] = "女儿";
    const char *const given[] = {make->ticket, make->name, make->matter, make->unit, make->phone};
    for (size_t i = 0; i < 5; i++)
        (void)snprintf(texts[i], sizeof texts[i], "%s", given[i] ? given[i] : "");
    for (size_t i = 0; i < 3 && make->helpers[i]; i++) {
        (void)snprintf(texts[5 + i], sizeof texts[i], "%s", make->helpers[i]);
        helpers[message.n_helpers++] = texts[5 + i];
    }
    card.name = name;
    card.address = address;
    card.contact = contact;
    card.phone = texts[4];
    card.helps = helps;
    message.ticket = texts[0];
    message.kind = make->person ? QR_PERSON : QR_PLACE;
    message.name = texts[1];
    message.matters = matters;
    message.n_matters = *texts[2] != 0;
    message.unit = texts[3];
    message.helpers = helpers;
    message.longitude = make->point ? 113.25 : 0;
    message.latitude = make->point ? 23.125 : 0;
    message.card = make->person ? &card : NULL;
    struct work *work = kit_command(0, INTAKE_QR_MAKE, &message.base, "");
    work->right_held = RIGHT_OPERATE;
    return work;
}

static struct work *make(struct make of)
{
    struct work *work = make_add(&of);
    kit_batch_run();
    return work;
}

static Huying__Intake__QrMade *made_of(const struct work *work)
{
    Huying__Intake__QrMade *made =
            huying__intake__qr_made__unpack(NULL, work->answer.size, work->answer.data);
    assert_non_null(made);
    return made;
}

static int64_t person_make(void)
{
    const struct work *work = make(person);
    assert_int_equal(work->verdict, VERDICT_APPLIED);
    return work->input.agg;
}

static struct work *change_add(uint32_t type, int64_t id, const char *staff, bool ends)
{
    Huying__Intake__QrChange message = HUYING__INTAKE__QR_CHANGE__INIT;
    char text[40], why[] = "worn";
    (void)snprintf(text, sizeof text, "%s", staff);
    message.id = id;
    message.staff = text;
    message.ends = ends;
    message.why = why;
    struct work *work = kit_command(0, type, &message.base, "");
    work->right_held = RIGHT_OPERATE;
    work->request_id = "c1";
    return work;
}

static struct work *change(uint32_t type, int64_t id, const char *staff, bool ends)
{
    struct work *work = change_add(type, id, staff, ends);
    kit_batch_run();
    return work;
}

static struct work *see(int64_t id, const char *actor)
{
    Huying__Intake__PersonRequest message = HUYING__INTAKE__PERSON_REQUEST__INIT;
    char why[] = "a visit";
    message.id = id;
    message.why = why;
    struct work *work = kit_command(0, INTAKE_SEE_PERSON, &message.base, actor);
    kit_batch_run();
    return work;
}

/* Of all codes, by id. */
static struct qr_code *codes(size_t *ret_count)
{
    static struct qr_code list[QR_CODES_MAX];
    Huying__Intake__QrQuery query = HUYING__INTAKE__QR_QUERY__INIT;
    query.limit = QR_CODES_MAX;
    assert_int_equal(
            qr_codes_decode(kit_query(INTAKE_QR_CODES, &query.base), &arena, list, ret_count), OK);
    return list;
}

static void a_place_is_made_once_under_its_ticket(void **state)
{
    size_t found;
    (void)state;
    const struct work *work = make(place);
    int64_t id = work->input.agg;
    assert_int_equal(work->verdict, VERDICT_APPLIED);
    Huying__Intake__QrMade *first = made_of(work), *again;
    work = make(place);
    assert_int_equal(work->verdict, VERDICT_DUPLICATE);
    again = made_of(work);
    assert_true(first->id == id && again->id == id);
    assert_string_equal(first->url, again->url);
    assert_true(qr_token_read(&follow, first->url + strlen("https://h/q/")) == id);
    struct make other = place;
    other.name = "西门";
    assert_int_equal(reason(make(other)), REASON_TICKET_REUSED);
    const struct qr_code *code = codes(&found);
    assert_int_equal(found, 1);
    assert_string_equal(code->name, "东门");
    assert_string_equal(code->ref, "P1");
    assert_string_equal(code->matters[0].code, "LAMP");
    assert_string_equal(code->matters[0].name_zh, "路灯");
    assert_string_equal(code->unit_en, "Grid 1");
    assert_string_equal(code->url, first->url);
    assert_false(code->has_point || code->withdrawn);
    huying__intake__qr_made__free_unpacked(first, NULL);
    huying__intake__qr_made__free_unpacked(again, NULL);
}

static void what_is_wrong_is_refused_and_leaves_nothing(void **state)
{
    static const struct {
        struct make make;
        uint32_t reason; /* 0: malformed */
    } table[] = {
            {{.ticket = "A", .name = "n", .matter = "NONE", .unit = "G1"}, REASON_QR_MATTER},
            {{.ticket = "B", .name = "n", .matter = "LAMP", .unit = "NONE"}, REASON_UNKNOWN_UNIT},
            {{.ticket = "C", .matter = "LAMP", .helpers = {"g1"}, .phone = PHONE, .person = true},
                    REASON_QR_MATTER}, /* not urgent */
            {{.ticket = "D", .matter = "HELP", .helpers = {"x"}, .phone = PHONE, .person = true},
                    REASON_QR_HELPER},
            {{.ticket = "E", .matter = "HELP", .helpers = {"m"}, .phone = PHONE, .person = true},
                    REASON_QR_HELPER},
            {{.ticket = "F",
                     .matter = "HELP",
                     .helpers = {"g1", "g1"},
                     .phone = PHONE,
                     .person = true},
                    REASON_QR_HELPER},
            {{.ticket = "G", .matter = "HELP", .phone = PHONE, .person = true}, 0},
            {{.ticket = "H", .matter = "HELP", .helpers = {"g1"}, .person = true}, 0},
            {{.ticket = "I", .matter = "HELP", .helpers = {"g1"}, .phone = "1", .person = true}, 0},
            {{.ticket = "J",
                     .matter = "HELP",
                     .helpers = {"g1"},
                     .phone = PHONE,
                     .name = "n",
                     .person = true},
                    0},
            {{.ticket = "K",
                     .matter = "HELP",
                     .helpers = {"g1"},
                     .phone = PHONE,
                     .point = true,
                     .person = true},
                    0},
            {{.ticket = "L", .name = "n", .matter = "LAMP"}, 0},
            {{.ticket = "M", .name = "n", .unit = "G1"}, 0},
            {{.ticket = "N", .matter = "LAMP", .unit = "G1"}, 0},
            {{.ticket = "", .name = "n", .matter = "LAMP", .unit = "G1"}, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct work *work = make_add(&table[i].make);
        const void *body = NULL;
        const char *why = "";
        bool malformed = qr_make_decode(work->payload, &arena, &body, &why) == ERR_MALFORMED;
        if (malformed)
            kit_store_clear("qr"); /* and the work */
        else
            kit_batch_run();
        if (malformed != !table[i].reason || (!malformed && reason(work) != table[i].reason))
            fail_msg("%s: %s, verdict %u, reason %u", table[i].make.ticket, why, work->verdict,
                    work->reason & REASON_MASK);
    }
    intake_persons_set(&none);
    assert_int_equal(reason(make(person)), REASON_REPORTER_NOT_YET);
    assert_int_equal(count("SELECT count(*) FROM intake.report WHERE ver > 0"), 0);
    assert_int_equal(count("SELECT count(*) FROM intake.qr"), 0);
    intake_persons_set(&persons);
    (void)person_make(); /* under the ticket that was refused */
}

/* Rows of the schema in which the text stands, as it is or as bytes. */
static int64_t rows_with(const char *text)
{
    char sql[700], hex[200];
    int64_t found = 0;
    (void)sodium_bin2hex(hex, sizeof hex, (const uint8_t *)text, strlen(text));
    PGresult *tables = kit_pg_sql(kit_store.server,
            "SELECT tablename FROM pg_tables WHERE schemaname = 'intake' ORDER BY 1");
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

static void nothing_of_a_card_a_token_or_a_key_is_in_any_table(void **state)
{
    (void)state;
    const struct work *work = make(person);
    Huying__Intake__QrMade *made = made_of(work);
    assert_int_equal(made->n_keys, 2);
    assert_int_equal(see(made->id, "g1")->verdict, VERDICT_APPLIED);
    assert_int_equal(change(INTAKE_QR_HELPER, made->id, "v1", false)->verdict, VERDICT_APPLIED);
    const char *const secrets[] = {NAME, PHONE, ADDRESS, "女儿", "床头柜",
            made->url + strlen("https://h/q/") + QR_ID_DIGITS, made->keys[0]->key,
            made->keys[1]->key};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if (rows_with(secrets[i]))
            fail_msg("%s stands in %d rows", secrets[i], (int)rows_with(secrets[i]));
    assert_true(rows_with("g1") > 0); /* the search does find what is there */
    assert_int_equal(count("SELECT count(*) FROM intake.person"), 1);
    assert_int_equal(count("SELECT count(*) FROM intake.command"), 0);
    assert_int_equal(count("SELECT count(*) FROM intake.report WHERE unit = 4"), 1);
    huying__intake__qr_made__free_unpacked(made, NULL);
}

static void a_card_opens_for_helpers_and_those_above_with_a_step_each(void **state)
{
    static const struct {
        const char *actor;
        uint32_t reason;
    } table[] = {{"g1", 0}, {"s1", 0}, {"v1", 0}, {"d", 0}, {"", REASON_CALLER_ACTOR},
            {"m", REASON_CALLER_ACTOR}, {"qr", REASON_CALLER_ACTOR}};
    struct kept_person *list;
    size_t shown;
    (void)state;
    int64_t id = person_make();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (reason(see(id, table[i].actor)) != table[i].reason)
            fail_msg("%s", table[i].actor);
    assert_int_equal(count("SELECT count(*) FROM intake.history WHERE kind = 8"), 4);
    const struct work *work = see(id, "g1");
    assert_int_equal(callers_decode(work->answer, &arena, &list, &shown), OK);
    assert_int_equal(shown, 1);
    assert_string_equal(list[0].person.name, NAME);
    assert_string_equal(list[0].person.phone, PHONE);
    assert_string_equal(list[0].person.address, ADDRESS);
    assert_string_equal(list[0].contact, "女儿");
    assert_string_equal(list[0].text, HELPS);
}

static struct work *card_change(int64_t id, const char *phone)
{
    Huying__Intake__QrChange message = HUYING__INTAKE__QR_CHANGE__INIT;
    Huying__Intake__QrCard card = HUYING__INTAKE__QR_CARD__INIT;
    char name[] = NAME, number[24];
    (void)snprintf(number, sizeof number, "%s", phone);
    card.name = name;
    card.phone = number;
    message.id = id;
    message.card = &card;
    struct work *work = kit_command(0, INTAKE_QR_CARD, &message.base, "");
    work->right_held = RIGHT_OPERATE;
    return work;
}

static void another_card_takes_the_place_of_the_one_before(void **state)
{
    struct kept_person *list;
    size_t shown;
    (void)state;
    int64_t id = person_make();
    int64_t other = make(place)->input.agg;
    (void)card_change(id, "11111");
    struct work *work = card_change(id, "22222");
    kit_batch_run();
    assert_int_equal(work->verdict, VERDICT_APPLIED);
    assert_int_equal(count("SELECT count(*) FROM intake.person"), 1);
    assert_int_equal(callers_decode(see(id, "g1")->answer, &arena, &list, &shown), OK);
    assert_true(shown == 1 && strcmp(list[0].person.phone, "22222") == 0);
    (void)card_change(id, "33333");
    kit_batch_run();
    assert_int_equal(count("SELECT count(*) FROM intake.person"), 1);
    assert_int_equal(callers_decode(see(id, "g1")->answer, &arena, &list, &shown), OK);
    assert_string_equal(list[0].person.phone, "33333");
    assert_int_equal(count("SELECT count(*) FROM intake.history WHERE kind = 17"), 3);
    work = card_change(other, "44444");
    kit_batch_run();
    assert_int_equal(work->verdict, VERDICT_NOT_FOUND);
    intake_persons_set(&none);
    work = card_change(id, "55555");
    kit_batch_run();
    assert_int_equal(reason(work), REASON_REPORTER_NOT_YET);
    (void)change(INTAKE_QR_WITHDRAW, id, "", false);
    intake_persons_set(&persons);
    work = card_change(id, "66666");
    kit_batch_run();
    assert_int_equal(reason(work), REASON_QR_WITHDRAWN);
}

/* Who helps is a matter of the list alone, not of where he works. */
static void a_helper_gets_a_key_and_loses_it(void **state)
{
    struct make of = person;
    of.unit = "V1";
    of.helpers[0] = "v1";
    of.helpers[1] = NULL;
    (void)state;
    int64_t id = make(of)->input.agg;
    assert_int_equal(reason(see(id, "g1")), REASON_CALLER_DENIED);
    Huying__Intake__QrMade *first = made_of(change(INTAKE_QR_HELPER, id, "g1", false));
    assert_int_equal(first->n_keys, 1);
    assert_string_equal(first->keys[0]->staff, "g1");
    assert_int_equal(reason(see(id, "g1")), 0);
    Huying__Intake__QrMade *second = made_of(change(INTAKE_QR_HELPER, id, "g1", false));
    assert_string_not_equal(first->keys[0]->key, second->keys[0]->key);
    assert_int_equal(change(INTAKE_QR_HELPER, id, "g1", true)->verdict, VERDICT_APPLIED);
    assert_int_equal(reason(see(id, "g1")), REASON_CALLER_DENIED);
    assert_int_equal(reason(change(INTAKE_QR_HELPER, id, "g1", true)), REASON_QR_HELPER);
    assert_int_equal(reason(change(INTAKE_QR_HELPER, id, "nobody", false)), REASON_QR_HELPER);
    assert_int_equal(change(INTAKE_QR_HELPER, id + 9, "g1", false)->verdict, VERDICT_NOT_FOUND);
    int64_t other = make(place)->input.agg;
    assert_int_equal(reason(change(INTAKE_QR_HELPER, other, "g1", false)), REASON_QR_HELPER);
    size_t found;
    const struct qr_code *code = codes(&found);
    assert_int_equal(code[0].helper_count, 1);
    assert_int_equal(code[0].helpers[0].issue, 1);
    huying__intake__qr_made__free_unpacked(first, NULL);
    huying__intake__qr_made__free_unpacked(second, NULL);
}

static void a_withdrawn_code_stays_listed_and_takes_nothing(void **state)
{
    size_t found;
    (void)state;
    int64_t id = person_make();
    assert_int_equal(change(INTAKE_QR_WITHDRAW, id, "", false)->verdict, VERDICT_APPLIED);
    assert_int_equal(change(INTAKE_QR_WITHDRAW, id, "", false)->verdict, VERDICT_DUPLICATE);
    assert_int_equal(reason(change(INTAKE_QR_HELPER, id, "g1", false)), REASON_QR_WITHDRAWN);
    assert_int_equal(make(person)->verdict, VERDICT_DUPLICATE);
    const struct qr_code *code = codes(&found);
    assert_true(found == 1 && code->withdrawn && code->ended_ms > 0 && !code->helper_count);
    assert_int_equal(change(INTAKE_QR_WITHDRAW, id + 9, "", false)->verdict, VERDICT_NOT_FOUND);
    /* Its data goes by age, as a report's. */
    kit_pg_run(kit_store.server,
            "DELETE FROM intake.outbox; UPDATE intake.report SET ended = accepted");
    kit_row_ends(kit_store.server, &intake_ops, id);
    assert_int_equal(count("SELECT count(*) FROM intake.qr"), 0);
    assert_int_equal(count("SELECT count(*) FROM intake.person"), 0);
    (void)codes(&found);
    assert_int_equal(found, 0);
}

static void a_person_who_is_forgotten_has_no_card_and_no_code(void **state)
{
    (void)state;
    int64_t id = person_make();
    (void)see(id, "g1");
    Huying__Intake__PersonRequest message = HUYING__INTAKE__PERSON_REQUEST__INIT;
    char why[] = "moved away";
    message.id = id;
    message.why = why;
    kit_command(0, INTAKE_FORGET_PERSON, &message.base, "")->right_held = RIGHT_OPERATE;
    kit_batch_run();
    assert_int_equal(count("SELECT count(*) FROM intake.person"), 0);
    assert_int_equal(count("SELECT state FROM intake.report"), REPORT_CODE_GONE);
    assert_int_equal(reason(see(id, "d")), REASON_CALLER_NONE);
    assert_int_equal(count("SELECT count(*) FROM intake.history WHERE kind = 13 AND salt IS NULL "
                           "AND detail IS NULL"),
            1);
    assert_int_equal(
            count("SELECT count(*) FROM intake.history WHERE kind IN (8, 9) AND salt IS NOT NULL"),
            2);
}

static struct work *help_add(int64_t code, const char *key, const char *text)
{
    Huying__Hotline__Report message = HUYING__HOTLINE__REPORT__INIT;
    char ticket[40], said[100], matter[] = "HELP", unit[] = "G1", *codes_[] = {unit};
    (void)snprintf(ticket, sizeof ticket, "%s", key);
    (void)snprintf(said, sizeof said, "%s", text);
    message.ticket = ticket;
    message.text = said;
    message.matter = matter;
    message.unit_codes = codes_;
    message.n_unit_codes = 1;
    struct work *work = kit_command(0, INTAKE_QR_HELP, &message.base, "");
    (void)snprintf(work->input.peer, sizeof work->input.peer, QR_SOURCE "%lld", (long long)code);
    return work;
}

static struct work *help(int64_t code, const char *key, const char *text)
{
    struct work *work = help_add(code, key, text);
    kit_batch_run();
    return work;
}

static void calls_for_help_become_one_case(void **state)
{
    (void)state;
    int64_t id = person_make();
    struct work *first = help(id, "K1", "她摔倒了");
    int64_t called = first->input.agg;
    assert_int_equal(first->verdict, VERDICT_APPLIED);
    assert_true(called != id);
    assert_true(help(id, "K2", "快")->input.agg == called);
    assert_int_equal(help(id, "K1", "她摔倒了")->verdict, VERDICT_DUPLICATE);
    assert_int_equal(reason(help(id, "K1", "别的")), REASON_TICKET_REUSED);
    /* Two in one batch, beside one of another code. */
    struct make other = person;
    other.ticket = "C2";
    int64_t neighbour = make(other)->input.agg;
    (void)help_add(id, "K3", "");
    (void)help_add(neighbour, "K3", "");
    struct work *last = help_add(id, "K4", "");
    kit_batch_run();
    assert_true(last->input.agg == called);
    assert_int_equal(count("SELECT count(*) FROM intake.report WHERE state = 1"), 2);
    assert_int_equal(
            count("SELECT count(*) FROM intake.outbox WHERE type = 1003"), 3); /* urged thrice */
    assert_int_equal(kit_counters_differ(), 0);
}

static void the_first_two_of_one_batch_become_one_case(void **state)
{
    (void)state;
    int64_t id = person_make();
    struct work *first = help_add(id, "K1", ""), *second = help_add(id, "K2", "");
    kit_batch_run();
    assert_true(first->input.agg == second->input.agg);
    assert_int_equal(count("SELECT count(*) FROM intake.report WHERE state = 1"), 1);
}

static void a_call_after_a_while_or_after_the_end_is_a_case_of_its_own(void **state)
{
    (void)state;
    int64_t id = person_make();
    int64_t first = help(id, "K1", "")->input.agg;
    kit_pg_run(kit_store.server, "UPDATE intake.ticket SET at = at - interval '30 minutes' "
                                 "WHERE source LIKE 'qr:%'");
    int64_t second = help(id, "K2", "")->input.agg;
    assert_true(second != first);
    kit_pg_run(kit_store.server, "UPDATE intake.report SET state = 2, ended = now() WHERE ver > 0 "
                                 "AND state = 1");
    int64_t third = help(id, "K3", "")->input.agg;
    assert_true(third != first && third != second);
}

static void no_more_stay_on_a_call_than_there_is_room_for(void **state)
{
    char key[16];
    (void)state;
    int64_t id = person_make();
    for (int i = 0; i <= CALLERS_MAX; i++) {
        (void)snprintf(key, sizeof key, "K%d", i);
        assert_int_equal(help(id, key, "")->verdict, VERDICT_APPLIED);
    }
    assert_int_equal(reason(help(id, "more", "")), REASON_URGED_OFTEN);
    assert_int_equal(count("SELECT count(*) FROM intake.report WHERE state = 1"), 1);
}

static void a_code_is_no_report(void **state)
{
    (void)state;
    int64_t id = person_make();
    Huying__Intake__ReportQuery query = HUYING__INTAKE__REPORT_QUERY__INIT;
    query.id = id;
    assert_int_equal(kit_query(INTAKE_REPORT, &query.base).size, 0);
    assert_int_equal(kit_query(INTAKE_FOLLOW, &query.base).size, 0);
    Huying__Hotline__Withdraw withdraw = HUYING__HOTLINE__WITHDRAW__INIT;
    struct work *work = kit_command(id, INTAKE_WITHDRAW, &withdraw.base, "d");
    work->request_id = "w";
    kit_batch_run();
    assert_int_equal(work->verdict, VERDICT_NOT_FOUND);
    Huying__Hotline__Report report = HUYING__HOTLINE__REPORT__INIT;
    char ticket[] = "C1", matter[] = "LAMP";
    report.ticket = ticket;
    report.matter = matter;
    work = kit_command(0, INTAKE_SUBMIT, &report.base, "");
    kit_batch_run();
    assert_int_equal(reason(work), REASON_TICKET_REUSED);
    assert_int_equal(count("SELECT count(*) FROM intake.outbox WHERE type IN (1001, 1003)"), 0);
    assert_int_equal(count("SELECT count(*) FROM intake.counter_fact"), 0);
    assert_int_equal(kit_counters_differ(), 0);
}

#define CASE(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(a_place_is_made_once_under_its_ticket),
            CASE(what_is_wrong_is_refused_and_leaves_nothing),
            CASE(nothing_of_a_card_a_token_or_a_key_is_in_any_table),
            CASE(a_card_opens_for_helpers_and_those_above_with_a_step_each),
            CASE(another_card_takes_the_place_of_the_one_before),
            CASE(a_helper_gets_a_key_and_loses_it),
            CASE(a_withdrawn_code_stays_listed_and_takes_nothing),
            CASE(a_person_who_is_forgotten_has_no_card_and_no_code),
            CASE(calls_for_help_become_one_case), CASE(the_first_two_of_one_batch_become_one_case),
            CASE(a_call_after_a_while_or_after_the_end_is_a_case_of_its_own),
            CASE(no_more_stay_on_a_call_than_there_is_room_for), CASE(a_code_is_no_report)};
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
