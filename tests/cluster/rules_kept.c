/* The catalogue and the calendar change while cases are open: nothing that was announced moves,
 * new cases get the new spans, and the old ones end under the rules they began under, but for the
 * one that a person resets. `huyingctl
 * apply` writes, routing's batches decide, `huyingctl deadlines` counts again what was announced,
 * and finds what somebody changed behind its back.
 *
 *   rules_kept PATH-OF-HUYINGCTL */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <stdio.h>

#include "proto/intake.pb-c.h"
#include "proto/routing.pb-c.h"
#include "services/routing/ops.h"
#include "services/routing/routing.h"
#include "tests/kit/store.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define TUESDAY (KIT_NOW + 24 * HOUR) /* 2018-01-02; Wednesday is made a holiday */
#define THURSDAY (TUESDAY + 48 * HOUR)
#define CLOCKS_MAX 10 /* of a case that run out at one look */
#define OLD (INT64_C(7) << 51 | INT64_C(1) << 48 | 1)
#define NEW (OLD + 1)
#define RESET (OLD + 2)

static const char *huyingctl;
static struct aggregate_ops ops;
static char *home, *profile;

static void file_put(const char *dir, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* Its exit status; what it printed is the caller's to free. */
static int ctl(const char *command, const char *operand, char **ret_out)
{
    const char *argv[] = {huyingctl, "--home", home, "--lang", "en", command, operand, NULL};
    g_autofree char *out = NULL, *error = NULL;
    int status = -1;
    assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL,
            &out, &error, &status, NULL));
    status = g_spawn_check_wait_status(status, NULL) ? 0 : WEXITSTATUS(status);
    if (ret_out != NULL)
        *ret_out = g_strdup(out);
    else if (status != 0)
        print_message("%s%s", out, error);
    return status;
}

#define MATTERS                                                                                    \
    "code,category,name_zh,name_en,covers_zh,urgency,start_level,handler_kind,handler_grid,"       \
    "handler_village,handler_street,handler_district,village_duty,street_duty,district_duty,"      \
    "clock,accept_min,arrive_min,handle_min,step_up_min,verify_min,verifier,self_handle,"          \
    "volunteer,squad,squad_capability,evidence,dup_m,dup_h,privacy,origin\n"                       \
    "M,c,事,Matter,,normal,village,desk,,,,,main,main,main,work,0,0,"
#define MATTERS_END ",0,,0,no,no,,,0,0,normal,\n"

static void apply(const char *matters, const char *days)
{
    file_put(profile, "matters.csv", matters);
    file_put(profile, "calendar.csv", days);
    assert_int_equal(ctl("apply", profile, NULL), 0);
    kit_store_directory();
}

static int setup(void **state)
{
    (void)state;
    ops = routing_ops();
    kit_store_start(&ops, NULL);
    kit_pg_service(kit_store.server, "intake");
    home = g_dir_make_tmp("huying-rules-XXXXXX", NULL);
    profile = g_build_filename(home, "profile", NULL);
    g_autofree char *conf = g_build_filename(home, "conf", NULL);
    g_autofree char *text = g_strdup_printf(
            "[store]\nconninfo=%s\n", kit_pg_conninfo(kit_store.server, "huying_ctl"));
    assert_int_equal(g_mkdir(conf, 0700) + g_mkdir(profile, 0700), 0);
    file_put(conf, "ctl.conf", text);
    file_put(profile, "site.conf",
            "[site]\nnumber=7\nletters=TT\nname_zh=市\nname_en=City\nutc_offset=+00:00\n"
            "drill=true\nclock=2018-01-02T00:00:00+00:00\n");
    file_put(profile, "units.csv",
            "scope,code,parent,level,kind,name_zh,name_en\n"
            "unit,D,,district,district,区,District\nunit,S,D,street,street,街,Street\n"
            "unit,V,S,village,village,村,Village\nunit,G,V,grid,grid,格,Grid\n");
    file_put(profile, "staff.csv",
            "code,name,unit,role,skills,from,to,count\ns,甲,S,desk,,,,\nv,乙,V,desk,,,,\n");
    return 0;
}

