/* Intake's HTTP API behind libmicrohttpd: the body of a report, the name of one that is asked for,
 * and the loop's answers. A body that is taken becomes a message that intake's own decoder takes; a
 * refusal is problem details in both languages that are JSON and name something. */
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "services/intake/call.h"
#include "services/intake/codec.h"
#include "services/intake/follow.h"
#include "services/intake/form.h"
#include "services/intake/qr.h"
#include "services/intake/way_qr.h"

#define ARENA_LIMIT ((size_t)32 << 20)
#define FOLLOWED 42 /* the id in the seeds */

static struct follow_keys keys = {.count = 2, .list = {{1}, {2}}};
static struct file follow = {1, FILE_FOLLOW, &keys};

static void route_set(struct call *call, const char *method, const char *url)
{
    call->route = route_find(method, url, call->name, call->allow);
    must(call->route != NULL);
}

static void answer_claim(struct call *call, const char *language)
{
    BUF_OWNED body = {0};
    struct call_answer answer = {.type = "application/json"};
    call_answer(call, language, &answer, &body);
    must(answer.status >= 200 && answer.status < 600 && body.size > 0);
    json_t *object = json_loadb(body.data, body.size, JSON_REJECT_DUPLICATES, NULL);
    must(json_is_object(object));
    if (answer.status >= 300) {
        fuzz_reason(json_string_value(json_object_get(object, "detail")));
        fuzz_reason(json_string_value(json_object_get(object, "type")));
        must(json_integer_value(json_object_get(object, "status")) == answer.status);
    }
    json_decref(object);
}

static void answers_claim(struct call *call)
{
    answer_claim(call, "zh");
    answer_claim(call, "en");
}

static void body_try(struct call *call, const uint8_t *data, size_t size)
{
    const void *body = NULL;
    const char *why = NULL;
    if (size > BODY_SIZE_MAX)
        return;
    route_set(call, "POST", "/v1/reports");
    memcpy(call->key, "K-1", sizeof "K-1");
    buf_add(&call->body, data, size);
    if (!call_read(call)) {
        answers_claim(call);
        return;
    }
    struct bytes payload = {(const uint8_t *)call->payload.data, call->payload.size};
    must(submission_decode(payload, fuzz_arena(ARENA_LIMIT), &body, &why) == OK);
}

static void name_try(struct call *call, const uint8_t *data, size_t size)
{
    if (size >= sizeof call->name || memchr(data, 0, size) != NULL)
        return;
    route_set(call, "GET", "/v1/reports/1");
    memcpy(call->name, data, size);
    call->name[size] = 0;
    if (!call_read(call))
        answers_claim(call);
}

static void reply_try(struct call *call, const uint8_t *data, size_t size, bool posts)
{
    route_set(call, posts ? "POST" : "GET", posts ? "/v1/reports" : "/v1/reports/1");
    const struct envelope reply = {.payload = {data, size}, .text = ""};
    call_take_reply(call, &reply, NULL);
    answers_claim(call);
}

/* What is readable is ten digits, and fits only as the very code that was made. */
static void code_try(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size), made[FOLLOW_CODE_SIZE];
    const struct follow_code code = follow_code_read(text);
    follow_code_make(&keys, FOLLOWED, made);
    const struct follow_code right = follow_code_read(made);
    must(!code.readable || strlen(text) == FOLLOW_DIGITS || strlen(text) == FOLLOW_DIGITS + 1);
    must(right.readable && follow_code_fits(&keys, FOLLOWED, &right));
    if (code.readable && memcmp(code.digits, right.digits, FOLLOW_DIGITS) == 0)
        must(follow_code_fits(&keys, FOLLOWED, &code));
    if (!code.readable)
        must(!follow_code_fits(&keys, FOLLOWED, &code));
    free(text);
}

/* The code of FOLLOWED is given: of no other report is anything shown, and of that one not who
 * reported it. */
