/* huyingctl act: one command about a case, in the name of a member of staff. What people will do on
 * their pages can be done here by hand: in a drill, or when a page is not to be had. Routing
 * decides whether it may be; its refusal says which rule. */
#include <inttypes.h>
#include <string.h>

#include "services/ctl/case_find.h"
#include "services/ctl/codec_story.h"
#include "services/ctl/commands.h"
#include "services/ctl/ctl_bus.h"
#include "services/ctl/names.h"
#include "services/ctl/site_directory.h"
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_text.h"

#define USAGE "VERB CASE --as STAFF [--why TEXT] [--unit CODE] [--minutes N]"
#define HELP                                                                                       \
    CTL_TEXT("以某位人员的名义对案件下一条指令。VERB:\n"                          \
             "accept 接单 · handle 处置 · verify 核实 · reject 核实不通过\n"         \
             "return 退单 · dispatch 派单(--unit) · rule 裁决(--unit)\n"                   \
             "step-up 上报升级 · refer 转区外\n"                                           \
             "suspend 挂账(--minutes) · resume 恢复\n"                                        \
             "ask-time 申请延期(--minutes) · grant-time 同意 · deny-time 不同意\n"      \
             "CASE 是编号、内部编号或工单号。",                                                    \
            "One command about a case, in the name of a member of staff. VERB:\n"                  \
            "accept handle verify reject return dispatch (--unit) rule (--unit)\n"                 \
            "step-up refer suspend (--minutes) resume ask-time (--minutes)\n"                      \
            "grant-time deny-time.\n"                                                              \
            "CASE is a case number, an id, or the source's ticket.")

enum needs { NEEDS_NOTHING = 0, NEEDS_UNIT = 1, NEEDS_MINUTES = 2 };

static const struct verb {
    const char *word;
    uint32_t type; /* routing.proto */
    enum needs needs;
} VERBS[] = {
        {"accept", 2501, NEEDS_NOTHING},
        {"handle", 2502, NEEDS_NOTHING},
        {"verify", 2503, NEEDS_NOTHING},
        {"refer", 2504, NEEDS_NOTHING},
        {"return", 2505, NEEDS_NOTHING},
        {"dispatch", 2506, NEEDS_UNIT},
        {"rule", 2507, NEEDS_UNIT},
        {"step-up", 2508, NEEDS_NOTHING},
        {"reject", 2509, NEEDS_NOTHING},
        {"suspend", 2510, NEEDS_MINUTES},
        {"resume", 2511, NEEDS_NOTHING},
        {"ask-time", 2512, NEEDS_MINUTES},
        {"grant-time", 2513, NEEDS_NOTHING},
        {"deny-time", 2514, NEEDS_NOTHING},
};

struct act {
    struct ctl *ctl;
    struct client *client;
    struct directory *directory;
    struct arena arena;
    const struct verb *verb;
    char *staff, *why, *unit; /* options; NULL = not given */
    gint minutes;
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

static int act_send(struct act *this, int64_t id, int64_t unit)
{
    char request_id[REQUEST_ID_SIZE];
    struct case_view view;
    request_id_make(request_id);
    struct client_request request = {.dest = SERVICE_ROUTING,
            .type = this->verb->type,
            .agg = id,
            .request_id = request_id,
            .actor = this->staff,
            .payload = case_act_encode(&this->arena, this->why != NULL ? this->why : "", unit,
                    (uint32_t)this->minutes)};
    if (!ctl_bus_ask(this->ctl, this->client, FRAME_COMMANDS, &request, 1, &this->arena))
        return EXIT_FAILED;
    if (case_item_decode(request.reply.payload, &this->arena, &view) != OK)
        return ctl_fail(this->ctl, "派遣服务的回答读不懂:两边的版本不同?",
                "routing's answer cannot be read: is it of another version?");
    answer_say(this, &view, id);
    return EXIT_DONE;
}

static int run(struct act *this, const char *text)
{
    int64_t id = 0;
    struct case_finder finder = {this->ctl, this->client, this->directory, &this->arena};
    const struct unit *unit =
            this->unit != NULL ? unit_find_code(this->directory, this->unit) : NULL;
    if (this->unit != NULL && unit == NULL)
        return ctl_fail(this->ctl, "没有编码为“%s”的单位;编码见样板的 units.csv",
                "there is no unit \"%s\"; codes are those of the profile's units.csv", this->unit);
    if (case_find(&finder, text, &id) != EXIT_DONE)
        return EXIT_FAILED;
    return act_send(this, id, unit != NULL ? unit->id : 0);
}

/* What the verb needs is there, and nothing else. */
static bool options_fit(const struct act *this)
{
    bool unit = this->unit != NULL, minutes = this->minutes > 0;
    return this->staff != NULL && this->minutes >= 0 && unit == (this->verb->needs == NEEDS_UNIT) &&
           minutes == (this->verb->needs == NEEDS_MINUTES);
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
                    CTL_TEXT("派给谁、裁决给谁", "who has to handle it"), CTL_TEXT("编码", "CODE")},
            {"minutes", 0, 0, G_OPTION_ARG_INT, &this.minutes,
                    CTL_TEXT("延期多久;几分钟后复核", "how much more; until the review"),
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
    return status;
}
