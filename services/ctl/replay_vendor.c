/* A replay's reports over the hotline's HTTP, in the JSON of the profile's mapping demo.conf and
 * signed with the key that deploy/run made for it: what a vendor's own program does. */
#include <glib.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "services/ctl/replay_way.h"
#include "services/ctl/web.h"
#include "services/intake/vendor/sign.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define BASE "/hotline/v1/demo/"
#define KEYS "conf/vendors/demo.keys"
#define PATH_SIZE 128

struct vendor_way {
    const struct ctl *ctl;
    struct web *web;
    struct sign_keys keys;
    uint64_t nonces; /* so far */
    int64_t began_s;
};

/* One request, signed, with all that it needs for its time. */
struct letter {
    char path[PATH_SIZE], nonce[SIGN_NAME_SIZE], timestamp[24];
    char lines[5][SIGN_SIGNATURE_MAX + 40];
    const char *head[6];
    char *body; /* NULL: a GET */
};

static void letter_sign(struct vendor_way *way, struct letter *letter)
{
    const struct sign_key *key = &way->keys.list[0];
    const struct signed_request request = {.method = letter->body ? "POST" : "GET",
            .target = letter->path,
            .key = key->id,
            .timestamp = letter->timestamp,
            .nonce = letter->nonce};
    const char *body = letter->body ? letter->body : "";
    BUF_OWNED signature = {0};
    (void)snprintf(letter->timestamp, sizeof letter->timestamp, "%lld", (long long)time(NULL));
    (void)snprintf(letter->nonce, sizeof letter->nonce, "replay-%" PRId64 "-%" PRIu64, way->began_s,
            ++way->nonces);
    sign_shared(key, &request, (struct bytes){(const uint8_t *)body, strlen(body)}, &signature);
    const char *const parts[5][2] = {{"Content-Type: ", "application/json"},
            {"Huying-Key: ", key->id}, {"Huying-Timestamp: ", letter->timestamp},
            {"Huying-Nonce: ", letter->nonce}, {"Huying-Signature: ", signature.data}};
    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(letter->lines[i], sizeof letter->lines[i], "%s%s", parts[i][0], parts[i][1]);
        letter->head[i] = letter->lines[i];
    }
    letter->head[5] = NULL;
}

/* Takes `object` over; NULL: a GET. */
static struct web_request letter_write(
        struct vendor_way *way, struct letter *letter, const char *path, json_t *object)
{
    (void)snprintf(letter->path, sizeof letter->path, BASE "%s", path);
    letter->body = object ? must_memory(json_dumps(object, JSON_COMPACT)) : NULL;
    json_decref(object);
    letter_sign(way, letter);
    return (struct web_request){.path = letter->path,
            .head = letter->head,
            .body = letter->body,
            .size = letter->body ? strlen(letter->body) : 0};
}

static void letter_end(struct letter *letter, struct web_request *request)
{
    free(letter->body);
    buf_fini(&request->answer);
}

static void instant_add(json_t *object, const char *name, int64_t at_ms)
{
    char text[INSTANT_SIZE];
    instant_format(text, at_ms, 0);
    if (at_ms)
        must(json_object_set_new(object, name, json_string(text)) == 0);
}

static json_t *report_json(const struct hotline_report *report)
{
    json_t *codes = must_memory(json_array());
    for (size_t i = 0; i < report->unit_code_count; i++)
        must(json_array_append_new(codes, json_string(report->unit_codes[i])) == 0);
    json_t *object = must_memory(json_pack("{s:s, s:s, s:s, s:o}", "ticket", report->ticket,
            "matter", report->matter, "text", report->text ? report->text : "", "codes", codes));
    if (report->longitude != 0 || report->latitude != 0) {
        must(json_object_set_new(object, "longitude", json_real(report->longitude)) == 0);
        must(json_object_set_new(object, "latitude", json_real(report->latitude)) == 0);
    }
    instant_add(object, "reported_at", report->reported_ms);
    instant_add(object, "promised_at", report->promised_ms);
    return object;
}

