/* Line: one complete command line, read exactly as beanstalkd 1.13 reads it.
 *
 * For every line that a run in the engine (assembly/run.ts) leaves to the session: byte arithmetic
 * only, no text, nothing allocated, but for settings and names of clients, which come seldom. It is
 * driven by the table of commands: the verb decides which arguments follow, and each kind of
 * argument has one reader. A reader starts at `out.next`, moves it past what it took, and fails
 * without saying why: all failures are BAD_FORMAT.
 *
 *   put  10 0 60 5
 *   |   ||       |
 *   verb |       the last argument; what may follow it is the row's `remainder`
 *        any number of spaces before a number
 */

import * as C from "../../assembly/constants.ts";
import {
  asciiBytes,
  beginsWith,
  byteAt,
  CR,
  LF,
  MINUS,
  NUL,
  PLUS,
  SPACE,
  TAB,
  ZERO,
} from "./ascii.ts";
import { clientNameIn, NAMELESS } from "./client-name.ts";
import type { ClientName } from "./client-name.ts";
import { COMMANDS, OP, VOUCH_SECONDS_MAX, WINDOW_MAX } from "./commands.ts";
import { PLAIN_LINE_BYTES } from "./line-length.ts";
import type { ArgumentName, CommandRow } from "./commands.ts";
import { PUT_END, PutTags } from "./tags.ts";
import { RESERVE_MODES, WEIGHT_MAX } from "./reserve-mode.ts";
import type { ReserveMode } from "./reserve-mode.ts";
import { mayNameTube, nameEnd } from "./tube-name.ts";
import { TubeSettings } from "./tube-settings.ts";

const CRLF_BYTES = 2;
const U32_MAX = 0xffff_ffff;
const LETTER_A = 0x61;
/** beanstalkd keeps a timeout in an int. */
const TIMEOUT_MAX = 0x7fff_ffff;
const MILLISECONDS = asciiBytes("ms");
const U64_MAX_DIGITS = asciiBytes("18446744073709551615");

/**
 * What a line says, beside its operation. One object is reused for line after line; a field is only
 * meaningful after a command that has that argument. Positions are indexes into the array that was
 * parsed.
 */
export class Command {
  /**
   * Job id; 0 for a number that no job can have (0 itself, and what JavaScript cannot count to),
   * which is never found.
   */
  id = 0;
  /** Priority, 0 (most urgent) to 2^32 - 1. */
  pri = 0;
  /** Delay of a job in seconds, to a thousandth, 0 to 2^32 - 1. */
  delay = 0;
  /** Length of a pause in seconds, 0 to 2^32 - 1. */
  pause = 0;
  /** Time to run in seconds as sent, 0 to 2^32 - 1; it is the engine that makes 0 a 1. */
  ttr = 0;
  /**
   * Length of the body that follows a put, or of a failure message, without its CRLF, 0 to 2^32 -
   * 1.
   */
  bytes = 0;
  /** Most jobs to kick, 0 to 2^32 - 1. */
  bound = 0;
  /** State of the jobs to list: STATE_* of assembly/constants.ts. */
  state = 0;
  /** The id behind which to list, 0 to 2^53 - 1. */
  after = 0;
  /** Most jobs to list, 1 to LIST_JOBS_MAX. */
  limit = 0;
  /** Most jobs of a window, 0 to WINDOW_MAX. */
  n = 0;
  /** What set-tube sets and takes away. */
  readonly settings = new TubeSettings();
  /** Most jobs to take, 1 to LIST_JOBS_MAX. */
  count = 0;
  /** How reserves choose. */
  mode: ReserveMode = "fifo";
  /** Of the tube that is to be watched, 1 to WEIGHT_MAX; 1 unless it was given. */
  weight = 1;
  /** Job ids of a batch, each as `id`. */
  readonly ids: number[] = [];
  /** The token of a session. */
  readonly token = new Uint8Array(16);
  /** How long it is vouched for, 1 to VOUCH_SECONDS_MAX. */
  seconds = 0;
  /** How long the result is kept, in seconds, 0 to 2^32 - 1. */
  keep = 0;
  /** What the client calls itself. */
  client: ClientName = NAMELESS;
  /** Longest wait of reserve-with-timeout in seconds, 0 to 2^31 - 1. */
  timeout = 0;
  /** Where the tube name, or the token of auth, begins. */
  nameStart = 0;
  /** Where it ends (one past its last byte). */
  nameEnd = 0;
  /**
   * The command counts as received, yet its answer is BAD_FORMAT: a put with something after
   * <bytes> (JOB_TOO_BIG comes first), or a pause-tube, list-jobs or set-tube whose name is too
   * long or begins with "-". False after every other command.
   */
  garbage = false;
  /**
   * A failure message follows the line: after a release or a bury, and false after everything else,
   * errors too.
   */
  hasFailure = false;
  /** A delay was given to a command that may do without: false after everything else. */
  hasDelay = false;
  /** What a put is tagged with; see tags.ts. */
  readonly tags = new PutTags();
  /** A put's tags are tags, but one of them is wrong. */
  hasWrongTags = false;
  /** Scratch: where the next reader starts. */
  next = 0;
}

