/* A sticker: the same bytes each time, and read back by a decoder that others wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "services/ctl/qr_svg.h"

#define URL "https://huying.example.cn/v1/qr/002800000000174HEFD4JM1CD42FQ"
#define SIDE_MAX 200 /* modules */
#define SCALE 6      /* pixels of a module */

/* What a browser paints of the path, in modules; the side with the quiet zone. */
static int svg_paint(const char *svg, unsigned char dark[SIDE_MAX][SIDE_MAX])
{
    int x, y, wide, side = 0;
    const char *at = strstr(svg, "viewBox=\"0 0 ");
    assert_non_null(at);
    side = (int)strtol(at + strlen("viewBox=\"0 0 "), NULL, 10);
    assert_in_range(side, 29, SIDE_MAX);
    for (at = strstr(svg, " d=\"") + 4; sscanf(at, "M%d %dh%dv1", &x, &y, &wide) == 3;
            at = strchr(at, 'z') + 1)
        for (int i = 0; i < wide; i++) {
            assert_true(x + i < side && y < side);
            dark[y][x + i] = 1;
        }
    assert_int_equal(*at, '"');
    return side;
}

static void image_write(const char *path, unsigned char dark[SIDE_MAX][SIDE_MAX], int side)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    (void)fprintf(file, "P5\n%d %d\n255\n", side * SCALE, side * SCALE);
    for (int y = 0; y < side * SCALE; y++)
        for (int x = 0; x < side * SCALE; x++)
            (void)fputc(dark[y / SCALE][x / SCALE] ? 0 : 255, file);
    assert_int_equal(fclose(file), 0);
}

static void what_is_printed_is_read_back_by_zbar(void **state)
{
    static unsigned char dark[SIDE_MAX][SIDE_MAX];
    char folder[] = "/tmp/huying-qr-XXXXXX", path[64], command[128], read[256] = "";
    BUF_OWNED svg = {0};
    (void)state;
    assert_int_equal(qr_svg_make(URL, "东门 & <公交站>", "扫码上报", &svg), OK);
    int side = svg_paint(svg.data, dark);
    if (system("command -v zbarimg >/dev/null 2>&1") != 0) {
        print_message("zbarimg is not here: not read back\n");
        skip();
    }
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/code.pgm", folder);
    image_write(path, dark, side);
    (void)snprintf(command, sizeof command, "zbarimg --raw -q %s", path);
    FILE *zbar = popen(command, "r");
    assert_non_null(zbar);
    assert_non_null(fgets(read, sizeof read, zbar));
    assert_int_equal(pclose(zbar), 0);
    assert_string_equal(read, URL "\n");
    /* Scratched: a corner of the middle is white. */
    for (int y = side / 2; y < side / 2 + 6; y++)
        memset(&dark[y][side / 2], 0, 6);
    image_write(path, dark, side);
    zbar = popen(command, "r");
    assert_non_null(zbar);
    assert_non_null(fgets(read, sizeof read, zbar));
    assert_int_equal(pclose(zbar), 0);
    assert_string_equal(read, URL "\n");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void a_sticker_is_the_same_each_time_and_its_words_are_escaped(void **state)
{
    BUF_OWNED first = {0};
    BUF_OWNED again = {0};
    BUF_OWNED bare = {0};
    (void)state;
    assert_int_equal(qr_svg_make(URL, "a & <b>", "c", &first), OK);
    assert_int_equal(qr_svg_make(URL, "a & <b>", "c", &again), OK);
    assert_string_equal(first.data, again.data);
    assert_non_null(strstr(first.data, ">a &amp; &lt;b&gt;</text>"));
    assert_non_null(strstr(first.data, ">c</text>"));
    assert_int_equal(qr_svg_make(URL, "", "", &bare), OK);
    assert_null(strstr(bare.data, "<text"));
    assert_null(strstr(first.data, "huying.example")); /* the token is in the code alone */
}

static void an_address_that_is_too_long_is_told(void **state)
{
    BUF_OWNED out = {0};
    char *url = calloc(1, 4000);
    (void)state;
    assert_non_null(url);
    memset(url, 'a', 3999);
    assert_int_equal(qr_svg_make(url, "", "", &out), ERR_LIMIT);
    assert_int_equal(out.size, 0);
    free(url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_printed_is_read_back_by_zbar),
            cmocka_unit_test(a_sticker_is_the_same_each_time_and_its_words_are_escaped),
            cmocka_unit_test(an_address_that_is_too_long_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
