/* huying-enforcement: missions of squads. The process is the kernel's; the service is its table. */
#include "services/enforcement/ops.h"
#include "services/kernel/run/service.h"

int main(int argc, char **argv)
{
    static const struct service service = {.ops = &enforcement_ops};
    return service_main(argc, argv, &service);
}