interface Verb {
  readonly bytes: Uint8Array;
  readonly op: number;
  readonly args: readonly ArgumentName[];
  readonly takesDelay: boolean;
  readonly takesWeight: boolean;
  readonly takesFailure: boolean;
  readonly remainder: CommandRow["remainder"];
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

/**
 * Reads bytes[start, end), a complete line without its CRLF (no longer than its command's may be).
 * Returns its operation, with the arguments in `out`, or OP.BAD_FORMAT or OP.UNKNOWN_COMMAND, after
 * which `out` means nothing.
 */
export function parseLine(bytes: Uint8Array, start: number, end: number, out: Command): number {
  out.hasFailure = false;
  out.hasDelay = false;
  if (holdsNulOrCr(bytes, start, end)) return OP.BAD_FORMAT; // even if the verb is unknown
  const verb = findVerb(bytes, start, end);
  if (verb === undefined) return OP.UNKNOWN_COMMAND;
  out.garbage = false;
  out.next = start + verb.bytes.length;
  for (const name of verb.args) {
    if (!readArgument(name, bytes, end, out)) return OP.BAD_FORMAT;
  }
  if (verb.takesWeight) readWeight(bytes, end, out);
  if (verb.takesDelay && out.next < end) {
    if (!readArgument("delay", bytes, end, out)) return OP.BAD_FORMAT;
    out.hasDelay = true;
  }
  const hasFailure = verb.takesFailure && out.next < end;
  if (hasFailure && !readArgument("bytes", bytes, end, out)) return OP.BAD_FORMAT;
  if (verb.remainder === "tags") return readTags(bytes, start, end, out) ? verb.op : OP.BAD_FORMAT;
  if (out.next === end || verb.remainder === "ignored") {
    out.hasFailure = hasFailure;
    return verb.op;
  }
  return OP.BAD_FORMAT;
}

/**
 * Reads what stands behind <bytes> of the put that begins at `start`; false if the line is longer
 * than any that beanstalkd reads to its end and has no tags to show for it.
 */
function readTags(bytes: Uint8Array, start: number, end: number, out: Command): boolean {
  const which = out.tags.read(bytes, out.next, end);
  out.garbage = which === PUT_END.GARBAGE;
  out.hasWrongTags = which === PUT_END.WRONG;
  const hasTags = which === PUT_END.TAGGED || which === PUT_END.WRONG;
  return hasTags || end - start + CRLF_BYTES <= PLAIN_LINE_BYTES;
}

/**
 * A CR that ends no line is refused like a NUL: beanstalkd waits for 224 bytes at one and then
 * answers BAD_FORMAT.
 */
function holdsNulOrCr(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = byteAt(bytes, at);
    if (byte === NUL || byte === CR) return true;
  }
  return false;
}

/**
 * Reads one argument of the line that ends at `end` into `out`; false if it is not there or wrong.
 */
