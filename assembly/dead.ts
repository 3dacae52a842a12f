/* Dead: the exports by which dead jobs come to the dead-letter tubes of their tubes.
 *
 * Such a job stands buried with a mark (leaving.ts). The host takes one after the other and carries
 * it over as a move would: in one step within the shard, with a copy otherwise (migrating.ts). Any
 * thread may; one that comes too late finds that the job is not to leave any more.
 * Conventions: index.ts.
 */
import {
  DONE,
  MORE,
  NONE,
  NOT_FOUND,
  OUTCOME_BURIED,
  OUT_OF_MEMORY,
  RESULT_ID,
  RESULT_LSN,
  RESULT_NAME_BYTES,
  STATE_BURIED,
  STATE_READY,
} from "./constants";
import { isAwaited, tellEnd } from "./awaits";
import { enterAt } from "./deadlines";
import { hasBody, isClaimed, jobAt } from "./job";
import * as journal from "./journal";
import { rotate, stay } from "./leaving";
import { beLeaving, countDeadLetter, relocate } from "./migrating";
import * as parts from "./parts";
import { sendsDead, writeDead } from "./settings";
import { leave, outputSlot, setResult, shard } from "./shard";
import * as states from "./states";
import { isToLeave, jobOf, tagsAt } from "./tags";
import { tubeAt } from "./tube";

/**
 * A job that is to leave: RESULT_ID, and the name of the tube that it goes to in the output slot,
 * RESULT_NAME_BYTES. Each in its turn, again and again. NONE when there is none, MORE when one is
 * to stay, since nothing is set for its tube any more: a command that needs room in the ring.
 */
export function nextDead(t: u32, now: f64): i32 {
  enterAt(now);
  const at = shard().leavingHead;
  if (at == 0) return leave(t, NONE);
  const job = jobOf(tagsAt(at));
  const tube = tubeAt(job.tube);
  if (!sendsDead(tube)) {
    stay(job);
    if (isAwaited(job)) tellEnd(job, OUTCOME_BURIED);
    journal.recordState(job, true);
    setResult(t, RESULT_ID, <f64>job.minor);
    setResult(t, RESULT_LSN, <f64>shard().lsn);
    return leave(t, MORE);
  }
  rotate(tagsAt(at));
  setResult(t, RESULT_ID, <f64>job.minor);
  setResult(t, RESULT_NAME_BYTES, <f64>writeDead(tube, outputSlot(t)));
  return leave(t, DONE);
}

/**
 * The job of that id, if it is to leave, no batch is about to move it and its body is in memory; 0
 * otherwise.
 */
function findLeaving(id: f64): u32 {
  const at = states.findJob(<u64>id);
  if (at == 0 || isClaimed(jobAt(at)) || !hasBody(jobAt(at))) return 0;
  return jobAt(at).state == STATE_BURIED && isToLeave(jobAt(at)) ? at : 0;
}

/**
 * Moves a job that is to leave to `tube`, of this shard, full or not, where it is ready: DONE;
 * BURIED when there is no memory for its priority; NOT_FOUND when it is not to leave now; MORE when
 * it has to be copied; OUT_OF_MEMORY when its record would be too long.
 */
export function moveDead(t: u32, id: f64, tube: u32, now: f64): i32 {
  enterAt(now);
  const at = findLeaving(id);
  if (at == 0) return leave(t, NOT_FOUND);
  const job = jobAt(at);
  if (parts.partsOf(job) != 0) return leave(t, MORE);
  if (!journal.mayMoveTo(job, tubeAt(tube))) return leave(t, OUT_OF_MEMORY);
  states.leaveState(job);
  job.major = <u64>now;
  countDeadLetter(tubeAt(job.tube));
  const answer = relocate(job, tubeAt(tube), STATE_READY, <u64>now);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  return leave(t, answer);
}

/** As `beginMove`, for a job that is to leave; where it comes to it is ready. */
export function beginDeadMove(t: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findLeaving(id);
  if (at == 0) return leave(t, NOT_FOUND);
  beLeaving(t, jobAt(at), <u64>now);
  setResult(t, RESULT_LSN, <f64>shard().lsn);
  return leave(t, DONE);
}
