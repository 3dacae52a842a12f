/* Claiming: the exports by which a batch moves jobs: each is its own to move first, then copied if
 * need be, and moves with all else that the batch does.
 *
 *   claimMove      nobody else moves the job; all else may happen to it, which makes a copy stale
 *   openArrival, appendArrival, addArrivedFailure      as in migrating.ts: what is recorded of the
 *                  copy counts only with the job's PUT record, which is the batch's
 *   moveInGroup    in one step: in one shard, and the PUT record may hold the body
 *   leaveInGroup, arriveInGroup, endInGroup      with the copy, in one shard or over two
 *   dropClaim      the batch is refused
 *
 * A long body has gone ahead in parts then, and failures too, so the batch's own records are short.
 * Batches claim jobs in the order of their ids: so none waits for one that waits for it. All that
 * is called between `enterGroup` and `leaveGroup` takes no lock. Conventions: index.ts.
 */
import {
  BURIED,
  DONE,
  END_MOVED,
  FULL,
  INLINE_BODY_MAX,
  KNOWN,
  MORE,
  MOVE_BURIES,
  MOVE_DELAY_SECONDS,
  MOVE_FAILURES,
  MOVE_HAS_FAILED,
  MOVE_HAS_PARTS,
  MOVE_KICKS,
  MOVE_MAJOR,
  MOVE_PRI,
  MOVE_RELEASES,
  MOVE_RESERVES,
  MOVE_STATE,
  MOVE_TAG_BYTES,
  MOVE_TIMEOUTS,
  NOT_FOUND,
  OUT_OF_MEMORY,
  RESULT_COUNT,
  RESULT_ID,
  RESULT_LSN,
  RESULT_NAME_BYTES,
  RESULT_STATS,
  STATE_READY,
  STATE_RESERVED,
  STATE_UPLOADING,
} from "./constants";
import { connAt } from "./conn";
import { enterAt } from "./deadlines";
import { failureAt, freeFailure, makeFailure, makeFailureOf } from "./failure";
import {
  CANCELLED,
  CLAIMED,
  CLAIM_STALE,
  Job,
  TAGGED,
  coldAt,
  coldOf,
  jobAt,
  stateOf,
} from "./job";
import { takeMembership } from "./jobgroups";
import { raiseLimits } from "./joining";
import * as journal from "./journal";
import { keepFailure } from "./keeping";
import { findKey, moveKey } from "./keys";
import { renewAttempts } from "./limits";
import * as moves from "./migrating";
import * as parts from "./parts";
import { isFull } from "./settings";
import { enter, jobs, leave, must, outputSlot, resultSlot, setResult, shard } from "./shard";
import * as states from "./states";
import { findJob } from "./states";
import * as table from "./table";
import { entryName, entryNameBytes, entryNumber, idpEntry, keyEntry, retell } from "./tags";
import { setLeaving, tagBytes, tagsAt, tagsOf, tagsSlot, textOf } from "./tags";
import { tubeAt } from "./tube";

/** Whether a job moves with a copy even within its shard: its body is to go ahead in parts. */
export function needsCopy(job: Job): bool {
  return parts.partsOf(job) != 0 || (journal.isOpen() && job.bodyBytes > INLINE_BODY_MAX);
}

/* The claim. */

/**
 * Claims a job that `conn` may move, again if it `isMine`: DONE, MORE if it needs a copy within the
 * shard too, and then it is as `beginMove` shows it; NOT_FOUND; BUSY while somebody else moves it;
 * OUT_OF_MEMORY. BURIED when it was cancelled: it needs none. What was recorded here up to
 * RESULT_LSN has to be safe before failures are recorded with a copy.
 */
export function claimMove(t: u32, conn: u32, id: f64, isMine: u32, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  const refused = moves.refusal(at, conn, isMine != 0);
  if (refused != DONE) return leave(t, refused);
  const job = jobAt(at);
  if (coldOf(job) == 0) return leave(t, OUT_OF_MEMORY);
  coldAt(job.cold).claim = CLAIMED;
  moves.describe(t, job, stateOf(job));
  if (needsCopy(job)) setResult(t, RESULT_STATS + MOVE_HAS_PARTS, journal.isOpen() ? 1 : 0);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  if ((job.flags & CANCELLED) != 0) return leave(t, BURIED);
  return leave(t, needsCopy(job) ? MORE : DONE);
}

