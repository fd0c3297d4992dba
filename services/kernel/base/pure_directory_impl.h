/* The insides of a directory snapshot, shared by directory_build.c, which makes them, and
 * pure_directory.c, which reads them. Nothing else includes this.
 *
 * Everything is a position (uint32_t) in an array: units in the order they were given, nodes beside
 * them, staff sorted by unit and code. The tree is numbered in pre-order, so that "stands below" is
 * a comparison of two numbers. Hash tables are open-addressed with at most half their slots taken;
 * a slot holds position + 1, 0 is free. */
#ifndef HUYING_BASE_PURE_DIRECTORY_IMPL_H
#define HUYING_BASE_PURE_DIRECTORY_IMPL_H

#include "services/kernel/base/pure_directory.h"

#define POSITION_NONE UINT32_MAX
#define LEVEL_COUNT 5
#define DIRECTORY_LETTERS_SIZE 8

struct slots {
    uint32_t *slots;
    uint32_t mask; /* number of slots, a power of two, minus 1 */
};

struct unit_node {
    uint32_t parent;                   /* POSITION_NONE: root */
    uint32_t enter, leave;             /* pre-order number; one past the last number below it */
    uint32_t child_first, child_count; /* in `children` */
    uint32_t staff_first, staff_count; /* in `staff` */
    uint32_t at_level[LEVEL_COUNT];    /* nearest area of that level, itself included */
    uint32_t code_size;
};

struct directory {
    int64_t version;
    int site, utc_offset_s;
    char site_letters[DIRECTORY_LETTERS_SIZE];
    struct unit *units;
    struct unit_node *nodes;
    struct matter *matters;
    struct staff *staff;
    uint32_t *children; /* positions of units, each unit's in order of code */
    uint32_t unit_count, matter_count, staff_count;
    uint32_t root; /* POSITION_NONE: there are no units */
    struct slots unit_ids, unit_codes, matter_ids, matter_codes, staff_codes;
    struct hours *hours; /* of units that state their own; [0] is the site's */
    struct calendar calendar;
    char *texts; /* all strings of the above, one after another */
};
/* Hash of a code; pure. */
uint64_t code_hash(const char *code);

#endif
