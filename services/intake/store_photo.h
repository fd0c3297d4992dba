/* Which photos there are, on a connection that blocks, for the threads of photo_desk.h; and, in the
 * loop's batches, which of them reports name (store_ticket.c). A photo that is not `kept` is one
 * that is being taken in or removed: no report can name it. */
#ifndef HUYING_INTAKE_STORE_PHOTO_H
#define HUYING_INTAKE_STORE_PHOTO_H

#include <stdbool.h>
#include <stdint.h>
#include "services/intake/photo/photo.h"

#define PHOTO_SWEEP_MAX 256 /* photos removed in one go */

struct photo_book;
/* Connects when it is first asked, and again when the connection is lost. One thread. */
struct photo_book *photo_book_new(const char *conninfo);
/* Accepts NULL. */
void photo_book_destroy(struct photo_book **book);

/* All errors are ERR_TRANSIENT; `why` says more. Each may be repeated.
 * On record, not kept; of one that is on record the day begins anew. Waits while it is removed. */
enum err photo_book_note(
        struct photo_book *book, const struct photo *photo, struct buf *why) MUST_CHECK;
enum err photo_book_keep(
        struct photo_book *book, const uint8_t hash[PHOTO_HASH_SIZE], struct buf *why) MUST_CHECK;
/* The report with this number or id, 0 = none, and whether it names the photo. */
enum err photo_book_report(struct photo_book *book,
        const char *name,
        const uint8_t hash[PHOTO_HASH_SIZE],
        int64_t *ret_report,
        bool *ret_names,
        struct buf *why) MUST_CHECK;
/* Has those removed that are a day old and that no report names; they stay on record until they
 * are. */
enum err photo_book_sweep(struct photo_book *book,
        enum err (*drop)(void *self, const uint8_t hash[PHOTO_HASH_SIZE], struct buf *why),
        void *self,
        size_t *ret_removed,
        struct buf *why) MUST_CHECK;

#endif
