/* Photos for tests, made with the encoders of the libraries that read them: gradients of a given
 * size in each type, and what is put into them behind their backs. For *_test.c only. */
#ifndef HUYING_INTAKE_PHOTO_TEST_PHOTOS_H
#define HUYING_INTAKE_PHOTO_TEST_PHOTOS_H

#include <png.h>
#include <turbojpeg.h>
#include <webp/encode.h>
#include "services/intake/photo/photo.h"
#include "services/kernel/base/testing.h"

/* Red grows to the right, green downwards; a first quarter that is blue tells how it lies. */
static inline uint8_t *test_pixels(uint32_t width, uint32_t height, size_t channels)
{
    uint8_t *pixels = calloc((size_t)width * height, channels);
    assert_non_null(pixels);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            uint8_t *at = pixels + ((size_t)y * width + x) * channels;
            bool corner = x < width / 2 && y < height / 2;
            at[0] = (uint8_t)(corner ? 0 : 64 + 128 * x / width);
            at[1] = (uint8_t)(corner ? 0 : 64 + 128 * y / height);
            at[2] = corner ? 255 : 0;
            if (channels == 4)
                at[3] = corner ? 0 : 255;
        }
    }
    return pixels;
}

static inline void test_jpeg(uint32_t width, uint32_t height, int flags, struct buf *out)
{
    uint8_t *pixels = test_pixels(width, height, 3);
    unsigned char *data = NULL;
    unsigned long size = 0;
    tjhandle jpeg = tjInitCompress();
    assert_int_equal(tjCompress2(jpeg, pixels, (int)width, 0, (int)height, TJPF_RGB, &data, &size,
                             TJSAMP_420, 90, flags),
            0);
    buf_add(out, data, size);
    tjFree(data);
    (void)tjDestroy(jpeg);
    free(pixels);
}

/* With `channels` 4 its first quarter can be seen through. */
static inline void test_png(uint32_t width, uint32_t height, size_t channels, struct buf *out)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
            .width = width,
            .height = height,
            .format = channels == 4 ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB};
    uint8_t *pixels = test_pixels(width, height, channels);
    png_alloc_size_t size = 0;
    assert_true(png_image_write_get_memory_size(image, size, 0, pixels, 0, NULL));
    uint8_t *data = malloc(size);
    assert_true(png_image_write_to_memory(&image, data, &size, 0, pixels, 0, NULL));
    buf_add(out, data, size);
    free(data);
    free(pixels);
}

static inline void test_webp(uint32_t width, uint32_t height, size_t channels, struct buf *out)
{
    uint8_t *pixels = test_pixels(width, height, channels);
    uint8_t *data = NULL;
    int stride = (int)(width * channels);
    size_t size = channels == 4
                          ? WebPEncodeLosslessRGBA(pixels, (int)width, (int)height, stride, &data)
                          : WebPEncodeRGB(pixels, (int)width, (int)height, stride, 90, &data);
    assert_true(size > 0);
    buf_add(out, data, size);
    WebPFree(data);
    free(pixels);
}

#define TEST_SECRET "HUYING-WAS-AT-22.94N-113.35E"

/* Puts bytes at a place. */
static inline void test_insert(struct buf *photo, size_t at, const void *data, size_t size)
{
    BUF_OWNED rest = {0};
    buf_add(&rest, photo->data + at, photo->size - at);
    photo->size = at;
    buf_add(photo, data, size);
    buf_add(photo, rest.data, rest.size);
}

/* A TIFF with an orientation, a directory of GPS data, and the secret. */
static inline void test_tiff(int orientation, bool little, struct buf *out)
{
    const uint8_t big_head[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 2, 1, 0x12, 0, 3, 0, 0, 0, 1, 0,
            (uint8_t)orientation, 0, 0, 0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38, 0, 0, 0, 0};
    const uint8_t little_head[] = {'I', 'I', 42, 0, 8, 0, 0, 0, 2, 0, 0x12, 1, 3, 0, 1, 0, 0, 0,
            (uint8_t)orientation, 0, 0, 0, 0x25, 0x88, 4, 0, 1, 0, 0, 0, 38, 0, 0, 0, 0, 0, 0, 0};
    buf_add(out, little ? little_head : big_head, sizeof big_head);
    buf_add_text(out, TEST_SECRET);
}

