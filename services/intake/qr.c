/* See qr.h. */
#include "services/intake/qr.h"
#include <sodium.h>
#include <string.h>
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"

#define TOKEN_LABEL "huying qr 1"
#define HELPER_LABEL "huying helper 1"
#define DIGIT_BITS 5
#define ID_BITS 63

static struct follow_keys process_keys;
static char process_base[QR_BASE_SIZE];

static void id_put(uint8_t to[8], int64_t id)
{
    uint64_t bits = (uint64_t)id;
    for (size_t i = 8; i-- > 0; bits >>= 8)
        to[i] = (uint8_t)bits;
}

static void proof_make(const uint8_t key[FOLLOW_KEY_SIZE], int64_t id, uint8_t ret[QR_PROOF_DIGITS])
{
    uint8_t about[8];
    id_put(about, id);
    code_digits_make(key, TOKEN_LABEL, about, sizeof about, ret, QR_PROOF_DIGITS);
}

void qr_token_make(const struct follow_keys *keys, int64_t id, char ret[QR_TOKEN_SIZE])
{
    uint8_t proof[QR_PROOF_DIGITS];
    must(id > 0 && keys->count >= 1 && keys->count <= FOLLOW_KEYS_MAX);
    proof_make(keys->list[0], id, proof);
    uint64_t bits = (uint64_t)id;
    for (size_t i = QR_ID_DIGITS; i-- > 0; bits >>= DIGIT_BITS)
        ret[i] = code_digit_letter(bits & 31);
    for (size_t i = 0; i < QR_PROOF_DIGITS; i++)
        ret[QR_ID_DIGITS + i] = code_digit_letter(proof[i]);
    ret[QR_TOKEN_SIZE - 1] = 0;
}

int64_t qr_token_read(const struct follow_keys *keys, const char *text)
{
    uint8_t given[QR_PROOF_DIGITS], made[QR_PROOF_DIGITS];
    uint64_t id = 0;
    bool fits = false;
    must(keys->count >= 1 && keys->count <= FOLLOW_KEYS_MAX);
    if (strlen(text) != QR_TOKEN_SIZE - 1)
        return 0;
    for (size_t i = 0; i < QR_TOKEN_SIZE - 1; i++) {
        int digit = code_digit_read(text[i]);
        if (digit < 0 || (i == 0 && digit >> (ID_BITS - (QR_ID_DIGITS - 1) * DIGIT_BITS)))
            return 0;
        if (i < QR_ID_DIGITS)
            id = id << DIGIT_BITS | (uint64_t)digit;
        else
            given[i - QR_ID_DIGITS] = (uint8_t)digit;
    }
    for (size_t i = 0; i < keys->count; i++) {
        proof_make(keys->list[i], (int64_t)id, made);
        fits |= sodium_memcmp(made, given, sizeof made) == 0;
    }
    return fits ? (int64_t)id : 0;
}

static void helper_digits(const uint8_t key[FOLLOW_KEY_SIZE],
        int64_t id,
        const struct helper *helper,
        uint8_t ret[FOLLOW_DIGITS])
{
    uint8_t about[8 + 4 + ACTOR_SIZE] = {0};
    size_t size = strlen(helper->staff);
    must(size < ACTOR_SIZE);
    id_put(about, id);
    for (int i = 0; i < 4; i++)
        about[8 + i] = (uint8_t)((uint32_t)helper->issue >> (24 - 8 * i));
    memcpy(about + 12, helper->staff, size);
    code_digits_make(key, HELPER_LABEL, about, sizeof about, ret, FOLLOW_DIGITS);
}

void qr_helper_key_make(const struct follow_keys *keys,
        int64_t id,
        const struct helper *helper,
        char ret[FOLLOW_CODE_SIZE])
{
    uint8_t digits[FOLLOW_DIGITS];
    must(keys->count >= 1 && keys->count <= FOLLOW_KEYS_MAX);
    helper_digits(keys->list[0], id, helper, digits);
    follow_code_write(digits, ret);
}

bool qr_helper_key_fits(const struct follow_keys *keys,
        int64_t id,
        const struct helper *helper,
        const struct follow_code *key)
{
    static const struct helper nobody = {.staff = "", .issue = 0};
    bool fits = false;
    must(keys->count >= 1 && keys->count <= FOLLOW_KEYS_MAX);
    for (size_t i = 0; i < keys->count; i++) {
        uint8_t digits[FOLLOW_DIGITS];
        helper_digits(keys->list[i], id, helper ? helper : &nobody, digits);
        fits |= sodium_memcmp(digits, key->digits, FOLLOW_DIGITS) == 0;
    }
    return fits & key->readable & (helper != NULL);
}

void intake_qr_set(const struct follow_keys *keys, const char *base)
{
    process_keys = keys ? *keys : (struct follow_keys){0};
    (void)text_copy(process_base, sizeof process_base, base, strlen(base));
}

const struct follow_keys *intake_qr_keys(void)
{
    return process_keys.count ? &process_keys : NULL;
}

void qr_url(int64_t id, struct buf *out)
{
    char token[QR_TOKEN_SIZE];
    if (!process_keys.count || !process_base[0])
        return;
    qr_token_make(&process_keys, id, token);
    buf_add_text(out, process_base);
    buf_add_text(out, token);
}
