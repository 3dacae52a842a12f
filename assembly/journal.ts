/* Journal: the one point in a shard that every mutation passes through.
 *
 * Each mutation gets the next number of the shard's sequence, in the order in which the lock let them happen. The number is what a
 * reply depends on: the host holds a reply back until the sequence is safe up to there, and without a journal it always is.
 */
import { Job } from "./job";
import { shard } from "./shard";

/** A job came into being, with all that is to be known about it. */
export const PUT: u32 = 1;
/** It is gone. */
export const DELETE: u32 = 2;
export const RELEASE: u32 = 3;
export const BURY: u32 = 4;
export const KICK: u32 = 5;

/** Numbers the mutation `kind` of `job`. */
export function record(kind: u32, job: Job): void {
  const lsn = ++shard().lsn;
  if (kind == PUT) job.lsn = lsn;
}
