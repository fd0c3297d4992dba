/* Sending, on a real PostgreSQL and to a receiver on loopback: what arrives and how it is signed,
 * what becomes of each answer, who waits for whom, and that a receiver that honours ids has each
 * delivery once whenever the sender dies. */
#include "services/intake/callback/sender.h"
#include "services/intake/callback/test_receiver.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include "services/intake/callback/sign.h"
#include "services/intake/store.h"
#include "services/intake/store_callback.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/base/seal.h"
#include "tests/kit/store.h"

#define FILL                                                                                       \
    "INSERT INTO directory.unit (id, code, parent, depth, level, kind, name_zh, name_en) VALUES"   \
    " (1, 'D', NULL, 0, 4, 'district', '', '');"                                                   \
    "INSERT INTO directory.matter (id, code, category, name_zh, name_en, start_level,"             \
    " handler_kind, clock, accept_min, handle_min, step_up_min, verify_min, dup_m, dup_h) VALUES"  \
    " (8, 'LAMP', '', '', '', 4, 1, 'all', 0, 60, 0, 60, 0, 0)"
#define SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define SECRET_BEFORE "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID 2533274790395905 /* of site 9 and intake */
#define LEASE_MS 20000
#define LEASE_SHORT_MS 400

static struct seal_keys keys = {1, {{7}}};
static struct sender_counts counts;
static int64_t lease_ms; /* short where a test waits for its end; else a slow machine overruns it */
static char keys_path[128], log_path[128];

static long long sql_int(const char *format, ...)
{
    char sql[1000];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(sql, sizeof sql, format, list);
    va_end(list);
    return kit_pg_int(kit_store.server, sql);
}

static void keys_write(uint8_t first)
{
    char hex[2 * SEAL_KEY_SIZE + 1];
    keys.list[0][0] = first;
    (void)sodium_bin2hex(hex, sizeof hex, keys.list[0], SEAL_KEY_SIZE);
    int fd = open(keys_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, hex, strlen(hex)) == (ssize_t)strlen(hex));
    close(fd);
}

static int group_setup(void **state)
{
    (void)state;
    must(sodium_init() >= 0);
    kit_store_start(&intake_ops, FILL);
    receiver_start();
    (void)snprintf(keys_path, sizeof keys_path, "%s/keys", kit_pg_dir(kit_store.server));
    (void)snprintf(log_path, sizeof log_path, "%s/sender.log", kit_pg_dir(kit_store.server));
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    receiver_stop();
    store_fini();
    kit_store_stop();
    return 0;
}

static int setup(void **state)
{
    (void)state;
    kit_store_clear("subscriber, delivery");
    receiver_forget();
    memset(&counts, 0, sizeof counts);
    lease_ms = LEASE_MS;
    keys_write(7);
    return 0;
}

static void secret_seal(const char *name, const char *secret, char ret[300])
{
    BUF_OWNED sealed = {0};
    seal_close(&keys, name, secret, strlen(secret), &sealed);
    (void)sodium_bin2hex(ret, 300, (const uint8_t *)sealed.data, sealed.size);
}

static void subscribe(const char *name, const char *path)
{
    char hex[300], sql[1000];
    secret_seal(name, SECRET, hex);
    (void)snprintf(sql, sizeof sql,
            "INSERT INTO intake.subscriber (name, url, secret, kinds) VALUES "
            "('%s', 'http://127.0.0.1:%u%s', '\\x%s', '{1,3,5}')",
            name, receiver.port, path, hex);
    kit_pg_run(kit_store.server, sql);
}

/* Versions 1 to `count` of the case that is `at` behind the first. */
static void deliveries_add(const char *name, int at, int count)
{
    char sql[1000];
    (void)snprintf(sql, sizeof sql,
            "INSERT INTO intake.delivery (subscriber, agg, ver, kind, state, at, due, round, "
            "accepted, ended, matter, unit, source, ref) SELECT s.id, %lld, v, 1, 1, "
            "'2018-01-01T00:00:00Z', now(), 0, '2018-01-01T00:00:00Z', NULL, 8, 1, 'h', 'T\"1' "
            "FROM intake.subscriber AS s, generate_series(1, %d) AS v WHERE s.name = '%s'",
            (long long)ID + at, count, name);
    kit_pg_run(kit_store.server, sql);
}

