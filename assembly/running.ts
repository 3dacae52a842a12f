/* Running: what a run keeps at hand, and how its commands are read and answered: what run.ts and
 * grouprun.ts have in common.
 *
 * A command is taken only if it is complete and exactly well formed: single spaces, plain digits,
 * CR LF. Words are compared and written as little-endian numbers: a string would need a data
 * segment.
 */
import { Told } from "./acks";
import * as C from "./constants";
import { Job } from "./job";
import * as commands from "./commands";
import { readKey } from "./keyed";
import { takesAsItIs } from "./settings";
import { INSERTED, SPACE, U32_MAX, writeCrlf, writeNumber, writeWord } from "./lines";
import { resultSlot } from "./shard";
import { tubeAt } from "./tube";

/** What one run keeps at hand; lies in the thread's result area, behind the results. */
@unmanaged
export class Run extends Told {
  /** End of the input. */
  end: u32;
  thread: u32;
  tube: u32;
  conn: u32;
  flags: u32;
  bodyMax: u32;
  did: u32;
  stop: u32;
  /** Length of the put that needs an id. */
  needs: u32;
  /** What to call the waiting, if the connection is made to. */
  generation: u32;
  idsUsed: u32;
  now: f64;
  nextId: f64;
  lastId: f64;
  /** The best head among the tubes that the connection watches in other shards, 0 for none. */
  bound: u64;
  /* The put that was read last. */
  pri: u32;
  delay: u32;
  ttr: u32;
  tagBytes: u32;
  /** Where its body begins, and how long that is. */
  body: u32;
  bodyBytes: u32;
  /* The batch that is looked at (grouprun.ts): how many puts and deletes it has, the first and the
   * last job that was made for it, and most bytes that are recorded of it. */
  puts: u32;
  deletes: u32;
  madeHead: u32;
  madeTail: u32;
  recordBytes: u32;
}

export const PUT_: u32 = 0x20747570; // "put "
export const DELETE_: u64 = 0x206574656c6564; // "delete "
export const SEVEN_BYTES: u64 = 0xffffffffffffff;
export const BURIED_: u64 = 0x20444549525542; // "BURIED "
const DELETED_CR: u64 = 0x0d444554454c4544; // "DELETED\r"
const CRLF: u32 = 0x0a0d;
export const LF: u32 = 10;
export const CR: u32 = 13;

/*
 * Reading. Words are read beyond `end` freely: the output slot follows. What counts is that a
 * command ends within.
 */

/**
 * A number of at most 15 plain digits at `at`: value * 16 + its length; 0 when there is no digit.
 */
export function digits(at: u32): u64 {
  let value: u64 = 0;
  let count: u32 = 0;
  let digit = <u32>load<u8>(at) - 48;
  while (digit <= 9 && count < 15) {
    value = value * 10 + digit;
    digit = <u32>load<u8>(at, 1) - 48;
    at++;
    count++;
  }
  return (value << 4) | count;
}

export function lengthOf(number: u64): u32 {
  return <u32>number & 15;
}

/** Whether the digits are there, fit 32 bits, and end with `mark`. */
export function isU32(number: u64, at: u32, mark: u32): bool {
  const length = lengthOf(number);
  return length != 0 && number >> 4 <= U32_MAX && load<u8>(at + length) == mark;
}

export function isId(number: u64, at: u32, mark: u32): bool {
  const length = lengthOf(number);
  return length != 0 && load<u8>(at + length) == mark;
}

/**
 * The position behind the CR LF whose CR is at `cr`, or 0 when it is not there or not within the
 * input.
 */
export function lineEnd(run: Run, cr: u32): u32 {
  return load<u8>(cr, 1) == LF && cr + 2 <= run.end ? cr + 2 : 0;
}

/**
 * Reads a put at `at`, with its whole body, that the run may take: where its body begins, and what
 * else there is in the run; 0 when it may not.
 */
export function readPut(run: Run, at: u32): u32 {
  let p = at + 4;
  const pri = digits(p);
  if (!isU32(pri, p, SPACE)) return 0;
  p += lengthOf(pri) + 1;
  const delay = digits(p);
  if (!isU32(delay, p, SPACE)) return 0;
  p += lengthOf(delay) + 1;
  const ttr = digits(p);
  if (!isU32(ttr, p, SPACE)) return 0;
  p += lengthOf(ttr) + 1;
  const length = digits(p);
  let end = p + lengthOf(length);
  run.tagBytes = 0;
  if (load<u8>(end) == SPACE) {
    const tag = readKey(end + 1, run.thread);
    run.tagBytes = <u32>tag;
    end = <u32>(tag >> 32);
    if (run.tagBytes == 0 || load<u8>(end) != CR || !isU32(length, p, SPACE)) return 0;
  } else if (!isU32(length, p, CR)) {
    return 0;
  }
  const body = lineEnd(run, end);
  const bytes = length >> 4;
  if (body == 0 || bytes > run.bodyMax || (run.flags & C.RUN_PUTS) == 0) return 0;
  const bodyEnd = <u64>body + bytes;
  if (bodyEnd + 2 > <u64>run.end || load<u16>(<u32>bodyEnd) != CRLF) return 0;
  if (!takesAsItIs(tubeAt(run.tube), <u32>bytes)) return 0;
  run.pri = <u32>(pri >> 4);
  run.delay = <u32>(delay >> 4);
  run.ttr = <u32>(ttr >> 4);
  run.body = body;
  run.bodyBytes = <u32>bytes;
  return body;
}

/** Where a put ends that was read. */
export function putEnd(run: Run): u32 {
  return run.body + run.bodyBytes + 2;
}

export function count(run: Run, which: i32): void {
  const at = resultSlot(run.thread) + ((<usize>(C.RESULT_COUNTS + which)) << 3);
  store<f64>(at, load<f64>(at) + 1);
}

/* Puts that were read. */

/**
 * The job of a put without tags is one: DONE, or BURIED when there is no memory for its priority.
 */
export function admitPut(run: Run, job: Job, id: f64): i32 {
  const delay = <f64>run.delay;
  return commands.admit(run.thread, job, run.tube, id, run.pri, delay, run.ttr, run.now);
}

/** Counts and answers a put. */
export function writePut(run: Run, answer: i32, id: f64): void {
  run.did |= C.DID_PUT;
  count(run, C.COUNT_PUT);
  if (answer == C.DONE) {
    writeWord(run, INSERTED, 8);
    store<u8>(run.out++, SPACE);
  } else {
    writeWord(run, BURIED_, 7);
  }
  writeNumber(run, <u64>id);
  writeCrlf(run);
}

/** Counts and answers a delete. */
export function writeDeleted(run: Run): void {
  count(run, C.COUNT_DELETE);
  writeWord(run, DELETED_CR, 8);
  store<u8>(run.out++, LF);
}

/** The id of a delete of a whole line at `at`, as of `digits`; 0 when it is none. */
export function readDelete(run: Run, at: u32): u64 {
  const p = at + 7;
  const id = digits(p);
  return isId(id, p, CR) && lineEnd(run, p + lengthOf(id)) != 0 ? id : 0;
}

/** Where a delete ends that was read. */
export function deleteEnd(at: u32, id: u64): u32 {
  return at + 7 + lengthOf(id) + 2;
}
