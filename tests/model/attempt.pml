/* Poison (rule 7; services/kernel/store/batch.c, chores.c): message 1 ends the process that applies
 * it, message 2 is innocent. Before each batch a row with its messages is committed by itself; the
 * batch's commit takes it away. A row whose session is gone is a failed attempt, counted some time
 * later: its messages are suspects and run alone from then on. Only what failed alone is counted on;
 * at LIMIT a message is buried. In the end 1 is a dead letter, 2 has had its effect, and no more
 * processes died than that takes. How much later is not said: any number of batches may have failed
 * before the first is counted (TOGETHER bounds the search). */
#ifndef LIMIT
#define LIMIT 5
#endif
#ifndef KILLS /* processes killed from outside, at any moment */
#define KILLS 0
#endif
#ifndef UNDO /* batches rolled back without fault of theirs: deadlock, time-out */
#define UNDO 0
#endif
#ifndef TOGETHER
#define TOGETHER 4
#endif
#define LEFT_MAX 5 /* failed and not yet counted; the search lets no more begin than that */

#define ONE 1
#define TWO 2
#define BOTH 3
#define HAS(set, m) ((set) & (m))
/* db: effect, dead letters, failures counted, of messages 1 and 2 (as bits 1 and 2) */
byte done, dead, failed[3];
byte row[2], works[2], deaths, together; /* row: of attempt, of each instance's session */
byte left[LEFT_MAX + 2], lefts;          /* rows whose session is gone, to be counted */
bit noted[2], alone[2];
byte kills = KILLS, undo = UNDO;

#define SETTLED(m) (HAS(done, m) || HAS(dead, m))
#define HELD(m) (HAS(works[0], m) || HAS(works[1], m)) /* the aggregate's lock */
#define POISONED(m) (failed[m] >= LIMIT)

/* Both messages have arrived anywhere as often as one likes until they are acknowledged. */
inline take(q, set)
{
    works[q] = set;
#ifndef FAULT_ATTEMPT_IN_THE_BATCH
    row[q] = set;
#endif
    noted[q] = 1
}

inline gone(q)
{
    if
    :: row[q] -> left[lefts] = row[q]; lefts++
    :: else
    fi;
    row[q] = 0; works[q] = 0; noted[q] = 0
}

inline died(q)
{
#ifndef UNCOUNTED /* for the search for endless runs */
    deaths++;
    assert(deaths <= TOGETHER + LIMIT + LEFT_MAX + KILLS);
#endif
    gone(q)
}

inline settle(m)
{
    if
    :: POISONED(m) -> dead = dead | m
    :: else -> done = done | m
    fi
}

inline apply(q)
{
    if
    :: HAS(works[q], ONE) -> settle(ONE)
    :: else
    fi;
    if
    :: HAS(works[q], TWO) -> settle(TWO)
    :: else
    fi;
    assert(!HAS(done, ONE)); /* it cannot be */
    assert(!HAS(dead, TWO)); /* nothing was wrong with it */
    row[q] = 0; works[q] = 0; noted[q] = 0
}

#ifdef FAULT_SHARED_FAILURES_COUNT
#define COUNTS_ON(set) true
#else
#define COUNTS_ON(set) ((set) != BOTH)
#endif
#define COUNT(m, set) \
    if \
    :: HAS(set, m) && failed[m] < LIMIT && (!failed[m] || COUNTS_ON(set)) -> failed[m]++ \
    :: else \
    fi
inline count()
{
    lefts--;
    COUNT(ONE, left[lefts]);
    COUNT(TWO, left[lefts]);
    left[lefts] = 0
}

/* Suspects are read under the locks, after the row was written: the batch is then split. */
#ifdef FAULT_SUSPECTS_TOGETHER
#define SPLIT false
#define MAY_TOGETHER true
#else
#define SPLIT (failed[ONE] || failed[TWO])
#define MAY_TOGETHER (!SPLIT && together < TOGETHER)
#endif
#define KILLS_PROCESS(q) (HAS(works[q], ONE) && !POISONED(ONE))

#ifdef FAULT_TRANSIENT_COUNTS
#define UNDONE(q) gone(q)
#else
#define UNDONE(q) row[q] = 0; works[q] = 0; noted[q] = 0
#endif

#define INSTANCE(q) \
    :: atomic { !noted[q] && !SETTLED(ONE) && !HELD(ONE) && lefts < LEFT_MAX -> d_step { take(q, ONE) } } \
    :: atomic { !noted[q] && !SETTLED(TWO) && !HELD(TWO) && lefts < LEFT_MAX -> d_step { take(q, TWO) } } \
    :: atomic { !noted[q] && !SETTLED(ONE) && !SETTLED(TWO) && !HELD(BOTH) && MAY_TOGETHER && \
           lefts < LEFT_MAX -> d_step { take(q, BOTH); together++ } } \
    :: atomic { works[q] == BOTH && SPLIT -> d_step { row[q] = 0; works[q] = 0; noted[q] = 0 } } \
    :: atomic { works[q] && !(works[q] == BOTH && SPLIT) && KILLS_PROCESS(q) -> \
       d_step { died(q) } } \
    :: atomic { works[q] && !(works[q] == BOTH && SPLIT) && !KILLS_PROCESS(q) -> \
       d_step { apply(q) } } \
    :: atomic { kills && works[q] -> d_step { kills--; died(q) } } \
    :: atomic { undo && works[q] -> d_step { undo--; UNDONE(q) } }

active proctype World()
{
    do
    INSTANCE(0)
    INSTANCE(1)
    :: atomic { lefts -> d_step { count() } }
    :: else -> break
    od;
    assert(done == TWO && dead == ONE)
}
