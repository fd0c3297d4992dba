/* Makes and destroys directory snapshots; the only part of the directory that allocates. Rows are
 * copied with their strings, then indexed: hash tables, parents and children by position, pre-order
 * numbers, the area at each level, staff by unit. Rows that contradict themselves (a parent that is
 * not there, a circle, an id or code given twice) give no snapshot: they come from a database, and
 * the caller keeps the snapshot it has. */
#include "services/kernel/base/pure_directory.h"

#include <stdlib.h>
#include <string.h>
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_directory_impl.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/pure_text.h"

#define DIRECTORY_ROWS_MAX (UINT32_C(1) << 28)

/* Strings are moved into one allocation: first their sizes are added up, then they are copied. */
struct text_pool {
    char *at; /* NULL: adding up */
    size_t size;
};

static void text_move(struct text_pool *pool, const char **text)
{
    const char *from = *text == NULL ? "" : *text;
    size_t size = strlen(from) + 1;
    if (pool->at != NULL) {
        *text = memcpy(pool->at, from, size);
        pool->at += size;
    }
    pool->size += size;
}

static void unit_texts(struct text_pool *pool, struct unit *unit)
{
    text_move(pool, &unit->code);
    text_move(pool, &unit->name_zh);
    text_move(pool, &unit->name_en);
    text_move(pool, &unit->kind);
    text_move(pool, &unit->capabilities);
    text_move(pool, &unit->matters_main);
    text_move(pool, &unit->matters_assist);
}

static void matter_texts(struct text_pool *pool, struct matter *matter)
{
    text_move(pool, &matter->code);
    text_move(pool, &matter->name_zh);
    text_move(pool, &matter->name_en);
    text_move(pool, &matter->category);
    for (int level = 0; level < LEVEL_COUNT; level++) {
        text_move(pool, &matter->handler_code[level]);
    }
    text_move(pool, &matter->squad_capability);
}

static void staff_texts(struct text_pool *pool, struct staff *staff)
{
    text_move(pool, &staff->code);
    text_move(pool, &staff->name);
    text_move(pool, &staff->role);
    text_move(pool, &staff->skills);
}

static void texts_pass(struct directory *directory, struct text_pool *pool)
{
    for (uint32_t i = 0; i < directory->unit_count; i++) {
        unit_texts(pool, &directory->units[i]);
    }
    for (uint32_t i = 0; i < directory->matter_count; i++) {
        matter_texts(pool, &directory->matters[i]);
    }
    for (uint32_t i = 0; i < directory->staff_count; i++) {
        staff_texts(pool, &directory->staff[i]);
    }
}

static void *array_new(size_t count, size_t size)
{
    return must_memory(calloc(count == 0 ? 1 : count, size));
}

static void *array_copy(const void *rows, size_t count, size_t size)
{
    void *copy = array_new(count, size);
    return count == 0 ? copy : memcpy(copy, rows, count * size);
}

static void rows_copy(struct directory *directory, const struct directory_rows *rows)
{
    directory->unit_count = (uint32_t)rows->unit_count;
    directory->matter_count = (uint32_t)rows->matter_count;
    directory->staff_count = (uint32_t)rows->staff_count;
    directory->units = array_copy(rows->units, rows->unit_count, sizeof *rows->units);
    directory->matters = array_copy(rows->matters, rows->matter_count, sizeof *rows->matters);
    directory->staff = array_copy(rows->staff, rows->staff_count, sizeof *rows->staff);
    directory->nodes = array_new(rows->unit_count, sizeof *directory->nodes);
    directory->children = array_new(rows->unit_count, sizeof *directory->children);
    struct text_pool pool = {0};
    texts_pass(directory, &pool);
    directory->texts = array_new(pool.size, 1);
    pool = (struct text_pool){.at = directory->texts};
    texts_pass(directory, &pool);
}

/* Hours that units state are copied behind the site's, and the units point there. */
static void hours_copy(struct directory *directory, const struct directory_rows *rows)
{
    size_t count = 1;
    for (uint32_t i = 0; i < directory->unit_count; i++) {
        count += directory->units[i].hours != NULL;
    }
    directory->hours = array_new(count, sizeof *directory->hours);
    directory->hours[0] = rows->hours == NULL ? HOURS_ALWAYS : *rows->hours;
    count = 1;
    for (uint32_t i = 0; i < directory->unit_count; i++) {
        const struct hours **hours = &directory->units[i].hours;
        if (*hours != NULL && *hours == rows->hours) {
            *hours = directory->hours;
        } else if (*hours != NULL) {
            directory->hours[count] = **hours;
            *hours = &directory->hours[count++];
        }
    }
    for (size_t i = 0; i < count; i++) {
        must(hours_valid(&directory->hours[i]));
    }
}

