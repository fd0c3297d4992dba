/* huyingctl qr: codes that people scan, made, listed, printed, withdrawn. Intake makes them and
 * keeps what they say. What is personal comes out of a file or standard input, not from the command
 * line, which others on the machine see. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "services/ctl/codec_qr.h"
#include "services/ctl/commands.h"
#include "services/ctl/ctl_bus.h"
#include "services/ctl/qr_svg.h"
#include "services/ctl/table.h"
#include "services/kernel/base/pure_text.h"

/* clang-format off */
#define USAGE                                                                                      \
    "[list] [--all] | place REF NAME --matters M,… --unit CODE|--at LON,LAT | "                    \
    "person REF --matter M --helpers STAFF,… --card FILE | card ID --card FILE | "                 \
    "helper ID STAFF [--remove] | print ID [--to FILE] | withdraw ID [--why TEXT]"
#define HELP                                                                                       \
    CTL_TEXT("二维码。REF 是制作方自己的编号,同一编号同样内容再做一次,得到同一个码。\n"            \
             "place 地点码:扫码上报,地点已填好;--at 默认 WGS-84,--coordinates gcj02 等可改。\n"    \
             "person 关爱码:任何人扫码求助,帮扶人凭密钥打开关爱卡。--card 是 JSON 文件(- 为标准\n" \
             "输入):name、address、contact 联系谁、phone、helps 怎样帮助;加密保存。\n"             \
             "helper 增加帮扶人或换新密钥,--remove 取消;card 换卡。\n"                             \
             "print 输出 SVG,可重复打印;withdraw 停用;list 列出,--all 含已停用的。\n"              \
             "谁看过关爱卡:huyingctl caller who-has-seen ID;删除:huyingctl caller forget ID。",    \
            "Codes that people scan. REF is the maker's own number: the same again with the same\n"\
            "content gives the same code.\n"                                                       \
            "place: whoever scans reports something there; --at is WGS-84 unless --coordinates\n"  \
            "says gcj02 or cgcs2000.\n"                                                            \
            "person: anybody calls for help, helpers open the card with their keys. --card is a\n" \
            "JSON file (-: standard input) with name, address, contact (whom to call), phone,\n"   \
            "helps; it is kept sealed. Helpers get keys of their own; helper adds one or\n"        \
            "gives him a new key, --remove takes him out; card replaces the card.\n"               \
            "print: SVG, the same each time; withdraw; list, with --all the withdrawn as well.\n"  \
            "Who has seen a card: huyingctl caller who-has-seen ID; delete it: huyingctl caller\n" \
            "forget ID.")
/* clang-format on */
#define CARD_SIZE_MAX 65536

struct qr {
    struct ctl *ctl;
    struct client *client;
    struct arena arena;
    const char *operands[2];
    /* options; NULL = not given */
    char *matters, *unit, *at, *coordinates, *helpers, *card, *to, *why, *staff;
    gboolean all, ends;
};

static int unread(const struct qr *this)
{
    return ctl_fail(this->ctl, "受理服务的回答读不懂:两边的版本不同?",
            "intake's answer cannot be read: is it of another version?");
}

static bool ask(struct qr *this, enum qr_type type, struct bytes payload, struct bytes *ret)
{
    char request_id[REQUEST_ID_SIZE];
    const bool query = type == QR_CODES;
    request_id_make(request_id);
    struct client_request request = {.dest = SERVICE_INTAKE,
            .type = type,
            .request_id = query ? "" : request_id,
            .actor = query ? "" : this->staff,
            .payload = payload};
    bool done = ctl_bus_ask(this->ctl, this->client, query ? FRAME_QUERIES : FRAME_COMMANDS,
            &request, 1, &this->arena);
    *ret = request.reply.payload;
    return done;
}

static bool number_is(const struct qr *this, const char *text, int64_t *ret)
{
    char *end = NULL;
    *ret = g_ascii_strtoll(text, &end, 10);
    if (*ret > 0 && *end == '\0')
        return true;
    ctl_fail(this->ctl, "“%s”:应为二维码的编号,见 huyingctl qr list",
            "\"%s\": the id of a code is expected, see huyingctl qr list", text);
    return false;
}

