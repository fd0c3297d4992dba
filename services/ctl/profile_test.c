/* A right profile is read as it stands; each mistake that docs/profiles.md names is found, with
 * file, line and field, and alone: one mistake gives one fault. */
#include "services/ctl/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "services/ctl/testing.h"

static char *dir;

static int setup(void **state)
{
    (void)state;
    dir = g_dir_make_tmp("huying-profile-XXXXXX", NULL);
    return dir == NULL;
}

static int teardown(void **state)
{
    (void)state;
    dir_remove(dir);
    g_free(dir);
    return 0;
}

/* Reads the good profile with one file put in place of its own. */
static enum err read_with(const char *file, const char *text, struct profile *profile)
{
    dir_remove(dir);
    assert_int_equal(g_mkdir(dir, 0700), 0);
    profile_put(dir);
    if (file != NULL)
        file_put(dir, file, text);
    return profile_read(profile, dir, true);
}

static void good_profile_is_read(void **state)
{
    struct profile profile;
    (void)state;
    assert_int_equal(read_with(NULL, NULL, &profile), OK);
    assert_int_equal(profile.site.number, 7);
    assert_string_equal(profile.site.letters, "PY");
    assert_int_equal(profile.site.utc_offset_s, 28800);
    assert_int_equal(profile.site.clock_ms, INT64_C(1790697600000));
    assert_int_equal(profile.units->len, 6);
    const struct profile_unit *squad = profile_unit_find(&profile, "S/SQ");
    assert_non_null(squad);
    assert_int_equal(squad->level, LEVEL_STREET);
    assert_int_equal(squad->depth, 2);
    assert_int_equal(squad->capacity, 2);
    assert_string_equal(squad->capabilities, "fire;flood");
    const struct profile_matter *matter = &g_array_index(profile.matters, struct profile_matter, 0);
    assert_int_equal(matter->start_level, LEVEL_STREET);
    assert_int_equal(matter->handler_kind, HANDLER_SQUAD);
    assert_int_equal(matter->handle_min, 60);
    assert_string_equal(matter->squad_capability, "fire");
    const struct profile_staff *staff = &g_array_index(profile.staff, struct profile_staff, 1);
    assert_int_equal(staff->from_min, 510);
    assert_int_equal(staff->to_min, 1050);
    assert_int_equal(profile.days->len, 2);
    assert_int_equal(profile.grids->len, 2);
    profile_fini(&profile);
}

#define UNIT_LINES(lines) GOOD_UNITS lines
#define STAFF_LINES(lines) GOOD_STAFF lines
#define DUTY_ROW(duty)                                                                             \
    "scope,code,parent,level,kind,name_zh,name_en,capabilities,missions_at_once,duty\n"            \
    "unit,D,,district,district,区,District,,0,\n"                                                 \
    "unit,S,D,street,street,街,Street,,0," duty "\n"                                               \
    "unit,S/SQ,S,street,squad,队,Squad,fire;flood,2,\n"                                           \
    "unit,V,S,village,village,村,Village,,0,\n"                                                   \
    "unit,G1,V,grid,grid,一,One,,0,\n"                                                            \
    "unit,G2,V,grid,grid,二,Two,,0,\n"
#define LIST_ROW(main)                                                                             \
    "scope,code,parent,level,kind,name_zh,name_en,matters_main,missions_at_once\n"                 \
    "unit,D,,district,district,区,District,*,0\n"                                                 \
    "unit,S,D,street,street,街,Street," main ",0\n"                                                \
    "unit,S/SQ,S,street,squad,队,Squad,M1;M*,2\n"                                                 \
    "unit,V,S,village,village,村,Village,,0\n"                                                    \
    "unit,G1,V,grid,grid,一,One,,0\n"                                                             \
    "unit,G2,V,grid,grid,二,Two,,0\n"
