/* huyingctl counters: how many are open, closed, overdue, by unit at every level and by matter.
 * From Redis, where the services keep them; a service whose counters are not complete there is
 * counted from PostgreSQL. --check compares the three places, --rebuild has every service count
 * again. */
#include <inttypes.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>

#include "services/ctl/codec_ops.h"
#include "services/ctl/commands.h"
#include "services/ctl/counters_redis.h"
#include "services/ctl/counters_set.h"
#include "services/ctl/ctl_bus.h"
#include "services/ctl/site_directory.h"
#include "services/ctl/store_counters.h"
#include "services/ctl/store_drill.h"
#include "services/ctl/table.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/pure_tree.h"

#define USAGE "[--unit CODE] [--metric NAME] [--check] [--rebuild]"
#define CHECK_MS 10000   /* a difference that lasts longer is one: counters follow their cases */
#define REBUILD_MS 60000 /* every service has counted again by then */
#define PAUSE_MS 200
#define FIELD_SIZE 256
#define HELP                                                                                       \
    CTL_TEXT("在办、结案、超期等数字,按各级单位和事项。平时取自 "          \
             "Redis,不在时由 PostgreSQL 计数。\n"                                           \
             "--check 比较 Redis、计数表和案件本身,列出不同"                        \
             ";--rebuild 让各服务重新计数,等到三者一致才返回。",                                   \
            "Open, closed, overdue and so on, by unit at every level and by matter. "              \
            "From Redis, or counted from PostgreSQL\nwhile it is away. --check "                   \
            "compares Redis, the table and the cases themselves and names what "                   \
            "differs;\n--rebuild has every service count again and returns when all "              \
            "three agree.")

enum { COUNTING = 4 };
static const enum service_id COUNTERS_OF[COUNTING] = {
        SERVICE_INTAKE, SERVICE_ROUTING, SERVICE_ENFORCEMENT, SERVICE_VOLUNTEER};

struct counters {
    struct ctl *ctl;
    struct pg *pg;
    struct directory *directory;
    int site;
    char *unit, *metric; /* options; NULL = all */
    struct counters_set set;
    enum service_id service; /* being read */
    const struct metric_name *reading;
};

static int64_t now_ms(void)
{
    struct clock clock = clock_system();
    return clock.monotonic_ms(clock.self);
}

static void table_row(void *self, const struct counter_row *row)
{
    struct counters *this = self;
    const struct metric_name *metric = metric_find(this->service, row->metric);
    if (metric == NULL)
        return;
    struct counter_line *line = counters_set_line(&this->set, metric, row->field);
    line->table = row->table;
    line->truth = row->truth;
}

static void redis_field(void *self, const char *field, int64_t value)
{
    struct counters *this = self;
    if (g_utf8_validate(field, -1, NULL))
        counters_set_line(&this->set, this->reading, field)->redis = value;
}

/* A service is in Redis when its marker is and every one of its metrics could be read. */
static bool redis_read(struct counters *this, struct counters_redis *redis, enum service_id service)
{
    bool live = false;
    const char *name = service_name(service);
    if (redis == NULL || counters_redis_live(redis, this->site, name, &live) != OK || !live)
        return false;
    for (size_t i = 0; i < METRIC_NAME_COUNT; i++) {
        this->reading = &METRIC_NAMES[i];
        if (this->reading->service == service &&
                counters_redis_read(
                        redis, this->site, name, this->reading->word, redis_field, this) != OK)
            return false;
    }
    return true;
}

