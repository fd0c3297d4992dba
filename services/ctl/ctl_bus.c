#include "services/ctl/ctl_bus.h"

#include <sodium.h>
#include <string.h>

#include "services/kernel/base/pure_decision.h"
#include "services/kernel/bus/keyfile.h"

enum err ctl_bus_connect(const struct ctl *ctl, struct client **ret)
{
    BUF_OWNED why = {0};
    struct keypair pair;
    struct bus_config config = {.service = SERVICE_CLIENT};
    if (keyfile_load(ctl->conf.key, &pair, &why) != OK) {
        ctl_fail(ctl, "密钥不可用:%s", "the key cannot be used: %s", why.data);
        return ERR_FATAL;
    }
    gchar **endpoints = g_strsplit(ctl->conf.brokers, ";", BUS_BROKERS_MAX);
    for (gchar **it = endpoints; *it; it++)
        if (**it)
            config.endpoints[config.endpoint_count++] = *it;
    memcpy(config.server_key, ctl->conf.server_key, sizeof config.server_key);
    memcpy(config.public_key, pair.public_key, sizeof config.public_key);
    memcpy(config.secret_key, pair.secret_key, sizeof config.secret_key);
    enum err err = client_new(&config, ret);
    if (err == OK)
        err = client_wait(*ret, CTL_CONNECT_MS);
    if (err != OK)
        ctl_fail(ctl, "连不上任何 broker(%s):先看 deploy/run status",
                "no broker answers (%s): look at deploy/run status first", ctl->conf.brokers);
    g_strfreev(endpoints);
    return err;
}

bool ctl_bus_ask(const struct ctl *ctl,
        struct client *client,
        enum frame_kind kind,
        struct client_request *requests,
        size_t count,
        struct arena *arena)
{
    bool said[SERVICE_COUNT] = {0}, all = true;
    for (size_t i = 0; i < count; i++) {
        requests[i].request_id = requests[i].request_id ? requests[i].request_id : "";
        requests[i].actor = requests[i].actor ? requests[i].actor : "";
    }
    /* Its result says no more than those of the requests. */
    (void)!client_call(client, kind, requests, count, CTL_ASK_MS, arena);
    for (size_t i = 0; i < count; i++) {
        const struct client_request *request = &requests[i];
        if (request->err == OK && request->reply.verdict <= VERDICT_DUPLICATE)
            continue;
        all = false;
        if (said[request->dest])
            continue;
        said[request->dest] = true;
        if (request->err == OK)
            ctl_fail(ctl, "%s 没有照办:%s", "%s did not do it: %s", service_name(request->dest),
                    request->reply.text);
        else if (request->err == ERR_TRANSIENT)
            ctl_fail(ctl, "%s 在 %d 秒内没有回答。先看 huyingctl status",
                    "%s did not answer within %d s. Look at huyingctl status first",
                    service_name(request->dest), CTL_ASK_MS / 1000);
        else
            ctl_fail(ctl, "%s 没有回答:%s。先看 huyingctl status",
                    "%s did not answer: %s. Look at huyingctl status first",
                    service_name(request->dest), err_text(request->err));
    }
    return all;
}

void request_id_make(char ret[REQUEST_ID_SIZE])
{
    unsigned char bytes[REQUEST_ID_SIZE / 2];
    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2hex(ret, REQUEST_ID_SIZE, bytes, sizeof(bytes));
}
