/* A profile on disk, read and checked: everything that `apply` writes into the directory.
 * docs/profiles.md is the format. Nothing here touches a database.
 *
 *   profile_read(dir)  reads all files, expands templates, checks; every mistake is a fault
 *   store_profile.c    writes it, if there was none
 *
 * All strings live in the profile's arena. Parts are read in this order, since later ones look
 * things up in earlier ones: site, places, units, squads, matters, staff, volunteers, calendar,
 * grids. */
#ifndef HUYING_CTL_PROFILE_H
#define HUYING_CTL_PROFILE_H

#include <glib.h>
#include "services/ctl/faults.h"
#include "services/ctl/sheet.h"
#include "services/kernel/base/arena.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/pure_directory.h"
#include "services/kernel/base/pure_duty.h"
#include "services/kernel/base/pure_id.h"

#ifndef PROFILE_UNITS_MAX /* fuzzing has smaller ones, which are reached in less than a second */
#define PROFILE_UNITS_MAX 500000
#define PROFILE_STAFF_MAX 1000000
#endif
#define CODE_SIZE_MAX 64
#define STAFF_CODE_SIZE_MAX 39
#define NAME_SIZE_MAX 200
#define TEXT_SIZE_MAX 2000
#define UNIT_DEPTH_MAX 32

struct profile_site {
    int32_t number, utc_offset_s;
    char letters[SITE_LETTERS_SIZE];
    const char *name_zh, *name_en;
    bool drill;
    int64_t clock_ms; /* drill only */
    const char *hours;
};

struct profile_unit {
    struct place place;
    const char *code, *parent; /* "" = root */
    const char *kind, *name_zh, *name_en, *capabilities, *matters_main, *matters_assist, *duty,
            *origin;
    int32_t level, members, capacity;
    int32_t depth; /* set by profile_check */
};

/* The columns of matters.csv as they stand there, but for the checked ones. */
#define MATTER_TEXTS(X)                                                                            \
    X(code)                                                                                        \
    X(category)                                                                                    \
    X(name_zh)                                                                                     \
    X(name_en)                                                                                     \
    X(covers_zh)                                                                                   \
    X(urgency)                                                                                     \
    X(handler_grid) X(handler_village) X(handler_street) X(handler_district) X(village_duty)       \
            X(street_duty) X(district_duty) X(clock) X(verifier) X(self_handle) X(volunteer)       \
                    X(squad) X(squad_capability) X(evidence) X(privacy) X(origin)
#define MATTER_NUMBERS(X)                                                                          \
    X(accept_min) X(arrive_min) X(handle_min) X(step_up_min) X(verify_min) X(dup_m) X(dup_h)

struct profile_matter {
    struct place place;
#define X(name) const char *name;
    MATTER_TEXTS(X)
#undef X
#define X(name) int32_t name;
    MATTER_NUMBERS(X)
#undef X
    int32_t start_level, handler_kind;
};

struct profile_staff {
    struct place place;
    const char *code, *name, *unit, *role, *skills;
    int32_t from_min, to_min;
};

struct profile_day {
    const char *day; /* "2026-10-01" */
    bool working;
    const char *name;
};

struct profile_grid {
    struct place place; /* line = number of the feature, from 1 */
    const char *unit;
    const uint8_t *wkb;
    size_t wkb_size;
};

/* A row of streets.csv or villages.csv: where template rows unfold. */
struct profile_place {
    struct place place;
    const char *code, *name, *parent;
};

struct profile {
    const char *dir;
    struct faults faults;
    struct arena arena;
    struct profile_site site;
    GArray *streets, *villages; /* of struct profile_place, by code */
    GArray *units, *matters, *staff, *days, *grids;
    GHashTable *unit_codes; /* code → index + 1 in units; filled as units are added */
    size_t units_made,
            staff_made; /* by templates, also those that were refused: both are bounded */
    bool full;          /* the arena's limit was reached, and a fault says so */
};

/* `english`: language of the faults. Reads and checks everything. ERR_MALFORMED: see
 * profile->faults. profile_fini either way. */
enum err profile_read(struct profile *profile, const char *dir, bool english) MUST_CHECK;
void profile_fini(struct profile *profile);

/* NULL when there is none. */
struct profile_unit *profile_unit_find(const struct profile *profile, const char *code);
/* A copy in the arena; "" when that is full, which is then a fault. */
const char *profile_text(struct profile *profile, const char *text);

/* The parts, for profile_read alone. */
void profile_places_read(struct profile *profile);
void profile_units_read(struct profile *profile);
void profile_unit_add(struct profile *profile, const struct profile_unit *unit);
void profile_matters_read(struct profile *profile);
void profile_staff_read(struct profile *profile);
void profile_calendar_read(struct profile *profile);
void profile_grids_read(struct profile *profile);
void profile_check(struct profile *profile);
/* `text` is no duty, or no hours: what was expected at byte `at`. */
void profile_duty_fault(struct faults *faults,
        struct place place,
        const char *field,
        const char *text,
        enum duty_fault fault,
        size_t at);

#endif
