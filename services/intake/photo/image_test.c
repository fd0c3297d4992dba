/* What becomes of files that are photos, nearly photos, or something else: decided by content, kept
 * without anything but the picture, upright. */
#include "services/intake/photo/image.h"
#include "services/intake/photo/exif.h"
#include "services/intake/photo/test_photos.h"

static bool buf_has(const struct buf *buf, const char *text)
{
    return memmem(buf->data, buf->size, text, strlen(text)) != NULL;
}

static enum photo_fault make(const struct buf *file, struct photo *ret)
{
    return image_make((const uint8_t *)file->data, file->size, ret);
}

static struct {
    int width, height;
    uint8_t *rgb;
} seen;

/* What was kept, as somebody else would look at it. */
static void look(const struct buf *image)
{
    tjhandle jpeg = tjInitDecompress();
    int sampling = 0, colours = 0;
    free(seen.rgb);
    const uint8_t *data = (const uint8_t *)image->data;
    assert_int_equal(tjDecompressHeader3(jpeg, data, image->size, &seen.width, &seen.height,
                             &sampling, &colours),
            0);
    seen.rgb = calloc((size_t)seen.width * (size_t)seen.height, 3);
    assert_int_equal(tjDecompress2(jpeg, data, image->size, seen.rgb, seen.width, 0, seen.height,
                             TJPF_RGB, TJFLAG_STOPONWARNING),
            0);
    (void)tjDestroy(jpeg);
}

static int look_end(void **unused)
{
    (void)unused;
    free(seen.rgb);
    return 0;
}

/* The channel in the middle of a quarter: 0 1 in the first row, 2 3 below. */
static int shade(int quarter, int channel)
{
    int x = seen.width / 4 + (quarter & 1) * seen.width / 2;
    int y = seen.height / 4 + (quarter >> 1) * seen.height / 2;
    return seen.rgb[3 * (y * seen.width + x) + channel];
}

static int blue_quarter(void)
{
    for (int quarter = 0; quarter < 4; quarter++) {
        if (shade(quarter, 2) > 200 && shade(quarter, 0) < 60)
            return quarter;
    }
    return -1;
}

static void each_type_is_kept_as_jpeg_with_a_small_one(void **unused)
{
    static const struct {
        enum photo_type type;
        uint32_t width, height, thumb_width, thumb_height;
        size_t channels;
        bool shows_white; /* where it can be seen through */
        int flags;
    } table[] = {{PHOTO_JPEG, 800, 600, 320, 240, 3, false, 0},
            {PHOTO_JPEG, 600, 800, 240, 320, 3, false, TJFLAG_PROGRESSIVE},
            {PHOTO_JPEG, 1, 1, 1, 1, 3, false, 0}, {PHOTO_JPEG, 3000, 2, 320, 1, 3, false, 0},
            {PHOTO_PNG, 641, 480, 320, 239, 3, false, 0}, {PHOTO_PNG, 64, 48, 64, 48, 4, true, 0},
            {PHOTO_WEBP, 320, 321, 319, 320, 3, false, 0},
            {PHOTO_WEBP, 400, 200, 320, 160, 4, true, 0}};
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        BUF_OWNED file = {0};
        PHOTO_OWNED photo = {0};
        if (table[i].type == PHOTO_JPEG)
            test_jpeg(table[i].width, table[i].height, table[i].flags, &file);
        else if (table[i].type == PHOTO_PNG)
            test_png(table[i].width, table[i].height, table[i].channels, &file);
        else
            test_webp(table[i].width, table[i].height, table[i].channels, &file);
        assert_int_equal(make(&file, &photo), PHOTO_FINE);
        assert_int_equal(photo.type, table[i].type);
        assert_int_equal(photo.width, table[i].width);
        assert_int_equal(photo.height, table[i].height);
        look(&photo.thumb);
        assert_int_equal(seen.width, table[i].thumb_width);
        assert_int_equal(seen.height, table[i].thumb_height);
        look(&photo.image);
        assert_int_equal(seen.width, table[i].width);
        assert_int_equal(seen.height, table[i].height);
        if (table[i].height < 40)
            continue;
        assert_int_equal(blue_quarter(), table[i].shows_white ? -1 : 0);
        assert_true(!table[i].shows_white || shade(0, 0) > 240);
        assert_in_range(shade(3, 0), 140, 180);
    }
}

