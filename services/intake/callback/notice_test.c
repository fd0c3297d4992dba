/* Notices to reporters: what templates make of their words, mails as MIME has them, who is told by
 * which adapter, and that each contact is told once when one of several cannot be reached. */
#include "services/intake/callback/notice.h"
#include "services/intake/callback/conf.h"
#include "services/intake/callback/sender.h"
#include "services/intake/callback/test_receiver.h"
#include "services/intake/callback/test_mail.h"
#include <jansson.h>
#include <sodium.h>
#include "services/intake/store.h"
#include "services/kernel/base/must.h"
#include "services/kernel/base/pure_text.h"
#include "tests/kit/store.h"

#define ID 2533274790395905

static struct sender_counts counts;
static struct notice_adapter adapter;
static int64_t lease_ms = 5000;
static struct {
    struct contact list[8];
    size_t count;
    enum err err;
    size_t asked;
} people;

static int group_setup(void **state)
{
    (void)state;
    must(sodium_init() >= 0);
    kit_store_start(&intake_ops, NULL);
    receiver_start();
    mail_start();
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    mail_stop();
    receiver_stop();
    store_fini();
    kit_store_stop();
    return 0;
}

static void adapter_set(enum notice_channel channel, const char *template)
{
    adapter = (struct notice_adapter){.channel = channel, .from = "desk@site.example"};
    (void)snprintf(adapter.template, sizeof adapter.template, "%s",
            template ? template : notice_template(channel));
    if (channel == NOTICE_MAIL)
        (void)snprintf(adapter.url, sizeof adapter.url, "smtp://127.0.0.1:%u", mails.port);
    else
        (void)snprintf(adapter.url, sizeof adapter.url, "http://127.0.0.1:%u/200", receiver.port);
}

static int setup(void **state)
{
    (void)state;
    kit_store_clear("subscriber, delivery, report");
    receiver_forget();
    mails.count = 0;
    memset(&people, 0, sizeof people);
    memset(&counts, 0, sizeof counts);
    return 0;
}

static void person_add(const char *ticket, const char *phone, const char *email)
{
    struct contact *contact = &people.list[people.count++];
    (void)snprintf(contact->ticket, sizeof contact->ticket, "%s", ticket);
    (void)snprintf(contact->name, sizeof contact->name, "张三");
    (void)snprintf(contact->phone, sizeof contact->phone, "%s", phone);
    (void)snprintf(contact->email, sizeof contact->email, "%s", email);
}

static enum err people_ask(void *self, struct asking *asking)
{
    (void)self;
    people.asked++;
    asking_answer(asking, people.err, people.list, people.count);
    return OK;
}

static void notices_add(int kind, int state)
{
    char sql[900];
    (void)snprintf(sql, sizeof sql,
            "INSERT INTO intake.report (id, ver, state, source, ref, outcome_text) VALUES (%lld, "
            "1, "
            "2, 'h', 'T1', '路灯已修复。'); "
            "INSERT INTO intake.subscriber (name, url, kinds, channel) VALUES ('reporter', '', "
            "'{1,3}', 2); INSERT INTO intake.delivery (subscriber, agg, ver, kind, state, at, due, "
            "round, accepted, matter, unit, source, ref) SELECT s.id, %lld, 1, %d, %d, "
            "'2018-01-01T00:00:00Z', now(), 1, '2018-01-01T00:00:00Z', 8, 1, 'h', 'T1' "
            "FROM intake.subscriber AS s",
            (long long)ID, (long long)ID, kind, state);
    kit_pg_run(kit_store.server, sql);
}

/* Turns a sender until the query gives 1. */
static void send_until(const char *where)
{
    char sql[300];
    struct clock clock = clock_system();
    int64_t until_ms = clock.monotonic_ms(clock.self) + KIT_DEADLINE_MS;
    const struct sender_config config = {
            .conninfo = kit_pg_conninfo(kit_store.server, "huying_intake"),
            .keys = "",
            .ca = "",
            .timeout_ms = 4000,
            .lease_ms = lease_ms,
            .keep_ms = 3600000,
            .clock = clock,
            .counts = &counts,
            .notices = &adapter,
            .contacts = {people_ask, NULL}};
    struct sender *sender = sender_new(&config);
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM intake.delivery WHERE %s", where);
    while (kit_pg_int(kit_store.server, sql) != 1) {
        sender_turn(sender, 10);
        if (clock.monotonic_ms(clock.self) > until_ms)
            fail_msg("never %s", where);
    }
    sender_destroy(&sender);
}

