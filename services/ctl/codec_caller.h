/* What huyingctl asks intake about who calls (intake.proto), as plain structs. Decoded texts live
 * in the arena; ERR_MALFORMED when an answer is not what its type says. What callers_shown_decode()
 * gives is personal: it goes to standard output and nowhere else. */
#ifndef HUYING_CTL_CODEC_CALLER_H
#define HUYING_CTL_CODEC_CALLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/arena.h"
#include "services/kernel/base/err.h"
#include "services/kernel/wire/envelope.h"

enum caller_type {
    CALLER_SEE = 1506,
    CALLER_FORGET = 1507,
    CALLER_RESEAL = 1508,
    CALLER_REPORT = 1602,
    CALLER_READS = 1606,
    CALLER_KEYS = 1607,
    CALLER_SEALED = 1608
};

#define CALLER_WHY_MIN 4 /* characters of a reason */
#define CALLER_WHY_MAX 200
#define CALLER_READS_MAX 500  /* of one answer: what came after them is not told */
#define CALLER_SEALED_MAX 500 /* reports of one answer */
#define CALLER_ROWS_MAX 100000 /* rows that are counted of one key */

struct caller_shown {
    /* "" = not given */
    const char *ticket, *name, *phone, *email, *address, *id_number, *device_id, *account_id, *text;
    const char *contact; /* of a person in care: whom to call; the phone is theirs */
    bool confidential;
};

struct callers_shown {
    struct caller_shown *list;
    size_t count, withheld, broken;
};

struct caller_seen {
    int64_t at_ms, page, idx;
    const char *actor, *why;
    bool deleted; /* not seen */
};

struct sealed_by {
    int64_t key, rows;
    bool known; /* whoever answered has the key */
};

struct sealed_keys {
    int64_t first; /* key that seals now; 0 = none */
    struct sealed_by *list;
    size_t count;
};

struct resealed {
    int64_t key;
    uint32_t rows, broken;
};

/* Body of SEE and FORGET; of READS and REPORT; of RESEAL; of SEALED. */
struct bytes caller_request_encode(struct arena *arena, int64_t id, const char *why);
struct bytes caller_query_encode(struct arena *arena, int64_t id);
struct bytes caller_reseal_encode(struct arena *arena, int64_t id);
struct bytes caller_sealed_encode(struct arena *arena, int64_t key, int64_t after);

enum err callers_shown_decode(
        struct bytes payload, struct arena *arena, struct callers_shown *ret) MUST_CHECK;
enum err callers_seen_decode(struct bytes payload,
        struct arena *arena,
        struct caller_seen **ret,
        size_t *ret_count) MUST_CHECK;
enum err sealed_keys_decode(
        struct bytes payload, struct arena *arena, struct sealed_keys *ret) MUST_CHECK;
enum err sealed_ids_decode(struct bytes payload,
        struct arena *arena,
        int64_t **ret,
        size_t *ret_count) MUST_CHECK;
enum err resealed_decode(
        struct bytes payload, struct arena *arena, struct resealed *ret) MUST_CHECK;

#endif
