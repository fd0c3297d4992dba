/* The service's table for the kernel: which messages, commands and work it takes, which functions
 * decide, encode and store them, and what its numbers are called. Whoever adds a message type adds
 * a line here. */
#include "services/enforcement/ops.h"
#include <string.h>
#include "services/enforcement/codec.h"
#include "services/enforcement/decide.h"
#include "services/enforcement/store.h"
#include "services/kernel/base/evidence_text.h"
#include "services/kernel/bus/peers.h"

#define X(name, number, text) [number] = (text),
static const char *const state_names[] = {MISSION_STATES(X) NULL};
static const char *const kind_names[] = {MISSION_KINDS(X) NULL};
static const char *const metric_names[] = {MISSION_METRICS(X) NULL};
#undef X
#define X(name, number, text, zh, en) [number] = (text),
static const char *const reason_names[] = {MISSION_REASONS(X) NULL};
#undef X

static const char *reason_text(uint32_t reason, const char *language)
{
    static const char *const texts[][2] = {
#define X(name, number, text, zh, en) [number] = {(zh), (en)},
            MISSION_REASONS(X)
#undef X
    };
    if (reason >= sizeof(texts) / sizeof(texts[0]))
        return "";
    return texts[reason][strcmp(language, "en") == 0];
}

static void reason_about(uint32_t reason,
        uint16_t about,
        const struct directory *directory,
        const char *language,
        struct buf *out)
{
    (void)directory;
    if (reason == REASON_EVIDENCE)
        evidence_name(about, language, out);
}

static const enum service_id hears[] = {SERVICE_ROUTING, SERVICE_NONE};
static const enum service_id tells[] = {SERVICE_ROUTING, SERVICE_NONE};

static const struct input_type inputs[] = {
        {INPUT_MESSAGE, SERVICE_ROUTING, MESSAGE_REQUESTED, 0, "mission_requested", request_decode},
        {INPUT_MESSAGE, SERVICE_ROUTING, MESSAGE_CANCELLED, 0, "mission_cancelled", cancel_decode},
        {INPUT_COMMAND, SERVICE_NONE, COMMAND_ACCEPT, RIGHT_ACT, "accept", act_decode},
        {INPUT_COMMAND, SERVICE_NONE, COMMAND_ARRIVE, RIGHT_ACT, "arrive", act_decode},
        {INPUT_COMMAND, SERVICE_NONE, COMMAND_DONE, RIGHT_ACT, "done", act_decode},
        {INPUT_WORK, SERVICE_NONE, WORK_ASSIGN, 0, "assign", NULL},
        {INPUT_WORK, SERVICE_NONE, WORK_RELEASE, 0, "release", NULL},
};

static const struct query_type queries[] = {
        {QUERY_MISSIONS, "missions", &missions_sql_list, missions_bind, missions_encode_rows,
                false},
};

const struct aggregate_ops enforcement_ops = {
        .service = SERVICE_ENFORCEMENT,
        .schema = "enforcement",
        .table = "missions",
        .state_size = sizeof(struct mission),
        .hears = hears,
        .tells = tells,
        .inputs = inputs,
        .input_count = sizeof(inputs) / sizeof(inputs[0]),
        .queries = queries,
        .query_count = sizeof(queries) / sizeof(queries[0]),
        .metric_names = metric_names,
        .reason_names = reason_names,
        .reason_text = reason_text,
        .reason_about = reason_about,
        .kind_names = kind_names,
        .state_names = state_names,
        .sql_stub = {"mission_stub", mission_sql_stub},
        .sql_load = {"mission_load", mission_sql_load},
        .sql_update = {"mission_update", mission_sql_update},
        .load_row = mission_load_row,
        .save_begin = mission_save_begin,
        .save_row = mission_save_row,
        .decide = mission_decide,
        .encode = progress_encode,
        .detail = mission_detail,
        .answer = mission_answer,
        .own_columns = mission_columns,
        .related = squads_related,
        .store = squads_store,
        .has_work = true,
        .statements = mission_statements,
        .statement_count = MISSION_STATEMENT_COUNT,
};
