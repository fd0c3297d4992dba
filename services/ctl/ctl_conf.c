/* conf/ctl.conf: the keys that tools have. `credit` and the log level belong to services; they
 * are known here because all processes of a site share the groups [bus] and [log]. */
#include <stddef.h>

#include "services/ctl/ctl.h"
#include "services/kernel/base/conf.h"

#define KEY(section, key, kind, field, min, max, preset, help)                                     \
    {                                                                                              \
        section, key, kind, offsetof(struct ctl_conf, field),                                      \
                sizeof(((struct ctl_conf *)0)->field), min, max, preset, help                      \
    }

static const struct conf_key KEYS[] = {
        KEY("store",
                "conninfo",
                CONF_TEXT,
                conninfo,
                0,
                0,
                NULL,
                "PostgreSQL connection string of the operator's role"),
        KEY("store",
                "owner_conninfo",
                CONF_TEXT,
                owner_conninfo,
                0,
                0,
                "",
                "connection string of the owner of all tables, for migrate; empty: conninfo"),
        KEY("bus",
                "brokers",
                CONF_TEXT,
                brokers,
                0,
                0,
                "",
                "endpoints of the brokers, by semicolons"),
        KEY("bus",
                "hotlines",
                CONF_TEXT,
                hotlines,
                0,
                0,
                "",
                "endpoints of the brokers' hotline ports, by semicolons"),
        KEY("bus",
                "server_key",
                CONF_TEXT,
                server_key,
                0,
                0,
                "",
                "public key of the site's brokers"),
        KEY("bus", "key", CONF_TEXT, key, 0, 0, "", "path of the key file of this tool"),
        KEY("bus", "credit", CONF_INT, credit, 0, 1000000, "0", "not used by tools"),
        KEY("redis", "socket", CONF_TEXT, redis, 0, 0, "", "path of the Redis socket"),
        KEY("log", "level", CONF_TEXT, log_level, 0, 0, "info", "debug, info, warn or error"),
};

enum err ctl_conf_check(const struct ctl *ctl, struct ctl_conf *ret, struct buf *why)
{
    char path[CTL_PATH_SIZE];
    ctl_path(ctl, path, "conf/ctl.conf");
    return conf_load(KEYS, sizeof(KEYS) / sizeof(KEYS[0]), path, ret, sizeof(*ret), why);
}

enum err ctl_conf_read(struct ctl *ctl)
{
    BUF_OWNED why = {0};
    enum err err = ctl_conf_check(ctl, &ctl->conf, &why);
    if (err != OK)
        ctl_fail(ctl, "配置有误:\n%s", "the configuration is wrong:\n%s", why.data);
    return err;
}
