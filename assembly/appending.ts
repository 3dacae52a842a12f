/* Appending: a long body on its way into a job that is none yet, and part by part into the journal.
 * Called by the exports of putting.ts and migrating.ts, inside a critical section.
 */
import { DONE, MORE, OUT_OF_MEMORY, RESULT_COUNT } from "./constants";
import { Job, appendBody } from "./job";
import * as journal from "./journal";
import * as parts from "./parts";
import { inputSlot, setResult } from "./shard";

/**
 * Adds the next `count` bytes, at `offset` of the input slot, to a job that has `position` bytes;
 * `vital`: beyond the budget if need be. RESULT_COUNT of them were taken: fewer with OUT_OF_MEMORY,
 * or with MORE when the journal's ring has no room for a part that they make whole.
 */
export function appendPieces(
  t: u32,
  job: Job,
  position: u32,
  offset: u32,
  count: u32,
  vital: bool,
): i32 {
  const source = inputSlot(t) + offset;
  let taken: u32 = 0;
  let answer = DONE;
  while (taken < count && answer == DONE) {
    const left = parts.leftInPart(job, position + taken);
    const step = min(left, count - taken);
    if (step == left && !journal.hasRoom()) {
      answer = MORE;
      break;
    }
    const done = appendBody(job, position + taken, source + taken, step, vital);
    taken += done;
    if (done < step) answer = OUT_OF_MEMORY;
    else if (step == left) journal.recordPart(job, parts.indexAt(job, position + taken - 1));
  }
  setResult(t, RESULT_COUNT, <f64>taken);
  return answer;
}
