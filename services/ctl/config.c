/* huyingctl config check: reads what this tool and the brokers read, in the same way, and says
 * all that is wrong: conf/ctl.conf, the key file it names, the brokers' public key,
 * conf/peers.conf, and the vendors' mappings that conf/intake.conf names. */
#include <zmq.h>

#include "services/ctl/commands.h"
#include "services/kernel/bus/keyfile.h"

#define HELP                                                                                       \
    CTL_TEXT("check:检查 conf/ctl.conf、其中的密钥文件、conf/peers.conf 和 "                       \
             "conf/intake.conf 中的厂商映射,列出全部错误。不改动任何东西。",                       \
            "check: reads conf/ctl.conf, the key file it names, conf/peers.conf and the "          \
            "vendors' mappings\n"                                                                  \
            "that conf/intake.conf names, and lists all that is wrong. Changes nothing.")

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

/* The mappings of the intake that is configured here, by intake's own reader beside this tool. */
static void vendors_check(const struct ctl *ctl, struct buf *why)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    char path[CTL_PATH_SIZE];
    ctl_path(ctl, path, "conf/intake.conf");
    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL))
        return;
    g_autofree char *directory = g_key_file_get_string(file, "intake", "vendors", NULL);
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    if (!directory || !*directory || !self)
        return;
    g_autofree char *folder = g_path_get_dirname(self);
    g_autofree char *reader = g_build_filename(folder, "huying-vendors", NULL);
    g_autofree char *said = NULL;
    char *argv[] = {reader, directory, NULL};
    if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &said, NULL, NULL, NULL))
        buf_add_format(why, "%s: cannot be started\n", reader);
    else
        buf_add_text(why, said);
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
    vendors_check(ctl, why);
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
