/* huyingctl caller reseal: what earlier keys sealed is sealed by the first one. Intake does it,
 * report by report, each under its row's lock; here is only asked which reports have rows by which
 * key. Nothing is remembered between two questions, so it may be broken off at any instant and run
 * again. Every round asks anew: a replica may be behind, and a report has more rows than one
 * command takes. */
#include <inttypes.h>
#include <string.h>

#include "services/ctl/caller.h"
#include "services/ctl/codec_caller.h"
#include "services/ctl/ctl_bus.h"
#include "services/kernel/base/seal.h"

#define IDLE_ROUNDS_MAX 20 /* without a row sealed, and none that cannot be */
#define IDLE_US 500000
#define SAY_ROWS 10000 /* progress is told after so many */

struct tally {
    int64_t rows, broken, said;
};

/* The number of the first key of our own file; 0: it is not on this machine. */
static int64_t own_key(const struct ctl *ctl, size_t *ret_count)
{
    char path[CTL_PATH_SIZE];
    BUF_OWNED why = {0};
    struct seal_keys keys;
    ctl_path(ctl, path, "%s", "keys/persons.key");
    *ret_count = 0;
    if (seal_keys_load(path, &keys, &why) != OK || keys.count == 0)
        return 0;
    int64_t id = seal_key_id(&keys, 0);
    *ret_count = keys.count;
    seal_keys_wipe(&keys);
    return id;
}

static int unread_say(const struct ctl *ctl)
{
    return ctl_fail(ctl, "有 intake 实例还没有读到新密钥:请向所有 intake 实例发 SIGHUP,再运行一次",
            "an instance of intake has not read the new key yet: send SIGHUP to all of them, and "
            "run this again");
}

static int keys_ask(struct caller *this, struct sealed_keys *ret)
{
    struct client_request ask = {.dest = SERVICE_INTAKE, .type = CALLER_KEYS};
    if (!ctl_bus_ask(this->ctl, this->client, FRAME_QUERIES, &ask, 1, &this->arena))
        return EXIT_FAILED;
    if (sealed_keys_decode(ask.reply.payload, &this->arena, ret) != OK)
        return caller_unread(this);
    if (ret->first == 0)
        return ctl_fail(this->ctl,
                "intake 没有来电人密钥文件([intake] persons);先运行 huyingctl key persons",
                "intake has no file of keys ([intake] persons); huyingctl key persons makes one");
    return EXIT_DONE;
}

/* One page of reports. */
static int page_reseal(
        struct caller *this, int64_t first, const int64_t *ids, size_t count, struct tally *tally)
{
    struct client_request *asks = arena_array(&this->arena, struct client_request, count + 1);
    char(*request_ids)[REQUEST_ID_SIZE] =
            arena_get(&this->arena, sizeof *request_ids * (count + 1));
    struct resealed sealed;
    for (size_t i = 0; i < count; i++) {
        request_id_make(request_ids[i]);
        asks[i] = (struct client_request){.dest = SERVICE_INTAKE,
                .type = CALLER_RESEAL,
                .request_id = request_ids[i],
                .payload = caller_reseal_encode(&this->arena, ids[i])};
    }
    if (!ctl_bus_ask(this->ctl, this->client, FRAME_COMMANDS, asks, count, &this->arena))
        return EXIT_FAILED;
    for (size_t i = 0; i < count; i++) {
        if (resealed_decode(asks[i].reply.payload, &this->arena, &sealed) != OK)
            return caller_unread(this);
        if (sealed.key != first)
            return unread_say(this->ctl);
        tally->rows += sealed.rows;
        tally->broken += sealed.broken;
    }
    if (tally->rows >= tally->said + SAY_ROWS) {
        tally->said = tally->rows;
        ctl_say(this->ctl, "已重新加密 %" PRId64 " 条", "%" PRId64 " rows sealed anew",
                tally->rows);
    }
    return EXIT_DONE;
}

/* All reports with rows by one key, page by page. */
static int key_reseal(struct caller *this, int64_t first, int64_t key, struct tally *tally)
{
    int64_t after = 0, *ids = NULL;
    size_t count = CALLER_SEALED_MAX;
    while (count == CALLER_SEALED_MAX) {
        arena_reset(&this->arena);
        struct client_request ask = {.dest = SERVICE_INTAKE,
                .type = CALLER_SEALED,
                .payload = caller_sealed_encode(&this->arena, key, after)};
        if (!ctl_bus_ask(this->ctl, this->client, FRAME_QUERIES, &ask, 1, &this->arena))
            return EXIT_FAILED;
        if (sealed_ids_decode(ask.reply.payload, &this->arena, &ids, &count) != OK)
            return caller_unread(this);
        if (count == 0)
            break;
        after = ids[count - 1];
        int status = page_reseal(this, first, ids, count, tally);
        if (status != EXIT_DONE)
            return status;
    }
    return EXIT_DONE;
}

