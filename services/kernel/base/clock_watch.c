#include "services/kernel/base/clock_watch.h"

#include "services/kernel/base/must.h"

#define ROUND_MS 1       /* both clocks are cut to milliseconds */
#define FOLLOW_MS 1000   /* drift is followed so often */
#define FOLLOW_SHARE 100 /* … by this part of the time at most */

struct span {
    int64_t low, high;
};

static struct span span_of(const struct clock_reading *reading)
{
    return (struct span){reading->now_ms - reading->received_ms - ROUND_MS,
            reading->now_ms - reading->sent_ms + ROUND_MS};
}

/* What is certain of the way from one span to the other; 0 when they meet. */
static int64_t moved(const struct clock_watch *watch, struct span span)
{
    if (span.low > watch->high_ms)
        return span.low - watch->high_ms;
    return span.high < watch->low_ms ? span.high - watch->low_ms : 0;
}

static bool near(const struct clock_watch *watch, struct span span)
{
    return span.low >= watch->low_ms - CLOCK_JUMP_MS && span.high <= watch->high_ms + CLOCK_JUMP_MS;
}

static int64_t clamp(int64_t value, int64_t limit)
{
    return value > limit ? limit : value < -limit ? -limit : value;
}

/* Where both spans meet the truth lies in both: the trusted one becomes narrower. Where they do
 * not, it is drawn towards the reading. */
static void follow(struct clock_watch *watch, struct span span, int64_t now_ms)
{
    int64_t since = now_ms - watch->followed_ms;
    if (since >= FOLLOW_MS) {
        int64_t shift = clamp(moved(watch, span), since / FOLLOW_SHARE);
        watch->low_ms += shift;
        watch->high_ms += shift;
        watch->followed_ms = now_ms;
    }
    if (moved(watch, span) != 0)
        return;
    if (span.low > watch->low_ms)
        watch->low_ms = span.low;
    if (span.high < watch->high_ms)
        watch->high_ms = span.high;
    must(watch->low_ms <= watch->high_ms);
}

void clock_watch_begin(
        struct clock_watch *watch, int64_t low_ms, int64_t high_ms, int64_t trust, int64_t now_ms)
{
    must(low_ms <= high_ms);
    *watch = (struct clock_watch){.low_ms = low_ms,
            .high_ms = high_ms,
            .trust = trust,
            .seen_ms = now_ms,
            .followed_ms = now_ms,
            .known = true};
}

/* A higher number: somebody said that the time is true, so this reading is what is trusted from now
 * on, if it is not too vague for that. A lower one comes with a restored database and says nothing
 * about the time. */
static void trust_read(
        struct clock_watch *watch, const struct clock_reading *reading, struct span span)
{
    if (reading->trust < watch->trust)
        watch->trust = reading->trust;
    if (reading->trust > watch->trust && span.high - span.low <= CLOCK_JUMP_MS)
        clock_watch_begin(watch, span.low, span.high, reading->trust, reading->received_ms);
}

bool clock_watch_read(struct clock_watch *watch, const struct clock_reading *reading)
{
    must(reading->sent_ms <= reading->received_ms);
    struct span span = span_of(reading);
    if (!watch->known)
        return false;
    if (reading->sent_ms >= watch->seen_ms) {
        trust_read(watch, reading, span);
        watch->seen_ms = reading->received_ms;
        int64_t far = moved(watch, span);
        bool jumped = far > CLOCK_JUMP_MS || far < -CLOCK_JUMP_MS;
        if (jumped || near(watch, span)) {
            watch->held = jumped;
            watch->moved_ms = jumped ? far : 0;
        }
        if (!watch->held)
            follow(watch, span, reading->received_ms);
    }
    return !watch->held && near(watch, span);
}
