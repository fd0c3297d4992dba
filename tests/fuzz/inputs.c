/* Every message, command and question of one service, as its table lists them: the first byte
 * chooses which. What is decoded has a body, a refusal has a reason, and neither ends the process
 * when other messages have used what messages may use of the parcel's memory: that is what the
 * second byte is for. Linked once for each service, with its table in FUZZ_OPS. */
#include "tests/fuzz/fuzz.h"

#include "services/audit/ops.h"
#include "services/enforcement/ops.h"
#include "services/intake/store.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/store/aggregate.h"
#include "services/routing/ops.h"
#include "services/volunteer/ops.h"

#define ARENA_LIMIT ((size_t)32 << 20) /* as a parcel has */

static const struct directory *city(void)
{
    static struct directory *directory;
    static const struct unit units[] = {{.id = 1,
                                                .code = "C",
                                                .name_zh = "区",
                                                .name_en = "C",
                                                .level = LEVEL_DISTRICT,
                                                .kind = "district",
                                                .capabilities = ""},
            {.id = 2,
                    .parent = 1,
                    .code = "C-1",
                    .name_zh = "街",
                    .name_en = "C-1",
                    .level = LEVEL_STREET,
                    .kind = "street",
                    .capabilities = ""}};
    const struct directory_rows rows = {
            .version = 1, .site = 1, .site_letters = "TT", .units = units, .unit_count = 2};
    if (directory == NULL)
        directory = directory_build(&rows);
    must(directory != NULL);
    return directory;
}

/* Messages may take three quarters of an arena; all but about `left` bytes of that are gone. */
static struct arena *arena_nearly_full(size_t left)
{
    struct arena *arena = fuzz_arena(ARENA_LIMIT);
    arena->used = ARENA_LIMIT / 4 * 3 - left / 16 * 16;
    return arena;
}

static void input_try(const struct input_type *type, struct bytes payload, struct arena *arena)
{
    const void *body = NULL;
    const char *why = NULL;
    if (type->decode == NULL)
        return;
    enum err err = type->decode(payload, arena, &body, &why);
    must(err == OK || err == ERR_MALFORMED || err == ERR_LIMIT);
    if (err == OK)
        must(body != NULL);
    else
        fuzz_reason(why);
}

static void query_try(const struct query_type *type, struct bytes payload, struct arena *arena)
{
    static struct params params;
    const char *why = NULL;
    params_reset(&params);
    enum err err = type->bind(payload, city(), "W-1", arena, &params, &why);
    must(err == OK || err == ERR_MALFORMED || err == ERR_DENIED || err == ERR_LIMIT);
    if (err != OK)
        fuzz_reason(why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct aggregate_ops ops = FUZZ_OPS;
    size_t chosen = fuzz_choose(&data, &size, ops.input_count + ops.query_count);
    size_t left = fuzz_choose(&data, &size, 256);
    const struct bytes payload = {data, size};
    struct arena *arena =
            left < 128 ? fuzz_arena(ARENA_LIMIT) : arena_nearly_full((left - 128) * 64);
    if (chosen < ops.input_count)
        input_try(&ops.inputs[chosen], payload, arena);
    else
        query_try(&ops.queries[chosen - ops.input_count], payload, arena);
    return 0;
}
