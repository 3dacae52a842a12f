/* The engine's exports: the commands of one shard, each a critical section.
 *
 * Conventions. `t` is the calling I/O thread; what a call returns beyond its code stands in that
 * thread's result area, bodies and names in its output slot, and what it takes in lies in its input
 * slot, at an offset. `now` is the host's clock in microseconds, never running backwards; ids are
 * exact numbers up to 2^53. A delay is in seconds, to a thousandth. `conn` and `tube` are addresses
 * that earlier calls returned, 0 = none in this shard; a tube's address is good for as long as the
 * session uses or watches it. Answers: constants.ts.
 */
import {
  BURIED,
  BUSY,
  DONE,
  ENDED,
  HEAD_HIGH,
  HEAD_LOW,
  KIND_ANY,
  KIND_BURIED,
  KIND_DELAYED,
  LOST,
  MORE,
  NONE,
  NOTED,
  NOT_FOUND,
  OUT_OF_MEMORY,
  RESERVED,
  RESULT_CONN,
  RESULT_COUNT,
  RESULT_DUE,
  RESULT_GENERATION,
  RESULT_ID,
  RESULT_LSN,
  RESULT_PRI,
  RESULT_REF,
  RESULT_STATS,
  RESULT_TOKEN,
  SOON,
  STATE_BURIED,
  STATE_DELAYED,
  STATE_MOVING,
  STATE_READY,
  STATE_RESERVED,
  STEP_JOBS,
  WAITING,
  WORSE,
} from "./constants";
import { earlyLevel, heardAs, setHeard } from "./acks";
import * as commands from "./commands";
import * as conns from "./conn";
import { CALL_END, CALL_GRANT, CALL_NOTE, Conn, connAt } from "./conn";
import { enterAt, pause, unpause } from "./deadlines";
import * as failures from "./failure";
import { failureAt } from "./failure";
import { GRANTED, Job, TAGGED, hasBody, jobAt, saidBy, show } from "./job";
import { mustWait } from "./jobgroups";
import { claimKey, mayTake, mightTake } from "./lanes";
import { nameAt, nameOfSlot } from "./names";
import * as notes from "./notes";
import * as ready from "./ready";
import { enter, grantList, inputSlot, leave, setResult, shard } from "./shard";
import { findJob, isHeldBy, openAgain } from "./states";
import { findTube, isPaused, tubeAt } from "./tube";

export { earlyAddress } from "./acks";
export { numberTubes } from "./arranging";
export { bring, gatherWanted, residentAddress, seekBody, settleRing } from "./away";
export { showBody, wantedAddress } from "./away";
export * from "./opening";
export * from "./connecting";
export * from "./inspect";
export { endOlder, movedJobs } from "./departed";
export { countBefore, explainJob, keyHolders } from "./explaining";
export { explainTube, groupsAwaited, keysTaken } from "./heldback";
export { describeJobs, listGroup, listProbe, listScan, listWalk, peekReserved } from "./listing";
export { flushTube } from "./flushing";
export * from "./group";
export * from "./ordering";
export { heldJobs, holder } from "./holding";
export { countMembers, openGroups } from "./recounting";
export * from "./keep";
export { groupHash } from "./names";
export { appendUpload, commitTagged, commitUpload, dropUpload, openUpload } from "./putting";
export { put, putTagged, recordUpload } from "./putting";
export { setTube } from "./setting";
export { longestBody } from "./settings";
export * from "./reading";
export * from "./finishing";
export { peekProgress, progress } from "./progress";
export { endReplay, hasMetMoved, replay, strays } from "./replay";
export { abortMove, beginMove, departMove, forgetMove, moveJob } from "./migrating";
export { appendArrival, commitArrival, dropArrival, mayArrive, openArrival } from "./migrating";
export { countArrival, noteArrival, settleArrival } from "./migrating";
export { addArrivedFailure, appendArrivedFailure, openArrivedFailure } from "./migrating";
export { arriveInGroup, claimMove, dropClaim, endInGroup, keyInGroup } from "./claiming";
export { leaveInGroup, mayComeInGroup, moveInGroup, tagsInGroup } from "./claiming";
export { beginDeadMove, moveDead, nextDead } from "./dead";
export { leavingAddress } from "./leaving";
export { check } from "./sound";
export { applyJobHints, applyTubeHints, jobHints, tubeHints } from "./hints";
export { endUnfinished } from "./results";
export { run } from "./run";
export { deleteMany, putMany, takeMany } from "./many";
export { markConn, vouch } from "./vouching";
export { fill, heldCount, openNotes, takeNotes, tellJob, unwait } from "./window";

