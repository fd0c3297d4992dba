/* POST of an update, mySociety's extension: what a reporter says later becomes what this site
 * knows. Done, and the case is open: it is withdrawn. Done, and it has ended: a follow-up with the
 * best score. Anything else: an urge while it is open, afterwards a follow-up that it is not done.
 * So the report is asked for first, and then told; files go to the desk of photos before. */
#include <ctype.h>
#include <microhttpd.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>
#include "services/intake/codec.h"
#include "services/intake/hotline/codec.h"
#include "services/intake/open311.h"
#include "services/intake/way_open311.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define VIEW_ARENA_SIZE (256 << 10)
#define UPDATE_ID_MAX 50 /* so that a ticket can be made of it */
#define TICKET_BYTES 16

/* As FixMyStreet sends them; whether they say that the matter is done. */
static const struct update_status {
    const char *name;
    bool done;
} statuses[] = {
        {"open", false},
        {"reopen", false},
        {"confirmed", false},
        {"investigating", false},
        {"in_progress", false},
        {"action_scheduled", false},
        {"planned", false},
        {"internal_referral", false},
        {"for_triage", false},
        {"closed", true},
        {"fixed", true},
        {"duplicate", true},
        {"not_councils_responsibility", true},
        {"no_further_action", true},
        {"cancelled", true},
};

struct update {
    const char *number, *text;
    int64_t at_ms;   /* a drill's: when it was said; 0 = now */
    bool done, told; /* told: the second question is out */
};

static void status_read(struct call *call, struct update *update)
{
    const char *text = open311_text(call, "status", LISTED_NAME_MAX);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        if (strcasecmp(statuses[i].name, text) == 0) {
            update->done = statuses[i].done;
            return;
        }
    }
    if (*text)
        open311_fail(call, OPEN311_STATUS, "status", 0);
}

/* The description, and where its pictures are. */
static void text_read(struct call *call, struct update *update)
{
    BUF_OWNED text = {0};
    buf_add_text(&text, open311_text(call, "description", TEXT_CHARS_MAX));
    (void)open311_media_urls(call, &text);
    if (text_length(text.data, text.size) > TEXT_CHARS_MAX)
        open311_fail(call, OPEN311_LENGTH, "description with media_url", TEXT_CHARS_MAX);
    size_t lead = text.data[0] == '\n';
    update->text = arena_text(&open311_of(call)->arena, text.data + lead, text.size - lead);
}

/* The same update again is the same ticket. */
static void ticket_make(struct call *call)
{
    const char *id = open311_text(call, "update_id", UPDATE_ID_MAX);
    unsigned char bytes[TICKET_BYTES];
    bool plain = *id != 0;
    for (const char *at = id; *at; at++)
        plain = plain && isgraph((unsigned char)*at);
    if (call_header_count(call, "Idempotency-Key")) {
        call_key_check(call);
    } else if (plain && strlen(id) <= UPDATE_ID_MAX) {
        (void)snprintf(call->key, sizeof call->key, "update-%s", id);
    } else {
        randombytes_buf(bytes, sizeof bytes);
        must(sodium_bin2hex(call->key, sizeof call->key, bytes, sizeof bytes));
    }
}

static bool update_read(struct call *call)
{
    struct open311 *own = open311_of(call);
    if (own->error_count || !open311_body(call) || !open311_jurisdiction(call) ||
            !open311_key(call))
        return false;
    struct update *update = arena_get(&own->arena, sizeof *update);
    own->more = update;
    update->number = open311_text(call, "service_request_id", LISTED_NAME_MAX);
    text_read(call, update);
    open311_media_read(call);
    if (!*update->number)
        open311_fail(call, OPEN311_NO_REQUEST, "", 0);
    const char *at = field_value(&own->fields, "updated_datetime");
    if (*at && !open311_instant(at, &update->at_ms))
        open311_fail(call, OPEN311_TIME, "updated_datetime", 0);
    if (!intake_drill())
        update->at_ms = 0;
    status_read(call, update);
    ticket_make(call);
    if (own->error_count || call->problem.kind)
        return false;
    call->type = INTAKE_REPORT;
    report_query_encode(0, update->number, &call->payload);
    return true;
}

