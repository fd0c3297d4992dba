#include "tests/sim/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "services/kernel/base/must.h"
#include "services/kernel/run/loop.h"
#include "tests/sim/net.h"
#include "tests/sim/services.h"
#include "tests/sim/session.h"
#include "tests/sim/sim.h"

#define NODES_MAX 24
#define IDLE_MS 150 /* an instance looks around at least so often */
#define BUSY_MS 20
#define NO_FUSE (-1)

struct node {
    struct loop *loop;
    struct sequencer *sequencer;
    int number, fuse;
    enum service_id service;
    bool alive, dying;
    int64_t turn_ms, stalled_until_ms;
    uint64_t batches;
};

static struct node nodes[NODES_MAX];
static struct aggregate_ops service_ops[SERVICE_COUNT];
static struct service services[SERVICE_COUNT];
static int node_count, node_serial;
static struct node *current;

static void node_turn(void *self, int64_t at_ms);
static void node_end(struct node *node);

static int64_t wall_ms(void *self)
{
    (void)self;
    return SIM_EPOCH_MS + sim.now_ms;
}

static int64_t monotonic_ms(void *self)
{
    (void)self;
    return sim.now_ms + 1000;
}

struct node *node_current(void)
{
    return current;
}

void nodes_begin(void)
{
    node_count = node_serial = 0;
    current = NULL;
    service_ops[SERVICE_INTAKE] = intake_ops;
    service_ops[SERVICE_ROUTING] = routing_ops();
    service_ops[SERVICE_ENFORCEMENT] = enforcement_ops;
    service_ops[SERVICE_VOLUNTEER] = volunteer_ops;
    service_ops[SERVICE_AUDIT] = audit_ops();
    for (int i = 0; i < SERVICE_COUNT; i++)
        services[i] = (struct service){.ops = &service_ops[i]};
    store_directory_set(db.directory_version);
    intake_drill_set(sim.drill);
}

static void conf_set(struct loop *loop)
{
    loop->conf = (struct kernel_conf){.credit = 4096,
            .batch_size = sim_chance(&sim.rng, 3) ? 1 : sim_between(&sim.rng, 2, 64),
            .lanes = sim_between(&sim.rng, 1, 2)};
    snprintf(loop->conf.language, sizeof loop->conf.language, "en");
}

static void part_clear(void *whole, size_t from, size_t until)
{
    memset((char *)whole + from, 0, until - from);
}

/* All zero but the long lists, of which a count says how much is there. */
static struct loop *loop_memory(void)
{
    struct loop *loop = malloc(sizeof *loop);
    must(loop);
    part_clear(loop, 0, offsetof(struct loop, lanes));
    for (int i = 0; i < LANES_MAX; i++) {
        part_clear(&loop->lanes[i], 0, offsetof(struct lane, acked));
        part_clear(&loop->lanes[i], offsetof(struct lane, acked_count), sizeof(struct lane));
    }
    part_clear(loop, offsetof(struct loop, lane_count), offsetof(struct loop, acked));
    part_clear(loop, offsetof(struct loop, acked_count), sizeof *loop);
    return loop;
}

static void loop_begin(struct node *node)
{
    struct loop *loop = loop_memory();
    node->loop = loop;
    loop->service = &services[node->service];
    loop->ops = loop->service->ops;
    loop->instance = node->number;
    loop->clock = (struct clock){wall_ms, monotonic_ms, NULL};
    conf_set(loop);
    rng_seed(&loop->rng, rng_next(&sim.rng));
    pthread_mutex_init(&loop->local_lock, NULL);
    loop->local_last = &loop->local_first;
    inbox_init(&loop->inbox);
    loop->ids.service = node->service;
    loop->now_ms = monotonic_ms(NULL);
    loop->wake_fd = loop->signal_fd = -1;
    snprintf(loop->boot, sizeof loop->boot, "machine-%d", node->number % 2);
    loop->bus = net_join(node, node->service);
    loop->outgoing = outgoing_new(loop->bus, &loop->metrics, node->service);
    must(lanes_new(loop) == OK && tasks_new(loop) == OK);
}

struct node *node_start(enum service_id service)
{
    struct node *node = NULL;
    for (int i = 0; i < node_count && !node; i++)
        if (!nodes[i].loop)
            node = &nodes[i];
    if (!node) {
        must(node_count < NODES_MAX);
        node = &nodes[node_count++];
    }
    *node = (struct node){.number = ++node_serial,
            .service = service,
            .alive = true,
            .fuse = NO_FUSE,
            .turn_ms = INT64_MAX};
    sim_trace("instance starts", node->number, service, 0, 0);
    current = node;
    loop_begin(node);
    if (service == SERVICE_AUDIT)
        node->sequencer = sequencer_new("");
    current = NULL;
    node_wake(node, 0);
    return node;
}

/* Jobs without parcels are freed by their end, which a dead process does not reach. */
static void jobs_free(struct inbox *inbox)
{
    struct work *work;
    while (inbox_take(inbox, &work, 1, INT64_MAX) == 1) {
        struct job *job = (struct job *)work;
        if (!job->parcel)
            job_destroy(job);
        else if (--job->parcel->open == 0)
            parcel_destroy(job->parcel);
    }
    must(inbox->count == 0);
}

