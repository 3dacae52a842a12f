/* Parts: the pieces in which a long body lies in the journal, and where in the stream the record of
 * each of them is.
 *
 * A body whose PUT record would be longer than two parts goes to the journal in PART records, which
 * are written as it is uploaded; the PUT record that follows them has no body. A job with a list of
 * parts is such a job: the address of the list stands in its chain.
 *
 *   list:   32 bytes | pieces of at most 254 entries, each piece: 0 next u32 | 4 - | 8 entries
 *   entry:  0 LSN of the newest PART record u64 | 8 what replay found, as a body of its own u32
 *           | 12 -
 *
 * A list is open while its job does not stand in the shard with its whole body: during its upload,
 * and in replay until the PUT record and all parts have been found. The open lists are linked.
 *
 * A deleted job's list lives until the committer has counted its DELETE record (segments.ts). The
 * committer subtracts the parts from their segments; the memory is freed with the ring space.
 */
import { INLINE_BODY_MAX, STATE_UPLOADING } from "./constants";
import { Job, addressOfJob, bodyOf, freeJob, isChained, jobAt } from "./job";
import { FIXED, give, take } from "./memory";
import { must, shard } from "./shard";

@unmanaged
export class Parts {
  /**
   * Neighbours among the open ones; `next` also links those of which nothing is needed any more.
   */
  next: u32;
  prev: u32;
  job: u32;
  count: u32;
  /** Bytes of each part but the last. */
  partBytes: u32;
  /** Bytes of the whole body. */
  bodyBytes: u32;
  /** Parts that have not been recorded yet; in replay: not been found yet. */
  missing: u32;
  pieces: u32;
}

/** An entry. */
@unmanaged
export class Part {
  lsn: u64;
  /**
   * In replay: a record without a place whose body is the part, 0 when it is not there or has been
   * put together.
   */
  found: u32;
  unused: u32;
}

export const PIECE_HEADER: u32 = 8;
export const ENTRY_BYTES: u32 = 16;
export const PIECE_ENTRIES: u32 = 254;

export function partsAt(address: u32): Parts {
  return changetype<Parts>(<usize>address);
}

/** Where in a chained job the address of its list stands. */
function place(job: Job): usize {
  return bodyOf(job) + 8;
}

/** Address of the job's list of parts; 0 when its PUT record holds the body. */
export function partsOf(job: Job): u32 {
  return isChained(job) ? load<u32>(place(job)) : 0;
}

/**
 * Gives the job an open list for parts of `partBytes`; false when there is no memory. Its body is
 * chained.
 */
export function makeParts(job: Job, partBytes: u32, vital: bool): bool {
  must(job.bodyBytes > INLINE_BODY_MAX && partBytes > 0);
  const at = take(FIXED, offsetof<Parts>(), vital);
  if (at == 0) return false;
  const list = partsAt(at);
  list.job = addressOfJob(job);
  list.partBytes = partBytes;
  list.bodyBytes = job.bodyBytes;
  list.count = (job.bodyBytes - 1) / partBytes + 1;
  list.missing = list.count;
  list.pieces = 0;
  let left = list.count;
  while (left > 0) {
    const entries = left % PIECE_ENTRIES == 0 ? PIECE_ENTRIES : left % PIECE_ENTRIES;
    // The odd one first: it ends up last.
    const piece = take(FIXED, PIECE_HEADER + entries * ENTRY_BYTES, vital);
    if (piece == 0) {
      giveList(list);
      return false;
    }
    memory.fill(piece, 0, PIECE_HEADER + entries * ENTRY_BYTES);
    store<u32>(piece, list.pieces);
    list.pieces = piece;
    left -= entries;
  }
  store<u32>(place(job), at);
  open(list);
  return true;
}

export function partAt(list: Parts, index: u32): Part {
  must(index < list.count);
  let piece = list.pieces;
  for (; index >= PIECE_ENTRIES; index -= PIECE_ENTRIES) piece = load<u32>(piece);
  return changetype<Part>(<usize>piece + PIECE_HEADER + index * ENTRY_BYTES);
}

/** Bytes of the body in a part. */
export function lengthOf(list: Parts, index: u32): u32 {
  return min(list.partBytes, list.bodyBytes - index * list.partBytes);
}

/**
 * Bytes that an upload at `position` of its body still needs for the part that it is in; without
 * parts more than there can be.
 */
export function leftInPart(job: Job, position: u32): u32 {
  const at = partsOf(job);
  if (at == 0) return u32.MAX_VALUE;
  const list = partsAt(at);
  return lengthOf(list, position / list.partBytes) - (position % list.partBytes);
}

/** The part that byte `position` of the body belongs to. */
export function indexAt(job: Job, position: u32): u32 {
  return position / partsAt(partsOf(job)).partBytes;
}

/* The open ones. */

function open(list: Parts): void {
  const s = shard();
  const at = <u32>changetype<usize>(list);
  list.prev = 0;
  list.next = s.openParts;
  if (list.next != 0) partsAt(list.next).prev = at;
  s.openParts = at;
}

/** The job is about to stand in the shard, its body whole. */
export function settle(job: Job): void {
  const at = partsOf(job);
  if (at == 0) return;
  must(partsAt(at).missing == 0);
  close(partsAt(at));
}

function close(list: Parts): void {
  if (list.next != 0) partsAt(list.next).prev = list.prev;
  if (list.prev != 0) partsAt(list.prev).next = list.next;
  else shard().openParts = list.next;
}

/** Whether the job's list is among the open ones. */
export function isOpen(list: Parts): bool {
  return list.missing != 0 || jobAt(list.job).state == STATE_UPLOADING;
}

/** The job with that id whose list is open, or 0. */
export function findOpen(id: u64): u32 {
  for (let at = shard().openParts; at != 0; at = partsAt(at).next) {
    if (jobAt(partsAt(at).job).minor == id) return partsAt(at).job;
  }
  return 0;
}

/* The end of a list. */

/** Takes the list away from a job that goes; returns its address, 0 when there is none. */
export function detach(job: Job): u32 {
  const at = partsOf(job);
  if (at == 0) return 0;
  if (isOpen(partsAt(at))) close(partsAt(at));
  store<u32>(place(job), 0);
  return at;
}

/** Frees a list that no job has. */
export function freeParts(at: u32): void {
  const list = partsAt(at);
  for (let index: u32 = 0; index < list.count; ++index) {
    const found = partAt(list, index).found;
    if (found != 0) freeJob(jobAt(found));
  }
  giveList(list);
}

function giveList(list: Parts): void {
  let piece = list.pieces;
  while (piece != 0) {
    const following = load<u32>(piece);
    give(piece);
    piece = following;
  }
  give(<u32>changetype<usize>(list));
}

/** Frees the list of a job of which the journal has nothing, or will not be asked for. */
export function dropParts(job: Job): void {
  const at = detach(job);
  if (at != 0) freeParts(at);
}

/**
 * A list that has been counted out: it is freed when the ring is, under the lock. The committer's.
 */
export function spend(at: u32): void {
  partsAt(at).next = shard().spentParts;
  shard().spentParts = at;
}

/** Frees the lists that have been counted out. */
export function freeSpent(): void {
  const s = shard();
  while (s.spentParts != 0) {
    const at = s.spentParts;
    s.spentParts = partsAt(at).next;
    freeParts(at);
  }
}
