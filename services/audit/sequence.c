/* A look, and when a page waits, three segments on one connection: take (BEGIN, head), read
 * (pages), place (pages, head, COMMIT). Pages are read only by who has the head: the reading
 * locks them, and what one sequencer has locked another would pass over. The tree grows in memory
 * as the pages' rows come in; what was read is thrown away with every failure, and the head is
 * read anew each time. What is kept is where a look begins (bound.h): a page that was slow to
 * be committed, or was a stub for long, gets its place later than others that came after it. */
#include "services/audit/sequence.h"

#include <stdlib.h>
#include <string.h>

#include "services/audit/store.h"
#include "services/kernel/base/log.h"
#include "services/kernel/base/must.h"
#include "services/audit/bound.h"

#define COMPLAIN_MS 1000 /* between two log lines about the same kind of trouble */

struct sequencer {
    struct pg *pg;
    struct statement statements[SEQUENCE_STATEMENT_COUNT];
    struct params params, places; /* places: what PLACE gets */
    struct merkle merkle;
    struct bound bound; /* of arrivals of pages that have no place */
    uint64_t connects;  /* of the connection that it is of */
    int64_t low, leaves, damaged_page;
    int pages;
    bool running, busy, woken, whole, found, taken, damaged_head, ending;
    int64_t look_ms, now_ms, complain_ms;
    struct sequencer_counts counts;
};

struct sequencer *sequencer_new(const char *conninfo)
{
    struct sequencer *this = calloc(1, sizeof *this);
    must(this);
    for (int i = 0; i < SEQUENCE_STATEMENT_COUNT; i++)
        this->statements[i] = *SEQUENCE_STATEMENTS[i];
    this->complain_ms = -COMPLAIN_MS;
    this->pg = pg_new(conninfo, "audit");
    pg_prepare(this->pg, this->statements, SEQUENCE_STATEMENT_COUNT);
    return this;
}

void sequencer_destroy(struct sequencer **pointer)
{
    struct sequencer *this = *pointer;
    if (!this)
        return;
    this->ending = true; /* a run that is cut off here is no trouble */
    pg_destroy(&this->pg);
    params_fini(&this->params);
    params_fini(&this->places);
    free(this);
    *pointer = NULL;
}

void sequencer_wake(struct sequencer *this)
{
    this->woken = true;
}

struct pg *sequencer_pg(struct sequencer *this)
{
    return this->pg;
}

struct sequencer_counts sequencer_counts(const struct sequencer *this)
{
    return this->counts;
}

static bool may_complain(struct sequencer *this)
{
    if (this->ending || this->now_ms - this->complain_ms < COMPLAIN_MS)
        return false;
    this->complain_ms = this->now_ms;
    return true;
}

static void run_failed(struct sequencer *this, enum err err, const char *message)
{
    this->counts.failures++;
    if (may_complain(this))
        log_warn("AUDIT-PLACE-FAILED", "class=%s why=%s", err_name(err), log_quote(message));
}

static void undone(void *self, enum err err, const char *message)
{
    struct sequencer *this = self;
    this->running = false;
    if (err != OK && may_complain(this))
        log_warn("AUDIT-UNDO-FAILED", "class=%s why=%s", err_name(err), log_quote(message));
}

/* Ends a transaction that shall have no effect. A lost connection has ended it already. */
static void run_undo(struct sequencer *this)
{
    if (pg_state(this->pg) != PG_READY) {
        this->running = false;
        return;
    }
    pg_queue(this->pg, &PG_ROLLBACK, NULL, NULL, NULL);
    pg_sync(this->pg, undone, this);
}

static void head_taken(void *self, const PGresult *rows)
{
    struct sequencer *this = self;
    if (row_count(rows) == 0)
        return;
    this->taken = true;
    this->low = head_low(rows);
    bound_found(&this->bound, this->low, this->now_ms);
    this->damaged_head = head_row(rows, 0, &this->merkle) != OK;
}

/* Each page gets the places from the present size on. */
static void pages_found(void *self, const PGresult *rows)
{
    struct sequencer *this = self;
    for (int i = 0; i < row_count(rows) && !this->damaged_page; i++) {
        struct unplaced_row row;
        unplaced_row(rows, i, &row);
        if (row.count < 0 || row.hashes.size != (size_t)row.count * MERKLE_HASH_SIZE) {
            this->damaged_page = row.page;
            return;
        }
        param_add_int(&this->places, 0, row.page);
        param_add_int(&this->places, 1, this->merkle.size);
        for (int32_t at = 0; at < row.count; at++)
            merkle_add(&this->merkle, row.hashes.data + (size_t)at * MERKLE_HASH_SIZE);
        this->pages++;
        this->leaves += row.count;
    }
}

static void placed(void *self, enum err err, const char *message)
{
    struct sequencer *this = self;
    if (err != OK) {
        run_failed(this, err, message);
        run_undo(this);
        return;
    }
    this->running = false;
    this->busy = true;
    this->look_ms = this->now_ms + SEQUENCE_BUSY_MS;
    this->counts.runs++;
    this->counts.pages += (uint64_t)this->pages;
    this->counts.leaves += (uint64_t)this->leaves;
}

