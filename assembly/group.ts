/* Group: what one batch does in this shard, as if in one moment.
 *
 *   enterGroup   the lock, which stays taken
 *   findForGroup, meetInGroup      what would come of each command; nothing is changed
 *   beginGroup ... endGroup        all is done, recorded, and shown to the committer at once
 *   leaveGroup   the lock is given back
 *
 * The host takes the locks of all shards that a batch needs, in the order of their numbers, before
 * it looks at anything, and gives them back when everything is done or refused
 * (src/engine/group.ts). Nothing can fail once it has begun: what a put needs was made before
 * (ordering.ts), all else takes vital memory. The records of a batch stand behind a GROUP record;
 * the committer, which looks without the lock, sees none of them until all are there, in every
 * shard, and never parts them (src/journal/commit.ts). Conventions: index.ts; what is called
 * between `enterGroup` and `leaveGroup` takes no lock.
 */
import {
  BURIED,
  BUSY,
  DONE,
  FIND_CLAIMED,
  FIND_DELETE,
  FIND_MOVE,
  FIND_OTHER,
  FOUND_CANCELLED,
  FOUND_STALE,
  FULL,
  INLINE_BODY_MAX,
  JOB_PRI,
  JOB_STATE,
  KNOWN,
  NOT_FOUND,
  NOT_RAISED,
  RECORD_BYTES_MOST,
  RECORD_GROUP,
  RESULT_BODY_BYTES,
  RESULT_COUNT,
  RESULT_ID,
  RESULT_LSN,
  RESULT_REF,
  RESULT_STATS,
  STATE_MOVING,
  STATE_READY,
  STATE_UPLOADING,
  WISH_LOOK,
  WISH_MEMORY,
} from "./constants";
import { stopWaiting } from "./batched";
import { isStale, mayMove } from "./claiming";
import * as commands from "./commands";
import { connAt } from "./conn";
import { enterAt } from "./deadlines";
import { failuresKept } from "./failure";
import { endFinished } from "./finished";
import { CANCELLED, Job, TAGGED, jobAt, movesOf } from "./job";
import * as journal from "./journal";
import { DELETED_FAILURE_BYTES, FAILURE_BYTES_SILENT, GroupRecord } from "./journal";
import { endCooling, findKey, takeKey } from "./keys";
import { joinGroup } from "./jobgroups";
import { raiseLimits } from "./joining";
import * as parts from "./parts";
import { isFull } from "./settings";
import { Shard, enter, jobs, leave, must, ringBase, setResult, shard } from "./shard";
import * as states from "./states";
import { findJob, isHeldBy } from "./states";
import * as table from "./table";
import { Tags, entryNumber, idpEntry, keyEntry, tagBytes, tagsAt, tagsOf, textOf } from "./tags";
import { tubeAt } from "./tube";
import { DELETE_BYTES, GROUP_BYTES, MOVES_BYTES, RESULT_BYTES, STATE_BYTES } from "./layouts";

/* Numbers of batches, and when their records are shown: shard 0's, for all shards. */

/** The next number for a batch; call it on shard 0. */
export function nextGroup(): f64 {
  const at = changetype<usize>(shard()) + offsetof<Shard>("lastGroup");
  return <f64>(atomic.add<u64>(at, 1) + 1);
}

function showingAt(): usize {
  return changetype<usize>(shard()) + offsetof<Shard>("showing");
}

/** Where the u32 lies that is odd while records of several shards are shown; of shard 0. */
export function showingAddress(): u32 {
  return <u32>showingAt();
}

/** The records of a batch in several shards are about to be shown; call it on shard 0. */
export function startShowing(): void {
  for (;;) {
    const before = atomic.load<u32>(showingAt());
    if ((before & 1) == 0 && atomic.cmpxchg<u32>(showingAt(), before, before + 1) == before) return;
  }
}

/** They have been shown. */
export function endShowing(): void {
  atomic.add<u32>(showingAt(), 1);
}

/* The lock. */

/** Takes the lock for a batch. Nothing but the calls below may follow before `leaveGroup`. */
export function enterGroup(t: u32, now: f64): i32 {
  enterAt(now);
  setResult(t, RESULT_LSN, 0);
  return DONE;
}

