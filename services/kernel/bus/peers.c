/* The allow-list as one sorted-by-file array with a hash table over the keys. It is never
 * changed once loaded: a reload makes a new one, so a reader sees the old list or the new one
 * and nothing between. GKeyFile merges groups of the same name without a word; here that is an
 * error, because the second group's rights would silently replace the first one's. */
#include "services/kernel/bus/peers.h"

#include <glib.h>
#include <string.h>
#include <zmq.h>
#include "services/kernel/base/fault.h"
#include "services/kernel/base/must.h"

#define KEY_BYTES 32
#define SITE_MAX 4095

struct peers {
    struct peer *items;
    size_t count;
    GHashTable *by_key;
};

/* What is being read: the place that an error names. */
struct reading {
    const char *path, *group;
    GKeyFile *file;
    struct buf *why;
};

static enum err reading_fail(const struct reading *r, const char *key, const char *expected)
{
    buf_add_format(r->why, "%s: [%s] %s: expected %s\n", r->path, r->group, key, expected);
    return ERR_MALFORMED;
}

static bool name_valid(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size < PEER_SIZE &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
                   size;
}

static enum err key_read(const struct reading *r, struct peer *peer)
{
    g_autofree char *text = g_key_file_get_value(r->file, r->group, "key", NULL);
    uint8_t raw[KEY_BYTES];
    if (!text || strlen(text) != KEY_Z85_SIZE - 1 || !zmq_z85_decode(raw, text)) {
        return reading_fail(r, "key", "40 characters of Z85, a CURVE public key");
    }
    memcpy(peer->key, text, KEY_Z85_SIZE);
    return OK;
}

/* "none" is a broker's own key: on the list so that names are all in one place, and good for
 * nothing. */
static enum err service_read(const struct reading *r, struct peer *peer)
{
    g_autofree char *text = g_key_file_get_value(r->file, r->group, "service", NULL);
    peer->service = text ? service_find(text) : SERVICE_NONE;
    if (peer->service == SERVICE_NONE && g_strcmp0(text, "none") != 0) {
        return reading_fail(r, "service",
                "intake, routing, enforcement, volunteer, audit, console, client or none");
    }
    return OK;
}

static enum err site_read(const struct reading *r, struct peer *peer)
{
    GError *error = NULL;
    int site = g_key_file_get_integer(r->file, r->group, "site", &error);
    if (error || site < 0 || site > SITE_MAX) {
        g_clear_error(&error);
        return reading_fail(r, "site", "a number from 0 to 4095");
    }
    peer->site = (uint16_t)site;
    return OK;
}

static uint32_t right_find(const char *text)
{
#define X(name, bit, word)                                                                         \
    if (strcmp(text, word) == 0) {                                                                 \
        return bit;                                                                                \
    }
    RIGHT_TABLE(X)
#undef X
    return 0;
}

static enum err rights_read(const struct reading *r, struct peer *peer)
{
    g_auto(GStrv) words = g_key_file_get_string_list(r->file, r->group, "rights", NULL, NULL);
    for (size_t i = 0; words && words[i]; i++) {
        uint32_t right = right_find(words[i]);
        if (right == 0) {
            return reading_fail(r, "rights", "a list of act;query;hotline;operate;feed");
        }
        peer->rights |= right;
    }
    return OK;
}

static enum err keys_known(const struct reading *r)
{
    static const char *const known[] = {"key", "service", "site", "rights"};
    g_auto(GStrv) keys = g_key_file_get_keys(r->file, r->group, NULL, NULL);
    for (size_t i = 0; keys && keys[i]; i++) {
        bool found = false;
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
            found = found || strcmp(keys[i], known[k]) == 0;
        }
        if (!found) {
            return reading_fail(r, keys[i], "no such key; one of key, service, site, rights");
        }
    }
    return OK;
}

static enum err peer_read(const struct reading *r, struct peer *peer)
{
    if (!name_valid(r->group)) {
        return reading_fail(r, "name", "1 to 31 letters, digits, - _ .");
    }
    memcpy(peer->name, r->group, strlen(r->group) + 1);
    enum err err = keys_known(r);
    if (!err) {
        err = key_read(r, peer);
    }
    if (!err) {
        err = service_read(r, peer);
    }
    if (!err) {
        err = site_read(r, peer);
    }
    return err ? err : rights_read(r, peer);
}

