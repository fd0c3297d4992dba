/* What a subscriber is sent: a CloudEvents 1.0 event (cloudevents.io) as JSON, structured mode.
 * Nothing in it is personal: no text, no caller. What is there stays the same however often it is
 * sent: facts of the delivery's own row. */
#ifndef HUYING_INTAKE_CALLBACK_EVENT_H
#define HUYING_INTAKE_CALLBACK_EVENT_H

#include "services/intake/store_callback.h"
#include "services/kernel/base/buf.h"

#define EVENT_ID_SIZE 64
#define EVENT_TYPE_PREFIX "cn.huying.report."
#define EVENT_CONTENT_TYPE "application/cloudevents+json; charset=utf-8"

/* NULL when nobody is told of such steps. */
const char *event_word(enum report_step kind);
/* "msg_3_2533274790395905_4": subscriber, report, version. The same at each try, so that who has
 * had it knows; without a full stop, which would end it in what is signed. */
void event_id(const struct callback_key *key, char ret[EVENT_ID_SIZE]);
void event_body(const struct callback *callback, struct buf *out);

#endif
