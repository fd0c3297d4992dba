/* The cluster under load, as those around it make it: a hotline that pushes reports in full
 * frames, and the staff who look at their worklists and accept, arrive, finish and verify
 * (services/ctl/field.c, the replay's field staff). Each worker is a process with a hotline and
 * a staff of its own. It pushes its next wave before the staff works on the one before, so that
 * every service has something to do; at most two waves of a worker are under way.
 *
 *   load cases --csv FILE --count N     from the report to the closed case; the staff works
 *   load push  --csv FILE --count N     reports only
 *   load ack   --csv FILE --count N     one report at a time, by each way in
 *   load rate  --csv FILE --way WAY     reports at a rate, whatever their receipts take
 *   load full  --csv FILE --way WAY     as many receipts as there can be
 *   load null  --csv FILE               the same two without a site: the load's own share
 *   load feed  --csv FILE               what waits for routing, pushed in intake's place
 *
 * The cluster is that of --home. Matters and places are those of the file; the reports are made
 * up, and have no promise, so that no deadline fires. The clock that counts is the caller's:
 * this program ends when the staff has seen its last case closed, which is before the ledger has
 * all of it. */
#include "tests/bench/load.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "services/ctl/field.h"
#include "services/ctl/store_drill.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/rng.h"
#include "services/kernel/bus/keyfile.h"
#include "services/kernel/store/directory.h"

#define WORKERS_MAX 32
#define STAFF_ARENA_LIMIT ((size_t)256 << 20)
#define STAFF_PAUSE_MS 2
#define RATE_MAX 100000
#define SECONDS_MAX 3600.0
#define CALL_TEXT "人行道上堆着一大堆建筑垃圾，已经三天了，行人只能走到马路中间，请尽快来清理一下。"

int64_t load_now_us(void)
{
    return g_get_monotonic_time();
}

void load_fail(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    exit(1);
}

static const char *const way_names[] = {
#define X(name, text, status) [name] = text,
        WAY_TABLE(X)
#undef X
};

const char *load_way_name(enum load_way way)
{
    return way_names[way];
}

bool load_way_find(const char *name, enum load_way *ret)
{
    for (int way = 0; way < WAY_COUNT; way++) {
        if (strcmp(way_names[way], name) == 0) {
            *ret = (enum load_way)way;
            return true;
        }
    }
    return false;
}

struct hotline *load_hotline(const struct load *load)
{
    char path[CTL_PATH_SIZE];
    struct hotline *hotline;
    ctl_path(load->ctl, path, "keys/hotline-demo.key");
    struct hotline_config config = {.site = (uint16_t)load->site,
            .server_key = load->ctl->conf.server_key,
            .key_file = path};
    gchar **brokers = g_strsplit(load->ctl->conf.hotlines, ";", HOTLINE_ENDPOINTS_MAX);
    for (gchar **it = brokers; *it; it++)
        if (**it)
            config.endpoints[config.endpoint_count++] = *it;
    enum err err = hotline_open(&config, &hotline);
    g_strfreev(brokers);
    if (err != OK)
        load_fail("hotline %s, key %s: %s", load->ctl->conf.hotlines, path, err_name(err));
    return hotline;
}

void load_report(const struct load *load,
        size_t index,
        char ticket[HOTLINE_TICKET_SIZE],
        struct hotline_report *ret)
{
    const struct replay_row *row = &load->rows.rows[index % load->rows.count];
    snprintf(ticket, HOTLINE_TICKET_SIZE, "%s-%zu", load->run, index);
    *ret = (struct hotline_report){.ticket = ticket,
            .matter = load->matter ? load->matter : row->matter,
            .unit_code_count = row->code_count};
    memcpy(ret->unit_codes, row->codes, sizeof row->codes);
}

void load_call(const struct load *load,
        size_t index,
        char ticket[HOTLINE_TICKET_SIZE],
        struct hotline_report *ret)
{
    load_report(load, index, ticket, ret);
    ret->text = CALL_TEXT;
}

/* A worker's reports, first to last. */
struct share {
    const struct load *load;
    size_t first, count;
    struct hotline *hotline;
    char (*tickets)[HOTLINE_TICKET_SIZE];
    struct replay_row *rows; /* of the same reports, for the staff */
};

static void share_init(struct share *share, const struct load *load, int worker)
{
    size_t count = (size_t)load->count, workers = (size_t)load->workers, at = (size_t)worker;
    *share = (struct share){.load = load, .first = count * at / workers};
    share->count = count * (at + 1) / workers - share->first;
    share->tickets = calloc(share->count + 1, sizeof *share->tickets);
    share->rows = calloc(share->count + 1, sizeof *share->rows);
    must(share->tickets && share->rows);
    share->hotline = load_hotline(load);
}

