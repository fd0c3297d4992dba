/* huyingctl act: one command about a case, in the name of a member of staff. What people will do on
 * their pages can be done here by hand: in a drill, or when a page is not to be had. Routing
 * decides whether it may be; its refusal says which rule. */
#include <inttypes.h>
#include <string.h>

#include "services/ctl/case_find.h"
#include "services/ctl/case_verbs.h"
#include "services/ctl/codec_story.h"
#include "services/ctl/commands.h"
#include "services/ctl/ctl_bus.h"
#include "services/ctl/names.h"
#include "services/ctl/site_directory.h"
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_text.h"

#define USAGE "VERB CASE --as STAFF [--why TEXT] [--unit CODE] [--units CODE,…] [--minutes N] …"
/* clang-format off */
#define HELP                                                                                       \
    CTL_TEXT("以某位人员的名义对案件下一条指令。VERB:\n"                                           \
             "accept 接单 · arrive 到场 · handle 处置(--evidence) · verify 核实 · reject "         \
             "核实不通过\n"                                                                        \
             "return 退单 · decline 未准入拒收 · dispatch 派单(--unit) · rule 裁决(--unit)\n"      \
             "step-up 上报升级 · refer 转区外 · suspend 挂账(--minutes) · resume 恢复\n"           \
             "ask-time 申请延期(--minutes) · grant-time 同意 · deny-time 不同意 · reset-due "      \
             "重置期限\n"                                                                          \
             "whistle 吹哨(--units --at) · check-in 报到(--at 或 --code) · end-whistle "           \
             "收哨\n"                                                                              \
             "score 评分(--part --score) · joint 联合处置(--units,首位牵头)\n"                     \
             "order 派任务(--unit --minutes) · finish-part 完成分项 · take-over 接管(--part "      \
             "--unit)\n"                                                                           \
             "apply 申请准入(--unit 给谁 --units 审批) · admit 同意 · deny-admission "             \
             "不予准入\n"                                                                          \
             "appeal 申诉 · uphold 成立 · dismiss 驳回 · remind 督促 · veto 否决 · urge "          \
             "催办\n"                                                                              \
             "convene 议事(--units --minutes) · resolve 议定(--units --minutes)\n"                 \
             "mediate 调解(--minutes) · agree 达成协议(--minutes) · revisit 回访协议\n"            \
             "follow-up 回访(--score --unsolved) · reopen 重开 · merge 并案(--into)\n"             \
             "unmerge 取消合并 · pass-check · fail-check 核查\n"                                   \
             "CASE 是编号、内部编号或工单号。",                                                    \
            "One command about a case, in the name of a member of staff. VERB:\n"                  \
            "accept arrive handle (--evidence) verify reject return decline dispatch "             \
            "(--unit)\n"                                                                           \
            "rule (--unit) step-up refer suspend (--minutes) resume ask-time (--minutes)\n"        \
            "grant-time deny-time whistle (--units --at) check-in (--at or --code) "               \
            "end-whistle\n"                                                                        \
            "score (--part --score) joint (--units, the first leads) order (--unit "               \
            "--minutes)\n"                                                                         \
            "finish-part (--part) take-over (--part --unit) apply (--unit for whom, "              \
            "--units who\n"                                                                        \
            "decides) admit deny-admission appeal uphold dismiss remind veto urge\n"               \
            "convene (--units --minutes) resolve (--units --minutes) mediate (--minutes)\n"        \
            "agree (--minutes) revisit follow-up (--score, --unsolved) reopen merge (--into)\n"    \
            "unmerge pass-check fail-check reset-due. CASE is a case number, an id, or the "       \
            "source's ticket.")
/* clang-format on */

static const struct verb {
    const char *word;
    uint32_t type; /* routing.proto */
    int needs;
} VERBS[] = {
#define X(word, type, needs) {word, type, needs},
        CASE_VERB_TABLE(X)
#undef X
};

struct act {
    struct ctl *ctl;
    struct client *client;
    struct directory *directory;
    struct arena arena;
    const struct verb *verb;
    char *staff, *why, *unit, *units, *at, *evidence, *into; /* options; NULL = not given */
    gint minutes, part, score, code;
    gboolean unsolved;
};

static const struct verb *verb_find(const char *word)
{
    for (size_t i = 0; i < sizeof VERBS / sizeof *VERBS; i++)
        if (strcmp(VERBS[i].word, word) == 0)
            return &VERBS[i];
    return NULL;
}

static void answer_say(const struct act *this, const struct case_view *view, int64_t id)
{
    const struct ctl *ctl = this->ctl;
    const struct unit *handler = unit_find(this->directory, view->handler);
    const char *state = name_of(ctl, SERVICE_ROUTING, NAME_STATE, view->state);
    char due[INSTANT_SIZE] = "";
    if (view->due_ms != 0)
        instant_format(due, view->due_ms, directory_utc_offset_s(this->directory));
    if (ctl->json) {
        g_autofree char *text = g_strdup_printf("%" PRId64, id);
        ctl_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "id", text, "state", view->state,
                "level", view->level, "handler", handler != NULL ? handler->code : "", "deadline",
                due, "version", (int)view->version));
        return;
    }
    ctl_print(ctl, "案件 %" PRId64 ":%s,%s,承办 %s,期限 %s\n",
            "case %" PRId64 ": %s, %s, handler %s, deadline %s\n", id, state,
            name_level(ctl, view->level), handler != NULL ? handler->code : "-",
            due[0] ? due : "-");
}

