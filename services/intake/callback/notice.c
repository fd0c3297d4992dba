#include "services/intake/callback/notice.h"
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define WORD_SIZE 16
#define LINE_BYTES 57   /* make 76 characters of base 64, as MIME's lines may be */
#define HEADER_BYTES 39 /* of one encoded word, so that its line has 76, too */

enum form { FORM_JSON, FORM_PLAIN };

static const char *const plain_webhook =
        "{\"to\": \"${phone}\", \"id\": \"${id}\", \"number\": \"${number}\", \"state\": "
        "\"${state}\", \"text\": \"${said}${text}\"}";
static const char *const plain_mail = "Subject: ${number} ${said}\n\n${said}\n${text}\n";

const char *notice_template(enum notice_channel channel)
{
    return channel == NOTICE_MAIL ? plain_mail : plain_webhook;
}

static const char *notice_said(const struct notice *notice)
{
    if (notice->kind == STEP_ACCEPT)
        return "您反映的事项已受理。Your report was accepted.";
    if (notice->kind == STEP_REOPEN)
        return "您反映的事项已重新办理。Your report is being worked on again.";
    if (notice->kind == STEP_PROGRESS)
        return "您反映的事项正在办理。Your report is being worked on.";
    if (notice->state == REPORT_WITHDRAWN)
        return "您反映的事项已撤回。Your report was withdrawn.";
    if (notice->state == REPORT_REFERRED_OUT)
        return "您反映的事项已转交有权处理的单位。Your report was passed on to who is responsible.";
    return notice->round > 1
                   ? "您反映的事项经再次办理已办结。Your report was worked on again and closed."
                   : "您反映的事项已办结。Your report was closed.";
}

struct notice notice_of(const struct callback *callback)
{
    struct notice notice = {.key = callback->key,
            .lease = callback->lease,
            .tries = callback->tries,
            .kind = callback->kind,
            .state = callback->state,
            .at_ms = callback->at_ms,
            .round = callback->round,
            .utc_offset_s = callback->utc_offset_s};
    bool ends = callback->kind == STEP_END;
    must(callback->state >= REPORT_NONE && callback->state <= REPORT_REFERRED_OUT);
    case_number_format(notice.number, callback->letters, callback->key.agg, callback->accepted_ms,
            callback->utc_offset_s);
    (void)text_copy(notice.ticket, sizeof notice.ticket, callback->ref, strlen(callback->ref));
    if (ends)
        (void)text_copy(
                notice.text, sizeof notice.text, callback->outcome, strlen(callback->outcome));
    return notice;
}

/* What may stand in a mail's envelope and header as it is. */
static bool email_plain(const char *text)
{
    const char *at = strchr(text, '@');
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c > '~' || strchr("<>()[]\\,;:\"", *c))
            return false;
    return at && at > text && at[1] && !strchr(at + 1, '@');
}

bool notice_wanted(const struct notice *notice,
        const struct notice_adapter *adapter,
        const struct contact *contact)
{
    bool has = adapter->channel == NOTICE_MAIL ? email_plain(contact->email) : *contact->phone;
    return has && (notice->kind != STEP_ACCEPT || strcmp(contact->ticket, notice->ticket) == 0);
}

void notice_id(const struct notice *notice, size_t contact, char ret[NOTICE_ID_SIZE])
{
    char id[EVENT_ID_SIZE];
    event_id(&notice->key, id);
    (void)snprintf(ret, NOTICE_ID_SIZE, "%s_%zu", id, contact);
}

static void value_add(struct buf *out, const char *value, enum form form)
{
    if (form == FORM_PLAIN) {
        buf_add_text(out, value);
        return;
    }
    json_t *text = must_memory(json_string(value));
    char *quoted = must_memory(json_dumps(text, JSON_ENCODE_ANY));
    buf_add(out, quoted + 1, strlen(quoted) - 2);
    free(quoted);
    json_decref(text);
}

/* NULL: no such word. `ret` is room for what is made. */
static const char *word_find(const char *word,
        const struct notice *notice,
        const struct contact *contact,
        const char *id,
        char ret[INSTANT_SIZE])
{
    const struct {
        const char *word, *value;
    } table[] = {{"number", notice->number},
            {"state", notice->kind == STEP_REOPEN ? "reopened" : report_state_names[notice->state]},
            {"said", notice_said(notice)}, {"text", notice->text}, {"name", contact->name},
            {"phone", contact->phone}, {"email", contact->email}, {"id", id}, {"at", ret}};
    instant_format(ret, notice->at_ms, notice->utc_offset_s);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].word, word) == 0)
            return table[i].value;
    return NULL;
}

/* False: a word that there is not, which is then in `ret_wrong`. */
static bool template_fill(const char *template,
        enum form form,
        const struct notice *notice,
        const struct contact *contact,
        const char *id,
        struct buf *out,
        char ret_wrong[WORD_SIZE])
{
    char made[INSTANT_SIZE];
    for (const char *open; (open = strstr(template, "${"));) {
        size_t size = strcspn(open + 2, "}");
        (void)snprintf(ret_wrong, WORD_SIZE, "%.*s", (int)(size < WORD_SIZE ? size : WORD_SIZE - 1),
                open + 2);
        const char *value = word_find(ret_wrong, notice, contact, id, made);
        if (!value || open[2 + size] != '}')
            return false;
        buf_add(out, template, (size_t)(open - template));
        value_add(out, value, form);
        template = open + 2 + size + 1;
    }
    buf_add_text(out, template);
    return true;
}