static bool point_read(const struct qr *this, struct qr_new *ret)
{
    static const char *const systems[] = {"wgs84", "cgcs2000", "gcj02"};
    char *end[2] = {NULL, NULL};
    if (this->coordinates != NULL) {
        while (ret->coordinates < G_N_ELEMENTS(systems) &&
                strcmp(systems[ret->coordinates], this->coordinates) != 0)
            ret->coordinates++;
        if (ret->coordinates == G_N_ELEMENTS(systems)) {
            ctl_fail(this->ctl, "--coordinates “%s”:应为 wgs84、cgcs2000 或 gcj02",
                    "--coordinates \"%s\": wgs84, cgcs2000 or gcj02 expected", this->coordinates);
            return false;
        }
    }
    if (this->at == NULL)
        return true;
    g_auto(GStrv) halves = g_strsplit(this->at, ",", 3);
    if (g_strv_length(halves) == 2) {
        ret->longitude = g_ascii_strtod(halves[0], &end[0]);
        ret->latitude = g_ascii_strtod(halves[1], &end[1]);
        if (*halves[0] != '\0' && *halves[1] != '\0' && *end[0] == '\0' && *end[1] == '\0')
            return true;
    }
    ctl_fail(this->ctl, "--at “%s”:应为 经度,纬度,如 113.36,22.94",
            "--at \"%s\": LONGITUDE,LATITUDE expected, as 113.36,22.94", this->at);
    return false;
}

static int made_say(const struct qr *this, const struct qr_made *made)
{
    g_autofree char *id = g_strdup_printf("%" PRId64, made->id);
    if (this->ctl->json) {
        json_t *keys = json_array();
        for (size_t i = 0; i < made->key_count; i++)
            json_array_append_new(keys, json_pack("{s:s, s:s}", "staff", made->keys[i].staff, "key",
                                                made->keys[i].key));
        ctl_json(json_pack("{s:s, s:s, s:o}", "id", id, "url", made->url, "keys", keys));
        return EXIT_DONE;
    }
    ctl_print(this->ctl, "二维码 %s\n", "code %s\n", id);
    if (*made->url != '\0')
        ctl_print(this->ctl, "  %s\n", "  %s\n", made->url);
    for (size_t i = 0; i < made->key_count; i++)
        ctl_print(this->ctl, "  帮扶人 %s 的密钥(请只交给本人):%s\n",
                "  key of helper %s, for him alone: %s\n", made->keys[i].staff, made->keys[i].key);
    return EXIT_DONE;
}

static int made_ask(struct qr *this, enum qr_type type, struct bytes payload)
{
    struct bytes answer;
    struct qr_made made;
    if (!ask(this, type, payload, &answer))
        return EXIT_FAILED;
    if (qr_made_decode(answer, &this->arena, &made) != OK)
        return unread(this);
    return made_say(this, &made);
}

static int place(struct qr *this)
{
    struct qr_new code = {.ref = this->operands[0], .name = this->operands[1], .unit = this->unit};
    g_auto(GStrv) matters = g_strsplit(this->matters, ",", -1);
    code.matters = matters;
    if (!point_read(this, &code))
        return EXIT_USAGE;
    return made_ask(this, QR_MAKE, qr_new_encode(&this->arena, &code));
}

static char *card_text(const struct qr *this)
{
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    gsize size = 0;
    if (strcmp(this->card, "-") == 0) {
        text = g_malloc0(CARD_SIZE_MAX + 2);
        size = fread(text, 1, CARD_SIZE_MAX + 1, stdin);
    } else if (!g_file_get_contents(this->card, &text, &size, &error)) {
        ctl_fail(this->ctl, "--card:%s", "--card: %s", error->message);
        return NULL;
    }
    if (size <= CARD_SIZE_MAX)
        return text;
    ctl_fail(this->ctl, "--card:文件超过 %d 字节", "--card: more than %d bytes", CARD_SIZE_MAX);
    g_free(text);
    return NULL;
}

