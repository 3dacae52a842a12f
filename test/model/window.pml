/* A window (`window <n>`) over several shards, for the model checker spin: the waiter of
 * reserve.pml that registers again until it holds n jobs, and that is told of each lease that ended
 * without its doing. spin.ts beside it runs it.
 *
 *   spin -a window.pml && gcc -O2 -o pan pan.c && ./pan -m100000
 *   spin -a -DBUG_... window.pml ...     planted bugs: each must make pan report an error
 *       BUG_SHRINK_KEEPS_GRANT   a grant that comes while the window shrinks is delivered
 *       BUG_SHRINK_DROPS_GRANT   ... is forgotten, and not handed back
 *       BUG_NO_REGISTER_AGAIN    after a grant nobody registers for the next job
 *       BUG_LOST_MAKES_NO_ROOM   a lease that ended makes no room for another job
 *       BUG_NOT_FOUND_FIRST      NOT_FOUND is answered before the LOST that explains it
 *       BUG_JOB_BEFORE_LOST      a job that comes back is told before it is told lost
 *       BUG_LOST_UNTOLD_GRANT    LOST is told of a grant that was never told
 *       BUG_COUNTS_ONE_SHARD     what is held in the other shard does not count
 *       BUG_COUNTS_WHAT_IS_HELD  a lease that ended makes room before its client is told so
 *       BUG_LOOKS_ONCE           a lease that ends while others are counted makes no room
 *       BUG_FULL_STAYS           a window that is full stays registered where it was
 *       BUG_DIES_WITH_ENTRIES    a connection that ends leaves its entries behind
 *
 * An atomic block is one critical section under one shard's lock. Everything between two blocks may
 * interleave. Two shards with one tube each; connection 0 has a window, connection 1 reserves. How
 * many jobs are held is known under the lock of their shard alone, so those of the other shard are
 * counted before: meanwhile they can only become fewer, since only the thread of the connection
 * takes jobs for it. */

#define SHARDS 2
#define CONNS  2
#define JOBS   3
#define NONE   255
#define W      0             /* the connection with the window */
#ifndef RELEASES
#define RELEASES 1
#endif

mtype = { ABSENT, READY, RESERVED, DELETED };

mtype state[JOBS];
byte  owner[JOBS];           /* connection that a reserved job belongs to */
bit   granted[JOBS];         /* reserved by a grant that is not delivered yet */
byte  serial[JOBS];          /* counts its reservations, so that an old grant is recognised */

chan waiters[SHARDS] = [4] of { byte };         /* connections; first come, first served */
byte grantJob[4];            /* [shard * CONNS + connection]: the one grant in flight, or NONE */
byte grantSerial[4];
chan lost[SHARDS] = [3] of { byte };            /* leases of W that ended, to be told */

bit  told[JOBS];             /* what the client of W knows: JOB came, and no end of it since */
byte size;                   /* of the window */
bit  registered[SHARDS];     /* as the session of W knows it */
bit  idle = 1;               /* the session of W has nothing under way */
bit  waits;                  /* connection 1 is blocked in its reserve */
bit  alive = 1;
bit  dies;                   /* whether the client of W will hang up in the end */
byte expiries = 1;           /* how many times a TTR may still run out */
byte releases = RELEASES;    /* how many times a client may still give a job back */
byte timeouts = 1;           /* how many reserves of connection 1 may still time out */

#define shardOf(j) ((j) % SHARDS)
#define slot(s, c) ((s) * CONNS + (c))
#define isGranted(j, c) (state[j] == RESERVED && owner[j] == (c) && granted[j])
#define isHeld(j)  (state[j] == RESERVED && owner[j] == W && !granted[j])
#define heldIn(s)  ((s) == 0 -> isHeld(0) + isHeld(2) : isHeld(1))
#define held       (isHeld(0) + isHeld(1) + isHeld(2))

