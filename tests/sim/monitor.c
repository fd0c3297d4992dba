#include "tests/sim/monitor.h"

#include <inttypes.h>
#include <string.h>

#include "services/kernel/base/buf.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/run/outgoing.h"
#include "services/kernel/wire/envelope.h"
#include "tests/sim/columns.h"
#include "tests/sim/people.h"
#include "tests/sim/sim.h"
#include "tests/sim/twins.h"

#define ARENA_LIMIT ((size_t)16 << 20)
#define SLACK_MS 7000 /* a jump of the clock that nobody can notice, and the batch's own time */

static struct arena scratch;
static struct table ever; /* every message id that ever was in an outbox, also of what was undone */

void monitor_begin(void)
{
    arena_init(&scratch, ARENA_LIMIT);
    ever = (struct table){0};
}

void monitor_end(void)
{
    arena_fini(&scratch);
    free(ever.rows);
    free(ever.buckets);
}

bool monitor_poison(enum service_id service, const struct version *version)
{
    if (service == SERVICE_NONE) /* the toy's */
        return cell_int(version, TOY_TOTAL) >= TOY_TOTAL_MAX;
    const struct cell *summary = &version->cells[CASE_SUMMARY];
    return service == SERVICE_ROUTING && !sim.calm && !summary->null &&
           memmem(summary->data, (size_t)summary->size, "poison", 6);
}

static void deadline_check(int64_t agg, int64_t at_ms)
{
    const struct row *row = row_find(db_table(SERVICE_ROUTING, T_AGG), key1(agg));
    const struct version *old = row && row->head->txn ? row->head->older : NULL;
    if (!old || old->deleted || !cell_int(old, CASE_DUE))
        return;
    int64_t due = cell_int(old, CASE_DUE);
    int64_t truly = sim.drill ? db.clock_ms : SIM_EPOCH_MS + sim.now_ms + SLACK_MS;
    sim_stats[STAT_DEADLINES]++;
    /* A drill's decision is dated with the deadline itself (DESIGN: time). */
    if (at_ms < due || (at_ms == due && !sim.drill) || truly <= due)
        sim_fail("the deadline of case %" PRId64 " fired %" PRId64 " ms early (judged at %" PRId64
                 " ms after it)",
                id_counter(agg), due - truly, at_ms - due);
    int64_t state = cell_int(old, CASE_STATE);
    if (state == STATE_SUSPENDED || state == STATE_MERGED)
        sim_fail("the deadline of case %" PRId64 " fired while its clock stood", id_counter(agg));
    if (cell_int(row->head, CASE_LEVEL) < cell_int(old, CASE_LEVEL))
        sim_fail("case %" PRId64 " went down a level", id_counter(agg));
}

void monitor_steps(const struct call *call)
{
    for (int i = 0; i < call->args[0].count; i++) {
        int64_t agg = arg_at(call, 0, i), ver = arg_at(call, 1, i), kind = arg_at(call, 2, i);
        const struct row *row = row_find(own_table(call, T_HISTORY), (struct key){agg, ver, 0});
        if (row && row_see(row, call->txn))
            sim_fail("%s: version %" PRId64 " of %" PRId64 " is there twice",
                    service_name(call->service), ver, id_counter(agg));
        if (call->service == SERVICE_ROUTING &&
                (kind == STEP_KIND_ESCALATE || kind == STEP_KIND_OVERDUE))
            deadline_check(agg, arg_at(call, 5, i));
    }
}

static uint64_t message_digest(int64_t dest, int64_t agg, int64_t n, const struct cell *payload)
{
    uint64_t hash = bytes_hash(payload->data, (size_t)payload->size);
    return hash ^ (uint64_t)dest << 56 ^ (uint64_t)agg * 31 ^ (uint64_t)n * UINT64_C(0x9E3779B9);
}

/* Ids are for ever: also those of commits that a restore has undone. */
static void id_check(enum service_id source, const struct version *message, uint64_t digest)
{
    struct row *row = row_make(&ever, key1(cell_int(message, O_ID)));
    if (!row->head) {
        row->head = arena_get(&sim.arena, sizeof(struct version) + 5 * sizeof(struct cell));
        const int64_t values[] = {(int64_t)digest, source, cell_int(message, O_DEST),
                cell_int(message, O_AGG), cell_int(message, O_N)};
        for (int i = 0; i < 5; i++)
            row->head->cells[i] = cell_number(values[i]);
    }
    if (cell_int(row->head, 0) != (int64_t)digest)
        sim_fail("%s: the message id %" PRId64 " was given out twice", service_name(source),
                id_counter(cell_int(message, O_ID)));
}

static void publish_now(struct call *call, const struct version *message)
{
    BUF_OWNED payload = {0};
    struct envelope envelope = {.id = cell_int(message, O_ID),
            .agg = cell_int(message, O_AGG),
            .n = (uint64_t)cell_int(message, O_N),
            .type = (uint32_t)cell_int(message, O_TYPE),
            .at_ms = cell_int(message, O_AT),
            .payload = {message->cells[O_PAYLOAD].data, (size_t)message->cells[O_PAYLOAD].size}};
    struct frame head = {.kind = FRAME_EVENTS,
            .source = call->service,
            .dest = (enum service_id)cell_int(message, O_DEST),
            .bucket = (uint8_t)(id_hash(envelope.agg) % BUCKET_COUNT),
            .count = 1,
            .incarnation = (uint64_t)db.incarnation};
    batch_begin(&payload, head.incarnation);
    batch_add(&payload, &envelope);
    net_publish(call->service, &head, payload.data, payload.size);
}

