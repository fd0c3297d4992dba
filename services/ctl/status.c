/* huyingctl status: is the site well? Every process is asked for its health and figures over
 * HTTP, the database for queues, clock and ledger, so that each part is shown although others are
 * away. */
#include <inttypes.h>
#include <string.h>

#include "services/ctl/commands.h"
#include "services/ctl/counters_redis.h"
#include "services/ctl/names.h"
#include "services/ctl/scrape.h"
#include "services/ctl/store_drill.h"
#include "services/ctl/store_status.h"
#include "services/ctl/table.h"
#include "services/kernel/base/pure_text.h"

#define STATUS_CONNECT_MS 2000
#define HELP                                                                                       \
    CTL_TEXT("各进程是否就绪、在做什么,各服务的队列,演练时钟和账本。\n"  \
             "全部就绪时退出码为 0,否则为 1。“就绪”是 /readyz 的回答。",                           \
            "Whether each process is ready and what it does, the queues of each "                  \
            "service, the drill's clock, the ledger.\nExits 0 when all are ready (as "             \
            "/readyz says), else 1.")

/* The figures of a service process: metric without "huying_", headings. */
#define FIGURE_COLUMNS(X)                                                                          \
    X("batches_total", "批次", "batches")                                                          \
    X("works_total", "工作", "works")                                                              \
    X("steps_total", "变迁", "steps")                                                              \
    X("events_in_total", "收", "in")                                                               \
    X("events_out_total", "发", "out")                                                             \
    X("inbox", "待办", "inbox")                                                                    \
    X("flights", "在途", "flights")                                                                \
    X("batch_retries_total", "重试", "retries")

static const struct figure {
    const char *metric, *zh, *en;
} FIGURES[] = {
#define X(metric, zh, en) {metric, zh, en},
        FIGURE_COLUMNS(X)
#undef X
};
enum { FIGURE_COUNT = sizeof(FIGURES) / sizeof(FIGURES[0]) };

/* What a broker has instead: frames forwarded, envelopes in them, connections, NAKs. */
static const struct figure BROKER_FIGURES[] = {
        {"huying_broker_connections", "连接", "connections"},
        {"huying_broker_forwarded_total", "转发帧", "frames"},
        {"huying_broker_forwarded_envelopes_total", "转发消息", "messages"},
        {"huying_broker_under_way", "在途", "under way"},
        {"huying_broker_naks_total", "退回", "naks"},
        {"huying_broker_refused_total", "拒绝连接", "refused"},
};
enum { BROKER_FIGURE_COUNT = sizeof(BROKER_FIGURES) / sizeof(BROKER_FIGURES[0]) };

_Static_assert((int)BROKER_FIGURE_COUNT <= (int)FIGURE_COUNT, "room for a broker's figures");

struct process_state {
    struct process_port port;
    bool up, ready;
    char why[160];                 /* what /readyz said */
    int64_t rss_kb;                /* 0 = not known */
    int64_t figures[FIGURE_COUNT]; /* of a broker: the first BROKER_FIGURE_COUNT */
    int64_t postgres_up, redis_up, bus_up, timers_held;
};

struct status {
    struct ctl *ctl;
    struct process_state *processes;
    size_t count;
    bool redis_up, postgres_up, queried, ports_known;
    bool site_found;
    struct drill_site site;
    struct service_queues queues[STATUS_SERVICES];
    struct ledger_state ledger;
    int32_t year_missing; /* the calendar's; 0 = none is */
};

static bool is_broker(const struct process_state *process)
{
    return strcmp(process->port.name, "broker") == 0;
}

/* Of the supervised process NAME (run/service/NAME/supervise/pid); 0 = not known. */
static int64_t memory_kb(const struct ctl *ctl, const char *name)
{
    char path[CTL_PATH_SIZE];
    g_autofree char *pid = NULL, *text = NULL;
    ctl_path(ctl, path, "run/service/%s/supervise/pid", name);
    if (!g_file_get_contents(path, &pid, NULL, NULL))
        return 0;
    int64_t number = g_ascii_strtoll(pid, NULL, 10);
    g_autofree char *proc = g_strdup_printf("/proc/%" PRId64 "/status", number);
    if (number <= 0 || !g_file_get_contents(proc, &text, NULL, NULL))
        return 0;
    const char *line = strstr(text, "\nVmRSS:");
    return line != NULL ? g_ascii_strtoll(line + strlen("\nVmRSS:"), NULL, 10) : 0;
}

