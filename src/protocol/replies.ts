/* Replies: the table of every line that the server answers with, and the writers that put them into
 * an output buffer.
 *
 * The table drives whoever reads replies (reply-reader.ts) and the tests of the docs. A writer
 * writes at `at` and returns the position after what it wrote. It does not look at the size of the
 * buffer: the session makes sure that REPLY_LINE_MAX bytes are free before it calls one. Nothing
 * here allocates after the module has loaded, but for a reply that is rare (writeTubeFull).
 */

import { asciiBytes } from "./ascii.ts";

/**
 * The longest reply line, `JOB` with the longest tube name and numbers, is 245 bytes; this is room
 * for each, with some left.
 */
export const REPLY_LINE_MAX = 256;

/** A form that a line of the server takes. */
export interface ReplyRow {
  /**
   * A word of its own, then a placeholder for each word that follows. `<id>`, `<attempt>`,
   * `<count>`, `<index>`, `<n>`, `<pri>` and `<bytes>` stand for numbers, `<reply>` for a whole
   * line. A line that ends in `<bytes>` is followed by that many bytes and a CRLF.
   */
  readonly form: string;
  /** The line comes unasked, between the replies to commands. */
  readonly isPush?: true;
  /** Its `<count>` says how many replies follow that belong to it; no push comes among them. */
  readonly gathers?: true;
}

/**
 * Every form; a count is one of jobs, tubes or bytes. No two with one word have as many
 * placeholders.
 */
export const REPLIES = [
  { form: "INSERTED <id>" },
  { form: "INSERTED <id> <state>" },
  { form: "INSERTED <id> <state> <pri>" },
  { form: "BURIED <id>" },
  { form: "EXPECTED_CRLF" },
  { form: "JOB_TOO_BIG" },
  { form: "DRAINING" },
  { form: "USING <tube>" },
  { form: "RESERVED <id> <bytes>" },
  { form: "RESERVED_BATCH <count>", gathers: true },
  { form: "DEADLINE_SOON" },
  { form: "TIMED_OUT" },
  { form: "NOT_FOUND" },
  { form: "DELETED" },
  { form: "DELETED_BATCH <count> <count>" },
  { form: "RELEASED" },
  { form: "BURIED" },
  { form: "TOUCHED" },
  { form: "WATCHING <count>" },
  { form: "NOT_IGNORED" },
  { form: "FOUND <id> <bytes>" },
  { form: "KICKED <count>" },
  { form: "KICKED" },
  { form: "PAUSED" },
  { form: "OK <bytes>" },
  { form: "NOT_DRAINING" },
  { form: "FLUSHED <count>" },
  { form: "HANDED_BACK" },
  { form: "UPDATED" },
  { form: "CANCELLED" },
  { form: "CANCELLING" },
  { form: "BATCH <count>", gathers: true },
  { form: "BATCH_REFUSED <index> <reply>" },
  { form: "WINDOW <n>" },
  { form: "SESSION <token>" },
  { form: "VOUCHED <count>" },
  { form: "JOB <id> <attempt> <tube> <bytes>", isPush: true },
  { form: "LOST <id>", isPush: true },
  { form: "CANCEL <id>", isPush: true },
  { form: "NOTED" },
  { form: "FINISHED" },
  { form: "AWAITING" },
  { form: "DONE <id> <end> <bytes>", isPush: true },
  { form: "NAMED" },
  { form: "AUTHENTICATED" },
  { form: "DENIED" },
  { form: "TUBE_SET" },
  { form: "TUBE_FULL <limit> <count>" },
  { form: "MOVED" },
  { form: "STEPPING_DOWN" },
  { form: "NO_STANDBY" },
  { form: "NO_COPY" },
  { form: "NOT_LEADER" },
  { form: "NOT_LEADER <address>" },
  { form: "OUT_OF_MEMORY" },
  { form: "INTERNAL_ERROR" },
  { form: "BAD_FORMAT" },
  { form: "UNKNOWN_COMMAND" },
] as const satisfies readonly ReplyRow[];

/** One of the forms that a reply line takes. */
export type ReplyForm = (typeof REPLIES)[number]["form"];

