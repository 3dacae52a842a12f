/* Roster: the files of a journal that have the name of a segment, and what becomes of each before
 * anything is replayed.
 *
 * A newest file without a sound header of its own was about to become a segment: it still will,
 * unless it shows a segment that did not go (recovery.ts). Segments that the newest one does not
 * know are strangers. Made by recovery.
 */

import {
  frameHeaderBytes,
  readFrameHeader,
  readSegmentHeader,
  SEGMENT_HEADER_BYTES,
  segmentNumber,
} from "./format.ts";
import type { Checksum, SegmentHeader } from "./format.ts";
import type { Hole, Salvaged } from "./holes.ts";
import type { Found } from "./pieces.ts";
import { NO_FILE } from "../storage.ts";
import { names, STATEMENT_BYTES_MAX } from "./statement.ts";

/** What there is. */
export interface Roster {
  /** Those to replay, oldest first. */
  readonly found: readonly Found[];
  /** Those whose headers are damaged or cannot be read. */
  readonly unreadable: readonly Unreadable[];
  /** Those that belong to another journal, or were put back. */
  readonly strange: readonly number[];
  /** The newest file, if it has no sound header of its own. */
  readonly leftover: Leftover | undefined;
  /** All that are there. */
  readonly present: ReadonlySet<number>;
  /** The highest number that is taken. */
  readonly highest: number;
}

/** A file of which nothing can be replayed. */
export interface Unreadable {
  readonly number: number;
  readonly why: string;
  /** The device fails there, and may be able to read it later; otherwise it is kept aside. */
  readonly mayHeal: boolean;
}

/** A file that was about to become a segment, or was renamed. */
interface Leftover {
  readonly number: number;
  /** The segments that it was, as its headers say. */
  readonly was: readonly number[];
}

/** Reads the beginning of a segment, so many bytes of it at most. */
type Read = (number: number, most: number) => Salvaged;

/** Looks at the files with these names. Throws a FormatError, and what `read` throws. */
export function rosterOf(fileNames: readonly string[], read: Read, checksum: Checksum): Roster {
  const numbers = fileNames
    .map(segmentNumber)
    .filter((number) => number !== undefined)
    .toSorted((a, b) => a - b);
  const found: Found[] = [];
  const unreadable: Unreadable[] = [];
  const present = new Set<number>();
  let highest = 0;
  let leftover: Leftover | undefined;
  for (const number of numbers) {
    const { bytes, holes } = read(number, SEGMENT_HEADER_BYTES);
    const headers = headersIn(bytes, checksum);
    const header = headers.find((one) => one.number === number);
    const isWhole = bytes.length === SEGMENT_HEADER_BYTES && holes.length === 0;
    if (header === undefined && number === numbers.at(-1) && isWhole) {
      // Its number is used again: the next one's header says where a torn end before it is.
      leftover = { number, was: headers.map((before) => before.number) };
      continue;
    }
    present.add(number);
    highest = number; // also if it cannot be read: its name is taken
    if (header === undefined) unreadable.push(unreadableFor(number, holes));
    else found.push({ number, header });
  }
  const isStrange = strangersTo(found.at(-1), read, checksum);
  return {
    found: found.filter(({ number }) => !isStrange(number)),
    unreadable,
    strange: found.map(({ number }) => number).filter(isStrange),
    leftover,
    present,
    highest,
  };
}

/**
 * The file that was to be the next segment, if it shows one that did not go, so that somebody
 * renamed it: one of those that are `missing`, or one that is younger than all that are there.
 */
export function renamedIn(
  { leftover, highest }: Roster,
  missing: readonly number[],
): number | undefined {
  const isLost = (number: number): boolean => number > highest || missing.includes(number);
  return leftover?.was.some(isLost) === true ? leftover.number : undefined;
}

function unreadableFor(number: number, [hole]: readonly Hole[]): Unreadable {
  const isNoFile = hole?.error.code === "HM_STORAGE_NO_FILE";
  const why = isNoFile ? NO_FILE : "its header is damaged";
  return { number, why, mayHeal: hole !== undefined && !isNoFile };
}

/** The sound headers at the beginning of a segment, where one stands twice. */
function headersIn(bytes: Uint8Array, checksum: Checksum): readonly SegmentHeader[] {
  return [0, SEGMENT_HEADER_BYTES / 2]
    .map((at) => readSegmentHeader(bytes.subarray(at), checksum))
    .filter((header) => header !== undefined);
}

/**
 * Tells which segments the newest one does not know. Only its first frame is asked: what went later
 * is in that list, and may still be there.
 */
function strangersTo(
  newest: Found | undefined,
  read: Read,
  checksum: Checksum,
): (number: number) => boolean {
  if (newest === undefined) return () => false;
  const { salt, firstFrame } = newest.header;
  const most = SEGMENT_HEADER_BYTES + frameHeaderBytes(0) + STATEMENT_BYTES_MAX;
  const { bytes } = read(newest.number, most);
  const first = readFrameHeader(bytes, SEGMENT_HEADER_BYTES, salt, checksum);
  const list = first?.number === firstFrame ? first.statement : undefined;
  if (list?.kind !== "members") return () => false;
  return (number) => number >= list.from && !names(list, number);
}