static void follow_try(struct call *call, const uint8_t *data, size_t size)
{
    BUF_OWNED body = {0};
    struct call_answer answer = {.type = "application/json"};
    char made[FOLLOW_CODE_SIZE];
    const struct envelope reply = {.payload = {data, size}, .text = ""};
    follow_code_make(&keys, FOLLOWED, made);
    route_set(call, "GET", "/v1/reports/1");
    call->follows = true;
    call->code = follow_code_read(made);
    call_take_reply(call, &reply, NULL);
    call_answer(call, "zh", &answer, &body);
    json_t *object = json_loadb(body.data, body.size, JSON_REJECT_DUPLICATES, NULL);
    must(json_is_object(object));
    must((answer.status == 200) == call->fits);
    must(!json_object_get(object, "source") && !json_object_get(object, "source_ref"));
    json_decref(object);
}

/* What is taken for a token was made by one of the keys. */
static void token_try(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size), made[QR_TOKEN_SIZE];
    int64_t id = qr_token_read(&keys, text);
    bool same = id == 0;
    for (size_t k = 0; id && k < keys.count; k++) {
        const struct follow_keys one = {.count = 1, .list = {{keys.list[k][0]}}};
        qr_token_make(&one, id, made);
        size_t at = 0;
        while (made[at] && code_digit_read(text[at]) == code_digit_read(made[at]))
            at++;
        same = same || (!made[at] && !text[at]);
    }
    must(id >= 0 && same);
    free(text);
}

/* The code of FOLLOWED was scanned: whatever the loop says it is, and whatever is sent to it. */
static void scan_try(struct call *call, const uint8_t *data, size_t size, bool posts)
{
    BUF_OWNED told = {0};
    const struct qr_code code = {.id = FOLLOWED,
            .kind = QR_PLACE,
            .name = "",
            .ref = "",
            .url = "",
            .matters = {{"LIGHT", "", ""}, {"ROAD", "", ""}},
            .matter_count = 2,
            .unit_code = "D",
            .unit_zh = "",
            .unit_en = "",
            .has_point = true,
            .spot = {.east = 113250000, .north = 23125000}};
    const void *body = NULL;
    const char *why = NULL;
    char path[64], token[QR_TOKEN_SIZE];
    if (size > BODY_SIZE_MAX)
        return;
    qr_token_make(&keys, FOLLOWED, token);
    (void)snprintf(path, sizeof path, "/v1/qr/%s%s", token, posts ? "/reports" : "");
    route_set(call, posts ? "POST" : "GET", path);
    memcpy(call->key, "K-1", sizeof "K-1");
    must(qr_begin(call) == FOLLOWED);
    must(call_read(call));
    qr_codes_encode(&code, 1, &told);
    if (posts)
        buf_add(&call->body, data, size);
    const struct envelope reply = {.text = "",
            .payload = {posts ? (const uint8_t *)told.data : data, posts ? told.size : size}};
    call_take_reply(call, &reply, NULL);
    if (posts && call_again(call)) {
        struct bytes payload = {(const uint8_t *)call->payload.data, call->payload.size};
        must(submission_decode(payload, fuzz_arena(ARENA_LIMIT), &body, &why) == OK);
        must(((const struct submission *)body)->has_point);
    } else {
        answers_claim(call);
    }
    call->route->way->end(call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct call call = {.files = {[FILE_FOLLOW] = &follow}};
    size_t chosen = fuzz_choose(&data, &size, 13);
    if (chosen >= 11)
        scan_try(&call, data, size, chosen == 12);
    else if (chosen == 10)
        token_try(data, size);
    else if (chosen == 9)
        follow_try(&call, data, size);
    else if (chosen == 8)
        code_try(data, size);
    else if (chosen == 7)
        name_try(&call, data, size);
    else if (chosen >= 5)
        reply_try(&call, data, size, chosen == 5);
    else
        body_try(&call, data, size);
    buf_fini(&call.body);
    buf_fini(&call.payload);
    buf_fini(&call.reply);
    return 0;
}
