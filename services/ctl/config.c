/* huyingctl config check: reads what this tool and the brokers read, in the same way, and says
 * all that is wrong: conf/ctl.conf, the key file it names, the brokers' public key,
 * conf/peers.conf. */
#include <zmq.h>

#include "services/ctl/commands.h"
#include "services/kernel/bus/keyfile.h"

#define HELP                                                                                       \
    CTL_TEXT("check:检查 conf/ctl.conf、其中的密钥文件和 "                              \
             "conf/peers.conf,列出全部错误。不改动任何东西。",                                     \
            "check: reads conf/ctl.conf, the key file it names and conf/peers.conf, and lists "    \
            "all that is\n"                                                                        \
            "wrong. Changes nothing.")

static void server_key_check(const struct ctl_conf *conf, struct buf *why)
{
    uint8_t raw[32];
    if (conf->server_key[0] == '\0')
        return;
    if (strlen(conf->server_key) != KEY_Z85_SIZE - 1 ||
            zmq_z85_decode(raw, conf->server_key) == NULL)
        buf_add_text(why,
                "conf/ctl.conf: [bus] server_key: expected 40 characters of Z85: the first "
                "line of the broker's key file\n");
}

static void files_check(const struct ctl *ctl, struct buf *why)
{
    struct ctl_conf conf = {0};
    struct keypair pair;
    char path[CTL_PATH_SIZE];
    if (ctl_conf_check(ctl, &conf, why) == OK) {
        if (conf.key[0] != '\0' && keyfile_load(conf.key, &pair, why) == OK)
            memset(&pair, 0, sizeof(pair));
        server_key_check(&conf, why);
    }
    ctl_path(ctl, path, "conf/peers.conf");
    struct peers *peers = NULL;
    if (access(path, F_OK) == 0 && peers_load(path, &peers, why) == OK)
        peers_destroy(&peers);
}

int command_config(struct ctl *ctl, int argc, char **argv)
{
    int status = ctl_options(ctl, "check", HELP, NULL, &argc, &argv);
    if (status >= 0)
        return status;
    if (argc != 2 || strcmp(argv[1], "check") != 0)
        return ctl_usage(ctl, "config", "check");
    BUF_OWNED why = {0};
    files_check(ctl, &why);
    if (ctl->json)
        ctl_json(json_pack("{s:b, s:s}", "ok", why.size == 0, "wrong", why.size ? why.data : ""));
    else if (why.size > 0)
        fputs(why.data, stdout);
    else
        ctl_print(ctl, "配置没有错误\n", "the configuration is right\n");
    return why.size == 0 ? EXIT_DONE : EXIT_FAILED;
}
