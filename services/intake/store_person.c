/* See store_person.h. A row's bytes are bound to its report and version: they open in no other row.
 * Plain bytes are wiped where they were; what is opened lives in the batch's memory. */
#include "services/intake/store_person.h"
#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include "services/intake/codec_person.h"
#include "services/intake/intake.h"
#include "services/intake/person.h"
#include "services/intake/store_reseal.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"

#define ROWS_TEXT "64" /* PERSONS_MAX */

enum { PERSON_ADD, PERSON_READ, PERSON_DELETE, PERSON_SALTS };

/* What a step says of persons: its words, and in whose name. Without its salt nobody can tell any
 * more what was behind the leaf, which stays. Steps about persons themselves stay whole. */
const struct statement person_statements[PERSON_STATEMENTS] = {
        [PERSON_ADD] = {"intake_person_add",
                "INSERT INTO person (report, ver, ref, key, sealed) SELECT k.report, k.ver, k.ref, "
                "k.key, k.sealed FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::bigint[],"
                " $5::bytea[]) AS k (report, ver, ref, key, sealed)"},
        [PERSON_READ] = {"intake_person_read",
                "SELECT p.report, p.ver, p.ref, p.key, p.sealed FROM unnest($1::bigint[]) AS k (id)"
                " CROSS JOIN LATERAL (SELECT x.report, x.ver, x.ref, x.key, x.sealed FROM person "
                "AS x WHERE x.report = k.id ORDER BY x.ver LIMIT " ROWS_TEXT ") AS p "
                "ORDER BY p.report, p.ver"},
        [PERSON_DELETE] = {"intake_person_delete",
                "DELETE FROM person WHERE report = ANY($1::bigint[])"},
        [PERSON_SALTS] = {"intake_person_salts",
                "UPDATE history SET salt = NULL, actor = NULL, detail = NULL WHERE ctid = "
                "ANY(ARRAY(SELECT l.at FROM unnest($1::bigint[], $2::integer[]) AS k (id, ver) "
                "CROSS JOIN LATERAL (SELECT h.ctid AS at FROM history AS h WHERE h.agg = k.id "
                "AND h.ver < k.ver AND h.kind NOT IN (8, 9) OFFSET 0) AS l))"},
};

const struct statement person_reads_statement = {"intake_person_reads",
        "SELECT h.kind, h.at, h.actor, h.detail, h.page, h.idx FROM history AS h "
        "WHERE h.agg = $1 AND h.kind IN (8, 9) ORDER BY h.ver LIMIT 500"};

static bool is_request(const struct input *input)
{
    return input->kind == INPUT_COMMAND &&
           (input->type == INTAKE_SEE_PERSON || input->type == INTAKE_FORGET_PERSON ||
                   input->type == INTAKE_RESEAL_PERSON);
}

void persons_resolve(struct input **inputs, size_t count, const struct directory *directory)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_request(inputs[i]))
            continue;
        const struct person_request *request = inputs[i]->body;
        int64_t id = request->id;
        if (!id && directory)
            id = case_number_parse(
                    request->number, directory_site_letters(directory), directory_site(directory));
        inputs[i]->agg = id;
        *request->found = id > 0;
    }
}

bool persons_relate(const struct input *input)
{
    return input->kind == INPUT_COMMAND &&
           (input->type == INTAKE_SEE_PERSON || input->type == INTAKE_RESEAL_PERSON);
}

void person_about(char ret[PERSON_ABOUT_SIZE], int64_t report, int32_t ver)
{
    (void)snprintf(ret, PERSON_ABOUT_SIZE, "person %" PRId64 " %" PRId32, report, ver);
}

static bool row_open(const PGresult *rows,
        int row,
        int col,
        int64_t report,
        struct arena *arena,
        struct kept_person *ret)
{
    BUF_OWNED plain = {0};
    char about[PERSON_ABOUT_SIZE];
    const struct seal_keys *keys = intake_persons();
    struct bytes sealed = row_bytes(rows, row, col + 3);
    person_about(about, report, (int32_t)row_int(rows, row, col));
    *ret = (struct kept_person){.report = report, .ref = "", .text = "", .contact = ""};
    if (!keys->count || seal_open(keys, about, sealed.data, sealed.size, &plain) != OK)
        return false;
    const struct bytes bytes = {(const uint8_t *)plain.data, plain.size};
    ret->open = kept_person_decode(bytes, arena, ret);
    sodium_memzero(plain.data, plain.size);
    return ret->open;
}

