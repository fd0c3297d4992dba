/* The case's table against itself, cell by cell: every state meets every event, and every state,
 * command and person. What is expected is written out, for a person to read. */
#include "services/routing/test_acts.h"

#include <stdio.h>
#include <string.h>

static struct directory *city;

static int setup(void **state)
{
    (void)state;
    city = city_build();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    directory_destroy(&city);
    return 0;
}

/* What is to be seen of a decision: the state after it (by initial), or n(ot found) r(efused) .
 * (nothing). */
static char story_shows(const struct story *story)
{
    static const char initials[] = "?gDAHvCWRbiSM";
    switch (story->outcome.verdict) {
    case VERDICT_APPLIED:
        return initials[story->state.state];
    case VERDICT_DUPLICATE:
        return '.';
    case VERDICT_REFUSED:
        return 'r';
    case VERDICT_NOT_FOUND:
        return 'n';
    case VERDICT_CONFLICT:
        return 'c';
    }
    return '?';
}

/* Columns: reported taken_back deadline | accept handle verify refer | squad: assigned accepted
 * on_scene finished | need: claimed finished unclaimed | news | return return_again dispatch
 * rule step_up reject | suspend resume | ask_time grant_time deny_time | step_due. Second line:
 * clock warn part_warn part_due | settled sampled | urge remind veto decline | whistle check_in
 * end_whistle score joint order | finish_part finish_last take_over | apply admit
 * deny_admission appeal uphold dismiss | convene resolve mediate agree revisit | follow_up
 * reopen pass_check fail_check arrive work_done | reset_due | merge unmerge other_closed
 * other_referred other_gone. */
