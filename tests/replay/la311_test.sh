#!/usr/bin/env bash
# The la311 profile and the independent count, on the shipped file and on a small hostile one:
# quoted commas and line ends, doubled quotes, CRLF, a byte order mark, columns in another order,
# an unknown request type, an open status, a repeated number, noon, midnight and a leap day.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
prepare=$root/deploy/profiles/la311/prepare
expected=$root/tests/replay/expected.awk
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failures=0

check() { # NAME WANTED GOT
    if [ "$2" != "$3" ]; then
        printf 'FAIL %s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3"
        failures=$((failures + 1))
    fi
}

hostile_write() {
    local header='NCName,Status,SRNumber,CreatedDate,ServiceDate,ClosedDate,RequestType,Latitude,Longitude,TBMPage,TBMColumn,TBMRow,CD,NC'
    printf '\357\273\277%s\r\n' "$header"
    # Promised 29 February midnight: the deadline is 1 March 00:00:00, closed exactly then: in time.
    printf '"Hills, ""Upper"" NC",Closed,1-1,02/28/2020 12:00:00 AM,02/29/2020 12:00:00 AM,03/01/2020 12:00:00 AM,Bulky Items,34.1,-118.2,634,A,2,10,55\r\n'
    # One second later: overdue.
    printf '"Hills, ""Upper"" NC",Closed,1-2,02/28/2020 12:00:00 PM,02/29/2020 12:00:00 AM,03/01/2020 12:00:01 AM,"Sidewalk, ""Broken""\nRepair",,,634,A,2,10,55\r\n'
    # Closed before created, and created after the deadline: overdue at creation.
    printf ',Closed,1-3,02/28/2020 12:30:00 PM,02/27/2020 12:29:59 PM,02/28/2020 12:30:00 AM,Graffiti Removal,34.1,-118.2,634,A,,10,56\r\n'
    printf ',Pending,1-4,02/28/2020 01:00:00 AM,,,Other,34.1,-118.2,634,A,2,10,\r\n'
    printf ',Cancelled,1-5,02/28/2020 01:00:00 AM,,,Other,,,,,,,\r\n'
    printf ',Referred Out,1-6,02/28/2020 01:00:00 AM,,,Other,34.1,-118.2,634,A,2,9,1\r\n'
    printf ',Closed,1-1,02/28/2020 01:00:00 AM,,,Other,34.1,-118.2,634,A,2,9,1\r\n'
    printf ',Closed,1-7,yesterday,,,Other,34.1,-118.2,634,A,2,9,1\r\n'
    printf ',Closed,,02/28/2020 01:00:00 AM,,,Other,34.1,-118.2,634,A,2,9,1\r\n'
}

counts() {
    awk -f "$expected" "$1" | tr '\n' ' '
}

hostile_write >"$dir/hostile.csv"
check "hostile file, counted" \
    "rows=9 refused=2 duplicates=1 accepted=6 closed=3 withdrawn=1 referred_out=1 open=1 closed_promised=3 overdue=2 no_point=2 no_nc=2 no_place=1 closed_before_created=1 promised_before_created=1 placed_grid=3 placed_village=1 placed_street=1 placed_district=1 " \
    "$(counts "$dir/hostile.csv")"
check "shipped file, counted" \
    "rows=10000 refused=0 duplicates=0 accepted=10000 closed=9711 withdrawn=280 referred_out=9 open=0 closed_promised=9115 overdue=1484 no_point=1102 no_nc=138 no_place=9 closed_before_created=13 promised_before_created=1111 placed_grid=9862 placed_village=0 placed_street=129 placed_district=9 " \
    "$(counts "$root/deploy/profiles/la311/reports.csv")"

"$prepare" --csv "$dir/hostile.csv" "$dir/hostile"
check "clock is a second before the first report, over midnight" "clock=2020-02-27T23:59:59-08:00" \
    "$(grep '^clock=' "$dir/hostile/site.conf")"
check "areas of the hostile file" \
    "CD-10 CD-10/NC-55 CD-10/NC-55/634-A2 CD-10/NC-56 CD-9 CD-9/NC-1 CD-9/NC-1/634-A2 " \
    "$(grep -oE '^unit,1,1,CD-[^,]*' "$dir/hostile/units.csv" | cut -d, -f4 | grep -v /S- | tr '\n' ' ')"
check "a name with comma and quotes stays quoted" \
    'unit,1,1,CD-10/NC-55,CD-10,village,village,"Hills, ""Upper"" NC","Hills, ""Upper"" NC",,,,all,5,0,data' \
    "$(grep '^unit,1,1,CD-10/NC-55,' "$dir/hostile/units.csv")"
check "an unknown type has the catch-all's handler" \
    "$(grep '^OTHER,' "$dir/hostile/matters.csv" | sed 's/^OTHER,[^,]*,[^,]*,[^,]*//')" \
    "$(sed -n 's/^X-SIDEWALK-BROKEN-REPAIR,其他,"Sidewalk, ""Broken"" Repair","Sidewalk, ""Broken"" Repair"//p' "$dir/hostile/matters.csv")"

"$prepare" "$dir/one"
"$prepare" "$dir/two"
check "the same input gives the same bytes" "" "$(diff -r "$dir/one" "$dir/two" 2>&1)"
check "shipped file, levels" "1757 grid 143 village 15 street 1 district " \
    "$(awk -F, '$6 == $7 { print $6 }' "$dir/one/units.csv" | sort | uniq -c | sort -k1,1nr |
        awk '{ printf "%s %s ", $1, $2 }')"
check "staff codes are unique" "" "$(cut -d, -f1 "$dir/one/staff.csv" | sort | uniq -d)"
check "staff codes have at most 39 bytes" "" \
    "$(cut -d, -f1 "$dir/one/staff.csv" | LC_ALL=C awk 'length($0) > 39')"
check "every member of staff stands at a unit" "" \
    "$(comm -23 <(cut -d, -f3 "$dir/one/staff.csv" | tail -n +2 | sort -u) \
        <(cut -d, -f4 "$dir/one/units.csv" | sort -u))"

printf 'SRNumber,CreatedDate\n' >"$dir/short.csv"
if "$prepare" --csv "$dir/short.csv" "$dir/bad" 2>"$dir/message"; then
    check "a missing column is refused" "failure" "success"
fi
check "a missing column is named" "1" "$(grep -c 'column RequestType is missing' "$dir/message")"
check "nothing is written then" "" "$(ls -A "$dir/bad")"

[ "$failures" -eq 0 ] && echo "la311_test: all checks passed"
exit "$((failures > 0))"