/* Under the lock of s: no ready job may stay beside a waiter. */
inline match(s) {
  mj = 0;
  do
  :: mj < JOBS && shardOf(mj) == s && state[mj] == READY && len(waiters[s]) > 0 ->
     waiters[s] ? mc;
     state[mj] = RESERVED; owner[mj] = mc; granted[mj] = 1; serial[mj]++;
     assert(grantJob[slot(s, mc)] == NONE);   /* at most one in flight per shard and connection */
     grantJob[slot(s, mc)] = mj; grantSerial[slot(s, mc)] = serial[mj];
     mj++
  :: mj < JOBS && !(shardOf(mj) == s && state[mj] == READY && len(waiters[s]) > 0) -> mj++
  :: else -> break
  od;
  mj = 0; mc = 0
}

/* Under the lock of s: forget that c waits here. */
inline removeEntries(s, c) {
  n = len(waiters[s]);
  do
  :: n > 0 -> waiters[s] ? rc; n--;
     if :: rc == c -> skip :: else -> waiters[s] ! rc fi
  :: else -> break
  od;
  rc = 0; n = 0
}

/* Under the lock of s: a grant for c that was made is `got` if `wanted`, else handed back. */
inline collect(s, c, wanted) {
  if
  :: grantJob[slot(s, c)] != NONE ->
     k = grantJob[slot(s, c)];
     grantJob[slot(s, c)] = NONE;
     if
     :: isGranted(k, c) && serial[k] == grantSerial[slot(s, c)] ->
        if
        :: wanted -> granted[k] = 0; got = k
        :: else ->
#ifdef BUG_SHRINK_DROPS_GRANT
           skip
#else
           state[k] = READY; granted[k] = 0; match(s)
#endif
        fi
     :: else -> skip               /* its TTR ran out meanwhile: it belongs to others now */
     fi
  :: else -> skip
  fi;
  k = 0
}

/* Under the lock of s: the session writes LOST for what ended here. */
inline tellLost(s) {
  do
  :: lost[s] ? lj ->
     assert(told[lj]);                           /* told of its end, so told of it before */
     told[lj] = 0
  :: empty(lost[s]) -> break
  od;
  lj = 0
}

/* The session writes JOB for `got`, which it holds by now. */
inline tellJob() {
  assert(alive && held <= size);                 /* never beyond the window, none after 0 */
  assert(!told[got]);
  told[got] = 1; got = NONE;
  assert(told[0] + told[1] + told[2] <= size)    /* nor as its client sees it */
}

/* What counts in s: what is held, and what was lost and not told. */
#ifdef BUG_COUNTS_WHAT_IS_HELD
#define countIn(s) heldIn(s)
#else
#define countIn(s) (heldIn(s) + len(lost[s]))
#endif
#ifdef BUG_COUNTS_ONE_SHARD
#define countElsewhere(s) elsewhere = 0
#else
#define countElsewhere(s) elsewhere = countIn(1 - (s))
#endif

/* Under the lock of s: takes while there is room, and registers if there is still room then. */
inline fill(s) {
  k = 0;
  do
  :: k < JOBS && shardOf(k) == s && state[k] == READY && elsewhere + heldIn(s) < size ->
     state[k] = RESERVED; owner[k] = W; serial[k]++; got = k;
     tellJob(); k++
  :: k < JOBS && !(shardOf(k) == s && state[k] == READY && elsewhere + heldIn(s) < size) -> k++
  :: else -> break
  od;
  k = 0;
  if
  :: elsewhere + heldIn(s) < size -> waiters[s] ! W; registered[s] = 1
  :: else -> skip
  fi
}

/* Shard by shard: takes and registers while there is room; a full window registers nowhere. Where a
 * lease ended after it was counted, LOST is told in passing and wakes nobody: so it looks again. */
