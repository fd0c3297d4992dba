/* huyingctl as the demo hotline: a replay and a story push with the site's key hotline-demo; and as
 * any hotline, by its own rights, to ask what is on record of it. */
#ifndef HUYING_CTL_CTL_HOTLINE_H
#define HUYING_CTL_CTL_HOTLINE_H

#include "services/ctl/ctl.h"
#include "services/intake/hotline/hotline.h"

/* Opens it; says why not. The caller closes it. */
enum err ctl_hotline_open(const struct ctl *ctl, int site, struct hotline **ret) MUST_CHECK;
/* The same with huyingctl's own key, in the name of the hotline `source`: for questions. */
enum err ctl_hotline_open_as(
        const struct ctl *ctl, int site, const char *source, struct hotline **ret) MUST_CHECK;

#endif
