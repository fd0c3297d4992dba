/* Working time against an implementation of another kind: a table of all minutes, made by
 * PostgreSQL from the calendar's rows and the shifts' texts, each with the number of working
 * minutes before it. Random intervals and budgets have to come out the same to the millisecond.
 *
 * By itself it takes sixty days anywhere in 2024 to 2026 and is done in seconds. All three
 * years, a million times, and any run again by its seed:
 *
 *     HUYING_HOURS_COUNT=1000000 [HUYING_SEED=N] kernel_base_pure_hours_sql_test */
#include "services/kernel/base/pure_hours.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <time.h>
#include "services/kernel/base/pure_duty.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/base/testing.h"
#include "tests/kit/calendar.h"
#include "tests/kit/pg.h"

#define OFFSET_MS INT64_C(28800000)
#define MINUTE_MS INT64_C(60000)
#define DAY_MS INT64_C(86400000)
#define COUNT_SHORT 12000
#define COUNT_MAX 100000000
#define DAYS_SHORT 60
#define YEAR_UNKNOWN 2027

static const char *const kinds[] = {
        "08:30-12:00;14:00-17:30",
        "00:00-24:00",
        "22:00-06:00",
        "06:00-14:00;14:00-22:00;22:00-06:00",
        "07:13-11:59;13:31-19:07;23:50-00:20",
        "08:00-08:00",
};

#define TABLES                                                                                     \
    "CREATE TABLE named (day date PRIMARY KEY, working boolean, name text);"                       \
    "CREATE TABLE minute (minute bigint, works boolean, before bigint);"                           \
    "CREATE TABLE probe (start_ms bigint, budget_ms bigint, due_ms bigint, to_ms bigint,"          \
    " passed_ms bigint)"

/* Days $from to $to; the minutes go a day further, since a night shift does. */
#define MINUTES                                                                                    \
    "TRUNCATE minute, probe;"                                                                      \
    "INSERT INTO minute WITH day AS ("                                                             \
    "  SELECT d::date - DATE '1970-01-01' AS day,"                                                 \
    "   coalesce(n.working, extract(isodow FROM d) < 6) AS works"                                  \
    "  FROM generate_series(DATE '1970-01-01' + %lld, DATE '1970-01-01' + %lld, '1 day') AS d"     \
    "  LEFT JOIN named AS n ON n.day = d::date"                                                    \
    "), ends AS ("                                                                                 \
    "  SELECT split_part(s, '-', 1)::interval AS a, split_part(s, '-', 2)::interval AS b"          \
    "  FROM regexp_split_to_table('%s', ';') AS s"                                                 \
    "), shift AS ("                                                                                \
    "  SELECT (extract(epoch FROM a) / 60)::bigint AS a, (extract(epoch FROM CASE WHEN b > a"      \
    "   THEN b ELSE b + interval '24:00' END) / 60)::bigint AS b FROM ends"                        \
    "), worked AS ("                                                                               \
    "  SELECT day.day * 1440 + m AS minute FROM day, shift, generate_series(a, b - 1) AS m"        \
    "  WHERE day.works)"                                                                           \
    " SELECT m, w.minute IS NOT NULL,"                                                             \
    "  count(w.minute) OVER (ORDER BY m ROWS UNBOUNDED PRECEDING)"                                 \
    "   - CASE WHEN w.minute IS NULL THEN 0 ELSE 1 END"                                            \
    " FROM generate_series(%lld * 1440, (%lld + 2) * 1440) AS m"                                   \
    " LEFT JOIN worked AS w ON w.minute = m"