/** The replies that are always the same bytes, CRLF included. */
export const REPLY = {
  EXPECTED_CRLF: asciiBytes("EXPECTED_CRLF\r\n"),
  JOB_TOO_BIG: asciiBytes("JOB_TOO_BIG\r\n"),
  DRAINING: asciiBytes("DRAINING\r\n"),
  DEADLINE_SOON: asciiBytes("DEADLINE_SOON\r\n"),
  TIMED_OUT: asciiBytes("TIMED_OUT\r\n"),
  NOT_FOUND: asciiBytes("NOT_FOUND\r\n"),
  DELETED: asciiBytes("DELETED\r\n"),
  RELEASED: asciiBytes("RELEASED\r\n"),
  BURIED: asciiBytes("BURIED\r\n"),
  TOUCHED: asciiBytes("TOUCHED\r\n"),
  NOT_IGNORED: asciiBytes("NOT_IGNORED\r\n"),
  KICKED: asciiBytes("KICKED\r\n"),
  PAUSED: asciiBytes("PAUSED\r\n"),
  NOT_DRAINING: asciiBytes("NOT_DRAINING\r\n"),
  HANDED_BACK: asciiBytes("HANDED_BACK\r\n"),
  UPDATED: asciiBytes("UPDATED\r\n"),
  CANCELLED: asciiBytes("CANCELLED\r\n"),
  CANCELLING: asciiBytes("CANCELLING\r\n"),
  NOTED: asciiBytes("NOTED\r\n"),
  FINISHED: asciiBytes("FINISHED\r\n"),
  AWAITING: asciiBytes("AWAITING\r\n"),
  NAMED: asciiBytes("NAMED\r\n"),
  AUTHENTICATED: asciiBytes("AUTHENTICATED\r\n"),
  DENIED: asciiBytes("DENIED\r\n"),
  TUBE_SET: asciiBytes("TUBE_SET\r\n"),
  MOVED: asciiBytes("MOVED\r\n"),
  STEPPING_DOWN: asciiBytes("STEPPING_DOWN\r\n"),
  NO_STANDBY: asciiBytes("NO_STANDBY\r\n"),
  NO_COPY: asciiBytes("NO_COPY\r\n"),
  NOT_LEADER: asciiBytes("NOT_LEADER\r\n"),
  OUT_OF_MEMORY: asciiBytes("OUT_OF_MEMORY\r\n"),
  INTERNAL_ERROR: asciiBytes("INTERNAL_ERROR\r\n"),
  BAD_FORMAT: asciiBytes("BAD_FORMAT\r\n"),
  UNKNOWN_COMMAND: asciiBytes("UNKNOWN_COMMAND\r\n"),
} as const;

// Not imported from ascii.ts: V8 loads an imported constant from memory at each use.
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const ZERO = 0x30;

const INSERTED = asciiBytes("INSERTED ");
const BURIED = asciiBytes("BURIED ");
const FOUND = asciiBytes("FOUND ");
const KICKED = asciiBytes("KICKED ");
const FLUSHED = asciiBytes("FLUSHED ");
const WATCHING = asciiBytes("WATCHING ");
const RESERVED_BATCH = asciiBytes("RESERVED_BATCH ");
const DELETED_BATCH = asciiBytes("DELETED_BATCH ");
const USING = asciiBytes("USING ");
const OK = asciiBytes("OK ");
const BATCH = asciiBytes("BATCH ");
const BATCH_REFUSED = asciiBytes("BATCH_REFUSED ");
const WINDOW = asciiBytes("WINDOW ");
const SESSION = asciiBytes("SESSION ");
const VOUCHED = asciiBytes("VOUCHED ");
const DONE = asciiBytes("DONE ");
const HEX_DIGITS = asciiBytes("0123456789abcdef");

/** Writes bytes that never change: one of REPLY. */
export function writeConstant(out: Uint8Array, at: number, reply: Uint8Array): number {
  const length = reply.length;
  for (let index = 0; index < length; index++) out[at + index] = reply[index] as number;
  return at + length;
}

/** Writes CR LF: what ends a reply line, a body, and statistics. */
export function writeCrlf(out: Uint8Array, at: number): number {
  out[at] = CR;
  out[at + 1] = LF;
  return at + 2;
}

/**
 * `INSERTED <id>`: the job is in the queue. The word is spelled out, here and in writeReserved: a
 * loop over it costs 7 ns.
 */
