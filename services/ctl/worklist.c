/* huyingctl worklist: the open cases within a unit, and what can be done with each next; or what
 * one member of staff has to do now, in the order in which it is due. */
#include "services/ctl/case_list.h"
#include "services/ctl/codec_story.h"
#include "services/ctl/commands.h"

#define USAGE "UNIT_CODE | --as STAFF"
#define HELP                                                                                       \
    CTL_TEXT("一个单位及其下级承办的在办案件,"                                      \
             "和每件下一步可做的操作。\n"                                              \
             "只给 --as:这位人员现在该办的,"                                            \
             "催办的在前,再按期限,和他可做的操作;\n"                               \
             "两者都给:单位中他看得到的。",                                                        \
            "The open cases that a unit and those below it handle, and what can be done next.\n"   \
            "With --as alone: what that person has to do now, urged ones first, then by what is\n" \
            "due, and what he may do. With both: those of the unit that he sees.")

/* Page by page until the limit; the answers are in order of id. */
static int unit_ask(struct case_list *list, const char *code)
{
    const struct unit *unit = case_list_unit(list, code);
    if (unit == NULL)
        return EXIT_FAILED;
    for (int64_t after = 0; !case_list_full(list);) {
        struct case_view *found = NULL;
        size_t count = 0;
        const struct client_request *ask = case_list_ask(
                list, STORY_WORKLIST, worklist_unit_encode(&list->arena, unit->id, after));
        if (ask == NULL)
            return EXIT_FAILED;
        if (worklist_decode(ask->reply.payload, &list->arena, &found, &count) != OK)
            return case_list_garbled(list);
        case_list_add(list, found, count);
        if (count < WORKLIST_LIMIT_MAX)
            return EXIT_DONE;
        after = found[count - 1].id;
        list->more = true;
    }
    return EXIT_DONE;
}

static int person_ask(struct case_list *list)
{
    const char *cursor = "";
    do {
        struct case_page page;
        const struct client_request *ask = case_list_ask(
                list, WORK_AGENDA, agenda_encode(&list->arena, cursor, WORK_LIMIT_MAX));
        if (ask == NULL)
            return EXIT_FAILED;
        if (agenda_decode(ask->reply.payload, &list->arena, &page) != OK)
            return case_list_garbled(list);
        case_list_add(list, page.cases, page.count);
        cursor = page.count == WORK_LIMIT_MAX ? page.cursor : "";
    } while (cursor[0] != '\0' && !case_list_full(list));
    list->more = list->more || cursor[0] != '\0';
    return EXIT_DONE;
}

int command_worklist(struct ctl *ctl, int argc, char **argv)
{
    struct case_list list = {0};
    gint limit = ROWS_PRESET;
    const GOptionEntry entries[] = {CASE_LIST_OPTIONS(&limit, &list.staff), {0}};
    int status = ctl_options(ctl, USAGE, HELP, entries, &argc, &argv);
    if (status < 0 && (argc > 2 || (argc < 2 && list.staff == NULL)))
        status = ctl_usage(ctl, "worklist", USAGE);
    if (status < 0)
        status = case_list_limit(&list, ctl, limit);
    if (status < 0) {
        status = case_list_open(&list, ctl);
        if (status == EXIT_DONE)
            status = argc == 2 ? unit_ask(&list, argv[1]) : person_ask(&list);
        if (status == EXIT_DONE)
            case_list_show(&list, false);
        case_list_close(&list);
    }
    g_free(list.staff);
    return status;
}
