/* See follow.h. */
#include "services/intake/follow.h"
#include <sodium.h>
#include <string.h>
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"

#define LABEL "huying follow 1"
#define GROUP (FOLLOW_DIGITS / 2)
#define DIGIT_BITS 5

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void bytes_put(uint8_t *to, size_t size, uint64_t value)
{
    for (size_t i = size; i-- > 0; value >>= 8)
        to[i] = (uint8_t)value;
}

void code_digits_make(const uint8_t key[FOLLOW_KEY_SIZE],
        const char *label,
        const void *about,
        size_t size,
        uint8_t *ret,
        size_t count)
{
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    must(count * DIGIT_BITS <= sizeof mac * 8);
    crypto_auth_hmacsha256_init(&state, key, FOLLOW_KEY_SIZE);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)label, strlen(label));
    crypto_auth_hmacsha256_update(&state, about, size);
    crypto_auth_hmacsha256_final(&state, mac);
    uint32_t bits = 0;
    size_t held = 0, at = 0;
    for (size_t i = 0; i < count; i++) {
        for (; held < DIGIT_BITS; held += 8)
            bits = bits << 8 | mac[at++];
        held -= DIGIT_BITS;
        ret[i] = bits >> held & (sizeof alphabet - 2);
    }
    sodium_memzero(&state, sizeof state);
    sodium_memzero(mac, sizeof mac);
}

static void digits_make(const uint8_t key[FOLLOW_KEY_SIZE], int64_t id, uint8_t ret[FOLLOW_DIGITS])
{
    uint8_t where[10];
    bytes_put(where, 2, (uint64_t)id_site(id));
    bytes_put(where + 2, 8, (uint64_t)id);
    code_digits_make(key, LABEL, where, sizeof where, ret, FOLLOW_DIGITS);
}

void follow_code_write(const uint8_t digits[FOLLOW_DIGITS], char ret[FOLLOW_CODE_SIZE])
{
    for (size_t i = 0; i < FOLLOW_DIGITS; i++)
        ret[i + (i >= GROUP)] = alphabet[digits[i]];
    ret[GROUP] = '-';
    ret[FOLLOW_CODE_SIZE - 1] = 0;
}

void follow_code_make(const struct follow_keys *keys, int64_t id, char ret[FOLLOW_CODE_SIZE])
{
    uint8_t digits[FOLLOW_DIGITS];
    must(keys->count >= 1 && keys->count <= FOLLOW_KEYS_MAX);
    digits_make(keys->list[0], id, digits);
    follow_code_write(digits, ret);
}

char code_digit_letter(uint8_t digit)
{
    must(digit < sizeof alphabet - 1);
    return alphabet[digit];
}

int code_digit_read(char letter)
{
    if (letter >= 'a' && letter <= 'z')
        letter = (char)(letter - 'a' + 'A');
    if (letter == 'I' || letter == 'L')
        letter = '1';
    if (letter == 'O')
        letter = '0';
    const char *found = letter ? strchr(alphabet, letter) : NULL;
    return found ? (int)(found - alphabet) : -1;
}

struct follow_code follow_code_read(const char *text)
{
    struct follow_code code = {0};
    size_t count = 0;
    for (; text && *text && count < FOLLOW_DIGITS; text++) {
        if (*text == '-' && count == GROUP && text[-1] != '-')
            continue;
        int digit = code_digit_read(*text);
        if (digit < 0)
            return code;
        code.digits[count++] = (uint8_t)digit;
    }
    code.readable = count == FOLLOW_DIGITS && !*text;
    return code;
}

bool follow_code_fits(const struct follow_keys *keys, int64_t id, const struct follow_code *code)
{
    bool fits = false;
    must(keys->count >= 1 && keys->count <= FOLLOW_KEYS_MAX);
    for (size_t i = 0; i < keys->count; i++) {
        uint8_t digits[FOLLOW_DIGITS];
        digits_make(keys->list[i], id, digits);
        fits |= sodium_memcmp(digits, code->digits, FOLLOW_DIGITS) == 0;
    }
    return fits & code->readable;
}