static struct sender *sender_of(const char *allow)
{
    char ports[8];
    BUF_OWNED why = {0};
    struct sender_config config = {.conninfo = kit_pg_conninfo(kit_store.server, "huying_intake"),
            .keys = keys_path,
            .ca = "",
            .timeout_ms = lease_ms - 100,
            .lease_ms = lease_ms,
            .keep_ms = 3600000,
            .clock = clock_system(),
            .counts = &counts};
    (void)snprintf(ports, sizeof ports, "%u", receiver.port);
    assert_int_equal(guard_parse(allow, ports, &config.guard, &why), OK);
    return sender_new(&config);
}

/* Turns it until the query gives that number. */
static void await(struct sender *sender, long long wanted, const char *sql)
{
    struct clock clock = clock_system();
    int64_t until_ms = clock.monotonic_ms(clock.self) + KIT_DEADLINE_MS;
    long long found = sql_int("%s", sql);
    while (found != wanted && clock.monotonic_ms(clock.self) < until_ms) {
        sender_turn(sender, 10);
        found = sql_int("%s", sql);
    }
    if (found != wanted)
        fail_msg("%s: %lld, wanted %lld", sql, found, wanted);
}

#define DONE "SELECT count(*) FROM intake.delivery WHERE done = 1"
#define TRIED "SELECT count(*) FROM intake.delivery WHERE tries > 0 AND lease = 0"

static void send_all(const char *allow, long long count, const char *sql)
{
    struct sender *sender = sender_of(allow);
    await(sender, count, sql);
    sender_destroy(&sender);
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "?";
}

static void assert_signed(const struct heard *heard, const char *secret_text)
{
    struct secret secret;
    const struct signed_text text = {
            heard->id, strtoll(heard->at, NULL, 10), heard->body, heard->size};
    assert_int_equal(secret_parse(secret_text, strlen(secret_text), &secret), OK);
    assert_true(signature_fits(&secret, &text, heard->signature));
}

static void event_arrives_whole_and_signed(void **unused)
{
    static const char *const texts[][2] = {{"specversion", "1.0"}, {"source", "urn:huying:site:TT"},
            {"type", "cn.huying.report.accepted"}, {"time", "2018-01-01T00:00:00Z"},
            {"datacontenttype", "application/json"}};
    static const char *const facts[][2] = {{"id", "2533274790395905"}, {"state", "accepted"},
            {"source", "h"}, {"ticket", "T\"1"}, {"matter", "LAMP"}, {"unit", "D"}};
    char sql[600], hex[300];
    (void)unused;
    subscribe("a", "/200");
    secret_seal("a", SECRET_BEFORE, hex);
    (void)snprintf(sql, sizeof sql,
            "UPDATE intake.subscriber SET secret_before = '\\x%s', before_until = now() + "
            "interval '1 h'",
            hex);
    kit_pg_run(kit_store.server, sql);
    deliveries_add("a", 0, 1);
    send_all("127.0.0.0/8", 1, DONE);
    assert_int_equal(receiver_count("/200"), 1);
    const struct heard *heard = &receiver.list[0];
    json_t *event = json_loadb(heard->body, heard->size, 0, NULL);
    assert_non_null(event);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(member(event, texts[i][0]), texts[i][1]);
    const json_t *data = json_object_get(event, "data");
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        assert_string_equal(member(data, facts[i][0]), facts[i][1]);
    assert_string_equal(member(event, "id"), heard->id);
    assert_string_equal(member(event, "subject"), member(data, "number"));
    assert_true(json_is_null(json_object_get(data, "ended_at")));
    assert_string_equal(heard->type, "application/cloudevents+json; charset=utf-8");
    assert_signed(heard, SECRET);
    assert_signed(heard, SECRET_BEFORE);
    json_decref(event);
}

