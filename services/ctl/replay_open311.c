/* A replay's reports over Open311, as any client of a city would bring them: services are found by
 * their names, a report is a form, its ticket the Idempotency-Key; cancelling is an update. Open311
 * has no outcomes to be acknowledged, and does not say where a request was placed: that is asked of
 * the API of this site. */
#include <glib.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "services/ctl/replay_way.h"
#include "services/ctl/web.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define BASE "/open311/v2/"
#define FORM "Content-Type: application/x-www-form-urlencoded; charset=utf-8"
#define LOAD_MS 10000
#define TICKET_CHARS_MAX 64

struct open311_way {
    const struct ctl *ctl;
    struct web *web;
    GHashTable *services; /* name → code */
    GHashTable *numbers;  /* ticket → service_request_id */
};

/* One POST and what it needs for its time. */
struct form {
    char key[96], path[80];
    const char *head[3];
    GString *body;
};

static void form_add(struct form *form, const char *name, const char *value)
{
    g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
    g_string_append_printf(form->body, "%s%s=%s", form->body->len ? "&" : "", name, escaped);
}

static void form_add_degrees(struct form *form, const char *name, double degrees)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    form_add(form, name, g_ascii_dtostr(text, sizeof text, degrees));
}

static void form_add_instant(struct form *form, const char *name, int64_t at_ms)
{
    char text[INSTANT_SIZE];
    instant_format(text, at_ms, 0);
    if (at_ms)
        form_add(form, name, text);
}

static void form_begin(struct form *form, const char *path, const char *ticket)
{
    (void)snprintf(form->path, sizeof form->path, "%s", path);
    (void)snprintf(form->key, sizeof form->key, "Idempotency-Key: %.*s", TICKET_CHARS_MAX, ticket);
    form->head[0] = FORM;
    form->head[1] = form->key;
    form->head[2] = NULL;
    form->body = g_string_new(NULL);
}

static struct web_request form_request(const struct form *form)
{
    return (struct web_request){.path = form->path,
            .head = form->head,
            .body = form->body->str,
            .size = form->body->len};
}

static void report_form(struct form *form, const struct hotline_report *report, const char *service)
{
    g_autoptr(GString) codes = g_string_new(NULL);
    for (size_t i = 0; i < report->unit_code_count; i++)
        g_string_append_printf(codes, "%s%s", i ? " " : "", report->unit_codes[i]);
    form_begin(form, BASE "requests.json", report->ticket);
    form_add(form, "service_code", service);
    form_add(form, "description", report->text ? report->text : "");
    if (report->longitude != 0 || report->latitude != 0) {
        form_add_degrees(form, "lat", report->latitude);
        form_add_degrees(form, "long", report->longitude);
    } else {
        form_add(form, "address_string", codes->len ? codes->str : "?");
    }
    if (codes->len)
        form_add(form, "attribute[UNITS]", codes->str);
    form_add_instant(form, "attribute[REPORTED]", report->reported_ms);
    form_add_instant(form, "attribute[PROMISED]", report->promised_ms);
}

static json_t *answer_json(const struct web_request *request)
{
    return json_loadb(
            request->answer.data ? request->answer.data : "", request->answer.size, 0, NULL);
}

/* Text of a member of the only thing in a list; "" = none. Valid as long as `list`. */
static const char *first_text(const json_t *list, const char *name)
{
    const char *text = json_string_value(json_object_get(json_array_get(list, 0), name));
    return text ? text : "";
}

static void receipt_read(struct open311_way *way,
        const struct web_request *request,
        const char *ticket,
        struct hotline_receipt *receipt)
{
    json_t *list = answer_json(request);
    *receipt = (struct hotline_receipt){0};
    (void)text_copy(receipt->ticket, sizeof receipt->ticket, ticket, strlen(ticket));
    const char *number = first_text(list, "service_request_id");
    if (request->status == 200 && *number) {
        receipt->result = HOTLINE_ACCEPTED;
        (void)text_copy(receipt->number, sizeof receipt->number, number, strlen(number));
        g_hash_table_replace(way->numbers, g_strdup(ticket), g_strdup(number));
    } else if (request->status >= 400 && request->status < 500) {
        const char *why = first_text(list, "description");
        receipt->result = HOTLINE_REFUSED;
        (void)g_strlcpy(receipt->reason, "REFUSED", sizeof receipt->reason);
        (void)g_strlcpy(receipt->text, why, sizeof receipt->text);
    }
    json_decref(list);
}

