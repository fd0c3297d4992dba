/* People and outside systems: a hotline that pushes reports and takes some back, and staff that
 * accepts, handles, verifies, arrives, claims. They look at what is committed and act on it, often
 * too late or in the wrong order, ask again under the same request id until they are answered, and
 * sometimes once more. */
#ifndef HUYING_TESTS_SIM_PEOPLE_H
#define HUYING_TESTS_SIM_PEOPLE_H

#include "services/kernel/wire/envelope.h"
#include "services/kernel/wire/frame.h"

void people_begin(void);
void people_end(void);
/* A reply has come. */
void people_reply(const struct frame *head, const uint8_t *payload, size_t size);
/* A reply leaves its service: is what it says in the database? */
void people_told(const struct envelope *reply);
/* Everybody was answered, or does not want to know any more. */
bool people_content(void);
/* At rest: what was told is still there, but for what a restore took back. */
void people_check(void);
/* Operators replay what is buried: from now on, until nothing is. */
void people_replay(void);

#endif
