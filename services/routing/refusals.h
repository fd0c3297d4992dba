/* Why routing refuses a command. Numbers and names travel in replies: append only. */
#ifndef HUYING_ROUTING_REFUSALS_H
#define HUYING_ROUTING_REFUSALS_H

/* Why a command is refused: stable name, and what a person is told (which rule, what would be
 * legal). */
/* clang-format off */
#define REFUSAL_TABLE(X)                                                                           \
    X(REFUSAL_NONE, 0, "none", "", "")                                                             \
    X(REFUSAL_NO_CASE, 1, "no_case", "没有这个编号的案件。请核对案件编号。",                       \
            "There is no case with this id. Check the case number.")                               \
    X(REFUSAL_VERSION, 2, "version",                                                               \
            "案件已被他人更新，版本与预期不符。请重新读取案件，再用新版本提交。",                  \
            "The case has changed since you read it: its version is not the expected one. Read "   \
            "it "                                                                                  \
            "again and send the command with its present version.")                                \
    X(REFUSAL_ACTOR_UNKNOWN, 3, "actor_unknown", "操作人不在人员名录中。请使用名录中的工号。",     \
            "The actor is not in the directory. Use the code of a member of staff.")               \
    X(REFUSAL_ACTOR_NOT_HANDLER, 4, "actor_not_handler",                                           \
            "操作人不属于处置单位或当前责任区域。请由处置单位或责任区域的人员操作。",              \
            "The actor belongs neither to the handler nor to the area that is responsible now. "   \
            "Somebody of one of these may do it.")                                                 \
    X(REFUSAL_ACTOR_NOT_VERIFIER, 5, "actor_not_verifier",                                         \
            "操作人不属于处置单位、案发地所在区域或其上级区域，不能核实。请由其中的人员核实。",    \
            "The actor belongs neither to the handler nor to an area above the handler or the "    \
            "place. Somebody of one of these may verify.")                                         \
    X(REFUSAL_SAME_PERSON, 6, "handler_may_not_verify",                                            \
            "处置人不得核实自己的处置结果。请由另一人核实。",                                      \
            "Whoever handled a case may not verify it. Another person may.")                       \
    X(REFUSAL_SAME_SQUAD, 7, "squad_may_not_verify",                                               \
            "执法队的处置须由其他单位核实。请由队外人员核实。",                                    \
            "A squad's work is verified by another unit. Somebody outside the squad may.")         \
    X(REFUSAL_MISSION_OPEN, 8, "mission_open",                                                     \
            "案件由执法队办理。请由执法队在任务中接单、到场、完成。",                              \
            "A squad works on this case. The squad accepts, arrives and finishes in its mission.") \
    X(REFUSAL_NEED_OPEN, 9, "need_open", "案件由志愿者办理。请由志愿者认领并完成该需求。",         \
            "Volunteers work on this case. A volunteer claims and finishes the need.")             \
    X(REFUSAL_ACCEPTED_BEFORE, 10, "already_accepted", "案件已被接单。现在可以处置、转出。",       \
            "The case is accepted already. It can be handled or referred out now.")                \
    X(REFUSAL_HANDLED_BEFORE, 11, "already_handled", "案件已处置。现在可以由另一人核实。",         \
            "The case is handled already. Another person can verify it now.")                      \
    X(REFUSAL_NOT_HANDLED, 12, "not_handled", "案件尚未处置，不能核实。请先处置。",                \
            "The case is not handled yet and cannot be verified. Handle it first.")                \
    X(REFUSAL_ENDED, 13, "case_ended",                                                             \
            "案件已结束（结案、撤回或转出），不能再操作。如有新情况请另行上报。",                  \
            "The case has ended (closed, withdrawn or referred out); nothing more can be done "    \
            "with it. Report again if there is something new.")                                    \
    X(REFUSAL_NOT_NOW, 14, "not_now", "案件当前状态不允许此操作。请读取案件查看其状态。",          \
            "The case's state does not allow this. Read the case to see its state.")               \
    X(REFUSAL_ACTOR_NOT_ABOVE, 15, "actor_not_above",                                              \
            "操作人不属于责任区域或其上级区域的派单台。请由派单台的人员操作。",                    \
            "The actor belongs to no desk of the responsible area or of an area above it. "        \
            "Somebody "                                                                            \
            "of one of these may do it.")                                                          \
    X(REFUSAL_ACTOR_NOT_ARBITER, 16, "actor_not_arbiter",                                          \
            "操作人不属于负责裁决的区域或其上级区域的派单台。请由派单台的人员裁决。",              \
            "The actor belongs to no desk of the area that was asked to rule or of one above it. " \
            "Somebody of one of these may rule.")                                                  \
    X(REFUSAL_ACTOR_HANDLES, 17, "handler_may_not_grant",                                          \
            "延期、挂账、重置期限须由处置单位的上级区域决定。请由上级区域的人员操作。",            \
            "More time, a suspension and a reset of the deadline are granted by an area above "    \
            "the handler, not by the handler itself.")                                             \
    X(REFUSAL_RETURNED, 18, "returned",                                                            \
            "案件已退单，等待重新派单。现在可以派单、上报升级、转出。",                            \
            "The case was given back and waits to be dispatched again. It can be dispatched, "     \
            "passed up or referred out now.")                                                      \
    X(REFUSAL_IN_ARBITRATION, 19, "in_arbitration", "案件等待上级裁决由谁处置。现在可以裁决。",    \
            "The case waits for a ruling on who has to handle it. It can be ruled on now.")        \
    X(REFUSAL_SUSPENDED, 20, "suspended", "案件已挂账，时钟停走。现在可以恢复、转出。",            \
            "The case is suspended and its clock stands. It can be resumed or referred out now.")  \
    X(REFUSAL_NOT_ACCEPTED, 21, "not_accepted", "案件尚未接单。请先接单，再申请延期或挂账。",      \
            "The case is not accepted yet. Accept it first; then more time can be asked for, and " \
            "it can be suspended.")                                                                \
    X(REFUSAL_RULED, 22, "ruled_before",                                                           \
            "上级已裁决由本单位处置，不能再退单。请处置，或上报升级。",                            \
            "It was ruled that this unit has to handle the case; it cannot be given back again. "  \
            "Handle it, or pass it up.")                                                           \
    X(REFUSAL_UNIT_UNKNOWN, 23, "unit_unknown", "没有这个单位，或它已撤销。请使用名录中的单位。",  \
            "There is no such unit, or it is gone. Name a unit of the directory.")                 \
    X(REFUSAL_UNIT_OUTSIDE, 24, "unit_outside",                                                    \
            "该单位不在责任区域之内。请派给责任区域内的单位，或先上报升级。",                      \
            "The unit stands outside the area that is responsible. Dispatch to a unit within it, " \
            "or pass the case up first.")                                                          \
    X(REFUSAL_SAME_HANDLER, 25, "same_handler", "案件已由该单位处置。请派给另一单位。",            \
            "That unit has the case already. Dispatch to another one.")                            \
    X(REFUSAL_TOP, 26, "top_level", "已在最高层级，不能再上报升级。请派单、处置或转出。",          \
            "The case stands at the highest level; nobody is above. Dispatch it, handle it, or "   \
            "refer it out.")                                                                       \
    X(REFUSAL_EXTENDED, 27, "extended_before",                                                     \
            "本案已延期，次数已用完。请在期限内处置或上报升级。",                                  \
            "The case got more time before, and may not again. Handle it in time, or pass it up.") \
    X(REFUSAL_NOT_ASKED, 28, "time_not_asked",                                                     \
            "处置单位没有申请延期。现在可以接单、处置或督办。",                                    \
            "Nobody asked for more time. The handler may ask for it first.")                       \
    X(REFUSAL_ASKED_BEFORE, 29, "time_asked_before", "已有一次延期申请待批。请等待批复。",         \
            "More time was asked for already, and that is not decided yet. Wait for the answer.")  \
    X(REFUSAL_SUSPENDED_BEFORE, 30, "suspended_before", "本案挂账次数已用完。请处置或转出。",      \
            "The case was suspended as often as it may be. Handle it or refer it out.")            \
    X(REFUSAL_NO_CLOCK, 31, "no_clock", "本案没有仍在走的期限，不需要延期或挂账。请直接处置。",    \
            "The case has no deadline that still runs: there is nothing to extend or to stop. "    \
            "Handle it.")                                                                          \
    X(REFUSAL_OWN_AREA, 32, "own_area",                                                            \
            "案件由责任区域自己处置，无处可退。请处置、派给下属单位，或上报升级。",                \
            "The responsible area handles the case itself; there is nobody to give it back to. "   \
            "Handle it, dispatch it to a unit below, or pass it up.")                              \
    X(REFUSAL_NO_CALENDAR, 33, "no_calendar",                                                      \
            "工作日历缺少所需年份的数据，无法计算期限。请管理员导入该年日历后再试。",              \
            "The calendar has no data for a year that the deadline needs. Have an operator "       \
            "load that year, then try again.")                                                     \
    X(REFUSAL_PARTS_OPEN, 34, "parts_open",                                                        \
            "还有未完成的联合处置、任务或吹哨。请先由各单位完成，或由派单台接管、结束。",          \
            "Units still have parts of it to do: joint work, tasks, calls. They finish them "      \
            "first, or a desk has them taken over or ends the whistle.")                           \
    X(REFUSAL_NO_PART, 35, "no_part",                                                              \
            "本案没有您可以这样办理的分项（吹哨、联合处置、任务、准入、核查）。请读取案件查看"     \
            "其分项。",                                                                            \
            "The case has no part of this kind in this state: call, joint part, task, "            \
            "admission, check. Read the case to see its parts.")                                   \
    X(REFUSAL_NOT_THERE, 36, "not_at_the_place",                                                   \
            "签到位置离现场超过 300 米，或签到码不是当天现场的码。请到现场后再签到。",             \
            "The position is more than 300 m from the place, or the code is not the one "          \
            "shown there today. Check in at the place.")                                           \
    X(REFUSAL_LISTED, 37, "on_the_list",                                                           \
            "该事项属于本单位的主体责任，或已获准入，不能以未准入拒收。不属本单位的请退单。",      \
            "The matter is the main responsibility of this unit, or was admitted for it: it "      \
            "cannot be declined for want of an admission. Give it back if it is not for you.")     \
    X(REFUSAL_PARTS_FULL, 38, "parts_full",                                                        \
            "本案分项已满（16 项）。请先办结现有分项，或另立案件。",                               \
            "The case has all the parts that it may have (16). Finish those, or report "           \
            "another case.")                                                                       \
    X(REFUSAL_JOINT_BEFORE, 39, "joint_before", "本案已在联合处置。可以由派单台接管某一部分。",    \
            "The case is handled jointly already. A desk can have a part taken over.")             \
    X(REFUSAL_UNIT_TWICE, 40, "unit_twice",                                                        \
            "同一单位被重复指定，或它已有一项未完成。每个单位只写一次。",                          \
            "A unit is named twice, or has such a part open already. Name each unit once.")        \
    X(REFUSAL_REOPEN_LATE, 41, "reopen_late",                                                      \
            "结案已超过 7 天，或已重开两次，不能再重开。请另行上报。",                             \
            "It was closed more than seven days ago, or opened again twice before. Report it "     \
            "anew.")                                                                               \
    X(REFUSAL_NOT_ADMITTING, 42, "not_admitting",                                                  \
            "该单位不审批准入。请向有准入审批职责（admission）的单位申请。",                       \
            "That unit does not decide on admissions. Apply to one with the capability "           \
            "admission.")                                                                          \
    X(REFUSAL_ACTOR_NOT_CALLED, 43, "actor_not_called",                                            \
            "操作人不属于这一分项的单位。请由被吹哨、被派任务或负责审批、核查的单位操作。",        \
            "The actor is not of the unit that this part is for. Somebody of the unit that "       \
            "was called, ordered, or asked to decide may do it.")                                  \
    X(REFUSAL_ACTOR_NOT_SUPERVISOR, 44, "actor_not_supervisor",                                    \
            "操作人不属于督查单位。请由督查单位的人员操作。",                                      \
            "The actor is not of a unit that supervises (capability veto). Somebody of one "       \
            "may do it.")                                                                          \
    X(REFUSAL_TOOK_PART, 45, "took_part", "参与联合处置或任务的单位不得核实。请由其他单位核实。",  \
            "Units that did a part of it may not verify the whole. Somebody of another one "       \
            "may.")                                                                                \
    X(REFUSAL_ARRIVED_BEFORE, 46, "arrived_before", "已到场登记过。现在可以处置。",                \
            "The handler is there already. The case can be handled now.")                          \
    X(REFUSAL_EVIDENCE, 47, "evidence", "凭证不全，请补齐后再办理。还缺：",                        \
            "Evidence is missing. Do it again with all of it. Still missing: ")                    \
    X(REFUSAL_DUE_OTHERWISE, 48, "due_otherwise",                                                  \
            "期限不是由事项目录的时限算出的（来源承诺、返工、联合处置、尚未起算，或没有时限），"   \
            "不能重置。",                                                                          \
            "The deadline does not come from the catalogue's span: it was promised, is for "       \
            "rework or joint work, has not begun, or the matter has no span. It cannot be "        \
            "reset; more time can be granted.")                                                    \
    X(REFUSAL_DUE_SAME, 49, "due_same", "按现行目录和日历重新计算，期限不变，无需重置。",          \
            "By the catalogue and the calendar of today the deadline is what it is: there is "     \
            "nothing to reset.")                                                                   \
    X(REFUSAL_DUE_PASSED, 50, "due_passed",                                                        \
            "按现行目录和日历重新计算，期限已过，无人能按时办结，不能重置。可以督促或派任务。",    \
            "By the catalogue and the calendar of today the deadline would be over already, and "  \
            "nobody could keep it. Remind the handler, or order a task.")                          \
    X(REFUSAL_MERGED, 51, "merged",                                                                \
            "本案已并入另一案件，随其办结。现在可以取消合并。",                                    \
            "The case is handled with another one, and ends with it. It can be unmerged now.")     \
    X(REFUSAL_MERGE_YOUNGER, 52, "merge_younger",                                                  \
            "只能并入内部编号较小的案件，两案不致互相等待。请反过来合并。",                        \
            "A case is merged into one with a smaller id, so that no two wait for each other. "    \
            "Merge the other one into this.")                                                      \
    X(REFUSAL_MERGE_UNLIKE, 53, "merge_unlike",                                                    \
            "没有这个案件，或它已结束、已合并、属于另一类事项。请并入同类事项的在办案件。",        \
            "The other case is not there, has ended, is merged itself, or is of another "          \
            "category. Name an open one of the same category.")                                    \
    X(REFUSAL_NO_ANSWER, 54, "no_answer",                                                          \
            "咨询、建议和表扬以答复办结，请写明答复内容，它将读给来电人听。",                      \
            "An inquiry, a suggestion and praise are closed by the answer. Write it: it is what "  \
            "the caller is told.")
/* clang-format on */

enum case_refusal {
#define X(name, number, text, zh, en) name = number,
    REFUSAL_TABLE(X)
#undef X
            REFUSAL_COUNT
};

#endif