enum exec monitor_sent(struct call *call, const struct version *message)
{
    struct key key = {cell_int(message, O_DEST), cell_int(message, O_AGG), cell_int(message, O_N)};
    struct row *row = row_make(own_table(call, T_SENT), key);
    uint64_t digest = message_digest(key.a, key.b, key.c, &message->cells[O_PAYLOAD]);
    if (!row_lock(call->txn, row))
        return EXEC_WAIT;
    if (row_see(row, call->txn))
        sim_fail("%s: number %" PRId64 " to %s about %" PRId64 " was used twice",
                service_name(call->service), key.c, service_name((enum service_id)key.a),
                id_counter(key.b));
    struct version *version = row_write(call->txn, row, SE_COUNT);
    version->cells[SE_ID] = message->cells[O_ID];
    version->cells[SE_DIGEST] = cell_number((int64_t)digest);
    id_check(call->service, message, digest);
    if (sim_planted(PLANT_PUBLISH_EARLY))
        publish_now(call, message);
    return EXEC_DONE;
}

static void outbox_row_drop(enum service_id source, int64_t id)
{
    struct txn txn = {0};
    struct row *row = row_find(db_table(source, T_OUTBOX), key1(id));
    if (row && row_see(row, NULL) && row_lock(&txn, row))
        row_delete(&txn, row);
    txn_commit(&txn);
    free(txn.rows);
}

static void event_out(enum service_id source, enum service_id dest, const struct envelope *event)
{
    struct key key = {dest, event->agg, (int64_t)event->n};
    const struct version *sent = row_confirmed(row_find(db_table(source, T_SENT), key));
    if (!sent || cell_int(sent, SE_ID) != event->id)
        sim_fail("%s sent number %" PRIu64 " about %" PRId64 " to %s, which is not confirmed",
                service_name(source), event->n, id_counter(event->agg), service_name(dest));
    if (sim_planted(PLANT_DELETE_AT_PUBLISH))
        outbox_row_drop(source, event->id);
}

static bool effect_confirmed(enum service_id at, enum service_id source, int64_t agg, int64_t n)
{
    struct key key = {agg, source, n};
    const struct version *row = row_confirmed(row_find(db_table(at, T_AGG), key1(agg)));
    int column = column_of_seen(at, source);
    if (row && column >= 0 && cell_int(row, column) >= n)
        return true;
    return row_confirmed(row_find(db_table(at, T_WAITING), key)) ||
           row_confirmed(row_find(db_table(at, T_DEAD), key));
}

static void ack_out(enum service_id at, int64_t id)
{
    const struct row *row = row_find(&ever, key1(id));
    if (!row) {
        sim_fail("%s acknowledged a message that never was", service_name(at));
        return;
    }
    enum service_id source = (enum service_id)cell_int(row->head, 1);
    int64_t agg = cell_int(row->head, 3), n = cell_int(row->head, 4);
    if (!effect_confirmed(at, source, agg, n))
        sim_fail("%s acknowledged number %" PRId64 " of %s about %" PRId64
                 ", whose effect is not confirmed",
                service_name(at), n, service_name(source), id_counter(agg));
}

void monitor_frame_out(
        enum service_id source, const struct frame *head, const uint8_t *payload, size_t size)
{
    uint64_t incarnation;
    struct envelope *envelopes;
    int64_t *ids;
    size_t count;
    const char *why = "";
    if (head->incarnation != (uint64_t)db.incarnation)
        return; /* of before a restore: it will be refused */
    arena_reset(&scratch);
    if (head->kind == FRAME_ACKS) {
        must(acks_decode(payload, size, &scratch, &incarnation, &ids, &count) == OK);
        for (size_t i = 0; i < count; i++)
            ack_out(source, ids[i]);
        return;
    }
    must(batch_decode(payload, size, &scratch, &incarnation, &envelopes, &count, &why) == OK);
    for (size_t i = 0; i < count; i++)
        if (head->kind == FRAME_EVENTS)
            event_out(source, head->dest, &envelopes[i]);
        else if (head->kind == FRAME_REPLIES)
            people_told(&envelopes[i]);
}

void monitor_events_in(
        struct bus *bus, const struct frame *head, const uint8_t *payload, size_t size)
{
    uint64_t incarnation;
    struct envelope *envelopes;
    size_t count;
    const char *why = "";
    int64_t ids[FRAME_COUNT_MAX];
    if (!sim_planted(PLANT_ACK_EARLY))
        return;
    arena_reset(&scratch);
    must(batch_decode(payload, size, &scratch, &incarnation, &envelopes, &count, &why) == OK);
    for (size_t i = 0; i < count; i++)
        ids[i] = envelopes[i].id;
    BUF_OWNED acks = {0};
    struct frame back = {.kind = FRAME_ACKS,
            .dest = head->source,
            .bucket = head->bucket,
            .count = (uint16_t)count,
            .token = head->token,
            .serial = head->serial,
            .incarnation = head->incarnation};
    acks_encode(&acks, head->incarnation, ids, count);
    if (bus_send(bus, &back, acks.data, acks.size) != OK)
        sim_trace("early acknowledgement lost", 0, 0, 0, 0);
}
