#include "services/ctl/ctl_hotline.h"

#include "services/kernel/bus/keyfile.h"

static enum err endpoints_open(
        struct hotline_config *config, const char *list, struct hotline **ret)
{
    gchar **endpoints = g_strsplit(list, ";", HOTLINE_ENDPOINTS_MAX);
    for (gchar **it = endpoints; *it; it++)
        if (**it)
            config->endpoints[config->endpoint_count++] = *it;
    enum err err = hotline_open(config, ret);
    g_strfreev(endpoints);
    return err;
}

enum err ctl_hotline_open(const struct ctl *ctl, int site, struct hotline **ret)
{
    BUF_OWNED why = {0};
    struct keypair pair;
    char path[CTL_PATH_SIZE];
    ctl_path(ctl, path, "keys/hotline-demo.key");
    if (keyfile_load(path, &pair, &why) != OK) {
        ctl_fail(ctl, "热线密钥不可用:%s", "the hotline's key cannot be used: %s", why.data);
        return ERR_FATAL;
    }
    struct hotline_config config = {.site = (uint16_t)site,
            .server_key = ctl->conf.server_key,
            .public_key = pair.public_key,
            .secret_key = pair.secret_key};
    enum err err = endpoints_open(&config, ctl->conf.hotlines, ret);
    if (err != OK)
        ctl_fail(ctl, "热线端口地址不对:%s", "the hotline endpoints cannot be right: %s",
                ctl->conf.hotlines);
    return err;
}

enum err ctl_hotline_open_as(
        const struct ctl *ctl, int site, const char *source, struct hotline **ret)
{
    struct hotline_config config = {.site = (uint16_t)site,
            .server_key = ctl->conf.server_key,
            .key_file = ctl->conf.key,
            .source = source};
    enum err err = endpoints_open(&config, ctl->conf.brokers, ret);
    if (err != OK)
        ctl_fail(ctl, "密钥 %s 或 broker 地址 %s 不可用:%s",
                "the key %s or the brokers' endpoints %s cannot be used: %s", ctl->conf.key,
                ctl->conf.brokers, err_text(err));
    return err;
}