/* Pushes the share's reports from `from` to `until`, in one frame. */
static void wave_push(struct share *share, size_t from, size_t until)
{
    static struct hotline_report reports[HOTLINE_PUSH_MAX];
    static struct hotline_receipt receipts[HOTLINE_PUSH_MAX];
    size_t count = until - from;
    for (size_t i = 0; i < count; i++) {
        load_report(share->load, share->first + from + i, share->tickets[from + i], &reports[i]);
        share->rows[from + i] = (struct replay_row){.ticket = share->tickets[from + i],
                .matter = reports[i].matter,
                .status = REPLAY_CLOSED,
                .first = true};
    }
    enum err err = hotline_push(share->hotline, reports, receipts, count, LOAD_ANSWER_MS);
    if (err != OK)
        load_fail("push: %s", err_name(err));
    /* The client sends again what had no answer for some seconds: then the receipt says so. */
    for (size_t i = 0; i < count; i++)
        if (receipts[i].result != HOTLINE_ACCEPTED && receipts[i].result != HOTLINE_DUPLICATE)
            load_fail("report %s was not accepted: %s %s", receipts[i].ticket, receipts[i].reason,
                    receipts[i].text);
}

static size_t wave_end(const struct share *share, size_t from)
{
    size_t until = from + (size_t)share->load->wave;
    return until < share->count ? until : share->count;
}

static void share_push(struct share *share)
{
    for (size_t at = 0; at < share->count; at = wave_end(share, at))
        wave_push(share, at, wave_end(share, at));
}

static void staff_init(struct field *staff, const struct share *share, struct replay_file *file)
{
    struct rng rng;
    rng_seed_secure(&rng);
    *file = (struct replay_file){.rows = share->rows, .count = share->count};
    *staff = (struct field){.ctl = share->load->ctl,
            .file = file,
            .directory = share->load->directory,
            .nonce = (unsigned)rng_next(&rng)};
    staff->open = calloc(share->count + 1, sizeof *staff->open);
    must(staff->open);
    arena_init(&staff->arena, STAFF_ARENA_LIMIT);
    if (ctl_bus_connect(share->load->ctl, &staff->client) != OK)
        exit(1);
}

/* Takes the reports up to `until`, each of which is to become somebody's work: what was pushed a
 * moment ago may not have come so far, and field_take leaves what nobody has yet. */
static void staff_take(struct field *staff, size_t until)
{
    size_t taken = staff->taken, open = staff->open_count;
    int64_t began_us = load_now_us();
    for (;;) {
        enum err err = field_take(staff, until);
        if (err != OK)
            load_fail("the staff: %s", err_name(err));
        if (staff->open_count - open == until - taken)
            return;
        if (load_now_us() - began_us > LOAD_ANSWER_MS * INT64_C(1000))
            load_fail("%zu of %zu reports became nobody's work",
                    until - taken - (staff->open_count - open), until - taken);
        staff->taken = taken;
        staff->open_count = open;
        poll(NULL, 0, STAFF_PAUSE_MS);
    }
}

static void share_cases(struct share *share)
{
    struct field staff;
    struct replay_file file;
    staff_init(&staff, share, &file);
    size_t pushed = wave_end(share, 0);
    wave_push(share, 0, pushed);
    for (size_t taken = 0; taken < share->count;) {
        size_t next = wave_end(share, pushed);
        if (next > pushed)
            wave_push(share, pushed, next);
        staff_take(&staff, pushed);
        enum err err = field_finish(&staff, 0);
        if (err != OK)
            load_fail("the staff: %s", err_name(err));
        taken = pushed;
        pushed = next;
    }
    client_destroy(&staff.client);
    arena_fini(&staff.arena);
    free(staff.open);
}

static void share_fini(struct share *share)
{
    hotline_close(&share->hotline);
    free(share->tickets);
    free(share->rows);
}

/* Before they fork, the workers wait for nothing: what they share is read-only. */
static void workers_run(const struct load *load, const char *name, void (*run)(struct share *))
{
    pid_t pids[WORKERS_MAX];
    bool good = true;
    int64_t began_us = load_now_us();
    for (int i = 0; i < load->workers; i++) {
        pids[i] = fork();
        if (pids[i] < 0)
            load_fail("fork");
        if (pids[i] > 0)
            continue;
        struct share share;
        share_init(&share, load, i);
        run(&share);
        share_fini(&share);
        _exit(0);
    }
    for (int i = 0; i < load->workers; i++) {
        int status;
        good = waitpid(pids[i], &status, 0) == pids[i] && status == 0 && good;
    }
    if (!good)
        load_fail("a worker did not finish; its reason is above");
    double seconds = (double)(load_now_us() - began_us) / 1e6;
    printf("{\"reference\":\"%s\",\"figures\":{\"per_s\":%.0f,\"count\":%d,\"seconds\":%.3f}}\n",
            name, load->count / seconds, load->count, seconds);
}