static void figures_read(struct process_state *process, const char *metrics)
{
    if (is_broker(process)) {
        for (size_t i = 0; i < BROKER_FIGURE_COUNT; i++)
            (void)scrape_value(metrics, BROKER_FIGURES[i].metric, "", &process->figures[i]);
        return;
    }
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        g_autofree char *name = g_strconcat("huying_", FIGURES[i].metric, NULL);
        (void)scrape_value(metrics, name, "", &process->figures[i]);
    }
    (void)scrape_value(metrics, "huying_postgres_up", "", &process->postgres_up);
    (void)scrape_value(metrics, "huying_redis_up", "", &process->redis_up);
    (void)scrape_value(metrics, "huying_bus_up", "", &process->bus_up);
    (void)scrape_value(metrics, "huying_timers_held", "", &process->timers_held);
}

static void process_ask(const struct ctl *ctl, struct process_state *process)
{
    BUF_OWNED body = {0};
    int status = 0;
    process->up = scrape_get(process->port.port, "/readyz", &status, &body) == OK;
    process->ready = process->up && status == 200;
    if (process->up && body.size > 0) {
        g_autofree char *shown = text_shown(body.data);
        (void)text_copy(process->why, sizeof(process->why), g_strchomp(shown), strlen(shown));
    }
    if (process->up && scrape_get(process->port.port, "/metrics", &status, &body) == OK)
        figures_read(process, body.size > 0 ? body.data : "");
    g_autofree char *name = g_strdup_printf("%s-%d", process->port.name, process->port.instance);
    process->rss_kb = memory_kb(ctl, name);
}

static void processes_ask(struct status *status)
{
    char path[CTL_PATH_SIZE];
    g_autofree char *text = NULL;
    struct process_port ports[PROCESSES_MAX];
    ctl_path(status->ctl, path, "run/ports");
    status->ports_known = g_file_get_contents(path, &text, NULL, NULL);
    if (!status->ports_known) {
        ctl_fail(status->ctl, "%s 读不了:不知道有哪些进程。用 deploy/run 启动,或检查 --home",
                "%s cannot be read, so the processes are not known. Start with deploy/run, or "
                "check "
                "--home",
                path);
        return;
    }
    status->count = ports_read(text, ports, PROCESSES_MAX);
    status->processes = g_new0(struct process_state, status->count + 1);
    for (size_t i = 0; i < status->count; i++) {
        status->processes[i].port = ports[i];
        process_ask(status->ctl, &status->processes[i]);
    }
}

static void database_ask(struct status *status)
{
    struct pg *pg = pg_new(status->ctl->conf.conninfo, "directory");
    status->postgres_up = pg_wait(pg, STATUS_CONNECT_MS) == OK;
    if (!status->postgres_up) {
        ctl_fail(status->ctl, "PostgreSQL 没有回答:%s", "PostgreSQL does not answer: %s",
                pg_message(pg));
    } else {
        status->site_found = store_drill_site(pg, &status->site) == OK;
        status->queried = store_status_queues(pg, status->queues) == OK &&
                          store_status_ledger(pg, &status->ledger) == OK &&
                          store_calendar_missing(pg, &status->year_missing) == OK;
        if (!status->queried)
            ctl_fail(status->ctl, "数据库的表读不出来(%s):先执行 huyingctl migrate",
                    "the database's tables cannot be read (%s): huyingctl migrate first",
                    pg_message(pg));
    }
    pg_destroy(&pg);
}

static bool all_ready(const struct status *status)
{
    bool ready = status->ports_known && status->count > 0 && status->postgres_up &&
                 status->queried && status->site_found;
    for (size_t i = 0; i < status->count; i++)
        ready = ready && status->processes[i].ready;
    return ready;
}

static const char *state_word(const struct ctl *ctl, bool up, bool ready)
{
    if (ctl->english)
        return ready ? "ready" : up ? "NOT READY" : "DOWN";
    return ready ? "就绪" : up ? "未就绪" : "未运行";
}

static void memory_cell(struct table *table, int64_t rss_kb)
{
    if (rss_kb > 0)
        table_cell_format(table, "%.1f", (double)rss_kb / 1024.0);
    else
        table_cell(table, "-");
}

static void heads_add(
        struct table *table, const struct ctl *ctl, const struct figure *figures, size_t count)
{
    table_cell(table, ctl->english ? "process" : "进程");
    table_cell(table, ctl->english ? "state" : "状态");
    table_cell(table, "MiB");
    for (size_t i = 0; i < count; i++)
        table_cell(table, ctl->english ? figures[i].en : figures[i].zh);
    table_cell(table, ctl->english ? "has" : "连着");
}

/* What the process reaches; a broker needs nothing, audit has no counters and so no Redis. */
static void reached_cell(struct table *table, const struct process_state *process)
{
    if (!process->ready || is_broker(process))
        table_cell(table, process->ready ? "" : process->why);
    else
        table_cell_format(table, "%s%s%s", process->postgres_up ? "PostgreSQL " : "",
                process->bus_up ? "bus " : "", process->redis_up ? "Redis" : "");
}

