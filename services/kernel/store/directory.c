/* The rows go from libpq's results into one struct load: arrays on the heap, strings in an
 * arena. When the transaction has ended well directory_build() copies what it wants and all of
 * it is freed. To load another column: add it to the statement, its reader and the struct in
 * pure_directory.h.
 *
 * Lists are ordered, and limited to one more than what is allowed: that one is the error. */
#include "services/kernel/store/directory.h"

#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/arena.h"
#include "services/kernel/base/fault.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_duty.h"

#define MINUTE_MS INT64_C(60000)
#define TEXTS_SIZE_MAX ((size_t)512 << 20)

enum { LOAD_BEGIN, LOAD_SITE, LOAD_UNITS, LOAD_MATTERS, LOAD_STAFF, LOAD_DAYS, LOAD_COMMIT };

const struct statement DIRECTORY_STATEMENTS[DIRECTORY_STATEMENT_COUNT] = {
        [LOAD_BEGIN] = {"directory_begin", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"},
        [LOAD_SITE] = {"directory_site",
                "SELECT version, number, utc_offset_s, letters, hours FROM directory.site"},
        [LOAD_UNITS] = {"directory_units",
                "SELECT id, parent, code, name_zh, name_en, level, kind, capabilities, members,"
                " capacity, depth, retired, duty, matters_main, matters_assist"
                " FROM directory.unit ORDER BY depth, code, id LIMIT 500001"},
        [LOAD_MATTERS] = {"directory_matters",
                "SELECT id, code, name_zh, name_en, category, start_level, handler_kind,"
                " handler_grid, handler_village, handler_street, handler_district,"
                " squad_capability, accept_min, handle_min, step_up_min, verify_min,"
                " clock = 'all', retired, arrive_min, dup_m, dup_h, evidence, urgency,"
                " village_duty, street_duty, district_duty, verifier, self_handle, volunteer,"
                " squad, privacy, coalesce(item, id)"
                " FROM directory.matter ORDER BY id LIMIT 10001"},
        [LOAD_STAFF] = {"directory_staff",
                "SELECT id, code, name, unit, role, skills, from_min, to_min"
                " FROM directory.staff WHERE NOT retired ORDER BY code LIMIT 1000001"},
        [LOAD_DAYS] = {"directory_days", "SELECT day - DATE '1970-01-01', working"
                                         " FROM directory.calendar_day ORDER BY day LIMIT 23425"},
        [LOAD_COMMIT] = {"directory_commit", "COMMIT"},
};

_Static_assert(DIRECTORY_DAYS_MAX == 23424, "the limit of directory_days is one more");

struct load {
    struct pg *pg;
    directory_done_fn *done;
    void *self;
    struct arena arena;
    struct directory_rows rows;
    struct unit *units;
    struct matter *matters;
    struct staff *staff;
    struct calendar_day *days;
    struct hours site_hours;
    bool found;
    enum err err;    /* of what was read; OK so far */
    const char *why; /* static */
};

static struct load *load_new(struct pg *pg)
{
    struct load *load = calloc(1, sizeof(*load));
    must(load != NULL);
    load->pg = pg;
    arena_init(&load->arena, TEXTS_SIZE_MAX);
    return load;
}

static void load_destroy(struct load *load)
{
    arena_fini(&load->arena);
    free(load->units);
    free(load->matters);
    free(load->staff);
    free(load->days);
    free(load);
}

static void load_refuse(struct load *load, enum err err, const char *why)
{
    if (load->err != OK)
        return;
    load->err = err;
    load->why = why;
}

static const char *load_text(struct load *load, const PGresult *result, int row, int col)
{
    return arena_text(
            &load->arena, PQgetvalue(result, row, col), (size_t)PQgetlength(result, row, col));
}

/* Zeroed rows for a result; NULL when it is empty or over the limit. */
static void *load_array(
        struct load *load, const PGresult *result, size_t limit, size_t size, size_t *ret_count)
{
    size_t count = (size_t)PQntuples(result);
    *ret_count = 0;
    if (count > limit) {
        load_refuse(load, ERR_LIMIT, "the directory has more rows than DIRECTORY_*_MAX allows");
        return NULL;
    }
    if (count == 0)
        return NULL;
    void *array = calloc(count, size);
    must(array != NULL);
    *ret_count = count;
    return array;
}

static void site_read(void *self, const PGresult *result)
{
    struct load *load = self;
    load->found = PQntuples(result) == 1;
    if (!load->found)
        return;
    load->rows.version = row_int(result, 0, 0);
    load->rows.site = (int)row_int(result, 0, 1);
    load->rows.utc_offset_s = (int)row_int(result, 0, 2);
    load->rows.site_letters = load_text(load, result, 0, 3);
    load->rows.hours = &load->site_hours;
    size_t at = 0;
    if (hours_parse(row_text(result, 0, 4), &load->site_hours, &at) != DUTY_FINE)
        load_refuse(load, ERR_MALFORMED, "directory.site: hours that are none");
}

/* What the unit's duty says of its hours; NULL when that is left to the unit above. What retired
 * was not looked at by later applies, which may know other words. */
static const struct hours *unit_hours(struct load *load, const char *text, bool retired)
{
    struct duty_text duty;
    if (duty_parse(text, &duty) != DUTY_FINE) {
        if (!retired)
            load_refuse(load, ERR_MALFORMED, "directory.unit: a duty that is not understood");
        return NULL;
    }
    if (duty.whose == DUTY_HOURS_SITE)
        return &load->site_hours;
    if (duty.whose == DUTY_HOURS_ABOVE)
        return NULL;
    return arena_copy(&load->arena, &duty.hours, sizeof duty.hours);
}

static bool level_valid(int64_t level)
{
    return level >= LEVEL_GRID && level <= LEVEL_DISTRICT;
}

static void unit_read(struct load *load, const PGresult *result, int row, struct unit *unit)
{
    unit->id = row_int(result, row, 0);
    unit->parent = row_int(result, row, 1);
    unit->code = load_text(load, result, row, 2);
    unit->name_zh = load_text(load, result, row, 3);
    unit->name_en = load_text(load, result, row, 4);
    unit->level = (enum level)row_int(result, row, 5);
    unit->kind = load_text(load, result, row, 6);
    unit->capabilities = load_text(load, result, row, 7);
    unit->members = (int32_t)row_int(result, row, 8);
    unit->capacity = (int32_t)row_int(result, row, 9);
    unit->depth = (int32_t)row_int(result, row, 10);
    unit->retired = row_int(result, row, 11) != 0;
    unit->hours = unit_hours(load, row_text(result, row, 12), unit->retired);
    unit->matters_main = load_text(load, result, row, 13);
    unit->matters_assist = load_text(load, result, row, 14);
    if (!level_valid(unit->level) || unit->id <= 0)
        load_refuse(load, ERR_MALFORMED, "directory.unit: a row without level or id");
}

static void units_read(void *self, const PGresult *result)
{
    struct load *load = self;
    load->units = load_array(
            load, result, DIRECTORY_UNITS_MAX, sizeof(struct unit), &load->rows.unit_count);
    for (size_t i = 0; i < load->rows.unit_count; i++)
        unit_read(load, result, (int)i, &load->units[i]);
    load->rows.units = load->units;
}

/* The number of a catalogue's word; the column's first where there is none. */
static int matter_word(bool *fine, const PGresult *result, int row, enum catalogue_column column)
{
    enum { WORDS_FIRST = 22 };
    int word = catalogue_word(column, row_text(result, row, WORDS_FIRST + (int)column));
    *fine = *fine && word >= 0;
    return word < 0 ? 0 : word;
}

static void matter_words_read(
        struct load *load, const PGresult *result, int row, struct matter *matter)
{
    bool fine = true;
    matter->urgency = (enum urgency)matter_word(&fine, result, row, CATALOGUE_URGENCY);
    for (int level = LEVEL_VILLAGE; level <= LEVEL_DISTRICT; level++)
        matter->duty[level] = (enum duty)matter_word(&fine, result, row,
                (enum catalogue_column)(CATALOGUE_VILLAGE_DUTY + level - LEVEL_VILLAGE));
    matter->verifier = (enum verifier)matter_word(&fine, result, row, CATALOGUE_VERIFIER);
    matter->self_handle = matter_word(&fine, result, row, CATALOGUE_SELF_HANDLE) != 0;
    matter->volunteers = (enum volunteers)matter_word(&fine, result, row, CATALOGUE_VOLUNTEER);
    matter->squads = (enum squads)matter_word(&fine, result, row, CATALOGUE_SQUAD);
    matter->privacy = (enum privacy)matter_word(&fine, result, row, CATALOGUE_PRIVACY);
    if (!evidence_parse(row_text(result, row, 21), matter->evidence, &matter->evidence_count))
        fine = false;
    if (!fine && !matter->retired)
        load_refuse(load, ERR_MALFORMED, "directory.matter: a word that is not understood");
}

static void matter_read(struct load *load, const PGresult *result, int row, struct matter *matter)
{
    matter->id = (int32_t)row_int(result, row, 0);
    matter->code = load_text(load, result, row, 1);
    matter->name_zh = load_text(load, result, row, 2);
    matter->name_en = load_text(load, result, row, 3);
    matter->category = load_text(load, result, row, 4);
    matter->start_level = (enum level)row_int(result, row, 5);
    matter->handler = (enum handler_kind)row_int(result, row, 6);
    matter->handler_code[LEVEL_NONE] = "";
    for (int level = LEVEL_GRID; level <= LEVEL_DISTRICT; level++)
        matter->handler_code[level] = load_text(load, result, row, 6 + level);
    matter->squad_capability = load_text(load, result, row, 11);
    matter->accept_ms = row_int(result, row, 12) * MINUTE_MS;
    matter->handle_ms = row_int(result, row, 13) * MINUTE_MS;
    matter->step_up_ms = row_int(result, row, 14) * MINUTE_MS;
    matter->verify_ms = row_int(result, row, 15) * MINUTE_MS;
    matter->all_hours = row_int(result, row, 16) != 0;
    matter->retired = row_int(result, row, 17) != 0;
    matter->arrive_ms = row_int(result, row, 18) * MINUTE_MS;
    matter->dup_m = (int32_t)row_int(result, row, 19);
    matter->dup_h = (int32_t)row_int(result, row, 20);
    matter->item = (int32_t)row_int(result, row, 31);
    matter_words_read(load, result, row, matter);
    if (!level_valid(matter->start_level) || matter->handler <= HANDLER_NONE ||
            matter->handler > HANDLER_JOINT)
        load_refuse(load, ERR_MALFORMED, "directory.matter: a row without level or handler");
}

static void matters_read(void *self, const PGresult *result)
{
    struct load *load = self;
    load->matters = load_array(
            load, result, DIRECTORY_MATTERS_MAX, sizeof(struct matter), &load->rows.matter_count);
    for (size_t i = 0; i < load->rows.matter_count; i++)
        matter_read(load, result, (int)i, &load->matters[i]);
    load->rows.matters = load->matters;
}

static void staff_read(void *self, const PGresult *result)
{
    struct load *load = self;
    load->staff = load_array(
            load, result, DIRECTORY_STAFF_MAX, sizeof(struct staff), &load->rows.staff_count);
    for (size_t i = 0; i < load->rows.staff_count; i++) {
        struct staff *staff = &load->staff[i];
        int row = (int)i;
        staff->id = row_int(result, row, 0);
        staff->code = load_text(load, result, row, 1);
        staff->name = load_text(load, result, row, 2);
        staff->unit = row_int(result, row, 3);
        staff->role = load_text(load, result, row, 4);
        staff->skills = load_text(load, result, row, 5);
        staff->from_min = (int32_t)row_int(result, row, 6);
        staff->to_min = (int32_t)row_int(result, row, 7);
    }
    load->rows.staff = load->staff;
}

static void days_read(void *self, const PGresult *result)
{
    struct load *load = self;
    load->days = load_array(
            load, result, DIRECTORY_DAYS_MAX, sizeof(struct calendar_day), &load->rows.day_count);
    for (size_t i = 0; i < load->rows.day_count; i++)
        load->days[i] = (struct calendar_day){
                (int32_t)row_int(result, (int)i, 0), row_int(result, (int)i, 1) != 0};
    load->rows.days = load->days;
}

/* The readers by statement; NULL: nothing to read. */
static pg_rows_fn *const READERS[DIRECTORY_STATEMENT_COUNT] = {
        [LOAD_SITE] = site_read,
        [LOAD_UNITS] = units_read,
        [LOAD_MATTERS] = matters_read,
        [LOAD_STAFF] = staff_read,
        [LOAD_DAYS] = days_read,
};

/* Builds when all of it was read and is whole. */
static enum err load_build(struct load *load, struct directory **ret)
{
    if (FAULT(directory_broken))
        load_refuse(load, ERR_MALFORMED, "a fault point");
    if (load->err == OK && !load->found)
        load_refuse(load, ERR_NOT_FOUND, "no profile was applied: run huyingctl apply");
    if (load->err != OK)
        return load->err;
    struct directory *built = directory_build(&load->rows);
    if (built == NULL) {
        load_refuse(load, ERR_MALFORMED, "the directory's rows contradict each other");
        return load->err;
    }
    *ret = built;
    return OK;
}

static void load_done(void *self, enum err err, const char *message)
{
    struct load *load = self;
    struct directory *directory = NULL;
    if (err == OK) {
        err = load_build(load, &directory);
        message = err == OK ? "" : load->why;
    } else if (pg_state(load->pg) == PG_READY) {
        /* The failed transaction is still open on the server. */
        pg_queue(load->pg, &PG_ROLLBACK, NULL, NULL, NULL);
        pg_sync(load->pg, NULL, NULL);
    }
    load->done(load->self, err, directory, message);
    load_destroy(load);
}

void directory_load_start(struct pg *pg, directory_done_fn *done, void *self)
{
    must(pg_state(pg) == PG_READY);
    struct load *load = load_new(pg);
    load->done = done;
    load->self = self;
    for (size_t i = 0; i < DIRECTORY_STATEMENT_COUNT; i++)
        pg_queue(pg, &DIRECTORY_STATEMENTS[i], NULL, READERS[i], load);
    pg_sync(pg, load_done, load);
}

/* Runs the statements from `first` to before `end`, one after the other. */
static enum err load_run(struct load *load, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        PGresult *result = pg_exec(load->pg, DIRECTORY_STATEMENTS[i].sql, NULL);
        if (result == NULL)
            return ERR_TRANSIENT;
        if (READERS[i] != NULL)
            READERS[i](load, result);
        PQclear(result);
    }
    return OK;
}

enum err directory_load_now(struct pg *pg, struct directory **ret)
{
    struct load *load = load_new(pg);
    enum err err = load_run(load, 0, DIRECTORY_STATEMENT_COUNT);
    if (err != OK && pg_state(pg) == PG_READY)
        PQclear(pg_exec(pg, PG_ROLLBACK.sql, NULL));
    if (err == OK)
        err = load_build(load, ret);
    load_destroy(load);
    return err;
}

enum err directory_load_within(struct pg *pg, struct directory **ret, const char **ret_why)
{
    struct load *load = load_new(pg);
    enum err err = load_run(load, LOAD_SITE, LOAD_COMMIT);
    if (err == OK)
        err = load_build(load, ret);
    *ret_why = load->why != NULL ? load->why : "";
    load_destroy(load);
    return err;
}
