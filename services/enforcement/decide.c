/* A mission's life is the table MISSION_MOVES: the first row that fits state and event says what
 * happens; its last row refuses everything else. mission_apply() is the only place that changes a
 * mission, and with it the load of its squad and the counters, so that these three cannot differ.
 *
 * Choosing: of the squads that the batch has locked and that the directory calls capable, the one
 * whose own list has the matter (main before assist), then the one with the lowest load per
 * capacity, then the smallest id. Whoever comes while others wait for the same squads waits behind
 * them; view work_ready brings the waiting ones back, oldest first.
 *
 * This file does no I/O, reads no clock, allocates nothing. */
#include "services/enforcement/decide.h"
#include <string.h>
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/base/pure_tree.h"

#define ANY (-1)

/* from, event, to, kind, verdict, reason. Requests and assignments that find no free squad end in
 * MISSION_WAITING instead of `to`. A finished or cancelled mission may be asked for again: the case
 * came back to a squad. */
#define MISSION_MOVES(X)                                                                           \
    X(MISSION_NONE, EVENT_REQUEST, MISSION_ASSIGNED, MOVE_ASSIGNED, APPLIED, NONE)                 \
    X(MISSION_DONE, EVENT_REQUEST, MISSION_ASSIGNED, MOVE_ASSIGNED, APPLIED, NONE)                 \
    X(MISSION_CANCELLED, EVENT_REQUEST, MISSION_ASSIGNED, MOVE_ASSIGNED, APPLIED, NONE)            \
    X(ANY, EVENT_REQUEST, MISSION_NONE, MOVE_NONE, REFUSED, OPEN)                                  \
    X(MISSION_WAITING, EVENT_ASSIGN, MISSION_ASSIGNED, MOVE_ASSIGNED, APPLIED, NONE)               \
    X(MISSION_WAITING, EVENT_CANCEL, MISSION_CANCELLED, MOVE_CANCELLED, APPLIED, NONE)             \
    X(MISSION_ASSIGNED, EVENT_CANCEL, MISSION_CANCELLED, MOVE_CANCELLED, APPLIED, NONE)            \
    X(MISSION_ACCEPTED, EVENT_CANCEL, MISSION_CANCELLED, MOVE_CANCELLED, APPLIED, NONE)            \
    X(MISSION_ON_SCENE, EVENT_CANCEL, MISSION_CANCELLED, MOVE_CANCELLED, APPLIED, NONE)            \
    X(MISSION_ASSIGNED, EVENT_ACCEPT, MISSION_ACCEPTED, MOVE_ACCEPTED, APPLIED, NONE)              \
    X(MISSION_ACCEPTED, EVENT_ARRIVE, MISSION_ON_SCENE, MOVE_ARRIVED, APPLIED, NONE)               \
    X(MISSION_ON_SCENE, EVENT_DONE, MISSION_DONE, MOVE_FINISHED, APPLIED, NONE)                    \
    X(MISSION_ACCEPTED, EVENT_ACCEPT, MISSION_NONE, MOVE_NONE, DUPLICATE, NONE)                    \
    X(MISSION_ON_SCENE, EVENT_ACCEPT, MISSION_NONE, MOVE_NONE, DUPLICATE, NONE)                    \
    X(MISSION_ON_SCENE, EVENT_ARRIVE, MISSION_NONE, MOVE_NONE, DUPLICATE, NONE)                    \
    X(MISSION_DONE, EVENT_DONE, MISSION_NONE, MOVE_NONE, DUPLICATE, NONE)                          \
    X(MISSION_WAITING, EVENT_ACCEPT, MISSION_NONE, MOVE_NONE, REFUSED, NO_SQUAD)                   \
    X(MISSION_WAITING, EVENT_ARRIVE, MISSION_NONE, MOVE_NONE, REFUSED, NO_SQUAD)                   \
    X(MISSION_WAITING, EVENT_DONE, MISSION_NONE, MOVE_NONE, REFUSED, NO_SQUAD)                     \
    X(MISSION_ASSIGNED, EVENT_ARRIVE, MISSION_NONE, MOVE_NONE, REFUSED, ACCEPT_FIRST)              \
    X(MISSION_ASSIGNED, EVENT_DONE, MISSION_NONE, MOVE_NONE, REFUSED, ACCEPT_FIRST)                \
    X(MISSION_ACCEPTED, EVENT_DONE, MISSION_NONE, MOVE_NONE, REFUSED, ARRIVE_FIRST)                \
    X(MISSION_DONE, ANY, MISSION_NONE, MOVE_NONE, REFUSED, OVER)                                   \
    X(MISSION_CANCELLED, ANY, MISSION_NONE, MOVE_NONE, REFUSED, OVER)                              \
    X(ANY, ANY, MISSION_NONE, MOVE_NONE, REFUSED, NOT_NOW)

