/* A private site for a test, process by process: PostgreSQL (tests/kit/pg.h), Redis, brokers and
 * instances of services, each started, killed and started again as the test wants. Keys and
 * configuration are made in a temporary directory; brokers' ports are held by sockets of the kit
 * that are bound and never listen, so that two runs side by side cannot collide and a broker that
 * is away keeps its port. Children die with the test (the kernel sends SIGKILL).
 *
 * Waiting is always for a condition with a deadline. What goes wrong ends the test program with a
 * sentence and the logs of all processes. One thread. */
#ifndef HUYING_TESTS_KIT_CLUSTER_H
#define HUYING_TESTS_KIT_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "services/kernel/bus/keyfile.h"
#include "tests/kit/pg.h"

#define KIT_BROKERS_MAX 2
#define KIT_PATH_SIZE 256
#define KIT_TEXT_SIZE 65536

struct kit_site;

/* A broker or an instance of a service. Open, for tests to look at. */
struct kit_process {
    struct kit_site *site;
    char name[32]; /* "routing-1" */
    char log[KIT_PATH_SIZE];
    pid_t pid;     /* 0 = not running */
    int http_port; /* of health and metrics; 0 = not known yet */
};

struct kit_site {
    struct kit_pg *pg;
    char dir[KIT_PATH_SIZE];
    struct keypair server; /* the brokers' */
    int ports[KIT_BROKERS_MAX], port_holds[KIT_BROKERS_MAX];
    struct kit_process brokers[KIT_BROKERS_MAX];
    pid_t redis;
    void (*end)(void); /* set by `start` below, if it has to end something; called once */
};

/* Makes directory, keys and configuration, a database with the directory's and `service`'s
 * tables and a site of one street; PostgreSQL runs then, nothing else does. `bin`: where the
 * binaries are. */
void kit_site_open(struct kit_site *site, const char *bin, const char *service);
/* The same on a server that the test runs by itself: `start` is called once the directory is there,
 * and calls kit_pg_reach (pg.h). kit_postgres is not for it. */
void kit_site_open_on(struct kit_site *site,
        const char *bin,
        const char *service,
        void (*start)(struct kit_site *site));
/* Stops everything; `show`: print the logs first. */
void kit_site_close(struct kit_site *site, bool show);

/* Idempotent. Down is kill -9 for brokers and Redis, an immediate stop for PostgreSQL. */
void kit_postgres(struct kit_site *site, bool up);
void kit_redis(struct kit_site *site, bool up);
void kit_broker(struct kit_site *site, size_t index, bool up);

/* A key that is on the brokers' list with `service` and `rights` (as in peers.conf), or a
 * stranger's (service NULL). Brokers that run are told. */
void kit_key(struct kit_site *site,
        const char *name,
        const char *service,
        const char *rights,
        struct keypair *ret);

/* Writes the configuration of `service` with the key file of `key`, and `more` after it. */
void kit_conf(struct kit_site *site, const char *service, const char *key, const char *more);

void kit_start(struct kit_site *site, const char *service, int instance, struct kit_process *ret);
/* Any other program as a child: dies with the test, its output in a file of the site's directory,
 * which kit_fail shows. `ret_log` may be NULL. The end sets *pid to 0. */
pid_t kit_child(struct kit_site *site,
        const char *name,
        const char *const argv[],
        char ret_log[KIT_PATH_SIZE]);
void kit_child_kill(pid_t *pid);
void kit_kill(struct kit_process *process); /* kill -9; accepts one that does not run */
/* Waits for its end by itself; the exit status, -1 after a signal. */
int kit_wait_end(struct kit_process *process, int64_t within_ms);
bool kit_alive(struct kit_process *process);
/* What it wrote to standard output and error so far; static memory. */
const char *kit_log(const struct kit_process *process);

/* GET of health and metrics: the status, 0 = nobody answers; the body in static memory. Who closes
 * the connection without an answer is asked again, some times. */
int kit_get(struct kit_process *process, const char *path, const char **ret_body);
/* Value of huying_NAME_total or huying_NAME, the first one with labels; -1 when it is not there. */
int64_t kit_metric(struct kit_process *process, const char *name);
/* Waits until /readyz gives `status` and its body holds `part`. */
void kit_await(struct kit_process *process, int status, const char *part);

/* A port that is ours: bound with SO_REUSEADDR and not listening, so the kernel gives it to nobody
 * and a server, which binds with SO_REUSEADDR too, can listen on it. Returns what to close. */
int kit_port_hold(struct kit_site *site, int *ret_port);
int64_t kit_now_ms(void);
void kit_fail(struct kit_site *site, const char *format, ...)
        __attribute__((format(printf, 2, 3), noreturn));

#define KIT_WAIT_MS 20000
#define KIT_UNTIL(site, condition)                                                                 \
    do {                                                                                           \
        int64_t kit_end = kit_now_ms() + KIT_WAIT_MS;                                              \
        bool kit_held;                                                                             \
        while (!(kit_held = (condition)) && kit_now_ms() < kit_end) {                              \
            kit_pause();                                                                           \
        }                                                                                          \
        if (!kit_held) {                                                                           \
            kit_fail((site), "%s:%d: waited in vain for: %s", __FILE__, __LINE__, #condition);     \
        }                                                                                          \
    } while (0)
void kit_pause(void); /* between two looks at a condition */

#endif
