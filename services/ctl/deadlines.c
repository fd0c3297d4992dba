/* huyingctl deadlines: every instant that was announced to somebody, counted again from the case's
 * history, the version of the matter that it keeps, and the working time that held at that step.
 * From the database alone, so it also works on a copy. */
#include <inttypes.h>
#include <stdlib.h>

#include "services/ctl/commands.h"
#include "services/ctl/names.h"
#include "services/ctl/site_directory.h"
#include "services/ctl/store_deadlines.h"
#include "services/ctl/store_hours.h"
#include "services/ctl/table.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/base/pure_text.h"

#define USAGE CTL_TEXT("编号|--all", "NUMBER|ID|--all")
#define CASES_PAGE 1000
#define SHOWN_MAX 1000 /* lines of --all; more are only counted */
#define COLUMNS 7
#define HELP                                                                                       \
    CTL_TEXT("逐一复算案件宣布过的期限:按案件经过、"                             \
             "案件所用的事项版本和当时的工作时间,与账上的时刻比较。\n"   \
             "--all 复算全部案件,只列出不一致的。"                                   \
             "有不一致则退出码为 1。",                                                             \
            "Counts every announced deadline again, from the case's history, the version of "      \
            "the matter that it\nkeeps and the working time of that day, and compares. --all "     \
            "takes all cases and lists what\ndiffers. Exit status 1 when one does.")

struct deadlines {
    struct ctl *ctl;
    struct pg *pg;
    struct directory *directory;
    GArray *kept;   /* struct hours_kept */
    int64_t wanted; /* 0: all */
    size_t cases, ends[DEADLINE_UNKNOWN + 1];
    struct table table;
    size_t shown;
    json_t *list;
};

static const char *const ENDS[] = {
        [DEADLINE_NONE] = CTL_TEXT("", ""),
        [DEADLINE_SAME] = CTL_TEXT("一致", "same"),
        [DEADLINE_OTHER] = CTL_TEXT("不一致", "different"),
        [DEADLINE_GIVEN] = CTL_TEXT("由人指定", "named by a person"),
        [DEADLINE_UNKNOWN] = CTL_TEXT("无法复算", "cannot be counted"),
};
static const char *const END_WORDS[] = {
        [DEADLINE_NONE] = "none",
        [DEADLINE_SAME] = "same",
        [DEADLINE_OTHER] = "different",
        [DEADLINE_GIVEN] = "given",
        [DEADLINE_UNKNOWN] = "unknown",
};

static const char *instant(
        const struct deadlines *this, int64_t at_ms, char ret[INSTANT_SIZE], const char *none)
{
    if (at_ms == 0)
        return none;
    instant_format(ret, at_ms, directory_utc_offset_s(this->directory));
    return ret;
}

static void step_cells(
        struct deadlines *this, const struct deadline_case *of, const struct deadline_step *step)
{
    char text[INSTANT_SIZE], half[64], number[UNIT_NUMBER_SIZE];
    const char *word = deadline_word(step->kind);
    struct table *table = &this->table;
    table_cell_format(table, "%" PRId64, of->id);
    table_cell(table, instant(this, step->at_ms, text, ""));
    if (word != NULL)
        table_cell(table, name_of(this->ctl, SERVICE_ROUTING, NAME_STEP, word));
    else
        table_cell_format(table, "%" PRId32, step->kind);
    table_cell(table, unit_name(this->ctl, this->directory, step->unit, number));
    table_cell(table, instant(this, step->due_ms, text, "-"));
    table_cell(table, instant(this, step->counted_ms, text, "-"));
    table_cell(table, ctl_text(this->ctl, ENDS[step->end], half, sizeof(half)));
}

static json_t *step_json(const struct deadlines *this,
        const struct deadline_case *of,
        const struct deadline_step *step)
{
    char at[INSTANT_SIZE], due[INSTANT_SIZE], counted[INSTANT_SIZE], id[24];
    const char *word = deadline_word(step->kind);
    snprintf(id, sizeof(id), "%" PRId64, of->id);
    return json_pack("{s:s, s:i, s:i, s:s?, s:s, s:s, s:s?, s:s}", "case", id, "version",
            (int)step->ver, "kind", (int)step->kind, "transition", word, "at",
            instant(this, step->at_ms, at, ""), "announced", instant(this, step->due_ms, due, ""),
            "counted", instant(this, step->counted_ms, counted, NULL), "end", END_WORDS[step->end]);
}

static void case_take(void *self, struct deadline_case *of)
{
    struct deadlines *this = self;
    if (this->wanted != 0 && of->id != this->wanted)
        return;
    const struct deadline_rules rules = {.directory = this->directory,
            .kept = (const struct hours_kept *)(void *)this->kept->data,
            .kept_count = this->kept->len};
    deadline_count(&rules, of);
    this->cases++;
    for (size_t i = 0; i < of->count; i++) {
        const struct deadline_step *step = &of->steps[i];
        this->ends[step->end]++;
        bool shows = this->wanted != 0 ? step->end != DEADLINE_NONE : step->end == DEADLINE_OTHER;
        if (!shows || this->shown++ >= SHOWN_MAX)
            continue;
        if (this->ctl->json)
            json_array_append_new(this->list, step_json(this, of, step));
        else
            step_cells(this, of, step);
    }
}