static void slots_new(struct slots *table, uint32_t count)
{
    uint32_t size = 4;
    while (size < count * 2) {
        size *= 2;
    }
    table->slots = array_new(size, sizeof *table->slots);
    table->mask = size - 1;
}

static void slots_put(struct slots *table, uint64_t hash, uint32_t position)
{
    uint32_t at = (uint32_t)hash & table->mask;
    while (table->slots[at] != 0) {
        at = (at + 1) & table->mask;
    }
    table->slots[at] = position + 1;
}

/* Each index function refuses what is given twice, by asking before it puts. A retired row leaves
 * its code to a row that uses it again. */
static bool units_index(struct directory *directory)
{
    slots_new(&directory->unit_ids, directory->unit_count);
    slots_new(&directory->unit_codes, directory->unit_count);
    for (uint32_t i = 0; i < directory->unit_count; i++) {
        const struct unit *unit = &directory->units[i];
        bool twice = !unit->retired && unit_find_code(directory, unit->code) != NULL;
        if (twice || unit_find(directory, unit->id) != NULL) {
            return false;
        }
        slots_put(&directory->unit_ids, id_hash(unit->id), i);
        if (!unit->retired) {
            slots_put(&directory->unit_codes, code_hash(unit->code), i);
        }
        directory->nodes[i].code_size = (uint32_t)strlen(unit->code);
    }
    return true;
}

static bool matters_index(struct directory *directory)
{
    slots_new(&directory->matter_ids, directory->matter_count);
    slots_new(&directory->matter_codes, directory->matter_count);
    for (uint32_t i = 0; i < directory->matter_count; i++) {
        struct matter *matter = &directory->matters[i];
        matter->item = matter->item == 0 ? matter->id : matter->item;
        bool twice = !matter->retired && matter_find_code(directory, matter->code) != NULL;
        if (twice || matter_find(directory, matter->id) != NULL) {
            return false;
        }
        slots_put(&directory->matter_ids, id_hash(matter->id), i);
        if (!matter->retired) {
            slots_put(&directory->matter_codes, code_hash(matter->code), i);
        }
    }
    return true;
}

static uint32_t position_of(const struct directory *directory, int64_t unit)
{
    const struct unit *found = unit_find(directory, unit);
    return found == NULL ? POSITION_NONE : (uint32_t)(found - directory->units);
}

/* By unit, then code; units in any order, as long as equal ones stand together. */
static int staff_compare(const void *left, const void *right)
{
    const struct staff *a = left, *b = right;
    if (a->unit != b->unit) {
        return a->unit < b->unit ? -1 : 1;
    }
    return strcmp(a->code, b->code);
}

static bool staff_index(struct directory *directory)
{
    slots_new(&directory->staff_codes, directory->staff_count);
    qsort(directory->staff, directory->staff_count, sizeof *directory->staff, staff_compare);
    for (uint32_t i = 0; i < directory->staff_count; i++) {
        const struct staff *staff = &directory->staff[i];
        uint32_t unit = position_of(directory, staff->unit);
        if (unit == POSITION_NONE || staff_find(directory, staff->code) != NULL) {
            return false;
        }
        slots_put(&directory->staff_codes, code_hash(staff->code), i);
        struct unit_node *node = &directory->nodes[unit];
        if (node->staff_count++ == 0) {
            node->staff_first = i;
        }
    }
    return true;
}

static bool parents_link(struct directory *directory)
{
    directory->root = POSITION_NONE;
    for (uint32_t i = 0; i < directory->unit_count; i++) {
        struct unit_node *node = &directory->nodes[i];
        node->parent = POSITION_NONE;
        if (directory->units[i].parent == 0) {
            if (directory->root == POSITION_NONE && !directory->units[i].retired) {
                directory->root = i;
            }
            continue;
        }
        node->parent = position_of(directory, directory->units[i].parent);
        if (node->parent == POSITION_NONE) {
            return false;
        }
        directory->nodes[node->parent].child_count++;
    }
    return true;
}

struct code_position {
    const char *code;
    uint32_t position;
    bool retired;
};

static int code_compare(const void *left, const void *right)
{
    const struct code_position *a = left, *b = right;
    if (a->retired != b->retired) {
        return a->retired ? 1 : -1;
    }
    return strcmp(a->code, b->code);
}

