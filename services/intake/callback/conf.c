#include "services/intake/callback/conf.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "services/kernel/base/pure_text.h"

#define SECOND_MS INT64_C(1000)
#define DAY_MS (86400 * SECOND_MS)
#define FROM_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+@"

static enum err template_read(const char *path, struct notice_adapter *ret, struct buf *why)
{
    size_t size = 0;
    ssize_t got = -1;
    if (!*path) {
        (void)snprintf(ret->template, sizeof ret->template, "%s", notice_template(ret->channel));
        return OK;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && size < sizeof ret->template &&
            (got = read(fd, ret->template + size, sizeof ret->template - size)) > 0)
        size += (size_t)got;
    if (fd >= 0)
        (void)close(fd);
    if (got != 0 || !text_valid(ret->template, size)) {
        buf_add_format(why, "[notice] template: %s: %s, expected UTF-8 of less than %d bytes", path,
                got < 0 ? strerror(errno) : "not that", NOTICE_TEMPLATE_MAX);
        return ERR_FATAL;
    }
    ret->template[size] = 0;
    return notice_template_check(ret, why);
}

static bool url_is(const char *url, const char *scheme, const char *secure)
{
    return strncmp(url, scheme, strlen(scheme)) == 0 || strncmp(url, secure, strlen(secure)) == 0;
}

/* NULL: nothing is wrong beside the template. */
static const char *adapter_wrong(const struct callback_conf *conf, enum notice_channel channel)
{
    const char *at = strchr(conf->from, '@');
    if (channel == NOTICE_NONE)
        return "[notice] adapter: expected webhook, smtp or nothing";
    if (channel == NOTICE_WEBHOOK && !url_is(conf->url, "http://", "https://"))
        return "[notice] url: expected https://HOST/PATH";
    if (channel == NOTICE_MAIL && !url_is(conf->url, "smtp://", "smtps://"))
        return "[notice] url: expected smtps://HOST or smtp://HOST:25";
    if (channel == NOTICE_MAIL && (!at || at == conf->from || !at[1] || strchr(at + 1, '@') ||
                                          strspn(conf->from, FROM_CHARS) != strlen(conf->from)))
        return "[notice] from: expected an address, desk@site.example";
    return NULL;
}

enum err notice_conf_read(
        const struct callback_conf *conf, struct notice_adapter *ret, struct buf *why)
{
    *ret = (struct notice_adapter){0};
    if (!*conf->adapter)
        return OK;
    if (strcmp(conf->adapter, "webhook") == 0)
        ret->channel = NOTICE_WEBHOOK;
    else if (strcmp(conf->adapter, "smtp") == 0)
        ret->channel = NOTICE_MAIL;
    const char *wrong = adapter_wrong(conf, ret->channel);
    if (wrong) {
        buf_add_text(why, wrong);
        return ERR_FATAL;
    }
    memcpy(ret->url, conf->url, sizeof ret->url);
    memcpy(ret->from, conf->from, sizeof ret->from);
    memcpy(ret->user, conf->user, sizeof ret->user);
    memcpy(ret->password, conf->password, sizeof ret->password);
    return template_read(conf->template, ret, why) ? ERR_FATAL : OK;
}

enum err callback_start(const struct callback_conf *conf,
        const struct callback_process *process,
        struct sender **ret,
        struct buf *why)
{
    struct sender_config config = {.conninfo = process->conninfo,
            .keys = conf->keys,
            .ca = conf->ca,
            .timeout_ms = conf->timeout_s * SECOND_MS,
            .lease_ms = conf->timeout_s * SECOND_MS * 2 + 30 * SECOND_MS,
            .keep_ms = conf->keep_days * DAY_MS,
            .clock = process->clock,
            .counts = process->counts,
            .contacts = process->contacts};
    if (guard_parse(conf->allow, conf->ports, &config.guard, why) != OK ||
            notice_conf_read(conf, process->adapter, why) != OK)
        return ERR_FATAL;
    if (process->adapter->channel != NOTICE_NONE && process->contacts.ask)
        config.notices = process->adapter;
    *ret = sender_new(&config);
    sender_start(*ret);
    return OK;
}
