#include "tests/sim/people_case.h"

#include "tests/sim/columns.h"
#include "tests/sim/course.h"
#include "tests/sim/proto.h"
#include "tests/sim/sim.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    ACCEPT = 2501,
    HANDLE,
    VERIFY,
    REFER,
    RETURN,
    DISPATCH,
    RULE,
    STEP_UP,
    REJECT,
    SUSPEND,
    RESUME,
    ASK_TIME,
    GRANT_TIME,
    DENY_TIME,
    WHISTLE,
    CHECK_IN,
    END_WHISTLE,
    SCORE,
    JOINT,
    FINISH_PART,
    TAKE_OVER,
    ORDER,
    DECLINE,
    APPLY,
    ADMIT,
    DENY_ADMISSION,
    APPEAL,
    UPHOLD,
    DISMISS,
    CONVENE,
    RESOLVE,
    MEDIATE,
    AGREE,
    REVISIT,
    REMIND,
    VETO,
    URGE,
    FOLLOW_UP,
    REOPEN,
    PASS_CHECK,
    FAIL_CHECK,
    ARRIVE,
    MERGE,
    UNMERGE,
    RESET_DUE
};
enum { F_VERSION = 1, F_TEXT, F_UNIT, F_MINUTES, F_UNITS, F_PART, F_SCORE, F_LON = 9, F_LAT };
enum { F_UNSOLVED = 12, F_OTHER };
enum { DISPATCHED = 2, ACCEPTED, HANDLED, CLOSED = 6, RETURNED = 9, IN_ARBITRATION };

static const char *const desks[] = {"vd", "sd", "dd"};

static uint64_t below(uint64_t count)
{
    return rng_below(&sim.people_rng, count);
}

static bool chance(uint64_t one_in)
{
    return sim_chance(&sim.people_rng, one_in);
}

static const char *desk(void)
{
    return desks[below(COUNT(desks))];
}

/* Somebody of the unit; one in four is somebody else, or nobody of those whom it concerns. */
static const char *of_unit(int64_t unit)
{
    static const char *const staff[] = {
            "dd", "dd", "sd", "vd", "w1", "w2", "sq1a", "sq2a", "vol1", "sd", "dd", "vd"};
    uint64_t at = unit > 0 && unit < (int64_t)COUNT(staff) && !chance(4) ? (uint64_t)unit
                                                                         : below(COUNT(staff));
    return staff[at];
}

/* The straight way, and the turns of it that one unit takes alone. */
static uint32_t way_type(int64_t state)
{
    static const uint32_t dispatched[] = {RETURN, DISPATCH, STEP_UP};
    static const uint32_t accepted[] = {RETURN, SUSPEND, ASK_TIME, GRANT_TIME, REFER};
    bool aside = chance(5);
    switch (state) {
    case DISPATCHED:
        return aside ? dispatched[below(3)] : chance(3) ? HANDLE : ACCEPT;
    case ACCEPTED:
        return aside ? accepted[below(5)] : HANDLE;
    case RETURNED:
        return DISPATCH;
    case IN_ARBITRATION:
        return RULE;
    case STATE_SUSPENDED:
        return RESUME;
    case STATE_MERGED:
        return UNMERGE;
    default:
        return aside ? REJECT : VERIFY;
    }
}

static struct case_order way_order(const struct version *row)
{
    static const char *const verifiers[] = {"sd", "dd", "vd", "w1"};
    int64_t state = cell_int(row, CASE_STATE);
    uint32_t type = way_type(state);
    if (type == RETURN || type == ASK_TIME)
        return (struct case_order){.type = type, .actor = "vd"}; /* few others may give back */
    bool directs = type > REFER && type != REJECT;
    return (struct case_order){.type = type,
            .actor = directs            ? desk()
                     : state == HANDLED ? verifiers[below(COUNT(verifiers))]
                                        : of_unit(cell_int(row, CASE_HANDLER))};
}

/* Something in which others get a part, or which says something about the handler. */
static struct case_order beside_order(const struct version *row)
{
    static const uint32_t types[] = {WHISTLE, WHISTLE, JOINT, ORDER, ORDER, APPLY, CONVENE, MEDIATE,
            DECLINE, ARRIVE, MERGE, MERGE, REMIND, VETO, URGE, DENY_TIME, RESET_DUE};
    struct case_order order = {.type = types[below(COUNT(types))]};
    bool own = order.type == MEDIATE || order.type == DECLINE || order.type == ARRIVE;
    order.actor = own ? of_unit(cell_int(row, CASE_HANDLER)) : order.type == VETO ? "dd" : desk();
    return order;
}

static struct case_order closed_order(void)
{
    static const uint32_t types[] = {FOLLOW_UP, FOLLOW_UP, REOPEN, PASS_CHECK, FAIL_CHECK, VERIFY};
    struct case_order order = {.type = types[below(COUNT(types))]};
    order.actor = desk();
    return order;
}

