#include "services/ctl/names.h"

#include <string.h>

#include "services/kernel/base/pure_catalogue.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct name {
    enum service_id service;
    enum name_kind kind;
    const char *word, *zh, *en;
};

/* service, kind, word, Chinese, English */
#define NAME_TABLE(X)                                                                              \
    X(INTAKE, STATE, "accepted", "已受理", "accepted")                                             \
    X(INTAKE, STATE, "closed", "已结案", "closed")                                                 \
    X(INTAKE, STATE, "withdrawn", "已撤回", "withdrawn")                                           \
    X(INTAKE, STATE, "referred_out", "已转区外", "referred out")                                   \
    X(INTAKE, STEP, "accept", "受理上报", "report accepted")                                       \
    X(INTAKE, STEP, "withdraw", "申请撤回", "withdrawal asked for")                                \
    X(INTAKE, STEP, "end", "登记结果", "outcome recorded")                                         \
    X(INTAKE, STEP, "join", "同一件事另有来电", "the same thing reported again")                   \
    X(INTAKE, STEP, "outcome_taken", "来源已取结果", "outcome taken by the source")                \
    X(INTAKE, STEP, "urge", "催办", "urged under another ticket")                                  \
    X(INTAKE, STEP, "follow_up", "回访", "followed up")                                            \
    X(INTAKE, STEP, "person_seen", "查看来电人身份", "identity looked at")                         \
    X(INTAKE, STEP, "person_deleted", "删除个人信息", "personal data deleted")                     \
    X(INTAKE, STEP, "progress", "办理进展", "progress")                                            \
    X(ROUTING, STEP, "also_reported", "另有他人反映", "reported by somebody else, too")            \
    X(INTAKE, STEP, "reopen", "重新办理", "opened again")                                          \
    X(INTAKE, STEP, "progress_taken", "来源已取进展", "progress taken by the source")              \
    X(INTAKE, STEP, "correct", "更正", "corrected")                                                \
    X(INTAKE, STATE, "code", "二维码启用", "code in force")                                        \
    X(INTAKE, STATE, "code_withdrawn", "二维码停用", "code withdrawn")                             \
    X(INTAKE, STEP, "qr_made", "制作二维码", "code made")                                          \
    X(INTAKE, STEP, "qr_withdrawn", "停用二维码", "code withdrawn")                                \
    X(INTAKE, STEP, "qr_helper", "变更帮扶人", "helpers changed")                                  \
    X(INTAKE, STEP, "qr_card", "更换关爱卡", "card replaced")                                      \
    X(ROUTING, STATE, "registered", "已立案", "registered")                                        \
    X(ROUTING, STATE, "dispatched", "已派单", "dispatched")                                        \
    X(ROUTING, STATE, "accepted", "已接单", "accepted")                                            \
    X(ROUTING, STATE, "handled", "已处置", "handled")                                              \
    X(ROUTING, STATE, "verified", "已核实", "verified")                                            \
    X(ROUTING, STATE, "closed", "已结案", "closed")                                                \
    X(ROUTING, STATE, "withdrawn", "已撤回", "withdrawn")                                          \
    X(ROUTING, STATE, "referred_out", "已转区外", "referred out")                                  \
    X(ROUTING, STATE, "returned", "已退单", "given back")                                          \
    X(ROUTING, STATE, "in_arbitration", "待裁决", "in arbitration")                                \
    X(ROUTING, STATE, "suspended", "已挂账", "suspended")                                          \
    X(ROUTING, STATE, "merged", "已合并", "merged")                                                \
    X(ROUTING, STEP, "register", "立案", "registered")                                             \
    X(ROUTING, STEP, "dispatch", "派单", "dispatched")                                             \
    X(ROUTING, STEP, "accept", "接单", "accepted")                                                 \
    X(ROUTING, STEP, "handle", "处置", "handled")                                                  \
    X(ROUTING, STEP, "verify", "核实", "verified")                                                 \
    X(ROUTING, STEP, "close", "结案", "closed")                                                    \
    X(ROUTING, STEP, "escalate", "升级", "escalated")                                              \
    X(ROUTING, STEP, "overdue", "逾期", "overdue at the top")                                      \
    X(ROUTING, STEP, "assign", "派队", "squad assigned")                                           \
    X(ROUTING, STEP, "arrive", "到场", "squad on the scene")                                       \
    X(ROUTING, STEP, "to_desk", "退回派单台", "back to the desk")                                  \
    X(ROUTING, STEP, "withdraw", "撤回", "withdrawn")                                              \
    X(ROUTING, STEP, "refer", "转区外", "referred out")                                            \
    X(ROUTING, STEP, "return", "退单", "given back")                                               \
    X(ROUTING, STEP, "dispute", "再次退单,提请裁决", "given back again: a ruling is asked for")    \
    X(ROUTING, STEP, "rule", "裁决", "ruled who handles it")                                       \
    X(ROUTING, STEP, "arbiter_up", "裁决超时,移交上级", "not ruled in time: the next level rules") \
    X(ROUTING, STEP, "step_up", "上报升级", "passed up")                                           \
    X(ROUTING, STEP, "reject", "核实不通过,返工", "verification failed: rework")                   \
    X(ROUTING, STEP, "suspend", "挂账", "suspended")                                               \
    X(ROUTING, STEP, "resume", "恢复", "resumed")                                                  \
    X(ROUTING, STEP, "ask_time", "申请延期", "more time asked for")                                \
    X(ROUTING, STEP, "grant_time", "同意延期", "more time granted")                                \
    X(ROUTING, STEP, "deny_time", "不同意延期", "more time denied")                                \
    X(ROUTING, STEP, "yellow_card", "黄牌", "yellow card")                                         \
    X(ROUTING, STEP, "red_card", "红牌", "red card")                                               \
    X(ROUTING, STEP, "step_late", "未按时接单、到场或核实",                                        \
            "not accepted, there, or verified in time")                                            \
    X(ROUTING, STEP, "settle", "就地处置", "settled on the spot")                                  \
    X(ROUTING, STEP, "urge", "催办", "urged")                                                      \
    X(ROUTING, STEP, "remind", "督促", "reminded")                                                 \
    X(ROUTING, STEP, "veto", "一票否决", "vetoed")                                                 \
    X(ROUTING, STEP, "decline", "未准入,拒收", "declined: no admission")                           \
    X(ROUTING, STEP, "call", "吹哨", "called")                                                     \
    X(ROUTING, STEP, "check_in", "报到", "reported in")                                            \
    X(ROUTING, STEP, "absent", "未报到", "did not report in")                                      \
    X(ROUTING, STEP, "end_whistle", "哨声结束", "whistle ended")                                   \
    X(ROUTING, STEP, "score", "评分", "scored")                                                    \
    X(ROUTING, STEP, "joint", "联合处置", "joint part")                                            \
    X(ROUTING, STEP, "order", "督办任务", "task ordered")                                          \
    X(ROUTING, STEP, "finish_part", "分项完成", "part done")                                       \
    X(ROUTING, STEP, "take_over", "接管分项", "part taken over")                                   \
    X(ROUTING, STEP, "apply", "申请准入", "admission asked for")                                   \
    X(ROUTING, STEP, "admit", "同意准入", "admitted")                                              \
    X(ROUTING, STEP, "deny_admission", "不予准入", "admission denied")                             \
    X(ROUTING, STEP, "appeal", "申诉", "appealed")                                                 \
    X(ROUTING, STEP, "uphold", "申诉成立", "appeal upheld")                                        \
    X(ROUTING, STEP, "dismiss", "申诉驳回", "appeal dismissed")                                    \
    X(ROUTING, STEP, "convene", "召集议事", "meeting convened")                                    \
    X(ROUTING, STEP, "resolve", "议定", "resolved")                                                \
    X(ROUTING, STEP, "mediate", "调解", "mediation")                                               \
    X(ROUTING, STEP, "agree", "达成协议", "agreed")                                                \
    X(ROUTING, STEP, "revisit", "调解回访", "revisited")                                           \
    X(ROUTING, STEP, "follow_up", "回访", "followed up")                                           \
    X(ROUTING, STEP, "reopen", "重开", "reopened")                                                 \
    X(ROUTING, STEP, "sample", "抽查", "drawn for a check")                                        \
    X(ROUTING, STEP, "pass_check", "核查通过", "check passed")                                     \
    X(ROUTING, STEP, "fail_check", "核查不通过,重开", "check failed: reopened")                    \
    X(ROUTING, STEP, "merge", "合并", "merged")                                                    \
    X(ROUTING, STEP, "unmerge", "取消合并", "unmerged")                                            \
    X(ROUTING, STEP, "reset_due", "重置期限", "deadline reset")                                    \
    X(ROUTING, STEP, "step_clock", "日历已有,步骤时限起算", "calendar known: step's clock set")    \
    X(ROUTING, STEP, "send_back", "退回派出单位", "back to who sent it")                           \
    X(ROUTING, STEP, "answer", "答复", "answered")                                                 \
    X(ROUTING, STEP, "correct", "上报人更正", "corrected by the reporter")                         \
    X(ENFORCEMENT, STATE, "waiting", "等待队伍", "waiting")                                        \
    X(ENFORCEMENT, STATE, "assigned", "已派队", "assigned")                                        \
    X(ENFORCEMENT, STATE, "accepted", "已出发", "accepted")                                        \
    X(ENFORCEMENT, STATE, "on_scene", "在现场", "on the scene")                                    \
    X(ENFORCEMENT, STATE, "done", "已完成", "done")                                                \
    X(ENFORCEMENT, STATE, "cancelled", "已取消", "cancelled")                                      \
    X(ENFORCEMENT, STEP, "queued", "排队等候", "waits for a squad")                                \
    X(ENFORCEMENT, STEP, "assigned", "派给队伍", "mission assigned")                               \
    X(ENFORCEMENT, STEP, "accepted", "队伍接受", "mission accepted")                               \
    X(ENFORCEMENT, STEP, "arrived", "队伍到场", "squad arrived")                                   \
    X(ENFORCEMENT, STEP, "finished", "任务完成", "mission done")                                   \
    X(ENFORCEMENT, STEP, "cancelled", "任务取消", "mission cancelled")                             \
    X(ENFORCEMENT, STEP, "looked_again", "重新找队伍", "squads looked at again")                   \
    X(VOLUNTEER, STATE, "offered", "招募中", "offered")                                            \
    X(VOLUNTEER, STATE, "claimed", "已认领", "claimed")                                            \
    X(VOLUNTEER, STATE, "done", "已完成", "done")                                                  \
    X(VOLUNTEER, STATE, "unclaimed", "无人认领", "unclaimed")                                      \
    X(VOLUNTEER, STATE, "cancelled", "已取消", "cancelled")                                        \
    X(VOLUNTEER, STEP, "offered", "发布需求", "need offered")                                      \
    X(VOLUNTEER, STEP, "claimed", "志愿者认领", "need claimed")                                    \
    X(VOLUNTEER, STEP, "finished", "服务完成", "need done")                                        \
    X(VOLUNTEER, STEP, "lapsed", "逾时无人认领", "nobody claimed in time")                         \
    X(VOLUNTEER, STEP, "nobody", "无合适志愿者", "no volunteer fits")                              \
    X(VOLUNTEER, STEP, "cancelled", "需求取消", "need cancelled")                                  \
    X(NONE, STATE, "none", "-", "-")                                                               \
    X(NONE, STEP, "none", "-", "-")                                                                \
    X(NONE, STEP, "skipped", "跳过死信", "dead letter skipped")