/* What a try leaves behind for each answer. */
static void answers_decide_what_comes_next(void **unused)
{
    static const struct {
        const char *path;
        int done, status, least_s, most_s;
        const char *why;
    } table[] = {{"/200", 1, 200, 0, 0, ""}, {"/204", 1, 204, 0, 0, ""}, {"/big", 1, 200, 0, 0, ""},
            {"/302", 0, 302, 3, 6, "answered 302"}, {"/400", 0, 400, 3, 6, "answered 400"},
            {"/500", 0, 500, 3, 6, "answered 500"}, {"/503", 0, 503, 590, 600, "answered 503"},
            {"/429", 0, 429, 590, 600, "answered 429"}, {"/410", 2, 410, 0, 0, "answered 410"}};
    (void)unused;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        kit_store_clear("subscriber, delivery");
        receiver_forget();
        subscribe("a", table[i].path);
        deliveries_add("a", 0, 1);
        send_all("127.0.0.1", 1, TRIED);
        assert_int_equal(receiver_count(NULL), 1);
        long long good = sql_int("SELECT count(*) FROM intake.delivery WHERE done = %d AND "
                                 "status = %d AND why LIKE '%%%s%%' AND tries = 1 AND (done > 0 OR "
                                 "due - now() BETWEEN interval '%d s' AND interval '%d s')",
                table[i].done, table[i].status, table[i].why, table[i].least_s, table[i].most_s);
        if (good != 1)
            fail_msg("%s", table[i].path);
    }
}

static void who_answers_410_is_disabled_and_nobody_else(void **unused)
{
    (void)unused;
    subscribe("gone", "/410");
    subscribe("good", "/200");
    deliveries_add("gone", 0, 3);
    deliveries_add("good", 0, 3);
    struct sender *sender = sender_of("127.0.0.1");
    await(sender, 3, DONE);
    await(sender, 1, "SELECT count(*) FROM intake.subscriber WHERE state = 3 AND name = 'gone'");
    assert_int_equal(counts.delivered, 3);
    sender_destroy(&sender);
    assert_int_equal(receiver_count("/410"), 1);
    assert_int_equal(sql_int("SELECT count(*) FROM intake.delivery WHERE done = 0"), 2);
}

static void case_waits_for_its_earlier_step_and_others_do_not(void **unused)
{
    (void)unused;
    subscribe("a", "/500");
    deliveries_add("a", 0, 2);
    deliveries_add("a", 1, 1);
    send_all("127.0.0.1", 2, TRIED);
    assert_int_equal(receiver_count("/500"), 2);
    assert_int_equal(sql_int("SELECT count(*) FROM intake.delivery WHERE tries = 0 AND ver = 2 "
                             "AND due > now() + interval '3 s'"),
            1);
    kit_pg_run(kit_store.server, "UPDATE intake.subscriber SET url = replace(url, '500', '200')");
    kit_pg_run(kit_store.server, "UPDATE intake.delivery SET due = now()");
    send_all("127.0.0.1", 3, DONE);
    assert_int_equal(receiver_count("/200"), 3);
}

static void slow_receiver_holds_up_nobody_else(void **unused)
{
    (void)unused;
    subscribe("slow", "/slow");
    subscribe("fast", "/200");
    receiver_shut(true);
    for (int i = 0; i < 30; i++) {
        deliveries_add("slow", i, 1);
        deliveries_add("fast", i, 1);
    }
    struct sender *sender = sender_of("127.0.0.1");
    await(sender, 30, DONE);
    assert_true(receiver_count("/slow") <= CALLBACK_PER_SUBSCRIBER);
    receiver_shut(false);
    sender_destroy(&sender);
    assert_int_equal(receiver_count("/200"), 30);
}

static void address_that_is_not_allowed_hears_nothing(void **unused)
{
    (void)unused;
    subscribe("a", "/200");
    deliveries_add("a", 0, 1);
    send_all("127.0.0.2", 1, TRIED);
    assert_int_equal(receiver_count(NULL), 0);
    assert_int_equal(sql_int("SELECT count(*) FROM intake.delivery WHERE done = 0 AND status = 0 "
                             "AND why LIKE '127.0.0.1 port %%may not be connected to%%'"),
            1);
}

