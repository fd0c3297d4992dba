/* See way_open311.h; and the ways that need nothing but the file of jurisdictions: discovery, the
 * list of services, a service's definition. */
#include "services/intake/way_open311.h"
#include <glib.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <string.h>
#include "services/intake/intake.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define ARENA_SPARE (64 << 20) /* beside what comes of the body: rows of an answer */
#define TRIAL_PREFIX "/open311/test/"
#define SPECIFICATION "http://wiki.open311.org/GeoReport_v2"

struct open311 *open311_of(const struct call *call)
{
    must(call->own);
    return call->own;
}

void open311_end(struct call *call)
{
    struct open311 *own = call->own;
    if (!own)
        return;
    arena_fini(&own->arena);
    free(own);
    call->own = NULL;
}

struct fault_text {
    unsigned status;
    const char *en, *zh;
};

static const struct fault_text fault_texts[] = {
#define X(name, status, en, zh) [name] = {status, en, zh},
        OPEN311_FAULT_TABLE(X)
#undef X
};

static void sentence_add(struct buf *out, const char *text, const char *field, int64_t limit)
{
    for (; *text; text++) {
        if (*text == '#')
            buf_add_text(out, field);
        else if (*text == '@')
            buf_add_format(out, "%" PRId64, limit);
        else
            buf_add(out, text, 1);
    }
}

/* A name as it may stand in an answer: whoever asks chose its bytes. */
static char *name_tidy(const char *name)
{
    char *tidy = g_utf8_make_valid(name, -1);
    for (char *at = tidy; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    return tidy;
}

/* English first: clients look for the names of fields in it. */
static void fault_add(struct call *call,
        enum open311_fault fault,
        const char *field_en,
        const char *field_zh,
        int64_t limit)
{
    struct open311 *own = open311_of(call);
    BUF_OWNED text = {0};
    if (own->error_count == OPEN311_ERRORS_MAX)
        return;
    struct open311_error *error = &own->errors[own->error_count++];
    g_autofree char *en = name_tidy(field_en);
    g_autofree char *zh = name_tidy(field_zh);
    error->code = fault_texts[fault].status;
    sentence_add(&text, fault_texts[fault].en, en, limit);
    buf_add_text(&text, " / ");
    sentence_add(&text, fault_texts[fault].zh, zh, limit);
    (void)text_copy(error->text, sizeof error->text, text.data, text.size);
}

void open311_fail(struct call *call, enum open311_fault fault, const char *field, int64_t limit)
{
    fault_add(call, fault, field, field, limit);
}

void open311_refuse(struct call *call, const struct hotline_receipt *receipt)
{
    uint32_t reason = report_reason_find(receipt->reason);
    fault_add(call, OPEN311_REFUSED, report_reason_text(reason, "en"),
            report_reason_text(reason, "zh"), 0);
}

static enum MHD_Result argument_take(
        void *self, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct call *call = self;
    struct open311 *own = open311_of(call);
    const char *why = "";
    (void)kind;
    if (fields_add_escaped(&own->fields, name, value ? value : "", &why) == OK)
        return MHD_YES;
    open311_fail(call, OPEN311_BODY, why, 0);
    return MHD_NO;
}

/* "services.xml" gave the name "xml", "services/033.xml" the name "033.xml". */
static void format_take(struct call *call)
{
    struct open311 *own = open311_of(call);
    g_autofree char *name = name_tidy(call->name);
    const char *dot = strrchr(name, '.');
    const char *format = dot ? dot + 1 : name;
    if (strcmp(format, "json") == 0)
        own->format = DOC_JSON;
    else if (strcmp(format, "xml") != 0)
        open311_fail(call, OPEN311_FORMAT, format, 0);
    if (dot)
        (void)text_copy(own->name, sizeof own->name, name, (size_t)(dot - name));
}

void open311_check(struct call *call)
{
    const struct jurisdictions *list = call_file(call, FILE_OPEN311);
    if (!list) {
        problem_set(&call->problem, PROBLEM_PATH, "", -1);
        return;
    }
    struct open311 *own = must_memory(calloc(1, sizeof *own));
    call->own = own;
    own->list = list;
    own->trial = strncmp(call->route->path, TRIAL_PREFIX, strlen(TRIAL_PREFIX)) == 0;
    arena_init(&own->arena, 3 * call_body_max(call) + ARENA_SPARE);
    fields_init(&own->fields, &own->arena);
    format_take(call);
    (void)MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND, argument_take, call);
}