enum err notice_template_check(const struct notice_adapter *adapter, struct buf *why)
{
    static const struct notice notice = {.number = "TT-20180101-0000001-0"};
    static const struct contact contact = {.name = "\"\\"};
    char wrong[WORD_SIZE] = "";
    BUF_OWNED text = {0};
    enum form form = adapter->channel == NOTICE_WEBHOOK ? FORM_JSON : FORM_PLAIN;
    if (!template_fill(adapter->template, form, &notice, &contact, "", &text, wrong)) {
        buf_add_format(why,
                "[notice] template: \"${%s\" is no word: expected ${number} ${state} ${said} "
                "${text} ${name} ${phone} ${email} ${id} ${at}",
                wrong);
        return ERR_MALFORMED;
    }
    json_t *root = form == FORM_JSON ? json_loadb(text.data, text.size, 0, NULL) : NULL;
    json_decref(root);
    if (form == FORM_JSON && !root) {
        buf_add_text(
                why, "[notice] template: expected a JSON object, whose strings have the words");
        return ERR_MALFORMED;
    }
    const char *end = strstr(adapter->template, "\n\n");
    if (form == FORM_PLAIN && (strncmp(adapter->template, "Subject: ", 9) != 0 || !end ||
                                      memchr(adapter->template, '\n',
                                              1 + (size_t)(end - adapter->template)) != end)) {
        buf_add_text(
                why, "[notice] template: expected the line \"Subject: …\", an empty one, text");
        return ERR_MALFORMED;
    }
    return OK;
}

void notice_body(const struct notice_adapter *adapter,
        const struct notice *notice,
        const struct contact *contact,
        const char *id,
        struct buf *out)
{
    char wrong[WORD_SIZE];
    must(template_fill(adapter->template, FORM_JSON, notice, contact, id, out, wrong));
}

/* As many whole characters as fit. */
static size_t characters_fit(const char *text, size_t size, size_t room)
{
    if (size <= room)
        return size;
    while (room > 0 && ((uint8_t)text[room] & 0xc0) == 0x80)
        room--;
    return room;
}

static void base64_add(struct buf *out, const char *text, size_t size)
{
    char line[4 * LINE_BYTES / 3 + 5];
    (void)sodium_bin2base64(
            line, sizeof line, (const uint8_t *)text, size, sodium_base64_VARIANT_ORIGINAL);
    buf_add_text(out, line);
}

/* A header's words in UTF-8 (RFC 2047); control characters, which would begin another header, are
 * in the base 64 alone. */
static void header_encode(struct buf *out, const char *name, const char *value, size_t size)
{
    buf_add_format(out, "%s:", name);
    for (size_t at = 0; at < size;) {
        size_t part = characters_fit(value + at, size - at, HEADER_BYTES);
        buf_add_text(out, at ? "\r\n =?UTF-8?B?" : " =?UTF-8?B?");
        base64_add(out, value + at, part);
        buf_add_text(out, "?=");
        at += part;
    }
    buf_add_text(out, "\r\n");
}

static void date_add(struct buf *out, int64_t at_ms)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[INSTANT_SIZE];
    instant_format(text, at_ms, 0); /* 2018-01-01T00:00:09Z */
    long month = strtol(text + 5, NULL, 10);
    must(month >= 1 && month <= 12);
    buf_add_format(out, "Date: %s, %.2s %s %.4s %.8s +0000\r\n", days[(at_ms / 86400000) % 7],
            text + 8, months[month - 1], text, text + 11);
}

void notice_mail(const struct notice_adapter *adapter,
        const struct notice *notice,
        const struct contact *contact,
        const char *id,
        struct buf *out)
{
    char wrong[WORD_SIZE];
    BUF_OWNED filled = {0};
    must(template_fill(adapter->template, FORM_PLAIN, notice, contact, id, &filled, wrong));
    const char *subject = filled.data + strlen("Subject: ");
    const char *end = strstr(subject, "\n\n");
    must(end);
    const char *host = strchr(adapter->from, '@');
    buf_add_format(out, "From: <%s>\r\nTo: <%s>\r\n", adapter->from, contact->email);
    header_encode(out, "Subject", subject, (size_t)(end - subject));
    date_add(out, notice->at_ms);
    buf_add_format(out, "Message-ID: <%s%s>\r\n", id, host ? host : "@localhost");
    buf_add_text(out,
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n");
    size_t size = filled.size - (size_t)(end + 2 - filled.data);
    for (size_t at = 0; at < size; at += LINE_BYTES) {
        base64_add(out, end + 2 + at, size - at < LINE_BYTES ? size - at : LINE_BYTES);
        buf_add_text(out, "\r\n");
    }
}
