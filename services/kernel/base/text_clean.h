/* Text of people, made one where it looks one: without characters that nobody sees and that change
 * what a text seems to say (zero-width, directions, tags; Trojan Source), line and paragraph
 * separators as line feeds, and in Unicode's Normalization Form C. Two texts that look alike are
 * then mostly alike, byte by byte, and a length in characters is what a reader would count.
 *
 * It is not for what names something (tickets, keys): that is compared as it was given. */
#ifndef HUYING_BASE_TEXT_CLEAN_H
#define HUYING_BASE_TEXT_CLEAN_H

#include <stdbool.h>
#include "services/kernel/base/arena.h"
#include "services/kernel/base/err.h"

#define TEXT_MARKS_MAX 30 /* upon one character; UAX #15, Stream-Safe Text Format */

/* The cleaned text: `text` itself when nothing was to be done, else in the arena, at most three
 * times as long. ERR_MALFORMED: not valid UTF-8. ERR_LIMIT: more marks upon one character than
 * TEXT_MARKS_MAX, which no writing has and which takes long to sort; or the arena is full. */
enum err text_clean(const char *text, struct arena *arena, const char **ret) MUST_CHECK;

/* True when some character of valid UTF-8 is one that text_clean() leaves out. */
bool text_has_unseen(const char *text);

#endif