bool person_row_card(const PGresult *rows,
        int row,
        int col,
        int64_t report,
        struct arena *arena,
        struct buf *out)
{
    struct kept_person kept;
    if (PQgetisnull(rows, row, col) || !row_open(rows, row, col, report, arena, &kept))
        return false;
    if (person_is_nobody(&kept.person))
        return false; /* words alone */
    person_card(&kept.person, out);
    return true;
}

struct reading {
    struct kept_persons *kept;
    struct arena *arena;
};

static void persons_loaded(void *self, const PGresult *rows)
{
    struct reading *reading = self;
    struct kept_persons *kept = reading->kept;
    kept->list = arena_array(reading->arena, struct kept_person, (size_t)PQntuples(rows) + 1);
    for (int row = 0; row < PQntuples(rows); row++)
        (void)row_open(
                rows, row, 1, row_int(rows, row, 0), reading->arena, &kept->list[kept->count++]);
}

void persons_related(struct pg *pg,
        struct input *const *inputs,
        const void *const *states,
        size_t count,
        const struct directory *directory,
        struct arena *arena,
        void **ret_related)
{
    struct params params = {0};
    struct reading *reading = arena_get(arena, sizeof *reading);
    *reading = (struct reading){arena_get(arena, sizeof *reading->kept), arena};
    int64_t last = 0;
    (void)states;
    (void)directory;
    (void)params_array(&params, PARAM_INT8);
    for (size_t i = 0; i < count; i++) { /* sorted by aggregate */
        if (!persons_relate(inputs[i]) || inputs[i]->type != INTAKE_SEE_PERSON ||
                inputs[i]->agg == last)
            continue;
        last = inputs[i]->agg;
        param_add_int(&params, 0, last);
    }
    if (last)
        pg_queue(pg, &person_statements[PERSON_READ], &params, persons_loaded, reading);
    params_fini(&params);
    reseals_related(pg, inputs, count, arena, reading->kept);
    *ret_related = reading->kept;
}

static void note_seal(struct params *params, int64_t report, const struct person_note *note)
{
    BUF_OWNED sealed = {0};
    char about[PERSON_ABOUT_SIZE];
    const struct seal_keys *keys = intake_persons();
    must(keys->count > 0);
    person_about(about, report, note->ver);
    seal_close(keys, about, note->plain, note->size, &sealed);
    param_add_int(params, 0, report);
    param_add_int(params, 1, note->ver);
    param_add_text(params, 2, note->ref);
    param_add_int(params, 3, seal_key_id(keys, 0));
    param_add_bytes(params, 4, sealed.data, sealed.size);
}

static void persons_forget(struct pg *pg, const void *const *states, size_t count)
{
    struct params ids = {0}, vers = {0};
    bool any = false;
    (void)params_array(&ids, PARAM_INT8);
    (void)params_array(&vers, PARAM_INT8);
    (void)params_array(&vers, PARAM_INT4);
    for (size_t i = 0; i < count; i++) {
        const struct report *report = states[i];
        if (!report->forget_ver)
            continue;
        param_add_int(&ids, 0, report->base.id);
        param_add_int(&vers, 0, report->base.id);
        param_add_int(&vers, 1, report->forget_ver);
        any = true;
    }
    if (any) {
        pg_queue(pg, &person_statements[PERSON_DELETE], &ids, NULL, NULL);
        pg_queue(pg, &person_statements[PERSON_SALTS], &vers, NULL, NULL);
    }
    params_fini(&ids);
    params_fini(&vers);
}

void persons_store(struct pg *pg, const void *const *states, size_t count)
{
    static const enum param_type types[] = {
            PARAM_INT8, PARAM_INT4, PARAM_TEXT, PARAM_INT8, PARAM_BYTEA};
    struct params params = {0};
    bool any = false;
    persons_forget(pg, states, count);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        (void)params_array(&params, types[i]);
    for (size_t i = 0; i < count; i++) {
        const struct report *report = states[i];
        for (const struct person_note *note = report->notes; note; note = note->next) {
            note_seal(&params, report->base.id, note);
            any = true;
        }
    }
    if (any)
        pg_queue(pg, &person_statements[PERSON_ADD], &params, NULL, NULL);
    params_fini(&params);
}

void person_reads_answer(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    static _Thread_local struct person_read list[PERSON_READS_MAX];
    int count = PQntuples(rows);
    (void)directory;
    must(count <= PERSON_READS_MAX);
    for (int row = 0; row < count; row++)
        list[row] = (struct person_read){.deleted = row_int(rows, row, 0) == STEP_PERSON_DELETED,
                .at_ms = row_time(rows, row, 1),
                .actor = row_text(rows, row, 2),
                .detail = row_bytes(rows, row, 3),
                .page = row_int(rows, row, 4),
                .idx = row_int(rows, row, 5)};
    person_reads_encode(list, (size_t)count, out);
}
