# shellcheck shell=bash
# What makes the processes one site: keys, roles and passwords in the database, migrations, the
# profile's directory, and the configuration of every process. Each step is skipped when what it
# depends on has not changed since it last succeeded: a stamp beside the database (and gone with it)
# holds the checksum of its inputs.

text_add step_keys '生成密钥' 'making keys'
text_add step_migrate '建立和升级数据库表' 'migrating the database'
text_add step_apply '载入样板 %s' 'applying profile %s'
text_add ctl_failed 'huyingctl %s 没有成功(见上文)。' 'huyingctl %s failed (see above).'

ctl() {
    HUYING_ROOT=$root "$bin/huyingctl" "$@" 8<&- 9>&-
}

# stamp_fresh NAME SUM / stamp_set NAME SUM
stamp_fresh() {
    [ "$(cat "$pg_root/stamp.$1" 2>/dev/null)" = "$2" ]
}

stamp_set() {
    printf '%s\n' "$2" >"$pg_root/stamp.$1"
}

# files_sum PATH…: of names and contents, whatever the order.
files_sum() {
    find "$@" -type f -print0 | sort -z | xargs -0 -r sha256sum | sha256sum | cut -c1-64
}

# key_make NAME OPTIONS…: a key pair in keys/, its public half and rights in conf/peers.conf (the
# broker's is not listed). One that was interrupted in between is drawn anew.
key_make() {
    local name=$1
    shift
    if [ -e "$home/keys/$name.pub" ]; then
        [ "$name" != broker ] || return 0
        ! grep -qxF "[$name]" "$home/conf/peers.conf" 2>/dev/null || return 0
    fi
    ctl key new "$name" --replace "$@" >/dev/null || die ctl_failed "key new $name"
}

keys_make() {
    local name
    [ -e "$home/keys/hotline-demo.pub" ] || say step_keys
    key_make broker --service none
    for name in "${services[@]}"; do
        key_make "$name" --service "$name"
    done
    key_make ctl --service client --rights 'act;query;operate;feed'
    key_make hotline-demo --service client --rights hotline
    mkdir -p "$home/photos"
    [ -e "$home/keys/follow.key" ] || ctl key follow >/dev/null || die ctl_failed 'key follow'
    [ -e "$home/keys/persons.key" ] || ctl key persons >/dev/null || die ctl_failed 'key persons'
}

# The database itself; roles, their passwords (keys/pgpass) and all tables are huyingctl's to make.
database_make() {
    [ "$(pg_sql -d postgres -c "SELECT 1 FROM pg_database WHERE datname = 'huying'")" = 1 ] ||
        pg_sql -d postgres -c 'CREATE DATABASE huying'
}

site_migrate() {
    local sum
    sum=$(files_sum "$root"/services/*/schema)
    ! stamp_fresh migrate "$sum" || return 0
    say step_migrate
    database_make
    # The database is ours alone: if its passwords were deleted with the home, it gets new ones.
    local anew=()
    [ -e "$home/keys/pgpass" ] || anew=(--passwords)
    ctl migrate "${anew[@]}" >&2 || die ctl_failed migrate
    stamp_set migrate "$sum"
}

# site_apply DIRECTORY
site_apply() {
    local sum
    sum=$(files_sum "$1/")
    ! stamp_fresh apply "$sum" || return 0
    say step_apply "$1"
    ctl apply "$1" >&2 || die ctl_failed apply
    stamp_set apply "$sum"
}

# site_current: nothing to migrate or apply, so that all processes may start together.
site_current() {
    stamp_fresh migrate "$(files_sum "$root"/services/*/schema)" &&
        { [ ! -d "$profile_dir" ] || stamp_fresh apply "$(files_sum "$profile_dir/")"; }
}

# brokers_list bus|hotline: the endpoints of all brokers that there may be.
brokers_list() {
    local i list=
    for ((i = 1; i <= broker_count_max; i++)); do
        list+=${list:+;}tcp://127.0.0.1:$(port_of "$1" "$i")
    done
    printf %s "$list"
}

