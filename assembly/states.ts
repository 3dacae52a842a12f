/* States: how a job moves from one state to another. Each way out undoes exactly what the way in
 * did, counters included.
 *
 *           put, delay > 0          +---------+   kick
 *         ----------------------->  | delayed | --------+
 *                                   +---------+         |
 *           put        +-------+      | due             v
 *         -----------> | ready | <----+--------------------+
 *                      +-------+  release, TTR over, gone  |   kick
 *                          | reserve, grant                |<------------+
 *                          v                               |             |
 *                      +----------+ -----------------------+        +--------+
 *                      | reserved | ------------------------------> | buried |
 *                      +----------+              bury               +--------+
 *
 * Whenever a job becomes ready, and whenever an attempt ends, what is ready is offered to those who
 * wait (`match`): between two critical sections no tube has both a job that may be taken and a
 * waiter.
 */
import { isAwaited, tellEnd } from "./awaits";
import * as board from "./board";
import { OUTCOME_BURIED, OUTCOME_CANCELLED, OUTCOME_DEAD } from "./constants";
import { OUTCOME_EXPIRED, OUTCOME_MOVED } from "./constants";
import { STATE_BURIED, STATE_DELAYED, STATE_READY, STATE_RESERVED } from "./constants";
import { STEP_JOBS, TAG_GRP } from "./constants";
import {
  AWAY,
  COUNTED,
  GRANTED,
  Job,
  TAGGED,
  TOUCHED,
  addressOfJob,
  coldAt,
  coldOf,
  freeJob,
  jobAt,
} from "./job";
import { dropFailures } from "./failure";
import { dropTags } from "./keys";
import { dropLimits, isExhausted, isOver, noteDeath, tell, watchLimits } from "./limits";
import { CALL_GRANT, Conn, call, connAt, hold, stopWaiting, unhold, watchAt } from "./conn";
import { PARKED_UNTIL, countBuried, endPark, firstFree, isParked, leaveGroup } from "./jobgroups";
import { offerLater, startPark, takeOpenedTube } from "./jobgroups";
import { jobs, must, shard, wake } from "./shard";
import { firstReturned, freeKey, mayTake, openLanes, pull, push } from "./lanes";
import { takeReturned } from "./lanes";
import { Name, dropName, markFreed, nameAt } from "./names";
import * as pacing from "./pacing";
import { joinLeaving, stay } from "./leaving";
import { sendsDead } from "./settings";
import { isLeaving, jobOf, setLeaving, tagsAt, tagsOf } from "./tags";
import { Tube, addressOfTube, forgetIfUnused, tubeAt, watchClock } from "./tube";
import { charge, uncharge, uncount } from "./shares";
import * as table from "./table";
import * as tree from "./tree";

const DELAYED_TREE: usize = offsetof<Tube>("delayedTree");

export function delayedRoot(tube: Tube): usize {
  return changetype<usize>(tube) + DELAYED_TREE;
}

function microsOf(seconds: u32): u64 {
  return <u64>seconds * 1000000;
}

/** The job with that id, or 0. */
export function findJob(id: u64): u32 {
  let at = table.bucket(jobs(), <u32>id);
  while (at != 0 && jobAt(at).minor != id) at = jobAt(at).chain;
  return at;
}

/* Out of a state. The job then stands nowhere. */

export function leaveState(job: Job): void {
  const tube = tubeAt(job.tube);
  if (job.state == STATE_RESERVED) {
    const conn = connAt(job.holder);
    unhold(conn, job);
    if ((job.flags & (GRANTED | TOUCHED | TAGGED | COUNTED)) != 0) {
      if ((job.flags & GRANTED) != 0) conn.granted = 0;
      if ((job.flags & TAGGED) != 0) freeKey(job);
      if ((job.flags & COUNTED) != 0) uncount(tube, job);
      job.flags &= ~(GRANTED | TOUCHED);
    }
    job.isUnseen = 0;
    tube.reserved--;
    shard().reserved--;
    if (tube.shut != 0) pacing.cameBack(tube);
  } else if (job.state == STATE_READY) {
    pull(tube, job);
  } else if (job.state == STATE_DELAYED) {
    tree.remove(delayedRoot(tube), job);
    tube.delayed--;
    shard().delayed--;
    if (isParked(job)) leavePark(tube, job);
  } else {
    must(job.state == STATE_BURIED);
    if (job.right != 0) jobAt(job.right).left = job.left;
    else tube.buriedHead = job.left;
    if (job.left != 0) jobAt(job.left).right = job.right;
    else tube.buriedTail = job.right;
    tube.buried--;
    shard().buried--;
    if ((job.flags & TAGGED) != 0) countBuried(tagsOf(job), -1);
    if ((job.flags & TAGGED) != 0) stay(job);
  }
  job.holder = 0;
}