static const struct name NAMES[] = {
#define X(service, kind, word, zh, en) {SERVICE_##service, NAME_##kind, word, zh, en},
        NAME_TABLE(X)
#undef X
};

const struct metric_name METRIC_NAMES[] = {
        {SERVICE_INTAKE, 0, "reports_accepted", "受理", "reports"},
        {SERVICE_INTAKE, 1, "reports_open", "未办结", "open reports"},
        {SERVICE_ROUTING, 0, "open", "在办", "open"},
        {SERVICE_ROUTING, 1, "closed", "结案", "closed"},
        {SERVICE_ROUTING, 2, "withdrawn", "撤回", "withdrawn"},
        {SERVICE_ROUTING, 3, "referred_out", "转区外", "referred"},
        {SERVICE_ROUTING, 4, "overdue", "超期", "overdue"},
        {SERVICE_ROUTING, 5, "overdue_by_catalogue", "目录超期", "by catalogue"},
        {SERVICE_ROUTING, 6, "escalated_village", "升村居", "to village"},
        {SERVICE_ROUTING, 7, "escalated_street", "升镇街", "to street"},
        {SERVICE_ROUTING, 8, "escalated_district", "升区", "to district"},
        {SERVICE_ROUTING, 9, "late", "在办逾期", "late"},
        {SERVICE_ROUTING, 10, "returned", "退单", "returned"},
        {SERVICE_ROUTING, 11, "misdispatched", "错派", "misdispatched"},
        {SERVICE_ROUTING, 12, "return_unfounded", "无理退单", "unfounded"},
        {SERVICE_ROUTING, 13, "reworked", "返工", "reworked"},
        {SERVICE_ROUTING, 14, "extended", "延期", "extended"},
        {SERVICE_ROUTING, 15, "suspended", "挂账", "suspended"},
        {SERVICE_ROUTING, 16, "yellow_cards", "黄牌", "yellow"},
        {SERVICE_ROUTING, 17, "red_cards", "红牌", "red"},
        {SERVICE_ROUTING, 18, "steps_late", "步骤超时", "steps late"},
        {SERVICE_ROUTING, 19, "declined", "未准入派单", "declined"},
        {SERVICE_ROUTING, 20, "disputed", "提请裁决", "disputed"},
        {SERVICE_ROUTING, 21, "absent", "未报到", "absent"},
        {SERVICE_ROUTING, 22, "ordered", "督办任务", "ordered"},
        {SERVICE_ROUTING, 23, "reopened", "重开", "reopened"},
        {SERVICE_ROUTING, 24, "urged", "被催办", "urged"},
        {SERVICE_ROUTING, 25, "reminded", "被督促", "reminded"},
        {SERVICE_ROUTING, 26, "vetoed", "否决", "vetoed"},
        {SERVICE_ROUTING, 27, "settled", "就地处置", "settled"},
        {SERVICE_ROUTING, 28, "checks_failed", "核查不通过", "failed checks"},
        {SERVICE_ROUTING, 29, "merged", "合并", "merged"},
        {SERVICE_ENFORCEMENT, 0, "missions_open", "任务在办", "missions"},
        {SERVICE_ENFORCEMENT, 1, "missions_waiting", "任务等候", "waiting"},
        {SERVICE_ENFORCEMENT, 2, "missions_done", "任务完成", "done"},
        {SERVICE_VOLUNTEER, 0, "needs_open", "需求在办", "needs"},
        {SERVICE_VOLUNTEER, 1, "needs_done", "需求完成", "done"},
        {SERVICE_VOLUNTEER, 2, "minutes", "志愿分钟", "minutes"},
};
const size_t METRIC_NAME_COUNT = COUNT(METRIC_NAMES);

