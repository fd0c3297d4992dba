/* The hotline's books in a story: what its receipts said, kept by ticket, and at the end of a day
 * compared with what the site has on record of it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "services/ctl/drama.h"

#define DAY_MS INT64_C(86400000)

static struct hotline_record *record_find(const struct drama *drama, const char *ticket)
{
    for (guint i = 0; i < drama->records->len; i++) {
        struct hotline_record *record = &g_array_index(drama->records, struct hotline_record, i);
        if (strcmp(record->ticket, ticket) == 0)
            return record;
    }
    return NULL;
}

void drama_receipt_keep(struct drama *drama, const struct hotline_receipt *receipt)
{
    struct hotline_record record = {.accepted_ms = receipt->accepted_ms};
    if (receipt->result != HOTLINE_ACCEPTED && receipt->result != HOTLINE_DUPLICATE)
        return;
    g_strlcpy(record.ticket, receipt->ticket, sizeof record.ticket);
    g_strlcpy(record.number, receipt->number, sizeof record.number);
    const struct hotline_record *known = record_find(drama, record.ticket);
    if (!known)
        g_array_append_val(drama->records, record);
    else if (known->accepted_ms != record.accepted_ms) {
        char first[INSTANT_SIZE], now[INSTANT_SIZE];
        drama_instant_format(first, known->accepted_ms, drama->utc_offset_s);
        drama_instant_format(now, record.accepted_ms, drama->utc_offset_s);
        drama_tell_difference(drama, "accepted", first, now);
    }
}

static int by_ticket(const void *left, const void *right)
{
    return strcmp(((const struct hotline_record *)left)->ticket,
            ((const struct hotline_record *)right)->ticket);
}

/* The hotline's own of the span, sorted. g_array_unref() it. */
static GArray *records_of(const struct drama *drama, const struct hotline_span *span)
{
    GArray *own = g_array_new(FALSE, TRUE, sizeof(struct hotline_record));
    for (guint i = 0; i < drama->records->len; i++) {
        const struct hotline_record *record =
                &g_array_index(drama->records, struct hotline_record, i);
        if (record->accepted_ms >= span->from_ms && record->accepted_ms < span->to_ms)
            g_array_append_vals(own, record, 1);
    }
    if (own->len)
        qsort(own->data, own->len, sizeof(struct hotline_record), by_ticket);
    return own;
}

static uint64_t cases_of(const GArray *own)
{
    g_autoptr(GHashTable) numbers = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < own->len; i++)
        g_hash_table_add(numbers, g_array_index(own, struct hotline_record, i).number);
    return g_hash_table_size(numbers);
}

/* "3", or where the two do not agree "3, hotline 2". */
static void count_put(uint64_t site, uint64_t hotline, char ret[DRAMA_COUNT_SIZE])
{
    snprintf(ret, DRAMA_COUNT_SIZE, "%" PRIu64, site);
    if (site != hotline)
        snprintf(ret, DRAMA_COUNT_SIZE, "%" PRIu64 ", hotline %" PRIu64, site, hotline);
}

enum err drama_reconcile(struct drama *drama, const struct drama_row *row)
{
    static struct hotline_reconciliation site;
    uint8_t digest[HOTLINE_DIGEST_SIZE];
    int64_t offset_ms = (int64_t)drama->utc_offset_s * 1000;
    int64_t day_ms = (row->at_ms + offset_ms) / DAY_MS * DAY_MS - offset_ms;
    const struct hotline_span span = {.from_ms = day_ms, .to_ms = day_ms + DAY_MS};
    enum err err = hotline_reconcile(drama->hotline, &span, 0, &site, CTL_CALL_MS);
    if (err != OK)
        return err;
    g_autoptr(GArray) own = records_of(drama, &span);
    const struct hotline_list list = {(const struct hotline_record *)(void *)own->data, own->len};
    hotline_digest(&list, digest);
    count_put(site.tickets, list.count, drama->reconciled.tickets);
    count_put(site.cases, cases_of(own), drama->reconciled.cases);
    bool equal = memcmp(digest, site.digest, sizeof digest) == 0;
    snprintf(drama->reconciled.digests, DRAMA_COUNT_SIZE, "%s", equal ? "equal" : "different");
    return OK;
}

const char *drama_reconciled_find(const struct drama *drama, const char *key)
{
    return strcmp(key, "tickets") == 0   ? drama->reconciled.tickets
           : strcmp(key, "cases") == 0   ? drama->reconciled.cases
           : strcmp(key, "digests") == 0 ? drama->reconciled.digests
                                         : NULL;
}
