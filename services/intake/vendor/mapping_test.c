/* Mapping files: what is right is read; every mistake is named with its line, all of them at once;
 * a directory is taken whole or not at all. And bodies: their paths, values, times and points, and
 * what cannot be read by its path. */
#include "services/intake/vendor/mapping.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <glib.h>
#include <math.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include "proto/hotline.pb-c.h"
#include "services/intake/vendor/body.h"

#define VENDOR "[vendor]\nkeys = k\n"
#define GOOD                                                                                       \
    "[vendor]\nkeys=acme.keys\nsource=hotline-a\nenvelope=data\n[report]\nticket=no\n"             \
    "matter=kind.0.code\ntext=say\nintent=sort\nabout=old\nlongitude=x\nlatitude=y\n"              \
    "unit_codes=area.street, area.village\nreported_at=at\npromised_in=urgency\n"                  \
    "wants_progress=tell\naddress=where\njoin=same\nphotos=pics\ncaller_name=who.name\n"           \
    "caller_phone=who.tel\ncaller_email=who.mail\ncaller_address=who.home\n"                       \
    "caller_id_number=who.id\ncaller_confidential=who.secret\n[withdraw]\nticket=no\nreason="      \
    "why\n[correct]\nticket=no\ntext=say\n"                                                        \
    "longitude=x\nlatitude=y\n"                                                                    \
    "[follow-up]\nticket=no\nscore=stars\nunsolved=again\n[outcome-ack]\nid=id\nround=round\n"     \
    "[progress-ack]\nid=id\nversion=version\n"                                                     \
    "[values matter]\n市容=YH-02\n*=YH-99\n[values intent]\n咨询=inquiry\n投诉=complaint\n"  \
    "催办=urge\n"
#define REST                                                                                       \
    "[values promised_in]\n紧急=120\n一般=1440\n"                                              \
    "[values "                                                                                     \
    "wants_progress]\n是=true\n否=false\n[times]\nformat=local\nzone=+08:00\n[coordinates]"      \
    "\nsystem=gcj02\n"

static struct vendor vendor;

static int setup(void **state)
{
    BUF_OWNED why = {0};
    BUF_OWNED text = {0};
    char *keys = NULL;
    (void)state;
    buf_add_text(&text, GOOD);

    buf_add_text(&text, REST);
    vendor = (struct vendor){.name = "acme", .source = "acme"};
    enum err err = mapping_read("acme.conf", text.data, text.size, &vendor, &keys, &why);
    if (err)
        print_error("%s", why.data);
    int wrong = err || strcmp(keys, "acme.keys") != 0;
    free(keys);
    return wrong || sodium_init() < 0;
}

static int teardown(void **state)
{
    (void)state;
    vendor_fini(&vendor);
    return 0;
}

static void every_mistake_is_named_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why[3];
    } table[] = {
            {"nonsense", {"f:1: expected groups"}},
            {"[report]\nticket=a\nmatter=b\n", {"keys: the file of its keys"}},
            {VENDOR, {"f:1: [vendor]: found \"nothing that is sent\""}},
            {VENDOR "[report]\nticket=a\n",
                    {"f:3: [report]: found \"no such field\", expected matter"}},
            {VENDOR "[reports]\n", {"f:3: [reports]"}},
            {VENDOR "[report]\nticket=a\nmatter=b\nreason=c\n",
                    {"f:6: [report] reason: found \"reason\""}},
            {VENDOR "[report]\nticket=a..b\nmatter=.b\nlongitude=x\n",
                    {"f:4: [report] ticket: found \"a..b\"", "f:5: [report] matter",
                            "f:3: [report]: found \"one of them\""}},
            {VENDOR "[report]\nticket=a.b.c.d.e.f.g.h.i\nmatter=b\n", {"f:4: [report] ticket"}},
            {VENDOR "[report]\nticket=a\nmatter=b\n[values intent]\n咨询=question\n",
                    {"f:7: [values intent] 咨询: found \"question\""}},
            {VENDOR "[report]\nticket=a\nmatter=b\n[values size]\nx=1\n", {"f:6: [values size]"}},
            {VENDOR "[report]\nticket=a\nmatter=b\n[times]\nformat=noon\nzone=8\n",
                    {"f:7: [times] format", "f:8: [times] zone"}},
            {VENDOR "[report]\nticket=a\nmatter=b\n[coordinates]\nsystem=bd09\n",
                    {"f:7: [coordinates] system: found \"bd09\""}},
            {VENDOR "[report]\nticket=a\n[constants]\nmatter=M\nticket=b\nscore=6\n",
                    {"f:7: [constants] ticket", "f:8: [constants] score: found \"6\""}},
            {VENDOR "[report]\nticket=a\nmatter=b\n[constants]\njoin=c\ncaller_confidential="
                    "perhaps\n",
                    {"f:7: [constants] join", "f:8: [constants] caller_confidential: found "
                                              "\"perhaps\", expected true"}},
            {"[vendor]\nkeys=k\nsource=A B\ncolour=x\n[report]\nticket=a\nmatter=b\n",
                    {"f:3: [vendor] source", "f:4: [vendor] colour"}},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        BUF_OWNED why = {0};
        struct vendor read = {.name = "f"};
        char *keys = NULL;
        enum err err = mapping_read("f", table[i].text, strlen(table[i].text), &read, &keys, &why);
        assert_int_equal(err, ERR_MALFORMED);
        for (size_t n = 0; n < 3 && table[i].why[n]; n++)
            if (!strstr(why.data, table[i].why[n]))
                fail_msg("row %zu: no \"%s\" in: %s", i, table[i].why[n], why.data);
        vendor_fini(&read);
    }
}