static int teardown(void **state)
{
    const char *argv[] = {"rm", "-rf", home, NULL};
    (void)state;
    (void)g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
            NULL, NULL, NULL);
    kit_store_stop();
    g_free(home);
    g_free(profile);
    return 0;
}

static void report(int64_t id, int64_t now_ms)
{
    Huying__Intake__CaseReported body = HUYING__INTAKE__CASE_REPORTED__INIT;
    char matter[] = "M", source[] = "hotline", ref[] = "T", summary[] = "x";
    body.matter = matter;
    body.source = source;
    body.source_ref = ref;
    body.summary = summary;
    body.unit = kit_pg_int(kit_store.server, "SELECT id FROM directory.unit WHERE code = 'G'");
    kit_event(SERVICE_INTAKE, id, 1, TYPE_CASE_REPORTED, &body.base)->input.now_ms = now_ms;
    kit_batch_run();
}

static void due_reset(int64_t id, const char *actor, int64_t now_ms)
{
    Huying__Routing__Act body = HUYING__ROUTING__ACT__INIT;
    char why[] = "half of them fell ill";
    body.text = why;
    kit_command(id, TYPE_RESET_DUE, &body.base, actor)->input.now_ms = now_ms;
    kit_batch_run();
}

static int64_t number(const char *what, const char *from, int64_t id)
{
    char sql[300];
    snprintf(sql, sizeof sql,
            "SELECT (extract(epoch FROM %s) * 1000)::bigint FROM routing.%s = %" PRId64, what, from,
            id);
    return kit_pg_int(kit_store.server, sql);
}

/* The clock stands just behind the deadline; all that is due by then fires, as in a drill at the
 * instant at which it was due. */
static void deadline_passes(int64_t id, int64_t due_ms)
{
    char sql[200];
    snprintf(sql, sizeof sql,
            "UPDATE directory.site SET clock = to_timestamp(%" PRId64 " / 1000.0)", due_ms + 1);
    kit_pg_run(kit_store.server, sql);
    snprintf(sql, sizeof sql, "SELECT gen FROM routing.timer WHERE agg = %" PRId64, id);
    for (int fired = 0; number("due", "timer WHERE agg", id) <= due_ms; fired++) {
        assert_true(fired < CLOCKS_MAX);
        kit_work(WORK_TIMER, id, 1, NULL)->input.n = (uint64_t)kit_pg_int(kit_store.server, sql);
        kit_batch_run();
    }
}

static void assert_due(int64_t id, int64_t expected)
{
    assert_int_equal(number("due_at", "cases WHERE id", id), expected);
    assert_int_equal(number("max(due)", "history WHERE agg", id), expected);
    assert_true(number("due", "timer WHERE agg", id) <= expected); /* or of a card before it */
}

static void announced_deadlines_do_not_move_with_the_rules(void **state)
{
    (void)state;
    apply(MATTERS "480,120" MATTERS_END, "day,working,name\n2018-01-01,false,元旦\n");
    report(OLD, TUESDAY + 9 * HOUR);
    report(RESET, TUESDAY + 9 * HOUR);
    int64_t due_ms = TUESDAY + 34 * HOUR; /* 6.5 hours on Tuesday, till 10:00 on Wednesday */
    assert_due(OLD, due_ms);
    assert_due(RESET, due_ms);
    due_reset(RESET, "s", TUESDAY + 9 * HOUR + 10 * MINUTE); /* nothing has changed */
    assert_due(RESET, due_ms);

    apply(MATTERS "60,30" MATTERS_END,
            "day,working,name\n2018-01-01,false,元旦\n2018-01-03,false,放假\n");
    assert_due(OLD, due_ms);
    assert_due(RESET, due_ms);
    due_reset(RESET, "v", TUESDAY + 9 * HOUR + 30 * MINUTE); /* who handles it may not */
    assert_due(RESET, due_ms);
    due_reset(RESET, "s", TUESDAY + 9 * HOUR + 30 * MINUTE);
    assert_int_equal(number("due_at", "cases WHERE id", RESET), TUESDAY + 10 * HOUR);
    assert_int_equal(number("first_due_at", "cases WHERE id", RESET), TUESDAY + 10 * HOUR);
    assert_due(OLD, due_ms);
    report(NEW, TUESDAY + 16 * HOUR + 40 * MINUTE); /* 50 minutes, and 10 on Thursday */
    assert_due(NEW, THURSDAY + 8 * HOUR + 40 * MINUTE);
    assert_due(OLD, due_ms);

    deadline_passes(OLD, due_ms); /* the old two hours, in the working time of now */
    assert_due(OLD, THURSDAY + 10 * HOUR + 30 * MINUTE);
    deadline_passes(RESET, TUESDAY + 10 * HOUR); /* the new half hour */
    assert_int_equal(number("due_at", "cases WHERE id", RESET), TUESDAY + 10 * HOUR + 30 * MINUTE);
    deadline_passes(NEW, THURSDAY + 8 * HOUR + 40 * MINUTE);
    assert_due(NEW, THURSDAY + 9 * HOUR + 10 * MINUTE);
    assert_int_equal(
            kit_pg_int(kit_store.server, "SELECT count(DISTINCT matter) FROM routing.cases"), 2);
}

