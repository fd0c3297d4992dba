#include "services/ctl/codec_qr.h"

#include <string.h>

#include "proto/intake.pb-c.h"
#include "services/kernel/wire/message.h"

enum { KIND_PLACE = 1, KIND_PERSON = 2 };

_Static_assert((int)QR_MAKE == (int)HUYING__INTAKE__TYPE__QR_MAKE, "number of QR_MAKE");
_Static_assert((int)QR_WITHDRAW == (int)HUYING__INTAKE__TYPE__QR_WITHDRAW, "QR_WITHDRAW");
_Static_assert((int)QR_HELPER == (int)HUYING__INTAKE__TYPE__QR_HELPER, "number of QR_HELPER");
_Static_assert((int)QR_CARD == (int)HUYING__INTAKE__TYPE__QR_CARD, "number of QR_CARD");
_Static_assert((int)QR_CODES == (int)HUYING__INTAKE__TYPE__QR_CODES, "number of QR_CODES");

static size_t words_count(char **words)
{
    size_t count = 0;
    while (words != NULL && words[count] != NULL)
        count++;
    return count;
}

static void card_fill(Huying__Intake__QrCard *card, const struct qr_person *person)
{
    huying__intake__qr_card__init(card);
    card->name = text_lend(person->name);
    card->address = text_lend(person->address);
    card->contact = text_lend(person->contact);
    card->phone = text_lend(person->phone);
    card->helps = text_lend(person->helps);
}

struct bytes qr_card_encode(struct arena *arena, int64_t id, const struct qr_person *person)
{
    Huying__Intake__QrChange message = HUYING__INTAKE__QR_CHANGE__INIT;
    Huying__Intake__QrCard card;
    card_fill(&card, person);
    message.id = id;
    message.card = &card;
    return message_bytes(&message.base, arena);
}

struct bytes qr_new_encode(struct arena *arena, const struct qr_new *code)
{
    Huying__Intake__QrMake message = HUYING__INTAKE__QR_MAKE__INIT;
    Huying__Intake__QrCard card;
    message.ticket = text_lend(code->ref);
    message.kind = code->person != NULL ? KIND_PERSON : KIND_PLACE;
    message.name = text_lend(code->name);
    message.unit = text_lend(code->unit);
    message.matters = code->matters;
    message.n_matters = words_count(code->matters);
    message.helpers = code->helpers;
    message.n_helpers = words_count(code->helpers);
    message.longitude = code->longitude;
    message.latitude = code->latitude;
    message.coordinates = code->coordinates;
    if (code->person != NULL) {
        card_fill(&card, code->person);
        message.card = &card;
    }
    return message_bytes(&message.base, arena);
}

struct bytes qr_change_encode(
        struct arena *arena, int64_t id, const char *staff, bool ends, const char *why)
{
    Huying__Intake__QrChange message = HUYING__INTAKE__QR_CHANGE__INIT;
    message.id = id;
    message.staff = text_lend(staff);
    message.ends = ends;
    message.why = text_lend(why);
    return message_bytes(&message.base, arena);
}

struct bytes qr_ask_encode(struct arena *arena, int64_t from, uint32_t limit)
{
    Huying__Intake__QrQuery message = HUYING__INTAKE__QR_QUERY__INIT;
    message.from = from;
    message.limit = limit;
    return message_bytes(&message.base, arena);
}

enum err qr_made_decode(struct bytes payload, struct arena *arena, struct qr_made *ret)
{
    const Huying__Intake__QrMade *in =
            message_open(&huying__intake__qr_made__descriptor, payload, arena);
    if (in == NULL || in->n_keys > QR_HELPERS_ROOM)
        return ERR_MALFORMED;
    *ret = (struct qr_made){.id = in->id, .url = in->url, .key_count = in->n_keys};
    for (size_t i = 0; i < in->n_keys; i++) {
        ret->keys[i].staff = in->keys[i]->staff;
        ret->keys[i].key = in->keys[i]->key;
    }
    return OK;
}

static void item_read(const Huying__Intake__QrCode *item, struct qr_listed *ret)
{
    *ret = (struct qr_listed){.id = item->id,
            .made_ms = item->made_at_ms,
            .ended_ms = item->ended_at_ms,
            .person = item->kind == KIND_PERSON,
            .withdrawn = item->withdrawn,
            .has_point = item->has_point,
            .name = item->name,
            .ref = item->ref,
            .url = item->url,
            .unit_code = item->unit_code,
            .unit_zh = item->unit_zh,
            .unit_en = item->unit_en,
            .longitude = item->longitude,
            .latitude = item->latitude};
    for (size_t i = 0; i < item->n_matters; i++)
        ret->matters[ret->matter_count++] = item->matters[i]->code;
    for (size_t i = 0; i < item->n_helpers; i++)
        ret->helpers[ret->helper_count++] = item->helpers[i]->staff;
}

enum err qr_list_decode(
        struct bytes payload, struct arena *arena, struct qr_listed **ret, size_t *ret_count)
{
    const Huying__Intake__QrCodes *in =
            message_open(&huying__intake__qr_codes__descriptor, payload, arena);
    if (in == NULL || in->n_items > QR_LIST_MAX)
        return ERR_MALFORMED;
    struct qr_listed *list = arena_array(arena, struct qr_listed, in->n_items + 1);
    for (size_t i = 0; i < in->n_items; i++) {
        if (in->items[i]->n_matters > QR_MATTERS_ROOM || in->items[i]->n_helpers > QR_HELPERS_ROOM)
            return ERR_MALFORMED;
        item_read(in->items[i], &list[i]);
    }
    *ret = list;
    *ret_count = in->n_items;
    return OK;
}
