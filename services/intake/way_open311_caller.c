/* Who reports by Open311: first_name, last_name, phone, email, device_id and account_id become the
 * caller of the report, which is kept sealed where the site has keys for it, and left out where it
 * has none. What cannot be one is told by the field's own name: a contact that was lost without a
 * word would be missed when somebody has to be told. */
#include <string.h>
#include "services/intake/form_caller.h"
#include "services/intake/person.h"
#include "services/intake/way_open311.h"
#include "services/kernel/base/must.h"

#define NAME_FIELD "first_name and last_name"
#define PHONE_CHARS_MAX 60 /* as written, with brackets and dots */
#define CHARS_MAX 200      /* of the others, before they are looked at */

/* Written in Chinese, Japanese or Korean characters, where the family's name comes first. */
static bool name_is_eastern(const char *name)
{
    unsigned char lead = (unsigned char)*name;
    return lead >= 0xe3 && lead <= 0xed;
}

static const char *name_join(struct arena *arena, const char *first, const char *last)
{
    BUF_OWNED name = {0};
    if (!*first || !*last)
        return *first ? first : last;
    if (name_is_eastern(first) && name_is_eastern(last))
        buf_add_format(&name, "%s%s", last, first);
    else
        buf_add_format(&name, "%s %s", first, last);
    return arena_text(arena, name.data, name.size);
}

/* "(213) 555.0100" is written "213 555-0100" here. */
static const char *phone_tidy(struct arena *arena, const char *phone)
{
    BUF_OWNED tidy = {0};
    for (; *phone; phone++)
        if (*phone == '.' || *phone == '/')
            buf_add_text(&tidy, "-");
        else if (*phone != '(' && *phone != ')')
            buf_add(&tidy, phone, 1);
    return tidy.size ? arena_text(arena, tidy.data, tidy.size) : "";
}

static void fault_tell(struct call *call, const struct fault *fault)
{
    static const char prefix[] = "caller.";
    const char *field = strncmp(fault->field, prefix, strlen(prefix)) == 0
                                ? fault->field + strlen(prefix)
                                : fault->field;
    if (strcmp(field, "name") == 0)
        field = NAME_FIELD;
    if (fault->kind == FAULT_PHONE)
        open311_fail(call, OPEN311_PHONE, field, PHONE_DIGITS_MAX);
    else if (fault->kind == FAULT_EMAIL)
        open311_fail(call, OPEN311_EMAIL, field, 0);
    else if (fault->kind == FAULT_LONG)
        open311_fail(call, OPEN311_LENGTH, field, fault->limit);
    else
        open311_fail(call, OPEN311_LINE, field, 0);
}

bool open311_caller(struct call *call, struct hotline_caller *ret)
{
    struct open311 *own = open311_of(call);
    const char *first = open311_text(call, "first_name", CHARS_MAX);
    const char *last = open311_text(call, "last_name", CHARS_MAX);
    const char *phone = open311_text(call, "phone", PHONE_CHARS_MAX);
    *ret = (struct hotline_caller){.name = name_join(&own->arena, first, last),
            .phone = phone_tidy(&own->arena, phone),
            .email = open311_text(call, "email", CHARS_MAX),
            .device_id = open311_text(call, "device_id", CHARS_MAX),
            .account_id = open311_text(call, "account_id", CHARS_MAX)};
    if (!*ret->name && !*ret->phone && !*ret->email && !*ret->device_id && !*ret->account_id)
        return false;
    struct fault fault = hotline_caller_check(ret);
    if (fault.kind)
        fault_tell(call, &fault);
    return fault.kind == FAULT_NONE;
}
