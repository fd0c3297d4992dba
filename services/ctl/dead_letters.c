/* huyingctl dead-letters: messages that a service could not apply, and what an operator does with
 * them: try again, or leave out, which is written into the aggregate's history and the ledger. */
#include <inttypes.h>
#include <string.h>

#include "services/ctl/codec_ops.h"
#include "services/ctl/commands.h"
#include "services/ctl/ctl_bus.h"
#include "services/ctl/names.h"
#include "services/ctl/store_drill.h"
#include "services/ctl/table.h"
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_text.h"

#define USAGE                                                                                      \
    "[list] | show AGG SOURCE N | replay AGG SOURCE N | skip AGG SOURCE N --why TEXT  "            \
    "[--service NAME]"
#define PAGES_MAX 200 /* questions to one service: 100,000 letters */
#define HELP                                                                                       \
    CTL_TEXT("死信:五次尝试都没有成功、已放在一边的消息。同一对象"        \
             "、同一来源的后续消息在它后面等。\n"                                  \
             "replay 再试一次;skip 略过它,--why 写明原因,记入对象"                  \
             "的历史和账本。\n"                                                             \
             "AGG SOURCE N 是清单里的前三列。",                                                    \
            "Dead letters: messages that were put aside after five attempts. Later "               \
            "messages of the same aggregate and\nsource wait behind them. replay tries "           \
            "again; skip leaves it out, with the reason --why, which goes into "                   \
            "the\naggregate's history and the ledger. AGG SOURCE N are the first "                 \
            "columns of the list.")

enum { HOLDERS = 5 };
static const enum service_id HOLDING[HOLDERS] = {
        SERVICE_INTAKE, SERVICE_ROUTING, SERVICE_ENFORCEMENT, SERVICE_VOLUNTEER, SERVICE_AUDIT};

struct letters {
    struct ctl *ctl;
    struct client *client;
    struct arena arena;
    GArray *list; /* struct letter; texts in the arena */
    int utc_offset_s;
    bool complete;
};

/* An answer that is full may end within an aggregate: its letters are asked for again. */
static size_t whole_aggregates(const struct letter *letters, size_t count, int64_t *ret_after)
{
    size_t end = count;
    if (count == LETTERS_LIMIT)
        while (end > 0 && letters[end - 1].agg == letters[count - 1].agg)
            end--;
    if (end == 0)
        end = count;
    *ret_after = end > 0 ? letters[end - 1].agg : 0;
    return end;
}

static bool service_ask(struct letters *this, enum service_id service)
{
    int64_t after = 0;
    for (int page = 0; page < PAGES_MAX; page++) {
        struct letter *found = NULL;
        size_t count = 0;
        struct client_request ask = {.dest = service,
                .type = OPS_DEAD_LETTERS,
                .payload = letters_query_encode(&this->arena, after)};
        if (!ctl_bus_ask(this->ctl, this->client, FRAME_QUERIES, &ask, 1, &this->arena))
            return false;
        if (letters_decode(ask.reply.payload, service, &this->arena, &found, &count) != OK) {
            ctl_fail(this->ctl, "%s 的回答读不懂:两边的版本不同?",
                    "the answer of %s cannot be read: is it of another version?",
                    service_name(service));
            return false;
        }
        size_t take = whole_aggregates(found, count, &after);
        g_array_append_vals(this->list, found, (guint)take);
        if (count < LETTERS_LIMIT)
            return true;
    }
    ctl_fail(this->ctl, "%s 的死信太多,只列出前一部分", "%s has too many dead letters to list all",
            service_name(service));
    return false;
}

static void letters_ask(struct letters *this, enum service_id only)
{
    this->complete = true;
    for (size_t i = 0; i < HOLDERS; i++)
        if (only == SERVICE_NONE || only == HOLDING[i])
            this->complete = service_ask(this, HOLDING[i]) && this->complete;
}

static const struct letter *letter_at(const struct letters *this, guint index)
{
    return &g_array_index(this->list, struct letter, index);
}

static json_t *letter_json(const struct letters *this, const struct letter *letter)
{
    char at[INSTANT_SIZE];
    g_autofree char *agg = g_strdup_printf("%" PRId64, letter->agg);
    g_autofree char *message = g_strdup_printf("%" PRId64, letter->msg_id);
    g_autofree char *reason = g_utf8_make_valid(letter->reason, -1);
    instant_format(at, letter->arrived_ms, this->utc_offset_s);
    return json_pack("{s:s, s:s, s:I, s:s, s:s, s:i, s:s, s:i, s:i, s:s}", "aggregate", agg,
            "source", service_name(letter->source), "n", (json_int_t)letter->n, "service",
            service_name(letter->service), "message", message, "type", (int)letter->type, "arrived",
            at, "attempts", (int)letter->attempts, "waiting_behind", (int)letter->waiting, "reason",
            reason);
}

