/* Deadlines in working time: those that a day of a district has, by the hours of whoever handles;
 * and what happens without a calendar for the year that a deadline needs: the case is registered
 * all the same, looked at every hour, and its deadline counted from where it began. */
#include "services/routing/decide_due.h"

#include "services/kernel/base/pure_text.h"
#include "services/routing/test_acts.h"
#include "tests/kit/calendar.h"

#define MIN INT64_C(60000)
#define OFFICE                                                                                     \
    {                                                                                              \
        .count = 2, .shifts = { {510, 720}, {840, 1050} }                                          \
    }

static const struct hours site = OFFICE;
static const struct hours village_hours = {.count = 1, .shifts = {{480, 960}}};
static struct calendar_day days[KIT_CALENDAR_DAYS_MAX];
static size_t day_count;
static struct directory *known, *blank;

static struct directory *office_build(size_t known_days)
{
    static const struct unit units[] = {
            UNIT(U_DISTRICT, 0, "D", LEVEL_DISTRICT, "district"),
            UNIT(U_STREET, U_DISTRICT, "S1", LEVEL_STREET, "street"),
            {.id = U_VILLAGE,
                    .parent = U_STREET,
                    .code = "V1",
                    .level = LEVEL_VILLAGE,
                    .kind = "village",
                    .hours = &village_hours},
            UNIT(U_GRID, U_VILLAGE, "G1", LEVEL_GRID, "grid"), ROADS, /* decides on admissions */
    };
    static struct matter matters[] = {
            MATTER(M_LAMP, "lamp", LEVEL_STREET, HANDLER_DESK, HOUR, 1260 * MIN, 840 * MIN),
            MATTER(M_NOISE, "noise", LEVEL_STREET, HANDLER_DESK, HOUR, 2100 * MIN, 0),
            MATTER(M_DUMP, "dump", LEVEL_VILLAGE, HANDLER_DESK, HOUR, 480 * MIN, 420 * MIN),
            MATTER(M_GRAFFITI, "graffiti", LEVEL_STREET, HANDLER_DESK, HOUR, 1440 * MIN, HOUR),
            MATTER(M_ROAD, "road", LEVEL_STREET, HANDLER_JOINT, HOUR, 1260 * MIN, HOUR),
            MATTER(M_ONCE, "once", LEVEL_GRID, HANDLER_WORKER, HOUR, 420 * MIN, HOUR),
    };
    for (size_t i = 0; i < sizeof matters / sizeof *matters; i++)
        matters[i].all_hours = matters[i].id == M_GRAFFITI;
    matters[sizeof matters / sizeof *matters - 1].self_handle = true;
    matters[1].arrive_ms = 2 * HOUR; /* noise */
    matters[1].verify_ms = 4 * HOUR;
    static const struct staff staff[] = {
            STAFF(1, "w", U_GRID, "worker"),
            STAFF(2, "vd", U_VILLAGE, "desk"),
            STAFF(3, "sd", U_STREET, "desk"),
            STAFF(4, "dd", U_DISTRICT, "desk"),
            STAFF(5, "r1", U_ROADS, "desk"),
    };
    return directory_build(&(struct directory_rows){.version = 5,
            .site = 1,
            .site_letters = "PY",
            .utc_offset_s = 28800,
            .units = units,
            .unit_count = sizeof units / sizeof *units,
            .matters = matters,
            .matter_count = sizeof matters / sizeof *matters,
            .staff = staff,
            .staff_count = sizeof staff / sizeof *staff,
            .hours = &site,
            .days = days,
            .day_count = known_days});
}

static int setup(void **state)
{
    (void)state;
    day_count = kit_calendar(days);
    known = office_build(day_count);
    blank = office_build(0);
    return !known || !blank;
}

static int teardown(void **state)
{
    (void)state;
    directory_destroy(&known);
    directory_destroy(&blank);
    return 0;
}

static int64_t instant(const char *local)
{
    char text[INSTANT_SIZE];
    int64_t at_ms = 0;
    (void)snprintf(text, sizeof text, "%s:00+08:00", local);
    assert_true(instant_parse(text, &at_ms));
    return at_ms;
}

static void instant_is(int64_t found_ms, const char *local)
{
    char text[INSTANT_SIZE];
    instant_format(text, found_ms, 28800);
    if (found_ms != instant(local))
        fail_msg("found %s, expected %s", text, local);
}

