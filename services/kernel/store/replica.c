#include "services/kernel/store/replica.h"

const struct statement SQL_REPLICA = {"k_replica",
        "SELECT pg_is_in_recovery(), current_setting('fsync') = 'on', "
        "coalesce((pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, 0), "
        "coalesce((extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) "
        "* 1000)::bigint, -1), incarnation FROM directory.site"};
const struct statement SQL_POSITION = {
        "k_position", "SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint"};

static void replica_read(void *self, const PGresult *result)
{
    struct replica_row *row = self;
    if (PQntuples(result) == 1)
        *row = (struct replica_row){.found = true,
                .standby = row_int(result, 0, 0) != 0,
                .durable = row_int(result, 0, 1) != 0,
                .position = row_int(result, 0, 2),
                .age_ms = row_int(result, 0, 3),
                .incarnation = row_int(result, 0, 4)};
}

void replica_ask(struct pg *pg, struct replica_row *ret, pg_done_fn *done, void *self)
{
    *ret = (struct replica_row){0};
    pg_queue(pg, &SQL_REPLICA, NULL, replica_read, ret);
    pg_sync(pg, done, self);
}

static void position_read(void *self, const PGresult *result)
{
    *(int64_t *)self = PQntuples(result) == 1 ? row_int(result, 0, 0) : 0;
}

void position_ask(struct pg *pg, int64_t *ret, pg_done_fn *done, void *self)
{
    *ret = 0;
    pg_queue(pg, &SQL_POSITION, NULL, position_read, ret);
    pg_sync(pg, done, self);
}
