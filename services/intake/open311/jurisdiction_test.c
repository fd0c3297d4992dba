/* The file of jurisdictions: what it offers, in which order, and every mistake by its name. */
#include "services/intake/open311/jurisdiction.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SITE "[open311]\nurl = https://h\ncontact = c\nkey_service = k\n"
#define CITY "[jurisdiction a.org]\n"
#define LIGHT "[service a.org 001]\nname = Light\nmatter = LIGHT\n"
#define COLOUR "[attribute a.org 001 C]\ndescription = Colour?\n"

static enum err text_load(const char *text, struct jurisdictions **ret, struct buf *why)
{
    char path[] = "/tmp/huying-open311-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
    enum err err = jurisdictions_load(path, ret, why);
    if (err)
        assert_non_null(strstr(why->data, path));
    (void)unlink(path);
    return err;
}

static void file_is_read_in_its_order(void **unused)
{
    (void)unused;
    BUF_OWNED why = {0};
    struct jurisdictions *list = NULL;
    assert_int_equal(text_load(SITE CITY "keys = k1 k2\n" LIGHT COLOUR
                                         "datatype = singlevaluelist\norder = 2\nrequired = true\n"
                                         "values = R:Red;B:Blue: dark\n"
                                         "[attribute a.org 001 B]\ndescription = First\n"
                                         "datatype = number\norder = 1\n"
                                         "[service a.org 002]\nname = Tree\nmatter = TREE\n"
                                         "[jurisdiction b.org]\nids = token\ndefault = true\n",
                             &list, &why),
            OK);
    assert_int_equal(list->count, 2);
    assert_string_equal(list->preset->id, "b.org");
    assert_true(list->preset->tokens && list->changed_ms > 0);
    const struct jurisdiction *city = jurisdiction_find(list, "a.org");
    assert_ptr_equal(jurisdiction_find(list, ""), list->preset);
    assert_null(jurisdiction_find(list, "A.org"));
    assert_true(jurisdiction_admits(city, "k2") && !jurisdiction_admits(city, "k3"));
    assert_true(jurisdiction_admits(list->preset, "k3"));
    assert_string_equal(city->services[1].code, "002");
    const struct offered_service *light = offered_service_find(city, "001");
    assert_null(offered_service_find(city, "003"));
    assert_string_equal(light->attributes[0].code, "B");
    const struct service_attribute *colour = attribute_find(light, "CX", 1);
    assert_true(colour->required && colour->variable);
    assert_string_equal(value_find(colour, "B")->name, "Blue: dark");
    assert_null(value_find(colour, "X"));
    assert_null(attribute_find(light, "CX", 2));
    jurisdictions_destroy(&list);
    assert_null(list);
    jurisdictions_destroy(&list);
}

static void only_jurisdiction_needs_no_name(void **unused)
{
    (void)unused;
    BUF_OWNED why = {0};
    struct jurisdictions *list = NULL;
    assert_int_equal(text_load(SITE CITY, &list, &why), OK);
    assert_string_equal(jurisdiction_find(list, NULL)->id, "a.org");
    jurisdictions_destroy(&list);
    assert_int_equal(text_load(SITE CITY "[jurisdiction b.org]\n", &list, &why), OK);
    assert_null(jurisdiction_find(list, ""));
    jurisdictions_destroy(&list);
}

