/* A toy aggregate for the kernel's own tests: a counter. It pretends to be routing, hears intake
 * and volunteer, tells enforcement. Payloads are a letter and a number, as text:
 *   A5   add 5: a step, an echo to enforcement, the metric at the unit and above, the matter
 *   T500 the same by 1, and sets the timer to now + 500
 *   N0   nothing to do
 *   S5   (command) take 5 away; refused with reason 1, about what is missing, when there is less
 * Anything else is malformed. A query's payload is an id, or an id and a size: "7 100" gets the
 * total of 7 and a hundred letters. A total of a million breaks a CHECK: what cannot be stored. */
#ifndef HUYING_STORE_TEST_TOY_H
#define HUYING_STORE_TEST_TOY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/testing.h"
#include "services/kernel/store/batch.h"
#include "services/kernel/store/core.h"

#define TOY __attribute__((unused)) static
#define TOY_ADD 1
#define TOY_SUB 100
#define TOY_FIND 101 /* a command that comes without an aggregate */
#define TOY_LOOK 600 /* the query */
#define TOY_OWN 601  /* … of the key's own */
#define TOY_TIMER 1
#define TOY_WORK 7
#define TOY_ECHO 2
#define TOY_UNIT 11
#define TOY_MATTER 3
#define TOY_TOO_MUCH "A1000000"

struct toy {
    struct aggregate agg;
    int64_t total;
};

struct toy_body {
    char letter;
    int64_t amount;
};

TOY int toy_decoded;      /* times that decode was called */
TOY size_t toy_body_cost; /* memory that every body takes besides */

TOY enum err toy_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    char text[32] = "", *end = text;
    struct toy_body *body = arena_array(arena, struct toy_body, 1);
    toy_decoded++;
    (void)arena_find(arena, toy_body_cost);
    if (payload.size > 1 && payload.size < sizeof text) {
        memcpy(text, payload.data, payload.size);
        body->letter = text[0];
        body->amount = strtoll(text + 1, &end, 10);
    }
    if (end == text || *end || !strchr("ATNS", body->letter)) {
        *ret_why = "neither A, T, N nor S with a number";
        return ERR_MALFORMED;
    }
    *ret_body = body;
    return OK;
}

TOY void toy_decide(const void *state,
        const struct input *input,
        const struct world *world,
        void *next,
        struct outcome *outcome)
{
    const struct toy_body *body = input->body;
    struct toy *toy = next;
    (void)state;
    (void)world;
    if (input->kind == INPUT_TIMER || input->kind == INPUT_WORK) {
        toy->total += input->kind == INPUT_TIMER ? 1000 : 10000;
        step_add(outcome, input, 3, 0, 1);
        return;
    }
    if (body->letter == 'N')
        return;
    if (body->letter == 'S' && body->amount > toy->total) {
        outcome_refuse_about(outcome, 1, (uint16_t)(body->amount - toy->total));
        return;
    }
    int64_t amount = body->letter == 'T' ? 1 : body->letter == 'S' ? -body->amount : body->amount;
    toy->total += amount;
    struct step *step = step_add(outcome, input, body->letter == 'S' ? 2 : 1, 4, 5);
    step->unit = TOY_UNIT;
    step->rule_ver = 9;
    send_add(outcome, SERVICE_ENFORCEMENT, TOY_ECHO, 0);
    count_add(outcome, 0, TOY_UNIT, TOY_MATTER, (int)amount);
    if (body->letter == 'T')
        timer_set(outcome, TOY_TIMER, input->now_ms + body->amount);
}

TOY void toy_encode(const void *next,
        const struct input *input,
        const struct world *world,
        const struct send *send,
        struct buf *out)
{
    (void)input;
    (void)world;
    (void)send;
    buf_add_format(out, "total %lld", (long long)((const struct toy *)next)->total);
}

TOY void toy_detail(
        const void *next, const struct input *input, const struct step *step, struct buf *out)
{
    (void)next;
    (void)step;
    if (input->kind == INPUT_MESSAGE || input->kind == INPUT_COMMAND)
        buf_add_format(out, "%c", ((const struct toy_body *)input->body)->letter);
}

