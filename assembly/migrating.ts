/* Migrating: a job goes to another tube: with the same id, its attempts and its failures.
 *
 * Within a shard that is one critical section (`moveJob`). A tube of another shard is in another
 * memory, so there the job is copied by the host (src/session/moving.ts), piece by piece:
 *
 *   beginMove       the job leaves its place and is MOVING: it is found and shown, and nobody can
 *                   act on it; what was recorded here until then is to be safe before its failures
 *                   are brought
 *   openArrival     a second record, in the shard of the new tube: first an upload that nobody
 *                   knows; the body and the failures are brought
 *   commitArrival   it is recorded and MOVING too. With its record safe, the job has moved
 *   departMove      the tombstone of the first one is written
 *   settleArrival   with that safe, the second one takes its place; `forgetMove` ends the first
 *
 * So no command can have acted on the second one before nothing of the first can come back, and at
 * no moment is there none that is whole. What a crash leaves of both, recovery tells apart by how
 * often each had moved (replay.ts). No two locks are ever held. A tube does not go while a job is
 * MOVING from or to it: that counts as a use of it.
 */
import { isAwaited, tellTube } from "./awaits";
import { appendPieces } from "./appending";
import {
  BURIED,
  BUSY,
  DONE,
  END_MOVED,
  FULL,
  MORE,
  MOVE_BURIES,
  MOVE_BYTES,
  MOVE_CREATED,
  MOVE_DELAY_SECONDS,
  MOVE_FAILURES,
  MOVE_HAS_PARTS,
  MOVE_KICKS,
  MOVE_MAJOR,
  MOVE_MOVES,
  MOVE_PRI,
  MOVE_RELEASES,
  MOVE_RESERVES,
  MOVE_STATE,
  MOVE_TAG_BYTES,
  MOVE_TIMEOUTS,
  MOVE_TTR_SECONDS,
  NOT_FOUND,
  OUT_OF_MEMORY,
  RESULT_LSN,
  RESULT_REF,
  RESULT_STATS,
  WHO_OFFSET,
  STATE_BURIED,
  STATE_DELAYED,
  STATE_MOVING,
  STATE_READY,
  STATE_RESERVED,
  STATE_UPLOADING,
} from "./constants";
import { endByCommand } from "./attempts";
import { enterAt } from "./deadlines";
import * as failures from "./failure";
import { failureAt } from "./failure";
import * as bodies from "./job";
import { ARRIVED, CANCELLED, DEAD, Job, TAGGED, addressOfJob, coldAt, coldOf } from "./job";
import { hasBody, isClaimed, jobAt } from "./job";
import * as journal from "./journal";
import { dropTags, leaveKey, moveKey } from "./keys";
import { PARKED_UNTIL, passMembership, takeMembership } from "./jobgroups";
import { joinNames, raiseLimits } from "./joining";
import { renewAttempts, tell, watchLimits } from "./limits";
import { addFailure } from "./keeping";
import * as parts from "./parts";
import { keepNote } from "./progress";
import {
  enter,
  inputSlot,
  jobs,
  leave,
  must,
  outputSlot,
  resultSlot,
  setResult,
  shard,
} from "./shard";
import { isFull } from "./settings";
import * as states from "./states";
import { findJob, isHeldBy } from "./states";
import * as table from "./table";
import { attach, isToLeave, setLeaving, tagBytes, tagsOf, tagsSlot, textOf } from "./tags";
import { stopTerm } from "./terms";
import * as times from "./times";
import { Tube, forgetIfUnused, tubeAt } from "./tube";

/**
 * Why `conn` may not move the job; DONE when it may. It may not while a batch is about to, unless
 * that is its own (`isMine`).
 */
export function refusal(at: u32, conn: u32, isMine: bool = false): i32 {
  if (at == 0) return NOT_FOUND;
  const job = jobAt(at);
  if (job.state == STATE_MOVING || (!isMine && isClaimed(job))) return BUSY;
  if (!hasBody(job)) return BUSY; // it is recorded anew, with its body
  return job.state != STATE_RESERVED || isHeldBy(job, conn) ? DONE : NOT_FOUND;
}

/**
 * The job stands nowhere any more: an attempt at it has ended, and what was said about that is kept
 * with it, also when there was none; unless `keeps` is false, then it is counted. Those who wait
 * are served before it stands in its new tube, as when that is in another shard. Returns the state
 * that it is to have in its new tube; `major` of the job is when its delay ends, or since when it
 * is ready.
 */
