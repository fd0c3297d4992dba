/* Does what a row says, with the rights that its person has: reports come in by the hotline's own
 * library, over HTTP (drama_page.c) or by a member of staff's command, and commands go over the bus
 * to the service that owns the work.
 * Nothing is done behind a service's back. */
#include <stdlib.h>
#include <string.h>

#include "services/ctl/codec_field.h"
#include "services/ctl/drama.h"
#include "services/ctl/drama_page.h"
#include "services/kernel/base/must.h"

#define PLACE_CODE "place" /* code=place: the one that hangs there */

/* The row whose report this one is, or repeats (again=NAME). */
static const struct drama_row *report_row(const struct drama *drama, const struct drama_row *row)
{
    const char *again = drama_pair_find(&row->with, "again");
    for (size_t i = 0; again && i < drama->file.count; i++) {
        const struct drama_row *other = &drama->file.rows[i];
        if (strcmp(other->line, row->line) == 0 && strcmp(other->name, again) == 0)
            return other;
    }
    return row;
}

/* So that nobody takes it for a real one, wherever it is read. */
static const char *drill_text(struct drama *drama, const char *text)
{
    g_autofree char *marked = g_strconcat("【演练】", text, NULL);
    return arena_text(&drama->arena, marked, strlen(marked));
}

static void report_fill(struct drama *drama, const struct drama_row *row, struct drama_report *ret)
{
    const struct drama_row *first = report_row(drama, row);
    const struct drama_pairs *with = &first->with;
    const char *text = drama_pair_find(&row->with, "text"), *point = drama_pair_find(with, "point");
    const char *ticket = drama_pair_find(with, "ticket"), *unit = drama_pair_find(with, "place");
    const char *promised = drama_pair_find(with, "promised");
    if (!text)
        text = drama_pair_find(with, "text");
    *ret = (struct drama_report){.ticket = ticket ? ticket : first->alias,
            .matter = drama_pair_find(with, "matter"),
            .text = text ? text : drill_text(drama, first->zh),
            .unit_code = unit ? unit : "",
            .reported_ms = first->at_ms,
            .about = drama_pair_find(with, "urges"),
            .to = drama_pair_find(with, "to"),
            .settled = drama_pair_find(with, "settled") != NULL};
    const char *evidence = drama_pair_find(with, "evidence");
    if (evidence)
        must(evidence_parse(evidence, ret->evidence, &ret->evidence_count));
    if (!ret->matter) /* again= names a row that is no report: refused as such */
        ret->matter = "";
    if (promised)
        (void)drama_instant_parse(promised, drama->utc_offset_s, first->at_ms, &ret->promised_ms);
    if (point)
        must(drama_point_read(point, ret->point));
}

static struct drama_answer receipt_answer(const struct hotline_receipt *receipt)
{
    enum verdict verdict = receipt->result == HOTLINE_ACCEPTED    ? VERDICT_APPLIED
                           : receipt->result == HOTLINE_DUPLICATE ? VERDICT_DUPLICATE
                                                                  : VERDICT_REFUSED;
    return (struct drama_answer){.verdict = verdict,
            .word = receipt->reason,
            .text = receipt->text,
            .case_id = receipt->case_id,
            .number = receipt->number};
}

static enum err hotline_report(struct drama *drama,
        const struct drama_row *row,
        const struct drama_report *report,
        struct drama_answer *ret)
{
    static struct hotline_receipt receipt; /* the answer's texts point into it */
    struct hotline_report pushed = {.ticket = report->ticket,
            .matter = report->matter,
            .text = report->text,
            .longitude = report->point[0],
            .latitude = report->point[1],
            .unit_codes = {report->unit_code},
            .unit_code_count = *report->unit_code ? 1 : 0,
            .reported_ms = report->reported_ms,
            .promised_ms = report->promised_ms,
            .at_ms = row->at_ms,
            .intent = report->about ? HOTLINE_URGE : HOTLINE_NEW,
            .about = report->about};
    enum err err = hotline_push(drama->hotline, &pushed, &receipt, 1, CTL_CALL_MS);
    if (err != OK)
        return err;
    *ret = receipt_answer(&receipt);
    drama_receipt_keep(drama, &receipt);
    bool repeat = drama_pair_find(&row->with, "again") != NULL;
    drama->tickets += ret->case_id != 0 && !repeat;
    return OK;
}

