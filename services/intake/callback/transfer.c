#include "services/intake/callback/transfer.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>
#include "services/intake/callback/event.h"
#include "services/intake/callback/retry.h"
#include "services/intake/callback/sender.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/base/version.h"

#define CONNECT_MS_MAX 5000
#define GONE 410
#define TOO_MANY 429
#define UNAVAILABLE 503

static void address_name(const struct sockaddr *address, char *ret, size_t size)
{
    char text[INET6_ADDRSTRLEN] = "?";
    uint16_t port = 0;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;
        (void)inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
        port = ntohs(in->sin_port);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const void *)address;
        (void)inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof text);
        port = ntohs(in->sin6_port);
    }
    (void)snprintf(ret, size, "%s port %u", text, port);
}

/* libcurl: a socket for that address, which is the one that will be connected to. */
static curl_socket_t socket_open(void *self, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = self;
    if (purpose != CURLSOCKTYPE_IPCXN || !guard_allows(transfer->guard, &address->addr)) {
        address_name(&address->addr, transfer->refused, sizeof transfer->refused);
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* libcurl: some of the answer, of which only the status matters; too much ends it. */
static size_t answer_take(char *data, size_t size, size_t count, void *self)
{
    struct transfer *transfer = self;
    (void)data;
    transfer->received += size * count;
    return transfer->received > SENDER_RESPONSE_MAX ? 0 : size * count;
}

static void header_add(struct transfer *transfer, const char *name, const char *value)
{
    BUF_OWNED line = {0};
    buf_add_format(&line, "%s: %s", name, value);
    transfer->headers = must_memory(curl_slist_append(transfer->headers, line.data));
}

static void headers_sign(
        struct transfer *transfer, const char *id, const struct secrets *secrets, int64_t now_ms)
{
    const struct signed_text text = {id, now_ms / 1000, transfer->body.data, transfer->body.size};
    char at[24], signatures[2 * SIGNATURE_SIZE] = "";
    size_t used = 0;
    must(secrets->count >= 1 && secrets->count <= 2);
    for (size_t i = 0; i < secrets->count; i++) {
        if (i)
            signatures[used++] = ' ';
        signature_make(&secrets->list[i], &text, signatures + used);
        used += SIGNATURE_SIZE - 1;
    }
    (void)snprintf(at, sizeof at, "%" PRId64, text.at_s);
    header_add(transfer, "webhook-id", id);
    header_add(transfer, "webhook-timestamp", at);
    header_add(transfer, "webhook-signature", signatures);
}

#define OPTION(transfer, option, value)                                                            \
    must(curl_easy_setopt((transfer)->easy, CURLOPT_##option, value) == CURLE_OK)

/* What no subscriber's address may change: where to, how long, how much, by whose hands. */
static void bounds_set(struct transfer *transfer, const struct transfer_options *options)
{
    long connect_ms =
            options->timeout_ms < CONNECT_MS_MAX ? (long)options->timeout_ms : (long)CONNECT_MS_MAX;
    OPTION(transfer, NOSIGNAL, 1L);
    OPTION(transfer, PROTOCOLS_STR, transfer->mail ? "smtp,smtps" : "http,https");
    OPTION(transfer, FOLLOWLOCATION, 0L);
    OPTION(transfer, DISALLOW_USERNAME_IN_URL, 1L);
    OPTION(transfer, PROXY, "");
    OPTION(transfer, CONNECTTIMEOUT_MS, connect_ms);
    OPTION(transfer, TIMEOUT_MS, (long)options->timeout_ms);
    if (transfer->guard) {
        OPTION(transfer, OPENSOCKETFUNCTION, socket_open);
        OPTION(transfer, OPENSOCKETDATA, transfer);
    }
    OPTION(transfer, WRITEFUNCTION, answer_take);
    OPTION(transfer, WRITEDATA, transfer);
    OPTION(transfer, ERRORBUFFER, transfer->error);
    if (*options->ca)
        OPTION(transfer, CAINFO, options->ca);
}

static struct transfer *transfer_make(const struct callback_key *key, int64_t lease, int tries)
{
    struct transfer *transfer = must_memory(calloc(1, sizeof *transfer));
    transfer->easy = must_memory(curl_easy_init());
    transfer->key = *key;
    transfer->lease = lease;
    transfer->tries = tries;
    OPTION(transfer, PRIVATE, transfer);
    return transfer;
}

/* The body is made. */
static void post_set(struct transfer *transfer, const char *url, const char *type)
{
    char agent[64];
    header_add(transfer, "Content-Type", type);
    header_add(transfer, "Expect", "");
    (void)snprintf(agent, sizeof agent, "huying/%.20s", version_text());
    OPTION(transfer, URL, url);
    OPTION(transfer, USERAGENT, agent);
    OPTION(transfer, HTTPHEADER, transfer->headers);
    OPTION(transfer, POSTFIELDSIZE, (long)transfer->body.size);
    OPTION(transfer, POSTFIELDS, transfer->body.data);
}

struct transfer *transfer_new(const struct callback *callback,
        const struct secrets *secrets,
        const struct transfer_options *options,
        int64_t now_ms)
{
    char id[EVENT_ID_SIZE];
    struct transfer *transfer = transfer_make(&callback->key, callback->lease, callback->tries);
    transfer->guard = options->guard;
    event_id(&callback->key, id);
    event_body(callback, &transfer->body);
    headers_sign(transfer, id, secrets, now_ms);
    bounds_set(transfer, options);
    post_set(transfer, callback->url, EVENT_CONTENT_TYPE);
    return transfer;
}

/* libcurl: more of the mail. */
static size_t mail_give(char *to, size_t size, size_t count, void *self)
{
    struct transfer *transfer = self;
    size_t left = transfer->body.size - transfer->sent, room = size * count;
    size_t given = left < room ? left : room;
    memcpy(to, transfer->body.data + transfer->sent, given);
    transfer->sent += given;
    return given;
}

static void mail_set(struct transfer *transfer,
        const struct notice_adapter *adapter,
        const struct contact *contact)
{
    BUF_OWNED from = {0}, to = {0};
    buf_add_format(&from, "<%s>", adapter->from);
    buf_add_format(&to, "<%s>", contact->email);
    transfer->headers = must_memory(curl_slist_append(transfer->headers, to.data));
    OPTION(transfer, URL, adapter->url);
    OPTION(transfer, MAIL_FROM, from.data);
    OPTION(transfer, MAIL_RCPT, transfer->headers);
    OPTION(transfer, READFUNCTION, mail_give);
    OPTION(transfer, READDATA, transfer);
    OPTION(transfer, UPLOAD, 1L);
    OPTION(transfer, USE_SSL, (long)CURLUSESSL_TRY);
}

struct transfer *transfer_notice_new(const struct notice_adapter *adapter,
        const struct notice *notice,
        const struct contact *contact,
        size_t at,
        const struct transfer_options *options)
{
    char id[NOTICE_ID_SIZE];
    struct transfer *transfer = transfer_make(&notice->key, notice->lease, notice->tries);
    transfer->notice = true;
    transfer->mail = adapter->channel == NOTICE_MAIL;
    notice_id(notice, at, id);
    bounds_set(transfer, options);
    if (transfer->mail) {
        notice_mail(adapter, notice, contact, id, &transfer->body);
        mail_set(transfer, adapter, contact);
    } else {
        notice_body(adapter, notice, contact, id, &transfer->body);
        header_add(transfer, "webhook-id", id);
        post_set(transfer, adapter->url, "application/json; charset=utf-8");
    }
    if (*adapter->user) {
        OPTION(transfer, USERNAME, adapter->user);
        OPTION(transfer, PASSWORD, adapter->password);
    }
    return transfer;
}

/* A sentence for who lists deliveries; of the receiver's answer it says the status alone. */
static void why_set(
        const struct transfer *transfer, CURLcode code, long status, struct callback_end *end)
{
    const char *text = *transfer->error ? transfer->error : curl_easy_strerror(code);
    if (*transfer->refused)
        (void)snprintf(end->why, sizeof end->why,
                "%s may not be connected to ([callback] allow, ports)", transfer->refused);
    else if (code == CURLE_OK || transfer->received > SENDER_RESPONSE_MAX)
        (void)snprintf(end->why, sizeof end->why, "the receiver answered %ld, expected 200 to 299",
                status);
    else if (text_valid(text, strlen(text)))
        (void)text_copy(end->why, sizeof end->why, text, strlen(text));
    else
        (void)snprintf(end->why, sizeof end->why, "%.100s", curl_easy_strerror(code));
}

struct callback_end transfer_end(const struct transfer *transfer, CURLcode code, uint64_t random)
{
    struct callback_end end = {.key = transfer->key, .lease = transfer->lease};
    bool whole = code == CURLE_OK || transfer->received > SENDER_RESPONSE_MAX;
    curl_off_t asked_s = 0;
    long status = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &asked_s);
    end.status = (int)status;
    end.gone = whole && status == GONE && !transfer->notice;
    bool refused = transfer->mail && status >= 500 && code != CURLE_OK; /* for good: RFC 5321 */
    if (whole && (transfer->mail || (status >= 200 && status <= 299))) {
        end.done = DELIVERY_DELIVERED;
        return end;
    }
    why_set(transfer, code, status, &end);
    if (status != TOO_MANY && status != UNAVAILABLE)
        asked_s = 0;
    end.next_ms =
            end.gone || refused ? -1 : retry_span_ms(transfer->tries, (int64_t)asked_s, random);
    if (end.next_ms < 0) {
        end.done = DELIVERY_GIVEN_UP;
        end.next_ms = 0;
    }
    return end;
}

void transfer_destroy(struct transfer **transfer_)
{
    struct transfer *transfer = *transfer_;
    *transfer_ = NULL;
    if (!transfer)
        return;
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    buf_fini(&transfer->body);
    free(transfer);
}