export function leavePlace(job: Job, failure: u32, now: u64, keeps: bool = true): u8 {
  const state = job.state;
  const since = job.major;
  if (state == STATE_RESERVED) {
    times.processed(job, now);
    tubeAt(job.tube).moves++;
    shard().moves++;
  }
  if (state == STATE_RESERVED || failure != 0) {
    if (keeps) endByCommand(job, END_MOVED, failure, now);
    else coldAt(job.cold).failures++;
  }
  states.leaveState(job);
  if (state != STATE_RESERVED) {
    job.major = since;
    return state;
  }
  states.match(tubeAt(job.tube), now);
  job.major = now;
  return STATE_READY;
}

/**
 * The job, which was not ready and stands nowhere, stands as it did; false when it waited for a
 * group that is complete: then it is to be ready.
 */
export function takePlaceAgain(job: Job, state: u8, now: u64): bool {
  if (state == STATE_DELAYED && job.major == PARKED_UNTIL) {
    if (states.park(job, now)) return true;
    job.major = now;
    return false;
  }
  return takePlace(job, state, now);
}

/**
 * Puts a job that stands nowhere into its place; false without memory for its priority, or when its
 * time is over: it is buried.
 */
export function takePlace(job: Job, state: u8, now: u64): bool {
  if (state == STATE_BURIED) {
    states.becomeBuried(job);
    return true;
  }
  if (state == STATE_DELAYED) {
    states.becomeDelayedUntil(job, job.major);
    if ((job.flags & TAGGED) != 0) watchLimits(job);
    return true;
  }
  return states.becomeReadySince(job, job.major, now);
}

/**
 * Moves the job to `tube`, of this shard: DONE, BURIED when it is,
 * NOT_FOUND, FULL, BUSY while it is MOVING, or MORE when it has to be copied, since the parts of
 * its body say in the journal which tube they are for. `failure` as with `release`; a job that
 * somebody held is ready afterwards, any other one as it was.
 */
export function moveJob(t: u32, conn: u32, id: f64, tube: u32, failure: u32, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  const refused = refusal(at, conn);
  if (refused != DONE) return leave(t, refused);
  const job = jobAt(at);
  if ((job.flags & CANCELLED) != 0) {
    if (failure != 0) failures.freeFailure(failureAt(failure));
    states.endCancelled(job, <u64>now);
    setResult(t, RESULT_LSN, <f64>shard().lsn);
    return leave(t, DONE);
  }
  if (tube != job.tube && isFull(t, tubeAt(tube), job.bodyBytes)) return leave(t, FULL);
  if (parts.partsOf(job) != 0) return leave(t, MORE);
  if (coldOf(job) == 0 || !journal.mayMoveTo(job, tubeAt(tube))) return leave(t, OUT_OF_MEMORY);
  const micros = <u64>now;
  const state = leavePlace(job, failure, micros);
  const answer = relocate(job, tubeAt(tube), state, micros);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  return leave(t, answer);
}

/** Has a job that stands nowhere stand in a tube of this shard: DONE, or BURIED when it is. */
export function relocate(job: Job, tube: Tube, state: u8, now: u64): i32 {
  const from = tubeAt(job.tube);
  const oldBytes = journal.putBytes(job);
  coldAt(job.cold).moves++;
  states.leaveTube(job);
  states.joinTube(tube, job);
  if (isAwaited(job)) tellTube(job);
  if ((job.flags & TAGGED) != 0) {
    renewAttempts(job);
    moveKey(job);
  }
  const isReady = state == STATE_READY || !takePlaceAgain(job, state, now);
  if (isReady) job.state = STATE_READY;
  journal.recordMove(job, oldBytes);
  const isPlaced = !isReady || takePlace(job, STATE_READY, now);
  forgetIfUnused(from);
  return isPlaced ? DONE : BURIED;
}

/* The shard that it leaves. */

function figure(t: u32, which: i32, value: f64): void {
  setResult(t, RESULT_STATS + which, value);
}

