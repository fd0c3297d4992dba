/* huyingctl audit: verify recomputes the ledger from the database; checkpoint asks the cluster
 * for the text that others can keep and compare. */
#include <inttypes.h>
#include <sodium.h>

#include "services/ctl/codec_audit.h"
#include "services/ctl/commands.h"
#include "services/ctl/ctl_bus.h"
#include "services/ctl/ledger.h"
#include "services/kernel/base/clock.h"

#define USAGE "verify|checkpoint"
#define PROGRESS_MS 1000
#define HEX_SIZE (2 * MERKLE_HASH_SIZE + 1)
#define ANSWER_SIZE_LIMIT (1u << 20)

static const char HELP[] = CTL_TEXT(
        "verify:从账页重算整棵默克尔树,与账本头比较,\n"
        "并把每片叶子与其服务的历史行逐项核对;指出第一片错的叶子,有错退出码为 1。\n"
        "集群运行时也可使用。\n"
        "checkpoint:经总线取当前检查点(C2SP tlog-checkpoint 文本),可存到别处备查。",
        "verify: recomputes the whole Merkle tree from the pages, compares it with the head,\n"
        "and every leaf with its service's history row; names the first wrong leaf and exits 1\n"
        "if there is one. The cluster may be at work.\n"
        "checkpoint: the present checkpoint (C2SP tlog-checkpoint text) over the bus, to be kept\n"
        "elsewhere.");

struct progress {
    const struct ctl *ctl;
    struct clock clock;
    int64_t began_ms, said_ms;
};

static void progress_say(void *self, int64_t done, int64_t all)
{
    struct progress *this = self;
    int64_t now = this->clock.monotonic_ms(this->clock.self);
    if (now - this->said_ms < PROGRESS_MS || done == 0)
        return;
    this->said_ms = now;
    double rate = (double)done * 1000.0 / (double)(now - this->began_ms);
    double left = all > done ? (double)(all - done) / rate : 0;
    ctl_say(this->ctl, "已核对 %" PRId64 " / %" PRId64 " 片叶子,每秒 %.0f 片,还需 %.0f 秒",
            "%" PRId64 " of %" PRId64 " leaves checked, %.0f a second, %.0f s left", done, all,
            rate, left);
}

static json_t *wrong_json(const struct ctl *ctl, const struct ledger_wrong *wrong)
{
    if (wrong->kind == WRONG_NONE)
        return json_null();
    json_t *object = json_pack("{s:s, s:s, s:s}", "kind", wrong_word(wrong->kind), "field",
            wrong->field, "text", wrong_text(wrong->kind, ctl->english));
    json_object_set_new(
            object, "place", wrong->place < 0 ? json_null() : json_integer(wrong->place));
    if (wrong->agg != 0) {
        json_object_set_new(object, "service", json_string(service_name(wrong->service)));
        json_object_set_new(object, "aggregate", json_sprintf("%" PRId64, wrong->agg));
        json_object_set_new(object, "version", json_integer(wrong->ver));
    }
    return object;
}

static void wrong_print(const struct ctl *ctl, const struct ledger_wrong *wrong)
{
    if (wrong->place >= 0)
        ctl_print(ctl, "第一处错误在位置 %" PRId64 ":%s\n",
                "first wrong at place %" PRId64 ": %s\n", wrong->place,
                wrong_text(wrong->kind, ctl->english));
    else
        ctl_print(
                ctl, "第一处错误:%s\n", "first wrong: %s\n", wrong_text(wrong->kind, ctl->english));
    if (wrong->agg != 0)
        ctl_print(ctl, "  服务 %s,对象 %" PRId64 ",版本 %d\n",
                "  service %s, aggregate %" PRId64 ", version %d\n", service_name(wrong->service),
                wrong->agg, wrong->ver);
    if (wrong->field[0] != '\0')
        ctl_print(ctl, "  字段 %s\n", "  field %s\n", wrong->field);
}

