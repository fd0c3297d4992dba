#include "services/ctl/replay_report.h"

#include <inttypes.h>
#include <string.h>

#include "services/ctl/codec_field.h"
#include "services/ctl/ctl_bus.h"
#include "services/ctl/settle.h"
#include "services/kernel/base/pure_directory.h"

void replay_count_refused(struct replay_counts *counts, const char *reason)
{
    if (!counts->reasons)
        counts->reasons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gpointer count = g_hash_table_lookup(counts->reasons, reason);
    g_hash_table_replace(
            counts->reasons, g_strdup(reason), GSIZE_TO_POINTER(GPOINTER_TO_SIZE(count) + 1));
    counts->refused++;
}

void replay_count_receipt(
        struct replay_counts *counts, const struct hotline_receipt *receipt, bool first)
{
    static const char *const levels[] = {
#define X(name, number, text) [number] = text,
            LEVEL_TABLE(X)
#undef X
    };
    /* A number that the file has twice is a duplicate, whatever the second row says. */
    if (!first && strcmp(receipt->reason, "TICKET_REUSED") == 0) {
        counts->duplicates++;
        return;
    }
    if (receipt->result == HOTLINE_REFUSED) {
        replay_count_refused(counts, receipt->reason[0] ? receipt->reason : "REFUSED");
        return;
    }
    counts->accepted += receipt->result == HOTLINE_ACCEPTED;
    counts->duplicates += receipt->result == HOTLINE_DUPLICATE;
    for (size_t i = 1; i < sizeof levels / sizeof *levels; i++)
        counts->placed[i] += first && strcmp(receipt->level, levels[i]) == 0;
}

void replay_counts_fini(struct replay_counts *counts)
{
    if (counts->reasons)
        g_hash_table_destroy(counts->reasons);
}

static json_t *reasons_json(const struct replay_counts *counts)
{
    json_t *object = json_object();
    GHashTableIter iter;
    gpointer name, count;
    if (!counts->reasons)
        return object;
    g_hash_table_iter_init(&iter, counts->reasons);
    while (g_hash_table_iter_next(&iter, &name, &count))
        json_object_set_new(object, name, json_integer((json_int_t)GPOINTER_TO_SIZE(count)));
    return object;
}

static void print_json(const struct replay_file *file,
        const struct replay_counts *counts,
        const struct drill_figures *figures,
        const char *root)
{
    json_t *object = json_object();
#define SET(name, value) json_object_set_new(object, name, json_integer((json_int_t)(value)))
    SET("rows", file->count);
    SET("accepted", counts->accepted);
    SET("duplicates", counts->duplicates);
    SET("refused", counts->refused);
    json_object_set_new(object, "refused_reasons", reasons_json(counts));
    SET("placed_grid", counts->placed[LEVEL_GRID]);
    SET("placed_village", counts->placed[LEVEL_VILLAGE]);
    SET("placed_street", counts->placed[LEVEL_STREET]);
    SET("placed_district", counts->placed[LEVEL_DISTRICT]);
    SET("no_point", file->no_point);
    SET("no_neighbourhood_council", file->no_village);
    SET("no_place", file->no_place);
    SET("closed_before_created", file->closed_before_created);
    SET("promised_before_created", file->promised_before_created);
#define X(name, en, zh) SET(#name, figures->name);
    FIGURE_TABLE(X)
#undef X
    json_object_set_new(object, "volunteer_hours",
            json_real((double)(figures->volunteer_minutes * 100 / 60) / 100.0));
    SET("outcomes_acknowledged", counts->outcomes);
    json_object_set_new(object, "ledger_root", json_string(root));
    SET("wall_ms", counts->wall_ms);
#undef SET
    ctl_json(object);
}

static void line(const struct ctl *ctl, const char *zh, const char *en, int64_t value)
{
    ctl_print(ctl, "  %-28s %12" PRId64 "\n", "  %-28s %12" PRId64 "\n", ctl->english ? en : zh,
            value);
}

