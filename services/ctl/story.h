/* The story of a case: the transitions of its report, case, mission and need, which bear the same
 * id in four services, in one order. Plain data and pure functions; case.c asks for them. */
#ifndef HUYING_CTL_STORY_H
#define HUYING_CTL_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/arena.h"
#include "services/kernel/base/service_id.h"

#define PLACE_UNKNOWN (-1) /* the page has no place in the ledger yet, or audit did not say */

/* Texts are never NULL and live in the arena of the answer. Instants in ms, 0 = none. */
struct story_row {
    enum service_id service;
    int32_t ver;
    const char *step, *from, *to; /* the service's words */
    int64_t at_ms, due_ms;
    int64_t unit; /* 0 = none */
    int64_t page; /* of the ledger, and where in it */
    int32_t idx;
    const char *actor;  /* staff code or key's name; "" = nobody: a deadline, a message */
    const char *detail; /* as the service wrote it */
    int64_t place;      /* in the ledger, from 0; PLACE_UNKNOWN */
};

struct case_view {
    int64_t id, unit, handler;
    int32_t version, escalations;
    uint32_t code; /* in the answer to a whistle: what is shown at the place */
    int64_t accepted_ms, promised_ms, due_ms, handled_ms, closed_ms;
    bool overdue;
    const char *number, *source, *source_ref, *matter, *state, *level, *handler_kind, *summary;
    const char *duty;     /* what the handler's own list says of the matter; "" = not known */
    uint32_t corrected;   /* how often its reporter corrected it */
    const char *intent;   /* what the reporter wants; "" = not known */
    char *const *actions; /* what who asked by name may do next, as the service calls it */
    size_t action_count;
    bool urged;      /* of an agenda */
    int64_t next_ms; /* of an agenda: the first of its clocks to run out */
};

/* A page's place in the ledger. */
struct page_place {
    int64_t page, first; /* first: -1 = not placed yet */
};

/* Orders rows by time; at one instant (a drill's deadline, a replay's closing) by what leads to
 * what: the report, its registration, the work of squad and volunteers, what routing makes of it,
 * the outcome. A service's own rows stay in the order of their versions, in which they came. */
void story_order(struct story_row *rows, size_t count);
/* Gives each row its place. */
void story_place(
        struct story_row *rows, size_t count, const struct page_place *places, size_t place_count);
/* What a person reads of a row's detail: of intake's JSON the text or reason, else all of it.
 * Arena memory or the row's own. */
const char *story_text(const struct story_row *row, struct arena *arena);

#endif
