/* Mistakes found in somebody's files, collected so that all of them can be mended at once: each
 * names file, line, field, what was found and what was expected, in the person's language. */
#ifndef HUYING_CTL_FAULTS_H
#define HUYING_CTL_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include "services/kernel/base/buf.h"

#define FAULTS_MAX 50 /* lines kept; more are only counted */

struct faults {
    bool english;
    size_t count;
    struct buf text; /* a line each */
};

/* Where something stands: for faults found long after reading. `file` is borrowed; line 0 =
 * whole file. */
struct place {
    const char *file;
    size_t line;
};

/* "units.csv:12: parent: …". `field` NULL = none. Both formats take the same arguments. */
void fault_add(struct faults *faults,
        struct place place,
        const char *field,
        const char *zh,
        const char *en,
        ...) __attribute__((format(printf, 4, 6), format(printf, 5, 6)));
void faults_fini(struct faults *faults);

#endif
