/* Frames become parcels of jobs; jobs that have their end become acknowledgements and replies. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "services/kernel/base/fault.h"
#include "services/kernel/base/log.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/bus/peers.h"
#include "services/kernel/run/loop.h"
#include "services/kernel/store/ops_codec.h"

#define BODY_COST_MAX (64u << 10) /* memory that a command's body may take */
#define REPLY_BYTES_MAX (FRAME_PAYLOAD_MAX - (64u << 10))

/* Named with the incarnation of the commit on which they rest, not with that of now: the site may
 * have been restored since, and the effect undone. */
static void acks_send(struct loop *loop, struct parcel *parcel)
{
    BUF_OWNED payload = {0};
    if (!parcel->ack_count)
        return;
    const struct frame *asked = &parcel->frame.head;
    struct frame head = {.kind = FRAME_ACKS,
            .dest = asked->source,
            .bucket = asked->bucket,
            .count = (uint16_t)parcel->ack_count,
            .token = asked->token,
            .serial = asked->serial,
            .incarnation = (uint64_t)parcel->incarnation};
    acks_encode(&payload, (uint64_t)parcel->incarnation, parcel->acks, parcel->ack_count);
    /* An acknowledgement that gets lost is given again when the message comes again. */
    if (bus_send_to(loop->bus, parcel->frame.broker, &head, payload.data, payload.size) == OK)
        metric_add(&loop->metrics, acks_out, parcel->ack_count);
}

static void replies_send(struct loop *loop, struct parcel *parcel)
{
    BUF_OWNED payload = {0};
    struct frame head = {.kind = FRAME_REPLIES,
            .dest = SERVICE_CLIENT,
            .token = parcel->frame.head.token,
            .serial = parcel->frame.head.serial,
            .incarnation = (uint64_t)loop->incarnation};
    for (size_t i = 0; i < parcel->count;) {
        batch_begin(&payload, (uint64_t)loop->incarnation);
        head.count = 0;
        do {
            batch_add(&payload, &parcel->replies[i++]);
            head.count++;
        } while (i < parcel->count &&
                 payload.size + parcel->replies[i].payload.size < REPLY_BYTES_MAX);
        if (bus_send_to(loop->bus, parcel->frame.broker, &head, payload.data, payload.size) != OK)
            return; /* the asker asks again under the same request id */
    }
}

void parcel_finish(struct loop *loop, struct parcel *parcel)
{
    must(parcel->open == 0);
    if (parcel->local) {
        parcel->done(parcel->done_self, &parcel->replies[0]);
        pthread_mutex_lock(&loop->local_lock);
        loop->local_count--;
        pthread_mutex_unlock(&loop->local_lock);
    } else {
        if (parcel->frame.head.kind == FRAME_EVENTS)
            acks_send(loop, parcel);
        else
            replies_send(loop, parcel);
        bus_grant(loop->bus, parcel->frame.broker, parcel->frame.head.count);
    }
    parcel_destroy(parcel);
}

/* The refusal's sentence, and what it is about if that is said. */
static const char *reason_text(struct loop *loop, const struct work *work, struct arena *arena)
{
    const struct aggregate_ops *ops = loop->ops;
    uint32_t reason = work->reason & REASON_MASK;
    uint16_t about = (uint16_t)(work->reason >> REASON_BITS);
    const char *text = ops->reason_text(reason, loop->conf.language);
    if (!about || !ops->reason_about)
        return text;
    BUF_OWNED whole = {0};
    buf_add_text(&whole, text);
    ops->reason_about(reason, about, loop->directory, loop->conf.language, &whole);
    return arena_text(arena, whole.data, whole.size);
}

static const char *reply_text(struct loop *loop, const struct work *work, struct arena *arena)
{
    if (work->text && work->text[0])
        return work->text;
    if (work->verdict == VERDICT_NOT_FOUND)
        return loop_text(loop, "没有这个编号，或其数据已按期删除，请核对",
                "there is nothing with that id, or not any more; check it");
    if (work->reason && loop->ops->reason_text)
        return reason_text(loop, work, arena);
    return "";
}