#define WORDS_ROW(urgency, duty, verifier, self, volunteer, squad, evidence, privacy)              \
    MATTERS_HEAD "M1,c,事,Matter,," urgency ",street,squad,G,,SQ,D,,," duty                        \
                 ",all,5,30,60,30,30," verifier "," self "," volunteer "," squad ",fire," evidence \
                 ",0,0," privacy ",\n"

static const struct {
    const char *name, *file, *text, *expected;
} MISTAKES[] = {
        {"no site.conf", "site.conf", NULL, "site.conf: cannot be read"},
        {"site number", "site.conf",
                "[site]\nnumber=5000\nletters=PY\nname_zh=a\nname_en=b\nutc_offset=+08:00\ndrill="
                "false\n",
                "site.conf: number: found \"5000\", expected a whole number from 1 to 4095"},
        {"letters", "site.conf",
                "[site]\nnumber=5\nletters=Py\nname_zh=a\nname_en=b\nutc_offset=+08:00\ndrill="
                "false\n",
                "site.conf: letters: found \"Py\""},
        {"offset", "site.conf",
                "[site]\nnumber=5\nletters=PY\nname_zh=a\nname_en=b\nutc_offset=8\ndrill=false\n",
                "site.conf: utc_offset: found \"8\", expected an offset like +08:00"},
        {"drill without clock", "site.conf",
                "[site]\nnumber=5\nletters=PY\nname_zh=a\nname_en=b\nutc_offset=+08:00\ndrill="
                "true\n",
                "site.conf: clock:"},
        {"clock without drill", "site.conf",
                "[site]\nnumber=5\nletters=PY\nname_zh=a\nname_en=b\nutc_offset=+08:00\ndrill="
                "false\n"
                "clock=2026-09-30T00:00:00+08:00\n",
                "only a drill has a clock"},
        {"clock without offset", "site.conf",
                "[site]\nnumber=5\nletters=PY\nname_zh=a\nname_en=b\nutc_offset=+08:00\ndrill="
                "true\n"
                "clock=2026-09-30T00:00:00\n",
                "expected an RFC 3339 instant"},
        {"unknown key", "site.conf", GOOD_SITE "colour=red\n", "site.conf: colour: found"},
        {"no units.csv", "units.csv", NULL, "units.csv: cannot be read"},
        {"missing column", "matters.csv", "code,category\nM1,c\n",
                "name_zh: this column is missing"},
        {"unknown column", "staff.csv", "code,name,unit,role,colour\nW1,a,S,desk,red\n",
                "staff.csv:1: column 5 is \"colour\""},
        {"duplicate column", "staff.csv", "code,name,unit,role,role\nW1,a,S,desk,desk\n",
                "staff.csv:1: role: this column is there twice"},
        {"row too short", "calendar.csv", "day,working,name\n2026-10-01,true\n",
                "calendar.csv:2: found 2 fields in this row, expected 3"},
        {"open quote", "calendar.csv", GOOD_DAYS "2026-10-02,\"true\n",
                "calendar.csv:4: the quote opened"},
        {"duplicate unit", "units.csv", UNIT_LINES("unit,G1,V,grid,grid,三,Three,,0\n"),
                "units.csv:8: code: unit \"G1\" is there already (units.csv:6)"},
        {"missing parent", "units.csv", UNIT_LINES("unit,X,NO,street,desk,三,Three,,0\n"),
                "units.csv:8: parent: the parent of \"X\", \"NO\", does not exist"},
        {"parent is itself", "units.csv", UNIT_LINES("unit,X,X,street,desk,三,Three,,0\n"),
                "units.csv:8: parent: \"X\" stands below itself"},
        {"two roots", "units.csv", UNIT_LINES("unit,X,,district,desk,三,Three,,0\n"),
                "units.csv:8: parent: \"X\" has no parent, but \"D\" is the root"},
        {"grid without village", "units.csv", UNIT_LINES("unit,X,S,grid,grid,三,Three,,0\n"),
                "units.csv:8: parent: grid \"X\" has the parent \"S\", expected a village"},
        {"level above the parent's", "units.csv", UNIT_LINES("unit,X,V,street,desk,三,Three,,0\n"),
                "units.csv:8: level: \"X\" (street) cannot stand below \"V\" (village)"},
        {"area at its parent's level", "units.csv",
                UNIT_LINES("unit,X,S,street,street,三,Three,,0\n"),
                "units.csv:8: level: \"X\" (street) cannot stand below \"S\" (street)"},
        {"area at another level", "units.csv", UNIT_LINES("unit,X,S,village,street,三,Three,,0\n"),
                "units.csv:8: level: \"X\" is a street, found level village"},
        {"unknown level", "units.csv", UNIT_LINES("unit,X,S,lane,desk,三,Three,,0\n"),
                "units.csv:8: level: found \"lane\", expected one of grid village street district"},
        {"unknown scope", "units.csv", UNIT_LINES("every,X,S,street,desk,三,Three,,0\n"),
                "units.csv:8: scope: found \"every\""},
        {"no name", "units.csv", UNIT_LINES("unit,X,S,street,desk,,Three,,0\n"),
                "units.csv:8: name_zh: found nothing"},
        {"capacity", "units.csv", UNIT_LINES("unit,X,S,street,desk,三,Three,,-1\n"),
                "units.csv:8: missions_at_once: found \"-1\", expected a whole number"},
        {"template without places", "units.csv",
                UNIT_LINES("each_street,X,{S},street,desk,三,Three,,0\n"),
                "units.csv:8: scope: \"each_street\" needs streets.csv"},
        {"unknown start level", "matters.csv",
                MATTERS_HEAD MATTER_ROW("M1", "town", "squad", "G", "SQ", "all", "60"),
                "matters.csv:2: start_level: found \"town\""},
        {"unknown handler", "matters.csv",
                MATTERS_HEAD MATTER_ROW("M1", "street", "team", "G", "SQ", "all", "60"),
                "matters.csv:2: handler_kind: found \"team\""},
        {"unknown clock", "matters.csv",
                MATTERS_HEAD MATTER_ROW("M1", "street", "squad", "G", "SQ", "day", "60"),
                "matters.csv:2: clock: found \"day\", expected one of all work"},
        {"hours", "site.conf", GOOD_SITE "hours=08:30-12:00;11:00-17:30\n",
                "site.conf: hours: found \"08:30-12:00;11:00-17:30\", not understood from byte 1 "
                "on, expected shifts in order of time that do not overlap"},
        {"duty", "units.csv", DUTY_ROW("sometimes"),
                "units.csv:3: duty: found \"sometimes\", not understood from byte 1 on, expected "
                "one of all, work"},
        {"shifts that overlap", "units.csv", DUTY_ROW("work 08:30-12:00;22:00-09:00"),
                "units.csv:3: duty: found \"work 08:30-12:00;22:00-09:00\", not understood from "
                "byte 6 on, expected shifts in order"},
        {"no shift", "units.csv", DUTY_ROW("work 8:30-12:00"),
                "from byte 6 on, expected shifts like 08:30-12:00"},
        {"note", "units.csv", DUTY_ROW("\"all, never\""),
                "from byte 6 on, expected phone duty all, rotating or 30 min"},
        {"matter on a list", "units.csv", LIST_ROW("M1;M2"),
                "units.csv:3: matters_main: matter \"M2\" is not in the catalogue"},
        {"matters on a list", "units.csv", LIST_ROW("XX-*"),
                "units.csv:3: matters_main: matter \"XX-*\" is not in the catalogue"},
        {"urgency", "matters.csv", WORDS_ROW("soon", "", "", "0", "no", "no", "", "normal"),
                "matters.csv:2: urgency: found \"soon\", expected one of normal urgent emergency"},
        {"duty of a level", "matters.csv", WORDS_ROW("", "lead", "", "0", "no", "no", "", ""),
                "matters.csv:2: district_duty: found \"lead\", expected one of none assist main"},
        {"verifier", "matters.csv", WORDS_ROW("", "", "nobody", "", "", "", "", ""),
                "matters.csv:2: verifier: found \"nobody\""},
        {"self_handle", "matters.csv", WORDS_ROW("", "", "", "2", "", "", "", ""),
                "matters.csv:2: self_handle: found \"2\", expected one of 0 1"},
        {"volunteer", "matters.csv", WORDS_ROW("", "", "", "", "must", "", "", ""),
                "matters.csv:2: volunteer: found \"must\", expected one of no may first"},
        {"squad", "matters.csv", WORDS_ROW("", "", "", "", "", "first", "", ""),
                "matters.csv:2: squad: found \"first\", expected one of no may must"},
        {"privacy", "matters.csv", WORDS_ROW("", "", "", "", "", "", "", "secret"),
                "matters.csv:2: privacy: found \"secret\""},
        {"evidence", "matters.csv", WORDS_ROW("", "", "", "", "", "", "photo0", ""),
                "matters.csv:2: evidence: found \"photo0\", expected at most 4 kinds"},
        {"years", "calendar.csv", "day,working,name\n2026-10-01,false,\n2090-01-01,false,\n",
                "calendar.csv: day: found days from 2026-10-01 to 2090-01-01, expected at most 64"},
        {"handler that no unit has", "matters.csv",
                MATTERS_HEAD MATTER_ROW("M1", "street", "squad", "G", "Q", "all", "60"),
                "matters.csv:2: handler_street: no unit has the code \"Q\""},
        {"G at another level", "matters.csv",
                MATTERS_HEAD MATTER_ROW("M1", "street", "squad", "G", "G", "all", "60"),
                "matters.csv:2: handler_street: no unit has the code \"G\""},
        {"minutes", "matters.csv",
                MATTERS_HEAD MATTER_ROW("M1", "street", "squad", "G", "SQ", "all", "1h"),
                "matters.csv:2: handle_min: found \"1h\""},
        {"duplicate matter", "matters.csv",
                GOOD_MATTERS MATTER_ROW("M1", "street", "squad", "G", "SQ", "all", "60"),
                "matters.csv:3: code: matter \"M1\" is there twice"},
        {"duplicate staff", "staff.csv", STAFF_LINES("W1,丙,S,desk,,,\n"),
                "staff.csv:4: code: staff code \"W1\" is there twice"},
        {"staff without unit", "staff.csv", STAFF_LINES("W3,丙,NO,desk,,,\n"),
                "staff.csv:4: unit: the unit of \"W3\", \"NO\", does not exist"},
        {"unknown role", "staff.csv", STAFF_LINES("W3,丙,S,boss,,,\n"),
                "staff.csv:4: role: found \"boss\""},
        {"time of day", "staff.csv", STAFF_LINES("W3,丙,S,desk,,24:01,\n"),
                "staff.csv:4: from: found \"24:01\", expected a time"},
        {"long staff code", "staff.csv",
                STAFF_LINES("W234567890123456789012345678901234567890,丙,S,desk,,,\n"),
                "staff.csv:4: code: \"W234567890123456789012345678901234567890\" has more than 39 "
                "bytes"},
        {"kind that no unit has", "staff.csv", STAFF_LINES("W-{U},丙,each:lane,desk,,,\n"),
                "staff.csv:4: unit: no unit is of kind \"lane\""},
        {"no such day", "calendar.csv", GOOD_DAYS "2026-02-30,true,\n",
                "calendar.csv:4: day: found \"2026-02-30\""},
        {"duplicate day", "calendar.csv", GOOD_DAYS "2026-10-01,true,\n",
                "calendar.csv:4: day: \"2026-10-01\" is there twice"},
        {"working", "calendar.csv", GOOD_DAYS "2026-10-03,yes,\n",
                "calendar.csv:4: working: found \"yes\", expected one of false true"},
        {"squad without parent", "squads.csv",
                "code,parent,name_zh,name_en,missions_at_once\nQ,NO,队,Squad,1\n",
                "squads.csv:2: parent: the parent of \"Q\", \"NO\", does not exist"},
        {"volunteer with a count but one unit", "volunteers.csv",
                "code,name,unit,count\nVOL1,a,S,3\n",
                "volunteers.csv:2: count: found \"3\", expected nothing"},
        {"not JSON", "grids.geojson", "{", "grids.geojson:1: this is not JSON"},
        {"no features", "grids.geojson", "{}", "grids.geojson: features: expected the array"},
        {"polygon of no grid", "grids.geojson",
                COLLECTION(SQUARE("S", "113.0", "23.0", "113.1", "23.1")),
                "grids.geojson:1: properties.code: \"S\" is no unit of level grid"},
        {"polygon twice", "grids.geojson",
                COLLECTION(SQUARE("G1", "113.0", "23.0", "113.1", "23.1") "," SQUARE(
                        "G1", "113.1", "23.0", "113.2", "23.1")),
                "grids.geojson:2: properties.code: \"G1\" is there twice"},
        {"no code", "grids.geojson",
                COLLECTION("{\"geometry\":{\"type\":\"Polygon\",\"coordinates\":"
                           "[[[0,0],[1,0],[1,1],[0,0]]]}}"),
                "grids.geojson:1: properties.code: the grid's code is missing"},
        {"no geometry", "grids.geojson", COLLECTION("{\"properties\":{\"code\":\"G1\"}}"),
                "grids.geojson:1: geometry: cannot be read"},
        {"a point", "grids.geojson",
                COLLECTION("{\"properties\":{\"code\":\"G1\"},\"geometry\":{\"type\":\"Point\","
                           "\"coordinates\":[1,1]}}"),
                "grids.geojson:1: geometry: expected a Polygon or MultiPolygon"},
        {"edges cross", "grids.geojson",
                COLLECTION("{\"properties\":{\"code\":\"G1\"},\"geometry\":{\"type\":\"Polygon\","
                           "\"coordinates\":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}}"),
                "grids.geojson:1: geometry: the shape is not valid"},
        {"ring not closed", "grids.geojson",
                COLLECTION("{\"properties\":{\"code\":\"G1\"},\"geometry\":{\"type\":\"Polygon\","
                           "\"coordinates\":[[[0,0],[1,0],[1,1],[0,1]]]}}"),
                "grids.geojson:1: geometry: cannot be read"},
        {"out of range", "grids.geojson",
                COLLECTION(SQUARE("G1", "113.0", "93.0", "113.1", "94.1")),
                "grids.geojson:1: geometry: coordinates out of range"},
        {"overlap", "grids.geojson",
                COLLECTION(SQUARE("G1", "113.0", "23.0", "113.11", "23.1") "," SQUARE(
                        "G2", "113.1", "23.0", "113.2", "23.1")),
                "grids.geojson:2: geometry: grid \"G2\" overlaps \"G1\" by 10%"},
};

