/* See pure_mask.h. One pass: wherever an e-mail address, a run of digits or a name begins, its own
 * function says which bytes of it are masked; everything else is copied. A new kind of thing to
 * mask is a function like these and a line in span_find(). */
#include "services/kernel/base/pure_mask.h"
#include <string.h>

#define MAIL_LOCAL_MAX 64   /* RFC 5321 4.5.3.1.1 */
#define MAIL_DOMAIN_MAX 253 /* RFC 1035 */
#define STARS_MAX 3         /* of the part before the @ */

static bool byte_is_mail(unsigned char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '.' || byte == '_' || byte == '-' ||
           byte == '+' || byte == '%';
}

/* Bytes of a run that a part of an address may have. */
static size_t mail_run(const char *text, size_t size, size_t at, size_t most)
{
    size_t count = 0;
    while (at + count < size && count < most && byte_is_mail((unsigned char)text[at + count]))
        count++;
    return count;
}

/* An address whose local part begins at `at`; looked for where no such part goes on. */
static struct mask_span mail_find(const char *text, size_t size, size_t at)
{
    const struct mask_span none = {0, 0, 0};
    if (at > 0 && byte_is_mail((unsigned char)text[at - 1]))
        return none;
    size_t local = mail_run(text, size, at, MAIL_LOCAL_MAX);
    size_t sign = at + local;
    if (local == 0 || sign >= size || text[sign] != '@')
        return none;
    size_t domain = mail_run(text, size, sign + 1, MAIL_DOMAIN_MAX);
    const char *dot = domain ? memchr(text + sign + 1, '.', domain) : NULL;
    if (!dot || dot == text + sign + 1 || dot + 1 == text + sign + 1 + domain)
        return none;
    size_t shown = local > 1;
    return (struct mask_span){local + 1 + domain, shown, local};
}

static struct mask_span span_find(const char *text, size_t size, size_t at)
{
    if (((unsigned char)text[at] & 0xc0) == 0x80) /* nothing begins within a character */
        return (struct mask_span){0, 0, 0};
    struct mask_span span = mail_find(text, size, at);
    if (!span.size && mask_digit_at(text, size, at))
        span = mask_number_find(text, size, at);
    if (!span.size && ((unsigned char)text[at] & 0x80))
        span = mask_name_find(text, size, at);
    return span;
}

/* A character that parts the digits of a number stays, so that the number keeps its shape. */
static bool byte_parts(char byte)
{
    return byte == ' ' || byte == '-' || byte == ')' || byte == '(';
}

/* One star for each character, no more than STARS_MAX for a mail's name. */
static void span_write(const char *text, struct mask_span span, struct buf *out)
{
    bool mail = span.size > span.to && text[span.to] == '@';
    size_t stars = 0;
    buf_add(out, text, span.from);
    for (size_t i = span.from; i < span.to; i++) {
        if (((unsigned char)text[i] & 0xc0) == 0x80)
            continue;
        if (byte_parts(text[i]))
            buf_add(out, text + i, 1);
        else if (!mail || stars++ < STARS_MAX)
            buf_add_text(out, "*");
    }
    buf_add(out, text + span.to, span.size - span.to);
}

void text_mask(const char *text, size_t size, struct buf *out)
{
    size_t copied = 0;
    for (size_t at = 0; at < size;) {
        struct mask_span span = span_find(text, size, at);
        if (!span.size) {
            at++;
            continue;
        }
        buf_add(out, text + copied, at - copied);
        span_write(text + at, span, out);
        at += span.size;
        copied = at;
    }
    buf_add(out, text + copied, size - copied);
}
