/* Codes between protobuf and the plain structs of qr.h. */
#include <protobuf-c/protobuf-c.h>
#include <math.h>
#include <sodium.h>
#include <string.h>
#include "proto/intake.pb-c.h"
#include "services/intake/check.h"
#include "services/intake/clean.h"
#include "services/intake/codec.h"
#include "services/intake/codec_open.h"
#include "services/intake/codec_person.h"
#include "services/intake/qr.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/wire/message.h"

#define MILLION 1e6

static const struct fault no_fault = {FAULT_NONE, "", 0};

static struct fault list_check(char *const *list,
        size_t count,
        size_t most,
        const char *field,
        size_t chars_max,
        const char **ret)
{
    if (count > most)
        return (struct fault){FAULT_MANY, field, (int64_t)most};
    for (size_t i = 0; i < count; i++) {
        struct fault fault = line_check(list[i], field, chars_max);
        if (fault.kind)
            return fault;
        if (!*list[i])
            return (struct fault){FAULT_MISSING, field, 1};
        ret[i] = list[i];
    }
    return no_fault;
}

/* Cleaned, within its limits, with somebody to call: a card without that helps nobody. */
static struct fault card_read(
        const Huying__Intake__QrCard *message, struct arena *arena, struct qr_card *ret)
{
    struct fault fault = no_fault;
#define X(name, chars)                                                                             \
    ret->name = message->name;                                                                     \
    if (!fault.kind)                                                                               \
        fault = text_tidy(&ret->name, "card." #name, chars, arena);                                \
    if (!fault.kind)                                                                               \
        fault = line_check(ret->name, "card." #name, chars);
    QR_CARD_TABLE(X)
#undef X
    ret->helps = message->helps;
    if (!fault.kind)
        fault = text_tidy(&ret->helps, "card.helps", QR_HELPS_CHARS_MAX, arena);
    if (!fault.kind)
        fault = words_check(ret->helps, "card.helps", QR_HELPS_CHARS_MAX);
    if (!fault.kind && !*ret->name)
        fault = (struct fault){FAULT_MISSING, "card.name", 1};
    if (!fault.kind && !*ret->phone)
        fault = (struct fault){FAULT_MISSING, "card.phone", 1};
    return fault.kind ? fault : phone_check(ret->phone, "card.phone");
}

/* A place has a name and matters; a person one matter, helpers and a card, and no name: that would
 * be shown to anybody. */
static struct fault shape_check(const struct qr_make *body, bool has_card)
{
    const bool person = body->kind == QR_PERSON;
    if (body->kind != QR_PLACE && !person)
        return (struct fault){FAULT_COUNT, "kind", QR_PERSON};
    if (!body->matter_count)
        return (struct fault){FAULT_MISSING, "matters", 1};
    if (person && body->matter_count > 1)
        return (struct fault){FAULT_MANY, "matters", 1};
    if (!person && !*body->name)
        return (struct fault){FAULT_MISSING, "name", 1};
    if (person && *body->name)
        return (struct fault){FAULT_LONG, "name", 0};
    if (person && !body->helper_count)
        return (struct fault){FAULT_MISSING, "helpers", 1};
    if (!person && body->helper_count)
        return (struct fault){FAULT_MANY, "helpers", 0};
    if (person && !has_card)
        return (struct fault){FAULT_MISSING, "card.name", 1};
    if (!person && has_card)
        return (struct fault){FAULT_LONG, "card", 0};
    if (person && body->as_report.has_point) /* it would stand in the database, plain */
        return (struct fault){FAULT_LONG, "longitude", 0};
    if (!person && !body->as_report.has_point && !body->as_report.unit_code_count)
        return (struct fault){FAULT_MISSING, "unit", 1};
    return no_fault;
}

static struct fault make_read(
        const Huying__Intake__QrMake *message, struct arena *arena, struct qr_make *body)
{
    struct submission *report = &body->as_report;
    *body = (struct qr_make){.as_report = {.ticket = message->ticket,
                                     .matter = "",
                                     .text = "",
                                     .reporter = "",
                                     .about = "",
                                     .join = "",
                                     .to = "",
                                     .has_point = message->longitude != 0 || message->latitude != 0,
                                     .longitude = message->longitude,
                                     .latitude = message->latitude,
                                     .coordinates = (enum coordinates)message->coordinates,
                                     .unit_codes = {message->unit},
                                     .unit_code_count = *message->unit != 0},
            .kind = (enum qr_kind)message->kind,
            .name = message->name,
            .matter_count = message->n_matters,
            .helper_count = message->n_helpers};
    struct fault fault = ticket_check(report->ticket, "ticket");
    if (!fault.kind)
        fault = text_tidy(&body->name, "name", QR_NAME_CHARS_MAX, arena);
    if (!fault.kind)
        fault = line_check(body->name, "name", QR_NAME_CHARS_MAX);
    if (!fault.kind)
        fault = list_check(message->matters, message->n_matters, QR_MATTERS_MAX, "matters",
                MATTER_CHARS_MAX, body->matters);
    if (!fault.kind)
        fault = list_check(message->helpers, message->n_helpers, HELPERS_MAX, "helpers",
                ACTOR_SIZE - 1, body->helpers);
    if (!fault.kind)
        fault = line_check(message->unit, "unit", UNIT_CODE_CHARS_MAX);
    if (!fault.kind)
        fault = point_check(report);
    return fault.kind ? fault : shape_check(body, message->card != NULL);
}

/* NULL: the site has no key that would seal it. */
static struct person_note *card_note(
        const char *ticket, const struct qr_card *card, struct arena *arena)
{
    if (!intake_persons()->count)
        return NULL;
    Huying__Intake__Caller plain = HUYING__INTAKE__CALLER__INIT;
    plain.ticket = text_lend(ticket);
    plain.text = text_lend(card->helps);
#define X(name, chars) plain.name = text_lend(card->name);
    QR_CARD_TABLE(X)
#undef X
    struct bytes bytes = message_bytes(&plain.base, arena);
    struct person_note *note = arena_get(arena, sizeof *note);
    *note = (struct person_note){.ref = ticket, .plain = bytes.data, .size = bytes.size};
    return note;
}

enum err qr_make_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Intake__QrMake *message =
            request_open(&huying__intake__qr_make__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    struct qr_make *body = arena_get(arena, sizeof *body);
    struct qr_card card = {.name = ""};
    struct fault fault = make_read(message, arena, body);
    if (!fault.kind && message->card)
        fault = card_read(message->card, arena, &card);
    if (fault.kind)
        return fault_report(&fault, arena, ret_why);
    struct submission *report = &body->as_report;
    struct bytes sent = message_bytes(&message->base, arena); /* however it was encoded */
    crypto_hash_sha256(report->digest, sent.data, sent.size);
    point_resolve(report);
    if (message->card)
        report->note = card_note(report->ticket, &card, arena);
    digest_protect(report, arena);
    report->resolved = arena_get(arena, sizeof *report->resolved);
    *ret_body = body;
    return OK;
}

enum err qr_change_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const Huying__Intake__QrChange *message =
            request_open(&huying__intake__qr_change__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    struct qr_change *body = arena_get(arena, sizeof *body);
    *body = (struct qr_change){
            .id = message->id, .staff = message->staff, .why = message->why, .ends = message->ends};
    struct fault fault = no_fault;
    if (body->id <= 0)
        fault = (struct fault){FAULT_ID, "id", INT64_MAX};
    if (!fault.kind)
        fault = line_check(body->staff, "staff", ACTOR_SIZE - 1);
    if (!fault.kind && strlen(body->staff) >= ACTOR_SIZE)
        fault = (struct fault){FAULT_LONG, "staff", ACTOR_SIZE - 1};
    if (!fault.kind)
        fault = line_check(body->why, "why", REASON_CHARS_MAX);
    struct qr_card card = {.name = ""};
    if (!fault.kind && message->card)
        fault = card_read(message->card, arena, &card);
    if (fault.kind)
        return fault_report(&fault, arena, ret_why);
    if (message->card)
        body->note = card_note("", &card, arena);
    body->found = arena_get(arena, sizeof *body->found);
    *ret_body = body;
    return OK;
}

static void qr_made_encode(const struct report *code, const char *staff, struct buf *out)
{
    const struct report_course *course = &code->course;
    const struct follow_keys *keys = intake_qr_keys();
    Huying__Intake__QrMade message = HUYING__INTAKE__QR_MADE__INIT;
    Huying__Intake__QrKey items[HELPERS_MAX], *pointers[HELPERS_MAX];
    char made[HELPERS_MAX][FOLLOW_CODE_SIZE];
    BUF_OWNED url = {0};
    qr_url(code->base.id, &url);
    message.id = code->base.id;
    message.url = text_lend(url.size ? url.data : "");
    message.keys = pointers;
    for (int i = 0; keys && i < course->helper_count; i++) {
        if (staff && strcmp(course->helpers[i].staff, staff) != 0)
            continue;
        size_t at = message.n_keys++;
        qr_helper_key_make(keys, code->base.id, &course->helpers[i], made[at]);
        huying__intake__qr_key__init(&items[at]);
        items[at].staff = text_lend(course->helpers[i].staff);
        items[at].key = made[at];
        pointers[at] = &items[at];
    }
    message_add(&message.base, out);
    sodium_memzero(made, sizeof made);
}

bool qr_answer(const struct report *code,
        const struct input *input,
        const struct outcome *outcome,
        struct buf *out)
{
    const bool helper = input->type == INTAKE_QR_HELPER;
    if ((input->type != INTAKE_QR_MAKE && !helper) ||
            (outcome->verdict != VERDICT_APPLIED && outcome->verdict != VERDICT_DUPLICATE))
        return false;
    qr_made_encode(code, helper ? ((const struct qr_change *)input->body)->staff : NULL, out);
    return true;
}

enum err qr_card_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    const struct fault fault = {FAULT_MISSING, "card.name", 1};
    const Huying__Intake__QrChange *message =
            request_open(&huying__intake__qr_change__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    if (!message->card)
        return fault_report(&fault, arena, ret_why);
    return qr_change_decode(payload, arena, ret_body, ret_why);
}

void qr_query_encode(int64_t from, uint32_t limit, struct buf *out)
{
    Huying__Intake__QrQuery message = HUYING__INTAKE__QR_QUERY__INIT;
    message.from = from;
    message.limit = limit;
    message_add(&message.base, out);
}

enum err qr_query_decode(
        struct bytes payload, struct arena *arena, struct qr_query *ret, const char **ret_why)
{
    const struct fault bad_limit = {FAULT_COUNT, "limit", QR_CODES_MAX};
    const struct fault bad_from = {FAULT_ID, "from", INT64_MAX};
    const Huying__Intake__QrQuery *message =
            request_open(&huying__intake__qr_query__descriptor, payload, arena, ret_why);
    if (!message)
        return ERR_MALFORMED;
    if (message->limit < 1 || message->limit > QR_CODES_MAX)
        return fault_report(&bad_limit, arena, ret_why);
    if (message->from < 0)
        return fault_report(&bad_from, arena, ret_why);
    *ret = (struct qr_query){message->from, message->limit};
    return OK;
}

/* The lists of one code, borrowed from it. */
struct item_lists {
    Huying__Intake__QrMatter matters[QR_MATTERS_MAX], *matter_pointers[QR_MATTERS_MAX];
    Huying__Intake__QrHelper helpers[HELPERS_MAX], *helper_pointers[HELPERS_MAX];
};

static void item_fill(
        Huying__Intake__QrCode *item, const struct qr_code *code, struct item_lists *lists)
{
    huying__intake__qr_code__init(item);
    item->id = code->id;
    item->kind = code->kind;
    item->withdrawn = code->withdrawn;
    item->name = text_lend(code->name);
    item->ref = text_lend(code->ref);
    item->url = text_lend(code->url);
    item->unit_code = text_lend(code->unit_code);
    item->unit_zh = text_lend(code->unit_zh);
    item->unit_en = text_lend(code->unit_en);
    item->has_point = code->has_point;
    item->longitude = code->spot.east / MILLION;
    item->latitude = code->spot.north / MILLION;
    item->made_at_ms = code->made_ms;
    item->ended_at_ms = code->ended_ms;
    item->n_matters = code->matter_count;
    item->matters = lists->matter_pointers;
    for (size_t i = 0; i < code->matter_count; i++) {
        huying__intake__qr_matter__init(&lists->matters[i]);
        lists->matters[i].code = text_lend(code->matters[i].code);
        lists->matters[i].name_zh = text_lend(code->matters[i].name_zh);
        lists->matters[i].name_en = text_lend(code->matters[i].name_en);
        lists->matter_pointers[i] = &lists->matters[i];
    }
    item->n_helpers = code->helper_count;
    item->helpers = lists->helper_pointers;
    for (size_t i = 0; i < code->helper_count; i++) {
        huying__intake__qr_helper__init(&lists->helpers[i]);
        lists->helpers[i].staff = text_lend(code->helpers[i].staff);
        lists->helpers[i].issue = (uint32_t)code->helpers[i].issue;
        lists->helper_pointers[i] = &lists->helpers[i];
    }
}

void qr_codes_encode(const struct qr_code *list, size_t count, struct buf *out)
{
    static _Thread_local Huying__Intake__QrCode items[QR_CODES_MAX], *pointers[QR_CODES_MAX];
    static _Thread_local struct item_lists lists[QR_CODES_MAX];
    Huying__Intake__QrCodes message = HUYING__INTAKE__QR_CODES__INIT;
    must(count <= QR_CODES_MAX);
    for (size_t i = 0; i < count; i++) {
        item_fill(&items[i], &list[i], &lists[i]);
        pointers[i] = &items[i];
    }
    message.items = pointers;
    message.n_items = count;
    message_add(&message.base, out);
}

static bool item_read(const Huying__Intake__QrCode *item, struct qr_code *ret)
{
    const char *const texts[] = {
            item->name, item->ref, item->url, item->unit_code, item->unit_zh, item->unit_en};
    bool valid = (item->kind == QR_PLACE || item->kind == QR_PERSON) &&
                 item->n_matters <= QR_MATTERS_MAX && item->n_helpers <= HELPERS_MAX;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        valid = valid && text_valid(texts[i], strlen(texts[i]));
    *ret = (struct qr_code){.id = item->id,
            .kind = (enum qr_kind)item->kind,
            .withdrawn = item->withdrawn,
            .name = item->name,
            .ref = item->ref,
            .url = item->url,
            .unit_code = item->unit_code,
            .unit_zh = item->unit_zh,
            .unit_en = item->unit_en,
            .has_point = item->has_point,
            .spot = {(int32_t)lround(item->longitude * MILLION),
                    (int32_t)lround(item->latitude * MILLION)},
            .made_ms = item->made_at_ms,
            .ended_ms = item->ended_at_ms};
    for (size_t i = 0; valid && i < item->n_matters; i++) {
        const Huying__Intake__QrMatter *matter = item->matters[i];
        valid = text_valid(matter->code, strlen(matter->code)) &&
                text_valid(matter->name_zh, strlen(matter->name_zh)) &&
                text_valid(matter->name_en, strlen(matter->name_en));
        ret->matters[ret->matter_count++] =
                (struct qr_matter){matter->code, matter->name_zh, matter->name_en};
    }
    for (size_t i = 0; valid && i < item->n_helpers; i++) {
        struct helper *helper = &ret->helpers[ret->helper_count++];
        valid = strlen(item->helpers[i]->staff) < sizeof helper->staff;
        if (valid)
            memcpy(helper->staff, item->helpers[i]->staff, strlen(item->helpers[i]->staff) + 1);
        helper->issue = (int32_t)item->helpers[i]->issue;
    }
    return valid;
}

enum err qr_codes_decode(
        struct bytes payload, struct arena *arena, struct qr_code *ret, size_t *ret_count)
{
    const char *why = "";
    const Huying__Intake__QrCodes *message =
            request_open(&huying__intake__qr_codes__descriptor, payload, arena, &why);
    if (!message || message->n_items > QR_CODES_MAX)
        return ERR_MALFORMED;
    for (size_t i = 0; i < message->n_items; i++)
        if (!item_read(message->items[i], &ret[i]))
            return ERR_MALFORMED;
    *ret_count = message->n_items;
    return OK;
}
