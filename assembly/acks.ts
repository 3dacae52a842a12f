/* Acks: what a reply about a job waits for whose put was tagged with `ack`.
 *
 * Without the tag it is whatever the server promises, and so it is with a level that is no less.
 * With a weaker level the reply depends on less: on nothing; on the job's record having been given
 * to the operating system; or, where a copy is waited for, on its having been synced here. Which of
 * them is told by a position below 0, perhaps with a fraction. That may only be so once the journal
 * says how far ids may have been told ahead of it: no id that anybody heard is given to another job
 * after a crash. Until then such replies wait as all others do. Used by whatever tells a reply what
 * it depends on.
 */
import { ACK_MEMORY, ACK_SYNC, HEARD_AT_ONCE, HEARD_SYNCED, RESULT_LSN } from "./constants";
import { Job, TAGGED } from "./job";
import { Lines } from "./lines";
import { Shard, setResult, shard } from "./shard";
import { ackOf, tagsOf } from "./tags";

/** The level, ACK_*, of replies about the job if they wait for less than others; else 0. */
export function earlyLevel(job: Job): u32 {
  if ((job.flags & TAGGED) == 0 || shard().tellsEarly == 0) return 0;
  const level = ackOf(tagsOf(job));
  return level < shard().promises ? level : 0;
}

/** What a reply of that level depends on, about what was recorded up to `lsn`. */
export function heardAs(level: u32, lsn: u64): f64 {
  if (level == 0) return <f64>lsn;
  if (level == ACK_MEMORY) return HEARD_AT_ONCE;
  return -(<f64>lsn) - (level == ACK_SYNC ? HEARD_SYNCED : 0);
}

/** The answer to thread `t` about the job depends on its record, which ends at `lsn`. */
export function setHeard(t: u32, job: Job, lsn: u64): void {
  setResult(t, RESULT_LSN, heardAs(earlyLevel(job), lsn));
}

/** Lines that are heard together: by what the strictest of them waits for. */
@unmanaged
export class Told extends Lines {
  /** Up to where what they tell was recorded; of those that wait as the server promises. */
  lsn: u64;
  /** The same of those that wait for less, and the highest level among these. */
  earlyLsn: u64;
  earlyLevel: u32;
}

export function beginTold(told: Told): void {
  told.lsn = 0;
  told.earlyLsn = 0;
  told.earlyLevel = 0;
}

/** A line tells something about the job that was recorded up to `lsn`. */
export function tell(told: Told, job: Job, lsn: u64): void {
  tellAs(told, earlyLevel(job), lsn);
}

/** The same, of a job with that level (`earlyLevel`), which may be gone. */
export function tellAs(told: Told, level: u32, lsn: u64): void {
  if (level == 0) {
    told.lsn = max(told.lsn, lsn);
    return;
  }
  told.earlyLevel = max(told.earlyLevel, level);
  if (level != ACK_MEMORY) told.earlyLsn = max(told.earlyLsn, lsn);
}

/** What all of it depends on. */
export function heardTogether(told: Told): f64 {
  if (told.lsn != 0) return <f64>max(told.lsn, told.earlyLsn);
  return heardAs(told.earlyLevel, told.earlyLsn);
}

/** Where two u32 lie: some job's replies are to be heard early, and they may be. */
export function earlyAddress(): u32 {
  return <u32>(changetype<usize>(shard()) + offsetof<Shard>("wantsEarly"));
}
