/* What follows from one decision, gathered in memory: the next state, messages with their numbers,
 * steps with their leaves, timers, counters. Nothing of it is kept when nothing was changed. */
#include "services/kernel/base/must.h"
#include "services/kernel/store/core_impl.h"
#include "services/kernel/store/page.h"

struct slot_timer *core_slot_timer(struct slot *slot, uint16_t kind)
{
    for (int i = 0; i < slot->timer_count; i++)
        if (slot->timers[i].kind == kind)
            return &slot->timers[i];
    must(slot->timer_count < SLOT_TIMERS_MAX);
    struct slot_timer *timer = &slot->timers[slot->timer_count++];
    *timer = (struct slot_timer){.kind = kind};
    return timer;
}

static struct bytes buf_copy(struct core *core, const struct buf *buf)
{
    struct bytes bytes = {NULL, 0};
    if (buf->size) {
        bytes.data = arena_copy(core->arena, buf->data, buf->size);
        bytes.size = buf->size;
    }
    return bytes;
}

static struct effect_count *count_at(
        const struct core *core, uint16_t metric, int64_t unit, int32_t matter)
{
    uint64_t hash = (uint64_t)unit * 0x9E3779B97F4A7C15u + (uint64_t)matter * 0xC2B2AE3D27D4EB4Fu;
    size_t at = ((hash >> 20) + metric * 97u) & (core->count_room - 1);
    for (;; at = (at + 1) & (core->count_room - 1)) {
        struct effect_count *count = &core->counts[at];
        if (!count->used ||
                (count->metric == metric && count->unit == unit && count->matter == matter))
            return count;
    }
}

/* How many keys a batch has depends on the depth of its units: the table is never fuller than
 * half. */
static void counts_grow(struct core *core)
{
    const struct effect_count *old = core->counts;
    size_t old_room = core->count_room;
    core->count_room = old_room ? old_room * 2 : 128;
    core->counts = arena_array(core->arena, struct effect_count, core->count_room);
    for (size_t i = 0; i < old_room; i++)
        if (old[i].used)
            *count_at(core, old[i].metric, old[i].unit, old[i].matter) = old[i];
}

static void count_one(struct core *core, uint16_t metric, int64_t unit, int32_t matter, int amount)
{
    if (core->count_used >= core->count_room / 2)
        counts_grow(core);
    struct effect_count *count = count_at(core, metric, unit, matter);
    if (!count->used) {
        core->count_used++;
        *count = (struct effect_count){metric, unit, 0, matter, true};
    }
    count->amount += amount;
}

/* All versions of a matter count as one. */
static int32_t matter_item(const struct directory *directory, int32_t id)
{
    const struct matter *matter = id != 0 ? matter_find(directory, id) : NULL;
    return matter ? matter->item : id;
}

static void counts_take(struct core *core, const struct outcome *outcome)
{
    const struct directory *directory = core->world.directory;
    for (int i = 0; i < outcome->count_count; i++) {
        const struct count_change *c = &outcome->counts[i];
        count_one(core, c->metric, 0, 0, c->amount);
        if (c->matter)
            count_one(core, c->metric, 0, matter_item(directory, c->matter), c->amount);
        const struct unit *unit = c->unit ? unit_find(directory, c->unit) : NULL;
        for (; unit; unit = unit_parent(directory, unit))
            count_one(core, c->metric, unit->id, 0, c->amount);
    }
}

static void sends_take(struct core *core,
        struct slot *slot,
        const struct work *work,
        const struct outcome *outcome,
        struct aggregate *next)
{
    BUF_OWNED payload = {0};
    for (int i = 0; i < outcome->send_count; i++) {
        const struct send *send = &outcome->sends[i];
        buf_reset(&payload);
        core->ops->encode(next, &work->input, &core->world, send, &payload);
        struct effect_message *message = EFFECT_PUSH(core, outbox);
        *message = (struct effect_message){.id = core->draw(core->draw_self),
                .agg = slot->agg,
                .at_ms = work->input.now_ms,
                .service = send->dest,
                .n = ++next->sent[send->dest],
                .type = send->type,
                .payload = buf_copy(core, &payload)};
    }
}

