/* What huying-photo writes to its standard output, between it and photo_take: this head, then the
 * image, then the small one. Both are of one build, on one machine; a reader believes nothing of
 * it, since it was written by a process that a stranger's bytes may have taken over. */
#ifndef HUYING_INTAKE_PHOTO_ANSWER_H
#define HUYING_INTAKE_PHOTO_ANSWER_H

#include <stdint.h>
#include "services/intake/photo/photo.h"

#define ANSWER_MAGIC UINT32_C(0x31467068) /* "hpF1" */
#define ANSWER_SIZE_MAX (PHOTO_SIZE_MAX + PHOTO_THUMB_SIZE_MAX + 4096)

struct answer_head {
    uint32_t magic;
    uint32_t fault; /* enum photo_fault; the rest is 0 unless it is PHOTO_FINE */
    uint32_t type, width, height;
    uint32_t image_size, thumb_size;
};

#endif
