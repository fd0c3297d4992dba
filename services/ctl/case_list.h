/* A list of cases as worklist, search and similar show it: asked of routing page by page, then
 * printed as a table or as JSON. */
#ifndef HUYING_CTL_CASE_LIST_H
#define HUYING_CTL_CASE_LIST_H

#include "services/ctl/codec_work.h"
#include "services/ctl/ctl.h"
#include "services/kernel/base/pure_directory.h"
#include "services/kernel/bus/client.h"

#define ROWS_PRESET 100
#define ROWS_MAX 10000

struct case_list {
    struct ctl *ctl;
    struct client *client;
    struct directory *directory;
    struct arena arena;
    GArray *cases; /* struct case_view; texts in the arena */
    guint limit;   /* of cases that are shown */
    bool more;     /* there are others behind them */
    char *staff;   /* in whose name is asked; NULL = nobody's */
};

/* The options that all of them have; `limit` begins with ROWS_PRESET. */
#define CASE_LIST_OPTIONS(limit, staff)                                                            \
    {"limit", 0, 0, G_OPTION_ARG_INT, limit,                                                       \
            CTL_TEXT("最多几件(默认 100)", "at most so many (100)"), CTL_TEXT("数量", "N")},       \
    {                                                                                              \
        "as", 0, 0, G_OPTION_ARG_STRING, staff,                                                    \
                CTL_TEXT("以谁的名义(工号)", "in whose name (code of a member of staff)"),         \
                CTL_TEXT("工号", "STAFF")                                                          \
    }
/* -1: the limit is one; else EXIT_USAGE, and it has said why. */
int case_list_limit(struct case_list *list, struct ctl *ctl, gint limit);

/* Configuration, directory, bus; EXIT_DONE, or it has said what is missing. To be closed either
 * way. */
int case_list_open(struct case_list *list, struct ctl *ctl);
void case_list_close(struct case_list *list);

/* One question, in the list's name; NULL: no answer, and it has said why. */
const struct client_request *case_list_ask(
        struct case_list *list, uint32_t type, struct bytes payload);
/* Says that the answer is not what it should be. */
int case_list_garbled(const struct case_list *list);
/* The unit of that code, or it says that there is none. */
const struct unit *case_list_unit(const struct case_list *list, const char *code);
/* As many as the limit lets in. */
void case_list_add(struct case_list *list, const struct case_view *cases, size_t count);
bool case_list_full(const struct case_list *list);

/* The table, or the JSON. `texts`: with number and summary instead of what comes next. */
void case_list_show(const struct case_list *list, bool texts);

#endif
