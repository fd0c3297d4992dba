/* A file of reports and of what became of them, as rows of instants and codes in order of
 * creation: MyLA311's columns (profile la311), naive local times, which get the site's fixed
 * offset; done, verified and closed all at ClosedDate. What is wrong in a row is counted, never
 * dropped in silence. (A day of whatever site is a story: drama.h.) */
#ifndef HUYING_CTL_REPLAY_FILE_H
#define HUYING_CTL_REPLAY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/ctl/csv.h"
#include "services/ctl/ctl.h"

#define PROMISE_SPAN_MS (INT64_C(24) * 3600 * 1000) /* the promise is the end of the promised day */

enum replay_status { REPLAY_CLOSED, REPLAY_CANCELLED, REPLAY_REFERRED, REPLAY_OPEN };

/* What is wrong with a row and was dealt with; counted for the first row with a number. */
enum row_fault {
    ROW_NO_POINT = 1,
    ROW_NO_VILLAGE = 2,
    ROW_NO_PLACE = 4,
    ROW_CLOSED_BEFORE = 8,
    ROW_PROMISED_BEFORE = 16
};

struct replay_row {
    const char *ticket, *matter; /* matter: a code or a type name of the catalogue */
    const char *text;
    enum replay_status status;
    int64_t created_ms, promised_ms; /* promised_ms 0 = none */
    int64_t handled_ms;              /* done by the handler; never before created_ms; 0 = not */
    int64_t ended_ms; /* closed, cancelled or referred out; never before handled_ms; 0 = not */
    double longitude, latitude;
    const char *codes[4]; /* unit codes from the district down */
    size_t code_count;
    size_t line;
    unsigned faults;     /* of enum row_fault */
    bool first;          /* of the rows with this number */
    const char *refused; /* why the row cannot be a report; NULL = it can */
};

struct replay_file {
    struct csv csv;
    struct buf memory;
    char **owned;
    size_t owned_count;
    struct replay_row *rows; /* by created_ms, then line */
    size_t count;
    int64_t last_ms; /* instant of the last event */
    size_t no_point, no_village, no_place, closed_before_created, promised_before_created;
};

/* Says what is wrong and returns ERR_MALFORMED when the file cannot be read at all. */
enum err replay_file_read(const struct ctl *ctl,
        const char *path,
        int utc_offset_s,
        struct replay_file *ret) MUST_CHECK;
void replay_file_fini(struct replay_file *file);
/* First row with created_ms > at_ms, from `from` on. */
size_t replay_file_until(const struct replay_file *file, size_t from, int64_t at_ms);

#endif
