# Reads the reports (CSV, header row, columns in any order) and writes the raw parts of a profile
# into the directory PROFILE_OUT: root, units, staff (unsorted), matters, site.conf. Works in mawk
# and gawk. A place is a code: the city LA, a council district CD-10, a neighbourhood council in it
# CD-10/NC-55, a map cell in that CD-10/NC-55/634-A2. A missing part ends the code at the part
# before it. To give a request type another owner, change matter_table.csv; nothing here knows a
# matter.

BEGIN {
    out = ENVIRON["PROFILE_OUT"]
    csv = ENVIRON["PROFILE_CSV"]
    table = ENVIRON["PROFILE_TABLE"]
    SQUAD_CAPACITY = 20000 # a contractor's pool: waiting must not bind in a replay of real times
    SQUAD_MEMBERS = 4
    VOLUNTEERS = 8
    first_instant = ""
    read_header()
    read_reports()
    write_district()
    for (street in streets) write_street(street)
    for (village in villages) write_village(village)
    for (grid in grids) write_grid(grid)
    write_matters()
    write_site()
}

function read_header(   n, i, name)
{
    n = record_read(csv)
    if (n == 0) fail("the file is empty; expected a header row with the columns of reports.csv")
    sub(/^\357\273\277/, "", F[1])
    for (i = 1; i <= n; i++) {
        name = trimmed(F[i])
        if (!(name in column)) column[name] = i
    }
    n = split("SRNumber CreatedDate RequestType TBMPage TBMColumn TBMRow CD NC NCName", needed, " ")
    for (i = 1; i <= n; i++)
        if (!(needed[i] in column)) fail("line 1: column " needed[i] " is missing in the header")
}

function value_of(name, n,   i)
{
    i = column[name]
    return i > n ? "" : trimmed(F[i])
}

# A part of a code: what would break a code ('/', ',', '"', blanks, control characters) becomes '_'.
function code_part(text)
{
    gsub(/[^A-Za-z0-9._-]/, "_", text)
    return text
}

function read_reports(   n)
{
    while ((n = record_read(csv)) > 0) {
        reports++
        place_note(n)
        matter_note(value_of("RequestType", n))
        instant_note(value_of("CreatedDate", n))
    }
}

function place_note(n,   street, village, name, page, col, row)
{
    street = code_part(value_of("CD", n))
    if (street == "") return
    street = "CD-" street
    streets[street] = 1
    any_street = 1
    village = code_part(value_of("NC", n))
    if (village == "") return
    village = street "/NC-" village
    name = value_of("NCName", n)
    if (!(village in villages) || villages[village] == "") villages[village] = name
    page = code_part(value_of("TBMPage", n))
    col = code_part(value_of("TBMColumn", n))
    row = code_part(value_of("TBMRow", n))
    if (page != "" && col != "" && row != "") grids[village "/" page "-" col row] = village
}

function matter_note(type)
{
    if (type != "") types[type] = 1
}

# The key "YYYYMMDDhhmmss" of the earliest CreatedDate: keys of this shape compare like instants.
function instant_note(text,   key)
{
    key = instant_key(text)
    if (key != "" && (first_instant == "" || key < first_instant)) first_instant = key
}

# "01/31/2018 12:00:09 AM" to "20180131000009"; "" when the text is no such instant.
function instant_key(text,   hour)
{
    if (text !~ /^[0-9][0-9]\/[0-9][0-9]\/[0-9][0-9][0-9][0-9] /) return ""
    if (substr(text, 12) !~ /^[0-9][0-9]:[0-9][0-9]:[0-9][0-9] [AP]M$/) return ""
    hour = substr(text, 12, 2) % 12
    if (substr(text, 21, 1) == "P") hour += 12
    return substr(text, 7, 4) substr(text, 1, 2) substr(text, 4, 2) sprintf("%02d", hour) \
        substr(text, 15, 2) substr(text, 18, 2)
}

# One plain unit row.
function unit_line(code, parent, level, kind, name_zh, name_en, capabilities, members, missions)
{
    return "unit,1,1," code "," parent "," level "," kind "," quoted(name_zh) "," \
        quoted(name_en) "," capabilities ",,,all," members "," missions ",data"
}

function staff_write(code, name, unit, role, skills)
{
    print code "," name "," unit "," role "," skills ",00:00,24:00" > (out "/staff")
}

function desk_staff_write(area)
{
    staff_write("C-" area, "Clerk " area, area, "desk", "")
    staff_write("I-" area, "Inspector " area, area, "supervisor", "")
}

function volunteers_write(area,   i)
{
    for (i = 1; i <= VOLUNTEERS; i++)
        staff_write("VOL-" area "-" i, "Volunteer " i " of " area, area, "volunteer", "graffiti")
}

function department_write(code, name_zh, name_en)
{
    print unit_line(code, "LA", "district", "department", name_zh, name_en, "", 20, 0) \
        > (out "/units")
    desk_staff_write(code)
}

function write_district()
{
    printf "" > (out "/units")
    printf "" > (out "/staff")
    print unit_line("LA", "", "district", "district", "洛杉矶市", "City of Los Angeles", "", 20, 0) \
        > (out "/root")
    desk_staff_write("LA")
    volunteers_write("LA")
    department_write("D-ITA", "信息技术局", "Information Technology Agency")
    department_write("D-LADWP", "水电局", "Department of Water and Power")
}

function squad_write(code, street, name_zh, name_en, capabilities,   i)
{
    print unit_line(code, street, "street", "squad", name_zh, name_en, capabilities, \
        SQUAD_MEMBERS, SQUAD_CAPACITY) > (out "/units")
    staff_write("S-" code "-1", "Leader of " code, code, "squad", "")
    for (i = 2; i <= SQUAD_MEMBERS; i++)
        staff_write("S-" code "-" i, "Member " i " of " code, code, "squad", "")
}

