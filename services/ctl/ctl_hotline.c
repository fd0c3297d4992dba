#include "services/ctl/ctl_hotline.h"

#include "services/kernel/bus/keyfile.h"

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
    gchar **brokers = g_strsplit(ctl->conf.hotlines, ";", HOTLINE_ENDPOINTS_MAX);
    for (gchar **it = brokers; *it; it++)
        if (**it)
            config.endpoints[config.endpoint_count++] = *it;
    enum err err = hotline_open(&config, ret);
    if (err != OK)
        ctl_fail(ctl, "热线端口地址不对:%s", "the hotline endpoints cannot be right: %s",
                ctl->conf.hotlines);
    g_strfreev(brokers);
    return err;
}
