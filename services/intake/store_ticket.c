/* Tickets, by which reports are found before they are locked.
 *
 * A ticket's row is inserted (or found) before any report is locked, in the order of the keys, and
 * keeps its id: whoever is second waits for the first to commit and then reads whose id won. A
 * ticket whose report was refused stands for an id without a report; the next body is then decided
 * afresh, and when it is accepted the row gets that instant. A ticket that reports what an open
 * report near by is about gets that report's id. */
#include "services/intake/store_ticket.h"
#include <string.h>
#include "services/intake/codec.h"
#include "services/intake/decide.h"
#include "services/intake/intake.h"
#include "services/intake/locate.h"
#include "services/intake/near.h"
#include "services/intake/store.h"
#include "services/intake/store_qr.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"

enum statement_index {
    TICKET_INSERT,
    TICKET_NEAR,
    TICKET_ATTACH,
    TICKET_FIND,
    TICKET_MOVE,
    TICKET_OWE,
    GRIDS_READ
};

#define GRIDS_READ_MAX "200001" /* LOCATOR_GRIDS_MAX and one, so that too many are noticed */

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)
#define JOINS_TEXT TEXT(JOINS_MAX)
#define BANDS_TEXT TEXT(BANDS_MAX)

/* The clock to the millisecond, since that is what reports and receipts have; in a drill what the
 * input says, as the kernel has it for decisions. */
#define CLOCK_SQL "(SELECT date_trunc('milliseconds', directory.clock()) AS now OFFSET 0) AS s"
#define INSTANT_SQL                                                                                \
    "CASE WHEN (SELECT x.drill FROM directory.site AS x) THEN coalesce(k.said, s.now) ELSE s.now " \
    "END"

/* A ticket of a matter of which two reports may be the same thing. The nearest open report of
 * its source, or the one that it names, of any source, within `reach` and `hours`, on whose list
 * is room for it, behind those before it in this statement; else what `lead`, which is near it
 * and came in the same batch, gets as its own; else an id of its own. Reports are found by bands
 * of a thousandth of a degree of latitude. */
/* clang-format off */
#define NEAR_SQL                                                                                   \
    "INSERT INTO ticket (source, ref, report, at) SELECT c.source, c.ref, coalesce(c.near, "       \
    "CASE WHEN first_value(c.near) OVER (PARTITION BY c.lead ORDER BY c.at) IS NULL "              \
    "THEN c.lead ELSE c.own END), c.instant FROM (SELECT k.source, k.ref, k.at, k.own, k.lead, "   \
    "CASE WHEN s.drill THEN coalesce(k.said, s.now) ELSE s.now END AS instant, "                   \
    "CASE WHEN n.callers + row_number() OVER (PARTITION BY n.id ORDER BY k.at) <= " JOINS_TEXT     \
    " THEN n.id END AS near FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], "      \
    "$5::integer[], $6::integer[], $7::integer[], $8::integer[], $9::integer[], $10::integer[], "  \
    "$11::integer[], $12::timestamptz[], $13::bigint[]) WITH ORDINALITY AS k (source, ref, own, "  \
    "lead, thing, north, east, reach, wide, squeeze, hours, said, joins, at) "                     \
    "CROSS JOIN (SELECT x.drill, "                                                                 \
    "date_trunc('milliseconds', directory.clock()) AS now FROM directory.site AS x OFFSET 0)"      \
    " AS s LEFT JOIN LATERAL ("                                                                    \
    "SELECT x.id, coalesce(jsonb_array_length(x.course -> 'callers'), 0) AS callers"               \
    " FROM (SELECT generate_series((k.north - k.reach) / 1000, (k.north + k.reach) / 1000)"        \
    " AS band LIMIT " BANDS_TEXT ") AS b CROSS JOIN LATERAL (SELECT r.id, r.source, r.state,"      \
    " r.accepted, r.withdraw_asked, r.course, (r.north - k.north)::bigint AS up,"                  \
    " (r.east - k.east)::bigint * k.squeeze / 1000000 AS aside"                                    \
    " FROM report AS r WHERE r.thing = k.thing AND r.north / 1000 = b.band"                        \
    " AND r.east BETWEEN k.east - k.wide AND k.east + k.wide"                                      \
    " AND r.ended IS NULL AND r.thing IS NOT NULL OFFSET 0) AS x"                                  \
    " WHERE x.state = 1 AND NOT x.withdraw_asked"                                                  \
    " AND CASE WHEN k.joins = 0 THEN x.source = k.source ELSE x.id = k.joins END"                  \
    " AND x.up * x.up + x.aside * x.aside <= k.reach::bigint * k.reach"                            \
    " AND (k.joins <> 0 OR x.accepted >= CASE WHEN s.drill THEN coalesce(k.said, s.now)"           \
    " ELSE s.now END - k.hours * interval '1 hour')"                                               \
    " AND coalesce(jsonb_array_length(x.course -> 'callers'), 0) < " JOINS_TEXT                    \
    " ORDER BY x.up * x.up + x.aside * x.aside, x.id LIMIT 1) AS n ON true) AS c"                  \
    " ORDER BY c.source, c.ref ON CONFLICT DO NOTHING RETURNING source, ref"
