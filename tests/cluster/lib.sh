# shellcheck shell=bash
# What the tests of the whole cluster share: a site of its own by deploy/run (the real thing) in a
# temporary directory on a block of ports of its own, checks by SQL, and an end that leaves nothing
# behind. Environment: HUYING_BUILD (the build that is tested), HUYING_ROWS (a prefix of the file:
# short runs), HUYING_SEED, HUYING_KEEP (leave the site running, to look at it).

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/tests/cluster
shipped=$root/deploy/profiles/la311/reports.csv
export HUYING_BUILD=${HUYING_BUILD:-$root/build}
export HUYING_LANG=en
rows=${HUYING_ROWS:-10000}
# Used by those that source this.
# shellcheck disable=SC2034
seed=${HUYING_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
failures=0
work=
undisturbed=
homes=()

note() {
    printf '%s\n' "$*"
}

fail() {
    printf 'FAIL %s\n' "$*"
    failures=$((failures + 1))
}

check() { # NAME WANTED GOT
    [ "$2" = "$3" ] || fail "$1"$'\n'"  wanted: $2"$'\n'"  got:    $3"
}

# Everything in one temporary directory. User postgres has to reach it when we are root.
work_open() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/huying-cluster-XXXXXX")
    chmod 711 "$work"
    trap work_close EXIT
    trap 'exit 130' INT TERM
}

work_close() {
    local status=$? home
    if [ "$failures" != 0 ] || [ "$status" != 0 ]; then
        logs_show
        status=1
    fi
    if [ -n "${HUYING_KEEP:-}" ]; then
        note "kept: ${homes[*]}"
        exit "$status"
    fi
    for home in "${homes[@]}"; do
        HUYING_HOME=$home "$root/deploy/run" reset --yes >"$work/reset.err" 2>&1 ||
            cat "$work/reset.err"
    done
    rm -rf "$work"
    exit "$status"
}

logs_show() {
    local log
    for log in "$work"/*.err "$work"/*/log/*/current; do
        [ -s "$log" ] || continue
        printf -- '--- %s\n' "$log"
        tail -n 15 "$log"
    done
}

# site_use NAME: the site that the functions below mean. Its ports: deploy/run takes the first free
# block from the one that is drawn here, below what Linux gives to outgoing connections (32768 and
# up): one of those may be on a listener's port when it starts.
site_use() {
    export HUYING_HOME=$work/$1
    export HUYING_BASE_PORT=$((10000 + 100 * ($$ % 220)))
    homes+=("$HUYING_HOME")
}

# site_run NAME CSV: deploy/run until done; the JSON line in work/NAME.json.
site_run() {
    local began=$SECONDS
    "$root/deploy/run" la311 --csv "$2" --until-done -o json \
        >"$work/$1.out" 2>"$work/$1.err" </dev/null || {
        fail "$1: deploy/run ended with $?"
        return 1
    }
    tail -n 1 "$work/$1.out" >"$work/$1.json"
    note "$1: $((SECONDS - began)) s, $(jq -r '"\(.rows) rows, the replay \(.wall_ms / 1000) s"' \
        "$work/$1.json")"
}

# feed NAME [OPTION…]: only the feeding, on a site that is up: what deploy/run does at its end.
feed() {
    local began=$SECONDS
    HUYING_ROOT=$root "$HUYING_BUILD/bin/huyingctl" replay la311 --csv "$work/reports.csv" -o json \
        "${@:2}" >"$work/$1.out" 2>"$work/$1.err" </dev/null ||
        fail "$1: the replay ended with $?: $(tail -n 2 "$work/$1.err")"
    tail -n 1 "$work/$1.out" >"$work/$1.json"
    note "$1: $((SECONDS - began)) s for the replay"
}

# Every instance answers /readyz with 200 again.
services_await() {
    "$root/deploy/run" la311 --csv "$work/reports.csv" --no-feed >"$work/again.err" 2>&1 ||
        fail "the site does not come up again"
}

# A prefix of the shipped file: work/reports.csv.
file_prefix() {
    head -n $(($1 + 1)) "$shipped" >"$work/reports.csv"
    check "rows of the shipped file" "$1" "$(($(wc -l <"$work/reports.csv") - 1))"
}

sql() {
    /usr/lib/postgresql/15/bin/psql -XqAt -v ON_ERROR_STOP=1 -U huying -d huying \
        -h "$(readlink -f "$HUYING_HOME/pg")/sock" "$@"
}

# tables_check NAME CSV: checks.sql and rules.sql, and every line of it has to say 0.
tables_check() {
    local columns broken
    columns=$(head -n 1 "$2" | tr -d '\r' | sed 's/^\xef\xbb\xbf//; s/[^,]*/"&" text/g')
    {
        printf 'CREATE TEMP TABLE file (%s, n bigint GENERATED ALWAYS AS IDENTITY);\n' "$columns"
        printf "\\\\copy file (%s) FROM '%s' (FORMAT csv, HEADER)\n" "${columns// text/}" "$2"
        cat "$here/checks.sql" "$here/rules.sql"
    } >"$work/checks.sql"
    sql -f "$work/checks.sql" >"$work/checks.out" || {
        fail "$1: the checks did not run"
        return 0
    }
    [ "$(wc -l <"$work/checks.out")" -ge 30 ] || fail "$1: fewer checks than there are"
    broken=$(awk -F '|' '$NF != 0' "$work/checks.out")
    [ -z "$broken" ] || fail "$1: $broken"
}