static void reply_set(struct loop *loop, struct job *job)
{
    struct parcel *parcel = job->parcel;
    struct envelope *reply = &parcel->replies[job->index];
    const struct work *work = &job->work;
    const char *text = reply_text(loop, work, &parcel->arena);
    reply->agg = work->input.agg;
    reply->verdict = work->verdict;
    reply->reason = work->reason & REASON_MASK;
    reply->text = arena_text(&parcel->arena, text, strlen(text));
    reply->payload.size = work->answer.size;
    reply->payload.data = work->answer.size
                                  ? arena_copy(&parcel->arena, work->answer.data, work->answer.size)
                                  : NULL;
}

void job_end(struct loop *loop, struct job *job)
{
    struct parcel *parcel = job->parcel;
    if (!parcel) {
        size_t *out = job->work.origin == WORK_TIMER   ? &loop->timers_out
                      : job->work.origin == WORK_FOUND ? &loop->found_out
                                                       : &loop->held_out;
        must((*out)-- > 0);
        job_destroy(job);
        return;
    }
    if (job->work.end == END_ACK)
        parcel->acks[parcel->ack_count++] = job->work.input.msg_id;
    if (job->work.end == END_ALARM)
        log_error("STREAM-ALARM", "agg=%lld source=%s n=%llu message=%lld",
                (long long)job->work.input.agg, service_name(job->work.input.source),
                (unsigned long long)job->work.input.n, (long long)job->work.input.msg_id);
    if (job->work.end == END_REPLY)
        reply_set(loop, job);
    if (--parcel->open == 0)
        parcel_finish(loop, parcel);
}

void job_fail(struct loop *loop, struct job *job, enum err err, const char *text)
{
    bool command = job->parcel && (job->parcel->local || job->parcel->replies);
    job->work.end = command ? END_REPLY : END_PUT_BACK;
    job->work.verdict = (uint32_t)(REPLY_FAILED + err);
    job->work.reason = 0;
    job->work.text = text;
    job->work.answer.size = 0;
    job_end(loop, job);
}

const char *format_text(const struct loop *loop)
{
    return loop_text(
            loop, "内容不符合其类型的格式", "the payload does not have the format of its type");
}

const char *late_text(const struct loop *loop)
{
    return loop_text(loop, "等候过久，尚未处理；请重试",
            "it waited for too long and was not begun: nothing was done; ask again");
}

/* One that was begun may have its effect already: it is run again, and finds it. */
bool job_late(struct loop *loop, struct job *job)
{
    if (job->begun || !span_over(job->parcel->received_ms, job->span_ms, loop->now_ms))
        return false;
    metric_add(&loop->metrics, late, 1);
    job_fail(loop, job, ERR_LATE, late_text(loop));
    return true;
}

static bool message_sound(const struct loop *loop, const struct envelope *envelope)
{
    return envelope->n >= 1 && envelope->n <= STREAM_NUMBER_MAX && envelope->id > 0 &&
           envelope->source_site == 0 && id_valid(envelope->agg, loop->ids.site);
}

static void event_job(struct loop *loop, struct parcel *parcel, const struct envelope *envelope)
{
    struct job *job = &parcel->jobs[parcel->open];
    job->parcel = parcel;
    job->index = parcel->open++;
    job->work = (struct work){.origin = WORK_EVENT, .payload = envelope->payload, .request_id = ""};
    job->work.input = (struct input){.kind = INPUT_MESSAGE,
            .source = parcel->frame.head.source,
            .type = envelope->type,
            .agg = envelope->agg,
            .n = envelope->n,
            .msg_id = envelope->id,
            .now_ms = envelope->at_ms};
    inbox_put(&loop->inbox, job);
}

static void events_open(
        struct loop *loop, struct parcel *parcel, const struct envelope *envelopes, size_t count)
{
    parcel->jobs = arena_array(&parcel->arena, struct job, count + 1);
    parcel->acks = arena_array(&parcel->arena, int64_t, count + 1);
    parcel->count = count;
    metric_add(&loop->metrics, events_in, count);
    for (size_t i = 0; i < count; i++) {
        if (message_sound(loop, &envelopes[i])) {
            event_job(loop, parcel, &envelopes[i]);
            continue;
        }
        metric_add(&loop->metrics, malformed, 1);
        log_warn("BUS-MESSAGE-REFUSED", "source=%s agg=%lld n=%llu message=%lld",
                service_name(parcel->frame.head.source), (long long)envelopes[i].agg,
                (unsigned long long)envelopes[i].n, (long long)envelopes[i].id);
    }
    if (parcel->open == 0)
        parcel_finish(loop, parcel);
}

