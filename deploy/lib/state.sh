# shellcheck shell=bash
# Where things are: the checkout, the build, $HUYING_HOME and what lies in it, and which TCP ports
# this cluster has. Two checkouts never share a directory, a socket or a port: directories outside
# of the checkout carry a hash of its home, and a block of ports is chosen under a lock of the host.
#
# Ports, from the block's base (lib/state.sh is the only place that knows):
#   broker k    +3(k-1)       messages, +1 live feed, +2 hotline     k = 1..3
#   intake i    +10+(i-1)     residents' HTTP                        i = 1..10
#   all         +20 broker, +30 intake, +40 routing, +50 enforcement, +60 volunteer, +70 audit:
#               metrics and health, one per instance

services=(intake routing enforcement volunteer audit)
processes=(broker "${services[@]}")
port_block=100
broker_count_max=3
service_count_max=10

text_add no_runner '目录 %s 不能使用:%s' 'directory %s cannot be used: %s'
text_add bad_port 'HUYING_BASE_PORT=%s 不对:要 1024 到 64900 之间的整数。' \
    'HUYING_BASE_PORT=%s is wrong: a whole number from 1024 to 64900 is expected.'
text_add no_ports '从 %s 起没有空闲的端口段(每段 100 个)。请设置 HUYING_BASE_PORT。' \
    'no free block of 100 ports from %s up. Set HUYING_BASE_PORT.'
text_add ports_moved '端口 %s 已被占用,改用 %s 起的端口段。' 'port %s is taken; using the block from %s.'
text_add busy_wait '另一个 deploy/run 正在处理 %s,等它结束……' 'another deploy/run is at work on %s; waiting …'
text_add busy '另一个 deploy/run 仍在处理 %s。请稍后再试。' \
    'another deploy/run is still at work on %s. Try again later.'
text_add bad_socket_dir '目录 %s 属于别人,不能放套接字。' \
    'directory %s belongs to somebody else; sockets cannot be put there.'
text_add pg_elsewhere 'PostgreSQL 不以 root 运行,而用户 postgres 进不了 %s;它的数据放在 %s。' \
    'PostgreSQL does not run as root, and user postgres cannot reach %s; its data is in %s.'

as_root() {
    [ "$(id -u)" = 0 ]
}

