/* Reports that came by Open311, as intake keeps and shows them: what of a report is public, what is
 * asked about such reports, and the rows of the answer. Plain data; codec_listed.c reads and
 * writes it, store_listed.c keeps it. */
#ifndef HUYING_INTAKE_OPEN311_H
#define HUYING_INTAKE_OPEN311_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "services/intake/intake.h"
#include "services/kernel/base/arena.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/base/pure_directory.h"
#include "services/kernel/store/aggregate.h"
#include "services/kernel/wire/envelope.h"

#define REQUESTS_MAX 1000      /* rows of one answer, and ids of one question */
#define REQUEST_SERVICES_MAX 100
#define REQUESTS_SIZE_MAX (320 << 10) /* of rows in one message; the next ones are asked for anew */
#define LISTED_ADDRESS_MAX 200 /* characters */
#define LISTED_NAME_MAX 64
#define LISTED_URL_MAX 1000 /* bytes */

/* What anybody may see of a report; texts in batch memory. */
struct listed {
    const char *jurisdiction, *service, *description, *address, *address_id, *media_url;
    bool has_point;
    struct spot spot;
};

enum request_status { REQUEST_ANY = 0, REQUEST_OPEN = 1, REQUEST_CLOSED = 2 };

/* Body of REQUESTS. */
struct requests_query {
    const char *jurisdiction;
    const char *ids[REQUESTS_MAX]; /* ids or case numbers; then the rest is not looked at */
    size_t id_count;
    bool ended; /* the stages and ends of that time, else what was requested then */
    int64_t from_ms, to_ms;
    const char *services[REQUEST_SERVICES_MAX];
    size_t service_count;
    enum request_status status;
    uint32_t offset, limit;
};

struct request {
    int64_t id;
    const char *number, *service, *description, *address, *address_id, *media_url;
    int64_t requested_ms, ended_ms, promised_ms; /* 0 = none */
    bool open;
    const char *notes; /* the outcome; of a stage, its sentence */
    uint32_t round;
    uint32_t stage; /* an update: the stage's version; 0 = the end */
    int64_t stage_ms;
    const char *agency;
    bool has_point;
    double longitude, latitude;
};

struct requests {
    struct request *list;
    size_t count;
    bool more;
};

struct Huying__Hotline__Listed;
struct fault;

/* What came with a report, as it came; NULL in *ret when nothing did. */
struct fault listed_read(const struct Huying__Hotline__Listed *message,
        struct arena *arena,
        const struct listed **ret);
/* The same as it may be shown: words are masked, the point is the report's. */
const struct listed *listed_mask(
        const struct listed *listed, const struct submission *submission, struct arena *arena);
/* A part of a report for the loop: appended to a message of hotline_report_encode(). */
void listed_encode(const struct listed *listed, struct buf *out);
void requests_query_encode(const struct requests_query *query, struct buf *out);
enum err requests_query_decode(struct bytes payload,
        struct arena *arena,
        struct requests_query *ret,
        const char **ret_why) MUST_CHECK;
/* As many of the rows as one message holds. */
void requests_encode(const struct request *list, size_t count, struct buf *out);
/* ERR_MALFORMED; texts in the arena. */
enum err requests_decode(
        struct bytes payload, struct arena *arena, struct requests *ret) MUST_CHECK;

/* For the table in store.c. */
#define OPEN311_STATEMENTS 2
extern const struct statement open311_statements[OPEN311_STATEMENTS];
extern const struct statement requests_statement;
enum err requests_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why) MUST_CHECK;
void requests_answer(const PGresult *rows, const struct directory *directory, struct buf *out);
/* Rows for the reports that were accepted with something to show. */
void listed_store(struct pg *pg, const void *const *states, size_t count);
/* Rows for the stages that such reports have reached. */
void updates_store(struct pg *pg, const void *const *states, size_t count);

#endif
