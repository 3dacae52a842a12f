/* Failure: what is kept of an attempt at a job that ended without a delete: when, whose, how, and
 * what the holder said about it.
 *
 *   0 next | 4 bytes | 8 at | 16 lsn | 24 number | 28 attempt | 32 owner | 36 end | 37 who bytes
 *     | 38 has message | 39 - | 40 who | message
 *
 * The list hangs on the job's Cold record, oldest first, numbers ascending; numbers that are
 * missing were dropped. A message that does not fit in one piece with the rest is a chain of
 * blocks, as a long body (chain.ts), whose ends stand in its place. Memory for failures is
 * asked for as for bodies: inside the budget, and it may be refused.
 *
 * When an attempt ends is attempts.ts's to say; here is only the record and the list. With a
 * journal everything in the list is in it.
 */
import * as chains from "./chain";
import { BLOCK_HEADER, Chain, OF_FAILURE, blockAt } from "./chain";
import { Conn, whoAt, whoBytes } from "./conn";
import { Cold, Job, coldAt } from "./job";
import { FAILURES, give, take } from "./memory";
import { BLOCK_BODY, PIECE_MAX } from "./layouts";
import { must, shard } from "./shard";

@unmanaged
export class Failure {
  /** The next younger one, 0 behind the youngest. */
  next: u32;
  /** Length of the message. */
  bytes: u32;
  /** On the engine's clock; negative for what an earlier process saw. */
  atMicros: i64;
  /** Position of its record in the journal. */
  lsn: u64;
  /** The job's first failure is 1. */
  number: u32;
  /** Which reservation of the job it was. */
  attempt: u32;
  /** The Cold record in whose list it is; 0 while it is in none, and then it is not moved. */
  owner: u32;
  end: u8;
  whoBytes: u8;
  hasMessage: u8;
}

/** Where the name of whoever made the attempt stands, the message behind it. */
const TEXT_OFFSET: u32 = 40;
/** What stands in the place of a long message: the ends of its chain. */
const CHAIN_BYTES: u32 = offsetof<Chain>();

export function failureAt(address: u32): Failure {
  return changetype<Failure>(<usize>address);
}

export function addressOfFailure(failure: Failure): u32 {
  return <u32>changetype<usize>(failure);
}

export function whoOf(failure: Failure): usize {
  return changetype<usize>(failure) + TEXT_OFFSET;
}

/** Where the message stands, or the addresses of its first and last block. */
export function messageOf(failure: Failure): usize {
  return whoOf(failure) + failure.whoBytes;
}

/** Whether the message is a chain of blocks. */
export function isChained(failure: Failure): bool {
  return TEXT_OFFSET + <u32>failure.whoBytes + failure.bytes > PIECE_MAX;
}

/** The ends of a long message. */
export function messageChain(failure: Failure): Chain {
  return changetype<Chain>(messageOf(failure));
}

function markOf(failure: Failure): u32 {
  return addressOfFailure(failure) | OF_FAILURE;
}

/** Bytes of the piece that the record itself takes. */
export function failureBytes(failure: Failure): u32 {
  const message = isChained(failure) ? CHAIN_BYTES : failure.bytes;
  return TEXT_OFFSET + failure.whoBytes + message;
}

/** A record with the name at `who` and room for a message of `bytes`; 0 when there is no memory. */
export function makeFailure(
  who: usize,
  nameBytes: u32,
  bytes: u32,
  hasMessage: bool,
  vital: bool,
): u32 {
  const whole = <u64>TEXT_OFFSET + nameBytes + bytes;
  const chained = whole > <u64>PIECE_MAX;
  const size = chained ? TEXT_OFFSET + nameBytes + CHAIN_BYTES : <u32>whole;
  const at = take(FAILURES, size, vital);
  if (at == 0) return 0;
  const failure = failureAt(at);
  failure.next = 0;
  failure.bytes = bytes;
  failure.lsn = 0;
  failure.owner = 0;
  failure.end = 0;
  failure.whoBytes = <u8>nameBytes;
  failure.hasMessage = hasMessage ? 1 : 0;
  memory.copy(whoOf(failure), who, nameBytes);
  if (chained) store<u64>(messageOf(failure), 0);
  return at;
}

/** As makeFailure, for an attempt of `conn`. */
export function makeFailureOf(conn: Conn, bytes: u32, hasMessage: bool): u32 {
  return makeFailure(whoAt(conn), whoBytes(conn), bytes, hasMessage, false);
}

/** Frees a record that stands in no list. */
export function freeFailure(failure: Failure): void {
  if (isChained(failure)) chains.freeBlocks(messageChain(failure));
  give(addressOfFailure(failure));
}

/* The message. */

/**
 * Adds `count` bytes at `source` to a message that has `position` bytes so far; returns how many:
 * fewer when memory runs out.
 */