/* clang-format on */

const struct statement ticket_statements[TICKET_STATEMENTS] = {
        [TICKET_INSERT] = {"intake_ticket_insert",
                "INSERT INTO ticket (source, ref, report, at) "
                "SELECT k.source, k.ref, k.report, " INSTANT_SQL " FROM unnest($1::text[], "
                "$2::text[], $3::bigint[], $4::timestamptz[]) AS k (source, ref, report, said) "
                "CROSS JOIN " CLOCK_SQL " ORDER BY k.source, k.ref ON CONFLICT DO NOTHING"},
        [TICKET_NEAR] = {"intake_ticket_near", NEAR_SQL},
        [TICKET_ATTACH] = {"intake_ticket_attach",
                "INSERT INTO ticket (source, ref, report, at) "
                "SELECT k.source, k.ref, t.report, " INSTANT_SQL " FROM unnest($1::text[], "
                "$2::text[], $3::text[], $4::timestamptz[]) AS k (source, ref, about, said) "
                "CROSS JOIN " CLOCK_SQL " CROSS JOIN LATERAL (SELECT x.report FROM ticket AS x"
                " WHERE x.source = k.source AND x.ref = k.about OFFSET 0) AS t "
                "ORDER BY k.source, k.ref ON CONFLICT DO NOTHING"},
        [TICKET_FIND] = {"intake_ticket_find",
                "SELECT k.at, t.report, coalesce(r.ver, 0), t.at, "
                "coalesce(t.xmin = pg_current_xact_id_if_assigned()::xid, false) "
                "FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (source, ref, at) "
                "CROSS JOIN LATERAL (SELECT x.report, x.at, x.xmin FROM ticket AS x"
                " WHERE x.source = k.source AND x.ref = k.ref OFFSET 0) AS t "
                "LEFT JOIN LATERAL (SELECT x.ver FROM report AS x WHERE x.id = t.report OFFSET 0)"
                " AS r ON true ORDER BY k.at"},
        [TICKET_MOVE] = {"intake_ticket_move",
                "INSERT INTO ticket (source, ref, report, at) SELECT k.source, k.ref, k.report, "
                "k.at FROM unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[]) "
                "AS k (source, ref, report, at) ORDER BY k.source, k.ref "
                "ON CONFLICT (source, ref) DO UPDATE SET at = excluded.at"},
        [TICKET_OWE] = {"intake_ticket_owe",
                "INSERT INTO ticket (source, ref, report, at, owed, awaits) SELECT k.source, "
                "k.ref, k.report, now(), k.owed, k.awaits FROM unnest($1::text[], $2::text[], "
                "$3::bigint[], $4::boolean[], $5::boolean[]) AS k (source, ref, report, owed, "
                "awaits) ORDER BY k.source, k.ref ON CONFLICT (source, ref) DO UPDATE "
                "SET owed = excluded.owed, awaits = excluded.awaits "
                "WHERE (ticket.owed, ticket.awaits) <> (excluded.owed, excluded.awaits)"},
        [GRIDS_READ] = {"intake_grids_read",
                "SELECT g.unit, g.polygon, count(*) OVER () FROM directory.grid AS g "
                "JOIN directory.unit AS u ON u.id = g.unit "
                "WHERE NOT u.retired ORDER BY g.unit LIMIT " GRIDS_READ_MAX},
};

static struct {
    struct locator *locator; /* NULL until the first reading */
    int64_t version;         /* of the directory when it was read; -1 = never */
    int64_t wanted;
    size_t refused;
} polygons = {.version = -1};

void store_directory_set(int64_t version)
{
    polygons.wanted = version;
}

