/* Joining: a job has the names in its tags from its put to its end: its concurrency key, its fair
 * key, the group that it is in and the one that it waits for (names.ts).
 *
 * The names come first, inside the budget, and change nothing yet; that the job is there is told
 * when nothing can fail any more. Called by puts, arrivals and replays, and at a job's end.
 */
import * as board from "./board";
import { TAG_AFT, TAG_CON, TAG_FAIR, TAG_GRP } from "./constants";
import { Job } from "./job";
import { leaveGroup } from "./jobgroups";
import { NO_MEMORY, Name, joinName, leaveName, markFreed, nameAt } from "./names";
import { Tags, entryIn, entryNumber, tagsOf, textOf } from "./tags";

/**
 * A job has the names in its tags from now on: as many as it says may be held of those with its
 * key. False when there is no memory.
 */
export function takeNames(job: Job, vital: bool): bool {
  if (!joinNames(job, vital)) return false;
  raiseLimits(job);
  return true;
}

/** The names in its tags are there for a job, which changes nothing yet; as `takeNames`. */
export function joinNames(job: Job, vital: bool): bool {
  const own = tagsOf(job);
  const text = textOf(own);
  const bytes = own.textBytes;
  if (own.con == 0) own.con = joinName(TAG_CON, entryIn(text, bytes, TAG_CON), vital);
  if (own.fair == 0) own.fair = joinName(TAG_FAIR, entryIn(text, bytes, TAG_FAIR), vital);
  if (own.grp == 0) own.grp = joinName(TAG_GRP, entryIn(text, bytes, TAG_GRP), vital);
  if (own.aft == 0) own.aft = joinName(TAG_GRP, entryIn(text, bytes, TAG_AFT), vital);
  if (own.con != NO_MEMORY && own.fair != NO_MEMORY && own.grp != NO_MEMORY && own.aft != NO_MEMORY)
    return true;
  dropNames(own);
  return false;
}

/**
 * As many may be held of those with the key of a job as it says, whose names are there; and its
 * fair key has the weight that it says.
 */
export function raiseLimits(job: Job): void {
  const own = tagsOf(job);
  const text = textOf(own);
  if (own.fair != 0) nameAt(own.fair).weight = entryNumber(entryIn(text, own.textBytes, TAG_FAIR));
  if (own.con == 0) return;
  raiseLimit(nameAt(own.con), entryNumber(entryIn(text, own.textBytes, TAG_CON)));
}

/** A job has its names no more. */
export function dropNames(own: Tags): void {
  leaveGroup(own);
  leaveName(own.con);
  leaveName(own.fair);
  leaveName(own.grp);
  leaveName(own.aft);
  own.con = 0;
  own.fair = 0;
  own.grp = 0;
  own.aft = 0;
}

function raiseLimit(name: Name, limit: u32): void {
  if (limit <= name.limit) return; // limits only rise while a shard has the name
  name.limit = limit;
  const isAwaited = board.raise(name.slot, limit) != 0;
  if (isAwaited || name.aside != 0) markFreed(name);
}