/* One request, whatever comes of it. */
static enum err ask(struct drama *drama, struct client_request *request)
{
    char *id = arena_get(&drama->arena, REQUEST_ID_SIZE);
    request_id_make(id);
    request->request_id = id;
    enum err err =
            client_call(drama->client, FRAME_COMMANDS, request, 1, CTL_CALL_MS, &drama->arena);
    if (err == OK)
        err = request->err;
    if (err == OK && request->reply.verdict >= REPLY_FAILED)
        err = (enum err)(request->reply.verdict - REPLY_FAILED);
    return err;
}

static enum err person_report(struct drama *drama,
        const struct drama_row *row,
        const struct drama_report *report,
        struct drama_answer *ret)
{
    struct drama_receipt receipt = {.number = "", .reason = "", .text = ""};
    struct client_request request = {.dest = SERVICE_INTAKE,
            .type = row->verb->type,
            .at_ms = row->at_ms,
            .actor = row->actor,
            .payload = drama_report_encode(&drama->arena, report)};
    enum err err = ask(drama, &request);
    if (err != OK)
        return err;
    if (drama_receipt_decode(request.reply.payload, &drama->arena, &receipt) != OK)
        return ERR_MALFORMED;
    *ret = (struct drama_answer){(enum verdict)request.reply.verdict, request.reply.reason,
            receipt.reason, request.reply.text, receipt.case_id, receipt.number};
    return OK;
}

static enum err act_report(
        struct drama *drama, const struct drama_row *row, struct drama_answer *ret)
{
    struct drama_case *this = &drama->cases[row->case_at];
    struct drama_report report;
    char secret[DRAMA_CODE_SIZE] = "";
    report_fill(drama, row, &report);
    enum err err = row->hotline    ? hotline_report(drama, row, &report, ret)
                   : row->resident ? drama_page_report(drama, &report, secret, ret)
                                   : person_report(drama, row, &report, ret);
    if (err == OK && this->id != 0 && ret->case_id != 0 && this->id != ret->case_id)
        drama_tell_difference(drama, "number", this->number, ret->number);
    if (err != OK || this->id != 0 || ret->case_id == 0)
        return err;
    this->id = ret->case_id;
    this->alias = row->alias;
    snprintf(this->number, sizeof this->number, "%s", ret->number);
    snprintf(this->ticket, sizeof this->ticket, "%s", report.ticket);
    memcpy(this->secret, secret, sizeof secret);
    return OK;
}

static uint32_t number_of(const struct drama_row *row, const char *key)
{
    const char *value = drama_pair_find(&row->with, key);
    return value ? (uint32_t)g_ascii_strtoull(value, NULL, 10) : 0;
}

static int64_t unit_of(const struct drama *drama, const char *code)
{
    const struct unit *unit = code ? unit_find_code(drama->directory, code) : NULL;
    return unit ? unit->id : 0;
}

static uint32_t code_of(const struct drama *drama, const struct drama_row *row)
{
    const char *value = drama_pair_find(&row->with, "code");
    bool place = value && strcmp(value, PLACE_CODE) == 0;
    return place ? drama->cases[row->case_at].code : number_of(row, "code");
}

/* The answer to a whistle has the code of the place. */
static void code_keep(struct drama *drama, const struct drama_row *row, struct bytes payload)
{
    struct case_view view;
    if (case_item_decode(payload, &drama->arena, &view) == OK && view.code != 0)
        drama->cases[row->case_at].code = view.code;
}

static void units_fill(const struct drama *drama, const struct drama_row *row, struct case_act *ret)
{
    const char *units = drama_pair_find(&row->with, "units");
    g_auto(GStrv) codes = g_strsplit(units ? units : "", ",", -1);
    for (char **it = codes; *it && ret->unit_count < CASE_ACT_UNITS_MAX; it++)
        ret->units[ret->unit_count++] = unit_of(drama, g_strstrip(*it));
}

/* The case of the story that the row names by its alias; 0 = none, or not reported yet. */
static int64_t other_of(const struct drama *drama, const struct drama_row *row)
{
    const char *alias = drama_pair_find(&row->with, "into");
    for (size_t i = 0; alias && i < drama->file.alias_count; i++)
        if (strcmp(drama->file.aliases[i], alias) == 0)
            return drama->cases[i].id;
    return 0;
}

