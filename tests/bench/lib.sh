# shellcheck shell=bash
# What tests/bench/run works with: a private PostgreSQL with the settings of the references, rounds
# in which everything to be compared runs in turn, and medians with their range. A measurement is a
# line
#   {"reference":"R1","figures":{"steps_per_s":111000,…}}
# whoever prints it (the references do; the cluster's figures take the same shape, with a name of
# their own). Rounds go into one file of such lines; nothing is averaged, nothing thrown away.
# To be sourced; needs bash, jq and coreutils. Errors go to standard error and end with a status.

bench_pg_bin=${BENCH_PG_BIN:-/usr/lib/postgresql/15/bin}

bench_pg_as() {
    if [ "$(id -u)" -eq 0 ]; then
        runuser -u postgres -- "$@"
    else
        "$@"
    fi
}

# bench_server_start DIR: a new cluster in DIR/pg on a unix socket in DIR, durability at its
# defaults. DIR has to be one that the user postgres can reach when we are root.
bench_server_start() {
    local dir=$1
    if [ "$(id -u)" -eq 0 ]; then
        install -d -o postgres -g postgres "$dir"
    else
        mkdir -p "$dir"
    fi
    (
        cd / || exit
        bench_pg_as "$bench_pg_bin/initdb" -D "$dir/pg" -U bench --auth=trust --encoding=UTF8 \
            --locale=C.UTF-8 >"/dev/null" || exit
        printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$dir'" \
            'shared_buffers = 1GB' 'max_wal_size = 8GB' |
            bench_pg_as tee -a "$dir/pg/postgresql.conf" >/dev/null
        bench_pg_as "$bench_pg_bin/pg_ctl" -D "$dir/pg" -l "$dir/pg.log" -w start >/dev/null
    )
}

# What the references and psql take to reach that server.
bench_conninfo() {
    printf 'host=%s user=bench dbname=postgres' "$1"
}

# bench_server_stop DIR: stops it; the directory stays.
bench_server_stop() {
    (cd / && bench_pg_as "$bench_pg_bin/pg_ctl" -D "$1/pg" -m fast -w stop >/dev/null)
}

# bench_server_settings CONNINFO: one line of JSON with what decides about durability and speed.
bench_server_settings() {
    psql -X -At -d "$1" -c "SELECT json_object_agg(name, current_setting(name) ORDER BY name)
        FROM pg_settings WHERE name IN ('server_version', 'shared_buffers', 'max_wal_size', 'fsync',
            'synchronous_commit', 'full_page_writes', 'wal_compression', 'data_checksums')" |
        jq -c .
}

# bench_round FILE N COMMAND…: runs it and adds its measurements to FILE as those of round N.
bench_round() {
    local file=$1 round=$2
    shift 2
    "$@" | jq -c --argjson round "$round" '. + {round: $round}' >>"$file"
    [ "${PIPESTATUS[0]}" -eq 0 ]
}

# Everything below reads such a file. `figure` is REFERENCE.FIGURE, as R1.steps_per_s.
# shellcheck disable=SC2016 # jq's own variables
bench_jq='
def values($key): [.[] | . as $m | ($m.figures | to_entries[])
    | select(($m.reference + "." + .key) == $key) | {round: $m.round, value: .value}];
def median: sort | length as $n | if $n == 0 then null
    elif $n % 2 == 1 then .[($n - 1) / 2] else (.[$n / 2 - 1] + .[$n / 2]) / 2 end;
def summary: {n: length, median: median, min: min, max: max};
def ratios($a; $b): values($a) as $over | [values($b)[] | . as $under
    | $over[] | select(.round == $under.round and $under.value != 0) | .value / $under.value];
def shown: (if . == null then "-" elif . >= 100 then round
    elif . >= 10 then (. * 10 | round) / 10 else (. * 1000 | round) / 1000 end) | tostring;
def row($name): [$name, (.median | shown), (.min | shown) + " – " + (.max | shown), .n] | @tsv;
'

# bench_median FILE FIGURE: {"n":5,"median":…,"min":…,"max":…}
bench_median() {
    jq -cs --arg key "$2" "$bench_jq"'values($key) | map(.value) | summary' "$1"
}

# bench_ratio FILE FIGURE FIGURE: the same of the quotients, each of two measurements of one round.
bench_ratio() {
    jq -cs --arg a "$2" --arg b "$3" "$bench_jq"'ratios($a; $b) | summary' "$1"
}

# bench_table FILE [NAME=FIGURE/FIGURE…]: every figure, then the named ratios, with median, range,
# rounds.
bench_table() {
    local file=$1
    shift
    {
        printf 'figure\tmedian\trange\trounds\n'
        jq -rs "$bench_jq"'. as $all
            | [.[] | .reference as $r | .figures | keys_unsorted[] | $r + "." + .]
            | reduce .[] as $k ([]; if index($k) then . else . + [$k] end)
            | .[] as $k | $all | values($k) | map(.value) | summary | row($k)' "$file"
        local ratio quotient
        for ratio in "$@"; do
            quotient=${ratio#*=}
            jq -rs --arg name "${ratio%%=*}" --arg a "${quotient%%/*}" --arg b "${quotient#*/}" \
                "$bench_jq"'ratios($a; $b) | summary | row($name)' "$file"
        done
    } | column -t -s "$(printf '\t')"
}
