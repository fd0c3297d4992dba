/* huyingctl clock: a drill's clock is a row that is set by hand; elsewhere it is the database's,
 * which an operator can only say is right after it jumped (DESIGN §6, Time). */
#include <inttypes.h>
#include <string.h>

#include "services/ctl/commands.h"
#include "services/ctl/settle.h"
#include "services/ctl/store_clock.h"
#include "services/kernel/base/pure_text.h"

#define USAGE "[step|confirm]"
#define HELP                                                                                       \
    CTL_TEXT("期限所依据的时钟。step(演练站点):拨到下一个期限刚过之处"     \
             "(或 --to 的时刻,取早者),等到期的都已触发、发件箱已空、"        \
             "账本已全才返回;时钟不会倒退。\n"                                       \
             "confirm(正式站点):数据库的时钟跳变后,期限一律暂停"                \
             "(日志 CLOCK-JUMPED)。先把时钟校准;如果新的时间才是对的,"          \
             "用它确认,期限随即恢复,按它已过的立即触发。",                                         \
            "The clock that deadlines are judged by. step (drill sites): goes just past the "      \
            "next\ndeadline (or to --to, if that is earlier) and returns when all that was due "   \
            "has fired,\nevery outbox is empty and the ledger is complete. It never goes back.\n"  \
            "confirm (production sites): after a jump of the database's clock no deadline fires\n" \
            "(CLOCK-JUMPED in the logs). Set the clock right; if the new time is the true one,\n"  \
            "confirm it: deadlines fire again, those that have passed by it at once.")

static int step(struct ctl *ctl, struct pg *pg, const struct drill_site *site, const char *to)
{
    struct client *client = NULL;
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
    if (ctl_bus_connect(ctl, &client) != OK)
        return EXIT_FAILED;
    enum err err = clock_step(pg, client, to_ms, &clock_ms);
    client_destroy(&client);
    if (err == OK)
        return EXIT_DONE;
    return ctl_fail(
            ctl, "时钟没有走完这一步:%s", "the clock did not finish its step: %s", pg_message(pg));
}

static int show(struct ctl *ctl, struct pg *pg)
{
    struct drill_site site;
    int64_t due_ms = 0;
    char clock[INSTANT_SIZE] = "", due[INSTANT_SIZE] = "";
    if (store_drill_site(pg, &site) != OK || (site.drill && store_drill_next(pg, &due_ms) != OK))
        return ctl_fail(ctl, "读不到时钟:%s", "the clock cannot be read: %s", pg_message(pg));
    instant_format(clock, site.clock_ms, site.utc_offset_s);
    if (!site.drill) {
        if (ctl->json)
            ctl_json(json_pack("{s:s}", "clock", clock));
        else
            ctl_print(ctl, "数据库时钟 %s\n", "database clock %s\n", clock);
        return EXIT_DONE;
    }
    if (due_ms)
        instant_format(due, due_ms, site.utc_offset_s);
    if (ctl->json)
        ctl_json(json_pack("{s:s, s:s}", "clock", clock, "next_due", due));
    else
        ctl_print(ctl, "演练时钟 %s,下一个期限 %s\n", "drill clock %s, next deadline %s\n", clock,
                due_ms ? due : "-");
    return EXIT_DONE;
}

static int confirm(struct ctl *ctl, struct pg *pg, const struct drill_site *site)
{
    int64_t trust = 0, now_ms = 0;
    char now[INSTANT_SIZE] = "";
    if (site->drill)
        return ctl_fail(ctl, "演练站点的时钟由人拨动,不会自己跳变,无需确认;用 clock step 拨动",
                "a drill's clock is set by hand and does not jump, so there is nothing to confirm; "
                "clock step moves it");
    if (store_clock_confirm(pg, &trust, &now_ms) != OK)
        return ctl_fail(ctl, "没有确认成功:%s", "it was not confirmed: %s", pg_message(pg));
    instant_format(now, now_ms, site->utc_offset_s);
    if (ctl->json)
        ctl_json(json_pack("{s:s, s:I}", "confirmed", now, "trust", (json_int_t)trust));
    else
        ctl_print(ctl, "已确认数据库时钟 %s(第 %" PRId64 " 次);各进程几秒内恢复期限\n",
                "database clock %s confirmed (number %" PRId64
                "); every process lets deadlines fire again within seconds\n",
                now, trust);
    return EXIT_DONE;
}

static int step_and_show(
        struct ctl *ctl, struct pg *pg, const struct drill_site *site, const char *to)
{
    if (!site->drill)
        return ctl_fail(ctl, "这不是演练站点,时钟是数据库的时钟,不能拨动",
                "this is no drill: its clock is the database's and is not moved from here");
    int status = step(ctl, pg, site, to);
    return status == EXIT_DONE ? show(ctl, pg) : status;
}

int command_clock(struct ctl *ctl, int argc, char **argv)
{
    gchar *to = NULL;
    struct drill_site site;
    GOptionEntry entries[] = {{"to", 0, 0, G_OPTION_ARG_STRING, &to,
                                      CTL_TEXT("最远到这一时刻", "at most to this instant"),
                                      CTL_TEXT("时刻", "INSTANT")},
            {0}};
    int status = ctl_options(ctl, USAGE, HELP, entries, &argc, &argv);
    if (status >= 0)
        return status;
    const char *verb = argc == 2 ? argv[1] : "";
    bool stepping = strcmp(verb, "step") == 0, confirming = strcmp(verb, "confirm") == 0;
    if (argc > 2 || (argc == 2 && !stepping && !confirming) || (to && !stepping))
        status = ctl_usage(ctl, "clock", USAGE);
    else if (ctl_conf_read(ctl) != OK)
        status = EXIT_FAILED;
    struct pg *pg = status < 0 ? ctl_connect(ctl, NULL) : NULL;
    if (!pg) {
        g_free(to);
        return status < 0 ? EXIT_FAILED : status;
    }
    enum err err = store_drill_site(pg, &site);
    if (err == ERR_NOT_FOUND)
        status = ctl_fail(ctl, "还没有站点:先运行 huyingctl apply",
                "there is no site yet: run huyingctl apply first");
    else if (err != OK)
        status = ctl_fail(ctl, "读不到时钟:%s", "the clock cannot be read: %s", pg_message(pg));
    else if (confirming)
        status = confirm(ctl, pg, &site);
    else
        status = stepping ? step_and_show(ctl, pg, &site, to) : show(ctl, pg);
    pg_destroy(&pg);
    g_free(to);
    return status;
}
