/* Results: what finished jobs left behind is kept for whoever asks, until its time runs out.
 *
 * Each has a RESULT record in the journal, in front of the tombstone of its job; that its time is
 * over is a DELETE record whose `state` is RESULT_ENDED. A crash may have cut the tombstone off:
 * then the job is there, nobody heard that it was finished, and the result is none
 * (`endUnfinished`).
 */
import { DONE, MORE, NONE } from "./constants";
import { Job } from "./job";
import * as journal from "./journal";
import { nodeAt } from "./node";
import { Result, dropResult, makeResult, resultAt, resultsRoot } from "./result";
import { enter, leave } from "./shard";
import { findJob } from "./states";
import * as tree from "./tree";
import { ownHash, tubeAt } from "./tube";

/** Keeps the result of a job that is about to end, and records it; false without memory. */
export function keepResult(job: Job, text: u32, keepSeconds: u32, now: u64): bool {
  const tube = tubeAt(job.tube);
  const hash = ownHash(tube);
  const until = now + <u64>keepSeconds * 1000000;
  const made = makeResult(job.minor, text, keepSeconds, hash, until, false);
  if (made == 0) return false;
  resultAt(made).made = journal.wall(<f64>now);
  journal.recordResult(resultAt(made), 0);
  return true;
}

/** Its time is over, and the journal is told. */
export function endResult(result: Result): void {
  journal.recordResultEnd(result);
  dropResult(result);
}

/**
 * Ends a result whose job a replay brought back: DONE, and there may be more; NONE when there is
 * none. Called when the stream has begun: that it ended is recorded. MORE without room for that.
 */
export function endUnfinished(t: u32): i32 {
  enter();
  for (let at = tree.first(resultsRoot()); at != 0; at = tree.next(at)) {
    if (findJob(nodeAt(at).major) == 0) continue;
    if (!journal.hasRoom()) return leave(t, MORE);
    endResult(resultAt(at));
    return leave(t, DONE);
  }
  return leave(t, NONE);
}
