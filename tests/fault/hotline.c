/* A hotline under faults: new tickets, tickets again, tickets with another body or an unknown
 * matter, withdrawals, outcomes. What got no answer is pushed again with the same body until it
 * has one: so each ticket's fate is known at the end. */
#include <stdlib.h>
#include <string.h>

#include "services/intake/hotline/hotline.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/must.h"
#include "tests/fault/history.h"
#include "tests/fault/workload.h"

#define ANSWER_MS 2500 /* mostly; now and then a client is impatient */
#define ANSWER_SHORT_MS 250
#define PUSH_MAX 6 /* at load 1 */
#define PAUSE_MAX_MS 120
#define OPEN_MAX 256 /* tickets without an answer, at load 1 */
#define KEPT 64      /* tickets that are repeated and taken back */
#define FETCH_MAX 100

/* 'A': the ticket's body. 'B': another body under it. 'X': a matter that nobody knows. */
struct ticket {
    char name[32], op[OP_SIZE], body;
    const char *matter, *unit;
    int64_t reported_ms, promised_ms;
};

struct phone {
    struct worker *worker;
    struct hotline *hotline;
    struct ticket open[OPEN_MAX * LOAD_MAX], kept[KEPT];
    size_t open_count;
    unsigned serial, kept_next;
};

static const char *const RESULTS[] = {"unknown", "accepted", "duplicate", "refused"};

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t draw(struct phone *phone, uint64_t below)
{
    return rng_below(&phone->worker->rng, below);
}

static int64_t patience(struct phone *phone)
{
    return draw(phone, 4) ? ANSWER_MS : ANSWER_SHORT_MS;
}

static void ticket_draw(struct phone *phone, struct ticket *ret)
{
    static const char *const matters[] = {"M", "MG", "MQ", "MQ", "MN"};
    static const char *const units[] = {"G", "G", "V", "S"};
    *ret = (struct ticket){.body = 'A'};
    snprintf(
            ret->name, sizeof ret->name, "%s-t%06u", phone->worker->visitor->name, ++phone->serial);
    ret->matter = matters[draw(phone, sizeof matters / sizeof *matters)];
    ret->unit = units[draw(phone, sizeof units / sizeof *units)];
    ret->reported_ms = wall_ms();
    if (draw(phone, 3) == 0) /* passes soon, or has passed */
        ret->promised_ms = ret->reported_ms - 1000 + (int64_t)draw(phone, 5000);
    if (draw(phone, 40) == 0)
        ret->body = 'X';
}

static struct hotline_report report_of(const struct ticket *ticket)
{
    return (struct hotline_report){.ticket = ticket->name,
            .matter = ticket->body == 'X' ? "NOBODY-KNOWS" : ticket->matter,
            .text = ticket->body == 'B' ? "another body" : ticket->name,
            .unit_codes = {"D", ticket->unit},
            .unit_code_count = 2,
            .reported_ms = ticket->reported_ms,
            .promised_ms = ticket->promised_ms};
}

static void open_add(struct phone *phone, struct ticket *ticket)
{
    struct event event = {.phase = "invoked", .op = ticket->op, .what = "push"};
    char body[2] = {ticket->body, '\0'};
    history_op(ticket->op);
    event.ticket = ticket->name;
    event.detail = body;
    history_add(&event);
    must(phone->open_count < OPEN_MAX * LOAD_MAX);
    phone->open[phone->open_count++] = *ticket;
}

static void receipt_note(const struct ticket *ticket, const struct hotline_receipt *receipt)
{
    struct event event = {.phase = "done",
            .op = ticket->op,
            .what = "push",
            .ticket = ticket->name,
            .agg = receipt->case_id,
            .result = RESULTS[receipt->result],
            .detail = receipt->reason};
    history_add(&event);
}

/* The oldest ones first. Those without an answer stay, under a new op: the library has given the
 * old one up, and what is pushed again is another request. */
static void open_push(struct phone *phone)
{
    struct hotline_report reports[PUSH_MAX * LOAD_MAX];
    struct hotline_receipt receipts[PUSH_MAX * LOAD_MAX];
    struct ticket pushed[PUSH_MAX * LOAD_MAX];
    size_t most = (size_t)site.load * PUSH_MAX;
    size_t count = phone->open_count < most ? phone->open_count : most;
    if (!count)
        return;
    for (size_t i = 0; i < count; i++) {
        pushed[i] = phone->open[i];
        reports[i] = report_of(&pushed[i]);
    }
    enum err err = hotline_push(phone->hotline, reports, receipts, count, patience(phone));
    must(err == OK || err == ERR_TRANSIENT);
    phone->open_count -= count;
    memmove(phone->open, phone->open + count, phone->open_count * sizeof *phone->open);
    for (size_t i = 0; i < count; i++) {
        receipt_note(&pushed[i], &receipts[i]);
        if (receipts[i].result == HOTLINE_UNANSWERED)
            open_add(phone, &pushed[i]);
        else if (pushed[i].body == 'A')
            phone->kept[phone->kept_next++ % KEPT] = pushed[i];
    }
}

