/* Who is told, from the command's reply: whom it shows, in whose name and why it is asked, and what
 * becomes of each refusal. */
#include "services/intake/callback/people.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "proto/intake.pb-c.h"
#include "services/intake/callback/sender.h"

static struct {
    struct envelope reply;
    enum err err; /* of the asking */
    size_t asked;
    bool woken;
} loop_double;

static enum err command_take(void *self, const struct local_command *command)
{
    (void)self;
    loop_double.asked++;
    assert_int_equal(command->type, INTAKE_SEE_PERSON);
    assert_string_equal(command->actor, "system:notice");
    assert_string_equal(command->peer, "system:notice");
    Huying__Intake__PersonRequest *request = huying__intake__person_request__unpack(
            NULL, command->payload.size, command->payload.data);
    assert_non_null(request);
    assert_int_equal(request->id, 42);
    assert_string_equal(request->why, "notice of ended");
    huying__intake__person_request__free_unpacked(request, NULL);
    if (loop_double.err)
        return loop_double.err;
    command->done(command->self, &loop_double.reply);
    return OK;
}

static void wake(void *self)
{
    (void)self;
    loop_double.woken = true;
}

static struct asking *ask(struct mailbox *box)
{
    static const struct notice notice = {.key = {.agg = 42}, .kind = STEP_END};
    struct people people = {command_take, NULL};
    struct asking *asking = asking_new(box, &notice, 0);
    loop_double.asked = 0;
    loop_double.woken = false;
    if (people_ask(&people, asking) != OK) {
        asking_destroy(&asking);
        return NULL;
    }
    struct asking *answered = mailbox_take(box);
    assert_ptr_equal(answered, asking);
    assert_true(loop_double.woken);
    return answered;
}

static void shown_callers_become_contacts(void **unused)
{
    char texts[][24] = {"T1", "张三", "13800001111", "T2", "a@b.example"};
    Huying__Intake__Caller one = HUYING__INTAKE__CALLER__INIT, two = one, *items[] = {&one, &two};
    Huying__Intake__Callers callers = HUYING__INTAKE__CALLERS__INIT;
    struct mailbox *box = mailbox_new(wake, NULL);
    uint8_t packed[400];
    (void)unused;
    one.ticket = texts[0];
    one.name = texts[1];
    one.phone = texts[2];
    two.ticket = texts[3];
    two.email = texts[4];
    callers.items = items;
    callers.n_items = 2;
    size_t size = huying__intake__callers__pack(&callers, packed);
    loop_double.err = OK;
    loop_double.reply = (struct envelope){.verdict = VERDICT_APPLIED, .payload = {packed, size}};
    struct asking *asking = ask(box);
    assert_int_equal(asking->err, OK);
    assert_int_equal(asking->count, 2);
    assert_string_equal(asking->contacts[0].ticket, "T1");
    assert_string_equal(asking->contacts[0].name, "张三");
    assert_string_equal(asking->contacts[0].phone, "13800001111");
    assert_string_equal(asking->contacts[0].email, "");
    assert_string_equal(asking->contacts[1].email, "a@b.example");
    asking_destroy(&asking);
    mailbox_close(&box);
}

static void refusals_are_told_apart(void **unused)
{
    static const struct {
        uint32_t verdict, reason;
        enum err err;
    } table[] = {{VERDICT_REFUSED, REASON_CALLER_NONE, ERR_NOT_FOUND},
            {VERDICT_REFUSED, REASON_CALLER_SEALED, ERR_DENIED},
            {VERDICT_NOT_FOUND, 0, ERR_NOT_FOUND}, {REPLY_FAILED + ERR_TRANSIENT, 0, ERR_TRANSIENT},
            {REPLY_FAILED + ERR_LATE, 0, ERR_LATE}};
    struct mailbox *box = mailbox_new(wake, NULL);
    (void)unused;
    loop_double.err = OK;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        loop_double.reply =
                (struct envelope){.verdict = table[i].verdict, .reason = table[i].reason};
        struct asking *asking = ask(box);
        assert_int_equal(asking->err, table[i].err);
        assert_int_equal(asking->count, 0);
        asking_destroy(&asking);
    }
    loop_double.err = ERR_LIMIT;
    assert_null(ask(box));
    mailbox_close(&box);
}

/* The sender has gone: the answer goes nowhere, and nothing is leaked (sanitizers look). */
static void answer_after_the_end_is_dropped(void **unused)
{
    static const struct notice notice = {.key = {.agg = 42}, .kind = STEP_END};
    static const struct contact contact = {.phone = "1"};
    struct mailbox *box = mailbox_new(wake, NULL);
    struct asking *asking = asking_new(box, &notice, 0);
    (void)unused;
    loop_double.woken = false;
    mailbox_close(&box);
    asking_answer(asking, OK, &contact, 1);
    assert_false(loop_double.woken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shown_callers_become_contacts),
            cmocka_unit_test(refusals_are_told_apart),
            cmocka_unit_test(answer_after_the_end_is_dropped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