function leavePark(tube: Tube, job: Job): void {
  endPark(job);
  tube.parked--;
  shard().parked--;
}

/* Into a state. */

/**
 * False when there is no memory for a new priority: then the job is buried, so that it stands
 * somewhere. `hasFailed`: an attempt at it has just ended, as `die` wants to know.
 */
export function becomeReady(job: Job, now: u64, hasFailed: bool = false): bool {
  return becomeReadySince(job, now, now, hasFailed);
}

/** As `becomeReady`, as if it had stood there since `since`; false if it is dead, too. */
export function becomeReadySince(job: Job, since: u64, now: u64, hasFailed: bool = false): bool {
  if ((job.flags & TAGGED) != 0) {
    if (isOver(job, now)) return die(job, now, hasFailed);
    watchLimits(job);
  }
  return standReady(job, since, now);
}

/** A dead job has no limits any more; it goes where its tube sends such. */
export function endLife(job: Job): void {
  dropLimits(job);
  if (sendsDead(tubeAt(job.tube))) setLeaving(tagsOf(job), true);
}

/**
 * The job, which stands nowhere, is dead: it has no limits any more, and is buried, until somebody
 * carries it to its tube's dead-letter tube if there is one (leaving.ts). Unless it `hasFailed`,
 * and the end of that attempt says why, a failure of its own does. Always false.
 */
export function die(job: Job, now: u64, hasFailed: bool = false): bool {
  if (!hasFailed) noteDeath(job, now);
  if (isAwaited(job)) tellEnd(job, isExhausted(job) ? OUTCOME_DEAD : OUTCOME_EXPIRED);
  endLife(job);
  becomeBuried(job);
  tell(job, false, now);
  match(tubeAt(job.tube), now);
  return false;
}

/** As `becomeReadySince`, whatever its limits are: those of a replay end by the clock. */
export function standReady(job: Job, since: u64, now: u64): bool {
  const tube = tubeAt(job.tube);
  job.state = STATE_READY;
  job.major = since;
  if (!push(tube, job)) {
    becomeBuried(job);
    match(tube, now);
    return false;
  }
  match(tube, now);
  return true;
}

/**
 * Delayed for so many seconds, to a thousandth. Its record has no room for parts of a second: there
 * they count as a whole one. When its delay is over its deadline says. False if its limits are
 * over: then it is dead; `hasFailed` as with `becomeReady`.
 */
export function becomeDelayed(job: Job, delay: f64, now: u64, hasFailed: bool = false): bool {
  job.delaySeconds = <u32>ceil(delay);
  if ((job.flags & TAGGED) != 0) {
    if (isOver(job, now)) return die(job, now, hasFailed);
    watchLimits(job);
  }
  becomeDelayedUntil(job, now + <u64>nearest(delay * 1000000));
  return true;
}

/** Delayed for another time than its delay says: what is left of it. */
export function becomeDelayedUntil(job: Job, due: u64): void {
  const tube = tubeAt(job.tube);
  job.state = STATE_DELAYED;
  job.major = due;
  tree.insert(delayedRoot(tube), job);
  tube.delayed++;
  shard().delayed++;
  watchClock(tube, job.major);
}

/**
 * Parked until the group that it waits for is complete. False, and it stands nowhere, when it waits
 * for none, or that is complete, or it is over.
 */
