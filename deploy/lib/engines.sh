# shellcheck shell=bash
# The private PostgreSQL and Redis. Both listen on a unix socket in a closed directory and on
# nothing else. PostgreSQL's durability is at its defaults; Redis keeps nothing (it may vanish at
# any time and is rebuilt). PostgreSQL runs as user postgres when we are root, since it refuses
# root.

pg_bin=/usr/lib/postgresql/15/bin

text_add pg_new '建立新的 PostgreSQL 数据目录 %s' 'creating a new PostgreSQL data directory %s'
text_add pg_broken 'initdb 没有成功:\n%s' 'initdb failed:\n%s'
text_add engine_late '%s 在 %s 秒内没有就绪,日志在 %s,末尾是:' \
    '%s was not ready within %s seconds; its log is %s and ends with:'

# Into a directory of another name first: an interrupted initdb leaves no half a cluster behind.
pg_create() {
    local out
    [ ! -e "$pg_root/data/PG_VERSION" ] || return 0
    say pg_new "$pg_root/data"
    as_pg rm -rf "$pg_root/data.new"
    out=$(as_pg "$pg_bin/initdb" -D "$pg_root/data.new" -U huying --auth=peer --encoding=UTF8 \
        --locale=C.UTF-8 --data-checksums --no-instructions 2>&1) || die pg_broken "$out"
    as_pg mv "$pg_root/data.new" "$pg_root/data"
}

# Memory: a quarter, at most what the file says.
pg_memory_mb() {
    local key value
    while read -r key value _; do
        [ "$key" != MemTotal: ] || break
    done </proc/meminfo
    printf %d $((value / 4096))
}

# The configuration is written anew at each start, from the repository's file. The owner of the
# files is the superuser `huying` by its system account (peer); the services have passwords.
pg_configure() {
    local memory
    memory=$(pg_memory_mb)
    {
        cat "$root/deploy/postgres/postgresql.conf"
        [ "$memory" -ge 512 ] || printf 'shared_buffers = %dMB\n' $((memory < 32 ? 32 : memory))
        # POSIX shared memory lives there; a bare container may have closed it.
        as_pg test -w /dev/shm || printf 'dynamic_shared_memory_type = sysv\n'
        printf "%s = '%s'\n" data_directory "$pg_root/data" \
            unix_socket_directories "$pg_socket_dir" \
            hba_file "$pg_root/pg_hba.conf" ident_file "$pg_root/pg_ident.conf"
        printf 'unix_socket_permissions = 0777   # the directory is closed\n'
    } | as_pg tee "$pg_root/postgresql.conf" >/dev/null
    printf '%s\n' 'local all huying peer map=owner' 'local huying all scram-sha-256' |
        as_pg tee "$pg_root/pg_hba.conf" >/dev/null
    printf 'owner %s huying\n' root postgres "$(id -un)" |
        as_pg tee "$pg_root/pg_ident.conf" >/dev/null
}

# After kill -9 of the postmaster its children still hold the shared memory for a moment: waiting
# for them here is quicker than a failed start and runsv's pause. A postmaster.pid whose number
# belongs to something else by now (a container's second start) would block the start for good.
pg_unit() {
    local user=
    ! as_root || user='chpst -u postgres:postgres'
    unit_write postgres <<EOF
cd /
pid_file=$(printf %q "$pg_root/data/postmaster.pid")
if [ -r "\$pid_file" ]; then
    { read -r pid; for _ in 2 3 4 5 6; do read -r _; done; read -r _ segment; } <"\$pid_file"
    if [ -n "\$segment" ]; then
        for _ in {1..100}; do
            awk -v id="\$segment" '\$2 == id && \$7 > 0 {busy = 1} END {exit !busy}' \
                /proc/sysvipc/shm || break
            sleep 0.05
        done
    fi
    if [ "\$(cat "/proc/\$pid/comm" 2>/dev/null)" != postgres ]; then
        rm -f "\$pid_file"
    fi
fi
export LC_ALL=C.UTF-8
exec $user $pg_bin/postgres -D $(printf %q "$pg_root/data") \
    -c config_file=$(printf %q "$pg_root/postgresql.conf")
EOF
    # TERM would wait for every client: INT ends sessions and stops cleanly.
    mkdir -p "$supervised/postgres/control"
    # shellcheck disable=SC2016
    printf '#!/bin/sh\nexec kill -INT "$(cat "%s")"\n' "$supervised/postgres/supervise/pid" \
        >"$supervised/postgres/control/t"
    chmod 755 "$supervised/postgres/control/t"
}

redis_unit() {
    cat >"$home/redis/redis.conf" <<EOF
# Written by deploy/run. Counters and positions: all of it can be rebuilt, nothing is kept on disk.
# Only what has an expiry may be evicted: a counter that vanished by itself would be wrong in
# silence.
port 0
unixsocket $redis_socket
unixsocketperm 700
dir $home/redis
save ""
appendonly no
maxmemory 256mb
maxmemory-policy volatile-ttl
daemonize no
set-proc-title no
EOF
    unit_write redis <<EOF
cd /
exec redis-server $(printf %q "$home/redis/redis.conf")
EOF
}

pg_ready() {
    "$pg_bin/pg_isready" -q -h "$pg_socket_dir" -p 5432 -U huying -d postgres
}

# psql as the superuser; -X: no personal psqlrc.
pg_sql() {
    "$pg_bin/psql" -XqAt -v ON_ERROR_STOP=1 -h "$pg_socket_dir" -p 5432 -U huying "$@"
}

# unit_await NAME SECONDS COMMAND…: dies with the end of the log.
unit_await() {
    local name=$1 seconds=$2
    shift 2
    wait_for "$seconds" "$@" || {
        say engine_late "$name" "$seconds" "$home/log/$name/current"
        tail -n 15 "$home/log/$name/current" >&2 2>/dev/null || true
        exit 1
    }
}

redis_ready() {
    [ "$(redis-cli -s "$redis_socket" ping 2>/dev/null)" = PONG ]
}
