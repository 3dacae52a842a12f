/* Finished: what becomes of a job that ends with a result, and of the result. Called by the exports
 * of finishing.ts and group.ts, inside a critical section.
 */
import * as awaits from "./awaits";
import * as commands from "./commands";
import { OUTCOME_FINISHED } from "./constants";
import { Job, TAGGED, coldAt } from "./job";
import { cool } from "./keys";
import { keepResult } from "./results";
import * as times from "./times";

/**
 * Ends the job with a result, which is whole and the engine's from now on, or 0; whoever awaits the
 * job hears of it. Returns whether it is kept, for `keepSeconds`: not without memory for that.
 */
export function endFinished(job: Job, result: u32, keepSeconds: u32, now: u64): bool {
  times.deleted(job, <i64>now);
  if ((job.flags & TAGGED) != 0) cool(job, now);
  const isKept = tell(job, result, keepSeconds, now);
  commands.end(job, now);
  return isKept;
}

function tell(job: Job, result: u32, keepSeconds: u32, now: u64): bool {
  let isKept: bool = false;
  if (result != 0) {
    isKept = keepSeconds != 0 && keepResult(job, result, keepSeconds, now);
    if (!isKept) awaits.addText(result);
  }
  if (awaits.isAwaited(job)) awaits.tellText(coldAt(job.cold), OUTCOME_FINISHED, result);
  awaits.freeUnshared(result);
  return isKept;
}