static void order_fill(const struct drama *drama, const struct drama_row *row, struct case_act *ret)
{
    const char *text = drama_pair_find(&row->with, "text");
    const char *evidence = drama_pair_find(&row->with, "evidence");
    const char *point = drama_pair_find(&row->with, "point");
    uint32_t part = number_of(row, "part");
    double at[2];
    *ret = (struct case_act){.text = text ? text : row->zh,
            .unit = unit_of(drama, drama_pair_find(&row->with, "unit")),
            .other = other_of(drama, row),
            .minutes = number_of(row, "minutes"),
            .part = part,
            .score = number_of(row, "score"),
            .code = code_of(drama, row),
            .unsolved = drama_pair_find(&row->with, "unsolved") != NULL};
    units_fill(drama, row, ret);
    if (evidence)
        must(evidence_parse(evidence, ret->evidence, &ret->evidence_count));
    if (point) {
        must(drama_point_read(point, at));
        ret->longitude = at[0];
        ret->latitude = at[1];
    }
}

/* Whom the case's need is offered to, in volunteer's order; "" when there are fewer. */
static enum err offered_find(struct drama *drama, const struct drama_row *row, const char **ret)
{
    const char **offers = NULL;
    struct client_request request = {.dest = SERVICE_VOLUNTEER,
            .type = FIELD_OFFERS,
            .request_id = "",
            .actor = "",
            .payload = field_offers_query_encode(&drama->arena, drama->cases[row->case_at].id)};
    enum err err =
            client_call(drama->client, FRAME_QUERIES, &request, 1, CTL_CALL_MS, &drama->arena);
    *ret = "";
    if (err != OK || request.reply.verdict != VERDICT_APPLIED)
        return err;
    err = field_offers_decode(request.reply.payload, &drama->arena, &offers);
    for (size_t i = 0; err == OK && offers[i]; i++)
        if (i + 1 == row->offered)
            *ret = offers[i];
    return err;
}

/* The first of the handler's people, or the volunteer who has claimed the need. */
static const char *handler_of(const struct drama *drama, const struct drama_case *this)
{
    const struct staff *staff = staff_of_unit(drama->directory, this->view.handler, 0);
    const char *code = staff ? staff->code : "";
    for (size_t i = 0; i < this->step_count; i++)
        if (this->steps[i].service == SERVICE_VOLUNTEER)
            code = strcmp(this->steps[i].to, "claimed") == 0 ? this->steps[i].actor : code;
    return code;
}

/* Who acts: the one that the file names, or who it is by then. */
static enum err actor_find(struct drama *drama, const struct drama_row *row, const char **ret)
{
    *ret = row->handler ? handler_of(drama, &drama->cases[row->case_at]) : row->actor;
    return row->offered > 0 ? offered_find(drama, row, ret) : OK;
}

static enum err act_order(
        struct drama *drama, const struct drama_row *row, struct drama_answer *ret)
{
    struct case_act order;
    const char *actor = "";
    enum err err = actor_find(drama, row, &actor);
    if (err != OK)
        return err;
    order_fill(drama, row, &order);
    struct client_request request = {.dest = row->verb->dest,
            .type = row->verb->type,
            .agg = drama->cases[row->case_at].id,
            .at_ms = row->at_ms,
            .actor = actor,
            .payload = row->verb->dest == SERVICE_ROUTING
                               ? case_act_encode(&drama->arena, &order)
                               : drama_work_encode(&drama->arena, &order)};
    err = ask(drama, &request);
    /* What the service cannot read it does not do: a reason that is missing, a type of tomorrow. */
    bool unread = err == ERR_MALFORMED || err == ERR_UNKNOWN;
    if (unread)
        *ret = (struct drama_answer){.verdict = VERDICT_REFUSED,
                .word = err == ERR_UNKNOWN ? "unknown" : "malformed",
                .text = *request.reply.text ? request.reply.text : err_text(err)};
    if (unread)
        return OK;
    if (err == OK)
        *ret = (struct drama_answer){.verdict = (enum verdict)request.reply.verdict,
                .reason = request.reply.reason,
                .word = "",
                .text = request.reply.text};
    if (err == OK && row->verb->dest == SERVICE_ROUTING)
        code_keep(drama, row, request.reply.payload);
    return err;
}