/* Time. */

/** Lets happen what is due at `now`; MORE when not all of it was done. */
export function tick(t: u32, now: f64): i32 {
  enterAt(now);
  return leave(t, shard().nextDue <= now ? MORE : NONE);
}

/* Reserving. */

function reserve(t: u32, job: Job, conn: Conn, now: f64): i32 {
  commands.reserve(job, conn, now);
  show(t, job);
  if ((job.flags & TAGGED) != 0) setHeard(t, job, saidBy(job));
  return RESERVED;
}

/**
 * What is the best job that `conn` could take here? RESERVED stands for "this one": RESULT_PRI and
 * RESULT_ID; or NONE.
 */
export function best(t: u32, conn: u32, now: f64): i32 {
  enterAt(now);
  const at = commands.bestOpen(connAt(conn));
  if (at == 0) return leave(t, NONE);
  setResult(t, RESULT_PRI, <f64>tubeAt(at).readyPri);
  setResult(t, RESULT_ID, <f64>tubeAt(at).readyId);
  return leave(t, RESERVED);
}

/**
 * The head of a watched tube (ready.ts), read without the lock, in two words of 32 bits behind
 * RESULT_STATS: HEAD_HIGH and HEAD_LOW, 0 when the tube has nothing to give. The tube must be
 * watched or used by the caller, so that it is there.
 */
export function readHead(t: u32, tube: u32): void {
  const head = ready.readHead(tubeAt(tube));
  setResult(t, RESULT_STATS + HEAD_HIGH, <f64>(head >> 32));
  setResult(t, RESULT_STATS + HEAD_LOW, <f64>(<u32>head));
}

/**
 * Takes the best job unless (`maxPri`, `maxId`) stands before it: RESERVED, NONE, or WORSE with
 * RESULT_PRI and RESULT_ID. NOTED or OUT_OF_MEMORY, and nothing was taken, as notes.ts says.
 */
export function take(t: u32, conn: u32, maxPri: f64, maxId: f64, now: f64): i32 {
  enterAt(now);
  const c = connAt(conn);
  let at = commands.bestOpen(c);
  if (at == 0) return leave(t, NONE);
  const hindrance = notes.hindrance(c);
  if (hindrance != NONE) return leave(t, hindrance);
  for (; at != 0; at = commands.bestOpen(c)) {
    const tube = tubeAt(at);
    const pri = <f64>tube.readyPri;
    const id = <f64>tube.readyId;
    if (pri > maxPri || (pri == maxPri && id > maxId)) {
      setResult(t, RESULT_PRI, pri);
      setResult(t, RESULT_ID, id);
      return leave(t, WORSE);
    }
    if (mayTake(jobAt(tube.best))) return leave(t, reserve(t, jobAt(tube.best), c, now));
  }
  return leave(t, NONE);
}

/**
 * Takes the best job of `tube`, which `conn` watches: RESERVED, or NONE when it has nothing to
 * give. NOTED or OUT_OF_MEMORY as with `take`.
 */
export function takeOf(t: u32, conn: u32, tube: u32, now: f64): i32 {
  enterAt(now);
  while (tubeAt(tube).listed != 0) {
    const job = jobAt(tubeAt(tube).best);
    if (!mightTake(job)) continue;
    const hindrance = notes.hindrance(connAt(conn));
    if (hindrance != NONE) return leave(t, hindrance);
    if (mayTake(job)) return leave(t, reserve(t, job, connAt(conn), now));
  }
  return leave(t, NONE);
}

/**
 * Takes the best job, or makes `conn` wait: RESERVED or WAITING. SOON, and it does not wait, when
 * the first time to run of what it holds here is over at `soon` or before. RESULT_DUE is when.
 * Neither with NOTED or OUT_OF_MEMORY.
 */
