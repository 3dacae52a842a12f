/* Format: what a segment file looks like: its header, and the header of a frame.
 *
 *   0          4096
 *   +----------+---------+---------+---------+- - - - - - - - - - - -+
 *   | segment  | frame   | frame   | frame   | zeros, or what an      |
 *   | header   |         |         |         | earlier use left here  |
 *   +----------+---------+---------+---------+- - - - - - - - - - - -+
 *
 * A frame is what one commit wrote: a header, then for each shard that had something its records
 * (assembly/journal.ts), one section behind the other. CRCs of frames and records are salted with
 * the segment's random salt, so that what an earlier use of the file left behind is never taken for
 * its own. All numbers are little-endian; docs/journal-format.md is the contract for readers.
 */

import { readStatement, statedBytes, statementBytes, writeStatement } from "./statement.ts";
import type { Statement } from "./statement.ts";

/**
 * Version of the format that this program writes, and the oldest that can read what it writes: 2
 * brought records of failures, which a program that knows only 1 would take for damage; 3 how far
 * ids may run ahead, and frames that say which segments belong to the journal; 4 tags in records of
 * puts, records of keys and of what is set for tubes, and marks in STATE records. It reads all
 * older ones as well.
 */
const FORMAT_VERSION = 4;
/** The first version in which headers tell how far ids may run ahead of them. */
const VERSION_WITH_IDS_AHEAD = 3;

/** Bytes before the first frame. */
export const SEGMENT_HEADER_BYTES = 4096;
/** Bytes of the segment header that its CRC covers, from SEGMENT_CRC_FROM. */
const SEGMENT_CRC_FROM = 12;
const SEGMENT_CRC_TO = 128;
/** Where the boot's id stands; in front of it, how far ids may run ahead. */
const BOOT_ID_FROM = 60;
const BOOT_ID_TO = 76;
const FILE_BYTES_AT = 80;
const SEGMENT_MAGIC = "HMJRNL\0\x01";

/** Bytes of a frame header without its sections. */
export const FRAME_BYTES = 64;
/** Bytes of a section in a frame header. */
const SECTION_BYTES = 16;
/**
 * Bytes at the end of a segment that are kept for a start that finds no space: it says there which
 * segment it goes on in.
 */
export const REUSE_BYTES = 512;
/**
 * Bytes at the end of a segment that only frames may take that say which segments go, or that end
 * it: room for several, of 64 segments each in the worst case.
 */
export const STATEMENTS_BYTES = 1024 + REUSE_BYTES;
/** "HMRF". */
export const FRAME_MAGIC = 0x46524d48;
/** The frame's CRC covers its header from here. */
const FRAME_CRC_FROM = 8;

/** Computes a CRC-32C; the engine's. */
export type Checksum = (seed: number, bytes: Uint8Array) => number;

/** What stands at the beginning of a segment. */
export interface SegmentHeader {
  readonly number: number;
  readonly salt: number;
  /** Number of the first frame that it may hold. */
  readonly firstFrame: number;
  /** Highest job id given out when it was begun. */
  readonly lastId: number;
  /** Wall clock, in microseconds since 1970. */
  readonly wallMicros: number;
  /**
   * Shards of the server that wrote it: with another number, sections do not tell which shard a
   * record is for.
   */
  readonly shards: number;
  /**
   * How many more ids than `lastId` may have been told to anybody before the first frame that came
   * through; undefined in what an older version wrote.
   */
  readonly idsAhead: number | undefined;
  /** Length of its file when it was begun; 0 where that was not told. It never gets shorter. */
  readonly fileBytes: number;
  /** As the machine's at that time (storage/boot-id.ts): 32 hex digits, or "" where it has none. */
  readonly bootId: string;
}

/** What stands at the beginning of a frame. */
export interface FrameHeader {
  /** Frames are numbered one after the other, over all segments. */
  readonly number: number;
  /** Highest frame that was known to be safe when this one was written. */
  readonly durable: number;
  /**
   * Highest job id given out. Before version 3, in an empty frame that does not end the journal, as
   * high as it may get before the next segment.
   */
  readonly lastId: number;
  /** How many more may have been told to anybody before the next frame came through. */
  readonly idsAhead: number;
  readonly wallMicros: number;
  readonly sections: readonly Section[];
  /** What it says about segments; if absent, nothing. */
  readonly statement?: Statement;
}

