/* Three nodes of PostgreSQL under Patroni, with etcd, all of this machine: what is done to them,
 * and what is asked of them. They run deploy/postgres/patroni.yml as it stands; the environment
 * says where. Everything ends the program with a sentence when it goes wrong (kit_fail). */
#ifndef HUYING_TESTS_FAILOVER_NODES_H
#define HUYING_TESTS_FAILOVER_NODES_H

#include <libpq-fe.h>
#include <stdbool.h>
#include "tests/kit/cluster.h"

#define NODE_COUNT 3
#define NODE_PIDS_MAX 512
#define NODE_PASSWORD "not-a-secret"

struct node {
    char name[8], data[KIT_PATH_SIZE];
    int port;                /* PostgreSQL's */
    struct kit_process rest; /* its Patroni; http_port: of the REST interface */
    pid_t server;            /* when we started the server ourselves, not Patroni */
    int holds[2];            /* sockets that keep its ports */
    bool stopped;            /* its Patroni stands still: it is asked nothing */
};
extern struct node nodes[NODE_COUNT];

/* For site_open_on: etcd, the nodes, and where the services find them. */
void nodes_start(struct kit_site *kit);
/* Where their logs go at the end, as nodes.log in the order of time. The site's end ends
 * everything that belongs to them, however it was started. */
void nodes_log_to(const char *dir);

/* Until there is a primary, both others follow it, and one of them is its synchronous standby. */
void nodes_await(void);
/* The node that says of itself that it has the leader's key; NULL = none. */
struct node *nodes_primary(void);
struct node *nodes_standby(bool synchronous);

void patroni_up(struct node *node, bool up);
void patroni_signal(struct node *node, int signal);
/* To the postmaster and everything below it, which it cannot prevent; the number of processes. */
int server_signal(struct node *node, int signal);
/* Starts the server by itself, with the words with which Patroni had started it, and waits until
 * it takes commands. */
void server_restart(struct node *node);
void etcd_signal(int signal);
/* patronictl; false when it fails. */
bool nodes_ctl(const char *const *words);

/* As superuser at this very node; results must be PQclear'ed. node_int: the first column; -1 when
 * the node does not answer. */
PGresult *node_sql(struct node *node, const char *sql, const char *parameter);
long long node_int(struct node *node, const char *sql);

#endif
