#include "tests/sim/db.h"

#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"
#include "tests/sim/sim.h"

#define BUCKETS_FIRST 64

struct db db;

void db_begin(void)
{
    db = (struct db){
            .standby = true, .up = true, .directory_version = 1, .trust = 1, .checked = UNCHECKED};
    for (int service = 0; service < SERVICE_COUNT; service++)
        for (int kind = 0; kind < T_KINDS; kind++) {
            db.tables[service][kind].service = (enum service_id)service;
            db.tables[service][kind].kind = (enum table_kind)kind;
        }
}

void db_end(void)
{
    for (int service = 0; service < SERVICE_COUNT; service++)
        for (int kind = 0; kind < T_KINDS; kind++) {
            free(db.tables[service][kind].rows);
            free(db.tables[service][kind].buckets);
        }
    free(db.log);
    db.log = NULL;
}

uint64_t bytes_hash(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

struct cell cell_number(int64_t value)
{
    return (struct cell){.value = value};
}

static void table_grow(struct table *table)
{
    table->room = table->room ? table->room * 2 : BUCKETS_FIRST;
    table->rows = realloc(table->rows, table->room * sizeof(struct row *));
    free(table->buckets);
    table->buckets = calloc(table->room, sizeof(struct row *));
    must(table->rows && table->buckets);
    table->bucket_count = table->room;
    for (size_t i = 0; i < table->count; i++) {
        struct row **bucket =
                &table->buckets[key_hash(table->rows[i]->key) & (table->bucket_count - 1)];
        table->rows[i]->next = *bucket;
        *bucket = table->rows[i];
    }
}

struct row *row_make(struct table *table, struct key key)
{
    struct row *row = row_find(table, key);
    if (row)
        return row;
    if (table->count == table->room)
        table_grow(table);
    row = arena_array(&sim.arena, struct row, 1);
    row->key = key;
    row->table = table;
    struct row **bucket = &table->buckets[key_hash(key) & (table->bucket_count - 1)];
    row->next = *bucket;
    *bucket = row;
    table->rows[table->count++] = row;
    return row;
}

const struct version *row_confirmed(const struct row *row)
{
    const struct version *version = row ? row->head : NULL;
    while (version && (version->txn || version->lsn > db.confirmed))
        version = version->older;
    return version && !version->deleted ? version : NULL;
}

bool row_lock(struct txn *txn, struct row *row)
{
    if (row->locked == txn)
        return true;
    if (row->locked)
        return false;
    row->locked = txn;
    txn->wrote = true;
    if (txn->count == txn->room) {
        txn->room = txn->room ? txn->room * 2 : 64;
        txn->rows = realloc(txn->rows, txn->room * sizeof(struct row *));
        must(txn->rows);
    }
    txn->rows[txn->count++] = row;
    return true;
}

struct version *row_write(struct txn *txn, struct row *row, int count)
{
    must(row->locked == txn && count <= CELLS_MAX);
    if (row->head && row->head->txn == txn && !row->head->deleted)
        return row->head;
    const struct version *old = row_see(row, txn);
    struct version *version =
            arena_get(&sim.arena, sizeof *version + (size_t)count * sizeof(struct cell));
    version->count = count;
    version->txn = txn;
    if (old) {
        must(old->count == count);
        memcpy(version->cells, old->cells, (size_t)count * sizeof(struct cell));
    } else {
        for (int i = 0; i < count; i++)
            version->cells[i].null = true;
    }
    version->older = row->head && row->head->txn == txn ? row->head->older : row->head;
    row->head = version;
    return version;
}

void row_delete(struct txn *txn, struct row *row)
{
    must(row->locked == txn);
    struct version *version = arena_get(&sim.arena, sizeof *version);
    version->txn = txn;
    version->deleted = true;
    version->older = row->head && row->head->txn == txn ? row->head->older : row->head;
    row->head = version;
}

static void log_add(struct row *row, bool async)
{
    if (db.log_count == db.log_room) {
        db.log_room = db.log_room ? db.log_room * 2 : 1024;
        db.log = realloc(db.log, db.log_room * sizeof *db.log);
        must(db.log);
    }
    db.log[db.log_count].row = row;
    db.log[db.log_count].async = async;
    db.log[db.log_count++].lsn = db.lsn;
}

static void txn_release(struct txn *txn)
{
    for (size_t i = 0; i < txn->count; i++)
        txn->rows[i]->locked = NULL;
    txn->count = 0;
    txn->wrote = txn->async = false;
}

void txn_commit(struct txn *txn)
{
    if (txn->wrote)
        db.lsn++;
    for (size_t i = 0; i < txn->count; i++) {
        struct version *head = txn->rows[i]->head;
        if (!head || head->txn != txn)
            continue;
        head->txn = NULL;
        head->lsn = db.lsn;
        log_add(txn->rows[i], txn->async);
    }
    if (db.standby && txn->wrote && !txn->async)
        db.confirmed = db.lsn;
    txn_release(txn);
}

void txn_rollback(struct txn *txn)
{
    for (size_t i = 0; i < txn->count; i++) {
        struct row *row = txn->rows[i];
        if (row->head && row->head->txn == txn)
            row->head = row->head->older;
    }
    txn_release(txn);
}

void db_undo(uint64_t lsn)
{
    uint64_t last = db.lsn;
    db.checked = UNCHECKED;
    while (db.log_count && db.log[db.log_count - 1].lsn > lsn) {
        struct row *row = db.log[--db.log_count].row;
        must(row->head && !row->head->txn && row->head->lsn > lsn);
        row->head = row->head->older;
    }
    sim_stats[STAT_UNDONE] += last - lsn;
    db.lsn = lsn;
    if (db.confirmed > lsn)
        db.confirmed = lsn;
}

uint64_t db_flushed(void)
{
    for (size_t i = db.log_count; i > 0; i--)
        if (!db.log[i - 1].async)
            return db.log[i - 1].lsn;
    return 0;
}

int64_t db_wall_ms(void)
{
    return SIM_EPOCH_MS + sim.now_ms + db.jump_ms;
}

int64_t db_clock_ms(void)
{
    return sim.drill ? db.clock_ms : db_wall_ms();
}
