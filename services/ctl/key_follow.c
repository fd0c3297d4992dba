/* huyingctl key follow and key persons: the keys of the codes by which residents follow their
 * reports, and those that seal who calls. A file of 64 hex digits a line, which intake reads: the
 * first makes and seals, all of them are accepted and open, so a new key goes in front and the
 * earlier ones stay until somebody takes their lines out. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "services/ctl/commands.h"
#include "services/ctl/key_follow.h"

#define KEY_BYTES 32
#define KEYS_MAX 8 /* as many as intake reads */

static size_t keys_count(const char *text)
{
    size_t count = 0;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **it = lines; *it; it++)
        count += **it != '\0' && **it != '#' && **it != '\r';
    return count;
}

static bool file_write(const struct ctl *ctl, const char *path, const char *before)
{
    unsigned char key[KEY_BYTES];
    char hex[2 * KEY_BYTES + 1];
    randombytes_buf(key, sizeof key);
    (void)sodium_bin2hex(hex, sizeof hex, key, sizeof key);
    char *text = g_strconcat(hex, "\n", before, NULL);
    enum err err = ctl_file_write(path, text, strlen(text), 0600);
    int error = errno;
    sodium_memzero(text, strlen(text));
    sodium_memzero(hex, sizeof hex);
    sodium_memzero(key, sizeof key);
    g_free(text);
    if (err != OK)
        ctl_fail(ctl, "%s 写不了:%s", "%s cannot be written: %s", path, g_strerror(error));
    return err == OK;
}

static int done_say(const struct ctl *ctl, const char *path, size_t count, bool seals)
{
    if (ctl->json)
        ctl_json(json_pack("{s:s, s:I}", "file", path, "keys", (json_int_t)count));
    else if (seals)
        ctl_print(ctl,
                "%s:%zu 个密钥,第一个用来加密来电人信息。请与数据库分开备份;向 intake 发 SIGHUP "
                "生效\n",
                "%s: %zu keys, the first seals who calls. Back it up apart from the database; "
                "SIGHUP to intake\n",
                path, count);
    if (!ctl->json && seals && count > 1)
        ctl_print(ctl,
                "所有 intake 实例读到之后,运行 huyingctl caller reseal 把旧信息改用新密钥加密\n",
                "when every intake has read it, huyingctl caller reseal seals by it what the old "
                "ones sealed\n");
    if (!ctl->json && !seals)
        ctl_print(ctl, "%s:%zu 个密钥,第一个用来生成查询码。向 intake 发 SIGHUP 生效\n",
                "%s: %zu keys, the first makes codes. SIGHUP to intake\n", path, count);
    return EXIT_DONE;
}

static int key_line_add(const struct ctl *ctl, const char *name, bool replace, bool seals)
{
    char path[CTL_PATH_SIZE];
    g_autoptr(GError) error = NULL;
    g_autofree char *before = NULL;
    if (sodium_init() < 0 || ctl_dir_make(ctl, "keys") != OK)
        return EXIT_FAILED;
    ctl_path(ctl, path, "%s", name);
    bool there = g_file_get_contents(path, &before, NULL, &error);
    if (!there && !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return ctl_fail(ctl, "%s 读不了:%s", "%s cannot be read: %s", path, error->message);
    if (there && !replace)
        return ctl_fail(ctl, "%s 已经存在;要换新密钥请加 --replace,旧的仍可核对",
                "%s is there already; --replace puts a new key in front, the old ones stay valid",
                path);
    size_t count = there ? keys_count(before) : 0;
    if (count >= KEYS_MAX)
        return ctl_fail(ctl, "%s 已有 %zu 个密钥,最多 %d 个;请先删去最下面的旧密钥",
                "%s has %zu keys, expected at most %d; take out the oldest, at its end, first",
                path, count, KEYS_MAX);
    bool written = file_write(ctl, path, there ? before : "");
    if (there)
        sodium_memzero(before, strlen(before));
    return written ? done_say(ctl, path, count + 1, seals) : EXIT_FAILED;
}

int key_follow(const struct ctl *ctl, bool replace)
{
    return key_line_add(ctl, "keys/follow.key", replace, false);
}

int key_persons(const struct ctl *ctl, bool replace)
{
    return key_line_add(ctl, "keys/persons.key", replace, true);
}
