/* The network and its brokers: kernel/bus/bus.h for the instances, and a client's end for people.
 * A frame goes from its sender through one broker to an instance of the service, or comes back as a
 * NAK; on the way it may be lost, doubled, late. */
#ifndef HUYING_TESTS_SIM_NET_H
#define HUYING_TESTS_SIM_NET_H

#include "services/kernel/bus/bus.h"
#include "tests/sim/node.h"

#define BROKERS_MAX 2

void net_begin(int brokers);
void net_end(void);
struct bus *net_join(struct node *node, enum service_id service);
void net_leave(struct bus *bus);
/* A request of a person or an outside system; `peer` is the name of the key. */
void net_request(const struct frame *head, const uint8_t *payload, size_t size);
void net_broker_die(int broker, int64_t span_ms);
void net_heal(void);
/* A frame that no instance sends: a planted mistake. */
void net_publish(enum service_id from, const struct frame *head, const void *payload, size_t size);
/* A frame waits to be received. */
bool net_arrived(const struct bus *bus);
/* Nothing is under way. */
bool net_quiet(void);

#endif
