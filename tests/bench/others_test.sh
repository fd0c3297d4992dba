#!/usr/bin/env bash
# The rows R5 and R6: where nothing is installed the bench says so and which command installs it;
# the lock file pins every package and names no address. With --real, where install-others has been:
# every row runs for half a second on a server of its own, its rows are counted against its steps,
# and no process is left. Usage: others_test.sh BIN-DIRECTORY [--real]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=$1
# shellcheck source=tests/bench/lib.sh
. "$root/tests/bench/lib.sh"
dir=$(mktemp -d)
chmod 711 "$dir"
failures=0

# shellcheck disable=SC2317 # called by the trap
finish() {
    [ ! -e "$dir/server/pg/postmaster.pid" ] || bench_server_stop "$dir/server"
    others_stop
    rm -rf "$dir"
}

check() { # NAME WANTED GOT
    if [ "$2" != "$3" ]; then
        printf 'FAIL %s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3"
        failures=$((failures + 1))
    fi
}

# Says, in a shell of its own, what a machine without any of them would.
nothing_there() {
    HUYING_BENCH_OTHERS=$dir/nowhere RABBIT_BIN=$dir/nowhere bash -euo pipefail -c '
        root=$1 dir=$2 bin=$3
        . "$root/tests/bench/lib.sh"
        . "$root/tests/bench/others.sh"
        shift 3
        "$@"' nothing "$root" "$dir" "$bin" "$@"
}

said=$(nothing_there others_missing)
check "one line for each row that does not run" "R5 R6 " "$(cut -d' ' -f1 <<<"$said" | tr '\n' ' ')"
check "each names the command" 2 "$(grep -c 'tests/bench/install-others' <<<"$said")"
check "with nothing there, nothing is started" "" "$(nothing_there others_start "$dir" 2>&1)"
check "with nothing there, nothing is measured" "" \
    "$(nothing_there others_round "$dir/rounds" 1 0.1 "$dir" 2>&1)"
lock=$root/tests/bench/others/package-lock.json
check "the lock file names no address" 0 "$(grep -c '"resolved"' "$lock" || true)"
check "the lock file has the digest of every package" "" \
    "$(jq -r '.packages | to_entries[] | select(.key != "" and .value.integrity == null) | .key' \
        "$lock")"

# shellcheck source=tests/bench/others.sh
. "$root/tests/bench/others.sh"
trap finish EXIT
if [ "${2-}" = --real ]; then
    check "everything is installed" "" "$(others_missing)"
    bench_server_start "$dir/server"
    others_start "$dir"
    node=$rabbit_pid
    others_round "$dir/rounds" 1 0.5 "$dir/server"
    check "each row has a figure that is not zero" "R5 R6_graphile_tuned R6_graphile R6_pgboss" \
        "$(jq -rs '[.[] | select(.figures.steps_per_s > 0) | .reference] | join(" ")' \
            "$dir/rounds")"
    others_stop
    check "RabbitMQ is gone" gone "$(kill -0 -- "-$node" 2>/dev/null || echo gone)"
fi
[ "$failures" -eq 0 ] && echo "others_test: all checks passed"
exit "$((failures > 0))"
