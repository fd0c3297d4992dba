/* Poison (rule 7; services/kernel/store/batch.c, chores.c): message 1 ends the process that applies
 * it, message 2 is innocent. Before each batch a row with its messages is committed by itself; the
 * batch's commit takes it away. A row whose session is gone is counted against its messages, which
 * then run alone; at LIMIT a message is buried. In the end 1 is a dead letter, 2 has had its effect,
 * and no more processes died than LIMIT and those that had begun before it was known.
 *
 * Time is not modelled: that a failed row is counted before the same messages have failed together
 * TOGETHER times is an assumption, and holds by the spans of the sweep (README). */
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
#define TOGETHER 2
#endif

#define ONE 1
#define TWO 2
#define BOTH 3
#define HAS(set, m) ((set) & (m))
/* db: effect, dead letters, failures counted, of messages 1 and 2 (as bits 1 and 2) */
byte done, dead, failed[3];
byte row[2], works[2], deaths, together; /* row: of attempt, of each instance's session */
byte left[4], lefts;                     /* rows whose session is gone, to be counted */
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
    assert(deaths <= LIMIT + 1 + KILLS);
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

inline count()
{
    lefts--;
    if
    :: HAS(left[lefts], ONE) && failed[ONE] < LIMIT -> failed[ONE]++
    :: else
    fi;
    if
    :: HAS(left[lefts], TWO) && failed[TWO] < LIMIT -> failed[TWO]++
    :: else
    fi;
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
    :: atomic { !noted[q] && !SETTLED(ONE) && !HELD(ONE) && lefts < 2 -> d_step { take(q, ONE) } } \
    :: atomic { !noted[q] && !SETTLED(TWO) && !HELD(TWO) && lefts < 2 -> d_step { take(q, TWO) } } \
    :: atomic { !noted[q] && !SETTLED(ONE) && !SETTLED(TWO) && !HELD(BOTH) && MAY_TOGETHER && \
           lefts < 2 -> d_step { take(q, BOTH); together++ } } \
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
