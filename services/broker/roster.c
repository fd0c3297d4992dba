/* Choosing hashes every instance of the service: there are few, and a table to keep right as
 * instances come and go would be one more thing that can be wrong. */
#include "services/broker/roster.h"

#include <string.h>
#include "services/kernel/base/must.h"

/* splitmix64's finisher: every bit of the input moves every bit of the result. */
static uint64_t hash_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t rendezvous(enum service_id service, uint8_t bucket, uint64_t seed)
{
    uint64_t place = ((uint64_t)service << 8 | bucket) + UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix(hash_mix(place) ^ seed);
}

enum err roster_join(struct roster *roster, struct instance *instance)
{
    must(instance->service > SERVICE_NONE && instance->service < SERVICE_COUNT);
    must(!roster_has(roster, instance));
    size_t *count = &roster->count[instance->service];
    if (*count == ROSTER_INSTANCES_MAX) {
        return ERR_LIMIT;
    }
    roster->instances[instance->service][(*count)++] = instance;
    return OK;
}

void roster_leave(struct roster *roster, const struct instance *instance)
{
    size_t *count = &roster->count[instance->service];
    struct instance **list = roster->instances[instance->service];
    for (size_t i = 0; i < *count; i++) {
        if (list[i] == instance) {
            list[i] = list[--*count];
            return;
        }
    }
}

bool roster_has(const struct roster *roster, const struct instance *instance)
{
    for (size_t i = 0; i < roster->count[instance->service]; i++) {
        if (roster->instances[instance->service][i] == instance) {
            return true;
        }
    }
    return false;
}

struct instance *roster_choose(
        const struct roster *roster, enum service_id service, uint16_t site, uint8_t bucket)
{
    must(service < SERVICE_COUNT);
    struct instance *best = NULL;
    uint64_t best_hash = 0;
    for (size_t i = 0; i < roster->count[service]; i++) {
        struct instance *candidate = roster->instances[service][i];
        uint64_t hash = rendezvous(service, bucket, candidate->seed);
        if (candidate->site == site && (!best || hash > best_hash)) {
            best = candidate;
            best_hash = hash;
        }
    }
    return best;
}

bool instance_fits(const struct instance *instance, uint32_t count, size_t size)
{
    if (instance->limit == 0) {
        return false;
    }
    if (instance->out == 0) {
        return true;
    }
    return instance->out + count <= instance->limit &&
           instance->out_bytes + size <= INSTANCE_BYTES_MAX;
}

void instance_take(struct instance *instance, uint32_t count, size_t size)
{
    must(instance_fits(instance, count, size));
    instance->out += count;
    instance->out_bytes += size;
}

static void shares_check(struct instance *instance)
{
    if (instance->shared <= instance->out) {
        return;
    }
    memset(instance->shares, 0, sizeof instance->shares);
    instance->shared = 0;
}

void instance_grant(struct instance *instance, uint32_t count)
{
    if (count >= instance->out) {
        instance->out = 0;
        instance->out_bytes = 0;
    } else {
        instance->out_bytes -= (size_t)((uint64_t)instance->out_bytes * count / instance->out);
        instance->out -= count;
    }
    shares_check(instance);
}

bool share_fits(const struct instance *instance, uint8_t share, uint32_t count, size_t size)
{
    const struct share *of = &instance->shares[share];
    if (of->out == 0) {
        return true;
    }
    return (uint64_t)of->out + count + instance->out <= instance->limit &&
           of->out_bytes + size + instance->out_bytes <= INSTANCE_BYTES_MAX;
}

void share_take(struct instance *instance, uint8_t share, uint32_t count, size_t size)
{
    struct share *of = &instance->shares[share];
    must(size <= INSTANCE_BYTES_MAX);
    of->out += count;
    of->out_bytes += (uint32_t)size;
    instance->shared += count;
}

void share_release(struct instance *instance, uint8_t share, uint32_t count)
{
    struct share *of = &instance->shares[share];
    uint32_t done = count < of->out ? count : of->out;
    if (done == 0) {
        return;
    }
    of->out_bytes -= (uint32_t)((uint64_t)of->out_bytes * done / of->out);
    of->out -= done;
    instance->shared -= done;
}
