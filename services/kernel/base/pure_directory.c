/* Look-ups in a directory snapshot: hash tables by id and code, the tree by position. No I/O, no
 * allocation, no state but the snapshot, which nobody changes; so any thread may ask at any time.
 * directory_build.c makes the snapshot, and promises what pure_directory_impl.h says. */
#include "services/kernel/base/pure_directory.h"

#include <string.h>
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_directory_impl.h"
#include "services/kernel/base/pure_id.h"

#define DAY_MINUTES 1440
#define DAY_MS INT64_C(86400000)

int64_t directory_version(const struct directory *directory)
{
    return directory->version;
}

int directory_site(const struct directory *directory)
{
    return directory->site;
}

int directory_utc_offset_s(const struct directory *directory)
{
    return directory->utc_offset_s;
}

const char *directory_site_letters(const struct directory *directory)
{
    return directory->site_letters;
}

const struct calendar *directory_calendar(const struct directory *directory)
{
    return &directory->calendar;
}

const struct hours *directory_hours(const struct directory *directory)
{
    return &directory->hours[0];
}

int32_t directory_year_missing(const struct directory *directory, int64_t at_ms)
{
    const struct calendar *calendar = &directory->calendar;
    bool needed = false;
    for (uint32_t i = 0; i < directory->matter_count; i++) {
        const struct matter *matter = &directory->matters[i];
        needed = needed || (!matter->all_hours && !matter->retired);
    }
    int32_t last = calendar_year(calendar, at_ms + CALENDAR_AHEAD_DAYS * DAY_MS);
    for (int32_t year = calendar_year(calendar, at_ms); needed && year <= last; year++) {
        if (!calendar_knows(calendar, year)) {
            return year;
        }
    }
    return 0;
}

/* FNV-1a, finished so that the low bits depend on all of the code. */
uint64_t code_hash(const char *code)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *code != 0; code++) {
        hash = (hash ^ (unsigned char)*code) * UINT64_C(0x100000001b3);
    }
    return id_hash((int64_t)hash);
}

/* Position of the unit in the snapshot; asking with a unit of another one is a bug. */
static uint32_t unit_position(const struct directory *directory, const struct unit *unit)
{
    must(unit >= directory->units && unit < directory->units + directory->unit_count);
    return (uint32_t)(unit - directory->units);
}

static const struct unit *unit_at(const struct directory *directory, uint32_t position)
{
    return position == POSITION_NONE ? NULL : &directory->units[position];
}

const struct unit *unit_find(const struct directory *directory, int64_t id)
{
    const struct slots *table = &directory->unit_ids;
    uint32_t at = (uint32_t)id_hash(id) & table->mask;
    for (; table->slots[at] != 0; at = (at + 1) & table->mask) {
        const struct unit *unit = &directory->units[table->slots[at] - 1];
        if (unit->id == id) {
            return unit;
        }
    }
    return NULL;
}

const struct unit *unit_find_code(const struct directory *directory, const char *code)
{
    const struct slots *table = &directory->unit_codes;
    uint32_t at = (uint32_t)code_hash(code) & table->mask;
    for (; table->slots[at] != 0; at = (at + 1) & table->mask) {
        const struct unit *unit = &directory->units[table->slots[at] - 1];
        if (strcmp(unit->code, code) == 0) {
            return unit;
        }
    }
    return NULL;
}

const struct unit *unit_parent(const struct directory *directory, const struct unit *unit)
{
    return unit_at(directory, directory->nodes[unit_position(directory, unit)].parent);
}

const struct unit *unit_at_level(
        const struct directory *directory, const struct unit *unit, enum level level)
{
    must((unsigned)level < LEVEL_COUNT);
    return unit_at(directory, directory->nodes[unit_position(directory, unit)].at_level[level]);
}

bool unit_within(const struct directory *directory, const struct unit *unit, int64_t ancestor)
{
    const struct unit *above = unit_find(directory, ancestor);
    if (above == NULL) {
        return false;
    }
    const struct unit_node *high = &directory->nodes[unit_position(directory, above)];
    const struct unit_node *low = &directory->nodes[unit_position(directory, unit)];
    return low->enter >= high->enter && low->enter < high->leave;
}

const struct unit *unit_root(const struct directory *directory)
{
    return unit_at(directory, directory->root);
}

const struct unit *unit_child(
        const struct directory *directory, const struct unit *unit, size_t index)
{
    const struct unit_node *node = &directory->nodes[unit_position(directory, unit)];
    if (index >= node->child_count) {
        return NULL;
    }
    /* Retired ones stand behind all others. */
    const struct unit *child = &directory->units[directory->children[node->child_first + index]];
    return child->retired ? NULL : child;
}

size_t directory_unit_count(const struct directory *directory)
{
    return directory->unit_count;
}

const struct unit *directory_unit(const struct directory *directory, size_t index)
{
    return index < directory->unit_count ? &directory->units[index] : NULL;
}

const struct matter *directory_matter(const struct directory *directory, size_t index)
{
    return index < directory->matter_count ? &directory->matters[index] : NULL;
}

/* True when `word` is one of the ";"-separated words of `list`; "" always is. */
static bool list_names(const char *list, const char *word)
{
    size_t size = strlen(word);
    if (size == 0) {
        return true;
    }
    for (const char *at = list; at != NULL; at = strchr(at, ';')) {
        at += *at == ';';
        if (strncmp(at, word, size) == 0 && (at[size] == 0 || at[size] == ';')) {
            return true;
        }
    }
    return false;
}