/**
 * Takes the job out of its place, to be copied: DONE, with everything about it but its body and its
 * failures (MOVE_* behind RESULT_STATS, its tags in the output slot); NOT_FOUND or BUSY. `failure`
 * is as with `moveJob`. What was recorded here up to RESULT_LSN has to be safe before anything but
 * its body is recorded there: a crash must not leave what followed and lose what came first.
 */
export function beginMove(t: u32, conn: u32, id: f64, failure: u32, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  const refused = refusal(at, conn);
  if (refused != DONE) return leave(t, refused);
  const job = jobAt(at);
  if ((job.flags & CANCELLED) != 0) {
    if (failure != 0) failures.freeFailure(failureAt(failure));
    states.endCancelled(job, <u64>now);
    setResult(t, RESULT_LSN, <f64>shard().lsn);
    return leave(t, MORE);
  }
  const leaves = isToLeave(job);
  const state = leavePlace(job, failure, <u64>now);
  beMoving(job, state);
  if ((job.flags & TAGGED) != 0) letGo(job, leaves);
  describe(t, job, state);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  return leave(t, DONE);
}

export function beMoving(job: Job, state: u8): void {
  job.state = STATE_MOVING;
  job.left = state;
  tubeAt(job.tube).using++;
}

/** A dead job that is to leave (leaving.ts) does so, to be copied as a ready one. */
export function beLeaving(t: u32, job: Job, now: u64): void {
  states.leaveState(job);
  beMoving(job, STATE_BURIED);
  job.flags |= DEAD;
  letGo(job, true);
  job.major = now;
  describe(t, job, STATE_READY);
}

/**
 * Its key is the tube's to give to another job, and no limit ends it. Where it does not come to its
 * new tube it is to leave, if it was before.
 */
export function letGo(job: Job, leaves: bool): void {
  setLeaving(tagsOf(job), leaves);
  leaveKey(tagsOf(job));
  stopTerm(tagsOf(job));
}

export function describe(t: u32, job: Job, state: u8): void {
  figure(t, MOVE_STATE, <f64>state);
  figure(t, MOVE_PRI, <f64>job.pri);
  figure(t, MOVE_DELAY_SECONDS, <f64>job.delaySeconds);
  figure(t, MOVE_TTR_SECONDS, <f64>job.ttrSeconds);
  figure(t, MOVE_BYTES, <f64>job.bodyBytes);
  figure(t, MOVE_CREATED, <f64>job.createdMicros);
  figure(t, MOVE_MAJOR, <f64>job.major);
  figure(t, MOVE_RESERVES, <f64>job.reserves);
  figure(t, MOVE_HAS_PARTS, parts.partsOf(job) == 0 ? 0 : 1);
  const cold = coldAt(job.cold);
  const has = job.cold != 0;
  figure(t, MOVE_MOVES, has ? <f64>cold.moves : 0);
  figure(t, MOVE_TIMEOUTS, has ? <f64>cold.timeouts : 0);
  figure(t, MOVE_RELEASES, has ? <f64>cold.releases : 0);
  figure(t, MOVE_BURIES, has ? <f64>cold.buries : 0);
  figure(t, MOVE_KICKS, has ? <f64>cold.kicks : 0);
  figure(t, MOVE_FAILURES, has ? <f64>cold.failures : 0);
  const tags = tagBytes(job);
  if (tags != 0) memory.copy(outputSlot(t), textOf(tagsOf(job)), tags);
  figure(t, MOVE_TAG_BYTES, <f64>tags);
}

/** The job of that id that is leaving; it is there. */
export function leaving(id: f64): Job {
  return moving(<u64>id, 0);
}

function arriving(id: f64): Job {
  return moving(<u64>id, ARRIVED);
}

function moving(id: u64, flag: u8): Job {
  let at = table.bucket(jobs(), <u32>id);
  while (at != 0) {
    const job = jobAt(at);
    if (job.minor == id && job.state == STATE_MOVING && (job.flags & ARRIVED) == flag) return job;
    at = job.chain;
  }
  must(false);
  return jobAt(0);
}

/** It goes back to its place after all, without its key if somebody has that by now. */
export function abortMove(t: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const job = leaving(id);
  job.flags &= ~DEAD;
  tubeAt(job.tube).using--;
  if ((job.flags & TAGGED) != 0) {
    moveKey(job);
    if (tagsOf(job).owes != 0) tell(job, false, <u64>now);
  }
  comeToPlace(job, <u64>now);
  return leave(t, DONE);
}

