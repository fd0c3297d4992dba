/* See body.h. Every value is taken as text first, so that "5", 5 and a mapped word are one. */
#include "services/intake/vendor/body.h"
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <sodium.h>
#include <string.h>
#include "services/intake/hotline/codec.h"
#include "services/kernel/base/arena.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_catalogue.h"
#include "services/kernel/base/pure_text.h"

#define ARENA_SIZE (512 << 10) /* texts of one body, which has at most 64 KiB */
#define MINUTE_MS INT64_C(60000)

/* One body under reading. */
struct reading {
    const struct vendor *vendor;
    enum verb verb;
    json_t *fields; /* the object that has them */
    struct arena arena;
    int64_t said_ms;
    struct body_fault *fault;
};

static void fault_set(
        struct reading *reading, enum body_fault_kind kind, const char *path, const char *extra)
{
    struct body_fault *fault = reading->fault;
    if (fault->kind)
        return;
    fault->kind = kind;
    (void)text_copy(fault->path, sizeof fault->path, path, strlen(path));
    (void)text_copy(fault->extra, sizeof fault->extra, extra, strlen(extra));
}

/* What stands at a path: names of objects, numbers of lists. NULL: nothing. */
static json_t *value_at(json_t *root, const char *path)
{
    char name[MAPPING_PATH_MAX + 1];
    while (root && *path) {
        size_t size = strcspn(path, ".");
        must(size < sizeof name);
        memcpy(name, path, size);
        name[size] = 0;
        path += size + (path[size] == '.');
        bool number = size > 0 && size < 6 && strspn(name, "0123456789") == size;
        if (json_is_array(root))
            root = number ? json_array_get(root, strtoul(name, NULL, 10)) : NULL;
        else
            root = json_object_get(root, name);
    }
    return json_is_null(root) ? NULL : root;
}

/* A value as text, in the arena; NULL: it is a list or an object. */
static const char *text_of(struct reading *reading, const json_t *value)
{
    char text[40];
    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    if (json_is_integer(value))
        (void)snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        (void)snprintf(text, sizeof text, "%.15g", json_real_value(value));
    else
        return NULL;
    return arena_text(&reading->arena, text, strlen(text));
}

/* What theirs means; NULL: the mapping does not say. */
static const char *value_mapped(const struct value_map *map, const char *theirs)
{
    if (!map->count && !map->rest)
        return theirs;
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->list[i].theirs, theirs) == 0)
            return map->list[i].ours;
    return map->rest;
}

/* What is sent at a path, in our words; "" when nothing is. */
static const char *path_read(struct reading *reading, enum field field, const char *path)
{
    const json_t *value = value_at(reading->fields, path);
    const char *theirs = value ? text_of(reading, value) : "";
    const char *ours =
            theirs && *theirs ? value_mapped(&reading->vendor->values[field], theirs) : theirs;
    if (!theirs)
        fault_set(reading, BODY_VALUE, path, "text, a number, true or false expected");
    else if (!ours)
        fault_set(reading, BODY_VALUE, path, "a value of the mapping's list expected");
    return ours ? ours : "";
}

static const char *path_of(const struct reading *reading, enum field field)
{
    const char *path = reading->vendor->paths[reading->verb][field];
    return path ? path : FIELD_WORDS[field];
}

/* What is sent, else what is always so, else "". */
static const char *field_read(struct reading *reading, enum field field)
{
    const char *path = reading->vendor->paths[reading->verb][field];
    const char *constant = reading->vendor->constants[field];
    const char *ours = path ? path_read(reading, field, path) : "";
    return *ours ? ours : constant ? constant : "";
}

static const char *needed_read(struct reading *reading, enum field field)
{
    const char *ours = field_read(reading, field);
    if (!*ours)
        fault_set(reading, BODY_MISSING, path_of(reading, field), "");
    return ours;
}

static double degrees_read(struct reading *reading, enum field field)
{
    const char *text = field_read(reading, field);
    char *end = NULL;
    double value = *text ? strtod(text, &end) : 0;
    if (*text && (*end || !isfinite(value)))
        fault_set(reading, BODY_VALUE, path_of(reading, field), "degrees expected: 113.35");
    return value;
}

