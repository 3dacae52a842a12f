/* Verify: the engine and one more export, `verify`, that walks the whole shard and checks every
 * invariant. For tests only.
 *
 * Every job stands in exactly one place: what is found in buckets, trees and lists is found in the
 * table by its id, and there are as many there as here. Counters equal what they count, trees are
 * in order and shaped as their weights say, lists are linked both ways, nobody waits for a job that
 * may be taken, timers ring in time, a tube exists only while something refers to it, pages and
 * slots of the allocator are used or free and never both; once all records have been counted, each
 * segment's live bytes are those of the records that jobs, uploads and settings need. What only
 * the host knows, a tube's users and uploads, is taken as given: the slots that no walk reaches are
 * counted, so that the caller can compare (RESULT_COUNT).
 *
 * Unlike the engine, this module has globals and may only be used by one thread at a time.
 */
import { CODE_MASK, RESULT_COUNT } from "../constants";
import { enter, leave, setResult, shard, sleepForLock } from "../shard";
import { tubeAt } from "../tube";
import { beginPages, checkPages, isCounting } from "./allocator";
import { checkResults } from "./awaits";
import { checkConns } from "./conns";
import { firstBroken, reset, whole } from "./findings";
import { checkGone } from "./jobs";
import { checkOpenParts, checkSegments, checkSpentParts } from "./journal";
import { checkAllNames } from "./names";
import { checkCounts } from "./shares";
import { checkShard } from "./shard";
import { checkKeysAndTerms } from "./tags";
import { checkShardTimes, checkTube, checkTubes } from "./tubes";

export * from "../index";
export * from "./invariants";
export { relations } from "./relations";
export { shake } from "./shake";
export { isCooling, isToLeave } from "./tags";

/**
 * Walks the whole shard: 0, or the number of the first invariant found broken. `deep` takes in the
 * allocator: the input and output slots of thread `t` are overwritten, and RESULT_COUNT is how many
 * slots are in use that no walk reaches: one for each upload and each failure that is not a job's
 * yet, and one for each block of theirs.
 */
export function verify(t: u32, deep: i32): i32 {
  enter();
  reset();
  beginPages(t, deep != 0);
  for (let at = shard().tubesHead, prev: u32 = 0; at != 0 && whole();) {
    checkTube(tubeAt(at), prev);
    prev = at;
    at = tubeAt(at).nextTube;
  }
  checkTubes();
  if (whole()) checkShardTimes();
  if (whole()) checkConns();
  if (whole()) checkOpenParts();
  if (whole()) checkGone();
  if (whole()) checkSpentParts();
  if (whole()) checkResults();
  if (whole()) checkKeysAndTerms();
  if (whole()) checkAllNames();
  if (whole()) checkCounts();
  if (whole()) checkSegments();
  if (whole()) checkShard();
  if (whole() && isCounting()) setResult(t, RESULT_COUNT, <f64>checkPages());
  return leave(t, firstBroken()) & CODE_MASK;
}

/** Takes the lock as whoever finds it taken, but with steps of that length. */
export function lockInSteps(stepMillis: i32): void {
  sleepForLock(<i64>stepMillis * 1000000);
}
