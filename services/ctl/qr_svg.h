/* A sticker as SVG: the code with its quiet zone, and two lines of text below it. The same input
 * gives the same bytes. */
#ifndef HUYING_CTL_QR_SVG_H
#define HUYING_CTL_QR_SVG_H

#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"

/* `title` and `line` are UTF-8; "" = none. ERR_LIMIT: the address is too long for a code. */
enum err qr_svg_make(
        const char *url, const char *title, const char *line, struct buf *out) MUST_CHECK;

#endif
