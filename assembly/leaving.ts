/* Leaving: dead jobs that are to go to the dead-letter tubes of their tubes.
 *
 * A job that dies in a tube that sends such jobs elsewhere stands buried with a mark among its
 * tags, which its records in the journal have as well, so a restart forgets none. All that are
 * marked and buried stand in the shard's list, by their tags, until they are carried over
 * (dead.ts). Whatever else takes such a job out of its place, a kick for example, takes the mark
 * away.
 */
import { Job } from "./job";
import { Shard, shard } from "./shard";
import { Tags, addressOfTags, isLeaving, setLeaving, tagsAt, tagsOf } from "./tags";

/** Where leavingHead, 0 when no job is to leave, and leavingChanges lie, two u32. */
export function leavingAddress(): u32 {
  return <u32>(changetype<usize>(shard()) + offsetof<Shard>("leavingHead"));
}

/** Appends the tags of a marked job, which is buried. */
export function joinLeaving(own: Tags): void {
  shard().leavingChanges++;
  append(own);
}

function append(own: Tags): void {
  const s = shard();
  const at = addressOfTags(own);
  own.prevCooling = s.leavingTail;
  own.nextCooling = 0;
  if (s.leavingTail != 0) tagsAt(s.leavingTail).nextCooling = at;
  else s.leavingHead = at;
  s.leavingTail = at;
}

function leaveList(own: Tags): void {
  const s = shard();
  if (own.prevCooling != 0) tagsAt(own.prevCooling).nextCooling = own.nextCooling;
  else s.leavingHead = own.nextCooling;
  if (own.nextCooling != 0) tagsAt(own.nextCooling).prevCooling = own.prevCooling;
  else s.leavingTail = own.prevCooling;
  own.nextCooling = own.prevCooling = 0;
}

/** A buried job, which is TAGGED, is not to leave, whatever was said. */
export function stay(job: Job): void {
  unmark(tagsOf(job));
}

/** The job of these tags is not to leave: they stand in no list. */
export function unmark(own: Tags): void {
  if (!isLeaving(own)) return;
  leaveList(own);
  setLeaving(own, false);
}

/** A job that is TAGGED keeps its place among the buried, and is to leave or is not. */
export function leaveOrStay(job: Job, leaves: bool): void {
  if (!leaves) stay(job);
  else if (!isLeaving(tagsOf(job))) {
    setLeaving(tagsOf(job), true);
    if (isLeaving(tagsOf(job))) joinLeaving(tagsOf(job));
  }
}

/** It is its turn last. */
export function rotate(own: Tags): void {
  leaveList(own);
  append(own);
}
