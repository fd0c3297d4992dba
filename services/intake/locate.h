/* Which grid has a point: the directory's polygons in an STRtree, each prepared (GEOS). Built once
 * per version of the directory, in memory of its own; then read only, by one thread. About a
 * microsecond a look-up in a district's 2,025 grids. Coordinates are WGS-84 degrees, x =
 * longitude. */
#ifndef HUYING_INTAKE_LOCATE_H
#define HUYING_INTAKE_LOCATE_H

#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/err.h"
#include "services/kernel/wire/envelope.h" /* struct bytes */

#define LOCATOR_GRIDS_MAX 200000

struct locator;

/* Heap; destroy takes the pointer and accepts NULL. `room`: grids that will be added at most. */
struct locator *locator_new(size_t room);
void locator_destroy(struct locator **locator);
/* Adds a grid's Polygon or MultiPolygon in WKB; the bytes are copied. Not after the first look-up.
 * ERR_MALFORMED: no valid WKB, another kind of geometry, empty, or not a valid polygon: it is left
 * out. ERR_LIMIT: no room. */
enum err locator_add(struct locator *locator, int64_t unit, struct bytes wkb) MUST_CHECK;
/* The unit whose polygon has the point, its border included; of several the smallest id, so that a
 * point on a common border always goes the same way. 0 = none. */
int64_t locator_find(struct locator *locator, double longitude, double latitude);
size_t locator_count(const struct locator *locator);

#endif
