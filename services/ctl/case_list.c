#include "services/ctl/case_list.h"

#include <inttypes.h>
#include <string.h>

#include "services/ctl/ctl_bus.h"
#include "services/ctl/names.h"
#include "services/ctl/site_directory.h"
#include "services/ctl/table.h"
#include "services/kernel/base/pure_text.h"

int case_list_limit(struct case_list *list, struct ctl *ctl, gint limit)
{
    list->limit = (guint)limit;
    if (limit >= 1 && limit <= ROWS_MAX)
        return -1;
    ctl_fail(ctl, "--limit:%d 超出范围,应为 1 到 %d", "--limit: found %d, expected 1 to %d", limit,
            ROWS_MAX);
    return EXIT_USAGE;
}

int case_list_open(struct case_list *list, struct ctl *ctl)
{
    list->ctl = ctl;
    list->cases = g_array_new(FALSE, FALSE, sizeof(struct case_view));
    arena_init(&list->arena, CTL_ANSWERS_MAX);
    if (ctl_conf_read(ctl) != OK)
        return EXIT_FAILED;
    list->directory = site_directory(ctl);
    if (list->directory == NULL || ctl_bus_connect(ctl, &list->client) != OK)
        return EXIT_FAILED;
    return EXIT_DONE;
}

void case_list_close(struct case_list *list)
{
    if (list->client != NULL)
        client_destroy(&list->client);
    arena_fini(&list->arena);
    g_array_free(list->cases, TRUE);
    directory_destroy(&list->directory);
}

const struct client_request *case_list_ask(
        struct case_list *list, uint32_t type, struct bytes payload)
{
    struct client_request *ask = arena_get(&list->arena, sizeof *ask);
    *ask = (struct client_request){.dest = SERVICE_ROUTING,
            .type = type,
            .actor = list->staff != NULL ? list->staff : "",
            .payload = payload};
    return ctl_bus_ask(list->ctl, list->client, FRAME_QUERIES, ask, 1, &list->arena) ? ask : NULL;
}

int case_list_garbled(const struct case_list *list)
{
    return ctl_fail(list->ctl, "派遣服务的回答读不懂:两边的版本不同?",
            "routing's answer cannot be read: is it of another version?");
}

const struct unit *case_list_unit(const struct case_list *list, const char *code)
{
    const struct unit *unit = unit_find_code(list->directory, code);
    if (unit == NULL)
        ctl_fail(list->ctl, "没有编码为“%s”的单位;编码见样板的 units.csv",
                "there is no unit \"%s\"; codes are those of the profile's units.csv", code);
    return unit;
}

void case_list_add(struct case_list *list, const struct case_view *cases, size_t count)
{
    size_t room = list->limit - list->cases->len;
    list->more = count > room;
    g_array_append_vals(list->cases, cases, (guint)(count < room ? count : room));
}

bool case_list_full(const struct case_list *list)
{
    return list->cases->len >= list->limit;
}

static void due_format(const struct case_list *list, int64_t due_ms, char ret[INSTANT_SIZE])
{
    ret[0] = '\0';
    if (due_ms != 0)
        instant_format(ret, due_ms, directory_utc_offset_s(list->directory));
}

/* No deadline, although the matter has one: it waits for a calendar of the year. */
static bool calendar_awaited(const struct case_list *list, const struct case_view *view)
{
    const struct matter *matter = matter_find_code(list->directory, view->matter);
    return view->due_ms == 0 && matter != NULL && !matter->all_hours && matter->handle_ms > 0;
}

static int64_t next_due(const struct case_view *view)
{
    return view->next_ms != 0 ? view->next_ms : view->due_ms;
}

static void due_cell(
        struct table *table, const struct case_list *list, const struct case_view *view)
{
    char due[INSTANT_SIZE];
    due_format(list, next_due(view), due);
    if (calendar_awaited(list, view))
        table_cell(table, list->ctl->english ? "no calendar yet" : "待补日历");
    else
        table_cell_format(table, "%s%s", due,
                !view->urged         ? ""
                : list->ctl->english ? " urged"
                                     : " 催办");
}

/* What somebody by name may do; for nobody's list, what can be done at all. */
static void next_text(const struct case_list *list, const struct case_view *view, struct buf *out)
{
    if (list->staff != NULL)
        names_actions(list->ctl, view->actions, view->action_count, out);
    else
        buf_add_text(out, name_next(list->ctl, view->state, view->handler_kind));
}

