/* intake: takes reports in, from hotlines over the bus and from others over HTTP, mints their case
 * ids, places them, and tells those who reported how it ended. The bus, the database and the loop
 * are the kernel's; this file adds the HTTP server beside it and says what happened to it. */
#include <inttypes.h>
#include <string.h>
#include "services/intake/callback/conf.h"
#include "services/intake/callback/people.h"
#include "services/intake/counters_rate.h"
#include "services/intake/follow_keys.h"
#include "services/intake/http.h"
#include "services/intake/intake.h"
#include "services/intake/person.h"
#include "services/intake/open311/jurisdiction.h"
#include "services/intake/photo_desk.h"
#include "services/intake/qr.h"
#include "services/intake/store.h"
#include "services/intake/tokens.h"
#include "services/intake/vendor/mapping.h"
#include "services/intake/nonce.h"
#include "services/kernel/base/log.h"
#include "services/kernel/base/must.h"
#include "services/kernel/run/service.h"

#define HTTP_TURN_MS 100
#define SHARING_MS 2000 /* after the start, until it is said that Redis is away */

struct intake_conf {
    char host[64];
    int64_t port;
    char tokens[512];
    char follow[512];
    char qr_url[256];
    char persons[512];
    char open311[512];
    char photos[512];
    char photos_endpoint[256];
    char photos_region[64];
    char photos_keys[512];
    char vendors[512];
    char language[4];
    int64_t rate_source, rate_source_burst, rate_address, rate_address_burst;
    char proxies[512];
    int64_t rate_code, rate_code_burst;
    struct callback_conf callback;
};

#define RATE_MAX 1000000

#define FIELD(name) offsetof(struct intake_conf, name), sizeof(((struct intake_conf *)0)->name)

static const struct conf_key conf_keys[] = {
        {"intake", "host", CONF_TEXT, FIELD(host), 0, 0, "127.0.0.1",
                "IPv4 address of the HTTP API"},
        {"intake", "port", CONF_INT, FIELD(port), 0, 65535, "7410",
                "port of the HTTP API; 0: any; instances on one machine share it"},
        {"intake", "tokens", CONF_TEXT, FIELD(tokens), 0, 0, "",
                "file of name:sha256 lines, who may use the HTTP API; empty: this machine only"},
        {"intake", "follow", CONF_TEXT, FIELD(follow), 0, 0, "",
                "file of the keys of residents' codes (huyingctl key follow); empty: no codes"},
        {"intake", "qr_url", CONF_TEXT, FIELD(qr_url), 0, 0, "",
                "what stands in printed codes before the token, https://HOST/v1/qr/; empty: none "
                "are printed"},
        {"intake", "persons", CONF_TEXT, FIELD(persons), 0, 0, "",
                "file of the keys that seal who calls (huyingctl key persons); empty: no caller is "
                "taken"},
        {"intake", "open311", CONF_TEXT, FIELD(open311), 0, 0, "",
                "file of the jurisdictions that are served by Open311; empty: none"},
        {"intake", "photos", CONF_TEXT, FIELD(photos), 0, 0, "",
                "directory of photos, or s3://BUCKET; empty: none are taken"},
        {"intake", "photos_endpoint", CONF_TEXT, FIELD(photos_endpoint), 0, 0, "",
                "of the bucket: https://HOST"},
        {"intake", "photos_region", CONF_TEXT, FIELD(photos_region), 0, 0, "us-east-1",
                "of the bucket"},
        {"intake", "photos_keys", CONF_TEXT, FIELD(photos_keys), 0, 0, "",
                "file with a line ACCESS:SECRET, who may use the bucket, mode 0600"},
        {"intake", "vendors", CONF_TEXT, FIELD(vendors), 0, 0, "",
                "directory of NAME.conf, hotlines that send their own JSON, signed; empty: none"},
        {"intake", "rate_source", CONF_INT, FIELD(rate_source), 0, RATE_MAX, "1000",
                "requests a second that one source (token) may make over HTTP; 0: any"},
        {"intake", "rate_source_burst", CONF_INT, FIELD(rate_source_burst), 1, RATE_MAX, "20000",
                "… and so many at once"},
        {"intake", "rate_address", CONF_INT, FIELD(rate_address), 0, RATE_MAX, "100",
                "requests a second that one address may make over HTTP; 0: any"},
        {"intake", "rate_address_burst", CONF_INT, FIELD(rate_address_burst), 1, RATE_MAX, "1000",
                "… and so many at once"},
        {"intake", "proxies", CONF_TEXT, FIELD(proxies), 0, 0, "127.0.0.1",
                "addresses or ADDRESS/BITS, joined by ',': whose X-Forwarded-For is believed"},
        {"intake", "rate_code", CONF_INT, FIELD(rate_code), 0, RATE_MAX, "1",
                "requests a second that are taken of one scanned code; 0: any"},
        {"intake", "rate_code_burst", CONF_INT, FIELD(rate_code_burst), 1, RATE_MAX, "30",
                "… and so many at once"},
        {"bus", "language", CONF_TEXT, FIELD(language), 0, 0, "zh",
                "language of refusals: zh or en"},
        CALLBACK_CONF_KEYS(offsetof(struct intake_conf, callback)),
};

