/* Many requests at a time to one HTTP port of the site, each answered whole: connections are kept,
 * WEB_AT_ONCE requests are under way. By libcurl; to 127.0.0.1 alone, never over a proxy. */
#ifndef HUYING_CTL_WEB_H
#define HUYING_CTL_WEB_H

#include <stddef.h>
#include <stdint.h>
#include "services/ctl/ctl.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"

#define WEB_AT_ONCE 64
#define WEB_ANSWER_MAX (4u << 20) /* bytes of one answer */

struct web;

struct web_request {
    const char *path;        /* with what follows a '?' */
    const char *const *head; /* lines "Name: value", NULL at the end; NULL: none */
    const char *body;        /* of a POST; NULL: a GET */
    size_t size;
    long status;       /* of the answer; 0: there was none */
    struct buf answer; /* the caller's to free */
};

/* The port on which this machine takes reports over HTTP; 0, and it has said so: none is known. */
int web_port(const struct ctl *ctl);
struct web *web_new(int port);
/* Accepts NULL. */
void web_destroy(struct web **web);
/* ERR_TRANSIENT: some have no answer after `within_ms` (their status is 0). Requests are begun in
 * their order, and may arrive in any. */
enum err web_ask(struct web *web,
        struct web_request *requests,
        size_t count,
        int64_t within_ms) MUST_CHECK;

#endif
