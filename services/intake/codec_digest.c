/* What tells the repetition of a body from another body under the same ticket: the third part of
 * codec.c. To add a field: a line in wishes_hash() that writes nothing while the field says
 * nothing. */
#include <sodium.h>
#include <string.h>
#include "services/intake/codec.h"
#include "services/intake/near.h"
#include "services/intake/open311.h"
#include "services/intake/person.h"

static void hash_text(crypto_hash_sha256_state *hash, const char *text)
{
    uint64_t size = strlen(text);
    crypto_hash_sha256_update(hash, (const unsigned char *)&size, sizeof size);
    crypto_hash_sha256_update(hash, (const unsigned char *)text, size);
}

static void caller_hash(crypto_hash_sha256_state *hash, const struct person *caller)
{
    hash_text(hash, "caller");
#define X(name, chars) hash_text(hash, caller->name);
    PERSON_TABLE(X)
#undef X
    hash_text(hash, caller->confidential ? "confidential" : "");
}

/* Fields that reports did not always have: left out when they say nothing, so that a body of before
 * has the digest of before. */
static void wishes_hash(crypto_hash_sha256_state *hash, const struct submission *submission)
{
    if (submission->intent == INTENT_URGE) {
        hash_text(hash, "about");
        hash_text(hash, submission->about);
    } else if (submission->intent != INTENT_REPORT) {
        hash_text(hash, "intent");
        hash_text(hash, intent_word(submission->intent));
    }
    if (submission->settled)
        hash_text(hash, "settled");
    if (submission->wants_progress)
        hash_text(hash, "wants_progress");
    if (*submission->to) {
        hash_text(hash, "to");
        hash_text(hash, submission->to);
    }
    if (submission_joins(submission)) {
        hash_text(hash, "join");
        hash_text(hash, submission->join);
    }
    if (submission->coordinates != COORDINATES_WGS84) {
        const uint8_t coordinates = (uint8_t)submission->coordinates;
        hash_text(hash, "coordinates");
        crypto_hash_sha256_update(hash, &coordinates, sizeof coordinates);
    }
    if (submission->listed) {
        const struct listed *listed = submission->listed;
        const char *const texts[] = {"listed", listed->jurisdiction, listed->service,
                listed->description, listed->address, listed->address_id, listed->media_url};
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            hash_text(hash, texts[i]);
    }
    for (size_t i = 0; i < submission->photo_count; i++) {
        hash_text(hash, "photo");
        crypto_hash_sha256_update(hash, submission->photos[i], PHOTO_HASH_SIZE);
    }
    if (submission->caller)
        caller_hash(hash, submission->caller);
    for (int i = 0; i < submission->evidence_count; i++) {
        const uint8_t pair[2] = {submission->evidence[i].kind, submission->evidence[i].count};
        hash_text(hash, "evidence");
        crypto_hash_sha256_update(hash, pair, sizeof pair);
    }
}

void submission_digest(struct submission *submission)
{
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    hash_text(&hash, submission->ticket);
    hash_text(&hash, submission->matter);
    hash_text(&hash, submission->text);
    hash_text(&hash, submission->reporter);
    uint64_t count = submission->unit_code_count;
    crypto_hash_sha256_update(&hash, (const unsigned char *)&count, sizeof count);
    for (size_t i = 0; i < submission->unit_code_count; i++)
        hash_text(&hash, submission->unit_codes[i]);
    /* -0.0 and 0.0 are one place: adding 0.0 makes them one bit pattern. */
    double point[2] = {submission->longitude + 0.0, submission->latitude + 0.0};
    int64_t instants[2] = {submission->reported_ms, submission->promised_ms};
    crypto_hash_sha256_update(&hash, (const unsigned char *)point, sizeof point);
    crypto_hash_sha256_update(&hash, (const unsigned char *)instants, sizeof instants);
    wishes_hash(&hash, submission);
    crypto_hash_sha256_final(&hash, submission->digest);
}
