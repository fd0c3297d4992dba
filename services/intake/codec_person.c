/* See codec_person.h. */
#include "services/intake/codec_person.h"
#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <sodium.h>
#include <string.h>
#include "proto/hotline.pb-c.h"
#include "proto/intake.pb-c.h"
#include "services/intake/clean.h"
#include "services/intake/codec_open.h"
#include "services/intake/decide_person.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_mask.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/wire/message.h"

void caller_take(const void *reporter, struct submission *body, struct arena *arena)
{
    const Huying__Hotline__Reporter *message = reporter;
    if (!message || (body->listed && !intake_persons()->count))
        return;
    struct person *person = arena_get(arena, sizeof *person);
#define X(name, chars) person->name = message->name;
    PERSON_TABLE(X)
#undef X
    person->confidential = message->confidential;
    body->caller = person;
}

struct fault caller_tidy(struct submission *body, struct arena *arena)
{
    struct fault fault = {FAULT_NONE, "", 0};
    if (!body->caller)
        return fault;
    struct person *person = arena_copy(arena, body->caller, sizeof *person);
    body->caller = person;
#define X(name, chars)                                                                             \
    if (!fault.kind)                                                                               \
        fault = text_tidy(&person->name, "caller." #name, chars, arena);
    PERSON_TABLE(X)
#undef X
    return fault.kind ? fault : person_check(person);
}

/* NULL when there is nothing to seal, or no key to do it. */
static struct person_note *note_make(
        const char *ticket, const struct person *caller, const char *text, struct arena *arena)
{
    BUF_OWNED shown = {0};
    text_mask(text, strlen(text), &shown);
    bool hides = shown.size && strcmp(shown.data, text) != 0;
    if ((!caller && !hides) || !intake_persons()->count)
        return NULL;
    Huying__Intake__Caller message = HUYING__INTAKE__CALLER__INIT;
    message.ticket = text_lend(ticket);
    message.text = text_lend(hides ? text : "");
#define X(name, chars) message.name = text_lend(caller ? caller->name : "");
    PERSON_TABLE(X)
#undef X
    message.confidential = caller && caller->confidential;
    struct bytes plain = message_bytes(&message.base, arena);
    struct person_note *note = arena_get(arena, sizeof *note);
    *note = (struct person_note){.ref = ticket, .plain = plain.data, .size = plain.size};
    return note;
}

struct person_note *words_note(const char *ticket, const char *text, struct arena *arena)
{
    return note_make(ticket, NULL, text, arena);
}

/* The digest is stored plain, and all of the body but the caller may be known: so it gets a mark.
 * The first key makes it; the body may have come under an earlier one, or before there was any. */
void submission_protect(struct submission *body, struct arena *arena)
{
    body->note = note_make(body->ticket, body->caller, body->text, arena);
    digest_protect(body, arena);
}

void digest_protect(struct submission *body, struct arena *arena)
{
    const struct seal_keys *keys = intake_persons();
    if (!body->note)
        return;
    uint8_t(*before)[DIGEST_SIZE] = arena_get(arena, sizeof *before * keys->count);
    _Static_assert(DIGEST_SIZE == SEAL_MARK_SIZE, "a digest is what is marked");
    memcpy(before[0], body->digest, DIGEST_SIZE);
    for (size_t i = 1; i < keys->count; i++) {
        memcpy(before[i], body->digest, DIGEST_SIZE);
        seal_mark(keys, i, before[i]);
    }
    seal_mark(keys, 0, body->digest);
    body->digests_before = (const uint8_t(*)[DIGEST_SIZE])before;
    body->digest_before_count = keys->count;
}

enum err person_request_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Intake__PersonRequest *message =
            request_open(&huying__intake__person_request__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    struct person_request *body = arena_get(arena, sizeof *body);
    *body = (struct person_request){
            .id = message->id, .number = message->number, .why = message->why};
    struct fault fault = person_request_check(body);
    if (fault.kind)
        return fault_report(&fault, arena, ret_why);
    body->found = arena_get(arena, sizeof *body->found);
    *ret_body = body;
    return OK;
}

enum err person_reseal_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Intake__PersonReseal *message =
            request_open(&huying__intake__person_reseal__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    struct person_request *body = arena_get(arena, sizeof *body);
    *body = (struct person_request){.id = message->id, .number = "", .why = ""};
    if (body->id <= 0) {
        const struct fault fault = {FAULT_ID, "id", INT64_MAX};
        return fault_report(&fault, arena, ret_why);
    }
    body->found = arena_get(arena, sizeof *body->found);
    *ret_body = body;
    return OK;
}

void person_keys_encode(const struct person_key *list, size_t count, struct buf *out)
{
    const struct seal_keys *keys = intake_persons();
    Huying__Intake__PersonKey items[PERSON_KEYS_MAX], *pointers[PERSON_KEYS_MAX];
    Huying__Intake__PersonKeys message = HUYING__INTAKE__PERSON_KEYS__INIT;
    must(count <= PERSON_KEYS_MAX);
    for (size_t i = 0; i < count; i++) {
        huying__intake__person_key__init(&items[i]);
        items[i].key = list[i].key;
        items[i].rows = list[i].rows;
        items[i].known = seal_key_known(keys, list[i].key);
        pointers[i] = &items[i];
    }
    message.first = keys->count ? seal_key_id(keys, 0) : 0;
    message.items = pointers;
    message.n_items = count;
    message_add(&message.base, out);
}

enum err person_sealed_query_decode(struct bytes payload,
        struct arena *arena,
        struct person_sealed_query *ret,
        const char **ret_why)
{
    const Huying__Intake__PersonSealedQuery *message =
            request_open(&huying__intake__person_sealed_query__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    const struct fault fault = {FAULT_COUNT, "limit", PERSON_SEALED_MAX};
    if (message->limit < 1 || message->limit > PERSON_SEALED_MAX)
        return fault_report(&fault, arena, ret_why);
    *ret = (struct person_sealed_query){message->key, message->after, message->limit};
    return OK;
}

void person_sealed_encode(const int64_t *ids, size_t count, struct buf *out)
{
    Huying__Intake__PersonSealed message = HUYING__INTAKE__PERSON_SEALED__INIT;
    int64_t copy[PERSON_SEALED_MAX];
    must(count <= PERSON_SEALED_MAX);
    memcpy(copy, ids, count * sizeof *ids);
    message.ids = copy;
    message.n_ids = count;
    message_add(&message.base, out);
}

void person_request_encode(int64_t id, const char *number, const char *why, struct buf *out)
{
    Huying__Intake__PersonRequest message = HUYING__INTAKE__PERSON_REQUEST__INIT;
    message.id = id;
    message.number = text_lend(number);
    message.why = text_lend(why);
    message_add(&message.base, out);
}

static bool caller_read(const Huying__Intake__Caller *message, struct kept_person *ret)
{
    bool valid = text_valid(message->ticket, strlen(message->ticket)) &&
                 text_valid(message->text, strlen(message->text)) &&
                 text_valid(message->contact, strlen(message->contact));
#define X(name, chars)                                                                             \
    valid = valid && text_valid(message->name, strlen(message->name));                             \
    ret->person.name = message->name;
    PERSON_TABLE(X)
#undef X
    ret->person.confidential = message->confidential;
    ret->ref = message->ticket;
    ret->text = message->text;
    ret->contact = message->contact;
    return valid;
}

bool kept_person_decode(struct bytes plain, struct arena *arena, struct kept_person *ret)
{
    const char *why = "";
    const Huying__Intake__Caller *message =
            request_open(&huying__intake__caller__descriptor, plain, arena, &why);
    return message && caller_read(message, ret);
}

static void caller_fill(Huying__Intake__Caller *item, const struct kept_person *kept)
{
    huying__intake__caller__init(item);
    item->ticket = text_lend(kept->ref);
    item->text = text_lend(kept->text);
    item->contact = text_lend(kept->contact);
    item->confidential = kept->person.confidential;
#define X(name, chars) item->name = text_lend(kept->person.name);
    PERSON_TABLE(X)
#undef X
}

/* Callers that the actor may see, of the report; what is left out is counted. */
static void callers_encode(const struct report *report,
        const struct input *input,
        const struct world *world,
        struct buf *out)
{
    const struct kept_persons *kept = world->related;
    Huying__Intake__Caller items[PERSONS_MAX], *pointers[PERSONS_MAX];
    Huying__Intake__Callers message = HUYING__INTAKE__CALLERS__INIT;
    message.items = pointers;
    for (size_t i = 0; kept && i < kept->count; i++) {
        const struct kept_person *row = &kept->list[i];
        if (row->report != report->base.id)
            continue;
        message.broken += !row->open;
        if (!row->open)
            continue;
        if (!person_may_see(report, input, world->directory, row->person.confidential)) {
            message.withheld++;
            continue;
        }
        must(message.n_items < PERSONS_MAX);
        caller_fill(&items[message.n_items], row);
        pointers[message.n_items] = &items[message.n_items];
        message.n_items++;
    }
    message_add(&message.base, out);
}

static void resealed_encode(const struct report *report, const struct world *world, struct buf *out)
{
    Huying__Intake__PersonResealed message = HUYING__INTAKE__PERSON_RESEALED__INIT;
    size_t broken, rows = persons_anew(report, world, &broken);
    message.key = intake_persons()->count ? seal_key_id(intake_persons(), 0) : 0;
    message.rows = (uint32_t)(rows - broken);
    message.broken = (uint32_t)broken;
    message_add(&message.base, out);
}

bool person_answer(const struct report *report,
        const struct input *input,
        const struct outcome *outcome,
        const struct world *world,
        struct buf *out)
{
    if (input->type == INTAKE_RESEAL_PERSON)
        resealed_encode(report, world, out);
    else if (input->type == INTAKE_SEE_PERSON && outcome->verdict == VERDICT_APPLIED)
        callers_encode(report, input, world, out);
    else
        return false;
    return true;
}

enum err callers_decode(
        struct bytes payload, struct arena *arena, struct kept_person **ret_list, size_t *ret_count)
{
    const char *why = "";
    const Huying__Intake__Callers *message =
            request_open(&huying__intake__callers__descriptor, payload, arena, &why);
    if (!message)
        return ERR_MALFORMED;
    struct kept_person *list = arena_array(arena, struct kept_person, message->n_items + 1);
    for (size_t i = 0; i < message->n_items; i++) {
        list[i].open = true;
        if (!caller_read(message->items[i], &list[i]))
            return ERR_MALFORMED;
    }
    *ret_list = list;
    *ret_count = message->n_items;
    return OK;
}

/* What was written of a step about persons; nothing where it was forgotten. */
static json_t *detail_load(struct bytes detail)
{
    json_error_t error;
    return detail.size ? json_loadb((const char *)detail.data, detail.size, 0, &error) : NULL;
}

void person_reads_encode(const struct person_read *list, size_t count, struct buf *out)
{
    static _Thread_local Huying__Intake__PersonRead items[PERSON_READS_MAX];
    static _Thread_local Huying__Intake__PersonRead *pointers[PERSON_READS_MAX];
    static _Thread_local json_t *details[PERSON_READS_MAX];
    must(count <= PERSON_READS_MAX);
    for (size_t i = 0; i < count; i++) {
        huying__intake__person_read__init(&items[i]);
        details[i] = detail_load(list[i].detail);
        items[i].at_ms = list[i].at_ms;
        items[i].actor = text_lend(list[i].actor);
        items[i].why = text_lend(json_string_value(json_object_get(details[i], "why")));
        items[i].deleted = list[i].deleted;
        items[i].page = list[i].page;
        items[i].idx = (uint32_t)list[i].idx;
        pointers[i] = &items[i];
    }
    Huying__Intake__PersonReads message = HUYING__INTAKE__PERSON_READS__INIT;
    message.items = pointers;
    message.n_items = count;
    message_add(&message.base, out);
    for (size_t i = 0; i < count; i++)
        json_decref(details[i]);
}