/* In whose name: of a person's or an operator's act, the actor or else the key itself. */
static const char *actor_of(struct core *core, const struct work *work)
{
    if (work->origin != WORK_COMMAND && work->origin != WORK_SKIP)
        return "";
    const char *actor = work->input.actor[0] ? work->input.actor : work->input.peer;
    return arena_text(core->arena, actor, strlen(actor));
}

void core_steps_take(struct core *core,
        const struct slot *slot,
        const struct work *work,
        const struct outcome *outcome,
        const struct aggregate *next)
{
    BUF_OWNED detail = {0};
    int32_t first = next->ver - outcome->step_count;
    for (int i = 0; i < outcome->step_count; i++) {
        struct effect_step *effect = EFFECT_PUSH(core, steps);
        effect->agg = slot->agg;
        effect->ver = first + i + 1;
        effect->step = outcome->steps[i];
        effect->actor = actor_of(core, work);
        buf_reset(&detail);
        if (work->origin == WORK_SKIP)
            buf_add_text(
                    &detail, work->why ? work->why : ""); /* the kernel's step, not the service's */
        else if (core->ops->detail)
            core->ops->detail(next, &work->input, &effect->step, &detail);
        effect->detail = buf_copy(core, &detail);
        core->random(core->random_self, effect->salt, SALT_SIZE);
        page_add(core, effect);
    }
}

static void timers_take(struct slot *slot, const struct outcome *outcome, int32_t ver)
{
    for (int i = 0; i < outcome->timer_count; i++) {
        struct slot_timer *timer = core_slot_timer(slot, outcome->timers[i].kind);
        timer->due_ms = outcome->timers[i].due_ms;
        timer->gen = ver;
        timer->dirty = true;
    }
}

/* One decision. Returns the verdict; effects are taken and the slot's state moves on when it was
 * applied, else nothing has changed. */
enum verdict core_apply(struct core *core, struct slot *slot, struct work *work)
{
    struct outcome outcome;
    must(head(slot->state)->ver >= 0);
    memset(&outcome, 0, sizeof outcome);
    memcpy(slot->spare, slot->state, core->ops->state_size);
    struct aggregate *next = head(slot->spare);
    core->ops->decide(slot->state, &work->input, &core->world, next, &outcome);
    bool changes = outcome.step_count || outcome.send_count || outcome.timer_count || outcome.keep;
    must(!changes || outcome.verdict == VERDICT_APPLIED);
    must(!outcome.again || (!changes && work->origin == WORK_COMMAND && work->keyed));
    if (outcome.again)
        core->again = work;
    const void *answer_of = slot->state;
    if (changes) {
        must(next->id == slot->agg);
        next->ver += outcome.step_count;
        timers_take(slot, &outcome, next->ver);
        sends_take(core, slot, work, &outcome, next);
        core_steps_take(core, slot, work, &outcome, next);
        counts_take(core, &outcome);
        if (core->ops->absorb)
            core->ops->absorb(slot->state, next, &work->input, &outcome, &core->world, core->arena);
        slot->spare = slot->state;
        slot->state = next;
        slot->dirty = true;
        answer_of = next;
        core->applied++;
    }
    work->verdict = outcome.verdict;
    must(outcome.reason <= REASON_MASK && outcome.refused_about <= REFUSED_ABOUT_MAX);
    work->reason = outcome.reason | (uint32_t)outcome.refused_about << REASON_BITS;
    if (work->origin == WORK_COMMAND && core->ops->answer) {
        BUF_OWNED answer = {0};
        core->ops->answer(answer_of, &work->input, &outcome, &core->world, &answer);
        work->answer = buf_copy(core, &answer);
    }
    return outcome.verdict;
}
