/* Which open cases may be the same thing as what somebody is about to report: what is asked, and
 * what is answered, between protobuf, the database and HTTP. */
#ifndef HUYING_INTAKE_NEARBY_H
#define HUYING_INTAKE_NEARBY_H

#include "services/intake/check.h"
#include "services/intake/intake.h"
#include "services/intake/near.h"
#include "services/kernel/base/arena.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/wire/envelope.h"

#define NEARBY_MAX 10

/* What is asked, as a client states it. */
struct nearby_query {
    const char *matter;
    double longitude, latitude;
    enum coordinates coordinates;
};

/* The same for the database; `thing` 0: nothing can be near. */
struct nearby_search {
    int32_t thing, hours;
    struct spot spot;
    struct reach reach;
};

/* A case that is near. */
struct nearby_case {
    const char *number, *state; /* once decoded; else of the report's own */
    int64_t id, accepted_ms;
    uint32_t distance_m, reported;
    bool joinable;
};

/* The matter must be there, the point finite. */
struct fault nearby_check(const struct nearby_query *query);
void nearby_query_encode(const struct nearby_query *query, struct buf *out);
/* Ends up as what the database is asked. ERR_MALFORMED: `why` names the field; of an unknown
 * matter, too. `directory` may be NULL: nothing is near. */
enum err nearby_query_decode(struct bytes payload,
        const struct directory *directory,
        struct arena *arena,
        struct nearby_search *ret,
        const char **ret_why) MUST_CHECK;

void nearby_encode(const struct nearby_case *list,
        size_t count,
        const struct directory *directory,
        struct buf *out);
/* `ret` has room for NEARBY_MAX; texts in the arena. */
enum err nearby_decode(struct bytes payload,
        struct arena *arena,
        struct nearby_case *ret,
        size_t *ret_count) MUST_CHECK;

#endif