/* Decodes a command to see whether it can be: its body is made again in the memory of its batch,
 * which holds BATCH_SIZE_MAX of them and has no way to refuse one. */
static const char *body_check(
        struct loop *loop, struct job *job, const struct envelope *envelope, enum err *ret_err)
{
    struct arena *arena = &job->parcel->arena;
    size_t before = arena->used;
    const void *body = NULL;
    const char *why = "";
    *ret_err = job->work.type->decode(envelope->payload, arena, &body, &why);
    if (*ret_err != OK)
        return why && why[0] ? why : format_text(loop);
    if (arena->used - before <= BODY_COST_MAX)
        return NULL;
    *ret_err = ERR_MALFORMED;
    return loop_text(loop, "命令展开后超过 64 KiB，请减少其中的字段和条目",
            "the command takes more than 64 KiB when it is opened; send fewer fields and entries");
}

/* What can be refused without looking at any state is refused here, with the reason. */
static const char *command_check(
        struct loop *loop, struct job *job, const struct envelope *envelope, enum err *ret_err)
{
    struct work *work = &job->work;
    uint32_t right = RIGHT_OPERATE;
    *ret_err = ERR_MALFORMED;
    if (envelope->type == OPS_REPLAY || envelope->type == OPS_SKIP) {
        work->origin = envelope->type == OPS_REPLAY ? WORK_REPLAY : WORK_SKIP;
        if (letter_ref_decode(envelope->payload, &job->parcel->arena, work) != OK)
            return loop_text(loop, "内容不是带有对象、来源和序号的 ops.LetterRef",
                    "the payload is no ops.LetterRef with aggregate, source and number");
    } else {
        work->type = core_type(loop->ops, INPUT_COMMAND, SERVICE_NONE, envelope->type);
        *ret_err = ERR_UNKNOWN;
        if (!work->type)
            return loop_text(loop, "本服务没有该类型的命令，见 proto/README.md",
                    "no command of this service has that type; see proto/README.md");
        right = work->type->right;
        const char *why = body_check(loop, job, envelope, ret_err);
        if (why)
            return why;
    }
    *ret_err = ERR_DENIED;
    if (!job->parcel->local && !(work->right_held & right))
        return loop_text(loop, "该密钥无权发出此命令，见 peers.conf",
                "the key has no right to this command; see peers.conf");
    bool may_name = job->parcel->local || work->right_held & (RIGHT_ACT | RIGHT_OPERATE);
    if (envelope->actor[0] && !may_name)
        return loop_text(loop, "该密钥无权以他人名义办理，请将 actor 留空",
                "the key has no right to act in somebody's name; leave `actor` empty");
    *ret_err = ERR_MALFORMED;
    /* A process that has just started knows its site when it has its first session: what comes
     * before waits for that, and an id of another site is then no row here. */
    int site = loop->ids.site ? loop->ids.site : id_site(envelope->agg);
    if (envelope->agg && !id_valid(envelope->agg, site))
        return loop_text(loop, "agg 不是本站点的编号", "`agg` is no id of this site");
    if (envelope->agg && !envelope->request_id[0])
        return loop_text(loop, "缺少 request_id：由客户端选定的 1 至 64 字节",
                "`request_id` is missing: 1 to 64 bytes chosen by the client");
    *ret_err = OK;
    return NULL;
}

static void command_digest(struct work *work, const struct envelope *envelope)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, COMMAND_DIGEST_SIZE);
    crypto_generichash_update(
            &state, (const unsigned char *)&envelope->type, sizeof envelope->type);
    crypto_generichash_update(&state, (const unsigned char *)&envelope->agg, sizeof envelope->agg);
    crypto_generichash_update(
            &state, (const unsigned char *)envelope->actor, strlen(envelope->actor) + 1);
    crypto_generichash_update(&state, envelope->payload.data, envelope->payload.size);
    crypto_generichash_final(&state, work->digest, COMMAND_DIGEST_SIZE);
}

