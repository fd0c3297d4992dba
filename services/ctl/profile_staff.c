/* staff.csv and volunteers.csv. A row whose unit is `each:KIND` unfolds once for every unit of
 * that kind, and `count` times in each ("members": as often as the unit has members). */
#include "services/ctl/profile.h"
#include "services/ctl/template.h"

enum {
    STAFF_CODE,
    STAFF_NAME,
    STAFF_UNIT,
    STAFF_ROLE,
    STAFF_SKILLS,
    STAFF_FROM,
    STAFF_TO,
    STAFF_COUNT,
    STAFF_COLUMNS
};

static const struct column STAFF_COLUMN[STAFF_COLUMNS] = {{"code", false}, {"name", false},
        {"unit", false}, {"role", false}, {"skills", true}, {"from", true}, {"to", true},
        {"count", true}};
/* The same without `role`, which all of them have: it may be left out. */
static const struct column VOLUNTEER_COLUMN[STAFF_COLUMNS] = {{"code", false}, {"name", false},
        {"unit", false}, {"role", true}, {"skills", true}, {"from", true}, {"to", true},
        {"count", true}};

static const char *const ROLES[] = {
        "worker", "desk", "squad", "volunteer", "supervisor", "machine", NULL};

struct staff_row {
    struct profile *profile;
    const struct sheet *sheet;
    size_t row;
    struct profile_staff staff; /* texts as in the file */
    const char *count;
};

static const char *expanded(
        struct profile *profile, const char *text, const struct template_values *values)
{
    BUF_OWNED out = {0};
    template_expand(text, values, &out);
    return out.size == 0 ? "" : profile_text(profile, out.data);
}

static void staff_add(struct staff_row *row, const struct profile_staff *staff)
{
    struct profile *profile = row->profile;
    if (strlen(staff->code) > STAFF_CODE_SIZE_MAX)
        sheet_fault(row->sheet, row->row, STAFF_CODE, "“%s”超过 %d 字节",
                "\"%s\" has more than %d bytes", staff->code, STAFF_CODE_SIZE_MAX);
    else if (profile->staff->len >= PROFILE_STAFF_MAX)
        sheet_fault(row->sheet, row->row, STAFF_CODE, "人员超过 %d 名", "more than %d people",
                PROFILE_STAFF_MAX);
    else
        g_array_append_val(profile->staff, *staff);
}

/* False, and a fault, when the templates have made as many people as there may be. */
static bool staff_room(struct staff_row *row)
{
    if (row->profile->staff_made < PROFILE_STAFF_MAX) {
        row->profile->staff_made++;
        return true;
    }
    sheet_fault(row->sheet, row->row, STAFF_COUNT, "展开后人员超过 %d 名",
            "unfolds to more than %d people", PROFILE_STAFF_MAX);
    return false;
}

static bool unit_unfold(struct staff_row *row, const struct profile_unit *unit, int count)
{
    for (int n = 1; n <= count; n++) {
        if (!staff_room(row))
            return false;
        struct template_values values = {.unit = unit->code,
                .unit_name = unit->name_zh,
                .capabilities = unit->capabilities,
                .number = n};
        struct profile_staff staff = row->staff;
        staff.unit = unit->code;
        staff.code = expanded(row->profile, row->staff.code, &values);
        staff.name = expanded(row->profile, row->staff.name, &values);
        staff.skills = expanded(row->profile, row->staff.skills, &values);
        staff_add(row, &staff);
    }
    return true;
}

static void each_unfold(struct staff_row *row, const char *kind)
{
    struct profile *profile = row->profile;
    bool members = strcmp(row->count, "members") == 0, any = false;
    int count = 1;
    if (!members && *row->count != '\0')
        count = sheet_int(row->sheet, row->row, STAFF_COUNT, COUNT_MAX);
    for (guint i = 0; i < profile->units->len; i++) {
        const struct profile_unit *unit = &g_array_index(profile->units, struct profile_unit, i);
        if (strcmp(unit->kind, kind) != 0)
            continue;
        any = true;
        if (!unit_unfold(row, unit, members ? unit->members : count))
            return;
    }
    if (!any)
        sheet_fault(row->sheet, row->row, STAFF_UNIT, "没有“%s”类的单位",
                "no unit is of kind \"%s\"", kind);
}

static void staff_row_read(
        struct profile *profile, const struct sheet *sheet, size_t at, bool volunteers)
{
    static const char each[] = "each:";
    struct staff_row row = {.profile = profile,
            .sheet = sheet,
            .row = at,
            .count = sheet_text(sheet, at, STAFF_COUNT, 16)};
    const char *role = "volunteer";
    if (!volunteers)
        role = ROLES[sheet_word(sheet, at, STAFF_ROLE, ROLES)];
    row.staff = (struct profile_staff){.place = sheet_place(sheet, at),
            .code = profile_text(profile, sheet_need(sheet, at, STAFF_CODE, 128)),
            .name = profile_text(profile, sheet_need(sheet, at, STAFF_NAME, NAME_SIZE_MAX)),
            .unit = profile_text(profile, sheet_need(sheet, at, STAFF_UNIT, CODE_SIZE_MAX)),
            .role = role,
            .skills = profile_text(profile, sheet_text(sheet, at, STAFF_SKILLS, TEXT_SIZE_MAX)),
            .from_min = sheet_minutes(sheet, at, STAFF_FROM, 0),
            .to_min = sheet_minutes(sheet, at, STAFF_TO, 1440)};
    if (strncmp(row.staff.unit, each, sizeof(each) - 1) == 0)
        each_unfold(&row, row.staff.unit + sizeof(each) - 1);
    else if (*row.count != '\0')
        sheet_fault(sheet, at, STAFF_COUNT, "“%s”不行:只有 unit 是 each:类别 时才能填",
                "found \"%s\", expected nothing unless unit is each:KIND", row.count);
    else
        staff_add(&row, &row.staff);
}

static void staff_file(
        struct profile *profile, const char *file, const struct column *columns, bool volunteers)
{
    struct sheet sheet = {.file = file,
            .columns = columns,
            .column_count = STAFF_COLUMNS,
            .faults = &profile->faults};
    if (sheet_open(&sheet, profile->dir, false, false))
        for (size_t row = sheet.first; row < sheet_rows(&sheet); row++)
            staff_row_read(profile, &sheet, row, volunteers);
    sheet_fini(&sheet);
}

void profile_staff_read(struct profile *profile)
{
    staff_file(profile, "staff.csv", STAFF_COLUMN, false);
    staff_file(profile, "volunteers.csv", VOLUNTEER_COLUMN, true);
}