static void webhook_gets_the_template_with_its_words(void **unused)
{
    (void)unused;
    adapter_set(NOTICE_WEBHOOK,
            "{\"mobile\": \"${phone}\", \"vars\": [\"${number}\", \"${state}\", "
            "\"${text}\", \"${name}\"], \"key\": \"${id}\"}");
    person_add("T1", "13800001111", "");
    notices_add(3, 2);
    send_until("done = 1 AND told = 1");
    assert_int_equal(receiver_count("/200"), 1);
    json_t *body = json_loadb(receiver.list[0].body, receiver.list[0].size, 0, NULL);
    assert_non_null(body);
    const json_t *vars = json_object_get(body, "vars");
    assert_string_equal(json_string_value(json_object_get(body, "mobile")), "13800001111");
    assert_non_null(strstr(json_string_value(json_array_get(vars, 0)), "TT-20180101-"));
    assert_string_equal(json_string_value(json_array_get(vars, 1)), "closed");
    assert_string_equal(json_string_value(json_array_get(vars, 2)), "路灯已修复。");
    assert_string_equal(json_string_value(json_array_get(vars, 3)), "张三");
    assert_string_equal(json_string_value(json_object_get(body, "key")), receiver.list[0].id);
    json_decref(body);
}

static void a_case_that_is_opened_again_is_told_so(void **unused)
{
    (void)unused;
    adapter_set(NOTICE_WEBHOOK, "{\"vars\": [\"${state}\", \"${said}\", \"${text}\"]}");
    person_add("T1", "13800001111", "");
    notices_add(STEP_REOPEN, REPORT_CLOSED);
    send_until("done = 1 AND told = 1");
    json_t *body = json_loadb(receiver.list[0].body, receiver.list[0].size, 0, NULL);
    const json_t *vars = json_object_get(body, "vars");
    assert_string_equal(json_string_value(json_array_get(vars, 0)), "reopened");
    assert_string_equal(json_string_value(json_array_get(vars, 1)),
            "您反映的事项已重新办理。Your report is being worked on again.");
    assert_string_equal(json_string_value(json_array_get(vars, 2)), ""); /* the end's, no more */
    json_decref(body);
}

static void base64_read(const char *text, size_t size, char *ret, size_t room)
{
    size_t got = 0;
    assert_int_equal(sodium_base642bin((uint8_t *)ret, room - 1, text, size, "\r\n", &got, NULL,
                             sodium_base64_VARIANT_ORIGINAL),
            0);
    ret[got] = 0;
}

static void mail_reads_as_it_was_meant(void **unused)
{
    char text[2000] = "", subject[2000] = "";
    (void)unused;
    adapter_set(NOTICE_MAIL, NULL);
    person_add("T1", "", "zhang@home.example");
    notices_add(3, 2);
    send_until("done = 1");
    assert_int_equal(mails.count, 1);
    const struct mail *mail = &mails.list[0];
    assert_string_equal(mail->from, "<desk@site.example>");
    assert_string_equal(mail->to, "<zhang@home.example>");
    assert_non_null(strstr(mail->data, "Date: Mon, 01 Jan 2018 00:00:00 +0000\r\n"));
    assert_non_null(strstr(mail->data, "_2533274790395905_1_0@site.example>\r\n"));
    const char *body = strstr(mail->data, "\r\n\r\n");
    assert_non_null(body);
    base64_read(body + 4, strlen(body + 4), text, sizeof text);
    assert_string_equal(text, "您反映的事项已办结。Your report was closed.\n路灯已修复。\n");
    for (const char *at = strstr(mail->data, "=?UTF-8?B?"); at && at < body;) {
        const char *end = strstr(at + 10, "?=");
        assert_true(end && end - at <= 73);
        base64_read(at + 10, (size_t)(end - at - 10), text, sizeof text);
        assert_true(text_valid(text, strlen(text)));
        (void)strncat(subject, text, sizeof subject - strlen(subject) - 1);
        at = strstr(end, "=?UTF-8?B?");
    }
    assert_non_null(strstr(subject, " 您反映的事项已办结。Your report was closed."));
    for (const char *line = mail->data; *line; line = strstr(line, "\r\n") + 2)
        assert_true(strcspn(line, "\r\n") <= 76);
}

static void reporter_without_contact_gets_nothing(void **unused)
{
    (void)unused;
    adapter_set(NOTICE_MAIL, NULL);
    person_add("T1", "13800001111", "");
    notices_add(3, 2);
    send_until("done = 3 AND told = 0");
    kit_store_clear("subscriber, delivery, report");
    people.count = 0;
    people.err = ERR_NOT_FOUND;
    notices_add(3, 2);
    send_until("done = 3");
    assert_int_equal(mails.count, 0);
}

