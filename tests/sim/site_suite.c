/* One suite for the services' own statements, two databases: a whole site on one thread. Each
 * service runs batches on its own connection; what one commits for another is handed on in memory,
 * out of order, twice, now and then unreadable; people act; deadlines pass; the sequencer gives
 * places. A seed draws all of it. What every batch decided, and afterwards every row and fact, is
 * printed: linked with site_back_pg.c and with site_back_sim.c the same lines must come out
 * (site_same), else a twin does something else than its statement.
 *
 *   sim_site_pg | sim_site_sim  SEED ROUNDS [PLANT]                                            */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/store/batch_impl.h"
#include "services/kernel/store/chores.h"
#include "services/kernel/store/directory.h"
#include "tests/sim/persons.h"
#include "tests/sim/proto.h"
#include "tests/sim/services.h"
#include "tests/sim/site_back.h"
#include "tests/sim/site_print.h"

#define TURNS_MAX 20000
#define POSTS_MAX 20000
#define LETTERS_MAX 256
#define WORKS_MAX 24
#define EVENTS_MAX 12 /* of one batch */
#define HINTS_MAX 1024
#define IDS_LIMIT 10000000
#define BEGIN_MS INT64_C(1514764800000) /* 2018-01-01 */
#define STEP_MS 900
#define ARENA_LIMIT ((size_t)512 << 20)

struct post { /* a committed message */
    enum service_id source, dest;
    int64_t id, agg, at_ms;
    uint64_t n;
    uint32_t type;
    struct bytes payload;
    bool arrived, acked, told; /* told: its source has heard that it is acknowledged */
};

struct letter {
    enum service_id at, source;
    int64_t agg;
    uint64_t n;
    bool settled;
};

struct station { /* a service of the site */
    struct aggregate_ops ops;
    struct pg *pg;
    struct batch *batch;
    struct chores *chores;
    struct statement *statements;
    struct ids ids;
    struct work *last; /* the last command, to be asked again */
};

static struct station stations[SERVICE_COUNT];
static struct sequencer *sequencer;
static struct directory *directory;
static struct arena arena;
static struct rng rng;
static int64_t now_ms;
static struct post posts[POSTS_MAX];
static size_t post_count;
static struct letter letters[LETTERS_MAX];
static size_t letter_count;
static struct work *works[WORKS_MAX];
static size_t work_count;
static struct chore_row hints[HINTS_MAX];
static size_t hint_count;
static bool done;
static enum batch_end ended;
static int requests, tickets;

static bool chance(uint64_t one_in)
{
    return rng_below(&rng, one_in) == 0;
}

static const char *one_of(const char *const *list, size_t count)
{
    return list[rng_below(&rng, count)];
}

static void turns(struct pg *pg, const bool *until)
{
    for (int turn = 0; turn < TURNS_MAX && !*until; turn++)
        pg_turn(pg, back_wait(pg));
    must(*until);
}

static void ready(struct station *station)
{
    bool is = false;
    for (int turn = 0; turn < TURNS_MAX && !is; turn++) {
        pg_turn(station->pg, back_wait(station->pg));
        is = pg_state(station->pg) == PG_READY && pg_idle(station->pg);
    }
    must(is);
}

static void segment_done(void *self, enum err err, const char *message)
{
    (void)self;
    if (err != OK)
        printf("refused: %s\n", err_name(err));
    (void)message;
    done = true;
}

static void station_open(enum service_id service, struct aggregate_ops ops)
{
    struct station *station = &stations[service];
    size_t count, more;
    station->ops = ops;
    station->ids = (struct ids){.site = 7, .service = service, .next = 1, .end = IDS_LIMIT};
    station->pg = pg_new(back_conninfo(service), ops.schema);
    station->chores = chores_new(&station->ops, station->pg);
    const struct statement *list = chores_statements(station->chores, &more);
    station->statements = batch_statements(&station->ops, more, &count);
    memcpy(station->statements + count, list, more * sizeof *list);
    pg_prepare(station->pg, station->statements, count + more);
    station->batch = batch_new(&station->ops, station->pg, &station->ids);
    ready(station);
}

static void directory_take(void *self, enum err err, struct directory *loaded, const char *message)
{
    (void)self;
    (void)message;
    must(err == OK);
    directory = loaded;
    done = true;
}