static void command_job(
        struct loop *loop, struct parcel *parcel, size_t index, const struct envelope *envelope)
{
    struct job *job = &parcel->jobs[index];
    job->parcel = parcel;
    job->index = index;
    job->span_ms = envelope->deadline_ms;
    parcel->replies[index] = (struct envelope){.id = envelope->id,
            .agg = envelope->agg,
            .type = envelope->type,
            .request_id = envelope->request_id,
            .actor = "",
            .text = ""};
    job->work = (struct work){.origin = WORK_COMMAND,
            .payload = envelope->payload,
            .request_id = envelope->request_id,
            .right_held = parcel->frame.head.rights,
            .client_serial = (uint32_t)index};
    struct input *input = &job->work.input;
    *input = (struct input){.kind = INPUT_COMMAND,
            .type = envelope->type,
            .agg = envelope->agg,
            .now_ms = envelope->at_ms};
    snprintf(input->actor, sizeof input->actor, "%s", envelope->actor);
    snprintf(input->peer, sizeof input->peer, "%s", parcel->frame.head.peer);
    if (envelope->type == OPS_RECOUNT && (job->work.right_held & RIGHT_OPERATE)) {
        recount_ask(loop, job);
        return;
    }
    if (envelope->type == OPS_LOOK && (job->work.right_held & RIGHT_OPERATE)) {
        due_look(loop);
        job->work.end = END_REPLY;
        job_end(loop, job);
        return;
    }
    enum err err;
    const char *why = command_check(loop, job, envelope, &err);
    if (why) {
        job_fail(loop, job, err, why);
        return;
    }
    command_digest(&job->work, envelope);
    inbox_put(&loop->inbox, job);
}

static void requests_open(
        struct loop *loop, struct parcel *parcel, const struct envelope *envelopes, size_t count)
{
    bool queries = parcel->frame.head.kind == FRAME_QUERIES;
    parcel->count = count;
    /* One more than there are, so that the last answer given at once does not end the parcel while
     * it is still being opened. */
    parcel->open = count + 1;
    parcel->jobs = arena_array(&parcel->arena, struct job, count + 1);
    parcel->replies = arena_array(&parcel->arena, struct envelope, count + 1);
    if (queries)
        parcel->answers = arena_array(&parcel->arena, struct buf, count + 1);
    for (size_t i = 0; i < count; i++)
        if (queries)
            query_start(loop, parcel, i, &envelopes[i]);
        else
            command_job(loop, parcel, i, &envelopes[i]);
    if (queries)
        metric_add(&loop->metrics, queries_in, count);
    else
        metric_add(&loop->metrics, commands_in, count);
    if (--parcel->open == 0)
        parcel_finish(loop, parcel);
}

static void parcel_drop(struct loop *loop, struct parcel *parcel)
{
    if (parcel->frame.head.count)
        bus_grant(loop->bus, parcel->frame.broker, parcel->frame.head.count);
    parcel_destroy(parcel);
}

/* Opens a frame of messages or requests; on an error nothing is acknowledged or answered, and the
 * sender still has it. */
static void parcel_open(struct loop *loop, struct parcel *parcel)
{
    const struct bus_frame *frame = &parcel->frame;
    struct envelope *envelopes;
    uint64_t incarnation;
    size_t count;
    const char *why = "";
    if (FAULT(frame_malformed) ||
            batch_decode(frame->payload, frame->payload_size, &parcel->arena, &incarnation,
                    &envelopes, &count, &why) != OK ||
            count != frame->head.count) {
        metric_add(&loop->metrics, malformed, 1);
        log_warn("BUS-FRAME-REFUSED", "kind=%s peer=%s why=%s", frame_kind_name(frame->head.kind),
                log_quote(frame->head.peer), log_quote(why));
        parcel_drop(loop, parcel);
        return;
    }
    if (frame->head.kind != FRAME_EVENTS) {
        requests_open(loop, parcel, envelopes, count);
        return;
    }
    if (loop->incarnation == 0 || incarnation != (uint64_t)loop->incarnation ||
            FAULT(frame_stale)) {
        metric_add(&loop->metrics, stale, 1);
        parcel_drop(loop, parcel);
        return;
    }
    parcel->incarnation = loop->incarnation;
    events_open(loop, parcel, envelopes, count);
}

