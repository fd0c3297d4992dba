/* Pages come in order of place, some at a time: their leaves are hashed, compared with the stored
 * hashes and added to a tree; then their rows of history are fetched and compared. At the end
 * tree and head, numbers of leaves and rows, and the versions of each aggregate. Leaf by leaf
 * every leaf has its own row (page and index are part of the row), so equal numbers mean that
 * every row has its leaf. */
#include "services/ctl/ledger.h"

#include <glib.h>
#include <sodium.h>
#include <string.h>

#include "services/kernel/base/must.h"

struct verify {
    struct pg *pg;
    struct ledger_report *report;
    struct merkle tree, head;
    GArray *leaves; /* struct ledger_leaf of the pages at hand */
    int64_t next;   /* the place that must come now */
    int64_t from;   /* where the next pages are read */
};

const char *wrong_word(enum wrong_kind kind)
{
    static const char *const words[] = {
#define X(name, word, zh, en) word,
            WRONG_TABLE(X)
#undef X
    };
    must(kind < WRONG_COUNT_OF_KINDS);
    return words[kind];
}

const char *wrong_text(enum wrong_kind kind, bool english)
{
    static const char *const texts[][2] = {
#define X(name, word, zh, en) {zh, en},
            WRONG_TABLE(X)
#undef X
    };
    must(kind < WRONG_COUNT_OF_KINDS);
    return texts[kind][english];
}

/* Keeps the one with the lowest place; the first of a place, since the later follow from it. */
static void wrong_add(struct verify *this, const struct ledger_wrong *wrong)
{
    struct ledger_wrong *first = &this->report->first;
    this->report->wrongs++;
    bool earlier = wrong->place >= 0 && (first->place < 0 || wrong->place < first->place);
    if (first->kind == WRONG_NONE || earlier)
        *first = *wrong;
    if (first->field == NULL)
        first->field = "";
}

static void place_wrong(struct verify *this, enum wrong_kind kind, int64_t place)
{
    wrong_add(this, &(struct ledger_wrong){.kind = kind, .place = place});
}

static void leaf_wrong(
        struct verify *this, enum wrong_kind kind, const struct ledger_leaf *at, const char *field)
{
    wrong_add(this, &(struct ledger_wrong){.kind = kind,
                            .place = at->place,
                            .service = at->leaf.service,
                            .agg = at->leaf.agg,
                            .ver = at->leaf.ver,
                            .field = field});
}

/* One leaf's bytes against its stored hash; into the tree goes what the bytes give. */
static void leaf_take(
        struct verify *this, const struct ledger_page *page, int32_t idx, struct bytes bytes)
{
    struct ledger_leaf leaf = {.place = page->first + idx, .page = page->id, .idx = idx};
    uint8_t hash[MERKLE_HASH_SIZE];
    const char *why = NULL;
    merkle_leaf(bytes.data, bytes.size, hash);
    merkle_add(&this->tree, hash);
    size_t at = (size_t)idx * MERKLE_HASH_SIZE;
    bool same = at + MERKLE_HASH_SIZE <= page->hashes.size &&
                memcmp(page->hashes.data + at, hash, MERKLE_HASH_SIZE) == 0;
    bool read = leaf_read(bytes, &leaf.leaf, &why) == OK;
    if (!same)
        leaf_wrong(this, WRONG_HASH, &leaf, NULL);
    else if (!read)
        place_wrong(this, WRONG_LEAF, leaf.place);
    else if ((int32_t)leaf.leaf.service != page->source || leaf.leaf.service > SERVICE_VOLUNTEER)
        leaf_wrong(this, WRONG_SERVICE, &leaf, NULL);
    else
        g_array_append_val(this->leaves, leaf);
}

static void page_take(void *self, const struct ledger_page *page)
{
    struct verify *this = self;
    struct bytes rest = page->leaves, bytes;
    int32_t idx = 0;
    enum err err = OK;
    if (page->first > this->next)
        place_wrong(this, WRONG_PAGE_MISSING, this->next);
    else if (page->first < this->next)
        place_wrong(this, WRONG_PLACE_TWICE, page->first);
    for (; idx < page->count && (err = page_leaf_next(&rest, &bytes)) == OK; idx++)
        leaf_take(this, page, idx, bytes);
    if (err == ERR_MALFORMED)
        place_wrong(this, WRONG_LEAF, page->first + idx);
    else if (idx < page->count || rest.size > 0 ||
             page->hashes.size != (size_t)page->count * MERKLE_HASH_SIZE)
        place_wrong(this, WRONG_COUNT, page->first + idx);
    this->next = page->first + page->count;
    this->from = page->first + 1;
}

/* Name of the first field in which row and leaf differ, NULL = none. A row whose salt was deleted
 * has been forgotten: what it was stays proven, but nothing of it may be left. */
static const char *row_differs(const struct ledger_leaf *at, const struct ledger_row *row)
{
    const struct leaf *leaf = &at->leaf;
    const struct {
        const char *name;
        int64_t of_leaf, of_row;
    } fields[] = {
            {"page", at->page, row->page},
            {"idx", at->idx, row->idx},
            {"kind", leaf->kind, row->kind},
            {"from_state", leaf->from_state, row->from_state},
            {"to_state", leaf->to_state, row->to_state},
            {"at", leaf->at_ms, row->at_ms},
            {"unit", leaf->unit, row->unit},
            {"due", leaf->due_ms, row->due_ms},
            {"rule_ver", leaf->rule_ver, row->rule_ver},
    };
    uint8_t rest[REST_HASH_SIZE];
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (fields[i].of_leaf != fields[i].of_row)
            return fields[i].name;
    if (!row->salted)
        return row->actor[0] != '\0' || row->detail.size > 0 ? "salt" : NULL;
    leaf_rest_hash(row->salt, row->actor, row->detail, rest);
    return memcmp(rest, leaf->rest_hash, sizeof(rest)) == 0 ? NULL : "salt, actor or detail";
}

