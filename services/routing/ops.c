/* What routing tells the kernel about itself: which messages and commands it takes, who decodes,
 * decides, stores and answers, and what its numbers are called. Nothing but tables. */
#include "services/routing/ops.h"

#include <string.h>

#include "services/kernel/base/evidence_text.h"
#include "services/kernel/bus/peers.h"
#include "services/routing/codec.h"
#include "services/routing/decide.h"
#include "services/routing/decide_merge.h"
#include "services/routing/store.h"
#include "services/routing/store_query.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const enum service_id hears[] = {
        SERVICE_INTAKE, SERVICE_ENFORCEMENT, SERVICE_VOLUNTEER, SERVICE_NONE};
static const enum service_id tells[] = {
        SERVICE_INTAKE, SERVICE_ENFORCEMENT, SERVICE_VOLUNTEER, SERVICE_NONE};

static const struct input_type inputs[] = {
        {INPUT_MESSAGE, SERVICE_INTAKE, TYPE_CASE_REPORTED, 0, "case_reported",
                case_reported_decode},
        {INPUT_MESSAGE, SERVICE_INTAKE, TYPE_CASE_WITHDRAWN, 0, "case_withdrawn",
                case_withdrawn_decode},
        {INPUT_MESSAGE, SERVICE_INTAKE, TYPE_CASE_URGED, 0, "case_urged", case_urged_decode},
        {INPUT_MESSAGE, SERVICE_INTAKE, TYPE_CASE_FOLLOWED_UP, 0, "case_followed_up",
                case_followed_up_decode},
        {INPUT_MESSAGE, SERVICE_INTAKE, TYPE_CASE_CORRECTED, 0, "case_corrected",
                case_corrected_decode},
        {INPUT_MESSAGE, SERVICE_ENFORCEMENT, TYPE_MISSION_PROGRESS, 0, "mission_progress",
                mission_progress_decode},
        {INPUT_MESSAGE, SERVICE_VOLUNTEER, TYPE_NEED_PROGRESS, 0, "need_progress",
                need_progress_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_ACCEPT, RIGHT_ACT, "accept", act_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_HANDLE, RIGHT_ACT, "handle", act_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_VERIFY, RIGHT_ACT, "verify", act_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_REFER, RIGHT_ACT, "refer", reason_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_RETURN, RIGHT_ACT, "return", reason_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_DISPATCH, RIGHT_ACT, "dispatch", unit_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_RULE, RIGHT_ACT, "rule", unit_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_STEP_UP, RIGHT_ACT, "step_up", reason_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_REJECT, RIGHT_ACT, "reject", reason_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_SUSPEND, RIGHT_ACT, "suspend", span_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_RESUME, RIGHT_ACT, "resume", act_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_ASK_TIME, RIGHT_ACT, "ask_time", span_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_GRANT_TIME, RIGHT_ACT, "grant_time", act_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_DENY_TIME, RIGHT_ACT, "deny_time", reason_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_WHISTLE, RIGHT_ACT, "whistle", units_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_CHECK_IN, RIGHT_ACT, "check_in", act_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_END_WHISTLE, RIGHT_ACT, "end_whistle", act_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_SCORE, RIGHT_ACT, "score", score_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_JOINT, RIGHT_ACT, "joint", joint_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_FINISH_PART, RIGHT_ACT, "finish_part", act_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_TAKE_OVER, RIGHT_ACT, "take_over", take_over_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_ORDER, RIGHT_ACT, "order", order_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_DECLINE, RIGHT_ACT, "decline", reason_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_APPLY, RIGHT_ACT, "apply", apply_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_ADMIT, RIGHT_ACT, "admit", act_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_DENY_ADMISSION, RIGHT_ACT, "deny_admission",
                reason_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_APPEAL, RIGHT_ACT, "appeal", reason_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_UPHOLD, RIGHT_ACT, "uphold", reason_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_DISMISS, RIGHT_ACT, "dismiss", reason_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_CONVENE, RIGHT_ACT, "convene", convene_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_RESOLVE, RIGHT_ACT, "resolve", resolve_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_MEDIATE, RIGHT_ACT, "mediate", span_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_AGREE, RIGHT_ACT, "agree", span_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_REVISIT, RIGHT_ACT, "revisit", act_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_REMIND, RIGHT_ACT, "remind", reason_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_VETO, RIGHT_ACT, "veto", reason_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_URGE, RIGHT_ACT, "urge", reason_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_FOLLOW_UP, RIGHT_ACT, "follow_up", follow_up_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_REOPEN, RIGHT_ACT, "reopen", reason_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_PASS_CHECK, RIGHT_ACT, "pass_check", act_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_FAIL_CHECK, RIGHT_ACT, "fail_check", reason_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_ARRIVE, RIGHT_ACT, "arrive", act_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_MERGE, RIGHT_ACT, "merge", merge_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_UNMERGE, RIGHT_ACT, "unmerge", reason_decode},
        {INPUT_COMMAND, SERVICE_NONE, TYPE_RESET_DUE, RIGHT_ACT, "reset_due", reason_decode},
        {INPUT_TIMER, SERVICE_NONE, TIMER_CLOCK, 0, "clock", NULL},
        {INPUT_WORK, SERVICE_NONE, OTHER_CLOSED, 0, "other_closed", NULL},
        {INPUT_WORK, SERVICE_NONE, OTHER_REFERRED, 0, "other_referred", NULL},
        {INPUT_WORK, SERVICE_NONE, OTHER_GONE, 0, "other_gone", NULL},
};