static void load_open(struct load *load, const char *csv)
{
    struct drill_site site;
    if (ctl_conf_read(load->ctl) != OK)
        exit(1);
    struct pg *pg = ctl_connect(load->ctl, NULL);
    if (!pg || store_drill_site(pg, &site) != OK || directory_load_now(pg, &load->directory) != OK)
        load_fail("the directory could not be read; is the site up?");
    pg_destroy(&pg);
    load->site = site.number;
    if (replay_file_read(load->ctl, csv, site.utc_offset_s, &load->rows) != OK)
        exit(1);
    size_t kept = 0;
    for (size_t i = 0; i < load->rows.count; i++)
        if (!load->rows.rows[i].refused)
            load->rows.rows[kept++] = load->rows.rows[i];
    load->rows.count = kept;
    if (!kept)
        load_fail("%s has no report that could be pushed", csv);
}

static void load_fini(struct load *load)
{
    replay_file_fini(&load->rows);
    directory_destroy(&load->directory);
}

static bool load_sound(struct load *load)
{
    bool way = !load->way_name || load_way_find(load->way_name, &load->way);
    return way && load->count >= 1 && load->workers >= 1 && load->workers <= WORKERS_MAX &&
           load->workers <= load->count && load->wave >= 1 && load->wave <= HOTLINE_PUSH_MAX &&
           load->rate >= 1 && load->rate <= RATE_MAX && load->seconds > 0 &&
           load->seconds <= SECONDS_MAX && load->connections >= 0 &&
           load->connections <= LOAD_CONNECTIONS_MAX;
}

static void load_cases(const struct load *load)
{
    workers_run(load, "cases", share_cases);
}

static void load_push(const struct load *load)
{
    workers_run(load, "push", share_push);
}

static const struct {
    const char *name;
    void (*run)(const struct load *load);
} COMMANDS[] = {{"cases", load_cases}, {"push", load_push}, {"ack", load_acks}, {"rate", load_rate},
        {"full", load_full}, {"null", load_null}, {"feed", load_feed}};

static void command_run(const struct load *load, const char *name)
{
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
        if (strcmp(COMMANDS[i].name, name) == 0) {
            COMMANDS[i].run(load);
            return;
        }
    }
    load_fail("%s: cases, push, ack, rate, full, null or feed expected", name);
}

int main(int argc, char **argv)
{
    struct ctl ctl = {.english = true};
    struct load load = {
            .ctl = &ctl, .count = 20000, .workers = 8, .wave = 500, .rate = 200, .seconds = 5};
    const char *csv = NULL, *home = NULL;
    GOptionEntry entries[] = {
            {"home", 0, 0, G_OPTION_ARG_FILENAME, &home, "$HUYING_HOME of the cluster", "DIR"},
            {"csv", 0, 0, G_OPTION_ARG_FILENAME, &csv, "Reports like these", "FILE"},
            {"count", 0, 0, G_OPTION_ARG_INT, &load.count, "Reports in all (20000)", "N"},
            {"workers", 0, 0, G_OPTION_ARG_INT, &load.workers, "Processes (8)", "N"},
            {"wave", 0, 0, G_OPTION_ARG_INT, &load.wave, "Reports in a frame (500)", "N"},
            {"matter", 0, 0, G_OPTION_ARG_STRING, &load.matter, "All of this matter", "CODE"},
            {"run", 0, 0, G_OPTION_ARG_STRING, &load.run, "Name of the tickets", "NAME"},
            {"http-port", 0, 0, G_OPTION_ARG_INT, &load.http_port, "Port of intake's HTTP", "N"},
            {"way", 0, 0, G_OPTION_ARG_STRING, &load.way_name,
                    "hotline (preset), http, open311 or vendor", "WAY"},
            {"rate", 0, 0, G_OPTION_ARG_INT, &load.rate, "Reports a second (200)", "N"},
            {"seconds", 0, 0, G_OPTION_ARG_DOUBLE, &load.seconds, "rate, full, null (5)", "S"},
            {"connections", 0, 0, G_OPTION_ARG_INT, &load.connections,
                    "At a time (8 to the hotline's port, 256 of HTTP)", "N"},
            {0}};
    GOptionContext *context = g_option_context_new("cases|push|ack|rate|full|null|feed");
    g_option_context_add_main_entries(context, entries, NULL);
    bool good = g_option_context_parse(context, &argc, &argv, NULL) && argc == 2;
    g_option_context_free(context);
    if (!good || !csv || !home || !load.run || !load_sound(&load)) {
        fputs("load: wrong arguments; --home, --csv and --run are needed: see --help\n", stderr);
        return 2;
    }
    snprintf(ctl.home, sizeof ctl.home, "%s", home);
    load_open(&load, csv);
    command_run(&load, argv[1]);
    load_fini(&load);
    return 0;
}
