/* A private Redis for a test: in a temporary directory, on a unix socket only, without
 * persistence. It dies with the test. Every function ends the test program with a sentence on
 * standard error when something goes wrong. One thread. */
#ifndef HUYING_TESTS_KIT_REDIS_H
#define HUYING_TESTS_KIT_REDIS_H

struct kit_redis;

struct kit_redis *kit_redis_start(void);
/* Kills it and removes the directory. Takes the pointer, accepts NULL. Called at exit anyway. */
void kit_redis_stop(struct kit_redis **redis);
/* Borrowed; the same for the whole life, also while the server is down. */
const char *kit_redis_socket(const struct kit_redis *redis);
/* Gone at once, with all it knew; and there again, empty. */
void kit_redis_crash(struct kit_redis *redis);
void kit_redis_restart(struct kit_redis *redis);
/* Hung: it accepts connections (the kernel does) and answers nothing. */
void kit_redis_hang(struct kit_redis *redis);
void kit_redis_wake(struct kit_redis *redis);

#endif