/**
 * Gives the lock back. RESULT_COUNT is what the host is to see to once no lock is held: WISH_*, a
 * bit each.
 */
export function leaveGroup(t: u32): i32 {
  const s = shard();
  const wish = (s.isShort != 0 ? WISH_MEMORY : 0) | (s.isOpening != 0 ? WISH_LOOK : 0);
  setResult(t, RESULT_COUNT, <f64>wish);
  s.isShort = 0;
  s.isOpening = 0;
  return leave(t, DONE);
}

/** Whether the job is in this shard: DONE or NOT_FOUND. Takes the lock by itself. */
export function hasJob(t: u32, id: f64): i32 {
  enter();
  return leave(t, findJob(<u64>id) == 0 ? NOT_FOUND : DONE);
}

/* What would come of it. */

/** The same as `hasJob`, under the lock. */
export function isHere(id: f64): u32 {
  return findJob(<u64>id) == 0 ? 0 : 1;
}

/**
 * Whether `conn` may delete the job (`what` is FIND_DELETE), holds it (FIND_FINISH, FIND_OTHER), or
 * may move it (FIND_MOVE, FIND_CLAIMED): DONE, NOT_FOUND, or BUSY while somebody else moves it; to
 * move it MORE if it needs a copy. RESULT_REF is its tube, RESULT_BODY_BYTES the length of its
 * body, JOB_STATE its state, JOB_PRI its priority, FOUND_* more about a job that is to move, and
 * RESULT_COUNT most bytes of records that the command may write, beside a message or a result.
 */
export function findForGroup(t: u32, conn: u32, id: f64, what: u32): i32 {
  const at = findJob(<u64>id);
  if (at == 0) return NOT_FOUND;
  const job = jobAt(at);
  const answer = found(at, conn, what);
  if (answer == NOT_FOUND || answer == BUSY) return answer;
  setResult(t, RESULT_REF, <f64>job.tube);
  setResult(t, RESULT_BODY_BYTES, <f64>job.bodyBytes);
  setResult(t, RESULT_STATS + JOB_STATE, <f64>job.state);
  setResult(t, RESULT_STATS + JOB_PRI, <f64>job.pri);
  setResult(t, RESULT_STATS + FOUND_CANCELLED, (job.flags & CANCELLED) == 0 ? 0 : 1);
  setResult(t, RESULT_STATS + FOUND_STALE, isStale(job) ? 1 : 0);
  setResult(t, RESULT_COUNT, <f64>recordsOf(job, what));
  return answer;
}

function found(at: u32, conn: u32, what: u32): i32 {
  if (what == FIND_MOVE || what == FIND_CLAIMED) return mayMove(at, conn, what == FIND_CLAIMED);
  const job = jobAt(at);
  if (what == FIND_DELETE && job.state == STATE_MOVING) return BUSY;
  const isFound = what == FIND_DELETE ? commands.mayDelete(job, conn) : isHeldBy(job, conn);
  return isFound ? DONE : NOT_FOUND;
}

function recordsOf(job: Job, what: u32): u32 {
  if (what == FIND_OTHER) return endingBytes();
  if (what == FIND_MOVE || what == FIND_CLAIMED) return movingBytes(job);
  return what == FIND_DELETE ? deletionBytes(job) : deletionBytes(job) + RESULT_BYTES + 8;
}

/** Most bytes of what a deletion is recorded with. */
export function deletionBytes(job: Job): u32 {
  const isTold = (job.flags & CANCELLED) != 0; // but for the cooldown of its key
  const moves: u32 = movesOf(job) == 0 ? 0 : MOVES_BYTES;
  const bytes = isTold ? 0 : DELETE_BYTES + failuresKept(job) * DELETED_FAILURE_BYTES + moves;
  const hasKey = (job.flags & TAGGED) != 0 && tagsOf(job).isKey != 0;
  return hasKey ? bytes + journal.keyBytes(tagsOf(job)) : bytes;
}

