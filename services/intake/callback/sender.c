/* See sender.h. The database is asked one thing at a time (take, record, prune), each a segment of
 * its own; transfers run meanwhile. What ended stands in `ends` until it is written down: it has
 * its slot for so long, so that a database that is away stops the taking, too. */
#include "services/intake/callback/sender.h"
#include <curl/curl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include "services/intake/callback/event.h"
#include "services/intake/callback/sign.h"
#include "services/intake/callback/transfer.h"
#include "services/intake/store_callback.h"
#include "services/kernel/base/log.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/base/seal.h"

#define COMPLAIN_MS 60000 /* between two log lines about the same trouble */
#define KEYS_EVERY_MS 5000
#define THREAD_WAIT_MS 500
#define RECORD_MAX 100 /* written down in one segment */
#define AWAY_MS 5000   /* without the database, or with one of an older schema, until it is said */

#define COUNT(sender, name)                                                                        \
    atomic_fetch_add_explicit(&(sender)->config.counts->name, 1, memory_order_relaxed)

struct sender {
    struct sender_config config;
    char *conninfo, *keys_path, *ca;
    struct pg *pg;
    CURLM *multi;
    struct rng rng;
    struct seal_keys keys;
    struct mailbox *box;
    struct transfer *transfers;
    size_t transfer_count, asking_count;
    struct callback_end ends[SENDER_SLOTS];
    size_t end_count, recording;
    bool busy, more; /* a segment is open; the last look found as many as it wanted */
    int64_t now_ms, take_ms, prune_ms, keys_ms, complain_ms, unreadable_ms;
    int64_t ready_ms;
    _Atomic bool ending;
    bool threaded;
    pthread_t thread;
};

static void trouble_log(struct sender *sender, enum err err, const char *message)
{
    COUNT(sender, troubles);
    if (atomic_load(&sender->ending) || sender->now_ms < sender->complain_ms)
        return;
    sender->complain_ms = sender->now_ms + COMPLAIN_MS;
    log_warn("CALLBACK-STORE-FAILED", "class=%s why=%s", err_name(err), log_quote(message));
}

/* A try is over, or could not be begun. */
static void end_add(struct sender *sender, const struct callback_end *end)
{
    must(sender->end_count < SENDER_SLOTS);
    sender->ends[sender->end_count++] = *end;
    if (end->done == DELIVERY_DELIVERED)
        COUNT(sender, delivered);
    else
        COUNT(sender, failed);
    if (end->done != DELIVERY_GIVEN_UP || end->gone)
        return;
    char id[EVENT_ID_SIZE];
    COUNT(sender, given_up);
    event_id(&end->key, id);
    log_warn("CALLBACK-GIVEN-UP", "id=%s subscriber=%" PRId32 " status=%d", id, end->key.subscriber,
            end->status);
}

/* Read when a secret does not open, so that a key made meanwhile needs no restart. */
static void keys_read(struct sender *sender)
{
    struct seal_keys keys;
    BUF_OWNED why = {0};
    if (!*sender->keys_path || sender->now_ms < sender->keys_ms)
        return;
    sender->keys_ms = sender->now_ms + KEYS_EVERY_MS;
    if (seal_keys_load(sender->keys_path, &keys, &why) == OK)
        sender->keys = keys;
    seal_keys_wipe(&keys);
}

static bool secret_open(
        const struct sender *sender, const char *name, struct bytes sealed, struct secrets *secrets)
{
    BUF_OWNED text = {0};
    struct secret *secret = &secrets->list[secrets->count];
    if (seal_open(&sender->keys, name, sealed.data, sealed.size, &text) != OK)
        return false;
    enum err err = secret_parse(text.data, text.size, secret);
    sodium_memzero(text.data, text.size);
    secrets->count += err == OK;
    return err == OK;
}

static bool secrets_open(
        struct sender *sender, const struct callback *callback, struct secrets *secrets)
{
    secrets->count = 0;
    if (!secret_open(sender, callback->name, callback->secret, secrets)) {
        keys_read(sender);
        if (!secret_open(sender, callback->name, callback->secret, secrets))
            return false;
    }
    if (callback->secret_before.size)
        (void)secret_open(sender, callback->name, callback->secret_before, secrets);
    return true;
}

static void unreadable_end(struct sender *sender, const struct callback *callback)
{
    struct transfer none = {
            .key = callback->key, .lease = callback->lease, .tries = callback->tries};
    struct callback_end end = transfer_end(&none, CURLE_OK, rng_next(&sender->rng));
    (void)snprintf(end.why, sizeof end.why,
            "the subscriber's secret cannot be opened: [callback] keys is not the file that sealed "
            "it");
    end_add(sender, &end);
    if (sender->now_ms < sender->unreadable_ms)
        return;
    sender->unreadable_ms = sender->now_ms + COMPLAIN_MS;
    log_error("CALLBACK-SECRET-UNREADABLE", "subscriber=%s keys=%s", log_quote(callback->name),
            log_quote(sender->keys_path));
}

