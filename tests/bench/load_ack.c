/* Intake's acknowledgement of one report at a time: what a caller at the hotline, or somebody
 * with a phone, waits for when nobody else does. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "services/kernel/base/must.h"
#include "tests/bench/load.h"

#define WARM 20 /* receipts that do not count: connections and caches */
#define ANSWER_SIZE 8192
/* Between two reports, so that the cluster is idle when the next one comes: what follows from a
 * report in the other services is four commits more. */
#define PAUSE_MS 30

/* Whoever asks: by the library or by a connection of HTTP. */
struct asker {
    const struct load *load;
    enum load_way way;
    struct hotline *hotline;
    struct letters *letters;
    struct buf letter;
    int fd;
};

static void hotline_ask(struct asker *asker, size_t index)
{
    struct hotline_report report;
    struct hotline_receipt receipt;
    char ticket[HOTLINE_TICKET_SIZE];
    load_call(asker->load, index, ticket, &report);
    enum err err = hotline_push(asker->hotline, &report, &receipt, 1, LOAD_ANSWER_MS);
    if (err != OK || receipt.result != HOTLINE_ACCEPTED)
        load_fail("no receipt for one report: %s %s", err_name(err), receipt.reason);
}

/* Reads an answer, and leaves the connection open. */
static void answer_read(const struct asker *asker)
{
    char text[ANSWER_SIZE];
    int status = 0;
    for (size_t size = 0;;) {
        ssize_t got = read(asker->fd, text + size, sizeof text - 1 - size);
        if (got <= 0)
            load_fail("intake's HTTP closed the connection");
        size += (size_t)got;
        text[size] = '\0';
        if (answer_whole(text, size, &status))
            break;
        must(size < sizeof text - 1);
    }
    if (!answer_is_receipt(asker->way, status))
        load_fail("intake's HTTP answered %.400s", text);
}

static void http_ask(struct asker *asker)
{
    if (write(asker->fd, asker->letter.data, asker->letter.size) != (ssize_t)asker->letter.size)
        load_fail("intake's HTTP does not read");
    answer_read(asker);
}

static void asker_open(struct asker *asker, const struct load *load, enum load_way way)
{
    *asker = (struct asker){.load = load, .way = way, .fd = -1};
    if (way == WAY_HOTLINE) {
        asker->hotline = load_hotline(load);
        return;
    }
    asker->letters = letters_new(load, way);
    asker->fd = line_open(load->http_port);
}

static void asker_close(struct asker *asker)
{
    hotline_close(&asker->hotline);
    letters_destroy(&asker->letters);
    buf_fini(&asker->letter);
    if (asker->fd >= 0)
        close(asker->fd);
}

static int double_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What one report takes; a letter is written, and signed, before the clock runs. */
static double ask_us(struct asker *asker, size_t index)
{
    if (asker->letters)
        letter_write(asker->letters, index, &asker->letter);
    int64_t began_us = load_now_us();
    if (asker->letters)
        http_ask(asker);
    else
        hotline_ask(asker, index);
    return (double)(load_now_us() - began_us);
}

static void ack_measure(const struct load *load, enum load_way way)
{
    struct asker asker;
    size_t count = (size_t)load->count;
    double *us = must_memory(calloc(count, sizeof *us));
    asker_open(&asker, load, way);
    for (size_t i = 0; i < WARM + count; i++) {
        poll(NULL, 0, PAUSE_MS);
        double this_us = ask_us(&asker, i);
        if (i >= WARM)
            us[i - WARM] = this_us;
    }
    asker_close(&asker);
    qsort(us, count, sizeof *us, double_compare);
    printf("{\"reference\":\"ack_%s\",\"figures\":{\"p50_us\":%.0f,\"p99_us\":%.0f}}\n",
            load_way_name(way), us[count / 2], us[count * 99 / 100]);
    fflush(stdout);
    free(us);
}

void load_acks(const struct load *load)
{
    for (int way = 0; way < WAY_COUNT; way++)
        if ((!load->way_name || load->way == (enum load_way)way) &&
                (way == WAY_HOTLINE || load->http_port))
            ack_measure(load, (enum load_way)way);
}