static void acks_open(struct loop *loop, struct parcel *parcel)
{
    uint64_t incarnation;
    int64_t *ids;
    size_t count;
    if (FAULT(acks_malformed) || acks_decode(parcel->frame.payload, parcel->frame.payload_size,
                                         &parcel->arena, &incarnation, &ids, &count) != OK) {
        metric_add(&loop->metrics, malformed, 1);
    } else if (incarnation != (uint64_t)loop->incarnation) {
        metric_add(&loop->metrics, stale, 1);
    } else {
        metric_add(&loop->metrics, acks_in, count);
        if (loop->acked_count == 0)
            loop->acked_since_ms = loop->now_ms;
        /* What does not fit is sent again by the sweep and acknowledged again. */
        for (size_t i = 0; i < count && loop->acked_count < ACKED_MAX; i++)
            loop->acked[loop->acked_count++] = (struct acked){ids[i], parcel->frame.head.source};
        outgoing_acked(loop->outgoing, parcel->frame.head.serial);
    }
    parcel_destroy(parcel);
}

void loop_receive(struct loop *loop)
{
    while (loop->inbox.count < INBOX_MAX && !FAULT(inbox_full)) {
        struct parcel *parcel = parcel_new();
        if (bus_receive(loop->bus, &parcel->frame) != OK) {
            parcel->local = true; /* no frame to let go */
            parcel_destroy(parcel);
            return;
        }
        enum frame_kind kind = parcel->frame.head.kind;
        parcel->received_ms = loop->now_ms;
        if (kind == FRAME_EVENTS || kind == FRAME_COMMANDS || kind == FRAME_QUERIES) {
            parcel_open(loop, parcel);
        } else if (kind == FRAME_ACKS) {
            acks_open(loop, parcel);
        } else {
            if (kind == FRAME_NAK)
                outgoing_nak(loop->outgoing, &parcel->frame.head, loop->now_ms);
            parcel_destroy(parcel);
        }
    }
}

/* Requests from inside the process come over a list and an eventfd. */
static enum err local_put(struct loop *loop, const struct local_command *command, bool query)
{
    struct parcel *parcel = parcel_new();
    struct arena *arena = &parcel->arena;
    must(command->span_ms >= 0);
    parcel->local = true;
    parcel->done = command->done;
    parcel->done_self = command->self;
    parcel->received_ms = loop->clock.monotonic_ms(loop->clock.self);
    parcel->frame.head.kind = query ? FRAME_QUERIES : FRAME_COMMANDS;
    snprintf(parcel->frame.head.peer, PEER_SIZE, "%s", command->peer);
    struct envelope *envelope = arena_array(arena, struct envelope, 1);
    *envelope = (struct envelope){.type = command->type,
            .agg = command->agg,
            .at_ms = command->at_ms,
            .deadline_ms = command->span_ms,
            .request_id = arena_text(arena, command->request_id, strlen(command->request_id)),
            .actor = arena_text(arena, command->actor, strlen(command->actor)),
            .text = ""};
    envelope->payload.data = arena_copy(arena, command->payload.data, command->payload.size);
    envelope->payload.size = command->payload.size;
    parcel->replies = envelope; /* until it is opened */
    pthread_mutex_lock(&loop->local_lock);
    bool room = loop->local_count < LOCAL_MAX && !loop->draining && !FAULT(local_full);
    if (room) {
        loop->local_count++;
        *loop->local_last = parcel;
        loop->local_last = &parcel->next;
    }
    pthread_mutex_unlock(&loop->local_lock);
    if (!room) {
        parcel_destroy(parcel);
        return ERR_LIMIT;
    }
    eventfd_write(loop->wake_fd, 1);
    return OK;
}

enum err loop_command(struct loop *loop, const struct local_command *command)
{
    return local_put(loop, command, false);
}

enum err loop_query(struct loop *loop, const struct local_command *query)
{
    return local_put(loop, query, true);
}

void loop_local(struct loop *loop)
{
    eventfd_t value;
    (void)eventfd_read(loop->wake_fd, &value);
    pthread_mutex_lock(&loop->local_lock);
    struct parcel *parcel = loop->local_first;
    loop->local_first = NULL;
    loop->local_last = &loop->local_first;
    pthread_mutex_unlock(&loop->local_lock);
    while (parcel) {
        struct parcel *next = parcel->next;
        requests_open(loop, parcel, parcel->replies, 1);
        parcel = next;
    }
}
