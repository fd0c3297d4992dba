/* huyingctl callback: who is told what happens to reports, and what was sent to them. Works on the
 * database alone; intake's senders see it at their next look, within a second. */
#include <string.h>

#include "services/ctl/callback_secret.h"
#include "services/ctl/commands.h"
#include "services/ctl/site_directory.h"
#include "services/ctl/store_callback.h"
#include "services/ctl/table.h"
#include "services/kernel/base/pure_event.h"
#include "services/kernel/base/pure_text.h"

/* clang-format off */
#define USAGE                                                                                      \
    "[list] | add NAME URL [--kinds K,K] [--sources S,S] | pause|resume|remove|secret NAME | "     \
    "deliveries NAME [--state S] | replay NAME --ids ID,ID | replay NAME --from T --to T | "       \
    "notices on|off"
#define HELP                                                                                       \
    CTL_TEXT("回调:案件每走一步,向订阅者的网址发送一个签名的事件。\n"                              \
             "add 登记订阅者,密钥只显示这一次;secret 换密钥,旧密钥再有效一天;\n"                   \
             "pause 暂停(事件照记,恢复后补发),resume 恢复,remove 删除;\n"                          \
             "deliveries 列出发送情况,replay 把已发送或已放弃的再发一次;\n"                        \
             "notices on 按 intake 的 [notice] 把受理、办理和办结告知上报人。",                    \
            "Callbacks: at each step of a case a signed event is posted to a subscriber.\n"        \
            "add: a subscriber, whose secret is shown this once; secret: a new one, beside\n"      \
            "which the old one signs for a day; pause: what happens is kept and sent after\n"      \
            "resume; remove; deliveries: what was sent; replay: what is delivered or given\n"      \
            "up is sent once more; notices: reporters are told of acceptance, progress and\n"      \
            "outcome, by intake's [notice].")
/* clang-format on */
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
#define NAME_MAX_SIZE 40
#define URL_MAX_SIZE 1000
#define KINDS_MAX 16

static const struct {
    int16_t number;
    const char *word;
} KINDS[] = {
#define X(number, word, name) {number, word},
        REPORT_EVENT_TABLE(X)
#undef X
};
enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

static const char *const STATES[] = {
        [SUBSCRIBER_ACTIVE] = CTL_TEXT("启用", "active"),
        [SUBSCRIBER_PAUSED] = CTL_TEXT("暂停", "paused"),
        [SUBSCRIBER_DISABLED] = CTL_TEXT("停用", "disabled"),
};
static const char *const DONE[] = {
        [CALLBACK_PENDING] = CTL_TEXT("待发送", "pending"),
        [CALLBACK_DELIVERED] = CTL_TEXT("已送达", "delivered"),
        [CALLBACK_GIVEN_UP] = CTL_TEXT("已放弃", "given-up"),
        [CALLBACK_NOT_WANTED] = CTL_TEXT("无需发送", "not-wanted"),
};

struct callbacks {
    struct ctl *ctl;
    struct pg *pg;
    const char *verb, *name, *url;
    char *kinds, *sources, *state, *ids, *from, *to;
    struct table table;
    json_t *list;
};

static const char *kind_word(int64_t number)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (KINDS[i].number == number)
            return KINDS[i].word;
    return "?";
}

/* "accepted,ended" to numbers that end with 0; NULL: all. */
static bool kinds_parse(const struct callbacks *this, int16_t ret[KINDS_MAX])
{
    size_t count = 0;
    g_auto(GStrv) words = g_strsplit(this->kinds != NULL ? this->kinds : "", ",", KINDS_MAX);
    for (size_t i = 0; this->kinds == NULL && i < KIND_COUNT; i++)
        ret[count++] = KINDS[i].number;
    for (char **word = words; *word != NULL; word++) {
        size_t at = 0;
        while (at < KIND_COUNT && strcmp(KINDS[at].word, *word) != 0)
            at++;
        if (at == KIND_COUNT) {
            ctl_fail(this->ctl,
                    "--kinds:“%s”不认识,应为 " REPORT_EVENT_WORDS " 中的几个,用逗号隔开",
                    "--kinds: found \"%s\", expected some of " REPORT_EVENT_WORDS ", with commas",
                    *word);
            return false;
        }
        ret[count++] = KINDS[at].number;
    }
    ret[count] = 0;
    return true;
}