/* Texts are borrowed from `object`. */
static bool card_read(const struct qr *this, const json_t *object, struct qr_person *ret)
{
    struct {
        const char *name, **to;
    } fields[] = {{"name", &ret->name}, {"address", &ret->address}, {"contact", &ret->contact},
            {"phone", &ret->phone}, {"helps", &ret->helps}};
    size_t known = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        const json_t *value = json_object_get(object, fields[i].name);
        *fields[i].to = value != NULL ? json_string_value(value) : "";
        known += value != NULL;
        if (*fields[i].to == NULL) {
            ctl_fail(this->ctl, "--card:%s 应为文字", "--card: %s: a text is expected",
                    fields[i].name);
            return false;
        }
    }
    if (known == json_object_size(object))
        return true;
    ctl_fail(this->ctl, "--card:只能有 name、address、contact、phone、helps",
            "--card: expected nothing but name, address, contact, phone, helps");
    return false;
}

/* Hands the card to `send`, and leaves nothing of it in memory. */
static int card_do(struct qr *this, int (*send)(struct qr *this, const struct qr_person *card))
{
    json_error_t error;
    struct qr_person card;
    char *text = card_text(this);
    int status = EXIT_FAILED;
    if (text == NULL)
        return EXIT_FAILED;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(object))
        (void)ctl_fail(this->ctl, "--card:不是 JSON 对象(第 %d 行)",
                "--card: no JSON object (line %d)", error.line);
    else if (card_read(this, object, &card))
        status = send(this, &card);
    json_decref(object);
    sodium_memzero(text, strlen(text));
    g_free(text);
    return status;
}

static int person_send(struct qr *this, const struct qr_person *card)
{
    g_auto(GStrv) matters = g_strsplit(this->matters, ",", -1);
    g_auto(GStrv) helpers = g_strsplit(this->helpers, ",", -1);
    const struct qr_new code = {.ref = this->operands[0],
            .name = "",
            .unit = this->unit,
            .person = card,
            .matters = matters,
            .helpers = helpers};
    return made_ask(this, QR_MAKE, qr_new_encode(&this->arena, &code));
}

static int person(struct qr *this)
{
    return card_do(this, person_send);
}

static int card_send(struct qr *this, const struct qr_person *card)
{
    struct bytes answer;
    int64_t id = 0;
    if (!number_is(this, this->operands[0], &id))
        return EXIT_USAGE;
    if (!ask(this, QR_CARD, qr_card_encode(&this->arena, id, card), &answer))
        return EXIT_FAILED;
    if (this->ctl->json)
        ctl_json(json_pack("{s:s, s:b}", "id", this->operands[0], "replaced", 1));
    else
        ctl_print(this->ctl, "二维码 %s:关爱卡已更换,原卡已删除\n",
                "code %s: the card is replaced, the one before is deleted\n", this->operands[0]);
    return EXIT_DONE;
}

static int card(struct qr *this)
{
    return card_do(this, card_send);
}

static int helper(struct qr *this)
{
    int64_t id = 0;
    if (!number_is(this, this->operands[0], &id))
        return EXIT_USAGE;
    return made_ask(
            this, QR_HELPER, qr_change_encode(&this->arena, id, this->operands[1], this->ends, ""));
}

static int withdraw(struct qr *this)
{
    struct bytes answer;
    int64_t id = 0;
    const char *why = this->why != NULL ? this->why : "";
    if (!number_is(this, this->operands[0], &id))
        return EXIT_USAGE;
    if (!ask(this, QR_WITHDRAW, qr_change_encode(&this->arena, id, "", true, why), &answer))
        return EXIT_FAILED;
    if (this->ctl->json)
        ctl_json(json_pack("{s:s, s:b}", "id", this->operands[0], "withdrawn", 1));
    else
        ctl_print(this->ctl, "二维码 %s 已停用\n", "code %s is withdrawn\n", this->operands[0]);
    return EXIT_DONE;
}

