/* Instances: the real loop of a service (run/lanes.c, tasks.c, receive.c, outgoing.c, query.c and
 * all of store/), turned by simulated events. An instance dies by a fuse: so many more effects
 * (frames and round trips) leave it, then none. */
#ifndef HUYING_TESTS_SIM_NODE_H
#define HUYING_TESTS_SIM_NODE_H

#include <stdbool.h>
#include <stdint.h>
#include "services/kernel/base/service_id.h"
#include "services/kernel/wire/frame.h"

struct node;
struct bus;

void nodes_begin(void);
void nodes_end(void);
struct node *node_start(enum service_id service);
/* The instance in whose name code runs now. */
struct node *node_current(void);
/* Turns it soon; NULL (a dead one) is fine. */
void node_wake(struct node *node, int64_t delay_ms);
/* One effect leaves; true: it died before this one. */
bool node_effect(struct node *node);
/* Dies after so many more effects, and comes back as another one. */
void node_kill(struct node *node, int effects);
void node_stall(struct node *node, int64_t span_ms);
/* A living one at random; NULL = none. */
struct node *node_any(void);
struct node *node_of_bus(struct bus *bus);
bool nodes_idle(const char **ret_why);
int node_number(const struct node *node);
enum service_id node_service(const struct node *node);

#endif
