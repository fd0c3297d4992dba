/* A private PostgreSQL for a test: started in a temporary directory, reachable by a unix socket
 * only, stopped and removed at exit. It dies with the test, also when the test is killed (the
 * kernel sends its SIGQUIT), so nothing is left running. As root it runs as the user `postgres`.
 *
 * Every function ends the test program with a sentence on standard error when something goes
 * wrong: a test without its database cannot go on. One thread. */
#ifndef HUYING_TESTS_KIT_PG_H
#define HUYING_TESTS_KIT_PG_H

#include <libpq-fe.h>
#include <stddef.h>

#define KIT_CONNINFO_SIZE 512

struct kit_pg;

/* `settings`: further settings, "fsync=on max_connections=20", separated by blanks; NULL = none.
 * Without them it is fast and forgetful (fsync off). The database is `huying`, the superuser
 * `postgres`. */
struct kit_pg *kit_pg_start(const char *settings);
/* Stops at once and removes the directory. Takes the pointer, accepts NULL. Called at exit
 * anyway. */
void kit_pg_stop(struct kit_pg **pg);
/* Immediate stop (SIGQUIT: no checkpoint, crash recovery at the next start), and start again. */
void kit_pg_crash(struct kit_pg *pg);
void kit_pg_restart(struct kit_pg *pg);
/* The superuser's session below is closed, and opened again by its next use: after the server
 * threw its sessions out. */
void kit_pg_session_end(struct kit_pg *pg);

/* A standby of `pg`, which must run: copied from it, follows it over its socket, with its settings.
 * Everything here works with it too, as far as a standby can. */
struct kit_pg *kit_pg_replica(struct kit_pg *pg);

/* A server that the test runs by itself, or several: here is only the directory, which goes with
 * the test. kit_pg_reach says where it is, without database and user, and makes the database. */
struct kit_pg *kit_pg_remote(void);
void kit_pg_reach(struct kit_pg *pg, const char *conninfo);

/* "host=… dbname=huying user=ROLE". Borrowed, valid until the next call. */
const char *kit_pg_conninfo(struct kit_pg *pg, const char *role);
const char *kit_pg_dir(const struct kit_pg *pg); /* the temporary directory; the socket is in it */

/* Runs SQL as superuser; results must be PQclear'ed. kit_pg_int returns the first column as a
 * number. */
PGresult *kit_pg_sql(struct kit_pg *pg, const char *sql);
void kit_pg_run(struct kit_pg *pg, const char *sql);
long long kit_pg_int(struct kit_pg *pg, const char *sql);

/* One file by psql, in one transaction, with :"schema" set (NULL = not). */
void kit_pg_file(struct kit_pg *pg, const char *path, const char *schema);
/* Roles (huying_intake … huying_ctl) and the schema `directory`. May be repeated. */
void kit_pg_directory(struct kit_pg *pg);
/* The directory, then the kernel's tables in schema `name`, then services/NAME/schema if it is
 * there. */
void kit_pg_service(struct kit_pg *pg, const char *name);
/* The kernel's tables alone, in any schema: for the kernel's own tests. */
void kit_pg_kernel(struct kit_pg *pg, const char *name);

#endif
