/* The ways by which a replay's reports come in and its outcomes go out: the hotline's port, the
 * hotline's HTTP, Open311. Whichever it is, the same file has to become the same cases. */
#ifndef HUYING_CTL_REPLAY_WAY_H
#define HUYING_CTL_REPLAY_WAY_H

#include "services/ctl/ctl.h"
#include "services/intake/hotline/hotline.h"

/* As hotline.h has the functions of these names: the same arguments, errors and bounds. */
struct replay_way {
    void *self;
    enum err (*push)(void *self,
            const struct hotline_report *reports,
            struct hotline_receipt *receipts,
            size_t count,
            int64_t timeout_ms);
    enum err (*withdraw)(void *self,
            const char *ticket,
            int64_t at_ms,
            int64_t timeout_ms);
    enum err (*outcomes)(void *self,
            int64_t after,
            struct hotline_outcome *ret,
            size_t room,
            size_t *ret_count,
            int64_t timeout_ms);
    enum err (*acknowledge)(void *self,
            const struct hotline_outcome *outcomes,
            size_t count,
            int64_t at_ms,
            int64_t timeout_ms);
    void (*close)(void *self);
};

/* `name`: "hotline" or NULL, "http", "open311"; opens that way and says why it cannot. */
enum err replay_way_open(
        const struct ctl *ctl, const char *name, int site, struct replay_way *ret) MUST_CHECK;
/* Of it: the hotline's HTTP, and Open311. */
enum err replay_vendor_open(const struct ctl *ctl, struct replay_way *ret) MUST_CHECK;
enum err replay_open311_open(const struct ctl *ctl, struct replay_way *ret) MUST_CHECK;
/* Accepts one that was not opened. */
void replay_way_close(struct replay_way *way);

#endif
