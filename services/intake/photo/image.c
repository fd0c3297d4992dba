/* See image.h. The size that a file's head states is checked before anything of that size is
 * reserved, and each decoder is given memory of exactly that size. */
#include "services/intake/photo/image.h"
#include <png.h>
#include <stdbool.h>
#include <string.h>
#include <turbojpeg.h>
#include <webp/decode.h>
#include "services/intake/photo/exif.h"
#include "services/kernel/base/must.h"

#define CHANNELS 3
#define THUMB_QUALITY 80
#define PNG_CHUNK_SIZE_MIN 12 /* length, name, checksum */

/* 8-bit sRGB, rows from the top without gaps. */
struct pixels {
    uint8_t *data;
    uint32_t width, height;
};

static void pixels_fini(struct pixels *pixels)
{
    free(pixels->data);
    pixels->data = NULL;
}

#define PIXELS_OWNED __attribute__((cleanup(pixels_fini))) struct pixels

enum photo_type image_type(const uint8_t *data, size_t size)
{
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    if (size >= 3 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff)
        return PHOTO_JPEG;
    if (size >= sizeof png && memcmp(data, png, sizeof png) == 0)
        return PHOTO_PNG;
    if (size >= 16 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0)
        return PHOTO_WEBP;
    return PHOTO_NO_TYPE;
}

static size_t pixels_size(const struct pixels *pixels, size_t channels)
{
    return (size_t)pixels->width * pixels->height * channels;
}

/* Reserves them when they are few enough. */
static enum photo_fault pixels_reserve(
        struct pixels *pixels, uint64_t width, uint64_t height, size_t channels)
{
    if (width < 1 || height < 1)
        return PHOTO_BROKEN;
    if (width > PHOTO_SIDE_MAX || height > PHOTO_SIDE_MAX || width * height > PHOTO_PIXELS_MAX)
        return PHOTO_PIXELS;
    pixels->width = (uint32_t)width;
    pixels->height = (uint32_t)height;
    pixels->data = must_memory(malloc(pixels_size(pixels, channels)));
    return PHOTO_FINE;
}

/* A warning is a fault: what is missing would be grey. The number of a progressive file's scans is
 * limited, each costs as much as a whole picture. Four inks have no sRGB. */
static enum photo_fault jpeg_decode(
        tjhandle jpeg, const uint8_t *data, size_t size, struct pixels *pixels)
{
    int width = 0, height = 0, sampling = 0, colours = 0;
    if (tjDecompressHeader3(jpeg, data, size, &width, &height, &sampling, &colours) != 0 ||
            width < 1 || height < 1 || colours == TJCS_CMYK || colours == TJCS_YCCK)
        return PHOTO_BROKEN;
    enum photo_fault fault = pixels_reserve(pixels, (uint64_t)width, (uint64_t)height, CHANNELS);
    if (fault)
        return fault;
    int flags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;
    if (tjDecompress2(jpeg, data, size, pixels->data, width, 0, height, TJPF_RGB, flags) != 0)
        return PHOTO_BROKEN;
    return PHOTO_FINE;
}

static enum photo_fault jpeg_read(const uint8_t *data, size_t size, struct pixels *pixels)
{
    tjhandle jpeg = must_memory(tjInitDecompress());
    enum photo_fault fault = jpeg_decode(jpeg, data, size, pixels);
    (void)tjDestroy(jpeg);
    return fault;
}

/* What can be seen through shows white. */
static enum photo_fault png_decode(png_image *image, struct pixels *pixels)
{
    static const png_color white = {255, 255, 255};
    enum photo_fault fault = pixels_reserve(pixels, image->width, image->height, CHANNELS);
    if (fault)
        return fault;
    image->format = PNG_FORMAT_RGB;
    if (!png_image_finish_read(image, &white, pixels->data, 0, NULL))
        return PHOTO_BROKEN;
    return PHOTO_FINE;
}

/* Every chunk up to the last one, IEND, lies within the file. libpng reserves as much as some
 * chunks say they are long, a gigabyte, before it sees that they are not. */
