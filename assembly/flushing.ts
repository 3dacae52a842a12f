/* Flushing: deleting the jobs of a tube that were there at a certain moment, whoever holds them, a
 * bounded piece at a time.
 *
 * What was there is told by the id: nothing above `last` is touched, so no producer can keep a
 * flush going. It takes the reserved jobs first, so that their holders bring none back. What nobody
 * reserves after that only goes from buried or delayed to ready, so the buried ones come next, then
 * the delayed, then the ready. What is reserved meanwhile it may miss; so the host goes through the
 * tube again until there was nothing to delete. Within a kind it never looks at a place twice:
 *
 *   reserved  connection after connection (holders.ts)
 *   buried    whoever was buried later stands further behind: the first job above `last` ends it
 *   delayed   from the last deadline down: new jobs with the delay of their forerunners are behind
 *             it at once
 *   ready     bucket after bucket; in each the lowest id comes first, so one look tells that there
 *             are only new jobs
 *   cooling   last of all, the keys of jobs that were deleted: their cooldowns end, and what the
 *             flush itself deletes begins none
 *
 * A piece is a critical section that looks at STEP_JOBS jobs at most and writes as many records, or
 * fewer that are longer. Called by the host (src/session/flushing.ts).
 */
import {
  DONE,
  KIND_ASIDE,
  KIND_BURIED,
  KIND_COOLING,
  KIND_DELAYED,
  KIND_READY,
  KIND_RESERVED,
  KIND_SHARED,
  MORE,
  NEVER_MICROS,
  NONE,
  NOT_FOUND,
  PLACE_CONN,
  PLACE_MAJOR,
  PLACE_MINOR,
  RESULT_COUNT,
  RESULT_LSN,
  RESULT_REF,
  RESULT_STATS,
  SCRATCH_OFFSET,
  STATE_RESERVED,
  STEP_JOBS,
} from "./constants";
import * as commands from "./commands";
import { enterAt } from "./deadlines";
import { failuresKept } from "./failure";
import { HeldWalk, beginPart, isOver, nextHeld } from "./holders";
import { Job, jobAt } from "./job";
import { endCooling } from "./keys";
import { firstBehind, laneAt, lanesRoot } from "./lanes";
import { nodeAt } from "./node";
import { leaseEnds } from "./notes";
import { bestInLine, bestOf, bucketAt } from "./bucket";
import * as ready from "./ready";
import { shareAt, shareFrom } from "./shares";
import { inputSlot, leave, resultSlot, setResult, shard } from "./shard";
import { delayedRoot, match } from "./states";
import { tagsAt } from "./tags";
import { Tube, addressOfTube, findTube, forgetIfUnused, tubeAt } from "./tube";
import * as tree from "./tree";

/**
 * What one piece keeps at hand; lies in the thread's result area, where a run would keep its own.
 * Where it is: among the reserved jobs as the walk says; of the delayed ones, those before (major,
 * minor) are left; of the buckets, those from priority major on; of the lanes, those from number
 * conn on, and of that one what is behind (major, minor);
 * of the shares, those from (conn, major) on.
 */
@unmanaged
export class Flush extends HeldWalk {
  last: u64;
  deleted: u32;
}

/**
 * A job whose tombstone tells of failures counts as several: what a piece writes must fit the room
 * of a command.
 */
function looksAt(job: Job): u32 {
  return 1 + (failuresKept(job) >> 2);
}

/** Deletes the job if it was there when the flush began. */
function flushOne(flush: Flush, job: Job): bool {
  flush.looksLeft -= min(looksAt(job), flush.looksLeft);
  if (job.minor > flush.last) return false;
  if (job.state == STATE_RESERVED) leaseEnds(job);
  commands.discard(job); // whoever holds it did not process it
  flush.deleted++;
  return true;
}

/* Each of these goes on until its kind is done (true) or it is enough for one piece. */

function flushReserved(flush: Flush, tube: Tube): bool {
  beginPart(flush, flush.looksLeft);
  while (tube.reserved != 0 && flush.looksLeft > 0) {
    const at = nextHeld(flush);
    if (at != 0 && jobAt(at).tube == addressOfTube(tube)) flushOne(flush, jobAt(at));
    else if (isOver(flush)) return true;
  }
  return tube.reserved == 0;
}

function flushBuried(flush: Flush, tube: Tube): bool {
  while (flush.looksLeft > 0) {
    if (tube.buriedHead == 0 || !flushOne(flush, jobAt(tube.buriedHead))) return true;
  }
  return false;
}

function flushDelayed(flush: Flush, tube: Tube): bool {
  let at = tree.lastBefore(delayedRoot(tube), flush.major, flush.minor);
  while (at != 0 && flush.looksLeft > 0) {
    const before = tree.previous(at);
    flush.major = nodeAt(at).major;
    flush.minor = nodeAt(at).minor;
    flushOne(flush, jobAt(at));
    at = before;
  }
  return at == 0;
}

