/* huyingctl story: a day of the district out of a file, on a drill's clock. Before each row the
 * clock goes from deadline to deadline up to the row's instant, so that all that was due before has
 * fired; then its people act over the bus, the site settles, and what has come of it is compared
 * with what the row expects. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "services/ctl/commands.h"
#include "services/ctl/ctl_hotline.h"
#include "services/ctl/drama.h"
#include "services/ctl/settle.h"
#include "services/ctl/site_directory.h"

#define USAGE "FILE [--without LINE:NAME …] [--line LINE …] [--until INSTANT]"
#define HELP                                                                                       \
    CTL_TEXT("在演练站点上走完一个故事:谁、何时、做什么,应当怎样。\n"     \
             "先检查整个文件;不符之处逐条指出,并以 1 结束。\n"                 \
             "写法见 docs/stories.md。一个站点只能走一遍。",                                       \
            "Runs a story on a drill site: who does what and when, and what has to come of it.\n"  \
            "The whole file is checked first; what differs is said and makes the exit status\n"    \
            "1. docs/stories.md says how one is written. A site can run a story once.")
#define ARENA_LIMIT ((size_t)1 << 30)

struct options {
    gchar **without, **lines, *until;
};

static enum err quiet(struct drama *drama, bool ledger)
{
    struct drill_busy busy;
    enum err err = settle(drama->pg, ledger, &busy);
    if (err != OK)
        ctl_fail(drama->ctl, "等不到安静。先看 huyingctl status",
                "the site does not settle. Look at huyingctl status first");
    return err;
}

/* Deadline by deadline, telling what each brings. */
static enum err clock_move(struct drama *drama, int64_t to_ms)
{
    while (drama->clock_ms < to_ms) {
        enum err err = clock_step(drama->pg, drama->client, to_ms, &drama->clock_ms);
        if (err == OK)
            err = drama_look(drama, NULL);
        if (err != OK) {
            ctl_fail(drama->ctl, "时钟没有走完这一步:%s", "the clock did not finish its step: %s",
                    err_text(err));
            return err;
        }
        drama_tell_news(drama, true);
    }
    return OK;
}

static enum err row_look(struct drama *drama, const struct drama_row *row)
{
    bool about_one = row->verb->kind != DRAMA_FIGURES && row->verb->kind != DRAMA_OUTCOMES &&
                     row->verb->kind != DRAMA_RECONCILE && row->verb->kind != DRAMA_SKIP;
    enum err err = quiet(drama, row->verb->kind == DRAMA_FIGURES);
    if (err == OK)
        err = drama_look(drama, about_one ? &drama->cases[row->case_at] : NULL);
    if (err == OK && row->verb->kind == DRAMA_FIGURES)
        err = drama_counters_read(drama);
    return err == OK ? drama_ask(drama, row) : err;
}

static enum err row_run(struct drama *drama, const struct drama_row *row)
{
    struct drama_answer answer;
    enum err err = clock_move(drama, row->at_ms);
    if (err != OK)
        return err;
    drama_tell_row(drama, row);
    drama->done++;
    if (row->verb->kind == DRAMA_SKIP) {
        drama->skipped++;
        return OK;
    }
    err = drama_act(drama, row, &answer);
    if (err == OK)
        err = row_look(drama, row);
    if (err != OK)
        return err;
    drama_tell_answer(drama, row, &answer);
    drama_tell_news(drama, false);
    drama_tell_lists(drama);
    drama_row_check(drama, row, &answer);
    return OK;
}

static enum err rows_run(struct drama *drama, int64_t until_ms)
{
    enum err err = OK;
    for (size_t i = 0; i < drama->file.count && err == OK; i++) {
        const struct drama_row *row = drama->file.order[i];
        if (!row->out && row->at_ms <= until_ms)
            err = row_run(drama, row);
    }
    return err;
}

static enum err site_open(struct drama *drama)
{
    struct drill_site site;
    if (ctl_conf_read(drama->ctl) != OK)
        return ERR_FATAL;
    drama->directory = site_directory(drama->ctl);
    drama->pg = drama->directory ? ctl_connect(drama->ctl, NULL) : NULL;
    if (!drama->pg)
        return ERR_TRANSIENT;
    if (store_drill_site(drama->pg, &site) != OK || !site.drill) {
        ctl_fail(drama->ctl, "这个站点不是演练站点:故事会拨动时钟,只在演练站点运行",
                "this site is no drill: a story moves the clock and runs on drill sites only");
        return ERR_DENIED;
    }
    drama->clock_ms = site.clock_ms;
    drama->site = site.number;
    drama->utc_offset_s = site.utc_offset_s;
    return OK;
}

