/* Fast: the commands that make up nearly all traffic, read straight from a chunk of input when they
 * are written the plain way.
 *
 * Plain means: one space between words, decimal digits only, numbers of at most 9 digits (ids 15),
 * nothing more, and the CRLF is there. Everything else, be it wrong, or only unusual, or not
 * complete yet, gets OP.NONE, and the session finds the line's end and asks parseLine, which knows
 * the whole grammar. So this file decides nothing by itself: where it gives an answer, it is the
 * one that parseLine would give (a property in the tests).
 *
 * Each reader goes through its line once, from left to right, and looks at nothing at or past
 * `end`. parsePut spells out its four numbers, because with a function for them it took half as
 * long again.
 */

import { asciiBytes } from "./ascii.ts";
import { OP } from "./commands.ts";
import type { Command } from "./line.ts";

/**
 * The shortest lines are `reserve` and `touch 1`: nine bytes can be read without a look at the end.
 */
const SHORTEST_LINE_BYTES = 9;
/** Numbers of so many digits fit 31 bits. */
const PLAIN_DIGITS_MAX = 9;
/** Ids of so many digits stay below 2^53. */
const ID_DIGITS_MAX = 15;
const BILLION = 1_000_000_000;

// These are not imported from ascii.ts: V8 loads an imported constant from memory at each use,
// which made put a fifth slower.
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const ZERO = 0x30;
const SPACE_AS_DIGIT = SPACE - ZERO;
const B = 0x62;
const D = 0x64;
const E = 0x65;
const L = 0x6c;
const P = 0x70;
const R = 0x72;
const S = 0x73;
const T = 0x74;
const U = 0x75;
const V = 0x76;

// What remains of a verb when its first letters have been looked at.
const WITH_TIMEOUT = asciiBytes("-with-timeout ");
const EASE = asciiBytes("ease ");
const OUCH = asciiBytes("ouch ");
const URY = asciiBytes("ury ");

/**
 * Reads the command that begins at `at` in bytes[0, end). Returns its operation, with its arguments
 * in `out` and the index after its CRLF in `out.next`; or OP.NONE, which says nothing about the
 * line and leaves `out` without meaning.
 */
export function parseFast(bytes: Uint8Array, at: number, end: number, out: Command): number {
  if (end - at < SHORTEST_LINE_BYTES) return OP.NONE;
  switch (byteAt(bytes, at)) {
    case P:
      return parsePut(bytes, at, end, out);
    case R:
      return parseReserveOrRelease(bytes, at, end, out);
    case D:
      return parseDelete(bytes, at, end, out);
    case T:
      return parseTouch(bytes, at, end, out);
    case B:
      return parseBury(bytes, at, end, out);
    default:
      return OP.NONE;
  }
}

/** `put <pri> <delay> <ttr> <bytes>` */
function parsePut(bytes: Uint8Array, start: number, end: number, out: Command): number {
  if (
    byteAt(bytes, start + 1) !== U ||
    byteAt(bytes, start + 2) !== T ||
    byteAt(bytes, start + 3) !== SPACE
  ) {
    return OP.NONE;
  }
  let first = start + 4;
  let at = first;
  let digit = -1;

  let pri = 0;
  while (at < end && (digit = byteAt(bytes, at) - ZERO) >>> 0 <= 9) {
    pri = (Math.imul(pri, 10) + digit) | 0;
    at++;
  }
  if (digit !== SPACE_AS_DIGIT || at === first || at - first > PLAIN_DIGITS_MAX) return OP.NONE;
  first = ++at;

  let delay = 0;
  while (at < end && (digit = byteAt(bytes, at) - ZERO) >>> 0 <= 9) {
    delay = (Math.imul(delay, 10) + digit) | 0;
    at++;
  }
  if (digit !== SPACE_AS_DIGIT || at === first || at - first > PLAIN_DIGITS_MAX) return OP.NONE;
  first = ++at;

  let ttr = 0;
  while (at < end && (digit = byteAt(bytes, at) - ZERO) >>> 0 <= 9) {
    ttr = (Math.imul(ttr, 10) + digit) | 0;
    at++;
  }
  if (digit !== SPACE_AS_DIGIT || at === first || at - first > PLAIN_DIGITS_MAX) return OP.NONE;
  first = ++at;

  let bodyBytes = 0;
  while (at < end && (digit = byteAt(bytes, at) - ZERO) >>> 0 <= 9) {
    bodyBytes = (Math.imul(bodyBytes, 10) + digit) | 0;
    at++;
  }
  if (at === first || at - first > PLAIN_DIGITS_MAX || !endsLine(bytes, at, end)) return OP.NONE;

  out.pri = pri;
  out.delay = delay;
  out.ttr = ttr;
  out.bytes = bodyBytes;
  out.garbage = false;
  out.hasFailure = false;
  out.next = at + 2;
  return OP.PUT;
}

