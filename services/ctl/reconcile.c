/* huyingctl hotline reconcile: which tickets of a hotline are on record at the site, as counts and
 * a digest; and, beside the file that the hotline exports of the same span, exactly those that
 * differ. Asked in the hotline's name, with huyingctl's own key. */
#include "services/ctl/commands.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "services/ctl/csv.h"
#include "services/ctl/ctl_bus.h"
#include "services/ctl/ctl_hotline.h"
#include "services/ctl/drama.h"
#include "services/ctl/site_directory.h"
#include "services/ctl/table.h"

#define DAY_MS INT64_C(86400000)
#define SOURCE "hotline-demo"
#define USAGE                                                                                      \
    "reconcile [DAY|FROM..TO] [--source NAME] [--with FILE] [--first TICKET] [--last TICKET]"
#define HELP                                                                                       \
    CTL_TEXT("与一条热线对账:某日(站点当地)、某段日期或某段工单号内,"     \
             "站点在案的工单数、案件数和摘要。\n"                                  \
             "--with:热线导出的同一范围的 CSV(列 ticket、number),"                     \
             "逐张列出不同之处;有不同则以 1 结束。\n"                              \
             "一端可以是 2026-09-30,也可以是 \"2026-09-30 10:00\"。",                              \
            "How many tickets of a hotline are on record, in a day (of the site's zone), a span\n" \
            "of days or a range of tickets, of how many cases, with a digest. --with: what the\n"  \
            "hotline exports of the same span as CSV (columns ticket, number): each ticket that\n" \
            "differs is listed, and the exit status is 1. An end may be 2026-09-30 or\n"           \
            "\"2026-09-30 10:00\".")

struct reconcile {
    struct ctl *ctl;
    struct directory *directory;
    struct hotline *hotline;
    gchar *source, *with, *first, *last;
    struct hotline_span span;
    struct hotline_reconciliation answer;
    struct csv csv; /* of --with */
    struct hotline_record *records;
    size_t count, cases; /* of them */
    GArray *differences; /* struct hotline_difference */
};

/* "2026-09-30", or an instant; the end of a day as where a span ends. */
static bool end_parse(const struct reconcile *this, const char *text, bool last, int64_t *ret_ms)
{
    int offset = directory_utc_offset_s(this->directory);
    char whole[64];
    bool day = strlen(text) == 10;
    snprintf(whole, sizeof whole, "%.40s%s", text, day ? " 00:00" : "");
    if (!drama_instant_parse(whole, offset, 0, ret_ms))
        return false;
    *ret_ms += day && last ? DAY_MS : 0;
    return true;
}

static bool span_parse(struct reconcile *this, const char *text)
{
    this->span.first = this->first;
    this->span.last = this->last;
    if (!text)
        return true;
    g_auto(GStrv) ends = g_strsplit(text, "..", 2);
    const char *to = ends[0] && ends[1] ? ends[1] : ends[0];
    if (to && end_parse(this, ends[0], false, &this->span.from_ms) &&
            end_parse(this, to, true, &this->span.to_ms) && this->span.from_ms < this->span.to_ms)
        return true;
    ctl_fail(this->ctl,
            "“%s”不是日期或一段日期:应形如 2026-09-30、2026-09-01..2026-09-30,后一端不早于前一端",
            "\"%s\" is no day and no span: expected one like 2026-09-30 or 2026-09-01..2026-09-30, "
            "whose second end is not before the first",
            text);
    return false;
}

static void fault_say(void *self, size_t line, enum csv_fault fault, size_t found, size_t expected)
{
    const struct reconcile *this = self;
    (void)fault;
    ctl_fail(this->ctl, "%s:%zu: 不是合规的 CSV(有 %zu,应为 %zu)",
            "%s:%zu: breaks the rules of CSV (found %zu, expected %zu)", this->with, line, found,
            expected);
}

/* The column of that name; SIZE_MAX, and it is said, when there is none. */
static size_t column_find(const struct reconcile *this, const char *name)
{
    for (size_t i = 0; this->csv.rows > 0 && i < this->csv.columns; i++)
        if (strcmp(csv_cell(&this->csv, 0, i), name) == 0)
            return i;
    ctl_fail(this->ctl, "%s:1: 没有“%s”这一列;第一行应有 ticket 和 number",
            "%s:1: has no column \"%s\"; its first row has to name ticket and number", this->with,
            name);
    return SIZE_MAX;
}