static void transfer_link(struct sender *sender, struct transfer *transfer)
{
    transfer->next = sender->transfers;
    if (transfer->next)
        transfer->next->previous = transfer;
    sender->transfers = transfer;
    sender->transfer_count++;
}

static void transfer_unlink(struct sender *sender, struct transfer *transfer)
{
    if (transfer->previous)
        transfer->previous->next = transfer->next;
    else
        sender->transfers = transfer->next;
    if (transfer->next)
        transfer->next->previous = transfer->previous;
    sender->transfer_count--;
}

static void transfer_begin(struct sender *sender, struct transfer *transfer)
{
    transfer_link(sender, transfer);
    must(curl_multi_add_handle(sender->multi, transfer->easy) == CURLM_OK);
}

static void callback_send(struct sender *sender, const struct callback *callback)
{
    const struct transfer_options options = {.ca = sender->ca,
            .timeout_ms = sender->config.timeout_ms,
            .guard = &sender->config.guard};
    struct secrets secrets;
    COUNT(sender, tried);
    if (secrets_open(sender, callback, &secrets)) {
        int64_t now_ms = sender->config.clock.wall_ms(sender->config.clock.self);
        struct transfer *transfer = transfer_new(callback, &secrets, &options, now_ms);
        transfer_begin(sender, transfer);
    } else {
        unreadable_end(sender, callback);
    }
    sodium_memzero(&secrets, sizeof secrets);
}

static void asking_end(struct sender *sender, struct asking **asking_)
{
    struct asking *asking = *asking_;
    struct callback_end end = {.key = asking->notice.key,
            .lease = asking->notice.lease,
            .done = asking->told ? DELIVERY_DELIVERED : DELIVERY_NOT_WANTED};
    if (asking->failed)
        end = asking->end;
    end.told = asking->told;
    sender->asking_count--;
    end_add(sender, &end);
    asking_destroy(asking_);
}

/* There are so many, or the adapter is so slow, that the lease would end in the middle of a try. */
static void asking_put_off(struct asking *asking)
{
    asking->failed = true;
    asking->end = (struct callback_end){.key = asking->notice.key, .lease = asking->notice.lease};
    (void)snprintf(asking->end.why, sizeof asking->end.why, "the other reporters are told next");
}

/* Tells the next contact that is to be told and was not told before; behind the last it is over. */
static void asking_go_on(struct sender *sender, struct asking *asking)
{
    const struct notice_adapter *adapter = sender->config.notices;
    const struct transfer_options options = {
            .ca = sender->ca, .timeout_ms = sender->config.timeout_ms};
    for (; asking->at < asking->count; asking->at++) {
        const struct contact *contact = &asking->contacts[asking->at];
        if (asking->told >> asking->at & 1 || !notice_wanted(&asking->notice, adapter, contact))
            continue;
        if (sender->now_ms >= asking->until_ms) {
            asking_put_off(asking);
            break;
        }
        struct transfer *transfer =
                transfer_notice_new(adapter, &asking->notice, contact, asking->at, &options);
        transfer->owner = asking;
        COUNT(sender, tried);
        transfer_begin(sender, transfer);
        return;
    }
    asking_end(sender, &asking);
}

/* Whoever was asked has answered. */
static void asking_take(struct sender *sender, struct asking *asking)
{
    if (asking->err && asking->err != ERR_NOT_FOUND) {
        const struct transfer none = {.key = asking->notice.key,
                .lease = asking->notice.lease,
                .tries = asking->notice.tries};
        asking->failed = true;
        asking->end = transfer_end(&none, CURLE_OK, rng_next(&sender->rng));
        (void)snprintf(asking->end.why, sizeof asking->end.why, "the contact could not be read: %s",
                err_name(asking->err));
        asking->count = 0;
    }
    asking_go_on(sender, asking);
}

static void mailbox_empty(struct sender *sender)
{
    for (struct asking *list = mailbox_take(sender->box); list;) {
        struct asking *asking = list;
        list = asking->next;
        asking_take(sender, asking);
    }
}

/* The answer comes by the mailbox, perhaps before this returns. */
static void notice_ask(struct sender *sender, const struct callback *callback)
{
    const struct notice notice = notice_of(callback);
    const struct contact_source *source = &sender->config.contacts;
    struct asking *asking = asking_new(sender->box, &notice, callback->told);
    asking->until_ms = sender->now_ms + sender->config.lease_ms - sender->config.timeout_ms;
    sender->asking_count++;
    if (source->ask(source->self, asking) != OK)
        asking_answer(asking, ERR_TRANSIENT, NULL, 0);
}

