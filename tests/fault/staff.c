/* Staff under faults: looks at the open cases, missions and needs, and does with each of them what
 * its state allows; mostly by the right person, now and then by another. The text of an act is the
 * act's own number, which makes it findable in the history of the service, and in routing's when a
 * squad or a volunteer told it. */
#include <string.h>

#include "services/ctl/codec_field.h"
#include "services/kernel/base/must.h"
#include "services/kernel/bus/client.h"
#include "tests/fault/history.h"
#include "tests/fault/workload.h"

#define ANSWER_MS 2500 /* mostly; now and then a client is impatient */
#define ANSWER_SHORT_MS 250
#define PAUSE_MS 60
#define ACTS_MAX 24 /* of one round, at load 1 */
#define ARENA_LIMIT ((size_t)64 << 20)
#define IDLE_ROUNDS 4 /* looks without anything to do: the end of draining */

struct look {
    enum service_id service;
    uint32_t type;
    const char *name;
};

static const struct look LOOKS[] = {{SERVICE_ROUTING, FIELD_WORKLIST, "routing"},
        {SERVICE_ENFORCEMENT, FIELD_MISSIONS, "enforcement"},
        {SERVICE_VOLUNTEER, FIELD_NEEDS, "volunteer"}};

struct act {
    const struct look *in;
    uint32_t type;
    int64_t agg;
    const char *actor;
    char op[OP_SIZE];
};

struct crew {
    struct worker *worker;
    struct client *client;
    struct arena arena;
    struct act acts[ACTS_MAX * LOAD_MAX];
    size_t act_count;
};

/* The people of tests/fault/site.c by unit; [0] = anybody. */
static const char *const PEOPLE[][2] = {{"D1", "V1"}, {"D1", "D2"}, {"W", "W2"}, {"V1", "W"},
        {"G1", "V1"}, {"Q1L", "Q1L"}, {"Q2L", "Q2L"}};
static const char *const VOLUNTEERS[] = {"N1", "N2", "N3"};

static uint64_t draw(struct crew *crew, uint64_t below)
{
    return rng_below(&crew->worker->rng, below);
}

static int64_t patience(struct crew *crew)
{
    return draw(crew, 4) ? ANSWER_MS : ANSWER_SHORT_MS;
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static const char *person(struct crew *crew, int64_t unit, size_t which)
{
    size_t known = sizeof PEOPLE / sizeof *PEOPLE;
    size_t at = unit > 0 && (size_t)unit < known ? (size_t)unit : 0;
    if (draw(crew, 12) == 0)
        at = (size_t)draw(crew, known);
    return PEOPLE[at][which];
}

static void act_add(struct crew *crew,
        const struct look *in,
        uint32_t type,
        const struct field_item *item,
        const char *actor)
{
    if (crew->act_count < (size_t)(ACTS_MAX * site.load))
        crew->acts[crew->act_count++] = (struct act){in, type, item->id, actor, ""};
}

static void case_work(struct crew *crew, const struct look *in, const struct field_item *item)
{
    uint64_t dice = draw(crew, 20);
    const char *mine = person(crew, item->handler, 0);
    if (is(item->state, "handled"))
        act_add(crew, in, FIELD_CASE_VERIFY, item, person(crew, 1, (size_t)draw(crew, 2)));
    else if (dice == 0)
        act_add(crew, in, FIELD_CASE_REFER, item, mine);
    else if (is(item->handler_kind, "squad") || is(item->handler_kind, "volunteers"))
        return; /* theirs */
    else if (is(item->state, "dispatched") && dice < 14)
        act_add(crew, in, FIELD_CASE_ACCEPT, item, mine);
    else
        act_add(crew, in, FIELD_CASE_HANDLE, item, mine);
}

static void mission_work(struct crew *crew, const struct look *in, const struct field_item *item)
{
    const char *leader = person(crew, item->handler, 0);
    if (is(item->state, "assigned"))
        act_add(crew, in, FIELD_MISSION_ACCEPT, item, leader);
    else if (is(item->state, "accepted"))
        act_add(crew, in, FIELD_MISSION_ARRIVE, item, leader);
    else if (is(item->state, "on_scene"))
        act_add(crew, in, FIELD_MISSION_DONE, item, leader);
}

static void need_work(struct crew *crew, const struct look *in, const struct field_item *item)
{
    size_t who = (size_t)draw(crew, sizeof VOLUNTEERS / sizeof *VOLUNTEERS);
    if (is(item->state, "offered"))
        act_add(crew, in, FIELD_NEED_CLAIM, item, VOLUNTEERS[who]);
    else if (is(item->state, "claimed"))
        act_add(crew, in, FIELD_NEED_DONE, item,
                arena_text(&crew->arena, item->volunteer, strlen(item->volunteer)));
}

static void seen_note(
        const struct look *in, const char *op, int64_t since, const struct field_item *item)
{
    struct event event = {.phase = "seen",
            .op = op,
            .what = in->name,
            .ticket = item->source_ref,
            .agg = item->id,
            .result = item->state,
            .ver = item->version,
            .since_us = since};
    history_add(&event);
}

/* False when nobody answers. */
static bool look_at(struct crew *crew, const struct look *in)
{
    struct field_item *items = NULL;
    size_t count = 0;
    char op[OP_SIZE];
    int64_t since = history_now_us();
    struct client_request ask = {.dest = in->service,
            .type = in->type,
            .request_id = "",
            .actor = "",
            .payload = field_refs_encode(&crew->arena, NULL, 0)};
    history_op(op);
    if (client_call(crew->client, FRAME_QUERIES, &ask, 1, patience(crew), &crew->arena) != OK ||
            ask.reply.verdict != 0 ||
            field_items_decode(in->type, ask.reply.payload, &crew->arena, &items, &count) != OK)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (site.load == 1 || draw(crew, (uint64_t)site.load) == 0)
            seen_note(in, op, since, &items[i]); /* of many a share, so that they can be judged */
        if (draw(crew, 3) == 0)
            continue; /* the other one's, perhaps */
        if (in->service == SERVICE_ROUTING)
            case_work(crew, in, &items[i]);
        else if (in->service == SERVICE_ENFORCEMENT)
            mission_work(crew, in, &items[i]);
        else
            need_work(crew, in, &items[i]);
    }
    return true;
}