const struct metric_name *metric_find(enum service_id service, int64_t number)
{
    for (size_t i = 0; i < METRIC_NAME_COUNT; i++)
        if (METRIC_NAMES[i].service == service && METRIC_NAMES[i].number == number)
            return &METRIC_NAMES[i];
    return NULL;
}

static const struct name *find(enum service_id service, enum name_kind kind, const char *word)
{
    for (size_t i = 0; i < COUNT(NAMES); i++)
        if ((NAMES[i].service == service || NAMES[i].service == SERVICE_NONE) &&
                NAMES[i].kind == kind && strcmp(NAMES[i].word, word) == 0)
            return &NAMES[i];
    return NULL;
}

bool name_known(enum service_id service, enum name_kind kind, const char *word)
{
    return find(service, kind, word) != NULL;
}

const char *name_of(
        const struct ctl *ctl, enum service_id service, enum name_kind kind, const char *word)
{
    const struct name *name = find(service, kind, word);
    return name == NULL ? word : ctl->english ? name->en : name->zh;
}

struct word {
    const char *word, *zh, *en;
};

static const char *among(
        const struct ctl *ctl, const struct word *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i].word, word) == 0)
            return ctl->english ? words[i].en : words[i].zh;
    return word;
}

const char *name_level(const struct ctl *ctl, const char *word)
{
    static const struct word words[] = {{"none", "-", "-"}, {"grid", "网格", "grid"},
            {"village", "村居", "village"}, {"street", "镇街", "street"},
            {"district", "区", "district"}};
    return among(ctl, words, COUNT(words), word);
}

