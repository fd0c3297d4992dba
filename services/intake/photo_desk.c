/* See photo_desk.h. Each thread has a connection of its own. */
#include "services/intake/photo_desk.h"
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include "services/intake/store_photo.h"
#include "services/kernel/base/log.h"
#include "services/kernel/base/must.h"

struct desk_thread {
    struct photo_desk *desk;
    pthread_t thread;
    struct photo_book *book;
    bool sweeps; /* one of them does */
};

struct photo_desk {
    struct photo_store *store;
    pthread_mutex_t lock; /* for the queue */
    pthread_cond_t filled;
    struct desk_errand queue[DESK_QUEUE_MAX]; /* a ring */
    size_t first, count;
    bool closing;
    struct desk_thread threads[DESK_THREADS];
};

static void errand_answer(
        const struct desk_errand *errand, uint32_t verdict, const void *data, size_t size)
{
    const struct envelope reply = {.verdict = verdict, .payload = {data, size}, .text = ""};
    errand->done(errand->self, &reply);
}

/* On record, in the store, on record as kept. */
static enum err photo_keep(struct desk_thread *self, const struct photo *photo, struct buf *why)
{
    enum err err = photo_book_note(self->book, photo, why);
    if (!err)
        err = photo_put(self->desk->store, photo, why);
    if (!err)
        err = photo_book_keep(self->book, photo->hash, why);
    return err;
}

static void photo_receive(struct desk_thread *self, const struct desk_errand *errand)
{
    PHOTO_OWNED photo = {0};
    BUF_OWNED why = {0};
    enum photo_fault fault = photo_take(errand->photo.data, errand->photo.size, &photo);
    if (fault == PHOTO_AWAY)
        log_error("INTAKE-PHOTO-DECODER",
                "what=\"huying-photo does not start; it belongs beside this program\"");
    if (fault) {
        errand_answer(errand, DESK_FAULT + fault, NULL, 0);
        return;
    }
    if (photo_keep(self, &photo, &why) != OK) {
        log_error("INTAKE-PHOTO-NOT-KEPT", "why=%s", log_quote(why.data ? why.data : ""));
        errand_answer(errand, DESK_AWAY, NULL, 0);
        return;
    }
    struct desk_receipt receipt = {
            .width = photo.width, .height = photo.height, .size = (uint32_t)photo.image.size};
    memcpy(receipt.hash, photo.hash, sizeof receipt.hash);
    errand_answer(errand, DESK_DONE, &receipt, sizeof receipt);
}

/* A wrong code, a report that is not there and a photo that is not its are one answer. */
static enum err access_check(
        struct desk_thread *self, const struct desk_errand *errand, struct buf *why)
{
    bool names = false;
    int64_t report = 0;
    if (!errand->report)
        return OK;
    enum err err =
            photo_book_report(self->book, errand->report, errand->hash, &report, &names, why);
    bool fits = follow_code_fits(errand->keys, report, &errand->code);
    if (err)
        return err;
    return fits && names ? OK : ERR_NOT_FOUND;
}

static void photo_show(struct desk_thread *self, const struct desk_errand *errand)
{
    BUF_OWNED why = {0};
    BUF_OWNED out = {0};
    enum err err = access_check(self, errand, &why);
    if (!err)
        err = photo_get(self->desk->store, errand->hash, errand->thumb, &out, &why);
    if (err && err != ERR_NOT_FOUND)
        log_error("INTAKE-PHOTO-NOT-SHOWN", "why=%s", log_quote(why.data ? why.data : ""));
    if (err)
        errand_answer(errand, err == ERR_NOT_FOUND ? DESK_MISSING : DESK_AWAY, NULL, 0);
    else
        errand_answer(errand, DESK_DONE, out.data, out.size);
}

static enum err photo_drop(void *self, const uint8_t hash[PHOTO_HASH_SIZE], struct buf *why)
{
    return photo_remove(self, hash, why);
}

