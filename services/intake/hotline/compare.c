/* See compare.h. A part of the list is asked about with the range of tickets that it covers. Are
 * the digests equal, nothing in it differs. Else it is halved, until one answer lists all that the
 * site has in the range; those are then gone through beside the list. Between two neighbours of the
 * list the site may have any number of tickets: each half gets the range up to its last ticket, and
 * the other one what lies behind that. */
#include "services/intake/hotline/compare.h"
#include <sodium.h>
#include <string.h>
#include "services/kernel/base/must.h"

/* The least that can stand behind a ticket, in a ticket: nothing lies between T and T!. */
#define BEHIND "!"
#define PARTS_MAX 65 /* a half waits for each halving of a size_t */

struct part {
    size_t from, to;                     /* of the list */
    char first[HOTLINE_TICKET_SIZE + 1]; /* bounds of the range; "" = open */
    char last[HOTLINE_TICKET_SIZE + 1];
};

struct walk {
    const struct comparison *comparison;
    const struct hotline_span *span;
    const struct hotline_record *records;
    struct hotline_reconciliation *answer; /* to the question that was asked last */
    struct part parts[PARTS_MAX];          /* still to be done; the last one is next */
    size_t part_count;
};

void hotline_digest(const struct hotline_list *list, uint8_t ret[HOTLINE_DIGEST_SIZE])
{
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    for (size_t i = 0; i < list->count; i++) {
        const char *const texts[] = {list->records[i].ticket, "\t", list->records[i].number, "\n"};
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
            crypto_hash_sha256_update(&hash, (const unsigned char *)texts[t], strlen(texts[t]));
    }
    crypto_hash_sha256_final(&hash, ret);
}

static enum err part_ask(struct walk *walk, const struct part *part, const char *after)
{
    struct hotline_span span = *walk->span;
    span.first = part->first;
    span.last = part->last;
    span.after = after;
    return walk->comparison->ask(walk->comparison->ask_self, &span, walk->answer);
}

static void difference_tell(const struct walk *walk,
        const struct hotline_record *here,
        const struct hotline_record *there)
{
    struct hotline_difference difference = {.kind = !here    ? HOTLINE_MISSING_HERE
                                                    : !there ? HOTLINE_MISSING_THERE
                                                             : HOTLINE_OTHER_NUMBER};
    memcpy(difference.ticket, (here ? here : there)->ticket, sizeof difference.ticket);
    if (here)
        memcpy(difference.here, here->number, sizeof difference.here);
    if (there) {
        memcpy(difference.there, there->number, sizeof difference.there);
        difference.accepted_ms = there->accepted_ms;
    }
    walk->comparison->found(walk->comparison->found_self, &difference);
}

/* The tickets that the site has listed, beside those of the list from *at on. */
static void page_compare(const struct walk *walk, size_t *at, size_t to)
{
    for (size_t i = 0; i < walk->answer->item_count; i++) {
        const struct hotline_record *there = &walk->answer->items[i];
        int order = -1;
        while (*at < to && (order = strcmp(walk->records[*at].ticket, there->ticket)) < 0)
            difference_tell(walk, &walk->records[(*at)++], NULL);
        if (*at == to || order > 0)
            difference_tell(walk, NULL, there);
        else if (strcmp(walk->records[(*at)++].number, there->number) != 0)
            difference_tell(walk, &walk->records[*at - 1], there);
    }
}

/* A page begins behind the one before it: else there would be no end. */
static bool page_follows(const struct walk *walk, const char *after)
{
    return !walk->answer->item_count || strcmp(walk->answer->items[0].ticket, after) > 0;
}

/* The first page is there. */
static enum err part_list(struct walk *walk, const struct part *part)
{
    enum err err = OK;
    size_t at = part->from;
    char after[HOTLINE_TICKET_SIZE];
    page_compare(walk, &at, part->to);
    while (err == OK && walk->answer->item_count == HOTLINE_RECORDED_MAX) {
        memcpy(after, walk->answer->items[HOTLINE_RECORDED_MAX - 1].ticket, sizeof after);
        err = part_ask(walk, part, after);
        if (err == OK && !page_follows(walk, after))
            err = ERR_MALFORMED;
        if (err == OK)
            page_compare(walk, &at, part->to);
    }
    for (; err == OK && at < part->to; at++)
        difference_tell(walk, &walk->records[at], NULL);
    return err;
}

/* The first half is next. */
static void part_halve(struct walk *walk, const struct part *whole)
{
    size_t middle = whole->from + (whole->to - whole->from) / 2;
    const char *last = walk->records[middle - 1].ticket;
    struct part first = *whole, second = *whole;
    must(walk->part_count + 2 <= PARTS_MAX);
    first.to = second.from = middle;
    (void)snprintf(first.last, sizeof first.last, "%s", last);
    (void)snprintf(second.first, sizeof second.first, "%s" BEHIND, last);
    walk->parts[walk->part_count++] = second;
    walk->parts[walk->part_count++] = first;
}

static enum err part_compare(struct walk *walk, const struct part *part)
{
    uint8_t digest[HOTLINE_DIGEST_SIZE];
    const struct hotline_list list = {walk->records + part->from, part->to - part->from};
    enum err err = part_ask(walk, part, "");
    if (err != OK)
        return err;
    const struct hotline_reconciliation *answer = walk->answer;
    hotline_digest(&list, digest);
    if (!answer->over && answer->tickets == list.count &&
            memcmp(answer->digest, digest, sizeof digest) == 0)
        return OK;
    if (!answer->over && (answer->tickets <= HOTLINE_RECORDED_MAX || list.count < 2))
        return part_list(walk, part);
    if (list.count < 2)
        return ERR_LIMIT;
    part_halve(walk, part);
    return OK;
}

static bool bound_take(char ret[HOTLINE_TICKET_SIZE + 1], const char *bound)
{
    return snprintf(ret, HOTLINE_TICKET_SIZE + 1, "%s", bound ? bound : "") <= HOTLINE_TICKET_SIZE;
}

/* The whole range, with what the list has in it. False: a bound is too long, or the list is not
 * sorted. */
static bool whole_make(
        const struct hotline_span *span, const struct hotline_list *list, struct part *ret)
{
    *ret = (struct part){.to = list->count};
    if (!bound_take(ret->first, span->first) || !bound_take(ret->last, span->last))
        return false;
    for (size_t i = 1; i < list->count; i++)
        if (strcmp(list->records[i - 1].ticket, list->records[i].ticket) >= 0)
            return false;
    while (ret->from < ret->to && strcmp(list->records[ret->from].ticket, ret->first) < 0)
        ret->from++;
    while (*ret->last && ret->to > ret->from &&
            strcmp(list->records[ret->to - 1].ticket, ret->last) > 0)
        ret->to--;
    return true;
}

enum err hotline_compare(const struct comparison *comparison,
        const struct hotline_span *span,
        const struct hotline_list *list)
{
    struct walk walk = {
            .comparison = comparison, .span = span, .records = list->records, .part_count = 1};
    enum err err = OK;
    if (!whole_make(span, list, &walk.parts[0]))
        return ERR_MALFORMED;
    walk.answer = must_memory(calloc(1, sizeof *walk.answer));
    while (err == OK && walk.part_count) {
        const struct part part = walk.parts[--walk.part_count];
        err = part_compare(&walk, &part);
    }
    free(walk.answer);
    return err;
}
