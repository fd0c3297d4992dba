/* The cluster under test: PostgreSQL, Redis, two brokers and the instances of the services (tests/
 * kit/cluster.h), with a link of its own through the fault proxy between every instance or client
 * and each broker, and between every instance and PostgreSQL. The proxy is a process beside it.
 *
 * PostgreSQL's data lie on a small file system of their own where this may mount one, so that the
 * disk can be full. Likewise each link has an address of its own in a network of its own, so that
 * it can vanish. One site per process. */
#ifndef HUYING_TESTS_FAULT_SITE_H
#define HUYING_TESTS_FAULT_SITE_H

#include <stdbool.h>
#include "tests/fault/proxy.h"
#include "tests/kit/cluster.h"

#define MEMBERS_MAX 12
#define VISITORS_MAX 4
#define LOAD_MAX 20 /* times what the site is asked at 1 */

/* Where a link leads. */
enum link_to { LINK_BROKER_1, LINK_BROKER_2, LINK_POSTGRES, LINK_COUNT };

struct member { /* an instance of a service */
    struct kit_process process;
    const char *service;
    int instance;
    int first_link, ports[LINK_COUNT];
};

struct visitor { /* of the workload: a process forked off this program */
    char name[24];
    pid_t pid;
    int control; /* lines to it */
    int first_link, ports[LINK_POSTGRES];
    struct keypair key;
};

struct fault_site {
    struct kit_site kit;
    struct member members[MEMBERS_MAX];
    size_t member_count;
    struct visitor visitors[VISITORS_MAX];
    size_t visitor_count;
    pid_t proxy;
    int proxy_control;
    char disk[KIT_PATH_SIZE]; /* where the small file system is; "" = none */
    bool network;             /* it has a network namespace of its own */
    const char
            *histories; /* directory of the clients' histories; PostgreSQL's log goes there too */
    int load;           /* 1 to LOAD_MAX: how many times as much is asked of the cluster */
    int64_t reports;    /* for each hotline */
    int pause_ms;       /* of a hotline between two rounds, at most; 0 = brisk */
    bool elsewhere;     /* PostgreSQL is the test's own affair: no links, no disk */
};

extern struct fault_site site;

/* Everything up: engines, proxy, brokers, members. `bin`: the binaries; `disk_mb`: of the small
 * file system. Clients' keys and links are there, the clients are not. */
void site_open(const char *bin, const char *histories, int disk_mb);
/* The same on a PostgreSQL that `start` starts (kit_site_open_on), which the members reach
 * directly; each role's password is `password`. */
void site_open_on(const char *bin,
        const char *histories,
        const char *password,
        void (*start)(struct kit_site *kit));
void site_close(bool show_logs);

/* (Re)starts or kills a member; idempotent. */
void member_up(struct member *member, bool up);
/* Waits until all members answer /readyz with 200. */
void members_await(void);

void link_set(int link, enum proxy_way way, struct proxy_fault fault);
void link_cut(int link, bool reset);
/* The link's address is gone from the network, or there again: what is sent to it is lost without
 * a word, as to a machine without power. False: there is no network of our own, or it is so. */
bool link_vanish(int link, bool gone);
#define HOST_SIZE 24
void link_host(int link, char ret[HOST_SIZE]);
/* All links of the site pass again. */
void links_heal(void);
int link_count(void);

/* Fills the disk to the last byte, or gives it back. */
void disk_fill(bool full);

#endif
