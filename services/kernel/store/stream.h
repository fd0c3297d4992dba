/* The rule of receiving (PROTOCOL rule 2), on plain numbers: where does a message stand in its
 * stream? A stream is what one source says about one aggregate: 1, 2, 3 … without gaps. No I/O,
 * no state. */
#ifndef HUYING_STORE_STREAM_H
#define HUYING_STORE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#define STREAM_NUMBER_MAX (INT64_C(1) << 62)

enum stream_place {
    STREAM_DUPLICATE, /* its effect, or the message itself, is committed here: acknowledge */
    STREAM_DUE,       /* the next one: apply */
    STREAM_EARLY,     /* its turn has not come: keep it in `waiting`, acknowledge */
    STREAM_ALARM      /* the number is held by another message: not acknowledged, reported */
};

/* The message that the database holds under the same number, if any. */
struct stream_held {
    bool found, dead; /* dead: in dead_letter; else in waiting */
    int64_t msg_id;
};

/* `seen`: last number whose effect is committed. `n` ≥ 1 (checked when decoding). */
enum stream_place stream_judge(uint64_t seen, uint64_t n, int64_t msg_id, struct stream_held held);

#endif
