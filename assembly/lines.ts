/* Lines: what a call writes into its thread's output slot as text: reply lines, and what follows
 * them.
 *
 * Words are written as little-endian numbers: a string would need a data segment. Whoever writes
 * sees to it that there is room. Used by the calls that answer by themselves (run.ts with keyed.ts,
 * window.ts).
 */
import { OUTPUT_BYTES } from "./constants";
import { outputSlot } from "./shard";

/** Where a call is with its text; begins what such a call keeps at hand. */
@unmanaged
export class Lines {
  /** Where the next byte goes. */
  out: u32;
  /** Where the text ends at the latest. */
  outEnd: u32;
}

/** Every line that has no name in it is shorter. */
export const LINE_ROOM: u32 = 64;
export const SPACE: u32 = 32;
const CRLF: u32 = 0x0a0d;
export const U32_MAX: u64 = 0xffffffff;
export const INSERTED: u64 = 0x4445545245534e49;
export const RESERVED: u64 = 0x4445565245534552;

/** Begins with an empty output slot. */
export function beginLines(lines: Lines, t: u32): void {
  lines.out = <u32>outputSlot(t);
  lines.outEnd = lines.out + OUTPUT_BYTES;
}

/** The first `length` bytes of a word. */
export function writeWord(lines: Lines, word: u64, length: u32): void {
  store<u64>(lines.out, word);
  lines.out += length;
}

export function writeCrlf(lines: Lines): void {
  store<u16>(lines.out, <u16>CRLF);
  lines.out += 2;
}

/** A number in decimal digits. */
export function writeNumber(lines: Lines, value: u64): void {
  let length: u32 = 1;
  for (let bound: u64 = 10; value >= bound; bound *= 10) length++;
  let at = lines.out + length;
  lines.out = at;
  if (value <= U32_MAX) {
    let rest = <u32>value; // 32-bit division is several times faster
    while (rest >= 10) {
      const quotient = rest / 10;
      store<u8>(--at, 48 + rest - quotient * 10);
      rest = quotient;
    }
    store<u8>(--at, 48 + rest);
    return;
  }
  let rest = value;
  while (rest >= 10) {
    const quotient = rest / 10;
    store<u8>(--at, 48 + <u32>(rest - quotient * 10));
    rest = quotient;
  }
  store<u8>(--at, 48 + <u32>rest);
}