/* Gathers anew. `all`: the table and the cases also where Redis has the numbers. */
static enum err gather(struct counters *this, bool all)
{
    enum err err = OK;
    counters_set_fini(&this->set);
    counters_set_init(&this->set);
    struct counters_redis *redis = counters_redis_new(this->ctl->conf.redis);
    for (size_t i = 0; i < COUNTING && err == OK; i++) {
        this->service = COUNTERS_OF[i];
        this->set.in_redis[this->service] = redis_read(this, redis, this->service);
        if (all || !this->set.in_redis[this->service])
            err = store_counters(this->pg, this->service, all, table_row, this);
    }
    counters_redis_destroy(&redis);
    if (err != OK)
        ctl_fail(this->ctl, "计数表读不出来:%s", "the counters cannot be read: %s",
                pg_message(this->pg));
    return err;
}

static bool in_redis(const struct counters *this)
{
    bool all = true;
    for (size_t i = 0; i < COUNTING; i++)
        all = all && this->set.in_redis[COUNTERS_OF[i]];
    return all;
}

static bool metric_wanted(const struct counters *this, const struct metric_name *metric)
{
    return this->metric == NULL || strcmp(this->metric, metric->word) == 0;
}

static const char *heading(const struct ctl *ctl, const struct metric_name *metric)
{
    return ctl->english ? metric->en : metric->zh;
}

static void totals_print(const struct counters *this)
{
    TABLE_OWNED table;
    table_init(&table, 4, 1u << 3);
    for (size_t i = 0; i < METRIC_NAME_COUNT; i++) {
        const struct metric_name *metric = &METRIC_NAMES[i];
        if (!metric_wanted(this, metric))
            continue;
        table_cell(&table, name_service(this->ctl, metric->service));
        table_cell(&table, metric->word);
        table_cell(&table, heading(this->ctl, metric));
        table_cell_format(&table, "%" PRId64, counters_set_value(&this->set, metric, "all"));
    }
    table_print(&table, "");
}

/* The columns of the tables by unit and matter: the case's own, or the one asked for. */
static size_t columns_choose(
        const struct counters *this, const struct metric_name *ret[TABLE_COLUMNS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < METRIC_NAME_COUNT; i++)
        if (this->metric != NULL ? metric_wanted(this, &METRIC_NAMES[i])
                                 : METRIC_NAMES[i].service == SERVICE_ROUTING)
            ret[count++] = &METRIC_NAMES[i];
    return count;
}

static void row_add(const struct counters *this,
        struct table *table,
        const char *code,
        const char *name,
        const char *field)
{
    const struct metric_name *columns[TABLE_COLUMNS_MAX];
    size_t count = columns_choose(this, columns);
    bool some = false;
    for (size_t i = 0; i < count; i++)
        some = some || counters_set_value(&this->set, columns[i], field) != 0;
    if (!some)
        return;
    table_cell(table, code);
    for (size_t i = 0; i < count; i++)
        table_cell_format(table, "%" PRId64, counters_set_value(&this->set, columns[i], field));
    table_cell(table, name);
}

static void heads_add(const struct counters *this, struct table *table, const char *first)
{
    const struct metric_name *columns[TABLE_COLUMNS_MAX];
    size_t count = columns_choose(this, columns);
    char half[64];
    table_init(table, count + 2, (1u << (count + 1)) - 2);
    table_cell(table, ctl_text(this->ctl, first, half, sizeof(half)));
    for (size_t i = 0; i < count; i++)
        table_cell(table, heading(this->ctl, columns[i]));
    table_cell(table, "");
}

static void unit_add(const struct counters *this, struct table *table, const struct unit *unit)
{
    char field[FIELD_SIZE], number[UNIT_NUMBER_SIZE];
    g_autofree char *code = g_strdup_printf("%*s%s", unit->depth * 2, "", unit->code);
    snprintf(field, sizeof(field), "u:%s", unit->code);
    row_add(this, table, code, unit_name(this->ctl, this->directory, unit->id, number), field);
}

static const struct unit *top_of(const struct counters *this)
{
    return this->unit != NULL ? unit_find_code(this->directory, this->unit)
                              : unit_root(this->directory);
}