/** `reserve`, `reserve-with-timeout <timeout>`, `release <id> <pri> <delay>` */
function parseReserveOrRelease(bytes: Uint8Array, at: number, end: number, out: Command): number {
  if (byteAt(bytes, at + 1) !== E) return OP.NONE;
  if (byteAt(bytes, at + 2) === L) return parseRelease(bytes, at, end, out);
  if (
    byteAt(bytes, at + 2) !== S ||
    byteAt(bytes, at + 3) !== E ||
    byteAt(bytes, at + 4) !== R ||
    byteAt(bytes, at + 5) !== V ||
    byteAt(bytes, at + 6) !== E
  ) {
    return OP.NONE;
  }
  if (byteAt(bytes, at + 7) !== CR) return parseReserveWithTimeout(bytes, at, end, out);
  if (byteAt(bytes, at + 8) !== LF) return OP.NONE;
  out.garbage = false;
  out.hasFailure = false;
  out.next = at + 9;
  return OP.RESERVE;
}

/** `reserve-with-timeout <timeout>`, of which `reserve` has been seen */
function parseReserveWithTimeout(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Command,
): number {
  if (!follows(bytes, start + 7, end, WITH_TIMEOUT)) return OP.NONE;
  const first = start + 7 + WITH_TIMEOUT.length;
  const at = skipDigits(bytes, first, end);
  if (!isPlain(first, at) || !endsLine(bytes, at, end)) return OP.NONE;
  out.timeout = plainNumber(bytes, first, at);
  out.garbage = false;
  out.hasFailure = false;
  out.next = at + 2;
  return OP.RESERVE_WITH_TIMEOUT;
}

/** `release <id> <pri> <delay>`, of which `rel` has been seen */
function parseRelease(bytes: Uint8Array, start: number, end: number, out: Command): number {
  if (!follows(bytes, start + 3, end, EASE)) return OP.NONE;
  const afterId = readId(bytes, start + 8, end, out);
  if (!isSpace(bytes, afterId, end)) return OP.NONE;
  const afterPri = skipDigits(bytes, afterId + 1, end);
  if (!isPlain(afterId + 1, afterPri) || !isSpace(bytes, afterPri, end)) return OP.NONE;
  const afterDelay = skipDigits(bytes, afterPri + 1, end);
  if (!isPlain(afterPri + 1, afterDelay) || !endsLine(bytes, afterDelay, end)) return OP.NONE;
  out.pri = plainNumber(bytes, afterId + 1, afterPri);
  out.delay = plainNumber(bytes, afterPri + 1, afterDelay);
  out.garbage = false;
  out.hasFailure = false;
  out.next = afterDelay + 2;
  return OP.RELEASE;
}

/** `delete <id>` */
function parseDelete(bytes: Uint8Array, start: number, end: number, out: Command): number {
  if (
    byteAt(bytes, start + 1) !== E ||
    byteAt(bytes, start + 2) !== L ||
    byteAt(bytes, start + 3) !== E ||
    byteAt(bytes, start + 4) !== T ||
    byteAt(bytes, start + 5) !== E ||
    byteAt(bytes, start + 6) !== SPACE
  ) {
    return OP.NONE;
  }
  const at = readId(bytes, start + 7, end, out);
  if (!endsLine(bytes, at, end)) return OP.NONE;
  out.garbage = false;
  out.hasFailure = false;
  out.next = at + 2;
  return OP.DELETE;
}

