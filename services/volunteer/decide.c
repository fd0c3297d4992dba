/* A need's life is the table NEED_MOVES: the first row that fits state and event says what happens;
 * its last row refuses everything else. need_apply() is the only place that changes a need, and
 * with it the counters. A need is claimed by whoever is decided first under its row's lock; hours
 * are credited by the one step that ends in NEED_DONE, which no other step leaves.
 *
 * This file does no I/O, reads no clock, allocates nothing. */
#include "services/volunteer/decide.h"
#include <string.h>
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/base/pure_tree.h"

#define ANY (-1)
#define MINUTE_MS 60000

/* from, event, to, kind, verdict, reason. An opening that fits nobody ends in NEED_UNCLAIMED
 * instead of `to`. A need that was unclaimed or cancelled may be opened again: the case came back;
 * one that is done may not, since its hours are credited. */
#define NEED_MOVES(X)                                                                              \
    X(NEED_NONE, EVENT_OPEN, NEED_OFFERED, MOVE_OFFERED, APPLIED, NONE)                            \
    X(NEED_UNCLAIMED, EVENT_OPEN, NEED_OFFERED, MOVE_OFFERED, APPLIED, NONE)                       \
    X(NEED_CANCELLED, EVENT_OPEN, NEED_OFFERED, MOVE_OFFERED, APPLIED, NONE)                       \
    X(NEED_OFFERED, EVENT_OPEN, NEED_NONE, MOVE_NONE, REFUSED, OPEN)                               \
    X(NEED_CLAIMED, EVENT_OPEN, NEED_NONE, MOVE_NONE, REFUSED, OPEN)                               \
    X(NEED_OFFERED, EVENT_CANCEL, NEED_CANCELLED, MOVE_CANCELLED, APPLIED, NONE)                   \
    X(NEED_CLAIMED, EVENT_CANCEL, NEED_CANCELLED, MOVE_CANCELLED, APPLIED, NONE)                   \
    X(NEED_OFFERED, EVENT_LAPSE, NEED_UNCLAIMED, MOVE_LAPSED, APPLIED, NONE)                       \
    X(NEED_OFFERED, EVENT_CLAIM, NEED_CLAIMED, MOVE_CLAIMED, APPLIED, NONE)                        \
    X(NEED_CLAIMED, EVENT_DONE, NEED_DONE, MOVE_FINISHED, APPLIED, NONE)                           \
    X(NEED_CLAIMED, EVENT_CLAIM, NEED_NONE, MOVE_NONE, DUPLICATE, NONE)                            \
    X(NEED_DONE, EVENT_DONE, NEED_NONE, MOVE_NONE, DUPLICATE, NONE)                                \
    X(NEED_OFFERED, EVENT_DONE, NEED_NONE, MOVE_NONE, REFUSED, CLAIM_FIRST)                        \
    X(NEED_UNCLAIMED, EVENT_CLAIM, NEED_NONE, MOVE_NONE, REFUSED, LATE)                            \
    X(NEED_UNCLAIMED, EVENT_DONE, NEED_NONE, MOVE_NONE, REFUSED, LATE)                             \
    X(NEED_DONE, ANY, NEED_NONE, MOVE_NONE, REFUSED, OVER)                                         \
    X(NEED_CANCELLED, ANY, NEED_NONE, MOVE_NONE, REFUSED, OVER)                                    \
    X(ANY, ANY, NEED_NONE, MOVE_NONE, REFUSED, NOT_NOW)

struct move {
    int from, event;
    enum need_state to;
    enum need_kind kind;
    enum verdict verdict;
    enum need_reason reason;
};

