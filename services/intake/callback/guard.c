#include "services/intake/callback/guard.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define WORD_SIZE 64

/* Nets of IPv4 that are not of the open internet: this network, private, shared (CGNAT), loopback,
 * link-local, protocol assignments, documentation, 6to4 relays, benchmarks, multicast, reserved
 * with broadcast. */
static const struct {
    uint32_t address;
    int bits;
} special4[] = {{0x00000000, 8}, {0x0a000000, 8}, {0x64400000, 10}, {0x7f000000, 8},
        {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0586300, 24},
        {0xc0a80000, 16}, {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 4},
        {0xf0000000, 4}};

/* Of IPv6 only 2000::/3 is the open internet, without protocol assignments with Teredo,
 * documentation (two nets) and 6to4, which carries any IPv4 address inside. */
static const struct net global6 = {{0x20}, 3};
static const struct net special6[] = {
        {{0x20, 0x01}, 23}, {{0x20, 0x01, 0x0d, 0xb8}, 32}, {{0x20, 0x02}, 16}, {{0x3f, 0xff}, 20}};
static const struct net mapped = {
        {[10] = 0xff, [11] = 0xff}, 96}; /* IPv4, as nets and addresses have it here */

static bool net_has(const struct net *net, const uint8_t address[16])
{
    int whole = net->bits / 8, rest = net->bits % 8;
    if (memcmp(net->address, address, (size_t)whole) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return rest == 0 || ((net->address[whole] ^ address[whole]) & mask) == 0;
}

static void map4(uint8_t ret[16], const void *address4)
{
    memcpy(ret, mapped.address, 12);
    memcpy(ret + 12, address4, 4);
}

/* "10.0.0.0/8", "fd00::/8", or an address alone. */
static bool net_parse(const char *word, struct net *ret)
{
    char text[WORD_SIZE], *end = NULL;
    struct in_addr four;
    (void)strncpy(text, word, sizeof text - 1);
    text[sizeof text - 1] = 0;
    char *slash = strchr(text, '/');
    if (slash)
        *slash = 0;
    bool is4 = inet_pton(AF_INET, text, &four) == 1;
    if (is4)
        map4(ret->address, &four);
    else if (inet_pton(AF_INET6, text, ret->address) != 1)
        return false;
    long most = is4 ? 32 : 128;
    long bits = slash ? strtol(slash + 1, &end, 10) : most;
    if (slash && (end == slash + 1 || *end || slash[1] == '-' || slash[1] == '+'))
        return false;
    ret->bits = (int)bits + (is4 ? 96 : 0);
    return bits >= 0 && bits <= most;
}

static enum err net_add(struct guard *guard, const char *word, struct buf *why)
{
    if (guard->net_count == GUARD_NETS_MAX) {
        buf_add_format(why, "[callback] allow: more than %d nets", GUARD_NETS_MAX);
        return ERR_LIMIT;
    }
    if (net_parse(word, &guard->nets[guard->net_count++]))
        return OK;
    buf_add_format(
            why, "[callback] allow: found \"%s\", expected nets as 10.1.0.0/16 fd12::/16", word);
    return ERR_MALFORMED;
}

static enum err port_add(struct guard *guard, const char *word, struct buf *why)
{
    char *end = NULL;
    long port = strtol(word, &end, 10);
    if (guard->port_count == GUARD_PORTS_MAX) {
        buf_add_format(why, "[callback] ports: more than %d", GUARD_PORTS_MAX);
        return ERR_LIMIT;
    }
    if (*end || port < 1 || port > 65535) {
        buf_add_format(why, "[callback] ports: found \"%s\", expected numbers of 1 to 65535", word);
        return ERR_MALFORMED;
    }
    guard->ports[guard->port_count++] = (uint16_t)port;
    return OK;
}

static enum err words_each(const char *text,
        enum err (*add)(struct guard *guard, const char *word, struct buf *why),
        struct guard *guard,
        struct buf *why)
{
    enum err err = OK;
    while (!err) {
        char word[WORD_SIZE];
        text += strspn(text, " ");
        size_t size = strcspn(text, " ");
        if (size == 0)
            break;
        size_t kept = size < sizeof word ? size : sizeof word - 1;
        memcpy(word, text, kept);
        word[kept] = 0;
        err = add(guard, word, why);
        text += size;
    }
    return err;
}

enum err guard_parse(const char *allow, const char *ports, struct guard *ret, struct buf *why)
{
    *ret = (struct guard){0};
    enum err err = words_each(allow, net_add, ret, why);
    return err ? err : words_each(ports, port_add, ret, why);
}

static bool is_special4(const uint8_t address[16])
{
    uint32_t four = 0;
    for (int i = 12; i < 16; i++)
        four = four << 8 | address[i];
    for (size_t i = 0; i < sizeof special4 / sizeof *special4; i++)
        if (((four ^ special4[i].address) >> (32 - special4[i].bits)) == 0)
            return true;
    return false;
}

static bool is_special6(const uint8_t address[16])
{
    for (size_t i = 0; i < sizeof special6 / sizeof *special6; i++)
        if (net_has(&special6[i], address))
            return true;
    return !net_has(&global6, address);
}

/* An IPv6 socket that is told a mapped address connects by IPv4: nobody needs one, so none pass but
 * into nets that are allowed. */
bool guard_allows(const struct guard *guard, const struct sockaddr *address)
{
    uint8_t bytes[16];
    in_port_t port;
    bool special;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;
        map4(bytes, &in->sin_addr);
        port = in->sin_port;
        special = is_special4(bytes);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const void *)address;
        memcpy(bytes, &in->sin6_addr, sizeof bytes);
        port = in->sin6_port;
        special = is_special6(bytes);
    } else {
        return false;
    }
    bool open = false, allowed = !special;
    for (size_t i = 0; i < guard->port_count; i++)
        open = open || guard->ports[i] == ntohs(port);
    for (size_t i = 0; i < guard->net_count; i++)
        allowed = allowed || net_has(&guard->nets[i], bytes);
    return open && allowed;
}