static void site_open(const char *plant)
{
    back_begin(plant);
    back_clock(now_ms);
    intake_drill_set(true);
    store_directory_set(1);
    station_open(SERVICE_INTAKE, intake_ops);
    station_open(SERVICE_ROUTING, routing_ops());
    station_open(SERVICE_ENFORCEMENT, enforcement_ops);
    station_open(SERVICE_VOLUNTEER, volunteer_ops);
    station_open(SERVICE_AUDIT, audit_ops());
    sequencer = sequencer_new(back_conninfo(SERVICE_AUDIT));
    done = false;
    directory_load_start(stations[SERVICE_INTAKE].pg, directory_take, NULL);
    turns(stations[SERVICE_INTAKE].pg, &done);
}

static void site_close(void)
{
    sequencer_destroy(&sequencer);
    for (int service = SERVICE_INTAKE; service <= SERVICE_AUDIT; service++) {
        pg_destroy(&stations[service].pg);
        batch_destroy(&stations[service].batch);
        chores_destroy(&stations[service].chores);
        free(stations[service].statements);
    }
    store_fini();
    directory_destroy(&directory);
    back_end();
}

static struct work *work_new(enum work_origin origin, enum input_kind kind, int64_t agg)
{
    must(work_count < WORKS_MAX);
    struct work *work = arena_array(&arena, struct work, 1);
    work->origin = origin;
    work->request_id = "";
    work->input.kind = kind;
    work->input.agg = agg;
    works[work_count++] = work;
    return work;
}

static void event_add(struct post *post)
{
    struct work *work = work_new(WORK_EVENT, INPUT_MESSAGE, post->agg);
    work->input.source = post->source;
    work->input.type = post->type;
    work->input.n = post->n;
    work->input.msg_id = post->id;
    work->input.now_ms = post->at_ms;
    work->payload = post->payload;
    work->owner = post;
    if (!post->arrived && chance(50))
        work->payload = (struct bytes){(const uint8_t *)"\xff\xff", 2};
    post->arrived = true;
}

/* From anywhere in what has not arrived, and now and then what has. */
static void events_add(enum service_id dest)
{
    size_t from = post_count ? rng_below(&rng, post_count) : 0, added = 0;
    for (size_t i = 0; i < post_count && added < EVENTS_MAX; i++) {
        struct post *post = &posts[(from + i) % post_count];
        if (post->dest != dest || (post->acked && !chance(60)) || chance(2))
            continue;
        event_add(post);
        added++;
    }
}

static void command_add(enum service_id at,
        uint32_t type,
        int64_t agg,
        const char *peer,
        const char *actor,
        const struct buf *payload)
{
    struct station *station = &stations[at];
    struct work *work = work_new(WORK_COMMAND, INPUT_COMMAND, agg);
    char *id = arena_get(&arena, 16);
    snprintf(id, 16, "r%d", ++requests);
    work->request_id = id;
    work->right_held = UINT32_MAX;
    work->type = core_type(&station->ops, INPUT_COMMAND, SERVICE_NONE, type);
    must(work->type);
    work->input.type = type;
    snprintf(work->input.peer, sizeof work->input.peer, "%s", peer);
    snprintf(work->input.actor, sizeof work->input.actor, "%s", actor);
    work->payload = (struct bytes){arena_copy(&arena, payload->data, payload->size), payload->size};
    snprintf((char *)work->digest, COMMAND_DIGEST_SIZE, "%" PRIu32 " %zu %d", type % 100,
            payload->size, requests);
    station->last = arena_copy(&arena, work, sizeof *work);
}

/* The same request once more: the same answer is due. */
static void command_again(enum service_id at)
{
    if (!stations[at].last || work_count == WORKS_MAX)
        return;
    works[work_count++] = arena_copy(&arena, stations[at].last, sizeof(struct work));
}

static void report_add(void)
{
    static const char *const matters[] = {"lamp", "noise", "dump", "dump", "graffiti"};
    static const char *const grids[] = {"G1", "G2", "V1", "?"};
    BUF_OWNED out = {0};
    char ticket[16];
    bool again = tickets && chance(6);
    snprintf(ticket, sizeof ticket, "T%d",
            again ? 1 + (int)rng_below(&rng, (uint64_t)tickets) : ++tickets);
    proto_text(&out, 1, ticket);
    proto_text(&out, 2, chance(20) ? "nothing" : one_of(matters, 5));
    proto_text(&out, 3, "it is dark");
    proto_text(&out, 6, "D");
    proto_text(&out, 6, one_of(grids, 4));
    if (chance(3))
        proto_number(&out, 8, now_ms + (int64_t)rng_below(&rng, 8000));
    if (chance(8) && strcmp(ticket, "T1") != 0) /* it urges another */
        proto_number(&out, 10, 1), proto_text(&out, 11, "T1");
    if (chance(3))
        persons_fill(&out);
    command_add(SERVICE_INTAKE, 1511, 0, "hotline", "", &out);
}