/* What would be legal instead, behind a refusal that ctl_bus_ask has said. */
static void refusal_say(const struct act *this, const struct case_view *view)
{
    BUF_OWNED actions = {0};
    names_actions(this->ctl, view->actions, view->action_count, &actions);
    if (view->action_count > 0)
        ctl_say(this->ctl, "现在可以:%s", "may be done now: %s", actions.data);
    else
        ctl_say(this->ctl, "这位人员现在对本案没有可做的操作",
                "there is nothing that this person may do about the case now");
}

static int act_send(struct act *this, int64_t id, const struct case_act *act)
{
    char request_id[REQUEST_ID_SIZE];
    struct case_view view;
    request_id_make(request_id);
    struct client_request request = {.dest = SERVICE_ROUTING,
            .type = this->verb->type,
            .agg = id,
            .request_id = request_id,
            .actor = this->staff,
            .payload = case_act_encode(&this->arena, act)};
    bool done = ctl_bus_ask(this->ctl, this->client, FRAME_COMMANDS, &request, 1, &this->arena);
    enum err err = request.err == OK ? case_item_decode(request.reply.payload, &this->arena, &view)
                                     : request.err;
    if (!done) {
        if (err == OK)
            refusal_say(this, &view);
        return EXIT_FAILED;
    }
    if (err != OK)
        return ctl_fail(this->ctl, "派遣服务的回答读不懂:两边的版本不同?",
                "routing's answer cannot be read: is it of another version?");
    answer_say(this, &view, id);
    return EXIT_DONE;
}

static int unit_read(struct act *this, const char *code, int64_t *ret)
{
    const struct unit *unit = unit_find_code(this->directory, code);
    if (unit == NULL)
        return ctl_fail(this->ctl, "没有编码为“%s”的单位;编码见样板的 units.csv",
                "there is no unit \"%s\"; codes are those of the profile's units.csv", code);
    *ret = unit->id;
    return EXIT_DONE;
}

static int units_read(struct act *this, struct case_act *ret)
{
    g_auto(GStrv) codes = g_strsplit(this->units, ",", -1);
    for (size_t i = 0; codes[i] != NULL; i++) {
        if (ret->unit_count == CASE_ACT_UNITS_MAX)
            return ctl_fail(this->ctl, "--units 最多 %d 个单位", "--units: at most %d units",
                    CASE_ACT_UNITS_MAX);
        if (unit_read(this, codes[i], &ret->units[ret->unit_count]) != EXIT_DONE)
            return EXIT_FAILED;
        ret->unit_count++;
    }
    return EXIT_DONE;
}

/* LONGITUDE,LATITUDE in degrees. */
static int place_read(struct act *this, struct case_act *ret)
{
    char *comma = NULL, *end = NULL;
    ret->longitude = g_ascii_strtod(this->at, &comma);
    if (*comma == ',')
        ret->latitude = g_ascii_strtod(comma + 1, &end);
    if (*comma != ',' || end == comma + 1 || *end != 0)
        return ctl_fail(this->ctl, "--at “%s”:应为 经度,纬度",
                "--at \"%s\": LONGITUDE,LATITUDE expected", this->at);
    return EXIT_DONE;
}

static int evidence_read(struct act *this, struct case_act *ret)
{
    if (!evidence_parse(this->evidence, ret->evidence, &ret->evidence_count))
        return ctl_fail(this->ctl, "--evidence “%s”:应如 photo2+record",
                "--evidence \"%s\": as photo2+record expected", this->evidence);
    return EXIT_DONE;
}

static int run(struct act *this, const char *text)
{
    int64_t id = 0;
    struct case_finder finder = {this->ctl, this->client, this->directory, &this->arena};
    struct case_act act = {.text = this->why != NULL ? this->why : "",
            .minutes = (uint32_t)this->minutes,
            .part = (uint32_t)this->part,
            .score = (uint32_t)this->score,
            .code = (uint32_t)this->code,
            .unsolved = this->unsolved};
    if ((this->unit != NULL && unit_read(this, this->unit, &act.unit) != EXIT_DONE) ||
            (this->units != NULL && units_read(this, &act) != EXIT_DONE) ||
            (this->at != NULL && place_read(this, &act) != EXIT_DONE) ||
            (this->evidence != NULL && evidence_read(this, &act) != EXIT_DONE) ||
            (this->into != NULL && case_find(&finder, this->into, &act.other) != EXIT_DONE) ||
            case_find(&finder, text, &id) != EXIT_DONE)
        return EXIT_FAILED;
    return act_send(this, id, &act);
}

