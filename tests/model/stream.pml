/* One source, one destination, messages about AGGS aggregates: numbering, publishing, receiving,
 * waiting, acknowledging, sweeps, dead letters, and the database under them, which may fail over or
 * be restored. Rules 1, 2, 4-7, 9. README.md says what stands for what and which -D is which fault.
 *
 * Everything is one process: each step of an instance, of a transaction without a client, of the
 * network, of PostgreSQL or of an operator is one atomic option of one loop. So a crash may come
 * between any two steps. Faults of the world have budgets; all other options go forward. When none
 * is left, everything must have arrived (`settled`); that there is no endless run is checked apart,
 * by a search for cycles. */
#ifndef M
#define M 2 /* messages */
#endif
#ifndef AGGS
#define AGGS 1
#endif
#ifndef CRASH /* instances killed, connections lost */
#define CRASH 0
#endif
#ifndef GHOSTS /* transactions without a client at a time: 1 or 2 */
#define GHOSTS 1
#endif
#ifndef LOSS /* messages or acknowledgements lost */
#define LOSS 0
#endif
#ifndef UNDO /* transactions rolled back: deadlock, time-out */
#define UNDO 0
#endif
#ifndef TWICE /* acknowledged messages that come again */
#define TWICE 0
#endif
#ifndef SHOWN /* commits that become visible without confirmation: the primary restarted */
#define SHOWN 0
#endif
#ifndef FAILOVER
#define FAILOVER 0
#endif
#ifndef RESTORE
#define RESTORE 0
#endif
#ifndef LAGS /* instances of each side that may be late to notice a new incarnation */
#define LAGS 2
#endif
#ifndef POISON /* messages that cannot be applied */
#define POISON 0
#endif
#ifndef STALE /* an operator's act that was decided on an old view */
#define STALE 0
#endif
#ifndef STRANGER /* acknowledgements by a service to which the message was not sent */
#define STRANGER 0
#endif
#ifndef WINDOW /* how far above a number that is sent again others may be sent again; 0: no bound */
#define WINDOW 0
#endif
#define MS (M + 1)
#define PLACE(a, n) ((a) * MS + (n))
#define ERA (FAILOVER + RESTORE > 0)

typedef Base {
    byte sent[AGGS];        /* source: the last number given */
    byte log[AGGS * MS];    /* source: which message got the number */
    bit out[MS];            /* source: the outbox */
    bit tries[MS];          /* source: sent again at least once */
    bit have[AGGS];         /* destination: the row is there */
    byte seen[AGGS];        /* destination: the last number whose effect is committed */
    byte count[AGGS];       /* destination: how many effects there were, and of which messages */
    byte done[AGGS * MS];
    bit wait[MS];
    bit dead[MS];
    byte inc                /* the site's incarnation */
}
Base now, twin, kept; /* primary, synchronous standby, backup */
bit ahead;            /* the primary has what the standby has not */

byte about[MS], number[MS]; /* of each message, once it is made */
bit bad[MS];                /* it cannot be applied, as things are */
byte made;
byte net[MS], ack[MS];      /* under way: a bit for each incarnation that it is named with */
bit strange[MS];            /* acknowledged by a stranger */

#define FREE 0
#define OPEN 1    /* row locked and read, nothing written */
#define WRITTEN 2 /* COMMIT is on the primary's disk and not confirmed: locks are held */
#define SURE 3    /* confirmed, locks released; the instance has not told anybody */
#define NONE 0
#define SEND 1
#define SWEEP 2
#define DUE 3
#define EARLY 4
#define BURY 5
#define AGAIN 6
#define REPLAY 7
#define SKIP 8
#define PLACED 9
/* Slots 0 and 1 are the transactions of two instances, 2 and 3 have lost their client. */
byte s_state[4], s_kind[4], s_msg[4], s_n[4], s_inc[4];
byte r_state[4], r_kind[4], r_msg[4], r_inc[4];
bit r_more[4];
byte s_knows[2], r_knows[2]; /* the incarnation that an instance attached to */

byte crash = CRASH, loss = LOSS, undo = UNDO, twice = TWICE, shown = SHOWN, failover = FAILOVER;
byte restore = RESTORE, backup = RESTORE, poison = POISON, stale = STALE, stranger = STRANGER;
byte warning = 1;
byte asked, asked_kind; /* what an operator wants, decided on what he saw then */
byte a, k, m, x;        /* scratch, 0 between steps */

#define TAG(era) (1 << (era))

#include "stream.inc"

/* ---- locks ---- */

#define S_HAS(q, A) ((s_state[q] == OPEN || s_state[q] == WRITTEN) && s_kind[q] == SEND && \
    about[s_msg[q]] == A)