/* What is wrong, the first of it as text. A target's minute is the one that so many are before. */
#define WRONG                                                                                      \
    "WITH at AS (SELECT p.*, a.before * 60000 + CASE WHEN a.works THEN start_ms % 60000 ELSE 0"    \
    "  END AS start_at, b.before * 60000 + CASE WHEN b.works THEN to_ms % 60000 ELSE 0 END"        \
    "  AS to_at FROM probe AS p JOIN minute AS a ON a.minute = p.start_ms / 60000"                 \
    "  JOIN minute AS b ON b.minute = p.to_ms / 60000"                                             \
    "), found AS (SELECT at.*, CASE WHEN budget_ms = 0 THEN"                                       \
    "  start_ms ELSE m.minute * 60000 + (start_at + budget_ms - 1) % 60000 + 1 END AS due_sql"     \
    "  FROM at LEFT JOIN minute AS m ON m.works AND m.before = (start_at + budget_ms - 1) / 60000" \
    "), wrong AS (SELECT * FROM found WHERE due_ms IS DISTINCT FROM due_sql"                       \
    "  OR passed_ms IS DISTINCT FROM to_at - start_at)"                                            \
    " SELECT (SELECT count(*) FROM found), count(*),"                                              \
    "  min(format('start %s budget %s due %s (SQL %s) to %s passed %s (SQL %s)', start_ms,"        \
    "   budget_ms, due_ms, due_sql, to_ms, passed_ms, to_at - start_at)) FROM wrong"

static struct calendar calendar;
static struct kit_pg *server;
static PGconn *conn;

static void sql_run(const char *sql, ExecStatusType expected)
{
    PGresult *result = PQexec(conn, sql);
    if (PQresultStatus(result) != expected)
        fail_msg("%.60s: %s", sql, PQerrorMessage(conn));
    PQclear(result);
}

static void copy_end(void)
{
    assert_int_equal(PQputCopyEnd(conn, NULL), 1);
    PGresult *result = NULL;
    while ((result = PQgetResult(conn)) != NULL) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            fail_msg("%s", PQerrorMessage(conn));
        PQclear(result);
    }
}

/* The server reads the calendar's file by itself. */
static void named_fill(void)
{
    char line[256];
    FILE *file = fopen(KIT_CALENDAR_FILE, "re");
    assert_non_null(file);
    sql_run("COPY named FROM STDIN (FORMAT csv, HEADER true)", PGRES_COPY_IN);
    while (fgets(line, sizeof line, file) != NULL)
        assert_int_equal(PQputCopyData(conn, line, (int)strlen(line)), 1);
    copy_end();
    (void)fclose(file);
}

static int setup(void **state)
{
    (void)state;
    struct calendar_day days[KIT_CALENDAR_DAYS_MAX];
    if (!calendar_init(&calendar, (int32_t)(OFFSET_MS / 1000), days, kit_calendar(days)))
        return 1;
    server = kit_pg_start("max_wal_size=4GB work_mem=256MB jit=off");
    conn = PQconnectdb(kit_pg_conninfo(server, "postgres"));
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    sql_run(TABLES, PGRES_COMMAND_OK);
    named_fill();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    PQfinish(conn);
    kit_pg_stop(&server);
    return 0;
}

struct window {
    int64_t first, last; /* days since 1970-01-01 */
    bool whole;          /* behind its last day nothing is known */
};

struct probe {
    int64_t start_ms, budget_ms, due_ms, to_ms, passed_ms; /* due 0: no data */
};

/* A length up to `limit`; short ones as often as long ones, half of them in whole minutes. */
static int64_t length_random(struct rng *rng, int64_t limit)
{
    static const int64_t scales[] = {MINUTE_MS, 600 * MINUTE_MS, 3 * DAY_MS, 90 * DAY_MS};
    int64_t scale = scales[rng_below(rng, COUNT_OF(scales))];
    int64_t length = (int64_t)rng_below(rng, (uint64_t)(scale < limit ? scale : limit) + 1);
    return rng_below(rng, 2) == 0 ? length : length / MINUTE_MS * MINUTE_MS;
}

