/* Every request is WAITING (to be sent, maybe not before some time), SENT, or DONE. Losing a
 * broker, a NAK, silence and a transient failure all put it back to WAITING; only an answer, a
 * refusal of the broker's or the deadline ends it. Answers are matched by the envelope's id,
 * which is never used again, so that one that comes late for an earlier call is ignored. */
#include "services/kernel/bus/client.h"

#include <glib.h>
#include <string.h>
#include "services/kernel/base/clock.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/rng.h"

#define FRAME_ENVELOPES_MAX 64
#define FRAME_BYTES_MAX (256u << 10) /* of a frame with more than one request */
#define POLL_MS (BUS_HEARTBEAT_MS / 4)
#define BACKOFF_MS 20 /* plus as much again at random, and ten times that without an instance */
#define SCRATCH_MAX ((size_t)64 << 20)

struct client {
    void *context;
    struct bus *bus;
    struct clock clock;
    struct rng rng;
    struct arena scratch; /* a frame of answers while it is looked at */
    uint64_t epoch, frame_serial;
    int64_t id_next;
};

enum progress { WAITING, SENT, DONE };

struct pending {
    enum progress progress;
    uint8_t bucket;
    uint64_t frame; /* serial of the frame that it went out in */
    int64_t sent_ms, not_before_ms;
};

struct call {
    struct client *client;
    enum frame_kind kind;
    struct client_request *requests;
    struct pending *pending;
    size_t count, done, sent;
    int64_t id_first, now_ms, deadline_ms;
    struct arena *arena;
};

static int64_t client_now(const struct client *client)
{
    return client->clock.monotonic_ms(client->clock.self);
}

enum err client_new(const struct bus_config *config, struct client **ret)
{
    struct client *client = g_new0(struct client, 1);
    struct bus_config own = *config;
    own.credit = 0;
    client->clock = clock_system();
    client->id_next = 1;
    rng_seed_secure(&client->rng);
    arena_init(&client->scratch, SCRATCH_MAX);
    client->context = zmq_ctx_new();
    must(client->context);
    enum err err = bus_new(&own, client->context, &client->bus);
    if (err) {
        client_destroy(&client);
        return err;
    }
    *ret = client;
    return OK;
}

void client_destroy(struct client **client)
{
    if (!*client) {
        return;
    }
    bus_destroy(&(*client)->bus);
    arena_fini(&(*client)->scratch);
    (void)zmq_ctx_term((*client)->context);
    g_free(*client);
    *client = NULL;
}

/* Waits until something came or `until_ms`, at most POLL_MS. */
static void client_poll(struct client *client, int64_t until_ms)
{
    zmq_pollitem_t items[BUS_POLL_ITEMS_MAX];
    size_t count = bus_poll_items(client->bus, items, BUS_POLL_ITEMS_MAX);
    int64_t wait_ms = until_ms - client_now(client);
    if (wait_ms > 0) {
        (void)zmq_poll(items, (int)count, wait_ms < POLL_MS ? (long)wait_ms : POLL_MS);
    }
}

enum err client_wait(struct client *client, int64_t timeout_ms)
{
    int64_t deadline_ms = client_now(client) + timeout_ms;
    for (;;) {
        struct bus_frame late;
        bus_turn(client->bus, client_now(client));
        while (bus_receive(client->bus, &late) == OK) {
            bus_frame_fini(&late);
        }
        if (bus_connected(client->bus)) {
            return OK;
        }
        if (client_now(client) >= deadline_ms) {
            return ERR_TRANSIENT;
        }
        client_poll(client, deadline_ms);
    }
}

/* What becomes of a request */

static void request_end(struct call *call, size_t index, enum err err)
{
    struct pending *pending = &call->pending[index];
    must(pending->progress != DONE);
    call->sent -= pending->progress == SENT;
    pending->progress = DONE;
    call->requests[index].err = err;
    call->done++;
}

static void request_again(struct call *call, size_t index, int64_t after_ms)
{
    struct pending *pending = &call->pending[index];
    call->sent -= pending->progress == SENT;
    pending->progress = WAITING;
    pending->not_before_ms = call->now_ms;
    if (after_ms > 0) {
        int64_t jitter_ms = (int64_t)rng_below(&call->client->rng, (uint64_t)after_ms);
        pending->not_before_ms += after_ms + jitter_ms;
    }
}

/* True when sending it twice does no harm. */
static bool request_repeatable(const struct call *call, size_t index)
{
    const char *id = call->requests[index].request_id;
    return call->kind == FRAME_QUERIES || (id && id[0]);
}