/** `touch <id>` */
function parseTouch(bytes: Uint8Array, start: number, end: number, out: Command): number {
  if (!follows(bytes, start + 1, end, OUCH)) return OP.NONE;
  const at = readId(bytes, start + 6, end, out);
  if (!endsLine(bytes, at, end)) return OP.NONE;
  out.garbage = false;
  out.hasFailure = false;
  out.next = at + 2;
  return OP.TOUCH;
}

/** `bury <id> <pri>` */
function parseBury(bytes: Uint8Array, start: number, end: number, out: Command): number {
  if (!follows(bytes, start + 1, end, URY)) return OP.NONE;
  const afterId = readId(bytes, start + 5, end, out);
  if (!isSpace(bytes, afterId, end)) return OP.NONE;
  const at = skipDigits(bytes, afterId + 1, end);
  if (!isPlain(afterId + 1, at) || !endsLine(bytes, at, end)) return OP.NONE;
  out.pri = plainNumber(bytes, afterId + 1, at);
  out.garbage = false;
  out.hasFailure = false;
  out.next = at + 2;
  return OP.BURY;
}

/**
 * Reads an id of 1 to 15 digits into `out.id` and returns the index after it, or `end` (where no
 * line can end) when it is not plain. Most ids have no more digits than a 32-bit integer holds.
 */
function readId(bytes: Uint8Array, first: number, end: number, out: Command): number {
  let at = first;
  let digit = -1;
  let id = 0;
  while (at < end && (digit = byteAt(bytes, at) - ZERO) >>> 0 <= 9) {
    id = (Math.imul(id, 10) + digit) | 0;
    at++;
  }
  if (at === first) return end;
  if (at - first > PLAIN_DIGITS_MAX) return readLongId(bytes, first, at, end, out);
  out.id = id;
  return at;
}

/** Reads the id that the digits bytes[first, after) are. */
function readLongId(
  bytes: Uint8Array,
  first: number,
  after: number,
  end: number,
  out: Command,
): number {
  if (after - first > ID_DIGITS_MAX) return end;
  const middle = after - PLAIN_DIGITS_MAX;
  out.id = plainNumber(bytes, first, middle) * BILLION + plainNumber(bytes, middle, after);
  return after;
}

/** The index of the first byte at or after `at` that is not a digit. */
function skipDigits(bytes: Uint8Array, at: number, end: number): number {
  let index = at;
  while (index < end && (byteAt(bytes, index) - ZERO) >>> 0 <= 9) index++;
  return index;
}

/** Whether the digits bytes[first, after) are there, and not too many for plainNumber. */
function isPlain(first: number, after: number): boolean {
  return after > first && after - first <= PLAIN_DIGITS_MAX;
}

/** The value of the digits bytes[first, after). */
function plainNumber(bytes: Uint8Array, first: number, after: number): number {
  let value = 0;
  for (let at = first; at < after; at++)
    value = (Math.imul(value, 10) + byteAt(bytes, at) - ZERO) | 0;
  return value;
}

function isSpace(bytes: Uint8Array, at: number, end: number): boolean {
  return at < end && byteAt(bytes, at) === SPACE;
}

function endsLine(bytes: Uint8Array, at: number, end: number): boolean {
  return at + 1 < end && byteAt(bytes, at) === CR && byteAt(bytes, at + 1) === LF;
}

/** Whether the bytes from `at` are `expected`. */
function follows(bytes: Uint8Array, at: number, end: number, expected: Uint8Array): boolean {
  const length = expected.length;
  if (end - at < length) return false;
  for (let index = 0; index < length; index++) {
    if (byteAt(bytes, at + index) !== byteAt(expected, index)) return false;
  }
  return true;
}

/**
 * The index of the CR of the first CRLF in bytes[at, end), or -1. A CR or LF alone does not end a
 * line.
 */
export function findLineEnd(bytes: Uint8Array, at: number, end: number): number {
  const last = end - 1;
  for (let index = at; index < last; index++) {
    if (byteAt(bytes, index) === CR && byteAt(bytes, index + 1) === LF) return index;
  }
  return -1;
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] as number;
}
