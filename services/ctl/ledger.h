/* Checks the whole ledger from the outside: the tree from the pages' bytes, the head, and for every
 * leaf the row of history that it proves. A change to any of them shows; the first wrong leaf is
 * named. What it cannot show is a change of all of them together by somebody who can write every
 * schema: for that a checkpoint has to be kept elsewhere. */
#ifndef HUYING_CTL_LEDGER_H
#define HUYING_CTL_LEDGER_H

#include <stdbool.h>
#include "services/ctl/store_ledger.h"

/* name, stable word, zh, en */
#define WRONG_TABLE(X)                                                                             \
    X(WRONG_NONE, "none", "", "")                                                                  \
    X(WRONG_HEAD, "head", "账本头的大小与子树根不相符",                                            \
            "the head's size and subtree roots do not fit")                                        \
    X(WRONG_PAGE_MISSING, "page_missing", "此位置没有账页", "no page has this place")              \
    X(WRONG_PLACE_TWICE, "place_twice", "此位置被给了两次", "this place was given twice")          \
    X(WRONG_BEYOND_HEAD, "beyond_head", "此位置超出账本头的大小",                                  \
            "this place is beyond the head's size")                                                \
    X(WRONG_COUNT, "count", "账页的叶子数与登记的不符",                                            \
            "the page has another number of leaves than it says")                                  \
    X(WRONG_LEAF, "leaf", "这里的字节不是叶子", "the bytes here are no leaf")                      \
    X(WRONG_HASH, "hash", "叶子的哈希与登记的不符:叶子或哈希被改过",                               \
            "the leaf's hash is not the stored one: one of them was changed")                      \
    X(WRONG_SERVICE, "service", "叶子不属于发送账页的服务",                                        \
            "the leaf is not of the service that sent the page")                                   \
    X(WRONG_NO_ROW, "no_row", "服务的历史中没有这一行", "the service's history has no such row")   \
    X(WRONG_FIELD, "field", "历史行与叶子不符", "the history row differs from the leaf")           \
    X(WRONG_ROOT, "root", "重算的根与账本头不符:从此位置起的子树内顺序或内容被改过",               \
            "the recomputed root is not the head's: order or content changed in the subtree "      \
            "that begins here")                                                                    \
    X(WRONG_NO_LEAF, "no_leaf", "这一行历史没有叶子", "this history row has no leaf")              \
    X(WRONG_GAP, "version_gap", "历史缺这一版本", "the history lacks this version")

enum wrong_kind {
#define X(name, word, zh, en) name,
    WRONG_TABLE(X)
#undef X
            WRONG_COUNT_OF_KINDS
};

struct ledger_wrong {
    enum wrong_kind kind;
    int64_t place; /* -1: it has none (a history row without a leaf) */
    enum service_id service;
    int64_t agg; /* 0: not known */
    int32_t ver;
    const char *field; /* of the history row; "" = none */
};
const char *wrong_word(enum wrong_kind kind);
const char *wrong_text(enum wrong_kind kind, bool english);

struct ledger_report {
    int64_t size;      /* leaves with a place */
    int64_t head_size; /* as the head says */
    int64_t rows;      /* of history, all services */
    int64_t gone;      /* leaves whose rows went with the data of their aggregates, by age */
    int64_t under_way; /* of them not yet in the ledger, which is no fault */
    int64_t wrongs;
    uint8_t root[MERKLE_HASH_SIZE]; /* recomputed */
    struct ledger_wrong first;      /* the one with the lowest place; those without come last */
};

/* `progress` is called now and then with what is done of all; may be NULL. Reads in one snapshot,
 * which it holds to the end. ERR_TRANSIENT: the database failed, nothing is known. */
typedef void ledger_progress_fn(void *self, int64_t done, int64_t all);
enum err ledger_verify(struct pg *pg,
        ledger_progress_fn *progress,
        void *self,
        struct ledger_report *ret) MUST_CHECK;

#endif
