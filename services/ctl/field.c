#include "services/ctl/field.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/ctl/codec_field.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/must.h"

#define ACCEPT_ROUNDS_MAX 50
#define FINISH_MS 60000 /* longer than any restart and the resending after it */
#define PAUSE_MIN_MS 3  /* no service hears of another sooner */
#define PAUSE_SHARE 8   /* besides, from round to round, so much of what was waited */
#define PAUSE_MAX_MS 250
#define ARENA_LIMIT ((size_t)256 << 20)

struct work_item { /* a row of the file and what the staff sees of it */
    const struct replay_row *row;
    struct field_item item; /* of the case */
    struct field_item work; /* of its mission or need; id 0 = none seen */
    bool over;              /* nothing is left to do for now: it is not looked at again */
};

struct orders { /* commands of one round */
    struct client_request *list;
    struct work_item **works; /* whose each is */
    size_t count, room;
};

/* Whose worklist is asked for; `kind`: only about cases that have such a handler. */
static const struct list {
    uint32_t type;
    enum service_id dest;
    const char *kind;
} LISTS[] = {{FIELD_WORKLIST, SERVICE_ROUTING, NULL},
        {FIELD_MISSIONS, SERVICE_ENFORCEMENT, "squad"},
        {FIELD_NEEDS, SERVICE_VOLUNTEER, "volunteers"}};
#define LIST_COUNT (sizeof LISTS / sizeof *LISTS)

static struct bytes payload_make(struct field *field, const struct work_item *work, uint32_t type)
{
    const char *text = type == FIELD_CASE_REFER ? "outside the district's power" : "as on file";
    const struct field_item *item = type == FIELD_MISSION_DONE ? &work->work : &work->item;
    const char *code = item->matter ? item->matter : ""; /* not seen yet */
    return field_done_encode(&field->arena, type, text, matter_find_code(field->directory, code));
}

static void order(struct field *field,
        struct orders *orders,
        struct work_item *work,
        uint32_t type,
        const char *actor)
{
    must(orders->count < orders->room);
    bool ends =
            type != FIELD_CASE_ACCEPT && type != FIELD_MISSION_ACCEPT && type != FIELD_NEED_CLAIM;
    orders->works[orders->count] = work;
    struct client_request *request = &orders->list[orders->count++];
    char id[REQUEST_ID_MAX + 1];
    /* The client sends an unanswered request again under its id. What this program orders after
     * it has looked again is another request: an answer of before must not stand for it. */
    snprintf(id, sizeof id, "%.30s/%u/%x.%x", work->row->ticket, type, field->nonce,
            field->orders++);
    *request = (struct client_request){.dest = type < 3000   ? SERVICE_ROUTING
                                               : type < 4000 ? SERVICE_ENFORCEMENT
                                                             : SERVICE_VOLUNTEER,
            .type = type,
            .agg = work->item.id,
            .at_ms = !ends                       ? work->row->created_ms
                     : type == FIELD_CASE_VERIFY ? work->row->ended_ms
                                                 : work->row->handled_ms,
            .request_id = arena_text(&field->arena, id, strlen(id)),
            .actor = actor,
            .payload = payload_make(field, work, type)};
}

static enum err give(struct field *field, struct orders *orders)
{
    for (size_t i = 0; i < orders->count; i += CLIENT_REQUESTS_MAX) {
        size_t some =
                orders->count - i < CLIENT_REQUESTS_MAX ? orders->count - i : CLIENT_REQUESTS_MAX;
        enum err err = client_call(
                field->client, FRAME_COMMANDS, orders->list + i, some, CTL_CALL_MS, &field->arena);
        if (err != OK)
            return err;
    }
    return OK;
}

static struct orders orders_new(struct field *field, size_t room)
{
    return (struct orders){arena_array(&field->arena, struct client_request, room + 1),
            arena_array(&field->arena, struct work_item *, room + 1), 0, room};
}

static bool carried_out(const struct orders *orders, size_t i)
{
    return orders->list[i].reply.verdict <= VERDICT_DUPLICATE;
}

