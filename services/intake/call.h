/* One HTTP request: what its header asks for and may ask for, its body, its answer. http.c owns the
 * stages and the threads, route.h's ways what is said; here is what all of them have in common. */
#ifndef HUYING_INTAKE_CALL_H
#define HUYING_INTAKE_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include "services/intake/follow.h"
#include "services/intake/intake.h"
#include "services/intake/problem.h"
#include "services/intake/rate.h"
#include "services/intake/route.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/pure_directory.h"
#include "services/kernel/wire/envelope.h"

struct MHD_Connection;
struct http;
struct proxies;

#define REQUEST_ID_SIZE 33

enum call_stage { CALL_READING, CALL_ASKED, CALL_ANSWERED };

struct call {
    struct http *http;
    struct MHD_Connection *connection;
    struct call *previous, *next; /* among those asked */
    enum call_stage stage;
    int users; /* the connection, and the loop while it has it */
    int64_t asked_ms;
    int64_t began_wall_ms; /* by the clock on the wall */
    const struct route *route;    /* NULL: no such path or method, which call->problem says */
    struct file *files[FILE_COUNT]; /* NULL: none is configured */
    char name[ROUTE_NAME_SIZE];   /* in the path */
    char allow[ROUTE_ALLOW_SIZE]; /* methods of the path, for 405 */
    bool has_token;               /* then only the token's own reports are shown */
    bool follows;                 /* GET with a code: what the code shows, whoever asks */
    bool fits;                    /* … and it is the report's */
    struct follow_code code;
    char peer[PEER_SIZE];  /* the token's name, or "http", or a code's source (qr.h) */
    char actor[ACTOR_SIZE]; /* who has proved who he is; "" = the token's name, if any */
    char key[TICKET_SIZE]; /* Idempotency-Key; "" = none */
    size_t received;
    struct buf body, payload; /* as it came; as it goes to the loop */
    bool aside;               /* what is asked next goes to way.ask, not to the loop */
    bool commands;            /* a command, else a query */
    uint32_t type;            /* of either */
    int64_t agg;              /* of a command that names its aggregate */
    char request_id[REQUEST_ID_SIZE];
    int64_t at_ms;            /* drills only: when what is said was said; 0 = now */
    int asks;                 /* so far */
    struct problem problem;
    struct rate *rate; /* http's; with NULL nothing is limited */
    const struct proxies *proxies;
    int64_t begun_ms;
    int64_t wait_s;   /* PROBLEM_RATE: … and so many seconds later there is room */
    uint32_t verdict; /* of the reply; payload and place as well */
    struct buf reply;
    char unit_code[260], level[16];
    char unit_names[2][256];          /* zh, en */
    char made_code[FOLLOW_CODE_SIZE]; /* the report's; "" = the site gives none */
    int utc_offset_s;
    void *own; /* the way's */
};

#define CALL_HEADERS_MAX 6
struct call_answer {
    unsigned status;
    const char *type;
    size_t header_count;
    struct {
        const char *name;
        char value[128];
    } headers[CALL_HEADERS_MAX];
};

struct call *call_new(struct http *http, struct MHD_Connection *connection);
void call_free(struct call *call);

/* The stages, as http.c goes through them; each calls the way's function for the rest.
 * Path, method, length, size of the header: sets call->problem. */
void call_check(struct call *call, const char *url, const char *method);
/* Most bytes that this request's body may have. */
size_t call_body_max(const struct call *call);
/* Reads the body into the payload for the loop; false: there is nothing to ask. */
bool call_read(struct call *call);
/* True: what has been answered leads to another question. */
bool call_again(struct call *call);
/* In the loop's thread. */
void call_take_reply(
        struct call *call, const struct envelope *reply, const struct directory *directory);
/* Status, headers and body of the answer. */
void call_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body);
/* "zh" or "en": what the request prefers of the two, else `preset`. */
const char *call_language(const struct call *call, const char *preset);

/* For ways. */

/* The file in force for this call; NULL: none is configured. */
const void *call_file(const struct call *call, enum file_kind kind);
/* A header field's value; NULL: not there. */
const char *call_header(const struct call *call, const char *name);
/* How often it is there. */
int call_header_count(const struct call *call, const char *name);
/* Without tokens only this machine may ask, and no proxy on it for others; else the token must be
 * on the list: sets has_token and peer. `token` may be NULL. */
bool call_admit(struct call *call, const char *token);
/* The same of the token in Authorization, or the problem. */
void call_access_check(struct call *call);
/* One Idempotency-Key that can be seen, into call->key, or the problem. */
void call_key_check(struct call *call);
/* The limit of call->peer, for a way that knows only from the body who it is; sets the problem. In
 * HTTP's own thread. */
void call_source_check(struct call *call);
/* The limit of the code that was scanned, call->peer; of tries to open it, for each address. */
void call_code_check(struct call *call, bool opens);
/* JSON in UTF-8, not encoded further, or the problem. */
void call_json_check(struct call *call);
/* The reply's payload. */
struct bytes call_reply(const struct call *call);
void call_header_add(struct call_answer *answer, const char *name, const char *value);
/* The problem as RFC 9457 has it. */
void call_problem_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body);

#endif