static void withdrawal_add(void)
{
    BUF_OWNED out = {0};
    char ticket[16];
    snprintf(ticket, sizeof ticket, "T%d", 1 + (int)rng_below(&rng, (uint64_t)tickets + 2));
    proto_text(&out, 1, ticket);
    proto_text(&out, 2, "found it");
    command_add(SERVICE_INTAKE, 1512, 0, "hotline", "", &out);
}

static int64_t case_draw(void)
{
    size_t from = post_count ? rng_below(&rng, post_count) : 0;
    for (size_t i = 0; i < post_count; i++) {
        const struct post *post = &posts[(from + i) % post_count];
        if (post->source == SERVICE_INTAKE && post->dest == SERVICE_ROUTING)
            return post->agg;
    }
    return 0;
}

static void person_add(void)
{
    BUF_OWNED out = {0};
    const char *actor;
    uint32_t type = persons_draw(&rng, case_draw(), "a question", &out, &actor);
    command_add(SERVICE_INTAKE, type, 0, "desk", actor, &out);
}

static void act_add(enum service_id at)
{
    static const uint32_t types[SERVICE_COUNT][4] = {[SERVICE_INTAKE] = {1513, 1513, 1513, 1513},
            [SERVICE_ROUTING] = {2501, 2502, 2502, 2503},
            [SERVICE_ENFORCEMENT] = {3501, 3502, 3503, 3503},
            [SERVICE_VOLUNTEER] = {4501, 4501, 4502, 4502}};
    static const char *const people[] = {
            "w1", "w2", "vd", "sq1a", "sq1b", "sq2a", "sd", "dd", "vol1", "vol2"};
    BUF_OWNED out = {0};
    int64_t agg = case_draw();
    uint32_t type = types[at][rng_below(&rng, 4)];
    if (!agg || work_count >= WORKS_MAX - 2)
        return;
    if (at == SERVICE_INTAKE) {
        proto_number(&out, 1, agg);
    } else {
        if (chance(6))
            proto_number(&out, 1, 1 + (int64_t)rng_below(&rng, 4));
        proto_text(&out, 2, "done so");
        if (type == 4502)
            proto_number(&out, 3, 10 + (int64_t)rng_below(&rng, 50));
    }
    command_add(at, type, agg, at == SERVICE_INTAKE ? "hotline" : "desk",
            at == SERVICE_INTAKE ? "" : one_of(people, 10), &out);
}

static void hint_take(void *self, const struct chore_row *row)
{
    (void)self;
    must(hint_count < HINTS_MAX);
    hints[hint_count++] = *row;
}

static int hint_compare(const void *left, const void *right)
{
    const struct chore_row *a = left, *b = right;
    if (a->agg != b->agg)
        return a->agg < b->agg ? -1 : 1;
    return (a->kind > b->kind) - (a->kind < b->kind);
}

/* What a chore finds, in order, each once: a hint has no order and may come twice. */
static void hints_look(struct station *station,
        void (*chore)(struct chores *chores, const struct chores_listener *listener))
{
    const struct chores_listener listener = {.row = hint_take, .done = segment_done};
    size_t kept = 0;
    hint_count = 0;
    done = false;
    chore(station->chores, &listener);
    turns(station->pg, &done);
    if (hint_count)
        qsort(hints, hint_count, sizeof *hints, hint_compare);
    for (size_t i = 0; i < hint_count; i++)
        if (kept == 0 || hint_compare(&hints[kept - 1], &hints[i]) != 0)
            hints[kept++] = hints[i];
    hint_count = kept;
    for (size_t i = 0; i < hint_count; i++)
        printf("  hint %" PRId64 " %u gen %" PRId64 "\n", hints[i].agg, hints[i].kind,
                hints[i].gen);
}

