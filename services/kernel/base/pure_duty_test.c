/* The words of duty: all that the profiles use, what each gives, and each kind of mistake with the
 * place where reading stopped. */
#include "services/kernel/base/pure_duty.h"

#include "services/kernel/base/testing.h"

static const struct {
    const char *text;
    enum duty_hours whose;
    struct hours hours;
} words[] = {
        {"", DUTY_HOURS_ABOVE, {0}},
        {"all", DUTY_HOURS_ABOVE, {0}},
        {"work", DUTY_HOURS_SITE, {0}},
        {"work, phone duty all", DUTY_HOURS_SITE, {0}},
        {"work 08:30-12:00;14:00-17:30", DUTY_HOURS_OWN,
                {.count = 2, .shifts = {{510, 720}, {840, 1050}}}},
        {"work 22:00-06:00, rotating", DUTY_HOURS_OWN, {.count = 1, .shifts = {{1320, 1800}}}},
        {"work 00:00-24:00", DUTY_HOURS_OWN, {.count = 1, .shifts = {{0, 1440}}}},
        {"work 08:00-08:00", DUTY_HOURS_OWN, {.count = 1, .shifts = {{480, 1920}}}},
        {"work 06:00-14:00;14:00-22:00;22:00-06:00", DUTY_HOURS_OWN,
                {.count = 3, .shifts = {{360, 840}, {840, 1320}, {1320, 1800}}}},
        {"on call, 30 min", DUTY_HOURS_ABOVE, {0}},
        {"shift 6h, rotating", DUTY_HOURS_ABOVE, {0}},
        {"claims 08:00-21:00", DUTY_HOURS_ABOVE, {0}},
        {"duty 24h, phone duty all, 5 min", DUTY_HOURS_ABOVE, {0}},
};

static void words_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        struct duty_text duty;
        enum duty_fault fault = duty_parse(words[i].text, &duty);
        if (fault != DUTY_FINE || duty.whose != words[i].whose)
            fail_msg(
                    "\"%s\": fault %d at %zu, whose %d", words[i].text, fault, duty.at, duty.whose);
        assert_memory_equal(&duty.hours, &words[i].hours, sizeof duty.hours);
        assert_true(duty.whose != DUTY_HOURS_OWN || hours_valid(&duty.hours));
    }
}

static const struct {
    const char *text;
    enum duty_fault fault;
    size_t at;
} mistakes[] = {
        {"always", DUTY_STATEMENT, 0},
        {"ALL", DUTY_STATEMENT, 0},
        {"allways", DUTY_STATEMENT, 3},
        {"all,rotating", DUTY_STATEMENT, 3},
        {"all, ", DUTY_NOTE, 5},
        {"all, sometimes", DUTY_NOTE, 5},
        {"on call, 12345 min", DUTY_NOTE, 13},
        {"on call, 30 hours", DUTY_NOTE, 11},
        {"shift 0h", DUTY_STATEMENT, 7},
        {"shift 25h", DUTY_STATEMENT, 8},
        {"duty 24", DUTY_STATEMENT, 7},
        {"claims ", DUTY_SHIFT, 7},
        {"claims 08:00", DUTY_SHIFT, 7},
        {"work ", DUTY_SHIFT, 5},
        {"work 8:30-12:00", DUTY_SHIFT, 5},
        {"work 08:30-12:60", DUTY_SHIFT, 5},
        {"work 24:00-12:00", DUTY_SHIFT, 5},
        {"work 08:30-24:01", DUTY_SHIFT, 5},
        {"work 08:30-12:00;", DUTY_SHIFT, 17},
        {"work 08:30-12:00 14:00-17:30", DUTY_STATEMENT, 16},
        {"work 08:30-12:00;11:00-17:30", DUTY_OVERLAP, 5},
        {"work 14:00-17:30;08:30-12:00", DUTY_OVERLAP, 5},
        {"work 08:30-12:00;22:00-09:00", DUTY_OVERLAP, 5},
        {"work 00:00-01:00;01:00-02:00;02:00-03:00;03:00-04:00;04:00-05:00;05:00-06:00;06:00-07:00;"
         "07:00-08:00;08:00-09:00",
                DUTY_SHIFTS, 101},
};

static void mistakes_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        struct duty_text duty;
        enum duty_fault fault = duty_parse(mistakes[i].text, &duty);
        if (fault != mistakes[i].fault || duty.at != mistakes[i].at)
            fail_msg("\"%s\": found fault %d at %zu, expected %d at %zu", mistakes[i].text, fault,
                    duty.at, mistakes[i].fault, mistakes[i].at);
    }
}

static void hours_alone(void **state)
{
    (void)state;
    struct hours hours;
    size_t at = 0;
    assert_int_equal(hours_parse(HOURS_PRESET, &hours, &at), DUTY_FINE);
    assert_int_equal(hours.count, 2);
    assert_int_equal(hours_parse("08:00-12:00, rotating", &hours, &at), DUTY_SHIFT);
    assert_int_equal(at, 11);
    assert_int_equal(hours_parse("", &hours, &at), DUTY_SHIFT);
}

static void hours_come_back_as_they_were_written(void **state)
{
    (void)state;
    static const char *const texts[] = {HOURS_PRESET, "00:00-00:00", "22:00-06:00",
            "06:05-07:59;09:10-12:30;18:00-00:00",
            "00:00-01:00;01:00-02:00;02:00-03:00;03:00-04:00;04:00-05:00;05:00-06:00;06:00-07:00;"
            "07:00-08:00"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct hours hours, again;
        char text[HOURS_TEXT_SIZE];
        size_t at = 0;
        assert_int_equal(hours_parse(texts[i], &hours, &at), DUTY_FINE);
        assert_string_equal(hours_format(&hours, text), texts[i]);
        assert_int_equal(hours_parse(text, &again, &at), DUTY_FINE);
        assert_memory_equal(&again, &hours, sizeof hours);
    }
    char text[HOURS_TEXT_SIZE];
    assert_string_equal(hours_format(&HOURS_ALWAYS, text), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(words_table),
            cmocka_unit_test(mistakes_table),
            cmocka_unit_test(hours_alone),
            cmocka_unit_test(hours_come_back_as_they_were_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
