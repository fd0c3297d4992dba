/* The allow-list: a refusal is text that names the file; a list that is taken has a peer for every
 * line that opens a group, each with a name and a key of its own. */
#include "tests/fuzz/fuzz.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "services/kernel/base/service_id.h"
#include "services/kernel/bus/peers.h"

/* The names in the file, found without GKeyFile: "[name]" behind any blanks of a line. */
static void names_claim(const struct peers *peers, char *text)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    for (char *line = text, *next = NULL; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        while (g_ascii_isspace(*line))
            line++;
        if (*line != '[')
            continue;
        line[strcspn(line, "]")] = '\0';
        const struct peer *peer = peers_find_name(peers, line + 1);
        must(peer != NULL);
        must(strlen(peer->name) > 0 && strlen(peer->key) == KEY_Z85_SIZE - 1);
        must(peer->service < SERVICE_COUNT && peer->site <= 4095);
        must(peers_find(peers, peer->key) == peer);
        must(g_hash_table_add(seen, (gpointer)(uintptr_t)peer));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct peers *peers = NULL;
    BUF_OWNED why = {0};
    const char *path = fuzz_file(data, size);
    enum err err = peers_load(path, &peers, &why);
    must(err == OK || err == ERR_MALFORMED);
    if (err != OK) {
        must(peers == NULL);
        fuzz_reason(why.data);
        must(strncmp(why.data, path, strlen(path)) == 0);
        return 0;
    }
    char *text = fuzz_string(data, size);
    must(strlen(text) == size); /* nothing may hide behind a NUL */
    names_claim(peers, text);
    free(text);
    peers_destroy(&peers);
    must(peers == NULL);
    return 0;
}