static void contact_that_cannot_be_read_is_asked_again(void **unused)
{
    (void)unused;
    adapter_set(NOTICE_MAIL, NULL);
    people.err = ERR_DENIED;
    notices_add(3, 2);
    send_until("done = 0 AND tries = 1 AND lease = 0 AND why LIKE '%contact%ERR_DENIED' AND "
               "due > now() + interval '2 s'");
    assert_int_equal(people.asked, 1);
}

/* The second of three cannot be reached now: the others are not told again. */
static void each_contact_is_told_once(void **unused)
{
    (void)unused;
    adapter_set(NOTICE_MAIL, NULL);
    person_add("T1", "", "one@home.example");
    person_add("T2", "", "later@home.example");
    person_add("T3", "", "three@home.example");
    notices_add(3, 2);
    send_until("done = 0 AND tries = 1 AND lease = 0 AND told = 5 AND status = 451");
    assert_int_equal(mails.count, 2);
    (void)snprintf(people.list[1].email, CONTACT_SIZE, "two@home.example");
    kit_pg_run(kit_store.server, "UPDATE intake.delivery SET due = now()");
    send_until("done = 1 AND told = 7");
    assert_int_equal(mails.count, 3);
    assert_string_equal(mails.list[2].to, "<two@home.example>");
}

static void address_that_there_is_not_is_given_up_at_once(void **unused)
{
    (void)unused;
    adapter_set(NOTICE_MAIL, NULL);
    person_add("T1", "", "nobody@home.example");
    person_add("T2", "", "two@home.example");
    notices_add(3, 2);
    send_until("done = 2 AND told = 2 AND status = 550 AND why NOT LIKE '%home.example%'");
    assert_int_equal(mails.count, 1);
}

static void who_joined_later_is_not_told_of_the_acceptance(void **unused)
{
    (void)unused;
    adapter_set(NOTICE_MAIL, NULL);
    person_add("T2", "", "two@home.example");
    person_add("T1", "", "one@home.example");
    notices_add(1, 1);
    send_until("done = 1 AND told = 2");
    assert_int_equal(mails.count, 1);
    assert_string_equal(mails.list[0].to, "<one@home.example>");
}

/* What a caller wrote begins no header, no member, no other recipient. */
static void words_stay_what_they_are(void **unused)
{
    static const char *const wrong[] = {"", "a", "@b", "a@", "a@b@c", "a b@c",
            "a@b>\r\nRCPT TO:<x@y", "<a@b>", "a@b,c@d", "张@b.example"};
    const struct notice notice = {.kind = STEP_END, .state = REPORT_CLOSED, .number = "N"};
    struct contact contact = {.name = "x\",\"admin\":\"1\\", .email = "a@b.example"};
    BUF_OWNED body = {0}, mail = {0};
    (void)unused;
    adapter_set(NOTICE_WEBHOOK, "{\"name\": \"${name}\"}");
    notice_body(&adapter, &notice, &contact, "id", &body);
    json_t *root = json_loadb(body.data, body.size, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(json_object_size(root), 1);
    assert_string_equal(json_string_value(json_object_get(root, "name")), contact.name);
    json_decref(root);
    adapter_set(NOTICE_MAIL, "Subject: ${name}\n\n.\n");
    (void)snprintf(contact.name, sizeof contact.name, "x\r\nBcc: y@z.example");
    notice_mail(&adapter, &notice, &contact, "id", &mail);
    assert_null(strstr(mail.data, "Bcc"));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        (void)snprintf(contact.email, sizeof contact.email, "%s", wrong[i]);
        if (notice_wanted(&notice, &adapter, &contact))
            fail_msg("taken: %s", wrong[i]);
    }
}

