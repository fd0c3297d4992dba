/* Intake's HTTP API behind libmicrohttpd: the body of a report, the name of one that is asked for,
 * and the loop's answers. A body that is taken becomes a message that intake's own decoder takes; a
 * refusal is problem details in both languages that are JSON and name something. */
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <string.h>

#include "services/intake/call.h"
#include "services/intake/form.h"

#define ARENA_LIMIT ((size_t)32 << 20)

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
    call->posts = true;
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
    memcpy(call->name, data, size);
    if (!call_read(call))
        answers_claim(call);
}

static void reply_try(struct call *call, const uint8_t *data, size_t size, bool posts)
{
    call->posts = posts;
    const struct envelope reply = {.payload = {data, size}, .text = ""};
    call_take_reply(call, &reply, NULL);
    answers_claim(call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct call call = {.allow = "GET"};
    size_t chosen = fuzz_choose(&data, &size, 8);
    if (chosen == 7)
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
