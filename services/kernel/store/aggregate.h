/* What a service's author gives the kernel: one table of functions around one kind of aggregate.
 * The kernel receives, orders, locks, calls these, stores, commits, acknowledges and publishes
 * (PROTOCOL rules 1 to 8); a service writes none of that.
 *
 * The aggregate's table, in the service's schema:
 *   id bigint PRIMARY KEY, ver int NOT NULL DEFAULT 0,
 *   seen_SOURCE bigint NOT NULL DEFAULT 0 …  one per service in `hears`, in that order,
 *   sent_DEST bigint NOT NULL DEFAULT 0 …    one per service in `tells`, in that order,
 *   own columns, all nullable or with defaults (a stub is a row with ver = 0; one with ver < 0 has
 *   lost its data: readers ask for ver > 0)
 * Never list audit in `tells`: leaves travel as pages, which the kernel sends by itself.
 *
 * Kernel tables that every service's schema has besides (store/schema.sql, same in all): outbox,
 * waiting, dead_letter, timer, attempt, suspect, command, history, counter, counter_delta,
 * counter_head, counter_kept, id_block, period, horizon, site_stream. */
#ifndef HUYING_STORE_AGGREGATE_H
#define HUYING_STORE_AGGREGATE_H

#include "services/kernel/base/arena.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_directory.h"
#include "services/kernel/store/pg.h"
#include "services/kernel/wire/envelope.h"

/* A query in the service's own words: bound, sent, its rows encoded into an answer. */
struct query_type {
    uint32_t type;
    const char *name;
    /* Decodes the request and binds $1… of `statement`; ERR_MALFORMED with `why`, ERR_DENIED.
     * `actor`: in whose name it is asked, "" = in the key's own. */
    const struct statement *statement;
    enum err (*bind)(struct bytes payload, const struct directory *directory, const char *actor,
            struct arena *arena, struct params *params, const char **ret_why);
    void (*encode)(const PGresult *rows, const struct directory *directory, struct buf *out);
    bool by_key; /* asked in the key's own name, `actor` is that name: each key sees its own */
};

struct statement_list {
    const struct statement *list;
    size_t count;
};

/* Accepted message, command, timer and work types: anything else is refused (command), put back
 * (message from a newer sender) or a bug (timer). */
struct input_type {
    enum input_kind kind;
    enum service_id source; /* INPUT_MESSAGE: from whom; else SERVICE_NONE */
    uint32_t type;
    uint32_t right;         /* INPUT_COMMAND: enum right that the key must have; RIGHT_ACT … */
    const char *name;       /* for logs and metrics, snake_case */
    /* Payload → plain struct in arena memory (returned through body). NULL for timers and work.
     * Checks everything that can be checked without state; `why` names field and limit. */
    enum err (*decode)(struct bytes payload, struct arena *arena, const void **ret_body,
            const char **ret_why);
};

struct aggregate_ops {
    enum service_id service;
    const char *schema; /* = service name */
    const char *table;  /* of the aggregates, in that schema */
    size_t state_size;  /* struct whose first member is struct aggregate */
    const enum service_id *hears; /* SERVICE_NONE-terminated */
    const enum service_id *tells; /* SERVICE_NONE-terminated, without audit */
    const struct input_type *inputs;
    size_t input_count;
    const struct query_type *queries;
    size_t query_count;
    const char *const *metric_names; /* by metric number, NULL-terminated: counters in Redis */
    const char *const *reason_names; /* by refusal number: stable snake_case names */
    /* A sentence in "zh" or "en". */
    const char *(*reason_text)(uint32_t reason, const char *language);
    /* Optional: appends to that sentence what outcome.refused_about says. */
    void (*reason_about)(uint32_t reason, uint16_t about, const struct directory *directory,
            const char *language, struct buf *out);
    const char *const *kind_names;   /* by transition number */
    const char *const *state_names;  /* by state number */