/** The job, which is not MOVING any more, takes the place that it is to have; as `takePlace`. */
function comeToPlace(job: Job, now: u64): bool {
  const state = <u8>job.left;
  if (state == STATE_READY) return takePlace(job, state, now);
  return takePlaceAgain(job, state, now) || takePlace(job, STATE_READY, now);
}

/** It has moved: what the journal has of it here is not needed any more. */
export function departMove(t: u32, id: f64): i32 {
  enter();
  const job = leaving(id);
  journal.recordDelete(job);
  job.lsn = 0; // nothing of it is to be kept
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  return leave(t, DONE);
}

/** Ends the record of a job that has departed. */
export function forgetMove(t: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const job = leaving(id);
  must(job.lsn == 0);
  forget(job);
  return leave(t, DONE);
}

/** The record of a job that was MOVING ends. */
export function forget(job: Job): void {
  if ((job.flags & DEAD) != 0) countDeadLetter(tubeAt(job.tube));
  if ((job.flags & TAGGED) != 0) passMembership(tagsOf(job));
  tubeAt(job.tube).using--;
  states.endJob(job);
}

/** A dead job of the tube has gone to its dead-letter tube. */
export function countDeadLetter(tube: Tube): void {
  tube.deadLetters++;
  shard().deadLetters++;
}

/* The shard that it comes to. */

/** Whether a job with a body of `bytes` may come to `tube`: DONE or FULL. */
export function mayArrive(t: u32, tube: u32, bytes: u32): i32 {
  enter();
  return leave(t, isFull(t, tubeAt(tube), bytes) ? FULL : DONE);
}

/**
 * A record for a job that comes to `tube`, which the caller uses: RESULT_REF. Its tags lie at
 * TAGS_OFFSET of the thread's area; its body and its failures follow.
 */
export function openArrival(
  t: u32,
  tube: u32,
  id: f64,
  state: u32,
  pri: u32,
  delaySeconds: u32,
  ttrSeconds: u32,
  bytes: u32,
  created: f64,
  major: f64,
  moves: u32,
  hasParts: u32,
  bytesOfTags: u32,
): i32 {
  enter();
  const at = bodies.makeJob(bytes, true);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  const job = jobAt(at);
  job.state = STATE_UPLOADING;
  job.flags = ARRIVED;
  job.tube = tube;
  job.minor = <u64>id;
  job.pri = pri;
  job.delaySeconds = delaySeconds;
  job.ttrSeconds = ttrSeconds;
  job.createdMicros = <i64>created;
  job.major = <u64>major;
  job.holder = state;
  const cold = coldOf(job);
  const isWhole = hasParts == 0 || !journal.isOpen();
  const isTagged =
    bytesOfTags == 0 ||
    (attach(job, <u64>id, tagsSlot(t), bytesOfTags, true) && joinNames(job, true));
  const isReady = cold != 0 && isTagged && (hasParts != 0 || journal.mayMoveTo(job, tubeAt(tube)));
  if (!isReady || !(isWhole || parts.makeParts(job, shard().partBytes, true))) {
    if ((job.flags & TAGGED) != 0) dropTags(job);
    bodies.freeJob(job);
    return leave(t, OUT_OF_MEMORY);
  }
  if (bytesOfTags != 0) {
    renewAttempts(job);
    setLeaving(tagsOf(job), false);
  }
  coldAt(cold).moves = moves + 1;
  link(job);
  setResult(t, RESULT_REF, <f64>at);
  return leave(t, DONE);
}

/* Those that are coming, linked so that what is recorded of them is kept (keep.ts). */

function link(job: Job): void {
  const at = addressOfJob(job);
  job.left = shard().arriving;
  job.right = 0;
  if (job.left != 0) jobAt(job.left).right = at;
  shard().arriving = at;
}

export function unlink(job: Job): void {
  if (job.left != 0) jobAt(job.left).right = job.right;
  if (job.right != 0) jobAt(job.right).left = job.left;
  else shard().arriving = job.left;
}

/** What is counted of a job that comes. */
export function countArrival(
  t: u32,
  arrival: u32,
  reserves: u32,
  timeouts: u32,
  releases: u32,
  buries: u32,
  kicks: u32,
  failed: u32,
): i32 {
  enter();
  const job = jobAt(arrival);
  job.reserves = reserves;
  const cold = coldAt(job.cold);
  cold.timeouts = timeouts;
  cold.releases = releases;
  cold.buries = buries;
  cold.kicks = kicks;
  cold.failures = failed;
  return leave(t, DONE);
}

