/* The profile as a whole, and its simple files: site.conf, calendar.csv. */
#include "services/ctl/profile.h"

#include <stdio.h>

#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define ARENA_SIZE_MAX ((size_t)1 << 30)
#define SITE_FILE "site.conf"
#define OFFSET_MINUTES_MAX (14 * 60)

const char *profile_text(struct profile *profile, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = size == 1 ? NULL : arena_find(&profile->arena, size);
    if (copy != NULL)
        return memcpy(copy, text, size);
    if (size > 1 && !profile->full)
        fault_add(&profile->faults, (struct place){profile->dir, 0}, NULL,
                "展开后的文字超过 %zu 字节", "its texts, unfolded, have more than %zu bytes",
                profile->arena.limit);
    profile->full = profile->full || size > 1;
    return "";
}

struct profile_unit *profile_unit_find(const struct profile *profile, const char *code)
{
    guint index = GPOINTER_TO_UINT(g_hash_table_lookup(profile->unit_codes, code));
    return index == 0 ? NULL : &g_array_index(profile->units, struct profile_unit, index - 1);
}

/* One key of site.conf; NULL, and a fault, when it is missing. Borrowed from the arena. */
static const char *site_key(struct profile *profile, GKeyFile *file, const char *key, bool need)
{
    g_autofree char *value = g_key_file_get_string(file, "site", key, NULL);
    if (value != NULL && *g_strstrip(value) != '\0')
        return profile_text(profile, value);
    if (need)
        fault_add(&profile->faults, (struct place){SITE_FILE, 0}, key, "[site] 里缺少这一项",
                "missing in [site]");
    return NULL;
}

static void site_wrong(struct profile *profile,
        const char *key,
        const char *found,
        const char *expected_zh,
        const char *expected_en)
{
    fault_add(&profile->faults, (struct place){SITE_FILE, 0}, key, "“%s”不行,应为%s%.0s",
            "found \"%s\", expected %.0s%s", found, expected_zh, expected_en);
}

static void site_number(struct profile *profile, const char *text)
{
    gint64 number = 0;
    if (text == NULL)
        return;
    if (!g_ascii_string_to_signed(text, 10, 1, ID_SITE_MAX, &number, NULL))
        site_wrong(profile, "number", text, " 1 到 4095 的整数", "a whole number from 1 to 4095");
    profile->site.number = (int32_t)number;
}

static void site_letters(struct profile *profile, const char *text)
{
    if (text == NULL)
        return;
    size_t size = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (size < 2 || size > 4 || text[size] != '\0')
        site_wrong(profile, "letters", text, " 2 到 4 个大写字母", "2 to 4 capital letters");
    g_strlcpy(profile->site.letters, text, sizeof(profile->site.letters));
}

static void site_offset(struct profile *profile, const char *text)
{
    char sign = 0, rest = 0;
    int hours = 0, minutes = 0;
    if (text == NULL)
        return;
    int count = sscanf(text, "%c%2d:%2d%c", &sign, &hours, &minutes, &rest);
    int total = hours * 60 + minutes;
    if (count != 3 || strlen(text) != 6 || (sign != '+' && sign != '-') || minutes > 59 ||
            total > OFFSET_MINUTES_MAX)
        site_wrong(profile, "utc_offset", text, "形如 +08:00 的时差", "an offset like +08:00");
    profile->site.utc_offset_s = (sign == '-' ? -60 : 60) * total;
}

static void site_drill(struct profile *profile, const char *drill, const char *clock)
{
    if (drill != NULL && strcmp(drill, "true") != 0 && strcmp(drill, "false") != 0)
        site_wrong(profile, "drill", drill, " true 或 false", "true or false");
    profile->site.drill = drill != NULL && strcmp(drill, "true") == 0;
    if (profile->site.drill && clock == NULL)
        site_wrong(profile, "clock", "", "演练开始的时刻,如 2018-01-01T00:00:00-08:00",
                "the drill's first instant, like 2018-01-01T00:00:00-08:00");
    else if (!profile->site.drill && clock != NULL)
        site_wrong(profile, "clock", clock, "空:只有演练站点有自己的时钟",
                "nothing: only a drill has a clock of its own");
    else if (clock != NULL && !instant_parse(clock, &profile->site.clock_ms))
        site_wrong(profile, "clock", clock, " RFC 3339 时刻,如 2018-01-01T00:00:00-08:00",
                "an RFC 3339 instant like 2018-01-01T00:00:00-08:00");
}

static void site_hours(struct profile *profile, const char *text)
{
    struct hours hours;
    size_t at = 0;
    profile->site.hours = text != NULL ? text : HOURS_PRESET;
    enum duty_fault fault = hours_parse(profile->site.hours, &hours, &at);
    if (fault != DUTY_FINE)
        profile_duty_fault(
                &profile->faults, (struct place){SITE_FILE, 0}, "hours", text, fault, at);
}