function readArgument(name: ArgumentName, bytes: Uint8Array, end: number, out: Command): boolean {
  switch (name) {
    case "id":
      out.id = readId(bytes, end, out);
      return out.id >= 0;
    case "pri":
      out.pri = readNumber(bytes, end, out, U32_MAX);
      return out.pri >= 0;
    case "delay":
      out.delay = readDelay(bytes, end, out);
      return out.delay >= 0;
    case "pause":
      out.pause = readNumber(bytes, end, out, U32_MAX);
      return out.pause >= 0;
    case "ttr":
      out.ttr = readNumber(bytes, end, out, U32_MAX);
      return out.ttr >= 0;
    case "bytes":
      out.bytes = readNumber(bytes, end, out, U32_MAX);
      return out.bytes >= 0;
    case "timeout":
      out.timeout = readNumber(bytes, end, out, TIMEOUT_MAX);
      return out.timeout >= 0;
    case "bound":
      out.bound = readBound(bytes, end, out);
      return out.bound >= 0;
    case "tube":
    case "name":
      return readTube(bytes, end, out);
    case "tube-behind":
      if (out.next === end || byteAt(bytes, out.next) !== SPACE) return false;
      return readTubeWord(bytes, end, out);
    case "tube-word":
      return readTubeWord(bytes, end, out);
    case "state":
      out.state = readState(bytes, end, out);
      return out.state >= 0;
    case "after":
      out.after = Math.min(readU64(bytes, end, out), Number.MAX_SAFE_INTEGER);
      return out.after >= 0;
    case "limit":
      out.limit = readNumber(bytes, end, out, C.LIST_JOBS_MAX);
      return out.limit > 0;
    case "n":
      out.n = readNumber(bytes, end, out, WINDOW_MAX);
      return out.n >= 0;
    case "settings":
      return readSettings(bytes, end, out);
    case "count":
      out.count = readNumber(bytes, end, out, C.LIST_JOBS_MAX);
      return out.count > 0;
    case "ids":
      return readIds(bytes, end, out);
    case "mode":
      return readMode(bytes, end, out);
    case "token":
      return readToken(bytes, end, out);
    case "keep":
      out.keep = readNumber(bytes, end, out, U32_MAX);
      return out.keep >= 0;
    case "client":
      return readClient(bytes, end, out);
    case "secret":
      out.nameStart = out.next;
      out.nameEnd = end;
      out.next = end;
      return out.nameStart < end;
    case "seconds":
      out.seconds = readNumber(bytes, end, out, VOUCH_SECONDS_MAX);
      return out.seconds > 0;
  }
}

/** The words of a client's name, to the end of the line. */
function readClient(bytes: Uint8Array, end: number, out: Command): boolean {
  const client = clientNameIn(String.fromCharCode(...bytes.subarray(out.next, end)));
  if (client === undefined) return false;
  out.client = client;
  out.next = end;
  return true;
}

/** A token: 32 hexadecimal digits in lower case behind any number of spaces. */
function readToken(bytes: Uint8Array, end: number, out: Command): boolean {
  const start = skipSpaces(bytes, out.next, end);
  const { token } = out;
  for (let index = 0; index < token.length; index++) {
    const at = start + 2 * index;
    const high = hexDigit(bytes, at, end);
    const low = hexDigit(bytes, at + 1, end);
    if (high < 0 || low < 0) return false;
    token[index] = 16 * high + low;
  }
  out.next = start + 2 * token.length;
  return out.next < end && byteAt(bytes, out.next) === SPACE;
}

/** The value of the digit at `at`, or -1. */
function hexDigit(bytes: Uint8Array, at: number, end: number): number {
  const digit = digitAt(bytes, at, end);
  if (isDigit(digit)) return digit;
  const letter = at < end ? byteAt(bytes, at) - LETTER_A : -1;
  return letter >= 0 && letter < 6 ? 10 + letter : -1;
}

const MODES = RESERVE_MODES.map((mode) => [asciiBytes(mode), mode] as const);

/** A mode that is all the rest of the line. */
function readMode(bytes: Uint8Array, end: number, out: Command): boolean {
  const start = out.next;
  const found = MODES.find(
    ([word]) => word.length === end - start && beginsWith(bytes, start, end, word),
  );
  if (found === undefined) return false;
  [, out.mode] = found;
  out.next = end;
  return true;
}

/** One space and a weight to the end of the line; what else stands there is left. */
function readWeight(bytes: Uint8Array, end: number, out: Command): void {
  out.weight = 1;
  const space = out.next;
  if (space === end || byteAt(bytes, space) !== SPACE || !isDigit(digitAt(bytes, space + 1, end)))
    return;
  const weight = readNumber(bytes, end, out, WEIGHT_MAX);
  if (weight > 0 && out.next === end) out.weight = weight;
  else out.next = space;
}

