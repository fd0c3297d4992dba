/* What of a person stands in free text, masked: phone numbers (mobile, landline, 400 and 800),
 * resident ID numbers, bank cards, e-mail addresses, and names where a word says that one follows
 * or is followed by one. `138****1234`, `张*`, `w***@example.com`. Amounts, dates, house numbers,
 * short service numbers (12345, 110) and case numbers stay as they are.
 *
 * It goes by form and finds what people mostly write, not everything that could be written: what
 * nobody may see has to be kept apart, not masked. What it wrongly takes for a number or a name
 * loses some characters, and the original is still with intake. */
#ifndef HUYING_BASE_PURE_MASK_H
#define HUYING_BASE_PURE_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include "services/kernel/base/buf.h"

/* Appends the masked text to `out`: valid UTF-8 when `text` is, never more bytes or characters than
 * `text` has, and the same when it is masked again. */
void text_mask(const char *text, size_t size, struct buf *out);

/* A run of bytes of a text and how much of it stays. For pure_mask*.c. */
struct mask_span {
    size_t size;     /* bytes from where it was looked for; 0 = nothing there */
    size_t from, to; /* of them these are masked, a star for each character but separators */
};

/* A name that begins at `at`, or behind a cue that begins there. */
struct mask_span mask_name_find(const char *text, size_t size, size_t at);
/* A number that begins at `at`, the first digit of a run. `size` of the answer covers what need not
 * be looked at again, also when nothing of it is masked. */
struct mask_span mask_number_find(const char *text, size_t size, size_t at);
/* True when a digit begins at `at`: ASCII, full-width, or a Chinese numeral. */
bool mask_digit_at(const char *text, size_t size, size_t at);

#endif
