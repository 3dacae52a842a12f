/* Attempts: what is kept when an attempt at a job ends without a delete: a failure in the job's
 * list, and its record in the journal.
 *
 * Called while the holder still holds the job. What a client says about the failure lies in a
 * record already (`openFailure`); what ends by itself, a TTR or a connection, says nothing. Each is
 * counted with its job; the callers count how many of a tube end in which way. It is kept when
 * there is memory for it inside the budget and, if no command asked for it, room in the journal's
 * ring beside what commands count on: so what is kept is in the journal, and nobody is held up.
 */
import { connAt } from "./conn";
import { END_CONNECTION_LOST, END_MOVED } from "./constants";
import { failureAt, freeFailure, makeFailureOf } from "./failure";
import { CANCELLED, Job, TAGGED, coldAt, coldOf } from "./job";
import * as journal from "./journal";
import { keepFailure } from "./keeping";
import { charge, endOf } from "./limits";
import { shard } from "./shard";
import { becomeReady, endCancelled, leaveState } from "./states";
import { tubeAt } from "./tube";

/**
 * An attempt that a command ends in the way `end`. `failure` is what was said about it, 0 when
 * nothing was; it is gone or kept afterwards.
 */
export function endByCommand(job: Job, end: u8, failure: u32, now: u64): void {
  const cold = countFailure(job, end != END_MOVED, true, now);
  const keeps = cold != 0 && shard().keepsFailures != 0;
  if (!keeps) {
    if (failure != 0) freeFailure(failureAt(failure));
    return;
  }
  const at = failure != 0 ? failure : makeSilent(job);
  if (at != 0) keepFailure(job, coldAt(cold), failureAt(at), endOf(job, end, now), now);
}

/** An attempt that ends by itself in the way `end`. */
export function endByItself(job: Job, end: u8, now: u64): void {
  const cold = countFailure(job, true, false, now);
  if (
    cold == 0 ||
    shard().keepsFailures == 0 ||
    !journal.hasRoomBeside(journal.FAILURE_BYTES_SILENT)
  )
    return;
  const at = makeSilent(job);
  if (at != 0) keepFailure(job, coldAt(cold), failureAt(at), endOf(job, end, now), now);
}

/** The job's holder is gone. The job is kept for others, unless it was cancelled. */
export function connectionLost(job: Job, now: u64): void {
  tubeAt(job.tube).losses++;
  shard().losses++;
  if ((job.flags & CANCELLED) != 0) {
    endCancelled(job, now);
    return;
  }
  endByItself(job, END_CONNECTION_LOST, now);
  leaveState(job);
  becomeReady(job, now, true);
}

/**
 * A failure of the job's holder, who says nothing; 0 when there is no memory: then the shard is to
 * be given more.
 */
function makeSilent(job: Job): u32 {
  const at = makeFailureOf(connAt(job.holder), 0, false);
  if (at == 0) shard().isShort = 1;
  return at;
}

/**
 * Counts in the job's cold record, and returns it; 0 when there is no memory for one. The attempt
 * is charged if `isCharged`; `isAwaited`: a command has ended it.
 */
function countFailure(job: Job, isCharged: bool, isAwaited: bool, now: u64): u32 {
  if (isCharged && (job.flags & TAGGED) != 0) charge(job, isAwaited, now);
  const cold = coldOf(job);
  if (cold != 0) coldAt(cold).failures++;
  return cold;
}
