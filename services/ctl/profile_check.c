/* What only the whole profile can tell: parents, depth and loops, levels, who a matter names,
 * whose unit a member of staff is in. Each function is one rule. */
#include "services/ctl/profile.h"

static struct profile_unit *unit_at(const struct profile *profile, guint i)
{
    return &g_array_index(profile->units, struct profile_unit, i);
}

/* Depth by walking up. More than UNIT_DEPTH_MAX steps: too deep, or a loop. */
static void depth_check(struct profile *profile, struct profile_unit *unit)
{
    const struct profile_unit *at = unit;
    unit->depth = 0;
    while (*at->parent != '\0') {
        const struct profile_unit *parent = profile_unit_find(profile, at->parent);
        if (parent == NULL)
            return; /* said where that unit is looked at */
        if (parent == unit) {
            fault_add(&profile->faults, unit->place, "parent", "“%s”在自己之下(上级成环)",
                    "\"%s\" stands below itself (the parents form a loop)", unit->code);
            return;
        }
        if (++unit->depth > UNIT_DEPTH_MAX) {
            fault_add(&profile->faults, unit->place, "parent", "“%s”超过 %d 层,或在一个环之下",
                    "\"%s\" is more than %d levels deep, or below a loop", unit->code,
                    UNIT_DEPTH_MAX);
            return;
        }
        at = parent;
    }
}

static const char *level_text(int32_t level)
{
    static const char *const texts[] = {
#define X(name, number, text) text,
            LEVEL_TABLE(X)
#undef X
    };
    return texts[level];
}

static bool kind_is_area(const struct profile_unit *unit)
{
    for (int32_t level = LEVEL_GRID; level <= LEVEL_DISTRICT; level++)
        if (strcmp(unit->kind, level_text(level)) == 0)
            return true;
    return false;
}

/* A unit stands at its parent's level or below; an area below its parent's, and at its own
 * name's. */
static void level_check(
        struct profile *profile, const struct profile_unit *unit, const struct profile_unit *parent)
{
    bool area = kind_is_area(unit);
    if (area && strcmp(unit->kind, level_text(unit->level)) != 0)
        fault_add(&profile->faults, unit->place, "level", "“%s”是 %s,层级却是 %s",
                "\"%s\" is a %s, found level %s", unit->code, unit->kind, level_text(unit->level));
    else if (parent != NULL && (area ? unit->level >= parent->level : unit->level > parent->level))
        fault_add(&profile->faults, unit->place, "level", "“%s”(%s)不能在“%s”(%s)之下",
                "\"%s\" (%s) cannot stand below \"%s\" (%s)", unit->code, level_text(unit->level),
                parent->code, level_text(parent->level));
}

static void grid_check(
        struct profile *profile, const struct profile_unit *unit, const struct profile_unit *parent)
{
    bool grid = strcmp(unit->kind, "grid") == 0 || strcmp(unit->kind, "exclusive_grid") == 0;
    if (grid && (parent == NULL || strcmp(parent->kind, "village") != 0))
        fault_add(&profile->faults, unit->place, "parent", "网格“%s”的上级是“%s”,应为村(社区)",
                "grid \"%s\" has the parent \"%s\", expected a village", unit->code, unit->parent);
}

static void unit_check(struct profile *profile, struct profile_unit *unit)
{
    const struct profile_unit *parent = profile_unit_find(profile, unit->parent);
    if (parent == NULL && *unit->parent != '\0') {
        fault_add(&profile->faults, unit->place, "parent", "“%s”的上级“%s”不存在",
                "the parent of \"%s\", \"%s\", does not exist", unit->code, unit->parent);
        return;
    }
    depth_check(profile, unit);
    level_check(profile, unit, parent);
    grid_check(profile, unit, parent);
}

static void root_check(struct profile *profile)
{
    const struct profile_unit *root = NULL;
    for (guint i = 0; i < profile->units->len; i++) {
        const struct profile_unit *unit = unit_at(profile, i);
        if (*unit->parent != '\0')
            continue;
        if (root != NULL)
            fault_add(&profile->faults, unit->place, "parent",
                    "“%s”没有上级,而“%s”已经是根,只能有一个",
                    "\"%s\" has no parent, but \"%s\" is the root already, expected one",
                    unit->code, root->code);
        else
            root = unit;
    }
    if (root == NULL)
        fault_add(&profile->faults, (struct place){"units.csv", 0}, "parent",
                "没有根单位:应有一个单位没有上级",
                "there is no root: expected one unit without parent");
}

/* Like directory_handler(): the whole code, or its end behind a character that is no letter or
 * digit. */
static bool code_ends(const char *code, const char *end)
{
    size_t size = strlen(code), end_size = strlen(end);
    if (size < end_size || strcmp(code + size - end_size, end) != 0)
        return false;
    return size == end_size || !g_ascii_isalnum(code[size - end_size - 1]);
}

