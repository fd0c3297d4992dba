/* huyingctl restored: after the database's files were copied back, system id and timeline are as
 * they were, so the services cannot see it: the operator raises the incarnation (PROTOCOL rule
 * 9). What is under way from before is then refused and sent again. */
#include <inttypes.h>

#include "services/ctl/commands.h"
#include "services/ctl/store.h"

#define HELP                                                                                       \
    CTL_TEXT("用文件副本恢复数据库之后运行一次:提高化身号,"                   \
             "恢复之前仍在途的消息会被拒收并重发。\n"                            \
             "备库提升和时间点恢复会自动识别,不需要它。",                                          \
            "Run once after the database came back from a copy of its files: raises\n"             \
            "the incarnation, so that what is under way from before is refused and sent\n"         \
            "again. A promoted standby and a restore to a point in time are noticed\n"             \
            "without it.")

int command_restored(struct ctl *ctl, int argc, char **argv)
{
    int status = ctl_options(ctl, "", HELP, NULL, &argc, &argv);
    if (status >= 0)
        return status;
    if (argc != 1)
        return ctl_usage(ctl, "restored", "");
    if (ctl_conf_read(ctl) != OK)
        return EXIT_FAILED;
    struct pg *pg = ctl_connect(ctl, NULL);
    if (pg == NULL)
        return EXIT_FAILED;
    int64_t incarnation = 0;
    enum err err = store_incarnation_raise(pg, &incarnation);
    if (err == ERR_NOT_FOUND)
        ctl_fail(ctl, "还没有站点:先运行 huyingctl apply",
                "there is no site yet: run huyingctl apply first");
    else if (err != OK)
        ctl_fail(ctl, "没有成功:%s", "it failed: %s", pg_message(pg));
    else if (ctl->json)
        ctl_json(json_pack("{s:o}", "incarnation", json_sprintf("%" PRId64, incarnation)));
    else
        ctl_print(ctl, "化身号现在是 %" PRId64 "\n", "the incarnation is now %" PRId64 "\n",
                incarnation);
    pg_destroy(&pg);
    return err == OK ? EXIT_DONE : EXIT_FAILED;
}