/* The requests for one list, as many as it takes, behind those that are there. */
static void list_ask(struct field *field,
        const struct list *list,
        const struct work_item *works,
        size_t count,
        struct client_request *requests,
        size_t *request_count)
{
    const char **refs = arena_array(&field->arena, const char *, count + 1);
    size_t ref_count = 0;
    for (size_t i = 0; i < count; i++) {
        const char *kind = works[i].item.handler_kind;
        if (!works[i].over && (!list->kind || !kind[0] || strcmp(kind, list->kind) == 0))
            refs[ref_count++] = works[i].row->ticket;
    }
    for (size_t i = 0; i < ref_count; i += FIELD_REFS_MAX) {
        size_t some = ref_count - i < FIELD_REFS_MAX ? ref_count - i : FIELD_REFS_MAX;
        requests[(*request_count)++] = (struct client_request){.dest = list->dest,
                .type = list->type,
                .actor = "",
                .request_id = "",
                .payload = field_refs_encode(&field->arena, refs + i, some)};
    }
}

/* Puts the lines of an answer to their works. A mission or need of a handler that the case no
 * longer has is passed over. */
static enum err list_take(
        struct field *field, GHashTable *by_ref, const struct client_request *request)
{
    struct field_item *items;
    size_t count;
    if (request->reply.verdict)
        return ERR_TRANSIENT;
    enum err err = field_items_decode(
            request->type, request->reply.payload, &field->arena, &items, &count);
    for (size_t i = 0; err == OK && i < count; i++) {
        struct work_item *work = g_hash_table_lookup(by_ref, items[i].source_ref);
        if (work && request->type == FIELD_WORKLIST)
            work->item = items[i];
        else if (work && strcmp(work->item.handler_kind, items[i].handler_kind) == 0)
            work->work = items[i];
    }
    return err;
}

/* Asks all three services at once for the lines of the works that are not over. */
static enum err see(struct field *field, struct work_item *works, size_t count)
{
    struct client_request *requests = arena_array(
            &field->arena, struct client_request, LIST_COUNT * (count / FIELD_REFS_MAX + 1));
    GHashTable *by_ref = g_hash_table_new(g_str_hash, g_str_equal);
    size_t request_count = 0;
    for (size_t i = 0; i < LIST_COUNT; i++)
        list_ask(field, &LISTS[i], works, count, requests, &request_count);
    for (size_t i = 0; i < count; i++)
        g_hash_table_insert(by_ref, (gpointer)(uintptr_t)works[i].row->ticket, &works[i]);
    enum err err = request_count ? client_call(field->client, FRAME_QUERIES, requests,
                                           request_count, CTL_CALL_MS, &field->arena)
                                 : OK;
    for (size_t i = 0; i < request_count && err == OK; i++)
        err = list_take(field, by_ref, &requests[i]);
    g_hash_table_destroy(by_ref);
    return err;
}

static const char *person(const struct field *field, int64_t unit, const char *besides)
{
    for (size_t i = 0;; i++) {
        const struct staff *staff = staff_of_unit(field->directory, unit, i);
        if (!staff)
            return NULL;
        if (strcmp(staff->role, "volunteer") != 0 && strcmp(staff->code, besides) != 0)
            return staff->code;
    }
}

/* Who works for a handler: its own people, else those of the next unit above that has some. */
static const char *worker(const struct field *field, int64_t unit)
{
    for (const struct unit *it = unit_find(field->directory, unit); it;
            it = unit_parent(field->directory, it)) {
        const char *code = person(field, it->id, "");
        if (code)
            return code;
    }
    return "";
}

