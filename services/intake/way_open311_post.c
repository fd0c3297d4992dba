/* POST of a service request: the form's fields, checked against the service's definition, become a
 * report. What handlers read is the description with the answers to the service's questions behind
 * it, in their order; what anybody may see is the same, masked, and where it is. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <microhttpd.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "services/intake/codec.h"
#include "services/intake/hotline/codec.h"
#include "services/intake/open311.h"
#include "services/intake/way_open311.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/pure_text.h"

#define RECEIPT_ARENA_SIZE (256 << 10)
#define ANSWER_CHARS_MAX 500 /* of one attribute */
#define TICKET_BYTES 16

struct posted {
    struct hotline_report report;
    struct hotline_caller caller;
    struct listed listed;
    struct buf text, urls;
};

static bool media_type_is(const char *type, const char *name)
{
    size_t size = strlen(name);
    return type && strncasecmp(type, name, size) == 0 &&
           (!type[size] || strchr(" \t;", type[size]));
}

/* Adds what the body says to what the address said. */
bool open311_body(struct call *call)
{
    struct open311 *own = open311_of(call);
    char boundary[BOUNDARY_MAX + 1];
    const char *type = call_header(call, "Content-Type");
    const char *data = call->body.size ? call->body.data : "";
    const char *why = "";
    enum err err = OK;
    if (call_header(call, "Content-Encoding"))
        type = NULL;
    if (media_type_is(type, "application/x-www-form-urlencoded") && call->body.size > BODY_SIZE_MAX)
        problem_set(&call->problem, PROBLEM_BODY_SIZE, "body", BODY_SIZE_MAX);
    else if (media_type_is(type, "application/x-www-form-urlencoded"))
        err = fields_read_form(&own->fields, data, call->body.size, &why);
    else if (media_type_is(type, "multipart/form-data") && boundary_find(type, boundary))
        err = fields_read_parts(&own->fields, boundary, data, call->body.size, &why);
    else
        open311_fail(call, OPEN311_MEDIA_TYPE, "", 0);
    if (err)
        open311_fail(call, OPEN311_BODY, why, 0);
    return own->error_count == 0 && !call->problem.kind;
}