static void file_put(const char *directory, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    assert_int_equal(chmod(path, 0600), 0);
}

static void a_directory_is_taken_whole_or_not_at_all(void **state)
{
    (void)state;
    static const char right[] = VENDOR "[report]\nticket=a\nmatter=b\n";
    static const char secret[] = "a hmac-sm3 000102030405060708090a0b0c0d0e0f\n";
    BUF_OWNED why = {0};
    struct vendors *vendors = NULL;
    g_autofree char *directory = g_dir_make_tmp("huying-vendors-XXXXXX", NULL);
    assert_int_equal(vendors_load("/nonexistent", &vendors, &why), ERR_NOT_FOUND);
    file_put(directory, "one.conf", right);
    file_put(directory, "k", secret);
    file_put(directory, "README", "no vendor");
    assert_int_equal(vendors_load(directory, &vendors, &why), OK);
    assert_string_equal(vendors_find(vendors, "one")->source, "one");
    assert_int_equal(vendors_find(vendors, "one")->keys.count, 1);
    assert_null(vendors_find(vendors, "two"));
    assert_null(vendors_find(vendors, "README"));
    vendors_destroy(&vendors);
    file_put(directory, "two.conf", VENDOR "source=one\n[report]\nticket=a\nmatter=b\n");
    assert_int_equal(vendors_load(directory, &vendors, &why), ERR_MALFORMED);
    assert_non_null(strstr(why.data, "source \"one\""));
    file_put(directory, "two.conf", "[vendor]\nkeys=none\n[report]\nticket=a\nmatter=b\n");
    assert_int_equal(vendors_load(directory, &vendors, &why), ERR_NOT_FOUND);
    assert_null(vendors);
    const char *const names[] = {"one.conf", "two.conf", "k", "README", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        g_autofree char *path = g_build_filename(directory, names[i], NULL);
        assert_int_equal(remove(path), 0);
    }
}

static int64_t said_ms; /* of the last body */

static Huying__Hotline__Report *report_of(const char *body, struct body_fault *fault)
{
    BUF_OWNED out = {0};
    if (!body_read(&vendor, VERB_REPORT, body, strlen(body), &out, &said_ms, fault))
        return NULL;
    return huying__hotline__report__unpack(NULL, out.size, (const uint8_t *)out.data);
}

