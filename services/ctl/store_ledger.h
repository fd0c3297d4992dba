/* What huyingctl reads to check the ledger: audit's pages in order of place, and the history rows
 * of all services. All of it in one snapshot, so that a cluster at work can be checked. Blocking;
 * the role huying_ctl may read every schema. ERR_TRANSIENT with pg_message() when a statement
 * failed. */
#ifndef HUYING_CTL_STORE_LEDGER_H
#define HUYING_CTL_STORE_LEDGER_H

#include <stdbool.h>
#include "services/kernel/base/merkle.h"
#include "services/kernel/store/leaf.h"
#include "services/kernel/store/pg.h"

#define LEDGER_PAGES_MAX 32 /* of one store_ledger_pages */

/* The snapshot that the others read from. It is held until the end, so do not linger. */
enum err store_ledger_begin(struct pg *pg) MUST_CHECK;
void store_ledger_end(struct pg *pg);

/* ERR_MALFORMED: there is no head, or size and frontier do not belong together. */
enum err store_ledger_head(struct pg *pg, struct merkle *ret) MUST_CHECK;

struct ledger_page {
    int64_t id, first;
    int32_t count, source;
    struct bytes leaves, hashes; /* valid during the call */
};
/* The next LEDGER_PAGES_MAX pages whose first place is `from` or later, in order of place. */
enum err store_ledger_pages(struct pg *pg,
        int64_t from,
        void (*page)(void *self, const struct ledger_page *page),
        void *self,
        int *ret_count) MUST_CHECK;

/* A leaf and where it stands. */
struct ledger_leaf {
    struct leaf leaf;
    int64_t place, page;
    int32_t idx;
};
/* The history row of a leaf's (service, aggregate, version). */
struct ledger_row {
    bool found, salted;
    bool gone; /* it is not found because the aggregate's data has gone, or its row was removed */
    int64_t kind, from_state, to_state, at_ms, unit, due_ms, rule_ver, page, idx;
    struct bytes salt, detail; /* valid during the call, like `actor` */
    const char *actor;
};
/* Looks up the rows of those leaves that are of `service`; `row` is called for each, in their
 * order. */
enum err store_ledger_rows(struct pg *pg,
        enum service_id service,
        const struct ledger_leaf *leaves,
        size_t count,
        void (*row)(void *self, const struct ledger_leaf *leaf, const struct ledger_row *row),
        void *self) MUST_CHECK;

struct ledger_history {
    int64_t rows;
    int64_t gone;      /* leaves whose rows went with their aggregates' data */
    int64_t under_way; /* rows whose page is in the outbox, or not placed yet */
    int64_t lost;      /* rows whose leaf is nowhere */
    int64_t lost_agg,
            gap_agg; /* first of them; first aggregate with a gap in its versions; 0 = none */
    int32_t lost_ver, gap_ver; /* gap_ver: the version that is missing */
};
/* Counts a service's history and the versions of its aggregates. `whole`: look for rows without a
 * leaf too, which takes a pass over everything. */
enum err store_ledger_history(
        struct pg *pg, enum service_id service, bool whole, struct ledger_history *ret) MUST_CHECK;

#endif