static int by_ticket(const void *left, const void *right)
{
    return strcmp(((const struct hotline_record *)left)->ticket,
            ((const struct hotline_record *)right)->ticket);
}

static bool row_read(struct reconcile *this, size_t row, size_t ticket_at, size_t number_at)
{
    struct hotline_record *record = &this->records[this->count++];
    const char *ticket = csv_cell(&this->csv, row, ticket_at);
    const char *number = csv_cell(&this->csv, row, number_at);
    if (*ticket && strlen(ticket) < sizeof record->ticket &&
            strlen(number) < sizeof record->number) {
        g_strlcpy(record->ticket, ticket, sizeof record->ticket);
        g_strlcpy(record->number, number, sizeof record->number);
        return true;
    }
    ctl_fail(this->ctl, "%s:%zu: 工单号应有 1 至 64 字节,案件编号最多 47 字节",
            "%s:%zu: expected a ticket of 1 to 64 bytes and a case number of at most 47",
            this->with, this->csv.lines[row]);
    return false;
}

/* Sorted, each once; and how many cases they are. */
static bool records_sort(struct reconcile *this)
{
    g_autoptr(GHashTable) cases = g_hash_table_new(g_str_hash, g_str_equal);
    qsort(this->records, this->count, sizeof *this->records, by_ticket);
    for (size_t i = 0; i < this->count; i++) {
        g_hash_table_add(cases, this->records[i].number);
        if (i > 0 && by_ticket(&this->records[i - 1], &this->records[i]) == 0) {
            ctl_fail(this->ctl, "%s: 工单 %s 出现两次;每张工单应只有一行",
                    "%s: ticket %s stands there twice; expected one row for each", this->with,
                    this->records[i].ticket);
            return false;
        }
    }
    this->cases = g_hash_table_size(cases);
    return true;
}

static bool file_read(struct reconcile *this)
{
    gsize size = 0;
    g_autofree gchar *data = NULL;
    g_autoptr(GError) error = NULL;
    if (!g_file_get_contents(this->with, &data, &size, &error)) {
        ctl_fail(this->ctl, "%s 读不了:%s", "%s cannot be read: %s", this->with, error->message);
        return false;
    }
    if (csv_parse(data, size, fault_say, this, &this->csv) != OK)
        return false;
    size_t ticket_at = column_find(this, "ticket"), number_at = column_find(this, "number");
    if (ticket_at == SIZE_MAX || number_at == SIZE_MAX)
        return false;
    this->records = g_new0(struct hotline_record, this->csv.rows);
    for (size_t row = 1; row < this->csv.rows; row++)
        if (!row_read(this, row, ticket_at, number_at))
            return false;
    return records_sort(this);
}

static void difference_take(void *self, const struct hotline_difference *difference)
{
    const struct reconcile *this = self;
    g_array_append_vals(this->differences, difference, 1);
}

static bool site_ask(struct reconcile *this)
{
    const struct hotline_list list = {this->records, this->count};
    enum err err = hotline_reconcile(this->hotline, &this->span, 0, &this->answer, CTL_ASK_MS);
    if (err == OK && this->with)
        err = hotline_differences(
                this->hotline, &this->span, &list, difference_take, this, CTL_ASK_MS);
    if (err == OK && (!this->answer.over || this->with))
        return true;
    if (err == OK || err == ERR_LIMIT)
        ctl_fail(this->ctl, "超过 100000 张工单,一次数不完。请缩短范围",
                "more than 100,000 tickets, too many for one answer. Ask for a shorter span");
    else if (err == ERR_MALFORMED)
        ctl_fail(this->ctl, "intake 没有照办:工单号范围应从小到大,每端最多 65 字节",
                "intake did not do it: a range of tickets goes from the lower to the higher one, "
                "each of at most 65 bytes");
    else
        ctl_fail(this->ctl, "intake 没有回答:%s。先看 huyingctl status",
                "intake did not answer: %s. Look at huyingctl status first", err_text(err));
    return false;
}

