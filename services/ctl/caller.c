/* huyingctl caller: who calls. The identity is shown for a stated reason in somebody's name, and
 * that is on record before it is shown; who has seen it is one command; so is deleting it. Intake
 * decides who may see whom; what it answers goes to standard output and nowhere else. */
#include "services/ctl/caller.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "services/ctl/case_find.h"
#include "services/ctl/codec_caller.h"
#include "services/ctl/codec_story.h"
#include "services/ctl/commands.h"
#include "services/ctl/ctl_bus.h"
#include "services/ctl/site_directory.h"
#include "services/ctl/table.h"
#include "services/kernel/base/pure_text.h"

#define USAGE                                                                                      \
    "see CASE --as STAFF --why TEXT | who-has-seen CASE | forget CASE --as STAFF --why TEXT | "    \
    "reseal"
#define SYSTEM_ACTOR "system:" /* of the services' own acts */
/* clang-format off */
#define HELP                                                                                       \
    CTL_TEXT("来电人信息。CASE 是编号、内部编号或工单号。\n"                                       \
             "see 查看身份:--as 谁查看,--why 为什么,都必须写明;每次查看先记入账本再显示。\n"   \
             "who-has-seen 谁看过、何时、为什么。\n"                                               \
             "forget 删除来电人信息,不能撤销;账本仍可核对。\n"                                   \
             "reseal 换密钥后,把旧密钥加密的信息改用新密钥加密;中断后可以再次运行。",            \
            "Who calls. CASE is a case number, an id, or the source's ticket.\n"                   \
            "see shows the identity: --as says who asks and --why what for, both are needed;\n"    \
            "each reading is on record in the ledger before it is shown.\n"                        \
            "who-has-seen: who saw it, when, and why.\n"                                           \
            "forget deletes it, for good; the ledger can still be verified.\n"                     \
            "reseal, after a key was replaced, seals by the new one what the old ones sealed;\n"   \
            "when it was interrupted, run it again.")
/* clang-format on */

int caller_unread(const struct caller *this)
{
    return ctl_fail(this->ctl, "受理服务的回答读不懂:两边的版本不同?",
            "intake's answer cannot be read: is it of another version?");
}

static int case_of(struct caller *this, int64_t *ret_id)
{
    struct case_finder finder = {this->ctl, this->client, this->directory, &this->arena};
    return case_find(&finder, this->word, ret_id);
}

/* One command in the name of --as; its envelope names no aggregate, so that no answer is kept. */
static bool person_ask(
        struct caller *this, enum caller_type type, int64_t id, struct client_request *ret)
{
    static char request_id[REQUEST_ID_SIZE];
    request_id_make(request_id);
    *ret = (struct client_request){.dest = SERVICE_INTAKE,
            .type = type,
            .request_id = request_id,
            .actor = this->staff,
            .payload = caller_request_encode(&this->arena, id, this->why)};
    return ctl_bus_ask(this->ctl, this->client, FRAME_COMMANDS, ret, 1, &this->arena);
}

static json_t *shown_json(const struct caller_shown *caller)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s}", "ticket",
            caller->ticket, "name", caller->name, "phone", caller->phone, "email", caller->email,
            "address", caller->address, "id_number", caller->id_number, "device_id",
            caller->device_id, "account_id", caller->account_id, "contact", caller->contact,
            "confidential", caller->confidential, "text", caller->text);
}

static void line_print(const struct ctl *ctl, const char *label, const char *text)
{
    char half[64];
    g_autofree char *shown = text_shown(text);
    const char *head = ctl_text(ctl, label, half, sizeof half);
    if (*text)
        ctl_print(ctl, "  %s%*s%s\n", "  %s%*s%s\n", head, 14 - ctl_width(head), "", shown);
}