static struct {
    struct intake_conf conf;
    struct http *http;
    struct rate *rate;
    struct rate_counts rate_counts;
    struct rate_sharer *sharer;
    int64_t sharer_since_ms;
    enum { SHARING_UNKNOWN, SHARING, ALONE } sharing; /* as the log has it */
    struct photo_desk *photos;
    struct nonce_keeper *nonces;
    struct clock clock;
    int64_t turned_ms;
    int64_t grids_version; /* of the polygons that the log has seen */
    struct sender *sender;
    struct sender_counts sender_counts;
    struct notice_adapter notices;
    struct people people;
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

/* NULL in *ret: no file is configured. */
static enum err follow_read(const struct intake_conf *conf, struct follow_keys **ret)
{
    BUF_OWNED why = {0};
    *ret = NULL;
    if (!conf->follow[0] || follow_keys_load(conf->follow, ret, &why) == OK)
        return OK;
    log_error("INTAKE-FOLLOW-REFUSED", "why=%s", log_quote(why.data));
    return ERR_FATAL;
}

/* NULL in *ret: no file is configured. */
static enum err open311_read(const struct intake_conf *conf, struct jurisdictions **ret)
{
    BUF_OWNED why = {0};
    *ret = NULL;
    if (!conf->open311[0] || jurisdictions_load(conf->open311, ret, &why) == OK)
        return OK;
    log_error("INTAKE-JURISDICTIONS-REFUSED", "why=%s", log_quote(why.data));
    return ERR_FATAL;
}

/* Without a file there are no keys; with a mistake in it, those that were there stay. */
static enum err persons_read(const struct intake_conf *conf)
{
    BUF_OWNED why = {0};
    struct seal_keys keys = {0};
    if (conf->persons[0] && seal_keys_load(conf->persons, &keys, &why) != OK) {
        log_error("INTAKE-PERSONS-REFUSED", "why=%s what=\"huyingctl key persons makes the file\"",
                log_quote(why.data));
        return ERR_FATAL;
    }
    intake_persons_set(&keys);
    seal_keys_wipe(&keys);
    return OK;
}

/* NULL in *ret: no directory is configured. All mistakes, a line each. */
static enum err vendors_read(const struct intake_conf *conf, struct vendors **ret)
{
    BUF_OWNED why = {0};
    *ret = NULL;
    if (!conf->vendors[0] || vendors_load(conf->vendors, ret, &why) == OK)
        return OK;
    log_error("INTAKE-VENDORS-REFUSED", "why=%s", log_quote(why.data));
    return ERR_FATAL;
}

static enum err backend_once(
        void *self, const char *name, void (*done)(void *done_self, enum err err), void *done_self)
{
    (void)self;
    return nonce_take(process.nonces, name, done, done_self);
}

static enum err sender_begin(struct loop *loop, const struct intake_conf *conf)
{
    BUF_OWNED why = {0};
    const struct callback_process of = {.conninfo = loop_conninfo(loop),
            .clock = process.clock,
            .counts = &process.sender_counts,
            .adapter = &process.notices,
            .contacts = {people_ask, &process.people}};
    process.people = (struct people){backend_command, loop};
    enum err err = callback_start(&conf->callback, &of, &process.sender, &why);
    if (err)
        log_error("CALLBACK-REFUSED", "why=%s", log_quote(why.data));
    return err;
}

static void intake_metrics(const char *labels, struct buf *out)
{
    sender_metrics_print(&process.sender_counts, labels, out);
    rate_metrics_print(&process.rate_counts, labels, out);
}

/* No desk: the site takes no photos. */
static enum err photos_start(
        struct loop *loop, const struct intake_conf *conf, struct photo_desk **ret)
{
    static const char scheme[] = "s3://";
    const struct photo_s3 s3 = {.bucket = conf->photos + strlen(scheme),
            .endpoint = conf->photos_endpoint,
            .region = conf->photos_region,
            .keys = conf->photos_keys};
    struct photo_store *store = NULL;
    BUF_OWNED why = {0};
    if (!conf->photos[0])
        return OK;
    enum err err = strncmp(conf->photos, scheme, strlen(scheme)) == 0
                           ? photo_store_s3(&s3, &store, &why)
                           : photo_store_directory(conf->photos, &store, &why);
    if (err) {
        log_error("INTAKE-PHOTOS-REFUSED", "why=%s", log_quote(why.data));
        return ERR_FATAL;
    }
    *ret = photo_desk_new(store, loop_conninfo(loop));
    return OK;
}

static enum err limits_start(const struct intake_conf *conf, struct proxies *ret)
{
    const struct rate_limit limits[RATE_KINDS] = {
            [RATE_SOURCE] = {(int32_t)conf->rate_source, (int32_t)conf->rate_source_burst},
            [RATE_ADDRESS] = {(int32_t)conf->rate_address, (int32_t)conf->rate_address_burst},
            [RATE_CODE] = {(int32_t)conf->rate_code, (int32_t)conf->rate_code_burst}};
    BUF_OWNED why = {0};
    if (proxies_parse(conf->proxies, ret, &why) != OK) {
        log_error("INTAKE-PROXIES-REFUSED", "key=%s why=%s", log_quote("[intake] proxies"),
                log_quote(why.data));
        return ERR_FATAL;
    }
    process.rate = rate_new(limits, &process.rate_counts);
    return OK;
}

static enum err intake_start(struct loop *loop, void *conf_)
{
    const struct intake_conf *conf = conf_;
    struct tokens *tokens = NULL;
    struct follow_keys *follow = NULL;
    struct jurisdictions *open311 = NULL;
    struct vendors *vendors = NULL;
    struct proxies proxies = {0};
    BUF_OWNED why = {0};
    intake_language_set(conf->language);
    process.clock = clock_system();
    enum err err = limits_start(conf, &proxies);
    if (!err)
        err = photos_start(loop, conf, &process.photos);
    if (!err)
        err = follow_read(conf, &follow);
    if (!err)
        err = open311_read(conf, &open311);
    if (!err)
        err = vendors_read(conf, &vendors);
    if (!err)
        err = persons_read(conf);
    if (!err)
        err = tokens_read(conf, &tokens);
    if (err) {
        vendors_destroy(&vendors);
        follow_keys_destroy(&follow);
        jurisdictions_destroy(&open311);
        return err;
    }
    intake_qr_set(follow, conf->qr_url);
    process.nonces = nonce_keeper_new(loop_conninfo(loop));
    const struct http_config config = {.host = conf->host,
            .port = (uint16_t)conf->port,
            .language = intake_language(),
            .backend = {loop, backend_command, backend_query, backend_directory, process.photos,
                    backend_once},
            .clock = process.clock,
            .rate = process.rate,
            .proxies = proxies,
            .files = {[FILE_TOKENS] = tokens,
                    [FILE_FOLLOW] = follow,
                    [FILE_OPEN311] = open311,
                    [FILE_VENDORS] = vendors}};
    err = http_new(&config, &process.http, &why);
    if (err)
        log_error("INTAKE-HTTP-REFUSED", "why=%s", log_quote(why.data));
    else
        log_info("INTAKE-HTTP-LISTENS", "host=%s port=%u tokens=%s codes=%s photos=%s persons=%s",
                conf->host, http_port(process.http), tokens ? "yes" : "no", follow ? "yes" : "no",
                process.photos ? "yes" : "no", intake_persons()->count ? "yes" : "no");
    return err ? err : sender_begin(loop, conf);
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

/* Once the site's number is known; then says when the limits are no longer counted together, and
 * when they are again. */
static void sharing_turn(struct loop *loop, const struct directory *directory, int64_t now_ms)
{
    if (!process.sharer && directory && loop_redis(loop)[0]) {
        process.sharer = rate_sharer_new(
                process.rate, process.clock, loop_redis(loop), directory_site(directory));
        process.sharer_since_ms = now_ms;
    }
    if (!process.sharer)
        return;
    bool shared = atomic_load(&process.rate_counts.shared);
    if (shared && process.sharing != SHARING) {
        process.sharing = SHARING;
        log_info("INTAKE-RATE-SHARED", "redis=%s", log_quote(loop_redis(loop)));
    } else if (!shared && (process.sharing == SHARING ||
                                  (process.sharing == SHARING_UNKNOWN &&
                                          now_ms - process.sharer_since_ms > SHARING_MS))) {
        process.sharing = ALONE;
        log_warn("INTAKE-RATE-ALONE", "redis=%s what=%s", log_quote(loop_redis(loop)),
                log_quote("Redis does not answer: each instance counts the limits of HTTP for "
                          "itself, so all together let more through"));
    }
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
    sharing_turn(loop, directory, now_ms);
}

static void intake_stop(struct loop *loop)
{
    (void)loop;
    sender_destroy(&process.sender);
    http_destroy(&process.http);
    rate_sharer_destroy(&process.sharer);
    rate_destroy(&process.rate);
    nonce_keeper_destroy(&process.nonces);
    photo_desk_destroy(&process.photos);
    store_fini();
}

/* Of the configuration only the files change while it runs; address and port need a
 * restart. */
static void intake_reload(struct loop *loop, void *conf)
{
    struct tokens *tokens = NULL;
    struct follow_keys *follow = NULL;
    struct jurisdictions *open311 = NULL;
    struct vendors *vendors = NULL;
    (void)loop;
    if (persons_read(conf) == OK)
        log_info("INTAKE-PERSONS", "keys=%zu", intake_persons()->count);
    if (tokens_read(conf, &tokens) == OK)
        http_file_set(process.http, FILE_TOKENS, tokens);
    if (follow_read(conf, &follow) == OK) {
        intake_qr_set(follow, ((const struct intake_conf *)conf)->qr_url);
        http_file_set(process.http, FILE_FOLLOW, follow);
    }
    if (open311_read(conf, &open311) == OK)
        http_file_set(process.http, FILE_OPEN311, open311);
    if (vendors_read(conf, &vendors) == OK)
        http_file_set(process.http, FILE_VENDORS, vendors);
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
            .reload = intake_reload,
            .metrics = intake_metrics};
    return service_main(argc, argv, &service);
}