/* Down to the streets; everything below the unit, or of the metric, that was asked for. */
static void units_print(const struct counters *this)
{
    TABLE_OWNED table;
    struct unit_walk walk;
    const struct unit *top = top_of(this);
    bool deep = this->unit != NULL || this->metric != NULL;
    heads_add(this, &table, CTL_TEXT("单位", "unit"));
    unit_add(this, &table, top);
    unit_walk_begin(&walk, this->directory, top);
    for (const struct unit *unit = unit_walk_next(&walk); unit != NULL;
            unit = unit_walk_next(&walk))
        if (unit != top && (deep || unit->level >= LEVEL_STREET))
            unit_add(this, &table, unit);
    puts("");
    table_print(&table, "");
    if (!deep)
        ctl_say(this->ctl, "(镇街以下:--unit 编码)", "(below a street: --unit CODE)");
}

static void matters_print(const struct counters *this)
{
    TABLE_OWNED table;
    GPtrArray *lines = counters_set_sorted(&this->set);
    g_autoptr(GHashTable) said = g_hash_table_new(g_str_hash, g_str_equal);
    heads_add(this, &table, CTL_TEXT("事项", "matter"));
    for (guint i = 0; i < lines->len; i++) {
        const struct counter_line *line = g_ptr_array_index(lines, i);
        if (strncmp(line->field, "m:", 2) != 0 || !g_hash_table_add(said, line->field))
            continue;
        const struct matter *matter = matter_find_code(this->directory, line->field + 2);
        const char *name = matter == NULL       ? ""
                           : this->ctl->english ? matter->name_en
                                                : matter->name_zh;
        row_add(this, &table, line->field + 2, name, line->field);
    }
    puts("");
    table_print(&table, "");
    g_ptr_array_free(lines, TRUE);
}

/* True for what is asked for by --unit (that unit or below) and --metric. */
static bool line_wanted(const struct counters *this, const struct counter_line *line)
{
    if (!metric_wanted(this, line->metric))
        return false;
    if (this->unit == NULL)
        return true;
    const struct unit *unit = strncmp(line->field, "u:", 2) == 0
                                      ? unit_find_code(this->directory, line->field + 2)
                                      : NULL;
    return unit != NULL && unit_within(this->directory, unit, top_of(this)->id);
}

static void counters_json(const struct counters *this)
{
    json_t *all = json_object(), *from = json_object();
    GPtrArray *lines = counters_set_sorted(&this->set);
    for (size_t i = 0; i < COUNTING; i++) {
        const char *name = service_name(COUNTERS_OF[i]);
        bool redis = this->set.in_redis[COUNTERS_OF[i]];
        json_object_set_new(from, name, json_string(redis ? "redis" : "postgresql"));
        json_object_set_new(all, name, json_object());
    }
    for (guint i = 0; i < lines->len; i++) {
        const struct counter_line *line = g_ptr_array_index(lines, i);
        json_t *service = json_object_get(all, service_name(line->metric->service));
        if (!line_wanted(this, line))
            continue;
        if (json_object_get(service, line->metric->word) == NULL)
            json_object_set_new(service, line->metric->word, json_object());
        json_object_set_new(json_object_get(service, line->metric->word), line->field,
                json_integer(
                        (json_int_t)counters_set_value(&this->set, line->metric, line->field)));
    }
    g_ptr_array_free(lines, TRUE);
    ctl_json(json_pack("{s:o, s:o}", "from", from, "counters", all));
}

static int show(struct counters *this)
{
    if (gather(this, false) != OK)
        return EXIT_FAILED;
    if (!in_redis(this))
        ctl_say(this->ctl, "Redis 不在或不全:由 PostgreSQL 计数",
                "Redis is away or not complete: counted from PostgreSQL");
    if (this->ctl->json) {
        counters_json(this);
        return EXIT_DONE;
    }
    if (this->unit == NULL)
        totals_print(this);
    units_print(this);
    if (this->unit == NULL)
        matters_print(this);
    return EXIT_DONE;
}

