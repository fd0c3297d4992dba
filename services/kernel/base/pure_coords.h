/* Coordinates as clients state them, and as they are kept: WGS-84. CGCS2000, the national
 * system, is the same within centimetres. GCJ-02, what maps made in China show, is WGS-84
 * displaced by some hundred metres, by a formula that was never published and is known from its
 * effect; it has no inverse in closed form. Pure. */
#ifndef HUYING_BASE_PURE_COORDS_H
#define HUYING_BASE_PURE_COORDS_H

/* The numbers are hotline.proto's. */
#define COORDINATES_TABLE(X)                                                                       \
    X(COORDINATES_WGS84, 0, "wgs84")                                                               \
    X(COORDINATES_CGCS2000, 1, "cgcs2000")                                                         \
    X(COORDINATES_GCJ02, 2, "gcj02")

enum coordinates {
#define X(name, number, text) name = number,
    COORDINATES_TABLE(X)
#undef X
    COORDINATES_COUNT
};

struct degrees {
    double longitude, latitude;
};

/* COORDINATES_COUNT when there is no such name. */
enum coordinates coordinates_find(const char *name);
/* WGS-84, to within 0.1 m of what GCJ-02 would make of it. Outside of China GCJ-02 displaces
 * nothing. */
struct degrees coordinates_resolve(struct degrees from, enum coordinates coordinates);
/* GCJ-02 of a point in WGS-84. */
struct degrees coordinates_displace(struct degrees from);

#endif