/* What camera and tools write, in every place where they write it. */
static void nothing_but_the_picture_is_kept(void **unused)
{
    static const uint8_t app_markers[] = {0xe1, 0xe2, 0xed, 0xef, 0xfe};
    (void)unused;
    for (int form = 0; form < 6; form++) {
        BUF_OWNED file = {0};
        BUF_OWNED tiff = {0};
        PHOTO_OWNED photo = {0};
        test_tiff(1, form & 1, &tiff);
        if (form < 2) {
            test_jpeg(64, 48, 0, &file);
            for (size_t i = 0; i < sizeof app_markers; i++)
                test_jpeg_segment(&file, app_markers[i], TEST_SECRET, sizeof TEST_SECRET);
            test_jpeg_exif(&file, 1, form == 1);
        } else if (form < 4) {
            test_png(64, 48, 3, &file);
            test_png_chunk(&file, "tEXt", "Comment\0" TEST_SECRET, 8 + strlen(TEST_SECRET));
            test_png_chunk(&file, "eXIf", tiff.data, tiff.size);
        } else {
            test_webp(64, 48, 3, &file);
            test_webp_extend(&file, 8, 64, 48, "EXIF", tiff.data, tiff.size);
        }
        buf_add_text(&file, "PK\003\004 and a whole archive: " TEST_SECRET);
        assert_true(buf_has(&file, TEST_SECRET));
        assert_int_equal(make(&file, &photo), PHOTO_FINE);
        assert_int_equal(photo.width, 64);
        static const char *const words[] = {TEST_SECRET, "Exif", "PK\003\004", "Comment"};
        for (size_t i = 0; i < COUNT_OF(words); i++) {
            assert_false(buf_has(&photo.image, words[i]));
            assert_false(buf_has(&photo.thumb, words[i]));
        }
    }
}

/* Of 96 × 64 with the first quarter blue: where that is to be seen, as TIFF 6.0 says it. */
static void the_cameras_turn_is_applied(void **unused)
{
    static const struct {
        int orientation, width, quarter;
    } table[] = {{1, 96, 0}, {2, 96, 1}, {3, 96, 3}, {4, 96, 2}, {5, 64, 0}, {6, 64, 1}, {7, 64, 3},
            {8, 64, 2}, {0, 96, 0}, {9, 96, 0}};
    (void)unused;
    for (size_t i = 0; i < 4 * COUNT_OF(table); i++) {
        BUF_OWNED file = {0};
        BUF_OWNED tiff = {0};
        PHOTO_OWNED photo = {0};
        int form = (int)(i / COUNT_OF(table)), row = (int)(i % COUNT_OF(table));
        test_tiff(table[row].orientation, form & 1, &tiff);
        if (form < 2) {
            test_jpeg(96, 64, 0, &file);
            test_jpeg_exif(&file, table[row].orientation, form == 1);
        } else if (form == 2) {
            test_png(96, 64, 3, &file);
            test_png_chunk(&file, "eXIf", tiff.data, tiff.size);
        } else {
            test_webp(96, 64, 3, &file);
            test_webp_extend(&file, 8, 96, 64, "EXIF", tiff.data, tiff.size);
        }
        assert_int_equal(make(&file, &photo), PHOTO_FINE);
        assert_int_equal(photo.width, table[row].width);
        assert_int_equal(photo.width + photo.height, 96 + 64);
        look(&photo.image);
        assert_int_equal(blue_quarter(), table[row].quarter);
    }
}

/* Five and six, seven and eight have the blue quarter at one place in a square: what is beside it
 * tells a turn from a mirror. */
static void a_turn_is_no_mirror(void **unused)
{
    static const struct {
        int orientation, reddest, greenest; /* quarters */
    } table[] = {
            {1, 1, 2}, {2, 0, 3}, {3, 2, 1}, {4, 3, 0}, {5, 2, 1}, {6, 3, 0}, {7, 1, 2}, {8, 0, 3}};
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        BUF_OWNED file = {0};
        PHOTO_OWNED photo = {0};
        test_jpeg(96, 64, 0, &file);
        test_jpeg_exif(&file, table[i].orientation, true);
        assert_int_equal(make(&file, &photo), PHOTO_FINE);
        look(&photo.image);
        int opposite = 3 - blue_quarter();
        for (int quarter = 0; quarter < 4; quarter++) {
            if (quarter == blue_quarter() || quarter == opposite)
                continue;
            bool red = shade(quarter, 0) > shade(quarter, 1) + 20;
            assert_int_equal(quarter, red ? table[i].reddest : table[i].greenest);
        }
    }
}