/* The contact that was being told has been told or not; the next one's turn. */
static void asking_told(
        struct sender *sender, struct asking *asking, const struct callback_end *end)
{
    if (end->done == DELIVERY_DELIVERED)
        asking->told |= UINT64_C(1) << asking->at;
    else if (!asking->failed || end->done == DELIVERY_PENDING)
        asking->end = *end;
    asking->failed = asking->failed || end->done != DELIVERY_DELIVERED;
    asking->at++;
    asking_go_on(sender, asking);
}

static void box_wake(void *self)
{
    const struct sender *sender = self;
    (void)curl_multi_wakeup(sender->multi);
}

static void taken(void *self, const PGresult *rows)
{
    struct sender *sender = self;
    int count = PQntuples(rows);
    sender->more = count > 0;
    for (int row = 0; row < count; row++) {
        const struct callback callback = callback_row(rows, row);
        if (callback.channel == CHANNEL_NOTICES)
            notice_ask(sender, &callback);
        else
            callback_send(sender, &callback);
    }
}

static void segment_done(void *self, enum err err, const char *message)
{
    struct sender *sender = self;
    sender->busy = false;
    if (err)
        trouble_log(sender, err, message);
}

static void disabled(void *self, const PGresult *rows)
{
    struct sender *sender = self;
    for (int row = 0; row < PQntuples(rows); row++) {
        COUNT(sender, disabled);
        log_warn("CALLBACK-DISABLED", "subscriber=%s why=\"it answered 410: it wants no more\"",
                log_quote(row_text(rows, row, 0)));
    }
}

static void recorded(void *self, enum err err, const char *message)
{
    struct sender *sender = self;
    segment_done(sender, err, message);
    if (!err) {
        sender->end_count -= sender->recording;
        memmove(sender->ends, sender->ends + sender->recording,
                sender->end_count * sizeof *sender->ends);
        sender->more = true; /* what comes behind them may be due */
    }
    sender->recording = 0;
}

static void ends_record(struct sender *sender)
{
    sender->busy = true;
    sender->recording = sender->end_count < RECORD_MAX ? sender->end_count : RECORD_MAX;
    for (size_t i = 0; i < sender->recording; i++) {
        callback_record(sender->pg, &sender->ends[i]);
        if (sender->ends[i].gone)
            callbacks_disable(sender->pg, sender->ends[i].key.subscriber, "it answered 410",
                    disabled, sender);
    }
    pg_sync(sender->pg, recorded, sender);
}

static void due_take(struct sender *sender, size_t room)
{
    int32_t busy[SENDER_SLOTS];
    struct callback_wanted wanted = {.lease = (int64_t)(rng_next(&sender->rng) >> 1) | 1,
            .lease_ms = sender->config.lease_ms,
            .limit = (int)room,
            .notices = sender->config.notices,
            .busy = busy};
    must(sender->transfer_count <= SENDER_SLOTS);
    for (const struct transfer *it = sender->transfers; it; it = it->next)
        busy[wanted.busy_count++] = it->key.subscriber;
    sender->busy = true;
    sender->more = false;
    sender->take_ms = sender->now_ms + SENDER_EVERY_MS;
    callbacks_take(sender->pg, &wanted, taken, sender);
    pg_sync(sender->pg, segment_done, sender);
}

static void database_ask(struct sender *sender)
{
    size_t used = sender->transfer_count + sender->asking_count + sender->end_count;
    size_t room = used < SENDER_SLOTS ? SENDER_SLOTS - used : 0;
    if (pg_state(sender->pg) != PG_READY && sender->now_ms - sender->ready_ms > AWAY_MS)
        trouble_log(sender, ERR_TRANSIENT, pg_message(sender->pg));
    if (pg_state(sender->pg) != PG_READY || sender->busy)
        return;
    sender->ready_ms = sender->now_ms;
    if (sender->end_count) {
        ends_record(sender);
    } else if (room && (sender->more || sender->now_ms >= sender->take_ms)) {
        due_take(sender, room);
    } else if (sender->now_ms >= sender->prune_ms) {
        sender->busy = true;
        sender->prune_ms = sender->now_ms + SENDER_PRUNE_EVERY_MS;
        callbacks_prune(sender->pg, sender->config.keep_ms);
        pg_sync(sender->pg, segment_done, sender);
    }
}

