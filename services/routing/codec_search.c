/* Questions over many cases: what fits a search, what may be the same thing, how much each unit has
 * in hand. Requests are decoded and bound to the statements of store_query.c; rows become answers
 * here. Who asks by name finds what he sees, and nothing else. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/routing.pb-c.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/base/pure_tree.h"
#include "services/kernel/wire/message.h"
#include "services/routing/codec.h"
#include "services/routing/codec_item.h"

#define SEARCH_LENGTH_MAX 64      /* characters of the text that is looked for */
#define ROW_MEMORY_MAX (4u << 20) /* of one answer's cases */
#define CURSOR_SIZE 64
#define CHILDREN_MAX 500 /* units below one another, as an answer lists them */

/* All versions of the matter: a case keeps the one it started under. */
static bool matters_bind(const struct directory *directory, const char *code, struct params *params)
{
    int index = params_array(params, PARAM_INT4);
    const struct matter *matter = NULL;
    for (size_t i = 0; (matter = directory_matter(directory, i)) != NULL; i++)
        if (code[0] && strcmp(matter->code, code) == 0)
            param_add_int(params, index, matter->id);
    return !code[0] || params->list[index].count > 0;
}

static void states_add(const char *name, struct params *params)
{
    int index = params_array(params, PARAM_INT2);
    enum case_state one = case_state_find(name);
    for (int state = CASE_REGISTERED; state < CASE_STATE_COUNT; state++)
        if (!name[0] || state == (int)one)
            param_add_int(params, index, state);
}

static enum err search_check(const Huying__Routing__SearchQuery *in,
        const struct directory *directory,
        const char **ret_why)
{
    if (!text_short(in->text, SEARCH_LENGTH_MAX))
        return query_refuse(ret_why, "text: UTF-8 of at most 64 characters expected");
    if (!text_fits(in->source_ref, SOURCE_REF_SIZE_MAX))
        return query_refuse(ret_why, "source_ref: UTF-8 of at most 128 bytes expected");
    if (in->unit != 0 && !unit_find(directory, in->unit))
        return query_refuse(
                ret_why, "unit: the id of a unit of the directory, or 0 for all, expected");
    if (in->state[0] && case_state_find(in->state) == CASE_STATE_COUNT)
        return query_refuse(ret_why, "state: the name of a state, or nothing, expected");
    if (in->from_ms < 0 || in->to_ms < 0 || in->from_ms >= NEVER_MS || in->to_ms >= NEVER_MS)
        return query_refuse(ret_why, "from_ms, to_ms: instants, or 0 for any, expected");
    if (in->limit == 0 || in->limit > WORKLIST_MAX)
        return query_refuse(ret_why, "limit: 1 to 500 expected");
    return OK;
}

/* Where the answer before ended, or the end of the time that is asked for. */
static bool search_cursor_bind(const Huying__Routing__SearchQuery *in, struct params *params)
{
    int64_t at_ms = in->to_ms ? in->to_ms : NEVER_MS, id = 0;
    const char *text = in->cursor;
    if (text[0] && (*text++ != 's' || !number_take(&text, '.', &at_ms) ||
                           !number_take(&text, 0, &id) || at_ms > NEVER_MS))
        return false;
    (void)params_int(params, PARAM_TIME, in->from_ms);
    (void)params_int(params, PARAM_TIME, at_ms);
    (void)params_int(params, PARAM_INT8, id);
    return true;
}

enum err search_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    const Huying__Routing__SearchQuery *in =
            message_open(&huying__routing__search_query__descriptor, payload, arena);
    if (!in)
        return query_refuse(ret_why, "payload is no routing.SearchQuery");
    enum err err = search_check(in, directory, ret_why);
    if (err != OK)
        return err;
    (void)params_text(params, actor);
    err = scope_bind(directory, actor, params, ret_why);
    if (err != OK)
        return err;
    states_add(in->state, params);
    if (!matters_bind(directory, in->matter, params))
        return query_refuse(ret_why, "matter: the code of a matter, or nothing, expected");
    int units = params_array(params, PARAM_INT8);
    if (in->unit != 0)
        units_add(directory, unit_find(directory, in->unit), params, units);
    (void)params_text(params, in->text);
    (void)params_text(params, in->source_ref);
    if (!search_cursor_bind(in, params))
        return query_refuse(ret_why, "cursor: nothing, or that of the answer before, expected");
    (void)params_int(params, PARAM_INT4, in->limit);
    return OK;
}

/* One case of an answer with what it lends its texts from. */
struct listed_case {
    Huying__Routing__CaseView view;
    Huying__Routing__WorkItem item;
    struct search_row row;
    struct item_actions actions;
    char number[CASE_NUMBER_SIZE];
};

static Huying__Routing__CaseView *listed_fill(
        struct listed_case *this, const struct directory *directory)
{
    const struct case_found *found = &this->row.found;
    huying__routing__case_view__init(&this->view);
    huying__routing__work_item__init(&this->item);
    this->view.item = &this->item;
    view_fill(found, directory, this->number, &this->view);
    item_actions_fill(
            &found->state, directory, found->actor, found->now_ms, &this->actions, &this->item);
    return &this->view;
}

/* A page that is full goes on behind its last case; one that is not, behind the last that was
 * looked at, if there may be more. A page is as long as the statement was told, which it does not
 * tell back: so whatever has a case has a cursor. */