/* Units are dealt to their parents in order of code, so each parent's list is in that order; those
 * that retired come last, where unit_child() ends before them. */
static void children_list(struct directory *directory)
{
    uint32_t count = directory->unit_count, first = 0;
    struct code_position *sorted = array_new(count, sizeof *sorted);
    for (uint32_t i = 0; i < count; i++) {
        sorted[i] =
                (struct code_position){directory->units[i].code, i, directory->units[i].retired};
        directory->nodes[i].child_first = first;
        first += directory->nodes[i].child_count;
        directory->nodes[i].child_count = 0;
    }
    qsort(sorted, count, sizeof *sorted, code_compare);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t parent = directory->nodes[sorted[i].position].parent;
        if (parent != POSITION_NONE) {
            struct unit_node *node = &directory->nodes[parent];
            directory->children[node->child_first + node->child_count++] = sorted[i].position;
        }
    }
    free(sorted);
}

/* What a unit knows from its parent: depth, the areas above it, hours if it has none itself. */
static void unit_enter(struct directory *directory, uint32_t position, uint32_t number)
{
    struct unit *unit = &directory->units[position];
    struct unit_node *node = &directory->nodes[position];
    node->enter = number;
    unit->depth = 0;
    memset(node->at_level, 0xff, sizeof node->at_level);
    if (node->parent != POSITION_NONE) {
        unit->depth = directory->units[node->parent].depth + 1;
        memcpy(node->at_level, directory->nodes[node->parent].at_level, sizeof node->at_level);
    }
    if (unit_is_area(unit)) {
        node->at_level[unit->level] = position;
    }
    if (unit->hours == NULL) {
        unit->hours = node->parent == POSITION_NONE ? directory->hours
                                                    : directory->units[node->parent].hours;
    }
}

/* Walks the tree below `root` without a stack, up again by the parents; `next` counts for each unit
 * how many of its children are done. Returns the next free pre-order number. */
static uint32_t tree_number(
        struct directory *directory, uint32_t root, uint32_t number, uint32_t *next)
{
    uint32_t at = root;
    unit_enter(directory, at, number++);
    while (at != POSITION_NONE) {
        struct unit_node *node = &directory->nodes[at];
        if (next[at] < node->child_count) {
            at = directory->children[node->child_first + next[at]++];
            unit_enter(directory, at, number++);
        } else {
            node->leave = number;
            at = node->parent;
        }
    }
    return number;
}

/* False when units are left over: they stand in a circle that no root reaches. */
static bool trees_number(struct directory *directory)
{
    uint32_t number = 0;
    uint32_t *next = array_new(directory->unit_count, sizeof *next);
    for (uint32_t i = 0; i < directory->unit_count; i++) {
        if (directory->nodes[i].parent == POSITION_NONE) {
            number = tree_number(directory, i, number, next);
        }
    }
    free(next);
    return number == directory->unit_count;
}

struct directory *directory_build(const struct directory_rows *rows)
{
    must(rows != NULL && rows->unit_count < DIRECTORY_ROWS_MAX);
    must(rows->matter_count < DIRECTORY_ROWS_MAX && rows->staff_count < DIRECTORY_ROWS_MAX);
    struct directory *directory = array_new(1, sizeof *directory);
    directory->version = rows->version;
    directory->site = rows->site;
    directory->utc_offset_s = rows->utc_offset_s;
    const char *letters = rows->site_letters == NULL ? "" : rows->site_letters;
    (void)text_copy(
            directory->site_letters, sizeof directory->site_letters, letters, strlen(letters));
    rows_copy(directory, rows);
    hours_copy(directory, rows);
    if (!calendar_init(&directory->calendar, rows->utc_offset_s, rows->days, rows->day_count) ||
            !units_index(directory) || !matters_index(directory) || !parents_link(directory) ||
            !staff_index(directory)) {
        directory_destroy(&directory);
        return NULL;
    }
    children_list(directory);
    if (!trees_number(directory)) {
        directory_destroy(&directory);
    }
    return directory;
}

void directory_destroy(struct directory **directory)
{
    struct directory *gone = *directory;
    if (gone == NULL) {
        return;
    }
    struct slots *tables[] = {&gone->unit_ids, &gone->unit_codes, &gone->matter_ids,
            &gone->matter_codes, &gone->staff_codes};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        free(tables[i]->slots);
    }
    free(gone->units);
    free(gone->nodes);
    free(gone->matters);
    free(gone->staff);
    free(gone->children);
    free(gone->hours);
    free(gone->texts);
    free(gone);
    *directory = NULL;
}
