/* The clock of the database jumps under two instances with cases whose deadlines it would pass:
 * directory.clock(), by which deadlines are judged, is replaced by one that is ten minutes off.
 * Routing alone, since its deadlines are the ones that accuse somebody; what a process trusts when
 * it starts is the same for all. */
#include "tests/cluster/conformance.h"

#include <stdio.h>

#define CASE_REPORTED 1001
#define MINUTE_MS INT64_C(60000)

static struct kit_process second;

static void clock_jump(int minutes)
{
    char sql[320];
    snprintf(sql, sizeof sql,
            "CREATE OR REPLACE FUNCTION directory.clock() RETURNS timestamptz "
            "LANGUAGE plpgsql STABLE AS $$ BEGIN "
            "RETURN coalesce((SELECT s.clock FROM directory.site AS s), clock_timestamp())"
            " + interval '%d min'; END $$",
            minutes);
    kit_pg_run(site.pg, sql);
}

static int64_t right_now_ms(void)
{
    return kit_pg_int(site.pg, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");
}

/* Opens a case at the street, promised to be closed at that instant. */
static int64_t case_open_until(struct asker *asker, int64_t promised_ms)
{
    static const uint8_t begin[] = {0x0a, 1, 't', 0x1a, 1, 'M', 0x20, 2, 0x28, 2};
    uint8_t payload[64];
    size_t size = sizeof begin;
    int64_t id = id_next();
    struct answer answer;
    memcpy(payload, begin, size);
    payload[size++] = 0x30;
    size += varint(payload + size, (uint64_t)right_now_ms());
    payload[size++] = 0x38;
    size += varint(payload + size, (uint64_t)promised_ms);
    struct envelope envelope = {
            .id = id_next(), .agg = id, .n = 1, .type = CASE_REPORTED, .payload = {payload, size}};
    asker_ask(asker, FRAME_EVENTS, subject->id, &envelope, REASONABLE_MS, &answer);
    assert_int_equal(answer.acked, 1);
    return id;
}

static int64_t escalations(int64_t id)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM routing.history WHERE agg = %lld AND kind = 7",
            (long long)id);
    return kit_pg_int(site.pg, sql);
}

static void held_wait(bool held)
{
    KIT_UNTIL(&site, kit_metric(&process, "timers_held") == held);
    KIT_UNTIL(&site, kit_metric(&second, "timers_held") == held);
}

static void jump_forward_escalates_nothing(int64_t id)
{
    clock_jump(10);
    held_wait(true);
    assert_non_null(strstr(kit_log(&process), "CLOCK-JUMPED"));
    kit_kill(&process); /* whoever is started now must not take the new time for the true one */
    ready();
    held_wait(true);
    assert_int_equal(escalations(id), 0);
    assert_int_equal(kit_metric(&second, "timers_fired"), 0);
    clock_jump(0);
    held_wait(false);
    assert_non_null(strstr(kit_log(&second), "CLOCK-IN-STEP"));
    assert_int_equal(escalations(id), 0);
}

/* Work goes on meanwhile; a deadline that passes is late, and fires when the clock is back. */
static int64_t jump_back_escalates_late_and_once(struct asker *asker)
{
    clock_jump(-10);
    held_wait(true);
    int64_t promised_ms = right_now_ms() + 1000, id = case_open_until(asker, promised_ms);
    KIT_UNTIL(&site, right_now_ms() > promised_ms);
    assert_int_equal(escalations(id), 0);
    clock_jump(0);
    KIT_UNTIL(&site, escalations(id) > 0);
    held_wait(false);
    return id;
}

void clock_that_jumps_escalates_nobody(void **state)
{
    struct asker asker;
    (void)state;
    if (subject->id != SERVICE_ROUTING)
        skip();
    ready();
    kit_start(&site, subject->name, 2, &second);
    kit_await(&second, 200, "");
    asker_open(&asker, &site, subject->source, &peer, true);
    int64_t first = case_open_until(&asker, right_now_ms() + 5 * MINUTE_MS);
    jump_forward_escalates_nothing(first);
    int64_t late = jump_back_escalates_late_and_once(&asker);
    clock_jump(10);
    held_wait(true);
    assert_int_equal(escalations(first), 0);
    kit_pg_run(site.pg, "UPDATE directory.site SET clock_trust = clock_trust + 1");
    KIT_UNTIL(&site, escalations(first) > 0);
    held_wait(false);
    int64_t last = case_open_until(&asker, 1); /* due at once: another look at the deadlines */
    KIT_UNTIL(&site, escalations(last) > 0);
    assert_int_equal(escalations(first), 1);
    assert_int_equal(escalations(late), 1);
    assert_int_equal(escalations(last), 1);
    asker_close(&asker);
    kit_kill(&second);
    clock_jump(0);
}

/* Rows that a process of this machine's present run has left. */
static int64_t anchors(void)
{
    char boot[64] = "", sql[192];
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
    assert_true(file && fgets(boot, sizeof boot, file));
    fclose(file);
    boot[strcspn(boot, "\n")] = '\0';
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s.clock_anchor WHERE boot = '%s'",
            subject->name, boot);
    return kit_pg_int(site.pg, sql);
}

/* The machine's own clock and the database's agree, as they do when both were set wrong; what an
 * earlier process trusted says otherwise. */
void restarted_process_goes_by_the_clock_that_was_trusted(void **state)
{
    char sql[128];
    (void)state;
    faults_but("boot_unreadable=0"); /* it would be another machine */
    clock_jump(0);                   /* where a failed test may have left it */
    snprintf(sql, sizeof sql, "DELETE FROM %s.clock_anchor", subject->name);
    kit_pg_run(site.pg, sql);
    ready();
    KIT_UNTIL(&site, anchors() == 1);
    kit_kill(&process);
    snprintf(sql, sizeof sql, "UPDATE %s.clock_anchor SET low = low - 600000, high = high - 600000",
            subject->name);
    kit_pg_run(site.pg, sql);
    ready();
    KIT_UNTIL(&site, kit_metric(&process, "timers_held") == 1);
    kit_pg_run(site.pg, "UPDATE directory.site SET clock_trust = clock_trust + 1");
    KIT_UNTIL(&site, kit_metric(&process, "timers_held") == 0);
}
