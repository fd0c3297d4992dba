/* What a person types for a case: its number, its id, or the source's ticket, which routing
 * knows. */
#include "services/ctl/case_find.h"

#include <inttypes.h>
#include <string.h>

#include "services/ctl/codec_story.h"
#include "services/ctl/ctl_bus.h"
#include "services/ctl/names.h"
#include "services/kernel/base/pure_id.h"

static bool digits_id(const struct case_finder *finder, const char *text, int64_t *ret_id)
{
    char *end = NULL;
    *ret_id = g_ascii_strtoll(text, &end, 10);
    return g_ascii_isdigit(text[0]) && *end == '\0' &&
           id_valid(*ret_id, directory_site(finder->directory));
}

static int tickets_say(const struct case_finder *finder,
        const char *ticket,
        const struct case_view *cases,
        size_t count)
{
    ctl_fail(finder->ctl, "工单号 %s 有 %zu 个案件;请用其中一个的内部编号:",
            "ticket %s has %zu cases; name one of them by its id:", ticket, count);
    for (size_t i = 0; i < count; i++)
        ctl_say(finder->ctl, "  %" PRId64 " %s", "  %" PRId64 " %s", cases[i].id,
                name_of(finder->ctl, SERVICE_ROUTING, NAME_STATE, cases[i].state));
    return EXIT_FAILED;
}

int case_find(const struct case_finder *finder, const char *text, int64_t *ret_id)
{
    struct case_view *cases = NULL;
    size_t count = 0;
    *ret_id = case_number_parse(
            text, directory_site_letters(finder->directory), directory_site(finder->directory));
    if (*ret_id != 0 || digits_id(finder, text, ret_id))
        return EXIT_DONE;
    if (*text == '\0' || strlen(text) > 128 || !g_utf8_validate(text, -1, NULL))
        return ctl_fail(finder->ctl, "“%s”不是案件编号、内部编号或工单号",
                "\"%s\" is no case number, id or ticket", text);
    struct client_request request = {.dest = SERVICE_ROUTING,
            .type = STORY_WORKLIST,
            .payload = worklist_ticket_encode(finder->arena, text)};
    if (!ctl_bus_ask(finder->ctl, finder->client, FRAME_QUERIES, &request, 1, finder->arena))
        return EXIT_FAILED;
    if (worklist_decode(request.reply.payload, finder->arena, &cases, &count) != OK)
        return ctl_fail(finder->ctl, "派遣服务的回答读不懂:两边的版本不同?",
                "routing's answer cannot be read: is it of another version?");
    if (count > 1)
        return tickets_say(finder, text, cases, count);
    if (count == 1)
        *ret_id = cases[0].id;
    if (count == 1)
        return EXIT_DONE;
    return ctl_fail(finder->ctl,
            "没有工单号为“%s”的案件。案件编号形如 %s-20180101-0000123-4,末位是校验码;请核对",
            "no case has the ticket \"%s\". A case number looks like %s-20180101-0000123-4 and "
            "ends with a check digit; compare it with what you typed",
            text, directory_site_letters(finder->directory));
}
