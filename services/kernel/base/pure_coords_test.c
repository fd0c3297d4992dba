/* Coordinates: against what the npm package gcoord makes of the same points (the table is what
 * tests/kit/coords_oracle prints), there and back all over the country, and unchanged outside. */
#include "services/kernel/base/pure_coords.h"

#include <math.h>
#include "services/kernel/base/rng.h"
#include "services/kernel/base/testing.h"

#define METRES_PER_DEGREE 111195.0
#define ROUNDS 20000

/* WGS-84, GCJ-02, and what gcoord, which stops at a millionth of a degree, makes of that again. */
static const struct {
    struct degrees at, there, back;
} points[] = {
        /* clang-format off */
        {{113.384000000000, 22.937500000000}, {113.389505983382, 22.934917426481},
                {113.384000002492, 22.937500003446}},
        {{113.264400000000, 23.129100000000}, {113.269729592103, 23.126423339923},
                {113.264400002777, 23.129100003093}},
        {{116.397500000000, 39.908700000000}, {116.403743572652, 39.910103499345},
                {116.397499658659, 39.908699412352}},
        {{121.473700000000, 31.230400000000}, {121.478223059277, 31.228457737577},
                {121.473700048238, 31.230400035085}},
        {{114.057900000000, 22.543100000000}, {114.063013998565, 22.540382814222},
                {114.057900006651, 22.543100009779}},
        {{87.616800000000, 43.825600000000}, {87.619649949469, 43.826805393111},
                {87.616800003341, 43.825600001544}},
        {{91.140900000000, 29.645600000000}, {91.142429336486, 29.642863987366},
                {91.140900004508, 29.645600003357}},
        {{126.534900000000, 45.803800000000}, {126.540940717405, 45.805781774718},
                {126.534900075081, 45.803800057195}},
        {{109.511900000000, 18.252800000000}, {109.515984294827, 18.251094791736},
                {109.511900032520, 18.252800038413}},
        {{73.600000000000, 39.500000000000}, {73.603070715958, 39.500029613953},
                {73.600000993796, 39.499999447319}},
        {{134.700000000000, 48.300000000000}, {134.707637628876, 48.302338872228},
                {134.700000067139, 48.300000032814}},
        {{123.431500000000, 41.805700000000}, {123.437635697721, 41.808128042907},
                {123.431500010624, 41.805700011238}},
        {{105.000000000000, 35.000000000000}, {105.003286241457, 34.999098632235},
                {105.000000077076, 35.000000052355}},
        {{103.952600000000, 36.500000000000}, {103.955021905005, 36.499784859629},
                {103.952600020344, 36.500000017600}},
        {{121.565400000000, 25.033000000000}, {121.569173125863, 25.030065990080},
                {121.565400010940, 25.033000008555}},
        {{99.837125000000, 47.732198000000}, {99.838868194911, 47.733612753018},
                {99.837125012074, 47.732198009092}},
        {{80.956986000000, 40.144470000000}, {80.959309528570, 40.144783520898},
                {80.956986035296, 40.144470021387}},
        {{106.097063000000, 42.343037000000}, {106.102025263978, 42.345013932262},
                {106.097062085824, 42.343037264727}},
        {{104.898048000000, 47.588065000000}, {104.901938596957, 47.589568230426},
                {104.898048007333, 47.588064999174}},
        {{84.027521000000, 15.158377000000}, {84.029767721819, 15.156733099471},
                {84.027521010371, 15.158377014129}},
        {{96.792824000000, 16.746483000000}, {96.792923719089, 16.744641614930},
                {96.792824159767, 16.746483899453}},
        {{100.958924000000, 29.828503000000}, {100.960263598097, 29.825657444181},
                {100.958924014679, 29.828503010602}},
        {{93.933985000000, 50.653915000000}, {93.935609475262, 50.654240137023},
                {93.933985004588, 50.653915003724}},
        {{93.261656000000, 24.180332000000}, {93.262791901360, 24.177384464109},
                {93.261656000758, 24.180331999678}},
        {{90.450388000000, 38.487920000000}, {90.452228216096, 38.488177269337},
                {90.450388019245, 38.487920011746}},
        {{111.725629000000, 14.640264000000}, {111.730382197015, 14.638443739053},
                {111.725629004053, 14.640264003462}},
        {{94.563053000000, 28.939260000000}, {94.563808065754, 28.935834956504},
                {94.563053002612, 28.939259999255}},
        {{78.658230000000, 32.490144000000}, {78.660048174779, 32.487334143912},
                {78.658230008106, 32.490144007499}},
        {{132.685205000000, 4.454718000000}, {132.688385998599, 4.453254191165},
                {132.685205010707, 4.454718009591}},
        {{91.560925000000, 50.670174000000}, {91.562679867650, 50.670429856164},
                {91.560925014742, 50.670174008289}},
        {{113.615172000000, 42.861375000000}, {113.622223937209, 42.863270338194},
                {113.615172003286, 42.861375005798}},
        {{120.234119000000, 27.293427000000}, {120.238379883999, 27.290206153242},
                {120.234119007928, 27.293427002763}},
        {{129.397208000000, 30.168821000000}, {129.402689099648, 30.166673015280},
                {129.397208002689, 30.168821000768}},
        {{107.844573000000, 12.606936000000}, {107.848032267894, 12.605343836422},
                {107.844573014525, 12.606936011967}},
        {{105.673356000000, 11.898330000000}, {105.676139217768, 11.896854582210},
                {105.673356015357, 11.898330011358}},
        {{128.518715000000, 23.752870000000}, {128.522746548947, 23.750317017893},
                {128.518715029242, 23.752870034398}},
        {{97.729421000000, 40.324737000000}, {97.730077540780, 40.325566373543},
                {97.729420449259, 40.324736288273}},
        {{122.612924000000, 16.789482000000}, {122.616025277030, 16.787555353617},
                {122.612924003119, 16.789482002551}},
        {{114.993436000000, 46.345528000000}, {115.000608402424, 46.347119924097},
                {114.993436156224, 46.345528099008}},
        {{110.010691000000, 49.573731000000}, {110.017897339411, 49.575336694194},
                {110.010691153642, 49.573731089705}},
        /* clang-format on */
};

