# Made-up polygons for the base grids: 45 × 45 cells over a rectangle around the real Panyu. The
# cells are numbered in strips of five rows, up and down, there and back, so that a village's grids
# lie together and a street's villages too. Corners and the middles of edges are shifted by a fixed
# pseudo-random amount that depends on the corner or edge alone: neighbours share their edge to the
# last digit, so the cells cover the rectangle without gap or overlap. The outer border stays
# straight.

BEGIN {
    SIDE = 45
    STRIP = 5
    WEST = 113.26
    SOUTH = 22.862
    WIDTH = 0.006     # degrees of longitude: about 615 m
    HEIGHT = 0.0044   # degrees of latitude: about 490 m
    CORNER_SHIFT = 0.2 # of a cell, each way; a middle shifts half of that, so edges never cross
}

# A number in (-1, 1) for a lattice point; kind 0 corners, 1 and 2 the middles of edges, by axis.
function shift(i, j, kind, axis,   x)
{
    x = (i * 7919 + j * 10427 + kind * 3571 + axis * 911 + 17) % 65521
    x = (x * x + i * 31 + j * 57) % 65521
    x = (x * x + 12345 + kind * 7 + axis * 3) % 65521
    return x / 65521 * 2 - 1
}

function corner_x(i, j)
{
    return i + ((i > 0 && i < SIDE) ? CORNER_SHIFT * shift(i, j, 0, 1) : 0)
}

function corner_y(i, j)
{
    return j + ((j > 0 && j < SIDE) ? CORNER_SHIFT * shift(i, j, 0, 2) : 0)
}

function point(x, y)
{
    return sprintf("[%.6f,%.6f]", WEST + x * WIDTH, SOUTH + y * HEIGHT)
}

function corner(i, j)
{
    return point(corner_x(i, j), corner_y(i, j))
}

# The middle of the edge from corner (i,j) to the east (kind 1) or to the north (kind 2).
function middle(i, j, kind,   x, y, a, b)
{
    a = kind == 1 ? i + 1 : i
    b = kind == 1 ? j : j + 1
    x = (corner_x(i, j) + corner_x(a, b)) / 2
    y = (corner_y(i, j) + corner_y(a, b)) / 2
    if (i > 0 && i < SIDE || kind == 1) x += CORNER_SHIFT / 2 * shift(i, j, kind, 1)
    if (j > 0 && j < SIDE || kind == 2) y += CORNER_SHIFT / 2 * shift(i, j, kind, 2)
    return point(x, y)
}

function cell_ring(i, j)
{
    return "[" corner(i, j) "," middle(i, j, 1) "," corner(i + 1, j) "," middle(i + 1, j, 2) "," \
        corner(i + 1, j + 1) "," middle(i, j + 1, 1) "," corner(i, j + 1) "," middle(i, j, 2) "," \
        corner(i, j) "]"
}

function feature(code, name, ring)
{
    return "{\"type\":\"Feature\",\"properties\":{\"code\":\"" code "\",\"name\":\"" name \
        "\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[" ring "]}}"
}

function grids_write(file, code, name, n,   k, strip, rest, i, j)
{
    if (n != SIDE * SIDE) fail(n " grids for " SIDE * SIDE " cells")
    print "{\"type\":\"FeatureCollection\",\"features\":[" > file
    for (k = 0; k < n; k++) {
        strip = int(k / (SIDE * STRIP))
        rest = k % (SIDE * STRIP)
        i = int(rest / STRIP)
        j = rest % STRIP
        if (i % 2) j = STRIP - 1 - j
        if (strip % 2) i = SIDE - 1 - i
        print feature(code[k + 1], name[k + 1], cell_ring(i, strip * STRIP + j)) \
            (k < n - 1 ? "," : "") > file
    }
    print "]}" > file
}
