/* Audit's messages as bytes: the only place in the service that knows protobuf. */
#ifndef HUYING_AUDIT_CODEC_H
#define HUYING_AUDIT_CODEC_H

#include "services/audit/audit.h"
#include "services/kernel/store/aggregate.h"

#define CHECKPOINT_SIZE 256 /* of a checkpoint's text, with the NUL */

/* As input_type.decode, to struct page_body: all leaves are well-formed, at most LEAF_SIZE_LIMIT
 * long, of one service, and hashed; 1 to PAGE_LEAVES_MAX of them. */
enum err page_decode(struct bytes payload,
        struct arena *arena,
        const void **ret_body,
        const char **ret_why) MUST_CHECK;

/* As aggregate_ops.encode; audit sends nothing, so it is never called. */
void audit_encode(const void *next,
        const struct input *input,
        const struct world *world,
        const struct send *send,
        struct buf *out);

/* As query_type: bind, encode. */
enum err checkpoint_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why) MUST_CHECK;
void checkpoint_encode(const PGresult *rows, const struct directory *directory, struct buf *out);
enum err locate_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why) MUST_CHECK;
void locate_encode(const PGresult *rows, const struct directory *directory, struct buf *out);
enum err entries_bind(struct bytes payload,
        const struct directory *directory,
        const char *actor,
        struct arena *arena,
        struct params *params,
        const char **ret_why) MUST_CHECK;
void entries_encode(const PGresult *rows, const struct directory *directory, struct buf *out);

/* The text of a checkpoint (C2SP tlog-checkpoint, without signatures): origin "huying/site-N",
 * size, base64 of the root, a line each. */
void checkpoint_text(const struct merkle *merkle, int site, char ret[CHECKPOINT_SIZE]);

#endif
