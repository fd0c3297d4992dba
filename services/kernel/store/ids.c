#include "services/kernel/store/ids.h"

#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_id.h"

int64_t ids_left(const struct ids *ids)
{
    return ids->end - ids->next + ids->spare_end - ids->spare_next;
}

bool ids_want(const struct ids *ids)
{
    return ids->spare_next == ids->spare_end;
}

void ids_add(struct ids *ids, int64_t first, int64_t count)
{
    must(ids_want(ids));
    ids->spare_next = first;
    ids->spare_end = first + count;
}

void ids_clear(struct ids *ids)
{
    ids->next = ids->end = ids->spare_next = ids->spare_end = 0;
    ids->clears++;
}

int64_t ids_draw(struct ids *ids)
{
    if (ids->next == ids->end) {
        ids->next = ids->spare_next;
        ids->end = ids->spare_end;
        ids->spare_next = ids->spare_end = 0;
    }
    must(ids->next < ids->end);
    return id_make(ids->site, ids->service, ids->next++);
}
