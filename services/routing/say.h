/* What a reporter is told of his case, in sentences that can be read out to a caller: in Chinese,
 * and the same in English. Intake chooses the language. What a member of staff said is quoted only
 * where it is meant for the reporter; it is cut and cleaned so that the whole keeps intake's limits
 * (SAY_LENGTH_MAX characters, no control characters): a message that broke them would be a dead
 * letter, and the reporter would hear nothing. To add a sentence: a row of a table in say.c. */
#ifndef HUYING_ROUTING_SAY_H
#define HUYING_ROUTING_SAY_H

#include "services/kernel/base/buf.h"
#include "services/routing/routing.h"

#define SAY_LENGTH_MAX 2000 /* characters of a whole sentence, as intake takes it */

enum ending {
    ENDING_CHECKED,  /* done, and verified */
    ENDING_ALONG,    /* with the case that it was merged into */
    ENDING_ANSWERED, /* `said` is the answer */
    ENDING_WITHDRAWN,
    ENDING_REFERRED /* `said`: where else to turn */
};

/* The sentence in both languages, appended. */
void ending_say(
        enum intent intent, enum ending ending, const char *said, struct buf *zh, struct buf *en);

#endif
