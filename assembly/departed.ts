/* Departed: jobs that have moved, while the server starts, and what they were before.
 *
 * Of what a job was a tombstone follows the PUT record in its new tube, unless a crash came
 * between: then two records of it count, in two shards or in the same one. The job that has moved
 * more often is it: it stands only where all of it was recorded. The tombstone of the other is
 * recorded when the stream has begun (`endOlder`, `movedJobs`). Until then the cold record of a
 * job, which nobody has reserved yet, has the number of the segment of an older record in this
 * shard, and how often it had moved, where the moment of its reservation stands later. Used by
 * replay.ts, and by the recovery.
 */
import { DONE, MORE, NONE, NOT_FOUND, OUTPUT_BYTES, RESULT_COUNT, RESULT_REF } from "./constants";
import { Job, coldAt, jobAt, movesOf } from "./job";
import * as journal from "./journal";
import * as segments from "./segments";
import { enter, jobs, leave, must, outputSlot, setResult, shard } from "./shard";
import * as states from "./states";
import { findJob } from "./states";
import * as table from "./table";

/** Bytes of an entry of movedJobs. */
const MOVED_ENTRY_BYTES: u32 = 16;
/** More jobs than a bucket of the table ever has. */
const BUCKET_JOBS: u32 = 64;

/** A record of what the job was lies in the segment of that number. */
export function noteOlder(job: Job, moves: u32, number: u32): void {
  const cold = coldAt(job.cold);
  const noted = cold.reservedMicros;
  if (noted != 0 && <u32>(noted >> 32) > moves) return;
  // That segment goes first, so the tombstone need not know of it.
  if (noted != 0) segments.segmentOfNumber(<u32>noted).superseded++;
  cold.reservedMicros = ((<u64>moves) << 32) | number;
}

/** A tombstone of what it was when it had moved so often was met. */
export function forgetOlder(job: Job, moves: u32): void {
  const cold = coldAt(job.cold);
  if (<u32>(cold.reservedMicros >> 32) <= moves) cold.reservedMicros = 0;
}

/** What it was gets its tombstone, if none was met. */
function endNoted(job: Job): void {
  const cold = coldAt(job.cold);
  if (cold.reservedMicros == 0) return;
  journal.recordOlder(job, <u32>(cold.reservedMicros >> 32), <u32>cold.reservedMicros);
  cold.reservedMicros = 0;
}

/**
 * The jobs that have moved, from bucket number `bucket` of their table on: id and how often, f64
 * each, RESULT_COUNT of them in the output slot. MORE, and RESULT_REF is the bucket to go on with;
 * NONE when there is none left. Called when the stream has begun: what they were in this shard gets
 * its tombstone if that is missing.
 */
export function movedJobs(t: u32, bucket: u32): i32 {
  enter();
  const from = outputSlot(t);
  const count: u32 = shard().metMoved == 0 ? 0 : table.heads(jobs());
  let to = from;
  let at = bucket;
  while (at < count && to + MOVED_ENTRY_BYTES * BUCKET_JOBS <= from + OUTPUT_BYTES) {
    for (let entry = table.head(jobs(), at); entry != 0; entry = jobAt(entry).chain) {
      if (movesOf(jobAt(entry)) == 0) continue;
      endNoted(jobAt(entry));
      must(to + MOVED_ENTRY_BYTES <= from + OUTPUT_BYTES);
      store<f64>(to, <f64>jobAt(entry).minor);
      store<f64>(to + 8, <f64>movesOf(jobAt(entry)));
      to += MOVED_ENTRY_BYTES;
    }
    at++;
  }
  setResult(t, RESULT_COUNT, <f64>((to - from) / MOVED_ENTRY_BYTES));
  setResult(t, RESULT_REF, <f64>at);
  return leave(t, bucket < count ? MORE : NONE);
}

/**
 * Ends the job of that id if it is here and has moved less often: another shard has it. Called when
 * the stream has begun: its tombstone is recorded.
 */
export function endOlder(t: u32, id: f64, moves: f64): i32 {
  enter();
  const at = findJob(<u64>id);
  if (at == 0 || <f64>movesOf(jobAt(at)) >= moves) return leave(t, NOT_FOUND);
  states.leaveState(jobAt(at));
  journal.recordDelete(jobAt(at));
  states.endJob(jobAt(at));
  return leave(t, DONE);
}