bool unit_capable(const struct unit *unit, const char *capability)
{
    return list_names(unit->capabilities, capability);
}

bool unit_is_area(const struct unit *unit)
{
    static const char *const areas[LEVEL_COUNT] = {
            [LEVEL_GRID] = "grid",
            [LEVEL_VILLAGE] = "village",
            [LEVEL_STREET] = "street",
            [LEVEL_DISTRICT] = "district",
    };
    for (int level = LEVEL_GRID; level < LEVEL_COUNT; level++) {
        if (strcmp(unit->kind, areas[level]) == 0) {
            return (unsigned)unit->level < LEVEL_COUNT && unit->level != LEVEL_NONE;
        }
    }
    return false;
}

enum duty unit_duty(const struct unit *unit, const struct matter *matter)
{
    if (matter_listed(unit->matters_main, matter->code)) {
        return DUTY_MAIN;
    }
    if (matter_listed(unit->matters_assist, matter->code)) {
        return DUTY_ASSIST;
    }
    bool lists = *unit->matters_main != 0 || *unit->matters_assist != 0;
    return lists || !unit_is_area(unit) ? DUTY_NONE : matter->duty[unit->level];
}

const struct hours *matter_hours(const struct matter *matter, const struct unit *unit)
{
    return matter->all_hours ? &HOURS_ALWAYS : unit->hours;
}

/* "S-ZZ" names the unit "440113007-S-ZZ" below "440113007": the whole code, or its end behind a
 * character that is neither letter nor digit. */
static bool code_ends(const char *code, size_t code_size, const char *end, size_t end_size)
{
    if (code_size < end_size || memcmp(code + code_size - end_size, end, end_size) != 0) {
        return false;
    }
    if (code_size == end_size) {
        return true;
    }
    char before = code[code_size - end_size - 1];
    return !((before >= '0' && before <= '9') || (before >= 'A' && before <= 'Z') ||
             (before >= 'a' && before <= 'z'));
}

static const struct unit *child_named(
        const struct directory *directory, const struct unit *area, const char *code)
{
    size_t size = strlen(code);
    const struct unit_node *node = &directory->nodes[unit_position(directory, area)];
    for (uint32_t i = 0; i < node->child_count; i++) {
        uint32_t child = directory->children[node->child_first + i];
        const struct unit *unit = &directory->units[child];
        if (!unit->retired &&
                code_ends(unit->code, directory->nodes[child].code_size, code, size)) {
            return unit;
        }
    }
    return NULL;
}

const struct unit *directory_handler(const struct directory *directory,
        const struct matter *matter,
        const struct unit *place,
        enum level level)
{
    const struct unit *area = unit_at_level(directory, place, level);
    const char *code = matter->handler_code[level];
    if (area == NULL || code == NULL || *code == 0) {
        return area;
    }
    const struct unit *named = unit_find_code(directory, code);
    if (named != NULL && unit_within(directory, named, area->id)) {
        return named;
    }
    named = child_named(directory, area, code);
    return named == NULL ? area : named;
}

const struct matter *matter_find(const struct directory *directory, int32_t id)
{
    const struct slots *table = &directory->matter_ids;
    uint32_t at = (uint32_t)id_hash(id) & table->mask;
    for (; table->slots[at] != 0; at = (at + 1) & table->mask) {
        const struct matter *matter = &directory->matters[table->slots[at] - 1];
        if (matter->id == id) {
            return matter;
        }
    }
    return NULL;
}

const struct matter *matter_find_code(const struct directory *directory, const char *code)
{
    const struct slots *table = &directory->matter_codes;
    uint32_t at = (uint32_t)code_hash(code) & table->mask;
    for (; table->slots[at] != 0; at = (at + 1) & table->mask) {
        const struct matter *matter = &directory->matters[table->slots[at] - 1];
        if (strcmp(matter->code, code) == 0) {
            return matter;
        }
    }
    return NULL;
}

const struct staff *staff_find(const struct directory *directory, const char *code)
{
    const struct slots *table = &directory->staff_codes;
    uint32_t at = (uint32_t)code_hash(code) & table->mask;
    for (; table->slots[at] != 0; at = (at + 1) & table->mask) {
        const struct staff *staff = &directory->staff[table->slots[at] - 1];
        if (strcmp(staff->code, code) == 0) {
            return staff;
        }
    }
    return NULL;
}

const struct staff *staff_of_unit(const struct directory *directory, int64_t unit, size_t index)
{
    const struct unit *found = unit_find(directory, unit);
    if (found == NULL) {
        return NULL;
    }
    const struct unit_node *node = &directory->nodes[unit_position(directory, found)];
    return index < node->staff_count ? &directory->staff[node->staff_first + index] : NULL;
}

bool staff_available(const struct directory *directory,
        const struct staff *staff,
        const char *skill,
        int64_t at_ms)
{
    if (!list_names(staff->skills, skill)) {
        return false;
    }
    int64_t minute = (at_ms / 1000 + directory->utc_offset_s) / 60 % DAY_MINUTES;
    if (minute < 0) {
        minute += DAY_MINUTES;
    }
    if (staff->from_min <= staff->to_min) {
        return minute >= staff->from_min && minute < staff->to_min;
    }
    return minute >= staff->from_min || minute < staff->to_min; /* over midnight */
}
