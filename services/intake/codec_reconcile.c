/* What is on record, as a source is told it: counts, a digest that the source can make of its own
 * records, and some of the tickets. */
#include <protobuf-c/protobuf-c.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "proto/hotline.pb-c.h"
#include "services/intake/codec.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/wire/message.h"

static int id_compare(const void *left_, const void *right_)
{
    const int64_t *left = left_;
    const int64_t *right = right_;
    return (*left > *right) - (*left < *right);
}

static size_t cases_count(const struct recorded *list, size_t count, struct arena *arena)
{
    int64_t *ids = arena_array(arena, int64_t, count + 1);
    size_t cases = 0;
    for (size_t i = 0; i < count; i++)
        ids[i] = list[i].report;
    qsort(ids, count, sizeof *ids, id_compare);
    for (size_t i = 0; i < count; i++)
        cases += i == 0 || ids[i] != ids[i - 1];
    return cases;
}

/* One line of what is digested. */
static void line_hash(crypto_hash_sha256_state *hash, const char *ticket, const char *number)
{
    const char *const parts[] = {ticket, "\t", number, "\n"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        crypto_hash_sha256_update(hash, (const unsigned char *)parts[i], strlen(parts[i]));
}

static void number_format(
        char *ret, const struct recorded *recorded, const struct directory *directory)
{
    case_number_format(ret, directory_site_letters(directory), recorded->report,
            recorded->accepted_ms, directory_utc_offset_s(directory));
}

static void digest_make(const struct recorded *list,
        size_t count,
        const struct directory *directory,
        uint8_t ret[DIGEST_SIZE])
{
    char number[CASE_NUMBER_SIZE];
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    for (size_t i = 0; i < count; i++) {
        number_format(number, &list[i], directory);
        line_hash(&hash, list[i].ticket, number);
    }
    crypto_hash_sha256_final(&hash, ret);
}

void reconciliation_encode(const struct recorded *list,
        size_t count,
        uint32_t limit,
        const struct directory *directory,
        struct arena *arena,
        struct buf *out)
{
    static _Thread_local Huying__Hotline__Recorded items[RECORDED_MAX];
    static _Thread_local Huying__Hotline__Recorded *pointers[RECORDED_MAX];
    static _Thread_local char numbers[RECORDED_MAX][CASE_NUMBER_SIZE];
    uint8_t digest[DIGEST_SIZE];
    Huying__Hotline__Reconciliation message = HUYING__HOTLINE__RECONCILIATION__INIT;
    must(limit <= RECORDED_MAX);
    message.over = count > RECONCILE_MAX;
    count = message.over ? 0 : count;
    digest_make(list, count, directory, digest);
    message.tickets = count;
    message.cases = cases_count(list, count, arena);
    message.digest = (ProtobufCBinaryData){DIGEST_SIZE, digest};
    message.items = pointers;
    for (size_t i = 0; i < count && message.n_items < limit; i++) {
        if (!list[i].listed)
            continue;
        size_t at = message.n_items++;
        huying__hotline__recorded__init(&items[at]);
        number_format(numbers[at], &list[i], directory);
        items[at].ticket = text_lend(list[i].ticket);
        items[at].number = numbers[at];
        items[at].accepted_at_ms = list[i].at_ms;
        pointers[at] = &items[at];
    }
    message_add(&message.base, out);
}
