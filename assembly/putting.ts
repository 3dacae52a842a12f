/* Putting: the exports with which a job comes: its body whole, or as an upload that grows.
 *
 * An upload's memory is taken as bytes come, not as they were announced; a long body goes to the
 * journal in parts as it comes. Conventions: index.ts.
 */
import { DONE, FULL, OUT_OF_MEMORY, RESULT_COUNT, RESULT_REF, STATE_UPLOADING } from "./constants";
import * as commands from "./commands";
import { appendPieces } from "./appending";
import { enterAt } from "./deadlines";
import * as bodies from "./job";
import { Job, jobAt } from "./job";
import * as journal from "./journal";
import { admitTagged } from "./known";
import * as parts from "./parts";
import { givesTags, isFull } from "./settings";
import { enter, inputSlot, leave, must, setResult } from "./shard";
import { GIVEN_BYTES } from "./tags";
import { tubeAt } from "./tube";

/** Puts a job whose whole body lies at `offset` of the input slot; FULL if its tube is. */
export function put(
  t: u32,
  tube: u32,
  id: f64,
  pri: u32,
  delay: f64,
  ttrSeconds: u32,
  offset: u32,
  bytes: u32,
  now: f64,
): i32 {
  enterAt(now);
  const source = inputSlot(t) + offset;
  return leave(t, putWhole(t, tube, id, pri, delay, ttrSeconds, source, bytes, now));
}

/** As `put`, of a body at `source`. */
export function putWhole(
  t: u32,
  tube: u32,
  id: f64,
  pri: u32,
  delay: f64,
  ttrSeconds: u32,
  source: usize,
  bytes: u32,
  now: f64,
): i32 {
  if (isFull(t, tubeAt(tube), bytes)) return FULL;
  const at = bodies.makeWhole(source, bytes);
  if (at == 0) return OUT_OF_MEMORY;
  const job = jobAt(at);
  if (givesTags(tubeAt(tube))) return tagWhole(t, job, tube, id, pri, delay, ttrSeconds, 0, now);
  return commands.admit(t, job, tube, id, pri, delay, ttrSeconds, now);
}

/** As `admitTagged`; the record is gone in any case that makes no job. */
function tagWhole(
  t: u32,
  job: Job,
  tube: u32,
  id: f64,
  pri: u32,
  delay: f64,
  ttrSeconds: u32,
  tagBytes: u32,
  now: f64,
): i32 {
  const answer = admitTagged(t, job, tube, id, pri, delay, ttrSeconds, tagBytes, now);
  if (answer == OUT_OF_MEMORY || answer == FULL) bodies.freeJob(job);
  return answer;
}

/**
 * As `put`, with `tagBytes` bytes of tags at TAGS_OFFSET of the thread's area; KNOWN when another
 * job has the key that they name.
 */
export function putTagged(
  t: u32,
  tube: u32,
  id: f64,
  pri: u32,
  delay: f64,
  ttrSeconds: u32,
  offset: u32,
  bytes: u32,
  tagBytes: u32,
  now: f64,
): i32 {
  enterAt(now);
  const at = bodies.makeWhole(inputSlot(t) + offset, bytes);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  return leave(t, tagWhole(t, jobAt(at), tube, id, pri, delay, ttrSeconds, tagBytes, now));
}

/**
 * Begins an upload: room for a body of `bytes` that comes in pieces, memory taken as they come.
 * RESULT_REF is the upload.
 */
export function openUpload(t: u32, bytes: u32): i32 {
  enter();
  const at = bodies.makeJob(bytes, false);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  jobAt(at).state = STATE_UPLOADING;
  setResult(t, RESULT_REF, <f64>at);
  return leave(t, DONE);
}

/**
 * With a journal: says which job an upload without a byte is to be, with how many bytes of tags, so
 * that a long body can go to the journal as it comes. RESULT_COUNT is in how many parts, 0 when it
 * fits a record.
 */
export function recordUpload(t: u32, upload: u32, tube: u32, id: f64, tagBytes: u32): i32 {
  enter();
  const job = jobAt(upload);
  must(job.state == STATE_UPLOADING);
  job.tube = tube;
  job.minor = <u64>id;
  const given = givesTags(tubeAt(tube)) ? GIVEN_BYTES : 0;
  if (!journal.split(job, tagBytes + given)) return leave(t, OUT_OF_MEMORY);
  const list = parts.partsOf(job);
  setResult(t, RESULT_COUNT, list == 0 ? 0 : <f64>parts.partsAt(list).count);
  return leave(t, DONE);
}

/**
 * Adds the next `count` bytes, at `offset` of the input slot, to an upload that has `position`
 * bytes. RESULT_COUNT of them were taken: fewer with OUT_OF_MEMORY, or with MORE when the journal's
 * ring has no room for a part that they make whole; the rest may be tried again.
 */
export function appendUpload(t: u32, upload: u32, position: u32, offset: u32, count: u32): i32 {
  enter();
  return leave(t, appendPieces(t, jobAt(upload), position, offset, count, false));
}

/**
 * Makes a complete upload a job, the one that `recordUpload` was told of; as `put`. After FULL or
 * OUT_OF_MEMORY it is as it was.
 */
export function commitUpload(
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
  must(job.state == STATE_UPLOADING);
  if (isFull(t, tubeAt(tube), job.bodyBytes)) return leave(t, FULL);
  if (givesTags(tubeAt(tube)))
    return leave(t, admitTagged(t, job, tube, id, pri, delay, ttrSeconds, 0, now));
  parts.settle(job);
  return leave(t, commands.admit(t, job, tube, id, pri, delay, ttrSeconds, now));
}

/**
 * As `commitUpload`, with tags as in `putTagged`; with OUT_OF_MEMORY, as with FULL, the upload is
 * still there.
 */
export function commitTagged(
  t: u32,
  upload: u32,
  tube: u32,
  id: f64,
  pri: u32,
  delay: f64,
  ttrSeconds: u32,
  tagBytes: u32,
  now: f64,
): i32 {
  enterAt(now);
  const job = jobAt(upload);
  must(job.state == STATE_UPLOADING);
  return leave(t, admitTagged(t, job, tube, id, pri, delay, ttrSeconds, tagBytes, now));
}

/** Forgets an upload. With a journal it is a command that needs room in the ring. */
export function dropUpload(t: u32, upload: u32): i32 {
  enter();
  must(jobAt(upload).state == STATE_UPLOADING);
  journal.recordDrop(jobAt(upload));
  parts.dropParts(jobAt(upload));
  bodies.freeJob(jobAt(upload));
  return leave(t, DONE);
}
