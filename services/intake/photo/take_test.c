/* The way through the process of its own: what comes back, and what when it does not come back. */
#include "services/intake/photo/photo.h"
#include <sodium.h>
#include "services/intake/photo/image.h"
#include "services/intake/photo/test_photos.h"

static void a_photo_comes_back_with_its_hash(void **unused)
{
    BUF_OWNED file = {0};
    PHOTO_OWNED photo = {0};
    PHOTO_OWNED here = {0};
    uint8_t hash[PHOTO_HASH_SIZE], read[PHOTO_HASH_SIZE];
    char name[PHOTO_NAME_SIZE];
    (void)unused;
    test_jpeg(500, 400, 0, &file);
    test_jpeg_exif(&file, 6, true);
    assert_int_equal(photo_take(file.data, file.size, &photo), PHOTO_FINE);
    assert_int_equal(image_make((const uint8_t *)file.data, file.size, &here), PHOTO_FINE);
    assert_int_equal(photo.type, PHOTO_JPEG);
    assert_int_equal(photo.width, 400);
    assert_int_equal(photo.height, 500);
    assert_int_equal(photo.image.size, here.image.size);
    assert_memory_equal(photo.image.data, here.image.data, here.image.size);
    assert_int_equal(photo.thumb.size, here.thumb.size);
    assert_memory_equal(photo.thumb.data, here.thumb.data, here.thumb.size);
    (void)crypto_hash_sha256(hash, (const uint8_t *)photo.image.data, photo.image.size);
    assert_memory_equal(photo.hash, hash, sizeof hash);
    photo_name(photo.hash, name);
    assert_true(photo_name_read(name, read));
    assert_memory_equal(read, hash, sizeof hash);
}

/* All that a process of its own is for: a hundred files that are broken in every way leave this one
 * as it was, with as many descriptors and no child. */
static void broken_files_leave_nothing_behind(void **unused)
{
    BUF_OWNED file = {0};
    (void)unused;
    test_webp(120, 90, 3, &file);
    int first = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)close(first);
    for (size_t i = 12; i < 112; i++) {
        PHOTO_OWNED photo = {0};
        char kept = file.data[i];
        file.data[i] = (char)~kept;
        enum photo_fault fault = photo_take(file.data, file.size, &photo);
        if (fault != PHOTO_FINE && fault != PHOTO_BROKEN && fault != PHOTO_OTHER &&
                fault != PHOTO_PIXELS)
            fail_msg("byte %zu changed: %s", i, photo_fault_name(fault));
        file.data[i] = kept;
    }
    int last = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)close(last);
    assert_int_equal(first, last);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* The largest that may come: within memory and time. */
static void forty_megapixels_fit_into_the_cage(void **unused)
{
    BUF_OWNED file = {0};
    PHOTO_OWNED photo = {0};
    (void)unused;
    test_jpeg(8000, 5000, TJFLAG_PROGRESSIVE, &file);
    test_jpeg_exif(&file, 6, false);
    assert_true(file.size <= PHOTO_SIZE_MAX);
    assert_string_equal(photo_fault_name(photo_take(file.data, file.size, &photo)), "none");
    assert_int_equal(photo.width, 5000);
    assert_int_equal(photo.height, 8000);
}

static void limits_are_told(void **unused)
{
    BUF_OWNED text = {0};
    PHOTO_OWNED photo = {0};
    BUF_OWNED large = {0};
    (void)unused;
    assert_int_equal(photo_take("", 0, &photo), PHOTO_EMPTY);
    buf_reserve(&large, PHOTO_SIZE_MAX + 1);
    assert_int_equal(photo_take(large.data, PHOTO_SIZE_MAX + 1, &photo), PHOTO_LARGE);
    assert_int_equal(photo_take("%PDF-1.7", 8, &photo), PHOTO_OTHER);
    photo_fault_text(PHOTO_LARGE, "en", &text);
    assert_string_equal(text.data,
            "the photo has, or would be kept with, more than 8388608 bytes; send a smaller one");
    buf_reset(&text);
    photo_fault_text(PHOTO_LARGE, "zh", &text);
    assert_non_null(strstr(text.data, "8388608"));
}

static void only_small_hex_digits_are_a_name(void **unused)
{
    static const struct {
        const char *text;
        bool is;
    } table[] = {{"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", true},
            {"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", false},
            {"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde", false},
            {"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0", false},
            {"../../../../../../../../../../../../../../../../../../etc/passwd", false},
            {"", false}};
    uint8_t hash[PHOTO_HASH_SIZE];
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(table); i++)
        assert_int_equal(photo_name_read(table[i].text, hash), table[i].is);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_photo_comes_back_with_its_hash),
            cmocka_unit_test(broken_files_leave_nothing_behind),
            cmocka_unit_test(forty_megapixels_fit_into_the_cage),
            cmocka_unit_test(limits_are_told),
            cmocka_unit_test(only_small_hex_digits_are_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