static const struct {
    int matter;
    enum case_state from;
    const char *expected;
} meetings[] = {
        {M_LAMP, CASE_NONE,
                "D..nnnn........nnnnnnnnnnn."
                "....CH.nnnnnnnnnn.nnnnnnnnnnnnnnnnn.nnn..."},
        {M_LAMP, CASE_DISPATCHED,
                ".WDAHrR........rrrrDrrrrrrD"
                "DDDD..DDDrDrrrADr.rrrrrrrDrrrrrrrrr.DMr..."},
        {M_LAMP, CASE_ACCEPTED,
                ".WArHrR........rrrrDrSrAAAA"
                "AAAA..AAArArrrAAr.rrrrrrrArrrrrrrrr.AMr..."},
        {M_LAMP, CASE_HANDLED,
                ".WHrrCr........rrrrrDrrrrrH"
                "HHHH..HHHrrrrrrrr.rrrrrrrHrrrrrrrrr.rrr..."},
        {M_LAMP, CASE_CLOSED,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrCDrrr.rrr..."},
        {M_LAMP, CASE_WITHDRAWN,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrrrrrr.rrr..."},
        {M_LAMP, CASE_REFERRED_OUT,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrrrrrr.rrr..."},
        {M_NOISE, CASE_DISPATCHED,
                ".WDAHrR........biDrDrrrrrrD"
                "DDDD..DDDrDrrrADr.rrrrrrrDrrrrrrrrr.DMr..."},
        {M_NOISE, CASE_ACCEPTED,
                ".WArHrR........biDrDrSrAAAA"
                "AAAA..AAArArrrAAr.rrrrrrrArrrrrrrrr.AMr..."},
        {M_NOISE, CASE_HANDLED,
                ".WHrrCr........rrrrrDrrrrrH"
                "HHHH..HHHrrrrrrrr.rrrrrrrHrrrrrrrrr.rrr..."},
        {M_NOISE, CASE_RETURNED,
                ".WbrrrR........rrDrDrrrrrrb"
                "bbbb..bbbrrrrrrrr.rrrrrrrbrrrrrrrrr.rMr..."},
        {M_NOISE, CASE_IN_ARBITRATION,
                ".Wirrrr........rrrDrrrrrrri"
                "iiii..iiirrrrrrrr.rrrrrrrirrrrrrrrr.rrr..."},
        {M_NOISE, CASE_SUSPENDED,
                ".WArrrR........rrrrrrrArrrA"
                "AAAA..SSSrrrrrrrr.rrrrrrrSrrrrrrrrr.rrr..."},
        {M_NOISE, CASE_MERGED,
                ".W.rrrr........rrrrrrrrrrr."
                "......Mrrrrrrrrrr.rrrrrrrrrrrrrrrrr.rrDCRD"},
        {M_DUMP, CASE_DISPATCHED,
                ".WDrrrRDAAH....rrrrDrrrrrrD"
                "DDDD..DDDrDrrrADr.rrrrrrrDrrrrrrrrr.DMr..."},
        {M_DUMP, CASE_ACCEPTED,
                ".WArrrRD.AH....rrrrDrrrrAAA"
                "AAAA..AAArArrrAAr.rrrrrrrArrrrrrrrr.AMr..."},
        {M_DUMP, CASE_HANDLED,
                ".WHrrCr........rrrrrDrrrrrH"
                "HHHH..HHHrrrrrrrr.rrrrrrrHrrrrrrrrr.rrr..."},
        {M_DUMP, CASE_CLOSED,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrCDrrr.rrr..."},
        {M_DUMP, CASE_WITHDRAWN,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrrrrrr.rrr..."},
        {M_DUMP, CASE_REFERRED_OUT,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrrrrrr.rrr..."},
        {M_GRAFFITI, CASE_DISPATCHED,
                ".WDrrrR....AHD.rrrrDrrrrrrD"
                "DDDD..DDDrDrrrADr.rrrrrrrDrrrrrrrrr.DMr..."},
        {M_GRAFFITI, CASE_ACCEPTED,
                ".WArrrR.....HD.rrrrDrrrrAAA"
                "AAAA..AAArArrrAAr.rrrrrrrArrrrrrrrr.AMr..."},
        {M_GRAFFITI, CASE_HANDLED,
                ".WHrrCr........rrrrrDrrrrrH"
                "HHHH..HHHrrrrrrrr.rrrrrrrHrrrrrrrrr.rrr..."},
        {M_GRAFFITI, CASE_CLOSED,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrCDrrr.rrr..."},
        {M_GRAFFITI, CASE_WITHDRAWN,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrrrrrr.rrr..."},
        {M_GRAFFITI, CASE_REFERRED_OUT,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrrrrrr.rrr..."},
};

static void every_state_meets_every_event(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof meetings / sizeof *meetings; i++) {
        char shown[EVENT_COUNT] = "";
        for (int event = EVENT_REPORTED; event < EVENT_COUNT; event++) {
            struct story story;
            story_reach(&story, city, meetings[i].matter, meetings[i].from);
            bool clock =
                    event == EVENT_DEADLINE || (event >= EVENT_STEP_DUE && event <= EVENT_PART_DUE);
            (void)story_happen(&story, (enum case_event)event, NOW + (clock ? 1000 : 5) * HOUR);
            shown[event - 1] = story_shows(&story);
            if (story.outcome.verdict != VERDICT_APPLIED)
                assert_int_equal(story.state.state, meetings[i].from);
        }
        print_message("matter %d state %d\n", meetings[i].matter, meetings[i].from);
        assert_string_equal(shown, meetings[i].expected);
    }
}

static const struct {
    enum routing_type type;
    const char *name;
} commands[] = {
        {TYPE_ACCEPT, "accept"},
        {TYPE_HANDLE, "handle"},
        {TYPE_VERIFY, "verify"},
        {TYPE_REFER, "refer"},
        {TYPE_RETURN, "return"},
        {TYPE_DISPATCH, "dispatch"},
        {TYPE_RULE, "rule"},
        {TYPE_STEP_UP, "step_up"},
        {TYPE_REJECT, "reject"},
        {TYPE_SUSPEND, "suspend"},
        {TYPE_RESUME, "resume"},
        {TYPE_ASK_TIME, "ask_time"},
        {TYPE_GRANT_TIME, "grant_time"},
        {TYPE_DENY_TIME, "deny_time"},
};

static const char *const refusal_names[] = {
#define X(name, number, text, zh, en) [number] = text,
        REFUSAL_TABLE(X)
#undef X
};

/* Everybody gives the command, each to a fresh case: who gets which answer, "ok" first, as
 * "ok: w1 w1b; not_now: *", where * is everybody else. */
static void cell_show(char *ret, size_t size, int matter, enum case_state from, size_t command)
{
    static const char *const people[] = {"w1", "w1b", "w2", "w3", "v", "vd", "sd", "dd", "sq1",
            "sq1b", "sq2", "r1", "r2", "vol", "vol2", "stranger"};
    enum { PEOPLE = sizeof people / sizeof *people };
    enum case_refusal got[PEOPLE], most = REFUSAL_NONE;
    int count[REFUSAL_COUNT] = {0};
    for (int i = 0; i < PEOPLE; i++) {
        struct story story;
        story_reach(&story, city, matter, from);
        if (from == CASE_ACCEPTED && commands[command].type >= TYPE_GRANT_TIME)
            story.state.course.asked_ms = HOUR;
        (void)story_act(&story, commands[command].type, people[i], U_GRID_2, HOUR, NOW + 5 * HOUR);
        got[i] = (enum case_refusal)story.outcome.reason;
        count[got[i]]++;
    }
    for (int i = REFUSAL_NONE + 1; i < REFUSAL_COUNT; i++)
        if (most == REFUSAL_NONE || count[i] > count[most])
            most = (enum case_refusal)i;
    size_t at = 0;
    for (int refusal = 0; refusal < REFUSAL_COUNT; refusal++) {
        if (count[refusal] == 0 || refusal == (int)most)
            continue;
        at += (size_t)snprintf(
                ret + at, size - at, "%s:", refusal == 0 ? "ok" : refusal_names[refusal]);
        for (int i = 0; i < PEOPLE; i++)
            if ((int)got[i] == refusal)
                at += (size_t)snprintf(ret + at, size - at, " %s", people[i]);
        at += (size_t)snprintf(ret + at, size - at, "; ");
    }
    (void)snprintf(ret + at, size - at, "%s: *", refusal_names[most]);
}

/* Rows of a case stand together; the one with "*" is for all commands that have none. */
static const struct cell {
    int matter;
    enum case_state from;
    const char *command, *expected;
} cells[] = {
        {M_LAMP, CASE_DISPATCHED, "accept",
                "ok: w1 w1b; actor_unknown: stranger; actor_not_handler: *"},
        {M_LAMP, CASE_DISPATCHED, "handle",
                "ok: w1 w1b; actor_unknown: stranger; actor_not_handler: *"},
        {M_LAMP, CASE_DISPATCHED, "verify", "not_handled: *"},
        {M_LAMP, CASE_DISPATCHED, "refer",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_LAMP, CASE_DISPATCHED, "return",
                "actor_unknown: stranger; own_area: w1 w1b; actor_not_handler: *"},
        {M_LAMP, CASE_DISPATCHED, "dispatch",
                "actor_unknown: stranger; unit_outside: w1 w1b v vd sd dd; actor_not_above: *"},
        {M_LAMP, CASE_DISPATCHED, "step_up",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_LAMP, CASE_DISPATCHED, "reject", "not_handled: *"},
        {M_LAMP, CASE_DISPATCHED, "suspend", "not_accepted: *"},
        {M_LAMP, CASE_DISPATCHED, "ask_time", "not_accepted: *"},
        {M_LAMP, CASE_DISPATCHED, "*", "not_now: *"},
        {M_LAMP, CASE_HANDLED, "verify",
                "ok: w1b v vd sd dd sq1 sq1b sq2 r1 r2; actor_unknown: stranger; "
                "handler_may_not_verify: w1; actor_not_verifier: *"},
        {M_LAMP, CASE_HANDLED, "reject",
                "ok: w1b v vd sd dd sq1 sq1b sq2 r1 r2; actor_unknown: stranger; "
                "handler_may_not_verify: w1; actor_not_verifier: *"},
        {M_LAMP, CASE_HANDLED, "*", "already_handled: *"},
        {M_NOISE, CASE_DISPATCHED, "accept",
                "ok: v vd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_DISPATCHED, "handle",
                "ok: v vd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_DISPATCHED, "verify", "not_handled: *"},
        {M_NOISE, CASE_DISPATCHED, "refer",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_DISPATCHED, "return",
                "ok: vd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_DISPATCHED, "dispatch",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_NOISE, CASE_DISPATCHED, "step_up",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_DISPATCHED, "reject", "not_handled: *"},
        {M_NOISE, CASE_DISPATCHED, "suspend", "not_accepted: *"},
        {M_NOISE, CASE_DISPATCHED, "ask_time", "not_accepted: *"},
        {M_NOISE, CASE_DISPATCHED, "*", "not_now: *"},
        {M_NOISE, CASE_ACCEPTED, "accept", "already_accepted: *"},
        {M_NOISE, CASE_ACCEPTED, "handle",
                "ok: v vd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_ACCEPTED, "verify", "not_handled: *"},
        {M_NOISE, CASE_ACCEPTED, "refer",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_ACCEPTED, "return", "ok: vd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_ACCEPTED, "dispatch",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_NOISE, CASE_ACCEPTED, "rule", "not_now: *"},
        {M_NOISE, CASE_ACCEPTED, "step_up",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_ACCEPTED, "reject", "not_handled: *"},
        {M_NOISE, CASE_ACCEPTED, "resume", "not_now: *"},
        {M_NOISE, CASE_ACCEPTED, "ask_time",
                "ok: vd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_ACCEPTED, "*",
                "ok: v sd dd; actor_unknown: stranger; handler_may_not_grant: *"},
        {M_NOISE, CASE_HANDLED, "verify",
                "ok: w1 w1b v sd dd sq1 sq1b sq2 r1 r2; actor_unknown: stranger; "
                "handler_may_not_verify: vd; actor_not_verifier: *"},
        {M_NOISE, CASE_HANDLED, "reject",
                "ok: w1 w1b v sd dd sq1 sq1b sq2 r1 r2; actor_unknown: stranger; "
                "handler_may_not_verify: vd; actor_not_verifier: *"},
        {M_NOISE, CASE_HANDLED, "*", "already_handled: *"},
        {M_NOISE, CASE_RETURNED, "refer",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_NOISE, CASE_RETURNED, "dispatch",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_NOISE, CASE_RETURNED, "step_up",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_NOISE, CASE_RETURNED, "*", "returned: *"},
        {M_NOISE, CASE_IN_ARBITRATION, "rule",
                "ok: sd dd; actor_unknown: stranger; actor_not_arbiter: *"},
        {M_NOISE, CASE_IN_ARBITRATION, "*", "in_arbitration: *"},
        {M_NOISE, CASE_SUSPENDED, "refer",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_NOISE, CASE_SUSPENDED, "resume",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_SUSPENDED, "*", "suspended: *"},
        {M_NOISE, CASE_MERGED, "*", "merged: *"},
        {M_DUMP, CASE_ACCEPTED, "accept", "already_accepted: *"},
        {M_DUMP, CASE_ACCEPTED, "handle",
                "actor_unknown: stranger; mission_open: w1 w1b sq1 sq1b; actor_not_handler: *"},
        {M_DUMP, CASE_ACCEPTED, "refer",
                "ok: w1 w1b v vd sd dd sq1 sq1b; actor_unknown: stranger; actor_not_handler: *"},
        {M_DUMP, CASE_ACCEPTED, "return",
                "actor_unknown: stranger; mission_open: sq1 sq1b; actor_not_handler: *"},
        {M_DUMP, CASE_ACCEPTED, "dispatch",
                "actor_unknown: stranger; unit_outside: w1 w1b v vd sd dd; actor_not_above: *"},
        {M_DUMP, CASE_ACCEPTED, "rule", "not_now: *"},
        {M_DUMP, CASE_ACCEPTED, "step_up",
                "ok: w1 w1b v vd sd dd sq1 sq1b; actor_unknown: stranger; actor_not_handler: *"},
        {M_DUMP, CASE_ACCEPTED, "suspend",
                "actor_unknown: stranger; mission_open: sd dd; handler_may_not_grant: *"},
        {M_DUMP, CASE_ACCEPTED, "resume", "not_now: *"},
        {M_DUMP, CASE_ACCEPTED, "ask_time",
                "actor_unknown: stranger; mission_open: sq1 sq1b; actor_not_handler: *"},
        {M_DUMP, CASE_ACCEPTED, "grant_time",
                "ok: sd dd; actor_unknown: stranger; handler_may_not_grant: *"},
        {M_DUMP, CASE_ACCEPTED, "deny_time",
                "ok: sd dd; actor_unknown: stranger; handler_may_not_grant: *"},
        {M_DUMP, CASE_ACCEPTED, "*", "not_handled: *"},
        {M_DUMP, CASE_HANDLED, "verify",
                "ok: w1 w1b v vd sd dd sq2 r1 r2; actor_unknown: stranger; handler_may_not_verify: "
                "sq1; squad_may_not_verify: sq1b; actor_not_verifier: *"},
        {M_DUMP, CASE_HANDLED, "reject",
                "ok: w1 w1b v vd sd dd sq2 r1 r2; actor_unknown: stranger; handler_may_not_verify: "
                "sq1; squad_may_not_verify: sq1b; actor_not_verifier: *"},
        {M_DUMP, CASE_HANDLED, "*", "already_handled: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "accept",
                "actor_unknown: stranger; need_open: w1 w1b; actor_not_handler: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "handle",
                "actor_unknown: stranger; need_open: w1 w1b; actor_not_handler: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "verify", "not_handled: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "refer",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "return",
                "actor_unknown: stranger; need_open: w1 w1b; actor_not_handler: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "dispatch",
                "actor_unknown: stranger; unit_outside: w1 w1b v vd sd dd; actor_not_above: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "step_up",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "reject", "not_handled: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "suspend", "not_accepted: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "ask_time", "not_accepted: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "*", "not_now: *"},
        {M_GRAFFITI, CASE_HANDLED, "verify",
                "ok: w1 w1b v vd sd dd sq1 sq1b sq2 r1 r2; actor_unknown: stranger; "
                "handler_may_not_verify: vol; actor_not_verifier: *"},
        {M_GRAFFITI, CASE_HANDLED, "reject",
                "ok: w1 w1b v vd sd dd sq1 sq1b sq2 r1 r2; actor_unknown: stranger; "
                "handler_may_not_verify: vol; actor_not_verifier: *"},
        {M_GRAFFITI, CASE_HANDLED, "*", "already_handled: *"},
        {M_LAMP, CASE_CLOSED, "*", "case_ended: *"},
        {M_LAMP, CASE_WITHDRAWN, "*", "case_ended: *"},
        {M_LAMP, CASE_REFERRED_OUT, "*", "case_ended: *"},
        {M_LAMP, CASE_NONE, "*", "no_case: *"},
};
enum { CELLS = sizeof cells / sizeof *cells };

static const struct cell *cell_of(size_t last, const char *command)
{
    for (size_t i = last;
            cells[i].matter == cells[last].matter && cells[i].from == cells[last].from; i--) {
        if (strcmp(cells[i].command, command) == 0)
            return &cells[i];
        if (i == 0)
            break;
    }
    return &cells[last];
}

static void every_state_command_and_person(void **state)
{
    (void)state;
    int met[CASE_STATE_COUNT] = {0};
    for (size_t last = 0; last < CELLS; last++) {
        if (strcmp(cells[last].command, "*") != 0)
            continue;
        met[cells[last].from]++;
        for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
            char shown[400];
            print_message("matter %d state %d %s\n", cells[last].matter, cells[last].from,
                    commands[i].name);
            cell_show(shown, sizeof shown, cells[last].matter, cells[last].from, i);
            assert_string_equal(shown, cell_of(last, commands[i].name)->expected);
        }
    }
    for (int s = 0; s < CASE_STATE_COUNT; s++)
        assert_true(met[s] > 0 || s == CASE_REGISTERED || s == CASE_VERIFIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_state_meets_every_event),
            cmocka_unit_test(every_state_command_and_person),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