static void pages_place(struct sequencer *this)
{
    size_t size;
    const uint8_t *frontier = merkle_frontier(&this->merkle, &size);
    must(this->pages > 0 && this->merkle.size >= this->leaves);
    pg_queue(this->pg, &PLACE, &this->places, NULL, NULL);
    params_reset(&this->params);
    (void)params_int(&this->params, PARAM_INT8, this->merkle.size);
    (void)params_bytes(&this->params, PARAM_BYTEA, frontier, size);
    pg_queue(this->pg, &HEAD_MOVE, &this->params, NULL, NULL);
    pg_queue(this->pg, &PG_COMMIT, NULL, NULL, NULL);
    pg_sync(this->pg, placed, this);
}

/* What was changed by hand stops the ledger at that point: nothing is built upon it. */
static void damage_tell(struct sequencer *this)
{
    if ((!this->damaged_head && !this->damaged_page) || !may_complain(this))
        return;
    log_error(this->damaged_head ? "AUDIT-HEAD-DAMAGED" : "AUDIT-PAGE-DAMAGED", "page=%lld what=%s",
            (long long)this->damaged_page,
            log_quote("the table was changed from outside; no further places are given. See "
                      "huyingctl audit verify, and restore it from the backup"));
}

static void pages_read(void *self, enum err err, const char *message)
{
    struct sequencer *this = self;
    damage_tell(this);
    if (err == OK && this->pages > 0) {
        pages_place(this);
        return;
    }
    if (err != OK)
        run_failed(this, err, message);
    run_undo(this);
}

static void taken(void *self, enum err err, const char *message)
{
    struct sequencer *this = self;
    damage_tell(this);
    if (err == OK && this->taken && !this->damaged_head) {
        params_reset(&this->params);
        (void)params_int(&this->params, PARAM_INT4, PLACE_PAGES_MAX);
        (void)params_int(&this->params, PARAM_INT8, this->low);
        pg_queue(this->pg, &UNPLACED, &this->params, pages_found, this);
        pg_sync(this->pg, pages_read, this);
        return;
    }
    if (err != OK)
        run_failed(this, err, message);
    run_undo(this);
}

static void run_start(struct sequencer *this)
{
    this->running = true;
    this->busy = this->woken = false;
    this->taken = this->damaged_head = false;
    this->damaged_page = 0;
    this->pages = 0;
    this->leaves = 0;
    params_reset(&this->places);
    (void)params_array(&this->places, PARAM_INT8);
    (void)params_array(&this->places, PARAM_INT8);
    params_reset(&this->params);
    (void)params_int(&this->params, PARAM_INT8, this->bound.low);
    pg_queue(this->pg, &PG_BEGIN, NULL, NULL, NULL);
    pg_queue(this->pg, &HEAD_TAKE, &this->params, head_taken, this);
    pg_sync(this->pg, taken, this);
}

static void page_seen(void *self, const PGresult *rows)
{
    struct sequencer *this = self;
    this->found = look_row(rows, &this->low);
}

static void looked(void *self, enum err err, const char *message)
{
    struct sequencer *this = self;
    this->running = false;
    if (err != OK) {
        run_failed(this, err, message);
        return;
    }
    (this->whole ? bound_found_whole : bound_found)(&this->bound, this->low, this->now_ms);
    if (this->found)
        run_start(this);
}

/* Right after a run there is likely to be more, and after a wake there is; else one small statement
 * asks first. That one also looks from zero when it is time: a run that finds the head taken by
 * another would have to look from zero again. */
static void look_start(struct sequencer *this)
{
    this->whole = bound_whole(&this->bound, this->now_ms);
    if ((this->busy || this->woken) && !this->whole) {
        run_start(this);
        return;
    }
    this->running = true;
    this->busy = this->woken = false;
    params_reset(&this->params);
    (void)params_int(&this->params, PARAM_INT8, this->whole ? 0 : this->bound.low);
    pg_queue(this->pg, &LOOK, &this->params, page_seen, this);
    pg_sync(this->pg, looked, this);
}

void sequencer_turn(struct sequencer *this, int64_t monotonic_ms, bool drill)
{
    this->now_ms = monotonic_ms;
    pg_turn(this->pg, monotonic_ms);
    int64_t every = drill ? SEQUENCE_DRILL_MS : SEQUENCE_EVERY_MS;
    if (this->look_ms > monotonic_ms + every)
        this->look_ms = monotonic_ms + every;
    bool due = this->woken || monotonic_ms >= this->look_ms;
    if (this->running || !due || pg_state(this->pg) != PG_READY)
        return;
    if (this->connects != pg_connects(this->pg)) { /* perhaps to what was restored */
        this->connects = pg_connects(this->pg);
        this->bound = (struct bound){0};
    }
    this->look_ms = monotonic_ms + every;
    look_start(this);
}
