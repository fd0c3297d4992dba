/* Every change of a case happens here, by the table in routing.h: routing_decide() finds the row
 * for (state, event) and does what it says. Pure: state, input and directory in; next state,
 * steps, messages, timers and counters out. No clock, no memory, no log, no writable data.
 *
 * A message or timer that comes too late (the case has ended, the mission was taken away) is no
 * error: its verdict is "duplicate" and nothing changes. Only commands are refused.
 *
 * To extend: a row in the table; for a new kind of doing, an enum case_action and its function
 * here. */
#include "services/routing/decide.h"

#include <string.h>

#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"
#include "services/routing/decide_actor.h"
#include "services/routing/decide_after.h"
#include "services/routing/decide_due.h"
#include "services/routing/decide_merge.h"
#include "services/routing/decide_parts.h"
#include "services/routing/decide_turn.h"

struct rule {
    uint8_t state, event, who, action, to, refusal;
};

static const struct rule rules[] = {
#define X(state, event, who, action, to, refusal)                                                  \
    {CASE_##state, EVENT_##event, WHO_##who, DO_##action, CASE_##to, REFUSAL_##refusal},
        CASE_RULE_TABLE(X)
#undef X
};

static bool state_fits(uint8_t rule, enum case_state state)
{
    return rule == state || rule == CASE_ANY || (rule == CASE_OPEN && case_open(state));
}

static const struct rule *rule_find(enum case_state state, enum case_event event)
{
    const struct rule *rule = rules;
    while (!(state_fits(rule->state, state) && (rule->event == event || rule->event == EVENT_ANY)))
        rule++; /* the last row fits everything */
    return rule;
}

bool case_open(enum case_state state)
{
    static const bool open[CASE_STATE_COUNT] = {
#define X(name, number, text, is_open) [name] = is_open,
            CASE_STATE_TABLE(X)
#undef X
    };
    must(state < CASE_STATE_COUNT);
    return open[state];
}

void turn_ignore(struct turn *turn)
{
    must(turn->outcome->step_count == 0);
    turn->outcome->verdict = VERDICT_DUPLICATE;
}

struct evidence turn_missing(const struct turn *turn)
{
    const struct act *act = turn_act_body(turn);
    if (!turn->matter)
        return (struct evidence){0, 0};
    return evidence_missing(turn->matter->evidence, turn->matter->evidence_count, act->evidence,
            act->evidence_count);
}

/* Which evidence is missing, whose part is open; a unit whose number has no room is not named. */
static uint16_t refusal_about(const struct turn *turn, enum case_refusal refusal)
{
    if (refusal == REFUSAL_EVIDENCE)
        return evidence_pack(turn_missing(turn));
    int64_t unit = refusal == REFUSAL_PARTS_OPEN ? parts_first_open(turn->before) : 0;
    return unit > 0 && unit <= REFUSED_ABOUT_MAX ? (uint16_t)unit : 0;
}

static void turn_refuse(struct turn *turn, enum case_refusal refusal)
{
    if (turn->input->kind != INPUT_COMMAND) {
        turn_ignore(turn);
        return;
    }
    outcome_refuse_about(turn->outcome, refusal, refusal_about(turn, refusal));
    if (refusal == REFUSAL_NO_CASE)
        turn->outcome->verdict = VERDICT_NOT_FOUND;
    if (refusal == REFUSAL_VERSION)
        turn->outcome->verdict = VERDICT_CONFLICT;
}

struct step *turn_step(struct turn *turn, enum case_step kind, enum case_state to, int64_t unit)
{
    struct step *step =
            step_add(turn->outcome, turn->input, (uint16_t)kind, turn->next->state, (uint16_t)to);
    step->unit = unit;
    step->rule_ver = directory_version(turn->directory);
    turn->next->state = (uint8_t)to;
    return step;
}

void turn_count(struct turn *turn, enum case_metric metric, int amount)
{
    count_add(turn->outcome, (uint16_t)metric, turn->next->unit, turn->next->matter, amount);
}

/* Where the case starts: the lowest level able to handle the matter, not below its place. When
 * the tree ends below that level (a street's own site), the highest area there is; at last the
 * root. */
static const struct unit *area_first(
        const struct directory *directory, const struct unit *place, enum level able)
{
    const struct unit *area = area_from(directory, place, able);
    for (int level = able; !area && level >= LEVEL_GRID; level--)
        area = unit_at_level(directory, place, (enum level)level);
    return area ? area : unit_root(directory);
}

/* What does not fit is in the history alone. */
void turn_mark(struct turn *turn, enum case_metric metric, int64_t unit, int amount)
{
    struct case_course *course = &turn->next->course;
    int i = 0;
    while (i < course->mark_count &&
            !(course->marks[i].metric == (int32_t)metric && course->marks[i].unit == unit))
        i++;
    if (i == MARKS_MAX)
        return;
    if (i == course->mark_count)
        course->marks[course->mark_count++] =
                (struct case_mark){.unit = unit, .metric = (int32_t)metric};
    course->marks[i].times += amount;
    count_add(turn->outcome, (uint16_t)metric, unit, turn->next->matter, amount);
}

const struct act *turn_act_body(const struct turn *turn)
{
    must(turn->input->kind == INPUT_COMMAND);
    return turn->input->body;
}

int64_t turn_actor_unit(const struct turn *turn)
{
    const struct staff *staff = staff_find(turn->directory, turn->input->actor);
    must(staff); /* actor_check() found it */
    return staff->unit;
}

const struct unit *turn_place(const struct turn *turn)
{
    const struct unit *place = unit_find(turn->directory, turn->next->unit);
    return place ? place : unit_root(turn->directory);
}

int64_t turn_handler_at(const struct turn *turn, enum level level)
{
    const struct unit *unit = NULL;
    if (turn->matter)
        unit = directory_handler(turn->directory, turn->matter, turn_place(turn), level);
    return unit ? unit->id : turn->next->area;
}

static void work_cancel(struct turn *turn)
{
    if (turn->next->work == WORK_MISSION)
        send_add(turn->outcome, SERVICE_ENFORCEMENT, TYPE_MISSION_CANCELLED, 0);
    if (turn->next->work == WORK_NEED)
        send_add(turn->outcome, SERVICE_VOLUNTEER, TYPE_NEED_CANCELLED, 0);
    turn->next->work = WORK_OWN;
}

/* True when the matter is on the unit's list, or not in the catalogue. */
static bool unit_listed(const struct turn *turn, const struct unit *unit)
{
    return !unit || !turn->matter || unit_duty(unit, turn->matter) != DUTY_NONE;
}

void turn_give(struct turn *turn, int64_t unit)
{
    const struct unit *handler = unit_find(turn->directory, unit);
    const char *kind = handler ? handler->kind : "";
    work_cancel(turn);
    turn->next->course.asked_ms = 0; /* it was somebody else who asked for time */
    turn->next->course.unlisted = !unit_listed(turn, handler);
    turn->next->handler = unit;
    turn->next->on_scene = false;
    turn->next->kind = strcmp(kind, "squad") == 0        ? HANDLER_SQUAD
                       : strcmp(kind, "department") == 0 ? HANDLER_DEPARTMENT
                       : strcmp(kind, "grid") == 0       ? HANDLER_WORKER
                                                         : HANDLER_DESK;
}

/* How the case is worked on, from the matter and the level where it starts: a grid's worker only
 * on his grid, a squad only where there is a street whose squads come first; otherwise a desk. */
static void case_kind_set(struct turn *turn, const struct unit *place)
{
    struct routing_case *next = turn->next;
    enum handler_kind kind = turn->matter ? turn->matter->handler : HANDLER_DESK;
    next->work = WORK_OWN;
    if (intent_answered(next->course.intent) && kind != HANDLER_DEPARTMENT)
        kind = HANDLER_DESK; /* nobody drives out for an answer */
    switch (kind) {
    case HANDLER_WORKER:
        if (next->level != LEVEL_GRID)
            kind = HANDLER_DESK;
        break;
    case HANDLER_SQUAD:
        if (unit_at_level(turn->directory, place, LEVEL_STREET))
            next->work = WORK_MISSION;
        else
            kind = HANDLER_DESK;
        break;
    case HANDLER_VOLUNTEERS:
        next->work = WORK_NEED;
        break;
    case HANDLER_DEPARTMENT:
        break;
    case HANDLER_NONE:
    case HANDLER_DESK:
    case HANDLER_JOINT: /* the area's desk leads */
        kind = HANDLER_DESK;
        break;
    }
    next->kind = (uint8_t)kind;
}

/* A member of staff sends it past the catalogue: to a unit, on his own area's responsibility. */
static void place_sent(struct turn *turn, const struct case_reported *body)
{
    struct routing_case *next = turn->next;
    const struct staff *staff = staff_find(turn->directory, body->reporter);
    const struct unit *sender = staff ? unit_find(turn->directory, staff->unit) : NULL;
    const struct unit *to = unit_find(turn->directory, body->to);
    const struct unit *area = sender ? area_from(turn->directory, sender, LEVEL_GRID) : NULL;
    bool volunteer = staff && strcmp(staff->role, "volunteer") == 0;
    if (!to || to->retired || !area || volunteer || !unit_within(turn->directory, to, area->id))
        return;
    if (unit_within(turn->directory, turn_place(turn), area->id)) {
        next->area = area->id;
        next->level = (uint8_t)area->level;
    }
    next->work = WORK_OWN;
    turn_give(turn, to->id);
    next->course.sent_by = sender->id;
}

static void case_place(struct turn *turn, const struct case_reported *body)
{
    struct routing_case *next = turn->next;
    next->unit = body->unit;
    const struct unit *place = turn_place(turn);
    enum level able = turn->matter && turn->matter->start_level != LEVEL_NONE
                              ? turn->matter->start_level
                              : LEVEL_GRID;
    if (!turn->matter)
        able = LEVEL_DISTRICT; /* nobody below knows what it is: the district's desk sorts it out */
    const struct unit *area = area_first(turn->directory, place, able);
    next->unit = place->id;
    next->area = area->id;
    next->level = (uint8_t)area->level;
    case_kind_set(turn, place);
    next->handler = next->work == WORK_MISSION ? area->id : turn_handler_at(turn, area->level);
    if (body->to != 0)
        place_sent(turn, body);
}

void turn_place_report(struct turn *turn)
{
    const struct case_reported *body = turn->input->body;
    struct routing_case *next = turn->next;
    turn->matter = matter_find_code(turn->directory, body->matter);
    next->matter = turn->matter ? turn->matter->id : 0;
    next->source = body->source;
    next->source_ref = body->source_ref;
    next->summary = body->summary;
    next->drill = body->drill;
    next->course.intent = body->intent;
    next->course.wants = body->wants_progress;
    next->accepted_at_ms = turn->input->now_ms;
    next->promised_at_ms = body->promised_at_ms;
    case_place(turn, body);
}

/* The promise of the source takes the catalogue's place; one that has passed is due now. */
static struct due first_due(const struct turn *turn, int64_t promised_at_ms)
{
    int64_t now = turn->input->now_ms;
    if (promised_at_ms != 0)
        return (struct due){.at_ms = promised_at_ms > now ? promised_at_ms : now};
    return due_first(turn->directory, turn->matter, turn->next, now);
}

int64_t case_offer_until(const struct routing_case *this, const struct matter *matter)
{
    return matter && matter->accept_ms > 0 ? this->accepted_at_ms + matter->accept_ms : 0;
}

/* What several units have to do together has no clock before they are named. */
static bool starts_later(const struct turn *turn)
{
    return turn->matter && turn->matter->handler == HANDLER_JOINT &&
           !intent_answered(turn->next->course.intent) && turn->next->promised_at_ms == 0 &&
           turn->matter->accept_ms > 0 && turn->next->course.sent_by == 0;
}

static void do_register(struct turn *turn)
{
    struct routing_case *next = turn->next;
    turn_place_report(turn);
    next->course.unstarted = starts_later(turn);
    int64_t now = turn->input->now_ms;
    int64_t due_ms = next->course.unstarted ? 0 : first_due(turn, next->promised_at_ms).at_ms;
    int64_t span_ms = next->promised_at_ms > now ? next->promised_at_ms - now
                      : turn->matter             ? turn->matter->handle_ms
                                                 : 0;
    next->first_due_ms = next->due_ms = due_ms;
    next->warn_ms = next->promised_at_ms == 0
                            ? clock_warn(turn, next->handler, now, span_ms, due_ms)
                    : due_ms > now ? now + span_ms / 10 * WARN_TENTHS
                                   : 0;
    clock_dispatch(turn);

    turn_step(turn, STEP_REGISTER, CASE_REGISTERED, next->unit);
    turn_step(turn, STEP_DISPATCH, turn->to, next->handler)->due_ms = next->due_ms;
    if (next->work == WORK_MISSION)
        send_add(turn->outcome, SERVICE_ENFORCEMENT, TYPE_MISSION_REQUESTED, 0);
    if (next->work == WORK_NEED)
        send_add(turn->outcome, SERVICE_VOLUNTEER, TYPE_NEED_OPENED, 0);
    turn_count(turn, METRIC_OPEN, 1);
}

void turn_accept(struct turn *turn)
{
    turn_step(turn, STEP_ACCEPT, CASE_ACCEPTED, turn->next->handler);
    clock_accept(turn);
}

static void case_handled(struct turn *turn, enum case_step step, const char *actor)
{
    struct routing_case *next = turn->next;
    next->handled_at_ms = turn->input->now_ms;
    next->handled_unit = next->handler;
    text_copy(next->handled_by, sizeof next->handled_by, actor, strlen(actor));
    next->work = WORK_OWN;
    clock_verify(turn);
    turn_step(turn, step, CASE_HANDLED, next->handled_unit);
}

/* Whoever handles it at once has accepted it too. */
void turn_handle(struct turn *turn, const char *actor)
{
    if (turn->next->state == CASE_DISPATCHED)
        turn_accept(turn);
    case_handled(turn, STEP_HANDLE, actor);
}

void turn_done(struct turn *turn, enum case_step step, const char *actor)
{
    case_handled(turn, step, actor);
}

void turn_end(struct turn *turn, enum case_metric metric)
{
    struct routing_case *next = turn->next;
    must(!case_open(next->state));
    next->ended_at_ms = turn->input->now_ms;
    next->warn_ms = 0;
    clock_stop(next);
    next->course.merged = 0;
    work_cancel(turn);
    parts_end(turn);
    send_add(turn->outcome, SERVICE_INTAKE, TYPE_CASE_ENDED, 0);
    turn_count(turn, METRIC_OPEN, -1);
    turn_count(turn, metric, 1);
    if (next->late)
        turn_count(turn, METRIC_LATE, -1);
}

/* Judged once, by the promise if there was one and by the catalogue if not; at the instant is in
 * time. A verification with a time of its own takes nothing from the handler's. */
void turn_judge(struct turn *turn)
{
    struct routing_case *next = turn->next;
    bool kept = next->promised_at_ms == 0 && case_verify_timed(next);
    int64_t at = kept ? next->handled_at_ms : turn->input->now_ms;
    next->overdue = next->promised_at_ms != 0 && at > next->promised_at_ms;
    next->overdue_by_catalogue =
            next->promised_at_ms == 0 && next->first_due_ms != 0 && at > next->first_due_ms;
    if (next->overdue)
        turn_count(turn, METRIC_OVERDUE, 1);
    if (next->overdue_by_catalogue)
        turn_count(turn, METRIC_OVERDUE_BY_CATALOGUE, 1);
}

static void do_verify(struct turn *turn)
{
    const struct staff *staff = staff_find(turn->directory, turn->input->actor);
    must(staff && strcmp(staff->code, turn->next->handled_by) != 0);
    turn_step(turn, STEP_VERIFY, CASE_VERIFIED, staff->unit);
    turn_step(turn, STEP_CLOSE, turn->to, turn->next->area);
    turn_judge(turn);
    turn_end(turn, METRIC_CLOSED);
    check_draw(turn);
}

static void do_end(struct turn *turn)
{
    turn_step(turn, STEP_WITHDRAW, turn->to, turn->next->area);
    turn_end(turn, METRIC_WITHDRAWN);
}

static void do_refer(struct turn *turn)
{
    turn_step(turn, STEP_REFER, turn->to, turn->next->area);
    turn_end(turn, METRIC_REFERRED_OUT);
}

/* Progress counts only for the work that is open: a mission's or a need's that was taken away,
 * or was finished before, is of another round. */
static const struct progress *progress_current(const struct turn *turn)
{
    const struct progress *progress = turn->input->body;
    bool mission = turn->input->type == TYPE_MISSION_PROGRESS;
    return turn->next->work == (mission ? WORK_MISSION : WORK_NEED) ? progress : NULL;
}

/* The squad that the message names is the one that works on the case. */
static void squad_take(struct turn *turn, const struct progress *progress)
{
    if (progress->squad != 0)
        turn->next->handler = progress->squad;
}

static void do_assign(struct turn *turn, const struct progress *progress)
{
    if (progress->squad == 0 || progress->squad == turn->next->handler) {
        turn_ignore(turn);
        return;
    }
    squad_take(turn, progress);
    turn->next->on_scene = false;
    if (turn->next->state != CASE_DISPATCHED)
        clock_dispatch(turn); /* another squad than the one that had accepted */
    turn_step(turn, STEP_ASSIGN, turn->to, progress->squad);
}

static void do_arrive(struct turn *turn, const struct progress *progress)
{
    if (turn->next->on_scene) {
        turn_ignore(turn);
        return;
    }
    squad_take(turn, progress);
    if (turn->next->state == CASE_DISPATCHED)
        turn_accept(turn);
    turn->next->on_scene = true;
    clock_stop(turn->next);
    turn_step(turn, STEP_ARRIVE, turn->to, turn->next->handler);
}

/* Nobody claimed the need: the desk of the area, from the village up, does the work itself. */
static void do_to_desk(struct turn *turn)
{
    struct routing_case *next = turn->next;
    const struct unit *place = turn_place(turn);
    int level = next->level > LEVEL_VILLAGE ? next->level : LEVEL_VILLAGE;
    const struct unit *area = area_first(turn->directory, place, (enum level)level);
    next->work = WORK_OWN;
    next->kind = HANDLER_DESK;
    next->handler = turn_handler_at(turn, area->level);
    clock_dispatch(turn);
    turn_step(turn, STEP_TO_DESK, turn->to, next->handler);
}

/* Done, while others are not: the case waits for them in the hands of who handles it. */
static void do_leave(struct turn *turn)
{
    if (turn->next->state == CASE_DISPATCHED)
        turn_accept(turn);
    turn->next->work = WORK_OWN;
    clock_stop(turn->next);
    if (turn->next->kind == HANDLER_VOLUNTEERS)
        turn_give(turn, turn->next->handler);
    turn_step(turn, STEP_FINISH_PART, turn->to, turn->next->handler);
}

static void turn_progress(struct turn *turn, enum case_action action)
{
    const struct progress *progress = progress_current(turn);
    if (!progress) {
        turn_ignore(turn);
        return;
    }
    if (action == DO_ASSIGN) {
        do_assign(turn, progress);
    } else if (action == DO_ARRIVE) {
        do_arrive(turn, progress);
    } else if (action == DO_TO_DESK) {
        do_to_desk(turn);
    } else if (action == DO_LEAVE) {
        squad_take(turn, progress);
        do_leave(turn);
    } else {
        squad_take(turn, progress);
        if (action == DO_TAKE)
            turn_accept(turn);
        else
            turn_handle(turn, progress->actor);
    }
}

static void do_handle(struct turn *turn)
{
    turn_handle(turn, turn->input->actor);
}

static void turn_act(struct turn *turn, enum case_action action)
{
    static void (*const does[])(struct turn *) = {
            [DO_REGISTER] = do_register,
            [DO_ACCEPT] = turn_accept,
            [DO_HANDLE] = do_handle,
            [DO_VERIFY] = do_verify,
            [DO_REFER] = do_refer,
            [DO_END] = do_end,
    };
    if (action >= DO_LOOK || action == DO_ESCALATE) {
        clock_act(turn, action);
    } else if (action >= DO_MERGE) {
        merge_act(turn, action);
    } else if (action >= DO_SETTLE) {
        after_act(turn, action);
    } else if (action >= DO_WHISTLE) {
        parts_act(turn, action);
    } else if (action >= DO_RETURN) {
        course_act(turn, action);
    } else if (action >= DO_ASSIGN) {
        turn_progress(turn, action);
    } else {
        must(does[action]); /* a refusal is no action */
        does[action](turn);
    }
}

/* Why a command is refused before anything is done; REFUSAL_NONE for all other inputs. */
static enum case_refusal command_check(
        const struct turn *turn, const struct routing_case *state, const struct rule *rule)
{
    if (turn->input->kind != INPUT_COMMAND || state->state == CASE_NONE)
        return rule->refusal;
    const struct act *act = turn->input->body;
    if (act->version != 0 && act->version != state->agg.ver)
        return REFUSAL_VERSION;
    if (rule->action == DO_REFUSE)
        return rule->refusal;
    enum case_refusal refusal = actor_check(turn->directory, state, turn->input->actor,
            (enum case_who)rule->who, rule->action, act->part);
    if (refusal != REFUSAL_NONE)
        return refusal;
    return rule->action >= DO_MERGE     ? merge_check(turn, state, rule->action)
           : rule->action >= DO_SETTLE  ? after_check(turn, state, rule->action)
           : rule->action >= DO_WHISTLE ? parts_check(turn, state, rule->action)
                                        : course_check(turn, state, rule->action);
}

void routing_decide(const void *state,
        const struct input *input,
        const struct world *world,
        void *next,
        struct outcome *outcome)
{
    const struct routing_case *this = state;
    must(this->state < CASE_STATE_COUNT);
    must(this->state == CASE_NONE || this->agg.ver > 0);
    const struct rule *rule = rule_find(this->state, routing_event(this, world->directory, input));
    struct turn turn = {
            .input = input,
            .directory = world->directory,
            .matter = matter_find(world->directory, this->matter),
            .before = this,
            .next = next,
            .outcome = outcome,
            .others = world->related,
            .to = rule->to == CASE_ANY ? this->state : rule->to,
    };
    enum case_refusal refusal = command_check(&turn, this, rule);
    if (refusal != REFUSAL_NONE)
        turn_refuse(&turn, refusal);
    else
        turn_act(&turn, rule->action);
    must(outcome->step_count == 0 || turn.next->state == turn.to);
    stage_tell(&turn);
    clock_arm(&turn);
}