static int64_t number_read(struct reading *reading, enum field field, int64_t most)
{
    const char *text = field_read(reading, field);
    size_t size = strlen(text);
    bool digits = size <= 19 && strspn(text, "0123456789") == size;
    errno = 0;
    int64_t value = digits && size ? strtoll(text, NULL, 10) : 0;
    if (!digits || errno || value > most)
        fault_set(reading, BODY_VALUE, path_of(reading, field), "a number expected");
    return value;
}

static bool flag_read(struct reading *reading, enum field field)
{
    const char *text = field_read(reading, field);
    if (*text && strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        fault_set(reading, BODY_VALUE, path_of(reading, field), "true or false expected");
    return strcmp(text, "true") == 0;
}

/* "2026-01-31 09:00:00" with the mapping's zone behind it, as RFC 3339 has it. */
static bool local_parse(const char *text, const char *zone, int64_t *ret_ms)
{
    char whole[48];
    if (strlen(text) < 19 || strlen(text) > 23)
        return false;
    (void)snprintf(whole, sizeof whole, "%s%s", text, zone);
    if (whole[10] == ' ')
        whole[10] = 'T';
    return instant_parse(whole, ret_ms);
}

static bool unix_parse(const char *text, int64_t unit_ms, int64_t *ret_ms)
{
    size_t size = strlen(text);
    if (size > 13 || strspn(text, "0123456789") != size)
        return false;
    *ret_ms = strtoll(text, NULL, 10) * unit_ms;
    return true;
}

static int64_t instant_read(struct reading *reading, enum field field)
{
    const struct vendor *vendor = reading->vendor;
    const char *text = field_read(reading, field);
    int64_t at_ms = 0;
    bool good = true;
    if (!*text)
        return 0;
    switch (vendor->times) {
    case TIMES_RFC3339:
        good = instant_parse(text, &at_ms);
        break;
    case TIMES_LOCAL:
        good = local_parse(text, vendor->zone, &at_ms);
        break;
    case TIMES_UNIX:
        good = unix_parse(text, 1000, &at_ms);
        break;
    case TIMES_UNIX_MS:
        good = unix_parse(text, 1, &at_ms);
        break;
    case TIMES_COUNT:
        must(!"a format of the table");
    }
    if (!good)
        fault_set(reading, BODY_VALUE, path_of(reading, field),
                "a time in the mapping's format expected");
    return at_ms;
}

static size_t codes_read(struct reading *reading, const char *ret[static HOTLINE_UNIT_CODES_MAX])
{
    const char *paths = reading->vendor->paths[reading->verb][FIELD_UNIT_CODES];
    const char *constant = reading->vendor->constants[FIELD_UNIT_CODES];
    size_t count = 0;
    while (paths && *paths && count < HOTLINE_UNIT_CODES_MAX) {
        paths += strspn(paths, " ");
        size_t size = strcspn(paths, ",");
        const char *next = paths + size + (paths[size] == ',');
        while (size && paths[size - 1] == ' ')
            size--;
        const char *path = arena_text(&reading->arena, paths, size);
        const char *code = path_read(reading, FIELD_UNIT_CODES, path);
        if (*code)
            ret[count++] = code;
        paths = next;
    }
    if (!count && constant)
        ret[count++] = constant;
    return count;
}

/* What was promised: an instant, or so many minutes after the call. Without the call's instant it
 * cannot be said: the body must be the same each time it is sent. */
static int64_t promise_read(struct reading *reading, int64_t reported_ms)
{
    int64_t at_ms = instant_read(reading, FIELD_PROMISED_AT);
    int64_t minutes = number_read(reading, FIELD_PROMISED_IN, 129600);
    return at_ms || !minutes || !reported_ms ? at_ms : reported_ms + minutes * MINUTE_MS;
}

static enum hotline_intent intent_read(struct reading *reading)
{
    const char *word = field_read(reading, FIELD_INTENT);
    enum intent intent = *word ? intent_find(word) : INTENT_REPORT;
    if (intent == INTENT_COUNT)
        fault_set(reading, BODY_VALUE, path_of(reading, FIELD_INTENT), "an intent expected");
    return intent == INTENT_COUNT ? HOTLINE_NEW : (enum hotline_intent)intent;
}

/* Names of photos that were sent before. An address is not fetched: what it shows may be another
 * thing each time, and who can have the site ask for it reaches what the site reaches. */
static size_t photos_read(struct reading *reading, uint8_t ret[static HOTLINE_PHOTOS_MAX][32])
{
    const char *path = reading->vendor->paths[reading->verb][FIELD_PHOTOS];
    const json_t *value = path ? value_at(reading->fields, path) : NULL;
    bool none = !value || (json_is_string(value) && !*json_string_value(value));
    size_t count = none ? 0 : json_is_array(value) ? json_array_size(value) : 1;
    if (count > HOTLINE_PHOTOS_MAX) {
        fault_set(reading, BODY_VALUE, path, "at most 9 photos expected");
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_is_array(value) ? json_array_get(value, i) : value;
        const char *name = json_is_string(item) ? json_string_value(item) : "";
        size_t size = 0;
        size_t digits = strlen(name);
        bool fits = digits == 2 * sizeof ret[i] &&
                    sodium_hex2bin(ret[i], sizeof ret[i], name, digits, NULL, &size, NULL) == 0;
        if (!fits || size != sizeof ret[i])
            fault_set(reading, BODY_VALUE, path,
                    "names that POST /v1/photos gave expected; addresses are not fetched");
    }
    return count;
}

/* False: nothing is said of who calls. */
static bool caller_read(struct reading *reading, struct hotline_caller *ret)
{
    *ret = (struct hotline_caller){.name = field_read(reading, FIELD_CALLER_NAME),
            .phone = field_read(reading, FIELD_CALLER_PHONE),
            .email = field_read(reading, FIELD_CALLER_EMAIL),
            .address = field_read(reading, FIELD_CALLER_ADDRESS),
            .id_number = field_read(reading, FIELD_CALLER_ID_NUMBER),
            .confidential = flag_read(reading, FIELD_CALLER_CONFIDENTIAL)};
    return *ret->name || *ret->phone || *ret->email || *ret->address || *ret->id_number;
}

/* What is said, and where it is behind it, when that is said in words. */
static const char *words_read(struct reading *reading)
{
    BUF_OWNED words = {0};
    const char *text = field_read(reading, FIELD_TEXT);
    const char *address = field_read(reading, FIELD_ADDRESS);
    if (!*address)
        return text;
    buf_add_format(&words, "%s%s地址 address: %s", text, *text ? "\n" : "", address);
    return arena_text(&reading->arena, words.data, words.size);
}

static void report_read(struct reading *reading, struct buf *out)
{
    struct hotline_caller caller;
    struct hotline_report report = {.ticket = needed_read(reading, FIELD_TICKET),
            .intent = intent_read(reading),
            .text = words_read(reading),
            .about = field_read(reading, FIELD_ABOUT),
            .longitude = degrees_read(reading, FIELD_LONGITUDE),
            .latitude = degrees_read(reading, FIELD_LATITUDE),
            .coordinates = (enum hotline_coordinates)reading->vendor->coordinates,
            .reported_ms = reading->said_ms,
            .wants_progress = flag_read(reading, FIELD_WANTS_PROGRESS),
            .join = field_read(reading, FIELD_JOIN),
            .to = ""};
    bool urges = report.intent == HOTLINE_URGE;
    report.matter = urges ? field_read(reading, FIELD_MATTER) : needed_read(reading, FIELD_MATTER);
    if (!urges)
        report.about = ""; /* theirs may always name one */
    report.promised_ms = promise_read(reading, report.reported_ms);
    report.unit_code_count = codes_read(reading, report.unit_codes);
    report.photo_count = photos_read(reading, report.photos);
    if (caller_read(reading, &caller))
        report.caller = &caller;
    hotline_report_encode(&report, out);
}

static void correction_read(struct reading *reading, struct buf *out)
{
    struct hotline_correction correction = {.ticket = needed_read(reading, FIELD_TICKET),
            .text = field_read(reading, FIELD_TEXT),
            .matter = field_read(reading, FIELD_MATTER)};
    struct degrees at = {
            degrees_read(reading, FIELD_LONGITUDE), degrees_read(reading, FIELD_LATITUDE)};
    if (at.longitude != 0 || at.latitude != 0)
        at = coordinates_resolve(at, reading->vendor->coordinates);
    correction.longitude = at.longitude;
    correction.latitude = at.latitude;
    correction.unit_code_count = codes_read(reading, correction.unit_codes);
    hotline_correction_encode(&correction, out);
}

static void follow_up_read(struct reading *reading, struct buf *out)
{
    const struct hotline_follow_up said = {.ticket = needed_read(reading, FIELD_TICKET),
            .score = (uint32_t)number_read(reading, FIELD_SCORE, 5),
            .unsolved = flag_read(reading, FIELD_UNSOLVED),
            .text = field_read(reading, FIELD_TEXT)};
    hotline_follow_up_encode(&said, out);
}

static void message_read(struct reading *reading, struct buf *out)
{
    switch (reading->verb) {
    case VERB_REPORT:
        report_read(reading, out);
        break;
    case VERB_WITHDRAW:
        hotline_withdraw_encode(
                needed_read(reading, FIELD_TICKET), field_read(reading, FIELD_REASON), 0, out);
        break;
    case VERB_CORRECT:
        correction_read(reading, out);
        break;
    case VERB_FOLLOW_UP:
        follow_up_read(reading, out);
        break;
    case VERB_OUTCOME_ACK:
        (void)needed_read(reading, FIELD_ID);
        hotline_ack_encode(number_read(reading, FIELD_ID, INT64_MAX),
                (uint32_t)number_read(reading, FIELD_ROUND, INT32_MAX), out);
        break;
    case VERB_PROGRESS_ACK:
        (void)needed_read(reading, FIELD_ID);
        (void)needed_read(reading, FIELD_VERSION);
        hotline_progress_ack_encode(number_read(reading, FIELD_ID, INT64_MAX),
                (uint32_t)number_read(reading, FIELD_VERSION, INT32_MAX), out);
        break;
    case VERB_COUNT:
        must(!"a verb");
    }
}

bool body_read(const struct vendor *vendor,
        enum verb verb,
        const char *body,
        size_t size,
        struct buf *out,
        int64_t *ret_said_ms,
        struct body_fault *ret_fault)
{
    json_error_t error;
    struct reading reading = {.vendor = vendor, .verb = verb, .fault = ret_fault};
    *ret_fault = (struct body_fault){.kind = BODY_FINE};
    json_t *root = json_loadb(size ? body : "", size, JSON_REJECT_DUPLICATES, &error);
    reading.fields = root && *vendor->envelope ? value_at(root, vendor->envelope) : root;
    if (!root)
        (void)snprintf(ret_fault->extra, sizeof ret_fault->extra, "line %d, column %d", error.line,
                error.column);
    if (!root || (!json_is_object(root) && !*vendor->envelope))
        ret_fault->kind = BODY_JSON;
    else if (!json_is_object(reading.fields))
        fault_set(&reading, BODY_MISSING, vendor->envelope, "");
    if (!ret_fault->kind) {
        arena_init(&reading.arena, ARENA_SIZE);
        reading.said_ms = instant_read(&reading, FIELD_REPORTED_AT);
        message_read(&reading, out);
        arena_fini(&reading.arena);
    }
    json_decref(root);
    *ret_said_ms = reading.said_ms;
    if (ret_fault->kind)
        buf_reset(out);
    return !ret_fault->kind;
}

static void object_write(json_t *object, struct buf *out)
{
    char *text = must_memory(json_dumps(must_memory(object), JSON_COMPACT));
    buf_add_text(out, text);
    free(text);
    json_decref(object);
}

static json_t *instant_json(int64_t at_ms, int utc_offset_s)
{
    char text[INSTANT_SIZE];
    if (!at_ms)
        return json_null();
    instant_format(text, at_ms, utc_offset_s);
    return json_string(text);
}

static json_t *id_json(int64_t id)
{
    return json_sprintf("%" PRId64, id);
}

void body_receipt(const struct hotline_receipt *receipt, int utc_offset_s, struct buf *out)
{
    static const char *const words[] = {"unanswered", "accepted", "duplicate", "refused"};
    object_write(json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:o}", "result", words[receipt->result],
                         "ticket", receipt->ticket, "id", id_json(receipt->case_id), "number",
                         receipt->number, "unit", receipt->unit_code, "level", receipt->level,
                         "accepted_at", instant_json(receipt->accepted_ms, utc_offset_s)),
            out);
}