/* A page of codes from that id on. False: said why not. */
static bool page_ask(
        struct qr *this, int64_t from, uint32_t limit, struct qr_listed **ret, size_t *ret_count)
{
    struct bytes answer;
    if (!ask(this, QR_CODES, qr_ask_encode(&this->arena, from, limit), &answer))
        return false;
    if (qr_list_decode(answer, &this->arena, ret, ret_count) == OK)
        return true;
    (void)unread(this);
    return false;
}

static int print(struct qr *this)
{
    struct qr_listed *code = NULL;
    size_t count = 0;
    int64_t id = 0;
    BUF_OWNED svg = {0};
    char half[64];
    if (!number_is(this, this->operands[0], &id))
        return EXIT_USAGE;
    if (!page_ask(this, id, 1, &code, &count))
        return EXIT_FAILED;
    if (count == 0 || code->id != id || code->withdrawn)
        return ctl_fail(this->ctl, "没有编号为 %s 的有效二维码;见 huyingctl qr list --all",
                "there is no code %s in force; see huyingctl qr list --all", this->operands[0]);
    if (*code->url == '\0')
        return ctl_fail(this->ctl,
                "intake 没有二维码的网址:请设置 [intake] qr_url 和 follow,再发 SIGHUP",
                "intake has no address for codes: set [intake] qr_url and follow, then SIGHUP");
    const char *line = ctl_text(this->ctl,
            code->person ? CTL_TEXT("扫码求助", "Scan for help")
                         : CTL_TEXT("扫码上报", "Scan to report"),
            half, sizeof half);
    if (qr_svg_make(code->url, code->name, line, &svg) != OK)
        return ctl_fail(this->ctl, "网址太长,做不成二维码:%s",
                "the address is too long for a code: %s", code->url);
    if (this->to == NULL) {
        (void)fwrite(svg.data, 1, svg.size, stdout);
        return EXIT_DONE;
    }
    if (ctl_file_write(this->to, svg.data, svg.size, 0644) != OK)
        return ctl_fail(
                this->ctl, "%s 写不了:%s", "%s cannot be written: %s", this->to, g_strerror(errno));
    if (this->ctl->json)
        ctl_json(json_pack(
                "{s:s, s:s, s:s}", "id", this->operands[0], "url", code->url, "file", this->to));
    else
        ctl_print(this->ctl, "%s:%s\n", "%s: %s\n", this->to, code->url);
    return EXIT_DONE;
}

static char *words_join(const char *const *words, size_t count)
{
    GString *text = g_string_new("");
    for (size_t i = 0; i < count; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? "," : "", words[i]);
    return g_string_free(text, FALSE);
}

static void row_add(const struct qr *this, const struct qr_listed *code, struct table *table)
{
    char half[64], made[INSTANT_SIZE];
    g_autofree char *matters = words_join(code->matters, code->matter_count);
    g_autofree char *helpers = words_join(code->helpers, code->helper_count);
    const char *unit = this->ctl->english && *code->unit_en != '\0' ? code->unit_en : code->unit_zh;
    instant_format(made, code->made_ms, 0);
    table_cell_format(table, "%" PRId64, code->id);
    table_cell(table, code->ref);
    table_cell(table, ctl_text(this->ctl,
                              code->withdrawn ? CTL_TEXT("已停用", "withdrawn")
                              : code->person  ? CTL_TEXT("关爱码", "person")
                                              : CTL_TEXT("地点码", "place"),
                              half, sizeof half));
    table_cell(table, code->name);
    table_cell(table, unit);
    table_cell(table, matters);
    table_cell(table, helpers);
    table_cell(table, made);
    table_cell(table, code->url);
}

