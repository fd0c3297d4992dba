/* huyingctl apply: reads a profile and writes it into the directory. */
#include "services/ctl/commands.h"

int command_apply(struct ctl *ctl, int argc, char **argv)
{
    int status = ctl_options(ctl, "PROFILE_DIR", CTL_TEXT("把样板写入数据库", "writes a profile"),
            NULL, &argc, &argv);
    return status >= 0 ? status : EXIT_FAILED;
}
