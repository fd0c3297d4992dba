/* huying-photo: one photo from standard input to standard output, both files in memory, in a cage.
 * It logs nothing: whoever started it sees its answer (answer.h), or that there is none. */
#include <stdbool.h>
#include <sys/stat.h>
#include "services/intake/photo/answer.h"
#include "services/intake/photo/cage.h"
#include "services/intake/photo/image.h"

static bool all_write(const void *data_, size_t size)
{
    const uint8_t *data = data_;
    while (size) {
        ssize_t wrote = write(STDOUT_FILENO, data, size);
        if (wrote <= 0)
            return false;
        data += wrote;
        size -= (size_t)wrote;
    }
    return true;
}

static bool photo_write(const struct photo *photo, enum photo_fault fault)
{
    const struct answer_head head = {.magic = ANSWER_MAGIC,
            .fault = fault,
            .type = photo->type,
            .width = photo->width,
            .height = photo->height,
            .image_size = (uint32_t)photo->image.size,
            .thumb_size = (uint32_t)photo->thumb.size};
    return all_write(&head, sizeof head) && all_write(photo->image.data, photo->image.size) &&
           all_write(photo->thumb.data, photo->thumb.size);
}

/* The cage knows no fstat: the size is asked for before it is closed. */
int main(void)
{
    struct stat stat;
    if (fstat(STDIN_FILENO, &stat) != 0 || stat.st_size > PHOTO_SIZE_MAX)
        return 2;
    size_t size = (size_t)stat.st_size, got = 0;
    if (!cage_close())
        return 3;
    uint8_t *data = malloc(size + 1);
    if (!data)
        return 4;
    while (got < size) {
        ssize_t more = read(STDIN_FILENO, data + got, size - got);
        if (more <= 0)
            return 5;
        got += (size_t)more;
    }
    struct photo photo = {0};
    enum photo_fault fault = image_make(data, size, &photo);
    bool done = photo_write(&photo, fault);
    photo_fini(&photo);
    free(data);
    return done ? 0 : 6;
}
