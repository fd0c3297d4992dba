/* huyingctl worklist: the open cases within a unit, and what can be done with each next. */
#include <inttypes.h>
#include <string.h>

#include "services/ctl/codec_story.h"
#include "services/ctl/commands.h"
#include "services/ctl/ctl_bus.h"
#include "services/ctl/names.h"
#include "services/ctl/site_directory.h"
#include "services/ctl/table.h"
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_text.h"

#define ROWS_PRESET 100
#define ROWS_MAX 10000
#define HELP                                                                                       \
    CTL_TEXT("一个单位及其下级承办的在办案件,和每件下一步可做的操"        \
             "作。",                                                                               \
            "The open cases that a unit and those below it handle, and what can be "               \
            "done next.")

struct worklist {
    struct ctl *ctl;
    struct client *client;
    struct directory *directory;
    struct arena arena;
    GArray *cases; /* struct case_view; texts in the arena */
    bool more;
};

/* Page by page until `limit`; the answers are in order of id. */
static int cases_ask(struct worklist *this, int64_t unit, guint limit)
{
    int64_t after = 0;
    while (this->cases->len < limit) {
        struct case_view *found = NULL;
        size_t count = 0;
        struct client_request ask = {.dest = SERVICE_ROUTING,
                .type = STORY_WORKLIST,
                .payload = worklist_unit_encode(&this->arena, unit, after)};
        if (!ctl_bus_ask(this->ctl, this->client, FRAME_QUERIES, &ask, 1, &this->arena))
            return EXIT_FAILED;
        if (worklist_decode(ask.reply.payload, &this->arena, &found, &count) != OK)
            return ctl_fail(this->ctl, "派遣服务的回答读不懂:两边的版本不同?",
                    "routing's answer cannot be read: is it of another version?");
        size_t take = count < limit - this->cases->len ? count : limit - this->cases->len;
        g_array_append_vals(this->cases, found, (guint)take);
        this->more = take < count || count == WORKLIST_LIMIT_MAX;
        if (count < WORKLIST_LIMIT_MAX)
            return EXIT_DONE;
        after = found[count - 1].id;
    }
    return EXIT_DONE;
}

static void due_format(const struct worklist *this, int64_t due_ms, char ret[INSTANT_SIZE])
{
    ret[0] = '\0';
    if (due_ms != 0)
        instant_format(ret, due_ms, directory_utc_offset_s(this->directory));
}

/* No deadline, although the matter has one: it waits for a calendar of the year. */
static bool calendar_awaited(const struct worklist *this, const struct case_view *view)
{
    const struct matter *matter = matter_find_code(this->directory, view->matter);
    return view->due_ms == 0 && matter != NULL && !matter->all_hours && matter->handle_ms > 0;
}

static void due_cell(struct table *table, const struct worklist *this, const struct case_view *view)
{
    char due[INSTANT_SIZE];
    due_format(this, view->due_ms, due);
    if (calendar_awaited(this, view))
        table_cell(table, this->ctl->english ? "no calendar yet" : "待补日历");
    else
        table_cell(table, due);
}

static void cases_print(const struct worklist *this)
{
    static const char *const heads[] = {CTL_TEXT("内部编号", "id"), CTL_TEXT("工单", "ticket"),
            CTL_TEXT("事项", "matter"), CTL_TEXT("状态", "state"), CTL_TEXT("层级", "level"),
            CTL_TEXT("期限", "deadline"), CTL_TEXT("承办", "handler"), CTL_TEXT("下一步", "next")};
    enum { COLUMNS = sizeof(heads) / sizeof(heads[0]) };
    const struct ctl *ctl = this->ctl;
    TABLE_OWNED table;
    table_init(&table, COLUMNS, 1);
    for (size_t i = 0; i < COLUMNS; i++) {
        char half[64];
        table_cell(&table, ctl_text(ctl, heads[i], half, sizeof(half)));
    }
    for (guint i = 0; i < this->cases->len; i++) {
        const struct case_view *view = &g_array_index(this->cases, struct case_view, i);
        const struct unit *handler = unit_find(this->directory, view->handler);
        table_cell_format(&table, "%" PRId64, view->id);
        table_cell(&table, view->source_ref);
        table_cell(&table, view->matter);
        table_cell(&table, name_of(ctl, SERVICE_ROUTING, NAME_STATE, view->state));
        table_cell(&table, name_level(ctl, view->level));
        due_cell(&table, this, view);
        table_cell_format(&table, "%s %s", name_handler(ctl, view->handler_kind),
                handler != NULL ? handler->code : "");
        table_cell(&table, name_next(ctl, view->state, view->handler_kind));
    }
    if (this->cases->len > 0)
        table_print(&table, "");
    else
        ctl_print(ctl, "没有在办案件\n", "there are no open cases\n");
    if (this->more)
        ctl_say(ctl, "(还有更多:--limit)", "(there are more: --limit)");
}

