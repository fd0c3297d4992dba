/* Is the database's clock to be trusted? Deadlines are judged by it, and a false escalation is
 * worse than a late one (DESIGN §6): so its distance to this machine's monotonic clock, which
 * cannot jump, is watched. A *reading* is an instant that the database gave as its now, between the
 * question and the answer; so the distance is known within the round trip only, and a slow answer
 * proves nothing.
 *
 *   in step    certainly within CLOCK_JUMP_MS of where it is trusted to be: deadlines may fire
 *   jumped     certainly further off: deadlines are held until it is back, or until somebody says
 *              that the new time is the true one (the site's number of trust rises)
 *   unsure     neither: no deadline fires on this reading, nothing else changes
 *
 * Slow drift is followed, a hundredth of the time that passes at most: small jumps that come one
 * after the other add up. Pure: no clock, no I/O; the owner brings the readings. */
#ifndef HUYING_BASE_CLOCK_WATCH_H
#define HUYING_BASE_CLOCK_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_JUMP_MS 5000

struct clock_reading {
    int64_t now_ms;               /* the database's, UTC, milliseconds since 1970 */
    int64_t sent_ms, received_ms; /* monotonic: it was read between them */
    int64_t trust;                /* the site's number of trust, read along with it */
};

struct clock_watch {
    int64_t low_ms, high_ms; /* the database's clock minus the monotonic one lies between */
    int64_t trust;
    int64_t seen_ms;     /* monotonic: answer of the last reading that counted */
    int64_t followed_ms; /* monotonic: when drift was last followed */
    int64_t moved_ms;    /* how far off the last reading was for certain; 0 = in step */
    bool known;          /* false: not begun, nothing is trusted */
    bool held;
};

/* Begins with what is trusted, as of the monotonic instant `now_ms`. */
void clock_watch_begin(
        struct clock_watch *watch, int64_t low_ms, int64_t high_ms, int64_t trust, int64_t now_ms);
/* Takes a reading. True: a deadline may be judged by this very reading. `held` and `moved_ms` say
 * what follows for all others. Readings may come in any order; one that was asked for before the
 * last answer came is judged and changes nothing. */
bool clock_watch_read(struct clock_watch *watch, const struct clock_reading *reading);

#endif