/* After the loss of a broker, all that is under way; otherwise what has waited too long. */
static void silent_again(struct call *call, bool lost)
{
    for (size_t i = 0; i < call->count; i++) {
        const struct pending *pending = &call->pending[i];
        bool due = lost || call->now_ms - pending->sent_ms >= CLIENT_RETRY_MS;
        if (pending->progress == SENT && due && request_repeatable(call, i)) {
            request_again(call, i, 0);
        }
    }
}

/* Receiving */

static bool bytes_keep(struct arena *arena, struct bytes *bytes)
{
    uint8_t *copy = arena_find(arena, bytes->size + 1);
    if (!copy) {
        return false;
    }
    if (bytes->size > 0) {
        memcpy(copy, bytes->data, bytes->size);
    }
    bytes->data = copy;
    return true;
}

static bool text_keep(struct arena *arena, const char **text)
{
    struct bytes bytes = {(const uint8_t *)*text, strlen(*text) + 1};
    bool kept = bytes_keep(arena, &bytes);
    *text = kept ? (const char *)bytes.data : "";
    return kept;
}

static bool reply_keep(struct arena *arena, struct envelope *reply)
{
    return bytes_keep(arena, &reply->payload) && bytes_keep(arena, &reply->trace) &&
           text_keep(arena, &reply->text) && text_keep(arena, &reply->request_id) &&
           text_keep(arena, &reply->actor);
}

static void reply_take(struct call *call, const struct envelope *reply)
{
    int64_t place = reply->id - call->id_first;
    if (place < 0 || place >= (int64_t)call->count) {
        return;
    }
    size_t index = (size_t)place;
    if (call->pending[index].progress == DONE) {
        return;
    }
    if (reply->verdict == REPLY_FAILED + ERR_TRANSIENT ||
            reply->verdict == REPLY_FAILED + ERR_LATE) {
        request_again(call, index, BACKOFF_MS);
        return;
    }
    struct envelope kept = *reply;
    bool fits = reply_keep(call->arena, &kept);
    if (fits) {
        call->requests[index].reply = kept;
    }
    request_end(call, index, fits ? OK : ERR_LIMIT);
}

static void replies_take(struct call *call, const struct bus_frame *frame)
{
    uint64_t incarnation;
    struct envelope *replies;
    size_t count;
    const char *why;
    struct arena *scratch = &call->client->scratch;
    if (batch_decode(frame->payload, frame->payload_size, scratch, &incarnation, &replies, &count,
                &why) == OK) {
        for (size_t i = 0; i < count; i++) {
            reply_take(call, &replies[i]);
        }
    }
    arena_reset(scratch);
}

static void nak_take(struct call *call, const struct frame *nak)
{
    int64_t after_ms = nak->reason == NAK_NO_INSTANCE ? 10 * BACKOFF_MS : BACKOFF_MS;
    for (size_t i = 0; i < call->count; i++) {
        const struct pending *pending = &call->pending[i];
        if (pending->progress != SENT || pending->frame != nak->serial) {
            continue;
        }
        if (nak->reason == NAK_DENIED || nak->reason == NAK_MALFORMED) {
            request_end(call, i, nak->reason == NAK_DENIED ? ERR_DENIED : ERR_MALFORMED);
        } else {
            request_again(call, i, after_ms);
        }
    }
}

static void call_receive(struct call *call)
{
    struct bus_frame frame;
    while (bus_receive(call->client->bus, &frame) == OK) {
        if (frame.head.kind == FRAME_REPLIES) {
            replies_take(call, &frame);
        } else if (frame.head.kind == FRAME_NAK) {
            nak_take(call, &frame.head);
        }
        bus_frame_fini(&frame);
    }
}

/* Sending */

static bool request_ready(const struct call *call, size_t index)
{
    const struct pending *pending = &call->pending[index];
    return pending->progress == WAITING && call->now_ms >= pending->not_before_ms;
}

static void request_encode(const struct call *call, size_t index, struct buf *out)
{
    const struct client_request *request = &call->requests[index];
    struct envelope envelope = {.id = call->id_first + (int64_t)index,
            .agg = request->agg,
            .type = request->type,
            .at_ms = request->at_ms,
            .deadline_ms = call->deadline_ms - call->now_ms,
            .request_id = request->request_id ? request->request_id : "",
            .actor = request->actor ? request->actor : "",
            .payload = request->payload,
            .text = ""};
    batch_add(out, &envelope);
}

/* The frame that starts with `first`: what goes to the same service and bucket, in order.
 * Returns how many indexes stand in `members`. */
