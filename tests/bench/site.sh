# shellcheck shell=bash
# shellcheck disable=SC2154 # root, build, bin, reports and work are run's
# The site under measurement: a copy of deploy/ in a temporary directory, so that it can have the
# profile `bench` (la311 with a production clock) and the references' memory settings, run by
# deploy/run with a home of its own. Figures come from the services' own tables: a *step* is a
# committed transition (a row of a service's history) or a leaf in its place in the ledger.
# Every function is about the site that was started last, or that site_use names.
# To be sourced by run and growth; uses $root, $build, $bin, $reports, $work.

# The four services that have transitions.
SITE_HISTORY="(SELECT count(*) FROM intake.history) + (SELECT count(*) FROM routing.history)
    + (SELECT count(*) FROM enforcement.history) + (SELECT count(*) FROM volunteer.history)"

# figures NAME KEY=VALUE…: a measurement as a line of JSON.
figures() {
    local name=$1 pair text=
    shift
    for pair in "$@"; do
        text+=${text:+,}\"${pair%%=*}\":${pair#*=}
    done
    printf '{"reference":"%s","figures":{%s}}\n' "$name" "$text"
}

# site_prepare DIR: the copy, with the profile.
site_prepare() {
    local dir=$1 profile=$1/deploy/profiles/bench
    mkdir -p "$dir"
    cp -R "$root/deploy" "$dir/deploy"
    ln -s "$root/services" "$root/proto" "$root/tests" "$root/CMakeLists.txt" "$dir/"
    printf '%s\n' 'shared_buffers = 1GB' 'max_wal_size = 8GB' \
        >>"$dir/deploy/postgres/postgresql.conf"
    mkdir -p "$profile"
    ln -s ../la311/open311.conf ../la311/vendors "$profile/" # the ways in
    cat >"$profile/prepare" <<'PREPARE'
#!/bin/bash
set -euo pipefail
"$(dirname "$0")/../la311/prepare" "$1"
sed -i -e '/^clock=/d' -e 's/^drill=.*/drill=false/' "$1/site.conf"
PREPARE
    chmod 755 "$profile/prepare"
}

# Without the limit of one source's requests: here one token sends what a city would.
site_deploy() {
    HUYING_INTAKE_RATE_SOURCE=0 HUYING_LANG=en HUYING_BUILD=$build HUYING_HOME=$site_home \
        "$site_dir/deploy/run" "$@"
}

# site_use DIR: the site there, which may not be started yet.
site_use() {
    site_dir=$1 site_home=$1/home site_base=
    # shellcheck disable=SC2034 # run has use for it
    [ ! -r "$site_home/run/ports" ] || read -r _ site_base <"$site_home/run/ports"
}

# site_start DIR: from nothing to ready.
site_start() {
    site_prepare "$1"
    site_use "$1"
    site_deploy bench --no-feed 2>"$work/deploy.log" || {
        tail -n 20 "$work/deploy.log" >&2
        return 1
    }
    site_use "$1"
}

site_stop() {
    [ -z "${site_home-}" ] || [ ! -d "$site_home" ] ||
        site_deploy stop 2>>"$work/deploy.log" || true
}

# Stopped, and its directory gone.
site_remove() {
    site_stop
    rm -rf "$site_dir"
}

site_conninfo() {
    printf 'host=%s user=huying dbname=huying' "$site_home/pg/sock"
}

site_sql() {
    psql -X -At -d "$(site_conninfo)" -c "$1"
}

# site_load WHAT OPTION…
site_load() {
    local what=$1
    shift
    "$bin/huying-bench-load" --home "$site_home" --csv "$reports" \
        --run "r${EPOCHREALTIME/[.,]/}" "$what" "$@"
}

# site_since: where the ledger's pages and the four outboxes are now, for site_settle: an arrival,
# and ids (site, service, counter, as base/pure_id.h has them). Of ids, an instance may still have a
# block or two that it has drawn.
site_since() {
    site_sql "SELECT coalesce(max(arrival), 0) FROM audit.pages
        UNION ALL SELECT (((s.number::bigint << 3) + b.service) << 48) + b.next - 4 * 32768
            FROM directory.site AS s CROSS JOIN (SELECT 1 AS service, next FROM intake.id_block
                UNION ALL SELECT 2, next FROM routing.id_block
                UNION ALL SELECT 3, next FROM enforcement.id_block
                UNION ALL SELECT 4, next FROM volunteer.id_block) AS b" | tr '\n' ' '
}