void search_encode(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    Huying__Routing__CaseList message = HUYING__ROUTING__CASE_LIST__INIT;
    Huying__Routing__CaseView *list[WORKLIST_MAX];
    struct arena arena;
    char cursor[CURSOR_SIZE] = "";
    int count = case_row_count(rows);
    must(count <= WORKLIST_MAX); /* the statement's limit */
    arena_init(&arena, ROW_MEMORY_MAX + WORKLIST_MAX * sizeof(struct listed_case));
    for (int i = 0; i < count; i++) {
        struct listed_case *here = arena_get(&arena, sizeof *here);
        int64_t at_ms = 0, id = 0;
        if (search_row(rows, i, &arena, &here->row)) {
            list[message.n_cases++] = listed_fill(here, directory);
            at_ms = here->row.found.next_ms;
            id = here->row.found.state.agg.id;
        } else if (here->row.more) {
            at_ms = here->row.last_ms;
            id = here->row.last_id;
        }
        if (id != 0)
            (void)snprintf(cursor, sizeof cursor, "s%" PRId64 ".%" PRId64, at_ms, id);
    }
    message.cases = list;
    message.cursor = cursor;
    message_add(&message.base, out);
    arena_fini(&arena);
}

enum err similar_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    const Huying__Routing__SimilarQuery *in =
            message_open(&huying__routing__similar_query__descriptor, payload, arena);
    if (!in)
        return query_refuse(ret_why, "payload is no routing.SimilarQuery");
    const struct unit *place = unit_find(directory, in->unit);
    const struct matter *matter = matter_find_code(directory, in->matter);
    if (!place)
        return query_refuse(ret_why, "unit: the id of a unit of the directory expected");
    if (in->except < 0)
        return query_refuse(ret_why, "except: the id of a case, or 0, expected");
    if (in->limit == 0 || in->limit > WORKLIST_MAX)
        return query_refuse(ret_why, "limit: 1 to 500 expected");
    (void)params_text(params, actor);
    enum err err = scope_bind(directory, actor, params, ret_why);
    if (err != OK)
        return err;
    const struct unit *village = unit_at_level(directory, place, LEVEL_VILLAGE);
    units_add(directory, village ? village : place, params, params_array(params, PARAM_INT8));
    if (!in->matter[0] || !matters_bind(directory, in->matter, params))
        return query_refuse(ret_why, "matter: the code of a matter expected");
    (void)params_int(params, PARAM_INT8, in->except);
    (void)params_int(params, PARAM_INT4, matter ? matter->dup_h : 0);
    (void)params_int(params, PARAM_INT4, in->limit);
    return OK;
}

void similar_encode(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    Huying__Routing__CaseList message = HUYING__ROUTING__CASE_LIST__INIT;
    Huying__Routing__CaseView *list[WORKLIST_MAX];
    struct arena arena;
    int count = case_row_count(rows);
    must(count <= WORKLIST_MAX); /* the statement's limit */
    arena_init(&arena, ROW_MEMORY_MAX + WORKLIST_MAX * sizeof(struct listed_case));
    for (int i = 0; i < count; i++) {
        struct listed_case *here = arena_get(&arena, sizeof *here);
        case_found_row(rows, i, 0, &arena, &here->row.found);
        list[i] = listed_fill(here, directory);
    }
    message.n_cases = (size_t)count;
    message.cases = list;
    message_add(&message.base, out);
    arena_fini(&arena);
}

/* A unit that counts for `top`. */
static void load_add(struct params *params, int units, int64_t unit, int64_t top)
{
    param_add_int(params, units, unit);
    param_add_int(params, units + 1, top);
}

/* The unit's own, then that of each unit below it with all below that. */
static void load_units_bind(
        const struct directory *directory, const struct unit *unit, struct params *params)
{
    int units = params_array(params, PARAM_INT8);
    (void)params_array(params, PARAM_INT8);
    load_add(params, units, unit->id, unit->id);
    for (size_t i = 0; i < CHILDREN_MAX - 1; i++) {
        const struct unit *child = unit_child(directory, unit, i);
        struct unit_walk walk;
        if (!child)
            break;
        load_add(params, units, child->id, child->id);
        unit_walk_begin(&walk, directory, child);
        for (const struct unit *at = unit_walk_next(&walk); at; at = unit_walk_next(&walk))
            load_add(params, units, at->id, child->id);
    }
}

enum err load_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why)
{
    const Huying__Routing__LoadQuery *in =
            message_open(&huying__routing__load_query__descriptor, payload, arena);
    if (!in)
        return query_refuse(ret_why, "payload is no routing.LoadQuery");
    const struct unit *unit = unit_find(directory, in->unit);
    const struct unit *top = scope_of(directory, actor).top;
    if (!unit || (actor[0] && !(top && unit_within(directory, unit, top->id))))
        return query_refuse(ret_why, "unit: the id of a unit that the asker sees expected");
    load_units_bind(directory, unit, params);
    (void)params_int(params, PARAM_INT4, directory_utc_offset_s(directory));
    (void)params_int(params, PARAM_INT4, CHILDREN_MAX);
    return OK;
}

void load_encode(const PGresult *rows, const struct directory *directory, struct buf *out)
{
    Huying__Routing__Load message = HUYING__ROUTING__LOAD__INIT;
    Huying__Routing__UnitLoad items[CHILDREN_MAX], *list[CHILDREN_MAX];
    int count = case_row_count(rows);
    (void)directory;
    must(count <= CHILDREN_MAX); /* the statement's limit */
    for (int i = 0; i < count; i++) {
        struct load_row row;
        load_row(rows, i, &row);
        huying__routing__unit_load__init(&items[i]);
        items[i].unit = row.unit;
        items[i].open = row.open;
        items[i].late = row.late;
        items[i].due_today = row.due_today;
        list[i] = &items[i];
    }
    message.n_units = (size_t)count;
    message.units = list;
    message_add(&message.base, out);
}