/* Who verifies: somebody above the place who is not the one who did it. */
static const char *verifier(const struct field *field, const struct work_item *work)
{
    const char *did = worker(field, work->item.handler);
    const struct unit *it = unit_find(field->directory, work->item.unit);
    for (it = it ? unit_parent(field->directory, it) : NULL; it;
            it = unit_parent(field->directory, it)) {
        const char *code = person(field, it->id, did);
        if (code)
            return code;
    }
    const struct unit *root = unit_root(field->directory);
    const char *code = root ? person(field, root->id, did) : NULL;
    return code ? code : "";
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* Claims go to the first whom the need is offered to. */
static enum err claims(
        struct field *field, struct work_item *works, size_t count, struct orders *orders)
{
    struct client_request *asks = arena_array(&field->arena, struct client_request, count + 1);
    struct work_item **of = arena_array(&field->arena, struct work_item *, count + 1);
    size_t ask_count = 0;
    for (size_t i = 0; i < count; i++)
        if (!works[i].over && works[i].work.id && is(works[i].work.state, "offered") &&
                is(works[i].work.handler_kind, "volunteers")) {
            of[ask_count] = &works[i];
            asks[ask_count++] = (struct client_request){.dest = SERVICE_VOLUNTEER,
                    .type = FIELD_OFFERS,
                    .request_id = "",
                    .actor = "",
                    .payload = field_offers_query_encode(&field->arena, works[i].work.id)};
        }
    for (size_t i = 0; i < ask_count; i += CLIENT_REQUESTS_MAX) {
        size_t some = ask_count - i < CLIENT_REQUESTS_MAX ? ask_count - i : CLIENT_REQUESTS_MAX;
        enum err err = client_call(
                field->client, FRAME_QUERIES, asks + i, some, CTL_CALL_MS, &field->arena);
        if (err != OK)
            return err;
    }
    for (size_t i = 0; i < ask_count; i++) {
        const char **offers;
        if (asks[i].reply.verdict == 0 &&
                field_offers_decode(asks[i].reply.payload, &field->arena, &offers) == OK &&
                offers[0])
            order(field, orders, of[i], FIELD_NEED_CLAIM, offers[0]);
    }
    return OK;
}

/* *ret_left: orders of this round that were not carried out: a service died, a person was
 * quicker. The next look shows what has become of them. */
static enum err accept_round(
        struct field *field, struct work_item *works, size_t count, size_t *ret_left)
{
    struct orders orders = orders_new(field, count);
    enum err err = see(field, works, count);
    if (err == OK)
        err = claims(field, works, count, &orders);
    for (size_t i = 0; i < count && err == OK; i++) {
        struct work_item *work = &works[i];
        if (work->work.id && is(work->work.handler_kind, "squad")) {
            if (is(work->work.state, "assigned"))
                order(field, &orders, work, FIELD_MISSION_ACCEPT,
                        worker(field, work->work.handler));
        } else if (work->item.id && !work->work.id && is(work->item.state, "dispatched")) {
            order(field, &orders, work, FIELD_CASE_ACCEPT, worker(field, work->item.handler));
        }
    }
    if (err == OK)
        err = give(field, &orders);
    *ret_left = 0;
    for (size_t i = 0; i < orders.count && err == OK; i++)
        *ret_left += !carried_out(&orders, i);
    return err;
}

static enum err accept_all(struct field *field, struct work_item *works, size_t count)
{
    size_t left = count;
    enum err err = OK;
    for (int round = 0; round < ACCEPT_ROUNDS_MAX && left && err == OK; round++)
        err = accept_round(field, works, count, &left);
    return err;
}

enum err field_take(struct field *field, size_t until)
{
    must(until <= field->file->count);
    struct work_item *works;
    size_t count = 0;
    arena_reset(&field->arena);
    works = arena_array(&field->arena, struct work_item, until - field->taken + 1);
    for (size_t i = field->taken; i < until; i++) {
        const struct replay_row *row = &field->file->rows[i];
        if (!row->first)
            continue;
        works[count++] = (struct work_item){.row = row, .item.handler_kind = "", .item.state = ""};
    }
    enum err err = accept_all(field, works, count);
    if (err != OK)
        return err;
    for (size_t i = 0; i < count; i++) {
        const struct replay_row *row = works[i].row;
        /* What was refused is on nobody's list. */
        if (works[i].item.id && (row->status == REPLAY_CLOSED || row->status == REPLAY_REFERRED))
            field->open[field->open_count++] = (size_t)(row - field->file->rows);
    }
    field->taken = until;
    return OK;
}

static void order_mission(struct field *field, struct orders *orders, struct work_item *work)
{
    const char *leader = worker(field, work->work.handler), *state = work->work.state;
    if (is(state, "assigned"))
        order(field, orders, work, FIELD_MISSION_ACCEPT, leader);
    if (is(state, "accepted"))
        order(field, orders, work, FIELD_MISSION_ARRIVE, leader);
    if (is(state, "accepted") || is(state, "on_scene"))
        order(field, orders, work, FIELD_MISSION_DONE, leader);
}

/* What brings a case nearer to its end, by what the staff sees of it. */
static void order_next(struct field *field, struct orders *orders, struct work_item *work)
{
    const char *state = work->item.state;
    if (is(state, "") || is(state, "registered"))
        return; /* not seen yet */
    if (work->row->status == REPLAY_REFERRED) {
        order(field, orders, work, FIELD_CASE_REFER, worker(field, work->item.handler));
    } else if (is(state, "handled")) {
        order(field, orders, work, FIELD_CASE_VERIFY, verifier(field, work));
    } else if (work->work.id && is(work->work.handler_kind, "squad")) {
        order_mission(field, orders, work);
    } else if (work->work.id && is(work->work.handler_kind, "volunteers") &&
               !is(work->work.state, "unclaimed")) {
        if (is(work->work.state, "claimed"))
            order(field, orders, work, FIELD_NEED_DONE, work->work.volunteer);
    } else {
        order(field, orders, work, FIELD_CASE_HANDLE, worker(field, work->item.handler));
    }
}

/* What the answers say: a case that was verified or referred is over, one that was handled now
 * waits for its verification; `verify` (NULL: at the next look) gets the orders for those whose
 * day it is. */
static void answers_take(
        struct field *field, const struct orders *given, int64_t until_ms, struct orders *verify)
{
    for (size_t i = 0; i < given->count; i++) {
        uint32_t type = given->list[i].type;
        struct work_item *work = given->works[i];
        if (!carried_out(given, i))
            continue;
        bool handled = type == FIELD_CASE_HANDLE;
        work->over = type == FIELD_CASE_VERIFY || type == FIELD_CASE_REFER ||
                     (handled && work->row->ended_ms > until_ms);
        if (handled && !work->over && verify)
            order(field, verify, work, FIELD_CASE_VERIFY, verifier(field, work));
    }
}

static bool work_over(const struct work_item *work, int64_t until_ms)
{
    const char *state = work->item.state;
    bool rests = is(state, "handled") && work->row->ended_ms > until_ms;
    return rests || is(state, "closed") || is(state, "withdrawn") || is(state, "referred_out");
}

/* One step nearer to the end for every work, as far as its day has come; *ret_left counts those
 * that have not come so far. */
static enum err finish_round(struct field *field,
        struct work_item *works,
        size_t count,
        int64_t until_ms,
        size_t *ret_left)
{
    struct orders orders = orders_new(field, 2 * count), verify = orders_new(field, count);
    enum err err = see(field, works, count);
    for (size_t i = 0; i < count && err == OK; i++) {
        works[i].over = works[i].over || work_over(&works[i], until_ms);
        if (!works[i].over)
            order_next(field, &orders, &works[i]);
    }
    if (err == OK)
        err = claims(field, works, count, &orders);
    if (err == OK)
        err = give(field, &orders);
    if (err == OK)
        answers_take(field, &orders, until_ms, &verify);
    if (err == OK)
        err = give(field, &verify);
    if (err == OK)
        answers_take(field, &verify, until_ms, NULL);
    *ret_left = 0;
    for (size_t i = 0; i < count; i++)
        *ret_left += !works[i].over;
    return err;
}

/* Until all have come so far; in between, services hear of each other what was ordered. ERR_LIMIT:
 * it takes longer than any restart. */
static enum err finish_rounds(
        struct field *field, struct work_item *works, size_t count, int64_t until_ms)
{
    struct clock clock = clock_system();
    int64_t from_ms = clock.monotonic_ms(clock.self), waited_ms = 0;
    size_t left = count;
    while (left) {
        enum err err = finish_round(field, works, count, until_ms, &left);
        if (err != OK)
            return err;
        waited_ms = clock.monotonic_ms(clock.self) - from_ms;
        if (left && waited_ms > FINISH_MS)
            return ERR_LIMIT;
        int64_t pause_ms = PAUSE_MIN_MS + waited_ms / PAUSE_SHARE;
        if (left)
            poll(NULL, 0, pause_ms < PAUSE_MAX_MS ? (int)pause_ms : PAUSE_MAX_MS);
    }
    return OK;
}

static int by_end(const void *left, const void *right, void *self)
{
    const struct replay_row *rows = self;
    const struct replay_row *a = &rows[*(const size_t *)left], *b = &rows[*(const size_t *)right];
    return (a->ended_ms > b->ended_ms) - (a->ended_ms < b->ended_ms);
}

enum err field_finish(struct field *field, int64_t until_ms)
{
    arena_reset(&field->arena);
    struct work_item *works = arena_array(&field->arena, struct work_item, field->open_count + 1);
    size_t *still = arena_array(&field->arena, size_t, field->open_count + 1);
    size_t count = 0, later = 0;
    qsort_r(field->open, field->open_count, sizeof *field->open, by_end, field->file->rows);
    for (size_t i = 0; i < field->open_count; i++) {
        const struct replay_row *row = &field->file->rows[field->open[i]];
        if (row->handled_ms <= until_ms)
            works[count++] = (struct work_item){
                    .row = row, .item.handler_kind = "", .item.state = "", .work.state = ""};
        if (row->ended_ms > until_ms)
            still[later++] = field->open[i];
    }
    enum err err = finish_rounds(field, works, count, until_ms);
    if (err != OK)
        return err;
    memcpy(field->open, still, later * sizeof *still);
    field->open_count = later;
    return OK;
}
