#include "services/intake/callback/retry.h"
#include "services/kernel/base/must.h"

#define MINUTE 60
#define HOUR 3600

/* Behind the first try, the second …: together a little over three days. */
static const int32_t spans_s[RETRY_TRIES_MAX - 1] = {
        5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR};

int64_t retry_span_ms(int tries, int64_t asked_s, uint64_t random)
{
    must(tries >= 1);
    if (tries >= RETRY_TRIES_MAX)
        return -1;
    int64_t span_ms = (int64_t)spans_s[tries - 1] * 1000;
    int64_t fifth = span_ms / 5;
    span_ms += (int64_t)(random % (uint64_t)(2 * fifth + 1)) - fifth;
    if (asked_s > RETRY_ASKED_S_MAX)
        asked_s = RETRY_ASKED_S_MAX;
    return asked_s * 1000 > span_ms ? asked_s * 1000 : span_ms;
}