static json_t *listed_json(const struct qr_listed *code)
{
    char made[INSTANT_SIZE], ended[INSTANT_SIZE] = "";
    g_autofree char *id = g_strdup_printf("%" PRId64, code->id);
    g_autofree char *matters = words_join(code->matters, code->matter_count);
    g_autofree char *helpers = words_join(code->helpers, code->helper_count);
    instant_format(made, code->made_ms, 0);
    if (code->ended_ms != 0)
        instant_format(ended, code->ended_ms, 0);
    return json_pack("{s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", id, "ref",
            code->ref, "kind", code->person ? "person" : "place", "withdrawn", code->withdrawn,
            "name", code->name, "unit", code->unit_code, "matters", matters, "helpers", helpers,
            "made", made, "ended", ended, "url", code->url);
}

static int list(struct qr *this)
{
    static const char *const heads[] = {CTL_TEXT("编号", "id"), CTL_TEXT("制作编号", "ref"),
            CTL_TEXT("种类", "kind"), CTL_TEXT("名称", "name"), CTL_TEXT("单位", "unit"),
            CTL_TEXT("事项", "matters"), CTL_TEXT("帮扶人", "helpers"),
            CTL_TEXT("制作时刻", "made"), CTL_TEXT("网址", "url")};
    TABLE_OWNED table;
    char half[64];
    json_t *shown = json_array();
    struct qr_listed *codes = NULL;
    size_t count = QR_LIST_MAX;
    bool good = true;
    table_init(&table, G_N_ELEMENTS(heads), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(heads); i++)
        table_cell(&table, ctl_text(this->ctl, heads[i], half, sizeof half));
    for (int64_t from = 0; good && count == QR_LIST_MAX; arena_reset(&this->arena)) {
        good = page_ask(this, from, QR_LIST_MAX, &codes, &count);
        for (size_t i = 0; good && i < count; i++) {
            from = codes[i].id + 1;
            if (codes[i].withdrawn && !this->all)
                continue;
            row_add(this, &codes[i], &table);
            json_array_append_new(shown, listed_json(&codes[i]));
        }
    }
    if (good && this->ctl->json)
        ctl_json(json_pack("{s:O}", "codes", shown));
    else if (good)
        table_print(&table, "");
    json_decref(shown);
    return good ? EXIT_DONE : EXIT_FAILED;
}

enum {
    HAS_MATTERS = 1,
    HAS_HELPERS = 2,
    HAS_CARD = 4,
    HAS_PLACE = 8,
    HAS_TO = 16,
    HAS_WHY = 32,
    HAS_ALL = 64,
    HAS_ENDS = 128,
    HAS_UNIT = 256,
    HAS_STAFF = 512
};

static const struct verb {
    const char *word;
    int operands, needs, takes;
    int (*run)(struct qr *this);
} VERBS[] = {{"list", 0, 0, HAS_ALL, list},
        {"place", 2, HAS_MATTERS, HAS_PLACE | HAS_UNIT | HAS_STAFF, place},
        {"person", 1, HAS_MATTERS | HAS_HELPERS | HAS_CARD, HAS_UNIT | HAS_STAFF, person},
        {"card", 1, HAS_CARD, HAS_STAFF, card}, {"helper", 2, 0, HAS_ENDS | HAS_STAFF, helper},
        {"print", 1, 0, HAS_TO, print}, {"withdraw", 1, 0, HAS_WHY | HAS_STAFF, withdraw}};

static int given(const struct qr *this)
{
    return (this->matters != NULL ? HAS_MATTERS : 0) | (this->helpers != NULL ? HAS_HELPERS : 0) |
           (this->card != NULL ? HAS_CARD : 0) | (this->unit != NULL ? HAS_UNIT : 0) |
           (this->at != NULL || this->coordinates != NULL ? HAS_PLACE : 0) |
           (this->to != NULL ? HAS_TO : 0) | (this->why != NULL ? HAS_WHY : 0) |
           (this->all ? HAS_ALL : 0) | (this->ends ? HAS_ENDS : 0) |
           (this->staff != NULL ? HAS_STAFF : 0);
}