# site_settle [SINCE]: until nothing is under way to anybody, and every page has its place: then
# every transition has its leaf; for two minutes at most. It reads what is nearly empty, so that
# asking again and again costs the site nothing, and hardly depends on how much it holds. SINCE
# spares it the rows before that, which are gone, but which somebody's snapshot may keep.
site_settle() {
    local until=$((SECONDS + 120)) since schema quiet schemas=(intake routing enforcement volunteer)
    read -ra since <<<"${1-0 0 0 0 0}"
    quiet="SELECT NOT EXISTS (SELECT FROM audit.pages
        WHERE first_place IS NULL AND ver > 0 AND arrival > ${since[0]})"
    for schema in 0 1 2 3; do
        quiet+=" AND NOT EXISTS (SELECT FROM ${schemas[schema]}.outbox
            WHERE id >= ${since[schema + 1]})"
    done
    while [ "$(PGOPTIONS='-c enable_seqscan=off' site_sql "$quiet")" != t ]; do
        [ $SECONDS -lt $until ] || {
            echo 'tests/bench: the ledger does not get all transitions' >&2
            return 1
        }
        sleep 0.02
    done
}

# Transitions and leaves so far; each transition has to have its leaf. Where most of them were made
# up ($site_dir/filled), only the leaves are counted, twice: that many rows would take a minute.
site_steps() {
    local history leaves
    leaves=$(site_sql "SELECT size FROM audit.head")
    if [ -e "$site_dir/filled" ]; then
        printf '%s\n' "$((2 * leaves))"
        return
    fi
    history=$(site_sql "SELECT $SITE_HISTORY")
    [ "$history" = "$leaves" ] || {
        printf 'tests/bench: %s transitions, but %s leaves\n' "$history" "$leaves" >&2
        return 1
    }
    printf '%s\n' "$((history + leaves))"
}

# Seconds of processor time that the site has used up, PostgreSQL and Redis with it.
site_cpu() {
    local dir pid
    for dir in "$site_home"/run/service/*/; do
        pid=$(cat "$dir/supervise/pid")
        [ -z "$pid" ] || cat <(printf '%s ' "$pid") "/proc/$pid/task/"*/children 2>/dev/null || true
    done | tr -s ' \n' '\n' | while read -r pid; do
        cat "/proc/$pid/stat" 2>/dev/null || true
    done | awk -v tick="$(getconf CLK_TCK)" \
        '{ sub(/.*\) /, ""); sum += $12 + $13 } END { printf "%.2f\n", sum / tick }'
}

# site_cluster_measure N: reports to closed cases, until the ledger has all of it.
site_cluster_measure() {
    local since steps cpu began us
    site_settle
    since=$(site_since)
    steps=$(site_steps)
    cpu=$(site_cpu)
    began=${EPOCHREALTIME/[.,]/}
    site_load cases --count "$1" >/dev/null
    site_settle "$since"
    us=$((${EPOCHREALTIME/[.,]/} - began))
    cpu=$(awk "BEGIN { printf \"%.0f\", ($(site_cpu) - $cpu) * 1e6 / $1 }")
    steps=$(($(site_steps) - steps))
    figures cluster "steps_per_s=$((steps * 1000000 / us))" "cases_per_s=$(($1 * 1000000 / us))" \
        "steps_per_case=$(awk "BEGIN { printf \"%.2f\", $steps / $1 }")" \
        "cpu_us_per_case=$cpu"
}

# site_ticks NAME PID…: processor time of those processes, and of children that have ended, in
# clock ticks, a line each.
site_ticks() {
    local name=$1 pid stat
    shift
    for pid in "$@"; do
        { read -r stat <"/proc/$pid/stat"; } 2>/dev/null || continue
        read -ra stat <<<"${stat##*) }"
        printf '%s %s\n' "$name" $((stat[11] + stat[12] + stat[13] + stat[14]))
    done
}

# The same of the whole site in seconds, a line each for intake, pg_intake (its sessions of
# PostgreSQL), broker, routing and audit (each with its sessions), others.
site_cpu_split() {
    local dir name pid child title children
    for dir in "$site_home"/run/service/*/; do
        name=$(basename "$dir")
        name=${name%-[0-9]*}
        read -r pid <"$dir/supervise/pid"
        site_ticks "$name" "$pid"
        read -ra children < <(cat "/proc/$pid/task/"*/children) || true
        for child in "${children[@]}"; do
            title=$(tr '\0' ' ' <"/proc/$child/cmdline" 2>/dev/null) || continue
            if [[ $title == 'postgres: huying_intake '* ]]; then
                site_ticks pg_intake "$child"
            elif [[ $title =~ ^postgres:\ huying_([a-z]+) ]]; then
                site_ticks "${BASH_REMATCH[1]}" "$child"
            else
                site_ticks "$name" "$child"
            fi
        done
    done | awk -v tick="$(getconf CLK_TCK)" '
        $1 !~ /^(intake|pg_intake|broker|routing|audit)$/ { $1 = "others" }
        { sum[$1] += $2 / tick }
        END { for (name in sum) printf "%s %.2f\n", name, sum[name] }' | sort
}

# The ways in, as load.h has them.
# shellcheck disable=SC2034 # run walks over them
site_ways=(hotline http open311 vendor)

site_way_load() {
    site_load "$1" --http-port "$((site_base + 10))" --way "${@:2}"
}

