#!/usr/bin/env bash
# The panyu profile: the sizes it promises, polygons that cover their rectangle without gap or
# overlap (every inner edge is walked exactly twice, in opposite directions, and the areas add up),
# and stories whose names are the profile's.
set -euo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
profile=$root/deploy/profiles/panyu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failures=0

check() { # NAME WANTED GOT
    if [ "$2" != "$3" ]; then
        printf 'FAIL %s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3"
        failures=$((failures + 1))
    fi
}

"$profile/prepare" "$dir/one"
"$profile/prepare" "$dir/two"
check "the output is the same every time" "" "$(diff -r "$dir/one" "$dir/two" 2>&1)"

units=$dir/one/units.csv
check "units by kind" \
    "17 centre 22 department 728 desk 1 district 27 exclusive_grid 2025 grid 318 reserve_worker
16 shelter 419 squad 16 street 276 village 108 volunteer_team" \
    "$(tail -n +2 "$units" | cut -d, -f7 | sort | uniq -c | awk '{ $1 = $1; print }' |
        paste -sd '      \n     ')"
check "unit codes are unique" "" "$(cut -d, -f4 "$units" | sort | uniq -d)"
check "every parent stands before its children" "" "$(awk -F, '
    NR > 1 {
        if ($5 != "" && !($5 in seen)) print $4
        seen[$4] = 1
    }' "$units")"
check "the village without a commando squad" "" "$(grep ',440113120500/V-TJD,' "$units" || true)"
check "workers" "2343" "$(cut -d, -f4 "$dir/one/staff.csv" | grep -c '^worker$')"
check "volunteers" "9000" "$(grep -c ',volunteer,' "$dir/one/volunteers.csv")"
cut -d, -f1 "$dir/one/staff.csv" "$dir/one/volunteers.csv" | grep -v '^code$' >"$dir/codes"
check "staff codes are unique" "" "$(sort "$dir/codes" | uniq -d)"
check "staff codes have at most 39 bytes" "" "$(awk 'length($0) > 39' "$dir/codes")"
check "every grid has one polygon" "" \
    "$(diff <(awk -F, '$7 == "grid" { print $4 }' "$units" | sort) \
        <(grep -oE '"code":"[0-9]+"' "$dir/one/grids.geojson" | tr -dc '0-9\n' | sort))"

# CODE x y x y … in millionths of a degree, one ring a line.
sed -nE 's/.*"code":"([0-9]+)".*"coordinates":\[\[(.*)\]\]\}\},?$/\1,\2/p' \
    "$dir/one/grids.geojson" | tr -d '[].' | tr ',' ' ' >"$dir/rings"
check "inner edges are walked twice, areas fill the rectangle" \
    "2025 rings 360 border edges area 53460000000" \
    "$(awk '{
        area = 0
        for (i = 2; i + 3 <= NF; i += 2) {
            area += ($i * $(i + 3) - $(i + 2) * $(i + 1)) / 2
            walked[$i " " $(i + 1) " " $(i + 2) " " $(i + 3)]++
        }
        if (area <= 0) print "ring of " $1 " is not counter-clockwise"
        sum += area
    }
    END {
        for (edge in walked) {
            split(edge, p, " ")
            if (walked[edge] > 1) print "edge " edge " walked twice in one direction"
            if (!((p[3] " " p[4] " " p[1] " " p[2]) in walked)) border++
        }
        printf "%d rings %d border edges area %.0f", NR, border, sum
    }' "$dir/rings")"

# What a story expects of a place is checked when it runs; here, that no name in it is of another
# profile: its matters, and its units, grids and staff, by their codes.
stories=$profile/stories
check "every matter of the stories is in the catalogue" "" \
    "$(comm -23 <(grep -ohE 'matter=[A-Z0-9-]+' "$stories"/*.csv | cut -d= -f2 | sort -u) \
        <(cut -d, -f1 "$dir/one/matters.csv" | sort))"
check "every code of the stories is a unit's or somebody's" "" \
    "$(comm -23 <(grep -ohE '([CIWS]-)?440113[0-9]+(/[A-Z0-9-]+)*' "$stories"/*.csv | sort -u) \
        <({ cut -d, -f4 "$units" && cat "$dir/codes"; } | sort -u))"
check "the calendar has the days of 2024 to 2026 that differ from the week" "2024 2025 2026" \
    "$(tail -n +2 "$dir/one/calendar.csv" | cut -d- -f1 | uniq | paste -sd ' ')"
check "1 to 7 October are off, Saturday 10 is worked, the others are as the week" \
    "false false false false false false false true" \
    "$(grep -E '^2026-10' "$dir/one/calendar.csv" | cut -d, -f2 | paste -sd ' ')"

[ "$failures" -eq 0 ] && echo "panyu_test: all checks passed"
exit "$((failures > 0))"
