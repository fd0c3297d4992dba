/* The organisation tree for commands that show units and matters by their names. */
#ifndef HUYING_CTL_SITE_DIRECTORY_H
#define HUYING_CTL_SITE_DIRECTORY_H

#include "services/ctl/ctl.h"
#include "services/kernel/base/pure_directory.h"

/* Reads the directory over a connection of its own; says why not and returns NULL. The caller
 * destroys it. */
struct directory *site_directory(const struct ctl *ctl);

/* "Los Angeles (LA) › Council District 10 (CD-10)", from the root down; "-" without a unit, the
 * number when the directory does not have it. g_free() it. */
char *unit_path(const struct ctl *ctl, const struct directory *directory, int64_t id);
/* The last part of it, "Council District 10 (CD-10)". g_free() it. */
char *unit_title(const struct ctl *ctl, const struct directory *directory, int64_t id);
/* The name in the person's language; "" without a unit. Borrowed, or the number in `ret`. */
#define UNIT_NUMBER_SIZE 24
const char *unit_name(const struct ctl *ctl,
        const struct directory *directory,
        int64_t id,
        char ret[UNIT_NUMBER_SIZE]);
/* "Graffiti Removal (GRAFFITI)"; the code alone when the directory does not have it. g_free()
 * it. */
char *matter_title(const struct ctl *ctl, const struct directory *directory, const char *code);

#endif