static struct ticket *kept_draw(struct phone *phone)
{
    unsigned count = phone->kept_next < KEPT ? phone->kept_next : KEPT;
    return count ? &phone->kept[draw(phone, count)] : NULL;
}

static void begin(struct phone *phone)
{
    for (int i = 0; i < site.load; i++) {
        struct ticket *again = draw(phone, 4) == 0 ? kept_draw(phone) : NULL;
        if (again) {
            struct ticket ticket = *again;
            ticket.body = draw(phone, 6) == 0 ? 'B' : 'A';
            open_add(phone, &ticket);
        }
    }
    for (uint64_t count = draw(phone, (uint64_t)site.load * PUSH_MAX); count; count--) {
        struct ticket ticket;
        ticket_draw(phone, &ticket);
        open_add(phone, &ticket);
    }
}

static void withdraw(struct phone *phone)
{
    const struct ticket *ticket = kept_draw(phone);
    struct hotline_receipt receipt;
    char op[OP_SIZE];
    if (!ticket)
        return;
    history_op(op);
    struct event event = {.phase = "invoked", .op = op, .what = "withdraw", .ticket = ticket->name};
    history_add(&event);
    enum err err = hotline_withdraw(phone->hotline, ticket->name, op, 0, &receipt, patience(phone));
    must(err == OK || err == ERR_TRANSIENT);
    event.phase = "done";
    event.agg = receipt.case_id;
    event.result = RESULTS[err ? HOTLINE_UNANSWERED : receipt.result];
    event.detail = receipt.reason;
    history_add(&event);
}

static void acknowledge(struct phone *phone, const struct hotline_outcome *outcomes, size_t count)
{
    char op[OP_SIZE];
    struct event event = {.op = op, .what = "ack"};
    history_op(op);
    event.phase = "invoked";
    for (size_t i = 0; i < count; i++) {
        event.agg = outcomes[i].case_id;
        history_add(&event);
    }
    enum err err = hotline_ack(phone->hotline, outcomes, count, 0, patience(phone));
    event.phase = "done";
    event.result = err == OK ? "accepted" : err == ERR_TRANSIENT ? "unknown" : "refused";
    for (size_t i = 0; i < count; i++) {
        event.agg = outcomes[i].case_id;
        history_add(&event);
    }
}

/* False when nothing is left, or nobody answers. */
static bool fetch(struct phone *phone, bool *ret_answered)
{
    static struct hotline_outcome outcomes[FETCH_MAX];
    int64_t since = history_now_us();
    size_t count = 0;
    char op[OP_SIZE];
    history_op(op);
    enum err err =
            hotline_outcomes(phone->hotline, 0, outcomes, FETCH_MAX, &count, patience(phone));
    must(err == OK || err == ERR_TRANSIENT);
    *ret_answered = err == OK;
    for (size_t i = 0; err == OK && i < count; i++) {
        struct event event = {.phase = "seen",
                .op = op,
                .what = "fetch",
                .ticket = outcomes[i].ticket,
                .agg = outcomes[i].case_id,
                .result = outcomes[i].outcome,
                .since_us = since};
        history_add(&event);
    }
    if (count)
        acknowledge(phone, outcomes, count);
    return count > 0;
}

static void round_begin(struct phone *phone)
{
    bool answered;
    if (site.reports > phone->serial &&
            phone->open_count < (size_t)site.load * (OPEN_MAX - 2 * PUSH_MAX))
        begin(phone);
    open_push(phone);
    if (draw(phone, 12) == 0)
        withdraw(phone);
    if (draw(phone, 8) == 0)
        (void)fetch(phone, &answered);
}

void hotline_live(struct worker *worker)
{
    static struct phone phone;
    const struct hotline_config config = {
            .endpoints = {worker->endpoints[LINK_BROKER_1], worker->endpoints[LINK_BROKER_2]},
            .endpoint_count = LINK_POSTGRES,
            .site = 1,
            .server_key = site.kit.server.public_key,
            .public_key = worker->visitor->key.public_key,
            .secret_key = worker->visitor->key.secret_key};
    const uint64_t pause_ms = site.pause_ms ? (uint64_t)site.pause_ms : PAUSE_MAX_MS;
    phone.worker = worker;
    must(hotline_open(&config, &phone.hotline) == OK);
    while (!worker->draining) {
        round_begin(&phone);
        worker_listen(worker, (int)draw(&phone, pause_ms));
    }
    while (phone.open_count)
        open_push(&phone);
    worker_drained(worker);
    while (!worker->finishing)
        worker_listen(worker, 1000);
    bool answered = false;
    while (fetch(&phone, &answered) || !answered)
        continue;
    hotline_close(&phone.hotline);
}