inline pump() {
  do
  :: true ->
     s = 0;
     do
     :: s < SHARDS ->
        atomic { countElsewhere(s) }
        atomic {
          if
          :: !registered[s] ->
#ifndef BUG_JOB_BEFORE_LOST
             tellLost(s);
#endif
             fill(s)
          :: else -> skip
          fi;
          s++
        }
     :: else -> break
     od;
     s = 0;
#ifndef BUG_FULL_STAYS
     do
     :: s < SHARDS ->
        atomic { countElsewhere(s) }
        atomic {
          if
          :: registered[s] && elsewhere + countIn(s) >= size ->
             removeEntries(s, W); registered[s] = 0;
#ifdef BUG_SHRINK_KEEPS_GRANT
             tellLost(s); collect(s, W, 1); if :: got != NONE -> tellJob() :: else -> skip fi
#else
             collect(s, W, 0)
#endif
          :: else -> skip
          fi;
          s++
        }
     :: else -> break
     od;
#endif
     s = 0;
     atomic { elsewhere = countIn(0) }
     atomic { elsewhere = elsewhere + countIn(1) }
     if
#ifdef BUG_LOOKS_ONCE
     :: true -> elsewhere = 0; break
#else
     :: elsewhere < size && !(registered[0] && registered[1]) -> skip
     :: else -> elsewhere = 0; break
#endif
     fi
  od
}

/* Woken by grants: delivered while there is room, else handed back; registered there no more. */
inline collectAll() {
  s = 0;
  do
  :: s < SHARDS ->
     atomic { countElsewhere(s) }
     atomic {
       if
       :: grantJob[slot(s, W)] != NONE ->
          registered[s] = 0;
#ifndef BUG_JOB_BEFORE_LOST
          tellLost(s);
#endif
          hasRoom = (elsewhere + heldIn(s) < size);
          collect(s, W, hasRoom);
          hasRoom = 0;
          if :: got != NONE -> tellJob() :: else -> skip fi
       :: else -> skip
       fi;
       s++
     }
  :: else -> break
  od;
  s = 0; elsewhere = 0
}

#define hasGrant (grantJob[slot(0, W)] != NONE || grantJob[slot(1, W)] != NONE)
#define hasLost  (nempty(lost[0]) || nempty(lost[1]))

proctype Window(byte changes) {
  byte got = NONE, s, k, n, rc, mj, mc, lj, j, elsewhere;
  bit hasRoom;
end_idle:
  do
  :: atomic { alive && changes > 0 ->            /* the client sends `window size` */
       idle = 0;
       changes--;
       if :: size = 0 :: size = 1 :: size = 2 fi
     }
     pump();
     idle = 1
  :: atomic { alive && hasGrant -> idle = 0 }
     collectAll();
#ifndef BUG_NO_REGISTER_AGAIN
     pump();
#endif
     idle = 1
  :: atomic { alive && hasLost -> idle = 0 }     /* woken by the end of a lease */
     atomic { tellLost(0) }
     atomic { tellLost(1) }
#ifndef BUG_LOST_MAKES_NO_ROOM
     pump();
#endif
     idle = 1
  :: atomic { alive && (told[0] || told[1] || told[2]) ->
          /* the client deletes or releases what it was told of */
          idle = 0;
          if
          :: told[0] -> j = 0
          :: told[1] -> j = 1
          :: told[2] -> j = 2
          fi;
          s = shardOf(j);
          if
          :: isHeld(j) ->
             if
             :: state[j] = DELETED
             :: releases > 0 -> releases--; state[j] = READY; match(s)
             fi;
             told[j] = 0
          :: else ->                             /* NOT_FOUND */
#ifndef BUG_NOT_FOUND_FIRST
             tellLost(s);
#endif
             assert(!told[j])
          fi;
          s = 0; j = 0
     }
     pump();
     idle = 1
  :: atomic { alive && dies -> alive = 0; idle = 0 }   /* the client hangs up: all goes back */
     s = 0;
     do
     :: s < SHARDS ->
        atomic {
#ifndef BUG_DIES_WITH_ENTRIES
          removeEntries(s, W);
#endif
          grantJob[slot(s, W)] = NONE;
          do :: lost[s] ? lj -> skip :: empty(lost[s]) -> break od;
          lj = 0; k = 0;
          do
          :: k < JOBS ->
             if
             :: shardOf(k) == s && state[k] == RESERVED && owner[k] == W ->
                state[k] = READY; granted[k] = 0
             :: else -> skip
             fi;
             told[k] = (shardOf(k) == s -> 0 : told[k]);
             k++
          :: else -> break
          od;
          k = 0; registered[s] = 0;
          match(s); s++
        }
     :: else -> break
     od;
     s = 0; size = 0; idle = 1;
     break
  od
}

