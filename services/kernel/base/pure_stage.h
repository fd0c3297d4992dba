/* Where a case stands, as far as it matters to whoever reported it: routing tells intake, intake
 * the reporter. Numbers and words travel: append only. A sentence begins with what he had said
 * (intent_subject()); [] stands for the unit, <> for the instant. */
#ifndef HUYING_BASE_PURE_STAGE_H
#define HUYING_BASE_PURE_STAGE_H

/* name, number, word, Chinese, English */
/* clang-format off */
#define STAGE_TABLE(X)                                                                             \
    X(STAGE_DISPATCHED, 1, "dispatched", "已转交[]办理。", " has been passed to [].")              \
    X(STAGE_ACCEPTED, 2, "accepted", "已由[]受理，正在办理。",                                     \
            " has been taken on by [] and is being worked on.")                                    \
    X(STAGE_HANDLED, 3, "handled", "已由[]处置，结果正在核实。",                                   \
            " has been dealt with by []; somebody else is checking it.")                           \
    X(STAGE_RETURNED, 4, "returned", "经核实不属于[]的职责，正在转交其他单位办理。",               \
            " is not for [] to handle and is being passed to another unit.")                       \
    X(STAGE_SUSPENDED, 5, "suspended", "因故暂缓办理，最迟于<>恢复办理。",                         \
            " has to wait; work goes on by <> at the latest.")                                     \
    X(STAGE_RESUMED, 6, "resumed", "已恢复办理，由[]负责。", " is being worked on again, by [].")  \
    X(STAGE_EXTENDED, 7, "extended", "需要更多时间，办理期限延至<>。", " needs more time: until <>.") \
    X(STAGE_REOPENED, 8, "reopened", "已重新办理，由[]负责。", " has been opened again, with [].") \
    X(STAGE_REWORK, 9, "rework", "经核实尚未办好，[]正在继续办理。",                               \
            " was checked and is not done yet; [] goes on with it.")                               \
    X(STAGE_MERGED, 10, "merged", "已与他人反映的同一问题合并办理。",                              \
            " is now handled together with what somebody else reported of it.")
/* clang-format on */

enum stage {
    STAGE_NONE = 0,
#define X(name, number, word, zh, en) name = number,
    STAGE_TABLE(X)
#undef X
            STAGE_COUNT
};

#endif
