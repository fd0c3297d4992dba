/* One HTTP request: what its header asks for and may ask for, its body, its answer. http.c owns the
 * stages and the threads; here is what is said. */
#ifndef HUYING_INTAKE_CALL_H
#define HUYING_INTAKE_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include "services/intake/codec.h"
#include "services/intake/intake.h"
#include "services/intake/problem.h"
#include "services/intake/tokens.h"
#include "services/kernel/base/buf.h"
#include "services/kernel/base/pure_directory.h"
#include "services/kernel/wire/envelope.h"

struct MHD_Connection;
struct http;

enum call_stage { CALL_READING, CALL_ASKED, CALL_ANSWERED };

struct call {
    struct http *http;
    struct MHD_Connection *connection;
    struct call *previous, *next; /* among those asked */
    enum call_stage stage;
    int users; /* the connection, and the loop while it has it */
    int64_t asked_ms;
    bool posts;            /* POST; else GET */
    bool has_token;        /* then only the token's own reports are shown */
    char peer[PEER_SIZE];  /* the token's name, or "http" */
    char key[TICKET_SIZE]; /* Idempotency-Key */
    char name[64];         /* GET: id or case number */
    const char *allow;     /* methods of the path, for 405 */
    size_t received;
    struct buf body, payload; /* as it came; as it goes to the loop */
    struct problem problem;
    uint32_t verdict; /* of the reply; payload and place as well */
    struct buf reply;
    char unit_code[260], level[16];
    int utc_offset_s;
};

#define CALL_HEADERS_MAX 3
struct call_answer {
    unsigned status;
    const char *type;
    size_t header_count;
    struct {
        const char *name;
        char value[128];
    } headers[CALL_HEADERS_MAX];
};

struct call *call_new(struct http *http, struct MHD_Connection *connection, const char *method);
void call_free(struct call *call);
/* Path, method, length, size of the header, type, token, key: sets call->problem. */
void call_check(
        struct call *call, const char *url, const char *method, const struct tokens *tokens);
/* Reads the body into the payload for the loop; false: call->problem says why not. */
bool call_read(struct call *call);
/* Copies what is needed of the loop's reply. In the loop's thread. */
void call_take_reply(
        struct call *call, const struct envelope *reply, const struct directory *directory);
/* "zh" or "en": what the request prefers of the two, else `preset`. */
const char *call_language(const struct call *call, const char *preset);
/* Status, headers and body of the answer. */
void call_answer(
        struct call *call, const char *language, struct call_answer *answer, struct buf *body);

#endif
