/* The ledger at rest: leaves against history, places against the head. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/merkle.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/store/leaf.h"
#include "tests/sim/check.h"
#include "tests/sim/columns.h"
#include "tests/sim/db.h"
#include "tests/sim/sim.h"

#define PAGES_MAX 8192

static size_t pages(const struct version **ret)
{
    const struct table *table = db_table(SERVICE_AUDIT, T_AGG);
    size_t count = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct version *page = row_see(table->rows[i], NULL);
        if (page && cell_int(page, ROW_VER) > 0) {
            must(count < PAGES_MAX);
            ret[count++] = page;
        }
    }
    return count;
}

bool check_placed(void)
{
    static const struct version *list[PAGES_MAX];
    size_t count = pages(list);
    for (size_t i = 0; i < count; i++)
        if (list[i]->cells[PAGE_PLACE].null)
            return false;
    return true;
}

/* True when the step that the leaf tells of is there, at this place. */
static bool leaf_true(const struct leaf *leaf, int64_t page, int64_t idx)
{
    struct key key = {leaf->agg, leaf->ver, 0};
    const struct version *step = row_see(row_find(db_table(leaf->service, T_HISTORY), key), NULL);
    uint8_t rest[REST_HASH_SIZE];
    char actor[64];
    if (!step || cell_int(step, H_PAGE) != page || cell_int(step, H_IDX) != idx ||
            cell_int(step, H_KIND) != leaf->kind || cell_int(step, H_AT) != leaf->at_ms ||
            cell_int(step, H_FROM) != leaf->from_state || cell_int(step, H_TO) != leaf->to_state)
        return false;
    const struct cell *name = &step->cells[H_ACTOR], *salt = &step->cells[H_SALT],
                      *detail = &step->cells[H_DETAIL];
    if (salt->null) /* forgotten: nobody can say any more what it was */
        return leaf->service == SERVICE_INTAKE && name->null && detail->null;
    must(name->size < (int32_t)sizeof actor);
    memcpy(actor, name->data, (size_t)name->size);
    actor[name->size] = 0;
    leaf_rest_hash((struct bytes){salt->data, (size_t)salt->size}, actor,
            (struct bytes){detail->data, (size_t)detail->size}, rest);
    return memcmp(rest, leaf->rest_hash, sizeof rest) == 0;
}

/* Returns the page's leaves. */
static int64_t page_check(const struct version *page)
{
    struct bytes rest = {page->cells[PAGE_LEAVES].data, (size_t)page->cells[PAGE_LEAVES].size};
    struct bytes bytes;
    int64_t count = 0;
    while (page_leaf_next(&rest, &bytes) == OK) {
        struct leaf leaf;
        const char *why = "";
        if (leaf_read(bytes, &leaf, &why) != OK || !leaf_true(&leaf, cell_int(page, ROW_ID), count))
            sim_fail("leaf %" PRId64 " of page %" PRId64 " tells of a step that is not there",
                    count, id_counter(cell_int(page, ROW_ID)));
        count++;
    }
    return count;
}

/* Every leaf has its step, at the place that the step names, so none is there twice: with equal
 * numbers every step has its leaf. */
void check_leaves(void)
{
    static const struct version *list[PAGES_MAX];
    size_t count = pages(list);
    int64_t leaves = 0, steps = 0;
    for (size_t i = 0; i < count; i++)
        leaves += page_check(list[i]);
    for (int service = SERVICE_INTAKE; service < SERVICE_AUDIT; service++) {
        const struct table *table = db_table((enum service_id)service, T_HISTORY);
        for (size_t i = 0; i < table->count; i++)
            steps += row_see(table->rows[i], NULL) != NULL;
    }
    sim_stats[STAT_LEAVES] = (uint64_t)leaves;
    if (leaves != steps)
        sim_fail("%" PRId64 " leaves for %" PRId64 " steps", leaves, steps);
}

static int place_compare(const void *left, const void *right)
{
    const struct version *a = *(const struct version *const *)left;
    const struct version *b = *(const struct version *const *)right;
    return (cell_int(a, PAGE_PLACE) > cell_int(b, PAGE_PLACE)) -
           (cell_int(a, PAGE_PLACE) < cell_int(b, PAGE_PLACE));
}

void check_ledger(void)
{
    static const struct version *list[PAGES_MAX];
    struct merkle merkle;
    size_t count = pages(list), size;
    merkle_init(&merkle);
    if (count)
        qsort(list, count, sizeof *list, place_compare);
    for (size_t i = 0; i < count; i++) {
        if (cell_int(list[i], PAGE_PLACE) != merkle.size)
            sim_fail("the ledger has a gap or an overlap at place %" PRId64, merkle.size);
        const struct cell *hashes = &list[i]->cells[PAGE_HASHES];
        for (int32_t at = 0; at < hashes->size; at += MERKLE_HASH_SIZE)
            merkle_add(&merkle, hashes->data + at);
    }
    const struct version *head = row_see(row_find(db_table(SERVICE_AUDIT, T_HEAD), key1(1)), NULL);
    const uint8_t *frontier = merkle_frontier(&merkle, &size);
    if (!head ? merkle.size != 0
              : cell_int(head, HD_SIZE) != merkle.size ||
                            (size_t)head->cells[HD_FRONTIER].size != size ||
                            memcmp(head->cells[HD_FRONTIER].data, frontier, size) != 0)
        sim_fail("the ledger's head is not that of its leaves");
}