static void first_deadlines_are_in_the_handlers_hours(void **state)
{
    (void)state;
    static const struct {
        int matter;
        const char *reported, *due;
    } cases[] = {
            {M_LAMP, "2026-09-30T10:40", "2026-10-10T10:40"}, /* over the holiday, on Saturday */
            {M_LAMP, "2026-09-30T11:10", "2026-10-10T11:10"},
            {M_NOISE, "2026-09-30T08:50", "2026-10-13T08:50"}, /* five working days */
            {M_DUMP, "2026-09-30T09:00", "2026-10-08T09:00"},  /* the village's 8 to 16 */
            {M_GRAFFITI, "2026-09-30T08:12", "2026-10-01T08:12"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct story story;
        story_begin(&story, known);
        assert_int_equal(
                story_report(&story, cases[i].matter, U_GRID, 0, instant(cases[i].reported)),
                VERDICT_APPLIED);
        instant_is(story.state.due_ms, cases[i].due);
        assert_true(story.state.first_due_ms == story.state.due_ms);
        assert_true(story_due(&story) <= story.state.due_ms);
        assert_true(story.outcome.steps[1].due_ms == story.state.due_ms);
        assert_int_equal(story.outcome.steps[1].rule_ver, 5);
        assert_false(due_awaited(matter_find(known, cases[i].matter), &story.state));
    }
}

/* The next span is working time too, from the instant of the escalation. */
static void escalation_goes_on_in_working_time(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, known);
    (void)story_report(&story, M_LAMP, U_GRID, 0, instant("2026-09-30T10:40"));
    story_rests(&story, instant("2026-10-05T12:00"));
    assert_int_equal(story_fire(&story, instant("2026-10-10T10:40") + 1), VERDICT_APPLIED);
    assert_int_equal(story.state.level, LEVEL_DISTRICT);
    assert_int_equal(story_due(&story), 0); /* the top: nobody is above */
    story_begin(&story, known);
    (void)story_report(&story, M_DUMP, U_GRID, 0, instant("2026-09-30T09:00"));
    (void)story_fire(&story, instant("2026-10-08T09:00"));
    assert_int_equal(story.state.level, LEVEL_STREET);
    instant_is(story.state.due_ms, "2026-10-08T16:00"); /* the handler's hours, not the street's */
}

static void a_promise_is_an_instant(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, blank);
    (void)story_report(
            &story, M_LAMP, U_GRID, instant("2026-10-03T03:00"), instant("2026-09-30T10:40"));
    instant_is(story.state.due_ms, "2026-10-03T03:00");
    assert_int_equal(story_fire(&story, instant("2026-10-03T03:00")), VERDICT_APPLIED);
    assert_int_equal(story.escalations, 1);
}

/* As the kernel does it: what sets a timer is stored, with or without a step. */
static void look_again(struct story *story, struct directory *directory, int64_t now_ms)
{
    struct input input = {
            .kind = INPUT_TIMER, .type = TIMER_CLOCK, .now_ms = now_ms, .due_ms = now_ms};
    struct world world = {.directory = directory};
    struct routing_case next = story->state;
    story->outcome = (struct outcome){0};
    story->now_ms = now_ms;
    routing_decide(&story->state, &input, &world, &next, &story->outcome);
    assert_int_equal(story->outcome.verdict, VERDICT_APPLIED);
    assert_int_equal(story->outcome.timer_count, 1);
    assert_int_equal(story->outcome.send_count, 0);
    next.agg.ver += story->outcome.step_count;
    story->steps += story->outcome.step_count;
    story->state = next;
    story->timer_ms = story->outcome.timers[0].due_ms;
    for (int i = 0; i < story->outcome.count_count; i++)
        story->counts[story->outcome.counts[i].metric] += story->outcome.counts[i].amount;
    story->directory = directory;
    story_check(story);
}

