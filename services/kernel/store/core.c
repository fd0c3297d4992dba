#include "services/kernel/store/core.h"

#include <stdlib.h>

#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/store/core_impl.h"
#include "services/kernel/store/page.h"

static int origin_rank(const struct work *work)
{
    switch (work->origin) {
    case WORK_POKE:
    case WORK_REPLAY:
    case WORK_SKIP:
        return 0;
    case WORK_EVENT:
    case WORK_HELD:
        return 1;
    case WORK_COMMAND:
        return 2;
    case WORK_FOUND:
        return 3;
    case WORK_TIMER:
        return 4;
    }
    return 5;
}

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int work_compare(const void *left, const void *right)
{
    const struct work *a = *(struct work *const *)left, *b = *(struct work *const *)right;
    int order = compare(a->input.agg, b->input.agg);
    if (!order)
        order = compare(origin_rank(a), origin_rank(b));
    if (!order && origin_rank(a) == 1) {
        order = compare(a->input.source, b->input.source);
        return order ? order : compare((int64_t)a->input.n, (int64_t)b->input.n);
    }
    if (!order)
        order = compare(a->input.now_ms, b->input.now_ms);
    return order ? order : compare(a->client_serial, b->client_serial);
}

const struct input_type *core_type(const struct aggregate_ops *ops,
        enum input_kind kind,
        enum service_id source,
        uint32_t type)
{
    for (size_t i = 0; i < ops->input_count; i++) {
        const struct input_type *it = &ops->inputs[i];
        if (it->kind == kind && it->type == type && (kind != INPUT_MESSAGE || it->source == source))
            return it;
    }
    return NULL;
}

/* A batch that is run again must not answer with what an earlier, undone run left. */
static void work_reset(struct work *work)
{
    work->end = END_OPEN;
    work->verdict = work->reason = 0;
    work->answer = (struct bytes){NULL, 0};
    if (!work->poison)
        work->text = NULL;
}

void core_begin(struct core *core)
{
    must(core->work_count <= BATCH_SIZE_MAX);
    for (size_t i = 0; i < core->work_count; i++)
        work_reset(core->works[i]);
    core->drain_left = DRAIN_MAX;
    qsort(core->works, core->work_count, sizeof *core->works, work_compare);
    core->slots = arena_array(core->arena, struct slot, core->work_count + 1);
    core->slot_count = 0;
    for (size_t i = 0; i < core->work_count; i++) {
        int64_t agg = core->works[i]->input.agg;
        if (agg == 0 || (core->slot_count && core->slots[core->slot_count - 1].agg == agg))
            continue;
        struct slot *slot = &core->slots[core->slot_count++];
        slot->agg = agg;
        slot->state = arena_get(core->arena, core->ops->state_size);
        slot->spare = arena_get(core->arena, core->ops->state_size);
        ((struct aggregate *)slot->state)->id = agg;
    }
}

struct slot *core_slot(struct core *core, int64_t agg)
{
    size_t low = 0, high = core->slot_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (core->slots[middle].agg < agg)
            low = middle + 1;
        else
            high = middle;
    }
    return low < core->slot_count && core->slots[low].agg == agg ? &core->slots[low] : NULL;
}

static int held_compare(const void *left, const void *right)
{
    const struct held *a = left, *b = right;
    int order = compare(a->agg, b->agg);
    if (!order)
        order = compare(a->source, b->source);
    return order ? order : compare((int64_t)a->n, (int64_t)b->n);
}

bool core_removed(const struct core *core, int64_t agg)
{
    int64_t below = core->horizon[id_minter(agg)];
    return agg < below && agg >> ID_COUNTER_BITS == below >> ID_COUNTER_BITS;
}

/* Why nothing is decided about this aggregate any more: its data has gone, or its row with a whole
 * period (rule 10). NULL when there is no such reason: also for a row below the horizon that is
 * alive, since a batch that did not know the horizon yet may have made it so. */
static const char *over_why(const struct core *core, const struct slot *slot)
{
    const struct aggregate *state = slot->state;
    if (state->ver < 0)
        return "the data of this aggregate has gone";
    if (state->ver == 0 && core_removed(core, slot->agg))
        return "the row of this aggregate has been removed";
    return NULL;
}

/* There was no row to be locked, and this batch makes none. What else was read of the aggregate is
 * of somebody who has committed since: its row is not known here, and must not be written (rule
 * 8). */
static bool is_absent(const struct core *core, const struct slot *slot)
{
    return !head(slot->state)->found && !core_removed(core, slot->agg);
}

