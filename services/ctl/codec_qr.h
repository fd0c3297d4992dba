/* Codes that people scan, between intake's messages and what huyingctl shows. Texts live in the
 * arena, and are never NULL. */
#ifndef HUYING_CTL_CODEC_QR_H
#define HUYING_CTL_CODEC_QR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/kernel/base/arena.h"
#include "services/kernel/base/err.h"
#include "services/kernel/wire/envelope.h"

#define QR_LIST_MAX 100 /* codes of one answer */
#define QR_MATTERS_ROOM 16
#define QR_HELPERS_ROOM 4

/* Types of intake.proto. */
enum qr_type {
    QR_MAKE = 1520,
    QR_WITHDRAW = 1521,
    QR_HELPER = 1522,
    QR_CARD = 1524,
    QR_CODES = 1620
};

struct qr_person {
    const char *name, *address, *contact, *phone, *helps;
};

struct qr_new {
    const char *ref, *name, *unit;
    const struct qr_person *person; /* NULL: a place */
    char **matters, **helpers;      /* NULL-terminated */
    double longitude, latitude;     /* both 0 = none */
    uint32_t coordinates;           /* hotline.Coordinates */
};

struct qr_made {
    int64_t id;
    const char *url; /* "" = the site has no address for codes */
    size_t key_count;
    struct {
        const char *staff, *key;
    } keys[QR_HELPERS_ROOM];
};

struct qr_listed {
    int64_t id, made_ms, ended_ms; /* ended 0 = in force */
    bool person, withdrawn, has_point;
    const char *name, *ref, *url, *unit_code, *unit_zh, *unit_en;
    double longitude, latitude;
    const char *matters[QR_MATTERS_ROOM], *helpers[QR_HELPERS_ROOM];
    size_t matter_count, helper_count;
};

struct bytes qr_new_encode(struct arena *arena, const struct qr_new *code);
struct bytes qr_change_encode(
        struct arena *arena, int64_t id, const char *staff, bool ends, const char *why);
struct bytes qr_card_encode(struct arena *arena, int64_t id, const struct qr_person *person);
struct bytes qr_ask_encode(struct arena *arena, int64_t from, uint32_t limit);
enum err qr_made_decode(struct bytes payload, struct arena *arena, struct qr_made *ret) MUST_CHECK;
enum err qr_list_decode(struct bytes payload,
        struct arena *arena,
        struct qr_listed **ret,
        size_t *ret_count) MUST_CHECK;

#endif
