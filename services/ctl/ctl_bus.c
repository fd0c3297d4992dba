#include "services/ctl/ctl_bus.h"

#include <string.h>

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
