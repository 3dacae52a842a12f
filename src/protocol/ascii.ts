/* ASCII: the byte values that the protocol's grammar is made of, and access to single bytes.
 *
 * Everything in protocol/ works on bytes; text appears here, when constants are built as the
 * module loads, and where bytes are to be shown, or looked up by a name.
 */

export const NUL = 0x00;
export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const PLUS = 0x2b;
export const MINUS = 0x2d;
export const ZERO = 0x30;

/** The byte at `index`, which must lie inside `bytes` (the caller has compared it with an end). */
export function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] as number;
}

/** The bytes of a constant text that holds only ASCII characters. */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Each of bytes[start, end) as the character with that number. */
export function textOf(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(byteAt(bytes, at));
  return text;
}

/** Whether bytes[start, end) begins with `prefix`. */
export function beginsWith(
  bytes: Uint8Array,
  start: number,
  end: number,
  prefix: Uint8Array,
): boolean {
  if (end - start < prefix.length) return false;
  for (let at = 0; at < prefix.length; at++) {
    if (byteAt(bytes, start + at) !== byteAt(prefix, at)) return false;
  }
  return true;
}
