/* Looks at a protobuf payload before protobuf-c does, which recurses without limit and spends 29
 * bytes per byte of unknown fields.
 *
 * There is no schema here, so every length-delimited field that could be a message is taken for one
 * and descended into: all of its bytes must be well-formed fields, otherwise protobuf-c would
 * refuse it as a whole and never go deeper. Well-formedness of a level is known before anything
 * below it is looked at (fields_scan jumps over contents), so a level costs its own headers only,
 * and the whole at most size × ENVELOPE_DEPTH_MAX; the stack is an array.
 *
 * Ordinary text and bytes are hardly ever well-formed fields, and never sixteen deep. But long runs
 * of few values can be (a page of spaces, a bitmap of zeros), so what looks like text or has a
 * field number 0 does not count towards the number of fields; it counts towards the depth. What a
 * message made to look like that can cost in memory is bounded by the arena that it is unpacked
 * into. */
#include "services/kernel/wire/envelope.h"

#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"
#include "services/kernel/wire/wire_read.h"

/* Contents with fewer fields than this are counted without asking whether they look like text. */
#define SUSPICIOUS_FIELDS 64

struct level_facts {
    size_t fields;
    bool nested; /* a length-delimited field with something in it */
    bool zero;   /* a field number 0 */
    bool high;   /* a field number that no schema can have */
};

/* False when the bytes are not a sequence of fields. */
static bool fields_scan(const uint8_t *data, size_t size, struct level_facts *ret)
{
    struct level_facts facts = {0};
    struct wire_reader reader = {data, data + size};
    struct wire_field field;
    while (reader.at < reader.end) {
        if (!wire_field_next(&reader, &field)) {
            return false;
        }
        facts.fields++;
        facts.nested |= field.type == WIRE_BYTES && field.value >= 2;
        facts.zero |= field.number == 0;
        facts.high |= field.number > WIRE_FIELD_MAX;
    }
    *ret = facts;
    return true;
}

static bool text_like(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] < ' ' && data[i] != '\n' && data[i] != '\r' && data[i] != '\t') {
            return false;
        }
    }
    return text_valid((const char *)data, size);
}

static bool fields_counted(const struct level_facts *facts, const uint8_t *data, size_t size)
{
    return facts->fields < SUSPICIOUS_FIELDS || !(facts->zero || text_like(data, size));
}

/* Walks everything below a level that fields_scan has found well-formed. */
static bool levels_bounded(const uint8_t *data, size_t size, size_t fields)
{
    struct wire_reader stack[ENVELOPE_DEPTH_MAX];
    int depth = 1;
    stack[0] = (struct wire_reader){data, data + size};
    while (depth > 0 && fields <= ENVELOPE_FIELDS_MAX) {
        struct wire_reader *top = &stack[depth - 1];
        if (top->at == top->end) {
            depth--;
            continue;
        }
        struct wire_field field;
        struct level_facts facts;
        must(wire_field_next(top, &field));
        if (field.type != WIRE_BYTES || field.value < 2 ||
                !fields_scan(field.data, (size_t)field.value, &facts)) {
            continue;
        }
        fields += fields_counted(&facts, field.data, (size_t)field.value) ? facts.fields : 0;
        if (depth == ENVELOPE_DEPTH_MAX) {
            return false;
        }
        if (facts.nested) {
            stack[depth++] = (struct wire_reader){field.data, field.data + field.value};
        }
    }
    return fields <= ENVELOPE_FIELDS_MAX;
}

bool proto_bounded(const uint8_t *data, size_t size)
{
    struct level_facts facts;
    if (!fields_scan(data, size, &facts)) {
        return true;
    }
    return facts.fields <= ENVELOPE_FIELDS_MAX &&
           (!facts.nested || levels_bounded(data, size, facts.fields));
}

enum err proto_check(const uint8_t *data, size_t size)
{
    must(data != NULL || size == 0);
    struct level_facts facts;
    if (size == 0) {
        return OK;
    }
    if (!fields_scan(data, size, &facts) || facts.zero || facts.high) {
        return ERR_MALFORMED;
    }
    return proto_bounded(data, size) ? OK : ERR_MALFORMED;
}

static void *arena_allocator_alloc(void *self, size_t size)
{
    return arena_find(self, size);
}

static void arena_allocator_free(void *self, void *pointer)
{
    (void)self;
    (void)pointer;
}

struct arena_allocator arena_allocator(struct arena *arena)
{
    must(arena != NULL);
    return (struct arena_allocator){
            .alloc = arena_allocator_alloc, .free = arena_allocator_free, .self = arena};
}
