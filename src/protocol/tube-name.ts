/* TubeName: which names a tube can have: letters, digits and -+/;.$_() but no - in front, 1 to
 * TUBE_NAME_MAX bytes, as beanstalkd has it.
 *
 * The grammar stands here and nowhere else: the parser, HTTP, the shell and the import ask here.
 */

import * as C from "../../assembly/constants.ts";
import { asciiBytes, byteAt, MINUS } from "./ascii.ts";

/** The tube that always exists, in use and watched until something else is said. */
export const DEFAULT_TUBE = "default";
const NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-+/;.$_()";
/** What a name has to be, in words: for messages to somebody whose name it is not. */
export const TUBE_NAME_RULE =
  "letters, digits and -+/;.$_() may stand in a name, no - in front, " +
  `1 to ${C.TUBE_NAME_MAX} characters`;
/** 1 at each byte value that a tube name may hold. */
const NAME_BYTES = new Uint8Array(256);
for (const byte of asciiBytes(NAME_CHARACTERS)) NAME_BYTES[byte] = 1;

/** The position behind the name characters that begin at `start`. */
export function nameEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && NAME_BYTES[byteAt(bytes, at)] === 1) at++;
  return at;
}

/** Whether name characters bytes[start, end), at least one, make a tube name. */
export function mayNameTube(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start <= C.TUBE_NAME_MAX && byteAt(bytes, start) !== MINUS;
}

/** Whether any bytes at all are a tube name. */
export function isTubeName(bytes: Uint8Array): boolean {
  const { length } = bytes;
  return length > 0 && nameEnd(bytes, 0, length) === length && mayNameTube(bytes, 0, length);
}

/** Whether a text is a tube name. */
export function isTubeNameText(text: string): boolean {
  // A character beyond one byte would be cut down to a byte that may be right.
  return /^[\x21-\x7e]+$/.test(text) && isTubeName(asciiBytes(text));
}
