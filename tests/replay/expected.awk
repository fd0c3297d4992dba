# What a file of MyLA311 reports says by itself: an independent count to hold the cluster's
# against. It shares no code with the product. Usage: awk -f expected.awk FILE (mawk and gawk). It
# prints key=value lines. The first row with a number counts; later rows with the same number are
# duplicates and count nowhere else, and a row without a number or a readable CreatedDate is
# `refused` and counts nowhere else. Nothing here is rounded: all instants are whole seconds of
# naive local time. overdue: Closed, promised, and closed (or created, if that is later) after
# ServiceDate + 24 h.

BEGIN {
    n = split("rows refused duplicates accepted closed withdrawn referred_out open " \
        "closed_promised overdue no_point no_nc no_place closed_before_created promised_before_created " \
        "placed_grid placed_village placed_street placed_district", keys, " ")
    for (i = 1; i <= n; i++) count[keys[i]] = 0
}

# A record is complete when its quotes are balanced; until then the lines are put together.
{
    text = (pending == "") ? $0 : pending "\n" $0
    sub(/\r$/, "", text)
    if (gsub(/"/, "\"", text) % 2) {
        pending = text
        next
    }
    pending = ""
    if (text == "") next
    cut(text)
    if (!header_seen) header()
    else row()
}

END {
    if (pending != "") {
        print "expected.awk: the file ends inside a quoted field" > "/dev/stderr"
        exit 1
    }
    for (i = 1; i <= n; i++) print keys[i] "=" count[keys[i]]
}

# Fields into V[]: pieces between commas are joined again while a quote is open.
function cut(text,   pieces, m, j, open, piece, marks)
{
    split("", V)
    m = split(text, P, ",")
    fields = 0
    open = 0
    for (j = 1; j <= m; j++) {
        piece = P[j]
        marks = gsub(/"/, "\"", piece)
        if (open) V[fields] = V[fields] "," piece
        else V[++fields] = piece
        if (marks % 2) open = !open
    }
    for (j = 1; j <= fields; j++)
        if (V[j] ~ /^".*"$/) {
            V[j] = substr(V[j], 2, length(V[j]) - 2)
            gsub(/""/, "\"", V[j])
        }
}

function header(   j, name)
{
    header_seen = 1
    sub(/^\357\273\277/, "", V[1])
    for (j = 1; j <= fields; j++) where[strip(V[j])] = j
    m = split("SRNumber CreatedDate RequestType Status ServiceDate ClosedDate Latitude Longitude " \
        "TBMPage TBMColumn TBMRow CD NC", wanted, " ")
    for (j = 1; j <= m; j++)
        if (!(wanted[j] in where)) {
            print "expected.awk: no column " wanted[j] > "/dev/stderr"
            exit 1
        }
}

function strip(text)
{
    sub(/^[ \t\r\n]+/, "", text)
    sub(/[ \t\r\n]+$/, "", text)
    return text
}

function get(name)
{
    return strip(V[where[name]])
}

function row(   number, created, promised, closed)
{
    count["rows"]++
    number = get("SRNumber")
    created = seconds(get("CreatedDate"))
    if (number == "" || created == "") {
        count["refused"]++
        return
    }
    if (number in seen) {
        count["duplicates"]++
        return
    }
    seen[number] = 1
    count["accepted"]++
    promised = seconds(get("ServiceDate"))
    closed = seconds(get("ClosedDate"))
    faults(created, promised, closed)
    place()
    outcome(created, promised, closed)
}

function faults(created, promised, closed)
{
    if (get("Latitude") == "" || get("Longitude") == "") count["no_point"]++
    if (get("NC") == "") count["no_nc"]++
    if (closed != "" && closed < created) count["closed_before_created"]++
    if (promised != "" && promised < created) count["promised_before_created"]++
}

function place()
{
    if (get("CD") == "") {
        count["placed_district"]++
        count["no_place"]++
    } else if (get("NC") == "") count["placed_street"]++
    else if (get("TBMPage") == "" || get("TBMColumn") == "" || get("TBMRow") == "")
        count["placed_village"]++
    else count["placed_grid"]++
}

function outcome(created, promised, closed,   status)
{
    status = get("Status")
    if (status == "Cancelled") count["withdrawn"]++
    else if (status == "Referred Out") count["referred_out"]++
    else if (status != "Closed") count["open"]++
    else {
        count["closed"]++
        if (promised == "") return
        count["closed_promised"]++
        if (closed == "" || closed < created) closed = created
        if (closed > promised + 86400) count["overdue"]++
    }
}

# "01/31/2018 12:00:09 AM" to seconds since 1970 of a clock that knows no summer time; "" if it is
# no such text. 12 AM is hour 0 and 12 PM is hour 12.
function seconds(text,   a, hour)
{
    if (split(text, a, /[\/ :]/) != 7 || text !~ /^[0-9].*[AP]M$/) return ""
    hour = a[4] % 12 + (a[7] == "PM" ? 12 : 0)
    return days(a[3] + 0, a[1] + 0, a[2] + 0) * 86400 + hour * 3600 + a[5] * 60 + a[6]
}

# Days from 1970-01-01: whole years, then whole months, one leap rule.
function days(year, month, day,   y, sum)
{
    y = year - 1
    sum = 365 * (year - 1970) + int(y / 4) - int(y / 100) + int(y / 400) - 477
    sum += substr("000031059090120151181212243273304334", month * 3 - 2, 3)
    if (month > 2 && (year % 4 == 0 && year % 100 != 0 || year % 400 == 0)) sum++
    return sum + day - 1
}
