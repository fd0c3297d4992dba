/* See pure_coords.h. The displacement is a polynomial with sines, in metres, on the Krasovsky
 * ellipsoid, as all open implementations have it; pure_coords_test.c compares it with one of them.
 * It changes by less than a hundredth of the way, so that taking what is too much away again and
 * again comes nearer by two digits each time. */
#include "services/kernel/base/pure_coords.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include "services/kernel/base/must.h"

#define PI 3.14159265358979323846
#define AXIS_M 6378245.0 /* Krasovsky 1940 */
#define ECCENTRICITY2 0.006693421622965823
#define STEPS_MAX 16
#define CLOSE_DEGREES 1e-9 /* 0.1 mm */

enum coordinates coordinates_find(const char *name)
{
    static const char *const names[] = {
#define X(id, number, text) [number] = text,
            COORDINATES_TABLE(X)
#undef X
    };
    for (int i = 0; i < COORDINATES_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return (enum coordinates)i;
    return COORDINATES_COUNT;
}

/* The rectangle in which maps are displaced; neighbouring countries and the sea are in it, too. */
static bool displaced_at(struct degrees at)
{
    return at.longitude >= 72.004 && at.longitude <= 137.8347 && at.latitude >= 0.8293 &&
           at.latitude <= 55.8271;
}

static double waves(double of, double third, double fourth)
{
    return (20 * sin(6 * of * PI) + 20 * sin(2 * of * PI)) * 2 / 3 + third + fourth;
}

static double north_metres(double x, double y)
{
    double sum = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(fabs(x));
    return sum + waves(x, (20 * sin(y * PI) + 40 * sin(y / 3 * PI)) * 2 / 3,
                         (160 * sin(y / 12 * PI) + 320 * sin(y * PI / 30)) * 2 / 3);
}

static double east_metres(double x, double y)
{
    double sum = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(fabs(x));
    return sum + waves(x, (20 * sin(x * PI) + 40 * sin(x / 3 * PI)) * 2 / 3,
                         (150 * sin(x / 12 * PI) + 300 * sin(x / 30 * PI)) * 2 / 3);
}

static struct degrees displacement(struct degrees at)
{
    double x = at.longitude - 105, y = at.latitude - 35;
    double latitude = at.latitude * PI / 180;
    double magic = 1 - ECCENTRICITY2 * sin(latitude) * sin(latitude);
    double root = sqrt(magic);
    double north = AXIS_M * (1 - ECCENTRICITY2) / (magic * root) * PI / 180;
    double east = AXIS_M / root * cos(latitude) * PI / 180;
    return (struct degrees){east_metres(x, y) / east, north_metres(x, y) / north};
}

struct degrees coordinates_displace(struct degrees from)
{
    if (!displaced_at(from))
        return from;
    struct degrees by = displacement(from);
    return (struct degrees){from.longitude + by.longitude, from.latitude + by.latitude};
}

struct degrees coordinates_resolve(struct degrees from, enum coordinates coordinates)
{
    must(coordinates < COORDINATES_COUNT);
    if (coordinates != COORDINATES_GCJ02 || !displaced_at(from))
        return from;
    struct degrees at = from;
    for (int step = 0; step < STEPS_MAX; step++) {
        struct degrees by = displacement(at);
        double east = at.longitude + by.longitude - from.longitude;
        double north = at.latitude + by.latitude - from.latitude;
        at.longitude -= east;
        at.latitude -= north;
        if (fabs(east) < CLOSE_DEGREES && fabs(north) < CLOSE_DEGREES)
            break;
    }
    return at;
}