export function wait(t: u32, conn: u32, generation: u32, soon: f64, now: f64): i32 {
  enterAt(now);
  const hindrance = notes.hindrance(connAt(conn));
  if (hindrance != NONE) return leave(t, hindrance);
  for (let at = commands.bestTube(connAt(conn)); at != 0; at = commands.bestTube(connAt(conn))) {
    const job = jobAt(tubeAt(at).best);
    if (mayTake(job)) return leave(t, reserve(t, job, connAt(conn), now));
  }
  const due = conns.firstDue(connAt(conn));
  setResult(t, RESULT_DUE, due);
  if (due <= soon) return leave(t, SOON);
  conns.startWaiting(connAt(conn), generation);
  return leave(t, WAITING);
}

function showCaller(t: u32, conn: Conn): void {
  setResult(t, RESULT_TOKEN, <f64>conn.token);
  setResult(t, RESULT_GENERATION, <f64>conn.generation);
  setResult(t, RESULT_CONN, <f64>conns.addressOfConn(conn));
}

/** The TTR of a grant starts when it is collected. */
function collectFrom(t: u32, conn: Conn, now: f64): i32 {
  conns.uncall(conn, CALL_GRANT);
  showCaller(t, conn);
  if (conn.granted == 0) return LOST;
  const job = conns.grantedJob(conn);
  job.flags &= ~GRANTED;
  conn.granted = 0;
  conns.extend(job, conn, <u64>now);
  commands.countGrant(job, conn, now);
  show(t, job);
  if ((job.flags & TAGGED) != 0) setHeard(t, job, saidBy(job));
  return RESERVED;
}

/**
 * Ends the waiting of `conn` here, whatever its end: NONE, RESERVED when a grant had been made (it
 * is collected now), or LOST when one had been made and ran out; NOTED when something is to be told
 * before that: then ask again. One critical section: no grant can slip between.
 */
export function cancel(t: u32, conn: u32, now: f64): i32 {
  enterAt(now);
  const c = connAt(conn);
  conns.stopWaiting(c);
  if ((c.calling & CALL_GRANT) == 0) return leave(t, NONE);
  showCaller(t, c);
  return leave(t, notes.arePending(c) ? NOTED : collectFrom(t, c, now));
}

/**
 * Collects the next grant of thread `t`: RESERVED or LOST, with RESULT_TOKEN, _GENERATION and
 * _CONN; NONE when there is none. NOTED, once, when that connection is to be told something, and
 * ENDED when it is to be told how jobs ended.
 */
export function collect(t: u32, now: f64): i32 {
  enterAt(now);
  const at = load<u32>(grantList(t));
  if (at == 0) return leave(t, NONE);
  const conn = connAt(at);
  const isTold = (conn.calling & (CALL_NOTE | CALL_END)) != 0;
  if (!isTold) return leave(t, collectFrom(t, conn, now));
  const isNoted = (conn.calling & CALL_NOTE) != 0;
  conns.uncall(conn, isNoted ? CALL_NOTE : CALL_END);
  showCaller(t, conn);
  return leave(t, isNoted ? NOTED : ENDED);
}

/**
 * Undoes the reservation of a job that `conn` holds; with a delay it is delayed afterwards, with 0
 * in its old place. DONE, NOT_FOUND, or BURIED when there is no memory for its priority.
 * RESULT_LSN is 0 when the journal has nothing to tell.
 */
export function handBack(t: u32, conn: u32, id: f64, delay: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0 || !isHeldBy(jobAt(at), conn)) return leave(t, NOT_FOUND);
  const waits = delay != 0 && shard().keepsReleases != 0;
  const answer = commands.handBack(jobAt(at), connAt(conn), delay, now);
  setResult(t, RESULT_LSN, waits || answer == BURIED ? <f64>shard().lsn : 0);
  return leave(t, answer);
}

/**
 * Reserves the very job, whatever its tube and whether that is paused, unless its key is at its
 * limit, or the group that it waits for is not complete: then NOT_FOUND, too. MORE when that needs
 * a record of the connection here. NOTED or OUT_OF_MEMORY as with `take`.
 */
