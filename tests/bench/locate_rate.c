/* huying-bench-locate: how many points a second intake places in a grid, on one core, by its own
 * code (services/intake/locate.h); one JSON object on one line. The grids are those of a profile,
 * read as `huyingctl apply` reads them.
 *
 *   points   anywhere in the district: each has to be in a grid
 *   walk     one after the other within a few grids, as a patrol reports
 *   borders  corners of grids, where several grids have the point */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "services/ctl/profile.h"
#include "services/intake/locate.h"
#include "tests/bench/reference.h"

#define POINTS 65536
#define WALK_DEGREES 0.01 /* about two grids */
#define SEED 20260131

struct points {
    double x[POINTS], y[POINTS];
};

struct box {
    double west, south, width, height;
};

static struct profile profile;

/* The outer ring of a Polygon in WKB, little endian; NULL: another kind. */
static const uint8_t *ring_of(const struct profile_grid *grid, uint32_t *ret_count)
{
    uint32_t type;
    const uint8_t *wkb = grid->wkb;
    memcpy(&type, wkb + 1, sizeof type);
    if (grid->wkb_size < 13 || wkb[0] != 1 || type != 3)
        return NULL;
    memcpy(ret_count, wkb + 9, sizeof *ret_count);
    return wkb + 13;
}

static void corner_get(const uint8_t *ring, uint32_t at, double ret[2])
{
    memcpy(ret, ring + (size_t)at * 2 * sizeof(double), 2 * sizeof(double));
}

static const struct profile_grid *grid_at(size_t index)
{
    return &g_array_index(profile.grids, struct profile_grid, index);
}

static struct box box_find(void)
{
    double low[2] = {180, 90}, high[2] = {-180, -90};
    for (size_t i = 0; i < profile.grids->len; i++) {
        uint32_t count = 0;
        const uint8_t *ring = ring_of(grid_at(i), &count);
        for (uint32_t k = 0; ring && k < count; k++) {
            double corner[2];
            corner_get(ring, k, corner);
            for (int axis = 0; axis < 2; axis++) {
                low[axis] = corner[axis] < low[axis] ? corner[axis] : low[axis];
                high[axis] = corner[axis] > high[axis] ? corner[axis] : high[axis];
            }
        }
    }
    return (struct box){low[0], low[1], high[0] - low[0], high[1] - low[1]};
}

static double random_share(uint64_t *state)
{
    return (double)bench_random(state, 1u << 30) / (1u << 30);
}

static void points_fill(struct points *points, const struct box *box)
{
    uint64_t state = SEED;
    for (size_t i = 0; i < POINTS; i++) {
        points->x[i] = box->west + box->width * random_share(&state);
        points->y[i] = box->south + box->height * random_share(&state);
    }
}

static void corners_fill(struct points *points)
{
    uint64_t state = SEED;
    for (size_t i = 0; i < POINTS; i++) {
        uint32_t count = 0;
        double corner[2];
        const uint8_t *ring = ring_of(grid_at(bench_random(&state, profile.grids->len)), &count);
        if (!ring)
            bench_fail("a grid is no polygon");
        corner_get(ring, bench_random(&state, count), corner);
        points->x[i] = corner[0];
        points->y[i] = corner[1];
    }
}

static struct locator *grids_load(void)
{
    struct locator *locator = locator_new(profile.grids->len);
    for (size_t i = 0; i < profile.grids->len; i++) {
        const struct bytes wkb = {grid_at(i)->wkb, grid_at(i)->wkb_size};
        if (locator_add(locator, (int64_t)i + 1, wkb) != OK)
            bench_fail("grid %s was not taken", grid_at(i)->unit);
    }
    return locator;
}

/* By processor time: it is one core's rate, whoever else is on it. */
static double cpu_now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* Points a second; each has to be in a grid. */
static double rate_measure(struct locator *locator, const struct points *points, double seconds)
{
    double began = cpu_now(), now;
    size_t found = 0, asked = 0;
    do {
        for (size_t i = 0; i < POINTS; i++, asked++)
            found += locator_find(locator, points->x[i], points->y[i]) != 0;
        now = cpu_now();
    } while (now - began < seconds);
    if (found != asked)
        bench_fail("%zu of %zu points are in no grid", asked - found, asked);
    return (double)asked / (now - began);
}

int main(int argc, char **argv)
{
    static struct points points;
    double seconds = argc == 4 && strcmp(argv[1], "--seconds") == 0 ? strtod(argv[2], NULL) : 0;
    if (!(seconds > 0)) {
        fputs("usage: huying-bench-locate --seconds S PROFILE-DIRECTORY\n", stderr);
        return 2;
    }
    if (profile_read(&profile, argv[3], true) != OK || !profile.grids->len)
        bench_fail("%s: no profile with grids", argv[3]);
    struct locator *locator = grids_load();
    const struct box all = box_find();
    const struct box near = {
            all.west + all.width / 2, all.south + all.height / 2, WALK_DEGREES, WALK_DEGREES};
    points_fill(&points, &all);
    double anywhere = rate_measure(locator, &points, seconds);
    points_fill(&points, &near);
    double walk = rate_measure(locator, &points, seconds);
    corners_fill(&points);
    double borders = rate_measure(locator, &points, seconds);
    printf("{\"reference\":\"locate\",\"figures\":{\"points_per_s\":%.0f,\"walk_per_s\":%.0f,"
           "\"borders_per_s\":%.0f,\"grids\":%zu}}\n",
            anywhere, walk, borders, locator_count(locator));
    locator_destroy(&locator);
    profile_fini(&profile);
    return 0;
}