static void what_is_no_photo_is_refused(void **unused)
{
    static const struct {
        const char *bytes;
        size_t size;
        enum photo_fault fault;
    } table[] = {{"", 0, PHOTO_EMPTY}, {"\xff", 1, PHOTO_OTHER}, {"\xff\xd8", 2, PHOTO_OTHER},
            {"\xff\xd8\xff", 3, PHOTO_BROKEN}, {"\xff\xd8\xff\xd9", 4, PHOTO_BROKEN},
            {"%PDF-1.7\n1 0 obj", 16, PHOTO_OTHER}, {"GIF89a\1\0\1\0\0\0\0,", 14, PHOTO_OTHER},
            {"<svg xmlns='http://www.w3.org/2000/svg'/>", 41, PHOTO_OTHER},
            {"\x89PNG\r\n\x1a\n", 8, PHOTO_BROKEN}, {"\x89PNG\n\x1a\n", 7, PHOTO_OTHER},
            {"RIFF\x10\0\0\0WEBPVP8 ", 16, PHOTO_BROKEN}, {"RIFF\4\0\0\0WEBP", 12, PHOTO_OTHER},
            {"RIFF\x10\0\0\0WAVEfmt ", 16, PHOTO_OTHER}, {"BM\0\0\0\0\0\0\0\0", 10, PHOTO_OTHER},
            {"\0\0\0\x18"
             "ftypheic\0\0\0\0",
                    16, PHOTO_OTHER}};
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        PHOTO_OWNED photo = {0};
        enum photo_fault fault = image_make((const uint8_t *)table[i].bytes, table[i].size, &photo);
        assert_string_equal(photo_fault_name(fault), photo_fault_name(table[i].fault));
        assert_null(photo.image.data);
    }
}

static void file_make(enum photo_type type, struct buf *out)
{
    if (type == PHOTO_JPEG)
        test_jpeg(64, 48, TJFLAG_PROGRESSIVE, out);
    else if (type == PHOTO_PNG)
        test_png(64, 48, 3, out);
    else
        test_webp(64, 48, 3, out);
}

/* Cut off anywhere, none is taken: what is missing would be grey. */
static void half_a_photo_is_refused(void **unused)
{
    (void)unused;
    for (enum photo_type type = PHOTO_JPEG; type <= PHOTO_WEBP; type++) {
        BUF_OWNED file = {0};
        file_make(type, &file);
        for (size_t size = 16; size + 16 < file.size; size += 1 + file.size / 64) {
            PHOTO_OWNED photo = {0};
            enum photo_fault fault = image_make((const uint8_t *)file.data, size, &photo);
            if (fault != PHOTO_BROKEN)
                fail_msg("type %d of %zu bytes, cut to %zu: %s", (int)type, file.size, size,
                        photo_fault_name(fault));
        }
    }
}

/* The head says how large it will be; nothing of that size is reserved before it was looked at. */
static void bombs_are_refused_by_their_head(void **unused)
{
    static const struct {
        enum photo_type type;
        uint32_t width, height;
        enum photo_fault fault;
    } table[] = {{PHOTO_PNG, 60000, 60000, PHOTO_PIXELS}, {PHOTO_PNG, 6325, 6325, PHOTO_PIXELS},
            {PHOTO_PNG, 16384, 1, PHOTO_PIXELS}, {PHOTO_PNG, 0, 5, PHOTO_BROKEN},
            {PHOTO_JPEG, 65500, 65500, PHOTO_PIXELS}, {PHOTO_JPEG, 6325, 6325, PHOTO_PIXELS},
            {PHOTO_JPEG, 1, 16384, PHOTO_PIXELS}, {PHOTO_JPEG, 0, 5, PHOTO_BROKEN},
            {PHOTO_JPEG, 5, 0, PHOTO_BROKEN}, {PHOTO_PNG, 6324, 6324, PHOTO_BROKEN}};
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        BUF_OWNED file = {0};
        PHOTO_OWNED photo = {0};
        if (table[i].type == PHOTO_PNG) {
            test_png(64, 48, 3, &file);
            test_png_resize(&file, table[i].width, table[i].height);
        } else {
            test_jpeg(64, 48, 0, &file);
            test_jpeg_resize(&file, (uint16_t)table[i].width, (uint16_t)table[i].height);
        }
        assert_string_equal(
                photo_fault_name(make(&file, &photo)), photo_fault_name(table[i].fault));
    }
}

