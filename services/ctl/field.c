#include "services/ctl/field.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/ctl/codec_field.h"
#include "services/kernel/base/must.h"

#define ROUNDS_MAX 400
#define ACCEPT_ROUNDS_MAX 50
#define ROUND_PAUSE_MS 2
#define ARENA_LIMIT ((size_t)256 << 20)

struct work_item { /* a row of the file and what the staff sees of it */
    const struct replay_row *row;
    struct field_item item; /* of the case */
    struct field_item work; /* of its mission or need; id 0 = none seen */
};

struct orders { /* commands of one round */
    struct client_request *list;
    size_t count, room;
};

static void order(struct field *field,
        struct orders *orders,
        const struct work_item *work,
        uint32_t type,
        const char *actor)
{
    must(orders->count < orders->room);
    bool ends =
            type != FIELD_CASE_ACCEPT && type != FIELD_MISSION_ACCEPT && type != FIELD_NEED_CLAIM;
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
            .payload = field_act_encode(&field->arena,
                    type == FIELD_CASE_REFER ? "outside the district's power" : "as on file")};
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
    return (struct orders){arena_array(&field->arena, struct client_request, room + 1), 0, room};
}

/* Asks for the worklist lines of all works, in as many requests as it takes, and puts them to their
 * rows. `type` says whose list; only works for which `want` is true are asked for. */
