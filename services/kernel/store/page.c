/* Leaves are written field by field in protobuf's format (proto/leaf.proto): a batch has
 * hundreds, and their bytes are what is hashed, so they are made once and in one fixed way:
 * fields in order of number, defaults left out. */
#include "services/kernel/store/page.h"

#include <sodium.h>
#include <string.h>

#include "services/kernel/base/must.h"
#include "services/kernel/store/core_impl.h"

#define TYPE_PAGE 5001
#define LEAF_SIZE_MAX 256

static size_t put_varint(uint8_t *out, uint64_t value)
{
    size_t size = 0;
    while (value >= 0x80) {
        out[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[size++] = (uint8_t)value;
    return size;
}

static size_t put_field(uint8_t *out, unsigned number, uint64_t value)
{
    if (value == 0)
        return 0;
    size_t size = put_varint(out, number << 3);
    return size + put_varint(out + size, value);
}

static void rest_hash(const struct effect_step *step, uint8_t ret[crypto_hash_sha256_BYTES])
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, step->salt, SALT_SIZE);
    crypto_hash_sha256_update(
            &state, (const unsigned char *)step->actor, strlen(step->actor) + 1);
    crypto_hash_sha256_update(&state, step->detail.data, step->detail.size);
    crypto_hash_sha256_final(&state, ret);
}

static size_t leaf_write(
        const struct effect_step *effect, enum service_id service, uint8_t out[LEAF_SIZE_MAX])
{
    const struct step *step = &effect->step;
    size_t size = put_field(out, 1, service);
    size += put_field(out + size, 2, (uint64_t)effect->agg);
    size += put_field(out + size, 3, (uint64_t)effect->ver);
    size += put_field(out + size, 4, step->kind);
    size += put_field(out + size, 5, step->from);
    size += put_field(out + size, 6, step->to);
    size += put_field(out + size, 7, (uint64_t)step->at_ms);
    size += put_field(out + size, 8, (uint64_t)step->unit);
    size += put_field(out + size, 9, (uint64_t)step->due_ms);
    size += put_field(out + size, 10, (uint64_t)step->rule_ver);
    out[size++] = 11 << 3 | 2;
    out[size++] = crypto_hash_sha256_BYTES;
    rest_hash(effect, out + size);
    size += crypto_hash_sha256_BYTES;
    must(size <= LEAF_SIZE_MAX);
    return size;
}

static struct effect_page *page_current(struct core *core)
{
    size_t count = core->pages.count;
    if (count && core->pages.list[count - 1].payload->size < PAGE_SIZE_MAX)
        return &core->pages.list[count - 1];
    must(count < core->page_buf_count);
    struct effect_page *page = EFFECT_PUSH(core, pages);
    page->id = core->draw(core->draw_self);
    page->payload = &core->page_bufs[count];
    buf_reset(page->payload);
    return page;
}

void page_add(struct core *core, struct effect_step *step)
{
    uint8_t leaf[LEAF_SIZE_MAX], head[8];
    size_t leaf_size = leaf_write(step, core->ops->service, leaf);
    struct effect_page *page = page_current(core);
    head[0] = 1 << 3 | 2;
    size_t head_size = 1 + put_varint(head + 1, leaf_size);
    buf_add(page->payload, head, head_size);
    buf_add(page->payload, leaf, leaf_size);
    step->page = page->id;
    step->idx = page->count++;
}

void page_finish(struct core *core)
{
    for (size_t i = 0; i < core->pages.count; i++) {
        const struct effect_page *page = &core->pages.list[i];
        struct effect_message *message = EFFECT_PUSH(core, outbox);
        *message = (struct effect_message){.id = core->draw(core->draw_self),
                .agg = page->id,
                .at_ms = core->now_ms,
                .service = SERVICE_AUDIT,
                .n = 1,
                .type = TYPE_PAGE,
                .payload = {(const uint8_t *)page->payload->data, page->payload->size}};
    }
}