/* A number too large in a template is refused at the limit, not unfolded to the end. */
static void templates_without_measure_are_refused(void **state)
{
    struct profile profile;
    (void)state;
    assert_int_equal(read_with(NULL, NULL, &profile), OK);
    guint units = profile.units->len, staff = profile.staff->len;
    file_put(dir, "units.csv",
            "scope,per_scope,code,parent,level,kind,name_zh,name_en\n"
            "district,100000,X{01..},V,grid,grid,格,Grid\n");
    file_put(dir, "staff.csv", "code,name,unit,role,count\nS-{U}-{N},甲,each:grid,worker,100000\n");
    profile.units_made = PROFILE_UNITS_MAX - 2;
    profile.staff_made = PROFILE_STAFF_MAX - 3;
    profile_units_read(&profile);
    profile_staff_read(&profile);
    assert_int_equal(profile.units->len, units + 2);
    assert_int_equal(profile.staff->len, staff + 3);
    assert_int_equal(profile.faults.count, 2);
    assert_non_null(strstr(profile.faults.text.data, "unfolds to more than 500000 units"));
    assert_non_null(strstr(profile.faults.text.data, "unfolds to more than 1000000 people"));
    profile_fini(&profile);
}

/* What is quoted of a file is cut, and stays text. */
static void faults_are_text(void **state)
{
    struct faults faults = {.english = true};
    char cell[2001];
    (void)state;
    for (size_t i = 0; i + 3 < sizeof cell; i += 3)
        memcpy(cell + i, "路", 4);
    fault_add(&faults, (struct place){"units.csv", 1}, "code\xff", "%s", "%s", cell);
    fault_add(&faults, (struct place){"units.csv", 2}, NULL, "x%s", "x%s", cell);
    fault_add(&faults, (struct place){"units.csv", 3}, NULL, "xx%s", "xx%s", cell);
    assert_true(g_utf8_validate(faults.text.data, (gssize)faults.text.size, NULL));
    faults_fini(&faults);
}