/* The verb with all that it needs and nothing that it does not know; NULL: typed wrong. */
static const struct verb *verb_find(struct qr *this, int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "list";
    for (size_t i = 0; i < G_N_ELEMENTS(VERBS); i++) {
        const struct verb *verb = &VERBS[i];
        if (strcmp(verb->word, word) != 0 || (argc > 1 ? argc - 2 : 0) != verb->operands ||
                (given(this) & verb->needs) != verb->needs ||
                (given(this) & ~(verb->needs | verb->takes)) != 0)
            continue;
        for (int n = 0; n < verb->operands; n++)
            this->operands[n] = argv[2 + n];
        return verb;
    }
    return NULL;
}

static int run(struct qr *this, const struct verb *verb)
{
    if (ctl_conf_read(this->ctl) != OK)
        return EXIT_FAILED;
    arena_init(&this->arena, CTL_ANSWERS_MAX);
    int status = ctl_bus_connect(this->ctl, &this->client) == OK ? verb->run(this) : EXIT_FAILED;
    if (this->client != NULL)
        client_destroy(&this->client);
    arena_fini(&this->arena);
    return status;
}

int command_qr(struct ctl *ctl, int argc, char **argv)
{
    struct qr this = {.ctl = ctl};
#define TEXT_OPTION(name, field, about, what)                                                      \
    {                                                                                              \
        name, 0, 0, G_OPTION_ARG_STRING, &this.field, about, what                                  \
    }
    const GOptionEntry entries[] = {
            TEXT_OPTION("matters", matters,
                    CTL_TEXT("可上报的事项,第一个为默认", "matters to report, the first is preset"),
                    CTL_TEXT("编码,…", "CODE,…")),
            TEXT_OPTION("matter", matters, CTL_TEXT("求助按哪个事项", "matter of a call for help"),
                    CTL_TEXT("编码", "CODE")),
            TEXT_OPTION("unit", unit, CTL_TEXT("所在单位", "the unit where it is"),
                    CTL_TEXT("编码", "CODE")),
            TEXT_OPTION("at", at, CTL_TEXT("位置", "where"), CTL_TEXT("经度,纬度", "LON,LAT")),
            TEXT_OPTION("coordinates", coordinates,
                    CTL_TEXT("坐标系:wgs84 cgcs2000 gcj02", "wgs84, cgcs2000 or gcj02"),
                    CTL_TEXT("坐标系", "SYSTEM")),
            TEXT_OPTION("helpers", helpers, CTL_TEXT("帮扶人工号", "staff codes of helpers"),
                    CTL_TEXT("工号,…", "STAFF,…")),
            TEXT_OPTION("card", card, CTL_TEXT("关爱卡", "the person's card"),
                    CTL_TEXT("文件", "FILE")),
            TEXT_OPTION("to", to, CTL_TEXT("SVG 写入的文件", "file for the SVG"),
                    CTL_TEXT("文件", "FILE")),
            TEXT_OPTION("why", why, CTL_TEXT("停用的原因", "why it is withdrawn"),
                    CTL_TEXT("文字", "TEXT")),
            TEXT_OPTION("as", staff, CTL_TEXT("以谁的名义", "in whose name"),
                    CTL_TEXT("工号", "STAFF")),
            {"all", 0, 0, G_OPTION_ARG_NONE, &this.all,
                    CTL_TEXT("也列出已停用的", "the withdrawn as well"), NULL},
            {"remove", 0, 0, G_OPTION_ARG_NONE, &this.ends,
                    CTL_TEXT("不再是帮扶人", "he is no helper any more"), NULL},
            {0}};
    int status = ctl_options(ctl, USAGE, HELP, entries, &argc, &argv);
    const struct verb *verb = status < 0 ? verb_find(&this, argc, argv) : NULL;
    if (status < 0)
        status = verb != NULL ? run(&this, verb) : ctl_usage(ctl, "qr", USAGE);
    char *const owned[] = {this.matters, this.unit, this.at, this.coordinates, this.helpers,
            this.card, this.to, this.why, this.staff};
    for (size_t i = 0; i < G_N_ELEMENTS(owned); i++)
        g_free(owned[i]);
    return status;
}
