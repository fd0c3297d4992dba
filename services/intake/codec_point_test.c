/* A report's point in the system that the client states: converted once, told apart in the digest,
 * which is that of before where nothing is stated; by HTTP as by the bus. */
#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <sodium.h>
#include <string.h>
#include <cmocka.h>
#include "services/intake/codec.h"
#include "services/intake/form.h"
#include "services/intake/hotline/codec.h"

#define CLOSE 1e-6 /* degrees, 0.1 m */

static struct arena arena;

static int arena_setup(void **unused)
{
    (void)unused;
    arena_init(&arena, 16 << 20);
    intake_language_set("en");
    return sodium_init() < 0;
}

static int arena_teardown(void **unused)
{
    (void)unused;
    arena_fini(&arena);
    return 0;
}

static const struct submission *read_back(const struct buf *payload, const char **why)
{
    const void *body = NULL;
    const struct bytes bytes = {(const uint8_t *)payload->data, payload->size};
    return submission_decode(bytes, &arena, &body, why) == OK ? body : NULL;
}

static const struct submission *sent(enum hotline_coordinates coordinates, const char **why)
{
    struct hotline_report report = {.ticket = "T-1",
            .matter = "LIGHT",
            .text = "路灯不亮",
            .longitude = 113.389505983382,
            .latitude = 22.934917426481,
            .coordinates = coordinates};
    BUF_OWNED payload = {0};
    hotline_report_encode(&report, &payload);
    return read_back(&payload, why);
}

static void a_point_is_kept_in_wgs84(void **unused)
{
    (void)unused;
    static const struct {
        enum hotline_coordinates coordinates;
        double longitude, latitude;
    } cases[] = {{HOTLINE_WGS84, 113.389505983382, 22.934917426481},
            {HOTLINE_CGCS2000, 113.389505983382, 22.934917426481},
            {HOTLINE_GCJ02, 113.384, 22.9375}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *why = NULL;
        const struct submission *body = sent(cases[i].coordinates, &why);
        assert_non_null(body);
        assert_true(body->has_point);
        assert_true(fabs(body->longitude - cases[i].longitude) < CLOSE);
        assert_true(fabs(body->latitude - cases[i].latitude) < CLOSE);
    }
}

/* The hex is what a body had before there was the field. */
static void the_system_is_in_the_digest_when_it_is_stated(void **unused)
{
    (void)unused;
    const char *why = NULL;
    char hex[2 * DIGEST_SIZE + 1];
    const struct submission *plain = sent(HOTLINE_WGS84, &why);
    const struct submission *national = sent(HOTLINE_CGCS2000, &why);
    const struct submission *displaced = sent(HOTLINE_GCJ02, &why);
    assert_memory_not_equal(plain->digest, national->digest, DIGEST_SIZE);
    assert_memory_not_equal(national->digest, displaced->digest, DIGEST_SIZE);
    (void)sodium_bin2hex(hex, sizeof hex, plain->digest, DIGEST_SIZE);
    assert_string_equal(hex, "ed3ea50092836d5bd79173e8c6939dca660f083e8d28aca101fa23329073e466");
}

static void an_unknown_system_is_refused(void **unused)
{
    (void)unused;
    const char *why = NULL;
    assert_null(sent((enum hotline_coordinates)3, &why));
    assert_string_equal(why, "coordinates must be wgs84, cgcs2000 or gcj02");
}

static void http_states_the_system_by_name(void **unused)
{
    (void)unused;
    static const struct {
        const char *member;
        enum fault_kind fault;
        double longitude;
    } cases[] = {{"", FAULT_NONE, 113.389505983382},
            {",\"coordinates\":\"wgs84\"", FAULT_NONE, 113.389505983382},
            {",\"coordinates\":\"gcj02\"", FAULT_NONE, 113.384},
            {",\"coordinates\":\"bd09\"", FAULT_COORDINATES, 0},
            {",\"coordinates\":2", FAULT_TYPE, 0},
            {",\"join\":\"TT-1\"", FAULT_NONE, 113.389505983382},
            {",\"join\":\"TT-1\",\"intent\":\"praise\"", FAULT_JOIN, 0},
            {",\"join\":7", FAULT_TYPE, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BUF_OWNED body = {0};
        BUF_OWNED payload = {0};
        struct problem problem = {.kind = PROBLEM_NONE};
        const char *why = NULL;
        buf_add_format(&body,
                "{\"matter\":\"LIGHT\",\"longitude\":113.389505983382,"
                "\"latitude\":22.934917426481%s}",
                cases[i].member);
        bool read = form_read(body.data, body.size, "k", &payload, &problem);
        assert_int_equal(problem.fault.kind, cases[i].fault);
        assert_int_equal(read, cases[i].fault == FAULT_NONE);
        if (read)
            assert_true(fabs(read_back(&payload, &why)->longitude - cases[i].longitude) < CLOSE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_point_is_kept_in_wgs84),
            cmocka_unit_test(the_system_is_in_the_digest_when_it_is_stated),
            cmocka_unit_test(an_unknown_system_is_refused),
            cmocka_unit_test(http_states_the_system_by_name),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
