/* A group whose members, and the jobs that wait until it has none, lie in two shards, for the model
 * checker spin: who ends the last member sets those free that wait in its own shard, and has the
 * other one look again afterwards. spin.ts beside it runs it.
 *
 *   spin -a turns.pml && gcc -O2 -o pan pan.c && ./pan -m100000
 *   spin -a -DBUG_... turns.pml ...       planted bugs: each must make pan report an error
 *       BUG_LOOKS_BEFORE         a job looks at the members, and marks its shard a step later
 *       BUG_MARKS_FIRST          who ends a member takes the marks before it subtracts
 *       BUG_OTHERS_FORGOTTEN     ... and opens its own shard only
 *       BUG_NO_TURNS             whoever looks again sets everybody free who waits
 *       BUG_ASKS_AGAIN           ... or nobody, if the group has a member again by then
 *       BUG_TURN_LATER           the turn ends a step after the last member went
 *
 * A shard is looked at and changed under its lock, and nobody has two. The numbers of the group
 * have a lock of their own (an atomic block here), taken last and for nothing else. A job may only
 * be set free when all members that were there when it was put have gone, and in the end nobody
 * waits. */

#define SHARDS  2
#define MEMBERS 2            /* each comes and goes, ROUNDS times */
#ifndef ROUNDS
#define ROUNDS  2
#endif
#define WAITERS 4            /* jobs that wait, put one after the other in each shard */

byte members;                /* of the group, in all shards */
byte turn = 1;               /* which time it is complete next */
bit  marked[SHARDS];         /* shards in which jobs wait, as the group tells */

bit  lock[SHARDS];
byte parked[WAITERS];        /* the turn that a job waits for, 0 when it does not */
byte live;                   /* members that are there, a bit each */
byte needs[WAITERS];         /* those that were when the job was put, and still are */
byte done;                   /* processes that have come to their end */

inline enter(s)   { atomic { lock[s] == 0 -> lock[s] = 1 } }
inline leave(s)   { lock[s] = 0 }

/* Under the lock of s: sets those free whose turn it is. */
inline open(s) {
  d_step {
    w = 0;
    do
    :: w < WAITERS ->
       if
#ifdef BUG_NO_TURNS
       :: w % SHARDS == s && parked[w] != 0 ->
#else
#ifdef BUG_ASKS_AGAIN
       :: w % SHARDS == s && parked[w] != 0 && members == 0 ->
#else
       :: w % SHARDS == s && parked[w] != 0 && parked[w] != turn ->
#endif
#endif
          assert(needs[w] == 0);
          parked[w] = 0
       :: else -> skip
       fi;
       w++
    :: else -> break
    od;
    w = 0
  }
}

/* Under the lock of s: the member is there no more. */
inline part(s) {
#ifdef BUG_MARKS_FIRST
  atomic { other = marked[1 - s]; marked[0] = 0; marked[1] = 0 }
#endif
  atomic {
    members--;
    live = live & ~(1 << me);
    needs[0] = needs[0] & live;
    needs[1] = needs[1] & live;
    needs[2] = needs[2] & live;
    needs[3] = needs[3] & live;
    isLast = (members == 0);
    if
    :: isLast ->
#ifndef BUG_MARKS_FIRST
       other = marked[1 - s];
       marked[0] = 0;
       marked[1] = 0;
#endif
#ifndef BUG_TURN_LATER
       turn++
#endif
    :: else -> skip
    fi
  }
#ifdef BUG_TURN_LATER
  if :: isLast -> turn++ :: else -> skip fi;
#endif
}

proctype Member(byte me) {
  byte round = 0;
  byte s = me % SHARDS;
  byte o = 1 - s;
  byte w = 0;
  bit other = 0;
  bit isLast = 0;
  do
  :: round < ROUNDS ->
     enter(s);
     atomic { members++; live = live | (1 << me) }
     leave(s);
     enter(s);
     part(s);
     if :: isLast -> open(s) :: else -> skip fi;
     leave(s);
#ifndef BUG_OTHERS_FORGOTTEN
     if
     :: isLast && other -> enter(o); open(o); leave(o)
     :: else -> skip
     fi;
#endif
     other = 0;
     isLast = 0;
     round++
  :: else -> break
  od;
  done++
}

proctype Waiter(byte me) {
  byte s = me % SHARDS;
  bit waits = 0;
  enter(s);
#ifdef BUG_LOOKS_BEFORE
  atomic { waits = (members > 0); needs[me] = live }
  atomic { if :: waits -> marked[s] = 1; parked[me] = turn :: else -> skip fi }
#else
  atomic {
    needs[me] = live;
    if
    :: members > 0 -> marked[s] = 1; parked[me] = turn
    :: else -> skip
    fi
  }
#endif
  leave(s);
  done++
}

init {
  byte i = 0;
  atomic {
    do :: i < MEMBERS -> run Member(i); i++ :: else -> break od;
    i = 0;
    do :: i < WAITERS -> run Waiter(i); i++ :: else -> break od
  }
  (done == MEMBERS + WAITERS);
  i = 0;
  do
  :: i < WAITERS -> assert(parked[i] == 0); i++
  :: else -> break
  od
}
