/* LineLength: how long a command line may be: as long as beanstalkd's, unless the table of commands
 * says more of its command. Used by whoever looks for lines in input.
 */

import { asciiBytes, beginsWith } from "./ascii.ts";
import { COMMANDS } from "./commands.ts";

/** Longest line of a command of beanstalkd's with its CRLF (its dat.h, LINE_BUF_SIZE). */
export const PLAIN_LINE_BYTES = 224;

interface LongerLine {
  readonly verb: Uint8Array;
  readonly bytesMax: number;
}

/** The commands whose lines may be longer; none of these verbs begins with another command's. */
const LONGER: readonly LongerLine[] = COMMANDS.flatMap(({ verb, lineBytesMax: bytesMax }) =>
  bytesMax === undefined ? [] : [{ verb: asciiBytes(verb), bytesMax }],
);

/** Longest line of all commands with its CRLF. */
export const LONGEST_LINE_BYTES = Math.max(...LONGER.map(({ bytesMax }) => bytesMax));

/** How long the line that begins at bytes[at, end) may be, with its CRLF. */
export function lineBytesMax(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return PLAIN_LINE_BYTES;
  for (const line of LONGER_BY_FIRST_BYTE[bytes[at] ?? 0] ?? []) {
    if (beginsWith(bytes, at, end, line.verb)) return line.bytesMax;
  }
  return PLAIN_LINE_BYTES;
}

/** The same by the first byte of the verb: most lines begin with one that none of them has. */
const LONGER_BY_FIRST_BYTE: readonly (readonly LongerLine[])[] = Array.from(
  { length: 256 },
  (_, first) => LONGER.filter(({ verb }) => verb[0] === first),
);
