/* The directory in memory: units, matters, staff, grids, as one immutable snapshot of a version.
 * Loaded by store/directory.c, read by every decide(). All pointers live as long as the snapshot.
 * Numbers (`id`) are the directory's own bigint keys and small for matters; codes are for
 * people. */
#ifndef HUYING_BASE_PURE_DIRECTORY_H
#define HUYING_BASE_PURE_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/pure_catalogue.h"
#include "services/kernel/base/pure_hours.h"

#define LEVEL_TABLE(X)                                                                             \
    X(LEVEL_NONE, 0, "none")                                                                       \
    X(LEVEL_GRID, 1, "grid")                                                                       \
    X(LEVEL_VILLAGE, 2, "village")                                                                 \
    X(LEVEL_STREET, 3, "street")                                                                   \
    X(LEVEL_DISTRICT, 4, "district")

enum level {
#define X(name, number, text) name = number,
    LEVEL_TABLE(X)
#undef X
};

/* What kind of handler a case of a matter goes to (column handler_kind of matters.csv). */
#define HANDLER_TABLE(X)                                                                           \
    X(HANDLER_NONE, 0, "none")                                                                     \
    X(HANDLER_WORKER, 1, "worker")         /* the grid's worker */                                 \
    X(HANDLER_DESK, 2, "desk")             /* the dispatch desk of a village, street, district */  \
    X(HANDLER_SQUAD, 3, "squad")           /* a mission of enforcement */                          \
    X(HANDLER_VOLUNTEERS, 4, "volunteers") /* a need of volunteer */                               \
    X(HANDLER_DEPARTMENT, 5, "department") /* a named department's desk */                         \
    X(HANDLER_JOINT, 6, "joint")

enum handler_kind {
#define X(name, number, text) name = number,
    HANDLER_TABLE(X)
#undef X
};

struct unit {
    int64_t id;
    int64_t parent;   /* 0 = root */
    const char *code; /* unique, e.g. "440113120", "CD-10" */
    const char *name_zh, *name_en;
    enum level level;         /* of the organisation: a street's squad is at street */
    const char *kind;         /* district street village grid centre department desk squad … */
    const char *capabilities; /* ";"-separated, "" = none */
    const char *matters_main, *matters_assist; /* ";"-separated codes, "YH-*", "*"; see unit_duty */
    const struct hours *hours; /* by which the deadlines of "work" matters run. In rows: what the
                                  unit itself says, or NULL; in a snapshot never NULL, see
                                  directory_build */
    int32_t members, capacity; /* people on duty; missions or cases at once (0 = unlimited) */
    int32_t depth;             /* 0 = root */
    bool retired; /* gone from the profile: found by id, so that old cases keep their unit,
                             and as a parent; code, child and handler look-ups leave it out */
};

/* One version of a matter: nothing of it ever changes but names and category, so that a case which
 * keeps the id keeps the rules it started under. */
struct matter {
    int32_t id;   /* small number */
    int32_t item; /* id of the first version of its code, by which is counted; 0 in rows: its own */
    const char *code, *name_zh, *name_en, *category;
    enum level start_level; /* lowest level able to handle it */
    enum handler_kind handler;
    const char *handler_code[5];  /* by enum level: code (or code suffix under the level's unit) of
                                    the handling unit, "" = the level's own desk; see
                                    directory_handler */
    const char *squad_capability; /* "" = none */
    int64_t accept_ms, arrive_ms, handle_ms, step_up_ms, verify_ms; /* budgets; 0 = none */
    bool all_hours; /* true: clock "all" (24 × 7); false: "work" (working time, calendar) */
    enum urgency urgency;
    enum duty duty[5]; /* by enum level: what an area of that level has in it; none: LEVEL_GRID */
    enum verifier verifier;
    bool self_handle; /* a grid worker may settle it on the spot */
    enum volunteers volunteers;
    enum squads squads;
    struct evidence evidence[EVIDENCE_MAX]; /* what "done" has to bring */
    int evidence_count;
    int32_t dup_m, dup_h; /* a report so near and so soon may be the same thing; 0 = never */
    enum privacy privacy;
    bool retired; /* a later version took its place, or it is gone: found by id only */
};

struct staff {
    int64_t id;
    const char *code; /* unique, ≤ 39 bytes */
    const char *name; /* personal: never in logs, leaves, or outside its unit */
    int64_t unit;
    const char *role;         /* worker desk squad volunteer supervisor machine */
    const char *skills;       /* volunteers: ";"-separated; "" = none */
    int32_t from_min, to_min; /* volunteers: available from … to, minutes of the local day;
                                 0, 1440 = always */
};

