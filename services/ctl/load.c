/* huyingctl load: how much a unit and each one below it has in hand. */
#include "services/ctl/case_list.h"
#include "services/ctl/commands.h"
#include "services/ctl/site_directory.h"
#include "services/ctl/table.h"

#define HELP                                                                                       \
    CTL_TEXT("一个单位及其每个下级(连同再下级)承办的案件:在办、逾期、今日到期。",                  \
            "The cases in the hands of a unit and of each unit below it (with those further\n"     \
            "below): open, late, due today.")

static void load_print(const struct case_list *list, const struct unit_load *units, size_t count)
{
    static const char *const heads[] = {CTL_TEXT("在办", "open"), CTL_TEXT("逾期", "late"),
            CTL_TEXT("今日到期", "due today"), CTL_TEXT("单位", "unit")};
    TABLE_OWNED table;
    table_init(&table, 4, 7);
    for (size_t i = 0; i < 4; i++) {
        char half[64];
        table_cell(&table, ctl_text(list->ctl, heads[i], half, sizeof(half)));
    }
    for (size_t i = 0; i < count; i++) {
        g_autofree char *title = unit_title(list->ctl, list->directory, units[i].unit);
        table_cell_format(&table, "%d", (int)units[i].open);
        table_cell_format(&table, "%d", (int)units[i].late);
        table_cell_format(&table, "%d", (int)units[i].due_today);
        table_cell(&table, title);
    }
    table_print(&table, "");
}

static void load_json(const struct case_list *list, const struct unit_load *units, size_t count)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct unit *unit = unit_find(list->directory, units[i].unit);
        json_array_append_new(
                rows, json_pack("{s:s, s:i, s:i, s:i}", "unit", unit != NULL ? unit->code : "",
                              "open", (int)units[i].open, "late", (int)units[i].late, "due_today",
                              (int)units[i].due_today));
    }
    ctl_json(json_pack("{s:o}", "units", rows));
}

static int load_ask(struct case_list *list, const char *code)
{
    const struct unit *unit = case_list_unit(list, code);
    struct unit_load *units = NULL;
    size_t count = 0;
    if (unit == NULL)
        return EXIT_FAILED;
    const struct client_request *ask =
            case_list_ask(list, WORK_LOAD, load_encode(&list->arena, unit->id));
    if (ask == NULL)
        return EXIT_FAILED;
    if (load_decode(ask->reply.payload, &list->arena, &units, &count) != OK)
        return case_list_garbled(list);
    if (list->ctl->json)
        load_json(list, units, count);
    else
        load_print(list, units, count);
    return EXIT_DONE;
}

int command_load(struct ctl *ctl, int argc, char **argv)
{
    struct case_list list = {0};
    const GOptionEntry entries[] = {
            {"as", 0, 0, G_OPTION_ARG_STRING, &list.staff,
                    CTL_TEXT("以谁的名义(工号)", "in whose name (code of a member of staff)"),
                    CTL_TEXT("工号", "STAFF")},
            {0}};
    int status = ctl_options(ctl, "UNIT_CODE", HELP, entries, &argc, &argv);
    if (status < 0 && argc != 2)
        status = ctl_usage(ctl, "load", "UNIT_CODE");
    if (status < 0) {
        status = case_list_open(&list, ctl);
        if (status == EXIT_DONE)
            status = load_ask(&list, argv[1]);
        case_list_close(&list);
    }
    g_free(list.staff);
    return status;
}
