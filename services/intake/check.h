/* The limits of a report, in one place for every way in (bus, HTTP): field by field, and the
 * sentence that names the field, what was expected, and the limit. Pure; checks what can be checked
 * without state, so that what passes here can only be refused by decide(). */
#ifndef HUYING_INTAKE_CHECK_H
#define HUYING_INTAKE_CHECK_H

#include "services/intake/intake.h"
#include "services/kernel/base/buf.h"

/* What is wrong with a field: name, English, Chinese; # stands for the limit. */
#define FAULT_TABLE(X)                                                                             \
    X(FAULT_NONE, "none", "nothing is wrong", "没有问题")                                          \
    X(FAULT_MISSING, "missing", "must be given, # to 64 characters", "必填，# 至 64 个字符")       \
    X(FAULT_LONG, "too_long", "is too long, at most # are taken", "过长，最多 #")                  \
    X(FAULT_MANY, "too_many", "has too many entries, at most # are taken", "条目过多，最多 # 条")  \
    X(FAULT_UTF8, "bad_utf8", "must be valid UTF-8 without NUL", "必须是不含 NUL 的有效 UTF-8")    \
    X(FAULT_CONTROL, "control_character", "must not have control characters", "不得含控制字符")    \
    X(FAULT_SPACE, "space", "must not have spaces", "不得含空格")                                  \
    X(FAULT_RANGE, "out_of_range", "must be a finite number of degrees from -# to #",              \
            "必须是 -# 至 # 度之间的有限数")                                                       \
    X(FAULT_PAIR, "incomplete", "must be given together with the other coordinate",                \
            "经纬度必须同时给出")                                                                  \
    X(FAULT_INSTANT, "out_of_range", "must be an instant from 1970 on and before 2100 (# ms)",     \
            "必须是 1970 年起、2100 年（# 毫秒）之前的时刻")                                       \
    X(FAULT_TYPE, "wrong_type", "has the wrong JSON type", "JSON 类型不对")                        \
    X(FAULT_TIME_FORMAT, "bad_time",                                                               \
            "must be RFC 3339 with an offset, like 2026-01-31T09:00:00+08:00",                     \
            "必须是带时区的 RFC 3339 时刻，如 2026-01-31T09:00:00+08:00")                          \
    X(FAULT_UNKNOWN_FIELD, "unknown_field", "is not a field of a report", "不是上报的字段")        \
    X(FAULT_OUTCOME, "unknown_outcome", "must be closed, withdrawn or referred_out",               \
            "必须是 closed、withdrawn 或 referred_out")                                            \
    X(FAULT_ID, "bad_id", "must be a positive id", "必须是正整数编号")                             \
    X(FAULT_COUNT, "out_of_range", "must be from 1 to #", "必须在 1 到 # 之间")                    \
    X(FAULT_INTENT, "unknown_intent",                                                              \
            "must be report, urge, inquiry, complaint, suggestion or praise, and what is to be "   \
            "answered cannot be settled",                                                          \
            "必须是 report、urge、inquiry、complaint、suggestion 或 praise；"                      \
            "需答复的事项不能当场处置")                                                            \
    X(FAULT_ABOUT, "not_together",                                                                 \
            "must be given with intent urge, and be another ticket than this one",                 \
            "只在 intent 为 urge 时给出，且不得是本工单号")                                        \
    X(FAULT_EVIDENCE, "unknown_evidence",                                                          \
            "must name known kinds, each once, 1 to # of it, like photo2+form",                    \
            "必须是已知的凭证种类，每种一次，1 至 # 份，如 photo2+form")                           \
    X(FAULT_SCORE, "out_of_range", "must be from 1 to #, or 0 with unsolved",                      \
            "必须在 1 到 # 之间；未解决时可为 0")                                                  \
    X(FAULT_LIMIT, "out_of_range", "must be from 0 to #", "必须在 0 到 # 之间")                    \
    X(FAULT_SPAN, "empty_span", "must lie behind where the span begins", "必须在区间起点之后")     \
    X(FAULT_PROTO, "bad_encoding", "is no protobuf message of its type",                           \
            "不是该类型的 protobuf 消息")                                                          \
    X(FAULT_MARKS, "too_many_marks", "must not have more than # accents upon one character",       \
            "同一字符上的附加符号不得超过 # 个")                                                   \
    X(FAULT_COORDINATES, "unknown_coordinates", "must be wgs84, cgcs2000 or gcj02",                \
            "必须是 wgs84、cgcs2000 或 gcj02")                                                     \
    X(FAULT_PHOTO, "no_photo_name", "must be a photo's name: # bytes, in JSON as hex digits",      \
            "必须是照片名称：# 字节，在 JSON 中为十六进制")                                        \
    X(FAULT_JOIN, "not_together", "must be given with a point and without another intent",         \
            "必须与经纬度一起给出，且不得有其他 intent")                                           \
    X(FAULT_CALLER, "empty_caller", "must have a name, phone, email, address, device or account",  \
            "必须有姓名、电话、邮箱、地址、设备或账号之一")                                        \
    X(FAULT_PHONE, "bad_phone", "must be 5 to # digits, + in front, with - and spaces",            \
            "必须是 5 至 # 位数字，可有前导 +，可用 - 和空格分隔")                                 \
    X(FAULT_EMAIL, "bad_email", "must be an address like name@example.org, at most # characters",  \
            "必须是 name@example.org 形式的邮箱，最多 # 个字符")                                   \
    X(FAULT_ID_NUMBER, "bad_id_number", "must be # digits of which the last one is right, or X",   \
            "必须是 # 位居民身份证号，且校验位正确")                                               \
    X(FAULT_FIXED, "fixed_by_code", "is said by the code that was scanned: leave it out",          \
            "由所扫的二维码确定，请去掉该字段")                                                    \
    X(FAULT_MATTERS, "not_of_code", "must be one of the # matters that the code offers",           \
            "必须是该二维码提供的 # 个事项之一")                                                   \
    X(FAULT_WHY, "too_short", "must say why, # to 200 characters", "必须说明原因，# 至 200 个字符")

enum fault_kind {
#define X(name, text, en, zh) name,
    FAULT_TABLE(X)
#undef X
};

struct fault {
    enum fault_kind kind; /* FAULT_NONE: all is well */
    const char *field;    /* "unit_codes"; static */
    int64_t limit;
};

/* The first fault of a report, of a withdrawal, of how a case ended. `ticket_field` is the name
 * that the ticket has on this way in. The texts must be NUL-terminated; `reporter` is decide()'s to
 * refuse. */
struct fault submission_check(const struct submission *submission, const char *ticket_field);
struct fault withdrawal_check(const struct withdrawal *withdrawal);
struct fault follow_up_check(const struct follow_up *follow_up);
struct fault correction_check(const struct correction *correction);
struct fault case_ended_check(const struct case_ended *ended);
struct fault reconcile_check(const struct reconcile_query *query);

/* Valid UTF-8 of at most so many characters, on one line; may be empty. */
struct fault line_check(const char *text, const char *field, size_t chars_max);

/* The same on several lines. */
struct fault words_check(const char *text, const char *field, size_t chars_max);
/* Coordinates that are known, and a point within them, if there is one. */
struct fault point_check(const struct submission *submission);

/* 1 to 64 visible characters of valid UTF-8, no spaces. */
struct fault ticket_check(const char *ticket, const char *field);

const char *fault_name(enum fault_kind kind);
/* Appends "field: sentence" in `language`. */
void fault_text(struct buf *out, const struct fault *fault, const char *language);

#endif