/** Most bytes of what a move is recorded with: a long body has gone ahead. */
function movingBytes(job: Job): u32 {
  const body = job.bodyBytes > INLINE_BODY_MAX ? 0 : job.bodyBytes;
  const put = RECORD_BYTES_MOST + body + tagBytes(job) + 2 * MOVES_BYTES;
  return put + deletionBytes(job) + endingBytes();
}

/** Most bytes of what the end of an attempt is recorded with: it is charged, and kept or dead. */
function endingBytes(): u32 {
  return FAILURE_BYTES_SILENT + 3 * STATE_BYTES;
}

/**
 * Whether an upload would be the put of a job when `tube` has so many more jobs and bytes than it
 * has now: DONE, FULL, or KNOWN, unless `passesKey`, as `putTagged` says, and then RESULT_COUNT is
 * the cooldown of the key that it meets, in seconds. With DONE RESULT_BODY_BYTES is the length of
 * its body, and RESULT_COUNT most bytes of its records.
 */
export function meetInGroup(
  t: u32,
  upload: u32,
  tube: u32,
  pri: u32,
  moreJobs: f64,
  moreBytes: f64,
  passesKey: u32,
  now: f64,
): i32 {
  const job = jobAt(upload);
  must(job.state == STATE_UPLOADING);
  const found = passesKey == 0 ? keyOwner(job, tube, <u64>now) : 0;
  if (found != 0) return meet(t, tagsAt(found), pri);
  if (isFull(t, tubeAt(tube), job.bodyBytes, moreJobs, moreBytes)) return FULL;
  job.tube = tube; // for the length of its name
  const record = job.lsn != 0 ? STATE_BYTES : journal.putBytes(job);
  setResult(t, RESULT_BODY_BYTES, <f64>job.bodyBytes);
  const freed: u32 = entryOf(job) == 0 ? 0 : DELETE_BYTES; // a cooldown that is over
  setResult(t, RESULT_COUNT, <f64>(record + STATE_BYTES + freed));
  return DONE;
}

/** The tags that have the key of the upload in that tube, 0 when it is free or has none. */
function keyOwner(job: Job, tube: u32, now: u64): u32 {
  const entry = entryOf(job);
  const found = entry == 0 ? 0 : findKey(tube, entry);
  return found != 0 && isOver(tagsAt(found), now) ? 0 : found;
}

function entryOf(job: Job): usize {
  if ((job.flags & TAGGED) == 0) return 0;
  return keyEntry(textOf(tagsOf(job)), tagsOf(job).textBytes);
}

/** Whether the tags are a cooldown that is over. */
function isOver(own: Tags, now: u64): bool {
  return own.isCooling != 0 && own.until <= now;
}

function meet(t: u32, own: Tags, pri: u32): i32 {
  const job = own.isCooling == 0 ? jobAt(findJob(own.minor)) : jobAt(0);
  const isJob = own.isCooling == 0;
  setResult(t, RESULT_ID, <f64>own.minor);
  setResult(t, RESULT_STATS + JOB_STATE, isJob ? <f64>job.state : 0);
  setResult(t, RESULT_STATS + JOB_PRI, isJob && pri < job.pri ? <f64>pri : NOT_RAISED);
  setResult(t, RESULT_COUNT, <f64>entryNumber(idpEntry(own)));
  return KNOWN;
}

/* All is done. */

/** From here on everything is of batch number `group`. It is certain that it is done. */
export function beginGroup(group: f64): void {
  const s = shard();
  s.inGroup = 1;
  if (!journal.isOpen()) return;
  s.groupFrom = s.ringHead;
  const record = changetype<GroupRecord>(journal.begin(RECORD_GROUP, GROUP_BYTES, 0));
  record.group = <u64>group;
  record.shards = 1;
  record.extent = GROUP_BYTES;
  record.unused = 0;
}

/**
 * All is done here: 1 if there are records of it, 0 if it changed nothing that survives, and then
 * not even its own.
 */
export function closeGroup(): u32 {
  const s = shard();
  if (!journal.isOpen()) return 0;
  if (s.ringHead != groupStart() + GROUP_BYTES) return 1;
  s.ringHead = s.groupFrom;
  s.lsn = s.groupFrom;
  s.records--;
  return 0;
}

/**
 * The committer may see what there is, which is in so many `shards`, 0 when nothing is here.
 * RESULT_LSN is what the answer depends on.
 */
