/* The service's table for the kernel: which messages, commands and timers it takes, which functions
 * decide, encode and store them, and what its numbers are called. Whoever adds a message type adds
 * a line here. */
#include "services/volunteer/ops.h"
#include <string.h>
#include "services/volunteer/codec.h"
#include "services/volunteer/decide.h"
#include "services/volunteer/store.h"
#include "services/kernel/bus/peers.h"

#define X(name, number, text) [number] = (text),
static const char *const state_names[] = {NEED_STATES(X) NULL};
static const char *const kind_names[] = {NEED_KINDS(X) NULL};
static const char *const metric_names[] = {NEED_METRICS(X) NULL};
#undef X
#define X(name, number, text, zh, en) [number] = (text),
static const char *const reason_names[] = {NEED_REASONS(X) NULL};
#undef X

static const char *reason_text(uint32_t reason, const char *language)
{
    static const char *const texts[][2] = {
#define X(name, number, text, zh, en) [number] = {(zh), (en)},
            NEED_REASONS(X)
#undef X
    };
    if (reason >= sizeof(texts) / sizeof(texts[0]))
        return "";
    return texts[reason][strcmp(language, "en") == 0];
}

static const enum service_id hears[] = {SERVICE_ROUTING, SERVICE_NONE};
static const enum service_id tells[] = {SERVICE_ROUTING, SERVICE_NONE};

static const struct input_type inputs[] = {
        {INPUT_MESSAGE, SERVICE_ROUTING, MESSAGE_OPENED, 0, "need_opened", opened_decode},
        {INPUT_MESSAGE, SERVICE_ROUTING, MESSAGE_CANCELLED, 0, "need_cancelled", cancel_decode},
        {INPUT_COMMAND, SERVICE_NONE, COMMAND_CLAIM, RIGHT_ACT, "claim", claim_decode},
        {INPUT_COMMAND, SERVICE_NONE, COMMAND_DONE, RIGHT_ACT, "done", done_decode},
        {INPUT_TIMER, SERVICE_NONE, TIMER_OFFER, 0, "offer", NULL},
};

static const struct query_type queries[] = {
        {QUERY_NEEDS, "needs", &needs_sql_list, needs_bind, needs_encode_rows, false},
        {QUERY_OFFERS, "offers", &offers_sql_need, offers_bind, offers_encode_rows, false},
};

const struct aggregate_ops volunteer_ops = {
        .service = SERVICE_VOLUNTEER,
        .schema = "volunteer",
        .table = "needs",
        .state_size = sizeof(struct need),
        .hears = hears,
        .tells = tells,
        .inputs = inputs,
        .input_count = sizeof(inputs) / sizeof(inputs[0]),
        .queries = queries,
        .query_count = sizeof(queries) / sizeof(queries[0]),
        .metric_names = metric_names,
        .reason_names = reason_names,
        .reason_text = reason_text,
        .kind_names = kind_names,
        .state_names = state_names,
        .sql_stub = {"need_stub", need_sql_stub},
        .sql_load = {"need_load", need_sql_load},
        .sql_update = {"need_update", need_sql_update},
        .load_row = need_load_row,
        .save_begin = need_save_begin,
        .save_row = need_save_row,
        .decide = need_decide,
        .encode = progress_encode,
        .detail = need_detail,
        .answer = need_answer,
        .own_columns = need_columns,
        .related = credits_related,
        .store = credits_store,
        .absorb = credits_absorb,
        .statements = need_statements,
        .statement_count = NEED_STATEMENT_COUNT,
};
