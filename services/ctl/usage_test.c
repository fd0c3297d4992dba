/* Commands that are typed wrong end with 2 and touch nothing; without a site they end with 1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "services/ctl/commands.h"
#include "services/ctl/testing.h"

static char *home;

static int setup(void **state)
{
    (void)state;
    home = g_dir_make_tmp("huying-usage-XXXXXX", NULL);
    return home == NULL || !g_setenv("HUYING_HOME", home, TRUE);
}

static int teardown(void **state)
{
    (void)state;
    dir_remove(home);
    g_free(home);
    return 0;
}

static const struct {
    int (*command)(struct ctl *ctl, int argc, char **argv);
    const char *line;
    int status;
} cases[] = {{command_case, "case", EXIT_USAGE}, {command_case, "case 1 2", EXIT_USAGE},
        {command_case, "case --help", EXIT_DONE}, {command_case, "case 1", EXIT_FAILED},
        {command_deadlines, "deadlines", EXIT_USAGE},
        {command_deadlines, "deadlines 1 --all", EXIT_USAGE},
        {command_deadlines, "deadlines --all", EXIT_FAILED}, {command_act, "act", EXIT_USAGE},
        {command_act, "act accept 1", EXIT_USAGE}, {command_act, "act burn 1 --as W", EXIT_USAGE},
        {command_act, "act dispatch 1 --as W", EXIT_USAGE},
        {command_act, "act accept 1 --as W --unit D", EXIT_USAGE},
        {command_act, "act suspend 1 --as W --unit D", EXIT_USAGE},
        {command_act, "act suspend 1 --as W --minutes -5", EXIT_USAGE},
        {command_act, "act accept 1 --as W", EXIT_FAILED}, {command_act, "act --help", EXIT_DONE},
        {command_status, "status now", EXIT_USAGE}, {command_status, "status", EXIT_FAILED},
        {command_counters, "counters all", EXIT_USAGE},
        {command_counters, "counters --no-such", EXIT_USAGE},
        {command_counters, "counters", EXIT_FAILED},
        {command_dead_letters, "dead-letters burn", EXIT_USAGE},
        {command_dead_letters, "dead-letters skip 1 intake 2", EXIT_USAGE},
        {command_dead_letters, "dead-letters replay 1 intake 2 --why x", EXIT_USAGE},
        {command_dead_letters, "dead-letters replay 1 intake", EXIT_USAGE},
        {command_dead_letters, "dead-letters --service broker", EXIT_USAGE},
        {command_dead_letters, "dead-letters list", EXIT_FAILED},
        {command_qr, "qr --help", EXIT_DONE}, {command_qr, "qr list", EXIT_FAILED},
        {command_qr, "qr burn", EXIT_USAGE}, {command_qr, "qr place P", EXIT_USAGE},
        {command_qr, "qr place P name", EXIT_USAGE},
        {command_qr, "qr place P name --matters L --helpers W", EXIT_USAGE},
        {command_qr, "qr place P name --matters L --unit G", EXIT_FAILED},
        {command_qr, "qr person P --matter L --helpers W", EXIT_USAGE},
        {command_qr, "qr card 1", EXIT_USAGE}, {command_qr, "qr card 1 --card c.json", EXIT_FAILED},
        {command_qr, "qr print", EXIT_USAGE}, {command_qr, "qr print 1 --all", EXIT_USAGE},
        {command_qr, "qr print 1", EXIT_FAILED}, {command_qr, "qr helper 1", EXIT_USAGE},
        {command_qr, "qr withdraw 1 --to f", EXIT_USAGE},
        {command_worklist, "worklist", EXIT_USAGE},
        {command_worklist, "worklist LA --limit 0", EXIT_USAGE},
        {command_worklist, "worklist LA --limit 10001", EXIT_USAGE},
        {command_worklist, "worklist LA", EXIT_FAILED}, {command_story, "story", EXIT_USAGE},
        {command_story, "story a b", EXIT_USAGE}, {command_story, "story a --no-such", EXIT_USAGE},
        {command_story, "story no-such.csv", EXIT_FAILED},
        {command_worklist, "worklist LA CD", EXIT_USAGE},
        {command_worklist, "worklist --as W", EXIT_FAILED},
        {command_hotline, "hotline", EXIT_USAGE},
        {command_hotline, "hotline reconcile", EXIT_USAGE},
        {command_hotline, "hotline push 2018-01-01", EXIT_USAGE},
        {command_hotline, "hotline reconcile a b", EXIT_USAGE},
        {command_hotline, "hotline --help", EXIT_DONE},
        {command_hotline, "hotline reconcile 2018-01-01", EXIT_FAILED},
        {command_hotline, "hotline reconcile --first T1", EXIT_FAILED},
        {command_search, "search a b", EXIT_USAGE},
        {command_search, "search --limit 0", EXIT_USAGE}, {command_search, "search a", EXIT_FAILED},
        {command_similar, "similar", EXIT_USAGE}, {command_similar, "similar 1", EXIT_FAILED},
        {command_load, "load", EXIT_USAGE}, {command_load, "load LA", EXIT_FAILED},
        {command_scale, "scale routing", EXIT_USAGE},
        {command_scale, "scale routing 3", EXIT_FAILED}, {command_caller, "caller", EXIT_USAGE},
        {command_caller, "caller see", EXIT_USAGE}, {command_caller, "caller see 1", EXIT_USAGE},
        {command_caller, "caller see 1 --as W", EXIT_USAGE},
        {command_caller, "caller see 1 --why calling", EXIT_USAGE},
        {command_caller, "caller see 1 --as W --why no", EXIT_USAGE},
        {command_caller, "caller see 1 --as W --why \xff\xff\xff\xff", EXIT_USAGE},
        {command_caller, "caller see 1 --as W --why calling", EXIT_FAILED},
        {command_caller, "caller forget 1", EXIT_USAGE},
        {command_caller, "caller forget 1 --as W --why asked", EXIT_FAILED},
        {command_caller, "caller who-has-seen", EXIT_USAGE},
        {command_caller, "caller who-has-seen 1 --as W", EXIT_USAGE},
        {command_caller, "caller who-has-seen 1", EXIT_FAILED},
        {command_caller, "caller reseal 1", EXIT_USAGE},
        {command_caller, "caller reseal", EXIT_FAILED},
        {command_caller, "caller --help", EXIT_DONE}};

static void exit_status_tells_usage_from_failure(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int status = command_run(cases[i].command, cases[i].line);
        if (status != cases[i].status)
            fail_msg("%s: ended with %d, expected %d", cases[i].line, status, cases[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(exit_status_tells_usage_from_failure)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