/* What whoever has to may do about a part: twice as often the first as the second. */
static uint32_t part_type(const struct course_part *part)
{
    static const uint32_t waits[KIND_COUNT][2] = {[KIND_CALL] = {CHECK_IN, END_WHISTLE},
            [KIND_JOINT] = {FINISH_PART, TAKE_OVER},
            [KIND_TASK] = {FINISH_PART, TAKE_OVER},
            [KIND_ADMISSION] = {ADMIT, DENY_ADMISSION},
            [KIND_MEETING] = {RESOLVE, RESOLVE},
            [KIND_MEDIATION] = {AGREE, AGREE},
            [KIND_REVISIT] = {REVISIT, REVISIT},
            [KIND_CHECK] = {PASS_CHECK, FAIL_CHECK}};
    bool second = chance(3);
    switch (part->state) {
    case WAITS:
        return waits[part->kind][second];
    case DONE:
        return part->kind == KIND_CALL ? SCORE : 0;
    case MISSED:
        return APPEAL;
    case APPEALED:
        return second ? DISMISS : UPHOLD;
    default:
        return 0;
    }
}

/* One of the parts, with which something can be done; type 0: it has none such. */
static struct case_order part_order(const struct version *row, const struct course *course)
{
    struct case_order order = {.type = 0};
    if (course->part_count == 0)
        return order;
    order.part = (size_t)below(course->part_count) + 1;
    const struct course_part *part = &course->parts[order.part - 1];
    order.type = part_type(part);
    bool concerned = order.type == END_WHISTLE || order.type == SCORE || order.type == AGREE ||
                     order.type == REVISIT;
    bool directs = order.type == TAKE_OVER || order.type == RESOLVE;
    bool above = order.type == UPHOLD || order.type == DISMISS;
    order.actor = above       ? "dd"
                  : directs   ? desk()
                  : concerned ? of_unit(cell_int(row, CASE_HANDLER))
                              : of_unit(part->unit);
    if (chance(3) && order.type != SCORE && order.type != TAKE_OVER)
        order.part = 0; /* the one that is his */
    return order;
}

struct case_order case_order_draw(const struct version *row)
{
    int64_t state = cell_int(row, CASE_STATE);
    struct course course;
    if (!course_read(row, &course))
        sim_fail("a case's course is not what it should be");
    struct case_order order = {.type = 0};
    if (course.part_count > 0 && !chance(3))
        order = part_order(row, &course);
    if (order.type == 0 && state == STATE_MERGED && !chance(4))
        return order; /* it ends with the other one */
    bool worked = state == DISPATCHED || state == ACCEPTED;
    bool elsewhere = worked && cell_int(row, CASE_WORK) != 0 && !chance(4); /* a squad's work */
    if (order.type == 0 && worked && chance(elsewhere ? 2 : 8))
        order = beside_order(row);
    if (order.type == 0 && elsewhere)
        return order;
    if (order.type == 0 && state == CLOSED)
        order = closed_order();
    return order.type ? order : way_order(row);
}

/* A case that is older, if a look at some finds one; else itself, which is refused. */
static void other_fill(const struct version *row, struct buf *out)
{
    const struct table *table = db_table(SERVICE_ROUTING, T_AGG);
    int64_t own = cell_int(row, ROW_ID), other = own;
    for (int look = 0; look < 4 && other >= own; look++)
        other = table->rows[below(table->count)]->key.a;
    proto_number(out, F_OTHER, other < own ? other : own);
}

static void units_fill(uint32_t type, struct buf *out)
{
    static const int64_t units[] = {4, 5, 6, 7, 9, 11}; /* grids, squads, desks */
    uint64_t least = type == JOINT ? 2 : type == RESOLVE ? 0 : 1;
    uint64_t count = least + below(3), from = below(COUNT(units));
    for (uint64_t i = 0; i < count; i++)
        proto_number(out, F_UNITS, units[(from + i) % COUNT(units)]);
}

/* The place of a whistle, and near it; now and then too far away. */
static void point_fill(uint32_t type, struct buf *out)
{
    bool far = type == CHECK_IN && chance(6);
    proto_double(out, F_LON, far ? 113.6 : 113.5);
    proto_double(out, F_LAT, 22.9);
}

void case_order_fill(const struct case_order *order, const struct version *row, struct buf *out)
{
    static const int64_t units[] = {3, 4, 5, 11}; /* village, grids, the village's desk */
    uint32_t type = order->type;
    if (chance(4))
        proto_number(out, F_VERSION, cell_int(row, ROW_VER));
    proto_text(out, F_TEXT, "done so");
    if (type == DISPATCH || type == RULE || type == ORDER || type == TAKE_OVER || type == APPLY)
        proto_number(out, F_UNIT, units[below(COUNT(units))]);
    if (type == SUSPEND || type == ASK_TIME || type == ORDER || type == CONVENE ||
            type == RESOLVE || type == MEDIATE || type == AGREE)
        proto_number(out, F_MINUTES, 1);
    if (type == WHISTLE || type == JOINT || type == CONVENE || type == RESOLVE)
        units_fill(type, out);
    if (type == MERGE)
        other_fill(row, out);
    if (type == APPLY)
        proto_number(out, F_UNITS, 10); /* the district's desk decides on admissions */
    if (type == WHISTLE || type == CHECK_IN)
        point_fill(type, out);
    if (order->part > 0)
        proto_number(out, F_PART, (int64_t)order->part);
    if (type == SCORE || type == FOLLOW_UP)
        proto_number(out, F_SCORE, 1 + (int64_t)below(5));
    if (type == FOLLOW_UP && chance(2))
        proto_number(out, F_UNSOLVED, 1);
}
