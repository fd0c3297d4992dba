/* Streets, villages, units and squads: where template rows unfold. A unit's code in a template
 * row without {S} or {V} gets its place in front, "440113120/S-JQ-QY", since the same desk is in
 * every street. */
#include "services/ctl/profile.h"
#include "services/ctl/template.h"

enum {
    UNIT_SCOPE,
    UNIT_PER_SCOPE,
    UNIT_TOTAL,
    UNIT_CODE,
    UNIT_PARENT,
    UNIT_LEVEL,
    UNIT_KIND,
    UNIT_NAME_ZH,
    UNIT_NAME_EN,
    UNIT_CAPABILITIES,
    UNIT_MATTERS_MAIN,
    UNIT_MATTERS_ASSIST,
    UNIT_DUTY,
    UNIT_MEMBERS,
    UNIT_CAPACITY,
    UNIT_ORIGIN,
    UNIT_COLUMNS
};

static const struct column UNIT_COLUMN[UNIT_COLUMNS] = {{"scope", false}, {"per_scope", true},
        {"total", true}, {"code", false}, {"parent", false}, {"level", false}, {"kind", false},
        {"name_zh", false}, {"name_en", false}, {"capabilities", true}, {"matters_main", true},
        {"matters_assist", true}, {"duty", true}, {"members", true}, {"missions_at_once", true},
        {"origin", true}};

enum scope { SCOPE_UNIT, SCOPE_DISTRICT, SCOPE_STREET, SCOPE_VILLAGE, SCOPE_LISTED };
static const char *const SCOPE_WORDS[] = {
        "unit", "district", "each_street", "each_village", "listed", NULL};
static const char *const LEVEL_WORDS[] = {"grid", "village", "street", "district", NULL};

/* A row of units.csv being unfolded. */
struct row {
    struct profile *profile;
    const struct sheet *sheet;
    size_t row;
    enum scope scope;
    struct profile_unit unit; /* with the texts as they stand in the file */
    bool ranged;
    int first, last, width; /* of the code's {01..12} */
    int made;
};

void profile_unit_add(struct profile *profile, const struct profile_unit *unit)
{
    const struct profile_unit *other = profile_unit_find(profile, unit->code);
    if (other != NULL) {
        fault_add(&profile->faults, unit->place, "code", "单位“%s”已经有了(%s:%zu),编码不能重复",
                "unit \"%s\" is there already (%s:%zu), codes are unique", unit->code,
                other->place.file, other->place.line);
        return;
    }
    if (profile->units->len >= PROFILE_UNITS_MAX) {
        fault_add(&profile->faults, unit->place, NULL, "单位超过 %d 个", "more than %d units",
                PROFILE_UNITS_MAX);
        return;
    }
    g_array_append_val(profile->units, *unit);
    g_hash_table_insert(profile->unit_codes, (gpointer)(uintptr_t)unit->code,
            GUINT_TO_POINTER(profile->units->len));
}

static gint place_compare(gconstpointer a, gconstpointer b)
{
    const struct profile_place *left = a, *right = b;
    return strcmp(left->code, right->code);
}

static void places_file(struct profile *profile, const char *file, GArray *places)
{
    enum { CODE, NAME, PARENT, COLUMNS };
    static const struct column columns[COLUMNS] = {
            {"code", false}, {"name", false}, {"parent", false}};
    struct sheet sheet = {
            .file = file, .columns = columns, .column_count = COLUMNS, .faults = &profile->faults};
    bool open = sheet_open(&sheet, profile->dir, false, true);
    for (size_t row = sheet.first; open && row < sheet_rows(&sheet); row++) {
        struct profile_place place = {.place = sheet_place(&sheet, row),
                .code = profile_text(profile, sheet_need(&sheet, row, CODE, CODE_SIZE_MAX)),
                .name = profile_text(profile, sheet_need(&sheet, row, NAME, NAME_SIZE_MAX)),
                .parent = profile_text(profile, sheet_need(&sheet, row, PARENT, CODE_SIZE_MAX))};
        g_array_append_val(places, place);
    }
    sheet_fini(&sheet);
    g_array_sort(places, place_compare);
}

void profile_places_read(struct profile *profile)
{
    places_file(profile, "streets.csv", profile->streets);
    places_file(profile, "villages.csv", profile->villages);
}

static const struct profile_place *place_find(const GArray *places, const char *code)
{
    for (guint i = 0; i < places->len; i++) {
        const struct profile_place *place = &g_array_index(places, struct profile_place, i);
        if (strcmp(place->code, code) == 0)
            return place;
    }
    return NULL;
}