static json_t *also_json(const char (*also)[HOTLINE_TICKET_SIZE], size_t count)
{
    json_t *list = must_memory(json_array());
    for (size_t i = 0; i < count; i++)
        must(json_array_append_new(list, json_string(also[i])) == 0);
    return list;
}

/* A list with the id to go on behind; "" when it is empty. */
static void list_write(json_t *items, int64_t last_id, struct buf *out)
{
    json_t *next = last_id ? id_json(last_id) : json_string("");
    object_write(json_pack("{s:o, s:o}", "items", items, "next", next), out);
}

void body_outcomes(
        const struct hotline_outcome *list, size_t count, int utc_offset_s, struct buf *out)
{
    json_t *items = must_memory(json_array());
    for (size_t i = 0; i < count; i++) {
        const struct hotline_outcome *at = &list[i];
        must(json_array_append_new(items,
                     json_pack("{s:o, s:s, s:s, s:s, s:o, s:s, s:i, s:o}", "id",
                             id_json(at->case_id), "ticket", at->ticket, "number", at->number,
                             "outcome", at->outcome, "at", instant_json(at->at_ms, utc_offset_s),
                             "text", at->text, "round", (int)at->round, "also",
                             also_json(at->also, at->also_count))) == 0);
    }
    list_write(items, count ? list[count - 1].case_id : 0, out);
}

