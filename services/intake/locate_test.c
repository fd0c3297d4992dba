/* Finding the grid of a point: borders, holes, outside, shared borders, bad polygons, and 2,025
 * random cells compared with asking every cell in turn. HUYING_SEED repeats a run. */
#include "services/intake/locate.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/rng.h"

#define SIDE 45 /* 45 × 45 = 2,025 grids */
#define POINTS 200000

static void number_add(struct buf *out, uint32_t number)
{
    buf_add(out, &number, sizeof number); /* WKB, little endian, as this machine */
}

static void ring_add(struct buf *out, const double (*points)[2], uint32_t count)
{
    number_add(out, count);
    buf_add(out, points, sizeof(double[2]) * count);
}

static void polygon_begin(struct buf *out, uint32_t rings)
{
    buf_reset(out);
    buf_add(out, "\x01", 1);
    number_add(out, 3);
    number_add(out, rings);
}

static struct bytes wkb_of(const struct buf *buf)
{
    return (struct bytes){(const uint8_t *)buf->data, buf->size};
}

static void square_make(struct buf *out, double x, double y, double size)
{
    const double ring[5][2] = {{x, y}, {x + size, y}, {x + size, y + size}, {x, y + size}, {x, y}};
    polygon_begin(out, 1);
    ring_add(out, ring, 5);
}

static void square_with_hole_answers_inside_border_hole_outside(void **unused)
{
    (void)unused;
    const double outer[5][2] = {{0, 0}, {10, 0}, {10, 10}, {0, 10}, {0, 0}};
    const double hole[5][2] = {{4, 4}, {4, 6}, {6, 6}, {6, 4}, {4, 4}};
    BUF_OWNED wkb = {0};
    struct locator *locator = locator_new(3);
    polygon_begin(&wkb, 2);
    ring_add(&wkb, outer, 5);
    ring_add(&wkb, hole, 5);
    assert_int_equal(locator_add(locator, 70, wkb_of(&wkb)), OK);
    square_make(&wkb, 10, 0, 10); /* shares the border x = 10 */
    assert_int_equal(locator_add(locator, 60, wkb_of(&wkb)), OK);
    const struct {
        double x, y;
        int64_t unit;
    } cases[] = {{1, 1, 70}, {0, 0, 70}, {0, 5, 70}, {5, 5, 0}, {4, 5, 70}, {5.999, 5, 0},
            {10, 5, 60}, {10, 0, 60}, {9.999999, 5, 70}, {15, 5, 60}, {20, 10, 60},
            {20.000001, 10, 0}, {-0.000001, 5, 0}, {180, 90, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t unit = locator_find(locator, cases[i].x, cases[i].y);
        if (unit != cases[i].unit)
            fail_msg("%f %f: %d, expected %d", cases[i].x, cases[i].y, (int)unit,
                    (int)cases[i].unit);
    }
    locator_destroy(&locator);
    assert_null(locator);
}

static void bad_polygons_are_left_out(void **unused)
{
    (void)unused;
    const double bow[5][2] = {{0, 0}, {1, 1}, {1, 0}, {0, 1}, {0, 0}};
    BUF_OWNED wkb = {0};
    struct locator *locator = locator_new(1);
    assert_int_equal(locator_find(locator, 0, 0), 0);
    assert_int_equal(locator_add(locator, 1, (struct bytes){NULL, 0}), ERR_MALFORMED);
    assert_int_equal(
            locator_add(locator, 1, (struct bytes){(const uint8_t *)"noise", 5}), ERR_MALFORMED);
    polygon_begin(&wkb, 1);
    ring_add(&wkb, bow, 5);
    assert_int_equal(locator_add(locator, 1, wkb_of(&wkb)), ERR_MALFORMED);
    buf_reset(&wkb); /* a point is no grid */
    buf_add(&wkb, "\x01", 1);
    number_add(&wkb, 1);
    buf_add(&wkb, bow, sizeof bow[0]);
    assert_int_equal(locator_add(locator, 1, wkb_of(&wkb)), ERR_MALFORMED);
    square_make(&wkb, 0, 0, 1);
    wkb.size -= 1; /* cut off */
    assert_int_equal(locator_add(locator, 1, wkb_of(&wkb)), ERR_MALFORMED);
    assert_int_equal(locator_count(locator), 0);
    square_make(&wkb, 0, 0, 1);
    assert_int_equal(locator_add(locator, 1, wkb_of(&wkb)), OK);
    assert_int_equal(locator_add(locator, 2, wkb_of(&wkb)), ERR_LIMIT);
    assert_int_equal(locator_find(locator, 0.5, 0.5), 1);
    locator_destroy(&locator);
}

/* A lattice whose corners are moved at random: cells are quadrilaterals that meet without gaps. */
static double corners[SIDE + 1][SIDE + 1][2];

static void corners_make(struct rng *rng)
{
    for (int row = 0; row <= SIDE; row++) {
        for (int col = 0; col <= SIDE; col++) {
            corners[row][col][0] = col + (double)rng_below(rng, 400) / 1000.0;
            corners[row][col][1] = row + (double)rng_below(rng, 400) / 1000.0;
        }
    }
}

static void cell_ring(int cell, double ring[5][2])
{
    const int turns[5][2] = {{0, 0}, {0, 1}, {1, 1}, {1, 0}, {0, 0}};
    for (int i = 0; i < 5; i++)
        memcpy(ring[i], corners[cell / SIDE + turns[i][0]][cell % SIDE + turns[i][1]],
                sizeof ring[i]);
}

/* Inside or on the border, by the sign of the area at each side (corners go counter-clockwise, and
 * moved by less than half they stay convex or nearly so: only convex cells are compared). */
static int cell_side(int cell, double x, double y)
{
    double ring[5][2];
    int outside = 0;
    cell_ring(cell, ring);
    for (int i = 0; i < 4; i++) {
        double area = (ring[i + 1][0] - ring[i][0]) * (y - ring[i][1]) -
                      (ring[i + 1][1] - ring[i][1]) * (x - ring[i][0]);
        outside |= area < 0;
    }
    return !outside;
}

static int cell_is_convex(int cell)
{
    double ring[5][2];
    cell_ring(cell, ring);
    for (int i = 0; i < 4; i++) {
        const double *a = ring[i], *b = ring[i + 1], *c = ring[i + 1 == 4 ? 1 : i + 2];
        if ((b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]) <= 0)
            return 0;
    }
    return 1;
}