/* Expands a name; a number is put behind it when there are several and the name has none. */
static const char *name_expand(struct profile *profile,
        const char *text,
        const struct template_values *values,
        const char *tail)
{
    BUF_OWNED out = {0};
    bool numbered = template_expand(text, values, &out);
    if (!numbered && tail != NULL)
        buf_add_format(&out, " %s", tail);
    return out.size == 0 ? "" : profile_text(profile, out.data);
}

static const char *code_expand(
        struct row *row, const char *text, const struct template_values *values, const char *place)
{
    BUF_OWNED out = {0};
    if (place != NULL && strstr(text, "{S}") == NULL && strstr(text, "{V}") == NULL)
        buf_add_format(&out, "%s/", place);
    template_expand(text, values, &out);
    if (out.size > CODE_SIZE_MAX) {
        sheet_fault(row->sheet, row->row, UNIT_CODE, "“%s”超过 %d 字节",
                "\"%s\" has more than %d bytes", out.data, CODE_SIZE_MAX);
        return "";
    }
    return out.size == 0 ? "" : profile_text(row->profile, out.data);
}

/* False, and a fault, when the templates have made as many units as there may be: a number too
 * large at each of many places would otherwise be unfolded for hours. */
static bool unit_room(struct row *row)
{
    if (row->profile->units_made < PROFILE_UNITS_MAX) {
        row->profile->units_made++;
        return true;
    }
    sheet_fault(row->sheet, row->row, UNIT_PER_SCOPE, "展开后单位超过 %d 个",
            "unfolds to more than %d units", PROFILE_UNITS_MAX);
    return false;
}

/* One unit: number `n` of the `count` at `place` (NULL: the row has no place). */
static void unit_make(struct row *row, const struct template_place *place, int n, int count)
{
    struct template_values values = {
            .number = row->ranged ? row->first + n : n + 1, .width = row->width};
    bool village = row->scope == SCOPE_VILLAGE || row->scope == SCOPE_LISTED;
    if (place != NULL && village) {
        values.village = place->code;
        values.village_name = place->name;
        values.street = place->parent_code;
        values.street_name = place->parent_name;
    } else if (place != NULL) {
        values.street = place->code;
        values.street_name = place->name;
    }
    char number[16];
    struct profile_unit unit = row->unit;
    unit.code = code_expand(row, row->unit.code, &values, place != NULL ? place->code : NULL);
    BUF_OWNED parent = {0};
    template_expand(row->unit.parent, &values, &parent);
    unit.parent = parent.size == 0 ? "" : profile_text(row->profile, parent.data);
    snprintf(number, sizeof(number), "%d", values.number);
    unit.name_zh = name_expand(row->profile, row->unit.name_zh, &values, count > 1 ? number : NULL);
    const char *tail = count > 1 ? number : NULL;
    if (place != NULL && strcmp(unit.code, place->code) == 0)
        tail = place->code; /* "Street or town 440113007": the place itself has no English name */
    unit.name_en = name_expand(row->profile, row->unit.name_en, &values, tail);
    row->made++;
    if (*unit.code != '\0')
        profile_unit_add(row->profile, &unit);
}

/* A range with an end has to be as long as the count. */
static bool range_fits(struct row *row, int count)
{
    int size = row->last - row->first + 1;
    if (count > 1 && !row->ranged) {
        sheet_fault(row->sheet, row->row, UNIT_CODE, "有 %d 个,编码里应有 {01..} 这样的编号",
                "there are %d, expected a number like {01..} in the code", count);
        return false;
    }
    if (row->ranged && row->last > 0 && count > 0 && size != count) {
        sheet_fault(row->sheet, row->row, UNIT_PER_SCOPE, "编码的编号有 %d 个,per_scope 却是 %d",
                "the code's range has %d numbers, per_scope says %d", size, count);
        return false;
    }
    return true;
}

static void places_list(const struct row *row, struct template_place *ret, const GArray *places)
{
    for (guint i = 0; i < places->len; i++) {
        const struct profile_place *place = &g_array_index(places, struct profile_place, i);
        const struct profile_place *parent = place_find(row->profile->streets, place->parent);
        ret[i] = (struct template_place){
                place->code, place->name, place->parent, parent != NULL ? parent->name : ""};
    }
}

