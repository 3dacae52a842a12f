/* Limits: how long a job may live and how often it may be tried, as its put was tagged with `exp`
 * and `max`; and what a job loses with them.
 *
 * A job whose time is over, or that has been charged with as many attempts as it has, is over as
 * soon as it would be ready or delayed: it is dead then (states.ts), and has no limits any more. A
 * release, a bury, a time to run that is over and a connection that ends are charged; a hand-back
 * is not, nor is a crash of the server: what is charged is recorded when the attempt ends, before
 * anything else of it. When the journal's ring has no room for that, and nobody waits for it, the
 * job owes the record: the terms see to it a little later.
 */
import { END_BURIED, END_EXHAUSTED, END_EXPIRED, END_MOVED } from "./constants";
import { failureAt, makeFailure } from "./failure";
import { CANCELLED, Job, TAGGED, coldAt } from "./job";
import * as journal from "./journal";
import { keepFailure } from "./keeping";
import { STATE_BYTES } from "./layouts";
import { shard } from "./shard";
import { Tags, chargedOf, maxOf, setCharged, setNoLimits, secondsOf, tagsOf } from "./tags";
import { startTerm, stopTerm } from "./terms";

/** How long what found no room in the journal's ring waits before it is tried again. */
export const RETRY_MICROS: u64 = 1000000;

/** When the job's time is over; as late as can be when it has no end. */
function expiryOf(job: Job, own: Tags): i64 {
  const seconds = secondsOf(own);
  return seconds == 0 ? i64.MAX_VALUE : job.createdMicros + <i64>seconds * 1000000;
}

function isExpired(job: Job, own: Tags, now: u64): bool {
  return expiryOf(job, own) <= <i64>now;
}

/** Whether a job that is TAGGED has had all its attempts. */
export function isExhausted(job: Job): bool {
  const most = maxOf(tagsOf(job));
  return most != 0 && chargedOf(tagsOf(job)) >= most;
}

/** Whether a job that is TAGGED may be neither ready nor delayed any more. */
export function isOver(job: Job, now: u64): bool {
  return isExhausted(job) || isExpired(job, tagsOf(job), now);
}

/** A job that is TAGGED is ready or delayed: the clock will end it, if it has an end. */
export function watchLimits(job: Job): void {
  const own = tagsOf(job);
  const due = expiryOf(job, own);
  if (isExhausted(job)) startTerm(own, 0);
  else if (own.isTimed == 0 && due != i64.MAX_VALUE) startTerm(own, due < 0 ? 0 : <u64>due);
}

/** An attempt at a job has ended: it is charged. `isAwaited`: there is room for the record. */
export function charge(job: Job, isAwaited: bool, now: u64): void {
  const own = tagsOf(job);
  if (maxOf(own) == 0) return;
  setCharged(own, chargedOf(own) + 1);
  tell(job, isAwaited, now);
}

/** What the end of an attempt that ended in the way `end` is told to be. */
export function endOf(job: Job, end: u8, now: u64): u8 {
  if ((job.flags & TAGGED) == 0 || end == END_MOVED) return end;
  if (isExhausted(job)) return END_EXHAUSTED;
  return end != END_BURIED && isExpired(job, tagsOf(job), now) ? END_EXPIRED : end;
}

/** Somebody has kicked or moved the job: it has all its attempts again. */
export function renewAttempts(job: Job): void {
  if (maxOf(tagsOf(job)) != 0) setCharged(tagsOf(job), 0);
}

/** The job has no limits any more. */
export function dropLimits(job: Job): void {
  setNoLimits(tagsOf(job));
  if (tagsOf(job).isCooling == 0) stopTerm(tagsOf(job));
}

/** Records the state of a job and what it is charged with, now or when there is room. */
export function tell(job: Job, isAwaited: bool, now: u64): void {
  if ((job.flags & CANCELLED) != 0) return;
  const own = tagsOf(job);
  own.owes = 0;
  if (isAwaited || journal.hasRoomBeside(STATE_BYTES)) {
    journal.recordState(job, true);
    return;
  }
  own.owes = 1;
  startTerm(own, now + RETRY_MICROS);
}

/** A command has room for what the job owes: its reply waits for that. */
export function tellOwed(job: Job, now: u64): void {
  if (tagsOf(job).owes != 0) tell(job, true, now);
}

/** Whether the ring has room for the death of a job that nobody asked for. */
export function hasRoomForDeath(): bool {
  return journal.hasRoomBeside(STATE_BYTES + journal.FAILURE_BYTES_SILENT);
}

/**
 * The job dies, and no attempt at it has just ended that says why: its failures tell, if there is
 * memory for one, and do not since before a restart.
 */
export function noteDeath(job: Job, now: u64): void {
  const cold = coldAt(job.cold);
  const end = isExhausted(job) ? END_EXHAUSTED : END_EXPIRED;
  const last = cold.failureTail;
  if (end == END_EXHAUSTED && last != 0 && failureAt(last).end == end) return;
  cold.failures++;
  if (shard().keepsFailures == 0 || !journal.hasRoomBeside(journal.FAILURE_BYTES_SILENT)) return;
  const made = makeFailure(0, 0, 0, false, false);
  if (made != 0) keepFailure(job, cold, failureAt(made), end, now);
}