static void row_take(void *self, const struct ledger_leaf *leaf, const struct ledger_row *row)
{
    struct verify *this = self;
    const char *field = row->found ? row_differs(leaf, row) : NULL;
    if (!row->found && row->gone)
        return;
    if (!row->found)
        leaf_wrong(this, WRONG_NO_ROW, leaf, NULL);
    else if (field != NULL)
        leaf_wrong(this, WRONG_FIELD, leaf, field);
}

static enum err pages_verify(struct verify *this, ledger_progress_fn *progress, void *self)
{
    for (int count = LEDGER_PAGES_MAX; count == LEDGER_PAGES_MAX;) {
        g_array_set_size(this->leaves, 0);
        enum err err = store_ledger_pages(this->pg, this->from, page_take, this, &count);
        for (int s = SERVICE_INTAKE; s <= SERVICE_VOLUNTEER && err == OK; s++)
            err = store_ledger_rows(this->pg, (enum service_id)s,
                    (const struct ledger_leaf *)(void *)this->leaves->data, this->leaves->len,
                    row_take, this);
        if (err != OK)
            return err;
        if (progress != NULL)
            progress(self, this->next, this->head.size);
    }
    return OK;
}

/* Tree and head differ. When every page is as it says, the first perfect subtree that differs tells
 * from where on; else a leaf was named, and this follows from it. */
static void root_verify(struct verify *this)
{
    int64_t place = 0;
    for (int i = 0; i < this->tree.count; i++) {
        if (memcmp(this->tree.roots[i], this->head.roots[i], MERKLE_HASH_SIZE) != 0) {
            if (this->report->wrongs == 0)
                place_wrong(this, WRONG_ROOT, place);
            else
                this->report->wrongs++;
            return;
        }
        int bit = 63 - __builtin_clzll((uint64_t)(this->tree.size - place));
        place += INT64_C(1) << bit;
    }
}

static void head_verify(struct verify *this)
{
    if (this->next < this->head.size)
        place_wrong(this, WRONG_PAGE_MISSING, this->next);
    else if (this->next > this->head.size)
        place_wrong(this, WRONG_BEYOND_HEAD, this->head.size);
    else if (this->tree.size == this->head.size)
        root_verify(this);
}

static void history_take(
        struct verify *this, enum service_id service, const struct ledger_history *h)
{
    if (h->gap_agg != 0)
        wrong_add(this, &(struct ledger_wrong){.kind = WRONG_GAP,
                                .place = -1,
                                .service = service,
                                .agg = h->gap_agg,
                                .ver = h->gap_ver});
    if (h->lost > 0)
        wrong_add(this, &(struct ledger_wrong){.kind = WRONG_NO_LEAF,
                                .place = -1,
                                .service = service,
                                .agg = h->lost_agg,
                                .ver = h->lost_ver});
    this->report->under_way += h->under_way;
    this->report->wrongs += h->lost > 1 ? h->lost - 1 : 0;
}

static enum err history_verify(struct verify *this)
{
    struct ledger_history list[SERVICE_COUNT] = {0};
    for (int pass = 0; pass < 2; pass++) {
        this->report->rows = this->report->gone = 0;
        for (int s = SERVICE_INTAKE; s <= SERVICE_VOLUNTEER; s++) {
            if (store_ledger_history(this->pg, (enum service_id)s, pass == 1, &list[s]) != OK)
                return ERR_TRANSIENT;
            this->report->rows += list[s].rows;
            this->report->gone += list[s].gone;
        }
        if (this->report->rows + this->report->gone == this->tree.size && this->report->wrongs == 0)
            break;
    }
    for (int s = SERVICE_INTAKE; s <= SERVICE_VOLUNTEER; s++)
        history_take(this, (enum service_id)s, &list[s]);
    return OK;
}

static enum err all_verify(struct verify *this, ledger_progress_fn *progress, void *self)
{
    enum err err = store_ledger_head(this->pg, &this->head);
    bool headless = err == ERR_MALFORMED;
    if (headless)
        place_wrong(this, WRONG_HEAD, -1);
    else if (err != OK)
        return err;
    err = pages_verify(this, progress, self);
    if (err != OK)
        return err;
    if (!headless)
        head_verify(this);
    return history_verify(this);
}

enum err ledger_verify(
        struct pg *pg, ledger_progress_fn *progress, void *self, struct ledger_report *ret)
{
    struct ledger_report report = {.first = {.place = -1, .field = ""}};
    struct verify verify = {.pg = pg, .report = &report};
    merkle_init(&verify.tree);
    merkle_init(&verify.head);
    if (store_ledger_begin(pg) != OK)
        return ERR_TRANSIENT;
    verify.leaves = g_array_new(FALSE, FALSE, sizeof(struct ledger_leaf));
    enum err err = all_verify(&verify, progress, self);
    g_array_free(verify.leaves, TRUE);
    if (err != OK) /* the transaction may be lost with its connection */
        return err;
    store_ledger_end(pg);
    report.size = verify.tree.size;
    report.head_size = verify.head.size;
    merkle_root(&verify.tree, report.root);
    *ret = report;
    return OK;
}
