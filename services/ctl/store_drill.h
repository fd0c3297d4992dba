/* The drill's clock and what has to be quiet before it moves: asked of the database itself, all
 * schemas in one statement and so in one snapshot. A message's row leaves the sender's outbox only
 * after the receiver's commit, so at any instant work that is under way shows in some row; asking
 * the services one after the other could not see that. Needs the role huying_ctl. */
#ifndef HUYING_CTL_STORE_DRILL_H
#define HUYING_CTL_STORE_DRILL_H

#include <stdbool.h>
#include <stdint.h>
#include "services/kernel/base/err.h"
#include "services/kernel/store/pg.h"

struct drill_site {
    bool drill;
    int64_t clock_ms; /* the drill's, or the server's */
    int number, utc_offset_s;
};
struct drill_busy {
    int64_t outbox;       /* messages between services that are not acknowledged */
    int64_t outbox_audit; /* pages on their way to the ledger */
    int64_t waiting;      /* held messages that nothing holds back */
    int64_t timers;       /* deadlines that have passed and not fired */
    int64_t work;         /* what a service finds to do by itself */
    int64_t unplaced;     /* pages without a place in the ledger */
};

/* ERR_NOT_FOUND: no profile was applied. */
enum err store_drill_site(struct pg *pg, struct drill_site *ret) MUST_CHECK;
enum err store_drill_busy(struct pg *pg, struct drill_busy *ret) MUST_CHECK;
/* Earliest deadline that has not passed by the drill's clock; 0 = none is set. */
enum err store_drill_next(struct pg *pg, int64_t *ret_due_ms) MUST_CHECK;
/* Moves the clock forward; ERR_CONFLICT when it would go back, ERR_DENIED in production. */
enum err store_drill_clock(struct pg *pg, int64_t clock_ms) MUST_CHECK;

/* What stands in the tables when nothing is under way. */
#define FIGURE_TABLE(X)                                                                            \
    X(cases, "cases", "案件")                                                                      \
    X(closed, "closed", "结案")                                                                    \
    X(withdrawn, "withdrawn", "撤回")                                                              \
    X(referred_out, "referred out", "转区外")                                                      \
    X(open, "open", "在办")                                                                        \
    X(overdue, "overdue (promise)", "超期(承诺)")                                                  \
    X(overdue_by_catalogue, "overdue (catalogue)", "超期(目录)")                                   \
    X(escalated_village, "escalated to village", "升级到村居")                                     \
    X(escalated_street, "escalated to street", "升级到镇街")                                       \
    X(escalated_district, "escalated to district", "升级到区")                                     \
    X(missions, "missions", "联合执法任务")                                                        \
    X(missions_done, "missions done", "任务完成")                                                  \
    X(needs, "needs", "志愿需求")                                                                  \
    X(needs_done, "needs done", "需求完成")                                                        \
    X(volunteer_minutes, "volunteer minutes", "志愿服务分钟")                                      \
    X(dead_letters, "dead letters", "死信")                                                        \
    X(history, "transitions", "状态变迁")                                                          \
    X(ledger_size, "leaves in the ledger", "账本叶子")

struct drill_figures {
#define X(name, en, zh) int64_t name;
    FIGURE_TABLE(X)
#undef X
};
enum err store_drill_figures(struct pg *pg, struct drill_figures *ret) MUST_CHECK;

#endif
