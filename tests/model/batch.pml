/* A batch of several messages about two aggregates (rules 2, 3, 4, 5; services/kernel/store/batch.c,
 * run/lanes.c): rows are locked in the order of their ids; who waits too long for a row rolls back and
 * runs again without the messages whose rows somebody else holds; those come again by themselves.
 * Messages are judged in the order of aggregate and number, what waits is drained along. The
 * acknowledgement of a frame goes when each of its messages has its end.
 *
 * Two lanes, a transaction without a client, a standby. All messages are on the wire from the start;
 * about each aggregate there are NUMBERS of them. No message may have its effect twice or before the
 * one below it; what was acknowledged has its effect or waits, on the standby too. */
#ifndef NUMBERS
#define NUMBERS 2
#endif
#ifndef BLOCKED /* waits for a lock that are given up */
#define BLOCKED 1
#endif
#ifndef CRASH
#define CRASH 0
#endif
#ifndef SHOWN
#define SHOWN 0
#endif
#ifndef FAILOVER
#define FAILOVER 0
#endif
#define M (2 * NUMBERS)
#define MS (M + 1)
#define ABOUT(m) (((m) - 1) / NUMBERS)
#define NUMBER(m) (((m) - 1) % NUMBERS + 1)
#define MESSAGE(a, n) ((a) * NUMBERS + (n))
#define BIT(m) (1 << (m))

typedef Base { byte seen[2]; byte effects[2]; byte wait } /* wait: a set of messages */
Base db, twin;
bit ahead;
byte acked; /* a set */

#define FREE 0
#define FIRST 1   /* wants the first row */
#define SECOND 2  /* … the second */
#define DECIDE 3
#define WRITTEN 4
#define SURE 5
#define AGAIN 6   /* rolled back, or with messages left: runs again */
byte state[3], todo[3], done[3], left[3], sweeps[3]; /* sets; sweeps: aggregates to be drained */
byte has[3], passed[3];                              /* sets of aggregates: locked, passed over */
byte seen0[3], seen1[3];                             /* as read */
bit skips[3];
byte blocked = BLOCKED, crash = CRASH, shown = SHOWN, failover = FAILOVER;
byte a, n, s, m, w;

#define ABOUT0(set) ((set) & ((1 << (NUMBERS + 1)) - 2))
#define ABOUT1(set) ((set) & ~((1 << (NUMBERS + 1)) - 1))
#define WANTS(q, A) ((A == 0 -> ABOUT0(todo[q]) : ABOUT1(todo[q])) || (sweeps[q] & (1 << A)))
#define HOLDS(q, A) ((has[q] & (1 << A)) && state[q] < SURE)
#define LOCK_FREE(A) (!HOLDS(0, A) && !HOLDS(1, A) && !HOLDS(2, A))

inline check() { assert((ABOUT0(acked) & ~twin.wait) < (2 << twin.seen[0])); \
    assert((ABOUT1(acked) & ~twin.wait) < (2 << (NUMBERS + twin.seen[1]))) }

inline clear(q)
{
    has[q] = 0; passed[q] = 0; seen0[q] = 0; seen1[q] = 0; left[q] = 0
}
inline end(q)
{
    clear(q);
    state[q] = FREE; todo[q] = 0; done[q] = 0; skips[q] = 0; sweeps[q] = 0
}

#define READ(q, A) if :: A == 0 -> seen0[q] = db.seen[0] :: else -> seen1[q] = db.seen[1] fi
#ifdef FAULT_READ_BEFORE_LOCK
#define READ_EARLY(q) seen0[q] = db.seen[0]; seen1[q] = db.seen[1]
#define READ_LOCKED(q, A) skip
#else
#define READ_EARLY(q) skip
#define READ_LOCKED(q, A) READ(q, A)
#endif

inline apply(x)
{
    assert(db.effects[a] == NUMBER(x) - 1);
    db.effects[a] = NUMBER(x);
    s = NUMBER(x);
    db.wait = db.wait & ~BIT(x)
}
inline drain()
{
    do
    :: s < NUMBERS && (db.wait & BIT(MESSAGE(a, s + 1))) -> w = MESSAGE(a, s + 1); apply(w)
    :: else -> break
    od;
    w = 0
}

/* One aggregate's messages in the order of their numbers. */
inline judge(q, A)
{
    a = A;
    s = (a == 0 -> seen0[q] : seen1[q]);
    n = 1;
    do
    :: n <= NUMBERS ->
        m = MESSAGE(a, n);
        if
        :: (todo[q] & BIT(m)) && n > s + 1 -> drain()
        :: else
        fi;
        if
        :: !(todo[q] & BIT(m)) || n <= s
        :: (todo[q] & BIT(m)) && n == s + 1 -> apply(m)
        :: (todo[q] & BIT(m)) && n > s + 1 -> db.wait = db.wait | BIT(m)
        fi;
        n++
    :: else -> break
    od;
    drain();
    db.seen[a] = s;
    a = 0; s = 0; n = 0; m = 0
}

#ifdef FAULT_PASSED_OVER_IS_ABSENT /* what SKIP LOCKED did not find is taken to be a stub */
#define DECIDES(q, A) WANTS(q, A)
#define LEFT(q) 0
#else
#define DECIDES(q, A) (has[q] & (1 << A))
#define LEFT(q) (((passed[q] & 1) -> ABOUT0(todo[q]) : 0) | ((passed[q] & 2) -> ABOUT1(todo[q]) : 0))
#endif

inline decide(q)
{
    left[q] = LEFT(q);
    if
    :: DECIDES(q, 0) -> judge(q, 0)
    :: else
    fi;
    if
    :: DECIDES(q, 1) -> judge(q, 1)
    :: else
    fi;
    state[q] = WRITTEN;
    ahead = 1
}

