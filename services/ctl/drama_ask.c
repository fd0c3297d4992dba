/* What people are told is what stands on their lists: a row that expects a case on the work lists
 * of units has it asked over the bus, in the name of somebody of each; and what may be the same
 * thing is asked as the page does that offers it to a resident, in nobody's name. */
#include <string.h>

#include "services/ctl/codec_work.h"
#include "services/ctl/drama.h"

#define SIMILAR_MAX 20

static const struct client_request *question(
        struct drama *drama, uint32_t type, const char *actor, struct bytes payload)
{
    struct client_request *ask = arena_get(&drama->arena, sizeof *ask);
    *ask = (struct client_request){
            .dest = SERVICE_ROUTING, .type = type, .actor = actor, .payload = payload};
    return ctl_bus_ask(drama->ctl, drama->client, FRAME_QUERIES, ask, 1, &drama->arena) ? ask
                                                                                        : NULL;
}

/* Page by page, to the end. */
static enum err agenda_has(struct drama *drama, const char *staff, int64_t id, bool *ret)
{
    struct case_page page = {.cursor = ""};
    *ret = false;
    do {
        const struct client_request *ask = question(drama, WORK_AGENDA, staff,
                agenda_encode(&drama->arena, page.cursor, WORK_LIMIT_MAX));
        if (!ask)
            return ERR_TRANSIENT;
        if (agenda_decode(ask->reply.payload, &drama->arena, &page) != OK)
            return ERR_MALFORMED;
        for (size_t i = 0; i < page.count; i++)
            *ret = *ret || page.cases[i].id == id;
    } while (!*ret && page.count == WORK_LIMIT_MAX && *page.cursor);
    return OK;
}

static void found_add(char found[DRAMA_FACT_SIZE], const char *word)
{
    bool first = strcmp(found, "-") == 0;
    size_t used = first ? 0 : strlen(found);
    snprintf(found + used, DRAMA_FACT_SIZE - used, "%s%s", first ? "" : ",", word);
}

/* Those of the units on whose list the case is, in the order in which they are named. */
static enum err listed_find(struct drama *drama, int64_t id, const char *units)
{
    enum err err = OK;
    g_auto(GStrv) codes = g_strsplit(units, ",", -1);
    snprintf(drama->listed, sizeof drama->listed, "-");
    for (char **it = codes; *it && err == OK; it++) {
        const struct unit *unit = unit_find_code(drama->directory, *it);
        const struct staff *staff = unit ? staff_of_unit(drama->directory, unit->id, 0) : NULL;
        bool has = false;
        if (staff)
            err = agenda_has(drama, staff->code, id, &has);
        if (has)
            found_add(drama->listed, *it);
    }
    return err;
}

static enum err similar_find(struct drama *drama, const struct drama_case *this)
{
    struct case_page page;
    const struct client_request *ask = question(
            drama, WORK_SIMILAR, "", similar_encode(&drama->arena, &this->view, SIMILAR_MAX));
    snprintf(drama->similar, sizeof drama->similar, "-");
    if (!ask)
        return ERR_TRANSIENT;
    if (case_list_decode(ask->reply.payload, &drama->arena, &page) != OK)
        return ERR_MALFORMED;
    for (size_t i = 0; i < page.count; i++) {
        const struct drama_case *other = drama_case_by_id(drama, page.cases[i].id);
        found_add(drama->similar, other ? other->alias : "?");
    }
    return OK;
}

enum err drama_ask(struct drama *drama, const struct drama_row *row)
{
    const struct drama_case *this = &drama->cases[row->case_at];
    const char *units = drama_pair_find(&row->expect, "listed");
    enum err err = OK;
    *drama->listed = *drama->similar = '\0';
    if (row->verb->kind == DRAMA_FIGURES || this->id == 0)
        return OK;
    if (units)
        err = listed_find(drama, this->id, units);
    if (err == OK && drama_pair_find(&row->expect, "similar"))
        err = similar_find(drama, this);
    return err;
}