/* A secret in the address would be in the clear, in the database and in receivers' logs. */
static bool url_check(const struct callbacks *this)
{
    g_autoptr(GUri) uri = g_uri_parse(this->url, G_URI_FLAGS_ENCODED, NULL);
    bool good = uri != NULL && strlen(this->url) <= URL_MAX_SIZE &&
                (strcmp(g_uri_get_scheme(uri), "https") == 0 ||
                        strcmp(g_uri_get_scheme(uri), "http") == 0) &&
                g_uri_get_host(uri) != NULL && *g_uri_get_host(uri) != '\0' &&
                g_uri_get_userinfo(uri) == NULL && g_uri_get_fragment(uri) == NULL;
    if (!good)
        ctl_fail(this->ctl, "网址“%s”不行:应为 https://主机/路径,至多 %d 字节,不含用户名和 #",
                "URL \"%s\": expected https://HOST/PATH of at most %d bytes, without user and #",
                this->url, URL_MAX_SIZE);
    return good;
}

static bool name_check(const struct callbacks *this)
{
    size_t size = strlen(this->name);
    bool good = size >= 1 && size <= NAME_MAX_SIZE && strspn(this->name, NAME_CHARS) == size &&
                strcmp(this->name, CALLBACK_REPORTER) != 0;
    if (!good)
        ctl_fail(this->ctl, "名称“%s”不行:应为 1 到 %d 个字母、数字或 - _ .,且不是 %s",
                "name \"%s\": expected 1 to %d letters, digits or - _ ., and not %s", this->name,
                NAME_MAX_SIZE, CALLBACK_REPORTER);
    return good;
}

/* What the store's answer means to the person. */
static int end_say(const struct callbacks *this, enum err err)
{
    if (err == ERR_NOT_FOUND)
        return ctl_fail(this->ctl, "没有名为 %s 的订阅者;huyingctl callback list 可列出全部",
                "there is no subscriber %s; huyingctl callback list shows all", this->name);
    if (err == ERR_CONFLICT)
        return ctl_fail(this->ctl, "已有名为 %s 的订阅者;请换一个名称,或先 remove",
                "there is a subscriber %s already; take another name, or remove it first",
                this->name);
    if (err != OK)
        return ctl_fail(this->ctl, "数据库:%s", "the database: %s", pg_message(this->pg));
    return EXIT_DONE;
}

static int secret_say(const struct callbacks *this, const char *secret)
{
    if (this->ctl->json)
        ctl_json(json_pack("{s:s, s:s}", "subscriber", this->name, "secret", secret));
    else
        ctl_print(this->ctl, "%s\n签名密钥(只显示这一次,请交给对方):%s\n",
                "%s\nsecret, shown this once, for its owner: %s\n", this->name, secret);
    return EXIT_DONE;
}

static int add(struct callbacks *this)
{
    char secret[CALLBACK_SECRET_SIZE];
    int16_t kinds[KINDS_MAX + 1];
    BUF_OWNED sealed = {0};
    if (!name_check(this) || !url_check(this) || !kinds_parse(this, kinds))
        return EXIT_USAGE;
    g_auto(GStrv) sources = this->sources != NULL ? g_strsplit(this->sources, ",", 64) : NULL;
    if (!callback_secret_draw(this->ctl, this->name, secret, &sealed))
        return EXIT_FAILED;
    const struct subscriber_new of = {.name = this->name,
            .url = this->url,
            .secret = sealed.data,
            .secret_size = sealed.size,
            .kinds = kinds,
            .sources = sources};
    int status = end_say(this, store_callback_add(this->pg, &of));
    return status == EXIT_DONE ? secret_say(this, secret) : status;
}

