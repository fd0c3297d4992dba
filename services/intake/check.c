/* See check.h. */
#include "services/intake/check.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "services/intake/near.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/base/text_clean.h"

static const struct fault no_fault = {FAULT_NONE, "", 0};

static struct fault fault_make(enum fault_kind kind, const char *field, int64_t limit)
{
    return (struct fault){kind, field, limit};
}

/* C0 with DEL, and C1 (U+0080 to U+009F, in UTF-8 C2 80 to C2 9F). Line feed and tab are allowed in
 * running text only. */
static bool control_find(const char *text, bool lines)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (lines && (*at == '\n' || *at == '\t' || *at == '\r'))
            continue;
        if (*at < 0x20 || *at == 0x7f)
            return true;
        if (*at == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)
            return true;
    }
    return false;
}

static struct fault text_check(const char *text, const char *field, size_t chars_max, bool lines)
{
    size_t size = strlen(text);
    if (!text_valid(text, size))
        return fault_make(FAULT_UTF8, field, 0);
    if (text_length(text, size) > chars_max)
        return fault_make(FAULT_LONG, field, (int64_t)chars_max);
    if (control_find(text, lines))
        return fault_make(FAULT_CONTROL, field, 0);
    return no_fault;
}

struct fault line_check(const char *text, const char *field, size_t chars_max)
{
    return text_check(text, field, chars_max, false);
}

struct fault words_check(const char *text, const char *field, size_t chars_max)
{
    return text_check(text, field, chars_max, true);
}

/* A name: not empty, on one line. */
static struct fault name_check(const char *text, const char *field, size_t chars_max)
{
    if (!*text)
        return fault_make(FAULT_MISSING, field, 1);
    return text_check(text, field, chars_max, false);
}

struct fault ticket_check(const char *ticket, const char *field)
{
    if (!*ticket)
        return fault_make(FAULT_MISSING, field, 1);
    if (strlen(ticket) >= TICKET_SIZE)
        return fault_make(FAULT_LONG, field, TICKET_SIZE - 1);
    struct fault fault = text_check(ticket, field, TICKET_SIZE - 1, false);
    if (!fault.kind &&
            (strchr(ticket, ' ') || strstr(ticket, "\u00a0") || strstr(ticket, "\u3000")))
        fault = fault_make(FAULT_SPACE, field, 0);
    if (!fault.kind && text_has_unseen(ticket))
        fault = fault_make(FAULT_CONTROL, field, 0);
    return fault;
}

static struct fault instant_check(int64_t at_ms, const char *field)
{
    if (at_ms < INSTANT_MIN_MS || at_ms >= INSTANT_MAX_MS)
        return fault_make(FAULT_INSTANT, field, INSTANT_MAX_MS - 1);
    return no_fault;
}

struct fault point_check(const struct submission *submission)
{
    if ((unsigned)submission->coordinates >= COORDINATES_COUNT)
        return fault_make(FAULT_COORDINATES, "coordinates", 0);
    if (!submission->has_point)
        return no_fault;
    if (!isfinite(submission->longitude) || fabs(submission->longitude) > 180)
        return fault_make(FAULT_RANGE, "longitude", 180);
    if (!isfinite(submission->latitude) || fabs(submission->latitude) > 90)
        return fault_make(FAULT_RANGE, "latitude", 90);
    return no_fault;
}

static struct fault unit_codes_check(const struct submission *submission)
{
    if (submission->unit_code_count > UNIT_CODES_MAX)
        return fault_make(FAULT_MANY, "unit_codes", UNIT_CODES_MAX);
    for (size_t i = 0; i < submission->unit_code_count; i++) {
        struct fault fault =
                name_check(submission->unit_codes[i], "unit_codes", UNIT_CODE_CHARS_MAX);
        if (fault.kind)
            return fault;
    }
    return no_fault;
}

/* An urge names a ticket and needs no matter; all others are the other way round. Nobody settles on
 * the spot what is not to be handled. */
static struct fault intent_check(const struct submission *submission)
{
    bool urge = submission->intent == INTENT_URGE;
    bool known = submission->intent < INTENT_COUNT;
    if (!known || (submission->settled && intent_answered(submission->intent)))
        return fault_make(FAULT_INTENT, "intent", 0);
    if (urge != (*submission->about != 0) || strcmp(submission->about, submission->ticket) == 0)
        return fault_make(FAULT_ABOUT, "about", 0);
    struct fault fault = urge ? ticket_check(submission->about, "about") : no_fault;
    if (urge && !fault.kind) /* nobody looks at it */
        return text_check(submission->matter, "matter", MATTER_CHARS_MAX, false);
    if (urge)
        return fault;
    return name_check(submission->matter, "matter", MATTER_CHARS_MAX);
}

/* A number on one line; who joins a case reports the same thing, and where. */
static struct fault join_check(const struct submission *submission)
{
    if (submission->intent != INTENT_REPORT || !submission->has_point)
        return fault_make(FAULT_JOIN, "join", 0);
    return text_check(submission->join, "join", JOIN_CHARS_MAX, false);
}