/* `listed`: spread evenly over the villages in order of code, at most one each. */
static void listed_unfold(
        struct row *row, const struct template_place *places, size_t place_count, int count)
{
    if (!range_fits(row, count))
        return;
    if ((size_t)count > place_count) {
        sheet_fault(row->sheet, row->row, UNIT_PER_SCOPE, "有 %d 个,村(社区)只有 %zu 个",
                "there are %d, but only %zu villages", count, place_count);
        return;
    }
    for (int n = 0; n < count && unit_room(row); n++)
        unit_make(row, &places[(size_t)n * place_count / (size_t)count], n, count);
}

static void places_unfold(struct row *row, const char *per_scope)
{
    const GArray *list =
            row->scope == SCOPE_STREET ? row->profile->streets : row->profile->villages;
    if (list->len == 0) {
        sheet_fault(row->sheet, row->row, UNIT_SCOPE, "“%s”需要 %s", "\"%s\" needs %s",
                SCOPE_WORDS[row->scope],
                row->scope == SCOPE_STREET ? "streets.csv" : "villages.csv");
        return;
    }
    g_autofree struct template_place *places = g_new0(struct template_place, list->len);
    g_autofree int *counts = g_new0(int, list->len);
    places_list(row, places, list);
    BUF_OWNED zh = {0}, en = {0};
    if (row->scope == SCOPE_LISTED) {
        listed_unfold(
                row, places, list->len, sheet_int(row->sheet, row->row, UNIT_PER_SCOPE, COUNT_MAX));
        return;
    }
    if (!template_counts(per_scope, places, list->len, counts, &zh, &en)) {
        sheet_fault(row->sheet, row->row, UNIT_PER_SCOPE, "%s%.0s", "%.0s%s", zh.data, en.data);
        return;
    }
    for (guint i = 0; i < list->len; i++) {
        if (!range_fits(row, counts[i]))
            return;
        for (int n = 0; n < counts[i]; n++) {
            if (!unit_room(row))
                return;
            unit_make(row, &places[i], n, counts[i]);
        }
    }
}

static void district_unfold(struct row *row)
{
    int count = sheet_int(row->sheet, row->row, UNIT_PER_SCOPE, COUNT_MAX);
    count = count == 0 ? 1 : count;
    if (!range_fits(row, count))
        return;
    for (int n = 0; n < count && unit_room(row); n++)
        unit_make(row, NULL, n, count);
}

/* A plain row is taken as it stands: nothing in it is a template. */
static void plain_add(struct row *row)
{
    struct profile *profile = row->profile;
    struct profile_unit unit = row->unit;
    unit.code = profile_text(profile, unit.code);
    unit.parent = profile_text(profile, unit.parent);
    unit.name_zh = profile_text(profile, unit.name_zh);
    unit.name_en = profile_text(profile, unit.name_en);
    row->made = 1;
    if (*unit.code != '\0')
        profile_unit_add(profile, &unit);
}

static void duty_check(const struct sheet *sheet, size_t row)
{
    const char *text = sheet_text(sheet, row, UNIT_DUTY, TEXT_SIZE_MAX);
    struct duty_text duty;
    enum duty_fault fault = duty_parse(text, &duty);
    if (fault != DUTY_FINE)
        profile_duty_fault(sheet->faults, sheet_place(sheet, row), UNIT_COLUMN[UNIT_DUTY].name,
                text, fault, duty.at);
}

static void unit_row_read(struct profile *profile, const struct sheet *sheet, size_t at)
{
    struct row row = {.profile = profile, .sheet = sheet, .row = at};
    struct profile_unit *unit = &row.unit;
    size_t faults = profile->faults.count;
#define TEXT(column) profile_text(profile, sheet_text(sheet, at, column, TEXT_SIZE_MAX))
    row.scope = (enum scope)sheet_word(sheet, at, UNIT_SCOPE, SCOPE_WORDS);
    *unit = (struct profile_unit){.place = sheet_place(sheet, at),
            .code = sheet_need(sheet, at, UNIT_CODE, CODE_SIZE_MAX),
            .parent = sheet_text(sheet, at, UNIT_PARENT, CODE_SIZE_MAX),
            .kind = TEXT(UNIT_KIND),
            .name_zh = sheet_need(sheet, at, UNIT_NAME_ZH, NAME_SIZE_MAX),
            .name_en = sheet_need(sheet, at, UNIT_NAME_EN, NAME_SIZE_MAX),
            .capabilities = TEXT(UNIT_CAPABILITIES),
            .matters_main = TEXT(UNIT_MATTERS_MAIN),
            .matters_assist = TEXT(UNIT_MATTERS_ASSIST),
            .duty = TEXT(UNIT_DUTY),
            .origin = TEXT(UNIT_ORIGIN),
            .level = (int32_t)sheet_word(sheet, at, UNIT_LEVEL, LEVEL_WORDS) + 1,
            .members = sheet_int(sheet, at, UNIT_MEMBERS, 1000000),
            .capacity = sheet_int(sheet, at, UNIT_CAPACITY, 1000000)};
#undef TEXT
    (void)sheet_need(sheet, at, UNIT_KIND, 32);
    duty_check(sheet, at);
    row.ranged = row.scope != SCOPE_UNIT &&
                 template_range(unit->code, &row.first, &row.last, &row.width);
    if (row.scope == SCOPE_UNIT)
        plain_add(&row);
    else if (row.scope == SCOPE_DISTRICT)
        district_unfold(&row);
    else
        places_unfold(&row, sheet_text(sheet, at, UNIT_PER_SCOPE, TEXT_SIZE_MAX));
    const char *total = sheet_text(sheet, at, UNIT_TOTAL, 16);
    int wanted = sheet_int(sheet, at, UNIT_TOTAL, PROFILE_UNITS_MAX);
    if (*total != '\0' && profile->faults.count == faults && row.made != wanted)
        sheet_fault(sheet, at, UNIT_TOTAL, "应有 %d 个,展开得到 %d 个",
                "expected %d units, the row unfolds to %d", wanted, row.made);
}