int64_t store_grids_version(void)
{
    return polygons.version;
}

size_t store_grids_refused(void)
{
    return polygons.refused;
}

size_t store_grids(void)
{
    return polygons.locator ? locator_count(polygons.locator) : 0;
}

void store_fini(void)
{
    locator_destroy(&polygons.locator);
    polygons.version = -1;
}

/* `self` is the version of the directory that was in force when the reading was asked for: when it
 * has changed since, the next batch reads again. */
static void grids_take(void *self, const PGresult *result)
{
    const int64_t *version = self;
    int rows = PQntuples(result);
    size_t room = rows < LOCATOR_GRIDS_MAX ? (size_t)rows : LOCATOR_GRIDS_MAX;
    locator_destroy(&polygons.locator);
    polygons.locator = locator_new(room);
    polygons.refused = 0;
    for (int row = 0; row < rows; row++) {
        int64_t unit = row_int(result, row, 0);
        if (locator_add(polygons.locator, unit, row_bytes(result, row, 1)) != OK)
            polygons.refused++;
    }
    polygons.version = *version;
}

/* A ticket of the batch: first the distinct ones with a submission, then those only looked for. */
struct slot {
    struct input *input;
    const char *source, *ref;
    const char *about; /* of an urge: the ticket whose report it stays on; else "" */
    bool submits;      /* gets an id of its own */
    int64_t drawn;     /* the id for it, should it be new; in the first of equal keys */
    bool helps;        /* joins an open call for help by the same code, if there is one */
    int64_t joins;     /* the case that it names; -1 = that is none; 0 = none is named */
    int32_t thing;     /* in that first one, when it may be the same as another's; else 0 */
    int32_t hours;
    struct spot spot;
    struct reach reach;
    struct slot *lead; /* of those in this batch, the one that it is near, or itself */
    int followers;
    int64_t report; /* found; 0 = no such ticket */
    int32_t ver;
    int64_t at_ms; /* of its row */
    bool made;     /* … which this transaction has made */
};

struct resolution {
    struct slot *slots; /* sorted by key; equal keys stand together */
    size_t count;
};

static const struct submission *submission_of(const struct input *input)
{
    return input_submits(input) || input->type == INTAKE_QR_MAKE ? input->body : NULL;
}

static const char *ticket_of(const struct input *input)
{
    const struct submission *submission = submission_of(input);
    if (submission)
        return submission->ticket;
    if (input->agg)
        return "";
    if (input->type == INTAKE_WITHDRAW || input->type == HOTLINE_WITHDRAW)
        return ((const struct withdrawal *)input->body)->ticket;
    if (input->type == INTAKE_FOLLOW_UP || input->type == HOTLINE_FOLLOW_UP)
        return ((const struct follow_up *)input->body)->ticket;
    if (input->type == INTAKE_CORRECT || input->type == HOTLINE_CORRECT)
        return ((const struct correction *)input->body)->to_be.ticket;
    return "";
}

static int key_compare(const struct slot *left, const struct slot *right)
{
    int order = strcmp(left->source, right->source);
    return order ? order : strcmp(left->ref, right->ref);
}

/* By key, submissions first, so that the first of a run draws the id for all of it. */
static int slot_compare(const void *left_, const void *right_)
{
    const struct slot *left = left_;
    const struct slot *right = right_;
    int order = key_compare(left, right);
    return order ? order : (int)right->submits - (int)left->submits;
}

static bool key_is_first(const struct resolution *resolution, size_t i)
{
    const struct slot *slot = &resolution->slots[i];
    return i == 0 || strcmp(slot[-1].source, slot->source) != 0 ||
           strcmp(slot[-1].ref, slot->ref) != 0;
}

/* What a ticket reports of a matter of which several may report the same thing. What a grid worker
 * has settled and what staff send past the catalogue is meant as it is, and a body that will be
 * refused must not get another's id. */
static void slot_place(struct slot *slot, const struct directory *directory)
{
    const struct submission *submission = submission_of(slot->input);
    bool refused = *submission->reporter || (submission->caller && !submission->note);
    if (!directory || !submission->has_point || *submission->to || refused)
        return;
    const struct matter *matter = report_matter(directory, submission->matter);
    slot->thing = thing_find(submission, matter, &slot->spot);
    if (!slot->thing)
        return;
    if (submission_joins(submission)) {
        int64_t named = case_number_parse(
                submission->join, directory_site_letters(directory), directory_site(directory));
        slot->joins = named ? named : -1;
    }
    slot->hours = matter->dup_h;
    slot->reach = spot_reach(slot->spot, matter->dup_m);
    slot->lead = slot;
}

