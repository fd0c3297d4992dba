/* Reading checks more than the text: the mode of the open file (not of the path, which may
 * change in between), and that the public key follows from the secret one, since a mixed-up pair
 * would show only as handshakes that fail without a reason. */
#include "services/kernel/bus/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <zmq.h>
#include "services/kernel/base/fault.h"
#include "services/kernel/base/must.h"

#define KEY_BYTES 32
#define KEYFILE_SIZE (2 * KEY_Z85_SIZE) /* two lines, each with its newline */

static enum err keyfile_read(const char *path, char ret[KEYFILE_SIZE], struct buf *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    if (fd < 0 || fstat(fd, &stat) != 0 || FAULT(key_unreadable)) {
        buf_add_format(
                why, "%s: cannot be read (errno %d): make it with huyingctl key\n", path, errno);
        if (fd >= 0) {
            (void)close(fd);
        }
        return ERR_MALFORMED;
    }
    if (stat.st_mode & (S_IRWXG | S_IRWXO)) {
        (void)close(fd);
        buf_add_format(why, "%s: others may read it: expected mode 0600; chmod it\n", path);
        return ERR_DENIED;
    }
    ssize_t size = read(fd, ret, KEYFILE_SIZE);
    (void)close(fd);
    if (size < KEYFILE_SIZE - 1 || ret[KEY_Z85_SIZE - 1] != '\n') {
        buf_add_format(why, "%s: expected two lines of 40 characters of Z85\n", path);
        return ERR_MALFORMED;
    }
    return OK;
}

enum err keyfile_load(const char *path, struct keypair *ret, struct buf *why)
{
    must(path && ret && why);
    char text[KEYFILE_SIZE] = {0};
    enum err err = keyfile_read(path, text, why);
    if (err) {
        return err;
    }
    struct keypair pair = {0};
    memcpy(pair.public_key, text, KEY_Z85_SIZE - 1);
    memcpy(pair.secret_key, text + KEY_Z85_SIZE, KEY_Z85_SIZE - 1);
    sodium_memzero(text, sizeof text);
    char derived[KEY_Z85_SIZE] = "";
    uint8_t raw[KEY_BYTES];
    bool fits = strlen(pair.secret_key) == KEY_Z85_SIZE - 1 &&
                zmq_z85_decode(raw, pair.secret_key) &&
                zmq_curve_public(derived, pair.secret_key) == 0 &&
                strcmp(derived, pair.public_key) == 0;
    sodium_memzero(raw, sizeof raw);
    if (!fits) {
        sodium_memzero(&pair, sizeof pair);
        buf_add_format(why,
                "%s: expected a public key and, below it, the secret key that belongs to it; "
                "make a new pair with huyingctl key\n",
                path);
        return ERR_MALFORMED;
    }
    *ret = pair;
    return OK;
}

void keypair_draw(struct keypair *ret)
{
    /* Fails only when libzmq was built without CURVE, and then nothing here could work. */
    must(zmq_curve_keypair(ret->public_key, ret->secret_key) == 0);
}

enum err keyfile_write(const char *path, const struct keypair *keypair)
{
    char text[KEYFILE_SIZE + 1];
    (void)snprintf(text, sizeof text, "%s\n%s\n", keypair->public_key, keypair->secret_key);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno == EEXIST ? ERR_CONFLICT : ERR_TRANSIENT;
    }
    ssize_t size = write(fd, text, KEYFILE_SIZE);
    sodium_memzero(text, sizeof text);
    bool kept = size == KEYFILE_SIZE && fsync(fd) == 0;
    if (close(fd) != 0 || !kept) {
        (void)unlink(path);
        return ERR_TRANSIENT;
    }
    return OK;
}
