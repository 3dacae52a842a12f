/* Holding: the engine's exports that tell who holds what. Both only look. */
import {
  DONE,
  HELD_SHOWN_MAX,
  NOT_FOUND,
  RESULT_COUNT,
  RESULT_REF,
  RESULT_STATS,
  RESULT_TOKEN,
  STATE_RESERVED,
} from "./constants";
import { connAt, firstHeld } from "./conn";
import { enterAt } from "./deadlines";
import { jobAt } from "./job";
import { leave, outputSlot, setResult } from "./shard";
import { findJob } from "./states";
import { nameOf, tubeAt } from "./tube";
import * as tree from "./tree";
import {
  HELD_ENTRY_HEADER,
  HELD_ENTRY_ID,
  HELD_ENTRY_LEFT,
  HELD_ENTRY_NAME_BYTES,
} from "./layouts";

/**
 * Writes to the output slot the jobs that `conn` holds here, in the order in which their times to
 * run end, at most `most` and HELD_SHOWN_MAX of them: RESULT_COUNT entries (HELD_ENTRY_* of
 * layouts.ts). RESULT_REF is how many it holds.
 */
export function heldJobs(t: u32, conn: u32, most: u32, now: f64): i32 {
  enterAt(now);
  const bound = min(most, HELD_SHOWN_MAX);
  let to = outputSlot(t);
  let count: u32 = 0;
  let at = firstHeld(connAt(conn));
  while (at != 0 && count < bound) {
    const job = jobAt(at);
    const tube = tubeAt(job.tube);
    store<f64>(to, <f64>job.minor, HELD_ENTRY_ID);
    store<f64>(to, <f64>job.major - now, HELD_ENTRY_LEFT);
    store<u32>(to, tube.nameBytes, HELD_ENTRY_NAME_BYTES);
    memory.copy(to + HELD_ENTRY_HEADER, nameOf(tube), tube.nameBytes);
    to += (HELD_ENTRY_HEADER + <u32>tube.nameBytes + 7) & ~7;
    count++;
    at = tree.next(at);
  }
  setResult(t, RESULT_COUNT, <f64>count);
  setResult(t, RESULT_REF, <f64>connAt(conn).heldCount);
  return leave(t, DONE);
}

/**
 * Who holds the job: RESULT_TOKEN of the thread in the first figure behind RESULT_STATS; NOT_FOUND
 * when nobody does.
 */
export function holder(t: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0 || jobAt(at).state != STATE_RESERVED) return leave(t, NOT_FOUND);
  const conn = connAt(jobAt(at).holder);
  setResult(t, RESULT_TOKEN, <f64>conn.token);
  setResult(t, RESULT_STATS, <f64>conn.thread);
  return leave(t, DONE);
}
