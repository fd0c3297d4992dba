/* What the services answer, as their askers read it: huyingctl's codecs, the field staff's, the
 * hotline library's and intake's own of a report. An answer is refused or has texts that end. A
 * second byte fills the arena, as in inputs.c. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "services/ctl/codec_audit.h"
#include "services/ctl/codec_field.h"
#include "services/ctl/codec_ops.h"
#include "services/ctl/codec_story.h"
#include "services/intake/hotline/codec.h"

#define ARENA_LIMIT ((size_t)8 << 20)
#define OUTCOMES_ROOM 8

static enum err history_try(struct bytes payload, struct arena *arena)
{
    struct story_row *rows = NULL;
    size_t count = 0;
    enum err err = history_decode(payload, SERVICE_INTAKE, arena, &rows, &count);
    for (size_t i = 0; err == OK && i < count; i++) {
        must(strlen(rows[i].step) + strlen(rows[i].from) + strlen(rows[i].to) < SIZE_MAX / 2);
        must(strlen(rows[i].actor) < SIZE_MAX / 2 && story_text(&rows[i], arena) != NULL);
    }
    return err;
}

static enum err case_try(struct bytes payload, struct arena *arena)
{
    struct case_view view;
    enum err err = case_view_decode(payload, arena, &view);
    must(err != OK || (view.number && view.source && view.source_ref && view.summary));
    return err;
}

static enum err places_try(struct bytes payload, struct arena *arena)
{
    struct page_place *places = NULL;
    size_t count = 0;
    enum err err = places_decode(payload, arena, &places, &count);
    must(err != OK || places != NULL);
    return err;
}

static enum err worklist_try(struct bytes payload, struct arena *arena)
{
    struct case_view *views = NULL;
    size_t count = 0;
    enum err err = worklist_decode(payload, arena, &views, &count);
    for (size_t i = 0; err == OK && i < count; i++)
        must(views[i].source_ref && views[i].state && views[i].level && views[i].handler_kind);
    return err;
}

static enum err letters_try(struct bytes payload, struct arena *arena)
{
    struct letter *letters = NULL;
    size_t count = 0;
    enum err err = letters_decode(payload, SERVICE_AUDIT, arena, &letters, &count);
    for (size_t i = 0; err == OK && i < count; i++)
        must(letters[i].reason && letters[i].source < SERVICE_COUNT);
    return err;
}

static enum err items_try(uint32_t type, struct bytes payload, struct arena *arena)
{
    struct field_item *items = NULL;
    size_t count = 0;
    enum err err = field_items_decode(type, payload, arena, &items, &count);
    for (size_t i = 0; err == OK && i < count; i++)
        must(items[i].source_ref && items[i].state && items[i].handler_kind && items[i].volunteer);
    return err;
}

static enum err cases_try(struct bytes payload, struct arena *arena)
{
    return items_try(FIELD_WORKLIST, payload, arena);
}

static enum err missions_try(struct bytes payload, struct arena *arena)
{
    return items_try(FIELD_MISSIONS, payload, arena);
}

static enum err needs_try(struct bytes payload, struct arena *arena)
{
    return items_try(FIELD_NEEDS, payload, arena);
}

static enum err offers_try(struct bytes payload, struct arena *arena)
{
    const char **codes = NULL;
    enum err err = field_offers_decode(payload, arena, &codes);
    for (size_t i = 0; err == OK && codes[i] != NULL; i++)
        must(strlen(codes[i]) <= payload.size);
    return err;
}

static enum err checkpoint_try(struct bytes payload, struct arena *arena)
{
    struct checkpoint checkpoint;
    char root[FIELD_ROOT_SIZE] = "";
    enum err err = checkpoint_decode(payload, arena, &checkpoint);
    must(err != OK || *checkpoint.note);
    must(field_root_decode(payload, arena, root) != OK || strlen(root) == FIELD_ROOT_SIZE - 1);
    return err;
}

static enum err receipt_try(struct bytes payload, struct arena *arena)
{
    struct hotline_receipt receipt;
    enum err err = hotline_receipt_decode(payload, arena, &receipt);
    if (err != OK)
        return err;
    fuzz_text(receipt.ticket);
    fuzz_text(receipt.number);
    fuzz_text(receipt.reason);
    fuzz_text(receipt.text);
    fuzz_text(receipt.unit_code);
    fuzz_text(receipt.level);
    return OK;
}

static enum err outcomes_try(struct bytes payload, struct arena *arena)
{
    static struct hotline_outcome outcomes[OUTCOMES_ROOM];
    size_t count = 0;
    enum err err = hotline_outcomes_decode(payload, arena, outcomes, OUTCOMES_ROOM, &count);
    must(count <= OUTCOMES_ROOM);
    for (size_t i = 0; err == OK && i < count; i++) {
        fuzz_text(outcomes[i].ticket);
        fuzz_text(outcomes[i].number);
        fuzz_text(outcomes[i].outcome);
        fuzz_text(outcomes[i].text);
    }
    return err;
}

static enum err reconciliation_try(struct bytes payload, struct arena *arena)
{
    static struct hotline_reconciliation answer;
    enum err err = hotline_reconciliation_decode(payload, arena, &answer);
    must(err != OK || answer.item_count <= HOTLINE_RECORDED_MAX);
    for (size_t i = 0; err == OK && i < answer.item_count; i++) {
        fuzz_text(answer.items[i].ticket);
        fuzz_text(answer.items[i].number);
    }
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static enum err (*const tries[])(struct bytes, struct arena *) = {history_try, case_try,
            places_try, worklist_try, letters_try, cases_try, missions_try, needs_try, offers_try,
            checkpoint_try, receipt_try, outcomes_try, reconciliation_try};
    size_t chosen = fuzz_choose(&data, &size, COUNT_OF(tries));
    enum err err = tries[chosen]((struct bytes){data, size}, fuzz_arena(ARENA_LIMIT));
    must(err == OK || err == ERR_MALFORMED || err == ERR_NOT_FOUND || err == ERR_LIMIT);
    return 0;
}
