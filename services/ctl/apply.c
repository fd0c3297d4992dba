/* huyingctl apply PROFILE_DIR: reads and checks the profile, shows every mistake, and writes
 * nothing unless all is right. --dry-run does all of it and takes it back, so its counts are
 * what apply would do. */
#include <inttypes.h>

#include "services/ctl/commands.h"
#include "services/ctl/profile.h"
#include "services/ctl/store_profile.h"

#define HELP                                                                                       \
    CTL_TEXT("检查样板目录(site.conf、units.csv、matters.csv 等,格式见 "               \
             "docs/profiles.md),写入数据库。\n"                                              \
             "有任何错误就全部列出(最多 50 "                                           \
             "条),什么也不写。可以重复运行;编码不变则编号不变,没有了的单位记为停用。",             \
            "Checks a profile (site.conf, units.csv, matters.csv …; docs/profiles.md is the "    \
            "format) and\n"                                                                        \
            "writes it into the directory. Lists all mistakes, at most 50, and then writes "       \
            "nothing. May be\n"                                                                    \
            "repeated: ids are stable by code, and a unit that is gone is retired.")

static const struct {
    const char *key, *text;
} PARTS[DIFF_PARTS] = {
        [DIFF_SITE] = {"site", CTL_TEXT("站点", "site")},
        [DIFF_UNITS] = {"units", CTL_TEXT("单位", "units")},
        [DIFF_STAFF] = {"staff", CTL_TEXT("人员", "staff")},
        [DIFF_MATTERS] = {"matters", CTL_TEXT("事项", "matters")},
        [DIFF_GRIDS] = {"grids", CTL_TEXT("网格图形", "grid polygons")},
        [DIFF_DAYS] = {"calendar_days", CTL_TEXT("日历", "calendar days")},
};

static void diff_json(const struct diff *diff, bool dry)
{
    json_t *object = json_pack("{s:I, s:b, s:b, s:i}", "version", (json_int_t)diff->version,
            "changed", diff->any, "dry_run", dry, "calendar_year_missing", (int)diff->year_missing);
    for (size_t i = 0; i < DIFF_PARTS; i++)
        json_object_set_new(object, PARTS[i].key,
                json_pack("{s:I, s:I, s:I}", "added", (json_int_t)diff->parts[i].added, "changed",
                        (json_int_t)diff->parts[i].changed, "retired",
                        (json_int_t)diff->parts[i].retired));
    ctl_json(object);
}

static void diff_print(const struct ctl *ctl, const struct diff *diff, bool dry)
{
    if (ctl->json) {
        diff_json(diff, dry);
        return;
    }
    for (size_t i = 0; i < DIFF_PARTS; i++) {
        char name[64];
        if (diff->parts[i].added + diff->parts[i].changed + diff->parts[i].retired > 0)
            ctl_print(ctl, "%s:新增 %" PRId64 ",改动 %" PRId64 ",停用 %" PRId64 "\n",
                    "%s: %" PRId64 " added, %" PRId64 " changed, %" PRId64 " retired\n",
                    ctl_text(ctl, PARTS[i].text, name, sizeof(name)), diff->parts[i].added,
                    diff->parts[i].changed, diff->parts[i].retired);
    }
    if (!diff->any)
        ctl_print(ctl, "没有变化,版本 %" PRId64 "\n", "nothing changed, version %" PRId64 "\n",
                diff->version);
    else if (dry)
        ctl_print(ctl, "试运行:没有写入,写入后将是版本 %" PRId64 "\n",
                "dry run: nothing was written; it would become version %" PRId64 "\n",
                diff->version);
    else
        ctl_print(
                ctl, "已写入,版本 %" PRId64 "\n", "written, version %" PRId64 "\n", diff->version);
}

static int faults_show(const struct ctl *ctl, const struct profile *profile)
{
    fputs(profile->faults.text.data, stderr);
    return ctl_fail(ctl, "%s:%zu 处错误(最多显示 %d 处),没有写入任何内容",
            "%s: %zu mistakes (at most %d are shown), nothing was written", profile->dir,
            profile->faults.count, FAULTS_MAX);
}

/* A warning, on standard error: the profile is right, and some deadlines cannot be set yet. */
static void calendar_warn(const struct ctl *ctl, int32_t year)
{
    if (year != 0)
        ctl_fail(ctl,
                "注意:calendar.csv 没有 %d 年的日期,45 天内 clock 为 work 的事项就会需要它,"
                "届时其期限定不下来;请补上国务院公布的放假安排",
                "note: calendar.csv has no day of %d, which matters with clock work need within 45 "
                "days; until then no deadline can be set there: add the year's holidays and "
                "make-up "
                "days",
                (int)year);
}

static int profile_apply(struct ctl *ctl, const struct profile *profile, bool dry)
{
    BUF_OWNED zh = {0}, en = {0};
    struct diff diff = {0};
    struct pg *pg = ctl_connect(ctl, NULL);
    if (pg == NULL)
        return EXIT_FAILED;
    enum err err = store_profile_apply(pg, profile, !dry, &diff, &zh, &en);
    if (err == OK) {
        diff_print(ctl, &diff, dry);
        calendar_warn(ctl, diff.year_missing);
    } else if (err == ERR_CONFLICT) {
        ctl_fail(ctl, "%s%.0s", "%.0s%s", zh.data, en.data);
    } else {
        ctl_fail(ctl, "没有写入:%s。如果表还没建立,先运行 huyingctl migrate",
                "nothing was written: %s. If the tables are not there yet, run huyingctl migrate "
                "first",
                pg_message(pg));
    }
    pg_destroy(&pg);
    return err == OK ? EXIT_DONE : EXIT_FAILED;
}

int command_apply(struct ctl *ctl, int argc, char **argv)
{
    gboolean dry = FALSE;
    const GOptionEntry entries[] = {
            {"dry-run", 0, 0, G_OPTION_ARG_NONE, &dry,
                    CTL_TEXT("只检查并显示会有什么变化", "check and show what would change"), NULL},
            {0}};
    int status = ctl_options(ctl, "PROFILE_DIR [--dry-run]", HELP, entries, &argc, &argv);
    if (status >= 0)
        return status;
    if (argc != 2)
        return ctl_usage(ctl, "apply", "PROFILE_DIR [--dry-run]");
    struct profile profile;
    if (profile_read(&profile, argv[1], ctl->english) != OK)
        status = faults_show(ctl, &profile);
    else if (ctl_conf_read(ctl) != OK)
        status = EXIT_FAILED;
    else
        status = profile_apply(ctl, &profile, dry);
    profile_fini(&profile);
    return status;
}