# conf_service NAME USER CONNINFO-TAIL: the part that all have that speak on the bus.
conf_service() {
    cat <<EOF
# Written by deploy/run at each start. To change a value, set HUYING_SECTION_KEY in its environment.
[bus]
brokers=$(brokers_list bus)
server_key=$(cat "$home/keys/broker.pub")
key=$home/keys/$1.key
credit=4096

[store]
conninfo=host=$pg_socket_dir port=5432 dbname=huying user=$2$3

[redis]
socket=$redis_socket

[log]
level=info
EOF
}

# The mapping files of the profile's hotlines, each with a key to sign with that is made once.
vendors_write() {
    local file keys
    for file in "$root/deploy/profiles/$profile/vendors"/*.conf; do
        [ -e "$file" ] || continue
        mkdir -p "$home/conf/vendors"
        cp "$file" "$home/conf/vendors/"
        keys=$home/conf/vendors/$(basename "$file" .conf).keys
        [ -e "$keys" ] || (umask 077 && printf 'site hmac-sha256 %s\n' \
            "$(od -An -tx1 -N32 /dev/urandom | tr -d ' \n')" >"$keys")
    done
}

conf_write() {
    local name
    vendors_write
    for name in "${services[@]}"; do
        {
            conf_service "$name" "huying_$name" " passfile=$home/keys/pgpass"
            printf '\n[http]\nhost=127.0.0.1\nport=0\n\n[batch]\nsize=256\nlanes=1\n'
            [ "$name" != intake ] || printf '\n[intake]\nport=%s\nfollow=%s\nphotos=%s\n' \
                "$(port_of reports 1)" "$home/keys/follow.key" "$home/photos"
            [ "$name" != intake ] || printf 'persons=%s\n' "$home/keys/persons.key"
            [ "$name" != intake ] || printf 'qr_url=http://127.0.0.1:%s/v1/qr/\n' \
                "$(port_of reports 1)"
            [ "$name" != intake ] || [ ! -e "$root/deploy/profiles/$profile/open311.conf" ] ||
                printf 'open311=%s\n' "$root/deploy/profiles/$profile/open311.conf"
            [ "$name" != intake ] || [ ! -d "$root/deploy/profiles/$profile/vendors" ] ||
                printf 'vendors=%s\n' "$home/conf/vendors"
            [ "$name" != intake ] || printf '\n[callback]\nkeys=%s\n' "$home/keys/callback.key"
        } >"$home/conf/$name.conf"
    done
    conf_service ctl huying '' |
        sed "s|^key=|hotlines=$(brokers_list hotline)\nkey=|" >"$home/conf/ctl.conf"
    cat >"$home/conf/broker.conf" <<EOF
# Written by deploy/run at each start. To change a value, set HUYING_SECTION_KEY in its environment.
[broker]
bind=tcp://127.0.0.1:$(port_of bus 1)
feed=tcp://127.0.0.1:$(port_of feed 1)
hotline=tcp://127.0.0.1:$(port_of hotline 1)
key=$home/keys/broker.key
peers=$home/conf/peers.conf

[http]
host=127.0.0.1
port=0

[log]
level=info
EOF
}

# instance_unit NAME INSTANCE: the supervised process; what differs between instances is
# environment.
instance_unit() {
    local name=$1 i=$2
    {
        printf 'cd /\nexport HUYING_HOME=%q HUYING_HTTP_PORT=%s\n' "$home" "$(port_of "$name" "$i")"
        [ "$name" != intake ] || printf 'export HUYING_INTAKE_PORT=%s\n' "$(port_of reports "$i")"
        if [ "$name" = broker ]; then
            printf 'export HUYING_BROKER_%s=tcp://127.0.0.1:%s\n' BIND "$(port_of bus "$i")" \
                FEED "$(port_of feed "$i")" HOTLINE "$(port_of hotline "$i")"
        fi
        printf 'exec %q --conf %q --instance %s\n' "$bin/huying-$name" "$home/conf/$name.conf" "$i"
    } | unit_write "$name-$i"
}

instance_ready() {
    [ "$(http_status "$(port_of "$1" "$2")" /readyz)" = 200 ]
}
