/* Fresh ids for one process: blocks of counters taken from the schema's id_block, handed out from
 * memory. Two blocks are kept so that no batch waits; a block is thrown away when the site's
 * incarnation changes (rule 9). */
#ifndef HUYING_STORE_IDS_H
#define HUYING_STORE_IDS_H

#include <stdbool.h>
#include <stdint.h>
#include "services/kernel/base/service_id.h"

#define ID_BLOCK_SIZE 32768

struct ids {
    int site;
    enum service_id service;
    int64_t next, end, spare_next, spare_end;
    uint64_t clears; /* times that all were thrown away */
};

/* Ids left to draw. */
int64_t ids_left(const struct ids *ids);
/* True when the spare block is used up: ask for another. */
bool ids_want(const struct ids *ids);
void ids_add(struct ids *ids, int64_t first, int64_t count);
void ids_clear(struct ids *ids);
/* must() have one left: callers check ids_left before a batch. */
int64_t ids_draw(struct ids *ids);

#endif
