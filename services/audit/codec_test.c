/* Pages as bytes, what is decided about them, and the limits of what is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "proto/audit.pb-c.h"
#include "proto/leaf.pb-c.h"
#include "services/audit/codec.h"
#include "services/audit/decide.h"

#define ARENA_SIZE (4u << 20)
#define MANY (PAGE_LEAVES_MAX + 1)

static struct arena arena;
static uint8_t rest[REST_HASH_SIZE];
static uint8_t page_bytes[MANY * 80];

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, ARENA_SIZE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

/* A page of `count` leaves of `service`, the last of `last`. */
static struct bytes page_of(size_t count, enum service_id service, enum service_id last)
{
    static uint8_t leaf_bytes[2][80];
    static ProtobufCBinaryData leaves[MANY];
    Huying__Leaf__Page page = HUYING__LEAF__PAGE__INIT;
    Huying__Leaf__Leaf leaf = HUYING__LEAF__LEAF__INIT;
    leaf.agg = leaf.ver = 1;
    leaf.rest_hash = (ProtobufCBinaryData){sizeof rest, rest};
    for (size_t i = 0; i < count; i++) {
        bool is_last = i + 1 == count;
        leaf.service = is_last ? last : service;
        leaves[i].data = leaf_bytes[is_last];
        leaves[i].len = huying__leaf__leaf__pack(&leaf, leaf_bytes[is_last]);
    }
    page.n_leaves = count;
    page.leaves = leaves;
    return (struct bytes){page_bytes, huying__leaf__page__pack(&page, page_bytes)};
}

static void page_is_decoded_within_its_limits(void **state)
{
    (void)state;
    static const struct {
        size_t count;
        enum service_id last;
        enum err err;
        const char *why;
    } table[] = {
            {1, SERVICE_ROUTING, OK, ""},
            {PAGE_LEAVES_MAX, SERVICE_ROUTING, OK, ""},
            {0, SERVICE_ROUTING, ERR_MALFORMED, "at least one leaf"},
            {MANY, SERVICE_ROUTING, ERR_MALFORMED, "at most 4096"},
            {3, SERVICE_INTAKE, ERR_MALFORMED, "leaves of one service"},
            {3, SERVICE_NONE, ERR_MALFORMED, "leaf.service"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const void *body = NULL;
        const char *why = "";
        arena_reset(&arena);
        struct bytes payload = page_of(table[i].count, SERVICE_ROUTING, table[i].last);
        assert_int_equal(page_decode(payload, &arena, &body, &why), table[i].err);
        if (!strstr(why, table[i].why))
            fail_msg("row %zu: \"%s\" expected, found \"%s\"", i, table[i].why, why);
        if (table[i].err != OK)
            continue;
        const struct page_body *page = body;
        assert_int_equal(page->count, table[i].count);
        assert_int_equal(page->service, SERVICE_ROUTING);
        assert_ptr_equal(page->leaves.data, payload.data);
    }
}

static void page_without_memory_is_refused_as_a_limit(void **state)
{
    (void)state;
    struct arena small;
    const void *body = NULL;
    const char *why = "";
    arena_init(&small, 1024);
    assert_int_equal(page_decode(page_of(100, SERVICE_INTAKE, SERVICE_INTAKE), &small, &body, &why),
            ERR_LIMIT);
    assert_true(strlen(why) > 0);
    arena_fini(&small);
}

static void page_is_kept_once_and_only_from_its_service(void **state)
{
    (void)state;
    static const uint8_t hashes[MERKLE_HASH_SIZE];
    static const struct {
        int32_t ver;
        enum service_id source;
        enum verdict verdict;
        uint32_t reason;
    } table[] = {{0, SERVICE_ROUTING, VERDICT_APPLIED, 0},
            {1, SERVICE_ROUTING, VERDICT_REFUSED, REFUSAL_PAGE_TWICE},
            {0, SERVICE_INTAKE, VERDICT_REFUSED, REFUSAL_OTHER_SERVICE}};
    const struct page_body body = {
            .service = SERVICE_ROUTING, .count = 1, .leaves = {page_bytes, 7}, .hashes = hashes};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct page page = {.agg = {.id = 5, .ver = table[i].ver, .found = true}}, next = page;
        struct outcome outcome = {0};
        const struct input input = {.kind = INPUT_MESSAGE,
                .type = TYPE_PAGE,
                .source = table[i].source,
                .agg = 5,
                .n = 1,
                .body = &body};
        audit_decide(&page, &input, NULL, &next, &outcome);
        assert_int_equal(outcome.verdict, table[i].verdict);
        assert_int_equal(outcome.reason, table[i].reason);
        assert_int_equal(outcome.step_count + outcome.send_count, 0);
        bool kept = table[i].verdict == VERDICT_APPLIED;
        assert_int_equal(outcome.keep, kept);
        assert_int_equal(next.agg.ver, kept ? 1 : table[i].ver);
        assert_int_equal(next.count, kept ? 1 : 0);
    }
}

static void questions_beyond_their_limits_are_refused(void **state)
{
    (void)state;
    static const struct {
        int64_t from;
        uint32_t limit;
        enum err err;
    } table[] = {{0, 1, OK}, {0, ENTRIES_MAX, OK}, {0, 0, ERR_MALFORMED},
            {0, ENTRIES_MAX + 1, ERR_MALFORMED}, {-1, 1, ERR_MALFORMED},
            {INT64_MAX, 1, ERR_MALFORMED}};
    static int64_t pages[LOCATE_MAX + 1];
    static uint8_t payload[LOCATE_MAX * 2 + 64];
    struct params params = {0};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        Huying__Audit__EntriesQuery query = HUYING__AUDIT__ENTRIES_QUERY__INIT;
        const char *why = "";
        query.from = table[i].from;
        query.limit = table[i].limit;
        params_reset(&params);
        size_t size = huying__audit__entries_query__pack(&query, payload);
        assert_int_equal(
                entries_bind((struct bytes){payload, size}, NULL, "", &arena, &params, &why),
                table[i].err);
    }
    for (size_t count = 0; count <= LOCATE_MAX + 1; count += count ? LOCATE_MAX : 1) {
        Huying__Audit__LocateQuery query = HUYING__AUDIT__LOCATE_QUERY__INIT;
        const char *why = "";
        query.n_pages = count;
        query.pages = pages;
        params_reset(&params);
        size_t size = huying__audit__locate_query__pack(&query, payload);
        assert_int_equal(
                locate_bind((struct bytes){payload, size}, NULL, "", &arena, &params, &why),
                count == 1 ? OK : ERR_MALFORMED);
    }
    params_fini(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(page_is_decoded_within_its_limits),
            cmocka_unit_test(page_without_memory_is_refused_as_a_limit),
            cmocka_unit_test(page_is_kept_once_and_only_from_its_service),
            cmocka_unit_test(questions_beyond_their_limits_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