static int secret(struct callbacks *this)
{
    char text[CALLBACK_SECRET_SIZE];
    BUF_OWNED sealed = {0};
    if (!callback_secret_draw(this->ctl, this->name, text, &sealed))
        return EXIT_FAILED;
    int status =
            end_say(this, store_callback_secret(this->pg, this->name, sealed.data, sealed.size));
    return status == EXIT_DONE ? secret_say(this, text) : status;
}

static const char *word(const struct callbacks *this, const char *text, char ret[64])
{
    return ctl_text(this->ctl, text, ret, 64);
}

static void heads_add(struct callbacks *this, const char *const *heads, size_t count)
{
    char half[64];
    table_init(&this->table, count, 0);
    for (size_t i = 0; i < count; i++)
        table_cell(&this->table, word(this, heads[i], half));
}

/* "{1,3}" as words. */
static char *kinds_shown(const char *kinds)
{
    g_auto(GStrv) numbers = g_strsplit_set(kinds, "{,}", -1);
    GString *text = g_string_new("");
    for (char **number = numbers; *number != NULL; number++)
        if (**number != '\0')
            g_string_append_printf(text, "%s%s", text->len > 0 ? "," : "",
                    kind_word(g_ascii_strtoll(*number, NULL, 10)));
    return g_string_free(text, FALSE);
}

static void subscriber_take(void *self, const struct subscriber *of)
{
    struct callbacks *this = self;
    char half[64];
    g_autofree char *kinds = kinds_shown(of->kinds);
    bool known = of->state >= SUBSCRIBER_ACTIVE && of->state <= SUBSCRIBER_DISABLED;
    const char *state = known ? STATES[of->state] : "?";
    if (this->ctl->json) {
        json_array_append_new(this->list,
                json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "name", of->name, "url",
                        of->url, "state", strchr(state, '\x1f') ? strchr(state, '\x1f') + 1 : state,
                        "why", of->why, "kinds", kinds, "sources", of->sources, "pending",
                        (json_int_t)of->pending, "given_up", (json_int_t)of->given_up));
        return;
    }
    table_cell(&this->table, of->name);
    table_cell(&this->table, word(this, state, half));
    table_cell_format(&this->table, "%lld", (long long)of->pending);
    table_cell_format(&this->table, "%lld", (long long)of->given_up);
    table_cell(&this->table, *of->sources != '\0' ? of->sources : "*");
    table_cell(&this->table, kinds);
    table_cell(&this->table, of->why);
    table_cell(&this->table, of->url);
}

/* Prints what was taken; the columns are there, or the list. */
static int list_end(struct callbacks *this, enum err err, const char *name)
{
    int status = end_say(this, err);
    if (status != EXIT_DONE)
        return status;
    if (this->ctl->json)
        ctl_json(json_pack("{s:O}", name, this->list));
    else
        table_print(&this->table, "");
    return EXIT_DONE;
}

static int list(struct callbacks *this)
{
    static const char *const heads[] = {CTL_TEXT("名称", "name"), CTL_TEXT("状态", "state"),
            CTL_TEXT("待发送", "pending"), CTL_TEXT("已放弃", "given up"),
            CTL_TEXT("来源", "sources"), CTL_TEXT("事件", "kinds"), CTL_TEXT("原因", "why"),
            CTL_TEXT("网址", "url")};
    heads_add(this, heads, sizeof heads / sizeof *heads);
    return list_end(this, store_callback_list(this->pg, subscriber_take, this), "subscribers");
}

