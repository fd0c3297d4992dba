/* The end of a row (rule 10; services/kernel/store/life.c): an aggregate that is finished shrinks to
 * its numbers, and much later its row is removed with those of its whole period. Copies of old
 * messages may come at any time. After the removal nothing remembers their numbers but the horizon:
 * messages about anything below it become dead letters, and no stub is made. Three transactions: one
 * raises the horizon, one notes an instant after that commit, one deletes when every transaction that
 * began before that instant has ended, since it may have read the old horizon.
 *
 * One aggregate, messages 1 and 2 of one source; no message may have its effect twice. */
#ifndef COPIES /* how often a message that was acknowledged comes again */
#define COPIES 1
#endif
#ifndef GHOST /* clients that are lost while their transaction goes on */
#define GHOST 0
#endif
#ifndef FAILOVER
#define FAILOVER 0
#endif
#define LAST 2

typedef Base {
    bit row;       /* the destination's row is there */
    byte seen;
    bit shrunk;    /* its data has gone */
    bit out[LAST + 1];
    byte effects[LAST + 1];
    bit buried[LAST + 1];
    bit horizon    /* raised above this aggregate */
}
Base db, twin;
bit ahead, net[LAST + 1], ack[LAST + 1];

#define FREE 0
#define BEGUN 1   /* the horizon is read */
#define STUBBED 2 /* the row was there, or a stub is made */
#define LOCKED 3  /* read under the lock */
#define WRITTEN 4
#define SURE 5
byte state[3], msg[3], seen[3]; /* slots 0, 1: lanes; 2: a transaction without a client */
bit raised[3], stub[3], found[3], shrunk[3], old[3]; /* old: began before the instant */
bit buries[3];
byte remover, copies = COPIES, ghost = GHOST, failover = FAILOVER;
byte k;
#define R_NOT 0
#define R_BEGUN 1  /* the transaction that raises it has begun */
#define R_RAISED 2
#define R_SURE 3
#define R_NOTED 4  /* the instant */
#define R_DONE 5
#ifdef FAULT_INSTANT_OF_THE_BEGINNING
#define INSTANT R_BEGUN
#else
#define INSTANT R_NOTED
#endif

inline copy(to, from)
{
    to.row = from.row; to.seen = from.seen; to.shrunk = from.shrunk; to.horizon = from.horizon;
    k = 1;
    do
    :: k <= LAST ->
        to.out[k] = from.out[k]; to.effects[k] = from.effects[k]; to.buried[k] = from.buried[k];
        k++
    :: else -> break
    od;
    k = 0
}
inline end(q)
{
    state[q] = FREE; msg[q] = 0; seen[q] = 0; raised[q] = 0; stub[q] = 0; found[q] = 0;
    shrunk[q] = 0; old[q] = 0; buries[q] = 0
}

#define HAS(q) ((state[q] == LOCKED || state[q] == WRITTEN) && !raised[q])
#define LOCK_FREE (!HAS(0) && !HAS(1) && !HAS(2))
/* A stub that is not committed keeps others from making one; they wait. */
#define STUB(q) (stub[q] && state[q] >= STUBBED && state[q] <= WRITTEN)
#define STUB_FREE (!STUB(0) && !STUB(1) && !STUB(2))

#ifdef FAULT_NO_HORIZON
#define BELOW false
#else
#define BELOW db.horizon
#endif
#ifdef FAULT_NUMBERS_GO_WITH_THE_DATA
#define SHRINK db.row = 0; db.seen = 0
#else
#define SHRINK db.shrunk = 1
#endif

inline write(q)
{
    k = msg[q];
    if
    :: raised[q] -> db.buried[k] = 1
    :: !raised[q] && k == seen[q] + 1 && !shrunk[q] ->
        db.effects[k]++;
        assert(db.effects[k] < 2);
        db.row = 1; db.seen = k
    :: !raised[q] && k == seen[q] + 1 && shrunk[q] -> db.buried[k] = 1
    :: else
    fi;
    if
    :: stub[q] && !db.row -> db.row = 1; db.seen = 0
    :: else
    fi;
    state[q] = WRITTEN;
    ahead = 1
}

#define LANE(q, m) \
    :: atomic { state[q] == FREE && net[m] && (!ack[m] || copies) && \
           (m == 1 || db.seen || ack[1] || BELOW) -> \
       d_step { if :: ack[m] -> copies-- :: else fi; \
       msg[q] = m; raised[q] = BELOW; old[q] = (remover < INSTANT); \
       state[q] = (raised[q] -> LOCKED : BEGUN) } }
