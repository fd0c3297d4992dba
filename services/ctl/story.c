#include "services/ctl/story.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/must.h"

enum rank { RANK_REPORT, RANK_REGISTER, RANK_WORK, RANK_CASE, RANK_OUTCOME };

struct story_key {
    int64_t at_ms;
    enum rank rank;
    struct story_row row;
};

static enum rank rank_of(const struct story_row *row)
{
    static const char *const first[] = {"accept", "withdraw"}, *const second[] = {
                                                                       "register", "dispatch"};
    bool begins = false;
    const char *const *words = row->service == SERVICE_INTAKE ? first : second;
    for (size_t i = 0; i < 2; i++)
        begins = begins || strcmp(row->step, words[i]) == 0;
    if (row->service == SERVICE_INTAKE)
        return begins ? RANK_REPORT : RANK_OUTCOME;
    if (row->service == SERVICE_ROUTING)
        return begins ? RANK_REGISTER : RANK_CASE;
    return RANK_WORK;
}

static int by_version(const void *left, const void *right)
{
    const struct story_key *a = left, *b = right;
    if (a->row.service != b->row.service)
        return a->row.service < b->row.service ? -1 : 1;
    return (a->row.ver > b->row.ver) - (a->row.ver < b->row.ver);
}

static int by_time(const void *left, const void *right)
{
    const struct story_key *a = left, *b = right;
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return by_version(left, right);
}

void story_order(struct story_row *rows, size_t count)
{
    struct story_key *keys = calloc(count + 1, sizeof *keys);
    must(keys != NULL);
    for (size_t i = 0; i < count; i++)
        keys[i] = (struct story_key){rows[i].at_ms, rank_of(&rows[i]), rows[i]};
    qsort(keys, count, sizeof *keys, by_version);
    /* Neither instant nor rank goes back within a service, or its versions would change places. */
    for (size_t i = 1; i < count; i++) {
        const struct story_key *before = &keys[i - 1];
        if (before->row.service != keys[i].row.service)
            continue;
        if (keys[i].at_ms < before->at_ms)
            keys[i].at_ms = before->at_ms;
        if (keys[i].at_ms == before->at_ms && keys[i].rank < before->rank)
            keys[i].rank = before->rank;
    }
    qsort(keys, count, sizeof *keys, by_time);
    for (size_t i = 0; i < count; i++)
        rows[i] = keys[i].row;
    free(keys);
}

void story_place(
        struct story_row *rows, size_t count, const struct page_place *places, size_t place_count)
{
    for (size_t i = 0; i < count; i++) {
        rows[i].place = PLACE_UNKNOWN;
        for (size_t k = 0; k < place_count && rows[i].place == PLACE_UNKNOWN; k++)
            if (places[k].page == rows[i].page && places[k].first >= 0)
                rows[i].place = places[k].first + rows[i].idx;
    }
}

const char *story_text(const struct story_row *row, struct arena *arena)
{
    const char *text = NULL;
    if (row->service != SERVICE_INTAKE || row->detail[0] != '{')
        return row->detail;
    json_t *object = json_loads(row->detail, 0, NULL);
    if (object == NULL)
        return row->detail;
    text = json_string_value(json_object_get(object, "text"));
    if (text == NULL)
        text = json_string_value(json_object_get(object, "reason"));
    text = text != NULL ? arena_text(arena, text, strlen(text)) : "";
    json_decref(object);
    return text;
}
