/* The one order of locks (rules 3, 6, 8, 11): stubs are inserted in id order, then the aggregates'
 * rows are locked in id order, then side rows (a squad), then what is written: timers, the outbox.
 * Batches, the sweep and an operator run at once; a transaction that waits keeps what it has. No
 * deadlock: the search looks for a state in which nobody can go on. */
#define A 0       /* two aggregates' rows; B does not exist yet: a stub is made */
#define B 1
#define C 2       /* another stub */
#define SQUAD 3
#define OUT1 4    /* rows of the outbox */
#define OUT2 5
#define TIMER 6   /* A's timer */
#define ROWS 7
#define NOBODY 0
byte owner[ROWS]; /* who holds the row's lock, or has inserted it and not committed */
bit there[ROWS];
byte ended;

bit wrote[8];     /* of each transaction: it has changed the rows that it holds */

#define MAY(r) (owner[r] == NOBODY || owner[r] == me)
#define SEEN(r) (there[r] || owner[r] == me)
#define LOCK(r) atomic { MAY(r) -> owner[r] = me }
#define LOCK_IF_THERE(r) atomic { !SEEN(r) || MAY(r) -> owner[r] = (SEEN(r) -> me : owner[r]) }
#define SKIP_LOCKED(r) d_step { owner[r] = (MAY(r) -> me : owner[r]) }
/* INSERT … ON CONFLICT DO NOTHING waits for who has inserted the same, or changed it, and has not
 * committed; a lock alone does not hold it up, and it takes none on a row that is there. */
#define INSERT(r) \
    atomic { MAY(r) || (there[r] && !wrote[owner[r]]) -> owner[r] = (there[r] -> owner[r] : me) }
#define WRITE wrote[me] = 1

inline commit()
{
    d_step {
        row = 0;
        do
        :: row < ROWS ->
            if
            :: owner[row] == me -> owner[row] = NOBODY; there[row] = 1
            :: else
            fi;
            row++
        :: else -> break
        od;
        row = 0;
        wrote[me] = 0;
        ended++
    }
}
inline rollback()
{
    d_step {
        row = 0;
        do
        :: row < ROWS ->
            if
            :: owner[row] == me -> owner[row] = NOBODY
            :: else
            fi;
            row++
        :: else -> break
        od;
        row = 0
    }
}

#ifdef FAULT_PLAIN_DELETE
#define DELETE_ACKED if :: LOCK(OUT1); LOCK(OUT2) :: LOCK(OUT2); LOCK(OUT1) fi
#else
#define DELETE_ACKED SKIP_LOCKED(OUT1); SKIP_LOCKED(OUT2)
#endif

/* Messages about A, B, C; the timer of A is set. */
proctype Batch(byte me; bit turned)
{
    byte row;
#ifdef FAULT_STUBS_IN_ANY_ORDER
    if
    :: turned -> INSERT(C); INSERT(B)
    :: else -> INSERT(B); INSERT(C)
    fi;
#else
    INSERT(B); INSERT(C);
#endif
#ifdef FAULT_OPPOSITE_ORDER
    if
    :: turned -> LOCK(B); LOCK(A)
    :: else -> LOCK(A); LOCK(B)
    fi;
#else
    LOCK(A); LOCK(B);
#endif
    LOCK(C);
    LOCK(SQUAD);
    WRITE;
    LOCK(TIMER);
    DELETE_ACKED;
    commit()
}

/* A command about B alone that finds that it needs A as well: it starts again with both. */
proctype Grown(byte me)
{
    byte row;
    LOCK_IF_THERE(B);
#ifdef FAULT_LATE_AGGREGATE
    LOCK(A);
#else
    rollback();
    LOCK(A);
    LOCK_IF_THERE(B);
#endif
    commit()
}

/* The timer of A is due; a squad gets free by it. */
proctype Due(byte me)
{
    byte row;
#ifdef FAULT_TIMER_FIRST
    LOCK(TIMER); LOCK(A);
#else
    LOCK(A); LOCK(TIMER);
#endif
    WRITE;
    commit()
}

/* Assigns a squad. */
proctype Assign(byte me)
{
    byte row;
#ifdef FAULT_SIDE_ROW_FIRST
    LOCK(SQUAD); LOCK(A);
#else
    LOCK(A); LOCK(SQUAD);
#endif
    WRITE;
    commit()
}

/* A batch of acknowledgements only. */
proctype Acked(byte me)
{
    byte row;
    DELETE_ACKED;
    commit()
}

/* Claims rows of the outbox, whichever it finds first. */
proctype Sweep(byte me)
{
    byte row;
    if
    :: SKIP_LOCKED(OUT1); SKIP_LOCKED(OUT2)
    :: SKIP_LOCKED(OUT2); SKIP_LOCKED(OUT1)
    fi;
    commit()
}

active proctype World()
{
    d_step { there[A] = 1; there[SQUAD] = 1; there[OUT1] = 1; there[OUT2] = 1; there[TIMER] = 1 };
    atomic {
        run Batch(1, 0); run Batch(2, 1); run Grown(3); run Due(4); run Assign(5); run Sweep(6);
        run Acked(7)
    };
    ended == 7
}
