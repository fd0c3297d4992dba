/* huyingctl replay: a city's file of reports goes through the cluster, as its hotline pushed
 * them and its staff worked on them. The drill's clock moves from deadline to deadline:
 *
 *   push the reports that were created by the next deadline (or so many at once)
 *   settle; the deadlines that they brought may be earlier
 *   the field staff accepts, and finishes what ended by then; reporters withdraw
 *   the clock goes just past the deadline; what is due fires; settle, the ledger too
 *
 * A message carries its own time, so that everything up to a deadline is decided before it
 * fires, and every figure is the same in each run. Fed again, the file gives duplicates and
 * changes nothing. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "services/ctl/commands.h"
#include "services/ctl/replay_report.h"
#include "services/ctl/replay_way.h"
#include "services/ctl/settle.h"
#include "services/intake/hotline/hotline.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/must.h"

#define PUSH_MS 60000
#define AHEAD_ROWS 2000 /* reports pushed in one go, at most */
#define HELP                                                                                       \
    CTL_TEXT("把一份工单文件完整走一遍。可以重复运行:重复的工单只会得到重复回执。",                \
            "Runs a file of reports the whole way, from acceptance to the ledger.\n"               \
            "May be repeated: known tickets get a duplicate receipt.")

struct replay {
    struct ctl *ctl;
    struct pg *pg;
    struct replay_way way;
    struct client *client; /* in huyingctl's own name */
    struct replay_file file;
    struct replay_counts counts;
    FILE *staff_in, *staff_out;
    pid_t staff;
    size_t pushed;     /* rows up to this one were pushed */
    size_t told;       /* how much had happened to them when the staff was told last */
    size_t withdrawn;  /* index into `cancelled` */
    size_t *cancelled; /* rows, by ended_ms */
    size_t cancelled_count;
    int64_t started_ms, clock_ms, said_ms;
};

static int64_t now_ms(void)
{
    struct clock clock = clock_system();
    return clock.monotonic_ms(clock.self);
}

static void progress(struct replay *replay, bool last)
{
    int64_t now = now_ms();
    if (!last && now - replay->said_ms < 1000)
        return;
    replay->said_ms = now;
    char at[INSTANT_SIZE];
    instant_format(at, replay->clock_ms, replay->counts.utc_offset_s);
    double seconds = (double)(now - replay->started_ms) / 1000.0;
    double done =
            replay->file.count ? (double)replay->counts.ended / (double)replay->file.count : 1;
    ctl_say(replay->ctl, "演练时钟 %s · 已推送 %zu/%zu · 已办结 %zu · %.0f 件/秒 · 约剩 %.0f 秒\n",
            "drill clock %s · pushed %zu/%zu · ended %zu · %.0f cases/s · about %.0f s left\n", at,
            replay->pushed, replay->file.count, replay->counts.ended,
            seconds > 0 ? (double)replay->counts.ended / seconds : 0.0,
            done > 0.01 ? seconds / done - seconds : 0.0);
}

