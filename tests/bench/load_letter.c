/* Reports as requests over HTTP, as three kinds of clients make them: JSON of the site's own API,
 * a form of Open311, the signed JSON of a hotline's vendor (the profile's mapping demo.conf). Made
 * by hand and not by a library, so that the load has as little share as it can. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "services/intake/vendor/sign.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_directory.h"
#include "tests/bench/load.h"

#define VENDOR_KEYS "conf/vendors/demo.keys"
#define VENDOR_PATH "/hotline/v1/demo/report"
#define NAME_SIZE 160
#define MATTERS_MAX 64 /* of the profile, from 1 */

struct letters {
    const struct load *load;
    enum load_way way;
    struct sign_keys keys; /* of the vendor */
    struct buf body, more; /* of the letter being written; more: header lines of the way's own */
};

struct letters *letters_new(const struct load *load, enum load_way way)
{
    char path[CTL_PATH_SIZE];
    BUF_OWNED why = {0};
    struct letters *letters = must_memory(calloc(1, sizeof *letters));
    letters->load = load;
    letters->way = way;
    ctl_path(load->ctl, path, VENDOR_KEYS);
    if (way == WAY_VENDOR &&
            (sign_keys_load(path, &letters->keys, &why) != OK || !letters->keys.count))
        load_fail("no key to sign with: %s", why.data ? why.data : path);
    return letters;
}

void letters_destroy(struct letters **letters_)
{
    struct letters *letters = *letters_;
    if (!letters)
        return;
    *letters_ = NULL;
    buf_fini(&letters->body);
    buf_fini(&letters->more);
    explicit_bzero(&letters->keys, sizeof letters->keys);
    free(letters);
}

/* What stands between quotes as it is: the file's codes have nothing to be escaped. */
static void quoted_add(struct buf *out, const char *name, const char *value)
{
    must(!strpbrk(value, "\"\\"));
    buf_add_format(out, "\"%s\":\"%s\",", name, value);
}

static void json_write(const struct hotline_report *report, const char *codes_name, struct buf *out)
{
    quoted_add(out, "matter", report->matter);
    quoted_add(out, "text", report->text);
    buf_add_format(out, "\"%s\":[", codes_name);
    for (size_t i = 0; i < report->unit_code_count; i++)
        buf_add_format(out, "%s\"%s\"", i ? "," : "", report->unit_codes[i]);
    buf_add_text(out, "]}");
}

static void own_write(struct letters *letters, const struct hotline_report *report)
{
    buf_add_text(&letters->body, "{");
    json_write(report, "unit_codes", &letters->body);
    buf_add_format(&letters->more, "Content-Type: application/json\r\nIdempotency-Key: %s\r\n",
            report->ticket);
}

static void field_add(struct buf *out, const char *name, const char *value)
{
    g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
    buf_add_format(out, "%s%s=%s", out->size ? "&" : "", name, escaped);
}

/* The file names what is reported by its name; the profile's services have its matters' codes. */
static const char *service_code(const struct load *load, const char *matter)
{
    for (int32_t id = 1; id <= MATTERS_MAX; id++) {
        const struct matter *found = matter_find(load->directory, id);
        if (found && strcmp(found->name_en, matter) == 0)
            return found->code;
    }
    return matter;
}

static void form_write(struct letters *letters, const struct hotline_report *report)
{
    char codes[NAME_SIZE] = "";
    for (size_t i = 0, at = 0; i < report->unit_code_count; i++) {
        int size = snprintf(
                codes + at, sizeof codes - at, "%s%s", i ? " " : "", report->unit_codes[i]);
        must(size > 0 && (size_t)size < sizeof codes - at);
        at += (size_t)size;
    }
    field_add(&letters->body, "service_code", service_code(letters->load, report->matter));
    field_add(&letters->body, "description", report->text);
    field_add(&letters->body, "address_string", *codes ? codes : "?");
    if (*codes)
        field_add(&letters->body, "attribute[UNITS]", codes);
    buf_add_format(&letters->more,
            "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
            "Idempotency-Key: %s\r\n",
            report->ticket);
}

static void signed_write(struct letters *letters, const struct hotline_report *report)
{
    char now[24];
    const struct sign_key *key = &letters->keys.list[0];
    const struct signed_request request = {.method = "POST",
            .target = VENDOR_PATH,
            .key = key->id,
            .timestamp = now,
            .nonce = report->ticket};
    BUF_OWNED signature = {0};
    (void)snprintf(now, sizeof now, "%lld", (long long)time(NULL));
    buf_add_text(&letters->body, "{");
    quoted_add(&letters->body, "ticket", report->ticket);
    json_write(report, "codes", &letters->body);
    sign_shared(key, &request,
            (struct bytes){(const uint8_t *)letters->body.data, letters->body.size}, &signature);
    buf_add_format(&letters->more,
            "Content-Type: application/json\r\nHuying-Key: %s\r\nHuying-Timestamp: %s\r\n"
            "Huying-Nonce: %s\r\nHuying-Signature: %s\r\n",
            key->id, now, report->ticket, signature.data);
}

static const struct {
    const char *path;
    void (*write)(struct letters *letters, const struct hotline_report *report);
} WRITERS[WAY_COUNT] = {
        [WAY_HTTP] = {"/v1/reports", own_write},
        [WAY_OPEN311] = {"/open311/v2/requests.json", form_write},
        [WAY_VENDOR] = {VENDOR_PATH, signed_write},
};

void letter_write(struct letters *letters, size_t index, struct buf *out)
{
    struct hotline_report report;
    char ticket[HOTLINE_TICKET_SIZE], own[HOTLINE_TICKET_SIZE];
    must(WRITERS[letters->way].write);
    load_call(letters->load, index, ticket, &report);
    /* The vendor's reports are the demo hotline's: it may have pushed the same number itself. */
    int size = snprintf(own, sizeof own, "%s-%.50s", load_way_name(letters->way), ticket);
    must(size > 0 && (size_t)size < sizeof own);
    report.ticket = own;
    buf_reset(&letters->body);
    buf_reset(&letters->more);
    WRITERS[letters->way].write(letters, &report);
    buf_reset(out);
    buf_add_format(out, "POST %s HTTP/1.1\r\nHost: bench\r\nContent-Length: %zu\r\n%s\r\n%s",
            WRITERS[letters->way].path, letters->body.size, letters->more.data, letters->body.data);
}

bool answer_whole(const char *text, size_t size, int *ret)
{
    static const char field[] = "Content-Length:";
    const char *body = strstr(text, "\r\n\r\n"), *length = strcasestr(text, field);
    if (!body || !length || length > body)
        return false;
    if (size < (size_t)(body + 4 - text) + strtoul(length + sizeof field - 1, NULL, 10))
        return false;
    *ret = (int)strtol(text + strcspn(text, " "), NULL, 10);
    return true;
}

bool answer_is_receipt(enum load_way way, int status)
{
    static const int statuses[] = {
#define X(name, text, status) [name] = status,
            WAY_TABLE(X)
#undef X
    };
    return status == statuses[way];
}
