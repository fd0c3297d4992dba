/* Photos, as huying-photo sees them: whatever comes is refused by name, or becomes a photo within
 * the limits that is itself a photo, of the same size, and holds nothing of what the file said
 * beside its picture. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "services/intake/photo/image.h"

static void photo_claim(const struct photo *photo)
{
    PHOTO_OWNED again = {0};
    const uint8_t *data = (const uint8_t *)photo->image.data;
    must(photo->type >= PHOTO_JPEG && photo->type <= PHOTO_WEBP);
    must((uint64_t)photo->width * photo->height <= PHOTO_PIXELS_MAX);
    must(photo->image.size <= PHOTO_SIZE_MAX && photo->thumb.size <= PHOTO_THUMB_SIZE_MAX);
    must(image_make(data, photo->image.size, &again) == PHOTO_FINE);
    must(again.type == PHOTO_JPEG);
    must(again.width == photo->width && again.height == photo->height);
    must(data[photo->image.size - 2] == 0xff && data[photo->image.size - 1] == 0xd9);
    must(!memmem(data, photo->image.size < 600 ? photo->image.size : 600, "Exif", 4));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    PHOTO_OWNED photo = {0};
    enum photo_fault fault = image_make(data, size, &photo);
    must(fault < PHOTO_FAULTS && photo_fault_name(fault)[0]);
    must((fault == PHOTO_FINE) == (photo.image.size > 0));
    if (fault == PHOTO_FINE)
        photo_claim(&photo);
    else
        must(photo.width == 0);
    return 0;
}
