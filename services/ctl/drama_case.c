/* What has become of the story's cases: their rows as routing has them, their history in all
 * services as anybody sees it over the bus, and the counters. */
#include <stdlib.h>
#include <string.h>

#include "services/ctl/codec_story.h"
#include "services/ctl/drama.h"
#include "services/ctl/names.h"
#include "services/ctl/store_counters.h"
#include "services/ctl/store_drama.h"
#include "services/kernel/base/must.h"

enum { TELLERS = 4, QUESTIONS = TELLERS + 1 };
static const enum service_id TELLER[TELLERS] = {
        SERVICE_INTAKE, SERVICE_ROUTING, SERVICE_ENFORCEMENT, SERVICE_VOLUNTEER};

struct drama_case *drama_case_by_id(struct drama *drama, int64_t id)
{
    for (size_t i = 0; i < drama->file.alias_count; i++)
        if (drama->cases[i].id == id && id != 0)
            return &drama->cases[i];
    return NULL;
}

void drama_cases_fini(struct drama *drama)
{
    for (size_t i = 0; i < DRAMA_CASES_MAX; i++)
        json_decref(drama->cases[i].row);
}

static bool answered(const struct client_request *request)
{
    return request->err == OK && request->reply.verdict == VERDICT_APPLIED;
}

static void case_ask(struct drama *drama, const struct drama_case *this, struct client_request *ask)
{
    for (size_t i = 0; i < TELLERS; i++)
        ask[i] = (struct client_request){.dest = TELLER[i],
                .type = STORY_HISTORY,
                .agg = this->id,
                .payload = history_query_encode(&drama->arena, this->id)};
    ask[TELLERS] = (struct client_request){.dest = SERVICE_ROUTING,
            .type = STORY_CASE,
            .agg = this->id,
            .payload = case_query_encode(&drama->arena, this->id)};
}

/* A service that has nothing about the case answers with no rows. */
static enum err case_take(
        struct drama *drama, struct drama_case *this, const struct client_request *answers)
{
    struct story_row *all = NULL;
    size_t total = 0;
    for (size_t i = 0; i < TELLERS; i++) {
        struct story_row *rows = NULL;
        size_t count = 0;
        if (!answered(&answers[i]))
            return ERR_TRANSIENT;
        if (history_decode(answers[i].reply.payload, TELLER[i], &drama->arena, &rows, &count) != OK)
            return ERR_MALFORMED;
        struct story_row *more = arena_array(&drama->arena, struct story_row, total + count + 1);
        if (total > 0)
            memcpy(more, all, total * sizeof *all);
        memcpy(more + total, rows, count * sizeof *rows);
        all = more;
        total += count;
    }
    if (!answered(&answers[TELLERS]) ||
            case_view_decode(answers[TELLERS].reply.payload, &drama->arena, &this->view) != OK)
        return ERR_MALFORMED;
    story_order(all, total);
    this->steps = all;
    this->step_count = total;
    return OK;
}

struct changed {
    struct drama *drama;
    struct drama_case *list[DRAMA_CASES_MAX];
    size_t count;
};

static void changed_add(struct changed *changed, struct drama_case *this)
{
    for (size_t i = 0; i < changed->count; i++)
        if (changed->list[i] == this)
            return;
    must(changed->count < DRAMA_CASES_MAX);
    changed->list[changed->count++] = this;
}

static void row_take(void *self, int64_t id, const char *json)
{
    struct changed *changed = self;
    struct drama_case *this = drama_case_by_id(changed->drama, id);
    must(this);
    json_decref(this->row);
    this->row = json_loads(json, 0, NULL);
    changed_add(changed, this);
}

static enum err changed_find(struct drama *drama, struct changed *changed)
{
    int64_t ids[DRAMA_CASES_MAX];
    int32_t versions[DRAMA_CASES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < drama->file.alias_count; i++) {
        const struct drama_case *this = &drama->cases[i];
        if (this->id == 0)
            continue;
        ids[count] = this->id;
        versions[count++] = (int32_t)json_integer_value(json_object_get(this->row, "ver"));
    }
    return count ? store_drama_changed(drama->pg, ids, versions, count, row_take, changed) : OK;
}

enum err drama_look(struct drama *drama, struct drama_case *always)
{
    static struct client_request asks[CLIENT_REQUESTS_MAX];
    struct changed changed = {.drama = drama};
    _Static_assert(DRAMA_CASES_MAX * QUESTIONS <= CLIENT_REQUESTS_MAX, "all in one call");
    enum err err = changed_find(drama, &changed);
    if (err != OK)
        return err;
    if (always && always->id != 0)
        changed_add(&changed, always);
    if (changed.count == 0)
        return OK;
    for (size_t i = 0; i < changed.count; i++)
        case_ask(drama, changed.list[i], &asks[i * QUESTIONS]);
    if (!ctl_bus_ask(drama->ctl, drama->client, FRAME_QUERIES, asks, changed.count * QUESTIONS,
                &drama->arena))
        return ERR_TRANSIENT;
    for (size_t i = 0; i < changed.count && err == OK; i++)
        err = case_take(drama, changed.list[i], &asks[i * QUESTIONS]);
    return err;
}

struct counting {
    struct drama *drama;
    enum service_id service;
};

static void counter_take(void *self, const struct counter_row *row)
{
    const struct counting *counting = self;
    const struct metric_name *metric = metric_find(counting->service, row->metric);
    if (metric)
        g_hash_table_insert(counting->drama->counters,
                g_strdup_printf("%s/%s", metric->word, row->field),
                g_memdup2(&row->table, sizeof row->table));
}

enum err drama_counters_read(struct drama *drama)
{
    enum err err = OK;
    g_hash_table_remove_all(drama->counters);
    for (size_t i = 0; i < TELLERS && err == OK; i++) {
        struct counting counting = {drama, TELLER[i]};
        err = store_counters(drama->pg, TELLER[i], false, counter_take, &counting);
    }
    return err;
}
