/* What is watched while a run goes on, from the database's rows and the frames alone: nothing
 * leaves that is not confirmed, no number is used twice, no deadline fires early. The planted
 * mistakes that need eyes of this kind are here as well. */
#ifndef HUYING_TESTS_SIM_MONITOR_H
#define HUYING_TESTS_SIM_MONITOR_H

#include "tests/sim/net.h"
#include "tests/sim/session.h"

void monitor_begin(void);
void monitor_end(void);
/* True when this state cannot be stored: a row's CHECK that a report was made to break. */
bool monitor_poison(enum service_id service, const struct version *version);
void monitor_steps(const struct call *call);
/* A row of the outbox that the transaction has just made. */
enum exec monitor_sent(struct call *call, const struct version *version);
void monitor_frame_out(
        enum service_id source, const struct frame *head, const uint8_t *payload, size_t size);
void monitor_events_in(
        struct bus *bus, const struct frame *head, const uint8_t *payload, size_t size);

#endif
