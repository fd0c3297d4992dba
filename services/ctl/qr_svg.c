/* See qr_svg.h. libqrencode makes the modules; level Q, since stickers are scratched: a quarter of
 * the code may be missing. One path for all dark modules, a run of a row each. */
#include "services/ctl/qr_svg.h"

#include <qrencode.h>
#include <string.h>

#include "services/kernel/base/must.h"

#define QUIET 4      /* modules around the code, as ISO/IEC 18004 asks for */
#define SIDE_MM 50   /* of the code with its quiet zone, in print */
#define LINE_SHARE 9 /* a line of text is as high as this part of the side */
#define DARK 1

static void escaped_add(struct buf *out, const char *text)
{
    static const char *const names[] = {['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;"};
    for (const char *at = text; *at != '\0'; at++) {
        size_t letter = (unsigned char)*at;
        if (letter < sizeof names / sizeof *names && names[letter] != NULL)
            buf_add_text(out, names[letter]);
        else if (letter >= ' ')
            buf_add(out, at, 1);
    }
}

static void row_add(struct buf *out, const QRcode *code, int row)
{
    const unsigned char *modules = code->data + (size_t)row * (size_t)code->width;
    for (int from = 0; from < code->width;) {
        int to = from;
        while (to < code->width && (modules[to] & DARK))
            to++;
        if (to > from)
            buf_add_format(
                    out, "M%d %dh%dv1h-%dz", from + QUIET, row + QUIET, to - from, to - from);
        from = to + 1;
    }
}

static void line_add(struct buf *out, double side, int line, const char *text)
{
    const double high = side / LINE_SHARE;
    if (*text == '\0')
        return;
    buf_add_format(out,
            "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.1f\" text-anchor=\"middle\" "
            "font-family=\"sans-serif\">",
            side / 2, side + high * (line + 0.5), high * 0.75);
    escaped_add(out, text);
    buf_add_text(out, "</text>\n");
}

enum err qr_svg_make(const char *url, const char *title, const char *line, struct buf *out)
{
    QRcode *code = QRcode_encodeString8bit(url, 0, QR_ECLEVEL_Q);
    if (code == NULL)
        return ERR_LIMIT;
    must(code->width >= 21);
    const int side = code->width + 2 * QUIET;
    const int lines = (*title != '\0') + (*line != '\0');
    const double high = side * (1 + (double)lines / LINE_SHARE);
    buf_add_format(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%dmm\" height=\"%.1fmm\" "
            "viewBox=\"0 0 %d %.1f\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
            "<path fill=\"#000\" shape-rendering=\"crispEdges\" d=\"",
            SIDE_MM, SIDE_MM * high / side, side, high);
    for (int row = 0; row < code->width; row++)
        row_add(out, code, row);
    buf_add_text(out, "\"/>\n");
    line_add(out, side, 0, title);
    line_add(out, side, *title != '\0', line);
    buf_add_text(out, "</svg>\n");
    QRcode_free(code);
    return OK;
}