/* True when an option is there if the verb needs it, and is not if the verb does not know it. */
static bool option_fits(const struct act *this, bool given, int needs, int takes)
{
    return given ? (this->verb->needs & (needs | takes)) != 0 : (this->verb->needs & needs) == 0;
}

/* What the verb needs is there, and nothing else. */
static bool options_fit(const struct act *this)
{
    return this->staff != NULL && this->minutes >= 0 && this->part >= 0 && this->score >= 0 &&
           this->code >= 0 && option_fits(this, this->unit != NULL, NEEDS_UNIT, 0) &&
           option_fits(this, this->minutes > 0, NEEDS_MINUTES, TAKES_MINUTES) &&
           option_fits(this, this->units != NULL, NEEDS_UNITS, TAKES_UNITS) &&
           option_fits(this, this->part > 0, NEEDS_PART, TAKES_PART) &&
           option_fits(this, this->score > 0, NEEDS_SCORE, 0) &&
           option_fits(this, this->at != NULL, 0, TAKES_PLACE) &&
           option_fits(this, this->code > 0, 0, TAKES_CODE) &&
           option_fits(this, this->evidence != NULL, 0, TAKES_EVIDENCE) &&
           option_fits(this, this->unsolved, 0, TAKES_UNSOLVED) &&
           option_fits(this, this->into != NULL, NEEDS_OTHER, 0);
}

int command_act(struct ctl *ctl, int argc, char **argv)
{
    struct act this = {.ctl = ctl};
    const GOptionEntry entries[] = {
            {"as", 0, 0, G_OPTION_ARG_STRING, &this.staff,
                    CTL_TEXT("以谁的名义(工号)", "in whose name (code of a member of staff)"),
                    CTL_TEXT("工号", "STAFF")},
            {"why", 0, 0, G_OPTION_ARG_STRING, &this.why,
                    CTL_TEXT("理由或处置说明", "the reason, or what was done"),
                    CTL_TEXT("文字", "TEXT")},
            {"unit", 0, 0, G_OPTION_ARG_STRING, &this.unit,
                    CTL_TEXT("给哪个单位", "the unit that it is for"), CTL_TEXT("编码", "CODE")},
            {"units", 0, 0, G_OPTION_ARG_STRING, &this.units, CTL_TEXT("哪些单位", "several units"),
                    CTL_TEXT("编码,…", "CODE,…")},
            {"part", 0, 0, G_OPTION_ARG_INT, &this.part,
                    CTL_TEXT("第几个分项;不写就是本单位未完成的那一项",
                            "which part of the case; without it the one open for the unit"),
                    CTL_TEXT("序号", "N")},
            {"score", 0, 0, G_OPTION_ARG_INT, &this.score, CTL_TEXT("1 到 5 分", "1 to 5"), "N"},
            {"at", 0, 0, G_OPTION_ARG_STRING, &this.at, CTL_TEXT("位置(WGS-84)", "where (WGS-84)"),
                    CTL_TEXT("经度,纬度", "LON,LAT")},
            {"code", 0, 0, G_OPTION_ARG_INT, &this.code,
                    CTL_TEXT("现场的签到码", "what is shown at the place"), "N"},
            {"evidence", 0, 0, G_OPTION_ARG_STRING, &this.evidence,
                    CTL_TEXT("随附的证据,如 photo2+record", "what is brought, as photo2+record"),
                    CTL_TEXT("证据", "LIST")},
            {"into", 0, 0, G_OPTION_ARG_STRING, &this.into,
                    CTL_TEXT("并入哪一案件", "the case that it is merged into"),
                    CTL_TEXT("案件", "CASE")},
            {"unsolved", 0, 0, G_OPTION_ARG_NONE, &this.unsolved,
                    CTL_TEXT("反映人说没有解决", "the reporter says that it is not done"), NULL},
            {"minutes", 0, 0, G_OPTION_ARG_INT, &this.minutes,
                    CTL_TEXT("多少分钟:延期、复核、任务期限、会议",
                            "so many: more time, until a review, for a task, until a meeting"),
                    CTL_TEXT("分钟", "N")},
            {0}};
    int status = ctl_options(ctl, USAGE, HELP, entries, &argc, &argv);
    if (status < 0 && argc == 3)
        this.verb = verb_find(argv[1]);
    if (status < 0 && (this.verb == NULL || !options_fit(&this)))
        status = ctl_usage(ctl, "act", USAGE);
    if (status < 0 && ctl_conf_read(ctl) != OK)
        status = EXIT_FAILED;
    if (status < 0) {
        arena_init(&this.arena, CTL_ANSWERS_MAX);
        this.directory = site_directory(ctl);
        status = this.directory != NULL && ctl_bus_connect(ctl, &this.client) == OK
                         ? run(&this, argv[2])
                         : EXIT_FAILED;
        if (this.client != NULL)
            client_destroy(&this.client);
        arena_fini(&this.arena);
        directory_destroy(&this.directory);
    }
    g_free(this.staff);
    g_free(this.why);
    g_free(this.unit);
    g_free(this.units);
    g_free(this.at);
    g_free(this.evidence);
    g_free(this.into);
    return status;
}