struct move {
    int from, event;
    enum mission_state to;
    enum mission_kind kind;
    enum verdict verdict;
    enum mission_reason reason;
};

static const struct move moves[] = {
#define X(from, event, to, kind, verdict, reason)                                                  \
    {from, event, to, kind, VERDICT_##verdict, REASON_##reason},
        MISSION_MOVES(X)
#undef X
};

bool mission_open(enum mission_state state)
{
    return state >= MISSION_WAITING && state <= MISSION_ON_SCENE;
}

bool mission_held(enum mission_state state)
{
    return state >= MISSION_ASSIGNED && state <= MISSION_ON_SCENE;
}

static const struct move *move_find(enum mission_state state, enum mission_event event)
{
    size_t i = 0;
    while ((moves[i].from != ANY && moves[i].from != (int)state) ||
            (moves[i].event != ANY && moves[i].event != (int)event)) {
        i++;
        must(i < sizeof(moves) / sizeof(moves[0]));
    }
    return &moves[i];
}

/* False when `id` is there already or there is no room. Keeps the order. */
static bool ids_add(int64_t *ids, int *count, int room, int64_t id)
{
    int at = 0;
    while (at < *count && ids[at] < id)
        at++;
    if ((at < *count && ids[at] == id) || *count == room)
        return false;
    memmove(&ids[at + 1], &ids[at], sizeof(ids[0]) * (size_t)(*count - at));
    ids[at] = id;
    (*count)++;
    return true;
}

int64_t squad_pool(const struct directory *directory, const struct unit *unit)
{
    if (unit->level == LEVEL_DISTRICT)
        return 0;
    const struct unit *street = unit_at_level(directory, unit, LEVEL_STREET);
    return street == NULL ? 0 : street->id;
}

static int street_candidates(const struct directory *directory,
        const struct unit *street,
        const char *capability,
        int64_t *ret_ids,
        int room)
{
    struct unit_walk walk;
    int count = 0;
    unit_walk_begin(&walk, directory, street);
    for (const struct unit *unit = unit_walk_next(&walk); unit != NULL && count < room;
            unit = unit_walk_next(&walk)) {
        if (strcmp(unit->kind, "grid") == 0)
            unit_walk_skip(&walk);
        else if (strcmp(unit->kind, "squad") == 0 && unit_capable(unit, capability) &&
                 squad_pool(directory, unit) == street->id)
            ids_add(ret_ids, &count, room, unit->id);
    }
    return count;
}

static int district_candidates(
        const struct directory *directory, const char *capability, int64_t *ret_ids, int room)
{
    struct unit_walk walk;
    int count = 0;
    unit_walk_begin(&walk, directory, unit_root(directory));
    for (const struct unit *unit = unit_walk_next(&walk); unit != NULL && count < room;
            unit = unit_walk_next(&walk)) {
        bool kind = strcmp(unit->kind, "squad") == 0 || strcmp(unit->kind, "department") == 0;
        if (unit->level != LEVEL_DISTRICT)
            unit_walk_skip(&walk);
        else if (kind && unit_capable(unit, capability))
            ids_add(ret_ids, &count, room, unit->id);
    }
    return count;
}

int squad_candidates(const struct directory *directory,
        int64_t street,
        const char *capability,
        int64_t *ret_ids,
        int room,
        int64_t *ret_pool)
{
    const struct unit *unit = unit_find(directory, street);
    const struct unit *area = unit == NULL ? NULL : unit_at_level(directory, unit, LEVEL_STREET);
    int count = 0;
    must(room > 0);
    *ret_pool = 0;
    if (area != NULL)
        count = street_candidates(directory, area, capability, ret_ids, room);
    if (count > 0)
        *ret_pool = area->id;
    else
        count = district_candidates(directory, capability, ret_ids, room);
    return count;
}

int squads_needed(const struct directory *directory,
        const struct mission *state,
        const struct input *input,
        int64_t *ret_ids,
        int room)
{
    int count = 0;
    int64_t pool;
    bool message = input->kind == INPUT_MESSAGE, work = input->kind == INPUT_WORK;
    bool finish = input->kind == INPUT_COMMAND && input->type == COMMAND_DONE;
    must(room >= SQUADS_NEEDED_MAX);
    if (message && input->type == MESSAGE_REQUESTED && input->body != NULL) {
        const struct mission_request *body = input->body;
        count = squad_candidates(
                directory, body->street, body->capability, ret_ids, CANDIDATES_MAX, &pool);
    } else if (work && state->state == MISSION_WAITING) {
        count = squad_candidates(
                directory, state->street, state->capability, ret_ids, CANDIDATES_MAX, &pool);
    }
    if (mission_held(state->state) && (message || finish))
        ids_add(ret_ids, &count, room, state->squad);
    if (state->owed != 0 && (message || work))
        ids_add(ret_ids, &count, room, state->owed);
    return count;
}

struct squad *squad_find(const struct squad_set *set, int64_t id)
{
    int low = 0, high = set == NULL ? 0 : set->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (set->squads[middle].id == id)
            return &set->squads[middle];
        if (set->squads[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Load per capacity without a division; no limit counts as no load. */
static bool squad_better(const struct squad *a, const struct squad *b)
{
    int64_t left = a->capacity == 0 ? 0 : (int64_t)a->load * (b->capacity == 0 ? 1 : b->capacity);
    int64_t right = b->capacity == 0 ? 0 : (int64_t)b->load * (a->capacity == 0 ? 1 : a->capacity);
    return left < right;
}

/* What the squad's own lists say of the mission's matter: main before assist before nothing. */
static enum duty squad_duty(
        const struct directory *directory, const struct matter *matter, const struct squad *squad)
{
    const struct unit *unit = unit_find(directory, squad->id);
    return matter && unit ? unit_duty(unit, matter) : DUTY_NONE;
}

/* The best free squad for the mission, or NULL: of those whose matter it is most, the least loaded.
 * Sets its pool. */
static struct squad *squad_choose(const struct world *world, struct mission *mission)
{
    int64_t ids[CANDIDATES_MAX];
    int count = squad_candidates(world->directory, mission->street, mission->capability, ids,
            CANDIDATES_MAX, &mission->pool);
    const struct matter *matter = matter_find(world->directory, mission->matter);
    struct squad *best = NULL;
    enum duty most = DUTY_NONE;
    for (int i = 0; i < count; i++) {
        struct squad *squad = squad_find(world->related, ids[i]);
        if (squad == NULL || (squad->capacity > 0 && squad->load >= squad->capacity))
            continue;
        enum duty duty = squad_duty(world->directory, matter, squad);
        if (best == NULL || duty > most || (duty == most && squad_better(squad, best))) {
            best = squad;
            most = duty;
        }
    }
    return best;
}

static bool queue_has(const struct squad_set *set, int64_t pool, const char *capability)
{
    for (int i = 0; set != NULL && i < set->queue_count; i++) {
        if (set->queues[i].pool == pool && strcmp(set->queues[i].capability, capability) == 0)
            return true;
    }
    return false;
}

static void queue_add(struct squad_set *set, int64_t pool, const char *capability)
{
    if (queue_has(set, pool, capability) || set->queue_count == set->queue_room)
        return;
    struct queue *queue = &set->queues[set->queue_count++];
    queue->pool = pool;
    text_copy(queue->capability, sizeof(queue->capability), capability, strlen(capability));
}

/* What one decision is about; `next` starts as a copy of `state`. */
struct decision {
    const struct mission *state;
    const struct input *input;
    const struct world *world;
    struct mission *next;
    struct outcome *outcome;
};

static void counts_add(struct outcome *outcome, const struct mission *mission, int amount)
{
    bool squad = mission_held(mission->state) || mission->state == MISSION_DONE;
    int64_t place = mission->street != 0 ? mission->street : mission->unit;
    int64_t unit = squad ? mission->squad : place;
    if (mission_open(mission->state))
        count_add(outcome, METRIC_OPEN, unit, mission->matter, amount);
    if (mission->state == MISSION_WAITING)
        count_add(outcome, METRIC_WAITING, unit, mission->matter, amount);
    if (mission->state == MISSION_DONE)
        count_add(outcome, METRIC_DONE, unit, mission->matter, amount);
}

/* Gives back what a mission owes, if its squad is locked. */
static void owed_settle(const struct decision *d)
{
    struct squad *squad = squad_find(d->world->related, d->next->owed);
    if (squad == NULL)
        return;
    squad->load -= squad->load > 0;
    if (squad->freed_ms < d->input->now_ms)
        squad->freed_ms = d->input->now_ms;
    squad->changed = true;
    d->next->owed = 0;
}

static void squad_take(const struct decision *d)
{
    struct squad *squad = squad_find(d->world->related, d->next->squad);
    must(squad != NULL && d->next->owed == 0);
    must(squad->capacity == 0 || squad->load < squad->capacity);
    squad->load++;
    squad->changed = true;
}

static struct step *mission_step(const struct decision *d, enum mission_kind kind)
{
    const struct mission *next = d->next;
    struct step *step = step_add(
            d->outcome, d->input, (uint16_t)kind, (uint16_t)d->state->state, (uint16_t)next->state);
    step->unit = next->squad != 0 ? next->squad : next->street != 0 ? next->street : next->unit;
    step->rule_ver = directory_version(d->world->directory);
    return step;
}

/* The only place that changes a mission's state, its squad's load and the counters. */
static void mission_apply(const struct decision *d, enum mission_state to, enum mission_kind kind)
{
    bool held = mission_held(d->state->state), holds = mission_held(to);
    must(to != MISSION_NONE);
    d->next->state = to;
    d->next->changed_ms = d->input->now_ms;
    struct step *step = mission_step(d, kind);
    if (d->input->kind == INPUT_MESSAGE && mission_open(to))
        step->due_ms = d->next->due_ms;
    if (held && !holds)
        d->next->owed = d->state->squad;
    if (d->next->owed != 0)
        owed_settle(d);
    if (!held && holds)
        squad_take(d);
    counts_add(d->outcome, d->state, -1);
    counts_add(d->outcome, d->next, 1);
    send_add(d->outcome, SERVICE_ROUTING, MESSAGE_PROGRESS, (int64_t)to);
}

static void request_copy(const struct decision *d)
{
    const struct mission_request *body = d->input->body;
    const struct matter *matter = matter_find_code(d->world->directory, body->matter);
    struct mission *next = d->next;
    next->unit = body->unit;
    next->street = body->street;
    next->squad = 0;
    next->matter = matter == NULL ? 0 : matter->id;
    text_copy(
            next->capability, sizeof(next->capability), body->capability, strlen(body->capability));
    next->asked_ms = d->input->now_ms;
    next->due_ms = body->due_ms;
    next->source_ref = body->source_ref;
    next->summary = body->summary;
}

static void mission_request(const struct decision *d)
{
    struct squad_set *set = d->world->related;
    struct mission *next = d->next;
    request_copy(d);
    struct squad *squad = squad_choose(d->world, next);
    next->rule_ver = directory_version(d->world->directory);
    if (squad != NULL && !queue_has(set, next->pool, next->capability)) {
        next->squad = squad->id;
        mission_apply(d, MISSION_ASSIGNED, MOVE_ASSIGNED);
        return;
    }
    mission_apply(d, MISSION_WAITING, MOVE_QUEUED);
    if (set != NULL)
        queue_add(set, next->pool, next->capability);
}

/* Out of the queue. A step without a squad only when the directory is newer than at the last look:
 * the pool may be another one, and the view must not bring the mission back for that version. */
static void mission_assign(const struct decision *d)
{
    int64_t version = directory_version(d->world->directory);
    struct squad *squad = squad_choose(d->world, d->next);
    d->next->rule_ver = version;
    if (squad != NULL) {
        d->next->squad = squad->id;
        mission_apply(d, MISSION_ASSIGNED, MOVE_ASSIGNED);
    } else if (version > d->state->rule_ver) {
        mission_step(d, MOVE_LOOKED_AGAIN);
    } else {
        outcome_refuse(d->outcome, REASON_NO_SQUAD);
    }
}

/* A cancellation was applied while its squad was not locked (a message that had been held back and
 * became due behind another input). Nobody outside sees the difference: no step. */
static void mission_release(const struct decision *d)
{
    owed_settle(d);
    d->outcome->keep = d->next->owed != d->state->owed;
}

/* The matter as the directory has it now: what has to be shown is asked for when it is done. */
static struct evidence mission_missing(const struct decision *d)
{
    const struct mission_act *body = d->input->body;
    const struct matter *matter = matter_find(d->world->directory, d->state->matter);
    if (matter == NULL)
        return (struct evidence){0, 0};
    return evidence_missing(
            matter->evidence, matter->evidence_count, body->evidence, body->evidence_count);
}

static void mission_act(const struct decision *d, const struct move *move)
{
    const struct mission *state = d->state;
    const struct mission_act *body = d->input->body;
    const struct staff *staff = staff_find(d->world->directory, d->input->actor);
    bool member = staff != NULL && staff->unit == state->squad;
    struct evidence missing = {0, 0};
    if (d->input->type == COMMAND_DONE)
        missing = mission_missing(d);
    if (state->squad != 0 && !member) {
        outcome_refuse(d->outcome, REASON_NOT_YOUR_SQUAD);
    } else if (move->verdict == VERDICT_DUPLICATE) {
        d->outcome->verdict = VERDICT_DUPLICATE;
    } else if (move->verdict == VERDICT_REFUSED) {
        outcome_refuse(d->outcome, move->reason);
    } else if (body->version != 0 && body->version != state->agg.ver) {
        d->outcome->verdict = VERDICT_CONFLICT;
        d->outcome->reason = REASON_VERSION;
    } else if (missing.count != 0) {
        outcome_refuse_about(d->outcome, REASON_EVIDENCE, evidence_pack(missing));
    } else {
        mission_apply(d, move->to, move->kind);
    }
}

static enum mission_event event_of(const struct input *input)
{
    if (input->kind == INPUT_MESSAGE)
        return input->type == MESSAGE_REQUESTED ? EVENT_REQUEST : EVENT_CANCEL;
    if (input->kind == INPUT_WORK)
        return EVENT_ASSIGN;
    must(input->kind == INPUT_COMMAND);
    if (input->type == COMMAND_ACCEPT)
        return EVENT_ACCEPT;
    if (input->type == COMMAND_ARRIVE)
        return EVENT_ARRIVE;
    must(input->type == COMMAND_DONE);
    return EVENT_DONE;
}

void mission_decide(const void *state,
        const struct input *input,
        const struct world *world,
        void *next,
        struct outcome *outcome)
{
    const struct decision d = {state, input, world, next, outcome};
    enum mission_event event = event_of(input);
    const struct move *move = move_find(d.state->state, event);
    must(d.next != d.state);
    outcome->verdict = VERDICT_APPLIED;
    if (input->kind == INPUT_WORK && input->type == WORK_RELEASE)
        mission_release(&d);
    else if (input->kind == INPUT_COMMAND && d.state->agg.ver == 0)
        outcome->verdict = VERDICT_NOT_FOUND;
    else if (input->kind == INPUT_COMMAND)
        mission_act(&d, move);
    else if (move->verdict != VERDICT_APPLIED)
        outcome_refuse(outcome, move->reason);
    else if (event == EVENT_REQUEST)
        mission_request(&d);
    else if (event == EVENT_ASSIGN)
        mission_assign(&d);
    else
        mission_apply(&d, move->to, move->kind);
}