static void transfer_over(struct sender *sender, CURL *easy, CURLcode code)
{
    char *private = NULL;
    must(curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private) == CURLE_OK);
    struct transfer *transfer = (void *)private;
    must(curl_multi_remove_handle(sender->multi, easy) == CURLM_OK);
    transfer_unlink(sender, transfer);
    const struct callback_end end = transfer_end(transfer, code, rng_next(&sender->rng));
    if (transfer->owner)
        asking_told(sender, transfer->owner, &end);
    else
        end_add(sender, &end);
    transfer_destroy(&transfer);
}

static void transfers_turn(struct sender *sender)
{
    const CURLMsg *message;
    int running = 0, left = 0;
    (void)curl_multi_perform(sender->multi, &running);
    while ((message = curl_multi_info_read(sender->multi, &left)))
        if (message->msg == CURLMSG_DONE)
            transfer_over(sender, message->easy_handle, message->data.result);
    atomic_store_explicit(
            &sender->config.counts->under_way, sender->transfer_count, memory_order_relaxed);
}

static void sender_wait(struct sender *sender, int wait_ms)
{
    struct curl_waitfd fd = {.fd = pg_fd(sender->pg)};
    short events = pg_events(sender->pg);
    if (events & POLLIN)
        fd.events |= CURL_WAIT_POLLIN;
    if (events & POLLOUT)
        fd.events |= CURL_WAIT_POLLOUT;
    (void)curl_multi_poll(sender->multi, &fd, fd.fd >= 0 ? 1 : 0, wait_ms, NULL);
}

void sender_turn(struct sender *sender, int wait_ms)
{
    sender->now_ms = sender->config.clock.monotonic_ms(sender->config.clock.self);
    pg_turn(sender->pg, sender->now_ms);
    transfers_turn(sender);
    mailbox_empty(sender);
    database_ask(sender);
    sender_wait(sender, wait_ms);
}

struct sender *sender_new(const struct sender_config *config)
{
    struct sender *sender = must_memory(calloc(1, sizeof *sender));
    must(sodium_init() >= 0 && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    must(config->lease_ms > config->timeout_ms);
    sender->config = *config;
    sender->conninfo = must_memory(strdup(config->conninfo));
    sender->keys_path = must_memory(strdup(config->keys));
    sender->ca = must_memory(strdup(config->ca));
    rng_seed_secure(&sender->rng);
    sender->ready_ms = config->clock.monotonic_ms(config->clock.self);
    sender->multi = must_memory(curl_multi_init());
    sender->box = mailbox_new(box_wake, sender);
    sender->pg = pg_new(sender->conninfo, "intake");
    pg_prepare(sender->pg, callback_statements, CALLBACK_STATEMENTS);
    return sender;
}

static void *thread_run(void *self)
{
    struct sender *sender = self;
    while (!atomic_load(&sender->ending))
        sender_turn(sender, THREAD_WAIT_MS);
    return NULL;
}

/* Signals are the loop's. */
void sender_start(struct sender *sender)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    must(pthread_create(&sender->thread, NULL, thread_run, sender) == 0);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    sender->threaded = true;
}

void sender_destroy(struct sender **sender_)
{
    struct sender *sender = *sender_;
    *sender_ = NULL;
    if (!sender)
        return;
    atomic_store(&sender->ending, true);
    if (sender->threaded) {
        (void)curl_multi_wakeup(sender->multi);
        must(pthread_join(sender->thread, NULL) == 0);
    }
    pg_destroy(&sender->pg);
    while (sender->transfers) {
        struct transfer *transfer = sender->transfers;
        (void)curl_multi_remove_handle(sender->multi, transfer->easy);
        struct asking *asking = transfer->owner;
        transfer_unlink(sender, transfer);
        transfer_destroy(&transfer);
        asking_destroy(&asking);
    }
    mailbox_close(&sender->box);
    (void)curl_multi_cleanup(sender->multi);
    seal_keys_wipe(&sender->keys);
    free(sender->conninfo);
    free(sender->keys_path);
    free(sender->ca);
    free(sender);
}

void sender_metrics_print(struct sender_counts *counts, const char *labels, struct buf *out)
{
#define X(name, kind, help)                                                                        \
    {                                                                                              \
        const char *total = kind[0] == 'c' ? "_total" : "";                                        \
        buf_add_format(out, "# HELP huying_callbacks_" #name "%s %s\n", total, help);              \
        buf_add_format(out, "# TYPE huying_callbacks_" #name "%s %s\n", total, kind);              \
        buf_add_format(out, "huying_callbacks_" #name "%s{%s} %llu\n", total, labels,              \
                (unsigned long long)atomic_load_explicit(&counts->name, memory_order_relaxed));    \
    }
    SENDER_METRIC_TABLE(X)
#undef X
}
