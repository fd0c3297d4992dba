/* When two reports may be the same thing: of one matter, within its `dup_m` metres of each other. A
 * report without a point, by unit codes or by desk, is near nothing; nor is what is no report but
 * an inquiry, a complaint, a suggestion, praise. The hours are the store's, which has the clock.
 * Pure, in whole numbers, so that the database and this process agree. */
#ifndef HUYING_INTAKE_NEAR_H
#define HUYING_INTAKE_NEAR_H

#include "services/intake/intake.h"
#include "services/kernel/base/pure_directory.h"

#define BANDS_MAX 101 /* thousandths of a degree of latitude that one search looks through */

/* How far is near, around one spot; never more than 5.5 km. */
struct reach {
    int32_t north;   /* millionths of a degree of latitude */
    int32_t east;    /* of longitude, at that latitude */
    int32_t squeeze; /* a millionth of longitude in millionths of one of latitude */
};

/* Which matter, by its first version, and where. 0: of this matter, or of such a report, no two are
 * the same thing. */
int32_t thing_find(
        const struct submission *submission, const struct matter *matter, struct spot *ret);
/* True when it names a case that it joins. */
bool submission_joins(const struct submission *submission);
struct reach spot_reach(struct spot spot, int32_t metres);
bool spots_near(struct spot from, struct reach reach, struct spot to);

#endif
