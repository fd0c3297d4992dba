/* What the ways of Open311 (GeoReport v2, docs/open311.md) have in common: the fields of the
 * request, the jurisdiction that it is about, the errors of the answer in the format that the path
 * asks for. One struct open311 per call, in call->own. */
#ifndef HUYING_INTAKE_WAY_OPEN311_H
#define HUYING_INTAKE_WAY_OPEN311_H

#include "services/intake/call.h"
#include "services/intake/hotline/hotline.h"
#include "services/intake/http.h"
#include "services/intake/open311.h"
#include "services/intake/open311/doc.h"
#include "services/intake/open311/fields.h"
#include "services/intake/open311/jurisdiction.h"
#include "services/kernel/base/arena.h"

#define OPEN311_ERRORS_MAX 8
#define OPEN311_ERROR_SIZE 600
#define OPEN311_TOKEN_PREFIX "t"

/* Name, HTTP status, English, Chinese; # stands for the field, @ for the limit. The status is the
 * code in the body, too. */
/* clang-format off */
#define OPEN311_FAULT_TABLE(X)                                                                     \
    X(OPEN311_NONE, 200, "nothing is wrong", "没有问题")                                           \
    X(OPEN311_FORMAT, 404, "there are xml and json, not #", "只有 xml 和 json，没有 #")            \
    X(OPEN311_NO_JURISDICTION, 400, "jurisdiction_id was not provided", "未提供 jurisdiction_id")  \
    X(OPEN311_JURISDICTION, 404, "jurisdiction_id # was not found", "没有 jurisdiction_id #")      \
    X(OPEN311_NO_SERVICE, 400, "service_code was not provided", "未提供 service_code")             \
    X(OPEN311_SERVICE, 404, "service_code # was not found", "没有 service_code #")                 \
    X(OPEN311_KEY, 403, "api_key is missing or invalid; discovery says where to get one",          \
            "api_key 缺失或无效；申请方式见 discovery")                                            \
    X(OPEN311_KEY_ELSEWHERE, 403, "this api_key may not report to jurisdiction_id #",              \
            "该 api_key 不能向 jurisdiction_id # 上报")                                            \
    X(OPEN311_REQUIRED, 400, "# required", "必填：#")                                              \
    X(OPEN311_LOCATION, 400, "lat and long, or address_string, or address_id required",            \
            "必填：lat 和 long，或 address_string，或 address_id")                                 \
    X(OPEN311_DEGREES, 400, "# must be a number of degrees from -@ to @",                          \
            "# 必须是 -@ 至 @ 度之间的数")                                                         \
    X(OPEN311_LENGTH, 400, "# has more than @ characters", "# 超过 @ 个字符")                      \
    X(OPEN311_NUMBER, 400, "# must be a number", "# 必须是数")                                     \
    X(OPEN311_TIME, 400, "# must be a time with an offset, like 2010-01-01T00:00:00Z",             \
            "# 必须是带时区的时刻，如 2010-01-01T00:00:00Z")                                       \
    X(OPEN311_VALUE, 400, "# must be a key of the values that the service definition lists",       \
            "# 必须是服务定义所列取值的 key")                                                      \
    X(OPEN311_ATTRIBUTE, 400, "# is no attribute of this service", "该服务没有属性 #")             \
    X(OPEN311_TWICE, 400, "# stands there twice with different values", "# 出现两次且值不同")      \
    X(OPEN311_BODY, 400, "the body cannot be read: #", "正文无法读取：#")                          \
    X(OPEN311_MEDIA_TYPE, 400,                                                                     \
            "send application/x-www-form-urlencoded or multipart/form-data, in UTF-8",             \
            "请以 application/x-www-form-urlencoded 或 multipart/form-data、UTF-8 发送")           \
    X(OPEN311_REQUEST, 404, "service_request_id # was not found", "没有 service_request_id #")     \
    X(OPEN311_NO_REQUEST, 400, "service_request_id was not provided",                              \
            "未提供 service_request_id")                                                           \
    X(OPEN311_TOKEN, 404, "token # was not found", "没有 token #")                                 \
    X(OPEN311_STATUS, 400, "# must be open or closed", "# 必须是 open 或 closed")                  \
    X(OPEN311_MANY, 400, "# has more than @ entries", "# 超过 @ 项")                               \
    X(OPEN311_SPAN, 400, "start_date must lie before end_date, by @ days at most",                 \
            "start_date 必须早于 end_date，最多相隔 @ 天")                                         \
    X(OPEN311_RANGE, 400, "# must be a whole number from 1 to @", "# 必须是 1 至 @ 的整数")        \
    X(OPEN311_PHONE, 400, "# must be 5 to @ digits, + in front, with - and spaces",                \
            "# 必须是 5 至 @ 位数字，可有前导 +，可用 - 和空格分隔")                               \
    X(OPEN311_EMAIL, 400, "# must be an address like name@example.org, at most 120 characters",    \
            "# 必须是 name@example.org 形式的邮箱，最多 120 个字符")                               \
    X(OPEN311_LINE, 400, "# must be one line of text", "# 必须是一行文字")                         \
    X(OPEN311_URL, 400, "# must be an http or https address", "# 必须是 http 或 https 地址")       \
    X(OPEN311_MEDIA, 400, "# is a file, which this site does not take; give media_url",            \
            "本站不接受文件 #；请用 media_url")                                                    \
    X(OPEN311_MEDIA_LATE, 400,                                                                     \
            "# is a file, which is taken while the request is open, with words; give media_url",   \
            "文件 # 只能在办理期间随文字说明提交；请用 media_url")                                 \
    X(OPEN311_REFUSED, 400, "the report was refused: #", "上报被拒绝：#")                          \
    X(OPEN311_BUSY, 503, "nothing was stored; try again", "尚未保存，请重试")