static long address_space_kb(void)
{
    char line[128];
    long kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "VmPeak:", 7) == 0)
            kb = strtol(line + 7, NULL, 10);
    }
    assert_int_equal(fclose(file), 0);
    assert_true(kb > 0);
    return kb;
}

/* A chunk that says it is a gigabyte long: nobody reserves that. */
static void a_chunk_lies_about_its_length_in_vain(void **unused)
{
    BUF_OWNED file = {0};
    PHOTO_OWNED photo = {0};
    (void)unused;
    test_png(64, 48, 3, &file);
    test_png_chunk(&file, "eXIf", "MM", 2);
    test_number(UINT32_C(0x40000000), (uint8_t *)file.data + 33);
    long before_kb = address_space_kb();
    assert_string_equal(photo_fault_name(make(&file, &photo)), "photo_broken");
    assert_in_range(address_space_kb() - before_kb, 0, 64 << 10);
}

static void what_moves_and_what_is_too_large_is_refused(void **unused)
{
    BUF_OWNED file = {0};
    PHOTO_OWNED photo = {0};
    (void)unused;
    test_webp(64, 48, 3, &file);
    test_webp_extend(&file, 2, 64, 48, "ANIM", "\0\0\0\0\0\0", 6);
    assert_string_equal(photo_fault_name(make(&file, &photo)), "photo_animated");
    buf_reset(&file);
    test_jpeg(64, 48, 0, &file);
    while (file.size <= PHOTO_SIZE_MAX)
        buf_add_text(&file, "as much as one likes behind its end");
    assert_string_equal(photo_fault_name(make(&file, &photo)), "photo_too_large");
    assert_null(photo.image.data);
}

/* Lengths and offsets of EXIF data are a stranger's. */
static void exif_stays_within_its_bytes(void **unused)
{
    BUF_OWNED tiff = {0};
    (void)unused;
    test_tiff(6, true, &tiff);
    for (size_t size = 0; size <= tiff.size; size++) {
        BUF_OWNED file = {0};
        buf_add(&file, "\xff\xd8", 2);
        BUF_OWNED exif = {0};
        buf_add(&exif, "Exif\0", 6);
        buf_add(&exif, tiff.data, size);
        test_jpeg_segment(&file, 0xe1, exif.data, exif.size);
        uint8_t *tight = malloc(file.size);
        memcpy(tight, file.data, file.size);
        assert_int_equal(exif_orientation(PHOTO_JPEG, tight, file.size), size >= 22 ? 6 : 1);
        for (size_t cut = 0; cut < file.size; cut++) {
            uint8_t *part = malloc(cut + 1);
            memcpy(part, tight, cut);
            assert_int_equal(exif_orientation(PHOTO_JPEG, part, cut), 1);
            free(part);
        }
        free(tight);
    }
    assert_int_equal(exif_orientation(PHOTO_PNG, (const uint8_t *)"\x89PNG", 4), 1);
    assert_int_equal(exif_orientation(PHOTO_WEBP, (const uint8_t *)"RIFF", 4), 1);
}

static void of_the_same_bytes_comes_the_same_photo(void **unused)
{
    BUF_OWNED file = {0};
    PHOTO_OWNED first = {0};
    PHOTO_OWNED second = {0};
    (void)unused;
    test_png(200, 100, 3, &file);
    assert_int_equal(make(&file, &first), PHOTO_FINE);
    assert_int_equal(make(&file, &second), PHOTO_FINE);
    assert_int_equal(first.image.size, second.image.size);
    assert_memory_equal(first.image.data, second.image.data, first.image.size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_type_is_kept_as_jpeg_with_a_small_one),
            cmocka_unit_test(nothing_but_the_picture_is_kept),
            cmocka_unit_test(the_cameras_turn_is_applied),
            cmocka_unit_test(a_turn_is_no_mirror),
            cmocka_unit_test(what_is_no_photo_is_refused),
            cmocka_unit_test(half_a_photo_is_refused),
            cmocka_unit_test(bombs_are_refused_by_their_head),
            cmocka_unit_test(a_chunk_lies_about_its_length_in_vain),
            cmocka_unit_test(what_moves_and_what_is_too_large_is_refused),
            cmocka_unit_test(exif_stays_within_its_bytes),
            cmocka_unit_test(of_the_same_bytes_comes_the_same_photo),
    };
    return cmocka_run_group_tests(tests, NULL, look_end);
}
