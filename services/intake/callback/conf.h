/* The sections [callback] and [notice] of intake's configuration, and the sender that they
 * describe. */
#ifndef HUYING_INTAKE_CALLBACK_CONF_H
#define HUYING_INTAKE_CALLBACK_CONF_H

#include "services/intake/callback/sender.h"
#include "services/kernel/base/conf.h"
#include "services/kernel/base/err.h"

struct callback_conf {
    char keys[512], ca[512], allow[1024], ports[128];
    int64_t timeout_s, keep_days;
    char adapter[16], url[512], template[512], from[CONTACT_SIZE]; /* of [notice] */
    char user[CONTACT_SIZE], password[CONTACT_SIZE];
};

/* Rows of a table of keys; `at` is the offset of the struct callback_conf in what the table is
 * of. */
/* clang-format off */
#define CALLBACK_CONF_TEXT(at, name)                                                               \
    CONF_TEXT, (at) + offsetof(struct callback_conf, name),                                        \
    sizeof ((struct callback_conf *)0)->name, 0, 0
#define CALLBACK_CONF_INT(at, name, least, most)                                                   \
    CONF_INT, (at) + offsetof(struct callback_conf, name), sizeof(int64_t), least, most
#define CALLBACK_CONF_KEYS(at)                                                                     \
    {"callback", "keys", CALLBACK_CONF_TEXT(at, keys), "",                                         \
     "file of the keys that open subscribers' secrets (huyingctl callback add makes it)"},         \
    {"callback", "allow", CALLBACK_CONF_TEXT(at, allow), "",                                       \
     "nets that callbacks may reach though they are private, as 10.1.0.0/16, by blanks"},          \
    {"callback", "ports", CALLBACK_CONF_TEXT(at, ports), "80 443",                                 \
     "ports that callbacks may reach, separated by blanks"},                                       \
    {"callback", "ca", CALLBACK_CONF_TEXT(at, ca), "",                                             \
     "file of certificates that subscribers' servers are checked by; empty: the system's"},        \
    {"callback", "timeout_s", CALLBACK_CONF_INT(at, timeout_s, 1, 60), "15",                       \
     "seconds for one try"},                                                                       \
    {"callback", "keep_days", CALLBACK_CONF_INT(at, keep_days, 1, 365), "14",                      \
     "days for which what is delivered or given up can be listed and sent again"},                 \
    {"notice", "adapter", CALLBACK_CONF_TEXT(at, adapter), "",                                     \
     "how reporters are told: webhook, smtp; empty: not at all"},                                  \
    {"notice", "url", CALLBACK_CONF_TEXT(at, url), "",                                             \
     "the gateway, https://…, or the mail server, smtps://HOST or smtp://HOST:25"},                \
    {"notice", "template", CALLBACK_CONF_TEXT(at, template), "",                                   \
     "file of the webhook's JSON or the mail's text, with ${words}; empty: a short one"},          \
    {"notice", "from", CALLBACK_CONF_TEXT(at, from), "", "the mail's sender, desk@site.example"},  \
    {"notice", "user", CALLBACK_CONF_TEXT(at, user), "", "whom gateway or server know us by"},     \
    {"notice", "password", CONF_SECRET, (at) + offsetof(struct callback_conf, password),           \
     CONTACT_SIZE, 0, 0, "", "file of the password for it, mode 0600"}
/* clang-format on */

/* What [notice] describes; *ret's channel is NOTICE_NONE when it is empty. ERR_FATAL: `why` says
 * what is wrong. */
enum err notice_conf_read(
        const struct callback_conf *conf, struct notice_adapter *ret, struct buf *why) MUST_CHECK;

/* What the sender needs of its process; all of it outlives it. */
struct callback_process {
    const char *conninfo;
    struct clock clock;
    struct sender_counts *counts;
    struct notice_adapter *adapter; /* filled here */
    struct contact_source contacts;
};
/* Starts the sender's thread. ERR_FATAL: `why` says what is wrong in the sections. */
enum err callback_start(const struct callback_conf *conf,
        const struct callback_process *process,
        struct sender **ret,
        struct buf *why) MUST_CHECK;

#endif
