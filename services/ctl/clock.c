/* huyingctl clock: a drill's clock is a row that is set by hand (DESIGN §6, Time). */
#include <string.h>

#include "services/ctl/commands.h"
#include "services/ctl/settle.h"
#include "services/kernel/base/pure_text.h"

#define HELP                                                                                       \
    CTL_TEXT("演练站点的时钟。step:拨到下一个期限刚过之处(或 --to "            \
             "的时刻,取早者),等到期的都已触发、"                                    \
             "发件箱已空、账本已全才返回;时钟不会倒退。生产站点拒绝。",                            \
            "The clock of a drill. step: goes just past the next deadline (or to --to, if that "   \
            "is "                                                                                  \
            "earlier) and\nreturns when all that was due has fired, every outbox is empty and "    \
            "the ledger "                                                                          \
            "is complete. It never goes back.\nA production site refuses it.")

static int step(struct ctl *ctl, struct pg *pg, const struct drill_site *site, const char *to)
{
    int64_t to_ms = INT64_MAX, clock_ms = 0;
    if (to && !instant_parse(to, &to_ms))
        return ctl_fail(ctl,
                "--to:\"%s\" 不是带时差的 RFC 3339 时刻,例如 2026-09-30T10:00:00+08:00",
                "--to: \"%s\" is no RFC 3339 instant with an offset, e.g. "
                "2026-09-30T10:00:00+08:00",
                to);
    if (to && to_ms < site->clock_ms)
        return ctl_fail(ctl, "--to:%s 早于现在的演练时钟,时钟不会倒退",
                "--to: %s is before the drill's clock, which never goes back", to);
    int64_t due_ms = 0;
    if (!to && (store_drill_next(pg, &due_ms) != OK || due_ms == 0))
        return ctl_fail(ctl, "没有待到的期限;用 --to 指定时刻",
                "no deadline is ahead; name an instant with --to");
    if (clock_step(pg, to_ms, &clock_ms) != OK)
        return ctl_fail(ctl, "时钟没有走完这一步:%s", "the clock did not finish its step: %s",
                pg_message(pg));
    return EXIT_DONE;
}

static int show(struct ctl *ctl, struct pg *pg)
{
    struct drill_site site;
    int64_t due_ms = 0;
    char clock[INSTANT_SIZE] = "", due[INSTANT_SIZE] = "";
    if (store_drill_site(pg, &site) != OK || store_drill_next(pg, &due_ms) != OK)
        return ctl_fail(ctl, "读不到时钟:%s", "the clock cannot be read: %s", pg_message(pg));
    instant_format(clock, site.clock_ms, site.utc_offset_s);
    if (due_ms)
        instant_format(due, due_ms, site.utc_offset_s);
    if (ctl->json)
        ctl_json(json_pack("{s:s, s:s}", "clock", clock, "next_due", due));
    else
        ctl_print(ctl, "演练时钟 %s,下一个期限 %s\n", "drill clock %s, next deadline %s\n", clock,
                due_ms ? due : "-");
    return EXIT_DONE;
}

int command_clock(struct ctl *ctl, int argc, char **argv)
{
    gchar *to = NULL;
    struct drill_site site;
    GOptionEntry entries[] = {{"to", 0, 0, G_OPTION_ARG_STRING, &to,
                                      CTL_TEXT("最远到这一时刻", "at most to this instant"),
                                      CTL_TEXT("时刻", "INSTANT")},
            {0}};
    int status = ctl_options(ctl, "[step]", HELP, entries, &argc, &argv);
    if (status >= 0)
        return status;
    bool stepping = argc == 2 && strcmp(argv[1], "step") == 0;
    if (argc > 2 || (argc == 2 && !stepping))
        return ctl_usage(ctl, "clock", "[step]");
    if (ctl_conf_read(ctl) != OK)
        return EXIT_FAILED;
    struct pg *pg = ctl_connect(ctl, NULL);
    if (!pg)
        return EXIT_FAILED;
    status = EXIT_DONE;
    if (store_drill_site(pg, &site) != OK || !site.drill)
        status = ctl_fail(ctl, "这不是演练站点,时钟是数据库的时钟",
                "this is no drill: its clock is the database's");
    else if (stepping)
        status = step(ctl, pg, &site, to);
    if (status == EXIT_DONE)
        status = show(ctl, pg);
    pg_destroy(&pg);
    g_free(to);
    return status;
}
