/* Open311 behind libmicrohttpd: what stands in the address, forms and parts that are posted, the
 * loop's rows, and the file of jurisdictions. A form that is taken becomes a message that intake's
 * own decoder takes or refuses with a reason; every answer is XML or JSON as the path says. The
 * head of the request is ours: a type, and arguments that are lines of the input. */
#include "tests/fuzz/fuzz.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <libxml/parser.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "services/intake/call.h"
#include "services/intake/codec.h"
#include "services/intake/open311.h"
#include "services/intake/open311/fields.h"
#include "services/intake/open311/jurisdiction.h"
#include "services/intake/photo_desk.h"
#include "services/kernel/base/pure_text.h"

#define ARENA_LIMIT ((size_t)32 << 20)
#define ARGUMENTS_MAX 20
#define CONF                                                                                       \
    "[open311]\nurl = http://h\ncontact = c\nkey_service = k\n[jurisdiction a]\ndefault = true\n"  \
    "[service a 1]\nname = n\nmatter = LIGHT\n"                                                    \
    "[attribute a 1 S]\ndescription = s\ndatatype = string\n"                                      \
    "[attribute a 1 N]\ndescription = n\ndatatype = number\n"                                      \
    "[attribute a 1 D]\ndescription = d\ndatatype = datetime\n"                                    \
    "[attribute a 1 M]\ndescription = m\ndatatype = multivaluelist\nvalues = x:X;y:Y\n"

static struct {
    const char *type;
    char *names[ARGUMENTS_MAX], *values[ARGUMENTS_MAX];
    int count;
} head;

int MHD_get_connection_values(struct MHD_Connection *connection,
        enum MHD_ValueKind kind,
        MHD_KeyValueIterator each,
        void *self)
{
    (void)connection;
    for (int i = 0; kind == MHD_GET_ARGUMENT_KIND && i < head.count; i++)
        if (each(self, kind, head.names[i], head.values[i]) != MHD_YES)
            return i + 1;
    return 0;
}

const char *MHD_lookup_connection_value(
        struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *name)
{
    (void)connection;
    (void)kind;
    return strcmp(name, "Content-Type") == 0 ? head.type : NULL;
}

const union MHD_ConnectionInfo *MHD_get_connection_info(
        struct MHD_Connection *connection, enum MHD_ConnectionInfoType type, ...)
{
    static struct sockaddr_in client;
    static union MHD_ConnectionInfo info;
    (void)connection;
    (void)type;
    client = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    info.client_addr = (struct sockaddr *)&client;
    return &info;
}

static void arguments_read(char *text)
{
    char *rest = NULL;
    head.count = 0;
    for (char *at = strtok_r(text, "\n", &rest); at && head.count < ARGUMENTS_MAX;
            at = strtok_r(NULL, "\n", &rest)) {
        char *equals = strchr(at, '=');
        head.names[head.count] = at;
        head.values[head.count++] = equals ? equals + 1 : NULL;
        if (equals)
            *equals = 0;
    }
}

static void answer_claim(struct call *call, const char *format)
{
    BUF_OWNED body = {0};
    struct call_answer answer = {.type = "application/json"};
    call_answer(call, "en", &answer, &body);
    must(answer.status == 200 || answer.status == 400 || answer.status == 403 ||
            answer.status == 404 || answer.status == 503);
    if (strcmp(format, "json") == 0) {
        json_t *value = json_loadb(body.data, body.size, JSON_REJECT_DUPLICATES, NULL);
        must(json_is_array(value) || json_is_object(value));
        json_decref(value);
        return;
    }
    xmlDocPtr doc = xmlReadMemory(body.data, (int)body.size, NULL, NULL,
            XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET);
    must(doc);
    xmlFreeDoc(doc);
}

static void payload_claim(struct call *call)
{
    const void *body = NULL;
    const char *why = NULL;
    struct bytes payload = {(const uint8_t *)call->payload.data, call->payload.size};
    struct arena *arena = fuzz_arena(ARENA_LIMIT);
    struct requests_query query;
    if (call->type == INTAKE_REQUESTS) {
        must(requests_query_decode(payload, arena, &query, &why) == OK);
        return;
    }
    if (call->type != INTAKE_SUBMIT)
        return;
    if (submission_decode(payload, arena, &body, &why) != OK)
        fuzz_reason(why);
    else
        must(((const struct submission *)body)->listed != NULL);
}

