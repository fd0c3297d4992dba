#include "tests/sim/site_print.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "services/kernel/base/must.h"
#include "services/kernel/base/rng.h"

static struct rng salts;

/* Salts come from libsodium. */
static const char *random_name(void)
{
    return "suite";
}

static void random_fill(void *const buffer, const size_t size)
{
    rng_fill(&salts, buffer, size);
}

static uint32_t random_number(void)
{
    return (uint32_t)rng_next(&salts);
}

void salts_take(uint64_t seed)
{
    static randombytes_implementation own = {
            .implementation_name = random_name, .random = random_number, .buf = random_fill};
    rng_seed(&salts, seed);
    must(randombytes_set_implementation(&own) == 0 && sodium_init() >= 0);
}

const struct statement *statement_of(const struct aggregate_ops *ops, const char *name)
{
    for (size_t i = 0; i < ops->statement_count; i++)
        if (strcmp(ops->statements[i].name, name) == 0)
            return &ops->statements[i];
    must(!"the service has it");
    return NULL;
}

int id_compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

void print_hex(const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        printf("%02x", ((const uint8_t *)data)[i]);
}

static void messages_print(const char *what, const struct effect_message *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        printf("  %s %" PRId64 " %s %" PRId64 " n %" PRIu64 " type %u ", what, list[i].id,
                service_name(list[i].service), list[i].agg, list[i].n, list[i].type);
        print_hex(list[i].payload.data, list[i].payload.size);
        printf("\n");
    }
}

void print_core(const struct core *core)
{
    for (size_t i = 0; i < core->steps.count; i++) {
        const struct effect_step *it = &core->steps.list[i];
        printf("  step %" PRId64 " v%d %d %d-%d unit %" PRId64 " at %" PRId64 " due %" PRId64
               " page %" PRId64 " %d %s ",
                it->agg, it->ver, it->step.kind, it->step.from, it->step.to, it->step.unit,
                it->step.at_ms, it->step.due_ms, it->page, it->idx, it->actor);
        print_hex(it->detail.data, it->detail.size);
        printf("\n");
    }
    messages_print("sent", core->outbox.list, core->outbox.count);
    messages_print("held", core->waiting.list, core->waiting.count);
    messages_print("dead", core->dead.list, core->dead.count);
    printf("  applied %" PRIu64 " duplicates %" PRIu64 " held %" PRIu64 " alarms %" PRIu64 "\n",
            core->applied, core->duplicates, core->held_new, core->alarms);
}

/* NULL, 0 and nothing are the same to who reads rows (pg.h), and here. */
static void cell_print(const PGresult *result, int row, int column)
{
    const char *data = PQgetvalue(result, row, column);
    size_t size = (size_t)PQgetlength(result, row, column), zeros = 0;
    while (zeros < size && data[zeros] == 0)
        zeros++;
    if (zeros < size)
        print_hex(data, size);
    printf("|");
}

void print_rows(void *self, const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++) {
        printf("  %s ", (const char *)self);
        for (int column = 0; column < PQnfields(result); column++)
            cell_print(result, row, column);
        printf("\n");
    }
}