static void photos_sweep(struct desk_thread *self)
{
    BUF_OWNED why = {0};
    size_t removed = 0;
    enum err err = photo_book_sweep(self->book, photo_drop, self->desk->store, &removed, &why);
    if (err)
        log_warn("INTAKE-PHOTOS-NOT-SWEPT", "why=%s", log_quote(why.data ? why.data : ""));
    else if (removed)
        log_info("INTAKE-PHOTOS-SWEPT", "removed=%zu", removed);
}

/* Waits for an errand; false: none came in that time, or the desk closes. */
static bool errand_wait(
        struct desk_thread *self, int64_t wait_ms, struct desk_errand *ret, bool *ret_closing)
{
    struct photo_desk *desk = self->desk;
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    int waited = 0;
    (void)pthread_mutex_lock(&desk->lock);
    while (!desk->count && !desk->closing && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&desk->filled, &desk->lock, &until);
    bool found = desk->count && !desk->closing;
    if (found) {
        *ret = desk->queue[desk->first];
        desk->first = (desk->first + 1) % DESK_QUEUE_MAX;
        desk->count--;
    }
    *ret_closing = desk->closing;
    (void)pthread_mutex_unlock(&desk->lock);
    return found;
}

/* The first to have nothing to do looks what is to be removed. */
static void *desk_run(void *self_)
{
    struct desk_thread *self = self_;
    int64_t wait_ms = self->sweeps ? 0 : DESK_SWEEP_MS;
    for (bool closing = false; !closing;) {
        struct desk_errand errand;
        if (!errand_wait(self, wait_ms, &errand, &closing)) {
            if (!closing && self->sweeps)
                photos_sweep(self);
            wait_ms = DESK_SWEEP_MS;
        } else if (errand.photo.size) {
            photo_receive(self, &errand);
        } else {
            photo_show(self, &errand);
        }
    }
    return NULL;
}

struct photo_desk *photo_desk_new(struct photo_store *store, const char *conninfo)
{
    pthread_condattr_t clock;
    struct photo_desk *desk = must_memory(calloc(1, sizeof *desk));
    desk->store = store;
    must(pthread_mutex_init(&desk->lock, NULL) == 0);
    must(pthread_condattr_init(&clock) == 0);
    must(pthread_condattr_setclock(&clock, CLOCK_MONOTONIC) == 0);
    must(pthread_cond_init(&desk->filled, &clock) == 0);
    (void)pthread_condattr_destroy(&clock);
    for (size_t i = 0; i < DESK_THREADS; i++) {
        struct desk_thread *thread = &desk->threads[i];
        *thread = (struct desk_thread){
                .desk = desk, .book = photo_book_new(conninfo), .sweeps = i == 0};
        must(pthread_create(&thread->thread, NULL, desk_run, thread) == 0);
    }
    return desk;
}

void photo_desk_destroy(struct photo_desk **desk_)
{
    struct photo_desk *desk = *desk_;
    if (!desk)
        return;
    *desk_ = NULL;
    (void)pthread_mutex_lock(&desk->lock);
    desk->closing = true;
    (void)pthread_cond_broadcast(&desk->filled);
    (void)pthread_mutex_unlock(&desk->lock);
    for (size_t i = 0; i < DESK_THREADS; i++) {
        (void)pthread_join(desk->threads[i].thread, NULL);
        photo_book_destroy(&desk->threads[i].book);
    }
    for (; desk->count; desk->count--, desk->first = (desk->first + 1) % DESK_QUEUE_MAX)
        errand_answer(&desk->queue[desk->first], DESK_AWAY, NULL, 0);
    photo_store_destroy(&desk->store);
    (void)pthread_cond_destroy(&desk->filled);
    (void)pthread_mutex_destroy(&desk->lock);
    free(desk);
}

enum err photo_desk_ask(struct photo_desk *desk, const struct desk_errand *errand)
{
    (void)pthread_mutex_lock(&desk->lock);
    bool full = desk->count == DESK_QUEUE_MAX || desk->closing;
    if (!full) {
        desk->queue[(desk->first + desk->count) % DESK_QUEUE_MAX] = *errand;
        desk->count++;
        (void)pthread_cond_signal(&desk->filled);
    }
    (void)pthread_mutex_unlock(&desk->lock);
    return full ? ERR_LIMIT : OK;
}