void open311_take(
        struct call *call, const struct envelope *reply, const struct directory *directory)
{
    struct open311 *own = open311_of(call);
    (void)directory;
    if (!call->aside && reply->verdict == REPLY_FAILED + ERR_MALFORMED && reply->text)
        own->refused = arena_text(&own->arena, reply->text, strlen(reply->text));
}

bool open311_jurisdiction(struct call *call)
{
    struct open311 *own = open311_of(call);
    const char *id = field_value(&own->fields, "jurisdiction_id");
    own->jurisdiction = jurisdiction_find(own->list, id);
    if (field_is_ambiguous(&own->fields, "jurisdiction_id"))
        open311_fail(call, OPEN311_TWICE, "jurisdiction_id", 0);
    else if (!own->jurisdiction)
        open311_fail(call, *id ? OPEN311_JURISDICTION : OPEN311_NO_JURISDICTION, id, 0);
    return own->error_count == 0;
}

bool open311_service(struct call *call, const char *code)
{
    struct open311 *own = open311_of(call);
    own->service = offered_service_find(own->jurisdiction, code);
    if (!own->service)
        open311_fail(call, *code ? OPEN311_SERVICE : OPEN311_NO_SERVICE, code, 0);
    return own->service != NULL;
}

static void errors_write(struct doc *doc, const struct open311_error *errors, size_t count)
{
    doc_list(doc, "errors", "error");
    for (size_t i = 0; i < count; i++) {
        doc_item(doc);
        doc_int(doc, "code", errors[i].code);
        doc_text(doc, "description", errors[i].text);
        doc_end(doc);
    }
    doc_end(doc);
}

struct doc *open311_answer(struct call *call, struct call_answer *answer)
{
    struct open311 *own = open311_of(call);
    answer->status = MHD_HTTP_OK;
    answer->type =
            own->format == DOC_XML ? "text/xml; charset=utf-8" : "application/json; charset=utf-8";
    return doc_new(own->format);
}

bool open311_errors_answer(struct call *call, struct call_answer *answer, struct buf *body)
{
    struct open311 *own = open311_of(call);
    if (!own->error_count)
        return false;
    struct doc *doc = open311_answer(call, answer);
    answer->status = own->errors[0].code;
    errors_write(doc, own->errors, own->error_count);
    doc_finish(&doc, body);
    return true;
}

/* What http.c and call.c found is told as Open311 tells it, once it is known that it is Open311. */
void open311_problem(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    BUF_OWNED detail = {0};
    call_problem_answer(call, language, answer, &detail);
    if (!call->own) {
        buf_add(body, detail.data, detail.size);
        return;
    }
    if (answer->status == MHD_HTTP_UNPROCESSABLE_CONTENT) /* which Open311 does not know */
        answer->status = MHD_HTTP_BAD_REQUEST;
    struct open311_error error = {.code = answer->status};
    detail.size = 0;
    problem_sentence(&call->problem, language, &detail);
    (void)text_copy(error.text, sizeof error.text, detail.data, detail.size);
    unsigned status = answer->status;
    struct doc *doc = open311_answer(call, answer);
    answer->status = status;
    errors_write(doc, &error, 1);
    doc_finish(&doc, body);
}

/* Nothing is asked of the loop. */
static bool discovery_read(struct call *call)
{
    (void)call;
    return false;
}

static bool services_read(struct call *call)
{
    if (!open311_of(call)->error_count)
        (void)open311_jurisdiction(call);
    return false;
}

static bool definition_read(struct call *call)
{
    struct open311 *own = open311_of(call);
    if (!own->error_count && open311_jurisdiction(call))
        (void)open311_service(call, own->name);
    return false;
}