/* False: it leads out of a window that is not the whole of what is known. */
static bool probe_random(
        struct rng *rng, const struct window *window, const struct hours *hours, struct probe *ret)
{
    int64_t begin = (window->first + 1) * DAY_MS, end = (window->last + 1) * DAY_MS;
    int64_t start = begin + (int64_t)rng_below(rng, (uint64_t)(end - begin));
    if (rng_below(rng, 2) == 0)
        start -= start % MINUTE_MS;
    *ret = (struct probe){.start_ms = start};
    ret->budget_ms = length_random(rng, end - begin);
    ret->to_ms = start + length_random(rng, end - start);
    int32_t year = hours_add(&calendar, hours, start - OFFSET_MS, ret->budget_ms, &ret->due_ms);
    ret->due_ms += year == 0 ? OFFSET_MS : 0;
    if (!window->whole && (year != 0 || ret->due_ms > end))
        return false;
    if (year != 0 && year != YEAR_UNKNOWN)
        fail_msg("start %lld: no data for %d", (long long)start, (int)year);
    year = hours_between(
            &calendar, hours, start - OFFSET_MS, ret->to_ms - OFFSET_MS, &ret->passed_ms);
    if (year != 0)
        fail_msg("from %lld to %lld: no data for %d", (long long)start, (long long)ret->to_ms,
                (int)year);
    return true;
}

static void probes_copy(
        struct rng *rng, const struct window *window, const struct hours *hours, int count)
{
    char line[160], due[24];
    sql_run("COPY probe FROM STDIN", PGRES_COPY_IN);
    for (int i = 0; i < count;) {
        struct probe probe;
        if (!probe_random(rng, window, hours, &probe))
            continue;
        (void)snprintf(
                due, sizeof due, probe.due_ms == 0 ? "\\N" : "%lld", (long long)probe.due_ms);
        int size = snprintf(line, sizeof line, "%lld\t%lld\t%s\t%lld\t%lld\n",
                (long long)probe.start_ms, (long long)probe.budget_ms, due, (long long)probe.to_ms,
                (long long)probe.passed_ms);
        assert_int_equal(PQputCopyData(conn, line, size), 1);
        i++;
    }
    copy_end();
}

static void kind_compare(
        struct rng *rng, const struct window *window, const char *text, int count, uint64_t seed)
{
    static char sql[4096];
    struct hours hours;
    size_t at = 0;
    assert_int_equal(hours_parse(text, &hours, &at), DUTY_FINE);
    (void)snprintf(sql, sizeof sql, MINUTES, (long long)window->first, (long long)window->last,
            text, (long long)window->first, (long long)window->last);
    sql_run(sql, PGRES_COMMAND_OK);
    probes_copy(rng, window, &hours, count);
    sql_run("ANALYZE minute, probe", PGRES_COMMAND_OK);
    PGresult *result = PQexec(conn, WRONG);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s", PQerrorMessage(conn));
    if (strtoll(PQgetvalue(result, 0, 0), NULL, 10) != count ||
            strcmp(PQgetvalue(result, 0, 1), "0") != 0)
        fail_msg("%s, seed %llu: of %s compared %s are wrong, expected %d and none; %s", text,
                (unsigned long long)seed, PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1), count,
                PQgetvalue(result, 0, 2));
    PQclear(result);
}

static uint64_t number_given(const char *name, uint64_t preset)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : preset;
}

static void random_ones_are_those_of_sql(void **state)
{
    (void)state;
    struct rng rng;
    uint64_t seed = number_given("HUYING_SEED", (uint64_t)time(NULL));
    uint64_t count = number_given("HUYING_HOURS_COUNT", 0);
    assert_true(count <= COUNT_MAX);
    rng_seed(&rng, seed);
    struct window window = {kit_day(2024, 1, 1), kit_day(2026, 12, 31), true};
    if (count == 0) {
        int64_t room = window.last - window.first - DAYS_SHORT;
        count = COUNT_SHORT;
        window.first += (int64_t)rng_below(&rng, (uint64_t)room);
        window.last = window.first + DAYS_SHORT;
        window.whole = false;
    }
    print_message("seed %llu, %llu intervals and as many budgets\n", (unsigned long long)seed,
            (unsigned long long)count);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        uint64_t part = count * (i + 1) / COUNT_OF(kinds) - count * i / COUNT_OF(kinds);
        kind_compare(&rng, &window, kinds[i], (int)part, seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(random_ones_are_those_of_sql),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