static enum err file_open(struct drama *drama, const char *path, const struct options *options)
{
    const char *wrong = NULL;
    struct faults faults = {.english = drama->ctl->english};
    bool sound = drama_file_read(path, drama->directory, &faults, &drama->file);
    if (!sound) {
        fputs(faults.text.data ? faults.text.data : "", stderr);
        ctl_fail(drama->ctl, "%s:%zu 处错误,什么也没有做", "%s: %zu mistakes, nothing was done",
                path, faults.count);
    }
    faults_fini(&faults);
    if (!sound)
        return ERR_MALFORMED;
    if (!drama_file_choose(&drama->file, options->without, options->lines, &wrong)) {
        ctl_fail(drama->ctl, "故事里没有“%s”:--without 要 线:行名,--line 要线的名字",
                "the story has no \"%s\": --without takes LINE:NAME, --line a line's name", wrong);
        return ERR_MALFORMED;
    }
    return OK;
}

/* The first row that is told is still ahead of the clock. */
static enum err clock_check(const struct drama *drama)
{
    const struct drama_row *first = NULL;
    char now[INSTANT_SIZE];
    for (size_t i = 0; i < drama->file.count && !first; i++)
        if (!drama->file.order[i]->out)
            first = drama->file.order[i];
    if (!first || first->at_ms >= drama->clock_ms)
        return OK;
    drama_instant_format(now, drama->clock_ms, drama->utc_offset_s);
    ctl_fail(drama->ctl,
            "演练时钟已到 %s,过了故事的第一行;时钟不会倒退,请用新的站点(deploy/run reset)",
            "the drill's clock stands at %s, after the story's first row; it never goes back: use "
            "a "
            "fresh site (deploy/run reset)",
            now);
    return ERR_CONFLICT;
}

static void counter_free(void *value)
{
    g_free(value);
}

static void drama_init(struct drama *drama, struct ctl *ctl)
{
    drama->ctl = ctl;
    drama->counters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, counter_free);
    drama->sheets = g_ptr_array_new_with_free_func(drama_sheet_free);
    drama->records = g_array_new(FALSE, TRUE, sizeof(struct hotline_record));
    drama->digest = g_checksum_new(G_CHECKSUM_SHA256);
    arena_init(&drama->arena, ARENA_LIMIT);
}

static void drama_fini(struct drama *drama)
{
    drama_cases_fini(drama);
    hotline_close(&drama->hotline);
    if (drama->client)
        client_destroy(&drama->client);
    pg_destroy(&drama->pg);
    drama_file_fini(&drama->file);
    directory_destroy(&drama->directory);
    g_ptr_array_free(drama->sheets, TRUE);
    g_array_free(drama->records, TRUE);
    g_hash_table_destroy(drama->counters);
    g_checksum_free(drama->digest);
    arena_fini(&drama->arena);
}

static int story_run(struct drama *drama, const char *path, const struct options *options)
{
    int64_t until_ms = INT64_MAX;
    enum err err = site_open(drama);
    if (err == OK)
        err = file_open(drama, path, options);
    if (err == OK && options->until &&
            !drama_instant_parse(options->until, drama->utc_offset_s, drama->clock_ms, &until_ms))
        return ctl_fail(drama->ctl, "--until:“%s”不是形如 2026-09-30 10:02 的时刻",
                "--until: \"%s\" is no instant like 2026-09-30 10:02", options->until);
    if (err == OK)
        err = clock_check(drama);
    if (err == OK)
        err = ctl_hotline_open(drama->ctl, drama->site, &drama->hotline);
    if (err == OK)
        err = ctl_bus_connect(drama->ctl, &drama->client);
    if (err == OK)
        err = rows_run(drama, until_ms);
    if (err == OK)
        err = quiet(drama, true);
    if (err != OK)
        return EXIT_FAILED;
    drama_tell_end(drama);
    return drama->wrong == 0 ? EXIT_DONE : EXIT_FAILED;
}

int command_story(struct ctl *ctl, int argc, char **argv)
{
    static struct drama drama; /* large */
    struct options options = {0};
    GOptionEntry entries[] = {{"without", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.without,
                                      CTL_TEXT("略去这一行,和需要它的行",
                                              "leave out this row and those that need it"),
                                      CTL_TEXT("线:行名", "LINE:NAME")},
            {"line", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.lines,
                    CTL_TEXT("只走这条线", "only this line"), CTL_TEXT("线", "LINE")},
            {"until", 0, 0, G_OPTION_ARG_STRING, &options.until,
                    CTL_TEXT("走到这一时刻为止", "up to this instant"),
                    CTL_TEXT("时刻", "INSTANT")},
            {0}};
    int status = ctl_options(ctl, USAGE, HELP, entries, &argc, &argv);
    if (status < 0 && argc != 2)
        status = ctl_usage(ctl, "story", USAGE);
    if (status < 0) {
        signal(SIGPIPE, SIG_IGN);
        setvbuf(stdout, NULL, _IOLBF, 0); /* in one order with what goes to standard error */
        drama_init(&drama, ctl);
        status = story_run(&drama, argv[1], &options);
        drama_fini(&drama);
        memset(&drama, 0, sizeof drama);
    }
    g_strfreev(options.without);
    g_strfreev(options.lines);
    g_free(options.until);
    return status;
}
