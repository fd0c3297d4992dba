/* Configuration: where values come from, and every mistake with the line that it gets. */
#include "services/kernel/base/conf.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "services/kernel/base/testing.h"

struct config {
    char name[8];
    int64_t size;
    bool on;
    char password[16];
};

static const struct conf_key keys[] = {
        {.section = "service",
                .key = "name",
                .kind = CONF_TEXT,
                .offset = offsetof(struct config, name),
                .size = 8,
                .help = "name of the instance"},
        {.section = "batch",
                .key = "size-max",
                .kind = CONF_INT,
                .offset = offsetof(struct config, size),
                .min = 1,
                .max = 1024,
                .preset = "64",
                .help = "envelopes in a batch"},
        {.section = "batch",
                .key = "on",
                .kind = CONF_BOOL,
                .offset = offsetof(struct config, on),
                .preset = "true",
                .help = "whether to batch"},
        {.section = "database",
                .key = "password-file",
                .kind = CONF_SECRET,
                .offset = offsetof(struct config, password),
                .size = 16,
                .preset = "",
                .help = "file with the password"},
};

static char directory[64], conf_path[96], secret_path[96];

static void file_write(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof directory, "/tmp/conf_test.XXXXXX");
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    (void)snprintf(conf_path, sizeof conf_path, "%s/a.conf", directory);
    (void)snprintf(secret_path, sizeof secret_path, "%s/secret", directory);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(conf_path);
    (void)unlink(secret_path);
    return rmdir(directory);
}

static enum err load(const char *path, struct config *config, struct buf *why)
{
    return conf_load(keys, COUNT_OF(keys), path, config, sizeof *config, why);
}

static void conf_file_presets_and_environment_in_order(void **state)
{
    (void)state;
    BUF_OWNED why = {0};
    struct config config = {0};
    file_write(conf_path, "# comment\n[service]\nname = r-1\n[batch]\nsize-max=100\n", 0644);
    assert_int_equal(load(conf_path, &config, &why), OK);
    assert_string_equal(config.name, "r-1");
    assert_int_equal(config.size, 100);
    assert_true(config.on);
    assert_string_equal(config.password, "");
    assert_int_equal(setenv("HUYING_BATCH_SIZE_MAX", "7", 1), 0);
    assert_int_equal(setenv("HUYING_BATCH_ON", "false", 1), 0);
    enum err err = load(conf_path, &config, &why);
    assert_int_equal(unsetenv("HUYING_BATCH_SIZE_MAX"), 0);
    assert_int_equal(unsetenv("HUYING_BATCH_ON"), 0);
    assert_int_equal(err, OK);
    assert_int_equal(config.size, 7);
    assert_false(config.on);
}

static void conf_without_a_file_needs_what_has_no_preset(void **state)
{
    (void)state;
    BUF_OWNED why = {0};
    struct config config = {.size = 5};
    assert_int_equal(load(NULL, &config, &why), ERR_FATAL);
    assert_string_equal(why.data,
            "(no file): [service] name: not set, expected: name of the instance "
            "(or set HUYING_SERVICE_NAME)\n");
    assert_int_equal(config.size, 5);
    assert_int_equal(setenv("HUYING_SERVICE_NAME", "env", 1), 0);
    enum err err = load("/nowhere/at/all.conf", &config, &why);
    assert_int_equal(unsetenv("HUYING_SERVICE_NAME"), 0);
    assert_int_equal(err, OK);
    assert_string_equal(config.name, "env");
    assert_int_equal(config.size, 64);
}

static const struct {
    const char *text, *why; /* `why` goes on behind "PATH: " */
} mistakes[] = {
        {"size-max=abc\n",
                "[batch] size-max: found \"abc\", expected a whole number from 1 to 1024\n"},
        {"size-max=0\n", "[batch] size-max: found \"0\", expected a whole number from 1 to 1024\n"},
        {"size-max=1025\n",
                "[batch] size-max: found \"1025\", expected a whole number from 1 to 1024\n"},
        {"size-max=12 k\n",
                "[batch] size-max: found \"12 k\", expected a whole number from 1 to 1024\n"},
        {"size-max=\n", "[batch] size-max: found \"\", expected a whole number from 1 to 1024\n"},
        {"size-max=99999999999999999999\n", "[batch] size-max: found \"99999999999999999999\", "
                                            "expected a whole number from 1 to 1024\n"},
        {"size-max=\xff\n",
                "[batch] size-max: found \"\xef\xbf\xbd\", expected a whole number from 1 "
                "to 1024\n"},
        {"on=yes\n", "[batch] on: found \"yes\", expected true or false\n"},
        {"sizes=3\n", "[batch] sizes: unknown key, expected one of: size-max on\n"},
        {"[btach]\n", "[btach]: unknown section, expected one of: service batch database\n"},
        {"[service]\nname=12345678\n", "[service] name: found 8 bytes, expected at most 7\n"},
        {"[service]\nname=\xff\n",
                "[service] name: found bytes that are not UTF-8, expected UTF-8 text\n"},
};

static void conf_mistake_names_place_found_and_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        BUF_OWNED why = {0};
        char text[256], expected[256];
        struct config config = {.name = "old", .size = 5};
        (void)snprintf(text, sizeof text, "[service]\nname=n\n[batch]\n%s", mistakes[i].text);
        (void)snprintf(expected, sizeof expected, "%s: %s", conf_path, mistakes[i].why);
        file_write(conf_path, text, 0644);
        assert_int_equal(load(conf_path, &config, &why), ERR_FATAL);
        assert_string_equal(why.data, expected);
        assert_string_equal(config.name, "old");
        assert_int_equal(config.size, 5);
    }
}