struct fault submission_check(const struct submission *submission, const char *ticket_field)
{
    struct fault fault = ticket_check(submission->ticket, ticket_field);
    if (!fault.kind)
        fault = intent_check(submission);
    if (!fault.kind)
        fault = text_check(submission->text, "text", TEXT_CHARS_MAX, true);
    if (!fault.kind)
        fault = text_check(submission->reporter, "reporter", MATTER_CHARS_MAX, false);
    if (!fault.kind)
        fault = point_check(submission);
    if (!fault.kind)
        fault = unit_codes_check(submission);
    if (!fault.kind)
        fault = text_check(submission->to, "to", UNIT_CODE_CHARS_MAX, false);
    if (!fault.kind && submission_joins(submission))
        fault = join_check(submission);
    if (!fault.kind)
        fault = instant_check(submission->reported_ms, "reported_at");
    if (!fault.kind)
        fault = instant_check(submission->promised_ms, "promised_at");
    if (!fault.kind && submission->photo_count > PHOTOS_MAX)
        fault = fault_make(FAULT_MANY, "photos", PHOTOS_MAX);
    return fault;
}

struct fault withdrawal_check(const struct withdrawal *withdrawal)
{
    struct fault fault = no_fault;
    if (*withdrawal->ticket)
        fault = ticket_check(withdrawal->ticket, "ticket");
    if (!fault.kind)
        fault = text_check(withdrawal->reason, "reason", REASON_CHARS_MAX, true);
    if (!fault.kind)
        fault = instant_check(withdrawal->at_ms, "at");
    return fault;
}

struct fault follow_up_check(const struct follow_up *follow_up)
{
    struct fault fault = no_fault;
    if (*follow_up->ticket)
        fault = ticket_check(follow_up->ticket, "ticket");
    if (!fault.kind &&
            (follow_up->score > SCORE_MAX || (!follow_up->score && !follow_up->unsolved)))
        fault = fault_make(FAULT_SCORE, "score", SCORE_MAX);
    if (!fault.kind)
        fault = text_check(follow_up->text, "text", TEXT_CHARS_MAX, true);
    if (!fault.kind)
        fault = instant_check(follow_up->at_ms, "at");
    return fault;
}

/* Something has to be corrected. The matter may stay as it was. */
struct fault correction_check(const struct correction *correction)
{
    const struct submission *to_be = &correction->to_be;
    struct fault fault = no_fault;
    if (*to_be->ticket)
        fault = ticket_check(to_be->ticket, "ticket");
    if (!fault.kind && !*to_be->text && !*to_be->matter && !correction->has_place)
        fault = fault_make(FAULT_MISSING, "text", 1);
    if (!fault.kind)
        fault = text_check(to_be->text, "text", TEXT_CHARS_MAX, true);
    if (!fault.kind)
        fault = text_check(to_be->matter, "matter", MATTER_CHARS_MAX, false);
    if (!fault.kind)
        fault = point_check(to_be);
    if (!fault.kind)
        fault = unit_codes_check(to_be);
    if (!fault.kind)
        fault = instant_check(correction->at_ms, "at");
    return fault;
}

struct fault case_ended_check(const struct case_ended *ended)
{
    if (ended->state != REPORT_CLOSED && ended->state != REPORT_WITHDRAWN &&
            ended->state != REPORT_REFERRED_OUT)
        return fault_make(FAULT_OUTCOME, "outcome", 0);
    struct fault fault = instant_check(ended->at_ms, "at");
    if (!fault.kind)
        fault = text_check(ended->text, "text", TEXT_CHARS_MAX, true);
    return fault;
}

/* One byte longer than a ticket: so that there is a bound right behind each. */
static struct fault bound_check(const char *bound, const char *field)
{
    if (strlen(bound) > TICKET_SIZE)
        return fault_make(FAULT_LONG, field, TICKET_SIZE);
    return text_check(bound, field, TICKET_SIZE, false);
}

struct fault reconcile_check(const struct reconcile_query *query)
{
    struct fault fault = instant_check(query->from_ms, "from_ms");
    if (!fault.kind)
        fault = instant_check(query->to_ms, "to_ms");
    if (!fault.kind && query->to_ms && query->to_ms <= query->from_ms)
        fault = fault_make(FAULT_SPAN, "to_ms", 0);
    if (!fault.kind)
        fault = bound_check(query->first, "first");
    if (!fault.kind)
        fault = bound_check(query->last, "last");
    if (!fault.kind && *query->last && strcmp(query->last, query->first) < 0)
        fault = fault_make(FAULT_SPAN, "last", 0);
    if (!fault.kind)
        fault = bound_check(query->after, "after");
    if (!fault.kind && query->limit > RECORDED_MAX)
        fault = fault_make(FAULT_LIMIT, "limit", RECORDED_MAX);
    return fault;
}

const char *fault_name(enum fault_kind kind)
{
    static const char *const names[] = {
#define X(name, text, en, zh) text,
            FAULT_TABLE(X)
#undef X
    };
    must((size_t)kind < sizeof names / sizeof *names);
    return names[kind];
}

void fault_text(struct buf *out, const struct fault *fault, const char *language)
{
    static const char *const en_texts[] = {
#define X(name, text, en, zh) en,
            FAULT_TABLE(X)
#undef X
    };
    static const char *const zh_texts[] = {
#define X(name, text, en, zh) zh,
            FAULT_TABLE(X)
#undef X
    };
    bool english = strcmp(language, "en") == 0;
    must((size_t)fault->kind < sizeof en_texts / sizeof *en_texts);
    const char *text = english ? en_texts[fault->kind] : zh_texts[fault->kind];
    buf_add_text(out, fault->field);
    buf_add_text(out, english ? " " : "：");
    for (; *text; text++) {
        if (*text == '#')
            buf_add_format(out, "%" PRId64, fault->limit);
        else
            buf_add(out, text, 1);
    }
}
