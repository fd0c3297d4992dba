/* What a statement brings back: libpq's PGresult, carried out in result.c for what the twins make.
 */
#ifndef HUYING_TESTS_SIM_RESULT_H
#define HUYING_TESTS_SIM_RESULT_H

#include <libpq-fe.h>

#include "tests/sim/db.h"

/* Without a row. Columns by a letter each: 2 4 8 numbers, b boolean, t text, y bytes, T instant;
 * `types` outlives the result. */
PGresult *result_new(const char *types);
void result_row(PGresult *result, const struct cell *cells);

#endif