static size_t frame_fill(
        const struct call *call, size_t first, struct buf *out, size_t members[FRAME_ENVELOPES_MAX])
{
    size_t count = 0, room = CLIENT_WINDOW - call->sent;
    room = room < FRAME_ENVELOPES_MAX ? room : FRAME_ENVELOPES_MAX;
    batch_begin(out, 0);
    for (size_t i = first; i < call->count && count < room; i++) {
        bool same = call->requests[i].dest == call->requests[first].dest &&
                    call->pending[i].bucket == call->pending[first].bucket;
        bool fits = count == 0 || out->size + call->requests[i].payload.size <= FRAME_BYTES_MAX;
        if (same && fits && request_ready(call, i)) {
            request_encode(call, i, out);
            members[count++] = i;
        }
    }
    return count;
}

static enum err frame_send(struct call *call, size_t first)
{
    BUF_OWNED payload = {0};
    size_t members[FRAME_ENVELOPES_MAX];
    size_t count = frame_fill(call, first, &payload, members);
    struct frame head = {.kind = call->kind,
            .dest = call->requests[first].dest,
            .bucket = call->pending[first].bucket,
            .count = (uint16_t)count,
            .serial = ++call->client->frame_serial};
    enum err err = bus_send(call->client->bus, &head, payload.data, payload.size);
    for (size_t i = 0; i < count && !err; i++) {
        struct pending *pending = &call->pending[members[i]];
        pending->progress = SENT;
        pending->frame = head.serial;
        pending->sent_ms = call->now_ms;
        call->sent++;
    }
    return err;
}

static void call_send(struct call *call)
{
    for (size_t i = 0; i < call->count && call->sent < CLIENT_WINDOW; i++) {
        if (request_ready(call, i) && frame_send(call, i) != OK) {
            return; /* no broker, or its queue is full: another turn */
        }
    }
}

/* What is about an aggregate goes where its other messages go; what is not yet about one goes by
 * its request id, so that a repetition meets the first attempt; queries about nothing go
 * anywhere. */
static uint8_t request_bucket(const struct call *call, size_t index)
{
    const struct client_request *request = &call->requests[index];
    uint64_t hash = id_hash(call->id_first + (int64_t)index);
    if (request->agg != 0) {
        hash = id_hash(request->agg);
    } else if (request->request_id && request->request_id[0]) {
        hash = id_hash((int64_t)g_str_hash(request->request_id));
    }
    return (uint8_t)(hash % BUCKET_COUNT);
}

static void call_begin(struct call *call)
{
    for (size_t i = 0; i < call->count; i++) {
        struct client_request *request = &call->requests[i];
        const char *id = request->request_id;
        call->pending[i] = (struct pending){.bucket = request_bucket(call, i)};
        request->err = ERR_TRANSIENT;
        request->reply = (struct envelope){.text = "", .request_id = "", .actor = ""};
        if (request->payload.size > PAYLOAD_SIZE_MAX || (id && strlen(id) > REQUEST_ID_MAX) ||
                (request->actor && strlen(request->actor) >= ACTOR_SIZE)) {
            request_end(call, i, ERR_LIMIT);
        }
    }
    /* Answers and losses of earlier calls are over. */
    call->client->epoch = bus_epoch(call->client->bus);
}

static void call_turn(struct call *call)
{
    struct client *client = call->client;
    call->now_ms = client_now(client);
    bus_turn(client->bus, call->now_ms);
    call_receive(call);
    bool lost = bus_epoch(client->bus) != client->epoch;
    client->epoch = bus_epoch(client->bus);
    silent_again(call, lost);
    if (call->now_ms < call->deadline_ms) { /* a span of 0 would mean none */
        call_send(call);
    }
}

enum err client_call(struct client *client,
        enum frame_kind kind,
        struct client_request *requests,
        size_t count,
        int64_t timeout_ms,
        struct arena *arena)
{
    must(kind == FRAME_COMMANDS || kind == FRAME_QUERIES);
    must(count <= CLIENT_REQUESTS_MAX);
    struct pending pending[CLIENT_REQUESTS_MAX];
    struct call call = {.client = client,
            .kind = kind,
            .requests = requests,
            .pending = pending,
            .count = count,
            .id_first = client->id_next,
            .deadline_ms = client_now(client) + timeout_ms,
            .arena = arena};
    client->id_next += (int64_t)count;
    call_begin(&call);
    for (;;) {
        call_turn(&call);
        if (call.done == count || call.now_ms >= call.deadline_ms) {
            break;
        }
        client_poll(client, call.deadline_ms);
    }
    for (size_t i = 0; i < count; i++) {
        if (requests[i].err) {
            return ERR_TRANSIENT;
        }
    }
    return OK;
}
