/* huyingctl case: everything that happened to a case, in all services, with its place in the
 * ledger. Asked over the bus, as anybody would who works with the site; only the organisation
 * tree's names come from the database. */
#include <inttypes.h>
#include <string.h>

#include "services/ctl/case_find.h"
#include "services/ctl/codec_story.h"
#include "services/ctl/commands.h"
#include "services/ctl/ctl_bus.h"
#include "services/ctl/names.h"
#include "services/ctl/site_directory.h"
#include "services/ctl/table.h"
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/pure_text.h"

#define USAGE CTL_TEXT("编号|工单号", "NUMBER|ID|TICKET")
#define HELP                                                                                       \
    CTL_TEXT("一个案件的全过程:受理、派遣、执法、志愿各服务的每次"        \
             "状态变迁,时刻、单位、人员、期限和账本位置。\n"                  \
             "可用案件编号、内部编号或来源工单号查。",                                             \
            "The whole story of a case: every transition in intake, routing, "                     \
            "enforcement and volunteer, with instant,\nunit, actor, deadline and its "             \
            "place in the ledger. Found by case number, id or the source's ticket.")

enum { STORY_SERVICES = 4 };
static const enum service_id TELLERS[STORY_SERVICES] = {
        SERVICE_INTAKE, SERVICE_ROUTING, SERVICE_ENFORCEMENT, SERVICE_VOLUNTEER};

struct story {
    struct ctl *ctl;
    struct client *client;
    struct directory *directory;
    struct arena arena;
    struct case_view view;
    bool viewed, complete; /* routing knows the case; every service answered */
    struct story_row *rows;
    size_t count;
};

static bool answered(const struct client_request *request)
{
    return request->err == OK && request->reply.verdict == VERDICT_APPLIED;
}

static void rows_add(struct story *story, enum service_id service, struct bytes payload)
{
    struct story_row *rows = NULL;
    size_t count = 0;
    if (history_decode(payload, service, &story->arena, &rows, &count) != OK) {
        ctl_fail(story->ctl, "%s 的回答读不懂:两边的版本不同?",
                "the answer of %s cannot be read: is it of another version?",
                service_name(service));
        story->complete = false;
        return;
    }
    struct story_row *all = arena_array(&story->arena, struct story_row, story->count + count + 1);
    if (story->count > 0)
        memcpy(all, story->rows, story->count * sizeof *all);
    memcpy(all + story->count, rows, count * sizeof *all);
    story->rows = all;
    story->count += count;
}

static void histories_ask(struct story *story, int64_t id)
{
    struct client_request asks[STORY_SERVICES + 1] = {0};
    for (size_t i = 0; i < STORY_SERVICES; i++)
        asks[i] = (struct client_request){.dest = TELLERS[i],
                .type = STORY_HISTORY,
                .agg = id,
                .payload = history_query_encode(&story->arena, id)};
    asks[STORY_SERVICES] = (struct client_request){.dest = SERVICE_ROUTING,
            .type = STORY_CASE,
            .agg = id,
            .payload = case_query_encode(&story->arena, id)};
    story->complete = ctl_bus_ask(
            story->ctl, story->client, FRAME_QUERIES, asks, STORY_SERVICES + 1, &story->arena);
    for (size_t i = 0; i < STORY_SERVICES; i++)
        if (answered(&asks[i]))
            rows_add(story, TELLERS[i], asks[i].reply.payload);
    const struct client_request *view = &asks[STORY_SERVICES];
    story->viewed = answered(view) &&
                    case_view_decode(view->reply.payload, &story->arena, &story->view) == OK;
}

/* In questions of LOCATE_PAGES_MAX; without audit the story is told without places. */
static void places_ask(struct story *story)
{
    int64_t *pages = arena_array(&story->arena, int64_t, story->count + 1);
    for (size_t i = 0; i < story->count; i++)
        pages[i] = story->rows[i].page;
    for (size_t from = 0; from < story->count; from += LOCATE_PAGES_MAX) {
        struct page_place *places = NULL;
        size_t place_count = 0, some = story->count - from;
        some = some < LOCATE_PAGES_MAX ? some : LOCATE_PAGES_MAX;
        struct client_request ask = {.dest = SERVICE_AUDIT,
                .type = STORY_LOCATE,
                .payload = locate_query_encode(&story->arena, pages + from, some)};
        if (!ctl_bus_ask(story->ctl, story->client, FRAME_QUERIES, &ask, 1, &story->arena) ||
                places_decode(ask.reply.payload, &story->arena, &places, &place_count) != OK) {
            story->complete = false;
            return;
        }
        story_place(story->rows + from, some, places, place_count);
    }
}

static const char *instant(const struct story *story, int64_t at_ms, char ret[INSTANT_SIZE])
{
    ret[0] = '\0';
    if (at_ms != 0)
        instant_format(ret, at_ms, directory_utc_offset_s(story->directory));
    return ret;
}

static void head_line(
        struct table *head, const struct ctl *ctl, const char *label, const char *text)
{
    char half[64];
    if (*text == '\0')
        return;
    table_cell(head, ctl_text(ctl, label, half, sizeof(half)));
    table_cell(head, text);
}