/** The records of one shard in a frame. */
export interface Section {
  readonly shard: number;
  readonly bytes: number;
  /** Position of its first record in the shard's stream. */
  readonly first: number;
}

/** The journal was written by a newer program, or is no journal. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly code = "HM_JOURNAL_FORMAT";
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Writes a segment header to the SEGMENT_HEADER_BYTES bytes of `into`. */
export function writeSegmentHeader(
  header: SegmentHeader,
  into: Uint8Array,
  checksum: Checksum,
): void {
  into.fill(0);
  for (let at = 0; at < SEGMENT_MAGIC.length; at++) into[at] = SEGMENT_MAGIC.charCodeAt(at);
  const view = viewOf(into);
  view.setUint16(12, FORMAT_VERSION, true);
  view.setUint16(14, FORMAT_VERSION, true);
  view.setUint32(16, header.salt, true);
  view.setUint32(20, header.shards, true);
  view.setFloat64(24, header.number, true);
  view.setFloat64(32, header.firstFrame, true);
  view.setFloat64(40, header.lastId, true);
  view.setFloat64(48, header.wallMicros, true);
  view.setUint32(BOOT_ID_FROM - 4, header.idsAhead ?? 0, true);
  view.setFloat64(FILE_BYTES_AT, header.fileBytes, true);
  for (let at = 0; at < header.bootId.length; at += 2) {
    into[BOOT_ID_FROM + at / 2] = Number.parseInt(header.bootId.slice(at, at + 2), 16);
  }
  view.setUint32(8, checksum(0, into.subarray(SEGMENT_CRC_FROM, SEGMENT_CRC_TO)), true);
  // Once more: without it the whole segment would be lost.
  into.copyWithin(SEGMENT_HEADER_BYTES / 2, 0, SEGMENT_CRC_TO);
}

/**
 * Reads a segment header; undefined when none stands there or it is damaged. Throws a FormatError
 * when a newer program wrote it and this one must not read it.
 */
export function readSegmentHeader(
  bytes: Uint8Array,
  checksum: Checksum,
): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_CRC_TO) return undefined;
  for (let at = 0; at < SEGMENT_MAGIC.length; at++) {
    if (bytes[at] !== SEGMENT_MAGIC.charCodeAt(at)) return undefined;
  }
  const view = viewOf(bytes);
  const crc = checksum(0, bytes.subarray(SEGMENT_CRC_FROM, SEGMENT_CRC_TO));
  if (view.getUint32(8, true) !== crc) return undefined;
  const oldestReader = view.getUint16(14, true);
  if (oldestReader > FORMAT_VERSION) {
    throw new FormatError(
      `the journal needs format ${oldestReader}, this program reads up to ${FORMAT_VERSION}`,
    );
  }
  return {
    salt: view.getUint32(16, true),
    shards: view.getUint32(20, true),
    number: view.getFloat64(24, true),
    firstFrame: view.getFloat64(32, true),
    lastId: view.getFloat64(40, true),
    wallMicros: view.getFloat64(48, true),
    idsAhead:
      view.getUint16(12, true) < VERSION_WITH_IDS_AHEAD
        ? undefined
        : view.getUint32(BOOT_ID_FROM - 4, true),
    fileBytes: view.getFloat64(FILE_BYTES_AT, true),
    bootId: bootIdIn(bytes),
  };
}

