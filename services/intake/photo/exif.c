/* See exif.h. */
#include "services/intake/photo/exif.h"
#include <stdbool.h>
#include <string.h>

#define TAG_ORIENTATION 274
#define TYPE_SHORT 3
#define ENTRY_SIZE 12
#define JPEG_SCAN 0xda /* from here on there are no more segments */
#define JPEG_APP1 0xe1
#define SEGMENTS_MAX 1000 /* of a file, to look at */

static const uint8_t exif_mark[6] = {'E', 'x', 'i', 'f', 0, 0};

static uint32_t number_read(const uint8_t *at, int size, bool little)
{
    uint32_t number = 0;
    for (int i = 0; i < size; i++)
        number = number << 8 | at[little ? size - 1 - i : i];
    return number;
}

/* The first directory of a TIFF. */
static int tiff_orientation(const uint8_t *data, size_t size)
{
    if (size < 8 || (memcmp(data, "II*\0", 4) != 0 && memcmp(data, "MM\0*", 4) != 0))
        return 1;
    bool little = data[0] == 'I';
    size_t at = number_read(data + 4, 4, little);
    if (at > size || size - at < 2)
        return 1;
    uint32_t count = number_read(data + at, 2, little);
    at += 2;
    for (uint32_t i = 0; i < count && size - at >= ENTRY_SIZE; i++, at += ENTRY_SIZE) {
        if (number_read(data + at, 2, little) != TAG_ORIENTATION)
            continue;
        uint32_t value = number_read(data + at + 8, 2, little);
        bool fits = number_read(data + at + 2, 2, little) == TYPE_SHORT && value >= 1 && value <= 8;
        return fits ? (int)value : 1;
    }
    return 1;
}

/* With the mark before the TIFF that JPEG asks for, and that some writers of WebP leave there. */
static int exif_read(const uint8_t *data, size_t size)
{
    if (size >= sizeof exif_mark && memcmp(data, exif_mark, sizeof exif_mark) == 0)
        return tiff_orientation(data + sizeof exif_mark, size - sizeof exif_mark);
    return tiff_orientation(data, size);
}

static int jpeg_orientation(const uint8_t *data, size_t size)
{
    size_t at = 2;
    for (int i = 0; i < SEGMENTS_MAX && size - at >= 4 && data[at] == 0xff; i++) {
        size_t length = number_read(data + at + 2, 2, false);
        if (data[at + 1] == JPEG_SCAN || length < 2 || length > size - at - 2)
            return 1;
        const uint8_t *body = data + at + 4;
        if (data[at + 1] == JPEG_APP1 && length - 2 >= sizeof exif_mark &&
                memcmp(body, exif_mark, sizeof exif_mark) == 0)
            return exif_read(body, length - 2);
        at += length + 2;
    }
    return 1;
}

/* PNG: length, name, data, checksum, numbers with the high byte first. WebP (RIFF): name, length,
 * data, a byte when the length is odd, numbers with the low byte first. */
static int chunk_orientation(const uint8_t *data, size_t size, bool png)
{
    const char *name = png ? "eXIf" : "EXIF";
    size_t at = png ? 8 : 12;
    for (int i = 0; i < SEGMENTS_MAX && at <= size && size - at >= 8; i++) {
        size_t length = number_read(data + at + (png ? 0 : 4), 4, !png);
        const uint8_t *body = data + at + 8;
        if (length > size - at - 8)
            return 1;
        if (memcmp(data + at + (png ? 4 : 0), name, 4) == 0)
            return exif_read(body, length);
        at += 8 + length + (png ? 4 : length & 1);
    }
    return 1;
}

int exif_orientation(enum photo_type type, const uint8_t *data, size_t size)
{
    if (type == PHOTO_JPEG)
        return size < 4 ? 1 : jpeg_orientation(data, size);
    if (type == PHOTO_PNG || type == PHOTO_WEBP)
        return chunk_orientation(data, size, type == PHOTO_PNG);
    return 1;
}