static void head_instants(const struct story *story, struct table *head)
{
    const struct case_view *view = &story->view;
    const struct {
        const char *label;
        int64_t at_ms;
    } lines[] = {{CTL_TEXT("受理", "accepted"), view->accepted_ms},
            {CTL_TEXT("承诺", "promised"), view->promised_ms},
            {CTL_TEXT("期限", "deadline"), view->due_ms},
            {CTL_TEXT("处置", "handled"), view->handled_ms},
            {CTL_TEXT("办结", "ended"), view->closed_ms}};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char at[INSTANT_SIZE];
        head_line(head, story->ctl, lines[i].label, instant(story, lines[i].at_ms, at));
    }
}

static void head_print(const struct story *story)
{
    const struct case_view *view = &story->view;
    const struct ctl *ctl = story->ctl;
    TABLE_OWNED head;
    g_autofree char *place = unit_path(ctl, story->directory, view->unit);
    g_autofree char *handler = unit_title(ctl, story->directory, view->handler);
    g_autofree char *matter = matter_title(ctl, story->directory, view->matter);
    g_autofree char *shown = text_shown(view->number);
    ctl_print(ctl, "案件 %s\n", "Case %s\n", shown);
    table_init(&head, 2, 0);
    g_autofree char *id = g_strdup_printf("%" PRId64, view->id);
    head_line(&head, ctl, CTL_TEXT("内部编号", "id"), id);
    head_line(&head, ctl, CTL_TEXT("事项", "matter"), matter);
    if (strcmp(view->intent, intent_word(INTENT_REPORT)) != 0)
        head_line(&head, ctl, CTL_TEXT("诉求", "wants"), name_intent(ctl, view->intent));
    g_autofree char *state = g_strdup_printf("%s, %s",
            name_of(ctl, SERVICE_ROUTING, NAME_STATE, view->state), name_level(ctl, view->level));
    head_line(&head, ctl, CTL_TEXT("状态、层级", "state, level"), state);
    head_line(&head, ctl, CTL_TEXT("地点", "place"), place);
    g_autofree char *who =
            g_strdup_printf("%s: %s", name_handler(ctl, view->handler_kind), handler);
    head_line(&head, ctl, CTL_TEXT("承办", "handler"), who);
    head_line(&head, ctl, CTL_TEXT("承办清单", "handler's list"), name_duty(ctl, view->duty));
    g_autofree char *source = g_strdup_printf("%s %s", view->source, view->source_ref);
    head_line(&head, ctl, CTL_TEXT("来源、工单", "source, ticket"), source);
    head_instants(story, &head);
    head_line(&head, ctl, CTL_TEXT("超期", "overdue"),
            ctl->english ? (view->overdue ? "yes" : "no") : (view->overdue ? "是" : "否"));
    g_autofree char *ups = g_strdup_printf("%d", view->escalations);
    head_line(&head, ctl, CTL_TEXT("升级次数", "escalations"), ups);
    head_line(&head, ctl, CTL_TEXT("摘要", "summary"), view->summary);
    table_print(&head, "  ");
}

static void row_print(struct story *story, struct table *table, const struct story_row *row)
{
    const struct ctl *ctl = story->ctl;
    char at[INSTANT_SIZE], due[INSTANT_SIZE], number[UNIT_NUMBER_SIZE];
    const char *to = name_of(ctl, row->service, NAME_STATE, row->to);
    table_cell(table, instant(story, row->at_ms, at));
    table_cell(table, name_service(ctl, row->service));
    table_cell(table, name_of(ctl, row->service, NAME_STEP, row->step));
    if (strcmp(row->from, row->to) == 0 || strcmp(row->from, "none") == 0)
        table_cell(table, to);
    else
        table_cell_format(table, "%s → %s", name_of(ctl, row->service, NAME_STATE, row->from), to);
    table_cell(table, unit_name(ctl, story->directory, row->unit, number));
    table_cell(table, row->actor);
    table_cell(table, instant(story, row->due_ms, due));
    if (row->place == PLACE_UNKNOWN)
        table_cell(table, "-");
    else
        table_cell_format(table, "%" PRId64, row->place);
    table_cell(table, story_text(row, &story->arena));
}

static void story_print(struct story *story)
{
    static const char *const heads[] = {CTL_TEXT("时刻", "instant"), CTL_TEXT("服务", "service"),
            CTL_TEXT("变迁", "transition"), CTL_TEXT("状态", "state"), CTL_TEXT("单位", "unit"),
            CTL_TEXT("人员", "actor"), CTL_TEXT("设定期限", "deadline set"),
            CTL_TEXT("账本位置", "ledger"), CTL_TEXT("说明", "text")};
    enum { COLUMNS = sizeof(heads) / sizeof(heads[0]) };
    TABLE_OWNED table;
    if (story->viewed)
        head_print(story);
    else
        ctl_print(story->ctl, "派遣服务没有这个案件:尚未到达,或已按期删除;以下是其他服务所知:\n",
                "Routing has no such case, not yet or not any more; this is what others know:\n");
    puts("");
    table_init(&table, COLUMNS, 1u << 7);
    for (size_t i = 0; i < COLUMNS; i++) {
        char half[64];
        table_cell(&table, ctl_text(story->ctl, heads[i], half, sizeof(half)));
    }
    for (size_t i = 0; i < story->count; i++)
        row_print(story, &table, &story->rows[i]);
    table_print(&table, "  ");
}

