/* A case as answers show it: what routing's codec files share. */
#ifndef HUYING_ROUTING_CODEC_ITEM_H
#define HUYING_ROUTING_CODEC_ITEM_H

#include "services/kernel/base/arena.h"
#include "services/kernel/base/pure_id.h"
#include "services/routing/decide_legal.h"
#include "services/routing/store_query.h"

/* Protobuf's: a header names them, a codec knows them. */
struct Huying__Routing__WorkItem;
struct Huying__Routing__CaseView;

#define NO_UNIT (-1) /* where nothing lies */

/* All but the actions. Texts are lent by the case, the directory and static memory. */
void item_fill(const struct routing_case *this,
        const struct directory *directory,
        struct Huying__Routing__WorkItem *item);

/* All but the actions of its item, which the view has already; `number` is room for its number. */
void view_fill(const struct case_found *found,
        const struct directory *directory,
        char number[CASE_NUMBER_SIZE],
        struct Huying__Routing__CaseView *view);

/* Room for the actions of one item; lives until the message is packed. */
struct item_actions {
    char *list[LEGAL_MAX];
};
/* What `actor` may do at that instant; nothing when it is nobody's name. */
void item_actions_fill(const struct routing_case *this,
        const struct directory *directory,
        const char *actor,
        int64_t now_ms,
        struct item_actions *room,
        struct Huying__Routing__WorkItem *item);

/* The parameter that limits an answer to what `actor` may see (store_query.h); none for "".
 * ERR_DENIED when there is no such person. */
enum err scope_bind(const struct directory *directory,
        const char *actor,
        struct params *params,
        const char **ret_why) MUST_CHECK;
/* Adds the unit and all below it to an array parameter. */
void units_add(const struct directory *directory,
        const struct unit *top,
        struct params *params,
        int index);
/* A number of digits only, up to `end`, behind which the text then begins. */
bool number_take(const char **text, char end, int64_t *ret);
enum err query_refuse(const char **ret_why, const char *why) MUST_CHECK;

#endif
