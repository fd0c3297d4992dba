/* The process huying-routing: the kernel's loop around routing's table of functions. */
#include "services/kernel/run/service.h"
#include "services/routing/ops.h"

int main(int argc, char **argv)
{
    const struct aggregate_ops ops = routing_ops();
    const struct service service = {.ops = &ops};
    return service_main(argc, argv, &service);
}
