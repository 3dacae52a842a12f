/* Tags: what a few jobs carry beside what every job has: the words behind <bytes> of their put.
 *
 *   0 Node: its place among the keys (keys.ts) | 32 a second one: its place among the terms
 *     (terms.ts) | 64 until | 72 lsn | 80 tube | 84 next | 88 previous | 92 its con
 *     | 96 its lane | 100 its fair | 104 its grp | 108 its aft | 112 its turn | 116 next and 120
 *     previous of those that wait | 124 text bytes u16 | 126 where its key, 128 its exp, 130 its
 *     max is u16 | 132 key's hold, 133 term's, 134 cooling, 135 owes, 136 member | 144 text
 *
 * The record hangs on the job's Cold record (TAGGED says so), so a job without tags has no byte
 * more. It knows its job by the id and is never moved. Its text is what the host made of the words
 * and what the job's PUT record ends with: one entry for each tag,
 *
 *   kind u8 | bytes of the name u8 | given up u16 | number u32 | name | zeros up to a multiple of 8
 *
 * The name of `max` is no name but the number of attempts that were charged, u32, and four zeros;
 * limits that a job has no more have the number 0. A key that was given up says nothing any more; a
 * limit that says so is of a dead job that is to leave (leaving.ts).
 *
 * so a put, a record and a replay read the same bytes. Of a key with a cooldown the record outlives
 * its job (keys.ts). Memory for it is asked for as for a body: inside the budget.
 */
import { TAG_ACK, TAG_EXP, TAG_IDP, TAG_KINDS, TAG_MAX, TAGS_OFFSET } from "./constants";
import { Job, TAGGED, coldAt, jobAt, makeCold } from "./job";
import { FIXED, give, take } from "./memory";
import { Node } from "./node";
import { jobs, must, resultSlot, shard } from "./shard";
import * as table from "./table";
import { TAG_GIVEN_UP, TAG_NAME, TAG_NAME_BYTES, TAG_NUMBER } from "./layouts";

@unmanaged
export class Tags extends Node {
  // major = hash of tube and key, minor = id of the job
  /* The second node, by its parts. */
  termLeft: u32;
  termRight: u32;
  termParent: u32;
  termChain: u32;
  termDue: u64;
  termId: u64;
  /** End of the cooldown, on the engine's clock. */
  until: u64;
  /** LSN of the KEY record of the cooldown. */
  lsn: u64;
  /**
   * Of a cooldown: whose it is, and its neighbours among those of the tube; of a job that is to
   * leave, its neighbours among those of the shard (leaving.ts).
   */
  tube: u32;
  nextCooling: u32;
  prevCooling: u32;
  /** Its concurrency key (names.ts), 0 when it has none; and its lane while it is ready. */
  con: u32;
  lane: u32;
  /** Its fair key (names.ts), 0 when it has none. */
  fair: u32;
  /** Its group, and the one that it waits for (jobgroups.ts), 0 when there is none. */
  grp: u32;
  aft: u32;
  /** While it waits: until that one is complete which time, and its neighbours. */
  turn: u32;
  nextWaiting: u32;
  prevWaiting: u32;
  textBytes: u16;
  /** Where in the text the key's entry is; NO_ENTRY when there is none. */
  idp: u16;
  /** Likewise the entries of its limits. */
  exp: u16;
  max: u16;
  /** Stands among the keys; stands among the terms. */
  isKey: u8;
  isTimed: u8;
  /** Its job was deleted: the key has a cooldown. */
  isCooling: u8;
  /** What it is charged with, or that it was set free, is not in the journal yet (limits.ts). */
  owes: u8;
  /** Counts among the members of its group. */
  isMember: u8;
}

export const NO_ENTRY: u16 = 0xffff;
export const TAGS_BYTES: u32 = (offsetof<Tags>() + 7) & ~7;
const TERM_NODE: usize = offsetof<Tags>("termLeft");

export function tagsAt(address: u32): Tags {
  return changetype<Tags>(<usize>address);
}

export function addressOfTags(tags: Tags): u32 {
  return <u32>changetype<usize>(tags);
}

/** Where the words of a put lie that thread `t` is about to make. */
export function tagsSlot(t: u32): usize {
  return resultSlot(t) + TAGS_OFFSET;
}

export function textOf(tags: Tags): usize {
  return changetype<usize>(tags) + TAGS_BYTES;
}

/** The node by which it stands among the terms, and the way back. */
export function termNode(tags: Tags): Node {
  return changetype<Node>(changetype<usize>(tags) + TERM_NODE);
}

export function tagsOfTerm(node: u32): Tags {
  return changetype<Tags>(<usize>node - TERM_NODE);
}