static void delivery_take(void *self, const struct callback_delivery *of)
{
    struct callbacks *this = self;
    char half[64], at[INSTANT_SIZE], due[INSTANT_SIZE] = "";
    bool known = of->done >= CALLBACK_PENDING && of->done <= CALLBACK_NOT_WANTED;
    const char *done = known ? DONE[of->done] : "?";
    instant_format(at, of->at_ms, 0);
    if (of->due_ms != 0)
        instant_format(due, of->due_ms, 0);
    if (this->ctl->json) {
        json_array_append_new(
                this->list, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:s}", "id", of->id,
                                    "kind", kind_word(of->kind), "state",
                                    strchr(done, '\x1f') ? strchr(done, '\x1f') + 1 : done, "at",
                                    at, "tries", (json_int_t)of->tries, "status",
                                    (json_int_t)of->status, "next", due, "why", of->why));
        return;
    }
    table_cell(&this->table, of->id);
    table_cell(&this->table, kind_word(of->kind));
    table_cell(&this->table, at);
    table_cell(&this->table, word(this, done, half));
    table_cell_format(&this->table, "%lld", (long long)of->tries);
    table_cell_format(&this->table, "%lld", (long long)of->status);
    table_cell(&this->table, due);
    table_cell(&this->table, of->why);
}

static int deliveries(struct callbacks *this)
{
    static const char *const heads[] = {CTL_TEXT("编号", "id"), CTL_TEXT("事件", "kind"),
            CTL_TEXT("时刻", "at"), CTL_TEXT("状态", "state"), CTL_TEXT("次数", "tries"),
            CTL_TEXT("应答", "answer"), CTL_TEXT("下次", "next"), CTL_TEXT("原因", "why")};
    static const char *const words[] = {"pending", "delivered", "given-up"};
    int done = -1;
    for (int i = 0; this->state != NULL && i < 3; i++)
        if (strcmp(this->state, words[i]) == 0)
            done = i;
    if (this->state != NULL && done < 0) {
        ctl_fail(this->ctl, "--state:“%s”不认识,应为 pending delivered given-up 之一",
                "--state: found \"%s\", expected one of pending delivered given-up", this->state);
        return EXIT_USAGE;
    }
    heads_add(this, heads, sizeof heads / sizeof *heads);
    return list_end(this,
            store_callback_deliveries(this->pg, this->name, done, delivery_take, this),
            "deliveries");
}

static int replay(struct callbacks *this)
{
    struct callback_span span = {.ids = ""};
    int64_t count = 0;
    if (this->ids != NULL) {
        span.ids = g_strdelimit(this->ids, ",", ' ');
    } else if (!instant_parse(this->from, &span.from_ms) || !instant_parse(this->to, &span.to_ms) ||
               span.from_ms < 1 || span.from_ms >= span.to_ms) {
        ctl_fail(this->ctl, "--from --to:应为先后两个时刻,如 2026-11-23T00:00:00+08:00",
                "--from --to: expected two instants, the earlier first, as "
                "2026-11-23T00:00:00+08:00");
        return EXIT_USAGE;
    }
    int status = end_say(this, store_callback_replay(this->pg, this->name, &span, &count));
    if (status != EXIT_DONE)
        return status;
    if (this->ctl->json)
        ctl_json(json_pack("{s:s, s:I}", "subscriber", this->name, "again", (json_int_t)count));
    else
        ctl_print(this->ctl, "%s:%lld 个事件将再次发送\n", "%s: %lld events will be sent again\n",
                this->name, (long long)count);
    return EXIT_DONE;
}

static int done_say(const struct callbacks *this, enum err err)
{
    int status = end_say(this, err);
    if (status != EXIT_DONE)
        return status;
    if (this->ctl->json)
        ctl_json(json_pack("{s:s, s:s}", "subscriber", this->name, "done", this->verb));
    else
        ctl_print(this->ctl, "%s:%s 完成\n", "%s: %s, done\n", this->name, this->verb);
    return EXIT_DONE;
}

static int pause_it(struct callbacks *this)
{
    return done_say(
            this, store_callback_state(this->pg, this->name, SUBSCRIBER_PAUSED, "by an operator"));
}

static int resume_it(struct callbacks *this)
{
    return done_say(this, store_callback_state(this->pg, this->name, SUBSCRIBER_ACTIVE, ""));
}