/* Streets and villages of the extra files that no row of units.csv made. */
static void places_add(struct profile *profile, const GArray *places, int32_t level)
{
    for (guint i = 0; i < places->len; i++) {
        const struct profile_place *place = &g_array_index(places, struct profile_place, i);
        struct profile_unit unit = {.place = place->place,
                .code = place->code,
                .parent = place->parent,
                .kind = LEVEL_WORDS[level - 1],
                .name_zh = place->name,
                .name_en = place->name,
                .capabilities = "",
                .matters_main = "",
                .matters_assist = "",
                .duty = "",
                .origin = "",
                .level = level};
        if (profile_unit_find(profile, place->code) == NULL)
            profile_unit_add(profile, &unit);
    }
}

static void squads_read(struct profile *profile)
{
    enum { CODE, PARENT, NAME_ZH, NAME_EN, CAPABILITIES, MEMBERS, CAPACITY, COLUMNS };
    static const struct column columns[COLUMNS] = {{"code", false}, {"parent", false},
            {"name_zh", false}, {"name_en", false}, {"capabilities", true}, {"members", true},
            {"missions_at_once", false}};
    struct sheet sheet = {.file = "squads.csv",
            .columns = columns,
            .column_count = COLUMNS,
            .faults = &profile->faults};
    bool open = sheet_open(&sheet, profile->dir, false, false);
    for (size_t row = sheet.first; open && row < sheet_rows(&sheet); row++) {
#define TEXT(column, size) profile_text(profile, sheet_text(&sheet, row, column, size))
        struct profile_unit unit = {.place = sheet_place(&sheet, row),
                .kind = "squad",
                .matters_main = "",
                .matters_assist = "",
                .duty = "",
                .origin = "",
                .code = TEXT(CODE, CODE_SIZE_MAX),
                .parent = TEXT(PARENT, CODE_SIZE_MAX),
                .name_zh = TEXT(NAME_ZH, NAME_SIZE_MAX),
                .name_en = TEXT(NAME_EN, NAME_SIZE_MAX),
                .capabilities = TEXT(CAPABILITIES, TEXT_SIZE_MAX),
                .members = sheet_int(&sheet, row, MEMBERS, 1000000),
                .capacity = sheet_int(&sheet, row, CAPACITY, 1000000)};
#undef TEXT
        const struct profile_unit *parent = profile_unit_find(profile, unit.parent);
        unit.level = parent != NULL ? parent->level : LEVEL_STREET;
        if (*sheet_need(&sheet, row, CODE, CODE_SIZE_MAX) != '\0')
            profile_unit_add(profile, &unit);
    }
    sheet_fini(&sheet);
}

void profile_units_read(struct profile *profile)
{
    struct sheet sheet = {.file = "units.csv",
            .columns = UNIT_COLUMN,
            .column_count = UNIT_COLUMNS,
            .faults = &profile->faults};
    if (sheet_open(&sheet, profile->dir, true, false))
        for (size_t row = sheet.first; row < sheet_rows(&sheet); row++)
            unit_row_read(profile, &sheet, row);
    sheet_fini(&sheet);
    places_add(profile, profile->streets, LEVEL_STREET);
    places_add(profile, profile->villages, LEVEL_VILLAGE);
    squads_read(profile);
}
