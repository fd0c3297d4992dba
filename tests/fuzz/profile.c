/* A profile's files, one at a time: the first byte says which file the bytes are, the others are a
 * small sound profile. A refusal has faults, all of them text; what is taken keeps the limits that
 * apply relies on. The polygons of grids.geojson go through GEOS and are read again from WKB as
 * intake does. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "services/ctl/profile.h"
#include "services/intake/locate.h"

static const struct {
    const char *name, *text;
} files[] = {
        {"units.csv", "scope,per_scope,total,code,parent,level,kind,name_zh,name_en,members\n"
                      "district,1,1,D,,district,district,区,District,\n"
                      "each_street,1,,{S},D,street,street,街{S},Street,\n"
                      "each_village,2,,{V}-{01..02},{V},grid,grid,格,Grid,3\n"},
        {"site.conf", "[site]\nnumber=1\nletters=TT\nname_zh=试\nname_en=T\nutc_offset=+08:00\n"
                      "drill=false\n"},
        {"streets.csv", "code,name,parent\n1,一街,D\n"},
        {"villages.csv", "code,name,parent\n1-1,一村,1\n"},
        {"squads.csv", "code,parent,name_zh,name_en,members,missions_at_once\nS,D,队,Squad,4,2\n"},
        {"matters.csv",
                "code,category,name_zh,name_en,covers_zh,urgency,handler_grid,handler_village,"
                "handler_street,handler_district,village_duty,street_duty,district_duty,clock,"
                "verifier,self_handle,volunteer,squad,squad_capability,evidence,privacy,origin,"
                "accept_min,arrive_min,handle_min,step_up_min,verify_min,dup_m,dup_h,start_level,"
                "handler_kind\n"
                "M,,事,M,,,,,,,,,,all,,,,,,,,,1,1,1,1,1,1,1,grid,worker\n"},
        {"staff.csv", "code,name,unit,role,skills,from,to,count\n"
                      "W-{U}-{N},员{N},each:grid,worker,,,,members\n"},
        {"volunteers.csv", "code,name,unit,skills,from,to\nV-1,志,1-1,light,08:00,20:00\n"},
        {"calendar.csv", "day,working,name\n2026-10-01,false,国庆\n"},
        {"grids.geojson", "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\","
                          "\"properties\":{\"code\":\"1-1-01\"},\"geometry\":{\"type\":\"Polygon\","
                          "\"coordinates\":[[[0,0],[1,0],[1,1],[0,0]]]}}]}\n"},
};

static char dir[64];

static void file_write(const char *name, const void *data, size_t size)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "we");
    must(file != NULL);
    must(fwrite(data, 1, size, file) == size);
    must(fclose(file) == 0);
}

static void dir_remove(void)
{
    char path[128];
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, files[i].name);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}

static void dir_make(void)
{
    if (dir[0] != '\0')
        return;
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(dir, sizeof dir, "%s/huying-fuzz.XXXXXX", base);
    must(mkdtemp(dir) != NULL);
    must(atexit(dir_remove) == 0);
    for (size_t i = 0; i < COUNT_OF(files); i++)
        file_write(files[i].name, files[i].text, strlen(files[i].text));
}

static void grids_claim(const struct profile *profile)
{
    struct locator *locator = locator_new(profile->grids->len);
    for (guint i = 0; i < profile->grids->len; i++) {
        const struct profile_grid *grid = &g_array_index(profile->grids, struct profile_grid, i);
        must(locator_add(locator, i + 1, (struct bytes){grid->wkb, grid->wkb_size}) == OK);
    }
    must(locator_find(locator, 0.5, 0.25) <= (int64_t)profile->grids->len);
    locator_destroy(&locator);
}

static void profile_claim(const struct profile *profile)
{
    must(profile->site.number >= 1 && profile->site.number <= ID_SITE_MAX);
    must(abs(profile->site.utc_offset_s) <= 14 * 3600);
    must(profile->units->len >= 1 && profile->units->len <= PROFILE_UNITS_MAX);
    for (guint i = 0; i < profile->units->len; i++) {
        const struct profile_unit *unit = &g_array_index(profile->units, struct profile_unit, i);
        fuzz_text(unit->code);
        must(*unit->code && strlen(unit->code) <= CODE_SIZE_MAX && unit->depth <= UNIT_DEPTH_MAX);
        must(*unit->parent == '\0' || profile_unit_find(profile, unit->parent) != NULL);
    }
    for (guint i = 0; i < profile->staff->len; i++) {
        const struct profile_staff *staff = &g_array_index(profile->staff, struct profile_staff, i);
        must(*staff->code && strlen(staff->code) <= STAFF_CODE_SIZE_MAX);
        must(staff->from_min >= 0 && staff->to_min <= 1440);
    }
    grids_claim(profile);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct profile profile;
    bool english = size > 0 && data[0] >= 128;
    dir_make();
    size_t chosen = fuzz_choose(&data, &size, COUNT_OF(files));
    file_write(files[chosen].name, data, size);
    enum err err = profile_read(&profile, dir, english);
    must(err == OK || err == ERR_MALFORMED);
    must((err == OK) == (profile.faults.count == 0));
    if (err == OK)
        profile_claim(&profile);
    else
        fuzz_reason(profile.faults.text.data);
    profile_fini(&profile);
    file_write(files[chosen].name, files[chosen].text, strlen(files[chosen].text));
    return 0;
}