# site_rate_measure WAY RATE SECONDS: receipts at that rate.
site_rate_measure() {
    site_settle
    site_way_load rate "$1" --rate "$2" --seconds "$3"
}

# site_full_measure WAY SECONDS: as many receipts as there can be; what then still waits for routing
# (behind); and what a report cost whom, until it had its place in the ledger.
site_full_measure() {
    local pairs behind
    site_settle
    site_cpu_split >"$work/cpu.before"
    site_way_load full "$1" --seconds "$2" >"$work/full"
    behind=$(site_sql 'SELECT count(*) FROM intake.outbox WHERE dest = 2')
    site_settle
    site_cpu_split >"$work/cpu.after"
    mapfile -t pairs < <(join "$work/cpu.before" "$work/cpu.after" |
        awk -v reports="$(jq .figures.reports "$work/full")" '
            { printf "cpu_%s_us=%.0f\n", $1, ($3 - $2) * 1e6 / reports }')
    cat "$work/full"
    figures "full_$1" "behind=$behind" "${pairs[@]}"
}

# site_units COMMAND NAME…: d stops instances, u starts them (runsv's own letters).
site_units() {
    local letter=$1 name want=run
    shift
    [ "$letter" = u ] || want=down
    for name in "$@"; do
        printf %s "$letter" >"$site_home/run/service/$name/supervise/control"
    done
    for name in "$@"; do
        until [[ $(cat "$site_home/run/service/$name/supervise/stat") == "$want"* ]]; do
            sleep 0.02
        done
    done
}

# site_ready OFFSET: until the process with that port for its health is ready.
site_ready() {
    local line=
    until [[ $line == *' 200 '* ]]; do
        sleep 0.05
        exec 7<>"/dev/tcp/127.0.0.1/$((site_base + $1))" || continue
        printf 'GET /readyz HTTP/1.0\r\n\r\n' >&7
        read -r -t 2 line <&7 || true
        exec 7>&-
    done 2>/dev/null
}

# The first instance of each service, and until all of them are ready.
# shellcheck disable=SC2034 # fill.sh stops and starts them
site_services=(intake-1 routing-1 enforcement-1 volunteer-1 audit-1)
site_services_ready() {
    local offset
    for offset in 30 40 50 60 70; do
        site_ready "$offset"
    done
}

# site_routing_rate INSTANT: steps a second since then, from the history's own times. The last
# twentieth does not count: of it, some were lost with a frame and came seconds later. Few steps may
# be one batch's, with one time: a millisecond is the least that is told apart.
site_routing_rate() {
    site_sql "SELECT round(0.95 * count(*) / greatest(0.001, extract(epoch FROM
            percentile_disc(0.95) WITHIN GROUP (ORDER BY at) - min(at))))
        FROM routing.history WHERE at >= '$1'"
}

# site_routing_measure INSTANCESxLANES N: N reports of a matter that only routing handles wait in
# intake's outbox; the other services are stopped; then routing starts, and they are pushed to it
# from memory.
site_routing_measure() {
    local instances=${1%x*} lanes=${1#*x} i from rate units=()
    [ "$instances" = 1 ] || site_deploy scale routing "$instances" 2>>"$work/deploy.log"
    for ((i = 1; i <= instances; i++)); do
        units+=("routing-$i")
        sed -i -e '/^export HUYING_BATCH_LANES/d' \
            -e "/^exec .*huying-/i export HUYING_BATCH_LANES=$lanes" \
            "$site_home/run/service/routing-$i/run"
    done
    site_units d "${units[@]}" enforcement-1 volunteer-1 audit-1
    site_load push --count "$2" --matter BULKY >/dev/null
    site_units d intake-1
    site_units u "${units[@]}"
    for ((i = 1; i <= instances; i++)); do
        site_ready $((40 + i - 1))
    done
    from=$(site_sql 'SELECT clock_timestamp()')
    site_load feed
    rate=$(site_routing_rate "$from")
    # What was sent in vain before was put off: intake is to send all of it at once.
    site_sql 'UPDATE intake.outbox SET due = now(), tries = 0 WHERE dest = 2' >/dev/null
    site_units u intake-1 enforcement-1 volunteer-1 audit-1
    [ "$instances" = 1 ] || site_deploy scale routing 1 2>>"$work/deploy.log"
    site_settle
    figures "routing_$1" "steps_per_s=$rate"
}

# Resident memory now and at its peak, in MiB, of the largest instance of each kind.
site_memory_measure() {
    local dir name pid pairs
    for dir in "$site_home"/run/service/*-1/; do
        name=$(basename "$dir" -1)
        pid=$(cat "$dir/supervise/pid")
        awk -v name="$name" '/^VmHWM|^VmRSS/ {
            printf "%s_%s=%.1f\n", name, $1 == "VmHWM:" ? "peak_mib" : "mib", $2 / 1024 }' \
            "/proc/$pid/status"
    done >"$work/memory"
    mapfile -t pairs <"$work/memory"
    figures memory "${pairs[@]}"
}