/** Gives up the claim to a job, which may be gone. */
export function dropClaim(t: u32, id: f64): i32 {
  enter();
  const at = findJob(<u64>id);
  if (at != 0 && jobAt(at).cold != 0) coldAt(jobAt(at).cold).claim = 0;
  return leave(t, DONE);
}

/* What would come of it. */

/** As `findForGroup`, to move the job: DONE, MORE if it needs a copy, NOT_FOUND or BUSY. */
export function mayMove(at: u32, conn: u32, isMine: bool): i32 {
  const refused = moves.refusal(at, conn, isMine);
  if (refused != DONE) return refused;
  return needsCopy(jobAt(at)) ? MORE : DONE;
}

/** Whether what was copied of the job is not all that there is. */
export function isStale(job: Job): bool {
  return job.cold != 0 && coldAt(job.cold).claim == CLAIM_STALE;
}

/**
 * Whether a job with a body of `bytes` may come to `tube` when that has so many more jobs and bytes
 * than it has now: DONE or FULL.
 */
export function mayComeInGroup(t: u32, tube: u32, bytes: u32, moreJobs: f64, moreBytes: f64): i32 {
  return isFull(t, tubeAt(tube), bytes, moreJobs, moreBytes) ? FULL : DONE;
}

/** The tags of a job that is here, in the output slot: RESULT_COUNT bytes, 0 when it has none. */
export function tagsInGroup(t: u32, id: f64): void {
  const job = jobAt(findJob(<u64>id));
  const bytes = tagBytes(job);
  if (bytes != 0) memory.copy(outputSlot(t), textOf(tagsOf(job)), bytes);
  setResult(t, RESULT_COUNT, <f64>bytes);
}

/**
 * Whether the key in the `bytes` bytes of tags at TAGS_OFFSET is free in that tube: DONE; NOT_FOUND
 * when there is none in them; KNOWN when RESULT_ID has it, or had it, with RESULT_COUNT seconds of
 * a cooldown. The key stands in the output slot, RESULT_NAME_BYTES of it.
 */
export function keyInGroup(t: u32, tube: u32, bytes: u32): i32 {
  const entry = keyEntry(tagsSlot(t), bytes);
  if (entry == 0) return NOT_FOUND;
  const length = entryNameBytes(entry);
  memory.copy(outputSlot(t), entryName(entry), length);
  setResult(t, RESULT_NAME_BYTES, <f64>length);
  const found = findKey(tube, entry);
  if (found == 0) return DONE;
  const own = tagsAt(found);
  setResult(t, RESULT_ID, <f64>own.minor);
  setResult(t, RESULT_COUNT, <f64>entryNumber(idpEntry(own)));
  return KNOWN;
}

/* All is done. */

/**
 * Moves a job of this shard, which was found for that and needs no copy, to `tube` of this shard;
 * the answer and `failure` as with `moveJob`.
 */
export function moveInGroup(t: u32, id: f64, tube: u32, failure: u32, now: f64): i32 {
  const job = jobAt(findJob(<u64>id));
  const micros = <u64>now;
  if ((job.flags & CANCELLED) != 0) {
    if (failure != 0) freeFailure(failureAt(failure));
    states.endCancelled(job, micros);
    return DONE;
  }
  const state = moves.leavePlace(job, failure, micros);
  const answer = moves.relocate(job, tubeAt(tube), state, micros);
  coldAt(job.cold).claim = 0;
  return answer;
}

/**
 * A job that was copied leaves its place: DONE, and it is as `beginMove` shows it. Whether the
 * attempt at it has failed, as it has if `hasFailure`, says MOVE_HAS_FAILED: that is kept with the
 * copy. MORE when it had been cancelled, and is gone.
 */