static const char *kind_word(enum hotline_difference_kind kind)
{
    return kind == HOTLINE_MISSING_HERE    ? "missing_at_hotline"
           : kind == HOTLINE_MISSING_THERE ? "missing_at_site"
                                           : "other_number";
}

static const char *kind_text(enum hotline_difference_kind kind)
{
    return kind == HOTLINE_MISSING_HERE    ? CTL_TEXT("热线没有", "not at the hotline")
           : kind == HOTLINE_MISSING_THERE ? CTL_TEXT("站点没有", "not at the site")
                                           : CTL_TEXT("编号不同", "another number");
}

static void instant_say(const struct reconcile *this, int64_t at_ms, char ret[INSTANT_SIZE])
{
    snprintf(ret, INSTANT_SIZE, "-");
    if (at_ms)
        drama_instant_format(ret, at_ms, directory_utc_offset_s(this->directory));
}

static void differences_print(const struct reconcile *this)
{
    static const char *const heads[] = {CTL_TEXT("不同", "difference"), CTL_TEXT("工单", "ticket"),
            CTL_TEXT("热线的编号", "hotline's number"), CTL_TEXT("站点的编号", "site's number"),
            CTL_TEXT("受理时刻", "accepted")};
    char half[64], at[INSTANT_SIZE];
    TABLE_OWNED table;
    table_init(&table, 5, 0);
    for (size_t i = 0; i < 5; i++)
        table_cell(&table, ctl_text(this->ctl, heads[i], half, sizeof half));
    for (guint i = 0; i < this->differences->len; i++) {
        const struct hotline_difference *one =
                &g_array_index(this->differences, struct hotline_difference, i);
        instant_say(this, one->accepted_ms, at);
        table_cell(&table, ctl_text(this->ctl, kind_text(one->kind), half, sizeof half));
        table_cell(&table, one->ticket);
        table_cell(&table, *one->here ? one->here : "-");
        table_cell(&table, *one->there ? one->there : "-");
        table_cell(&table, at);
    }
    table_print(&table, "");
}

/* What was asked: only such bounds as were given. */
static void span_print(const struct reconcile *this)
{
    char from[INSTANT_SIZE], to[INSTANT_SIZE];
    instant_say(this, this->span.from_ms, from);
    instant_say(this, this->span.to_ms, to);
    ctl_print(this->ctl, "热线 %s", "hotline %s", this->source);
    if (this->span.from_ms)
        ctl_print(
                this->ctl, ",受理时刻 %s 至 %s(不含)", ", accepted from %s to before %s", from, to);
    if (this->first)
        ctl_print(this->ctl, ",工单号从 %s 起", ", tickets from %s on", this->first);
    if (this->last)
        ctl_print(this->ctl, ",工单号到 %s 止", ", tickets to %s", this->last);
    ctl_print(this->ctl, "\n", "\n");
}

static void all_print(const struct reconcile *this, const char *site, const char *own)
{
    span_print(this);
    if (!this->answer.over)
        ctl_print(this->ctl, "站点:工单 %" PRIu64 " 张,案件 %" PRIu64 " 个,摘要 %s\n",
                "site: %" PRIu64 " tickets, %" PRIu64 " cases, digest %s\n", this->answer.tickets,
                this->answer.cases, site);
    if (!this->with)
        return;
    ctl_print(this->ctl, "热线:工单 %zu 张,案件 %zu 个,摘要 %s\n",
            "hotline: %zu tickets, %zu cases, digest %s\n", this->count, this->cases, own);
    if (this->differences->len == 0) {
        ctl_print(this->ctl, "没有不同\n", "nothing differs\n");
        return;
    }
    ctl_print(this->ctl, "不同 %u 处:\n", "%u differ:\n", this->differences->len);
    differences_print(this);
}