TOY void toy_answer(const void *next,
        const struct input *input,
        const struct outcome *outcome,
        const struct world *world,
        struct buf *out)
{
    (void)outcome;
    toy_encode(next, input, world, NULL, out);
}

TOY const char *toy_reason_text(uint32_t reason, const char *language)
{
    (void)language;
    return reason == 1 ? "too little" : "?";
}

TOY void toy_reason_about(uint32_t reason,
        uint16_t about,
        const struct directory *directory,
        const char *language,
        struct buf *out)
{
    (void)directory;
    (void)language;
    buf_add_format(out, ", %u: %u more", reason, about);
}

TOY void toy_load_row(const PGresult *result, int row, int col, void *state, struct arena *arena)
{
    (void)arena;
    ((struct toy *)state)->total = row_int(result, row, col);
}

TOY void toy_save_begin(struct params *params)
{
    params_array(params, PARAM_INT8);
}

TOY void toy_save_row(const void *state, struct params *params, int first)
{
    param_add_int(params, first, ((const struct toy *)state)->total);
}

TOY enum err toy_look_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    (void)directory;
    if (actor[0]) {
        *ret_why = "nothing for anybody by name";
        return ERR_DENIED;
    }
    char *end = arena_text(arena, (const char *)payload.data, payload.size), *begin = end;
    int64_t agg = strtoll(begin, &end, 10);
    params_int(params, PARAM_INT8, agg);
    params_int(params, PARAM_INT4, *end ? strtoll(end, NULL, 10) : 0);
    *ret_why = "not an id, or an id and a size";
    return end == begin ? ERR_MALFORMED : OK;
}

/* Says in whose name it was asked. */
TOY enum err toy_own_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    (void)payload;
    (void)directory;
    (void)params;
    *ret_why = arena_text(arena, actor, strlen(actor));
    return ERR_DENIED;
}

TOY void toy_look_encode(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    (void)directory;
    if (PQntuples(rows) == 1)
        buf_add_format(out, "total %lld%s", (long long)row_int(rows, 0, 0), row_text(rows, 0, 1));
}

TOY const struct statement TOY_LOOK_SQL = {
        "toy_look", "SELECT total, repeat('x', $2::integer) FROM toy WHERE id = $1::bigint"};
TOY const struct statement TOY_OWN_SQL = {"toy_own", "SELECT 0, ''"};
TOY const struct query_type TOY_QUERIES[] = {
        {TOY_LOOK, "look", &TOY_LOOK_SQL, toy_look_bind, toy_look_encode, false},
        {TOY_OWN, "own", &TOY_OWN_SQL, toy_own_bind, toy_look_encode, true}};
TOY const enum service_id TOY_HEARS[] = {SERVICE_INTAKE, SERVICE_VOLUNTEER, SERVICE_NONE};
TOY const enum service_id TOY_TELLS[] = {SERVICE_ENFORCEMENT, SERVICE_NONE};
TOY const char *const TOY_METRICS[] = {"total", NULL};
TOY const struct input_type TOY_INPUTS[] = {
        {INPUT_MESSAGE, SERVICE_INTAKE, TOY_ADD, 0, "add", toy_decode},
        {INPUT_MESSAGE, SERVICE_VOLUNTEER, TOY_ADD, 0, "add", toy_decode},
        {INPUT_COMMAND, SERVICE_NONE, TOY_SUB, 1, "sub", toy_decode}, /* the right to act */
        {INPUT_TIMER, SERVICE_NONE, TOY_TIMER, 0, "timer", NULL},
};