static void batch_jobs_free(struct loop *loop)
{
    for (size_t i = 0; i < loop->lane_count; i++) {
        struct lane *lane = &loop->lanes[i];
        struct inbox left;
        inbox_init(&left);
        for (size_t w = 0; batch_busy(lane->batch) && w < lane->work_count; w++)
            inbox_put(&left, (struct job *)lane->works[w]);
        jobs_free(&left);
    }
}

static void node_end(struct node *node)
{
    struct loop *loop = node->loop;
    sim_trace("instance is gone", node->number, node->service, 0, 0);
    node->alive = false;
    current = node;
    for (size_t i = 0; i < loop->lane_count; i++)
        pg_abandon(loop->lanes[i].pg);
    pg_abandon(loop->aux);
    jobs_free(&loop->inbox);
    batch_jobs_free(loop);
    lanes_destroy(loop);
    tasks_destroy(loop);
    outgoing_destroy(&loop->outgoing);
    net_leave(loop->bus);
    if (node->sequencer)
        sequencer_destroy(&node->sequencer);
    current = NULL;
    free(loop);
    node->loop = NULL;
}

void nodes_end(void)
{
    for (int i = 0; i < node_count; i++)
        if (nodes[i].loop)
            node_end(&nodes[i]);
    store_fini();
}

void node_wake(struct node *node, int64_t delay_ms)
{
    if (!node || !node->alive || node->turn_ms <= sim.now_ms + delay_ms)
        return;
    node->turn_ms = sim.now_ms + delay_ms;
    sim_at(delay_ms, node_turn, node, node->turn_ms);
}

bool node_effect(struct node *node)
{
    if (!node) /* a test's own connection */
        return false;
    if (node->dying)
        return true;
    if (node->fuse == NO_FUSE || node->fuse-- > 0)
        return false;
    node->dying = true;
    node_wake(node, 0);
    return true;
}

static void node_again(void *self, int64_t service)
{
    (void)self;
    (void)node_start((enum service_id)service);
}

static void node_die(struct node *node)
{
    enum service_id service = node->service;
    sim_stats[STAT_CRASHES]++;
    node_end(node);
    sim_at(sim_between(&sim.fault_rng, 50, 1500), node_again, NULL, service);
}

/* As run/service.c turns it. */
static void loop_turn(struct node *node)
{
    struct loop *loop = node->loop;
    loop->now_ms = monotonic_ms(NULL);
    bus_turn(loop->bus, loop->now_ms);
    if (net_arrived(loop->bus)) /* mostly nothing has, and it would only find that out */
        loop_receive(loop);
    lanes_turn(loop);
    size_t left = loop->inbox.count;
    tasks_turn(loop);
    if (loop->inbox.count > left)
        lanes_turn(loop);
    outgoing_turn(loop->outgoing, loop->now_ms);
    if (!node->sequencer)
        return;
    uint64_t batches = metric_get(&loop->metrics, batches);
    if (batches != node->batches)
        sequencer_wake(node->sequencer);
    node->batches = batches;
    sequencer_turn(node->sequencer, loop->now_ms, loop_brisk(loop));
}

static void node_turn(void *self, int64_t at_ms)
{
    struct node *node = self;
    if (!node->alive || node->turn_ms != at_ms)
        return;
    node->turn_ms = INT64_MAX;
    if (node->stalled_until_ms > sim.now_ms) {
        node_wake(node, node->stalled_until_ms - sim.now_ms);
        return;
    }
    current = node;
    if (!node->dying)
        loop_turn(node);
    current = NULL;
    if (node->dying) {
        node_die(node);
        return;
    }
    bool busy = node->loop->inbox.count || node->loop->acked_count;
    node_wake(node, sim_between(&sim.rng, 1, busy ? BUSY_MS : IDLE_MS));
}

void node_kill(struct node *node, int effects)
{
    if (node->fuse != NO_FUSE)
        return;
    sim_trace("instance will die", node->number, effects, 0, 0);
    node->fuse = effects;
    if (effects == 0)
        node_wake(node, 0);
    node->dying = effects == 0;
}

void node_stall(struct node *node, int64_t span_ms)
{
    sim_trace("instance stops for", node->number, span_ms, 0, 0);
    node->stalled_until_ms = sim.now_ms + span_ms;
}

struct node *node_any(void)
{
    int start = (int)rng_below(&sim.fault_rng, (uint64_t)node_count);
    for (int i = 0; i < node_count; i++) {
        struct node *node = &nodes[(start + i) % node_count];
        if (node->alive && !node->dying)
            return node;
    }
    return NULL;
}

bool nodes_idle(const char **ret_why)
{
    for (int i = 0; i < node_count; i++) {
        const struct loop *loop = nodes[i].loop;
        if (!loop)
            continue;
        *ret_why = "an instance works";
        if (loop->inbox.count || loop->acked_count || lanes_busy(loop))
            return false;
    }
    return true;
}

int node_number(const struct node *node)
{
    return node->number;
}

enum service_id node_service(const struct node *node)
{
    return node->service;
}
