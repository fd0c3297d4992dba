/* One try to tell a subscriber, as libcurl runs it: what is sent, and what came back. */
#ifndef HUYING_INTAKE_CALLBACK_TRANSFER_H
#define HUYING_INTAKE_CALLBACK_TRANSFER_H

#include <curl/curl.h>
#include "services/intake/callback/guard.h"
#include "services/intake/callback/notice.h"
#include "services/intake/callback/sign.h"
#include "services/intake/store_callback.h"
#include "services/kernel/base/buf.h"

struct transfer {
    CURL *easy;
    struct curl_slist *headers;
    struct buf body;
    struct callback_key key;
    int64_t lease;
    int tries;
    size_t received;
    size_t sent;         /* of a mail */
    bool mail;
    bool notice;         /* by the operator's own adapter: 410 is no wish of a subscriber's */
    void *owner;         /* the caller's */
    const struct guard *guard; /* NULL: the address is the operator's own */
    char refused[80]; /* an address that it was not let to; "" = none */
    char error[CURL_ERROR_SIZE];
    struct transfer *previous, *next;
};

struct transfer_options {
    const char *ca; /* "" = the system's */
    int64_t timeout_ms;
    const struct guard *guard; /* must outlive the transfer */
};

/* Secrets in force, the newest first. */
struct secrets {
    size_t count;
    struct secret list[2];
};

/* An event, signed at that instant. The caller gives `easy` to a multi handle. */
struct transfer *transfer_new(const struct callback *callback,
        const struct secrets *secrets,
        const struct transfer_options *options,
        int64_t now_ms);
/* A notice to one contact. The adapter must outlive the transfer; its address is not guarded. */
struct transfer *transfer_notice_new(const struct notice_adapter *adapter,
        const struct notice *notice,
        const struct contact *contact,
        size_t at,
        const struct transfer_options *options);
/* What came of it; `random` is for the span until the next try. */
struct callback_end transfer_end(
        const struct transfer *transfer, CURLcode code, uint64_t random);
/* The handle must be out of its multi handle. */
void transfer_destroy(struct transfer **transfer);

#endif
