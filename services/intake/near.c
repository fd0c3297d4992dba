/* See near.h. Over a few hundred metres a plane is exact enough: a degree of latitude has 111,195 m
 * on a sphere of the earth's mean radius, and one of longitude so many by the cosine of the
 * latitude. */
#include "services/intake/near.h"
#include <math.h>

#define METRES_PER_DEGREE 111195
#define MILLION 1000000
#define SQUEEZE_MIN 10000 /* nearer to a pole than half a degree, east and west mean nothing */
#define NORTH_MAX ((BANDS_MAX - 1) / 2 * 1000)
#define RADIANS_PER_DEGREE 0.017453292519943295

int32_t thing_find(
        const struct submission *submission, const struct matter *matter, struct spot *ret)
{
    if (!submission->has_point || submission->settled || submission->intent != INTENT_REPORT ||
            !matter || !matter->dup_m || !matter->dup_h)
        return 0;
    ret->east = (int32_t)llround(submission->longitude * MILLION);
    ret->north = (int32_t)llround(submission->latitude * MILLION);
    return matter->item ? matter->item : matter->id;
}

bool submission_joins(const struct submission *submission)
{
    return submission->join && *submission->join;
}

struct reach spot_reach(struct spot spot, int32_t metres)
{
    int64_t north = (int64_t)metres * MILLION / METRES_PER_DEGREE;
    double cosine = cos(spot.north * (RADIANS_PER_DEGREE / MILLION));
    int64_t squeeze = llround(cosine * MILLION);
    squeeze = squeeze < SQUEEZE_MIN ? SQUEEZE_MIN : squeeze;
    north = north < NORTH_MAX ? north : NORTH_MAX;
    return (struct reach){(int32_t)north, (int32_t)(north * MILLION / squeeze), (int32_t)squeeze};
}

bool spots_near(struct spot from, struct reach reach, struct spot to)
{
    int64_t north = (int64_t)to.north - from.north;
    int64_t east = ((int64_t)to.east - from.east) * reach.squeeze / MILLION;
    int64_t most = reach.north;
    return north * north + east * east <= most * most;
}