static json_t *text_json(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    return json_string(valid);
}

static json_t *instant_json(const struct story *story, int64_t at_ms)
{
    char at[INSTANT_SIZE];
    return at_ms != 0 ? json_string(instant(story, at_ms, at)) : json_null();
}

static json_t *unit_json(const struct story *story, int64_t id)
{
    const struct unit *unit = id != 0 ? unit_find(story->directory, id) : NULL;
    return unit != NULL ? json_string(unit->code) : json_null();
}

static json_t *row_json(struct story *story, const struct story_row *row)
{
    return json_pack("{s:o, s:s, s:i, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "at",
            instant_json(story, row->at_ms), "service", service_name(row->service), "version",
            (int)row->ver, "transition", row->step, "from", row->from, "to", row->to, "unit",
            unit_json(story, row->unit), "actor", text_json(row->actor), "deadline",
            instant_json(story, row->due_ms), "place",
            row->place == PLACE_UNKNOWN ? json_null() : json_integer((json_int_t)row->place),
            "text", text_json(story_text(row, &story->arena)));
}

static json_t *view_json(const struct story *story)
{
    const struct case_view *view = &story->view;
    g_autofree char *path = unit_path(story->ctl, story->directory, view->unit);
    g_autofree char *id = g_strdup_printf("%" PRId64, view->id);
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:s, s:s, s:s}",
            "number", view->number, "id", id, "matter", view->matter, "state", view->state, "level",
            view->level, "handler_kind", view->handler_kind, "handler",
            unit_json(story, view->handler), "path", path, "unit", unit_json(story, view->unit),
            "source", view->source, "ticket", view->source_ref, "summary", view->summary);
    const struct {
        const char *name;
        int64_t at_ms;
    } instants[] = {{"accepted", view->accepted_ms}, {"promised", view->promised_ms},
            {"deadline", view->due_ms}, {"handled", view->handled_ms}, {"ended", view->closed_ms}};
    for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++)
        json_object_set_new(object, instants[i].name, instant_json(story, instants[i].at_ms));
    json_object_set_new(object, "overdue", json_boolean(view->overdue));
    json_object_set_new(object, "escalations", json_integer(view->escalations));
    json_object_set_new(object, "version", json_integer(view->version));
    json_object_set_new(object, "duty", json_string(view->duty));
    json_object_set_new(object, "intent", json_string(view->intent));
    json_object_set_new(object, "corrected", json_integer(view->corrected));
    return object;
}

static void story_json(struct story *story)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < story->count; i++)
        json_array_append_new(rows, row_json(story, &story->rows[i]));
    json_t *object = json_object();
    json_object_set_new(object, "case", story->viewed ? view_json(story) : json_null());
    json_object_set_new(object, "complete", json_boolean(story->complete));
    json_object_set_new(object, "transitions", rows);
    ctl_json(object);
}

static int story_tell(struct story *story, const char *text)
{
    int64_t id = 0;
    struct case_finder finder = {story->ctl, story->client, story->directory, &story->arena};
    if (case_find(&finder, text, &id) != EXIT_DONE)
        return EXIT_FAILED;
    histories_ask(story, id);
    if (story->count == 0 && !story->viewed)
        return story->complete ? ctl_fail(story->ctl, "没有编号为 %s 的案件,或其数据已按期删除",
                                         "there is no case %s, or its data has gone by age", text)
                               : EXIT_FAILED;
    story_order(story->rows, story->count);
    places_ask(story);
    if (story->ctl->json)
        story_json(story);
    else
        story_print(story);
    return story->complete ? EXIT_DONE : EXIT_FAILED;
}

int command_case(struct ctl *ctl, int argc, char **argv)
{
    char usage[64];
    int status = ctl_options(ctl, "NUMBER|ID|TICKET", HELP, NULL, &argc, &argv);
    if (status >= 0)
        return status;
    if (argc != 2)
        return ctl_usage(ctl, "case", ctl_text(ctl, USAGE, usage, sizeof(usage)));
    if (ctl_conf_read(ctl) != OK)
        return EXIT_FAILED;
    struct story story = {.ctl = ctl, .directory = site_directory(ctl)};
    status = EXIT_FAILED;
    arena_init(&story.arena, CTL_ANSWERS_MAX);
    if (story.directory != NULL && ctl_bus_connect(ctl, &story.client) == OK)
        status = story_tell(&story, argv[1]);
    if (story.client != NULL)
        client_destroy(&story.client);
    arena_fini(&story.arena);
    directory_destroy(&story.directory);
    return status;
}