/** The words for states that list-jobs takes. */
const STATES: readonly (readonly [Uint8Array, number])[] = [
  [asciiBytes("ready"), C.STATE_READY],
  [asciiBytes("reserved"), C.STATE_RESERVED],
  [asciiBytes("delayed"), C.STATE_DELAYED],
  [asciiBytes("buried"), C.STATE_BURIED],
];

/** The position behind the word that begins at `start`. */
function wordEndFrom(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && byteAt(bytes, at) !== SPACE) at++;
  return at;
}

/** Words `name=value`, one at least, each behind a space or more, up to the end of the line. */
function readSettings(bytes: Uint8Array, end: number, out: Command): boolean {
  out.settings.clear();
  do {
    const start = skipSpaces(bytes, out.next, end);
    if (start === out.next) return false;
    out.next = wordEndFrom(bytes, start, end);
    const word = String.fromCharCode(...bytes.subarray(start, out.next));
    if (!out.settings.read(word)) return false;
  } while (out.next < end);
  const name = String.fromCharCode(...bytes.subarray(out.nameStart, out.nameEnd));
  return !out.settings.leadsBackTo(name);
}

/** The state that a word names, or -1. */
function readState(bytes: Uint8Array, end: number, out: Command): number {
  const start = skipSpaces(bytes, out.next, end);
  const wordEnd = wordEndFrom(bytes, start, end);
  out.next = wordEnd;
  const found = STATES.find(
    ([word]) => word.length === wordEnd - start && beginsWith(bytes, start, wordEnd, word),
  );
  return found?.[1] ?? -1;
}

/** The verbs that begin with each byte value, in the order of the table. */
const VERBS_BY_FIRST_BYTE: readonly (readonly Verb[])[] = Array.from({ length: 256 }, (_, first) =>
  COMMANDS.filter(({ verb }) => verb.charCodeAt(0) === first).map((row) => ({
    bytes: asciiBytes(row.verb),
    op: row.op,
    args: row.args,
    takesDelay: row.takesDelay === true,
    takesWeight: row.takesWeight === true,
    takesFailure: row.takesFailure === true,
    remainder: row.remainder,
  })),
);

function findVerb(bytes: Uint8Array, start: number, end: number): Verb | undefined {
  if (start === end) return undefined;
  const candidates = VERBS_BY_FIRST_BYTE[byteAt(bytes, start)] ?? [];
  for (const verb of candidates) {
    if (beginsWith(bytes, start, end, verb.bytes)) return verb;
  }
  return undefined;
}

/** The index of the first byte at or after `at` that is not a space. */
function skipSpaces(bytes: Uint8Array, at: number, end: number): number {
  let index = at;
  while (index < end && byteAt(bytes, index) === SPACE) index++;
  return index;
}

/**
 * The value of the digit at `at`; anything else, the end of the line too, gives a number outside 0
 * to 9.
 */
function digitAt(bytes: Uint8Array, at: number, end: number): number {
  return at < end ? byteAt(bytes, at) - ZERO : -1;
}

function isDigit(value: number): boolean {
  return value >= 0 && value <= 9;
}

/** A number from 0 to `max` (at most 2^32 - 1), or -1. */
function readNumber(bytes: Uint8Array, end: number, out: Command, max: number): number {
  let at = skipSpaces(bytes, out.next, end);
  let digit = digitAt(bytes, at, end);
  if (!isDigit(digit)) return -1;
  let value = 0;
  while (isDigit(digit)) {
    value = value * 10 + digit;
    if (value > max) return -1;
    digit = digitAt(bytes, ++at, end);
  }
  out.next = at;
  return value;
}

/** Seconds, or thousandths of a second with `ms` behind them, in seconds; or -1. */
function readDelay(bytes: Uint8Array, end: number, out: Command): number {
  const value = readNumber(bytes, end, out, U32_MAX);
  if (value < 0 || !beginsWith(bytes, out.next, end, MILLISECONDS)) return value;
  out.next += MILLISECONDS.length;
  const isWord = out.next === end || byteAt(bytes, out.next) === SPACE;
  return isWord ? value / 1000 : -1;
}

/**
 * An unsigned 64-bit number, or -1. What is above 2^53 - 1 was never given to a job and becomes 0.
 */
function readId(bytes: Uint8Array, end: number, out: Command): number {
  const value = readU64(bytes, end, out);
  return value <= Number.MAX_SAFE_INTEGER ? value : 0;
}