/* After the commit: what was left runs again; the frame is acknowledged when nothing is left. */
inline tell(q)
{
#ifdef FAULT_LEFT_IS_TOLD
    done[q] = done[q] | todo[q];
    left[q] = 0;
#else
    done[q] = done[q] | (todo[q] & ~left[q]);
#endif
    if
    :: left[q] -> todo[q] = left[q]; clear(q); sweeps[q] = 0; skips[q] = 0; state[q] = AGAIN
    :: else -> acked = acked | done[q]; end(q)
    fi;
    check()
}

#if NUMBERS > 1
#define TAKES_MORE(q) \
       if :: todo[q] = todo[q] | BIT(3) :: true fi; \
       if :: todo[q] = todo[q] | BIT(4) :: true fi;
#else
#define TAKES_MORE(q)
#endif
#define TAKES(q) \
    :: atomic { state[q] == FREE && acked != ALL -> \
       todo[q] = 0; \
       if :: todo[q] = BIT(1) :: true fi; \
       if :: todo[q] = todo[q] | BIT(2) :: true fi; \
       TAKES_MORE(q) \
       todo[q] = todo[q] & ~acked; \
       if :: todo[q] -> READ_EARLY(q); state[q] = FIRST :: else fi } \
    :: atomic { state[q] == FREE && DUE(0) -> sweeps[q] = 1; READ_EARLY(q); state[q] = FIRST } \
    :: atomic { state[q] == FREE && DUE(1) -> sweeps[q] = 2; READ_EARLY(q); state[q] = FIRST }
#define ALL ((1 << MS) - 2)
#define DUE(A) (db.seen[A] < NUMBERS && (db.wait & BIT(MESSAGE(A, db.seen[A] + 1))))

#define LOCKS(q, A, at, next) \
    :: atomic { state[q] == at && !WANTS(q, A) -> state[q] = next } \
    :: atomic { state[q] == at && WANTS(q, A) && LOCK_FREE(A) -> \
       d_step { has[q] = has[q] | (1 << A); READ_LOCKED(q, A); state[q] = next } } \
    :: atomic { state[q] == at && WANTS(q, A) && !LOCK_FREE(A) && skips[q] -> \
       passed[q] = passed[q] | (1 << A); state[q] = next } \
    :: atomic { state[q] == at && WANTS(q, A) && !LOCK_FREE(A) && !skips[q] && blocked && q < 2 -> \
       d_step { blocked--; clear(q); skips[q] = 1; state[q] = AGAIN } }

#ifdef FAULT_NO_MARK /* a batch that found nothing to write tells without a commit of its own */
#define WAITS(q) (has[q] || WRITES(q))
#define WRITES(q) false
#define UNMARKED(q) \
    :: atomic { state[q] == WRITTEN && todo[q] && NOTHING_NEW(q) -> d_step { tell(q) } }
#define NOTHING_NEW(q) ((!ABOUT0(todo[q]) || ABOUT0(todo[q]) < (2 << seen0[q])) && \
    (!ABOUT1(todo[q]) || ABOUT1(todo[q]) < (2 << (NUMBERS + seen1[q]))))
#else
#define UNMARKED(q)
#endif

#define LANE(q) TAKES(q) LOCKS(q, 0, FIRST, SECOND) LOCKS(q, 1, SECOND, DECIDE) UNMARKED(q) \
    :: atomic { state[q] == DECIDE -> d_step { decide(q) } } \
    :: atomic { state[q] == SURE -> d_step { tell(q) } } \
    :: atomic { state[q] == AGAIN -> READ_EARLY(q); state[q] = FIRST } \
    :: atomic { crash && state[2] == FREE && state[q] != FREE -> d_step { crashes(q) } }

inline crashes(q)
{
    crash--;
    if
    :: state[q] <= WRITTEN ->
        state[2] = state[q]; todo[2] = todo[q]; has[2] = has[q]; passed[2] = passed[q];
        seen0[2] = seen0[q]; seen1[2] = seen1[q]; skips[2] = skips[q]; sweeps[2] = sweeps[q]
    :: else
    fi;
    end(q)
}
inline settle(q)
{
    if
    :: state[q] == WRITTEN -> state[q] = SURE; has[q] = 0
    :: else
    fi
}
inline stop(q)
{
    if
    :: state[q] >= FIRST && state[q] <= WRITTEN -> end(q)
    :: else
    fi
}
inline copy(to, from)
{
    to.seen[0] = from.seen[0]; to.seen[1] = from.seen[1]; to.wait = from.wait;
    to.effects[0] = from.effects[0]; to.effects[1] = from.effects[1]
}

active proctype World()
{
    do
    LANE(0)
    LANE(1)
    LOCKS(2, 0, FIRST, SECOND) LOCKS(2, 1, SECOND, DECIDE)
    :: atomic { state[2] == DECIDE -> d_step { decide(2) } }
    :: atomic { state[2] >= FIRST && state[2] <= DECIDE -> d_step { end(2) } }
    :: atomic { state[2] == WRITTEN && shown -> d_step { shown--; end(2) } }
    :: atomic { state[2] == SURE -> d_step { end(2) } }
    :: atomic { ahead -> d_step { copy(twin, db); ahead = 0; settle(0); settle(1); settle(2) } }
    :: atomic { failover -> d_step { failover--; copy(db, twin); ahead = 0; \
       stop(0); stop(1); stop(2); check() } }
    :: else -> break
    od;
    assert(db.seen[0] == NUMBERS && db.seen[1] == NUMBERS && !db.wait && acked == ALL)
}
