/* Audit's words as plain data. The aggregate is the page: the leaves of one committed batch of one
 * service. It comes once, is kept as it came, and gets its place in the ledger later, from the
 * sequencer (sequence.h). All numbers here are persistent: append only. */
#ifndef HUYING_AUDIT_AUDIT_H
#define HUYING_AUDIT_AUDIT_H

#include "services/kernel/base/merkle.h"
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/store/leaf.h"

#define LOCATE_MAX 1000     /* pages of one question */
#define ENTRIES_MAX 1000    /* leaves of one answer */
#define PLACE_PAGES_MAX 128 /* that get places in one transaction */

/* Equal to those in proto/audit.proto (codec.c checks that they are). */
enum audit_type {
    TYPE_PAGE = 5001,
    TYPE_CHECKPOINT = 5601,
    TYPE_LOCATE = 5602,
    TYPE_ENTRIES = 5603
};

/* name, number, text, zh, en: pages that are not kept; neither happens while all services are ours.
 * Their leaves are then missing, and `huyingctl audit verify` says so. */
#define REFUSAL_TABLE(X)                                                                           \
    X(REFUSAL_NONE, 0, "none", "", "")                                                             \
    X(REFUSAL_PAGE_TWICE, 1, "page_twice", "此编号的账页已经收到过。",                             \
            "A page with this id was received before.")                                            \
    X(REFUSAL_OTHER_SERVICE, 2, "other_service", "账页中的叶子不属于发送它的服务。",               \
            "The page has leaves of another service than the one that sent it.")

enum audit_refusal {
#define X(name, number, text, zh, en) name = number,
    REFUSAL_TABLE(X)
#undef X
            REFUSAL_COUNT
};

/* A row of table "pages". The bytes are written once and never loaded again (size 0 then), and the
 * place is the sequencer's: the kernel's batches do not touch it. */
struct page {
    struct aggregate agg; /* first member: the kernel's */
    enum service_id source;
    int32_t count;
    struct bytes leaves;   /* as it came */
    const uint8_t *hashes; /* count * MERKLE_HASH_SIZE */
};

/* Body of PAGE, as codec.c decodes it; `leaves` points into the payload. */
struct page_body {
    enum service_id service; /* of all its leaves */
    int32_t count;
    struct bytes leaves;
    const uint8_t *hashes;
};

#endif
