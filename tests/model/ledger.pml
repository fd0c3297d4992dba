/* The ledger's order (rule 14; services/audit/sequence.c): pages come in without a place; whoever
 * gets the head's row (SKIP LOCKED) reads, in a new statement, pages without a place and gives them
 * the next ones, and moves the head in the same transaction. Each place is given once, each page has
 * one, without gaps, and a root that was told stays true over a fail-over. */
#ifndef PAGES
#define PAGES 3
#endif
#ifndef MOST /* pages of one run */
#define MOST 2
#endif
#ifndef FAILOVER
#define FAILOVER 1
#endif
#ifndef CRASH
#define CRASH 1
#endif
#define PS (PAGES + 1)

typedef Base {
    byte size;
    byte page[PS];    /* page at place 1 … size; a place more than there can be shows a fault */
    byte place[PS];   /* of each page; 0: none yet */
    bit there[PS]     /* has come in */
}
Base db, twin;
bit ahead;
byte told, told_page[PS]; /* the largest root that anybody was told, and what it stands for */

#define FREE 0
#define LOOKED 1  /* the statement's snapshot is taken, the head not yet tried: one statement only */
#define HEAD 2    /* has the head's lock */
#define READ 3    /* has read and locked pages */
#define MOVED 4   /* places written and the head not: two transactions only */
#define WRITTEN 5
#define SURE 6
byte state[3], size[3]; /* slot 2: the client is gone */
typedef Pages { bit has[PS] }
Pages read[3];
byte failover = FAILOVER, crash = CRASH;
byte k, n;

inline copy(to, from)
{
    to.size = from.size;
    k = 0;
    do
    :: k < PS ->
        to.page[k] = from.page[k]; to.place[k] = from.place[k]; to.there[k] = from.there[k];
        k++
    :: else -> break
    od;
    k = 0
}
inline end(q)
{
    state[q] = FREE; size[q] = 0;
    k = 0;
    do
    :: k < PS -> read[q].has[k] = 0; k++
    :: else -> break
    od;
    k = 0
}
inline look(q)
{
    k = 1; n = 0;
    do
    :: k <= PAGES && n < MOST ->
        if
        :: db.there[k] && !db.place[k] -> read[q].has[k] = 1; n++
        :: else
        fi;
        k++
    :: else -> break
    od;
    k = 0; n = 0
}
inline check()
{
    k = 1;
    do
    :: k <= told -> assert(k <= db.size && db.page[k] == told_page[k]); k++
    :: else -> break
    od;
    k = 1;
    do
    :: k <= db.size -> assert(db.page[k] && db.place[db.page[k]] == k); k++
    :: else -> break
    od;
    k = 0
}
inline give(q)
{
    n = size[q]; k = 1;
    do
    :: k <= PAGES ->
        if
        :: read[q].has[k] ->
            n++;
            assert(!db.place[k]); /* each page once */
            db.place[k] = n;
            db.page[n] = k
        :: else
        fi;
        k++
    :: else -> break
    od;
    size[q] = n;
    k = 0; n = 0;
    ahead = 1
}
inline move(q)
{
    db.size = size[q];
    state[q] = WRITTEN;
    ahead = 1;
    check()
}
inline tell(q)
{
    k = told + 1;
    do
    :: k <= size[q] -> told_page[k] = db.page[k]; told = k; k++
    :: else -> break
    od;
    k = 0
}
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
    :: state[q] == SURE || state[q] == FREE
    :: else -> end(q)
    fi
}
inline another()
{
    failover--;
    copy(db, twin);
    ahead = 0;
    stop(0); stop(1); end(2);
    check()
}
inline crashes(q)
{
    crash--;
    if
    :: state[q] == SURE
    :: else ->
        state[2] = state[q]; size[2] = size[q];
        k = 0;
        do
        :: k < PS -> read[2].has[k] = read[q].has[k]; k++
        :: else -> break
        od
    fi;
    end(q)
}

#define HAS(q) (state[q] >= HEAD && state[q] <= WRITTEN)
#define HEAD_FREE (!HAS(0) && !HAS(1) && !HAS(2))
#ifdef FAULT_NO_HEAD_LOCK
#define TAKEN false
#else
#define TAKEN (!HEAD_FREE)
#endif
#define UNPLACED(k) (db.there[k] && !db.place[k])
#define WORK (UNPLACED(1) || UNPLACED(2) || (PAGES > 2 && UNPLACED(PAGES)))

/* With SKIP LOCKED a head that is taken is no head: the run ends, having told nothing. */
#ifdef FAULT_ONE_STATEMENT
#define TRIES(q) \
    :: atomic { state[q] == FREE && WORK -> d_step { look(q); state[q] = LOOKED } } \
    :: atomic { state[q] == LOOKED && !TAKEN -> d_step { size[q] = db.size; state[q] = READ } } \
    :: atomic { state[q] == LOOKED && TAKEN -> d_step { end(q) } }
#else
#define TRIES(q) \
    :: atomic { state[q] == FREE && WORK && !TAKEN -> \
       d_step { size[q] = db.size; state[q] = HEAD } } \
    :: atomic { state[q] == HEAD -> d_step { look(q); state[q] = READ } }
#endif
#ifdef FAULT_HEAD_APART
#define GIVES(q) \
    :: atomic { state[q] == READ -> d_step { give(q); state[q] = MOVED } } \
    :: atomic { state[q] == MOVED -> d_step { move(q) } }
#else
#define GIVES(q) :: atomic { state[q] == READ -> d_step { give(q); move(q) } }
#endif
#ifdef FAULT_TOLD_UNCONFIRMED
#define TELLS(q) :: atomic { state[q] == WRITTEN || state[q] == SURE -> d_step { tell(q); end(q) } }
#else
#define TELLS(q) :: atomic { state[q] == SURE -> d_step { tell(q); end(q) } }
#endif
#define INSTANCE(q) TRIES(q) GIVES(q) TELLS(q) \
    :: atomic { crash && state[q] != FREE && state[2] == FREE -> d_step { crashes(q) } }
#define COMES(p) :: atomic { !db.there[p] -> d_step { db.there[p] = 1; ahead = 1 } }

active proctype World()
{
    do
    INSTANCE(0)
    INSTANCE(1)
    GIVES(2)
    :: atomic { state[2] == SURE -> d_step { end(2) } }
    :: atomic { state[2] >= LOOKED && state[2] <= READ -> d_step { end(2) } }
#ifdef FAULT_HEAD_APART
    :: atomic { state[2] == MOVED -> d_step { end(2) } }
#endif
    COMES(1) COMES(2)
#if PAGES > 2
    COMES(3)
#endif
    :: atomic { ahead -> d_step { copy(twin, db); ahead = 0; settle(0); settle(1); settle(2) } }
    :: atomic { failover -> d_step { another() } }
    :: else -> break
    od;
    assert(db.size == PAGES)
}