/* The receiver is only reached under a name: what the name resolves to is what is looked at. */
static void name_that_resolves_to_a_refused_address_is_refused(void **unused)
{
    (void)unused;
    subscribe("a", "/200");
    kit_pg_run(kit_store.server,
            "UPDATE intake.subscriber SET url = replace(url, '127.0.0.1', 'localhost')");
    deliveries_add("a", 0, 1);
    send_all("10.0.0.0/8", 1, TRIED);
    assert_int_equal(receiver_count(NULL), 0);
    kit_pg_run(kit_store.server, "UPDATE intake.delivery SET due = now()");
    send_all("127.0.0.0/8 ::1", 1, DONE);
}

/* The log of one run of the sender. */
static void log_begin(int *ret_saved)
{
    int fd = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    *ret_saved = dup(STDERR_FILENO);
    assert_true(fd >= 0 && *ret_saved >= 0 && dup2(fd, STDERR_FILENO) >= 0);
    close(fd);
}

static void log_end(int saved, const char *event)
{
    char text[8000] = "";
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    int fd = open(log_path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && read(fd, text, sizeof text - 1) >= 0);
    close(fd);
    if (!strstr(text, event))
        fail_msg("no %s in: %s", event, text);
    assert_null(strstr(text, "whsec_"));
}

static void last_try_is_given_up_and_said(void **unused)
{
    int saved;
    (void)unused;
    subscribe("a", "/500");
    deliveries_add("a", 0, 2);
    kit_pg_run(kit_store.server, "UPDATE intake.delivery SET tries = 9 WHERE ver = 1");
    log_begin(&saved);
    send_all("127.0.0.1", 1, "SELECT count(*) FROM intake.delivery WHERE done = 2 AND tries = 10");
    send_all("127.0.0.1", 2, TRIED); /* the next of the case goes on */
    log_end(saved, "CALLBACK-GIVEN-UP");
}

static void disabling_is_said(void **unused)
{
    int saved;
    (void)unused;
    subscribe("a", "/410");
    deliveries_add("a", 0, 1);
    log_begin(&saved);
    struct sender *sender = sender_of("127.0.0.1");
    await(sender, 1, "SELECT count(*) FROM intake.subscriber WHERE state = 3");
    for (int i = 0; i < 1000 && counts.disabled == 0; i++)
        sender_turn(sender, 10);
    sender_destroy(&sender);
    log_end(saved, "CALLBACK-DISABLED");
}

static void secret_that_does_not_open_waits_for_its_key(void **unused)
{
    int saved;
    (void)unused;
    subscribe("a", "/200");
    deliveries_add("a", 0, 1);
    keys_write(9);
    log_begin(&saved);
    send_all("127.0.0.1", 1, TRIED);
    log_end(saved, "CALLBACK-SECRET-UNREADABLE");
    assert_int_equal(receiver_count(NULL), 0);
    assert_int_equal(sql_int("SELECT count(*) FROM intake.delivery WHERE done = 0 AND "
                             "why LIKE '%%secret cannot be opened%%'"),
            1);
    keys_write(7);
    kit_pg_run(kit_store.server, "UPDATE intake.delivery SET due = now()");
    send_all("127.0.0.1", 1, DONE);
}

static void statement_that_fails_is_said_and_nothing_is_lost(void **unused)
{
    int saved;
    (void)unused;
    subscribe("a", "/200");
    deliveries_add("a", 0, 1);
    struct sender *sender = sender_of("127.0.0.1");
    await(sender, 1, DONE);
    kit_pg_run(kit_store.server, "ALTER TABLE directory.site RENAME TO away");
    deliveries_add("a", 1, 1);
    log_begin(&saved);
    for (int i = 0; i < 1000 && counts.troubles == 0; i++)
        sender_turn(sender, 10);
    kit_pg_run(kit_store.server, "ALTER TABLE directory.away RENAME TO site");
    await(sender, 2, DONE);
    sender_destroy(&sender);
    log_end(saved, "CALLBACK-STORE-FAILED");
}