static enum err look(
        struct field *field, struct work_item *works, size_t count, uint32_t type, const char *kind)
{
    const char **refs = arena_array(&field->arena, const char *, count + 1);
    struct client_request *requests =
            arena_array(&field->arena, struct client_request, count / FIELD_REFS_MAX + 1);
    GHashTable *by_ref = g_hash_table_new(g_str_hash, g_str_equal);
    size_t ref_count = 0, request_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (kind && strcmp(works[i].item.handler_kind, kind) != 0)
            continue;
        refs[ref_count++] = works[i].row->ticket;
        g_hash_table_insert(by_ref, (gpointer)(uintptr_t)works[i].row->ticket, &works[i]);
    }
    for (size_t i = 0; i < ref_count; i += FIELD_REFS_MAX) {
        size_t some = ref_count - i < FIELD_REFS_MAX ? ref_count - i : FIELD_REFS_MAX;
        requests[request_count++] =
                (struct client_request){.dest = type < 3000   ? SERVICE_ROUTING
                                                : type < 4000 ? SERVICE_ENFORCEMENT
                                                              : SERVICE_VOLUNTEER,
                        .type = type,
                        .actor = "",
                        .request_id = "",
                        .payload = field_refs_encode(&field->arena, refs + i, some)};
    }
    enum err err = request_count ? client_call(field->client, FRAME_QUERIES, requests,
                                           request_count, CTL_CALL_MS, &field->arena)
                                 : OK;
    for (size_t r = 0; r < request_count && err == OK; r++) {
        struct field_item *items;
        size_t item_count;
        err = requests[r].reply.verdict ? ERR_TRANSIENT
                                        : field_items_decode(type, requests[r].reply.payload,
                                                  &field->arena, &items, &item_count);
        for (size_t i = 0; err == OK && i < item_count; i++) {
            struct work_item *work = g_hash_table_lookup(by_ref, items[i].source_ref);
            if (work)
                *(type == FIELD_WORKLIST ? &work->item : &work->work) = items[i];
        }
    }
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
        if (works[i].work.id && is(works[i].work.state, "offered") &&
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

static enum err see(struct field *field, struct work_item *works, size_t count)
{
    enum err err = look(field, works, count, FIELD_WORKLIST, NULL);
    if (err == OK)
        err = look(field, works, count, FIELD_MISSIONS, "squad");
    if (err == OK)
        err = look(field, works, count, FIELD_NEEDS, "volunteers");
    return err;
}

/* *ret_given: orders of this round; none are left when everything that can be is accepted. */
static enum err accept_round(
        struct field *field, struct work_item *works, size_t count, size_t *ret_given)
{
    struct orders orders = orders_new(field, count);
    enum err err = see(field, works, count);
    if (err == OK)
        err = claims(field, works, count, &orders);
    for (size_t i = 0; i < count && err == OK; i++) {
        const struct work_item *work = &works[i];
        if (work->work.id && is(work->work.handler_kind, "squad")) {
            if (is(work->work.state, "assigned"))
                order(field, &orders, work, FIELD_MISSION_ACCEPT,
                        worker(field, work->work.handler));
        } else if (work->item.id && !work->work.id && is(work->item.state, "dispatched")) {
            order(field, &orders, work, FIELD_CASE_ACCEPT, worker(field, work->item.handler));
        }
    }
    *ret_given = orders.count;
    return err == OK ? give(field, &orders) : err;
}

/* An order that failed (a service died, a person was quicker) is seen in the next look. */
static enum err accept_all(struct field *field, struct work_item *works, size_t count)
{
    size_t given = count;
    enum err err = OK;
    for (int round = 0; round < ACCEPT_ROUNDS_MAX && given && err == OK; round++)
        err = accept_round(field, works, count, &given);
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

/* One step nearer to the end for every work, as far as its day has come; *ret_left counts those
 * that have not come so far. */
static enum err finish_round(struct field *field,
        struct work_item *works,
        size_t count,
        int64_t until_ms,
        size_t *ret_left)
{
    struct orders first = orders_new(field, count), second = orders_new(field, count);
    enum err err = see(field, works, count);
    *ret_left = 0;
    for (size_t i = 0; i < count && err == OK; i++) {
        const struct work_item *work = &works[i];
        const char *state = work->item.state;
        bool rests = is(state, "handled") && work->row->ended_ms > until_ms;
        if (rests || is(state, "closed") || is(state, "withdrawn") || is(state, "referred_out"))
            continue;
        ++*ret_left;
        if (is(state, "") || is(state, "registered"))
            continue; /* not seen yet */
        if (work->row->status == REPLAY_REFERRED) {
            order(field, &first, work, FIELD_CASE_REFER, worker(field, work->item.handler));
        } else if (is(state, "handled")) {
            order(field, &first, work, FIELD_CASE_VERIFY, verifier(field, work));
        } else if (work->work.id && is(work->work.handler_kind, "squad")) {
            const char *leader = worker(field, work->work.handler);
            if (is(work->work.state, "assigned"))
                order(field, &first, work, FIELD_MISSION_ACCEPT, leader);
            if (is(work->work.state, "accepted"))
                order(field, &first, work, FIELD_MISSION_ARRIVE, leader);
            if (is(work->work.state, "accepted") || is(work->work.state, "on_scene"))
                order(field, &second, work, FIELD_MISSION_DONE, leader);
        } else if (work->work.id && is(work->work.handler_kind, "volunteers") &&
                   !is(work->work.state, "unclaimed")) {
            if (is(work->work.state, "claimed"))
                order(field, &first, work, FIELD_NEED_DONE, work->work.volunteer);
        } else {
            order(field, &first, work, FIELD_CASE_HANDLE, worker(field, work->item.handler));
        }
    }
    if (err == OK)
        err = claims(field, works, count, &second);
    if (err == OK)
        err = give(field, &first);
    return err == OK ? give(field, &second) : err;
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
    size_t count = 0, left = 0, later = 0;
    qsort_r(field->open, field->open_count, sizeof *field->open, by_end, field->file->rows);
    for (size_t i = 0; i < field->open_count; i++) {
        const struct replay_row *row = &field->file->rows[field->open[i]];
        if (row->handled_ms <= until_ms)
            works[count++] = (struct work_item){
                    .row = row, .item.handler_kind = "", .item.state = "", .work.state = ""};
        if (row->ended_ms > until_ms)
            still[later++] = field->open[i];
    }
    for (int round = 0; round < ROUNDS_MAX && count; round++) {
        enum err err = finish_round(field, works, count, until_ms, &left);
        if (err != OK)
            return err;
        if (left == 0)
            break;
        if (round > 4)
            poll(NULL, 0, ROUND_PAUSE_MS);
    }
    if (count && left)
        return ERR_LIMIT;
    memcpy(field->open, still, later * sizeof *still);
    field->open_count = later;
    return OK;
}