static void without_a_calendar_the_case_waits_for_its_deadline(void **state)
{
    (void)state;
    struct story story;
    int64_t reported = instant("2026-09-30T10:40"), hour = DUE_RETRY_MS;
    story_begin(&story, blank);
    assert_int_equal(story_report(&story, M_LAMP, U_GRID, 0, reported), VERDICT_APPLIED);
    assert_int_equal(story.state.state, CASE_DISPATCHED);
    assert_int_equal(story.state.due_ms + story.state.first_due_ms, 0);
    assert_int_equal(story.outcome.steps[1].due_ms, 0);
    assert_true(story.timer_ms == reported + hour);
    assert_true(due_awaited(matter_find(blank, M_LAMP), &story.state));
    (void)story_command(&story, TYPE_ACCEPT, "", reported + 1);
    look_again(&story, blank, reported + hour);
    assert_int_equal(story.outcome.step_count, 0);
    assert_true(story.timer_ms == reported + 2 * hour);
    look_again(&story, known, reported + 2 * hour);
    instant_is(story.state.due_ms, "2026-10-10T10:40");
    instant_is(story.state.first_due_ms, "2026-10-10T10:40");
    instant_is(story.state.step_due_ms, "2026-09-30T11:40");
    assert_int_equal(story.outcome.step_count, 2);
    assert_int_equal(story.outcome.steps[0].kind, STEP_DISPATCH);
    instant_is(story.outcome.steps[0].due_ms, "2026-10-10T10:40");
    story_rests(&story, instant("2026-10-10T10:39"));
    assert_int_equal(story.escalations, 0);
}

/* It had passed before the calendar came: the case goes up now, and once. */
static void a_deadline_that_passed_unseen_escalates_once(void **state)
{
    (void)state;
    struct story story;
    int64_t late = instant("2026-10-12T09:00");
    story_begin(&story, blank);
    (void)story_report(&story, M_DUMP, U_GRID, 0, instant("2026-09-30T09:00"));
    look_again(&story, known, late);
    instant_is(story.state.due_ms, "2026-10-08T09:00");
    assert_true(story.timer_ms == late);
    assert_int_equal(story_fire(&story, late), VERDICT_APPLIED);
    assert_int_equal(story.escalations, 1);
    assert_true(story.state.late);
    instant_is(story.state.due_ms, "2026-10-12T16:00");
    story_rests(&story, late + 1);
}

/* The calendar ends between two levels: the next deadline is a span behind the last one. */
static void the_next_deadline_waits_too(void **state)
{
    (void)state;
    struct story story;
    int64_t due = 0;
    story_begin(&story, known);
    (void)story_report(&story, M_DUMP, U_GRID, 0, instant("2026-12-30T09:00"));
    due = story.state.due_ms;
    instant_is(due, "2026-12-31T09:00");
    story.directory = blank;
    assert_int_equal(story_fire(&story, due), VERDICT_APPLIED);
    assert_int_equal(story.state.level, LEVEL_STREET);
    assert_int_equal(story.state.due_ms, 0);
    assert_true(story.state.first_due_ms == due);
    assert_true(story.timer_ms == due + DUE_RETRY_MS);
    look_again(&story, known, due + DUE_RETRY_MS);
    assert_int_equal(story.escalations, 1);
    instant_is(story.state.due_ms, "2026-12-31T16:00");
    assert_true(story.state.first_due_ms == due);
}

static void a_case_that_ended_waits_for_nothing(void **state)
{
    (void)state;
    struct story story;
    int64_t reported = instant("2026-09-30T10:40");
    story_begin(&story, blank);
    (void)story_report(&story, M_LAMP, U_GRID, 0, reported);
    assert_int_equal(story_withdraw(&story, reported + 5), VERDICT_APPLIED);
    assert_int_equal(story_due(&story), 0);
    story_rests(&story, reported + DUE_RETRY_MS);
}

/* Due 10 October 09:00; at 30 September 11:00 there are 19 hours of work left. */
static void a_pause_and_more_time_are_in_working_time(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, known);
    (void)story_report(&story, M_LAMP, U_GRID, 0, instant("2026-09-30T09:00"));
    instant_is(story.state.due_ms, "2026-10-10T09:00");
    (void)story_command(&story, TYPE_ACCEPT, "sd", instant("2026-09-30T10:00"));
    int64_t stopped = instant("2026-09-30T11:00");
    assert_int_equal(
            story_act(&story, TYPE_SUSPEND, "dd", 0, 9 * 24 * HOUR, stopped), VERDICT_APPLIED);
    assert_int_equal(story.state.course.left_ms, 19 * HOUR);
    instant_is(story_due(&story), "2026-10-09T11:00"); /* a review is a date, not work */
    assert_int_equal(
            story_command(&story, TYPE_RESUME, "sd", instant("2026-10-08T10:00")), VERDICT_APPLIED);
    instant_is(story_due(&story), "2026-10-10T17:00");
    assert_true(story.state.first_due_ms == story.state.due_ms);
    int64_t asked = instant("2026-10-09T09:00");
    assert_int_equal(story_act(&story, TYPE_ASK_TIME, "sd", 0, 2 * HOUR, asked), VERDICT_APPLIED);
    assert_int_equal(story_command(&story, TYPE_GRANT_TIME, "dd", asked + 1), VERDICT_APPLIED);
    instant_is(story_due(&story), "2026-10-12T10:00");
}

