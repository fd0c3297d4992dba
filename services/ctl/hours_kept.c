/* A unit's hours are kept as they came out, with those of the units above it worked in, so that
 * reading them needs no tree. Units with the site's hours, which are nearly all, are left out. */
#include "services/ctl/hours_kept.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_duty.h"
#include "services/kernel/store/directory.h"

#define EPOCH_DAY 719163 /* 1970-01-01 as g_date counts */

static int unit_order(const void *left, const void *right)
{
    const struct unit *a = *(const struct unit *const *)left;
    const struct unit *b = *(const struct unit *const *)right;
    return (a->id > b->id) - (a->id < b->id);
}

/* Those with hours of their own, in order of id. */
static GPtrArray *units_apart(const struct directory *directory)
{
    char site[HOURS_TEXT_SIZE], own[HOURS_TEXT_SIZE];
    GPtrArray *list = g_ptr_array_new();
    hours_format(directory_hours(directory), site);
    for (size_t i = 0; i < directory_unit_count(directory); i++) {
        const struct unit *unit = directory_unit(directory, i);
        if (unit->hours != directory_hours(directory) &&
                strcmp(hours_format(unit->hours, own), site) != 0)
            g_ptr_array_add(list, (gpointer)(uintptr_t)unit);
    }
    g_ptr_array_sort(list, unit_order);
    return list;
}

void hours_kept_units(const struct directory *directory, struct buf *ret)
{
    char text[HOURS_TEXT_SIZE];
    json_t *object = json_object();
    GPtrArray *units = units_apart(directory);
    for (guint i = 0; i < units->len; i++) {
        const struct unit *unit = g_ptr_array_index(units, i);
        json_t *ids = json_object_get(object, hours_format(unit->hours, text));
        if (ids == NULL) {
            ids = json_array();
            json_object_set_new(object, text, ids);
        }
        json_array_append_new(ids, json_integer((json_int_t)unit->id));
    }
    g_ptr_array_free(units, TRUE);
    char *json = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    must(json != NULL);
    buf_add_text(ret, json);
    free(json);
    json_decref(object);
}

static bool units_read(struct hours_kept *kept, json_t *units)
{
    const char *text;
    json_t *ids, *id;
    size_t i, at;
    json_object_foreach(units, text, ids)
    {
        struct hours hours;
        if (hours_parse(text, &hours, &at) != DUTY_FINE || !json_is_array(ids))
            return false;
        json_array_foreach(ids, i, id)
        {
            gint64 number = json_integer_value(id);
            if (number <= 0)
                return false;
            g_hash_table_insert(kept->units, g_memdup2(&number, sizeof number),
                    g_memdup2(&hours, sizeof hours));
        }
    }
    return json_is_object(units);
}

static bool day_read(const char *text, int32_t *ret)
{
    int year, month, day;
    char rest;
    if (sscanf(text, "%4d-%2d-%2d%c", &year, &month, &day, &rest) != 3 || year < 1 || month < 1 ||
            month > 12 || day < 1 || day > 31)
        return false;
    if (!g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
        return false;
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
    *ret = (int32_t)g_date_get_julian(&date) - EPOCH_DAY;
    return true;
}

static bool days_read(struct hours_kept *kept, int32_t utc_offset_s, json_t *days)
{
    const char *text;
    json_t *working;
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(struct calendar_day));
    if (!json_is_object(days) || json_object_size(days) > DIRECTORY_DAYS_MAX)
        return false;
    json_object_foreach(days, text, working)
    {
        struct calendar_day day = {.working = json_is_true(working)};
        if (!json_is_boolean(working) || !day_read(text, &day.day))
            return false;
        g_array_append_val(list, day);
    }
    return calendar_init(
            &kept->calendar, utc_offset_s, (const struct calendar_day *)list->data, list->len);
}

enum err hours_kept_read(const char *json, int64_t version, struct hours_kept *ret)
{
    size_t at;
    json_t *object = json_loads(json, 0, NULL);
    const char *site = json_string_value(json_object_get(object, "hours"));
    json_int_t offset = json_integer_value(json_object_get(object, "utc_offset_s"));
    ret->version = version;
    ret->units = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    bool fine = site != NULL && hours_parse(site, &ret->site, &at) == DUTY_FINE &&
                offset >= -50400 && offset <= 50400 &&
                days_read(ret, (int32_t)offset, json_object_get(object, "days")) &&
                units_read(ret, json_object_get(object, "units"));
    json_decref(object);
    if (!fine)
        hours_kept_fini(ret);
    return fine ? OK : ERR_MALFORMED;
}

void hours_kept_fini(struct hours_kept *kept)
{
    if (kept->units != NULL)
        g_hash_table_destroy(kept->units);
    kept->units = NULL;
}

const struct hours *hours_kept_of(const struct hours_kept *kept, int64_t unit)
{
    gint64 id = unit;
    const struct hours *own = g_hash_table_lookup(kept->units, &id);
    return own != NULL ? own : &kept->site;
}