static const struct query_type queries[] = {
        {TYPE_WORKLIST, "worklist", &WORKLIST, worklist_bind, worklist_encode, false},
        {TYPE_CASE, "case", &CASE_VIEW, case_bind, case_encode, false},
        {TYPE_SEARCH, "search", &SEARCH, search_bind, search_encode, false},
        {TYPE_SIMILAR, "similar", &SIMILAR, similar_bind, similar_encode, false},
        {TYPE_LOAD, "load", &LOAD, load_bind, load_encode, false},
        {TYPE_AGENDA, "agenda", &AGENDA, agenda_bind, agenda_encode, false},
};

static const char *const metric_names[] = {
#define X(name, number, text) [number] = text,
        METRIC_TABLE(X)
#undef X
                [METRIC_COUNT] = NULL};
static const char *const reason_names[] = {
#define X(name, number, text, zh, en) [number] = text,
        REFUSAL_TABLE(X)
#undef X
                [REFUSAL_COUNT] = NULL};
static const char *const kind_names[] = {
#define X(name, number, text) [number] = text,
        STEP_TABLE(X)
#undef X
                [STEP_COUNT] = NULL};
static const char *const state_names[] = {
#define X(name, number, text, open) [number] = text,
        CASE_STATE_TABLE(X)
#undef X
                [CASE_STATE_COUNT] = NULL};

const char *routing_reason_text(uint32_t reason, const char *language)
{
    static const char *const texts[][2] = {
#define X(name, number, text, zh, en) [number] = {zh, en},
            REFUSAL_TABLE(X)
#undef X
    };
    if (reason >= COUNT(texts))
        return "";
    return texts[reason][strcmp(language, "en") == 0];
}

static void reason_about(uint32_t reason,
        uint16_t about,
        const struct directory *directory,
        const char *language,
        struct buf *out)
{
    const struct unit *unit = directory ? unit_find(directory, about) : NULL;
    bool english = strcmp(language, "en") == 0;
    if (reason == REFUSAL_EVIDENCE)
        evidence_name(about, language, out);
    if (reason == REFUSAL_PARTS_OPEN && unit)
        buf_add_format(out, english ? " First of all: %s (%s)." : "首先是：%s（%s）。",
                english ? unit->name_en : unit->name_zh, unit->code);
}

struct aggregate_ops routing_ops(void)
{
    return (struct aggregate_ops){
            .service = SERVICE_ROUTING,
            .schema = "routing",
            .table = "cases",
            .state_size = sizeof(struct routing_case),
            .hears = hears,
            .tells = tells,
            .inputs = inputs,
            .input_count = COUNT(inputs),
            .queries = queries,
            .query_count = COUNT(queries),
            .metric_names = metric_names,
            .reason_names = reason_names,
            .reason_text = routing_reason_text,
            .reason_about = reason_about,
            .kind_names = kind_names,
            .state_names = state_names,
            .sql_stub = CASES_STUB,
            .sql_load = CASES_LOAD,
            .sql_update = CASES_UPDATE,
            .load_row = case_load_row,
            .save_begin = case_save_begin,
            .save_row = case_save_row,
            .decide = routing_decide,
            .encode = routing_encode,
            .detail = routing_detail,
            .answer = routing_answer,
            .relates = merge_looks,
            .related = cases_related,
            .own_columns = CASES_OWN_COLUMNS,
            .has_work = true,
            .statements = &CASES_OTHERS,
            .statement_count = 1,
    };
}