static void hints_add(struct station *station)
{
    hints_look(station, chores_timers);
    for (size_t i = 0; i < hint_count && work_count < WORKS_MAX; i++) {
        struct work *work = work_new(WORK_TIMER, INPUT_TIMER, hints[i].agg);
        work->input.type = hints[i].kind;
        work->input.n = (uint64_t)hints[i].gen;
        work->input.now_ms = hints[i].at_ms;
    }
    if (station->ops.has_work)
        hints_look(station, chores_work);
    for (size_t i = 0; station->ops.has_work && i < hint_count && work_count < WORKS_MAX; i++) {
        struct work *work = work_new(WORK_FOUND, INPUT_WORK, hints[i].agg);
        work->input.type = hints[i].kind;
        work->input.now_ms = hints[i].at_ms;
    }
    hints_look(station, chores_held);
    for (size_t i = 0; i < hint_count && work_count < WORKS_MAX; i++)
        work_new(WORK_POKE, INPUT_WORK, hints[i].agg)->input.msg_id = hints[i].gen;
}

/* ---- a batch and what came of it ---- */

static void core_keep(enum service_id at, const struct core *core)
{
    for (size_t i = 0; i < core->outbox.count; i++) {
        const struct effect_message *it = &core->outbox.list[i];
        must(post_count < POSTS_MAX);
        posts[post_count++] = (struct post){.source = at,
                .dest = it->service,
                .id = it->id,
                .agg = it->agg,
                .at_ms = it->at_ms ? it->at_ms : now_ms,
                .n = it->n,
                .type = it->type,
                .payload = {
                        arena_copy(&arena, it->payload.data, it->payload.size), it->payload.size}};
    }
    for (size_t i = 0; i < core->dead.count && letter_count < LETTERS_MAX; i++) {
        const struct effect_message *it = &core->dead.list[i];
        letters[letter_count++] = (struct letter){at, it->service, it->agg, it->n, false};
    }
}

static void batch_told(void *self, struct batch *batch, enum batch_end end, const char *message)
{
    (void)self;
    (void)batch;
    (void)message;
    ended = end;
    done = true;
}

/* What destinations have acknowledged and the source still has. */
static size_t acked_take(enum service_id source, struct acked *ret, size_t room)
{
    size_t count = 0;
    for (size_t i = 0; i < post_count && count < room; i++)
        if (posts[i].source == source && posts[i].acked && !posts[i].told) {
            ret[count++] = (struct acked){posts[i].id, posts[i].dest};
            posts[i].told = true;
        }
    return count;
}

static void works_print(const struct station *station)
{
    for (size_t i = 0; i < work_count; i++) {
        struct work *work = works[i];
        struct post *post = work->owner;
        printf("  %s work %d of %" PRId64 " n %" PRIu64 ": end %d verdict %u reason %u ",
                station->ops.schema, (int)work->origin, work->input.agg, work->input.n,
                (int)work->end, work->verdict, work->reason);
        print_hex(work->answer.data, work->answer.size);
        printf("\n");
        if (post && work->end == END_ACK)
            post->acked = true;
    }
}

static void batch_run(enum service_id at)
{
    struct station *station = &stations[at];
    struct work *list[WORKS_MAX];
    struct acked acked[64];
    size_t acked_count = acked_take(at, acked, 64);
    if (!work_count && !acked_count)
        return;
    memcpy(list, works, sizeof works);
    done = false;
    batch_start(station->batch, &(struct batch_start){.works = list,
                                        .work_count = work_count,
                                        .acked = acked,
                                        .acked_count = acked_count,
                                        .directory = directory,
                                        .incarnation = 5,
                                        .session = 1,
                                        .outbox_due_ms = 60000,
                                        .done = batch_told});
    turns(station->pg, &done);
    printf("%s batch of %zu, %zu acknowledged: %d\n", station->ops.schema, work_count, acked_count,
            (int)ended);
    must(ended == BATCH_DONE);
    works_print(station);
    print_core(batch_core(station->batch));
    core_keep(at, batch_core(station->batch));
    work_count = 0;
}

/* An operator settles the oldest letter of the service, if there is one: alone in its batch. */
static void letter_run(enum service_id at)
{
    for (size_t i = 0; i < letter_count; i++) {
        struct letter *letter = &letters[i];
        if (letter->at != at || letter->settled)
            continue;
        struct work *work =
                work_new(chance(3) ? WORK_REPLAY : WORK_SKIP, INPUT_COMMAND, letter->agg);
        work->input.source = letter->source;
        work->input.n = letter->n;
        snprintf(work->input.peer, sizeof work->input.peer, "ctl");
        work->why = "known";
        work->alone = true;
        batch_run(at);
        letter->settled = work->origin == WORK_SKIP && work->verdict == VERDICT_APPLIED;
        return;
    }
}