static void case_row(
        struct table *table, const struct case_list *list, const struct case_view *view, bool texts)
{
    const struct ctl *ctl = list->ctl;
    const struct unit *handler = unit_find(list->directory, view->handler);
    BUF_OWNED next = {0};
    next_text(list, view, &next);
    table_cell_format(table, "%" PRId64, view->id);
    table_cell(table, texts ? view->number : view->source_ref);
    if (intent_find(view->intent) == INTENT_REPORT || !*view->intent)
        table_cell(table, view->matter);
    else
        table_cell_format(table, "%s %s", view->matter, name_intent(ctl, view->intent));
    table_cell(table, name_of(ctl, SERVICE_ROUTING, NAME_STATE, view->state));
    table_cell(table, name_level(ctl, view->level));
    due_cell(table, list, view);
    table_cell_format(table, "%s %s", name_handler(ctl, view->handler_kind),
            handler != NULL ? handler->code : "");
    table_cell(table, name_duty(ctl, view->duty));
    table_cell(table, texts ? view->summary : next.data);
}

static void list_print(const struct case_list *list, bool texts)
{
    const char *heads[] = {CTL_TEXT("内部编号", "id"),
            texts ? CTL_TEXT("编号", "number") : CTL_TEXT("工单", "ticket"),
            CTL_TEXT("事项", "matter"), CTL_TEXT("状态", "state"), CTL_TEXT("层级", "level"),
            CTL_TEXT("期限", "deadline"), CTL_TEXT("承办", "handler"),
            CTL_TEXT("承办清单", "handler's list"),
            texts ? CTL_TEXT("内容", "summary") : CTL_TEXT("下一步", "next")};
    enum { COLUMNS = sizeof(heads) / sizeof(heads[0]) };
    const struct ctl *ctl = list->ctl;
    TABLE_OWNED table;
    table_init(&table, COLUMNS, 1);
    for (size_t i = 0; i < COLUMNS; i++) {
        char half[64];
        table_cell(&table, ctl_text(ctl, heads[i], half, sizeof(half)));
    }
    for (guint i = 0; i < list->cases->len; i++)
        case_row(&table, list, &g_array_index(list->cases, struct case_view, i), texts);
    if (list->cases->len > 0)
        table_print(&table, "");
    else if (texts)
        ctl_print(ctl, "没有符合的案件\n", "there are no such cases\n");
    else
        ctl_print(ctl, "没有在办案件\n", "there are no open cases\n");
    if (list->more)
        ctl_say(ctl, "(还有更多:--limit)", "(there are more: --limit)");
}

static json_t *case_json(const struct case_list *list, const struct case_view *view)
{
    const struct unit *handler = unit_find(list->directory, view->handler);
    const struct unit *unit = unit_find(list->directory, view->unit);
    g_autofree char *id = g_strdup_printf("%" PRId64, view->id);
    char due[INSTANT_SIZE], first[INSTANT_SIZE];
    BUF_OWNED next = {0};
    json_t *actions = json_array();
    for (size_t i = 0; i < view->action_count; i++)
        json_array_append_new(actions, json_string(view->actions[i]));
    next_text(list, view, &next);
    due_format(list, view->due_ms, due);
    due_format(list, next_due(view), first);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:s, s:s, s:s, s:s, "
                     "s:i, s:s, s:o, s:s}",
            "id", id, "number", view->number, "ticket", view->source_ref, "matter", view->matter,
            "state", view->state, "level", view->level, "deadline", due, "first_deadline", first,
            "summary", view->summary, "urged", view->urged, "calendar_awaited",
            calendar_awaited(list, view), "handler_kind", view->handler_kind, "handler",
            handler != NULL ? handler->code : "", "duty", view->duty, "unit",
            unit != NULL ? unit->code : "", "version", (int)view->version, "next", next.data,
            "actions", actions, "intent", view->intent);
}

void case_list_show(const struct case_list *list, bool texts)
{
    if (!list->ctl->json) {
        list_print(list, texts);
        return;
    }
    json_t *cases = json_array();
    for (guint i = 0; i < list->cases->len; i++)
        json_array_append_new(
                cases, case_json(list, &g_array_index(list->cases, struct case_view, i)));
    ctl_json(json_pack("{s:o, s:b}", "cases", cases, "more", list->more));
}
