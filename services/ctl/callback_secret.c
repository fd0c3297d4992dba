#include "services/ctl/callback_secret.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "services/kernel/base/seal.h"

#define FILE_NAME "keys/callback.key"
#define SECRET_BYTES 32
#define PREFIX "whsec_"

static bool file_make(const struct ctl *ctl, const char *path)
{
    unsigned char key[SEAL_KEY_SIZE];
    char text[2 * SEAL_KEY_SIZE + 2];
    randombytes_buf(key, sizeof key);
    (void)sodium_bin2hex(text, sizeof text, key, sizeof key);
    text[sizeof text - 2] = '\n';
    text[sizeof text - 1] = '\0';
    enum err err = ctl_dir_make(ctl, "keys");
    if (err == OK)
        err = ctl_file_write(path, text, strlen(text), 0600);
    int error = errno;
    sodium_memzero(text, sizeof text);
    sodium_memzero(key, sizeof key);
    if (err != OK)
        ctl_fail(ctl, "%s 写不了:%s", "%s cannot be written: %s", path, g_strerror(error));
    else
        ctl_say(ctl, "已生成 %s;每个 intake 的 [callback] keys 都要指向它\n",
                "%s is made; [callback] keys of every intake has to name it\n", path);
    return err == OK;
}

static bool keys_load(const struct ctl *ctl, struct seal_keys *keys)
{
    char path[CTL_PATH_SIZE];
    BUF_OWNED why = {0};
    ctl_path(ctl, path, FILE_NAME);
    if (access(path, F_OK) != 0 && !file_make(ctl, path))
        return false;
    if (seal_keys_load(path, keys, &why) == OK)
        return true;
    ctl_fail(ctl, "密钥文件不能用:%s", "the key file is of no use: %s", why.data);
    return false;
}

bool callback_secret_draw(const struct ctl *ctl,
        const char *name,
        char ret_text[CALLBACK_SECRET_SIZE],
        struct buf *ret_sealed)
{
    struct seal_keys keys;
    unsigned char secret[SECRET_BYTES];
    if (sodium_init() < 0 || !keys_load(ctl, &keys))
        return false;
    randombytes_buf(secret, sizeof secret);
    memcpy(ret_text, PREFIX, sizeof PREFIX);
    (void)sodium_bin2base64(ret_text + sizeof PREFIX - 1, CALLBACK_SECRET_SIZE - sizeof PREFIX + 1,
            secret, sizeof secret, sodium_base64_VARIANT_ORIGINAL);
    seal_close(&keys, name, ret_text, strlen(ret_text), ret_sealed);
    seal_keys_wipe(&keys);
    sodium_memzero(secret, sizeof secret);
    return true;
}
