/* Names: what the jobs of this shard have in common by a name beyond their tubes: their concurrency
 * keys, their fair keys and their groups.
 *
 * A name is there while a job of the shard, in whatever state, has it in its tags; then it refers
 * to the slot of that name on the board, which all shards share; a fair key has none. All of them
 * stand in one table, by their hashes. One whose key was given back, while jobs stand aside here or
 * elsewhere for want of it, or a group that is complete while jobs wait for it, is on the shard's
 * list of freed names until the next `match` (states.ts): none is left there between two critical
 * sections.
 */
import * as board from "./board";
import { TAG_FAIR, TAG_GRP } from "./constants";
import { FIXED, give, givePage, take, takePage } from "./memory";
import { Node, nodeAt } from "./node";
import { inputSlot, must, namesTable, shard } from "./shard";
import * as table from "./table";
import { entryName, entryNameBytes } from "./tags";

@unmanaged
export class Name extends Node {
  // minor = hash of kind and name
  slot: u32;
  /** Jobs that have it. */
  jobs: u32;
  /** Of a concurrency key: the greatest limit that a job of this shard named. */
  limit: u32;
  /** Of a fair key: as its last put says. */
  weight: u32;
  /** Likewise, the share of it that was used last (shares.ts), 0 when that is gone. */
  share: u32;
  /** Tree of the lanes whose jobs stand aside (lanes.ts). */
  aside: u32;
  /** Of a group: its members here, and the tags of the jobs that wait for it (jobgroups.ts). */
  members: u32;
  firstWaiting: u32;
  lastWaiting: u32;
  /** The next one that was freed. */
  nextFreed: u32;
  isFreed: u8;
  kind: u8;
  nameBytes: u8;
}

const NAME_OFFSET: u32 = offsetof<Name>();
const ASIDE: usize = offsetof<Name>("aside");

export function nameAt(address: u32): Name {
  return changetype<Name>(<usize>address);
}

export function addressOfName(name: Name): u32 {
  return <u32>changetype<usize>(name);
}

/** Bytes of the piece of a name. */
export function pieceBytes(name: Name): u32 {
  return NAME_OFFSET + <u32>name.nameBytes;
}

export function textOf(name: Name): usize {
  return changetype<usize>(name) + NAME_OFFSET;
}

/** The tree of its lanes whose jobs stand aside. */
export function asideRoot(name: Name): usize {
  return changetype<usize>(name) + ASIDE;
}

function hashOf(kind: u8, text: usize, bytes: u32): u32 {
  let h: u32 = (0x811c9dc5 ^ <u32>kind) * 0x01000193;
  for (let i: u32 = 0; i < bytes; ++i) h = (h ^ load<u8>(text + i)) * 0x01000193;
  h = (h ^ (h >>> 16)) * 0x85ebca6b;
  return h ^ (h >>> 13);
}

/** The hash of the group whose name has `bytes` bytes at `offset` of thread `t`'s input slot. */
export function groupHash(t: u32, offset: u32, bytes: u32): u32 {
  return hashOf(TAG_GRP, inputSlot(t) + offset, bytes);
}

/** The first name that shares a bucket with the hash; the caller follows `chain`. */
function bucketOf(hash: u32): u32 {
  return namesTable().directory == 0 ? 0 : table.bucket(namesTable(), hash);
}

function findName(kind: u8, text: usize, bytes: u32, hash: u32): u32 {
  for (let at = bucketOf(hash); at != 0; at = nodeAt(at).chain) {
    const name = nameAt(at);
    const isLike = <u32>name.minor == hash && name.kind == kind && name.nameBytes == bytes;
    if (isLike && memory.compare(textOf(name), text, bytes) == 0) return at;
  }
  return 0;
}

/** The name with that slot and hash, or 0. */
export function nameOfSlot(slot: u32, hash: u32): u32 {
  for (let at = bucketOf(hash); at != 0; at = nodeAt(at).chain) {
    if (nameAt(at).slot == slot) return at;
  }
  return 0;
}

/** Whether a name is among those of the shard. */
export function isName(address: u32): bool {
  let at = bucketOf(<u32>nameAt(address).minor);
  while (at != 0 && at != address) at = nodeAt(at).chain;
  return at != 0;
}

/** The group whose name has `bytes` bytes at `offset` of thread `t`'s input slot, or 0. */
export function findGroup(t: u32, offset: u32, bytes: u32): u32 {
  return findName(TAG_GRP, inputSlot(t) + offset, bytes, groupHash(t, offset, bytes));
}

/** Sees to it that there is a table; false when there is no memory for it. */
function openNames(): bool {
  if (namesTable().directory != 0) return true;
  const directory = takePage(true);
  if (directory == 0) return false;
  if (table.openTable(namesTable(), directory)) return true;
  namesTable().directory = 0;
  givePage(directory);
  return false;
}

/** In place of a name: there was no memory for it. */
export const NO_MEMORY: u32 = 1;

/** One job more has the name of a tag's entry; 0 without an entry, or NO_MEMORY. */
export function joinName(kind: u8, entry: usize, vital: bool): u32 {
  if (entry == 0) return 0;
  const text = entryName(entry);
  const bytes = entryNameBytes(entry);
  const hash = hashOf(kind, text, bytes);
  let at = findName(kind, text, bytes, hash);
  if (at == 0) at = makeName(kind, text, bytes, hash, vital);
  if (at == 0) return NO_MEMORY;
  nameAt(at).jobs++;
  return at;
}

function makeName(kind: u8, text: usize, bytes: u32, hash: u32, vital: bool): u32 {
  if (!openNames()) return 0;
  const at = take(FIXED, NAME_OFFSET + bytes, vital);
  if (at == 0) return 0;
  const slot = kind != TAG_FAIR ? board.refer(kind, <u32>text, bytes, hash) : 0;
  if (kind != TAG_FAIR && slot == 0) {
    give(at);
    return 0;
  }
  memory.fill(at, 0, NAME_OFFSET);
  const name = nameAt(at);
  name.minor = hash;
  name.slot = slot;
  name.kind = kind;
  name.nameBytes = <u8>bytes;
  memory.copy(textOf(name), text, bytes);
  table.add(namesTable(), name);
  return at;
}

/** One job less has the name at an address, if there is one; it goes with the last. */
export function leaveName(address: u32): void {
  if (address == 0 || address == NO_MEMORY) return;
  const name = nameAt(address);
  must(name.jobs > 0);
  name.jobs--;
  if (name.jobs == 0 && name.isFreed == 0) dropName(name);
}

/** Forgets a name that no job has. */
export function dropName(name: Name): void {
  must((name.aside | name.members | name.firstWaiting) == 0);
  if (name.slot != 0) board.drop(name.slot);
  table.drop(namesTable(), name);
  give(addressOfName(name));
}

/** Whoever stands aside, or waits, for the name is to look again at the next `match`. */
export function markFreed(name: Name): void {
  if (name.isFreed != 0) return;
  name.isFreed = 1;
  name.nextFreed = shard().freedNames;
  shard().freedNames = addressOfName(name);
}