/** What its holder last said of how far it is; without memory that is lost. */
export function noteArrival(t: u32, arrival: u32, offset: u32, bytes: u32): i32 {
  enter();
  keepNote(jobAt(arrival), inputSlot(t) + offset, bytes);
  return leave(t, DONE);
}

/** Brings more of the body; as `appendUpload`, beyond the budget if need be. */
export function appendArrival(t: u32, arrival: u32, position: u32, offset: u32, count: u32): i32 {
  enter();
  return leave(t, appendPieces(t, jobAt(arrival), position, offset, count, true));
}

/**
 * A failure of a job that comes, its message to follow: RESULT_REF. The name of who made the
 * attempt lies at WHO_OFFSET of the thread's area.
 */
export function openArrivedFailure(
  t: u32,
  number: u32,
  attempt: u32,
  at: f64,
  end: u32,
  whoBytes: u32,
  bytes: u32,
  hasMessage: u32,
): i32 {
  enter();
  const who = resultSlot(t) + WHO_OFFSET;
  const made = failures.makeFailure(who, whoBytes, bytes, hasMessage != 0, true);
  if (made == 0) return leave(t, OUT_OF_MEMORY);
  const failure = failureAt(made);
  failure.number = number;
  failure.attempt = attempt;
  failure.atMicros = <i64>at;
  failure.end = <u8>end;
  setResult(t, RESULT_REF, <f64>made);
  return leave(t, DONE);
}

/** Brings more of its message; OUT_OF_MEMORY when there is no place for all of it. */
export function appendArrivedFailure(
  t: u32,
  failure: u32,
  position: u32,
  offset: u32,
  count: u32,
): i32 {
  enter();
  const source = inputSlot(t) + offset;
  const taken = failures.appendMessage(failureAt(failure), position, source, count, true);
  return leave(t, taken == count ? DONE : OUT_OF_MEMORY);
}

/** The message is whole; MORE while the journal's ring has no room for the failure. */
export function addArrivedFailure(t: u32, arrival: u32, failure: u32): i32 {
  enter();
  if (!journal.hasRoom()) return leave(t, MORE);
  const job = jobAt(arrival);
  addFailure(job, coldAt(job.cold), failureAt(failure));
  return leave(t, DONE);
}

/** All of it is here: it is recorded, found, and MOVING. RESULT_LSN is its record. */
export function commitArrival(t: u32, arrival: u32): i32 {
  enter();
  const job = jobAt(arrival);
  must(job.state == STATE_UPLOADING);
  unlink(job);
  parts.settle(job);
  const state = <u8>job.holder;
  job.holder = 0;
  states.joinTube(tubeAt(job.tube), job);
  if ((job.flags & TAGGED) != 0) {
    moveKey(job);
    takeMembership(job);
  }
  beMoving(job, state);
  table.add(jobs(), job);
  journal.recordPut(job);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  return leave(t, DONE);
}

/** It takes its place: DONE, or BURIED (`takePlace`). */
export function settleArrival(t: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const job = arriving(id);
  const tube = tubeAt(job.tube);
  job.flags &= ~ARRIVED;
  setResult(t, RESULT_LSN, <f64>job.lsn);
  if ((job.flags & TAGGED) != 0) raiseLimits(job);
  const isPlaced = comeToPlace(job, <u64>now);
  if (shard().freedNames != 0) states.match(tube, <u64>now); // its key's limit has risen
  if (!isPlaced) setResult(t, RESULT_LSN, <f64>shard().lsn);
  tube.using--;
  return leave(t, isPlaced ? DONE : BURIED);
}

/** It does not come. With a journal that is a command that needs room in the ring. */
export function dropArrival(t: u32, arrival: u32): i32 {
  enter();
  const job = jobAt(arrival);
  must(job.state == STATE_UPLOADING);
  unlink(job);
  journal.recordDrop(job);
  parts.dropParts(job);
  failures.dropFailures(job);
  if ((job.flags & TAGGED) != 0) dropTags(job);
  bodies.freeJob(job);
  return leave(t, DONE);
}