/** The tags of a job that is TAGGED. */
export function tagsOf(job: Job): Tags {
  return tagsAt(coldAt(job.cold).tags);
}

/** Whose they are: while a job moves within the shard there are two of its id. */
export function jobOf(tags: Tags): Job {
  let at = table.bucket(jobs(), <u32>tags.minor);
  while (at != 0) {
    const job = jobAt(at);
    if (job.minor == tags.minor && (job.flags & TAGGED) != 0 && tagsOf(job) == tags) return job;
    at = job.chain;
  }
  must(false);
  return jobAt(0);
}

/** Bytes of the tags of a job in its PUT record. */
export function tagBytes(job: Job): u32 {
  return (job.flags & TAGGED) == 0 ? 0 : <u32>tagsOf(job).textBytes;
}

/* Entries. */

function nameBytes(entry: usize): u32 {
  return load<u8>(entry, TAG_NAME_BYTES);
}

function entryBytes(entry: usize): u32 {
  return TAG_NAME + ((nameBytes(entry) + 7) & ~7);
}

/** Whether the `bytes` bytes at `text` are whole entries of kinds that are known, each once. */
export function isText(text: usize, bytes: u32): bool {
  let seen: u32 = 0;
  let at: u32 = 0;
  while (at < bytes) {
    if (bytes - at < TAG_NAME) return false;
    const kind = <u32>load<u8>(text + at);
    if (kind == 0 || kind > <u32>TAG_KINDS || (seen & (1 << kind)) != 0) return false;
    seen |= 1 << kind;
    if (entryBytes(text + at) > bytes - at) return false;
    if (kind == <u32>TAG_MAX && nameBytes(text + at) != 8) return false;
    at += entryBytes(text + at);
  }
  return true;
}

/** Bytes of all entries that a tube may give: `exp`, `ack`, and `max` with what was charged. */
export const GIVEN_BYTES: u32 = 3 * TAG_NAME + 8;

/**
 * Adds an entry without a name to the `bytes` bytes at `text`, unless there is one of its kind;
 * returns how many there are then.
 */
export function addEntry(text: usize, bytes: u32, kind: u8, number: u32): u32 {
  if (entryOf(text, bytes, kind) != NO_ENTRY) return bytes;
  const entry = text + bytes;
  const charged: u8 = kind == <u8>TAG_MAX ? 8 : 0;
  store<u64>(entry, 0);
  store<u8>(entry, kind);
  store<u8>(entry, charged, TAG_NAME_BYTES);
  store<u32>(entry, number, TAG_NUMBER);
  if (charged != 0) store<u64>(entry, 0, TAG_NAME);
  return bytes + TAG_NAME + charged;
}

/** Whether a text has one entry. */
export function isOne(text: usize, bytes: u32): bool {
  return bytes == entryBytes(text);
}

/** Where in the text the entry of that kind is, or NO_ENTRY. */
function entryOf(text: usize, bytes: u32, kind: u8): u16 {
  for (let at: u32 = 0; at < bytes; at += entryBytes(text + at)) {
    if (load<u8>(text + at) == kind) return <u16>at;
  }
  return NO_ENTRY;
}

/** Likewise the entry of the idempotency key, unless it was given up. */
function idpOf(text: usize, bytes: u32): u16 {
  const at = entryOf(text, bytes, TAG_IDP);
  return at != NO_ENTRY && load<u16>(text + at, TAG_GIVEN_UP) != 0 ? NO_ENTRY : at;
}

/** The entry of the idempotency key among the words at `text`, or 0. */
export function keyEntry(text: usize, bytes: u32): usize {
  const at = idpOf(text, bytes);
  return at == NO_ENTRY ? 0 : text + at;
}

export function entryName(entry: usize): usize {
  return entry + TAG_NAME;
}

export function entryNameBytes(entry: usize): u32 {
  return nameBytes(entry);
}

export function entryNumber(entry: usize): u32 {
  return load<u32>(entry, TAG_NUMBER);
}

/** The entry of the tags' own key, which is there. */
export function idpEntry(tags: Tags): usize {
  return textOf(tags) + tags.idp;
}

/** The key, which stands in no place, is none of the job's any more. */
export function giveUpIdp(tags: Tags): void {
  store<u16>(idpEntry(tags), 1, TAG_GIVEN_UP);
  tags.idp = NO_ENTRY;
}

/** Bytes of that entry. */
export function idpEntryBytes(tags: Tags): u32 {
  return entryBytes(idpEntry(tags));
}

/** The entry of that kind among the words at `text`, or 0. */
export function entryIn(text: usize, bytes: u32, kind: u8): usize {
  const at = entryOf(text, bytes, kind);
  return at == NO_ENTRY ? 0 : text + at;
}

