/* The other side of a service, for tests: frames built by hand are sent over a broker under a
 * given key, and what comes back is shown as it came. Made of the bus's parts below the client
 * library, so that what no honest client sends can be sent. One ZeroMQ context for all askers of
 * the process. */
#ifndef HUYING_TESTS_CLUSTER_ASKER_H
#define HUYING_TESTS_CLUSTER_ASKER_H

#include "services/kernel/base/buf.h"
#include "services/kernel/bus/bus.h"
#include "services/kernel/wire/envelope.h"
#include "tests/kit/cluster.h"

struct asker {
    struct kit_site *site;
    struct bus *bus;
    enum service_id as;
    uint64_t incarnation;
    struct frame head; /* of what was posted last */
    struct buf payload;
    bool waits;       /* for what comes of it; until then it is sent again, as all senders do */
    size_t posts;     /* times that it was sent */
    int64_t again_ms; /* when it is sent again */
};

#define ASKER_AGAIN_MS 500

/* What came for one frame that was sent. */
struct answer {
    enum frame_kind kind; /* FRAME_REPLIES, FRAME_ACKS, FRAME_NAK; 0 = nothing within the time */
    uint32_t reason;      /* of a NAK */
    uint32_t verdict;     /* of the first reply */
    char text[REPLY_TEXT_MAX];
    size_t acked; /* ids acknowledged */
};

/* Connects to all brokers of the site as `as` (SERVICE_CLIENT for tools); `wait`: until
 * welcomed. */
void asker_open(struct asker *asker,
        struct kit_site *site,
        enum service_id as,
        const struct keypair *key,
        bool wait);
void asker_close(struct asker *asker);
/* The process's context ends; after the last asker. */
void asker_end(void);
/* One round of the bus, some milliseconds at most; what nothing has come of for ASKER_AGAIN_MS is
 * sent again. */
void asker_turn(struct asker *asker);

/* Posts a frame of one envelope, whose payload is the batch in `payload`. */
void asker_post(struct asker *asker,
        enum frame_kind kind,
        enum service_id dest,
        int64_t agg,
        const struct buf *payload);
/* Waits for what comes of it, and sends it again meanwhile. NAKs that say "later" (no instance, no
 * credit) are not the end: it is sent again at once until the time is over; the last of them is the
 * answer then. */
void asker_take(struct asker *asker, int64_t within_ms, struct answer *ret);
/* Both, for one envelope. */
void asker_ask(struct asker *asker,
        enum frame_kind kind,
        enum service_id dest,
        const struct envelope *envelope,
        int64_t within_ms,
        struct answer *ret);

#endif