static void act_note(const struct act *act, const char *phase, const char *result)
{
    char type[12];
    snprintf(type, sizeof type, "%u", act->type);
    struct event event = {.phase = phase,
            .op = act->op,
            .what = act->in->name,
            .agg = act->agg,
            .result = result,
            .detail = type};
    history_add(&event);
}

static void acts_give(struct crew *crew)
{
    struct client_request requests[ACTS_MAX * LOAD_MAX];
    for (size_t i = 0; i < crew->act_count; i++) {
        struct act *act = &crew->acts[i];
        history_op(act->op);
        act_note(act, "invoked", "");
        requests[i] = (struct client_request){.dest = act->in->service,
                .type = act->type,
                .agg = act->agg,
                .request_id = act->op,
                .actor = act->actor,
                .payload = field_act_encode(&crew->arena, act->op)};
    }
    /* Its result says no more than those of the requests. */
    (void)!client_call(
            crew->client, FRAME_COMMANDS, requests, crew->act_count, patience(crew), &crew->arena);
    for (size_t i = 0; i < crew->act_count; i++) {
        char verdict[12];
        snprintf(verdict, sizeof verdict, "%u", requests[i].reply.verdict);
        bool told = requests[i].err == OK && requests[i].reply.verdict < REPLY_FAILED;
        act_note(&crew->acts[i], "done", told ? verdict : "unknown");
    }
}

/* True when there was something to do, or nobody to ask. */
static bool round_work(struct crew *crew)
{
    bool answered = true;
    crew->act_count = 0;
    arena_reset(&crew->arena);
    for (size_t i = 0; i < sizeof LOOKS / sizeof *LOOKS; i++)
        answered = look_at(crew, &LOOKS[i]) && answered;
    if (crew->act_count)
        acts_give(crew);
    return crew->act_count || !answered;
}

void staff_live(struct worker *worker)
{
    static struct crew crew;
    struct bus_config config = {.service = SERVICE_CLIENT,
            .site = 1,
            .endpoints = {worker->endpoints[LINK_BROKER_1], worker->endpoints[LINK_BROKER_2]},
            .endpoint_count = LINK_POSTGRES};
    memcpy(config.server_key, site.kit.server.public_key, KEY_Z85_SIZE);
    memcpy(config.public_key, worker->visitor->key.public_key, KEY_Z85_SIZE);
    memcpy(config.secret_key, worker->visitor->key.secret_key, KEY_Z85_SIZE);
    crew.worker = worker;
    arena_init(&crew.arena, ARENA_LIMIT);
    must(client_new(&config, &crew.client) == OK);
    int idle = 0;
    while (!worker->finishing && (!worker->draining || idle < IDLE_ROUNDS)) {
        idle = round_work(&crew) ? 0 : idle + 1;
        worker_listen(worker, (int)draw(&crew, PAUSE_MS));
    }
    worker_drained(worker);
    while (!worker->finishing)
        worker_listen(worker, 1000);
    client_destroy(&crew.client);
    arena_fini(&crew.arena);
}
