/* A day of the district as rows of a file: what people do, what the clock brings by itself, what
 * has to come of it. drama_file.c reads and checks it, drama_act.c does a row as the people would,
 * drama_page.c as residents do,
 * drama_case.c looks at what has become of the case, drama_ask.c at the lists that it is on,
 * drama_reconcile.c keeps the hotline's books, drama_expect.c compares, drama_tell.c puts it
 * on the screen, drama.c leads through the day. docs/stories.md is for who writes one.
 *
 * (story.h is another thing: the history of one case.) */
#ifndef HUYING_CTL_DRAMA_H
#define HUYING_CTL_DRAMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/ctl/codec_drama.h"
#include "services/ctl/ctl_bus.h"
#include "services/ctl/sheet.h"
#include "services/ctl/story.h"
#include "services/intake/hotline/hotline.h"
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_directory.h"
#include "services/kernel/base/pure_text.h"

#define DRAMA_ROWS_MAX 2000
#define DRAMA_CASES_MAX 200
#define DRAMA_PAIRS_MAX 24
#define DRAMA_FACT_SIZE 1024
#define DRAMA_NEEDS_MAX 8
#define DRAMA_CODE_SIZE 16
#define DRAMA_CODE_WRONG "wrong" /* code=wrong */
#define DRAMA_COUNT_SIZE 64

enum drama_kind {
    DRAMA_REPORT,    /* a report comes in, by the hotline or from a person */
    DRAMA_ACT,       /* a member of staff commands something about a case */
    DRAMA_OUTCOMES,  /* the hotline fetches how its cases ended and acknowledges it */
    DRAMA_WITHDRAW,  /* … takes a report back */
    DRAMA_RECONCILE, /* … compares its receipts of the day with what is on record */
    DRAMA_FOLLOW,    /* a resident looks at what has become of a report, by its code */
    DRAMA_EXPECT,    /* nobody does anything: only a look */
    DRAMA_FIGURES,   /* a column of the table at the end */
    DRAMA_SKIP       /* what the system cannot do yet, said aloud */
};

struct drama_verb {
    const char *word;
    enum drama_kind kind;
    enum service_id dest; /* of DRAMA_ACT */
    uint32_t type;
};

/* "due=10:32; level=street": the cells `with` and `expect`. */
struct drama_pair {
    const char *key, *value;
};
struct drama_pairs {
    struct drama_pair list[DRAMA_PAIRS_MAX];
    size_t count;
};

struct drama_row {
    struct place place; /* in the file */
    const char *line;   /* S1 */
    const char *name;   /* of the row in its line; "" = none */
    const char *needs[DRAMA_NEEDS_MAX];
    size_t need_count;
    int64_t at_ms;
    const char *who;   /* as in the file */
    const char *actor; /* the member of staff that it means; "" = none */
    bool hotline;      /* who is the hotline */
    bool resident;     /* … somebody with a telephone */
    bool handler;      /* … whoever handles the case then */
    size_t offered;    /* … the n-th volunteer whom the need is offered to; 0 = not so */
    const char *alias; /* of a case; "" = none */
    size_t case_at;    /* its place in drama_file.aliases */
    const struct drama_verb *verb;
    struct drama_pairs with, expect;
    enum verdict verdict; /* expected */
    const char *reason;   /* … the refusal's stable name; "" = whichever */
    const char *zh, *en;
    bool out; /* left out, or not of the lines asked for */
};

struct drama_file {
    struct sheet sheet;
    struct drama_row *rows; /* as in the file */
    size_t count;
    struct drama_row **order; /* by time, rows of one instant as in the file */
    const char *aliases[DRAMA_CASES_MAX];
    size_t alias_count;
    GPtrArray *owned;
};

/* The words of the column `verb`. */
const struct drama_verb *drama_verb_find(const char *word);
void drama_verbs_list(GString *out);

/* Reads and checks the whole file: `faults` gets every mistake with row and column. False when
 * there are any. drama_file_fini either way. */
bool drama_file_read(const char *path,
        const struct directory *directory,
        struct faults *faults,
        struct drama_file *ret) MUST_CHECK;
void drama_file_fini(struct drama_file *file);
/* Leaves out the rows named "LINE:NAME", and those that need them; takes in what is there only
 * without them. `lines` (NULL = all): only rows of these. False: *ret_wrong names no row. */
bool drama_file_choose(
        struct drama_file *file, char **without, char **lines, const char **ret_wrong) MUST_CHECK;

/* "2026-09-30 10:02", "… 10:02:03.004", RFC 3339, or "10:02" of the day of `day_ms`. */
bool drama_instant_parse(const char *text, int utc_offset_s, int64_t day_ms, int64_t *ret_ms);
/* The same without what is zero: "2026-09-30 10:02". */
void drama_instant_format(char ret[INSTANT_SIZE], int64_t at_ms, int utc_offset_s);
/* The pair's value; NULL when there is none. */
const char *drama_pair_find(const struct drama_pairs *pairs, const char *key);