/* A ruling has two hours of the arbiter's: the midday break does not count. */
static void a_ruling_is_due_in_working_time(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, known);
    (void)story_report(&story, M_DUMP, U_GRID, 0, instant("2026-09-30T09:00"));
    int64_t at = instant("2026-09-30T09:30");
    assert_int_equal(story_act(&story, TYPE_DISPATCH, "sd", U_GRID, 0, at), VERDICT_APPLIED);
    assert_int_equal(story_command(&story, TYPE_RETURN, "w", at + 1), VERDICT_APPLIED);
    assert_int_equal(story_act(&story, TYPE_DISPATCH, "vd", U_GRID, 0, at + 2), VERDICT_APPLIED);
    assert_int_equal(
            story_command(&story, TYPE_RETURN, "w", instant("2026-09-30T11:20")), VERDICT_APPLIED);
    assert_int_equal(story.state.course.arbiter, U_STREET);
    instant_is(story_due(&story), "2026-09-30T15:20");
}

/* What needs a year without data is refused and says so; a review looks again in an hour. */
static void without_a_calendar_nothing_is_guessed(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, known);
    (void)story_report(&story, M_LAMP, U_GRID, 0, instant("2026-09-30T09:00"));
    (void)story_command(&story, TYPE_ACCEPT, "sd", instant("2026-09-30T10:00"));
    int64_t now = instant("2026-09-30T11:00");
    (void)story_act(&story, TYPE_ASK_TIME, "sd", 0, HOUR, now);
    story.directory = blank;
    (void)story_command(&story, TYPE_GRANT_TIME, "dd", now + 1);
    assert_int_equal(story.outcome.reason, REFUSAL_NO_CALENDAR);
    (void)story_act(&story, TYPE_SUSPEND, "dd", 0, HOUR, now + 2);
    assert_int_equal(story.outcome.reason, REFUSAL_NO_CALENDAR);
    story.directory = known;
    assert_int_equal(story_act(&story, TYPE_SUSPEND, "dd", 0, HOUR, now + 3), VERDICT_APPLIED);
    story.directory = blank;
    (void)story_command(&story, TYPE_RESUME, "sd", now + 4);
    assert_int_equal(story.outcome.reason, REFUSAL_NO_CALENDAR);
    int64_t review = story_due(&story);
    (void)story_fire(&story, review);
    assert_int_equal(story.state.state, CASE_SUSPENDED);
    assert_int_equal(story.timer_ms, review + DUE_RETRY_MS);
    story.directory = known;
    assert_int_equal(story_fire(&story, review + DUE_RETRY_MS), VERDICT_APPLIED);
    assert_int_equal(story.state.state, CASE_ACCEPTED);
}

