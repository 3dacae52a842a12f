/* Progress: the exports with which a job's holder leaves a note of how far it is, and anybody reads
 * it.
 *
 * Only the newest note is kept. It hangs on the job's Cold record as a failure that stands in no
 * list (failure.ts), until the job ends. It is in no record of the journal, and without memory it
 * is lost: a note helps whoever looks, and nothing depends on it. Called for sessions
 * (src/session/progress.ts), and for jobs that come from another shard (migrating.ts). Conventions:
 * index.ts.
 */
import {
  DONE,
  NOT_FOUND,
  OUTPUT_BYTES,
  OUT_OF_MEMORY,
  RESULT_BODY_BYTES,
  RESULT_ID,
  RESULT_LSN,
} from "./constants";
import * as commands from "./commands";
import { connAt } from "./conn";
import { enterAt } from "./deadlines";
import { appendMessage, failureAt, freeFailure, makeFailure, readMessage } from "./failure";
import { CLAIM_STALE, Job, coldAt, coldOf, jobAt, saidBy } from "./job";
import { inputSlot, leave, outputSlot, setResult } from "./shard";
import { findJob, isHeldBy } from "./states";

/**
 * Keeps a note about a job that `conn` holds, which has its whole time to run again: DONE;
 * NOT_FOUND; or OUT_OF_MEMORY, and an older note stays.
 */
export function progress(t: u32, conn: u32, id: f64, offset: u32, bytes: u32, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0 || !isHeldBy(jobAt(at), conn)) return leave(t, NOT_FOUND);
  commands.renew(jobAt(at), connAt(conn), now);
  return leave(t, keepNote(jobAt(at), inputSlot(t) + offset, bytes) ? DONE : OUT_OF_MEMORY);
}

export function keepNote(job: Job, source: usize, bytes: u32): bool {
  const made = makeFailure(0, 0, bytes, true, false);
  if (made == 0) return false;
  const note = failureAt(made);
  if (coldOf(job) == 0 || appendMessage(note, 0, source, bytes, false) != bytes) {
    freeFailure(note);
    return false;
  }
  const cold = coldAt(job.cold);
  if (cold.note != 0) freeFailure(failureAt(cold.note));
  cold.note = made;
  if (cold.claim != 0) cold.claim = CLAIM_STALE;
  note.owner = job.cold;
  return true;
}

/**
 * Shows the note: DONE, it stands in the output slot, RESULT_ID and RESULT_BODY_BYTES are of it; or
 * NOT_FOUND, as there is no such job or none was left.
 */
export function peekProgress(t: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0 || jobAt(at).cold == 0 || coldAt(jobAt(at).cold).note == 0)
    return leave(t, NOT_FOUND);
  const note = failureAt(coldAt(jobAt(at).cold).note);
  setResult(t, RESULT_ID, id);
  setResult(t, RESULT_LSN, <f64>saidBy(jobAt(at)));
  setResult(t, RESULT_BODY_BYTES, <f64>note.bytes);
  readMessage(note, 0, outputSlot(t), OUTPUT_BYTES);
  return leave(t, DONE);
}
