/* What huyingctl asks of the database outside of profiles (store_profile.h). All blocking, on a
 * ready connection; ERR_TRANSIENT with pg_message() when a statement failed. */
#ifndef HUYING_CTL_STORE_H
#define HUYING_CTL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/store/pg.h"

/* Raises the site's incarnation by hand. ERR_NOT_FOUND: nothing was applied yet. */
enum err store_incarnation_raise(struct pg *pg, int64_t *ret) MUST_CHECK;

/* Lines "name = value" of durability settings that the site must not run with; empty: all is
 * well. */
enum err store_durability_check(struct pg *pg, struct buf *ret_wrong) MUST_CHECK;

enum err store_role_exists(struct pg *pg, const char *role, bool *ret) MUST_CHECK;
/* Creates the role with LOGIN, or sets its password when it is there. The server gets a SCRAM
 * verifier, never the password. Opens a connection of its own. `why` says what went wrong. */
enum err store_role_set(
        const char *conninfo, const char *role, const char *password, struct buf *why) MUST_CHECK;

#define DEPLOYED_MAX 512
#define CHANGE_SIZE 128
#define HASH_SIZE 41

/* Changes that a sqitch registry says were deployed, in order. */
struct deployed {
    size_t count;
    struct {
        char project[64], change[CHANGE_SIZE], hash[HASH_SIZE];
    } list[DEPLOYED_MAX];
};
/* `registry` is one of our own schema names. No such registry: count 0. ERR_LIMIT: too many. */
enum err store_deployed(struct pg *pg, const char *registry, struct deployed *ret) MUST_CHECK;

#endif