/* Two working days to decide, over the holiday, whatever becomes of the case meanwhile. */
static void an_admission_is_decided_on_in_working_time(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, known);
    (void)story_report(&story, M_LAMP, U_GRID, 0, instant("2026-09-30T09:05"));
    const struct act apply = {.unit = U_VILLAGE, .units = {U_ROADS}, .unit_count = 1};
    const struct act wrong = {.unit = U_VILLAGE, .units = {U_STREET}, .unit_count = 1};
    int64_t at = instant("2026-09-30T10:10");
    fails(&story, TYPE_APPLY, "sd", &wrong, at, REFUSAL_NOT_ADMITTING);
    story.directory = blank;
    fails(&story, TYPE_APPLY, "sd", &apply, at, REFUSAL_NO_CALENDAR);
    story.directory = known;
    does(&story, TYPE_APPLY, "sd", &apply, at);
    instant_is(part_at(&story, 1)->due_ms, "2026-10-09T10:10");
    instant_is(part_at(&story, 1)->warn_ms, "2026-10-08T14:58");
    does(&story, TYPE_HANDLE, "sd", NULL, at + 1);
    does(&story, TYPE_VERIFY, "w", NULL, at + 2);
    (void)story_fire(&story, instant("2026-10-08T14:58") - 1);
    assert_int_equal(story.counts[METRIC_YELLOW], 0);
    (void)story_fire(&story, instant("2026-10-08T14:58"));
    assert_int_equal(story.counts_at[METRIC_YELLOW][U_ROADS], 1);
    fails(&story, TYPE_ADMIT, "dd", NULL, instant("2026-10-09T09:20"), REFUSAL_ACTOR_NOT_CALLED);
    struct story late = story;
    (void)story_fire(&late, instant("2026-10-09T10:10"));
    assert_int_equal(late.counts_at[METRIC_RED][U_ROADS], 1);
    does(&late, TYPE_ADMIT, "r1", NULL, instant("2026-10-12T09:00"));
    assert_int_equal(late.state.course.admitted, U_VILLAGE);
    does(&story, TYPE_DENY_ADMISSION, "r1", NULL, instant("2026-10-09T09:20"));
    assert_int_equal(story.state.course.admitted, 0);
}

/* Each in the hours of its own unit; the whole is due with the last. */
static void parts_of_a_joint_case_are_due_in_their_units_hours(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, known);
    (void)story_report(&story, M_ROAD, U_GRID, 0, instant("2026-09-30T10:48"));
    assert_int_equal(story.state.due_ms, 0);
    const struct act joint = {.units = {U_ROADS, U_VILLAGE}, .unit_count = 2};
    int64_t at = instant("2026-09-30T11:10");
    story.directory = blank;
    fails(&story, TYPE_JOINT, "sd", &joint, at, REFUSAL_NO_CALENDAR);
    story.directory = known;
    does(&story, TYPE_JOINT, "sd", &joint, at);
    instant_is(part_at(&story, 1)->due_ms, "2026-10-10T11:10");
    instant_is(part_at(&story, 1)->warn_ms, "2026-10-09T11:52");
    instant_is(part_at(&story, 2)->due_ms, "2026-10-10T08:10");
    assert_true(story.state.due_ms == part_at(&story, 1)->due_ms);
}

/* A day that became a holiday moves one case's deadline by a person's will alone; a year that is
 * not there moves none. */
static void a_reset_is_in_the_working_time_of_today(void **state)
{
    (void)state;
    struct story story;
    days[day_count] = (struct calendar_day){kit_day(2026, 10, 8), false};
    struct directory *longer = office_build(day_count + 1);
    story_begin(&story, known);
    (void)story_report(&story, M_DUMP, U_GRID, 0, instant("2026-09-30T09:00"));
    int64_t due = story.state.due_ms;
    story.directory = blank;
    fails(&story, TYPE_RESET_DUE, "sd", NULL, instant("2026-09-30T10:00"), REFUSAL_NO_CALENDAR);
    assert_true(story.state.due_ms == due);
    story.directory = longer;
    assert_true(story.state.due_ms == due);
    does(&story, TYPE_RESET_DUE, "sd", NULL, instant("2026-09-30T10:00"));
    instant_is(story.state.due_ms, "2026-10-09T09:00");
    story_begin(&story, blank);
    (void)story_report(&story, M_DUMP, U_GRID, 0, instant("2026-09-30T09:00"));
    story.directory = known;
    does(&story, TYPE_RESET_DUE, "sd", NULL, instant("2026-09-30T09:10"));
    assert_true(story.state.due_ms == due);
    directory_destroy(&longer);
}

/* A new round that no calendar reaches waits for half the span, and for no level it rose before. */
static void a_round_without_a_calendar_waits_for_its_own_deadline(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, known);
    (void)story_report(&story, M_DUMP, U_GRID, 0, instant("2026-09-29T09:00"));
    (void)story_fire(&story, story.state.due_ms);
    int64_t now = story.now_ms;
    assert_int_equal(story.escalations, 1);
    does(&story, TYPE_HANDLE, "vd", NULL, now);
    does(&story, TYPE_VERIFY, "sd", NULL, now);
    story.directory = blank;
    int64_t again = instant("2026-09-30T13:00");
    does(&story, TYPE_REOPEN, "sd", NULL, again);
    assert_int_equal(story.state.due_ms, 0);
    look_again(&story, known, again + DUE_RETRY_MS);
    instant_is(story.state.due_ms, "2026-10-08T09:00");
    assert_true(story.state.first_due_ms == story.state.due_ms);
}