#define R_HAS(q, A) ((r_state[q] == OPEN || r_state[q] == WRITTEN) && about[r_msg[q]] == A)
#define S_ANY(A) (S_HAS(0, A) || S_HAS(1, A) || S_HAS(2, A) || S_HAS(3, A))
#define R_ANY(A) (R_HAS(0, A) || R_HAS(1, A) || R_HAS(2, A) || R_HAS(3, A))
#ifdef FAULT_NUMBER_UNLOCKED
#define S_LOCK(A) true
#else
#define S_LOCK(A) !S_ANY(A)
#endif
#ifdef FAULT_SEEN_UNLOCKED
#define R_LOCK(A) true
#else
#ifdef FAULT_STUB_SAME_STATEMENT /* one statement does not see the row that it makes */
#define R_LOCK(A) (!now.have[A] || !R_ANY(A))
#else
#define R_LOCK(A) !R_ANY(A)
#endif
#endif

/* ---- telling ---- */

#ifdef NO_GHOST
#define CONFIRMED(era, what) skip
#else
/* What was confirmed under an incarnation that is over may have been undone by a restore. */
#define CONFIRMED(era, what) assert((era) != now.inc || (what))
#endif
#define SETTLED_IN(base, X) (base.seen[about[X]] >= number[X] || base.wait[X] || base.dead[X])

/* A message and an acknowledgement are named with the incarnation of the commit they rest on. */
#ifdef FAULT_MESSAGE_NAMED_LATE
#define S_NAME(q) s_knows[q]
#else
#define S_NAME(q) s_inc[q]
#endif
#ifdef FAULT_ACK_NAMED_LATE
#define R_NAME(q) r_knows[q]
#else
#define R_NAME(q) r_inc[q]
#endif

inline publish(q)
{
    CONFIRMED(s_inc[q], twin.log[PLACE(about[s_msg[q]], number[s_msg[q]])] == s_msg[q]);
    net[s_msg[q]] = net[s_msg[q]] | TAG(S_NAME(q));
#ifdef FAULT_DELETE_AT_PUBLISH
    now.out[s_msg[q]] = 0;
    ahead = 1;
#endif
}

inline acknowledge(q)
{
    CONFIRMED(r_inc[q], SETTLED_IN(twin, r_msg[q]));
    ack[r_msg[q]] = ack[r_msg[q]] | TAG(R_NAME(q))
}

/* ---- the source ---- */

inline s_begin(q, A)
{
    made++;
    about[made] = A;
    s_n[q] = now.sent[A] + 1;
    number[made] = s_n[q];
    s_msg[q] = made;
    s_kind[q] = SEND;
    s_inc[q] = s_knows[q];
    s_state[q] = OPEN;
#ifdef FAULT_PUBLISH_EARLY
    net[made] = TAG(s_knows[q]);
#endif
}

inline s_write(q)
{
    m = s_msg[q];
    a = about[m];
    assert(!now.log[PLACE(a, s_n[q])]); /* no number twice */
    assert(s_n[q] == now.sent[a] + 1);  /* and none left out */
    now.log[PLACE(a, s_n[q])] = m;
    now.sent[a] = s_n[q];
    now.out[m] = 1;
    s_state[q] = WRITTEN;
    ahead = 1;
    m = 0; a = 0;
    check()
}

#if WINDOW > 0
#ifdef FAULT_WINDOW_STAYS /* although what was sent again has arrived */
#define STILL_OUT(Y) true
#else
#define STILL_OUT(Y) now.out[Y]
#endif
#define BELOW(X, Y) (Y <= made && Y != X && about[Y] == about[X] && STILL_OUT(Y) && \
    now.tries[Y] && number[Y] + WINDOW <= number[X])
#if M > 2
#define IN_WINDOW(X) (!BELOW(X, 1) && !BELOW(X, 2) && !BELOW(X, 3))
#else
#define IN_WINDOW(X) (!BELOW(X, 1) && !BELOW(X, 2))
#endif
#else
#define IN_WINDOW(X) true
#endif

/* The sweep's connection does not look at the incarnation: what it names wrongly is refused. */
#define CLAIMS(q, X) \
    :: atomic { s_state[q] == FREE && X <= made && now.out[X] && \
           !(net[X] & TAG(s_knows[q])) && IN_WINDOW(X) -> \
       d_step { s_msg[q] = X; s_kind[q] = SWEEP; s_inc[q] = s_knows[q]; CLAIM(q, X) } }