/** What replies about its job wait for, ACK_*; 0 when its put did not say. */
export function ackOf(tags: Tags): u32 {
  return numberAt(tags, entryOf(textOf(tags), tags.textBytes, TAG_ACK));
}

/* Limits. */

function numberAt(tags: Tags, at: u16): u32 {
  return at == NO_ENTRY ? 0 : load<u32>(textOf(tags) + at, TAG_NUMBER);
}

/** Seconds that the job may live, 0 = without end. */
export function secondsOf(tags: Tags): u32 {
  return numberAt(tags, tags.exp);
}

/** Attempts that it may have, 0 = any number. */
export function maxOf(tags: Tags): u32 {
  return numberAt(tags, tags.max);
}

/** Attempts that were charged. */
export function chargedOf(tags: Tags): u32 {
  return tags.max == NO_ENTRY ? 0 : load<u32>(textOf(tags) + tags.max, TAG_NAME);
}

export function setCharged(tags: Tags, charged: u32): void {
  if (tags.max != NO_ENTRY) store<u32>(textOf(tags) + tags.max, charged, TAG_NAME);
}

/** The job has no limits any more. */
export function setNoLimits(tags: Tags): void {
  if (tags.exp != NO_ENTRY) store<u32>(textOf(tags) + tags.exp, 0, TAG_NUMBER);
  if (tags.max != NO_ENTRY) store<u32>(textOf(tags) + tags.max, 0, TAG_NUMBER);
}

/** Whether it was tagged with limits and has none any more. */
export function isUnlimited(tags: Tags): bool {
  if ((tags.exp & tags.max) == NO_ENTRY) return false;
  return secondsOf(tags) == 0 && maxOf(tags) == 0;
}

/** Where the entry is that says whether a dead job is to leave: a job without limits never dies. */
function leavingEntry(tags: Tags): u16 {
  return tags.exp != NO_ENTRY ? tags.exp : tags.max;
}

/** Whether the job is dead and is to go to its tube's dead-letter tube. */
export function isLeaving(tags: Tags): bool {
  const at = leavingEntry(tags);
  return at != NO_ENTRY && load<u16>(textOf(tags) + at, TAG_GIVEN_UP) != 0;
}

/** The same of any job, whether it stands buried or is on its way. */
export function isToLeave(job: Job): bool {
  return (job.flags & TAGGED) != 0 && isLeaving(tagsOf(job));
}

export function setLeaving(tags: Tags, leaves: bool): void {
  const at = leavingEntry(tags);
  if (at != NO_ENTRY) store<u16>(textOf(tags) + at, leaves ? 1 : 0, TAG_GIVEN_UP);
}

/** The text as a newer record of the job has it; its key stands in no place. */
export function retell(tags: Tags, text: usize): void {
  memory.copy(textOf(tags), text, tags.textBytes);
  tags.idp = idpOf(text, tags.textBytes);
}

/* The record. */

/** A record of the words at `text`, in no place; 0 when there is no memory. */
export function makeTags(id: u64, text: usize, bytes: u32, vital: bool): u32 {
  const at = take(FIXED, TAGS_BYTES + bytes, vital);
  if (at == 0) return 0;
  memory.fill(at, 0, TAGS_BYTES);
  const tags = tagsAt(at);
  tags.minor = id;
  tags.termId = id;
  tags.textBytes = <u16>bytes;
  memory.copy(textOf(tags), text, bytes);
  tags.idp = idpOf(text, bytes);
  tags.exp = entryOf(text, bytes, TAG_EXP);
  tags.max = entryOf(text, bytes, TAG_MAX);
  return at;
}

/** Hangs a record of the words at `text` on a job that has none; false when there is no memory. */
export function attach(job: Job, id: u64, text: usize, bytes: u32, vital: bool): bool {
  const made = makeTags(id, text, bytes, vital);
  if (made == 0) return false;
  if (job.cold == 0 && makeCold(job, vital) == 0) {
    freeTags(tagsAt(made));
    return false;
  }
  coldAt(job.cold).tags = made;
  job.flags |= TAGGED;
  const level = ackOf(tagsAt(made));
  if (level != 0 && level < shard().promises) shard().wantsEarly = 1;
  return true;
}

/** Takes the record, which stands nowhere, from a job that is just made again. */
export function detach(job: Job): void {
  freeTags(tagsOf(job));
  give(job.cold); // it was made for them
  job.cold = 0;
  job.flags &= ~TAGGED;
}

/** Frees a record that stands nowhere. */
export function freeTags(tags: Tags): void {
  give(addressOfTags(tags));
}