static void endpoint_write(
        struct doc *doc, const struct jurisdictions *list, const char *path, const char *type)
{
    char changed[INSTANT_SIZE];
    BUF_OWNED url = {0};
    buf_add_format(&url, "%s/open311/%s", list->url, path);
    instant_format(changed, list->changed_ms, 0);
    doc_item(doc);
    doc_text(doc, "specification", SPECIFICATION);
    doc_text(doc, "url", url.data);
    doc_text(doc, "changeset", changed);
    doc_text(doc, "type", type);
    doc_list(doc, "formats", "format");
    doc_item_text(doc, "text/xml");
    doc_item_text(doc, "application/json");
    doc_end(doc);
    doc_end(doc);
}

/* Validators want the type without a charset here, and with one everywhere else. */
static void discovery_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    struct open311 *own = open311_of(call);
    char changed[INSTANT_SIZE];
    (void)language;
    if (open311_errors_answer(call, answer, body))
        return;
    struct doc *doc = open311_answer(call, answer);
    answer->type = own->format == DOC_XML ? "text/xml" : "application/json";
    instant_format(changed, own->list->changed_ms, 0);
    doc_object(doc, "discovery");
    doc_text(doc, "changeset", changed);
    doc_text(doc, "contact", own->list->contact);
    doc_text(doc, "key_service", own->list->key_service);
    doc_list(doc, "endpoints", "endpoint");
    endpoint_write(doc, own->list, "v2", "production");
    endpoint_write(doc, own->list, "test/v2", "test");
    doc_end(doc);
    doc_end(doc);
    doc_finish(&doc, body);
}

static void services_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    (void)language;
    if (open311_errors_answer(call, answer, body))
        return;
    const struct jurisdiction *jurisdiction = open311_of(call)->jurisdiction;
    struct doc *doc = open311_answer(call, answer);
    doc_list(doc, "services", "service");
    for (size_t i = 0; i < jurisdiction->service_count; i++) {
        const struct offered_service *service = &jurisdiction->services[i];
        doc_item(doc);
        doc_text(doc, "service_code", service->code);
        doc_text(doc, "service_name", service->name);
        doc_text(doc, "description", service->description);
        doc_flag(doc, "metadata", service->attribute_count > 0);
        doc_text(doc, "type", jurisdiction->tokens ? "batch" : "realtime");
        doc_text(doc, "keywords", service->keywords);
        doc_text(doc, "group", service->group);
        doc_end(doc);
    }
    doc_end(doc);
    doc_finish(&doc, body);
}

static void attribute_write(struct doc *doc, const struct service_attribute *attribute)
{
    doc_item(doc);
    doc_flag(doc, "variable", attribute->variable);
    doc_text(doc, "code", attribute->code);
    doc_text(doc, "datatype", datatype_name(attribute->datatype));
    doc_flag(doc, "required", attribute->required);
    doc_text(doc, "datatype_description", attribute->hint);
    doc_int(doc, "order", attribute->order);
    doc_text(doc, "description", attribute->description);
    if (attribute->value_count) {
        doc_list(doc, "values", "value");
        for (size_t i = 0; i < attribute->value_count; i++) {
            doc_item(doc);
            doc_text(doc, "key", attribute->values[i].key);
            doc_text(doc, "name", attribute->values[i].name);
            doc_end(doc);
        }
        doc_end(doc);
    }
    doc_end(doc);
}

static void definition_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body)
{
    (void)language;
    if (open311_errors_answer(call, answer, body))
        return;
    const struct offered_service *service = open311_of(call)->service;
    struct doc *doc = open311_answer(call, answer);
    doc_object(doc, "service_definition");
    doc_text(doc, "service_code", service->code);
    doc_list(doc, "attributes", "attribute");
    for (size_t i = 0; i < service->attribute_count; i++)
        attribute_write(doc, &service->attributes[i]);
    doc_end(doc);
    doc_end(doc);
    doc_finish(&doc, body);
}

const struct way way_open311_discovery = {.check = open311_check,
        .read = discovery_read,
        .answer = discovery_answer,
        .problem = open311_problem,
        .end = open311_end};
const struct way way_open311_services = {.check = open311_check,
        .read = services_read,
        .answer = services_answer,
        .problem = open311_problem,
        .end = open311_end};
const struct way way_open311_definition = {.check = open311_check,
        .read = definition_read,
        .answer = definition_answer,
        .problem = open311_problem,
        .end = open311_end};
