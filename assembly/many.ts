/* Many: the exports with which a client of this process puts, takes and deletes many jobs in one
 * critical section.
 *
 * Each does what the call for one does, job after job, and stops in front of the first that is not
 * the plain case: of that and of those behind it nothing has been done. RESULT_COUNT says how many
 * were done. They do not say what a reply depends on: used without a journal. Called for
 * src/session/near-session.ts. Conventions: index.ts.
 */
import { BURIED, DONE, NONE, OUTPUT_BYTES, RESULT_COUNT, RESULT_REPLY_BYTES } from "./constants";
import * as commands from "./commands";
import { connAt } from "./conn";
import { enterAt } from "./deadlines";
import { hasBody, jobAt, readBody } from "./job";
import { mayTake } from "./lanes";
import { MANY_ALIGN, MANY_BODY, MANY_BODY_BYTES, MANY_ID } from "./layouts";
import { hindrance } from "./notes";
import { putWhole } from "./putting";
import { inputSlot, leave, outputSlot, setResult } from "./shard";
import { findJob } from "./states";
import { tubeAt } from "./tube";

/** Bytes of an entry with a body of so many. */
function entryBytes(bodyBytes: u32): u32 {
  return (MANY_BODY + bodyBytes + MANY_ALIGN - 1) & ~(MANY_ALIGN - 1);
}

/**
 * Puts jobs of which `count` entries (MANY_* of layouts.ts) lie in the input slot, with the ids
 * that those have. DONE, or what `put` answered to the one that it stopped at; that one was put as
 * well if it is BURIED, and is counted.
 */
export function putMany(
  t: u32,
  tube: u32,
  count: u32,
  pri: u32,
  delay: f64,
  ttrSeconds: u32,
  now: f64,
): i32 {
  enterAt(now);
  let at = inputSlot(t);
  let done: u32 = 0;
  let answer: i32 = DONE;
  while (done < count && answer == DONE) {
    const id = load<f64>(at, MANY_ID);
    const bytes = <u32>load<f64>(at, MANY_BODY_BYTES);
    answer = putWhole(t, tube, id, pri, delay, ttrSeconds, at + MANY_BODY, bytes, now);
    if (answer == DONE || answer == BURIED) done++;
    at += entryBytes(bytes);
  }
  setResult(t, RESULT_COUNT, <f64>done); // what it told of a full tube gives way
  return leave(t, answer);
}

/**
 * Takes the best jobs, at most `most`, and writes an entry of each (MANY_* of layouts.ts) to the
 * output slot, RESULT_REPLY_BYTES in all: DONE. It stops where there is nothing more, at what keeps
 * `conn` from being given a job (notes.ts), and at a body that finds no room any more or is not in
 * memory.
 */
export function takeMany(t: u32, conn: u32, most: u32, now: f64): i32 {
  enterAt(now);
  const c = connAt(conn);
  const begin = outputSlot(t);
  let out = begin;
  let done: u32 = 0;
  while (done < most && hindrance(c) == NONE) {
    const at = commands.bestOpen(c);
    if (at == 0) break;
    const job = jobAt(tubeAt(at).best);
    const bytes = job.bodyBytes;
    if (<u64>out + MANY_BODY + bytes > <u64>begin + OUTPUT_BYTES || !hasBody(job)) break;
    if (!mayTake(job)) continue;
    commands.reserve(job, c, now);
    store<f64>(out, <f64>job.minor, MANY_ID);
    store<f64>(out, <f64>bytes, MANY_BODY_BYTES);
    readBody(job, 0, out + MANY_BODY, bytes);
    out += entryBytes(bytes);
    done++;
  }
  setResult(t, RESULT_COUNT, <f64>done);
  setResult(t, RESULT_REPLY_BYTES, <f64>(out - begin));
  return leave(t, DONE);
}

/**
 * Deletes the jobs of which `count` ids (f64) lie in the input slot: DONE. It stops at one that
 * `deleteJob` would not delete.
 */
export function deleteMany(t: u32, conn: u32, count: u32, now: f64): i32 {
  enterAt(now);
  const ids = inputSlot(t);
  let done: u32 = 0;
  for (; done < count; done++) {
    const at = findJob(<u64>load<f64>(ids + (done << 3)));
    if (at == 0 || !commands.mayDelete(jobAt(at), conn)) break;
    commands.deleteJob(jobAt(at), now);
  }
  setResult(t, RESULT_COUNT, <f64>done);
  return leave(t, DONE);
}
