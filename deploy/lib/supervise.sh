# shellcheck shell=bash
# Supervision by runit: run/service/NAME-I holds one process each, under a runsv of its own that
# restarts it within a second and hands its output to svlogd (log/NAME-I/current, rotated). There is
# no runsvdir above them: it looks for new directories only every five seconds, and scaling should
# not wait for that. runsv is alive exactly while it holds the lock supervise/lock.

runsv_alive() {
    [ -e "$1/supervise/lock" ] && ! flock -n "$1/supervise/lock" true
}

# unit_pid DIR: the process's id, empty when it is down.
unit_pid() {
    cat "$1/supervise/pid" 2>/dev/null || true
}

# unit_names: all that are set up, the engines first.
unit_names() {
    local dir
    for dir in "$supervised"/postgres "$supervised"/redis "$supervised"/*-[0-9]*; do
        [ ! -d "$dir" ] || printf '%s\n' "${dir##*/}"
    done
}

# A runsv that was killed leaves its process behind. It is ours only if its command line names our
# home.
orphan_end() {
    local dir=$1 pid
    pid=$(unit_pid "$dir")
    [ -n "$pid" ] && [ -r "/proc/$pid/cmdline" ] || return 0
    if tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF -e "$home/" -e "$pg_root/"; then
        kill -"${2:-TERM}" "$pid" 2>/dev/null || true
        pid_wait "$pid" 10 || kill -KILL "$pid" 2>/dev/null || true
    fi
}

# pid_wait PID SECONDS: until it is gone.
pid_wait() {
    local tries=$(($2 * 20))
    while kill -0 "$1" 2>/dev/null; do
        [ $((tries--)) -gt 0 ] || return 1
        sleep 0.05
    done
}

# wait_for SECONDS COMMAND…: polls until the command succeeds.
wait_for() {
    local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
    shift
    until "$@"; do
        [ "${EPOCHREALTIME/[.,]/}" -lt "$end" ] || return 1
        sleep 0.03
    done
}

# unit_write NAME: the command that is to run comes on standard input, as the body of a script.
# unit_write keeps a running one's directory; what it reads takes effect at its next start.
unit_write() {
    local dir=$supervised/$1
    mkdir -p "$dir/log" "$home/log/$1"
    {
        printf '#!/bin/bash\nexec 2>&1\nprintf . >>%q\n' "$dir/starts"
        cat
    } >"$dir/run.new"
    printf '#!/bin/sh\nexec svlogd -b 8192 "%s"\n' "$home/log/$1" >"$dir/log/run"
    printf 's10000000\nn5\n' >"$home/log/$1/config"
    chmod 755 "$dir/run.new" "$dir/log/run"
    mv "$dir/run.new" "$dir/run"
}

# unit_start NAME: nothing when it runs already. Detached: Ctrl-C here must not reach it.
unit_start() {
    local dir=$supervised/$1
    ! runsv_alive "$dir" || return 0
    orphan_end "$dir"
    rm -f "$dir/starts" "$dir/down"
    setsid -f runsv "$dir" </dev/null >>"$home/log/supervise" 2>&1 8<&- 9>&-
}

# units_stop SECONDS NAME…: asks all at once, then waits; who is still there after that is killed.
units_stop() {
    local seconds=$1 name dir
    shift
    for name in "$@"; do
        dir=$supervised/$name
        ! runsv_alive "$dir" || printf x >"$dir/supervise/control"
    done
    for name in "$@"; do
        dir=$supervised/$name
        if ! wait_for "$seconds" runsv_gone "$dir"; then
            say kill_now "$name" "$seconds"
            printf kx >"$dir/supervise/control"
            wait_for 5 runsv_gone "$dir" || true
        fi
        orphan_end "$dir"
    done
}

runsv_gone() {
    ! runsv_alive "$1"
}

# units_restart NAME…: those that run; the rest is for unit_start.
units_restart() {
    local name
    for name in "$@"; do
        ! runsv_alive "$supervised/$name" || printf t >"$supervised/$name/supervise/control"
    done
}

# http_status PORT PATH: 200, 503 …; empty when nobody answers. No curl on a bare machine.
http_status() {
    local line
    {
        exec 7<>"/dev/tcp/127.0.0.1/$1"
    } 2>/dev/null || return 0
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' "$2" >&7
    read -r -t 2 _ line _ <&7 || true
    exec 7>&-
    printf '%s' "$line"
}

port_open() {
    { exec 7<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
    exec 7>&-
}

text_add kill_now '%s 在 %s 秒内没有停下,强制结束。' '%s did not stop within %s seconds; killing it.'