static void sequence(void)
{
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        if (back_fact(SERVICE_AUDIT, FACT_HEAD) == back_fact(SERVICE_AUDIT, FACT_LEAVES))
            break;
        sequencer_wake(sequencer);
        struct sequencer_counts before = sequencer_counts(sequencer), now = before;
        for (int wait = 0; wait < TURNS_MAX && now.runs == before.runs; wait++) {
            sequencer_turn(sequencer, back_wait(sequencer_pg(sequencer)), true);
            now = sequencer_counts(sequencer);
        }
        must(now.runs > before.runs && now.failures == 0);
    }
    printf("the ledger has %" PRId64 " leaves, places add up to %" PRId64 "\n",
            back_fact(SERVICE_AUDIT, FACT_HEAD), back_fact(SERVICE_AUDIT, FACT_PLACES));
}

static void round_run(enum service_id at)
{
    events_add(at);
    hints_add(&stations[at]);
    for (uint64_t acts = rng_below(&rng, 4); at != SERVICE_AUDIT && acts > 0; acts--) {
        if (work_count >= WORKS_MAX - 4)
            break;
        if (at == SERVICE_INTAKE && !chance(3))
            report_add();
        else if (at == SERVICE_INTAKE && chance(3))
            withdrawal_add();
        else if (at == SERVICE_INTAKE && case_draw() && chance(3))
            person_add();
        else
            act_add(at);
    }
    if (chance(6))
        command_again(at);
    batch_run(at);
    if (chance(3))
        letter_run(at);
    if (at == SERVICE_AUDIT)
        sequence();
}

/* ---- all rows at the end ---- */

static void id_rows(struct station *station, const struct statement *statement, int64_t id)
{
    struct params params = {0};
    int at = params_array(&params, PARAM_INT8);
    param_add_int(&params, at, id);
    done = false;
    pg_queue(station->pg, statement, &params, print_rows, (void *)(uintptr_t)statement->name);
    pg_sync(station->pg, segment_done, NULL);
    turns(station->pg, &done);
    params_fini(&params);
}

/* Aggregates that were ever spoken of, in order, each once. */
static size_t ids_of(enum service_id at, int64_t *ret)
{
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < post_count; i++)
        if ((at == SERVICE_AUDIT) == (posts[i].dest == SERVICE_AUDIT))
            ret[count++] = posts[i].agg;
    if (count)
        qsort(ret, count, sizeof *ret, id_compare);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || ret[kept - 1] != ret[i])
            ret[kept++] = ret[i];
    return kept;
}

static void station_print(enum service_id at)
{
    static int64_t ids[POSTS_MAX];
    struct station *station = &stations[at];
    size_t count = ids_of(at, ids);
    printf("%s: %zu aggregates\n", station->ops.schema, count);
    for (size_t i = 0; i < count; i++) {
        id_rows(station, &station->ops.sql_load, ids[i]);
        id_rows(station, &SQL_WAITING, ids[i]);
        id_rows(station, &SQL_DEAD, ids[i]);
    }
    for (int64_t squad = 1; at == SERVICE_ENFORCEMENT && squad <= 11; squad++)
        id_rows(station, statement_of(&station->ops, "squad_lock"), squad);
    for (int fact = 0; fact < FACT_COUNT; fact++)
        printf("  fact %d: %" PRId64 "\n", fact, back_fact(at, (enum fact)fact));
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: %s SEED ROUNDS [PLANT]\n", argv[0]);
        return 2;
    }
    uint64_t seed = strtoull(argv[1], NULL, 10);
    int rounds = (int)strtol(argv[2], NULL, 10);
    rng_seed(&rng, seed);
    salts_take(seed + 1);
    arena_init(&arena, ARENA_LIMIT);
    now_ms = BEGIN_MS;
    site_open(argc == 4 ? argv[3] : NULL);
    for (int round = 0; round < rounds; round++) {
        intake_persons_set(persons_keys(round >= rounds / 2));
        now_ms += (int64_t)rng_below(&rng, STEP_MS);
        back_clock(now_ms);
        round_run((enum service_id)(SERVICE_INTAKE + rng_below(&rng, 5)));
    }
    for (int service = SERVICE_INTAKE; service <= SERVICE_AUDIT; service++)
        station_print((enum service_id)service);
    site_close();
    arena_fini(&arena);
    return 0;
}
