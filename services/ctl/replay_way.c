#include "services/ctl/replay_way.h"

#include <string.h>

#include "services/ctl/ctl_hotline.h"

static enum err port_push(void *self,
        const struct hotline_report *reports,
        struct hotline_receipt *receipts,
        size_t count,
        int64_t timeout_ms)
{
    return hotline_push(self, reports, receipts, count, timeout_ms);
}

static enum err port_withdraw(void *self, const char *ticket, int64_t at_ms, int64_t timeout_ms)
{
    struct hotline_receipt receipt;
    return hotline_withdraw(self, ticket, "cancelled", at_ms, &receipt, timeout_ms);
}

static enum err port_outcomes(void *self,
        int64_t after,
        struct hotline_outcome *ret,
        size_t room,
        size_t *ret_count,
        int64_t timeout_ms)
{
    return hotline_outcomes(self, after, ret, room, ret_count, timeout_ms);
}

static enum err port_acknowledge(void *self,
        const struct hotline_outcome *outcomes,
        size_t count,
        int64_t at_ms,
        int64_t timeout_ms)
{
    return hotline_ack(self, outcomes, count, at_ms, timeout_ms);
}

static void port_close(void *self)
{
    struct hotline *hotline = self;
    hotline_close(&hotline);
}

static enum err port_open(const struct ctl *ctl, int site, struct replay_way *ret)
{
    struct hotline *hotline = NULL;
    enum err err = ctl_hotline_open(ctl, site, &hotline);
    if (err == OK)
        *ret = (struct replay_way){.self = hotline,
                .push = port_push,
                .withdraw = port_withdraw,
                .outcomes = port_outcomes,
                .acknowledge = port_acknowledge,
                .close = port_close};
    return err;
}

enum err replay_way_open(const struct ctl *ctl, const char *name, int site, struct replay_way *ret)
{
    if (!name || strcmp(name, "hotline") == 0)
        return port_open(ctl, site, ret);
    if (strcmp(name, "http") == 0)
        return replay_vendor_open(ctl, ret);
    if (strcmp(name, "open311") == 0)
        return replay_open311_open(ctl, ret);
    ctl_fail(ctl, "--way %s:应为 hotline、http 或 open311",
            "--way %s: hotline, http or open311 is "
            "expected",
            name);
    return ERR_MALFORMED;
}

void replay_way_close(struct replay_way *way)
{
    if (way->close)
        way->close(way->self);
    *way = (struct replay_way){0};
}