void core_hold(struct core *core, struct held *held, size_t count)
{
    if (count)
        qsort(held, count, sizeof *held, held_compare);
    for (size_t i = 0; i < count; i++) {
        struct slot *slot = core_slot(core, held[i].agg);
        must(slot);
        if (!slot->held_count++)
            slot->held = &held[i];
    }
}

void core_timer(struct core *core, int64_t agg, uint16_t kind, int64_t gen, int64_t due_ms)
{
    struct slot *slot = core_slot(core, agg);
    must(slot);
    struct slot_timer *timer = core_slot_timer(slot, kind);
    timer->gen = gen;
    timer->due_ms = due_ms;
    timer->stored = true;
}

static const char *why_copy(struct core *core, const char *why)
{
    char *copy = arena_get(core->arena, WHY_SIZE);
    text_copy(copy, WHY_SIZE, why ? why : "", why ? strlen(why) : 0);
    return copy;
}

static struct held *held_find(const struct slot *slot, const struct input *input)
{
    for (int i = 0; i < slot->held_count; i++) {
        struct held *held = &slot->held[i];
        if (held->source == input->source && held->n == input->n && !held->gone)
            return held;
    }
    return NULL;
}

/* What was held of this stream up to `n` has had its effect: its rows go. */
static void held_settle(struct slot *slot, enum service_id source, uint64_t n)
{
    for (int i = 0; i < slot->held_count; i++)
        if (slot->held[i].source == source && slot->held[i].n <= n)
            slot->held[i].gone = true;
}

static struct effect_message *message_keep(struct core *core, const struct work *work, bool dead)
{
    struct effect_message *row = dead ? EFFECT_PUSH(core, dead) : EFFECT_PUSH(core, waiting);
    *row = (struct effect_message){.id = work->input.msg_id,
            .agg = work->input.agg,
            .at_ms = work->input.now_ms,
            .service = work->input.source,
            .site = work->source_site,
            .n = work->input.n,
            .type = work->input.type,
            .attempts = work->attempts,
            .payload = work->payload};
    return row;
}

static void letter_bury(
        struct core *core, struct slot *slot, const struct work *work, const char *reason)
{
    struct held *held = held_find(slot, &work->input);
    if (held)
        held->gone = true;
    message_keep(core, work, true)->reason = reason;
}

/* Applies the message that is next in its stream, or buries it. */
static enum work_end due_apply(struct core *core, struct slot *slot, struct work *work)
{
    const char *why = over_why(core, slot);
    if (why) {
        letter_bury(core, slot, work, why);
        return END_ACK;
    }
    work->type = core_type(core->ops, INPUT_MESSAGE, work->input.source, work->input.type);
    if (!work->type) {
        work->text = "unknown type: kept by the sender until this service knows it";
        return END_PUT_BACK;
    }
    if (work->poison) {
        letter_bury(core, slot, work, work->text ? work->text : "failed too often");
        return END_ACK;
    }
    if (work->type->decode(work->payload, core->arena, &work->input.body, &why) != OK) {
        /* Where so much is taken already, it may be the room that was missing. */
        if (core->arena->used > core->arena->limit / 2)
            return END_PUT_BACK;
        letter_bury(core, slot, work, why_copy(core, why));
        return END_ACK;
    }
    core_apply(core, slot, work);
    struct aggregate *state = head(slot->state);
    state->seen[work->input.source] = work->input.n;
    slot->dirty = true;
    held_settle(slot, work->input.source, work->input.n);
    return END_ACK;
}

static void drain(struct core *core, struct slot *slot);

/* A message that this very batch has just put aside comes right before its copies: works are
 * sorted. */
static bool message_same(const struct effect_message *row, size_t count, const struct input *input)
{
    return count && row[count - 1].agg == input->agg && row[count - 1].service == input->source &&
           row[count - 1].n == input->n;
}

static struct stream_held held_known(
        const struct core *core, const struct slot *slot, const struct input *input)
{
    const struct held *held = held_find(slot, input);
    if (held)
        return (struct stream_held){true, held->dead, held->msg_id};
    if (message_same(core->waiting.list, core->waiting.count, input))
        return (struct stream_held){true, false, core->waiting.list[core->waiting.count - 1].id};
    if (message_same(core->dead.list, core->dead.count, input))
        return (struct stream_held){true, true, core->dead.list[core->dead.count - 1].id};
    return (struct stream_held){false, false, 0};
}