static int list_show(struct letters *this)
{
    static const char *const heads[] = {CTL_TEXT("对象", "aggregate"), CTL_TEXT("来源", "source"),
            "n", CTL_TEXT("所在服务", "held by"), CTL_TEXT("类型", "type"),
            CTL_TEXT("到达", "arrived"), CTL_TEXT("尝试", "attempts"),
            CTL_TEXT("其后等待", "waiting"), CTL_TEXT("原因", "reason")};
    enum { COLUMNS = sizeof(heads) / sizeof(heads[0]) };
    TABLE_OWNED table;
    table_init(&table, COLUMNS, 0xd5);
    for (size_t i = 0; i < COLUMNS; i++) {
        char half[64];
        table_cell(&table, ctl_text(this->ctl, heads[i], half, sizeof(half)));
    }
    for (guint i = 0; i < this->list->len; i++) {
        const struct letter *letter = letter_at(this, i);
        char at[INSTANT_SIZE];
        instant_format(at, letter->arrived_ms, this->utc_offset_s);
        table_cell_format(&table, "%" PRId64, letter->agg);
        table_cell(&table, service_name(letter->source));
        table_cell_format(&table, "%" PRIu64, letter->n);
        table_cell(&table, service_name(letter->service));
        table_cell_format(&table, "%" PRIu32, letter->type);
        table_cell(&table, at);
        table_cell_format(&table, "%" PRId32, letter->attempts);
        table_cell_format(&table, "%" PRIu32, letter->waiting);
        table_cell(&table, letter->reason);
    }
    if (this->list->len > 0)
        table_print(&table, "");
    else if (this->complete)
        ctl_print(this->ctl, "没有死信\n", "there are no dead letters\n");
    return this->complete ? EXIT_DONE : EXIT_FAILED;
}

static int list_json(struct letters *this)
{
    json_t *list = json_array();
    for (guint i = 0; i < this->list->len; i++)
        json_array_append_new(list, letter_json(this, letter_at(this, i)));
    ctl_json(json_pack("{s:b, s:o}", "complete", this->complete, "dead_letters", list));
    return this->complete ? EXIT_DONE : EXIT_FAILED;
}

/* The letter that three words name; NULL, and said why not, when there is none or more than one. */
static const struct letter *letter_find(const struct letters *this, char **words)
{
    const struct letter *found = NULL;
    char *agg_end = NULL, *n_end = NULL;
    int64_t agg = g_ascii_strtoll(words[0], &agg_end, 10);
    enum service_id source = service_find(words[1]);
    guint64 n = g_ascii_strtoull(words[2], &n_end, 10);
    if (agg <= 0 || *agg_end != '\0' || source == SERVICE_NONE || n == 0 || *n_end != '\0') {
        ctl_fail(this->ctl, "“%s %s %s”不是死信:应为对象编号、来源服务名、序号,如清单前三列",
                "\"%s %s %s\" names no letter: expected an aggregate's id, a service's name and a "
                "number, as in the list's first columns",
                words[0], words[1], words[2]);
        return NULL;
    }
    for (guint i = 0; i < this->list->len; i++) {
        const struct letter *letter = letter_at(this, i);
        if (letter->agg != agg || letter->source != source || letter->n != n)
            continue;
        if (found != NULL) {
            ctl_fail(this->ctl, "%s 和 %s 都有这封死信;用 --service 指明一个",
                    "%s and %s both have that letter; name one with --service",
                    service_name(found->service), service_name(letter->service));
            return NULL;
        }
        found = letter;
    }
    if (found == NULL)
        ctl_fail(this->ctl, "没有这封死信;huyingctl dead-letters 列出现有的",
                "there is no such dead letter; huyingctl dead-letters lists those there are");
    return found;
}

static int letter_show(struct letters *this, const struct letter *letter)
{
    char at[INSTANT_SIZE];
    g_autofree char *reason = text_shown(letter->reason);
    if (this->ctl->json) {
        ctl_json(letter_json(this, letter));
        return EXIT_DONE;
    }
    instant_format(at, letter->arrived_ms, this->utc_offset_s);
    ctl_print(this->ctl,
            "对象 %" PRId64 ",来自 %s 的第 %" PRIu64 " 条,在 %s\n  消息 %" PRId64 ",类型 %" PRIu32
            "\n  到达 %s,尝试 %" PRId32 " 次\n  原因 %s\n  其后等待 %" PRIu32 " 条\n",
            "aggregate %" PRId64 ", from %s number %" PRIu64 ", held by %s\n  message %" PRId64
            ", type %" PRIu32 "\n  arrived %s, attempts %" PRId32
            "\n  reason %s\n  messages that wait behind it %" PRIu32 "\n",
            letter->agg, service_name(letter->source), letter->n, service_name(letter->service),
            letter->msg_id, letter->type, at, letter->attempts, reason, letter->waiting);
    return EXIT_DONE;
}

