/* Audit's rows: pages as the kernel stores them, the statements of the sequencer and of queries. */
#ifndef HUYING_AUDIT_STORE_H
#define HUYING_AUDIT_STORE_H

#include "services/audit/audit.h"
#include "services/kernel/store/aggregate.h"

extern const struct statement PAGES_STUB, PAGES_LOAD, PAGES_UPDATE;
/* As aggregate_ops. */
void page_load_row(const PGresult *result, int row, int col, void *state, struct arena *arena);
void page_save_begin(struct params *params);
void page_save_row(const void *state, struct params *params, int first);

/* Whether some page waits for its place; alone, outside of a transaction. $1 arrival to begin
 * at. */
extern const struct statement LOOK;
/* The sequencer's, in this order in one transaction. HEAD_TAKE locks the head, and gives no row
 * when nothing waits for a place or another sequencer holds it. UNPLACED has to be a statement of
 * its own: only then it sees what was committed before the lock was got. HEAD_TAKE: $1 arrival to
 * begin at; UNPLACED: $1 limit, $2 that arrival. It never waits for a row, so a batch that locks
 * pages in the order of ids cannot deadlock with it. */
extern const struct statement HEAD_TAKE, UNPLACED;
/* $1 ids, $2 places. */
extern const struct statement PLACE;
/* $1 size, $2 frontier. */
extern const struct statement HEAD_MOVE;
#define SEQUENCE_STATEMENT_COUNT 5
extern const struct statement *const SEQUENCE_STATEMENTS[SEQUENCE_STATEMENT_COUNT];

struct unplaced_row {
    int64_t page;
    int32_t count;
    struct bytes hashes; /* borrowed from the result */
};
int row_count(const PGresult *rows);
void unplaced_row(const PGresult *rows, int row, struct unplaced_row *ret);
/* Of LOOK: true when a page waits. *ret_low: the first one's arrival, else the next to be drawn. */
bool look_row(const PGresult *rows, int64_t *ret_low);
/* Of HEAD_TAKE: arrival of the first page that waits. */
int64_t head_low(const PGresult *rows);
/* ERR_MALFORMED: somebody has changed the head by hand. */
enum err head_row(const PGresult *rows, int row, struct merkle *ret) MUST_CHECK;

/* Queries. CHECKPOINT: the head and the site's number. LOCATE: $1 page ids. ENTRIES: $1 first
 * place, $2 how many; at least one row, which has no page when there is none. */
extern const struct statement CHECKPOINT, LOCATE, ENTRIES;
int checkpoint_site(const PGresult *rows);
struct place_row {
    int64_t page, first; /* -1: not placed yet */
    int32_t count;
};
void place_row(const PGresult *rows, int row, struct place_row *ret);
struct entries_row {
    int64_t from, limit, first;
    struct bytes leaves; /* empty: no page; borrowed from the result */
};
void entries_row(const PGresult *rows, int row, struct entries_row *ret);

#endif