function bootIdIn(bytes: Uint8Array): string {
  const digits = Array.from(bytes.subarray(BOOT_ID_FROM, BOOT_ID_TO), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
  return /^0*$/.test(digits) ? "" : digits;
}

/** Bytes of the header of a frame with that many sections, and perhaps a statement. */
export function frameHeaderBytes(sections: number, statement?: Statement): number {
  return FRAME_BYTES + sections * SECTION_BYTES + statementBytes(statement);
}

/** Bytes of the header of a frame. */
export function headerBytesOf({ sections, statement }: FrameHeader): number {
  return frameHeaderBytes(sections.length, statement);
}

/** Writes a frame header to the beginning of `into`; returns its bytes. */
export function writeFrameHeader(
  header: FrameHeader,
  salt: number,
  into: Uint8Array,
  checksum: Checksum,
): number {
  const { sections, statement } = header;
  const bytes = headerBytesOf(header);
  const view = viewOf(into);
  into.fill(0, 0, bytes);
  view.setUint32(0, FRAME_MAGIC, true);
  view.setUint32(8, sections.length, true);
  view.setUint32(12, header.idsAhead, true);
  view.setFloat64(16, header.number, true);
  view.setFloat64(24, header.durable, true);
  view.setFloat64(32, header.lastId, true);
  view.setFloat64(40, header.wallMicros, true);
  sections.forEach((section, index) => {
    const at = FRAME_BYTES + index * SECTION_BYTES;
    view.setUint32(at, section.shard, true);
    view.setUint32(at + 4, section.bytes, true);
    view.setFloat64(at + 8, section.first, true);
  });
  if (statement !== undefined) writeStatement(statement, view, frameHeaderBytes(sections.length));
  view.setUint32(4, checksum(salt, into.subarray(FRAME_CRC_FROM, bytes)), true);
  return bytes;
}

/** Most sections that a frame has: one for each shard there can be. */
const SECTIONS_MAX = 64;

/** Reads the frame header at `at`; undefined when none stands there or it is damaged. */
export function readFrameHeader(
  bytes: Uint8Array,
  at: number,
  salt: number,
  checksum: Checksum,
): FrameHeader | undefined {
  if (at + FRAME_BYTES > bytes.length) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(at, true) !== FRAME_MAGIC) return undefined;
  const count = view.getUint32(at + 8, true);
  const runsAt = at + frameHeaderBytes(count);
  const end = runsAt + statedBytes(view, at);
  if (count > SECTIONS_MAX || end > bytes.length) return undefined;
  if (view.getUint32(at + 4, true) !== checksum(salt, bytes.subarray(at + FRAME_CRC_FROM, end))) {
    return undefined;
  }
  const sections = Array.from({ length: count }, (_, index) => {
    const from = at + FRAME_BYTES + index * SECTION_BYTES;
    return {
      shard: view.getUint32(from, true),
      bytes: view.getUint32(from + 4, true),
      first: view.getFloat64(from + 8, true),
    };
  });
  const statement = readStatement(view, at, runsAt);
  return {
    number: view.getFloat64(at + 16, true),
    durable: view.getFloat64(at + 24, true),
    lastId: view.getFloat64(at + 32, true),
    idsAhead: view.getUint32(at + 12, true),
    wallMicros: view.getFloat64(at + 40, true),
    sections,
    ...(statement && { statement }),
  };
}

/** The shortest record of a put. */
const PUT_BYTES_MIN = 88;
/**
 * Ids that can be given out without ever being in a record: blocks that threads took, puts that
 * were refused.
 */
const IDS_UNSEEN = 65_536;

/**
 * How many ids can be given out, at most, by what goes into one segment and may get lost: none of
 * them is to be given out again.
 */
export function idsAhead(segmentBytes: number): number {
  return Math.ceil(segmentBytes / PUT_BYTES_MIN) + IDS_UNSEEN;
}

/** Bytes of the records of a frame. */
export function bodyBytes(frame: FrameHeader): number {
  return frame.sections.reduce((sum, { bytes }) => sum + bytes, 0);
}

const SEGMENT_NAME = /^journal\.(\d{10})$/;
const SPARE_NAME = /^spare\.(\d{10})$/;

/** Name of the file of segment `number`. */
export function segmentName(number: number): string {
  return `journal.${String(number).padStart(10, "0")}`;
}

/**
 * Name of a file of zeros, or of a segment that is not needed any more, kept for a segment to come.
 */
export function spareName(number: number): string {
  return `spare.${String(number).padStart(10, "0")}`;
}

/** Number of the segment whose file has that name; undefined for other files. */
export function segmentNumber(name: string): number | undefined {
  const digits = SEGMENT_NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Name of the file of a segment that is damaged and not needed any more, kept for people to look
 * at.
 */
export function quarantineName(number: number): string {
  return `quarantine.${String(number).padStart(10, "0")}`;
}

export function spareNumber(name: string): number | undefined {
  const digits = SPARE_NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