static void mistakes_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(MISTAKES); i++) {
        struct profile profile;
        enum err err = read_with(MISTAKES[i].file, MISTAKES[i].text, &profile);
        const char *text = profile.faults.text.size > 0 ? profile.faults.text.data : "";
        if (err != ERR_MALFORMED || strstr(text, MISTAKES[i].expected) == NULL)
            fail_msg("%s:\nfound    %s\nexpected %s", MISTAKES[i].name, text, MISTAKES[i].expected);
        bool one = profile.faults.count == 1 || strcmp(MISTAKES[i].name, "missing column") == 0 ||
                   strcmp(MISTAKES[i].name, "no units.csv") == 0;
        if (!one)
            fail_msg("%s: %zu faults for one mistake:\n%s", MISTAKES[i].name, profile.faults.count,
                    text);
        profile_fini(&profile);
    }
}

static void loop_names_each_member(void **state)
{
    struct profile profile;
    (void)state;
    assert_int_equal(read_with("units.csv",
                             UNIT_LINES("unit,X,Y,street,desk,三,Three,,0\n"
                                        "unit,Y,X,street,desk,四,Four,,0\n"),
                             &profile),
            ERR_MALFORMED);
    assert_int_equal(profile.faults.count, 2);
    assert_non_null(strstr(profile.faults.text.data, "\"X\" stands below itself"));
    assert_non_null(strstr(profile.faults.text.data, "\"Y\" stands below itself"));
    profile_fini(&profile);
}