export function leaveInGroup(t: u32, id: f64, hasFailure: u32, now: f64): i32 {
  const job = jobAt(findJob(<u64>id));
  const micros = <u64>now;
  if ((job.flags & CANCELLED) != 0) {
    states.endCancelled(job, micros);
    return MORE;
  }
  const hasFailed = job.state == STATE_RESERVED || hasFailure != 0;
  const state = moves.leavePlace(job, hasFailure, micros, false);
  moves.beMoving(job, state);
  if ((job.flags & TAGGED) != 0) moves.letGo(job, false);
  moves.describe(t, job, state);
  setResult(t, RESULT_STATS + MOVE_HAS_FAILED, hasFailed ? 1 : 0);
  return DONE;
}

/**
 * The copy is the job now, as the host has brought it here: MOVE_* behind RESULT_STATS, its tags at
 * TAGS_OFFSET. `failure` is what was said of the attempt that has ended, 0 when nothing was; `conn`
 * the record here of whoever made it, or 0. DONE, or BURIED when it is.
 */
export function arriveInGroup(t: u32, arrival: u32, conn: u32, failure: u32, now: f64): i32 {
  const job = jobAt(arrival);
  must(job.state == STATE_UPLOADING);
  moves.unlink(job);
  parts.settle(job);
  const state = <u8>figure(t, MOVE_STATE);
  takeFigures(t, job);
  states.joinTube(tubeAt(job.tube), job);
  job.state = STATE_READY; // it stands nowhere yet
  if ((job.flags & TAGGED) != 0) {
    retell(tagsOf(job), tagsSlot(t));
    renewAttempts(job);
    setLeaving(tagsOf(job), false);
    moveKey(job);
    takeMembership(job);
    raiseLimits(job);
  }
  table.add(jobs(), job);
  if (figure(t, MOVE_HAS_FAILED) != 0) keepAttempt(job, conn, failure, <u64>now);
  const isReady = state == STATE_READY || !moves.takePlaceAgain(job, state, <u64>now);
  if (isReady) job.state = STATE_READY;
  journal.recordPut(job);
  const isPlaced = !isReady || moves.takePlace(job, STATE_READY, <u64>now);
  // The limit of its key has risen.
  if (shard().freedNames != 0) states.match(tubeAt(job.tube), <u64>now);
  return isPlaced ? DONE : BURIED;
}

function figure(t: u32, which: i32): f64 {
  return load<f64>(resultSlot(t) + ((<usize>(RESULT_STATS + which)) << 3));
}

/** What may have changed since it was copied. */
function takeFigures(t: u32, job: Job): void {
  job.holder = 0;
  job.flags = (job.flags & TAGGED) as u8;
  job.pri = <u32>figure(t, MOVE_PRI);
  job.delaySeconds = <u32>figure(t, MOVE_DELAY_SECONDS);
  job.major = <u64>figure(t, MOVE_MAJOR);
  job.reserves = <u32>figure(t, MOVE_RESERVES);
  const cold = coldAt(job.cold);
  cold.timeouts = <u32>figure(t, MOVE_TIMEOUTS);
  cold.releases = <u32>figure(t, MOVE_RELEASES);
  cold.buries = <u32>figure(t, MOVE_BURIES);
  cold.kicks = <u32>figure(t, MOVE_KICKS);
  cold.failures = <u32>figure(t, MOVE_FAILURES);
  must((job.flags & TAGGED) == 0 || <f64>tagBytes(job) == figure(t, MOVE_TAG_BYTES));
}

/** Keeps the attempt that has ended with the copy, if there is memory for that. */
function keepAttempt(job: Job, conn: u32, failure: u32, now: u64): void {
  if (shard().keepsFailures == 0) {
    if (failure != 0) freeFailure(failureAt(failure));
    return;
  }
  const made = failure != 0 ? failure : makeSilent(conn);
  if (made != 0) keepFailure(job, coldAt(job.cold), failureAt(made), END_MOVED, now);
}

function makeSilent(conn: u32): u32 {
  if (conn == 0) return makeFailure(0, 0, 0, false, false);
  return makeFailureOf(connAt(conn), 0, false);
}

/** The job that has left its place ends here. */
export function endInGroup(id: f64): void {
  const job = moves.leaving(id);
  journal.recordDelete(job);
  moves.forget(job);
}
