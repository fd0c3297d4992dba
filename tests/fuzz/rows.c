/* The files that a replay reads, with MyLA311's columns. What is wrong is said as text;
 * rows that are taken are in order of creation and nothing ends before it began. huyingctl's way to
 * say something is ours here: it checks what is said. */
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "services/ctl/replay_file.h"

#define OFFSET_S (-8 * 3600)

static size_t said;

int ctl_fail(const struct ctl *ctl, const char *zh, const char *en, ...)
{
    char text[4096];
    va_list args;
    va_start(args, en);
    int size = vsnprintf(text, sizeof text, ctl->english ? en : zh, args);
    va_end(args);
    if (size < (int)sizeof text) /* longer ones are cut here, not there */
        fuzz_reason(text);
    said++;
    return EXIT_FAILED;
}

static void row_claim(const struct replay_row *row)
{
    must(row->line >= 2);
    if (row->refused != NULL) {
        fuzz_reason(row->refused);
        return;
    }
    must(row->code_count <= COUNT_OF(row->codes));
    for (size_t i = 0; i < row->code_count; i++)
        fuzz_text(row->codes[i]);
    fuzz_text(row->ticket);
    fuzz_text(row->matter);
    fuzz_text(row->text);
    must(isfinite(row->longitude) && isfinite(row->latitude));
    must(row->handled_ms == 0 || row->ended_ms == 0 || row->ended_ms >= row->handled_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ctl ctl = {.english = fuzz_choose(&data, &size, 2) == 1};
    struct replay_file file;
    said = 0;
    enum err err = replay_file_read(&ctl, fuzz_file(data, size), OFFSET_S, &file);
    must(err == OK || err == ERR_MALFORMED);
    must((err == OK) == (said == 0));
    if (err != OK) {
        must(file.rows == NULL && file.count == 0);
        return 0;
    }
    for (size_t i = 0; i < file.count; i++) {
        row_claim(&file.rows[i]);
        must(i == 0 || file.rows[i].created_ms >= file.rows[i - 1].created_ms);
    }
    must(replay_file_until(&file, 0, INT64_MAX) == file.count);
    replay_file_fini(&file);
    return 0;
}