/* 33 desks one below the other: the last one is too deep. */
static void depth_limit(void **state)
{
    (void)state;
    for (int desks = UNIT_DEPTH_MAX; desks <= UNIT_DEPTH_MAX + 1; desks++) {
        struct profile profile;
        g_autoptr(GString) text = g_string_new(GOOD_UNITS);
        for (int i = 1; i <= desks; i++) {
            g_autofree char *parent = i == 1 ? g_strdup("D") : g_strdup_printf("K%d", i - 1);
            g_string_append_printf(text, "unit,K%d,%s,district,desk,台,Desk,,0\n", i, parent);
        }
        enum err expected = desks <= UNIT_DEPTH_MAX ? OK : ERR_MALFORMED;
        assert_int_equal(read_with("units.csv", text->str, &profile), expected);
        assert_int_equal(profile.faults.count, expected == OK ? 0 : 1);
        profile_fini(&profile);
    }
}

static void faults_are_counted_beyond_the_limit(void **state)
{
    struct profile profile;
    g_autoptr(GString) text = g_string_new(GOOD_STAFF);
    size_t lines = 0;
    (void)state;
    for (int i = 0; i < FAULTS_MAX + 10; i++)
        g_string_append_printf(text, "N%d,丙,NO,desk,,,\n", i);
    assert_int_equal(read_with("staff.csv", text->str, &profile), ERR_MALFORMED);
    assert_int_equal(profile.faults.count, FAULTS_MAX + 10);
    for (const char *at = profile.faults.text.data; *at != '\0'; at++)
        lines += *at == '\n';
    assert_int_equal(lines, FAULTS_MAX);
    profile_fini(&profile);
}

