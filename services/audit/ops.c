/* What audit tells the kernel about itself. It writes no steps and tells nobody, so most is
 * empty. */
#include "services/audit/ops.h"

#include <string.h>

#include "services/audit/codec.h"
#include "services/audit/decide.h"
#include "services/audit/store.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const enum service_id hears[] = {
        SERVICE_INTAKE, SERVICE_ROUTING, SERVICE_ENFORCEMENT, SERVICE_VOLUNTEER, SERVICE_NONE};
static const enum service_id tells[] = {SERVICE_NONE};

static const struct input_type inputs[] = {
        {INPUT_MESSAGE, SERVICE_INTAKE, TYPE_PAGE, 0, "page", page_decode},
        {INPUT_MESSAGE, SERVICE_ROUTING, TYPE_PAGE, 0, "page", page_decode},
        {INPUT_MESSAGE, SERVICE_ENFORCEMENT, TYPE_PAGE, 0, "page", page_decode},
        {INPUT_MESSAGE, SERVICE_VOLUNTEER, TYPE_PAGE, 0, "page", page_decode},
};

static const struct query_type queries[] = {
        {TYPE_CHECKPOINT, "checkpoint", &CHECKPOINT, checkpoint_bind, checkpoint_encode, false},
        {TYPE_LOCATE, "locate", &LOCATE, locate_bind, locate_encode, false},
        {TYPE_ENTRIES, "entries", &ENTRIES, entries_bind, entries_encode, false},
};

static const char *const none[] = {NULL};
static const char *const reason_names[] = {
#define X(name, number, text, zh, en) [number] = text,
        REFUSAL_TABLE(X)
#undef X
                [REFUSAL_COUNT] = NULL};

const char *audit_reason_text(uint32_t reason, const char *language)
{
    static const char *const texts[][2] = {
#define X(name, number, text, zh, en) [number] = {zh, en},
            REFUSAL_TABLE(X)
#undef X
    };
    if (reason >= COUNT(texts))
        return "";
    return texts[reason][strcmp(language, "en") == 0];
}

struct aggregate_ops audit_ops(void)
{
    return (struct aggregate_ops){
            .service = SERVICE_AUDIT,
            .schema = "audit",
            .table = "pages",
            .state_size = sizeof(struct page),
            .hears = hears,
            .tells = tells,
            .inputs = inputs,
            .input_count = COUNT(inputs),
            .queries = queries,
            .query_count = COUNT(queries),
            .metric_names = none,
            .reason_names = reason_names,
            .reason_text = audit_reason_text,
            .kind_names = none,
            .state_names = none,
            .sql_stub = PAGES_STUB,
            .sql_load = PAGES_LOAD,
            .sql_update = PAGES_UPDATE,
            .load_row = page_load_row,
            .save_begin = page_save_begin,
            .save_row = page_save_row,
            .decide = audit_decide,
            .encode = audit_encode,
    };
}
