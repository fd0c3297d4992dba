#include "services/kernel/run/metrics.h"

#include <string.h>

void metrics_print(struct metrics *metrics, const char *labels, struct buf *out)
{
#define X(name, kind, help)                                                                        \
    {                                                                                              \
        const char *total = kind[0] == 'c' ? "_total" : "";                                        \
        buf_add_format(out, "# HELP huying_" #name "%s %s\n# TYPE huying_" #name "%s %s\n", total, \
                help, total, kind);                                                                \
        buf_add_format(out, "huying_" #name "%s{%s} %llu\n", total, labels,                        \
                (unsigned long long)metric_get(metrics, name));                                    \
    }
    METRIC_TABLE(X)
#undef X
}
