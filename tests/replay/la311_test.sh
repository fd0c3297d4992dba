#!/usr/bin/env bash
# The la311 profile and the independent count, on the shipped file and on a small hostile one:
# quoted commas and line ends, doubled quotes, CRLF, a byte order mark, columns in another order,
# an unknown request type, an open status, a repeated number, noon, midnight and a leap day.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
profile=$here/../../deploy/profiles/la311
prepare=$profile/prepare
expected=$here/expected.awk
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failures=0

check() { # NAME WANTED GOT
    if [ "$2" != "$3" ]; then
        printf 'FAIL %s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3"
        failures=$((failures + 1))
    fi
}

# Row 1-1 was promised for 29 February and closed exactly 24 hours after: in time. 1-2 is one second
# later: overdue. 1-3 was closed before it was created, and created after its deadline: overdue.
{
    printf '\357\273\277'
    sed 's/$/\r/' "$here/hostile.csv"
} >"$dir/hostile.csv"
check "hostile file, counted" "" \
    "$(awk -f "$expected" "$dir/hostile.csv" | diff "$here/hostile.expected" -)"
check "shipped file, counted" "" \
    "$(awk -f "$expected" "$profile/reports.csv" | diff "$here/reports.expected" -)"

"$prepare" --csv "$dir/hostile.csv" "$dir/hostile"
check "clock is a second before the first report, over midnight" "clock=2020-02-27T23:59:59-08:00" \
    "$(grep '^clock=' "$dir/hostile/site.conf")"
check "areas of the hostile file" \
    "CD-10 CD-10/NC-55 CD-10/NC-55/634-A2 CD-10/NC-56 CD-9 CD-9/NC-1 CD-9/NC-1/634-A2 " \
    "$(cut -d, -f4 "$dir/hostile/units.csv" | grep '^CD-' | grep -v /S- | tr '\n' ' ')"
name='"Hills, ""Upper"" NC"'
check "a name with comma and quotes stays quoted" \
    "unit,1,1,CD-10/NC-55,CD-10,village,village,$name,$name,,,,all,5,0,data" \
    "$(grep '^unit,1,1,CD-10/NC-55,' "$dir/hostile/units.csv")"
name='"Sidewalk, ""Broken"" Repair"'
check "an unknown type has the catch-all's handler" \
    "X-SIDEWALK-BROKEN-REPAIR,其他,$name,$name,$(grep '^OTHER,' "$dir/hostile/matters.csv" |
        cut -d, -f5-)" \
    "$(grep '^X-' "$dir/hostile/matters.csv")"

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
