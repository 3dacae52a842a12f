/* Hints: the secondary tier: what changes often and may be lost: counters, and the delays and
 * priorities that releases gave.
 *
 * The committer writes them down now and then, a bounded part of the shard at a time, and after a
 * restart they are laid over the jobs that the journal brought back. A hint can never make a job,
 * remove one, bury one or unbury one, or touch its tube and body; one that is older than the job's
 * last record in the journal is passed over. So the file of hints may be stale, damaged or gone at
 * any time.
 *
 *   job:   0 id u64 | 8 pri u32 | 12 delay u32 | 16 due f64
 *          | 24 reserves, timeouts, releases, buries, kicks u32 each | 44 -
 *   tube:  0 name's length u32 | 4 - | 8 end of the pause f64
 *          | 16 length of the pause, total jobs, deletes, pauses f64 each | 48 name, to 8
 */
import {
  DONE,
  MORE,
  OUTPUT_BYTES,
  RESULT_COUNT,
  RESULT_REF,
  RESULT_REPLY_BYTES,
  STATE_BURIED,
  STATE_DELAYED,
} from "./constants";
import { pauseUntil } from "./deadlines";
import { PARKED_UNTIL, isParked } from "./jobgroups";
import { HINT_IS_OLD, Job, coldAt, coldOf, jobAt, stateOf } from "./job";
import { enter, jobs, leave, outputSlot, setResult, shard } from "./shard";
import * as states from "./states";
import { findJob } from "./states";
import * as table from "./table";
import { Tube, findTube, isPaused, nameOf, tubeAt } from "./tube";
import { HINT_JOB_BYTES, HINT_TUBE_BYTES } from "./layouts";

/** Buckets looked at in one call. */
const STEP_BUCKETS: u32 = 4096;

@unmanaged
export class JobHint {
  id: u64;
  pri: u32;
  delaySeconds: u32;
  due: f64;
  reserves: u32;
  timeouts: u32;
  releases: u32;
  buries: u32;
  kicks: u32;
  unused: u32;
}

@unmanaged
export class TubeHint {
  nameBytes: u32;
  unused: u32;
  pausedUntil: f64;
  pauseMicros: f64;
  total: f64;
  deletes: f64;
  pauses: f64;
}

/** Whether there is anything about the job that its record in the journal does not say. */
function isWorthIt(job: Job): bool {
  return job.reserves != 0 || job.cold != 0;
}

function writeJob(job: Job, to: usize): void {
  const hint = changetype<JobHint>(to);
  hint.id = job.minor;
  hint.pri = job.pri;
  hint.delaySeconds = job.delaySeconds;
  hint.due = stateOf(job) == STATE_DELAYED ? shard().wallBase + <f64>job.major : 0;
  hint.reserves = job.reserves;
  const cold = coldAt(job.cold);
  const hasCold = job.cold != 0;
  hint.timeouts = hasCold ? cold.timeouts : 0;
  hint.releases = hasCold ? cold.releases : 0;
  hint.buries = hasCold ? cold.buries : 0;
  hint.kicks = hasCold ? cold.kicks : 0;
  hint.unused = 0;
}

/**
 * Writes hints about jobs to the output slot, beginning with bucket `bucket` of the table of jobs:
 * RESULT_REPLY_BYTES of them; MORE, and RESULT_REF is the bucket to go on with, or DONE. A table
 * that grows or shrinks meanwhile may show a job twice or not at all.
 */
export function jobHints(t: u32, bucket: u32): i32 {
  enter();
  const count = table.heads(jobs());
  const end = min(count, bucket + STEP_BUCKETS);
  const from = outputSlot(t);
  const limit = from + OUTPUT_BYTES - HINT_JOB_BYTES;
  let to = from;
  let at = bucket;
  while (at < end && to <= limit) {
    let entry = table.head(jobs(), at);
    while (entry != 0 && to <= limit) {
      const job = jobAt(entry);
      if (isWorthIt(job)) {
        writeJob(job, to);
        to += HINT_JOB_BYTES;
      }
      entry = job.chain;
    }
    at++;
  }
  setResult(t, RESULT_REPLY_BYTES, <f64>(to - from));
  setResult(t, RESULT_REF, <f64>at);
  return leave(t, at < count ? MORE : DONE);
}

/**
 * Writes hints about the tubes made after `number` to the output slot; MORE, and RESULT_REF is the
 * number to go on with, or DONE.
 */