/* Of two in one batch neither is in the table yet: the second is led by the first, so that both get
 * one id. No longer a train than a report's list has room for. */
static void slot_follow(struct resolution *resolution, struct slot *slot)
{
    for (size_t i = (size_t)(slot - resolution->slots); i-- > 0;) {
        struct slot *lead = &resolution->slots[i];
        if (strcmp(lead->source, slot->source) != 0)
            return;
        if (lead->lead != lead || lead->joins || lead->thing != slot->thing ||
                lead->followers == JOINS_MAX || !spots_near(slot->spot, slot->reach, lead->spot))
            continue;
        lead->followers++;
        slot->lead = lead;
        return;
    }
}

static struct resolution *resolution_new(struct input **inputs, size_t count, struct arena *arena)
{
    struct resolution *resolution = arena_get(arena, sizeof *resolution);
    resolution->slots = arena_array(arena, struct slot, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct input *input = inputs[i];
        if (input->kind != INPUT_COMMAND)
            continue;
        if (!input->agg &&
                (input->type == INTAKE_OUTCOME_ACK || input->type == HOTLINE_OUTCOME_ACK))
            input->agg = ((const struct outcome_ack *)input->body)->case_id;
        if (!input->agg && input->type == HOTLINE_PROGRESS_ACK)
            input->agg = ((const struct progress_ack *)input->body)->case_id;
        const char *ref = ticket_of(input);
        const struct submission *submission = submission_of(input);
        bool urges = submission && submission->intent == INTENT_URGE;
        if (*ref)
            resolution->slots[resolution->count++] = (struct slot){.input = input,
                    .source = input->peer,
                    .ref = ref,
                    .about = urges ? submission->about : "",
                    .submits = submission && !urges,
                    .helps = input->type == INTAKE_QR_HELP};
    }
    qsort(resolution->slots, resolution->count, sizeof *resolution->slots, slot_compare);
    return resolution;
}

/* The grid of its point; 0 without one. */
static void place_find(const struct submission *submission)
{
    bool found = submission->has_point && polygons.locator;
    submission->resolved->point_unit =
            found ? locator_find(polygons.locator, submission->longitude, submission->latitude) : 0;
}

/* `fresh` also where a ticket's report was never accepted: its row may be missing. */
static void slot_settle(struct slot *slot)
{
    struct input *input = slot->input;
    const struct submission *submission = submission_of(input);
    input->agg = slot->report;
    if (input->type == INTAKE_CORRECT || input->type == HOTLINE_CORRECT)
        place_find(&((const struct correction *)input->body)->to_be);
    if (!submission)
        return;
    submission->resolved->report = slot->report;
    submission->resolved->at_ms = slot->at_ms;
    submission->resolved->made = slot->made;
    submission->resolved->point_unit = 0;
    if (!slot->submits)
        return;
    must(slot->report > 0);
    input->fresh = slot->ver == 0;
    if (!slot->helps) /* it is the helper's unit that is called, wherever the phone is */
        place_find(submission);
}

static void tickets_take(void *self, const PGresult *result)
{
    struct resolution *resolution = self;
    for (int row = 0; row < PQntuples(result); row++) {
        int64_t at = row_int(result, row, 0);
        must(at >= 1 && (size_t)at <= resolution->count);
        struct slot *slot = &resolution->slots[at - 1];
        slot->report = row_int(result, row, 1);
        slot->ver = (int32_t)row_int(result, row, 2);
        slot->at_ms = row_time(result, row, 3);
        slot->made = row_int(result, row, 4) != 0;
    }
    for (size_t i = 0; i < resolution->count; i++)
        slot_settle(&resolution->slots[i]);
}

static void tickets_insert(struct pg *pg, const struct resolution *resolution)
{
    struct params params = {0};
    int source = params_array(&params, PARAM_TEXT);
    int ref = params_array(&params, PARAM_TEXT);
    int report = params_array(&params, PARAM_INT8);
    int said = params_array(&params, PARAM_TIME);
    for (size_t i = 0; i < resolution->count; i++) {
        const struct slot *slot = &resolution->slots[i];
        if (!slot->drawn || slot->lead || slot->helps)
            continue;
        param_add_text(&params, source, slot->source);
        param_add_text(&params, ref, slot->ref);
        param_add_int(&params, report, slot->drawn);
        param_add_int(&params, said, slot->input->now_ms);
    }
    if (params.list[report].count)
        pg_queue(pg, &ticket_statements[TICKET_INSERT], &params, NULL, NULL);
    params_fini(&params);
}

