# Expands unit_templates.csv over streets.csv and villages.csv into units.csv, and makes the staff
# for it: staff.csv, volunteers.csv. Reads from PROFILE_HERE, writes to PROFILE_OUT. Works in mawk
# and gawk. A template row stands for units of each area of its scope; `per_scope` says how many:
# clauses separated by ';', the first that applies counts, a bare number always applies:
#   N in PREFIX    where the area's code begins with PREFIX
#   N first K      in the first K areas, by code, that no earlier clause took
#   N every K      in each K-th area by code
# `total` is checked. In `code`, {S} and {V} are the area; {01..12} numbers the units of an area, or
# those of the whole district in an `every` row.

BEGIN {
    here = ENVIRON["PROFILE_HERE"] "/"
    out = ENVIRON["PROFILE_OUT"] "/"
    district = "440113"
    areas_load()
    units_load()
    units_write()
    grids_write(out "grids.geojson", grid_code, grid_name, grids)
}

function areas_load(   n)
{
    area_name[district] = "番禺区"
    areas["district", ++area_count["district"]] = district
    while (record_read(here "streets.csv") > 0) {
        areas["each_street", ++area_count["each_street"]] = F[1]
        area_name[F[1]] = F[2]
        area_parent[F[1]] = district
    }
    while (record_read(here "villages.csv") > 0) {
        areas["each_village", ++area_count["each_village"]] = F[1]
        area_name[F[1]] = F[2]
        area_parent[F[1]] = F[3]
    }
}

function units_load(   row, i, n)
{
    record_read(here "unit_templates.csv")
    for (i = 1; i <= 16; i++) header = header (i > 1 ? "," : "") F[i]
    while ((n = record_read(here "unit_templates.csv")) > 0) {
        if (n != 16) fail("unit_templates.csv: a row has " n " fields; expected 16")
        rows++
        for (i = 1; i <= 16; i++) T[rows, i] = F[i]
    }
}

# Area by area, so that a parent stands before its children and an area's units stand together.
function units_write(   s, v)
{
    print header > (out "units.csv")
    print "code,name,unit,role,skills,from,to" > (out "staff.csv")
    print "code,name,unit,role,skills,from,to" > (out "volunteers.csv")
    area_write("district", 1)
    for (s = 1; s <= area_count["each_street"]; s++) area_write("each_street", s)
    for (v = 1; v <= area_count["each_village"]; v++) area_write("each_village", v)
    totals_check()
}

function area_write(scope, index_of,   row, k, n)
{
    for (row = 1; row <= rows; row++) {
        if (T[row, 1] != scope) continue
        n = per_scope(row, areas[scope, index_of], index_of)
        for (k = 1; k <= n; k++) unit_make(row, areas[scope, index_of], k)
        made[row] += n
    }
}

function per_scope(row, area, index_of,   clauses, n, i, w)
{
    n = split(T[row, 2], clauses, ";")
    for (i = 1; i <= n; i++) {
        split(clauses[i] " - -", w, " ")
        if (w[2] == "-" ||
            w[2] == "in" && index(area, w[3]) == 1 ||
            w[2] == "every" && index_of % w[3] == 0) return w[1] + 0
        if (w[2] == "first" && taken[row]++ < w[3]) return w[1] + 0
    }
    fail("unit_templates.csv: " T[row, 4] ": per_scope has no clause for " area)
}

