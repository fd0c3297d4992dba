/* Hotlines over HTTP: a mapping file, a body under a fixed mapping, the head of a signed request
 * and a file of keys, chosen by the first byte. What is refused has a reason in words; what is
 * taken gives a message; no signature that was not made fits. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "services/intake/vendor/body.h"
#include "services/intake/vendor/mapping.h"

static void mapping_try(const uint8_t *data, size_t size)
{
    BUF_OWNED why = {0};
    struct vendor vendor = {.name = "fuzz"};
    char *keys = NULL;
    char *text = fuzz_string(data, size);
    enum err err = mapping_read("f.conf", text, size, &vendor, &keys, &why);
    must(err == OK || err == ERR_MALFORMED);
    must((err == OK) == (keys != NULL) && (err == OK) == (why.size == 0));
    if (err)
        must(strncmp(why.data, "f.conf:", 7) == 0 && why.data[why.size - 1] == '\n');
    free(keys);
    vendor_fini(&vendor);
    free(text);
}

static const struct vendor *vendor_fixed(void)
{
    static const char text[] =
            "[vendor]\nkeys=k\n[report]\nticket=a\nmatter=b.0\ntext=c\nintent=d\n"
            "longitude=x\nlatitude=y\nunit_codes=u, v\nreported_at=t\n"
            "promised_in=p\nwants_progress=w\n[withdraw]\nticket=a\nreason=c\n"
            "[correct]\nticket=a\ntext=c\nlongitude=x\nlatitude=y\n[follow-up]\n"
            "ticket=a\nscore=s\nunsolved=w\n[outcome-ack]\nid=i\nround=r\n"
            "[progress-ack]\nid=i\nversion=r\n[values intent]\nq=inquiry\n"
            "[times]\nformat=local\n[coordinates]\nsystem=gcj02\n";
    static struct vendor vendor = {.name = "fuzz"};
    static char *keys;
    BUF_OWNED why = {0};
    if (!keys)
        must(mapping_read("f.conf", text, sizeof text - 1, &vendor, &keys, &why) == OK);
    return &vendor;
}

static void body_try(const uint8_t *data, size_t size)
{
    struct body_fault fault;
    int64_t said_ms = 0;
    BUF_OWNED out = {0};
    enum verb verb = (enum verb)fuzz_choose(&data, &size, VERB_COUNT);
    bool good = body_read(vendor_fixed(), verb, (const char *)data, size, &out, &said_ms, &fault);
    must(good == (fault.kind == BODY_FINE));
    fuzz_text(fault.path);
    fuzz_text(fault.extra);
    if (!good)
        must(out.size == 0);
}

static void head_try(const uint8_t *data, size_t size)
{
    static const struct sign_keys keys = {
            .list = {{.id = "a", .secret = {1}, .size = SIGN_SECRET_MIN}}, .count = 1};
    char *text = fuzz_string(data, size), *rest = text;
    const struct signed_request request = {.method = "POST",
            .target = "/",
            .key = strsep(&rest, "\n"),
            .timestamp = strsep(&rest, "\n"),
            .nonce = strsep(&rest, "\n"),
            .signature = strsep(&rest, "\n")};
    if (sign_head_check(&request, INT64_C(1514764800000)) == SIGN_FINE)
        must(sign_verify(&request, (struct bytes){data, size}, &keys) != SIGN_FINE);
    free(text);
}

static void keys_try(const uint8_t *data, size_t size)
{
    struct sign_keys keys;
    BUF_OWNED why = {0};
    enum err err = sign_keys_load(fuzz_file(data, size), &keys, &why);
    must((err == OK) == (why.size == 0));
    must(err != OK || (keys.count > 0 && keys.count <= SIGN_KEYS_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(const uint8_t *, size_t) = {
            mapping_try, body_try, head_try, keys_try};
    size_t which = fuzz_choose(&data, &size, COUNT_OF(tries));
    tries[which](data, size);
    return 0;
}