static const struct move moves[] = {
#define X(from, event, to, kind, verdict, reason)                                                  \
    {from, event, to, kind, VERDICT_##verdict, REASON_##reason},
        NEED_MOVES(X)
#undef X
};

bool need_open(enum need_state state)
{
    return state == NEED_OFFERED || state == NEED_CLAIMED;
}

static const struct move *move_find(enum need_state state, enum need_event event)
{
    size_t i = 0;
    while ((moves[i].from != ANY && moves[i].from != (int)state) ||
            (moves[i].event != ANY && moves[i].event != (int)event)) {
        i++;
        must(i < sizeof(moves) / sizeof(moves[0]));
    }
    return &moves[i];
}

static bool staff_volunteers(const struct staff *staff)
{
    return strcmp(staff->role, "volunteer") == 0;
}

/* Volunteers being gathered. */
struct search {
    const struct directory *directory;
    const char *skill;
    int64_t at_ms;
    const struct staff **found;
    int count, room;
};

static void search_unit(struct search *search, int64_t unit)
{
    const struct staff *staff;
    for (size_t i = 0; search->count < search->room; i++) {
        staff = staff_of_unit(search->directory, unit, i);
        if (staff == NULL)
            return;
        if (staff_volunteers(staff) &&
                staff_available(search->directory, staff, search->skill, search->at_ms))
            search->found[search->count++] = staff;
    }
}

/* `area` and everything below it, without `done` and what is below that. */
static void search_area(struct search *search, const struct unit *area, const struct unit *done)
{
    struct unit_walk walk;
    unit_walk_begin(&walk, search->directory, area);
    for (const struct unit *unit = area; unit != NULL && search->count < search->room;
            unit = unit_walk_next(&walk)) {
        if (unit == done)
            unit_walk_skip(&walk);
        else
            search_unit(search, unit->id);
    }
}

int need_offers(const struct directory *directory,
        int64_t unit,
        const char *skill,
        int64_t at_ms,
        const struct staff **ret,
        int room)
{
    struct search search = {directory, skill, at_ms, ret, 0, room};
    const struct unit *place = unit_find(directory, unit);
    must(room > 0 && room <= OFFERS_MAX);
    if (place == NULL)
        return 0;
    const struct unit *village = unit_at_level(directory, place, LEVEL_VILLAGE);
    const struct unit *street = unit_at_level(directory, place, LEVEL_STREET);
    if (village != NULL)
        search_area(&search, village, NULL);
    if (search.count < OFFERS_ENOUGH)
        search_area(&search, street != NULL ? street : unit_root(directory), village);
    return search.count;
}

/* What one decision is about; `next` starts as a copy of `state`. */
struct decision {
    const struct need *state;
    const struct input *input;
    const struct world *world;
    struct need *next;
    struct outcome *outcome;
};

static void counts_add(struct outcome *outcome, const struct need *need, int amount)
{
    if (need_open(need->state))
        count_add(outcome, METRIC_OPEN, need->unit, need->matter, amount);
    if (need->state != NEED_DONE)
        return;
    count_add(outcome, METRIC_DONE, need->unit, need->matter, amount);
    count_add(outcome, METRIC_MINUTES, need->unit, need->matter, amount * need->minutes);
}

/* The only place that changes a need's state and the counters. */
static void need_apply(const struct decision *d, enum need_state to, enum need_kind kind)
{
    must(to != NEED_NONE);
    must(d->state->state != NEED_DONE); /* hours are credited once */
    d->next->state = to;
    struct step *step =
            step_add(d->outcome, d->input, (uint16_t)kind, (uint16_t)d->state->state, (uint16_t)to);
    step->unit = d->next->unit;
    step->rule_ver = directory_version(d->world->directory);
    if (to == NEED_OFFERED)
        step->due_ms = d->next->until_ms;
    if (to == NEED_OFFERED && d->next->until_ms > 0)
        timer_set(d->outcome, TIMER_OFFER, d->next->until_ms);
    else if (d->state->state == NEED_OFFERED)
        timer_clear(d->outcome, TIMER_OFFER);
    counts_add(d->outcome, d->state, -1);
    counts_add(d->outcome, d->next, 1);
    send_add(d->outcome, SERVICE_ROUTING, MESSAGE_PROGRESS, (int64_t)to);
}

static void need_offer(const struct decision *d)
{
    const struct need_opened *body = d->input->body;
    const struct directory *directory = d->world->directory;
    const struct matter *matter = matter_find_code(directory, body->matter);
    const struct staff *found[OFFERS_MAX];
    struct need *next = d->next;
    next->unit = body->unit;
    next->matter = matter == NULL ? 0 : matter->id;
    text_copy(next->skill, sizeof(next->skill), body->skill, strlen(body->skill));
    next->volunteer[0] = 0;
    next->minutes = 0;
    next->opened_ms = d->input->now_ms;
    next->until_ms = body->until_ms;
    next->due_ms = body->due_ms;
    next->claimed_ms = 0;
    next->source_ref = body->source_ref;
    next->summary = body->summary;
    next->offers =
            need_offers(directory, next->unit, next->skill, next->opened_ms, found, OFFERS_MAX);
    if (next->offers == 0)
        need_apply(d, NEED_UNCLAIMED, MOVE_NOBODY);
    else
        need_apply(d, NEED_OFFERED, MOVE_OFFERED);
}

/* REASON_NONE when the actor may claim the need now. */
static enum need_reason claim_check(const struct decision *d)
{
    const struct directory *directory = d->world->directory;
    const struct need *need = d->state;
    const struct staff *staff = staff_find(directory, d->input->actor);
    if (staff == NULL || !staff_volunteers(staff))
        return REASON_NOT_A_VOLUNTEER;
    if (need->until_ms > 0 && d->input->now_ms > need->until_ms)
        return REASON_LATE; /* the timer is on its way */
    if (staff_available(directory, staff, need->skill, d->input->now_ms))
        return REASON_NONE;
    return staff_available(directory, staff, "", d->input->now_ms) ? REASON_NO_SKILL
                                                                   : REASON_NOT_AVAILABLE;
}

static bool version_agrees(const struct decision *d, int32_t version)
{
    if (version == 0 || version == d->state->agg.ver)
        return true;
    d->outcome->verdict = VERDICT_CONFLICT;
    d->outcome->reason = REASON_VERSION;
    return false;
}

static void need_claim(const struct decision *d, const struct move *move)
{
    const struct need_act *body = d->input->body;
    if (move->verdict == VERDICT_DUPLICATE) {
        if (strcmp(d->state->volunteer, d->input->actor) != 0)
            outcome_refuse(d->outcome, REASON_TAKEN);
        else
            d->outcome->verdict = VERDICT_DUPLICATE;
        return;
    }
    enum need_reason reason = claim_check(d);
    if (reason != REASON_NONE) {
        outcome_refuse(d->outcome, reason);
    } else if (version_agrees(d, body->version)) {
        memcpy(d->next->volunteer, d->input->actor, sizeof(d->next->volunteer));
        d->next->claimed_ms = d->input->now_ms;
        need_apply(d, move->to, move->kind);
    }
}

static int32_t minutes_count(const struct need *need, int64_t now_ms)
{
    int64_t minutes = (now_ms - need->claimed_ms) / MINUTE_MS;
    if (minutes < 1)
        return 1;
    return minutes > MINUTES_COUNTED_MAX ? MINUTES_COUNTED_MAX : (int32_t)minutes;
}

static void need_finish(const struct decision *d, const struct move *move)
{
    const struct need_act *body = d->input->body;
    must(body->minutes >= 0 && body->minutes <= MINUTES_MAX); /* codec.c refused the rest */
    if (strcmp(d->state->volunteer, d->input->actor) != 0) {
        outcome_refuse(d->outcome, REASON_NOT_YOURS);
    } else if (move->verdict == VERDICT_DUPLICATE) {
        d->outcome->verdict = VERDICT_DUPLICATE;
    } else if (version_agrees(d, body->version)) {
        d->next->minutes =
                body->minutes > 0 ? body->minutes : minutes_count(d->state, d->input->now_ms);
        need_apply(d, move->to, move->kind);
    }
}

static enum need_event event_of(const struct input *input)
{
    if (input->kind == INPUT_MESSAGE)
        return input->type == MESSAGE_OPENED ? EVENT_OPEN : EVENT_CANCEL;
    if (input->kind == INPUT_TIMER)
        return EVENT_LAPSE;
    must(input->kind == INPUT_COMMAND);
    must(input->type == COMMAND_CLAIM || input->type == COMMAND_DONE);
    return input->type == COMMAND_CLAIM ? EVENT_CLAIM : EVENT_DONE;
}

void need_decide(const void *state,
        const struct input *input,
        const struct world *world,
        void *next,
        struct outcome *outcome)
{
    const struct decision d = {state, input, world, next, outcome};
    enum need_event event = event_of(input);
    const struct move *move = move_find(d.state->state, event);
    must(d.next != d.state);
    outcome->verdict = VERDICT_APPLIED;
    if (input->kind == INPUT_COMMAND && d.state->agg.ver == 0)
        outcome->verdict = VERDICT_NOT_FOUND;
    else if (move->verdict == VERDICT_REFUSED)
        outcome_refuse(outcome, move->reason);
    else if (event == EVENT_CLAIM)
        need_claim(&d, move);
    else if (event == EVENT_DONE)
        need_finish(&d, move);
    else if (event == EVENT_OPEN)
        need_offer(&d);
    else
        need_apply(&d, move->to, move->kind);
}