#ifdef FAULT_SWEEP_BEFORE_COMMIT
#define CLAIM(q, X) publish(q); s_end(q)
#else
#define CLAIM(q, X) s_state[q] = WRITTEN; now.tries[X] = (WINDOW > 0); ahead = 1
#endif

#ifdef FAULT_ACK_ANY_INCARNATION
#define ACKED(q, X) ack[X]
#else
#define ACKED(q, X) (ack[X] & TAG(s_knows[q]) && s_knows[q] == now.inc)
#endif
#ifdef FAULT_ACK_FROM_ANYBODY
#define TAKEN(q, X) (ACKED(q, X) || strange[X])
#else
#define TAKEN(q, X) ACKED(q, X)
#endif
#define DELETES_0(X) DELETES(0, X)
#define DELETES_1(X) DELETES(1, X)
#define DELETES(q, X) \
    :: atomic { X <= made && now.out[X] && TAKEN(q, X) -> \
       d_step { now.out[X] = 0; ahead = 1; check() } }

#define BEGINS(q, A) \
    :: atomic { s_state[q] == FREE && made < M && s_knows[q] == now.inc && S_LOCK(A) -> \
       d_step { s_begin(q, A) }; \
       if :: poison > 0 -> poison--; bad[made] = 1 :: true fi }
#define WRITES(q) :: atomic { s_state[q] == OPEN -> d_step { s_write(q) } }
#define UNDOES(q) :: atomic { s_state[q] == OPEN && undo -> d_step { undo--; s_end(q) } }
#define PUBLISHES(q) :: atomic { s_state[q] == SURE -> d_step { publish(q); s_end(q) } }
#define S_ATTACHES(q) :: atomic { s_knows[q] != now.inc -> s_knows[q] = now.inc }

/* ---- the destination ---- */

inline apply(X)
{
    now.count[a]++;
    now.done[PLACE(a, now.count[a])] = X;
    now.wait[X] = 0
}

/* What is due of what waits, in order; what cannot be applied becomes a dead letter. */
inline drain()
{
    k = 1;
    do
    :: k <= made ->
        if
        :: now.wait[k] && about[k] == a && number[k] == now.seen[a] + 1 + x ->
            if
            :: bad[k] -> now.dead[k] = 1; now.wait[k] = 0
            :: else ->
                apply(k);
#ifdef FAULT_WAITING_WITHOUT_SEEN
                x++;
#else
                now.seen[a] = number[k];
#endif
                k = 1
            fi
        :: else -> k++
        fi
    :: else -> break
    od;
    k = 0; x = 0
}

inline r_write(q)
{
    m = r_msg[q];
    a = about[m];
    if
    :: r_kind[q] == DUE || r_kind[q] == REPLAY || r_kind[q] == SKIP ->
        apply(m);
        now.dead[m] = 0;
        if :: r_kind[q] == REPLAY -> bad[m] = 0 :: else fi;
#ifndef FAULT_SEEN_APART
        now.seen[a] = number[m];
        if :: r_more[q] -> drain() :: else fi;
#endif
        now.have[a] = 1
    :: r_kind[q] == PLACED -> now.seen[a] = number[m]
    :: r_kind[q] == EARLY ->
#ifndef FAULT_WAITING_IN_MEMORY
        now.wait[m] = 1;
#endif
        now.have[a] = 1
    :: r_kind[q] == BURY -> now.dead[m] = 1; now.wait[m] = 0; now.have[a] = 1
    :: else
    fi;
    r_state[q] = WRITTEN;
    ahead = 1;
    m = 0; a = 0;
    check()
}

#define NEXT(X) (number[X] == now.seen[about[X]] + 1)
#define LATE(X) (number[X] <= now.seen[about[X]])
#ifdef FAULT_MESSAGE_ANY_INCARNATION
#define NAMED(q, X) net[X]
#else
#define NAMED(q, X) (net[X] & TAG(r_knows[q]) && r_knows[q] == now.inc)
#endif
#define FRESH(q, X) !(ack[X] & TAG(r_knows[q]))

inline r_begin(q, X, kind)
{
    r_msg[q] = X;
    r_kind[q] = kind;
    r_inc[q] = r_knows[q];
    r_state[q] = OPEN;
#ifdef FAULT_ACK_EARLY
    ack[X] = ack[X] | TAG(r_knows[q]);
#endif
}

#define JUDGED(X) (LATE(X) || now.dead[X] -> AGAIN : (NEXT(X) -> (bad[X] -> BURY : DUE) : \
    (now.wait[X] -> AGAIN : EARLY)))
#ifdef FAULT_DUPLICATE_UNCOMMITTED
#define TELL_AGAIN(q) if :: r_kind[q] == AGAIN -> acknowledge(q); r_end(q) :: else fi
#else
#define TELL_AGAIN(q) skip
#endif