static void what_is_old_and_done_goes(void **unused)
{
    (void)unused;
    subscribe("a", "/200");
    deliveries_add("a", 0, 4);
    kit_pg_run(kit_store.server,
            "UPDATE intake.delivery SET done = (ver - 1), finished = now() - interval '61 min' "
            "WHERE ver < 4");
    kit_pg_run(kit_store.server,
            "UPDATE intake.delivery SET done = 1, finished = now() - interval '59 min' "
            "WHERE ver = 4");
    kit_pg_run(kit_store.server, "UPDATE intake.subscriber SET state = 2");
    send_all("127.0.0.1", 2, "SELECT count(*) FROM intake.delivery");
    assert_int_equal(sql_int("SELECT sum(ver) FROM intake.delivery"), 5);
}

static bool heard_before(size_t at, const char *id)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(receiver.list[i].id, id) == 0)
            return true;
    return false;
}

/* Bodies of one id are one body, and of one case the steps come in order. */
static void heard_check(size_t deliveries)
{
    size_t distinct = 0;
    int last[10] = {0};
    for (size_t i = 0; i < receiver.count; i++) {
        const struct heard *heard = &receiver.list[i];
        long long agg;
        int subscriber, ver;
        assert_int_equal(sscanf(heard->id, "msg_%d_%lld_%d", &subscriber, &agg, &ver), 3);
        assert_signed(heard, SECRET);
        for (size_t j = 0; j < i; j++)
            if (strcmp(receiver.list[j].id, heard->id) == 0)
                assert_string_equal(receiver.list[j].body, heard->body);
        if (heard_before(i, heard->id))
            continue;
        distinct++;
        assert_int_equal(ver, last[agg - ID] + 1);
        last[agg - ID] = ver;
    }
    assert_int_equal(distinct, deliveries);
}

/* A sender that is cut off after so many rounds, wherever that is, again and again. */
static void sender_that_dies_anywhere_skips_nothing(void **unused)
{
    enum { CASES = 6, STEPS = 8, DELIVERIES = CASES * STEPS };
    struct rng rng;
    (void)unused;
    rng_seed(&rng, 42);
    lease_ms = LEASE_SHORT_MS;
    subscribe("a", "/200");
    for (int i = 0; i < CASES; i++)
        deliveries_add("a", i, STEPS);
    for (int life = 0; life < 40; life++) {
        struct sender *sender = sender_of("127.0.0.1");
        for (uint64_t turns = rng_below(&rng, 40); turns > 0; turns--)
            sender_turn(sender, 2);
        sender_destroy(&sender);
    }
    send_all("127.0.0.1", DELIVERIES, DONE);
    heard_check(DELIVERIES);
}

static void two_senders_share_what_there_is(void **unused)
{
    (void)unused;
    subscribe("a", "/200");
    for (int i = 0; i < 8; i++)
        deliveries_add("a", i, 5);
    struct sender *one = sender_of("127.0.0.1"), *two = sender_of("127.0.0.1");
    sender_start(one);
    await(two, 40, DONE);
    sender_destroy(&one);
    sender_destroy(&two);
    assert_int_equal(receiver_count(NULL), 40);
    heard_check(40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(event_arrives_whole_and_signed, setup),
            cmocka_unit_test_setup(answers_decide_what_comes_next, setup),
            cmocka_unit_test_setup(who_answers_410_is_disabled_and_nobody_else, setup),
            cmocka_unit_test_setup(case_waits_for_its_earlier_step_and_others_do_not, setup),
            cmocka_unit_test_setup(slow_receiver_holds_up_nobody_else, setup),
            cmocka_unit_test_setup(address_that_is_not_allowed_hears_nothing, setup),
            cmocka_unit_test_setup(name_that_resolves_to_a_refused_address_is_refused, setup),
            cmocka_unit_test_setup(last_try_is_given_up_and_said, setup),
            cmocka_unit_test_setup(disabling_is_said, setup),
            cmocka_unit_test_setup(secret_that_does_not_open_waits_for_its_key, setup),
            cmocka_unit_test_setup(statement_that_fails_is_said_and_nothing_is_lost, setup),
            cmocka_unit_test_setup(what_is_old_and_done_goes, setup),
            cmocka_unit_test_setup(sender_that_dies_anywhere_skips_nothing, setup),
            cmocka_unit_test_setup(two_senders_share_what_there_is, setup)};
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