function unit_make(row, area, k,   kind, code, parent, name_zh, name_en, number, i, line)
{
    kind = T[row, 7]
    number = (index(T[row, 2], "every") > 0) ? made[row] + k : k
    code = numbered(T[row, 4], number)
    if (code ~ /[{](S|V)[}]/ || T[row, 1] == "district") sub(/[{](S|V)[}]/, area, code)
    else code = area "/" code
    parent = (code == area) ? area_parent[area] : area
    name_zh = unit_name_zh(T[row, 8], area, kind, number)
    name_en = (code == area && area != district) ? T[row, 9] " " area : T[row, 9]
    if (T[row, 4] ~ /[.][.]/) name_en = name_en " " number
    line = "unit,1,1," code "," parent "," T[row, 6] "," kind "," quoted(name_zh) "," \
        quoted(name_en)
    for (i = 10; i <= 16; i++) line = line "," quoted(T[row, i])
    print line > (out "units.csv")
    staff_make(code, kind, name_zh)
    if (kind == "volunteer_team") volunteers_make(code, name_zh, T[row, 10], T[row, 14])
    if (kind == "grid") {
        grid_code[++grids] = code
        grid_name[grids] = name_zh
    }
}

# {01..12}, {001..}, {1..4} become the number with as many digits as the first bound.
function numbered(code, number,   from, to, width)
{
    from = index(code, "..")
    if (from == 0) return code
    to = from + index(substr(code, from), "}") - 1
    width = from - 1
    while (substr(code, width, 1) != "{") width--
    return substr(code, 1, width - 1) sprintf("%0" (from - width - 1) "d", number) \
        substr(code, to + 1)
}

# Names below an area begin with the area's short name: 小龙村民委员会 is 小龙村 in 小龙村第2网格.
function unit_name_zh(name, area, kind, number)
{
    if (name ~ /^[{]/) return area_name[area]
    if (name == "村(居)民委员会") return area_name[area] "(受理)"
    if (kind == "grid") return short_name(area) "第" number "网格"
    if (kind == "exclusive_grid") return short_name(area) "专属网格" number
    if (kind == "reserve_worker" || index(name, "巡逻班") == 1) return short_name(area) name number
    if (kind == "volunteer_team" && area == district) return name number "队"
    sub(/^镇街/, "", name)
    return area == district ? name : short_name(area) name
}

function short_name(area,   name)
{
    name = area_name[area]
    sub(/村民委员会$/, "村", name)
    sub(/居民委员会$/, "", name)
    return name
}

function staff_write(code, name, unit, role)
{
    print code "," quoted(name) "," unit "," role ",,00:00,24:00" > (out "staff.csv")
}

# A grid and a relief unit have their worker; a squad its leader and deputy; whatever takes cases
# over a desk a clerk and, for verifying what others handled, an inspector.
function staff_make(code, kind, name)
{
    if (kind == "grid" || kind == "reserve_worker") {
        staff_write("W-" code, "网格员 " name, code, "worker")
    } else if (kind == "squad") {
        staff_write("S-" code "-1", "队长 " name, code, "squad")
        staff_write("S-" code "-2", "副队长 " name, code, "squad")
    } else if (kind != "volunteer_team") {
        staff_write("C-" code, "受理员 " name, code, "desk")
        staff_write("I-" code, "核查员 " name, code, "supervisor")
    }
}

# The team's abilities without its tie. Skilled residents have two of their team's five each,
# turning; a quarter of everybody is there only in the evening, a quarter only in the morning.
function volunteers_make(code, name, abilities, members,   skill, n, i, k, own, hours)
{
    sub(/;tie:.*/, "", abilities)
    n = split(abilities, skill, ";")
    for (i = 1; i <= members; i++) {
        own = abilities
        if (n > 3) own = skill[i % n + 1] ";" skill[(i + 2) % n + 1]
        hours = "08:00,21:00"
        if (i % 4 == 2) hours = "08:00,12:00"
        if (i % 4 == 3) hours = "18:00,21:00"
        print "VOL-" code "-" i "," quoted("志愿者" i " " name) "," code ",volunteer," own "," hours \
            > (out "volunteers.csv")
    }
}

function totals_check(   row)
{
    for (row = 1; row <= rows; row++)
        if (made[row] != T[row, 3])
            fail("unit_templates.csv: " T[row, 4] ": " made[row] " units made; expected " T[row, 3])
}