static int remove_it(struct callbacks *this)
{
    return done_say(this, store_callback_remove(this->pg, this->name));
}

static int notices(struct callbacks *this)
{
    bool on = strcmp(this->name, "on") == 0;
    if (!on && strcmp(this->name, "off") != 0)
        return ctl_usage(this->ctl, "callback", USAGE);
    this->name = CALLBACK_REPORTER;
    return done_say(this, store_callback_notices(this->pg, on));
}

static const struct verb {
    const char *word;
    int operands; /* behind it */
    int (*run)(struct callbacks *this);
} VERBS[] = {{"list", 0, list}, {"add", 2, add}, {"pause", 1, pause_it}, {"resume", 1, resume_it},
        {"remove", 1, remove_it}, {"secret", 1, secret}, {"deliveries", 1, deliveries},
        {"replay", 1, replay}, {"notices", 1, notices}};

/* NULL: the words or options do not belong together. */
static const struct verb *verb_find(const struct callbacks *this, int operands)
{
    bool replays = strcmp(this->verb, "replay") == 0;
    bool spans = this->from != NULL && this->to != NULL;
    if ((this->kinds != NULL || this->sources != NULL) && strcmp(this->verb, "add") != 0)
        return NULL;
    if (this->state != NULL && strcmp(this->verb, "deliveries") != 0)
        return NULL;
    if (replays ? (this->ids != NULL) == spans : this->ids || this->from || this->to)
        return NULL;
    for (size_t i = 0; i < sizeof VERBS / sizeof *VERBS; i++)
        if (strcmp(VERBS[i].word, this->verb) == 0)
            return VERBS[i].operands == operands ? &VERBS[i] : NULL;
    return NULL;
}

static int run(struct callbacks *this, const struct verb *verb)
{
    if (ctl_conf_read(this->ctl) != OK)
        return EXIT_FAILED;
    this->pg = ctl_connect(this->ctl, NULL);
    if (this->pg == NULL)
        return EXIT_FAILED;
    this->list = json_array();
    int status = verb->run(this);
    if (this->table.cells != NULL)
        table_fini(&this->table);
    json_decref(this->list);
    pg_destroy(&this->pg);
    return status;
}

static int words_take(struct callbacks *this, int argc, char **argv)
{
    this->verb = argc > 1 ? argv[1] : "list";
    this->name = argc > 2 ? argv[2] : "";
    this->url = argc > 3 ? argv[3] : "";
    const struct verb *verb = verb_find(this, argc > 1 ? argc - 2 : 0);
    return verb != NULL ? run(this, verb) : ctl_usage(this->ctl, "callback", USAGE);
}

#define TEXT_OPTION(name, field, zh, en, arg)                                                      \
    {                                                                                              \
        name, 0, 0, G_OPTION_ARG_STRING, &this.field, CTL_TEXT(zh, en), arg                        \
    }

int command_callback(struct ctl *ctl, int argc, char **argv)
{
    struct callbacks this = {.ctl = ctl};
    const GOptionEntry entries[] = {
            TEXT_OPTION("kinds", kinds, "哪些事件,逗号隔开;默认全部", "which events; all", "K,K"),
            TEXT_OPTION("sources", sources, "只要这些来源的", "of these sources alone", "S,S"),
            TEXT_OPTION("state", state, "只列这种状态的", "only in this state", "S"),
            TEXT_OPTION("ids", ids, "再发这些编号的", "send these again", "ID,ID"),
            TEXT_OPTION("from", from, "再发从这个时刻起的", "send again from here", "T"),
            TEXT_OPTION("to", to, "到这个时刻前的", "to before here", "T"), {0}};
    int status = ctl_options(ctl, USAGE, HELP, entries, &argc, &argv);
    if (status < 0)
        status = words_take(&this, argc, argv);
    char *texts[] = {this.kinds, this.sources, this.state, this.ids, this.from, this.to};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        g_free(texts[i]);
    return status;
}