static void shown_print(const struct ctl *ctl, const struct caller_shown *caller)
{
    line_print(ctl, CTL_TEXT("工单号", "ticket"), caller->ticket);
    line_print(ctl, CTL_TEXT("姓名", "name"), caller->name);
    line_print(ctl, CTL_TEXT("联系人", "to call"), caller->contact);
    line_print(ctl, CTL_TEXT("电话", "phone"), caller->phone);
    line_print(ctl, CTL_TEXT("邮箱", "e-mail"), caller->email);
    line_print(ctl, CTL_TEXT("地址", "address"), caller->address);
    line_print(ctl, CTL_TEXT("身份证号", "ID number"), caller->id_number);
    line_print(ctl, CTL_TEXT("设备", "device"), caller->device_id);
    line_print(ctl, CTL_TEXT("账号", "account"), caller->account_id);
    line_print(ctl, CTL_TEXT("原话", "said"), caller->text);
    if (caller->confidential)
        ctl_print(ctl, "  要求保密\n", "  wants it kept confidential\n");
    puts("");
}

static void callers_print(const struct ctl *ctl, const struct callers_shown *callers)
{
    for (size_t i = 0; i < callers->count; i++)
        shown_print(ctl, &callers->list[i]);
    if (callers->withheld)
        ctl_print(ctl, "另有 %zu 条要求保密,只有区级可以查看\n",
                "%zu more want to be confidential: only the top unit's staff may see them\n",
                callers->withheld);
    if (callers->broken)
        ctl_print(ctl, "另有 %zu 条打不开:密钥不在 intake 的文件中,或数据被改动\n",
                "%zu more do not open: their key is not in intake's file, or they were changed\n",
                callers->broken);
}

int caller_see(struct caller *this)
{
    struct client_request request;
    struct callers_shown callers;
    int64_t id = 0;
    if (case_of(this, &id) != EXIT_DONE || !person_ask(this, CALLER_SEE, id, &request))
        return EXIT_FAILED;
    if (callers_shown_decode(request.reply.payload, &this->arena, &callers) != OK)
        return caller_unread(this);
    if (!this->ctl->json) {
        callers_print(this->ctl, &callers);
        return EXIT_DONE;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < callers.count; i++)
        json_array_append_new(list, shown_json(&callers.list[i]));
    g_autofree char *text = g_strdup_printf("%" PRId64, id);
    ctl_json(json_pack("{s:s, s:o, s:i, s:i}", "case", text, "callers", list, "withheld",
            (int)callers.withheld, "broken", (int)callers.broken));
    return EXIT_DONE;
}

int caller_forget(struct caller *this)
{
    struct client_request request;
    int64_t id = 0;
    if (case_of(this, &id) != EXIT_DONE || !person_ask(this, CALLER_FORGET, id, &request))
        return EXIT_FAILED;
    g_autofree char *text = g_strdup_printf("%" PRId64, id);
    if (this->ctl->json)
        ctl_json(json_pack("{s:s, s:b}", "case", text, "deleted", 1));
    else
        ctl_print(this->ctl,
                "案件 "
                "%s:来电人信息已删除,删除已记入账本。此前的备份中仍有密文,密钥销毁后才不可读\n",
                "case %s: what was kept of its callers is deleted, and that is on record. Earlier "
                "backups have it sealed until its key is gone\n",
                text);
    return EXIT_DONE;
}

/* Of the pages that audit has placed. */
static bool places_find(struct caller *this, struct story_row *rows, size_t count)
{
    struct page_place *places = NULL;
    size_t place_count = 0;
    int64_t *pages = arena_array(&this->arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++)
        pages[i] = rows[i].page;
    if (count == 0)
        return true;
    struct client_request ask = {.dest = SERVICE_AUDIT,
            .type = STORY_LOCATE,
            .payload = locate_query_encode(&this->arena, pages, count)};
    if (!ctl_bus_ask(this->ctl, this->client, FRAME_QUERIES, &ask, 1, &this->arena) ||
            places_decode(ask.reply.payload, &this->arena, &places, &place_count) != OK)
        return false;
    story_place(rows, count, places, place_count);
    return true;
}

static const char *unit_of(const struct caller *this, const char *actor, char ret[UNIT_NUMBER_SIZE])
{
    const struct staff *staff = staff_find(this->directory, actor);
    return staff ? unit_name(this->ctl, this->directory, staff->unit, ret) : "";
}

