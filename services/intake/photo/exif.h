/* How the camera was held: the orientation in a photo's EXIF data, wherever the file's format keeps
 * that. Everything else in it is left unread. All offsets and lengths are a stranger's: what is out
 * of bounds ends the search. */
#ifndef HUYING_INTAKE_PHOTO_EXIF_H
#define HUYING_INTAKE_PHOTO_EXIF_H

#include <stddef.h>
#include <stdint.h>
#include "services/intake/photo/photo.h"

/* 1 to 8, as TIFF 6.0 numbers them (tag 274); 1, upright, when nothing is said. */
int exif_orientation(enum photo_type type, const uint8_t *data, size_t size);

#endif
