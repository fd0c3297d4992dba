/* The words of a story's column `verb`, one line each. Those of routing are in case_verbs.h. */
#include <string.h>

#include "services/ctl/case_verbs.h"
#include "services/ctl/drama.h"

/* word, kind, service, number of the command in its proto file */
#define VERB_TABLE(X)                                                                              \
    X("report", REPORT, INTAKE, 1501)                                                              \
    X("withdraw", WITHDRAW, INTAKE, 1512)                                                          \
    X("outcomes", OUTCOMES, INTAKE, 1611)                                                          \
    X("follow", FOLLOW, INTAKE, 0)                                                                 \
    X("reconcile", RECONCILE, INTAKE, 1612)                                                        \
    X("expect", EXPECT, NONE, 0)                                                                   \
    X("figures", FIGURES, NONE, 0)                                                                 \
    X("skip", SKIP, NONE, 0)                                                                       \
    X("squad-accept", ACT, ENFORCEMENT, 3501)                                                      \
    X("squad-arrive", ACT, ENFORCEMENT, 3502)                                                      \
    X("squad-done", ACT, ENFORCEMENT, 3503)                                                        \
    X("claim", ACT, VOLUNTEER, 4501)                                                               \
    X("volunteer-done", ACT, VOLUNTEER, 4502)

static const struct drama_verb VERBS[] = {
#define X(word, kind, dest, type) {word, DRAMA_##kind, SERVICE_##dest, type},
        VERB_TABLE(X)
#undef X
#define X(word, type, needs) {word, DRAMA_ACT, SERVICE_ROUTING, type},
                CASE_VERB_TABLE(X)
#undef X
};
#define VERB_COUNT (sizeof VERBS / sizeof *VERBS)

const struct drama_verb *drama_verb_find(const char *word)
{
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(VERBS[i].word, word) == 0)
            return &VERBS[i];
    return NULL;
}

void drama_verbs_list(GString *out)
{
    for (size_t i = 0; i < VERB_COUNT; i++)
        g_string_append_printf(out, "%s%s", i > 0 ? " " : "", VERBS[i].word);
}
