#include "services/ctl/counters_set.h"

#include <string.h>

static void line_free(void *pointer)
{
    struct counter_line *line = pointer;
    g_free(line->field);
    g_free(line);
}

void counters_set_init(struct counters_set *set)
{
    *set = (struct counters_set){
            .lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, line_free)};
}

void counters_set_fini(struct counters_set *set)
{
    if (set->lines != NULL)
        g_hash_table_destroy(set->lines);
    set->lines = NULL;
}

static char *key_of(const struct metric_name *metric, const char *field)
{
    return g_strdup_printf("%d/%d/%s", (int)metric->service, metric->number, field);
}

struct counter_line *counters_set_line(
        struct counters_set *set, const struct metric_name *metric, const char *field)
{
    char *key = key_of(metric, field);
    struct counter_line *line = g_hash_table_lookup(set->lines, key);
    if (line != NULL) {
        g_free(key);
        return line;
    }
    line = g_new0(struct counter_line, 1);
    line->metric = metric;
    line->field = g_strdup(field);
    g_hash_table_insert(set->lines, key, line);
    return line;
}

int64_t counters_set_value(
        const struct counters_set *set, const struct metric_name *metric, const char *field)
{
    g_autofree char *key = key_of(metric, field);
    const struct counter_line *line = g_hash_table_lookup(set->lines, key);
    if (line == NULL)
        return 0;
    return set->in_redis[metric->service] ? line->redis : line->table;
}

static int by_name(const void *left, const void *right)
{
    const struct counter_line *a = *(struct counter_line *const *)left;
    const struct counter_line *b = *(struct counter_line *const *)right;
    if (a->metric != b->metric)
        return a->metric < b->metric ? -1 : 1; /* METRIC_NAMES is in order */
    return strcmp(a->field, b->field);
}

GPtrArray *counters_set_sorted(const struct counters_set *set)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iter;
    gpointer line;
    g_hash_table_iter_init(&iter, set->lines);
    while (g_hash_table_iter_next(&iter, NULL, &line))
        g_ptr_array_add(list, line);
    g_ptr_array_sort(list, by_name);
    return list;
}

GPtrArray *counters_set_differences(const struct counters_set *set)
{
    GPtrArray *list = counters_set_sorted(set);
    for (guint i = 0; i < list->len;) {
        const struct counter_line *line = g_ptr_array_index(list, i);
        bool redis_same = !set->in_redis[line->metric->service] || line->redis == line->table;
        if (redis_same && line->table == line->truth)
            g_ptr_array_remove_index(list, i);
        else
            i++;
    }
    return list;
}
