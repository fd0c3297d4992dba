/* huying-bench-decide: how many decisions a second routing's pure part makes, on one core, without
 * loop, bus and database; one JSON object on one line. A decision is what the kernel makes of it:
 * the row copied, the outcome cleared, routing_decide(), the row taken over.
 *
 *   plain   a grid's matter: reported, accepted, handled, verified
 *   mix     that; one with a whistle to two units; a joint one; one that gets both cards and goes
 *           up twice before it is settled; in turn */
#include "services/routing/test_city.h"

#include <stdio.h>
#include <stdlib.h>
#include "tests/bench/reference.h"

#define DECISIONS_MAX 12
#define SLICE 1000 /* courses between two looks at the clock */

struct decision {
    const char *actor; /* NULL: the clock; "": the report */
    enum routing_type type;
    int64_t after_ms; /* since the report */
    const struct act *act;
};

struct course {
    const char *name;
    int matter;
    struct decision decisions[DECISIONS_MAX];
};

static const struct act DONE = {.text = "done so"};
static const struct act SCORED = {.text = "done so", .part = 1, .score = 4};
static const struct act BOTH = {
        .text = "because", .units = {U_SQUAD, U_ROADS}, .unit_count = 2, .at = {113.5, 22.9, true}};
static const struct act THERE = {.text = "here", .at = {113.5, 22.9, true}};

static const struct course COURSES[] = {
        {"plain", M_LAMP,
                {{"w1", TYPE_ACCEPT, 1, &DONE}, {"w1", TYPE_HANDLE, 2, &DONE},
                        {"sd", TYPE_VERIFY, 3, &DONE}}},
        {"whistle", M_NOISE,
                {{"vd", TYPE_ACCEPT, 1, &DONE}, {"vd", TYPE_WHISTLE, 2, &BOTH},
                        {"sq1", TYPE_CHECK_IN, 3, &THERE}, {"r1", TYPE_CHECK_IN, 4, &THERE},
                        {"vd", TYPE_SCORE, 5, &SCORED}, {"vd", TYPE_HANDLE, 6, &DONE},
                        {"sd", TYPE_VERIFY, 7, &DONE}}},
        {"joint", M_JOINT,
                {{"sd", TYPE_JOINT, 1, &BOTH}, {"r1", TYPE_FINISH_PART, 2, &DONE},
                        {"sq1", TYPE_FINISH_PART, 3, &DONE}, {"dd", TYPE_VERIFY, 4, &DONE}}},
        {"cards", M_LAMP,
                {{NULL, TYPE_ACCEPT, 24 * HOUR / 10 * WARN_TENTHS, NULL},
                        {NULL, TYPE_ACCEPT, 24 * HOUR, NULL}, {NULL, TYPE_ACCEPT, 28 * HOUR, NULL},
                        {"w1", TYPE_ACCEPT, 29 * HOUR, &DONE},
                        {"w1", TYPE_HANDLE, 30 * HOUR, &DONE},
                        {"sd", TYPE_VERIFY, 31 * HOUR, &DONE}}},
};
#define COURSE_COUNT (sizeof COURSES / sizeof *COURSES)

static const struct directory *city;

static void decide(struct routing_case *state, const struct input *input, const char *course)
{
    struct world world = {.directory = city};
    struct routing_case next = *state;
    struct outcome outcome = {0};
    routing_decide(state, input, &world, &next, &outcome);
    if (outcome.step_count == 0)
        bench_fail("%s: %s of %d by \"%s\" came to nothing: verdict %d, reason %u", course,
                input->kind == INPUT_TIMER ? "the timer" : "a command", (int)input->type,
                input->actor, (int)outcome.verdict, outcome.reason);
    next.agg.ver += outcome.step_count;
    *state = next;
}

/* Returns how many decisions that was. */
static int course_play(const struct course *course, int64_t id)
{
    struct case_reported body = {.source = "hotline",
            .source_ref = "T-1",
            .reporter = "",
            .matter = matter_codes[course->matter],
            .summary = "something",
            .unit = U_GRID};
    struct routing_case state = {.agg.id = id, .source_ref = ""};
    struct input input = {.kind = INPUT_MESSAGE,
            .source = SERVICE_INTAKE,
            .type = TYPE_CASE_REPORTED,
            .agg = id,
            .now_ms = NOW,
            .body = &body};
    int i = 0;
    decide(&state, &input, course->name);
    for (; i < DECISIONS_MAX && course->decisions[i].type != 0; i++) {
        const struct decision *this = &course->decisions[i];
        input = (struct input){.kind = this->actor ? INPUT_COMMAND : INPUT_TIMER,
                .type = this->actor ? (uint32_t)this->type : TIMER_CLOCK,
                .agg = id,
                .now_ms = NOW + this->after_ms,
                .due_ms = this->actor ? 0 : NOW + this->after_ms,
                .body = this->act};
        snprintf(input.actor, sizeof input.actor, "%s", this->actor ? this->actor : "");
        decide(&state, &input, course->name);
    }
    if (state.state != CASE_CLOSED)
        bench_fail("%s: the case ends in state %d, not closed", course->name, (int)state.state);
    return i + 1;
}

/* Decisions a second of the first `count` courses in turn. */
static double rate_measure(size_t count, double seconds)
{
    double began = bench_now(), now;
    int64_t decisions = 0, id = 0;
    do {
        for (int i = 0; i < SLICE; i++, id++)
            decisions += course_play(&COURSES[(size_t)id % count], id + 1);
        now = bench_now();
    } while (now - began < seconds);
    return (double)decisions / (now - began);
}

int main(int argc, char **argv)
{
    double seconds = argc == 3 && strcmp(argv[1], "--seconds") == 0 ? strtod(argv[2], NULL) : 0;
    if (!(seconds > 0)) {
        fputs("usage: huying-bench-decide --seconds S\n", stderr);
        return 2;
    }
    struct directory *directory = city_build();
    city = directory;
    double plain = rate_measure(1, seconds), mix = rate_measure(COURSE_COUNT, seconds);
    printf("{\"reference\":\"decide\",\"figures\":{\"plain_per_s\":%.0f,\"mix_per_s\":%.0f,"
           "\"row_bytes\":%zu}}\n",
            plain, mix, sizeof(struct routing_case));
    directory_destroy(&directory);
    return 0;
}