static void differences_json(const struct counters *this, const GPtrArray *lines)
{
    json_t *list = json_array();
    for (guint i = 0; i < lines->len; i++) {
        const struct counter_line *line = g_ptr_array_index(lines, i);
        bool redis = this->set.in_redis[line->metric->service];
        json_array_append_new(
                list, json_pack("{s:s, s:s, s:s, s:o, s:I, s:I}", "service",
                              service_name(line->metric->service), "metric", line->metric->word,
                              "field", line->field, "redis",
                              redis ? json_integer((json_int_t)line->redis) : json_null(), "table",
                              (json_int_t)line->table, "truth", (json_int_t)line->truth));
    }
    ctl_json(json_pack("{s:b, s:b, s:I, s:o}", "equal", lines->len == 0, "redis", in_redis(this),
            "counters", (json_int_t)g_hash_table_size(this->set.lines), "differences", list));
}

static void differences_print(const struct counters *this, const GPtrArray *lines)
{
    static const char *const heads[] = {CTL_TEXT("服务", "service"), CTL_TEXT("指标", "metric"),
            CTL_TEXT("项", "field"), "Redis", CTL_TEXT("计数表", "table"),
            CTL_TEXT("案件", "cases"), ""};
    enum { COLUMNS = sizeof(heads) / sizeof(heads[0]) };
    TABLE_OWNED table;
    if (lines->len == 0) {
        ctl_print(this->ctl, "%u 个计数全部一致\n", "%u counters, all the same everywhere\n",
                g_hash_table_size(this->set.lines));
        return;
    }
    table_init(&table, COLUMNS, 0x38);
    for (size_t i = 0; i < COLUMNS; i++) {
        char half[64];
        table_cell(&table, ctl_text(this->ctl, heads[i], half, sizeof(half)));
    }
    for (guint i = 0; i < lines->len; i++) {
        const struct counter_line *line = g_ptr_array_index(lines, i);
        table_cell(&table, service_name(line->metric->service));
        table_cell(&table, line->metric->word);
        table_cell(&table, line->field);
        if (this->set.in_redis[line->metric->service])
            table_cell_format(&table, "%" PRId64, line->redis);
        else
            table_cell(&table, "-");
        table_cell_format(&table, "%" PRId64, line->table);
        table_cell_format(&table, "%" PRId64, line->truth);
        table_cell(&table, "");
    }
    table_print(&table, "");
}

/* Until nothing differs (and, with `redis`, Redis has everything), or the time is over. */
static int compare(struct counters *this, int64_t patience_ms, bool redis)
{
    int64_t until_ms = now_ms() + patience_ms;
    for (;;) {
        if (gather(this, true) != OK)
            return EXIT_FAILED;
        GPtrArray *lines = counters_set_differences(&this->set);
        bool same = lines->len == 0 && (!redis || in_redis(this));
        if (!same && now_ms() < until_ms) {
            g_ptr_array_free(lines, TRUE);
            (void)poll(NULL, 0, PAUSE_MS);
            continue;
        }
        if (!in_redis(this))
            ctl_fail(this->ctl, "Redis 不在或不全;只比较了计数表和案件。看 huyingctl status",
                    "Redis is away or not complete: only the table and the cases were compared. "
                    "Look at huyingctl status");
        if (this->ctl->json)
            differences_json(this, lines);
        else
            differences_print(this, lines);
        if (lines->len > 0)
            ctl_fail(this->ctl, "有 %u 个计数不一致;huyingctl counters --rebuild 重新计数",
                    "%u counters differ; huyingctl counters --rebuild counts again", lines->len);
        g_ptr_array_free(lines, TRUE);
        return same ? EXIT_DONE : EXIT_FAILED;
    }
}

