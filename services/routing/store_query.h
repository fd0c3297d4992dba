/* What is asked of routing's rows: the statements, read-only, and their rows as plain structs. */
#ifndef HUYING_ROUTING_STORE_QUERY_H
#define HUYING_ROUTING_STORE_QUERY_H

#include "services/kernel/base/arena.h"
#include "services/kernel/store/pg.h"
#include "services/routing/routing.h"

/* In all of them but WORKLIST and LOAD $1 is who asks, by his code; in all but AGENDA and LOAD $2
 * is his *scope*: the units within which he sees cases; an empty one is no condition. */

/* $1 source_refs, $3 handlers' units, $4 states, $5 only open ones asked, $6 after id, $7 limit. An
 * empty array $1 or $3 means no such condition. */
extern const struct statement WORKLIST;
/* $3 id. */
extern const struct statement CASE_VIEW;
#define NEVER_MS (NEVER_S * INT64_C(1000))
#define NEVER_S 253402300800 /* the year 10000 */
/* $2 units of who asks, $3 units whose handled cases he may look after; then after what: $4 rank
 * (-1: from the first), $5 instant (NEVER_MS: none), $6 id; $7 limit. */
extern const struct statement AGENDA;
/* $3 states, $4 matters, $5 places, $6 text, $7 source_ref; $8 accepted at or after; $9, $10 before
 * that instant and id; $11 limit. Empty: no such condition. A row at least, when any were looked
 * at. */
extern const struct statement SEARCH;
/* $3 places, $4 matters, $5 but for this one, $6 ended so many hours ago at most, $7 limit. */
extern const struct statement SIMILAR;
/* $1 units, $2 of each the unit that it counts for, $3 seconds east of UTC, $4 limit. */
extern const struct statement LOAD;

int case_row_count(const PGresult *rows);
/* What a worklist shows of a case; the rest is zero. Texts are borrowed from the result. */
void worklist_row(const PGresult *rows, int row, struct routing_case *ret);

/* One row of the other statements about cases: the case whole, and what decides what comes next.
 * Texts are borrowed from the result. */
struct case_found {
    struct routing_case state; /* with source and summary */
    const char *actor;         /* who asks; "" = nobody by name */
    int64_t now_ms;
    int rank;        /* AGENDA: 0 = urged, 1 = not */
    int64_t next_ms; /* AGENDA: the first clock to run out; 0 = none. SEARCH: its acceptance */
};
/* `col`: the first column; 0 but in SEARCH. */
void case_found_row(
        const PGresult *rows, int row, int col, struct arena *arena, struct case_found *ret);

struct search_row {
    bool more; /* not all could be looked at: go on after this instant and id */
    int64_t last_ms, last_id;
    struct case_found found;
};
/* False: nothing fits, only the rest is filled. */
bool search_row(const PGresult *rows, int row, struct arena *arena, struct search_row *ret);

struct load_row {
    int64_t unit;
    int32_t open, late, due_today;
};
void load_row(const PGresult *rows, int row, struct load_row *ret);

#endif
