/* For huyingctl's tests: profiles written into a temporary directory. */
#ifndef HUYING_CTL_TESTING_H
#define HUYING_CTL_TESTING_H

#include <glib.h>
#include <glib/gstdio.h>

#include "services/ctl/ctl.h"

/* A small profile that is right; tests change one file of it. */
#define GOOD_SITE                                                                                  \
    "[site]\nnumber=7\nletters=PY\nname_zh=番禺区\nname_en=Panyu\n"                             \
    "utc_offset=+08:00\ndrill=true\nclock=2026-09-30T00:00:00+08:00\n"
#define UNITS_HEAD "scope,code,parent,level,kind,name_zh,name_en,capabilities,missions_at_once\n"
#define GOOD_UNITS                                                                                 \
    UNITS_HEAD "unit,D,,district,district,区,District,,0\n"                                       \
               "unit,S,D,street,street,街,Street,,0\n"                                            \
               "unit,S/SQ,S,street,squad,队,Squad,fire;flood,2\n"                                 \
               "unit,V,S,village,village,村,Village,,0\n"                                         \
               "unit,G1,V,grid,grid,一,One,,0\n"                                                  \
               "unit,G2,V,grid,grid,二,Two,,0\n"
#define MATTERS_HEAD                                                                               \
    "code,category,name_zh,name_en,covers_zh,urgency,start_level,handler_kind,handler_grid,"       \
    "handler_village,handler_street,handler_district,village_duty,street_duty,district_duty,"      \
    "clock,"                                                                                       \
    "accept_min,arrive_min,handle_min,step_up_min,verify_min,verifier,self_handle,volunteer,"      \
    "squad,"                                                                                       \
    "squad_capability,evidence,dup_m,dup_h,privacy,origin\n"
#define MATTER_ROW(code, level, kind, grid, street, clock, minutes)                                \
    code ",c,事,Matter,,normal," level "," kind "," grid ",," street ",D,,,," clock                \
         ",5,30," minutes ",30,30,,0,no,must,fire,,0,0,normal,\n"
#define GOOD_MATTERS MATTERS_HEAD MATTER_ROW("M1", "street", "squad", "G", "SQ", "all", "60")
#define GOOD_STAFF                                                                                 \
    "code,name,unit,role,skills,from,to\nW1,甲,G1,worker,,,\nW2,乙,S,desk,,08:30,17:30\n"
#define GOOD_DAYS "day,working,name\n2026-10-01,false,国庆节\n2026-10-10,true,调休\n"
#define SQUARE(code, x0, y0, x1, y1)                                                               \
    "{\"type\":\"Feature\",\"properties\":{\"code\":\"" code                                       \
    "\"},\"geometry\":{\"type\":\"Polygon\","                                                      \
    "\"coordinates\":[[[" x0 "," y0 "],[" x1 "," y0 "],[" x1 "," y1 "],[" x0 "," y1 "],[" x0       \
    "," y0 "]]]}}"
#define COLLECTION(features) "{\"type\":\"FeatureCollection\",\"features\":[" features "]}"
#define GOOD_GRIDS                                                                                 \
    COLLECTION(SQUARE("G1", "113.0", "23.0", "113.1", "23.1") "," SQUARE(                          \
            "G2", "113.1", "23.0", "113.2", "23.1"))

static inline void file_put(const char *dir, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autoptr(GError) error = NULL;
    if (text == NULL)
        (void)g_unlink(path);
    else if (!g_file_set_contents(path, text, -1, &error))
        g_error("%s", error->message);
}

static inline void profile_put(const char *dir)
{
    file_put(dir, "site.conf", GOOD_SITE);
    file_put(dir, "units.csv", GOOD_UNITS);
    file_put(dir, "matters.csv", GOOD_MATTERS);
    file_put(dir, "staff.csv", GOOD_STAFF);
    file_put(dir, "calendar.csv", GOOD_DAYS);
    file_put(dir, "grids.geojson", GOOD_GRIDS);
}

/* Runs a command as main() does, with words separated by single blanks. Returns its exit status. */
static inline int command_run(int (*command)(struct ctl *, int, char **), const char *line)
{
    struct ctl ctl = {0};
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    g_autofree char **argv = g_new0(char *, g_strv_length(words) + 1);
    int argc = (int)g_strv_length(words);
    for (int i = 0; i < argc; i++)
        argv[i] = words[i]; /* the option parser moves them */
    int status = command(&ctl, argc, argv);
    fflush(stdout);
    return status;
}

static inline void dir_remove(const char *dir)
{
    const char *argv[] = {"rm", "-rf", dir, NULL};
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (size_t i = 0; argv[i] != NULL; i++)
        g_strv_builder_add(builder, argv[i]);
    g_auto(GStrv) words = g_strv_builder_end(builder);
    (void)g_spawn_sync(NULL, words, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
}

#endif