static bool png_is_whole(const uint8_t *data, size_t size)
{
    for (size_t at = 8; size - at >= PNG_CHUNK_SIZE_MIN;) {
        const uint8_t *chunk = data + at;
        size_t length = (size_t)chunk[0] << 24 | (size_t)chunk[1] << 16 | (size_t)chunk[2] << 8 |
                        (size_t)chunk[3];
        if (length > size - at - PNG_CHUNK_SIZE_MIN)
            return false;
        if (memcmp(chunk + 4, "IEND", 4) == 0)
            return true;
        at += PNG_CHUNK_SIZE_MIN + length;
    }
    return false;
}

static enum photo_fault png_read(const uint8_t *data, size_t size, struct pixels *pixels)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    enum photo_fault fault = PHOTO_BROKEN;
    if (!png_is_whole(data, size))
        return PHOTO_BROKEN;
    if (png_image_begin_read_from_memory(&image, data, size))
        fault = png_decode(&image, pixels);
    png_image_free(&image);
    return fault;
}

/* From four channels to three in the same memory, over white. */
static void alpha_drop(struct pixels *pixels)
{
    size_t count = pixels_size(pixels, 1);
    for (size_t i = 0; i < count; i++) {
        unsigned alpha = pixels->data[4 * i + 3];
        for (size_t k = 0; k < CHANNELS; k++) {
            unsigned mixed = pixels->data[4 * i + k] * alpha + 255 * (255 - alpha);
            pixels->data[CHANNELS * i + k] = (uint8_t)((mixed + 127) / 255);
        }
    }
}

static enum photo_fault webp_read(const uint8_t *data, size_t size, struct pixels *pixels)
{
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(data, size, &features) != VP8_STATUS_OK || features.width < 1 ||
            features.height < 1)
        return PHOTO_BROKEN;
    if (features.has_animation)
        return PHOTO_MOVES;
    size_t channels = features.has_alpha ? 4 : CHANNELS;
    enum photo_fault fault =
            pixels_reserve(pixels, (uint64_t)features.width, (uint64_t)features.height, channels);
    if (fault)
        return fault;
    size_t room = pixels_size(pixels, channels);
    int stride = features.width * (int)channels;
    if (!(features.has_alpha ? WebPDecodeRGBAInto(data, size, pixels->data, room, stride)
                             : WebPDecodeRGBInto(data, size, pixels->data, room, stride)))
        return PHOTO_BROKEN;
    if (features.has_alpha)
        alpha_drop(pixels);
    return PHOTO_FINE;
}

/* Upright, by the eight orientations of TIFF: where the first pixel is, and how far it is from
 * there to the next one and to the next row. */
static void pixels_turn(struct pixels *pixels, int orientation)
{
    ptrdiff_t width = pixels->width, height = pixels->height;
    bool across = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool down = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    bool swap = orientation >= 5;
    if (orientation == 1)
        return;
    ptrdiff_t right = across ? -1 : 1;
    ptrdiff_t below = down ? -width : width;
    const uint8_t *first = pixels->data + CHANNELS * ((across ? width - 1 : 0) +
                                                             (down ? (height - 1) * width : 0));
    uint8_t *turned = must_memory(malloc(pixels_size(pixels, CHANNELS)));
    uint8_t *to = turned;
    pixels->width = (uint32_t)(swap ? height : width);
    pixels->height = (uint32_t)(swap ? width : height);
    for (ptrdiff_t y = 0; y < (ptrdiff_t)pixels->height; y++) {
        const uint8_t *row = first + CHANNELS * y * (swap ? right : below);
        for (ptrdiff_t x = 0; x < (ptrdiff_t)pixels->width; x++, to += CHANNELS)
            memcpy(to, row + CHANNELS * x * (swap ? below : right), CHANNELS);
    }
    free(pixels->data);
    pixels->data = turned;
}

/* The mean of the pixels of a rectangle that has some. */
static void area_mean(
        const struct pixels *pixels, const uint32_t x[2], const uint32_t y[2], uint8_t *ret)
{
    uint64_t sums[CHANNELS] = {0};
    uint64_t count = (uint64_t)(x[1] - x[0]) * (y[1] - y[0]);
    must(count > 0);
    for (uint32_t row = y[0]; row < y[1]; row++) {
        const uint8_t *at = pixels->data + CHANNELS * ((size_t)row * pixels->width + x[0]);
        for (size_t i = 0; i < (size_t)(x[1] - x[0]) * CHANNELS; i++)
            sums[i % CHANNELS] += at[i];
    }
    for (size_t i = 0; i < CHANNELS; i++)
        ret[i] = (uint8_t)((sums[i] + count / 2) / count);
}