export function park(job: Job, now: u64): bool {
  if ((job.flags & TAGGED) == 0 || isOver(job, now) || !startPark(job)) return false;
  const tube = tubeAt(job.tube);
  becomeDelayedUntil(job, PARKED_UNTIL);
  tube.parked++;
  shard().parked++;
  watchLimits(job);
  return true;
}

/** The group of a parked job is complete: it is ready, and its tube is to be offered. */
function setFree(job: Job, now: u64): void {
  const tube = tubeAt(job.tube);
  leaveState(job);
  if (isOver(job, now)) {
    die(job, now);
    return;
  }
  job.state = STATE_READY;
  job.major = now;
  watchLimits(job);
  if (push(tube, job)) offerLater(tube);
  else becomeBuried(job);
  tell(job, false, now);
}

/**
 * The delay of a job that stands nowhere is over: it is ready, or parked until its group is
 * complete, which its record says.
 */
export function endDelay(job: Job, now: u64): void {
  if (park(job, now)) tell(job, false, now);
  else becomeReady(job, now);
}

/** Appended: buried jobs keep the order in which they were buried. */
export function becomeBuried(job: Job): void {
  const tube = tubeAt(job.tube);
  const at = addressOfJob(job);
  job.state = STATE_BURIED;
  job.left = 0;
  job.right = tube.buriedTail;
  if (tube.buriedTail != 0) jobAt(tube.buriedTail).left = at;
  else tube.buriedHead = at;
  tube.buriedTail = at;
  tube.buried++;
  shard().buried++;
  if ((job.flags & TAGGED) != 0) {
    countBuried(tagsOf(job), 1);
    if (isLeaving(tagsOf(job))) {
      joinLeaving(tagsOf(job)); // it goes on in another tube
      return;
    }
  }
  if (isAwaited(job)) tellEnd(job, OUTCOME_BURIED);
}

export function becomeReserved(job: Job, conn: Conn, now: u64): void {
  const tube = tubeAt(job.tube);
  job.state = STATE_RESERVED;
  job.reserves++;
  job.isUnseen = job.away == AWAY ? 1 : 0;
  hold(conn, job, now + microsOf(job.ttrSeconds));
  tube.reserved++;
  shard().reserved++;
  if (tube.settings != 0) pacing.wasHandedOut(tube, now);
}

/** The job is one of the tube's from now on. */
export function joinTube(tube: Tube, job: Job): void {
  job.tube = addressOfTube(tube);
  tube.bytes += job.bodyBytes;
}

/** The job, which stands nowhere, is none of its tube's any more. */
export function leaveTube(job: Job): void {
  tubeAt(job.tube).bytes -= job.bodyBytes;
}

/** Ends a job that stands nowhere. Its tube may be gone afterwards. */
export function endJob(job: Job): void {
  const tube = tubeAt(job.tube);
  table.drop(jobs(), job);
  leaveTube(job);
  if (isAwaited(job)) tellEnd(job, OUTCOME_MOVED);
  dropFailures(job);
  if ((job.flags & TAGGED) != 0) dropTags(job);
  freeJob(job);
  forgetIfUnused(tube);
}

/** Ends a held job that was cancelled: its attempt is over. Its tube may be gone afterwards. */
export function endCancelled(job: Job, now: u64): void {
  const tube = tubeAt(job.tube);
  if (isAwaited(job)) tellEnd(job, OUTCOME_CANCELLED);
  leaveState(job);
  if ((job.flags & TAGGED) != 0) leaveGroup(tagsOf(job));
  tube.deletes++;
  shard().deletes++;
  match(tube, now);
  endJob(job);
}

/* Matching. */

/**
 * Gives the tube's ready jobs to those who wait for them. Whoever ends an attempt calls it, since
 * the tube may have been closed for as long as so many jobs were held, and a key may be free now.
 */
export function match(tube: Tube, now: u64): void {
  const s = shard();
  const isFreed = s.freedNames != 0;
  if (isFreed) openFreed(now);
  serve(tube, now);
  if (isFreed || s.cameBack != 0) serveOpened(now);
}

function serve(tube: Tube, now: u64): void {
  while (tube.waitHead != 0 && tube.best != 0 && tube.shut == 0) {
    const job = jobAt(tube.best);
    if (mayTake(job)) grant(job, connAt(watchAt(tube.waitHead).conn), now);
  }
}

