/* The head of an HTTP request as intake judges it (call.c): method, path, lengths, type, code,
 * token, key. libmicrohttpd's own reading is not here: its three functions that give the head to
 * call.c are ours, over lines of the input. What is let through has one length, one key that can be
 * seen, and a path of the API. */
#include "tests/fuzz/fuzz.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "services/intake/call.h"
#include "services/intake/follow.h"

#define LINES_MAX 64

struct head {
    char *names[LINES_MAX], *values[LINES_MAX];
    int count;
};

static struct head head;
static struct sockaddr_in client;

int MHD_get_connection_values(struct MHD_Connection *connection,
        enum MHD_ValueKind kind,
        MHD_KeyValueIterator each,
        void *self)
{
    (void)connection;
    for (int i = 0; i < head.count; i++)
        if (each(self, kind, head.names[i], head.values[i]) != MHD_YES)
            return i + 1;
    return head.count;
}

const char *MHD_lookup_connection_value(
        struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *name)
{
    (void)connection;
    (void)kind;
    for (int i = 0; i < head.count; i++)
        if (strcasecmp(head.names[i], name) == 0)
            return head.values[i];
    return NULL;
}

const union MHD_ConnectionInfo *MHD_get_connection_info(
        struct MHD_Connection *connection, enum MHD_ConnectionInfoType type, ...)
{
    static union MHD_ConnectionInfo info;
    (void)connection;
    must(type == MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    info.client_addr = (struct sockaddr *)&client;
    return &info;
}

static int tally(const char *name)
{
    int count = 0;
    for (int i = 0; i < head.count; i++)
        count += strcasecmp(head.names[i], name) == 0;
    return count;
}

/* Lines "name: value"; the first one is the path. */
static char *head_read(char *text)
{
    char *rest = NULL, *url = strtok_r(text, "\n", &rest);
    head.count = 0;
    for (char *line; url && head.count < LINES_MAX && (line = strtok_r(NULL, "\n", &rest));) {
        char *colon = strchr(line, ':');
        if (!colon)
            continue;
        *colon = '\0';
        head.names[head.count] = line;
        head.values[head.count++] = colon + 1 + strspn(colon + 1, " ");
    }
    return url;
}

static void passed_claim(const struct call *call, const char *url)
{
    const char *length = MHD_lookup_connection_value(NULL, MHD_HEADER_KIND, "Content-Length");
    must(tally("Content-Length") + tally("Transfer-Encoding") <= 1);
    must(!length || strtoull(length, NULL, 10) <= call->route->body_max);
    if (strncmp(call->route->path, "/v1/reports", 11) != 0)
        return; /* the others' rules are other ones */
    must(strncmp(url, "/v1/reports", 11) == 0);
    bool posts = strcmp(call->route->method, "POST") == 0;
    must(posts == (url[11] == '\0') && posts == (call->name[0] == '\0'));
    must(!strchr(call->name, '/'));
    must(call->follows == (!posts && tally("Huying-Code") > 0));
    must(!call->code.readable || tally("Huying-Code") == 1);
    must(call->follows || (!tally("X-Forwarded-For") && !tally("Forwarded")));
    if (!posts)
        return;
    must(tally("Idempotency-Key") == 1 && !tally("Content-Encoding"));
    for (const char *it = call->key; *it; it++)
        must(*it > ' ' && *it < 0x7f);
    must(call->key[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const methods[] = {"POST", "GET", "HEAD", "PUT", "post", ""};
    const char *method = methods[fuzz_choose(&data, &size, COUNT_OF(methods))];
    static struct follow_keys keys = {.count = 1, .list = {{1}}};
    static struct file follow = {1, FILE_FOLLOW, &keys};
    size_t way = fuzz_choose(&data, &size, 4);
    bool near = way > 0;
    char *text = fuzz_string(data, size), *url = head_read(text);
    BUF_OWNED body = {0};
    client = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(near ? INADDR_LOOPBACK : 0x0a000001)};
    if (url) {
        struct call *call = call_new(NULL, NULL);
        struct call_answer answer = {.type = "application/json"};
        const char *language = call_language(call, "zh");
        must(strcmp(language, "zh") == 0 || strcmp(language, "en") == 0);
        call->files[FILE_FOLLOW] = way < 3 ? &follow : NULL;
        call_check(call, url, method);
        if (call->problem.kind) {
            call_answer(call, language, &answer, &body);
            must(answer.status >= 400 && answer.status < 500 && body.size > 0);
        } else {
            must(near || call->follows);
            passed_claim(call, url);
        }
        call->users = 0;
        call_free(call);
    }
    free(text);
    return 0;
}
