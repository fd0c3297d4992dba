/* What people call the words of the services: states, transitions, levels, counters, in both
 * languages. The words themselves are the services' (their tables give the stable names that
 * history and counters carry); a word that is not in the table is shown as it is, so that a newer
 * service's transitions appear under their own names. To translate one: a line in names.c. */
#ifndef HUYING_CTL_NAMES_H
#define HUYING_CTL_NAMES_H

#include <stdint.h>
#include "services/ctl/ctl.h"
#include "services/kernel/base/service_id.h"

enum name_kind { NAME_STATE, NAME_STEP };

/* The state's or transition's name; `word` itself when there is none. */
const char *name_of(
        const struct ctl *ctl, enum service_id service, enum name_kind kind, const char *word);
/* False when the table has no such word: for the test that compares it with the services'. */
bool name_known(enum service_id service, enum name_kind kind, const char *word);

/* "grid" → 网格; the word itself when it is none. */
const char *name_level(const struct ctl *ctl, const char *word);
const char *name_handler(const struct ctl *ctl, const char *word);
/* What the handler's own list says of a matter. */
const char *name_duty(const struct ctl *ctl, const char *word);
const char *name_intent(const struct ctl *ctl, const char *word);
const char *name_service(const struct ctl *ctl, enum service_id service);

/* What can be done with a case in that state by that kind of handler; "" = nothing. */
const char *name_next(const struct ctl *ctl, const char *state, const char *handler_kind);

/* What somebody may do next, as routing lists it: in Chinese what the steps are called, in English
 * the words that `huyingctl act` takes. */
void names_actions(const struct ctl *ctl, char *const *actions, size_t count, struct buf *out);

/* A counter: the service's number and word for it, and a heading. */
struct metric_name {
    enum service_id service;
    uint16_t number;
    const char *word, *zh, *en;
};
extern const struct metric_name METRIC_NAMES[];
extern const size_t METRIC_NAME_COUNT;
/* NULL when there is none. */
const struct metric_name *metric_find(enum service_id service, int64_t number);

#endif
