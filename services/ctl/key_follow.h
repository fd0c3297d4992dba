/* huyingctl key follow and key persons, a part of the command `key`. */
#ifndef HUYING_CTL_KEY_FOLLOW_H
#define HUYING_CTL_KEY_FOLLOW_H

#include <stdbool.h>
#include "services/ctl/ctl.h"

/* Makes keys/follow.key; with `replace` puts a new key before those that are there. Says what it
 * did or why not, and returns the exit status. */
int key_follow(const struct ctl *ctl, bool replace);
/* The same with keys/persons.key, whose keys seal who calls. */
int key_persons(const struct ctl *ctl, bool replace);

#endif