/* A case of the story, as it was looked at last. */
struct drama_case {
    const char *alias;
    int64_t id; /* 0: not reported yet */
    char number[HOTLINE_NUMBER_SIZE];
    char ticket[HOTLINE_TICKET_SIZE];
    char secret[DRAMA_CODE_SIZE]; /* by which a resident follows it; "" = none; never told */
    uint32_t code;                /* of the place of its whistle; 0 = none */
    struct case_view view;
    json_t *row;             /* of routing.cases */
    struct story_row *steps; /* in order */
    size_t step_count;
    int32_t told[SERVICE_COUNT]; /* versions up to these were told */
};

struct drama_counter { /* a counter's value, by its name in names.c and unit code ("" = all) */
    char *field;
    int64_t value;
};

struct drama {
    struct ctl *ctl;
    struct pg *pg;
    struct client *client;
    struct hotline *hotline;
    struct directory *directory;
    struct drama_file file;
    struct drama_case cases[DRAMA_CASES_MAX];
    struct arena arena;
    GHashTable *counters; /* "routing/all/closed" → value; of the present row */
    GPtrArray *sheets;    /* struct drama_sheet, of the figures' rows */
    GChecksum *digest;
    int utc_offset_s, site;
    int64_t clock_ms;
    char listed[DRAMA_FACT_SIZE];  /* of the units that the row names, those on whose list it is */
    char top[DRAMA_FACT_SIZE];     /* the same of those on whose list it is the first */
    char similar[DRAMA_FACT_SIZE]; /* the story's names of what may be the same as the row's case */
    size_t done, skipped, wrong;
    size_t tickets;  /* of the hotline, that have a receipt */
    GArray *records; /* struct hotline_record: what those receipts said */
    struct {         /* of the row that reconciles */
        char tickets[DRAMA_COUNT_SIZE], cases[DRAMA_COUNT_SIZE], digests[DRAMA_COUNT_SIZE];
    } reconciled;
};

/* What came of a row. */
struct drama_answer {
    enum verdict verdict;
    uint32_t reason;    /* number, of a service's refusal */
    const char *word;   /* its stable name, when it is known; "" = not */
    const char *text;   /* what a person is told; "" = nothing */
    int64_t case_id;    /* of a report */
    const char *number; /* … and what people call it */
};

/* Does what the row says. ERR_TRANSIENT, said: somebody did not answer. */
enum err drama_act(
        struct drama *drama, const struct drama_row *row, struct drama_answer *ret) MUST_CHECK;

/* Looks at the cases that have changed since, and at `always` (NULL = none). */
enum err drama_look(struct drama *drama, struct drama_case *always) MUST_CHECK;
/* Asks as the people would what the row expects of work lists and similar cases. */
enum err drama_ask(struct drama *drama, const struct drama_row *row) MUST_CHECK;
/* Reads all counters, for a row of figures. */
enum err drama_counters_read(struct drama *drama) MUST_CHECK;
/* Puts what a receipt says into the hotline's books; another instant than before is wrong. */
void drama_receipt_keep(struct drama *drama, const struct hotline_receipt *receipt);
/* Compares the books of the row's day with what is on record at the site. */
enum err drama_reconcile(struct drama *drama, const struct drama_row *row) MUST_CHECK;
/* What came of it: "tickets", "cases", "digests"; NULL for another key. */
const char *drama_reconciled_find(const struct drama *drama, const char *key);
struct drama_case *drama_case_by_id(struct drama *drama, int64_t id);
void drama_cases_fini(struct drama *drama);

/* The value of a fact about the row's case (or, in figures, about all of them), in the form of the
 * file. False when there is no such fact now. */
bool drama_fact(const struct drama *drama,
        const struct drama_row *row,
        const char *key,
        char ret[DRAMA_FACT_SIZE]);
/* True when there may be such a fact. */
bool drama_fact_known(const char *key, bool figures);
/* Instants and unit codes in what was expected are brought into the form of a fact. */
bool drama_fact_form(const struct directory *directory,
        int64_t day_ms,
        const char *key,
        const char *text,
        char ret[DRAMA_FACT_SIZE]);

/* Tells the row and compares what it expected; each difference is said and counted. */
void drama_row_check(
        struct drama *drama, const struct drama_row *row, const struct drama_answer *answer);

struct drama_line { /* of the table at the end */
    const char *key;
    char *expected, *found;
};
struct drama_sheet {
    const struct drama_row *row;
    GArray *lines; /* struct drama_line */
};
void drama_sheet_free(void *sheet);

void drama_tell_row(struct drama *drama, const struct drama_row *row);
void drama_tell_answer(
        struct drama *drama, const struct drama_row *row, const struct drama_answer *answer);
/* What drama_ask found. */
void drama_tell_lists(struct drama *drama);
/* The steps that were not told yet, of all cases; `clock`: nobody did them. */
void drama_tell_news(struct drama *drama, bool clock);
void drama_tell_difference(
        struct drama *drama, const char *key, const char *expected, const char *found);
void drama_tell_end(struct drama *drama);

#endif
