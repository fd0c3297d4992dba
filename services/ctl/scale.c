/* huyingctl scale: how many instances of a service run. What supervises them does it: deploy/run on
 * one machine. Under systemd the units are started and stopped by its own means, so that no second
 * opinion about what should run exists. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "services/ctl/commands.h"

#define HELP                                                                                       \
    CTL_TEXT("让一个服务运行几个实例,例如 scale routing 3。由 "                     \
             "deploy/run scale 执行;\n"                                                          \
             "由 systemd 管理的站点用:systemctl enable --now "                              \
             "huying-routing@2",                                                                   \
            "Runs that many instances of a service, e.g. scale routing 3. deploy/run "             \
            "scale does it;\na site under systemd uses: systemctl enable --now "                   \
            "huying-routing@2")

int command_scale(struct ctl *ctl, int argc, char **argv)
{
    char usage[64], ports[CTL_PATH_SIZE];
    int status = ctl_options(ctl, "SERVICE N", HELP, NULL, &argc, &argv);
    if (status >= 0)
        return status;
    if (argc != 3)
        return ctl_usage(ctl, "scale",
                ctl_text(ctl, CTL_TEXT("服务 数量", "SERVICE N"), usage, sizeof(usage)));
    g_autofree char *script = g_build_filename(ctl->root, "deploy/run", NULL);
    g_autofree char *home = g_canonicalize_filename(ctl->home, NULL);
    ctl_path(ctl, ports, "run/ports");
    if (access(ports, R_OK) != 0)
        return ctl_fail(ctl,
                "%s 不在:这里不是 deploy/run 启动的站点。检查 --home;systemd 管理的站点用 "
                "systemctl enable --now huying-%s@2",
                "%s is not there: no site that deploy/run started. Check --home; a site under "
                "systemd uses systemctl enable --now huying-%s@2",
                ports, argv[1]);
    if (!g_setenv("HUYING_HOME", home, TRUE) ||
            !g_setenv("HUYING_LANG", ctl->english ? "en" : "zh", TRUE))
        return ctl_fail(ctl, "环境变量设不了", "the environment cannot be set");
    (void)execl(script, script, "scale", argv[1], argv[2], (char *)NULL);
    return ctl_fail(ctl, "%s 执行不了(%s)。用 --root 指出安装目录",
            "%s cannot be run (%s). Name the installation with --root", script, g_strerror(errno));
}
