#!/usr/bin/env bash
# One short round of the bench: that it runs to its end, prints every row that README.md explains,
# and leaves nothing behind. Not how fast anything is. Usage: run_test.sh BUILD-DIRECTORY
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$(mktemp -d)
chmod 755 "$dir"
trap 'rm -rf "$dir"' EXIT
rows=(R1.steps_per_s R2.rows_per_s R3.sync_p50_us R4.trips_per_s_curve decide.plain_per_s
    decide.mix_per_s locate.points_per_s broker.envelopes_per_s broker_stopped.peak_kib
    cluster.steps_per_s cluster.cases_per_s cluster.cpu_us_per_case routing_1x1.steps_per_s
    routing_1x4.steps_per_s routing_2x1.steps_per_s load_null.p99_us load_null_full.reports_per_s
    memory.routing_peak_mib memory.broker_mib cold_start.ms cluster/R1 routing_1_lane/R1_one
    routing_4_lanes/R1 broker/R4_CURVE)
for way in hotline http open311 vendor; do
    rows+=("ack_$way.p50_us" "ack_$way.p99_us" "ack_${way}_p50/R3" "ack_${way}_p99/R3"
        "full_$way.reports_per_s" "full_$way.cpu_intake_us" "full_$way.cpu_pg_intake_us")
    for figure in p50_us p99_us max_us per_s refused lag_p99_us load_cores; do
        rows+=("rate_${way}_200.$figure" "rate_${way}_2000.$figure")
    done
done

if ! TMPDIR=$dir HUYING_BUILD=$1 "$here/run" --quick --out "$dir/out.jsonl" >"$dir/table" \
    2>"$dir/said"; then
    cat "$dir/said" "$dir/table" >&2
    exit 1
fi
status=0
for row in "${rows[@]}"; do
    if ! grep -qE "^$row +[0-9.]+ +[0-9.]+ – [0-9.]+ +1$" "$dir/table"; then
        printf 'FAIL no figure in row %s\n' "$row" >&2
        status=1
    fi
done
if compgen -G "$dir/huying-bench-*" >/dev/null; then
    printf 'FAIL left behind: %s\n' "$dir"/huying-bench-* >&2
    status=1
fi
[ "$status" = 0 ] || cat "$dir/table" >&2
exit "$status"