export function endGroup(t: u32, shards: u32): void {
  const s = shard();
  if (shards != 0) {
    const from = groupStart();
    const record = changetype<GroupRecord>(ringBase() + <usize>(from % s.ringBytes));
    record.extent = <u32>(s.ringHead - from);
    record.shards = shards;
  }
  s.inGroup = 0;
  journal.showRecords();
  setResult(t, RESULT_LSN, <f64>s.lsn);
}

/** Where the GROUP record stands: behind the ring's unused end if it did not fit there. */
function groupStart(): u64 {
  const s = shard();
  const left = s.ringBytes - (s.groupFrom % s.ringBytes);
  return left < GROUP_BYTES ? s.groupFrom + left : s.groupFrom;
}

/** Makes an upload that was met with DONE the job `id`: DONE, or BURIED as with `put`. */
export function putInGroup(
  t: u32,
  upload: u32,
  tube: u32,
  id: f64,
  pri: u32,
  delay: f64,
  ttrSeconds: u32,
  now: f64,
): i32 {
  const job = jobAt(upload);
  must(job.state == STATE_UPLOADING);
  const isAhead = job.lsn != 0;
  if (isAhead) stopWaiting(job);
  parts.settle(job);
  if ((job.flags & TAGGED) != 0) takeTags(job, tube, <u64>id, <u64>now);
  const answer = isAhead
    ? admitAhead(job, tube, delay, now)
    : commands.admit(t, job, tube, id, pri, delay, ttrSeconds, now);
  if (shard().freedNames != 0) states.match(tubeAt(tube), <u64>now); // its key's limit has risen
  return answer;
}

/** Its tags learn whose they are, and it has its key. */
function takeTags(job: Job, tube: u32, id: u64, now: u64): void {
  const own = tagsOf(job);
  own.minor = id;
  own.termId = id;
  raiseLimits(job);
  joinGroup(job);
  const entry = entryOf(job);
  if (entry == 0) return;
  const found = findKey(tube, entry);
  if (found != 0) {
    must(isOver(tagsAt(found), now));
    endCooling(tagsAt(found));
  }
  takeKey(job, tubeAt(tube));
}

/** As `admit` of commands.ts, for a job whose PUT record stands in the journal. */
function admitAhead(job: Job, tubeAddress: u32, delay: f64, now: f64): i32 {
  const tube = tubeAt(tubeAddress);
  states.joinTube(tube, job);
  table.add(jobs(), job);
  tube.totalJobs++;
  shard().total++;
  if (delay != 0) states.becomeDelayed(job, delay, <u64>now);
  else if (!states.park(job, <u64>now)) job.state = STATE_READY;
  journal.recordState(job);
  return job.state != STATE_READY || states.becomeReady(job, <u64>now) ? DONE : BURIED;
}

/** Deletes a job that was found for that. */
export function deleteInGroup(id: f64, now: f64): void {
  commands.deleteJob(jobAt(findJob(<u64>id)), now);
}

/**
 * Finishes a job that was found, with a result, or 0; returns 1 if it is kept, for `keepSeconds`,
 * else 0.
 */
export function finishInGroup(id: f64, result: u32, keepSeconds: u32, now: f64): u32 {
  return endFinished(jobAt(findJob(<u64>id)), result, keepSeconds, <u64>now) ? 1 : 0;
}

/** Releases a job that was found; the answer and `failure` as with `release`. */
export function releaseInGroup(id: f64, pri: u32, delay: f64, failure: u32, now: f64): i32 {
  return commands.release(jobAt(findJob(<u64>id)), pri, delay, failure, now);
}

/** Buries a job that was found; `failure` as with `release`. */
export function buryInGroup(id: f64, pri: u32, failure: u32, now: f64): void {
  commands.bury(jobAt(findJob(<u64>id)), pri, failure, now);
}

/** Hands back a job that `conn` was found to hold; the answer as with `handBack`. */
export function handBackInGroup(conn: u32, id: f64, delay: f64, now: f64): i32 {
  return commands.handBack(jobAt(findJob(<u64>id)), connAt(conn), delay, now);
}
