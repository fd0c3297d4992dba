/* What a resident does on the page of a telephone, as the page would: over HTTP, from outside. He
 * reports and gets a number and a secret code; with both he looks at what has become of it. The
 * code is different on every site, so it is kept here and never told. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "services/ctl/drama.h"
#include "services/ctl/drama_page.h"
#include "services/ctl/names.h"
#include "services/ctl/scrape.h"
#include "services/ctl/web.h"
#include "services/kernel/base/must.h"

#define PATH "/v1/reports"

/* `head`: further lines; `body`: NULL = a GET. *ret_object is the caller's. */
static enum err page_ask(const struct drama *drama,
        const char *path,
        const char *head,
        const char *body,
        int *ret_status,
        json_t **ret_object)
{
    BUF_OWNED request = {0};
    BUF_OWNED answer = {0};
    int port = web_port(drama->ctl);
    if (port == 0)
        return ERR_NOT_FOUND;
    buf_add_format(&request, "%s %s HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept-Language: %s\r\n%s",
            body ? "POST" : "GET", path, drama->ctl->english ? "en" : "zh", head);
    if (body)
        buf_add_format(&request, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                strlen(body));
    buf_add_format(&request, "\r\n%s", body ? body : "");
    enum err err = scrape_ask(port, &request, CTL_CALL_MS, ret_status, &answer);
    if (err == OK && *ret_status == 503)
        err = ERR_TRANSIENT;
    if (err != OK)
        return err;
    *ret_object = json_loadb(answer.data ? answer.data : "", answer.size, 0, NULL);
    return json_is_object(*ret_object) ? OK : ERR_MALFORMED;
}

/* Text of a member, in the arena; "" when there is none. */
static const char *member(struct drama *drama, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? arena_text(&drama->arena, text, strlen(text)) : "";
}

static void member_set(json_t *object, const char *name, json_t *value)
{
    must(value && json_object_set_new(object, name, value) == 0);
}

static void instant_set(const struct drama *drama, json_t *object, const char *name, int64_t at_ms)
{
    char text[INSTANT_SIZE];
    instant_format(text, at_ms, drama->utc_offset_s);
    if (at_ms != 0)
        member_set(object, name, json_string(text));
}

static void evidence_set(json_t *object, const struct drama_report *report)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (int i = 0; i < report->evidence_count; i++)
        g_string_append_printf(text, "%s%s%d", i > 0 ? "+" : "",
                EVIDENCE_WORDS[report->evidence[i].kind], report->evidence[i].count);
    if (report->evidence_count > 0)
        member_set(object, "evidence", json_string(text->str));
}

static char *report_body(const struct drama *drama, const struct drama_report *report)
{
    json_t *object = json_pack("{s:s}", "text", report->text);
    must(object);
    if (*report->matter)
        member_set(object, "matter", json_string(report->matter));
    if (report->point[0] != 0 || report->point[1] != 0) {
        member_set(object, "longitude", json_real(report->point[0]));
        member_set(object, "latitude", json_real(report->point[1]));
    }
    if (*report->unit_code)
        member_set(object, "unit_codes", json_pack("[s]", report->unit_code));
    instant_set(drama, object, "reported_at", report->reported_ms);
    instant_set(drama, object, "promised_at", report->promised_ms);
    if (report->about) {
        member_set(object, "intent", json_string("urge"));
        member_set(object, "about", json_string(report->about));
    }
    if (report->to)
        member_set(object, "to", json_string(report->to));
    if (report->settled)
        member_set(object, "settled", json_true());
    evidence_set(object, report);
    char *text = json_dumps(object, JSON_COMPACT);
    must(text);
    json_decref(object);
    return text;
}

/* A problem's: what people are told, and its stable name. */
static struct drama_answer problem_answer(struct drama *drama, int status, const json_t *problem)
{
    return (struct drama_answer){.verdict = status == 404 ? VERDICT_NOT_FOUND : VERDICT_REFUSED,
            .word = status == 404 ? "" : member(drama, problem, "title"),
            .text = member(drama, problem, "detail")};
}

enum err drama_page_report(struct drama *drama,
        const struct drama_report *report,
        char ret_code[DRAMA_CODE_SIZE],
        struct drama_answer *ret)
{
    json_t *object = NULL;
    int status = 0;
    char *body = report_body(drama, report);
    g_autofree char *head = g_strdup_printf("Idempotency-Key: %s\r\n", report->ticket);
    enum err err = page_ask(drama, PATH, head, body, &status, &object);
    free(body);
    if (err == OK && status >= 300) {
        *ret = problem_answer(drama, status, object);
    } else if (err == OK) {
        *ret = (struct drama_answer){.verdict = status == 201 ? VERDICT_APPLIED : VERDICT_DUPLICATE,
                .word = "",
                .text = "",
                .case_id = g_ascii_strtoll(member(drama, object, "id"), NULL, 10),
                .number = member(drama, object, "number")};
        snprintf(ret_code, DRAMA_CODE_SIZE, "%s", member(drama, object, "code"));
    }
    json_decref(object);
    return err;
}

/* The case's own, another's, or one that is wrong in its first digit. */
static void code_choose(
        const struct drama *drama, const struct drama_row *row, char ret[DRAMA_CODE_SIZE])
{
    const char *which = drama_pair_find(&row->with, "code");
    const struct drama_case *of = &drama->cases[row->case_at];
    for (size_t i = 0; which && i < drama->file.alias_count; i++)
        if (strcmp(drama->file.aliases[i], which) == 0)
            of = &drama->cases[i];
    memcpy(ret, of->secret, DRAMA_CODE_SIZE);
    if (which && strcmp(which, DRAMA_CODE_WRONG) == 0)
        *ret = *ret == '0' ? '1' : '0';
}

/* The state as people call it, where it is, and what may be said of it. */
static const char *seen_text(struct drama *drama, const json_t *object)
{
    const struct ctl *ctl = drama->ctl;
    const char *said = member(drama, object, "follow_up"), *what = "";
    if (strcmp(said, "open") == 0)
        what = ctl->english ? ", may be commented on" : ",可以评价";
    else if (strcmp(said, "given") == 0)
        what = ctl->english ? ", commented on" : ",已评价";
    g_autofree char *text = g_strdup_printf("%s,%s%s",
            name_of(ctl, SERVICE_INTAKE, NAME_STATE, member(drama, object, "state")),
            member(drama, object, "unit_name"), what);
    return arena_text(&drama->arena, text, strlen(text));
}

enum err drama_page_follow(
        struct drama *drama, const struct drama_row *row, struct drama_answer *ret)
{
    json_t *object = NULL;
    int status = 0;
    char code[DRAMA_CODE_SIZE];
    code_choose(drama, row, code);
    g_autofree char *head = g_strdup_printf("Huying-Code: %s\r\n", code);
    g_autofree char *path = g_strdup_printf(PATH "/%s", drama->cases[row->case_at].number);
    enum err err = page_ask(drama, path, head, NULL, &status, &object);
    if (err == OK && status != 200)
        *ret = problem_answer(drama, status, object);
    else if (err == OK)
        *ret = (struct drama_answer){.word = "", .text = seen_text(drama, object)};
    json_decref(object);
    return err;
}