static void a_report_is_read_by_its_mapping(void **state)
{
    (void)state;
    struct body_fault fault;
    Huying__Hotline__Report *report = report_of(
            "{\"data\":{\"no\":4711,\"kind\":[{\"code\":\"市容\"}],\"say\":\"脏\",\"sort\":"
            "\"投诉\","
            "\"old\":\"4710\",\"x\":\"113.35\",\"y\":22.94,\"area\":{\"street\":\"S\",\"village\":"
            "null},\"at\":\"2026-01-31 09:00:00\",\"urgency\":\"紧急\",\"tell\":\"是\"}}",
            &fault);
    assert_non_null(report);
    assert_string_equal(report->ticket, "4711");
    assert_string_equal(report->matter, "YH-02");
    assert_string_equal(report->text, "脏");
    assert_int_equal(report->intent, HUYING__HOTLINE__INTENT__INTENT_COMPLAINT);
    assert_string_equal(report->about, ""); /* not urged */
    assert_true(fabs(report->longitude - 113.35) < 1e-9 && fabs(report->latitude - 22.94) < 1e-9);
    assert_int_equal(report->coordinates, 2);
    assert_int_equal(report->n_unit_codes, 1);
    assert_string_equal(report->unit_codes[0], "S");
    assert_int_equal(report->reported_at_ms, INT64_C(1769821200000));
    assert_int_equal(report->promised_at_ms, INT64_C(1769821200000) + 7200000);
    assert_true(report->wants_progress);
    huying__hotline__report__free_unpacked(report, NULL);
    report = report_of("{\"data\":{\"no\":\"1\",\"sort\":\"催办\",\"old\":\"0\"}}", &fault);
    assert_non_null(report);
    assert_string_equal(report->about, "0");
    huying__hotline__report__free_unpacked(report, NULL);
    report = report_of("{\"data\":{\"no\":\"1\",\"kind\":[{\"code\":\"别的\"}]}}", &fault);
    assert_non_null(report);
    assert_string_equal(report->matter, "YH-99");
    huying__hotline__report__free_unpacked(report, NULL);
}

#define PHOTO "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
#define REPORT(more) "{\"data\":{\"no\":\"1\",\"kind\":[{\"code\":\"市容\"}]" more "}}"

static void who_calls_and_what_is_shown_are_read(void **state)
{
    (void)state;
    struct body_fault fault;
    Huying__Hotline__Report *report = report_of(
            REPORT(",\"say\":\"脏\",\"where\":\"大岭村口\",\"same\":\"PY-20260131-0000001-7\","
                   "\"pics\":[\"" PHOTO "\",\"" PHOTO
                   "\"],\"who\":{\"name\":\"王小明\",\"tel\":13812341234,\"mail\":\"a@b.org\","
                   "\"home\":\"幸福路7号\",\"id\":\"11010519491231002X\",\"secret\":true}"),
            &fault);
    assert_non_null(report);
    assert_string_equal(report->text, "脏\n地址 address: 大岭村口");
    assert_string_equal(report->join, "PY-20260131-0000001-7");
    assert_int_equal(report->n_photos, 2);
    assert_int_equal(report->photos[1].len, 32);
    assert_int_equal(report->photos[1].data[31], 0xff);
    assert_non_null(report->caller);
    assert_string_equal(report->caller->name, "王小明");
    assert_string_equal(report->caller->phone, "13812341234");
    assert_string_equal(report->caller->email, "a@b.org");
    assert_string_equal(report->caller->address, "幸福路7号");
    assert_string_equal(report->caller->id_number, "11010519491231002X");
    assert_true(report->caller->confidential);
    huying__hotline__report__free_unpacked(report, NULL);
    report = report_of(REPORT(",\"where\":\"大岭村口\",\"pics\":\"" PHOTO
                              "\",\"who\":{\"name\":\"\",\"secret\":true}"),
            &fault);
    assert_non_null(report);
    assert_string_equal(report->text, "地址 address: 大岭村口");
    assert_int_equal(report->n_photos, 1);
    assert_null(report->caller);
    huying__hotline__report__free_unpacked(report, NULL);
    assert_null(report_of(REPORT(",\"pics\":\"https://x.org/1.jpg\""), &fault));
    assert_string_equal(
            fault.extra, "names that POST /v1/photos gave expected; addresses are not fetched");
}

