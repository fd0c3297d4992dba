#include "tests/sim/people.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/store/ops_codec.h"
#include "tests/sim/columns.h"
#include "tests/sim/net.h"
#include "tests/sim/people_case.h"
#include "tests/sim/persons.h"
#include "tests/sim/proto.h"
#include "tests/sim/sim.h"
#include "tests/sim/twins.h"

#define ASKS_MAX 4000
#define RIGHTS_ALL UINT32_MAX
#define ACTS_PER_REPORT 5

enum { TYPE_REPORT = 1511, TYPE_WITHDRAW = 1512, TYPE_OUTCOME_ACK = 1513 };
enum { TYPE_MISSION_ACCEPT = 3501, TYPE_MISSION_ARRIVE, TYPE_MISSION_DONE };
enum { TYPE_NEED_CLAIM = 4501, TYPE_NEED_DONE };

struct ask { /* a request until its answer */
    uint32_t serial, type;
    enum service_id dest;
    int64_t agg;
    const char *peer, *actor;
    char request_id[16], ticket[16];
    bool named;    /* a report says who calls */
    int64_t about; /* the report of a command about who calls, which names no aggregate */
    char why[24];
    struct buf payload;
    bool answered, gives_up;
    uint32_t verdict;
    int64_t told_incarnation;
};

static struct {
    struct ask *asks;
    size_t count;
    int reports, acts;
    bool replays;
    struct arena arena;
} people;

static void report_push(void *self, int64_t arg);
static void act_try(void *self, int64_t arg);

static void ask_send(struct ask *ask)
{
    BUF_OWNED payload = {0};
    struct frame head = {.kind = FRAME_COMMANDS,
            .dest = ask->dest,
            .bucket = (uint8_t)(id_hash(ask->agg) % BUCKET_COUNT),
            .count = 1,
            .rights = RIGHTS_ALL,
            .serial = ask->serial};
    struct envelope envelope = {.id = ask->serial,
            .agg = ask->agg,
            .type = ask->type,
            .request_id = ask->request_id,
            .actor = ask->actor,
            .text = "",
            .payload = {(const uint8_t *)ask->payload.data, ask->payload.size}};
    snprintf(head.peer, sizeof head.peer, "%s", ask->peer);
    batch_begin(&payload, 0);
    batch_add(&payload, &envelope);
    sim_trace("request", ask->type, id_counter(ask->agg), ask->serial, 0);
    net_request(&head, (const uint8_t *)payload.data, payload.size);
}

static void ask_again(void *self, int64_t last)
{
    struct ask *ask = self;
    if (ask->answered || (ask->gives_up && last))
        return;
    ask_send(ask);
    sim_at(sim_between(&sim.people_rng, 200, 2500), ask_again, ask,
            ask->gives_up && sim_chance(&sim.people_rng, 2));
}

static struct ask *ask_new(enum service_id dest, uint32_t type, int64_t agg)
{
    if (people.count == ASKS_MAX)
        return NULL;
    struct ask *ask = &people.asks[people.count++];
    *ask = (struct ask){.serial = (uint32_t)people.count,
            .type = type,
            .dest = dest,
            .agg = agg,
            .peer = "desk",
            .actor = "",
            .gives_up = sim_chance(&sim.people_rng, 6)};
    snprintf(ask->request_id, sizeof ask->request_id, "r%u", ask->serial);
    return ask;
}

static void ask_begin(struct ask *ask)
{
    ask_again(ask, 0);
    if (sim_chance(&sim.people_rng, 6))
        sim_at(sim_between(&sim.people_rng, 1, 4000), ask_again, ask, 1);
}

static void withdraw_push(void *self, int64_t arg)
{
    const struct ask *report = self;
    (void)arg;
    if (sim.calm)
        return;
    struct ask *ask = ask_new(SERVICE_INTAKE, TYPE_WITHDRAW, 0);
    if (!ask)
        return;
    ask->peer = report->peer;
    memcpy(ask->ticket, report->ticket, sizeof ask->ticket);
    proto_text(&ask->payload, 1, ask->ticket);
    proto_text(&ask->payload, 2, "found it");
    ask_begin(ask);
}

