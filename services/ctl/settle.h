/* Waiting until nothing is under way, and moving a drill's clock. */
#ifndef HUYING_CTL_SETTLE_H
#define HUYING_CTL_SETTLE_H

#include "services/ctl/ctl_bus.h"
#include "services/ctl/store_drill.h"

#define SETTLE_TIMEOUT_MS 120000

/* Returns when every outbox is empty, nothing released waits, all that was due has fired and (with
 * `ledger`) every leaf has its place. Reconnects when the database restarts. ERR_TRANSIENT after
 * SETTLE_TIMEOUT_MS; *ret says what is still under way. */
enum err settle(struct pg *pg, bool ledger, struct drill_busy *ret) MUST_CHECK;
/* Moves the clock just past its next deadline (one millisecond: exactly at the instant is in
 * time), but not past `to_ms`, tells the services over the bus, so that they need not find out by
 * themselves, and settles; the ledger, which moves no clock, follows by itself. *ret_clock_ms:
 * where it stands now. */
enum err clock_step(
        struct pg *pg, struct client *client, int64_t to_ms, int64_t *ret_clock_ms) MUST_CHECK;
/* Runs `call` again while it says ERR_TRANSIENT, reconnecting, for SETTLE_TIMEOUT_MS. */
#define SETTLE_RETRY(pg, call) ((settle_wait(pg)) == OK ? (call) : ERR_TRANSIENT)
enum err settle_wait(struct pg *pg) MUST_CHECK;

/* The same as store_drill_next and store_drill_figures, again over a new connection when the server
 * restarts meanwhile. */
enum err settle_next(struct pg *pg, int64_t *ret_due_ms) MUST_CHECK;
enum err settle_figures(struct pg *pg, struct drill_figures *ret) MUST_CHECK;

#endif
