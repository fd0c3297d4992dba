/* Configuration files: a service's keys of all kinds. A refusal names the file and is text; nothing
 * is changed by it; what is taken is within its limits. */
#include "tests/fuzz/fuzz.h"

#include <stddef.h>
#include <string.h>

#include "services/kernel/base/conf.h"
#include "services/kernel/base/pure_text.h"

struct config {
    char name[16], conninfo[64], password[32];
    int64_t port, instance;
    bool on;
};

#define FIELD(name) offsetof(struct config, name), sizeof(((struct config *)0)->name)

static const struct conf_key keys[] = {
        {"service", "name", CONF_TEXT, FIELD(name), 0, 0, "a", "name of the process"},
        {"service", "instance", CONF_INT, FIELD(instance), -5, 4095, "1", "its number"},
        {"store", "conninfo", CONF_TEXT, FIELD(conninfo), 0, 0, NULL, "connection string"},
        {"store", "password", CONF_SECRET, FIELD(password), 0, 0, "", "path of a file"},
        {"http", "port", CONF_INT, FIELD(port), 0, 65535, "0", "port"},
        {"http", "on", CONF_BOOL, FIELD(on), 0, 0, "true", "whether it listens"},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config before;
    struct config config;
    BUF_OWNED why = {0};
    const char *path = fuzz_file(data, size);
    memset(&before, 0x55, sizeof before);
    config = before;
    enum err err = conf_load(keys, COUNT_OF(keys), path, &config, sizeof config, &why);
    must(err == OK || err == ERR_FATAL);
    if (err != OK) {
        must(memcmp(&config, &before, sizeof config) == 0);
        fuzz_reason(why.data);
        must(strncmp(why.data, path, strlen(path)) == 0);
        must(why.data[why.size - 1] == '\n');
        return 0;
    }
    must(why.size == 0);
    must(config.port >= 0 && config.port <= 65535);
    must(config.instance >= -5 && config.instance <= 4095);
    fuzz_text(config.name);
    fuzz_text(config.conninfo);
    fuzz_text(config.password);
    return 0;
}
