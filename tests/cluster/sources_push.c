/* One pusher of tests/cluster/sources: pushes its reports in its manner until each has a receipt,
 * checks the receipts (a case number for every ticket, all different, the same one whenever a
 * ticket is repeated), and compares its list with the site's (对账). */
#include "tests/cluster/sources.h"
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "services/intake/hotline/hotline.h"
#include "services/kernel/base/clock.h"
#include "services/kernel/base/must.h"

#define PUSH_MS 5000
#define STALL_MS 1000      /* what was killed was asked again: says nothing of shares */
#define LEAVE_MS 60        /* then whoever leaves does not wait any longer */
#define ALL_MS_MAX 1200000 /* for everything */

struct pusher {
    enum manner manner;
    size_t batch;
    const char *name;
    struct hotline_config config;
    struct hotline *hotline;
    const struct board *board;
    struct line *line;
    struct hotline_record *records;
    size_t count;
    int64_t until_ms;
};

static int64_t now_ms(void)
{
    struct clock clock = clock_system();
    return clock.monotonic_ms(clock.self);
}

static void push_fail(const struct pusher *pusher, const char *what, const char *ticket)
{
    fprintf(stderr, "FAIL %s: %s %s\n", pusher->name, what, ticket);
    exit(1);
}

static void connect_anew(struct pusher *pusher)
{
    hotline_close(&pusher->hotline);
    if (hotline_open(&pusher->config, &pusher->hotline) != OK)
        push_fail(pusher, "no connection", "");
}

/* A first receipt is written down; another one has to say the same. */
static void receipt_take(
        struct pusher *pusher, struct hotline_record *record, const struct hotline_receipt *receipt)
{
    if (receipt->result == HOTLINE_REFUSED)
        push_fail(pusher, receipt->reason, record->ticket);
    if (receipt->result == HOTLINE_UNANSWERED)
        return;
    if (receipt->result == HOTLINE_DUPLICATE)
        pusher->line->repeats++;
    if (record->number[0] && strcmp(record->number, receipt->number) != 0)
        push_fail(pusher, "two numbers for one ticket:", record->ticket);
    if (!record->number[0]) {
        memcpy(record->number, receipt->number, sizeof record->number);
        pusher->line->receipts++;
    }
}

/* Those of `records` that `all` or that have no number yet. False: some still have none. */
static bool batch_push(
        struct pusher *pusher, struct hotline_record *records, size_t count, bool all, int64_t ms)
{
    static struct hotline_report reports[HOTLINE_PUSH_MAX];
    static struct hotline_receipt receipts[HOTLINE_PUSH_MAX];
    struct hotline_record *pushed[HOTLINE_PUSH_MAX];
    size_t open = 0;
    for (size_t i = 0; i < count; i++) {
        if (!all && records[i].number[0])
            continue;
        pushed[open] = &records[i];
        reports[open++] = (struct hotline_report){
                .ticket = records[i].ticket, .matter = "M", .text = "路灯不亮"};
    }
    enum err err = hotline_push(pusher->hotline, reports, receipts, open, ms);
    if (err != OK && err != ERR_TRANSIENT)
        push_fail(pusher, err_name(err), "");
    bool whole = true;
    for (size_t i = 0; i < open; i++) {
        receipt_take(pusher, pushed[i], &receipts[i]);
        whole = whole && pushed[i]->number[0];
    }
    return whole;
}

static uint64_t flood_receipts(const struct pusher *pusher)
{
    uint64_t count = 0;
    for (size_t i = 0; i < SOURCES_MAX; i++)
        count += pusher->board->lines[i].floods ? pusher->board->lines[i].receipts : 0;
    return count;
}

static void batch_finish(struct pusher *pusher, struct hotline_record *records, size_t count)
{
    int64_t began_ms = now_ms();
    uint64_t flood = flood_receipts(pusher);
    bool leaves = pusher->manner == LEAVE;
    while (!batch_push(pusher, records, count, false, leaves ? LEAVE_MS : PUSH_MS)) {
        pusher->line->again++;
        if (now_ms() > pusher->until_ms)
            push_fail(pusher, "no receipts any more", records[0].ticket);
        if (leaves)
            connect_anew(pusher);
    }
    uint64_t took_ms = (uint64_t)(now_ms() - began_ms);
    pusher->line->batches++;
    pusher->line->waited_ms += took_ms;
    if (took_ms < STALL_MS) {
        pusher->line->own += count;
        pusher->line->beside += flood_receipts(pusher) - flood;
    }
    if (took_ms > pusher->line->worst_ms)
        pusher->line->worst_ms = took_ms;
    if (pusher->manner == TWICE)
        (void)batch_push(pusher, records, count, true, PUSH_MS);
    if (leaves)
        connect_anew(pusher);
}