/* Draining along stops at any limit; what is malformed may be seen to be so before its turn. */
inline r_judge(q, X)
{
    d_step { r_begin(q, X, AGAIN); r_kind[q] = JUDGED(X); TELL_AGAIN(q) };
    if
    :: r_kind[q] == DUE -> r_more[q] = 1
    :: r_kind[q] == EARLY && bad[X] -> r_kind[q] = BURY
    :: true
    fi
}

#define RECEIVES(q, X) \
    :: atomic { r_state[q] == FREE && X <= made && NAMED(q, X) && (FRESH(q, X) || twice) && \
           R_LOCK(about[X]) -> \
       if :: FRESH(q, X) :: else -> twice-- fi; \
       r_judge(q, X) } \
    :: atomic { r_state[q] == FREE && X <= made && now.wait[X] && NEXT(X) && \
           R_LOCK(about[X]) && r_knows[q] == now.inc -> r_judge(q, X) }
#define R_WRITES(q) :: atomic { r_state[q] == OPEN -> d_step { r_write(q) } }
#define R_UNDOES(q) :: atomic { r_state[q] == OPEN && undo -> d_step { undo--; r_end(q) } }
/* A replay or a skip answers a person, and acknowledges nothing. */
#ifdef FAULT_SEEN_APART
#define R_TELLS(q) \
    :: atomic { r_state[q] == SURE && r_kind[q] == DUE && r_inc[q] == now.inc -> \
       d_step { r_kind[q] = PLACED; r_state[q] = OPEN } } \
    :: atomic { r_state[q] == SURE && r_kind[q] != DUE -> d_step { acknowledge(q); r_end(q) } }
#else
#define R_TELLS(q) \
    :: atomic { r_state[q] == SURE -> \
       d_step { if :: r_kind[q] < REPLAY && net[r_msg[q]] -> acknowledge(q) :: else fi; r_end(q) } }
#endif
#define R_ATTACHES(q) :: atomic { r_knows[q] != now.inc -> r_knows[q] = now.inc }

/* ---- the operator: replays or skips a dead letter ---- */

#define MAY(X) (now.dead[X] && NEXT(X))
#ifdef FAULT_ACT_UNREAD /* acts on what was seen before the lock */
#define MAY_ASKED(X) true
#else
#ifdef FAULT_REPLAY_NOT_NEXT
#define MAY_ASKED(X) (MAY(X) || (now.dead[X] && asked_kind == REPLAY))
#else
#ifdef FAULT_SKIP_NOT_NEXT
#define MAY_ASKED(X) (MAY(X) || (now.dead[X] && asked_kind == SKIP))
#else
#define MAY_ASKED(X) MAY(X)
#endif
#endif
#endif
inline act(q, X, kind) { r_begin(q, X, kind); r_more[q] = 1 }
#define ACTS(X) \
    :: atomic { r_state[1] == FREE && X <= made && MAY(X) && R_LOCK(about[X]) && \
           r_knows[1] == now.inc -> \
       if :: act(1, X, REPLAY) :: act(1, X, SKIP) fi } \
    :: atomic { stale && !asked && X <= made && now.dead[X] -> \
       stale--; asked = X; if :: asked_kind = REPLAY :: asked_kind = SKIP fi }
#define ACTS_LATE \
    :: atomic { r_state[1] == FREE && asked && R_LOCK(about[asked]) && r_knows[1] == now.inc -> \
       d_step { if :: MAY_ASKED(asked) -> act(1, asked, asked_kind) :: else fi; \
       asked = 0; asked_kind = 0 } }

/* ---- crashes; transactions without a client ---- */

/* Killed or cut off at any point: what is open or written goes on without a client; what is sure
 * stays so, and nobody is told. */
#if GHOSTS > 1
#define GHOST_FREE(s) (s[2] == FREE || s[3] == FREE)
#define GHOST(s) (s[2] == FREE -> 2 : 3)
#else
#define GHOST_FREE(s) (s[2] == FREE)
#define GHOST(s) 2
#endif
inline s_crash(q)
{
    crash--;
    x = GHOST(s_state);
    if
    :: s_state[q] != SURE ->
        s_state[x] = s_state[q]; s_kind[x] = s_kind[q]; s_msg[x] = s_msg[q]; s_n[x] = s_n[q]
    :: else
    fi;
    s_end(q);
    x = 0
}
inline r_crash(q)
{
    crash--;
    x = GHOST(r_state);
    if
    :: r_state[q] != SURE ->
        r_state[x] = r_state[q]; r_kind[x] = r_kind[q]; r_msg[x] = r_msg[q]; r_more[x] = r_more[q]
    :: else
    fi;
    r_end(q);
    x = 0
}
#define CRASHES(q) \
    :: atomic { crash && s_state[q] != FREE && GHOST_FREE(s_state) -> d_step { s_crash(q) } } \
    :: atomic { crash && r_state[q] != FREE && GHOST_FREE(r_state) -> d_step { r_crash(q) } }
