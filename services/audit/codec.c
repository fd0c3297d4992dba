/* Pages come in through the kernel's own reader of leaves (store/leaf.h), which copies nothing;
 * what is asked and answered goes through protobuf-c, after proto_check(). */
#include "services/audit/codec.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/audit.pb-c.h"
#include "services/audit/store.h"
#include "services/kernel/base/must.h"
#include "services/kernel/wire/message.h"

#define SAME(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), "number of " #ours)
SAME(TYPE_PAGE, HUYING__AUDIT__TYPE__PAGE);
SAME(TYPE_CHECKPOINT, HUYING__AUDIT__TYPE__CHECKPOINT);
SAME(TYPE_LOCATE, HUYING__AUDIT__TYPE__LOCATE);
SAME(TYPE_ENTRIES, HUYING__AUDIT__TYPE__ENTRIES);

static enum err refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return ERR_MALFORMED;
}

/* Counts the leaves and sees that each is one, all of the same service. */
static enum err leaves_check(struct bytes rest, struct page_body *ret, const char **ret_why)
{
    struct bytes bytes;
    enum err err = OK;
    while ((err = page_leaf_next(&rest, &bytes)) == OK) {
        struct leaf leaf;
        if (ret->count == PAGE_LEAVES_MAX)
            return refuse(ret_why, "page: at most 4096 leaves expected");
        err = leaf_read(bytes, &leaf, ret_why);
        if (err != OK)
            return err;
        if (ret->count == 0)
            ret->service = leaf.service;
        if (leaf.service != ret->service)
            return refuse(ret_why, "page: leaves of one service expected");
        ret->count++;
    }
    if (err != ERR_NOT_FOUND)
        return refuse(ret_why, "payload is no leaf.Page");
    return ret->count ? OK : refuse(ret_why, "page: at least one leaf expected");
}

enum err page_decode(
        struct bytes payload, struct arena *arena, const void **ret_body, const char **ret_why)
{
    struct page_body page = {.leaves = payload};
    enum err err = leaves_check(payload, &page, ret_why);
    if (err != OK)
        return err;
    uint8_t *hashes = arena_find(arena, (size_t)page.count * MERKLE_HASH_SIZE);
    if (!hashes) {
        *ret_why = "page: no memory for its hashes in this batch; smaller batches expected";
        return ERR_LIMIT;
    }
    struct bytes rest = payload, leaf;
    for (size_t i = 0; page_leaf_next(&rest, &leaf) == OK; i++)
        merkle_leaf(leaf.data, leaf.size, hashes + i * MERKLE_HASH_SIZE);
    page.hashes = hashes;
    *ret_body = arena_copy(arena, &page, sizeof page);
    return OK;
}

void audit_encode(const void *next,
        const struct input *input,
        const struct world *world,
        const struct send *send,
        struct buf *out)
{
    (void)next;
    (void)input;
    (void)world;
    (void)send;
    (void)out;
    must(!"audit tells nobody");
}

enum err checkpoint_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    (void)payload; /* nothing is asked but the newest; fields of later versions are passed over */
    (void)directory;
    (void)actor;
    (void)arena;
    (void)params;
    (void)ret_why;
    return OK;
}

void checkpoint_text(const struct merkle *merkle, int site, char ret[CHECKPOINT_SIZE])
{
    uint8_t root[MERKLE_HASH_SIZE];
    char text[sodium_base64_ENCODED_LEN(MERKLE_HASH_SIZE, sodium_base64_VARIANT_ORIGINAL)];
    merkle_root(merkle, root);
    sodium_bin2base64(text, sizeof text, root, sizeof root, sodium_base64_VARIANT_ORIGINAL);
    int size = snprintf(
            ret, CHECKPOINT_SIZE, "huying/site-%d\n%" PRId64 "\n%s\n", site, merkle->size, text);
    must(size > 0 && size < CHECKPOINT_SIZE);
}

/* A head that somebody damaged gives an empty answer: there is no checkpoint then. */
void checkpoint_encode(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    (void)directory;
    Huying__Audit__Checkpoint message = HUYING__AUDIT__CHECKPOINT__INIT;
    struct merkle merkle;
    char note[CHECKPOINT_SIZE];
    uint8_t root[MERKLE_HASH_SIZE];
    if (row_count(rows) == 0 || head_row(rows, 0, &merkle) != OK)
        return;
    checkpoint_text(&merkle, checkpoint_site(rows), note);
    merkle_root(&merkle, root);
    message.note = note;
    message.size = merkle.size;
    message.root = (ProtobufCBinaryData){sizeof root, root};
    message_add(&message.base, out);
}

enum err locate_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    (void)directory;
    (void)actor;
    const Huying__Audit__LocateQuery *in =
            message_open(&huying__audit__locate_query__descriptor, payload, arena);
    if (!in)
        return refuse(ret_why, "payload is no audit.LocateQuery");
    if (in->n_pages == 0 || in->n_pages > LOCATE_MAX)
        return refuse(ret_why, "pages: 1 to 1000 ids expected");
    int index = params_array(params, PARAM_INT8);
    for (size_t i = 0; i < in->n_pages; i++)
        param_add_int(params, index, in->pages[i]);
    return OK;
}

void locate_encode(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    (void)directory;
    static Huying__Audit__Place items[LOCATE_MAX]; /* one thread */
    Huying__Audit__Place *list[LOCATE_MAX];
    Huying__Audit__Places message = HUYING__AUDIT__PLACES__INIT;
    int count = row_count(rows);
    must(count <= LOCATE_MAX);
    for (int i = 0; i < count; i++) {
        struct place_row row;
        place_row(rows, i, &row);
        huying__audit__place__init(&items[i]);
        items[i].page = row.page;
        items[i].first = row.first;
        items[i].count = row.count;
        list[i] = &items[i];
    }
    message.n_items = (size_t)count;
    message.items = list;
    message_add(&message.base, out);
}

enum err entries_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    (void)directory;
    (void)actor;
    const Huying__Audit__EntriesQuery *in =
            message_open(&huying__audit__entries_query__descriptor, payload, arena);
    if (!in)
        return refuse(ret_why, "payload is no audit.EntriesQuery");
    if (in->from < 0 || in->from > INT64_MAX - ENTRIES_MAX)
        return refuse(ret_why, "from: a place from 0 expected");
    if (in->limit == 0 || in->limit > ENTRIES_MAX)
        return refuse(ret_why, "limit: 1 to 1000 expected");
    (void)params_int(params, PARAM_INT8, in->from);
    (void)params_int(params, PARAM_INT8, in->limit);
    return OK;
}

/* The leaves of one page that lie in the range that was asked for. */
static void entries_add(const struct entries_row *row, Huying__Audit__Entries *message)
{
    struct bytes rest = row->leaves, leaf;
    for (int64_t place = row->first; page_leaf_next(&rest, &leaf) == OK; place++)
        if (place >= row->from && place < row->from + row->limit)
            message->leaves[message->n_leaves++] =
                    (ProtobufCBinaryData){leaf.size, (uint8_t *)(uintptr_t)leaf.data};
}

void entries_encode(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    (void)directory;
    ProtobufCBinaryData leaves[ENTRIES_MAX];
    Huying__Audit__Entries message = HUYING__AUDIT__ENTRIES__INIT;
    message.leaves = leaves;
    for (int i = 0; i < row_count(rows); i++) {
        struct entries_row row;
        entries_row(rows, i, &row);
        message.from = row.from;
        entries_add(&row, &message);
    }
    message_add(&message.base, out);
}