#define STEPS(q) \
    :: atomic { state[q] == BEGUN && (db.row || STUB_FREE) -> \
       d_step { stub[q] = !db.row; state[q] = STUBBED } } \
    :: atomic { state[q] == STUBBED && LOCK_FREE -> \
       d_step { found[q] = db.row; seen[q] = (db.row -> db.seen : 0); \
       shrunk[q] = (db.row && db.shrunk); state[q] = LOCKED } } \
    :: atomic { state[q] == LOCKED -> d_step { write(q) } }
#define TELLS(q) \
    :: atomic { state[q] == SURE -> d_step { ack[msg[q]] = 1; end(q) } } \
    :: atomic { ghost && state[2] == FREE && state[q] >= BEGUN && state[q] <= WRITTEN -> \
       d_step { ghost--; state[2] = state[q]; msg[2] = msg[q]; seen[2] = seen[q]; \
       raised[2] = raised[q]; stub[2] = stub[q]; found[2] = found[q]; shrunk[2] = shrunk[q]; \
       old[2] = old[q]; end(q) } }

/* Finished: all that was sent has arrived and is acknowledged. */
#ifdef FAULT_NOT_ACKNOWLEDGED
#define FINISHED (db.row && db.seen == 1)
#else
#define FINISHED (db.row && db.seen == LAST && !db.out[1] && !db.out[2])
#endif
#define RUNS(q) (old[q] && state[q] >= BEGUN && state[q] <= WRITTEN)
#ifdef FAULT_NO_WAITING
#define NOBODY_OLD true
#else
#define NOBODY_OLD (!RUNS(0) && !RUNS(1) && !RUNS(2))
#endif
inline delete() { db.row = 0; db.seen = 0; db.shrunk = 0; remover = R_DONE; ahead = 1 }

inline settle(q)
{
    if
    :: state[q] == WRITTEN -> state[q] = SURE
    :: else
    fi
}
inline stop(q)
{
    if
    :: state[q] != SURE -> end(q)
    :: else
    fi
}

active proctype World()
{
    d_step { db.out[1] = 1; db.out[2] = 1; net[1] = 1; net[2] = 1; copy(twin, db) };
    do
    LANE(0, 1) LANE(0, 2) LANE(1, 1) LANE(1, 2)
    STEPS(0) STEPS(1) STEPS(2) TELLS(0) TELLS(1)
    :: atomic { state[2] == SURE -> d_step { end(2) } }
    :: atomic { state[2] >= BEGUN && state[2] <= LOCKED -> d_step { end(2) } }
    :: atomic { db.out[1] && ack[1] -> d_step { db.out[1] = 0; ahead = 1 } }
    :: atomic { db.out[2] && ack[2] -> d_step { db.out[2] = 0; ahead = 1 } }
    :: atomic { FINISHED && !db.shrunk && LOCK_FREE -> d_step { SHRINK; ahead = 1 } }
#ifdef FAULT_ONE_TRANSACTION
    :: atomic { remover == R_NOT && db.shrunk && FINISHED && LOCK_FREE -> \
       d_step { db.horizon = 1; delete() } }
#else
    :: atomic { remover == R_NOT && db.shrunk && FINISHED -> remover = R_BEGUN }
    :: atomic { remover == R_BEGUN -> d_step { db.horizon = 1; remover = R_RAISED; ahead = 1 } }
    :: atomic { remover == R_SURE -> remover = R_NOTED }
    :: atomic { remover == R_NOTED && db.row && NOBODY_OLD && LOCK_FREE -> d_step { delete() } }
#endif
    :: atomic { ahead -> d_step { copy(twin, db); ahead = 0; settle(0); settle(1); settle(2); \
       if :: remover == R_RAISED -> remover = R_SURE :: else fi } }
    :: atomic { failover -> d_step { failover--; copy(db, twin); ahead = 0; \
       stop(0); stop(1); stop(2); \
       if :: remover != R_DONE || db.row -> remover = (db.horizon -> R_SURE : R_NOT) \
       :: else fi } }
    :: else -> break
    od;
    assert(db.effects[1] == 1 && db.effects[2] == 1 && !db.out[1] && !db.out[2])
}