static void what_cannot_be_read_is_named_by_its_path(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum body_fault_kind kind;
        const char *path;
    } table[] = {
            {REPORT(""), BODY_FINE, ""},
            {"", BODY_JSON, ""},
            {"{", BODY_JSON, ""},
            {"{\"data\":{},\"data\":{}}", BODY_JSON, ""},
            {"[]", BODY_MISSING, "data"},
            {"{}", BODY_MISSING, "data"},
            {"{\"data\":{}}", BODY_MISSING, "no"},
            {"{\"data\":{\"no\":\"1\"}}", BODY_MISSING, "kind.0.code"},
            {"{\"data\":{\"no\":[1],\"kind\":[{\"code\":\"市容\"}]}}", BODY_VALUE, "no"},
            {REPORT(",\"sort\":\"别的\""), BODY_VALUE, "sort"},
            {REPORT(",\"x\":\"east\""), BODY_VALUE, "x"},
            {REPORT(",\"at\":\"2026-01-31T09:00:00Z\""), BODY_VALUE, "at"},
            {REPORT(",\"at\":\"yesterday\""), BODY_VALUE, "at"},
            {REPORT(",\"urgency\":\"很急\""), BODY_VALUE, "urgency"},
            {REPORT(",\"tell\":\"也许\""), BODY_VALUE, "tell"},
            {REPORT(",\"pics\":\"\""), BODY_FINE, ""},
            {REPORT(",\"pics\":[]"), BODY_FINE, ""},
            {REPORT(",\"pics\":7"), BODY_VALUE, "pics"},
            {REPORT(",\"pics\":[\"" PHOTO "\",\"data:image/jpeg;base64,AAAA\"]"), BODY_VALUE,
                    "pics"},
            {REPORT(",\"pics\":\"0" PHOTO "\""), BODY_VALUE, "pics"},
            {REPORT(",\"pics\":[1,2,3,4,5,6,7,8,9,10]"), BODY_VALUE, "pics"},
            {REPORT(",\"where\":{}"), BODY_VALUE, "where"},
            {REPORT(",\"who\":{\"tel\":[1]}"), BODY_VALUE, "who.tel"},
            {REPORT(",\"who\":{\"secret\":\"也许\"}"), BODY_VALUE, "who.secret"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct body_fault fault;
        Huying__Hotline__Report *report = report_of(table[i].body, &fault);
        if ((report != NULL) != (table[i].kind == BODY_FINE) || fault.kind != table[i].kind ||
                strcmp(fault.path, table[i].path) != 0)
            fail_msg("row %zu: %d at \"%s\" %s", i, fault.kind, fault.path, fault.extra);
        if (report)
            huying__hotline__report__free_unpacked(report, NULL);
    }
}

static void the_other_verbs_are_read_too(void **state)
{
    (void)state;
    struct body_fault fault;
    BUF_OWNED out = {0};
    static const char said[] = "{\"data\":{\"no\":\"1\",\"stars\":2,\"again\":true}}";
    assert_true(body_read(&vendor, VERB_FOLLOW_UP, said, strlen(said), &out, &said_ms, &fault));
    Huying__Hotline__FollowUp *follow_up =
            huying__hotline__follow_up__unpack(NULL, out.size, (const uint8_t *)out.data);
    assert_int_equal(follow_up->score, 2);
    assert_true(follow_up->unsolved);
    huying__hotline__follow_up__free_unpacked(follow_up, NULL);
    buf_reset(&out);
    static const char taken[] = "{\"data\":{\"id\":\"2533274790395905\",\"version\":3}}";
    assert_true(
            body_read(&vendor, VERB_PROGRESS_ACK, taken, strlen(taken), &out, &said_ms, &fault));
    Huying__Hotline__ProgressAck *ack =
            huying__hotline__progress_ack__unpack(NULL, out.size, (const uint8_t *)out.data);
    assert_int_equal(ack->case_id, INT64_C(2533274790395905));
    assert_int_equal(ack->version, 3);
    huying__hotline__progress_ack__free_unpacked(ack, NULL);
    static const char wrong[] = "{\"data\":{\"id\":\"12a\"}}";
    assert_false(
            body_read(&vendor, VERB_OUTCOME_ACK, wrong, strlen(wrong), &out, &said_ms, &fault));
    assert_string_equal(fault.path, "id");
    buf_reset(&out);
    static const char moved[] = "{\"data\":{\"no\":\"1\",\"x\":113.35,\"y\":22.94}}";
    assert_true(body_read(&vendor, VERB_CORRECT, moved, strlen(moved), &out, &said_ms, &fault));
    Huying__Hotline__Correct *correct =
            huying__hotline__correct__unpack(NULL, out.size, (const uint8_t *)out.data);
    assert_true(fabs(correct->longitude - 113.35) > 0.001); /* GCJ-02 became WGS-84 */
    huying__hotline__correct__free_unpacked(correct, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_mistake_is_named_with_its_line),
            cmocka_unit_test(a_directory_is_taken_whole_or_not_at_all),
            cmocka_unit_test(a_report_is_read_by_its_mapping),
            cmocka_unit_test(who_calls_and_what_is_shown_are_read),
            cmocka_unit_test(what_cannot_be_read_is_named_by_its_path),
            cmocka_unit_test(the_other_verbs_are_read_too),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