static int rebuild(struct counters *this)
{
    struct client_request asks[COUNTING];
    struct client *client = NULL;
    struct arena arena;
    char ids[COUNTING][REQUEST_ID_SIZE];
    if (ctl_bus_connect(this->ctl, &client) != OK)
        return EXIT_FAILED;
    arena_init(&arena, CTL_ANSWERS_MAX);
    for (size_t i = 0; i < COUNTING; i++) {
        request_id_make(ids[i]);
        asks[i] = (struct client_request){
                .dest = COUNTERS_OF[i], .type = OPS_RECOUNT, .request_id = ids[i]};
    }
    bool asked = ctl_bus_ask(this->ctl, client, FRAME_COMMANDS, asks, COUNTING, &arena);
    arena_fini(&arena);
    client_destroy(&client);
    return asked ? compare(this, REBUILD_MS, true) : EXIT_FAILED;
}

/* False, and said why, when --unit or --metric names nothing. */
static bool options_check(const struct counters *this)
{
    bool known = this->metric == NULL;
    GString *names = g_string_new(NULL);
    for (size_t i = 0; i < METRIC_NAME_COUNT; i++) {
        known = known || strcmp(this->metric, METRIC_NAMES[i].word) == 0;
        g_string_append_printf(names, " %s", METRIC_NAMES[i].word);
    }
    if (!known)
        ctl_fail(this->ctl, "--metric:没有指标“%s”;有:%s",
                "--metric: there is no \"%s\"; there are%s", this->metric, names->str);
    g_string_free(names, TRUE);
    if (top_of(this) == NULL)
        ctl_fail(this->ctl, "--unit:没有编码为“%s”的单位;编码见样板的 units.csv",
                "--unit: there is no unit \"%s\"; codes are those of the profile's units.csv",
                this->unit != NULL ? this->unit : "");
    return known && top_of(this) != NULL;
}

static int run(struct counters *this, bool checking, bool rebuilding)
{
    struct drill_site site;
    this->directory = site_directory(this->ctl);
    this->pg = this->directory != NULL ? ctl_connect(this->ctl, NULL) : NULL;
    if (this->pg == NULL || !options_check(this))
        return EXIT_FAILED;
    if (store_drill_site(this->pg, &site) != OK)
        return ctl_fail(
                this->ctl, "站点读不出来:%s", "the site cannot be read: %s", pg_message(this->pg));
    this->site = site.number;
    if (rebuilding)
        return rebuild(this);
    return checking ? compare(this, CHECK_MS, false) : show(this);
}

int command_counters(struct ctl *ctl, int argc, char **argv)
{
    struct counters this = {.ctl = ctl};
    gboolean checking = FALSE, rebuilding = FALSE;
    const GOptionEntry entries[] = {
            {"unit", 0, 0, G_OPTION_ARG_STRING, &this.unit,
                    CTL_TEXT("只看这个单位及其下级", "only this unit and what is below it"),
                    CTL_TEXT("编码", "CODE")},
            {"metric", 0, 0, G_OPTION_ARG_STRING, &this.metric,
                    CTL_TEXT("只看这个指标", "only this one"), CTL_TEXT("指标", "NAME")},
            {"check", 0, 0, G_OPTION_ARG_NONE, &checking,
                    CTL_TEXT("比较三处,列出不同", "compare the three places"), NULL},
            {"rebuild", 0, 0, G_OPTION_ARG_NONE, &rebuilding, CTL_TEXT("重新计数", "count again"),
                    NULL},
            {0}};
    int status = ctl_options(ctl, USAGE, HELP, entries, &argc, &argv);
    if (status < 0 && argc != 1)
        status = ctl_usage(ctl, "counters", USAGE);
    if (status < 0)
        status = ctl_conf_read(ctl) == OK ? run(&this, checking, rebuilding) : EXIT_FAILED;
    counters_set_fini(&this.set);
    directory_destroy(&this.directory);
    pg_destroy(&this.pg);
    g_free(this.unit);
    g_free(this.metric);
    return status;
}
