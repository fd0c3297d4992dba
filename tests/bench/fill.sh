# shellcheck shell=bash
# shellcheck disable=SC2154 # site_dir, site_base and work are the caller's
# A site with millions of closed cases, without years of waiting: a few thousand go through it, and
# their rows are copied by set-based SQL under other ids until there are enough. The ids continue
# what the services had minted, the ledger's pages continue its places, the counters are multiplied,
# and the next ids come after it all, so that new cases meet tables as years would have left them:
# in the order of their ids, indexes full, vacuumed.
#
# Made up, besides the copies themselves: a copied leaf names the case it was copied from, and the
# roots in the ledger's head are zeros (a ledger of that length; `huyingctl audit verify` refuses
# it). Answers to commands are not copied (they go after days, not years), nor is anything in Redis.
# To be sourced by growth, with site.sh.

fill_template=2000 # cases that go the whole way
fill_batch=20      # copies of them in one transaction
fill_tables=(intake.report intake.ticket intake.history routing.cases routing.history
    enforcement.missions enforcement.history volunteer.needs volunteer.credit volunteer.history
    audit.pages)

# fill_columns STRIDE ARRIVALS LEAVES: what copy k of a column is, as rows for VALUES; columns that
# are not here are the same in every copy.
fill_columns() {
    local column
    for column in id agg report need_id page; do
        printf "('%s', 't.%s + k * %s'), " "$column" "$column" "$1"
    done
    for column in ref source_ref; do
        printf "('%s', 't.%s || ''-'' || k'), " "$column" "$column"
    done
    printf "('arrival', 't.arrival + k * %s'), " "$2"
    printf "('first_place', 't.first_place + k * %s'), " "$3"
    printf "('outcome_pending', 'false')"
}

fill_sql() {
    PGOPTIONS='-c synchronous_commit=off' psql -X -q -At -v ON_ERROR_STOP=1 -d "$(site_conninfo)" \
        "$@" >/dev/null
}

# fill_table TABLE COPIES STRIDE ARRIVALS LEAVES: the copies 1 to COPIES, in their order. The
# statement is made from the columns that the table has today.
fill_table() {
    fill_sql -v table="$1" -v copies="$2" -v batch="$fill_batch" <<SQL
CREATE TEMP TABLE template AS SELECT * FROM $1 ORDER BY 1;
ANALYZE template;
SELECT format('INSERT INTO %s (%s) SELECT %s FROM generate_series(%s::bigint, %s::bigint) AS k,'
        ' LATERAL (SELECT * FROM template OFFSET 0 * k) AS t', :'table',
        string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
        string_agg(coalesce(c.copy, 't.' || quote_ident(a.attname)), ', ' ORDER BY a.attnum),
        n, least(n + :batch - 1, :copies))
    FROM pg_attribute AS a
        LEFT JOIN (VALUES $(fill_columns "$3" "$4" "$5")) AS c (name, copy) ON c.name = a.attname
        CROSS JOIN generate_series(1, :copies, :batch) AS n
    WHERE a.attrelid = :'table'::regclass AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attgenerated = ''
    GROUP BY n ORDER BY n
\gexec
SQL
}

# fill_heads COPIES STRIDE ARRIVALS LEAVES: what says how far ids, places and counters are.
fill_heads() {
    local schema
    for schema in intake routing enforcement volunteer audit; do
        printf 'UPDATE %s.id_block SET next = next + (%s + 1) * %s;\n' "$schema" "$1" "$2"
        printf 'UPDATE %s.counter SET value = value * (%s + 1);\n' "$schema" "$1"
    done | fill_sql -1
    fill_sql -1 -v copies="$1" -v arrivals="$3" -v leaves="$4" <<'SQL'
SELECT setval('audit.arrival', nextval('audit.arrival') + :copies * :arrivals);
UPDATE audit.head SET size = size + :copies::bigint * :leaves;
UPDATE audit.head SET frontier = decode(repeat('00', 32 * length(replace(size::bit(63)::text,
    '0', ''))), 'hex');
SQL
}

# fill_hurry off|RESET: without waiting for the disk while rows are copied (a crash then would mean
# to begin again), and as the site has it otherwise.
fill_hurry() {
    local value=$1 setting
    for setting in fsync full_page_writes autovacuum; do
        [ "$value" = RESET ] && setting="RESET $setting" || setting="SET $setting = $value"
        site_sql "ALTER SYSTEM $setting" >/dev/null
    done
    site_sql 'SELECT pg_reload_conf()' >/dev/null
}

# fill_site N: the site's services are stopped meanwhile. At least N closed cases afterwards.
fill_site() {
    local copies=$((($1 + fill_template - 1) / fill_template - 1)) stride arrivals leaves schema
    local table jobs=() job
    site_load cases --count "$fill_template" >/dev/null
    site_settle
    site_units d "${site_services[@]}"
    read -r stride arrivals leaves < <(site_sql "SELECT greatest((SELECT next FROM intake.id_block),
        (SELECT next FROM routing.id_block), (SELECT next FROM enforcement.id_block),
        (SELECT next FROM volunteer.id_block)), (SELECT max(arrival) FROM audit.pages),
        (SELECT size FROM audit.head)" | tr '|' ' ')
    fill_hurry off
    [ "$copies" -eq 0 ] || for schema in routing intake audit enforcement volunteer; do
        for table in "${fill_tables[@]}"; do
            [[ $table != "$schema".* ]] || fill_table "$table" "$copies" "$stride" "$arrivals" \
                "$leaves" || exit
        done &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do
        wait "$job"
    done
    [ "$copies" -eq 0 ] || fill_heads "$copies" "$stride" "$arrivals" "$leaves"
    touch "$site_dir/filled"
    fill_sql -c 'VACUUM (ANALYZE, PARALLEL 2)' -c CHECKPOINT
    fill_hurry RESET
    sync
    fill_check "$copies"
    site_units u "${site_services[@]}"
    site_services_ready
}

# All copies are there, and the ledger's pages are as long as its head says.
fill_check() { # COPIES
    local wanted=$((($1 + 1) * fill_template)) found
    found=$(site_sql "SELECT count(*), (SELECT sum(p.count) FROM audit.pages AS p) = h.size
        FROM routing.cases AS c, audit.head AS h WHERE c.ended_at IS NOT NULL GROUP BY h.size")
    [ "$found" = "$wanted|t" ] || {
        printf 'tests/bench: filled with %s (cases, ledger), expected %s|t\n' "$found" "$wanted" >&2
        return 1
    }
}

# GiB of the database, tables and indexes.
fill_size() {
    site_sql "SELECT round(pg_database_size(current_database()) / 2^30::numeric, 2)"
}
