/* Labels come from the X-macro tables, so that a new kind, reason or service has its line at
 * once. */
#include "services/broker/metrics.h"

#include "services/kernel/base/fault.h"

static void metric_begin(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_add_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void metric_add(
        struct buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
    metric_begin(out, name, type, help);
    buf_add_format(out, "%s %llu\n", name, (unsigned long long)value);
}

static void kinds_add(struct buf *out, const char *name, const char *help, const uint64_t *values)
{
    static const char *const names[BROKER_KINDS] = {
#define X(id, number, text) [number] = #id,
            FRAME_KIND_TABLE(X)
#undef X
    };
    metric_begin(out, name, "counter", help);
    for (size_t i = FRAME_READY; i < BROKER_KINDS; i++) {
        buf_add_format(out, "%s{kind=\"%s\"} %llu\n", name, names[i] + strlen("FRAME_"),
                (unsigned long long)values[i]);
    }
}

static void naks_add(struct buf *out, const uint64_t *values)
{
    static const char *const names[BROKER_REASONS] = {
#define X(id, number, text) [number] = #id,
            NAK_TABLE(X)
#undef X
    };
    metric_begin(out, "huying_broker_naks_total", "counter", "Frames not forwarded, by reason.");
    for (size_t i = NAK_NO_INSTANCE; i < BROKER_REASONS; i++) {
        buf_add_format(out, "huying_broker_naks_total{reason=\"%s\"} %llu\n",
                names[i] + strlen("NAK_"), (unsigned long long)values[i]);
    }
}

static uint64_t service_sum(const struct roster *roster,
        enum service_id service,
        uint64_t (*of)(const struct instance *))
{
    uint64_t sum = 0;
    for (size_t i = 0; i < roster->count[service]; i++) {
        sum += of(roster->instances[service][i]);
    }
    return sum;
}

static uint64_t instance_one(const struct instance *instance)
{
    (void)instance;
    return 1;
}

static uint64_t instance_out(const struct instance *instance)
{
    return instance->out;
}

static uint64_t instance_credit(const struct instance *instance)
{
    return instance->limit > instance->out ? instance->limit - instance->out : 0;
}

static uint64_t instance_bytes(const struct instance *instance)
{
    return instance->out_bytes;
}

static void services_add(struct buf *out, const struct roster *roster)
{
    static const struct {
        const char *name, *help;
        uint64_t (*of)(const struct instance *);
    } table[] = {
            {"huying_broker_instances", "Live instances.", instance_one},
            {"huying_broker_credit", "Envelopes that the instances still take.", instance_credit},
            {"huying_broker_under_way", "Envelopes sent and not yet granted again.", instance_out},
            {"huying_broker_under_way_bytes", "Their bytes, an estimate.", instance_bytes},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        metric_begin(out, table[i].name, "gauge", table[i].help);
        for (enum service_id id = SERVICE_INTAKE; id < SERVICE_CLIENT; id++) {
            buf_add_format(out, "%s{service=\"%s\"} %llu\n", table[i].name, service_name(id),
                    (unsigned long long)service_sum(roster, id, table[i].of));
        }
    }
}

void metrics_write(struct buf *out, struct broker *broker, const struct zap *zap)
{
    const struct broker_stats *stats = broker_stats(broker);
    const struct {
        const char *name, *help;
        uint64_t value;
    } counters[] = {
            {"huying_broker_forwarded_total", "Frames forwarded.", stats->forwarded},
            {"huying_broker_forwarded_envelopes_total", "Envelopes in them.",
                    stats->forwarded_envelopes},
            {"huying_broker_forwarded_bytes_total", "Payload bytes.", stats->forwarded_bytes},
            {"huying_broker_malformed_total", "Messages that broke the format.", stats->malformed},
            {"huying_broker_strangers_total", "Messages without a key that is on the list.",
                    stats->strangers},
            {"huying_broker_unannounced_total", "Frames before the connection's READY.",
                    stats->unannounced},
            {"huying_broker_lost_total", "Own frames that a full peer missed.", stats->lost},
            {"huying_broker_refused_total", "Connections refused by key.", zap_refused(zap)},
    };
    kinds_add(out, "huying_broker_frames_total", "Frames received, by kind.", stats->frames);
    kinds_add(out, "huying_broker_envelopes_total", "Envelopes in them.", stats->envelopes);
    naks_add(out, stats->naks);
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        metric_add(out, counters[i].name, "counter", counters[i].help, counters[i].value);
    }
    metric_add(out, "huying_broker_connections", "gauge", "Connections that said READY.",
            conns_count(broker_conns(broker)));
    services_add(out, broker_roster(broker));
    fault_print("", out);
}
