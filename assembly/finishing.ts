/* Finishing: the exports with which a job ends with a result, and others hear how jobs end.
 *
 * A result comes in pieces into a record that no job has yet, inside the budget, or, where there is
 * no room, beyond it: then it goes to those who await the job now, and is not kept. Called for
 * sessions (src/session/finishing.ts, src/session/awaiting.ts). Conventions: index.ts.
 */
import * as awaits from "./awaits";
import { awaitAt } from "./awaits";
import {
  DONE,
  MORE,
  NONE,
  NOT_FOUND,
  OUTCOME_FINISHED,
  OUTPUT_BYTES,
  OUT_OF_MEMORY,
} from "./constants";
import {
  RESULT_BODY_BYTES,
  RESULT_COUNT,
  RESULT_ID,
  RESULT_LSN,
  RESULT_NAME_BYTES,
  RESULT_REF,
} from "./constants";
import { STATE_BURIED } from "./constants";
import { connAt } from "./conn";
import { enterAt } from "./deadlines";
import * as failures from "./failure";
import { failureAt } from "./failure";
import { endFinished } from "./finished";
import { jobAt, saidBy } from "./job";
import { findResult, resultAt } from "./result";
import { enter, inputSlot, leave, outputSlot, setResult, shard } from "./shard";
import { findJob, isHeldBy } from "./states";
import { isToLeave } from "./tags";

/** Begins a result of `bytes` that comes in pieces; `vital` 1: beyond the budget. RESULT_REF. */
export function openResult(t: u32, bytes: u32, vital: u32): i32 {
  enter();
  const at = failures.makeFailure(0, 0, bytes, true, vital != 0);
  if (at == 0) return leave(t, OUT_OF_MEMORY);
  setResult(t, RESULT_REF, <f64>at);
  return leave(t, DONE);
}

/** Adds its next bytes; as `appendFailure`. */
export function appendResult(
  t: u32,
  result: u32,
  position: u32,
  offset: u32,
  count: u32,
  vital: u32,
): i32 {
  enter();
  const source = inputSlot(t) + offset;
  const text = failureAt(result);
  const taken = failures.appendMessage(text, position, source, count, vital != 0);
  setResult(t, RESULT_COUNT, <f64>taken);
  return leave(t, taken == count ? DONE : OUT_OF_MEMORY);
}

/**
 * Ends a job that `conn` holds with a result, which is whole, or 0 when there was no memory for it:
 * DONE, and the result is the engine's; or NOT_FOUND. It is kept for `keepSeconds` if `mayKeep` and
 * there is memory: then RESULT_COUNT is 1. Who awaits the job hears of it in any case.
 */
export function finish(
  t: u32,
  conn: u32,
  id: f64,
  result: u32,
  keepSeconds: u32,
  mayKeep: u32,
  now: f64,
): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0 || !isHeldBy(jobAt(at), conn)) return leave(t, NOT_FOUND);
  const isKept = endFinished(jobAt(at), result, mayKeep == 0 ? 0 : keepSeconds, <u64>now);
  setResult(t, RESULT_COUNT, isKept ? 1 : 0);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  return leave(t, DONE);
}

/* Awaiting. */

/**
 * `conn` awaits the end of the job, and is called for when it comes, at once if it is over: DONE,
 * NOT_FOUND, OUT_OF_MEMORY, or MORE when that needs a record of the connection here. `how` is of
 * AWAIT_*: VITAL when it did so in another shard, and no budget keeps it from that.
 */
export function awaitJob(t: u32, conn: u32, id: f64, how: u32, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  const kept = at != 0 ? 0 : findResult(<u64>id);
  if ((at | kept) == 0) return leave(t, NOT_FOUND);
  if (conn == 0) return leave(t, MORE);
  setResult(t, RESULT_LSN, at != 0 ? <f64>saidBy(jobAt(at)) : <f64>resultAt(kept).lsn);
  return leave(t, begin(conn, at, kept, how) ? DONE : OUT_OF_MEMORY);
}

