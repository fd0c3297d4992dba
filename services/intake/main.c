/* intake: takes reports in, from hotlines over the bus and from others over HTTP, mints their case
 * ids, places them, and tells those who reported how it ended. The bus, the database and the loop
 * are the kernel's; this file adds the HTTP server beside it and says what happened to it. */
#include <inttypes.h>
#include "services/intake/http.h"
#include "services/intake/intake.h"
#include "services/intake/store.h"
#include "services/intake/tokens.h"
#include "services/kernel/base/log.h"
#include "services/kernel/base/must.h"
#include "services/kernel/run/service.h"

#define HTTP_TURN_MS 100

struct intake_conf {
    char host[64];
    int64_t port;
    char tokens[512];
    char language[4];
};

#define FIELD(name) offsetof(struct intake_conf, name), sizeof(((struct intake_conf *)0)->name)

static const struct conf_key conf_keys[] = {
        {"intake", "host", CONF_TEXT, FIELD(host), 0, 0, "127.0.0.1",
                "IPv4 address of the HTTP API"},
        {"intake", "port", CONF_INT, FIELD(port), 0, 65535, "7410",
                "port of the HTTP API; 0: any; instances on one machine share it"},
        {"intake", "tokens", CONF_TEXT, FIELD(tokens), 0, 0, "",
                "file of name:sha256 lines, who may use the HTTP API; empty: this machine only"},
        {"bus", "language", CONF_TEXT, FIELD(language), 0, 0, "zh",
                "language of refusals: zh or en"},
};

static struct {
    struct intake_conf conf;
    struct http *http;
    struct clock clock;
    int64_t turned_ms;
    int64_t grids_version; /* of the polygons that the log has seen */
} process = {.grids_version = -1};

static enum err backend_command(void *self, const struct local_command *command)
{
    return loop_command(self, command);
}

static enum err backend_query(void *self, const struct local_command *query)
{
    return loop_query(self, query);
}

static const struct directory *backend_directory(void *self)
{
    return loop_directory(self);
}

/* NULL in *ret: no list is configured. */
static enum err tokens_read(const struct intake_conf *conf, struct tokens **ret)
{
    BUF_OWNED why = {0};
    *ret = NULL;
    if (!conf->tokens[0] || tokens_load(conf->tokens, ret, &why) == OK)
        return OK;
    log_error("INTAKE-TOKENS-REFUSED", "why=%s", log_quote(why.data));
    return ERR_FATAL;
}

static enum err intake_start(struct loop *loop, void *conf_)
{
    const struct intake_conf *conf = conf_;
    struct tokens *tokens = NULL;
    BUF_OWNED why = {0};
    intake_language_set(conf->language);
    process.clock = clock_system();
    enum err err = tokens_read(conf, &tokens);
    if (err)
        return err;
    const struct http_config config = {.host = conf->host,
            .port = (uint16_t)conf->port,
            .language = intake_language(),
            .backend = {loop, backend_command, backend_query, backend_directory},
            .clock = process.clock};
    err = http_new(&config, tokens, &process.http, &why);
    if (err)
        log_error("INTAKE-HTTP-REFUSED", "why=%s", log_quote(why.data));
    else
        log_info("INTAKE-HTTP-LISTENS", "host=%s port=%u tokens=%s", conf->host,
                http_port(process.http), tokens ? "yes" : "no");
    return err;
}

static void grids_log(void)
{
    if (process.grids_version == store_grids_version())
        return;
    process.grids_version = store_grids_version();
    if (store_grids_refused())
        log_warn("INTAKE-GRIDS-REFUSED",
                "refused=%zu taken=%zu directory=%" PRId64
                " what=\"polygons that are not valid; reports there go by unit codes\"",
                store_grids_refused(), store_grids(), process.grids_version);
    else
        log_info("INTAKE-GRIDS", "grids=%zu directory=%" PRId64, store_grids(),
                process.grids_version);
}

static void intake_turn(struct loop *loop)
{
    const struct directory *directory = loop_directory(loop);
    int64_t now_ms = process.clock.monotonic_ms(process.clock.self);
    if (directory)
        store_directory_set(directory_version(directory));
    intake_drill_set(loop_drill(loop));
    grids_log();
    if (now_ms - process.turned_ms < HTTP_TURN_MS)
        return;
    process.turned_ms = now_ms;
    http_turn(process.http);
}

static void intake_stop(struct loop *loop)
{
    (void)loop;
    http_destroy(&process.http);
    store_fini();
}

/* Of the configuration only the tokens change while it runs; address and port need a restart. */
static void intake_reload(struct loop *loop, void *conf)
{
    struct tokens *tokens = NULL;
    (void)loop;
    if (tokens_read(conf, &tokens) == OK)
        http_tokens_set(process.http, tokens);
}

int main(int argc, char **argv)
{
    static const struct service service = {.ops = &intake_ops,
            .conf_keys = conf_keys,
            .conf_key_count = sizeof conf_keys / sizeof *conf_keys,
            .conf = &process.conf,
            .conf_size = sizeof process.conf,
            .start = intake_start,
            .turn = intake_turn,
            .stop = intake_stop,
            .reload = intake_reload};
    return service_main(argc, argv, &service);
}
