/* Writes one signed event as a receiver gets it, as JSON on one line:
 * {"headers": {…}, "body": "…"}.
 * For checks by other implementations (tests/clients/callbacks).
 *
 *   callback-sample SECRET [SECRET BEFORE] */
#include <jansson.h>
#include <sodium.h>
#include <string.h>
#include "services/intake/callback/transfer.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/must.h"

static json_t *headers_json(const struct curl_slist *headers)
{
    json_t *object = must_memory(json_object());
    for (; headers; headers = headers->next) {
        const char *colon = strchr(headers->data, ':');
        if (!colon || !colon[1])
            continue;
        char name[64];
        (void)snprintf(name, sizeof name, "%.*s", (int)(colon - headers->data), headers->data);
        must(json_object_set_new(object, name, json_string(colon + 2)) == 0);
    }
    return object;
}

int main(int argc, char **argv)
{
    static const struct guard guard;
    const struct callback callback = {.key = {.subscriber = 3, .agg = 2533274790395905, .ver = 2},
            .kind = STEP_END,
            .state = REPORT_CLOSED,
            .channel = CHANNEL_EVENTS,
            .tries = 1,
            .round = 1,
            .at_ms = 1763888400000,
            .accepted_ms = 1763800000000,
            .ended_ms = 1763888400000,
            .source = "热线",
            .ref = "2026-\"4711\"",
            .matter = "LIGHT",
            .unit = "440113001",
            .url = "https://receiver.example/",
            .letters = "TT",
            .utc_offset_s = 28800};
    const struct transfer_options options = {.ca = "", .timeout_ms = 1000, .guard = &guard};
    struct clock clock = clock_system();
    struct secrets secrets = {0};
    for (int i = 1; i < argc && i <= 2; i++)
        if (secret_parse(argv[i], strlen(argv[i]), &secrets.list[secrets.count++]) != OK)
            return 2;
    if (sodium_init() < 0 || argc < 2)
        return 2;
    struct transfer *transfer =
            transfer_new(&callback, &secrets, &options, clock.wall_ms(clock.self));
    json_t *root = must_memory(json_pack(
            "{s:o, s:s}", "headers", headers_json(transfer->headers), "body", transfer->body.data));
    char *text = must_memory(json_dumps(root, JSON_COMPACT));
    (void)puts(text);
    free(text);
    json_decref(root);
    transfer_destroy(&transfer);
    return 0;
}
