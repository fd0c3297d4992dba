/* The secret code by which whoever reported follows the case: "7K3QM-2XW9D". It is stored nowhere:
 * it is made of the report's id and a key of the site, so that a repeated request gets the same
 * code again, and a restore of the database changes none.
 *
 * 50 bits of HMAC-SHA-256 over "huying follow 1", the site (2 bytes, high one first) and the id (8
 * bytes likewise), as ten digits of Crockford's base 32 (crockford.com/base32.html), which has no
 * I, L, O and U; in what people type I and L are 1 and O is 0. To change how a code is made give
 * the label another number, and let codes of the earlier one fit as long as they are about. Pure
 * but for libsodium. */
#ifndef HUYING_INTAKE_FOLLOW_H
#define HUYING_INTAKE_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLLOW_KEY_SIZE 32
#define FOLLOW_KEYS_MAX 8
#define FOLLOW_DIGITS 10
#define FOLLOW_CODE_SIZE 12 /* two groups of five, the hyphen, the NUL */

/* The site's keys. The first makes codes; every one of them fits codes that it made once. */
struct follow_keys {
    size_t count; /* 1 to FOLLOW_KEYS_MAX */
    uint8_t list[FOLLOW_KEYS_MAX][FOLLOW_KEY_SIZE];
};

/* A code as somebody gave it. */
struct follow_code {
    bool readable; /* false: no code at all, which fits nothing */
    uint8_t digits[FOLLOW_DIGITS];
};

/* Digits of any code made in this way: the first 5 bits each of HMAC-SHA-256 over the label and
 * what it is about; at most 51. */
void code_digits_make(const uint8_t key[FOLLOW_KEY_SIZE],
        const char *label,
        const void *about,
        size_t size,
        uint8_t *ret,
        size_t count);
/* The digit's letter; the letter's digit, -1 = it is none. */
char code_digit_letter(uint8_t digit);
int code_digit_read(char letter);

/* The code of that report, by the first key. */
void follow_code_make(const struct follow_keys *keys, int64_t id, char ret[FOLLOW_CODE_SIZE]);
/* Small letters are as good as capitals; the hyphen in the middle may be left out; nothing else may
 * be there. `text` may be NULL. */
struct follow_code follow_code_read(const char *text);
/* Ten digits as people write them. */
void follow_code_write(const uint8_t digits[FOLLOW_DIGITS], char ret[FOLLOW_CODE_SIZE]);
/* True when one of the keys makes this code of that id. It takes the same time whether or not the
 * code is readable, and whatever is wrong with it. */
bool follow_code_fits(const struct follow_keys *keys, int64_t id, const struct follow_code *code);

#endif
