/* Template rows: how often a row unfolds at each place, and the texts with {…} in them. The
 * language of the counts is the one of the panyu profile's units.csv; docs/profiles.md has it.
 * Plain functions, no files. */
#ifndef HUYING_CTL_TEMPLATE_H
#define HUYING_CTL_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include "services/kernel/base/buf.h"

#define COUNT_MAX 100000 /* units of one row at one place */

struct template_place {
    const char *code, *name; /* of the street or village */
    const char *parent_code; /* of the village's street; the street's district */
    const char *parent_name;
};

/* Reads `text` ("5 in 石碁镇 (440113120); elsewhere 8 in the first 133 by code and 7 in the other
 * 123") for `places`, which stand in order of code, and fills counts[place_count]. False when it
 * is not understood or does not come out even: `why_zh`, `why_en` get the reason. */
bool template_counts(const char *text,
        const struct template_place *places,
        size_t place_count,
        int *counts,
        struct buf *why_zh,
        struct buf *why_en);

/* {01..12}: first number, last (0 = open) and digits; false when `text` has no range. */
bool template_range(const char *text, int *ret_first, int *ret_last, int *ret_width);

struct template_values {
    const char *street, *village;                /* {S} {V}; NULL = not known here, left as it is */
    const char *street_name, *village_name;      /* {镇街名} {村社区名} */
    const char *unit, *unit_name, *capabilities; /* {U} {UN} {C}: staff */
    int number;                                  /* {N}, {01..}, and the N of 第N */
    int width;                                   /* digits of {01..} */
};
/* Appends `text` with its {…} replaced. Returns true when it had a number in it. */
bool template_expand(const char *text, const struct template_values *values, struct buf *out);

#endif
