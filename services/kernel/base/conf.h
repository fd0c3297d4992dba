/* Configuration: one GKeyFile per process, overridden by environment HUYING_SECTION_KEY. A table
 * says which keys exist; an unknown section or key, a value out of range or of the wrong kind is an
 * error that names file, section, key, what was found and what was expected. A reload that fails
 * leaves the old values as they are. */
#ifndef HUYING_BASE_CONF_H
#define HUYING_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"

enum conf_kind {
    CONF_TEXT,   /* char[size] */
    CONF_INT,    /* int64_t in [min, max] */
    CONF_BOOL,   /* bool: true false */
    CONF_SECRET  /* text from a file that nobody else may read: the value is a path; the mode is
                    checked (no group, no other), the first line is read */
};

struct conf_key {
    const char *section, *key;
    enum conf_kind kind;
    size_t offset;      /* of the field in the caller's struct */
    size_t size;        /* CONF_TEXT, CONF_SECRET: of the field's array */
    int64_t min, max;   /* CONF_INT */
    const char *preset; /* NULL = required */
    const char *help;   /* one sentence; shown by huyingctl config check and the docs */
};

/* Reads `path` (NULL or missing file with all presets: presets and environment only) into *ret.
 * On an error *ret is untouched and `why` says all that is wrong, a line each. */
enum err conf_load(const struct conf_key *keys, size_t key_count, const char *path, void *ret,
        size_t ret_size, struct buf *why) MUST_CHECK;

#endif