/** Ids up to the end of the line, one at least and LIST_JOBS_MAX at most; false if any is wrong. */
function readIds(bytes: Uint8Array, end: number, out: Command): boolean {
  out.ids.length = 0;
  for (;;) {
    const start = out.next;
    while (out.next < end && isWhiteSpace(byteAt(bytes, out.next))) out.next++;
    if (out.next === end) return out.ids.length > 0;
    const isApart = out.next > start || out.ids.length === 0;
    const id = isApart ? readId(bytes, end, out) : -1;
    if (id < 0 || out.ids.length === C.LIST_JOBS_MAX) return false;
    out.ids.push(id);
  }
}

/** An unsigned 64-bit number, exact up to 2^53 - 1, or -1. */
function readU64(bytes: Uint8Array, end: number, out: Command): number {
  let at = skipSpaces(bytes, out.next, end);
  if (!isDigit(digitAt(bytes, at, end))) return -1;
  at = skipZeros(bytes, at, end);
  const first = at;
  let value = 0;
  for (let digit = digitAt(bytes, at, end); isDigit(digit); digit = digitAt(bytes, ++at, end)) {
    value = value * 10 + digit;
  }
  if (!fitsU64(bytes, first, at)) return -1;
  out.next = at;
  return value;
}

function skipZeros(bytes: Uint8Array, at: number, end: number): number {
  let index = at;
  while (index < end && byteAt(bytes, index) === ZERO) index++;
  return index;
}

/**
 * Whether the digits bytes[first, after), which do not begin with a zero, stand for a number below
 * 2^64.
 */
function fitsU64(bytes: Uint8Array, first: number, after: number): boolean {
  const length = after - first;
  if (length !== U64_MAX_DIGITS.length) return length < U64_MAX_DIGITS.length;
  for (let index = 0; index < length; index++) {
    const difference = byteAt(bytes, first + index) - byteAt(U64_MAX_DIGITS, index);
    if (difference !== 0) return difference < 0;
  }
  return true;
}

/**
 * The bound of kick, or -1. beanstalkd reads it with C's strtoul and keeps the low 32 bits: white
 * space of any kind and a sign may come first, "-" negates, 2^64 and more in size is wrong. So
 * `kick -1` means all, and `kick 4294967296` none.
 */
function readBound(bytes: Uint8Array, end: number, out: Command): number {
  let at = out.next;
  while (at < end && isWhiteSpace(byteAt(bytes, at))) at++;
  const sign = at < end ? byteAt(bytes, at) : NUL;
  if (sign === PLUS || sign === MINUS) at++;
  if (!isDigit(digitAt(bytes, at, end))) return -1;
  at = skipZeros(bytes, at, end);
  const first = at;
  let low = 0; // the value modulo 2^32
  for (let digit = digitAt(bytes, at, end); isDigit(digit); digit = digitAt(bytes, ++at, end)) {
    low = (Math.imul(low, 10) + digit) | 0;
  }
  if (!fitsU64(bytes, first, at)) return -1;
  out.next = at;
  return (sign === MINUS ? -low : low) >>> 0;
}

/** What C's isspace accepts: space, tab, line feed, vertical tab, form feed, carriage return. */
function isWhiteSpace(byte: number): boolean {
  return byte === SPACE || (byte >= TAB && byte <= CR);
}

/** A tube name that is all the rest of the line. */
function readTube(bytes: Uint8Array, end: number, out: Command): boolean {
  return readName(bytes, out.next, end, out) && mayNameTube(bytes, out.nameStart, out.nameEnd);
}

/**
 * The name in pause-tube and list-jobs: spaces may come first, and a name that breaks the rules
 * makes the command `garbage`, not void.
 */
function readTubeWord(bytes: Uint8Array, end: number, out: Command): boolean {
  if (!readName(bytes, skipSpaces(bytes, out.next, end), end, out)) return false;
  out.garbage = !mayNameTube(bytes, out.nameStart, out.nameEnd);
  return true;
}

/** Takes as many name characters as there are; false if there is none. */
function readName(bytes: Uint8Array, start: number, end: number, out: Command): boolean {
  const at = nameEnd(bytes, start, end);
  out.nameStart = start;
  out.nameEnd = at;
  out.next = at;
  return at > start;
}