static inline void test_jpeg_segment(
        struct buf *photo, uint8_t marker, const void *data, size_t size)
{
    BUF_OWNED segment = {0};
    const uint8_t head[] = {0xff, marker, (uint8_t)((size + 2) >> 8), (uint8_t)(size + 2)};
    buf_add(&segment, head, sizeof head);
    buf_add(&segment, data, size);
    test_insert(photo, 2, segment.data, segment.size);
}

static inline void test_jpeg_exif(struct buf *photo, int orientation, bool little)
{
    BUF_OWNED exif = {0};
    buf_add(&exif, "Exif\0", 6);
    test_tiff(orientation, little, &exif);
    test_jpeg_segment(photo, 0xe1, exif.data, exif.size);
}

static inline uint32_t test_crc(const uint8_t *data, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc;
}

static inline void test_number(uint32_t number, uint8_t ret[4])
{
    for (int i = 0; i < 4; i++)
        ret[i] = (uint8_t)(number >> (24 - 8 * i));
}

/* Behind the head of a PNG. */
static inline void test_png_chunk(
        struct buf *photo, const char *name, const void *data, size_t size)
{
    BUF_OWNED chunk = {0};
    uint8_t number[4];
    test_number((uint32_t)size, number);
    buf_add(&chunk, number, 4);
    buf_add(&chunk, name, 4);
    buf_add(&chunk, data, size);
    test_number(test_crc((uint8_t *)chunk.data + 4, size + 4), number);
    buf_add(&chunk, number, 4);
    test_insert(photo, 33, chunk.data, chunk.size);
}

/* Says that it has another size: 8 bytes of the mark, 8 of a chunk's head, width and height. */
static inline void test_png_resize(struct buf *photo, uint32_t width, uint32_t height)
{
    uint8_t *head = (uint8_t *)photo->data;
    test_number(width, head + 16);
    test_number(height, head + 20);
    test_number(test_crc(head + 12, 17), head + 29);
}

/* The same of a JPEG: its frame, the first of SOF0 to SOF2. */
static inline void test_jpeg_resize(struct buf *photo, uint16_t width, uint16_t height)
{
    uint8_t *data = (uint8_t *)photo->data;
    for (size_t at = 2; at + 9 < photo->size;
            at += 2 + (size_t)(data[at + 2] << 8 | data[at + 3])) {
        if (data[at + 1] < 0xc0 || data[at + 1] > 0xc2)
            continue;
        data[at + 5] = (uint8_t)(height >> 8);
        data[at + 6] = (uint8_t)height;
        data[at + 7] = (uint8_t)(width >> 8);
        data[at + 8] = (uint8_t)width;
        return;
    }
    fail_msg("a JPEG has a frame");
}

/* A still WebP, wrapped up as an extended one with a chunk of its own before the picture. */
static inline void test_webp_extend(struct buf *photo,
        uint8_t flags,
        uint32_t width,
        uint32_t height,
        const char *name,
        const void *data,
        size_t size)
{
    BUF_OWNED extra = {0};
    const uint8_t head[] = {'V', 'P', '8', 'X', 10, 0, 0, 0, flags, 0, 0, 0, (uint8_t)(width - 1),
            (uint8_t)((width - 1) >> 8), 0, (uint8_t)(height - 1), (uint8_t)((height - 1) >> 8), 0};
    const uint8_t length[] = {(uint8_t)size, (uint8_t)(size >> 8), 0, 0};
    buf_add(&extra, head, sizeof head);
    test_insert(photo, 12, extra.data, extra.size);
    buf_add(photo, name, 4);
    buf_add(photo, length, 4);
    buf_add(photo, data, size);
    if (size & 1)
        buf_add(photo, "", 1);
    for (int i = 0; i < 4; i++)
        photo->data[4 + i] = (char)((photo->size - 8) >> (8 * i));
}

#endif
