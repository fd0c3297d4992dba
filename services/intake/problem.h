/* What HTTP says when it refuses: RFC 9457 problem details, one line of the table each. `type` is a
 * URN made of the name, `field` and `limit` say where and how much, `detail` is a sentence for
 * people. */
#ifndef HUYING_INTAKE_PROBLEM_H
#define HUYING_INTAKE_PROBLEM_H

#include <stdbool.h>
#include <stdint.h>
#include "services/intake/check.h"
#include "services/intake/photo/photo.h"
#include "services/kernel/base/buf.h"

#define PROBLEM_FIELD_SIZE 72
#define PROBLEM_EXTRA_SIZE 128

/* Kind, status, name, English, Chinese; # stands for the limit. */
#define PROBLEM_TABLE(X)                                                                           \
    X(PROBLEM_NONE, 200, "none", "nothing is wrong", "没有问题")                                   \
    X(PROBLEM_PATH, 404, "no_such_path", "there is no such path; docs/integration.md lists them",  \
            "没有该路径；见 docs/integration.md")                                                  \
    X(PROBLEM_REPORT, 404, "no_such_report", "no report of yours has this id or number",           \
            "您没有该编号的上报")                                                                  \
    X(PROBLEM_FOLLOW, 404, "no_such_report",                                                       \
            "no report has this number and this code; check both on your receipt",                 \
            "没有编号与查询码相符的上报；请对照回执核对两者")                                      \
    X(PROBLEM_METHOD, 405, "method_not_allowed", "this path does not know the method, see Allow",  \
            "该路径不支持此方法，见 Allow")                                                        \
    X(PROBLEM_LENGTH, 400, "ambiguous_length",                                                     \
            "give the length once: # Content-Length, or Transfer-Encoding: chunked without it",    \
            "长度只能给出一次：# 个 Content-Length，或不带它的 Transfer-Encoding: chunked")        \
    X(PROBLEM_BODY_SIZE, 413, "body_too_large", "the body has more than # bytes",                  \
            "正文超过 # 字节")                                                                     \
    X(PROBLEM_HEADERS, 431, "headers_too_large", "the header fields have more than # bytes",       \
            "请求头超过 # 字节")                                                                   \
    X(PROBLEM_MEDIA_TYPE, 415, "unsupported_media_type",                                           \
            "send JSON as application/json, in UTF-8, without Content-Encoding",                   \
            "请以 application/json、UTF-8 发送，不带 Content-Encoding")                            \
    X(PROBLEM_TOKEN, 401, "unauthorized", "send a valid token: Authorization: Bearer …",           \
            "请提供有效令牌：Authorization: Bearer …")                                             \
    X(PROBLEM_LOOPBACK, 403, "loopback_only",                                                      \
            "without a list of tokens only this machine itself may ask; set [intake] tokens",      \
            "未配置令牌时只接受本机请求；请设置 [intake] tokens")                                  \
    X(PROBLEM_KEY, 400, "idempotency_key",                                                         \
            "give one key of 1 to # visible ASCII characters; the same key again is safe",         \
            "请给出一个 1 至 # 个可见 ASCII 字符的键；重复使用是安全的")                           \
    X(PROBLEM_JSON, 400, "bad_json", "the body is no JSON object", "正文不是 JSON 对象")           \
    X(PROBLEM_JSON_DEEP, 400, "json_too_deep", "nested deeper than # levels", "嵌套超过 # 层")     \
    X(PROBLEM_JSON_KEYS, 400, "duplicate_key", "a key stands # times at most in an object",        \
            "同一对象中每个键最多出现 # 次")                                                       \
    X(PROBLEM_JSON_NUMBER, 400, "number_overflow", "a number is beyond ±1.8e308",                  \
            "数值超出 ±1.8e308")                                                                   \
    X(PROBLEM_JSON_NUL, 400, "nul_character", "\\u0000 is not allowed", "不允许 \\u0000")          \
    X(PROBLEM_JSON_UTF8, 400, "bad_utf8", "the body is not valid UTF-8", "正文不是有效的 UTF-8")   \
    X(PROBLEM_FIELD, 422, "bad_field", "a field breaks its limit", "字段不符合限制")               \
    X(PROBLEM_REFUSED, 422, "refused", "the report was refused", "上报被拒绝")                     \
    X(PROBLEM_VENDOR, 404, "no_such_vendor", "no such vendor is configured here",                  \
            "这里没有配置该厂商")                                                                  \
    X(PROBLEM_UNSIGNED, 401, "unsigned",                                                           \
            "send this header field once, in its format, at most # characters",                    \
            "请按格式给出该请求头，只给一次，最多 # 个字符")                                       \
    X(PROBLEM_STALE, 401, "stale_timestamp",                                                       \
            "the timestamp is more than # seconds from the site's clock (see Date)",               \
            "时间戳与本站时钟相差超过 # 秒（见 Date）")                                            \
    X(PROBLEM_SIGNATURE, 401, "wrong_signature",                                                   \
            "this is not the signature of this request by this key",                               \
            "签名与该请求和密钥不符")                                                              \
    X(PROBLEM_REPLAYED, 401, "nonce_used",                                                         \
            "this nonce was used before; sign each request with a new one",                        \
            "该随机串已经用过；每次请求请用新的随机串重新签名")                                    \
    X(PROBLEM_UNSENT, 422, "missing", "nothing stands here, and it is needed",                     \
            "此处没有内容，而它是必需的")                                                          \
    X(PROBLEM_UNMAPPED, 422, "unmapped", "what stands here cannot be read",                        \
            "此处的内容无法识别")                                                                  \
    X(PROBLEM_BUSY, 503, "busy", "nothing was stored; try again with the same key",                \
            "尚未保存；请用同一键重试")                                                            \
    X(PROBLEM_PHOTO, 422, "photo", "the photo cannot be taken", "照片无法接收")                    \
    X(PROBLEM_NO_PHOTO, 404, "no_such_photo", "no photo of yours has this name",                   \
            "没有该名称的照片")                                                                    \
    X(PROBLEM_NO_PHOTOS, 501, "no_photos",                                                         \
            "this site takes no photos; its operator can set [intake] photos",                     \
            "本站点不接收照片；可由运维人员设置 [intake] photos")                                  \
    X(PROBLEM_QR, 404, "no_such_code",                                                             \
            "there is no such code here; scan it again, or say it to the hotline 12345",           \
            "本站没有这个二维码；请重新扫描，或拨打 12345")                                        \
    X(PROBLEM_QR_GONE, 410, "code_withdrawn",                                                      \
            "this code is no longer in use; say it to the hotline 12345",                          \
            "这个二维码已停用；请拨打 12345 反映")                                                 \
    X(PROBLEM_QR_KIND, 404, "not_for_that", "this code is for something else; GET it to see what", \
            "该二维码不用于此；请先用 GET 查看它的用途")                                           \
    X(PROBLEM_HELPER, 403, "no_helper",                                                            \
            "give staff code and key of a helper of this person, with a space between them; an "   \
            "operator makes a new key (huyingctl qr helper)",                                      \
            "请给出该对象帮扶人的工号和密钥，以空格分隔；密钥可由运维人员重发"                     \
            "（huyingctl qr helper）")                                                             \
    X(PROBLEM_LATE, 503, "no_answer_yet",                                                          \
            "no answer within # ms; try again with the same key, which is safe",                   \
            "# 毫秒内没有结果；请用同一键重试，这是安全的")                                        \
    X(PROBLEM_RATE, 429, "too_many_requests",                                                      \
            "more was asked than is taken in that time; nothing was stored; try again in # s",     \
            "请求过于频繁，尚未保存；请在 # 秒后重试")