function write_street(street,   number)
{
    number = substr(street, 4)
    print unit_line(street, "LA", "street", "street", "第" number "议会区", \
        "Council District " number, "", 10, 0) > (out "/units")
    desk_staff_write(street)
    volunteers_write(street)
    squad_write(street "/S-ENF", street, "第" number "议会区执法队", \
        "Enforcement squad of Council District " number, "dumping;encampment")
    squad_write(street "/S-ENG", street, "第" number "议会区工程队", \
        "Engineering squad of Council District " number, "lighting")
}

function write_village(village,   name, street)
{
    name = villages[village]
    if (name == "") name = substr(village, index(village, "/") + 1)
    street = substr(village, 1, index(village, "/") - 1)
    print unit_line(village, street, "village", "village", name, name, "", 5, 0) > (out "/units")
    desk_staff_write(village)
    volunteers_write(village)
}

function write_grid(grid,   village, cell)
{
    village = grids[grid]
    cell = substr(grid, length(village) + 2)
    print unit_line(grid, village, "grid", "grid", "图格" cell, "Map cell " cell, "", 1, 0) \
        > (out "/units")
    staff_write("W-" grid, "Worker " grid, grid, "worker", "")
}

# The table's rows as they are; a file without any street has no squads that a row could name.
function table_line_get(   line)
{
    if ((getline line < table) <= 0) return ""
    if (!any_street) gsub(/,S-EN[FG],/, ",,", line)
    return line
}

# The table's rows in its own order, then one row for each other request type in order of its name,
# with the handler and the clocks of OTHER.
function write_matters(   line, rest, at, name, n, i, list)
{
    while ((line = table_line_get()) != "") {
        if (table_line++ == 0) continue
        print line > (out "/matters")
        split(line, cell, ",")
        codes[cell[1]] = 1
        known[cell[4]] = 1
        if (cell[1] == "OTHER") {
            rest = line
            for (i = 1; i <= 4; i++) rest = substr(rest, index(rest, ",") + 1)
            at = cell[2]
        }
    }
    if (rest == "") fail(table ": row OTHER is missing; unknown request types need its handler")
    n = 0
    for (name in types)
        if (!(name in known)) list[++n] = name
    names_sort(list, n)
    for (i = 1; i <= n; i++)
        print matter_code(list[i]) "," at "," quoted(list[i]) "," quoted(list[i]) "," rest \
            > (out "/matters")
}

function names_sort(list, n,   i, j, name)
{
    for (i = 2; i <= n; i++) {
        name = list[i]
        for (j = i - 1; j >= 1 && list[j] > name; j--) list[j + 1] = list[j]
        list[j + 1] = name
    }
}

# "Sidewalk Repair" to X-SIDEWALK-REPAIR; a second type with the same code gets a number behind it.
function matter_code(name,   code, number)
{
    code = toupper(name)
    gsub(/[^A-Z0-9]+/, "-", code)
    gsub(/^-|-$/, "", code)
    code = "X-" substr(code, 1, 24)
    sub(/-$/, "", code)
    if (code in codes) {
        number = 2
        while ((code "-" number) in codes) number++
        code = code "-" number
    }
    codes[code] = 1
    return code
}

# Gregorian calendar: days since 1970-01-01, and back.
function days_from_date(y, m, d,   era, yoe, doy)
{
    if (m <= 2) y--
    era = int(y / 400)
    yoe = y - era * 400
    doy = int((153 * (m > 2 ? m - 3 : m + 9) + 2) / 5) + d - 1
    return era * 146097 + yoe * 365 + int(yoe / 4) - int(yoe / 100) + doy - 719468
}

function date_from_days(days,   era, doe, yoe, doy, mp, m)
{
    days += 719468
    era = int(days / 146097)
    doe = days - era * 146097
    yoe = int((doe - int(doe / 1460) + int(doe / 36524) - int(doe / 146096)) / 365)
    doy = doe - (365 * yoe + int(yoe / 4) - int(yoe / 100))
    mp = int((5 * doy + 2) / 153)
    m = mp < 10 ? mp + 3 : mp - 9
    return sprintf("%04d-%02d-%02d", yoe + era * 400 + (m <= 2 ? 1 : 0), m, \
        doy - int((153 * mp + 2) / 5) + 1)
}

function clock_text(key,   days, seconds)
{
    days = days_from_date(substr(key, 1, 4) + 0, substr(key, 5, 2) + 0, substr(key, 7, 2) + 0)
    seconds = substr(key, 9, 2) * 3600 + substr(key, 11, 2) * 60 + substr(key, 13, 2) - 1
    if (seconds < 0) {
        seconds += 86400
        days--
    }
    return date_from_days(days) sprintf("T%02d:%02d:%02d-08:00", int(seconds / 3600), \
        int(seconds % 3600 / 60), seconds % 60)
}

function write_site(   file)
{
    if (first_instant == "")
        fail("no row has a CreatedDate like \"01/31/2018 12:00:09 AM\"; the drill clock needs one")
    file = out "/site.conf"
    print "# Made by prepare. The clock stands one second before the first report; the" > file
    print "# offset is the same all year, so that 24 hours stay 24 hours: the file has" > file
    print "# naive local times." > file
    print "[site]" > file
    print "number=1" > file
    print "letters=LA" > file
    print "name_zh=洛杉矶市" > file
    print "name_en=City of Los Angeles" > file
    print "utc_offset=-08:00" > file
    print "drill=true" > file
    print "clock=" clock_text(first_instant) > file
}
