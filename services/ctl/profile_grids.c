/* grids.geojson: the grids' polygons, as WKB. Two grids may share an edge but no area: a point
 * would lie in both. Candidates come from an STRtree of envelopes. An overlap is only one if it
 * is larger than a millionth of the smaller grid, since neighbours drawn apart differ in the
 * last digits. */
#include <geos_c.h>
#include <jansson.h>

#include "services/ctl/profile.h"
#include "services/kernel/base/must.h"

#define GRIDS_FILE "grids.geojson"
#define SHARE_MAX 1e-6

struct grids {
    struct profile *profile;
    GEOSContextHandle_t geos;
    GEOSGeoJSONReader *reader;
    GEOSWKBWriter *writer;
    GPtrArray *polygons; /* of GEOSGeometry *, by index of profile->grids */
    GHashTable *codes;
    char message[256]; /* GEOS's last */
    guint current;
};

static void geos_message(const char *text, void *self)
{
    struct grids *grids = self;
    g_strlcpy(grids->message, text, sizeof(grids->message));
}

static struct place feature_place(size_t index)
{
    return (struct place){GRIDS_FILE, index + 1};
}

/* Longitude and latitude in range. */
static bool range_check(struct grids *grids, size_t index, const GEOSGeometry *geometry)
{
    double x0 = 0, x1 = 0, y0 = 0, y1 = 0;
    if (GEOSGeom_getXMin_r(grids->geos, geometry, &x0) &&
            GEOSGeom_getXMax_r(grids->geos, geometry, &x1) &&
            GEOSGeom_getYMin_r(grids->geos, geometry, &y0) &&
            GEOSGeom_getYMax_r(grids->geos, geometry, &y1) && x0 >= -180 && x1 <= 180 &&
            y0 >= -90 && y1 <= 90)
        return true;
    fault_add(&grids->profile->faults, feature_place(index), "geometry",
            "坐标超出范围(%g %g 到 %g %g),应为经度、纬度(WGS 84)",
            "coordinates out of range (%g %g to %g %g), expected longitude and latitude (WGS 84)",
            x0, y0, x1, y1);
    return false;
}

static bool geometry_check(struct grids *grids, size_t index, const GEOSGeometry *geometry)
{
    struct faults *faults = &grids->profile->faults;
    int type = GEOSGeomTypeId_r(grids->geos, geometry);
    double area = 0;
    if (type != GEOS_POLYGON && type != GEOS_MULTIPOLYGON) {
        fault_add(faults, feature_place(index), "geometry", "应为 Polygon 或 MultiPolygon",
                "expected a Polygon or MultiPolygon");
        return false;
    }
    if (GEOSisValid_r(grids->geos, geometry) != 1) {
        fault_add(faults, feature_place(index), "geometry", "图形无效(%s),边不能自交",
                "the shape is not valid (%s), edges must not cross", grids->message);
        return false;
    }
    if (!GEOSArea_r(grids->geos, geometry, &area) || !(area > 0)) {
        fault_add(faults, feature_place(index), "geometry", "面积为零", "the area is zero");
        return false;
    }
    return range_check(grids, index, geometry);
}

/* The geometry of a feature; NULL after a fault. */
static GEOSGeometry *geometry_read(struct grids *grids, size_t index, json_t *feature)
{
    json_t *json = json_object_get(feature, "geometry");
    g_autofree char *text = NULL;
    grids->message[0] = '\0';
    if (json_is_object(json)) {
        char *dumped = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(17));
        text = g_strdup(dumped != NULL ? dumped : "");
        free(dumped);
    }
    GEOSGeometry *geometry =
            text == NULL ? NULL
                         : GEOSGeoJSONReader_readGeometry_r(grids->geos, grids->reader, text);
    if (geometry == NULL) {
        fault_add(&grids->profile->faults, feature_place(index), "geometry", "读不懂:%s",
                "cannot be read: %s", grids->message);
        return NULL;
    }
    if (geometry_check(grids, index, geometry))
        return geometry;
    GEOSGeom_destroy_r(grids->geos, geometry);
    return NULL;
}

/* The code of a feature; NULL after a fault. */
static const char *code_read(struct grids *grids, size_t index, json_t *feature)
{
    struct faults *faults = &grids->profile->faults;
    const char *code =
            json_string_value(json_object_get(json_object_get(feature, "properties"), "code"));
    if (code == NULL) {
        fault_add(faults, feature_place(index), "properties.code", "缺少网格编码",
                "the grid's code is missing");
        return NULL;
    }
    const struct profile_unit *unit = profile_unit_find(grids->profile, code);
    if (unit == NULL || unit->level != LEVEL_GRID) {
        fault_add(faults, feature_place(index), "properties.code", "“%s”不是网格一级的单位",
                "\"%s\" is no unit of level grid", code);
        return NULL;
    }
    if (g_hash_table_add(grids->codes, (gpointer)(uintptr_t)unit->code))
        return unit->code;
    fault_add(faults, feature_place(index), "properties.code", "“%s”出现两次",
            "\"%s\" is there twice", code);
    return NULL;
}

