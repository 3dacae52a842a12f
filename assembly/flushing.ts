/* Flushing: deleting the ready, delayed and buried jobs of a tube that were there at a certain
 * moment, a bounded piece at a time.
 *
 * What was there is told by the id: nothing above `last` is touched, so no producer can keep a
 * flush going. Jobs that nobody reserves meanwhile only go from buried or delayed to ready, so a
 * flush takes the buried ones first, then the delayed, then the ready, and misses none of them.
 * Within a kind it never looks at a place twice:
 *
 *   buried    whoever was buried later stands further behind: the first job above `last` ends it
 *   delayed   from the last deadline down: new jobs with the delay of their forerunners are behind
 *             it at once
 *   ready     bucket after bucket; in each the lowest id comes first, so one look tells that there
 *             are only new jobs
 *
 * A piece is a critical section that looks at STEP_JOBS jobs at most and writes as many records, or
 * fewer that are longer. Called by the host (src/session/flushing.ts).
 */
import {
  DONE,
  FLUSH_MAJOR,
  FLUSH_MINOR,
  KIND_BURIED,
  KIND_DELAYED,
  KIND_READY,
  MORE,
  NEVER_MICROS,
  NONE,
  NOT_FOUND,
  RESULT_COUNT,
  RESULT_LSN,
  RESULT_REF,
  RESULT_STATS,
  SCRATCH_OFFSET,
  STEP_JOBS,
} from "./constants";
import * as commands from "./commands";
import { enterAt } from "./deadlines";
import { failuresKept } from "./failure";
import { Job, jobAt } from "./job";
import { nodeAt } from "./node";
import * as ready from "./ready";
import { inputSlot, leave, resultSlot, setResult, shard } from "./shard";
import { delayedRoot } from "./states";
import { Tube, findTube, forgetIfUnused, tubeAt } from "./tube";
import * as tree from "./tree";

/**
 * What one piece keeps at hand; lies in the thread's result area, where a run would keep its own.
 */
@unmanaged
export class Flush {
  last: u64;
  /**
   * Where it is: of the delayed jobs, those before (major, minor) are left; of the buckets, those
   * from priority major on.
   */
  major: u64;
  minor: u64;
  looksLeft: u32;
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
  commands.deleteJob(job, 0); // nobody holds it, so no time in process ends
  flush.deleted++;
  return true;
}

/* Each of these goes on until its kind is done (true) or it is enough for one piece. */

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
    if (!flushOne(flush, jobAt(ready.bestOf(ready.bucketAt(bucket))))) flush.major++;
  }
  return false;
}

/** Goes on with the jobs of `kind`; returns the kind to go on with, NONE when there is none. */
function goOn(flush: Flush, tube: Tube, kind: i32): i32 {
  if (kind == KIND_BURIED && flushBuried(flush, tube)) {
    flush.major = <u64>NEVER_MICROS;
    flush.minor = 0;
    kind = KIND_DELAYED;
  }
  if (kind == KIND_DELAYED && flushDelayed(flush, tube)) {
    flush.major = 0;
    kind = KIND_READY;
  }
  return kind == KIND_READY && flushReady(flush, tube) ? NONE : kind;
}

/**
 * Deletes a part of the named tube's jobs with ids up to `last`, beginning with KIND_BURIED and any
 * (major, minor): RESULT_COUNT of them. MORE when there is more to do: then RESULT_REF, FLUSH_MAJOR
 * and FLUSH_MINOR are what to go on with.
 */
export function flushTube(
  t: u32,
  offset: u32,
  bytes: u32,
  kind: i32,
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
  flush.major = <u64>major;
  flush.minor = <u64>minor;
  flush.looksLeft = STEP_JOBS;
  flush.deleted = 0;
  const tube = tubeAt(at);
  tube.using++; // it must not go with its last job
  const next = goOn(flush, tube, kind);
  tube.using--;
  forgetIfUnused(tube);
  setResult(t, RESULT_COUNT, <f64>flush.deleted);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  setResult(t, RESULT_REF, <f64>next);
  setResult(t, RESULT_STATS + FLUSH_MAJOR, <f64>flush.major);
  setResult(t, RESULT_STATS + FLUSH_MINOR, <f64>flush.minor);
  return leave(t, next == NONE ? DONE : MORE);
}
