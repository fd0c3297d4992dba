/* Why a command about the parts of a case is refused although state and person fit. */
#include <math.h>

#include "services/kernel/base/must.h"
#include "services/routing/decide_actor.h"
#include "services/routing/decide_parts.h"
#include "services/routing/decide_turn.h"

#define EARTH_M 6371008.8
#define RADIANS 0.017453292519943295
#define DAY_MS INT64_C(86400000)

static enum case_refusal unit_there(const struct turn *turn, int64_t id)
{
    const struct unit *unit = unit_find(turn->directory, id);
    return unit && !unit->retired ? REFUSAL_NONE : REFUSAL_UNIT_UNKNOWN;
}

/* All units that the command names are there, each once, and their parts have room. */
static enum case_refusal units_check(
        const struct turn *turn, const struct routing_case *state, int more)
{
    const struct act *act = turn_act_body(turn);
    for (int i = 0; i < act->unit_count; i++) {
        if (unit_there(turn, act->units[i]) != REFUSAL_NONE)
            return REFUSAL_UNIT_UNKNOWN;
        for (int k = 0; k < i; k++)
            if (act->units[k] == act->units[i])
                return REFUSAL_UNIT_TWICE;
    }
    return parts_room(state, act->unit_count + more) ? REFUSAL_NONE : REFUSAL_PARTS_FULL;
}

static bool part_open_of(const struct routing_case *this, enum part_kind kind, int64_t unit)
{
    for (int i = 0; i < this->course.part_count; i++) {
        const struct case_part *part = &this->course.parts[i];
        if (part->kind == kind && part->state == PART_OPEN && (unit == 0 || part->unit == unit))
            return true;
    }
    return false;
}

static enum case_refusal whistle_check(const struct turn *turn, const struct routing_case *state)
{
    const struct act *act = turn_act_body(turn);
    for (int i = 0; i < act->unit_count; i++)
        if (part_open_of(state, PART_CALL, act->units[i]))
            return REFUSAL_UNIT_TWICE;
    return units_check(turn, state, 0);
}

/* Metres between the place of the whistle and a position. */
static double place_distance(const struct case_course *course, const struct position *at)
{
    double latitude = (double)course->latitude_e6 / 1e6 * RADIANS;
    double north = at->latitude * RADIANS - latitude;
    double east = (at->longitude - (double)course->longitude_e6 / 1e6) * RADIANS * cos(latitude);
    return hypot(north, east) * EARTH_M;
}

int check_in_code(const struct routing_case *this, int64_t at_ms, int utc_offset_s)
{
    uint64_t day = (uint64_t)((at_ms + (int64_t)utc_offset_s * 1000) / DAY_MS);
    uint64_t mixed = ((uint64_t)this->agg.id ^ (uint64_t)this->accepted_at_ms << 20) + day;
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return (int)((mixed ^ mixed >> 31) % 900000 + 100000);
}

/* Whoever reports in shows that he is there: by a position near the whistle's, or by the code of
 * the day that is shown at the place. */
static enum case_refusal check_in_check(const struct turn *turn, const struct routing_case *state)
{
    const struct act *act = turn_act_body(turn);
    const struct case_course *course = &state->course;
    bool placed = course->longitude_e6 != 0 || course->latitude_e6 != 0;
    if (act->code != 0)
        return act->code == check_in_code(state, turn->input->now_ms,
                                    directory_utc_offset_s(turn->directory))
                       ? REFUSAL_NONE
                       : REFUSAL_NOT_THERE;
    bool near = act->at.known && placed && place_distance(course, &act->at) <= CHECK_IN_M;
    return near ? REFUSAL_NONE : REFUSAL_NOT_THERE;
}

static enum case_refusal end_whistle_check(
        const struct turn *turn, const struct routing_case *state)
{
    (void)turn;
    for (int i = 0; i < state->course.part_count; i++)
        if (state->course.parts[i].kind == PART_CALL && state->course.parts[i].state <= PART_MISSED)
            return REFUSAL_NONE;
    return REFUSAL_NO_PART;
}

/* Several units share the work from the start; nobody is asked to who works on it together. */
static enum case_refusal joint_check(const struct turn *turn, const struct routing_case *state)
{
    if (part_open_of(state, PART_JOINT, 0))
        return REFUSAL_JOINT_BEFORE;
    if (due_awaited(turn->matter, state))
        return REFUSAL_NO_CALENDAR; /* the parts would have no deadline */
    enum case_refusal refusal = units_check(turn, state, 0);
    const struct act *act = turn_act_body(turn);
    int64_t now = turn->input->now_ms, span_ms = due_span(turn->matter, state);
    bool counts = state->course.unstarted || (state->due_ms != 0 && state->due_ms <= now);
    for (int i = 0; refusal == REFUSAL_NONE && counts && i < act->unit_count; i++)
        if (due_after(turn->directory, turn->matter, act->units[i], now, span_ms).year != 0)
            refusal = REFUSAL_NO_CALENDAR;
    return refusal;
}

static enum case_refusal order_check(const struct turn *turn, const struct routing_case *state)
{
    enum case_refusal refusal = unit_there(turn, turn_act_body(turn)->unit);
    if (refusal == REFUSAL_NONE && !parts_room(state, 1))
        return REFUSAL_PARTS_FULL;
    return refusal;
}

