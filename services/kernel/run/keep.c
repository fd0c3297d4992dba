/* How long data is kept (configuration, [keep]): the chores that let it go, and what is said of
 * them. Nothing goes by a clock that may have jumped; what is too old is reckoned from the site's
 * last reading that was trusted. */
#include <inttypes.h>

#include "services/kernel/base/log.h"
#include "services/kernel/base/must.h"
#include "services/kernel/run/loop.h"

#define DAY_MS INT64_C(86400000)

static bool ends(const struct loop *loop)
{
    return life_ends(loop->life) && loop->conf.data_days > 0;
}

bool keep_may(const struct loop *loop, enum chore chore)
{
    if (!loop->directory || loop->site.now_ms == 0 || !site_clock_trusted(loop))
        return false;
    if (chore == CHORE_SHRINK)
        return ends(loop);
    if (chore == CHORE_RAISE || chore == CHORE_REMOVE)
        return ends(loop) && loop->conf.stream_days > 0;
    return loop->conf.command_days > 0;
}

void keep_start(struct loop *loop, struct chore_state *state, pg_done_fn *done)
{
    const struct kernel_conf *conf = &loop->conf;
    int64_t now_ms = loop->site.now_ms;
    bool forever = conf->data_days == 0 || conf->data_days > conf->command_days;
    switch ((int)state->chore) {
    case CHORE_SHRINK:
        life_shrink(loop->life, now_ms - conf->data_days * DAY_MS, &state->gone, done, state);
        break;
    case CHORE_RAISE:
        life_raise(
                loop->life, now_ms, now_ms - conf->stream_days * DAY_MS, &state->gone, done, state);
        break;
    case CHORE_REMOVE:
        life_remove(loop->life, &state->gone, done, state);
        break;
    case CHORE_ANSWERS:
        life_forget_answers(loop->life, forever ? conf->command_days : conf->data_days,
                &state->gone, done, state);
        break;
    default:
        must(!"a chore of keeping");
    }
}

void keep_after(struct loop *loop, const struct chore_state *state)
{
    if (state->gone == 0)
        return;
    switch ((int)state->chore) {
    case CHORE_SHRINK:
        metric_add(&loop->metrics, rows_shrunk, state->gone);
        log_info("DATA-GONE", "aggregates=%" PRId64, state->gone);
        break;
    case CHORE_RAISE:
        log_info("HORIZON-RAISED", "minters=%" PRId64, state->gone);
        break;
    case CHORE_REMOVE:
        metric_add(&loop->metrics, rows_removed, state->gone);
        log_info("ROWS-REMOVED", "rows=%" PRId64, state->gone);
        break;
    case CHORE_ANSWERS:
        metric_add(&loop->metrics, answers_removed, state->gone);
        break;
    default:
        must(!"a chore of keeping");
    }
}

/* Ids below a period's bound must have been drawn soon after it was noted, not years later by a
 * process that is seldom asked: what was taken out of the blocks is good for a day. */
void keep_turn(struct loop *loop)
{
    if (loop->now_ms - loop->ids_since_ms < DAY_MS)
        return;
    loop->ids_since_ms = loop->now_ms;
    ids_clear(&loop->ids);
}

bool keep_check(const struct kernel_conf *conf, const char *path, struct buf *why)
{
    if (conf->stream_days == 0 || (conf->data_days > 0 && conf->stream_days > conf->data_days))
        return true;
    buf_add_format(why,
            "%s: [keep] stream_days: found %" PRId64
            ", expected 0 (for ever) or more than data_days, "
            "which is %" PRId64 " (0 is for ever)\n",
            path ? path : "(no file)", conf->stream_days, conf->data_days);
    return false;
}