/* The plain reserve of reserve.pml, beside it. */
proctype Reserver() {
  byte got = NONE, s, k, n, rc, mj, mc;
  do
  :: s < SHARDS && got == NONE ->
     atomic {
       k = 0;
       do
       :: k < JOBS && got == NONE && shardOf(k) == s && state[k] == READY ->
          state[k] = RESERVED; owner[k] = 1; serial[k]++; got = k; k++
       :: k < JOBS && !(got == NONE && shardOf(k) == s && state[k] == READY) -> k++
       :: else -> break
       od;
       k = 0;
       if :: got == NONE -> waiters[s] ! 1 :: else -> skip fi;
       s++
     }
  :: else -> break
  od;
  if
  :: got == NONE ->
     waits = 1;
end_blocked:
     if
     :: grantJob[slot(0, 1)] != NONE || grantJob[slot(1, 1)] != NONE -> waits = 0
     :: atomic { timeouts > 0 -> timeouts--; waits = 0 }
     fi
  :: else -> skip
  fi;
  s = 0;
  do
  :: s < SHARDS -> atomic { removeEntries(s, 1); collect(s, 1, got == NONE); s++ }
  :: else -> break
  od;
  if
  :: got != NONE ->
     if
     :: atomic { (state[got] == RESERVED && owner[got] == 1) -> state[got] = DELETED }
     :: atomic { (releases > 0 && state[got] == RESERVED && owner[got] == 1) ->
                 releases--; state[got] = READY; s = shardOf(got); match(s) }
     :: atomic { !(state[got] == RESERVED && owner[got] == 1) -> skip }
     fi
  :: else -> skip
  fi
}

proctype Producer(byte j) {
  byte s, mj, mc;
  atomic { state[j] = READY; s = shardOf(j); match(s) }
}

/* Under the lock: the time of a lease is over, at any moment. Its holder is to be told, if it was
 * told of it. */
inline expire(x) {
  atomic {
    (expiries > 0 && state[x] == RESERVED) ->
    expiries--; s = shardOf(x);
    if
#ifdef BUG_LOST_UNTOLD_GRANT
    :: owner[x] == W -> lost[s] ! x
#else
    :: owner[x] == W && !granted[x] -> lost[s] ! x
#endif
    :: else -> skip
    fi;
    state[x] = READY; granted[x] = 0; match(s); s = 0
  }
}

proctype Clock() {
  byte s, mj, mc;
end:
  do
  :: expire(0)
  :: expire(1)
  :: expire(2)
  od
}

/* Between critical sections no ready job stands beside a waiter. When all is quiet: no job stands
 * ready while somebody waits or the window has room, no grant lies about, what the client of W was
 * told is what it holds, a window with room waits everywhere and one without waits nowhere, and who
 * is gone holds nothing. */
proctype Monitor() {
end:
  do
  :: atomic {
       (  (len(waiters[0]) > 0 && (state[0] == READY || state[2] == READY))
       || (len(waiters[1]) > 0 && state[1] == READY)
       || (timeout && (waits || (alive && held < size))
           && (state[0] == READY || state[1] == READY || state[2] == READY))
       || (timeout && (granted[0] || granted[1] || granted[2]))
       || (timeout && alive
           && (told[0] != isHeld(0) || told[1] != isHeld(1) || told[2] != isHeld(2)))
       || (timeout && alive && idle && held < size && !(registered[0] && registered[1]))
       || (timeout && alive && idle && held >= size && (registered[0] || registered[1]))
       || (timeout && !alive && (isHeld(0) || isHeld(1) || isHeld(2)))
       ) -> assert(false)
     }
  od
}

init {
  byte i = 0;
  atomic {
    do :: i < 4 -> grantJob[i] = NONE; i++ :: else -> break od;
    i = 0;
    do :: i < JOBS -> state[i] = ABSENT; owner[i] = NONE; i++ :: else -> break od;
    if :: dies = 0 :: dies = 1 fi;
    run Window(2); run Reserver();
    run Producer(0); run Producer(1);
#ifndef TWO_JOBS
    run Producer(2);
#endif
    run Clock(); run Monitor()
  }
}
