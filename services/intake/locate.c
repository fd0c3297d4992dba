/* See locate.h. The tree narrows a point to the grids whose bounding boxes have it, mostly one; a
 * prepared polygon then answers exactly. A hole is outside, a border inside. */
#include "services/intake/locate.h"
#include <geos_c.h>
#include <stdbool.h>
#include <stdlib.h>
#include "services/kernel/base/must.h"

#define TREE_NODE_ITEMS 10 /* GEOS's own advice */

struct cell {
    int64_t unit;
    GEOSGeometry *polygon;
    const GEOSPreparedGeometry *prepared;
};

struct locator {
    GEOSContextHandle_t geos;
    GEOSWKBReader *reader;
    GEOSSTRtree *tree;
    struct cell *cells; /* the tree points into it: never moved */
    size_t count, room;
    bool queried; /* the tree is packed by the first query; nothing can be added then */
};

struct search {
    GEOSContextHandle_t geos;
    const GEOSGeometry *point;
    int64_t best;
};

struct locator *locator_new(size_t room)
{
    must(room <= LOCATOR_GRIDS_MAX);
    struct locator *locator = must_memory(calloc(1, sizeof *locator));
    locator->room = room;
    locator->cells = must_memory(calloc(room + 1, sizeof *locator->cells));
    locator->geos = must_memory(GEOS_init_r());
    locator->reader = must_memory(GEOSWKBReader_create_r(locator->geos));
    locator->tree = must_memory(GEOSSTRtree_create_r(locator->geos, TREE_NODE_ITEMS));
    return locator;
}

void locator_destroy(struct locator **locator_)
{
    struct locator *locator = *locator_;
    if (!locator)
        return;
    *locator_ = NULL;
    GEOSSTRtree_destroy_r(locator->geos, locator->tree);
    for (size_t i = 0; i < locator->count; i++) {
        GEOSPreparedGeom_destroy_r(locator->geos, locator->cells[i].prepared);
        GEOSGeom_destroy_r(locator->geos, locator->cells[i].polygon);
    }
    GEOSWKBReader_destroy_r(locator->geos, locator->reader);
    GEOS_finish_r(locator->geos);
    free(locator->cells);
    free(locator);
}

static bool polygon_is_good(GEOSContextHandle_t geos, const GEOSGeometry *polygon)
{
    int type = GEOSGeomTypeId_r(geos, polygon);
    return (type == GEOS_POLYGON || type == GEOS_MULTIPOLYGON) &&
           GEOSisEmpty_r(geos, polygon) == 0 && GEOSisValid_r(geos, polygon) == 1;
}

enum err locator_add(struct locator *locator, int64_t unit, struct bytes wkb)
{
    must(!locator->queried);
    if (locator->count == locator->room)
        return ERR_LIMIT;
    if (!wkb.size)
        return ERR_MALFORMED;
    GEOSGeometry *polygon =
            GEOSWKBReader_read_r(locator->geos, locator->reader, wkb.data, wkb.size);
    if (!polygon)
        return ERR_MALFORMED;
    if (!polygon_is_good(locator->geos, polygon)) {
        GEOSGeom_destroy_r(locator->geos, polygon);
        return ERR_MALFORMED;
    }
    struct cell *cell = &locator->cells[locator->count++];
    cell->unit = unit;
    cell->polygon = polygon;
    cell->prepared = GEOSPrepare_r(locator->geos, polygon);
    must(cell->prepared);
    GEOSSTRtree_insert_r(locator->geos, locator->tree, polygon, cell);
    return OK;
}

static void candidate_try(void *item, void *search_)
{
    const struct cell *cell = item;
    struct search *search = search_;
    if (search->best && search->best < cell->unit)
        return;
    if (GEOSPreparedIntersects_r(search->geos, cell->prepared, search->point) == 1)
        search->best = cell->unit;
}

int64_t locator_find(struct locator *locator, double longitude, double latitude)
{
    if (locator->count == 0)
        return 0;
    locator->queried = true;
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(locator->geos, longitude, latitude);
    must(point);
    struct search search = {locator->geos, point, 0};
    GEOSSTRtree_query_r(locator->geos, locator->tree, point, candidate_try, &search);
    GEOSGeom_destroy_r(locator->geos, point);
    return search.best;
}

size_t locator_count(const struct locator *locator)
{
    return locator->count;
}
