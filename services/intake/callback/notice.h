/* What a reporter is told at the steps that matter, through the site's adapter: a webhook (an SMS
 * or public-account gateway, whose body is a template) or mail by SMTP. The contact is known only
 * while the notice is sent; it is in no row of deliveries and in no log.
 *
 * A template is text with ${words}: number, state, said (a sentence in both languages), text (what
 * the reporter is told of the outcome), name, phone, email, id, at. A webhook's is JSON, in whose
 * strings the words stand; a mail's begins with the line "Subject: …" and an empty line. */
#ifndef HUYING_INTAKE_CALLBACK_NOTICE_H
#define HUYING_INTAKE_CALLBACK_NOTICE_H

#include "services/intake/callback/event.h"
#include "services/intake/store_callback.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/pure_id.h"

#define NOTICE_TEMPLATE_MAX 8192
#define NOTICE_ID_SIZE (EVENT_ID_SIZE + 8)
#define CONTACT_SIZE 256

enum notice_channel { NOTICE_NONE, NOTICE_WEBHOOK, NOTICE_MAIL };

/* Somebody who reported; what is not known is "". */
struct contact {
    char ticket[TICKET_SIZE], name[CONTACT_SIZE], phone[CONTACT_SIZE], email[CONTACT_SIZE];
};

/* What a notice says, beside the contact. Own memory. */
struct notice {
    struct callback_key key;
    int64_t lease, at_ms;
    int tries, utc_offset_s;
    int32_t round;
    enum report_step kind;
    enum report_state state;
    char ticket[TICKET_SIZE]; /* of who reported first */
    char number[CASE_NUMBER_SIZE];
    char text[4 * TEXT_CHARS_MAX + 1];
};

struct notice_adapter {
    enum notice_channel channel;
    char url[512], from[CONTACT_SIZE], user[CONTACT_SIZE], password[CONTACT_SIZE];
    char template[NOTICE_TEMPLATE_MAX];
};

struct notice notice_of(const struct callback *callback);
/* True when that contact is to be told by that adapter: it has the address for it, and of the
 * acceptance only who reported first is told. */
bool notice_wanted(const struct notice *notice,
        const struct notice_adapter *adapter,
        const struct contact *contact);
/* "msg_3_2533274790395905_4_0": the same at each try to that contact. */
void notice_id(const struct notice *notice, size_t contact, char ret[NOTICE_ID_SIZE]);

/* ERR_MALFORMED: `why` says which word is none, that a webhook's is no JSON, or that a mail's has
 * no subject. */
enum err notice_template_check(const struct notice_adapter *adapter, struct buf *why) MUST_CHECK;
/* The body of a webhook. */
void notice_body(const struct notice_adapter *adapter,
        const struct notice *notice,
        const struct contact *contact,
        const char *id,
        struct buf *out);
/* A whole mail: header in ASCII (RFC 2047), text in base 64. */
void notice_mail(const struct notice_adapter *adapter,
        const struct notice *notice,
        const struct contact *contact,
        const char *id,
        struct buf *out);
/* The template where a site gives none. */
const char *notice_template(enum notice_channel channel);

#endif
