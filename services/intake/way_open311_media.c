/* Files that come with a service request: each is given to the desk of photos, one after the other,
 * and named in the report when all of them are kept. What is larger than a form may be takes one of
 * a few places, which is what bounds the memory of those who have not shown a key yet. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "services/intake/hotline/codec.h"
#include "services/intake/http.h"
#include "services/intake/photo_desk.h"
#include "services/intake/way_open311.h"
#include "services/kernel/base/must.h"

#define LARGE_MAX 8 /* bodies at once that are larger than a form's */

struct open311_media {
    const struct field *files[PHOTOS_MAX];
    size_t count, taken;
    struct hotline_report report; /* of which only the photos are said */
};

static atomic_int large;

void open311_media_check(struct call *call)
{
    const char *type = call_header(call, "Content-Type");
    const char *length = call_header(call, "Content-Length");
    bool parts = type && strncasecmp(type, "multipart/", 10) == 0;
    open311_check(call);
    if (call->problem.kind || (length && strtoull(length, NULL, 10) <= BODY_SIZE_MAX))
        return;
    if (length && !parts) {
        problem_set(&call->problem, PROBLEM_BODY_SIZE, "body", BODY_SIZE_MAX);
        return;
    }
    struct open311 *own = open311_of(call);
    own->large = atomic_fetch_add(&large, 1) < LARGE_MAX;
    if (own->large)
        return;
    (void)atomic_fetch_sub(&large, 1);
    problem_set(&call->problem, PROBLEM_BUSY, "", -1);
}

void open311_media_end(struct call *call)
{
    const struct open311 *own = call->own;
    if (own && own->large)
        must(atomic_fetch_sub(&large, 1) > 0);
    open311_end(call);
}

void open311_media_read(struct call *call)
{
    struct open311 *own = open311_of(call);
    struct open311_media *media = arena_get(&own->arena, sizeof *media);
    for (size_t i = 0; i < own->fields.count; i++) {
        const struct field *field = &own->fields.list[i];
        if (!field->file || !field->size)
            continue;
        if (media->count == PHOTOS_MAX) {
            open311_fail(call, OPEN311_MANY, "media", PHOTOS_MAX);
            return;
        }
        media->files[media->count++] = field;
    }
    media->report =
            (struct hotline_report){.ticket = "", .matter = "", .text = "", .about = "", .to = ""};
    own->media = media;
    call->aside = media->count > 0;
}

enum err open311_media_ask(
        struct call *call, const struct http_backend *backend, const struct local_command *command)
{
    static const struct envelope none = {.verdict = DESK_NONE, .text = ""};
    const struct open311_media *media = open311_of(call)->media;
    const struct field *file = media->files[media->taken];
    const struct desk_errand errand = {.photo = {(const uint8_t *)file->value, file->size},
            .done = command->done,
            .self = command->self};
    if (backend->photos)
        return photo_desk_ask(backend->photos, &errand);
    errand.done(errand.self, &none);
    return OK;
}

/* The same picture sent twice is one. */
static void photo_keep(struct hotline_report *report, const uint8_t hash[PHOTO_HASH_SIZE])
{
    for (size_t i = 0; i < report->photo_count; i++)
        if (memcmp(report->photos[i], hash, PHOTO_HASH_SIZE) == 0)
            return;
    memcpy(report->photos[report->photo_count++], hash, PHOTO_HASH_SIZE);
}

/* False, with an error or a problem: the desk has not taken it. */
static bool photo_taken(struct call *call, struct open311_media *media)
{
    struct desk_receipt receipt;
    uint32_t fault = call->verdict - DESK_FAULT;
    if (call->verdict == DESK_NONE) {
        open311_fail(call, OPEN311_MEDIA, media->files[media->taken]->name, 0);
        return false;
    }
    if (call->verdict != DESK_DONE) {
        problem_set_photo(&call->problem, call->verdict >= DESK_FAULT && fault < PHOTO_FAULTS
                                                  ? (enum photo_fault)fault
                                                  : PHOTO_AWAY);
        return false;
    }
    must(call->reply.size == sizeof receipt);
    memcpy(&receipt, call->reply.data, sizeof receipt);
    photo_keep(&media->report, receipt.hash);
    media->taken++;
    return true;
}

bool open311_media_taken(struct call *call)
{
    struct open311_media *media = open311_of(call)->media;
    must(call->aside);
    if (!photo_taken(call, media))
        return false;
    call->aside = media->taken < media->count;
    return true;
}

bool open311_media_again(struct call *call)
{
    if (!call->aside || !open311_media_taken(call))
        return false;
    if (!call->aside) /* merged into what is there */
        hotline_report_encode(&open311_of(call)->media->report, &call->payload);
    return true;
}

/* Some clients send one for each picture. */
const char *open311_media_urls(struct call *call, struct buf *text)
{
    const struct fields *fields = &open311_of(call)->fields;
    size_t count = 0;
    for (size_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->list[i];
        if (strcmp(field->name, "media_url") != 0 || field->file || !field->size)
            continue;
        if (field->size > LISTED_URL_MAX)
            open311_fail(call, OPEN311_LENGTH, "media_url", LISTED_URL_MAX);
        else if (strncmp(field->value, "http://", 7) != 0 &&
                 strncmp(field->value, "https://", 8) != 0)
            open311_fail(call, OPEN311_URL, "media_url", 0);
        else if (count++ == PHOTOS_MAX)
            open311_fail(call, OPEN311_MANY, "media_url", PHOTOS_MAX);
        else
            buf_add_format(text, "\n图片 media_url: %s", field->value);
    }
    return field_value(fields, "media_url");
}

const char *open311_media_name(const struct call *call)
{
    const struct open311_media *media = open311_of(call)->media;
    return media->count ? media->files[0]->name : NULL;
}

void open311_media_show(const struct call *call, struct hotline_report *report)
{
    const struct open311_media *media = open311_of(call)->media;
    report->photo_count = media->report.photo_count;
    memcpy(report->photos, media->report.photos, sizeof report->photos);
}
