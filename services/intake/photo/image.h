/* From a file's bytes to the photo that is kept: what it is by its content, how large it will be,
 * decoded to its end, turned upright, encoded anew, and made small. Memory only; in the process of
 * huying-photo, in tests and in the fuzz target, nowhere else. The decoders are libjpeg-turbo's,
 * libpng's and libwebp's own: the three libraries that all browsers have, each alone, rather than
 * one that has them and ten more formats in it. */
#ifndef HUYING_INTAKE_PHOTO_IMAGE_H
#define HUYING_INTAKE_PHOTO_IMAGE_H

#include "services/intake/photo/photo.h"

/* All of *ret but the hash. On a fault *ret is untouched. */
enum photo_fault image_make(const uint8_t *data, size_t size, struct photo *ret) MUST_CHECK;

/* By the first bytes; PHOTO_NO_TYPE: something else. */
enum photo_type image_type(const uint8_t *data, size_t size);

#endif