/* To accept and to arrive, from the dispatch on; what has passed by then is late, once. */
static void clocks_of_a_step_wait_for_the_calendar(void **state)
{
    (void)state;
    struct story story;
    int64_t reported = instant("2026-09-30T16:00"), hour = DUE_RETRY_MS;
    story_begin(&story, blank);
    (void)story_report(&story, M_NOISE, U_GRID, 0, reported);
    assert_int_equal(story.state.step_due_ms, 0);
    look_again(&story, blank, reported + hour);
    assert_int_equal(story.outcome.step_count, 0);
    struct story accepted = story;
    look_again(&story, known, reported + 2 * hour);
    assert_int_equal(story.outcome.step_count, 2);
    assert_int_equal(story_step(&story, STEP_CLOCK)->unit, U_STREET);
    instant_is(story.state.step_due_ms, "2026-09-30T17:00");
    instant_is(story.state.course.arrive_due_ms, "2026-10-08T09:00");
    (void)story_fire(&story, reported + 2 * hour);
    assert_int_equal(story.counts_at[METRIC_STEP_LATE][U_STREET], 1);
    instant_is(story.state.step_due_ms, "2026-10-08T09:00");

    does(&accepted, TYPE_ACCEPT, "sd", NULL, reported + hour + 1);
    look_again(&accepted, known, reported + 2 * hour);
    instant_is(accepted.state.step_due_ms, "2026-10-08T09:00"); /* from the dispatch, not later */
    (void)story_fire(&accepted, accepted.state.step_due_ms);
    assert_int_equal(accepted.counts[METRIC_STEP_LATE], 1);
}

/* A step that is over waits for nothing, nor does a desk at which a case waits. */
static void a_step_that_is_over_awaits_no_clock(void **state)
{
    (void)state;
    static const struct act empty, grid = {.unit = U_GRID}, pause = {.span_ms = HOUR};
    static const struct {
        enum routing_type type;
        const char *who;
        const struct act *act;
    } table[] = {
            {TYPE_ARRIVE, "sd", &empty},
            {TYPE_RETURN, "w", &empty},
            {TYPE_HANDLE, "w", &empty},
            {TYPE_REFER, "sd", &empty},
            {TYPE_SUSPEND, "dd", &pause},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct story story;
        int64_t now = instant("2026-09-30T09:00");
        story_begin(&story, known);
        (void)story_report(&story, M_NOISE, U_GRID, 0, now);
        story.directory = blank;
        does(&story, TYPE_DISPATCH, "sd", &grid, now + 1);
        assert_true(story.state.course.step_from_ms == now + 1);
        does(&story, TYPE_ACCEPT, "w", NULL, now + 2);
        assert_true(story.state.course.step_from_ms == now + 1);
        if (table[i].type == TYPE_SUSPEND)
            story.directory = known;
        print_message("row %zu\n", i);
        does(&story, table[i].type, table[i].who, table[i].act, now + 3);
        bool verifies = table[i].type == TYPE_HANDLE;
        assert_true(story.state.course.step_from_ms == (verifies ? now + 3 : 0));
    }
}

/* The handler was in time: that nobody can say yet by when it has to be verified is not his. */
static void verification_waits_for_the_calendar_and_escalates_nobody(void **state)
{
    (void)state;
    struct story story;
    int64_t done = instant("2026-09-30T16:00");
    story_begin(&story, known);
    (void)story_report(&story, M_NOISE, U_GRID, 0, instant("2026-09-25T09:00"));
    int64_t due = story.state.due_ms;
    story.directory = blank;
    does(&story, TYPE_HANDLE, "sd", NULL, done);
    assert_int_equal(story.state.step_due_ms, 0);
    struct story never = story;
    for (int64_t at = done + DUE_RETRY_MS; at < due + HOUR; at += DUE_RETRY_MS)
        look_again(&never, blank, at);
    assert_int_equal(never.escalations + (int)never.counts[METRIC_LATE], 0);
    does(&never, TYPE_VERIFY, "dd", NULL, due + HOUR);
    assert_false(never.state.overdue_by_catalogue);
    look_again(&story, known, done + DUE_RETRY_MS);
    instant_is(story.state.step_due_ms, "2026-10-08T11:00"); /* of four hours one and a half */
}

