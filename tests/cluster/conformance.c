/* One suite that every service has to pass: conformance NAME runs it against the real process
 * huying-NAME with a PostgreSQL, a Redis and two brokers of its own (tests/kit/cluster.h). A
 * service's part is one line of SUBJECTS; a new service adds a line there and one in
 * CMakeLists.txt.
 *
 * It sees a service as operators and peers do: process, health, metrics, log, frames and rows.
 * Each test starts a process of its own; engines and brokers are shared and up at its start. */
#include "tests/cluster/conformance.h"

#include <libgen.h>
#include <stdio.h>
#include <unistd.h>

static const struct subject SUBJECTS[] = {
#define PAYLOAD(text) (text), sizeof(text) - 1
        {"intake", SERVICE_INTAKE, SERVICE_ROUTING, 2001,
                PAYLOAD("\x0a\x06"
                        "closed\x10\x80\xe8\x92\x26" NEW_FIELD),
                "intake.report", 1501, 1602, true},
        {"routing", SERVICE_ROUTING, SERVICE_INTAKE, 1002, PAYLOAD("\x0a\x02no" NEW_FIELD),
                "routing.cases", 2501, 2602, true},
        {"enforcement", SERVICE_ENFORCEMENT, SERVICE_ROUTING, 2102, PAYLOAD("\x0a\x02no" NEW_FIELD),
                "enforcement.missions", 3501, 3601, true},
        {"volunteer", SERVICE_VOLUNTEER, SERVICE_ROUTING, 2202, PAYLOAD("\x0a\x02no" NEW_FIELD),
                "volunteer.needs", 4501, 4601, true},
        {"audit", SERVICE_AUDIT, SERVICE_ROUTING, 5001,
                PAYLOAD("\x0a\x2b\x08\x02\x10\x01\x18\x01"
                        "\x5a\x20"
                        "0123456789abcdef0123456789abcdef" NEW_FIELD),
                "audit.pages", 0, 5601, false},
#undef PAYLOAD
};

const struct subject *subject;
struct kit_site site;
struct kit_process process;
struct keypair own, peer, tool, weak, clerk, stranger;

int64_t id_next(void)
{
    static int64_t counter = 1000;
    return id_make(1, subject->source, ++counter);
}

size_t varint(uint8_t *to, uint64_t value)
{
    size_t size = 0;
    do {
        to[size++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
    } while (value);
    return size;
}

void ready(void)
{
    kit_start(&site, subject->name, 1, &process);
    kit_await(&process, 200, "");
}

int64_t seen(int64_t id)
{
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT coalesce(max(seen_%s), -1) FROM %s WHERE id = %lld",
            service_name(subject->source), subject->row, (long long)id);
    return kit_pg_int(site.pg, sql);
}

int64_t letters(int64_t id)
{
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s.dead_letter WHERE agg = %lld", subject->name,
            (long long)id);
    return kit_pg_int(site.pg, sql);
}

void query(struct asker *asker, uint32_t type, int64_t within_ms, struct answer *ret)
{
    uint8_t payload[16] = {0x08};
    size_t size = 1 + varint(payload + 1, (uint64_t)id_next());
    struct envelope envelope = {.id = 1, .type = type, .payload = {payload, size}};
    asker_ask(asker, FRAME_QUERIES, subject->id, &envelope, within_ms, ret);
}

void answers(struct asker *asker)
{
    struct answer answer;
    int64_t end = kit_now_ms() + KIT_WAIT_MS;
    do {
        query(asker, HISTORY, ASK_AGAIN_MS, &answer);
    } while ((answer.kind != FRAME_REPLIES || answer.verdict == REPLY_FAILED + ERR_TRANSIENT) &&
             kit_now_ms() < end);
    if (answer.kind != FRAME_REPLIES || answer.verdict != VERDICT_APPLIED)
        kit_fail(&site, "a query was answered with kind %d, reason %u, verdict %u: %s", answer.kind,
                answer.reason, answer.verdict, answer.text);
}

void ask(struct asker *asker,
        enum frame_kind kind,
        const struct envelope *envelope,
        struct answer *ret)
{
    int64_t end = kit_now_ms() + REASONABLE_MS;
    do {
        asker_ask(asker, kind, subject->id, envelope, REASONABLE_MS, ret);
    } while (ret->verdict == REPLY_FAILED + ERR_TRANSIENT && kit_now_ms() < end);
}

bool told(const char *part)
{
    return strstr(kit_log(&process), part) != NULL;
}

struct envelope message(int64_t id)
{
    return (struct envelope){.id = id_next(),
            .agg = id,
            .n = 1,
            .type = subject->event,
            .payload = {(const uint8_t *)subject->payload, subject->payload_size}};
}

static int world_up(void **state)
{
    (void)state;
    faults_on();
    kit_postgres(&site, true);
    kit_pg_run(site.pg, "ROLLBACK"); /* a lock that a failed test left */
    kit_redis(&site, true);
    kit_broker(&site, 0, true);
    kit_broker(&site, 1, true);
    kit_conf(&site, subject->name, subject->name, "[log]\nlevel=info\n");
    return 0;
}

static int process_end(void **state)
{
    (void)state;
    faults_sum();
    kit_kill(&process);
    return 0;
}

static void keys_make(void)
{
    kit_key(&site, subject->name, subject->name, "", &own);
    kit_key(&site, "peer", service_name(subject->source), "", &peer);
    kit_key(&site, "tool", "client", "act;query;operate", &tool);
    kit_key(&site, "clerk", "client", "act;query", &clerk);
    kit_key(&site, "weak", "client", "feed", &weak);
    kit_key(&site, "stranger", NULL, "", &stranger);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, world_up, process_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define X(test) EACH(test),
            CONFORMANCE_TABLE(X)
#undef X
    };
    char self[KIT_PATH_SIZE] = "";
    for (size_t i = 0; argc == 2 && i < sizeof SUBJECTS / sizeof *SUBJECTS; i++)
        if (strcmp(argv[1], SUBJECTS[i].name) == 0)
            subject = &SUBJECTS[i];
    if (!subject || readlink("/proc/self/exe", self, sizeof self - 1) < 0) {
        fprintf(stderr, "usage: conformance intake|routing|enforcement|volunteer|audit\n");
        return 2;
    }
    kit_site_open(&site, dirname(self), subject->name);
    keys_make();
    int failed = cmocka_run_group_tests_name(subject->name, tests, NULL, NULL);
    failed += !faults_shown();
    if (!failed) /* else one may be open, and the context would wait for it */
        asker_end();
    kit_site_close(&site, failed != 0);
    return failed;
}