static enum work_end event_run(struct core *core, struct slot *slot, struct work *work)
{
    if (work->input.n > head(slot->state)->seen[work->input.source] + 1 && !work->alone)
        drain(core, slot); /* what it waits for may be held */
    struct stream_held known = held_known(core, slot, &work->input);
    uint64_t seen = head(slot->state)->seen[work->input.source];
    switch (stream_judge(seen, work->input.n, work->input.msg_id, known)) {
    case STREAM_DUPLICATE:
        core->duplicates++;
        return END_ACK;
    case STREAM_ALARM:
        core->alarms++;
        return END_ALARM;
    case STREAM_EARLY:
        if (over_why(core, slot)) /* what it waits for will not be applied either */
            return due_apply(core, slot, work);
        core->held_new++;
        message_keep(core, work, false);
        return END_ACK;
    case STREAM_DUE:
        return due_apply(core, slot, work);
    }
    return END_PUT_BACK;
}

static void held_work(const struct held *held, struct work *work)
{
    *work = (struct work){.origin = WORK_HELD,
            .source_site = held->source_site,
            .payload = held->payload,
            .attempts = held->attempts};
    work->input = (struct input){.kind = INPUT_MESSAGE,
            .source = held->source,
            .type = held->type,
            .agg = held->agg,
            .n = held->n,
            .msg_id = held->msg_id,
            .now_ms = held->at_ms};
}

/* Applies what is held and has become the next of its stream, in order. A message that came
 * early in this very batch is in effects->waiting and is drained with the next one or by the
 * sweep. */
static void drain(struct core *core, struct slot *slot)
{
    if (is_absent(core, slot))
        return;
    for (int i = 0; i < slot->held_count && core->drain_left > 0; i++) {
        struct held *held = &slot->held[i];
        uint64_t seen = head(slot->state)->seen[held->source];
        if (held->gone || held->dead || held->n != seen + 1)
            continue;
        struct work work;
        held_work(held, &work);
        work.input.now_ms = core->drill ? held->at_ms : core->now_ms;
        if (due_apply(core, slot, &work) == END_ACK)
            core->drain_left--;
    }
}

/* A held message that failed before is tried by itself, so that it alone is to blame (rule 7). */
static void poke_run(struct core *core, struct slot *slot, struct work *work)
{
    work->end = END_NOTHING;
    if (is_absent(core, slot))
        return;
    for (int i = 0; work->alone && i < slot->held_count; i++) {
        struct held *held = &slot->held[i];
        if (held->msg_id != work->input.msg_id || held->gone || held->dead ||
                held->n != head(slot->state)->seen[held->source] + 1)
            continue;
        struct work single;
        held_work(held, &single);
        single.input.now_ms = core->drill ? held->at_ms : core->now_ms;
        single.poison = work->poison;
        single.attempts = work->attempts;
        single.text = work->text;
        (void)due_apply(core, slot, &single);
        return;
    }
}

/* An audited event; but for audit itself, which writes no leaves about leaves. The version counts
 * on, also where the data has gone. */
static void skip_note(struct core *core, struct slot *slot, const struct work *work)
{
    struct aggregate *state = head(slot->state);
    struct outcome outcome = {0};
    if (core->ops->service == SERVICE_AUDIT)
        return;
    step_add(&outcome, &work->input, STEP_SKIPPED, 0, 0);
    state->ver += state->ver < 0 ? -1 : 1;
    struct aggregate noted = *state;
    noted.ver = abs(state->ver);
    core_steps_take(core, slot, work, &outcome, &noted);
}

/* Replay and skip act only on the next of its stream (rule 7). Of a row that was removed there is
 * neither number nor version left: its letters go one by one, in any order, without a step. */
static void letter_run(struct core *core, struct slot *slot, struct work *work)
{
    struct held *held = held_find(slot, &work->input);
    work->end = END_REPLY;
    work->verdict = VERDICT_REFUSED;
    if (!held || !held->dead || is_absent(core, slot)) {
        work->verdict = VERDICT_NOT_FOUND;
        work->text = "no such dead letter";
        return;
    }
    bool removed = head(slot->state)->ver == 0 && core_removed(core, slot->agg);
    if (!removed && held->n != head(slot->state)->seen[held->source] + 1) {
        work->text = "an earlier message of the same stream has to be replayed or skipped first";
        return;
    }
    work->verdict = VERDICT_APPLIED;
    if (work->origin == WORK_REPLAY) {
        struct work again;
        size_t dead = core->dead.count;
        held_work(held, &again);
        if (!core->drill)
            again.input.now_ms = core->now_ms;
        if (due_apply(core, slot, &again) != END_ACK || core->dead.count > dead) {
            work->verdict = VERDICT_REFUSED;
            work->text = "it still cannot be applied; it stays where it is";
        }
        return;
    }
    held->gone = true;
    if (removed)
        return;
    skip_note(core, slot, work);
    head(slot->state)->seen[held->source] = held->n;
    held_settle(slot, held->source, held->n);
    slot->dirty = true;
}

