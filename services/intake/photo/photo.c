/* See photo.h: names and sentences. The taking is take.c's. */
#include "services/intake/photo/photo.h"
#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include "services/kernel/base/must.h"

static const struct {
    const char *name;
    int64_t limit;
    const char *en, *zh;
} faults[PHOTO_FAULTS] = {
#define X(name, number, text, limit, en, zh) [name] = {text, limit, en, zh},
        PHOTO_FAULT_TABLE(X)
#undef X
};

void photo_fini(struct photo *photo)
{
    buf_fini(&photo->image);
    buf_fini(&photo->thumb);
    *photo = (struct photo){0};
}

void photo_name(const uint8_t hash[PHOTO_HASH_SIZE], char ret[PHOTO_NAME_SIZE])
{
    (void)sodium_bin2hex(ret, PHOTO_NAME_SIZE, hash, PHOTO_HASH_SIZE);
}

_Bool photo_name_read(const char *name, uint8_t ret[PHOTO_HASH_SIZE])
{
    size_t size = strlen(name);
    return size == PHOTO_NAME_SIZE - 1 && strspn(name, "0123456789abcdef") == size &&
           sodium_hex2bin(ret, PHOTO_HASH_SIZE, name, size, NULL, NULL, NULL) == 0;
}

const char *photo_fault_name(enum photo_fault fault)
{
    must(fault < PHOTO_FAULTS);
    return faults[fault].name;
}

int64_t photo_fault_limit(enum photo_fault fault)
{
    must(fault < PHOTO_FAULTS);
    return faults[fault].limit;
}

void photo_fault_text(enum photo_fault fault, const char *language, struct buf *out)
{
    must(fault < PHOTO_FAULTS);
    const char *text = strcmp(language, "en") == 0 ? faults[fault].en : faults[fault].zh;
    for (; *text; text++) {
        if (*text == '#')
            buf_add_format(out, "%" PRId64, faults[fault].limit);
        else
            buf_add(out, text, 1);
    }
}