const char *name_handler(const struct ctl *ctl, const char *word)
{
    static const struct word words[] = {{"none", "-", "-"}, {"worker", "网格员", "worker"},
            {"desk", "派单台", "desk"}, {"squad", "执法队", "squad"},
            {"volunteers", "志愿者", "volunteers"}, {"department", "职能部门", "department"},
            {"joint", "联合", "joint"}};
    return among(ctl, words, COUNT(words), word);
}

const char *name_duty(const struct ctl *ctl, const char *word)
{
    static const struct word words[] = {{"main", "主体责任", "main"},
            {"assist", "协助责任", "assist"}, {"none", "不在清单", "not on its list"}};
    return among(ctl, words, COUNT(words), word);
}

const char *name_intent(const struct ctl *ctl, const char *word)
{
    static const struct word words[] = {
#define X(name, number, text, zh, en, ...) {text, zh, en},
            INTENT_TABLE(X)
#undef X
    };
    return among(ctl, words, COUNT(words), word);
}

const char *name_service(const struct ctl *ctl, enum service_id service)
{
    static const struct word words[] = {{"intake", "受理", "intake"},
            {"routing", "派遣", "routing"}, {"enforcement", "执法", "enforcement"},
            {"volunteer", "志愿", "volunteer"}, {"audit", "审计", "audit"}};
    return among(ctl, words, COUNT(words), service_name(service));
}