/* What the profiles say is understood, and the site's hours are the preset unless given. */
static void words_of_duty_are_understood(void **state)
{
    static const char *const good[] = {"", "all", "work", "\"work, phone duty all\"",
            "\"on call, 30 min\"", "\"shift 6h, rotating\"", "claims 08:00-21:00",
            "work 22:00-06:00"};
    struct profile profile;
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autofree char *units = g_strdup_printf(DUTY_ROW("%s"), good[i]);
        if (read_with("units.csv", units, &profile) != OK)
            fail_msg("%s", profile.faults.text.data);
        assert_string_equal(profile.site.hours, HOURS_PRESET);
        profile_fini(&profile);
    }
    assert_int_equal(read_with("site.conf", GOOD_SITE "hours=09:00-18:00\n", &profile), OK);
    assert_string_equal(profile.site.hours, "09:00-18:00");
    profile_fini(&profile);
    assert_int_equal(read_with("units.csv", LIST_ROW("*"), &profile), OK);
    profile_fini(&profile);
}

static void templates_unfold(void **state)
{
    struct profile profile;
    (void)state;
    dir_remove(dir);
    assert_int_equal(g_mkdir(dir, 0700), 0);
    profile_put(dir);
    file_put(dir, "grids.geojson", NULL);
    file_put(dir, "streets.csv", "S,南村镇,D,44\nT,石碁镇,D,44\n");
    file_put(dir, "villages.csv", "code,name,parent\nV,甲村,S\nW,乙村,T\nX,丙村,T\n");
    file_put(dir, "units.csv",
            "scope,per_scope,total,code,parent,level,kind,name_zh,name_en,capabilities,members\n"
            "district,1,1,D,,district,district,区,District,,0\n"
            "each_street,1,2,{S},D,street,street,{镇街名},Street,,0\n"
            "each_street,1,2,SQ,{S},street,squad,{镇街名}队,Squad,fire,2\n"
            "each_village,2 in 石碁镇 (T); elsewhere 1,5,{V}{001..},{V},grid,grid,第N网格,Grid,,1\n"
            "each_village,1 (not X),2,V-TJ,{V},village,desk,调解,Desk,,0\n"
            "listed,2,2,{V}Z{01..02},{V},grid,exclusive_grid,专属,Exclusive,,0\n");
    file_put(dir, "staff.csv",
            "code,name,unit,role,skills,from,to,count\n"
            "W-{U},员{U},each:grid,worker,,,,\n"
            "Q-{U}-{N},队员{N},each:squad,squad,{C},,,members\n");
    enum err err = profile_read(&profile, dir, true);
    if (err != OK)
        fail_msg("%s", profile.faults.text.data);
    /* 1 district, 2 streets, 2 squads, 3 villages (from their file), 5 grids, 2 desks, 2
     * exclusive. */
    assert_int_equal(profile.units->len, 17);
    const struct profile_unit *grid = profile_unit_find(&profile, "W002");
    assert_non_null(grid);
    assert_string_equal(grid->name_zh, "第2网格");
    assert_string_equal(grid->name_en, "Grid 2");
    assert_string_equal(grid->parent, "W");
    assert_null(profile_unit_find(&profile, "V002"));
    assert_string_equal(profile_unit_find(&profile, "T/SQ")->name_zh, "石碁镇队");
    assert_string_equal(profile_unit_find(&profile, "T")->name_en, "Street T");
    assert_string_equal(profile_unit_find(&profile, "X")->name_zh, "丙村");
    assert_null(profile_unit_find(&profile, "X/V-TJ"));
    assert_non_null(profile_unit_find(&profile, "VZ01"));
    assert_non_null(profile_unit_find(&profile, "WZ02"));
    assert_int_equal(profile.staff->len, 9);
    const struct profile_staff *last = &g_array_index(profile.staff, struct profile_staff, 8);
    assert_string_equal(last->code, "Q-T/SQ-2");
    assert_string_equal(last->skills, "fire");
    profile_fini(&profile);
}