static void heads_add(struct deadlines *this)
{
    static const char *const heads[COLUMNS] = {CTL_TEXT("案件", "case"),
            CTL_TEXT("时刻", "instant"), CTL_TEXT("变迁", "transition"), CTL_TEXT("单位", "unit"),
            CTL_TEXT("宣布的期限", "announced"), CTL_TEXT("复算", "counted"), CTL_TEXT("", "")};
    table_init(&this->table, COLUMNS, 0);
    for (size_t i = 0; i < COLUMNS; i++) {
        char half[64];
        table_cell(&this->table, ctl_text(this->ctl, heads[i], half, sizeof(half)));
    }
}

static size_t announced(const struct deadlines *this)
{
    size_t sum = 0;
    for (int end = DEADLINE_SAME; end <= DEADLINE_UNKNOWN; end++)
        sum += this->ends[end];
    return sum;
}

static void totals_say(const struct deadlines *this)
{
    if (this->ctl->json) {
        json_t *object = json_pack("{s:I, s:I}", "cases", (json_int_t)this->cases, "announced",
                (json_int_t)announced(this));
        for (int end = DEADLINE_SAME; end <= DEADLINE_UNKNOWN; end++)
            json_object_set_new(object, END_WORDS[end], json_integer((json_int_t)this->ends[end]));
        json_object_set(object, "deadlines", this->list);
        ctl_json(object);
        return;
    }
    if (this->shown > 0)
        table_print(&this->table, "");
    ctl_print(this->ctl,
            "%zu 个案件,宣布过 %zu 个期限:一致 %zu,由人指定 %zu,无法复算 %zu,不一致 %zu\n",
            "%zu cases, %zu deadlines announced: %zu same, %zu named by a person, %zu cannot be "
            "counted, %zu different\n",
            this->cases, announced(this), this->ends[DEADLINE_SAME], this->ends[DEADLINE_GIVEN],
            this->ends[DEADLINE_UNKNOWN], this->ends[DEADLINE_OTHER]);
}

static enum err cases_count(struct deadlines *this)
{
    int64_t last = this->wanted != 0 ? this->wanted - 1 : 0, before;
    int limit = this->wanted != 0 ? 1 : CASES_PAGE;
    enum err err;
    do {
        before = last;
        err = store_deadlines(this->pg, before, limit, case_take, this, &last);
    } while (err == OK && this->wanted == 0 && last != before);
    return err;
}

/* The id of a case number, or an id; 0, and said so, when it is neither. */
static int64_t case_named(const struct deadlines *this, const char *text)
{
    int site = directory_site(this->directory);
    int64_t id = case_number_parse(text, directory_site_letters(this->directory), site);
    char *end = NULL;
    if (id == 0 && g_ascii_isdigit(text[0])) {
        id = g_ascii_strtoll(text, &end, 10);
        if (*end != '\0' || !id_valid(id, site))
            id = 0;
    }
    if (id == 0)
        ctl_fail(this->ctl, "“%s”不是案件编号或内部编号", "\"%s\" is no case number or id", text);
    return id;
}

static int run(struct deadlines *this, const char *text)
{
    this->directory = site_directory(this->ctl);
    if (this->directory != NULL && text != NULL)
        this->wanted = case_named(this, text);
    if (this->directory == NULL || (text != NULL && this->wanted == 0))
        return EXIT_FAILED;
    this->pg = ctl_connect(this->ctl, NULL);
    if (this->pg == NULL)
        return EXIT_FAILED;
    heads_add(this);
    if (store_hours_list(this->pg, this->kept) != OK || cases_count(this) != OK)
        return ctl_fail(this->ctl, "案件经过读不出来:%s", "the histories cannot be read: %s",
                pg_message(this->pg));
    if (this->wanted != 0 && this->cases == 0)
        return ctl_fail(this->ctl, "没有编号为 %s 的案件,或其数据已按期删除",
                "there is no case %s, or its data has gone by age", text);
    totals_say(this);
    return this->ends[DEADLINE_OTHER] == 0 ? EXIT_DONE : EXIT_FAILED;
}

static void deadlines_fini(struct deadlines *this)
{
    for (guint i = 0; i < this->kept->len; i++)
        hours_kept_fini(&g_array_index(this->kept, struct hours_kept, i));
    g_array_free(this->kept, TRUE);
    if (this->table.cells != NULL)
        table_fini(&this->table);
    json_decref(this->list);
    pg_destroy(&this->pg);
    directory_destroy(&this->directory);
}

int command_deadlines(struct ctl *ctl, int argc, char **argv)
{
    char usage[64];
    gboolean all = FALSE;
    const GOptionEntry entries[] = {
            {"all", 0, 0, G_OPTION_ARG_NONE, &all, CTL_TEXT("全部案件", "all cases"), NULL}, {0}};
    int status = ctl_options(ctl, "NUMBER|ID|--all", HELP, entries, &argc, &argv);
    if (status >= 0)
        return status;
    if (argc != (all ? 1 : 2))
        return ctl_usage(ctl, "deadlines", ctl_text(ctl, USAGE, usage, sizeof(usage)));
    if (ctl_conf_read(ctl) != OK)
        return EXIT_FAILED;
    struct deadlines this = {.ctl = ctl, .list = json_array()};
    this.kept = g_array_new(FALSE, FALSE, sizeof(struct hours_kept));
    status = run(&this, all ? NULL : argv[1]);
    deadlines_fini(&this);
    return status;
}