export function tubeHints(t: u32, number: f64): i32 {
  enter();
  const from = outputSlot(t);
  let at = shard().tubesHead;
  while (at != 0 && <f64>tubeAt(at).createdNumber <= number) at = tubeAt(at).nextTube;
  let to = from;
  let last = number;
  while (at != 0) {
    const tube = tubeAt(at);
    const bytes = (HINT_TUBE_BYTES + <u32>tube.nameBytes + 7) & ~7;
    if (to + bytes > from + OUTPUT_BYTES) break;
    writeTube(tube, to);
    to += bytes;
    last = <f64>tube.createdNumber;
    at = tube.nextTube;
  }
  setResult(t, RESULT_REPLY_BYTES, <f64>(to - from));
  setResult(t, RESULT_REF, last);
  return leave(t, at != 0 ? MORE : DONE);
}

function writeTube(tube: Tube, to: usize): void {
  const hint = changetype<TubeHint>(to);
  hint.nameBytes = tube.nameBytes;
  hint.unused = 0;
  hint.pausedUntil = isPaused(tube) ? shard().wallBase + <f64>tube.pausedUntil : 0;
  hint.pauseMicros = <f64>tube.pauseMicros;
  hint.total = <f64>tube.totalJobs;
  hint.deletes = <f64>tube.deletes;
  hint.pauses = <f64>tube.pauses;
  memory.copy(to + HINT_TUBE_BYTES, nameOf(tube), tube.nameBytes);
}

/**
 * Lays the hints about jobs in the `bytes` bytes at `address` over the jobs of this shard that they
 * are about: RESULT_COUNT of them.
 */
export function applyJobHints(t: u32, address: u32, bytes: u32, now: f64): i32 {
  enter();
  let applied: u32 = 0;
  for (let at: u32 = 0; at + HINT_JOB_BYTES <= bytes; at += HINT_JOB_BYTES) {
    const hint = changetype<JobHint>(<usize>(address + at));
    const found = findJob(hint.id);
    if (found == 0 || (jobAt(found).flags & HINT_IS_OLD) != 0) continue;
    applyJob(jobAt(found), hint, now);
    applied++;
  }
  setResult(t, RESULT_COUNT, <f64>applied);
  return leave(t, DONE);
}

function applyJob(job: Job, hint: JobHint, now: f64): void {
  job.reserves = max(job.reserves, hint.reserves); // a failure in the journal tells of more
  if ((hint.timeouts | hint.releases | hint.buries | hint.kicks) != 0) {
    const cold = coldOf(job);
    if (cold != 0) {
      coldAt(cold).timeouts = hint.timeouts;
      coldAt(cold).releases = hint.releases;
      coldAt(cold).buries = hint.buries;
      coldAt(cold).kicks = hint.kicks;
    }
  }
  if (job.state == STATE_BURIED) return; // where it stands is the journal's to say
  if (isParked(job)) {
    job.pri = hint.pri;
    return;
  }
  states.leaveState(job);
  job.pri = hint.pri;
  job.delaySeconds = hint.delaySeconds;
  const asked = hint.due >= <f64>PARKED_UNTIL ? 0 : <f64>hint.delaySeconds * 1000000;
  const left = min(hint.due - shard().wallBase - now, asked);
  if (hint.due != 0 && left > 0) states.becomeDelayedUntil(job, <u64>(now + left));
  else if (hint.due == 0 || !states.park(job, <u64>now)) states.standReady(job, <u64>now, <u64>now);
}

/** Lays the hints about tubes at `address` over those tubes of this shard that exist. */
export function applyTubeHints(t: u32, address: u32, bytes: u32, now: f64): i32 {
  enter();
  let at = address;
  const end = address + bytes;
  while (at + HINT_TUBE_BYTES <= end) {
    const hint = changetype<TubeHint>(<usize>at);
    const next = at + ((HINT_TUBE_BYTES + hint.nameBytes + 7) & ~7);
    if (next > end) break;
    const found = findTube(at + HINT_TUBE_BYTES, hint.nameBytes);
    if (found != 0) applyTube(tubeAt(found), hint, now);
    at = next;
  }
  return leave(t, DONE);
}

function applyTube(tube: Tube, hint: TubeHint, now: f64): void {
  tube.totalJobs = <u64>hint.total;
  tube.deletes = <u64>hint.deletes;
  tube.earlierJobs = tube.totalJobs;
  tube.earlierDeletes = tube.deletes;
  tube.pauses = <u64>hint.pauses;
  const left = min(hint.pausedUntil - shard().wallBase - now, hint.pauseMicros);
  if (left > 0) pauseUntil(tube, <u64>hint.pauseMicros, <u64>(now + left));
}
