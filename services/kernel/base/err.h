/* Operating errors: the second of the three error channels (verdicts are values, bugs are must()).
 * A function that can fail returns enum err, OK is 0, and callers act by class, never by text.
 * The numbers travel in replies (REPLY_FAILED + n): new classes go to the end. */
#ifndef HUYING_BASE_ERR_H
#define HUYING_BASE_ERR_H

#define ERR_TABLE(X)                                                                               \
    X(OK, "ok")                                                                                    \
    X(ERR_AGAIN, "would block; call again when there is something")                                \
    X(ERR_TRANSIENT, "lost connection, time-out, deadlock, full disk: try again, never counted")   \
    X(ERR_CONFLICT, "somebody else was first, or the version is another one")                      \
    X(ERR_MALFORMED, "input that breaks its format; will never be accepted")                       \
    X(ERR_UNKNOWN, "well-formed, but of a type or version not known here")                         \
    X(ERR_NOT_FOUND, "nothing has that name or id")                                                \
    X(ERR_LIMIT, "a named maximum was reached")                                                    \
    X(ERR_DENIED, "the key or the actor has no right to it")                                       \
    X(ERR_FATAL, "configuration or environment: the process cannot work and ends")                 \
    X(ERR_LATE, "its span was over before it was begun: nothing was done, ask again")

enum err {
#define X(name, text) name,
    ERR_TABLE(X)
#undef X
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* The enum's own name, "ERR_LIMIT"; static memory. */
const char *err_name(enum err err);
/* One sentence about the class; static memory. */
const char *err_text(enum err err);

#endif
