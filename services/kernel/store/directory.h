/* Reads the whole directory of the site's present version into memory: site, units, matters,
 * staff, calendar, in one REPEATABLE READ transaction, so that an apply that commits meanwhile is
 * seen whole or not at all. Retired units and matters come along (a case may still stand there);
 * retired staff does not.
 *
 * The connection must have DIRECTORY_STATEMENTS prepared (pg_prepare takes one list: its owner
 * copies them into it). Needs nothing but SELECT on the schema `directory`. */
#ifndef HUYING_STORE_DIRECTORY_H
#define HUYING_STORE_DIRECTORY_H

#include "services/kernel/base/err.h"
#include "services/kernel/base/pure_directory.h"
#include "services/kernel/store/pg.h"

#define DIRECTORY_STATEMENT_COUNT 7
extern const struct statement DIRECTORY_STATEMENTS[DIRECTORY_STATEMENT_COUNT];

#define DIRECTORY_UNITS_MAX 500000
#define DIRECTORY_STAFF_MAX 1000000
#define DIRECTORY_MATTERS_MAX 10000
#define DIRECTORY_DAYS_MAX CALENDAR_DAYS_MAX

/* Called exactly once. OK: *directory is the receiver's to destroy. Otherwise NULL:
 * ERR_NOT_FOUND nothing was applied yet; ERR_LIMIT a maximum above was passed; ERR_MALFORMED a
 * row that breaks the rules of pure_directory.h, `message` names it; ERR_TRANSIENT try again. */
typedef void directory_done_fn(
        void *self, enum err err, struct directory *directory, const char *message);

/* Queues the statements of one segment on a ready connection and returns; never blocks. May be
 * started again when it is done; several may be under way on several connections. */
void directory_load_start(struct pg *pg, directory_done_fn *done, void *self);

/* Blocking variant for tools and tests, on a connection that is ready and idle; needs no prepared
 * statements. *ret is the caller's to destroy. Errors as above, `message` by pg_message(). */
enum err directory_load_now(struct pg *pg, struct directory **ret) MUST_CHECK;

/* The same inside the transaction that is open there, of what it has written so far: would services
 * take it? *ret_why says why not, where the database did not fail; static. */
enum err directory_load_within(
        struct pg *pg, struct directory **ret, const char **ret_why) MUST_CHECK;

#endif
