/* A whole hotline in one small program: pushes one report, asks whether the site has it on record,
 * then waits until its case has ended.
 *
 *   hotline-example ENDPOINT SITE SERVER-KEY KEYFILE TICKET MATTER TEXT
 *
 * Start it twice with the same ticket: the second time it says "came before", with the same
 * number. */
#include <stdbool.h>
#include "services/intake/hotline/hotline.h"

#define ANSWER_MS 10000

/* Until there is an answer: the ticket makes every repetition safe. */
static bool report_push(
        struct hotline *hotline, const struct hotline_report *report, struct hotline_record *ret)
{
    struct hotline_receipt receipt;
    enum err err;
    while ((err = hotline_push(hotline, report, &receipt, 1, ANSWER_MS)) == ERR_TRANSIENT)
        fprintf(stderr, "no answer yet, pushing %s again\n", report->ticket);
    if (err) {
        fprintf(stderr, "%s: %s\n", err_name(err), err_text(err));
        return false;
    }
    if (receipt.result == HOTLINE_REFUSED) {
        fprintf(stderr, "%s refused: %s %s\n", receipt.ticket, receipt.reason, receipt.text);
        return false;
    }
    printf("%s %s: case %s, at %s (%s)\n", receipt.ticket,
            receipt.result == HOTLINE_DUPLICATE ? "came before" : "accepted", receipt.number,
            receipt.unit_code, receipt.level);
    /* A real hotline stores this: it is what both sides compare. */
    *ret = (struct hotline_record){.accepted_ms = receipt.accepted_ms};
    memcpy(ret->ticket, receipt.ticket, sizeof ret->ticket);
    memcpy(ret->number, receipt.number, sizeof ret->number);
    return true;
}

static void difference_print(void *self, const struct hotline_difference *difference)
{
    (void)self;
    printf("%s differs: %s here, %s at the site\n", difference->ticket,
            *difference->here ? difference->here : "nothing",
            *difference->there ? difference->there : "nothing");
}

/* Of this one ticket. A real hotline asks about a whole day, with all that it stored of that day:
 * .from_ms = the day's first instant, .to_ms = the next day's. */
static void record_compare(struct hotline *hotline, const struct hotline_record *record)
{
    const struct hotline_span span = {.first = record->ticket, .last = record->ticket};
    const struct hotline_list list = {.records = record, .count = 1};
    if (hotline_differences(hotline, &span, &list, difference_print, NULL, ANSWER_MS) == OK)
        printf("%s compared with the site\n", record->ticket);
}

/* Prints, then acknowledges, what has ended; true when the ticket is among it. */
static bool outcomes_fetch(struct hotline *hotline, const char *ticket)
{
    static struct hotline_outcome outcomes[HOTLINE_OUTCOMES_MAX];
    size_t count = 0;
    bool found = false;
    if (hotline_outcomes(hotline, 0, outcomes, HOTLINE_OUTCOMES_MAX, &count, ANSWER_MS) != OK)
        return false;
    for (size_t i = 0; i < count; i++) {
        printf("%s case %s: %s. %s\n", outcomes[i].ticket, outcomes[i].number, outcomes[i].outcome,
                outcomes[i].text);
        found = found || strcmp(outcomes[i].ticket, ticket) == 0;
    }
    /* A real hotline stores the outcomes before this line: acknowledged, they are not given
     * again. */
    if (hotline_ack(hotline, outcomes, count, 0, ANSWER_MS) != OK)
        fprintf(stderr, "not acknowledged: they will come again\n");
    return found;
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr, "usage: %s ENDPOINT SITE SERVER-KEY KEYFILE TICKET MATTER TEXT\n", argv[0]);
        return 2;
    }
    const struct hotline_config config = {.endpoints = {argv[1]},
            .endpoint_count = 1,
            .site = (uint16_t)strtoul(argv[2], NULL, 10),
            .server_key = argv[3],
            .key_file = argv[4]};
    /* reported_ms 0: now. So the body is the same every time, as the ticket wants it. */
    const struct hotline_report report = {.ticket = argv[5], .matter = argv[6], .text = argv[7]};
    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* lines come at once, into a pipe too */
    struct hotline *hotline = NULL;
    enum err err = hotline_open(&config, &hotline);
    if (err) {
        fprintf(stderr, "%s: %s\n", argv[1], err_text(err));
        return 1;
    }
    struct hotline_record record;
    bool pushed = report_push(hotline, &report, &record);
    if (pushed)
        record_compare(hotline, &record);
    const struct timespec pause = {.tv_sec = 2};
    while (pushed && !outcomes_fetch(hotline, report.ticket))
        (void)nanosleep(&pause, NULL);
    hotline_close(&hotline);
    return pushed ? 0 : 1;
}
