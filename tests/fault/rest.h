/* The end of a run: clients and cluster come to rest, and the judge, a program that shares no code
 * with the product, compares what the clients were told with what is there. */
#ifndef HUYING_TESTS_FAULT_REST_H
#define HUYING_TESTS_FAULT_REST_H

/* All that was begun is brought to its end; what then is not right is the judge's to say. */
void rest_reach(void);
/* `mode`: "judge", or "plant" to try the judge itself. `host`: of PostgreSQL, as psql's -h. The
 * judge's exit status, 0 = nothing found. */
int rest_judge(const char *dir, const char *host, const char *mode);

#endif
