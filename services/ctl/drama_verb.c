/* The words of a story's column `verb`, one line each. Those of routing are huyingctl act's. */
#include <string.h>

#include "services/ctl/drama.h"

/* word, kind, service, number of the command in its proto file */
#define VERB_TABLE(X)                                                                              \
    X("report", REPORT, INTAKE, 1501)                                                              \
    X("withdraw", WITHDRAW, INTAKE, 1512)                                                          \
    X("outcomes", OUTCOMES, INTAKE, 1611)                                                          \
    X("expect", EXPECT, NONE, 0)                                                                   \
    X("figures", FIGURES, NONE, 0)                                                                 \
    X("skip", SKIP, NONE, 0)                                                                       \
    X("accept", ACT, ROUTING, 2501)                                                                \
    X("handle", ACT, ROUTING, 2502)                                                                \
    X("verify", ACT, ROUTING, 2503)                                                                \
    X("refer", ACT, ROUTING, 2504)                                                                 \
    X("return", ACT, ROUTING, 2505)                                                                \
    X("dispatch", ACT, ROUTING, 2506)                                                              \
    X("rule", ACT, ROUTING, 2507)                                                                  \
    X("step-up", ACT, ROUTING, 2508)                                                               \
    X("reject", ACT, ROUTING, 2509)                                                                \
    X("suspend", ACT, ROUTING, 2510)                                                               \
    X("resume", ACT, ROUTING, 2511)                                                                \
    X("ask-time", ACT, ROUTING, 2512)                                                              \
    X("grant-time", ACT, ROUTING, 2513)                                                            \
    X("deny-time", ACT, ROUTING, 2514)                                                             \
    X("whistle", ACT, ROUTING, 2515)                                                               \
    X("check-in", ACT, ROUTING, 2516)                                                              \
    X("end-whistle", ACT, ROUTING, 2517)                                                           \
    X("score", ACT, ROUTING, 2518)                                                                 \
    X("joint", ACT, ROUTING, 2519)                                                                 \
    X("finish-part", ACT, ROUTING, 2520)                                                           \
    X("take-over", ACT, ROUTING, 2521)                                                             \
    X("order", ACT, ROUTING, 2522)                                                                 \
    X("decline", ACT, ROUTING, 2523)                                                               \
    X("apply", ACT, ROUTING, 2524)                                                                 \
    X("admit", ACT, ROUTING, 2525)                                                                 \
    X("deny-admission", ACT, ROUTING, 2526)                                                        \
    X("appeal", ACT, ROUTING, 2527)                                                                \
    X("uphold", ACT, ROUTING, 2528)                                                                \
    X("dismiss", ACT, ROUTING, 2529)                                                               \
    X("convene", ACT, ROUTING, 2530)                                                               \
    X("resolve", ACT, ROUTING, 2531)                                                               \
    X("mediate", ACT, ROUTING, 2532)                                                               \
    X("agree", ACT, ROUTING, 2533)                                                                 \
    X("revisit", ACT, ROUTING, 2534)                                                               \
    X("remind", ACT, ROUTING, 2535)                                                                \
    X("veto", ACT, ROUTING, 2536)                                                                  \
    X("urge", ACT, ROUTING, 2537)                                                                  \
    X("follow-up", ACT, ROUTING, 2538)                                                             \
    X("reopen", ACT, ROUTING, 2539)                                                                \
    X("pass-check", ACT, ROUTING, 2540)                                                            \
    X("fail-check", ACT, ROUTING, 2541)                                                            \
    X("arrive", ACT, ROUTING, 2542)                                                                \
    X("merge", ACT, ROUTING, 2543)                                                                 \
    X("unmerge", ACT, ROUTING, 2544)                                                               \
    X("reset-due", ACT, ROUTING, 2545)                                                             \
    X("squad-accept", ACT, ENFORCEMENT, 3501)                                                      \
    X("squad-arrive", ACT, ENFORCEMENT, 3502)                                                      \
    X("squad-done", ACT, ENFORCEMENT, 3503)                                                        \
    X("claim", ACT, VOLUNTEER, 4501)                                                               \
    X("volunteer-done", ACT, VOLUNTEER, 4502)

static const struct drama_verb VERBS[] = {
#define X(word, kind, dest, type) {word, DRAMA_##kind, SERVICE_##dest, type},
        VERB_TABLE(X)
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