static void versions_of_a_matter_are_one_counter(void **state)
{
    (void)state;
    assert_int_equal(kit_counters_differ(), 0);
    assert_int_equal(kit_pg_int(kit_store.server, "SELECT count(*) FROM routing.counter_truth"
                                                  " WHERE metric = 0 AND matter <> 0"),
            1);
    assert_int_equal(kit_pg_int(kit_store.server, "SELECT sum(value) FROM routing.counter_truth"
                                                  " WHERE metric = 0 AND matter <> 0"),
            3);
}

static void announced_deadlines_are_counted_again(void **state)
{
    static const char *const tampered[] = {
            "UPDATE routing.history SET due = due + interval '1 millisecond' WHERE kind = 7",
            "UPDATE directory.hours_version SET hours ="
            " jsonb_set(hours, '{hours}', '\"08:30-12:00;14:00-17:00\"')",
            "UPDATE directory.hours_version SET hours = hours #- '{days,2018-01-03}'",
            "UPDATE directory.matter SET step_up_min = 30 WHERE retired"};
    g_autofree char *out = NULL, *one = NULL, *id = g_strdup_printf("%" PRId64, OLD);
    (void)state;
    assert_int_equal(ctl("deadlines", "--all", &out), 0);
    assert_string_equal(out, "3 cases, 7 deadlines announced: 7 same, 0 named by a person, "
                             "0 cannot be counted, 0 different\n");
    assert_int_equal(ctl("deadlines", id, &one), 0);
    assert_non_null(strstr(one, "2018-01-04T10:30:00Z"));
    assert_non_null(strstr(one, "1 cases, 2 deadlines announced: 2 same"));
    for (size_t i = 0; i < sizeof tampered / sizeof *tampered; i++) {
        g_autofree char *said = NULL;
        kit_pg_run(kit_store.server,
                "CREATE TABLE public.h AS SELECT * FROM routing.history;"
                "CREATE TABLE public.v AS SELECT * FROM directory.hours_version;"
                "CREATE TABLE public.m AS SELECT * FROM directory.matter");
        kit_pg_run(kit_store.server, tampered[i]);
        if (ctl("deadlines", "--all", &said) != 1)
            fail_msg("%s: nothing was found: %s", tampered[i], said);
        kit_pg_run(kit_store.server,
                "TRUNCATE routing.history, directory.hours_version;"
                "INSERT INTO routing.history SELECT * FROM public.h;"
                "INSERT INTO directory.hours_version SELECT * FROM public.v;"
                "UPDATE directory.matter m SET step_up_min = o.step_up_min FROM public.m o"
                " WHERE o.id = m.id; DROP TABLE public.h, public.v, public.m");
    }
    assert_int_equal(ctl("deadlines", "--all", NULL), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(announced_deadlines_do_not_move_with_the_rules),
            cmocka_unit_test(versions_of_a_matter_are_one_counter),
            cmocka_unit_test(announced_deadlines_are_counted_again),
    };
    if (argc != 2)
        return 2;
    huyingctl = argv[1];
    return cmocka_run_group_tests(tests, setup, teardown);
}
