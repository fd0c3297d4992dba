/* Inside the connections: what the server's side (session.c) and the client's (client.c) share. */
#ifndef HUYING_TESTS_SIM_SESSION_IMPL_H
#define HUYING_TESTS_SIM_SESSION_IMPL_H

#include "tests/sim/session.h"

#define SESSION_KEYS_MAX 2

struct op {
    struct op *next; /* of its segment; or of those that are free */
    int size_class;  /* 1 << that many bytes, with the parameters and their cells */
    const struct statement *statement;
    twin_fn *twin;
    int arg_count;
    pg_rows_fn *rows;
    void *self;
    PGresult *result;
    struct arg args[];
};

struct segment {
    struct segment *next;        /* the client's list */
    struct segment *server_next; /* the session's */
    struct op *first, **last;
    pg_done_fn *done;
    void *self;
    bool finished, blocked;
    enum err err;
};

struct session {
    struct session *next;
    struct pg *client; /* NULL: gone */
    enum service_id service;
    struct segment *first, **last;
    struct op *op; /* the next one of the first segment */
    bool begun, started, ended, scheduled, hung;
    uint64_t hung_lsn;
    int64_t waits_since_ms;
    struct txn txn;
    int64_t keys[SESSION_KEYS_MAX];
    int serial;
};

struct pg {
    struct node *node;
    enum service_id service;
    struct session *session;
    enum pg_state state;
    struct segment *first, **last, *building;
    uint64_t connects;
    int64_t retry_ms;
    bool broken, blocked;
    const char *message;
    int backend;
};

/* A run begins: memory of another one is not used again. */
void ops_begin(void);
/* Frees the results that nobody took. */
void segment_clear(struct segment *segment);
/* A new session of that connection. */
struct session *session_open(struct pg *client);
/* Work has come; it starts within so many ms. */
void session_wake(struct session *session, int64_t delay_ms);
/* The client finds its connection broken; the session goes on alone when `late`. */
void session_detach(struct session *session, bool late);
/* Whether what a dead client sent is still carried out. */
bool session_late(void);

#endif
