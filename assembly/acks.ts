/* Acks: what a reply about a job waits for whose put was tagged with `ack`.
 *
 * Without the tag it is whatever the server promises. With a weaker level the reply depends on
 * less: on nothing, or on the job's record having been given to the operating system, which is told
 * by a negative position. That may only be so once the journal says how far ids may have been told
 * ahead of it: no id that anybody heard is given to another job after a crash. Until then such
 * replies wait as all others do. Used by whatever tells a reply what it depends on.
 */
import { ACK_INTERVAL, ACK_MEMORY, HEARD_AT_ONCE, RESULT_LSN } from "./constants";
import { Job, TAGGED } from "./job";
import { Shard, setResult, shard } from "./shard";
import { ackOf, tagsOf } from "./tags";

/** What a reply about the job depends on, whose record ends at `lsn`. */
export function heardAt(job: Job, lsn: u64): f64 {
  if ((job.flags & TAGGED) == 0 || shard().tellsEarly == 0) return <f64>lsn;
  const level = ackOf(tagsOf(job));
  if (level == ACK_MEMORY) return HEARD_AT_ONCE;
  return level != 0 && level <= ACK_INTERVAL ? -(<f64>lsn) : <f64>lsn;
}

/** The same for what several replies depend on together, which is never less than 0. */
export function heardWith(job: Job, lsn: u64): u64 {
  return heardAt(job, lsn) == HEARD_AT_ONCE ? 0 : lsn;
}

/** The answer to thread `t` about the job depends on that. */
export function setHeard(t: u32, job: Job, lsn: u64): void {
  setResult(t, RESULT_LSN, heardAt(job, lsn));
}

/** Where two u32 lie: some job's replies are to be heard early, and they may be. */
export function earlyAddress(): u32 {
  return <u32>(changetype<usize>(shard()) + offsetof<Shard>("wantsEarly"));
}
