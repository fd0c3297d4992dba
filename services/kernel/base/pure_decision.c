/* The words a decide() speaks in. They only fill the outcome, whose sizes are fixed: passing one
 * means that a decision wants more than its author planned, which is a bug and not an input. */
#include "services/kernel/base/pure_decision.h"

#include "services/kernel/base/must.h"

struct step *step_add(struct outcome *outcome,
        const struct input *input,
        uint16_t kind,
        uint16_t from,
        uint16_t to)
{
    must(outcome->step_count >= 0 && outcome->step_count < STEPS_MAX);
    must(outcome->verdict == VERDICT_APPLIED);
    struct step *step = &outcome->steps[outcome->step_count++];
    *step = (struct step){.kind = kind, .from = from, .to = to, .at_ms = input->now_ms};
    return step;
}

void send_add(struct outcome *outcome, enum service_id dest, uint32_t type, int64_t arg)
{
    must(outcome->send_count >= 0 && outcome->send_count < SENDS_MAX);
    must(dest > SERVICE_NONE && dest < SERVICE_COUNT);
    outcome->sends[outcome->send_count++] = (struct send){.dest = dest, .type = type, .arg = arg};
}

/* One entry per kind: the last word about a timer is the one that counts. */
static void timer_put(struct outcome *outcome, uint16_t kind, int64_t due_ms)
{
    int at = 0;
    while (at < outcome->timer_count && outcome->timers[at].kind != kind) {
        at++;
    }
    must(at >= 0 && at < TIMERS_MAX);
    outcome->timers[at] = (struct timer_change){.kind = kind, .due_ms = due_ms};
    if (at == outcome->timer_count) {
        outcome->timer_count++;
    }
}

void timer_set(struct outcome *outcome, uint16_t kind, int64_t due_ms)
{
    must(due_ms > 0);
    timer_put(outcome, kind, due_ms);
}

void timer_clear(struct outcome *outcome, uint16_t kind)
{
    timer_put(outcome, kind, 0);
}

/* The same counter moved twice in a decision is one entry, the sum. */
void count_add(struct outcome *outcome, uint16_t metric, int64_t unit, int32_t matter, int amount)
{
    must(outcome->count_count >= 0 && outcome->count_count <= COUNTS_MAX);
    for (int i = 0; i < outcome->count_count; i++) {
        struct count_change *old = &outcome->counts[i];
        if (old->metric == metric && old->unit == unit && old->matter == matter) {
            old->amount += amount;
            return;
        }
    }
    must(outcome->count_count < COUNTS_MAX);
    outcome->counts[outcome->count_count++] = (struct count_change){
            .metric = metric, .unit = unit, .matter = matter, .amount = amount};
}

void outcome_refuse(struct outcome *outcome, uint32_t reason)
{
    must(reason != 0);
    must(outcome->step_count == 0); /* a refusal changes nothing */
    outcome->verdict = VERDICT_REFUSED;
    outcome->reason = reason;
}

void outcome_refuse_about(struct outcome *outcome, uint32_t reason, uint16_t about)
{
    must(about <= REFUSED_ABOUT_MAX);
    outcome_refuse(outcome, reason);
    outcome->refused_about = about;
}