static void process_row(struct table *table,
        const struct ctl *ctl,
        const struct process_state *process,
        size_t count)
{
    table_cell_format(table, "%s-%d", process->port.name, process->port.instance);
    table_cell(table, state_word(ctl, process->up, process->ready));
    memory_cell(table, process->rss_kb);
    for (size_t i = 0; i < count; i++)
        if (process->up)
            table_cell_format(table, "%" PRId64, process->figures[i]);
        else
            table_cell(table, "-");
    reached_cell(table, process);
}

static void processes_print(const struct status *status, bool brokers)
{
    const struct figure *figures = brokers ? BROKER_FIGURES : FIGURES;
    size_t count = brokers ? (size_t)BROKER_FIGURE_COUNT : (size_t)FIGURE_COUNT;
    TABLE_OWNED table;
    table_init(&table, count + 4, (1u << (count + 3)) - 4);
    heads_add(&table, status->ctl, figures, count);
    for (size_t i = 0; i < status->count; i++)
        if (is_broker(&status->processes[i]) == brokers)
            process_row(&table, status->ctl, &status->processes[i], count);
    table_print(&table, "");
    puts("");
}

static void engines_print(const struct status *status)
{
    const struct ctl *ctl = status->ctl;
    ctl_print(ctl, "PostgreSQL %s,Redis %s\n\n", "PostgreSQL %s, Redis %s\n\n",
            state_word(ctl, status->postgres_up, status->postgres_up),
            status->redis_up ? state_word(ctl, true, true)
                             : (ctl->english ? "away (not needed)" : "不在(可以没有)"));
}

static const char *instant(const struct status *status, int64_t at_ms, char ret[INSTANT_SIZE])
{
    if (at_ms == 0)
        return "-";
    instant_format(ret, at_ms, status->site_found ? status->site.utc_offset_s : 0);
    return ret;
}

static void queues_print(const struct status *status)
{
    static const char *const heads[] = {CTL_TEXT("服务", "service"), CTL_TEXT("发件箱", "outbox"),
            CTL_TEXT("等待", "waiting"), CTL_TEXT("死信", "dead letters"),
            CTL_TEXT("期限", "timers"), CTL_TEXT("最早到期", "next due")};
    enum { COLUMNS = sizeof(heads) / sizeof(heads[0]) };
    TABLE_OWNED table;
    table_init(&table, COLUMNS, 0x1e);
    for (size_t i = 0; i < COLUMNS; i++) {
        char half[64];
        table_cell(&table, ctl_text(status->ctl, heads[i], half, sizeof(half)));
    }
    for (size_t i = 0; i < STATUS_SERVICES; i++) {
        const struct service_queues *queues = &status->queues[i];
        char due[INSTANT_SIZE];
        table_cell(&table, service_name(queues->service));
        table_cell_format(&table, "%" PRId64, queues->outbox);
        table_cell_format(&table, "%" PRId64, queues->waiting);
        table_cell_format(&table, "%" PRId64, queues->dead_letters);
        table_cell_format(&table, "%" PRId64, queues->timers);
        table_cell(&table, instant(status, queues->next_due_ms, due));
    }
    table_print(&table, "");
    puts("");
}

/* A site whose clock has jumped is ready, and accuses nobody: that must be seen here. */
static void held_print(const struct status *status)
{
    for (size_t i = 0; i < status->count; i++)
        if (status->processes[i].timers_held)
            ctl_print(status->ctl,
                    "%s-%d 的期限已暂停:数据库时钟跳变;校准时钟,或用 huyingctl clock confirm "
                    "确认\n",
                    "%s-%d holds all deadlines: the database's clock has jumped; set it right, or "
                    "huyingctl clock confirm\n",
                    status->processes[i].port.name, status->processes[i].port.instance);
}

/* Ready all the same: what can be decided is decided, only some deadlines are not set. */
static void calendar_print(const struct status *status)
{
    if (status->year_missing != 0)
        ctl_print(status->ctl,
                "日历没有 %d 年的日期:按工作时间计的期限(45 天内)定不下来;补上 calendar.csv "
                "并执行 huyingctl apply\n",
                "the calendar has no day of %d: deadlines in working time within 45 days cannot be "
                "set; add them to calendar.csv and huyingctl apply\n",
                (int)status->year_missing);
}

