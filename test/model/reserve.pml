/* The grants of a reserve that waits on several shards (docs/architecture-sessions.md), for the
 * model checker spin. spin.ts beside it runs it.
 *
 *   spin -a reserve.pml && gcc -O2 -o pan pan.c && ./pan -m100000
 *   spin -a -DBUG_... reserve.pml ...    planted bugs: each must make pan report an error
 *       BUG_EARLY_TIMEOUT     answers TIMED_OUT without looking for a grant already made
 *       BUG_UNLOCKED_LOOK     looks for a job and registers as a waiter in two locked steps
 *       BUG_NO_REMATCH        a job handed back is not offered to the next waiter
 *       BUG_KEEP_ENTRIES      entries in the other shards stay after a delivery, and the generation
 *                             is not looked at
 *
 * An atomic block is one critical section under one shard's lock. Everything between two blocks may
 * interleave. Small on purpose: two shards with one tube each, two connections (each on its own
 * thread) that watch both tubes. */

#define SHARDS 2
#define CONNS  2
#define JOBS   2
#define NONE   255
#ifndef ROUNDS
#define ROUNDS 3              /* reserves of the first connection */
#endif

mtype = { ABSENT, READY, RESERVED, DELETED };

mtype state[JOBS];
byte  owner[JOBS];           /* connection that a reserved job belongs to */
bit   granted[JOBS];         /* reserved by a grant that is not delivered yet */
byte  serial[JOBS];          /* counts its reservations, so that an old grant is recognised */

chan waiters[SHARDS] = [8] of { byte, byte };   /* connection, generation; first come first */
byte grantJob[4];            /* [shard * CONNS + connection]: the one grant in flight, or NONE */
byte grantGen[4];
byte grantSerial[4];
byte generation[CONNS];
bit  waiting[CONNS];         /* blocked in a reserve, for good: only a grant can end it */
byte timeouts = 2;           /* how many reserves may still time out */
byte expiries = 1;           /* how many times a TTR may still run out */

#define shardOf(j) ((j) % SHARDS)
#define slot(s, c) ((s) * CONNS + (c))
#define isGranted(j, c) (state[j] == RESERVED && owner[j] == (c) && granted[j])

/* Under the lock of s: no ready job may stay beside a waiter. */
inline match(s) {
  mj = 0;
  do
  :: mj < JOBS && shardOf(mj) == s && state[mj] == READY && len(waiters[s]) > 0 ->
     waiters[s] ? mc, mg;
     state[mj] = RESERVED; owner[mj] = mc; granted[mj] = 1; serial[mj]++;
     assert(grantJob[slot(s, mc)] == NONE);   /* at most one in flight per shard and connection */
     grantJob[slot(s, mc)] = mj; grantGen[slot(s, mc)] = mg; grantSerial[slot(s, mc)] = serial[mj];
     mj++
  :: mj < JOBS && !(shardOf(mj) == s && state[mj] == READY && len(waiters[s]) > 0) -> mj++
  :: else -> break
  od;
  mj = 0; mc = 0; mg = 0
}

/* Under the lock of s: take a ready job for c, if there is one. */
inline take(s, c) {
  k = 0;
  do
  :: k < JOBS && got == NONE && shardOf(k) == s && state[k] == READY ->
     state[k] = RESERVED; owner[k] = c; granted[k] = 0; serial[k]++; got = k; k++
  :: k < JOBS && !(got == NONE && shardOf(k) == s && state[k] == READY) -> k++
  :: else -> break
  od;
  k = 0
}

/* Under the lock of s: forget that c waits here. */
inline removeEntries(s, c) {
  n = len(waiters[s]);
  do
  :: n > 0 -> waiters[s] ? rc, rg; n--;
     if :: rc == c -> skip :: else -> waiters[s] ! rc, rg fi
  :: else -> break
  od;
  rc = 0; rg = 0; n = 0
}

/* Under the lock of s: a grant for c that was already made is delivered if it is still wanted, else
 * handed back. */
inline collect(s, c) {
  if
  :: grantJob[slot(s, c)] != NONE ->
     k = grantJob[slot(s, c)];
     if
     :: isGranted(k, c) && serial[k] == grantSerial[slot(s, c)] ->
        if
#ifdef BUG_KEEP_ENTRIES
        :: got == NONE ->
#else
        :: got == NONE && grantGen[slot(s, c)] == generation[c] ->
#endif
           granted[k] = 0; got = k
        :: else ->
           state[k] = READY; granted[k] = 0;
#ifndef BUG_NO_REMATCH
           grantJob[slot(s, c)] = NONE;
           match(s)
#endif
        fi
     :: else -> skip               /* its TTR ran out meanwhile: it belongs to others now */
     fi;
     grantJob[slot(s, c)] = NONE
  :: else -> skip
  fi;
  k = 0
}