static void conf_all_mistakes_are_told_at_once(void **state)
{
    (void)state;
    BUF_OWNED why = {0};
    struct config config = {0};
    file_write(conf_path, "[batch]\nsize-max=x\non=y\n[other]\n", 0644);
    assert_int_equal(load(conf_path, &config, &why), ERR_FATAL);
    static const char *const parts[] = {
            "size-max: found", "on: found", "[other]", "[service] name"};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        assert_non_null(strstr(why.data, parts[i]));
    }
}

static void conf_mistake_in_the_environment_names_the_variable(void **state)
{
    (void)state;
    BUF_OWNED why = {0};
    struct config config = {0};
    file_write(conf_path, "[service]\nname=n\n", 0644);
    assert_int_equal(setenv("HUYING_BATCH_SIZE_MAX", "-1", 1), 0);
    enum err err = load(conf_path, &config, &why);
    assert_int_equal(unsetenv("HUYING_BATCH_SIZE_MAX"), 0);
    assert_int_equal(err, ERR_FATAL);
    assert_string_equal(why.data,
            "HUYING_BATCH_SIZE_MAX: found \"-1\", expected a whole number from 1 to 1024\n");
}

static void conf_file_that_is_no_key_file_is_an_error(void **state)
{
    (void)state;
    BUF_OWNED why = {0};
    struct config config = {0};
    file_write(conf_path, "name without section\n", 0644);
    assert_int_equal(load(conf_path, &config, &why), ERR_FATAL);
    assert_memory_equal(why.data, conf_path, strlen(conf_path));
    why.size = 0;
    assert_int_equal(load(directory, &config, &why), ERR_FATAL);
    assert_memory_equal(why.data, directory, strlen(directory));
}

static enum err load_secret(struct config *config, struct buf *why)
{
    char text[256];
    (void)snprintf(
            text, sizeof text, "[service]\nname=n\n[database]\npassword-file=%s\n", secret_path);
    file_write(conf_path, text, 0644);
    return load(conf_path, config, why);
}

static void conf_secret_is_the_first_line_of_a_private_file(void **state)
{
    (void)state;
    static const char *const texts[] = {"hunter2", "hunter2\n", "hunter2\r\nsecond line\n"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        BUF_OWNED why = {0};
        struct config config = {0};
        file_write(secret_path, texts[i], 0600);
        assert_int_equal(load_secret(&config, &why), OK);
        assert_string_equal(config.password, "hunter2");
    }
    BUF_OWNED why = {0};
    struct config config = {0};
    file_write(secret_path, "fifteen-letters\n", 0400);
    assert_int_equal(load_secret(&config, &why), OK);
    assert_string_equal(config.password, "fifteen-letters");
}

static void conf_secret_wrong_is_refused_and_never_shown(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mode_t mode;
        const char *why;
    } cases[] = {
            {"hunter2\n", 0640, "only its owner"},
            {"hunter2\n", 0604, "only its owner"},
            {"hunter2\n", 0620, "only its owner"},
            {"\nhunter2", 0600, "text in the first line"},
            {"", 0600, "text in the first line"},
            {"hunter2-hunter2-hunter2\n", 0600, "shorter first line"},
            {"sixteen-letters!\n", 0600, "shorter first line"},
            {"hunter2\xff\n", 0600, "text in the first line"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        BUF_OWNED why = {0};
        struct config config = {0};
        file_write(secret_path, cases[i].text, cases[i].mode);
        assert_int_equal(load_secret(&config, &why), ERR_FATAL);
        assert_non_null(strstr(why.data, cases[i].why));
        assert_non_null(strstr(why.data, secret_path));
        assert_null(strstr(why.data, "hunter2"));
        assert_string_equal(config.password, "");
    }
    BUF_OWNED why = {0};
    struct config config = {0};
    assert_int_equal(unlink(secret_path), 0);
    assert_int_equal(load_secret(&config, &why), ERR_FATAL);
    assert_non_null(strstr(why.data, "No such file"));
}

/* A directory is opened and is no file; a process's own memory is one, and begins unreadable. */
static void conf_secret_that_cannot_be_read_is_refused(void **state)
{
    static const struct {
        const char *path, *why;
    } cases[] = {{"/proc/self", "regular file"}, {"/proc/self/mem", "a file that can be read"}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        BUF_OWNED why = {0};
        struct config config = {0};
        char text[160];
        (void)snprintf(text, sizeof text, "[service]\nname=n\n[database]\npassword-file=%s\n",
                cases[i].path);
        file_write(conf_path, text, 0600);
        assert_int_equal(load(conf_path, &config, &why), ERR_FATAL);
        assert_non_null(strstr(why.data, cases[i].why));
        assert_non_null(strstr(why.data, cases[i].path));
        assert_string_equal(config.password, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(conf_file_presets_and_environment_in_order),
            cmocka_unit_test(conf_without_a_file_needs_what_has_no_preset),
            cmocka_unit_test(conf_mistake_names_place_found_and_expected),
            cmocka_unit_test(conf_all_mistakes_are_told_at_once),
            cmocka_unit_test(conf_mistake_in_the_environment_names_the_variable),
            cmocka_unit_test(conf_file_that_is_no_key_file_is_an_error),
            cmocka_unit_test(conf_secret_is_the_first_line_of_a_private_file),
            cmocka_unit_test(conf_secret_wrong_is_refused_and_never_shown),
            cmocka_unit_test(conf_secret_that_cannot_be_read_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