static void seen_print(struct caller *this,
        const struct caller_seen *seen,
        const struct story_row *rows,
        size_t count)
{
    static const char *const heads[] = {CTL_TEXT("时刻", "instant"), CTL_TEXT("人员", "who"),
            CTL_TEXT("单位", "unit"), CTL_TEXT("做了什么", "what"), CTL_TEXT("账本位置", "ledger"),
            CTL_TEXT("原因", "why")};
    enum { COLUMNS = sizeof heads / sizeof heads[0] };
    TABLE_OWNED table;
    table_init(&table, COLUMNS, 1u << 4);
    char half[64], at[INSTANT_SIZE], number[UNIT_NUMBER_SIZE];
    for (size_t i = 0; i < COLUMNS; i++)
        table_cell(&table, ctl_text(this->ctl, heads[i], half, sizeof half));
    for (size_t i = 0; i < count; i++) {
        instant_format(at, seen[i].at_ms, directory_utc_offset_s(this->directory));
        table_cell(&table, at);
        table_cell(&table, seen[i].actor);
        table_cell(&table, unit_of(this, seen[i].actor, number));
        table_cell(&table, ctl_text(this->ctl,
                                   seen[i].deleted ? CTL_TEXT("删除", "deleted it")
                                                   : CTL_TEXT("查看", "saw it"),
                                   half, sizeof half));
        if (rows[i].place == PLACE_UNKNOWN)
            table_cell(&table, "-");
        else
            table_cell_format(&table, "%" PRId64, rows[i].place);
        table_cell(&table, seen[i].why);
    }
    if (count > 0)
        table_print(&table, "");
    else
        ctl_print(this->ctl, "没有人看过本案的来电人\n",
                "nobody has seen the callers of this case\n");
}

static json_t *seen_json(
        const struct caller *this, const struct caller_seen *seen, const struct story_row *row)
{
    char at[INSTANT_SIZE];
    const struct staff *staff = staff_find(this->directory, seen->actor);
    const struct unit *unit = staff ? unit_find(this->directory, staff->unit) : NULL;
    g_autofree char *why = g_utf8_make_valid(seen->why, -1);
    g_autofree char *actor = g_utf8_make_valid(seen->actor, -1);
    instant_format(at, seen->at_ms, directory_utc_offset_s(this->directory));
    return json_pack("{s:s, s:s, s:o, s:s, s:o, s:s}", "at", at, "actor", actor, "unit",
            unit ? json_string(unit->code) : json_null(), "what",
            seen->deleted ? "deleted" : "seen", "place",
            row->place == PLACE_UNKNOWN ? json_null() : json_integer((json_int_t)row->place), "why",
            why);
}

static int seen_tell(struct caller *this, int64_t id, const struct caller_seen *seen, size_t count)
{
    struct story_row *rows = arena_array(&this->arena, struct story_row, count + 1);
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct story_row){
                .page = seen[i].page, .idx = (int32_t)seen[i].idx, .place = PLACE_UNKNOWN};
    bool placed = places_find(this, rows, count);
    if (this->ctl->json) {
        json_t *list = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(list, seen_json(this, &seen[i], &rows[i]));
        g_autofree char *text = g_strdup_printf("%" PRId64, id);
        ctl_json(json_pack("{s:s, s:o}", "case", text, "seen", list));
    } else {
        seen_print(this, seen, rows, count);
    }
    if (count == CALLER_READS_MAX)
        ctl_say(this->ctl, "只列出前 %d 次;其余见 huyingctl case",
                "only the first %d are listed; the others are in huyingctl case", CALLER_READS_MAX);
    return placed ? EXIT_DONE : EXIT_FAILED;
}

int caller_who_has_seen(struct caller *this)
{
    struct caller_seen *seen = NULL;
    size_t count = 0;
    int64_t id = 0;
    if (case_of(this, &id) != EXIT_DONE)
        return EXIT_FAILED;
    struct client_request asks[] = {{.dest = SERVICE_INTAKE,
                                            .type = CALLER_READS,
                                            .payload = caller_query_encode(&this->arena, id)},
            {.dest = SERVICE_INTAKE,
                    .type = CALLER_REPORT,
                    .payload = caller_query_encode(&this->arena, id)}};
    if (!ctl_bus_ask(this->ctl, this->client, FRAME_QUERIES, asks, 2, &this->arena))
        return EXIT_FAILED;
    if (callers_seen_decode(asks[0].reply.payload, &this->arena, &seen, &count) != OK)
        return caller_unread(this);
    if (count == 0 && asks[1].reply.payload.size == 0)
        return ctl_fail(this->ctl, "没有编号为 %s 的案件或有人看过的关爱码,或其数据已按期删除",
                "there is no case %s, and no person's code that was seen; or its data has gone by "
                "age",
                this->word);
    return seen_tell(this, id, seen, count);
}

