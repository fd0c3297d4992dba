/* Counters from three places are put side by side, and what differs is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "services/ctl/counters_set.h"

static void put(struct counters_set *set,
        enum service_id service,
        int number,
        const char *field,
        const int64_t values[3])
{
    struct counter_line *line = counters_set_line(set, metric_find(service, number), field);
    line->redis = values[0];
    line->table = values[1];
    line->truth = values[2];
}

static void differences_are_named_in_order(void **state)
{
    struct counters_set set;
    char names[200] = "";
    size_t used = 0;
    (void)state;
    counters_set_init(&set);
    set.in_redis[SERVICE_ROUTING] = true;
    put(&set, SERVICE_ROUTING, 1, "u:CD-1", (const int64_t[]){4, 5, 5}); /* Redis is old */
    put(&set, SERVICE_ROUTING, 0, "u:CD-2", (const int64_t[]){5, 5, 6}); /* the table is wrong */
    put(&set, SERVICE_ROUTING, 0, "all", (const int64_t[]){7, 7, 7});
    put(&set, SERVICE_ROUTING, 0, "u:CD-1", (const int64_t[]){1, 0, 0}); /* left over in Redis */
    put(&set, SERVICE_INTAKE, 0, "all", (const int64_t[]){0, 9, 9}); /* Redis does not have it */
    put(&set, SERVICE_VOLUNTEER, 2, "m:X", (const int64_t[]){0, 9, 8});
    GPtrArray *list = counters_set_differences(&set);
    for (guint i = 0; i < list->len; i++) {
        const struct counter_line *line = g_ptr_array_index(list, i);
        used += (size_t)snprintf(
                names + used, sizeof names - used, "%s %s; ", line->metric->word, line->field);
    }
    assert_string_equal(names, "open u:CD-1; open u:CD-2; closed u:CD-1; minutes m:X; ");
    g_ptr_array_free(list, TRUE);
    counters_set_fini(&set);
}

static void value_comes_from_redis_where_it_is_complete(void **state)
{
    struct counters_set set;
    const struct metric_name *open = metric_find(SERVICE_ROUTING, 0);
    (void)state;
    counters_set_init(&set);
    put(&set, SERVICE_ROUTING, 0, "all", (const int64_t[]){3, 4, 4});
    assert_int_equal(counters_set_value(&set, open, "all"), 4);
    set.in_redis[SERVICE_ROUTING] = true;
    assert_int_equal(counters_set_value(&set, open, "all"), 3);
    assert_int_equal(counters_set_value(&set, open, "u:nowhere"), 0);
    assert_ptr_equal(counters_set_line(&set, open, "all"), counters_set_line(&set, open, "all"));
    counters_set_fini(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(differences_are_named_in_order),
            cmocka_unit_test(value_comes_from_redis_where_it_is_complete)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
