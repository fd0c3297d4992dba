/* Whom a notice is for, by the only way that there is: the command SEE_PERSON, which leaves a step
 * and a leaf each time, in the name of `system:notice`. */
#ifndef HUYING_INTAKE_CALLBACK_PEOPLE_H
#define HUYING_INTAKE_CALLBACK_PEOPLE_H

#include "services/intake/callback/contact.h"
#include "services/kernel/run/service.h"

#define PEOPLE_ACTOR "system:notice"

/* The process's loop. */
struct people {
    enum err (*command)(void *self, const struct local_command *command);
    void *self;
};

/* contact_source.ask; `self` is a struct people. */
enum err people_ask(void *self, struct asking *asking);

#endif
