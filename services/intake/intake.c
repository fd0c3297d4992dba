/* Names and sentences of intake's tables (intake.h). Apart from decide.c, since tables of pointers
 * are relocated data, which decide.c must not have. */
#include "services/intake/intake.h"
#include <string.h>

const char *const report_state_names[] = {
#define X(name, number, text) [number] = text,
        REPORT_STATE_TABLE(X)
#undef X
                NULL};

const char *const report_step_names[] = {
#define X(name, number, text) [number] = text,
        REPORT_STEP_TABLE(X)
#undef X
                NULL};

const char *const report_metric_names[] = {
#define X(name, number, text) [number] = text,
        REPORT_METRIC_TABLE(X)
#undef X
                NULL};

const char *const report_reason_names[] = {
#define X(name, number, text, en, zh) [number] = text,
        REPORT_REASON_TABLE(X)
#undef X
                NULL};

static const char *const placed_names[] = {
#define X(name, number, text) [number] = text,
        PLACED_TABLE(X)
#undef X
};

static const char *const reasons_en[] = {
#define X(name, number, text, en, zh) [number] = en,
        REPORT_REASON_TABLE(X)
#undef X
};

static const char *const reasons_zh[] = {
#define X(name, number, text, en, zh) [number] = zh,
        REPORT_REASON_TABLE(X)
#undef X
};

static const char *process_language = "zh";
static bool process_drill;

bool input_submits(const struct input *input)
{
    return input->kind == INPUT_COMMAND &&
           (input->type == INTAKE_SUBMIT || input->type == HOTLINE_REPORT ||
                   input->type == INTAKE_QR_HELP);
}

const char *placed_name(enum placed placed)
{
    size_t index = (size_t)placed;
    return index < sizeof placed_names / sizeof *placed_names ? placed_names[index] : "?";
}

enum report_state report_state_find(const char *name)
{
    for (int i = 0; report_state_names[i]; i++) {
        if (strcmp(report_state_names[i], name) == 0)
            return (enum report_state)i;
    }
    return REPORT_NONE;
}

uint32_t report_reason_find(const char *name)
{
    for (uint32_t i = 0; report_reason_names[i]; i++) {
        if (strcmp(report_reason_names[i], name) == 0)
            return i;
    }
    return REASON_MALFORMED;
}

const char *report_reason_text(uint32_t reason, const char *language)
{
    const char *const *table = strcmp(language, "en") == 0 ? reasons_en : reasons_zh;
    return reason < sizeof reasons_en / sizeof *reasons_en ? table[reason] : "";
}

void intake_language_set(const char *language)
{
    process_language = strcmp(language, "en") == 0 ? "en" : "zh";
}

const char *intake_language(void)
{
    return process_language;
}

void intake_drill_set(bool drill)
{
    process_drill = drill;
}

bool intake_drill(void)
{
    return process_drill;
}