static const struct verb {
    const char *word;
    bool asks;  /* names a case, who asks, and why */
    bool names; /* names a case */
    int (*run)(struct caller *this);
} VERBS[] = {{"see", true, true, caller_see}, {"who-has-seen", false, true, caller_who_has_seen},
        {"forget", true, true, caller_forget}, {"reseal", false, false, caller_reseal}};

static const struct verb *verb_find(const char *word)
{
    for (size_t i = 0; i < sizeof VERBS / sizeof *VERBS; i++)
        if (strcmp(VERBS[i].word, word) == 0)
            return &VERBS[i];
    return NULL;
}

/* Who asks and why is part of the question: false, and said what is missing. */
static bool asker_is_named(const struct caller *this)
{
    size_t size = this->why ? strlen(this->why) : 0;
    if (this->staff == NULL || *this->staff == '\0') {
        ctl_fail(this->ctl, "缺少 --as:必须写明由谁查看或删除(staff.csv 中的人员编码)",
                "--as is missing: who asks must be named, by a staff code of the profile's "
                "staff.csv");
        return false;
    }
    size_t chars = size > 0 ? text_length(this->why, size) : 0;
    if (chars < CALLER_WHY_MIN || chars > CALLER_WHY_MAX) {
        ctl_fail(this->ctl, "--why:必须写明原因,%d 至 %d 个字,现有 %zu 个;原因记入账本",
                "--why: what for must be said in %d to %d characters, found %zu; it goes on record",
                CALLER_WHY_MIN, CALLER_WHY_MAX, chars);
        return false;
    }
    return true;
}

static int run(struct caller *this, const struct verb *verb)
{
    if (this->directory == NULL)
        return EXIT_FAILED;
    if (verb->asks && staff_find(this->directory, this->staff) == NULL)
        return ctl_fail(this->ctl, "--as:没有编码为“%s”的人员;编码见样板的 staff.csv",
                "--as: nobody has the staff code \"%s\"; codes are those of the profile's "
                "staff.csv",
                this->staff);
    return ctl_bus_connect(this->ctl, &this->client) == OK ? verb->run(this) : EXIT_FAILED;
}

int command_caller(struct ctl *ctl, int argc, char **argv)
{
    g_autofree char *staff = NULL, *why = NULL;
    const GOptionEntry entries[] = {
            {"as", 0, 0, G_OPTION_ARG_STRING, &staff,
                    CTL_TEXT("由谁查看或删除(工号)", "who asks (code of a member of staff)"),
                    CTL_TEXT("工号", "STAFF")},
            {"why", 0, 0, G_OPTION_ARG_STRING, &why,
                    CTL_TEXT("为什么,4 到 200 个字", "what for, 4 to 200 characters"),
                    CTL_TEXT("文字", "TEXT")},
            {0}};
    int status = ctl_options(ctl, USAGE, HELP, entries, &argc, &argv);
    if (status >= 0)
        return status;
    const struct verb *verb = argc > 1 ? verb_find(argv[1]) : NULL;
    if (verb == NULL || argc != (verb->names ? 3 : 2) ||
            (!verb->asks && (staff != NULL || why != NULL)))
        return ctl_usage(ctl, "caller", USAGE);
    struct caller this = {
            .ctl = ctl, .word = verb->names ? argv[2] : NULL, .staff = staff, .why = why};
    if (verb->asks && !asker_is_named(&this))
        return EXIT_USAGE;
    if (ctl_conf_read(ctl) != OK)
        return EXIT_FAILED;
    arena_init(&this.arena, CTL_ANSWERS_MAX);
    this.directory = site_directory(ctl);
    status = run(&this, verb);
    if (this.client != NULL)
        client_destroy(&this.client);
    arena_fini(&this.arena);
    directory_destroy(&this.directory);
    return status;
}
