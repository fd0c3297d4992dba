/* Text and instants as plain functions: no locale, no clock, no allocation. */
#ifndef HUYING_BASE_PURE_TEXT_H
#define HUYING_BASE_PURE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when the bytes are valid UTF-8 without NUL, surrogates or overlong forms. */
bool text_valid(const char *text, size_t size);
/* Number of characters (code points) of valid UTF-8. */
size_t text_length(const char *text, size_t size);
/* True for valid UTF-8 of at most so many bytes; of at most so many characters. */
bool text_fits(const char *text, size_t size_max);
bool text_short(const char *text, size_t length_max);
/* Copies at most room-1 bytes, never cutting a character, and ends with NUL. Returns bytes
 * copied. */
size_t text_copy(char *to, size_t room, const char *from, size_t size);

#define INSTANT_SIZE 36 /* "2018-01-01T00:00:09.000-08:00" and the NUL, with room */

/* RFC 3339 with the given offset in seconds east of UTC; milliseconds only when not zero. */
void instant_format(char ret[INSTANT_SIZE], int64_t at_ms, int utc_offset_s);
/* False when `text` is not RFC 3339 with an offset or "Z", in the years 1970 to 9999. */
bool instant_parse(const char *text, int64_t *ret_at_ms);

#endif
