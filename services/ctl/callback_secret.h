/* Subscribers' secrets for huyingctl callback: drawn here, shown once, kept sealed. */
#ifndef HUYING_CTL_CALLBACK_SECRET_H
#define HUYING_CTL_CALLBACK_SECRET_H

#include "services/ctl/ctl.h"

#define CALLBACK_SECRET_SIZE 64 /* "whsec_", 44 characters, the NUL */

/* Draws a secret, as text to be shown and sealed for that subscriber, by keys/callback.key, which
 * it makes when there is none. Says what is wrong and returns false. */
bool callback_secret_draw(const struct ctl *ctl,
        const char *name,
        char ret_text[CALLBACK_SECRET_SIZE],
        struct buf *ret_sealed);

#endif