/* Unknown groups and keys are most likely known ones misspelt. */
static void site_unknown(struct profile *profile, GKeyFile *file)
{
    static const char *const known[] = {"number", "letters", "name_zh", "name_en", "utc_offset",
            "drill", "clock", "hours", NULL};
    g_auto(GStrv) keys = g_key_file_get_keys(file, "site", NULL, NULL);
    for (size_t i = 0; keys != NULL && keys[i] != NULL; i++)
        if (!g_strv_contains(known, keys[i]))
            site_wrong(profile, keys[i], keys[i],
                    " number letters name_zh name_en utc_offset drill clock hours 之一",
                    "one of number letters name_zh name_en utc_offset drill clock hours");
}

static void site_read(struct profile *profile)
{
    g_autofree char *path = g_build_filename(profile->dir, SITE_FILE, NULL);
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) error = NULL;
    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &error)) {
        fault_add(&profile->faults, (struct place){SITE_FILE, 0}, NULL, "读不了:%s",
                "cannot be read: %s", error->message);
        return;
    }
    site_unknown(profile, file);
    site_number(profile, site_key(profile, file, "number", true));
    site_letters(profile, site_key(profile, file, "letters", true));
    profile->site.name_zh = site_key(profile, file, "name_zh", true);
    profile->site.name_en = site_key(profile, file, "name_en", true);
    site_offset(profile, site_key(profile, file, "utc_offset", true));
    site_drill(profile, site_key(profile, file, "drill", true),
            site_key(profile, file, "clock", false));
    site_hours(profile, site_key(profile, file, "hours", false));
}

static bool day_valid(const char *text)
{
    int year = 0, month = 0, day = 0;
    char rest = 0;
    return strlen(text) == 10 && sscanf(text, "%4d-%2d-%2d%c", &year, &month, &day, &rest) == 3 &&
           text[4] == '-' && text[7] == '-' && year >= 1970 && month >= 1 && month <= 12 &&
           day >= 1 && g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year);
}

void profile_calendar_read(struct profile *profile)
{
    enum { DAY, WORKING, NAME, COLUMNS };
    static const struct column columns[COLUMNS] = {
            {"day", false}, {"working", false}, {"name", true}};
    static const char *const words[] = {"false", "true", NULL};
    struct sheet sheet = {.file = "calendar.csv",
            .columns = columns,
            .column_count = COLUMNS,
            .faults = &profile->faults};
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    bool open = sheet_open(&sheet, profile->dir, false, false);
    for (size_t row = sheet.first; open && row < sheet_rows(&sheet); row++) {
        const char *text = sheet_need(&sheet, row, DAY, 10);
        struct profile_day day = {.day = profile_text(profile, text),
                .working = sheet_word(&sheet, row, WORKING, words) == 1,
                .name = profile_text(profile, sheet_text(&sheet, row, NAME, NAME_SIZE_MAX))};
        if (!day_valid(text))
            sheet_fault(&sheet, row, DAY, "“%s”不行,应为日期,如 2026-10-01",
                    "found \"%s\", expected a day like 2026-10-01", text);
        else if (!g_hash_table_add(seen, (gpointer)(uintptr_t)day.day))
            sheet_fault(&sheet, row, DAY, "“%s”出现两次", "\"%s\" is there twice", text);
        else
            g_array_append_val(profile->days, day);
    }
    sheet_fini(&sheet);
}

enum err profile_read(struct profile *profile, const char *dir, bool english)
{
    memset(profile, 0, sizeof(*profile));
    profile->dir = dir;
    profile->faults.english = english;
    arena_init(&profile->arena, ARENA_SIZE_MAX);
    profile->streets = g_array_new(FALSE, TRUE, sizeof(struct profile_place));
    profile->villages = g_array_new(FALSE, TRUE, sizeof(struct profile_place));
    profile->units = g_array_new(FALSE, TRUE, sizeof(struct profile_unit));
    profile->matters = g_array_new(FALSE, TRUE, sizeof(struct profile_matter));
    profile->staff = g_array_new(FALSE, TRUE, sizeof(struct profile_staff));
    profile->days = g_array_new(FALSE, TRUE, sizeof(struct profile_day));
    profile->grids = g_array_new(FALSE, TRUE, sizeof(struct profile_grid));
    profile->unit_codes = g_hash_table_new(g_str_hash, g_str_equal);
    site_read(profile);
    profile_places_read(profile);
    profile_units_read(profile);
    profile_matters_read(profile);
    profile_staff_read(profile);
    profile_calendar_read(profile);
    profile_grids_read(profile);
    profile_check(profile);
    return profile->faults.count == 0 ? OK : ERR_MALFORMED;
}

void profile_fini(struct profile *profile)
{
    GArray **arrays[] = {&profile->streets, &profile->villages, &profile->units, &profile->matters,
            &profile->staff, &profile->days, &profile->grids};
    for (size_t i = 0; i < G_N_ELEMENTS(arrays); i++)
        if (*arrays[i] != NULL)
            g_array_unref(*arrays[i]);
    if (profile->unit_codes != NULL)
        g_hash_table_unref(profile->unit_codes);
    faults_fini(&profile->faults);
    arena_fini(&profile->arena);
    memset(profile, 0, sizeof(*profile));
}
