/* A whole hotline in one small program: pushes one report, then waits until its case has ended.
 *
 *   hotline-example ENDPOINT SITE KEYFILE TICKET MATTER TEXT
 *
 * KEYFILE has three lines: the brokers' public key, the hotline's public key, its secret key. Start
 * it twice with the same ticket: the second time it says "came before", with the same case
 * number. */
#include <stdbool.h>
#include "services/intake/hotline/hotline.h"

#define ANSWER_MS 10000
#define KEY_ROOM 64

static bool key_read(FILE *file, char key[KEY_ROOM])
{
    if (!fgets(key, KEY_ROOM, file))
        return false;
    key[strcspn(key, "\r\n")] = 0;
    return true;
}

static bool keys_read(const char *path, char keys[3][KEY_ROOM])
{
    FILE *file = fopen(path, "re");
    bool good =
            file && key_read(file, keys[0]) && key_read(file, keys[1]) && key_read(file, keys[2]);
    if (file)
        (void)fclose(file);
    return good;
}

/* Until there is an answer: the ticket makes every repetition safe. */
static bool report_push(struct hotline *hotline, const struct hotline_report *report)
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
    return true;
}

/* Prints, then acknowledges, what has ended; true when the ticket is among it. */
static bool outcomes_fetch(struct hotline *hotline, const char *ticket)
{
    static struct hotline_outcome outcomes[HOTLINE_OUTCOMES_MAX];
    int64_t cases[HOTLINE_OUTCOMES_MAX];
    size_t count = 0;
    bool found = false;
    if (hotline_outcomes(hotline, 0, outcomes, HOTLINE_OUTCOMES_MAX, &count, ANSWER_MS) != OK)
        return false;
    for (size_t i = 0; i < count; i++) {
        printf("%s case %s: %s. %s\n", outcomes[i].ticket, outcomes[i].number, outcomes[i].outcome,
                outcomes[i].text);
        cases[i] = outcomes[i].case_id;
        found = found || strcmp(outcomes[i].ticket, ticket) == 0;
    }
    /* A real hotline stores the outcomes before this line: acknowledged, they are not given
     * again. */
    if (hotline_ack(hotline, cases, count, 0, ANSWER_MS) != OK)
        fprintf(stderr, "not acknowledged: they will come again\n");
    return found;
}

int main(int argc, char **argv)
{
    char keys[3][KEY_ROOM];
    if (argc != 7 || !keys_read(argv[3], keys)) {
        fprintf(stderr, "usage: %s ENDPOINT SITE KEYFILE TICKET MATTER TEXT\n", argv[0]);
        return 2;
    }
    const struct hotline_config config = {.endpoints = {argv[1]},
            .endpoint_count = 1,
            .site = (uint16_t)strtoul(argv[2], NULL, 10),
            .server_key = keys[0],
            .public_key = keys[1],
            .secret_key = keys[2]};
    const struct hotline_report report = {.ticket = argv[4],
            .matter = argv[5],
            .text = argv[6]}; /* reported_ms 0: now, and the same body every time */
    struct hotline *hotline = NULL;
    enum err err = hotline_open(&config, &hotline);
    if (err) {
        fprintf(stderr, "%s: %s\n", argv[1], err_text(err));
        return 1;
    }
    bool pushed = report_push(hotline, &report);
    const struct timespec pause = {.tv_sec = 2};
    while (pushed && !outcomes_fetch(hotline, argv[4]))
        (void)nanosleep(&pause, NULL);
    hotline_close(&hotline);
    return pushed ? 0 : 1;
}