static void feature_read(struct grids *grids, size_t index, json_t *feature)
{
    const char *code = code_read(grids, index, feature);
    GEOSGeometry *geometry = geometry_read(grids, index, feature);
    if (code == NULL || geometry == NULL) {
        if (geometry != NULL)
            GEOSGeom_destroy_r(grids->geos, geometry);
        return;
    }
    size_t size = 0;
    unsigned char *wkb = GEOSWKBWriter_write_r(grids->geos, grids->writer, geometry, &size);
    must(wkb != NULL);
    struct profile_grid grid = {.place = feature_place(index),
            .unit = code,
            .wkb = arena_copy(&grids->profile->arena, wkb, size),
            .wkb_size = size};
    GEOSFree_r(grids->geos, wkb);
    g_array_append_val(grids->profile->grids, grid);
    g_ptr_array_add(grids->polygons, geometry);
}

/* Called by the tree for each candidate: `item` is an index + 1. Each pair is looked at once. */
static void overlap_check(void *item, void *self)
{
    struct grids *grids = self;
    guint other = GPOINTER_TO_UINT(item) - 1;
    if (other <= grids->current)
        return;
    const GEOSGeometry *a = grids->polygons->pdata[grids->current],
                       *b = grids->polygons->pdata[other];
    double size_a = 0, size_b = 0, shared = 0;
    if (GEOSIntersects_r(grids->geos, a, b) != 1 || GEOSTouches_r(grids->geos, a, b) == 1)
        return;
    GEOSGeometry *both = GEOSIntersection_r(grids->geos, a, b);
    if (both == NULL)
        return;
    GEOSArea_r(grids->geos, a, &size_a);
    GEOSArea_r(grids->geos, b, &size_b);
    GEOSArea_r(grids->geos, both, &shared);
    GEOSGeom_destroy_r(grids->geos, both);
    if (shared <= SHARE_MAX * MIN(size_a, size_b))
        return;
    const GArray *list = grids->profile->grids;
    const struct profile_grid *left = &g_array_index(list, struct profile_grid, grids->current);
    const struct profile_grid *right = &g_array_index(list, struct profile_grid, other);
    fault_add(&grids->profile->faults, right->place, "geometry",
            "网格“%s”与“%s”重叠 %.3g%%,网格之间只能有公共边",
            "grid \"%s\" overlaps \"%s\" by %.3g%%, grids may share edges only", right->unit,
            left->unit, 100 * shared / MIN(size_a, size_b));
}

static void overlaps_find(struct grids *grids)
{
    GEOSSTRtree *tree = GEOSSTRtree_create_r(grids->geos, 10);
    must(tree != NULL);
    for (guint i = 0; i < grids->polygons->len; i++)
        GEOSSTRtree_insert_r(grids->geos, tree, grids->polygons->pdata[i], GUINT_TO_POINTER(i + 1));
    for (guint i = 0; i < grids->polygons->len; i++) {
        grids->current = i;
        GEOSSTRtree_query_r(grids->geos, tree, grids->polygons->pdata[i], overlap_check, grids);
    }
    GEOSSTRtree_destroy_r(grids->geos, tree);
}

static void features_read(struct grids *grids, json_t *root)
{
    json_t *features = json_object_get(root, "features"), *feature;
    size_t index;
    if (!json_is_array(features)) {
        fault_add(&grids->profile->faults, (struct place){GRIDS_FILE, 0}, "features",
                "应为 FeatureCollection 的数组", "expected the array of a FeatureCollection");
        return;
    }
    json_array_foreach(features, index, feature)
    {
        feature_read(grids, index, feature);
    }
    overlaps_find(grids);
}

static void grids_read(struct profile *profile, json_t *root)
{
    struct grids grids = {.profile = profile,
            .geos = GEOS_init_r(),
            .polygons = g_ptr_array_new(),
            .codes = g_hash_table_new(g_str_hash, g_str_equal)};
    GEOSContext_setErrorMessageHandler_r(grids.geos, geos_message, &grids);
    GEOSContext_setNoticeMessageHandler_r(grids.geos, geos_message, &grids);
    grids.reader = GEOSGeoJSONReader_create_r(grids.geos);
    grids.writer = GEOSWKBWriter_create_r(grids.geos);
    GEOSWKBWriter_setByteOrder_r(grids.geos, grids.writer, GEOS_WKB_NDR);
    features_read(&grids, root);
    for (guint i = 0; i < grids.polygons->len; i++)
        GEOSGeom_destroy_r(grids.geos, grids.polygons->pdata[i]);
    GEOSWKBWriter_destroy_r(grids.geos, grids.writer);
    GEOSGeoJSONReader_destroy_r(grids.geos, grids.reader);
    GEOS_finish_r(grids.geos);
    g_ptr_array_unref(grids.polygons);
    g_hash_table_unref(grids.codes);
}

void profile_grids_read(struct profile *profile)
{
    g_autofree char *path = g_build_filename(profile->dir, GRIDS_FILE, NULL);
    json_error_t error;
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        fault_add(&profile->faults,
                (struct place){GRIDS_FILE, error.line > 0 ? (size_t)error.line : 0}, NULL,
                "不是 JSON:%s", "this is not JSON: %s", error.text);
        return;
    }
    grids_read(profile, root);
    json_decref(root);
}
