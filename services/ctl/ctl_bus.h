/* huyingctl's connection to the bus, with its own key or another one of the site's. */
#ifndef HUYING_CTL_CTL_BUS_H
#define HUYING_CTL_CTL_BUS_H

#include "services/ctl/ctl.h"
#include "services/kernel/bus/client.h"

#define CTL_CALL_MS 60000
#define CTL_ASK_MS 10000            /* a question that a person waits for */
#define CTL_ANSWERS_MAX (64u << 20) /* bytes of answers that a command holds at once */

/* Connects with conf/ctl.conf's key and brokers; says why not. */
enum err ctl_bus_connect(const struct ctl *ctl, struct client **ret) MUST_CHECK;

/* Sends the requests and waits for CTL_ASK_MS. Says of each service once why it did not answer or
 * apply, with what to do. True when all did; each request's err and verdict tell which. */
bool ctl_bus_ask(const struct ctl *ctl,
        struct client *client,
        enum frame_kind kind,
        struct client_request *requests,
        size_t count,
        struct arena *arena);

#define REQUEST_ID_SIZE 33
/* A fresh request id: 32 hexadecimal digits drawn at random. */
void request_id_make(char ret[REQUEST_ID_SIZE]);

#endif
