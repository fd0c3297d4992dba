/* What the parts of the conformance suite share: the service under test, its site, the keys, and
 * the list of tests. conformance.c has the services' table and main, conformance_life.c what a
 * process does when engines come and go, conformance_refuse.c what it does with requests and
 * messages, conformance_clock.c what the clock does to deadlines, conformance_faults.c the fault
 * points under which all of it runs in trees that have them. */
#ifndef HUYING_TESTS_CLUSTER_CONFORMANCE_H
#define HUYING_TESTS_CLUSTER_CONFORMANCE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>

#include "services/kernel/base/pure_decision.h"
#include "services/kernel/base/pure_id.h"
#include "tests/cluster/asker.h"
#include "tests/kit/cluster.h"

#define REASONABLE_MS 10000
#define ASK_AGAIN_MS 700
#define ASK_SOON_MS 200
#define DRAIN_MS 6000
#define TYPE_NOBODYS 9999
#define HISTORY 9001
#define REPLAY 9501
#define LOOK 9504
#define NEW_FIELD "\xa0\x06\x01" /* field 100, varint 1: from a version to come */

/* A service: which message it hears from whom (`payload` is a good one that needs nothing before
 * it), in which row its effect shows, and a command and a query of its own. */
struct subject {
    const char *name;
    enum service_id id, source;
    uint32_t event;
    const char *payload;
    size_t payload_size;
    const char *row; /* table of its aggregate */
    uint32_t command, query;
    bool counts; /* has counters in Redis */
};

extern const struct subject *subject;
extern struct kit_site site;
extern struct kit_process process;
/* On the list: `peer` as the subject's source, `tool` with all rights, `clerk` without operate,
 * `weak` with none that counts. Not on it: `stranger`. */
extern struct keypair own, peer, tool, weak, clerk, stranger;

int64_t id_next(void);
size_t varint(uint8_t *to, uint64_t value);
/* Starts the process and waits until it is ready. */
void ready(void);
/* The last number whose effect is committed, of the source's stream about `id`; -1: there is no
 * row. */
int64_t seen(int64_t id);
int64_t letters(int64_t id);
/* A good message about `id`, number 1. */
struct envelope message(int64_t id);
/* Asks for the history of nothing: the shortest way through bus, loop and database. */
void query(struct asker *asker, uint32_t type, int64_t within_ms, struct answer *ret);
/* A query is asked again until it is answered, as clients do: a broker that is killed takes with it
 * what it was forwarding. */
void answers(struct asker *asker);
/* Asks the subject again while the answer is that it may be tried again. */
void ask(struct asker *asker,
        enum frame_kind kind,
        const struct envelope *envelope,
        struct answer *ret);
/* True when the process under test has logged a line with that part, e.g. "WARN  PG-AWAY". */
bool told(const char *part);

/* Fault points. In a tree without them these do nothing, and faults_fired is 0. */

/* For the next test: all are on that a run can bear, in another order than for the last one. */
void faults_on(void);
/* … but these, "point=0,point=0": before the process is started. */
void faults_but(const char *points);
/* Times that one has fired in the process under test. */
int64_t faults_fired(const char *point);
/* Adds what the process has fired to the sum. */
void faults_sum(void);
/* Says what has fired; false when one that should have has not. */
bool faults_shown(void);

#define CONFORMANCE_TABLE(X)                                                                       \
    X(starts_with_nothing_there_and_becomes_ready_when_all_came)                                   \
    X(loses_postgres_and_goes_on_when_it_is_back)                                                  \
    X(loses_brokers_and_goes_on_with_the_next)                                                     \
    X(loses_redis_and_does_not_mind)                                                               \
    X(killed_between_messages_it_takes_up_where_it_was)                                            \
    X(drains_on_sigterm)                                                                           \
    X(unknown_requests_are_refused_with_a_text)                                                    \
    X(malformed_requests_are_refused_with_a_text)                                                  \
    X(frames_that_are_no_batches_are_dropped_and_survived)                                         \
    X(unknown_key_is_kept_out)                                                                     \
    X(process_with_a_wrong_key_is_never_ready)                                                     \
    X(client_without_curve_is_kept_out)                                                            \
    X(key_without_the_right_is_refused)                                                            \
    X(message_of_a_later_version_is_applied)                                                       \
    X(message_of_another_incarnation_changes_nothing)                                              \
    X(message_that_cannot_be_applied_is_kept)                                                      \
    X(polygon_that_is_not_valid_is_told)                                                           \
    X(reload_with_a_mistake_keeps_the_old_configuration)                                           \
    X(configuration_with_a_mistake_is_refused_by_name)                                             \
    X(what_keeps_it_from_starting_is_named)                                                        \
    X(database_that_is_not_durable_is_not_used)                                                    \
    X(fail_over_that_may_lose_is_warned_of)                                                        \
    X(clock_that_jumps_escalates_nobody)                                                           \
    X(restarted_process_goes_by_the_clock_that_was_trusted)

#define X(test) void test(void **state);
CONFORMANCE_TABLE(X)
#undef X

#endif
