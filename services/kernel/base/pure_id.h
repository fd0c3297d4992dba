/* Ids: 63 bits = site (12) ‖ minting service (3) ‖ counter (48). No clock in them; counters are
 * handed out in blocks from the minter's schema (store/site.h). Ids are positive; 0 means "none".
 *
 * The case number is the id made for people: site letters, the day of acceptance, the counter, and
 * a check digit: "LA-20180101-0000123-4" (ISO 7064 MOD 11,10 over day and counter digits). Intake
 * mints cases' ids, so site letters and counter give the id back; the day is for people only. */
#ifndef HUYING_BASE_PURE_ID_H
#define HUYING_BASE_PURE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/kernel/base/service_id.h"

#define ID_COUNTER_BITS 48
#define ID_COUNTER_MAX ((INT64_C(1) << ID_COUNTER_BITS) - 1)
#define ID_SITE_MAX 4095
#define CASE_NUMBER_SIZE 48 /* with the NUL */
#define SITE_LETTERS_SIZE 5 /* 2 to 4 capital letters and the NUL */

int64_t id_make(int site, enum service_id minter, int64_t counter);
int id_site(int64_t id);
enum service_id id_minter(int64_t id);
int64_t id_counter(int64_t id);
/* True for a positive id of that site whose minter is in the table. */
bool id_valid(int64_t id, int site);

/* Spreads ids evenly over 64 bits (splitmix64's finisher); for buckets and hash tables. */
uint64_t id_hash(int64_t id);

/* `utc_offset_s`: of the site's zone, for the day. Writes at most CASE_NUMBER_SIZE bytes. */
void case_number_format(
        char *ret, const char *site_letters, int64_t id, int64_t accepted_at_ms, int utc_offset_s);
/* The id, or 0 when `text` is no case number of the site or its check digit is wrong. */
int64_t case_number_parse(const char *text, const char *site_letters, int site);

#endif