static json_t *answer_json(const struct web_request *request)
{
    const struct buf *answer = &request->answer;
    return json_loadb(answer->data ? answer->data : "", answer->size, 0, NULL);
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void receipt_read(
        const struct web_request *request, const char *ticket, struct hotline_receipt *receipt)
{
    json_t *object = answer_json(request);
    *receipt = (struct hotline_receipt){0};
    (void)g_strlcpy(receipt->ticket, ticket, sizeof receipt->ticket);
    (void)g_strlcpy(receipt->number, member(object, "number"), sizeof receipt->number);
    (void)g_strlcpy(receipt->level, member(object, "level"), sizeof receipt->level);
    receipt->case_id = g_ascii_strtoll(member(object, "id"), NULL, 10);
    if (request->status == 200 || request->status == 201) {
        receipt->result = request->status == 201 ? HOTLINE_ACCEPTED : HOTLINE_DUPLICATE;
    } else if (request->status == 422) {
        receipt->result = HOTLINE_REFUSED;
        (void)g_strlcpy(receipt->reason, member(object, "title"), sizeof receipt->reason);
        (void)g_strlcpy(receipt->text, member(object, "detail"), sizeof receipt->text);
    }
    json_decref(object);
}

static enum err vendor_push(void *self,
        const struct hotline_report *reports,
        struct hotline_receipt *receipts,
        size_t count,
        int64_t timeout_ms)
{
    static struct web_request requests[HOTLINE_PUSH_MAX];
    static struct letter letters[HOTLINE_PUSH_MAX];
    struct vendor_way *way = self;
    must(count <= HOTLINE_PUSH_MAX);
    for (size_t i = 0; i < count; i++)
        requests[i] = letter_write(way, &letters[i], "report", report_json(&reports[i]));
    enum err err = web_ask(way->web, requests, count, timeout_ms);
    for (size_t i = 0; i < count; i++) {
        receipt_read(&requests[i], reports[i].ticket, &receipts[i]);
        if (receipts[i].result == HOTLINE_UNANSWERED)
            err = ERR_TRANSIENT;
        letter_end(&letters[i], &requests[i]);
    }
    return err;
}

/* OK: it was answered, whatever was said. */
static enum err status_err(const struct vendor_way *way, const struct web_request *request)
{
    if (request->status >= 500)
        return ERR_TRANSIENT;
    if (request->status != 401 && request->status != 404)
        return OK;
    ctl_fail(way->ctl, "站点拒绝了签名的请求(%ld):%s",
            "the site refused a signed request (%ld): %s", request->status,
            request->answer.data ? request->answer.data : "");
    return ERR_DENIED;
}

static enum err vendor_withdraw(void *self, const char *ticket, int64_t at_ms, int64_t timeout_ms)
{
    struct vendor_way *way = self;
    struct letter letter;
    json_t *object = must_memory(json_pack("{s:s, s:s}", "ticket", ticket, "reason", "cancelled"));
    instant_add(object, "at", at_ms);
    struct web_request request = letter_write(way, &letter, "withdraw", object);
    enum err err = web_ask(way->web, &request, 1, timeout_ms);
    if (!err)
        err = status_err(way, &request);
    letter_end(&letter, &request);
    return err;
}

static enum err vendor_outcomes(void *self,
        int64_t after,
        struct hotline_outcome *ret,
        size_t room,
        size_t *ret_count,
        int64_t timeout_ms)
{
    struct vendor_way *way = self;
    struct letter letter;
    json_t *item;
    size_t i;
    g_autofree char *path = g_strdup_printf("outcomes?after=%" PRId64 "&limit=%zu", after, room);
    struct web_request request = letter_write(way, &letter, path, NULL);
    enum err err = web_ask(way->web, &request, 1, timeout_ms);
    if (!err)
        err = status_err(way, &request);
    json_t *object = answer_json(&request);
    *ret_count = 0;
    json_array_foreach(json_object_get(object, "items"), i, item)
    {
        struct hotline_outcome *outcome = &ret[(*ret_count)++];
        *outcome = (struct hotline_outcome){0};
        outcome->case_id = g_ascii_strtoll(member(item, "id"), NULL, 10);
        outcome->round = (uint32_t)json_integer_value(json_object_get(item, "round"));
        if (*ret_count == room)
            break;
    }
    json_decref(object);
    letter_end(&letter, &request);
    return err;
}

static enum err vendor_acknowledge(void *self,
        const struct hotline_outcome *outcomes,
        size_t count,
        int64_t at_ms,
        int64_t timeout_ms)
{
    static struct web_request requests[HOTLINE_PUSH_MAX];
    static struct letter letters[HOTLINE_PUSH_MAX];
    struct vendor_way *way = self;
    must(count <= HOTLINE_PUSH_MAX);
    for (size_t i = 0; i < count; i++) {
        g_autofree char *id = g_strdup_printf("%" PRId64, outcomes[i].case_id);
        json_t *object =
                must_memory(json_pack("{s:s, s:i}", "id", id, "round", (int)outcomes[i].round));
        instant_add(object, "at", at_ms);
        requests[i] = letter_write(way, &letters[i], "outcome-ack", object);
    }
    enum err err = web_ask(way->web, requests, count, timeout_ms);
    for (size_t i = 0; i < count; i++) {
        if (!err)
            err = status_err(way, &requests[i]);
        letter_end(&letters[i], &requests[i]);
    }
    return err;
}

static void vendor_close(void *self)
{
    struct vendor_way *way = self;
    web_destroy(&way->web);
    explicit_bzero(&way->keys, sizeof way->keys);
    free(way);
}

enum err replay_vendor_open(const struct ctl *ctl, struct replay_way *ret)
{
    char path[CTL_PATH_SIZE];
    BUF_OWNED why = {0};
    int port = web_port(ctl);
    if (!port)
        return ERR_NOT_FOUND;
    struct vendor_way *way = must_memory(calloc(1, sizeof *way));
    way->ctl = ctl;
    way->began_s = time(NULL);
    way->web = web_new(port);
    *ret = (struct replay_way){.self = way,
            .push = vendor_push,
            .withdraw = vendor_withdraw,
            .outcomes = vendor_outcomes,
            .acknowledge = vendor_acknowledge,
            .close = vendor_close};
    ctl_path(ctl, path, KEYS);
    if (sign_keys_load(path, &way->keys, &why) == OK && way->keys.count)
        return OK;
    ctl_fail(ctl, "签名密钥不可用:%s。样板里应有 vendors/demo.conf,由 deploy/run 生成密钥",
            "the key to sign with cannot be used: %s. The profile needs vendors/demo.conf, for "
            "which "
            "deploy/run makes one",
            why.data ? why.data : path);
    return ERR_NOT_FOUND;
}
