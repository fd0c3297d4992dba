/* A process's life: it starts with nothing there, loses each engine and gets it back, is killed,
 * drains, and keeps to a configuration that is right. */
#include "tests/cluster/conformance.h"

#include <stdio.h>
#include <stdlib.h>

void starts_with_nothing_there_and_becomes_ready_when_all_came(void **state)
{
    const char *body;
    (void)state;
    kit_postgres(&site, false);
    kit_redis(&site, false);
    kit_broker(&site, 0, false);
    kit_broker(&site, 1, false);
    kit_start(&site, subject->name, 1, &process);
    kit_await(&process, 503, "postgres=away bus=away directory=missing redis=away");
    assert_int_equal(kit_get(&process, "/livez", &body), 200);
    kit_broker(&site, 1, true);
    kit_await(&process, 503, "postgres=away bus=up");
    kit_postgres(&site, true);
    kit_await(&process, 200, "postgres=up bus=up directory=loaded redis=away (not needed)");
    kit_redis(&site, true);
    if (subject->counts)
        kit_await(&process, 200, "redis=up");
    struct asker asker;
    asker_open(&asker, &site, SERVICE_CLIENT, &tool, true);
    answers(&asker);
    asker_close(&asker);
}

void loses_postgres_and_goes_on_when_it_is_back(void **state)
{
    const char *body;
    struct asker asker;
    struct answer answer;
    (void)state;
    ready();
    asker_open(&asker, &site, SERVICE_CLIENT, &tool, true);
    kit_postgres(&site, false);
    kit_await(&process, 503, "postgres=away");
    assert_int_equal(kit_get(&process, "/livez", &body), 200);
    KIT_UNTIL(&site, told("WARN  PG-AWAY"));
    query(&asker, HISTORY, REASONABLE_MS, &answer);
    assert_int_equal(answer.kind, FRAME_REPLIES);
    assert_int_equal(answer.verdict, REPLY_FAILED + ERR_TRANSIENT);
    assert_int_not_equal(strlen(answer.text), 0);
    kit_postgres(&site, true);
    kit_await(&process, 200, "");
    answers(&asker);
    asker_close(&asker);
}

void loses_brokers_and_goes_on_with_the_next(void **state)
{
    const char *body;
    struct asker asker;
    (void)state;
    ready();
    asker_open(&asker, &site, SERVICE_CLIENT, &tool, true);
    for (size_t round = 0; round < 4; round++) { /* each broker twice; the other one is there */
        kit_broker(&site, round % 2, false);
        answers(&asker);
        kit_broker(&site, round % 2, true);
        answers(&asker);
    }
    kit_broker(&site, 0, false);
    kit_broker(&site, 1, false);
    kit_await(&process, 503, "bus=away");
    assert_int_equal(kit_get(&process, "/livez", &body), 200);
    kit_broker(&site, 0, true);
    kit_await(&process, 200, "");
    answers(&asker);
    asker_close(&asker);
}

void loses_redis_and_does_not_mind(void **state)
{
    struct asker asker;
    (void)state;
    ready();
    asker_open(&asker, &site, SERVICE_CLIENT, &tool, true);
    if (subject->counts)
        kit_await(&process, 200, "redis=up");
    kit_redis(&site, false);
    if (subject->counts)
        kit_await(&process, 200, "redis=away (not needed)");
    answers(&asker);
    kit_redis(&site, true);
    if (subject->counts)
        kit_await(&process, 200, "redis=up");
    answers(&asker);
    asker_close(&asker);
}

/* The effect of a message that came again after kill -9 is there once; the next number follows. */
void killed_between_messages_it_takes_up_where_it_was(void **state)
{
    struct asker asker;
    struct answer answer;
    int64_t id = id_next();
    struct envelope envelope = message(id);
    (void)state;
    ready();
    asker_open(&asker, &site, subject->source, &peer, true);
    asker_ask(&asker, FRAME_EVENTS, subject->id, &envelope, REASONABLE_MS, &answer);
    assert_int_equal(answer.kind, FRAME_ACKS);
    kit_kill(&process);
    ready();
    asker_ask(&asker, FRAME_EVENTS, subject->id, &envelope, REASONABLE_MS, &answer);
    assert_int_equal(answer.kind, FRAME_ACKS);
    assert_in_range(kit_metric(&process, "duplicates"), 1, asker.posts);
    assert_int_equal(seen(id), 1);
    asker_close(&asker);
}

/* What it has taken is finished and answered; what comes after is refused by the broker. An answer
 * that gets lost is the client's to ask for again, of who is started next. */