static const struct command_row *command_find(const struct core *core, const struct work *work)
{
    for (size_t i = 0; i < core->command_count; i++)
        if (strcmp(core->commands[i].request_id, work->request_id) == 0 &&
                strcmp(core->commands[i].peer, work->input.peer) == 0)
            return &core->commands[i];
    return NULL;
}

/* The same request id gets the same answer; with another content it is refused. */
static bool command_known(struct core *core, struct work *work)
{
    const struct command_row *row = command_find(core, work);
    if (!row)
        return false;
    if (row->digest.size != COMMAND_DIGEST_SIZE ||
            memcmp(row->digest.data, work->digest, COMMAND_DIGEST_SIZE)) {
        work->verdict = VERDICT_CONFLICT;
        work->text = "this request id was used before with another content; use a new one";
        return true;
    }
    work->verdict = row->verdict;
    work->reason = row->reason;
    work->answer = row->answer;
    return true;
}

static void command_run(struct core *core, struct slot *slot, struct work *work)
{
    work->end = END_REPLY;
    if (!slot || (!head(slot->state)->found && !work->input.fresh) || over_why(core, slot)) {
        work->verdict = VERDICT_NOT_FOUND;
        return;
    }
    if (!work->keyed && work->request_id[0] && command_known(core, work))
        return;
    core_apply(core, slot, work);
    if (work->keyed || !work->request_id[0])
        return;
    /* Another command of this batch may carry the same id: it must find this answer. */
    struct command_row *row = &core->commands[core->command_count++];
    *row = (struct command_row){work->input.peer, work->request_id,
            {work->digest, COMMAND_DIGEST_SIZE}, work->answer, work->verdict, work->reason,
            work->input.agg};
}

/* The timer is read again under the lock and must be the one that came due (rule 8). */
static void timer_run(struct core *core, struct slot *slot, struct work *work)
{
    work->end = END_NOTHING;
    if (is_absent(core, slot) || over_why(core, slot))
        return;
    if (core->timers_held) /* it is found again when the clock is to be trusted */
        return;
    for (int i = 0; i < slot->timer_count; i++) {
        struct slot_timer *timer = &slot->timers[i];
        if (timer->kind != work->input.type || timer->gen != (int64_t)work->input.n || timer->dirty)
            continue;
        if (timer->due_ms == 0 || timer->due_ms >= core->now_ms)
            return;
        work->input.due_ms = timer->due_ms;
        work->input.now_ms = core->drill ? timer->due_ms : core->now_ms;
        timer->due_ms = 0;
        timer->dirty = true;
        slot->dirty = true;
        core_apply(core, slot, work);
        return;
    }
}

static void work_run(struct core *core, struct slot *slot, struct work *work)
{
    if (!core->drill || work->input.now_ms == 0)
        work->input.now_ms = core->now_ms;
    switch (work->origin) {
    case WORK_EVENT:
    case WORK_HELD:
        work->end = event_run(core, slot, work);
        break;
    case WORK_COMMAND:
        command_run(core, slot, work);
        break;
    case WORK_TIMER:
        timer_run(core, slot, work);
        break;
    case WORK_REPLAY:
    case WORK_SKIP:
        letter_run(core, slot, work);
        break;
    case WORK_FOUND:
        work->end = END_NOTHING;
        if (head(slot->state)->found && !over_why(core, slot))
            core_apply(core, slot, work);
        break;
    case WORK_POKE:
        poke_run(core, slot, work);
        break;
    }
}

static bool drains_before(const struct work *work)
{
    return origin_rank(work) >= 2;
}

void core_run(struct core *core)
{
    struct slot *slot = NULL;
    bool drained = false, alone = false;
    core->command_loaded = core->command_count;
    for (size_t i = 0; i < core->work_count; i++) {
        struct work *work = core->works[i];
        struct slot *mine = work->input.agg ? core_slot(core, work->input.agg) : NULL;
        alone = alone || work->alone;
        if (mine != slot) {
            if (slot && !drained && !alone)
                drain(core, slot);
            slot = mine;
            drained = false;
        }
        if (slot && !drained && !alone && drains_before(work)) {
            drain(core, slot);
            drained = true;
        }
        if (!slot && work->origin != WORK_COMMAND) {
            work->end = END_PUT_BACK;
            continue;
        }
        work_run(core, slot, work);
    }
    if (slot && !drained && !alone)
        drain(core, slot);
    page_finish(core);
}