/* Those that have a row now and had none before, with all that came under the same key. */
static void near_take(void *self, const PGresult *result)
{
    struct resolution *resolution = self;
    for (int row = 0; row < PQntuples(result); row++) {
        const struct slot key = {
                .source = row_text(result, row, 0), .ref = row_text(result, row, 1)};
        size_t low = 0;
        for (size_t high = resolution->count; low < high;) {
            size_t middle = (low + high) / 2;
            if (key_compare(&resolution->slots[middle], &key) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        for (; low < resolution->count; low++) {
            const struct slot *slot = &resolution->slots[low];
            if (key_compare(slot, &key) != 0)
                break;
            if (slot->submits)
                submission_of(slot->input)->resolved->given = true;
        }
    }
}

static void tickets_near(struct pg *pg, struct resolution *resolution)
{
    static const enum param_type types[] = {PARAM_TEXT, PARAM_TEXT, PARAM_INT8, PARAM_INT8,
            PARAM_INT4, PARAM_INT4, PARAM_INT4, PARAM_INT4, PARAM_INT4, PARAM_INT4, PARAM_INT4,
            PARAM_TIME, PARAM_INT8};
    struct params params = {0};
    bool any = false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        (void)params_array(&params, types[i]);
    for (size_t i = 0; i < resolution->count; i++) {
        const struct slot *slot = &resolution->slots[i];
        if (!slot->lead)
            continue;
        const int64_t numbers[] = {slot->drawn, slot->lead->drawn, slot->thing, slot->spot.north,
                slot->spot.east, slot->reach.north, slot->reach.east, slot->reach.squeeze,
                slot->hours, slot->input->now_ms, slot->joins};
        param_add_text(&params, 0, slot->source);
        param_add_text(&params, 1, slot->ref);
        for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++)
            param_add_int(&params, 2 + (int)n, numbers[n]);
        any = true;
    }
    if (any)
        pg_queue(pg, &ticket_statements[TICKET_NEAR], &params, near_take, resolution);
    params_fini(&params);
}

/* One call for help for those of a code that come within a while, also in one batch and in several
 * instances: the code's row is locked first, so that whoever is second sees the first one's. */
static void tickets_help(struct pg *pg, struct resolution *resolution)
{
    struct qr_calls calls = {.count = 0};
    const struct slot *first = NULL;
    qr_calls_init(&calls);
    for (size_t i = 0; i < resolution->count; i++) {
        const struct slot *slot = &resolution->slots[i];
        if (!slot->helps || !slot->drawn)
            continue;
        if (!first || strcmp(first->source, slot->source) != 0)
            first = slot;
        qr_calls_add(&calls, slot->input, slot->ref, first->drawn);
    }
    qr_calls_queue(pg, &calls, near_take, resolution);
}

/* After the insertion, in a statement of its own: the ticket that is asked about may have come in
 * this very batch. A ticket about one that is not there gets no row, and may come again. */
static void tickets_attach(struct pg *pg, const struct resolution *resolution)
{
    struct params params = {0};
    bool urges = false;
    int source = params_array(&params, PARAM_TEXT);
    int ref = params_array(&params, PARAM_TEXT);
    int about = params_array(&params, PARAM_TEXT);
    int said = params_array(&params, PARAM_TIME);
    for (size_t i = 0; i < resolution->count; i++) {
        const struct slot *slot = &resolution->slots[i];
        if (!*slot->about)
            continue;
        param_add_text(&params, source, slot->source);
        param_add_text(&params, ref, slot->ref);
        param_add_text(&params, about, slot->about);
        param_add_int(&params, said, slot->input->now_ms);
        urges = true;
    }
    if (urges)
        pg_queue(pg, &ticket_statements[TICKET_ATTACH], &params, NULL, NULL);
    params_fini(&params);
}

static void tickets_find(struct pg *pg, struct resolution *resolution)
{
    struct params params = {0};
    int source = params_array(&params, PARAM_TEXT);
    int ref = params_array(&params, PARAM_TEXT);
    for (size_t i = 0; i < resolution->count; i++) {
        param_add_text(&params, source, resolution->slots[i].source);
        param_add_text(&params, ref, resolution->slots[i].ref);
    }
    pg_queue(pg, &ticket_statements[TICKET_FIND], &params, tickets_take, resolution);
    params_fini(&params);
}

static void moved_add(struct params *params,
        const struct report *report,
        const char *source,
        const char *ref,
        int64_t at_ms)
{
    param_add_text(params, 0, *source ? source : report->source);
    param_add_text(params, 1, ref);
    param_add_int(params, 2, report->base.id);
    param_add_int(params, 3, at_ms);
}

/* Tickets that were accepted now though their rows are from before: what came under them then was
 * refused. Rare, so that nothing is written twice for the others. Written behind the reports' locks
 * though tickets come before them: whoever waits for one of these rows has inserted only tickets
 * that this batch has not, and holds no report. */
void tickets_move(
        struct pg *pg, const void *const *states, size_t count, void *related, struct arena *arena)
{
    static const enum param_type types[] = {PARAM_TEXT, PARAM_TEXT, PARAM_INT8, PARAM_TIME};
    struct params params = {0};
    bool any = false;
    (void)related;
    (void)arena;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        (void)params_array(&params, types[i]);
    for (size_t i = 0; i < count; i++) {
        const struct report *report = states[i];
        if (report->moved)
            moved_add(&params, report, report->source, report->ref, report->accepted_ms);
        any = any || report->moved;
        for (int32_t c = 0; c < report->course.caller_count; c++) {
            const struct caller *caller = &report->course.callers[c];
            if (caller->moved_ms)
                moved_add(&params, report, caller->source, caller->ref, caller->moved_ms);
            any = any || caller->moved_ms;
        }
    }
    if (any)
        pg_queue(pg, &ticket_statements[TICKET_MOVE], &params, NULL, NULL);
    params_fini(&params);
}

/* Which tickets of other sources have yet to be told the outcome, where these sources look for
 * it. */
void tickets_owe(struct pg *pg, const void *const *states, size_t count)
{
    static const enum param_type types[] = {
            PARAM_TEXT, PARAM_TEXT, PARAM_INT8, PARAM_BOOL, PARAM_BOOL};
    struct params params = {0};
    bool any = false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        (void)params_array(&params, types[i]);
    for (size_t i = 0; i < count; i++) {
        const struct report *report = states[i];
        for (int32_t c = 0; c < report->course.caller_count; c++) {
            const struct caller *caller = &report->course.callers[c];
            if (!*caller->source || (report->state == REPORT_ACCEPTED && !caller->wants))
                continue;
            param_add_text(&params, 0, caller->source);
            param_add_text(&params, 1, caller->ref);
            param_add_int(&params, 2, report->base.id);
            param_add_int(&params, 3, caller->owed);
            param_add_int(&params, 4,
                    caller->wants && report->course.stage_count &&
                            caller->told < report->course.staged);
            any = true;
        }
    }
    if (any)
        pg_queue(pg, &ticket_statements[TICKET_OWE], &params, NULL, NULL);
    params_fini(&params);
}

/* One id for each new ticket, and for those that may be the same thing what they are near to. */
static void tickets_draw(struct resolution *resolution,
        const struct directory *directory,
        int64_t (*draw)(void *self),
        void *self)
{
    for (size_t i = 0; i < resolution->count; i++) {
        struct slot *slot = &resolution->slots[i];
        if (!slot->submits || !key_is_first(resolution, i))
            continue;
        slot->drawn = draw(self);
        if (!slot->helps)
            slot_place(slot, directory);
        if (slot->thing && !slot->joins)
            slot_follow(resolution, slot);
    }
}

void tickets_resolve(struct pg *pg,
        struct input **inputs,
        size_t count,
        const struct directory *directory,
        int64_t (*draw)(void *self),
        void *self,
        struct arena *arena)
{
    struct resolution *resolution = resolution_new(inputs, count, arena);
    if (resolution->count == 0)
        return;
    tickets_draw(resolution, directory, draw, self);
    if (polygons.version != polygons.wanted)
        pg_queue(pg, &ticket_statements[GRIDS_READ], NULL, grids_take,
                arena_copy(arena, &polygons.wanted, sizeof polygons.wanted));
    tickets_insert(pg, resolution);
    tickets_near(pg, resolution);
    tickets_help(pg, resolution);
    tickets_attach(pg, resolution);
    tickets_find(pg, resolution);
}
