/* JSON text: from the bytes of a line to a value, for lines of which nothing is known. What is no
 * UTF-8, no JSON, or nested so deeply that whoever walks through it could be ended by it, is none;
 * nor is what has so many values that they would take many times the memory of the line.
 */
import { asError } from "../client/errors.ts";
import { HomemakerError } from "../protocol/homemaker-error.ts";

/** A line is no JSON. */
class JsonTextError extends HomemakerError {
  override readonly name = "JsonTextError";
  readonly code = "HM_JSON";
}

/** Arrays and objects that may stand in one another. */
export const NESTING_MAX = 128;
/** Values in a line, at whatever depth: each takes some 70 bytes of memory, and 3 of a line. */
export const VALUES_MAX = 1_000_000;

const TEXT = new TextDecoder("utf-8", { fatal: true });
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
/** Of `[`, `{`, `]` and `}`: what is left without the bit in which brackets and braces differ. */
const OPENING = 0x5b;
const CLOSING = 0x5d;
const BRACE_BIT = 0x20;
const BLANK_MAX = 0x20;

/** The value of a line. Throws a JsonTextError. */
export function jsonOf(line: Uint8Array): unknown {
  checkShape(line);
  let text: string;
  try {
    text = TEXT.decode(line);
  } catch (cause) {
    throw new JsonTextError("the line is not UTF-8", { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new JsonTextError(`the line is no JSON: ${shortened(asError(cause).message)}`, { cause });
  }
}

/** Whether it is of blanks alone. */
export function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09);
}

/** Walks through what is maybe no JSON at all, and keeps nothing. */
function checkShape(line: Uint8Array): void {
  let depth = 0;
  let values = 1;
  let isText = false;
  let hasOpened = false;
  for (let at = 0; at < line.length; at++) {
    const byte = line[at] ?? 0;
    if (isText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isText = false;
      continue;
    }
    if (byte <= BLANK_MAX) continue;
    const kind = byte & ~BRACE_BIT;
    // The first value of an array or object has no comma before it.
    if (byte === COMMA || (hasOpened && kind !== CLOSING)) values += 1;
    if (values > VALUES_MAX) throw new JsonTextError(`the line has more than ${VALUES_MAX} values`);
    hasOpened = kind === OPENING;
    if (byte === QUOTE) isText = true;
    else if (hasOpened) {
      depth += 1;
      if (depth > NESTING_MAX) {
        throw new JsonTextError(`more than ${NESTING_MAX} arrays and objects stand in one another`);
      }
    } else if (kind === CLOSING) depth -= 1;
  }
}

/** The runtime's message may show a part of the line. */
function shortened(message: string): string {
  return message.length > 200 ? `${message.slice(0, 200)}...` : message;
}