function flushReady(flush: Flush, tube: Tube): bool {
  while (flush.looksLeft > 0) {
    const bucket = tree.findFrom(ready.bucketsRoot(tube), flush.major);
    if (bucket == 0) return true;
    flush.major = nodeAt(bucket).major;
    if (!flushOne(flush, jobAt(bestOf(bucketAt(bucket))))) flush.major++;
  }
  return false;
}

/** What is left of the shares, one after the other, each in the order of ids. */
function flushShares(flush: Flush, tube: Tube): bool {
  while (flush.looksLeft > 0) {
    const at = shareFrom(tube, flush.conn, flush.major);
    if (at == 0) return true;
    const share = shareAt(at);
    const best = bestInLine(share);
    flush.conn = share.key;
    flush.major = share.pri;
    if (best != 0 && flushOne(flush, jobAt(best))) continue;
    if (best == 0) flush.looksLeft--;
    flush.major++;
  }
  return false;
}

/** What is left of the lanes, one after the other, of each by (pri, id). */
function flushAside(flush: Flush, tube: Tube): bool {
  while (flush.looksLeft > 0) {
    const lane = tree.findFrom(lanesRoot(tube), flush.conn);
    if (lane == 0) return true;
    if (laneAt(lane).major != flush.conn) stepTo(flush, laneAt(lane).major);
    const at = firstBehind(laneAt(lane), <u32>flush.major, flush.minor);
    if (at == 0) {
      stepTo(flush, flush.conn + 1);
      flush.looksLeft--;
      continue;
    }
    flush.major = jobAt(at).pri;
    flush.minor = jobAt(at).minor;
    flushOne(flush, jobAt(at));
  }
  return false;
}

function stepTo(flush: Flush, number: u64): void {
  flush.conn = number;
  flush.major = 0;
  flush.minor = 0;
}

/** The first key whose job is above `last` ends it, as with buried jobs. */
function flushCooling(flush: Flush, tube: Tube): bool {
  while (flush.looksLeft > 0) {
    if (tube.coolingHead == 0) return true;
    const own = tagsAt(tube.coolingHead);
    if (own.minor > flush.last) return true;
    endCooling(own);
    flush.looksLeft--;
  }
  return false;
}

/** Goes on with the jobs of `kind`; returns the kind to go on with, NONE when there is none. */
function goOn(flush: Flush, tube: Tube, kind: i32): i32 {
  if (kind == KIND_RESERVED && flushReserved(flush, tube)) kind = KIND_BURIED;
  if (kind == KIND_BURIED && flushBuried(flush, tube)) {
    flush.major = <u64>NEVER_MICROS + 1; // parked ones are the last
    flush.minor = 0;
    kind = KIND_DELAYED;
  }
  if (kind == KIND_DELAYED && flushDelayed(flush, tube)) {
    flush.major = 0;
    kind = KIND_READY;
  }
  if (kind == KIND_READY && flushReady(flush, tube)) {
    stepTo(flush, 0);
    kind = KIND_SHARED;
  }
  if (kind == KIND_SHARED && flushShares(flush, tube)) {
    stepTo(flush, 0);
    kind = KIND_ASIDE;
  }
  if (kind == KIND_ASIDE && flushAside(flush, tube)) kind = KIND_COOLING;
  return kind == KIND_COOLING && flushCooling(flush, tube) ? NONE : kind;
}

/**
 * Deletes a part of the named tube's jobs with ids up to `last`, beginning with KIND_RESERVED and
 * zeros: RESULT_COUNT of them. MORE when there is more to do: then RESULT_REF, PLACE_CONN,
 * PLACE_MAJOR and PLACE_MINOR are what to go on with. DONE at the end of the tube: jobs that were
 * reserved between two pieces may be left, so whoever needed several goes through it again.
 */
export function flushTube(
  t: u32,
  offset: u32,
  bytes: u32,
  kind: i32,
  conn: f64,
  major: f64,
  minor: f64,
  last: f64,
  now: f64,
): i32 {
  enterAt(now);
  setResult(t, RESULT_COUNT, 0);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  const at = findTube(inputSlot(t) + offset, bytes);
  if (at == 0) return leave(t, NOT_FOUND);
  const flush = changetype<Flush>(resultSlot(t) + SCRATCH_OFFSET);
  flush.last = <u64>last;
  flush.conn = <u64>conn;
  flush.major = <u64>major;
  flush.minor = <u64>minor;
  flush.looksLeft = STEP_JOBS;
  flush.deleted = 0;
  const tube = tubeAt(at);
  tube.using++; // it must not go with its last job
  const next = goOn(flush, tube, kind);
  match(tube, <u64>now); // less of it is held now
  tube.using--;
  forgetIfUnused(tube);
  setResult(t, RESULT_COUNT, <f64>flush.deleted);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  setResult(t, RESULT_REF, <f64>next);
  setResult(t, RESULT_STATS + PLACE_CONN, <f64>flush.conn);
  setResult(t, RESULT_STATS + PLACE_MAJOR, <f64>flush.major);
  setResult(t, RESULT_STATS + PLACE_MINOR, <f64>flush.minor);
  return leave(t, next == NONE ? DONE : MORE);
}
