/* See nonce.h. The thread waits for each answer: it has nothing else to do. */
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include "services/intake/nonce.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/store/pg.h"

#define CONNECT_MS 2000
#define ANSWER_MS 10000
#define SWEEP_MS 60000

/* What the same statement names twice is inserted once: its first one has it. The commit does not
 * wait for the disk (nonce.h says why it need not). */
static const struct statement sql_take = {"nonce_take",
        "WITH async AS (SELECT set_config('synchronous_commit', 'off', true)) "
        "INSERT INTO nonce (name) SELECT DISTINCT unnest($1::text[]) FROM async ORDER BY 1 "
        "ON CONFLICT DO NOTHING RETURNING name"};
/* Longer than a timestamp may lie ahead and behind together. */
static const char sql_sweep[] = "DELETE FROM nonce WHERE at < now() - interval '20 minutes'";

struct wish {
    char name[NONCE_NAME_SIZE];
    void (*done)(void *self, enum err err);
    void *self;
    enum err err;
};

struct nonce_keeper {
    struct pg *pg;
    pthread_t thread;
    pthread_mutex_t lock; /* for all below */
    pthread_cond_t wake;
    bool ending;
    size_t count;
    struct wish waiting[NONCE_WAITING_MAX];
};

/* A statement under way. */
struct asking {
    struct wish *wishes;
    size_t count;
    bool over;
};

/* Whatever was not inserted had been used. */
static void rows_taken(void *self, const PGresult *taken)
{
    struct asking *asking = self;
    for (size_t i = 0; i < asking->count; i++)
        asking->wishes[i].err = ERR_CONFLICT;
    for (int row = 0; row < PQntuples(taken); row++) {
        const char *name = row_text(taken, row, 0);
        size_t i = 0;
        while (i < asking->count && strcmp(asking->wishes[i].name, name) != 0)
            i++;
        must(i < asking->count);
        asking->wishes[i].err = OK;
    }
}

static void taken(void *self, enum err err, const char *message)
{
    struct asking *asking = self;
    (void)message;
    for (size_t i = 0; err && i < asking->count; i++)
        asking->wishes[i].err = ERR_TRANSIENT;
    asking->over = true;
}

static int64_t keeper_now(void)
{
    struct clock clock = clock_system();
    return clock.monotonic_ms(clock.self);
}

/* Until the answer is there, or the server has been silent for too long. */
static void answer_wait(struct nonce_keeper *keeper, const struct asking *asking)
{
    const int64_t until_ms = keeper_now() + ANSWER_MS;
    while (!asking->over) {
        struct pollfd item = {.fd = pg_fd(keeper->pg), .events = pg_events(keeper->pg)};
        int64_t wait_ms = until_ms - keeper_now();
        if (wait_ms > 0)
            (void)poll(&item, 1, (int)wait_ms);
        else
            pg_reset(keeper->pg);
        if (!asking->over)
            pg_turn(keeper->pg, keeper_now());
    }
}

static void wishes_ask(struct nonce_keeper *keeper, struct wish *wishes, size_t count)
{
    struct asking asking = {.wishes = wishes, .count = count};
    for (size_t i = 0; i < count; i++)
        wishes[i].err = ERR_TRANSIENT;
    if (pg_wait(keeper->pg, CONNECT_MS) == OK) {
        struct params params = {0};
        int names = params_array(&params, PARAM_TEXT);
        for (size_t i = 0; i < count; i++)
            param_add_text(&params, names, wishes[i].name);
        pg_queue(keeper->pg, &sql_take, &params, rows_taken, &asking);
        pg_sync(keeper->pg, taken, &asking);
        params_fini(&params);
        answer_wait(keeper, &asking);
    }
    for (size_t i = 0; i < count; i++)
        wishes[i].done(wishes[i].self, wishes[i].err);
}

static void rows_sweep(struct nonce_keeper *keeper, int64_t *swept_ms)
{
    int64_t now_ms = keeper_now();
    if (now_ms - *swept_ms < SWEEP_MS)
        return;
    *swept_ms = now_ms;
    PGresult *gone = pg_exec(keeper->pg, sql_sweep, NULL);
    PQclear(gone);
}

static void *keeper_run(void *self)
{
    struct nonce_keeper *keeper = self;
    struct wish *wishes = must_memory(calloc(NONCE_WAITING_MAX, sizeof *wishes));
    int64_t swept_ms = 0;
    for (;;) {
        (void)pthread_mutex_lock(&keeper->lock);
        while (!keeper->count && !keeper->ending)
            (void)pthread_cond_wait(&keeper->wake, &keeper->lock);
        bool ending = keeper->ending;
        size_t count = keeper->count;
        memcpy(wishes, keeper->waiting, count * sizeof *wishes);
        keeper->count = 0;
        (void)pthread_mutex_unlock(&keeper->lock);
        for (size_t i = 0; ending && i < count; i++)
            wishes[i].done(wishes[i].self, ERR_TRANSIENT);
        if (ending)
            break;
        wishes_ask(keeper, wishes, count);
        if (pg_state(keeper->pg) == PG_READY)
            rows_sweep(keeper, &swept_ms);
    }
    free(wishes);
    return NULL;
}

struct nonce_keeper *nonce_keeper_new(const char *conninfo)
{
    struct nonce_keeper *keeper = must_memory(calloc(1, sizeof *keeper));
    keeper->pg = pg_new(conninfo, "intake");
    pg_prepare(keeper->pg, &sql_take, 1);
    must(pthread_mutex_init(&keeper->lock, NULL) == 0);
    must(pthread_cond_init(&keeper->wake, NULL) == 0);
    must(pthread_create(&keeper->thread, NULL, keeper_run, keeper) == 0);
    return keeper;
}

void nonce_keeper_destroy(struct nonce_keeper **keeper_)
{
    struct nonce_keeper *keeper = *keeper_;
    if (!keeper)
        return;
    *keeper_ = NULL;
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->ending = true;
    (void)pthread_cond_signal(&keeper->wake);
    (void)pthread_mutex_unlock(&keeper->lock);
    (void)pthread_join(keeper->thread, NULL);
    pg_destroy(&keeper->pg);
    (void)pthread_mutex_destroy(&keeper->lock);
    (void)pthread_cond_destroy(&keeper->wake);
    free(keeper);
}

enum err nonce_take(struct nonce_keeper *keeper,
        const char *name,
        void (*done)(void *self, enum err err),
        void *self)
{
    (void)pthread_mutex_lock(&keeper->lock);
    bool room = keeper->count < NONCE_WAITING_MAX && !keeper->ending;
    if (room) {
        struct wish *wish = &keeper->waiting[keeper->count++];
        *wish = (struct wish){.done = done, .self = self};
        (void)text_copy(wish->name, sizeof wish->name, name, strlen(name));
        (void)pthread_cond_signal(&keeper->wake);
    }
    (void)pthread_mutex_unlock(&keeper->lock);
    return room ? OK : ERR_LIMIT;
}
