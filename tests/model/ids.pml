/* Blocks of ids (rule 9; services/kernel/store/ids.c): a counter in the database is raised, a block is
 * used when that commit is confirmed. Fail-over and restore take the counter back, so when the
 * incarnation has changed it goes on in a region that belongs to the new incarnation alone. No id may
 * ever be drawn twice. A block is one id here. */
#ifndef FAILOVER
#define FAILOVER 1
#endif
#ifndef RESTORE
#define RESTORE 1
#endif
#ifndef ASKS /* blocks that are asked for in all */
#define ASKS 4
#endif
#ifndef CRASH
#define CRASH 1
#endif
#define REGION (ASKS + 1)
#define IDS ((FAILOVER + RESTORE + 1) * REGION + ASKS)
#define NEVER 99

typedef Base { byte next; byte era = NEVER } /* era: the incarnation that the last block was for */
Base db, twin, kept;
byte inc; /* of the site: 0 is its first */
bit ahead, drawn[IDS];

#define FREE 0
#define WRITTEN 1 /* the counter is raised, its row is locked, the commit is not confirmed */
#define SURE 2    /* confirmed; the answer is on its way to the instance */
byte state[3], got[3], clears[3]; /* slot 2: the client is gone */
byte knows[2], block[2], asks = ASKS;
byte failover = FAILOVER, restore = RESTORE, backup = RESTORE, crash = CRASH;

inline end(q) { state[q] = FREE; got[q] = 0; clears[q] = 0 }

inline raise(q)
{
    asks--;
#ifdef FAULT_NO_JUMP
    got[q] = db.next;
#else
#ifdef FAULT_JUMP_FROM_THE_BACKUP /* by a constant, however large */
    got[q] = db.next + (db.era == knows[q] || knows[q] == 0 -> 0 : REGION);
#else
#ifdef FAULT_FIRST_BLOCK_DOES_NOT_JUMP
    got[q] = (db.era == NEVER || db.next > knows[q] * REGION -> db.next : knows[q] * REGION);
#else
    got[q] = (db.next > knows[q] * REGION -> db.next : knows[q] * REGION);
#endif
#endif
#endif
    db.next = got[q] + 1;
    db.era = knows[q];
    clears[q] = knows[q];
    state[q] = WRITTEN;
    ahead = 1
}

/* An answer that was under way when the instance changed the incarnation is thrown away. */
inline take(q)
{
    if
    :: clears[q] == knows[q] -> block[q] = got[q] + 1 /* 0: none */
    :: else
    fi;
    end(q)
}

inline confirm()
{
    twin.next = db.next; twin.era = db.era;
    ahead = 0;
    if
    :: state[0] == WRITTEN -> state[0] = SURE
    :: else
    fi;
    if
    :: state[1] == WRITTEN -> state[1] = SURE
    :: else
    fi;
    if
    :: state[2] == WRITTEN -> end(2)
    :: else
    fi
}

inline another(base)
{
    db.next = base.next; db.era = base.era;
    twin.next = db.next; twin.era = db.era;
    ahead = 0;
    inc++;
    if
    :: state[0] == WRITTEN -> end(0)
    :: else
    fi;
    if
    :: state[1] == WRITTEN -> end(1)
    :: else
    fi;
    end(2)
}

/* Each of the two alone suffices: asking in the present incarnation only, and throwing away what is
 * left of a block when it has changed. */
#ifdef FAULT_OLD_BLOCK_USED
#define ALLOWED(q) true
#define CLEAR(q) skip
#else
#define ALLOWED(q) (knows[q] == inc)
#define CLEAR(q) block[q] = 0
#endif
#define LOCKED (state[0] == WRITTEN || state[1] == WRITTEN || state[2] == WRITTEN)

/* Ids are drawn by batches, which look at the incarnation themselves. */
#define INSTANCE(q) \
    :: atomic { asks && state[q] == FREE && !block[q] && !LOCKED && ALLOWED(q) -> \
       d_step { raise(q) } } \
    :: atomic { state[q] == SURE -> d_step { take(q) } } \
    :: atomic { block[q] && knows[q] == inc -> \
       d_step { assert(!drawn[block[q] - 1]); drawn[block[q] - 1] = 1; block[q] = 0 } } \
    :: atomic { knows[q] != inc -> d_step { knows[q] = inc; CLEAR(q) } } \
    :: atomic { crash && state[q] != FREE && state[2] == FREE -> \
       d_step { crash--; if :: state[q] == WRITTEN -> state[2] = WRITTEN :: else fi; \
       end(q); block[q] = 0 } }

active proctype World()
{
    do
    INSTANCE(0)
    INSTANCE(1)
    :: atomic { ahead -> d_step { confirm() } }
    :: atomic { failover -> d_step { failover--; another(twin) } }
    :: atomic { backup -> d_step { backup--; kept.next = db.next; kept.era = db.era } }
    :: atomic { restore && !backup -> d_step { restore--; another(kept) } }
#ifdef FAULT_BLOCK_UNCONFIRMED
    :: atomic { state[0] == WRITTEN -> d_step { take(0) } }
#endif
    :: else -> break
    od
}