void drains_on_sigterm(void **state)
{
    struct asker first, second;
    struct answer answer;
    uint8_t payload[32] = {0x08};
    size_t size = 1 + varint(payload + 1, (uint64_t)id_next());
    char lock[96];
    (void)state;
    memcpy(payload + size, "\x10\x02\x18\x01", 4); /* source 2, n 1: there is no such letter */
    struct envelope envelope = {
            .id = 1, .type = REPLAY, .request_id = "drain-1", .payload = {payload, size + 4}};
    BUF_OWNED batch = {0};
    faults_but("bus_frame_lost=0,bus_send_full=0,bus_silent=0,bus_broker_gone=0");
    ready();
    asker_open(&first, &site, SERVICE_CLIENT, &tool, true);
    asker_open(&second, &site, SERVICE_CLIENT, &tool, true);
    snprintf(lock, sizeof lock, "BEGIN; LOCK TABLE %s.dead_letter IN ACCESS EXCLUSIVE MODE",
            subject->name);
    kit_pg_run(site.pg, lock);
    batch_begin(&batch, 0);
    batch_add(&batch, &envelope);
    asker_post(&first, FRAME_COMMANDS, subject->id, 0, &batch);
    KIT_UNTIL(&site, (asker_turn(&first), kit_metric(&process, "commands_in")) >= 1);
    int64_t begin = kit_now_ms();
    assert_int_equal(kill(process.pid, SIGTERM), 0);
    KIT_UNTIL(&site, told("SERVICE-DRAINS"));
    do { /* one that was under way may still be answered */
        query(&second, HISTORY, ASK_SOON_MS, &answer);
    } while (answer.kind != FRAME_NAK && kit_now_ms() - begin < DRAIN_MS);
    assert_int_equal(answer.kind, FRAME_NAK);
    assert_int_equal(answer.reason, NAK_NO_INSTANCE);
    kit_pg_run(site.pg, "ROLLBACK");
    asker_take(&first, REASONABLE_MS, &answer);
    assert_int_equal(kit_wait_end(&process, DRAIN_MS - (kit_now_ms() - begin)), 0);
    assert_int_equal(answer.kind, FRAME_REPLIES);
    assert_true(told("SERVICE-ENDED"));
    asker_close(&first);
    asker_close(&second);
}

void reload_with_a_mistake_keeps_the_old_configuration(void **state)
{
    struct asker asker;
    (void)state;
    kit_conf(&site, subject->name, subject->name, "[log]\nlevel=info\n");
    ready();
    kit_conf(&site, subject->name, subject->name, "[log]\nlevel=debug\n[batch]\nsise=64\n");
    assert_int_equal(kill(process.pid, SIGHUP), 0);
    KIT_UNTIL(&site, told("WARN  CONF-KEPT"));
    assert_true(told("sise"));
    kit_await(&process, 200, "");
    kit_postgres(&site, false); /* says much at level debug */
    kit_await(&process, 503, "");
    kit_postgres(&site, true);
    kit_await(&process, 200, "");
    assert_false(told(" debug "));
    kit_conf(&site, subject->name, subject->name, "[log]\nlevel=debug\n");
    assert_int_equal(kill(process.pid, SIGHUP), 0);
    KIT_UNTIL(&site, told("CONF-RELOADED"));
    if (subject->id == SERVICE_INTAKE) { /* its lists of tokens and keys are read again, too */
        kit_conf(&site, subject->name, subject->name,
                "[intake]\ntokens=/nowhere/t\nfollow=/nowhere/f\nopen311=/nowhere/o\n"
                "vendors=/nowhere/v\npersons=/nowhere/q\n");
        assert_int_equal(kill(process.pid, SIGHUP), 0);
        KIT_UNTIL(&site, told("ERROR INTAKE-TOKENS-REFUSED"));
        KIT_UNTIL(&site, told("ERROR INTAKE-FOLLOW-REFUSED"));
        KIT_UNTIL(&site, told("ERROR INTAKE-JURISDICTIONS-REFUSED"));
        KIT_UNTIL(&site, told("ERROR INTAKE-VENDORS-REFUSED"));
        KIT_UNTIL(&site, told("ERROR INTAKE-PERSONS-REFUSED"));
    }
    asker_open(&asker, &site, SERVICE_CLIENT, &tool, true);
    answers(&asker);
    asker_close(&asker);
}

void configuration_with_a_mistake_is_refused_by_name(void **state)
{
    char file[64];
    static const struct {
        const char *more, *section, *key;
    } table[] = {{"[batch]\nsise=64\n", "batch", "sise"}, {"[batch]\nsize=0\n", "batch", "size"},
            {"[bach]\nsize=64\n", "bach", "unknown section"}};
    (void)state;
    snprintf(file, sizeof file, "%s.conf", subject->name);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        kit_conf(&site, subject->name, subject->name, table[i].more);
        kit_start(&site, subject->name, 1, &process);
        assert_int_equal(kit_wait_end(&process, REASONABLE_MS), 1);
        if (!told("ERROR CONF-REFUSED") || !told(file) || !told(table[i].section) ||
                !told(table[i].key))
            fail_msg("CONF-REFUSED, %s, [%s] and %s were expected in: %s", file, table[i].section,
                    table[i].key, kit_log(&process));
    }
}