static int number_compare(const void *left, const void *right)
{
    const struct hotline_record *const *a = left;
    const struct hotline_record *const *b = right;
    return strcmp((*a)->number, (*b)->number);
}

static void numbers_check(struct pusher *pusher)
{
    const struct hotline_record **list = calloc(pusher->count, sizeof *list);
    must(list);
    for (size_t i = 0; i < pusher->count; i++)
        list[i] = &pusher->records[i];
    qsort(list, pusher->count, sizeof *list, number_compare);
    for (size_t i = 1; i < pusher->count; i++) {
        if (strcmp(list[i - 1]->number, list[i]->number) == 0)
            push_fail(pusher, "one number for two tickets:", list[i]->ticket);
    }
    free(list);
}

static void difference_found(void *self, const struct hotline_difference *difference)
{
    push_fail(self, "the site has another list:", difference->ticket);
}

static void list_compare(struct pusher *pusher)
{
    char first[HOTLINE_TICKET_SIZE], last[HOTLINE_TICKET_SIZE];
    (void)snprintf(first, sizeof first, "%s-", pusher->name);
    (void)snprintf(last, sizeof last, "%s-~", pusher->name);
    const struct hotline_span span = {.first = first, .last = last};
    const struct hotline_list list = {pusher->records, pusher->count};
    enum err err = ERR_TRANSIENT;
    while (err == ERR_TRANSIENT && now_ms() < pusher->until_ms)
        err = hotline_differences(pusher->hotline, &span, &list, difference_found, pusher, PUSH_MS);
    if (err)
        push_fail(pusher, "the site does not compare:", err_name(err));
}

static struct board *board_map(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    must(fd >= 0);
    struct board *board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    must(board != MAP_FAILED);
    (void)close(fd);
    return board;
}

static void manner_find(struct pusher *pusher, const char *word)
{
    static const struct {
        const char *word;
        size_t batch;
    } manners[] = {
#define X(name, text, batch) {text, batch},
            MANNER_TABLE(X)
#undef X
    };
    for (int i = 0; i < MANNERS; i++) {
        if (strcmp(manners[i].word, word) != 0)
            continue;
        pusher->manner = (enum manner)i;
        pusher->batch = manners[i].batch;
    }
    must(pusher->batch > 0);
}

int sources_push(int argc, char **argv)
{
    must(argc >= 9);
    struct pusher pusher = {.name = argv[3],
            .count = strtoul(argv[4], NULL, 10),
            .config = {.site = 1, .key_file = argv[5], .server_key = argv[6]},
            .until_ms = now_ms() + ALL_MS_MAX};
    struct board *board = board_map(argv[7]);
    pusher.board = board;
    pusher.line = &board->lines[strtoul(argv[8], NULL, 10) % SOURCES_MAX];
    manner_find(&pusher, argv[2]);
    pusher.line->floods = pusher.manner == FLOOD;
    for (int i = 9; i < argc; i++)
        pusher.config.endpoints[pusher.config.endpoint_count++] = argv[i];
    pusher.records = calloc(pusher.count, sizeof *pusher.records);
    must(pusher.records);
    for (size_t i = 0; i < pusher.count; i++)
        (void)snprintf(pusher.records[i].ticket, HOTLINE_TICKET_SIZE, "%s-%07zu", pusher.name, i);
    connect_anew(&pusher);
    for (size_t at = 0; at < pusher.count; at += pusher.batch) {
        size_t left = pusher.count - at;
        batch_finish(&pusher, pusher.records + at, left < pusher.batch ? left : pusher.batch);
    }
    pusher.line->finished_ms = (uint64_t)now_ms();
    numbers_check(&pusher);
    list_compare(&pusher);
    hotline_close(&pusher.hotline);
    free(pusher.records);
    return 0;
}
