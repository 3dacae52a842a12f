/* Batches over several shards (docs/architecture-batches.md), for the model checker spin. spin.ts
 * beside it runs it.
 *
 *   spin -a group.pml && gcc -O2 -o pan pan.c && ./pan -m100000
 *   spin -a -DBUG_... group.pml ...    planted bugs: each must make pan report an error
 *       BUG_DESCENDING        one of two takes the lock of the higher shard first
 *       BUG_LOOK_FIRST        what would come of a batch is seen, then the locks are taken again
 *       BUG_SHOW_AT_ONCE      each record is shown to the committer when it is written
 *       BUG_NO_STEPS          the committer does not look whether records are being shown
 *       BUG_ONE_LOOK          it looks before it reads the heads, and not once more behind
 *       BUG_PARTED            a frame without room for all ends behind any record
 *
 * An atomic block is one step; everything between two blocks may interleave. Two threads carry out
 * batches over both shards, each of which deletes a job in shard 0, if it is still there, and puts
 * one in shard 1; two others write single records. A committer writes frames, which count as a whole after
 * a crash or not at all: so whatever it has written, no batch may be half of it. */

#define SHARDS  2
#define THREADS 2
#ifndef ROUNDS
#define ROUNDS  2             /* batches of each thread */
#endif
#ifndef SINGLES
#define SINGLES 2             /* single records of each shard */
#endif
#define RECORDS (THREADS * ROUNDS + SINGLES)
#define SINGLE  0             /* a record that is no batch's */

bit  lock[SHARDS];
byte owner[SHARDS];           /* who has it */
byte wants[THREADS + SHARDS]; /* the lock that somebody waits for, counted from 1; 0 none */
byte stream[16];              /* [shard * 8 + position]: the batch that the record is of */
byte head[SHARDS];            /* records that were written */
byte shown[SHARDS];           /* those that the committer may see */
byte written[SHARDS];         /* those that are in frames */
byte showing;                 /* odd while the records of a batch are being shown */
byte deletions[ROUNDS];       /* of the jobs that both threads want to delete, one in each round */
byte batches;

#define at(s, p) stream[(s) * 8 + (p)]

/* Nobody waits for somebody who waits for him: a committer that goes on would hide it. */
inline take(s, me) {
  atomic {
    wants[me] = 1 + s;
    assert(!(lock[s] && wants[owner[s]] != 0 && lock[wants[owner[s]] - 1]
             && owner[wants[owner[s]] - 1] == me))
  };
  atomic { lock[s] == 0 -> lock[s] = 1; owner[s] = me; wants[me] = 0 }
}
inline give(s) { lock[s] = 0 }

/* Under the lock of s. */
inline append(s, what) {
  atomic {
    at(s, head[s]) = what; head[s]++;
#ifdef BUG_SHOW_AT_ONCE
    shown[s] = head[s]
#endif
  }
}

proctype Batcher(byte first) {
  byte rounds = ROUNDS, own; bit deletes;
  do
  :: rounds == 0 -> break
  :: rounds > 0 ->
     rounds--;
#ifdef BUG_DESCENDING
     take(first, first); take(1 - first, first);
#else
     take(0, first); take(1, first);
#endif
     deletes = (deletions[rounds] == 0);
#ifdef BUG_LOOK_FIRST
     give(1); give(0);
     take(0, first); take(1, first);
#endif
     if
     :: deletes ->
        atomic {
          batches++; own = batches;
          deletions[rounds]++; assert(deletions[rounds] == 1)
        };
        append(0, own);
        append(1, own);
#ifndef BUG_SHOW_AT_ONCE
        atomic { showing % 2 == 0 -> showing++ };
        shown[0] = head[0];
        shown[1] = head[1];
        showing++
#endif
     :: else -> skip
     fi;
     give(1); give(0)
  od
}

proctype Single(byte s) {
  byte left = SINGLES;
  do
  :: left == 0 -> break
  :: left > 0 ->
     left--;
     take(s, THREADS + s);
     append(s, SINGLE);
     shown[s] = head[s];
     give(s)
  od
}

/* Whether a batch is in one of two prefixes of the streams only. */
inline look(e0, e1) {
  b = 1; half = 0;
  do
  :: b > batches -> break
  :: else ->
     in0 = 0; in1 = 0; p = 0;
     do
     :: p < RECORDS ->
        if :: p < e0 && at(0, p) == b -> in0 = 1 :: else -> skip fi;
        if :: p < e1 && at(1, p) == b -> in1 = 1 :: else -> skip fi;
        p++
     :: else -> break
     od;
     if :: in0 != in1 -> half = 1 :: else -> skip fi;
     b++
  od;
  b = 0; in0 = 0; in1 = 0; p = 0
}

proctype Committer() {
  byte before, h0, h1, c0, c1, b, p; bit half, in0, in1;
end:
  do
  :: before = showing;
     h0 = shown[0];
     h1 = shown[1];
     if
#ifdef BUG_NO_STEPS
     :: 1 ->
#else
#ifdef BUG_ONE_LOOK
     :: before % 2 == 0 ->
#else
     :: before % 2 == 0 && before == showing ->
#endif
#endif
        atomic {
          c0 = h0; c1 = h1;
          /* A segment ends: the frame has room for a part. */
          do
          :: c0 > written[0] -> c0--
          :: c1 > written[1] -> c1--
          :: break
          od;
#ifndef BUG_PARTED
          look(c0, c1);
          if :: half && (c0 != h0 || c1 != h1) -> c0 = written[0]; c1 = written[1] :: else -> skip fi;
#endif
          if :: c0 > written[0] -> written[0] = c0 :: else -> skip fi;
          if :: c1 > written[1] -> written[1] = c1 :: else -> skip fi;
          /* The machine stops here: what is in frames is what there is. */
          look(written[0], written[1]);
          assert(!half);
          half = 0; c0 = 0; c1 = 0
        }
     :: else -> skip
     fi;
     before = 0; h0 = 0; h1 = 0
  od
}

init {
  atomic {
    run Batcher(0); run Batcher(1);
    run Single(0); run Single(1);
    run Committer()
  }
}
