/* JSON text: from the bytes of a line to a value, for lines of which nothing is known. What is no
 * UTF-8, no JSON, or nested so deeply that whoever walks through it could be ended by it, is none.
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

const TEXT = new TextDecoder("utf-8", { fatal: true });
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** The opening ones of `[` `]` and `{` `}`; the closing ones are 2 higher. */
const OPENING = [0x5b, 0x7b];

/** The value of a line. Throws a JsonTextError. */
export function jsonOf(line: Uint8Array): unknown {
  if (isDeep(line)) {
    throw new JsonTextError(`more than ${NESTING_MAX} arrays and objects stand in one another`);
  }
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

function isDeep(line: Uint8Array): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < line.length; at++) {
    const byte = line[at] ?? 0;
    if (isText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (OPENING.includes(byte)) {
      depth += 1;
      if (depth > NESTING_MAX) return true;
    } else if (OPENING.includes(byte - 2)) depth -= 1;
  }
  return false;
}

/** The runtime's message may show a part of the line. */
function shortened(message: string): string {
  return message.length > 200 ? `${message.slice(0, 200)}...` : message;
}