static void report_fill(struct ask *ask)
{
    static const char *const matters[] = {"lamp", "noise", "dump", "dump", "graffiti", "graffiti"};
    static const char *const grids[] = {"G1", "G2"};
    struct buf *out = &ask->payload;
    proto_text(out, 1, ask->ticket);
    const char *matter = matters[rng_below(&sim.people_rng, 6)];
    proto_text(out, 2, matter);
    if (matter[0] == 'n') { /* of the noise there are several reports: of a place, or one near by */
        proto_double(out, 4, 113.35 + 0.0003 * (double)rng_below(&sim.people_rng, 6));
        proto_double(out, 5, 22.94);
    }
    bool poison = sim_fault(FAULT_POISON) && sim_chance(&sim.people_rng, 8);
    proto_text(out, 3, poison ? "poison" : "it is dark");
    proto_text(out, 6, "D");
    if (!sim_chance(&sim.people_rng, 10)) {
        proto_text(out, 6, "S1");
        proto_text(out, 6, "V1");
        proto_text(out, 6, grids[rng_below(&sim.people_rng, 2)]);
    }
    ask->named = sim_chance(&sim.people_rng, 3);
    if (ask->named)
        persons_fill(out);
    if (sim_chance(&sim.people_rng, 3))
        proto_number(out, 8, db_clock_ms() + sim_between(&sim.people_rng, -2000, 6000));
}

/* A ticket of its own, or one that came before. */
static void report_push(void *self, int64_t arg)
{
    (void)self;
    (void)arg;
    if (sim.calm || people.reports >= sim.plan.requests)
        return;
    struct ask *ask = ask_new(SERVICE_INTAKE, TYPE_REPORT, 0);
    if (!ask)
        return;
    people.reports++;
    ask->peer = "hotline";
    bool again = people.reports > 1 && sim_chance(&sim.people_rng, 10);
    snprintf(ask->ticket, sizeof ask->ticket, "T%d",
            again ? (int)sim_between(&sim.people_rng, 1, people.reports) : people.reports);
    report_fill(ask);
    ask_begin(ask);
    if (sim_chance(&sim.people_rng, 5))
        sim_at(sim_between(&sim.people_rng, 0, 6000), withdraw_push, ask, 0);
    sim_at(sim_chance(&sim.people_rng, 3) ? sim_between(&sim.people_rng, 0, 1200) : 0, report_push,
            NULL, 0);
}

static const char *one_of(const char *const *list, uint64_t count)
{
    return list[rng_below(&sim.people_rng, count)];
}

struct act {
    uint32_t type;
    const char *actor;
};

static struct act mission_act(const struct version *row)
{
    static const char *const members[] = {"sq1a", "sq1b", "sq2a"};
    int64_t state = cell_int(row, MISSION_STATE);
    uint32_t type = state <= 2 ? TYPE_MISSION_ACCEPT : TYPE_MISSION_ACCEPT + (uint32_t)state - 2;
    if (type > TYPE_MISSION_DONE || sim_chance(&sim.people_rng, 12))
        type = TYPE_MISSION_DONE;
    int64_t squad = cell_int(row, MISSION_SQUAD);
    bool own = squad >= 6 && squad <= 7 && !sim_chance(&sim.people_rng, 4);
    return (struct act){type, own ? members[squad == 6 ? 0 : 2] : one_of(members, 3)};
}

static struct act need_act(const struct version *row)
{
    static const char *const volunteers[] = {"vol1", "vol2", "w1"};
    bool claimed = cell_int(row, NEED_STATE) >= 2;
    const struct cell *whose = &row->cells[NEED_VOLUNTEER];
    if (claimed && !sim_chance(&sim.people_rng, 4))
        for (int i = 0; i < 2; i++)
            if (whose->size == 4 && memcmp(whose->data, volunteers[i], 4) == 0)
                return (struct act){TYPE_NEED_DONE, volunteers[i]};
    return (struct act){claimed ? TYPE_NEED_DONE : TYPE_NEED_CLAIM, one_of(volunteers, 3)};
}

static struct act reporter_act(const struct version *row)
{
    (void)row;
    return (struct act){TYPE_OUTCOME_ACK, ""};
}

static void case_act(int64_t id, const struct version *version)
{
    struct case_order order = case_order_draw(version);
    struct ask *ask = order.type ? ask_new(SERVICE_ROUTING, order.type, id) : NULL;
    if (!ask)
        return;
    people.acts++;
    ask->actor = order.actor;
    case_order_fill(&order, version, &ask->payload);
    ask_begin(ask);
}

/* Who calls: looked at, seldom forgotten, sealed anew. */
static void person_act(int64_t report)
{
    struct ask *ask = ask_new(SERVICE_INTAKE, TYPE_SEE_PERSON, 0);
    if (!ask)
        return;
    people.acts++;
    ask->about = report;
    (void)snprintf(ask->why, sizeof ask->why, "asking %u.", ask->serial);
    ask->type = persons_draw(&sim.people_rng, report, ask->why, &ask->payload, &ask->actor);
    ask_begin(ask);
}

