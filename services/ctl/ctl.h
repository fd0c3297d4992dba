/* huyingctl: what operators type. This header is what every command file needs: the context with
 * home, language and output form, the configuration, the connection, and how to talk to the
 * person.
 *
 * To add a command: one file with `int command_NAME(struct ctl *ctl, int argc, char **argv)` and
 * one line in COMMAND_TABLE (commands.h). argv[0] is the command's name; parse options with
 * ctl_options().
 *
 * Standard output carries results (tables, or one JSON object with -o json), standard error
 * everything else. Exit status: 0 done, 1 failed, 2 wrong usage. Texts are Chinese unless --lang
 * en. */
#ifndef HUYING_CTL_CTL_H
#define HUYING_CTL_CTL_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include "services/kernel/base/buf.h"
#include "services/kernel/base/err.h"
#include "services/kernel/bus/peers.h"
#include "services/kernel/store/pg.h"

#define CTL_PATH_SIZE 1024
#define CTL_CONNINFO_SIZE 1024
#define CTL_CONNECT_MS 10000

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* conf/ctl.conf; see ctl_conf.c for the keys. */
struct ctl_conf {
    char conninfo[CTL_CONNINFO_SIZE];
    char owner_conninfo[CTL_CONNINFO_SIZE]; /* "" = conninfo */
    char brokers[1024];                     /* ";"-separated endpoints */
    char hotlines[1024];                    /* of the hotline ports, likewise */
    char server_key[KEY_Z85_SIZE];
    char key[CTL_PATH_SIZE]; /* path of our own key file */
    char redis[256];         /* path of the socket */
    char log_level[8];
    int64_t credit;
};

struct ctl {
    bool english, json;
    char home[CTL_PATH_SIZE];
    char root[CTL_PATH_SIZE]; /* of the checkout or installation: has services/…; "" = not found */
    struct ctl_conf conf;     /* after ctl_conf_read() */
};

/* An option's description in both languages, for GOptionEntry.description and .arg_description. */
#define CTL_TEXT(zh, en) zh "\x1f" en

/* Parses a command's own options and the global ones (--home --lang -o --help), wherever they
 * stand. `usage` names the operands, "PROFILE_DIR"; `help` is CTL_TEXT of one sentence or more.
 * `entries` ends with {0}, NULL = none. Removes what it parsed. Returns -1 to go on, else the
 * exit status (--help: 0). */
int ctl_options(struct ctl *ctl,
        const char *usage,
        const char *help,
        const GOptionEntry *entries,
        int *argc,
        char ***argv);
/* Says that the operands are wrong; returns EXIT_USAGE. */
int ctl_usage(const struct ctl *ctl, const char *command, const char *usage);

/* The half of CTL_TEXT in the person's language; a constant or borrowed text. */
const char *ctl_text(const struct ctl *ctl, const char *text, char *ret, size_t size);

/* "huyingctl: …" on standard error; both formats take the same arguments in the same order. Says
 * what was wrong, where, what was expected, what to do. Returns EXIT_FAILED. */
int ctl_fail(const struct ctl *ctl, const char *zh, const char *en, ...)
        __attribute__((format(printf, 2, 4), format(printf, 3, 4)));
/* The same for progress, on standard error, without a name in front. */
void ctl_say(const struct ctl *ctl, const char *zh, const char *en, ...)
        __attribute__((format(printf, 2, 4), format(printf, 3, 4)));
/* Result text on standard output. */
void ctl_print(const struct ctl *ctl, const char *zh, const char *en, ...)
        __attribute__((format(printf, 2, 4), format(printf, 3, 4)));
/* Columns that valid UTF-8 takes on a terminal (Chinese takes two), for tables: printf counts
 * bytes. */
int ctl_width(const char *text);
/* One JSON object on one line of standard output; takes the reference. */
void ctl_json(json_t *object);

/* $HUYING_HOME/FORMAT into `ret`. */
void ctl_path(const struct ctl *ctl, char ret[CTL_PATH_SIZE], const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* Writes a file whole or not at all (temporary name, fsync, rename). ERR_TRANSIENT with errno
 * set. */
enum err ctl_file_write(const char *path, const char *data, size_t size, unsigned mode) MUST_CHECK;
/* Makes $HUYING_HOME/NAME with all its parents, mode 0700 for `keys`, else 0755. */
enum err ctl_dir_make(const struct ctl *ctl, const char *name) MUST_CHECK;

/* Reads conf/ctl.conf into ctl->conf; on an error says so and returns it. */
enum err ctl_conf_read(struct ctl *ctl) MUST_CHECK;
/* The same without saying; `why` gets the lines. */
enum err ctl_conf_check(const struct ctl *ctl, struct ctl_conf *ret, struct buf *why) MUST_CHECK;
/* Connects (blocking, CTL_CONNECT_MS) with the configuration's conninfo, or the given one, in
 * schema `directory`. NULL when it failed, which it has said. */
struct pg *ctl_connect(const struct ctl *ctl, const char *conninfo);

#endif
