/* See store_photo_report.h. The rows are held in the order of their hashes, before any report. */
#include "services/intake/store_photo_report.h"
#include <string.h>
#include "services/intake/intake.h"
#include "services/kernel/base/must.h"

enum { PHOTOS_KEPT, PHOTOS_ADD };

const struct statement photo_statements[PHOTO_STATEMENTS] = {
        [PHOTOS_KEPT] = {"intake_photos_kept",
                "SELECT p.hash FROM photo AS p WHERE p.hash = ANY($1::bytea[]) AND p.kept "
                "ORDER BY p.hash LIMIT $2 FOR SHARE"},
        [PHOTOS_ADD] = {"intake_photos_add",
                "INSERT INTO report_photo (report, photo) SELECT DISTINCT u.report, u.photo "
                "FROM unnest($1::bigint[], $2::bytea[]) AS u (report, photo) "
                "ORDER BY u.report, u.photo"},
};

/* A photo that a submission names. */
struct wish {
    const uint8_t *hash;
    struct resolved *resolved;
};

struct wishes {
    struct wish *list; /* by hash */
    size_t count;
};

static int wish_compare(const void *left, const void *right)
{
    return memcmp(
            ((const struct wish *)left)->hash, ((const struct wish *)right)->hash, PHOTO_HASH_SIZE);
}

static const struct submission *submission_of(const struct input *input)
{
    return input_submits(input) ? input->body : NULL;
}

/* Both are in the order of their hashes. */
static void kept_take(void *self, const PGresult *result)
{
    const struct wishes *wishes = self;
    int row = 0;
    for (size_t i = 0; i < wishes->count && row < PQntuples(result);) {
        struct bytes hash = row_bytes(result, row, 0);
        must(hash.size == PHOTO_HASH_SIZE);
        int order = memcmp(wishes->list[i].hash, hash.data, PHOTO_HASH_SIZE);
        if (order == 0)
            wishes->list[i].resolved->photos_kept++;
        if (order <= 0)
            i++;
        else
            row++;
    }
}

static struct wishes *wishes_new(struct input **inputs, size_t count, struct arena *arena)
{
    struct wishes *wishes = arena_get(arena, sizeof *wishes);
    size_t room = 0;
    for (size_t i = 0; i < count; i++) {
        const struct submission *submission = submission_of(inputs[i]);
        room += submission ? submission->photo_count : 0;
    }
    wishes->list = arena_array(arena, struct wish, room + 1);
    for (size_t i = 0; i < count; i++) {
        const struct submission *submission = submission_of(inputs[i]);
        if (!submission)
            continue;
        submission->resolved->photos_kept = 0;
        for (size_t n = 0; n < submission->photo_count; n++)
            wishes->list[wishes->count++] =
                    (struct wish){submission->photos[n], submission->resolved};
    }
    must(wishes->count == room);
    qsort(wishes->list, wishes->count, sizeof *wishes->list, wish_compare);
    return wishes;
}

void photos_resolve(struct pg *pg, struct input **inputs, size_t count, struct arena *arena)
{
    struct wishes *wishes = wishes_new(inputs, count, arena);
    struct params params = {0};
    if (!wishes->count)
        return;
    (void)params_array(&params, PARAM_BYTEA);
    for (size_t i = 0; i < wishes->count; i++)
        param_add_bytes(&params, 0, wishes->list[i].hash, PHOTO_HASH_SIZE);
    (void)params_int(&params, PARAM_INT8, (int64_t)wishes->count);
    pg_queue(pg, &photo_statements[PHOTOS_KEPT], &params, kept_take, wishes);
    params_fini(&params);
}

void photos_add(struct pg *pg, const void *const *states, size_t count)
{
    struct params params = {0};
    bool any = false;
    (void)params_array(&params, PARAM_INT8);
    (void)params_array(&params, PARAM_BYTEA);
    for (size_t i = 0; i < count; i++) {
        const struct report *report = states[i];
        for (int32_t s = 0; s < report->shown_count; s++) {
            const struct submission *submission = report->shown[s];
            for (size_t n = 0; n < submission->photo_count; n++) {
                param_add_int(&params, 0, report->base.id);
                param_add_bytes(&params, 1, submission->photos[n], PHOTO_HASH_SIZE);
                any = true;
            }
        }
    }
    if (any)
        pg_queue(pg, &photo_statements[PHOTOS_ADD], &params, NULL, NULL);
    params_fini(&params);
}
