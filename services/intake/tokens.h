/* Tokens that may use the HTTP API: a file with a line `name:sha256 of the token in hex` each. The
 * tokens themselves are nowhere on the server. Blank lines and lines with # are left out. */
#ifndef HUYING_INTAKE_TOKENS_H
#define HUYING_INTAKE_TOKENS_H

#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"

#define TOKENS_MAX 1000
#define TOKEN_SIZE_MAX 256 /* of a token as sent */

struct tokens;

/* ERR_MALFORMED, ERR_LIMIT, ERR_NOT_FOUND: `why` names file, line and what was expected; *ret is
 * untouched. */
enum err tokens_load(const char *path, struct tokens **ret, struct buf *why) MUST_CHECK;
void tokens_destroy(struct tokens **tokens);
/* The token's name, valid as long as the list; NULL when it is not on it. Takes the same time for
 * every token on the list. */
const char *tokens_find(const struct tokens *tokens, const char *token);

#endif
