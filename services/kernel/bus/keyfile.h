/* A process's own CURVE key pair: a file of two lines, the public key and the secret one in Z85,
 * that nobody but its owner may read. Written by `huyingctl key`; used by brokers, services and
 * tools. */
#ifndef HUYING_BUS_KEYFILE_H
#define HUYING_BUS_KEYFILE_H

#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/bus/peers.h"

struct keypair {
    char public_key[KEY_Z85_SIZE], secret_key[KEY_Z85_SIZE];
};

/* ERR_DENIED: group or others may read it. ERR_MALFORMED: cannot be read, not two lines of Z85,
 * or the two do not belong together. *ret is untouched then and `why` says what to do; it never
 * holds key material. */
enum err keyfile_load(const char *path, struct keypair *ret, struct buf *why) MUST_CHECK;
/* Draws a new pair from the system's randomness. */
void keypair_draw(struct keypair *ret);
/* Creates `path` with mode 0600; ERR_CONFLICT when it is there already, ERR_TRANSIENT otherwise. */
enum err keyfile_write(const char *path, const struct keypair *keypair) MUST_CHECK;

#endif