static int letter_act(
        struct letters *this, const struct letter *letter, enum ops_type type, const char *why)
{
    char id[REQUEST_ID_SIZE];
    request_id_make(id);
    struct client_request order = {.dest = letter->service,
            .type = type,
            .agg = letter->agg,
            .request_id = id,
            .payload = letter_ref_encode(&this->arena, letter, why)};
    if (!ctl_bus_ask(this->ctl, this->client, FRAME_COMMANDS, &order, 1, &this->arena))
        return EXIT_FAILED;
    if (this->ctl->json)
        ctl_json(json_pack("{s:s, s:o}", "done", type == OPS_REPLAY ? "replay" : "skip", "letter",
                letter_json(this, letter)));
    else if (type == OPS_REPLAY)
        ctl_print(this->ctl, "已办理,其后 %" PRIu32 " 条继续\n",
                "applied; %" PRIu32 " messages behind it go on\n", letter->waiting);
    else
        ctl_print(this->ctl, "已略过并记录,其后 %" PRIu32 " 条继续\n",
                "left out, on record; %" PRIu32 " messages behind it go on\n", letter->waiting);
    return EXIT_DONE;
}

static int run(struct letters *this, const char *verb, char **words, const char *why)
{
    if (strcmp(verb, "list") == 0)
        return this->ctl->json ? list_json(this) : list_show(this);
    const struct letter *letter = letter_find(this, words);
    if (letter == NULL)
        return EXIT_FAILED;
    if (strcmp(verb, "show") == 0)
        return letter_show(this, letter);
    return letter_act(this, letter, strcmp(verb, "skip") == 0 ? OPS_SKIP : OPS_REPLAY, why);
}

/* Instants are shown with the site's offset; without a database, in UTC. */
static int offset_of(const struct ctl *ctl)
{
    struct drill_site site = {0};
    struct pg *pg = pg_new(ctl->conf.conninfo, "directory");
    if (pg_wait(pg, 2000) != OK || store_drill_site(pg, &site) != OK)
        site.utc_offset_s = 0;
    pg_destroy(&pg);
    return site.utc_offset_s;
}

static int start(
        struct ctl *ctl, const char *verb, char **words, enum service_id only, const char *why)
{
    struct letters this = {.ctl = ctl, .list = g_array_new(FALSE, FALSE, sizeof(struct letter))};
    int status = EXIT_FAILED;
    arena_init(&this.arena, CTL_ANSWERS_MAX);
    if (ctl_conf_read(ctl) == OK && ctl_bus_connect(ctl, &this.client) == OK) {
        this.utc_offset_s = offset_of(ctl);
        letters_ask(&this, only);
        status = run(&this, verb, words, why);
    }
    if (this.client != NULL)
        client_destroy(&this.client);
    arena_fini(&this.arena);
    g_array_free(this.list, TRUE);
    return status;
}

static bool words_right(const char *verb, int argc, const char *why)
{
    if (strcmp(verb, "list") == 0)
        return argc <= 2 && why == NULL;
    if (strcmp(verb, "skip") == 0)
        return argc == 5 && why != NULL;
    return (strcmp(verb, "show") == 0 || strcmp(verb, "replay") == 0) && argc == 5 && why == NULL;
}

int command_dead_letters(struct ctl *ctl, int argc, char **argv)
{
    g_autofree char *why = NULL, *service = NULL;
    const GOptionEntry entries[] = {
            {"why", 0, 0, G_OPTION_ARG_STRING, &why,
                    CTL_TEXT("略过的原因,1 到 200 字节", "reason of a skip, 1 to 200 bytes"),
                    CTL_TEXT("文字", "TEXT")},
            {"service", 0, 0, G_OPTION_ARG_STRING, &service,
                    CTL_TEXT("只看这个服务", "only this service"), CTL_TEXT("服务", "NAME")},
            {0}};
    int status = ctl_options(ctl, USAGE, HELP, entries, &argc, &argv);
    if (status >= 0)
        return status;
    const char *verb = argc > 1 ? argv[1] : "list";
    if (!words_right(verb, argc, why))
        return ctl_usage(ctl, "dead-letters", USAGE);
    enum service_id only = service != NULL ? service_find(service) : SERVICE_NONE;
    if (service != NULL && (only < SERVICE_INTAKE || only > SERVICE_AUDIT)) {
        ctl_fail(ctl, "--service:“%s”不认识,应为 intake routing enforcement volunteer audit 之一",
                "--service: found \"%s\", expected one of intake routing enforcement volunteer "
                "audit",
                service);
        return EXIT_USAGE;
    }
    if (why != NULL &&
            (*why == '\0' || strlen(why) > LETTER_WHY_MAX || !g_utf8_validate(why, -1, NULL))) {
        ctl_fail(ctl, "--why:应为 1 到 %d 字节的 UTF-8 文字",
                "--why: expected 1 to %d bytes of UTF-8", LETTER_WHY_MAX);
        return EXIT_USAGE;
    }
    return start(ctl, verb, argv + 2, only, why != NULL ? why : "");
}
