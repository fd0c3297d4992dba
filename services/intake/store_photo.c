/* See store_photo.h. Removing is in two transactions, so that at no instant a report can name what
 * is about to go: the first says that they are not kept any more, which waits for batches that have
 * seen them kept (they hold the rows); the second, which sees what those batches have written,
 * deletes the rows that still nobody names, has the files removed, and commits. Whoever takes the
 * same photo in meanwhile waits for that, and puts it again. */
#include "services/intake/store_photo.h"
#include <errno.h>
#include <string.h>
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"
#include "services/kernel/store/pg.h"

#define CONNECT_MS 3000
#define SWEEP_TEXT "256" /* PHOTO_SWEEP_MAX */

static const char sql_note[] =
        "INSERT INTO photo (hash, width, height, size) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (hash) DO UPDATE SET created = now()";
static const char sql_keep[] = "UPDATE photo SET kept = true WHERE hash = $1";
static const char sql_site[] = "SELECT s.number, s.letters FROM directory.site AS s";
static const char sql_named[] =
        "SELECT EXISTS (SELECT FROM report_photo AS r WHERE r.report = $1 AND r.photo = $2)";

#define UNNAMED "NOT EXISTS (SELECT FROM report_photo AS r WHERE r.photo = p.hash)"
#define OLD "p.created < now() - interval '24 hours'"
static const char sql_mark[] =
        "UPDATE photo SET kept = false WHERE hash IN (SELECT p.hash FROM photo AS p WHERE p.kept "
        "AND " OLD " AND " UNNAMED " ORDER BY p.created LIMIT " SWEEP_TEXT
        " FOR UPDATE SKIP LOCKED)";
/* Of those marked that a batch had in its hands just then. */
static const char sql_unmark[] = "UPDATE photo SET kept = true WHERE hash IN (SELECT p.hash FROM "
                                 "photo AS p WHERE NOT p.kept "
                                 "AND NOT " UNNAMED " ORDER BY p.created LIMIT " SWEEP_TEXT ")";
static const char sql_begin[] = "BEGIN";
static const char sql_delete[] =
        "DELETE FROM photo WHERE hash IN (SELECT p.hash FROM photo AS p WHERE NOT p.kept AND " OLD
        " AND " UNNAMED " ORDER BY p.created LIMIT " SWEEP_TEXT
        " FOR UPDATE SKIP LOCKED) RETURNING hash";
static const char sql_commit[] = "COMMIT";

struct photo_book {
    char *conninfo;
    struct pg *pg;
};

struct photo_book *photo_book_new(const char *conninfo)
{
    struct photo_book *book = must_memory(calloc(1, sizeof *book));
    book->conninfo = must_memory(strdup(conninfo));
    return book;
}

void photo_book_destroy(struct photo_book **book)
{
    if (!*book)
        return;
    pg_destroy(&(*book)->pg);
    free((*book)->conninfo);
    free(*book);
    *book = NULL;
}

/* What was open is rolled back by the server when its connection ends. */
static enum err book_fail(struct photo_book *book, struct buf *why)
{
    buf_add_format(why, "photos: %s", pg_message(book->pg));
    pg_destroy(&book->pg);
    return ERR_TRANSIENT;
}

/* A connection that was lost while nobody asked is noticed by the question: it is then asked once
 * more, on a new one. Every statement here may be repeated, but for those within a transaction. */
static PGresult *book_ask(struct photo_book *book, const char *sql, const struct params *params)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        if (!book->pg)
            book->pg = pg_new(book->conninfo, "intake");
        if (pg_state(book->pg) != PG_READY && pg_wait(book->pg, CONNECT_MS) != OK)
            return NULL;
        PGresult *result = pg_exec(book->pg, sql, params);
        if (result || pg_state(book->pg) == PG_READY)
            return result;
        pg_destroy(&book->pg);
    }
    book->pg = pg_new(book->conninfo, "intake");
    return NULL;
}

