#include "services/intake/callback/people.h"
#include <sodium.h>
#include <string.h>
#include "services/intake/codec_person.h"
#include "services/kernel/base/pure_text.h"

#define ANSWER_MS_MAX 15000
#define CALLERS_SIZE_MAX (4 << 20) /* what all callers of a report may take, with their words */

static void text_take(char *to, size_t room, const char *from)
{
    (void)text_copy(to, room, from, strlen(from));
}

/* ERR_NOT_FOUND: nobody left a contact, or it is forgotten. */
static enum err reply_class(const struct envelope *reply)
{
    if (reply->verdict >= REPLY_FAILED)
        return (enum err)(reply->verdict - REPLY_FAILED);
    if (reply->verdict == VERDICT_APPLIED)
        return OK;
    if (reply->verdict == VERDICT_NOT_FOUND || reply->reason == REASON_CALLER_NONE)
        return ERR_NOT_FOUND;
    return ERR_DENIED;
}

/* The loop's thread: who it is. Nothing of it stays here. */
static void people_seen(void *self, const struct envelope *reply)
{
    struct asking *asking = self;
    struct contact contacts[CONTACTS_MAX];
    struct kept_person *list = NULL;
    struct arena arena;
    size_t count = 0, kept = 0;
    enum err err = reply_class(reply);
    memset(contacts, 0, sizeof contacts);
    arena_init(&arena, CALLERS_SIZE_MAX);
    if (!err)
        err = callers_decode(reply->payload, &arena, &list, &count);
    for (size_t i = 0; !err && i < count && kept < CONTACTS_MAX; i++) {
        struct contact *contact = &contacts[kept++];
        text_take(contact->ticket, sizeof contact->ticket, list[i].ref);
        text_take(contact->name, sizeof contact->name, list[i].person.name);
        text_take(contact->phone, sizeof contact->phone, list[i].person.phone);
        text_take(contact->email, sizeof contact->email, list[i].person.email);
    }
    asking_answer(asking, err, contacts, kept);
    sodium_memzero(contacts, sizeof contacts);
    arena_fini(&arena);
}

enum err people_ask(void *self, struct asking *asking)
{
    const struct people *people = self;
    BUF_OWNED payload = {0}, why = {0};
    buf_add_format(&why, "notice of %s", event_word(asking->notice.kind));
    person_request_encode(asking->notice.key.agg, "", why.data, &payload);
    const struct local_command command = {.type = INTAKE_SEE_PERSON,
            .request_id = "",
            .actor = PEOPLE_ACTOR,
            .peer = PEOPLE_ACTOR,
            .payload = {(const uint8_t *)payload.data, payload.size},
            .span_ms = ANSWER_MS_MAX,
            .done = people_seen,
            .self = asking};
    return people->command(people->self, &command);
}