TOY const struct aggregate_ops TOY_OPS = {
        .service = SERVICE_ROUTING,
        .schema = "toy",
        .table = "toy",
        .state_size = sizeof(struct toy),
        .hears = TOY_HEARS,
        .tells = TOY_TELLS,
        .inputs = TOY_INPUTS,
        .input_count = COUNT_OF(TOY_INPUTS),
        .queries = TOY_QUERIES,
        .query_count = COUNT_OF(TOY_QUERIES),
        .metric_names = TOY_METRICS,
        .reason_text = toy_reason_text,
        .reason_about = toy_reason_about,
        .sql_stub = {"toy_stub", "INSERT INTO toy (id) SELECT unnest($1::bigint[]) ORDER BY 1 ON "
                                 "CONFLICT DO NOTHING"},
        .sql_load = {"toy_load",
                "SELECT id, ver, seen_intake, seen_volunteer, sent_enforcement, total FROM toy "
                "WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE"},
        .sql_update = {"toy_update",
                "INSERT INTO toy (id, ver, seen_intake, seen_volunteer, sent_enforcement, total) "
                "SELECT * FROM unnest($1::bigint[], $2::integer[], $3::bigint[], $4::bigint[], "
                "$5::bigint[], $6::bigint[]) ON CONFLICT (id) DO UPDATE SET ver = excluded.ver, "
                "seen_intake = excluded.seen_intake, seen_volunteer = excluded.seen_volunteer, "
                "sent_enforcement = excluded.sent_enforcement, total = excluded.total"},
        .load_row = toy_load_row,
        .save_begin = toy_save_begin,
        .save_row = toy_save_row,
        .decide = toy_decide,
        .encode = toy_encode,
        .detail = toy_detail,
        .answer = toy_answer,
        .own_columns = "total, ended_at",
        .sql_shed = {"toy_shed", "DELETE FROM note WHERE agg = ANY(chosen())"},
        .sql_remove = {"toy_remove", "DELETE FROM key WHERE agg = ANY(chosen())"},
        .has_work = true,
};

/* The city is unit 1, a street 2 below it, a grid 11 below that. */
TOY struct directory *toy_directory(int64_t version)
{
    static const struct unit units[] = {
            {.id = 1, .code = "CITY", .level = LEVEL_DISTRICT, .kind = "district"},
            {.id = 2, .parent = 1, .code = "STREET", .level = LEVEL_STREET, .kind = "street"},
            {.id = TOY_UNIT, .parent = 2, .code = "GRID", .level = LEVEL_GRID, .kind = "grid"}};
    static const struct matter matters[] = {{.id = TOY_MATTER, .code = "LAMP"}};
    struct directory *directory = directory_build(&(struct directory_rows){.version = version,
            .site = 7,
            .site_letters = "LA",
            .units = units,
            .unit_count = COUNT_OF(units),
            .matters = matters,
            .matter_count = COUNT_OF(matters)});
    assert_non_null(directory);
    return directory;
}

TOY struct bytes toy_bytes(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* A message: its id is made of what it says, so that equal ones are the same message. */
TOY struct work toy_event(enum service_id source, int64_t agg, uint64_t n, const char *payload)
{
    struct work work = {.origin = WORK_EVENT, .payload = toy_bytes(payload), .request_id = ""};
    work.input = (struct input){.kind = INPUT_MESSAGE,
            .source = source,
            .type = TOY_ADD,
            .agg = agg,
            .n = n,
            .msg_id = agg % 1000000000 * 1000 + (int64_t)n * 10 + source,
            .now_ms = 1000};
    return work;
}

TOY struct work toy_command(int64_t agg, const char *request_id, const char *payload)
{
    struct work work = {
            .origin = WORK_COMMAND, .payload = toy_bytes(payload), .request_id = request_id};
    work.type = &TOY_INPUTS[2];
    work.input = (struct input){.kind = INPUT_COMMAND, .type = TOY_SUB, .agg = agg, .peer = "desk"};
    snprintf((char *)work.digest, COMMAND_DIGEST_SIZE, "%lld %s", (long long)agg, payload);
    return work;
}

TOY struct work toy_timer(int64_t agg, int64_t gen, int64_t due_ms)
{
    struct work work = {.origin = WORK_TIMER, .request_id = ""};
    work.input = (struct input){.kind = INPUT_TIMER,
            .type = TOY_TIMER,
            .agg = agg,
            .n = (uint64_t)gen,
            .now_ms = due_ms};
    return work;
}

#endif
