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

/* Its place on the person's list, from 1 on; 0 = it is not there. Page by page, to the end. */
static enum err agenda_place(struct drama *drama, const char *staff, int64_t id, size_t *ret)
{
    struct case_page page = {.cursor = ""};
    size_t before = 0;
    *ret = 0;
    do {
        const struct client_request *ask = question(drama, WORK_AGENDA, staff,
                agenda_encode(&drama->arena, page.cursor, WORK_LIMIT_MAX));
        if (!ask)
            return ERR_TRANSIENT;
        if (agenda_decode(ask->reply.payload, &drama->arena, &page) != OK)
            return ERR_MALFORMED;
        for (size_t i = 0; i < page.count && *ret == 0; i++)
            if (page.cases[i].id == id)
                *ret = before + i + 1;
        before += page.count;
    } while (*ret == 0 && page.count == WORK_LIMIT_MAX && *page.cursor);
    return OK;
}

static void found_add(char found[DRAMA_FACT_SIZE], const char *word)
{
    bool first = strcmp(found, "-") == 0;
    size_t used = first ? 0 : strlen(found);
    snprintf(found + used, DRAMA_FACT_SIZE - used, "%s%s", first ? "" : ",", word);
}

/* Those of the units on whose list the case is, no further down than `last`, in the order in which
 * they are named. */
static enum err listed_find(struct drama *drama,
        int64_t id,
        const char *units,
        size_t last,
        char found[DRAMA_FACT_SIZE])
{
    enum err err = OK;
    g_auto(GStrv) codes = g_strsplit(units, ",", -1);
    snprintf(found, DRAMA_FACT_SIZE, "-");
    for (char **it = codes; *it && err == OK; it++) {
        const struct unit *unit = unit_find_code(drama->directory, *it);
        const struct staff *staff = unit ? staff_of_unit(drama->directory, unit->id, 0) : NULL;
        size_t place = 0;
        if (staff)
            err = agenda_place(drama, staff->code, id, &place);
        if (place > 0 && place <= last)
            found_add(found, *it);
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
    const char *tops = drama_pair_find(&row->expect, "top");
    enum err err = OK;
    *drama->listed = *drama->top = *drama->similar = '\0';
    if (row->verb->kind == DRAMA_FIGURES || this->id == 0)
        return OK;
    if (units)
        err = listed_find(drama, this->id, units, SIZE_MAX, drama->listed);
    if (err == OK && tops)
        err = listed_find(drama, this->id, tops, 1, drama->top);
    if (err == OK && drama_pair_find(&row->expect, "similar"))
        err = similar_find(drama, this);
    return err;
}