static void print_table(const struct ctl *ctl,
        const struct replay_file *file,
        const struct replay_counts *counts,
        const struct drill_figures *figures,
        const char *root)
{
    ctl_print(ctl, "回放结果\n", "Result of the replay\n");
    line(ctl, "读入行数", "rows read", (int64_t)file->count);
    line(ctl, "受理", "accepted", (int64_t)counts->accepted);
    line(ctl, "重复", "duplicates", (int64_t)counts->duplicates);
    line(ctl, "拒绝", "refused", (int64_t)counts->refused);
    GHashTableIter iter;
    gpointer name, count;
    if (counts->reasons) {
        g_hash_table_iter_init(&iter, counts->reasons);
        while (g_hash_table_iter_next(&iter, &name, &count))
            line(ctl, name, name, (int64_t)GPOINTER_TO_SIZE(count));
    }
    line(ctl, "落到网格", "placed at grid", (int64_t)counts->placed[LEVEL_GRID]);
    line(ctl, "落到村居", "placed at village", (int64_t)counts->placed[LEVEL_VILLAGE]);
    line(ctl, "落到镇街", "placed at street", (int64_t)counts->placed[LEVEL_STREET]);
    line(ctl, "落到区", "placed at district", (int64_t)counts->placed[LEVEL_DISTRICT]);
    line(ctl, "无坐标", "rows without a point", (int64_t)file->no_point);
    line(ctl, "无街区议会", "rows without a council", (int64_t)file->no_village);
    line(ctl, "无任何地点", "rows without any place", (int64_t)file->no_place);
    line(ctl, "结案早于上报", "closed before created", (int64_t)file->closed_before_created);
    line(ctl, "承诺早于上报", "promised before created", (int64_t)file->promised_before_created);
#define X(name, en, zh) line(ctl, zh, en, figures->name);
    FIGURE_TABLE(X)
#undef X
    line(ctl, "已确认的反馈", "outcomes acknowledged", (int64_t)counts->outcomes);
    ctl_print(ctl, "  账本根 %s\n  用时 %.1f 秒\n", "  root of the ledger %s\n  wall time %.1f s\n",
            root, (double)counts->wall_ms / 1000.0);
}

static enum err ledger_root(const struct ctl *ctl, char root[FIELD_ROOT_SIZE])
{
    struct client *client = NULL;
    struct arena arena;
    struct client_request request = {
            .dest = SERVICE_AUDIT, .type = FIELD_CHECKPOINT, .request_id = "", .actor = ""};
    arena_init(&arena, (size_t)1 << 20);
    enum err err = ctl_bus_connect(ctl, &client);
    if (err == OK)
        err = client_call(client, FRAME_QUERIES, &request, 1, CTL_CALL_MS, &arena);
    if (err == OK)
        err = request.reply.verdict ? ERR_TRANSIENT
                                    : field_root_decode(request.reply.payload, &arena, root);
    client_destroy(&client);
    arena_fini(&arena);
    return err;
}

static void receipts_lost_count(struct replay_counts *counts, int64_t cases)
{
    size_t made = (size_t)cases - counts->cases_before;
    if (made > counts->accepted && made - counts->accepted <= counts->duplicates) {
        counts->duplicates -= made - counts->accepted;
        counts->accepted = made;
    }
}

bool replay_report(const struct ctl *ctl,
        struct pg *pg,
        const struct replay_file *file,
        struct replay_counts *counts)
{
    struct drill_figures figures;
    char root[FIELD_ROOT_SIZE] = "";
    if (settle_figures(pg, &figures) != OK || ledger_root(ctl, root) != OK) {
        ctl_fail(ctl, "读不到结果:%s", "the result cannot be read: %s", pg_message(pg));
        return false;
    }
    receipts_lost_count(counts, figures.cases);
    if (ctl->json)
        print_json(file, counts, &figures, root);
    else
        print_table(ctl, file, counts, &figures, root);
    bool rows = counts->accepted + counts->duplicates + counts->refused == file->count;
    bool cases = figures.closed + figures.withdrawn + figures.referred_out + figures.open ==
                         figures.cases &&
                 figures.cases >= (int64_t)counts->accepted;
    bool ledger = figures.ledger_size == figures.history && figures.dead_letters == 0;
    if (!rows || !cases || !ledger)
        ctl_fail(ctl, "数目对不上:行 %s,案件 %s,账本 %s",
                "the figures do not add up: rows %s, cases %s, ledger %s", rows ? "ok" : "!",
                cases ? "ok" : "!", ledger ? "ok" : "!");
    return rows && cases && ledger;
}
