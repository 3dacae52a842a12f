/* Arranging: the order in which tubes are listed after a restart.
 *
 * While a server runs, tubes stand in the order in which they were made. What a replay meets first
 * says little about that: jobs are written anew when a segment is reclaimed, and each shard replays
 * its own. So after it the tubes are put into an order that the jobs alone decide, whatever the
 * number of shards: that of each tube's oldest job, deleted ones whose key is in its cooldown
 * counted in, behind the one that is always there. Those that are there because something is set
 * for them, and have no job, stand behind all others. Called at the end of a replay, before any
 * other thread has an instance.
 */
import { DONE, RESULT_COUNT } from "./constants";
import { jobAt } from "./job";
import { keysRoot } from "./keys";
import { enter, jobs, leave, setResult, shard } from "./shard";
import * as table from "./table";
import { tagsAt } from "./tags";
import * as tree from "./tree";
import { Tube, tubeAt } from "./tube";

/** The pinned tube, "default", is the first of all; see the host's shards.ts. */
const FIRST_NUMBER: u64 = 1;
/** Of a tube without a job, until it gets one. */
const NO_NUMBER: u64 = u64.MAX_VALUE;

/** Numbers the tubes by their oldest jobs, and puts their list into that order. */
export function arrangeTubes(): void {
  for (let at = shard().tubesHead; at != 0; at = tubeAt(at).nextTube) {
    tubeAt(at).createdNumber = tubeAt(at).pinned != 0 ? FIRST_NUMBER : NO_NUMBER;
  }
  const heads = table.heads(jobs());
  for (let at = tree.first(keysRoot()); at != 0; at = tree.next(at)) {
    numberBy(tagsAt(at).tube, tagsAt(at).minor);
  }
  for (let bucket: u32 = 0; bucket < heads; ++bucket) {
    for (let at = table.head(jobs(), bucket); at != 0; at = jobAt(at).chain) {
      numberBy(jobAt(at).tube, jobAt(at).minor);
    }
  }
  relink(sorted(shard().tubesHead));
}

/** Numbers the tubes that no job numbered, from `number` on: RESULT_COUNT of them. */
export function numberTubes(t: u32, number: f64): i32 {
  enter();
  let count: u32 = 0;
  for (let at = shard().tubesHead; at != 0; at = tubeAt(at).nextTube) {
    if (tubeAt(at).createdNumber == NO_NUMBER) tubeAt(at).createdNumber = <u64>number + count++;
  }
  setResult(t, RESULT_COUNT, <f64>count);
  return leave(t, DONE);
}

/** No two tubes have the same number: a job stands in one, or stood when it was deleted. */
function numberBy(at: u32, id: u64): void {
  const tube = tubeAt(at);
  tube.createdNumber = min(tube.createdNumber, id + FIRST_NUMBER);
}

/** The list that begins at `head`, by number; only its links forward are right. */
function sorted(head: u32): u32 {
  let list = head;
  for (let run: u32 = 1; run < shard().tubes; run <<= 1) list = merged(list, run);
  return list;
}

/** The list with each two of its sorted runs of that length merged into one. */
function merged(head: u32, run: u32): u32 {
  let list: u32 = 0;
  let tail: u32 = 0;
  let rest = head;
  while (rest != 0) {
    let left = rest;
    let right = behind(left, run);
    rest = behind(right, run);
    const middle = right;
    const end = rest;
    while (left != middle || right != end) {
      const takesLeft = right == end || (left != middle && isBefore(tubeAt(left), tubeAt(right)));
      const next = takesLeft ? left : right;
      if (takesLeft) left = tubeAt(left).nextTube;
      else right = tubeAt(right).nextTube;
      if (tail == 0) list = next;
      else tubeAt(tail).nextTube = next;
      tail = next;
    }
  }
  if (tail != 0) tubeAt(tail).nextTube = 0;
  return list;
}

/** The tube that stands `count` places behind `at`; 0 beyond the end. */
function behind(at: u32, count: u32): u32 {
  let found = at;
  for (let left = count; left > 0 && found != 0; --left) found = tubeAt(found).nextTube;
  return found;
}

function isBefore(a: Tube, b: Tube): bool {
  return a.createdNumber < b.createdNumber;
}

function relink(head: u32): void {
  const s = shard();
  s.tubesHead = head;
  let before: u32 = 0;
  for (let at = head; at != 0; at = tubeAt(at).nextTube) {
    tubeAt(at).prevTube = before;
    before = at;
  }
  s.tubesTail = before;
}
