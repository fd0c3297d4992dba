#!/usr/bin/env bash
# The bench's arithmetic on known numbers, and the references for a tenth of a second each on a
# server of their own: whether they run and say all they should, not how fast. Usage: lib_test.sh
# PATH-OF-huying-bench-reference
set -euo pipefail

# shellcheck source=tests/bench/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
reference=$1
dir=$(mktemp -d)
chmod 711 "$dir"
failures=0

# shellcheck disable=SC2317 # called by the trap
finish() {
    [ ! -e "$dir/server/pg/postmaster.pid" ] || bench_server_stop "$dir/server"
    rm -rf "$dir"
}
trap finish EXIT

check() { # NAME WANTED GOT
    if [ "$2" != "$3" ]; then
        printf 'FAIL %s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3"
        failures=$((failures + 1))
    fi
}

# Five rounds; the fourth lacks the cluster's figure, as after a run that failed.
measured() { # NAME STEPS
    printf '{"reference":"%s","figures":{"steps_per_s":%s}}\n' "$1" "$2"
}
for line in '1 100 50' '2 200 50' '3 50 30' '4 400 -' '5 80 60'; do
    read -r round r1 cluster <<<"$line"
    bench_round "$dir/rounds" "$round" measured R1 "$r1"
    [ "$cluster" = - ] || bench_round "$dir/rounds" "$round" measured cluster "$cluster"
done
check "median of five" '{"n":5,"median":100,"min":50,"max":400}' \
    "$(bench_median "$dir/rounds" R1.steps_per_s)"
check "median of four" '{"n":4,"median":50,"min":30,"max":60}' \
    "$(bench_median "$dir/rounds" cluster.steps_per_s)"
check "a ratio is taken within a round" '{"n":4,"median":0.55,"min":0.25,"max":0.75}' \
    "$(bench_ratio "$dir/rounds" cluster.steps_per_s R1.steps_per_s)"
check "a figure that nobody measured" '{"n":0,"median":null,"min":null,"max":null}' \
    "$(bench_median "$dir/rounds" R9.nothing)"
check "table" "figure median range rounds
R1.steps_per_s 100 50 – 400 5
cluster.steps_per_s 50 30 – 60 4
cluster/R1 0.55 0.25 – 0.75 4" \
    "$(bench_table "$dir/rounds" cluster/R1=cluster.steps_per_s/R1.steps_per_s | tr -s ' ')"
check "a command that fails is a failed round" "failed" \
    "$(bench_round "$dir/none" 1 false && echo passed || echo failed)"

if [ ! -x "$reference" ]; then
    echo "lib_test: $reference is not there; build the target huying-bench-reference"
    exit 1
fi
bench_server_start "$dir/server"
conninfo=$(bench_conninfo "$dir/server")
check "durability is at its defaults" "on on on" "$(bench_server_settings "$conninfo" |
    jq -r '"\(.fsync) \(.full_page_writes) \(.synchronous_commit)"')"
bench_round "$dir/real" 1 "$reference" --seconds 0.1 "$conninfo" "$dir"
check "each reference says all its figures, none zero" "R1.steps_per_s
R1.steps_per_s_one_connection
R1.steps_per_s_batch_of_one
R2.rows_per_s
R3.sync_p50_us
R3.sync_p99_us
R3.samples
R4.trips_per_s
R4.trips_per_s_curve
R7.trip_p50_us
R7.receipt_p50_us" \
    "$(jq -r '.reference as $r | .figures | to_entries[] | select(.value > 0)
        | $r + "." + .key' "$dir/real")"
nowhere="$reference --seconds 0.1 --only R2 host=$dir/nowhere $dir"
check "a server that is not there is an error" "failed" \
    "$($nowhere 2>/dev/null && echo passed || echo failed)"

[ "$failures" -eq 0 ] && echo "lib_test: all checks passed"
exit "$((failures > 0))"
