/* The file of the site's follow keys: a line of 64 hex digits each, the newest first. Blank lines
 * and lines with # are left out. Made by `huyingctl key follow`; nobody but its owner may read
 * it. */
#ifndef HUYING_INTAKE_FOLLOW_KEYS_H
#define HUYING_INTAKE_FOLLOW_KEYS_H

#include "services/intake/follow.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"

/* ERR_NOT_FOUND: cannot be read; ERR_DENIED: others may read it; ERR_MALFORMED, ERR_LIMIT: `why`
 * names file, line and what was expected, and holds nothing of a key; *ret is untouched. */
enum err follow_keys_load(const char *path, struct follow_keys **ret, struct buf *why) MUST_CHECK;
/* Accepts NULL in *keys. */
void follow_keys_destroy(struct follow_keys **keys);

#endif