# The counters' tables against the tables that they count, once the last deltas are folded.
counters_check() {
    local service tries=100
    for service in intake routing enforcement volunteer; do
        until [ "$(sql -c "SELECT count(*) FROM $service.counter_delta")" = 0 ] ||
            [ $((tries--)) = 0 ]; do
            sleep 0.1
        done
        check "$1: counters of $service" 0 "$(sql -c "SET search_path TO $service; SELECT count(*)
            FROM (SELECT * FROM counter_truth WHERE value <> 0) AS t
            FULL JOIN (SELECT metric, unit, matter, value FROM counter WHERE value <> 0) AS c
            USING (metric, unit, matter) WHERE t.value IS DISTINCT FROM c.value")"
    done
}

# Every deadline that was announced comes out the same when it is counted again.
deadlines_check() {
    "$HUYING_BUILD/bin/huyingctl" -o json deadlines --all >"$work/deadlines.json" ||
        fail "$1: huyingctl deadlines: $(head -c 2000 "$work/deadlines.json")"
    check "$1: deadlines that cannot be counted again, and whether there are any" '[0,true]' \
        "$(jq -c '[.unknown, .same > 0]' "$work/deadlines.json")"
}

ledger_check() {
    "$HUYING_BUILD/bin/huyingctl" audit verify >"$work/verify.out" 2>&1 ||
        fail "$1: huyingctl audit verify: $(tail -n 3 "$work/verify.out")"
}

# The figures that are the same in every run.
figures() {
    jq -cS 'del(.ledger_root, .wall_ms)' "$1"
}

# figures_count NAME CSV: the JSON against the independent count.
figures_count() {
    local key value
    while IFS== read -r key value; do
        case $key in
        no_nc) key=no_neighbourhood_council ;;
        closed_promised) continue ;;
        esac
        check "$1: $key" "$value" "$(jq -r ".$key" "$work/$1.json")"
    done < <(awk -f "$root/tests/replay/expected.awk" "$2")
}

# undisturbed_set: $undisturbed, the figures of the same rows without any disturbance: left by
# an earlier test, or made here on a site of its own.
undisturbed_set() {
    local kept=$HUYING_BUILD/figures-$rows.json
    if [ ! -s "$kept" ] || [ "$kept" -ot "$HUYING_BUILD/bin/huying-routing" ] ||
        [ "$kept" -ot "$HUYING_BUILD/bin/huyingctl" ]; then
        site_use undisturbed
        site_run undisturbed "$work/reports.csv" || return 0
        figures "$work/undisturbed.json" >"$kept"
        "$root/deploy/run" stop 2>"$work/stop.err"
    fi
    # shellcheck disable=SC2034
    undisturbed=$(cat "$kept")
}

finish() {
    if [ "$failures" = 0 ]; then
        note "$(basename "$0"): all checks passed"
    fi
    exit $((failures > 0))
}