#define GHOST_ENDS(q) \
    :: atomic { s_state[q] == OPEN -> d_step { s_write(q) } } \
    :: atomic { s_state[q] == OPEN -> d_step { s_end(q) } } \
    :: atomic { s_state[q] == WRITTEN && shown -> d_step { shown--; s_end(q) } } \
    :: atomic { r_state[q] == OPEN -> d_step { r_write(q) } } \
    :: atomic { r_state[q] == OPEN -> d_step { r_end(q) } } \
    :: atomic { r_state[q] == WRITTEN && shown -> d_step { shown--; r_end(q) } }

/* ---- the network: what is under way may come again and in any order; it may get lost ---- */

#define LOSES(X) \
    :: atomic { loss && net[X] && !ack[X] -> d_step { loss--; net[X] = 0 } } \
    :: atomic { loss && ack[X] -> d_step { loss--; ack[X] = 0 } }
#define MISLEADS(X) \
    :: atomic { stranger && net[X] && !strange[X] -> d_step { stranger--; strange[X] = 1 } }

#define EACH_INSTANCE(F) F(0) F(1)
#if M > 3
#define EACH_MESSAGE(F) F(1) F(2) F(3) F(4)
#define EACH_BOTH(F) F(0, 1) F(0, 2) F(0, 3) F(0, 4) F(1, 1) F(1, 2) F(1, 3) F(1, 4)
#else
#if M > 2
#define EACH_MESSAGE(F) F(1) F(2) F(3)
#define EACH_BOTH(F) F(0, 1) F(0, 2) F(0, 3) F(1, 1) F(1, 2) F(1, 3)
#else
#define EACH_MESSAGE(F) F(1) F(2)
#define EACH_BOTH(F) F(0, 1) F(0, 2) F(1, 1) F(1, 2)
#endif
#endif

active proctype World()
{
    do
    BEGINS(0, 0) BEGINS(1, 0)
#if AGGS > 1
    BEGINS(0, 1) BEGINS(1, 1)
#endif
    EACH_INSTANCE(WRITES) EACH_INSTANCE(PUBLISHES) EACH_BOTH(CLAIMS) EACH_MESSAGE(DELETES_0)
    EACH_BOTH(RECEIVES) EACH_INSTANCE(R_WRITES) EACH_INSTANCE(R_TELLS)
    :: atomic { ahead -> d_step { confirm() } }
#if UNDO > 0
    EACH_INSTANCE(UNDOES) EACH_INSTANCE(R_UNDOES)
#endif
#if POISON > 0
    EACH_MESSAGE(ACTS) ACTS_LATE
#endif
#if CRASH > 0
    EACH_INSTANCE(CRASHES) GHOST_ENDS(2)
#if GHOSTS > 1
    GHOST_ENDS(3)
#endif
#endif
#if LOSS > 0
    EACH_MESSAGE(LOSES)
#endif
#if STRANGER > 0
    EACH_MESSAGE(MISLEADS)
#endif
#if ERA
    EACH_MESSAGE(DELETES_1) EACH_INSTANCE(S_ATTACHES) EACH_INSTANCE(R_ATTACHES)
    :: atomic { failover -> d_step { failover--; another(twin) } }
#if RESTORE > 0
    :: atomic { backup -> d_step { backup--; copy(kept, now) } }
    :: atomic { restore && !backup -> d_step { restore--; another(kept) } }
#endif
#endif
#ifdef FAULT_PUBLISH_UNCONFIRMED
    :: atomic { s_state[0] == WRITTEN -> d_step { publish(0); s_end(0) } }
#endif
#ifdef FAULT_ACK_UNCONFIRMED
    :: atomic { r_state[0] == WRITTEN -> d_step { acknowledge(0); r_end(0) } }
#endif
#ifdef FAULT_WARNING_AS_COMMIT /* a cancel during COMMIT: it ends with a warning only */
    :: atomic { warning && s_state[0] == WRITTEN -> d_step { warning--; s_state[0] = SURE } }
    :: atomic { warning && r_state[0] == WRITTEN -> d_step { warning--; r_state[0] = SURE } }
#endif
    :: else -> d_step { settled() }; break
    od
}