/* As routing's rules have it (CASE_RULE_TABLE): who works on it does it where the work is, and the
 * rest here. */
const char *name_next(const struct ctl *ctl, const char *state, const char *handler_kind)
{
    static const struct {
        const char *state, *zh, *en;
    } nexts[] = {
            {"dispatched", "接单、处置、退单、改派、上报升级、转出",
                    "accept, handle, return, dispatch, step up, refer"},
            {"accepted", "处置、退单、改派、上报升级、延期、挂账、转出",
                    "handle, return, dispatch, step up, ask for time, suspend, refer"},
            {"handled", "核实(须另一人)、退回返工", "verify or reject (another person)"},
            {"returned", "重新派单、上报升级、转出", "dispatch, step up, refer"},
            {"in_arbitration", "裁决", "rule"},
            {"suspended", "恢复、转出", "resume, refer"},
            {"merged", "取消合并", "unmerge"},
    };
    bool open = strcmp(state, "dispatched") == 0 || strcmp(state, "accepted") == 0;
    if (open && strcmp(handler_kind, "squad") == 0)
        return ctl->english ? "the squad in its mission; dispatch, step up, refer"
                            : "由执法队在任务中办理;改派、上报升级、转出";
    if (open && strcmp(handler_kind, "volunteers") == 0)
        return ctl->english ? "a volunteer in the need; dispatch, step up, refer"
                            : "由志愿者在需求中办理;改派、上报升级、转出";
    for (size_t i = 0; i < COUNT(nexts); i++)
        if (strcmp(state, nexts[i].state) == 0)
            return ctl->english ? nexts[i].en : nexts[i].zh;
    return "";
}

void names_actions(const struct ctl *ctl, char *const *actions, size_t count, struct buf *out)
{
    buf_add_text(out, "");
    for (size_t i = 0; i < count; i++) {
        g_autofree char *typed = g_strdelimit(g_strdup(actions[i]), "_", '-');
        if (i > 0)
            buf_add_text(out, ctl->english ? ", " : "、");
        buf_add_text(
                out, ctl->english ? typed : name_of(ctl, SERVICE_ROUTING, NAME_STEP, actions[i]));
    }
}
