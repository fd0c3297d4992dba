#include "services/ctl/store_deadlines.h"

#include <glib.h>
#include <string.h>

#include "services/kernel/base/must.h"

/* A case that was declined or opened again has lost what its source had promised; the report has
 * it. */
static const char HISTORIES[] =
        "SELECT h.agg, h.ver, h.kind, h.from_state, h.at, h.due, h.unit, h.rule_ver,"
        " coalesce(h.actor, ''), coalesce(h.detail, ''), c.unit, c.matter,"
        " coalesce(r.promised, c.promised_at)"
        " FROM (SELECT id, unit, matter, promised_at FROM routing.cases"
        " WHERE id > $1 AND ver > 0 ORDER BY id LIMIT $2) AS c"
        " JOIN routing.history AS h ON h.agg = c.id LEFT JOIN intake.report AS r ON r.id = c.id"
        " ORDER BY h.agg, h.ver LIMIT 10000000";

#define STEP_RESET_DUE 60 /* routing's number */

/* "… (90 min)", as routing writes behind the text of whoever named a span, and "… (matter 12)"
 * behind that of a reset: the number between two words; 0 = there is none. */
static int64_t number_read(struct bytes detail, const char *before, const char *after)
{
    g_autofree char *text = g_strndup((const char *)detail.data, detail.size);
    const char *open = strrchr(text, '(');
    char *end = NULL;
    if (open == NULL || strncmp(open, before, strlen(before)) != 0)
        return 0;
    int64_t number = g_ascii_strtoll(open + strlen(before), &end, 10);
    return number > 0 && strcmp(end, after) == 0 ? number : 0;
}

static struct deadline_step step_read(const PGresult *result, int row)
{
    int32_t kind = (int32_t)row_int(result, row, 2);
    struct bytes detail = row_bytes(result, row, 9);
    return (struct deadline_step){.ver = (int32_t)row_int(result, row, 1),
            .kind = kind,
            .from_state = (int32_t)row_int(result, row, 3),
            .at_ms = row_time(result, row, 4),
            .due_ms = row_time(result, row, 5),
            .unit = row_int(result, row, 6),
            .rule_ver = row_int(result, row, 7),
            .actor = *row_text(result, row, 8) != '\0',
            .minutes = number_read(detail, "(", " min)"),
            .matter_before =
                    kind == STEP_RESET_DUE ? (int32_t)number_read(detail, "(matter ", ")") : 0};
}

enum err store_deadlines(struct pg *pg,
        int64_t after,
        int limit,
        void (*each)(void *self, struct deadline_case *of),
        void *self,
        int64_t *ret_last)
{
    static struct params params;
    g_autoptr(GArray) steps = g_array_new(FALSE, FALSE, sizeof(struct deadline_step));
    params_reset(&params);
    (void)params_int(&params, PARAM_INT8, after);
    (void)params_int(&params, PARAM_INT4, limit);
    PGresult *result = pg_exec(pg, HISTORIES, &params);
    if (result == NULL)
        return ERR_TRANSIENT;
    *ret_last = after;
    int rows = PQntuples(result);
    for (int row = 0; row < rows; row++) {
        struct deadline_step step = step_read(result, row);
        int64_t id = row_int(result, row, 0);
        if (steps->len < DEADLINE_STEPS_MAX)
            g_array_append_val(steps, step);
        if (row + 1 < rows && row_int(result, row + 1, 0) == id)
            continue;
        struct deadline_case of = {.id = id,
                .place = row_int(result, row, 10),
                .matter = (int32_t)row_int(result, row, 11),
                .promised_ms = row_time(result, row, 12),
                .steps = (struct deadline_step *)(void *)steps->data,
                .count = steps->len};
        each(self, &of);
        *ret_last = id;
        g_array_set_size(steps, 0);
    }
    PQclear(result);
    return OK;
}
