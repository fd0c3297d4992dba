#include "services/kernel/store/stream.h"

#include "services/kernel/base/must.h"

enum stream_place stream_judge(uint64_t seen, uint64_t n, int64_t msg_id, struct stream_held held)
{
    must(n >= 1);
    if (n <= seen)
        return STREAM_DUPLICATE;
    if (held.found && held.msg_id != msg_id)
        return STREAM_ALARM;
    /* A dead letter is acted on by an operator only: what comes again from the net is a
     * duplicate. */
    if (held.found && held.dead)
        return STREAM_DUPLICATE;
    if (n == seen + 1)
        return STREAM_DUE;
    return held.found ? STREAM_DUPLICATE : STREAM_EARLY;
}