proctype Connection(byte c; byte rounds) {
  byte got, s, k, n, rc, rg, mj, mc, mg;
  do
  :: rounds > 0 ->
     rounds--; generation[c]++; got = NONE; s = 0;
     /* look and register, shard by shard */
     do
     :: s < SHARDS && got == NONE ->
#ifdef BUG_UNLOCKED_LOOK
        atomic { take(s, c) }
        atomic { if :: got == NONE -> waiters[s] ! c, generation[c] :: else -> skip fi; s++ }
#else
        atomic {
          take(s, c);
          if :: got == NONE -> waiters[s] ! c, generation[c] :: else -> skip fi;
          s++
        }
#endif
     :: else -> break
     od;
     /* blocked: until a grant, or a time-out */
     if
     :: got == NONE ->
        waiting[c] = 1;
end_blocked:
        if
        :: grantJob[slot(0, c)] != NONE || grantJob[slot(1, c)] != NONE -> waiting[c] = 0
        :: atomic { timeouts > 0 -> timeouts--; waiting[c] = 0 }
#ifdef BUG_EARLY_TIMEOUT
           ; s = 0;
           do :: s < SHARDS -> atomic { removeEntries(s, c); s++ } :: else -> break od;
           goto answered
#endif
        fi
     :: else -> skip
     fi;
     /* deliver: the entries go everywhere, a grant already made is taken or handed back */
     s = 0;
     do
     :: s < SHARDS ->
#ifdef BUG_KEEP_ENTRIES
        atomic { collect(s, c); s++ }
#else
        atomic { removeEntries(s, c); collect(s, c); s++ }
#endif
     :: else -> break
     od;
#ifdef BUG_EARLY_TIMEOUT
answered:
#endif
     /* work, then delete the job or die with it (every held job goes back to ready) */
     if
     :: got != NONE && state[got] == RESERVED && owner[got] == c -> 
        if
        :: atomic { (state[got] == RESERVED && owner[got] == c) ->
                    assert(!granted[got]); state[got] = DELETED }
        :: atomic { (state[got] == RESERVED && owner[got] == c) ->
                    state[got] = READY; s = shardOf(got); match(s) }
        :: atomic { !(state[got] == RESERVED && owner[got] == c) -> skip }   /* lost to its TTR */
        fi
     :: else -> skip
     fi
  :: else -> break
  od
}

proctype Producer(byte j) {
  byte s, mj, mc, mg;
  atomic { state[j] = READY; s = shardOf(j); match(s) }
}

/* A TTR that runs out, at any moment. */
proctype Clock() {
  byte j, s, mj, mc, mg;
end:
  do
  :: atomic { (expiries > 0 && state[0] == RESERVED) ->
              j = 0; expiries--; state[j] = READY; granted[j] = 0; s = shardOf(j); match(s) }
  :: atomic { (expiries > 0 && state[1] == RESERVED) ->
              j = 1; expiries--; state[j] = READY; granted[j] = 0; s = shardOf(j); match(s) }
  od
}

/* Between critical sections: a tube never has a ready job beside a waiter; when all is quiet nobody
 * waits for a job that is there and no job is held by nobody. */
proctype Monitor() {
end:
  do
  :: atomic {
       (  (len(waiters[0]) > 0 && state[0] == READY) || (len(waiters[1]) > 0 && state[1] == READY)
       || (timeout && (waiting[0] || waiting[1]) && (state[0] == READY || state[1] == READY))
       || (timeout && (state[0] == RESERVED || state[1] == RESERVED)) ) -> assert(false)
     }
  od
}

init {
  byte i = 0;
  atomic {
    do :: i < 4 -> grantJob[i] = NONE; i++ :: else -> break od;
    i = 0;
    do :: i < JOBS -> state[i] = ABSENT; owner[i] = NONE; i++ :: else -> break od;
    run Connection(0, ROUNDS); run Connection(1, 2);
    run Producer(0); run Producer(1);
    run Clock(); run Monitor()
  }
}