export function writeInserted(out: Uint8Array, at: number, id: number): number {
  out[at] = 0x49; // I
  out[at + 1] = 0x4e; // N
  out[at + 2] = 0x53; // S
  out[at + 3] = 0x45; // E
  out[at + 4] = 0x52; // R
  out[at + 5] = 0x54; // T
  out[at + 6] = 0x45; // E
  out[at + 7] = 0x44; // D
  out[at + 8] = 0x20; // space
  return writeCrlf(out, writeDecimal(out, at + 9, id));
}

/**
 * `INSERTED <id> <state>`, and `<pri>` unless it is NO_PRI: a put met the job that has its key, or
 * had it.
 */
export function writeKnown(
  out: Uint8Array,
  at: number,
  id: number,
  state: Uint8Array,
  pri: number,
): number {
  let to = writeDecimal(out, writeConstant(out, at, INSERTED), id);
  out[to] = SPACE;
  to = writeConstant(out, to + 1, state);
  if (pri === NO_PRI) return writeCrlf(out, to);
  out[to] = SPACE;
  return writeCrlf(out, writeDecimal(out, to + 1, pri));
}

/** The put did not change the priority. */
const NO_PRI = -1;

/** `BURIED <id>`: put took the job but had to bury it. (The reply to bury is REPLY.BURIED.) */
export function writeBuried(out: Uint8Array, at: number, id: number): number {
  return writeNumberLine(out, at, BURIED, id);
}

/** `RESERVED <id> <bytes>`; the body and a CRLF follow. */
export function writeReserved(out: Uint8Array, at: number, id: number, bodyBytes: number): number {
  out[at] = 0x52; // R
  out[at + 1] = 0x45; // E
  out[at + 2] = 0x53; // S
  out[at + 3] = 0x45; // E
  out[at + 4] = 0x52; // R
  out[at + 5] = 0x56; // V
  out[at + 6] = 0x45; // E
  out[at + 7] = 0x44; // D
  out[at + 8] = 0x20; // space
  return writeTwoNumbers(out, at + 9, id, bodyBytes);
}

/** `FOUND <id> <bytes>`; the body and a CRLF follow. */
export function writeFound(out: Uint8Array, at: number, id: number, bodyBytes: number): number {
  return writeTwoNumbers(out, writeConstant(out, at, FOUND), id, bodyBytes);
}

/** `RESERVED_BATCH <count>`; so many jobs follow, each as after `RESERVED`. */
export function writeReservedBatch(out: Uint8Array, at: number, count: number): number {
  return writeNumberLine(out, at, RESERVED_BATCH, count);
}

/** `DELETED_BATCH <count> <count>`: how many were deleted, and how many were not found. */
export function writeDeletedBatch(
  out: Uint8Array,
  at: number,
  deleted: number,
  missing: number,
): number {
  return writeTwoNumbers(out, writeConstant(out, at, DELETED_BATCH), deleted, missing);
}

/** `KICKED <count>`. (The reply to kick-job is REPLY.KICKED.) */
export function writeKicked(out: Uint8Array, at: number, count: number): number {
  return writeNumberLine(out, at, KICKED, count);
}

/** `FLUSHED <count>`. */
export function writeFlushed(out: Uint8Array, at: number, count: number): number {
  return writeNumberLine(out, at, FLUSHED, count);
}

/** `BATCH <count>`; so many replies follow. */
export function writeBatch(out: Uint8Array, at: number, count: number): number {
  return writeNumberLine(out, at, BATCH, count);
}

/** The beginning of `BATCH_REFUSED <index> <reply>`; the reply, a whole line, follows. */
export function writeBatchRefused(out: Uint8Array, at: number, index: number): number {
  const to = writeDecimal(out, writeConstant(out, at, BATCH_REFUSED), index);
  out[to] = SPACE;
  return to + 1;
}

/** `WINDOW <n>`: how many jobs the connection may hold and be sent more. */
export function writeWindow(out: Uint8Array, at: number, size: number): number {
  return writeNumberLine(out, at, WINDOW, size);
}

/** `SESSION <token>`: its bytes as hexadecimal digits. */
export function writeSession(out: Uint8Array, at: number, token: Uint8Array): number {
  let to = writeConstant(out, at, SESSION);
  for (const byte of token) {
    out[to++] = HEX_DIGITS[byte >> 4] as number;
    out[to++] = HEX_DIGITS[byte & 15] as number;
  }
  return writeCrlf(out, to);
}

