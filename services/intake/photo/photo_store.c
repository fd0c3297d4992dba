/* See photo_store.h: what the kinds have in common. */
#include "services/intake/photo/photo_store.h"
#include <string.h>
#include "services/kernel/base/must.h"

/* "ab/abcdef….jpg": 256 folders, so that none gets too many. */
static void key_format(const uint8_t hash[PHOTO_HASH_SIZE], bool thumb, char ret[PHOTO_KEY_SIZE])
{
    char name[PHOTO_NAME_SIZE];
    photo_name(hash, name);
    int size = snprintf(ret, PHOTO_KEY_SIZE, "%.2s/%s%s.jpg", name, name, thumb ? ".thumb" : "");
    must(size > 0 && size < PHOTO_KEY_SIZE);
}

enum err photo_put(struct photo_store *store, const struct photo *photo, struct buf *why)
{
    char key[PHOTO_KEY_SIZE];
    key_format(photo->hash, true, key);
    enum err err = store->ops->put(store, key, photo->thumb.data, photo->thumb.size, why);
    if (err)
        return err;
    key_format(photo->hash, false, key);
    return store->ops->put(store, key, photo->image.data, photo->image.size, why);
}

enum err photo_get(struct photo_store *store,
        const uint8_t hash[PHOTO_HASH_SIZE],
        bool thumb,
        struct buf *out,
        struct buf *why)
{
    char key[PHOTO_KEY_SIZE];
    key_format(hash, thumb, key);
    return store->ops->get(store, key, thumb ? PHOTO_THUMB_SIZE_MAX : PHOTO_SIZE_MAX, out, why);
}

enum err photo_remove(
        struct photo_store *store, const uint8_t hash[PHOTO_HASH_SIZE], struct buf *why)
{
    char key[PHOTO_KEY_SIZE];
    key_format(hash, false, key);
    enum err err = store->ops->remove(store, key, why);
    if (err)
        return err;
    key_format(hash, true, key);
    return store->ops->remove(store, key, why);
}

void photo_store_destroy(struct photo_store **store)
{
    if (*store)
        (*store)->ops->destroy(*store);
    *store = NULL;
}