/* clang-format on */

enum open311_fault {
#define X(name, status, en, zh) name,
    OPEN311_FAULT_TABLE(X)
#undef X
};

struct open311_error {
    unsigned code;
    char text[OPEN311_ERROR_SIZE];
};

struct open311 {
    struct arena arena; /* for fields and texts */
    struct fields fields;
    enum doc_format format;
    char name[ROUTE_NAME_SIZE]; /* in the path, without the format */
    bool trial;                 /* the test endpoint: everything is checked, nothing is kept */
    const struct jurisdictions *list;
    const struct jurisdiction *jurisdiction;
    const struct offered_service *service;
    struct open311_error errors[OPEN311_ERRORS_MAX];
    size_t error_count;
    const char *refused; /* by the loop's checks; NULL: not */
    struct open311_media *media; /* files that came along, in the arena */
    bool large;                  /* has one of the places for large bodies */
    void *more;          /* of one way, in the arena */
};

/* way.check of all: format and address, without the jurisdiction. */
void open311_check(struct call *call);
/* way.take: keeps why the loop refuses to read what it was told, such as too many marks over a
 * letter. */
void open311_take(
        struct call *call, const struct envelope *reply, const struct directory *directory);
/* way.end and way.problem of all. */
void open311_end(struct call *call);
void open311_problem(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body);
/* Adds an error. Those beyond the eighth are left out. */
void open311_fail(struct call *call, enum open311_fault fault, const char *field, int64_t limit);
/* Adds the error that the receipt refuses for, in both languages. */
void open311_refuse(struct call *call, const struct hotline_receipt *receipt);
/* False, with an error: there is none, or it must be named. */
bool open311_jurisdiction(struct call *call);
/* False, with an error: the jurisdiction has no such service. */
bool open311_service(struct call *call, const char *code);
/* The stages of a request with files (way_open311_media.c). The first is way.check; the second
 * looks for files, which then go to the desk of photos before the loop is asked. */
void open311_media_check(struct call *call);
void open311_media_read(struct call *call);
enum err open311_media_ask(
        struct call *call, const struct http_backend *backend, const struct local_command *command);
bool open311_media_again(struct call *call);
/* What the desk said of one file; call->aside falls with the last. False, with an error or a
 * problem. */
bool open311_media_taken(struct call *call);
/* The name of the first file's field; NULL: none came along. */
const char *open311_media_name(const struct call *call);
/* Names in the report what the desk has kept. */
void open311_media_show(const struct call *call, struct hotline_report *report);
/* Adds a line for each media_url; the first, or "". With an error when one is none. */
const char *open311_media_urls(struct call *call, struct buf *text);
void open311_media_end(struct call *call);
/* Adds the body's fields to those of the address; false, with an error. */
bool open311_body(struct call *call);
/* False, with an error: api_key may not report to the jurisdiction. */
bool open311_key(struct call *call);
/* A field's text, "" without it; with an error when it is too long or ambiguous. */
const char *open311_text(struct call *call, const char *name, size_t chars_max);
/* Who reports, in the arena. False: nobody is said, or what is said cannot be, with an error. */
bool open311_caller(struct call *call, struct hotline_caller *ret);
/* A time or a day. False: neither. */
bool open311_instant(const char *text, int64_t *ret_ms);
/* From start_date, end_date or the last 90 days before `now_ms`; false, with an error. */
bool open311_span(struct call *call, int64_t now_ms, struct requests_query *query);
/* The errors as the answer. True when there are any. */
bool open311_errors_answer(struct call *call, struct call_answer *answer, struct buf *body);
/* Begins an answer with status 200. */
struct doc *open311_answer(struct call *call, struct call_answer *answer);
struct open311 *open311_of(const struct call *call);

#endif