/** `VOUCHED <count>`: how many leases last. */
export function writeVouched(out: Uint8Array, at: number, count: number): number {
  return writeNumberLine(out, at, VOUCHED, count);
}

/** `DONE <id> <end> <bytes>`; the result or the failure and a CRLF follow. */
export function writeDone(
  out: Uint8Array,
  at: number,
  id: number,
  end: Uint8Array,
  dataBytes: number,
): number {
  let to = writeDecimal(out, writeConstant(out, at, DONE), id);
  out[to] = SPACE;
  to = writeConstant(out, to + 1, end);
  out[to] = SPACE;
  return writeCrlf(out, writeDecimal(out, to + 1, dataBytes));
}

/** `WATCHING <count>`: how many tubes the connection watches now. */
export function writeWatching(out: Uint8Array, at: number, count: number): number {
  return writeNumberLine(out, at, WATCHING, count);
}

/** `OK <bytes>`; that many bytes of YAML and a CRLF follow. */
export function writeOk(out: Uint8Array, at: number, dataBytes: number): number {
  return writeNumberLine(out, at, OK, dataBytes);
}

/** `USING <tube>`, with the name in names[nameStart, nameEnd). */
export function writeUsing(
  out: Uint8Array,
  at: number,
  names: Uint8Array,
  nameStart: number,
  nameEnd: number,
): number {
  let to = writeConstant(out, at, USING);
  for (let from = nameStart; from < nameEnd; from++) out[to++] = names[from] as number;
  return writeCrlf(out, to);
}

/** `TUBE_FULL <limit> <count>`: the setting that keeps the job out, and what it is set to. */
export function writeTubeFull(out: Uint8Array, at: number, limit: string, most: number): number {
  return writeNumberLine(out, at, asciiBytes(`TUBE_FULL ${limit} `), most);
}

/**
 * `NOT_LEADER <address>`, or without the address where there is none, or it can be no word of a
 * line.
 */
export function notLeaderLine(address: string): Uint8Array {
  const isWord = /^[\x21-\x7e]{1,200}$/.test(address);
  return isWord ? asciiBytes(`NOT_LEADER ${address}\r\n`) : REPLY.NOT_LEADER;
}

function writeNumberLine(out: Uint8Array, at: number, word: Uint8Array, value: number): number {
  return writeCrlf(out, writeDecimal(out, writeConstant(out, at, word), value));
}

function writeTwoNumbers(out: Uint8Array, at: number, first: number, second: number): number {
  const between = writeDecimal(out, at, first);
  out[between] = SPACE;
  return writeCrlf(out, writeDecimal(out, between + 1, second));
}

const BILLION = 1_000_000_000;

/** Writes a whole number from 0 to 2^53 - 1 in decimal digits. */
export function writeDecimal(out: Uint8Array, at: number, value: number): number {
  if (value < BILLION) return writeSmall(out, at, value | 0);
  const high = Math.floor(value / BILLION); // below 2^24
  const after = writeSmall(out, at, high | 0);
  writeDigits(out, after + 9, 9, (value - high * BILLION) | 0);
  return after + 9;
}

/** Writes a number from 0 to 999,999,999, so that all arithmetic is on 32-bit integers. */
function writeSmall(out: Uint8Array, at: number, value: number): number {
  const length = digitCount(value);
  writeDigits(out, at + length, length, value);
  return at + length;
}

/**
 * Writes the last `count` digits of `value`, zeros in front if it has fewer, so that they end
 * before `after`.
 */
function writeDigits(out: Uint8Array, after: number, count: number, value: number): void {
  let rest = value | 0;
  for (let index = after - 1; index >= after - count; index--) {
    const quotient = (rest / 10) | 0;
    out[index] = ZERO + rest - Math.imul(quotient, 10);
    rest = quotient;
  }
}

function digitCount(value: number): number {
  if (value < 10_000) {
    if (value < 100) return value < 10 ? 1 : 2;
    return value < 1000 ? 3 : 4;
  }
  if (value < 1_000_000) return value < 100_000 ? 5 : 6;
  if (value < 100_000_000) return value < 10_000_000 ? 7 : 8;
  return 9;
}
