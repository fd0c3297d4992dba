/* The table of commands: one line gives the function, the name and the help in both languages. */
#ifndef HUYING_CTL_COMMANDS_H
#define HUYING_CTL_COMMANDS_H

#include "services/ctl/ctl.h"

#define COMMAND_TABLE(X)                                                                           \
    X(migrate, "migrate",                                                                          \
            CTL_TEXT("建立或升级数据库的角色和表",                                                 \
                    "make or upgrade the database's roles and tables"))                            \
    X(apply, "apply", CTL_TEXT("把样板目录写入数据库", "write a profile into the directory"))      \
    X(key, "key", CTL_TEXT("密钥:new、follow、persons、list", "keys: new, follow, persons, list")) \
    X(config, "config", CTL_TEXT("配置:check 检查", "configuration: check"))                       \
    X(clock, "clock",                                                                              \
            CTL_TEXT("时钟:查看,step 演练时拨到下一个期限,confirm 跳变后确认",                     \
                    "the clock: show, step a drill's, confirm it after a jump"))                   \
    X(replay, "replay",                                                                            \
            CTL_TEXT("把一份工单文件完整走一遍", "run a file of reports the whole way"))           \
    X(hotline, "hotline",                                                                          \
            CTL_TEXT("热线:reconcile 与一条热线对账",                                              \
                    "hotlines: reconcile the tickets of one with the site's"))                     \
    X(field, "field",                                                                              \
            CTL_TEXT("回放的外勤人员(由 replay 启动)",                                             \
                    "a replay's field staff (started by replay)"))                                 \
    X(story, "story", CTL_TEXT("在演练站点上走完一个故事", "run a story on a drill site"))         \
    X(status, "status",                                                                            \
            CTL_TEXT("各进程、队列、时钟和账本的状态",                                             \
                    "state of processes, queues, clock, ledger"))                                  \
    X(case, "case", CTL_TEXT("一个案件的全过程", "the whole story of a case"))                     \
    X(deadlines, "deadlines",                                                                      \
            CTL_TEXT("复算案件宣布过的期限", "count a case's announced deadlines again"))          \
    X(act, "act",                                                                                  \
            CTL_TEXT("以人员名义办理一个案件", "do something about a case, in somebody's name"))   \
    X(counters, "counters",                                                                        \
            CTL_TEXT("计数:查看、比较、重新计数", "counters: show, check, rebuild"))               \
    X(worklist, "worklist",                                                                        \
            CTL_TEXT("一个单位的在办案件,或一个人的待办",                                          \
                    "open cases of a unit, or what somebody has to do"))                           \
    X(search, "search", CTL_TEXT("查找案件", "find cases"))                                        \
    X(similar, "similar", CTL_TEXT("可能是同一件事的案件", "cases that may be the same thing"))    \
    X(load, "load", CTL_TEXT("各单位手上的案件数", "how much each unit has in hand"))              \
    X(audit, "audit",                                                                              \
            CTL_TEXT("账本:verify 核对,checkpoint 检查点", "the ledger: verify, checkpoint"))      \
    X(dead_letters, "dead-letters",                                                                \
            CTL_TEXT("死信:列出、重试、略过", "messages put aside: list, show, replay, skip"))     \
    X(scale, "scale", CTL_TEXT("一个服务运行几个实例", "how many instances of a service run"))     \
    X(qr, "qr",                                                                                    \
            CTL_TEXT("二维码:地点码、关爱码,制作、打印、停用",                                     \
                    "codes that people scan: of places, of persons in care"))                      \
    X(callback, "callback",                                                                        \
            CTL_TEXT("回调:谁要知道案件的每一步,发送情况,重发",                                    \
                    "callbacks: who is told of each step, what was sent, once more"))              \
    X(caller, "caller",                                                                            \
            CTL_TEXT("来电人:查看身份,谁看过,删除,换密钥后重新加密",                              \
                    "callers: see one, who has seen, forget, seal anew by a new key"))             \
    X(restored, "restored",                                                                        \
            CTL_TEXT("数据库文件恢复后,手动提高化身号",                                            \
                    "raise the incarnation after a restore of files"))

#define X(name, word, help) int command_##name(struct ctl *ctl, int argc, char **argv);
COMMAND_TABLE(X)
#undef X

#endif
