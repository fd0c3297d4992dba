/* proto_check and protobuf-c behind it: a payload of any of our types is refused, or opened within
 * a bound that its size sets, and what was opened is, packed and opened and packed again, the same
 * bytes. The bound is what keeps a small frame from filling a batch's memory. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "proto/audit.pb-c.h"
#include "proto/enforcement.pb-c.h"
#include "proto/envelope.pb-c.h"
#include "proto/hotline.pb-c.h"
#include "proto/intake.pb-c.h"
#include "proto/leaf.pb-c.h"
#include "proto/ops.pb-c.h"
#include "proto/routing.pb-c.h"
#include "proto/volunteer.pb-c.h"
#include "services/kernel/wire/message.h"

#define ARENA_LIMIT ((size_t)256 << 20)
#define BYTES_PER_BYTE 400 /* memory that a byte of payload may cost, and so much besides: */
#define BYTES_BESIDES 4096

static const ProtobufCMessageDescriptor *const types[] = {
        &huying__wire__batch__descriptor,
        &huying__wire__acks__descriptor,
        &huying__hotline__report__descriptor,
        &huying__hotline__outcomes__descriptor,
        &huying__intake__case_reported__descriptor,
        &huying__intake__report_view__descriptor,
        &huying__routing__worklist__descriptor,
        &huying__routing__case_view__descriptor,
        &huying__routing__worklist_query__descriptor,
        &huying__enforcement__missions__descriptor,
        &huying__volunteer__needs__descriptor,
        &huying__volunteer__offers__descriptor,
        &huying__audit__places__descriptor,
        &huying__audit__entries__descriptor,
        &huying__audit__locate_query__descriptor,
        &huying__ops__history__descriptor,
        &huying__ops__dead_letters__descriptor,
        &huying__leaf__page__descriptor,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const ProtobufCMessageDescriptor *type = types[fuzz_choose(&data, &size, COUNT_OF(types))];
    struct arena *arena = fuzz_arena(ARENA_LIMIT);
    enum err err = proto_check(data, size);
    must(err == OK || err == ERR_MALFORMED);
    const ProtobufCMessage *message = message_open(type, (struct bytes){data, size}, arena);
    must(arena->used <= size * BYTES_PER_BYTE + BYTES_BESIDES);
    if (message == NULL)
        return 0;
    must(err == OK);
    struct bytes first = message_bytes(message, arena);
    /* protobuf-c refuses an unknown field of number 0 only when its tag is as short as it can be,
     * and that is how it writes it: such a message is not opened again. */
    message = message_open(type, first, arena);
    if (message == NULL)
        return 0;
    struct bytes second = message_bytes(message, arena);
    must(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
    return 0;
}