/* What somebody sees and does about it. */
static void act_on(enum service_id service, const struct row *row, const struct version *version)
{
    static struct act (*const choose[SERVICE_COUNT])(const struct version *row) = {
            [SERVICE_INTAKE] = reporter_act,
            [SERVICE_ENFORCEMENT] = mission_act,
            [SERVICE_VOLUNTEER] = need_act};
    if (service == SERVICE_ROUTING) {
        case_act(row->key.a, version);
        return;
    }
    if (service == SERVICE_INTAKE && sim_chance(&sim.people_rng, 2)) {
        person_act(row->key.a);
        return;
    }
    struct act act = choose[service](version);
    struct ask *ask = ask_new(service, act.type, row->key.a);
    if (!ask)
        return;
    people.acts++;
    ask->actor = act.actor;
    if (service == SERVICE_INTAKE) {
        ask->peer = "hotline";
        proto_number(&ask->payload, 1, row->key.a);
    } else {
        if (sim_chance(&sim.people_rng, 4))
            proto_number(&ask->payload, 1, cell_int(version, ROW_VER));
        proto_text(&ask->payload, 2, "done so");
    }
    ask_begin(ask);
}

static void act_try(void *self, int64_t arg)
{
    static const enum service_id where[] = {SERVICE_ROUTING, SERVICE_ENFORCEMENT, SERVICE_VOLUNTEER,
            SERVICE_INTAKE, SERVICE_ROUTING};
    (void)self;
    (void)arg;
    if (sim.calm || people.acts >= ACTS_PER_REPORT * sim.plan.requests)
        return;
    enum service_id service = where[rng_below(&sim.people_rng, 5)];
    const struct table *table = db_table(service, T_AGG);
    for (int look = 0; look < 4 && table->count; look++) {
        const struct row *row = table->rows[rng_below(&sim.people_rng, table->count)];
        const struct version *version = row_see(row, NULL);
        int state = service == SERVICE_ROUTING ? CASE_STATE : MISSION_STATE;
        int64_t found = version ? cell_int(version, state) : 0;
        bool over = found > 4 && !(service == SERVICE_ROUTING && found >= 9);
        bool early = service == SERVICE_INTAKE && found == 1 && /* it has no outcome yet */
                     !sim_chance(&sim.people_rng, 2);
        if (found == 0 || ((over || early) && !sim_chance(&sim.people_rng, 8)))
            continue;
        act_on(service, row, version);
        break;
    }
    sim_at(sim_between(&sim.people_rng, 0, 100), act_try, NULL, 0);
}

void people_begin(void)
{
    people.asks = arena_find(&sim.arena, ASKS_MAX * sizeof *people.asks); /* ask_new fills them */
    must(people.asks);
    people.count = 0;
    people.reports = people.acts = 0;
    people.replays = false;
    persons_begin();
    sim_at(20, report_push, NULL, 0);
    sim_at(100, act_try, NULL, 0);
}

void people_end(void)
{
    for (size_t i = 0; i < people.count; i++)
        buf_fini(&people.asks[i].payload);
    people.count = 0;
}

static struct ask *ask_of(int64_t serial)
{
    return serial >= 1 && (size_t)serial <= people.count ? &people.asks[serial - 1] : NULL;
}

void people_reply(const struct frame *head, const uint8_t *payload, size_t size)
{
    uint64_t incarnation;
    struct envelope *replies;
    size_t count;
    const char *why = "";
    struct arena arena;
    (void)head;
    arena_init(&arena, (size_t)1 << 20);
    must(batch_decode(payload, size, &arena, &incarnation, &replies, &count, &why) == OK);
    for (size_t i = 0; i < count; i++) {
        struct ask *ask = ask_of(replies[i].id);
        sim_trace("reply", ask ? ask->type : 0, ask ? ask->serial : 0, replies[i].verdict,
                replies[i].reason);
        if (!ask || ask->answered || replies[i].verdict >= REPLY_FAILED)
            continue;
        ask->answered = true;
        ask->verdict = replies[i].verdict;
        ask->told_incarnation = (int64_t)incarnation;
    }
    arena_fini(&arena);
}

static const struct version *seen_by(const struct row *row, bool confirmed)
{
    return confirmed ? row_confirmed(row) : row_see(row, NULL);
}

