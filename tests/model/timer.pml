/* Timers (rule 8): found without a lock, then the aggregate is locked, the timer is read again and
 * must be the one that was found. Two instances find timers; commands set and clear them; a client
 * may be gone and its transaction commit all the same; the primary may fail over. A timer fires once,
 * only when it is due, and never when it was cleared or replaced; one that stays fires in the end.
 * The first set makes the aggregate's row. A timer that was found before a fail-over took the row
 * away locks nothing, and reads its timer after another has made both again: what it does not know
 * it must not write. */
#ifndef SETS /* timers set one after the other */
#define SETS 3
#endif
#ifndef CLEARS
#define CLEARS 1
#endif
#ifndef FAILOVER
#define FAILOVER 1
#endif
#ifndef CRASH
#define CRASH 1
#endif
#define GENS (SETS + 1)

typedef Base {
    byte gen;       /* of the timer that is set; 0: none */
    byte ver;       /* the aggregate's version: the next generation */
    bit fired[GENS]
}
Base db, twin;
bit ahead, due[GENS]; /* the clock has passed the timer's time */

#define FREE 0
#define OPEN 1
#define WRITTEN 2
#define SURE 3
#define SET 1
#define CLEAR 2
#define FIRE 3
byte state[3], kind[3], hint[3], found[3]; /* hint: found without lock; found: under the lock */
byte known[3]; /* version of the row that was locked; 0: there was none */
byte sets = SETS, clears = CLEARS, failover = FAILOVER, crash = CRASH;
byte k;

inline copy(to, from)
{
    to.gen = from.gen; to.ver = from.ver;
    k = 0;
    do
    :: k < GENS -> to.fired[k] = from.fired[k]; k++
    :: else -> break
    od;
    k = 0
}
inline end(q) { state[q] = FREE; kind[q] = 0; hint[q] = 0; found[q] = 0; known[q] = 0 }

#define HAS(q) (state[q] == OPEN || state[q] == WRITTEN)
#define LOCKS(q) (HAS(q) && (kind[q] != FIRE || known[q]))
#define FREE_LOCK (!LOCKS(0) && !LOCKS(1) && !LOCKS(2))
#ifdef FAULT_FIRES_WITHOUT_LOCK
#define LOCK_FIRE true
#else
#define LOCK_FIRE (FREE_LOCK || !db.ver)
#endif
#ifdef FAULT_SET_WITHOUT_LOCK
#define LOCK_SET true
#else
#define LOCK_SET FREE_LOCK
#endif
#ifdef FAULT_ABSENT_FIRES
#define KNOWN(q) true
#else
#define KNOWN(q) known[q]
#endif
#ifdef FAULT_NOT_READ_AGAIN
#define GOES(q) true
#else
#ifdef FAULT_NO_GENERATION /* some timer of that kind is there */
#define GOES(q) found[q]
#else
#ifdef DUE_ONLY /* any timer of that kind, if it is due by now */
#define GOES(q) (found[q] && due[found[q]])
#else
#define GOES(q) (found[q] && found[q] == hint[q])
#endif
#endif
#endif

inline write(q)
{
    if
    :: kind[q] == SET -> db.ver++; db.gen = db.ver
    :: kind[q] == CLEAR -> db.gen = 0
    :: kind[q] == FIRE && KNOWN(q) && GOES(q) ->
        assert(known[q] == db.ver); /* nobody's effect is written over */
        assert(db.gen);           /* not one that was cleared */
        assert(due[db.gen]);      /* not early, nor one that came in its place */
        assert(!db.fired[db.gen]); /* not twice */
        db.fired[db.gen] = 1;
        db.gen = 0
    :: else
    fi;
    state[q] = WRITTEN;
    ahead = 1
}

inline confirm()
{
    copy(twin, db);
    ahead = 0;
    k = 0;
    do
    :: k < 3 ->
        if
        :: state[k] == WRITTEN -> end(k)
        :: else
        fi;
        k++
    :: else -> break
    od;
    k = 0
}

inline another()
{
    failover--;
    copy(db, twin);
    ahead = 0;
    k = 0;
    do
    :: k < 3 ->
        if
        :: HAS(k) -> end(k)
        :: else
        fi;
        k++
    :: else -> break
    od;
    k = 0
}

inline crashes(q)
{
    crash--;
    if
    :: HAS(q) -> state[2] = state[q]; kind[2] = kind[q]; hint[2] = hint[q];
       found[2] = found[q]; known[2] = known[q]
    :: else
    fi;
    end(q)
}

#define BEGIN(q, what) known[q] = db.ver; found[q] = db.gen; kind[q] = what; state[q] = OPEN
#define INSTANCE(q) \
    :: atomic { state[q] == FREE && !hint[q] && db.gen && due[db.gen] -> hint[q] = db.gen } \
    :: atomic { state[q] == FREE && hint[q] && LOCK_FIRE -> d_step { BEGIN(q, FIRE) } } \
    :: atomic { state[q] == FREE && sets && db.ver < SETS && LOCK_SET -> \
       d_step { sets--; BEGIN(q, SET) } } \
    :: atomic { state[q] == FREE && clears && db.gen && LOCK_SET -> \
       d_step { clears--; BEGIN(q, CLEAR) } } \
    :: atomic { state[q] == OPEN && kind[q] == FIRE && !known[q] && found[q] != db.gen -> \
       found[q] = db.gen } \
    :: atomic { state[q] == OPEN -> d_step { write(q) } } \
    :: atomic { crash && state[2] == FREE && (HAS(q) || hint[q]) -> d_step { crashes(q) } }

active proctype World()
{
    do
    INSTANCE(0)
    INSTANCE(1)
    :: atomic { state[2] == OPEN -> d_step { write(2) } }
    :: atomic { state[2] == OPEN -> d_step { end(2) } }
    :: atomic { ahead -> d_step { confirm() } }
    :: atomic { failover -> d_step { another() } }
    :: atomic { db.gen && !due[db.gen] -> due[db.gen] = 1 }
    :: else -> break
    od;
    assert(!db.gen)
}
