/* See address.h. */
#include "services/intake/address.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "services/kernel/base/pure_text.h"

#define BITS 128
#define BITS_BEFORE_IPV4 96
#define PREFIX_BYTES 8 /* of an IPv6 address, that are counted */
#define WORD_SIZE 64   /* longer than any address */

struct in6_addr address_of_ipv4(struct in_addr address)
{
    struct in6_addr mapped = {0};
    mapped.s6_addr[10] = mapped.s6_addr[11] = 0xff;
    memcpy(mapped.s6_addr + 12, &address, 4);
    return mapped;
}

bool address_is_loopback(const struct in6_addr *address)
{
    static const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
    return (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127) ||
           memcmp(address, &loopback, sizeof loopback) == 0;
}

static bool text_read(const char *text, struct in6_addr *ret)
{
    struct in_addr ipv4;
    if (inet_pton(AF_INET, text, &ipv4) == 1) {
        *ret = address_of_ipv4(ipv4);
        return true;
    }
    return inet_pton(AF_INET6, text, ret) == 1;
}

/* Copies what stands between blanks; false: nothing, or more than an address has. */
static bool word_copy(const char *from, size_t size, char ret[WORD_SIZE])
{
    for (; size > 0 && (*from == ' ' || *from == '\t'); size--)
        from++;
    while (size > 0 && (from[size - 1] == ' ' || from[size - 1] == '\t'))
        size--;
    return size > 0 && size < WORD_SIZE && text_copy(ret, WORD_SIZE, from, size) == size;
}

static bool proxy_parse(char *word, struct proxies *proxies)
{
    char *slash = strchr(word, '/'), *end = NULL;
    struct in6_addr address;
    if (slash)
        *slash = 0;
    if (!text_read(word, &address))
        return false;
    int before = strchr(word, ':') ? 0 : BITS_BEFORE_IPV4;
    long bits = BITS - before;
    if (slash) {
        errno = 0;
        long given = strtol(slash + 1, &end, 10);
        if (end == slash + 1 || *end || errno || given < 0 || given > bits)
            return false;
        bits = given;
    }
    proxies->list[proxies->count].address = address;
    proxies->list[proxies->count++].bits = (int)bits + before;
    return true;
}

enum err proxies_parse(const char *text, struct proxies *ret, struct buf *why)
{
    struct proxies proxies = {0};
    while (text[strspn(text, " \t")]) {
        char word[WORD_SIZE];
        size_t size = strcspn(text, ",");
        bool taken = proxies.count < PROXIES_MAX && word_copy(text, size, word);
        if (!taken || !proxy_parse(word, &proxies)) {
            buf_add_format(why,
                    "found \"%.*s\", expected at most %d addresses or ADDRESS/BITS, joined by ','",
                    (int)(size < WORD_SIZE ? size : WORD_SIZE), text, PROXIES_MAX);
            return ERR_MALFORMED;
        }
        text += size + (text[size] == ',');
    }
    *ret = proxies;
    return OK;
}

bool proxies_have(const struct proxies *proxies, const struct in6_addr *address)
{
    for (size_t i = 0; i < proxies->count; i++) {
        const uint8_t *one = proxies->list[i].address.s6_addr, *other = address->s6_addr;
        size_t whole = (size_t)proxies->list[i].bits / 8, rest = (size_t)proxies->list[i].bits % 8;
        uint8_t mask = (uint8_t)(0xff00u >> rest);
        if (memcmp(one, other, whole) == 0 && (!rest || !((one[whole] ^ other[whole]) & mask)))
            return true;
    }
    return false;
}

/* One word of X-Forwarded-For; some proxies put a port behind it, and brackets around IPv6. */
static bool word_read(const char *from, size_t size, struct in6_addr *ret)
{
    char word[WORD_SIZE];
    if (!word_copy(from, size, word))
        return false;
    char *colon = strchr(word, ':'), *bracket = strchr(word, ']');
    if (word[0] == '[' && bracket) {
        *bracket = 0;
        return text_read(word + 1, ret);
    }
    if (colon && !strchr(colon + 1, ':'))
        *colon = 0;
    return text_read(word, ret);
}

struct in6_addr address_of_client(
        const struct proxies *proxies, const struct in6_addr *peer, const char *forwarded)
{
    struct in6_addr address = *peer;
    size_t end = forwarded ? strlen(forwarded) : 0;
    while (end > 0 && proxies_have(proxies, &address)) {
        size_t from = end;
        while (from > 0 && forwarded[from - 1] != ',')
            from--;
        if (!word_read(forwarded + from, end - from, &address))
            break;
        end = from ? from - 1 : 0;
    }
    return address;
}

void address_name(const struct in6_addr *address, char ret[INET6_ADDRSTRLEN])
{
    struct in6_addr prefix = *address;
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        (void)inet_ntop(AF_INET, address->s6_addr + 12, ret, INET6_ADDRSTRLEN);
        return;
    }
    memset(prefix.s6_addr + PREFIX_BYTES, 0, sizeof prefix.s6_addr - PREFIX_BYTES);
    (void)inet_ntop(AF_INET6, &prefix, ret, INET6_ADDRSTRLEN);
}
