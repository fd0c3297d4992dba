/* What site_suite.c prints, and where its salts come from. */
#ifndef HUYING_TESTS_SIM_SITE_PRINT_H
#define HUYING_TESTS_SIM_SITE_PRINT_H

#include "services/kernel/store/core.h"

/* Salts are drawn from the seed from now on: the same on both sides. */
void salts_take(uint64_t seed);

/* One of the service's own, which is there. */
const struct statement *statement_of(const struct aggregate_ops *ops, const char *name);
/* For qsort: numbers, the smaller one first. */
int id_compare(const void *left, const void *right);

void print_hex(const void *data, size_t size);
/* What a batch decided: steps, messages, what was held and buried. */
void print_core(const struct core *core);
/* As pg_rows_fn: a line for each row; `self` is the statement's name. */
void print_rows(void *self, const PGresult *result);

#endif
