/* Who may do what, in every state: each command, given by everybody to a case of its own, is done
 * or refused for the reason that is written out here, for a person to read. */
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

/* `kind` and `part`: the part that it is about stands in the case. */
static const struct command {
    enum routing_type type;
    const char *name;
    uint8_t kind, part; /* enum part_kind, enum part_state */
} commands[] = {
        {TYPE_ACCEPT, "accept", 0, 0},
        {TYPE_HANDLE, "handle", 0, 0},
        {TYPE_VERIFY, "verify", 0, 0},
        {TYPE_REFER, "refer", 0, 0},
        {TYPE_RETURN, "return", 0, 0},
        {TYPE_DISPATCH, "dispatch", 0, 0},
        {TYPE_RULE, "rule", 0, 0},
        {TYPE_STEP_UP, "step_up", 0, 0},
        {TYPE_REJECT, "reject", 0, 0},
        {TYPE_SUSPEND, "suspend", 0, 0},
        {TYPE_RESUME, "resume", 0, 0},
        {TYPE_ASK_TIME, "ask_time", 0, 0},
        {TYPE_GRANT_TIME, "grant_time", 0, 0},
        {TYPE_DENY_TIME, "deny_time", 0, 0},
        {TYPE_WHISTLE, "whistle", 0, 0},
        {TYPE_CHECK_IN, "check_in", PART_CALL, PART_OPEN},
        {TYPE_END_WHISTLE, "end_whistle", PART_CALL, PART_OPEN},
        {TYPE_SCORE, "score", PART_CALL, PART_DONE},
        {TYPE_JOINT, "joint", 0, 0},
        {TYPE_FINISH_PART, "finish_part", PART_TASK, PART_OPEN},
        {TYPE_FINISH_PART, "finish_last", PART_JOINT, PART_OPEN},
        {TYPE_TAKE_OVER, "take_over", PART_TASK, PART_OPEN},
        {TYPE_ORDER, "order", 0, 0},
        {TYPE_DECLINE, "decline", 0, 0},
        {TYPE_APPLY, "apply", 0, 0},
        {TYPE_ADMIT, "admit", PART_ADMISSION, PART_OPEN},
        {TYPE_DENY_ADMISSION, "deny_admission", PART_ADMISSION, PART_OPEN},
        {TYPE_APPEAL, "appeal", PART_CALL, PART_MISSED},
        {TYPE_UPHOLD, "uphold", PART_CALL, PART_APPEALED},
        {TYPE_DISMISS, "dismiss", PART_CALL, PART_APPEALED},
        {TYPE_CONVENE, "convene", 0, 0},
        {TYPE_RESOLVE, "resolve", PART_MEETING, PART_OPEN},
        {TYPE_MEDIATE, "mediate", 0, 0},
        {TYPE_AGREE, "agree", PART_MEDIATION, PART_OPEN},
        {TYPE_REVISIT, "revisit", PART_REVISIT, PART_OPEN},
        {TYPE_REMIND, "remind", 0, 0},
        {TYPE_VETO, "veto", 0, 0},
        {TYPE_URGE, "urge", 0, 0},
        {TYPE_FOLLOW_UP, "follow_up", 0, 0},
        {TYPE_REOPEN, "reopen", 0, 0},
        {TYPE_PASS_CHECK, "pass_check", PART_CHECK, PART_OPEN},
        {TYPE_FAIL_CHECK, "fail_check", PART_CHECK, PART_OPEN},
        {TYPE_ARRIVE, "arrive", 0, 0},
        {TYPE_MERGE, "merge", 0, 0},
        {TYPE_UNMERGE, "unmerge", 0, 0},
        {TYPE_RESET_DUE, "reset_due", 0, 0},
};

static const char *const refusal_names[] = {
#define X(name, number, text, zh, en) [number] = text,
        REFUSAL_TABLE(X)
#undef X
};

/* What the command needs besides the state: its part, a request that waits, a place, another case,
 * other rules than the deadline was announced by. */