static uint32_t side_shrink(uint32_t side, uint32_t longer)
{
    uint32_t small = (uint32_t)((uint64_t)side * PHOTO_THUMB_SIDE / longer);
    return small ? small : 1;
}

static void pixels_shrink(const struct pixels *pixels, struct pixels *ret)
{
    uint32_t longer = pixels->width > pixels->height ? pixels->width : pixels->height;
    bool fits = longer <= PHOTO_THUMB_SIDE;
    ret->width = fits ? pixels->width : side_shrink(pixels->width, longer);
    ret->height = fits ? pixels->height : side_shrink(pixels->height, longer);
    ret->data = must_memory(malloc(pixels_size(ret, CHANNELS)));
    uint8_t *to = ret->data;
    for (uint64_t row = 0; row < ret->height; row++) {
        const uint32_t y[2] = {(uint32_t)(row * pixels->height / ret->height),
                (uint32_t)((row + 1) * pixels->height / ret->height)};
        for (uint64_t col = 0; col < ret->width; col++, to += CHANNELS) {
            const uint32_t x[2] = {(uint32_t)(col * pixels->width / ret->width),
                    (uint32_t)((col + 1) * pixels->width / ret->width)};
            area_mean(pixels, x, y, to);
        }
    }
}

/* Appends a JPEG to `out`. */
static void jpeg_write(const struct pixels *pixels, int sampling, int quality, struct buf *out)
{
    unsigned char *data = NULL;
    unsigned long size = 0;
    tjhandle jpeg = must_memory(tjInitCompress());
    must(tjCompress2(jpeg, pixels->data, (int)pixels->width, 0, (int)pixels->height, TJPF_RGB,
                 &data, &size, sampling, quality, 0) == 0);
    buf_add(out, data, size);
    tjFree(data);
    (void)tjDestroy(jpeg);
}

/* What came as PNG or WebP is often a screen or a document: thin coloured lines need their colour
 * in full. What gets too large is tried with less. */
static enum photo_fault image_write(
        const struct pixels *pixels, enum photo_type type, struct buf *out)
{
    const struct {
        int sampling, quality;
    } tries[] = {
            {type == PHOTO_JPEG ? TJSAMP_420 : TJSAMP_444, 90}, {TJSAMP_420, 75}, {TJSAMP_420, 50}};
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        buf_reset(out);
        jpeg_write(pixels, tries[i].sampling, tries[i].quality, out);
        if (out->size <= PHOTO_SIZE_MAX)
            return PHOTO_FINE;
    }
    return PHOTO_LARGE;
}

static enum photo_fault image_read(
        enum photo_type type, const uint8_t *data, size_t size, struct pixels *pixels)
{
    switch (type) {
    case PHOTO_JPEG:
        return jpeg_read(data, size, pixels);
    case PHOTO_PNG:
        return png_read(data, size, pixels);
    case PHOTO_WEBP:
        return webp_read(data, size, pixels);
    case PHOTO_NO_TYPE:
        break;
    }
    return PHOTO_OTHER;
}

enum photo_fault image_make(const uint8_t *data, size_t size, struct photo *ret)
{
    PIXELS_OWNED pixels = {0};
    PIXELS_OWNED small = {0};
    BUF_OWNED image = {0};
    if (size == 0)
        return PHOTO_EMPTY;
    if (size > PHOTO_SIZE_MAX)
        return PHOTO_LARGE;
    enum photo_type type = image_type(data, size);
    enum photo_fault fault = image_read(type, data, size, &pixels);
    if (fault)
        return fault;
    pixels_turn(&pixels, exif_orientation(type, data, size));
    fault = image_write(&pixels, type, &image);
    if (fault)
        return fault;
    pixels_shrink(&pixels, &small);
    *ret = (struct photo){.type = type, .width = pixels.width, .height = pixels.height};
    ret->image = image;
    image = (struct buf){0};
    jpeg_write(&small, TJSAMP_420, THUMB_QUALITY, &ret->thumb);
    must(ret->thumb.size <= PHOTO_THUMB_SIZE_MAX);
    return PHOTO_FINE;
}
