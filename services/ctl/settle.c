#include "services/ctl/settle.h"

#include <poll.h>

#include "services/kernel/base/clock.h"
#include "services/kernel/store/ops_codec.h"

#define LOOK_MIN_MS 2
#define LOOK_SHARE 8 /* besides, from look to look, so much of what was waited */
#define LOOK_MAX_MS 20
#define PAST_MS 1
#define TELL_MS 1

static int64_t now_ms(void)
{
    struct clock clock = clock_system();
    return clock.monotonic_ms(clock.self);
}

enum err settle_wait(struct pg *pg)
{
    if (pg_state(pg) == PG_READY)
        return OK;
    return pg_wait(pg, SETTLE_TIMEOUT_MS);
}

static bool quiet(const struct drill_busy *busy, bool ledger)
{
    bool still = busy->outbox || busy->waiting || busy->timers || busy->work;
    return !still && (!ledger || (!busy->outbox_audit && !busy->unplaced));
}

enum err settle(struct pg *pg, bool ledger, struct drill_busy *ret)
{
    int64_t from_ms = now_ms(), waited_ms = 0;
    while (waited_ms < SETTLE_TIMEOUT_MS) {
        enum err err = settle_wait(pg);
        if (err == OK)
            err = store_drill_busy(pg, ret);
        if (err == OK && quiet(ret, ledger))
            return OK;
        if (err != OK)
            pg_reset(pg); /* the server restarts: connect again */
        int64_t pause_ms = LOOK_MIN_MS + waited_ms / LOOK_SHARE;
        poll(NULL, 0, pause_ms < LOOK_MAX_MS ? (int)pause_ms : LOOK_MAX_MS);
        waited_ms = now_ms() - from_ms;
    }
    return ERR_TRANSIENT;
}

/* Reads until it is read; what is lost with a connection may be read again. */
static enum err read_again(struct pg *pg, enum err (*read)(struct pg *pg, void *ret), void *ret)
{
    int64_t until = now_ms() + SETTLE_TIMEOUT_MS;
    enum err err;
    do {
        err = settle_wait(pg);
        if (err == OK)
            err = read(pg, ret);
        if (err == ERR_TRANSIENT) {
            pg_reset(pg);
            poll(NULL, 0, LOOK_MAX_MS);
        }
    } while (err == ERR_TRANSIENT && now_ms() < until);
    return err;
}

static enum err next_read(struct pg *pg, void *ret)
{
    return store_drill_next(pg, ret);
}

enum err settle_next(struct pg *pg, int64_t *ret_due_ms)
{
    return read_again(pg, next_read, ret_due_ms);
}

static enum err figures_read(struct pg *pg, void *ret)
{
    return store_drill_figures(pg, ret);
}

enum err settle_figures(struct pg *pg, struct drill_figures *ret)
{
    return read_again(pg, figures_read, ret);
}

/* A lost connection leaves open whether the clock was moved: moving it again is the same. */
static enum err clock_move(struct pg *pg, int64_t clock_ms)
{
    int64_t until = now_ms() + SETTLE_TIMEOUT_MS;
    enum err err;
    do {
        err = settle_wait(pg);
        if (err == OK)
            err = store_drill_clock(pg, clock_ms);
        if (err == ERR_TRANSIENT)
            pg_reset(pg);
    } while (err == ERR_TRANSIENT && now_ms() < until);
    return err;
}

/* A hint: who does not get it looks by itself a little later, so its answers are not waited for. */
static void clock_tell(struct client *client)
{
    static const enum service_id services[] = {
            SERVICE_INTAKE, SERVICE_ROUTING, SERVICE_ENFORCEMENT, SERVICE_VOLUNTEER};
    enum { COUNT = sizeof services / sizeof *services };
    struct client_request requests[COUNT];
    struct arena arena;
    arena_init(&arena, CTL_ANSWERS_MAX);
    for (size_t i = 0; i < COUNT; i++)
        requests[i] = (struct client_request){
                .dest = services[i], .type = OPS_LOOK, .request_id = "", .actor = ""};
    (void)!client_call(client, FRAME_COMMANDS, requests, COUNT, TELL_MS, &arena);
    arena_fini(&arena);
}

enum err clock_step(struct pg *pg, struct client *client, int64_t to_ms, int64_t *ret_clock_ms)
{
    struct drill_busy busy;
    int64_t due_ms = 0;
    enum err err = settle(pg, false, &busy);
    if (err == OK)
        err = settle_next(pg, &due_ms);
    if (err != OK)
        return err;
    int64_t target = due_ms && due_ms + PAST_MS < to_ms ? due_ms + PAST_MS : to_ms;
    err = clock_move(pg, target);
    if (err != OK)
        return err;
    *ret_clock_ms = target;
    clock_tell(client);
    return settle(pg, false, &busy);
}
