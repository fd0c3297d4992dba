/* The site's database in memory: tables of rows with versions, transactions, row locks, and a log
 * of commits that can be undone from its end. READ COMMITTED as PostgreSQL has it: a statement sees
 * what is committed when it runs and its own transaction's changes; whoever changes or locks a row
 * that somebody else holds waits. Versions are never changed once committed, and live as long as
 * the run. */
#ifndef HUYING_TESTS_SIM_DB_H
#define HUYING_TESTS_SIM_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/kernel/base/service_id.h"

#define CELLS_MAX 40
#define UNCHECKED SIZE_MAX

/* Tables of each service's schema; the numbers of their columns below. */
enum table_kind {
    T_AGG, /* id, ver, seen…, sent…, own: as the service's statements have them */
    T_OUTBOX,
    T_WAITING,
    T_DEAD,
    T_TIMER,
    T_ATTEMPT, /* one row per attempt and message */
    T_SUSPECT,
    T_COMMAND,
    T_HISTORY,
    T_DELTA, /* sums at unit 0, matter 0 alone */
    T_ID_BLOCK,
    T_ANCHOR,
    T_TICKET, /* intake */
    T_PERSON, /* intake */
    T_SQUAD,  /* enforcement */
    T_CREDIT, /* volunteer */
    T_HEAD,   /* audit */
    T_SENT,   /* of the simulator: every message that was ever put into the outbox */
    T_KINDS
};

enum { O_ID, O_DEST, O_AGG, O_N, O_TYPE, O_AT, O_DUE, O_TRIES, O_PAYLOAD, O_COUNT };
enum { W_AGG, W_SOURCE, W_SITE, W_N, W_ID, W_TYPE, W_AT, W_ATTEMPTS, W_PAYLOAD, W_REASON, W_COUNT };
enum { TI_AGG, TI_KIND, TI_GEN, TI_DUE, TI_COUNT };
enum { AT_ID, AT_SESSION, AT_AT, AT_MESSAGE, AT_ALONE, AT_COUNT };
enum { SU_ID, SU_ATTEMPTS, SU_LAST, SU_COUNT };
enum { C_PEER, C_REQUEST, C_DIGEST, C_AGG, C_VERDICT, C_REASON, C_ANSWER, C_COUNT };
enum {
    H_AGG,
    H_VER,
    H_KIND,
    H_FROM,
    H_TO,
    H_AT,
    H_UNIT,
    H_DUE,
    H_RULE,
    H_PAGE,
    H_IDX,
    H_SALT,
    H_ACTOR,
    H_DETAIL,
    H_COUNT
};
enum { TK_SOURCE, TK_REF, TK_REPORT, TK_AT, TK_COUNT };
enum { PE_REPORT, PE_VER, PE_REF, PE_KEY, PE_SEALED, PE_COUNT };
enum {
    SQ_ID,
    SQ_TURN,
    SQ_VERSION,
    SQ_CAPACITY,
    SQ_POOL,
    SQ_CAPABILITIES,
    SQ_LOAD,
    SQ_FREED,
    SQ_COUNT
};
enum { CR_NEED, CR_MINUTES, CR_COUNT };
enum { HD_SIZE, HD_FRONTIER, HD_COUNT };
enum { SE_ID, SE_DEST, SE_AGG, SE_N, SE_DIGEST, SE_COUNT };
enum { D_METRIC, D_AMOUNT, D_COUNT };

struct cell {
    const uint8_t *data; /* texts and bytes */
    int64_t value;       /* numbers; instants in ms */
    int32_t size;
    bool null;
};

struct key {
    int64_t a, b, c;
};

struct txn;
struct version {
    struct version *older;
    struct txn *txn; /* whose it is while it is not committed */
    uint64_t lsn;    /* of its commit */
    bool deleted;
    int count;
    struct cell cells[];
};

struct row {
    struct key key;
    struct version *head;
    struct txn *locked;
    struct row *next; /* in its bucket */
    struct table *table;
};

struct table {
    enum service_id service;
    enum table_kind kind;
    struct row **rows; /* in the order in which they were made */
    size_t count, room;
    struct row **buckets;
    size_t bucket_count;
};

struct session;
struct txn {
    struct session *session;
    struct row **rows; /* locked; changed ones among them */
    size_t count, room;
    bool wrote, async;
};

struct db {
    struct table tables[SERVICE_COUNT][T_KINDS];
    struct { /* the log: what each commit changed */
        struct row *row;
        uint64_t lsn;
        bool async;
    } * log;
    size_t log_count, log_room;
    size_t checked;     /* so much of it is behind the checks; UNCHECKED: it is another one */
    uint64_t lsn;       /* of the last commit */
    uint64_t confirmed; /* of the last that a standby has */
    int64_t arrivals;   /* a sequence: never undone */
    int64_t incarnation, incarnation_first, directory_version, clock_ms, jump_ms, trust;
    bool standby; /* false: no commit is confirmed */
    bool up;
};
extern struct db db;

void db_begin(void);
void db_end(void);
/* The row of that key, made without a version when there is none. */
struct row *row_make(struct table *table, struct key key);
/* What was confirmed by a standby last; NULL = nothing. */
const struct version *row_confirmed(const struct row *row);
/* False: somebody else holds it. */
bool row_lock(struct txn *txn, struct row *row);
/* The transaction's own version of a row that it has locked: a copy of what it sees, or `count`
 * NULLs. */
struct version *row_write(struct txn *txn, struct row *row, int count);
void row_delete(struct txn *txn, struct row *row);

void txn_commit(struct txn *txn);
void txn_rollback(struct txn *txn);
/* Undoes the commits after `lsn`. Nobody may have a transaction open. */
void db_undo(uint64_t lsn);
/* The last commit that is on the disk for certain: an asynchronous one after it may be lost. */
uint64_t db_flushed(void);

int64_t db_wall_ms(void);  /* the server's clock, which may jump */
int64_t db_clock_ms(void); /* by which deadlines are judged: that, or the drill's */

static inline struct table *db_table(enum service_id service, enum table_kind kind)
{
    return &db.tables[service][kind];
}

static inline uint64_t key_hash(struct key key)
{
    uint64_t hash = (uint64_t)key.a * UINT64_C(0x9E3779B97F4A7C15) +
                    (uint64_t)key.b * UINT64_C(0xC2B2AE3D27D4EB4F) + (uint64_t)key.c;
    return hash ^ hash >> 29;
}

/* NULL when there never was one. */
static inline struct row *row_find(const struct table *table, struct key key)
{
    if (!table->bucket_count)
        return NULL;
    struct row *row = table->buckets[key_hash(key) & (table->bucket_count - 1)];
    while (row && (row->key.a != key.a || row->key.b != key.b || row->key.c != key.c))
        row = row->next;
    return row;
}

/* What `txn` (NULL: anybody) sees of it; NULL = nothing. */
static inline const struct version *row_see(const struct row *row, const struct txn *txn)
{
    const struct version *version = row ? row->head : NULL;
    if (version && version->txn && version->txn != txn)
        version = version->older;
    return version && !version->deleted ? version : NULL;
}

static inline struct key key1(int64_t a)
{
    return (struct key){a, 0, 0};
}
static inline int64_t cell_int(const struct version *version, int column)
{
    return version->cells[column].null ? 0 : version->cells[column].value;
}
struct cell cell_number(int64_t value);
uint64_t bytes_hash(const void *data, size_t size);

#endif
