/* Job groups: the jobs of all tubes and shards that are in one group (tag `grp`), and those that
 * wait until it has no member any more (tag `aft`).
 *
 *   put, delay over, group not complete --> parked --its last member goes--> ready
 *
 * A group is a name (names.ts). How many members it has, and how many jobs wait, stands on the
 * board (board.ts), changed under the board's own lock: so a job either sees that the group is
 * complete or is seen by whoever completes it. Each completion is a turn, counted: a job waits for
 * the turn that was next when it began to wait. Members that come later hold up no job whose turn
 * it is, however late its shard hears of that.
 *
 * A job that waits is parked: delayed without an end (PARKED_UNTIL). It stands behind all others in
 * its tube's tree of delayed jobs, and in the list of its name. Its shard sets it free with the
 * next `match` (states.ts), and so many at once at most; then it looks again. During a replay
 * nobody is a member yet, and whoever may have to wait does; afterwards all members are counted, in
 * all shards, and then the groups that are complete are opened (recounting.ts).
 */
import * as board from "./board";
import { STATE_BURIED, STATE_DELAYED } from "./constants";
import { Job, TAGGED } from "./job";
import { Name, markFreed, nameAt } from "./names";
import { shard } from "./shard";
import { Tags, addressOfTags, tagsAt, tagsOf } from "./tags";
import { Tube, tubeAt } from "./tube";

/** The deadline of a job that waits for its group: later than any delay ends. */
export const PARKED_UNTIL: u64 = 9007199254740991;

/** Whether the job waits for its group. */
export function isParked(job: Job): bool {
  return job.state == STATE_DELAYED && job.major == PARKED_UNTIL;
}

/** Whether a job waits for a group, or would, if it were put now. */
export function mustWait(job: Job): bool {
  if ((job.flags & TAGGED) == 0) return false;
  const group = tagsOf(job).aft;
  return group != 0 && board.isComplete(nameAt(group).slot) == 0;
}

/* Members. */

/** The job, which is TAGGED and has its names, is a member of its group from now on. */
export function joinGroup(job: Job): void {
  const own = tagsOf(job);
  if (own.grp == 0 || own.isMember != 0) return;
  own.isMember = 1;
  nameAt(own.grp).members++;
  board.join(nameAt(own.grp).slot);
  if (job.state == STATE_BURIED) countBuried(own, 1);
}

/** It is none any more. If it was the last one, those that wait are free with the next `match`. */
export function leaveGroup(own: Tags): void {
  if (own.isMember == 0) return;
  own.isMember = 0;
  const name = nameAt(own.grp);
  name.members--;
  const heard = board.part(name.slot);
  if (heard > 1 || (heard != 0 && name.firstWaiting != 0)) markFreed(name);
}

/**
 * The job has come from another shard, where its record is the member until `passMembership`: the
 * group has no more jobs than before.
 */
export function takeMembership(job: Job): void {
  const own = tagsOf(job);
  if (own.grp == 0) return;
  own.isMember = 1;
  nameAt(own.grp).members++;
}

/** What has come of the job in another shard is the member, or was: it may be gone already. */
export function passMembership(own: Tags): void {
  if (own.isMember == 0) return;
  own.isMember = 0;
  nameAt(own.grp).members--;
}

/** A job that is TAGGED has come among the buried ones (1), or left them (-1). */
export function countBuried(own: Tags, by: i32): void {
  if (own.isMember != 0) board.bury(nameAt(own.grp).slot, by);
}

/* Waiting. */

/** The job waits for its group from now on; false when it has none to wait for. */
export function startPark(job: Job): bool {
  const own = tagsOf(job);
  if (own.aft == 0) return false;
  const name = nameAt(own.aft);
  const turn = board.park(name.slot, shard().isRecalling);
  if (turn == 0) return false;
  const at = addressOfTags(own);
  own.turn = turn;
  own.nextWaiting = 0;
  own.prevWaiting = name.lastWaiting;
  if (name.lastWaiting != 0) tagsAt(name.lastWaiting).nextWaiting = at;
  else name.firstWaiting = at;
  name.lastWaiting = at;
  return true;
}

/** It waits no more. */
export function endPark(job: Job): void {
  const own = tagsOf(job);
  const name = nameAt(own.aft);
  if (own.prevWaiting != 0) tagsAt(own.prevWaiting).nextWaiting = own.nextWaiting;
  else name.firstWaiting = own.nextWaiting;
  if (own.nextWaiting != 0) tagsAt(own.nextWaiting).prevWaiting = own.prevWaiting;
  else name.lastWaiting = own.prevWaiting;
  board.unpark(name.slot);
}

/** The tags of the first job that waits for the group and whose turn it is, or 0. */
export function firstFree(name: Name): u32 {
  const at = name.firstWaiting;
  return at != 0 && tagsAt(at).turn != board.turn(name.slot) ? at : 0;
}

/* Tubes that have got jobs that were set free, in the order in which the tubes were made. */

/** The tube is to be offered when the groups have been opened. */
export function offerLater(tube: Tube): void {
  if (tube.isOpened != 0) return;
  tube.isOpened = 1;
  const s = shard();
  let before: u32 = 0;
  let at = s.openedTubes;
  while (at != 0 && tubeAt(at).createdNumber < tube.createdNumber) {
    before = at;
    at = tubeAt(at).nextOpened;
  }
  tube.nextOpened = at;
  if (before != 0) tubeAt(before).nextOpened = <u32>changetype<usize>(tube);
  else s.openedTubes = <u32>changetype<usize>(tube);
}

/** Takes the first of them, which is there. */
export function takeOpenedTube(): u32 {
  const s = shard();
  const at = s.openedTubes;
  s.openedTubes = tubeAt(at).nextOpened;
  tubeAt(at).isOpened = 0;
  return at;
}