static enum err page_follow_up(struct drama *drama,
        const struct drama_row *row,
        const struct hotline_follow_up *said,
        struct drama_answer *ret)
{
    struct client_request request = {.dest = SERVICE_INTAKE,
            .type = drama_follow_up_type(),
            .agg = drama->cases[row->case_at].id,
            .at_ms = row->at_ms,
            .actor = "",
            .payload = drama_follow_up_encode(&drama->arena, said)};
    enum err err = ask(drama, &request);
    if (err == OK)
        *ret = (struct drama_answer){.verdict = (enum verdict)request.reply.verdict,
                .reason = request.reply.reason,
                .word = "",
                .text = request.reply.text};
    return err;
}

/* What the caller says of the outcome: to the hotline, or on the page where he reported. */
static enum err act_follow_up(
        struct drama *drama, const struct drama_row *row, struct drama_answer *ret)
{
    static struct hotline_receipt receipt;
    const struct drama_case *this = &drama->cases[row->case_at];
    struct hotline_follow_up said = {.ticket = this->ticket,
            .score = number_of(row, "score"),
            .unsolved = drama_pair_find(&row->with, "unsolved") != NULL,
            .text = row->zh,
            .at_ms = row->at_ms};
    enum err err = row->hotline ? hotline_follow_up(drama->hotline, &said, &receipt, CTL_CALL_MS)
                                : page_follow_up(drama, row, &said, ret);
    if (err == OK && row->hotline)
        *ret = receipt_answer(&receipt);
    return err;
}

static enum err act_withdraw(
        struct drama *drama, const struct drama_row *row, struct drama_answer *ret)
{
    static struct hotline_receipt receipt;
    enum err err = hotline_withdraw(drama->hotline, drama->cases[row->case_at].ticket, row->zh,
            row->at_ms, &receipt, CTL_CALL_MS);
    if (err != OK)
        return err;
    *ret = receipt_answer(&receipt);
    return OK;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void tickets_add(GPtrArray *tickets, struct hotline_outcome *outcome)
{
    g_ptr_array_add(tickets, outcome->ticket);
    for (size_t i = 0; i < outcome->also_count; i++)
        g_ptr_array_add(tickets, outcome->also[i]);
}

/* All that is not acknowledged yet; the answer's text is the tickets, in order. */
static enum err act_outcomes(
        struct drama *drama, const struct drama_row *row, struct drama_answer *ret)
{
    static struct hotline_outcome outcomes[HOTLINE_OUTCOMES_MAX];
    size_t count = 0;
    enum err err = hotline_outcomes(
            drama->hotline, 0, outcomes, HOTLINE_OUTCOMES_MAX, &count, CTL_CALL_MS);
    g_autoptr(GPtrArray) tickets = g_ptr_array_new();
    for (size_t i = 0; err == OK && i < count; i++)
        tickets_add(tickets, &outcomes[i]);
    if (err == OK && count > 0)
        err = hotline_ack(drama->hotline, outcomes, count, row->at_ms, CTL_CALL_MS);
    if (err != OK)
        return err;
    g_ptr_array_sort(tickets, by_text);
    g_ptr_array_add(tickets, NULL);
    g_autofree char *joined = g_strjoinv(",", (char **)tickets->pdata);
    *ret = (struct drama_answer){
            .word = "", .text = arena_text(&drama->arena, joined, strlen(joined))};
    return OK;
}

enum err drama_act(struct drama *drama, const struct drama_row *row, struct drama_answer *ret)
{
    enum err err = OK;
    *ret = (struct drama_answer){.word = "", .text = ""};
    switch (row->verb->kind) {
    case DRAMA_REPORT:
        err = act_report(drama, row, ret);
        break;
    case DRAMA_ACT:
        err = *row->actor || row->handler || row->offered > 0 ? act_order(drama, row, ret)
                                                              : act_follow_up(drama, row, ret);
        break;
    case DRAMA_OUTCOMES:
        err = act_outcomes(drama, row, ret);
        break;
    case DRAMA_WITHDRAW:
        err = act_withdraw(drama, row, ret);
        break;
    case DRAMA_FOLLOW:
        err = drama_page_follow(drama, row, ret);
        break;
    case DRAMA_RECONCILE:
        err = drama_reconcile(drama, row);
        break;
    case DRAMA_EXPECT:
    case DRAMA_FIGURES:
    case DRAMA_SKIP:
        break;
    }
    if (err != OK)
        ctl_fail(drama->ctl, "第 %zu 行没有得到回答:%s。先看 huyingctl status",
                "row %zu got no answer: %s. Look at huyingctl status first", row->place.line,
                err_text(err));
    return err;
}