static void all_json(const struct reconcile *this, const char *site, const char *own)
{
    json_t *root = json_pack("{s:s, s:I, s:I, s:b, s:I, s:I, s:s}", "source", this->source,
            "from_ms", (json_int_t)this->span.from_ms, "to_ms", (json_int_t)this->span.to_ms,
            "over", (int)this->answer.over, "tickets", (json_int_t)this->answer.tickets, "cases",
            (json_int_t)this->answer.cases, "digest", site);
    json_t *list = json_array();
    for (guint i = 0; i < this->differences->len; i++) {
        const struct hotline_difference *one =
                &g_array_index(this->differences, struct hotline_difference, i);
        json_array_append_new(
                list, json_pack("{s:s, s:s, s:s, s:s, s:I}", "difference", kind_word(one->kind),
                              "ticket", one->ticket, "hotline_number", one->here, "site_number",
                              one->there, "accepted_at_ms", (json_int_t)one->accepted_ms));
    }
    if (this->with)
        json_object_set_new(root, "hotline",
                json_pack("{s:I, s:I, s:s}", "tickets", (json_int_t)this->count, "cases",
                        (json_int_t)this->cases, "digest", own));
    if (this->with)
        json_object_set(root, "differences", list);
    json_decref(list);
    ctl_json(root);
}

static int all_tell(const struct reconcile *this)
{
    uint8_t digest[HOTLINE_DIGEST_SIZE];
    char site[2 * HOTLINE_DIGEST_SIZE + 1], own[2 * HOTLINE_DIGEST_SIZE + 1];
    hotline_digest(&(struct hotline_list){this->records, this->count}, digest);
    sodium_bin2hex(own, sizeof own, digest, sizeof digest);
    sodium_bin2hex(site, sizeof site, this->answer.digest, sizeof this->answer.digest);
    if (this->ctl->json)
        all_json(this, site, own);
    else
        all_print(this, site, own);
    return this->differences->len ? EXIT_FAILED : EXIT_DONE;
}

static int reconcile_run(struct reconcile *this, const char *span)
{
    this->source = this->source ? this->source : g_strdup(SOURCE);
    if (ctl_conf_read(this->ctl) != OK)
        return EXIT_FAILED;
    this->directory = site_directory(this->ctl);
    if (!this->directory || !span_parse(this, span) || (this->with && !file_read(this)))
        return EXIT_FAILED;
    if (ctl_hotline_open_as(
                this->ctl, directory_site(this->directory), this->source, &this->hotline) != OK ||
            !site_ask(this))
        return EXIT_FAILED;
    return all_tell(this);
}

int command_hotline(struct ctl *ctl, int argc, char **argv)
{
    static struct reconcile this; /* large */
    this = (struct reconcile){.ctl = ctl};
    const GOptionEntry entries[] = {{"source", 0, 0, G_OPTION_ARG_STRING, &this.source,
                                            CTL_TEXT("哪条热线(peers.conf 中的名称)",
                                                    "which hotline (its name in peers.conf)"),
                                            CTL_TEXT("名称", "NAME")},
            {"with", 0, 0, G_OPTION_ARG_FILENAME, &this.with,
                    CTL_TEXT("热线导出的文件", "what the hotline exports"),
                    CTL_TEXT("文件", "FILE")},
            {"first", 0, 0, G_OPTION_ARG_STRING, &this.first,
                    CTL_TEXT("从这个工单号起", "from this ticket on"), CTL_TEXT("工单", "TICKET")},
            {"last", 0, 0, G_OPTION_ARG_STRING, &this.last,
                    CTL_TEXT("到这个工单号止", "to this ticket"), CTL_TEXT("工单", "TICKET")},
            {0}};
    int status = ctl_options(ctl, USAGE, HELP, entries, &argc, &argv);
    if (status < 0 && (argc < 2 || argc > 3 || strcmp(argv[1], "reconcile") != 0 ||
                              (argc == 2 && !this.first && !this.last)))
        status = ctl_usage(ctl, "hotline", USAGE);
    if (status < 0) {
        this.differences = g_array_new(FALSE, TRUE, sizeof(struct hotline_difference));
        status = reconcile_run(&this, argc == 3 ? argv[2] : NULL);
        g_array_free(this.differences, TRUE);
    }
    hotline_close(&this.hotline);
    directory_destroy(&this.directory);
    csv_fini(&this.csv);
    g_free(this.records);
    char *texts[] = {this.source, this.with, this.first, this.last};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        g_free(texts[i]);
    return status;
}
