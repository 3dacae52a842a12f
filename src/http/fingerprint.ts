/* Fingerprint: what failure messages have in common: the same text but for numbers and ids. Used by
 * job-scan.ts and failure-groups.ts.
 *
 * Messages are any bytes, and are read byte by byte: two that differ in what is no UTF-8 stay
 * apart. A word is a run of ASCII letters and digits. One that looks like an id gives way to a sign
 * as a whole, any other only by its numbers. This runs for thousands of messages per request, so it
 * goes over the bytes itself: regular expressions took ten times as long.
 */
import { createHash } from "node:crypto";

/**
 * So much of a message is read; it is more than what counts, since numbers of other lengths move
 * what comes behind them.
 */
export const MESSAGE_BYTES = 2048;
/** So much of what is left counts. */
const COMMON_BYTES = 512;
/**
 * A hexadecimal number of so many digits is an id, and so is a word of so many letters and digits,
 * if it has at least two digits.
 */
const HEX_MIN = 8;
const ID_MIN = 16;
const ID_DIGITS_MIN = 2;
/** The parts of a UUID behind its first one of eight digits. */
const UUID_PARTS = [4, 4, 4, 12];
const UUID_FIRST = 8;
const KEY_DIGITS = 16;

/* What a byte is. */
const OTHER = 0;
const DIGIT = 1;
/** A letter that is a hexadecimal digit, too. */
const HEX = 2;
const LETTER = 3;
const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => kindOf(String.fromCharCode(byte)));
const ZERO = 0x30;
const X = 0x78;
const HYPHEN = 0x2d;
/** What stands in the place of whatever differs. */
const SIGN = 0x23;

const LATIN1 = new TextDecoder("latin1");
const common = new Uint8Array(COMMON_BYTES);

function kindOf(character: string): number {
  if (/[0-9]/.test(character)) return DIGIT;
  if (/[A-Fa-f]/.test(character)) return HEX;
  return /[A-Za-z]/.test(character) ? LETTER : OTHER;
}

/**
 * The beginning of the message, one character for each byte, with a sign in place of each part that
 * differs from one job to the next.
 */
export function commonPart(message: Uint8Array): string {
  const end = Math.min(message.length, MESSAGE_BYTES);
  let length = 0;
  for (let at = 0; at < end && length < COMMON_BYTES;) {
    const next = endOfVariable(message, at, end);
    common[length++] = next > at ? SIGN : (message[at] ?? 0);
    at = Math.max(next, at + 1);
  }
  return LATIN1.decode(common.subarray(0, length));
}

/**
 * The key of the group of those messages of a tube that have this in common: 16 hexadecimal digits.
 */
export function groupKey(tube: string, commonText: string): string {
  const text = `${tube}\n${commonText}`;
  return createHash("sha256").update(text, "latin1").digest("hex").slice(0, KEY_DIGITS);
}

/** Where the variable part that begins at `at` ends; `at` if none does. */
function endOfVariable(message: Uint8Array, at: number, end: number): number {
  if (kindAt(message, at, end) === OTHER) return at;
  const isWordStart = at === 0 || kindAt(message, at - 1, end) === OTHER;
  const next = isWordStart ? endOfId(message, at, end) : at;
  return next > at ? next : endOfNumber(message, at, end);
}

function endOfNumber(message: Uint8Array, at: number, end: number): number {
  let next = at;
  while (kindAt(message, next, end) === DIGIT) next++;
  return next;
}

/** Where the id that begins with the word at `at` ends; `at` if the word is none. */
function endOfId(message: Uint8Array, at: number, end: number): number {
  const isPrefixed = message[at] === ZERO && ((message[at + 1] ?? 0) | 0x20) === X;
  const from = isPrefixed ? at + 2 : at;
  let next = from;
  let digits = 0;
  let letters = 0;
  for (let kind = kindAt(message, next, end); kind !== OTHER; kind = kindAt(message, ++next, end)) {
    if (kind === DIGIT) digits++;
    if (kind === LETTER) letters++;
  }
  const length = next - from;
  const isHex = letters === 0 && length > 0;
  if (isHex && length === UUID_FIRST) {
    const uuidEnd = endOfUuid(message, next, end);
    if (uuidEnd > next) return uuidEnd;
  }
  const isHexNumber = isHex && (isPrefixed || (digits > 0 && length >= HEX_MIN));
  const isName = digits >= ID_DIGITS_MIN && length >= ID_MIN;
  return isHexNumber || isName ? next : at;
}

/** Where the UUID whose first part ended at `at` ends; `at` if it is none. */
function endOfUuid(message: Uint8Array, at: number, end: number): number {
  let next = at;
  for (const digits of UUID_PARTS) {
    if (message[next] !== HYPHEN) return at;
    const partEnd = next + 1 + digits;
    for (next++; next < partEnd; next++) {
      const kind = kindAt(message, next, end);
      if (kind !== DIGIT && kind !== HEX) return at;
    }
  }
  return kindAt(message, next, end) === OTHER ? next : at;
}

function kindAt(message: Uint8Array, at: number, end: number): number {
  return at < end ? (KINDS[message[at] ?? 0] ?? OTHER) : OTHER;
}