/**
 * Has all lanes come back whose keys were freed, and all jobs whose groups are complete; others are
 * told elsewhere.
 */
function openFreed(now: u64): void {
  const s = shard();
  board.tell(<f64>now);
  s.isOpening = 1;
  while (s.freedNames != 0) {
    const name = nameAt(s.freedNames);
    s.freedNames = name.nextFreed;
    name.isFreed = 0;
    if (name.kind == TAG_GRP) openGroup(name, now);
    else openLanes(name);
    if (name.jobs == 0) dropName(name);
  }
}

/**
 * Sets those free whose turn it is, if not too many at once. None within a batch, which has
 * promised how much it records.
 */
function openGroup(name: Name, now: u64): void {
  let left: u32 = shard().inGroup != 0 ? 0 : STEP_JOBS;
  for (let at = firstFree(name); at != 0; at = firstFree(name)) {
    if (left == 0) {
      board.again(name.slot);
      return;
    }
    setFree(jobOf(tagsAt(at)), now);
    left--;
  }
}

/** As `match`, when a key was given back, or a group was completed, elsewhere. */
export function openAgain(name: Name, now: u64): void {
  markFreed(name);
  openFreed(now);
  serveOpened(now);
}

/** Jobs came back, or were set free: they may be in other tubes. */
function serveOpened(now: u64): void {
  for (let at = nextOpened(); at != 0; at = nextOpened()) serve(tubeAt(at), now);
}

/** The tube that was made first of those that are to be offered, 0 when there is none. */
function nextOpened(): u32 {
  const opened = shard().openedTubes;
  const returned = firstReturned();
  const isOpenedFirst =
    opened != 0 &&
    (returned == 0 || tubeAt(opened).createdNumber <= tubeAt(returned).createdNumber);
  if (isOpenedFirst) return takeOpenedTube();
  return returned == 0 ? 0 : takeReturned();
}

/** Reserves a ready job for a connection that waits, and calls for its thread to collect it. */
function grant(job: Job, conn: Conn, now: u64): void {
  must(conn.granted == 0 && conn.waiting != 0);
  conn.collectedId = 0;
  conn.grantedSince = job.major;
  if (tubeAt(job.tube).settings != 0) charge(tubeAt(job.tube), job);
  leaveState(job);
  stopWaiting(conn);
  becomeReserved(job, conn, max(now, conn.grantedSince)); // as of any reserve
  job.flags |= GRANTED;
  conn.granted = addressOfJob(job);
  call(conn, CALL_GRANT);
  wake(conn.thread);
}

/**
 * Undoes a reservation that nobody saw: the job goes back to its place as if it had stood there
 * since `since`. False when memory kept it from that, and then it is buried.
 */
export function handBack(job: Job, since: u64, now: u64): bool {
  undo(job, now);
  return becomeReadySince(job, since, now);
}

/** The job is not held any more, as if it had never been handed out; it stands nowhere. */
export function undo(job: Job, now: u64): void {
  const tube = tubeAt(job.tube);
  uncharge(tube, job);
  leaveState(job);
  job.reserves--;
  if (tube.settings != 0) pacing.wasHandedBack(tube, now);
}

/** Counts in the job's cold record; without memory for one nothing is counted. */
export function countTimeout(job: Job): void {
  const cold = coldOf(job);
  if (cold != 0) coldAt(cold).timeouts++;
}

export function countRelease(job: Job): void {
  const cold = coldOf(job);
  if (cold != 0) coldAt(cold).releases++;
}

export function countBury(job: Job): void {
  const cold = coldOf(job);
  if (cold != 0) coldAt(cold).buries++;
}

export function countKick(job: Job): void {
  const cold = coldOf(job);
  if (cold != 0) coldAt(cold).kicks++;
}

/** Whether `conn` (0 = no record here) is the holder of `job` and may act on it. */
export function isHeldBy(job: Job, conn: u32): bool {
  return (
    conn != 0 && job.state == STATE_RESERVED && job.holder == conn && (job.flags & GRANTED) == 0
  );
}
