/* huyingctl key: CURVE key pairs and the allow-list. `new` draws a pair into keys/NAME.key
 * (public line, secret line, mode 0600) and keys/NAME.pub, and writes the group NAME of
 * conf/peers.conf. The list is replaced by a rename under a lock, so that a broker that reloads
 * sees the old one or the new one. A service named `none` gets no group: that is the broker's
 * own pair, whose public half peers know. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "services/ctl/commands.h"
#include "services/ctl/key_follow.h"
#include "services/kernel/bus/keyfile.h"

#define SITE_MAX 4095
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

#define HELP                                                                                       \
    CTL_TEXT("new:生成一对 CURVE 密钥(keys/名称.key、keys/名称.pub),"                   \
             "并登记到 conf/peers.conf;\n"                                                     \
             "list:列出已登记的密钥。改动后向 broker 发 SIGHUP 生效。\n"          \
             "follow:生成居民查询码的密钥(keys/follow.key);"                             \
             "加 --replace 时新密钥排在前面,旧的仍可核对。"                        \
             "persons:同样生成加密来电人信息的密钥(keys/persons.key)。",                           \
            "new: draws a CURVE key pair (keys/NAME.key, keys/NAME.pub) and puts it on\n"          \
            "the allow-list conf/peers.conf; list: shows the allow-list. A broker\n"               \
            "re-reads it on SIGHUP. follow: draws the key of the codes by which residents\n"       \
            "follow their reports (keys/follow.key); with --replace a new one in front,\n"         \
            "behind which the old ones stay valid. persons: the same for the keys that seal who\n" \
            "calls (keys/persons.key).")
#define USAGE "new NAME --service S | follow | persons | list"

struct key_request {
    const char *name;
    enum service_id service;
    bool listed; /* false: --service none */
    int site;
    const char *rights;
    bool replace;
};

static bool rights_valid(const char *rights)
{
    g_auto(GStrv) words = g_strsplit(rights, ";", -1);
    for (size_t i = 0; words[i] != NULL; i++) {
        bool known = words[i][0] == '\0';
#define X(id, bit, word) known = known || strcmp(words[i], word) == 0;
        RIGHT_TABLE(X)
#undef X
        if (!known)
            return false;
    }
    return true;
}

/* Checks the request; says what is wrong. */
static bool request_check(const struct ctl *ctl, struct key_request *request, const char *service)
{
    size_t size = strlen(request->name);
    if (size == 0 || size >= PEER_SIZE || strspn(request->name, NAME_CHARS) != size) {
        ctl_fail(ctl, "名称“%s”不行:应为 1 到 %d 个字母、数字或 - _ .",
                "name \"%s\": expected 1 to %d letters, digits or - _ .", request->name,
                PEER_SIZE - 1);
        return false;
    }
    request->listed = service == NULL || strcmp(service, "none") != 0;
    request->service = service != NULL ? service_find(service) : SERVICE_NONE;
    if (request->listed && request->service == SERVICE_NONE) {
        ctl_fail(ctl,
                "--service:“%s”不认识,应为 intake routing enforcement volunteer audit console "
                "client none",
                "--service: found \"%s\", expected intake routing enforcement volunteer audit "
                "console "
                "client none",
                service != NULL ? service : "");
        return false;
    }
    if (request->site < 1 || request->site > SITE_MAX) {
        ctl_fail(ctl, "--site:%d 超出范围,应为 1 到 %d", "--site: found %d, expected 1 to %d",
                request->site, SITE_MAX);
        return false;
    }
    if (!rights_valid(request->rights)) {
        ctl_fail(ctl, "--rights:“%s”不认识,应为 act query hotline operate feed,用 ; 隔开",
                "--rights: found \"%s\", expected act query hotline operate feed, separated by ;",
                request->rights);
        return false;
    }
    return true;
}

/* Reads the list; a missing file is an empty one. */
static bool peers_read(const struct ctl *ctl, const char *path, GKeyFile *file)
{
    g_autoptr(GError) error = NULL;
    if (g_key_file_load_from_file(file, path, G_KEY_FILE_KEEP_COMMENTS, &error) ||
            g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return true;
    ctl_fail(ctl, "%s 读不了:%s", "%s cannot be read: %s", path, error->message);
    return false;
}

static bool peers_save(const struct ctl *ctl, const char *path, GKeyFile *file)
{
    gsize size = 0;
    g_autofree char *data = g_key_file_to_data(file, &size, NULL);
    if (ctl_file_write(path, data, size, 0644) == OK)
        return true;
    ctl_fail(ctl, "%s 写不了:%s", "%s cannot be written: %s", path, g_strerror(errno));
    return false;
}

static bool peers_put(
        const struct ctl *ctl, const struct key_request *request, const char *public_key)
{
    char path[CTL_PATH_SIZE], lock_path[CTL_PATH_SIZE];
    ctl_path(ctl, path, "conf/peers.conf");
    ctl_path(ctl, lock_path, "conf/.peers.lock");
    int lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0 || flock(lock, LOCK_EX) != 0) {
        ctl_fail(ctl, "%s 锁不上:%s", "%s cannot be locked: %s", lock_path, g_strerror(errno));
        if (lock >= 0)
            close(lock);
        return false;
    }
    g_autoptr(GKeyFile) file = g_key_file_new();
    bool done = peers_read(ctl, path, file);
    if (done) {
        g_key_file_remove_group(file, request->name, NULL);
        g_key_file_set_value(file, request->name, "key", public_key);
        g_key_file_set_value(file, request->name, "service", service_name(request->service));
        g_key_file_set_integer(file, request->name, "site", request->site);
        g_key_file_set_value(file, request->name, "rights", request->rights);
        done = peers_save(ctl, path, file);
    }
    close(lock);
    return done;
}