static json_t *stages_json(const struct hotline_progress *progress, int utc_offset_s)
{
    json_t *stages = must_memory(json_array());
    for (size_t i = 0; i < progress->stage_count; i++) {
        const struct hotline_stage *at = &progress->stages[i];
        must(json_array_append_new(stages,
                     json_pack("{s:i, s:s, s:o, s:s, s:o, s:s}", "version", (int)at->version,
                             "stage", at->stage, "at", instant_json(at->at_ms, utc_offset_s),
                             "unit", at->unit_code, "until",
                             instant_json(at->until_ms, utc_offset_s), "text", at->text)) == 0);
    }
    return stages;
}

void body_progress(
        const struct hotline_progress *list, size_t count, int utc_offset_s, struct buf *out)
{
    json_t *items = must_memory(json_array());
    for (size_t i = 0; i < count; i++) {
        const struct hotline_progress *at = &list[i];
        must(json_array_append_new(
                     items, json_pack("{s:o, s:s, s:s, s:o, s:o}", "id", id_json(at->case_id),
                                    "ticket", at->ticket, "number", at->number, "stages",
                                    stages_json(at, utc_offset_s), "also",
                                    also_json(at->also, at->also_count))) == 0);
    }
    list_write(items, count ? list[count - 1].case_id : 0, out);
}

void body_reconciliation(
        const struct hotline_reconciliation *answer, int utc_offset_s, struct buf *out)
{
    char hex[2 * HOTLINE_DIGEST_SIZE + 1] = "";
    json_t *items = must_memory(json_array());
    for (size_t i = 0; i < HOTLINE_DIGEST_SIZE; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", answer->digest[i]);
    for (size_t i = 0; i < answer->item_count; i++)
        must(json_array_append_new(items,
                     json_pack("{s:s, s:s, s:o}", "ticket", answer->items[i].ticket, "number",
                             answer->items[i].number, "accepted_at",
                             instant_json(answer->items[i].accepted_ms, utc_offset_s))) == 0);
    object_write(
            json_pack("{s:I, s:I, s:s, s:b, s:o}", "tickets", (json_int_t)answer->tickets, "cases",
                    (json_int_t)answer->cases, "digest", hex, "over", answer->over, "items", items),
            out);
}
