/* Who calls, between protobuf and the plain structs of person.h: as it comes with a report, as it
 * is sealed, as it is asked for and shown. */
#ifndef HUYING_INTAKE_CODEC_PERSON_H
#define HUYING_INTAKE_CODEC_PERSON_H

#include "services/intake/intake.h"
#include "services/intake/person.h"
#include "services/kernel/base/arena.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_directory.h"
#include "services/kernel/wire/envelope.h"

/* Takes the caller of a report, as sent: `reporter` is its hotline.Reporter, or NULL. Clients of
 * Open311 say it without being asked: a site without a key for it leaves it out. */
void caller_take(const void *reporter, struct submission *body, struct arena *arena);
/* Cleans and checks it; the first fault. */
struct fault caller_tidy(struct submission *body, struct arena *arena);
/* Makes what is to be sealed of a report, and of its digest one that does not give it away. After
 * all checks, on the digest of what was sent. */
void submission_protect(struct submission *body, struct arena *arena);
/* … when body->note has been made: the digest alone. */
void digest_protect(struct submission *body, struct arena *arena);
/* What is to be sealed beside a report: NULL when masking hides nothing, or there is no key. */
struct person_note *words_note(const char *ticket, const char *text, struct arena *arena);

/* Decoder of SEE_PERSON and FORGET_PERSON, and what their clients send. */
enum err person_request_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;
void person_request_encode(int64_t id, const char *number, const char *why, struct buf *out);

/* Decoder of RESEAL_PERSON. */
enum err person_reseal_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;

/* What is answered to SEE_PERSON and RESEAL_PERSON; false: a receipt is. */
bool person_answer(const struct report *report,
        const struct input *input,
        const struct outcome *outcome,
        const struct world *world,
        struct buf *out);

/* What is sealed by which key: the two questions of whoever replaces one. */
struct person_key {
    int64_t key, rows;
};
void person_keys_encode(const struct person_key *list, size_t count, struct buf *out);
enum err person_sealed_query_decode(struct bytes payload,
        struct arena *arena,
        struct person_sealed_query *ret,
        const char **ret_why) MUST_CHECK;
void person_sealed_encode(const int64_t *ids, size_t count, struct buf *out);

/* The plain bytes of a row; false: they are none. */
bool kept_person_decode(struct bytes plain, struct arena *arena, struct kept_person *ret);
/* *ret_list in arena memory. */
enum err callers_decode(struct bytes payload,
        struct arena *arena,
        struct kept_person **ret_list,
        size_t *ret_count) MUST_CHECK;

/* A row of the history about persons. */
struct person_read {
    int64_t at_ms, page, idx;
    const char *actor;
    struct bytes detail; /* JSON with "why"; may be empty */
    bool deleted;
};
void person_reads_encode(const struct person_read *list, size_t count, struct buf *out);

#endif