static bool pair_write(
        const struct ctl *ctl, const struct key_request *request, const struct keypair *pair)
{
    char path[CTL_PATH_SIZE], public_line[KEY_Z85_SIZE + 1];
    ctl_path(ctl, path, "keys/%s.key", request->name);
    if (request->replace)
        (void)unlink(path);
    enum err err = keyfile_write(path, pair);
    if (err == ERR_CONFLICT)
        ctl_fail(ctl, "%s 已经存在;要换新密钥请加 --replace",
                "%s is there already; --replace draws a new pair", path);
    else if (err != OK)
        ctl_fail(ctl, "%s 写不了:%s", "%s cannot be written: %s", path, g_strerror(errno));
    if (err != OK)
        return false;
    ctl_path(ctl, path, "keys/%s.pub", request->name);
    snprintf(public_line, sizeof(public_line), "%s\n", pair->public_key);
    if (ctl_file_write(path, public_line, strlen(public_line), 0644) == OK)
        return true;
    ctl_fail(ctl, "%s 写不了:%s", "%s cannot be written: %s", path, g_strerror(errno));
    return false;
}

static int key_new(const struct ctl *ctl, const struct key_request *request)
{
    struct keypair pair;
    if (ctl_dir_make(ctl, "keys") != OK || ctl_dir_make(ctl, "conf") != OK)
        return EXIT_FAILED;
    keypair_draw(&pair);
    bool done = pair_write(ctl, request, &pair) &&
                (!request->listed || peers_put(ctl, request, pair.public_key));
    memset(pair.secret_key, 0, sizeof(pair.secret_key));
    if (!done)
        return EXIT_FAILED;
    if (ctl->json)
        ctl_json(json_pack("{s:s, s:s}", "name", request->name, "public_key", pair.public_key));
    else
        ctl_print(ctl, "%s:公钥 %s\n", "%s: public key %s\n", request->name, pair.public_key);
    return EXIT_DONE;
}

static json_t *peer_json(GKeyFile *file, const char *name)
{
    g_autofree char *key = g_key_file_get_value(file, name, "key", NULL);
    g_autofree char *service = g_key_file_get_value(file, name, "service", NULL);
    g_autofree char *site = g_key_file_get_value(file, name, "site", NULL);
    g_autofree char *rights = g_key_file_get_value(file, name, "rights", NULL);
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", name, "service", service ? service : "",
            "site", site ? site : "", "rights", rights ? rights : "", "key", key ? key : "");
}

static int key_list(const struct ctl *ctl)
{
    char path[CTL_PATH_SIZE];
    ctl_path(ctl, path, "conf/peers.conf");
    g_autoptr(GKeyFile) file = g_key_file_new();
    if (!peers_read(ctl, path, file))
        return EXIT_FAILED;
    g_auto(GStrv) names = g_key_file_get_groups(file, NULL);
    json_t *items = json_array();
    for (size_t i = 0; names[i] != NULL; i++)
        json_array_append_new(items, peer_json(file, names[i]));
    if (ctl->json) {
        ctl_json(json_pack("{s:o, s:n}", "items", items, "next"));
        return EXIT_DONE;
    }
    size_t index;
    json_t *item;
    json_array_foreach(items, index, item)
    {
        const char *name, *service, *site, *rights, *key;
        json_unpack(item, "{s:s, s:s, s:s, s:s, s:s}", "name", &name, "service", &service, "site",
                &site, "rights", &rights, "key", &key);
        printf("%-20s %-12s %4s  %-24s %s\n", name, service, site, rights, key);
    }
    json_decref(items);
    return EXIT_DONE;
}

int command_key(struct ctl *ctl, int argc, char **argv)
{
    g_autofree char *service = NULL, *rights = NULL;
    gboolean replace = FALSE;
    int site = 1;
    const GOptionEntry entries[] = {
            {"service", 0, 0, G_OPTION_ARG_STRING, &service,
                    CTL_TEXT("哪个服务的;人和外部系统为 client,broker 自己的为 none",
                            "whose it is; client for people and outside systems, none for the "
                            "broker's own"),
                    "S"},
            {"site", 0, 0, G_OPTION_ARG_INT, &site,
                    CTL_TEXT("站点号(默认 1)", "site number (default 1)"), "N"},
            {"rights", 0, 0, G_OPTION_ARG_STRING, &rights,
                    CTL_TEXT("权限,用 ; 隔开:act query hotline operate feed",
                            "rights, separated by ;: act query hotline operate feed"),
                    "R"},
            {"replace", 0, 0, G_OPTION_ARG_NONE, &replace,
                    CTL_TEXT("换掉已有的密钥", "draw a new pair in place of one that is there"),
                    NULL},
            {0}};
    int status = ctl_options(ctl, USAGE, HELP, entries, &argc, &argv);
    if (status >= 0)
        return status;
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return key_list(ctl);
    if (argc == 2 && strcmp(argv[1], "follow") == 0)
        return key_follow(ctl, replace);
    if (argc == 2 && strcmp(argv[1], "persons") == 0)
        return key_persons(ctl, replace);
    if (argc != 3 || strcmp(argv[1], "new") != 0)
        return ctl_usage(ctl, "key", USAGE);
    struct key_request request = {.name = argv[2],
            .site = site,
            .rights = rights != NULL ? rights : "",
            .replace = replace};
    if (!request_check(ctl, &request, service))
        return EXIT_USAGE;
    return key_new(ctl, &request);
}