/* Number of lines that open a group; GKeyFile passes over blanks before it. */
static size_t group_lines(const char *text)
{
    size_t count = 0;
    for (const char *line = text; line; line = strchr(line, '\n')) {
        while (g_ascii_isspace(*line)) {
            line++;
        }
        count += *line == '[';
    }
    return count;
}

static enum err groups_read(struct reading *r, struct peers *peers, char **groups)
{
    for (size_t i = 0; i < peers->count; i++) {
        r->group = groups[i];
        enum err err = peer_read(r, &peers->items[i]);
        if (err) {
            return err;
        }
        if (!g_hash_table_insert(peers->by_key, peers->items[i].key, &peers->items[i])) {
            return reading_fail(r, "key", "a key of its own; another group has this one");
        }
    }
    return OK;
}

static enum err text_parse(struct reading *r, const char *text, size_t size, struct peers **ret)
{
    GError *error = NULL;
    if (strlen(text) != size) {
        buf_add_format(r->why, "%s: a NUL byte: expected text\n", r->path);
        return ERR_MALFORMED;
    }
    if (!g_key_file_load_from_data(r->file, text, size, G_KEY_FILE_NONE, &error)) {
        buf_add_format(r->why, "%s: %s: expected [name] groups\n", r->path, error->message);
        g_clear_error(&error);
        return ERR_MALFORMED;
    }
    gsize count = 0;
    g_auto(GStrv) groups = g_key_file_get_groups(r->file, &count);
    if (count > PEERS_MAX) {
        buf_add_format(r->why, "%s: %zu groups: expected at most %d\n", r->path, count, PEERS_MAX);
        return ERR_MALFORMED;
    }
    if (group_lines(text) != count) {
        buf_add_format(r->why, "%s: a group's name is there twice: expected one each\n", r->path);
        return ERR_MALFORMED;
    }
    struct peers *peers = g_new0(struct peers, 1);
    peers->items = g_new0(struct peer, count + 1);
    peers->count = count;
    peers->by_key = g_hash_table_new(g_str_hash, g_str_equal);
    enum err err = groups_read(r, peers, groups);
    if (err) {
        peers_destroy(&peers);
        return err;
    }
    *ret = peers;
    return OK;
}

/* Names of the file may be any bytes; what is said of them is text. */
static void why_mend(struct buf *why, size_t from)
{
    g_autofree char *valid = g_utf8_make_valid(why->data + from, -1);
    why->size = from;
    buf_add_text(why, valid);
}

enum err peers_load(const char *path, struct peers **ret, struct buf *why)
{
    must(path && ret && why);
    g_autofree char *text = NULL;
    gsize size = 0;
    GError *error = NULL;
    if (FAULT(peers_unreadable) || !g_file_get_contents(path, &text, &size, &error)) {
        buf_add_format(
                why, "%s: cannot be read: %s\n", path, error ? error->message : "no reason given");
        g_clear_error(&error);
        return ERR_MALFORMED;
    }
    struct reading r = {.path = path, .group = "", .file = g_key_file_new(), .why = why};
    size_t said = why->size;
    enum err err = text_parse(&r, text, size, ret);
    g_key_file_unref(r.file);
    if (err) {
        why_mend(why, said);
    }
    return err;
}

void peers_destroy(struct peers **peers)
{
    if (!*peers) {
        return;
    }
    g_hash_table_unref((*peers)->by_key);
    g_free((*peers)->items);
    g_free(*peers);
    *peers = NULL;
}

const struct peer *peers_find(const struct peers *peers, const char *key)
{
    return g_hash_table_lookup(peers->by_key, key);
}

const struct peer *peers_find_name(const struct peers *peers, const char *name)
{
    for (size_t i = 0; i < peers->count; i++) {
        if (strcmp(peers->items[i].name, name) == 0) {
            return &peers->items[i];
        }
    }
    return NULL;
}