static void templates_that_are_wrong_are_named(void **unused)
{
    static const struct {
        enum notice_channel channel;
        const char *template, *named;
    } table[] = {{NOTICE_WEBHOOK, "{\"a\": \"${nummer}\"}", "nummer"},
            {NOTICE_WEBHOOK, "{\"a\": \"${number\"}", "${number"},
            {NOTICE_WEBHOOK, "{\"a\": ${number}}", "JSON"}, {NOTICE_WEBHOOK, "", "JSON"},
            {NOTICE_MAIL, "Dear ${name}", "Subject: "},
            {NOTICE_MAIL, "Subject: x\nno", "Subject: "},
            {NOTICE_MAIL, "Subject: x\ny\n\nz", "Subject: "},
            {NOTICE_MAIL, "Subject: ${x}\n\ny", "${x"}};
    BUF_OWNED none = {0};
    (void)unused;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        BUF_OWNED why = {0};
        adapter_set(table[i].channel, table[i].template);
        if (notice_template_check(&adapter, &why) == OK)
            fail_msg("taken: %s", table[i].template);
        assert_non_null(strstr(why.data, table[i].named));
    }
    adapter_set(NOTICE_WEBHOOK, NULL);
    assert_int_equal(notice_template_check(&adapter, &none), OK);
    adapter_set(NOTICE_MAIL, NULL);
    assert_int_equal(notice_template_check(&adapter, &none), OK);
}

static void configuration_that_is_wrong_is_named(void **unused)
{
    static const struct {
        const char *adapter, *url, *from, *template, *named; /* NULL: it is right */
        enum notice_channel channel;
    } table[] = {{"", "", "", "", NULL, NOTICE_NONE},
            {"webhook", "https://g.example/x", "", "", NULL, NOTICE_WEBHOOK},
            {"smtp", "smtp://m.example:25", "a@b.example", "", NULL, NOTICE_MAIL},
            {"sms", "https://g.example", "", "", "adapter", NOTICE_NONE},
            {"webhook", "smtp://m.example", "", "", "url", NOTICE_NONE},
            {"webhook", "", "", "", "url", NOTICE_NONE},
            {"smtp", "https://g.example", "a@b", "", "url", NOTICE_NONE},
            {"smtp", "smtps://m.example", "", "", "from", NOTICE_NONE},
            {"smtp", "smtps://m.example", "a@b>\r\nX: y", "", "from", NOTICE_NONE},
            {"webhook", "https://g.example", "", "/nowhere/t", "/nowhere/t", NOTICE_NONE},
            {"webhook", "https://g.example", "", "/dev/zero", "/dev/zero", NOTICE_NONE},
            {"webhook", "https://g.example", "", "/dev/null", "JSON", NOTICE_NONE}};
    (void)unused;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct callback_conf conf = {.timeout_s = 0};
        struct notice_adapter read;
        BUF_OWNED why = {0};
        (void)snprintf(conf.adapter, sizeof conf.adapter, "%s", table[i].adapter);
        (void)snprintf(conf.url, sizeof conf.url, "%s", table[i].url);
        (void)snprintf(conf.from, sizeof conf.from, "%s", table[i].from);
        (void)snprintf(conf.template, sizeof conf.template, "%s", table[i].template);
        bool right = notice_conf_read(&conf, &read, &why) == OK;
        if (right != !table[i].named || (!right && !strstr(why.data, table[i].named)))
            fail_msg("row %zu: %s", i, why.size ? why.data : "taken");
        if (right)
            assert_int_equal(read.channel, table[i].channel);
    }
}

/* What the lease has no room for any more is told next, and nobody twice. */
static void many_contacts_are_told_over_several_leases(void **unused)
{
    (void)unused;
    adapter_set(NOTICE_WEBHOOK, NULL);
    lease_ms = 4001; /* room for what begins within a millisecond */
    for (int i = 0; i < 4; i++)
        person_add("T", "1380000111", "");
    notices_add(3, 2);
    send_until("done = 1 AND told = 15");
    lease_ms = 5000;
    assert_int_equal(receiver_count("/200"), 4);
    assert_true(kit_pg_int(kit_store.server, "SELECT tries FROM intake.delivery") > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(webhook_gets_the_template_with_its_words, setup),
            cmocka_unit_test_setup(a_case_that_is_opened_again_is_told_so, setup),
            cmocka_unit_test_setup(mail_reads_as_it_was_meant, setup),
            cmocka_unit_test_setup(reporter_without_contact_gets_nothing, setup),
            cmocka_unit_test_setup(contact_that_cannot_be_read_is_asked_again, setup),
            cmocka_unit_test_setup(each_contact_is_told_once, setup),
            cmocka_unit_test_setup(address_that_there_is_not_is_given_up_at_once, setup),
            cmocka_unit_test_setup(who_joined_later_is_not_told_of_the_acceptance, setup),
            cmocka_unit_test_setup(words_stay_what_they_are, setup),
            cmocka_unit_test_setup(templates_that_are_wrong_are_named, setup),
            cmocka_unit_test_setup(configuration_that_is_wrong_is_named, setup),
            cmocka_unit_test_setup(many_contacts_are_told_over_several_leases, setup)};
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
