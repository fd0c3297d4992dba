/* See person.h. */
#include "services/intake/person.h"
#include <sodium.h>
#include <string.h>
#include "services/intake/intake.h"
#include "services/kernel/base/pure_text.h"

#define CARD_HEAD 3 /* digits of a phone number that a card shows in front and at its end */
#define CARD_TAIL 4

static const struct fault no_fault = {FAULT_NONE, "", 0};

static struct seal_keys process_keys;

void intake_persons_set(const struct seal_keys *keys)
{
    process_keys = *keys;
}

const struct seal_keys *intake_persons(void)
{
    return &process_keys;
}

static bool digit_is(char letter)
{
    return letter >= '0' && letter <= '9';
}

struct fault phone_check(const char *phone, const char *field)
{
    int digits = 0;
    for (const char *at = phone; *at; at++) {
        bool plus = *at == '+' && at == phone;
        if (!digit_is(*at) && !plus && *at != '-' && *at != ' ')
            return (struct fault){FAULT_PHONE, field, PHONE_DIGITS_MAX};
        digits += digit_is(*at);
    }
    if (*phone && (digits < PHONE_DIGITS_MIN || digits > PHONE_DIGITS_MAX))
        return (struct fault){FAULT_PHONE, field, PHONE_DIGITS_MAX};
    return no_fault;
}

static bool letter_is(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || digit_is(letter);
}

/* Labels of letters, digits and inner hyphens, two of them at least. */
static bool domain_fits(const char *domain)
{
    size_t labels = 0;
    while (true) {
        size_t size = strcspn(domain, ".");
        if (size == 0 || domain[0] == '-' || domain[size - 1] == '-')
            return false;
        for (size_t i = 0; i < size; i++)
            if (!letter_is(domain[i]) && domain[i] != '-')
                return false;
        labels++;
        if (!domain[size])
            return labels > 1;
        domain += size + 1;
    }
}

/* RFC 5322's dot-atom@domain: nothing quoted, no comments, ASCII. */
static struct fault email_check(const char *email)
{
    static const char others[] = "!#$%&'*+/=?^_`{|}~-";
    const struct fault fault = {FAULT_EMAIL, "caller.email", 120};
    const char *sign = strchr(email, '@');
    if (!*email)
        return no_fault;
    if (!sign || sign == email || sign - email > 64 || email[0] == '.' || sign[-1] == '.')
        return fault;
    for (const char *at = email; at < sign; at++) {
        bool dot = *at == '.' && at[1] != '.';
        if (!dot && !letter_is(*at) && !strchr(others, *at))
            return fault;
    }
    return domain_fits(sign + 1) ? no_fault : fault;
}

/* GB 11643: weights are the powers of two modulo 11, the sum with the check digit is 1. */
static struct fault id_number_check(const char *number)
{
    static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1};
    const struct fault fault = {FAULT_ID_NUMBER, "caller.id_number", ID_NUMBER_DIGITS};
    int sum = 0;
    if (!*number)
        return no_fault;
    if (strlen(number) != ID_NUMBER_DIGITS)
        return fault;
    for (int i = 0; i < ID_NUMBER_DIGITS; i++) {
        bool last_x = i == ID_NUMBER_DIGITS - 1 && (number[i] == 'X' || number[i] == 'x');
        if (!digit_is(number[i]) && !last_x)
            return fault;
        sum += weights[i] * (last_x ? 10 : number[i] - '0');
    }
    return sum % 11 == 1 ? no_fault : fault;
}

bool person_is_nobody(const struct person *person)
{
    return !*person->name && !*person->phone && !*person->email && !*person->address &&
           !*person->device_id && !*person->account_id;
}

struct fault person_check(const struct person *person)
{
    if (person_is_nobody(person))
        return (struct fault){FAULT_CALLER, "caller", 0};
#define X(name, chars)                                                                             \
    struct fault name##_fault = line_check(person->name, "caller." #name, chars);                  \
    if (name##_fault.kind)                                                                         \
        return name##_fault;
    PERSON_TABLE(X)
#undef X
    struct fault fault = phone_check(person->phone, "caller.phone");
    if (!fault.kind)
        fault = email_check(person->email);
    if (!fault.kind)
        fault = id_number_check(person->id_number);
    return fault;
}

struct fault person_request_check(const struct person_request *request)
{
    if (request->id < 0 || (!request->id && !*request->number))
        return (struct fault){FAULT_ID, "id", INT64_MAX};
    struct fault fault = line_check(request->number, "number", 64);
    if (!fault.kind)
        fault = line_check(request->why, "why", REASON_CHARS_MAX);
    if (!fault.kind && text_length(request->why, strlen(request->why)) < PERSON_WHY_MIN)
        fault = (struct fault){FAULT_WHY, "why", PERSON_WHY_MIN};
    return fault;
}

/* The first of several characters, and a star for each of the others, three at most. */
static void name_mask(const char *name, struct buf *out)
{
    size_t first = 1;
    while (((unsigned char)name[first] & 0xc0) == 0x80)
        first++;
    size_t others = text_length(name + first, strlen(name + first));
    if (others)
        buf_add(out, name, first);
    else
        buf_add_text(out, "*");
    for (size_t i = 0; i < others && i < 3; i++)
        buf_add_text(out, "*");
}

static void phone_mask(const char *phone, struct buf *out)
{
    char digits[PHONE_DIGITS_MAX + 1];
    size_t count = 0;
    for (; *phone && count < PHONE_DIGITS_MAX; phone++)
        if (digit_is(*phone))
            digits[count++] = *phone;
    bool shows = count > CARD_HEAD + CARD_TAIL;
    if (shows)
        buf_add(out, digits, CARD_HEAD);
    buf_add_text(out, "****");
    if (shows)
        buf_add(out, digits + count - CARD_TAIL, CARD_TAIL);
    sodium_memzero(digits, sizeof digits);
}

void person_card(const struct person *person, struct buf *out)
{
    if (person->confidential || (!*person->name && !*person->phone)) {
        buf_add_text(out, "***");
        return;
    }
    if (*person->name)
        name_mask(person->name, out);
    if (*person->name && *person->phone)
        buf_add_text(out, " ");
    if (*person->phone)
        phone_mask(person->phone, out);
}