# Runs a command as the user that owns PostgreSQL's files: postgres when we are root.
as_pg() {
    if as_root; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

# paths_set: the directories by name; creates nothing.
paths_set() {
    build=${HUYING_BUILD:-$root/build}
    bin=$build/bin
    home=${HUYING_HOME:-$root/.huying}
    case $home in /*) ;; *) home=$PWD/$home ;; esac
    home=$(readlink -m "$home")
    export HUYING_HOME=$home
    home_hash=$(printf %s "$home" | sha256sum | cut -c1-8)
    supervised=$home/run/service
    if [ -L "$home/pg" ]; then
        pg_root=$(readlink -m "$home/pg")
    else
        pg_root=$home/pg
    fi
    sockets_set
}

# A unix socket's path has 107 bytes at most; a deep home gets a short directory for them.
sockets_set() {
    sockets_far=
    pg_socket_dir=$pg_root/sock
    redis_socket=$home/run/redis.sock
    if [ "${#home}" -gt 80 ]; then
        sockets_far=/tmp/huying-$(id -u)-$home_hash
        pg_socket_dir=$sockets_far/pg
        redis_socket=$sockets_far/redis.sock
    fi
}

# home_create: everything of $HUYING_HOME. Secrets' directories are closed to others; the way to pg/
# is open to traverse, since PostgreSQL is another user when we are root.
home_create() {
    local dir
    mkdir -p "$home" 2>/dev/null || die no_runner "$home" "mkdir"
    [ -w "$home" ] || die no_runner "$home" "$(id -un)"
    for dir in keys run conf redis log files; do
        [ -d "$home/$dir" ] || mkdir -m 700 "$home/$dir"
    done
    mkdir -p "$supervised"
    pg_root_create
    [ -z "$sockets_far" ] || sockets_far_create
}

pg_root_create() {
    if as_root && [ ! -e "$pg_root" ] && ! as_pg test -x "$home"; then
        pg_root=/var/lib/huying-$home_hash
        say pg_elsewhere "$home" "$pg_root"
        mkdir -p "$pg_root"
        ln -sfn "$pg_root" "$home/pg"
        sockets_set
    fi
    mkdir -p "$pg_root"
    ! as_root || chown postgres: "$pg_root"
    chmod 700 "$pg_root"
    [ -n "$sockets_far" ] || as_pg mkdir -p "$pg_socket_dir"
}

# In /tmp anybody may have been first: only a directory of our own will do.
sockets_far_create() {
    mkdir -m 711 "$sockets_far" 2>/dev/null || true
    if [ -L "$sockets_far" ] || [ ! -O "$sockets_far" ]; then
        die bad_socket_dir "$sockets_far"
    fi
    mkdir -p "$pg_socket_dir"
    chmod 700 "$pg_socket_dir"
    ! as_root || chown postgres: "$pg_socket_dir"
}

# One deploy/run at a time per home. The kernel drops the lock with the processes that have it: a
# killed run's last child (initdb, a migration) may still be at it, so wait.
home_lock() {
    exec 9>>"$home/run/lock"
    flock -n 9 && return
    say busy_wait "$home"
    flock -w 120 9 || die busy "$home"
}

home_unlock() {
    exec 9>&-
}

# port_of WHAT INSTANCE
port_of() {
    local at=$(($2 - 1))
    case $1 in
    bus) printf %d $((base_port + 3 * at)) ;;
    feed) printf %d $((base_port + 3 * at + 1)) ;;
    hotline) printf %d $((base_port + 3 * at + 2)) ;;
    reports) printf %d $((base_port + 10 + at)) ;;
    broker) printf %d $((base_port + 20 + at)) ;;
    intake) printf %d $((base_port + 30 + at)) ;;
    routing) printf %d $((base_port + 40 + at)) ;;
    enforcement) printf %d $((base_port + 50 + at)) ;;
    volunteer) printf %d $((base_port + 60 + at)) ;;
    audit) printf %d $((base_port + 70 + at)) ;;
    esac
}

# Ports that somebody listens on, from /proc. The shell's own read takes a byte at a time, for which
# the kernel walks its tables anew: minutes, where thousands of connections have just been closed.
ports_listening() {
    local table address
    for table in /proc/net/tcp /proc/net/tcp6; do
        [ -r "$table" ] || continue
        awk '$4 == "0A" { print $2 }' "$table"
    done | while read -r address; do
        printf '%d\n' "$((16#${address##*:}))"
    done
}

# block_free BASE LISTENING…
block_free() {
    local base=$1 port
    shift
    for port in "$@"; do
        if [ "$port" -ge "$base" ] && [ "$port" -lt $((base + port_block)) ]; then
            return 1
        fi
    done
}

# The base of the ports that were given to this home before; 0 = none.
ports_known() {
    local name port
    if [ -r "$home/run/ports" ]; then
        read -r name port <"$home/run/ports"
        [ "$name" != base ] || { printf '%s' "$port" && return; }
    fi
    printf 0
}

# ports_choose: sets base_port; call under the host's lock, with nothing of ours running.
ports_choose() {
    local wanted=${HUYING_BASE_PORT:-} listening
    [ -n "$wanted" ] || { wanted=$(ports_known) && [ "$wanted" != 0 ]; } || wanted=7400
    if ! [[ $wanted =~ ^[0-9]{4,5}$ ]] || [ "$wanted" -lt 1024 ] || [ "$wanted" -gt 64900 ]; then
        die bad_port "$wanted"
    fi
    mapfile -t listening < <(ports_listening)
    base_port=$wanted
    until block_free "$base_port" "${listening[@]}"; do
        base_port=$((base_port + port_block))
        [ "$base_port" -le 65400 ] || die no_ports "$wanted"
    done
    [ "$base_port" = "$wanted" ] || say ports_moved "$wanted" "$base_port"
}

# Two checkouts that start at once would both find the same block free: the choice and the binding
# of it are one step, under a lock on a directory that every user can open.
host_lock() {
    exec 8</tmp
    flock -w 60 8 || true
}

host_unlock() {
    exec 8<&-
}

# instances_of NAME: how many the operator wants.
instances_of() {
    local name count
    if [ -r "$home/run/instances" ]; then
        while read -r name count; do
            [ "$name" != "$1" ] || { printf '%s' "$count" && return; }
        done <"$home/run/instances"
    fi
    [ "$1" = broker ] && printf 2 || printf 1
}

# instances_set NAME COUNT
instances_set() {
    local name
    for name in "${processes[@]}"; do
        if [ "$name" = "$1" ]; then
            printf '%s %s\n' "$name" "$2"
        else
            printf '%s %s\n' "$name" "$(instances_of "$name")"
        fi
    done >"$home/run/instances.new"
    mv "$home/run/instances.new" "$home/run/instances"
}

# run/ports: one line per port, for people and programs.
ports_write() {
    local name i
    {
        printf 'base %s\n' "$base_port"
        for ((i = 1; i <= $(instances_of broker); i++)); do
            printf 'bus-%d %s\nfeed-%d %s\nhotline-%d %s\n' "$i" "$(port_of bus "$i")" \
                "$i" "$(port_of feed "$i")" "$i" "$(port_of hotline "$i")"
        done
        for ((i = 1; i <= $(instances_of intake); i++)); do
            printf 'reports-%d %s\n' "$i" "$(port_of reports "$i")"
        done
        for name in "${processes[@]}"; do
            for ((i = 1; i <= $(instances_of "$name"); i++)); do
                printf 'http-%s-%d %s\n' "$name" "$i" "$(port_of "$name" "$i")"
            done
        done
    } >"$home/run/ports.new"
    mv "$home/run/ports.new" "$home/run/ports"
}