    /* store.c. The three statements have fixed parameters and columns:
     *  sql_stub    $1 bigint[]: INSERT … SELECT unnest($1) ORDER BY 1 ON CONFLICT DO NOTHING
     *  sql_load    $1 bigint[]: SELECT id, ver, seen_…, sent_…, own… WHERE id = ANY($1) ORDER BY id
     *              FOR NO KEY UPDATE
     *  sql_update  $1 bigint[] id, $2 int[] ver, $3… bigint[] seen_…, sent_…, then own arrays:
     *              INSERT … ON CONFLICT (id) DO UPDATE. The rows are there and locked; an UPDATE
     *              would join, and a join is planned from what the table held then: made while
     *              it was nearly empty, the plan reads all of it for each batch later
     */
    struct statement sql_stub, sql_load, sql_update;
    /* Reads own columns from `col` on. Texts must be copied (arena). */
    void (*load_row)(const PGresult *result, int row, int col, void *state, struct arena *arena);
    /* Declares own array parameters (params_array), once per statement … */
    void (*save_begin)(struct params *params);
    /* … and appends one state to them; `first` is the index of the first own parameter. */
    void (*save_row)(const void *state, struct params *params, int first);

    /* decide.c: pure. */
    void (*decide)(const void *state, const struct input *input, const struct world *world,
            void *next, struct outcome *outcome);
    /* codec.c. Called right after decide(), for each send, with the state after it. */
    void (*encode)(const void *next, const struct input *input, const struct world *world,
            const struct send *send, struct buf *out);
    /* The part of a step that is personal or long: goes, salted and hashed, behind the leaf, and as
     * bytes into history.detail. May write nothing. NULL = none. */
    void (*detail)(const void *next, const struct input *input, const struct step *step,
            struct buf *out);
    /* Payload of a command's reply. NULL = empty. */
    void (*answer)(const void *next, const struct input *input, const struct outcome *outcome,
            const struct world *world, struct buf *out);

    /* Optional: commands that arrive without an aggregate id. Queues statements that find or insert
     * the key rows in key order (they are locked before any aggregate), and sets input->agg (and
     * input->fresh when the id was drawn now) in `rows` callbacks. `draw` hands out a fresh id.
     * `directory` may be NULL or another version's: such a batch is not decided. */
    void (*resolve)(struct pg *pg, struct input **inputs, size_t count,
            const struct directory *directory, int64_t (*draw)(void *self), void *self,
            struct arena *arena);
    /* Optional: rows besides the aggregates, locked after them, in id order. Called with all inputs
     * of the batch and their loaded states; queues statements whose callbacks fill *ret_related.
     * Bodies are decoded (NULL in a message that is malformed). Messages that were held back and
     * become due in this batch are not among the inputs. With `relates` only batches are asked in
     * which it is true of an input, by its kind and type alone; NULL = all. */
    bool (*relates)(const struct input *input);
    void (*related)(struct pg *pg, struct input *const *inputs, const void *const *states,
            size_t count, const struct directory *directory, struct arena *arena,
            void **ret_related);
    /* Optional: more statements for the storing segment: own side tables. `states` are the changed
     * aggregates' last states; `related` as changed by the decisions. Their rows and the steps'
     * rows of history are written before it. */
    void (*store)(struct pg *pg, const void *const *states, size_t count, void *related,
            struct arena *arena);
    /* Optional: per applied decision, side-table rows that are not in the state (append to arrays
     * kept in `related` or the service's own batch memory). */
    void (*absorb)(const void *state, const void *next, const struct input *input,
            const struct outcome *outcome, const struct world *world, struct arena *arena);
    /* The end of a row (rule 10; life.h). Own columns as in SQL, separated by ", ": what a row
     * loses when its data goes. Wants a view finished(agg bigint, at timestamptz) of what is alive
     * and over, with an index on `at`, and, with counters, a view counter_fact(agg bigint, metric
     * smallint, unit bigint, matter int, value bigint) that counter_truth adds up together with
     * counter_kept. NULL: the service keeps its rows for ever. */
    const char *own_columns;
    /* Optional, without parameters, about the aggregates chosen(): delete rows of side tables,
     * sql_shed when the data goes and sql_remove with the row itself. */
    struct statement sql_shed, sql_remove;
    bool has_work; /* the schema has a view work_ready(agg bigint, kind int, at timestamptz) */

    const struct statement *statements; /* all further statements used by the functions above */
    size_t statement_count;
    /* Optional: more of them, of side tables whose SQL stands in files of its own; ended by a list
     * without statements. */
    const struct statement_list *lists;
};

#endif
