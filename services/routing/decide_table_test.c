/* The case's table against itself, cell by cell: every state meets every event. What is expected is
 * written out, for a person to read; who may give the commands is in decide_people_test.c. */
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
 * other_referred other_gone | answer correct also. */
static const struct {
    int matter;
    enum case_state from;
    const char *expected;
} meetings[] = {
        {M_LAMP, CASE_NONE,
                "D..nnnn........nnnnnnnnnnn."
                "....CH.nnnnnnnnnn.nnnnnnnnnnnnnnnnn.nnn...n.."},
        {M_LAMP, CASE_DISPATCHED,
                ".WDAHrR........rrrrDrrrrrrD"
                "DDDD..DDDrDrrrADr.rrrrrrrDrrrrrrrrr.DMr...CDD"},
        {M_LAMP, CASE_ACCEPTED,
                ".WArHrR........rrrrDrSrAAAA"
                "AAAA..AAArArrrAAr.rrrrrrrArrrrrrrrr.AMr...CAA"},
        {M_LAMP, CASE_HANDLED,
                ".WHrrCr........rrrrrDrrrrrH"
                "HHHH..HHHrrrrrrrr.rrrrrrrHrrrrrrrrr.rrr...rHH"},
        {M_LAMP, CASE_CLOSED,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrCDrrr.rrr...r.."},
        {M_LAMP, CASE_WITHDRAWN,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrrrrrr.rrr...r.."},
        {M_LAMP, CASE_REFERRED_OUT,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrrrrrr.rrr...r.."},
        {M_NOISE, CASE_DISPATCHED,
                ".WDAHrR........biDrDrrrrrrD"
                "DDDD..DDDrDrrrADr.rrrrrrrDrrrrrrrrr.DMr...CDD"},
        {M_NOISE, CASE_ACCEPTED,
                ".WArHrR........biDrDrSrAAAA"
                "AAAA..AAArArrrAAr.rrrrrrrArrrrrrrrr.AMr...CAA"},
        {M_NOISE, CASE_HANDLED,
                ".WHrrCr........rrrrrDrrrrrH"
                "HHHH..HHHrrrrrrrr.rrrrrrrHrrrrrrrrr.rrr...rHH"},
        {M_NOISE, CASE_RETURNED,
                ".WbrrrR........rrDrDrrrrrrb"
                "bbbb..bbbrrrrrrrr.rrrrrrrbrrrrrrrrr.rMr...rbb"},
        {M_NOISE, CASE_IN_ARBITRATION,
                ".Wirrrr........rrrDrrrrrrri"
                "iiii..iiirrrrrrrr.rrrrrrrirrrrrrrrr.rrr...rii"},
        {M_NOISE, CASE_SUSPENDED,
                ".WArrrR........rrrrrrrArrrA"
                "AAAA..SSSrrrrrrrr.rrrrrrrSrrrrrrrrr.rrr...rSS"},
        {M_NOISE, CASE_MERGED,
                ".W.rrrr........rrrrrrrrrrr."
                "......Mrrrrrrrrrr.rrrrrrrrrrrrrrrrr.rrDCRDrMM"},
        {M_DUMP, CASE_DISPATCHED,
                ".WDrrrRDAAH....rrrrDrrrrrrD"
                "DDDD..DDDrDrrrADr.rrrrrrrDrrrrrrrrr.DMr...rDD"},
        {M_DUMP, CASE_ACCEPTED,
                ".WArrrRD.AH....rrrrDrrrrAAA"
                "AAAA..AAArArrrAAr.rrrrrrrArrrrrrrrr.AMr...rAA"},
        {M_DUMP, CASE_HANDLED,
                ".WHrrCr........rrrrrDrrrrrH"
                "HHHH..HHHrrrrrrrr.rrrrrrrHrrrrrrrrr.rrr...rHH"},
        {M_DUMP, CASE_CLOSED,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrCDrrr.rrr...r.."},
        {M_DUMP, CASE_WITHDRAWN,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrrrrrr.rrr...r.."},
        {M_DUMP, CASE_REFERRED_OUT,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrrrrrr.rrr...r.."},
        {M_GRAFFITI, CASE_DISPATCHED,
                ".WDrrrR....AHD.rrrrDrrrrrrD"
                "DDDD..DDDrDrrrADr.rrrrrrrDrrrrrrrrr.DMr...rDD"},
        {M_GRAFFITI, CASE_ACCEPTED,
                ".WArrrR.....HD.rrrrDrrrrAAA"
                "AAAA..AAArArrrAAr.rrrrrrrArrrrrrrrr.AMr...rAA"},
        {M_GRAFFITI, CASE_HANDLED,
                ".WHrrCr........rrrrrDrrrrrH"
                "HHHH..HHHrrrrrrrr.rrrrrrrHrrrrrrrrr.rrr...rHH"},
        {M_GRAFFITI, CASE_CLOSED,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrCDrrr.rrr...r.."},
        {M_GRAFFITI, CASE_WITHDRAWN,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrrrrrr.rrr...r.."},
        {M_GRAFFITI, CASE_REFERRED_OUT,
                "...rrrr........rrrrrrrrrrr."
                ".......rrrrrrrrrr.rrrrrrrrrrrrrrrrr.rrr...r.."},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_state_meets_every_event),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