enum problem_kind {
#define X(name, status, text, en, zh) name,
    PROBLEM_TABLE(X)
#undef X
};

struct problem {
    enum problem_kind kind;
    char field[PROBLEM_FIELD_SIZE]; /* "" = none */
    int64_t limit;
    bool has_limit;
    struct fault fault; /* PROBLEM_FIELD */
    uint32_t reason;    /* PROBLEM_REFUSED: enum report_reason */
    enum photo_fault photo; /* PROBLEM_PHOTO */
    char extra[PROBLEM_EXTRA_SIZE]; /* PROBLEM_JSON…: where in the body; "" = nothing more */
};

/* Sets kind and field; `limit` < 0 = none. */
void problem_set(struct problem *problem, enum problem_kind kind, const char *field, int64_t limit);
/* A field's fault; `field` as the sender wrote it. */
void problem_set_fault(struct problem *problem, const struct fault *fault);
void problem_set_reason(struct problem *problem, uint32_t reason);
void problem_set_photo(struct problem *problem, enum photo_fault fault);

unsigned problem_status(const struct problem *problem);
/* Appends the sentence alone. */
void problem_sentence(const struct problem *problem, const char *language, struct buf *out);
/* Appends application/problem+json in `language` ("zh" or "en"). */
void problem_format(const struct problem *problem, const char *language, struct buf *out);

#endif