/* The staff's program gets the same file and is told by lines (field_main.c). */
static enum err staff_start(struct replay *replay, const char *csv)
{
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
        return ERR_TRANSIENT;
    replay->staff = fork();
    if (replay->staff == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        execl("/proc/self/exe", "huyingctl", "--home", replay->ctl->home, "--lang",
                replay->ctl->english ? "en" : "zh", "field", csv, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    replay->staff_in = fdopen(to[1], "w");
    replay->staff_out = fdopen(from[0], "r");
    must(replay->staff_in && replay->staff_out);
    return replay->staff > 0 ? OK : ERR_TRANSIENT;
}

static enum err staff_tell(struct replay *replay, const char *word, int64_t number)
{
    char line[80] = "";
    fprintf(replay->staff_in, "%s %" PRId64 "\n", word, number);
    if (fflush(replay->staff_in) == 0 && fgets(line, sizeof line, replay->staff_out) &&
            strcmp(line, "ok\n") == 0)
        return OK;
    ctl_fail(replay->ctl, "外勤人员没有完成(%s %" PRId64 "):%s",
            "the field staff did not finish (%s %" PRId64 "): %s", word, number, line);
    return ERR_TRANSIENT;
}

static void staff_stop(struct replay *replay)
{
    if (replay->staff_in)
        fclose(replay->staff_in);
    if (replay->staff_out)
        fclose(replay->staff_out);
    if (replay->staff > 0)
        waitpid(replay->staff, NULL, 0);
}

static void row_report(const struct replay_row *row, struct hotline_report *report)
{
    *report = (struct hotline_report){.ticket = row->ticket,
            .matter = row->matter,
            .text = row->text,
            .longitude = row->longitude,
            .latitude = row->latitude,
            .unit_code_count = row->code_count,
            .reported_ms = row->created_ms,
            .promised_ms = row->promised_ms};
    memcpy(report->unit_codes, row->codes, sizeof row->codes);
}

/* Pushes rows up to `until`, in full frames, and again what got no answer. */
static enum err push(struct replay *replay, size_t until)
{
    static struct hotline_report reports[HOTLINE_PUSH_MAX];
    static struct hotline_receipt receipts[HOTLINE_PUSH_MAX];
    while (replay->pushed < until) {
        size_t count = 0, rows = 0;
        bool first[HOTLINE_PUSH_MAX];
        while (replay->pushed + rows < until && count < HOTLINE_PUSH_MAX) {
            const struct replay_row *row = &replay->file.rows[replay->pushed + rows++];
            if (row->refused) {
                replay_count_refused(&replay->counts, row->refused);
                continue;
            }
            first[count] = row->first;
            row_report(row, &reports[count++]);
        }
        enum err err;
        int tries = 0;
        do {
            err = count ? replay->way.push(replay->way.self, reports, receipts, count, PUSH_MS)
                        : OK;
        } while (err == ERR_TRANSIENT && ++tries < 5);
        if (err != OK) {
            ctl_fail(replay->ctl, "推送没有得到全部回执:%s", "not all receipts came: %s",
                    err_name(err));
            return err;
        }
        for (size_t i = 0; i < count; i++)
            replay_count_receipt(&replay->counts, &receipts[i], first[i]);
        replay->pushed += rows;
        progress(replay, false);
    }
    return OK;
}

/* Reporters take back what the file says was cancelled. */
static enum err withdraw(struct replay *replay, int64_t until_ms)
{
    for (; replay->withdrawn < replay->cancelled_count; replay->withdrawn++) {
        const struct replay_row *row = &replay->file.rows[replay->cancelled[replay->withdrawn]];
        if (row->ended_ms > until_ms)
            return OK;
        /* Refused when it has ended before: the file is fed again. */
        enum err err = replay->way.withdraw(replay->way.self, row->ticket, row->ended_ms, PUSH_MS);
        if (err != OK)
            return err;
    }
    return OK;
}

static int by_end(const void *left, const void *right, void *self)
{
    const struct replay_row *rows = self;
    const struct replay_row *a = &rows[*(const size_t *)left], *b = &rows[*(const size_t *)right];
    return (a->ended_ms > b->ended_ms) - (a->ended_ms < b->ended_ms);
}

static void cancelled_list(struct replay *replay)
{
    replay->cancelled = calloc(replay->file.count + 1, sizeof *replay->cancelled);
    must(replay->cancelled);
    for (size_t i = 0; i < replay->file.count; i++)
        if (replay->file.rows[i].first && replay->file.rows[i].status == REPLAY_CANCELLED)
            replay->cancelled[replay->cancelled_count++] = i;
    qsort_r(replay->cancelled, replay->cancelled_count, sizeof *replay->cancelled, by_end,
            replay->file.rows);
}

/* How much has happened to the pushed reports by then: handled and ended ones. */
static size_t happened_by(const struct replay *replay, int64_t until_ms, size_t *ret_ended)
{
    size_t handled = 0;
    *ret_ended = 0;
    for (size_t i = 0; i < replay->pushed; i++) {
        const struct replay_row *row = &replay->file.rows[i];
        if (!row->first || row->status == REPLAY_OPEN)
            continue;
        handled += row->handled_ms <= until_ms;
        *ret_ended += row->ended_ms <= until_ms;
    }
    return handled + *ret_ended;
}

static enum err quiet(struct replay *replay, bool ledger)
{
    struct drill_busy busy;
    enum err err = settle(replay->pg, ledger, &busy);
    if (err != OK)
        ctl_fail(replay->ctl,
                "等不到安静:未确认 %" PRId64 "+%" PRId64 ",等待 %" PRId64 ",到期 %" PRId64
                ",待派 %" PRId64 ",未入账 %" PRId64,
                "it does not settle: unacknowledged %" PRId64 "+%" PRId64 ", waiting %" PRId64
                ", due %" PRId64 ", to assign %" PRId64 ", not in the ledger %" PRId64,
                busy.outbox, busy.outbox_audit, busy.waiting, busy.timers, busy.work,
                busy.unplaced);
    return err;
}

static enum err next_due(struct replay *replay, int64_t *ret_ms)
{
    enum err err = settle_next(replay->pg, ret_ms);
    if (err == OK && *ret_ms == 0)
        *ret_ms = INT64_MAX;
    return err;
}

/* The reports created by `horizon_ms`, as many as go at once; *horizon_ms comes down to the last
 * of them and to deadlines that they brought. */
static enum err push_until(struct replay *replay, int64_t *horizon_ms)
{
    int64_t due_ms = 0;
    size_t until = replay_file_until(&replay->file, replay->pushed, *horizon_ms);
    if (until == replay->pushed)
        return OK;
    if (until > replay->pushed + AHEAD_ROWS) {
        until = replay->pushed + AHEAD_ROWS;
        *horizon_ms = replay->file.rows[until - 1].created_ms;
    }
    enum err err = push(replay, until);
    if (err == OK)
        err = quiet(replay, false);
    if (err == OK)
        err = staff_tell(replay, "take", (int64_t)replay->pushed);
    if (err == OK)
        err = next_due(replay, &due_ms);
    if (err == OK && due_ms < *horizon_ms)
        *horizon_ms = due_ms;
    return err;
}

/* What has ended by then, if there is anything new. */
static enum err finish_until(struct replay *replay, int64_t horizon_ms)
{
    size_t happened = happened_by(replay, horizon_ms, &replay->counts.ended);
    if (happened == replay->told)
        return OK;
    enum err err = staff_tell(replay, "finish", horizon_ms);
    if (err == OK)
        err = withdraw(replay, horizon_ms);
    replay->told = happened;
    return err;
}

/* One deadline further. *ret_over: everything of the file has happened. */
static enum err advance(struct replay *replay, bool *ret_over)
{
    int64_t due_ms = 0, last_ms = replay->file.last_ms;
    enum err err = next_due(replay, &due_ms);
    int64_t horizon_ms = due_ms < last_ms ? due_ms : last_ms;
    if (err == OK)
        err = push_until(replay, &horizon_ms);
    if (err == OK)
        err = finish_until(replay, horizon_ms);
    *ret_over = horizon_ms == last_ms && replay->pushed == replay->file.count;
    if (err == OK && horizon_ms + 1 > replay->clock_ms) {
        err = clock_step(replay->pg, replay->client, horizon_ms + 1, &replay->clock_ms);
        if (err != OK)
            err = quiet(replay, false); /* says what is still under way */
    }
    progress(replay, false);
    return err;
}

/* The hotline fetches how its cases ended and acknowledges it, until there is nothing left. */
static enum err outcomes_fetch(struct replay *replay)
{
    static struct hotline_outcome outcomes[HOTLINE_OUTCOMES_MAX];
    int64_t after = 0;
    for (;;) {
        size_t count = 0;
        enum err err = replay->way.outcomes(
                replay->way.self, after, outcomes, HOTLINE_OUTCOMES_MAX, &count, PUSH_MS);
        if (err != OK || count == 0)
            return err;
        err = replay->way.acknowledge(replay->way.self, outcomes, count, replay->clock_ms, PUSH_MS);
        if (err != OK)
            return err;
        replay->counts.outcomes += count;
        after = outcomes[count - 1].case_id;
    }
}

static enum err replay_run(struct replay *replay)
{
    bool over = replay->file.count == 0;
    enum err err = OK;
    while (!over && err == OK)
        err = advance(replay, &over);
    if (err == OK)
        err = outcomes_fetch(replay);
    if (err == OK)
        err = quiet(replay, true);
    progress(replay, true);
    return err;
}

static enum err replay_open(struct replay *replay, const char *csv, const char *way)
{
    struct ctl *ctl = replay->ctl;
    struct drill_site site;
    if (ctl_conf_read(ctl) != OK)
        return ERR_FATAL;
    replay->pg = ctl_connect(ctl, NULL);
    if (!replay->pg)
        return ERR_TRANSIENT;
    if (store_drill_site(replay->pg, &site) != OK || !site.drill) {
        ctl_fail(ctl, "这个站点不是演练站点:回放会拨动时钟,只在演练站点运行",
                "this site is no drill: a replay moves the clock and runs on drill sites only");
        return ERR_DENIED;
    }
    replay->counts.site = site.number;
    replay->counts.utc_offset_s = site.utc_offset_s;
    replay->clock_ms = site.clock_ms;
    struct drill_figures figures;
    if (settle_figures(replay->pg, &figures) != OK)
        return ERR_TRANSIENT;
    replay->counts.cases_before = (size_t)figures.cases;
    enum err err = replay_file_read(ctl, csv, site.utc_offset_s, &replay->file);
    if (err == OK)
        err = replay_way_open(ctl, way, site.number, &replay->way);
    if (err == OK)
        err = ctl_bus_connect(ctl, &replay->client);
    if (err == OK)
        err = staff_start(replay, csv);
    cancelled_list(replay);
    return err;
}

static void replay_close(struct replay *replay)
{
    staff_stop(replay);
    replay_way_close(&replay->way);
    client_destroy(&replay->client);
    pg_destroy(&replay->pg);
    free(replay->cancelled);
    replay_file_fini(&replay->file);
    replay_counts_fini(&replay->counts);
}

int command_replay(struct ctl *ctl, int argc, char **argv)
{
    gchar *csv = NULL, *way = NULL;
    GOptionEntry entries[] = {
            {"csv", 0, 0, G_OPTION_ARG_FILENAME, &csv, CTL_TEXT("工单文件", "file of reports"),
                    CTL_TEXT("文件", "FILE")},
            {"way", 0, 0, G_OPTION_ARG_STRING, &way,
                    CTL_TEXT("上报的途径:hotline(热线端口)、http 或 open311",
                            "how the reports come in: hotline (its port), http or open311"),
                    CTL_TEXT("途径", "WAY")},
            {0}};
    int status = ctl_options(ctl, "PROFILE", HELP, entries, &argc, &argv);
    if (status >= 0)
        return status;
    if (argc != 2)
        return ctl_usage(ctl, "replay", "PROFILE");
    gchar *file = csv ? g_strdup(csv)
                      : g_strdup_printf("%s/deploy/profiles/%s/reports.csv", ctl->root, argv[1]);
    struct replay replay = {.ctl = ctl, .started_ms = now_ms()};
    signal(SIGPIPE, SIG_IGN);
    bool complete = false;
    if (replay_open(&replay, file, way) == OK && replay_run(&replay) == OK) {
        replay.counts.wall_ms = now_ms() - replay.started_ms;
        complete = replay_report(ctl, replay.pg, &replay.file, &replay.counts);
    }
    replay_close(&replay);
    g_free(file);
    g_free(csv);
    g_free(way);
    return complete ? EXIT_DONE : EXIT_FAILED;
}