export function reserveJob(t: u32, conn: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0 || jobAt(at).state == STATE_RESERVED) return leave(t, NOT_FOUND);
  if (jobAt(at).state == STATE_MOVING) return leave(t, BUSY);
  if (conn == 0) return leave(t, MORE);
  const hindrance = notes.hindrance(connAt(conn));
  if (hindrance != NONE) return leave(t, hindrance);
  const job = jobAt(at);
  const waits = job.state == STATE_DELAYED && mustWait(job); // ready or buried, it waits no more
  if (waits || !claimKey(job)) return leave(t, NOT_FOUND);
  if (job.state == STATE_READY) return leave(t, reserve(t, job, connAt(conn), now));
  commands.reserveJob(job, connAt(conn), now);
  show(t, job);
  setResult(t, RESULT_LSN, <f64>shard().lsn); // who is told waits for that record
  return leave(t, RESERVED);
}

/**
 * A key is free again, perhaps, of which jobs stood aside here: by its slot on the board, and its
 * hash. They are offered to those who wait.
 */
export function openKey(t: u32, slot: u32, hash: u32, now: f64): i32 {
  enterAt(now);
  const at = nameOfSlot(slot, hash);
  if (at != 0) openAgain(nameAt(at), <u64>now);
  return leave(t, DONE);
}

/** The end of a job with that level (`earlyLevel`) is the last thing recorded. */
function setEnd(t: u32, level: u32): void {
  setResult(t, RESULT_LSN, heardAs(level, shard().lsn));
}

/* What a holder does. */

/** Deletes a job that `conn` holds or nobody does: DONE or NOT_FOUND. */
export function deleteJob(t: u32, conn: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0) return leave(t, NOT_FOUND);
  if (jobAt(at).state == STATE_MOVING) return leave(t, BUSY);
  if (!commands.mayDelete(jobAt(at), conn)) return leave(t, NOT_FOUND);
  const level = earlyLevel(jobAt(at)); // there is no job to ask behind it
  commands.deleteJob(jobAt(at), now);
  setEnd(t, level);
  return leave(t, DONE);
}

/** Whether `conn` holds the job and may act on it: DONE or NOT_FOUND. */
export function holds(t: u32, conn: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  return leave(t, at != 0 && isHeldBy(jobAt(at), conn) ? DONE : NOT_FOUND);
}

/**
 * DONE, NOT_FOUND, or BURIED when there is no memory for the new priority. `failure` is a complete
 * one of `openFailure`, 0 for none; unless the answer is NOT_FOUND it belongs to the job
 * afterwards. RESULT_LSN is 0 when the journal has nothing to tell but that an attempt ended
 * without a word.
 */
export function release(
  t: u32,
  conn: u32,
  id: f64,
  pri: u32,
  delay: f64,
  failure: u32,
  now: f64,
): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0 || !isHeldBy(jobAt(at), conn)) return leave(t, NOT_FOUND);
  const isTagged = (jobAt(at).flags & TAGGED) != 0;
  const waits = failure != 0 || shard().keepsReleases != 0 || isTagged;
  const answer = commands.release(jobAt(at), pri, delay, failure, now);
  setResult(t, RESULT_LSN, waits ? <f64>shard().lsn : 0);
  return leave(t, answer);
}

/** DONE or NOT_FOUND; `failure` as with `release`. */
export function bury(t: u32, conn: u32, id: f64, pri: u32, failure: u32, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0 || !isHeldBy(jobAt(at), conn)) return leave(t, NOT_FOUND);
  commands.bury(jobAt(at), pri, failure, now);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  return leave(t, DONE);
}

/** Gives a job that `conn` holds its whole time to run again: DONE or NOT_FOUND. */
export function touch(t: u32, conn: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0 || !isHeldBy(jobAt(at), conn)) return leave(t, NOT_FOUND);
  commands.touch(jobAt(at), connAt(conn), now);
  return leave(t, DONE);
}

/*
 * What a holder says about a failure: its message comes before the command that ends the attempt.
 */

/**
 * Begins a failure of `conn` with a message of `bytes` that comes in pieces. RESULT_REF is the
 * failure.
 */
export function openFailure(t: u32, conn: u32, bytes: u32): i32 {
  enter();
  const at = failures.makeFailureOf(connAt(conn), bytes, true);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  setResult(t, RESULT_REF, <f64>at);
  return leave(t, DONE);
}

