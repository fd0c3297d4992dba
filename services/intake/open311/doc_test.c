/* One answer in both formats: what Open311 wants of lists, texts, empty texts, numbers; what XML
 * cannot say. */
#include "services/intake/open311/doc.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

static void requests_write(enum doc_format format, struct buf *out)
{
    struct doc *doc = doc_new(format);
    doc_list(doc, "service_requests", "request");
    doc_item(doc);
    doc_text(doc, "service_request_id", "7");
    doc_text(doc, "notes", "");
    doc_text(doc, "description", "a<b & \"c\"\n\x01路灯\xef\xbf\xbf.");
    doc_flag(doc, "metadata", true);
    doc_int(doc, "order", -3);
    doc_degrees(doc, "lat", 22.9412345678);
    doc_list(doc, "formats", "format");
    doc_item_text(doc, "text/xml");
    doc_end(doc);
    doc_end(doc);
    doc_item(doc);
    doc_text(doc, "service_request_id", NULL);
    doc_end(doc);
    doc_end(doc);
    doc_finish(&doc, out);
    assert_null(doc);
}

static void doc_as_xml_has_named_items(void **unused)
{
    (void)unused;
    BUF_OWNED out = {0};
    requests_write(DOC_XML, &out);
    assert_string_equal(out.data,
            HEAD "<service_requests><request><service_request_id>7</service_request_id><notes/>"
                 "<description>a&lt;b &amp; &quot;c&quot;\n 路灯   .</description>"
                 "<metadata>true</metadata><order>-3</order><lat>22.941235</lat>"
                 "<formats><format>text/xml</format></formats></request>"
                 "<request><service_request_id/></request></service_requests>\n");
}

static void doc_as_json_is_a_bare_array(void **unused)
{
    (void)unused;
    BUF_OWNED out = {0};
    requests_write(DOC_JSON, &out);
    assert_string_equal(out.data,
            "[{\"service_request_id\":\"7\",\"notes\":null,"
            "\"description\":\"a<b & \\\"c\\\"\\n\\u0001路灯\xef\xbf\xbf.\",\"metadata\":true,"
            "\"order\":-3,\"lat\":22.9412346,\"formats\":[\"text/xml\"]},"
            "{\"service_request_id\":null}]");
}

static void doc_of_nothing_is_a_list(void **unused)
{
    (void)unused;
    const char *const expected[] = {[DOC_XML] = HEAD "<errors/>\n", [DOC_JSON] = "[]"};
    for (enum doc_format format = DOC_XML; format <= DOC_JSON; format++) {
        BUF_OWNED out = {0};
        struct doc *doc = doc_new(format);
        doc_list(doc, "errors", "error");
        doc_end(doc);
        doc_finish(&doc, &out);
        assert_string_equal(out.data, expected[format]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(doc_as_xml_has_named_items),
            cmocka_unit_test(doc_as_json_is_a_bare_array),
            cmocka_unit_test(doc_of_nothing_is_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