/* Nobody accepted it, and the next level's time needs the year: it goes up once that is there. */
static void acceptance_goes_up_when_the_next_clock_is_known(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, known);
    (void)story_report(&story, M_ROAD, U_GRID, 0, instant("2026-09-29T16:00"));
    instant_is(story.state.step_due_ms, "2026-09-29T17:00");
    story.directory = blank;
    (void)story_fire_once(&story, instant("2026-09-29T17:00"));
    instant_is(story.timer_ms, "2026-09-29T18:00");
    story.directory = known;
    (void)story_fire_once(&story, instant("2026-09-29T18:00"));
    assert_int_equal(story.state.level, LEVEL_DISTRICT);
    assert_int_equal(story.counts[METRIC_STEP_LATE], 1);
    instant_is(story.state.step_due_ms, "2026-09-30T09:30");
}

/* Parts of a case without a deadline would have none themselves. */
static void joint_work_waits_for_an_awaited_deadline(void **state)
{
    (void)state;
    static const struct act both = {.units = {U_ROADS, U_VILLAGE}, .unit_count = 2};
    struct story story;
    int64_t now = instant("2026-09-30T09:00");
    story_begin(&story, blank);
    (void)story_report(&story, M_LAMP, U_GRID, 0, now);
    fails(&story, TYPE_JOINT, "sd", &both, now + 1, REFUSAL_NO_CALENDAR);
    look_again(&story, known, now + DUE_RETRY_MS);
    does(&story, TYPE_JOINT, "sd", &both, now + DUE_RETRY_MS + 1);
    assert_true(part_at(&story, 2)->due_ms == story.state.due_ms);
}

/* What was settled on the spot and waits for a look waits for no deadline. */
static void a_sampled_case_awaits_no_deadline(void **state)
{
    (void)state;
    struct story story;
    story_begin(&story, blank);
    static const struct case_reported body = {
            .matter = "once", .reporter = "w", .unit = U_GRID, .settled = true};
    struct input input = {.kind = INPUT_MESSAGE,
            .type = TYPE_CASE_REPORTED,
            .now_ms = instant("2026-09-30T09:00"),
            .body = &body};
    while (routing_event(&story.state, blank, &input) != EVENT_SAMPLED)
        input.agg = ++story.state.agg.id;
    assert_int_equal(story_apply(&story, &input), VERDICT_APPLIED);
    assert_int_equal(story.state.state, CASE_HANDLED);
    assert_int_equal(story.timer_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(first_deadlines_are_in_the_handlers_hours),
            cmocka_unit_test(escalation_goes_on_in_working_time),
            cmocka_unit_test(a_promise_is_an_instant),
            cmocka_unit_test(without_a_calendar_the_case_waits_for_its_deadline),
            cmocka_unit_test(a_deadline_that_passed_unseen_escalates_once),
            cmocka_unit_test(the_next_deadline_waits_too),
            cmocka_unit_test(a_case_that_ended_waits_for_nothing),
            cmocka_unit_test(a_pause_and_more_time_are_in_working_time),
            cmocka_unit_test(a_ruling_is_due_in_working_time),
            cmocka_unit_test(without_a_calendar_nothing_is_guessed),
            cmocka_unit_test(an_admission_is_decided_on_in_working_time),
            cmocka_unit_test(parts_of_a_joint_case_are_due_in_their_units_hours),
            cmocka_unit_test(a_reset_is_in_the_working_time_of_today),
            cmocka_unit_test(a_round_without_a_calendar_waits_for_its_own_deadline),
            cmocka_unit_test(clocks_of_a_step_wait_for_the_calendar),
            cmocka_unit_test(a_step_that_is_over_awaits_no_clock),
            cmocka_unit_test(verification_waits_for_the_calendar_and_escalates_nobody),
            cmocka_unit_test(acceptance_goes_up_when_the_next_clock_is_known),
            cmocka_unit_test(joint_work_waits_for_an_awaited_deadline),
            cmocka_unit_test(a_sampled_case_awaits_no_deadline),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
