/* Keys: the idempotency keys of the shard's tubes: which job has which, and which are in their
 * cooldown.
 *
 *   free --put--> the job's --delete, no ttl--> free
 *                  |
 *                  +--delete, ttl--> in its cooldown --time, flush-tube--> free
 *
 * All keys stand in one tree, by the hash of their tube and themselves, then by the id of the job:
 * two jobs of one tube that stand in the shard never have the same. A key in its cooldown is the
 * Tags record of a job that was deleted; it stands in its tube's list too, in the order of the
 * deletions, keeps the tube, and has a KEY record in the journal, so that a restart goes on with
 * it. That it ended is a DELETE record whose `state` is KEY_ENDED.
 */
import { Job } from "./job";
import * as journal from "./journal";
import { dropNames } from "./joining";
import { unmark } from "./leaving";
import { nodeAt } from "./node";
import { Shard, shard } from "./shard";
import * as tags from "./tags";
import { Tags, addressOfTags, tagsAt, tagsOf } from "./tags";
import { startTerm, stopTerm } from "./terms";
import * as tree from "./tree";
import { Tube, addressOfTube, tubeAt } from "./tube";

export function keysRoot(): usize {
  return changetype<usize>(shard()) + offsetof<Shard>("keys");
}

/** The hash of the key of an entry in that tube: what the tree is ordered by. */
export function keyHash(tube: Tube, entry: usize): u64 {
  const name = tags.entryName(entry);
  const bytes = tags.entryNameBytes(entry);
  let h: u32 = 0x811c9dc5;
  for (let i: u32 = 0; i < bytes; ++i) h = (h ^ load<u8>(name + i)) * 0x01000193;
  h = (h ^ (h >>> 16)) * 0x85ebca6b;
  return ((<u64>(<u32>tube.minor)) << 32) | (h ^ (h >>> 13));
}

function isSameKey(own: Tags, tube: u32, entry: usize): bool {
  const mine = tags.idpEntry(own);
  const bytes = tags.entryNameBytes(mine);
  return (
    own.tube == tube &&
    bytes == tags.entryNameBytes(entry) &&
    memory.compare(tags.entryName(mine), tags.entryName(entry), bytes) == 0
  );
}

/** The tags that have the key of the entry in that tube, a job's or a cooldown's; or 0. */
export function findKey(tube: u32, entry: usize): u32 {
  const hash = keyHash(tubeAt(tube), entry);
  let at = tree.findFrom(keysRoot(), hash);
  while (at != 0 && nodeAt(at).major == hash) {
    if (isSameKey(tagsAt(at), tube, entry)) return at;
    at = tree.next(at);
  }
  return 0;
}

/** The cooldown of the job `id` whose key has that hash, or 0. */
export function findCooling(hash: u64, id: u64): u32 {
  let at = tree.findFrom(keysRoot(), hash);
  while (at != 0 && nodeAt(at).major == hash) {
    if (tagsAt(at).minor == id && tagsAt(at).isCooling != 0) return at;
    at = tree.next(at);
  }
  return 0;
}

/** The job, which has tags and is about to stand in `tube`, takes its key, if it has one. */
export function takeKey(job: Job, tube: Tube): void {
  holdKey(tagsOf(job), tube);
}

function holdKey(own: Tags, tube: Tube): void {
  if (own.idp == tags.NO_ENTRY) return;
  own.tube = addressOfTube(tube);
  own.major = keyHash(tube, tags.idpEntry(own));
  tree.insert(keysRoot(), own);
  own.isKey = 1;
}

/**
 * The job, which has tags, has come to its tube from another one: its key is that tube's now. Where
 * another job or a cooldown has it the job gives it up, for good.
 */
export function moveKey(job: Job): void {
  const own = tagsOf(job);
  leaveKey(own);
  if (own.idp == tags.NO_ENTRY) return;
  if (findKey(job.tube, tags.idpEntry(own)) == 0) takeKey(job, tubeAt(job.tube));
  else tags.giveUpIdp(own);
}

export function leaveKey(own: Tags): void {
  if (own.isKey == 0) return;
  tree.remove(keysRoot(), own);
  own.isKey = 0;
}

/** The job's end: its tags go with it, unless its key is in its cooldown now. */
export function dropTags(job: Job): void {
  const own = tagsOf(job);
  dropNames(own);
  if (own.isCooling != 0) return;
  stopTerm(own);
  leaveKey(own);
  tags.freeTags(own);
}

/* Cooldowns. */

/** A job with tags is about to be deleted: the cooldown of its key begins, if it has one. */
export function cool(job: Job, now: u64): void {
  const own = tagsOf(job);
  if (own.isKey == 0) return;
  const seconds = tags.entryNumber(tags.idpEntry(own));
  if (seconds == 0) return;
  beginCooling(own, now + <u64>seconds * 1000000);
  journal.recordKey(own, 0);
}

/** The key of `own`, which stands among the keys, is in its cooldown until then. */
export function beginCooling(own: Tags, until: u64): void {
  const tube = tubeAt(own.tube);
  const at = addressOfTags(own);
  unmark(own); // the links of that list are those of this one
  own.isCooling = 1;
  own.until = until;
  own.nextCooling = 0;
  own.prevCooling = tube.coolingTail;
  if (tube.coolingTail != 0) tagsAt(tube.coolingTail).nextCooling = at;
  else tube.coolingHead = at;
  tube.coolingTail = at;
  startTerm(own, until);
}

/** A record for a cooldown that a replay met; 0 when there is no memory. */
export function remakeCooling(tube: Tube, id: u64, entry: usize, bytes: u32, until: u64): u32 {
  const made = tags.makeTags(id, entry, bytes, true);
  if (made == 0) return 0;
  holdKey(tagsAt(made), tube);
  beginCooling(tagsAt(made), until);
  return made;
}

/** Ends a cooldown and says so in the journal. The tube may be unused afterwards. */
export function endCooling(own: Tags): void {
  journal.recordKeyEnd(own);
  dropCooling(own);
}

/** Ends a cooldown without a word. */
export function dropCooling(own: Tags): void {
  const tube = tubeAt(own.tube);
  if (own.prevCooling != 0) tagsAt(own.prevCooling).nextCooling = own.nextCooling;
  else tube.coolingHead = own.nextCooling;
  if (own.nextCooling != 0) tagsAt(own.nextCooling).prevCooling = own.prevCooling;
  else tube.coolingTail = own.prevCooling;
  stopTerm(own);
  leaveKey(own);
  tags.freeTags(own);
}