static bool handler_exists(const struct profile *profile, const char *code)
{
    if (profile_unit_find(profile, code) != NULL)
        return true;
    for (guint i = 0; i < profile->units->len; i++)
        if (code_ends(unit_at(profile, i)->code, code))
            return true;
    return false;
}

static void handler_check(struct profile *profile,
        const struct profile_matter *matter,
        const char *field,
        const char *code)
{
    if (*code == '\0' || (strcmp(code, "G") == 0 && code == matter->handler_grid))
        return;
    if (!handler_exists(profile, code))
        fault_add(&profile->faults, matter->place, field, "没有单位的编码是“%s”或以它结尾",
                "no unit has the code \"%s\" or one that ends with it", code);
}

static void matters_check(struct profile *profile)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < profile->matters->len; i++) {
        const struct profile_matter *matter =
                &g_array_index(profile->matters, struct profile_matter, i);
        if (!g_hash_table_add(seen, (gpointer)(uintptr_t)matter->code))
            fault_add(&profile->faults, matter->place, "code", "事项“%s”出现两次",
                    "matter \"%s\" is there twice", matter->code);
        handler_check(profile, matter, "handler_grid", matter->handler_grid);
        handler_check(profile, matter, "handler_village", matter->handler_village);
        handler_check(profile, matter, "handler_street", matter->handler_street);
        handler_check(profile, matter, "handler_district", matter->handler_district);
    }
}

static void staff_check(struct profile *profile)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < profile->staff->len; i++) {
        const struct profile_staff *staff = &g_array_index(profile->staff, struct profile_staff, i);
        if (!g_hash_table_add(seen, (gpointer)(uintptr_t)staff->code))
            fault_add(&profile->faults, staff->place, "code", "人员“%s”出现两次",
                    "staff code \"%s\" is there twice", staff->code);
        if (profile_unit_find(profile, staff->unit) == NULL)
            fault_add(&profile->faults, staff->place, "unit", "“%s”的单位“%s”不存在",
                    "the unit of \"%s\", \"%s\", does not exist", staff->code, staff->unit);
    }
}

/* Years are the first four digits of days that are valid. */
static void days_check(struct profile *profile)
{
    const struct profile_day *first = NULL, *last = NULL;
    for (guint i = 0; i < profile->days->len; i++) {
        const struct profile_day *day = &g_array_index(profile->days, struct profile_day, i);
        first = first == NULL || strcmp(day->day, first->day) < 0 ? day : first;
        last = last == NULL || strcmp(day->day, last->day) > 0 ? day : last;
    }
    if (first != NULL &&
            g_ascii_strtoll(last->day, NULL, 10) - g_ascii_strtoll(first->day, NULL, 10) >=
                    CALENDAR_YEARS_MAX)
        fault_add(&profile->faults, (struct place){"calendar.csv", 0}, "day",
                "从 %s 到 %s,最多 %d 年", "found days from %s to %s, expected at most %d years",
                first->day, last->day, CALENDAR_YEARS_MAX);
}

/* A word of a unit's lists is the code of a matter, or a code's beginning with "*" behind it. */
static bool list_word_fits(const struct profile *profile, const char *word)
{
    for (guint i = 0; i < profile->matters->len; i++)
        if (matter_listed(word, g_array_index(profile->matters, struct profile_matter, i).code))
            return true;
    return false;
}

static void list_check(struct profile *profile,
        const struct profile_unit *unit,
        const char *field,
        const char *list,
        GHashTable *seen)
{
    if (*list == '\0' || !g_hash_table_add(seen, (gpointer)(uintptr_t)list))
        return;
    g_auto(GStrv) words = g_strsplit(list, ";", -1);
    for (size_t i = 0; words[i] != NULL; i++)
        if (!list_word_fits(profile, words[i]))
            fault_add(&profile->faults, unit->place, field, "事项“%s”不在目录中",
                    "matter \"%s\" is not in the catalogue", words[i]);
}

/* Many units have the same lists: each text is checked once, for the first unit that has it. */
static void lists_check(struct profile *profile)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < profile->units->len && profile->matters->len > 0; i++) {
        const struct profile_unit *unit = unit_at(profile, i);
        list_check(profile, unit, "matters_main", unit->matters_main, seen);
        list_check(profile, unit, "matters_assist", unit->matters_assist, seen);
    }
}

void profile_check(struct profile *profile)
{
    for (guint i = 0; i < profile->units->len; i++)
        unit_check(profile, unit_at(profile, i));
    if (profile->units->len > 0 || profile->faults.count == 0)
        root_check(profile);
    matters_check(profile);
    lists_check(profile);
    staff_check(profile);
    days_check(profile);
}
