# shellcheck shell=bash
# shellcheck disable=SC2154 # bin and root are run's
# R5 and R6: queues that others wrote, with R1's step as the effect of each message (README.md).
# Only where tests/bench/install-others has been; without it, others_missing says so and nothing
# else is called. RabbitMQ is a private node: its files in a directory of the bench's, on loopback,
# with an epmd of its own, both stopped by their process ids.
# To be sourced; needs bash, coreutils and lib.sh.

others_dir=${HUYING_BENCH_OTHERS:-${XDG_CACHE_HOME:-$HOME/.cache}/huying/bench-others}
rabbit_bin=${RABBIT_BIN:-/usr/lib/rabbitmq/bin}
rabbit_pid='' epmd_pid='' rabbit_port=

# The npm packages are there, in the versions that the checkout asks for.
others_npm_present() {
    [ -d "$others_dir/node_modules/graphile-worker" ] &&
        [ -d "$others_dir/node_modules/pg-boss" ] &&
        cmp -s "$root/tests/bench/others/package-lock.json" "$others_dir/package-lock.json"
}

others_rabbit_present() {
    [ -x "$rabbit_bin/rabbitmq-server" ] && pkg-config --exists librabbitmq
}

others_npm_runs() {
    command -v node >/dev/null && others_npm_present
}

# One line for each row that will not run, and what to do.
others_missing() {
    local how='to install it: tests/bench/install-others'
    others_rabbit_present || printf 'R5 does not run: RabbitMQ is not installed; %s\n' "$how"
    others_npm_runs ||
        printf 'R6 does not run: graphile-worker and pg-boss are not in %s; %s\n' "$others_dir" \
            "$how"
}

# free_ports N: that many TCP ports of loopback that nobody listens on now.
free_ports() {
    local wanted=$1 port
    while [ "$wanted" -gt 0 ]; do
        port=$((20000 + RANDOM % 10000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            printf '%s\n' "$port"
            wanted=$((wanted - 1))
        fi
    done
}

# port_wait PORT PID: until somebody listens there, as long as PID lives, for a minute at most.
port_wait() {
    local until=$((SECONDS + 60))
    until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
        kill -0 "$2" 2>/dev/null && [ $SECONDS -lt $until ] || return 1
        sleep 0.1
    done
}

# rabbit_start DIR: a node of its own; what it says is in DIR/rabbit/log.
rabbit_start() {
    local dir=$1/rabbit ports
    mkdir -p "$dir"
    mapfile -t ports < <(free_ports 3)
    rabbit_port=${ports[0]}
    : >"$dir/plugins"
    : >"$dir/rabbitmq.conf"
    epmd -address 127.0.0.1 -port "${ports[2]}" >"$dir/epmd.log" 2>&1 &
    epmd_pid=$!
    port_wait "${ports[2]}" "$epmd_pid" || return 1
    HOME=$dir ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=${ports[2]} \
        RABBITMQ_NODENAME=huying-bench-$$@localhost \
        RABBITMQ_MNESIA_BASE=$dir/data \
        RABBITMQ_LOG_BASE=$dir/log RABBITMQ_CONFIG_FILE=$dir/rabbitmq.conf \
        RABBITMQ_PID_FILE=$dir/pid RABBITMQ_ENABLED_PLUGINS_FILE=$dir/plugins \
        RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=$rabbit_port \
        RABBITMQ_DIST_PORT=${ports[1]} \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}' \
        setsid "$rabbit_bin/rabbitmq-server" >"$dir/said" 2>&1 </dev/null &
    rabbit_pid=$!
    port_wait "$rabbit_port" "$rabbit_pid" || {
        tail -n 20 "$dir/said" >&2
        return 1
    }
}

# The node's process group is its own: the script, the virtual machine and its helpers.
rabbit_stop() {
    local tries=200
    [ -z "$rabbit_pid" ] || {
        kill -TERM -- "-$rabbit_pid" 2>/dev/null || true
        while kill -0 -- "-$rabbit_pid" 2>/dev/null && [ $((tries--)) -gt 0 ]; do
            sleep 0.1
        done
        kill -KILL -- "-$rabbit_pid" 2>/dev/null || true
    }
    [ -z "$epmd_pid" ] || kill -TERM "$epmd_pid" 2>/dev/null || true
    rabbit_pid='' epmd_pid=''
}

# others_start DIR: what is not started anew for each measurement.
others_start() {
    ! others_rabbit_present || rabbit_start "$1"
}

others_stop() {
    rabbit_stop
}

# queue_measure MODE SECONDS CONNINFO DIR: R6, in the database of the references in DIR.
queue_measure() {
    "$bin/huying-bench-reference" --only tables "$3" "$4" &&
        node "$root/tests/bench/others/queue.js" "$1" "$2" "$4" bench postgres \
            "$others_dir/node_modules"
}

# others_round FILE ROUND SECONDS DIR: every row that can run here.
others_round() {
    local file=$1 round=$2 seconds=$3 dir=$4 conninfo mode
    conninfo=$(bench_conninfo "$dir")
    [ -z "$rabbit_port" ] || bench_round "$file" "$round" "$bin/huying-bench-rabbit" \
        --seconds "$seconds" "$rabbit_port" "$conninfo" "$dir"
    others_npm_runs || return 0
    for mode in graphile_tuned graphile pgboss; do
        bench_round "$file" "$round" queue_measure "$mode" "$seconds" "$conninfo" "$dir"
    done
}
