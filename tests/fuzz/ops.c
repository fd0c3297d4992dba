/* The kernel's own questions and commands (proto/ops.proto): history, dead letters, which letter
 * is meant. */
#include "tests/fuzz/fuzz.h"

#include "services/kernel/base/pure_text.h"
#include "services/kernel/store/ops_codec.h"

#define ARENA_LIMIT ((size_t)32 << 20)

static void query_try(uint32_t type, struct bytes payload)
{
    static struct params params;
    enum err err = OK;
    params_reset(&params);
    const struct statement *statement =
            ops_query_bind(type, payload, fuzz_arena(ARENA_LIMIT), &params, &err);
    must(statement != NULL && statement->sql != NULL);
    must(err == OK || err == ERR_MALFORMED);
    must((err == OK) == (params.count > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t types[] = {OPS_HISTORY, OPS_DEAD_LETTERS, 0};
    uint32_t type = types[fuzz_choose(&data, &size, COUNT_OF(types))];
    const struct bytes payload = {data, size};
    if (type != 0) {
        query_try(type, payload);
        return 0;
    }
    struct work work = {0};
    enum err err = letter_ref_decode(payload, fuzz_arena(ARENA_LIMIT), &work);
    must(err == OK || err == ERR_MALFORMED);
    if (err != OK) {
        must(work.input.agg == 0 && work.why == NULL);
        return 0;
    }
    must(work.input.agg > 0 && work.input.n >= 1 && work.input.source < SERVICE_COUNT);
    fuzz_text(work.why);
    return 0;
}
