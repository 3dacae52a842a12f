/* Damage: the ways in which clients, attackers and broken networks spoil a command's line. Used by
 * the generators of streams.
 */
import type { Random } from "../support/random.ts";
import { LINE_BYTES_MAX } from "./unit.ts";

/** Numbers of all sorts: at the edges of what is one, and beyond. */
export const EDGES = [
  "0",
  "00",
  "007",
  "1023",
  "1024",
  "4294967295",
  "4294967296",
  "18446744073709551615",
  "18446744073709551616",
  "9".repeat(48),
  "0".repeat(48),
  "-1",
  "+1",
  "1.5",
  "1e3",
  "0x10",
  "1_000",
  "",
  "x",
] as const;
const NASTY_BYTES = [0, 9, 10, 32, 32, 43, 45, 46, 48, 57, 65, 97, 127, 128, 255] as const;

/** The same command with some damage to its line; the body, if any, stays as it is. */
export function damaged(random: Random, command: Buffer): Buffer {
  const end = command.indexOf("\r\n");
  const [line, rest] = [command.subarray(0, end), command.subarray(end)];
  const at = random.below(line.length + 1);
  const [before, after] = [line.subarray(0, at), line.subarray(at)];
  const nasty = Buffer.from([random.pick(NASTY_BYTES)]);
  const worse = random.weighted<() => Buffer>([
    [4, () => Buffer.concat([before, nasty, after])],
    [3, () => Buffer.concat([before, nasty, after.subarray(1)])],
    [2, () => Buffer.concat([before, after.subarray(1)])],
    [2, () => Buffer.concat([line, Buffer.from(random.pick([" ", "  ", " x", "\0", "\t"]))])],
    [2, () => before],
    [2, () => replaced(line, / /g, () => " ".repeat(random.between(1, 3)))],
    [5, () => replaced(line, /\d+/, () => random.pick(EDGES))],
    [3, () => replaced(line, /\d+(?=[^\d]*$)/, () => random.pick(EDGES))],
    [1, () => Buffer.from(line.toString("latin1").toUpperCase(), "latin1")],
    [2, () => overlong(random, line)],
  ])();
  return Buffer.concat([worse, rest]);
}

/**
 * The line stretched to about the limit or far above it, in some cases with carriage returns
 * inside.
 */
function overlong(random: Random, line: Buffer): Buffer {
  const length = random.pick([
    random.between(218, 228),
    random.between(440, 456),
    random.between(225, 3000),
  ]);
  const filler = random.pick([" ", "0", "a", "\r", "\n", "\0", "\r "]);
  const stretched = Buffer.alloc(Math.max(length, line.length), filler);
  line.copy(stretched);
  // beanstalkd finds the end of the line only if its last piece has no other carriage return.
  const lastPiece = Math.floor((stretched.length + 1) / LINE_BYTES_MAX) * LINE_BYTES_MAX;
  if (filler.startsWith("\r")) stretched.fill("z", Math.max(line.length, lastPiece));
  return stretched;
}

/**
 * The line with every match replaced by what `replacement` gives; the line itself if nothing
 * matches.
 */
function replaced(line: Buffer, what: RegExp, replacement: () => string): Buffer {
  return Buffer.from(line.toString("latin1").replace(what, replacement), "latin1");
}
