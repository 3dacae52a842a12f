/* A concurrency key whose jobs lie in two shards, for the model checker spin: how many are held is
 * one number that both share, and a shard that finds it at its limit has its jobs stand aside until
 * somebody, perhaps in the other shard, gives one back. spin.ts beside it runs it.
 *
 *   spin -a keys.pml && gcc -O2 -o pan pan.c && ./pan -m100000
 *   spin -a -DBUG_... keys.pml ...       planted bugs: each must make pan report an error
 *       BUG_NO_SECOND_LOOK       a shard that stands aside does not look at the count again
 *       BUG_MASK_FIRST           who gives back looks for blocked shards before it subtracts
 *       BUG_OTHERS_FORGOTTEN     ... and wakes its own shard only
 *       BUG_TWO_STEPS            the count is looked at and added to in two steps
 *       BUG_FREED_WHILE_USED     a shard that has no job of the key frees it for all
 *       BUG_LIMIT_UNTOLD         a put that raises the limit wakes nobody
 *
 * A shard is looked at and changed under its lock, and nobody has two. The numbers of the key are
 * not: each is read or written in one step, at any moment between the others' steps. The key itself
 * is made and freed under a lock of its own (an atomic block here), taken last and for nothing
 * else. Each worker waits in its shard for one job after the other. */

#define SHARDS 2
#ifndef LIMIT
#define LIMIT  2             /* the higher of the limits that are named */
#endif
#ifndef JOBS
#define JOBS   2             /* of each shard */
#endif

byte held;                   /* jobs of the key that are held, in all shards */
byte limit;                  /* how many may be */
bit  blocked[SHARDS];        /* shards in which jobs stand aside, as the key tells */
byte refs;                   /* shards that have jobs of the key */
bit  live;                   /* whether the key is there */

bit  lock[SHARDS];
byte ready[SHARDS];          /* jobs of the key that are ready */
byte jobs[SHARDS];           /* jobs of the key in any state */
bit  aside[SHARDS];          /* they stand aside: nobody is given one */
byte waits[SHARDS];          /* workers that wait here */
byte grants[SHARDS];         /* jobs that were given to them, not collected yet */
byte running;                /* jobs that somebody has: what `held` should be */
byte endless = 1;            /* how many attempts may go on for good */

inline enter(s)   { atomic { lock[s] == 0 -> lock[s] = 1 } }
inline leave(s)   { lock[s] = 0 }

/* Under the lock of s: takes the key for one job more if it can be had. */
inline claim(s) {
#ifdef BUG_TWO_STEPS
  isMine = (held < limit);
  if :: isMine -> held++ :: else -> skip fi;
#else
  atomic { assert(live); isMine = (held < limit); if :: isMine -> held++ :: else -> skip fi }
#endif
}

/* Under the lock of s: no ready job may stay beside a worker that waits, unless it stands aside. */
inline serve(s) {
  do
  :: waits[s] > 0 && ready[s] > 0 && !aside[s] ->
     claim(s);
     if
     :: isMine ->
        atomic { running++; assert(running <= limit) };
        ready[s]--; waits[s]--; grants[s]++
     :: else ->
        aside[s] = 1;
        blocked[s] = 1;
#ifndef BUG_NO_SECOND_LOOK
        if :: held < limit -> aside[s] = 0 :: else -> skip fi
#endif
     fi
  :: else -> break
  od;
  isMine = 0
}

/* Whoever was blocked looks again: in s at once, which is locked; in the other when s is not. */
inline wakeBlocked(s) {
#ifndef BUG_MASK_FIRST
  atomic { other = blocked[1 - s]; blocked[0] = 0; blocked[1] = 0 }
#endif
  aside[s] = 0
}

inline wakeOther(s) {
#ifndef BUG_OTHERS_FORGOTTEN
  if
  :: other ->
     o = 1 - s; other = 0;
     enter(o);
     aside[o] = 0;
     serve(o);
     leave(o)
  :: else -> skip
  fi;
#endif
  other = 0; o = 0
}

/* One job of the key is in s. */
inline refer(s, n) {
  if
  :: jobs[s] == 0 ->
     atomic { refs++; if :: !live -> live = 1; limit = 0; held = 0 :: else -> skip fi }
  :: else -> skip
  fi;
  jobs[s] = jobs[s] + n
}

/* One job less; the key goes with the last of all. */
inline unrefer(s) {
  jobs[s]--;
  if
  :: jobs[s] == 0 ->
#ifdef BUG_FREED_WHILE_USED
     atomic { refs--; live = 0 }
#else
     atomic { refs--; if :: refs == 0 -> live = 0; assert(held == 0) :: else -> skip fi }
#endif
  :: else -> skip
  fi
}

proctype Producer(byte s; byte most) {
  bit isMine, other, raised;
  byte o, put;
  do
  :: put < JOBS ->
     enter(s);
     refer(s, 1);
     atomic {
       raised = (limit < most);
       if :: raised -> limit = most :: else -> skip fi
     }
     ready[s]++;
#ifndef BUG_LIMIT_UNTOLD
     if :: raised -> wakeBlocked(s) :: else -> skip fi;
#endif
     serve(s);
     leave(s);
     wakeOther(s);
     put++;
     raised = 0
  :: else -> break
  od
}

proctype Worker(byte s; byte rounds) {
  bit isMine, other;
  byte o;
  do
  :: rounds > 0 ->
     rounds--;
     if :: break :: skip fi;         /* it may have gone */
     enter(s);
     waits[s]++;
     serve(s);
     leave(s);
end_waits:
     atomic { grants[s] > 0 -> grants[s]-- };
     /* work, without an end perhaps; or the attempt ends */
     if :: endless > 0 -> endless--; break :: skip fi;
     enter(s);
#ifdef BUG_MASK_FIRST
     atomic { other = blocked[1 - s]; blocked[0] = 0; blocked[1] = 0 }
#endif
     atomic { running--; held-- };
     wakeBlocked(s);
     unrefer(s);
     serve(s);
     leave(s);
     wakeOther(s)
  :: else -> break
  od
}

/* When all is quiet nobody waits for a job that may be taken. */
proctype Monitor() {
end:
  do
  :: atomic {
       (timeout && held < limit
       && ((waits[0] > 0 && ready[0] > 0) || (waits[1] > 0 && ready[1] > 0)))
       -> assert(false)
     }
  od
}

init {
  atomic {
    run Producer(0, 1); run Producer(1, LIMIT);
    run Worker(0, 1); run Worker(0, JOBS - 1); run Worker(1, JOBS);
    run Monitor()
  }
}