static void status_print(const struct status *status)
{
    char at[INSTANT_SIZE];
    if (status->count > 0) {
        processes_print(status, true);
        processes_print(status, false);
    }
    held_print(status);
    calendar_print(status);
    engines_print(status);
    if (status->queried) {
        queues_print(status);
        ctl_print(status->ctl, "账本 %" PRId64 " 片叶子,未入账 %" PRId64 " 页\n",
                "ledger: %" PRId64 " leaves, %" PRId64 " pages without a place\n",
                status->ledger.size, status->ledger.unplaced);
    }
    if (!status->site_found && status->postgres_up)
        ctl_fail(status->ctl, "还没有站点:先执行 huyingctl apply 样板目录",
                "there is no site yet: huyingctl apply PROFILE_DIR first");
    else if (status->site_found && status->site.drill)
        ctl_print(status->ctl, "演练时钟 %s\n", "drill clock %s\n",
                instant(status, status->site.clock_ms, at));
}

static json_t *process_json(const struct process_state *process)
{
    g_autofree char *name = g_strdup_printf("%s-%d", process->port.name, process->port.instance);
    json_t *object = json_pack("{s:s, s:i, s:b, s:b, s:s, s:I}", "name", name, "http_port",
            process->port.port, "up", process->up, "ready", process->ready, "readyz", process->why,
            "rss_kb", (json_int_t)process->rss_kb);
    bool broker = is_broker(process);
    size_t count = broker ? (size_t)BROKER_FIGURE_COUNT : (size_t)FIGURE_COUNT;
    if (!process->up)
        return object;
    for (size_t i = 0; i < count; i++)
        json_object_set_new(object,
                broker ? BROKER_FIGURES[i].metric + strlen("huying_broker_") : FIGURES[i].metric,
                json_integer((json_int_t)process->figures[i]));
    if (broker)
        return object;
    json_object_set_new(object, "postgres_up", json_boolean(process->postgres_up));
    json_object_set_new(object, "redis_up", json_boolean(process->redis_up));
    json_object_set_new(object, "bus_up", json_boolean(process->bus_up));
    json_object_set_new(object, "timers_held", json_boolean(process->timers_held));
    return object;
}

static json_t *instant_json(const struct status *status, int64_t at_ms)
{
    char at[INSTANT_SIZE];
    return at_ms != 0 ? json_string(instant(status, at_ms, at)) : json_null();
}

static json_t *queues_json(const struct status *status)
{
    json_t *services = json_object();
    for (size_t i = 0; i < STATUS_SERVICES; i++) {
        const struct service_queues *queues = &status->queues[i];
        json_object_set_new(services, service_name(queues->service),
                json_pack("{s:I, s:I, s:I, s:I, s:o}", "outbox", (json_int_t)queues->outbox,
                        "waiting", (json_int_t)queues->waiting, "dead_letters",
                        (json_int_t)queues->dead_letters, "timers", (json_int_t)queues->timers,
                        "next_due", instant_json(status, queues->next_due_ms)));
    }
    return services;
}

static void status_json(const struct status *status)
{
    json_t *processes = json_array();
    for (size_t i = 0; i < status->count; i++)
        json_array_append_new(processes, process_json(&status->processes[i]));
    json_t *object = json_pack("{s:b, s:b, s:b, s:o}", "ready", all_ready(status), "postgres_up",
            status->postgres_up, "redis_up", status->redis_up, "processes", processes);
    json_object_set_new(object, "services", status->queried ? queues_json(status) : json_null());
    json_object_set_new(object, "ledger",
            status->queried ? json_pack("{s:I, s:I}", "size", (json_int_t)status->ledger.size,
                                      "unplaced_pages", (json_int_t)status->ledger.unplaced)
                            : json_null());
    json_object_set_new(
            object, "calendar_year_missing", json_integer((json_int_t)status->year_missing));
    bool drill = status->site_found && status->site.drill;
    json_object_set_new(object, "drill", json_boolean(drill));
    json_object_set_new(
            object, "clock", drill ? instant_json(status, status->site.clock_ms) : json_null());
    ctl_json(object);
}

int command_status(struct ctl *ctl, int argc, char **argv)
{
    int exit = ctl_options(ctl, "", HELP, NULL, &argc, &argv);
    if (exit >= 0)
        return exit;
    if (argc != 1)
        return ctl_usage(ctl, "status", "");
    if (ctl_conf_read(ctl) != OK)
        return EXIT_FAILED;
    struct status status = {.ctl = ctl};
    processes_ask(&status);
    database_ask(&status);
    struct counters_redis *redis = counters_redis_new(ctl->conf.redis);
    status.redis_up = redis != NULL;
    counters_redis_destroy(&redis);
    if (ctl->json)
        status_json(&status);
    else
        status_print(&status);
    bool ready = all_ready(&status);
    g_free(status.processes);
    return ready ? EXIT_DONE : EXIT_FAILED;
}
