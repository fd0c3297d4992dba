/* What is said of who calls, for the simulator and for site_suite.c alike. */
#include "tests/sim/persons.h"
#include "tests/sim/proto.h"

void persons_fill(struct buf *report)
{
    BUF_OWNED caller = {0};
    proto_text(&caller, 1, PERSON_NAME);
    proto_text(&caller, 2, PERSON_PHONE);
    proto_text(report, 15, caller.data);
}

uint32_t persons_draw(struct rng *rng,
        int64_t report,
        const char *why,
        struct buf *request,
        const char **ret_actor)
{
    static const uint32_t types[] = {TYPE_SEE_PERSON, TYPE_SEE_PERSON, TYPE_RESEAL_PERSON,
            TYPE_RESEAL_PERSON, TYPE_FORGET_PERSON};
    static const char *const staff[] = {"vd", "sd", "dd", "w1", "sq1a"};
    uint32_t type = types[rng_below(rng, sizeof types / sizeof *types)];
    *ret_actor = staff[rng_below(rng, sizeof staff / sizeof *staff)];
    proto_number(request, 1, report);
    if (type != TYPE_RESEAL_PERSON)
        proto_text(request, 3, why);
    return type;
}

const struct seal_keys *persons_keys(bool replaced)
{
    static const struct seal_keys earlier = {1, {{1}}}, both = {2, {{2}, {1}}};
    return replaced ? &both : &earlier;
}