/* The cell by asking those around the point in turn; -1 when one of them is not convex. */
static int64_t brute_find(double x, double y)
{
    int64_t found = 0;
    for (int row = (int)y - 2; row <= (int)y + 2; row++) {
        for (int col = (int)x - 2; col <= (int)x + 2; col++) {
            if (row < 0 || col < 0 || row >= SIDE || col >= SIDE)
                continue;
            int cell = row * SIDE + col;
            if (!cell_is_convex(cell))
                return -1;
            if (!found && cell_side(cell, x, y))
                found = cell + 1;
        }
    }
    return found;
}

static void random_points_in_2025_cells_agree_with_brute_force(void **unused)
{
    (void)unused;
    const char *given = getenv("HUYING_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 20260131;
    struct rng rng;
    rng_seed(&rng, seed);
    corners_make(&rng);
    BUF_OWNED wkb = {0};
    struct locator *locator = locator_new((size_t)SIDE * SIDE);
    for (int cell = 0; cell < SIDE * SIDE; cell++) {
        double ring[5][2];
        cell_ring(cell, ring);
        polygon_begin(&wkb, 1);
        ring_add(&wkb, (const double(*)[2])ring, 5);
        assert_int_equal(locator_add(locator, cell + 1, wkb_of(&wkb)), OK);
    }
    assert_int_equal(locator_count(locator), 2025);
    int compared = 0, inside = 0;
    struct timespec from, to;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    int64_t sum = 0;
    for (int i = 0; i < POINTS; i++)
        sum += locator_find(locator, (double)rng_below(&rng, 47000) / 1000.0 - 1,
                (double)rng_below(&rng, 47000) / 1000.0 - 1);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    print_message("%.0f look-ups per second of processor time (sum %lld)\n", POINTS / seconds,
            (long long)sum);
    for (int i = 0; i < POINTS / 10; i++) {
        double x = (double)rng_below(&rng, 47000) / 1000.0 - 1 + 0.00037;
        double y = (double)rng_below(&rng, 47000) / 1000.0 - 1 + 0.00041;
        int64_t expected = brute_find(x, y);
        if (expected < 0)
            continue;
        int64_t unit = locator_find(locator, x, y);
        if (unit != expected)
            fail_msg("seed %llu: %f %f: %d, expected %d", (unsigned long long)seed, x, y, (int)unit,
                    (int)expected);
        compared++;
        inside += unit != 0;
    }
    assert_true(compared > POINTS / 40);
    assert_true(inside > compared / 2);
    locator_destroy(&locator);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(square_with_hole_answers_inside_border_hole_outside),
            cmocka_unit_test(bad_polygons_are_left_out),
            cmocka_unit_test(random_points_in_2025_cells_agree_with_brute_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
