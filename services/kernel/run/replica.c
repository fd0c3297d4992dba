/* The connection to a replica from which queries are answered, where one is configured. How old its
 * answers may be is known from two sides: it has replayed all that the primary had written when it
 * was last asked (so an idle primary does not look like a lag), or else by the age of the last
 * transaction that it replayed. When neither is within `[store] replica_lag_s`, when it is away,
 * hangs, was promoted or belongs to another incarnation, queries go to the primary.
 *
 * A drill's queries always do: who moves its clock must see what came of it. Nothing here is needed
 * for commands or messages. */
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/log.h"
#include "services/kernel/base/must.h"
#include "services/kernel/run/loop.h"
#include "services/kernel/store/replica.h"

#define LOOK_MS 200 /* between two questions to either side */

struct replica {
    struct loop *loop;
    struct pg *pg;
    struct statement *statements;
    uint64_t connects;
    struct replica_row row;
    bool asking; /* the replica; then since asked_ms */
    int64_t asked_ms;
    bool known;               /* current_ms says something */
    int64_t current_ms;       /* it shows at least what was committed at this monotonic instant */
    const char *why;          /* it is not used; static, "" = ask pg_message */
    int64_t answer, position; /* of the primary: being read; the last one */
    bool position_asking, position_known;
    int64_t position_sent_ms, position_ms; /* of the question under way; of the last answer's */
    bool up;
    int64_t told_ms;
};

void replica_new(struct loop *loop)
{
    size_t count, own = loop->ops->query_count;
    if (!loop->conf.replica[0])
        return;
    const struct statement *queries = query_statements(&count);
    struct replica *replica = calloc(1, sizeof *replica);
    must(replica);
    replica->loop = loop;
    replica->why = "";
    replica->statements = calloc(count + own + 1, sizeof *replica->statements);
    must(replica->statements);
    memcpy(replica->statements, queries, count * sizeof *queries);
    for (size_t i = 0; i < own; i++)
        replica->statements[count++] = *loop->ops->queries[i].statement;
    replica->statements[count++] = SQL_REPLICA;
    replica->pg = pg_new(loop->conf.replica, loop->ops->schema);
    pg_prepare(replica->pg, replica->statements, count);
    loop->replica = replica;
}

void replica_destroy(struct loop *loop)
{
    struct replica *replica = loop->replica;
    if (!replica)
        return;
    pg_destroy(&replica->pg);
    free(replica->statements);
    free(replica);
    loop->replica = NULL;
}

const struct pg *replica_watched(const struct loop *loop)
{
    return loop->replica ? loop->replica->pg : NULL;
}

static int64_t lag_max_ms(const struct loop *loop)
{
    return loop->conf.replica_lag_s * 1000;
}

static bool recent(const struct replica *replica)
{
    const struct loop *loop = replica->loop;
    return pg_state(replica->pg) == PG_READY && replica->known &&
           loop->now_ms - replica->current_ms <= lag_max_ms(loop);
}

struct pg *replica_pg(const struct loop *loop)
{
    const struct replica *replica = loop->replica;
    bool drill = loop->site.drill || loop->site.incarnation == 0; /* or not known yet */
    return replica && !drill && recent(replica) ? replica->pg : NULL;
}

/* What keeps it from being used, whatever its age; NULL = nothing. */
static const char *unfit(const struct replica *replica)
{
    const struct replica_row *row = &replica->row;
    if (!row->found)
        return "it has no site yet";
    if (!row->standby)
        return "it is no standby; set [store] replica to one, or leave it empty";
    if (!row->durable)
        return "fsync is off there; turn it on";
    if (row->incarnation != replica->loop->incarnation)
        return "its site is another incarnation";
    return NULL;
}

/* What it has shown on this connection it goes on to show. */
static void current_raise(struct replica *replica, int64_t current_ms)
{
    if (!replica->known || current_ms > replica->current_ms)
        replica->current_ms = current_ms;
    replica->known = true;
}

static void replica_answered(void *self, enum err err, const char *message)
{
    struct replica *replica = self;
    const struct replica_row *row = &replica->row;
    (void)message; /* pg_message has it */
    replica->asking = false;
    replica->why = err == OK ? unfit(replica) : "";
    if (replica->why) {
        replica->known = false;
        return;
    }
    replica->why = "it is further behind than [store] replica_lag_s";
    if (row->age_ms >= 0)
        current_raise(replica, replica->asked_ms - row->age_ms);
    if (replica->position_known && row->position >= replica->position)
        current_raise(replica, replica->position_ms);
}

static void primary_answered(void *self, enum err err, const char *message)
{
    struct replica *replica = self;
    (void)message;
    replica->position_asking = false;
    if (err != OK || !replica->answer)
        return; /* what was known before is still true, and grows old */
    replica->position_known = true;
    replica->position = replica->answer;
    replica->position_ms = replica->position_sent_ms;
}

static void primary_turn(struct replica *replica)
{
    struct loop *loop = replica->loop;
    if (replica->position_asking || !loop->aux_attached || pg_state(loop->aux) != PG_READY ||
            loop->now_ms - replica->position_sent_ms < LOOK_MS)
        return;
    replica->position_asking = true;
    replica->position_sent_ms = loop->now_ms;
    position_ask(loop->aux, &replica->answer, primary_answered, replica);
}

/* Says once that it is used or not, and why, and again now and then while it is not. */
static void replica_tell(struct replica *replica)
{
    struct loop *loop = replica->loop;
    bool up = recent(replica);
    const char *why = replica->why[0] ? replica->why : pg_message(replica->pg);
    metric_set(&loop->metrics, replica_up, up);
    if (up == replica->up && (up || !why[0] || loop->now_ms - replica->told_ms < TOLD_MS))
        return;
    replica->up = up;
    replica->told_ms = loop->now_ms;
    if (up)
        log_info("REPLICA-UP", "backend=%d", pg_backend(replica->pg));
    else
        log_warn("REPLICA-AWAY", "why=%s", log_quote(why));
}

/* One that hangs must not keep the queries that it was given: they end with the connection. */
static void replica_look(struct replica *replica)
{
    struct loop *loop = replica->loop;
    if (replica->connects != pg_connects(replica->pg)) {
        replica->connects = pg_connects(replica->pg);
        replica->known = false;
    }
    if (replica->asking && loop->now_ms - replica->asked_ms > lag_max_ms(loop)) {
        pg_reset(replica->pg);
        replica->why = "it does not answer";
    } else if (!replica->asking && loop->now_ms - replica->asked_ms >= LOOK_MS) {
        replica->asking = true;
        replica->asked_ms = loop->now_ms;
        replica_ask(replica->pg, &replica->row, replica_answered, replica);
    }
}

void replica_turn(struct loop *loop)
{
    struct replica *replica = loop->replica;
    if (!replica)
        return;
    primary_turn(replica);
    pg_turn(replica->pg, loop->now_ms);
    if (pg_state(replica->pg) == PG_READY)
        replica_look(replica);
    else
        replica->why = "";
    replica_tell(replica);
}
