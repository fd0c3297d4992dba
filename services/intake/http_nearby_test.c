/* GET /v1/nearby over real sockets: what is asked of the loop, what is answered, and what of an
 * address is refused before the loop is asked. */
#include "services/intake/http_double.h"
#include "services/intake/nearby.h"

#define PATH "/v1/nearby?matter=LIGHT&longitude=113.384&latitude=22.9375"

static enum err nearby_err;
static struct bytes asked;
static uint8_t asked_data[1000];

static enum err nearby_query_double(void *self, const struct local_command *query)
{
    (void)self;
    static const struct nearby_case item = {
            .id = 4096, .accepted_ms = NOW, .distance_m = 12, .reported = 3, .joinable = true};
    BUF_OWNED out = {0};
    assert_int_equal(query->type, INTAKE_NEARBY);
    assert_true(query->payload.size <= sizeof asked_data);
    memcpy(asked_data, query->payload.data, query->payload.size);
    asked = (struct bytes){asked_data, query->payload.size};
    nearby_encode(&item, 1, directory, &out);
    struct envelope reply = {.payload = bytes_of(&out), .text = ""};
    if (nearby_err)
        reply = (struct envelope){.verdict = (uint32_t)(REPLY_FAILED + nearby_err), .text = ""};
    query->done(query->self, &reply);
    return OK;
}

static int nearby_setup(void **state)
{
    (void)state;
    BUF_OWNED why = {0};
    const struct http_config config = {.host = "127.0.0.1",
            .language = "en",
            .backend = {NULL, command_double, nearby_query_double, directory_double},
            .clock = clock_manual(&manual)};
    nearby_err = OK;
    asked = (struct bytes){NULL, 0};
    return http_new(&config, &http, &why);
}

static void cases_are_listed(void **unused)
{
    (void)unused;
    struct arena arena;
    struct nearby_search search;
    const char *why = NULL;
    arena_init(&arena, 1 << 20);
    expect("near", get(PATH "&coordinates=wgs84", ""), 200,
            "{\"cases\":[{\"number\":\"TT-20180101-0004096-");
    expect("near", status_of(answer), 200,
            "\"state\":\"accepted\",\"distance_m\":12,\"accepted_at\":\"2018-01-01T08:00:00+08:"
            "00\","
            "\"reported\":3,\"joinable\":true}]}");
    assert_int_equal(nearby_query_decode(asked, directory, &arena, &search, &why), OK);
    arena_fini(&arena);
}

static void what_cannot_be_asked_is_refused_by_field(void **unused)
{
    (void)unused;
    static const struct {
        const char *path, *part;
    } cases[] = {{"/v1/nearby", "\"field\":\"longitude\""},
            {"/v1/nearby?matter=LIGHT&longitude=113", "\"field\":\"latitude\""},
            {"/v1/nearby?longitude=113&latitude=22", "\"field\":\"matter\""},
            {PATH "&radius=5000", "\"field\":\"radius\""},
            {PATH "&coordinates=bd09", "\"field\":\"coordinates\""},
            {"/v1/nearby?matter=LIGHT&longitude=east&latitude=22", "\"field\":\"longitude\""},
            {"/v1/nearby?matter=LIGHT&longitude=113&latitude=91", "\"field\":\"latitude\""},
            {"/v1/nearby?matter=LIGHT&longitude=nan&latitude=1", "\"field\":\"longitude\""},
            {"/v1/nearby?matter=LIGHT&longitude=1e999&latitude=1", "\"field\":\"longitude\""},
            {"/v1/nearby?matter=%ff&longitude=1&latitude=1", "bad_utf8"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(cases[i].path, get(cases[i].path, ""), 422, cases[i].part);
    assert_null(asked.data);
}

static void an_unknown_matter_and_an_absent_database_are_told(void **unused)
{
    (void)unused;
    nearby_err = ERR_MALFORMED;
    expect("matter", get(PATH, ""), 422, "UNKNOWN_MATTER");
    nearby_err = ERR_TRANSIENT;
    expect("database", get(PATH, ""), 503, "Retry-After");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(cases_are_listed, nearby_setup, server_teardown),
            cmocka_unit_test_setup_teardown(
                    what_cannot_be_asked_is_refused_by_field, nearby_setup, server_teardown),
            cmocka_unit_test_setup_teardown(an_unknown_matter_and_an_absent_database_are_told,
                    nearby_setup, server_teardown),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
