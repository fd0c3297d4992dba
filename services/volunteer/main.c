/* huying-volunteer: needs that volunteers claim. The process is the kernel's; the service is its
 * table. */
#include "services/volunteer/ops.h"
#include "services/kernel/run/service.h"

int main(int argc, char **argv)
{
    static const struct service service = {.ops = &volunteer_ops};
    return service_main(argc, argv, &service);
}
