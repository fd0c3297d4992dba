#include "tests/sim/persons.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/seal.h"
#include "tests/sim/check_impl.h"
#include "tests/sim/columns.h"
#include "tests/sim/sim.h"

static void key_replace(void *self, int64_t arg)
{
    (void)self;
    (void)arg;
    intake_persons_set(persons_keys(true));
}

void persons_begin(void)
{
    intake_persons_set(persons_keys(false));
    sim_at(sim_between(&sim.people_rng, 500, 8000), key_replace, NULL, 0);
}

static const struct version *seen_row(const struct row *row, bool confirmed)
{
    return confirmed ? row_confirmed(row) : row_see(row, NULL);
}

static const struct version *step_at(int64_t report, int64_t ver, bool confirmed)
{
    struct key key = {report, ver, 0};
    return seen_row(row_find(db_table(SERVICE_INTAKE, T_HISTORY), key), confirmed);
}

static const struct version *person_at(int64_t report, int64_t ver, bool confirmed)
{
    struct key key = {report, ver, 0};
    return seen_row(row_find(db_table(SERVICE_INTAKE, T_PERSON), key), confirmed);
}

static bool cell_has(const struct cell *cell, const char *text)
{
    return !cell->null && cell->data && memmem(cell->data, (size_t)cell->size, text, strlen(text));
}

/* The first step behind `ver` by which callers were forgotten; 0 = none. */
static int64_t forgotten_after(int64_t report, int64_t ver, bool confirmed)
{
    const struct version *step;
    while ((step = step_at(report, ++ver, confirmed)))
        if (cell_int(step, H_KIND) == STEP_KIND_FORGOTTEN)
            return ver;
    return 0;
}

bool persons_asked(uint32_t type, int64_t report, const char *why, bool confirmed)
{
    const struct version *step;
    int64_t kind = type == TYPE_SEE_PERSON ? STEP_KIND_SEEN : STEP_KIND_FORGOTTEN;
    if (type == TYPE_RESEAL_PERSON)
        return true;
    for (int64_t ver = 1; (step = step_at(report, ver, confirmed)); ver++)
        if (cell_int(step, H_KIND) == kind && cell_has(&step->cells[H_DETAIL], why))
            return true;
    return false;
}

bool persons_kept(int64_t report, const char *ticket, bool confirmed)
{
    for (int64_t ver = 1; step_at(report, ver, confirmed); ver++) {
        const struct version *person = person_at(report, ver, confirmed);
        const struct cell *ref = person ? &person->cells[PE_REF] : NULL;
        if (ref && (size_t)ref->size == strlen(ticket) && cell_has(ref, ticket))
            return true;
    }
    return forgotten_after(report, 0, confirmed) != 0;
}

/* It opens by the key that stands beside it, and by no other. */
static void seal_check(const struct row *row, const struct version *person)
{
    static const struct seal_keys keys[] = {{1, {{1}}}, {1, {{2}}}};
    const struct cell *sealed = &person->cells[PE_SEALED];
    char about[64];
    (void)snprintf(about, sizeof about, "person %" PRId64 " %" PRId64, row->key.a, row->key.b);
    for (size_t i = 0; i < 2; i++) {
        BUF_OWNED plain = {0};
        bool named = cell_int(person, PE_KEY) == seal_key_id(&keys[i], 0);
        bool opens = seal_open(&keys[i], about, sealed->data, (size_t)sealed->size, &plain) == OK;
        if (named != opens)
            sim_fail("the caller of step %" PRId64 " of %" PRId64 " %s by key %zu", row->key.b,
                    id_counter(row->key.a), opens ? "opens, and is not sealed," : "does not open",
                    i + 1);
    }
}

/* A row comes with its step and goes with the one that forgets it, in the same commit. */
static void row_check(const struct row *row)
{
    const struct version *person = row_see(row, NULL);
    bool step = step_at(row->key.a, row->key.b, false) != NULL;
    bool forgotten = forgotten_after(row->key.a, row->key.b, false) != 0;
    if (person && (!step || forgotten))
        sim_fail("there is a caller of step %" PRId64 " of %" PRId64 ", which %s", row->key.b,
                id_counter(row->key.a), step ? "was forgotten" : "is not there");
    if (!person && step && !forgotten)
        sim_fail("the caller of step %" PRId64 " of %" PRId64 " is gone, and nobody forgot it",
                row->key.b, id_counter(row->key.a));
    if (person)
        seal_check(row, person);
}

/* What was forgotten leaves the steps without words and salt. */
static void forgotten_check(int64_t report, int64_t ver)
{
    for (int64_t before = 1; before < ver; before++) {
        const struct version *step = step_at(report, before, false);
        int64_t kind = step ? cell_int(step, H_KIND) : 0;
        bool about = kind == STEP_KIND_SEEN || kind == STEP_KIND_FORGOTTEN;
        if (person_at(report, before, false) || (step && !about && !step->cells[H_SALT].null))
            sim_fail("step %" PRId64 " of %" PRId64 " was forgotten, and something of it is there",
                    before, id_counter(report));
    }
}

void persons_check(const struct row *row)
{
    const struct version *version = row_see(row, NULL);
    for (int i = 0; version && i < version->count; i++)
        if (cell_has(&version->cells[i], PERSON_NAME) || cell_has(&version->cells[i], PERSON_PHONE))
            sim_fail("%s: a caller stands in clear in table %d, column %d",
                    service_name(row->table->service), (int)row->table->kind, i);
    if (row->table->service != SERVICE_INTAKE)
        return;
    if (row->table->kind == T_PERSON)
        row_check(row);
    if (row->table->kind == T_HISTORY && version &&
            cell_int(version, H_KIND) == STEP_KIND_FORGOTTEN)
        forgotten_check(row->key.a, row->key.b);
}
