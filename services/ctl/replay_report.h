/* What a replay counted itself, and the table at its end. */
#ifndef HUYING_CTL_REPLAY_REPORT_H
#define HUYING_CTL_REPLAY_REPORT_H

#include "services/ctl/ctl.h"
#include "services/ctl/replay_file.h"
#include "services/ctl/store_drill.h"
#include "services/intake/hotline/hotline.h"
#include "services/kernel/base/pure_text.h"

struct replay_counts {
    int site, utc_offset_s;
    size_t accepted, duplicates, refused, ended, outcomes;
    size_t cases_before; /* that were there at the start */
    size_t placed[5];    /* by enum level */
    GHashTable *reasons; /* name → count, of refusals */
    int64_t wall_ms;
};

void replay_count_refused(struct replay_counts *counts, const char *reason);
/* `first`: of the file's first row with that number; later ones do not count where they are
 * placed. */
void replay_count_receipt(
        struct replay_counts *counts, const struct hotline_receipt *receipt, bool first);
void replay_counts_fini(struct replay_counts *counts);
/* Prints the table, or one JSON object on one line. True when every row of the file is accounted
 * for. A ticket whose receipt was lost was pushed again and came back as a duplicate: what this
 * run made is counted as accepted. */
bool replay_report(const struct ctl *ctl,
        struct pg *pg,
        const struct replay_file *file,
        struct replay_counts *counts);

#endif
