/* What routing, and with it every handler, is told of people's words: masked, in each message; and
 * that masking is not in the digest, so that a repeat is one. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "proto/intake.pb-c.h"
#include "services/intake/codec.h"

#define SAID "我叫王小明，电话13812341234"
#define SHOWN "我叫王**，电话138****1234"

static struct directory *directory;

static int directory_setup(void **unused)
{
    (void)unused;
    directory = directory_build(&(struct directory_rows){.version = 9, .site_letters = "TT"});
    return directory == NULL;
}

static int directory_teardown(void **unused)
{
    (void)unused;
    directory_destroy(&directory);
    return 0;
}

static struct resolved resolved = {.report = 7};
static const struct submission submission = {.ticket = "T-1",
        .matter = "LIGHT",
        .text = SAID,
        .reporter = "",
        .about = "",
        .to = "",
        .resolved = &resolved};
static const struct withdrawal withdrawal = {.ticket = "T-1", .reason = SAID, .at_ms = 1};
static const struct follow_up follow_up = {.ticket = "T-1", .score = 1, .text = SAID};
static const struct report report = {.state = REPORT_ACCEPTED, .source = "hotline", .ref = "T-1"};

/* The message that goes to routing of that type, unpacked. */
static void *told(enum intake_type type, const void *body, const ProtobufCMessageDescriptor *of)
{
    const struct world world = {.directory = directory};
    const struct input input = {.body = body, .now_ms = 5};
    const struct send send = {.dest = SERVICE_ROUTING, .type = type};
    BUF_OWNED out = {0};
    report_encode(&report, &input, &world, &send, &out);
    void *message = protobuf_c_message_unpack(of, NULL, out.size, (const uint8_t *)out.data);
    assert_non_null(message);
    return message;
}

static void routing_hears_masked_words(void **unused)
{
    (void)unused;
    Huying__Intake__CaseReported *reported =
            told(INTAKE_CASE_REPORTED, &submission, &huying__intake__case_reported__descriptor);
    assert_string_equal(reported->summary, SHOWN);
    Huying__Intake__CaseUrged *urged =
            told(INTAKE_CASE_URGED, &submission, &huying__intake__case_urged__descriptor);
    assert_string_equal(urged->text, SHOWN);
    Huying__Intake__CaseWithdrawn *withdrawn =
            told(INTAKE_CASE_WITHDRAWN, &withdrawal, &huying__intake__case_withdrawn__descriptor);
    assert_string_equal(withdrawn->reason, SHOWN);
    Huying__Intake__CaseFollowedUp *followed = told(
            INTAKE_CASE_FOLLOWED_UP, &follow_up, &huying__intake__case_followed_up__descriptor);
    assert_string_equal(followed->text, SHOWN);
    protobuf_c_message_free_unpacked(&reported->base, NULL);
    protobuf_c_message_free_unpacked(&urged->base, NULL);
    protobuf_c_message_free_unpacked(&withdrawn->base, NULL);
    protobuf_c_message_free_unpacked(&followed->base, NULL);
}

static void a_digest_is_of_what_was_sent(void **unused)
{
    (void)unused;
    struct submission sent = submission;
    struct submission other = submission;
    other.text = "我叫王小明，电话13812351234"; /* masked, the two are one */
    submission_digest(&sent);
    submission_digest(&other);
    assert_memory_not_equal(sent.digest, other.digest, DIGEST_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(routing_hears_masked_words),
            cmocka_unit_test(a_digest_is_of_what_was_sent),
    };
    return cmocka_run_group_tests(tests, directory_setup, directory_teardown);
}