static void case_prepare(struct story *story, const struct command *command)
{
    struct routing_case *this = &story->state;
    bool asks = command->type == TYPE_GRANT_TIME || command->type == TYPE_DENY_TIME;
    if (this->state == CASE_NONE)
        return;
    if (this->state == CASE_ACCEPTED && asks)
        this->course.asked_ms = HOUR;
    if (command->type == TYPE_RESET_DUE && this->due_ms != 0)
        this->due_ms += HOUR;
    story->other = (struct other_case){5, U_GRID, M_LAMP, CASE_ACCEPTED};
    this->course.longitude_e6 = 113500000;
    this->course.latitude_e6 = 22900000;
    if (command->kind == 0)
        return;
    if (command->kind == PART_JOINT)
        this->kind = HANDLER_JOINT;
    this->course.part_count = 1;
    this->course.parts[0] = (struct case_part){.kind = command->kind,
            .state = command->part,
            .unit = command->kind == PART_CHECK ? U_STREET : U_ROADS,
            .by = U_VILLAGE_DESK,
            .given_ms = NOW};
}

/* Everybody gives the command, each to a fresh case: who gets which answer, "ok" first, as
 * "ok: w1 w1b; not_now: *", where * is everybody else. */
static void cell_show(char *ret, size_t size, int matter, enum case_state from, size_t command)
{
    static const char *const people[] = {"w1", "w1b", "w2", "w3", "v", "vd", "sd", "dd", "sq1",
            "sq1b", "sq2", "r1", "r2", "vol", "vol2", "stranger"};
    enum { PEOPLE = sizeof people / sizeof *people };
    enum case_refusal got[PEOPLE], most = REFUSAL_NONE;
    int count[REFUSAL_COUNT] = {0};
    const struct act act = {.unit = U_GRID_2,
            .units = {U_ROADS, U_SQUAD},
            .unit_count = commands[command].type == TYPE_APPLY ? 1 : 2,
            .span_ms = HOUR,
            .score = 4,
            .other = 5,
            .at = {113.5, 22.9, true}};
    for (int i = 0; i < PEOPLE; i++) {
        struct story story;
        story_reach(&story, city, matter, from);
        case_prepare(&story, &commands[command]);
        (void)story_do(&story, commands[command].type, people[i], &act, NOW + 5 * HOUR);
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

/* Rows of a case stand together, each for the commands that it names; the one with "*" is for all
 * others. */
static const struct cell {
    int matter;
    enum case_state from;
    const char *commands, *expected;
} cells[] = {
        {M_LAMP, CASE_DISPATCHED, "accept handle mediate agree arrive",
                "ok: w1 w1b; actor_unknown: stranger; actor_not_handler: *"},
        {M_LAMP, CASE_DISPATCHED, "verify reject", "not_handled: *"},
        {M_LAMP, CASE_DISPATCHED, "refer step_up whistle end_whistle score order revisit",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_LAMP, CASE_DISPATCHED, "return decline",
                "actor_unknown: stranger; own_area: w1 w1b; actor_not_handler: *"},
        {M_LAMP, CASE_DISPATCHED, "dispatch",
                "actor_unknown: stranger; unit_outside: w1 w1b v vd sd dd; actor_not_above: *"},
        {M_LAMP, CASE_DISPATCHED, "suspend ask_time", "not_accepted: *"},
        {M_LAMP, CASE_DISPATCHED, "check_in finish_part finish_last admit deny_admission appeal",
                "ok: r1 r2; actor_unknown: stranger; actor_not_called: *"},
        {M_LAMP, CASE_DISPATCHED, "joint take_over apply convene resolve remind urge merge",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_LAMP, CASE_DISPATCHED, "uphold dismiss veto",
                "ok: dd; actor_unknown: stranger; actor_not_supervisor: *"},
        {M_LAMP, CASE_DISPATCHED, "reset_due",
                "ok: v vd sd dd; actor_unknown: stranger; handler_may_not_grant: *"},
        {M_LAMP, CASE_DISPATCHED, "*", "not_now: *"},
        {M_LAMP, CASE_HANDLED, "verify reject",
                "ok: w1b v vd sd dd sq1 sq1b sq2 r1 r2; actor_unknown: stranger; "
                "handler_may_not_verify: w1; actor_not_verifier: *"},
        {M_LAMP, CASE_HANDLED, "check_in finish_part admit deny_admission appeal",
                "ok: r1 r2; actor_unknown: stranger; actor_not_called: *"},
        {M_LAMP, CASE_HANDLED, "end_whistle score revisit",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_LAMP, CASE_HANDLED, "finish_last", "actor_unknown: stranger; already_handled: *"},
        {M_LAMP, CASE_HANDLED, "take_over apply convene remind urge",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_LAMP, CASE_HANDLED, "uphold dismiss veto",
                "ok: dd; actor_unknown: stranger; actor_not_supervisor: *"},
        {M_LAMP, CASE_HANDLED, "resolve",
                "actor_unknown: stranger; already_handled: w1 w1b v vd sd dd; actor_not_above: *"},
        {M_LAMP, CASE_HANDLED, "mediate agree",
                "ok: w1 w1b; actor_unknown: stranger; actor_not_handler: *"},
        {M_LAMP, CASE_HANDLED, "*", "already_handled: *"},
        {M_WATER, CASE_DISPATCHED, "accept handle mediate agree arrive",
                "ok: v vd; actor_unknown: stranger; actor_not_handler: *"},
        {M_WATER, CASE_DISPATCHED, "verify reject", "not_handled: *"},
        {M_WATER, CASE_DISPATCHED, "refer step_up whistle end_whistle score order revisit",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_WATER, CASE_DISPATCHED, "return decline",
                "actor_unknown: stranger; own_area: v vd; actor_not_handler: *"},
        {M_WATER, CASE_DISPATCHED,
                "rule resume grant_time deny_time follow_up reopen pass_check fail_check unmerge",
                "not_now: *"},
        {M_WATER, CASE_DISPATCHED, "suspend ask_time", "not_accepted: *"},
        {M_WATER, CASE_DISPATCHED, "check_in finish_part finish_last admit deny_admission appeal",
                "ok: r1 r2; actor_unknown: stranger; actor_not_called: *"},
        {M_WATER, CASE_DISPATCHED, "uphold dismiss veto",
                "ok: dd; actor_unknown: stranger; actor_not_supervisor: *"},
        {M_WATER, CASE_DISPATCHED, "reset_due",
                "ok: sd dd; actor_unknown: stranger; handler_may_not_grant: *"},
        {M_WATER, CASE_DISPATCHED, "*",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_NOISE, CASE_DISPATCHED, "accept handle mediate agree arrive",
                "ok: v vd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_DISPATCHED, "verify reject", "not_handled: *"},
        {M_NOISE, CASE_DISPATCHED, "refer step_up whistle end_whistle score order revisit",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_DISPATCHED, "return",
                "ok: vd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_DISPATCHED,
                "rule resume grant_time deny_time follow_up reopen pass_check fail_check unmerge",
                "not_now: *"},
        {M_NOISE, CASE_DISPATCHED, "suspend ask_time", "not_accepted: *"},
        {M_NOISE, CASE_DISPATCHED, "check_in finish_part finish_last admit deny_admission appeal",
                "ok: r1 r2; actor_unknown: stranger; actor_not_called: *"},
        {M_NOISE, CASE_DISPATCHED, "decline",
                "actor_unknown: stranger; on_the_list: vd; actor_not_handler: *"},
        {M_NOISE, CASE_DISPATCHED, "uphold dismiss veto",
                "ok: dd; actor_unknown: stranger; actor_not_supervisor: *"},
        {M_NOISE, CASE_DISPATCHED, "reset_due",
                "ok: v sd dd; actor_unknown: stranger; handler_may_not_grant: *"},
        {M_NOISE, CASE_DISPATCHED, "*",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_NOISE, CASE_ACCEPTED, "accept", "already_accepted: *"},
        {M_NOISE, CASE_ACCEPTED, "handle mediate agree arrive",
                "ok: v vd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_ACCEPTED, "verify reject", "not_handled: *"},
        {M_NOISE, CASE_ACCEPTED, "refer step_up whistle end_whistle score order revisit",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_ACCEPTED, "return ask_time",
                "ok: vd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_ACCEPTED,
                "rule resume decline follow_up reopen pass_check fail_check unmerge", "not_now: *"},
        {M_NOISE, CASE_ACCEPTED, "suspend grant_time deny_time reset_due",
                "ok: v sd dd; actor_unknown: stranger; handler_may_not_grant: *"},
        {M_NOISE, CASE_ACCEPTED, "check_in finish_part finish_last admit deny_admission appeal",
                "ok: r1 r2; actor_unknown: stranger; actor_not_called: *"},
        {M_NOISE, CASE_ACCEPTED, "uphold dismiss veto",
                "ok: dd; actor_unknown: stranger; actor_not_supervisor: *"},
        {M_NOISE, CASE_ACCEPTED, "*",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_NOISE, CASE_HANDLED, "verify reject",
                "ok: w1 w1b v sd dd sq1 sq1b sq2 r1 r2; actor_unknown: stranger; "
                "handler_may_not_verify: vd; actor_not_verifier: *"},
        {M_NOISE, CASE_HANDLED, "check_in finish_part admit deny_admission appeal",
                "ok: r1 r2; actor_unknown: stranger; actor_not_called: *"},
        {M_NOISE, CASE_HANDLED, "end_whistle score revisit",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_HANDLED, "finish_last", "actor_unknown: stranger; already_handled: *"},
        {M_NOISE, CASE_HANDLED, "take_over apply convene remind urge",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_NOISE, CASE_HANDLED, "uphold dismiss veto",
                "ok: dd; actor_unknown: stranger; actor_not_supervisor: *"},
        {M_NOISE, CASE_HANDLED, "resolve",
                "actor_unknown: stranger; already_handled: v vd sd dd; actor_not_above: *"},
        {M_NOISE, CASE_HANDLED, "mediate agree",
                "ok: v vd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_HANDLED, "*", "already_handled: *"},
        {M_NOISE, CASE_RETURNED,
                "refer dispatch step_up take_over apply convene resolve remind urge merge",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_NOISE, CASE_RETURNED, "check_in finish_part admit deny_admission appeal",
                "ok: r1 r2; actor_unknown: stranger; actor_not_called: *"},
        {M_NOISE, CASE_RETURNED, "end_whistle score revisit",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_RETURNED, "finish_last", "actor_unknown: stranger; returned: *"},
        {M_NOISE, CASE_RETURNED, "uphold dismiss veto",
                "ok: dd; actor_unknown: stranger; actor_not_supervisor: *"},
        {M_NOISE, CASE_RETURNED, "mediate agree",
                "ok: v vd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_RETURNED, "*", "returned: *"},
        {M_NOISE, CASE_IN_ARBITRATION, "rule",
                "ok: sd dd; actor_unknown: stranger; actor_not_arbiter: *"},
        {M_NOISE, CASE_IN_ARBITRATION, "check_in finish_part admit deny_admission appeal",
                "ok: r1 r2; actor_unknown: stranger; actor_not_called: *"},
        {M_NOISE, CASE_IN_ARBITRATION, "end_whistle score revisit",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_IN_ARBITRATION, "finish_last", "actor_unknown: stranger; in_arbitration: *"},
        {M_NOISE, CASE_IN_ARBITRATION, "take_over apply convene resolve remind urge",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_NOISE, CASE_IN_ARBITRATION, "uphold dismiss veto",
                "ok: dd; actor_unknown: stranger; actor_not_supervisor: *"},
        {M_NOISE, CASE_IN_ARBITRATION, "mediate agree",
                "ok: v vd sd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_IN_ARBITRATION, "*", "in_arbitration: *"},
        {M_NOISE, CASE_SUSPENDED, "refer take_over apply convene remind urge",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_NOISE, CASE_SUSPENDED, "resume end_whistle score revisit",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_SUSPENDED, "check_in finish_part admit deny_admission appeal",
                "ok: r1 r2; actor_unknown: stranger; actor_not_called: *"},
        {M_NOISE, CASE_SUSPENDED, "finish_last", "actor_unknown: stranger; suspended: *"},
        {M_NOISE, CASE_SUSPENDED, "uphold dismiss veto",
                "ok: dd; actor_unknown: stranger; actor_not_supervisor: *"},
        {M_NOISE, CASE_SUSPENDED, "resolve",
                "actor_unknown: stranger; suspended: v vd sd dd; actor_not_above: *"},
        {M_NOISE, CASE_SUSPENDED, "mediate agree",
                "ok: v vd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_SUSPENDED, "*", "suspended: *"},
        {M_NOISE, CASE_MERGED, "score revisit",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_NOISE, CASE_MERGED, "admit deny_admission appeal",
                "ok: r1 r2; actor_unknown: stranger; actor_not_called: *"},
        {M_NOISE, CASE_MERGED, "uphold dismiss",
                "ok: dd; actor_unknown: stranger; actor_not_supervisor: *"},
        {M_NOISE, CASE_MERGED, "urge unmerge",
                "ok: v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_NOISE, CASE_MERGED, "*", "merged: *"},
        {M_DUMP, CASE_ACCEPTED, "accept", "already_accepted: *"},
        {M_DUMP, CASE_ACCEPTED, "handle arrive",
                "actor_unknown: stranger; mission_open: w1 w1b sq1 sq1b; actor_not_handler: *"},
        {M_DUMP, CASE_ACCEPTED, "verify reject", "not_handled: *"},
        {M_DUMP, CASE_ACCEPTED, "refer step_up whistle end_whistle score order revisit",
                "ok: w1 w1b v vd sd dd sq1 sq1b; actor_unknown: stranger; actor_not_handler: *"},
        {M_DUMP, CASE_ACCEPTED, "return ask_time",
                "actor_unknown: stranger; mission_open: sq1 sq1b; actor_not_handler: *"},
        {M_DUMP, CASE_ACCEPTED, "dispatch",
                "actor_unknown: stranger; unit_outside: w1 w1b v vd sd dd; actor_not_above: *"},
        {M_DUMP, CASE_ACCEPTED, "suspend",
                "actor_unknown: stranger; mission_open: sd dd; handler_may_not_grant: *"},
        {M_DUMP, CASE_ACCEPTED, "grant_time deny_time reset_due",
                "ok: sd dd; actor_unknown: stranger; handler_may_not_grant: *"},
        {M_DUMP, CASE_ACCEPTED, "check_in finish_part finish_last admit deny_admission appeal",
                "ok: r1 r2; actor_unknown: stranger; actor_not_called: *"},
        {M_DUMP, CASE_ACCEPTED, "joint take_over apply convene resolve remind urge merge",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_DUMP, CASE_ACCEPTED, "uphold dismiss veto",
                "ok: dd; actor_unknown: stranger; actor_not_supervisor: *"},
        {M_DUMP, CASE_ACCEPTED, "mediate agree",
                "ok: w1 w1b sq1 sq1b; actor_unknown: stranger; actor_not_handler: *"},
        {M_DUMP, CASE_ACCEPTED, "*", "not_now: *"},
        {M_DUMP, CASE_HANDLED, "verify reject",
                "ok: w1 w1b v vd sd dd sq2 r1 r2; actor_unknown: stranger; handler_may_not_verify: "
                "sq1; squad_may_not_verify: sq1b; actor_not_verifier: *"},
        {M_DUMP, CASE_HANDLED, "check_in finish_part admit deny_admission appeal",
                "ok: r1 r2; actor_unknown: stranger; actor_not_called: *"},
        {M_DUMP, CASE_HANDLED, "end_whistle score revisit",
                "ok: w1 w1b v vd sd dd sq1 sq1b; actor_unknown: stranger; actor_not_handler: *"},
        {M_DUMP, CASE_HANDLED, "finish_last", "actor_unknown: stranger; already_handled: *"},
        {M_DUMP, CASE_HANDLED, "take_over apply convene remind urge",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_DUMP, CASE_HANDLED, "uphold dismiss veto",
                "ok: dd; actor_unknown: stranger; actor_not_supervisor: *"},
        {M_DUMP, CASE_HANDLED, "resolve",
                "actor_unknown: stranger; already_handled: w1 w1b v vd sd dd; actor_not_above: *"},
        {M_DUMP, CASE_HANDLED, "mediate agree",
                "ok: w1 w1b sq1 sq1b; actor_unknown: stranger; actor_not_handler: *"},
        {M_DUMP, CASE_HANDLED, "*", "already_handled: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "accept handle return decline arrive",
                "actor_unknown: stranger; need_open: w1 w1b; actor_not_handler: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "verify reject", "not_handled: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "refer step_up whistle end_whistle score order revisit",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "dispatch",
                "actor_unknown: stranger; unit_outside: w1 w1b v vd sd dd; actor_not_above: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "suspend ask_time", "not_accepted: *"},
        {M_GRAFFITI, CASE_DISPATCHED,
                "check_in finish_part finish_last admit deny_admission appeal",
                "ok: r1 r2; actor_unknown: stranger; actor_not_called: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "joint take_over apply convene resolve remind urge merge",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "uphold dismiss veto",
                "ok: dd; actor_unknown: stranger; actor_not_supervisor: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "mediate agree",
                "ok: w1 w1b; actor_unknown: stranger; actor_not_handler: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "reset_due",
                "ok: v vd sd dd; actor_unknown: stranger; handler_may_not_grant: *"},
        {M_GRAFFITI, CASE_DISPATCHED, "*", "not_now: *"},
        {M_GRAFFITI, CASE_HANDLED, "verify reject",
                "ok: w1 w1b v vd sd dd sq1 sq1b sq2 r1 r2; actor_unknown: stranger; "
                "handler_may_not_verify: vol; actor_not_verifier: *"},
        {M_GRAFFITI, CASE_HANDLED, "check_in finish_part admit deny_admission appeal",
                "ok: r1 r2; actor_unknown: stranger; actor_not_called: *"},
        {M_GRAFFITI, CASE_HANDLED, "end_whistle score revisit",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_GRAFFITI, CASE_HANDLED, "finish_last", "actor_unknown: stranger; already_handled: *"},
        {M_GRAFFITI, CASE_HANDLED, "take_over apply convene remind urge",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_GRAFFITI, CASE_HANDLED, "uphold dismiss veto",
                "ok: dd; actor_unknown: stranger; actor_not_supervisor: *"},
        {M_GRAFFITI, CASE_HANDLED, "resolve",
                "actor_unknown: stranger; already_handled: w1 w1b v vd sd dd; actor_not_above: *"},
        {M_GRAFFITI, CASE_HANDLED, "mediate agree",
                "ok: w1 w1b; actor_unknown: stranger; actor_not_handler: *"},
        {M_GRAFFITI, CASE_HANDLED, "*", "already_handled: *"},
        {M_LAMP, CASE_CLOSED, "score revisit",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_LAMP, CASE_CLOSED, "admit deny_admission appeal",
                "ok: r1 r2; actor_unknown: stranger; actor_not_called: *"},
        {M_LAMP, CASE_CLOSED, "uphold dismiss",
                "ok: dd; actor_unknown: stranger; actor_not_supervisor: *"},
        {M_LAMP, CASE_CLOSED, "follow_up reopen",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_above: *"},
        {M_LAMP, CASE_CLOSED, "pass_check fail_check",
                "ok: sd; actor_unknown: stranger; handler_may_not_verify: w1; actor_not_called: *"},
        {M_LAMP, CASE_CLOSED, "*", "case_ended: *"},
        {M_LAMP, CASE_WITHDRAWN, "score revisit",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_LAMP, CASE_WITHDRAWN, "admit deny_admission appeal",
                "ok: r1 r2; actor_unknown: stranger; actor_not_called: *"},
        {M_LAMP, CASE_WITHDRAWN, "uphold dismiss",
                "ok: dd; actor_unknown: stranger; actor_not_supervisor: *"},
        {M_LAMP, CASE_WITHDRAWN, "*", "case_ended: *"},
        {M_LAMP, CASE_REFERRED_OUT, "score revisit",
                "ok: w1 w1b v vd sd dd; actor_unknown: stranger; actor_not_handler: *"},
        {M_LAMP, CASE_REFERRED_OUT, "admit deny_admission appeal",
                "ok: r1 r2; actor_unknown: stranger; actor_not_called: *"},
        {M_LAMP, CASE_REFERRED_OUT, "uphold dismiss",
                "ok: dd; actor_unknown: stranger; actor_not_supervisor: *"},
        {M_LAMP, CASE_REFERRED_OUT, "*", "case_ended: *"},
        {M_LAMP, CASE_NONE, "*", "no_case: *"},
};
enum { CELLS = sizeof cells / sizeof *cells };

static bool names(const char *list, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at++)
        if ((at == list || at[-1] == ' ') && (at[size] == ' ' || at[size] == 0))
            return true;
    return false;
}

static const struct cell *cell_of(size_t last, const char *command)
{
    for (size_t i = last;
            cells[i].matter == cells[last].matter && cells[i].from == cells[last].from; i--) {
        if (names(cells[i].commands, command))
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
        if (strcmp(cells[last].commands, "*") != 0)
            continue;
        met[cells[last].from]++;
        for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
            char shown[600];
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
            cmocka_unit_test(every_state_command_and_person),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