struct directory; /* opaque; built by directory_build */

struct directory_rows { /* input of directory_build; arrays are copied, strings too */
    int64_t version;
    int site;
    int utc_offset_s; /* of the site's zone, for display of numbers and days */
    const char *site_letters;
    const struct unit *units;
    size_t unit_count;
    const struct matter *matters;
    size_t matter_count;
    const struct staff *staff;
    size_t staff_count;
    const struct hours *hours; /* the site's; NULL = around the clock */
    const struct calendar_day *days;
    size_t day_count;
};

/* Heap; destroy takes the pointer, accepts NULL. `depth` is worked out here; texts that are NULL
 * become "". A unit without hours of its own has those of the nearest unit above that has some,
 * at last the site's. NULL when rows contradict themselves, which apply has checked: an id or code
 * given twice, a parent or a staff's unit that is not there, units in a circle, a calendar of more
 * than CALENDAR_YEARS_MAX years. */
struct directory *directory_build(const struct directory_rows *rows);
void directory_destroy(struct directory **directory);

int64_t directory_version(const struct directory *directory);
int directory_site(const struct directory *directory);
int directory_utc_offset_s(const struct directory *directory);
const char *directory_site_letters(const struct directory *directory);
const struct calendar *directory_calendar(const struct directory *directory);
/* The site's hours, which are those of units for which nothing else is said. */
const struct hours *directory_hours(const struct directory *directory);

#define CALENDAR_AHEAD_DAYS 45

/* The first year without data that a deadline in working time needs when it is set between `at_ms`
 * and CALENDAR_AHEAD_DAYS later; 0 = there is data, or no matter counts working time. */
int32_t directory_year_missing(const struct directory *directory, int64_t at_ms);

/* All find functions return NULL when there is none. */
const struct unit *unit_find(const struct directory *directory, int64_t id);
const struct unit *unit_find_code(const struct directory *directory, const char *code);
const struct unit *unit_parent(const struct directory *directory, const struct unit *unit);
/* The unit itself or its nearest ancestor that is an area (district street village grid) of exactly
 * that level; NULL when none. */
const struct unit *unit_at_level(
        const struct directory *directory, const struct unit *unit, enum level level);
/* True when `unit` is `ancestor` or stands below it. */
bool unit_within(const struct directory *directory, const struct unit *unit, int64_t ancestor);
const struct unit *unit_root(const struct directory *directory);
/* Children in order of code: iterate index from 0 until NULL. */
const struct unit *unit_child(
        const struct directory *directory, const struct unit *unit, size_t index);
size_t directory_unit_count(const struct directory *directory);
const struct unit *directory_unit(const struct directory *directory, size_t index);
/* One of the units that the levels are made of: its kind is its level's name. */
bool unit_is_area(const struct unit *unit);
/* True when the unit's capabilities name `capability` ("" is always true). */
bool unit_capable(const struct unit *unit, const char *capability);

/* What the unit has to do with the matter: its own lists say it, main before assist. An area
 * without lists has what the matter says of its level. */
enum duty unit_duty(const struct unit *unit, const struct matter *matter);

/* The hours by which a deadline of `matter` runs for `unit`. */
const struct hours *matter_hours(const struct matter *matter, const struct unit *unit);

/* The unit that handles `matter` for a case placed at `place` when it stands at `level`: the area
 * at that level, or the unit below it that handler_code names; the area itself when there is no
 * such unit. NULL when `place` has no area at that level. */
const struct unit *directory_handler(const struct directory *directory,
        const struct matter *matter,
        const struct unit *place,
        enum level level);

/* By id any version, by code the present one. */
const struct matter *matter_find(const struct directory *directory, int32_t id);
const struct matter *matter_find_code(const struct directory *directory, const char *code);
/* All versions, in the order in which they were given: iterate index from 0 until NULL. */
const struct matter *directory_matter(const struct directory *directory, size_t index);
const struct staff *staff_find(const struct directory *directory, const char *code);
/* Staff of exactly that unit, in order of code: iterate index from 0 until NULL. */
const struct staff *staff_of_unit(const struct directory *directory, int64_t unit, size_t index);
/* True when the volunteer has `skill` ("" is always true) and is available at that instant. */
bool staff_available(const struct directory *directory,
        const struct staff *staff,
        const char *skill,
        int64_t at_ms);

#endif