static void urge_encode(struct call *call, const struct update *update, const char *about)
{
    struct hotline_report report = {.ticket = call->key,
            .matter = "",
            .text = update->text,
            .intent = HOTLINE_URGE,
            .about = about,
            .to = ""};
    open311_media_show(call, &report);
    call->type = INTAKE_SUBMIT;
    call->agg = 0;
    hotline_report_encode(&report, &call->payload);
}

static void withdrawal_encode(struct call *call, const struct update *update)
{
    char reason[4 * REASON_CHARS_MAX + 1];
    size_t size = 0;
    for (size_t chars = 0; update->text[size] && chars < REASON_CHARS_MAX; chars++)
        for (size++; ((unsigned char)update->text[size] & 0xc0) == 0x80; size++)
            ;
    (void)text_copy(reason, sizeof reason, update->text, size);
    call->type = INTAKE_WITHDRAW;
    call->at_ms = update->at_ms;
    hotline_withdraw_encode("", reason, update->at_ms, &call->payload);
}

static void follow_up_encode(struct call *call, const struct update *update)
{
    const struct hotline_follow_up follow_up = {.ticket = "",
            .score = update->done ? SCORE_MAX : 0,
            .unsolved = !update->done,
            .text = update->text};
    call->type = INTAKE_FOLLOW_UP;
    hotline_follow_up_encode(&follow_up, &call->payload);
}

/* A key tells of its own reports only; to it, others do not exist. */
static bool update_tell(
        struct call *call, const struct update *update, const struct report_view *view)
{
    bool open = report_state_find(view->state) == REPORT_ACCEPTED;
    if (view->id == 0 || strcmp(view->source, call->peer) != 0) {
        open311_fail(call, OPEN311_REQUEST, update->number, 0);
        return false;
    }
    const char *file = open311_media_name(call);
    if (file && (!open || update->done)) {
        open311_fail(call, OPEN311_MEDIA_LATE, file, 0);
        return false;
    }
    buf_reset(&call->payload);
    call->commands = true;
    call->agg = view->id;
    if (open && update->done)
        withdrawal_encode(call, update);
    else if (open)
        urge_encode(call, update, view->source_ref);
    else
        follow_up_encode(call, update);
    return true;
}

static bool update_again(struct call *call)
{
    struct update *update = open311_of(call)->more;
    struct report_view view = {0};
    struct arena arena;
    bool tell = false;
    if (call->aside)
        return open311_media_taken(call);
    if (update->told)
        return false;
    update->told = true;
    arena_init(&arena, VIEW_ARENA_SIZE);
    enum err err = call->verdict >= REPLY_FAILED
                           ? ERR_TRANSIENT
                           : report_view_decode(call_reply(call), &arena, &view);
    if (err == ERR_NOT_FOUND)
        open311_fail(call, OPEN311_REQUEST, update->number, 0);
    else if (err)
        open311_fail(call, OPEN311_BUSY, "", 0);
    else
        tell = update_tell(call, update, &view);
    arena_fini(&arena);
    return tell;
}

static void update_write(struct call *call, struct call_answer *answer, struct buf *body)
{
    struct doc *doc = open311_answer(call, answer);
    doc_list(doc, "service_request_updates", "request_update");
    doc_item(doc);
    doc_text(doc, "update_id", call->key);
    doc_end(doc);
    doc_end(doc);
    doc_finish(&doc, body);
}

static void update_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    struct arena arena;
    struct hotline_receipt receipt;
    struct open311 *own = open311_of(call);
    (void)language;
    if (open311_errors_answer(call, answer, body))
        return;
    arena_init(&arena, VIEW_ARENA_SIZE);
    if (own->refused)
        open311_fail(call, OPEN311_REFUSED, own->refused, 0);
    else if (call->verdict >= REPLY_FAILED ||
             hotline_receipt_decode(call_reply(call), &arena, &receipt) != OK)
        open311_fail(call, OPEN311_BUSY, "", 0);
    else if (receipt.result != HOTLINE_ACCEPTED && receipt.result != HOTLINE_DUPLICATE)
        open311_refuse(call, &receipt);
    else
        update_write(call, answer, body);
    arena_fini(&arena);
    (void)open311_errors_answer(call, answer, body);
}

const struct way way_open311_update = {.check = open311_media_check,
        .read = update_read,
        .ask = open311_media_ask,
        .take = open311_take,
        .again = update_again,
        .answer = update_answer,
        .problem = open311_problem,
        .end = open311_media_end};