static void cases_json(const struct worklist *this)
{
    json_t *list = json_array();
    for (guint i = 0; i < this->cases->len; i++) {
        const struct case_view *view = &g_array_index(this->cases, struct case_view, i);
        const struct unit *handler = unit_find(this->directory, view->handler);
        const struct unit *unit = unit_find(this->directory, view->unit);
        g_autofree char *id = g_strdup_printf("%" PRId64, view->id);
        char due[INSTANT_SIZE];
        due_format(this, view->due_ms, due);
        json_array_append_new(
                list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:i, s:s}",
                              "id", id, "ticket", view->source_ref, "matter", view->matter, "state",
                              view->state, "level", view->level, "deadline", due,
                              "calendar_awaited", calendar_awaited(this, view), "handler_kind",
                              view->handler_kind, "handler", handler != NULL ? handler->code : "",
                              "unit", unit != NULL ? unit->code : "", "version", (int)view->version,
                              "next", name_next(this->ctl, view->state, view->handler_kind)));
    }
    ctl_json(json_pack("{s:o, s:b}", "cases", list, "more", this->more));
}

static int run(struct worklist *this, const char *code, guint limit)
{
    this->directory = site_directory(this->ctl);
    if (this->directory == NULL)
        return EXIT_FAILED;
    const struct unit *unit = unit_find_code(this->directory, code);
    if (unit == NULL)
        return ctl_fail(this->ctl, "没有编码为“%s”的单位;编码见样板的 units.csv",
                "there is no unit \"%s\"; codes are those of the profile's units.csv", code);
    if (ctl_bus_connect(this->ctl, &this->client) != OK ||
            cases_ask(this, unit->id, limit) != EXIT_DONE)
        return EXIT_FAILED;
    if (this->ctl->json)
        cases_json(this);
    else
        cases_print(this);
    return EXIT_DONE;
}

int command_worklist(struct ctl *ctl, int argc, char **argv)
{
    gint limit = ROWS_PRESET;
    const GOptionEntry entries[] = {
            {"limit", 0, 0, G_OPTION_ARG_INT, &limit,
                    CTL_TEXT("最多几件(默认 100)", "at most so many (100)"), CTL_TEXT("数量", "N")},
            {0}};
    int status = ctl_options(ctl, "UNIT_CODE", HELP, entries, &argc, &argv);
    if (status >= 0)
        return status;
    if (argc != 2)
        return ctl_usage(ctl, "worklist", "UNIT_CODE");
    if (limit < 1 || limit > ROWS_MAX) {
        ctl_fail(ctl, "--limit:%d 超出范围,应为 1 到 %d", "--limit: found %d, expected 1 to %d",
                limit, ROWS_MAX);
        return EXIT_USAGE;
    }
    if (ctl_conf_read(ctl) != OK)
        return EXIT_FAILED;
    struct worklist this = {
            .ctl = ctl, .cases = g_array_new(FALSE, FALSE, sizeof(struct case_view))};
    arena_init(&this.arena, CTL_ANSWERS_MAX);
    status = run(&this, argv[1], (guint)limit);
    if (this.client != NULL)
        client_destroy(&this.client);
    arena_fini(&this.arena);
    g_array_free(this.cases, TRUE);
    directory_destroy(&this.directory);
    return status;
}