/* The ticket is the one that the report came under, or stands in its course among those that report
 * the same thing: nobody who got a number is forgotten. */
static bool report_names(const struct version *report, const char *ticket)
{
    const struct cell *ref = &report->cells[REPORT_REF], *course = &report->cells[REPORT_COURSE];
    char name[24];
    int size = snprintf(name, sizeof name, "[\"%s\"", ticket);
    if ((size_t)ref->size == strlen(ticket) && memcmp(ref->data, ticket, strlen(ticket)) == 0)
        return true;
    return !course->null && memmem(course->data, (size_t)course->size, name, (size_t)size);
}

/* A ticket has the instant at which the report under it was accepted, and so has its receipt. */
static bool instant_agrees(
        const struct version *ticket, const struct version *report, const char *text)
{
    const struct cell *ref = &report->cells[REPORT_REF];
    bool own = (size_t)ref->size == strlen(text) && memcmp(ref->data, text, strlen(text)) == 0;
    return !own || cell_int(ticket, TK_AT) == cell_int(report, REPORT_SINCE);
}

/* True when what a positive answer says is in the database. */
static bool ask_holds(const struct ask *ask, bool confirmed)
{
    struct key key = {(int64_t)bytes_hash(ask->peer, strlen(ask->peer)),
            (int64_t)bytes_hash(ask->request_id, strlen(ask->request_id)), 0};
    if (ask->about)
        return persons_asked(ask->type, ask->about, ask->why, confirmed);
    if (!ask->ticket[0])
        return seen_by(row_find(db_table(ask->dest, T_COMMAND), key), confirmed) != NULL;
    key.b = (int64_t)bytes_hash(ask->ticket, strlen(ask->ticket));
    const struct version *ticket =
            seen_by(row_find(db_table(SERVICE_INTAKE, T_TICKET), key), confirmed);
    if (!ticket)
        return false;
    const struct version *report =
            seen_by(row_find(db_table(SERVICE_INTAKE, T_AGG), key1(cell_int(ticket, TK_REPORT))),
                    confirmed);
    return report && cell_int(report, ROW_VER) > 0 && report_names(report, ask->ticket) &&
           instant_agrees(ticket, report, ask->ticket) &&
           (!ask->named || persons_kept(cell_int(ticket, TK_REPORT), ask->ticket, confirmed));
}

void people_told(const struct envelope *reply)
{
    const struct ask *ask = ask_of(reply->id);
    if (ask && ask->type < OPS_HISTORY && reply->verdict <= VERDICT_DUPLICATE &&
            (reply->verdict == VERDICT_APPLIED || ask->ticket[0]) && !ask_holds(ask, true))
        sim_fail("request %u of type %u was answered (verdict %u) with what is not confirmed",
                ask->serial, ask->type, reply->verdict);
}

bool people_content(void)
{
    for (size_t i = 0; i < people.count; i++)
        if (!people.asks[i].answered && !people.asks[i].gives_up)
            return false;
    return true;
}

void people_check(void)
{
    for (size_t i = 0; i < people.count; i++) {
        const struct ask *ask = &people.asks[i];
        bool positive = ask->answered && ask->verdict == VERDICT_APPLIED && ask->type < OPS_HISTORY;
        if (!positive || ask_holds(ask, false))
            continue;
        sim_stats[STAT_TAKEN_BACK]++;
        if (ask->told_incarnation == db.incarnation)
            sim_fail("request %u of type %u was answered, and nothing of it is there", ask->serial,
                    ask->type);
    }
}

/* Each letter is asked for again and again, since an earlier one may have to go first. */
static void letters_replay(void *self, int64_t arg)
{
    (void)self;
    (void)arg;
    for (int service = SERVICE_INTAKE; service <= SERVICE_AUDIT; service++) {
        const struct table *table = db_table((enum service_id)service, T_DEAD);
        for (size_t i = 0; i < table->count; i++) {
            const struct version *letter = row_see(table->rows[i], NULL);
            struct ask *ask = letter ? ask_new((enum service_id)service, OPS_REPLAY, 0) : NULL;
            if (!ask)
                continue;
            ask->gives_up = true;
            proto_number(&ask->payload, 1, table->rows[i]->key.a);
            proto_number(&ask->payload, 2, table->rows[i]->key.b);
            proto_number(&ask->payload, 3, table->rows[i]->key.c);
            ask_send(ask);
        }
    }
    sim_at(2000, letters_replay, NULL, 0);
}

void people_replay(void)
{
    letters_replay(NULL, 0);
}