static enum case_refusal take_over_check(const struct turn *turn, const struct routing_case *state)
{
    const struct act *act = turn_act_body(turn);
    if (part_open_of(state, PART_JOINT, act->unit))
        return REFUSAL_UNIT_TWICE;
    int64_t span_ms = due_span_again(turn->matter);
    if (due_after(turn->directory, turn->matter, act->unit, turn->input->now_ms, span_ms).year != 0)
        return REFUSAL_NO_CALENDAR;
    return order_check(turn, state);
}

/* Who decides on admissions says so in its capabilities. */
static enum case_refusal apply_check(const struct turn *turn, const struct routing_case *state)
{
    const struct act *act = turn_act_body(turn);
    const struct unit *decides = unit_find(turn->directory, act->units[0]);
    enum case_refusal refusal = order_check(turn, state);
    if (refusal == REFUSAL_NONE)
        refusal = units_check(turn, state, 0);
    if (refusal != REFUSAL_NONE)
        return refusal;
    if (!unit_capable(decides, "admission"))
        return REFUSAL_NOT_ADMITTING;
    int32_t year =
            due_working(turn->directory, decides->id, turn->input->now_ms, ADMISSION_MS).year;
    return year != 0 ? REFUSAL_NO_CALENDAR : REFUSAL_NONE;
}

static enum case_refusal convene_check(const struct turn *turn, const struct routing_case *state)
{
    return part_open_of(state, PART_MEETING, 0) ? REFUSAL_UNIT_TWICE : units_check(turn, state, 0);
}

/* Tasks come out of it only while the case is worked on, or waits to be. */
static enum case_refusal resolve_check(const struct turn *turn, const struct routing_case *state)
{
    bool tasks = turn_act_body(turn)->unit_count > 0;
    if (tasks && state->state == CASE_HANDLED)
        return REFUSAL_HANDLED_BEFORE;
    if (tasks && state->state == CASE_SUSPENDED)
        return REFUSAL_SUSPENDED;
    return part_open_of(state, PART_MEETING, 0) ? units_check(turn, state, 0) : REFUSAL_NO_PART;
}

static enum case_refusal mediate_check(const struct turn *turn, const struct routing_case *state)
{
    (void)turn;
    return parts_room(state, 1) ? REFUSAL_NONE : REFUSAL_PARTS_FULL;
}

static enum case_refusal agree_check(const struct turn *turn, const struct routing_case *state)
{
    return part_open_of(state, PART_MEDIATION, 0) ? mediate_check(turn, state) : REFUSAL_NO_PART;
}

/* The part that the command means is there. */
static enum case_refusal part_there(
        const struct turn *turn, const struct routing_case *state, enum case_action action)
{
    const struct staff *staff = staff_find(turn->directory, turn->input->actor);
    must(staff); /* actor_check() found it */
    int part = part_meant(turn->directory, state, staff, action, turn_act_body(turn)->part);
    return part >= 0 ? REFUSAL_NONE : REFUSAL_NO_PART;
}

/* Each co-handler of a joint case shows what the matter has to be shown with; a task that was
 * ordered is reported as it was ordered. */
static enum case_refusal finish_check(const struct turn *turn, const struct routing_case *state)
{
    const struct staff *staff = staff_find(turn->directory, turn->input->actor);
    int part = part_meant(turn->directory, state, staff, DO_FINISH_PART, turn_act_body(turn)->part);
    must(part >= 0); /* part_there() found it */
    bool joint = state->course.parts[part].kind == PART_JOINT;
    return joint && turn_missing(turn).count ? REFUSAL_EVIDENCE : REFUSAL_NONE;
}

enum case_refusal parts_check(
        const struct turn *turn, const struct routing_case *state, enum case_action action)
{
    static const struct {
        enum case_refusal (*check)(const struct turn *, const struct routing_case *);
        bool means; /* one part */
    } checks[] = {
            [DO_WHISTLE] = {whistle_check, false},
            [DO_CHECK_IN] = {check_in_check, true},
            [DO_END_WHISTLE] = {end_whistle_check, false},
            [DO_SCORE] = {NULL, true},
            [DO_JOINT] = {joint_check, false},
            [DO_ORDER] = {order_check, false},
            [DO_FINISH_PART] = {finish_check, true},
            [DO_FINISH_LAST] = {finish_check, true},
            [DO_TAKE_OVER] = {take_over_check, true},
            [DO_APPLY] = {apply_check, false},
            [DO_ADMIT] = {NULL, true},
            [DO_DENY_ADMISSION] = {NULL, true},
            [DO_APPEAL] = {NULL, true},
            [DO_UPHOLD] = {NULL, true},
            [DO_DISMISS] = {NULL, true},
            [DO_CONVENE] = {convene_check, false},
            [DO_RESOLVE] = {resolve_check, false},
            [DO_MEDIATE] = {mediate_check, false},
            [DO_AGREE] = {agree_check, false},
            [DO_REVISIT] = {NULL, true},
            [DO_PASS_CHECK] = {NULL, true},
            [DO_PART_DUE] = {NULL, false},
    };
    must(action < sizeof checks / sizeof *checks);
    enum case_refusal refusal =
            checks[action].means ? part_there(turn, state, action) : REFUSAL_NONE;
    return refusal == REFUSAL_NONE && checks[action].check ? checks[action].check(turn, state)
                                                           : refusal;
}
