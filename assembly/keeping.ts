/* Keeping: a failure at the end of its job's list and in the journal; the oldest one makes place
 * for it. Called by whatever ends an attempt (attempts.ts) or a life (limits.ts), in which the
 * job's failures have been counted already.
 */
import { Failure, dropOldest, failureAt, insertFailure } from "./failure";
import { CLAIM_STALE, Cold, Job } from "./job";
import * as journal from "./journal";
import { shard } from "./shard";

/** Keeps a failure that ended so, now. */
export function keepFailure(job: Job, cold: Cold, failure: Failure, end: u8, now: u64): void {
  failure.end = end;
  failure.atMicros = now;
  failure.number = cold.failures;
  failure.attempt = job.reserves;
  addFailure(job, cold, failure);
}

/** Adds one that says all of itself. */
export function addFailure(job: Job, cold: Cold, failure: Failure): void {
  let oldLsn: u64 = 0;
  let oldBytes: u32 = 0;
  if (cold.failuresKept >= shard().keepsFailures) {
    const oldest = failureAt(cold.failureHead);
    oldLsn = oldest.lsn;
    oldBytes = journal.failureRecordBytes(oldest);
    dropOldest(cold);
  }
  insertFailure(cold, failure);
  if (cold.claim != 0) cold.claim = CLAIM_STALE;
  journal.recordFailure(job, failure, oldLsn, oldBytes);
}