static void report_print(const struct ctl *ctl, const struct ledger_report *report)
{
    char root[HEX_SIZE];
    sodium_bin2hex(root, sizeof(root), report->root, sizeof(report->root));
    bool ok = report->wrongs == 0;
    if (ctl->json) {
        ctl_json(json_pack("{s:I, s:s, s:b, s:o, s:I, s:I, s:I, s:I, s:I}", "size",
                (json_int_t)report->size, "root", root, "ok", ok, "first_wrong",
                wrong_json(ctl, &report->first), "wrong", (json_int_t)report->wrongs, "head_size",
                (json_int_t)report->head_size, "history", (json_int_t)report->rows, "gone",
                (json_int_t)report->gone, "under_way", (json_int_t)report->under_way));
        return;
    }
    ctl_print(ctl, "账本 %s\n", "ledger %s\n",
            ok ? (ctl->english ? "is right" : "无误") : (ctl->english ? "IS WRONG" : "有错"));
    if (!ok)
        wrong_print(ctl, &report->first);
    ctl_print(ctl,
            "叶子 %" PRId64 ",历史 %" PRId64 " 行,其中在途 %" PRId64 ",错误 %" PRId64 " 处\n",
            "%" PRId64 " leaves, %" PRId64 " rows of history, of them %" PRId64
            " under way, %" PRId64 " wrong\n",
            report->size, report->rows, report->under_way, report->wrongs);
    if (report->gone > 0)
        ctl_print(ctl, "另有 %" PRId64 " 片叶子的历史已按期删除\n",
                "the history of %" PRId64 " more leaves has gone, by age\n", report->gone);
    ctl_print(ctl, "根 %s\n", "root %s\n", root);
}

static int verify(struct ctl *ctl)
{
    struct ledger_report report;
    struct progress progress = {.ctl = ctl, .clock = clock_system()};
    struct pg *pg = ctl_connect(ctl, NULL);
    if (pg == NULL)
        return EXIT_FAILED;
    progress.began_ms = progress.said_ms = progress.clock.monotonic_ms(progress.clock.self);
    enum err err = ledger_verify(pg, progress_say, &progress, &report);
    if (err != OK)
        ctl_fail(ctl, "账本没有核对完:%s。请检查数据库后重试",
                "the ledger was not checked to its end: %s. See to the database and try again",
                pg_message(pg));
    else
        report_print(ctl, &report);
    pg_destroy(&pg);
    return err == OK && report.wrongs == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int checkpoint_print(const struct ctl *ctl, struct bytes payload, struct arena *arena)
{
    struct checkpoint checkpoint;
    char root[HEX_SIZE];
    if (checkpoint_decode(payload, arena, &checkpoint) != OK)
        return ctl_fail(ctl, "审计服务没有给出检查点:账本头已损坏,请运行 huyingctl audit verify",
                "audit gave no checkpoint: the head is damaged; run huyingctl audit verify");
    sodium_bin2hex(root, sizeof(root), checkpoint.root, sizeof(checkpoint.root));
    if (ctl->json)
        ctl_json(json_pack("{s:s, s:I, s:s}", "checkpoint", checkpoint.note, "size",
                (json_int_t)checkpoint.size, "root", root));
    else
        fputs(checkpoint.note, stdout);
    return EXIT_DONE;
}

static int checkpoint(struct ctl *ctl)
{
    struct client *client = NULL;
    struct arena arena;
    if (ctl_bus_connect(ctl, &client) != OK)
        return EXIT_FAILED;
    arena_init(&arena, ANSWER_SIZE_LIMIT);
    struct client_request request = {
            .dest = SERVICE_AUDIT, .type = AUDIT_CHECKPOINT, .request_id = "", .actor = ""};
    int status = EXIT_FAILED;
    if (client_call(client, FRAME_QUERIES, &request, 1, CTL_CALL_MS, &arena) != OK ||
            request.reply.verdict != 0)
        ctl_fail(ctl, "审计服务没有回答:%s。请检查 huying-audit 和 broker 是否在运行",
                "audit did not answer: %s. Check that huying-audit and the broker are running",
                request.err == OK ? request.reply.text : err_text(request.err));
    else
        status = checkpoint_print(ctl, request.reply.payload, &arena);
    arena_fini(&arena);
    client_destroy(&client);
    return status;
}

int command_audit(struct ctl *ctl, int argc, char **argv)
{
    int status = ctl_options(ctl, USAGE, HELP, NULL, &argc, &argv);
    if (status >= 0)
        return status;
    bool verifying = argc == 2 && strcmp(argv[1], "verify") == 0;
    if (!verifying && (argc != 2 || strcmp(argv[1], "checkpoint") != 0))
        return ctl_usage(ctl, "audit", USAGE);
    if (ctl_conf_read(ctl) != OK)
        return EXIT_FAILED;
    return verifying ? verify(ctl) : checkpoint(ctl);
}