function begin(address: u32, at: u32, kept: u32, how: u32): bool {
  const conn = connAt(address);
  if (kept != 0) {
    const result = resultAt(kept);
    return awaits.awaitOver(conn, result.major, OUTCOME_FINISHED, result.text, how);
  }
  // A dead job that is to go to its tube's dead-letter tube is not over: it goes on there.
  const isOver = jobAt(at).state == STATE_BURIED && !isToLeave(jobAt(at));
  if (isOver) return awaits.awaitBuried(conn, jobAt(at), how);
  return awaits.startAwait(conn, jobAt(at), how);
}

/**
 * Shows in which tube the job is or was of which `conn`, which asked with AWAIT_TUBE, is to be told
 * first: DONE, or NONE. The name of RESULT_NAME_BYTES stands in the output slot, none of a result
 * that is kept. RESULT_REF is IN_TUBE while the job goes on, which `waitOn` is for, and
 * RESULT_COUNT what that wants to be told; else `nextEnd` shows more.
 */
export function endTube(t: u32, conn: u32): i32 {
  enter();
  const at = awaits.firstDue(connAt(conn));
  if (at == 0) return leave(t, NONE);
  const one = awaitAt(at);
  memory.copy(outputSlot(t), awaits.tubeNameOf(at), one.tubeBytes);
  setResult(t, RESULT_NAME_BYTES, <f64>one.tubeBytes);
  setResult(t, RESULT_ID, <f64>one.id);
  setResult(t, RESULT_REF, <f64>one.end);
  setResult(t, RESULT_COUNT, <f64>one.tubes);
  return leave(t, DONE);
}

/**
 * `conn` goes on awaiting the job that `endTube` showed in a tube; if more has happened since, it
 * is due again.
 */
export function waitOn(t: u32, conn: u32, tubes: u32): i32 {
  enter();
  awaits.waitOn(connAt(conn), tubes);
  return leave(t, DONE);
}

/**
 * Shows what `conn` is to be told first: DONE, or NONE. RESULT_ID ended as RESULT_REF (OUTCOME_*)
 * says, with a text of RESULT_BODY_BYTES, of which RESULT_COUNT from `position` on stand in the
 * output slot. What is told depends on RESULT_LSN.
 */
export function nextEnd(t: u32, conn: u32, position: u32): i32 {
  enter();
  const at = awaits.firstDue(connAt(conn));
  if (at == 0) return leave(t, NONE);
  const one = awaitAt(at);
  setResult(t, RESULT_ID, <f64>one.id);
  setResult(t, RESULT_REF, <f64>one.end);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  showText(t, one.text, position);
  return leave(t, DONE);
}

function showText(t: u32, text: u32, position: u32): void {
  const bytes = text == 0 ? 0 : failureAt(text).bytes;
  const shown =
    bytes == 0 ? 0 : failures.readMessage(failureAt(text), position, outputSlot(t), OUTPUT_BYTES);
  setResult(t, RESULT_BODY_BYTES, <f64>bytes);
  setResult(t, RESULT_COUNT, <f64>shown);
}

/** `conn` was told what `nextEnd` shows. */
export function dropEnd(t: u32, conn: u32): i32 {
  enter();
  awaits.dropDue(connAt(conn));
  return leave(t, DONE);
}

/** Shows the kept result of a job that is no more: DONE, as `nextEnd`; or NOT_FOUND. */
export function peekResult(t: u32, id: f64, position: u32, now: f64): i32 {
  enterAt(now);
  const at = findResult(<u64>id);
  if (at == 0) return leave(t, NOT_FOUND);
  setResult(t, RESULT_ID, id);
  setResult(t, RESULT_LSN, <f64>resultAt(at).lsn);
  showText(t, resultAt(at).text, position);
  return leave(t, DONE);
}

/** Bytes of all results that are kept here. */
export function resultBytes(t: u32): f64 {
  enter();
  const bytes = <f64>shard().resultBytes;
  leave(t, DONE);
  return bytes;
}