static void template_mistakes_table(void **state)
{
    static const struct {
        const char *name, *row, *expected;
    } cases[] = {
            {"total", "each_street,1,3,Q,{S},street,desk,台,Desk\n",
                    "units.csv:3: total: expected 3 units, the row unfolds to 2"},
            {"not understood", "each_street,some,,Q,{S},street,desk,台,Desk\n",
                    "\"some\": not understood"},
            {"no such place", "each_street,1 in 广州,,Q,{S},street,desk,台,Desk\n",
                    "\"广州\": there is no such place"},
            {"more places", "each_street,1 in the first 1,,Q,{S},street,desk,台,Desk\n",
                    "some places get no number"},
            {"fewer places",
                    "each_street,1 in the first 3 streets by code,,Q,{S},street,desk,台,Desk\n",
                    "there are not so many places"},
            {"other is not the rest",
                    "each_village,1 in the first 1 by code and 2 in the other "
                    "1,,{V}{1..},{V},grid,grid,格,G\n",
                    "there are more places than that"},
            {"several without number", "each_street,2,,Q,{S},street,desk,台,Desk\n",
                    "units.csv:3: code: there are 2, expected a number"},
            {"range of another length", "each_street,2,,Q{1..3},{S},street,desk,台,Desk\n",
                    "units.csv:3: per_scope: the code's range has 3 numbers, per_scope says 2"},
            {"more listed than villages", "listed,4,,{V}Z{1..4},{V},grid,exclusive_grid,格,G\n",
                    "units.csv:3: per_scope: there are 4, but only 3 villages"},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct profile profile;
        g_autofree char *units =
                g_strconcat("scope,per_scope,total,code,parent,level,kind,name_zh,name_en\n"
                            "district,1,1,D,,district,district,区,District\n",
                        cases[i].row, "unit,,,S/SQ,S,street,squad,队,Squad\n", NULL);
        dir_remove(dir);
        assert_int_equal(g_mkdir(dir, 0700), 0);
        profile_put(dir);
        file_put(dir, "grids.geojson", NULL);
        file_put(dir, "staff.csv", NULL);
        file_put(dir, "streets.csv", "S,南村镇,D\nT,石碁镇,D\n");
        file_put(dir, "villages.csv", "V,甲村,S\nW,乙村,T\nX,丙村,T\n");
        file_put(dir, "units.csv", units);
        enum err err = profile_read(&profile, dir, true);
        const char *text = profile.faults.text.size > 0 ? profile.faults.text.data : "";
        if (err != ERR_MALFORMED || strstr(text, cases[i].expected) == NULL ||
                profile.faults.count != 1)
            fail_msg("%s:\nfound    %s\nexpected %s", cases[i].name, text, cases[i].expected);
        profile_fini(&profile);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(good_profile_is_read),
            cmocka_unit_test(mistakes_table),
            cmocka_unit_test(templates_without_measure_are_refused),
            cmocka_unit_test(faults_are_text),
            cmocka_unit_test(loop_names_each_member),
            cmocka_unit_test(depth_limit),
            cmocka_unit_test(faults_are_counted_beyond_the_limit),
            cmocka_unit_test(words_of_duty_are_understood),
            cmocka_unit_test(templates_unfold),
            cmocka_unit_test(template_mistakes_table),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