static double metres_between(struct degrees one, struct degrees other)
{
    double east = (one.longitude - other.longitude) * cos(one.latitude * 0.017453292519943295);
    return METRES_PER_DEGREE * hypot(east, one.latitude - other.latitude);
}

static void gcj02_is_what_another_implementation_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(points); i++) {
        struct degrees there = coordinates_displace(points[i].at);
        struct degrees back = coordinates_resolve(points[i].there, COORDINATES_GCJ02);
        assert_true(metres_between(there, points[i].there) < 0.001);
        assert_true(metres_between(back, points[i].at) < 0.001);
        assert_true(metres_between(back, points[i].back) < 0.2);
        assert_true(metres_between(points[i].at, points[i].there) > 50);
    }
}

static void there_and_back_is_where_it_was(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 3);
    for (int round = 0; round < ROUNDS; round++) {
        struct degrees at = {73 + (double)rng_below(&rng, 61000000) / 1e6,
                1 + (double)rng_below(&rng, 54000000) / 1e6};
        struct degrees back = coordinates_resolve(coordinates_displace(at), COORDINATES_GCJ02);
        assert_true(metres_between(at, back) < 0.1);
    }
}

static void outside_and_in_other_systems_nothing_is_displaced(void **state)
{
    (void)state;
    static const struct degrees outside[] = {{0, 0}, {-113.3, 22.9}, {72, 30}, {138, 36},
            {113.3, 0.8}, {113.3, 56}, {180, 90}, {-180, -90}};
    for (size_t i = 0; i < COUNT_OF(outside); i++) {
        struct degrees there = coordinates_displace(outside[i]);
        assert_memory_equal(&there, &outside[i], sizeof there);
        struct degrees at = coordinates_resolve(outside[i], COORDINATES_GCJ02);
        assert_memory_equal(&at, &outside[i], sizeof at);
    }
    for (size_t i = 0; i < COUNT_OF(points); i++) {
        struct degrees as_is[] = {coordinates_resolve(points[i].at, COORDINATES_WGS84),
                coordinates_resolve(points[i].at, COORDINATES_CGCS2000)};
        assert_memory_equal(&as_is[0], &points[i].at, sizeof as_is[0]);
        assert_memory_equal(&as_is[1], &points[i].at, sizeof as_is[1]);
    }
}

static void systems_have_names(void **state)
{
    (void)state;
    assert_int_equal(coordinates_find("wgs84"), COORDINATES_WGS84);
    assert_int_equal(coordinates_find("cgcs2000"), COORDINATES_CGCS2000);
    assert_int_equal(coordinates_find("gcj02"), COORDINATES_GCJ02);
    assert_int_equal(coordinates_find("bd09"), COORDINATES_COUNT);
    assert_int_equal(coordinates_find(""), COORDINATES_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(gcj02_is_what_another_implementation_says),
            cmocka_unit_test(there_and_back_is_where_it_was),
            cmocka_unit_test(outside_and_in_other_systems_nothing_is_displaced),
            cmocka_unit_test(systems_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
