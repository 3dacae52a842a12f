/* Batched: puts of a batch that stand in the journal and wait for what makes them jobs.
 *
 * What a batch does is recorded at once, in a bounded room. Bodies beyond that go ahead, each in a
 * PUT record whose state is STATE_UPLOADING: it means nothing before a STATE record of its job,
 * which is one of the batch's own. Until then the job stands here and nowhere else, and its place
 * in the journal is kept as a job's is. Used by group.ts, and by replay.ts while a server starts:
 * there such jobs stand in the table of jobs too, so that what follows of them is found.
 */
import { Job, addressOfJob, jobAt } from "./job";
import { shard } from "./shard";

/** The job, which stands nowhere, waits from now on. */
export function startWaiting(job: Job): void {
  const s = shard();
  const at = addressOfJob(job);
  job.left = s.batched;
  job.right = 0;
  if (s.batched != 0) jobAt(s.batched).right = at;
  s.batched = at;
}

/** It waits no more. */
export function stopWaiting(job: Job): void {
  if (job.left != 0) jobAt(job.left).right = job.right;
  if (job.right != 0) jobAt(job.right).left = job.left;
  else shard().batched = job.left;
}

/** The job of that id that waits, or 0. */
export function findBatched(id: u64): u32 {
  let at = shard().batched;
  while (at != 0 && jobAt(at).minor != id) at = jobAt(at).left;
  return at;
}
