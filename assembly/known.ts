/* Known: puts with tags: the job is made, unless another has its idempotency key, and then the put
 * meets that one.
 *
 * A put that meets a job inserts nothing; a lower priority than the job's becomes the job's,
 * whatever its state. One that meets a key in its cooldown learns which job had it. Called by the
 * exports of putting.ts, inside a critical section.
 */
import {
  FULL,
  JOB_PRI,
  JOB_STATE,
  KNOWN,
  NOT_RAISED,
  OUT_OF_MEMORY,
  RESULT_ID,
  RESULT_LSN,
  RESULT_STATS,
  STATE_READY,
  STATE_RESERVED,
} from "./constants";
import * as commands from "./commands";
import { CANCELLED, Job, freeJob, stateOf } from "./job";
import * as journal from "./journal";
import { endCooling, findKey, takeKey } from "./keys";
import * as parts from "./parts";
import { joinGroup } from "./jobgroups";
import { takeNames } from "./joining";
import { moveCount } from "./shares";
import { addGiven, isFull } from "./settings";
import { setResult, shard } from "./shard";
import * as states from "./states";
import { GIVEN_BYTES, Tags, attach, detach, jobOf, keyEntry, tagsAt, tagsSlot } from "./tags";
import { Tube, tubeAt } from "./tube";

/**
 * Makes a job of a record that holds its whole body and of the `bytes` bytes of tags in the slot of
 * thread `t`, and of those that its tube gives; as `admit` of commands.ts, or KNOWN, and then the
 * record is gone; or FULL or OUT_OF_MEMORY.
 */
export function admitTagged(
  t: u32,
  job: Job,
  tube: u32,
  id: f64,
  pri: u32,
  delay: f64,
  ttr: u32,
  bytes: u32,
  now: f64,
): i32 {
  const text = tagsSlot(t);
  const entry = keyEntry(text, bytes);
  const found = entry == 0 ? 0 : findLiving(tube, entry, <u64>now);
  if (found != 0) {
    journal.recordDrop(job);
    parts.dropParts(job);
    freeJob(job);
    return meet(t, tagsAt(found), pri, <u64>now);
  }
  if (isFull(t, tubeAt(tube), job.bodyBytes)) return FULL;
  const all = withGiven(job, tubeAt(tube), text, bytes);
  if (all != 0 && !isTagged(job, <u64>id, text, all)) return OUT_OF_MEMORY;
  parts.settle(job);
  if (all != 0) {
    takeKey(job, tubeAt(tube));
    joinGroup(job);
  }
  const answer = commands.admit(t, job, tube, id, pri, delay, ttr, now);
  if (shard().freedNames != 0) states.match(tubeAt(tube), <u64>now); // its key's limit has risen
  return answer;
}

/**
 * Adds what the tube gives; returns how many bytes of tags there are then. A long body that began
 * to come before it was set, and fills its record, gets none.
 */
function withGiven(job: Job, tube: Tube, text: usize, bytes: u32): u32 {
  const fits = parts.partsOf(job) != 0 || journal.mayHold(job, bytes + GIVEN_BYTES);
  return fits ? addGiven(tube, text, bytes) : bytes;
}

/** Hangs tags and their names on a job that has none; false when there is no memory. */
function isTagged(job: Job, id: u64, text: usize, bytes: u32): bool {
  if (!attach(job, id, text, bytes, false)) return false;
  if (takeNames(job, false)) return true;
  detach(job);
  return false;
}

/** The tags that have the key of the entry, 0 when it is free: a cooldown that is over ends now. */
function findLiving(tube: u32, entry: usize, now: u64): u32 {
  const found = findKey(tube, entry);
  if (found == 0 || tagsAt(found).isCooling == 0 || tagsAt(found).until > now) return found;
  endCooling(tagsAt(found));
  return 0;
}

/** What the put is told instead of an id of its own. */
function meet(t: u32, own: Tags, pri: u32, now: u64): i32 {
  shard().met++;
  setResult(t, RESULT_ID, <f64>own.minor);
  let state: u8 = 0;
  let raised = NOT_RAISED;
  if (own.isCooling == 0) {
    const job = jobOf(own);
    state = stateOf(job);
    if (pri < job.pri) {
      raise(job, pri, now);
      raised = <f64>pri;
    }
  }
  setResult(t, RESULT_STATS + JOB_STATE, <f64>state);
  setResult(t, RESULT_STATS + JOB_PRI, raised);
  setResult(t, RESULT_LSN, <f64>shard().lsn); // all that the answer tells lies before
  return KNOWN;
}

/** A better priority; a ready job has another place by it, as if it had been there all the time. */
function raise(job: Job, pri: u32, now: u64): void {
  const isReady = job.state == STATE_READY;
  const since = job.major;
  if (isReady) states.leaveState(job);
  if (job.state == STATE_RESERVED) moveCount(tubeAt(job.tube), job, pri);
  job.pri = pri;
  if ((job.flags & CANCELLED) == 0) journal.recordState(job, true);
  if (isReady) states.becomeReadySince(job, since, now);
}