static void mistakes_are_named(void **unused)
{
    (void)unused;
    const struct {
        const char *text, *part;
    } cases[] = {
            {"", "[open311] the group: must be there"},
            {SITE, "there must be at least one"},
            {"no group\n", "group"},
            {"[open311]\nurl = ftp://h\ncontact = c\nkey_service = k\n", "url: expected http://"},
            {"[open311]\nurl = http://h/\ncontact = c\nkey_service = k\n", "without a slash"},
            {"[open311]\nurl = http://h\nkey_service = k\n", "contact: must be given"},
            {SITE "[open311]\n", "stands there twice"},
            {SITE "[else]\n", "[else] the group: expected [open311]"},
            {SITE "[jurisdiction a b]\n", "with one space between"},
            {SITE "[jurisdiction a/b]\n", "expected words of 1 to 64"},
            {SITE CITY "name = \xff\n", "UTF-8"},
            {SITE CITY "nam = x\n", "[jurisdiction a.org] nam: no such key"},
            {SITE CITY "ids = both\n", "ids: expected realtime or token"},
            {SITE CITY "default = yes\n", "default: expected true or false"},
            {SITE CITY "default = true\n[jurisdiction b]\ndefault = true\n", "is the default"},
            {SITE "[service a.org 1]\nname = n\nmatter = m\n", "no [jurisdiction] of that id"},
            {SITE CITY "[service a.org 1]\nmatter = m\n", "name: must be given"},
            {SITE CITY "[service a.org 1]\nname = m\n", "matter: must be given"},
            {SITE CITY LIGHT LIGHT, "stands there twice"},
            {SITE CITY "[attribute a.org 001 C]\n", "no [service] of that code"},
            {SITE CITY LIGHT COLOUR, "datatype: must be given"},
            {SITE CITY LIGHT COLOUR "datatype = text\norder = 0\n", "order: expected"},
            {SITE CITY LIGHT COLOUR "datatype = texts\n", "datatype: expected string"},
            {SITE CITY LIGHT COLOUR "datatype = singlevaluelist\n", "values: must be given"},
            {SITE CITY LIGHT COLOUR "datatype = text\nvalues = a:b\n", "for nothing else"},
            {SITE CITY LIGHT COLOUR "datatype = multivaluelist\nvalues = a:b;a:c\n", "twice"},
            {SITE CITY LIGHT COLOUR "datatype = multivaluelist\nvalues = :c\n", "key:name"},
            {SITE CITY LIGHT COLOUR "datatype = text\nvariable = false\nrequired = true\n",
                    "cannot be required"},
            {SITE CITY LIGHT COLOUR "datatype = text\nfills = age\n", "fills: expected text"},
            {SITE CITY LIGHT COLOUR "datatype = text\nfills = unit_codes\n", "datatype string"},
            {SITE CITY LIGHT COLOUR "datatype = string\nfills = promised_at\n",
                    "datatype datetime"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        BUF_OWNED why = {0};
        struct jurisdictions *list = NULL;
        if (text_load(cases[i].text, &list, &why) != ERR_MALFORMED ||
                !strstr(why.data, cases[i].part))
            fail_msg("%s\n-> %s, expected %s", cases[i].text, why.data, cases[i].part);
        assert_null(list);
    }
}

static void limits_are_refused(void **unused)
{
    (void)unused;
    const struct {
        const char *head, *line;
        int count;
        const char *part;
    } cases[] = {
            {SITE, "[jurisdiction j%d]\n", JURISDICTIONS_MAX, "at most 64 jurisdictions"},
            {SITE CITY, "[service a.org s%d]\nname = n\nmatter = m\n", JURISDICTION_SERVICES_MAX,
                    "at most 1000 services"},
            {SITE CITY LIGHT, "[attribute a.org 001 a%d]\ndatatype = text\ndescription = d\n",
                    SERVICE_ATTRIBUTES_MAX, "at most 64 attributes"},
            {SITE CITY LIGHT COLOUR "datatype = multivaluelist\nvalues = ", "k%d:n;",
                    ATTRIBUTE_VALUES_MAX, "at most 200 values"},
            {SITE CITY "keys = ", "k%d ", JURISDICTION_KEYS_MAX, "at most 32 names"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int over = 0; over <= 1; over++) {
            BUF_OWNED text = {0};
            BUF_OWNED why = {0};
            struct jurisdictions *list = NULL;
            buf_add_text(&text, cases[i].head);
            for (int k = 0; k < cases[i].count + over; k++) {
                char line[128], number[12];
                const char *at = strstr(cases[i].line, "%d");
                (void)snprintf(number, sizeof number, "%d", k);
                (void)snprintf(line, sizeof line, "%.*s%s%s", (int)(at - cases[i].line),
                        cases[i].line, number, at + 2);
                buf_add_text(&text, line);
            }
            enum err err = text_load(text.data, &list, &why);
            assert_int_equal(err, over ? ERR_MALFORMED : OK);
            if (over && !strstr(why.data, cases[i].part))
                fail_msg("%s, expected %s", why.data, cases[i].part);
            jurisdictions_destroy(&list);
        }
    }
}

static void file_that_is_not_there_or_too_large_is_refused(void **unused)
{
    (void)unused;
    BUF_OWNED why = {0};
    struct jurisdictions *list = NULL;
    assert_int_equal(jurisdictions_load("/nowhere/o", &list, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.data, "/nowhere/o"));
    BUF_OWNED text = {0};
    while (text.size <= JURISDICTION_FILE_MAX)
        buf_add_text(&text, "# a line that says nothing\n");
    buf_reset(&why);
    assert_int_equal(text_load(text.data, &list, &why), ERR_LIMIT);
}

/* What the tests of a city's API look for. */
static void test_profile_has_its_fourteen_services(void **unused)
{
    (void)unused;
    BUF_OWNED why = {0};
    struct jurisdictions *list = NULL;
    if (jurisdictions_load("tests/clients/chicago.conf", &list, &why) != OK)
        fail_msg("%s", why.data);
    const struct jurisdiction *city = jurisdiction_find(list, "");
    assert_int_equal(city->service_count, 14);
    assert_true(city->tokens);
    const struct offered_service *first = &city->services[0];
    assert_string_equal(first->code, "4ffa4c69601827691b000018");
    assert_string_equal(first->name, "Abandoned Vehicle");
    assert_true(attribute_find(first, "HOWMANYD", 8)->required);
    assert_non_null(attribute_find(first, "FQSKA3", 6));
    assert_non_null(attribute_find(first, "FQSKA4", 6));
    assert_non_null(attribute_find(first, "FQSKA11", 7));
    jurisdictions_destroy(&list);
}

static void shipped_profile_is_sound(void **unused)
{
    (void)unused;
    BUF_OWNED why = {0};
    struct jurisdictions *list = NULL;
    if (jurisdictions_load("deploy/profiles/panyu/open311.conf", &list, &why) != OK)
        fail_msg("%s", why.data);
    assert_non_null(offered_service_find(list->preset, "lamp"));
    jurisdictions_destroy(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(file_is_read_in_its_order),
            cmocka_unit_test(only_jurisdiction_needs_no_name),
            cmocka_unit_test(mistakes_are_named),
            cmocka_unit_test(limits_are_refused),
            cmocka_unit_test(file_that_is_not_there_or_too_large_is_refused),
            cmocka_unit_test(test_profile_has_its_fourteen_services),
            cmocka_unit_test(shipped_profile_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