/** Adds the next bytes of its message; as `appendUpload`. */
export function appendFailure(t: u32, failure: u32, position: u32, offset: u32, count: u32): i32 {
  enter();
  const source = inputSlot(t) + offset;
  const taken = failures.appendMessage(failureAt(failure), position, source, count, false);
  setResult(t, RESULT_COUNT, <f64>taken);
  return leave(t, taken == count ? DONE : OUT_OF_MEMORY);
}

/** Forgets a failure that no attempt ended with. */
export function dropFailure(t: u32, failure: u32): i32 {
  enter();
  failures.freeFailure(failureAt(failure));
  return leave(t, DONE);
}

/* What may be done to any job. */

/**
 * Cancels the job: DONE, it is gone; MORE, somebody holds it, and it is gone when that attempt
 * ends; NOT_FOUND; or BUSY.
 */
export function cancelJob(t: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0) return leave(t, NOT_FOUND);
  if (jobAt(at).state == STATE_MOVING) return leave(t, BUSY);
  if (!hasBody(jobAt(at))) return leave(t, BUSY); // its record in the journal may go before it
  const level = earlyLevel(jobAt(at));
  const isGone = commands.cancel(jobAt(at), now);
  setEnd(t, level);
  return leave(t, isGone ? DONE : MORE);
}

/* What may be done to a job that nobody holds. */

/**
 * Gives the job another priority and, unless that is NO_DELAY, another delay in seconds: DONE,
 * NOT_FOUND, or BURIED when there is no memory for the new priority.
 */
export function updateJob(t: u32, id: f64, pri: u32, delay: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0 || jobAt(at).state == STATE_RESERVED) return leave(t, NOT_FOUND);
  if (jobAt(at).state == STATE_MOVING) return leave(t, BUSY);
  const answer = commands.update(jobAt(at), pri, delay, now);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  return leave(t, answer);
}

/* Kicking and pausing. */

/**
 * Kicks at most `bound` jobs of the tube, and at most STEP_JOBS: KIND_ANY means buried ones, or
 * delayed ones if none is buried. RESULT_COUNT were kicked, RESULT_REF is the kind; MORE when bound
 * and tube allow for more of that kind.
 */
export function kick(t: u32, tube: u32, bound: u32, kind: i32, now: f64): i32 {
  enterAt(now);
  const source = tubeAt(tube);
  const chosen = kind != KIND_ANY ? kind : source.buried != 0 ? KIND_BURIED : KIND_DELAYED;
  const standing = chosen == KIND_BURIED ? source.buried : source.delayed - source.parked;
  const most = min(min(bound, STEP_JOBS), standing); // a dead one is buried behind them
  let tried: u32 = 0;
  let kicked: u32 = 0;
  let at = commands.firstOfKind(source, chosen);
  while (at != 0 && tried < most) {
    tried++;
    if (commands.kickOne(jobAt(at), now)) kicked++;
    at = commands.firstOfKind(source, chosen);
  }
  setResult(t, RESULT_COUNT, <f64>kicked);
  setResult(t, RESULT_REF, <f64>chosen);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  const isCut = tried == <u32>STEP_JOBS && tried < standing;
  return leave(t, isCut && tried < bound && kicked != 0 ? MORE : DONE);
}

/** Makes a buried or delayed job ready: DONE or NOT_FOUND. */
export function kickJob(t: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0) return leave(t, NOT_FOUND);
  const job = jobAt(at);
  if (job.state == STATE_MOVING) return leave(t, BUSY);
  if (job.state != STATE_BURIED && job.state != STATE_DELAYED) return leave(t, NOT_FOUND);
  commands.kickOne(job, now);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  return leave(t, DONE);
}

/** Pauses the named tube for `delaySeconds`; 0 ends a pause. */
export function pauseTube(t: u32, offset: u32, bytes: u32, delaySeconds: u32, now: f64): i32 {
  enterAt(now);
  const at = findTube(inputSlot(t) + offset, bytes);
  if (at == 0) return leave(t, NOT_FOUND);
  const tube = tubeAt(at);
  tube.pauses++;
  if (delaySeconds != 0) pause(tube, <u64>delaySeconds * 1000000, <u64>now);
  else if (isPaused(tube)) unpause(tube, <u64>now);
  return leave(t, DONE);
}