/* What decides whose and which request it is, and is read as one value. */
static void once_check(struct call *call)
{
    static const char *const names[] = {"api_key", "service_code", "updated_datetime"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (field_is_ambiguous(&open311_of(call)->fields, names[i]))
            open311_fail(call, OPEN311_TWICE, names[i], 0);
}

bool open311_key(struct call *call)
{
    struct open311 *own = open311_of(call);
    once_check(call);
    if (!call_admit(call, field_value(&own->fields, "api_key")))
        open311_fail(call, OPEN311_KEY, "", 0);
    else if (call->has_token && !jurisdiction_admits(own->jurisdiction, call->peer))
        open311_fail(call, OPEN311_KEY_ELSEWHERE, own->jurisdiction->id, 0);
    else if (call->has_token)
        call_source_check(call);
    return own->error_count == 0 && !call->problem.kind;
}

const char *open311_text(struct call *call, const char *name, size_t chars_max)
{
    const struct fields *fields = &open311_of(call)->fields;
    const char *text = field_value(fields, name);
    if (text_length(text, strlen(text)) > chars_max)
        open311_fail(call, OPEN311_LENGTH, name, (int64_t)chars_max);
    else if (field_is_ambiguous(fields, name))
        open311_fail(call, OPEN311_TWICE, name, 0);
    return text;
}

static bool number_read(const char *text, double *ret)
{
    char *end = NULL;
    errno = 0;
    double value = strtod(text, &end);
    bool plain = strspn(text, "+-.0123456789eE") == strlen(text);
    if (!plain || end == text || *end || errno || !isfinite(value))
        return false;
    *ret = value;
    return true;
}

static void degrees_read(struct call *call, const char *name, int limit, double *ret)
{
    const char *text = field_value(&open311_of(call)->fields, name);
    double value = 0;
    if (!number_read(text, &value) || fabs(value) > limit)
        open311_fail(call, OPEN311_DEGREES, name, limit);
    else if (field_is_ambiguous(&open311_of(call)->fields, name))
        open311_fail(call, OPEN311_TWICE, name, 0);
    *ret = value;
}

static void place_read(struct call *call, struct posted *posted)
{
    const struct fields *fields = &open311_of(call)->fields;
    bool lat = *field_value(fields, "lat") != 0;
    bool lon = *field_value(fields, "long") != 0;
    struct listed *listed = &posted->listed;
    listed->address = open311_text(call, "address_string", LISTED_ADDRESS_MAX);
    listed->address_id = open311_text(call, "address_id", LISTED_NAME_MAX);
    if (lat != lon || (!lat && !*listed->address && !*listed->address_id)) {
        open311_fail(call, OPEN311_LOCATION, "", 0);
        return;
    }
    if (!lat)
        return;
    degrees_read(call, "lat", 90, &posted->report.latitude);
    degrees_read(call, "long", 180, &posted->report.longitude);
}

/* "attribute[CODE]" or "attribute[CODE][]"; NULL: another field. */
static const char *attribute_code(const char *name, size_t *ret_size)
{
    static const char prefix[] = "attribute[";
    if (strncmp(name, prefix, strlen(prefix)) != 0)
        return NULL;
    const char *code = name + strlen(prefix);
    size_t size = strcspn(code, "]");
    if (strcmp(code + size, "]") != 0 && strcmp(code + size, "][]") != 0)
        return NULL;
    *ret_size = size;
    return code;
}

/* Attributes that the service does not have: a client that asks for others has an old list. */
static void attributes_check(struct call *call)
{
    struct open311 *own = open311_of(call);
    for (size_t i = 0; i < own->fields.count; i++) {
        size_t size = 0;
        const char *code = attribute_code(own->fields.list[i].name, &size);
        if (!code || attribute_find(own->service, code, size))
            continue;
        open311_fail(call, OPEN311_ATTRIBUTE, arena_text(&own->arena, code, size), 0);
    }
}

/* What handlers read of one value; NULL, with an error: it does not fit the attribute. */
static const char *value_read(
        struct call *call, const struct service_attribute *attribute, const char *text)
{
    double number = 0;
    int64_t at_ms = 0;
    switch (attribute->datatype) {
    case DATATYPE_NUMBER:
        if (number_read(text, &number))
            return text;
        open311_fail(call, OPEN311_NUMBER, attribute->code, 0);
        return NULL;
    case DATATYPE_DATETIME:
        if (open311_instant(text, &at_ms))
            return text;
        open311_fail(call, OPEN311_TIME, attribute->code, 0);
        return NULL;
    case DATATYPE_SINGLE:
    case DATATYPE_MULTI: {
        const struct attribute_value *value = value_find(attribute, text);
        if (!value)
            open311_fail(call, OPEN311_VALUE, attribute->code, 0);
        return value ? value->name : NULL;
    }
    case DATATYPE_STRING:
    case DATATYPE_TEXT:
        break;
    }
    if (text_length(text, strlen(text)) <= ANSWER_CHARS_MAX)
        return text;
    open311_fail(call, OPEN311_LENGTH, attribute->code, ANSWER_CHARS_MAX);
    return NULL;
}

/* True when the field answers the attribute. */
static bool field_answers(const struct field *field, const struct service_attribute *attribute)
{
    size_t size = 0;
    const char *code = attribute_code(field->name, &size);
    return code && !field->file && field->size && strlen(attribute->code) == size &&
           memcmp(attribute->code, code, size) == 0;
}

/* All values of one attribute, behind its question. */
static void attribute_read(
        struct call *call, const struct service_attribute *attribute, struct buf *out)
{
    struct open311 *own = open311_of(call);
    const char *first = NULL;
    for (size_t i = 0; i < own->fields.count; i++) {
        const struct field *field = &own->fields.list[i];
        if (!field_answers(field, attribute))
            continue;
        if (first && attribute->datatype != DATATYPE_MULTI) {
            if (strcmp(first, field->value) != 0)
                open311_fail(call, OPEN311_TWICE, attribute->code, 0);
            continue;
        }
        const char *value = value_read(call, attribute, field->value);
        buf_add_format(out, first ? ", %s" : "\n%s: %s", first ? value : attribute->description,
                value ? value : "");
        first = field->value;
    }
    if (!first && attribute->required)
        open311_fail(call, OPEN311_REQUIRED, attribute->code, 0);
}

/* The codes between blanks, in their order. */
static void codes_fill(struct call *call, const char *name, const char *text, struct posted *posted)
{
    struct hotline_report *report = &posted->report;
    for (size_t size; *(text += strspn(text, " ")); text += size) {
        size = strcspn(text, " ");
        if (report->unit_code_count == UNIT_CODES_MAX) {
            open311_fail(call, OPEN311_MANY, name, UNIT_CODES_MAX);
            return;
        }
        report->unit_codes[report->unit_code_count++] =
                arena_text(&open311_of(call)->arena, text, size);
    }
}

/* An answer that is a field of the report. */
static void attribute_fill(
        struct call *call, const struct service_attribute *attribute, struct posted *posted)
{
    struct open311 *own = open311_of(call);
    int64_t *at_ms = attribute->fills == FILLS_REPORTED_AT ? &posted->report.reported_ms
                                                           : &posted->report.promised_ms;
    const char *text = NULL;
    for (size_t i = 0; i < own->fields.count; i++) {
        const struct field *field = &own->fields.list[i];
        if (!field_answers(field, attribute))
            continue;
        if (text && strcmp(text, field->value) != 0)
            open311_fail(call, OPEN311_TWICE, attribute->code, 0);
        text = field->value;
    }
    if (!text && attribute->required)
        open311_fail(call, OPEN311_REQUIRED, attribute->code, 0);
    else if (text && attribute->fills == FILLS_UNIT_CODES)
        codes_fill(call, attribute->code, text, posted);
    else if (text && !open311_instant(text, at_ms))
        open311_fail(call, OPEN311_TIME, attribute->code, 0);
}

static void text_read(struct call *call, struct posted *posted)
{
    struct open311 *own = open311_of(call);
    const char *description = open311_text(call, "description", TEXT_CHARS_MAX);
    buf_add_text(&posted->text, description);
    attributes_check(call);
    for (size_t i = 0; i < own->service->attribute_count; i++) {
        const struct service_attribute *attribute = &own->service->attributes[i];
        if (attribute->variable && attribute->fills)
            attribute_fill(call, attribute, posted);
        else if (attribute->variable)
            attribute_read(call, attribute, &posted->text);
    }
    size_t lead = *description ? 0 : strspn(posted->text.data, "\n");
    size_t size = posted->text.size - lead;
    posted->listed.description = arena_text(&own->arena, posted->text.data + lead, size);
}

static void media_read(struct call *call, struct posted *posted)
{
    posted->listed.media_url = open311_media_urls(call, &posted->urls);
    open311_media_read(call);
}

static void ticket_make(struct call *call)
{
    unsigned char bytes[TICKET_BYTES];
    if (call_header_count(call, "Idempotency-Key")) {
        call_key_check(call);
        return;
    }
    randombytes_buf(bytes, sizeof bytes);
    must(sodium_bin2hex(call->key, sizeof call->key, bytes, sizeof bytes));
}

/* Behind the description: where it is, for handlers, when it is said in words. */
static void posted_encode(struct call *call, struct posted *posted)
{
    struct listed *listed = &posted->listed;
    struct open311 *own = open311_of(call);
    BUF_OWNED text = {0};
    buf_add_text(&text, listed->description);
    if (*listed->address)
        buf_add_format(&text, "\n地址 address: %s", listed->address);
    if (*listed->address_id)
        buf_add_format(&text, "\n地址编号 address_id: %s", listed->address_id);
    buf_add(&text, posted->urls.data, posted->urls.size);
    if (text_length(text.data, text.size) > TEXT_CHARS_MAX) {
        open311_fail(call, OPEN311_LENGTH,
                "description with attributes, address_string and media_url", TEXT_CHARS_MAX);
        return;
    }
    const char *begin = text.data + strspn(text.data, "\n");
    call->at_ms = posted->report.reported_ms;
    posted->report.ticket = call->key;
    posted->report.matter = own->service->matter;
    posted->report.text = begin;
    posted->report.about = posted->report.to = "";
    posted->report.wants_progress = own->jurisdiction->progress;
    listed->jurisdiction = own->jurisdiction->id;
    listed->service = own->service->code;
    hotline_report_encode(&posted->report, &call->payload);
    listed_encode(listed, &call->payload);
}

static bool post_read(struct call *call)
{
    struct open311 *own = open311_of(call);
    struct posted posted = {.report = {.ticket = ""}};
    if (own->error_count || !open311_body(call) || !open311_jurisdiction(call) ||
            !open311_key(call) || !open311_service(call, field_value(&own->fields, "service_code")))
        return false;
    text_read(call, &posted);
    place_read(call, &posted);
    media_read(call, &posted);
    if (open311_caller(call, &posted.caller))
        posted.report.caller = &posted.caller;
    ticket_make(call);
    if (!own->error_count && !call->problem.kind)
        posted_encode(call, &posted);
    buf_fini(&posted.text);
    buf_fini(&posted.urls);
    call->commands = true;
    call->type = INTAKE_SUBMIT;
    return !own->error_count && !call->problem.kind && !own->trial;
}

static void request_write(struct call *call, struct doc *doc, const char *id, const char *notice)
{
    bool token = open311_of(call)->jurisdiction->tokens;
    doc_list(doc, "service_requests", "request");
    doc_item(doc);
    doc_text(doc, token ? "token" : "service_request_id", id);
    doc_text(doc, "service_notice", notice);
    doc_text(doc, "account_id", "");
    doc_end(doc);
    doc_end(doc);
}

/* The receipt as Open311 says it: a token is the case's id, which is known at once, with a letter
 * before it, since many readers of XML make a number of what looks like one and lose digits; the id
 * that people are told is the case's number. */
static void receipt_write(struct call *call,
        const struct hotline_receipt *receipt,
        struct call_answer *answer,
        struct buf *body)
{
    char id[CASE_NUMBER_SIZE + 24];
    if (open311_of(call)->jurisdiction->tokens)
        (void)snprintf(id, sizeof id, OPEN311_TOKEN_PREFIX "%" PRId64, receipt->case_id);
    else
        (void)snprintf(id, sizeof id, "%s", receipt->number);
    struct doc *doc = open311_answer(call, answer);
    request_write(call, doc, id, "");
    doc_finish(&doc, body);
}

static void post_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    struct arena arena;
    struct hotline_receipt receipt;
    struct open311 *own = open311_of(call);
    (void)language;
    if (open311_errors_answer(call, answer, body))
        return;
    if (own->trial) {
        struct doc *doc = open311_answer(call, answer);
        request_write(call, doc, "0", "A test: nothing was kept. / 测试：未保存。");
        doc_finish(&doc, body);
        return;
    }
    arena_init(&arena, RECEIPT_ARENA_SIZE);
    if (own->refused)
        open311_fail(call, OPEN311_REFUSED, own->refused, 0);
    else if (call->verdict >= REPLY_FAILED ||
             hotline_receipt_decode(call_reply(call), &arena, &receipt) != OK)
        open311_fail(call, OPEN311_BUSY, "", 0);
    else if (receipt.result == HOTLINE_REFUSED)
        open311_refuse(call, &receipt);
    else
        receipt_write(call, &receipt, answer, body);
    arena_fini(&arena);
    (void)open311_errors_answer(call, answer, body);
}

const struct way way_open311_post = {.check = open311_media_check,
        .read = post_read,
        .ask = open311_media_ask,
        .take = open311_take,
        .again = open311_media_again,
        .answer = post_answer,
        .problem = open311_problem,
        .end = open311_media_end};
