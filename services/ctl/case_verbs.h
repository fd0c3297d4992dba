/* The verbs of routing's commands, in which people give them: on the command line (act.c) and in a
 * story (drama_verb.c). One line each: the word, the command's number in routing.proto, and which
 * options it needs beside the reason, or may have. */
#ifndef HUYING_CTL_CASE_VERBS_H
#define HUYING_CTL_CASE_VERBS_H

/* What a verb needs beside the reason, and what it may have. */
enum {
    NEEDS_UNIT = 1,
    NEEDS_MINUTES = 2,
    NEEDS_UNITS = 4,
    NEEDS_PART = 8,
    NEEDS_SCORE = 16,
    TAKES_PART = 32,
    TAKES_PLACE = 64,
    TAKES_CODE = 128,
    TAKES_EVIDENCE = 256,
    TAKES_UNSOLVED = 512,
    TAKES_UNITS = 1024,
    TAKES_MINUTES = 2048,
    NEEDS_OTHER = 4096
};

#define CASE_VERB_TABLE(X)                                                                         \
    X("accept", 2501, 0)                                                                           \
    X("handle", 2502, TAKES_EVIDENCE)                                                              \
    X("verify", 2503, 0)                                                                           \
    X("refer", 2504, 0)                                                                            \
    X("return", 2505, 0)                                                                           \
    X("dispatch", 2506, NEEDS_UNIT)                                                                \
    X("rule", 2507, NEEDS_UNIT)                                                                    \
    X("step-up", 2508, 0)                                                                          \
    X("reject", 2509, 0)                                                                           \
    X("suspend", 2510, NEEDS_MINUTES)                                                              \
    X("resume", 2511, 0)                                                                           \
    X("ask-time", 2512, NEEDS_MINUTES)                                                             \
    X("grant-time", 2513, 0)                                                                       \
    X("deny-time", 2514, 0)                                                                        \
    X("whistle", 2515, NEEDS_UNITS | TAKES_PLACE)                                                  \
    X("check-in", 2516, TAKES_PART | TAKES_PLACE | TAKES_CODE)                                     \
    X("end-whistle", 2517, 0)                                                                      \
    X("score", 2518, NEEDS_PART | NEEDS_SCORE)                                                     \
    X("joint", 2519, NEEDS_UNITS)                                                                  \
    X("finish-part", 2520, TAKES_PART | TAKES_EVIDENCE)                                            \
    X("take-over", 2521, NEEDS_PART | NEEDS_UNIT)                                                  \
    X("order", 2522, NEEDS_UNIT | NEEDS_MINUTES)                                                   \
    X("decline", 2523, 0)                                                                          \
    X("apply", 2524, NEEDS_UNIT | NEEDS_UNITS)                                                     \
    X("admit", 2525, TAKES_PART)                                                                   \
    X("deny-admission", 2526, TAKES_PART)                                                          \
    X("appeal", 2527, TAKES_PART)                                                                  \
    X("uphold", 2528, TAKES_PART)                                                                  \
    X("dismiss", 2529, TAKES_PART)                                                                 \
    X("convene", 2530, NEEDS_UNITS | NEEDS_MINUTES)                                                \
    X("resolve", 2531, TAKES_UNITS | TAKES_MINUTES)                                                \
    X("mediate", 2532, NEEDS_MINUTES)                                                              \
    X("agree", 2533, NEEDS_MINUTES)                                                                \
    X("revisit", 2534, TAKES_PART)                                                                 \
    X("remind", 2535, 0)                                                                           \
    X("veto", 2536, 0)                                                                             \
    X("urge", 2537, 0)                                                                             \
    X("follow-up", 2538, NEEDS_SCORE | TAKES_UNSOLVED)                                             \
    X("reopen", 2539, 0)                                                                           \
    X("pass-check", 2540, TAKES_PART)                                                              \
    X("fail-check", 2541, TAKES_PART)                                                              \
    X("arrive", 2542, 0)                                                                           \
    X("merge", 2543, NEEDS_OTHER)                                                                  \
    X("unmerge", 2544, 0)                                                                          \
    X("reset-due", 2545, 0)

#endif
