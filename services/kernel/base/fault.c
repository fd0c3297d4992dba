/* Whether a point fires is a function of how often it was passed: the passes are cut into windows
 * of the length that the switch says, and in each window one pass fires, the one that a generator
 * draws that is seeded with the seed, the process's name, the point and the window. So a run of the
 * same process repeats itself, no firing depends on another point, and a point that was passed
 * often enough has certainly fired. */
#include "services/kernel/base/fault.h"

#ifdef HUYING_FAULTS

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/log.h"
#include "services/kernel/base/rng.h"

#define SEED_PRESET 1
#define WINDOW_MAX 1000000000L
#define ITEM_MAX 64

static const struct {
    const char *name, *text;
} points[FAULT_POINTS] = {
#define X(name, text) {#name, text},
        FAULT_POINT_TABLE(X)
#undef X
};

static uint64_t windows[FAULT_POINTS]; /* 0 = never */
static uint64_t fault_seed;
static _Atomic uint64_t passes[FAULT_POINTS], counts[FAULT_POINTS];

/* FNV-1a: the same on every machine. */
static uint64_t text_hash(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash;
}

static bool pass_fires(enum fault_point point, uint64_t pass)
{
    uint64_t window = windows[point];
    struct rng rng;
    rng_seed(&rng, text_hash(fault_seed, points[point].name) + pass / window);
    return rng_below(&rng, window) == pass % window;
}

bool fault_fires(enum fault_point point)
{
    must(point < FAULT_POINTS);
    if (windows[point] == 0)
        return false;
    if (!pass_fires(point, atomic_fetch_add_explicit(&passes[point], 1, memory_order_relaxed)))
        return false;
    if (atomic_fetch_add_explicit(&counts[point], 1, memory_order_relaxed) == 0)
        log_info("FAULT-FIRED", "point=%s what=%s", points[point].name,
                log_quote(points[point].text));
    return true;
}

/* FAULT_POINTS: there is none of that name. */
static enum fault_point point_find(const char *name, size_t size)
{
    for (unsigned i = 0; i < FAULT_POINTS; i++)
        if (strlen(points[i].name) == size && memcmp(points[i].name, name, size) == 0)
            return (enum fault_point)i;
    return FAULT_POINTS;
}

static enum err item_refuse(const char *item, size_t size, struct buf *why)
{
    buf_add_format(why,
            "HUYING_FAULTS: \"%.*s\": expected POINT=N or all=N, separated by commas, one in N "
            "times from 1 to %ld, 0 never; the points are:",
            (int)(size < ITEM_MAX ? size : ITEM_MAX), item, WINDOW_MAX);
    for (unsigned i = 0; i < FAULT_POINTS; i++)
        buf_add_format(why, " %s", points[i].name);
    buf_add_text(why, "\n");
    return ERR_MALFORMED;
}

/* One item of the list; `named`: which points have been, so that `all` may stand anywhere. */
static enum err item_read(const char *item,
        size_t size,
        uint64_t *ret,
        bool *named,
        uint64_t *ret_all,
        struct buf *why)
{
    const char *equals = memchr(item, '=', size);
    char *end = NULL;
    if (!equals || equals + 1 == item + size || equals[1] < '0' || equals[1] > '9')
        return item_refuse(item, size, why);
    errno = 0;
    long number = strtol(equals + 1, &end, 10);
    if (errno || end != item + size || number > WINDOW_MAX)
        return item_refuse(item, size, why);
    size_t name_size = (size_t)(equals - item);
    enum fault_point point = point_find(item, name_size);
    if (point < FAULT_POINTS) {
        ret[point] = (uint64_t)number;
        named[point] = true;
        return OK;
    }
    if (name_size != 3 || memcmp(item, "all", 3) != 0)
        return item_refuse(item, size, why);
    *ret_all = (uint64_t)number;
    return OK;
}

enum err fault_set(const char *list, uint64_t seed, const char *process, struct buf *why)
{
    uint64_t read[FAULT_POINTS] = {0}, all = 0;
    bool named[FAULT_POINTS] = {false};
    must(process && why);
    for (const char *item = list; item && *item;) {
        size_t size = strcspn(item, ",");
        enum err err = item_read(item, size, read, named, &all, why);
        if (err != OK)
            return err;
        item += size + (item[size] == ',');
    }
    for (unsigned i = 0; i < FAULT_POINTS; i++) {
        windows[i] = named[i] ? read[i] : all;
        atomic_store(&passes[i], 0);
        atomic_store(&counts[i], 0);
    }
    fault_seed = text_hash(seed ^ UINT64_C(0xcbf29ce484222325), process);
    return OK;
}

enum err fault_init(const char *process, struct buf *why)
{
    const char *seed = getenv("HUYING_FAULT_SEED");
    return fault_set(
            getenv("HUYING_FAULTS"), seed ? strtoull(seed, NULL, 10) : SEED_PRESET, process, why);
}

uint64_t fault_count(enum fault_point point)
{
    must(point < FAULT_POINTS);
    return atomic_load_explicit(&counts[point], memory_order_relaxed);
}

const char *fault_point_name(enum fault_point point)
{
    must(point < FAULT_POINTS);
    return points[point].name;
}

static void counter_print(const char *name,
        const char *help,
        _Atomic uint64_t *values,
        const char *labels,
        struct buf *out)
{
    buf_add_format(out, "# HELP %s %s\n# TYPE %s counter\n", name, help, name);
    for (unsigned i = 0; i < FAULT_POINTS; i++)
        buf_add_format(out, "%s{%s%spoint=\"%s\"} %llu\n", name, labels, labels[0] ? "," : "",
                points[i].name,
                (unsigned long long)atomic_load_explicit(&values[i], memory_order_relaxed));
}

void fault_print(const char *labels, struct buf *out)
{
    counter_print("huying_fault_total", "times that a fault point fired", counts, labels, out);
    counter_print("huying_fault_passes_total", "times that one that is on was passed", passes,
            labels, out);
}

#endif
