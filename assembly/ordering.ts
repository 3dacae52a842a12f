/* Ordering: the exports by which the puts of a batch come, before the batch is carried out.
 *
 * Of each the whole job is made, its body and its tags, so that nothing can find no memory later;
 * it stands nowhere and has no id. What the journal cannot take with the batch goes ahead of it,
 * record by record as there is room (batched.ts). Conventions: index.ts.
 */
import { DONE, MORE, OUT_OF_MEMORY, RESULT_COUNT, RESULT_REF, STATE_UPLOADING } from "./constants";
import { stopWaiting, startWaiting } from "./batched";
import { enterAt } from "./deadlines";
import * as bodies from "./job";
import { Job, TAGGED, jobAt } from "./job";
import * as journal from "./journal";
import { dropTags } from "./keys";
import { joinNames } from "./joining";
import * as parts from "./parts";
import { enter, inputSlot, leave, must, setResult } from "./shard";
import { addGiven } from "./settings";
import { attach, tagsSlot } from "./tags";
import { tubeAt } from "./tube";

/** As `openUpload`, for a body that lies whole at `offset` of the input slot. */
export function makeUpload(t: u32, offset: u32, bytes: u32): i32 {
  enter();
  const at = bodies.makeWhole(inputSlot(t) + offset, bytes);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  jobAt(at).state = STATE_UPLOADING;
  setResult(t, RESULT_REF, <f64>at);
  return leave(t, DONE);
}

/**
 * Gives an upload the `bytes` bytes of tags at TAGS_OFFSET of the thread's area, and those that the
 * tube gives into which it is to be put; RESULT_COUNT is how many bytes these are together.
 */
export function tagUpload(t: u32, upload: u32, tube: u32, bytes: u32): i32 {
  if (bytes == 0 && tubeAt(tube).settings == 0) {
    setResult(t, RESULT_COUNT, 0); // as if it had come before the tube gives any
    return DONE;
  }
  enter();
  const text = tagsSlot(t);
  const all = addGiven(tubeAt(tube), text, bytes);
  setResult(t, RESULT_COUNT, <f64>all);
  const isDone = all == 0 || attach(jobAt(upload), 0, text, all, false);
  return leave(t, isDone ? DONE : OUT_OF_MEMORY);
}

/**
 * Sees to it that the names in the tags of an upload are there, in the turn in which its batch is
 * carried out or refused: DONE or OUT_OF_MEMORY.
 */
export function nameUpload(t: u32, upload: u32): i32 {
  enter();
  return leave(t, joinNames(jobAt(upload), false) ? DONE : OUT_OF_MEMORY);
}

/**
 * Writes a complete upload's next record ahead of its batch, in which it is to be the put of job
 * `id`; with a journal that has room. DONE when it was the last one, MORE, or OUT_OF_MEMORY.
 */
export function recordAhead(
  t: u32,
  upload: u32,
  tube: u32,
  id: f64,
  pri: u32,
  delay: f64,
  ttrSeconds: u32,
  now: f64,
): i32 {
  enterAt(now);
  const job = jobAt(upload);
  must(job.state == STATE_UPLOADING && job.lsn == 0);
  const list = parts.partsOf(job);
  if (list == 0) {
    job.tube = tube;
    job.minor = <u64>id;
    job.pri = pri;
    job.delaySeconds = <u32>ceil(delay);
    job.ttrSeconds = max<u32>(ttrSeconds, 1);
    job.createdMicros = <i64>now;
    if (!journal.split(job, 0)) return leave(t, OUT_OF_MEMORY);
    if (parts.partsOf(job) != 0) return leave(t, MORE);
  } else if (parts.partsAt(list).missing != 0) {
    journal.recordPart(job, parts.partsAt(list).count - parts.partsAt(list).missing);
    return leave(t, MORE);
  }
  journal.recordPut(job);
  startWaiting(job);
  return leave(t, DONE);
}

/** Forgets an upload of a batch. With a journal it is a command that needs room in the ring. */
export function dropOrder(t: u32, upload: u32): i32 {
  enter();
  dropUnsaid(jobAt(upload));
  return leave(t, DONE);
}

/** The job of an upload goes, with all that was recorded of it. */
function dropUnsaid(job: Job): void {
  must(job.state == STATE_UPLOADING);
  if (job.lsn != 0) stopWaiting(job);
  journal.recordDrop(job);
  parts.dropParts(job);
  if ((job.flags & TAGGED) != 0) dropTags(job);
  bodies.freeJob(job);
}