export function appendMessage(
  failure: Failure,
  position: u32,
  source: usize,
  count: u32,
  vital: bool,
): u32 {
  must(count <= failure.bytes - position);
  if (!isChained(failure)) {
    memory.copy(messageOf(failure) + position, source, count);
    return count;
  }
  return chains.append(
    messageChain(failure),
    markOf(failure),
    failure.bytes,
    position,
    source,
    count,
    vital,
  );
}

/** Adds the whole message of another one to one that has none of it yet; false without memory. */
export function appendWhole(failure: Failure, other: Failure): bool {
  const bytes = other.bytes;
  if (!isChained(other)) return appendMessage(failure, 0, messageOf(other), bytes, true) == bytes;
  let position: u32 = 0;
  for (let block = messageChain(other).first; position < bytes; block = blockAt(block).next) {
    const step = min(bytes - position, BLOCK_BODY);
    const source = <usize>block + BLOCK_HEADER;
    if (appendMessage(failure, position, source, step, true) != step) return false;
    position += step;
  }
  return true;
}

/**
 * Copies the message from `position` on to `target`, at most `room` bytes; returns how many: none
 * from behind its end.
 */
export function readMessage(failure: Failure, position: u32, target: usize, room: u32): u32 {
  // A copy of no bytes traps as well when it begins outside the memory.
  position = min(position, failure.bytes);
  const count = min(room, failure.bytes - position);
  if (!isChained(failure)) {
    memory.copy(target, messageOf(failure) + position, count);
    return count;
  }
  if (count == 0) return 0;
  let block = messageChain(failure).first;
  for (let passed = position / BLOCK_BODY; passed > 0; --passed) block = blockAt(block).next;
  chains.copyOut(block, position, target, count);
  return count;
}

/** Corrects whatever pointed at the record, which has been moved here from `from`. */
export function settleFailure(failure: Failure, from: u32): void {
  const at = addressOfFailure(failure);
  const cold = coldAt(failure.owner);
  if (cold.failureTail == from) cold.failureTail = at;
  if (cold.note == from) {
    cold.note = at;
  } else if (cold.failureHead == from) {
    cold.failureHead = at;
  } else {
    let before = cold.failureHead;
    while (failureAt(before).next != from) before = failureAt(before).next;
    failureAt(before).next = at;
  }
  if (isChained(failure)) chains.markEnds(messageChain(failure), markOf(failure));
}

/* The list of a job. */

/** The job's oldest failure, 0 when it has none. */
export function firstFailure(job: Job): u32 {
  return job.cold == 0 ? 0 : coldAt(job.cold).failureHead;
}

/** How many the job has. */
export function failuresKept(job: Job): u32 {
  return job.cold == 0 ? 0 : coldAt(job.cold).failuresKept;
}

/** The first one with a number above `after`, or 0. */
export function failureAfter(job: Job, after: u32): u32 {
  let at = firstFailure(job);
  while (at != 0 && failureAt(at).number <= after) at = failureAt(at).next;
  return at;
}

/** The one with that number, or 0. */
export function failureOf(job: Job, number: u32): u32 {
  const at = failureAfter(job, number - 1);
  return at != 0 && failureAt(at).number == number ? at : 0;
}

/** The youngest one that has a message, or 0. */
export function lastMessage(job: Job): u32 {
  let found: u32 = 0;
  for (let at = firstFailure(job); at != 0; at = failureAt(at).next) {
    if (failureAt(at).hasMessage != 0) found = at;
  }
  return found;
}

/** Adds a failure where its number belongs, as yet none has it. */
export function insertFailure(cold: Cold, failure: Failure): void {
  const at = addressOfFailure(failure);
  failure.owner = <u32>changetype<usize>(cold);
  let before = cold.failureTail;
  if (before != 0 && failureAt(before).number > failure.number) {
    before = 0;
    let behind = cold.failureHead;
    while (failureAt(behind).number < failure.number) {
      before = behind;
      behind = failureAt(behind).next;
    }
  }
  if (before == 0) {
    failure.next = cold.failureHead;
    cold.failureHead = at;
  } else {
    failure.next = failureAt(before).next;
    failureAt(before).next = at;
  }
  if (failure.next == 0) cold.failureTail = at;
  cold.failuresKept++;
  shard().failuresKept++;
}

/** Drops the oldest one, which is there. */
export function dropOldest(cold: Cold): void {
  const oldest = failureAt(cold.failureHead);
  cold.failureHead = oldest.next;
  if (oldest.next == 0) cold.failureTail = 0;
  cold.failuresKept--;
  shard().failuresKept--;
  freeFailure(oldest);
}

/** Drops all that the job has, and the note of how far it is. */
export function dropFailures(job: Job): void {
  if (job.cold == 0) return;
  const cold = coldAt(job.cold);
  while (cold.failureHead != 0) dropOldest(cold);
  if (cold.note != 0) freeFailure(failureAt(cold.note));
  cold.note = 0;
}