/* At which level each accepted request was placed. */
static enum err levels_ask(
        struct open311_way *way, struct hotline_receipt *receipts, size_t count, int64_t timeout_ms)
{
    static struct web_request asks[HOTLINE_PUSH_MAX];
    static char paths[HOTLINE_PUSH_MAX][HOTLINE_NUMBER_SIZE + 16];
    size_t asked[HOTLINE_PUSH_MAX], ask_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (receipts[i].result != HOTLINE_ACCEPTED)
            continue;
        (void)snprintf(paths[ask_count], sizeof paths[0], "/v1/reports/%s", receipts[i].number);
        asks[ask_count] = (struct web_request){.path = paths[ask_count]};
        asked[ask_count++] = i;
    }
    enum err err = web_ask(way->web, asks, ask_count, timeout_ms);
    for (size_t i = 0; i < ask_count; i++) {
        json_t *view = answer_json(&asks[i]);
        const char *level = json_string_value(json_object_get(view, "level"));
        (void)g_strlcpy(
                receipts[asked[i]].level, level ? level : "", sizeof receipts[asked[i]].level);
        json_decref(view);
        buf_fini(&asks[i].answer);
    }
    return err;
}

static enum err open311_push(void *self,
        const struct hotline_report *reports,
        struct hotline_receipt *receipts,
        size_t count,
        int64_t timeout_ms)
{
    static struct web_request requests[HOTLINE_PUSH_MAX];
    static struct form forms[HOTLINE_PUSH_MAX];
    struct open311_way *way = self;
    must(count <= HOTLINE_PUSH_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *code = g_hash_table_lookup(way->services, reports[i].matter);
        report_form(&forms[i], &reports[i], code ? code : reports[i].matter);
        requests[i] = form_request(&forms[i]);
    }
    enum err err = web_ask(way->web, requests, count, timeout_ms);
    for (size_t i = 0; i < count; i++) {
        receipt_read(way, &requests[i], reports[i].ticket, &receipts[i]);
        if (receipts[i].result == HOTLINE_UNANSWERED)
            err = ERR_TRANSIENT;
        buf_fini(&requests[i].answer);
        (void)g_string_free(forms[i].body, TRUE);
    }
    return err ? err : levels_ask(way, receipts, count, timeout_ms);
}

static enum err open311_withdraw(void *self, const char *ticket, int64_t at_ms, int64_t timeout_ms)
{
    struct open311_way *way = self;
    struct form form;
    const char *number = g_hash_table_lookup(way->numbers, ticket);
    g_autofree char *update = g_strdup_printf("cancel-%s", ticket);
    if (!number) /* it was refused */
        return OK;
    form_begin(&form, BASE "servicerequestupdates.json", update);
    form_add(&form, "service_request_id", number);
    form_add(&form, "status", "closed");
    form_add(&form, "description", "cancelled");
    form_add_instant(&form, "updated_datetime", at_ms);
    struct web_request request = form_request(&form);
    enum err err = web_ask(way->web, &request, 1, timeout_ms);
    if (!err && request.status >= 500)
        err = ERR_TRANSIENT;
    buf_fini(&request.answer);
    (void)g_string_free(form.body, TRUE);
    return err;
}

static enum err open311_outcomes(void *self,
        int64_t after,
        struct hotline_outcome *ret,
        size_t room,
        size_t *ret_count,
        int64_t timeout_ms)
{
    (void)self;
    (void)after;
    (void)ret;
    (void)room;
    (void)timeout_ms;
    *ret_count = 0;
    return OK;
}

static enum err open311_acknowledge(void *self,
        const struct hotline_outcome *outcomes,
        size_t count,
        int64_t at_ms,
        int64_t timeout_ms)
{
    (void)self;
    (void)outcomes;
    (void)count;
    (void)at_ms;
    (void)timeout_ms;
    return OK;
}

static void open311_close(void *self)
{
    struct open311_way *way = self;
    web_destroy(&way->web);
    g_hash_table_destroy(way->services);
    g_hash_table_destroy(way->numbers);
    free(way);
}

static enum err services_load(struct open311_way *way)
{
    struct web_request request = {.path = BASE "services.json"};
    enum err err = web_ask(way->web, &request, 1, LOAD_MS);
    json_t *list = answer_json(&request), *service;
    size_t i;
    json_array_foreach(list, i, service)
    {
        const char *name = json_string_value(json_object_get(service, "service_name"));
        const char *code = json_string_value(json_object_get(service, "service_code"));
        if (name && code)
            g_hash_table_replace(way->services, g_strdup(name), g_strdup(code));
    }
    if (g_hash_table_size(way->services) == 0) {
        ctl_fail(way->ctl, "站点没有提供 Open311 服务(状态 %ld):样板里应有 open311.conf",
                "the site serves no Open311 services (status %ld): its profile needs open311.conf",
                request.status);
        err = ERR_NOT_FOUND;
    }
    json_decref(list);
    buf_fini(&request.answer);
    return err;
}

enum err replay_open311_open(const struct ctl *ctl, struct replay_way *ret)
{
    int port = web_port(ctl);
    if (!port)
        return ERR_NOT_FOUND;
    struct open311_way *way = must_memory(calloc(1, sizeof *way));
    way->ctl = ctl;
    way->web = web_new(port);
    way->services = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    way->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    *ret = (struct replay_way){.self = way,
            .push = open311_push,
            .withdraw = open311_withdraw,
            .outcomes = open311_outcomes,
            .acknowledge = open311_acknowledge,
            .close = open311_close};
    return services_load(way);
}