/* Each of these ends the start, with an event and a part that says what was wrong. */
void what_keeps_it_from_starting_is_named(void **state)
{
    char taken[16];
    const struct {
        const char *service; /* NULL = any */
        const char *env, *value, *event, *part;
    } table[] = {
            {NULL, "HUYING_BUS_KEY", "/nowhere/a.key", "ERROR KEY-REFUSED", "/nowhere/a.key"},
            {NULL, "HUYING_BUS_SERVER_KEY", "short", "ERROR BUS-REFUSED", "server_key"},
            {NULL, "HUYING_HTTP_HOST", "localhost", "ERROR HTTP-BAD-HOST", "IPv4"},
            {NULL, "HUYING_HTTP_PORT", taken, "ERROR HTTP-NOT-STARTED", "[http] port"},
            {"intake", "HUYING_INTAKE_HOST", "here", "ERROR INTAKE-HTTP-REFUSED", "[intake] host"},
            {"intake", "HUYING_INTAKE_TOKENS", "/nowhere/t", "ERROR INTAKE-TOKENS-REFUSED",
                    "/nowhere/t"},
            {"intake", "HUYING_INTAKE_PROXIES", "proxy.example", "ERROR INTAKE-PROXIES-REFUSED",
                    "proxy.example"},
            {"intake", "HUYING_INTAKE_FOLLOW", "/nowhere/f", "ERROR INTAKE-FOLLOW-REFUSED",
                    "huyingctl key follow"},
            {"intake", "HUYING_INTAKE_OPEN311", "/nowhere/o", "ERROR INTAKE-JURISDICTIONS-REFUSED",
                    "/nowhere/o"},
            {"intake", "HUYING_INTAKE_VENDORS", "/nowhere/v", "ERROR INTAKE-VENDORS-REFUSED",
                    "/nowhere/v"},
            {"intake", "HUYING_INTAKE_PERSONS", "/nowhere/q", "ERROR INTAKE-PERSONS-REFUSED",
                    "huyingctl key persons"},
            {"intake", "HUYING_CALLBACK_PORTS", "https", "ERROR CALLBACK-REFUSED",
                    "[callback] ports"},
            {"intake", "HUYING_INTAKE_PHOTOS", "/nowhere/p", "ERROR INTAKE-PHOTOS-REFUSED",
                    "/nowhere/p"},
#ifdef HUYING_FAULTS
            {NULL, "HUYING_FAULTS", "conf_unreadable=1", "ERROR CONF-REFUSED", ".conf: a fault"},
            {NULL, "HUYING_FAULTS", "key_unreadable=1", "ERROR KEY-REFUSED", "huyingctl key"},
            {NULL, "HUYING_FAULTS", "bus_open=1", "ERROR BUS-REFUSED", "[bus] brokers"},
            {NULL, "HUYING_FAULTS", "http_start=1", "ERROR HTTP-NOT-STARTED", "[http] port"},
            {NULL, "HUYING_FAULTS", "no_such=1", "\"no_such=1\"", "the points are"},
#endif
    };
    (void)state;
    snprintf(taken, sizeof taken, "%d", site.ports[0]); /* broker 1 listens there */
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].service && strcmp(table[i].service, subject->name) != 0)
            continue;
        setenv(table[i].env, table[i].value, 1);
        kit_start(&site, subject->name, 1, &process);
        unsetenv(table[i].env);
        assert_int_equal(kit_wait_end(&process, REASONABLE_MS), 1);
        if (!told(table[i].event) || !told(table[i].part))
            fail_msg("%s=%s: %s and \"%s\" were expected in: %s", table[i].env, table[i].value,
                    table[i].event, table[i].part, kit_log(&process));
    }
}

/* A database that forgets what it confirmed is not worked with. */
void database_that_is_not_durable_is_not_used(void **state)
{
    static const char *const weaker[] = {"off", "local", "remote_write"};
    char sql[96];
    (void)state;
    for (size_t i = 0; i < sizeof weaker / sizeof *weaker; i++) {
        snprintf(sql, sizeof sql, "ALTER ROLE huying_%s SET synchronous_commit = %s", subject->name,
                weaker[i]);
        kit_pg_run(site.pg, sql);
        kit_start(&site, subject->name, 1, &process);
        KIT_UNTIL(&site, told("ERROR PG-NOT-DURABLE"));
        kit_await(&process, 503, "");
        snprintf(sql, sizeof sql, "ALTER ROLE huying_%s RESET synchronous_commit", subject->name);
        kit_pg_run(site.pg, sql);
        kit_await(&process, 200, "");
        kit_kill(&process);
    }
}

/* Who names several hosts means to fail over, and then a standby has to have what was said. */
void fail_over_that_may_lose_is_warned_of(void **state)
{
    char conninfo[600];
    const char *dir = kit_pg_dir(site.pg);
    (void)state;
    kit_start(&site, subject->name, 1, &process);
    kit_await(&process, 200, "");
    assert_false(told("PG-NOT-REPLICATED"));
    kit_kill(&process);
    snprintf(conninfo, sizeof conninfo, "host=%s,%s dbname=huying user=huying_%s", dir, dir,
            subject->name);
    setenv("HUYING_STORE_CONNINFO", conninfo, 1);
    kit_start(&site, subject->name, 1, &process);
    unsetenv("HUYING_STORE_CONNINFO");
    kit_await(&process, 200, "");
    KIT_UNTIL(&site, told("PG-NOT-REPLICATED"));
}