/* Rows by other keys than the first, and whether intake has those keys. */
static int64_t rows_left(const struct sealed_keys *keys, bool known)
{
    int64_t rows = 0;
    for (size_t i = 0; i < keys->count; i++)
        if (keys->list[i].key != keys->first && keys->list[i].known == known)
            rows += keys->list[i].rows;
    return rows;
}

static int round_run(struct caller *this, const struct sealed_keys *keys, struct tally *tally)
{
    struct sealed_keys kept = *keys;
    g_autofree struct sealed_by *list = g_new(struct sealed_by, keys->count + 1);
    if (keys->count > 0) /* the arena is reset by each page */
        memcpy(list, keys->list, keys->count * sizeof *list);
    kept.list = list;
    for (size_t i = 0; i < kept.count; i++) {
        if (list[i].key == kept.first || !list[i].known)
            continue;
        int status = key_reseal(this, kept.first, list[i].key, tally);
        if (status != EXIT_DONE)
            return status;
    }
    return EXIT_DONE;
}

/* What is over: with the number of rows that stay as they are. */
static int done_say(
        const struct caller *this, const struct tally *tally, int64_t left, size_t own_keys)
{
    const struct ctl *ctl = this->ctl;
    if (ctl->json)
        ctl_json(json_pack(
                "{s:I, s:I}", "resealed", (json_int_t)tally->rows, "left", (json_int_t)left));
    else
        ctl_print(ctl, "重新加密 %" PRId64 " 条\n", "%" PRId64 " rows sealed anew\n", tally->rows);
    if (left > 0)
        return ctl_fail(ctl,
                "还有 %" PRId64 " 条(或更多)打不开,保持原样:它们的密钥不在 intake 的文件中,或数据被"
                "改动。找回密钥行、发 SIGHUP 后再运行,见 docs/personal-data.md",
                "%" PRId64 " rows or more do not open and stay as they are: their key is not in "
                "intake's file, or they were changed. Put the key's line back, SIGHUP, and run "
                "this again; see docs/personal-data.md",
                left);
    if (own_keys > 1 && !ctl->json)
        ctl_print(ctl,
                "没有信息再由旧密钥加密:keys/persons.key 的第 2 行起可以删去,再向 intake 发 "
                "SIGHUP。\n删去之后,换密钥之前的工单若再推送会被拒绝(TICKET_REUSED),不会重复立案\n",
                "nothing is sealed by an earlier key any more: the lines of keys/persons.key from "
                "the second on may go, then SIGHUP to intake.\nOnce they are gone, a ticket from "
                "before that is pushed again is refused (TICKET_REUSED), never taken twice\n");
    return EXIT_DONE;
}

int caller_reseal(struct caller *this)
{
    struct tally tally = {0};
    size_t own_keys = 0;
    int64_t wanted = own_key(this->ctl, &own_keys);
    for (int idle = 0; idle < IDLE_ROUNDS_MAX;) {
        struct tally before = tally;
        struct sealed_keys keys;
        arena_reset(&this->arena);
        int status = keys_ask(this, &keys);
        if (status == EXIT_DONE && wanted != 0 && keys.first != wanted)
            status = unread_say(this->ctl);
        if (status != EXIT_DONE)
            return status;
        wanted = keys.first;
        int64_t shut = rows_left(&keys, false);
        if (rows_left(&keys, true) == 0)
            return done_say(this, &tally, shut, own_keys);
        status = round_run(this, &keys, &tally);
        if (status != EXIT_DONE)
            return status;
        if (tally.rows == before.rows && tally.broken > before.broken)
            return done_say(this, &tally, shut + tally.broken - before.broken, own_keys);
        if (tally.rows == before.rows) { /* a replica tells what was */
            idle++;
            g_usleep(IDLE_US);
        }
    }
    return ctl_fail(this->ctl,
            "intake 仍报告有旧密钥加密的信息,但没有可处理的:数据库副本落后?稍后再运行",
            "intake still tells of rows by earlier keys and finds none: is a replica behind? Run "
            "this again later");
}
