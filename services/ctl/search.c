/* huyingctl search and similar: cases found by what is said in them, where, what, when; and those
 * that may be the same thing as a given one. */
#include <string.h>

#include "services/ctl/case_find.h"
#include "services/ctl/case_list.h"
#include "services/ctl/codec_story.h"
#include "services/ctl/commands.h"
#include "services/kernel/base/pure_text.h"

#define SEARCH_USAGE                                                                               \
    "[TEXT] [--unit CODE] [--state STATE] [--matter CODE] [--from TIME] [--until TIME]"
#define SEARCH_HELP                                                                                \
    CTL_TEXT("查找案件,新的在前。TEXT 是内容中的字词;时间如 2026-09-30T08:00:00+08:00。",          \
            "Finds cases, the newest first. TEXT stands in the summary; a time looks like\n"       \
            "2026-09-30T08:00:00+08:00.")
#define SIMILAR_HELP                                                                               \
    CTL_TEXT("同村(社区)同一事项的在办案件,和刚结束不久的:可能是同一件事。",                       \
            "Cases of the same matter in the same village, open or ended not long ago: they may\n" \
            "be the same thing.")

struct search {
    struct case_list list;
    char *unit, *state, *matter, *from, *until, *ticket; /* options; NULL = not given */
};

static bool time_read(const struct search *this, const char *text, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (text == NULL || instant_parse(text, ret_ms))
        return true;
    ctl_fail(this->list.ctl, "“%s”不是时间,应形如 2026-09-30T08:00:00+08:00",
            "\"%s\" is no time; expected one like 2026-09-30T08:00:00+08:00", text);
    return false;
}

static const char *given(const char *option)
{
    return option != NULL ? option : "";
}

/* Until there are enough, or no more are left to look at. */
static int pages_ask(struct search *this, struct search_ask *ask)
{
    struct case_list *list = &this->list;
    do {
        struct case_page page;
        guint room = list->limit - list->cases->len;
        ask->limit = room < WORK_LIMIT_MAX ? room : WORK_LIMIT_MAX;
        const struct client_request *request =
                case_list_ask(list, WORK_SEARCH, search_encode(&list->arena, ask));
        if (request == NULL)
            return EXIT_FAILED;
        if (case_list_decode(request->reply.payload, &list->arena, &page) != OK)
            return case_list_garbled(list);
        case_list_add(list, page.cases, page.count);
        ask->cursor = page.cursor;
    } while (ask->cursor[0] != '\0' && !case_list_full(list));
    list->more = ask->cursor[0] != '\0';
    return EXIT_DONE;
}

static int search_run(struct search *this, const char *text)
{
    struct search_ask ask = {.text = text,
            .state = given(this->state),
            .matter = given(this->matter),
            .source_ref = given(this->ticket),
            .cursor = ""};
    if (!time_read(this, this->from, &ask.from_ms) || !time_read(this, this->until, &ask.to_ms))
        return EXIT_USAGE;
    if (this->unit != NULL) {
        const struct unit *unit = case_list_unit(&this->list, this->unit);
        if (unit == NULL)
            return EXIT_FAILED;
        ask.unit = unit->id;
    }
    return pages_ask(this, &ask);
}

int command_search(struct ctl *ctl, int argc, char **argv)
{
    struct search this = {0};
    gint limit = ROWS_PRESET;
    const GOptionEntry entries[] = {CASE_LIST_OPTIONS(&limit, &this.list.staff),
            {"unit", 0, 0, G_OPTION_ARG_STRING, &this.unit,
                    CTL_TEXT("案发地在此单位内", "within this unit"), CTL_TEXT("编码", "CODE")},
            {"state", 0, 0, G_OPTION_ARG_STRING, &this.state,
                    CTL_TEXT("状态(英文名)", "in that state"), CTL_TEXT("状态", "STATE")},
            {"matter", 0, 0, G_OPTION_ARG_STRING, &this.matter,
                    CTL_TEXT("事项编码", "of that matter"), CTL_TEXT("编码", "CODE")},
            {"from", 0, 0, G_OPTION_ARG_STRING, &this.from,
                    CTL_TEXT("此时起受理", "accepted then or later"), CTL_TEXT("时间", "TIME")},
            {"until", 0, 0, G_OPTION_ARG_STRING, &this.until,
                    CTL_TEXT("此时前受理", "accepted before"), CTL_TEXT("时间", "TIME")},
            {"ticket", 0, 0, G_OPTION_ARG_STRING, &this.ticket,
                    CTL_TEXT("来源的工单号", "of that ticket"), CTL_TEXT("工单", "TICKET")},
            {0}};
    int status = ctl_options(ctl, SEARCH_USAGE, SEARCH_HELP, entries, &argc, &argv);
    if (status < 0 && argc > 2)
        status = ctl_usage(ctl, "search", SEARCH_USAGE);
    if (status < 0)
        status = case_list_limit(&this.list, ctl, limit);
    if (status < 0) {
        status = case_list_open(&this.list, ctl);
        if (status == EXIT_DONE)
            status = search_run(&this, argc == 2 ? argv[1] : "");
        if (status == EXIT_DONE)
            case_list_show(&this.list, true);
        case_list_close(&this.list);
    }
    char *options[] = {this.list.staff, this.unit, this.state, this.matter, this.from, this.until,
            this.ticket};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        g_free(options[i]);
    return status;
}

static int similar_ask(struct case_list *list, const char *text)
{
    struct case_finder finder = {list->ctl, list->client, list->directory, &list->arena};
    struct case_view view;
    struct case_page page;
    int64_t id = 0;
    if (case_find(&finder, text, &id) != EXIT_DONE)
        return EXIT_FAILED;
    const struct client_request *ask =
            case_list_ask(list, STORY_CASE, case_query_encode(&list->arena, id));
    if (ask == NULL)
        return EXIT_FAILED;
    if (ask->reply.payload.size == 0)
        return ctl_fail(list->ctl, "没有这个案件,或 --as 的人员看不到它:%s",
                "there is no such case, or the person of --as does not see it: %s", text);
    if (case_view_decode(ask->reply.payload, &list->arena, &view) != OK)
        return case_list_garbled(list);
    uint32_t limit = list->limit < WORK_LIMIT_MAX ? list->limit : WORK_LIMIT_MAX;
    ask = case_list_ask(list, WORK_SIMILAR, similar_encode(&list->arena, &view, limit));
    if (ask == NULL)
        return EXIT_FAILED;
    if (case_list_decode(ask->reply.payload, &list->arena, &page) != OK)
        return case_list_garbled(list);
    case_list_add(list, page.cases, page.count);
    return EXIT_DONE;
}

int command_similar(struct ctl *ctl, int argc, char **argv)
{
    struct case_list list = {0};
    gint limit = ROWS_PRESET;
    const GOptionEntry entries[] = {CASE_LIST_OPTIONS(&limit, &list.staff), {0}};
    int status = ctl_options(ctl, "CASE", SIMILAR_HELP, entries, &argc, &argv);
    if (status < 0 && argc != 2)
        status = ctl_usage(ctl, "similar", "CASE");
    if (status < 0)
        status = case_list_limit(&list, ctl, limit);
    if (status < 0) {
        status = case_list_open(&list, ctl);
        if (status == EXIT_DONE)
            status = similar_ask(&list, argv[1]);
        if (status == EXIT_DONE)
            case_list_show(&list, true);
        case_list_close(&list);
    }
    g_free(list.staff);
    return status;
}