static enum err book_do(
        struct photo_book *book, const char *sql, const struct params *params, struct buf *why)
{
    PGresult *result = book_ask(book, sql, params);
    if (!result)
        return book_fail(book, why);
    PQclear(result);
    return OK;
}

enum err photo_book_note(struct photo_book *book, const struct photo *photo, struct buf *why)
{
    struct params params = {0};
    (void)params_bytes(&params, PARAM_BYTEA, photo->hash, PHOTO_HASH_SIZE);
    (void)params_int(&params, PARAM_INT4, photo->width);
    (void)params_int(&params, PARAM_INT4, photo->height);
    (void)params_int(&params, PARAM_INT4, (int64_t)photo->image.size);
    enum err err = book_do(book, sql_note, &params, why);
    params_fini(&params);
    return err;
}

enum err photo_book_keep(
        struct photo_book *book, const uint8_t hash[PHOTO_HASH_SIZE], struct buf *why)
{
    struct params params = {0};
    (void)params_bytes(&params, PARAM_BYTEA, hash, PHOTO_HASH_SIZE);
    enum err err = book_do(book, sql_keep, &params, why);
    params_fini(&params);
    return err;
}

static int64_t report_read(const char *name, const PGresult *site)
{
    errno = 0;
    bool digits = *name && strspn(name, "0123456789") == strlen(name);
    long long id = digits ? strtoll(name, NULL, 10) : 0;
    if (digits || PQntuples(site) == 0)
        return errno ? 0 : id;
    return case_number_parse(name, row_text(site, 0, 1), (int)row_int(site, 0, 0));
}

enum err photo_book_report(struct photo_book *book,
        const char *name,
        const uint8_t hash[PHOTO_HASH_SIZE],
        int64_t *ret_report,
        bool *ret_names,
        struct buf *why)
{
    PGresult *site = book_ask(book, sql_site, NULL);
    if (!site)
        return book_fail(book, why);
    int64_t report = report_read(name, site);
    PQclear(site);
    struct params params = {0};
    (void)params_int(&params, PARAM_INT8, report);
    (void)params_bytes(&params, PARAM_BYTEA, hash, PHOTO_HASH_SIZE);
    PGresult *result = book_ask(book, sql_named, &params);
    params_fini(&params);
    if (!result)
        return book_fail(book, why);
    *ret_report = report;
    *ret_names = row_int(result, 0, 0) != 0;
    PQclear(result);
    return OK;
}

static enum err rows_drop(const PGresult *rows,
        enum err (*drop)(void *self, const uint8_t hash[PHOTO_HASH_SIZE], struct buf *why),
        void *self,
        struct buf *why)
{
    enum err err = OK;
    for (int row = 0; row < PQntuples(rows) && !err; row++) {
        struct bytes hash = row_bytes(rows, row, 0);
        must(hash.size == PHOTO_HASH_SIZE);
        err = drop(self, hash.data, why);
    }
    return err;
}

enum err photo_book_sweep(struct photo_book *book,
        enum err (*drop)(void *self, const uint8_t hash[PHOTO_HASH_SIZE], struct buf *why),
        void *self,
        size_t *ret_removed,
        struct buf *why)
{
    if (book_do(book, sql_mark, NULL, why) != OK || book_do(book, sql_unmark, NULL, why) != OK ||
            book_do(book, sql_begin, NULL, why) != OK)
        return ERR_TRANSIENT;
    PGresult *rows = pg_exec(book->pg, sql_delete, NULL);
    if (!rows)
        return book_fail(book, why);
    enum err err = rows_drop(rows, drop, self, why);
    size_t removed = (size_t)PQntuples(rows);
    PQclear(rows);
    PGresult *done = err ? NULL : pg_exec(book->pg, sql_commit, NULL);
    if (!done)
        return book_fail(book, why);
    PQclear(done);
    *ret_removed = removed;
    return OK;
}