static struct call *call_make(struct file *file, const char *method, const char *path)
{
    struct call *call = call_new(NULL, NULL);
    file->users++;
    call->files[FILE_OPEN311] = file;
    call_check(call, path, method);
    must(call->route != NULL);
    return call;
}

static void call_drop(struct call *call)
{
    call->files[FILE_OPEN311]->users--;
    call->users = 0;
    call_free(call);
}

static void way_try(struct file *file,
        const char *method,
        const char *resource,
        const char *format,
        const uint8_t *data,
        size_t size)
{
    static const struct desk_receipt kept;
    char path[80];
    (void)snprintf(path, sizeof path, "/open311/v2/%s.%s", resource, format);
    struct call *call = call_make(file, method, path);
    if (size <= BODY_SIZE_MAX && strcmp(method, "POST") == 0)
        buf_add(&call->body, data, size);
    if (call_read(call)) {
        payload_claim(call);
        struct envelope reply = {.payload = {data, size}, .text = "why"};
        if (call->aside)
            reply.payload = (struct bytes){(const uint8_t *)&kept, sizeof kept};
        call_take_reply(call, &reply, NULL);
        if (call_again(call))
            payload_claim(call);
    }
    answer_claim(call, format);
    call_drop(call);
}

static void fields_try(const uint8_t *data, size_t size, bool parts)
{
    struct fields fields;
    const char *why = "", *text = (const char *)data;
    fields_init(&fields, fuzz_arena(ARENA_LIMIT));
    enum err err = parts ? fields_read_parts(&fields, "b", text, size, &why)
                         : fields_read_form(&fields, text, size, &why);
    must(fields.count <= FIELDS_MAX);
    if (err)
        fuzz_reason(why);
    for (size_t i = 0; i < fields.count; i++) {
        const struct field *field = &fields.list[i];
        must(field->name[0] && strlen(field->name) <= FIELD_NAME_MAX);
        fuzz_text(field->name);
        must(field->file || strlen(field->value) == field->size);
        if (!field->file)
            fuzz_text(field->value);
        else
            must(field->value >= text && field->value + field->size <= text + size);
    }
}

static void file_try(const uint8_t *data, size_t size)
{
    BUF_OWNED why = {0};
    struct jurisdictions *list = NULL;
    const char *path = fuzz_file(data, size);
    if (jurisdictions_load(path, &list, &why) != OK) {
        must(!list);
        fuzz_reason(why.data);
        return;
    }
    must(list->count >= 1 && list->count <= JURISDICTIONS_MAX);
    for (size_t i = 0; i < list->count; i++)
        must(jurisdiction_find(list, list->list[i].id) == &list->list[i]);
    jurisdictions_destroy(&list);
}

static struct jurisdictions *list_load(void)
{
    BUF_OWNED why = {0};
    struct jurisdictions *list = NULL;
    const char *path = fuzz_file((const uint8_t *)CONF, strlen(CONF));
    must(jurisdictions_load(path, &list, &why) == OK);
    return list;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct file file = {1, FILE_OPEN311, NULL};
    if (!file.data)
        file.data = list_load();
    size_t chosen = fuzz_choose(&data, &size, 9);
    const char *format = chosen % 2 ? "json" : "xml";
    head.count = 0;
    head.type =
            chosen < 3 ? "application/x-www-form-urlencoded" : "multipart/form-data; boundary=b";
    char *text = fuzz_string(data, size);
    if (chosen < 4)
        way_try(&file, "POST", "requests", format, data, size);
    else if (chosen == 4)
        way_try(&file, "POST", "servicerequestupdates", format, data, size);
    else if (chosen == 5)
        fields_try(data, size, size % 2);
    else if (chosen == 6)
        file_try(data, size);
    else
        arguments_read(text);
    if (chosen > 6) {
        way_try(&file, "GET", "requests", format, data, size);
        way_try(&file, "GET", "services/1", format, data, size);
    }
    free(text);
    return 0;
}
