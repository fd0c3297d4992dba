/* Batch memory: alignment, zeroing, the limit, and what a reset keeps. */
#include "services/kernel/base/arena.h"

#include <string.h>
#include "services/kernel/base/rng.h"
#include "services/kernel/base/testing.h"

#define MANY 5000

static void arena_pieces_are_aligned_and_do_not_overlap(void **state)
{
    (void)state;
    struct arena arena;
    struct rng rng;
    arena_init(&arena, (size_t)64 << 20);
    rng_seed(&rng, 7);
    static unsigned char *pieces[MANY];
    static size_t sizes[MANY];
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < MANY; i++) {
            sizes[i] = (size_t)rng_below(&rng, i % 500 == 0 ? 900000 : 300);
            pieces[i] = arena_find(&arena, sizes[i]);
            assert_non_null(pieces[i]);
            assert_int_equal((uintptr_t)pieces[i] % 16, 0);
            memset(pieces[i], (int)(i & 0xff), sizes[i]);
        }
        for (size_t i = 0; i < MANY; i++) {
            for (size_t at = 0; at < sizes[i]; at++) {
                assert_int_equal(pieces[i][at], i & 0xff);
            }
        }
        arena_reset(&arena);
        assert_int_equal(arena.used, 0);
    }
    arena_fini(&arena);
}

static void arena_get_is_zeroed_after_reuse(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    unsigned char *first = arena_find(&arena, 1000);
    memset(first, 0xff, 1000);
    arena_reset(&arena);
    unsigned char *again = arena_get(&arena, 1000);
    assert_ptr_equal(again, first);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(again[i], 0);
    }
    arena_fini(&arena);
}

static void arena_find_at_the_limit_is_null_and_reset_gives_it_back(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    assert_non_null(arena_find(&arena, 1000)); /* 1008 with alignment */
    assert_null(arena_find(&arena, 17));
    assert_non_null(arena_find(&arena, 16));
    assert_null(arena_find(&arena, 0));
    assert_null(arena_find(&arena, SIZE_MAX));
    assert_null(arena_find(&arena, SIZE_MAX - 15));
    arena_reset(&arena);
    assert_non_null(arena_find(&arena, 1024));
    arena_fini(&arena);
}

static void get_too_much(void *self)
{
    (void)arena_get(self, 2000);
}

static void text_too_much(void *self)
{
    static const char text[2000];
    (void)arena_text(self, text, sizeof text);
}

static void arena_get_past_the_limit_ends_the_process(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    assert_true(process_aborts(get_too_much, &arena));
    assert_true(process_aborts(text_too_much, &arena));
    arena_fini(&arena);
}

static void arena_text_ends_with_nul_and_copy_copies(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    assert_string_equal(arena_text(&arena, "lamps", 4), "lamp");
    assert_string_equal(arena_text(&arena, NULL, 0), "");
    assert_memory_equal(arena_copy(&arena, "ab\0c", 4), "ab\0c", 4);
    assert_non_null(arena_copy(&arena, NULL, 0));
    int64_t *numbers = arena_array(&arena, int64_t, 5);
    assert_int_equal(numbers[4], 0);
    arena_fini(&arena);
}

static void arena_fini_can_be_followed_by_use(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    arena_fini(&arena);
    arena_reset(&arena);
    assert_non_null(arena_find(&arena, 10));
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(arena_pieces_are_aligned_and_do_not_overlap),
            cmocka_unit_test(arena_get_is_zeroed_after_reuse),
            cmocka_unit_test(arena_find_at_the_limit_is_null_and_reset_gives_it_back),
            cmocka_unit_test(arena_get_past_the_limit_ends_the_process),
            cmocka_unit_test(arena_text_ends_with_nul_and_copy_copies),
            cmocka_unit_test(arena_fini_can_be_followed_by_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
